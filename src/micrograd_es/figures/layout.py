"""Where Graphviz puts things: the positions of one layout, read once and kept for every picture of a scene."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from math import cos, hypot, radians, sin
from typing import Any, NamedTuple

from micrograd_es.figures.render import render

ARROW = 6.0  # the length of an arrowhead, in points
ENTRY = radians(48)  # where a wire from above or below enters a gate, from the horizontal
LONG = 60.0  # wires from this length on are worth drawing straight


class Place(NamedTuple):
    """A rectangle in points, y upwards."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def middle(self) -> float:
        """The horizontal centre."""
        return (self.left + self.right) / 2

    def holds(self, x: float, y: float, margin: float = 3.0) -> bool:
        """Whether a point is inside, or nearly."""
        return self.left - margin < x < self.right + margin and self.bottom - margin < y < self.top + margin

    def meets(self, other: Place) -> bool:
        """Whether two rectangles overlap."""
        across = self.left < other.right and other.left < self.right
        return across and self.bottom < other.top and other.bottom < self.top

    def lowered(self, by: float) -> Place:
        """With more room at the bottom."""
        return self._replace(bottom=self.bottom - by)

    def grown(self, x: float, y: float, top: float = 0.0) -> Place:
        """With a margin on all sides, and more at the top."""
        return Place(self.left - x, self.bottom - y, self.right + x, self.top + y + top)

    def __str__(self) -> str:
        return ",".join(f"{edge:g}" for edge in self)


def around(places: Iterable[Place]) -> Place:
    """The smallest rectangle that holds them all."""
    lefts, bottoms, rights, tops = zip(*places, strict=True)
    return Place(min(lefts), min(bottoms), max(rights), max(tops))


@dataclass(frozen=True)
class Layout:
    """Where things are: nodes by key, edges as DOT's splines by their two ends, boxes by key, and the whole."""

    whole: Place
    nodes: Mapping[str, Place]
    edges: Mapping[tuple[str, str], str]
    boxes: Mapping[str, Place]

    def at(self, key: str) -> tuple[float, float]:
        """The centre of a node."""
        place = self.nodes[key]
        return place.middle, (place.bottom + place.top) / 2


def laid_out(dot: str) -> Layout:
    """Lay a DOT source out with Graphviz's layered layout."""
    drawn: dict[str, Any] = json.loads(render(dot, "json0"))
    objects: list[dict[str, Any]] = drawn.get("objects", [])
    names = {thing["_gvid"]: thing["name"] for thing in objects}
    return Layout(
        whole=_place(drawn["bb"]),
        nodes={thing["name"]: _node_place(thing) for thing in objects if "pos" in thing},
        edges={(names[edge["tail"]], names[edge["head"]]): edge["pos"] for edge in drawn.get("edges", [])},
        boxes={thing["name"]: _place(thing["bb"]) for thing in objects if "bb" in thing},
    )


def _place(bb: str) -> Place:
    return Place(*map(float, bb.split(",")))


def _node_place(thing: Mapping[str, str]) -> Place:
    x, y = map(float, thing["pos"].split(","))
    width, height = float(thing["width"]) * 36, float(thing["height"]) * 36
    return Place(x - width, y - height, x + width, y + height)


# Straight wires


def straightened(layout: Layout, wires: Collection[tuple[str, str]]) -> Layout:
    """The layout with its long wires drawn level until just before their gates, wherever nothing is in the way.

    `wires` are edges from a label to a gate. Graphviz bends a long wire in every column that it crosses.
    """
    direct = {edge: spline for edge in wires if (spline := _direct(layout, *edge))}
    return replace(layout, edges={**layout.edges, **direct}) if direct else layout


