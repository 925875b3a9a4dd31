"""A softmax is one line wherever it is, and so is its logarithm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Value, record
from printed_formulas import check_printed
from test_program_explain import check_matrices
from test_program_lines import lines

W = [[Value(0.3 - 0.1 * i * j) for j in range(2)] for i in range(3)]
SHARED = [Value(0.1), Value(0.4), Value(-0.2)]


def scores(x: Sequence[Any]) -> list[Value]:
    return [es.dot(row, x) for row in W]


def by_hand(z: Sequence[Value]) -> list[Value]:
    powers = [es.exp(a) for a in z]
    total = es.sum(powers)
    return [power / total for power in powers]


def entropy(x: list[Value]) -> Value:
    logs = es.log_softmax(scores(x))
    return -es.sum([es.exp(log) * log for log in logs])


ONE_LINE: dict[str, tuple[Callable[..., Any], list[str]]] = {
    "what a network gives": (
        lambda x: es.softmax(scores(x)),
        ["Y = softmax(Z) m×3", "∂L/∂Z = Y ⊙ (∂L/∂Y − row sums of (Y ⊙ ∂L/∂Y)) m×3"],
    ),
    "written by hand": (
        lambda x: by_hand(scores(x)),
        ["Y = softmax(Z) m×3", "∂L/∂Z = Y ⊙ (∂L/∂Y − row sums of (Y ⊙ ∂L/∂Y)) m×3"],
    ),
    "a mixture": (
        lambda x: es.dot(es.softmax(scores(x)), [es.sin(x[0]), es.cos(x[1]), x[0]]),
        ["P = softmax(Y) m×3", "∂L/∂Y = P ⊙ (∂L/∂P − row sums of (P ⊙ ∂L/∂P)) m×3"],
    ),
    "its logarithm": (
        lambda x: es.log_softmax(scores(x)),
        ["Y = log softmax(Z) m×3", "∂L/∂Z = ∂L/∂Y − e^Y ⊙ row sums of ∂L/∂Y m×3"],
    ),
    "both": (entropy, ["U1 = log softmax(Y) m×3", "U2 = e^U1 m×3 softmax"]),
    "of one input": (
        lambda x: es.softmax([p * x[0] for p in SHARED]),
        ["Y = softmax(H) m×3"],
    ),
}


@pytest.mark.parametrize("name", ONE_LINE)
def test_a_softmax_is_one_line(name: str) -> None:
    fn, expected = ONE_LINE[name]
    found = lines(fn, [0.1, 0.2], backward=True)
    assert set(expected) <= set(found), found
    assert not any("log Σ" in line for line in found)
    assert any(line.startswith("softmax(A): in each row of A") for line in found)
    program = record(fn, [0.1, 0.2])
    xs = np.random.default_rng(0).normal(size=(5, 2)) * 3
    for examples in ("rows", "columns"):
        assert all("[" in formula for formula in check_printed(program, xs, examples=examples))
    total = record(lambda x: es.dot(y, [1.0, -2.0, 0.5]) if isinstance(y := fn(x), list) else y, [0.1, 0.2])
    check_matrices(total, xs)


def test_with_steps_it_is_every_step_of_it() -> None:
    found = lines(lambda x: es.softmax(scores(x)), [0.1, 0.2], steps=True)
    assert found[1:4] == ["H1 = log Σ e^Z m×1", "H2 = Z − H1 m×3 log softmax", "Y = e^H2 m×3 softmax"]


@pytest.mark.parametrize(
    "fn",
    [
        lambda x: [*es.softmax(z := scores(x)), es.log_sum_exp(z)],
        lambda x: [es.exp(a) / (es.exp(es.sin(a)) + 1) for a in scores(x)],
        lambda x: [a - es.log_sum_exp(scores(x)[:2]) for a in scores(x)],
        lambda x: [(p := es.exp(scores(x)[0])), p / (p + es.exp(scores(x)[1]))],
    ],
    ids=["the sum is read elsewhere", "another sum", "of some of them", "a power is read elsewhere"],
)
def test_what_is_read_elsewhere_or_is_none_has_its_lines(fn: Callable[..., Any]) -> None:
    assert not any("softmax(" in line for line in lines(fn, [0.1, 0.2]))
    program = record(lambda x: es.sum(fn(x)), [0.1, 0.2])
    check_matrices(program, np.random.default_rng(0).normal(size=(5, 2)))


def tables(x: Sequence[Any], head: int) -> list[list[list[Value]]]:
    """Queries, keys and values of three positions with two numbers each."""
    rows = [x[i : i + 2] for i in range(0, 6, 2)]
    return [[[es.dot(w, row) for w in HEADS[head][k]] for row in rows] for k in range(3)]


def beside_other_sums(x: Sequence[Any]) -> Value:
    """The powers of two tables of scores, added up; only those of one are a softmax."""
    (q, k, v), (r, s, _) = tables(x, 0), tables(x, 1)
    powers, others = [[[es.exp(es.dot(a, b) / 2**0.5) for b in ys] for a in xs] for xs, ys in ((q, k), (r, s))]
    shares = [[power / total for power in row] for row in powers for total in [es.sum(row)]]
    return es.sum([*result(shares, v), *[es.tanh(es.sum(row)) for row in others]])


def beside_scaled_scores(x: Sequence[Any]) -> Value:
    """Scores times two numbers, and added to; only those times one of them are of a softmax."""
    q, k, v = tables(x, 0)
    scores = [[es.dot(a, b) for b in k] for a in q]
    shares = [es.softmax([0.5 * score + 1.5 for score in row]) for row in scores]
    return es.sum([*result(shares, v), *[es.tanh(0.25 * score + 0.75) for row in scores for score in row]])


def result(shares: list[list[Value]], v: list[list[Value]]) -> list[Value]:
    return [es.tanh(es.dot(row, [value[c] for value in v])) for row in shares for c in range(2)]


HEADS = [
    [[[Value(float(np.cos(7 * h + 5 * k + 3 * i + j))) for j in range(2)] for i in range(2)] for k in range(3)]
    for h in range(2)
]
BESIDE: dict[str, tuple[Callable[..., Any], list[str]]] = {
    "other sums of powers": (
        beside_other_sums,
        ["P = softmax(S/√2) (m·3)×3", "H3 = e^H2 (m·3)×3", "H4 = row sums of H3 (m·3)×1"],
    ),
    "the scores times another number": (
        beside_scaled_scores,
        [
            "P = softmax(0.5·S + M) (m·3)×3",
            "Z2 = F1 ⊙ W2 + 0.75 m×9",
            "∂L/∂F1 = ∂L/∂Z2 ⊙ W2 m×9",
        ],
    ),
}


@pytest.mark.parametrize("name", BESIDE)
def test_a_softmax_is_taken_out_of_what_is_computed_beside_it(name: str) -> None:
    fn, expected = BESIDE[name]
    found = lines(fn, [0.1] * 6, backward=True)
    assert set(expected) <= set(found), found
    check_matrices(record(fn, [0.1] * 6), np.random.default_rng(0).normal(size=(4, 6)))


def test_latex() -> None:
    text = record(lambda x: es.log_softmax(scores(x)), [0.1, 0.2]).explain(latex=True)
    assert r"Y &= \log \operatorname{softmax}\left(Z\right) &&" in text
