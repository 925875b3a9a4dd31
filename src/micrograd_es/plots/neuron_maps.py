"""A map for each neuron of a network: what it has learnt, all over the plane (lectures, C8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from micrograd_es.data import Data
from micrograd_es.data.checks import Floats
from micrograd_es.plots.canvas import Canvas, Look
from micrograd_es.plots.evaluate import neurons
from micrograd_es.plots.maps import Grid, Ranges, class_image, draw_map, grid_of, middle_colours
from micrograd_es.plots.points import plane_of, scatter

TALL, LEFT = 0.86, 0.58  # the height of a map of neurons, and the width that hidden layers may take


def neuron_maps(
    model: Any,
    data: Data | None = None,
    features: Sequence[str] | None = None,
    ranges: Ranges | None = None,
    resolution: int = 100,
    **look: Unpack[Look],
) -> Figure:
    """A map of every neuron, a column for each layer, and the output's with the data at the right.

    Each map has its neuron's own scale: around 0 for tanh, relu and linear, around 0.5 for a sigmoid. The arguments are
    those of `decision_map`.

    >>> from micrograd_es.nn import MLP
    >>> len(neuron_maps(MLP(2, [3, 2, 1], "tanh")).axes[0].child_axes)
    6
    """
    canvas = Canvas(**look)
    grid, given = grid_of(data, features, ranges, resolution)
    layers = neurons(model, given)
    hidden, last = layers[:-1], layers[-1]
    if max((layer.shape[1] for layer in layers), default=0) > 16 or len(hidden) > 8:
        raise ValueError(f"{model!r} is too large for a map of each neuron; expected up to 8 layers of 16 neurons.")
    side, gap = _side(canvas, [layer.shape[1] for layer in hidden])
    start = 0.0
    for place, layer in enumerate(hidden):
        row = model.layers[place].activation.name
        start = _column(canvas, grid, layer, row, place, start, side) + gap
    _output(canvas, grid, data, features, last, model, start)
    canvas.heading(canvas.words["neuron_maps"])
    return canvas.finished()


def _side(canvas: Canvas, counts: list[int]) -> tuple[float, float]:
    """The side of a neuron's square, in shares of the height, and the gap between layers, in shares of the width."""
    shape = canvas.height / canvas.width
    for side in np.linspace(0.42, 0.05, 75).tolist():
        across = sum(-(-count // int(TALL / side)) for count in counts)
        gap = 0.06 if len(counts) < 5 else 0.03
        if across * side * shape + gap * len(counts) <= LEFT:
            return side, gap
    return 0.05, 0.03


def _column(canvas: Canvas, grid: Grid, layer: Floats, row: str, place: int, start: float, side: float) -> float:
    """The maps of one hidden layer, in as few columns as they fit in; gives where the layer ends."""
    count = layer.shape[1]
    across = -(-count // int(TALL / side))
    down = -(-count // across)
    width = side * canvas.height / canvas.width
    top = 0.45 + down * side / 2
    for number in range(count):
        x, y = start + number % across * width, top - (number // across + 1) * side
        panel = canvas.panel(x, y, width * 0.95, side * 0.95)
        _tile(canvas, panel, grid, layer[:, number], row)
        panel.text(0.04, 0.96, str(number + 1), **{**_tag(canvas), "transform": panel.transAxes})
    name = f"{canvas.words['layer'].format(n=place + 1)}\n{canvas.activation(row)}"
    canvas.ax.text(start + across * width * 0.475, top + 0.01, name, ha="center", va="bottom", **_letters(canvas))
    end: float = start + across * width
    return end


def _output(canvas: Canvas, grid: Grid, data: Data | None, features: Any, table: Floats, model: Any, at: float) -> None:
    """The map of the output, larger, with the data in it."""
    shape = canvas.height / canvas.width
    side = min(TALL, (1 - at) / shape)
    panel = canvas.panel(1 - side * shape, 0.45 - side / 2, side * shape, side)
    row = model.layers[-1].activation.name
    if table.shape[1] == 1:
        _tile(canvas, panel, grid, table[:, 0], row, line=True)
    else:
        image = class_image(canvas, data, table, discrete=False)
        grid.paint(panel, image)
        _frame(canvas, panel)
    if data is not None:
        scatter(canvas, panel, data, plane_of(data, features)[0])
        panel.set(xlim=grid.ranges[0], ylim=grid.ranges[1])
    name = f"{canvas.words['output']}\n{canvas.activation(row)}"
    canvas.ax.text(1 - side * shape / 2, 0.45 + side / 2 + 0.015, name, ha="center", va="bottom", **_letters(canvas))


def _tile(canvas: Canvas, ax: Axes, grid: Grid, numbers: Floats, row: str, line: bool = False) -> None:
    colours = middle_colours(canvas, row, numbers)
    if line:
        draw_map(canvas, ax, grid, numbers, colours, discrete=False)
    else:
        low, high = colours.get_clim()
        look: dict[str, Any] = {"cmap": colours.cmap, "vmin": low, "vmax": high}
        grid.paint(ax, numbers, **look)
    _frame(canvas, ax)


def _frame(canvas: Canvas, ax: Axes) -> None:
    """A square without numbers."""
    ax.set(xticks=[], yticks=[], aspect="auto")
    for spine in ax.spines.values():
        spine.set(color=canvas.theme.muted, linewidth=1.4 * canvas.scale)


def _letters(canvas: Canvas) -> dict[str, Any]:
    return {"fontsize": 20 * canvas.scale, "color": canvas.theme.ink, "transform": canvas.ax.transAxes}


def _tag(canvas: Canvas) -> dict[str, Any]:
    """The number of a neuron, in the corner of its map."""
    box = {"facecolor": canvas.theme.paper, "edgecolor": "none", "pad": 2.5 * canvas.scale, "alpha": 0.8}
    return {**_letters(canvas), "fontsize": 15 * canvas.scale, "va": "top", "ha": "left", "bbox": box, "zorder": 10}
