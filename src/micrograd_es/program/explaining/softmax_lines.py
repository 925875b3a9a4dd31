"""A softmax, and its logarithm, as one line each: P = softmax(Z), and ∂L/∂Z = P ⊙ (∂L/∂P − row sums of (P ⊙ ∂L/∂P))."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from micrograd_es.ops import DIV, EXP, LSE, SUB, Op
from micrograd_es.program.explaining.formulas import Added, Arrays, Formula, Matrix, Minus, Name, Sum, Times
from micrograd_es.program.explaining.lines import Back, Line
from micrograd_es.program.explaining.notation import Style
from micrograd_es.program.explaining.readings import Across, Reading, scaled


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


@dataclass(eq=False)
class LogSoftmax(Softmax):
    """The logarithm of the softmax of every row of a formula."""

    @property
    def sign(self) -> str:
        return "Softmax"

    def written(self, style: Style) -> str:
        return (r"\log " if style.latex else "log ") + super().written(style)

    def array(self, arrays: Arrays) -> Any:
        x = np.asarray(self.part.array(arrays))
        return x - Across(LSE, Name(Matrix("x", "", ("m", x.shape[1])))).array({"x": x})


def shares_line(matrix: Matrix, inner: Formula, part: Name | Reading) -> Line:
    """A softmax as one line, of a part and perhaps a mask; what goes back to each row is P ⊙ (∂ − Σ P ⊙ ∂)."""
    shares = Name(matrix)
    names = [part] if isinstance(part, Name) else list(part.inputs)
    along = next(i for i, x in enumerate(names) if isinstance(x, Name) and x.matrix.value is None)
    x = names[along]
    assert isinstance(x, Name)

    def back(upstream: Formula) -> list[tuple[Matrix, Formula]]:
        sent: Formula = Times(shares, Sum([upstream, Minus(Added(Times(shares, upstream), 1))]))
        if isinstance(part, Reading):  # a product or a quotient, whose local gradient does not ask for the result
            sent = scaled(sent, Reading(part.op, names, x, along))
        return [(x.matrix, sent)]

    return Line(matrix, Softmax(inner), [x.matrix], back)


def with_softmaxes(lines: Sequence[Line], kept: Collection[Matrix]) -> list[Line]:
    """The lines, with those of a softmax in one, and those of its logarithm; all that is `kept` still has a line."""
    for in_one in (_log_softmax, _of_logarithms, _of_powers):
        known = _Known(lines, kept)
        made = [in_one(line, known) or line for line in lines]
        lines = [line for line in made if line.matrix not in known.taken_in]
    return list(lines)


class _Known:
    """Lines by their matrices, and which of them others have `taken_in`: those that only they read."""

    def __init__(self, lines: Sequence[Line], kept: Collection[Matrix]) -> None:
        self.lines = {line.matrix: line for line in lines}
        self.reads = Counter(x for line in lines for x in dict.fromkeys(line.inputs))
        self.kept = kept
        self.taken_in: set[Matrix] = set()

    def formula(self, matrix: Matrix, reads: int) -> Formula | None:
        """The formula of a matrix that so many lines read, and that need not have a line of its own."""
        line = self.lines.get(matrix)
        return line.formula if line and self.reads[matrix] == reads and matrix not in self.kept else None


def _log_softmax(line: Line, known: _Known) -> Line | None:
    """Z − log Σ e^Z in one line."""
    for z, below in _inputs(line, SUB, 2):
        sums = known.formula(below, 1)
        if isinstance(sums, Across) and sums.op is LSE and sums.part.matrix is z:
            known.taken_in.add(below)
            return replace(line, formula=LogSoftmax(Name(z)), inputs=[z], back=_back_of_logarithm(z, line.matrix))
    return None


def _back_of_logarithm(z: Matrix, logarithm: Matrix) -> Back:
    """∂ − softmax(Z) ⊙ row sums of ∂."""
    shares = Reading(EXP, [Name(logarithm)])
    return lambda upstream: [(z, Sum([upstream, Minus(Times(shares, Added(upstream, 1)))]))]


def _of_logarithms(line: Line, known: _Known) -> Line | None:
    """e^(log softmax(Z)) in one line."""
    for (power,) in _inputs(line, EXP, 1):
        logarithm = known.formula(power, 1)
        if isinstance(logarithm, LogSoftmax):
            known.taken_in.add(power)
            return _shares_of(line, logarithm.part, known)
    return None


def _of_powers(line: Line, known: _Known) -> Line | None:
    """e^Z, divided by its row sums, in one line."""
    for above, below in _inputs(line, DIV, 2):
        total = known.formula(below, 1)
        of = total.part if isinstance(total, Added) and total.axis == 1 else None
        if known.formula(above, 2) and isinstance(of, Name) and of.matrix is above:
            for (z,) in _inputs(known.lines[above], EXP, 1):
                known.taken_in |= {above, below}
                return _shares_of(line, Name(z), known)
    return None


def _shares_of(line: Line, part: Formula, known: _Known) -> Line:
    """A line as the softmax of a matrix."""
    assert isinstance(part, Name)
    if line.matrix.letter == "H" and line.matrix not in known.kept:
        line.matrix.letter = "P"
    return replace(shares_line(line.matrix, part, part), scope=line.scope)


def _inputs(line: Line, op: Op, count: int) -> list[list[Matrix]]:
    """The matrices that an operation of so many is of, the first as wide as the result; none of any other."""
    formula = line.formula
    if not isinstance(formula, Reading) or formula.op is not op or formula.out or line.matrix.shape[1] == 1:
        return []
    found = [x.matrix for x in formula.inputs if isinstance(x, Name) and not x.turned and x.matrix.value is None]
    return [found] if len(found) == count and found[0].shape == line.matrix.shape else []
