"""Functions over Values. Each takes Values and numbers and gives a Value; the rules are in the table of operations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Never

from micrograd_es import ops
from micrograd_es.eager import eager
from micrograd_es.maths import Number
from micrograd_es.value import Value, apply, as_value, general

Input = Value | Number


@eager(ops.EXP)
def exp(x: Input) -> Value:
    """e to the power x.

    >>> exp(Value(0.0))
    Value(1.0)
    """
    return apply(ops.EXP, x)


@eager(ops.LOG)
def log(x: Input) -> Value:
    """The natural logarithm of x, for x above 0.

    >>> log(Value(1.0))
    Value(0.0)
    """
    return apply(ops.LOG, x)


@eager(ops.TANH)
def tanh(x: Input) -> Value:
    """The hyperbolic tangent of x; its slope is 1 − tanh².

    >>> tanh(Value(0.0)).local
    (1.0,)
    """
    return apply(ops.TANH, x)


@eager(ops.SIGMOID)
def sigmoid(x: Input) -> Value:
    """1 / (1 + e^−x) as one gate; its slope is (1 − σ)·σ. Stable for every x.

    >>> sigmoid(Value(0.0)), sigmoid(Value(0.0)).local
    (Value(0.5), (0.25,))
    """
    return apply(ops.SIGMOID, x)


@eager(ops.RELU)
def relu(x: Input) -> Value:
    """x above 0, else 0; its slope at 0 is 0.

    >>> relu(Value(3.0)), relu(Value(-3.0)), relu(Value(0.0)).local
    (Value(3.0), Value(0.0), (0.0,))
    """
    return apply(ops.RELU, x)


@eager(ops.SOFTPLUS)
def softplus(x: Input) -> Value:
    """log(1 + e^x), a smooth relu; its slope is the sigmoid. Stable for every x.

    >>> softplus(Value(1000.0))
    Value(1000.0)
    """
    return apply(ops.SOFTPLUS, x)


@eager(ops.SIN)
def sin(x: Input) -> Value:
    """The sine of x, in radians.

    >>> sin(Value(0.0))
    Value(0.0)
    """
    return apply(ops.SIN, x)


@eager(ops.COS)
def cos(x: Input) -> Value:
    """The cosine of x, in radians.

    >>> cos(Value(0.0))
    Value(1.0)
    """
    return apply(ops.COS, x)


@eager(ops.SQRT)
def sqrt(x: Input) -> Value:
    """The square root of x, for x from 0 on; at 0 it has no slope. Exact for a Fraction that is a square.

    >>> from fractions import Fraction
    >>> sqrt(Value(Fraction(9, 4)))
    Value(Fraction(3, 2))
    """
    return apply(ops.SQRT, x)


@eager(ops.ABS)
def absolute(x: Input) -> Value:
    """|x|, as `abs(x)`; its slope at 0 is 0.

    >>> absolute(Value(-3)), absolute(Value(0)).local
    (Value(3), (0,))
    """
    return apply(ops.ABS, x)


@eager(ops.INV)
def reciprocal(x: Input) -> Value:
    """1/x as one gate; its slope is −1/x².

    >>> reciprocal(Value(4.0)).local
    (-0.0625,)
    """
    return apply(ops.INV, x)


@eager(ops.SAME)
def identity(x: Input) -> Value:
    """x itself behind a gate of its own: another name for the same number in a figure.

    >>> identity(Value(3)).local
    (1,)
    """
    return apply(ops.SAME, x)


def maximum(*xs: Input) -> Value:
    """The largest of the inputs. All of the gradient goes to it; at a tie, to the FIRST of the equals.

    >>> maximum(Value(2), Value(7), Value(7)).local
    (0, 1, 0)
    """
    return _of_many(ops.MAX, xs, "maximum(x, y)")


def minimum(*xs: Input) -> Value:
    """The smallest of the inputs. All of the gradient goes to it; at a tie, to the FIRST of the equals.

    >>> minimum(Value(2), Value(7), Value(2)).local
    (1, 0, 0)
    """
    return _of_many(ops.MIN, xs, "minimum(x, y)")


@eager(ops.WHERE)
def where(condition: Input, x: Input, y: Input) -> Value:
    """x where the condition is above 0, else y; all of the gradient goes to the one that was taken.

    A choice between numbers that a recorded program makes anew for each example, as a Python `if` cannot.

    >>> where(Value(0.5), Value(2), Value(3)), where(Value(-0.5), Value(2), Value(3)).local
    (Value(2), (0, 0, 1))
    """
    return apply(ops.WHERE, condition, x, y)


def sum(xs: Iterable[Input], *more: Never) -> Value:
    """The sum of the inputs as ONE gate.

    >>> sum([Value(1), Value(2), Value(3)]).local
    (1, 1, 1)
    """
    if more:
        raise _no_list("sum", xs, more)
    return _of_many(ops.ADD, xs, "sum([x, y])")


def prod(xs: Iterable[Input], *more: Never) -> Value:
    """The product of the inputs as ONE gate; each local gradient is the product of the others.

    >>> prod([Value(2), Value(3), Value(5)]).local
    (15, 10, 6)
    """
    if more:
        raise _no_list("prod", xs, more)
    return _of_many(ops.MUL, xs, "prod([x, y])")


def dot(xs: Iterable[Input], ys: Iterable[Input]) -> Value:
    """Σ x·y: a product for each pair and one sum.

    Raises ValueError where the two lists differ in length.

    >>> dot([Value(1), Value(2)], [Value(3), Value(4)])
    Value(11)
    """
    example = "dot([x, y], [2, 3])"
    left, right = _values(xs, ops.MUL, example), _values(ys, ops.MUL, example)
    if len(left) != len(right):
        raise ValueError(f"dot was given {len(left)} and {len(right)} inputs; expected two lists of the same length.")
    return _joined(ops.ADD, tuple([x * y for x, y in zip(left, right)]))  # noqa: B905 (as long as each other)


def log_sum_exp(xs: Iterable[Input], *more: Never) -> Value:
    """log Σ e^x as one gate, stable for inputs of any size; its local gradients are the softmax.

    >>> log_sum_exp([Value(1000.0), Value(1000.0)])
    Value(1000.6931471805599)
    """
    if more:
        raise _no_list("log_sum_exp", xs, more)
    return _of_many(ops.LSE, xs, "log_sum_exp([x, y])")


def log_softmax(xs: Iterable[Input], *more: Never) -> list[Value]:
    """x − log Σ e^x for each of the inputs: the logarithm of the softmax, stable for inputs of any size.

    >>> [round(p.data, 3) for p in log_softmax([Value(0.0), Value(0.0)])]
    [-0.693, -0.693]
    """
    if more:
        raise _no_list("log_softmax", xs, more)
    return _log_shares(_values(xs, ops.LSE, "log_softmax([x, y])"))


def softmax(xs: Iterable[Input], *more: Never) -> list[Value]:
    """e^x / Σ e^x for each of the inputs, written e^(x − log Σ e^x) so that it is stable for inputs of any size.

    >>> [round(p.data, 12) for p in softmax([Value(1000.0), Value(1000.0)])]
    [0.5, 0.5]
    """
    if more:
        raise _no_list("softmax", xs, more)
    return [exp(x) for x in _log_shares(_values(xs, ops.LSE, "softmax([x, y])"))]


def _log_shares(inputs: tuple[Value, ...]) -> list[Value]:
    total = log_sum_exp(inputs)
    return [x - total for x in inputs]


@eager(ops.MAX)
def _larger(x: Input, y: Input) -> Value:
    return apply(ops.MAX, x, y)


@eager(ops.MIN)
def _smaller(x: Input, y: Input) -> Value:
    return apply(ops.MIN, x, y)


_OF_TWO: dict[ops.Op, Callable[[Value, Value], Value]] = {
    ops.ADD: Value.__add__,
    ops.MUL: Value.__mul__,
    ops.MAX: _larger,
    ops.MIN: _smaller,
}


def _of_many(row: ops.Op, xs: Any, example: str) -> Value:
    """Run a row that takes any number of inputs on what a user gave."""
    return _joined(row, _values(xs, row, example))


def _joined(row: ops.Op, inputs: tuple[Value, ...]) -> Value:
    """Run a row that takes any number of inputs; for two of them it is compiled."""
    of_two = _OF_TWO.get(row) if len(inputs) == 2 else None
    return of_two(*inputs) if of_two else general(row, inputs)


def _values(xs: Any, row: ops.Op, example: str) -> tuple[Value, ...]:
    """The inputs as Values, with an error for what is no list of them; `example` is a call that fits."""
    if isinstance(xs, Value) or not hasattr(xs, "__iter__"):
        raise TypeError(f"{_called(example)} was given {xs!r}; expected a list of Values and numbers. Write {example}.")
    inputs = tuple([x if x.__class__ is Value else as_value(x, row, _FOR_LISTS[example]) for x in xs])
    if not inputs:
        raise TypeError(f"{_called(example)} was given no inputs; expected at least one. Write {example}.")
    return inputs


def _no_list(name: str, first: Any, more: Sequence[Any]) -> TypeError:
    """The error for a function of one list that was given more than that."""
    letters = ", ".join("abcdefgh"[: len(more) + 1]) if len(more) < 8 else "a, b, …"
    write = f"{name}(xs)" if hasattr(first, "__iter__") else f"{name}([{letters}])"
    return TypeError(f"{name} was given {len(more) + 1} arguments; expected one list of Values. Write {write}.")


def _called(example: str) -> str:
    return example.partition("(")[0]


# By the example of a call, what to write where an entry of its list is a list itself.
_FOR_LISTS = {
    "maximum(x, y)": "maximum(*xs)",
    "minimum(x, y)": "minimum(*xs)",
    "dot([x, y], [2, 3])": "[dot(row, x) for row in matrix]",
    **{f"{name}([x, y])": f"[{name}(row) for row in matrix]" for name in ("softmax", "log_softmax")},
    **{
        f"{name}([x, y])": f"[{name}(row) for row in matrix], or {name}([v for row in matrix for v in row])"
        for name in ("sum", "prod", "log_sum_exp")
    },
}


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": exp,
    "log": log,
    "tanh": tanh,
    "sigmoid": sigmoid,
    "relu": relu,
    "softplus": softplus,
    "sin": sin,
    "cos": cos,
    "sqrt": sqrt,
    "abs": absolute,
    "reciprocal": reciprocal,
    "identity": identity,
    "max": maximum,
    "maximum": maximum,
    "min": minimum,
    "minimum": minimum,
    "where": where,
    "sum": lambda *xs: sum(xs),
    "prod": lambda *xs: prod(xs),
    "log_sum_exp": lambda *xs: log_sum_exp(xs),
}
"""What an expression may call, by name: each takes its inputs one by one."""
