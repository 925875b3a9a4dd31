"""How arrays can read the rules of a row of the table: as a formula, as they are, or one number at a time.

Most rules are arithmetic and functions of the maths. One that asks what its input is (`x if x > 0 else 0`) is read on
every way through its questions. What calls functions that are made for numbers (`math.erf(x)`) has no answer for a
whole array: it is called for each number. So is a rule of the user that gives arrays something else than numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from micrograd_es import ops
from micrograd_es.maths import NUMBERS
from micrograd_es.ops import MISTAKES, Op, local_or_none
from micrograd_es.program.arrays import ARRAYS
from micrograd_es.program.branches import without_branches
from micrograd_es.symbols import LONGEST, Symbol, SymbolMaths, parts_of, symbol

TRIES = 12  # of a rule of the user with arrays
BESIDE = (-2.5, -0.7, 0.0, 0.4, 1.0, 3.0)  # what it is tried with, with some numbers of its domain


class Rules(NamedTuple):
    """The rules of a row for arrays; a `formula` gives NumPy code, one `by_number` is called for each number."""

    forward: Callable[..., Any]
    local: Callable[..., Any]
    formula: bool
    by_number: bool = False


@cache
def rules_of(op: Op, inputs: int) -> Rules:
    """How arrays read a row that has so many inputs."""
    of_the_table = op.forward.__module__ == op.local.__module__ == ops.__name__
    found = (rules for rules in _readings(op, inputs) if of_the_table or _agree(rules, op, inputs))
    return next(found, None) or Rules(*_one_by_one(op), False, True)


def _readings(op: Op, inputs: int) -> Iterator[Rules]:
    """The ways in which arrays may read the rules of a row, the best first."""
    parts = _parts(op, inputs) if inputs <= LONGEST else []
    if parts and all(map(_is_code, parts)):
        yield Rules(op.forward, op.local, True)
    if inputs <= LONGEST:
        names = [f"x{i}" for i in range(inputs)]
        with suppress(Exception):  # a rule is the user's code: anything may go wrong where it expects a number
            result, forward = without_branches(op.forward, names)
            slopes, local = without_branches(op.local, ["z", *names])
            if all(parts and all(map(_is_code, parts)) for parts in (parts_of(result), parts_of(slopes))):
                yield Rules(_quiet(forward), _quiet(local), True)
    z, *xs = [_Probe() for _ in range(inputs + 1)]  # each its own: z would be found among xs without a question
    try:
        op.forward(_ProbeMaths(), *xs)
        found = op.local(_ProbeMaths(), z, *xs)
    except Exception:  # as above
        return
    if any(slope is None for slope in found):
        yield Rules(op.forward, _with_nan(op), False)
    elif all(isinstance(part.form, str | int | float) for part in parts):  # arrays and Fractions do not mix
        yield Rules(op.forward, op.local, False)


def _agree(rules: Rules, op: Op, inputs: int) -> bool:
    """Whether a rule of the user gives arrays what it gives numbers: it may ask what kind of thing its input is.

    There are several rows and examples, as in a program: np.sum(xs) adds them up, too. Every second input is the same
    for all examples.
    """
    tried = _tried(op, inputs)
    if not tried:
        return True
    given, expected = (np.array(part, float).T[:, :, None] for part in zip(*tried, strict=True))
    z, *xs = [np.repeat(x, 1 + (place % 2 == 0), axis=1) for place, x in enumerate([expected[0], *given])]
    if inputs == 1:
        xs = [np.repeat(xs[0], 2, axis=1)]
    try:
        with np.errstate(all="ignore"):
            found = [rules.forward(ARRAYS, *xs), *rules.local(ARRAYS, z, *xs)]
            numbers = [np.broadcast_to(np.asarray(x, float), z.shape) for x in found]
    except Exception:  # it cannot read them
        return False
    told = ~np.isnan(expected)
    return all(
        np.allclose(x[known[:, 0]], y[known[:, 0]], rtol=1e-9, atol=1e-12)
        for x, y, known in zip(numbers, expected, told, strict=False)
    )


def _tried(op: Op, inputs: int) -> list[tuple[list[float], list[float]]]:
    """Numbers for which a rule has a result, and that with its local gradients: NaN where it has none."""
    intervals = [*op.domain] * inputs
    found = []
    for i in range(TRIES):
        xs = []
        for j, (low, high) in enumerate(intervals[:inputs]):
            inside = [low + (high - low) * part for part in (0.03, 0.21, 0.5, 0.77, 0.98)]
            xs.append([*inside, *BESIDE][(i * (j + 2) + 3 * j) % (len(inside) + len(BESIDE))])
        with suppress(Exception), np.errstate(all="ignore"):  # it has no result there
            z = op.forward(NUMBERS, *xs)
            slopes = local_or_none(op, NUMBERS, z, tuple(xs), True)
            found.append((xs, [float(z), *(np.nan if slope is None else float(slope) for slope in slopes)]))
    return found


def _parts(op: Op, inputs: int) -> list[Symbol]:
    """All parts of the rules of a row; none where symbols cannot read them, or they are not worth writing."""
    maths, (z, *xs) = SymbolMaths(), [Symbol("x") for _ in range(inputs + 1)]
    try:
        return parts_of([*map(symbol, [op.forward(maths, *xs), *op.local(maths, z, *xs)])]) or []
    except Exception:  # as above
        return []


def _is_code(part: Symbol) -> bool:
    """Whether a part of a formula is code for NumPy: a call of a function that the arrays have, of numbers.

    What compares is true or false there, and can be multiplied, or added to a number.
    """
    form, parts = part.form, part.parts
    if not isinstance(form, str | int | float) or (isinstance(form, float) and not isfinite(form)):
        return False  # has no name
    if form in ("max", "min") and len(parts) > 2:
        return False
    asks = [_compares(x) for x in parts]
    return form == "*" or not any(asks) or (form in ("+", "-") and any(isinstance(x.form, int | float) for x in parts))


def _compares(part: Symbol) -> bool:
    return part.form in ("step", "is", "is not") or (part.form == "*" and all(map(_compares, part.parts)))


def _quiet(rule: Callable[..., Any]) -> Callable[..., Any]:
    """A rule that computes on ways that are not taken, too: 1/x also where x is 0."""

    def read(m: Any, *xs: Any) -> Any:
        with np.errstate(all="ignore"):
            return rule(m, *xs)

    return read


def _with_nan(op: Op) -> Callable[..., Any]:
    """The local gradients of a row that has none along some of its inputs: NaN there."""

    def local(m: Any, z: Any, *xs: Any) -> tuple[Any, ...]:
        return tuple(np.nan if slope is None else slope for slope in op.local(m, z, *xs))

    return local


class _AsksError(TypeError):
    """A rule asked what its input is."""


class _Probe:
    """An input that can be computed with, and of which nothing can be asked."""

    def _same(self, *_: Any) -> _Probe:
        return self

    def _asks(self, *_: Any) -> bool:
        raise _AsksError("the rule asks what its input is")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _same
    __pow__ = __rpow__ = __neg__ = __abs__ = _same

    def __array_ufunc__(self, *_: Any, **__: Any) -> _Probe:
        return self  # NumPy's functions take arrays

    __bool__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = _asks
    __hash__ = None  # type: ignore[assignment]


class _ProbeMaths:
    """A maths whose functions give such an input, or as many as they were given."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name in ("others", "first", "shares"):
            return lambda *xs: tuple(_Probe() for _ in xs[-1])
        return lambda *_: _Probe()


