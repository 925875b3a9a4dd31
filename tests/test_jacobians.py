"""Jacobians, their products and Hessians against the complex step, mpmath and numbers worked by hand."""

from __future__ import annotations

import copy
import pickle
import random
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

from conftest import PreciseMaths, points
from micrograd_es import Constant, Value, hessian, jacobian, jvp, record, relu, sin, sqrt, tanh, vjp
from micrograd_es.graph import behind, between, leaves, topological
from micrograd_es.jacobians import Jacobian
from micrograd_es.ops import OPS, Op
from micrograd_es.value import apply
from test_graphs_random import STEP, ComplexMaths, random_graph

rows = pytest.mark.parametrize("row", list(OPS.values()), ids=list(OPS))


def rerun(outputs: list[Value], at: dict[Value, Any], maths: Any) -> list[Any]:
    """The outputs with other numbers in the Values of `at`, inner ones too, in any maths: the graph cut at them."""
    results = dict(at)
    for node in (node for y in outputs for node in topological(y)):
        if node not in results:
            inputs = [results[x] for x in node.inputs]
            results[node] = node.op.forward(maths, *inputs) if node.op else node.data
    return [results[y] for y in outputs]


def by_complex_step(outputs: list[Value], inputs: list[Value]) -> list[list[float]]:
    columns = [
        rerun(outputs, {x: complex(x.data, STEP * (x is moved)) for x in inputs}, ComplexMaths) for moved in inputs
    ]
    return [[complex(column[i]).imag / STEP for column in columns] for i in range(len(outputs))]


def vector_function(seed: int, size: int) -> tuple[list[Value], list[Value], list[Value]]:
    """Outputs, leaves, and inner Values of a random graph with every operation in it."""
    f = random_graph(random.Random(seed), size)
    made = [v for v in topological(f) if v.op]
    return [f, *random.Random(seed + 1).sample(made, 5)], leaves(f)[:6], random.Random(seed + 2).sample(made[:-10], 4)


@pytest.mark.parametrize("seed", range(10))
def test_jacobians_of_random_graphs_are_those_of_the_complex_step_in_both_modes(seed: int) -> None:
    outputs, inputs, inner = vector_function(seed, 20 + 30 * seed)
    for xs in (inputs, inner, [*inner, *inputs]):
        expected = np.array(by_complex_step(outputs, xs))
        scale = 1 + abs(expected).max()
        for mode in ("reverse", "forward", "auto"):
            assert np.array(jacobian(outputs, xs, mode=mode)) == pytest.approx(expected, rel=1e-9, abs=1e-11 * scale)


@pytest.mark.parametrize("seed", range(6))
def test_products_with_a_jacobian_are_its_products(seed: int) -> None:
    outputs, inputs, inner = vector_function(seed, 80)
    rng = np.random.default_rng(seed)
    for xs in (inputs, [*inner, *inputs]):
        matrix = np.array(jacobian(outputs, xs))
        u, t = rng.normal(size=len(outputs)), rng.normal(size=len(xs))
        size = abs(matrix).max() + 1
        assert vjp(outputs, xs, u) == pytest.approx(u @ matrix, rel=1e-9, abs=1e-11 * size)
        assert jvp(outputs, xs, t) == pytest.approx(matrix @ t, rel=1e-9, abs=1e-11 * size)


@pytest.mark.parametrize("seed", range(6))
def test_hessians_of_random_graphs_are_those_at_50_digits(seed: int) -> None:
    f = random_graph(random.Random(seed), 30)
    inner = random.Random(seed).choice([v for v in topological(f) if v.op][:-5])
    xs = [*leaves(f)[:2], inner]
    others = {v: mpmath.mpf(v.data) for v in leaves(f)[2:]}

    def precise(*at: Any) -> Any:
        return rerun([f], others | dict(zip(xs, at, strict=True)), PreciseMaths)[0]

    found = hessian(f, xs)
    for i in range(len(xs)):
        for j in range(len(xs)):
            orders = [(k == i) + (k == j) for k in range(len(xs))]
            expected = float(mpmath.diff(precise, [mpmath.mpf(x.data) for x in xs], orders))
            assert found[i][j] == pytest.approx(expected, rel=1e-9, abs=1e-9), (i, j)
            assert found[i][j] == found[j][i]


