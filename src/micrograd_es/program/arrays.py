"""The maths of arrays: what a row of the table of operations means when it is read with arrays.

Arrays have one row for each operation of a group and one column for each example of a batch; what does not depend on
the example has one column, and broadcasts. The functions are NumPy's, or those of any module with the same names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
SAME_NAMES = ("exp", "log", "tanh", "sin", "cos", "sqrt", "abs", "sign")  # in a maths, and in the module of arrays


class ArrayMaths:
    """The functions that the rows of the table call on arrays.

    `np` is the module that has them. A maths can know the inputs of one operation beforehand: `whole` is one array of
    them, `parts` are the inputs themselves, and where those are asked for as one array nothing is copied.
    """

    def __init__(self, np: Any = np, whole: Any = ()) -> None:
        self.np, self.whole, self.parts = np, whole, tuple(whole)
        for name in SAME_NAMES:
            setattr(self, name, getattr(np, name))

    def sigmoid(self, x: Any) -> Any:
        shrunk = self.np.exp(-self.np.abs(x))  # never overflows
        return self.np.where(x >= 0, 1.0, shrunk) / (1.0 + shrunk)

    def softplus(self, x: Any) -> Any:
        return self.np.maximum(x, 0.0) + self.np.log1p(self.np.exp(-self.np.abs(x)))

    def relu(self, x: Any) -> Any:
        return self.np.maximum(x, 0.0)

    def step(self, x: Any) -> Any:
        """1 above 0, else 0: the slope of relu, 0 at 0."""
        x = self.np.asarray(x)  # a rule may ask it of a number
        return (x > 0).astype(x.dtype)

    def where(self, c: Any, x: Any, y: Any) -> Any:
        """x where c is above 0, else y; NaN where c is."""
        return self.np.where(c > 0, x, self.np.where(c <= 0, y, c))

    def power(self, x: Any, y: Any) -> Any:
        return x**y

    def power_slope(self, x: Any, y: Any) -> Any:
        """y·x**(y − 1), the slope of x**y along x; 0 for the power 0, also at x = 0."""
        where = self.np.where
        return where(y == 0, 0.0, y * where(y == 0, 1.0, x) ** (y - 1))

    def times_log(self, z: Any, x: Any) -> Any:
        """z·log(x), the slope of z = x**y along y; NaN where it has none (x < 0, or 0 to the power 0)."""
        where = self.np.where
        inside = z * self.np.log(where(x > 0, x, 1.0))
        return where(x > 0, inside, where((x == 0) & (z == 0), 0.0, np.nan))

    def sum(self, xs: Sequence[Any]) -> Any:
        return xs[0] + xs[1] if len(xs) == 2 else self.table(xs).sum(0)

    def prod(self, xs: Sequence[Any]) -> Any:
        return xs[0] * xs[1] if len(xs) == 2 else self.table(xs).prod(0)

    def others(self, xs: Sequence[Any]) -> Any:
        """For each of xs the product of all the others, in linear time and without dividing."""
        if len(xs) == 2:
            return xs[1], xs[0]
        factors = self.table(xs)
        one = self.np.ones_like(factors[:1])
        before = self.np.concatenate([one, self.np.cumprod(factors[:-1], axis=0)])
        return before * self.np.concatenate([self.np.cumprod(factors[:0:-1], axis=0)[::-1], one])

    def max(self, xs: Sequence[Any]) -> Any:
        return self.np.maximum(xs[0], xs[1]) if len(xs) == 2 else self.table(xs).max(0)

    def min(self, xs: Sequence[Any]) -> Any:
        return self.np.minimum(xs[0], xs[1]) if len(xs) == 2 else self.table(xs).min(0)

    def first(self, z: Any, xs: Sequence[Any]) -> Any:
        """1 for the first of xs that equals z, 0 for the rest: a tie goes to the first."""
        wins = self.table(xs) == z
        return (wins & (self.np.cumsum(wins, axis=0) == 1)).astype(z.dtype)

    def shares(self, z: Any, xs: Sequence[Any]) -> Any:
        """e^(x − z) for each of xs: what share it has in z = log Σ e^x, the softmax."""
        return self.np.exp(self.table(xs) - z)

    def log_sum_exp(self, xs: Sequence[Any]) -> Any:
        """log Σ exp(x), shifted by the largest so that nothing overflows."""
        powers = self.table(xs)
        largest = powers.max(0)
        return largest + self.np.log(self.np.exp(powers - largest).sum(0))

    def logaddexp(self, *xs: Any) -> Any:
        """The same, called with each of them: what a formula writes for more than NumPy's two."""
        return self.log_sum_exp(xs)

    def table(self, xs: Any) -> Any:
        """The inputs or slopes of an operation with any number of them as one array; numbers get axes to broadcast."""
        if not isinstance(xs, tuple | list):
            return xs  # it is one already
        if len(xs) == len(self.parts) and all(x is part for x, part in zip(xs, self.parts, strict=True)):
            return self.whole
        arrays = [self.np.asarray(x) for x in xs]
        if len({a.shape for a in arrays}) > 1:
            arrays = self.np.broadcast_arrays(*arrays)
        made = self.np.array(arrays)
        return made.reshape(-1, 1, 1) if made.ndim == 1 else made


ARRAYS = ArrayMaths()
