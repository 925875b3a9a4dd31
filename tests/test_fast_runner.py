"""The compiled runner against the runner in NumPy: any graph, any batch, and what is kept on the disk."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("llvmlite")

import micrograd_es as es
from micrograd_es import Value
from micrograd_es.ops import OPS, Role, op
from micrograd_es.program import Program, numpy_runner, record
from micrograd_es.program.compiled import machine
from micrograd_es.program.compiled.lanes import NotCompilableError
from micrograd_es.program.compiled import runner as fast_runner
from micrograd_es.program.blocks import Affine, Space
from micrograd_es.value import apply
from test_program import random_function


@pytest.fixture(scope="module", autouse=True)
def a_cache_of_these_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MICROGRAD_ES_CACHE", str(tmp_path_factory.mktemp("kernels")))
        yield


def runner_of(program: Program, batch: int, wrt: str, kind: Any = fast_runner.Runner) -> Any:
    output = program.plan.rows(program.plan.tape.outputs[:1]) if wrt else None
    return kind(program.plan, program._shared, batch, program._wanted(wrt), output)


def results(program: Program, kind: Any, xs: np.ndarray, wrt: str) -> list[np.ndarray]:
    """All values, the outputs after the way back, and the gradient that is asked for."""
    runner, tape = runner_of(program, xs.shape[1], wrt, kind), program.plan.tape
    runner.values[Space.VARYING][: tape.inputs] = xs
    with np.errstate(all="ignore"):
        runner.forward()
        found = [matrix.copy() for matrix in runner.values.values()]
        runner.backward(0.5)
        again = [matrix.copy() for matrix in runner.gradients.values()]
        runner.backward(0.5)  # nothing of the run before may be left
    outputs = [runner.values[space][row].copy() for space, row in (program.plan.places[n] for n in tape.outputs)]
    shared, varying = runner.gradients[Space.SHARED], runner.gradients[Space.VARYING]
    gradient = shared[: tape.parameters] if wrt == "parameters" else varying[: tape.inputs]
    kept = again[0][: tape.parameters] if wrt == "parameters" else again[1][: tape.inputs]
    np.testing.assert_array_equal(gradient, kept)
    return [*found, *outputs, gradient]


def assert_agrees(program: Program, xs: np.ndarray, tolerance: float = 1e-12) -> None:
    for wrt in ("parameters", "inputs"):
        expected = results(program, numpy_runner.Runner, xs, wrt)
        given = results(program, fast_runner.Runner, xs, wrt)
        for one, other in zip(expected, given, strict=True):
            size = np.max(np.abs(one), initial=0, where=np.isfinite(one))
            np.testing.assert_allclose(other, one, rtol=tolerance, atol=tolerance * size)


def parameters(count: int, seed: int = 0) -> list[Value]:
    r = random.Random(seed)
    return [Value(r.uniform(-1, 1), f"p{i}") for i in range(count)]


def inputs(count: int, batch: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, batch))


@pytest.mark.parametrize("batch", [0, 1, 7, 1000])
@pytest.mark.parametrize(("seed", "size"), [(1, 30), (2, 300), (3, 300), (4, 3000)])
def test_it_has_the_numbers_of_the_runner_in_numpy(seed: int, size: int, batch: int) -> None:
    ps = parameters(7, seed)
    program = record(random_function(seed, size, ps), [0.1] * 5, parameters=ps)
    assert_agrees(program, inputs(5, batch, seed))


def test_it_has_them_in_single_precision() -> None:
    ps = parameters(7)
    program = record(random_function(5, 200, ps), [0.1] * 5, parameters=ps, dtype="float32")
    assert_agrees(program, inputs(5, 37).astype("float32"), 2e-4)


@pytest.mark.parametrize("name", OPS)
def test_every_row_of_the_table_is_compiled(name: str) -> None:
    row = OPS[name]
    count = row.arity or 4
    low, high = np.array([row.domain[min(i, len(row.domain) - 1)] for i in range(count)]).T
    ps = parameters(count)
    for p, a, b in zip(ps, low, high, strict=True):
        p.data = (a + b) / 2

    def fn(xs: list[Value]) -> Value:
        varying = apply(row, *xs)
        mixed = [apply(row, *ps[:i], xs[i], *ps[i + 1 :]) for i in range(count)]
        return es.sum([varying, *mixed, apply(row, *ps)])

    xs = np.random.default_rng(0).uniform(low, high, (21, count)).T
    assert_agrees(record(fn, [1.0] * count, parameters=ps), xs)


@pytest.mark.parametrize("function", [es.maximum, es.minimum])
def test_a_tie_goes_to_the_first(function: Callable[..., Value]) -> None:
    program = record(lambda x, y, z: function(x * 2, y * 2, z * 2), 0.0, 0.0, 0.0)
    runner = runner_of(program, 2, "inputs")
    runner.inputs[...] = [[1, 1, 1], [3, 2, 2]]
    runner.backward(1.0)
    expected = [[2, 0, 0], [2, 0, 0]] if function is es.maximum else [[2, 0, 0], [0, 2, 0]]
    np.testing.assert_array_equal(runner.gradients[Space.VARYING][:3].T, expected)


def test_kinks_and_numbers_that_are_not_finite_are_those_of_numpy() -> None:
    program = record(
        lambda x, y: es.sum(
            [es.relu(x), abs(x), es.maximum(x, y), es.minimum(x, y), es.where(x, y, 1.0), es.sqrt(x), es.log(y), x**y]
        ),
        1.0,
        1.0,
    )
    numbers = [0.0, -0.0, 1.0, -2.0, 3.0, 800.0, np.inf, -np.inf, np.nan]
    xs = np.array(np.meshgrid(numbers, numbers)).reshape(2, -1)
    assert_agrees(program, xs)


def test_powers_are_those_of_numpy() -> None:
    program = record(lambda x: es.sum([x**2, x**1, x**3, x**0, x**-1, x**2.5]), 1.0)
    assert_agrees(program, np.linspace(0.5, 3, 19)[None])


def layers(sizes: Sequence[int], xs: list[Value], weights: Iterator[Value]) -> list[Value]:
    for n in sizes:
        xs = [es.tanh(sum((next(weights) * x for x in xs), next(weights))) for _ in range(n)]
    return xs


@pytest.mark.parametrize("sizes", [(1,), (4, 1), (16, 16, 1), (9, 5, 3), (33, 2)])
@pytest.mark.parametrize("batch", [1, 8, 100, 131])
def test_dense_layers_of_any_size_agree(sizes: Sequence[int], batch: int) -> None:
    ps = parameters(2000)
    program = record(lambda x: es.sum(layers(sizes, x, iter(ps))), [0.1] * 6)
    assert_agrees(program, inputs(6, batch))


@pytest.mark.parametrize(
    "fn",
    [
        lambda x, p: es.sum([p[0] * x[0] + p[1] * x[0] + p[2] * x[1]]),
        lambda x, p: es.sum([es.tanh(p[i] * x[0] + p[i + 1] * x[0] + p[0]) for i in range(3)]),
        lambda x, p: es.sum([es.tanh(p[0] * x[i] + p[1] * x[i + 1]) for i in range(3)]),
        lambda x, p: es.sum([es.tanh(p[5 - i] * x[i] + p[i] * x[2] + p[1] * x[2]) for i in range(3)]),
        lambda x, p: es.sum([es.exp(p[0]) * x[0] + es.exp(p[1]) * x[1], x[0] * x[0], p[3]]),
        lambda x, p: es.sum([q * q for q in p]) * 0.1 + x[0],
        lambda x, p: p[0] * p[1] + es.tanh(p[2]),
        lambda x, p: es.sum([es.tanh(x[i] + p[i] + x[0]) for i in range(4)]) * x[3],
    ],
    ids=["twice", "dense-twice", "convolution", "apart", "made", "penalty", "shared", "bare"],
)
def test_weights_and_inputs_that_stand_twice_or_apart_agree(fn: Callable[..., Value]) -> None:
    ps = parameters(6)
    program = record(lambda x: fn(x, ps), [0.1] * 4, parameters=ps)
    assert_agrees(program, inputs(4, 19))


def test_the_graphs_of_these_tests_have_dense_and_ragged_products() -> None:
    ps = parameters(6)
    dense = record(lambda x: es.sum([es.tanh(ps[i] * x[0] + ps[i + 1] * x[1]) for i in range(3)]), [0.1] * 4)
    ragged = record(lambda x: es.sum([es.tanh(ps[0] * x[i] + ps[1] * x[i + 1]) for i in range(3)]), [0.1] * 4)
    kinds = [[b.dense for b in program.plan.blocks if isinstance(b, Affine)] for program in (dense, ragged)]
    assert kinds == [[True], [False]]


def test_several_outputs_are_predicted() -> None:
    program = record(lambda x: [x[0] * x[1], es.sin(x[0])], [0.1, 0.2])
    runner = runner_of(program, 3, "")
    runner.inputs[...] = [[1, 2], [3, 4], [5, 6]]
    runner.predict()
    rows = [runner.values[Space.VARYING][program.plan.places[n][1]] for n in program.plan.tape.outputs]
    np.testing.assert_allclose(rows, [[2, 12, 30], np.sin([1, 3, 5])], rtol=1e-15)


def test_the_total_and_the_check_are_the_sums_of_the_output_and_of_the_gradient() -> None:
    w = Value(3.0, "w")
    runner = runner_of(record(lambda x: w * x, 0.0), 5, "parameters")
    for xs in ([1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 2.0, 3.0, 4.0, np.inf]):
        runner.inputs[:, 0] = xs
        runner.backward(2.0)
        assert runner.total.item() == 3 * sum(xs)
        assert runner.check.item() == 2 * sum(xs) if np.isfinite(xs).all() else not np.isfinite(runner.check.item())


def test_an_operation_of_the_user_is_compiled_and_one_that_is_no_arithmetic_is_refused() -> None:
    cube = op("cube", "³", Role.SCALER, lambda m, x: x * x * x, lambda m, z, x: (3 * x * x,))
    odd = op("odd", "?", Role.SCALER, lambda m, x: x if x > 0 else -x, lambda m, z, x: (1,))
    try:
        assert_agrees(record(lambda x: apply(cube, x), 0.5), inputs(1, 9))
        with pytest.raises(NotCompilableError, match="cannot be compiled"):
            runner_of(record(lambda x: apply(odd, x), 0.5), 9, "parameters")
    finally:
        del OPS["cube"], OPS["odd"]


def test_an_operation_with_very_many_inputs_is_refused() -> None:
    program = record(lambda x: es.log_sum_exp(x), [0.1] * 101)
    with pytest.raises(NotCompilableError, match="at most 100"):
        runner_of(program, 3, "parameters")


def test_without_the_functions_of_whole_vectors_those_of_single_numbers_are_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kernels, "_of_vectors", lambda *_: "")
    fast_runner._kernel.cache_clear()
    ps = parameters(7)
    program = record(random_function(2, 300, ps), [0.1] * 5, parameters=ps)
    try:
        assert_agrees(program, inputs(5, 9))
    finally:
        fast_runner._kernel.cache_clear()


@pytest.mark.parametrize("size", [16, 32])
def test_shorter_vectors_give_the_same_numbers(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    machine, name, widest = kernels._machine()
    if size > widest:
        pytest.skip("this processor has no such vectors")
    for function in (fast_runner._kernel, fast_runner._run, kernels._of_vectors):
        function.cache_clear()
    monkeypatch.setattr(kernels, "_machine", lambda: (machine, name, size))
    ps = parameters(500)
    program = record(lambda x: es.log_sum_exp(layers([9, 5], x, iter(ps))), [0.1] * 6)
    try:
        assert_agrees(program, inputs(6, 41))
    finally:
        for function in (fast_runner._kernel, fast_runner._run, kernels._of_vectors):
            function.cache_clear()


# What is kept on the disk


def test_what_was_compiled_is_not_compiled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICROGRAD_ES_CACHE", str(tmp_path / "new"))
    text = kernels.clear("float64")
    monkeypatch.setattr(kernels, "_LOADED", {})
    kernels.address(text)
    assert [path.suffix for path in (tmp_path / "new").iterdir()] == [".o"]
    monkeypatch.setattr(kernels, "_LOADED", {})
    monkeypatch.setattr(kernels, "_compiled", lambda *_: pytest.fail("compiled again"))
    kernels.address(text)


def test_a_damaged_file_is_compiled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICROGRAD_ES_CACHE", str(tmp_path))
    for _ in range(2):
        monkeypatch.setattr(kernels, "_LOADED", {})
        kernels.address(kernels.clear("float64"))
        (file,) = tmp_path.iterdir()
        sound = file.read_bytes()
        file.write_bytes(sound[:-9] + b"\0")
    monkeypatch.setattr(kernels, "_LOADED", {})
    kernels.address(kernels.clear("float64"))
    assert file.read_bytes() == sound


def test_it_runs_where_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MICROGRAD_ES_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr(kernels, "_LOADED", {})
    assert kernels.address(kernels.seed("float64"))


def test_several_processes_may_start_at_once(tmp_path: Path) -> None:
    code = """
import numpy as np
from micrograd_es import Value, record, tanh
from micrograd_es.program.blocks import Space
from micrograd_es.program.fast_runner import Runner
w = Value(2.0)
program = record(lambda x: tanh(w * x), 0.0)
plan = program.plan
runner = Runner(plan, program._shared, 3, program._wanted("parameters"), plan.rows(program.tape.outputs))
runner.inputs[:, 0] = 1, 2, 3
runner.backward(1.0)
print(runner.total.item())
"""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env={"MICROGRAD_ES_CACHE": str(tmp_path), "PATH": ""},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    printed = [float(process.communicate()[0]) for process in started]
    np.testing.assert_allclose(printed, np.tanh([2.0, 4.0, 6.0]).sum(), rtol=1e-14)
    assert {path.suffix for path in tmp_path.iterdir()} == {".o"}
