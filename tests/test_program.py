"""Recorded programs against the eager path: any graph, any batch."""

from __future__ import annotations

import math
import random
import tracemalloc
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Value
from micrograd_es.ops import OPS, Role, op
from micrograd_es.program import Program, calls, record
from micrograd_es.program.blocks import Affine, Elementwise, Space, Total
from micrograd_es.replay import RecordingError
from micrograd_es.value import apply

SAFE: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda x, y: (x + y) * 0.5,
    "mul": lambda x, y: es.tanh(x * y),
    "sub": lambda x, y: (x - y) * 0.5,
    "max": lambda x, y: es.maximum(x, y, 0.1),
    "min": lambda x, y: es.minimum(x, y),
    "neg": lambda x, y: -x,
    "identity": lambda x, y: es.identity(x),
    "div": lambda x, y: x / (2 + es.sigmoid(y)),
    "reciprocal": lambda x, y: es.reciprocal(2 + es.tanh(x)),
    "pow": lambda x, y: (1 + es.sigmoid(x)) ** y * 0.5,
    "exp": lambda x, y: es.exp(-abs(x)),
    "log": lambda x, y: es.log(1 + abs(x) + y * y) * 0.3,
    "sqrt": lambda x, y: es.sqrt(1 + x * x) * 0.5,
    "abs": lambda x, y: abs(x),
    "tanh": lambda x, y: es.tanh(x),
    "sigmoid": lambda x, y: es.sigmoid(x),
    "relu": lambda x, y: es.relu(x),
    "softplus": lambda x, y: es.softplus(x) * 0.5,
    "sin": lambda x, y: es.sin(x),
    "cos": lambda x, y: es.cos(x),
    "where": lambda x, y: es.where(x - 0.2, y, x),
    "log_sum_exp": lambda x, y: es.log_sum_exp([x, y, x]) * 0.3,
}


def random_function(seed: int, size: int, parameters: Sequence[Value]) -> Callable[[list[Value]], Value]:
    """A function whose graph has forks, ties, constants and every operation, the same each time it is called."""

    def fn(xs: list[Value]) -> Value:
        r = random.Random(seed)
        made: list[Any] = [*xs[:-1], *parameters]  # the last input is never used
        for _ in range(size):
            x, y = (made[max(0, len(made) - 1 - int(r.expovariate(1 / 30)))] for _ in range(2))
            made.append(SAFE[r.choice(list(SAFE))](x, y))
        return es.sum([es.tanh(v) for v in made[-40:]])

    return fn


def eager(fn: Callable[..., Value], xs: np.ndarray, leaves: Sequence[Value]) -> tuple[float, np.ndarray, np.ndarray]:
    """The sum over the examples by the eager path: the value, the gradients of the leaves, and of the inputs."""
    total, slopes, inputs = 0.0, np.zeros(len(leaves)), np.zeros(xs.shape)
    for example, row in zip(xs, inputs, strict=True):
        given = [Value(float(x)) for x in example]
        f = fn(given)
        gradient = es.gradients(f)
        total += float(f.data)
        slopes += [float(gradient.get(leaf, 0)) for leaf in leaves]
        row[:] = [float(gradient.get(x, 0)) for x in given]
    return total, slopes, inputs


def test_the_functions_of_the_random_graphs_use_every_operation() -> None:
    assert set(SAFE) == set(OPS)


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
@pytest.mark.parametrize(("seed", "size"), [(seed, 300) for seed in range(6)] + [(7, 3000)])
def test_a_program_has_the_numbers_of_the_eager_path(seed: int, size: int, fast: bool) -> None:
    r = random.Random(seed)
    parameters = [Value(r.uniform(-1, 1), f"p{i}") for i in range(12)]
    fn = random_function(seed, size, parameters)
    program = record(fn, [0.1, 0.2, 0.3, 0.4], fast=fast)
    xs = np.random.default_rng(seed).normal(size=(5, 4))
    xs[1, 1] = xs[1, 0]  # a tie
    value, slopes, inputs = eager(fn, xs, program.values)
    found, gradient = program.value_and_grad(xs, reduce="sum")
    _, (to_inputs,) = program.value_and_grad(xs, reduce="sum", wrt="inputs")
    assert found == pytest.approx(value, rel=1e-12)
    assert gradient == pytest.approx(slopes, rel=1e-12, abs=1e-12 * np.abs(slopes).max())
    assert to_inputs == pytest.approx(inputs, rel=1e-12, abs=1e-12 * np.abs(inputs).max())
    assert program(xs).sum() == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
