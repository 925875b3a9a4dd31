"""Plots: what is drawn are the numbers, computed here in another way; no display and no global state is touched."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from io import BytesIO
from itertools import combinations
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_hex, to_rgba
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.text import Text

from conftest import in_new_process
from micrograd_es import Value, dot, nn, plots, record, tanh
from micrograd_es.data import Data, circle, regression_plane, with_features, xor, yin_yang
from micrograd_es.figures.themes import THEMES
from micrograd_es.nn import MLP

C5 = MLP.from_numbers([[[-1, 1], [1, -1]], [[1, 1]]], [[-4, -4], [-0.5]], "relu", "linear")

LINE = Data([[0.5], [1.5]], [1.5, 2.5], kind="regression")


def curves(ax: Any) -> dict[str, Any]:
    """The named curves of axes, as tables of x and y."""
    return {line.get_label(): line.get_xydata() for line in ax.get_lines() if not line.get_label().startswith("_")}


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def points(ax: Any) -> list[Any]:
    return [part for part in ax.collections if isinstance(part, PathCollection)]


def heat(ax: Any) -> Any:
    return np.asarray(ax.images[0].get_array())


# What every plot does

EVERY: dict[str, Callable[..., Figure]] = {
    "activation": lambda **look: plots.activation("tanh", **look),
    "activations": plots.activations,
    "losses_plot": plots.losses_plot,
    "data": lambda **look: plots.data(circle(40), circle(20, seed=1), **look),
    "data of a regression": lambda **look: plots.data(regression_plane(40), **look),
    "planes": lambda **look: plots.planes(xor(40), C5, **look),
    "decision_map": lambda **look: plots.decision_map(MLP(2, [3, 1], "tanh", "tanh"), circle(40), **look),
    "decision_map of three": lambda **look: plots.decision_map(MLP(2, [3]), yin_yang(40), **look),
    "neuron_maps": lambda **look: plots.neuron_maps(MLP(2, [4, 2, 1], "tanh"), circle(40), **look),
    "loss_curves": lambda **look: plots.loss_curves({"train_loss": [1.5, 0.5], "train_accuracy": [0.5, 0.75]}, **look),
    "network": lambda **look: plots.network(MLP(2, [3, 1]), biases=True, **look),
    "loss_surface": lambda **look: plots.loss_surface(
        lambda a, b: a * a + b * b, ((-1, 1), (-1, 1)), {"batch": [(1, 1), (0, 0)]}, **look
    ),
    "deltas_by_layer": lambda **look: plots.deltas_by_layer({"tanh": [0.001, 0.1], "relu": [0.5, 0.0]}, **look),
    "formulas": lambda **look: plots.formulas(record(MLP(2, [3, 2]), [0.0, 0.0]), [[1.0, 2.0], [3.0, 4.0]], **look),
    "decision_maps": lambda **look: plots.decision_maps(
        {"−": (MLP(2, [3, 1], "tanh", "tanh"), circle(40)), "+": (MLP(2, [3]), yin_yang(40))}, **look
    ),
    "compare_losses": lambda **look: plots.compare_losses(
        {"batch": {"train_loss": [1.5, 0.5], "test_loss": [1.5, 0.75]}, "0.5": {"train_loss": [2.5]}}, **look
    ),
    "predictions": lambda **look: plots.predictions({"2x": lambda x: 2 * x}, LINE, **look),
    "output_layers": plots.output_layers,
    "images": lambda **look: plots.images([[0, 1, 1, 0]] * 5, ["a"] * 5, **look),
    "cost": lambda **look: plots.cost({"backward": {2: 8, 4: 32}}, **look),
}


def test_every_function_is_drawn_here() -> None:
    assert set(plots.__all__) - {"save"} == {name.partition(" ")[0] for name in EVERY}


@pytest.mark.parametrize("name", EVERY)
def test_a_plot_is_a_slide_in_our_letters_and_nothing_is_cut(name: str) -> None:
    figure = EVERY[name](comma=True)
    file = BytesIO()
    figure.savefig(file, format="png")
    width, height = figure.canvas.get_width_height()
    assert (width, height) == (1920, 1080)
    renderer = FigureCanvasAgg(figure).get_renderer()
    axes = [ax for outer in figure.axes for ax in (outer, *outer.child_axes)]
    hidden = {text for ax in axes if not ax.axison for axis in (ax.xaxis, ax.yaxis) for text in axis.findobj(Text)}
    ticks = {text for ax in axes for axis in (ax.xaxis, ax.yaxis) for text in axis.get_ticklabels(which="both")}
    for text in set(figure.findobj(Text)) - hidden:
        if not text.get_text() or not text.get_visible():
            continue
        assert text.get_fontfamily()[0] == "Micrograd Sans", text
        assert text.get_fontsize() >= 12, text
        box = text.get_window_extent(renderer)
        inside = box.x0 > 0 and box.y0 > 0 and box.x1 < width and box.y1 < height
        assert inside or text in ticks, text  # a tick beyond the end of its axis has a label that is not drawn


@pytest.mark.parametrize("name", EVERY)
def test_spanish_and_english_say_the_same_in_other_words(name: str) -> None:
    spanish, english = texts(EVERY[name]()), texts(EVERY[name](language="en"))
    assert len(spanish) == len(english)
    assert spanish != english


@pytest.mark.parametrize("name", EVERY)
def test_a_plot_is_drawn_in_the_axes_that_are_given_with_the_theme_and_title_that_are_asked_for(name: str) -> None:
    mine = Figure(figsize=(8, 4))
    left, right = mine.subplots(1, 2)
    assert EVERY[name](ax=right, theme="dark", title="Mi título") is mine
    assert right.get_title() == "Mi título"
    assert to_hex(right.title.get_color()) == THEMES["dark"].ink
    assert not left.lines
    assert not left.child_axes
    assert mine.get_facecolor() == Figure().get_facecolor()


def test_without_a_title_there_is_none() -> None:
    assert plots.cost({"backward": {2: 8, 4: 32}}, title="").axes[0].get_title() == ""


def test_neither_pyplot_nor_the_settings_are_touched() -> None:
    code = """
