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
from test_program_blocks import agree, values
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
B, R = values(4, seed=3), values(4, seed=4)


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
