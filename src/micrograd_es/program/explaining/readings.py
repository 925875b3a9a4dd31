"""Rows of the table of operations read with matrices, as formulas."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from micrograd_es.notations import latex_name
from micrograd_es.ops import LSE, MAX, MIN, MUL, WHERE, Op
from micrograd_es.program.arrays import ARRAYS
from micrograd_es.program.explaining.formulas import Added, Arrays, Formula, Matrix, Minus, Multiple, Name, Times, Word
from micrograd_es.program.explaining.notation import (
    Style,
    added_up,
    is_rounded,
    one_over_root,
    ratio,
    spread,
    under_root,
    whole,
)
from micrograd_es.program.explaining.stretches import Spread
from micrograd_es.program.rules import rules_of
from micrograd_es.symbols import Symbol, formula_of

_CHOICES = {MAX: "≥>", MIN: "≤<"}  # how the first and the second of two have to be to the other
FEW = 30  # columns of which each has its local gradient looked at; of more, some


@dataclass(eq=False)
class Reading(Formula):
    """A row of the table of operations, or one of its local gradients, read with matrices."""

    op: Op
    inputs: Sequence[Formula]
    out: Formula | None = None  # with `along`: the local gradient along that input
    along: int = 0

    @property
    def symbol(self) -> Symbol:
        """The formula of the table, with x0, x1 … for the inputs and z for the result.

        What the larger or the smaller of two sends back is told by which of them it is; at a tie it is the first.
        """
        symbols = [
            Symbol(whole(x.matrix.value)) if isinstance(x, Name) and x.matrix.value is not None else Symbol(f"x{i}")
            for i, x in enumerate(self.inputs)
        ]
        if self.out is not None and self.op in _CHOICES and len(symbols) == 2:
            return Symbol(_CHOICES[self.op][self.along], [symbols[self.along], symbols[1 - self.along]])
        return formula_of(self.op, symbols, None if self.out is None else self.along)

    @property
    def single(self) -> bool:
        return not _has_names(self.symbol, self._singles)

    @property
    def _singles(self) -> set[str]:
        """What is a single number in the formula."""
        found = {f"x{i}" for i, x in enumerate(self.inputs) if x.single}
        return found | ({"z"} if self.out and self.out.single else set())

    @property
    def _formula(self) -> Symbol:
        """The formula as it is written."""
        return _number_by_number(self.symbol, self._singles)

    @property
    def binding(self) -> bool:  # type: ignore[override]
        return _binds(self._formula, self._singles, self.single)

    @property
    def sign(self) -> str:
        if self.op is WHERE and self.out is None:
            return "Where"
        return _sign(self.op, self.out is not None and len(self.inputs) > 2)

    @property
    def signs(self) -> Sequence[str]:
        shapes = {x.matrix.shape for x in self.inputs if isinstance(x, Name) and x.matrix.shape != (1, 1)}
        return (self.sign, "Repeated") if len(shapes) > 1 else (self.sign,)

    def written(self, style: Style) -> str:
        names = {f"x{i}": x.written(style) for i, x in enumerate(self.inputs)}
        if self.out is not None:
            names["z"] = self.out.written(style)
        return self._formula.latex(names) if style.latex else self._formula.text(names)

    def array(self, arrays: Arrays) -> Any:
        xs = [np.asarray(x.array(arrays), float) for x in self.inputs]
        if self.out is None:
            return rules_of(self.op, len(xs)).forward(ARRAYS, *xs)
        return rules_of(self.op, len(xs)).local(ARRAYS, self.out.array(arrays), *xs)[self.along]


@dataclass(eq=False)
class Across(Formula):
    """An operation of many inputs on the columns of one matrix, or its local gradients: a matrix again."""

    op: Op
    part: Name
    out: Formula | None = None

    @property
    def slope(self) -> Symbol:
        """The local gradient along a column, x0, where it is the same formula for all of them; else ∂ of the row."""
        inputs = [Symbol(f"x{i}") for i in range(self.part.matrix.shape[1])]
        places = range(len(inputs)) if len(inputs) <= FEW else (0, 1, len(inputs) - 1)
        found = [formula_of(self.op, inputs, place) for place in places]
        alike = {made.text({f"x{i}": "x"}) for i, made in zip(places, found, strict=True)}
        return found[0] if len(alike) == 1 else Symbol(f"∂{self._name}", inputs[:1])

    @property
    def _name(self) -> str:
        return "prod" if self.op is MUL else self.op.name

    @property
    def binding(self) -> bool:  # type: ignore[override]
        return self.out is not None and _binds(_number_by_number(self.slope))

    def times(self, upstream: Formula) -> Formula:
        """An upstream gradient times the local gradients; where these are a number, for each of the columns."""
        if _has_names(self.slope):
            return Times(upstream, self)
        return _multiple(Spread(upstream, self.part.matrix.shape[1], single=True), self, self.slope)

    @property
    def sign(self) -> str:
        if self.out is not None and str(self.slope.form).startswith("∂"):
            return "Slopes"
        if self.out is None and self.op is MUL:
            return "Products"
        return _sign(self.op, self.out is not None)

    def written(self, style: Style) -> str:
        x = self.part.written(style)
        if self.out is None:
            return self._reduced(x, style)
        return _written(self.slope, {"x0": x, "z": self.out.written(style)}, style)

    def _reduced(self, x: str, style: Style) -> str:
        if self.op is LSE:
            return rf"\log \sum e^{{{x}}}" if style.latex else f"log Σ e^{x}"
        return f"{latex_name(self._name)} {x}" if style.latex else f"{self._name} {x}"

    def array(self, arrays: Arrays) -> Any:
        xs = list(self.part.array(arrays).T[:, :, None])
        if self.out is None:
            return rules_of(self.op, len(xs)).forward(ARRAYS, *xs)
        slopes = rules_of(self.op, len(xs)).local(ARRAYS, self.out.array(arrays), *xs)
        return np.concatenate([np.broadcast_to(slope, xs[0].shape) for slope in slopes], axis=1)


@dataclass(eq=False)
class LogSums(Formula):
    """log Σ e^x of every `count` columns of a matrix that follow each other, or its local gradients."""

    part: Name
    count: int
    out: Formula | None = None

    @property
    def sign(self) -> str:
        return "Stretches" if self.out is None else "Spread"

    def written(self, style: Style) -> str:
        x = self.part.written(style)
        if self.out is None:
            inner = f"e^{{{x}}}" if style.latex else f"e^{x}"
            return (r"\log " if style.latex else "log ") + added_up(inner, self.count, style)
        out = spread(self.out.written(style), self.count, style)
        return f"e^{{{x} - {out}}}" if style.latex else f"e^({x} − {out})"

    def array(self, arrays: Arrays) -> Any:
        x, count = self.part.array(arrays), self.count
        if self.out is None:
            return rules_of(LSE, count).forward(ARRAYS, *[x[:, i::count] for i in range(count)])
        return np.exp(x - np.repeat(self.out.array(arrays), count, axis=1))


def scaled(upstream: Formula, slope: Reading) -> Formula:
    """An upstream gradient times a local gradient, number by number; times a number where it is one."""
    if str(slope.symbol) in (known := {f"x{i}": x for i, x in enumerate(slope.inputs)}):
        return Times(upstream, known[str(slope.symbol)])
    return Times(upstream, slope) if _has_names(slope.symbol) else _multiple(upstream, slope, slope.symbol)


def _multiple(upstream: Formula, slope: Formula, symbol: Symbol) -> Formula:
    """An upstream gradient times a local gradient that is a number."""
    factor = _factor(symbol)
    if factor is None:
        return Multiple(slope, upstream)
    part = upstream if abs(factor) == 1 else Multiple(fraction(abs(factor)), upstream)
    return Minus(part) if factor < 0 else part


def is_zero(formula: Formula) -> bool:
    """Whether a gradient is 0 times another: that of a condition."""
    if isinstance(formula, Added):
        return is_zero(formula.part)
    return isinstance(formula, Multiple) and isinstance(formula.number, Name) and formula.number.matrix.value == 0


def numeral(x: float) -> Name:
    """A number as a formula."""
    return Name(Matrix.of(x))


def fraction(x: float) -> Formula:
    """A number with few digits as it is, any other as a fraction, if it is one."""
    if square := one_over_root(x):
        return Word(f"1/√{square}", rf"\frac{{1}}{{\sqrt{{{square}}}}}", x)
    above, below = ratio(abs(x))
    short = float(f"{x:g}")
    if below == "1" or is_rounded(short, x):  # 0.1·0.35 is 0.034999999999999996
        return numeral(x if below == "1" else short)
    found = Word(f"{above}/{below}", rf"\frac{{{above}}}{{{below}}}", abs(x))
    return found if x > 0 else Minus(found)


def times(number: float, formula: Formula) -> Formula:
    """A number times a formula."""
    if number < 0:
        return Minus(times(-number, formula))
    return formula if number == 1 else Multiple(fraction(number), formula)


def _factor(symbol: Symbol) -> float | None:
    """The number by which a formula without names multiplies; None for a fraction, which is written as one."""
    if not symbol.parts:
        return float(symbol.form)  # type: ignore[arg-type]
    if symbol.form == "/" and not symbol.parts[0].parts and not symbol.parts[1].parts:
        above, below = float(symbol.parts[0].form), float(symbol.parts[1].form)  # type: ignore[arg-type]
        found = above / below if below else 0.5
        return found if below % 1 and float(f"{found:g}") == found else None  # 2 instead of 1/0.5
    return None


def _sign(op: Op, slope: bool) -> str:
    """What a legend explains: at a tie 1[A = B] is not 1 for all that are equal."""
    return "First" if slope and op in _CHOICES else ""


def _written(formula: Symbol, names: Mapping[str, str], style: Style) -> str:
    made = _number_by_number(formula)
    return made.latex(names) if style.latex else made.text(names)


def _number_by_number(formula: Symbol, single: Collection[str] = ()) -> Symbol:
    """The formula as it is written with matrices, of which some are a `single` number.

    A product of two matrices has another sign than that of a matrix and a number, which stands first: −0.5·A, w·A, and
    −A; A − 1 where −1 is added. Numbers may be √3, 1/√3 and 1/60.
    """
    number = formula.form if isinstance(formula.form, float) and isfinite(formula.form) else 0.0
    inverse = one_over_root(abs(number))
    if square := inverse or under_root(abs(number)):
        root = Symbol("sqrt", [Symbol(square)])
        made = Symbol("/", [Symbol(1), root]) if inverse else root
        return made if number > 0 else Symbol("neg", [made])
    above, below = ratio(number)
    if below != "1" and float(f"{number:g}") != number:  # 1/60
        made = Symbol("/", [Symbol(abs(int(above))), Symbol(int(below))])
        return made if number > 0 else -made
    parts = [_number_by_number(part, single) for part in formula.parts]
    square = len(parts) == 2 and not parts[0].parts and not parts[1].parts and parts[0].form == parts[1].form
    if formula.form == "**" and _number(parts[1]) == 0.5:
        return Symbol("sqrt", parts[:1])
    if formula.form == "+" and (parts[1].form == "neg" or _number(parts[1]) < 0):
        return Symbol("-", [parts[0], parts[1].parts[0] if parts[1].parts else -_number(parts[1])])
    if formula.form != "*" or square:
        return Symbol(formula.form, parts)
    parts.sort(key=lambda part: (_has_names(part), _has_names(part, single)))
    if _number(parts[0]) == -1:
        return -parts[1]
    return Symbol("⊙" if all(_has_names(part, single) for part in parts) else "*", parts)


def _number(formula: Symbol) -> float:
    """The number that a formula is, 0 where it is another one."""
    return formula.form if isinstance(formula.form, int | float) else 0.0


def _binds(formula: Symbol, singles: Collection[str] = (), single: bool = False) -> bool:
    """Whether a formula as a factor stands in parentheses; it is a `single` number, or some of its names are."""
    if formula.form in ("+", "-") or (_has_multiple(formula, singles) and not single):
        return True
    while formula.form in ("*", "⊙", "/"):  # where a minus stands at the beginning
        formula = formula.parts[0]
    return formula.form == "neg" or (isinstance(formula.form, int | float) and formula.form < 0)


def _has_multiple(formula: Symbol, single: Collection[str]) -> bool:
    """Whether a number times a matrix is among its factors: 2·A, 2·A/3, or 3·A ⊙ A."""
    if formula.form == "/":
        return _has_multiple(formula.parts[0], single)
    return formula.form in ("*", "⊙") and any(
        _has_multiple(part, single) or not _has_names(part, single) for part in formula.parts
    )


def _has_names(formula: Symbol, but: Collection[str] = ()) -> bool:
    """Whether names are in a formula, others than some."""
    if formula.parts:
        return any(_has_names(part, but) for part in formula.parts)
    return isinstance(formula.form, str) and formula.form not in but
