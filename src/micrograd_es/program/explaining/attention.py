"""Attention as lectures write it: S = Q·Kᵀ, P = softmax(S/√d), O = P·V, for each head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isclose, sqrt
from typing import Any

import numpy as np

from micrograd_es.ops import DIV, MUL
from micrograd_es.program.blocks import Rows, Space
from micrograd_es.program.explaining.biases import Bias, Mask, OfTables
from micrograd_es.program.explaining.formulas import Arrays, Formula, Matrix, Name
from micrograd_es.program.explaining.lines import Line
from micrograd_es.program.explaining.naming import Names
from micrograd_es.program.explaining.notation import Style, one_over_root
from micrograd_es.program.explaining.readings import Reading, numeral, times
from micrograd_es.program.explaining.softmax_lines import Softmax, shares_line
from micrograd_es.program.explaining.softmaxes import Softmaxes
from micrograd_es.program.explaining.stretches import Part
from micrograd_es.program.explaining.tables import InEach, Table, upright


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
    mask = _mask(names, block) if block.mask.any() or block.bias else None
    matrix = names.new("H", ("m", columns), positions=rows)
    if mask is None:
        return shares_line(matrix, part, part)
    line, to_scores = shares_line(matrix, Hidden(part, Name(mask)), part), shares_line(matrix, part, Name(scores)).back

    def back(upstream: Formula) -> list[tuple[Matrix, Formula]]:
        assert line.back and to_scores
        ((_, sent),) = to_scores(upstream)
        return [*line.back(upstream), (mask, OfTables(sent, rows))]

    return replace(line, inputs=[*line.inputs, mask], back=back)


def _mask(names: Names, block: Softmaxes) -> Matrix:
    """The matrix of what is added to scores; all heads share a mask of numbers."""
    mask = block.mask
    if block.bias:
        return _bias(names, block)
    for line in names.forward:
        if isinstance(line.formula, Mask) and np.array_equal(line.formula.rows, mask):
            return line.matrix
    return names.add(Line(names.new("M", mask.shape), Mask(mask)))


def _bias(names: Names, block: Softmaxes) -> Matrix:
    """The matrix of a mask with numbers that are computed or learned."""
    fresh = [row for row in sorted(set(block.bias.values())) if (Space.SHARED, row) not in names.known.owner]
    if fresh:
        names.matrix(Rows(Space.SHARED, tuple(fresh)), "p")
    places = {cell: names.known.owner[Space.SHARED, row] for cell, row in block.bias.items()}
    bias = Bias(places, block.factor, block.mask)
    for line in names.forward:
        if isinstance(line.formula, Bias) and line.formula.is_same(bias):
            return line.matrix
    sources = list(dict.fromkeys(matrix for matrix, _ in bias.columns))

    def back(upstream: Formula) -> list[tuple[Matrix, Formula]]:
        return [(x, times(bias.scale, Part(upstream, bias, x))) for x in sources]

    return names.add(Line(names.new("M", block.mask.shape), bias, sources, back))


def name_attention(lines: Sequence[Line]) -> None:
    """Give the matrices of attention their letters: Q, K and V, the scores S, the shares P, and the result O.

    What the examples share, as slopes and distances, leaves S to the scores, and is D.
    """
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
    if any(told == {"S"} for told in letters.values()):
        for line in lines:
            if line.matrix.letter == "S" and line.matrix not in letters:
                line.matrix.letter = "D"
