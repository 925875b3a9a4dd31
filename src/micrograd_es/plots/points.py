"""Points in a plane: the data, and what a hidden layer makes of them (lectures, C5)."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from micrograd_es.data import FEATURES, Data
from micrograd_es.data.checks import Floats
from micrograd_es.data.features import feature_names
from micrograd_es.maths import counted
from micrograd_es.plots.canvas import SMALL, TEXT, Canvas, Look
from micrograd_es.plots.evaluate import neurons

LINE = 24  # letters in a line of the legend
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "*", "<", ">")


def data(data: Data, test: Data | None = None, **look: Unpack[Look]) -> Figure:
    """The data in the plane of their inputs, by class or by the target's size; `test` points have a strong edge.

    >>> from micrograd_es.data import circle
    >>> figure = data(circle(100), language="en")
    >>> [len(points.get_offsets()) for points in figure.axes[0].collections] == [50, 50]
    True
    """
    canvas = Canvas(**look)
    plane, _ = plane_of(data, None)
    scatter(canvas, canvas.ax, data, plane, test)
    canvas.dress(canvas.ax)
    canvas.ax.set_aspect("equal", adjustable="box")
    canvas.label(canvas.ax, canvas.named(data.names[0]), canvas.named(data.names[1]))
    if data.kind == "classification":
        canvas.legend(canvas.ax, width=LINE, loc="upper left", bbox_to_anchor=(1.02, 1.0))
    else:
        colour_bar(canvas, regression_limits(canvas, data), canvas.words["target_value"])
    canvas.heading(canvas.words["data"])
    figure = canvas.finished()
    if look.get("ax") is None:
        canvas.keep_legend_inside()
    return figure


def planes(data: Data, model: Any, layer: int = 1, neurons: tuple[int, int] = (1, 2), **look: Unpack[Look]) -> Figure:
    """The data in the plane of the inputs, and beside it in the plane of two neurons of a hidden layer.

    Layers and neurons count from 1. Where the layer has two neurons and one neuron follows, the line of that neuron is
    drawn: straight in the hidden plane.

    >>> from micrograd_es.data import xor
    >>> from micrograd_es.nn import MLP
    >>> len(planes(xor(50), MLP(2, [2, 1])).axes[0].child_axes)
    2
    """
    canvas = Canvas(**look)
    plane = plane_of(data, None)[0]
    hidden = _hidden(data, model, layer, neurons)
    words = canvas.words
    shown = zip(
        (plane, hidden),
        (words["input_plane"], words["hidden_plane"].format(layer=layer)),
        (tuple(map(canvas.named, data.names[:2])), tuple(words["neuron"].format(n=n) for n in neurons)),
        strict=True,
    )
    for place, (points, title, names) in enumerate(shown):
        panel = canvas.panel(0.53 * place, 0.05, 0.45, 0.84)
        scatter(canvas, panel, data, points)
        canvas.dress(panel, 0.9)
        canvas.label(panel, names[0], names[1], title=title, size=0.9)
        if place == 1:
            _line(canvas, panel, model, layer)
        elif data.kind == "classification":
            columns = min(len(data.classes), 3)
            canvas.legend(panel, 0.9, loc="upper center", bbox_to_anchor=(1.09, -0.07), ncols=columns)
    canvas.heading(words["planes"])
    return canvas.finished()


def _hidden(data: Data, model: Any, layer: int, chosen: tuple[int, int]) -> Floats:
    """The outputs of two neurons of a layer for each row."""
    found = neurons(model, data.inputs)
    if isinstance(layer, bool) or not isinstance(layer, int) or not 1 <= layer <= len(found):
        raise ValueError(f"layer is {layer!r}; expected a number from 1 to {len(found)}, as the network has layers.")
    count = found[layer - 1].shape[1]
    if len(chosen) != 2 or not all(isinstance(n, int) and 1 <= n <= count for n in chosen):
        raise ValueError(
            f"neurons is {chosen!r}; expected two numbers from 1 to {count}, as layer {layer} has neurons."
        )
    return found[layer - 1][:, [n - 1 for n in chosen]]


def _line(canvas: Canvas, panel: Axes, model: Any, layer: int) -> None:
    """The line where the one neuron after a layer of two changes its sign."""
    after = model.layers[layer] if layer < len(model.layers) else None
    if after is None or (after.n_in, after.n_out) != (2, 1):
        return
    weights, biases = after.numbers()
    (a, b), c = weights[0], biases[0] if biases else 0.0
    if a == b == 0:
        return
    limits = panel.axis()
    point = np.array([a, b]) * -c / (a * a + b * b)
    panel.axline(point, point + np.array([-b, a]), color=canvas.theme.ink, linewidth=3 * canvas.scale, linestyle="--")
    panel.axis(limits)


def plane_of(data: Data, features: Any) -> tuple[Floats, tuple[str, ...]]:
    """Where the rows lie in the plane, and the features that a model of these data is given of a point there.

    Two inputs are the plane, and the model gets them, or the `features` of them that are named. More inputs have to be
    features that x1 and x2 are among.
    """
    if not isinstance(data, Data):
        raise TypeError(f"the data are {type(data).__name__}; expected Data, as micrograd_es.data makes them.")
    if data.inputs.shape[1] == 2:
        return data.inputs, () if features is None else feature_names(features)
    if features is None and {"x1", "x2"} <= set(data.names) <= set(FEATURES):
        return data.inputs[:, [data.names.index("x1"), data.names.index("x2")]], tuple(data.names)
    raise ValueError(
        f"the data have {counted(data.inputs.shape[1], 'input')} ({', '.join(data.names[:8])}); expected a plane: two"
        " inputs, or features with x1 and x2 among them. Write features=[…] with the data of the plane for other"
        " features."
    )


def scatter(canvas: Canvas, ax: Axes, data: Data, points: Floats, test: Data | None = None) -> None:
    """The rows at these points: a colour and a marker for each class, or a colour for each target."""
    size = float(np.clip(170 * np.sqrt(200 / len(data)), 50, 320)) * canvas.scale**2  # large for few points
    _scatter(canvas, ax, data, points, data, {"s": size, "edgecolors": canvas.theme.paper, "linewidths": canvas.scale})
    if test is not None:
        dark = {"s": size, "edgecolors": canvas.theme.ink, "linewidths": 2.2 * canvas.scale}
        _scatter(canvas, ax, test, plane_of(test, None)[0], data, dark)


def _scatter(canvas: Canvas, ax: Axes, part: Data, points: Floats, data: Data, look: dict[str, Any]) -> None:
    x, y = points.T
    if part.kind == "regression":
        colours: Any = regression_limits(canvas, data).to_rgba(part.targets[:, 0])
        edge = canvas.theme.muted if part is data else canvas.theme.ink
        ax.scatter(x, y, facecolors=colours, **{**look, "edgecolors": edge})
        return
    for number, name in enumerate(part.classes):
        rows, colour = part.labels == number, class_colour(canvas, part, number)
        named = canvas.named(name) + (f" ({canvas.words['test_points']})" if part is not data else "")
        ax.scatter(x[rows], y[rows], marker=MARKERS[number % 10], label=named, facecolors=colour, **look)


def class_colour(canvas: Canvas, data: Data, number: int) -> str:
    """Orange and blue for two classes, as in the maps; a colour of the series for each of more."""
    return (
        canvas.palette.points[number]
        if len(data.classes) == 2
        else canvas.palette.series[number % len(canvas.palette.series)]
    )


def regression_limits(canvas: Canvas, data: Data) -> ScalarMappable:
    """The colours of targets: 0 is in the middle, the largest target at the end."""
    largest = max(float(np.abs(data.targets[:, 0]).max()), 1e-12)
    return ScalarMappable(Normalize(-largest, largest), canvas.palette.map())


def colour_bar(canvas: Canvas, colours: ScalarMappable, name: str) -> None:
    """The scale of a map, at the right of the plot's axes."""
    place = canvas.ax.inset_axes((1.03, 0.1, 0.035, 0.8))
    bar = canvas.figure.colorbar(colours, cax=place)
    bar.outline.set_edgecolor(canvas.theme.muted)
    place.tick_params(labelsize=SMALL * canvas.scale, colors=canvas.theme.ink, labelfontfamily="Micrograd Sans")
    place.yaxis.set_major_formatter(canvas.numbers())
    place.set_ylabel(name, fontsize=TEXT * canvas.scale, color=canvas.theme.ink)
