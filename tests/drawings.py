"""The graphs of the lectures, and what can be read in a drawing of one: its texts, their colours and their places."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from xml.etree import ElementTree

from micrograd_es import Value, exp, maximum, scope, sigmoid, tanh
from micrograd_es.figures import THEMES, Theme
from micrograd_es.figures.curves import points_of

SVG = "{http://www.w3.org/2000/svg}"


def product() -> Value:
    """f = (x + y)·z of the lectures, A2."""
    x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    return (x + y) * z


def neuron(name: str = "") -> Value:
    """The sigmoid neuron of the lectures, gate by gate, A4; with a name, the sigmoid's gates in a scope, A5."""
    w0, x0, w1, x1, w2 = Value(2.0, "w0"), Value(-1.0, "x0"), Value(-3.0, "w1"), Value(-2.0, "x1"), Value(-3.0, "w2")
    total = w0 * x0 + w1 * x1 + w2
    if not name:
        return 1 / (1 + exp(-total))
    with scope(name):
        return 1 / (1 + exp(-total))


def network(inputs: int, *layers: int, seed: int = 0) -> Value:
    """The sum of the outputs of a network of tanh neurons, each in its own scope inside its layer's."""
    rng = random.Random(seed)
    values = [Value(rng.uniform(-1, 1), f"x{i}") for i in range(inputs)]
    for number, width in enumerate(layers, 1):
        with scope(f"layer {number}"):
            row = []
            for i in range(width):
                with scope(f"neuron {i + 1}"):
                    total = Value(rng.uniform(-1, 1), "b")
                    for x in values:
                        total = total + Value(rng.uniform(-1, 1), "w") * x
                    row.append(tanh(total))
            values = row
    total = values[0]
    for x in values[1:]:
        total = total + x
    return total


def tangle(gates: int, seed: int) -> Value:
    """A random graph with forks, of at least as many gates, all of which reach the output."""
    rng = random.Random(seed)
    known = [Value(round(rng.uniform(-2, 2), 1), name) for name in "abcd"]
    loose = list(known)
    operations: list[Callable[[Value, Value], Value]] = [
        lambda x, y: x + y,
        lambda x, y: x * y,
        lambda x, y: x - y,
        maximum,
        lambda x, y: tanh(x),
        lambda x, y: sigmoid(y),
        lambda x, y: x + 1,
    ]
    for _ in range(gates):
        x = loose.pop(0) if loose and rng.random() < 0.6 else rng.choice(known)
        y = rng.choice(known)
        known.append(tanh(rng.choice(operations)(x, y)) if rng.random() < 0.1 else rng.choice(operations)(x, y))
        loose.append(known[-1])
    total = known[-1]
    for x in loose:
        total = total + x
    return total


class Text(NamedTuple):
    """One text of a drawing and where it stands."""

    node: str
    text: str
    fill: str
    x: float
    y: float


class Blank(NamedTuple):
    """One box to write in and its corners, y downwards."""

    node: str
    stroke: str
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Blank) -> bool:
        """Whether two boxes overlap."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def holds(self, x: float, y: float) -> bool:
        """Whether a point is inside."""
        return self.left < x < self.right and self.top < y < self.bottom


@dataclass(frozen=True)
class Drawing:
    """An SVG read again with Python's own parser, which takes nothing but well-formed XML."""

    root: ElementTree.Element
    theme: Theme

    @classmethod
    def of(cls, svg: str, theme: str = "lecture") -> Drawing:
        """The drawing in an SVG document."""
        return cls(ElementTree.fromstring(svg.encode()), THEMES[theme])

    @property
    def frame(self) -> tuple[str, str, str]:
        """Its size and its coordinates."""
        return self.root.attrib["width"], self.root.attrib["height"], self.root.attrib["viewBox"]

    @property
    def texts(self) -> list[Text]:
        """Every text in every node, in drawing order."""
        return [
            Text(
                group.get("id", ""),
                text.text or "",
                text.get("fill", ""),
                float(text.get("x", 0)),
                float(text.get("y", 0)),
            )
            for group in self.root.iter(f"{SVG}g")
            if group.get("class") == "node"
            for text in group.iter(f"{SVG}text")
        ]

    @property
    def graph(self) -> list[Text]:
        """The texts of the graph itself, without the caption and the number of the frame."""
        return [text for text in self.texts if text.node not in ("caption", "count", "note")]

    def said(self, *, start: str = "", end: str = "") -> list[str]:
        """The texts of the nodes whose id starts and ends so, each node's joined."""
        found: dict[str, str] = {}
        for text in self.texts:
            if text.node.startswith(start) and text.node.endswith(end):
                found[text.node] = found.get(text.node, "") + text.text
        return list(found.values())

    @property
    def wires(self) -> dict[str, tuple[str, str]]:
        """What stands above and below each wire, by its key; "" where there is nothing."""
        found: dict[str, tuple[str, str]] = {}
        for text in self.texts:
            if text.node.startswith("w") and "_" not in text.node:
                value, gradient = found.get(text.node, ("", ""))
                below = text.fill == self.theme.gradient
                found[text.node] = (value, gradient + text.text) if below else (value + text.text, gradient)
        return found

    def count(self, tag: str) -> int:
        """How many elements of a kind there are."""
        return sum(1 for _ in self.root.iter(SVG + tag))

    @property
    def tags(self) -> set[str]:
        """The kinds of elements there are."""
        return {element.tag.removeprefix(SVG) for element in self.root.iter()}

    @property
    def blanks(self) -> list[Blank]:
        """Every box to write in: its node, its colour, and its place."""
        return [
            Blank(group.get("id", ""), box.get("stroke", ""), min(xs), min(ys), max(xs), max(ys))
            for group in self.root.iter(f"{SVG}g")
            if group.get("class") == "node" and group.get("id", "").startswith("w")
            for box in group.iter(f"{SVG}polygon")
            if box.get("fill") == "none"
            for xs, ys in [_corners(box.get("points", ""))]
        ]

    @property
    def drawn(self) -> list[str]:
        """Every shape that is no text, with its place and its look, in drawing order."""
        shapes = ("path", "polygon", "ellipse", "polyline")
        return [str(sorted(one.attrib.items())) for one in self.root.iter() if one.tag.removeprefix(SVG) in shapes]

    @property
    def lines(self) -> list[tuple[float, float]]:
        """Points along every wire."""
        edges = [group for group in self.root.iter(f"{SVG}g") if group.get("class") == "edge"]
        courses = [path.get("d", "") for edge in edges for path in edge.iter(f"{SVG}path")]
        return [point for course in courses for point in points_of(re.sub("[A-Z ]", " ", course).strip(), 20)]

    @property
    def gates(self) -> list[Blank]:
        """Every circle and its place."""
        circles = [
            (group.get("id", ""), [float(one.get(name, 0)) for name in ("cx", "cy", "rx")])
            for group in self.root.iter(f"{SVG}g")
            if group.get("class") == "node"
            for one in group.iter(f"{SVG}ellipse")
        ]
        return [Blank(key, "", x - r, y - r, x + r, y + r) for key, (x, y, r) in circles]


def _corners(points: str) -> tuple[list[float], list[float]]:
    xs, ys = zip(*(map(float, point.split(",")) for point in points.split()), strict=True)
    return list(xs), list(ys)
