"""What the lines of formulas are known as: softmax, its logarithm, cross-entropy, squared error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from micrograd_es.ops import ADD, DIV, LOG, LSE, MUL, NEG, SAME, SQRT, SUB
from micrograd_es.program.explaining.formulas import Added, Formula, Matrix, Mean, Sum
from micrograd_es.program.explaining.lines import Line
from micrograd_es.program.explaining.patches import Flat
from micrograd_es.program.explaining.readings import Across, Reading
from micrograd_es.program.explaining.softmax_lines import LogSoftmax, Softmax
from micrograd_es.program.explaining.stretches import Stretches, Taken

Kind = tuple[str, Matrix | None]  # what a matrix is, and of which


class _Facts(NamedTuple):
    """What a line is recognised by: its formula, the row of the table in it, its width, its inputs and what these are.

    A softmax, and its logarithm, are of the matrix of which they are all columns; of none where they are some.
    """

    formula: Formula
    row: str
    width: int
    inputs: Sequence[Matrix]
    kinds: Sequence[Kind]

    @property
    def first(self) -> str:
        """What the first input is."""
        return self.kinds[0][0] if self.kinds else ""

    def has(self, *kinds: str) -> bool:
        """Whether an input is one of those."""
        return any(kind in kinds for kind, _ in self.kinds)

    def by_its(self, kind: str) -> bool:
        """Whether the second input is that of the first one, or of the matrix that the first is taken from."""
        known, of = self.kinds[1]
        return known == kind and (of is self.inputs[0] or self.kinds[0] == ("columns", of))

    @property
    def data(self) -> list[bool]:
        """Whether each input is given, or computed from nothing but what is given."""
        sources = [of if kind == "columns" and of else x for x, (kind, of) in zip(self.inputs, self.kinds, strict=True)]
        return [kind == "data" or x.letter in _DATA for x, (kind, _) in zip(sources, self.kinds, strict=True)]

    @property
    def computed(self) -> Matrix | None:
        """The one input that is computed, where the other is data for each of its numbers."""
        if len(self.inputs) != 2 or sum(self.data) != 1 or self.inputs[0].shape != self.inputs[1].shape:
            return None
        return self.inputs[self.data.index(False)]

    def is_expected(self) -> bool:
        """Whether what is taken away from log Σ e^Y is Σ T ⊙ Y, or one column of Y; of a part of them it is no loss."""
        kind, of = self.kinds[1]
        return of is self.kinds[0][1] and (kind == "expected" or (kind == "columns" and self.inputs[1].shape[1] == 1))

    def is_scaled(self, kind: str) -> bool:
        """Whether what is of that kind is multiplied, or divided, by data and nothing that is computed."""
        above = self.kinds if self.row == "mul" else self.kinds[:1]
        return any(found == kind for found, _ in above) and sum(self.data) == len(self.inputs) - 1

    def weighs(self, kind: str) -> bool:
        """Whether data, and all columns of what is of that kind, are multiplied."""
        return any(
            x is self.computed and found == kind and of for x, (found, of) in zip(self.inputs, self.kinds, strict=True)
        )

    def of(self, kind: str) -> Matrix | None:
        """What the line is that kind of."""
        if kind == "weighted":
            return self.computed
        if isinstance(self.formula, Softmax):
            return self.inputs[0]
        if kind in ("softmax", "log softmax") and self.row in ("div", "sub"):
            return self.inputs[0] if self.inputs[0] is self.kinds[1][1] else None
        if kind in ("softmax", "log softmax", "expected"):
            return self.kinds[0][1]
        return self.inputs[0] if kind in _OF else None

    def from_target(self) -> bool:
        """Whether one of two inputs is data and the other is computed, as wide as that: X − p is no error."""
        if sum(self.data) != 1 or any(x.letter == "p" for x in self.inputs):
            return False
        target, computed = self.inputs if self.data[0] else self.inputs[::-1]
        return target.value is not None or computed.shape[1] >= target.shape[1]


# What a line is, if this holds; the first that does counts.
_ROWS: tuple[tuple[str, Callable[[_Facts], bool]], ...] = (
    ("log softmax", lambda x: isinstance(x.formula, LogSoftmax)),
    ("softmax", lambda x: isinstance(x.formula, Softmax)),
    ("lse", lambda x: isinstance(x.formula, Across) and x.formula.op is LSE),
    ("softmax", lambda x: x.row == "exp" and x.first == "log softmax"),
    ("exp", lambda x: x.row == "exp"),
    (
        "columns",
        lambda x: isinstance(x.formula, Taken) and len(x.inputs) == 1 and x.first not in ("log softmax", "likelihood"),
    ),
    ("log softmax", lambda x: x.row == "sub" and x.by_its("lse")),
    ("cross-entropy", lambda x: x.row == "sub" and x.first == "lse" and x.is_expected()),
    ("difference", lambda x: x.row == "sub" and x.from_target()),
    ("softmax", lambda x: x.row == "div" and x.by_its("sum of exp")),
    ("squares", lambda x: x.row == "pow" and x.first == "difference" and x.inputs[1].value == 2),
    ("squares", lambda x: x.row == "mul" and x.first == "difference" and x.inputs[0] is x.inputs[-1]),
    ("squared error", lambda x: isinstance(x.formula, Added | Stretches) and x.first == "squares"),
    ("sum of exp", lambda x: isinstance(x.formula, Added) and x.first == "exp"),
    ("log softmax", lambda x: x.row == "log" and x.has("softmax")),
    ("log likelihood", lambda x: x.row == "log" and x.has("likelihood")),
    ("log likelihood", lambda x: x.row == "mul" and x.weighs("log softmax")),
    ("log likelihood", lambda x: isinstance(x.formula, Taken) and x.first == "log softmax" and x.width == 1),
    ("log likelihood", lambda x: isinstance(x.formula, Added) and x.first == "log likelihood"),
    ("likelihood", lambda x: x.row == "mul" and x.weighs("softmax")),
    ("likelihood", lambda x: isinstance(x.formula, Added) and x.first == "likelihood"),
    ("cross-entropy", lambda x: x.row == "neg" and x.first in ("log softmax", "log likelihood") and x.width == 1),
    ("squared error", lambda x: x.row in ("div", "mul") and x.is_scaled("squared error")),
    ("weighted", lambda x: x.row == "mul" and x.computed is not None),
    ("expected", lambda x: isinstance(x.formula, Added) and x.first == "weighted"),
    ("data", lambda x: bool(x.inputs) and all(x.data)),
)
_OF = ("lse", "exp", "columns", "sum of exp")  # of their first input
_DATA = ("X", "T", "C", "")  # letters of inputs, targets and constants; a number has none
_NOTED = ("softmax", "log softmax", "cross-entropy", "squared error")
_ONWARD = (ADD, SUB, NEG, SAME, MUL, DIV, SQRT, LOG)  # what may still become of an error: its mean, root or logarithm


def recognise(lines: Sequence[Line], output: Matrix) -> None:
    """Note what the lines are known as; a squared error is one where it ends in the output, and not as a variance."""
    errors = _ending_in(output, lines)
    kinds: dict[Matrix, Kind] = {}
    for line in lines:
        row = line.formula.op.name if isinstance(line.formula, Reading) else ""
        known = [kinds.get(x, ("", None)) for x in line.inputs]
        facts = _Facts(line.formula, row, line.matrix.shape[1], line.inputs, known)
        found = next((kind for kind, holds in _ROWS if holds(facts)), "")
        kinds[line.matrix] = found, facts.of(found)
        told = isinstance(line.formula, Softmax) or (found == "squared error" and line.matrix not in errors)
        if found in _NOTED and not told:
            line.note = found
    _only_last(lines)


def _only_last(lines: Sequence[Line]) -> None:
    """Leave a squared error its name where nothing more becomes of it: its sum has it, not also what is divided."""
    more = {x for line in lines if line.note == "squared error" for x in line.inputs}
    for line in lines:
        if line.note == "squared error" and line.matrix in more:
            line.note = ""


def _ending_in(output: Matrix, lines: Sequence[Line]) -> set[Matrix]:
    """The output and what it adds up, scaled by what is given alone, or the root or the logarithm of that."""
    found, others = {output}, set[Matrix]()
    data: set[Matrix] = set()
    for line in lines:
        if all(x in data or x.letter in _DATA for x in line.inputs):
            data.add(line.matrix)
    varying = {line.matrix for line in lines if line.matrix.shape[0] == "m"} - data
    for line in reversed(lines):
        formula, inside = line.formula, [x for x in line.inputs if x in varying]
        onward = isinstance(formula, Added | Flat | Mean | Stretches | Sum | Taken)
        if isinstance(formula, Reading):
            alone = formula.op not in (MUL, DIV) or len(inside) == 1
            below = formula.op is DIV and inside[-1:] == line.inputs[-1:]
            onward = formula.op in _ONWARD and alone and not below
        if onward and line.matrix in found:
            found.update(inside)
        else:
            others.update(inside)
    return found - others
