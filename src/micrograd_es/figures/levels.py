"""What is inside each scope, laid out by itself: things, the boxes of inner scopes as one thing each, and borders.

A wire is cut at the borders that it crosses: a box has a port where one comes in, and where one goes out. All this is
reckoned for a figure that runs from left to right; one that runs downwards is turned before and after.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from math import ceil

from micrograd_es.figures.boxes import Boxes
from micrograd_es.figures.cells import table
from micrograd_es.figures.curves import spline, turned
from micrograd_es.figures.fonts import text_width
from micrograd_es.figures.labels import clean
from micrograd_es.figures.layout import Layout, Place, around, laid_out
from micrograd_es.figures.outline import INPUT, Outline
from micrograd_es.figures.scene import Wire
from micrograd_es.figures.shapes import SMALL
from micrograd_es.scopes import Scope

MARGIN = 7.0  # between a box and what is in it
TITLE = 15.0  # the height of a box's title
FAN = 12.0  # the room before a box, for each wire that comes in
WIDEST_FAN = 120.0


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


class Levels:
    """The levels of one scene: the pieces of wires on each, and, by scope, what `lay_out` makes of it (None: outside).

    `below` is the room, in points, for what stands under wires and gates.
    """

    def __init__(self, outline: Outline, found: Boxes, below: float) -> None:
        self.outline, self.found, self.below, self.across = outline, found, below, outline.across
        self.things = {thing.key: thing for thing in outline.things()}
        self.pieces: dict[Scope | None, list[Piece]] = {None: []} | {scope: [] for scope in found.keys}
        self.routes = {wire.key: self._route(wire) for wire in outline.scene.wires}
        self.of: dict[Scope | None, Level] = {}

    @property
    def flow(self) -> bool:
        """Whether every level has an order: no Values leave a scope and come back to it."""
        return all(map(_flows, self.pieces.values()))

    def lay_out(self) -> None:
        """Lay out every level, from the innermost outwards."""
        for scope in sorted(self.found.keys, key=lambda scope: -len(scope.path())):
            self.of[scope] = self._level(scope)
        self.of[None] = self._level(None)

    @cached_property
    def first(self) -> dict[str, int]:
        """Where each gate, and the first gate of each box, stands among all gates."""
        first: dict[str, int] = {}
        for number, gate in enumerate(self.outline.scene.gates):
            for key in (gate.key, *(self.found.keys[scope] for scope in self.found.path(gate.key))):
                first.setdefault(key, number)
        return first

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
        laid = laid if self.across else turned_layout(laid)
        entries = {p.wire.key: laid.at(f"in_{p.wire.key}")[1] for p in self.pieces[scope] if not p.start}
        exits = {p.wire.key: laid.at(f"out_{p.wire.key}")[1] for p in self.pieces[scope] if not p.end}
        whole = around(self._taken(key, place) for key, place in laid.nodes.items())
        return Level(laid, self._framed(whole, scope, entries) if scope else whole, entries, exits)

    def _taken(self, key: str, place: Place) -> Place:
        """What a thing takes with what stands under it and beside it."""
        if key not in self.things:
            return place
        role = text_width(self.outline.roles[key], SMALL) + 4 if key in self.outline.roles else 0.0
        if not self.across:
            return place._replace(right=place.right + self.below, bottom=place.bottom - role)
        return place.lowered(self.below)._replace(right=max(place.right, place.middle + role))

    def _framed(self, inside: Place, scope: Scope, entries: Mapping[str, float]) -> Place:
        """The box round what is inside a scope, with room for its title, clear of wires that come in beside it."""
        title = text_width(clean(self.outline.titled(scope), 40), SMALL) * 1.05 + 18
        frame = inside.grown(MARGIN, MARGIN)
        if self.across:
            return frame._replace(top=frame.top + TITLE, right=max(frame.right, frame.left + title))
        top = max([frame.top, *(y + title for y in entries.values())])
        return Place(frame.left - TITLE, min(frame.bottom, top - title), frame.right, top)

    def _lines(self, scope: Scope | None) -> list[str]:
        """The DOT of one level: things, boxes, points on its borders, and what joins them."""
        pieces, outline = self.pieces[scope], self.outline
        things = [thing for key, thing in self.things.items() if self.found.home.get(key) is scope]
        lines = [*outline.head(length=_length(pieces)), 'node [label="" shape=box fixedsize=true]']
        lines += [outline.bare(thing) for thing in things]
        lines += [self._box(inner, pieces) for inner in self.found.inside.get(scope, ())]
        border = "width=0.01 height=0.06"
        entries = [f"in_{piece.wire.key}" for piece in pieces if not piece.start]
        exits = [f"out_{piece.wire.key}" for piece in pieces if not piece.end]
        lines += [f"{key} [{border}]" for key in (*entries, *exits)]
        lines += [self._first_half(piece) for piece in pieces]
        lines += [outline.halves(thing, INPUT)[1] for thing in things if isinstance(thing, Wire)]
        lines += [f"{{rank=min; {'; '.join(entries)}}}"] * bool(entries)
        lines += [f"{{rank=max; {'; '.join(exits)}}}"] * bool(exits)
        order = "[style=invis weight=0]"
        columns = [column for column in self._columns(scope) if len(column) > 1]
        lines += [f"{{rank=same; {' -> '.join(column)} {order}}}" for column in columns]
        strands = [] if columns else self._strands(scope)  # Graphviz keeps one order on a level, not two
        lines += [f"{' -> '.join(strands)} {order}"] * (len(strands) > 1)
        return lines + (outline.left_column(self.found) if scope is None else [])

    def _columns(self, scope: Scope | None) -> list[list[str]]:
        """The folded gates and boxes of a level that stand one under the other, in order: neuron 1, neuron 2 …"""
        parts = [g.key for g in self.outline.scene.gates if g.folded and self.found.home.get(g.key) is scope]
        parts += [self.found.keys[inner] for inner in self.found.inside.get(scope, ())]
        columns: dict[int, list[str]] = {}
        depth = _depths(self.pieces[scope])
        for part in sorted(parts, key=self.first.__getitem__):
            columns.setdefault(depth.get(part, 0), []).append(part)
        return list(columns.values())

    def _strands(self, scope: Scope | None) -> list[str]:
        """The first wire into each part of a level that nothing there joins to the others, in their order."""
        strands: list[tuple[set[str], str]] = []
        for piece in self.pieces[scope]:
            ends = {piece.start or f"in_{piece.wire.key}", piece.end or f"out_{piece.wire.key}"}
            ends |= {piece.wire.head} if piece.end == piece.wire.key else set()
            joined = [strand for strand in strands if strand[0] & ends]
            entries = [entry for _, entry in joined if entry] + [f"in_{piece.wire.key}"] * (not piece.start)
            strands = [strand for strand in strands if strand not in joined]
            strands.append((ends.union(*(keys for keys, _ in joined)), entries[0] if entries else ""))
        known = [(min(self.first[key] for key in keys if key in self.first), entry) for keys, entry in strands if entry]
        return [entry for _, entry in sorted(known)]

    def _widen(self, column: Sequence[str]) -> None:
        """Boxes one under the other have one width."""
        scopes = [scope for scope, key in self.found.keys.items() if key in column]
        widest = max((self.of[s].frame.right - self.of[s].frame.left for s in scopes), default=0.0)
        for scope in scopes:
            level = self.of[scope]
            self.of[scope] = replace(level, frame=level.frame._replace(right=level.frame.left + widest))

    def _first_half(self, piece: Piece) -> str:
        """A piece as an edge."""
        key = piece.wire.key
        start = piece.start or f"in_{key}"
        into, out = ("w", "e") if self.across else ("n", "s")
        start += f":{key}:{out}" * (start in self.found.keys.values())
        end = piece.end or f"out_{key}"
        end += f":{into}" if end == key else f":{key}:{into}" * (end in self.found.keys.values())
        return f"{start} -> {end} [weight=30]"

    def _box(self, scope: Scope, pieces: Sequence[Piece]) -> str:
        """A box as a thing: a table with a cell for each wire, at the height at which it crosses the border."""
        key, level = self.found.keys[scope], self.of[scope]
        frame, fan = level.frame, self.fan(scope)
        high, wide = ceil(frame.top - frame.bottom), ceil(frame.right - frame.left) + fan
        first, last = (self._ports(heights, frame.top, high) for heights in (level.entries, level.exits))
        if self.across:
            rows = f"<TR><TD>{first}</TD>{_cell(wide - 4, high)}<TD>{last}</TD></TR>"
        else:
            rows = f"<TR><TD>{first}</TD></TR><TR>{_cell(high, wide - 4)}</TR><TR><TD>{last}</TD></TR>"
        return f"{key} [shape=plain fixedsize=false label=<{table(rows)}>]"

    def _ports(self, heights: Mapping[str, float], top: float, high: int) -> str:
        """A row of cells along a border, one for each wire where it crosses."""
        cells: list[tuple[int, str]] = []
        done = 0
        for key, y in sorted(heights.items(), key=lambda entry: -entry[1]):
            before = max(round(top - y) - 1 - done, 0)
            cells += [(before, "")] * bool(before) + [(2, f'PORT="{key}"')]
            done += before + 2
        cells += [(high - done, "")] * (high > done)
        if self.across:
            return table("".join(f"<TR>{_cell(2, long, port)}</TR>" for long, port in cells))
        return table(f"<TR>{''.join(_cell(long, 2, port) for long, port in cells)}</TR>")

    def fan(self, scope: Scope) -> int:
        """The room to the left of a box in which the wires that enter it spread."""
        key, outer = self.found.keys[scope], self.found.outer(scope)
        coming = sum(1 for piece in self.pieces[outer] if piece.end == key and piece.start)
        return ceil(min(FAN * coming, WIDEST_FAN)) if coming > 1 else 0


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


def _length(pieces: Sequence[Piece]) -> int:
    """How many things and boxes all wires of a level pass together."""
    depth = _depths(pieces)
    last = max(depth.values(), default=0) + 1
    ends = ((p.wire.head if p.end == p.wire.key else p.end, p.start) for p in pieces)
    return sum((depth.get(end, 0) if end else last) - (depth.get(start, 0) if start else -1) for end, start in ends)


def turned_layout(layout: Layout) -> Layout:
    """A layout that runs downwards as one that runs to the right, or back."""
    nodes, boxes = ({key: place.turned() for key, place in p.items()} for p in (layout.nodes, layout.boxes))
    edges = {ends: str(turned(spline(course))) for ends, course in layout.edges.items()}
    return Layout(layout.whole.turned(), nodes, edges, boxes, layout.final)


def _cell(wide: int, high: int, port: str = "") -> str:
    return f'<TD {port} WIDTH="{wide}" HEIGHT="{high}" FIXEDSIZE="TRUE"></TD>'
