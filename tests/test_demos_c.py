"""The demos of part C keep what they say: their numbers by NumPy on its own, and the accuracies that they reach."""

from __future__ import annotations

import importlib.util
from functools import cache
from itertools import pairwise
from math import exp, log, tanh
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from micrograd_es import MLP, Value, data, demos, gradients, leaves, losses, plots
from micrograd_es.figures import Figure, Frames

FOLDER = Path(__file__).parents[1] / "demos"
ALL = sorted(path.stem for path in FOLDER.glob("c*.py"))
Floats = NDArray[np.float64]


@cache
def demo(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# NumPy on its own

FUNCTIONS = {
    "linear": (lambda z: z, lambda z: np.ones_like(z)),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
}


def layers(model: MLP) -> list[tuple[Floats, Floats, str]]:
    """The weights, the biases and the activation of each layer."""
    names = [layer.activation.name for layer in model.layers]
    return [(np.array(w), np.array(b), name) for w, b, name in zip(*model.numbers(), names, strict=True)]


def forward(model: MLP, inputs: Floats) -> tuple[list[Floats], list[Floats]]:
    """z and a of every layer, a row for each example."""
    zs, activations = [], [inputs]
    for weights, biases, name in layers(model):
        zs.append(activations[-1] @ weights.T + biases)
        activations.append(FUNCTIONS[name][0](zs[-1]))
    return zs, activations[1:]


def share_right(model: MLP, examples: data.Data, border: float = 0.0) -> float:
    """The share of the examples of two classes on whose side of the border the output is."""
    return float(np.mean((forward(model, examples.inputs)[1][-1][:, 0] > border) == (examples.labels == 1)))


def best_line(points: Floats, labels: Floats, directions: int = 720) -> float:
    """The share of the points that the best of many lines has on the right side."""
    best = 0.0
    for angle in np.linspace(0, 2 * np.pi, directions, endpoint=False):
        order = np.argsort(points @ [np.cos(angle), np.sin(angle)])
        ones = labels[order] == 1
        above = ones.sum() - np.concatenate([[0], np.cumsum(ones)])  # ones past the line, and zeros before it
        best = max(best, float((above + np.concatenate([[0], np.cumsum(~ones)])).max() / len(labels)))
    return best


# Every demo


SLOW = ("c08", "c09", "c11", "c13", "cx_digits", "cx_playground")  # drawn in Spanish only
TRAINED_ONCE = ("c13_start_to_finish", "cx_digits")  # drawn where what they learn is tested


def check_pictures(script: ModuleType, pictures: dict[str, demos.Picture]) -> None:
    titles = [demos._title(picture) for picture in pictures.values()]
    assert all(titles)
    assert len(set(titles)) == len(titles)
    prefix = "cx_" if script.__name__.startswith("cx_") else f"c{int(script.__name__[1:3])}_"
    assert all(key.startswith(prefix) for key in pictures)
    assert all(isinstance(p, (Figure, Frames)) or p.get_size_inches().tolist() == [16, 9] for p in pictures.values())


def drawn(script: ModuleType, function: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a function of the script gave while its pictures were drawn."""
    given: list[Any] = []
    original = getattr(script, function)
    monkeypatch.setattr(script, function, lambda *args: given.append(original(*args)) or given[-1])
    check_pictures(script, script.pictures("es"))
    return given[0]


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("name", ALL)
def test_every_demo_draws_pictures_with_titles_of_their_own(name: str, language: str) -> None:
    script = demo(name)
    if language == "en" and name.startswith(SLOW):
        texts = next((getattr(script, table) for table in ("TEXTS", "TITLES") if hasattr(script, table)), {})
        assert texts["es"].keys() == texts["en"].keys()
        return
    if name not in TRAINED_ONCE:
        check_pictures(script, script.pictures(language))
    assert script.TITLE.keys() == script.ABOUT.keys() == {"es", "en"}


def test_the_demos_stand_in_the_order_of_the_lectures() -> None:
    numbered = [name for name in demos.topics() if name[0] == "c" and name[1].isdigit()]
    assert [int(name[1:3]) for name in numbered] == list(range(1, 14))
    assert ALL.index("c13_start_to_finish") < ALL.index("cx_playground")


# C1 to C5: neurons, and what a hidden layer is for


def test_the_losses_that_are_drawn_are_those_of_the_library() -> None:
    p = 1 / (1 + exp(2))
    z, y = [Value(z) for z in (2.0, 1.0, -1.0)], [Value(3.0), Value(0.5)]
    binary = losses.binary_cross_entropy(Value(p), 1).data
    assert demo("c02_logistic_regression").one_example().data == pytest.approx(binary, rel=1e-14)
    softmax = losses.softmax_cross_entropy(z, 0).data
    assert demo("c03_softmax_regression").loss_of(2.0, 1.0, -1.0).data == pytest.approx(softmax, rel=1e-14)
    assert demo("c07_losses").half_squared().data == losses.half_squared_error(y, [1.0, 2.0]).data


def by_name(f) -> dict[str, float]:
    found = gradients(f)
    return {leaf.label: found[leaf] for leaf in leaves(f) if leaf.label}


def test_c1_the_neuron_is_the_line_of_least_squares() -> None:
    script = demo("c01_linear_regression")
    points = script.marks("x")
    model, history = script.trained(points)
    slope, start = np.polyfit(points.inputs[:, 0], points.targets[:, 0], 1)
    assert model["layer1.neuron1.w1"].data == pytest.approx(slope, abs=1e-3)
    assert model["layer1.neuron1.b"].data == pytest.approx(start, abs=3e-3)
    residuals = points.targets[:, 0] - slope * points.inputs[:, 0] - start
    assert history.train_loss[-1] == pytest.approx(np.mean(residuals**2), rel=1e-4)


def test_c1_the_example_by_hand() -> None:
    loss = demo("c01_linear_regression").one_example()  # h = 2·3 − 1·1 + 0.5 = 5.5, (5.5 − 4)² = 2.25, 2·1.5 = 3
    assert loss.data == 2.25
    assert by_name(loss) == {"w1": 9, "x1": 6, "w2": 3, "x2": -3, "b": 3, "t": -3}


def test_c2_the_example_by_hand_and_the_loss_by_numpy() -> None:
    script = demo("c02_logistic_regression")
    p = 1 / (1 + exp(2))
    assert script.one_example().data == pytest.approx(-log(p), rel=1e-14)
    expected = {"w1": 0.5, "x1": 1.0, "w2": 1.5, "x2": -2.0, "b": 1.0}  # (p − 1) times the other factor
    assert by_name(script.one_example()) == {name: pytest.approx((p - 1) * x) for name, x in expected.items()}
    points = data.gaussian(200, noise=25, seed=1).zero_one()
    model, history = script.trained(points)
    p_all, t = forward(model, points.inputs)[1][-1], points.targets
    assert history.train_loss[-1] == pytest.approx(-np.mean(t * np.log(p_all) + (1 - t) * np.log(1 - p_all)), rel=1e-9)
    assert history.train_accuracy[-1] == share_right(model, points, 0.5) > 0.97


@pytest.mark.parametrize("scores", [(2.0, 1.0, -1.0), (1000.0, 1001.0, 999.0)])
def test_c3_the_loss_is_exact_where_e_to_the_z_overflows(scores: tuple[float, ...]) -> None:
    loss = demo("c03_softmax_regression").loss_of(*scores)
    moved = np.exp(np.array(scores) - max(scores))
    shares = moved / moved.sum()
    assert loss.data == pytest.approx(-np.log(shares[0]), rel=1e-9)
    assert list(by_name(loss).values()) == pytest.approx((shares - [1, 0, 0]).tolist(), rel=1e-9)


def test_c3_three_neurons_part_three_classes() -> None:
    script = demo("c03_softmax_regression")
    points = script.three_clouds()
    model, history = script.trained(points)
    z = forward(model, points.inputs)[1][-1]
    logs = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    assert history.train_loss[-1] == pytest.approx(-np.mean(logs[points.targets == 1]), rel=1e-9)
    assert history.train_accuracy[-1] == np.mean(z.argmax(axis=1) == points.labels) > 0.95


def test_c4_no_line_parts_xor_and_the_hidden_layer_does() -> None:
    script = demo("c04_xor")
    assert script.right(script.best_line()) / 4 == best_line(script.XOR.inputs, script.XOR.labels) == 0.75
    network = script.with_hidden_layer()
    assert script.right(network) == 4
    assert forward(network, script.XOR.inputs)[1][0].tolist() == [[0, 0], [1, 0], [1, 0], [2, 1]]


def test_c5_a_line_parts_the_hidden_plane_and_none_the_input_plane() -> None:
    script = demo("c05_two_layers")
    points, model = script.three_stripes(), script.network()
    hidden = np.maximum(points.inputs @ np.array([[-1, 1], [1, -1]]).T - 4, 0)
    assert np.array_equal(forward(model, points.inputs)[1][0], hidden)
    assert forward(model, np.array([[-4.0, 3.0]]))[1][0].tolist() == [[3, 0]]
    assert best_line(points.inputs, points.labels) < 0.9
    assert (hidden[points.labels == 0] == 0).all()
    assert (hidden[points.labels == 1].sum(axis=1) > 1).all()
    assert share_right(model, points) == 1


# C6 to C9: the parts of a network


def test_c6_the_outputs_are_those_that_are_drawn() -> None:
    binary, several, number = plots.output_layers().axes[0].child_axes
    z, p = next(line for line in binary.get_lines() if len(line.get_xdata()) > 2).get_data()
    assert p == pytest.approx(1 / (1 + np.exp(-z)), rel=1e-12)
    heights = np.array([bar.get_height() for bar in several.patches])
    assert heights == pytest.approx(np.exp([2, 1, -1]) / np.exp([2, 1, -1]).sum(), rel=1e-12)
    identity, relu = (line.get_data() for line in number.get_lines())
    assert np.array_equal(identity[0], identity[1])
    assert np.array_equal(relu[1], np.maximum(relu[0], 0))


def test_c7_half_of_the_squares_has_the_gradient_y_minus_t() -> None:
    loss = demo("c07_losses").half_squared()
    assert loss.data == 0.5 * (2**2 + 1.5**2)
    assert by_name(loss) == {"y1": 3 - 1, "y2": 0.5 - 2}


def test_c8_the_circle_needs_squares_and_two_clouds_do_not() -> None:
    script = demo("c08_features")
    cases = script.cases()
    shares = {}
    for name, examples in cases.items():
        model, shares[name] = script.logistic(examples)
        test = examples.zero_one().split(0.5, seed=5)[1]
        assert shares[name] == share_right(model, test, 0.5)
    assert shares["gaussian"] > 0.97
    assert shares["circle"] < 0.6
    assert shares["squares"] > 0.97
    assert best_line(cases["circle"].inputs, cases["circle"].labels) < 0.8  # no training could do better
    assert share_right(script.with_hidden_neurons(cases["circle"]), cases["circle"], 0.5) > 0.97


def test_c9_the_network_that_is_drawn_has_learnt_xor() -> None:
    script = demo("c09_network")
    points = data.xor(seed=1)
    assert share_right(script.random_network(), points) < 0.7
    assert share_right(script.trained(), points) > 0.97


# C10 to C13: how a network learns


@pytest.mark.parametrize("name", ["batch", "mini-batch", "stochastic"])
def test_c10_the_paths_are_those_of_numpy(name: str) -> None:
    script = demo("c10_gradient_descent")
    points, size = script.points(), script.SIZES[name]
    place = np.array(script.START)
    expected = [place]
    for epoch in range(script.EPOCHS):
        for batch in points.batches(size, seed=epoch):
            x, t = batch.inputs[:, 0], batch.targets[:, 0]
            error = place[0] * x + place[1] - t
            place = place - script.RATE * np.array([2 * np.mean(error * x), 2 * np.mean(error)])
            expected.append(place)
    path = np.array(script.descend(points, size))
    assert path == pytest.approx(np.array(expected), rel=1e-9)
    assert len(path) == 1 + script.EPOCHS * 40 // size
    x, t = points.inputs[:, 0], points.targets[:, 0]
    losses = script.curve(points, script.descend(points, size))["train_loss"]
    assert losses == pytest.approx([np.mean((w * x + b - t) ** 2) for w, b in expected], rel=1e-9)


def test_c10_the_smaller_the_batch_the_faster_and_the_rougher() -> None:
    script = demo("c10_gradient_descent")
    points = script.points()
    curves = [script.curve(points, script.descend(points, size)) for size in script.SIZES.values()]
    early = [float(np.interp(1.0, curve["epoch"], curve["train_loss"])) for curve in curves]
    rises = [float(np.mean(np.diff(curve["train_loss"]) > 0)) for curve in curves]
    assert early[0] > early[1] > early[2]
    assert rises[0] == 0 < rises[1] < rises[2]


def test_c11_dropout_keeps_the_test_loss_down() -> None:
    script = demo("c11_dropout")
    (alone, without), (_, kept) = script.trained(0.0), script.trained(script.P)
    assert len(alone.parameters()) == 1185
    assert without.train_loss[-1] < 0.02 < kept.train_loss[-1]
    assert without.test_loss[-1] > 4 * min(without.test_loss)  # it is learnt by heart
    assert kept.test_loss[-1] < 0.5 * without.test_loss[-1]


def test_c11_removed_neurons_have_a_cross_and_no_lines() -> None:
    model = MLP(3, [6, 6, 1])
    masks = [[0, 0, 0, 2, 2, 2], [2, 0, 2, 0, 2, 2], None]
    axes = plots.network(model, masks=masks).axes[0]
    assert len(axes.get_lines()) == 2 * (3 + 2)
    assert len(axes.collections[0].get_segments()) == 3 * 3 + 3 * 4 + 4
    with pytest.raises(ValueError, match=r"layers of \[6, 5, 1\] neurons; expected \[6, 6, 1\]"):
        plots.network(model, masks=[[1] * 6, [1] * 5, None])


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu"])
def test_c12_the_sizes_of_delta_are_those_of_numpy(name: str) -> None:
    script = demo("c12_vanishing_gradient")
    model = script.network(name)
    assert model.numbers() == script.network("sigmoid").numbers()  # the same weights for all
    examples = data.circle(script.EXAMPLES, seed=1)
    zs, activations = forward(model, examples.inputs)
    rows = layers(model)
    delta = activations[-1] - examples.targets
    found = [delta]
    for place in range(len(rows) - 1, 0, -1):
        delta = (delta @ rows[place][0]) * FUNCTIONS[rows[place - 1][2]][1](zs[place - 1])
        found.insert(0, delta)
    sizes = script.mean_sizes(model)
    assert sizes == pytest.approx([float(np.abs(delta).mean()) for delta in found], rel=1e-9)
    if name == "sigmoid":
        assert sizes[0] < 1e-5 * sizes[-1]
        assert all(before < after for before, after in pairwise(sizes))
    else:
        assert sizes[0] > 0.1 * sizes[-1]


def test_c13_the_error_falls_from_high_until_the_network_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    script = demo("c13_start_to_finish")
    points = data.circle(100, seed=1)
    seen, losses = drawn(script, "train", monkeypatch)
    assert tuple(seen) == script.SHOWN
    for epoch, model in seen.items():
        output = forward(model, points.inputs)[1][-1]
        assert losses[epoch] == pytest.approx(np.mean(0.5 * (output - points.targets) ** 2), rel=1e-9)
    assert losses[0] > 0.5
    assert losses[-1] < 0.01
    assert share_right(seen[0], points) < 0.7
    assert share_right(seen[100], points) == 1


def test_c13_one_step_by_hand() -> None:
    before, after = demo("c13_start_to_finish").one_step()
    h = tanh(0.5 * 1.5)
    y = -h
    assert before.data == pytest.approx(0.5 * (y - 1) ** 2, rel=1e-14)
    expected = {"w1": (y - 1) * -1 * (1 - h * h) * 1.5, "w2": (y - 1) * h}
    found = by_name(before)
    assert {name: found[name] for name in expected} == {name: pytest.approx(g) for name, g in expected.items()}
    y = (-1 - 0.1 * expected["w2"]) * tanh((0.5 - 0.1 * expected["w1"]) * 1.5)
    assert after.data == pytest.approx(0.5 * (y - 1) ** 2, rel=1e-14)
    assert after.data < before.data


# The Playground's data, and the digits


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("name", "least"), [("circle", 0.97), ("xor", 0.97), ("gaussian", 0.97), ("spiral", 0.95)])
def test_the_playgrounds_data_are_learnt(name: str, least: float, seed: int) -> None:
    script = demo("cx_playground")
    model, history = script.trained(name, seed)
    test = script.examples(name, seed).split(0.5, seed=seed)[1]
    if name != "spiral":
        assert [layer.n_out for layer in model.layers] == [4, 2, 1]
    assert history.test_accuracy[-1] == share_right(model, test) > least


def test_digits_are_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    predictor, test, history = drawn(demo("cx_digits"), "trained", monkeypatch)
    said = np.array(predictor.classes(test.inputs))
    assert history.test_accuracy[-1] == np.mean(said == np.array(test.classes)[test.labels]) > 0.95
