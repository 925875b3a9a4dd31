"""Graphs: what nodes take from their neighbours is one product with a matrix of constants."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Program, Value, record
from micrograd_es.program.blocks import Affine
from micrograd_es.program.planning.nodes import as_nodes
from printed_formulas import check_printed
from test_program_blocks import agree, chain, squares, tree, values
from test_program_factors import fast_or_not, with_both
from test_program_steps import assert_source_gives_the_same


def graph(degrees: int) -> list[list[float]]:
    """What the nodes of a graph take from their neighbours and themselves: 1/√(d·e), of degrees d and e."""
    edges = [(i, (i + 1) % 9) for i in range(9)] + [(0, 4), (2, 7), (0, 2)][: degrees - 1]
    there = np.eye(9)
    for i, j in edges:
        there[i, j] = there[j, i] = 1
    d = there.sum(axis=1)
    return (there / np.sqrt(np.outer(d, d))).tolist()


@with_both
@pytest.mark.parametrize("is_first", [True, False], ids=["neighbours first", "weights first"])
@pytest.mark.parametrize("degrees", [2, 4])
def test_what_the_nodes_of_a_graph_take_from_their_neighbours_is_one_product(
    degrees: int, is_first: bool, fast: bool
) -> None:
    fast_or_not(fast)
    a, w, b = graph(degrees), values(3, 2, seed=7), values(3, seed=8)

    def mixed(x: list[list[Any]]) -> list[list[Any]]:
        return [[es.sum([p * x[k][j] for k, p in enumerate(row) if p]) for j in range(len(x[0]))] for row in a]

    def fn(x: list[Value]) -> Value:
        nodes = [x[i : i + 2] for i in range(0, 18, 2)]
        scores = [[es.dot(row, node) for row in w] for node in (mixed(nodes) if is_first else nodes)]
        scores = scores if is_first else mixed(scores)
        return squares([es.relu(z + c) for node in scores for z, c in zip(node, b, strict=True)])

    program, xs = record(fn, [0.1] * 18, fast=fast), np.random.default_rng(degrees).normal(size=(7, 18))
    agree(program, fn, xs)
    found = [(block.kernels, block.terms) for block in program.plan.blocks if isinstance(block, Affine)]
    assert found == ([(9, 9), (3, 2)] if is_first else [(3, 2), (9, 9)])
    check_printed(program, xs)
    check_printed(program, xs, examples="columns")
    [matrix] = [x for x in program.matrices(xs).values() if x.shape == (9, 9)]
    assert matrix == pytest.approx(np.array(a))  # its nodes stand in the order of the inputs


LAYERS = (values(3, 2, seed=7), values(3, seed=8)), (values(2, 3, seed=9), values(2, seed=6))


def two_layers(x: list[list[Any]], a: list[list[float]]) -> list[Any]:
    """The numbers of all nodes after two layers over a graph."""
    for w, c in LAYERS:
        taken = [[es.sum([p * x[k][j] for k, p in enumerate(row) if p]) for j in range(len(x[0]))] for row in a]
        x = [[es.tanh(es.dot(row, node) + b) for row, b in zip(w, c, strict=True)] for node in taken]
    return [v for node in x for v in node]


GRAPHS = {
    "of three degrees": graph(4),
    "a ring of four": [[1 / 3 if (i - j) % 4 != 2 else 0.0 for j in range(4)] for i in range(4)],
    "its mean": (np.array(graph(4)) / np.sum(graph(4), axis=1, keepdims=True)).tolist(),
    "of one way": [[0.5, 0.25, 0, 0, 0], [0, 0.5, 0.25, 0, 0], [0, 0, 0.5, 0.25, 0.1], [0.1, 0, 0, 0.5, 0], [0.2] * 5],
}


@pytest.mark.parametrize("name", GRAPHS)
def test_two_layers_over_a_graph_are_those_of_the_lecture(name: str) -> None:
    a = GRAPHS[name]
    program = record(lambda x: squares(two_layers(x, a)), [[0.1, 0.2]] * len(a))
    xs = np.random.default_rng(3).normal(size=(5, len(a), 2))
    check_printed(program, xs)
    check_printed(program, xs, examples="columns")
    lines = [line.split("  ")[0] for line in program.explain(language="en").splitlines()]
    if name in ("of three degrees", "a ring of four"):  # symmetric
        assert {"G = table(X)", "Z1 = W3·G", "Z2 = Z1·W1 + B1", "H1 = tanh(Z2)", "Z3 = W3·H1"} <= {*lines}, lines
    elif name == "its mean":
        assert {"Z1 = W3ᵀ·G", "Z2 = Z1·W1 + B1", "Z3 = W3ᵀ·H1"} <= {*lines}, lines
    else:
        assert {"Z1 = W3ᵀ·G", "Z2 = Z1·W1 + B1"} <= {*lines}, lines


Edges = list[tuple[int, int]]

SHAPES: dict[str, Edges] = {
    "a path": [(i, i + 1) for i in range(6)],
    "a tree": [(0, 1), (0, 2), (1, 3), (1, 4), (2, 5), (2, 6), (6, 7), (3, 8), (4, 9), (5, 10)],
    "a grid": [(i, i + 1) for i in range(12) if i % 4 < 3] + [(i, i + 4) for i in range(8)],
    "two parts": [(0, 1), (1, 2), (2, 0), (0, 3), (4, 5), (5, 6), (6, 7), (7, 4), (4, 6), (7, 8)],
    "a wheel": [(i, (i + 1) % 7) for i in range(7)] + [(7, i) for i in range(7)],
}
Sums = Callable[[list[Any]], Any]
WAYS: dict[str, Sums] = {
    "sums": es.sum,
    "chains": chain,
    "trees": tree,
    "means": lambda xs: es.sum(xs) / len(xs),
    "scaled": lambda xs: (1 / len(xs)) * es.sum(xs),
    "Python's sums": sum,
}


def near(edges: Edges, own: bool) -> list[list[int]]:
    """The neighbours of every node, itself among them if they are its own."""
    count = 1 + max(max(edge) for edge in edges)
    found = [[i] if own else [] for i in range(count)]
    for i, j in edges:
        found[i].append(j)
        found[j].append(i)
    return [sorted(some) for some in found]


def network(neighbours: Sequence[Sequence[int]], way: Sums) -> Callable[[list[Any]], Value]:
    """Two layers, of which each takes from the neighbours what a neuron makes of them."""

    def fn(x: list[Any]) -> Value:
        nodes = [x[i : i + 2] for i in range(0, len(x), 2)]
        for w, c in LAYERS:
            z = [[es.dot(row, node) for row in w] for node in nodes]
            mixed = [[way([z[k][j] for k in some]) for j in range(len(w))] for some in neighbours]
            nodes = [[es.tanh(v + b) for v, b in zip(node, c, strict=True)] for node in mixed]
        return squares([v for node in nodes for v in node])

    return fn


@with_both
@pytest.mark.parametrize("own", [True, False], ids=["and itself", "alone"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", SHAPES)
def test_sums_over_neighbours_are_a_product_with_the_matrix_of_the_graph(
    name: str, way: str, own: bool, fast: bool
) -> None:
    """Also where halves of the graph know nothing of each other, a node has one neighbour, or is the only one's."""
    fast_or_not(fast)
    neighbours = near(SHAPES[name], own)
    fn = network(neighbours, WAYS[way])
    program = record(fn, [0.1, 0.2] * len(neighbours), fast=fast)
    agree(program, fn, np.random.default_rng(3).normal(size=(3, 2 * len(neighbours))))
    count = [block.kernels for block in program.plan.blocks if isinstance(block, Affine)][-1]  # without repeats
    products = [(block.kernels, block.terms) for block in program.plan.blocks if isinstance(block, Affine)]
    assert products == [(3, 2), (count, len(neighbours)), (2, 3), (count, count)], program.explain()
    lines = [line.split("  ")[0] for line in program.explain(language="en").splitlines()]
    assert {"H1 = tanh(Z2)", "Z3 = H1·W2", "H2 = tanh(Z4)"} <= {*lines}, lines
    there = np.array([[float(k in some) for k in range(len(neighbours))] for some in neighbours])
    there /= there.sum(axis=1, keepdims=True) if way in ("means", "scaled") else 1
    if count == len(neighbours):  # the nodes may stand in any order
        found = [x for x in program.matrices(np.zeros((1, 2 * count))).values() if x.shape == there.shape]
        assert any(same_lines(there, x) or same_lines(there, x.T) for x in found)


