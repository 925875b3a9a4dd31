"""Functions of one number: activations with their derivatives (lectures, C6), and losses (C7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Unpack

import numpy as np
from matplotlib.figure import Figure

from micrograd_es import losses
from micrograd_es.data.checks import Floats
from micrograd_es.nn import ACTIVATIONS
from micrograd_es.ops import OPS, find
from micrograd_es.plots.canvas import Canvas, Look
from micrograd_es.program import record
from micrograd_es.program.arrays import ARRAYS

POINTS = 601


def activation(name: str, span: float = 5.0, **look: Unpack[Look]) -> Figure:
    """One activation function and its derivative, from −span to span.

    They are read from the table of operations; leaky_relu and the like, made of several, from that of activations.

    >>> figure = activation("tanh", language="en")
    >>> [line.get_label() for line in figure.axes[0].get_lines()][-2:]
    ['tanh(x)', 'derivative']
    """
    canvas = Canvas(**look)
    _draw(canvas, canvas.ax, _curve(name, span), size=1.0)
    canvas.heading(canvas.words.get(name, name))
    return canvas.finished()


def activations(names: Sequence[str] = ("sigmoid", "tanh", "relu"), span: float = 5.0, **look: Unpack[Look]) -> Figure:
    """Several activation functions side by side, each with its derivative.

    >>> len(activations(["relu", "softplus"]).axes[0].child_axes)
    2
    """
    if not isinstance(names, list | tuple):
        raise TypeError(
            f"the names are {names!r} ({type(names).__name__}); expected a list such as ['sigmoid', 'relu']."
        )
    curves = [_curve(name, span) for name in names]
    if not curves:
        raise ValueError("no activations were named; expected one or more, such as ['sigmoid', 'relu'].")
    canvas = Canvas(**look)
    width = 1 / len(curves)
    for place, curve in enumerate(curves):
        panel = canvas.panel(place * width, 0.06, width * 0.84, 0.83)
        _draw(canvas, panel, curve, size=0.9 if len(curves) < 4 else 0.7)
        canvas.label(
            panel, x="x", title=canvas.words.get(curve.name, curve.name), size=0.95 if len(curves) < 4 else 0.7
        )
    canvas.heading(canvas.words["activations"])
    return canvas.finished()


class _Curve(NamedTuple):
    """A function of x with its slope, over an interval."""

    name: str
    sign: str
    x: Floats
    value: Floats
    slope: Floats


def _curve(name: str, span: float) -> _Curve:
    """An operation of the table, or an activation of a network that is made of several, over −span to span."""
    x = np.linspace(-span, span, POINTS)
    made = ACTIVATIONS.get(name) if isinstance(name, str) else None
    if made is not None and not made.whole and name not in OPS:
        program = record(made.function, 0.0)
        return _Curve(name, name, x, program(x), program.value_and_grad(x, reduce="sum", wrt="inputs")[1][0])
    row = find(name)
    if row.arity != 1:
        raise ValueError(f"{name} is no function of one number; expected an activation, such as 'tanh'.")
    with np.errstate(all="ignore"):
        value = row.forward(ARRAYS, x)
        slope = np.broadcast_to(row.local(ARRAYS, value, x)[0], x.shape)
    if not np.isfinite(value).all():
        raise ValueError(
            f"{name} is not defined all over −{span:g} to {span:g}; expected an activation, such as 'tanh'."
        )
    return _Curve(name, row.sign if row.sign.isalpha() else name, x, value, slope)


def _draw(canvas: Canvas, ax: Any, curve: _Curve, size: float) -> None:
    """The value and the slope; where the slope jumps there is a gap."""
    ax.axhline(0, color=canvas.theme.muted, linewidth=1.5 * canvas.scale)
    ax.axvline(0, color=canvas.theme.muted, linewidth=1.5 * canvas.scale)
    jumps = np.abs(np.diff(curve.slope, append=curve.slope[-1])) > 0.5
    ax.plot(curve.x, curve.value, label=f"{curve.sign}(x)", **canvas.line(0))
    ax.plot(curve.x, np.where(jumps, np.nan, curve.slope), label=canvas.words["derivative"], **canvas.line(1))
    canvas.dress(ax, size)
    ax.set_xlim(curve.x[0], curve.x[-1])
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
