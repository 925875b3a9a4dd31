"""How arrays can read the rules of a row of the table: as a formula, as they are, or one number at a time.

Most rules are arithmetic and functions of the maths. One that asks what its input is (`x if x > 0 else 0`), or calls
what is made for numbers (`math.erf(x)`), has no answer for a whole array: it is called for each number.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from micrograd_es.maths import NUMBERS
from micrograd_es.ops import Op, local_or_none
from micrograd_es.symbols import LONGEST, Symbol, SymbolMaths, symbol


class Rules(NamedTuple):
    """The rules of a row for arrays; where they are a `formula`, that gives NumPy code."""

    forward: Callable[..., Any]
    local: Callable[..., Any]
    formula: bool


@cache
def rules_of(op: Op, inputs: int) -> Rules:
    """How arrays read a row that has so many inputs."""
    parts = _parts(op, inputs) if inputs <= LONGEST else []
    if parts and all(map(_is_code, parts)):
        return Rules(op.forward, op.local, True)
    z, *xs = [_Probe() for _ in range(inputs + 1)]  # each its own: z would be found among xs without a question
    try:
        op.forward(_ProbeMaths(), *xs)
        slopes = op.local(_ProbeMaths(), z, *xs)
    except Exception:  # a rule is the user's code: anything may go wrong where it expects a number
        return Rules(*_one_by_one(op), False)
    if any(slope is None for slope in slopes):
        return Rules(op.forward, _with_nan(op), False)
    if not all(isinstance(part.form, str | int | float) for part in parts):  # arrays and Fractions do not mix
        return Rules(*_one_by_one(op), False)
    return Rules(op.forward, op.local, False)


def _parts(op: Op, inputs: int) -> list[Symbol]:
    """All parts of the rules of a row; none where symbols cannot read them, or they are not worth writing.

    What a formula uses twice is written twice, so that of a rule that repeats a step is twice as long for each.
    """
    maths, (z, *xs) = SymbolMaths(), [Symbol("x") for _ in range(inputs + 1)]
    try:
        made = [op.forward(maths, *xs), *op.local(maths, z, *xs)]
    except Exception:  # as above
        return []
    found = list(map(symbol, made))
    for part in found:
        found += part.parts
        if len(found) > LONGEST:
            return []
    return found


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
        arrays = np.broadcast_arrays(*xs)
        found = np.empty(arrays[0].shape)
        for place in np.ndindex(found.shape):
            found[place] = _number(op.forward, [float(x[place]) for x in arrays])
        return found

    def local(_: Any, z: Any, *xs: Any) -> Any:
        arrays = np.broadcast_arrays(z, *xs)
        found = np.empty((len(xs), *arrays[0].shape))
        for place in np.ndindex(arrays[0].shape):
            first, *rest = (float(x[place]) for x in arrays)
            slopes = local_or_none(op, NUMBERS, first, tuple(rest), True)
            found[(slice(None), *place)] = [np.nan if slope is None else float(slope) for slope in slopes]
        return tuple(found)

    return forward, local


def _number(rule: Callable[..., Any], xs: list[float]) -> float:
    try:
        return float(rule(NUMBERS, *xs))
    except (ArithmeticError, ValueError, TypeError):  # TypeError: a complex number
        return float("nan")
