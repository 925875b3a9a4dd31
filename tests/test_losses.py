"""Losses: their numbers by hand, their gradients, what is stable, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import log

import pytest

from micrograd_es import Value, check_gradients, gradients, losses, record, sigmoid, softmax
from micrograd_es.losses import LOSSES, l1, l2, mean
from micrograd_es.nn import ACTIVATIONS, Neuron

PROBABILITIES = [0.25, 0.75]
TARGETS = {"number": [0.5, -2.0], "sign": [1.0, -1.0], "probability": [1.0, 0.25], "class": [0.25, 0.75]}

BY_HAND: list[tuple[str, list[float], object, float]] = [
    ("mse", [3.0, 1.0, 0.0], [1.0, 2.0, 0.0], 5 / 3),
    ("half_squared_error", [3.0, 1.0], [1.0, 2.0], 2.5),
    ("binary_cross_entropy", [0.25], 1, log(4)),
    ("binary_cross_entropy", [0.25, 0.5], [0, 0.5], (log(4 / 3) + log(2)) / 2),
    ("binary_cross_entropy_with_logits", [0.0], 0.3, log(2)),
    ("cross_entropy", [0.25, 0.5, 0.25], 1, log(2)),
    ("cross_entropy", [0.25, 0.5, 0.25], [0.5, 0.5, 0], 0.5 * log(8)),
    ("softmax_cross_entropy", [log(1.0), log(3.0)], 1, log(4 / 3)),
    ("softmax_cross_entropy", [5.0, 5.0, 5.0, 5.0], [0.1, 0.2, 0.3, 0.4], log(4)),
    ("hinge", [0.25, -3.0], [-1, -1], 0.625),
]


@pytest.mark.parametrize(("name", "outputs", "target", "expected"), BY_HAND)
def test_a_loss_is_what_it_is_by_hand(name: str, outputs: list[float], target: object, expected: float) -> None:
    found = getattr(losses, name)([Value(y) for y in outputs], target)
    assert found.data == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_the_gradient_of_a_loss_is_its_slope(name: str) -> None:
    row = LOSSES[name]
    start = PROBABILITIES if {"sigmoid", "softmax"} & set(row.outputs[:1]) else [0.3, -0.7]
    check_gradients(row([Value(y) for y in start], TARGETS[row.target]))


def test_the_gradient_at_the_logits_is_prediction_minus_target() -> None:
    z = [Value(0.3), Value(-1.2), Value(2.0)]
    for name, shares, targets in (
        ("softmax_cross_entropy", softmax(z), [0.2, 0.5, 0.3]),
        ("binary_cross_entropy_with_logits", [sigmoid(v) for v in z], [0.0, 1.0, 0.4]),
    ):
        gradient = gradients(LOSSES[name](z, targets))
        scale = 3 if name.startswith("binary") else 1  # the mean over the outputs
        assert [gradient[v] * scale for v in z] == pytest.approx(
            [float(p) - t for p, t in zip(shares, targets, strict=True)], rel=1e-12
        )


@pytest.mark.parametrize(("z", "t"), [(1000.0, 0), (1000.0, 1), (-1000.0, 0), (-1000.0, 1)])
def test_losses_of_logits_are_exact_at_a_thousand(z: float, t: int) -> None:
    wrong = 1000.0 if (z > 0) != (t == 1) else 0.0
    assert losses.binary_cross_entropy_with_logits(Value(z), t).data == wrong
    assert losses.softmax_cross_entropy([Value(0.0), Value(z)], t).data == wrong


def test_a_probability_of_0_costs_100_and_no_more_whether_recorded_or_not() -> None:
    program = record(lambda p, t: losses.binary_cross_entropy(p, t), [0.5], [1.0])
    for p, t, cost in ((0.0, 1.0, 100.0), (1.0, 0.0, 100.0), (1.0, 1.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.5, 50.0)):
        assert losses.binary_cross_entropy(Value(p), t).data == pytest.approx(cost, rel=1e-12)
        assert program([p], [t]) == pytest.approx(cost, rel=1e-12)
        program.value_and_grad([p], [t])  # the gradient is finite
    assert losses.cross_entropy([Value(1.0), Value(0.0)], 1).data == pytest.approx(100, rel=1e-12)
    assert losses.cross_entropy([Value(1.0), Value(0.0)], 0).data == 0


@pytest.mark.parametrize("p", [-0.5, 1.5])
def test_a_recorded_loss_refuses_what_is_no_probability(p: float) -> None:
    program = record(lambda p, t: losses.binary_cross_entropy(p, t), [0.5], [1.0])
    with pytest.raises(ArithmeticError, match="log"):
        program.value_and_grad([[0.5], [p]], [[0.5], [0.5]])


def test_a_class_is_a_probability_of_one() -> None:
    for name in ("cross_entropy", "softmax_cross_entropy"):
        outputs = [Value(0.2), Value(0.3), Value(0.5)]
        assert LOSSES[name](outputs, 2).data == LOSSES[name](outputs, [0, 0, 1]).data
        assert LOSSES[name].encoded(2, 3) == LOSSES[name].encoded([0, 0, 1], 3) == [0, 0, 1]


@pytest.mark.parametrize("name", LOSSES)
def test_a_recorded_loss_takes_its_targets_as_inputs(name: str) -> None:
    row = LOSSES[name]
    start = PROBABILITIES
    program = record(lambda y, t: row(y, t), [0.5, 0.5], [1.0, 0.0])
    encoded = row.encoded(TARGETS[row.target], 2)
    assert program(start, encoded) == pytest.approx(row([Value(y) for y in start], TARGETS[row.target]).data, rel=1e-12)


def test_exact_numbers_stay_exact() -> None:
    y, t = [Value(Fraction(1, 3)), Value(Fraction(1, 2))], [Fraction(1), Fraction(0)]
    assert losses.half_squared_error(y, t).data == Fraction(25, 72)
    assert losses.mse(y, t).data == Fraction(25, 72)


def test_penalties_and_the_mean() -> None:
    parameters = [Value(-1.0), Value(2.0), Value(-3.0)]
    assert (l1(parameters).data, l2(parameters).data, mean(parameters).data) == (6, 14, pytest.approx(-2 / 3))
    gradient = gradients(l1(parameters) + l2(parameters))
    assert [gradient[p] for p in parameters] == [-3, 5, -7]
    assert mean([parameters[0]]) is parameters[0]


def test_the_table_says_what_each_loss_expects() -> None:
    assert all(name == row.name and set(row.outputs) <= set(ACTIVATIONS) for name, row in LOSSES.items())
    assert {row.target for row in LOSSES.values()} == set(TARGETS)


y2 = [Value(0.2), Value(0.8)]

REFUSED: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: losses.mse(y2, [1.0]), ValueError, "mse was given 2 outputs and 1 target; expected one target for each"),
    (lambda: losses.mse([], []), ValueError, "the loss was given no outputs"),
    (lambda: losses.mse(y2, [1.0, "a"]), TypeError, "a target of mse is 'a' (str)"),
    (lambda: losses.mse(y2, [1.0, float("nan")]), ValueError, "a target of mse is nan; expected a finite number"),
    (lambda: losses.hinge(y2, [1, 0]), ValueError, "a target of hinge is 0; expected +1 or −1."),
    (lambda: losses.binary_cross_entropy(y2, [1, -1]), ValueError, "is -1; expected a number from 0 to 1."),
    (lambda: losses.binary_cross_entropy_with_logits(y2, [1, 2]), ValueError, "is 2; expected a number from 0 to 1."),
    (
        lambda: losses.binary_cross_entropy(Value(1.5), 1),
        ValueError,
        "is 1.5; expected a probability from 0 to 1. Give the network",
    ),
    (lambda: losses.cross_entropy([Value(-0.5)], 0), ValueError, "is -0.5; expected a probability from 0 to 1. Give"),
    (lambda: losses.softmax_cross_entropy(y2, 2), ValueError, "is 2; expected a whole number from 0 to 1, one for"),
    (lambda: losses.softmax_cross_entropy(y2, -1), ValueError, "is -1; expected a whole number from 0 to 1"),
    (lambda: losses.softmax_cross_entropy(y2, 0.5), ValueError, "is 0.5; expected a whole number"),
    (lambda: losses.softmax_cross_entropy(y2, [1, 1]), ValueError, "sum to 2; expected probabilities, which sum to 1."),
    (lambda: losses.softmax_cross_entropy(y2, [1, 0, 0]), ValueError, "2 outputs and 3 targets"),
    (lambda: losses.cross_entropy(y2, [1.5, -0.5]), ValueError, "is 1.5; expected a number from 0 to 1."),
    (lambda: losses.cross_entropy(y2, Value(1)), TypeError, "the target of cross_entropy is one Value; expected"),
    (lambda: mean([]), ValueError, "the mean was given no losses"),
    (lambda: l2([]), ValueError, "the penalty was given no parameters"),
    (lambda: l2(Neuron(2)), TypeError, "expected a list of Values. Write model.weights()."),  # type: ignore[arg-type]
    (lambda: LOSSES["hinge"].encoded([0.5], 1), ValueError, "a target of hinge is 0.5; expected +1 or −1."),
    (lambda: LOSSES["mse"].encoded([0.5], 2), ValueError, "mse was given 2 outputs and 1 target;"),
    (lambda: LOSSES["softmax_cross_entropy"].encoded(3, 3), ValueError, "expected a whole number from 0 to 2"),
]


@pytest.mark.parametrize(("use", "error", "text"), REFUSED, ids=[text for _, _, text in REFUSED])
def test_a_wrong_target_is_one_clear_error(use: Callable[[], object], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        use()
    assert text in str(caught.value)


def test_a_mean_is_a_value_of_a_list() -> None:
    assert isinstance(mean([1.0]), Value)  # type: ignore[list-item]
    with pytest.raises(TypeError, match=r"the mean was given Value\(1.0\); expected a list of losses"):
        mean(Value(1.0))  # type: ignore[arg-type]
