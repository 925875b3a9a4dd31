"""Ways for wires that would lie on another: each gets a height of its own, past what stands between its ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from micrograd_es.figures.curves import CLEAR, Point, by_lane, on
from micrograd_es.figures.layout import Place

NEAR = 4.0  # wires that run this near to each other look like one
ALONG = 80.0  # if they do so for this long
LANE = 10.0  # between two lanes
MOST = 40  # lanes that are tried on either side

Curve = tuple[Point, ...]
Stretch = tuple[Point, Point]


class Lanes:
    """The wires that run on one level, and what they have to keep clear of."""

    def __init__(self) -> None:
        self._stretches: dict[int, set[tuple[int, Stretch]]] = {}  # by their height, with the number of the wire
        self._count = 0

    def add(self, curve: Curve) -> None:
        """A wire that runs there."""
        self._count += 1
        for stretch in _flat(curve):
            for row in _rows(stretch):
                self._stretches.setdefault(row, set()).add((self._count, stretch))

    def taken(self, curve: Curve, near: float = NEAR) -> bool:
        """Whether another wire runs along a curve for a while, so near that the two would look like one."""
        beside: dict[int, float] = {}
        for stretch in _flat(curve):
            rows = _rows(stretch)
            around = (self._stretches.get(row, set()) for row in range(rows.start - 1, rows.stop + 1))
            for wire, other in set[tuple[int, Stretch]]().union(*around):
                beside[wire] = beside.get(wire, 0.0) + _together(stretch, other, near)
        return any(long > ALONG for long in beside.values())

    def free(self, start: Point, end: Point, others: Sequence[Place], radius: float = 0.0) -> Curve | None:
        """A way by a lane that is clear of the others and that no wire runs along; None where there is none."""
        for height in _around(start[1], end[1]):
            curve = by_lane(start, end, height, radius)
            if curve and not _blocked(curve, others) and not self.taken(curve, LANE - 1):
                return curve
        return None


def _around(start: float, end: float) -> Iterator[float]:
    """Heights of lanes, those with the least climbing first."""
    heights = [start + LANE * i for i in range(-MOST, MOST + 1)]
    yield from sorted(heights, key=lambda y: (abs(y - start) + abs(y - end), abs(y - start)))


def _blocked(curve: Curve, others: Iterable[Place]) -> bool:
    """Whether something stands where a curve with a level middle runs."""
    (left, height), (right, _) = curve[3], curve[6]
    level = Place(left, height, right, height).grown(0, CLEAR)
    low, high = min(y for _, y in curve), max(y for _, y in curve)
    whole = Place(curve[0][0], low, curve[-1][0], high).grown(CLEAR, CLEAR)
    near = [place for place in others if place.meets(whole)]
    if any(place.meets(level) for place in near):
        return True
    pieces = [curve[i : i + 4] for i in range(0, len(curve) - 1, 3)]
    dots = [on(piece, t / 12) for piece in pieces for t in range(13)] if near else []
    return any(place.holds(*dot, CLEAR) for dot in dots for place in near)


def _flat(curve: Curve) -> list[Stretch]:
    """The stretches of a curve that climb less than they go on; a level piece is one."""
    found: list[Stretch] = []
    for i in range(0, len(curve) - 1, 3):
        piece = curve[i : i + 4]
        level = len({y for _, y in piece}) == 1
        dots = [piece[0], piece[3]] if level else [on(piece, t / 12) for t in range(13)]
        found += [(a, b) for a, b in pairwise(dots) if abs(b[1] - a[1]) < b[0] - a[0]]
    return found


def _rows(stretch: Stretch) -> range:
    """The numbers of the lanes that a stretch is in."""
    low, high = sorted(y for _, y in stretch)
    return range(int(low // LANE), int(high // LANE) + 1)


def _together(one: Stretch, other: Stretch, near: float) -> float:
    """How far two stretches run near each other."""
    left, right = max(one[0][0], other[0][0]), min(one[1][0], other[1][0])
    if right <= left:
        return 0.0
    middle = (left + right) / 2
    return right - left if abs(_at(one, middle) - _at(other, middle)) < near else 0.0


def _at(stretch: Stretch, x: float) -> float:
    (x0, y0), (x1, y1) = stretch
    return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
