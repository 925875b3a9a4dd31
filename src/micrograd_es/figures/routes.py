"""How wires run: Graphviz's splines made to meet the gates, level where they are long, one line from end to end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from math import cos, hypot, radians, sin, sqrt

from micrograd_es.figures.curves import Point, Spline, on, spline, swing
from micrograd_es.figures.layout import Layout, Place, around
from micrograd_es.figures.scene import Gate, Scene, Wire
from micrograd_es.figures.shapes import AIR, Shape
from micrograd_es.ops import ADD, LSE, MAX, MIN, MUL

ARROW = 6.0  # the length of an arrowhead, in points
ENTRY = radians(48)  # where a wire from above or below enters a round gate, from the horizontal
TILE = 150.0  # the side of the squares by which neighbours are found
OVERLAP = 1.0  # of the halves of a wire: Graphviz rounds where labels begin, and a seam would show
LEVEL = 9.0  # wires that would climb less than this run level
LONG = 60.0  # wires from this length on are worth drawing level
NEAR = 2.5  # wires that run this near to each other look like one
APART = 9.0  # how far the arrowheads of two wires into a gate are from each other, at least, across their way
SIDE = radians(34)  # where two wires enter a round gate side by side, from the direction of the figure
SYMMETRIC = (ADD, MUL, MAX, MIN, LSE)  # operations whose inputs may stand in any order


def routed(layout: Layout, scene: Scene, shapes: Mapping[str, Shape], across: bool) -> Layout:
    """The layout with gates at their own size, every wire joined to them and drawn through its label."""
    gates = {key: layout.nodes[key].grown(-AIR, -AIR) for key in shapes}
    layout = replace(layout, nodes={**layout.nodes, **gates})
    router = _Router(layout, scene, shapes, across)
    edges = {}
    for wire in scene.wires:
        edges[wire.tail, wire.key] = str(router.out_of(wire))
    courses = {wire: course for wires in scene.entering.values() for wire, course in router.arriving(wires).items()}
    router.winding = _lying_on_others(courses, layout)
    for wires in scene.entering.values():
        if not router.winding.isdisjoint(wires):
            courses.update(router.arriving(wires))
    edges.update({(wire.key, wire.head): str(course) for wire, course in courses.items()})
    return replace(layout, edges=edges)


def _lying_on_others(courses: Mapping[Wire, Spline], layout: Layout) -> set[Wire]:
    """The wires drawn level from their labels that another wire would lie on: Graphviz had led it along there."""
    level: dict[int, list[tuple[Wire, float, float, float]]] = {}  # by the height, in steps of NEAR
    for wire, course in courses.items():
        (_, y), begin = layout.at(wire.key), layout.nodes[wire.key].right
        end = max((x for x, height in course.points if height == y), default=begin)
        if end - begin > LONG:
            level.setdefault(int(y // NEAR), []).append((wire, y, begin, end))
    found: set[Wire] = set()
    for other, course in courses.items() if level else ():
        points = course.points
        for (x, y), (to, after) in pairwise(points):
            if abs(y - after) > NEAR or abs(to - x) < LONG / 2:
                continue
            for step in (-1, 0, 1):
                for wire, height, begin, end in level.get(int(y // NEAR) + step, ()):
                    along = min(end, max(x, to)) - max(begin, min(x, to))
                    if wire is not other and abs(height - y) < NEAR and along > LONG / 2:
                        found.add(wire)
    return found


class _Router:
    """Routes the wires of one layout."""

    def __init__(self, layout: Layout, scene: Scene, shapes: Mapping[str, Shape], across: bool) -> None:
        self.layout, self.scene, self.shapes, self.across = layout, scene, shapes, across
        self.winding: Set[Wire] = frozenset()  # those that go where Graphviz leads them, not level

    def out_of(self, wire: Wire) -> Spline:
        """From what a wire leaves to its label."""
        given = spline(self.layout.edges[wire.tail, wire.key])
        if (wire.tail, wire.key) in self.layout.final:
            return given
        siblings = self.scene.leaving[wire.tail]
        if self.across and len(siblings) > 1 and wire.tail in self.shapes:
            return self._fanned(wire, siblings)
        if wire.tail not in self.shapes:
            return given
        return self._levelled(wire) or _prolonged(given, self._touching(wire.tail, given.points[0]))

    def _levelled(self, wire: Wire) -> Spline | None:
        """A level wire out of a gate whose label is nearly at its height; None elsewhere."""
        place, (x, y), (_, level) = self.layout.nodes[wire.tail], self.layout.at(wire.tail), self.layout.at(wire.key)
        if not self.across or abs(level - y) >= LEVEL:
            return None
        radius = (place.right - place.left) / 2
        reach = sqrt(radius**2 - (level - y) ** 2) if self.shapes[wire.tail].is_round else radius
        left, right = x + reach, self.layout.nodes[wire.key].left
        third = (right - left) / 3
        return Spline(((left, level), (left + third, level), (right - third, level), (right, level)))

    def _fanned(self, wire: Wire, siblings: Sequence[Wire]) -> Spline:
        """One of several wires out of a folded gate: they leave its right side, one under the other."""
        place, label, (_, y) = self.layout.nodes[wire.tail], self.layout.nodes[wire.key], self.layout.at(wire.key)
        order = sorted(siblings, key=lambda w: -self.layout.at(w.key)[1])
        level = place.top - (place.top - place.bottom) * (order.index(wire) + 0.5) / len(order)
        middle = (place.right + label.left) / 2
        return Spline(((place.right, level), (middle, level), (middle, y), (label.left, y)))

    def arriving(self, wires: Sequence[Wire]) -> dict[Wire, Spline]:
        """From one side of their labels to one thing, which two wires enter side by side, in order.

        Graphviz keeps the inputs of a gate in order until they are there; a wire that is drawn level may not.
        """
        routes = {wire: self.into(wire) for wire in wires}
        gate = self.scene.gate_of.get(wires[0].head)
        if gate is None or len(wires) != 2 or not self.shapes[gate.key].is_round:
            return routes
        if self._apart(*routes.values(), or_reversed=_symmetric(gate)):
            return routes
        given = {wire: self._joined(spline(self.layout.edges[wire.key, wire.head]), gate.key) for wire in wires}
        if not self._apart(*given.values()):
            given = {w: _ending(given[w], *self._side(gate, up)) for w, up in zip(wires, (1, -1), strict=True)}
        return {wire: self._through_label(wire, course) for wire, course in given.items()}

    def _side(self, gate: Gate, first: int) -> tuple[Point, Point]:
        """Where the first (1) or the second (-1) of two wires may enter a round gate, and the direction out of it."""
        place, (x, y) = self.layout.nodes[gate.key], self.layout.at(gate.key)
        radius = (place.top - place.bottom) / 2
        ahead, aside = radius * cos(SIDE), first * radius * sin(SIDE)
        return ((x - ahead, y + aside), (-1.0, 0.0)) if self.across else ((x - aside, y + ahead), (0.0, 1.0))

    def _apart(self, first: Spline, second: Spline, *, or_reversed: bool = False) -> bool:
        """Whether the first of two wires ends well above the second, or left of it where the figure runs downwards."""
        assert first.tip is not None and second.tip is not None
        distance = first.tip[1] - second.tip[1] if self.across else second.tip[0] - first.tip[0]
        return (abs(distance) if or_reversed else distance) >= APART

    def into(self, wire: Wire) -> Spline:
        """From one side of a wire's label, through it, to what the wire enters."""
        given = spline(self.layout.edges[wire.key, wire.head])
        if wire.head in self.shapes:
            entry = self._entry(wire)
            direct = (self._swung(wire, *entry) or self._direct(wire, *entry)) if entry else None
            direct = None if wire in self.winding else direct
            given = direct or (
                _ending(given, *entry)
                if entry and self._comes_from_the_side(wire, given)
                else self._joined(given, wire.head)
            )
        return self._through_label(wire, given)

    def _through_label(self, wire: Wire, given: Spline) -> Spline:
        """A spline with the piece of its wire that is inside the label."""
        label, (x, y) = self.layout.nodes[wire.key], self.layout.at(wire.key)
        return _prolonged(given, (label.left - OVERLAP, y) if self.across else (x, label.top + OVERLAP))

    def _comes_from_the_side(self, wire: Wire, given: Spline) -> bool:
        """Whether Graphviz leads a wire to the left side of a box or its corners, not to its roof or floor."""
        assert given.tip is not None
        return not self.shapes[wire.head].is_round and given.tip[0] < self.layout.nodes[wire.head].left + 4

    def _touching(self, gate: str, point: Point) -> Point:
        """The point of a gate's outline that is nearest to a point outside."""
        place, (x, y) = self.layout.nodes[gate], self.layout.at(gate)
        if self.shapes[gate].is_round:
            far = hypot(point[0] - x, point[1] - y) or 1.0
            radius = (place.right - place.left) / 2
            return x + radius * (point[0] - x) / far, y + radius * (point[1] - y) / far
        return min(max(point[0], place.left), place.right), min(max(point[1], place.bottom), place.top)

    def _joined(self, given: Spline, gate: str) -> Spline:
        """A spline that ends at the air round a gate, moved on to touch it."""
        assert given.tip is not None
        tip = self._touching(gate, given.tip)
        dx, dy = tip[0] - given.tip[0], tip[1] - given.tip[1]
        *start, before, end = given.points
        return Spline((*start, (before[0] + dx, before[1] + dy), (end[0] + dx, end[1] + dy)), tip)

    def _entry(self, wire: Wire) -> tuple[Point, Point] | None:
        """Where a wire should enter its gate, and the direction out of it; None where Graphviz's way is as good."""
        if not self.across:
            return None
        place, (x, y), (_, start) = self.layout.nodes[wire.head], self.layout.at(wire.head), self.layout.at(wire.key)
        if not self.shapes[wire.head].is_round:
            wires = self.scene.entering[wire.head]
            if _symmetric(self.scene.gate_of[wire.head]):
                wires = sorted(wires, key=lambda w: -self.layout.at(w.key)[1])
            if len(wires) == 1 and place.bottom < start < place.top:
                return (place.left, start), (-1.0, 0.0)
            step = (place.top - place.bottom) / len(wires)
            level = place.top - step * (wires.index(wire) + 0.5)
            return (place.left, start if abs(start - level) < 0.4 * step else level), (-1.0, 0.0)
        radius = (place.top - place.bottom) / 2
        if abs(start - y) < LEVEL:
            return (x - sqrt(radius**2 - (start - y) ** 2), start), (-1.0, 0.0)
        if abs(start - y) < radius or place.left - self.layout.nodes[wire.key].right < LONG:
            return None
        outward = (-cos(ENTRY), sin(ENTRY) * (1 if start > y else -1))
        return (x + radius * outward[0], y + radius * outward[1]), outward

    def _direct(self, wire: Wire, tip: Point, outward: Point) -> Spline | None:
        """A wire level from its label until just before its gate; None where something is in the way."""
        (_, y), begin = self.layout.at(wire.key), self.layout.nodes[wire.key].right
        end = (tip[0] + ARROW * outward[0], tip[1] + ARROW * outward[1])
        bend = max(begin, end[0] - min(max(abs(y - end[1]) * 0.9, 20.0), 110.0))
        reach = 0.45 * hypot(end[0] - bend, end[1] - y)
        curve = (
            (bend, y),
            (bend + 0.6 * (end[0] - bend), y),
            (end[0] + reach * outward[0], end[1] + reach * outward[1]),
            end,
        )
        if self._blocked(wire, Place(begin, y - 4, bend, y + 4), curve):
            return None
        third = (bend - begin) / 3
        return Spline(((begin, y), (begin + third, y), (bend - third, y), *curve), tip)

    def _swung(self, wire: Wire, tip: Point, outward: Point) -> Spline | None:
        """A short wire that swings from its label to the side of a box; None elsewhere, or where something is there."""
        (_, y), begin = self.layout.at(wire.key), self.layout.nodes[wire.key].right
        end = (tip[0] + ARROW * outward[0], tip[1])
        if self.shapes[wire.head].is_round or not ARROW < end[0] - begin < LONG:
            return None
        reach = around([Place(begin, y, begin, y), Place(*end, *end)]).grown(3, 3)
        others = [place for key, place in self.near(reach) if key not in (wire.key, wire.head)]
        points = swing((begin, y), end, others)
        return Spline(points, tip) if points else None

    def _blocked(self, wire: Wire, level: Place, curve: tuple[Point, ...]) -> bool:
        """Whether a route meets what is not at one of its ends."""
        ends = (self.layout.nodes[wire.key], self.layout.nodes[wire.head])
        reach = around([level, *(Place(x, y, x, y) for x, y in curve)]).grown(3, 3)  # a curve stays among its points
        others = [place for key, place in self.near(reach) if key not in (wire.key, wire.head) and place.meets(reach)]
        others += [box for box in self.layout.boxes.values() if not any(box.meets(end) for end in ends)]
        dots = [on(curve, t / 12) for t in range(13)] if others else []
        return any(place.meets(level) or any(place.holds(*dot) for dot in dots) for place in others)

    def near(self, reach: Place) -> Iterator[tuple[str, Place]]:
        """The nodes in the tiles of the canvas that a rectangle touches; one on two tiles may come twice."""
        return (entry for tile in _tiles(reach) for entry in self.tiles.get(tile, ()))

    @cached_property
    def tiles(self) -> dict[tuple[int, int], list[tuple[str, Place]]]:
        """The nodes by the tiles of the canvas that they touch: a route is compared with its neighbours only."""
        tiles: dict[tuple[int, int], list[tuple[str, Place]]] = {}
        for key, place in self.layout.nodes.items():
            for tile in _tiles(place):
                tiles.setdefault(tile, []).append((key, place))
        return tiles