def same_lines(one: Any, other: Any) -> bool:
    """Whether two matrices have the same rows and columns, but for the order of what is in each."""
    return all(
        np.allclose(*[sorted(map(sorted, x.tolist())) for x in pair]) for pair in ((one, other), (one.T, other.T))
    )


def test_the_constant_1_of_such_a_matrix_is_none_of_the_tape(tmp_path: Path) -> None:
    fn = network(near(SHAPES["a grid"], own=True), es.sum)
    program = record(fn, [0.1, 0.2] * 12)
    assert 1 not in program.tape.constants and program.plan.tape.constants == [1]
    xs = np.random.default_rng(3).normal(size=(5, 24))
    program.save(tmp_path / "graph.json")
    for other in (Program.load(tmp_path / "graph.json"), pickle.loads(pickle.dumps(program))):
        assert str(other) == str(program) and other.explain() == program.explain()
        np.testing.assert_array_equal(other(xs), program(xs))


@pytest.mark.parametrize("batch", [1, 2, 40])
def test_the_source_of_a_graph_gives_the_same_bits(batch: int) -> None:
    program = record(network(near(SHAPES["a wheel"], own=False), es.sum), [0.1, 0.2] * 8)
    program.value_and_grad(np.random.default_rng(3).normal(size=(batch, 16)), wrt="both")
    assert_source_gives_the_same(program, 0.5)


