"""Energies with a weight for nearly every pair: a matrix of which some weights are missing between two vectors."""

from __future__ import annotations

import random

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Value, record
from micrograd_es.program.blocks import Affine, Elementwise, Inner, Space
from printed_formulas import check_printed
from test_program_blocks import agree, products, squares, values
from test_program_explain import check_matrices
from test_program_factors import fast_or_not, some, with_both
from test_program_missing import Fn, Mask, gaps, where

PAIRS: dict[str, Mask] = {
    "all but those of one": where(lambda i, j: i != j),
    "each pair once": where(lambda i, j: i < j),
    "each pair once, turned": where(lambda i, j: i > j),
    "some": some(8, 8, 0.6, seed=3),
}


def energy(pairs: Mask, turned: bool = False) -> Fn:
    w, field = values(8, 8), values(8)

    def fn(s: list[Value]) -> Value:
        order = random.Random(1).sample(pairs, len(pairs)) if turned else pairs
        products = [(s[j] * w[i][j]) * s[i] if turned else w[i][j] * s[i] * s[j] for i, j in order]
        return -0.5 * es.sum(products) - es.sum([es.exp(b * a) for a, b in zip(s, field, strict=True)])

    return fn


@with_both
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("pairs", PAIRS.values(), ids=PAIRS)
def test_a_weight_for_nearly_every_pair_is_a_matrix_between_two_vectors(pairs: Mask, turned: bool, fast: bool) -> None:
    fast_or_not(fast)
    fn, xs = energy(pairs, turned), np.random.default_rng(3).normal(size=(3, 8))
    program = record(fn, [0.1] * 8, fast=fast)
    (block,) = gaps(program)
    assert sum(map(len, block.there())) == len(pairs)
    agree(program, fn, xs)
    if not fast:
        check_matrices(program, xs)
        check_printed(program, xs)


def test_an_energy_of_every_pair_but_those_of_one_reads_as_such() -> None:
    lines = record(energy(PAIRS["all but those of one"]), [0.1] * 8).explain().splitlines()
    assert any(" = X·W1 " in line for line in lines) and any(" ⊙ X " in line for line in lines), lines


def test_few_pairs_with_a_weight_stay_products_of_two() -> None:
    assert not gaps(record(energy(where(lambda i, j: j == (i + 1) % 8)), [0.1] * 8))
    assert not gaps(record(energy(where(lambda i, j: 0 < j - i < 3)), [0.1] * 8))


@with_both
def test_pairs_of_which_each_is_divided_inside_are_a_matrix_between_two_vectors(fast: bool) -> None:
    fast_or_not(fast)
    w = values(4, 4)

    def fn(x: list[Value]) -> Value:
        return es.tanh(es.sum([w[i][j] * -(x[i] / (3 + i + 4 * j)) * x[4 + j] for i in range(4) for j in range(4)]))

    program = record(fn, [0.1] * 8, fast=fast)
    assert products(program) == [(4, 4, 1)]
    agree(program, fn, np.random.default_rng(3).normal(size=(3, 8)))


def several(grammar: list[Value], words: list[Value]) -> Value:
    """The inside algorithm: a span of words is Σ over what it is split into, of a weight for every pair of symbols."""
    inside = {(i, i + 1, a): es.exp(words[2 * i + a]) for i in range(5) for a in range(2)}
    for width, start in [(w, i) for w in range(2, 6) for i in range(6 - w)]:
        end = start + width
        for a in range(2):
            inside[start, end, a] = es.sum(
                grammar[4 * a + 2 * b + c] * inside[start, k, b] * inside[k, end, c]
                for k in range(start + 1, end)
                for b in range(2)
                for c in range(2)
            )
    return es.log(inside[0, 5, 0])


@with_both
def test_weights_for_every_pair_of_several_tables_are_matrices(fast: bool) -> None:
    fast_or_not(fast)
    w, xs = [Value(0.2 + 0.1 * i) for i in range(8)], np.random.default_rng(3).normal(size=(3, 10))
    program = record(lambda words: several(w, words), [0.1] * 10, fast=fast)
    products = [
        (block.kernels, block.terms, block.positions) for block in program.plan.blocks if isinstance(block, Affine)
    ]
    assert products == [(4, 2, 4), (4, 2, 3), (4, 2, 2), (2, 2, 1)]
    agree(program, lambda words: several(w, words), xs)
    if not fast:
        check_matrices(program, xs)
        check_printed(program, xs)
        check_printed(program, xs, examples="columns")


