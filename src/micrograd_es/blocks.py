"""Lego blocks: the parts of a network as functions of lists of Values, each in a scope of its own (lectures, B3).

A vector is a list of Values or numbers, a matrix a list of its rows. What a block does to the gradient that comes back
stands in `micrograd_es.rules`, under the name of its scope.

>>> from micrograd_es import vjp
>>> x, W = named("x", [1, 2]), named("W", [[3, -1], [2, 0]])
>>> y = linear(x, W, [0, 5])
>>> [v.data for v in y], y[0].scope
([1, 7], Scope('linear'))
>>> vjp(y, x, [1, 10])
[23, -1]
"""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import Any

from micrograd_es import functions
from micrograd_es.nested import Nested, Shape, entry_names, flat, lists, mapped, shape, size
from micrograd_es.scopes import scope
from micrograd_es.value import Value, as_value


def named(name: str, xs: Nested) -> Nested:
    """A vector or matrix of Values with labels: x1, x2 … or W11, W12 … (W0_11 for W0).

    Numbers become Values, Values get the label.

    >>> named("x", [1, 2])
    [Value(1, label='x1'), Value(2, label='x2')]
    """
    if not isinstance(name, str):
        raise TypeError(f"name is {name!r} ({type(name).__name__}); expected text. Write named({str(name)!r}, xs).")
    nested = lists(xs)
    labels = iter(entry_names(name, shape(nested, name)))
    return mapped(lambda x: _labelled(x, next(labels)), nested)


def _labelled(x: Any, label: str) -> Value:
    if not isinstance(x, Value):
        return Value(x, label)
    x.label = label
    return x


def linear(x: Nested, W: Nested, b: Nested) -> Nested:  # noqa: N803 - the mathematics' own names
    """W·x + b for a vector x of n, W p×n and b of p; X·W + b for a matrix X m×n of rows, W n×p and b of p (B4).

    >>> [y.data for y in linear([1, 2], [[3, 4], [5, 6]], [10, 20])]
    [21, 37]
    >>> [[y.data for y in row] for row in linear([[1, 2], [1, 0]], [[3, 4], [5, 6]], [10, 20])]
    [[23, 36], [13, 24]]

    Raises ValueError where the shapes do not fit.
    """
    xs, weights, biases = _values(x, "x"), _values(W, "W"), _values(b, "b")
    of, by, of_b = shape(xs, "x"), shape(weights, "W"), shape(biases, "b")
    rows = len(of) == 2
    fits = len(of) in (1, 2) and len(by) == 2 and of[-1] == by[0 if rows else 1] and of_b == (by[1 if rows else 0],)
    if not fits or 0 in of or 0 in by:
        raise ValueError(
            f"linear was given x: {size(of)}, W: {size(by)}, b: {size(of_b)}; expected a vector x of n with W p×n and"
            " b of p (W·x + b), or a matrix X m×n with W n×p and b of p (X·W + b). Transpose W where its sides are"
            " the other way round."
        )
    with scope("linear rows" if rows else "linear"):
        if not rows:
            return [functions.dot(w, xs) + bias for w, bias in zip(weights, biases, strict=True)]
        columns = list(zip(*weights, strict=True))
        return [[functions.dot(row, w) + bias for w, bias in zip(columns, biases, strict=True)] for row in xs]


def relu(x: Nested) -> Nested:
    """Each entry above 0 as it is, 0 for the rest.

    >>> [y.data for y in relu([3, -2, 0])]
    [3, 0, 0]
    """
    return _each("relu", functions.relu, x)


def sigmoid(x: Nested) -> Nested:
    """1/(1 + e^−x) of each entry.

    >>> [y.data for y in sigmoid([0.0])]
    [0.5]
    """
    return _each("sigmoid", functions.sigmoid, x)


def tanh(x: Nested) -> Nested:
    """The hyperbolic tangent of each entry.

    >>> [y.data for y in tanh([0.0])]
    [0.0]
    """
    return _each("tanh", functions.tanh, x)


def softmax(x: Nested) -> Nested:
    """e^x / Σ e^x: a vector as shares of 1; of a matrix each row. Stable for inputs of any size.

    >>> [round(y.data, 9) for y in softmax([1000.0, 1000.0])]
    [0.5, 0.5]
    """
    xs = _values(x, "x")
    of = _vector_or_rows(xs, "x", "softmax")
    with scope("softmax"):
        return functions.softmax(xs) if len(of) == 1 else [functions.softmax(row) for row in xs]


def hadamard(x: Nested, p: Nested) -> Nested:
    """x ⊙ p, entry by entry, of two of the same shape.

    >>> [z.data for z in hadamard([1, 2], [3, 4])]
    [3, 8]
    """
    xs, ps = _values(x, "x"), _values(p, "p")
    _check_same("hadamard", shape(xs, "x"), "p", shape(ps, "p"))
    with scope("hadamard"):
        return mapped(lambda u, v: u * v, xs, ps)