@pytest.mark.parametrize("batch", [0, 1, 7, 1000])
def test_batches_of_every_size_agree_with_one_example_at_a_time(batch: int, fast: bool) -> None:
    parameters = [Value(0.3, "a"), Value(-0.7, "b")]
    program = record(random_function(3, 60, parameters), [0.1, 0.2, 0.3], fast=fast)
    xs = np.random.default_rng(1).normal(size=(batch, 3))
    singles = [program.value_and_grad(x) for x in xs]
    value, gradient = program.value_and_grad(xs, reduce="sum")
    assert value == pytest.approx(sum(v for v, _ in singles), rel=1e-12, abs=1e-12)
    assert gradient == pytest.approx(sum((g for _, g in singles), np.zeros(2)), rel=1e-11, abs=1e-12)
    assert program(xs).shape == (batch,)


def layered(sizes: Sequence[int], order: Callable[[list[Any]], list[Any]]) -> tuple[list[Value], Callable[..., Any]]:
    """A network of plain Values whose sums are written in some order."""
    r = random.Random(5)
    shape = list(pairwise(sizes))
    weights = [[[Value(r.uniform(-1, 1), "w") for _ in range(n + 1)] for _ in range(m)] for n, m in shape]

    def fn(xs: list[Value]) -> Value:
        for layer in weights:
            xs = [es.tanh(summed(order([*(w * x for w, x in zip(row, xs, strict=False)), row[-1]]))) for row in layer]
        return es.sum([x * x for x in xs])

    return [w for layer in weights for row in layer for w in row], fn


def summed(terms: list[Any]) -> Any:
    """A sum as a chain of two-input gates."""
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def shuffled(terms: list[Any]) -> list[Any]:
    return random.Random(4).sample(terms, len(terms))


@pytest.mark.parametrize("order", [list, shuffled, lambda terms: terms[::-1]], ids=["straight", "shuffled", "reversed"])
def test_dense_products_are_found_however_their_sums_are_written(order: Callable[[list[Any]], list[Any]]) -> None:
    parameters, fn = layered([4, 6, 3], order)
    program = record(fn, [0.1, 0.2, 0.3, 0.4])
    blocks = [block for block in program.plan.blocks if isinstance(block, Affine)]
    assert [(len(block.out), len(block.weights), block.dense) for block in blocks] == [(6, 24, True), (3, 18, True)]
    xs = np.random.default_rng(2).normal(size=(8, 4))
    value, slopes, _ = eager(fn, xs, program.values)
    found, gradient = program.value_and_grad(xs, reduce="sum")
    assert len(parameters) == len(program.values)
    assert found == pytest.approx(value, rel=1e-12)
    assert gradient == pytest.approx(slopes, rel=1e-12, abs=1e-14)


def test_a_convolution_written_by_hand_is_one_product_at_every_position() -> None:
    kernel = [Value(w, "w") for w in (0.5, -1.0, 2.0)]

    def fn(xs: list[Value]) -> Value:
        return es.sum([es.relu(es.dot(kernel, xs[i : i + 3])) for i in range(5)])

    program = record(fn, [0.0] * 7)
    (block,) = (block for block in program.plan.blocks if isinstance(block, Affine))
    assert (block.kernels, block.terms, block.positions) == (1, 3, 5)
    xs = np.random.default_rng(3).normal(size=(6, 7))
    value, slopes, inputs = eager(fn, xs, program.values)
    assert program.value_and_grad(xs, reduce="sum")[0] == pytest.approx(value, rel=1e-12)
    assert program.value_and_grad(xs, reduce="sum")[1] == pytest.approx(slopes, rel=1e-12)
    assert program.value_and_grad(xs, reduce="sum", wrt="inputs")[1][0] == pytest.approx(inputs, rel=1e-12)


