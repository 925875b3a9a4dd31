"""Large batches in portions: the same numbers, and little room whatever the operations gather."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Sequence
from threading import Thread
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Value
from micrograd_es.ops import OPS, Role, op
from micrograd_es.program import Program, record
from micrograd_es.program.in_numpy import portions
from micrograd_es.program.in_numpy.portions import Portions
from micrograd_es.program.in_numpy.runner import Runner
from micrograd_es.value import apply
from test_program import eager, random_function

W = [Value(0.1 * i - 0.3, f"w{i}") for i in range(9)]
N = range(20)


def chosen(x: Sequence[Value], i: int, count: int) -> list[Value]:
    """Some of twenty values, in no order: they have to be gathered."""
    return [x[(7 * i + 3 * j) % 20] for j in range(count)]


def tanhs(x: Sequence[Value]) -> list[Value]:
    return [es.tanh(a) for a in x]


def windows(x: Sequence[Value]) -> list[Value]:
    """Two dimensions as one: a filter of 3 by 3 on 4 by 5."""
    return [es.dot(W, [x[5 * (i + a) + j + b] for a in range(3) for b in range(3)]) for i in range(2) for j in range(3)]


GREEDY: dict[str, Callable[[list[Value]], Value]] = {
    "products of ten": lambda x: es.sum([es.prod(chosen(x, i, 10)) for i in N]),
    "one product of all": es.prod,
    "softmax of gathered": lambda x: es.sum([es.log_sum_exp(chosen(tanhs(x), i, 15)) ** 2 for i in N]),
    "largest of gathered": lambda x: es.log_sum_exp([es.maximum(*chosen(tanhs(x), i, 19)) for i in N]),
    "squares of sums": lambda x: es.sum([es.sum(chosen(x, i, 15)) ** 2 for i in N]),
    "softmax of products": lambda x: es.sum([es.log_sum_exp([a * w for w in W[:8]]) for a in x]),
    "largest of products": lambda x: es.maximum(*[a * b for a in x for b in x]),
    "all pairs": lambda x: es.sum([es.sin(a * b) for a in x for b in x]),
    "all triples": lambda x: es.sum([a * b * c for a in x[:9] for b in x[:9] for c in x[:9]]),
    "products of gathered sums": lambda x: es.prod([es.sum(chosen(tanhs(x), i, 19)) for i in N]),
    "windows": lambda x: es.sum([es.relu(a) for a in windows(x)]),
    "shared windows": lambda x: es.log_sum_exp([es.dot(W, tanhs(x)[i : i + 9]) for i in range(12)]),
}


def peak_of(call: Callable[[], Any]) -> int:
    """The bytes that a call has at most at once, those included that stay, and that only a collection would free."""
    gc.disable()
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        gc.enable()


@pytest.mark.parametrize("batch", [1_000, 20_000])
@pytest.mark.parametrize("name", GREEDY)
def test_a_batch_needs_three_arrays_of_its_values_at_most(name: str, batch: int) -> None:
    xs = np.random.default_rng(3).uniform(0.1, 0.9, (batch, 20))
    for wrt in ("parameters", "both", None):
        program = record(GREEDY[name], [0.1] * 20)
        call: Callable[..., Any] = program if wrt is None else lambda x, p=program, w=wrt: p.value_and_grad(x, wrt=w)
        call(xs[:2])  # what is compiled once
        values = 8 * batch * (program.tape.inputs + len(program.tape.entries))
        assert peak_of(lambda call=call: call(xs)) < 3 * values  # type: ignore[misc]


@pytest.mark.parametrize("name", [name for name in GREEDY if name != "windows"])  # which needs little at once, too
def test_the_whole_batch_needs_more(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portions, "length_of", lambda _, batch, *__: batch)
    program = record(GREEDY[name], [0.1] * 20)
    xs = np.full((20_000, 20), 0.5)
    whole = peak_of(lambda: program.value_and_grad(xs, wrt="both"))
    monkeypatch.undo()
    program = record(GREEDY[name], [0.1] * 20)
    assert peak_of(lambda: program.value_and_grad(xs, wrt="both")) < 0.7 * whole


def everything(program: Program, *inputs: np.ndarray) -> list[np.ndarray]:
    """All that a program gives for a batch."""
    found = [program(*inputs)]
    if len(program.tape.outputs) == 1:
        for reduce in ("mean", "sum"):
            value, slopes = program.value_and_grad(*inputs, reduce=reduce)
            both, (again, to_inputs) = program.value_and_grad(*inputs, reduce=reduce, wrt="both")
            found += [value, slopes, both, again, *to_inputs]
        values, to_inputs = program.value_and_grad(*inputs, reduce="none", wrt="inputs")
        found += [values, *to_inputs]
    return [np.array(x) for x in found]


def assert_the_same_in_portions(
    make: Callable[[], Program], inputs: Sequence[np.ndarray], monkeypatch: pytest.MonkeyPatch, tolerance: float = 1e-12
) -> None:
    """Whether portions of any length give what the whole batch gives."""
    batch = len(inputs[0])
    monkeypatch.setattr(portions, "length_of", lambda _, batch, *__: batch)
    expected = everything(make(), *inputs)
    for length in {1, 3, batch // 2, batch - 1}:
        monkeypatch.setattr(portions, "length_of", lambda *_, length=length: length)
        program = make()
        for _ in range(2):  # nothing of the run before may be left
            for one, other in zip(expected, everything(program, *inputs), strict=True):
                size = np.abs(one).max(initial=0)
                np.testing.assert_allclose(other, one, rtol=tolerance, atol=tolerance * size)
        runners = program._calls.runners.values()
        assert {type(runner) for runner in runners} == {Portions}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("seed", "size"), [(0, 40), (1, 300), (2, 1500)])
def test_portions_have_the_numbers_of_the_whole(
    seed: int, size: int, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters = [Value(0.1 * i - 0.5, f"p{i}") for i in range(7)]
    fn = random_function(seed, size, parameters)
    xs = np.random.default_rng(seed).normal(size=(11, 5))
    tolerance = 1e-12 if dtype == "float64" else 1e-4
    assert_the_same_in_portions(lambda: record(fn, [0.1] * 5, dtype=dtype), [xs], monkeypatch, tolerance)


OUTPUTS: dict[str, Callable[[list[Value], Value], Any]] = {
    "several": lambda x, y: [es.tanh(x[0] * y), x[1] * W[0]],
    "inputs too": lambda x, y: [x[2], es.tanh(x[0]), y, x[2], W[1] * 2, W[1]],
    "only shared": lambda x, y: [W[1] * W[2], W[1]],
    "one that is an input": lambda x, y: y,
    "shared inside": lambda x, y: W[1] ** 2 + x[0] * W[1] + es.tanh(W[2]) * W[3],
    "unused inputs": lambda x, y: x[1] * 2,
    "nested": lambda x, y: [[es.sin(x[0]), y], [es.exp(x[1]), x[0] / (2 + y * y)]],
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_portions_have_the_outputs_of_the_whole(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    xs, ys = np.random.default_rng(5).normal(size=(10, 3)), np.random.default_rng(6).normal(size=10)
    assert_the_same_in_portions(lambda: record(OUTPUTS[name], [0.1] * 3, 0.2), [xs, ys], monkeypatch)


@pytest.mark.parametrize("name", ["softmax of gathered", "largest of gathered", "windows"])
def test_a_large_batch_has_the_numbers_of_the_eager_path(name: str) -> None:
    some = np.random.default_rng(7).uniform(0.1, 0.9, (5, 20))
    program = record(GREEDY[name], [0.1] * 20)
    total, slopes, to_inputs = eager(GREEDY[name], some, program.values)
    xs = np.concatenate([some] * 4_001)
    value, (found, (given,)) = program.value_and_grad(xs, wrt="both", reduce="sum")
    assert isinstance(program._calls.runners[len(xs), "both"], Portions)
    assert value == pytest.approx(4_001 * total, rel=1e-12)
    np.testing.assert_allclose(found, 4_001 * slopes, rtol=1e-12, atol=1e-12 * abs(slopes).max(initial=0) * 4_001)
    np.testing.assert_allclose(given, np.concatenate([to_inputs] * 4_001), rtol=1e-12, atol=1e-12)


def test_an_output_that_is_shared_counts_each_example() -> None:
    w = Value(3.0, "w")
    program = record(lambda x: w * w, [0.1] * 20)
    value, slopes = program.value_and_grad(np.ones((200_000, 20)), reduce="sum")
    assert (value, slopes.tolist()) == (9.0 * 200_000, [6.0 * 200_000])


def test_what_a_large_batch_gives_is_not_changed_by_the_next() -> None:
    program = record(GREEDY["products of ten"], [0.1] * 20)
    xs = np.random.default_rng(8).uniform(0.5, 1, (5_000, 20))
    for wrt in ("inputs", "both"):
        _, first = program.value_and_grad(xs, wrt=wrt)
        gradient = first[0] if wrt == "inputs" else first[1][0]
        before = gradient.copy()
        assert gradient.flags.c_contiguous
        _, second = program.value_and_grad(2 * xs, wrt=wrt)
        np.testing.assert_array_equal(gradient, before)
        assert (second[0] if wrt == "inputs" else second[1][0])[0, 0] == pytest.approx(2**9 * before[0, 0])
        gradient[...] = 0.0  # the user's own
        _, third = program.value_and_grad(xs, wrt=wrt)
        np.testing.assert_array_equal(third[0] if wrt == "inputs" else third[1][0], before)


def test_the_gradient_of_a_large_batch_is_written_where_it_is_asked_for() -> None:
    program = record(GREEDY["softmax of products"], [0.1] * 20)
    xs, out = np.random.default_rng(9).normal(size=(5_000, 20)), np.empty(8)
    for _ in range(2):
        out[:] = 0
        _, given = program.value_and_grad(xs, out=out)
        assert given is out
        np.testing.assert_array_equal(out, program.value_and_grad(xs)[1])


@pytest.mark.parametrize("wrt", ["parameters", "both", None])
def test_a_fault_names_the_example_of_the_batch(wrt: str | None) -> None:
    program = record(lambda x: es.sum([es.log(es.prod(chosen(x, i, 10)) * W[8]) for i in N]), [0.5] * 20)
    xs = np.full((20_000, 20), 0.5)
    xs[15_003, 3] = -0.5
    with pytest.raises(ArithmeticError, match=r"log.*; in example 15003 of the batch"):
        program(xs, check=True) if wrt is None else program.value_and_grad(xs, wrt=wrt)
    assert any(isinstance(runner, Portions) for runner in program._calls.runners.values())


def test_a_fault_that_only_the_gradient_of_a_parameter_has_names_the_example(monkeypatch: pytest.MonkeyPatch) -> None:
    w = Value(0.0, "w")
    program = record(lambda x: es.sqrt(w * w * x), 1.0)
    xs = np.ones(11)
    monkeypatch.setattr(portions, "length_of", lambda *_: 4)
    monkeypatch.setattr("micrograd_es.program.faults.length_of", lambda *_: 4)
    with pytest.raises(ArithmeticError, match="in example 0 of the batch"):
        program.value_and_grad(xs)
    b = Value(0.0, "b")
    program = record(lambda x: es.sqrt(b + x), 1.0)
    xs[9] = 0.0
    with pytest.raises(ArithmeticError, match="in example 9 of the batch"):
        program.value_and_grad(xs)


def test_a_users_operation_of_many_inputs_goes_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("micrograd_es.ops.OPS", dict(OPS))
    row = op(
        "sum_of_squares_here",
        "Σ²",
        Role.SCALER,
        forward=lambda m, *xs: m.sum([x * x for x in xs]),
        local=lambda m, z, *xs: tuple(2 * x for x in xs),
    )
    program = record(lambda x: es.sum([apply(row, *chosen(x, i, 10)) for i in N]), [0.1] * 20)
    xs = np.random.default_rng(1).normal(size=(5_000, 20))
    values, (to_inputs,) = program.value_and_grad(xs, reduce="none", wrt="inputs")
    assert isinstance(program._calls.runners[5_000, "inputs"], Portions)
    np.testing.assert_allclose(values, 10 * (xs**2).sum(1), rtol=1e-12)
    np.testing.assert_allclose(to_inputs, 20 * xs, rtol=1e-12)


def test_small_batches_go_through_at_once() -> None:
    program = record(GREEDY["products of ten"], [0.1] * 20)
    for batch in (0, 1, 7, 128):
        xs = np.full((batch, 20), 0.5)
        assert program.value_and_grad(xs, reduce="sum")[0] == pytest.approx(20 * batch * 0.5**10)
    assert {type(runner) for runner in program._calls.runners.values()} == {Runner}


@pytest.mark.parametrize(("count", "batch", "kind"), [(700, 256, Portions), (700, 128, Runner), (60, 300, Runner)])
def test_a_batch_whose_numbers_do_not_stay_near_goes_through_in_portions(count: int, batch: int, kind: type) -> None:
    weights = [[Value(0.01 * (i % 7 - j % 5)) for j in range(20)] for i in range(count)]
    program = record(lambda x: es.sum([es.tanh(es.dot(row, x)) for row in weights]), [0.1] * 20)
    xs = np.random.default_rng(1).normal(size=(batch, 20))
    value, _ = program.value_and_grad(xs, reduce="sum")
    assert [type(runner) for runner in program._calls.runners.values()] == [kind]
    matrix = np.array([[w.data for w in row] for row in weights])
    assert value == pytest.approx(np.tanh(xs @ matrix.T).sum(), rel=1e-12, abs=1e-10)


def test_the_source_is_the_code_of_a_portion() -> None:
    program = record(GREEDY["softmax of gathered"], [0.1] * 20)
    assert "fill(seed)" in program.source(100)
    text = program.source(20_000, wrt="both")
    assert "np.multiply(seeds, seed" in text
    assert text.startswith("def forward():")


def test_two_threads_go_through_large_batches() -> None:
    program = record(GREEDY["softmax of products"], [0.1] * 20)
    batches = [np.full((5_000 + 100 * i, 20), 0.1 * i) for i in range(4)]
    expected = [program.value_and_grad(xs)[0] for xs in batches]
    found = [0.0] * 4

    def run(i: int) -> None:
        for _ in range(5):
            found[i] = program.value_and_grad(batches[i])[0]

    threads = [Thread(target=run, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected
