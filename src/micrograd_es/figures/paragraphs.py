"""Captions set as lines of text: how wide they are, where they break, in which colours."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator, Sequence
from itertools import groupby

from micrograd_es.figures.caption import Part
from micrograd_es.figures.fonts import text_width
from micrograd_es.figures.labels import Run, scripts
from micrograd_es.figures.themes import Theme

GRID_GAP = 0.4  # beside a matrix, in sizes of the text


def markup(line: Sequence[Part], theme: Theme, size: float = 0.0) -> str:
    """A line as Graphviz's HTML-like labels have it, each part in the colour of what it is about.

    The size of the text is that of the label around it; matrices are told theirs.
    """
    return "".join(_coloured(part, theme, size) for part in line if has_text(part))


def _coloured(part: Part, theme: Theme, size: float) -> str:
    colours = {"value": theme.value, "gradient": theme.gradient, "local": theme.local, "muted": theme.muted}
    colour = colours.get(part.kind, theme.ink)
    if part.grid:
        return part.grid.markup(size, colour, theme.paper, theme.muted)
    return f'<FONT COLOR="{colour}">{_marked(part)}</FONT>'


def has_text(part: Part) -> bool:
    """Whether a part is more than a space."""
    return bool(part.text.strip())


def _marked(part: Part) -> str:
    face = "semibold" if part.kind in ("strong", "gradient") else "regular"
    return "".join(
        f"<{at}>{Run(text, face).markup()}</{at}>" if at else Run(text, face).markup()
        for text, at in scripts(part.text)
    )


def line_width(line: Sequence[Part], size: float) -> float:
    """How wide a line is at that size, in points."""
    bold = ("strong", "gradient")
    return sum(
        part.grid.width(size) + GRID_GAP * size
        if part.grid
        else text_width(part.text, size, "semibold" if part.kind in bold else "regular")
        for part in line
    )


def wrapped(given: Sequence[Sequence[Part]], room: float, size: float) -> list[list[Part]]:
    """Lines broken between words, or matrices, where they are wider than the room; a word wider than that inside."""
    lines: list[list[Part]] = []
    for line in given:
        current: list[Part] = []
        for part in line:
            for word in [part] if part.grid else _words(part, room, size):
                stripped = word if word.grid else Part(word.text.rstrip(), word.kind)
                if current and line_width([*current, stripped], size) > room:
                    lines.append(current)
                    current = []
                current.append(word)
        lines.append(current)
    return [_joined(line) for line in lines]


def _words(part: Part, room: float, size: float) -> Iterator[Part]:
    """The words of a part, each with the spaces behind it; those that are wider than the room in pieces."""
    for text in re.findall("[^ ]+ *| +", part.text):
        word = text
        while len(word.rstrip()) > 1 and line_width([Part(word.rstrip(), part.kind)], size) > room:
            fits = bisect(range(1, len(word)), room, key=lambda n: line_width([Part(word[:n], part.kind)], size))
            yield Part(word[: max(1, fits)], part.kind)
            word = word[max(1, fits) :]
        yield Part(word, part.kind)


def _joined(line: Sequence[Part]) -> list[Part]:
    """Neighbours of one kind as one part."""
    joined: list[Part] = []
    for (kind, is_grid), group in groupby(line, key=lambda part: (part.kind, part.grid is not None)):
        parts = list(group)
        joined += parts if is_grid else [Part("".join(part.text for part in parts), kind)]
    return joined