def test_an_operation_that_no_runner_knows_works_like_any_other() -> None:
    cube = op(
        "cube of the test",
        "x³",
        Role.SCALER,
        lambda m, x: x * x * m.tanh(x),
        lambda m, z, x: (2 * x * m.tanh(x) + x * x * (1 - m.tanh(x) * m.tanh(x)),),
    )
    try:
        w = Value(0.8, "w")
        program = record(lambda x: apply(cube, w * x), 0.0)
        xs = np.array([0.5, -1.0, 2.0])
        value, slopes, _ = eager(lambda x: apply(cube, w * x[0]), xs[:, None], [w])
        found, gradient = program.value_and_grad(xs, reduce="sum")
        assert found == pytest.approx(value, rel=1e-12)
        assert gradient == pytest.approx(slopes, rel=1e-12)
    finally:
        del OPS[cube.name]


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
@pytest.mark.parametrize(
    ("forward", "local"),
    [
        (lambda m, x: x if x >= 0 else m.exp(x) - 1, lambda m, z, x: (1 if x >= 0 else z + 1,)),
        (lambda m, x: 1 / x if x != 0 else x, lambda m, z, x: (-z * z if x != 0 else 1,)),
        (lambda m, x: math.erf(x), lambda m, z, x: (2 / math.sqrt(math.pi) * math.exp(-x * x),)),
        (lambda m, x: abs(x), lambda m, z, x: (m.sign(x),)),
        (lambda m, x, y: max(x, y) * y, lambda m, z, x, y: (y if x >= y else 0, x if x >= y else 2 * y)),
        (lambda m, *xs: sorted(xs)[0], lambda m, z, *xs: tuple(float(x == z) for x in xs)),
    ],
    ids=["compares", "equals", "calls math", "calls abs", "of two", "of many"],
)
def test_a_rule_made_for_numbers_runs_on_arrays(forward: Any, local: Any, fast: bool) -> None:
    row = op("row of the test", "?", Role.SCALER, forward, local)
    try:
        w = Value(0.8, "w")
        fn = lambda x: apply(row, *[w * v for v in x])  # noqa: E731
        program = record(fn, [0.5] * (row.arity or 4), fast=fast)
        for batch in (1, 5):
            xs = np.random.default_rng(batch).normal(size=(batch, row.arity or 4))
            value, slopes, inputs = eager(fn, xs, [w])
            found, (gradient, (to_inputs,)) = program.value_and_grad(xs, reduce="sum", wrt="both")
            assert found == pytest.approx(value, rel=1e-12)
            np.testing.assert_allclose(gradient, slopes, rtol=1e-12)
            np.testing.assert_allclose(to_inputs, inputs, rtol=1e-12)
            assert program(xs).shape == (batch,)
        assert program(np.zeros((0, row.arity or 4))).shape == (0,)
        assert "row of the test" in program.explain(backward=True)
    finally:
        del OPS[row.name]


@pytest.mark.parametrize(
    "branching",
    [
        lambda x: x if x > 0 else -x,
        lambda x: x * float(x),
        lambda x: x + x.data,
        lambda x: sorted([x, x * 2])[0],
        lambda x: x * random.random(),
    ],
    ids=["comparison", "float", "data", "sorted", "random"],
)
def test_what_cannot_be_replayed_is_refused_when_it_is_recorded(branching: Callable[[Value], Value]) -> None:
    with pytest.raises(RecordingError, match="expected operations on Values alone"):
        record(branching, 0.5)
    assert Value(1.0) < 2  # and nothing is watched any more


def test_a_sum_with_nothing_but_0_added_is_what_it_was_given_also_in_a_product() -> None:
    w, v = Value(3.0, "w"), Value(5.0, "v")
    program = record(lambda x: x + (0 + w) * v + (0 + w) * 0, 0.0)
    value, slopes = program.value_and_grad(np.array([2.0]))
    assert (value, dict(zip([p.label for p in program.values], slopes, strict=True))) == (17.0, {"w": 5.0, "v": 3.0})


def test_dead_nodes_constants_and_repeats_are_left_out() -> None:
    def fn(x: Value) -> Value:
        _ = x * 5  # nothing needs it
        return es.tanh(x * (Value(2.0) * 3)) + es.tanh(x * 6.0)

    p = Value(1.0)
    written = record(fn, 0.0, parameters=[p])
    merged = record(fn, 0.0, parameters=[p], merge=True)
    assert str(written).count("tanh") == 2
    assert [entry.op.name for entry in merged.tape.entries] == ["mul", "tanh", "add"]
    assert merged.tape.constants == [6.0]
    assert merged(np.array([0.1])) == pytest.approx(written(np.array([0.1])), rel=1e-15)


def test_what_is_printed_alike_is_the_same() -> None:
    a, b, c, x = Value(1.0, "w"), Value(2.0, "w"), Value(3.0, "v1"), Value(4.0, "x")
    third = Value(5.0, "w.2")
    program = record(lambda y: (a * y + b * y) * third + c * x + 0.12345678 * y, 0.0, parameters=[a, b, third, c, x])
    assert str(program).splitlines() == [
        "inputs x; 5 parameters",
        "v0 = mul(w, x)",
        "v1 = mul(w.2, x)",
        "v2 = add(v0, v1)",
        "v3 = mul(v2, w.2.2)",
        "v4 = mul(v1.2, x.2)",
        "v5 = add(v3, v4)",
        "v6 = mul(0.12345678, x)",
        "v7 = add(v5, v6)",
        "return v7",
    ]


