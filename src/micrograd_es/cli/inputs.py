"""The words of the command line that carry the mathematics: an expression, and NAME=NUMBER for each of its names."""

from __future__ import annotations

import re
import shlex
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from micrograd_es.value import Value

Given = int | float | Fraction

MAX_DIGITS = 300  # of a number, as in an expression
MAX_INPUT = 100_000  # characters read from standard input
SIGNS = str.maketrans("−–⁄∕", "--//")

WHOLE = re.compile("[+-]?[0-9]+")
QUOTIENT = re.compile("([+-]?[0-9]+)/([+-]?[0-9]+)")
DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([+-]?[0-9]+))?")
DECIMAL_COMMA = re.compile("[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?")


class UsageError(Exception):
    """The command line is not one: a message, and the exit status 2."""


def values(words: Iterable[str], *, exact: bool = False) -> dict[str, Given]:
    """The numbers of the words NAME=NUMBER.

    >>> values(["x=-2", "y=1/3", "z=1e-3"])
    {'x': -2, 'y': Fraction(1, 3), 'z': 0.001}

    Raises UsageError for any other word and for a name that comes twice.
    """
    given: dict[str, Given] = {}
    for word in words:
        name, equals, text = word.partition("=")
        name = unicodedata.normalize("NFKC", name.strip())
        if not (equals and name):
            raise UsageError(_no_value(word))
        if name in given:
            raise UsageError(f"{name} is given twice. Leave one of its values out.")
        given[name] = number(name, text, exact=exact)
    return given


def number(name: str, text: str, *, exact: bool = False) -> Given:
    """The number that a text is: whole, decimal, or the quotient of two whole numbers, which stays exact.

    With `exact` a decimal is a Fraction, too.

    >>> number("x", "−0.5"), number("x", "-2/6"), number("x", "0.1", exact=True)
    (-0.5, Fraction(-1, 3), Fraction(1, 10))

    Raises UsageError, which says what to write, for anything else.
    """
    plain = text.strip().translate(SIGNS)
    digits = sum(c.isdigit() for c in plain)
    if digits > MAX_DIGITS:
        raise UsageError(f"{name} has {digits:,} digits, and a number has at most {MAX_DIGITS}.")
    if WHOLE.fullmatch(plain):
        return int(plain)
    if quotient := QUOTIENT.fullmatch(plain):
        return _quotient(name, text, int(quotient[1]), int(quotient[2]))
    if decimal := DECIMAL.fullmatch(plain):
        return _decimal(name, plain, int(decimal[1] or 0), exact=exact)
    raise UsageError(f"{name}={text} is no number: {_instead(name, plain)}")


def _quotient(name: str, text: str, over: int, under: int) -> Fraction:
    if under == 0:
        raise UsageError(f"{name}={text} is no number: nothing can be divided by 0.")
    return Fraction(over, under)


def _decimal(name: str, plain: str, power: int, *, exact: bool) -> Given:
    if float(plain) in (float("inf"), float("-inf")):
        raise UsageError(f"{name}={plain} is too large: a number is at most ±1.8e308.")
    if exact and abs(power) > MAX_DIGITS:
        raise UsageError(f"{name}={plain} has more than {MAX_DIGITS} digits as an exact number.")
    return Fraction(plain) if exact else float(plain)


def _instead(name: str, plain: str) -> str:
    """What to write for a text that is no number."""
    if not plain:
        return f"nothing follows the =. Write it without blanks: {name}=2"
    if DECIMAL_COMMA.fullmatch(plain):
        return f"decimals are written with a point. Write {name}={plain.replace(',', '.')}"
    return f"expected a whole number, a decimal or a fraction. Write {name}=2, {name}=-0.5, {name}=1e-3 or {name}=1/3"


def _no_value(word: str) -> str:
    """What is wrong with a word that should be NAME=NUMBER."""
    message = f"{word!r} is not NAME=NUMBER"
    if "=" not in word and _is_file(word):
        return (
            f"{message}, and is a file here: the shell puts file names in the place of an unquoted *."
            ' Put the expression in quotes: "x * y"'
        )
    if re.fullmatch(r"[^\W\d]\w*", word):
        message += f"; write {word}=2 to give a value"
    return f'{message}. The expression comes first, all of it in quotes, and then its values: "x * y" x=3 y=4'


def _is_file(word: str) -> bool:
    try:
        return Path(word).exists()
    except (OSError, ValueError):
        return False


def graph(expression: str, words: Sequence[str], command: str, *, exact: bool = False, scopes: bool = False) -> Value:
    """The graph of an expression, or of the one on standard input where it is `-`.

    Raises UsageError for the words, and what `parse` raises for the expression; an ExpressionError for names without
    values has a note with the command to write.
    """
    from micrograd_es.expressions import ExpressionError, parse

    given = values(words, exact=exact)
    text = _standard_input() if expression == "-" else expression.strip()
    try:
        return parse(text, given, exact=exact, scopes=scopes)
    except ExpressionError as error:
        if example := _with_missing(command, expression, text, given):
            error.add_note(example)
        raise


def _with_missing(command: str, expression: str, text: str, given: Mapping[str, Given]) -> str:
    """The command with every value that is missing, where that is what is wrong."""
    from micrograd_es.expressions import names

    try:
        missing = [name for name in names(text) if name not in given]
    except SyntaxError:
        return ""
    if not 0 < len(missing) <= 10 or len(expression) > 80 or "\n" in expression:
        return ""
    have = [f"{name}={value}" for name, value in given.items()]
    words = " ".join(shlex.quote(word) for word in [*have, *(f"{name}=1" for name in missing)])
    return f'As in: micrograd-es {command} "{expression}" {words}' if _quotes_well(expression) else ""


def _quotes_well(expression: str) -> bool:
    """Whether every shell reads it between double quotes as it is."""
    return not re.search(r'["$`\\!%]', expression)


def _standard_input() -> str:
    if sys.stdin is None:
        raise OSError("standard input is closed, and - reads the expression from it.")
    return sys.stdin.read(MAX_INPUT).removeprefix("\ufeff").strip()
