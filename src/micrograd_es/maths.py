"""The maths of plain numbers: what a row of the table means when it is read with int, float, Fraction or Decimal.

A maths is a namespace of functions. This one runs the rows on single numbers and keeps exact numbers exact wherever
the operation allows it; `symbols` writes them down; a maths for arrays runs them vectorised.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from math import isqrt
from numbers import Integral, Real
from operator import add, mul
from typing import Any

Number = int | float | Fraction | Decimal

LARGEST = 1.7976931348623157e308  # the largest float: results beyond it overflow
_EXACT_BITS = 1 << 20  # an exact power may not have more digits than this


def as_number(x: Any, role: str = "data", each: str = "") -> Number:
    """The plain Python number that x is, or an error that says what was expected.

    `each` is what to write where x is many numbers.

    >>> as_number(3), as_number(0.5)
    (3, 0.5)
    >>> as_number("3")
    Traceback (most recent call last):
        ...
    TypeError: data is '3' (str); expected a real number (int, float, Fraction, Decimal or NumPy's). Write float('3').
    """
    kind = x.__class__
    if kind is float or kind is int or kind is Fraction or kind is Decimal:
        return _finite(x, role)
    if isinstance(x, Fraction | Decimal):
        return _finite(x, role)
    if kind is not bool and isinstance(x, Integral):
        return int(x)
    if kind is not bool and isinstance(x, Real):
        return _finite(float(x), role)
    raise TypeError(
        f"{role} is {_cut(repr, x)} ({kind.__name__});"
        f" expected a real number (int, float, Fraction, Decimal or NumPy's). {_instead(x, each)}"
    )


def of_one_kind(numbers: Sequence[Number]) -> tuple[Number, ...]:
    """The numbers, with ints beside a Fraction or Decimal as that kind: 1/3 has to be exact in the slope of x/3.

    >>> of_one_kind([Fraction(1, 2), 3])
    (Fraction(1, 2), Fraction(3, 1))
    """
    kinds = {x.__class__ for x in numbers}
    for kind in (Fraction, Decimal):
        if kind in kinds and int in kinds:
            return tuple([kind(x) if x.__class__ is int else x for x in numbers])
    return tuple(numbers)


def _finite(x: Number, role: str) -> Number:
    try:
        if -LARGEST <= x <= LARGEST:
            return x
    except ArithmeticError:  # Decimal's NaN does not compare
        pass
    raise ValueError(
        f"{role} is {_cut(repr, x)}; expected a finite number of at most ±1.8e308."
        " Write a number, or leave this case out."
    )


def shown(x: Any) -> str:
    """A number as an error shows it: its own text, cut where it is long."""
    return _cut(str, x)


def counted(count: int, noun: str) -> str:
    """How many there are of something, in words.

    >>> counted(1, "input"), counted(2, "input"), counted(2, "bias")
    ('1 input', '2 inputs', '2 biases')
    """
    plural = {"s": "es", "x": "es"}.get(noun[-1], "s")
    return f"{count} {noun}{'' if count == 1 else plural}"


def _cut(text_of: Callable[[Any], str], x: Any) -> str:
    try:
        text = text_of(x)
    except ValueError:  # an exact number of more digits than Python writes
        text = f"a {type(x).__name__} of more than 4000 digits"
    return text if len(text) <= 60 else text[:57] + "…"


def _instead(x: Any, each: str) -> str:
    """What to write in place of something that is no real number."""
    if isinstance(x, bool):
        return f"Write {int(x)}."
    if isinstance(x, str):
        return _instead_of_text(x)
    if isinstance(x, complex):
        return "Write its real part, x.real, or its size, abs(x)."
    if getattr(x, "ndim", None) == 0:
        return "Write x.item()."
    if hasattr(x, "__iter__"):
        return f"Write {each or 'one Value for each number: [Value(n) for n in numbers]'}."
    return "Write one number."


def _instead_of_text(x: str) -> str:
    """What to write in place of a text: its number, where it is one; a decimal comma, which Python cannot read, too."""
    for text, help_ in ((x, "Write float({!r})."), (x.replace(",", "."), "Decimals have a point: write float({!r}).")):
        try:
            float(text)
        except ValueError:
            continue
        return help_.format(_cut(str, text))
    return "Write one number."


def _like(x: Number, result: float) -> Number:
    """A float result as a Decimal where x is one: Decimals and floats do not mix in Python."""
    return Decimal(result) if isinstance(x, Decimal) else result


class NumberMaths:
    """The functions that the rows of the table call on plain numbers.

    Inputs and results are Numbers; they are typed Any because kinds of numbers mix in ways no checker follows.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        known = ", ".join(sorted(each for each in dir(NumberMaths) if not each.startswith("_")))
        instead = f" Write math.{name}(x)." if hasattr(math, name) else ""
        raise AttributeError(f"a rule of the table called m.{name}; expected one of {known}.{instead}")

    def exp(self, x: Any) -> Any:
        return x.exp() if isinstance(x, Decimal) else math.exp(x)

    def log(self, x: Any) -> Any:
        if x <= 0:
            raise ValueError("logarithm of a number that is not above 0")
        return x.ln() if isinstance(x, Decimal) else math.log(x)

    def tanh(self, x: Any) -> Any:
        if not isinstance(x, Decimal):
            return math.tanh(x)
        shrunk = (-2 * abs(x)).exp()
        return ((1 - shrunk) / (1 + shrunk)).copy_sign(x)

    def sigmoid(self, x: Any) -> Any:
        shrunk = self.exp(-abs(x))  # never overflows
        return 1 / (1 + shrunk) if x >= 0 else shrunk / (1 + shrunk)

    def softplus(self, x: Any) -> Any:
        if isinstance(x, Decimal):
            return max(x, Decimal(0)) + (1 + (-abs(x)).exp()).ln()
        return max(x, 0) + math.log1p(math.exp(-abs(x)))

    def sin(self, x: Any) -> Any:
        return _like(x, math.sin(x))

    def cos(self, x: Any) -> Any:
        return _like(x, math.cos(x))

    def sqrt(self, x: Any) -> Any:
        """The square root; exact for a Fraction that is a square."""
        if x < 0:
            raise ValueError("square root of a negative number")
        if isinstance(x, Decimal):
            return x.sqrt()
        if isinstance(x, Fraction):
            top, bottom = isqrt(x.numerator), isqrt(x.denominator)
            if top * top == x.numerator and bottom * bottom == x.denominator:
                return Fraction(top, bottom)
        return math.sqrt(x)

    def abs(self, x: Any) -> Any:
        return abs(x)

    def relu(self, x: Any) -> Any:
        return x if x > 0 else type(x)(0)

    def step(self, x: Any) -> Any:
        """1 above 0, else 0: the slope of relu, 0 at 0."""
        return 1 if x > 0 else 0

    def where(self, c: Any, x: Any, y: Any) -> Any:
        """x where c is above 0, else y."""
        return x if c > 0 else y

    def sign(self, x: Any) -> Any:
        """1, 0 or −1: the slope of |x|, 0 at 0."""
        return (x > 0) - (x < 0)

    def power(self, x: Any, y: Any) -> Any:
        """x to the power y; exact for whole y and exact x."""
        if x == 0 and y < 0:
            raise ZeroDivisionError("0 to a negative power")
        if x.__class__ is not float:
            if isinstance(x, Decimal | Fraction) and isinstance(y, Fraction) and y.denominator == 1:
                y = y.numerator
            if isinstance(x, int | Fraction) and isinstance(y, int):
                size = max(abs(x.numerator), x.denominator).bit_length() - 1
                if size * abs(y) > _EXACT_BITS:
                    raise OverflowError("the power has too many digits")
        if x < 0 and y != int(y):
            raise ValueError("negative number to a power that is not whole")
        return x**y

    def power_slope(self, x: Any, y: Any) -> Any | None:
        """y·x**(y − 1), the slope of x**y along x; 0 for the power 0, also at x = 0; None where it has none (√0)."""
        if x == 0 and 0 != y < 1:
            return None
        return 0 if y == 0 else y * self.power(x, y - 1)

    def times_log(self, z: Any, x: Any) -> Any | None:
        """z·log(x), the slope of z = x**y along y; None where it has none (x < 0, or 0 to the power 0)."""
        if x > 0:
            return z * self.log(Decimal(x) if isinstance(z, Decimal) else x)
        return 0 if x == 0 and z == 0 else None

    def sum(self, xs: Sequence[Any]) -> Any:
        return reduce(add, xs)

    def prod(self, xs: Sequence[Any]) -> Any:
        return reduce(mul, xs)

    def others(self, xs: Sequence[Any]) -> tuple[Any, ...]:
        """For each of xs the product of all the others, in linear time and without dividing."""
        if len(xs) == 2:
            return xs[1], xs[0]
        before, after = [1], [1]
        for x in xs[:-1]:
            before.append(x * before[-1] if len(before) > 1 else x)
        for x in xs[:0:-1]:
            after.append(x * after[-1] if len(after) > 1 else x)
        after.reverse()
        last = len(xs) - 1
        return tuple(after[i] if i == 0 else before[i] if i == last else before[i] * after[i] for i in range(len(xs)))

    def max(self, xs: Sequence[Any]) -> Any:
        return max(xs)

    def min(self, xs: Sequence[Any]) -> Any:
        return min(xs)

    def first(self, z: Any, xs: Sequence[Any]) -> tuple[Any, ...]:
        """1 for the first of xs that equals z, 0 for the rest: a tie goes to the first."""
        slopes = [0] * len(xs)
        slopes[xs.index(z)] = 1
        return tuple(slopes)

    def shares(self, z: Any, xs: Sequence[Any]) -> tuple[Any, ...]:
        """e^(x − z) for each of xs: what share it has in z = log Σ e^x, the softmax."""
        return tuple([self.exp(x - z) for x in xs])

    def log_sum_exp(self, xs: Sequence[Any]) -> Any:
        """log Σ exp(x), shifted by the largest so that nothing overflows."""
        largest = max(xs)
        return largest + self.log(self.sum([self.exp(x - largest) for x in xs]))


NUMBERS = NumberMaths()