def test_rows_of_a_table_that_are_a_table_again_are_told() -> None:
    w = values(9, 3)

    def bilinear(x: list[Value], y: list[Value]) -> list[Value]:
        return [es.tanh(es.sum(w[3 * a + b][c] * x[b] * y[c] for b in range(3) for c in range(3))) for a in range(3)]

    program = record(lambda x, y: es.sum([*bilinear(x, y), *bilinear(y, x)]), [0.1] * 3, [0.2] * 3)
    text = program.explain(language="en")
    assert "G2 = table(rows 0:1(Z))" in text and "G3 = table(rows 1:2(Z))" in text, text
    assert "rows i:j(A): of each example the rows i to j − 1 of A" in text
    for examples in ("rows", "columns"):
        check_printed(program, *np.random.default_rng(1).normal(size=(2, 4, 3)), examples=examples)
    assert r"\operatorname{table}\left(\text{rows 0:1}\left(Z\right)\right)" in program.explain(
        latex=True, language="en"
    )


def factorised(twice: bool, turned: bool) -> Fn:
    """The weight of a pair is the product of two rows, of which every term stands by itself."""
    v = values(6, 3)

    def fn(x: list[Value]) -> Value:
        every = [(i, j, k) for i in range(6) for j in range(i + 1, 6) for k in range(3)]
        order = random.Random(1).sample(every, len(every)) if turned else every
        terms = [v[j][k] * x[i] * v[i][k] * x[j] if turned else v[i][k] * v[j][k] * x[i] * x[j] for i, j, k in order]
        return es.tanh(es.sum([*terms, *[-v[i][0] * x[i] * x[5] / 2 for i in range(5) if twice]]))

    return fn


@with_both
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("twice", [False, True])
def test_pairs_with_several_weights_each_have_the_sums_of_these(twice: bool, turned: bool, fast: bool) -> None:
    fast_or_not(fast)
    fn, xs = factorised(twice, turned), np.random.default_rng(3).normal(size=(3, 6))
    program = record(fn, [0.1] * 6, fast=fast)
    (block,) = gaps(program)
    assert sum(map(len, block.there())) == 15
    (weights,) = [block for block in program.plan.blocks if isinstance(block, Inner)]
    assert weights.out.space is Space.SHARED and weights.terms == 3
    agree(program, fn, xs)
    if not fast:
        check_matrices(program, xs)
        check_printed(program, xs)


def test_a_form_of_pairs_with_several_weights_is_one_product_at_all_its_positions() -> None:
    a, b = values(4, 4), values(4, 4, seed=2)

    def form(x: list[Value], y: list[Value]) -> Value:
        return es.sum([w[i][j] * x[i] * y[j] for w in (a, b) for i in range(4) for j in range(4)])

    def fn(x: list[Value]) -> Value:
        return squares([form(x[:4], x[4:8]), form(x[4:8], x[8:]), form(x[8:], x[:4])])

    program = record(fn, [0.1] * 12)
    assert products(program) == [(4, 4, 3)]
    sums = [block for block in program.plan.blocks if isinstance(block, Elementwise) and len(block.out) == 16]
    assert [block.out.space for block in sums] == [Space.SHARED]
    agree(program, fn, np.random.default_rng(3).normal(size=(3, 12)))


def test_a_product_that_is_a_weight_may_be_a_part_of_the_weight_of_a_pair_too() -> None:
    a, b, c, d, e = values(5)

    def fn(x: list[Value]) -> Value:
        h, y = x[0] + x[1] * a * b, x[2]
        return h * a * h * c + h * (a * y) + h * 2 * h * d + y * a * h * b + y * a * y + e * (y * (2 * h))

    agree(record(fn, [0.1] * 3), fn, np.random.default_rng(3).normal(size=(3, 3)))
