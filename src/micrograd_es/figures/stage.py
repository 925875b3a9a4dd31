"""One scene on the stage: laid out once, then shown as often as asked, with what stands beside the graph.

What Graphviz does not place by itself is placed here, in the coordinates of its layout: local gradients and roles under
their wires and gates, the caption of a frame, its number, a note on what was folded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from itertools import groupby
from math import ceil

from micrograd_es.figures.boxes import Boxes, boxed, boxes, lowered
from micrograd_es.figures.caption import Caption, Part
from micrograd_es.figures.dot import View, Writer
from micrograd_es.figures.fonts import text_width
from micrograd_es.figures.labels import Run, plain, quoted, superscripts
from micrograd_es.figures.layout import Layout, Place, laid_out
from micrograd_es.figures.routes import routed
from micrograd_es.figures.shapes import GAP, ROW, SMALL
from micrograd_es.figures.themes import Theme

CAPTION_SIZE = 15.0
WIDE = 640.0  # from this width on captions grow with the graph
NARROWEST = 520.0  # where the graph is narrower than its captions they may be this wide, in points
GUTTER = 14.0  # between the graph and the caption
NOTE = 22.0  # the height of the note at the foot


class Stage:
    """A scene, its layout, and the pictures of it.

    `captions` are all that will ever be shown, so that room is kept for the longest; `note` stands at the foot.
    """

    def __init__(self, writer: Writer, captions: Sequence[Caption] = (), note: str = "") -> None:
        self.writer, self.note = writer, note
        self.captions = captions

    @cached_property
    def _laid_out(self) -> tuple[Layout, Boxes]:
        """Where Graphviz puts things, with boxes round scopes.

        Graphviz keeps inputs in order as long as no boxes disturb it, so they are drawn afterwards where they fit.
        """
        scene = self.writer.scene
        tight = boxes(scene, with_inputs=False)
        bare = replace(tight, home={}, inside={})
        layout = boxed(laid_out(self.writer.skeleton(bare)), tight, self._below)
        if layout is not None:
            return layout, tight
        roomy = boxes(scene, with_inputs=True)
        return lowered(laid_out(self.writer.skeleton(roomy)), self._below), roomy

    @cached_property
    def layout(self) -> Layout:
        """Where things are, and how the wires run."""
        writer = self.writer
        return routed(self._laid_out[0], writer.scene, writer.shapes, writer.across)

    def picture(self, view: View, caption: Caption | None = None, count: str = "") -> str:
        """The DOT source of one picture, with the positions of the layout."""
        extra = [*self._locals(view), *self._roles()]
        if self.note:
            middle = self._graph.bottom - NOTE / 2
            extra.append(_text("note", self.note, self._theme.muted, self._graph.middle, middle))
        if caption is not None:
            extra += self._caption(caption, count)
        return self.writer.write(view, self.layout, self._laid_out[1], self._canvas, extra)

    @property
    def size(self) -> tuple[float, float]:
        """The width and height of every picture, in points."""
        canvas = self._canvas
        return canvas.right - canvas.left, canvas.top - canvas.bottom

    @property
    def _below(self) -> float:
        """The room that what stands under wires and gates takes."""
        return SMALL * 1.2 * (bool(self.writer.locals) + bool(self.writer.roles))

    @property
    def _theme(self) -> Theme:
        return self.writer.theme

    # Beside the graph

    def _locals(self, view: View) -> list[str]:
        """The local gradient of each wire, under its gradient."""
        placed = []
        for key, line in self.writer.locals.items():
            text = plain(line)
            if text and view.shows(f"{key}.local"):
                x, y = self.layout.at(key)
                down = ROW + SMALL / 2 + 1 if self.writer.across else ROW / 2 + SMALL / 2
                aside = 0.0 if self.writer.across else text_width(text, SMALL) / 2 + GAP
                placed.append(_text(f"{key}_local", text, self._theme.local, x + aside, y - down))
        return placed

    def _roles(self) -> list[str]:
        """What each gate and fork does to the gradient, named beside it."""
        return [
            _text(f"{key}_role", role, self._theme.muted, *self._beside(key, text_width(role, SMALL)))
            for key, role in self.writer.roles.items()
        ]

    def _beside(self, key: str, room: float) -> tuple[float, float]:
        """Where the role of a gate or fork stands: under it, aside where a wire comes in from there."""
        place, (x, y) = self.layout.nodes[key], self.layout.at(key)
        if not self.writer.across:
            return place.right + room / 2, (place.top if key.startswith("s") else place.bottom) + 3
        if key.startswith("s"):
            return x - room / 2 - 4, y - ROW - 7
        down = SMALL * (1.9 if self.writer.locals else 0.8)
        crossed = any(self.layout.at(wire.key)[1] < y - 8 for wire in self.writer.scene.entering.get(key, ()))
        return x + (room / 2 + 3 if crossed else 0), place.bottom - down

    # The caption

    @cached_property
    def _graph(self) -> Place:
        return self.layout.whole.lowered(self._below)

    @cached_property
    def _wide(self) -> float:
        """How wide captions are: as the graph, or wider where the graph is narrow."""
        longest = max((_width(line, CAPTION_SIZE) for caption in self.captions for line in caption.lines), default=0.0)
        return max(self._graph.right - self._graph.left, min(longest + 20, NARROWEST))

    @cached_property
    def _size(self) -> float:
        """The size of captions: larger under a wide graph, which is shown smaller."""
        return CAPTION_SIZE * min(max(1.0, self._wide / WIDE), 2.0)

    @cached_property
    def _line_height(self) -> int:
        return ceil(self._size * 1.5)

    @cached_property
    def _rows(self) -> int:
        """How many lines the longest caption takes."""
        return max((len(_wrapped(caption, self._wide, self._size)) for caption in self.captions), default=0)

    @cached_property
    def _canvas(self) -> Place:
        """The same for every picture of the scene: the graph and, below it, room for the longest caption."""
        graph = self._graph
        bottom = graph.bottom - (NOTE if self.note else 0)
        if self._rows:
            bottom -= GUTTER + (self._rows + 1) * self._line_height
        spare = max(0.0, self._wide - (graph.right - graph.left)) / 2 if self._rows else 0.0
        return Place(graph.left - spare, bottom, graph.right + spare, graph.top)

    def _caption(self, caption: Caption, count: str) -> list[str]:
        """The caption's lines below the graph, and the number of the frame in the corner."""
        lines = _wrapped(caption, self._wide, self._size)
        cell = f'<TD WIDTH="{ceil(self._wide)}" HEIGHT="{self._line_height}">'
        rows = "".join(f"<TR>{cell}{self._line(line)}</TD></TR>" for line in lines)
        table = f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{rows}</TABLE>'
        top = self._canvas.bottom + (self._rows + 1) * self._line_height
        y = top - len(lines) * self._line_height / 2
        look = f'id="caption" shape=plain fontsize={self._size:g} pos="{self._canvas.middle:g},{y:g}"'
        lines_node = f"caption [{look} label=<{table}>]"
        if not count:
            return [lines_node]
        corner = self._canvas.right - text_width(count, SMALL) / 2, self._canvas.bottom + 8
        return [lines_node, _text("count", count, self._theme.muted, *corner)]

    def _line(self, line: Sequence[Part]) -> str:
        """One line of a caption as Graphviz's HTML-like labels have it."""
        theme = self._theme
        colours = {"value": theme.value, "gradient": theme.gradient, "local": theme.local, "muted": theme.muted}
        return "".join(
            f'<FONT COLOR="{colours.get(part.kind, theme.ink)}">{_marked(part)}</FONT>' for part in line if part.text
        )


