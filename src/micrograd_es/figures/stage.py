"""One scene on the stage: laid out once, then shown as often as asked, with what stands beside the graph.

What Graphviz does not place by itself is placed here, in the coordinates of its layout: local gradients and roles under
their wires and gates; below it the caption of a frame, its number, a note on what was folded.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from micrograd_es.figures.boxes import Boxes, boxes, lowered
from micrograd_es.figures.caption import Caption
from micrograd_es.figures.cells import coloured, lead
from micrograd_es.figures.curves import points_of
from micrograd_es.figures.dot import View, Writer
from micrograd_es.figures.fonts import text_width
from micrograd_es.figures.labels import Line, emptied, has_blank, plain, width
from micrograd_es.figures.layout import Layout, Place, laid_out
from micrograd_es.figures.nested import nested
from micrograd_es.figures.routes import routed
from micrograd_es.figures.shapes import GAP, SMALL
from micrograd_es.figures.themes import Theme
from micrograd_es.figures.under import Under, text_node


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

        Graphviz keeps inputs in order as long as no boxes disturb it, so each box is laid out by itself where it can.
        """
        found = boxes(self.writer.scene, with_inputs=True)
        layout = nested(self.writer, found, self._below) if found.keys else laid_out(self.writer.skeleton())
        if layout is None:
            layout = lowered(laid_out(self.writer.skeleton(found)), self._below)
        return layout, found

    @cached_property
    def layout(self) -> Layout:
        """Where things are, and how the wires run."""
        writer = self.writer
        return routed(self._laid_out[0], writer.scene, writer.shapes, writer.across)

    def picture(self, view: View, caption: Caption | None = None, count: str = "") -> str:
        """The DOT source of one picture, with the positions of the layout."""
        return self.on(self._under.canvas, self._under.lines(caption, count), view)

    def on(self, canvas: Place, beside: Sequence[str], view: View) -> str:
        """The DOT source of one picture on a canvas, with the statements for what stands beside the graph."""
        extra = [*self._locals(view), *self._roles(), *beside]
        return self.writer.write(view, self.layout, self.found, canvas, extra)

    @property
    def found(self) -> Boxes:
        """The boxes, and what stands in them."""
        return self._laid_out[1]

    @property
    def size(self) -> tuple[float, float]:
        """The width and height of every picture, in points."""
        return self._under.size

    @cached_property
    def _under(self) -> Under:
        return Under(self.whole, self.captions, self.note, self._theme)

    @property
    def whole(self) -> Place:
        """The graph, with what stands under its wires and gates."""
        return self.layout.whole.lowered(self._below)

    @property
    def _below(self) -> float:
        """The room that what stands under wires and gates takes."""
        return SMALL * 1.2 * (self.writer.locals_under + bool(self.writer.roles))

    @property
    def _theme(self) -> Theme:
        return self.writer.theme

    # Beside the graph

    def _locals(self, view: View) -> list[str]:
        """The local gradient of each wire, under its gradient."""
        placed = []
        for key, line in self.writer.locals.items():
            shown = line if view.shows(f"{key}.local") else emptied(line)
            if shown:
                x, y = self.layout.at(key)
                row, across = self.writer.row, self.writer.across
                down = row + self.writer.local_row / 2 - 1 if across else row / 2
                aside = 0.0 if across else width(line, SMALL) / 2 + GAP
                placed.append(self._local(f"{key}_local", shown, x + aside, y - down))
        return placed

    def _local(self, key: str, line: Line, x: float, y: float) -> str:
        colour = self._theme.local
        if not has_blank(line):
            return text_node(key, plain(line), colour, x, y)
        look = f'id="{key}" shape=plain fontsize={SMALL:g} pos="{x:g},{y:g}"'
        return f"{key} [{look} label=<{coloured(line, colour, self._theme, lead(line, SMALL))}>]"

    def _roles(self) -> list[str]:
        """What each gate and fork does to the gradient, named beside it."""
        middles = {key: (place.middle, (place.bottom + place.top) / 2) for key, place in self.role_places.items()}
        return [
            text_node(f"{key}_role", role, self._theme.muted, *middles[key]) for key, role in self.writer.roles.items()
        ]

    @cached_property
    def role_places(self) -> dict[str, Place]:
        """Where the roles stand, by the key of the gate or fork: where they hide nothing."""
        places: dict[str, Place] = {}
        for key, role in self.writer.roles.items():
            room = text_width(role, SMALL)
            spots = [Place(x, y, x, y).grown(room / 2, SMALL / 3) for x, y in self._beside(key, room)]
            apart = [spot for spot in spots if not any(map(spot.meets, places.values()))] or spots
            places[key] = next((spot for spot in apart if not any(map(spot.meets, self._solid))), apart[0])
        return places

    @cached_property
    def _solid(self) -> list[Place]:
        """What a name beside a gate must not stand on: gates, labels, wires."""
        below = SMALL * 1.2 * self.writer.locals_under
        things = [place.lowered(below * key.startswith("w")) for key, place in self.layout.nodes.items()]
        return things + [Place(x, y, x, y) for course in self.layout.edges.values() for x, y in points_of(course)]

    def _beside(self, key: str, room: float) -> list[tuple[float, float]]:
        """Where the role of a gate or fork may stand, the best place first: under it, aside where a wire comes in."""
        place, (x, y) = self.layout.nodes[key], self.layout.at(key)
        aside = room / 2 + 3
        if not self.writer.across:
            right, left = place.right + room / 2, place.left - room / 2
            high, low = place.top + 3, place.bottom + 3
            return [(right, high), (left, high)] if key.startswith("s") else [(right, low), (left, low), (right, high)]
        if key.startswith("s"):
            low, high = y - self.writer.row - 7, y + self.writer.row + 7
            return [(x - room / 2 - 4, low), (x - room / 2 - 4, high), (x + aside, low), (x + aside, high)]
        bottom = min(place.bottom, y - self.writer.half + 3)
        down, up = bottom - SMALL * (1.9 if self.writer.locals_under else 0.8), place.top + SMALL * 0.8
        crossed = any(self.layout.at(wire.key)[1] < y - 8 for wire in self.writer.scene.entering.get(key, ()))
        best = (x + aside, down) if crossed else (x, down)
        return [best, (x, down), (x + aside, down), (x, up), (x + aside, up), (x - aside, down)]
