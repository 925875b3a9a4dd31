"""Operations of the user whose rules ask what their input is: read on every way, and checked against numbers."""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Value
from micrograd_es.ops import OPS, Op, Role, op
from micrograd_es.program import record
from micrograd_es.program.arrays import ArrayMaths
from micrograd_es.program.branches import BranchError, without_branches
from micrograd_es.program.compiled import rows
from micrograd_es.program.compiled.lanes import NotCompilableError
from micrograd_es.program.rules import rules_of
from micrograd_es.value import apply

Rule = Callable[..., Any]
FORMULAS: dict[str, tuple[Rule, Rule]] = {
    "a branch": (lambda m, x: x if x > 0 else 0.01 * x, lambda m, z, x: (1.0 if x > 0 else 0.01,)),
    "at most": (lambda m, x: 0.5 * x if x <= 0.4 else m.sin(x), lambda m, z, x: (0.5 if x <= 0.4 else m.cos(x),)),
    "two borders": (
        lambda m, x: -1.0 if x < -1 else (1 if x >= 1 else x),
        lambda m, z, x: (0.0 if x < -1 or not x < 1 else 1.0,),
    ),
    "Python's max": (lambda m, x: max(x, 0.1 * x), lambda m, z, x: (1.0 if x > 0.1 * x else 0.1,)),
    "a comparison as a factor": (lambda m, x: x * (x > 0), lambda m, z, x: ((x > 0) * 1.0,)),
    "abs": (lambda m, x: abs(x), lambda m, z, x: (1.0 if x > 0 else -1.0,)),
    "NumPy's where": (lambda m, x: np.where(x > 0, x, x / 4), lambda m, z, x: (np.where(x > 0, 1.0, 0.25),)),
    "equal": (lambda m, x, y: 2 * x if x == y else x + y, lambda m, z, x, y: (2.0, 0.0) if x == y else (1.0, 1.0)),
    "Huber": (
        lambda m, x, y: (x - y) ** 2 / 2 if abs(x - y) <= 1 else abs(x - y) - 0.5,
        lambda m, z, x, y: (x - y, y - x) if abs(x - y) <= 1 else ((1.0, -1.0) if x > y else (-1.0, 1.0)),
    ),
    "sorted": (
        lambda m, *xs: sorted(xs)[1],
        lambda m, z, *xs: tuple([1.0 if x == z else 0.0 for x in xs]),
    ),
    "where there is a logarithm": (
        lambda m, x: m.log(x) if x > 0 else 0.0,
        lambda m, z, x: (1 / x if x > 0 else 0.0,),
    ),
}
ARRAYS: dict[str, tuple[Rule, Rule]] = {
    "NumPy's arctan": (lambda m, x: np.arctan(x), lambda m, z, x: (1 / (1 + x * x),)),
}
NUMBERS: dict[str, tuple[Rule, Rule]] = {
    "math": (lambda m, x: math.erf(x), lambda m, z, x: (2 / math.sqrt(math.pi) * math.exp(-x * x),)),
    "the kind of its input": (
        lambda m, x: m.tanh(x) if isinstance(x, int | float) else x * x,
        lambda m, z, x: (1 - z * z,),
    ),
    "whether it can be a number": (lambda m, x: _or_square(x), lambda m, z, x: (math.cos(x),)),
    "the kind, for its slope": (lambda m, x: m.sin(x), lambda m, z, x: (m.cos(x) if isinstance(x, float) else x,)),
    "a table": (lambda m, x: x * [1.0, 2.0, 3.0][int(x) % 3], lambda m, z, x: ([1.0, 2.0, 3.0][int(x) % 3],)),
    "a formula of three inputs, beside others that are long": (
        lambda m, x: m.max([x, 2 * x, 3 * x]) if x > 0 else reduce(operator.add, [x] * 100),
        lambda m, z, x: (reduce(operator.add, [0 * z] * 30, 3.0 if x > 0 else 100.0),),
    ),
}


def _or_square(x: Any) -> Any:
    try:
        return math.sin(float(x))
    except TypeError:
        return x * x


@pytest.fixture
def row() -> Iterator[Callable[[tuple[Rule, Rule]], Op]]:
    """What adds a row to the table, for one test."""
    before = set(OPS)
    yield lambda rules: op("row of the branches", "?", Role.SCALER, *rules)
    for name in set(OPS) - before:
        del OPS[name]


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("name", [*FORMULAS, *ARRAYS, *NUMBERS])
def test_a_rule_gives_arrays_what_it_gives_numbers(row: Any, name: str, fast: bool) -> None:
    made = row({**FORMULAS, **ARRAYS, **NUMBERS}[name])
    count = made.arity or 3

    def fn(xs: Any) -> Any:
        return es.sum([apply(made, *[x * (i + 1) for x in xs[i : i + count]]) for i in range(3)])

    program = record(fn, [0.1] * (2 + count), fast=fast)
    inputs = np.random.default_rng(1).normal(size=(30, 2 + count)) * 2
    inputs[0], inputs[1, :2] = 0.0, 0.4
    value, (slopes,) = program.value_and_grad(inputs, wrt="inputs", reduce="sum")
    expected = 0.0
    for numbers, found in zip(inputs.tolist(), slopes, strict=True):
        xs = [Value(x) for x in numbers]
        f = fn(xs)
        f.backward()
        expected += f.data
        assert found == pytest.approx([x.grad for x in xs], rel=1e-12, abs=1e-12)
    assert value == pytest.approx(expected, rel=1e-12)
    rules = rules_of(made, count)
    assert rules.formula is (name in FORMULAS)
    assert rules.by_number is (name in NUMBERS)
    assert (rules.forward is made.forward) is (name in ARRAYS)
    assert (f"{made.name}: number by number" in program.explain(language="en")) is (name in NUMBERS)
    assert (f"% {made.name}: número por número" in program.explain(latex=True)) is (name in NUMBERS)


