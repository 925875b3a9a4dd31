"""Ragged sums of which some have the same inputs, as layers in groups have: a matrix for each group, in one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Value, record
from micrograd_es.program.blocks import Affine, Rows, Space
from test_portions import assert_the_same_in_portions, peak_of
from test_program_blocks import agree, products, values
from test_program_factors import fast_or_not, with_both
from test_program_steps import assert_source_gives_the_same

Layer = Callable[[list[Value]], Value]


def in_groups(groups: int, size: int, rows: int, bias: bool, turned: bool = False) -> Layer:
    """Layers of so many groups, each from some numbers to others; the second one reads them in another order."""
    first, second = values(groups, rows, size), values(groups, size, rows, seed=2)
    biases = values(groups, rows)

    def fn(x: list[Value]) -> Value:
        hidden = [
            es.tanh(es.dot(w, x[g * size : (g + 1) * size]) + (b if bias else 0))
            for g in range(groups)
            for w, b in zip(first[g], biases[g], strict=True)
        ]
        read = [hidden[g::groups] if turned else hidden[g * rows : (g + 1) * rows] for g in range(groups)]
        return es.sum([es.tanh(es.dot(w, read[g])) for g in range(groups) for w in second[g]])

    return fn


CASES = {
    "square": (in_groups(8, 4, 4, False), 32, [4, 4]),
    "with biases": (in_groups(6, 3, 5, True), 18, [5, 3]),
    "read in another order": (in_groups(4, 3, 4, False, turned=True), 12, [4, 3]),
}


@with_both
@pytest.mark.parametrize("name", CASES)
def test_layers_in_groups_have_the_numbers_of_the_eager_path(name: str, fast: bool) -> None:
    fast_or_not(fast)
    fn, inputs, alike = CASES[name]
    program = record(fn, [0.1] * inputs, fast=fast)
    assert [block.alike for block in program.plan.blocks if isinstance(block, Affine)] == alike
    agree(program, fn, np.random.default_rng(3).normal(size=(3, inputs)))


@pytest.mark.parametrize("name", CASES)
def test_a_layer_in_groups_is_one_call_there_and_two_back(name: str) -> None:
    fn, inputs, _ = CASES[name]
    program = record(fn, [0.1] * inputs)
    xs = np.random.default_rng(3).normal(size=(16, inputs))
    program.value_and_grad(xs, wrt="both")
    assert_source_gives_the_same(program, 0.5)
    source = program.source(16, wrt="both")
    assert "einsum" not in source
    assert source.count("np.matmul(") == 6, source


@pytest.mark.parametrize("name", CASES)
def test_layers_in_groups_run_in_portions(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fn, inputs, _ = CASES[name]
    xs = np.random.default_rng(3).normal(size=(7, inputs))
    assert_the_same_in_portions(lambda: record(fn, [0.1] * inputs), [xs], monkeypatch)


def test_a_large_batch_of_groups_needs_three_arrays_of_its_values_at_most() -> None:
    program, xs = record(in_groups(4, 16, 16, False), [0.1] * 64), np.full((8_000, 64), 0.5)
    values = (64 + len(program.tape.entries)) * len(xs) * 8
    assert peak_of(lambda: program.value_and_grad(xs, wrt="both")) < 3 * values


def test_sums_of_which_only_some_have_the_same_inputs_are_ragged() -> None:
    sizes = [2] * 4 + [3] * 4
    weights = [values(rows, 4, seed=i) for i, rows in enumerate(sizes)]

    def fn(x: list[Value]) -> Value:
        return es.sum([es.tanh(es.dot(w, x[4 * i : 4 * i + 4])) for i, ws in enumerate(weights) for w in ws])

    program = record(fn, [0.1] * 32)
    assert products(program) == [(20, 4, 0)]
    assert "einsum" in program.source(16)
    agree(program, fn, np.random.default_rng(3).normal(size=(3, 32)))


ALIKE: dict[str, tuple[Sequence[int], int, Sequence[int]]] = {
    "two each": ([1, 2, 1, 2, 3, 4, 3, 4], 2, [1, 2, 3, 4]),
    "all": ([1, 2] * 4, 4, [1, 2]),
    "none": ([1, 2, 3, 4, 1, 2, 3, 4], 1, [1, 2, 3, 4, 1, 2, 3, 4]),
    "one less": ([1, 2, 1, 2, 3, 4], 1, [1, 2, 1, 2, 3, 4]),
    "one more": ([1, 2, 1, 2, 3, 4, 3, 4, 3, 4, 5, 6], 1, [1, 2, 1, 2, 3, 4, 3, 4, 3, 4, 5, 6]),
    "another order": ([1, 2, 1, 2, 3, 4, 4, 3], 1, [1, 2, 1, 2, 3, 4, 4, 3]),
}


@pytest.mark.parametrize("name", ALIKE)
def test_the_inputs_of_sums_that_are_alike_stand_once(name: str) -> None:
    numbers, alike, read = ALIKE[name]
    rows = len(numbers) // 2
    weights = Rows(Space.SHARED, tuple(range(2 * rows)))
    block = Affine(
        Rows(Space.VARYING, tuple(range(10, 10 + rows))), weights, Rows(Space.VARYING, tuple(numbers)), (), False
    )
    assert block.alike == alike
    assert block.read.numbers == tuple(read)
