"""One exercise on A4 paper: its heading, its task, the circuit with its blanks, and in the key the worked steps.

Sizes are those on paper, in points, until `Paper` puts them into the units of the graph, which is shown smaller or
larger so that it fits. The page with the blanks and that with the answers are two views of one layout.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil

from micrograd_es.figures import svg
from micrograd_es.figures.blanks import BlankTexts
from micrograd_es.figures.caption import Caption, Part
from micrograd_es.figures.dot import View, Writer, corners
from micrograd_es.figures.drawing import Drawing, loose
from micrograd_es.figures.film import steps
from micrograd_es.figures.fonts import text_width
from micrograd_es.figures.layout import Place
from micrograd_es.figures.paragraphs import markup, wrapped
from micrograd_es.figures.render import render
from micrograd_es.figures.shapes import BLANK_HEIGHT
from micrograd_es.figures.stage import Stage

A4 = (595.276, 841.89)  # in points
MARGIN = 42.0
TOP = 24.0  # the line with the name and the date
TITLE, TITLE_ROW = 17.0, 30.0
TEXT, TEXT_ROW = 11.5, 17.0
STEP, STEP_ROW = 10.0, 14.5
WIDER = 1.03  # Graphviz rounds each letter up a little
GAP = 18.0  # round the graph, between two steps and between two columns
LARGEST = 1.15  # how much a small graph is enlarged
LEAST_BLANK = 11.3  # the height of the smallest box that can be written in: 4 mm
MILLIMETRE = 72 / 25.4
ENOUGH = 0.8  # of its size: from this on, a graph stays on upright paper

Lines = Sequence[Sequence[Part]]


@dataclass(frozen=True)
class Page:
    """One page: its DOT source with all positions, and how it is told."""

    dot: str
    title: str
    description: str
    tooltips: dict[str, str]
    size: tuple[float, float]

    def svg(self) -> str:
        """The page as an SVG document."""
        drawn = render(self.dot, "svg", engine="nop2").decode("utf-8")
        return svg.finished(drawn, self.title, self.description, self.tooltips)


@dataclass(frozen=True)
class Paper:
    """A4 upright or on its side, with a graph `scale` times its size."""

    wide: bool
    scale: float = 1.0

    @property
    def size(self) -> tuple[float, float]:
        """The width and height on paper, in points."""
        return (A4[1], A4[0]) if self.wide else A4

    @property
    def room(self) -> float:
        """The width between the margins, in points."""
        return self.size[0] - 2 * MARGIN


class Sheet:
    """An exercise and its key. `heading` stands at the top, `task` below it, a line for each of its lines."""

    def __init__(self, drawing: Drawing, texts: BlankTexts, heading: str, task: Lines) -> None:
        self.drawing, self.texts, self.heading, self.task = drawing, texts, heading, task
        given = drawing.writer
        self.writer = Writer(texts, drawing.theme, across=given.across, local=texts.has_locals, roles=bool(given.roles))
        self._stage = Stage(self.writer)

    def dot(self, *, answers: bool) -> str:
        """The circuit alone as DOT source, to be laid out by Graphviz."""
        return "\n".join(["digraph {", *loose(self.writer, self._view(answers)), "}", ""])

    def blank(self) -> Page:
        """The page to write on."""
        words = self.texts.words
        first = self._blanks(f"{words['name_line']} ", f"   {words['date_line']} ")
        dot = self._stage.on(self._canvas, [*self._head(first), *self._paged()], self._view(answers=False))
        return Page(dot, self.heading, self.texts.open_description(), self.texts.open_tooltips(), self.paper.size)

    def key(self) -> list[Page]:
        """The same page with the answers, and the worked steps below it and on more pages."""
        columns, count = list(self._columns()), self._side_by_side
        first, rest = columns[:count], columns[count:]
        title = f"{self.heading} · {self.texts.words['key']}"
        size, head = self.paper.size, self._head(self._solved())
        extra = [*head, *self._set(first, self._below), *self._paged()]
        tooltips = self.texts.tooltips()
        pages = [Page(self._stage.on(self._canvas, extra, View()), title, self.texts.description(), tooltips, size)]
        for start in range(0, len(rest), count):
            said = self._set(rest[start : start + count], self._start)
            lines = [*self.writer.head(), *corners(self._canvas), *self._head(self._solved(), task=False), *said]
            dot = "\n".join(["digraph {", *lines, *self._paged(), "}", ""])
            pages.append(Page(dot, f"{title} ({len(pages) + 1})", title, {}, size))
        return pages

    def _view(self, answers: bool) -> View:
        return View() if answers else View(self.texts.given)

    # The paper

    @cached_property
    def paper(self) -> Paper:
        """The paper on which the graph is largest; upright where it is hardly smaller there.

        Raises ValueError where the boxes would be too small to write in.
        """
        upright, wide = (self._fitting(Paper(wide=wide)) for wide in (False, True))
        best = upright if upright.scale >= min(ENOUGH, wide.scale) else wide
        if BLANK_HEIGHT * best.scale < LEAST_BLANK:
            high = BLANK_HEIGHT * best.scale / MILLIMETRE
            raise ValueError(
                f"{self.heading!r} is too large for a page: on A4 its blanks would be {high:.1f} mm high; expected at"
                f" least {LEAST_BLANK / MILLIMETRE:.0f} mm, to write in. Fold scopes (fold=…, depth=…), leave local"
                " gradients out, or take a smaller part of it."
            )
        return best

    def _fitting(self, paper: Paper) -> Paper:
        """The paper with the graph as large as fits on it."""
        graph = self._stage.whole
        wide, high = graph.right - graph.left, graph.top - graph.bottom
        left_over = paper.size[1] - 2 * MARGIN - self._head_height(paper)
        return Paper(paper.wide, min(LARGEST, paper.room / wide, left_over / high))

    def _head_height(self, paper: Paper, task: bool = True) -> float:
        lines = wrapped(self.task, paper.room, TEXT) if task else []
        return TOP + TITLE_ROW + TEXT_ROW * len(lines) + GAP

    @cached_property
    def _canvas(self) -> Place:
        """The page in the units of the graph, which stands in its middle under the head."""
        graph, scale = self._stage.whole, self.paper.scale
        width, height = self.paper.size
        left, top = graph.middle - width / 2 / scale, graph.top + (MARGIN + self._head_height(self.paper)) / scale
        return Place(left, top - height / scale, left + width / scale, top)

    def _paged(self) -> list[str]:
        """What makes the picture as large as the paper."""
        wide, high = (side / 72 for side in self.paper.size)
        return [f'graph [pad=0 size="{wide:.5f},{high:.5f}!"]']

    @property
    def _start(self) -> float:
        """How far below the top of a page of steps they begin, on paper."""
        return MARGIN + self._head_height(self.paper, task=False)

    @property
    def _below(self) -> float:
        """How far below the top of the first page what stands under the graph begins, on paper."""
        graph = self._stage.whole
        return MARGIN + self._head_height(self.paper) + (graph.top - graph.bottom) * self.paper.scale + GAP

    # Text

    def _head(self, first: str, task: bool = True) -> list[str]:
        """The first line, the heading and the task."""
        paper = self.paper
        title = [[Part(self.heading, "strong")]]
        placed = [
            self._table("line", first, MARGIN, MARGIN, TEXT, TOP),
            self._lines("title", title, MARGIN, MARGIN + TOP, paper.room, TITLE, TITLE_ROW),
        ]
        if task and self.task:
            lines = wrapped(self.task, paper.room, TEXT)
            placed.append(self._lines("task", lines, MARGIN, MARGIN + TOP + TITLE_ROW, paper.room, TEXT, TEXT_ROW))
        return placed

    def _blanks(self, name: str, date: str) -> str:
        """The line for the name and the date, with rules to write on."""
        room = self.paper.room - text_width(name + date, TEXT) * WIDER
        rule = f'SIDES="B" BORDER="1" COLOR="{self.drawing.theme.muted}"'
        return self._cells([(name, 0, 'ALIGN="LEFT"'), ("", room * 0.72, rule), (date, 0, ""), ("", room * 0.28, rule)])

    def _solved(self) -> str:
        """What stands in the place of that line in the key."""
        return self._cells([(self.texts.words["key"], self.paper.room, 'ALIGN="LEFT"')], "gradient")

    def _cells(self, cells: Sequence[tuple[str, float, str]], kind: str = "muted") -> str:
        """Texts side by side, each with its width on paper, 0 for its own, and its look."""
        made = []
        for text, room, look in cells:
            width = room or text_width(text, TEXT) * WIDER
            content = markup([Part(text, kind)], self.drawing.theme)
            made.append(f'<TD WIDTH="{ceil(width / self.paper.scale)}" {look}>{content}</TD>')
        return f"<TR>{''.join(made)}</TR>"

    def _lines(self, key: str, lines: Lines, x: float, y: float, room: float, size: float, row: float) -> str:
        """Lines of text from a corner on, given on paper from the top left of the page."""
        cell = f'<TD ALIGN="LEFT" WIDTH="{int(room / self.paper.scale)}" HEIGHT="{row / self.paper.scale:.0f}">'
        rows = "".join(f"<TR>{cell}{markup(line, self.drawing.theme)}</TD></TR>" for line in lines)
        return self._table(key, rows, x, y, size, row * len(lines), room)

    def _table(self, key: str, rows: str, x: float, y: float, size: float, high: float, room: float = 0.0) -> str:
        """A table from a corner on, given on paper from the top left of the page."""
        scale, canvas = self.paper.scale, self._canvas
        middle = x + (room or self.paper.room) / 2, y + high / 2
        at = f"{canvas.left + middle[0] / scale:.2f},{canvas.top - middle[1] / scale:.2f}"
        table = f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{rows}</TABLE>'
        return f'{key} [id="{key}" shape=plain fontsize={size / scale:.2f} pos="{at}" label=<{table}>]'

    # The worked steps

    @property
    def _column(self) -> float:
        """The width of a column of steps on paper."""
        return (self.paper.room - GAP * (self._side_by_side - 1)) / self._side_by_side

    def _columns(self) -> Iterator[list[list[Part]]]:
        """The steps as lines in columns, as many to each as there is room for; the first ones are under the graph."""
        column: list[list[Part]] = []
        made = 0
        for step in self._worked():
            lines = wrapped(step.lines, self._column, STEP)
            while len(column) + bool(column) + len(lines) > self._rows(made) and (column or made < self._side_by_side):
                yield column
                column, made = [], made + 1
            column += [*([[]] if column else []), *lines]
        yield column

    @property
    def _side_by_side(self) -> int:
        """How many columns stand side by side."""
        return 2 if self.paper.wide else 1

    def _rows(self, column: int) -> int:
        """How many lines there is room for in a column."""
        start = self._below if column < self._side_by_side else self._start
        return int((self.paper.size[1] - MARGIN - start) / STEP_ROW)

    def _worked(self) -> list[Caption]:
        """What is said where something that is asked for is computed."""
        film = steps(self.texts, self.drawing.local)
        return [step.caption for step in film if not self.texts.asked.isdisjoint(step.appears)]

    def _set(self, columns: Sequence[list[list[Part]]], top: float) -> list[str]:
        """Columns of steps side by side."""
        step = self._column + GAP
        return [
            self._lines(f"steps_{i}", lines, MARGIN + i * step, top, self._column, STEP, STEP_ROW)
            for i, lines in enumerate(columns)
            if lines
        ]


def task_of(texts: BlankTexts, across: bool) -> Lines:
    """What is to be done, in a line for each kind of number that is asked for."""
    words = texts.words
    above, below = ("above", "below") if across else ("left", "right")
    under = words["gradients" if texts.scene.gradient else "wires"]
    places = {"f": texts.output, "value": words[above], "gradient": words[below], "local": under}
    lines = [_parts(words[f"task_{kind}"].format(**places)) for kind in texts.asks]
    if texts.rounds:
        lines[-1].append(Part(f" {_rounding(texts)}"))
    return lines


def _rounding(texts: BlankTexts) -> str:
    words, numbers = texts.words, texts.numbers
    if numbers.digits is not None:
        return words["to_digits"].format(n=numbers.digits)
    places = 2 if numbers.decimals is None else numbers.decimals
    return words[{0: "to_integers", 1: "to_one_decimal"}.get(places, "to_decimals")].format(n=places)


def _parts(text: str) -> list[Part]:
    """A text in which [value|numbers] are numbers in the colour of values.

    >>> [(part.text, part.kind) for part in _parts("the [value|numbers].")]
    [('the ', ''), ('numbers', 'value'), ('.', '')]
    """
    parts = []
    for plain, kind, marked in re.findall(r"([^\[]+)|\[(\w+)\|([^\]]*)\]", text):
        parts.append(Part(plain) if plain else Part(marked, kind))
    return parts
