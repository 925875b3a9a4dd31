"""Attention as lectures write it: S = Q·Kᵀ, P = softmax(S/√d), O = P·V, for each head."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from micrograd_es.ops import DIV, EXP, LSE, MUL, SUB, Op
from micrograd_es.program.explaining.formulas import Added, Arrays, Formula, Matrix, Minus, Name, Sum, Times
from micrograd_es.program.explaining.naming import Line
from micrograd_es.program.explaining.notation import Style
from micrograd_es.program.explaining.readings import Across, Reading, scaled
from micrograd_es.program.explaining.tables import InEach


@dataclass(eq=False)
class Softmax(Formula):
    """The softmax of every row of a formula."""

    part: Formula

    def written(self, style: Style) -> str:
        inner = self.part.written(style)
        return rf"\operatorname{{softmax}}\left({inner}\right)" if style.latex else f"softmax({inner})"

    def array(self, arrays: Arrays) -> Any:
        x = np.asarray(self.part.array(arrays))
        powers = np.exp(x - x.max(axis=1, keepdims=True, initial=-np.inf))
        return powers / powers.sum(axis=1, keepdims=True)


def with_softmax(lines: Sequence[Line], kept: Iterable[Matrix]) -> list[Line]:
    """The lines, with a softmax that weighs the rows of a table as one line; what is kept has a line of its own."""
    made = {line.matrix: line for line in lines}
    uses = Counter([x for line in lines for x in dict.fromkeys(line.inputs)])
    uses.update([*kept] * len(lines))
    shares = {line.formula.left.matrix for line in lines if isinstance(line.formula, InEach)}
    gone: set[Matrix] = set()
    found = []
    for line in lines:
        of = _of(line, made, uses) if line.matrix in shares else None
        if of:
            x, inner = of
            gone.update(inner)
            before = made.get(x)
            alone = uses[x] == sum([x in made[part].inputs for part in inner])
            if before and alone and isinstance(before.formula, Reading) and _is_scaled(before):
                gone.add(x)
                line = _as_one(line, before.formula)
            else:
                line = _as_one(line, Name(x))
        found.append(line)
    return [line for line in found if line.matrix not in gone]


def _of(line: Line, made: Mapping[Matrix, Line], uses: Counter[Matrix]) -> tuple[Matrix, list[Matrix]] | None:
    """What a line is the softmax of, and the two lines on the way, which nothing else uses; None for any other."""
    if _row(line) is EXP and line.inputs[0] in made:  # e^(A − log Σ e^A)
        shifted = made[line.inputs[0]]
        if _row(shifted) is SUB and uses[shifted.matrix] == 1:
            x, total = shifted.inputs
            formula = made[total].formula if uses[total] == 1 and total in made else None
            if isinstance(formula, Across) and formula.op is LSE and formula.part.matrix is x:
                return x, [shifted.matrix, total]
    if _row(line) is DIV and len(line.inputs) == 2:  # e^A/Σ e^A
        powers, total = line.inputs
        formula = made[total].formula if uses[total] == 1 and total in made else None
        is_sum = isinstance(formula, Added) and formula.axis == 1 and made[total].inputs == [powers]
        if is_sum and uses[powers] == 2 and powers in made and _row(made[powers]) is EXP:
            return made[powers].inputs[0], [powers, total]
    return None


def _row(line: Line) -> Op | None:
    """The row of the table that a line is read from."""
    return line.formula.op if isinstance(line.formula, Reading) else None


def _is_scaled(line: Line) -> bool:
    """Whether a line is a matrix times a number, or divided by one."""
    return (
        _row(line) in (MUL, DIV) and len(line.inputs) == 2 and [x.value is None for x in line.inputs].count(True) == 1
    )


def _as_one(line: Line, part: Name | Reading) -> Line:
    """A softmax as one line; what goes back to each row is P ⊙ (∂ − Σ P ⊙ ∂)."""
    shares = Name(line.matrix)
    names = [part] if isinstance(part, Name) else list(part.inputs)
    along = next(i for i, x in enumerate(names) if isinstance(x, Name) and x.matrix.value is None)
    x = names[along]
    assert isinstance(x, Name)

    def back(upstream: Formula) -> list[tuple[Matrix, Formula]]:
        sent: Formula = Times(shares, Sum([upstream, Minus(Added(Times(shares, upstream), 1))]))
        if isinstance(part, Reading):  # a product or a quotient, whose local gradient does not ask for the result
            sent = scaled(sent, Reading(part.op, names, x, along))
        return [(x.matrix, sent)]

    return Line(line.matrix, Softmax(part), [x.matrix], back, scope=line.scope)


def name_attention(lines: Sequence[Line]) -> None:
    """Give the matrices of attention their letters: Q, K and V, the scores S, the shares P, and the result O."""
    made = {line.matrix: line for line in lines}
    letters: dict[Matrix, set[str]] = {}
    for line in lines:
        if not isinstance(line.formula, InEach):
            continue
        shares, of = line.formula.left.matrix, line.formula.right.matrix
        scores = made.get(made[shares].inputs[0]) if shares in made and _is_softmax(made[shares]) else None
        while scores and not isinstance(scores.formula, InEach):
            above = [x for x in scores.inputs if x.positions == shares.positions and x in made]
            scores = made[above[0]] if len(above) == 1 and isinstance(scores.formula, Reading) else None
        if scores and isinstance(scores.formula, InEach):
            both = scores.formula.left.matrix, scores.formula.right.matrix
            for matrix, letter in zip((*both, of, scores.matrix, shares, line.matrix), "QKVSPO", strict=True):
                letters.setdefault(matrix, set()).add(letter)
    for matrix, found in letters.items():
        if len(found) == 1 and matrix in made:
            (matrix.letter,) = found


def _is_softmax(line: Line) -> bool:
    return isinstance(line.formula, Softmax)
