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
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import reduce
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from micrograd_es.ops import Op

LONGEST = 400  # parts of a rule that is written as a formula
SUM, NEGATIVE, PRODUCT, SIGN, POWER, ATOM = range(1, 7)  # how tightly a form binds


class RowName(str):
    """The name of a row whose rule is no formula; it is a name also where a form is called the same."""

    __slots__ = ()


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

    def __eq__(self, other: object) -> bool:
        raise TypeError("a formula was compared; expected arithmetic alone. Write m.where(c, x, y) in the row.")

    def __bool__(self) -> bool:
        return self == 0

    __hash__ = object.__hash__

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"Symbol({self.source()!r})"

    def source(self) -> str:
        """The formula as a Python expression."""
        return _written(self, _SOURCE, {})[0]

    def text(self, names: Mapping[str, str] | None = None) -> str:
        """The formula as one line of text, with `names` (names or numbers) put in for its names."""
        return _written(self, _TEXT, names or {})[0]

    def latex(self, names: Mapping[str, str] | None = None) -> str:
        """The formula as LaTeX, with `names` put in for its names."""
        return _written(self, _LATEX, names or {})[0]


def _made(form: str, x: Symbol, y: Symbol) -> Symbol:
    """x and y joined by an operation; two numbers are worked out: the slope of x³ is 3·x², not 3·x^(3 − 1)."""
    if isinstance(x.form, str) or isinstance(y.form, str):
        return Symbol(form, (x, y))
    return Symbol(_WORKED_OUT[form](x.form, y.form))


_WORKED_OUT: dict[str, Callable[[Any, Any], Any]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}


def symbol(x: object) -> Symbol:
    """Any number or formula as a formula."""
    return x if isinstance(x, Symbol) else Symbol(x)


# How each form is written: a template over the written parts, how tightly the result binds, and how tightly each part
# must bind to need no parentheses.
_Form = tuple[str, int, tuple[int, ...]]

_SOURCE: dict[str, _Form] = {
    "+": ("{} + {}", SUM, (SUM, PRODUCT)),
    "-": ("{} - {}", SUM, (SUM, PRODUCT)),
    "*": ("{} * {}", PRODUCT, (PRODUCT, SIGN)),
    "/": ("{} / {}", PRODUCT, (PRODUCT, SIGN)),
    "**": ("{} ** {}", POWER, (ATOM, ATOM)),
    "neg": ("-{}", SIGN, (SIGN,)),
    "relu": ("{0} if {0} > 0 else 0.0", 0, (ATOM,)),
    "step": ("1.0 if {} > 0 else 0.0", 0, (ATOM,)),
    "is": ("1 if {} == {} else 0", 0, (ATOM, ATOM)),
    "is not": ("0 if {} == {} else 1", 0, (ATOM, ATOM)),
}
_TEXT: dict[str, _Form] = {
    "+": ("{} + {}", SUM, (SUM, PRODUCT)),
    "-": ("{} − {}", SUM, (SUM, PRODUCT)),
    "*": ("{}·{}", PRODUCT, (NEGATIVE, POWER)),
    "⊙": ("{} ⊙ {}", PRODUCT, (NEGATIVE, POWER)),
    "/": ("{}/{}", PRODUCT, (NEGATIVE, POWER)),
    "**": ("{}^{}", POWER, (ATOM, ATOM)),
    "squared": ("{}²", POWER, (ATOM,)),
    "cubed": ("{}³", POWER, (ATOM,)),
    "neg": ("−{}", NEGATIVE, (PRODUCT,)),
    "exp": ("e^{}", POWER, (ATOM,)),
    "sqrt": ("√{}", ATOM, (ATOM,)),
    "abs": ("|{}|", ATOM, (0,)),
    "sigmoid": ("σ({})", ATOM, (0,)),
    "step": ("1[{} > 0]", ATOM, (0,)),
    "is": ("1[{} = {}]", ATOM, (0, 0)),
    "is not": ("1[{} ≠ {}]", ATOM, (0, 0)),
}
_LATEX: dict[str, _Form] = {
    "+": ("{} + {}", SUM, (SUM, PRODUCT)),
    "-": ("{} - {}", SUM, (SUM, PRODUCT)),
    "*": (r"{} \cdot {}", PRODUCT, (NEGATIVE, POWER)),
    "⊙": (r"{} \odot {}", PRODUCT, (NEGATIVE, POWER)),
    "/": (r"\frac{{{}}}{{{}}}", ATOM, (0, 0)),
    "**": ("{}^{{{}}}", POWER, (ATOM, 0)),
    "squared": ("{}^{{2}}", POWER, (ATOM,)),
    "cubed": ("{}^{{3}}", POWER, (ATOM,)),
    "neg": ("-{}", NEGATIVE, (PRODUCT,)),
    "exp": ("e^{{{}}}", POWER, (0,)),
    "sqrt": (r"\sqrt{{{}}}", ATOM, (0,)),
    "abs": (r"\left|{}\right|", ATOM, (0,)),
    "sigmoid": (r"\sigma({})", ATOM, (0,)),
    "relu": (r"\operatorname{{relu}}({})", ATOM, (0,)),
    "softplus": (r"\operatorname{{softplus}}({})", ATOM, (0,)),
    "step": (r"\mathbf{{1}}[{} > 0]", ATOM, (0,)),
    "sign": (r"\operatorname{{sign}}({})", ATOM, (0,)),
    "is": (r"\mathbf{{1}}[{} = {}]", ATOM, (0, 0)),
    "is not": (r"\mathbf{{1}}[{} \neq {}]", ATOM, (0, 0)),
} | {name: (rf"\{name}({{}})", ATOM, (0,)) for name in ("log", "tanh", "sin", "cos")}
_SCIENTIFIC = re.compile(r"^(-?)([\d.]+)e([+-]\d+)$")
_SLOPE = re.compile("(∂?)([₀-₉]*)(.*)")
_MARKED = str.maketrans(
    {"\\": r"{\backslash}", "^": r"{\wedge}", "~": r"{\sim}", " ": r"\ "} | {sign: "\\" + sign for sign in "_%&#${}"}
)
_DIGITS, _SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789"), str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def _written(formula: Symbol, forms: Mapping[str, _Form], names: Mapping[str, str]) -> tuple[str, int]:
    """The formula in one notation, and how tightly what was written binds."""
    if not formula.parts:
        return _atom(formula.form, forms, names)
    form, parts = _shortened(formula) if forms is not _SOURCE else (str(formula.form), formula.parts)
    known = None if isinstance(formula.form, RowName) else forms.get(form)
    template, binding, needed = known or (_call(form, len(parts), forms is _LATEX), ATOM, ())
    needed = needed or (0,) * len(parts)
    written = [_enclosed(part, need, forms, names) for part, need in zip(parts, needed, strict=True)]
    return template.format(*written), binding


