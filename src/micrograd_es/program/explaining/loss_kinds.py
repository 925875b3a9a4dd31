"""The losses that are looked for, as polynomials in outputs, targets and a few functions; see `loss_terms`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from math import fsum, isclose
from typing import NamedTuple

from micrograd_es.program.explaining.notation import ratio
from micrograd_es.program.explaining.polynomials import Atom, Terms, scaled, summed

# The atoms of a loss are ("y", column), ("t", number), a function of a column, and ("lse", position).
Target = int | float  # the number of a target on the tape, or (as a float) what it is

_FUNCTIONS = (  # of y, from which t·y is subtracted
    ("binary cross-entropy", ("softplus",)),
    ("binary cross-entropy", ("relu", "softplus of −|y|")),
    ("Poisson", ("exp",)),
)


def log_sum(position: int) -> Atom:
    """log Σ e^y of the outputs at a position.

    >>> log_sum(0)
    ('lse', 0)
    """
    return "lse", position


class Loss(NamedTuple):
    """A loss that was recognised, `scale` times as large, with the target of each column.

    `kind` is "softmax cross-entropy", "KL divergence" (of a softmax from the targets), "squared error",
    "binary cross-entropy", "Poisson", "hinge" or "logistic"; `exact` says whether a softmax cross-entropy is −Σ t·log p
    also where the targets do not sum to 1; else it is log Σ e^y − Σ t·y. It is divided by `over`, of outputs at so many
    positions. A binary cross-entropy of max(0, y) and |y| has the slope `at_zero` for σ(0) where y is 0.
    """

    kind: str
    scale: float
    targets: Sequence[Target]
    exact: bool = True
    over: int = 1
    at_zero: float | None = None

    @property
    def known(self) -> bool:
        """Whether the targets are numbers that the function itself has."""
        return all(isinstance(t, float) for t in self.targets)

    @property
    def sent(self) -> float:
        """What it is multiplied by in all."""
        return self.scale / self.over

    def at_each(self, positions: int) -> Loss:
        """The loss at each of several positions, divided by how many these are where it has that in its scale."""
        above, below = ratio(self.scale)
        if positions == 1 or int(below) % positions:
            return self
        return self._replace(scale=float(above) * positions / int(below), over=positions)


class Seen(NamedTuple):
    """What is seen in the graph of a loss beside its terms.

    `logs` has the logarithm of each target that has one; by column, `margins` has the target of each 1 − t·y or −t·y
    that a function is of, and `slopes` that of each max(0, y) where y is 0.
    """

    logs: dict[int, int]
    margins: dict[int, int]
    slopes: dict[int, float]


class UnknownLossError(Exception):
    """The output is none of the polynomials that are looked for."""


class _Candidate(NamedTuple):
    """A loss that terms may be, `scale` times as large: its terms by the targets, which y has times the `slope`."""

    kind: str
    scale: float
    slope: float
    terms: Callable[[Sequence[Terms]], Iterator[Terms]]
    exact: bool = True


def _softmax(positions: int, targets: Sequence[Terms], exact: bool = True) -> Iterator[Terms]:
    """−Σ t·(y − log Σ e^y), or log Σ e^y − Σ t·y, at all positions."""
    for column, t in enumerate(targets):
        yield _times(t, [("y", column)], -1.0)
        if exact:
            yield _times(t, [log_sum(column % positions)], 1.0)
    for position in range(0 if exact else positions):
        yield {(log_sum(position),): 1.0}


def _divergence(positions: int, logs: Mapping[int, int], targets: Sequence[Terms]) -> Iterator[Terms]:
    """Σ t·(log t − y + log Σ e^y); `logs` has the logarithms of targets."""
    yield from _softmax(positions, targets)
    for t in targets:
        for key in t:
            yield _times(t, [("t", logs.get(number, -1)) for _, number in key], 1.0)


def _squares(targets: Sequence[Terms]) -> Iterator[Terms]:
    """Σ (y − t)²."""
    for column, t in enumerate(targets):
        y: Atom = ("y", column)
        yield {(y, y): 1.0}
        yield _times(t, [y], -2.0)
        ((factors, x),) = t.items()
        yield {factors * 2: x * x}


def _less_products(functions: Sequence[str], targets: Sequence[Terms]) -> Iterator[Terms]:
    """Σ f(y) − t·y, of a function that is the sum of some."""
    for column, t in enumerate(targets):
        for name in functions:
            yield {((name, column),): 1.0}
        yield _times(t, [("y", column)], -1.0)


def _times(terms: Terms, factors: Sequence[Atom], by: float) -> Terms:
    return {tuple(sorted((*key, *factors))): x * by for key, x in terms.items()}


def matched(terms: Terms, width: int, seen: Seen, positions: int) -> Loss:
    """Which loss the terms are, of outputs with so many columns in all, or the sum of which at several positions."""
    if seen.margins:
        return _of_margins(terms, [seen.margins.get(column) for column in range(width)])
    for kind, scale, slope, expected, exact in _candidates(terms, seen, positions):
        if scale > 0:
            targets = _targets(terms, width, scale * slope)
            is_one = _same(terms, expected([_target_terms(t) for t in targets]), scale)
            if is_one and _is_told(kind, targets, positions):
                return _with_slopes(Loss(kind, scale, targets, exact), seen.slopes)
    raise UnknownLossError


def _candidates(terms: Terms, seen: Seen, positions: int) -> Iterator[_Candidate]:
    """The losses that terms without margins may be."""
    y: Atom = ("y", 0)
    yield _Candidate("squared error", terms.get((y, y), 0.0), -2.0, _squares)
    for kind, functions in _FUNCTIONS:
        yield _Candidate(kind, terms.get(((functions[0], 0),), 0.0), -1.0, partial(_less_products, functions))
    if any(log_sum(0) in key for key in terms):
        own = [-x for key, x in terms.items() if y in key and key != (y,)]
        scale = terms.get((log_sum(0),), own[0] if own else 0.0)
        softmax, divergence = partial(_softmax, positions), partial(_divergence, positions, seen.logs)
        yield _Candidate("softmax cross-entropy", scale, -1.0, softmax)
        yield _Candidate("softmax cross-entropy", scale, -1.0, partial(softmax, exact=False), exact=False)
        yield _Candidate("KL divergence", scale, -1.0, divergence)


def _with_slopes(loss: Loss, slopes: Mapping[int, float]) -> Loss:
    """A loss with the slope that it has where outputs are 0, if it is written with functions that have none there."""
    found = set(slopes.values())
    if len(found) > 1:
        raise UnknownLossError
    return loss._replace(at_zero=found.pop() if found else None)


def _of_margins(terms: Terms, targets: Sequence[int | None]) -> Loss:
    """Σ max(0, 1 − t·y) or Σ softplus(−t·y), which is all that the terms have to be."""
    known = [t for t in targets if t is not None]
    for kind in ("hinge", "logistic"):
        scale = terms.get(((kind, 0),), 0.0)
        every: list[Terms] = [{((kind, column),): 1.0} for column in range(len(targets))]
        if scale > 0 and len(known) == len(targets) and _same(terms, iter(every), scale):
            return Loss(kind, scale, known)
    raise UnknownLossError


def _is_told(kind: str, targets: Sequence[Target], positions: int) -> bool:
    """Whether a square or a softplus has something subtracted, known probabilities sum to 1, and counts are given."""
    numbers = [t for t in targets if isinstance(t, float)]
    if numbers and len(numbers) < len(targets):
        return False
    if kind == "Poisson":
        return not numbers
    if kind == "softmax cross-entropy":
        return not numbers or all(isclose(fsum(numbers[i::positions]), 1.0, rel_tol=1e-9) for i in range(positions))
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
    """Whether terms are some others, so many times as large, but for rounding."""
    rest = summed([terms, *[scaled(part, -scale) for part in expected]])
    size = max(map(abs, terms.values()), default=0.0)
    return all(abs(x) <= 1e-12 * max(size, scale) for x in rest.values())
