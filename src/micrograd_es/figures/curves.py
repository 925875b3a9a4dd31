"""Cubic Bézier curves, as DOT writes the course of a wire."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import atan2, cos, hypot, radians, sin

from micrograd_es.figures.layout import Place

STEEPEST = radians(70)  # the direction in which a wire leaves a fork, from the horizontal
BENDS = ((0.0, 1.0), (0.0, 0.5), (0.5, 1.0), (0.25, 0.75), (0.0, 0.25), (0.75, 1.0), (0.0, 0.1), (0.9, 1.0))
"""The parts of its way on which a wire may change its height, the best first."""
LONG = 60.0  # a lane is worth taking for so many points
CLEAR = 4.0  # how near a wire may come to what it passes, in points

Point = tuple[float, float]


@dataclass(frozen=True)
class Spline:
    """A chain of cubic Bézier curves, and the tip of its arrow where it has one."""

    points: tuple[Point, ...]
    tip: Point | None = None

    def __str__(self) -> str:
        arrow = [f"e,{_written(self.tip)}"] if self.tip else []
        return " ".join([*arrow, *map(_written, self.points)])


def spline(text: str) -> Spline:
    """A spline as DOT's pos has it."""
    parts = text.split()
    tip = _point(parts.pop(0)[2:]) if parts[0].startswith("e,") else None
    return Spline(tuple(map(_point, parts)), tip)


def points_of(text: str, each: int = 10) -> list[Point]:
    """Points along a spline as DOT's pos has it, so many on each of its curves, and its tip.

    >>> points_of("0,0 0,0 9,0 9,0", each=2)
    [(0.0, 0.0), (4.5, 0.0), (9.0, 0.0)]
    """
    given = spline(text)
    curves = [given.points[i : i + 4] for i in range(0, len(given.points) - 1, 3)]
    found = [on(curve, step / each) for curve in curves for step in range(each + 1)]
    return list(dict.fromkeys([*found, given.tip] if given.tip else found))


def _point(text: str) -> Point:
    x, y = text.split(",")
    return float(x), float(y)


def _written(point: Point) -> str:
    return f"{point[0]:.2f},{point[1]:.2f}"


def moved(given: Spline, x: float, y: float) -> Spline:
    """A spline elsewhere.

    >>> str(moved(spline("0,0 0,0 9,0 9,0"), 1, 2))
    '1.00,2.00 1.00,2.00 10.00,2.00 10.00,2.00'
    """
    points = tuple((px + x, py + y) for px, py in given.points)
    return Spline(points, (given.tip[0] + x, given.tip[1] + y) if given.tip else None)


def turned(given: Spline) -> Spline:
    """A spline with what runs downwards running to the right.

    >>> str(turned(spline("5,9 5,6 5,3 5,1")))
    '-9.00,-5.00 -6.00,-5.00 -3.00,-5.00 -1.00,-5.00'
    """
    points = tuple((-y, -x) for x, y in given.points)
    return Spline(points, (-given.tip[1], -given.tip[0]) if given.tip else None)


def swing(start: Point, end: Point, others: Iterable[Place], radius: float = 0.0) -> tuple[Point, ...] | None:
    """A curve that swings from one height to another and ends level; None where none is clear of the others.

    With a `radius` it starts at a circle round `start`, in the direction in which it goes on.

    >>> swing((0, 0), (9, 0), [])
    ((0.0, 0), (3.0, 0), (6.0, 0), (9, 0))
    """
    near = [place for place in others if place.meets(_reach(start, end))]
    for bend in BENDS:
        points = _swing(start, end, radius, *bend)
        curves = [points[i : i + 4] for i in range(0, len(points) - 1, 3)]
        if not any(place.holds(*on(curve, t / 16), CLEAR) for curve in curves for t in range(17) for place in near):
            return points
    return None


def by_lane(start: Point, end: Point, height: float, radius: float = 0.0) -> tuple[Point, ...] | None:
    """A curve level at a height of its own, between a turn after `start` and one before `end`, which is level.

    None where there is no room for the turns. With a `radius` it starts at a circle round `start`.

    >>> [round(x) for x, _ in by_lane((0, 0), (300, 0), 40)[:7:3]], by_lane((0, 0), (50, 0), 40)
    ([0, 38, 262], None)
    """
    first, last = (18 + 0.5 * min(abs(height - y), 90) for (_, y) in (start, end))
    x1, x2 = start[0] + radius + first, end[0] - last
    if x2 - x1 < LONG:
        return None
    level = (x1, height), (x2, height)
    turns = _swing(start, level[0], radius, 0.0, 1.0), _swing(level[1], end, 0.0, 0.0, 1.0)
    return (*turns[0], *level, *turns[1])


def _reach(start: Point, end: Point) -> Place:
    lower, upper = sorted((start[1], end[1]))
    return Place(start[0], lower, end[0], upper).grown(2 * CLEAR, 2 * CLEAR)


def _swing(start: Point, end: Point, radius: float, begin: float, finish: float) -> tuple[Point, ...]:
    """The curve that changes its height on one part of its way only, level before and after."""
    (x0, y0), (x1, y1) = start, end
    long = x1 - x0
    if y0 == y1:
        x0 += radius
        return ((x0, y0), (x0 + (x1 - x0) / 3, y0), (x1 - (x1 - x0) / 3, y1), end)
    a, b = x0 + begin * long, x0 + finish * long
    if begin == 0 and radius:
        angle = max(-STEEPEST, min(STEEPEST, 1.3 * atan2(y1 - y0, b - a)))
        away = cos(angle), sin(angle)
        first = x0 + radius * away[0], y0 + radius * away[1]
        pull = min(0.45 * hypot(b - a, y1 - y0), 0.6 * (b - a) / away[0], 0.6 * abs(y1 - y0) / abs(away[1]) + 1)
        middle = (first, (first[0] + pull * away[0], first[1] + pull * away[1]), (b - 0.45 * (b - a), y1), (b, y1))
    else:
        middle = ((a, y0), (a + 0.5 * (b - a), y0), (b - 0.5 * (b - a), y1), (b, y1))
    points = list(middle)
    if a > x0 + radius:
        points = [(x0 + radius, y0), (x0 + radius, y0), (a, y0), *points]
    if b < x1:
        points += [(b, y1), end, end]
    return tuple(points)


def on(curve: tuple[Point, ...], t: float) -> Point:
    """A point of a cubic Bézier curve."""
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
    return (
        sum(w * x for w, (x, _) in zip(weights, curve, strict=True)),
        sum(w * y for w, (_, y) in zip(weights, curve, strict=True)),
    )