def test_several_outputs_come_in_the_shape_of_what_the_function_returns() -> None:
    program = record(lambda x: [x[0] * x[1], [x[0]]], [0.0, 0.0])
    assert program([3.0, 4.0]) == [12.0, [3.0]]
    assert program(np.array([[3.0, 4.0], [1.0, 2.0]])).tolist() == [[12.0, 3.0], [2.0, 1.0]]
    with pytest.raises(TypeError, match="2 outputs; expected one"):
        program.value_and_grad([3.0, 4.0])


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
def test_nested_outputs_of_a_batch_have_the_shape_of_each_example(fast: bool) -> None:
    if fast:
        pytest.importorskip("llvmlite")
    w = [Value(2.0), Value(-1.0), Value(0.5)]
    program = record(lambda x: [[a * b for b in x] for a in w], [0.0, 0.0], fast=fast)
    xs = np.array([[3.0, 4.0], [1.0, 2.0], [0.0, -1.0], [5.0, 5.0]])
    expected = np.array([2.0, -1.0, 0.5])[None, :, None] * xs[:, None, :]
    assert np.array_equal(program(xs), expected)
    assert program(xs[:0]).shape == (0, 3, 2)
    assert program(xs[0]) == expected[0].tolist()
    assert record(lambda x: [[x[0]], [x[1]]], [0.0, 0.0], fast=fast)(xs).shape == (4, 2, 1)
    upstream = np.random.default_rng(1).normal(size=(4, 3, 2))
    found, flat = program.matrices(xs, upstream=upstream), program.matrices(xs, upstream=upstream.reshape(4, 6))
    assert found["∂L/∂p1"].ravel() == pytest.approx(np.einsum("mij,mj->i", upstream, xs), rel=1e-12)
    assert all(np.array_equal(found[name], flat[name]) for name in found)


def test_a_program_goes_to_a_file_and_back(tmp_path: Path) -> None:
    program = record(layered([3, 4, 2], list)[1], [0.0, 0.0, 0.0])
    again = Program.load(program.save(tmp_path / "net.json"))
    xs = np.random.default_rng(4).normal(size=(5, 3))
    assert str(again) == str(program)
    assert (again(xs) == program(xs)).all()
    (tmp_path / "half.json").write_text((tmp_path / "net.json").read_text()[:200])
    with pytest.raises(ValueError, match=r"was loaded, and has no Values.*Its numbers are program\.parameters"):
        again.write_back()
    with pytest.raises(ValueError, match=r"half\.json is no program of micrograd_es"):
        Program.load(tmp_path / "half.json")


def test_what_is_not_finite_names_the_operation_its_place_and_the_example() -> None:
    def fn(x: Value) -> Value:
        with es.scope("capa 1"):
            return es.log(x * 2)

    for fast in (False, True):
        _names_the_fault(record(fn, 1.0, fast=fast))


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
def test_a_fault_that_is_the_same_for_all_examples_names_none(fast: bool) -> None:
    w = Value(1.0, "w")
    program = record(lambda x: es.log(w) * x + es.log(x), 1.0, fast=fast)
    program.parameters[:] = -1.0
    with pytest.raises(ArithmeticError, match=r"log\(w = -1\.0\): no real result; .*1e-12\)\)\.$"):
        program([1.0, 2.0], check=True)
    with pytest.raises(ArithmeticError, match=r"the input x is nan; expected a finite number; in example 0 of the"):
        program.value_and_grad([math.nan, 2.0])
    program.parameters[:] = math.nan
    with pytest.raises(ArithmeticError, match=r"the parameter w is nan; expected a finite number\.$"):
        program.value_and_grad([1.0, 2.0])