def _text(key: str, text: str, colour: str, x: float, y: float) -> str:
    """A node that is one line of small text."""
    return (
        f'{key} [id="{key}" shape=plain fontsize={SMALL:g} fontcolor="{colour}" label={quoted(text)} pos="{x:g},{y:g}"]'
    )


def _marked(part: Part) -> str:
    face = "semibold" if part.kind in ("strong", "gradient") else "regular"
    return "".join(
        f"<SUP>{Run(text, face).markup()}</SUP>" if raised else Run(text, face).markup()
        for text, raised in superscripts(part.text)
    )


def _width(line: Sequence[Part], size: float) -> float:
    bold = ("strong", "gradient")
    return sum(text_width(part.text, size, "semibold" if part.kind in bold else "regular") for part in line)


def _wrapped(caption: Caption, room: float, size: float) -> list[list[Part]]:
    """The caption's lines broken between words where they are wider than the room."""
    lines: list[list[Part]] = []
    for line in caption.lines:
        current: list[Part] = []
        for part in line:
            for word in re.findall(r"\S+\s*|\s+", part.text):
                if current and _width([*current, Part(word.rstrip(), part.kind)], size) > room:
                    lines.append(current)
                    current = []
                current.append(Part(word, part.kind))
        lines.append(current)
    return [_joined(line) for line in lines]


def _joined(line: Sequence[Part]) -> list[Part]:
    """Neighbours of one kind as one part."""
    return [
        Part("".join(part.text for part in parts), kind) for kind, parts in groupby(line, key=lambda part: part.kind)
    ]
