"""Attention as lectures write it: S = Q·Kᵀ, P = softmax(S/√d), O = P·V, for each head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isclose, sqrt
from typing import Any

import numpy as np

from micrograd_es.ops import DIV, MUL
from micrograd_es.program.arrays import Array
from micrograd_es.program.explaining.constants import Numbers, number_of
from micrograd_es.program.explaining.formulas import Arrays, Formula, Matrix, Name
from micrograd_es.program.explaining.naming import Line, Names
from micrograd_es.program.explaining.notation import Style, one_over_root
from micrograd_es.program.explaining.readings import Reading, numeral
from micrograd_es.program.explaining.softmax_lines import Softmax, shares_line
from micrograd_es.program.explaining.softmaxes import Softmaxes
from micrograd_es.program.explaining.tables import InEach, Table, upright


@dataclass(eq=False)
class Mask(Numbers):
    """What is added to the scores of every example: 0 where a row sees a column, −∞ where it does not."""

    @property
    def sign(self) -> str:
        return "Mask" if self._hidden is not None else super().sign

    @property
    def _hidden(self) -> float | None:
        """What stands above the diagonal, where there is 0 elsewhere; None for any other mask."""
        above = np.triu(np.ones(self.rows.shape, bool), 1)
        values = set(self.rows[above].tolist())
        return values.pop() if len(values) == 1 and not self.rows[~above].any() else None

    def written(self, style: Style) -> str:
        if self._hidden is None:
            return super().written(style)
        hidden, word = number_of(self._hidden, style), style.words["if"]
        sees, others = ("j ≥ i", "j < i") if style.columns else ("j ≤ i", "j > i")
        if style.latex:
            sees = sees.replace("≥", r"\geq").replace("≤", r"\leq")
            return rf"0 \text{{ {word} }} {sees},\; {hidden} \text{{ {word} }} {others}"
        return f"0 {word} {sees}, {hidden} {word} {others}"


@dataclass(eq=False)
class Hidden(Formula):
    """The scores of every example with a mask added to them."""

    part: Formula
    mask: Name
    binding = True

    @property
    def sign(self) -> str:
        return "Hidden"

    def written(self, style: Style) -> str:
        return f"{self.part.written(style)} + {self.mask.written(style)}"

    def array(self, arrays: Arrays) -> Any:
        mask = self.mask.array(arrays)
        scores = np.asarray(self.part.array(arrays))
        return (scores.reshape(-1, *mask.shape) + mask).reshape(scores.shape)


def softmax_line(names: Names, block: Softmaxes) -> Line:
    """The line of a softmax of scores, with a mask where one hides some of them."""
    rows, columns = block.mask.shape
    scores = upright(names, block.scores, columns)
    part: Name | Reading = Name(scores)
    square = one_over_root(block.scale)
    divisor = sqrt(square) if square else block.divisor  # times 1/√d is written as divided by √d is
    if divisor and isclose(block.scale * divisor, 1):
        part = Reading(DIV, [part, numeral(divisor)])
    elif block.scale != 1:
        part = Reading(MUL, [numeral(block.scale), part])
    mask = _mask(names, block.mask) if block.mask.any() else None
    matrix = names.new("H", ("m", columns), positions=rows)
    if mask is None:
        return shares_line(matrix, part, part)
    line = shares_line(matrix, Hidden(part, Name(mask)), part)
    return replace(line, inputs=[*line.inputs, mask])


def _mask(names: Names, mask: Array) -> Matrix:
    """The matrix of a mask, which all heads share."""
    for line in names.forward:
        if isinstance(line.formula, Mask) and np.array_equal(line.formula.rows, mask):
            return line.matrix
    matrix = names.new("M", mask.shape)
    names.forward.append(Line(matrix, Mask(mask)))
    return matrix


def name_attention(lines: Sequence[Line]) -> None:
    """Give the matrices of attention their letters: Q, K and V, the scores S, the shares P, and the result O."""
    made = {line.matrix: line for line in lines}
    letters: dict[Matrix, set[str]] = {}
    for line in lines:
        if not isinstance(line.formula, InEach):
            continue
        shares, of = line.formula.left.matrix, line.formula.right.matrix
        if shares not in made or not isinstance(made[shares].formula, Softmax):
            continue
        found = {"V": of, "P": shares, "O": line.matrix}
        scores = made.get(made[shares].inputs[0])
        if scores and isinstance(scores.formula, InEach):
            found |= {"Q": scores.formula.left.matrix, "K": scores.formula.right.matrix}
        if scores and isinstance(scores.formula, InEach | Table):
            found["S"] = scores.matrix
        for letter, matrix in found.items():
            letters.setdefault(matrix, set()).add(letter)
    for matrix, told in letters.items():
        if len(told) == 1 and matrix in made:
            (matrix.letter,) = told
