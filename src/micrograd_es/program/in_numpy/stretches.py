"""Steps read with symbols in place of the numbers in the arrays: what had become calls of NumPy is formulas again.

A stretch of steps is a memory of cells, see `cells`, in each of which a formula stands. Numbers that are only moved, or
summed up, go through NumPy as arrays of symbols.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial, reduce
from typing import Any

import numpy as np

from micrograd_es.eager import FUNCTIONS as OF_FORMULAS
from micrograd_es.maths import NUMBERS
from micrograd_es.notations import FLOATS
from micrograd_es.program.arrays import ARRAYS, Array
from micrograd_es.program.in_numpy import steps
from micrograd_es.program.in_numpy.cells import Cells
from micrograd_es.program.in_numpy.kinds import BESIDE, UFUNCS, ArraySymbols
from micrograd_es.program.in_numpy.steps import Step
from micrograd_es.symbols import Symbol, symbol


def log_sum_exp(*xs: float) -> float:
    """log Σ e^x of finite numbers; with others NumPy has another way to it."""
    z: float = NUMBERS.log_sum_exp(xs)
    if z != z:
        raise ValueError("not finite")
    return z


FUNCTIONS = OF_FORMULAS | {name: getattr(NUMBERS, name) for name in ("power_slope", "times_log")}
FUNCTIONS |= {"power": math.pow, "logaddexp": log_sum_exp, "nan": math.nan, "inf": math.inf}
FORMS: dict[object, Any] = {function: form for form, function in reversed(UFUNCS.items())}
FORMS |= {function: form for form, (function, *_) in BESIDE.items()}
FORMS |= {np.heaviside: "step", np.maximum: "max", np.minimum: "min", steps.copy: "same"}
INPUTS = {"sigmoid": 1, "softplus": 1, "step": 1, "where": 3}  # of calls that are given more than these, and a room

_Found = Sequence[tuple[Sequence[int], Sequence[Symbol]]]  # cells, and the numbers that a step leaves there


class NotReadableError(TypeError):
    """A step, or a rule, that has no formula for single numbers."""


class Number(Symbol):
    """What a stretch computes, or reads from a cell; to add 0 or multiply by 1 is no operation.

    `cell` is where it was first written.
    """

    __slots__ = ("cell",)

    def __init__(self, form: object, parts: Sequence[object] = (), cell: int = 0) -> None:
        super().__init__(form, parts)
        self.cell = cell

    def __add__(self, other: object) -> Symbol:
        return _made("+", self, symbol(other))

    def __radd__(self, other: object) -> Symbol:
        return _made("+", symbol(other), self)

    def __mul__(self, other: object) -> Symbol:
        return _made("*", self, symbol(other))

    def __rmul__(self, other: object) -> Symbol:
        return _made("*", symbol(other), self)


def _made(form: str, *parts: Symbol) -> Symbol:
    """An operation on numbers."""
    if form == "same":
        return parts[0]
    nothing = {"+": 0, "*": 1}.get(form)
    if nothing is not None:
        for part, other in (parts, parts[::-1]):
            if part.form == nothing:
                return other
    return Number(form, parts)


class FloatSymbols(ArraySymbols):
    """The symbols that become code for floats: only functions that those have."""

    def __getattr__(self, name: str) -> Any:
        if name not in FUNCTIONS and name not in FLOATS:
            raise AttributeError(f"floats have no {name}")
        return lambda *xs: Number(name, xs)

    def max(self, xs: Sequence[Symbol]) -> Symbol:
        return reduce(partial(_made, "max"), xs)

    def min(self, xs: Sequence[Symbol]) -> Symbol:
        return reduce(partial(_made, "min"), xs)

    def first(self, z: Symbol, xs: Sequence[Symbol]) -> tuple[Symbol, ...]:
        """1 for the first of xs that is z, 0 for the rest: those before are not."""
        slopes: list[Symbol] = []
        none: Symbol = Number(1)
        for x in xs:
            slopes.append(_made("*", none, Number("is", (x, z))))
            none = _made("*", none, Number("is not", (x, z)))
        return tuple(slopes)


SYMBOLS = FloatSymbols()


def _as_symbol(x: object) -> Symbol:
    """What a rule gives, which may be a number."""
    return x if isinstance(x, Symbol) else Number(x)


def key_of(function: Callable[..., Any]) -> object:
    """What a step is known by: its function, or the name of the method that it is."""
    return function.__name__ if hasattr(function, "__self__") else function


class Stretch:
    """Steps that follow each other, as formulas: `now` is what stands in each cell after them, `before` what they read.

    Cells are addresses of numbers, see Cells.
    """

    def __init__(self, cells: Cells) -> None:
        self.cells, self.at, self.listed = cells, cells.at, cells.listed
        self.now: dict[int, Symbol] = {}
        self.before: dict[int, Symbol] = {}
        self.steps: list[Step] = []

    def add(self, step: Step) -> None:
        """Read a step. Raises NotReadableError, and changes nothing, where it has no formula."""
        function, given = step
        owner = getattr(function, "__self__", None)
        key = key_of(function)
        try:
            if function in FORMS:
                found = self._elementwise(FORMS[function], given)
            elif isinstance(key, str):
                found = READ[key](self, owner, *given)
            else:
                found = READ[key](self, *given)
            for cells, numbers in found:
                for cell, number in zip(cells, numbers, strict=True):
                    number = self.now[cell] = _as_symbol(number)
                    if number.__class__ is Number and not number.cell:
                        number.cell = cell
        except Exception as error:  # a rule is the user's code: anything may go wrong where it expects a number
            raise NotReadableError(str(error)) from None
        self.steps.append(step)

    def _numbers(self, cells: Iterable[int]) -> list[Symbol]:
        """What stands in some cells."""
        now, found = self.now, []
        for cell in cells:
            number = now.get(cell)
            if number is None:
                number = now[cell] = self.before[cell] = Number(self.cells.form(cell), (), cell)
            found.append(number)
        return found

    def _objects(self, x: Array) -> Any:
        """The numbers of an array as one of objects."""
        found = np.empty(x.size, object)
        found[:] = self._numbers(self.listed(x))
        return found.reshape(x.shape)

    def _spread(self, x: Any, shape: tuple[int, ...]) -> list[Symbol]:
        """The numbers of an array that broadcasts to a shape."""
        same = x.shape == shape
        return self._numbers(self.listed(x) if same else np.broadcast_to(self.at(x), shape).ravel().tolist())

    def _elementwise(self, form: str, given: Sequence[Array]) -> _Found:
        room = given[-1]
        xs = [self._spread(x, room.shape) for x in given[: INPUTS.get(form, len(given) - 1)]]
        return [(self.listed(room), [_made(form, *parts) for parts in zip(*xs, strict=True)])]

    def _assigned(self, to: Array, rule: Callable[..., Any], *given: Any) -> _Found:
        """What a rule of the table computes, or a function of the maths of arrays."""
        if getattr(rule, "__self__", None) is ARRAYS:
            rule = getattr(SYMBOLS, rule.__name__)
        else:
            rule, given = partial(rule, SYMBOLS), given[1:]
        xs = [self._spread(x, to.shape) for x in given]
        return [(self.listed(to), [_as_symbol(rule(*parts)) for parts in zip(*xs, strict=True)])]

    def _products(self, upstream: Array, rooms: Iterable[Any], local: Callable[..., Any], *given: Array) -> _Found:
        """A gradient times all slopes that a rule gives."""
        up = self._spread(upstream, upstream.shape)
        xs = [self._spread(x, upstream.shape) for x in given]
        slopes = zip(*[local(SYMBOLS, *parts) for parts in zip(*xs, strict=True)], strict=True)
        return [
            (self.listed(room), [_made("*", u, _as_symbol(slope)) for u, slope in zip(up, some, strict=True)])
            for room, some in zip(rooms, slopes, strict=True)
            if room is not None
        ]

    def _products_of_all(
        self, upstream: Array, local: Callable[..., Any], maths: Any, result: Array, room: Array
    ) -> _Found:
        return self._products(upstream, room.reshape(maths.whole.shape), local, result, *maths.whole)

    def _routed(self, upstream: Array, whole: Array, result: Array, _: Any, room: Array) -> _Found:
        return self._products(upstream, room, lambda m, z, *xs: m.first(z, xs), result, *whole)

    def _whole(self, function: Callable[..., Any], *given: Any) -> _Found:
        """What NumPy computes itself of arrays of symbols: sums, and sums of products."""
        *xs, room = given
        found = function(*[self._objects(x) if isinstance(x, np.ndarray) else x for x in xs])
        return [(self.listed(room), np.ravel(found).tolist())]

    def _reduced(self, owner: Any, parts: Array, axis: int | None, _: None, room: Array, *keep: bool) -> _Found:
        function = np.frompyfunc(lambda x, y: _made(FORMS[owner], x, y), 2, 1)
        found = self._objects(parts if axis is not None else parts.reshape(-1))
        return [(self.listed(room), np.ravel(function.reduce(found, axis or 0)).tolist())]

    def _rows(self, matrix: Array, where: Any) -> list[int]:
        """The cells of some rows."""
        found: list[int] = self.at(matrix)[where].ravel().tolist()
        return found

    def _taken(self, matrix: Array, where: Any, _: int, room: Array, __: str) -> _Found:
        return [(self.listed(room), self._numbers(self._rows(matrix, where)))]

    def _set(self, matrix: Array, where: Any, found: Array) -> _Found:
        to = self.at(matrix)[where]
        return [(to.ravel().tolist(), self._spread(found, to.shape))]

    def _filled(self, matrix: Array, x: float) -> _Found:
        return [(self.listed(matrix), [Number(x)] * matrix.size)]

    def _added(self, matrix: Array, where: Any, part: Array) -> _Found:
        to = self.at(matrix)[where]
        return self._sums(to.ravel().tolist(), self._spread(part, to.shape))

    def _added_sorted(self, matrix: Array, where: Any, parts: Array, order: Any, starts: Any) -> _Found:
        sums = np.add.reduceat(self._objects(parts).take(order, 0), starts, 0)
        return self._sums(self._rows(matrix, where), sums.ravel().tolist())

    def _added_at(self, column: Array, where: Any, parts: Array, of: Any = ...) -> _Found:
        sums: dict[int, Symbol] = {}
        for cell, part in zip(self._rows(column, where), self._objects(parts)[of].tolist(), strict=True):
            sums[cell] = _made("+", sums[cell] if cell in sums else self._numbers([cell])[0], part)
        return [(list(sums), list(sums.values()))]

    def _sums(self, to: Sequence[int], parts: Sequence[Symbol]) -> _Found:
        return [(to, [_made("+", x, part) for x, part in zip(self._numbers(to), parts, strict=True)])]


READ: dict[object, Any] = {
    steps.assign: Stretch._assigned,
    steps.products: Stretch._products,
    steps.products_of_all: Stretch._products_of_all,
    steps.routed: Stretch._routed,
    steps.add_to: Stretch._added,
    steps.add_sorted: Stretch._added_sorted,
    steps.add_at: Stretch._added_at,
    "at": lambda stretch, _, *given: stretch._added_at(*given),
    steps.einsum: lambda stretch, *given: stretch._whole(np.einsum, *given),
    np.dot: lambda stretch, *given: stretch._whole(np.dot, *given),
    np.matmul: lambda stretch, *given: stretch._whole(np.matmul, *given),
    "reduce": Stretch._reduced,
    "take": Stretch._taken,
    "__setitem__": Stretch._set,
    "fill": Stretch._filled,
}
