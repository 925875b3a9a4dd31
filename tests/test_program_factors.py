"""Matrices of which some entries are known, as a product of two small ones; and attention that sees some positions."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Program, Value, record
from micrograd_es.program.blocks import Inner, Space
from test_portions import assert_the_same_in_portions
from test_program_blocks import agree, chain, squares, values
from test_program_explain import check_matrices
from test_program_steps import assert_source_gives_the_same

Entry = tuple[int, int]  # its row and its column


def some(rows: int, columns: int, share: float, seed: int = 1) -> list[Entry]:
    """About such a share of the entries of a matrix, row by row."""
    r = random.Random(seed)
    return [(i, j) for i in range(rows) for j in range(columns) if r.random() < share]


def band(size: int, width: int) -> list[Entry]:
    return [(i, j) for i in range(size) for j in range(size) if abs(i - j) <= width]


KNOWN: dict[str, list[Entry]] = {
    "a few": some(10, 12, 0.05),
    "a third": some(10, 12, 0.3),
    "most": some(10, 12, 0.7),
    "all": some(10, 12, 1.1),
    "few of many": some(30, 25, 0.06),
    "in no order": random.Random(2).sample(some(9, 8, 0.4), len(some(9, 8, 0.4))),
    "some of them twice": some(9, 8, 0.3) + some(9, 8, 0.3, seed=2),
    "beside a diagonal": band(12, 1),
    "below the diagonal": [(i, j) for i in range(7) for j in range(i + 1)],
    "in two parts": some(6, 5, 0.5) + [(i + 6, j + 5) for i, j in some(5, 6, 0.5)],
    "with one that is alone": [*some(8, 7, 0.5), (8, 7)],
    "all of a row": [(0, j) for j in range(9)] + [(i, i) for i in range(1, 9)],
}


def factors(known: Sequence[Entry], rank: int = 3) -> tuple[Any, Any]:
    return values(1 + max(i for i, _ in known), rank), values(1 + max(j for _, j in known), rank, seed=2)


def factorised(known: Sequence[Entry], rank: int = 3, own: Callable[[Any], Any] = lambda a: a) -> Callable[..., Value]:
    """What the entries are is an input."""
    u, v = factors(known, rank)

    def fn(x: list[Value]) -> Value:
        left, right = [[own(a) for a in row] for row in u], [[own(a) for a in row] for row in v]
        return squares([es.dot(left[i], right[j]) - r for (i, j), r in zip(known, x, strict=True)])

    return fn


def of_inputs(known: Sequence[Entry], rank: int = 3) -> tuple[Callable[..., Value], int]:
    """Both tables vary."""
    rows, columns = 1 + max(i for i, _ in known), 1 + max(j for _, j in known)

    def fn(x: list[Value]) -> Value:
        u = [[es.tanh(a) for a in x[i * rank : (i + 1) * rank]] for i in range(rows)]
        v = [x[i * rank : (i + 1) * rank] for i in range(rows, rows + columns)]
        return squares([es.dot(u[i], v[j]) - 0.5 for i, j in known])

    return fn, (rows + columns) * rank


def tables(program: Program) -> list[Inner]:
    return [block for block in program.plan.blocks if isinstance(block, Inner)]


def fast_or_not(fast: bool) -> None:
    if fast:
        pytest.importorskip("llvmlite")


with_both = pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])


@with_both
@pytest.mark.parametrize("own", [lambda a: a, es.tanh], ids=["parameters", "computed"])
@pytest.mark.parametrize("name", KNOWN)
def test_known_entries_have_the_numbers_of_the_eager_path(name: str, own: Callable[[Any], Any], fast: bool) -> None:
    fast_or_not(fast)
    fn, inputs = factorised(KNOWN[name], own=own), len(KNOWN[name])
    agree(record(fn, [0.1] * inputs, fast=fast), fn, np.random.default_rng(3).normal(size=(3, inputs)))


@with_both
@pytest.mark.parametrize("name", KNOWN)
def test_factors_that_vary_have_the_numbers_of_the_eager_path(name: str, fast: bool) -> None:
    fast_or_not(fast)
    fn, inputs = of_inputs(KNOWN[name])
    agree(record(fn, [0.1] * inputs, fast=fast), fn, np.random.default_rng(3).normal(size=(3, inputs)))


@pytest.mark.parametrize("batch", [0, 1, 7, 200])
@pytest.mark.parametrize("name", KNOWN)
def test_the_source_gives_the_same_bits(name: str, batch: int) -> None:
    for fn, inputs in ((factorised(KNOWN[name]), len(KNOWN[name])), of_inputs(KNOWN[name])):
        program = record(fn, [0.1] * inputs)
        program.value_and_grad(np.random.default_rng(2).normal(size=(batch, inputs)), wrt="both")
        assert_source_gives_the_same(program, 0.5)


@pytest.mark.parametrize("name", KNOWN)
def test_the_formulas_have_the_numbers_of_the_program(name: str) -> None:
    for fn, inputs in ((factorised(KNOWN[name]), len(KNOWN[name])), of_inputs(KNOWN[name])):
        check_matrices(record(fn, [0.1] * inputs), np.random.default_rng(2).normal(size=(4, inputs)))


def test_portions_have_the_numbers_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    fn, inputs = of_inputs(KNOWN["most"])
    xs = np.random.default_rng(2).normal(size=(50, inputs))
    assert_the_same_in_portions(lambda: record(fn, [0.1] * inputs), [xs], monkeypatch)


@with_both
@pytest.mark.parametrize("share", [0.05, 0.3, 0.7, 1.1])
@pytest.mark.parametrize("total", [es.sum, chain], ids=["a sum", "a chain"])
def test_a_function_without_inputs_is_one_product_there_and_two_back(
    share: float, total: Callable[..., Any], fast: bool
) -> None:
    fast_or_not(fast)
    rank, r = 4, np.random.default_rng(1)
    known = some(30, 40, share)
    u, v = values(30, rank), values(40, rank, seed=2)
    targets = np.zeros((30, 40))
    mask = np.zeros((30, 40))
    for i, j in known:
        targets[i, j], mask[i, j] = r.normal(), 1.0

    program = record(
        lambda: squares([total([u[i][k] * v[j][k] for k in range(rank)]) - targets[i, j] for i, j in known]),
        fast=fast,
    )
    assert len(tables(program)) == 1 and len(program.plan.blocks) <= 6, program.explain()
    others = [block for block in program.plan.blocks if not isinstance(block, Inner)]
    assert all(len(block.out) <= len(known) for block in others), program.explain()

    loss, gradient = program.value_and_grad()
    left, right = ([[a.data for a in row] for row in table] for table in (u, v))
    error = mask * (np.array(left) @ np.array(right).T - targets)
    expected = dict(zip([a for row in u for a in row], (2 * error @ np.array(right)).ravel(), strict=True))
    expected |= dict(zip([a for row in v for a in row], (2 * error.T @ np.array(left)).ravel(), strict=True))
    assert loss == pytest.approx((error**2).sum(), rel=1e-12)
    assert gradient == pytest.approx(np.array([expected[a] for a in program.values]), rel=1e-12, abs=1e-12)
    np.testing.assert_array_equal(program.value_and_grad()[1], gradient)


def test_gradients_of_entries_that_nothing_reads_are_cleared_at_once() -> None:
    source = record(factorised(KNOWN["a third"]), [0.1] * len(KNOWN["a third"])).source(1)
    assert source.count(".fill(0.0)") == 1, source


def test_a_table_of_which_hardly_anything_is_there_is_none() -> None:
    known = band(100, 1)
    found = tables(record(factorised(known), [0.1] * len(known)))
    assert sum(len(block.out) for block in found) <= len(known)


def test_known_entries_read_as_one_product_of_which_some_numbers_are_taken() -> None:
    known = [(0, 0), (0, 1), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2), (3, 0)]
    u, v = values(4, 2), values(3, 2, seed=2)
    program = record(lambda: squares([es.dot(u[i], v[j]) for i, j in known]))
    assert program.explain(language="en", backward=True).splitlines()[:12] == [
        "S1 = p1·p2ᵀ                                    3×4 = (3×2)·(2×4)",
        "S2 = [S1[0]ᵀ[0:2], S1[1]ᵀ[1:3], S1[2]ᵀ, S1[3]ᵀ[0]]   1×8",
        "S3 = S2²                                       1×8",
        "S4 = row sums of S3                            1×1",
        "L = S4                                         1×1",
        "∂L/∂S4 = 1                                     1×1",
        "∂L/∂S3 = ∂L/∂S4↑₈                              1×8",
        "∂L/∂S2 = ∂L/∂S3 ⊙ (2·S2)                       1×8",
        "∂L/∂S1 = ∂L/∂S2[S1]                            3×4",
        "∂L/∂p1 = ∂L/∂S1·p2                             3×2 = (3×4)·(4×2)",
        "∂L/∂p2 = (∂L/∂S1)ᵀ·p1                          4×2 = (4×3)·(3×2)",
        "Everything is grouped.",
    ]


def hidden(rows: Any, columns: Any) -> Value:
    """The first row does not see the last column; where that is too small, those that see it do not ask."""
    known = [(0, j) for j in range(3)] + [(i, j) for i in (1, 2) for j in range(1, 4)]
    return es.sum([es.relu(es.dot(rows[i], columns[j])) for i, j in known])


@with_both
@pytest.mark.parametrize("batch", [1, 3, 100])
def test_what_is_not_read_sends_nothing_back_even_where_it_is_not_finite(batch: int, fast: bool) -> None:
    fast_or_not(fast)
    w = values(2)

    def fn(x: list[Value]) -> Value:
        rows = [[x[0] * w[0], x[0] * w[1]], *[[f(x[1]), f(x[0])] for f in (es.tanh, es.sin)]]
        return hidden(rows, [x[i : i + 2] for i in range(2, 10, 2)])

    program = record(fn, [0.1] * 10, fast=fast)
    assert any(block.unread for block in tables(program))
    xs = np.full((batch, 10), 0.3)
    expected = program.value_and_grad(xs)[1]
    xs[-1, 8] = -np.inf
    np.testing.assert_allclose(program.value_and_grad(xs)[1], expected, rtol=1e-12)


@with_both
def test_what_is_not_read_of_parameters_sends_nothing_back_even_where_it_is_not_finite(fast: bool) -> None:
    fast_or_not(fast)
    first, columns = values(2), values(4, 2, seed=2)
    program = record(lambda: hidden([first, [2.0, 3.0], [4.0, 5.0]], columns), fast=fast)
    (table,) = tables(program)
    assert table.unread and table.out.space is Space.SHARED
    program.parameters[program.values.index(columns[3][0])] = -np.inf
    assert np.isfinite(program.value_and_grad()[1]).all()


def test_an_overflow_that_nothing_reads_is_not_told_as_the_cause() -> None:
    fn, inputs = of_inputs([(0, 0), (0, 1), (1, 0)], rank=2)
    program = record(lambda x: fn(x) + es.exp(x[0]), [0.1] * inputs)
    assert any(block.unread for block in tables(program))
    xs = np.full((3, inputs), 0.1)
    xs[1] = [0.25 / 9e307, 0.25 / 9e307, 20.0, 20.0, 0.1, 0.1, 9e307, 9e307]  # of the second row and column
    xs[2, 0] = 1000.0
    with pytest.raises(ArithmeticError, match="in example 2 of the batch"):
        program.value_and_grad(xs)


def attention(count: int, width: int, sees: Callable[[int, int], bool]) -> Callable[[list[list[Value]]], Value]:
    weights = [values(width, width, seed=seed) for seed in (1, 2, 3)]

    def fn(x: list[list[Value]]) -> Value:
        q, k, v = [[[es.dot(w, token) for w in each] for token in x] for each in weights]
        found: list[Value] = []
        for i in range(count):
            seen = [j for j in range(count) if sees(i, j)]
            shares = es.softmax([es.dot(q[i], k[j]) / width**0.5 for j in seen])
            found += [es.sum([p * v[j][c] for p, j in zip(shares, seen, strict=True)]) for c in range(width)]
        return squares(found)

    return fn


MASKS: dict[str, Callable[[int, int], bool]] = {
    "a band": lambda i, j: abs(i - j) <= 1,
    "every second": lambda i, j: (i - j) % 2 == 0,
    "a third": lambda i, j: i == j or (7 * i + 5 * j) % 3 == 0,
    "most": lambda i, j: i == j or (3 * i + 5 * j) % 4 > 0,
}


@with_both
@pytest.mark.parametrize("name", MASKS)
def test_attention_that_sees_some_positions_has_the_numbers_of_the_eager_path(name: str, fast: bool) -> None:
    fast_or_not(fast)
    of_table = attention(6, 3, MASKS[name])

    def fn(x: list[Value]) -> Value:
        return of_table([x[i : i + 3] for i in range(0, 18, 3)])

    agree(record(fn, [0.1] * 18, fast=fast), fn, np.random.default_rng(3).normal(size=(3, 18)))