def _direct(layout: Layout, label: str, gate: str) -> str | None:
    """The spline of a wire that runs level from its label and then bends into its gate; None where it cannot."""
    start, (_, y), (x, middle) = layout.nodes[label], layout.at(label), layout.at(gate)
    radius = (layout.nodes[gate].top - layout.nodes[gate].bottom) / 2
    drop = y - middle
    outward = (-cos(ENTRY), sin(ENTRY) * (1 if drop > 0 else -1))
    end = (x + (radius + ARROW) * outward[0], middle + (radius + ARROW) * outward[1])
    if abs(drop) < radius or end[0] - start.right < LONG:
        return None
    bend = max(start.right, end[0] - min(max(abs(drop) * 0.9, 20.0), 110.0))
    reach = 0.45 * hypot(end[0] - bend, end[1] - y)
    curve = [
        (bend, y),
        (bend + 0.6 * (end[0] - bend), y),
        (end[0] + reach * outward[0], end[1] + reach * outward[1]),
        end,
    ]
    others = [place for key, place in layout.nodes.items() if key not in (label, gate)]
    others += [box for box in layout.boxes.values() if not (box.meets(start) or box.meets(layout.nodes[gate]))]
    level = Place(start.right, y - 4, bend, y + 4)
    if any(place.meets(level) or any(place.holds(*_on(curve, t / 12)) for t in range(13)) for place in others):
        return None
    third = (bend - start.right) / 3
    line = [(start.right, y), (start.right + third, y), (bend - third, y)]
    tip = (x + radius * outward[0], middle + radius * outward[1])
    points = [*line, *curve]
    return f"e,{tip[0]:.2f},{tip[1]:.2f} " + " ".join(f"{px:.2f},{py:.2f}" for px, py in points)


def _on(curve: list[tuple[float, float]], t: float) -> tuple[float, float]:
    """A point of a cubic Bézier curve."""
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
    return (
        sum(w * x for w, (x, _) in zip(weights, curve, strict=True)),
        sum(w * y for w, (_, y) in zip(weights, curve, strict=True)),
    )


def continued(layout: Layout, wires: Iterable[tuple[str, str]], across: bool) -> Layout:
    """The layout with every wire drawn on through its label, as one line with what follows.

    `wires` are the far halves, from a label on; the rule of a label table would be a thinner line than a wire.
    """
    edges = dict(layout.edges)
    for label, head in wires:
        place, (x, y) = layout.nodes[label], layout.at(label)
        start = (place.left, y) if across else (x, place.top)
        edges[label, head] = _prolonged(edges[label, head], start)
    return replace(layout, edges=edges)


def _prolonged(spline: str, start: tuple[float, float]) -> str:
    """A spline with a straight piece in front."""
    arrow, points = spline.split(" ", 1) if spline.startswith("e,") else ("", spline)
    x, y = map(float, points.split(" ", 1)[0].split(","))
    thirds = [(start[0] + (x - start[0]) * t, start[1] + (y - start[1]) * t) for t in (0, 1 / 3, 2 / 3)]
    return " ".join([*([arrow] if arrow else []), *(f"{px:.2f},{py:.2f}" for px, py in thirds), points])


# Boxes round scopes


def boxed(layout: Layout, members: Mapping[str, tuple[str, Collection[str]]], below: float = 0.0) -> Layout | None:
    """The layout with a box round the members of each scope (nodes, and boxes inside it); None where boxes collide.

    `members` goes from the innermost scopes outwards: for each box its outer box ("" for none) and its nodes. `below`
    is the room, in points, for what stands under a node.
    """
    boxes: dict[str, Place] = {}
    for key, (_, nodes) in members.items():
        inner = [boxes[k] for k, (outer, _) in members.items() if outer == key]
        things = [layout.nodes[node].lowered(below) for node in nodes]
        boxes[key] = around([*things, *inner]).grown(9, 7, top=17)
        if any(place.meets(boxes[key]) for node, place in layout.nodes.items() if not _inside(node, key, members)):
            return None
    for key, place in boxes.items():
        if any(place.meets(other) for k, other in boxes.items() if k > key and not _nested(k, key, members)):
            return None
    return replace(layout, boxes=boxes, whole=around([layout.whole, *boxes.values()]))


def _inside(node: str, box: str, members: Mapping[str, tuple[str, Collection[str]]]) -> bool:
    """Whether a node is in a box or in a box inside it."""
    return any(node in nodes and (key == box or _nested(key, box, members)) for key, (_, nodes) in members.items())


def _nested(one: str, other: str, members: Mapping[str, tuple[str, Collection[str]]]) -> bool:
    """Whether one of two boxes is inside the other."""
    return other in _outer(one, members) or one in _outer(other, members)


def _outer(box: str, members: Mapping[str, tuple[str, Collection[str]]]) -> list[str]:
    found = []
    while box := members[box][0]:
        found.append(box)
    return found
