"""Programs of functions that are put together at random, against the eager path: values, gradients and formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Program, Value, record
from micrograd_es.program.planning.affinities import Steps
from micrograd_es.program.planning.levels import is_irregular
from nearness import assert_near
from random_programs import Made
from random_sums import Summed
from test_program_explain import check_matrices

SMALL = {seed: 3 + seed % 12 for seed in range(30)}  # how many pieces the function of a seed has
LARGE = {seed: 20 + seed for seed in range(100, 115)}
PARTS = [
    79,
    83,
    120,
    478,
    721,
    957,
    979,
    996,
    1113,
    1207,
    1593,
    1692,
    1778,
    1897,
    1930,
]  # a part of sums is needed, too


def first_of(result: Any) -> Value:
    first: Value = result[0] if isinstance(result, list) else result
    return first


def assert_gives_what_values_give(program: Program, made: Made | Summed, xs: np.ndarray) -> None:
    """The outputs for every example, and of a single one the gradients for parameters and inputs."""
    outputs, slopes, to_inputs = [], [], []
    for row in xs.tolist():
        given = [Value(x) for x in row]
        result = made.fn(given)
        found = es.gradients(first_of(result))
        outputs.append([v.data for v in result] if isinstance(result, list) else [result.data])
        slopes.append([found.get(v, 0.0) for v in program.values])
        to_inputs.append([found.get(v, 0.0) for v in given])
    expected = np.array(outputs)
    assert_near(program(xs).reshape(len(xs), -1), expected, rel=1e-12, abs=1e-12 * np.abs(expected).max())
    if expected.shape[1] > 1:
        return
    _, (to_weights, (of_inputs,)) = program.value_and_grad(xs, reduce="sum", wrt="both")
    for part, wanted in ((to_weights, np.array(slopes).sum(axis=0)), (of_inputs, np.array(to_inputs))):
        assert_near(part, wanted, rel=1e-11, abs=1e-12 * max(1.0, np.abs(wanted).max(initial=0)))


def recorded(seed: int, size: int, fast: bool = False) -> tuple[Program, Made, np.ndarray]:
    """The program of a seed, its function, and three examples."""
    made = Made(seed, inputs=4 + seed % 5, size=size)
    xs = np.random.default_rng(seed).normal(size=(3, made.inputs))
    return record(made.fn, [0.1 * i for i in range(made.inputs)], fast=fast), made, xs


@pytest.mark.parametrize(("seed", "size"), (SMALL | LARGE).items())
def test_what_is_put_together_at_random_gives_what_values_give(seed: int, size: int) -> None:
    program, made, xs = recorded(seed, size)
    assert_gives_what_values_give(program, made, xs)


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
@pytest.mark.parametrize("seed", [*range(30), *PARTS])
def test_sums_of_sums_give_what_values_give(seed: int, fast: bool) -> None:
    if fast:
        pytest.importorskip("llvmlite")
    made, xs = Summed(seed), np.random.default_rng(seed).normal(size=(3, 4))
    assert_gives_what_values_give(record(made.fn, [0.1, 0.2, 0.3, 0.4], fast=fast), made, xs)


@pytest.mark.parametrize(("seed", "size"), [*SMALL.items()][:3] + [*LARGE.items()][:3])
def test_it_gives_them_as_machine_code_too(seed: int, size: int) -> None:
    pytest.importorskip("llvmlite")
    program, made, xs = recorded(seed, size, fast=True)
    assert_gives_what_values_give(program, made, xs)


@pytest.mark.parametrize(("seed", "size"), SMALL.items())
def test_its_formulas_give_the_numbers_of_the_program(seed: int, size: int) -> None:
    program, _, xs = recorded(seed, size)
    if len(program.tape.outputs) == 1:
        check_matrices(program, xs)


def test_both_what_is_regular_and_what_is_not_is_among_them() -> None:
    """Where little is alike, operations are given other levels."""
    kinds = [is_irregular(Steps(recorded(seed, size)[0].tape)) for seed, size in (SMALL | LARGE).items()]
    assert kinds.count(True) > 10 and kinds.count(False) > 10