TOGETHER: dict[str, tuple[Rule, Rule]] = {
    "NumPy's sum": (lambda m, *xs: np.sum(xs), lambda m, z, *xs: (1.0,) * len(xs)),
    "NumPy's product": (lambda m, *xs: np.prod(xs), lambda m, z, *xs: tuple(z / x for x in xs)),
    "a mean in its slope": (
        lambda m, *xs: sum((x - sum(xs) / len(xs)) ** 2 for x in xs),
        lambda m, z, *xs: tuple(2 * (x - np.mean(xs)) for x in xs),
    ),
    "what is as long as the inputs": (lambda m, *xs: sum(xs), lambda m, z, *xs: tuple(np.ones(len(xs)))),
    "a stack of arrays of one shape": (
        lambda m, *xs: np.arctan(np.stack(xs).sum(0)),
        lambda m, z, *xs: (1 / (1 + sum(xs) ** 2),) * len(xs),
    ),
}


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("name", TOGETHER)
def test_a_rule_that_computes_with_all_of_its_inputs_is_one_for_each_example(row: Any, name: str, fast: bool) -> None:
    made, w = row(TOGETHER[name]), Value(1.25, "w")
    program = record(lambda x: apply(made, *x, w), [0.5] * 4, fast=fast)
    inputs = np.random.default_rng(1).uniform(0.5, 1.5, (7, 4))
    value, (slopes, _) = program.value_and_grad(inputs, wrt="both", reduce="sum")
    results = [apply(made, *[Value(x) for x in numbers], w) for numbers in inputs.tolist()]
    assert value == pytest.approx(sum(result.data for result in results), rel=1e-12)
    assert slopes == pytest.approx([sum(es.gradients(result)[w] for result in results)], rel=1e-12)
    assert program(inputs) == pytest.approx([result.data for result in results], rel=1e-12)
    assert program.matrices(inputs)["L"].item() == pytest.approx(value / 7, rel=1e-12)


def test_a_rule_of_numpy_s_numbers_is_a_formula(row: Any) -> None:
    made = row((lambda m, x: np.polyval([1, 2, 3], x), lambda m, z, x: (np.polyval([2, 2], x),)))
    program = record(lambda x: apply(made, 2 * x), 0.0)
    assert rules_of(made, 1).formula
    assert "Y = ((0·H + 1) ⊙ H + 2) ⊙ H + 3" in program.explain()
    assert program.matrices(np.array([0.5, 1.0]))["Y"].ravel().tolist() == [6.0, 11.0]


def test_what_is_tried_with_a_rule_warns_of_nothing(row: Any) -> None:
    made = row((lambda m, x: np.sqrt(np.abs(x)), lambda m, z, x: (np.sign(x) / np.abs(z) / 2,)))
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        assert rules_of(made, 1).forward(ArrayMaths(), np.array([4.0])) == 2
    assert not seen


def test_what_arrays_read_is_compiled(row: Any) -> None:
    made = row(FORMULAS["Huber"])
    for kernel in (rows.forward("float64", made, "vv", True), rows.backward("float64", made, "vv", True)):
        assert "select" in kernel
    with pytest.raises(NotCompilableError, match="made for numbers"):
        rows.forward("float64", op("row of the branches, again", "?", Role.SCALER, *NUMBERS["math"]), "v", True)


def test_a_rule_with_too_many_ways_is_called_for_each_number(row: Any) -> None:
    made = row((lambda m, *xs: sorted(xs)[2], lambda m, z, *xs: tuple([1.0 if x == z else 0.0 for x in xs])))
    assert not rules_of(made, 6).formula
    with pytest.raises(BranchError, match="too many ways"):
        without_branches(made.forward, [f"x{i}" for i in range(6)])


def test_a_nan_is_no_answer(row: Any) -> None:
    made = row(FORMULAS["a branch"])
    assert np.isnan(rules_of(made, 1).forward(ArrayMaths(), np.array([np.nan]))[0])


def test_both_results_of_an_answer_may_be_the_same() -> None:
    formulas, _ = without_branches(lambda m, x, y: (x, y) if x >= y else (x, x + y), ["x", "y"])
    assert [formula.text() for formula in formulas] == ["x", "where(y − x, x + y, y)"]


def test_a_rule_that_gives_more_on_one_way_is_no_formula() -> None:
    with pytest.raises(BranchError, match="more results"):
        without_branches(lambda m, x: (x, x) if x > 0 else (x,), ["x"])


def test_a_rule_that_repeats_a_step_is_too_long_to_be_written() -> None:
    with pytest.raises(BranchError, match="long formula"):
        without_branches(lambda m, x: reduce(lambda y, _: y * y + x / y if x > 0 else y, range(40), x), ["x"])
