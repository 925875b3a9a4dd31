"""Formulas of some columns of matrices: taken, put together, and added up stretch by stretch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from micrograd_es.program.columns import columns_of, out_of_columns
from micrograd_es.program.formulas import Arrays, Formula, Matrix, Style, indexed, listed, lowered, more
from micrograd_es.program.patches import Flat, Patches


@dataclass(eq=False)
class Stretches(Formula):
    """The sums of every `count` columns that follow each other."""

    part: Formula
    count: int

    def written(self, style: Style) -> str:
        if style.latex:
            return rf"\Sigma_{{{self.count}}}\left({self.part.written(style)}\right)"
        return f"Σ{lowered(self.count)}({self.part.written(style)})"

    def array(self, arrays: Arrays) -> Any:
        found = self.part.array(arrays)
        return found.reshape(len(found), found.shape[1] // self.count, self.count).sum(axis=2)


@dataclass(eq=False)
class Spread(Formula):
    """Each column `count` times, one after the other: the way back of sums."""

    part: Formula
    count: int

    def written(self, style: Style) -> str:
        inner = self.part.factor(style)
        return rf"{{{inner}}}^{{\uparrow {self.count}}}" if style.latex else f"{inner}↑{lowered(self.count)}"

    def array(self, arrays: Arrays) -> Any:
        return np.repeat(self.part.array(arrays), self.count, axis=1)


@dataclass(eq=False)
class Taken(Formula):
    """Columns of other matrices put together; for each column its matrix and the number there."""

    columns: Sequence[tuple[Matrix, int]]
    shape: tuple[int, int] | None = None  # p×n of weights, which stand transposed

    def written(self, style: Style) -> str:
        if self.shape:
            names = list(dict.fromkeys(matrix.written(style) for matrix, _ in self.columns))
            return listed(names, style)
        parts: list[tuple[Matrix, list[int]]] = []
        for matrix, column in self.columns:
            if not parts or parts[-1][0] is not matrix:
                parts.append((matrix, []))
            parts[-1][1].append(column)
        shown = [matrix.written(style) + indexed(columns, matrix.shape[1], style) for matrix, columns in parts[:6]]
        shown += [more(style)] * (len(parts) > 6)
        return shown[0] if len(parts) == 1 else listed(shown, style)

    def array(self, arrays: Arrays) -> Any:
        found = columns_of(self.columns, arrays)
        return found.reshape(self.shape).T if self.shape else found

    def flat(self, array: Any) -> Any:
        """Of numbers in this form, those of an example in one row."""
        return array.T.reshape(1, -1) if self.shape else array


@dataclass(eq=False)
class Part(Formula):
    """What of a gradient of columns that were put together belongs to one of their matrices."""

    part: Formula
    taken: Taken | Flat | Patches
    target: Matrix

    def written(self, style: Style) -> str:
        index = self.target.written(style)
        return self.part.factor(style) + (rf"\left[{index}\right]" if style.latex else f"[{index}]")

    def array(self, arrays: Arrays) -> Any:
        given = self.taken.flat(self.part.array(arrays))
        found = np.zeros((len(given), self.target.size))
        for i, (matrix, column) in enumerate(self.taken.columns):
            if matrix is self.target:
                found[:, column] += given[:, i]
        return out_of_columns(found, self.target)
