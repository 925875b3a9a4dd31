"""Losses recognised from what the graph computes: the output as a polynomial in outputs, targets and a few functions.

However a loss is written (in one sum or in many, with a mean or a half), multiplied out it is the same polynomial.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from micrograd_es.ops import ADD, DIV, EXP, INV, LOG, LSE, MAX, MUL, NEG, POW, RELU, SAME, SIGMOID, SOFTPLUS, SUB
from micrograd_es.program.explaining.constants import constant_of
from micrograd_es.program.explaining.loss_kinds import Atom, Loss, Terms, UnknownLossError, log_sum, matched
from micrograd_es.program.tape import Entry, Tape

_ARITHMETIC = (ADD, SUB, NEG, MUL, DIV, POW, SAME)


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
            return matched(reader.read(added), reader.width, reader.margins, reader.logs, positions)
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
        self.logs: dict[int, int] = {}  # of targets
        self.margins: dict[int, int] = {}  # t by the column of y, of each max(0, 1 − t·y)

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
        return self._sum([_scaled(found[number], factor) for number, factor in added.items()])

    def _inputs(self, number: int) -> list[int]:
        """The numbers whose terms are needed for that one."""
        if number in self.columns:
            return []
        entry = self.tape.entry(number)
        if entry is None and not self.free[number]:
            raise UnknownLossError  # a parameter is in no loss; found here, little else of the graph is looked at
        if entry is None or self._is_constant(number) or self._is_target(number, entry):
            return []
        if entry.op in (LSE, SOFTPLUS):
            return []
        if self._is_positive_part(entry):
            return [entry.inputs[-1]]
        if entry.op is LOG:
            return [x for _, x in self._logarithms(entry.inputs[0]) if isinstance(x, int)]
        if entry.op in _ARITHMETIC:
            return list(entry.inputs)
        raise UnknownLossError

    def _is_constant(self, number: int) -> bool:
        return constant_of(self.tape, number) is not None

    def _is_target(self, number: int, entry: Entry) -> bool:
        if not self.free[number]:
            return False
        if self.whole:
            scaled = entry.op in (NEG, SAME) or (entry.op in (MUL, DIV) and any(map(self._is_constant, entry.inputs)))
            return not scaled
        return entry.op not in _ARITHMETIC

    def _terms(self, number: int, inputs: Sequence[Terms]) -> Terms:
        if number in self.columns:
            return {(("y", self.columns[number]),): 1.0}
        constant = constant_of(self.tape, number)
        if constant is not None:
            return {(): constant}
        entry = self.tape.entry(number)
        if entry is None or self._is_target(number, entry):
            if not self.free[number]:
                raise UnknownLossError
            if entry is not None and entry.op is LOG:
                self.logs[entry.inputs[0]] = number
            return {(("t", number),): 1.0}
        if entry.op is LSE:
            return {(self._lse(entry.inputs),): 1.0}
        if self._is_positive_part(entry):
            return self._hinge(inputs[0])
        if entry.op is SOFTPLUS and entry.inputs[0] in self.columns:
            return {(("softplus", self.columns[entry.inputs[0]]),): 1.0}
        if entry.op is LOG:
            terms = iter(inputs)
            parts = self._logarithms(entry.inputs[0])
            return self._sum([_scaled(next(terms) if isinstance(x, int) else {(x,): 1.0}, sign) for sign, x in parts])
        return self._arithmetic(entry, inputs)

    def _arithmetic(self, entry: Entry, inputs: Sequence[Terms]) -> Terms:
        op = entry.op
        if op in (ADD, SAME):
            return self._sum(inputs)
        if op is SUB:
            return self._sum([inputs[0], _scaled(inputs[1], -1.0)])
        if op is NEG:
            return _scaled(inputs[0], -1.0)
        if op is MUL:
            product = inputs[0]
            for factor in inputs[1:]:
                product = self._product(product, factor)
            return product
        if op is DIV and set(inputs[1]) == {()} and inputs[1][()]:
            return _scaled(inputs[0], 1 / inputs[1][()])
        if op is POW and inputs[1] == {(): 2.0}:
            return self._product(inputs[0], inputs[0])
        raise UnknownLossError

    def _is_positive_part(self, entry: Entry) -> bool:
        """Whether an operation is max(0, x), whose slope at 0 is that of relu: 0."""
        first, pair = entry.inputs[0], len(entry.inputs) == 2
        return entry.op is RELU or (entry.op is MAX and pair and constant_of(self.tape, first) == 0)

    def _hinge(self, inner: Terms) -> Terms:
        """max(0, 1 − t·y), of terms that have to be 1 − t·y."""
        slopes = {key: x for key, x in inner.items() if key}
        if inner.get(()) != 1 or list(slopes.values()) != [-1]:
            raise UnknownLossError
        (factors,) = slopes
        if [kind for kind, _ in factors] != ["t", "y"] or factors[1][1] in self.margins:
            raise UnknownLossError
        (_, target), (_, column) = factors
        self.margins[column] = target
        return {(("hinge", column),): 1.0}

    def _lse(self, inputs: Sequence[int]) -> Atom:
        """log Σ e^y, where it is that of every column of a position once."""
        columns = sorted(self.columns.get(x, -1) for x in inputs)
        if columns != list(range(columns[0] % self.positions, self.width, self.positions)):
            raise UnknownLossError
        return log_sum(columns[0])

    def _logarithms(self, number: int) -> list[tuple[float, int | Atom]]:
        """The logarithm of a number as a sum: signs and numbers, or atoms.

        log σ(y) is y − softplus(y), and log(1 − σ(y)) is −softplus(y).
        """
        entry = self.tape.entry(number)
        y = self._logit(number)
        if y is not None:
            return [(1.0, y), (-1.0, self._softplus(y))]
        if entry is not None and entry.op is SUB and self._is_one(entry.inputs[0]):
            y = self._logit(entry.inputs[1])
            if y is not None:
                return [(-1.0, self._softplus(y))]
        if entry is not None and entry.op is EXP:
            return [(1.0, entry.inputs[0])]
        if entry is not None and entry.op is DIV and not any(map(self._is_quotient, entry.inputs)):
            above, below = map(self._logarithms, entry.inputs)
            return [*above, *((-sign, x) for sign, x in below)]
        return [(1.0, self._lse([self._exponent(x) for x in self._added(number)]))]

    def _is_quotient(self, number: int) -> bool:
        entry = self.tape.entry(number)
        return entry is not None and entry.op is DIV

    def _is_one(self, number: int) -> bool:
        return constant_of(self.tape, number) == 1

    def _logit(self, number: int) -> int | None:
        """What a number is the sigmoid of, also where that is written 1/(1 + e^−y)."""
        entry = self.tape.entry(number)
        if entry is None or entry.op is SIGMOID:
            return entry.inputs[0] if entry else None
        if entry.op is not INV and not (entry.op is DIV and self._is_one(entry.inputs[0])):
            return None
        below = self.tape.entry(entry.inputs[-1])
        powers = [x for x in below.inputs if not self._is_one(x)] if below and below.op is ADD else []
        power = self.tape.entry(powers[0]) if below and len(powers) == 1 == len(below.inputs) - 1 else None
        inner = self.tape.entry(power.inputs[0]) if power and power.op is EXP else None
        return inner.inputs[0] if inner and inner.op is NEG else None

    def _softplus(self, y: int) -> Atom:
        """The softplus of an output."""
        if y not in self.columns:
            raise UnknownLossError
        return "softplus", self.columns[y]

    def _added(self, number: int) -> Iterator[int]:
        """The terms of a sum of sums."""
        waiting = [number]
        while waiting:
            x = waiting.pop()
            entry = self.tape.entry(x)
            if entry is not None and entry.op is ADD:
                waiting.extend(entry.inputs)
            else:
                yield x

    def _exponent(self, number: int) -> int:
        entry = self.tape.entry(number)
        return entry.inputs[0] if entry is not None and entry.op is EXP else -1

    def _sum(self, parts: Sequence[Terms]) -> Terms:
        total: Terms = {}
        for part in parts:
            for key, x in part.items():
                total[key] = total.get(key, 0.0) + x
        return self._checked(total)

    def _product(self, left: Terms, right: Terms) -> Terms:
        if len(left) * len(right) > 16 * self.width + 16:
            raise UnknownLossError
        found: Terms = {}
        for a, x in left.items():
            for b, y in right.items():
                key = tuple(sorted((*a, *b)))
                found[key] = found.get(key, 0.0) + x * y
        return self._checked(found)

    def _checked(self, terms: Terms) -> Terms:
        if len(terms) > 16 * self.width + 16:
            raise UnknownLossError
        return terms


def _scaled(terms: Terms, by: float) -> Terms:
    return {key: x * by for key, x in terms.items()}
