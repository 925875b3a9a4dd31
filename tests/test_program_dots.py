"""Products of many inputs: one of them may also be in another sum, and they may be in sums of sums."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Value, record
from micrograd_es.ops import MUL
from micrograd_es.program.blocks import Affine, Elementwise
from test_program_blocks import agree, squares, values
from test_program_explain import check_matrices
from test_program_factors import fast_or_not, with_both

W, U = values(12, 12), values(12, seed=2)

FUNCTIONS: dict[str, Callable[[list[Value]], Value]] = {
    "squared": lambda x: es.dot(W[0][: len(x)], x) ** 2 + U[0] * x[0],
    "beside a bias": lambda x: es.tanh(es.dot(W[0][: len(x)], x)) + es.tanh(U[0] * x[3] + U[1]),
    "beside a short one": lambda x: es.tanh(es.dot(W[0][: len(x)], x)) + es.tanh(U[0] * x[0] + U[1] * x[1]),
    "of several": lambda x: (
        es.sum([es.tanh(es.dot(W[i][: len(x)], x)) for i in range(3)]) + es.tanh(U[0] * x[0] + U[1])
    ),
}


@with_both
@pytest.mark.parametrize("inputs", [5, 12])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_product_stays_one_where_an_input_is_in_another_sum(name: str, inputs: int, fast: bool) -> None:
    fast_or_not(fast)
    fn = FUNCTIONS[name]
    program = record(fn, [0.1] * inputs, fast=fast)
    if (name, inputs) != ("beside a short one", 5):  # of which the short one has much
        blocks = program.plan.blocks
        (product,) = [block for block in blocks if isinstance(block, Affine) and block.terms > 2]
        assert product.dense and product.terms == inputs
        assert not [b for b in blocks if isinstance(b, Elementwise) and b.op is MUL and len(b.out) > 1]
        assert "·W1" in program.explain().splitlines()[0]
    agree(program, fn, np.random.default_rng(3).normal(size=(3, inputs)))


@with_both
def test_sums_of_inputs_of_their_own_are_one_product_though_all_have_one_in_common(fast: bool) -> None:
    fast_or_not(fast)

    def fn(x: list[Value]) -> Value:
        own = [[x[0], *x[1 + 4 * i : 5 + 4 * i]] for i in range(6)]
        return es.sum([es.tanh(es.dot(row[:5], part)) for row, part in zip(W, own, strict=False)])

    program = record(fn, [0.1] * 25, fast=fast)
    (block,) = [block for block in program.plan.blocks if isinstance(block, Affine)]
    assert (block.dense, block.kernels, block.terms) == (False, 6, 5)
    agree(program, fn, np.random.default_rng(3).normal(size=(3, 25)))


def test_what_is_little_beside_a_layer_is_added_to_it() -> None:
    def fn(x: list[Value]) -> Value:
        return es.sum(
            [
                es.tanh(es.dot(row[:6], x[:6]) + u * x[6 + i])
                for i, (row, u) in enumerate(zip(W[:6], U[:6], strict=True))
            ]
        )

    (layer,) = [block for block in record(fn, [0.1] * 12).plan.blocks if isinstance(block, Affine)]
    assert (layer.dense, layer.kernels, layer.terms) == (True, 6, 6)


def waves(x: list[Value]) -> Value:
    """A wave that is put together of its parts: the last layer of a network that computes with frequencies."""
    real, imaginary = [es.sin(v) for v in x[:6]], [es.tanh(v) for v in x[6:]]

    def part(f: int, turn: float) -> Value:
        return real[f] * math.cos(turn * (f + 1)) - imaginary[f] * math.sin(turn * (f + 1))

    return es.sum([es.exp(es.sum([(f + 1.5) / 4 * part(f, 0.3 + 0.7 * j) for f in range(6)])) for j in range(5)])


@with_both
def test_a_wave_that_is_put_together_of_its_parts_is_one_product(fast: bool) -> None:
    fast_or_not(fast)
    program = record(waves, [0.1] * 12, fast=fast)
    (block,) = [block for block in program.plan.blocks if isinstance(block, Affine)]
    assert (block.dense, block.kernels, block.terms) == (True, 5, 12)
    inputs = np.random.default_rng(3).normal(size=(3, 12))
    agree(program, waves, inputs)
    if not fast:
        check_matrices(program, inputs)


def test_what_is_part_of_a_wave_and_read_elsewhere_is_a_sum_of_its_own() -> None:
    def fn(x: list[Value]) -> Value:
        parts = [[x[f] * (0.1 * f + 0.3) - x[f + 3] / (i + 3) for f in range(3)] for i in range(4)]
        return es.sum([es.exp(es.sum([-p / 3 for p in row]) - 2.5 * x[0]) for row in parts]) + squares(parts[0])

    agree(record(fn, [0.1] * 6), fn, np.random.default_rng(3).normal(size=(3, 6)))


def test_a_state_that_keeps_a_part_of_what_it_was_is_told_in_steps() -> None:
    """Each step is a sum of numbers in the next one; put together the last would have 0.9⁵ among its weights."""

    def averaged(x: list[Value]) -> Value:
        h = x[0]
        for v in x[1:]:
            h = 0.9 * h + 0.1 * v
        return es.tanh(h)

    text = record(averaged, [0.1] * 6).explain(language="en")
    assert "W1 = [0.9; 0.1]" in text and "Zₜ = Gₜ·W1" in text and "0.59" not in text
