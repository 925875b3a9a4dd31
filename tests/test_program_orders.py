"""Networks whose sums have their terms each in an order of its own: they are those of the networks written plainly."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import record
from printed_formulas import check_printed
from test_program_blocks import agree, squares, values
from test_program_factors import fast_or_not, with_both

Numbers = Sequence[Any]
Layer = Callable[..., Any]  # weights, inputs, and what is added to each sum: the sums


def shuffled(seed: int) -> Layer:
    """Layers whose terms stand in any order, in a chain, a tree, or one gate, and whose neurons are met in any."""
    order = random.Random(seed)

    def one(row: Numbers, x: Numbers, *more: Any) -> Any:
        terms = [w * a if order.random() < 0.5 else a * w for w, a in zip(row, x, strict=True)] + list(more)
        order.shuffle(terms)
        kind = order.randrange(3)
        if kind == 0:
            return es.sum(terms)
        if kind == 1:
            return reduce(lambda a, b: b + a, terms)
        half = len(terms) // 2
        return es.sum(terms[half:]) + es.sum(terms[:half])

    def layer(rows: Sequence[Numbers], x: Numbers, *added: Numbers) -> list[Any]:
        return [one(row, x, *more) for row, *more in zip(rows, *added, strict=True)]

    return layer


W, U, V = values(4, 3), values(4, 4, seed=1), values(2, 4, seed=2)
B, R, GATES = values(4, seed=3), values(4, seed=4), values(8, 4, seed=6)


def cell(layer: Layer, xs: Sequence[Numbers]) -> Any:
    """A recurrent cell from nothing, and what is read from its last state."""
    h: Numbers = [es.tanh(z) for z in layer(W, xs[0], B)]
    for x in xs[1:]:
        both = [[*w, *u] for w, u in zip(W, U, strict=True)]
        h = [es.tanh(z) for z in layer(both, [*x, *h], B)]
    return es.sum([y * y for y in layer(V, h)])


def begun(layer: Layer, xs: Sequence[Numbers]) -> Any:
    """One that has a state to begin with, and a skip connection."""
    h: Numbers = R
    for x in xs:
        both = [[*w, *u] for w, u in zip(W, U, strict=True)]
        h = [es.tanh(z) + a for z, a in zip(layer(both, [*x, *h], B), h, strict=True)]
    return es.sum([y * y for y in layer(V, h)])


def scaled(layer: Layer, xs: Sequence[Numbers]) -> Any:
    """One whose weights are computed."""
    small = [[0.5 * w for w in (*row, *more)] for row, more in zip(W, U, strict=True)]
    h: Numbers = [es.tanh(z) for z in layer([row[:3] for row in small], xs[0])]
    for x in xs[1:]:
        h = [es.tanh(z) for z in layer(small, [*x, *h])]
    return es.sum([y * y for y in layer(V, h)])


def skipped(layer: Layer, xs: Sequence[Numbers]) -> Any:
    """Layers with the one before added to each: in its order they stand, and so does what reads them."""
    h = [es.relu(z) for z in layer(W, xs[0], B)]
    return es.sum([y * y for y in layer(V, [es.relu(z) for z in layer(U, h, h)])])


def paired(layer: Layer, xs: Sequence[Numbers]) -> Any:
    """Spins that act on each other: a symmetric matrix without its diagonal, again and again."""
    pull = [[U[max(i, j)][min(i, j)] for j in range(4)] for i in range(4)]
    h: Numbers = [*xs[0], xs[1][0]]
    for _ in range(4):
        others = [[*h[:i], *h[i + 1 :]] for i in range(4)]
        rows = [[*row[:i], *row[i + 1 :]] for i, row in enumerate(pull)]
        sums = [layer([row], other, [b])[0] for row, other, b in zip(rows, others, B, strict=True)]
        h = [es.tanh(z) for z in sums]
    return es.sum([a * a for a in h])


CASES = {"cell": cell, "begun": begun, "scaled": scaled, "skipped": skipped, "paired": paired}


def plain(rows: Sequence[Numbers], x: Numbers, *added: Numbers) -> list[Any]:
    return [es.sum([es.dot(row, x), *more]) for row, *more in zip(rows, *added, strict=True)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["cell", "skipped", "paired"])
def test_a_network_of_sums_in_any_order_has_the_formulas_of_the_plain_one(name: str, seed: int) -> None:
    def read(layer: Callable[[], Layer]) -> list[str]:
        program = record(lambda *xs: CASES[name](layer(), xs), *[[0.1, 0.2, 0.3]] * 5)
        check_printed(program, *np.random.default_rng(seed).uniform(0.1, 0.9, (5, 4, 3)))
        return [
            x for x in program.explain(backward=True, language="en").splitlines() if "In " not in x and "[p" not in x
        ]

    assert read(lambda: shuffled(seed)) == read(lambda: plain)


@with_both
@pytest.mark.parametrize("name", CASES)
def test_it_has_the_numbers_of_the_eager_path(name: str, fast: bool) -> None:
    fast_or_not(fast)

    def fn(xs: Numbers) -> Any:
        return CASES[name](shuffled(7), [xs[i : i + 3] for i in range(0, 15, 3)])

    agree(record(fn, [0.1] * 15, fast=fast), fn, np.random.default_rng(1).uniform(-0.9, 0.9, (7, 15)))


def test_what_is_subtracted_with_the_weight_turned_is_added() -> None:
    """b − (−w)·x is b + w·x, whichever of the terms of a neuron are written so, and whichever way."""

    def one(row: Numbers, x: Numbers, c: Any, at: int) -> Any:
        total = row[at] * x[at] - (-c)
        for i, (w, a) in enumerate(zip(row, x, strict=True)):
            if i != at:
                total = (total + w * a, total - -w * a, total - a * (-w))[(i + at) % 3]
        return total

    def fn(x: Numbers) -> Any:
        h = [es.tanh(one(row, x, c, i % 3)) for i, (row, c) in enumerate(zip(W, B, strict=True))]
        return squares([one(row, h, R[i], i) for i, row in enumerate(V)])

    def as_usual(x: Numbers) -> Any:
        return squares(plain(V, [es.tanh(z) for z in plain(W, x, B)], R[:2]))

    program = record(fn, [0.1] * 3)
    expected = record(as_usual, [0.1] * 3).explain(backward=True, language="en")
    assert program.explain(backward=True, language="en") == expected


@with_both
def test_a_turned_weight_that_something_else_reads_stays(fast: bool) -> None:
    fast_or_not(fast)

    def fn(x: Numbers) -> Any:
        turned = [[-w for w in row] for row in W]
        sums = [c - row[0] * x[0] - row[1] * x[1] + w[2] * x[2] for row, w, c in zip(turned, W, B, strict=True)]
        product = turned[0][0] * x[2]
        more = [es.sin(x[0]) - product - (-B[0]), es.cos(x[1]) + W[1][1] * x[1] - product - (-B[0]), es.exp(-B[0])]
        return squares([*map(es.tanh, sums), *more, es.exp(turned[1][1]), es.exp(product)])

    agree(record(fn, [0.1] * 3, fast=fast), fn, np.random.default_rng(1).uniform(-0.9, 0.9, (7, 3)))


@with_both
def test_a_turned_product_that_one_sum_adds_and_another_subtracts_is_the_same_in_both(fast: bool) -> None:
    fast_or_not(fast)

    def fn(x: Numbers) -> Any:
        both = -W[0][0] * x[0]
        plus, minus = W[0][1] * x[1] + both + x[2] * W[0][2], W[1][1] * x[1] - both + x[2] * W[1][2]
        return es.tanh(plus) + 2 * es.tanh(minus) + es.tanh(W[2][1] * x[1] - -W[1][0] * x[0] + x[2] * W[2][2])

    agree(record(fn, [0.1] * 3, fast=fast), fn, np.random.default_rng(1).uniform(-0.9, 0.9, (7, 3)))


def test_numbers_times_a_parameter_are_one_operation_whichever_stands_first() -> None:
    def fn(turn: bool) -> Callable[[Numbers], Any]:
        def scaled(x: Numbers) -> Any:
            scaled = [a * c if turn and i % 2 else c * a for i, (a, c) in enumerate(zip(x, B, strict=True))]
            return squares(
                [
                    c + es.tanh(z) if turn and i % 2 else es.tanh(z) + c
                    for i, (z, c) in enumerate(zip(scaled, R, strict=True))
                ]
            )

        return scaled

    mixed, same = [record(fn(turn), [0.1] * 4) for turn in (True, False)]
    assert len(mixed.plan.blocks) == len(same.plan.blocks)
    agree(mixed, fn(True), np.random.default_rng(1).uniform(-0.9, 0.9, (7, 4)))
    check_printed(mixed, np.random.default_rng(1).uniform(-0.9, 0.9, (4, 4)))


Both = Callable[[Any, Any], Any]  # a product or a sum of two


def gates(times: Both, plus: Both) -> Callable[[Numbers], Any]:
    """A cell that lets through a part of what is new, and keeps the rest of what was."""

    def fn(x: Numbers) -> Any:
        h = x
        for _ in range(3):
            new = [es.dot(w, h) + b for w, b in zip(GATES, B, strict=False)]
            share = [es.sigmoid(es.dot(w, h)) for w in GATES[4:]]
            h = [plus(times(n, s), times(1 - s, a)) for n, s, a in zip(new, share, h, strict=True)]
        return squares([es.dot(row, h) for row in V])

    return fn


def residual(times: Both, plus: Both) -> Callable[[Numbers], Any]:
    def fn(x: Numbers) -> Any:
        h = x
        for _ in range(2):
            h = [plus(es.tanh(es.dot(row, h) + b), a) for row, b, a in zip(U, B, h, strict=True)]
        return es.sum([times(a, b) for a, b in zip(h, x, strict=True)])

    return fn


@pytest.mark.parametrize("make", [gates, residual])
def test_the_two_of_a_product_or_a_sum_are_columns_whichever_is_written_first(make: Callable[..., Any]) -> None:
    def written(turn: bool) -> Callable[[Numbers], Any]:
        def fn(x: Numbers) -> Any:
            order = random.Random(5)

            def turned() -> bool:
                return turn and order.random() < 0.5

            return make(lambda a, b: b * a if turned() else a * b, lambda a, b: b + a if turned() else a + b)(x)

        return fn

    program, usual = record(written(True), [0.1] * 4), record(written(False), [0.1] * 4)
    text, expected = [p.explain(backward=True, language="en").splitlines() for p in (program, usual)]
    assert len(text) == len(expected)
    xs = np.random.default_rng(1).uniform(-0.9, 0.9, (4, 4))
    check_printed(program, xs)
    np.testing.assert_allclose(program(xs), usual(xs), rtol=1e-12)
    np.testing.assert_allclose(program.value_and_grad(xs)[1], usual.value_and_grad(xs)[1], rtol=1e-10, atol=1e-13)


def test_neurons_of_one_use_stand_together_though_many_read_what_they_give() -> None:
    program = record(gates(lambda a, b: a * b, lambda a, b: a + b), [0.1] * 4)
    assert {"G1 = Z1[4:8]   m×4", "G2 = Z1[0:4]   m×4"} <= {
        " ".join(line.split()).replace(" m×", "   m×") for line in program.explain(language="en").splitlines()
    }


def test_two_heads_of_an_autoencoder_stand_apart_whatever_its_loss_has_beside_them() -> None:
    """A variational one of 8, 6 and 3 neurons: μ and log σ² of each hidden variable are met in turns in the loss."""
    w, m, s, v, o = values(6, 8), values(3, 6), values(3, 6, seed=2), values(6, 3), values(8, 6)

    def fn(x: Numbers, noise: Numbers) -> Any:
        hidden = [es.tanh(es.dot(row, x)) for row in w]
        means, logs = [es.dot(row, hidden) for row in m], [es.dot(row, hidden) for row in s]
        z = [a + es.exp(0.5 * b) * e for a, b, e in zip(means, logs, noise, strict=True)]
        y = [es.dot(row, [es.tanh(es.dot(row, z)) for row in v]) for row in o]
        likely = es.sum([es.softplus(a) - t * a for a, t in zip(y, x, strict=True)])
        return likely - 0.5 * es.sum([1 + b - a * a - es.exp(b) for a, b in zip(means, logs, strict=True)])

    program = record(fn, [0.1] * 8, [0.1] * 3)
    lines = [" ".join(line.split()) for line in program.explain(language="en").splitlines()]
    assert {"G1 = Z2[3:6] m×3", "G2 = Z2[0:3] m×3"} <= set(lines)
    weights = program.matrices(np.zeros((1, 8)), np.zeros((1, 3)))["W2"]
    assert weights.T.ravel().tolist() == [x.data for row in m + s for x in row]
    unread = check_printed(program, np.full((3, 8), 0.3), np.random.default_rng(0).normal(size=(3, 3)))
    assert all("[" in formula for formula in unread)


def test_what_each_part_of_a_mixture_has_stands_with_that_of_the_others() -> None:
    """The weights, means and widths of three normal distributions: the parts meet in one log Σ eˣ, in any order."""
    w, pi, m, s = values(3, 4), values(3, 3), values(3, 3, seed=2), values(3, 3, seed=3)

    def fn(x: Numbers, t: Any) -> Any:
        hidden = [es.tanh(es.dot(row, x)) for row in w]
        shares, means, logs = ([es.dot(row, hidden) for row in head] for head in (pi, m, s))
        parts = zip(es.log_softmax(shares), means, logs, strict=True)
        return -es.log_sum_exp([p - b - 0.5 * ((t - a) / es.exp(b)) ** 2 for p, a, b in parts])

    program = record(fn, [0.1] * 4, 0.1)
    text = program.explain(language="en")
    assert all(f"= Y[{i}:{i + 3}]" in text for i in (0, 3, 6)), text