def squared_error(x: Nested, t: Nested) -> Value:
    """Σ (x − t)² over all entries of two of the same shape, t the targets.

    >>> squared_error([1, 2], [3, 5])
    Value(13)
    """
    xs, ts = _values(x, "x"), _values(t, "t")
    _check_same("squared_error", shape(xs, "x"), "t", shape(ts, "t"))
    with scope("squared error"):
        return functions.sum(flat(mapped(lambda u, v: (u - v) ** 2, xs, ts)))


def cross_entropy(p: Nested, t: Any) -> Value:
    """−Σ t·log p for probabilities p and targets t; t may be the number of the right class, counted from 0.

    >>> round(cross_entropy([0.25, 0.75], [0, 1]).data, 6), round(cross_entropy([0.25, 0.75], 1).data, 6)
    (0.287682, 0.287682)

    Of a matrix the mean over its rows, with a row of targets or a class for each. With a class, the entries of the
    others are multiplied by 0, no logarithm is taken of them, and they may be 0. Raises ValueError where the shapes
    do not fit or there is no such class.
    """
    ps = _values(p, "p")
    targets = _targets(ps, t, "p", "cross_entropy")

    def one(row: list[Value], target: Any) -> Value:
        if isinstance(target, int):
            return -functions.sum([functions.log(x) if i == target else x * 0 for i, x in enumerate(row)])
        return -functions.dot(target, [functions.log(x) for x in row])

    with scope("cross-entropy"):
        return _mean_of_rows(one, ps, targets)


def softmax_cross_entropy(y: Nested, t: Any) -> Value:
    """The cross-entropy of softmax(y) in one, Σ t·(log Σ e^y − y): stable for inputs of any size (lectures, C3).

    >>> round(softmax_cross_entropy([0.0, 0.0], 1).data, 6)
    0.693147
    >>> softmax_cross_entropy([1000.0, 0.0], [0, 1])
    Value(1000.0)

    t as in `cross_entropy`; of a matrix the mean over its rows (B4).
    """
    ys = _values(y, "y")
    targets = _targets(ys, t, "y", "softmax_cross_entropy")

    def one(row: list[Value], target: Any) -> Value:
        total = functions.log_sum_exp(row)
        return total - row[target] if isinstance(target, int) else functions.dot(target, [total - x for x in row])

    with scope("softmax cross-entropy"):
        return _mean_of_rows(one, ys, targets)


def _each(name: str, fn: Callable[[Value], Value], x: Nested) -> Nested:
    xs = _values(x, "x")
    with scope(name):
        return mapped(fn, xs)


def _mean_of_rows(one: Callable[[list[Value], Any], Value], xs: Nested, targets: Any) -> Value:
    """`one` of a vector and its target, or its mean over the rows of a matrix and theirs."""
    if not isinstance(xs[0], list):
        return one(xs, targets)
    return functions.sum([one(row, target) for row, target in zip(xs, targets, strict=True)]) / len(xs)


def _values(xs: Nested, role: str) -> Nested:
    """Nested lists of Values; numbers become constants, outside of the scope that the block opens."""
    nested = lists(xs)
    shape(nested, role)
    return mapped(as_value, nested)


def _vector_or_rows(xs: Nested, role: str, name: str) -> Shape:
    of = shape(xs, role)
    if len(of) not in (1, 2) or 0 in of:
        raise ValueError(f"{name} was given {role}: {size(of)}; expected a vector, or a matrix of rows.")
    return of


def _check_same(name: str, of: Shape, role: str, other: Shape) -> None:
    if of != other or 0 in of:
        raise ValueError(
            f"{name} was given x: {size(of)} and {role}: {size(other)}; expected the same shape. Give {role} one entry"
            " for each of x."
        )


def _targets(xs: Nested, t: Any, role: str, name: str) -> Any:
    """A class (int) or a list of Values for each vector of xs."""
    of = _vector_or_rows(xs, role, name)
    nested = lists(t)
    given = shape(nested, "t")
    if given == of:
        return _values(nested, "t")
    if given != of[:-1]:
        raise ValueError(
            f"{name} was given {role}: {size(of)} and t: {size(given)}; expected {size(of)}, one target an entry,"
            f" or {size(of[:-1])}, the class of each row counted from 0."
        )
    return mapped(lambda c: _class(c, of[-1], name), nested)


def _class(c: Any, count: int, name: str) -> int:
    if not isinstance(c, Integral) or isinstance(c, bool):
        raise TypeError(f"{name} was given the class {c!r} ({type(c).__name__}); expected a whole number, from 0 on.")
    if not 0 <= int(c) < count:
        raise ValueError(f"{name} was given the class {c}; expected 0 to {count - 1}: classes are counted from 0.")
    return int(c)
