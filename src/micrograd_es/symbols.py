"""Formulas as text: the maths in which a number is a name and an operation is written down, not computed.

Reading a row of the table of operations with symbols gives its formula. The same formula is printed as Python
source (the eager path is compiled from it), as text for captions, and as LaTeX. With numbers put in for the names it
spells the arithmetic out, so what a figure shows under a graph is what was executed.

>>> x, y = Symbol("x"), Symbol("y")
>>> print((x + y) * x)
(x + y)·x
>>> print((x + y) * x, "=", ((x + y) * x).text({"x": "3", "y": "−4"}))
(x + y)·x = (3 + (−4))·3
>>> print((-(x / y ** 2)).latex())
-\\frac{x}{y^{2}}
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING, Any

from micrograd_es.notations import LATEX, SOURCE, TEXT, RowName, written

if TYPE_CHECKING:
    from micrograd_es.ops import Op

LONGEST = 400  # parts of a rule that is written as a formula
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


class Symbol:
    """A formula: a name, a number, or a form (`"+"`, `"exp"` …) over other formulas."""

    __slots__ = ("form", "parts")

    def __init__(self, form: object, parts: Sequence[object] = ()) -> None:
        self.form = form
        self.parts = tuple(map(symbol, parts))

    def __add__(self, other: object) -> Symbol:
        return _made("+", self, symbol(other))

    def __sub__(self, other: object) -> Symbol:
        return _made("-", self, symbol(other))

    def __mul__(self, other: object) -> Symbol:
        return _made("*", self, symbol(other))

    def __truediv__(self, other: object) -> Symbol:
        return Symbol("/", (self, symbol(other)))

    def __pow__(self, other: object) -> Symbol:
        return self if symbol(other).form == 1 else Symbol("**", (self, symbol(other)))

    def __radd__(self, other: object) -> Symbol:
        return symbol(other) + self

    def __rsub__(self, other: object) -> Symbol:
        return symbol(other) - self

    def __rmul__(self, other: object) -> Symbol:
        return symbol(other) * self

    def __rtruediv__(self, other: object) -> Symbol:
        return symbol(other) / self

    def __neg__(self) -> Symbol:
        return Symbol("neg", (self,))

    def __abs__(self) -> Symbol:
        return Symbol("abs", (self,))

    def __eq__(self, other: object) -> bool:
        return ASKED.get()("==", self, symbol(other))

    def __lt__(self, other: object) -> bool:
        return ASKED.get()("<", self, symbol(other))

    def __le__(self, other: object) -> bool:
        return ASKED.get()("<=", self, symbol(other))

    def __gt__(self, other: object) -> bool:
        return ASKED.get()(">", self, symbol(other))

    def __ge__(self, other: object) -> bool:
        return ASKED.get()(">=", self, symbol(other))

    def __bool__(self) -> bool:
        return self != 0

    __hash__ = object.__hash__

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"Symbol({self.source()!r})"

    def source(self) -> str:
        """The formula as a Python expression."""
        return written(self, SOURCE)

    def text(self, names: Mapping[str, str] | None = None) -> str:
        """The formula as one line of text, with `names` (names or numbers) put in for its names."""
        return written(self, TEXT, names)

    def latex(self, names: Mapping[str, str] | None = None) -> str:
        """The formula as LaTeX, with `names` put in for its names."""
        return written(self, LATEX, names)


def _refused(sign: str, x: Symbol, y: Symbol) -> bool:
    """A formula is no number."""
    raise TypeError("a formula was compared; expected arithmetic alone. Write m.where(c, x, y) in the row.")


ASKED: ContextVar[Callable[[str, Symbol, Symbol], bool]] = ContextVar("asked", default=_refused)  # who is asked for it


def _made(form: str, x: Symbol, y: Symbol) -> Symbol:
    """x and y joined by an operation; two numbers are worked out: the slope of x³ is 3·x², not 3·x^(3 − 1)."""
    if isinstance(x.form, str) or isinstance(y.form, str):
        return Symbol(form, (x, y))
    return Symbol(_WORKED_OUT[form](x.form, y.form))


_WORKED_OUT: dict[str, Callable[[Any, Any], Any]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}


def symbol(x: object) -> Symbol:
    """Any number or formula as a formula; NumPy's functions give a number of NumPy's, or an array around one."""
    if isinstance(x, Symbol):
        return x
    return symbol(x.item()) if getattr(x, "shape", None) == () else Symbol(x)  # type: ignore[attr-defined]


def formula_of(row: Op, inputs: Sequence[Symbol], along: int | None = None) -> Symbol:
    """What a row of the table computes, or its local gradient along an input, in which z is what it computes.

    A rule that is no formula (it asks what its input is, or calls `math`) or is longer than anybody reads is a name.

    >>> from micrograd_es.ops import find
    >>> print(formula_of(find("tanh"), [Symbol("x")]), formula_of(find("tanh"), [Symbol("x")], 0))
    tanh(x) 1 − z²
    """
    with suppress(Exception):  # a rule is the user's code: anything may go wrong where it expects a number
        z = Symbol("z")
        made = symbol(row.forward(SYMBOLS, *inputs) if along is None else row.local(SYMBOLS, z, *inputs)[along])
        if _is_readable(made):
            return made
    different = list({x.form: x for x in inputs}.values())
    place = "" if len(different) == 1 else str((along or 0) + 1).translate(_SUBSCRIPTS)
    return Symbol(RowName(row.name) if along is None else f"∂{place}{row.name}", different)


def parts_of(formulas: Sequence[Symbol]) -> list[Symbol] | None:
    """Formulas and all their parts; None where there are more than LONGEST. What one uses twice is written twice."""
    found = list(formulas)
    for part in found:
        found += part.parts
        if len(found) > LONGEST:
            return None
    return found


def _is_readable(formula: Symbol) -> bool:
    """Whether a formula is of names and numbers, and not too long."""
    parts = parts_of([formula])
    return parts is not None and all(isinstance(part.form, str | int | float | Fraction | Decimal) for part in parts)


class _Others(Sequence["Symbol"]):
    """For each of some factors the product of all others, written when it is asked for: all of very many are long."""

    def __init__(self, maths: SymbolMaths, factors: Sequence[Symbol]) -> None:
        self.maths, self.factors = maths, factors

    def __len__(self) -> int:
        return len(self.factors)

    def __getitem__(self, place: Any) -> Any:
        others = [*self.factors[:place], *self.factors[range(len(self))[place] + 1 :]]
        return self.maths.prod(others) if others else Symbol(1)


class SymbolMaths:
    """The maths that writes: every function gives the formula of its result."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *xs: Symbol(name, xs)

    def sum(self, xs: Iterable[Symbol]) -> Symbol:
        return reduce(lambda x, y: x + y, xs)

    def prod(self, xs: Iterable[Symbol]) -> Symbol:
        return reduce(lambda x, y: x * y, xs)

    def others(self, xs: Sequence[Symbol]) -> Sequence[Symbol]:
        """For each of xs the product of all the others."""
        return _Others(self, xs)

    def max(self, xs: Sequence[Symbol]) -> Symbol:
        return Symbol("max", xs)

    def min(self, xs: Sequence[Symbol]) -> Symbol:
        return Symbol("min", xs)

    def first(self, z: Symbol, xs: Sequence[Symbol]) -> tuple[Symbol, ...]:
        """1 for the first of xs that is z, 0 for the rest."""
        if len(xs) == 2:
            return Symbol("is", (xs[0], z)), Symbol("is not", (xs[0], z))
        return tuple(Symbol("is", (x, z)) for x in xs)

    def shares(self, z: Symbol, xs: Sequence[Symbol]) -> tuple[Symbol, ...]:
        return tuple(Symbol("exp", (x - z,)) for x in xs)

    def log_sum_exp(self, xs: Sequence[Symbol]) -> Symbol:
        return Symbol("log", (self.sum([Symbol("exp", (x,)) for x in xs]),))

    def power(self, x: object, y: object) -> Symbol:
        return symbol(x) ** y

    def power_slope(self, x: Symbol, y: Symbol) -> Symbol:
        return y * x ** (y - 1)

    def times_log(self, z: Symbol, x: Symbol) -> Symbol:
        return z * Symbol("log", (x,))


SYMBOLS = SymbolMaths()
