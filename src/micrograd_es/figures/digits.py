"""Numbers as a figure writes them: rounded as on paper, with a real minus sign, Fractions as a/b."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from micrograd_es.maths import Number
from micrograd_es.notations import RAISED

LONGEST = 15  # characters of a fraction; a longer one is written as a decimal
LOST = Fraction(1, 10**12)  # the share of a number that a text of all its digits may lack
GIVEN = 6  # significant digits of a given number that has more
_LOWERED = {raised: digit for digit, raised in RAISED.items() if chr(digit) != "−"}
_ROUND = Context(prec=400, rounding=ROUND_HALF_UP)


Rounding = tuple[str, int]  # so many "decimals" or "digits"


@dataclass(frozen=True)
class NumberFormat:
    """How numbers are written: with `decimals` places after the point, or to `digits` significant digits.

    >>> two = NumberFormat()
    >>> two(-12), two(0.125), two(Fraction(-2, 3)), two(0.00012), two(-0.0)
    ('−12.00', '0.13', '−2/3', '1.20·10⁻⁴', '0.00')
    >>> NumberFormat(digits=3)(1234.5), NumberFormat(digits=3)(0.5), NumberFormat(comma=True)(0.5)
    ('1235', '0.500', '0,50')

    Halves round away from zero, as by hand, on the digits that Python shows for the number. What the places cannot
    show, a number that would round to 0 or has more than seven digits before the point, gets a power of ten. With
    `exact`, in a graph of Fractions, whole numbers are whole: 1, not 1.00.

    Raises ValueError where both or impossible numbers of digits are asked for.
    """

    decimals: int | None = None
    digits: int | None = None
    comma: bool = False
    exact: bool = False

    def __post_init__(self) -> None:
        if self.decimals is not None and self.digits is not None:
            raise ValueError(
                f"decimals={self.decimals} and digits={self.digits} were both given; expected one. Leave one out."
            )
        for name, least in (("decimals", 0), ("digits", 1)):
            given = getattr(self, name)
            if given is not None and not (isinstance(given, int) and least <= given <= 30):
                raise ValueError(f"{name} is {given!r}; expected a whole number from {least} to 30. Write {name}=2.")

    def __call__(self, x: Number) -> str:
        """The number as text."""
        is_exact = isinstance(x, Fraction) or (self.exact and isinstance(x, int))
        if is_exact and len(text := str(x)) <= LONGEST:
            return self._signed(text)
        return self._signed(self._rounded(_decimal(x)))

    def constant(self, x: Number) -> str:
        """A constant of a formula: as it was written where that is short, so 1 stays 1 and 0.5 stays 0.5.

        >>> NumberFormat().constant(1), NumberFormat().constant(-0.5), NumberFormat().constant(1 / 3)
        ('1', '−0.5', '0.33')
        """
        text = str(x).removesuffix(".0")
        return self._signed(text) if len(text) <= 5 and "e" not in text.lower() else self(x)

    def rounding(self, text: str) -> Rounding | None:
        """How a number that is written so was rounded; None for a fraction, which is not.

        >>> two, three = NumberFormat(), NumberFormat(digits=3)
        >>> two.rounding("0.13"), two.rounding("1.20·10⁻⁴"), three.rounding("12.3"), three.rounding("1235")
        (('decimals', 2), ('digits', 3), ('digits', 3), ('decimals', 0))
        """
        places = 2 if self.decimals is None else self.decimals
        whole = sum(map(str.isdigit, text)) if "." not in text and "," not in text else 0
        if "/" in text or (self.exact and whole and places):
            return None
        if self.digits is not None:
            return ("decimals", 0) if "·" not in text and whole > self.digits else ("digits", self.digits)
        return ("digits", places + 1) if "·" in text else ("decimals", places)

    def _signed(self, text: str) -> str:
        return (text.replace(".", ",") if self.comma else text).replace("-", "−")

    def _rounded(self, x: Decimal) -> str:
        """The number as digits, in Python's own signs."""
        if x == 0:
            return self._plain(Decimal(0))
        magnitude = x.adjusted()
        shown = self._plain(x)
        if magnitude >= 7 or not any(digit in shown for digit in "123456789"):
            return self._scientific(x)
        return shown

    def _plain(self, x: Decimal) -> str:
        places = self.decimals if self.decimals is not None else 2
        if self.digits is not None:
            places = max(0, self.digits - 1 - (x.adjusted() if x else 0))
        return format(x.quantize(Decimal(1).scaleb(-places), context=_ROUND), "f")

    def _scientific(self, x: Decimal) -> str:
        places = self.digits - 1 if self.digits is not None else 2 if self.decimals is None else self.decimals
        rounded = Context(prec=places + 1, rounding=ROUND_HALF_UP).plus(x)
        power = rounded.adjusted()
        return f"{rounded.scaleb(-power):.{places}f}·10{str(power).translate(RAISED)}"


class GivenFormat(NumberFormat):
    """How numbers are written that others are computed from: with all their digits, or with six where they have more.

    >>> given = GivenFormat(decimals=2)
    >>> given(-12), given(-4.125), given(0.004), given(1 / 3), given(1.23456e-7)
    ('−12.00', '−4.125', '0.004', '0.333333', '1.23456·10⁻⁷')
    """

    def __call__(self, x: Number) -> str:
        """The number as text."""
        usual = super().__call__(x)
        far = x != 0 and not -5 < _decimal(x).adjusted() < 7
        if is_all(usual, x) and (far or "·" not in usual):
            return usual
        fine = NumberFormat(digits=GIVEN)
        mantissa, times, power = (fine._scientific if far else fine._rounded)(_decimal(x)).partition("·")
        return self._signed((mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa) + times + power)


def is_all(text: str, x: Number) -> bool:
    """Whether a text is all of a number, but for what binary numbers lose in their last digits.

    >>> is_all("0.30", 0.1 + 0.2), is_all("4,00·10⁻⁴", 0.0004), is_all("−0.13", -0.125)
    (True, True, False)
    """
    mantissa, times, power = text.replace("−", "-").replace(",", ".").partition("·10")
    written = Fraction(f"{mantissa}e{power.translate(_LOWERED)}" if times else mantissa)
    exact = Fraction(x)
    return abs(written - exact) <= abs(exact) * LOST


def _decimal(x: Number) -> Decimal:
    """A number with the digits that Python shows for it."""
    if isinstance(x, Fraction):
        return Decimal(x.numerator) / Decimal(x.denominator)
    return Decimal(float.__repr__(x)) if isinstance(x, float) else Decimal(x)
