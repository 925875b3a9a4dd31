"""Functions of one number: activations with their derivatives (lectures, C6), and losses (C7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np
from matplotlib.figure import Figure

from micrograd_es import losses
from micrograd_es.data.checks import Floats
from micrograd_es.ops import Op, find
from micrograd_es.plots.canvas import Canvas, Look
from micrograd_es.program import record
from micrograd_es.program.arrays import ARRAYS

POINTS = 601


def activation(name: str, span: float = 5.0, **look: Unpack[Look]) -> Figure:
    """One activation function and its derivative, from −span to span, as the table of operations has them.

    >>> figure = activation("tanh", language="en")
    >>> [line.get_label() for line in figure.axes[0].get_lines()][-2:]
    ['tanh(x)', 'derivative']
    """
    canvas = Canvas(**look)
    row = _row(name)
    _draw(canvas, canvas.ax, row, span, size=1.0)
    canvas.heading(canvas.words[row.name])
    return canvas.finished()


def activations(names: Sequence[str] = ("sigmoid", "tanh", "relu"), span: float = 5.0, **look: Unpack[Look]) -> Figure:
    """Several activation functions side by side, each with its derivative.

    >>> len(activations(["relu", "softplus"]).axes[0].child_axes)
    2
    """
    rows = [_row(name) for name in names]
    if not rows:
        raise ValueError("no activations were named; expected one or more, such as ['sigmoid', 'relu'].")
    canvas = Canvas(**look)
    width = 1 / len(rows)
    for place, row in enumerate(rows):
        panel = canvas.panel(place * width, 0.06, width * 0.84, 0.83)
        _draw(canvas, panel, row, span, size=0.9 if len(rows) < 4 else 0.7)
        canvas.label(panel, x="x", title=canvas.words[row.name], size=0.95 if len(rows) < 4 else 0.7)
    canvas.heading(canvas.words["activations"])
    return canvas.finished()


def _row(name: str) -> Op:
    row = find(name)
    if row.arity != 1:
        raise ValueError(f"{name} is no function of one number; expected an activation, such as 'tanh'.")
    return row


def _draw(canvas: Canvas, ax: Any, row: Op, span: float, size: float) -> None:
    """The row's value and slope over the interval; kinks are where a step is drawn as a step."""
    x = np.linspace(-span, span, POINTS)
    with np.errstate(all="ignore"):
        value = row.forward(ARRAYS, x)
        slope = np.broadcast_to(row.local(ARRAYS, value, x)[0], x.shape)
    if (low := row.domain[0][0]) > 0 and not np.isfinite(value[x < 0]).all():
        raise ValueError(f"{row.name} is not defined below {low:g}; expected an activation, such as 'tanh'.")
    ax.axhline(0, color=canvas.theme.muted, linewidth=1.5 * canvas.scale)
    ax.axvline(0, color=canvas.theme.muted, linewidth=1.5 * canvas.scale)
    sign = row.sign if row.sign.isalpha() else row.name
    slope = np.where(np.abs(np.diff(slope, append=slope[-1])) > 0.5, np.nan, slope)  # a gap where it jumps
    ax.plot(x, value, label=f"{sign}(x)", **canvas.line(0))
    ax.plot(x, slope, label=canvas.words["derivative"], **canvas.line(1))
    canvas.dress(ax, size)
    ax.set_xlim(-span, span)
    canvas.label(ax, x="x", size=size)
    _legend_above(canvas, ax, size)


def _legend_above(canvas: Canvas, ax: Any, size: float) -> None:
    """The legend over the curves, with room made for it."""
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.28 * (high - low))
    canvas.legend(ax, size, loc="upper left", borderaxespad=0.2)


def losses_plot(**look: Unpack[Look]) -> Figure:
    """The losses of the lectures: binary and softmax cross-entropy, and, for one output, MSE beside C = ½·(y − t)².

    They are computed by `micrograd_es.losses`.

    >>> len(losses_plot().axes[0].child_axes)
    3
    """
    canvas = Canvas(**look)
    words = canvas.words
    titles = [words["cross_entropy_title"], words["softmax_title"], words["squares_title"]]
    labels = [words["probability"], words["logit"], words["error"]]
    for place, (title, label, curves) in enumerate(zip(titles, labels, _loss_curves(canvas), strict=True)):
        panel = canvas.panel(place / 3 + 0.02, 0.06, 0.27, 0.83)
        for index, (name, x, y) in enumerate(curves):
            panel.plot(x, y, label=name, **canvas.line(index))
        canvas.dress(panel, 0.85)
        panel.set_ylim(bottom=0)
        _legend_above(canvas, panel, 0.8)
        canvas.label(panel, x=label, y="" if place else words["loss"], title=title, size=0.8)
    canvas.heading(words["losses"])
    return canvas.finished()


def _loss_curves(canvas: Canvas) -> list[list[tuple[str, Floats, Floats]]]:
    """For each panel its curves: a name, x, y."""
    p, z, e = np.linspace(0.01, 0.99, POINTS), np.linspace(-6, 6, POINTS), np.linspace(-2, 2, POINTS)
    pairs = np.column_stack([z / 2, -z / 2])
    binary = [record(lambda v, t=t: losses.binary_cross_entropy(v, t), 0.5)(p) for t in (1, 0)]
    softmax = [record(lambda v, t=t: losses.softmax_cross_entropy(v, t), [0.0, 0.0])(pairs) for t in (0, 1)]
    squares = [record(lambda v, f=f: f(v, 0.0), 0.0)(e) for f in (losses.half_squared_error, losses.mse)]
    targets, classes = canvas.words["target"], canvas.words["correct_class"]
    return [
        [(targets.format(t=t), p, y) for t, y in zip((1, 0), binary, strict=True)],
        [(classes.format(c=c), z, y) for c, y in zip((1, 2), softmax, strict=True)],
        [(canvas.words[name], e, y) for name, y in zip(("half", "mse"), squares, strict=True)],
    ]
