"""The compiled runner against the runner in NumPy: any graph, any batch, and what is kept on the disk."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator, Sequence
from threading import Thread
from typing import Any

import numpy as np
import pytest

pytest.importorskip("llvmlite")

import micrograd_es as es
from conftest import in_new_process
from micrograd_es import Value
from micrograd_es.ops import OPS, Op, Role
from micrograd_es.program import Program, record
from micrograd_es.program.blocks import Affine, Space
from micrograd_es.program.calls import wanted
from micrograd_es.program.compiled import book, brief, lanes, machine, products, single, tiles
from micrograd_es.program.compiled import runner as fast_runner
from micrograd_es.program.compiled.lanes import NotCompilableError
from micrograd_es.program.in_numpy import runner as numpy_runner
from micrograd_es.program.tape import Entries, Entry, Tape
from micrograd_es.value import apply
from test_program import random_function


@pytest.fixture(scope="module", autouse=True)
def a_cache_of_these_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MICROGRAD_ES_CACHE", str(tmp_path_factory.mktemp("kernels")))
        yield


def runner_of(program: Program, batch: int, wrt: str, kind: Any = fast_runner.Runner) -> Any:
    output = program.plan.rows(program.plan.tape.outputs[:1]) if wrt else None
    return kind(program.plan, program._shared, batch, wanted(program.plan, wrt), output)


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
    ps = parameters(500)
    xs = inputs(5, 37).astype("float32")
    assert_agrees(record(random_function(5, 200, ps[:7]), [0.1] * 5, parameters=ps[:7], dtype="float32"), xs, 2e-4)
    assert_agrees(record(lambda x: es.sum(layers([9, 6], x, iter(ps))), [0.1] * 5, dtype="float32"), xs, 2e-4)


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
@pytest.mark.parametrize("batch", [1, 19])
def test_weights_and_inputs_that_stand_twice_or_apart_agree(fn: Callable[..., Value], batch: int) -> None:
    ps = parameters(6)
    program = record(lambda x: fn(x, ps), [0.1] * 4, parameters=ps)
    assert_agrees(program, inputs(4, batch))


def test_the_graphs_of_these_tests_have_products_of_every_kind() -> None:
    ps = parameters(6)
    graphs = {
        "dense": lambda x: [es.tanh(ps[i] * x[0] + ps[i + 1] * x[1]) for i in range(3)],
        "at positions": lambda x: [es.tanh(ps[0] * x[i] + ps[1] * x[i + 1]) for i in range(3)],
        "ragged": lambda x: [es.tanh(ps[i] * x[i] + ps[i + 1] * x[i + 1]) for i in range(3)],
    }
    kinds = {}
    for name, fn in graphs.items():
        program = record(lambda x, fn=fn: es.sum(fn(x)), [0.1] * 4)
        kinds[name] = [(b.dense, b.positions) for b in program.plan.blocks if isinstance(b, Affine)]
        assert_agrees(program, inputs(4, 19))
        assert_agrees(program, inputs(4, 1))
    assert kinds == {"dense": [(True, 1)], "at positions": [(True, 3)], "ragged": [(False, 1)]}


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


def test_an_operation_of_the_user_is_compiled(add_row: Callable[..., Op]) -> None:
    cube = add_row("cube", "³", Role.SCALER, lambda m, x: x * x * x, lambda m, z, x: (3 * x * x,))
    spread = add_row("spread", "±", Role.SCALER, lambda m, *xs: m.max(xs) - m.min(xs), lambda m, z, *xs: (1,) * len(xs))
    assert_agrees(record(lambda x: apply(cube, apply(spread, *x, x[0] * x[1])), [0.5, 0.1]), inputs(2, 9))


@pytest.mark.parametrize(
    ("forward", "local"),
    [
        (lambda m, x: x if x > 0 else -x, lambda m, z, x: (1,)),
        (lambda m, x: x if x == 0 else x * x, lambda m, z, x: (1,)),
        (lambda m, x: x * x, lambda m, z, x: (2 * x if x != 1 else 2,)),
    ],
    ids=["above", "equal", "unequal"],
)
def test_an_operation_that_asks_what_its_input_is_is_compiled(
    forward: Callable[..., Any], local: Callable[..., Any], add_row: Callable[..., Op]
) -> None:
    asking = add_row("asking", "?", Role.SCALER, forward, local)
    assert_agrees(record(lambda x: apply(asking, x[0] * x[1]), [0.5, 0.1]), inputs(2, 9))


@pytest.mark.parametrize(
    ("forward", "local"),
    [
        (lambda m, x: m.unheard_of(x), lambda m, z, x: (1,)),
        (lambda m, x: {}[x], lambda m, z, x: (1,)),
        (lambda m, x: x * x, lambda m, z, x: (None,)),
        (lambda m, x: x * x, lambda m, z, x: (1, 1)),
    ],
    ids=["maths", "error", "no-slope", "slopes"],
)
def test_an_operation_that_is_no_arithmetic_is_refused(
    forward: Callable[..., Any], local: Callable[..., Any], add_row: Callable[..., Op]
) -> None:
    odd = add_row("odd", "?", Role.SCALER, forward, local)
    program = Program(Tape(1, 0, [], Entries([Entry(odd, (0,))]), [1], ["x"]), [()], 0)
    with pytest.raises(NotCompilableError, match="cannot be compiled"):
        runner_of(program, 9, "inputs")


@pytest.mark.parametrize("function", [es.log_sum_exp, es.maximum, es.minimum, es.prod, es.sum])
def test_operations_of_very_many_inputs_are_compiled(function: Callable[..., Value]) -> None:
    many = function if function in (es.log_sum_exp, es.prod, es.sum) else lambda xs: function(*xs)
    w, b = parameters(2)

    def fn(xs: list[Value]) -> Value:
        return many([b, *[w * x for x in xs], *xs, *xs[::-1]]) * many([w * xs[0] for _ in range(17)])

    program = record(fn, [0.1] * 101)
    assert_agrees(program, inputs(101, 13))


def test_a_tie_among_very_many_goes_to_the_first() -> None:
    program = record(lambda xs: es.maximum(*xs), [0.1] * 300, fast=True)
    xs = np.zeros((1, 300))
    xs[0, 40:] = 1.0
    _, (slopes,) = program.value_and_grad(xs, wrt="inputs")
    assert slopes[0].nonzero()[0].tolist() == [40]


def test_an_operation_with_very_many_inputs_and_no_tree_runs_in_numpy(add_row: Callable[..., Op]) -> None:
    row = add_row("norm", "?", Role.SCALER, lambda m, *xs: m.sqrt(m.sum([x * x for x in xs])), lambda m, z, *xs: xs)
    tape = Tape(101, 0, [], Entries([Entry(row, tuple(range(101)))]), [101], [f"x{i}" for i in range(101)])
    program = Program(tape, [(101,)], 0, fast=True)
    with pytest.raises(NotCompilableError, match="at most 100"):
        runner_of(program, 3, "inputs")
    xs = inputs(101, 3).T
    np.testing.assert_allclose(program(xs), np.sqrt((xs * xs).sum(1)), rtol=1e-14)


@pytest.fixture
def nothing_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process has no kernel in memory, as a new one."""
    monkeypatch.setattr(book, "_LOADED", {})


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_without_the_functions_of_whole_vectors_those_of_single_numbers_are_called(
    dtype: str, monkeypatch: pytest.MonkeyPatch, nothing_loaded: None
) -> None:
    monkeypatch.setattr(lanes, "of_vectors", lambda *_: "")
    ps = parameters(7)
    program = record(random_function(2, 300, ps), [0.1] * 5, parameters=ps, dtype=dtype)
    assert_agrees(program, inputs(5, 9).astype(dtype), 1e-12 if dtype == "float64" else 2e-4)


