"""Plots over one input: what a model predicts for it (lectures, C1), and what an output layer makes of z (C6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from micrograd_es.data import Data
from micrograd_es.ops import find
from micrograd_es.plots.canvas import SMALL, Canvas, Look
from micrograd_es.plots.evaluate import outputs
from micrograd_es.program.arrays import ARRAYS

POINTS = 201
SCORES = (2.0, 1.0, -1.0)  # z of the three classes that are shown


def predictions(models: Mapping[str, Any], data: Data, **look: Unpack[Look]) -> Figure:
    """Data of one input and one target, and over them what each model predicts; the last one's errors are drawn.

    `models` gives a network, or a function of a table of inputs, for each name.

    >>> line = Data([[0], [1], [2]], [1, 3, 4], kind="regression")
    >>> figure = predictions({"2x + 1": lambda x: 2 * x + 1}, line)
    >>> [curve.get_label() for curve in figure.axes[0].get_lines()]
    ['2x + 1']
    """
    if not isinstance(data, Data) or data.inputs.shape[1] != 1 or data.targets.shape[1] != 1:
        raise ValueError(f"the data are {data!r}; expected Data of one input and one target.")
    if not models:
        raise ValueError("there are no models; expected one for each name: {'line': model}.")
    canvas = Canvas(**look)
    x, t = data.inputs[:, 0], data.targets[:, 0]
    margin = 0.05 * max(float(np.ptp(x)), 1e-6)
    grid = np.linspace(x.min() - margin, x.max() + margin, POINTS)[:, None]
    for index, (name, model) in enumerate(models.items()):
        canvas.ax.plot(grid[:, 0], outputs(model, grid)[:, 0], label=name, zorder=3, **canvas.line(index))
    last = outputs(list(models.values())[-1], data.inputs)[:, 0]
    canvas.ax.vlines(x, last, t, colors=canvas.theme.muted, linewidths=2.5 * canvas.scale, zorder=2)
    look_of: dict[str, Any] = {"facecolors": canvas.theme.ink, "edgecolors": canvas.theme.paper, "zorder": 4}
    canvas.ax.scatter(x, t, s=170 * canvas.scale**2, label=canvas.words["data_points"], **look_of)
    canvas.dress(canvas.ax)
    canvas.ax.set_xlim(grid[0, 0], grid[-1, 0])
    canvas.label(canvas.ax, canvas.named(data.names[0]), canvas.words["target_value"])
    canvas.legend(canvas.ax, 1.1, loc="best")
    canvas.heading(canvas.words["predictions"])
    return canvas.finished()


def output_layers(**look: Unpack[Look]) -> Figure:
    """Which output goes with which problem: sigmoid for two classes, softmax for several, identity or ReLU for numbers.

    >>> [panel.get_title() for panel in output_layers(language="en").axes[0].child_axes]
    ['Two classes: sigmoid', 'Several classes: softmax', 'A number: identity or ReLU']
    """
    canvas = Canvas(**look)
    draws = (_two_classes, _several_classes, _a_number)
    for place, (draw, key) in enumerate(zip(draws, ("two_classes", "several_classes", "a_number"), strict=True)):
        panel = canvas.panel(place / 3 + 0.02, 0.06, 0.27, 0.83)
        canvas.dress(panel, 0.85)
        x, y = draw(canvas, panel)
        canvas.label(panel, x, y, canvas.words[key], size=0.76)
    canvas.heading(canvas.words["output_layers"])
    return canvas.finished()


def _two_classes(canvas: Canvas, panel: Axes) -> tuple[str, str]:
    """σ(z) as the probability of class 1, with the border at ½; gives the names of the axes."""
    z = np.linspace(-6, 6, POINTS)
    panel.axhline(0.5, color=canvas.theme.muted, linewidth=2 * canvas.scale, linestyle=":")
    panel.plot(z, find("sigmoid").forward(ARRAYS, z), **canvas.line(0))
    panel.set_ylim(0, 1)
    for x, class_ in ((-3.4, 0), (3.4, 1)):
        text = canvas.words["predicted_class"].format(c=class_)
        panel.text(x, 0.41 if class_ == 0 else 0.53, text, ha="center", **_letters(canvas))
    return "z", canvas.words["probability"]


def _several_classes(canvas: Canvas, panel: Axes) -> tuple[str, str]:
    """The probabilities of three classes for given z: bars that sum to 1."""
    powers = np.exp(np.array(SCORES))
    shares = powers / powers.sum()
    names = [f"z{'₁₂₃'[i]} = {canvas.number(z)}" for i, z in enumerate(SCORES)]
    panel.bar(range(3), shares, color=canvas.palette.series[:3], width=0.6)
    for i, share in enumerate(shares.tolist()):
        panel.text(i, share + 0.02, canvas.number(share, 2), ha="center", **_letters(canvas))
    panel.set_xticks(range(3), names)
    panel.set_ylim(0, 1)
    panel.tick_params(axis="x", labelsize=SMALL * 0.8 * canvas.scale)
    return canvas.words["sum_one"], ""


def _a_number(canvas: Canvas, panel: Axes) -> tuple[str, str]:
    """y = z, and y = max(0, z) for what is never negative."""
    z = np.linspace(-3, 3, POINTS)
    panel.plot(z, z, label=canvas.words["identity"], **canvas.line(0))
    panel.plot(z, find("relu").forward(ARRAYS, z), label="ReLU: y ≥ 0", **canvas.line(1))
    panel.set_ylim(-3, 4.6)
    canvas.legend(panel, 0.8, loc="upper left", borderaxespad=0.2)
    return "z", "y"


def _letters(canvas: Canvas) -> dict[str, Any]:
    return {"fontsize": SMALL * canvas.scale, "color": canvas.theme.ink}
