"""Losses recognised from what the graph computes: the output as a polynomial in outputs, targets and a few functions.

However a loss is written (in one sum or in many, with a mean or a half), multiplied out it is the same polynomial.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import fsum, isclose
from typing import NamedTuple

from micrograd_es.ops import ADD, DIV, EXP, INV, LOG, LSE, MUL, NEG, POW, SAME, SIGMOID, SOFTPLUS, SUB
from micrograd_es.program.tape import Entry, Tape

Atom = tuple[str, int]  # ("y", column), ("t", number), ("softplus", column), ("lse", 0)
Terms = dict[tuple[Atom, ...], float]  # the factors of each product, in order, with what it is multiplied by
Target = int | float  # the number of a target on the tape, or (as a float) what it is

_LSE: Atom = ("lse", 0)
_ARITHMETIC = (ADD, SUB, NEG, MUL, DIV, POW, SAME)


class Loss(NamedTuple):
    """A loss that was recognised, `scale` times as large, with the target of each column.

    `kind` is "softmax cross-entropy", "squared error" or "binary cross-entropy"; `exact` says whether a softmax
    cross-entropy is −Σ t·log p also where the targets do not sum to 1; else it is log Σ e^y − Σ t·y.
    """

    kind: str
    scale: float
    targets: Sequence[Target]
    exact: bool = True

    @property
    def known(self) -> bool:
        """Whether the targets are numbers that the function itself has."""
        return all(isinstance(t, float) for t in self.targets)


class _UnknownError(Exception):
    """The output is none of the polynomials that are looked for."""


def loss_of(tape: Tape, columns: Mapping[int, int], free: Sequence[bool]) -> Loss | None:
    """The loss that the single output of a tape is of some numbers, given with the column of each.

    `free` says which numbers depend on no parameter: targets are among those.
    """
    for whole in (True, False):
        try:
            return _matched(_Reader(tape, columns, free, whole).read(tape.outputs[0]), len(set(columns.values())))
        except _UnknownError:
            continue
    return None


class _Reader:
    """The terms of a number; `whole` takes what depends on no parameter as one target, else it is multiplied out."""

    def __init__(self, tape: Tape, columns: Mapping[int, int], free: Sequence[bool], whole: bool) -> None:
        self.tape, self.columns, self.free, self.whole = tape, columns, free, whole
        self.width = len(set(columns.values()))

    def read(self, output: int) -> Terms:
        """The terms of the output, worked out inputs first."""
        needed: dict[int, list[int]] = {}
        waiting = [output]
        while waiting:
            number = waiting.pop()
            if number not in needed:
                needed[number] = self._inputs(number)
                waiting.extend(needed[number])
        found: dict[int, Terms] = {}
        for number in sorted(needed):
            found[number] = self._terms(number, [found[x] for x in needed[number]])
        return found[output]

    def _inputs(self, number: int) -> list[int]:
        """The numbers whose terms are needed for that one."""
        if number in self.columns:
            return []
        entry = self.tape.entry(number)
        if entry is None and not self.free[number]:
            raise _UnknownError  # a parameter is in no loss; found here, little else of the graph is looked at
        if entry is None or self._is_constant(number) or self._is_target(number, entry):
            return []
        if entry.op in (LSE, SOFTPLUS):
            return []
        if entry.op is LOG:
            return [x for _, x in self._logarithms(entry.inputs[0]) if x >= 0]
        if entry.op in _ARITHMETIC:
            return list(entry.inputs)
        raise _UnknownError

    def _constant(self, number: int) -> float | None:
        """A constant, or the quotient of two (1/2, by which a sum multiplies)."""
        if self.tape.first_constant <= number < self.tape.first_entry:
            return self.tape.constants[number - self.tape.first_constant]
        entry = self.tape.entry(number)
        if entry is None or entry.op not in (DIV, INV):
            return None
        if not all(self.tape.first_constant <= x < self.tape.first_entry for x in entry.inputs):
            return None
        numbers = [self.tape.constants[x - self.tape.first_constant] for x in entry.inputs]
        above, below = numbers if entry.op is DIV else (1.0, numbers[0])
        return above / below if below else None

    def _is_constant(self, number: int) -> bool:
        return self._constant(number) is not None

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
        constant = self._constant(number)
        if constant is not None:
            return {(): constant}
        entry = self.tape.entry(number)
        if entry is None or self._is_target(number, entry):
            if not self.free[number]:
                raise _UnknownError
            return {(("t", number),): 1.0}
        if entry.op is LSE:
            return self._lse(entry.inputs)
        if entry.op is SOFTPLUS and entry.inputs[0] in self.columns:
            return {(("softplus", self.columns[entry.inputs[0]]),): 1.0}
        if entry.op is LOG:
            terms = iter(inputs)
            parts = self._logarithms(entry.inputs[0])
            return self._sum([_scaled(next(terms) if x >= 0 else {(_atom(x),): 1.0}, sign) for sign, x in parts])
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
        raise _UnknownError

    def _lse(self, inputs: Sequence[int]) -> Terms:
        """log Σ e^y, where it is that of every column once."""
        if sorted(self.columns.get(x, -1) for x in inputs) != list(range(self.width)):
            raise _UnknownError
        return {(_LSE,): 1.0}

    def _logarithms(self, number: int) -> list[tuple[float, int]]:
        """The logarithm of a number as a sum: signs and numbers, or what is below 0 for an atom.

        log σ(y) is y − softplus(y), and log(1 − σ(y)) is −softplus(y).
        """
        entry = self.tape.entry(number)
        if entry is not None and entry.op is SIGMOID:
            return [(1.0, entry.inputs[0]), (-1.0, self._softplus(entry))]
        if entry is not None and entry.op is SUB:
            one, rest = entry.inputs
            inner = self.tape.entry(rest)
            if inner and inner.op is SIGMOID and self._is_constant(one) and self._terms(one, []) == {(): 1.0}:
                return [(-1.0, self._softplus(inner))]
        if entry is not None and entry.op is EXP:
            return [(1.0, entry.inputs[0])]
        if entry is not None and entry.op is DIV and not any(map(self._is_quotient, entry.inputs)):
            above, below = map(self._logarithms, entry.inputs)
            return [*above, *((-sign, x) for sign, x in below)]
        self._lse([self._exponent(x) for x in self._added(number)])
        return [(1.0, -1)]

    def _is_quotient(self, number: int) -> bool:
        entry = self.tape.entry(number)
        return entry is not None and entry.op is DIV

    def _softplus(self, entry: Entry) -> int:
        """How softplus of what a sigmoid is of stands in a list of numbers."""
        if entry.inputs[0] not in self.columns:
            raise _UnknownError
        return -2 - self.columns[entry.inputs[0]]

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
            raise _UnknownError
        found: Terms = {}
        for a, x in left.items():
            for b, y in right.items():
                key = tuple(sorted((*a, *b)))
                found[key] = found.get(key, 0.0) + x * y
        return self._checked(found)

    def _checked(self, terms: Terms) -> Terms:
        if len(terms) > 16 * self.width + 16:
            raise _UnknownError
        return terms


def _atom(code: int) -> Atom:
    """What a number below 0 stands for: −1 for log Σ e^y, −2 − column for softplus."""
    return _LSE if code == -1 else ("softplus", -2 - code)


def _scaled(terms: Terms, by: float) -> Terms:
    return {key: x * by for key, x in terms.items()}


# The polynomials that are looked for


def _softmax(targets: Sequence[Terms], exact: bool) -> Iterator[Terms]:
    """−Σ t·(y − log Σ e^y), or log Σ e^y − Σ t·y."""
    for column, t in enumerate(targets):
        yield _times(t, [("y", column)], -1.0)
        if exact:
            yield _times(t, [_LSE], 1.0)
    if not exact:
        yield {(_LSE,): 1.0}


def _squares(targets: Sequence[Terms]) -> Iterator[Terms]:
    for column, t in enumerate(targets):
        y: Atom = ("y", column)
        yield {(y, y): 1.0}
        yield _times(t, [y], -2.0)
        ((factors, x),) = t.items()
        yield {factors * 2: x * x}


def _binary(targets: Sequence[Terms]) -> Iterator[Terms]:
    for column, t in enumerate(targets):
        yield {(("softplus", column),): 1.0}
        yield _times(t, [("y", column)], -1.0)


def _times(terms: Terms, factors: Sequence[Atom], by: float) -> Terms:
    return {tuple(sorted((*key, *factors))): x * by for key, x in terms.items()}


def _matched(terms: Terms, width: int) -> Loss:
    """Which loss the terms are."""
    y: Atom = ("y", 0)
    kinds: list[tuple[str, float, float, bool, Callable[[Sequence[Terms]], Iterator[Terms]]]] = [
        ("squared error", terms.get((y, y), 0.0), -2.0, True, _squares),
        ("binary cross-entropy", terms.get((("softplus", 0),), 0.0), -1.0, True, _binary),
    ]
    if any(_LSE in key for key in terms):
        own = [-x for key, x in terms.items() if y in key and key != (y,)]
        scale = terms.get((_LSE,), own[0] if own else 0.0)
        kinds.append(("softmax cross-entropy", scale, -1.0, True, lambda ts: _softmax(ts, True)))
        kinds.append(("softmax cross-entropy", scale, -1.0, False, lambda ts: _softmax(ts, False)))
    for kind, scale, slope, exact, polynomial in kinds:
        if scale > 0:
            targets = _targets(terms, width, scale * slope)
            if _same(terms, polynomial([_target_terms(t) for t in targets]), scale) and _is_told(kind, targets):
                return Loss(kind, scale, targets, exact)
    raise _UnknownError


def _is_told(kind: str, targets: Sequence[Target]) -> bool:
    """Whether a square or a softplus has something subtracted, and known probabilities sum to 1."""
    numbers = [t for t in targets if isinstance(t, float)]
    if numbers and len(numbers) < len(targets):
        return False
    if kind == "softmax cross-entropy":
        return not numbers or isclose(fsum(numbers), 1.0, rel_tol=1e-9)
    return not numbers or any(numbers)


def _target_terms(target: Target) -> Terms:
    return {(): target} if isinstance(target, float) else {(("t", target),): 1.0}


def _targets(terms: Terms, width: int, slope: float) -> list[Target]:
    """What stands with each column: a number of the tape, or what it is."""
    found: list[Target] = [terms.get((("y", column),), 0.0) / slope + 0.0 for column in range(width)]
    for key in terms:
        if len(key) == 2 and key[0][0] == "t" and key[1][0] == "y":
            found[key[1][1]] = key[0][1]
    return found


def _same(terms: Terms, expected: Iterator[Terms], scale: float) -> bool:
    rest = dict(terms)
    for part in expected:
        for key, x in part.items():
            rest[key] = rest.get(key, 0.0) - scale * x
    size = max(map(abs, terms.values()), default=0.0)
    return all(abs(x) <= 1e-12 * max(size, scale) for x in rest.values())
