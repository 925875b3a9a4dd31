"""Numbers that count what is done with them, and the maths in which the table of operations runs on them.

>>> from micrograd_es.ops import find
>>> counts = Counts()
>>> z = find("tanh").forward(COUNTING, Counted(0.5, counts))
>>> _ = find("tanh").local(COUNTING, z, None)
>>> sorted(counts.items())
[('mul', 1), ('sub', 1), ('tanh', 1)]
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from micrograd_es.maths import NUMBERS, NumberMaths


class Counts(Counter[str]):
    """How often each kind of operation was done: "add", "sub", "mul", "div", "neg", "compare", "exp" …

    >>> counts = Counts(mul=4, add=2, sub=1, exp=1)
    >>> counts.multiplications, counts.additions, counts.others, counts.total()
    (4, 3, 1, 8)
    >>> print(counts)
    8 operations: 4 multiplications, 3 additions, 1 other
    """

    @property
    def additions(self) -> int:
        """Additions and subtractions."""
        return self["add"] + self["sub"]

    @property
    def multiplications(self) -> int:
        """Multiplications; a change of sign is none."""
        return self["mul"]

    @property
    def others(self) -> int:
        """Everything else: divisions, changes of sign, comparisons, powers, exp, log …"""
        return self.total() - self.additions - self.multiplications

    def __str__(self) -> str:
        parts = [
            f"{number} {word}{'s' * (number != 1)}"
            for number, word in (
                (self.multiplications, "multiplication"),
                (self.additions, "addition"),
                (self.others, "other"),
            )
            if number
        ]
        return f"{self.total()} operation{'s' * (self.total() != 1)}" + (f": {', '.join(parts)}" if parts else "")


class Counted:
    """A number that counts, in `counts`, what is done with it.

    A product with a plain −1, 0 or 1 is no multiplication: a row that hands on its gradient unchanged (add), gates it
    (relu, max) or turns its sign (sub) says so with plain numbers, and only the change of sign is counted.
    """

    __slots__ = ("counts", "number")

    def __init__(self, number: Any, counts: Counts) -> None:
        self.number, self.counts = number, counts

    def did(self, kind: str, result: Any) -> Counted:
        """The result of an operation, counted."""
        self.counts[kind] += 1
        return Counted(result, self.counts)

    def __add__(self, other: Any) -> Counted:
        return self.did("add", self.number + plain(other))

    def __radd__(self, other: Any) -> Counted:
        return self.did("add", plain(other) + self.number)

    def __sub__(self, other: Any) -> Counted:
        return self.did("sub", self.number - plain(other))

    def __rsub__(self, other: Any) -> Counted:
        return self.did("sub", plain(other) - self.number)

    def __mul__(self, other: Any) -> Counted:
        if not isinstance(other, Counted) and other in (-1, 0, 1):
            return self.did("neg", -self.number) if other == -1 else Counted(self.number * other, self.counts)
        return self.did("mul", self.number * plain(other))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Counted:
        return self.did("div", self.number / plain(other))

    def __rtruediv__(self, other: Any) -> Counted:
        return self.did("div", plain(other) / self.number)

    def __pow__(self, other: Any) -> Counted:
        return self.did("pow", NUMBERS.power(self.number, plain(other)))

    def __rpow__(self, other: Any) -> Counted:
        return self.did("pow", NUMBERS.power(plain(other), self.number))

    def __neg__(self) -> Counted:
        return self.did("neg", -self.number)

    def __abs__(self) -> Counted:
        return self.did("abs", abs(self.number))

    def __eq__(self, other: object) -> bool:
        return self._compared(self.number == plain(other))

    def __lt__(self, other: Any) -> bool:
        return self._compared(self.number < plain(other))

    def __le__(self, other: Any) -> bool:
        return self._compared(self.number <= plain(other))

    def __gt__(self, other: Any) -> bool:
        return self._compared(self.number > plain(other))

    def __ge__(self, other: Any) -> bool:
        return self._compared(self.number >= plain(other))

    def _compared(self, answer: bool) -> bool:
        self.counts["compare"] += 1
        return answer

    __hash__ = None  # type: ignore[assignment]


def plain(x: Any) -> Any:
    """The number of a counted number; any other as it is."""
    return x.number if isinstance(x, Counted) else x


def _counting(name: str) -> Callable[..., Counted]:
    """A function of the table's maths as one operation of that name."""

    def function(self: CountingMaths, *xs: Any) -> Counted:
        result = getattr(NUMBERS, name)(*[plain(x) for x in xs])
        return next(x for x in xs if isinstance(x, Counted)).did(name, result)

    return function


class CountingMaths(NumberMaths):
    """The maths of plain numbers on counted ones: sums, products, σ and log Σ exp are counted by what they do."""

    exp, log, tanh, sin, cos, sqrt, softplus = map(_counting, ("exp", "log", "tanh", "sin", "cos", "sqrt", "softplus"))

    def relu(self, x: Any) -> Any:
        return x if x > 0 else Counted(NUMBERS.relu(x.number), x.counts)

    def sign(self, x: Any) -> Any:
        return NUMBERS.sign(x.did("compare", x.number).number)

    def power(self, x: Any, y: Any) -> Any:
        """x to the power y; a square is one multiplication."""
        return x * x if plain(y) == 2 else x**y

    def power_slope(self, x: Any, y: Any) -> Any:
        """y·x**(y − 1); for a square that is one multiplication, 2·x."""
        if plain(y) in (0, 2):
            return x * plain(y)
        return y * self.power(x, plain(y) - 1)

    def times_log(self, z: Any, x: Any) -> Any:
        slope = NUMBERS.times_log(z.number, x.number)
        return z.did("log", slope).did("mul", slope) if slope else slope


COUNTING = CountingMaths()