@rows
def test_the_hessian_of_every_row_is_that_at_50_digits(row: Op) -> None:
    for numbers in points(row, count=1):
        xs = [Value(n) for n in numbers]
        found = hessian(apply(row, *xs), xs)
        for i in range(len(xs)):
            for j in range(i + 1):
                orders = [(k == i) + (k == j) for k in range(len(xs))]
                expected = mpmath.diff(
                    lambda *at: row.forward(PreciseMaths, *at), list(map(mpmath.mpf, numbers)), orders
                )
                assert found[i][j] == pytest.approx(float(expected), rel=1e-9, abs=1e-12)


# Where the graph is cut


def test_what_an_input_was_computed_from_is_not_followed_through_it() -> None:
    x, y = Value(3, "x"), Value(4, "y")
    q = x * y
    f = q * x + y
    assert jacobian([f], [x, y]) == [[24, 10]]  # everything: f = x²·y + y
    assert jacobian([f], [q]) == [[3]]
    assert jacobian([f], [q, x]) == [[3, 12]]  # past q only: ∂(q·x)/∂x = q
    assert jacobian([f], [q, x, y]) == [[3, 12, 1]]
    for mode in ("reverse", "forward"):
        assert jacobian([f, q], [q, x, y], mode=mode) == [[3, 12, 1], [1, 0, 0]]
    assert vjp([f, q], [q, x], [1, 10]) == [13, 12]
    assert jvp([f, q], [q, x], [1, 10]) == [123, 1]
    assert hessian(f, [q, x]) == [[0, 1], [1, 0]]
    assert hessian(f, [x, y]) == [[8, 6], [6, 0]]


def test_the_jacobians_of_blocks_multiply_to_that_of_the_whole_with_the_way_round_them_added() -> None:
    x = [Value(0.3), Value(-0.7)]
    h = [tanh(x[0] * x[1]), sin(x[0]) * 2]
    y = [h[0] * h[1] + x[0], h[1] / 3]  # x[0] goes round h, too
    whole = np.array(jacobian(y, x))
    both = np.array(jacobian(y, h + x))
    assert whole == pytest.approx(both[:, :2] @ np.array(jacobian(h, x)) + both[:, 2:], rel=1e-14)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_fixed_does_not_move_though_an_input_is_behind_it(seed: int) -> None:
    outputs, inputs, inner = vector_function(seed, 60)
    everything = np.array(jacobian(outputs, [*inputs, *inner]))
    for mode in ("reverse", "forward"):
        found = np.array(jacobian(outputs, inputs, fixed=inner, mode=mode))
        assert found == pytest.approx(everything[:, : len(inputs)], rel=1e-12)
    upstream, tangent = [1.0] * len(outputs), [1.0] * len(inputs)
    assert vjp(outputs, inputs, upstream, fixed=inner) == pytest.approx(found.sum(axis=0), rel=1e-9)
    assert jvp(outputs, inputs, tangent, fixed=inner) == pytest.approx(found.sum(axis=1), rel=1e-9)
    f = outputs[0]
    second = np.array(hessian(f, [*inputs, *inner]))[: len(inputs), : len(inputs)]
    assert np.array(hessian(f, inputs, fixed=inner)) == pytest.approx(second, rel=1e-9, abs=1e-11)


def test_what_is_fixed_worked_by_hand() -> None:
    x, y = Value(3), Value(4)
    q = x * y
    f = q * x
    assert jacobian([f, q], [x, y], fixed=q) == [[12, 0], [0, 0]]
    assert hessian(f, [x, y]) == [[8, 6], [6, 0]]
    assert hessian(f, [x, y], fixed=[q]) == [[0, 0], [0, 0]]
    assert jacobian(f, q, fixed=[q]) == 3  # an input moves
    assert jacobian(f, x, fixed=[[q, y], [[f]], x]) == 0


def test_the_values_between_two_cuts_are_those_on_the_way() -> None:
    x, y = Value(1.0), Value(2.0)
    a, b = x * 2, y * 3
    c = a + b
    f = c * a
    assert between([f], [a]) == [c, f]
    assert between([f], [a, b]) == [c, f]
    assert between([f], [c]) == [f]
    assert between([f], [x], [a]) == []
    assert between([f], [x, y], [a]) == [b, c, f]
    assert between([c, f], [x]) == [a, c, f]
    assert between([a], [f]) == between([a], [a]) == between([f], []) == []
    assert set(behind([f], [a, b])) == {c, f}
    assert behind([f]) == topological(f)


