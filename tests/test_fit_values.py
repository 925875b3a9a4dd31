"""The Values of a model during and after a run: a callback may set them, and what cannot be is not kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from micrograd_es import MLP, fit, optim
from micrograd_es.training import TrainingError

pytest.importorskip("llvmlite")

LINE = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]
RUNNERS = ("eager", "numpy", "fast")


def clip(model: MLP) -> None:
    for value in model.parameters():
        value.data = max(-0.4, min(0.4, float(value.data)))


def set_one(model: MLP) -> None:
    model["layer1.neuron1.w1"] = 0.25


def go_back(model: MLP) -> None:
    model.load_state_dict(MLP(1, [2, 1], activation="tanh", seed=3).state_dict())


def clip_and_fail(model: MLP) -> None:
    clip(model)
    raise RuntimeError("enough")


def clip_and_interrupt(model: MLP) -> None:
    clip(model)
    raise KeyboardInterrupt


@pytest.mark.parametrize("change", [clip, set_one, go_back, clip_and_fail, clip_and_interrupt])
@pytest.mark.parametrize("make", [lambda: optim.SGD(0.2), lambda: optim.Adam(0.1)], ids=["sgd", "adam"])
def test_a_run_goes_on_from_the_numbers_that_a_callback_sets(
    change: Callable[[MLP], Any], make: Callable[[], optim.Optimizer]
) -> None:
    found = []
    for runner in RUNNERS:
        model = MLP(1, [2, 1], activation="tanh", seed=3)
        try:
            callbacks = [lambda progress: change(progress.model)]
            fit(model, LINE, loss="mse", optimizer=make(), epochs=4, callbacks=callbacks, runner=runner)
        except (RuntimeError, KeyboardInterrupt):
            assert change in (clip_and_fail, clip_and_interrupt)
        found.append(list(model.state_dict().values()))
    assert found[1] == pytest.approx(found[0], rel=1e-12)
    assert found[2] == pytest.approx(found[0], rel=1e-12)


@pytest.mark.parametrize("make", [optim.SGD, optim.Momentum, optim.Nesterov])
def test_a_step_to_a_number_that_is_not_finite_leaves_the_parameters_as_they_were(
    make: Callable[..., optim.Optimizer],
) -> None:
    found, told = [], []
    for runner in RUNNERS:
        model = MLP(1, [1], seed=1)
        with pytest.raises(
            TrainingError, match="training stopped at step 6, in epoch 6: what step 5 makes of"
        ) as caught:
            optimizer = make(lambda step: 0.01 if step < 5 else 1e308)
            fit(model, (LINE[0], [100.0, 300.0, 500.0]), loss="mse", optimizer=optimizer, epochs=9, runner=runner)
        told.append(str(caught.value))
        found.append(list(model.state_dict().values()))
    assert told[0] == told[1] == told[2]
    assert found[1] == pytest.approx(found[0], rel=1e-12)
    assert found[2] == pytest.approx(found[0], rel=1e-12)


def test_parameters_whose_squares_are_too_large_are_no_fault() -> None:
    model = MLP(1, [1], seed=1)
    model["layer1.neuron1.w1"] = 1e200
    history = fit(model, ([[0.0], [0.0]], [1.0, 1.0]), loss="mse", optimizer=optim.SGD(0.4), epochs=40)
    assert model["layer1.neuron1.w1"].data == 1e200
    assert model["layer1.neuron1.b"].data == pytest.approx(1)
    assert history.epochs == 40


@pytest.mark.parametrize("runner", ["numpy", "fast"])
def test_a_loss_too_large_to_be_measured_names_the_operation_and_the_example(runner: str) -> None:
    far = [[0.0], [1e200]], [0.0, 0.0]
    with pytest.raises(
        TrainingError, match=r"in epoch 1: in the test data, pow\(.*\(mse\): .*too large.*; in example 1 of the batch"
    ):
        fit(MLP(1, [1], seed=1), LINE, loss="mse", optimizer=optim.SGD(0.2), epochs=3, test=far, runner=runner)


@pytest.mark.parametrize("runner", ["numpy", "fast"])
def test_a_callback_finds_what_the_optimiser_remembers_in_the_order_of_the_model(runner: str) -> None:
    def saved(how: str) -> list[dict[str, Any]]:
        model, optimizer = MLP(1, [3, 2, 1], activation="tanh", seed=3), optim.Momentum(0.1)
        found: list[dict[str, Any]] = []
        look = lambda progress: found.append(optimizer.state_dict())  # noqa: E731
        fit(model, LINE, loss="mse", optimizer=optimizer, epochs=3, callbacks=[look], runner=how)
        return [*found, optimizer.state_dict()]

    for theirs, ours in zip(saved("eager"), saved(runner), strict=True):
        assert ours["memory"]["velocity"] == pytest.approx(theirs["memory"]["velocity"], rel=1e-12)


@pytest.mark.parametrize("runner", RUNNERS)
def test_what_a_callback_makes_the_optimiser_remember_is_gone_on_from(runner: str) -> None:
    model, optimizer = MLP(1, [2, 1], activation="tanh", seed=3), optim.Momentum(0.1)

    def forget(progress: Any) -> None:
        state = optimizer.state_dict()
        state["memory"]["velocity"] = [float(i) for i in range(7)]
        optimizer.load_state_dict(state)

    fit(model, LINE, loss="mse", optimizer=optimizer, epochs=1, callbacks=[forget], runner=runner)
    assert optimizer.state_dict()["memory"]["velocity"] == [float(i) for i in range(7)]
