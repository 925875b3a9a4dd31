"""Numbers as a figure writes them: rounded as by hand, signs and exponents as in print, exact where they are exact."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_es.figures.digits import NumberFormat


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0.00"),
        (-0.0, "0.00"),
        (-12, "−12.00"),
        (0.125, "0.13"),
        (-0.125, "−0.13"),
        (2.675, "2.68"),  # the float is a little less, and 2.675 is what anyone sees
        (1.005, "1.01"),
        (0.995, "1.00"),
        (9.995, "10.00"),
        (0.005, "0.01"),
        (0.0049, "4.90·10⁻³"),
        (-0.00012, "−1.20·10⁻⁴"),
        (9999999, "9999999.00"),
        (10_000_000, "1.00·10⁷"),
        (9_999_999.999, "10000000.00"),
        (-123456789, "−1.23·10⁸"),
        (9.999e20, "1.00·10²¹"),
        (5e-324, "5.00·10⁻³²⁴"),
        (1.7976931348623157e308, "1.80·10³⁰⁸"),
        (10**308, "1.00·10³⁰⁸"),
        (Decimal("1E-500"), "1.00·10⁻⁵⁰⁰"),
        (Fraction(-2, 3), "−2/3"),
        (Fraction(4, 2), "2"),
        (Fraction(0), "0"),
        (Decimal("0.1"), "0.10"),
        (Decimal("-0"), "0.00"),
        (Decimal("1E+3"), "1000.00"),
        (Decimal("1E-50"), "1.00·10⁻⁵⁰"),
    ],
    ids=repr,
)
def test_a_number_has_two_places_or_a_power_of_ten(number: float, text: str) -> None:
    assert NumberFormat()(number) == text


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [
        (1234.5, 3, "1235"),
        (0.5, 3, "0.500"),
        (9.996, 3, "10.00"),
        (0.00012345, 3, "0.000123"),
        (99999999, 3, "1.00·10⁸"),
        (0, 3, "0.00"),
        (7, 1, "7"),
        (-0.05, 1, "−0.05"),
        (1 / 3, 17, "0.33333333333333330"),
    ],
)
def test_significant_digits_are_counted_from_the_first_that_is_not_zero(number: float, digits: int, text: str) -> None:
    assert NumberFormat(digits=digits)(number) == text


@pytest.mark.parametrize(("places", "text"), [(0, "3"), (1, "2.5"), (4, "2.5000"), (30, "2.5" + "0" * 29)])
def test_decimals_are_the_places_after_the_point(places: int, text: str) -> None:
    assert NumberFormat(decimals=places)(2.5) == text


def test_the_comma_stands_wherever_the_point_stood() -> None:
    comma = NumberFormat(comma=True)
    assert comma(0.5) == "0,50"
    assert comma(-1.2e-9) == "−1,20·10⁻⁹"
    assert comma.constant(0.5) == "0,5"
    assert comma(Fraction(1, 3)) == "1/3"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1, "1"),
        (1.0, "1"),
        (-1, "−1"),
        (0.5, "0.5"),
        (-0.25, "−0.25"),
        (1 / 3, "0.33"),
        (1e-7, "1.00·10⁻⁷"),
        (123456.0, "123456.00"),
        (Fraction(1, 2), "1/2"),
        (Decimal("0.10"), "0.10"),
    ],
)
def test_a_constant_is_written_as_it_was_given_where_that_is_short(number: float, text: str) -> None:
    assert NumberFormat().constant(number) == text


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 8))
def test_rounding_is_away_from_zero_on_the_digits_that_python_shows(number: float, places: int) -> None:
    text = NumberFormat(decimals=places)(number)
    assert "-" not in text
    assert "e" not in text.lower()
    digits, _, power = text.partition("·10")
    superscript = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
    shown = Decimal(digits.replace("−", "-")).scaleb(int(power.translate(superscript) or 0))
    with localcontext() as context:
        context.prec, context.rounding = 800, ROUND_HALF_UP
        exact = Decimal(repr(number))
        step = Decimal(1).scaleb(-places + int(power.translate(superscript) or 0))
        assert shown == exact.quantize(step) or (power and abs(shown - exact) <= step / 2)
    assert shown != 0 or number == 0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"decimals": 2, "digits": 3}, "decimals=2 and digits=3"),
        ({"decimals": -1}, "decimals is -1.*from 0 to 30"),
        ({"decimals": 31}, "decimals is 31"),
        ({"decimals": "2"}, "decimals is '2'"),
        ({"digits": 0}, "digits is 0.*from 1 to 30"),
        ({"digits": 2.0}, "digits is 2.0"),
    ],
)
def test_impossible_formats_are_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NumberFormat(**given)
