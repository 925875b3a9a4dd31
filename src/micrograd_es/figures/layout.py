"""Where Graphviz puts things: the positions of one layout, read once and kept for every picture of a scene."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from micrograd_es.figures.render import render


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

    def grown(self, x: float, y: float, top: float = 0.0) -> Place:
        """With a margin on all sides, and more at the top."""
        return Place(self.left - x, self.bottom - y, self.right + x, self.top + y + top)

    def lowered(self, by: float) -> Place:
        """With more room at the bottom."""
        return self._replace(bottom=self.bottom - by)

    def moved(self, x: float, y: float) -> Place:
        """The same rectangle elsewhere."""
        return Place(self.left + x, self.bottom + y, self.right + x, self.top + y)

    def turned(self) -> Place:
        """The same with what runs downwards running to the right, and what stands side by side, one under the other.

        Turned twice it is what it was.
        """
        return Place(-self.top, -self.right, -self.bottom, -self.left)

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
    final: Collection[tuple[str, str]] = ()  # the edges whose course is settled

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
