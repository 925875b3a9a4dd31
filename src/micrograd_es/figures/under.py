"""What stands under a graph: a note, the caption of a frame, and its number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from math import ceil

from micrograd_es.figures.caption import Caption, Part
from micrograd_es.figures.fonts import text_width
from micrograd_es.figures.labels import quoted
from micrograd_es.figures.layout import Place
from micrograd_es.figures.paragraphs import has_text, line_width, markup, wrapped
from micrograd_es.figures.shapes import SMALL
from micrograd_es.figures.themes import Theme

CAPTION_SIZE = 15.0
WIDE = 640.0  # from this width on captions grow with the graph
LARGEST = 2.0  # how much, at most
LARGEST_WITH_GRIDS = 1.2  # the same for captions with matrices, which are large by themselves
NARROWEST = 520.0  # where the graph is narrower than its captions they may be this wide, in points
GUTTER = 14.0  # between the graph and the caption
NOTE = 22.0  # the height of the note at the foot


class Under:
    """The room under a graph: for the longest of its `captions`, so that it is the same for every picture."""

    def __init__(self, graph: Place, captions: Sequence[Caption], note: str, theme: Theme) -> None:
        self.graph, self.captions, self.note, self.theme = graph, captions, note, theme

    @property
    def size(self) -> tuple[float, float]:
        """The width and height of every picture, in points."""
        canvas = self.canvas
        return canvas.right - canvas.left, canvas.top - canvas.bottom

    @cached_property
    def canvas(self) -> Place:
        """The same for every picture of the scene: the graph and, below it, room for the longest caption."""
        graph = self.graph
        bottom = graph.bottom - (NOTE if self.note else 0)
        if self._high:
            bottom -= GUTTER + self._high + self._line_height
        wide = max(self._wide if self._high else 0.0, text_width(self.note, SMALL))
        spare = max(0.0, wide - (graph.right - graph.left)) / 2
        return Place(graph.left - spare, bottom, graph.right + spare, graph.top)

    def lines(self, caption: Caption | None, count: str) -> list[str]:
        """The statements that write the note, one caption and its number."""
        lines = []
        if self.note:
            middle = self.graph.bottom - NOTE / 2
            lines.append(text_node("note", self.note, self.theme.muted, self.graph.middle, middle))
        return lines + (self._caption(caption, count) if caption is not None else [])

    @cached_property
    def _wide(self) -> float:
        """How wide captions are: as the graph, or wider where the graph is narrow."""
        lines = [line for caption in self.captions for line in caption.lines]
        longest = max((line_width(line, CAPTION_SIZE) for line in lines), default=0.0)
        return max(self.graph.right - self.graph.left, min(longest + 20, NARROWEST))

    @cached_property
    def _size(self) -> float:
        """The size of captions: larger under a wide graph, which is shown smaller."""
        grids = any(part.grid for caption in self.captions for line in caption.lines for part in line)
        return CAPTION_SIZE * min(max(1.0, self._wide / WIDE), LARGEST_WITH_GRIDS if grids else LARGEST)

    @cached_property
    def _line_height(self) -> int:
        return ceil(self._size * 1.5)

    def _height(self, line: Sequence[Part]) -> int:
        """The height of a line: that of its highest matrix."""
        grids = [part.grid.height(self._size) for part in line if part.grid]
        return (
            max(self._line_height, *(ceil(height + self._size * 0.4) for height in grids))
            if grids
            else self._line_height
        )

    def _heights(self, caption: Caption) -> int:
        return sum(self._height(line) for line in wrapped(caption.lines, self._wide, self._size))

    @cached_property
    def _high(self) -> int:
        """How high the highest caption is."""
        return max(map(self._heights, self.captions), default=0)

    def _caption(self, caption: Caption, count: str) -> list[str]:
        """The caption's lines below the graph, and the number of the frame in the corner."""
        lines = wrapped(caption.lines, self._wide, self._size)
        has_grids = any(part.grid for line in lines for part in line)
        written = self._pieces(lines) if has_grids else [self._table(lines)]
        if not count:
            return written
        corner = self.canvas.right - text_width(count, SMALL) / 2, self.canvas.bottom + 8
        return [*written, text_node("count", count, self.theme.muted, *corner)]

    @property
    def _top(self) -> float:
        return self.canvas.bottom + self._high + self._line_height

    def _table(self, lines: Sequence[Sequence[Part]]) -> str:
        """Lines of text as one node."""
        cell = f'<TD WIDTH="{int(self._wide)}" HEIGHT="{self._line_height}">'
        rows = "".join(f"<TR>{cell}{markup(line, self.theme)}</TD></TR>" for line in lines)
        table = f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{rows}</TABLE>'
        y = self._top - len(lines) * self._line_height / 2
        look = f'id="caption" shape=plain fontsize={self._size:g} pos="{self.canvas.middle:g},{y:g}"'
        return f"caption [{look} label=<{table}>]"

    def _pieces(self, lines: Sequence[Sequence[Part]]) -> list[str]:
        """Lines with matrices: a node for each part, side by side in the middle."""
        nodes, y = [], self._top
        for row, line in enumerate(lines, 1):
            x = self.canvas.middle - line_width(line, self._size) / 2
            y -= self._height(line) / 2
            for number, part in enumerate(filter(has_text, line), 1):
                bare = part if part.grid else replace(part, text=part.text.strip(" "))
                blank = 0 if part.grid else len(part.text) - len(part.text.lstrip(" "))
                middle = x + text_width(" " * blank, self._size) + line_width([bare], self._size) / 2
                key = f"caption_{row}_{number}"
                look = f'id="{key}" shape=plain fontsize={self._size:g} pos="{middle:.2f},{y:.2f}"'
                nodes.append(f"{key} [{look} label=<{markup([bare], self.theme, self._size)}>]")
                x += line_width([part], self._size)
            y -= self._height(line) / 2
        return nodes


def text_node(key: str, text: str, colour: str, x: float, y: float) -> str:
    """A node that is one line of small text."""
    return (
        f'{key} [id="{key}" shape=plain fontsize={SMALL:g} fontcolor="{colour}" label={quoted(text)} pos="{x:g},{y:g}"]'
    )
