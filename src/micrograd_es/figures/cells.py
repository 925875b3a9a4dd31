"""Tables of Graphviz's HTML-like labels, whose cells keep their size whatever stands in them."""

from __future__ import annotations

from math import ceil

from micrograd_es.figures.labels import Line


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


def coloured(line: Line, colour: str, ink: str) -> str:
    """A line in its colour; a name in it stays in ink."""
    return "".join(
        f'<FONT COLOR="{ink if run.face == "italic" else colour}">{run.markup()}</FONT>' for run in line if run.text
    )
