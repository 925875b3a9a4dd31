"""Weights that are computed of parameters: the product is found, and what is computed is told of whole matrices."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Value, record
from printed_formulas import check_printed

Matrix = Sequence[Sequence[Any]]

R = random.Random(0)
W = [[Value(R.uniform(-1, 1), f"w{i}{j}") for j in range(4)] for i in range(3)]
V = [[Value(R.uniform(-1, 1), f"v{i}{j}") for j in range(3)] for i in range(2)]
G = [Value(R.uniform(0.5, 1), f"g{i}") for i in range(3)]
K = [Value(R.uniform(0.5, 1), f"k{i}") for i in range(4)]
MASK = [[1, 0, 1, 1], [0, 1, 1, 0], [1, 1, 0, 1]]
MASKED = list(zip(MASK, W, strict=True))
X = [0.1, 0.2, 0.3, 0.4]


def layer(weights: Matrix, x: Sequence[Any]) -> list[Value]:
    return [es.dot(row, x) for row in weights]


def scaled(weights: Matrix, c: float) -> Matrix:
    return [[c * w for w in row] for row in weights]


def length(weights: Sequence[Any]) -> Value:
    return es.sqrt(es.sum([w * w for w in weights]))


def neuron_by_neuron(x: Sequence[Any]) -> list[Value]:
    """Two layers, with each weight scaled where it is used, the first one as often as the second asks for it."""

    def hidden(row: Sequence[Value]) -> Value:
        return es.tanh(es.sum([w * math.sqrt(2 / 4) * a for w, a in zip(row, x, strict=True)]))

    return [es.sum([v * 0.7 * hidden(row) for v, row in zip(vs, W, strict=True)]) for vs in V]


CASES: dict[str, tuple[Callable[[Any], Any], list[str]]] = {
    "layers of two scales": (neuron_by_neuron, ["S1 = 1/√2·W1", "S2 = 0.7·W2", "Z = X·S1", "Y = H·S2"]),
    "two layers, and an exponential": (
        lambda x: layer([[es.exp(v) * 0.5 for v in row] for row in V], list(map(es.tanh, layer(scaled(W, 0.3), x)))),
        ["S1 = 0.3·W1", "S2 = e^W2", "S3 = 0.5·S2", "Z = X·S1", "Y = H·S3"],
    ),
    "a mask": (
        lambda x: [es.sum([m * (w * a) for m, w, a in zip(ms, ws, x, strict=True)]) for ms, ws in MASKED],
        ["C = [1, 0, 1; 0, 1, 1; 1, 1, 0; 1, 0, 1]", "S = C ⊙ W1", "Y = X·S"],
    ),
    "a mask on the weights alone": (
        lambda x: layer([[m * w for m, w in zip(*rows, strict=True)] for rows in zip(MASK, W, strict=True)], x),
        ["C = [1, 0, 1; 0, 1, 1; 1, 1, 0; 1, 0, 1]", "S = C ⊙ W1", "Y = X·S"],
    ),
    "weights of length 1, divided after the product": (
        lambda x: [es.dot([w * g for w in ws], x) / length(ws) for ws, g in zip(W, G, strict=True)],
        ["p2 = vec(W1)ᵀ", "S1 = p2²", "S2 = W1 ⊙ p1", "S3 = Σ₄(S1)", "S4 = √S3", "Z = X·S2", "Y = Z/S4"],
    ),
    "weights of length 1, divided before it": (
        lambda x: layer([[w * g / length(ws) for w in ws] for ws, g in zip(W, G, strict=True)], x),
        ["S1 = W1 ⊙ p1", "S2 = p2²", "S3 = Σ₄(S2)", "S5 = S1/S4", "Y = X·S5"],
    ),
    "divided by a length that is not 0": (
        lambda x: layer([[w / es.sqrt(es.sum([v * v for v in ws]) + 0.01) for w in ws] for ws in W], x),
        ["S2 = Σ₄(S1)", "S3 = S2 + 0.01", "S4 = √S3", "S5 = W1/S4", "Y = X·S5"],
    ),
    "a number for each input": (
        lambda x: layer([[w * k for w, k in zip(ws, K, strict=True)] for ws in W], x),
        ["S = W1 ⊙ p", "Y = X·S"],
    ),
    "less their mean": (
        lambda x: layer([[w - es.sum(ws) / 4 for w in ws] for ws in W], x),
        ["p = vec(W1)ᵀ", "S1 = Σ₄(p)", "S2 = S1/4", "S3 = W1 − S2", "Y = X·S3"],
    ),
    "divided by the length of all": (
        lambda x: layer([[w / length([v for row in W for v in row]) for w in ws] for ws in W], x),
        ["S1 = p²", "S3 = √S2", "S4 = W1/S3", "Y = X·S4"],
    ),
    "a scaled bias": (
        lambda x: [z + 0.1 * b for z, b in zip(layer(scaled(W, 0.3), x), G, strict=True)],
        ["S1 = 0.1·p", "S2 = 0.3·W1", "Y = X·S2 + S1"],
    ),
    "there and back with the same ones": (
        lambda x: layer(list(zip(*scaled(W, 0.5), strict=True)), list(map(es.tanh, layer(scaled(W, 0.5), x)))),
        ["S = 0.5·W1", "Z = X·S", "W2 = Sᵀ", "Y = H·W2"],
    ),
    "inputs of different scales": (
        lambda x: layer(W, [m * a for m, a in zip([2.0, 0.5, 2.0, 0.5], x, strict=True)]),
        ["C = [2, 0.5, 2, 0.5]", "H = C ⊙ X", "Y = H·W1"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_weights_are_made_of_is_told_of_whole_matrices(name: str) -> None:
    fn, expected = CASES[name]
    found = [line.split("   ")[0].strip() for line in record(fn, X).explain(language="en").splitlines()]
    assert [line for line in expected if line not in found] == []


@pytest.mark.parametrize("name", CASES)
def test_its_formulas_give_its_numbers(name: str) -> None:
    fn, _ = CASES[name]
    program = record(fn, X)
    xs = np.random.default_rng(0).uniform(-1, 1, (5, 4))
    assert all("vec" in line or "[" in line for line in check_printed(program, xs))
    assert program.matrices(xs)["Y"] == pytest.approx(program(xs), rel=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_it_gives_the_numbers_and_gradients_of_the_graph(name: str) -> None:
    fn, _ = CASES[name]
    program = record(lambda x: es.sum([y * y for y in fn(x)]), X)
    xs = np.random.default_rng(1).uniform(-1, 1, (3, 4))
    loss = es.sum([es.sum([y * y for y in fn([Value(v) for v in row])]) for row in xs.tolist()])
    slopes = es.gradients(loss)
    value, gradients = program.value_and_grad(xs, reduce="sum")
    leaves = [w for rows in (W, V) for row in rows for w in row] + G + K
    expected = {leaf: slopes[leaf] for leaf in leaves if leaf in slopes}
    assert value == pytest.approx(loss.data, rel=1e-12)
    found = dict(zip(program.values, gradients, strict=True))
    assert {leaf: found[leaf] for leaf in expected} == pytest.approx(expected, rel=1e-11)
