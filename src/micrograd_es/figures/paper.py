"""A sheet of A4 with a graph on it: where the graph stands, and text set round it.

Sizes and corners are those on paper, in points from its left top corner; `Paper` puts them into the units of the graph,
which is shown smaller or larger so that it fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from micrograd_es.figures import svg
from micrograd_es.figures.caption import Part
from micrograd_es.figures.cells import cell_width, table
from micrograd_es.figures.fonts import text_width
from micrograd_es.figures.layout import Place
from micrograd_es.figures.paragraphs import markup
from micrograd_es.figures.render import render
from micrograd_es.figures.themes import Theme

A4 = (595.276, 841.89)  # in points
MARGIN = 42.0
PROSE = ("title", "task", "steps_0", "steps_1")  # the keys of lines of text
LARGEST = 1.15  # how much a small graph is enlarged

Lines = Sequence[Sequence[Part]]


class Type(NamedTuple):
    """A size of text and the height of its lines."""

    size: float
    row: float


@dataclass(frozen=True)
class Page:
    """One page: its DOT source with all positions, and how it is told."""

    dot: str
    title: str
    description: str
    tooltips: dict[str, str]
    size: tuple[float, float]

    @property
    def wide(self) -> bool:
        """Whether it lies on its side."""
        return self.size[0] > self.size[1]

    def svg(self) -> str:
        """The page as an SVG document."""
        drawn = render(self.dot, "svg", engine="nop2").decode("utf-8")
        return svg.finished(svg.spaced(drawn, PROSE), self.title, self.description, self.tooltips)


@dataclass(frozen=True)
class Paper:
    """A4, upright or on its side; `scale` points are one unit of the graph, whose middle and top are given."""

    wide: bool
    scale: float = 1.0
    middle: float = 0.0
    top: float = 0.0

    @property
    def size(self) -> tuple[float, float]:
        """The width and height on paper."""
        return (A4[1], A4[0]) if self.wide else A4

    @property
    def room(self) -> float:
        """The width between the margins."""
        return self.size[0] - 2 * MARGIN

    @property
    def canvas(self) -> Place:
        """The whole paper, in the units of the graph."""
        width, height = (side / self.scale for side in self.size)
        return Place(self.middle - width / 2, self.top - height, self.middle + width / 2, self.top)

    def with_graph(self, graph: Place, head: float) -> Paper:
        """The paper with a graph on it as large as fits, so far below its edge."""
        wide, high = graph.right - graph.left, graph.top - graph.bottom
        scale = min(LARGEST, self.room / wide, max(1.0, self.size[1] - head - MARGIN) / high)
        return Paper(self.wide, scale, graph.middle, graph.top + head / scale)

    def sized(self) -> str:
        """The statement that makes a picture of the canvas as large as the paper."""
        wide, high = (side / 72 for side in self.size)
        return f'graph [pad=0 size="{wide:.5f},{high:.5f}!"]'

    # Text

    def row(self, type: Type) -> float:
        """The height that a line takes, in whole units of the graph."""
        return self._units(type.row) * self.scale

    def lines(self, key: str, lines: Lines, theme: Theme, corner: tuple[float, float], room: float, type: Type) -> str:
        """Lines of text from a corner on."""
        wide, high = self._units(room), self._units(type.row)
        cell = f'<TD ALIGN="LEFT" WIDTH="{wide}" HEIGHT="{high}">'
        rows = "".join(f"<TR>{cell}{markup(line, theme)}</TD></TR>" for line in lines)
        return self._placed(key, rows, corner, (wide, high * len(lines)), type.size)

    def form(self, key: str, names: Sequence[tuple[str, float]], theme: Theme, high: float, type: Type) -> str:
        """A line from margin to margin with names and, after each, its share of what is left as a rule to write on."""
        texts = [cell_width(text_width(name, type.size / self.scale)) for name, _ in names]
        left = self._units(self.room) - sum(texts)
        cells = ""
        for (name, share), wide in zip(names, texts, strict=True):
            cells += f'<TD ALIGN="LEFT" WIDTH="{wide}">{markup([Part(name, "muted")], theme)}</TD>'
            cells += f'<TD SIDES="B" BORDER="1" COLOR="{theme.muted}" WIDTH="{int(left * share)}"></TD>'
        size = self._units(self.room), self._units(high)
        return self._placed(key, f"<TR>{cells}</TR>", (MARGIN, MARGIN), size, type.size)

    def _units(self, points: float) -> int:
        return round(points / self.scale)

    def _placed(self, key: str, rows: str, corner: tuple[float, float], size: tuple[int, int], text: float) -> str:
        """A table with its left top corner on a point of the paper."""
        x = self.canvas.left + corner[0] / self.scale + size[0] / 2
        y = self.canvas.top - corner[1] / self.scale - size[1] / 2
        look = f'id="{key}" shape=plain fontsize={text / self.scale:.2f} pos="{x:.2f},{y:.2f}"'
        return f"{key} [{look} label=<{table(rows)}>]"
