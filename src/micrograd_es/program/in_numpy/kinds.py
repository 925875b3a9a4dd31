"""The kinds of operations: what NumPy is called with for each, found once and used for every block.

All that has to be found for a block is then the arrays that are given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, reduce
from math import ceil
from operator import itemgetter, mul, truediv
from typing import Any

import numpy as np

from micrograd_es.ops import Op
from micrograd_es.program.arrays import ARRAYS, SAME_NAMES
from micrograd_es.program.in_numpy.steps import Step, assign, copy, maximum, minimum, sigmoid, softplus, where
from micrograd_es.program.rules import rules_of
from micrograd_es.symbols import Symbol, SymbolMaths, symbol

INPUTS = 3  # up to which the rules of an operation are read as formulas
ROOMS = 4  # that a formula may need for what it computes on the way
FACTORS = 8  # that a power may have which is a product

UFUNCS: dict[object, Callable[..., Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.true_divide,
    "neg": np.negative,
    "is": np.equal,
    "is not": np.not_equal,
    "max": maximum,
    "min": minimum,
    "logaddexp": np.logaddexp,
    "relu": maximum,
    "step": np.greater,
    "where": where,
} | {name: getattr(np, name) for name in SAME_NAMES}
BESIDE: dict[object, tuple[Callable[..., Any], float, float]] = {  # which need two numbers, and a room on the way
    "sigmoid": (sigmoid, -1.0, 1.0),
    "softplus": (softplus, -1.0, 0.0),
}


class ArraySymbols(SymbolMaths):
    """The symbols that become steps: what needs care with arrays stays a call, and is not spelled out."""

    def power(self, x: object, y: object) -> Symbol:
        base, power = symbol(x), _number(y)
        return _product(base, power) if _may_repeat(base, power) else Symbol("power", (x, y))

    def power_slope(self, x: object, y: object) -> Symbol:
        base, power = symbol(x), _number(y)
        if not _may_repeat(base, power):
            return Symbol("power_slope", (x, y))
        return Symbol(1) if power == 1 else Symbol("*", (y, _product(base, power - 1)))

    def max(self, xs: Sequence[Symbol]) -> Symbol:
        return xs[0] if len(xs) == 1 else Symbol("max", xs)

    def min(self, xs: Sequence[Symbol]) -> Symbol:
        return xs[0] if len(xs) == 1 else Symbol("min", xs)

    def times_log(self, z: Symbol, x: Symbol) -> Symbol:
        return Symbol("times_log", (z, x))

    def log_sum_exp(self, xs: Sequence[Symbol]) -> Symbol:
        return xs[0] if len(xs) == 1 else Symbol("logaddexp", tuple(xs))  # more than two are not spelled out


SYMBOLS = ArraySymbols()


def is_product(power: float) -> bool:
    """Whether a power is a product of few factors, as x³, √x·x and 1/x/x are: NumPy is many times as fast there."""
    return power != 0 and 2 * power % 1 == 0 and abs(power) <= FACTORS


def _may_repeat(x: Symbol, power: float) -> bool:
    """The same for the power of a formula, which is computed as often as it is a factor."""
    return is_product(power) and (not x.parts or ceil(abs(power)) <= 2)


def _number(power: object) -> float:
    """The number that a power is; 0 where it is another one in each run."""
    form = symbol(power).form
    return form if isinstance(form, int | float) else 0


def _product(x: Symbol, power: float) -> Symbol:
    """A power other than 0 as a product, or as quotients, which are too large or too small only where it is itself.

    >>> x = Symbol("x")
    >>> print(*[_product(x, power).source() for power in (3, 1.5, -2, -0.5)], sep=", ")
    x * x * x, sqrt(x) * x, 1 / x / x, 1 / sqrt(x)
    """
    first = Symbol("sqrt", (x,)) if power % 1 else x
    others = [x] * int(abs(power) - (first is x))
    return reduce(truediv, others, 1 / first) if power < 0 else reduce(mul, others, first)


class Calls:
    """A formula as calls of NumPy, the innermost first, into the same room where they can: nothing is made on the way.

    >>> calls = Calls(1 - Symbol("x") * 2, ["x"], np.dtype(float))
    >>> for function, given in calls.on(np.array([3.0, 4.0]), np.empty(2)):
    ...     print(function.__name__, function(*given))
    multiply [6. 8.]
    subtract [-5. -7.]
    """

    def __init__(self, formula: Symbol, names: Sequence[str], dtype: Any) -> None:
        self.dtype = dtype
        self.places = {name: place for place, name in enumerate(names)}  # after them rooms, zeros, and constants
        self.rooms, self.compares = _rooms(formula), _compares(formula)
        self.is_plain = self.rooms == 1 and not self.compares
        self.zeros = len(names) + self.rooms
        self.constants: list[Any] = []
        self.calls: list[tuple[Callable[..., Any], Callable[[Sequence[Any]], tuple[Any, ...]]]] = []
        self._write(formula, len(names))

    def on(self, *given: Any) -> list[Step]:
        """The steps for what the names stand for, its `rooms` (one if it `is_plain`), and zeros if it `compares`."""
        known = (*given, *self.constants)
        return [(function, places(known)) for function, places in self.calls]

    def _write(self, formula: Symbol, room: int) -> None:
        """Add the calls of a formula into a room, after those of the parts of it that are some themselves."""
        form, parts = formula.form, formula.parts
        given, free = [], room
        for part in parts or (formula,):
            if part.parts:
                self._write(part, free)
                given.append(free)
                free += 1
            else:
                given.append(self._place(part.form))
        if form == "relu" or form == "step":
            given.append(self.zeros)
        if form in BESIDE:
            called, *numbers = BESIDE[form]
            given += [*map(self._place, numbers), room + 1, room]
            self.calls.append((called, itemgetter(*given)))
            return
        function = UFUNCS.get(form) if len(given) <= 2 or form == "where" else None
        if not parts:
            function = copy
        if function:
            self.calls.append((function, itemgetter(*given, room)))
        else:
            rule = self._constant(getattr(ARRAYS, "power" if form == "**" else str(form)))
            self.calls.append((assign, itemgetter(room, rule, *given)))

    def _place(self, form: object) -> int:
        """Where a name or a number is among what the calls are given; a number as an array, which saves time."""
        if isinstance(form, str):
            return self.places[form]
        with np.errstate(over="ignore"):
            return self._constant(np.array(form, self.dtype))

    def _constant(self, constant: Any) -> int:
        self.constants.append(constant)
        return self.zeros + self.compares + len(self.constants) - 1


class Kind:
    """How an operation of so many inputs, x0, x1 …, is computed and sends its gradient u back.

    `computed` are the calls of the result z, and `sent` those of what each input gets; None where that is u as it is.
    `zeros` are the inputs that get 0 times u. Where its rules are no formulas, all are empty, and the rules `forward`
    and `local` of the operation itself are called. `last` is the number that the last input always is, where it is
    known to make a difference.
    """

    def __init__(self, op: Op, inputs: int, dtype: Any, last: float | None) -> None:
        self.forward, self.local, is_formula, _ = rules_of(op, inputs)
        self.computed: Calls | None = None
        self.sent: list[Calls | None] = []
        self.zeros: list[int] = []
        if not is_formula or inputs > INPUTS:
            return
        names = [f"x{i}" for i in range(inputs)]
        xs, z, upstream = [Symbol(name) for name in names], Symbol("z"), Symbol("u")
        if last is not None:
            xs[-1] = Symbol(last)
        result = symbol(self.forward(SYMBOLS, *xs))
        slopes = [symbol(slope) for slope in self.local(SYMBOLS, z, *xs)]
        if max(map(_rooms, (result, *slopes))) > ROOMS:
            return
        self.computed = Calls(result, names, dtype)
        self.zeros = [place for place, slope in enumerate(slopes) if slope.form == 0]
        for slope in slopes:
            product = Symbol("neg", [upstream]) if slope.form == -1 else Symbol("*", [upstream, slope])
            self.sent.append(None if slope.form == 1 else Calls(product, ["u", "z", *names], dtype))


@cache
def kind_of(op: Op, inputs: int, dtype: Any, last: float | None) -> Kind:
    """The kind of an operation of so many inputs."""
    return Kind(op, inputs, dtype, last)


def _rooms(formula: Symbol) -> int:
    """How many rooms a formula needs: one for the result, and for each part that waits for another one more."""
    inner = [part for part in formula.parts if part.parts]
    return max([2 if formula.form in BESIDE else 1, *[_rooms(part) + place for place, part in enumerate(inner)]])


def _compares(formula: Symbol) -> bool:
    """Whether a formula needs zeros to compare with."""
    return formula.form in ("relu", "step") or any(map(_compares, formula.parts))
