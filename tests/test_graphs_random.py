"""Random graphs with forks, every operation in them, against methods that share nothing with the engine."""

from __future__ import annotations

import cmath
import math
import random
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import PreciseMaths
from micrograd_es import Value, check_gradients, gradients
from micrograd_es.derivatives import gradient_graphs, replayed
from micrograd_es.flow import tangents
from micrograd_es.graph import leaves, topological
from micrograd_es.ops import OPS, Op
from micrograd_es.value import apply

STEP = 1e-100  # complex step: nothing is subtracted, so nothing cancels


def chosen(pick: Any) -> Any:
    """The largest or smallest by its real part, the first of equals."""
    return lambda xs: pick(xs, key=lambda x: complex(x).real)


def log_sum_exp(xs: Sequence[complex]) -> complex:
    top = max(complex(x).real for x in xs)
    return top + cmath.log(sum(cmath.exp(x - top) for x in xs))


def power(x: complex, y: complex) -> complex:
    return cmath.exp(y * cmath.log(x))


ComplexMaths = SimpleNamespace(
    exp=cmath.exp, log=cmath.log, tanh=cmath.tanh, sin=cmath.sin, cos=cmath.cos, sqrt=cmath.sqrt,
    sigmoid=lambda x: 1 / (1 + cmath.exp(-x)), softplus=lambda x: cmath.log(1 + cmath.exp(x)),
    abs=lambda x: x if x.real > 0 else -x, relu=lambda x: x if x.real > 0 else 0j, power=power,
    where=lambda c, x, y: x if c.real > 0 else y,
    sum=sum, prod=math.prod, max=chosen(max), min=chosen(min), log_sum_exp=log_sum_exp,
)  # fmt: skip


def by_complex_step(f: Value, leaf: Value) -> float:
    """∂f/∂leaf by the complex step, through the rows' forward formulas only."""
    start = {v: complex(v.data, STEP if v is leaf else 0) for v in leaves(f)}
    return float(replayed(topological(f), start, ComplexMaths).imag / STEP)


def random_graph(rng: random.Random, size: int, names: Sequence[str] = tuple(OPS)) -> Value:
    """A graph of `size` operations over a few leaves: forks everywhere, and numbers that stay of ordinary size."""
    nodes = [Value(rng.uniform(0.5, 2), f"x{i}") for i in range(max(3, size // 20))]
    inputs = len(nodes)
    used: set[Value] = set()
    while len(nodes) < inputs + size:
        row = OPS[names[len(nodes) % len(names)]]
        count = row.arity or rng.choice((1, 2, 2, 3, 5))
        xs: list[Value | float] = [tamed(row, rng.choice(nodes[-60:])) for _ in range(count)]
        if count > 1 and rng.random() < 0.2:
            xs[rng.randrange(count)] = rng.uniform(0.6, 1.5)
        made = apply(row, *xs)
        used |= set(made.inputs)
        nodes.append(made if abs(made.data) < 20 else apply(OPS["tanh"], made))
    loose = [v for v in nodes if v not in used]
    return apply(OPS["add"], *loose)


def tamed(row: Op, x: Value) -> Value:
    """x, or where the row needs an input above 0 the sigmoid of x plus a half."""
    needs_positive = row.name in ("pow", "log", "sqrt", "div", "reciprocal")
    return apply(OPS["sigmoid"], x) + 0.5 if needs_positive or abs(x.data) > 3 else x


@pytest.mark.parametrize("seed", range(12))
def test_gradients_of_random_graphs_are_those_of_the_complex_step(seed: int) -> None:
    f = random_graph(random.Random(seed), 10 + 25 * seed)
    gradient = gradients(f)
    for leaf in leaves(f)[:8]:
        assert gradient[leaf] == pytest.approx(by_complex_step(f, leaf), rel=1e-9, abs=1e-12)


def test_a_graph_of_ten_thousand_operations_holds_every_row_and_is_differentiated_right() -> None:
    f = random_graph(random.Random(1), 10_000)
    order = topological(f)
    assert {v.op.name for v in order if v.op} == set(OPS)
    assert len(order) > 10_000
    gradient = gradients(f)
    for leaf in random.Random(2).sample(leaves(f), 12):
        assert gradient[leaf] == pytest.approx(by_complex_step(f, leaf), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_forward_mode_gives_what_reverse_mode_gives(seed: int) -> None:
    f = random_graph(random.Random(seed), 150)
    gradient = gradients(f)
    rng = random.Random(-seed - 1)
    seeds = {leaf: rng.uniform(-1, 1) for leaf in leaves(f)}
    along = math.fsum(gradient[leaf] * speed for leaf, speed in seeds.items())
    size = math.fsum(abs(gradient[leaf] * speed) for leaf, speed in seeds.items())
    assert tangents(f, seeds)[f] == pytest.approx(along, rel=1e-9, abs=1e-12 * size)


@pytest.mark.parametrize("seed", range(6))
def test_values_of_random_graphs_are_those_at_50_digits(seed: int) -> None:
    f = random_graph(random.Random(seed), 60)
    at = {v: mpmath.mpf(v.data) for v in topological(f) if v.op is None}
    assert f.data == pytest.approx(float(replayed(topological(f), at, PreciseMaths)), rel=1e-11)


@pytest.mark.parametrize("seed", range(6))
def test_second_derivatives_of_random_graphs_are_those_of_the_complex_step_of_the_first(seed: int) -> None:
    f = random_graph(random.Random(seed), 40)
    leaf = leaves(f)[0]
    (slope,) = gradient_graphs(f, [leaf])
    assert slope.data == pytest.approx(gradients(f)[leaf], rel=1e-12)
    second = gradients(slope)
    for other in [v for v in leaves(slope) if v.label][:3]:  # slopes of kinks are numbers, so the replay is exact
        assert second[other] == pytest.approx(by_complex_step(slope, other), rel=1e-9, abs=1e-11)


@pytest.mark.parametrize("seed", range(4))
def test_the_gradient_check_accepts_random_graphs(seed: int) -> None:
    check_gradients(random_graph(random.Random(seed), 60), tolerance=1e-5)


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_any_graph_that_hypothesis_draws_is_differentiated_right(data: st.DataObject) -> None:
    number = st.floats(0.1, 3)
    nodes = [Value(data.draw(number)) for _ in range(data.draw(st.integers(1, 4)))]
    for name in data.draw(st.lists(st.sampled_from(list(OPS)), min_size=1, max_size=12)):
        row = OPS[name]
        count = row.arity or data.draw(st.integers(1, 4))
        made = apply(row, *[tamed(row, data.draw(st.sampled_from(nodes))) for _ in range(count)])
        nodes.append(made if abs(made.data) < 20 else apply(OPS["tanh"], made))
    f = nodes[-1]
    at_a_kink = [
        v
        for v in topological(f)
        if v.op
        and (
            (v.op.name in ("abs", "relu") and abs(v.inputs[0].data) < 1e-9)
            or (v.op.name in ("max", "min") and len({x.data for x in v.inputs}) < len(v.inputs))
        )
    ]
    gradient = gradients(f)
    for leaf in leaves(f) if not at_a_kink else ():
        assert gradient[leaf] == pytest.approx(by_complex_step(f, leaf), rel=1e-9, abs=1e-12)
