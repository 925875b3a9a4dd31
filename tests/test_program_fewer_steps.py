"""What NumPy computes in another way than the rule says, or not at all: powers, slopes of 0, gradients handed on."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Value
from micrograd_es.ops import WHERE
from micrograd_es.program import record
from micrograd_es.program.blocks import Space
from micrograd_es.value import apply
from test_program_steps import WEIGHTS, assert_source_gives_the_same, own

PRODUCTS = [1, 2, 3, 4, 7, 8, -1, -2, -3, -8, 0.5, 1.5, 2.5, -0.5, -1.5, -7.5]
SIZES = [1e-30, 1e-3, 0.7, 1.0, 3.0, 1e3, 1e30]


def assert_gives_what_values_give(fn: Callable[[list[Value]], Value], rows: Any, fast: bool = False) -> None:
    """The mean over the rows and the gradients of parameters and inputs, with the steps and with their source."""
    program = record(fn, rows[0].tolist(), fast=fast)
    value, (slopes, (to_inputs,)) = program.value_and_grad(rows, wrt="both", reduce="sum")
    total = 0.0
    for v in program.values:
        v.zero_grad()
    for row, found in zip(rows.tolist(), to_inputs.tolist(), strict=True):
        given = [Value(x) for x in row]
        result = fn(given)
        result.backward()
        total += result.data
        assert found == pytest.approx([v.grad for v in given], rel=1e-12, abs=1e-300)
    assert value == pytest.approx(total, rel=1e-12)
    assert slopes.tolist() == pytest.approx([v.grad for v in program.values], rel=1e-12)
    if not fast:
        assert_source_gives_the_same(program, 1.0)


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
@pytest.mark.parametrize("power", [*PRODUCTS, 0, 9, -9, 0.3, 2.25])
def test_a_power_gives_what_values_give(power: float, fast: bool) -> None:
    signed = SIZES + [-x for x in SIZES if power % 1 == 0]
    assert_gives_what_values_give(lambda x: x[0] ** power, np.array(signed)[:, None], fast)


@pytest.mark.parametrize("power", PRODUCTS)
def test_a_power_of_few_factors_is_a_product(power: float) -> None:
    source = record(lambda x: (x + 1) ** power, 0.5).source(3, wrt="inputs")
    assert "power" not in source
    assert source.count("np.sqrt(") == 2 * (power % 1 != 0)


def test_a_cube_is_one_line_there_and_back() -> None:
    lines = record(lambda x: (x + 1) ** 3, 0.5).source(3, wrt="inputs").splitlines()
    assert "    np.multiply(np.multiply(v1, v1, out=v2), v1, out=v2)" in lines
    assert "    np.multiply(gv2, np.multiply(3.0, np.multiply(v1, v1, out=gv1), out=gv1), out=gv1)" in lines


def test_other_powers_are_not() -> None:
    w = Value(2.0, "w")
    others: list[Callable[[Any], Any]] = [
        lambda x: x**9,
        lambda x: x**0.3,
        lambda x: x**w,
        lambda x: w**2 + x ** (w * 1),
        lambda x: [x**2, x**3],
    ]
    for fn in others:
        assert "m.power(" in record(fn, 0.5).source(3)


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
@pytest.mark.parametrize("power", [1, 2, 3, 8, -1, -2, -3, -8])
def test_a_whole_power_of_what_is_not_finite_or_extreme_is_that_of_numpy(power: int, fast: bool) -> None:
    xs = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1.7e308, -1.7e308, 1e-308, -1e-308, 5e-324])
    program = record(lambda x: x**power, 0.5, fast=fast)
    runner = program._calls.runner(len(xs), "")
    runner.inputs[:, 0] = xs
    runner.forward()
    with np.errstate(all="ignore"):
        expected = xs ** np.full_like(xs, power)
    np.testing.assert_allclose(runner.values[Space.VARYING][runner.outputs[0][1]], expected, rtol=1e-15)


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
def test_a_power_is_too_small_only_where_its_result_is(fast: bool) -> None:
    program = record(lambda x: [x**-2, x**-1.5], 0.5, fast=fast)
    apart = [record(lambda x: x**-2, 0.5, fast=fast), record(lambda x: x**-1.5, 0.5, fast=fast)]
    for x, power, alone in zip([1e155, 1e206], [-2, -1.5], apart, strict=True):
        assert alone(np.array([x]))[0] == pytest.approx(x**power, rel=1e-9, abs=0) != 0
    assert program(np.array([1e155])).tolist()[0] == pytest.approx([1e155**-2, 1e155**-1.5], rel=1e-9, abs=0)


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
@pytest.mark.parametrize("powers", [PRODUCTS, [3.0] * 16, [3.0] * 7 + [-0.5] * 9])
def test_powers_that_vary_give_what_values_give(powers: list[float], fast: bool) -> None:
    xs = np.random.default_rng(0).uniform(0.5, 3, len(powers))
    assert_gives_what_values_give(lambda x: x[0] ** x[1], np.stack([xs, powers], 1), fast)


def test_a_formula_is_not_computed_as_often_as_it_is_a_factor() -> None:
    row = own(lambda m, x: m.power(m.power(x + 1, 3), 3), lambda m, z, x: (9 * m.power(x + 1, 8),))
    program = record(lambda x: apply(row, es.sin(x)), 0.5)
    assert program.source(3, wrt="inputs").count("m.power(") == 3
    xs = np.linspace(-1, 1, 5)
    _, (slopes,) = program.value_and_grad(xs, wrt="inputs", reduce="sum")
    assert slopes.tolist() == pytest.approx((9 * (np.sin(xs) + 1) ** 8 * np.cos(xs)).tolist(), rel=1e-12)


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
@pytest.mark.parametrize(("power", "x"), [(-1, 0.0), (-2, 0.0), (-0.5, 0.0), (0.5, -1.0), (-1.5, -1.0), (3, 1e200)])
def test_a_power_without_a_result_is_the_error_of_values(power: float, x: float, fast: bool) -> None:
    with pytest.raises((ArithmeticError, ValueError)) as eager:
        Value(x, "x") ** power
    program = record(lambda x: x**power, 0.5, fast=fast)
    with pytest.raises((ArithmeticError, ValueError)) as found:
        program.value_and_grad(np.array([0.5, x]), wrt="inputs")
    assert str(found.value).partition(":")[2].split(";")[0] == str(eager.value).partition(":")[2].split(";")[0]


def test_a_power_without_a_slope_is_the_error_of_values() -> None:
    program = record(lambda x: x**0.5, 0.5)
    with pytest.raises(ArithmeticError, match="no finite local gradient"):
        program.value_and_grad(np.array([0.5, 0.0]), wrt="inputs")


CHOICE = own(lambda m, c, x: m.step(c) * x, lambda m, z, c, x: (0, m.step(c)))
NUMBER = own(lambda m, x: x * 0 + 2.5, lambda m, z, x: (0,))


@pytest.mark.parametrize("batch", [1, 7, 600])
def test_a_slope_of_0_is_no_step(batch: int) -> None:
    w = [Value(0.4, "w"), Value(-0.7, "v")]
    functions: list[Callable[[list[Value]], Value]] = [
        lambda x: es.where(x[0] * w[0], x[1] * w[1], x[0] - w[1]),
        lambda x: es.where(x[0] * w[0], x[0] * w[0], es.exp(x[0] * w[0]) - 1),
        lambda x: apply(CHOICE, x[0] * w[0], x[1] * w[1]),
    ]
    rows = np.random.default_rng(batch).normal(size=(batch, 2))
    for fn in functions:
        assert_gives_what_values_give(fn, rows)
        assert ", 0.0, " not in record(fn, [0.5, 0.5]).source(batch)


def steep(z: Value) -> Value:
    """0 at 0, where the gradient is too large."""
    return es.sin(z * 1e200) * 1e200


@pytest.mark.parametrize(
    "fn",
    [
        lambda w, x: es.where(w * x, 1.0, 0.0),
        lambda w, x: es.where(w * x, 1.0, w * x * 0.0),
        lambda w, x: es.where(w * x, w, 0.0) * 1e-300 + es.where(w + x, 1.0, 0.0),
        lambda w, x: apply(NUMBER, w * x) - 2.5,
        lambda w, x: apply(CHOICE, w * x, 1.0),
    ],
    ids=["of numbers", "of a product", "beside another", "a number", "a choice of a number"],
)
def test_a_gradient_that_overflows_is_an_error_behind_a_slope_of_0(fn: Any) -> None:
    w = Value(0.5, "w")
    with pytest.raises(OverflowError, match="is too large"):
        steep(fn(w, Value(-2.0))).backward()
    program = record(lambda x: steep(fn(w, x)), -2.0)
    with pytest.raises(ArithmeticError, match="is too large"):
        program.value_and_grad(np.array([-2.0, -2.0]))


def test_a_gradient_that_overflows_is_an_error_also_where_a_slope_is_sent_for_another_row() -> None:
    w, v = Value(0.5, "w"), Value(0.4, "v")

    def fn(x: Any) -> Value:
        first, second = es.where(w * x, w, 0.0), es.where(v * x, 1.0, 0.0)
        return first + steep(second)

    with pytest.raises(OverflowError, match="is too large"):
        fn(Value(-2.0)).backward()
    program = record(fn, -2.0)
    assert [len(block.out) for block in program.plan.blocks if getattr(block, "op", None) is WHERE] == [2]
    with pytest.raises(ArithmeticError, match="is too large"):
        program.value_and_grad(np.array([-2.0, -2.0]))


@pytest.mark.parametrize("batch", [1, 40, 700])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_where_takes_a_side_for_every_condition(batch: int, dtype: str) -> None:
    program = record(lambda c, x, y: es.where(c, x, y), 0.5, 0.5, 0.5, dtype=dtype)
    c = np.resize([0.0, -0.0, 1e-300, -1e-300, 1.0, np.inf, -np.inf, np.nan], batch).astype(dtype)
    x, y = np.arange(batch) + 1.0, -np.arange(batch) - 1.0
    runner = program._calls.runner(batch, "")
    runner.inputs[...] = np.stack([c, x, y], 1)
    runner.forward()
    expected = np.where(c > 0, x, np.where(np.isnan(c), np.nan, y)).astype(dtype)
    np.testing.assert_array_equal(runner.values[Space.VARYING][runner.outputs[0][1]], expected)


W = [Value(0.3 + 0.2 * i, f"w{i}") for i in range(4)]


def sums(x: list[Value]) -> list[Value]:
    return [es.tanh(a * w) for a, w in zip(x, W, strict=True)]


HANDED_ON: dict[str, Callable[[list[Value]], Value]] = {
    "once": lambda x: es.dot([es.exp(h + 1) for h in sums(x)], x),
    "twice": lambda x: es.dot([es.exp(h + h) for h in sums(x)], x),
    "and used later": lambda x: es.dot([h * es.exp(h + 1) for h in sums(x)], x),
    "and used by some": lambda x: es.dot([es.exp(h + 1) for h in sums(x)], x) + sums(x)[2] * sums(x)[0],
    "along a chain": lambda x: es.dot([es.sin(((h + 1) - a) + 2) for h, a in zip(sums(x), x, strict=True)], x),
    "to a part of a block": lambda x: es.dot([es.exp(h + 1) for h in sums(x)[1:3]], x[:2]) + sums(x)[0] ** 2,
    "by two halves": lambda x: (
        es.sum([a * es.exp(h + 1) for a, h in zip(x, sums(x)[:2], strict=False)])
        + es.sum([es.sin(h - 1) * a for a, h in zip(x, sums(x)[2:], strict=False)])
    ),
    "to what stands apart": lambda x: (
        es.sum([es.exp(h + 1) * a for h, a in zip(sums(x)[::2], x, strict=False)])
        + es.sum([es.sin(a + b) for a, b in pairwise(sums(x))])
    ),
    "to parameters and inputs": lambda x: es.sum([es.exp(a + w) for a, w in zip(x, W, strict=True)]),
    "to a sum with a bias": lambda x: es.dot([es.exp(es.dot(W, x) + h) for h in sums(x)], x),
    "to shared numbers": lambda x: es.dot([es.exp(es.tanh(w * 2) + 1) for w in W], x),
    "and to several": lambda x: (lambda h: es.sin(h - es.sum([es.exp(h * a) for a in x])))(sums(x)[0]),
    "by a sum of many": lambda x: es.exp(es.sum([h + 1 for h in sums(x)])) + es.sum(sums(x)),
}


@pytest.mark.parametrize("batch", [1, 2, 40])
@pytest.mark.parametrize("name", HANDED_ON)
def test_a_gradient_that_is_handed_on_is_read_where_it_is(name: str, batch: int) -> None:
    assert_gives_what_values_give(HANDED_ON[name], np.random.default_rng(batch).normal(size=(batch, 4)))


def test_a_gradient_that_is_handed_on_is_not_copied() -> None:
    chain = record(lambda x: es.dot(W, [es.sin((h + 1) - a) + 2 for h, a in zip(sums(x), x, strict=True)]), [0.5] * 4)
    assert "[...] = " not in chain.source(40)
    used_later = record(lambda x: es.dot(W, [h * h + 1 + h for h in sums(x)]), [0.5] * 4).source(40)
    assert "[...] = " not in used_later


def test_nothing_is_copied_and_no_array_made_on_the_way_of_a_gelu() -> None:
    def gelu(x: Value) -> Value:
        return 0.5 * x * (1 + es.tanh(0.8 * (x + 0.044715 * x**3)))

    source = record(lambda x: es.dot(W, [gelu(h) for h in sums(x)]), [0.5] * 4).source(40)
    assert "[...] = " not in source


def shared_by(order: int, uses_later: bool) -> Callable[[list[Value]], Value]:
    """Two numbers, read by six operations of a block: next to each other, in turn, or one of them more often."""

    def fn(x: list[Value]) -> Value:
        h = [es.tanh(a * w) for a, w in zip(x[:2], WEIGHTS[6:], strict=False)]
        places = [(0, 0, 0, 1, 1, 1), (0, 1, 0, 1, 0, 1), (0, 0, 0, 1, 1, 0)][order]
        read = [es.exp(h[place] - x[2 + i % 2] * (i + 1)) for i, place in enumerate(places)]
        total = es.dot(WEIGHTS[:6], read)
        return total * es.sum(h) if uses_later else total

    return fn


@pytest.mark.parametrize("batch", [1, 2, 40])
@pytest.mark.parametrize("uses_later", [False, True])
@pytest.mark.parametrize("order", [0, 1, 2])
def test_what_is_sent_several_times_to_rows_in_order_is_one_sum(order: int, uses_later: bool, batch: int) -> None:
    fn = shared_by(order, uses_later)
    assert_gives_what_values_give(fn, np.random.default_rng(batch).normal(size=(batch, 4)))
    back = record(fn, [0.5] * 4).source(batch).partition("def backward")[2]
    assert ("np.add.reduceat(" in back or "sums[:len(i)] += " in back) is (
        order == 2 and batch > 1
    )  # one alone is on floats


@pytest.mark.parametrize("batch", [1, 2, 40])
def test_the_softmax_of_every_row_gives_what_values_give(batch: int) -> None:
    def fn(x: list[Value]) -> Value:
        rows = [[es.sin(a * w + i) for a, w in zip(x, W, strict=True)] for i in range(3)]
        return es.sum([p * p * a for row in rows for p, a in zip(es.softmax(row), x, strict=True)])

    assert_gives_what_values_give(fn, np.random.default_rng(batch).normal(size=(batch, 4)))


def circulant(x: list[Value], weights: list[Value], some: int) -> Value:
    """Weights that stand on every diagonal, but for the last rows; some terms are sums of numbers that all share."""
    n = len(weights)
    lines = [[weights[(i - j) % n] for j in range(n)] for i in range(some)]
    return es.sum([es.tanh(es.dot(line, x)) for line in lines]) + es.sum([a * b for a, b in pairwise(weights)])


@pytest.mark.parametrize("batch", [1, 2, 7, 20])
@pytest.mark.parametrize("some", [4, 9])
def test_what_is_sent_to_weights_that_stand_several_times_is_added_by_one_call(some: int, batch: int) -> None:
    weights = [Value(0.1 * i - 0.3) for i in range(9)]
    xs = np.random.default_rng(1).normal(size=(batch, 9))
    assert_gives_what_values_give(lambda x: circulant(x, weights, some), xs)
    program = record(lambda x: circulant(x, weights, some), [0.1] * 9)
    if batch > 1:
        assert program.source(batch).count("np.add.at(gw") >= 1, program.source(batch)
        assert "reduceat" not in program.source(batch)


def test_sums_of_several_lengths_of_one_example_are_sent_back_by_one_call() -> None:
    def fn(x: list[Value]) -> Value:
        sums = [es.sum([x[(3 * i + j) % 80] for j in range(3 + i % 3)]) for i in range(120)]
        return es.sum([es.tanh(a) for a in sums])

    xs = np.random.default_rng(1).normal(size=(1, 80))
    assert_gives_what_values_give(fn, xs)
    assert "np.add.at(gv" in record(fn, [0.1] * 80).source(1, wrt="inputs")