def test_inputs_that_an_output_does_not_depend_on_are_0_and_need_no_slope() -> None:
    x, y, alone = Value(0.0, "x"), Value(2.0, "y"), Value(5.0)
    f = sqrt(x) + y * y
    for mode in ("reverse", "forward"):
        assert jacobian([f, alone, Constant(1)], [y, alone], mode=mode) == [[4, 0], [0, 1], [0, 0]]
        with pytest.raises(ValueError, match=r"sqrt\(x = 0\.0\) has no finite local gradient for its input x"):
            jacobian([f], [x, y], mode=mode)
    assert hessian(f, [y]) == [[2]]
    with pytest.raises(ValueError, match=r"sqrt\(x = 0\.0\) has no finite local gradient"):
        hessian(f, [x])


def test_a_value_that_stands_twice_has_its_row_or_column_twice() -> None:
    x, y = Value(3), Value(4)
    f = x * y
    for mode in ("reverse", "forward"):
        assert jacobian([f, y, f], [x, y, x], mode=mode) == [[4, 3, 4], [0, 1, 0], [4, 3, 4]]
    assert vjp([f, f], [x], [1, 10]) == [44]
    assert jvp([f], [x, x], [1, 10]) == [44]


# Shapes, layouts, names


def test_the_shape_is_that_of_the_outputs_then_that_of_the_inputs() -> None:
    x = [Value(1, "a"), Value(2, "b")]
    W = [[Value(3), Value(4)], [Value(5), Value(6)], [Value(7), Value(8)]]  # noqa: N806
    y = [w[0] * x[0] + w[1] * x[1] for w in W]
    by_weights = jacobian(y, W)
    assert by_weights.shape == (3, 3, 2)
    assert by_weights[1] == [[0, 0], [1, 2], [0, 0]]
    assert (len(by_weights.matrix), len(by_weights.matrix[0])) == (3, 6)
    assert by_weights.columns == ["x11", "x12", "x21", "x22", "x31", "x32"]
    turned = jacobian(y, W, layout="column")
    assert turned.shape == (3, 2, 3)
    assert np.array_equal(np.array(turned), np.moveaxis(np.array(by_weights), 0, -1))
    assert jacobian(y[0], x) == [3, 4]
    assert jacobian(y[0], x, layout="column") == [3, 4]
    assert jacobian(y[0], x, layout="column").matrix == [[3], [4]]
    assert jacobian(y, x[0]) == [3, 5, 7]
    assert jacobian(y[0], x[0]) == 3
    assert jacobian(y[0], W) == [[1, 2], [0, 0], [0, 0]]
    assert jacobian(iter(y), tuple(x)) == [[3, 4], [5, 6], [7, 8]]
    assert vjp(y, W, (1, 10, 100)) == [[1, 2], [10, 20], [100, 200]]
    assert jvp(y, W, [[1, 0], [0, 1], [1, 1]]) == [1, 2, 3]
    assert hessian(y[0] * y[0], W[0]) == [[2, 4], [4, 8]]
    assert hessian(y[0] ** 2, x[1]) == 32
    assert hessian(y[0], W).shape == (3, 2, 3, 2)
    assert jacobian([], x) == []
    assert jacobian(y, []) == [[], [], []]
    assert hessian(y[0], []) == []


def test_a_jacobian_prints_with_its_names_and_survives_pickling() -> None:
    x, y = Value(0.5, "x"), Value(4.0)
    z = x / y
    z.label = "z"
    found = jacobian([z, y * 3], [x, y], layout="column")
    assert (found.rows, found.columns, found.layout) == (["x", "x2"], ["z", "y2"], "column")
    assert str(found) == "           z  y2\nx       0.25   0\nx2  -0.03125   3"
    for again in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found), copy.copy(found)):
        assert isinstance(again, Jacobian)
        assert (again, str(again), again.shape) == (found, str(found), (2, 2))