def test_running_sums_are_a_product_with_a_triangle() -> None:
    program = record(lambda x: squares([es.sum(x[: i + 1]) for i in range(8)]), [0.1] * 8)
    xs = np.random.default_rng(3).normal(size=(5, 8))
    check_printed(program, xs)
    assert "Y = X·W1 " in program.explain()
    assert program.matrices(xs)["W1"] == pytest.approx(np.triu(np.ones((8, 8)))[:, 1:])
    assert program(xs) == pytest.approx((np.cumsum(xs, axis=1) ** 2).sum(axis=1))


def sums_of_a_large_graph(x: list[Value]) -> list[Any]:
    return [es.sum([x[(i + k * k) % 90] for k in range(2 + i % 3)]) for i in range(90)]


def turned(x: list[Value]) -> list[Any]:
    """Tokens of two numbers after a layer, each turned by an angle of its own."""
    layer = [row[:2] for row in LAYERS[1][0]]
    tokens = [[es.dot(row, x[i : i + 2]) for row in layer] for i in range(0, len(x), 2)]
    turns = [([1.0, -0.5 * i], [0.5 * i, 1.0]) for i in range(len(tokens))]
    return [es.dot(row, token) for turn, token in zip(turns, tokens, strict=True) for row in turn]


def one_neuron(x: list[Value]) -> list[Value]:
    return [es.sin(es.dot(LAYERS[0][0][0], x[i : i + 2])) for i in range(0, len(x), 2)]


WITHOUT: dict[str, tuple[int, Callable[[list[Value]], Any]]] = {
    "one of many nodes": (90, sums_of_a_large_graph),
    "of one length": (8, lambda x: [x[i] + x[i - 1] for i in range(8)]),
    "with inputs of their own": (12, lambda x: [es.sum(x[:3]), es.sum(x[3:7]), es.sum(x[7:])]),
    "of a neuron, with nearly no inputs in common": (
        24,
        lambda x: [es.sum(one_neuron(x)[i:j]) for i, j in [(0, 3), (2, 7), (7, 12)]],
    ),
    "of tokens, each turned by itself": (8, turned),
}


@pytest.mark.parametrize("name", WITHOUT)
def test_other_sums_are_no_products(name: str) -> None:
    count, fn = WITHOUT[name]
    program = record(lambda x: squares(fn(x)), [0.1] * count)
    assert not [block for block in program.plan.blocks if isinstance(block, Affine) and block.absent is not None]
    agree(program, lambda x: squares(fn(x)), np.random.default_rng(3).normal(size=(3, count)))


SHARED: dict[str, Callable[[list[Any], list[list[int]]], list[Any]]] = {
    "scaled twice": lambda z, near: [c * s for s in totals(z, near) for c in (0.5, 2.0)],
    "given back, too": lambda z, near: [*totals(z, near), *[s / 2 for s in totals(z, near)]],
    "added to what varies": lambda z, near: [s + a for s, a in zip(totals(z, near), z, strict=True)],
    "divided by": lambda z, near: [3.0 / (4 + s * s) for s in totals(z, near)],
    "less than a constant": lambda z, near: [1.5 - s for s in totals(z, near)],
}


def totals(z: list[Any], neighbours: list[list[int]]) -> list[Any]:
    return [es.sum([z[k] for k in some]) for some in neighbours]


