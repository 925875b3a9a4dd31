"""How learning goes: the loss by epoch (C13), δ by layer (C12), and what backpropagation costs (B6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from micrograd_es.data.checks import Floats, checked_table
from micrograd_es.plots.canvas import Canvas, Look, check_by_name

PANELS = {"loss": ("train_loss", "test_loss"), "accuracy": ("train_accuracy", "test_accuracy")}


def loss_curves(history: Any, log: bool = False, **look: Unpack[Look]) -> Figure:
    """The loss of training and test by epoch, and the accuracy beside it where the history has it.

    The history has `train_loss`, and `test_loss`, `train_accuracy`, `test_accuracy` where they were measured: items of
    a mapping or attributes of an object, one number an epoch. `epoch` gives the epochs; without it they count from 1.

    >>> figure = loss_curves({"train_loss": [1.0, 0.5, 0.2], "test_loss": [1.1, 0.7, 0.6]}, language="en")
    >>> [line.get_label() for line in figure.axes[0].child_axes[0].get_lines()]
    ['training', 'test']
    """
    canvas = Canvas(**look)
    found = {panel: {name: series(history, name) for name in names} for panel, names in PANELS.items()}
    if found["loss"]["train_loss"] is None:
        raise ValueError(
            "the history has no train_loss; expected it, with a number for each epoch."
            ' Write what fit gave, or {"train_loss": [0.9, 0.5, …]}.'
        )
    shown = [panel for panel, curves in found.items() if any(curve is not None for curve in curves.values())]
    for place, panel in enumerate(shown):
        ax = canvas.panel(place * 0.54, 0.02, 0.46 if len(shown) == 2 else 1.0, 0.96)
        for index, curve in enumerate(found[panel].values()):
            if curve is None:
                continue
            ax.plot(
                epochs_of(history, curve), curve, label=canvas.words[("train", "test")[index]], **canvas.line(index)
            )
        if panel == "accuracy":
            ax.set_ylim(top=1.005)
        elif log:
            ax.set_yscale("log")
        else:
            ax.set_ylim(bottom=0)
        ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        canvas.dress(ax)
        canvas.label(ax, canvas.words["epoch"], canvas.words[panel])
        canvas.legend(ax, loc="lower right" if panel == "accuracy" else "best")
    canvas.heading(canvas.words["training"])
    return canvas.finished()


def series(history: Any, name: str) -> Floats | None:
    """The numbers of that name in a history, or None."""
    found = history.get(name) if isinstance(history, Mapping) else getattr(history, name, None)
    if found is None or len(found) == 0 or all(number is None for number in found):
        return None
    return checked_table(f"numbers of {name}", [[number] for number in found])[:, 0]


def epochs_of(history: Any, curve: Floats) -> Floats:
    """Where the numbers of a curve stand: at the history's epochs, or counted from 1."""
    epochs = series(history, "epoch")
    if epochs is not None and len(epochs) != len(curve):
        raise ValueError(f"the history has {len(epochs)} epochs and {len(curve)} numbers; expected as many.")
    return np.arange(1.0, len(curve) + 1) if epochs is None else epochs


def deltas_by_layer(sizes: Mapping[str, Sequence[float]], **look: Unpack[Look]) -> Figure:
    """The size of δ by layer, on a logarithmic scale: a curve for each activation, the first layer at the left.

    >>> figure = deltas_by_layer({"sigmoid": [1e-6, 1e-3, 1], "relu": [0.4, 0.7, 1]})
    >>> figure.axes[0].get_yscale()
    'log'
    """
    canvas = Canvas(**look)
    expected = "a list for each activation: {'sigmoid': [1e-3, 0.1, 1.0]}"
    check_by_name("sizes", sizes, expected)
    if not sizes:
        raise ValueError(f"there are no sizes; expected {expected}.")
    for index, (name, row) in enumerate(sizes.items()):
        values = checked_table(f"sizes of {name}", [[size] for size in row])[:, 0]
        if (values < 0).any():
            raise ValueError(f"a size of {name} is {values.min():g}; expected sizes, from 0 on, not δ.")
        shown = np.where(values > 0, values, np.nan)  # a δ of 0 is not on the scale
        marks: dict[str, Any] = {"marker": "o^sDvP"[index % 6], "markersize": 13 * canvas.scale}
        label = canvas.words.get(name, name)
        canvas.ax.plot(np.arange(1, len(values) + 1), shown, label=label, **marks, **canvas.line(index))
    canvas.ax.set_yscale("log")
    canvas.ax.xaxis.set_major_locator(MaxNLocator(12, integer=True))
    canvas.dress(canvas.ax)
    canvas.label(canvas.ax, canvas.words["layer_axis"], canvas.words["delta_axis"])
    canvas.legend(canvas.ax, loc="best")
    canvas.heading(canvas.words["vanishing"])
    return canvas.finished()


def cost(
    counts: Mapping[str, Mapping[int, float]], exponents: Mapping[str, float] | None = None, **look: Unpack[Look]
) -> Figure:
    """The operations that were counted for growing n, both axes logarithmic, with the exponent each grows with.

    `counts` has for each way (forward, backward, forward_mode, or any name) the count at each n. An exponent that is
    not given is fitted: the slope of log count over log n, by least squares.

    >>> figure = cost({"backward": {2: 8, 4: 32, 8: 128}}, language="en")
    >>> figure.axes[0].get_legend().get_texts()[0].get_text()
    'backward: exponent 2.00'
    """
    canvas = Canvas(**look)
    expected = "them by name and n: {'backward': {2: 8, 4: 32}}"
    check_by_name("counts", counts, expected)
    if not counts:
        raise ValueError(f"there are no counts; expected {expected}.")
    sizes: set[int] = set()
    for index, (name, row) in enumerate(counts.items()):
        x, y, exponent, factor = _fitted(name, row, None if exponents is None else exponents.get(name))
        sizes |= set(row)
        power = canvas.number(exponent, 2)
        label = canvas.words["exponent"].format(name=canvas.words.get(name, name), p=power)
        look_of = canvas.line(index)
        canvas.ax.plot(x, factor * x**exponent, color=look_of["color"], linewidth=look_of["linewidth"] * 0.7, alpha=0.6)
        canvas.ax.plot(x, y, label=label, marker="o^sDvP"[index % 6], markersize=15 * canvas.scale, linestyle="none",
                       color=look_of["color"])  # fmt: skip
    canvas.ax.set_xscale("log")
    canvas.ax.set_yscale("log")
    canvas.dress(canvas.ax)
    canvas.ax.set_xticks(sorted(sizes), [str(size) for size in sorted(sizes)])
    canvas.label(canvas.ax, canvas.words["size"], canvas.words["operations"])
    canvas.legend(canvas.ax, 1.1, loc="upper left")
    canvas.heading(canvas.words["cost"])
    return canvas.finished()


def _fitted(name: str, row: Mapping[int, float], given: float | None) -> tuple[Floats, Floats, float, float]:
    """The points of a curve in order, and the exponent and the factor of the power of n that runs through them."""
    x, y = np.array(sorted(row.items()), dtype=float).reshape(-1, 2).T
    if len(x) < 2 or not (x > 0).all() or not (y > 0).all():
        raise ValueError(f"the counts of {name} are {dict(row)}; expected counts above 0 for two or more n.")
    slope = float(np.polyfit(np.log(x), np.log(y), 1)[0]) if given is None else given
    return x, y, slope, float(np.exp(np.mean(np.log(y) - slope * np.log(x))))
