"""Wires that Graphviz leads through what stands on a wire, or back on themselves, led round it in one bend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from micrograd_es.figures.curves import Point, Spline, points_of, spline
from micrograd_es.figures.layout import Place
from micrograd_es.figures.routes import ARROW

BACK = 2.0  # points by which a wire may turn back
CLEAR, TOUCH = 3.0, -1.0  # how far from what it passes a wire should be, and how far it may at worst (inside)
STEPS = 6  # places at which a bend is tried to begin and to end
NARROWEST = 14.0  # points that a bend takes


def cleared(path: str, obstacles: Sequence[Place]) -> str:
    """A spline from left to right that meets no obstacle: as it is where that is good, else level, a bend, level.

    Where no bend is free it stays as it is.
    """
    given = spline(path)
    start = given.points[0]
    end = (given.tip[0] - ARROW, given.tip[1]) if given.tip else given.points[-1]
    near = [place for place in obstacles if place.right > start[0] and place.left < end[0]]
    if _is_good(points_of(path), near) or end[0] - start[0] < NARROWEST:
        return path
    candidates = [str(Spline(bend, given.tip)) for bend in _bends(start, end)]
    ways = ((margin, candidate) for margin in (CLEAR, TOUCH) for candidate in candidates)
    return next((way for margin, way in ways if _is_good(points_of(way), near, margin)), path)


def _is_good(points: Sequence[Point], obstacles: Sequence[Place], margin: float = TOUCH) -> bool:
    """Whether a wire goes to the right and through nothing."""
    forward = all(after[0] > before[0] - BACK for before, after in pairwise(points))
    return forward and not any(place.holds(*point, margin) for place in obstacles for point in points)


def _bends(start: Point, end: Point) -> Iterator[tuple[Point, ...]]:
    """Ways from one point to another: level, a bend of two curves' width, level; the widest bends first."""
    room = end[0] - start[0]
    tries = [(i, j) for i in range(STEPS + 1) for j in range(i + 1, STEPS + 1) if room * (j - i) / STEPS >= NARROWEST]
    for i, j in sorted(tries, key=lambda ends: (ends[0] - ends[1], ends[0])):
        left, right = start[0] + room * i / STEPS, start[0] + room * j / STEPS
        reach = 0.6 * (right - left)
        curve = ((left, start[1]), (left + reach, start[1]), (right - reach, end[1]), (right, end[1]))
        yield (*_level(start, curve[0]), *curve[1:3], *_level(curve[3], end))


def _level(start: Point, end: Point) -> tuple[Point, ...]:
    """A straight line as four points of a curve."""
    third = (end[0] - start[0]) / 3
    return (start, (start[0] + third, start[1]), (end[0] - third, end[1]), end)
