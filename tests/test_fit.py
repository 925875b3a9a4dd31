"""Training: the same numbers however it runs, what is left in the model, and runs that stop and go on."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from micrograd_es import losses, optim
from micrograd_es.data import Data, gaussian, moons, xor
from micrograd_es.nn import MLP, Module
from micrograd_es.training import Checkpoint, History, Progress, TrainingError, fit
from micrograd_es.value import Value

pytest.importorskip("llvmlite")

THREE = Data.labelled([[0.1, 1], [2, -1], [0.5, 0.2], [1, 1], [-1, 0.3], [0.4, -2]], ["a", "b", "c", "a", "b", "c"])
TWO = moons(12, noise=0.1, seed=3)
LINE = Data([[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0], kind="regression")


def network(data: Data, outputs: int, output: str = "linear", dropout: float = 0.0, seed: int = 4) -> MLP:
    return MLP(data.inputs.shape[1], [5, 4, outputs], ["tanh", "relu"], output, dropout=dropout, seed=seed)


# fmt: off
CASES: dict[str, tuple[Data, Callable[[], MLP], str, Callable[[], optim.Optimizer], dict[str, Any]]] = {
    "mse": (LINE, lambda: network(LINE, 1), "mse", lambda: optim.SGD(0.05), {}),
    "momentum": (TWO, lambda: network(TWO, 1, "tanh"), "half_squared_error", lambda: optim.Momentum(0.05), {}),
    "logit": (TWO, lambda: network(TWO, 1), "binary_cross_entropy_with_logits", lambda: optim.Adam(0.02), {}),
    "probability": (TWO, lambda: network(TWO, 1, "sigmoid"), "binary_cross_entropy", lambda: optim.Nesterov(0.02), {}),
    "classes": (THREE, lambda: network(THREE, 3), "softmax_cross_entropy", lambda: optim.AdamW(0.02), {}),
    "softmax": (THREE, lambda: network(THREE, 3, "softmax"), "cross_entropy", lambda: optim.SGD(0.1), {}),
    "penalty": (TWO, lambda: network(TWO, 1), "hinge", lambda: optim.SGD(optim.linear(0.5, 0.1, 20)),
                {"penalty": lambda model: 1e-2 * losses.l2(model.weights())}),
    "dropout": (TWO, lambda: network(TWO, 1, dropout=0.3), "hinge", lambda: optim.SGD(0.1), {}),
    "two masks": (THREE, lambda: network(THREE, 3, dropout=0.5), "softmax_cross_entropy", lambda: optim.Adam(0.01), {}),
}
# fmt: on


@pytest.mark.parametrize("name", CASES)
def test_a_run_has_the_same_numbers_through_values_in_numpy_and_compiled(name: str) -> None:
    data, make, loss, optimizer, options = CASES[name]
    found = {}
    for runner in ("eager", "numpy", "fast"):
        model = make()
        history = fit(
            model, data, loss=loss, optimizer=optimizer(), epochs=8, batch_size=5, test=data, runner=runner, **options
        )
        numbers = [*history.step_loss, *history.train_loss, *history.test_loss, *model.state_dict().values()]
        found[runner] = np.array(numbers), history.train_accuracy
    assert found["eager"][1] == found["numpy"][1] == found["fast"][1]
    for runner in ("numpy", "fast"):
        np.testing.assert_allclose(found[runner][0], found["eager"][0], rtol=1e-9, atol=1e-12)


def test_the_loss_of_a_step_and_of_an_epoch_are_those_that_numpy_computes() -> None:
    model = MLP.from_numbers([[[2.0]]], [[0.5]])
    history = fit(model, LINE, loss="mse", optimizer=optim.SGD(0.1), epochs=1)
    x, t = LINE.inputs[:, 0], LINE.targets[:, 0]
    y = 2 * x + 0.5
    assert history.step_loss == [pytest.approx(np.mean((y - t) ** 2), rel=1e-14)]
    w, b = 2 - 0.1 * np.mean(2 * (y - t) * x), 0.5 - 0.1 * np.mean(2 * (y - t))
    assert list(model.state_dict().values()) == pytest.approx([w, b], rel=1e-14)
    assert history.train_loss == [pytest.approx(np.mean((w * x + b - t) ** 2), rel=1e-14)]
    assert history.train_accuracy == []


def test_dropout_acts_on_steps_only_and_leaves_the_mode_of_the_model() -> None:
    model = network(TWO, 1, dropout=0.5).eval()
    history = fit(model, TWO, loss="hinge", optimizer=optim.SGD(0.0), epochs=3)
    assert len(set(history.step_loss)) == 3  # another mask each time
    assert len(set(history.train_loss)) == 1
    assert not model.training


def test_the_optimiser_can_go_on_by_hand_after_a_recorded_run() -> None:
    def run(runner: str) -> list[float]:
        model, optimizer = network(LINE, 1), optim.Adam(0.05)
        fit(model, LINE, loss="mse", optimizer=optimizer, epochs=3, runner=runner)
        for _ in range(2):
            model.zero_grad()
            losses.mean(losses.mse(model(x), t) for x, t in LINE).backward()
            optimizer.step(model.parameters())
        return list(model.state_dict().values())

    assert run("numpy") == pytest.approx(run("eager"), rel=1e-9)


def test_an_epoch_sees_every_example_once_in_another_order() -> None:
    seen: list[list[float]] = []

    def loss(outputs: list[Value], targets: list[Any]) -> Value:
        seen.append(list(targets))
        return losses.mse(outputs, targets)

    fit(MLP(1, [1]), LINE, loss=loss, epochs=2, batch_size=3, runner="eager")
    ends = [t for t, *_ in seen]
    epochs = ends[:4], ends[8:12]  # each epoch is followed by measuring all four
    assert sorted(epochs[0]) == sorted(epochs[1]) == [1.0, 3.0, 5.0, 7.0]
    assert epochs[0] != epochs[1]


def test_batches_are_in_the_order_of_the_data_without_shuffling() -> None:
    model = MLP.from_numbers([[[0.0]]], [[0.0]])
    history = fit(model, LINE, loss="mse", optimizer=optim.SGD(0.0), epochs=1, batch_size=3, shuffle=False)
    assert history.step_loss == [pytest.approx((1 + 9 + 25) / 3), 49]


# Stopping


def test_patience_stops_and_leaves_the_best_parameters() -> None:
    model = MLP.from_numbers([[[0.0]]], [[0.0]])
    test = Data([[1.0]], [1.0], kind="regression")  # the line through the data gives 3 there
    kept: list[dict[str, float]] = []
    history = fit(
        model,
        LINE,
        loss="mse",
        optimizer=optim.SGD(0.01),
        epochs=500,
        test=test,
        patience=4,
        callbacks=[lambda progress: kept.append(progress.model.state_dict())],
    )
    assert history.stopped == "patience"
    best = int(np.argmin(history.test_loss))
    assert history.epochs == best + 1 + 4 < 500
    assert model.state_dict() == kept[best] != kept[-1]


def test_a_callback_sees_the_model_as_it_is_and_can_stop_the_run() -> None:
    model, seen = MLP(1, [1], seed=1), []

    def look(progress: Progress) -> bool:
        seen.append((progress.epoch, progress.epochs, progress.model["layer1.neuron1.w1"].data))
        return progress.epoch == 3

    history = fit(model, LINE, loss="mse", optimizer=optim.SGD(0.01), epochs=10, callbacks=[look])
    assert [(a, b) for a, b, _ in seen] == [(1, 10), (2, 10), (3, 10)]
    assert len({w for *_, w in seen}) == 3
    assert (history.stopped, history.epochs, seen[-1][2]) == ("callback", 3, model["layer1.neuron1.w1"].data)


def pressing_ctrl_c(after: int) -> Callable[[list[Value], Any], Value]:
    """A loss that presses Ctrl-C when it has been called that often."""
    calls = 0

    def mse(outputs: list[Value], targets: Any) -> Value:
        nonlocal calls
        calls += 1
        if calls == after:
            os.kill(os.getpid(), signal.SIGINT)
        return losses.mse(outputs, targets)

    return mse


def test_ctrl_c_keeps_what_was_learnt_and_the_run_goes_on_from_its_checkpoint_as_if_nothing_had_been(
    tmp_path: Path,
) -> None:
    def run(model: MLP, loss: Any, runner: str, **options: Any) -> History:
        return fit(
            model, LINE, loss=loss, optimizer=optim.Momentum(0.01), epochs=4, batch_size=2, runner=runner, **options
        )

    whole, cut, path = network(LINE, 1), network(LINE, 1), tmp_path / "run.json"
    expected = run(whole, "mse", "eager")
    # an epoch calls the loss 4 times for its steps and 4 times to measure: call 10 is in the first step of the second
    stopped = run(cut, pressing_ctrl_c(10), "eager", checkpoint=path)
    assert (stopped.stopped, stopped.epochs, len(stopped.step_loss)) == ("interrupted", 1, 3)
    assert Checkpoint.load(path).parameters == cut.state_dict()
    again = network(LINE, 1, seed=99)
    history = run(again, "mse", "numpy", checkpoint=path, resume=True)
    assert history.step_loss == pytest.approx(expected.step_loss, rel=1e-9)
    assert history.train_loss == pytest.approx(expected.train_loss, rel=1e-9)
    assert list(again.state_dict().values()) == pytest.approx(list(whole.state_dict().values()), rel=1e-9)
    assert history.stopped == ""


def test_python_has_its_own_ctrl_c_back_after_a_run() -> None:
    before = signal.getsignal(signal.SIGINT)
    fit(MLP(1, [1]), LINE, loss="mse", epochs=1)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("runner", ["eager", "numpy", "fast"])
def test_a_loss_that_is_no_number_stops_with_the_step_and_the_reason(runner: str) -> None:
    model = MLP.from_numbers([[[1.0]], [[1.0]]], [[0.0], [0.0]], activation="linear")
    with pytest.raises(TrainingError, match=r"step \d+, in epoch \d+: .*smaller rate \(it is 10\)") as caught:
        fit(model, LINE, loss="mse", optimizer=optim.SGD(10.0), epochs=500, runner=runner)
    assert any(name in str(caught.value) for name in ("mul", "pow", "add", "sub", "gradient", "step"))
    assert np.isfinite(list(model.state_dict().values())).all()


# Checkpoints


def test_a_run_goes_on_from_a_checkpoint_with_the_memory_of_its_optimiser(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    straight, halves = network(TWO, 1, dropout=0.2), network(TWO, 1, dropout=0.2)
    options: dict[str, Any] = {"loss": "hinge", "batch_size": 5, "seed": 7, "test": TWO}
    expected = fit(straight, TWO, optimizer=optim.Adam(0.01), epochs=9, **options)
    fit(halves, TWO, optimizer=optim.Adam(0.01), epochs=4, checkpoint=path, **options)
    resumed = network(TWO, 1, dropout=0.2, seed=50)
    history = fit(resumed, TWO, optimizer=optim.Adam(0.01), epochs=9, checkpoint=path, resume=True, **options)
    assert history == expected
    assert resumed.state_dict() == straight.state_dict()


def test_resume_without_a_file_begins_and_with_a_finished_run_does_nothing_more(tmp_path: Path) -> None:
    path, model = tmp_path / "run.json", network(LINE, 1)
    options: dict[str, Any] = {"loss": "mse", "epochs": 3, "checkpoint": path, "resume": True}
    first = fit(model, LINE, **options)
    learnt = model.state_dict()
    assert fit(model, LINE, **options) == first
    assert model.state_dict() == learnt


def broken(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: len(text) // 2], encoding="utf-8")


def of_another_kind(path: Path) -> None:
    path.write_text(json.dumps({"format": "something"}), encoding="utf-8")


def with_a_text(path: Path) -> None:
    data = json.loads(path.read_text(encoding="utf-8"))
    data["parameters"]["layer1.neuron1.w1"] = "one"
    path.write_text(json.dumps(data), encoding="utf-8")


# fmt: off
WRONG: dict[str, tuple[Callable[[Path], object], dict[str, Any], str]] = {
    "cut in half": (broken, {}, "is no checkpoint of micrograd_es"),
    "another file": (of_another_kind, {}, "is no checkpoint of micrograd_es"),
    "a text for a number": (with_a_text, {}, "layer1.neuron1.w1"),
    "another network": (lambda p: None, {"model": MLP(1, [2, 1])}, r"a run with network .MLP\(1 → 1 linear; 2 param"),
    "another activation": (lambda p: None, {"model": MLP(1, [1], output="tanh")}, r"and this one has .MLP\(1 → 1 tanh"),
    "another optimiser": (lambda p: None, {"optimizer": optim.SGD(0.1)}, "the state is that of 'adam'"),
    "another batch": (lambda p: None, {"batch_size": 1}, "a run with batch_size 2, and this one has 1"),
    "other data": (lambda p: None, {"data": LINE[:3]}, "a run with examples 4, and this one has 3"),
    "another seed": (lambda p: None, {"seed": 5}, "a run with seed 0, and this one has 5"),
}
# fmt: on


@pytest.mark.parametrize("name", WRONG)
def test_a_checkpoint_that_does_not_fit_is_one_error_and_stays_as_it_is(name: str, tmp_path: Path) -> None:
    spoil, changed, message = WRONG[name]
    path = tmp_path / "run.json"
    fit(MLP(1, [1]), LINE, loss="mse", optimizer=optim.Adam(0.1), epochs=2, batch_size=2, checkpoint=path)
    spoil(path)
    before = path.read_bytes()
    options = {"model": MLP(1, [1], seed=8), "data": LINE, "optimizer": optim.Adam(0.1), "batch_size": 2, **changed}
    model: Module = options.pop("model")
    learnt = model.state_dict()
    with pytest.raises((ValueError, TypeError), match=message):
        fit(model, options.pop("data"), loss="mse", epochs=9, checkpoint=path, resume=True, **options)
    assert path.read_bytes() == before
    assert model.state_dict() == learnt


def test_a_checkpoint_in_no_folder_is_an_error_before_anything_is_learnt(tmp_path: Path) -> None:
    model = MLP(1, [1])
    before = model.state_dict()
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        fit(model, LINE, loss="mse", checkpoint=tmp_path / "nowhere" / "run.json")
    assert model.state_dict() == before


# What does not fit

# fmt: off
REFUSED: dict[str, tuple[Callable[[], object], type[Exception], str]] = {
    "inputs": (lambda: fit(MLP(3, [1]), LINE, loss="mse"), ValueError, r"1 input \(x1\) and the network takes 3"),
    "outputs": (lambda: fit(MLP(1, [2]), LINE, loss="mse"), ValueError, "2 outputs and the data 1 target for mse"),
    "classes": (lambda: fit(MLP(2, [2]), THREE, loss="softmax_cross_entropy"), ValueError, "Give the last layer 3"),
    "loss": (lambda: fit(MLP(1, [1]), LINE, loss="mes"), ValueError, "the loss is 'mes'; .* Did you mean 'mse'"),
    "runner": (lambda: fit(MLP(1, [1]), LINE, loss="mse", runner="gpu"), ValueError, "runner is 'gpu'; expected one"),
    "epochs": (lambda: fit(MLP(1, [1]), LINE, loss="mse", epochs=-1), ValueError, "epochs is -1; expected 0 or more"),
    "batch": (lambda: fit(MLP(1, [1]), LINE, loss="mse", batch_size=0), ValueError, "batch_size is 0; expected 1"),
    "an array": (
        lambda: fit(MLP(2, [1]), np.zeros((30, 2)), loss="mse"),  # type: ignore[arg-type]
        TypeError,
        r"the data is array\(\[\[0\., 0\.\], \[0\., .* Write both in one pair",
    ),
    "data": (lambda: fit(MLP(1, [1]), [1, 2, 3], loss="mse"), TypeError, r"expected Data, or a pair"),
    "empty": (lambda: fit(MLP(1, [1]), ([], []), loss="mse"), ValueError, "the inputs are empty"),
    "nan": (lambda: fit(MLP(1, [1]), ([[np.nan]], [1.0]), loss="mse"), ValueError, "expected a finite number"),
    "test": (lambda: fit(MLP(1, [1]), LINE, loss="mse", test=TWO), ValueError, "the test data have 2 inputs"),
    "resume": (lambda: fit(MLP(1, [1]), LINE, loss="mse", resume=True), ValueError, "resume was asked for without"),
    "signs": (lambda: fit(MLP(1, [1]), LINE, loss="hinge"), ValueError, "a target of hinge is 3.0"),
    "no parameters": (lambda: fit(Module(), LINE, loss="mse"), ValueError, "has no parameters to learn"),
}
# fmt: on


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_one_clear_error(name: str) -> None:
    call, kind, message = REFUSED[name]
    with pytest.raises(kind, match=message):
        call()


def test_an_optimiser_of_another_network_is_refused() -> None:
    optimizer = optim.Momentum(0.1)
    fit(MLP(1, [1]), LINE, loss="mse", optimizer=optimizer, epochs=1)
    for runner in ("numpy", "eager"):
        with pytest.raises(ValueError, match="has moved 2 parameters before and the model has 4"):
            fit(MLP(1, [1, 1]), LINE, loss="mse", optimizer=optimizer, epochs=1, runner=runner)


# A module of the user's own, and what the set of a class needs


class Parabola(Module):
    """a·x² + b, without a layer."""

    def __init__(self) -> None:
        self.a, self.b = Value(0.1, "a"), Value(0.0, "b")

    def forward(self, x: Any) -> Value:
        return self.a * x[0] * x[0] + self.b


@pytest.mark.parametrize("runner", ["eager", "numpy", "fast"])
def test_a_module_of_ones_own_learns_too(runner: str) -> None:
    x = np.linspace(-1, 1, 9)[:, None]
    model = Parabola()
    fit(model, (x, 3 * x**2 - 1), loss="mse", optimizer=optim.SGD(0.5), epochs=200, runner=runner)
    assert model.state_dict() == pytest.approx({"a": 3.0, "b": -1.0}, abs=1e-3)


def test_accuracy_counts_the_rows_whose_class_is_right() -> None:
    data = Data([[-2.0], [-1.0], [1.0], [2.0]], [-1, 1, 1, 1])
    for loss, output in (
        ("hinge", "linear"),
        ("binary_cross_entropy", "sigmoid"),
        ("binary_cross_entropy_with_logits", "linear"),
        ("half_squared_error", "tanh"),
    ):
        model = MLP.from_numbers([[[1.0]]], [[0.0]], output=output)
        history = fit(model, data, loss=loss, optimizer=optim.SGD(0.0), epochs=1)
        assert history.train_accuracy == [0.75], loss


def test_a_bar_is_shown_where_it_is_asked_for(capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tqdm")
    fit(MLP(1, [1]), LINE, loss="mse", epochs=3, progress=True)
    assert "3/3" in capfd.readouterr().err
    fit(MLP(1, [1]), LINE, loss="mse", epochs=3)
    assert capfd.readouterr().err == ""


# What it must reach


@pytest.mark.parametrize("make", [gaussian, xor])
def test_the_playgrounds_default_network_learns_its_easier_sets(make: Callable[..., Data]) -> None:
    train, test = make(seed=2).split(0.5, seed=2)
    model = MLP(2, [4, 2, 1], activation="tanh", output="tanh", init=0.5, seed=1)
    history = fit(
        model, train, loss="half_squared_error", optimizer=optim.SGD(0.03), epochs=300, batch_size=10, test=test
    )
    assert history.test_accuracy[-1] > 0.97
