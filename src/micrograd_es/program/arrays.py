"""The maths of NumPy arrays: what a row of the table of operations means when it is read with arrays.

Arrays have one row for each operation of a group and one column for each example of a batch; what does not depend on
the example has one column, and broadcasts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


class ArrayMaths:
    """The functions that the rows of the table call on arrays."""

    exp, log, tanh = staticmethod(np.exp), staticmethod(np.log), staticmethod(np.tanh)
    sin, cos, sqrt, abs = staticmethod(np.sin), staticmethod(np.cos), staticmethod(np.sqrt), staticmethod(np.abs)
    sign = staticmethod(np.sign)

    def sigmoid(self, x: Array) -> Array:
        shrunk = np.exp(-np.abs(x))  # never overflows
        return np.where(x >= 0, 1.0, shrunk) / (1.0 + shrunk)

    def softplus(self, x: Array) -> Array:
        return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))

    def relu(self, x: Array) -> Array:
        return np.maximum(x, 0.0)

    def step(self, x: Array) -> Array:
        """1 above 0, else 0: the slope of relu, 0 at 0."""
        return (x > 0).astype(x.dtype)

    def where(self, c: Array, x: Array, y: Array) -> Array:
        """x where c is above 0, else y."""
        return np.where(c > 0, x, y)

    def power(self, x: Array, y: Array) -> Array:
        return x**y

    def power_slope(self, x: Array, y: Array) -> Array:
        """y·x**(y − 1), the slope of x**y along x; 0 for the power 0, also at x = 0."""
        return np.where(y == 0, 0.0, y * np.where(y == 0, 1.0, x) ** (y - 1))

    def times_log(self, z: Array, x: Array) -> Array:
        """z·log(x), the slope of z = x**y along y; NaN where it has none (x < 0, or 0 to the power 0)."""
        inside = z * np.log(np.where(x > 0, x, 1.0))
        return np.where(x > 0, inside, np.where((x == 0) & (z == 0), 0.0, np.nan))

    def sum(self, xs: Sequence[Array]) -> Array:
        return xs[0] + xs[1] if len(xs) == 2 else np.add.reduce(table(xs))

    def prod(self, xs: Sequence[Array]) -> Array:
        return xs[0] * xs[1] if len(xs) == 2 else np.multiply.reduce(table(xs))

    def others(self, xs: Sequence[Any]) -> Any:
        """For each of xs the product of all the others, in linear time and without dividing."""
        if len(xs) == 2:
            return xs[1], xs[0]
        factors = table(xs)
        found = np.ones_like(factors)
        np.cumprod(factors[:-1], axis=0, out=found[1:])
        after = np.cumprod(factors[:0:-1], axis=0)[::-1]
        np.multiply(found[:-1], after, out=found[:-1])
        return found

    def max(self, xs: Sequence[Array]) -> Array:
        return np.maximum(xs[0], xs[1]) if len(xs) == 2 else np.maximum.reduce(table(xs))

    def min(self, xs: Sequence[Array]) -> Array:
        return np.minimum(xs[0], xs[1]) if len(xs) == 2 else np.minimum.reduce(table(xs))

    def first(self, z: Array, xs: Sequence[Array]) -> Array:
        """1 for the first of xs that equals z, 0 for the rest: a tie goes to the first."""
        wins = table(xs) == z
        first: Array = wins & (np.cumsum(wins, axis=0) == 1)
        return first

    def shares(self, z: Array, xs: Sequence[Array]) -> Array:
        """e^(x − z) for each of xs: what share it has in z = log Σ e^x, the softmax."""
        return np.exp(table(xs) - z)

    def log_sum_exp(self, xs: Sequence[Array]) -> Array:
        """log Σ exp(x), shifted by the largest so that nothing overflows."""
        powers = table(xs)
        largest = powers.max(axis=0)
        np.exp(np.subtract(powers, largest, out=powers), out=powers)
        total: Array = largest + np.log(np.add.reduce(powers))
        return total


def table(xs: Sequence[Any]) -> Array:
    """A copy of the inputs of an operation with any number of them as one array; numbers get axes to broadcast."""
    arrays = [np.asarray(x) for x in xs]
    if len({a.shape for a in arrays}) > 1:
        arrays = list(np.broadcast_arrays(*arrays))
    made: Array = np.array(arrays)
    return made.reshape(-1, 1, 1) if made.ndim == 1 else made


ARRAYS = ArrayMaths()
