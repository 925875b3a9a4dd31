"""Formulas of some columns of matrices: taken, put together, and added up stretch by stretch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from micrograd_es.program.explaining.columns import Column, columns_of, out_of_columns
from micrograd_es.program.explaining.formulas import Arrays, Formula, Matrix, Name
from micrograd_es.program.explaining.notation import Style, added_up, spread, transposed
from micrograd_es.program.explaining.sources import (
    has_whole,
    side_by_side,
    signs,
    stacked,
    weights_of,
    whole_rows,
)


@dataclass(eq=False)
class Stretches(Formula):
    """The sums of every `count` columns that follow each other."""

    part: Formula
    count: int

    def written(self, style: Style) -> str:
        return added_up(self.part.written(style), self.count, style)

    def array(self, arrays: Arrays) -> Any:
        found = self.part.array(arrays)
        return found.reshape(len(found), found.shape[1] // self.count, self.count).sum(axis=2)


@dataclass(eq=False)
class Spread(Formula):
    """Each column `count` times, one after the other: the way back of sums. `single` says that it is one column."""

    part: Formula
    count: int
    single: bool = False

    def written(self, style: Style) -> str:
        if self.single and style.latex:
            inner = self.part.factor(style)
            return rf"\mathbf{{1}} \cdot {inner}" if style.columns else rf"{inner} \cdot \mathbf{{1}}^{{\top}}"
        return spread(self.part.factor(style), self.count, style)

    def array(self, arrays: Arrays) -> Any:
        return np.repeat(self.part.array(arrays), self.count, axis=1)


@dataclass(eq=False)
class Taken(Formula):
    """Columns of other matrices put together; for each column its matrix and the number there."""

    columns: Sequence[Column]
    shape: tuple[int, int] | None = None  # p×n of weights, which stand transposed

    @property
    def sign(self) -> str:
        if self.turned:
            return "Turned"
        return "Stacked" if self.shape and whole_rows(self.columns, self.shape) else "Taken"

    @property
    def signs(self) -> Sequence[str]:
        if not self.shape:
            return signs(self.columns)
        terms = self.shape[1]
        neurons = [self.columns[start : start + terms] for start in range(0, len(self.columns), terms)]
        return (self.sign, *["Vec"] * (self.sign == "Taken" and any(map(has_whole, neurons))))

    @property
    def turned(self) -> Matrix | None:
        """The matrix that this is the transpose of; None where it is no other's."""
        if not self.shape:
            return None
        kernels, terms = self.shape
        matrix = self.columns[0][0]
        places = [(matrix, term * kernels + kernel) for kernel in range(kernels) for term in range(terms)]
        return matrix if matrix.shape == (kernels, terms) and list(self.columns) == places else None

    def written(self, style: Style) -> str:
        if self.turned:
            return Name(self.turned, True).written(style)
        if not self.shape:
            return side_by_side(self.columns, style)
        rows = whole_rows(self.columns, self.shape)
        return stacked(rows, style) if rows else weights_of(self.columns, self.shape[1], style)

    def array(self, arrays: Arrays) -> Any:
        found = columns_of(self.columns, arrays)
        return found.reshape(self.shape).T if self.shape else found

    def flat(self, array: Any) -> Any:
        """Of numbers in this form, those of an example in one row."""
        return array.T.reshape(1, -1) if self.shape else array


class PutTogether(Protocol):
    """A formula of numbers of other matrices: for each its matrix and the number there."""

    @property
    def columns(self) -> Sequence[Column]: ...

    def flat(self, array: Any, /) -> Any:
        """Of numbers in the form of the result, those of an example in one row."""


@dataclass(eq=False)
class Part(Formula):
    """What of a gradient of columns that were put together belongs to one of their matrices."""

    part: Formula
    taken: PutTogether
    target: Matrix

    @property
    def sign(self) -> str:
        return "Turned" if isinstance(self.taken, Taken) and self.taken.turned else "Part"

    def written(self, style: Style) -> str:
        if self.sign == "Turned":
            return transposed(self.part.factor(style), style)
        index = self.target.written(style)
        return self.part.factor(style) + (rf"\left[{index}\right]" if style.latex else f"[{index}]")

    def array(self, arrays: Arrays) -> Any:
        given = self.taken.flat(self.part.array(arrays))
        found = np.zeros((len(given), self.target.size))
        for i, (matrix, column) in enumerate(self.taken.columns):
            if matrix is self.target:
                found[:, column] += given[:, i]
        return out_of_columns(found, self.target)
