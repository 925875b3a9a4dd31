"""The steps of NumPy that blocks become: with operations of one's own, against the eager path and their own source."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import count, pairwise
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Value
from micrograd_es.ops import OPS, Op, Role, op
from micrograd_es.program import Program, record
from micrograd_es.program.blocks import Affine, Space
from micrograd_es.program.calls import wanted
from micrograd_es.program.in_numpy import steps
from micrograd_es.program.in_numpy.runner import Runner
from micrograd_es.program.in_numpy.text import written
from micrograd_es.value import apply

_names = count()


def own(forward: Callable[..., Any], local: Callable[..., Any]) -> Op:
    """A row of the table that only this file has."""
    row = op(f"own{next(_names)}", "?", Role.SCALER, forward=forward, local=local)
    del OPS[row.name]
    return row


def leaky(m: Any, x: Any) -> Any:
    return x if x > 0 else 0.1 * x


def first_of_equals(m: Any, z: Any, *xs: Any) -> tuple[int, ...]:
    return tuple([1 if i == xs.index(z) else 0 for i in range(len(xs))])


# Operations by what is new in them; each takes two values at least, and any number where it says so.
OWN: dict[str, tuple[Op, int]] = {
    "a chain": (own(lambda m, x: 3 - m.tanh(x) * 2, lambda m, z, x: (2 * m.tanh(x) * m.tanh(x) - 2,)), 1),
    "a tree": (
        own(
            lambda m, x: x * m.exp(-m.abs(x)) + m.sin(x) * m.cos(x),
            lambda m, z, x: (m.exp(-m.abs(x)) * (1 - m.abs(x)) + m.cos(x) * m.cos(x) - m.sin(x) * m.sin(x),),
        ),
        1,
    ),
    "a deep tree": (
        own(
            lambda m, x, y: (m.sin(x) * m.cos(y) + m.cos(x) * m.sin(y)) * (m.sin(x) * m.cos(y) - m.cos(x) * m.sin(y)),
            lambda m, z, x, y: (2 * m.sin(x) * m.cos(x), -2 * m.sin(y) * m.cos(y)),
        ),
        2,
    ),
    "a branch": (own(leaky, lambda m, z, x: (1.0 if x > 0 else 0.1,)), 1),
    "a branch of two": (
        own(lambda m, x, y: x * y if x > y else x + y, lambda m, z, x, y: (y, x) if x > y else (1.0, 1.0)),
        2,
    ),
    "of three": (own(lambda m, x, y, w: x * y + w, lambda m, z, x, y, w: (y, x, 1)), 3),
    "of four": (own(lambda m, x, y, v, w: x * y - v * w, lambda m, z, x, y, v, w: (y, x, -w, -v)), 4),
    "of many": (own(lambda m, *xs: m.sum(xs) * m.sum(xs), lambda m, z, *xs: (2 * m.sum(xs),) * len(xs)), 5),
    "kinks": (own(lambda m, x: m.relu(x) - 0.5 * m.relu(-x), lambda m, z, x: (m.step(x) + 0.5 * m.step(-x),)), 1),
    "a number": (own(lambda m, x: x * 0 + 2.5, lambda m, z, x: (0,)), 1),
    "itself and twice": (own(lambda m, x: x + x, lambda m, z, x: (2,)), 1),
    "powers that are numbers": (
        own(
            lambda m, x: m.power(x * x + 1, 0.5) - m.power(x, 2),
            lambda m, z, x: (x / m.power(x * x + 1, 0.5) - m.power_slope(x, 2),),
        ),
        1,
    ),
    "a power of a number": (own(lambda m, x: m.power(2, x), lambda m, z, x: (m.times_log(z, 2),)), 1),
    "functions of numbers": (own(lambda m, x: x * m.sqrt(2.0) + m.step(3), lambda m, z, x: (m.sqrt(2.0),)), 1),
    "where the largest stands": (own(lambda m, *xs: m.max(xs), first_of_equals), 1),
    "where the larger stands": (own(lambda m, *xs: m.max(xs), first_of_equals), 2),
}


def graph(row: Op, inputs: int, seed: int) -> Callable[[list[Value]], Value]:
    """A function of three inputs and two parameters in which the operation has all kinds of inputs in many blocks."""
    weights = [Value(0.7, "w"), Value(-0.4, "b")]

    def fn(x: list[Value]) -> Value:
        draw = random.Random(seed)
        known = [*x, *weights, apply(row, *(weights * 5)[:inputs])]
        for _ in range(12):
            several = [apply(row, *draw.choices(known[-5:] + weights, k=inputs)) for _ in range(draw.choice([1, 3]))]
            known += [es.tanh(value * 0.5) for value in several]
        return es.sum(known[5:]) + es.sum(draw.choices(known, k=9))

    return fn


def runner_of(program: Program) -> Runner:
    (runner,) = program._calls.runners.values()
    assert isinstance(runner, Runner)
    return runner


def assert_source_gives_the_same(program: Program, seed: float) -> None:
    """The code that is shown, run on the runner's arrays, leaves what the steps leave: every bit of it."""
    runner = runner_of(program)
    names = written(runner)[1]
    exec(runner.source, names)
    expected = []
    for run in (runner.backward, names["backward"]):
        for matrix in runner.gradients.values():
            matrix.fill(np.nan)  # what is added to must be cleared first
        runner.total.fill(np.nan)
        with np.errstate(all="ignore"):  # as where it runs
            run(seed)
        found = [runner.gradients[space][sorted(rows)] for space, rows in runner.wanted.items() if rows]
        expected.append([x.copy() for x in (*runner.values.values(), *found, runner.total, runner.check)])
    for one, other in zip(*expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("batch", [0, 1, 7, 1000])
@pytest.mark.parametrize("name", OWN)
def test_own_operations_give_what_values_give(name: str, batch: int) -> None:
    row, inputs = OWN[name]
    fn = graph(row, inputs, len(name))
    program = record(fn, [0.3, -0.2, 0.6])
    xs = np.random.default_rng(batch).normal(size=(batch, 3))
    total, (slopes, (to_inputs,)) = program.value_and_grad(xs, wrt="both", reduce="sum")
    assert np.isfinite(total)
    for i in range(0, batch, max(batch // 7, 1)):
        given = [Value(x) for x in xs[i]]
        for value in program.values:
            value.grad = 0.0
        result = fn(given)
        result.backward()
        alone, (alone_slopes, _) = program.value_and_grad(xs[i : i + 1], wrt="both", reduce="sum")
        assert alone == pytest.approx(result.data, rel=1e-12)
        np.testing.assert_allclose(to_inputs[i], [v.grad for v in given], rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(alone_slopes, [v.grad for v in program.values], rtol=1e-12, atol=1e-12)
    each = [program.value_and_grad(x[None], wrt="both", reduce="sum") for x in xs[:50]]
    if batch <= len(each):
        assert total == pytest.approx(sum(one[0] for one in each), rel=1e-12)
        np.testing.assert_allclose(slopes, sum([one[1][0] for one in each], np.zeros(2)), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("batch", [0, 1, 7, 600])
@pytest.mark.parametrize("name", OWN)
def test_the_source_of_own_operations_is_what_runs(name: str, batch: int) -> None:
    row, inputs = OWN[name]
    program = record(graph(row, inputs, len(name) + 1), [0.3, -0.2, 0.6])
    program.value_and_grad(np.random.default_rng(batch).normal(size=(batch, 3)), wrt="both")
    assert_source_gives_the_same(program, 0.5)


WEIGHTS = [Value(0.3 * np.sin(i), f"w{i}") for i in range(200)]


def gathered(x: list[Value]) -> Value:
    """Rows that are apart, the same rows twice, sums of them, and operations of many inputs."""
    w = WEIGHTS[:6]
    draw = random.Random(3)
    known = [*x, *[es.tanh(a * b) for a, b in zip(draw.choices(x, k=9), draw.choices(x, k=9), strict=True)]]
    some = draw.choices(known, k=9)
    known += [es.relu(a - b) * c for a, b, c in zip(some, known, draw.choices(w, k=9), strict=False)]
    known += [es.sum(draw.choices(known, k=7)) for _ in range(5)]
    known += [es.maximum(*draw.choices(known, k=4)) for _ in range(4)]
    known += [es.log_sum_exp(draw.choices(known, k=4)) for _ in range(4)]
    return es.sum(draw.choices(known, k=60)) + es.prod([a * 0.1 + 1 for a in draw.choices(known, k=5)])


def layers(x: list[Value]) -> Value:
    """Two dense layers, a kernel at every position, the softmax of the second, and a penalty."""
    w = iter(WEIGHTS)
    kernel = [next(w) for _ in range(3)]
    maps = [es.tanh(es.dot(kernel, x[i : i + 3])) for i in range(len(x) - 2)]
    hidden = [es.relu(es.dot([next(w) for _ in maps], maps) + next(w)) for _ in range(4)]
    scores = [es.dot([next(w) for _ in hidden], hidden) + next(w) for _ in range(3)]
    return es.log_sum_exp(scores) - scores[1] + es.sum([k * k for k in kernel]) * 0.1


def attention(xs: list[Value]) -> Value:
    """Tables of as many rows as columns that have to be gathered: they are read as they stand, and turned."""
    table = [[(es.tanh if (i * j + i) % 3 else es.exp)(xs[3 * i + j]) for j in range(3)] for i in range(3)]
    shares = [es.softmax([es.dot(row, other) for other in table]) for row in table]
    return es.sum([es.dot(share, [row[j] for row in table]) ** 2 for share in shares for j in range(3)])


GRAPHS: dict[str, tuple[Callable[[list[Value]], Value], int]] = {
    "gathered": (gathered, 6),
    "layers": (layers, 7),
    "attention": (attention, 9),
}


@pytest.mark.parametrize("large", [False, True], ids=["near", "large"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("batch", [0, 1, 7, 300])
@pytest.mark.parametrize("name", GRAPHS)
def test_the_source_is_what_runs(
    name: str, batch: int, dtype: str, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if large:
        monkeypatch.setattr("micrograd_es.program.in_numpy.runner.LARGE", -1)
    fn, inputs = GRAPHS[name]
    program = record(fn, [0.1] * inputs, dtype=dtype)
    xs = np.random.default_rng(batch).normal(size=(batch, inputs))
    program.value_and_grad(xs, wrt="both", reduce="sum")
    assert runner_of(program).exchange.is_large is large
    assert_source_gives_the_same(program, 1.0)


@pytest.mark.parametrize("batch", [0, 1, 7, 1000])
@pytest.mark.parametrize("name", [*GRAPHS, *OWN])
def test_a_large_batch_shares_its_rooms_and_gives_the_same(
    name: str, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fn, inputs = GRAPHS[name] if name in GRAPHS else (graph(*OWN[name], 5), 3)
    xs = np.random.default_rng(batch).normal(size=(batch, inputs))
    near = record(fn, [0.1] * inputs).value_and_grad(xs, wrt="both", reduce="sum")
    monkeypatch.setattr("micrograd_es.program.in_numpy.runner.LARGE", -1)
    monkeypatch.setattr("micrograd_es.program.in_numpy.total_steps.TERMS", 3)  # sums of few terms go in stretches, too
    large = record(fn, [0.1] * inputs).value_and_grad(xs, wrt="both", reduce="sum")
    assert large[0] == pytest.approx(near[0], rel=1e-12)
    np.testing.assert_allclose(large[1][0], near[1][0], rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(large[1][1][0], near[1][1][0], rtol=1e-12, atol=1e-12)


def test_as_many_rows_as_examples_and_their_transpose_have_two_names() -> None:
    program = record(GRAPHS["layers"][0], [0.1] * 7)
    program.value_and_grad(np.random.default_rng(5).normal(size=(5, 7)))  # five numbers that neurons read
    assert_source_gives_the_same(program, 1.0)


def test_no_examples_give_no_gradient_whatever_was_in_the_rooms() -> None:
    pairs = list(pairwise(WEIGHTS[:6]))
    program = record(lambda x: es.sum([es.tanh(a * x[i] + b * x[i - 1]) for i, (a, b) in enumerate(pairs)]), [0.1] * 6)
    program.value_and_grad(np.zeros((0, 6)))
    runner = runner_of(program)
    assert steps.einsum not in {step for step, _ in runner.back}  # it multiplies what stands behind empty arrays by 0
    for room in (*runner.exchange.rooms.values(), *runner.gradients.values()):
        room.fill(np.nan)
    assert program.value_and_grad(np.zeros((0, 6)))[1].tolist() == [0.0] * 6


def test_a_formula_is_one_line_of_the_source() -> None:
    lines = record(lambda x, y: es.tanh(x) / (2 + y), 0.5, 0.5).source(2, wrt="inputs").splitlines()
    assert "    np.multiply(gv2, np.subtract(1.0, np.multiply(v2, v2, out=gv0), out=gv0), out=gv0)" in lines
    assert "    np.add(w0, v1, out=v3)" in lines


def test_the_source_of_a_very_long_program_is_not_longer_than_it() -> None:
    def fn(x: Value) -> Value:
        for _ in range(1_500):
            x = es.sin(x) * 0.5 + x
        return x

    program = record(fn, 0.3)
    assert program.source(3).count("np.sin(") == 1_500
    program.value_and_grad(np.array([0.1, 0.2, 0.3]), wrt="inputs")
    assert_source_gives_the_same(program, 1.0)


def test_a_square_is_a_product() -> None:
    text = record(lambda x, y: (x - y) ** 2, 0.5, 0.5).source(3, wrt="inputs")
    assert "np.multiply(v2, v2, out=v3)" in text
    assert "power" not in text


def test_powers_of_all_kinds_side_by_side_give_what_values_give() -> None:
    w = Value(2.0, "w")

    def fn(x: Value, y: Value) -> Value:
        return es.sum([x**2, y**2, (x * y) ** 2 * w, y**3, x**0, x**1, es.exp(y) ** w, w**2, 2**x])

    xs, ys = np.array([-1.5, 0.0, -0.0, 1e-200, 3.0]), np.array([0.0, -2.0, 0.5, 1.0, -0.25])
    program = record(fn, 0.5, 0.25)
    for numbers in ([2.0], [3.0]):
        program.parameters, w.data = numbers, numbers[0]
        value, (slopes, (to_x, to_y)) = program.value_and_grad(xs, ys, wrt="both", reduce="sum")
        w.grad, expected = 0.0, 0.0
        for i, pair in enumerate(zip(xs.tolist(), ys.tolist(), strict=True)):
            x, y = map(Value, pair)
            result = fn(x, y)
            result.backward()
            expected += result.data
            assert (to_x[i], to_y[i]) == pytest.approx((x.grad, y.grad), rel=1e-12)
        assert value == pytest.approx(expected, rel=1e-12)
        assert slopes.tolist() == pytest.approx([w.grad], rel=1e-12)


@pytest.mark.parametrize("batch", [1, 7, steps.FEW - 1, steps.FEW, 3000])
@pytest.mark.parametrize("inputs", [3, 4, 9])
def test_a_tie_of_many_goes_to_the_first_however_it_is_found(inputs: int, batch: int) -> None:
    def fn(xs: list[Value]) -> Value:
        pools = [es.maximum(*xs), es.minimum(*xs), es.maximum(*xs[::-1])]
        return es.dot(pools, [1.0, 10.0, 100.0])

    rows = np.random.default_rng(inputs).integers(0, 3, (batch, inputs)).astype(float)
    program = record(fn, rows[0].tolist())
    _, slopes = program.value_and_grad(rows, wrt="inputs", reduce="sum")
    for row, found in zip(rows[:200].tolist(), np.asarray(slopes).reshape(rows.shape)[:200].tolist(), strict=True):
        values = [Value(x) for x in row]
        fn(values).backward()
        assert found == [v.grad for v in values]


def test_the_gradients_of_a_cell_s_weights_are_put_in_place_once() -> None:
    weights = [[Value(0.1 * i - 0.2 * k, f"w{i}{k}") for k in range(4)] for i in range(3)]

    def cell(xs: list[Value]) -> Value:
        state: list[Value] = []
        for x in xs:  # the first step has no state, so the weights of the others do not stand together
            state = [es.tanh(es.dot(row[: 1 + len(state)], [x, *state])) for row in weights]
        return es.sum(state)

    rows = np.random.default_rng(0).normal(size=(20, 6))
    program = record(cell, rows[0].tolist())
    _, slopes = program.value_and_grad(rows, reduce="sum")
    for w in program.values:
        w.zero_grad()
    for row in rows.tolist():
        cell([Value(x) for x in row]).backward()
    assert slopes.tolist() == pytest.approx([w.grad for w in program.values], rel=1e-12)
    assert len([line for line in program.source(20).splitlines() if line.strip().startswith("GW[")]) == 1


def reader(feeds_back: bool) -> Callable[..., Value]:
    """A cell whose state is read at each of its steps by the same weights; what is read may be its next input."""
    numbers = random.Random(2)
    into, state, out = ([[Value(numbers.uniform(-1, 1)) for _ in range(3)] for _ in range(3)] for _ in range(3))

    def cell(xs: list[list[Value]]) -> Value:
        h: list[Any] = [0.0, 0.0, 0.0]
        read: list[Value] = []
        losses = []
        for x in xs:
            given = read if feeds_back and read else x
            h = [es.tanh(es.dot(v, given) + es.dot(w, h)) for v, w in zip(into, state, strict=True)]
            read = [es.dot(w, h) for w in out]
            losses.append(es.log_sum_exp(read) - read[0] * x[1])
        return es.sum(losses)

    return cell


@pytest.mark.parametrize("feeds_back", [False, True])
@pytest.mark.parametrize("fast", [False, True])
def test_what_is_read_from_every_state_of_a_cell_is_one_product_unless_the_cell_waits_for_it(
    feeds_back: bool, fast: bool
) -> None:
    cell = reader(feeds_back)
    rows = np.random.default_rng(0).normal(size=(9, 5, 3))
    program = record(cell, rows[0].tolist(), fast=fast)
    positions = [block.positions for block in program.plan.blocks if isinstance(block, Affine)]
    assert (5 in positions) is not feeds_back
    _, (slopes, to_inputs) = program.value_and_grad(rows, reduce="sum", wrt="both")
    for w in program.values:
        w.zero_grad()
    for row, found in zip(rows.tolist(), to_inputs[0].tolist(), strict=True):
        values = [[Value(x) for x in step] for step in row]
        cell(values).backward()
        assert [x for step in found for x in step] == pytest.approx(
            [v.grad for step in values for v in step], rel=1e-12
        )
    assert slopes.tolist() == pytest.approx([w.grad for w in program.values], rel=1e-12)
    assert program.value_and_grad(rows, reduce="sum")[1].tolist() == pytest.approx(slopes.tolist(), rel=1e-12)


def test_nothing_is_sent_to_inputs_beside_a_state_where_only_parameters_are_asked_for() -> None:
    rows = np.random.default_rng(0).normal(size=(9, 5, 3))
    program = record(reader(False), rows[0].tolist())
    output = program.plan.rows(program.tape.outputs)
    for wrt, is_sent in (("parameters", False), ("both", True)):
        runner = Runner(program.plan, program._shared, 9, wanted(program.plan, wrt), output)
        assert runner.exchange.touched[Space.VARYING].isdisjoint(range(15)) is not is_sent


EXTREME = [-1e308, -1000.0, -710.0, -40.0, -1e-9, -0.0, 0.0, 1e-9, 40.0, 710.0, 1000.0, 1e308]


@pytest.mark.parametrize("function", [es.sigmoid, es.softplus], ids=["sigmoid", "softplus"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_sigmoid_and_softplus_are_stable_for_every_number(function: Callable[[Any], Value], dtype: str) -> None:
    top = np.finfo(dtype).max
    given = np.clip(np.array(EXTREME), -top, top).astype(dtype)
    program = record(lambda x: [function(y) for y in x], [0.0] * len(given), dtype=dtype)
    expected = [function(Value(float(x))).data for x in given]
    tolerance = 8 * float(np.finfo(dtype).eps)
    assert program(given.tolist()) == pytest.approx(np.array(expected, dtype).tolist(), rel=tolerance, abs=1e-37)
    assert np.isnan(program(np.full((3, len(given)), np.nan))).all()


@pytest.mark.parametrize("inside", [lambda x: es.tanh(x) * 3, lambda x: x], ids=["of a formula", "of an input"])
def test_a_row_with_sigmoids_in_its_formula_has_room_for_each(inside: Callable[[Any], Any]) -> None:
    swish = own(
        lambda m, x: x * m.sigmoid(x) + m.softplus(x) * m.sigmoid(-x),
        lambda m, z, x: (
            m.sigmoid(x)
            + x * m.sigmoid(x) * m.sigmoid(-x)
            + m.sigmoid(x) * m.sigmoid(-x)
            - m.softplus(x) * m.sigmoid(x) * m.sigmoid(-x),
        ),
    )
    w = Value(0.7, "w")
    program = record(lambda x: apply(swish, inside(w * x)), 0.0)
    inputs = np.linspace(-3, 3, 7)
    value, gradient = program.value_and_grad(inputs, reduce="sum")
    eager = Value(0)
    for x in inputs:
        eager = eager + apply(swish, inside(w * float(x)))
    w.grad = 0
    eager.backward()
    assert value == pytest.approx(eager.data, rel=1e-12)
    assert gradient == pytest.approx([w.grad], rel=1e-12)


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
def test_what_the_way_back_starts_with_is_not_cleared_with_what_is_beside_it(fast: bool) -> None:
    if fast:
        pytest.importorskip("llvmlite")
    before, returned, after = Value(1.0), Value(2.0), Value(3.0)
    program = record(lambda: returned, parameters=[before, returned, after], fast=fast)
    assert program.value_and_grad()[1].tolist() == [0.0, 1.0, 0.0]
    program = record(lambda x: x[1], [1.0, 2.0, 3.0], fast=fast)
    assert program.value_and_grad(np.ones((2, 3)), wrt="inputs")[1][0].tolist() == [[0.0, 0.5, 0.0]] * 2
