"""Sums of several lengths on one level, as those over the neighbours in a large graph are: in NumPy they are one."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Value, record
from micrograd_es.program.blocks import Total
from micrograd_es.program.in_numpy.totals import Totals, together
from test_portions import assert_the_same_in_portions
from test_program_blocks import agree, chain, squares, tree, values
from test_program_steps import assert_source_gives_the_same

Fn = Callable[[list[Value]], Value]


def network(total: Callable[[list[Any]], Any], degrees: tuple[int, ...], mean: bool = False, twice: bool = False) -> Fn:
    """Two rounds of sums over neighbours, of which there are so many, and a layer that all nodes share."""
    r, count = random.Random(1), len(degrees)
    near = [r.choices(range(count), k=n) if twice else r.sample(range(count), n) for n in degrees]
    weights = values(2, 3, 3)

    def fn(x: list[Value]) -> Value:
        nodes: Any = [x[3 * i : 3 * i + 3] for i in range(count)]
        for layer in weights:
            sums = [
                [total([nodes[j][c] for j in some]) / (len(some) if mean else 1) for c in range(3)] for some in near
            ]
            nodes = [[es.tanh(es.dot(w, node)) for w in layer] for node in sums]
        return squares([h for node in nodes for h in node])

    return fn


DEGREES = (1, 5, 2, 3, 4, 3, 5, 2) * 14  # in a graph of fewer nodes they are a product
INPUTS = 3 * len(DEGREES)
CASES = {
    "sums": network(es.sum, DEGREES),
    "chains": network(chain, DEGREES),
    "trees": network(tree, DEGREES),
    "means": network(es.sum, DEGREES, mean=True),
    "a neighbour twice": network(es.sum, DEGREES, twice=True),
    "three or four": network(es.sum, (3, 4, 4, 3, 4, 3, 4, 4) * 14),
}


def kinds(fn: Fn) -> list[bool]:
    """Of all blocks with sums, as they run, whether they have several lengths."""
    blocks = together(record(fn, [0.1] * INPUTS).plan.blocks)
    return [isinstance(block, Totals) for block in blocks if isinstance(block, Total | Totals) and len(block.out) > 1]


@pytest.mark.parametrize("name", CASES)
def test_sums_of_several_lengths_have_the_numbers_of_the_eager_path(name: str) -> None:
    assert kinds(CASES[name]) == [True, True]
    program = record(CASES[name], [0.1] * INPUTS)
    agree(program, CASES[name], np.random.default_rng(3).normal(size=(3, INPUTS)))


@pytest.mark.parametrize("batch", [1, 2, 8, 9, 40])
@pytest.mark.parametrize("name", CASES)
def test_their_source_gives_the_same_bits(name: str, batch: int) -> None:
    program, xs = record(CASES[name], [0.1] * INPUTS), np.random.default_rng(3).normal(size=(batch, INPUTS))
    program.value_and_grad(xs, wrt="both")
    assert_source_gives_the_same(program, 0.5)


def test_sums_of_several_lengths_are_sent_back_by_one_call_each() -> None:
    source = record(CASES["sums"], [0.1] * INPUTS).source(32, wrt="inputs")
    assert source.count("sums[:len(i)] += ") == 2, source
    assert "np.add.reduce(" not in source


@pytest.mark.parametrize("name", CASES)
def test_sums_of_several_lengths_run_in_portions(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    xs = np.random.default_rng(3).normal(size=(7, INPUTS))
    assert_the_same_in_portions(lambda: record(CASES[name], [0.1] * INPUTS), [xs], monkeypatch)


def after_each_other(x: list[Value]) -> Value:
    """Sums of which some read others."""
    shorter = [es.sum([x[i], x[i + 5], x[i + 10]]) for i in range(8)]
    longer = [es.sum([shorter[i], shorter[(i + 3) % 8], x[i], x[i + 7]]) for i in range(8)]
    return squares([*shorter, *longer])


NOT_TOGETHER: dict[str, Fn] = {
    "of one length": network(es.sum, (3,) * 8),
    "long ones": network(es.sum, (2, 2, 9, 9, 10, 10, 2, 2), twice=True),
    "one reads another": after_each_other,
    "where they stand": lambda x: squares([*[es.sum(x[i : i + 3]) for i in range(0, 12, 3)], x[0], es.sum(x[12:24])]),
}


@pytest.mark.parametrize("name", NOT_TOGETHER)
def test_other_sums_stay_as_they_are(name: str) -> None:
    assert True not in kinds(NOT_TOGETHER[name])
    program = record(NOT_TOGETHER[name], [0.1] * INPUTS)
    agree(program, NOT_TOGETHER[name], np.random.default_rng(3).normal(size=(3, INPUTS)))
