"""Nested boxes laid out from the inside out: a scope by itself, then as one thing with ports in the scope round it.

So no wire runs through a box that it has no business in, or through a title, and the inputs of a gate stay in order.
A wire into a box from outside is drawn here, piece by piece from border to border; its number stands next to the gate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from math import ceil

from micrograd_es.figures.boxes import Boxes
from micrograd_es.figures.curves import Point, Spline, moved, spline, swing
from micrograd_es.figures.dot import Writer
from micrograd_es.figures.labels import Run, clean
from micrograd_es.figures.layout import Layout, Place, around, laid_out
from micrograd_es.figures.scene import Fork, Gate, Wire
from micrograd_es.figures.shapes import AIR, SIGMA, SMALL
from micrograd_es.scopes import Scope

MARGIN = 7.0  # between a box and what is in it
TITLE = 15.0  # the height of a box's title
FAN = 12.0  # the room before a box, for each wire that comes in
WIDEST_FAN = 120.0
INPUT = 7  # how strongly the inputs of a gate are kept straight
NEARLY = 3.0  # a piece of wire that climbs less runs level


@dataclass(frozen=True)
class Piece:
    """The part of a wire inside one level: from a thing, a box or the left border to a thing, a box or the right one.

    Things and boxes are given by their keys, the borders by "".
    """

    wire: Wire
    start: str
    end: str


@dataclass(frozen=True)
class Level:
    """What is inside one scope, laid out: the frame round it, and the heights at which wires cross its borders."""

    layout: Layout
    frame: Place
    entries: Mapping[str, float]
    exits: Mapping[str, float]


def nested(writer: Writer, found: Boxes, below: float = 0.0) -> Layout | None:
    """The layout of a scene with boxes; None where Values leave a scope and come back to it.

    `below` is the room, in points, for what stands under wires and gates.
    """
    return _Nest(writer, found, below).layout()


class _Nest:
    """The levels of one scene."""

    def __init__(self, writer: Writer, found: Boxes, below: float) -> None:
        self.writer, self.found, self.below = writer, found, below
        self.things = {thing.key: thing for thing in writer.things()}
        self.pieces: dict[Scope | None, list[Piece]] = {None: []} | {scope: [] for scope in found.keys}
        self.routes = {wire.key: self._route(wire) for wire in writer.scene.wires}
        self.levels: dict[Scope | None, Level] = {}
        self.offsets: dict[Scope | None, Point] = {None: (0.0, 0.0)}

    def layout(self) -> Layout | None:
        """Every level, from the innermost outwards, put together."""
        if not all(map(_flows, self.pieces.values())):
            return None
        for scope in sorted(self.found.keys, key=lambda scope: -len(scope.path())):
            self.levels[scope] = self._level(scope)
        self.levels[None] = self._level(None)
        self._place()
        nodes = {
            key: place.moved(*self.offsets[scope])
            for scope, level in self.levels.items()
            for key, place in level.layout.nodes.items()
            if key in self.things
        }
        boxes = {key: self._frame(scope) for scope, key in self.found.keys.items()}
        edges, final = self._edges(nodes, boxes)
        return Layout(around([*nodes.values(), *boxes.values()]), nodes, edges, boxes, final)

    # What is where

    def _route(self, wire: Wire) -> list[tuple[Scope | None, Piece]]:
        """The pieces of a wire from what it leaves to its label, level by level: outwards, across, inwards."""
        tail, label = self.found.path(wire.tail), self.found.path(wire.key)
        common = sum(1 for a, b in zip(tail, label, strict=False) if a is b)
        keys = self.found.keys
        route: list[tuple[Scope | None, Piece]] = []
        start = wire.tail
        for scope in reversed(tail[common:]):
            route.append((scope, Piece(wire, start, "")))
            start = keys[scope]
        inner = [keys[scope] for scope in label[common:]] + [wire.key]
        route.append((label[common - 1] if common else None, Piece(wire, start, inner[0])))
        route += [(scope, Piece(wire, "", end)) for scope, end in zip(label[common:], inner[1:], strict=True)]
        for level, piece in route:
            self.pieces[level].append(piece)
        return route

    def _level(self, scope: Scope | None) -> Level:
        """Lay out what is inside one scope, those in it as one thing each."""
        for column in self._columns(scope):
            self._widen(column)
        laid = laid_out("\n".join(["digraph {", *self._lines(scope), "}"]))
        entries = {p.wire.key: laid.at(f"in_{p.wire.key}")[1] for p in self.pieces[scope] if not p.start}
        exits = {p.wire.key: laid.at(f"out_{p.wire.key}")[1] for p in self.pieces[scope] if not p.end}
        whole = around(place.lowered(self.below) if key in self.things else place for key, place in laid.nodes.items())
        frame = whole.grown(MARGIN, MARGIN, top=TITLE)
        if scope is not None:
            title = Run(clean(self.writer.titled(scope), 40)).width(SMALL) * 1.05 + 18
            frame = frame._replace(right=max(frame.right, frame.left + title))
        return Level(laid, frame, entries, exits)

    def _lines(self, scope: Scope | None) -> list[str]:
        """The DOT of one level: things, boxes, points on its borders, and what joins them."""
        pieces, writer = self.pieces[scope], self.writer
        things = [thing for key, thing in self.things.items() if self.found.home.get(key) is scope]
        lines = [*writer.head(), 'node [label="" shape=box fixedsize=true]']
        lines += [writer.bare(thing) for thing in things]
        lines += [self._box(inner, pieces) for inner in self.found.inside.get(scope, ())]
        border = "width=0.01 height=0.06"
        entries = [f"in_{piece.wire.key}" for piece in pieces if not piece.start]
        exits = [f"out_{piece.wire.key}" for piece in pieces if not piece.end]
        lines += [f"{key} [{border}]" for key in (*entries, *exits)]
        lines += [self._first_half(piece) for piece in pieces]
        lines += [writer.halves(thing, INPUT)[1] for thing in things if isinstance(thing, Wire)]
        lines += [f"{{rank=min; {'; '.join(entries)}}}"] * bool(entries)
        lines += [f"{{rank=max; {'; '.join(exits)}}}"] * bool(exits)
        lines += [f"{{rank=same; {' -> '.join(column)} [style=invis weight=0]}}" for column in self._columns(scope)]
        return lines + (writer.left_column(self.found) if scope is None else [])

    def _columns(self, scope: Scope | None) -> list[list[str]]:
        """The folded gates and boxes of a level that stand one under the other, in order: neuron 1, neuron 2 …"""
        parts = [g.key for g in self.writer.scene.gates if g.folded and self.found.home.get(g.key) is scope]
        parts += [self.found.keys[inner] for inner in self.found.inside.get(scope, ())]
        columns: dict[int, list[str]] = {}
        depth = _depths(self.pieces[scope])
        for part in sorted(parts, key=self._first):
            columns.setdefault(depth.get(part, 0), []).append(part)
        return [column for column in columns.values() if len(column) > 1]

    def _widen(self, column: Sequence[str]) -> None:
        """Boxes one under the other have one width."""
        scopes = [scope for scope, key in self.found.keys.items() if key in column]
        widest = max((self.levels[s].frame.right - self.levels[s].frame.left for s in scopes), default=0.0)
        for scope in scopes:
            level = self.levels[scope]
            self.levels[scope] = replace(level, frame=level.frame._replace(right=level.frame.left + widest))

    def _first(self, part: str) -> int:
        """Where the first gate of a part stands among all gates."""
        gates = self.writer.scene.gates
        return next(
            number
            for number, gate in enumerate(gates)
            if part in (gate.key, *(self.found.keys[scope] for scope in self.found.path(gate.key)))
        )

    def _first_half(self, piece: Piece) -> str:
        """A piece as an edge."""
        key = piece.wire.key
        start = piece.start or f"in_{key}"
        start += f":{key}:e" * (start not in self.things and start.startswith("cluster"))
        end = piece.end or f"out_{key}"
        end += ":w" if end == key else f":{key}:w" * (end not in self.things and end.startswith("cluster"))
        return f"{start} -> {end} [weight=30]"

    def _box(self, scope: Scope, pieces: Sequence[Piece]) -> str:
        """A box as a thing: a table with a cell for each wire, at the height at which it crosses the border."""
        key, level = self.found.keys[scope], self.levels[scope]
        frame, fan = level.frame, self._fan(scope)
        high, wide = ceil(frame.top - frame.bottom), ceil(frame.right - frame.left) + fan
        sides = [_ports(level.entries, frame.top, high), _ports(level.exits, frame.top, high)]
        cells = f'<TD>{sides[0]}</TD><TD WIDTH="{wide - 4}" HEIGHT="{high}" FIXEDSIZE="TRUE"></TD><TD>{sides[1]}</TD>'
        return f"{key} [shape=plain fixedsize=false label=<{_table(f'<TR>{cells}</TR>')}>]"

    def _fan(self, scope: Scope) -> int:
        """The room to the left of a box in which the wires that enter it spread."""
        key, outer = self.found.keys[scope], self.found.outer(scope)
        coming = sum(1 for piece in self.pieces[outer] if piece.end == key and piece.start)
        return ceil(min(FAN * coming, WIDEST_FAN)) if coming > 1 else 0

    # Where everything comes to stand

    def _place(self) -> None:
        """How far each level is moved, from the outermost inwards."""
        for scope in sorted(self.found.keys, key=lambda scope: len(scope.path())):
            outer = self.found.outer(scope)
            place, frame = self.levels[outer].layout.nodes[self.found.keys[scope]], self.levels[scope].frame
            x, y = self.offsets[outer]
            self.offsets[scope] = (x + place.left + self._fan(scope) - frame.left, y + place.top - frame.top)

    def _frame(self, scope: Scope) -> Place:
        return self.levels[scope].frame.moved(*self.offsets[scope])

    def _edges(
        self, nodes: Mapping[str, Place], boxes: Mapping[str, Place]
    ) -> tuple[dict[tuple[str, str], str], frozenset[tuple[str, str]]]:
        """The splines of all wires, and which of them are final: those that cross a border."""
        edges: dict[tuple[str, str], str] = {}
        final = set()
        for wire in self.writer.scene.wires:
            home = self.found.home.get(wire.key)
            laid, offset = self.levels[home].layout.edges, self.offsets[home]
            edges[wire.key, wire.head] = str(moved(spline(laid[wire.key, wire.head]), *offset))
            route = self.routes[wire.key]
            if len(route) == 1:
                edges[wire.tail, wire.key] = str(moved(spline(laid[wire.tail, wire.key]), *offset))
                continue
            final.add((wire.tail, wire.key))
            curves = [self._curve(scope, piece, nodes, boxes) for scope, piece in route]
            edges[wire.tail, wire.key] = str(Spline(_joined(curves)))
        return edges, frozenset(final)

    def _curve(
        self, scope: Scope | None, piece: Piece, nodes: Mapping[str, Place], boxes: Mapping[str, Place]
    ) -> tuple[Point, ...]:
        """One piece of a wire, clear of everything else on its level where that can be."""
        start, end = self._start(scope, piece, nodes), self._end(scope, piece, nodes)
        others = [nodes[key] for key in self.things if self.found.home.get(key) is scope]
        others += [boxes[self.found.keys[inner]] for inner in self.found.inside.get(scope, ())]
        ends = [place for key, place in (*nodes.items(), *boxes.items()) if key in (piece.start, piece.end)]
        others = [place for place in others if place not in ends]
        round_start = SIGMA / 2 if isinstance(self.things.get(piece.start), Fork) else 0.0
        free = swing(start, end, others, round_start)
        if free:
            return free
        names = (piece.start or f"in_{piece.wire.key}", piece.end or f"out_{piece.wire.key}")
        given = moved(spline(self.levels[scope].layout.edges[names]), *self.offsets[scope])
        return _between(given.points, start, end)

    def _start(self, scope: Scope | None, piece: Piece, nodes: Mapping[str, Place]) -> Point:
        key = piece.wire.key
        if piece.start in self.things:
            place, thing = nodes[piece.start], self.things[piece.start]
            middle = (place.bottom + place.top) / 2
            if isinstance(thing, Fork):
                return place.middle, middle
            air = AIR if isinstance(thing, Gate) else 0.0
            return place.right - air, middle + self._fanned(piece, place)
        inner = self._scope(piece.start) if piece.start else scope
        assert inner is not None
        frame, (_, y) = self._frame(inner), self.offsets[inner]
        if piece.start:
            return frame.right, self.levels[inner].exits[key] + y
        return frame.left, self.levels[inner].entries[key] + y

    def _fanned(self, piece: Piece, place: Place) -> float:
        """How far from the middle of a gate one of several wires leaves it: they leave one under the other."""
        siblings = self.writer.scene.leaving[piece.start]
        home = self.found.home.get(piece.start)
        laid = self.levels[home].layout
        ends = {p.wire.key: p.end or f"out_{p.wire.key}" for p in self.pieces[home] if p.start == piece.start}
        order = sorted(siblings, key=lambda wire: -laid.at(ends[wire.key])[1])
        step = (place.top - place.bottom - 2 * AIR) / len(order)
        return step * ((len(order) - 1) / 2 - order.index(piece.wire))

    def _end(self, scope: Scope | None, piece: Piece, nodes: Mapping[str, Place]) -> Point:
        key = piece.wire.key
        if piece.end == key:
            place = nodes[key]
            return place.left, (place.bottom + place.top) / 2
        inner = self._scope(piece.end) if piece.end else scope
        assert inner is not None
        frame, (_, y) = self._frame(inner), self.offsets[inner]
        if piece.end:
            return frame.left, self.levels[inner].entries[key] + y
        return frame.right, self.levels[inner].exits[key] + y

    def _scope(self, key: str) -> Scope:
        return next(scope for scope, name in self.found.keys.items() if name == key)


def _flows(pieces: Iterable[Piece]) -> bool:
    """Whether what is on one level has an order: nothing leaves a box and comes back to it."""
    try:
        TopologicalSorter(_before(pieces)).prepare()
    except CycleError:
        return False
    return True


def _before(pieces: Iterable[Piece]) -> dict[str, set[str]]:
    """What comes right before each thing or box of a level."""
    before: dict[str, set[str]] = {}
    for piece in pieces:
        if piece.start and piece.end:
            end = piece.wire.head if piece.end == piece.wire.key else piece.end
            before.setdefault(end, set()).add(piece.start)
    return before


def _depths(pieces: Iterable[Piece]) -> dict[str, int]:
    """How many things and boxes there are, at most, before each of a level."""
    before = _before(pieces)
    depth: dict[str, int] = {}
    for key in TopologicalSorter(before).static_order():
        depth[key] = 1 + max((depth[k] for k in before.get(key, ())), default=-1)
    return depth


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


def _ports(heights: Mapping[str, float], top: float, high: int) -> str:
    """A column of cells, one for each wire at its height."""
    rows, done = [], 0
    for key, y in sorted(heights.items(), key=lambda entry: -entry[1]):
        above = max(round(top - y) - 1 - done, 0)
        rows += [_row(above)] * bool(above) + [_row(2, f'PORT="{key}"')]
        done += above + 2
    rest = max(high - done, 0)
    return _table("".join([*rows, *[_row(rest)] * bool(rest)]))


def _row(high: int, port: str = "") -> str:
    return f'<TR><TD {port} WIDTH="2" HEIGHT="{high}" FIXEDSIZE="TRUE"></TD></TR>'


def _table(rows: str) -> str:
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{rows}</TABLE>'
