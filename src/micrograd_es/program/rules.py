"""How arrays can read the rules of a row of the table: as a formula, as they are, or one number at a time.

Most rules are arithmetic and functions of the maths. One that asks what its input is (`x if x > 0 else 0`), or calls
what is made for numbers (`math.erf(x)`), has no answer for a whole array: it is called for each number.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from micrograd_es.maths import NUMBERS
from micrograd_es.ops import Op, local_or_none
from micrograd_es.symbols import Symbol, SymbolMaths


class Rules(NamedTuple):
    """The rules of a row for arrays; where they are a `formula` they can be read with symbols as well."""

    forward: Callable[..., Any]
    local: Callable[..., Any]
    formula: bool


@cache
def rules_of(op: Op, inputs: int) -> Rules:
    """How arrays read a row that has so many inputs."""
    probe = _Probe()
    try:
        for maths, one in ((_ProbeMaths(), probe), (SymbolMaths(), Symbol("x"))):
            reading = one, [one] * inputs
            op.forward(maths, *reading[1])
            op.local(maths, *reading[:1], *reading[1])
    except Exception as error:  # a rule is the user's code: anything may go wrong where it expects a number
        asks = isinstance(error, _AsksError) or one is probe
        return Rules(*_one_by_one(op), False) if asks else Rules(op.forward, op.local, False)
    return Rules(op.forward, op.local, True)


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
            slopes = local_or_none(op, NUMBERS, first, tuple(rest))
            found[(slice(None), *place)] = [np.nan if slope is None else float(slope) for slope in slopes]
        return tuple(found)

    return forward, local


def _number(rule: Callable[..., Any], xs: list[float]) -> float:
    try:
        return float(rule(NUMBERS, *xs))
    except (ArithmeticError, ValueError, TypeError):  # TypeError: a complex number
        return float("nan")
