"""The kinds of operations in a long program: what NumPy is called with for each, found once and used for every block.

To write a line of code and to compile it takes as long as a hundred calls of NumPy. So a long program is a list of
calls, and all that has to be found for a block is the arrays that they are given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

import numpy as np

from micrograd_es.ops import Op
from micrograd_es.program.arrays import ARRAYS, Array, ArrayMaths
from micrograd_es.program.numpy_lines import SYMBOLS, UFUNCS
from micrograd_es.program.rules import rules_of
from micrograd_es.program.steps import Step
from micrograd_es.symbols import Symbol, symbol

INPUTS = 3  # up to which the rules of an operation are read as formulas


class Calls:
    """A formula as calls of NumPy, the innermost first, all of them into the same room: nothing is made on the way.

    >>> calls = Calls(1 - Symbol("x") * 2, ["x"], np.dtype(float))
    >>> for function, given in calls.on(np.array([3.0, 4.0]), np.empty(2)):
    ...     print(function.__name__, function(*given))
    multiply [6. 8.]
    subtract [-5. -7.]
    """

    def __init__(self, formula: Symbol, names: Sequence[str], dtype: Any) -> None:
        self.dtype = dtype
        self.places = {name: place for place, name in enumerate(names)}  # after them that of the room, and constants
        self.uses: set[str] = set()
        self.constants: list[Any] = []
        self.calls: list[tuple[Callable[..., Any], Callable[[Sequence[Any]], tuple[Any, ...]]]] = []
        self._write(formula)

    def on(self, *arrays: Array) -> list[Step]:
        """The calls for what the names stand for, and a room."""
        known = (*arrays, *self.constants)
        return [(function, given(known)) for function, given in self.calls]

    def _write(self, formula: Symbol) -> None:
        """Add the calls of a formula, after those of the part of it that is one itself."""
        form, parts = formula.form, formula.parts
        for part in parts:
            if part.parts:
                self._write(part)
        room = len(self.places)
        given = [room if part.parts else self._place(part.form) for part in parts or (formula,)]
        if form == "relu" or form == "step":
            given.append(self._place(0.0))
        function = _FUNCTIONS.get(form) if len(given) <= 2 else None
        if not parts:
            function = np.positive
        if function:
            self._add(function, *given, room)
        else:
            name = "power" if form == "**" else str(form)
            self._add(assign, room, self._constant(getattr(ARRAYS, name)), *given)

    def _add(self, function: Callable[..., Any], *places: int) -> None:
        self.calls.append((function, itemgetter(*places)))

    def _place(self, form: object) -> int:
        """Where a name or a number is among what the calls are given; a number as an array, which saves time."""
        if isinstance(form, str):
            self.uses.add(form)
            return self.places[form]
        with np.errstate(over="ignore"):
            return self._constant(np.array(form, self.dtype))

    def _constant(self, constant: Any) -> int:
        self.constants.append(constant)
        return len(self.places) + len(self.constants)  # the room is between them


class Kind:
    """How an operation of so many inputs, x0, x1 …, is computed and sends its gradient u back.

    `computed` are the calls of the result z, and `sent` those of what each input gets; None where that is u as it is.
    Where its rules are no formulas of one call after the other, both are empty, and the rules `forward` and `local` of
    the operation itself are called.
    """

    def __init__(self, op: Op, inputs: int, dtype: Any) -> None:
        self.forward, self.local, is_formula = rules_of(op, inputs)
        self.computed: Calls | None = None
        self.sent: list[Calls | None] = []
        if not is_formula or inputs > INPUTS:
            return
        names = [f"x{i}" for i in range(inputs)]
        xs, z, upstream = [Symbol(name) for name in names], Symbol("z"), Symbol("u")
        result = symbol(op.forward(SYMBOLS, *xs))
        slopes = [symbol(slope) for slope in op.local(SYMBOLS, z, *xs)]
        if all(map(_is_chain, (result, *slopes))):
            self.computed = Calls(result, names, dtype)
            for slope in slopes:
                product = Symbol("neg", [upstream]) if slope.form == -1 else Symbol("*", [upstream, slope])
                self.sent.append(None if slope.form == 1 else Calls(product, ["u", "z", *names], dtype))


@cache
def kind_of(op: Op, inputs: int, dtype: Any) -> Kind:
    """The kind of an operation of so many inputs."""
    return Kind(op, inputs, dtype)


def _is_chain(formula: Symbol) -> bool:
    """Whether no call of a formula needs more than one call before it."""
    inner = [part for part in formula.parts if part.parts]
    return not inner or (len(inner) == 1 and _is_chain(inner[0]))


def _maximum(x: Array, y: Array, room: Array) -> None:
    np.maximum(x, y, out=room)  # which is told by name: NumPy has more to come for the third


def _minimum(x: Array, y: Array, room: Array) -> None:
    np.minimum(x, y, out=room)


_FUNCTIONS: dict[object, Callable[..., Any]] = {
    **{form: getattr(np, name[3:]) for form, name in UFUNCS.items() if name.startswith("np.")},
    "max": _maximum,
    "min": _minimum,
    "relu": _maximum,
    "step": np.greater,
}


def assign(room: Array, function: Callable[..., Any], *given: Any) -> None:
    """Call what cannot be told where to put its result."""
    room[...] = function(*given)


def products(upstream: Array, rooms: Sequence[Array | None], local: Callable[..., Any], *given: Any) -> None:
    """Multiply a gradient by all the slopes that a rule gives, each into a room of its own where there is one."""
    for slope, room in zip(local(ARRAYS, *given), rooms, strict=True):
        if room is not None:
            np.multiply(upstream, slope, room)


def products_of_all(room: Array, upstream: Array, local: Callable[..., Any], maths: ArrayMaths, result: Array) -> None:
    """The same for the inputs of an operation that has them as one array, into one room."""
    np.multiply(upstream, maths.table(local(maths, result, *maths.parts)), room)


def add_to(matrix: Array, where: Any, part: Array) -> None:
    """Add to some rows of a matrix, in no order, none of which stands twice."""
    rows = matrix.take(where, 0)
    matrix[where] = np.add(rows, part, rows)


def add_sorted(matrix: Array, where: Any, parts: Array, order: Any, starts: Any) -> None:
    """Add to some rows of a matrix what parts, in an order in which those of each row stand together, are in sum."""
    add_to(matrix, where, np.add.reduceat(parts.take(order, 0), starts, 0))
