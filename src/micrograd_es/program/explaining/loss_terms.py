"""Losses recognised from what the graph computes: the output as a polynomial in outputs, targets and a few functions.

However a loss is written (in one sum or in many, with a mean or a half), multiplied out it is the same polynomial.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from micrograd_es.ops import (
    ABS,
    ADD,
    DIV,
    EXP,
    INV,
    LOG,
    LSE,
    MAX,
    MUL,
    NEG,
    RELU,
    SAME,
    SIGMOID,
    SOFTPLUS,
    SUB,
    Op,
)
from micrograd_es.program.explaining.constants import constant_of
from micrograd_es.program.explaining.loss_kinds import Loss, Seen, UnknownLossError, log_sum, matched
from micrograd_es.program.explaining.polynomials import ARITHMETIC, Terms, multiplied_out, scaled, summed
from micrograd_es.program.tape import Entry, Tape

_LOGARITHMS = (LOG, LSE, SOFTPLUS)

EACH = 16  # terms that a loss may have for each column, and as many beside; polynomials of others are long


class _Part(NamedTuple):
    """A part of a logarithm: a number, its softplus, or (of a column, as LSE) log Σ e^y at its position."""

    sign: float
    kind: Op | None
    number: int


class _Positive(NamedTuple):
    """What a positive part max(0, x) is of, and its slope where that is 0."""

    number: int
    slope: float


def loss_of(
    tape: Tape, columns: Mapping[int, int], free: Sequence[bool], added: Mapping[int, float], positions: int = 1
) -> Loss | None:
    """The loss of some numbers, given with their columns, that others are in sum, given with the factor of each.

    `free` says which numbers depend on no parameter: targets are among those. Of outputs at several `positions` the
    columns are those of one kernel after the other.
    """
    for whole in (True, False):
        try:
            reader = _Reader(tape, columns, free, whole, positions)
            return matched(reader.read(added), reader.width, reader.seen, positions)
        except UnknownLossError:
            continue
    return None


class _Reader:
    """The terms of a number; `whole` takes what depends on no parameter as one target, else it is multiplied out."""

    def __init__(
        self, tape: Tape, columns: Mapping[int, int], free: Sequence[bool], whole: bool, positions: int
    ) -> None:
        self.tape, self.columns, self.free, self.whole, self.positions = tape, columns, free, whole, positions
        self.width = len(set(columns.values()))
        self.most = EACH * (self.width + 1)
        self.seen = Seen({}, {}, {})

    def read(self, added: Mapping[int, float]) -> Terms:
        """The terms of a sum of numbers, each times a factor, worked out inputs first."""
        needed: dict[int, list[int]] = {}
        waiting = list(added)
        while waiting:
            number = waiting.pop()
            if number not in needed:
                needed[number] = self._inputs(number)
                waiting.extend(needed[number])
        found: dict[int, Terms] = {}
        for number in sorted(needed):
            found[number] = self._terms(number, [found[x] for x in needed[number]])
        return self._sum([scaled(found[number], factor) for number, factor in added.items()])

    def _inputs(self, number: int) -> list[int]:
        """The numbers whose terms are needed for that one."""
        if number in self.columns:
            return []
        entry = self.tape.entry(number)
        if entry is None and not self.free[number]:
            raise UnknownLossError  # a parameter is in no loss; found here, little else of the graph is looked at
        if entry is None or self._is_constant(number) or self._is_target(number, entry):
            return []
        if entry.op in _LOGARITHMS:
            return [part.number for part in self._parts(entry) if part.kind is not LSE]
        positive = self._positive_part(entry)
        if positive:
            return [positive.number]
        if entry.op in (*ARITHMETIC, ABS, EXP):
            return list(entry.inputs)
        raise UnknownLossError

    def _is_constant(self, number: int) -> bool:
        return constant_of(self.tape, number) is not None

    def _is_target(self, number: int, entry: Entry) -> bool:
        """Whether an operation is taken as one target; else it is multiplied out."""
        if not self.free[number]:
            return False
        if self.whole:
            scaled = entry.op in (NEG, SAME) or (entry.op in (MUL, DIV) and any(map(self._is_constant, entry.inputs)))
            return not scaled
        return entry.op not in ARITHMETIC

    def _terms(self, number: int, inputs: Sequence[Terms]) -> Terms:
        """The terms of a number, from those of what `_inputs` gives for it."""
        if number in self.columns:
            return {(("y", self.columns[number]),): 1.0}
        constant = constant_of(self.tape, number)
        if constant is not None:
            return {(): constant}
        entry = self.tape.entry(number)
        if entry is None or self._is_target(number, entry):
            if entry is not None and entry.op is LOG:
                self.seen.logs[entry.inputs[0]] = number
            return {(("t", number),): 1.0}
        if entry.op in _LOGARITHMS:
            return self._logarithm(self._parts(entry), iter(inputs))
        positive = self._positive_part(entry)
        if positive:
            return self._hinge(inputs[0]) if () in inputs[0] else self._relu(inputs[0], positive.slope)
        if entry.op in (ABS, EXP):
            return self._of_output(entry.op.name, inputs[0])
        return self._checked(multiplied_out(entry.op, inputs, self.most))

    def _logarithm(self, parts: Sequence[_Part], inputs: Iterator[Terms]) -> Terms:
        """The terms of a logarithm from those of its parts, in order."""
        found: list[Terms] = []
        for sign, kind, number in parts:
            terms: Terms = {(log_sum(number),): 1.0} if kind is LSE else next(inputs)
            found.append(scaled(self._softplus(terms) if kind is SOFTPLUS else terms, sign))
        return self._sum(found)

    def _of_output(self, name: str, inner: Terms) -> Terms:
        """|y|, which is |−y|, or e^y."""
        for key, x in inner.items():
            if len(inner) == 1 == len(key) and key[0][0] == "y" and (x == 1 or (x == -1 and name == "abs")):
                return {((name, key[0][1]),): 1.0}
        raise UnknownLossError

    def _softplus(self, inner: Terms) -> Terms:
        """The softplus of y or −|y|, or of −t·y; of −y it is softplus(y) − y, and that of t·y is told in the same way.

        That of −|y| is softplus(y) − max(0, y), but not where y is 0: there |y| has no slope.
        """
        for key, x in inner.items() if len(inner) == 1 else ():
            kinds = [kind for kind, _ in key]
            if kinds == ["abs"] and x == -1:
                return {(("softplus of −|y|", key[0][1]),): 1.0}
            if abs(x) == 1 and kinds in (["y"], ["t", "y"]):
                known, column = x if kinds == ["y"] else -x, key[-1][1]
                if kinds != ["y"]:
                    self._note_target(column, key[0][1])
                made: Terms = {(("softplus" if kinds == ["y"] else "logistic", column),): 1.0}
                return made if known == 1 else self._sum([made, inner])
        raise UnknownLossError

    def _relu(self, inner: Terms, slope: float) -> Terms:
        """max(0, y), or max(0, −y) = max(0, y) − y, with its slope at 0."""
        (key, x), *others = inner.items()
        if others or [kind for kind, _ in key] != ["y"] or abs(x) != 1:
            raise UnknownLossError
        own, column = slope if x == 1 else 1 - slope, key[0][1]
        if self.seen.slopes.setdefault(column, own) != own:
            raise UnknownLossError
        made: Terms = {(("relu", column),): 1.0}
        return made if x == 1 else self._sum([made, inner])

    def _positive_part(self, entry: Entry) -> _Positive | None:
        """What an operation is the positive part of, max(0, x), with its slope at 0; None for any other."""
        if entry.op is RELU:
            return _Positive(entry.inputs[0], 0.0)
        if entry.op is MAX and len(entry.inputs) == 2:
            for place, number in enumerate(entry.inputs):
                if constant_of(self.tape, number) == 0:
                    return _Positive(entry.inputs[1 - place], float(place))
        return None

    def _hinge(self, inner: Terms) -> Terms:
        """max(0, 1 − t·y), of terms that have to be 1 − t·y."""
        slopes = {key: x for key, x in inner.items() if key}
        if inner.get(()) != 1 or list(slopes.values()) != [-1]:
            raise UnknownLossError
        (factors,) = slopes
        if [kind for kind, _ in factors] != ["t", "y"]:
            raise UnknownLossError
        (_, target), (_, column) = factors
        self._note_target(column, target)
        return {(("hinge", column),): 1.0}

    def _note_target(self, column: int, target: int) -> None:
        """Note the t of a t·y."""
        if self.seen.margins.setdefault(column, target) != target:
            raise UnknownLossError

    def _lse(self, exponents: Mapping[int, bool], count: int) -> _Part:
        """log Σ e^y, where it is that of every column of a position once; log(1 + e^x) as the softplus of x.

        The exponents are given with whether they are 0; there are so many.
        """
        zeros = list(exponents.values())
        if count == 2 and sorted(zeros) == [False, True]:
            return _Part(1.0, SOFTPLUS, next(x for x, zero in exponents.items() if not zero))
        columns = sorted(self.columns.get(x, -1) for x in exponents)
        if len(columns) < count or columns != list(range(columns[0] % self.positions, self.width, self.positions)):
            raise UnknownLossError
        return _Part(1.0, LSE, columns[0])

    def _parts(self, entry: Entry) -> list[_Part]:
        """A softplus, a log Σ e^x or a logarithm as a sum."""
        if entry.op is SOFTPLUS:
            return [_Part(1.0, SOFTPLUS, entry.inputs[0])]
        if entry.op is LSE:
            return [self._lse({x: constant_of(self.tape, x) == 0 for x in entry.inputs}, len(entry.inputs))]
        return self._logarithms(entry.inputs[0])

    def _logarithms(self, number: int) -> list[_Part]:
        """The logarithm of a number as a sum.

        log σ(y) is y − softplus(y), and log(1 − σ(y)) is −softplus(y).
        """
        y = self._logit(number)
        if y is not None:
            return [_Part(1.0, None, y), _Part(-1.0, SOFTPLUS, y)]
        difference, power, quotient = (self._inputs_of(number, op) for op in (SUB, EXP, DIV))
        y = self._logit(difference[1]) if difference and self._is_one(difference[0]) else None
        if y is not None:
            return [_Part(-1.0, SOFTPLUS, y)]
        if power:
            return [_Part(1.0, None, power[0])]
        if quotient and not any(self._inputs_of(x, DIV) for x in quotient):
            above, below = map(self._logarithms, quotient)
            return [*above, *(part._replace(sign=-part.sign) for part in below)]
        added = list(self._added(number))
        return [self._lse({self._exponent(x): self._is_one(x) for x in added}, len(added))]

    def _inputs_of(self, number: int, op: Op) -> tuple[int, ...]:
        """The inputs of a number that is computed by that operation; none of any other."""
        entry = self.tape.entry(number)
        return entry.inputs if entry is not None and entry.op is op else ()

    def _is_one(self, number: int) -> bool:
        return constant_of(self.tape, number) == 1

    def _logit(self, number: int) -> int | None:
        """What a number is the sigmoid of, also where that is written 1/(1 + e^−y)."""
        found = self._inputs_of(number, SIGMOID)
        if found:
            return found[0]
        quotient = self._inputs_of(number, DIV)
        below = quotient[1:] if quotient and self._is_one(quotient[0]) else self._inputs_of(number, INV)
        terms = self._inputs_of(below[0], ADD) if below else ()
        powers = [x for x in terms if not self._is_one(x)]
        exponent = self._exponent(powers[0]) if len(powers) == 1 == len(terms) - 1 else -1
        return next(iter(self._inputs_of(exponent, NEG)), None)

    def _added(self, number: int) -> Iterator[int]:
        """The terms of a sum of sums."""
        waiting = [number]
        while waiting:
            x = waiting.pop()
            inside = self._inputs_of(x, ADD)
            if inside:
                waiting.extend(inside)
            else:
                yield x

    def _exponent(self, number: int) -> int:
        """The exponent of a power of e; −1 of any other number."""
        return next(iter(self._inputs_of(number, EXP)), -1)

    def _sum(self, parts: Sequence[Terms]) -> Terms:
        """The terms of a sum."""
        return self._checked(summed(parts))

    def _checked(self, terms: Terms | None) -> Terms:
        if terms is None or len(terms) > self.most:
            raise UnknownLossError
        return terms