def _call(name: str, inputs: int, latex: bool) -> str:
    """The template of a function that has no notation of its own; ∂₂f is the slope of f along its second input."""
    if latex:
        slope, digits, rest = _SLOPE.findall(name)[0]
        place = f"_{{{digits.translate(_DIGITS)}}}" if digits else ""
        name = (rf"\partial{place} " if slope else "") + latex_name(rest)
    return f"{name.replace('{', '{{').replace('}', '}}')}({', '.join(['{}'] * inputs)})"


def latex_name(name: str) -> str:
    """The name of a function, which may be any text, as LaTeX.

    >>> print(latex_name("my_relu"))
    \\operatorname{my\\_relu}
    """
    return rf"\operatorname{{{name.translate(_MARKED)}}}"


def _shortened(formula: Symbol) -> tuple[str, tuple[Symbol, ...]]:
    """x·x and x**2 are written as a square, x**3 as a cube."""
    form, parts = formula.form, formula.parts
    if form == "*" and not parts[0].parts and parts[0].form == parts[1].form and not parts[1].parts:
        return "squared", parts[:1]
    if form == "**" and parts[1].form in (2, 3) and not parts[1].parts:
        return "squared" if parts[1].form == 2 else "cubed", parts[:1]
    return str(form), parts


def _enclosed(part: Symbol, need: int, forms: Mapping[str, _Form], names: Mapping[str, str]) -> str:
    text, binding = _written(part, forms, names)
    return text if binding >= need else f"({text})"


def _atom(form: object, forms: Mapping[str, _Form], names: Mapping[str, str]) -> tuple[str, int]:
    """A name or a number; a negative number binds so that 3·(−4) gets its parentheses and −3·4 none."""
    if isinstance(form, str):
        text = names.get(form, form)
    else:
        text = repr(form) if forms is _SOURCE else str(form)
        if forms is _LATEX and (written := in_powers(text)) != text:
            return written, NEGATIVE if written[0] == "-" else PRODUCT
        text = text.replace("-", "−") if forms is _TEXT else text
    put_in = not isinstance(form, str) or form in names
    if put_in and any(sign in text for sign in "/·+ "):
        return text, 0
    return text, NEGATIVE if text[:1] in ("-", "−") else ATOM


def in_powers(number: str) -> str:
    """What Python shows of a number as LaTeX, where 1e-05 would be e times 1 less 5.

    >>> print(in_powers("1e-05"), in_powers("-2.5e+20"), in_powers("0.1"))
    10^{-5} -2.5 \\cdot 10^{20} 0.1
    """
    return _SCIENTIFIC.sub(lambda found: _power_of_ten(*found.groups()), number)


def _power_of_ten(sign: str, digits: str, exponent: str) -> str:
    power = rf"10^{{{int(exponent)}}}"
    return sign + (power if digits == "1" else rf"{digits} \cdot {power}")


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
        if _is_short(made):
            return made
    different = list({x.form: x for x in inputs}.values())
    place = "" if len(different) == 1 else str((along or 0) + 1).translate(_SUBSCRIPTS)
    return Symbol(RowName(row.name) if along is None else f"∂{place}{row.name}", different)


def _is_short(formula: Symbol) -> bool:
    """Whether a formula has at most LONGEST parts; a part that it uses twice is written twice."""
    found = [formula]
    for part in found:
        found += part.parts
        if len(found) > LONGEST:
            return False
    return True


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

    def others(self, xs: Sequence[Symbol]) -> tuple[Symbol, ...]:
        """For each of xs the product of all the others."""
        return tuple(self.prod([*xs[:i], *xs[i + 1 :]]) if len(xs) > 1 else Symbol(1) for i in range(len(xs)))

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

    def power(self, x: Symbol, y: Symbol) -> Symbol:
        return x**y

    def power_slope(self, x: Symbol, y: Symbol) -> Symbol:
        return y * x ** (y - 1)

    def times_log(self, z: Symbol, x: Symbol) -> Symbol:
        return z * Symbol("log", (x,))


SYMBOLS = SymbolMaths()
