"""Several models, or several runs, in one plot: maps side by side (lectures, C8 and C13), and curves (C10, C11)."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any, Unpack

from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from micrograd_es.data import Data
from micrograd_es.plots.canvas import Canvas, Look, check_by_name
from micrograd_es.plots.evaluate import outputs
from micrograd_es.plots.learning import epochs_of, series
from micrograd_es.plots.maps import draw_output, grid_of
from micrograd_es.plots.points import plane_of, scatter

MOST = 8  # maps of one plot


def decision_maps(shown: Mapping[str, tuple[Any, Data]], resolution: int = 100, **look: Unpack[Look]) -> Figure:
    """Maps side by side, each with its own title: of one model at several times, or of several models.

    `shown` gives for each title a model, as `decision_map` takes it, and its data, which are drawn.

    >>> from micrograd_es.data import circle, xor
    >>> from micrograd_es.nn import MLP
    >>> model = MLP(2, [3, 1])
    >>> len(decision_maps({"circle": (model, circle(20)), "xor": (model, xor(20))}).axes[0].child_axes)
    2
    """
    check_by_name("maps", shown, "a model and its data for each title: {'XOR': (model, data)}")
    if not 1 <= len(shown) <= MOST:
        raise ValueError(f"{len(shown)} maps are to be shown; expected from 1 to {MOST}.")
    for name, pair in shown.items():
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise TypeError(f"{name!r} is {pair!r}; expected a model and its data. Write {{{name!r}: (model, data)}}.")
    canvas = Canvas(**look)
    across = len(shown) if len(shown) < 4 else -(-len(shown) // 2)
    down = -(-len(shown) // across)
    title = 0.04 + 0.04 * max(name.count("\n") + 1 for name in shown)  # of the height
    side = min(1.03 / down - title, 0.94 / across * canvas.width / canvas.height)
    width = side * canvas.height / canvas.width
    gap = min((1 - across * width) / across, 0.1)
    left, top = (1 - across * (width + gap) + gap) / 2, 0.5 + down * (side + title) / 2
    panels = []
    for place, (name, (model, data)) in enumerate(shown.items()):
        x, y = left + place % across * (width + gap), top - (place // across + 1) * (side + title)
        panels.append(canvas.panel(x, y, width, side))
        _map(canvas, panels[-1], side, model, data, resolution)
        canvas.label(panels[-1], title=name, size=0.9)
    _common_legend(canvas, panels[0], top - down * (side + title))
    canvas.heading(canvas.words["decision"])
    return canvas.finished()


def _map(canvas: Canvas, panel: Axes, side: float, model: Any, data: Data, resolution: int) -> None:
    """One map with its data, in axes whose side is that share of the plot's height."""
    grid, given = grid_of(data, None, None, resolution)
    small = copy(canvas)
    small.scale *= side**0.75
    draw_output(small, panel, grid, model, data, outputs(model, given))
    scatter(small, panel, data, plane_of(data, None)[0])
    panel.set(xlim=grid.ranges[0], ylim=grid.ranges[1], xticks=[], yticks=[], aspect="auto")
    for spine in panel.spines.values():
        spine.set(color=canvas.theme.muted, linewidth=1.4 * canvas.scale)


def _common_legend(canvas: Canvas, panel: Axes, height: float) -> None:
    """The names of the classes, once, under all the maps."""
    handles, labels = panel.get_legend_handles_labels()
    if handles:
        where: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, height - 0.02), "frameon": False}
        where |= {"ncols": len(labels), "fontsize": 20 * canvas.scale}
        legend = canvas.ax.legend(handles, labels, labelcolor=canvas.theme.ink, **where)
        for marker in legend.legend_handles:
            if isinstance(marker, PathCollection):
                marker.set_sizes([220 * canvas.scale**2])


def compare_losses(runs: Mapping[str, Any], log: bool = False, **look: Unpack[Look]) -> Figure:
    """The losses of several runs by epoch, a colour for each; test losses as a whole line, training beside it dashed.

    Each run is a history as `loss_curves` takes it. Without test losses those of training are whole lines. The names
    "batch", "mini-batch" and "stochastic" are written in the figure's language.

    >>> runs = {"small": {"train_loss": [1.0, 0.9]}, "large": {"train_loss": [1.0, 0.2]}}
    >>> [line.get_label() for line in compare_losses(runs).axes[0].get_lines()]
    ['small', 'large']
    """
    expected = "a history for each name: {'rate 0.1': history}"
    check_by_name("runs", runs, expected)
    if not runs:
        raise ValueError(f"there are no runs; expected {expected}.")
    canvas = Canvas(**look)
    for index, (name, history) in enumerate(runs.items()):
        shown = canvas.words.get(name, name)
        tested = series(history, "test_loss") is not None
        for part, whole in (("train", not tested), ("test", True)):
            curve = series(history, f"{part}_loss")
            if curve is None:
                continue
            label = f"{shown} · {canvas.words[part]}" if tested else shown
            style = canvas.line(index) | ({} if not tested else {"linestyle": "-" if whole else (0, (4, 2))})
            width = style["linewidth"] * (1 if whole else 0.6)
            canvas.ax.plot(epochs_of(history, curve), curve, label=label, **{**style, "linewidth": width})
    if log:
        canvas.ax.set_yscale("log")
    else:
        canvas.ax.set_ylim(bottom=0)
    canvas.dress(canvas.ax)
    canvas.ax.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    canvas.label(canvas.ax, canvas.words["epoch"], canvas.words["loss"])
    canvas.legend(canvas.ax, 1.1, loc="best")
    canvas.heading(canvas.words["training"])
    return canvas.finished()
