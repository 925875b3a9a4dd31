"""A choice by a constant: the program is what it chooses, as if an `if` stood there."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Program, Value, record
from micrograd_es.program.blocks import Affine
from test_program_blocks import agree, values
from test_program_factors import fast_or_not, with_both

W, V = values(12, 12), Value(2.0, "v")

Fn = Callable[[list[Value]], Any]

CHOICES: dict[str, Fn] = {
    "the first": lambda x: es.where(1, x[0] * V, x[1] * V),
    "the second": lambda x: es.where(0, x[0] * V, x[1] * V),
    "below 0": lambda x: es.where(-1.5, x[0] * V, x[1] * V),
    "an input": lambda x: es.where(1, x[0], x[1] * V),
    "a parameter": lambda x: [es.where(1, V, x[0]), es.where(0, x[0], V) * x[1]],
    "a constant": lambda x: [es.where(1, 3.0, x[0]), es.where(0, x[0], -2.0) * x[1]],
    "constants that follow": lambda x: es.where(es.where(0, x[0], 2.0) - 3, x[0], x[1]) * es.where(1, 2.0, x[0]),
    "of a choice": lambda x: es.where(1, es.where(0, x[0], x[1]), x[0]) + es.where(0, x[0], x[1]),
    "an exact condition": lambda x: es.where(Fraction(1, 3) - Fraction(1, 2), x[0], x[1]) * V,
    "several times": lambda x: [y := es.where(1, es.tanh(x[0] * V), x[1]), y * y, y],
    "the same twice": lambda x: es.where(1, x[0] * V, 0.0) + es.where(0, 0.0, x[0] * V) * x[1],
    "beside one that is computed": lambda x: es.where(x[0], es.where(1, x[1], x[0]), 0.0) * V,
    "zeros alone": lambda x: es.sum(es.where(0, x[i] * V, 0.0) for i in range(2)) + x[0],
}
POINTS = np.random.default_rng(3).normal(size=(3, 2))
with_choices = pytest.mark.parametrize("fn", CHOICES.values(), ids=CHOICES)


@with_both
@pytest.mark.parametrize("merge", [False, True])
@with_choices
def test_a_choice_by_a_constant_has_the_numbers_of_the_eager_path(fn: Fn, merge: bool, fast: bool) -> None:
    fast_or_not(fast)

    def loss(x: list[Value]) -> Value:
        found = fn(x)
        return es.dot([0.5, 2.0, -1.0], [*found, V, V][:3]) if isinstance(found, list) else found

    agree(record(loss, [0.3, -0.4], fast=fast, merge=merge, parameters=[V]), loss, POINTS)


@with_both
@pytest.mark.parametrize("merge", [False, True])
@with_choices
def test_what_is_chosen_may_be_an_output_and_is_saved(fn: Fn, merge: bool, fast: bool, tmp_path: Path) -> None:
    fast_or_not(fast)
    program = record(fn, [0.3, -0.4], fast=fast, merge=merge)
    program.save(tmp_path / "program.json")
    loaded = Program.load(tmp_path / "program.json", fast=fast)
    for point in POINTS:
        found = fn([Value(float(x)) for x in point])
        expected = [y.data for y in found] if isinstance(found, list) else found.data
        assert program(point) == pytest.approx(expected, rel=1e-14)
        assert np.array_equal(loaded(point), program(point))


@with_choices
def test_nothing_is_chosen_when_it_runs_and_what_is_not_chosen_is_not_computed(fn: Fn) -> None:
    program = record(fn, [0.3, -0.4])
    assert str(program).count("where") == (fn is CHOICES["beside one that is computed"])


def test_a_choice_by_a_constant_is_printed_as_what_it_chooses() -> None:
    assert str(record(CHOICES["the first"], [0.3, -0.4])).splitlines()[1:] == ["v0 = mul(x0, v)", "return v0"]


def test_a_choice_among_what_does_not_exist_there_is_no_error() -> None:
    program = record(lambda x: es.where(1, x, es.log(x)), 0.5)
    assert program(-2.0) == -2.0 and program.value_and_grad(-2.0)[0] == -2.0


def test_what_a_choice_is_called_is_what_it_chooses() -> None:
    def fn(x: list[Value]) -> Value:
        y = es.where(1, x[0] * V, x[1])
        y.label = "y"
        return 1 / y

    assert record(fn, [1.0, 1.0]).plan.tape.entries[0].label == "y"


@with_both
@pytest.mark.parametrize("way", ["a chain", "a sum"])
def test_a_layer_whose_missing_weights_are_chosen_is_the_layer_without_them(way: str, fast: bool) -> None:
    fast_or_not(fast)
    add: Any = sum if way == "a chain" else es.sum

    def chosen(x: list[Value]) -> Value:
        terms = [[es.where((i * 7 + j * 5) % 3, W[i][j] * x[j], 0.0) for j in range(12)] for i in range(12)]
        return add([es.tanh(add(row)) for row in terms])

    def left_out(x: list[Value]) -> Value:
        terms = [[W[i][j] * x[j] for j in range(12) if (i * 7 + j * 5) % 3] for i in range(12)]
        return add([es.tanh(add(row)) for row in terms])

    program = record(chosen, [0.1] * 12, fast=fast)
    agree(program, chosen, np.random.default_rng(3).normal(size=(3, 12)))
    (layer,) = [block for block in program.plan.blocks if isinstance(block, Affine)]
    assert len(program.plan.blocks) == len(record(left_out, [0.1] * 12).plan.blocks) == 3
    assert (layer.kernels, layer.terms, sum(map(len, layer.there()))) == (12, 12, 96)
    assert program.explain().startswith("Z = X·W1")


@with_both
def test_a_weight_that_is_only_in_what_is_not_chosen_has_no_gradient(fast: bool) -> None:
    fast_or_not(fast)
    program = record(lambda x: es.where(0, x * V, x * W[0][0]), 0.5, fast=fast, parameters=[V, W[0][0]])
    assert program.value_and_grad(3.0)[1].tolist() == [0.0, 3.0]
