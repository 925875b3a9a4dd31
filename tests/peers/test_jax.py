"""Programs as JAX functions, against the program itself: numbers, gradients, what JAX does with functions, devices."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from conftest import in_new_process
from micrograd_es import Program, Value, record
from micrograd_es.ops import OPS, Role, op
from micrograd_es.value import apply
from test_program import layered, random_function
from test_program_blocks import values
from test_program_convolutions import CASES as CONVOLUTIONS
from test_program_factors import KNOWN, factorised, of_inputs
from test_program_inner import CASES as TABLES
from test_program_masks import in_place, squares
from test_program_missing import INPUTS, MASKS, at_positions, layer, network

jax = pytest.importorskip("jax")
jax.config.update("jax_enable_x64", True)


def assert_the_same(program: Program, *inputs: np.ndarray) -> None:
    """The outputs and the gradients for parameters and inputs, compiled and not, are those of the program."""
    f = program.to_jax()

    def total(parameters: Any, *xs: Any) -> Any:
        return f(parameters, *xs).sum()

    every = tuple(range(len(inputs) + 1))
    value, (flat, *parts) = jax.jit(jax.value_and_grad(total, every))(program.parameters, *inputs)
    expected, (slopes, to_inputs) = program.value_and_grad(*inputs, reduce="sum", wrt="both")
    assert float(value) == pytest.approx(expected, rel=1e-12)
    for found, wanted in zip((flat, *parts), (slopes, *to_inputs), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12 * np.abs(wanted).max(initial=1e-9))
    np.testing.assert_allclose(f(program.parameters, *inputs), program(*inputs), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("seed", "size"), [(1, 40), (2, 200)])
def test_random_graphs_of_every_operation_agree(seed: int, size: int) -> None:
    r = random.Random(seed)
    parameters = [Value(r.uniform(-1, 1), f"p{i}") for i in range(12)]
    program = record(random_function(seed, size, parameters), [0.1, 0.2, 0.3, 0.4])
    xs = np.random.default_rng(seed).normal(size=(5, 4))
    xs[1, 1] = xs[1, 0]  # a tie
    assert_the_same(program, xs)
    assert_the_same(program, xs[:0])


@pytest.mark.parametrize(
    "fn",
    [
        lambda x: es.relu(x[0]) + abs(x[1]),
        lambda x: es.maximum(x[0], x[1], x[0] * 1, 0.0),
        lambda x: es.minimum(x[0], x[1]) + es.maximum(x[1], x[0]),
        lambda x: es.where(x[0], x[1], x[0]),
        lambda x: (x[0] - 2) ** 2 + (x[1] - 1) ** 3,
        lambda x: (x[0] * 0) ** 0 + es.log_sum_exp([x[0] * 900, x[1], x[0]]),
        lambda x: es.sigmoid(x[0] - 800) + es.softplus(x[1] + 800),
        lambda x: x[0] * x[1] * x[0] * (x[1] + 1),
    ],
    ids=["kinks", "max tie", "two-input ties", "where at 0", "powers", "extremes", "saturated", "products with 0"],
)
def test_slopes_at_ties_and_kinks_are_those_of_the_table(fn: Callable[..., Value]) -> None:
    program = record(fn, [1.0, 1.0])
    assert_the_same(program, np.array([[0.0, 0.0], [1.0, 1.0], [-1.0, 2.0], [0.5, -0.0]]))


def test_convolutions_shared_numbers_and_several_inputs_agree() -> None:
    kernel, bias = [Value(w, "w") for w in (0.5, -1.0, 2.0)], Value(0.1, "b")

    def fn(xs: list[Value], scale: Value) -> Value:
        out = [es.relu(es.dot(kernel, xs[i : i + 3]) + bias) for i in range(5)]
        penalty = es.sum([w * w for w in kernel])
        return es.tanh(scale * es.sum(out)) + 0.01 * penalty

    r = np.random.default_rng(3)
    assert_the_same(record(fn, [0.0] * 7, 1.0), r.normal(size=(6, 7)), r.normal(size=6))


@pytest.mark.parametrize(
    "name", ["two deep", "padded, with stride", "pointwise", "circular", "residual", "bias of a place"]
)
def test_the_same_weights_at_many_positions_agree(name: str) -> None:
    fn, inputs, _ = CONVOLUTIONS[name]
    program = record(fn, [0.1 * i for i in range(inputs)])
    xs = np.random.default_rng(3).normal(size=(5, inputs))
    assert_the_same(program, xs)
    assert_the_same(program, xs[:0])
    value = program.to_jax()(program.parameters, xs[1])  # a single example
    assert float(value) == pytest.approx(program(xs[1]), rel=1e-12)


@pytest.mark.parametrize(
    "name",
    [
        "two heads",
        "attention with a causal mask",
        "products of a table with itself",
        "half of the products of a table with itself",
    ],
)
def test_products_of_two_tables_agree(name: str) -> None:
    fn, inputs, _ = TABLES[name]
    program = record(fn, [0.1 * i for i in range(inputs)])
    xs = np.random.default_rng(3).normal(size=(5, inputs))
    assert_the_same(program, xs)
    assert_the_same(program, xs[:0])


def test_numbers_in_place_of_scores_agree() -> None:
    fn = in_place(-1e9)
    program = record(lambda x: squares(fn(x)), np.zeros((4, 3)).tolist())
    xs = np.random.default_rng(1).normal(size=(5, 4, 3))
    for examples in (5, 1, 0):
        assert_the_same(program, xs[:examples])


@pytest.mark.parametrize("name", MASKS)
def test_layers_with_missing_weights_agree_also_where_an_input_is_not_finite(name: str) -> None:
    fn, inputs = at_positions(MASKS[name], 3)
    assert_the_same(record(fn, [0.1] * inputs), np.random.default_rng(3).normal(size=(7, inputs)))
    program = record(network(MASKS[name], "followed by a layer"), [0.1] * INPUTS)
    xs = np.random.default_rng(3).normal(size=(7, INPUTS))
    assert_the_same(program, xs)
    neurons = record(lambda x: [es.tanh(z) for z in layer(MASKS[name], values(20, INPUTS), x)], [0.1] * INPUTS)
    given = np.where(np.arange(INPUTS) == 1, np.inf, xs)
    np.testing.assert_allclose(neurons.to_jax()(neurons.parameters, given), neurons(given), rtol=1e-12)


@pytest.mark.parametrize("name", KNOWN)
def test_known_entries_of_a_product_agree(name: str) -> None:
    for fn, inputs in ((factorised(KNOWN[name]), len(KNOWN[name])), of_inputs(KNOWN[name])):
        program = record(fn, [0.1] * inputs)
        xs = np.random.default_rng(3).normal(size=(5, inputs))
        assert_the_same(program, xs)
        assert_the_same(program, xs[:0])


def test_an_operation_made_in_a_test_needs_nothing_but_its_row() -> None:
    bump = op(
        "bump of the JAX test",
        "∩",
        Role.SCALER,
        lambda m, x, y: m.exp(-x * x) * m.relu(y),
        lambda m, z, x, y: (-2 * x * z, 7 * m.exp(-x * x) * m.step(y)),  # 7: a slope that JAX would not find itself
    )
    try:
        w = Value(0.8, "w")
        assert_the_same(record(lambda x: apply(bump, w * x, x), 0.0), np.array([0.5, -1.0, 2.0, 0.0]))
    finally:
        del OPS[bump.name]


def test_a_single_example_has_no_axis_and_vmap_gives_it_one() -> None:
    program = record(lambda x, t: [x[0] * t, [x[1] - t]], [0.0, 0.0], 0.0)
    f = program.to_jax()
    xs, ts = np.arange(6.0).reshape(3, 2), np.array([1.0, 2.0, 3.0])
    assert jax.tree.map(float, f(program.parameters, xs[1], ts[1])) == program(xs[1], ts[1])
    first, (second,) = jax.vmap(f, (None, 0, 0))(program.parameters, xs, ts)
    assert np.stack([first, second], axis=1).tolist() == program(xs, ts).tolist()
    assert f(program.parameters, xs, ts).tolist() == program(xs, ts).tolist()


def test_second_derivatives_and_forward_mode_go_through() -> None:
    program = record(lambda x: es.sigmoid(x) * es.tanh(x) + es.softplus(x) + es.relu(x + 0.5) ** 3, 0.0)
    f = program.to_jax()

    def slope(x: float) -> float:
        return float(program.value_and_grad(x, wrt="inputs")[1][0])

    for x in (0.0, 0.7, -1.3):
        second = jax.grad(jax.grad(f, 1), 1)(program.parameters, x)
        assert float(second) == pytest.approx((slope(x + 1e-5) - slope(x - 1e-5)) / 2e-5, rel=1e-7)
        _, along = jax.jvp(lambda x: f(program.parameters, x), (x,), (1.0,))
        assert float(along) == pytest.approx(slope(x), rel=1e-13)


def test_float32_programs_stay_in_float32() -> None:
    program = record(layered([3, 4, 2], list)[1], [0.0] * 3, dtype="float32")
    found = program.to_jax()(program.parameters, np.ones((2, 3)))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, program(np.ones((2, 3))), rtol=1e-5)


def test_wrong_shapes_get_one_clear_error() -> None:
    program = record(lambda x: Value(2.0) * x[0] + x[1], [0.0, 0.0])
    f = program.to_jax()
    with pytest.raises(ValueError, match=r"the shape \(3,\); expected \(batch, 2\), or \(2,\)"):
        f(program.parameters, np.zeros(3))
    with pytest.raises(ValueError, match=r"the shape \(4,\); expected \(0,\)\. Write f\(program\.parameters"):
        f(np.zeros(4), np.zeros(2))
    with pytest.raises(TypeError, match="was given 2 inputs; expected 1"):
        f(program.parameters, np.zeros(2), np.zeros(2))
    with pytest.raises(TypeError, match=r"an input is ndarray of complex128; .* Write x\.real"):
        f(program.parameters, np.zeros(2) * 1j)
    with pytest.raises(TypeError, match=r"holds it: '1'; .* Write np\.array\(x, float\)"):
        f(program.parameters, ["1", "2"])


SEVERAL_DEVICES = """
import numpy as np, jax
from functools import partial
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
import sys; sys.path.insert(0, "tests")
from test_program import layered
from micrograd_es import record

