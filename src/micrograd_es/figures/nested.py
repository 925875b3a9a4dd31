"""Nested boxes laid out from the inside out: a scope by itself, then as one thing with ports in the scope round it.

So no wire runs through a box that it has no business in, or through a title, and the inputs of a gate stay in order.
A wire into a box from outside is drawn here, piece by piece from border to border; its number stands next to the gate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from micrograd_es.figures.boxes import Boxes
from micrograd_es.figures.curves import Point, Spline, moved, points_of, spline, swing
from micrograd_es.figures.lanes import Lanes
from micrograd_es.figures.layout import Layout, Place, around
from micrograd_es.figures.levels import Levels, Piece, turned_layout
from micrograd_es.figures.outline import Outline
from micrograd_es.figures.scene import Fork, Gate
from micrograd_es.figures.shapes import AIR, SIGMA
from micrograd_es.scopes import Scope

NEARLY = 3.0  # a piece of wire that climbs less runs level


def nested(outline: Outline, found: Boxes, below: float = 0.0) -> Layout | None:
    """The layout of a scene with boxes; None where Values leave a scope and come back to it.

    `below` is the room, in points, for what stands under wires and gates.
    """
    levels = Levels(outline, found, below)
    if not levels.flow:
        return None
    levels.lay_out()
    whole = _Nest(levels).layout()
    return whole if outline.across else turned_layout(whole)


class _Nest:
    """The levels of one scene, put together."""

    def __init__(self, levels: Levels) -> None:
        self.levels, self.found = levels, levels.found
        self.named = {key: scope for scope, key in self.found.keys.items()}
        self.offsets: dict[Scope | None, Point] = {None: (0.0, 0.0)}
        self.standing: dict[Scope | None, list[tuple[str, Place]]] = {}

    def layout(self) -> Layout:
        """Where everything comes to stand, and how the wires run."""
        self._place()
        nodes = {
            key: place.moved(*self.offsets[scope])
            for scope, level in self.levels.of.items()
            for key, place in level.layout.nodes.items()
            if key in self.levels.things
        }
        boxes = {key: self._frame(scope) for scope, key in self.found.keys.items()}
        edges, final = self._edges(nodes, boxes)
        passed = [Place(x, y, x, y) for ends in final for x, y in points_of(edges[ends])]
        return Layout(around([*nodes.values(), *boxes.values(), *passed]), nodes, edges, boxes, final)

    def _place(self) -> None:
        """How far each level is moved, from the outermost inwards."""
        for scope in sorted(self.found.keys, key=lambda scope: len(scope.path())):
            outer = self.found.outer(scope)
            place, frame = self.levels.of[outer].layout.nodes[self.found.keys[scope]], self.levels.of[scope].frame
            x, y = self.offsets[outer]
            self.offsets[scope] = (x + place.left + self.levels.fan(scope) - frame.left, y + place.top - frame.top)

    def _frame(self, scope: Scope) -> Place:
        return self.levels.of[scope].frame.moved(*self.offsets[scope])

    def _edges(
        self, nodes: Mapping[str, Place], boxes: Mapping[str, Place]
    ) -> tuple[dict[tuple[str, str], str], frozenset[tuple[str, str]]]:
        """The splines of all wires, and which of them are final: those that cross a border."""
        edges: dict[tuple[str, str], str] = {}
        final = set()
        drawn = self._drawn(nodes, boxes)
        for wire in self.levels.outline.scene.wires:
            home = self.found.home.get(wire.key)
            laid, offset = self.levels.of[home].layout.edges, self.offsets[home]
            edges[wire.key, wire.head] = str(moved(spline(laid[wire.key, wire.head]), *offset))
            route = self.levels.routes[wire.key]
            if len(route) == 1:
                edges[wire.tail, wire.key] = str(moved(spline(laid[wire.tail, wire.key]), *offset))
                continue
            final.add((wire.tail, wire.key))
            edges[wire.tail, wire.key] = str(Spline(_joined([drawn[scope][piece] for scope, piece in route])))
        return edges, frozenset(final)

    def _drawn(
        self, nodes: Mapping[str, Place], boxes: Mapping[str, Place]
    ) -> dict[Scope | None, dict[Piece, tuple[Point, ...]]]:
        """The pieces of the wires that cross a border, level by level, the long ones first.

        A piece swings from one height to another where that way is clear, else takes a lane; where there is none it
        goes where Graphviz leads it.
        """
        pieces: dict[Scope | None, list[Piece]] = {}
        for route in self.levels.routes.values():
            for scope, piece in route if len(route) > 1 else ():
                pieces.setdefault(scope, []).append(piece)
        return {scope: self._side_by_side(scope, level, nodes, boxes) for scope, level in pieces.items()}

    def _side_by_side(
        self, scope: Scope | None, pieces: Sequence[Piece], nodes: Mapping[str, Place], boxes: Mapping[str, Place]
    ) -> dict[Piece, tuple[Point, ...]]:
        """The pieces of wires on one level, none along another."""
        lanes, drawn = Lanes(), {}
        ends = {piece: (self._start(scope, piece, nodes), self._end(scope, piece, nodes)) for piece in pieces}
        for piece in sorted(pieces, key=lambda piece: ends[piece][0][0] - ends[piece][1][0]):
            start, end = ends[piece]
            others = [p for key, p in self._standing(scope, nodes, boxes) if key not in (piece.start, piece.end)]
            round_start = SIGMA / 2 if isinstance(self.levels.things.get(piece.start), Fork) else 0.0
            curve = swing(start, end, others, round_start)
            if curve is None or lanes.taken(curve):
                curve = lanes.free(start, end, others, round_start) or self._led(scope, piece, start, end)
            lanes.add(curve)
            drawn[piece] = curve
        return drawn

    def _led(self, scope: Scope | None, piece: Piece, start: Point, end: Point) -> tuple[Point, ...]:
        """One piece of a wire where Graphviz leads it."""
        names = (piece.start or f"in_{piece.wire.key}", piece.end or f"out_{piece.wire.key}")
        given = moved(spline(self.levels.of[scope].layout.edges[names]), *self.offsets[scope])
        return _between(given.points, start, end)

    def _standing(
        self, scope: Scope | None, nodes: Mapping[str, Place], boxes: Mapping[str, Place]
    ) -> list[tuple[str, Place]]:
        """The things and boxes of a level."""
        if scope not in self.standing:
            things = [(key, nodes[key]) for key in self.levels.things if self.found.home.get(key) is scope]
            inner = [self.found.keys[inner] for inner in self.found.inside.get(scope, ())]
            self.standing[scope] = things + [(key, boxes[key]) for key in inner]
        return self.standing[scope]

    def _start(self, scope: Scope | None, piece: Piece, nodes: Mapping[str, Place]) -> Point:
        key = piece.wire.key
        if piece.start in self.levels.things:
            place, thing = nodes[piece.start], self.levels.things[piece.start]
            middle = (place.bottom + place.top) / 2
            if isinstance(thing, Fork):
                return place.middle, middle
            air = AIR if isinstance(thing, Gate) else 0.0
            return place.right - air, middle + self._fanned(piece, place)
        inner = self.named[piece.start] if piece.start else scope
        assert inner is not None
        frame, (_, y) = self._frame(inner), self.offsets[inner]
        if piece.start:
            return frame.right, self.levels.of[inner].exits[key] + y
        return frame.left, self.levels.of[inner].entries[key] + y

    def _fanned(self, piece: Piece, place: Place) -> float:
        """How far from the middle of a gate one of several wires leaves it: they leave one under the other."""
        siblings = self.levels.outline.scene.leaving[piece.start]
        home = self.found.home.get(piece.start)
        laid = self.levels.of[home].layout
        ends = {p.wire.key: p.end or f"out_{p.wire.key}" for p in self.levels.pieces[home] if p.start == piece.start}
        order = sorted(siblings, key=lambda wire: -laid.at(ends[wire.key])[1])
        step = (place.top - place.bottom - 2 * AIR) / len(order)
        return step * ((len(order) - 1) / 2 - order.index(piece.wire))

    def _end(self, scope: Scope | None, piece: Piece, nodes: Mapping[str, Place]) -> Point:
        key = piece.wire.key
        if piece.end == key:
            place = nodes[key]
            return place.left, (place.bottom + place.top) / 2
        inner = self.named[piece.end] if piece.end else scope
        assert inner is not None
        frame, (_, y) = self._frame(inner), self.offsets[inner]
        if piece.end:
            return frame.left, self.levels.of[inner].entries[key] + y
        return frame.right, self.levels.of[inner].exits[key] + y


def _joined(curves: Sequence[tuple[Point, ...]]) -> tuple[Point, ...]:
    """The pieces of a wire as one curve; those that run nearly level become one line, without a kink at a border."""
    runs: list[tuple[Point, ...]] = []
    for curve in curves:
        level = abs(curve[0][1] - curve[-1][1]) < NEARLY
        if runs and level and len(runs[-1]) == 2:
            runs[-1] = (runs[-1][0], curve[-1])
        else:
            runs.append((curve[0], curve[-1]) if level else curve)
    whole = [run if len(run) > 2 else (run[0], *run, run[1]) for run in runs]
    return (*whole[0], *(point for curve in whole[1:] for point in curve[1:]))


def _between(points: tuple[Point, ...], start: Point, end: Point) -> tuple[Point, ...]:
    """A curve with a straight piece in front and behind, so that it begins and ends where it should."""
    first, last = points[0], points[-1]
    return (start, start, first, *points, last, end, end)
