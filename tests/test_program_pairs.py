"""Energies with a weight for nearly every pair: a matrix of which some weights are missing between two vectors."""

from __future__ import annotations

import random

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Value, record
from printed_formulas import check_printed
from test_program_blocks import agree, values
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
