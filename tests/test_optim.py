"""Optimisers: their rules by hand, floats and arrays alike, their state, and what they refuse."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from micrograd_es import Value, optim
from micrograd_es.optim import OPTIMIZERS, SCHEDULES, SGD, Adam, AdamW, Momentum, Nesterov, Optimizer

SETTINGS: list[Callable[[], Optimizer]] = [
    lambda: SGD(0.1),
    lambda: SGD(0.1, weight_decay=0.1),
    lambda: SGD(0.1, momentum=0.5, nesterov=True, weight_decay=0.1),
    lambda: Momentum(0.1),
    lambda: Nesterov(0.1),
    lambda: Adam(0.1),
    lambda: Adam(optim.cosine(0.1, 5), betas=(0.5, 0.7), weight_decay=0.2),
    lambda: AdamW(optim.warm_up(0.1, 3)),
]


def gradient_of(numbers: list[float]) -> list[float]:
    """The gradient of a function with its minimum at 1, 2, 3 …"""
    return [(i + 1) * (x - i - 1) for i, x in enumerate(numbers)]


def by_values(optimizer: Optimizer, start: list[float], steps: int) -> list[float]:
    values = [Value(x) for x in start]
    for _ in range(steps):
        for value, slope in zip(values, gradient_of([float(v.data) for v in values]), strict=True):
            value.grad = slope
        optimizer.step(values)
    return [float(v.data) for v in values]


def by_arrays(optimizer: Optimizer, start: list[float], steps: int) -> list[float]:
    parameters = np.array(start)
    for _ in range(steps):
        gradients = np.array(gradient_of(parameters.tolist()))
        before = gradients.copy()
        optimizer.update(parameters, gradients)
        assert (gradients == before).all()
    found: list[float] = parameters.tolist()
    return found


def test_the_first_steps_by_hand() -> None:
    assert by_values(SGD(0.5), [3.0], 1) == [2.0]  # 3 − 0.5·2
    assert by_values(SGD(0.5, weight_decay=1.0), [3.0], 1) == [0.5]  # 3 − 0.5·(2 + 3)
    assert by_values(Momentum(0.5, 0.5), [3.0], 2) == [1.0]  # v = 2, θ = 2; v = 1 + 1 = 2, θ = 1
    assert by_values(Nesterov(0.5, 0.5), [3.0], 1) == [1.5]  # v = 2, θ = 3 − 0.5·(2 + 1)
    assert by_values(Adam(0.5, eps=0.0), [3.0], 1) == pytest.approx([2.5])  # the sign of the gradient
    assert by_values(AdamW(0.5, eps=0.0, weight_decay=0.2), [3.0], 1) == pytest.approx([2.2])  # 3·0.9 − 0.5


@pytest.mark.parametrize("make", SETTINGS)
def test_values_and_arrays_follow_the_same_rule(make: Callable[[], Optimizer]) -> None:
    start = [random.Random(2).uniform(-3, 3) for _ in range(6)]
    assert by_values(make(), start, 9) == pytest.approx(by_arrays(make(), start, 9), rel=1e-13)


@pytest.mark.parametrize("make", [m for m in SETTINGS if not callable(m().rate)])
def test_every_optimiser_finds_the_minimum(make: Callable[[], Optimizer]) -> None:
    if not getattr(make(), "weight_decay", 0):
        assert by_arrays(make(), [-1.0, 5.0, 2.0], 2000) == pytest.approx([1, 2, 3], abs=1e-3)


@pytest.mark.parametrize("make", SETTINGS)
@pytest.mark.parametrize("one", [by_values, by_arrays])
@pytest.mark.parametrize("other", [by_values, by_arrays])
def test_a_saved_state_goes_on_where_it_stopped_by_either_way(
    make: Callable[[], Optimizer],
    one: Callable[..., list[float]],
    other: Callable[..., list[float]],
) -> None:
    whole = by_arrays(make(), [-1.0, 5.0], 7)
    first, second = make(), make()
    halfway = one(first, [-1.0, 5.0], 3)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert other(second, halfway, 4) == pytest.approx(whole, rel=1e-12)
    assert second.steps == 7


def test_an_update_of_float32_stays_float32() -> None:
    parameters = np.ones(3, np.float32)
    optimizer = Adam(0.1)
    optimizer.update(parameters, np.ones(3, np.float32))
    assert parameters.dtype == np.float32
    assert all(slot.dtype == np.float32 for slot in optimizer._memory)


def test_gradient_descent_of_exact_numbers_is_exact() -> None:
    w = Value(Fraction(3), "w")
    (w * w / 2).backward()
    SGD(rate=Fraction(1, 3)).step([w])  # type: ignore[arg-type]
    assert w.data == 2


def test_a_schedule_is_asked_for_every_step() -> None:
    asked: list[int] = []
    optimizer = SGD(rate=lambda k: asked.append(k) or 0.1)  # type: ignore[func-returns-value]
    by_values(optimizer, [1.0, 2.0], 3)
    assert asked == [0, 1, 2]


def test_schedules_at_their_ends() -> None:
    assert [optim.cosine(1.0, 4, 0.2)(k) for k in (0, 2, 4, 9)] == pytest.approx([1.0, 0.6, 0.2, 0.2])
    assert [optim.linear(1.0, 0.1, 100)(k) for k in range(0, 101, 25)] == pytest.approx(
        [1 - 0.9 * k / 100 for k in range(0, 101, 25)]
    )
    falling = optim.warm_up(optim.exponential(1.0, 0.5), 2)
    assert [falling(k) for k in range(5)] == [0.5, 1.0, 1.0, 0.5, 0.25]
    assert all(make.__name__ == name for name, make in SCHEDULES.items())


def test_the_tables_have_the_optimisers_by_name() -> None:
    assert {name: kind.__name__ for name, kind in OPTIMIZERS.items()} == {
        "sgd": "SGD",
        "momentum": "Momentum",
        "nesterov": "Nesterov",
        "adam": "Adam",
        "adamw": "AdamW",
    }
    assert [repr(SGD(0.1)), repr(Adam(0.1))] == ["SGD(rate=0.1)", "Adam(rate=0.1, betas=(0.9, 0.999), eps=1e-08)"]


def stepped(optimizer: Optimizer, count: int) -> Optimizer:
    optimizer.step([Value(1.0) for _ in range(count)])
    return optimizer


def state(**changes: Any) -> dict[str, Any]:
    return {"name": "momentum", "steps": 1, "size": 2, "memory": {"velocity": [0.0, 1.0]}} | changes


REFUSED: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: stepped(stepped(Adam(), 3), 2), ValueError, "was given 2 parameters; expected 3 as before"),
    (lambda: stepped(SGD(), 3).update(np.ones(2), np.ones(2)), ValueError, "was given 2 parameters; expected 3"),
    (lambda: SGD().step([]), ValueError, "was given no parameters"),
    (lambda: SGD().step([1.0]), TypeError, "expected a list of Values. Write model.parameters()."),  # type: ignore[list-item]
    (lambda: SGD().update(np.ones(2), np.ones(3)), ValueError, "shape (2,) and their gradients have the shape (3,)"),
    (lambda: SGD().update(np.ones((2, 2)), np.ones((2, 2))), ValueError, "expected two flat arrays of one size"),
    (
        lambda: SGD().update([1.0], [1.0]),
        ValueError,
        "the parameters are [1.0] (list) and their gradients are [1.0] (list)",
    ),
    (
        lambda: SGD().update(np.ones(1), (2.0, np.ones(1))),
        ValueError,
        "Write optimizer.update(program.parameters, gradient)",
    ),
    (lambda: SGD([Value(1.0)]), TypeError, "a number or a schedule. Parameters are given to each step: write SGD(0.1)"),  # type: ignore[arg-type]
    (lambda: Adam([Value(1.0)], lr=0.1), TypeError, "Adam has no option 'lr'; expected one of 'rate', 'betas', "),  # type: ignore[arg-type, call-arg]
    (
        lambda: SGD(0.1, 0.9, True, 0.0, 1.0),
        TypeError,
        "SGD was given 5 arguments without a name; expected 4: rate, momen",
    ),  # type: ignore[call-arg]
    (lambda: Momentum(0.1, momentm=0.5), TypeError, "Write momentum=…."),  # type: ignore[call-arg]
    (lambda: SGD(-0.1), ValueError, "the rate is -0.1; expected a number from 0 on."),
    (lambda: SGD("fast"), TypeError, "the rate is 'fast' (str)"),  # type: ignore[arg-type]
    (lambda: stepped(SGD(lambda k: -1.0), 1), ValueError, "that the schedule gives at step 0 is -1.0"),
    (lambda: SGD(momentum=1.0), ValueError, "the momentum is 1.0; expected a number from 0 to below 1."),
    (lambda: SGD(nesterov=True), ValueError, "nesterov needs a momentum above 0"),
    (lambda: Adam(betas=0.9), TypeError, "betas is 0.9; expected two numbers"),  # type: ignore[arg-type]
    (lambda: Adam(betas=(0.9, 1.0)), ValueError, "beta 2 is 1.0"),
    (lambda: Adam(weight_decay=-1), ValueError, "the weight decay is -1"),
    (lambda: optim.cosine(0.1, 0), ValueError, "steps is 0; expected a number of steps"),
    (lambda: optim.cosine("a", 3), TypeError, "rate is 'a' (str)"),  # type: ignore[arg-type]
    (lambda: optim.exponential(0.1, -0.5), ValueError, "factor is -0.5; expected a number from 0 on."),
    (lambda: optim.warm_up(float("nan"), 3), ValueError, "rate is nan; expected a finite number"),
    (lambda: Momentum().load_state_dict({}), ValueError, "expected what state_dict() gave"),
    (lambda: Momentum().load_state_dict(state(name="adam")), ValueError, "the state is that of 'adam'; expected"),
    (lambda: Momentum().load_state_dict(state(steps=-1)), ValueError, "has -1 steps"),
    (lambda: Momentum().load_state_dict(state(memory={})), ValueError, "remembers []; expected ['velocity']"),
    (lambda: Momentum().load_state_dict(state(size=3)), ValueError, "velocity in the state of momentum is not a list"),
    (
        lambda: Momentum().load_state_dict(state(memory={"velocity": [0.0, float("nan")]})),
        ValueError,
        "2 finite numbers",
    ),
]


@pytest.mark.parametrize(("use", "error", "text"), REFUSED, ids=[text for _, _, text in REFUSED])
def test_what_cannot_be_is_one_clear_error(use: Callable[[], object], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        use()
    assert text in str(caught.value)


def test_a_step_to_a_number_that_is_not_finite_changes_nothing() -> None:
    values = [Value(1.0, "w"), Value(1e308, "v")]
    values[0].grad, values[1].grad = 1.0, -1e308
    optimizer = Momentum(rate=2.0)
    with pytest.raises(ValueError, match=r"what step 0 makes of parameter 2 \(v\) is inf; expected a finite number"):
        optimizer.step(values)
    assert [v.data for v in values] == [1.0, 1e308]
    assert optimizer.state_dict() == Momentum().state_dict()