@pytest.mark.parametrize(
    ("fn", "fault"),
    [
        (es.sqrt, r"^sqrt\(v0 = 0\.0\) \(z\) \(capa 1\) has no finite local gradient .*; in example 1 of the batch"),
        (
            lambda x: x**0.5,
            r"^pow\(v0 = 0\.0, 0\.5\) \(z\) \(capa 1\) has no finite local gradient .*; in example 1 of the",
        ),
        (
            lambda x: (x + 1e-250) ** 0.1,
            r"^the gradient at pow\(.*\) \(z\) \(capa 1\) is too large.*; in example 1 of the",
        ),
    ],
)
def test_a_gradient_that_is_not_finite_names_the_operation_and_its_place(
    fn: Callable[[Value], Value], fault: str
) -> None:
    def placed(x: Value) -> Value:
        with es.scope("capa 1"):
            z = fn(2.0 * x)
            z.label = "z"
        return z * 1e100

    with pytest.raises(ArithmeticError, match=fault):
        record(placed, 1.0).value_and_grad([1.0, 0.0], wrt="inputs")


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
def test_a_fault_is_the_error_of_the_eager_path(fast: bool) -> None:
    w = Value(0.0, "w")
    cases: list[tuple[Callable[[Value], Value], str, type[Exception], str]] = [
        (
            lambda x: es.exp(2000 * (2.4 - x)) * w,
            "parameters",
            OverflowError,
            r"exp\(v1 = \d+\.\d*\): the result is too large",
        ),
        (lambda x: es.exp(es.log(x - 2)), "inputs", ValueError, r"log\(v0 = 0\.0\): no real result; expected an input"),
        (lambda x: w / (x - 2), "parameters", ZeroDivisionError, r"div\(w = 0\.0, v0 = 0\.0\): no real"),
        (lambda x: es.sqrt(w * x), "parameters", ValueError, r"sqrt\(v0 = 0\.0\) has no finite local gradient"),
        (lambda x: es.sqrt(x - 2) * w, "both", ValueError, r"sqrt\(v0 = 0\.0\) has no finite local gradient"),
    ]
    for fn, wrt, kind, told in cases:
        program = record(fn, 2.5, fast=fast)
        with pytest.raises(kind, match=told) as error:
            program.value_and_grad(np.array([2.5, 2.0]), wrt=wrt)
        assert isinstance(error.value, ArithmeticError)


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
def test_what_is_not_finite_in_the_inputs_the_parameters_or_the_outputs_is_named(fast: bool) -> None:
    w = Value(1.0, "w")
    program = record(lambda x: es.tanh(w * x[0]) + es.log(x[1]), [1.0, 1.0], fast=fast)
    with pytest.raises(ArithmeticError, match=r"the input x0 is nan; expected a finite number; in example 2 of"):
        program.value_and_grad(np.array([[1.0, 1.0], [2.0, 1.0], [np.nan, 1.0]]))
    assert np.isnan(program(np.array([[1.0, -1.0]]))).all()
    with pytest.raises(ArithmeticError, match=r"log\(x1 = -1.*example 1 of"):
        program(np.array([[1.0, 1.0], [1.0, -1.0]]), check=True)
    program.parameters[0] = np.inf
    with pytest.raises(ArithmeticError, match="the parameter w is inf"):
        program.value_and_grad(np.array([[0.0, 1.0]]))


def test_what_is_too_large_for_float32_says_so() -> None:
    program = record(lambda x: es.exp(x) * 2, 1.0, dtype="float32")
    with pytest.raises(ArithmeticError, match=r"exp\(x\): the result is too large for float32, in example 1"):
        program.value_and_grad(np.array([1.0, 100.0]), wrt="inputs")


def test_large_gradients_that_add_up_to_too_much_are_no_fault() -> None:
    a, b = Value(0.0, "a"), Value(0.0, "b")
    program = record(lambda x: a * x + b * x, 0.0)
    assert program.value_and_grad(np.array([1.5e308]))[1].tolist() == [1.5e308, 1.5e308]


def _names_the_fault(program: Program) -> None:
    with pytest.raises(ArithmeticError, match=r"log\(v0 = -2\.0\) \(capa 1\): no real .*example 1 of"):
        program.value_and_grad(np.array([1.0, -1.0, 2.0]), wrt="inputs")


def test_the_parameters_are_one_array_that_can_be_written_back() -> None:
    w = Value(1.0, "w")
    program = record(lambda x: (w * x - 1) ** 2, 0.0)
    for _ in range(50):
        program.parameters -= 0.1 * program.value_and_grad(np.array([2.0]))[1]
    assert w.data == 1.0
    program.write_back()
    assert w.data == pytest.approx(0.5)


def test_wrong_inputs_get_one_clear_error() -> None:
    program = record(lambda x, t: (x[0] - t) ** 2, [0.0, 0.0], 0.0)
    with pytest.raises(TypeError, match="was given 1 input; expected 2"):
        program(np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"shapes \(3, 3\), \(3,\); expected \(batch, 2\), \(batch,\), with"):
        program(np.zeros((3, 3)), np.zeros(3))
    with pytest.raises(ValueError, match="reduce is 'max'; expected one of 'mean', 'sum'"):
        program.value_and_grad(np.zeros((3, 2)), np.zeros(3), reduce="max")


