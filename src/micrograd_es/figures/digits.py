"""Numbers as a figure writes them: rounded as on paper, with a real minus sign, Fractions as a/b."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from micrograd_es.maths import Number
from micrograd_es.notations import RAISED

LONGEST = 15  # characters of a fraction; a longer one is written as a decimal
_ROUND = Context(prec=400, rounding=ROUND_HALF_UP)


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
        if isinstance(x, Fraction) or (self.exact and isinstance(x, int)):
            if len(text := str(x)) <= LONGEST:
                return self._signed(text)
            x = Decimal(x.numerator) / Decimal(x.denominator)
        exact = Decimal(x) if isinstance(x, int) else Decimal(float.__repr__(x)) if isinstance(x, float) else x
        return self._signed(self._rounded(exact))

    def constant(self, x: Number) -> str:
        """A constant of a formula: as it was written where that is short, so 1 stays 1 and 0.5 stays 0.5.

        >>> NumberFormat().constant(1), NumberFormat().constant(-0.5), NumberFormat().constant(1 / 3)
        ('1', '−0.5', '0.33')
        """
        text = str(x).removesuffix(".0")
        return self._signed(text) if len(text) <= 5 and "e" not in text.lower() else self(x)

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
