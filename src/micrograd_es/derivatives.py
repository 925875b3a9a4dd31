"""Derivatives of functions, and of derivatives: `grad`, and the check by central differences."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any

from micrograd_es import flow, functions
from micrograd_es.graph import between, leaves, topological
from micrograd_es.maths import NUMBERS, Number
from micrograd_es.ops import Op
from micrograd_es.replay import RECORDING
from micrograd_es.sweeps import backward
from micrograd_es.value import Constant, Value, as_value


class ValueMaths:
    """The maths in which a local gradient, read with Values, is a graph again; that makes higher derivatives."""

    exp, log, sqrt = map(staticmethod, (functions.exp, functions.log, functions.sqrt))
    tanh, sigmoid, softplus = map(staticmethod, (functions.tanh, functions.sigmoid, functions.softplus))
    sin, cos, abs, relu = map(staticmethod, (functions.sin, functions.cos, functions.absolute, functions.relu))

    def __init__(self) -> None:
        self.others = NUMBERS.others

    def sum(self, xs: Sequence[Value]) -> Value:
        return functions.sum(xs)

    def prod(self, xs: Sequence[Value]) -> Value:
        return functions.prod(xs)

    def max(self, xs: Sequence[Value]) -> Value:
        return functions.maximum(*xs)

    def min(self, xs: Sequence[Value]) -> Value:
        return functions.minimum(*xs)

    def log_sum_exp(self, xs: Sequence[Value]) -> Value:
        return functions.log_sum_exp(xs)

    def shares(self, z: Value, xs: Sequence[Value]) -> tuple[Value, ...]:
        return tuple(functions.exp(x - z) for x in xs)

    def first(self, z: Value, xs: Sequence[Value]) -> tuple[Any, ...]:
        if RECORDING.get() is None:
            return NUMBERS.first(z.data, [x.data for x in xs])
        slopes, rest = [], as_value(1)  # 1 until one of xs has been z
        for x in xs:
            apart = functions.absolute(z - x)
            slopes.append(functions.where(apart, 0, rest))
            rest = functions.where(apart, rest, 0)
        return tuple(slopes)

    def where(self, c: Value, x: Value, y: Value) -> Value:
        return functions.where(c, x, y)

    def step(self, x: Value) -> Any:
        if RECORDING.get():
            return functions.where(x, 1, 0)
        return NUMBERS.step(x.data)

    def sign(self, x: Value) -> Any:
        if RECORDING.get():
            return functions.where(x, 1, functions.where(-x, -1, 0))
        return NUMBERS.sign(x.data)

    def power(self, x: Value, y: Value) -> Value:
        return x**y

    def power_slope(self, x: Value, y: Value) -> Value | Number:
        if y.is_constant:
            return y.number * x ** (y.number - 1) if y.number != 0 else 0
        return 0 if y.data == 0 and x.data == 0 else y * x ** (y - 1)

    def times_log(self, z: Value, x: Value) -> Value | Number | None:
        if RECORDING.get() and z.inputs[1].is_constant:
            return 0  # nobody asks for the gradient of an exponent that is a constant
        return z * functions.log(x) if x.data > 0 else NUMBERS.times_log(z.data, x.data)


VALUES = ValueMaths()


def gradient_graphs(f: Value, inputs: Sequence[Value], fixed: Iterable[Value] = ()) -> list[Value]:
    """∂f/∂x for each of the inputs, as Values. The graph is cut at the inputs and at what is fixed.

    >>> x = Value(3.0, "x")
    >>> (slope,) = gradient_graphs(x * x * x, [x])
    >>> slope, gradient_graphs(slope, [x])
    (Value(27.0), [Value(18.0)])
    """
    nodes = between([f], inputs, fixed)
    try:
        carried = backward(nodes, inputs, {f: {0: Constant(1)}}, local_graphs)
    except (ArithmeticError, ValueError):
        backward(nodes, inputs, {f: {0: 1}})  # refuses what has no slope, by name
        raise
    return [as_value(carried.get(x, {}).get(0, 0)) for x in inputs]


def _gradients(f: Value, inputs: Sequence[Value]) -> list[Number]:
    """∂f/∂x for each of the inputs, as numbers."""
    try:
        found = flow.gradients(f)
    except (ArithmeticError, ValueError):  # perhaps where the inputs are not: what else f is made of has no say
        carried = backward(between([f], inputs), inputs, {f: {0: 1}})
        return [carried.get(x, {}).get(0, 0) for x in inputs]
    return [found.get(x, 0) for x in inputs]


def local_graphs(node: Value) -> tuple[Any, ...]:
    """∂node/∂input for each of the inputs, as Values: what `node.local` gives as numbers.

    >>> x = Value(3.0, "x")
    >>> local_graphs(x * x)
    (Value(3.0, label='x'), Value(3.0, label='x'))
    """
    assert node.op is not None
    return tuple(node.op.local(VALUES, node, *_of_one_kind(node)))


def _of_one_kind(node: Value) -> list[Value]:
    """The inputs of a node, with its int constants as exact as its result: 1/3 in the slope of x/3."""
    kind = type(node.number)
    if kind is int or kind is float:
        return list(node.inputs)
    return [Constant(kind(x.number)) if x.is_constant and type(x.number) is int else x for x in node.inputs]


# Whether a function is being differentiated: a gradient inside it may depend on its arguments, so it has to be a graph.
_INSIDE: ContextVar[bool] = ContextVar("micrograd_es.inside_grad", default=False)


def grad(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The gradient of a function of numbers, as a function of numbers.

    One argument gives a number, several give a list with one entry an argument. Inside `fn` the arguments are
    Values. Nothing is changed, and the result can be differentiated again.

    >>> grad(lambda x: x**3)(2.0)
    12.0
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    >>> grad(lambda x, y: (x + y) * x)(3, 4)
    [10, 3]

    Raises TypeError for what is no function, and the function that comes back where `fn` does not return one Value or
    number.
    """
    if not callable(fn):
        raise TypeError(
            f"grad was given {fn!r}; expected a function of numbers. Write grad(lambda x: x * x)(3.0), or, for a graph"
            " that is there, gradients(f)."
        )

    def gradient(*xs: Any) -> Any:
        if not xs:
            raise TypeError(
                "the gradient was asked for no arguments; expected at least one number. Write grad(fn)(2.0)."
            )
        nested = _INSIDE.get() or RECORDING.get() or any(isinstance(x, Value) for x in xs)
        # A Value that comes in gets a gate of its own, so that inner and outer derivatives are not confused.
        inputs = [functions.identity(x) if isinstance(x, Value) else Value(x) for x in xs]
        token = _INSIDE.set(True)
        try:
            f = _single(fn(*inputs))
        finally:
            _INSIDE.reset(token)
        result = gradient_graphs(f, inputs) if nested else _gradients(f, inputs)
        return result[0] if len(xs) == 1 else result

    gradient.__name__ = f"grad_{getattr(fn, '__name__', 'fn')}"
    return gradient


