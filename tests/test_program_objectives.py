"""Losses of several parts, and a penalty beside them: each part is told, and the penalty of weights stands apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Value, losses, record
from printed_formulas import check_printed
from test_program_blocks import values

MODEL = es.MLP(3, [4, 4], "tanh", seed=1)
X, T, P = [0.1, 0.2, 0.3], [1.0, 0.0], [0.3, 0.7]


def outputs(x: Sequence[Any]) -> tuple[list[Value], list[Value]]:
    hidden = MODEL.layers[0](x)
    made = MODEL.layers[1](hidden)
    return hidden, made


def penalty() -> Value:
    return 0.001 * es.sum([w * w for neuron in MODEL.layers[0].neurons for w in neuron.w])


def squares(y: Sequence[Any], t: Sequence[Any]) -> Value:
    return es.sum([(a - b) ** 2 for a, b in zip(y, t, strict=True)])


def active(x: Any, t: Any) -> Value:
    """Squares, a little of what the hidden layer gives, and a penalty, one after the other."""
    hidden, y = outputs(x)
    return squares(y[:2], t) + 0.01 * es.sum([abs(h) for h in hidden]) + penalty()


def two_tasks(x: Any, t: Any, p: Any) -> Value:
    """Squares of two outputs, the cross-entropy of two others, and a penalty."""
    _, y = outputs(x)
    return squares(y[:2], t) + 0.5 * losses.softmax_cross_entropy(y[2:], p) + penalty()


def less(x: Any, t: Any, p: Any) -> Value:
    """A penalty beside what is taken away from the loss."""
    _, y = outputs(x)
    return squares(y[:2], t) + penalty() - es.dot(p, es.log_softmax(y[2:]))


CASES: dict[str, tuple[Callable[..., Value], list[Any], str]] = {
    "a part of the hidden layer": (active, [X, T], "ℓ = U5 + row sums of U4"),
    "two tasks": (two_tasks, [X, T, P], "ℓ = U9 + row sums of U4"),
    "a part that is taken away": (less, [X, T, P], "ℓ = U7 − U8"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_penalty_of_a_loss_of_several_parts_stands_apart(name: str) -> None:
    fn, examples, loss = CASES[name]
    program = record(fn, *examples)
    found = [" ".join(line.split()) for line in program.explain(language="en").splitlines()]
    assert {"R = 0.001·‖W1‖² 1×1 L2 penalty", "L = 1/m·Σ ℓ + R 1×1", f"{loss} m×1"} <= set(found)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("steps", [False, True])
def test_its_formulas_give_its_numbers(name: str, steps: bool) -> None:
    fn, examples, _ = CASES[name]
    program, r = record(fn, *examples), np.random.default_rng(0)
    xs = [r.uniform(0, 1, (5, len(example))) for example in examples]
    assert all("[" in line or "vec" in line for line in check_printed(program, *xs, steps=steps))
    assert program.matrices(*xs)["L"].item() == pytest.approx(program.value_and_grad(*xs)[0], rel=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_it_gives_the_numbers_and_gradients_of_the_graph(name: str) -> None:
    fn, examples, _ = CASES[name]
    program = record(fn, *examples)
    loss = fn(*[[Value(v) for v in example] for example in examples])
    slopes = es.gradients(loss)
    value, gradients = program.value_and_grad(*[np.array([example]) for example in examples])
    assert value == pytest.approx(loss.data, rel=1e-12)
    assert gradients == pytest.approx([slopes.get(w, 0.0) for w in program.values], rel=1e-10, abs=1e-14)


def test_one_of_several_weights_is_no_part_that_is_added_by_its_name() -> None:
    p, q, a, b = values(4)

    def fn(x: list[Value]) -> Value:
        w = [es.exp(a), es.exp(b)]
        scale = es.exp(es.sum([p * q, es.sin(q), w[0]]))
        return es.tanh(es.dot(w, [es.tanh(x[0]), es.tanh(x[1])])) + scale * x[0]

    program = record(fn, [0.3, 0.2])
    assert "S3ᵀ[0]" in program.explain(language="en")
    check_printed(program, np.random.default_rng(1).uniform(-0.9, 0.9, (4, 2)))
