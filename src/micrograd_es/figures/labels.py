"""Text that is safe in every format, and names as mathematics writes them."""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass, replace

from micrograd_es.figures.fonts import text_width

LONGEST = 24  # characters of a name that a figure shows; the whole of it is in the tooltip up to LONGEST_TOOLTIP
LONGEST_TOOLTIP = 300

_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_NUMBERED = re.compile(r"([^\W\d_])_?(\d{1,4})")
_INVISIBLE = {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}  # controls, half pairs, what has no meaning of its own
_SCRIPT = re.compile(r"\^(?:\(([^()]*)\)|(−?[\w.,]+))|(?<=\w)_([dijklmn]{1,2})(?!\w)")
_JOINERS = "\u200c\u200d"  # of the characters that only tell others how to look, those inside words and emoji


def clean(text: str, longest: int = LONGEST_TOOLTIP) -> str:
    """Any text as one line that every format can hold: controls made visible, the rest cut with an ellipsis.

    >>> clean("a\\nb\\x00"), clean("x" * 30, 5)
    ('a␤b␀', 'xxxx…')
    """
    shown = ""
    for character in text if len(text) <= longest else text[: longest - 1] + "…":
        category = unicodedata.category(character)
        if category in ("Mn", "Me") and not shown[-1:].strip():
            shown += "◌"  # an accent with nothing to stand on
        if category != "Cf" or (character in _JOINERS and shown[-1:].strip()):
            shown += _visible(character)
    return shown


def _visible(character: str) -> str:
    code = ord(character)
    if character == "\n":
        return "␤"
    if code < 0x20:
        return chr(0x2400 + code)
    return "\ufffd" if code == 0x7F or unicodedata.category(character) in _INVISIBLE else character


def pretty(label: str) -> str:
    """A name as it stands in a figure: x0 as x₀, anything long cut.

    >>> pretty("w12"), pretty("x_1"), pretty("capa 1")
    ('w₁₂', 'x₁', 'capa 1')
    """
    numbered = _NUMBERED.fullmatch(label)
    return numbered[1] + numbered[2].translate(_SUBSCRIPT) if numbered else clean(label, LONGEST)


def scripts(text: str) -> list[tuple[str, str]]:
    """A formula in stretches, each with "sup" where it is raised, "sub" where it is lowered, or "".

    e^(−1.00) loses its sign and its parentheses; i, j, k and other usual indices behind _ are lowered.

    >>> scripts("e^(−1.00) + x^y"), scripts("δ_ij")
    ([('e', ''), ('−1.00', 'sup'), (' + x', ''), ('y', 'sup')], [('δ', ''), ('ij', 'sub')])
    """
    stretches: list[tuple[str, str]] = []
    end = 0
    for match in _SCRIPT.finditer(text):
        raised = match[1] or match[2]
        stretches += [(text[end : match.start()], ""), (raised, "sup") if raised else (match[3] or "", "sub")]
        end = match.end()
    return [*stretches, (text[end:], "")] if text[end:] or not stretches else stretches


@dataclass(frozen=True)
class Run:
    """A stretch of text in one face ("regular", "italic", "semibold")."""

    text: str
    face: str = "regular"

    def width(self, size: float) -> float:
        """How wide it is at that size, in points."""
        return text_width(self.text, size, self.face)

    def markup(self) -> str:
        """The text as Graphviz's HTML-like labels have it."""
        tag = {"italic": "I", "semibold": "B"}.get(self.face)
        escaped = html.escape(self.text).replace("&#x27;", "'").replace("\\", "\\\\")  # \N would be the node's name
        return f"<{tag}>{escaped}</{tag}>" if tag and self.text else escaped


@dataclass(frozen=True)
class Blank(Run):
    """A box to write in by hand, `room` points wide; with an answer inside where there is a text."""

    room: float = 0.0

    def width(self, size: float) -> float:
        """How wide it is at any size."""
        return self.room


Line = tuple[Run, ...]


def width(line: Line, size: float) -> float:
    """How wide a line of runs is at that size, in points."""
    return sum(run.width(size) for run in line)


def has_blank(line: Line) -> bool:
    """Whether there is a box to write in."""
    return any(isinstance(run, Blank) for run in line)


def emptied(line: Line) -> Line:
    """What is left of a line whose answer is not shown: its box with what stands before it, or nothing."""
    if not has_blank(line):
        return ()
    return tuple(replace(run, text="") if isinstance(run, Blank) else run for run in line)


def markup(line: Line) -> str:
    """A line of runs as Graphviz's HTML-like labels have it."""
    return "".join(run.markup() for run in line)


def plain(line: Line) -> str:
    """A line of runs as plain text."""
    return "".join(run.text for run in line)


def quoted(text: str) -> str:
    """Any text as a quoted string of the DOT language, with nothing in it that Graphviz would interpret."""
    escaped = clean(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{html.escape(escaped, quote=False)}"'
