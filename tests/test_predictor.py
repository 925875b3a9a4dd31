"""Networks that have learnt, in files: what is read back predicts what was written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from micrograd_es import optim
from micrograd_es.data import Data, moons, yin_yang
from micrograd_es.nn import MLP, Dropout, Layer, Sequential
from micrograd_es.training import Predictor, Preparation, fit

TWO = moons(40, noise=0.1, seed=1)
THREE = yin_yang(60, seed=1)


def trained(data: Data, model: Sequential, loss: str, preparation: Preparation) -> Predictor:
    fit(model, preparation.data(data), loss=loss, optimizer=optim.Adam(0.05), epochs=150)
    return Predictor(model, loss, preparation)


MODELS: dict[str, Callable[[], Predictor]] = {
    "two classes": lambda: trained(TWO, MLP(2, [8, 1], output="tanh"), "half_squared_error", Preparation.of(TWO)),
    "features and scale": lambda: trained(
        TWO,
        MLP(3, [8, 1], activation="leaky_relu", dropout=0.1),
        "binary_cross_entropy_with_logits",
        Preparation.of(TWO, ["x1", "x2", "x1*x2"], standardise=True),
    ),
    "three classes": lambda: trained(
        THREE, MLP(2, [9, 6, 3], activation=["relu", "tanh"]), "softmax_cross_entropy", Preparation.of(THREE)
    ),
    "without biases": lambda: trained(TWO, MLP(2, [9, 1], bias=False), "hinge", Preparation.of(TWO)),
}


@pytest.mark.parametrize("name", MODELS)
def test_what_a_file_holds_predicts_the_same(name: str, tmp_path: Path) -> None:
    predictor, data = MODELS[name](), THREE if "three" in name else TWO
    read = Predictor.load(predictor.save(tmp_path / "model.json"))
    assert repr(read.model) == repr(predictor.model)
    np.testing.assert_array_equal(read.outputs(data.inputs), predictor.outputs(data.inputs))
    found = read.classes(data.inputs)
    assert found == predictor.classes(data.inputs)
    right = np.mean([name == data.classes[label] for name, label in zip(found, data.labels, strict=True)])
    assert right > 0.8


def test_an_output_is_that_of_the_network_for_the_prepared_row() -> None:
    predictor = MODELS["features and scale"]()
    scaling = predictor.preparation.scaling
    assert scaling is not None
    x1, x2 = 0.3, -1.2
    row = (np.array([x1, x2, x1 * x2]) - scaling.mean) / scaling.deviation
    expected = predictor.model.eval()(row.tolist())[0].data
    assert predictor.outputs([[x1, x2]])[0, 0] == pytest.approx(expected, rel=1e-12)


def test_a_predictor_follows_a_network_that_goes_on_learning() -> None:
    predictor = MODELS["two classes"]()
    before = predictor.outputs(TWO.inputs)
    predictor.model["layer1.neuron1.w1"] = 5.0
    assert (predictor.outputs(TWO.inputs) != before).any()


def half(text: str) -> str:
    return text[: len(text) // 2]


def with_another_layer(text: str) -> str:
    data = json.loads(text)
    data["layers"]["sizes"] = [5, 1]
    return json.dumps(data)


@pytest.mark.parametrize("spoil", [half, with_another_layer, lambda text: "[1, 2]", lambda text: '{"format": "?"}'])
def test_another_file_is_one_error_that_names_it(spoil: Callable[[str], str], tmp_path: Path) -> None:
    path = Predictor(MLP(2, [3, 1]), "hinge", Preparation.of(TWO)).save(tmp_path / "model.json")
    path.write_text(spoil(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(ValueError, match=r"model\.json is no model of micrograd_es"):
        Predictor.load(path)


@pytest.mark.parametrize(
    "model",
    [
        MLP(2, [3, 1], activation=lambda z: z * z),
        Sequential(Layer(2, 3, "tanh"), lambda xs: xs, Layer(3, 1)),
        Sequential(Dropout(0.2), Layer(2, 1)),
        Sequential(Layer(2, 3, bias=False), Layer(3, 1)),
    ],
)
def test_a_network_that_a_file_cannot_hold_is_refused(model: Sequential) -> None:
    with pytest.raises(TypeError, match="a file cannot hold"):
        Predictor(model, "mse", Preparation.of(TWO))


def test_what_does_not_fit_is_one_error() -> None:
    predictor = MODELS["two classes"]()
    with pytest.raises(ValueError, match=r"3 columns; expected 2: x1, x2"):
        predictor.outputs([[1.0, 2.0, 3.0]])
    line = Data([[0.0], [1.0]], [1.0, 2.0], kind="regression")
    with pytest.raises(ValueError, match="that of a regression"):
        Predictor(MLP(1, [1]), "mse", Preparation.of(line)).classes([[1.0]])
