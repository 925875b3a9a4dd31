"""Tables of Graphviz's HTML-like labels, whose cells keep their size whatever stands in them."""

from __future__ import annotations

from math import ceil

from micrograd_es.figures.fonts import covers
from micrograd_es.figures.labels import Blank, Line, Run, has_blank, plain, width
from micrograd_es.figures.shapes import BLANK_HEIGHT
from micrograd_es.figures.themes import Theme


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


def coloured(line: Line, colour: str, theme: Theme, lead: int = 0, side: str = "CENTER") -> str:
    """A line in its colour; a name in it stays in ink, and a box to write in has the colour of what goes there.

    A wire that must pass there runs behind the box. `lead` is the width in front of it, where the name stands, and
    `side` where both stand in their cell.
    """
    text = "".join(_text(run, colour, theme.ink) for run in line if not isinstance(run, Blank))
    boxes = [run for run in line if isinstance(run, Blank)]
    if not boxes:
        return text
    (box,) = boxes
    wide = ceil(box.room)
    size = f'FIXEDSIZE="TRUE" WIDTH="{wide}" HEIGHT="{BLANK_HEIGHT}"'
    before = f'<TD WIDTH="{lead}" ALIGN="RIGHT">{text}</TD>' if lead else ""
    cells = f'{before}<TD BORDER="1" COLOR="{colour}" BGCOLOR="{theme.paper}" {size}>{_text(box, colour, colour)}</TD>'
    fixed = 'FIXEDSIZE="TRUE" ' if covers(plain(line)) else ""  # letters of other families may be wider than we know
    whole = f'{fixed}WIDTH="{lead + wide}" HEIGHT="{BLANK_HEIGHT}" ALIGN="{side}"'
    return table(f"<TR>{cells}</TR>").replace("<TABLE ", f"<TABLE {whole} ", 1)


def lead(line: Line, size: float) -> int:
    """The width that a name takes in front of a box to write in."""
    return cell_width(width(line[:-1], size)) if has_blank(line) and len(line) > 1 else 0


def _text(run: Run, colour: str, ink: str) -> str:
    return f'<FONT COLOR="{ink if run.face == "italic" else colour}">{run.markup()}</FONT>' if run.text else ""