def test_exact_numbers_stay_exact_in_both_modes() -> None:
    x, y = Value(Fraction(1, 3)), Value(Fraction(2, 7))
    outputs = [x * y / 3, (x + y) ** 2 / x]
    expected = [[Fraction(2, 21), Fraction(1, 9)], [1 - Fraction(4, 49) * 9, 2 * (x.data + y.data) / x.data]]
    for mode in ("reverse", "forward"):
        found = jacobian(outputs, [x, y], mode=mode)
        assert found == expected
        assert {type(entry) for row in found for entry in row} == {Fraction}
    assert hessian(outputs[1], [x, y])[1][1] == 6
    assert hessian(x * x / 3, x) == Fraction(2, 3)
    d = Value(Decimal("1.1"))
    assert jacobian([d * d], [d]) == [[Decimal("2.2")]]
    assert hessian(d * d * d, d) == Decimal("6.6")


def test_a_chain_of_a_hundred_thousand_works_in_both_modes() -> None:
    x, w = Value(0.5), Value(1.0)
    y = x
    for _ in range(50_000):
        y = y * w + 0.00001
    for mode in ("reverse", "forward"):
        assert jacobian([y], [x, w], mode=mode)[0][0] == 1
    assert jvp([y], [x], [2]) == [2]
    assert vjp([y], [x], [3]) == [3]


def test_a_hessian_through_a_long_chain() -> None:
    x = y = Value(1.0)
    for _ in range(5000):
        y = y * 1.0 + 0.0
    assert hessian(y * y, x) == 2


def test_the_jacobian_of_a_wide_elementwise_function_is_diagonal() -> None:
    x = [Value(i - 500.5) for i in range(1000)]
    y = [relu(v) for v in x]
    carried = jacobian(y, x)
    assert [carried[i][i] for i in (0, 500, 501, 999)] == [0, 0, 1, 1]
    assert sum(map(sum, carried)) == 499


# What is refused

two = [Value(1.0, "a"), Value(2.0, "b")]


@pytest.mark.parametrize(("ask", "error", "text"), [
    (lambda: jacobian([1.0], two), TypeError, "outputs has 1.0 (float) in it; expected Values"),
    (lambda: jacobian(two, ["x"]), TypeError, "inputs has x (str) in it; expected Values"),
    (lambda: jacobian(two, None), TypeError, "inputs has None (NoneType) in it; expected Values"),
    (lambda: jacobian(two, two, fixed=[1]), TypeError, "fixed has 1 (int) in it; expected Values"),
    (lambda: jacobian([two, two[:1]], two), ValueError, "outputs is ragged: outputs[0] is a list of 2 and outputs[1]"),
    (lambda: jacobian([two[0], two], two), ValueError, "outputs[0] is one number and outputs[1] is a list of 2"),
    (lambda: jacobian(two, two, mode="back"), ValueError, "mode is 'back'; expected one of 'auto', 'reverse'"),
    (lambda: jacobian(two, two, layout="rows"), ValueError, "layout is 'rows'; expected one of 'row', 'column'"),
    (lambda: vjp(two, two, [1]), ValueError, "upstream is a list of 1; expected a list of 2, the shape of the outputs"),
    (lambda: jvp(two, two, [[1, 2]]), ValueError, "tangent is 1×2; expected a list of 2, the shape of the inputs"),
    (lambda: vjp(two, two, 1), ValueError, "upstream is one number; expected a list of 2"),
    (lambda: jvp(two, two, [1, "2"]), TypeError, "tangent is '2' (str); expected a real number"),
    (lambda: vjp(two[0] * two[1], two, Decimal(1)), TypeError, "Decimal was given for a graph of float, which"),
    (lambda: hessian(two, two), TypeError, "(list); expected one Value"),
    (lambda: hessian(lambda x: x, two), TypeError, "Write hessian(f(*xs), xs)."),
    (lambda: hessian(two[0], [Constant(2)]), ValueError, "input 1 is Constant(2), a constant of the formula"),
    (lambda: record(lambda x: x * jacobian(x * x, x), 3.0), TypeError, "a derivative was taken as a number while"),
    (lambda: record(lambda x: x * hessian(x**3, x), 3.0), TypeError, "was recorded, so the program would be right for"),
    (lambda: vjp(two[0] * 1e200, two[0], 1e200), OverflowError, "∂f/∂a is too large (inf)"),
    (lambda: vjp(Value(10**200) * two[0], two[0], 10.0**300), OverflowError, "is too large"),
])  # fmt: skip
def test_bad_input_is_one_clear_error(ask: Callable[[], object], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        ask()
    assert text in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