@pytest.mark.parametrize("size", [16, 32])
def test_shorter_vectors_give_the_same_numbers(
    size: int, monkeypatch: pytest.MonkeyPatch, nothing_loaded: None
) -> None:
    if size > machine.vector_bytes():
        pytest.skip("this processor has no such vectors")
    monkeypatch.setattr(machine, "vector_bytes", lambda: size)
    machine.of_vectors.cache_clear()
    ps = parameters(500)
    try:
        program = record(lambda x: es.log_sum_exp(layers([9, 5], x, iter(ps))), [0.1] * 6)
        assert_agrees(program, inputs(6, 41))
        assert_agrees(program, inputs(6, 1))
        assert_agrees(record(random_function(3, 100, ps[:7]), [0.1] * 5, parameters=ps[:7]), inputs(5, 9))
    finally:
        machine.of_vectors.cache_clear()


def test_large_arguments_and_small_results_are_those_of_numpy() -> None:
    program = record(lambda x: [es.sin(x), es.cos(x), es.tanh(x), es.exp(x)], 0.1)
    large = 10.0 ** np.arange(-300, 300, 7)
    near = np.array([k * np.pi / 2 for k in (1, 2, 3, 4, 1000, 123457, 2**40)])
    xs = np.concatenate([large, -large, near, -near, np.nextafter(near, np.inf), [0.0, -0.0, 709.7, -744.0, -745.2]])
    runner = runner_of(program, len(xs), "")
    runner.inputs[:, 0] = xs
    runner.predict()
    found = [runner.values[Space.VARYING][program.plan.places[n][1]] for n in program.plan.tape.outputs]
    with np.errstate(all="ignore"):
        expected = [np.sin(xs), np.cos(xs), np.tanh(xs), np.exp(xs)]
    np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-320)