jax.config.update("jax_enable_x64", True)
assert jax.device_count() == 4
program = record(layered([6, 16, 4], list)[1], [0.0] * 6)
xs = np.random.default_rng(0).normal(size=(32, 6))
f, mesh = program.to_jax(), Mesh(np.array(jax.devices()), ("batch",))

def loss(q, x):
    return f(q, x).mean()

expected, slopes = program.value_and_grad(xs)
spread = jax.device_put(xs, NamedSharding(mesh, P("batch")))
everywhere = jax.device_put(program.parameters, NamedSharding(mesh, P()))
by_jit = jax.jit(jax.value_and_grad(loss))(everywhere, spread)

@jax.jit
@partial(jax.shard_map, mesh=mesh, in_specs=(P(), P("batch")), out_specs=(P(), P()), check_vma=False)
def by_parts(q, x):
    return jax.lax.pmean(jax.value_and_grad(loss)(q, x), "batch")

for value, gradient in (by_jit, by_parts(everywhere, spread)):
    assert len(value.devices()) == 4
    assert abs(value - expected) <= 1e-12 * abs(expected)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-12, atol=1e-12 * abs(slopes).max())
print("same", len(spread.addressable_shards))
"""


def test_a_batch_spread_over_several_devices_has_the_loss_and_the_gradient_of_one() -> None:
    flags = "--xla_force_host_platform_device_count=4"
    assert in_new_process(SEVERAL_DEVICES, XLA_FLAGS=flags, JAX_PLATFORMS="cpu").strip() == "same 4"


def test_an_operation_that_asks_what_its_input_is_runs_outside_of_jax(add_row: Callable[..., Any]) -> None:
    row = add_row(
        "steep",
        "s",
        Role.SCALER,
        forward=lambda m, x, y: math.exp(x) if x > y else y * x,
        local=lambda m, z, x, y: (z, 0.0) if x > y else (y, x),
    )
    w = Value(0.5, "w")
    program = record(lambda x: apply(row, x[0], w) + apply(row, x[1], x[0]), [0.1, 0.2])
    assert_the_same(program, np.random.default_rng(0).normal(size=(9, 2)))


@pytest.mark.parametrize(
    ("forward", "local"),
    [
        (lambda m, x, y: 3, lambda m, z, x, y: (0, 0)),
        (lambda m, x, y: y, lambda m, z, x, y: (0, 1)),
        (lambda m, x, y: 2 * x + 0 * y, lambda m, z, x, y: (2, 0 if y > 9 else None)),
        (lambda m, x, y: x**3, lambda m, z, x, y: (3 * x**2, None)),
    ],
    ids=["a constant", "the second", "no slope, one by one", "no slope"],
)
def test_an_operation_may_use_some_of_its_inputs(forward: Any, local: Any, add_row: Callable[..., Any]) -> None:
    row = add_row("some", "s", Role.SCALER, forward, local)
    w = Value(0.5, "w")
    assert_the_same(record(lambda x: apply(row, w * x[0], 2.0) + x[1] * apply(row, w, 3.0), [0.1, 0.2]), np.eye(3, 2))