import sys, matplotlib
before = repr(matplotlib.rcParams.copy())
from micrograd_es import plots
plots.activations(theme="dark").savefig(__import__("io").BytesIO())
print("matplotlib.pyplot" in sys.modules, before == repr(matplotlib.rcParams.copy()))
"""
    assert in_new_process(code).split() == ["False", "True"]


def test_without_matplotlib_the_error_says_what_to_install() -> None:
    code = """
import sys
sys.modules["matplotlib"] = None
try:
    import micrograd_es.plots
except ImportError as error:
    print(error)
"""
    assert "pip install 'micrograd-es[plots]'" in in_new_process(code)


def test_a_plot_shows_itself_in_a_notebook() -> None:
    figure = plots.activation("relu")
    assert figure._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]


def test_numbers_have_the_decimal_comma_on_request() -> None:
    plain, comma = (plots.activation("sigmoid", comma=comma).axes[0].yaxis for comma in (False, True))
    shown = [[axis.get_major_formatter()(x, 0) for x in (-0.25, 0.1 + 0.2, 3.0)] for axis in (plain, comma)]
    assert shown == [["−0.25", "0.3", "3"], ["−0,25", "0,3", "3"]]


def test_powers_of_ten_are_written_as_such() -> None:
    write = plots.deltas_by_layer({"tanh": [1e-9, 1]}).axes[0].yaxis.get_major_formatter()
    assert [write(x, 0) for x in (1e-9, 0.1, 1, 10, 1e6)] == ["10⁻⁹", "0.1", "1", "10", "10⁶"]


# Functions


def test_an_activation_and_its_derivative_are_those_of_mathematics() -> None:
    ways: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
        "sigmoid": (lambda x: 1 / (1 + math.exp(-x)), lambda x: math.exp(-x) / (1 + math.exp(-x)) ** 2),
        "tanh": (math.tanh, lambda x: 1 / math.cosh(x) ** 2),
        "relu": (lambda x: max(x, 0.0), lambda x: 1.0 if x > 0 else 0.0),
        "softplus": (lambda x: math.log(1 + math.exp(x)), lambda x: 1 / (1 + math.exp(-x))),
        "sin": (math.sin, math.cos),
        "leaky_relu": (lambda x: x if x > 0 else x / 100, lambda x: 1.0 if x > 0 else 0.01),
    }
    figure = plots.activations(list(ways), span=4)
    for panel, pair in zip(figure.axes[0].child_axes, ways.values(), strict=True):
        for table, way in zip(curves(panel).values(), pair, strict=True):
            table = table[~np.isnan(table[:, 1])]
            assert (table[0, 0], table[-1, 0]) == (-4, 4)
            np.testing.assert_allclose(table[:, 1], [way(x) for x in table[:, 0]], rtol=1e-12, atol=1e-15)


def test_the_step_of_a_derivative_is_a_gap_and_no_slope() -> None:
    slope = curves(plots.activation("relu").axes[0])["derivada"]
    assert np.isnan(slope[:, 1]).sum() == 1
    assert set(slope[~np.isnan(slope[:, 1]), 1]) == {0.0, 1.0}


def test_the_losses_are_those_of_the_lectures() -> None:
    binary, softmax, squares = (list(curves(ax).values()) for ax in plots.losses_plot().axes[0].child_axes)
    (p, hit), (_, miss) = (table.T for table in binary)
    np.testing.assert_allclose(hit, -np.log(p), rtol=1e-12)
    np.testing.assert_allclose(miss, -np.log(1 - p), rtol=1e-12)
    (z, first), (_, second) = (table.T for table in softmax)
    np.testing.assert_allclose(first, np.log(1 + np.exp(-z)), rtol=1e-9)
    np.testing.assert_allclose(second, np.log(1 + np.exp(z)), rtol=1e-9)
    (e, half), (_, mse) = (table.T for table in squares)
    np.testing.assert_allclose(half, e**2 / 2, atol=1e-15)
    np.testing.assert_allclose(mse, e**2, atol=1e-15)


# Points and maps


def test_every_row_is_drawn_at_its_place_under_its_class() -> None:
    data, test = circle(60, seed=1), circle(30, seed=2)
    ax = plots.data(data, test, language="en").axes[0]
    named = {part.get_label(): part for part in points(ax)}
    assert list(named) == ["−1", "1", "−1 (test)", "1 (test)"]
    for label, part, sign in (("−1", data, -1), ("1", data, 1), ("1 (test)", test, 1)):
        np.testing.assert_array_equal(named[label].get_offsets(), part.inputs[part.targets[:, 0] == sign])
    assert len({to_hex(part.get_facecolor()[0]) for part in named.values()}) == 2
    assert named["1"].get_edgecolor().tolist() != named["1 (test)"].get_edgecolor().tolist()


def test_targets_of_a_regression_are_blue_above_0_and_orange_below() -> None:
    data = Data([[0, 0], [1, 0], [2, 0]], [-2, 0, 1], kind="regression")
    low, middle, high = points(plots.data(data).axes[0])[0].get_facecolor()
    assert low[0] > low[2] + 0.5
    assert high[2] > high[0] + 0.1
    assert abs(middle[0] - middle[2]) < 0.05


def test_the_hidden_plane_of_c5_has_what_its_weights_give() -> None:
    data = xor(50, seed=3)
    left, right = plots.planes(data, C5).axes[0].child_axes
    hidden = np.maximum(data.inputs @ np.array([[-1, 1], [1, -1]]).T - 4, 0)
    for panel, table in ((left, data.inputs), (right, hidden)):
        for sign, part in zip((-1, 1), points(panel), strict=True):
            np.testing.assert_allclose(part.get_offsets(), table[data.targets[:, 0] == sign], atol=1e-12)
    (line,) = right.get_lines()  # h1 + h2 = 0.5
    start, slope = np.array(line.get_xy1()), line.get_slope()
    assert start.sum() == pytest.approx(0.5)
    assert slope is None or slope == pytest.approx(-1)


def test_a_map_shows_the_outputs_at_the_middles_of_its_squares() -> None:
    model = MLP(2, [3, 1], "tanh", "sigmoid", seed=2)
    figure = plots.decision_map(model, ranges=((-2, 2), (0, 3)), resolution=8)
    image, ax = heat(figure.axes[0]), figure.axes[0]
    assert ax.images[0].get_extent() == [-2, 2, 0, 3]
    for row, column in ((0, 0), (0, 7), (5, 2)):
        x, y = -2 + (column + 0.5) * 4 / 8, (row + 0.5) * 3 / 8
        assert image[row, column] == pytest.approx(model([x, y])[0].data, rel=1e-12)
    assert ax.images[0].get_clim() == (0, 1)


def test_a_function_is_called_once_with_all_points_of_the_map() -> None:
    calls: list[Any] = []

    def model(table: Any) -> Any:
        calls.append(table)
        return table[:, 0] - table[:, 1]

    image = heat(plots.decision_map(model).axes[0])
    assert [table.shape for table in calls] == [(10_000, 2)]
    x, y = calls[0][123]
    assert image[1, 23] == x - y


def test_the_range_of_a_map_holds_every_row() -> None:
    data = Data([[0, 10], [1, 30]], [0, 1])
    ax = plots.decision_map(lambda table: table[:, 0], data).axes[0]
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert left < 0 < 1 < right
    assert bottom < 10 < 30 < top


def test_the_line_of_a_map_is_where_the_output_crosses_the_threshold() -> None:
    for threshold, expected in ((None, 0.0), (1.5, 1.5)):
        ax = plots.decision_map(lambda table: table[:, 0], ranges=((-3, 3), (-3, 3)), threshold=threshold).axes[0]
        (path,) = ax.collections[0].get_paths()
        np.testing.assert_allclose(path.vertices[:, 0], expected, atol=1e-9)
        low, high = ax.images[0].get_clim()
        assert (low + high) / 2 == pytest.approx(expected)


def test_a_discrete_map_has_two_values() -> None:
    ax = plots.decision_map(lambda table: np.tanh(table[:, 0] - 2), discrete=True).axes[0]
    image = heat(ax)
    assert sorted(set(image.ravel())) == list(ax.images[0].get_clim())
    assert (image == image.max()).mean() == pytest.approx(1 / 3, abs=0.02)  # x1 > 2 of −6 to 6


def test_a_map_of_classes_mixes_their_colours_by_probability() -> None:
    data = Data.labelled([[0, 0], [1, 1], [0, 1]], [0, 1, 2])
    sure = lambda table: np.tile([0.0, 1.0, 0.0], (len(table), 1))  # noqa: E731
    ax = plots.decision_map(sure, data).axes[0]
    image = heat(ax)
    assert image.shape == (100, 100, 3)
    point = np.array(points(ax)[1].get_facecolor()[0][:3])
    np.testing.assert_allclose(image[4, 7], 0.6 * point + 0.4, atol=1e-9)
    logits = plots.decision_map(lambda table: np.tile([0.0, 60.0, 0.0], (len(table), 1)), data)
    np.testing.assert_allclose(heat(logits.axes[0]), image, atol=1e-9)


def test_a_model_of_features_is_given_the_features_of_every_point() -> None:
    plane = circle(30, seed=1)
    names = ["x1", "x2", "x1²", "x2²"]
    model = MLP.from_numbers([[[0, 0, 1, 1]]], [[-6.25]])
    by_data = plots.decision_map(model, with_features(plane, names)).axes[0]
    by_name = plots.decision_map(model, plane, features=names).axes[0]
    np.testing.assert_array_equal(heat(by_data), heat(by_name))
    circle_line = np.vstack([path.vertices for path in by_data.collections[0].get_paths()])
    np.testing.assert_allclose(np.hypot(*circle_line.T), 2.5, atol=0.01)
    assert sum(len(part.get_offsets()) for part in points(by_data)) == 30


def test_each_neuron_has_a_map_of_its_own_output() -> None:
    model = MLP(2, [3, 2, 1], "tanh", seed=4)
    figure = plots.neuron_maps(model, ranges=((-1, 1), (-1, 1)), resolution=4)
    panels = figure.axes[0].child_axes
    at = [-1 + 2.5 * 0.5, -1 + 1.5 * 0.5]
    wanted = [neuron.data for layer in model.by_layer(at) for neuron in layer.a]
    assert [heat(panel)[1, 2] for panel in panels] == pytest.approx(wanted, rel=1e-12)
    assert [panel.texts[0].get_text() for panel in panels[:-1]] == ["1", "2", "3", "1", "2"]
    assert "capa 2\ntanh" in texts(figure)


def test_dropout_does_nothing_while_a_map_is_made_and_is_as_before_after_it() -> None:
    model = MLP(2, [4, 1], "tanh", dropout=0.5, seed=1)
    model.train()
    image = heat(plots.decision_map(model, resolution=3).axes[0])
    assert all(module.training for module in model.modules())
    assert image[1, 1] == pytest.approx(model.eval()([0.0, 0.0])[0].data)


# Learning


def test_the_curves_of_a_history_are_its_numbers() -> None:
    class History:
        train_loss = (0.9, 0.4, 0.2)
        test_loss = (1.0, 0.6, 0.5)
        test_accuracy = (0.5, 0.75, 1.0)
        train_accuracy = None
        epoch = (0, 10, 20)

    left, right = plots.loss_curves(History(), language="en").axes[0].child_axes
    assert curves(left)["training"].tolist() == [[0, 0.9], [10, 0.4], [20, 0.2]]
    assert curves(left)["test"][:, 1].tolist() == [1.0, 0.6, 0.5]
    assert list(curves(right)) == ["test"]
    only = plots.loss_curves({"train_loss": [3.0, 0.3]}, log=True).axes[0].child_axes
    assert [(ax.get_yscale(), len(ax.get_lines())) for ax in only] == [("log", 1)]


def test_the_deltas_are_on_a_logarithmic_scale_and_a_delta_of_0_is_left_out() -> None:
    ax = plots.deltas_by_layer({"sigmoid": [1e-6, 1e-3], "leaky_relu": [0.0, 1.0]}).axes[0]
    assert ax.get_yscale() == "log"
    found = curves(ax)
    assert list(found) == ["Sigmoide", "ReLU con fuga"]
    assert found["Sigmoide"].tolist() == [[1, 1e-6], [2, 1e-3]]
    assert np.isnan(found["ReLU con fuga"][0, 1])


def test_the_exponent_of_a_cost_is_found_and_its_line_runs_through_the_points() -> None:
    counts = {"forward_mode": {n: 7 * n**3 for n in (2, 4, 8, 16)}, "mine": {4: 4.0, 1: 2.0}}
    ax = plots.cost(counts, language="en").axes[0]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "forward mode: exponent 3.00",
        "mine: exponent 0.50",
    ]
    line, marks = ax.get_lines()[:2]
    np.testing.assert_allclose(line.get_xydata(), marks.get_xydata(), rtol=1e-9)
    assert (
        "exponent 2.00" in plots.cost(counts, {"mine": 2}, language="en").axes[0].get_legend().get_texts()[1].get_text()
    )


def test_a_surface_has_its_paths_and_its_heights() -> None:
    path = [(1.0, 1.0), (0.5, 0.2), (0.1, 0.0)]
    figure = plots.loss_surface(
        lambda a, b: (a - 1) ** 2 + b**2, ((-2, 2), (-2, 2)), {"stochastic": path, "otra": path}
    )
    ax = figure.axes[0]
    assert [table.tolist() for table in curves(ax).values()] == [[list(p) for p in path]] * 2
    assert list(curves(ax)) == ["estocástico", "otra"]
    levels = ax.collections[1].levels  # type: ignore[attr-defined]
    for level, ring in zip(levels[1:4], ax.collections[1].get_paths()[1:4], strict=True):
        np.testing.assert_allclose(np.hypot(ring.vertices[:, 0] - 1, ring.vertices[:, 1]), level**0.5, atol=0.02)


# The network


def test_every_weight_is_a_line_of_its_sign_and_size() -> None:
    weights = [[[1.0, -2.0], [0.5, 4.0]], [[-1.0, 0.25]]]
    figure = plots.network(MLP.from_numbers(weights, [[0, 0], [0]]))
    (lines,) = [part for part in figure.axes[0].collections if isinstance(part, LineCollection)]
    flat = sorted((w for layer in weights for row in layer for w in row), key=abs)
    assert len(lines.get_segments()) == 6
    colours = [colour.tolist() for colour in lines.get_colors()]
    assert all((colours[i] == colours[-1]) == (w > 0) for i, w in enumerate(flat))  # the largest, 4, is positive
    widths = np.array(lines.get_linewidths())
    thin = widths[0] - (widths[-1] - widths[0]) * 0.25 / 3.75
    np.testing.assert_allclose((widths - thin) / (widths[-1] - thin), np.abs(flat) / 4, atol=1e-9)


def test_deltas_stand_on_their_neurons_and_are_those_of_hand_calculation() -> None:
    model = MLP.from_numbers([[[1, 2], [3, -4]], [[5, 6]]], None, "linear")
    found = nn.deltas(model, [1, 1], [10], lambda outputs, target: (outputs[0] - target[0]) ** 2 / 2)
    written = [text.get_text() for text in plots.network(model, found, names=["a", "b"]).axes[0].texts]
    assert written[:5] == ["a", "b", "−5.00", "−6.00", "−1.00"]  # y = 15 − 6 = 9; δ = 9 − 10, times 5 and 6


def test_the_bias_of_each_neuron_is_written_on_request_and_the_outputs_too() -> None:
    model = MLP.from_numbers([[[1], [2]], [[3, 4]]], [[0.5, -0.25], [7]])
    assert [t.get_text() for t in plots.network(model, biases=True, comma=True).axes[0].texts][:4] == [
        "x1",
        "0,50",
        "−0,25",
        "7,00",
    ]


def test_of_a_large_layer_the_first_and_the_last_neurons_are_drawn_and_the_number_told() -> None:
    figure = plots.network(MLP(64, [10, 3]))
    names = [text for text in texts(figure) if text.startswith("x")]
    assert names == ["x1", "x2", "x3", "x4", "x5", "x6", "x7", "x63", "x64"]
    assert "entradas\n64 en total" in texts(figure)
    assert len(figure.axes[0].patches) == 9 + 10 + 3


# Errors

DATA = circle(10)
REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "language": (lambda: plots.activations(language="fr"), "language is 'fr'"),
    "theme": (lambda: plots.activations(theme="neon"), "theme is 'neon'"),
    "option": (lambda: plots.activations(colour="red"), "no option 'colour'"),  # type: ignore[call-arg]
    "ax": (lambda: plots.activations(ax=3), "ax is 3"),  # type: ignore[arg-type]
    "operation": (lambda: plots.activation("tan"), "no operation is called 'tan'"),
    "two inputs": (lambda: plots.activation("mul"), "no function of one number"),
    "log": (lambda: plots.activation("log"), "not defined all over"),
    "softmax": (lambda: plots.activation("softmax"), "no operation is called 'softmax'"),
    "no activations": (lambda: plots.activations([]), "one or more"),
    "data": (lambda: plots.data([[1, 2]]), "expected Data"),  # type: ignore[arg-type]
    "four inputs": (lambda: plots.data(yin_yang(9, mirrored=True)), "4 inputs .* expected a plane"),
    "model": (lambda: plots.decision_map(3), "the model is 3"),
    "model without layers": (lambda: plots.neuron_maps(lambda table: table), "expected a network of layers"),
    "one output for all": (lambda: plots.decision_map(lambda table: 1.0), "a row for each"),
    "NaN": (lambda: plots.decision_map(lambda table: table[:, 0] * np.nan), "not finite"),
    "classes": (lambda: plots.decision_map(MLP(2, [3]), DATA), "3 outputs and the data 2 classes"),
    "resolution": (lambda: plots.decision_map(C5, resolution=1), "resolution is 1"),
    "ranges": (lambda: plots.decision_map(C5, ranges=((1, 0), (0, 1))), "two intervals"),
    "layer": (lambda: plots.planes(DATA, C5, layer=3), "layer is 3; expected a number from 1 to 2"),
    "neurons": (lambda: plots.planes(DATA, C5, neurons=(1, 3)), "two numbers from 1 to 2"),
    "many neurons": (lambda: plots.neuron_maps(MLP(2, [40, 1])), "too large"),
    "history": (lambda: plots.loss_curves({"loss": [1]}), "no train_loss"),
    "NaN loss": (lambda: plots.loss_curves({"train_loss": [1, float("nan")]}), "nan; expected a finite"),
    "epochs": (lambda: plots.loss_curves({"train_loss": [1, 2], "epoch": [1]}), "1 epochs and 2 numbers"),
    "no deltas": (lambda: plots.deltas_by_layer({}), "no sizes"),
    "negative": (lambda: plots.deltas_by_layer({"tanh": [-1.0]}), "expected sizes"),
    "counts": (lambda: plots.cost({"backward": {2: 0, 4: 1}}), "counts above 0"),
    "one count": (lambda: plots.cost({"backward": {2: 3}}), "two or more n"),
    "flat": (lambda: plots.loss_surface(lambda a, b: 0 * a, ((0, 1), (0, 1))), "everywhere"),
    "path": (
        lambda: plots.loss_surface(lambda a, b: a, ((0, 1), (0, 1)), {"p": [(1, 2, 3)]}),
        "3 numbers; expected two",
    ),
    "network": (lambda: plots.network(Value(1.0)), "expected a network of layers"),
    "delta sizes": (lambda: plots.network(C5, [[1.0], [1.0]]), r"expected \[2, 1\]"),
    "both": (lambda: plots.network(C5, [[1, 1], [1]], biases=True), "expected one"),
    "saved": (lambda: plots.save(C5, "c5.svg"), "expected a plot"),  # type: ignore[arg-type]
    "saved nowhere": (lambda: plots.save(plots.output_layers(), None), "the path is None"),  # type: ignore[arg-type]
    "a history": (lambda: plots.compare_losses(plots), "a history for each name"),  # type: ignore[arg-type]
    "no runs": (lambda: plots.compare_losses({}), "there are no runs; expected a history"),
    "a pair": (lambda: plots.decision_maps((C5, DATA)), "a model and its data for each title"),  # type: ignore[arg-type]
    "a list of sizes": (lambda: plots.deltas_by_layer([1.0]), "a list for each activation"),  # type: ignore[arg-type]
    "a number of counts": (lambda: plots.cost(3), "the counts are 3"),  # type: ignore[arg-type]
    "one activation": (lambda: plots.activations("relu"), r"the names are 'relu' \(str\); expected a list"),
    "no activation": (lambda: plots.activation([]), r"no operation is called \[\]"),  # type: ignore[arg-type]
    "names": (lambda: plots.network(C5, names=["a"]), "1 names were given; expected 2"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_drawn_gets_one_clear_error(name: str) -> None:
    make, message = REFUSED[name]
    with pytest.raises((ValueError, TypeError), match=message):
        make()


def test_the_colours_of_maps_and_classes_are_apart_in_grey_too() -> None:
    def light(colour: str) -> float:
        return float(np.dot(to_rgba(colour)[:3], (0.3, 0.59, 0.11)))

    from micrograd_es.plots.colours import PALETTES

    for palette in PALETTES.values():
        assert abs(light(palette.negative) - light(palette.positive)) > 0.03
        assert len(set(palette.series)) == 10
    assert matplotlib.rcParams["font.family"] == ["sans-serif"]


@pytest.mark.parametrize("sizes", [[3, 1], [4, 2, 1], [2, 2]], ids=str)
def test_no_weight_stands_on_another(sizes: list[int]) -> None:
    model = MLP(2, sizes, seed=3)
    figure = plots.network(model, weights=True)
    figure.draw_without_rendering()
    numbers = [text for text in figure.axes[0].texts if re.fullmatch(r"−?\d\.\d\d", text.get_text())]
    assert len(numbers) == len(model.weights())
    for one, other in combinations([text.get_window_extent() for text in numbers], 2):
        assert not one.overlaps(other)


def test_long_names_of_inputs_stand_beside_their_circles_as_large_as_before() -> None:
    long = "una variable con un nombre larguísimo de más de cuarenta letras"
    figure = plots.network(MLP(2, [3, 1]), names=["asistencia", long], biases=True)
    drawn = {text.get_text(): text for text in figure.axes[0].texts}
    first = min(circle.get_center()[0] - circle.get_radius() for circle in figure.axes[0].patches)  # type: ignore[attr-defined]
    figure.draw_without_rendering()
    for name in ("asistencia", f"{long[:27]}…"):
        box = drawn[name].get_window_extent()
        ends = figure.axes[0].transData.inverted().transform(box.get_points())[:, 0]
        assert 0 < ends[0] < ends[1] < first
        assert drawn[name].get_fontsize() > 12
    plain = plots.network(MLP(2, [3, 1]), biases=True).axes[0].texts
    assert drawn["0.00"].get_fontsize() == next(t for t in plain if t.get_text() == "0.00").get_fontsize()


def test_a_map_of_a_strip_of_points_is_a_square_with_an_axis_each() -> None:
    strip = Data([[0.0, 0.0], [100.0, 1.0]], [0, 1])
    ax = plots.decision_map(lambda table: table[:, :1], strip).axes[0]
    assert ax.get_ylim() == pytest.approx((-0.05, 1.05))
    ax.figure.draw_without_rendering()  # type: ignore[union-attr]
    box = ax.get_window_extent()
    assert box.width == pytest.approx(box.height, rel=1e-3)
    flat = Data([[0.0, 3.0], [100.0, 3.0]], [0, 1])  # no scale of its own
    assert plots.decision_map(lambda table: table[:, :1], flat).axes[0].get_ylim() == pytest.approx((-52, 58))


def test_only_classes_meet_at_a_line() -> None:
    model = MLP.from_numbers([[[1.0, 0.0]]], [[0.0]], output="linear")
    for kind, targets, lines in (("regression", [-1.0, 2.0], 0), ("classification", [-1, 1], 1)):
        data = Data([[-1, -1], [1, 1]], targets, kind=kind)
        ax = plots.decision_map(model, data).axes[0]
        assert sum(isinstance(part, ContourSet) for part in ax.collections) == lines


def test_long_names_of_classes_stay_in_the_figure() -> None:
    names = ("una clase de nombre muy largo", "supercalifragilisticoespialidoso")
    data = Data([[0, 0], [1, 1]], [0, 1], classes=names)
    figure = plots.decision_map(MLP(2, [1], output="sigmoid"), data=data, test=data)
    FigureCanvasAgg(figure).draw()
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert legend.get_window_extent().x0 >= 0


@pytest.mark.parametrize("wide", [1.0, 3.0])
@pytest.mark.parametrize("names", [("−1", "1"), ("una clase de nombre muy largo", "supercalifragilisticoespialidoso")])
def test_the_legend_of_the_data_stays_in_the_figure(wide: float, names: tuple[str, str]) -> None:
    figure = plots.data(Data([[0, 0], [wide, 1]], [0, 1], classes=names))
    FigureCanvasAgg(figure).draw()
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert legend.get_window_extent().x1 < 0.99 * figure.bbox.width
    assert figure.axes[0].get_window_extent().x1 < legend.get_window_extent().x0


def test_the_names_of_the_packages_own_data_are_in_the_figures_language() -> None:
    flowers = ["sepal length", "petal width", "mine"]
    model = MLP(3, [2, 1])
    assert {"yin", "yang", "punto"} <= set(texts(plots.data(yin_yang(60))))
    assert {"yin", "yang", "dot"} <= set(texts(plots.data(yin_yang(60), language="en")))
    assert {"largo del sépalo", "ancho del pétalo", "mine"} <= set(texts(plots.network(model, names=flowers)))
    assert set(flowers) <= set(texts(plots.network(model, names=flowers, language="en")))


def test_a_full_page_of_formulas_leaves_out_the_tallest_matrices_of_the_full_column() -> None:
    model = MLP(3, [4, 4, 4, 2], activation="relu", seed=1)
    program = record(model, [0.0, 0.0, 0.0])
    figure = plots.formulas(program, np.ones((3, 3)), upstream=np.ones((3, 2)))
    texts = {text.get_text(): text for text in figure.axes[0].texts}
    formula, short = texts["∂L/∂W₂ = H₁ᵀ·∂L/∂Z₂"], texts["∂L/∂B₂ = sumas por columnas de ∂L/∂Z₂"]
    assert formula.get_fontsize() > 10

    def numbers_beside(text: Any) -> int:
        middle = text.get_position()[1]
        same = [t for t in figure.axes[0].texts if t.get_color() == text.get_color() and t is not text]
        return len([t for t in same if abs(t.get_position()[1] - middle) < text.get_fontsize() and "." in t.get_text()])

    assert numbers_beside(formula) == 0  # four rows
    assert numbers_beside(short) == 4  # one row, for which there is room
    assert numbers_beside(texts["H₁ = relu(Z₁)"]) >= 4  # the way forward has room for all


def test_a_long_recurrence_is_written_once_for_all_of_its_steps() -> None:
    u = [[Value(0.1 * i - 0.2 * j) for j in range(2)] for i in range(2)]

    def steps(count: int) -> tuple[list[str], int]:
        """The texts of a page, and how many of them are numbers."""

        def fn(h: Any) -> Any:
            for _ in range(count):
                h = [tanh(dot(row, h)) for row in u]
            return h

        texts = [text.get_text() for text in plots.formulas(record(fn, [0.1, 0.2]), [[0.3, 0.4]]).axes[0].texts]
        return texts, sum(text.lstrip("−").replace(".", "").isdigit() for text in texts)

    few, numbers = steps(5)
    assert {"H₁ = tanh(Z₁)", "∂L/∂W₁ = Σₜ₌₁⁴ Hₜᵀ·∂L/∂Zₜ₊₁ + Xᵀ·∂L/∂Z₁"} <= set(few)
    assert not any(", …, " in text for text in few)
    many, less = steps(30)
    assert "Hₜ = tanh(Zₜ)" in many and "H₃ = tanh(Z₃)" not in many
    assert "m×2   t = 1, …, 29" in many
    assert less < numbers


@pytest.mark.parametrize("given", ["page.png", [["a", 1.0]]])
def test_what_is_no_batch_of_formulas_is_told_as_the_program_tells_it(given: Any) -> None:
    w = Value(0.5)
    program = record(lambda x: w * x[0] + x[1], [0.1, 0.2])
    with pytest.raises(TypeError, match=r"an input is text, or holds it: .*; expected real numbers"):
        plots.formulas(program, given)
