"""Layers of which most weights are missing: one product where their sums would be many, and none where they are few."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Value, record
from micrograd_es.program.blocks import Affine
from printed_formulas import check_printed
from test_program_blocks import agree, squares, values
from test_program_explain import check_matrices
from test_program_factors import fast_or_not, some, with_both
from test_program_missing import Mask, at_positions, gaps, layer, where
from test_program_steps import assert_source_gives_the_same

SIZES = (20, 24, 32)
PARTS = (0.12, 0.15, 0.2, 0.25)
with_parts = pytest.mark.parametrize("part", PARTS)


def network(mask: Mask, size: int, bias: bool) -> Callable[[list[Value]], Value]:
    w, b = values(size, size), values(size)
    return lambda x: es.sum([es.tanh(z) for z in layer(mask, w, x, b if bias else None)])


@with_both
@pytest.mark.parametrize("bias", [False, True], ids=["alone", "with biases"])
@pytest.mark.parametrize("size", SIZES)
@with_parts
def test_a_layer_of_which_little_is_there_is_one_product(part: float, size: int, bias: bool, fast: bool) -> None:
    fast_or_not(fast)
    mask = some(size, size, part, seed=1)
    fn = network(mask, size, bias)
    program = record(fn, [0.1] * size, fast=fast)
    (block,) = gaps(program)
    rows = [[k for k, _ in mask].count(i) for i in range(size)]
    assert sum(map(len, block.there())) >= len(mask) - rows.count(1)  # a neuron of one weight is no sum
    assert len([block for block in program.plan.blocks if isinstance(block, Affine)]) == 1
    agree(program, fn, np.random.default_rng(3).normal(size=(3, size)))


@with_parts
def test_its_formulas_have_the_numbers_of_the_program(part: float) -> None:
    program, xs = record(network(some(24, 24, part, seed=1), 24, True), [0.1] * 24), np.ones((2, 24)) / 3
    assert "·W1 + B1 " in program.explain(), program.explain()
    check_matrices(program, xs)
    check_printed(program, xs)
    program.value_and_grad(xs)
    assert_source_gives_the_same(program, 0.5)


def adjacency(size: int, part: float) -> np.ndarray:
    """What a node of a graph takes from its neighbours and itself, by how many these are."""
    linked = np.random.default_rng(2).random((size, size)) < part
    linked |= linked.T | np.eye(size, dtype=bool)
    degrees = linked.sum(axis=1)
    return linked / np.sqrt(np.outer(degrees, degrees))


def convolution(size: int, part: float, inputs: int = 2, outputs: int = 3) -> Callable[[list[list[Value]]], Value]:
    """A layer on the nodes of a graph: what each computes is taken to its neighbours."""
    links, w = adjacency(size, part), values(inputs, outputs)

    def fn(x: list[list[Value]]) -> Value:
        own = [[es.dot([row[j] for row in w], node) for j in range(outputs)] for node in x]
        sums = [
            es.sum([float(links[i, k]) * own[k][j] for k in range(size) if links[i, k]])
            for i in range(size)
            for j in range(outputs)
        ]
        return es.sum([es.tanh(z) for z in sums])

    return fn


@with_both
@pytest.mark.parametrize(("size", "part"), [(16, 0.1), (32, 0.05), (32, 0.1)])
def test_what_nodes_of_a_graph_take_from_their_neighbours_is_one_product(size: int, part: float, fast: bool) -> None:
    fast_or_not(fast)
    fn = convolution(size, part)
    program = record(fn, np.zeros((size, 2)), fast=fast)
    (block,) = gaps(program)
    assert block.positions == 3 and block.kernels > size / 2
    assert len([block for block in program.plan.blocks if isinstance(block, Affine)]) <= 3
    flat = lambda x: fn([x[i : i + 2] for i in range(0, 2 * size, 2)])  # noqa: E731
    agree(record(flat, [0.1] * (2 * size), fast=fast), flat, np.random.default_rng(3).normal(size=(3, 2 * size)))


def test_compiled_nothing_is_computed_of_what_is_not_there_at_any_position() -> None:
    pytest.importorskip("llvmlite")
    from micrograd_es.program.compiled.split import without_gaps

    fn, inputs = at_positions(where(lambda i, j: (j - i) % 8 == 0 or (i, j) == (3, 4), 20), 3)
    assert not gaps(record(fn, [0.1] * inputs))
    program = record(convolution(32, 0.1), np.zeros((32, 2)))
    (block,) = gaps(program)
    parts = [part for part in without_gaps(program.plan).blocks if isinstance(part, Affine) and part.absent is None]
    there = [part for part in parts if part.positions == 3 and set(part.out.numbers) <= set(block.out.numbers)]
    assert sum(len(part.weights) for part in there) == sum(map(len, block.there())) < len(block.weights) / 4
    assert sorted(row for part in there for row in part.out.numbers) == sorted(block.out.numbers)
    assert all(len(part.inputs) == 3 * part.terms for part in there)


def each_of_length(size: int, length: int) -> Mask:
    r = np.random.default_rng(length)
    return [(i, int(j)) for i in range(size) for j in r.choice(size, length, replace=False)]


def band(size: int, width: int) -> Mask:
    return where(lambda i, j: width <= i < size - width and abs(i - j) <= width, size, size)


FEW: dict[str, tuple[Mask, int]] = {
    **{f"a band of {2 * width + 1}": (band(32, width), 32) for width in (1, 2, 3)},
    "sums of one length": (each_of_length(32, 4), 32),
    "hardly any of a large one": (some(150, 150, 0.03), 150),
}


@pytest.mark.parametrize("name", FEW)
def test_a_layer_of_which_hardly_anything_is_there_is_gathered(name: str) -> None:
    mask, size = FEW[name]
    assert not gaps(record(network(mask, size, False), [0.1] * size))


def test_an_energy_of_few_pairs_is_no_matrix() -> None:
    pairs, w = [(i, j) for i, j in some(24, 24, 0.15, seed=1) if i != j], values(24, 24)
    program = record(lambda x: es.sum([w[i][j] * x[i] * x[j] for i, j in pairs]) + squares(x), [0.1] * 24)
    assert not gaps(program)
