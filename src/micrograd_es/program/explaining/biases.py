"""What is added to the scores of every example: a mask of numbers, or a table of what is learned: r[i − j]."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isinf
from typing import Any

import numpy as np

from micrograd_es.program.arrays import Array
from micrograd_es.program.explaining.columns import Column, columns_of
from micrograd_es.program.explaining.constants import MOST, Numbers, number_of
from micrograd_es.program.explaining.formulas import Arrays, Formula
from micrograd_es.program.explaining.notation import Style, listed, more
from micrograd_es.program.explaining.readings import times
from micrograd_es.program.explaining.sources import side_by_side

Cell = tuple[int, int]  # a row and a column
Region = tuple[str, Callable[[int, int], bool]]

_EVERYWHERE: Region = "", lambda i, j: True
_REGIONS: tuple[tuple[Region, ...], ...] = (
    (_EVERYWHERE,),
    (("j ≤ i", lambda i, j: j <= i), ("j > i", lambda i, j: j > i)),
    (("j < i", lambda i, j: j < i), ("j ≥ i", lambda i, j: j >= i)),
    (("j < i", lambda i, j: j < i), ("j = i", lambda i, j: j == i), ("j > i", lambda i, j: j > i)),
)
_TURNED = str.maketrans("ij<>≤≥", "ij><≥≤")  # with examples as columns i is still the row
_IN_LATEX = (("≤", r"\leq"), ("≥", r"\geq"))


def _by_place(rows: Array, value: Callable[[Sequence[Cell]], str], style: Style) -> str:
    """A table as what it is where j ≤ i and where not, or so; nothing where it is not that.

    `value` has the text of what stands at some places, or nothing where it is not one.
    """
    height, width = rows.shape
    for regions in _REGIONS:
        told = []
        for region, holds in regions:
            cells = [(i, j) for i in range(height) for j in range(width) if holds(i, j)]
            text = value(cells) if cells else ""
            if text:
                told.append(f"{text}{_where(region, style)}")
        if len(told) == len(regions):
            return (r",\; " if style.latex else ", ").join(told)
    return ""


def _where(region: str, style: Style) -> str:
    """What says for which rows and columns something stands."""
    if not region:
        return ""
    word, text = style.words["if"], region.translate(_TURNED) if style.columns else region
    if not style.latex:
        return f" {word} {text}"
    for sign, command in _IN_LATEX:
        text = text.replace(sign, command)
    return rf" \text{{ {word} }} {text}"


@dataclass(eq=False)
class Mask(Numbers):
    """What is added to the scores of every example: 0 where a row sees a column, −∞ where it does not."""

    @property
    def sign(self) -> str:
        return "Mask" if self._is_causal else super().sign

    @property
    def _is_causal(self) -> bool:
        """Whether one number stands above the diagonal, and 0 elsewhere."""
        above = np.triu(np.ones(self.rows.shape, bool), 1)
        return len(set(self.rows[above].tolist())) == 1 and not self.rows[~above].any()

    def written(self, style: Style) -> str:
        if not self._is_causal:
            return super().written(style)
        return _by_place(self.rows, lambda cells: _one_number(self.rows, cells, style), style)


def _one_number(rows: Array, cells: Iterable[Cell], style: Style) -> str:
    """The number that stands in all of some cells; nothing where there are several."""
    found = {rows[cell] for cell in cells}
    return number_of(found.pop(), style) if len(found) == 1 else ""


@dataclass(eq=False)
class Bias(Formula):
    """A mask to which numbers of other matrices are added, times a number: `places` are these by row and column."""

    places: Mapping[Cell, Column]
    scale: float
    mask: Array

    @property
    def columns(self) -> Sequence[Column]:
        """For each number that is added its matrix and the number there."""
        return list(self.places.values())

    def is_same(self, other: Bias) -> bool:
        """Whether another one is made of the same numbers."""
        return self.places == other.places and self.scale == other.scale and np.array_equal(self.mask, other.mask)

    @property
    def signs(self) -> Sequence[str]:
        return "Mask", "Taken"

    def written(self, style: Style) -> str:
        told = _by_place(self.mask, lambda cells: self._at(cells, style), style)
        if told:
            return told
        rows, columns = self.mask.shape
        cells = [(i, j) for i in range(rows) for j in range(columns)]
        if style.columns:
            cells, columns = [(i, j) for j in range(columns) for i in range(rows)], rows
        texts = [self._at([cell], style) for cell in cells[:MOST]]
        comma = ",\\, " if style.latex else ", "
        lines = [comma.join(texts[i : i + columns]) for i in range(0, len(texts), columns)]
        return listed(["; ".join([*lines, *[more(style)] * (len(cells) > MOST)])], style)

    def _at(self, cells: Sequence[Cell], style: Style) -> str:
        """What stands in some cells, by their row and column; nothing where it is not one formula."""
        number = _one_number(self.mask, cells, style)
        there = [self.places[cell] for cell in cells if cell in self.places]
        if not number or len(there) not in (0, len(cells)):
            return ""
        if not there:
            return number
        taken = _taken(cells, there, max(self.mask.shape), style)
        if not taken:
            return ""
        text = times(self.scale, Text(taken)).written(style)
        added = self.mask[cells[0]]
        if isinf(added) or not added:
            return number if added else text
        minus = style.minus
        return f"{text} {minus} {number.removeprefix(minus)}" if added < 0 else f"{text} + {number}"

    def array(self, arrays: Arrays) -> Any:
        found = np.array(self.mask, float)
        found[self._cells] += self.scale * columns_of(self.columns, arrays)[0]
        return found

    def flat(self, array: Any) -> Any:
        """Of numbers in this form those where others are added, in one row."""
        return array[self._cells][None, :]

    @property
    def _cells(self) -> tuple[Any, Any]:
        rows, columns = zip(*self.places, strict=True)
        return np.array(rows), np.array(columns)


@dataclass(eq=False)
class Text(Formula):
    """What is written already."""

    text: str

    def written(self, style: Style) -> str:
        return self.text


def _taken(cells: Sequence[Cell], places: Sequence[Column], side: int, style: Style) -> str:
    """The numbers of a matrix that stand in some cells, by their row and column; nothing where it is not one formula.

    Of weights that are no row it is a single one.
    """
    matrix, name = places[0][0], places[0][0].written(style)
    if matrix.shape[0] != 1:
        return side_by_side(places[:1], style) if len(set(places)) == 1 else ""
    index = _index(cells, [column for _, column in places], side, style) if len(dict(places)) == 1 else ""
    if matrix.size == 1 or not index:
        return name if index else ""
    return rf"{name}\left[{index}\right]" if style.latex else f"{name}[{index}]"


def _index(cells: Sequence[Cell], columns: Sequence[int], side: int, style: Style) -> str:
    """Columns by the row i and the column j of the cells that they are for; nothing where there is no such formula."""
    i, j = ("j", "i") if style.columns else ("i", "j")
    minus = style.minus
    forms = {
        (0, 0): "",
        (1, -1): f"{i} {minus} {j}",
        (-1, 1): f"{j} {minus} {i}",
        (side, 1): f"{side}{style.dot}{i} + {j}",
    }
    for (a, b), text in forms.items():
        found = {column - a * r - b * c for (r, c), column in zip(cells, columns, strict=True)}
        if len(found) == 1:
            added = found.pop()
            if not text:
                return str(added)
            return text if not added else f"{text} {minus if added < 0 else '+'} {abs(added)}"
    return ""


@dataclass(eq=False)
class OfTables(Formula):
    """The sum of the tables that the examples have in a formula, each of so many rows."""

    part: Formula
    rows: int

    @property
    def sign(self) -> str:
        return "Of tables"

    def written(self, style: Style) -> str:
        inner = self.part.operand(style)
        word = style.words["sum of tables"]
        return rf"\text{{{word.format('')}}}{inner}" if style.latex else word.format(inner)

    def sizes(self, style: Style) -> str:
        return self.part.sizes(style)

    def array(self, arrays: Arrays) -> Any:
        found = np.asarray(self.part.array(arrays))
        return found.reshape(-1, self.rows, found.shape[1]).sum(axis=0)
