"""How formulas are written down: the style, and the signs that lists, columns and numbers have in each."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from micrograd_es.notations import in_powers

LARGEST_ROOT = 100  # larger ones are written as decimals
SHOWN = 6  # parts of a list that are written
LONG = 1e15  # from which on a whole number is written with a power of ten
BELOW = 10_000  # the largest denominator that is written
_RAISED = re.compile(r"\^({[^{}]*}|.)$")


@dataclass(frozen=True)
class Style:
    """How formulas are written: as LaTeX or as text, with examples as columns or as rows, with which words.

    `index` is the letter for the steps of a recurrence, which are written once; without it all are written.
    """

    latex: bool
    columns: bool
    words: Mapping[str, str]
    index: str = ""

    @property
    def minus(self) -> str:
        """The sign of a difference, and of what is negative."""
        return "-" if self.latex else "−"

    @property
    def dot(self) -> str:
        """The sign of a product."""
        return r" \cdot " if self.latex else "·"


def latex_letter(letter: str) -> str:
    """What a matrix or a parameter is called, without its number, as LaTeX.

    >>> print(latex_letter("w"), latex_letter("θ"), latex_letter("rate"))
    w \\theta \\mathrm{rate}
    """
    if len(letter) > 1:
        return rf"\mathrm{{{letter}}}"
    if "α" <= letter <= "ω":
        return "\\" + unicodedata.name(letter).removeprefix("GREEK SMALL LETTER ").lower().replace("lamda", "lambda")
    return r"\ell" if letter == "ℓ" else letter


def indexed(columns: Sequence[int], width: int, style: Style) -> str:
    """Which columns, counted from 0; nothing for all of them in order."""
    first, last = columns[0], columns[-1] + 1
    if list(columns) == list(range(first, last)):
        return "" if last - first == width else f"[{first}]" if last == first + 1 else f"[{first}:{last}]"
    return f"[{', '.join(shortened([*map(str, columns[: SHOWN + 1])], style))}]"


def more(style: Style) -> str:
    """What stands for the rest of a list."""
    return r"\ldots" if style.latex else "…"


def shortened(parts: Sequence[str], style: Style) -> list[str]:
    """The first parts of a list, and what stands for the rest, if there are more than are written."""
    return [*parts[:SHOWN], *[more(style)] * (len(parts) > SHOWN)]


def listed(parts: Sequence[str], style: Style, below: bool = False) -> str:
    """Several texts as a list, whose entries stand side by side or `below` each other: [A, B] or [A; B]."""
    inner = ("; " if below else r",\, " if style.latex else ", ").join(parts)
    return rf"\left[{inner}\right]" if style.latex else f"[{inner}]"


def in_parentheses(text: str, style: Style) -> str:
    """What is written, in parentheses as high as it is."""
    return rf"\left({text}\right)" if style.latex else f"({text})"


def added_up(text: str, count: int, style: Style) -> str:
    """The sums of every `count` columns of what is written."""
    return rf"\Sigma_{{{count}}}\left({text}\right)" if style.latex else f"Σ{lowered(count)}({text})"


def spread(text: str, count: int, style: Style) -> str:
    """Each column of what is written `count` times, one after the other."""
    return rf"{{{_base(text)}}}^{{\uparrow {count}}}" if style.latex else f"{text}↑{lowered(count)}"


def transposed(text: str, style: Style) -> str:
    """The transpose of what is written."""
    if style.latex:
        return rf"{_base(text)}^{{\top}}"
    return f"({text})ᵀ" if text.startswith("∂") else f"{text}ᵀ"


def _base(text: str) -> str:
    """LaTeX of what gets a superscript: in parentheses where it is a fraction, or ends in one already."""
    return rf"\left({text}\right)" if text.startswith(r"\frac") or _RAISED.search(text) else text


def lowered(number: int) -> str:
    """A whole number in small digits, as an index."""
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def whole(x: float | None) -> float | int:
    """A number, as a whole number where it is one."""
    assert x is not None
    return int(x) if x == int(x) and abs(x) < LONG else x


def under_root(x: float) -> int | None:
    """The whole number that a number is the root of; None for one that is whole itself, or the root of none.

    >>> under_root(math.sqrt(3)), under_root(1.7), under_root(2.0)
    (3, None, None)
    """
    found = round(x * x) if 0 < x < LARGEST_ROOT else 0
    return found if found and x % 1 and x == math.sqrt(found) else None


def one_over_root(x: float) -> int | None:
    """The n for which a number is 1/√n, but for its last digit; None where there is no whole one, or √n is whole too.

    >>> one_over_root(3**-0.5), one_over_root(1 / math.sqrt(3)), one_over_root(0.5), one_over_root(0.577)
    (3, 3, None, None)
    """
    found = under_root(math.sqrt(round(1 / (x * x)))) if 1 / LARGEST_ROOT < x < 1 else None
    return found if found and abs(x * math.sqrt(found) - 1) < 4e-16 else None


def plain(x: float | None) -> str:
    """A number as it stands in a formula."""
    assert x is not None
    square = under_root(abs(x))
    if square:
        return f"{'-' * (x < 0)}√{square}"
    return f"{whole(x):g}" if abs(x) >= LONG else str(whole(x))


def numbered(x: str, style: Style) -> str:
    """What `plain` gives, in a style.

    >>> style = Style(True, False, {})
    >>> print(numbered("-1e-05", style), numbered("√3", style))
    -10^{-5} \\sqrt{3}
    """
    sign, root, rest = x.partition("√")
    made = rf"{sign}\sqrt{{{rest}}}" if root and style.latex else in_powers(x, style.latex)
    return made.replace("-", style.minus)


def alone(x: float, style: Style) -> str:
    """A single number in a formula: as it is where that is short, as a fraction where it is one.

    >>> style = Style(False, False, {})
    >>> alone(-0.5, style), alone(-1 / 3, style)
    ('−0.5', '−1/3')
    """
    above, below = ratio(x)
    if below == "1" or is_short(x):
        return numbered(plain(x), style)
    sign, above = (style.minus, above[1:]) if above[0] == "-" else ("", above)
    return sign + (rf"\frac{{{above}}}{{{below}}}" if style.latex else f"{above}/{below}")


def is_rounded(x: float, y: float) -> bool:
    """Whether a number is another one but for rounding."""
    return abs(x - y) <= 1e-14 * abs(y)


def is_short(x: float) -> bool:
    """Whether a number has at most six digits."""
    return float(f"{x:g}") == x


def ratio(x: float) -> tuple[str, str]:
    """A number as a fraction, above and below, where it is one that is worth writing; else in full, and 1.

    >>> ratio(0.75), ratio(0.1 / 3), ratio(0.123456789)
    (('3', '4'), ('1', '30'), ('0.123456789', '1'))
    """
    fraction = Fraction(x).limit_denominator(BELOW)
    if is_rounded(float(fraction), x):
        return str(fraction.numerator), str(fraction.denominator)
    return plain(x), "1"
