"""One exercise on paper: its heading, its task, the circuit with its blanks, and in the key the worked steps.

The page with the blanks and that with the answers are two views of one layout, so nothing moves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from math import floor

from micrograd_es.figures.blanks import BlankTexts
from micrograd_es.figures.caption import Caption, Part
from micrograd_es.figures.dot import View, Writer, corners
from micrograd_es.figures.drawing import Drawing, loose
from micrograd_es.figures.film import steps
from micrograd_es.figures.labels import clean
from micrograd_es.figures.paper import MARGIN, Lines, Page, Paper, Type
from micrograd_es.figures.paragraphs import wrapped
from micrograd_es.figures.shapes import BLANK_HEIGHT
from micrograd_es.figures.stage import Stage
from micrograd_es.figures.words import counted

# On paper, in points
FORM = Type(11.5, 24.0)  # the line with the name and the date
TITLE = Type(17.0, 30.0)
TASK = Type(11.5, 17.0)
STEP = Type(10.0, 14.5)
GAP = 18.0  # round the graph, and between two columns
MILLIMETRE = 72 / 25.4
LEAST_BLANK = 4 * MILLIMETRE  # the height of the smallest box that can be written in
ENOUGH = 0.8  # of its size: from this on, a graph stays on upright paper


class Sheet:
    """An exercise and its key. `heading` stands at the top, `task` below it, a line for each of its lines."""

    def __init__(self, drawing: Drawing, texts: BlankTexts, heading: str, task: Lines) -> None:
        self.drawing, self.texts, self.heading, self.task = drawing, texts, heading, task
        given = drawing.writer
        self.writer = Writer(texts, drawing.theme, across=given.across, local=texts.has_locals, roles=bool(given.roles))
        self.stage = Stage(self.writer)

    def view(self, answers: bool) -> View:
        """What is shown: everything, or what is given."""
        return View() if answers else View(self.texts.given)

    def dot(self, *, answers: bool) -> str:
        """The circuit alone as DOT source, to be laid out by Graphviz."""
        return "\n".join(["digraph {", *loose(self.writer, self.view(answers)), "}", ""])

    def blank(self) -> Page:
        """The page to write on."""
        paper, words, texts = self.paper, self.texts.words, self.texts
        names = [(f"{words['name_line']} ", 0.72), (f"  {words['date_line']} ", 0.28)]
        form = paper.form("line", names, self.drawing.theme, FORM.row, FORM)
        dot = self.stage.on(paper.canvas, [form, *self._head(), paper.sized()], self.view(answers=False))
        return Page(dot, self.heading, texts.open_description(), texts.open_tooltips(), paper.size)

    def key(self) -> list[Page]:
        """The same page with the answers, and the worked steps below it and on more pages."""
        paper, texts = self.paper, self.texts
        columns, count = list(self._columns()), self._side_by_side
        title = f"{self.heading} · {texts.words['key']}"
        solved = self._placed("line", [[Part(texts.words["key"], "gradient")]], MARGIN, FORM)
        below = [solved, *self._head(), *self._set(columns[:count], self._below), paper.sized()]
        dot = self.stage.on(paper.canvas, below, View())
        pages = [Page(dot, title, texts.description(), texts.tooltips(), paper.size)]
        for start in range(count, len(columns), count):
            said = self._set(columns[start : start + count], self._start)
            lines = [*self.writer.head(), *corners(paper.canvas), solved, *self._head(task=False), *said, paper.sized()]
            dot = "\n".join(["digraph {", *lines, "}", ""])
            pages.append(Page(dot, f"{title} ({len(pages) + 1})", title, {}, paper.size))
        return pages

    # The paper

    @cached_property
    def paper(self) -> Paper:
        """The paper on which the graph is largest; upright where it is hardly smaller there.

        Raises ValueError where the boxes would be too small to write in.
        """
        upright, wide = (self._fitting(Paper(wide)) for wide in (False, True))
        best = upright if upright.scale >= min(ENOUGH, wide.scale) else wide
        high = BLANK_HEIGHT * best.scale
        if high < LEAST_BLANK:
            called = clean(self.heading, 60)
            fitting = max(self._lines_that_fit(paper) for paper in (upright, wide))
            lines, title = len(wrapped(self.task, best.room, TASK.size)), len(self._title(best))
            if 0 <= fitting < lines + title - 1:
                raise ValueError(
                    f"the task of {called!r} takes {lines} lines under a title of {title};"
                    f" expected at most {fitting} under a title of 1, beside this figure. Write less, or take a smaller"
                    " part of the graph."
                )
            raise ValueError(
                f"{called!r} is too large for a page: on A4 its blanks would be {floor(100 * high / MILLIMETRE) / 100}"
                f" mm high; expected at least {LEAST_BLANK / MILLIMETRE:.0f} mm, to write in. {self._smaller()}"
            )
        return best

    def _smaller(self) -> str:
        """What makes this figure smaller."""
        folded = "Fold scopes (fold=…, depth=…), or take" if self.stage.found.keys else "Take"
        return f"{'Leave local=True out. ' if self.drawing.local else ''}{folded} a smaller part of it."

    def _lines_that_fit(self, paper: Paper) -> int:
        """For how many lines of a task there is room under a title of one line; negative where there is none."""
        graph, scale = self.stage.whole, LEAST_BLANK / BLANK_HEIGHT
        if (graph.right - graph.left) * scale > paper.room:
            return -1
        left = paper.size[1] - MARGIN - (graph.top - graph.bottom) * scale
        return int((left - MARGIN - FORM.row - TITLE.row - GAP) // TASK.row)

    def _fitting(self, paper: Paper) -> Paper:
        return paper.with_graph(self.stage.whole, self._head_height(paper))

    def _head_height(self, paper: Paper, task: bool = True) -> float:
        """How far below the edge of the paper the head ends."""
        lines = wrapped(self.task, paper.room, TASK.size) if task else []
        return MARGIN + FORM.row + TITLE.row * len(self._title(paper)) + TASK.row * len(lines) + GAP

    def _title(self, paper: Paper) -> Lines:
        """The heading as lines."""
        return wrapped([[Part(self.heading, "strong")]], paper.room, TITLE.size)

    @property
    def _start(self) -> float:
        """How far below the edge of a page of steps they begin."""
        return self._head_height(self.paper, task=False)

    @property
    def _below(self) -> float:
        """How far below the edge of the first page what stands under the graph begins."""
        graph = self.stage.whole
        return self._head_height(self.paper) + (graph.top - graph.bottom) * self.paper.scale + GAP

    # Text

    def _placed(self, key: str, lines: Lines, y: float, type: Type) -> str:
        """Lines from margin to margin."""
        return self.paper.lines(key, lines, self.drawing.theme, (MARGIN, y), self.paper.room, type)

    def _head(self, task: bool = True) -> list[str]:
        """The heading and the task."""
        top = MARGIN + FORM.row
        title = self._title(self.paper)
        placed = [self._placed("title", title, top, TITLE)]
        if task and self.task:
            lines = wrapped(self.task, self.paper.room, TASK.size)
            placed.append(self._placed("task", lines, top + TITLE.row * len(title), TASK))
        return placed

    # The worked steps

    @property
    def _side_by_side(self) -> int:
        """How many columns of steps stand side by side."""
        return 2 if self.paper.wide else 1

    @property
    def _column(self) -> float:
        """The width of a column."""
        return (self.paper.room - GAP * (self._side_by_side - 1)) / self._side_by_side

    def _rows(self, column: int) -> int:
        """How many lines there is room for in a column; the first ones are under the graph."""
        start = self._below if column < self._side_by_side else self._start
        return int((self.paper.size[1] - MARGIN - start) / self.paper.row(STEP))

    def _columns(self) -> Iterator[list[list[Part]]]:
        """The steps as lines in columns, as many to each as there is room for, with a blank line between two."""
        column: list[list[Part]] = []
        made = 0
        for step in self._worked():
            lines = wrapped(step.lines, self._column, STEP.size)
            while len(column) + bool(column) + len(lines) > self._rows(made) and (column or made < self._side_by_side):
                yield column
                column, made = [], made + 1
            column += [*([[]] if column else []), *lines]
        yield column

    def _worked(self) -> list[Caption]:
        """What is said where something that is asked for is computed."""
        film = steps(self.texts, self.drawing.local, most=None)
        return [step.caption for step in film if not self.texts.asked.isdisjoint(step.appears)]

    def _set(self, columns: Sequence[Lines], top: float) -> list[str]:
        """Columns of steps side by side."""
        wide, theme = self._column, self.drawing.theme
        corners = [(MARGIN + i * (wide + GAP), top) for i in range(len(columns))]
        return [
            self.paper.lines(f"steps_{i}", lines, theme, corner, wide, STEP)
            for i, (lines, corner) in enumerate(zip(columns, corners, strict=True))
            if lines
        ]


def task_of(texts: BlankTexts, across: bool) -> Lines:
    """What is to be done, in a line for each kind of number that is asked for."""
    words = texts.words
    above, below = ("above", "below") if across else ("left", "right")
    under = words["gradients" if texts.scene.gradient else "wires"]
    places = {"f": texts.output, "value": words[above], "gradient": words[below], "local": under}
    lines = [_parts(words[f"task_{kind}"], places) for kind in texts.asks]
    if ways := [_places(words, *way) for way in texts.roundings]:
        said = words["rounding" if len(ways) == 1 else "roundings"].format(places=ways[0], others=ways[-1])
        lines[-1].append(Part(f" {said}"))
    return lines


def _places(words: Mapping[str, str], kind: str, n: int) -> str:
    """How far answers are rounded: 2 decimals, 3 significant digits."""
    name = "integers" if (kind, n) == ("decimals", 0) else kind
    return counted(words[f"to_{name}"], n)


def _parts(template: str, places: dict[str, str]) -> list[Part]:
    """A text in which [value|numbers] are numbers in the colour of values, with the places filled in.

    >>> [(part.text, part.kind) for part in _parts("the [value|numbers] of {f}.", {"f": "[a|b]"})]
    [('the ', ''), ('numbers', 'value'), (' of [a|b].', '')]
    """
    found = re.findall(r"([^\[]+)|\[(\w+)\|([^\]]*)\]", template)
    return [Part((plain or marked).format(**places), kind) for plain, kind, marked in found]
