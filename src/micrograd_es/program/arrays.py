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
        total = xs[0]
        for x in xs[1:]:
            total = total + x
        return total

    def prod(self, xs: Sequence[Array]) -> Array:
        total = xs[0]
        for x in xs[1:]:
            total = total * x
        return total

    def others(self, xs: Sequence[Any]) -> tuple[Any, ...]:
        """For each of xs the product of all the others, in linear time and without dividing."""
        if len(xs) == 2:
            return xs[1], xs[0]
        before, after = [np.float64(1)], [np.float64(1)]
        for x, y in zip(xs[:-1], xs[:0:-1], strict=True):
            before.append(before[-1] * x)
            after.append(after[-1] * y)
        return tuple(a * b for a, b in zip(before, reversed(after), strict=True))

    def max(self, xs: Sequence[Array]) -> Array:
        largest = xs[0]
        for x in xs[1:]:
            largest = np.maximum(largest, x)
        return largest

    def min(self, xs: Sequence[Array]) -> Array:
        least = xs[0]
        for x in xs[1:]:
            least = np.minimum(least, x)
        return least

    def first(self, z: Array, xs: Sequence[Array]) -> tuple[Array, ...]:
        """1 for the first of xs that equals z, 0 for the rest: a tie goes to the first."""
        taken = np.zeros(np.shape(z), bool)
        masks = []
        for x in xs:
            wins = (x == z) & ~taken
            taken |= wins
            masks.append(wins.astype(z.dtype))
        return tuple(masks)

    def log_sum_exp(self, xs: Sequence[Array]) -> Array:
        """log Σ exp(x), shifted by the largest so that nothing overflows."""
        largest = self.max(xs)
        return largest + np.log(self.sum([np.exp(x - largest) for x in xs]))


ARRAYS = ArrayMaths()