def _one_by_one(op: Op) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The rules of a row for arrays, called for one number after the other; NaN where they give no real number."""

    def forward(_: Any, *xs: Any) -> Any:
        shape, columns = _flat(xs)
        return np.array([_number(op.forward, given) for given in zip(*columns, strict=True)]).reshape(shape)

    def local(_: Any, z: Any, *xs: Any) -> Any:
        shape, columns = _flat((z, *xs))
        found = np.empty((len(xs), len(columns[0])))
        for place, (first, *rest) in enumerate(zip(*columns, strict=True)):
            found[:, place] = _slopes(op, first, rest)
        return tuple(found.reshape(len(xs), *shape))

    return forward, local


def _flat(xs: Sequence[Any]) -> tuple[tuple[int, ...], list[list[float]]]:
    """The shape of some arrays together, and their numbers."""
    arrays = np.broadcast_arrays(*xs)
    return arrays[0].shape, [x.astype(float).reshape(-1).tolist() for x in arrays]


def _number(rule: Callable[..., Any], xs: Sequence[float]) -> float:
    """What a rule gives for numbers; NaN where it gives none."""
    try:
        return float(rule(NUMBERS, *xs))
    except MISTAKES:
        raise
    except Exception:  # of any other kind: what is wrong is told where the example is run again
        return float("nan")


def _slopes(op: Op, z: float, xs: list[float]) -> list[float]:
    """The local gradients of a row for numbers; NaN where it gives none."""
    try:
        slopes = local_or_none(op, NUMBERS, z, tuple(xs), True)
    except MISTAKES:
        raise
    except Exception:  # as above
        slopes = (None,) * len(xs)
    return [float("nan") if slope is None else float(slope) for slope in slopes]
