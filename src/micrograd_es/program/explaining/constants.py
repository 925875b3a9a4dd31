"""Constants in formulas: what is made of numbers alone is written as these numbers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from typing import Any

import numpy as np

from micrograd_es.ops import DIV, INV
from micrograd_es.program.arrays import Array
from micrograd_es.program.blocks import Plan, Space
from micrograd_es.program.explaining.columns import out_of_columns
from micrograd_es.program.explaining.formulas import Arrays, Formula, Matrix
from micrograd_es.program.explaining.lines import Line, Page
from micrograd_es.program.explaining.notation import (
    Style,
    is_rounded,
    is_short,
    listed,
    more,
    numbered,
    plain,
    ratio,
    whole,
)
from micrograd_es.program.tape import Tape

MOST = 12  # numbers that are shown


@dataclass(eq=False)
class Numbers(Formula):
    """A matrix of numbers, written row after row."""

    rows: Array

    def written(self, style: Style) -> str:
        rows = self.rows.T if style.columns else self.rows
        shown = [number_of(x, style) for x in rows.ravel()[:MOST].tolist()]
        if rows.size == 1:
            return numbered(self._alone, style)
        if rows.size > MOST:
            return listed([*shown, more(style)], style, rows.shape[1] == 1)
        comma, width = ",\\, " if style.latex else ", ", rows.shape[1]
        return listed(["; ".join(comma.join(shown[i : i + width]) for i in range(0, len(shown), width))], style)

    @property
    def _alone(self) -> str:
        """A single number: a simple fraction, or all of its digits."""
        x = self.rows.item()
        return _short(x) if _is_whole(x) else plain(x)

    @property
    def sign(self) -> str:
        shown = self.rows.ravel()[:MOST].tolist() if self.rows.size > 1 else []
        return "Numbers" if all(map(_is_whole, shown)) else "Rounded"

    def array(self, arrays: Arrays) -> Any:
        return self.rows


def number_of(x: float, style: Style) -> str:
    """A number of a matrix; ∞ where it is not finite."""
    infinite = r"\infty" if style.latex else "∞"
    return numbered(_short(x), style) if isfinite(x) else (style.minus if x < 0 else "") + infinite


def _short(x: float) -> str:
    """A number of at most six digits; a simple fraction where that says more."""
    digits, fraction = f"{whole(x):g}", Fraction(x).limit_denominator(1000)
    return str(fraction) if float(fraction) == x != float(digits) else digits


def _is_whole(x: float) -> bool:
    """Whether `_short` leaves out no digits but those of a rounding error."""
    return not isfinite(x) or is_rounded(float(Fraction(_short(x))), x)


def constant_of(tape: Tape, number: int) -> float | None:
    """A constant of a tape, or the quotient of two (1/2, by which a sum multiplies); None for any other number."""
    entry = tape.entry(number)
    if entry is None or entry.op not in (DIV, INV):
        return tape.value(number)
    numbers = [x for x in map(tape.value, entry.inputs) if x is not None]
    if len(numbers) < len(entry.inputs):
        return None
    above, below = numbers if entry.op is DIV else (1.0, numbers[0])
    return above / below if below else None


def with_numbers(plan: Plan, page: Page, output: Matrix) -> Page:
    """The page, where every matrix that is made of constants alone has a line with its numbers.

    What only such a matrix was made of is left out.
    """
    known = _known(plan, page)
    kept = [line for line in page.forward if line.matrix not in known]
    needed = {output}.union(*[line.inputs for line in kept])
    for matrix, array in known.items():
        if matrix.letter in "pS":
            matrix.letter = "C" if matrix.shape[0] == 1 else "W"
        if matrix.letter == "C" and array.size == 1 and (is_short(array.item()) or ratio(array.item())[1] != "1"):
            matrix.value = array.item()  # a short number, or a fraction, is its own name
    numbers = [Line(x, Numbers(array)) for x, array in known.items() if x in needed and x.value is None]
    return Page([(matrix, rows) for matrix, rows in page.given if matrix not in known], [*numbers, *kept])


def _known(plan: Plan, page: Page) -> dict[Matrix, Array]:
    """The matrices that are made of constants alone, with their numbers."""
    found: dict[Matrix, Array] = {}
    for matrix, rows in page.given:
        if rows.space is Space.SHARED and min(rows.numbers) >= plan.tape.parameters:
            numbers = [plan.constants.get(row, 0.0) for row in rows.numbers]
            found[matrix] = out_of_columns(np.array([numbers]), matrix)
    for line in page.forward:
        shape: Any = line.matrix.shape
        if shape[0] != "m" and line.inputs and all(x.value is not None or x in found for x in line.inputs):
            names = {x.name: found[x] for x in line.inputs if x in found}
            found[line.matrix] = np.array(np.broadcast_to(line.formula.array(names), shape))
    return found