def _single(result: Any) -> Value:
    if isinstance(result, list | tuple):
        raise TypeError(
            f"the function returned {len(result)} results; expected one. Write jacobian(outputs, inputs) for several."
        )
    return as_value(result)


# Central differences


class GradientError(AssertionError):
    """A gradient that central differences do not confirm."""


@dataclass(frozen=True)
class Difference:
    """One derivative by two methods: what the graph holds, and what central differences give."""

    what: str
    held: Number
    measured: float

    @property
    def error(self) -> float:
        """How far they are apart, relative to the larger of 1 and the derivative."""
        return abs(float(self.held) - self.measured) / max(1.0, abs(self.measured))


def check_gradients(f: Value, tolerance: float = 1e-6) -> list[Difference]:
    """Confirm, by central differences, every local gradient behind f and the gradient of every leaf.

    Gives what was compared. Inputs at a kink (relu at 0, a tie of max) have no derivative to compare with, and beside
    very large numbers (1e12 + x) rounding hides it; these are left out.

    >>> x, y = Value(2.0, "x"), Value(3.0, "y")
    >>> for difference in check_gradients(x * y):
    ...     print(difference.what, difference.held, round(difference.measured, 6))
    ∂mul/∂x at mul(x = 2.0, y = 3.0) 3.0 3.0
    ∂mul/∂y at mul(x = 2.0, y = 3.0) 2.0 2.0
    ∂f/∂x 3.0 3.0
    ∂f/∂y 2.0 2.0

    Raises GradientError, naming the input of the operation and by how much it is wrong, where one differs by more
    than `tolerance` (relative to the larger of 1 and the derivative).
    """
    found = [*_local_differences(f), *_leaf_differences(f)]
    wrong = [difference for difference in found if not difference.error <= tolerance]
    if wrong:
        lines = "\n".join(
            f"  {d.what}: the graph holds {float(d.held):.10g}, central differences give {d.measured:.10g}"
            f" (off by {d.error:.2g})"
            for d in wrong[:5]
        )
        raise GradientError(f"{len(wrong)} of {len(found)} derivatives are wrong by more than {tolerance:g}:\n{lines}")
    return found


