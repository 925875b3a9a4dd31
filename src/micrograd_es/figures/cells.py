"""Tables of Graphviz's HTML-like labels, whose cells keep their size whatever stands in them."""

from __future__ import annotations

from math import ceil

from micrograd_es.figures.labels import Blank, Line, Run
from micrograd_es.figures.shapes import BLANK_HEIGHT


def table(rows: str) -> str:
    """Rows as a table without lines."""
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{rows}</TABLE>'


def cell_width(room: float) -> int:
    """The width of a cell for a text; Graphviz rounds each character up a little."""
    return ceil(room * 1.05) + 1


def cell(content: str, room: float, height: int, attributes: str = "") -> str:
    """A cell of one size, so that blank and text take the same room; it grows for letters of other families only."""
    fixed = "" if content else 'FIXEDSIZE="TRUE" '
    return f'<TD {fixed}WIDTH="{max(ceil(room), 1)}" HEIGHT="{height}" {attributes}>{content}</TD>'


def coloured(line: Line, colour: str, ink: str, lead: float = 0.0) -> str:
    """A line in its colour; a name in it stays in ink, and a box to write in has the colour of what goes there.

    `lead` is the width in front of such a box, where the name stands.
    """
    text = "".join(_text(run, colour, ink) for run in line if not isinstance(run, Blank))
    boxes = [_box(run, colour) for run in line if isinstance(run, Blank)]
    if not boxes:
        return text
    before = f'<TD WIDTH="{ceil(lead)}">{text}</TD>' if text or lead else ""
    return table(f"<TR>{before}{''.join(boxes)}</TR>")


def _text(run: Run, colour: str, ink: str) -> str:
    return f'<FONT COLOR="{ink if run.face == "italic" else colour}">{run.markup()}</FONT>' if run.text else ""


def _box(blank: Blank, colour: str) -> str:
    """The cell of a box; it is of one size, with an answer inside and without."""
    size = f'FIXEDSIZE="TRUE" WIDTH="{ceil(blank.room)}" HEIGHT="{BLANK_HEIGHT}"'
    return f'<TD BORDER="1" COLOR="{colour}" {size}>{_text(blank, colour, colour)}</TD>'