def test_float32_is_close_to_float64() -> None:
    fn = layered([3, 4, 2], list)[1]
    xs = np.random.default_rng(4).normal(size=(5, 3))
    single, double = record(fn, [0.0] * 3, dtype="float32"), record(fn, [0.0] * 3)
    assert single(xs).dtype == np.float32
    assert single(xs) == pytest.approx(double(xs), rel=1e-4)


def test_two_programs_in_two_threads_do_not_disturb_each_other() -> None:
    programs = [record(layered([3, n, 2], list)[1], [0.0] * 3) for n in (4, 9)]
    xs = np.random.default_rng(4).normal(size=(50, 3))
    alone = [program.value_and_grad(xs)[1] for program in programs]
    found: list[list[np.ndarray]] = [[], []]

    def work(i: int) -> None:
        found[i] = [programs[i].value_and_grad(xs)[1] for _ in range(100)]

    threads = [Thread(target=work, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all((gradient == alone[i]).all() for i in range(2) for gradient in found[i])


def test_the_blocks_are_explained_as_matrix_formulas() -> None:
    program = record(layered([4, 6, 3], list)[1], [0.0] * 4)
    assert program.explain().splitlines()[0].split("   ")[0] == "Z1 = X·W1 + B1"
    assert r"\tanh" in program.explain(latex=True)
    assert any(isinstance(block, Total) for block in program.plan.blocks)
    assert sum(isinstance(block, Elementwise) for block in program.plan.blocks) == 3


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
def test_gradients_for_parameters_and_inputs_come_together_or_for_each_example(fast: bool) -> None:
    _, fn = layered([4, 6, 3], list)
    program = record(lambda xs, t: (fn(xs) - t) ** 2, [0.0] * 4, 0.0, fast=fast)
    r = np.random.default_rng(8)
    xs, ts = r.normal(size=(6, 4)), r.normal(size=6)
    for reduce in ("mean", "sum"):
        value, (slopes, inputs) = program.value_and_grad(xs, ts, reduce=reduce, wrt="both")
        assert value == pytest.approx(program.value_and_grad(xs, ts, reduce=reduce)[0], rel=1e-14)
        np.testing.assert_allclose(slopes, program.value_and_grad(xs, ts, reduce=reduce)[1], rtol=1e-13)
        for one, other in zip(inputs, program.value_and_grad(xs, ts, reduce=reduce, wrt="inputs")[1], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-13)
    values, (to_xs, to_ts) = program.value_and_grad(xs, ts, reduce="none", wrt="inputs")
    for i in range(6):
        value, (to_x, to_t) = program.value_and_grad(xs[i], ts[i], wrt="inputs")
        assert (values[i], to_ts[i]) == (pytest.approx(value, rel=1e-13), pytest.approx(to_t, rel=1e-13))
        np.testing.assert_allclose(to_xs[i], to_x, rtol=1e-12, atol=1e-14)
    with pytest.raises(ValueError, match='reduce is "none" and wrt \'parameters\'; expected wrt "inputs"'):
        program.value_and_grad(xs, ts, reduce="none")


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
def test_a_loss_that_depends_on_no_example_counts_once_in_the_mean_and_for_each_in_the_sum(fast: bool) -> None:
    w = Value(3.0, "w")
    program = record(lambda x: w * w, 0.0, fast=fast)
    for reduce, batch, times in (("mean", 4, 1), ("sum", 4, 4), ("sum", 0, 0), ("mean", 0, 0)):
        value, gradient = program.value_and_grad(np.zeros(batch), reduce=reduce)
        assert (value, gradient.tolist()) == (9.0 * times, [6.0 * times])


def test_a_gradient_can_be_written_into_an_array() -> None:
    program = record(layered([3, 4, 2], list)[1], [0.0] * 3)
    xs, kept = np.random.default_rng(4).normal(size=(5, 3)), np.full(len(program.parameters), 7.0)
    _, gradient = program.value_and_grad(xs, out=kept)
    assert gradient is kept
    np.testing.assert_array_equal(kept, program.value_and_grad(xs)[1])
    with pytest.raises(ValueError, match=r"out has the shape \(2,\); expected \(26,\), a number for each"):
        program.value_and_grad(xs, out=np.zeros(2))
    with pytest.raises(ValueError, match="wrt is 'inputs'"):
        program.value_and_grad(xs, wrt="inputs", out=kept)


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
def test_inputs_of_any_kind_of_number_and_order_give_the_same(fast: bool) -> None:
    program = record(layered([3, 4, 2], list)[1], [0.0] * 3, fast=fast)
    whole = np.arange(12).reshape(4, 3)
    expected = program(whole.astype(float))
    for xs in (whole, whole.astype("float32"), np.asfortranarray(whole * 1.0), whole.tolist(), whole.astype(object)):
        np.testing.assert_array_equal(program(xs), expected)
        assert program.value_and_grad(xs)[0] == pytest.approx(expected.mean(), rel=1e-14)
    for wrong in (whole * 1j, "text", [[1.0, 2.0, 3.0], [1.0]], None):
        with pytest.raises(TypeError, match="expected real numbers, in an array or in lists of equal lengths"):
            program(wrong)


def test_what_a_call_gives_is_not_changed_by_the_next() -> None:
    program = record(lambda x: [x[0] * 2, x[1] * 3], [0.0, 0.0])
    first = program(np.ones((2, 2)))
    program(np.zeros((2, 2)))
    assert first.tolist() == [[2.0, 3.0], [2.0, 3.0]]


def peak_of(call: Callable[[np.ndarray], Any], xs: np.ndarray) -> int:
    """The bytes that a call has at most at once, those included that stay."""
    tracemalloc.start()
    try:
        call(xs)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
def test_a_run_holds_three_arrays_of_the_values_of_a_batch_at_most(fast: bool) -> None:
    parameters, batch = [Value(0.1 * i, "p") for i in range(5)], 2000
    for fn in (layered([20, 40, 40, 10], list)[1], random_function(3, 500, parameters)):
        program = record(fn, [0.1] * 20, fast=fast)
        xs = np.random.default_rng(1).normal(size=(batch, 20))
        program(xs[:2]), program.value_and_grad(xs[:2])  # what is compiled once
        values = 8 * batch * program.plan.sizes[Space.VARYING]
        assert peak_of(program, xs) < 1.6 * values
        assert peak_of(program.value_and_grad, xs) < 3.2 * values


def test_runners_of_a_few_batch_sizes_are_kept_and_large_ones_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "KEPT_BYTES", 1 << 20)
    program = record(layered([20, 40, 10], list)[1], [0.0] * 20)
    for batch in range(1, 30):
        program.value_and_grad(np.zeros((batch, 20)))
    assert len(program._calls.runners) == 8
    each = 2 * 8 * program.plan.sizes[Space.VARYING]
    for extra in range(4):
        program.value_and_grad(np.zeros(((1 << 19) // each - extra, 20)))
    assert len(program._calls.runners) == 2
    program.value_and_grad(np.zeros(((1 << 21) // each, 20)))
    assert len(program._calls.runners) == 1


def test_a_program_is_loaded_to_run_as_it_is_asked_to(tmp_path: Path) -> None:
    program = record(layered([3, 4, 2], list)[1], [0.0] * 3)
    again = Program.load(program.save(tmp_path / "net.json"), fast=True)
    xs = np.random.default_rng(4).normal(size=(5, 3))
    assert again.fast and not program.fast
    np.testing.assert_allclose(again.value_and_grad(xs)[1], program.value_and_grad(xs)[1], rtol=1e-12)


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
def test_an_operation_of_many_inputs_made_in_a_test_runs_everywhere(fast: bool) -> None:
    norm = op(
        "norm of the test",
        "‖x‖",
        Role.SCALER,
        lambda m, *xs: m.sqrt(m.sum([x * x for x in xs])),
        lambda m, z, *xs: tuple(x / z for x in xs),
    )
    try:
        ws = [Value(0.3 * i + 0.1, "w") for i in range(4)]
        fn = lambda x: apply(norm, *[w * v for w, v in zip(ws, x, strict=True)])  # noqa: E731
        program = record(fn, [1.0] * 4, fast=fast)
        xs = np.random.default_rng(5).normal(size=(6, 4))
        value, slopes, inputs = eager(fn, xs, program.values)
        found, (gradient, (to_inputs,)) = program.value_and_grad(xs, reduce="sum", wrt="both")
        assert found == pytest.approx(value, rel=1e-12)
        np.testing.assert_allclose(gradient, slopes, rtol=1e-12)
        np.testing.assert_allclose(to_inputs, inputs, rtol=1e-12)
    finally:
        del OPS[norm.name]


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_functions_that_are_stable_through_values_are_stable_in_a_program(size: int, fast: bool) -> None:
    rows = [[(-1) ** (i + k) * 1000.0 / (i + 1) for i in range(size)] for k in range(2)] + [[1e5] * size, [-1e5] * size]

    def outputs(xs: list[Value]) -> list[Value]:
        each = [y for x in xs for y in (es.softplus(x), es.sigmoid(x), es.tanh(x))]
        return [es.log_sum_exp(xs), *es.log_softmax(xs), *es.softmax(xs), *each]

    weights = [0.3 + 0.1 * i for i in range(1 + 5 * size)]
    program = record(outputs, rows[0], fast=fast)
    for row, found in zip(rows, program(np.array(rows)), strict=True):
        assert list(found) == pytest.approx([y.data for y in outputs([Value(x) for x in row])], rel=1e-14)
    goal = record(lambda xs: es.dot(outputs(xs), weights), rows[0], fast=fast)
    _, gradients = goal.value_and_grad(np.array(rows), wrt="inputs", reduce="sum")
    for row, gradient in zip(rows, np.asarray(gradients).reshape(len(rows), size), strict=True):
        values = [Value(x) for x in row]
        es.dot(outputs(values), weights).backward()
        assert list(gradient) == pytest.approx([v.grad for v in values], rel=1e-12, abs=1e-12)


ALONE: list[Callable[[Any, Any], Any]] = [
    lambda z, other: es.tanh(z * other),
    lambda z, _: z * z - z,
    lambda z, other: es.maximum(z, other),
    lambda z, _: es.minimum(z, z),
    lambda z, other: es.where(other, z, z + other),
    lambda z, other: es.relu(z) - other,
    lambda z, other: es.sin(z) / (other * other + 1),
    lambda z, _: abs(z) ** 2 * 0.5,
]


@pytest.mark.parametrize("seed", range(4))
def test_operations_that_are_alone_give_what_values_give(seed: int) -> None:
    w, b = Value(0.7, "w"), Value(-0.2, "b")

    def fn(x: Value, y: Value) -> Value:
        draw = random.Random(seed + 100)
        known = [x, y, w, b]
        for _ in range(60):  # each on a level of its own: with itself, parameters, ties and kinks
            z, other = known[-1], draw.choice(known)
            known.append(draw.choice(ALONE)(z, other))
            known[-1] = es.tanh(known[-1])
        return known[-1]

    xs, ys = np.random.default_rng(seed).normal(size=(2, 6))
    program = record(fn, 0.3, -0.4, parameters=[w, b])
    total, (slopes, inputs) = program.value_and_grad(xs, ys, wrt="both", reduce="sum")
    expected, to_parameters = 0.0, np.zeros(2)
    for i, numbers in enumerate(zip(xs, ys, strict=True)):
        given, w.grad, b.grad = [Value(x) for x in numbers], 0.0, 0.0
        result = fn(*given)
        result.backward()
        expected += result.data
        to_parameters += [v.grad for v in program.values]
        np.testing.assert_allclose([found[i] for found in inputs], [v.grad for v in given], rtol=1e-12, atol=1e-14)
    assert total == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(slopes, to_parameters, rtol=1e-12, atol=1e-14)


def test_many_operations_that_gather_need_little_room() -> None:
    def fn(x: list[Value]) -> Value:
        draw = random.Random(5)
        known = list(x)
        for _ in range(600):
            a, b = draw.sample(known, 2)
            known.append(draw.choice([es.tanh, es.sin])(a * b) if draw.random() < 0.7 else es.maximum(a, b))
        return es.sum(known) + es.sum(draw.choices(known, k=300))

    program = record(fn, [0.1] * 8)
    xs = np.random.default_rng(1).normal(size=(2_000, 8))
    tracemalloc.start()
    program.value_and_grad(xs, wrt="inputs")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * program.plan.sizes[Space.VARYING] * len(xs) * 8


def test_an_input_that_is_given_again_is_read_again() -> None:
    program = record(lambda x: x[0] * x[1], [0.0, 0.0])
    xs = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert program(xs).tolist() == [2.0, 12.0]
    xs[0, 0] = 5.0
    assert program(xs).tolist() == [10.0, 12.0]
    xs.resize((4, 1), refcheck=False)
    with pytest.raises(ValueError, match=r"has the shape \(4, 1\); expected \(batch, 2\), or \(2,\) for one example"):
        program(xs)
