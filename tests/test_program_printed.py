"""The formulas that are printed for the programs of lectures are read as text, and give the numbers of the program."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Value, record
from micrograd_es.ops import Op, Role
from micrograd_es.value import apply
from printed_formulas import check_printed

RANDOM = random.Random(3)
Vector = Sequence[Any]


def weights(*shape: int) -> Any:
    """Values in nested lists of a shape."""
    return [weights(*shape[1:]) for _ in range(shape[0])] if shape else Value(RANDOM.uniform(-1, 1))


A, B, C, W, V, W2, B2, M = (weights(*s) for s in ((), (), (3,), (3, 3), (3, 3), (2, 3), (2,), (3, 2)))


def layer(rows: Sequence[Vector], x: Vector, biases: Vector | None = None) -> list[Value]:
    made = [es.dot(row, x) for row in rows]
    return [y + b for y, b in zip(made, biases, strict=True)] if biases else made


def squares(xs: Vector) -> Any:
    return es.sum([x * x for x in xs])


def logistic(x: Vector, t: Any) -> Value:
    p = es.sigmoid(es.dot(C, x) + B)
    return -(t * es.log(p) + (1 - t) * es.log(1 - p))


def softmax_shifted(x: Vector, t: Vector) -> Any:
    z = layer(W, x, C)
    e = [es.exp(y - es.maximum(*z)) for y in z]
    return -es.sum([b * es.log(y / es.sum(e) + 1e-12) for y, b in zip(e, t, strict=True)])


def autoencoder(x: Vector) -> Any:
    h = [es.tanh(y) for y in layer(W2, x, B2)]
    return es.sum([(W2[0][i] * h[0] + W2[1][i] * h[1] + C[i] - x[i]) ** 2 for i in range(3)]) / 3


def layer_norm(x: Vector) -> list[Value]:
    mean = es.sum(x) / 3
    spread = es.sqrt(es.sum([(v - mean) ** 2 for v in x]) / 3 + 1e-5)
    return [g * (v - mean) / spread + b for g, v, b in zip(C, x, W[0], strict=True)]


def mixture(x: Any) -> Any:
    shares, halves = es.log_softmax(W[1]), [(x - m[0]) ** 2 / (2 * es.exp(2 * s)) for m, s in zip(M, C, strict=True)]
    terms = [share - half - s - math.log(2 * math.pi) / 2 for share, half, s in zip(shares, halves, C, strict=True)]
    return -es.log_sum_exp(terms)


def kalman(m: Any, p: Any, z: Any) -> list[Any]:
    ahead, spread = A * m, A * p * A + B * B
    gain = spread * C[0] / (C[0] * spread * C[0] + C[1] * C[1] + 0.1)
    return [ahead + gain * (z - C[0] * ahead), (1 - gain * C[0]) * spread]


def euler(s: Vector) -> list[Any]:
    x, v = s
    for _ in range(3):
        x, v = x + 0.1 * v, v - 0.1 * A * x
    return [x, v]


def huber(x: Vector, t: Any) -> Value:
    e = es.dot(C, x) + B - t
    return es.where(abs(e) - 1, abs(e) - 0.5, e * e / 2)


def focal(x: Vector, t: Any) -> Any:
    p = es.sigmoid(es.dot(C, x))
    right = t * p + (1 - t) * (1 - p)
    return -((1 - right) ** 2) * es.log(right)


def soft_means(x: Vector) -> Value:
    far = [squares([a - b for a, b in zip(x, row, strict=True)]) for row in M]
    return es.dot(es.softmax([-d for d in far]), far)


def mixed_signs(x: Vector) -> Any:
    return A * x[0] + A * x[1] - 2 * es.tanh(x[1]) + B * es.maximum(x[0], 0.1 * x[1])


def factorised(u: Vector, v: Vector, t: Any) -> Any:
    p, q = layer(W2, u), layer(V[:2], v)
    return (es.dot(p, q) - t) ** 2 + 0.1 * (squares(p) + squares(q))


PROGRAMS: dict[str, tuple[Callable[..., Any], Sequence[Any]]] = {
    "polynomial": (lambda x, t: (sum(c * x**k for k, c in enumerate(C)) - t) ** 2, [0.3, 0.5]),
    "logistic regression": (logistic, [[0.1] * 3, 1.0]),
    "softmax with the largest taken away": (softmax_shifted, [[0.1] * 3, [0.1] * 3]),
    "tied autoencoder": (autoencoder, [[0.1] * 3]),
    "residual block": (
        lambda x: [a + b for a, b in zip(x, layer(V, list(map(es.relu, layer(W, x, C)))), strict=True)],
        [[0.1] * 3],
    ),
    "layer norm": (layer_norm, [[0.1, 0.2, 0.4]]),
    "mixture of Gaussians": (mixture, [0.3]),
    "Kalman step": (kalman, [0.1, 1.0, 0.5]),
    "Euler steps": (euler, [[1.0, 0.5]]),
    "perceptron": (lambda x, t: es.maximum(0, -t * (es.dot(C, x) + B)), [[0.1] * 3, 1.0]),
    "elastic net": (
        lambda x, t: (es.dot(C, x) - t) ** 2 / 2 + 0.1 * (0.3 * es.sum(map(abs, C)) + 0.35 * squares(C)),
        [[0.1] * 3, 1.0],
    ),
    "Huber": (huber, [[0.1] * 3, 1.0]),
    "focal": (focal, [[0.1] * 3, 1.0]),
    "soft k-means": (soft_means, [[0.1, 0.2]]),
    "largest of two": (lambda x: list(map(es.maximum, layer(W, x), layer(V, x))), [[0.1] * 3]),
    "weights of mixed signs": (mixed_signs, [[0.1, 0.2]]),
    "matrix factorisation": (factorised, [[0.1] * 3, [0.1] * 3, 0.5]),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_printed_formula_gives_the_numbers_of_its_matrix(name: str) -> None:
    fn, given = PROGRAMS[name]
    program = record(fn, *given)
    inputs = [np.random.default_rng(1).uniform(0.1, 0.9, size=(5, *np.shape(x))) for x in given]
    if program.shapes[-1] == (3,) and len(given) == 2:
        inputs[-1] /= inputs[-1].sum(axis=1, keepdims=True)  # targets of a softmax
    options: list[dict[str, Any]] = [{}, {"steps": True}, {"examples": "columns"}]
    for option in options:
        unread = check_printed(program, *inputs, **option)
        assert all("[" in formula for formula in unread), unread


def test_a_slope_that_is_a_multiple_and_divided_is_one_factor(add_row: Callable[..., Op]) -> None:
    def slopes(m: Any, z: Any, *xs: Any) -> tuple[Any, ...]:
        return tuple([2 * (x - (xs[0] + xs[1]) / 2) / 2 for x in xs])

    spread = add_row("spread", "v", Role.SCALER, lambda m, x, y: (x - y) * (x - y) / 4, slopes)
    program = record(lambda x: [apply(spread, a, b) for a, b in zip(layer(W, x), layer(V, x), strict=True)], [0.1] * 3)
    assert "∂L/∂Y ⊙ (2·(G1 − (G1 + G2)/2)/2)" in program.explain(backward=True)
    assert all("[" in unread for unread in check_printed(program, np.random.default_rng(1).normal(size=(5, 3))))


def test_a_slope_that_is_a_multiple_of_a_product_is_one_factor(add_row: Callable[..., Op]) -> None:
    cube = add_row("cube", "x³", Role.SCALER, lambda m, x: x * x * x, lambda m, z, x: (3 * x * x,))
    program = record(lambda x: [apply(cube, y) for y in layer(W, x)], [0.1] * 3)
    assert "∂L/∂Z = ∂L/∂Y ⊙ (3·Z ⊙ Z)" in program.explain(backward=True)
    assert check_printed(program, np.random.default_rng(1).normal(size=(5, 3))) == []


@pytest.mark.parametrize(
    ("slope", "text"),
    [
        (lambda m, z, x: x - 1, "(Y − 1)"),
        (lambda m, z, x: -m.sin(x), "(−sin(Y))"),
        (lambda m, z, x: 2 * x, "(2·Y)"),
        (lambda m, z, x: x / z, "Y/ℓ"),
    ],
)
def test_a_slope_along_each_of_many_inputs_is_one_factor(slope: Any, text: str, add_row: Callable[..., Op]) -> None:
    row = add_row(
        "many", "m", Role.SCALER, lambda m, *xs: m.sum(xs), lambda m, z, *xs: tuple(slope(m, z, x) for x in xs)
    )
    program = record(lambda x: apply(row, *layer(W, x)), [0.1] * 3)
    assert f"∂L/∂Y = ∂L/∂ℓ ⊙ {text}" in program.explain(backward=True)
    assert check_printed(program, np.random.default_rng(1).normal(size=(5, 3))) == ["many Y"]


POWERS_OF_FUNCTIONS: dict[str, tuple[Any, Any, str]] = {
    "tanh": (lambda m, x: m.tanh(x) ** 2, lambda m, x: 2 * m.tanh(x) * (1 - m.tanh(x) ** 2), "1 − tanh(Z)²"),
    "root": (lambda m, x: m.sqrt(x) ** 3, lambda m, x: 3 * m.sqrt(x) ** 2 / (2 * m.sqrt(x)), "3·(√Z)²/(2·√Z)"),
    "log": (lambda m, x: m.log(x) ** 3, lambda m, x: 3 * m.log(x) ** 2 / x, "3·log(Z)²/Z"),
    "exp": (lambda m, x: m.exp(x) ** 3, lambda m, x: 3 * m.exp(x) ** 3, "3·(e^Z)³"),
}


@pytest.mark.parametrize("name", POWERS_OF_FUNCTIONS)
def test_a_power_of_a_function_is_that_of_its_result(name: str, add_row: Callable[..., Op]) -> None:
    forward, local, slope = POWERS_OF_FUNCTIONS[name]
    row = add_row(f"power of {name}", "p", Role.SCALER, forward, lambda m, z, x: (local(m, x),))
    positive = [[Value(0.5), Value(1.5)], [Value(1.0), Value(0.25)]]
    program = record(lambda x: [apply(row, y) for y in layer(positive, x)], [0.1] * 2)
    assert slope in program.explain(backward=True), program.explain(backward=True)
    assert check_printed(program, np.random.default_rng(1).uniform(size=(5, 2))) == []


def test_a_formula_that_is_not_that_of_its_matrix_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    program = record(PROGRAMS["Huber"][0], *PROGRAMS["Huber"][1])
    text = program.explain(backward=True, language="en").replace("U3/2", "U3/3")
    monkeypatch.setattr(type(program), "explain", lambda *_, **__: text)
    with pytest.raises(AssertionError, match="U5 = U3/3"):
        check_printed(program, np.full((5, 3), 0.5), np.full(5, 0.3))