@pytest.mark.parametrize("batch", [1, 10_000])
def test_brief_and_long_programs_are_called_again_and_again_and_nothing_is_lost(batch: int) -> None:
    w = [Value(0.1 * i) for i in range(20)]
    program = record(lambda x: es.tanh(es.dot(w, x)), [0.0] * 20, fast=True)
    xs = np.random.default_rng(0).normal(size=(batch, 20))
    expected = program.value_and_grad(xs)
    held = sys.getrefcount(None), sys.getrefcount(program)
    for _ in range(1000 if batch == 1 else 10):
        value, gradient = program.value_and_grad(xs)
    assert value == expected[0] and (gradient == expected[1]).all()
    assert abs(sys.getrefcount(None) - held[0]) < 100
    assert sys.getrefcount(program) == held[1]
    function = program._calls.last.runner._backward  # type: ignore[union-attr]
    assert type(function).__name__ == ("builtin_function_or_method" if batch == 1 else "partial")


def test_two_programs_in_two_threads_do_not_disturb_each_other() -> None:
    def repeated(program: Program, xs: np.ndarray, found: list[bytes]) -> None:
        for _ in range(200):
            found.append(program.value_and_grad(xs)[1].tobytes())

    ps = parameters(7)
    programs = [record(random_function(seed, 300, ps), [0.1] * 5, parameters=ps, fast=True) for seed in (1, 2)]
    given = [np.ascontiguousarray(inputs(5, 100, seed).T) for seed in (1, 2)]
    found: list[list[bytes]] = [[], []]
    threads = [Thread(target=repeated, args=work) for work in zip(programs, given, found, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone = [program.value_and_grad(xs)[1].tobytes() for program, xs in zip(programs, given, strict=True)]
    assert [set(each) for each in found] == [{one} for one in alone]


@pytest.mark.parametrize("rows", [1, 50, 10**5])
@pytest.mark.parametrize("batch", [0, 7, 100, 1000])
def test_a_tile_is_whole_vectors_and_no_longer_than_the_batch_needs(rows: int, batch: int) -> None:
    tile = fast_runner.tile_of(rows, batch, 8, 8)
    assert tile % 8 == 0
    assert 8 <= tile <= fast_runner.TILE
    assert tile <= max(batch + 7, 8)
    assert batch < 32 or tile >= 16
    assert fast_runner.tile_of(rows, 1, 8, 8) == 1


# The kernels


def test_every_kernel_is_written_the_same_each_time() -> None:
    dense = products.product, products.products, single.product, single.to_inputs, single.to_weights
    for write in (tiles.run, tiles.load, tiles.store, tiles.total, *dense):
        assert write("float64") == write("float64")
    assert brief.call("float64", 16) == brief.call("float64", 16)


def test_without_the_compiler_the_modules_can_be_read_and_fast_says_what_to_install() -> None:
    code = """
import sys
sys.modules["llvmlite"] = None
import micrograd_es.program.compiled.runner
from micrograd_es import record
try:
    record(lambda x: x * 2, 1.0, fast=True)
except ImportError as error:
    print(error)
"""
    assert "pip install 'micrograd-es[fast]'" in in_new_process(code)
