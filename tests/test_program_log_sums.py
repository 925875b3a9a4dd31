"""log Σ eˣ of several lengths on one level, as a causal mask leaves them: in NumPy they are one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Value, record
from micrograd_es.program.in_numpy.log_sums import LogSums, together
from test_portions import assert_the_same_in_portions
from test_program_blocks import agree, squares, values
from test_program_inner import attention, flat, linear, rows
from test_program_steps import assert_source_gives_the_same

Fn = Callable[[list[Value]], Value]


def causal(heads: int) -> Fn:
    weights = values(heads, 3, 3, 4)

    def fn(x: list[Value]) -> Value:
        table = rows(x, 4)
        found = [attention(*[[linear(w, t) for t in table] for w in head], causal=True) for head in weights]
        return squares([y for one in found for y in flat(one)])

    return fn


def losses(lengths: tuple[int, ...]) -> Fn:
    """Cross-entropies over so many classes each, of which some have inputs in common."""
    weights = values(sum(lengths), 24)

    def fn(x: list[Value]) -> Value:
        scores = [es.dot(row, x) for row in weights]
        ends = [sum(lengths[: i + 1]) for i in range(len(lengths))]
        return es.sum([es.log_sum_exp(scores[end - n : end + 2]) - scores[end - 1] for n, end in zip(lengths, ends)])  # noqa: B905

    return fn


def after_each_other(x: list[Value]) -> Value:
    """Of which each reads the one before."""
    for n in (2, 3, 4):
        x = [es.log_sum_exp(x[:n]), *x[1:]]
    return x[0]


CASES = {"one head": causal(1), "two heads": causal(2), "losses": losses((3, 4, 5, 3))}
OTHERS: dict[str, Fn] = {
    "two lengths": lambda x: es.sum([es.log_sum_exp(x[i : i + 3 + i % 2]) for i in range(8)]),
    "too different": losses((2, 3, 30)),
    "after each other": after_each_other,
}


def are_one(fn: Fn) -> list[int]:
    """The longest of each log Σ eˣ that are one."""
    blocks = together(record(fn, [0.1] * 24).plan.blocks)
    return [max(map(len, block.inputs)) for block in blocks if isinstance(block, LogSums)]


@pytest.mark.parametrize(("name", "longest"), [("one head", 6), ("two heads", 6), ("losses", 7)])
def test_log_sums_of_several_lengths_have_the_numbers_of_the_eager_path(name: str, longest: int) -> None:
    assert are_one(CASES[name]) == [longest]
    agree(record(CASES[name], [0.1] * 24), CASES[name], np.random.default_rng(3).normal(size=(3, 24)))


def test_those_of_inputs_alone_send_nothing_back() -> None:
    w = values(3)

    def fn(x: list[Value]) -> Value:
        return es.dot(w, [es.log_sum_exp(x[:n]) for n in (4, 5, 6)])

    assert are_one(fn) == [6]
    program = record(fn, [0.1] * 24)
    assert "np.exp" not in program.source(batch=5).split("def backward")[1]
    agree(program, fn, np.random.default_rng(3).normal(size=(5, 24)))


@pytest.mark.parametrize("name", OTHERS)
def test_others_stay_as_they_are(name: str) -> None:
    assert are_one(OTHERS[name]) == []
    agree(record(OTHERS[name], [0.1] * 24), OTHERS[name], np.random.default_rng(3).normal(size=(3, 24)))


@pytest.mark.parametrize("batch", [2, 9, 40])
@pytest.mark.parametrize("name", CASES)
def test_their_source_gives_the_same_bits(name: str, batch: int) -> None:
    program, xs = record(CASES[name], [0.1] * 24), np.random.default_rng(3).normal(size=(batch, 24))
    program.value_and_grad(xs, wrt="both")
    assert_source_gives_the_same(program, 0.5)


@pytest.mark.parametrize("name", CASES)
def test_they_are_one_logarithm_for_more_than_one_example(name: str) -> None:
    source = record(CASES[name], [0.1] * 24).source(16, wrt="both")
    assert source.count("np.log(") == 1 and "logaddexp" not in source, source


@pytest.mark.parametrize("name", CASES)
def test_they_run_in_portions(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    xs = np.random.default_rng(3).normal(size=(7, 24))
    assert_the_same_in_portions(lambda: record(CASES[name], [0.1] * 24), [xs], monkeypatch)


@pytest.mark.parametrize("size", [1.0, 1e3, 1e150])
def test_they_do_not_overflow(size: float) -> None:
    def fn(x: list[Value]) -> list[Value]:
        return [es.log_sum_exp(x[: i + 1]) for i in range(4)]

    program, xs = record(fn, [0.1] * 4), size * np.random.default_rng(3).normal(size=(5, 4))
    largest = np.maximum.accumulate(xs, axis=1)
    expected = [largest[:, i] + np.log(np.exp(xs[:, : i + 1] - largest[:, i : i + 1]).sum(axis=1)) for i in range(4)]
    np.testing.assert_allclose(program(xs), np.array(expected).T, rtol=1e-13)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_stays_in_its_own_sum(bad: float) -> None:
    scores = [es.log_sum_exp, es.log_sum_exp, es.log_sum_exp]
    program = record(lambda x: [f(x[3 * i : 3 * i + 2 + i]) for i, f in enumerate(scores)], [0.1] * 10)
    xs = np.ones((2, 10))
    xs[1, 3] = bad
    found = program(xs)
    assert np.isfinite(found[0]).all() and np.isfinite(found[1, [0, 2]]).all()
    assert not np.isfinite(found[1, 1])
