"""Gradient descent on the surface of a loss of two parameters (lectures, C10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import numpy as np
from matplotlib.figure import Figure

from micrograd_es.data.checks import Floats, checked_table
from micrograd_es.plots.canvas import Canvas, Look
from micrograd_es.plots.evaluate import outputs

LEVELS = 22


def loss_surface(
    fn: Any,
    ranges: tuple[tuple[float, float], tuple[float, float]],
    paths: Mapping[str, Sequence[Sequence[float]]] | None = None,
    names: tuple[str, str] = ("θ1", "θ2"),
    resolution: int = 100,
    **look: Unpack[Look],
) -> Figure:
    """The levels of a loss fn(a, b) over two intervals, and the paths of descents on it: points (a, b) by name.

    fn is called once, with two arrays; a `Program` of two numbers does, too. The paths "batch", "mini-batch" and
    "stochastic" are named in the figure's language.

    >>> figure = loss_surface(lambda a, b: a**2 + 4 * b**2, ((-2, 2), (-2, 2)), {"batch": [(1, 1), (0.5, 0.1)]})
    >>> figure.axes[0].get_lines()[0].get_xydata().tolist()
    [[1.0, 1.0], [0.5, 0.1]]
    """
    canvas = Canvas(**look)
    if np.shape(ranges) != (2, 2) or not all(low < high for low, high in ranges):
        raise ValueError(f"ranges is {ranges!r}; expected two intervals. Write ranges=((-2, 2), (-2, 2)).")
    x, y = (np.linspace(low, high, resolution) for low, high in ranges)
    points = np.column_stack([part.ravel() for part in np.meshgrid(x, y)])
    heights = outputs(lambda table: fn(table[:, 0], table[:, 1]), points)[:, 0].reshape(resolution, resolution)
    levels = _levels(heights)
    fill = canvas.palette.map().__class__.from_list(
        "loss", [canvas.theme.paper, canvas.palette.zero, canvas.theme.muted]
    )
    canvas.ax.contourf(x, y, heights, levels, cmap=fill, alpha=0.75)
    canvas.ax.contour(x, y, heights, levels, colors=[canvas.theme.muted], linewidths=0.8 * canvas.scale)
    for index, (name, path) in enumerate((paths or {}).items()):
        _path(canvas, index, canvas.words.get(name, name), checked_table(f"points of {name}", path))
    canvas.dress(canvas.ax, grid=False)
    canvas.ax.set(xlim=ranges[0], ylim=ranges[1])
    canvas.label(canvas.ax, *names)
    canvas.legend(canvas.ax, 1.1, loc="best")
    canvas.heading(canvas.words["surface"])
    return canvas.finished()


def _levels(heights: Floats) -> Floats:
    """The heights of the contours: closer together near the bottom, where the paths end."""
    low, high = float(heights.min()), float(heights.max())
    if low == high:
        raise ValueError(f"the loss is {low:g} everywhere in these ranges; expected one that changes.")
    return low + (high - low) * np.linspace(0, 1, LEVELS) ** 2


def _path(canvas: Canvas, index: int, name: str, points: Floats) -> None:
    """A path with a dot at every step, from a ring at its start to a star at its end."""
    if points.shape[1] != 2:
        raise ValueError(f"the points of {name} have {points.shape[1]} numbers; expected two.")
    few = len(points) <= 80
    look: dict[str, Any] = {**canvas.line(index), "linestyle": "-", "linewidth": (3 if few else 1.8) * canvas.scale}
    mark: dict[str, Any] = {"marker": "o^s"[index % 3], "markersize": (8 if few else 4) * canvas.scale}
    canvas.ax.plot(*points.T, label=name, zorder=6 - index, **mark, **look)
    ring: dict[str, Any] = {
        "facecolors": canvas.theme.paper,
        "edgecolors": canvas.theme.ink,
        "linewidths": 2.5 * canvas.scale,
    }
    canvas.ax.scatter(points[:1, 0], points[:1, 1], s=260 * canvas.scale**2, zorder=8, **ring)
    end: dict[str, Any] = {
        "facecolors": look["color"],
        "edgecolors": canvas.theme.ink,
        "linewidths": 1.5 * canvas.scale,
    }
    canvas.ax.scatter(points[-1:, 0], points[-1:, 1], s=620 * canvas.scale**2, marker="*", zorder=9, **end)