def _local_differences(f: Value) -> Iterator[Difference]:
    """Every local gradient behind f beside its central difference."""
    for node in topological(f):
        numbers = [float(x.number) for x in node.inputs]
        for i, (x, local) in enumerate(zip(node.inputs, node.local, strict=True)):
            if local is None or node.op is None or x.is_constant:
                continue
            measured = central_difference(partial(_moved, node.op, numbers, i), numbers[i])
            if measured is not None:
                name = x.label or f"input {i + 1}"
                yield Difference(f"∂{node.op.name}/∂{name} at {flow.written(node)}", local, measured)


def _moved(row: Op, numbers: Sequence[float], i: int, t: float) -> Any:
    """The row's result with t in place of its input number i."""
    return row.forward(NUMBERS, *numbers[:i], t, *numbers[i + 1 :])


def _leaf_differences(f: Value) -> Iterator[Difference]:
    """The gradient of every leaf of f beside its central difference through the whole graph."""
    gradient = flow.gradients(f)
    order = topological(f)
    start = {node: float(node.number) for node in order if node.op is None}
    for number, leaf in enumerate(leaves(f), 1):
        measured = central_difference(lambda t, leaf=leaf: replayed(order, {**start, leaf: t}), start[leaf])  # type: ignore[misc]
        if measured is not None:
            yield Difference(f"∂{f.label or 'f'}/∂{leaf.label or f'leaf {number}'}", gradient[leaf], measured)


def replayed(order: Sequence[Value], numbers: dict[Value, Any], maths: Any = NUMBERS) -> Any:
    """What the last of `order` (inputs first) comes to with other numbers in its leaves, in any maths."""
    results: dict[Value, Any] = {}
    for node in order:
        if node.op is None:
            results[node] = numbers.get(node, node.number)
        else:
            results[node] = node.op.forward(maths, *[results[x] for x in node.inputs])
    return results[order[-1]]


def central_difference(fn: Callable[[float], Any], x: float) -> float | None:
    """The derivative of fn at x by central differences of two widths, extrapolated; None where they cannot tell.

    That is at a kink, at an edge of the domain, and where rounding hides the difference (1e12 + x).

    >>> round(central_difference(lambda x: x * x, 3.0), 9)
    6.0
    >>> central_difference(abs, 0.0) is None
    True

    The width is the one that balances rounding against curvature for fourth-order accuracy: ε^(1/5)·max(1, |x|).
    """
    width = 1e-3 * max(1.0, abs(x))
    for _ in range(20):  # near an edge of the domain a narrower step still fits
        try:
            points = [float(fn(x + step * width)) for step in (-1, -0.5, 0, 0.5, 1)]
        except (ArithmeticError, ValueError):
            width /= 8
            continue
        left, right = (points[2] - points[1]) / (width / 2), (points[3] - points[2]) / (width / 2)
        wide, narrow = (points[4] - points[0]) / (2 * width), (points[3] - points[1]) / width
        size = max(1.0, abs(left), abs(right))
        if not max(map(abs, points)) * 1e-16 / width < 1e-7 * size < math.inf:
            return None
        if abs(wide - narrow) <= 1e-5 * size:
            return narrow + (narrow - wide) / 3 if abs(left - right) <= 1e-2 * size else None
        width /= 4  # curved, or a kink: closer up it is a line, or it is not
    return None