@with_both
@pytest.mark.parametrize("name", SHARED)
def test_sums_over_neighbours_that_are_used_otherwise_have_their_numbers(name: str, fast: bool) -> None:
    fast_or_not(fast)
    w = values(11, 2)

    def fn(x: list[Value]) -> Value:
        z = [es.sin(es.dot(row, x)) for row in w]
        return squares(SHARED[name](z, near(SHAPES["a tree"], own=True)))

    program = record(fn, [0.1, 0.2], fast=fast)
    assert (11, 11) in [(block.kernels, block.terms) for block in program.plan.blocks if isinstance(block, Affine)]
    agree(program, fn, np.random.default_rng(3).normal(size=(3, 2)))


def powers_of(a: list[list[float]], count: int, last: bool) -> Callable[[list[Value]], Value]:
    """What nodes take from each other, several times, with nothing between; sums of one term among it."""

    def fn(x: list[Value]) -> Value:
        for _ in range(count):
            x = [es.sum([p * v for p, v in zip(row, x, strict=True) if p]) for row in a]
        return squares(x) if last else squares([*x, *x[:2]])

    return fn


NEIGHBOURS = {  # of every node
    "a star, whose last leaf is alone": [[0, 3], [1, 3], [3], [0, 1, 2]],
    "a node of one way beside others": [[2], [1, 2, 4], [0, 1, 2], [3], [1, 4]],
    "a node with one neighbour": [[0, 1, 2, 4], [0, 1], [0, 2, 3, 4], [2], [0, 2, 4]],
}


@with_both
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("name", NEIGHBOURS)
def test_what_is_taken_from_neighbours_of_neighbours_waits_for_what_these_take(
    name: str, count: int, last: bool, fast: bool
) -> None:
    """A product that several sums have, of which one is that product alone, needs its factor; the others do not."""
    fast_or_not(fast)
    several = NEIGHBOURS[name]
    a = [[0.25 if j in some else 0.0 for j in range(len(several))] for some in several]
    fn = powers_of(a, count, last)
    program = record(fn, [0.1] * len(a), fast=fast)
    agree(program, fn, np.random.default_rng(count).normal(size=(3, len(a))))


def test_what_smoothes_a_few_points_is_one_matrix_of_numbers() -> None:
    """At both ends it has other weights, which are no part of those between."""

    def fn(x: list[Value]) -> Value:
        ends = [0.75 * x[0] + 0.125 * x[1], 0.125 * x[4] + 0.75 * x[5]]
        return squares([*ends, *[es.dot([0.25, 0.5, 0.25], x[i - 1 : i + 2]) for i in range(1, 5)]])

    lines = record(fn, [0.1] * 6).explain(language="en").splitlines()
    assert lines[1].startswith("Y = X·W1 ") and lines[0].endswith("6×6"), lines


def test_a_filter_of_numbers_whose_edges_are_padded_is_no_matrix() -> None:
    def fn(x: list[Value]) -> Value:
        there = [0.0, *x, 0.0]
        return squares([es.dot([0.25, 0.5, 0.25], there[i : i + 3]) for i in range(8)])

    program = record(fn, [0.1] * 8)
    assert [(b.kernels, b.terms, b.positions) for b in program.plan.blocks if isinstance(b, Affine)] == [(1, 3, 8)]


def closed(name: str, count: int) -> list[list[int]]:
    """The neighbours of every node of a graph."""
    if name == "ring":
        return [[(i - 1) % count, i, (i + 1) % count] for i in range(count)]
    if name == "path":
        return [[j for j in (i - 1, i, i + 1) if 0 <= j < count] for i in range(count)]
    return [[0, i] if i else [*range(count)] for i in range(count)]


@pytest.mark.parametrize("count", [5, 9, 12])
@pytest.mark.parametrize("name", ["ring", "path", "star"])
def test_the_order_of_nodes_is_found_whatever_that_of_their_sums_is(name: str, count: int) -> None:
    neighbours = closed(name, count)
    order = random.Random(count).sample(range(count), count)
    pairs = as_nodes([frozenset(neighbours[node]) for node in order])
    assert pairs is not None
    found = [neighbours[order[k]] for k in pairs]
    assert all(i in found[i] for i in range(count))
    assert all(i in found[j] for i in range(count) for j in found[i])


def test_a_graph_of_one_way_has_no_such_order() -> None:
    assert as_nodes([frozenset([i, (i + 1) % 6, (i * 3) % 6]) for i in range(6)]) is None
    assert as_nodes([frozenset([0, 1]), frozenset([1, 2])]) is None
