"""Lines of text about one step, for every format: plain, HTML, Graphviz."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from micrograd_es.figures.grids import Grid
from micrograd_es.figures.labels import scripts

WORD_JOINER = "\u2060"


@dataclass(frozen=True)
class Part:
    """A stretch of a caption; `kind` says what it is about: "", "value", "gradient", "local", "strong" or "muted".

    Where there is a `grid` it is shown in place of the text.
    """

    text: str
    kind: str = ""
    grid: Grid | None = None


@dataclass(frozen=True)
class Caption:
    """Some lines about one step, the first of them its heading."""

    lines: tuple[tuple[Part, ...], ...]

    def text(self) -> str:
        """The caption as plain text, a line for each of its lines."""
        return "\n".join("".join(part.text for part in line) for line in self.lines)

    def html(self) -> str:
        """The caption as an HTML fragment, a paragraph for each line."""
        return "".join(f"<p>{''.join(_html(part) for part in line)}</p>" for line in self.lines)


def _html(part: Part) -> str:
    if part.grid is not None:
        return f'<span class="{part.kind}">{part.grid.html()}</span>'
    whole = part.text.replace("/", f"/{WORD_JOINER}")  # no line break inside ∂f/∂x
    text = "".join(f"<{at}>{escape(t)}</{at}>" if at else escape(t) for t, at in scripts(whole))
    if part.kind == "strong":
        return f"<b>{text}</b>"
    return f'<span class="{part.kind}">{text}</span>' if part.kind else text


def caption(*lines: Sequence[Part] | str) -> Caption:
    """A caption from lines of parts; the first line, where it is a string, is a heading."""
    return Caption(
        tuple(
            (Part(line, "" if i else "strong"),) if isinstance(line, str) else tuple(line)
            for i, line in enumerate(lines)
        )
    )


def written(given: Caption | str) -> Caption | None:
    """A caption that was given, or one from text, a line for each of its lines; None for none."""
    if not isinstance(given, Caption | str):
        raise TypeError(f"caption is {given!r} ({type(given).__name__}); expected text, a line for each line.")
    lines = given.lines if isinstance(given, Caption) else tuple((Part(line),) for line in given.splitlines())
    return Caption(lines) if lines else None


def matrix(grid: Grid, kind: str = "") -> Part:
    """A matrix as a part of a caption."""
    return Part(grid.text(), kind, grid)


def enclosed(number: str) -> str:
    """A number as it stands after another sign: a negative one in parentheses."""
    return f"({number})" if number.startswith("−") else number


def times(numbers: str) -> str:
    """A product of numbers with a sign that is not taken for a decimal point; a power of ten keeps its own.

    >>> times("3.00·(−4.00)"), times("1.20·10⁻⁴")
    ('3.00 × (−4.00)', '1.20·10⁻⁴')
    """
    return re.sub(r"·(?!10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹])", " × ", numbers)