def _tiles(place: Place) -> list[tuple[int, int]]:
    """The squares of the canvas that a rectangle touches."""
    left, bottom, right, top = (int(edge // TILE) for edge in place)
    return [(x, y) for x in range(left, right + 1) for y in range(bottom, top + 1)]


def _symmetric(gate: Gate) -> bool:
    """Whether the inputs of a gate may stand in any order: those of + and ×, and of a folded gate, which has a name."""
    return gate.folded is not None or gate.node.op in SYMMETRIC


def _ending(given: Spline, tip: Point, outward: Point) -> Spline:
    """A spline led to another end, which it reaches from a given direction."""
    end = (tip[0] + ARROW * outward[0], tip[1] + ARROW * outward[1])
    back = (given.points[-4][0] - end[0]) * outward[0] + (given.points[-4][1] - end[1]) * outward[1]
    reach = min(max(0.5 * back, 1.0), 22.0)  # no further back than the curve begins
    before = (end[0] + reach * outward[0], end[1] + reach * outward[1])
    return Spline((*given.points[:-2], before, end), tip)


def _prolonged(given: Spline, start: Point) -> Spline:
    """A spline with a straight piece in front."""
    x, y = given.points[0]
    thirds = tuple((start[0] + (x - start[0]) * t, start[1] + (y - start[1]) * t) for t in (0, 1 / 3, 2 / 3))
    return Spline((*thirds, *given.points), given.tip)
