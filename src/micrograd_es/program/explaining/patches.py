"""Formulas of kernels at many positions: the patches that they see, and their results in one row again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from micrograd_es.program.explaining.columns import Column, columns_of, flattened, folded
from micrograd_es.program.explaining.formulas import Arrays, Formula, Matrix
from micrograd_es.program.explaining.notation import Style, indexed, listed, shortened
from micrograd_es.program.lists import across

STRETCHES = 3  # of a matrix that are written apart


class Stretch(NamedTuple):
    """Some columns of a matrix in some of the rows that each example has of it."""

    matrix: Matrix
    columns: list[int]
    rows: range

    @property
    def signs(self) -> list[str]:
        """What a legend has to tell of it."""
        is_part, is_cut = len(self.columns) < self.matrix.shape[1], len(self.rows) < self.matrix.positions
        return [*["Taken"] * is_part, *["Table rows"] * is_cut]

    def written(self, style: Style) -> str:
        name = self.matrix.written(style) + indexed(self.columns, self.matrix.shape[1], style)
        if len(self.rows) == self.matrix.positions:
            return name
        words = style.words["table columns" if style.columns else "table rows"]
        words = words.format(self.rows.start, self.rows.stop)
        return rf"\text{{{words}}}\left({name}\right)" if style.latex else f"{words}({name})"


@dataclass(eq=False)
class Patches(Formula):
    """For each example a row for each position, with the inputs of the kernels there.

    `columns` has for every term its matrix and the number there at each position, one term after the other.
    """

    columns: Sequence[Column]
    positions: int

    @property
    def sign(self) -> str:
        if self.columns_of_tables:
            return "Taken"
        return "Padded patches" if any(matrix.value is not None for matrix, _ in self.columns) else "Patches"

    @property
    def signs(self) -> Sequence[str]:
        parts = [] if self.columns_of_tables else [sign for part in self._taken for sign in part.signs]
        return (self.sign, *dict.fromkeys(parts))

    @property
    def _taken(self) -> list[Stretch]:
        """What the columns are from: of each matrix all, or few stretches of one that is so taken, or some rows."""
        found: dict[Matrix, set[int]] = {}
        for matrix, column in self.columns:
            found.setdefault(matrix, set()).add(column)
        taken: list[Stretch] = []
        for matrix, columns in found.items():
            rows, parts = range(matrix.positions), [range(matrix.shape[1])]
            if matrix.shape[0] == "m" and matrix.positions == 1:
                some = _stretches(columns)
                if len(some) == 1 or (len(some) <= STRETCHES and min(map(len, some)) > 1):
                    parts = some
            elif matrix.positions > 1:
                some = _stretches({column % matrix.positions for column in columns})
                rows = some[0] if len(some) == 1 else rows
            taken += [Stretch(matrix, list(part), rows) for part in parts]
        return taken

    def written(self, style: Style) -> str:
        return self.beside(style) or self.listed("patches", style)

    @property
    def columns_of_tables(self) -> list[tuple[Matrix, list[int]]]:
        """The columns of matrices at the same positions that are side by side here; none where it is not just that."""
        count, found = self.positions, list[tuple[Matrix, list[int]]]()
        for first in range(0, len(self.columns), count):
            matrix, column = self.columns[first]
            own = [(matrix, column + i) for i in range(count)]
            if matrix.positions != count or column % count or list(self.columns[first : first + count]) != own:
                return []
            if not found or found[-1][0] is not matrix:
                found.append((matrix, []))
            found[-1][1].append(column // count)
        return found if count > 1 else []

    def beside(self, style: Style) -> str:
        """Those columns written side by side."""
        parts = [
            matrix.written(style) + indexed(columns, matrix.shape[1], style)
            for matrix, columns in self.columns_of_tables
        ]
        return listed(parts, style, style.columns) if len(parts) > 1 else "".join(parts)

    def listed(self, word: str, style: Style) -> str:
        """A word, and the matrices that the columns are from."""
        names = [part.written(style) for part in sorted(self._taken, key=lambda part: part.matrix.value is not None)]
        called = rf"\operatorname{{{style.words[word]}}}" if style.latex else style.words[word]
        return f"{called}({', '.join(shortened(names, style))})"

    def array(self, arrays: Arrays) -> Any:
        return folded(columns_of(self.columns, arrays), len(self.columns) // self.positions, self.positions)

    def flat(self, array: Any) -> Any:
        """Of numbers in the form of the patches, those of an example in one row."""
        return flattened(array, self.positions)


def _stretches(columns: Iterable[int]) -> list[range]:
    """Columns as stretches of those that follow each other."""
    found: list[range] = []
    for column in sorted(columns):
        first = found.pop().start if found and found[-1].stop == column else column
        found.append(range(first, column + 1))
    return found


@dataclass(eq=False)
class Flat(Formula):
    """All numbers of an example of a matrix in one row: kernel after kernel, or position after position."""

    matrix: Matrix
    by_position: bool

    @property
    def sign(self) -> str:
        return "Flat by position" if self.by_position else "Flat"

    @property
    def columns(self) -> list[Column]:
        """For each number of the row where it is in the matrix, counted kernel after kernel."""
        places = range(self.matrix.size)
        return [
            (self.matrix, place) for place in (across(places, self.matrix.positions) if self.by_position else places)
        ]

    def written(self, style: Style) -> str:
        name = style.words["flat by position" if self.by_position else "flat"]
        inner = self.matrix.written(style)
        return rf"\text{{{name}}}({inner})" if style.latex else f"{name}({inner})"

    def array(self, arrays: Arrays) -> Any:
        return columns_of(self.columns, arrays)

    def flat(self, array: Any) -> Any:
        """What a gradient of the row is to `columns`."""
        return array
