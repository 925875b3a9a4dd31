"""Formulas of kernels at many positions: the patches that they see, and their results in one row again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from micrograd_es.program.explaining.columns import columns_of, flattened, folded
from micrograd_es.program.explaining.formulas import Arrays, Formula, Matrix
from micrograd_es.program.explaining.notation import Style


@dataclass(eq=False)
class Patches(Formula):
    """For each example a row for each position, with the inputs of the kernels there.

    `columns` has for every term its matrix and the number there at each position, one term after the other.
    """

    columns: Sequence[tuple[Matrix, int]]
    positions: int

    @property
    def sign(self) -> str:
        return "Padded patches" if any(matrix.value is not None for matrix, _ in self.columns) else "Patches"

    def written(self, style: Style) -> str:
        matrices = sorted(dict.fromkeys(matrix for matrix, _ in self.columns), key=lambda m: m.value is not None)
        names = [matrix.written(style) for matrix in matrices]
        shown = ", ".join([*names[:6], *["…"] * (len(names) > 6)])
        if style.latex:
            return rf"\operatorname{{{style.words['patches']}}}({shown})".replace("…", r"\ldots")
        return f"{style.words['patches']}({shown})"

    def array(self, arrays: Arrays) -> Any:
        return folded(columns_of(self.columns, arrays), len(self.columns) // self.positions, self.positions)

    def flat(self, array: Any) -> Any:
        """Of numbers in the form of the patches, those of an example in one row."""
        return flattened(array, self.positions)


@dataclass(eq=False)
class Flat(Formula):
    """All numbers of an example of a matrix in one row: kernel after kernel, or position after position."""

    matrix: Matrix
    by_position: bool

    @property
    def sign(self) -> str:
        return "Flat by position" if self.by_position else "Flat"

    @property
    def columns(self) -> list[tuple[Matrix, int]]:
        """For each number of the row where it is in the matrix, counted kernel after kernel."""
        places, count = range(self.matrix.size), self.matrix.positions
        order = [x for i in range(count) for x in places[i::count]] if self.by_position else places
        return [(self.matrix, place) for place in order]

    def written(self, style: Style) -> str:
        name = style.words["flat by position" if self.by_position else "flat"]
        inner = self.matrix.written(style)
        return rf"\text{{{name}}}({inner})" if style.latex else f"{name}({inner})"

    def array(self, arrays: Arrays) -> Any:
        return columns_of(self.columns, arrays)

    def flat(self, array: Any) -> Any:
        """What a gradient of the row is to `columns`."""
        return array
