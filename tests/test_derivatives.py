"""Derivatives of functions, and of derivatives, against mpmath and closed forms."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from itertools import combinations

import pytest

import micrograd_es as es
from conftest import points, precise_slope
from micrograd_es import GradientError, Value, check_gradients, grad, jacobian
from micrograd_es.derivatives import central_difference, gradient_graphs
from micrograd_es.graph import topological
from micrograd_es.ops import OPS, Op, Role
from micrograd_es.value import apply

rows = pytest.mark.parametrize("row", list(OPS.values()), ids=list(OPS))


def along(row: Op, xs: tuple[float, ...], *free: int) -> Callable[..., Value]:
    """The row as a function of some of its inputs."""

    def function(*ts: Value) -> Value:
        new = dict(zip(free, ts, strict=True))
        return apply(row, *[new.get(i, x) for i, x in enumerate(xs)])

    return function


@rows
def test_second_derivatives_of_every_row(row: Op) -> None:
    for xs in points(row, count=2):
        for i in range(len(xs)):
            second = grad(grad(along(row, xs, i)))(xs[i])
            orders = [2 * (i == j) for j in range(len(xs))]
            assert second == pytest.approx(precise_slope(row, xs, *orders), rel=1e-9, abs=1e-12), (xs, i)


@rows
def test_mixed_second_derivatives_of_every_row(row: Op) -> None:
    for xs in points(row, count=1):
        for i, j in combinations(range(len(xs)), 2):

            def slope_along_i(t: Value, row: Op = row, xs: tuple[float, ...] = xs, i: int = i, j: int = j) -> Value:
                return grad(lambda s: along(row, xs, i, j)(s, t))(xs[i] + 0 * t)  # type: ignore[no-any-return]

            orders = [int(k in (i, j)) for k in range(len(xs))]
            expected = precise_slope(row, xs, *orders)
            assert grad(slope_along_i)(xs[j]) == pytest.approx(expected, rel=1e-9, abs=1e-12), (xs, i, j)


@pytest.mark.parametrize("name", ["exp", "tanh", "sigmoid", "sin", "log", "sqrt", "reciprocal", "softplus"])
def test_third_derivatives(name: str) -> None:
    (xs,) = points(OPS[name], count=1)
    third = grad(grad(grad(along(OPS[name], xs, 0))))(xs[0])
    assert third == pytest.approx(precise_slope(OPS[name], xs, 3), rel=1e-9)


def test_higher_derivatives_of_powers_at_0_are_exact() -> None:
    assert [grad(lambda x: x**2)(0), grad(grad(lambda x: x**2))(0)] == [0, 2]
    assert grad(grad(grad(lambda x: x**2)))(0.0) == 0
    assert grad(grad(grad(lambda x: x**3)))(0) == 6
    assert grad(grad(lambda x: x**3))(-2) == -12
    assert grad(grad(grad(lambda x: x * x)))(Fraction(0)) == 0


def test_a_derivative_inside_a_derivative_does_not_confuse_their_variables() -> None:
    assert grad(lambda x: x * grad(lambda y: x + y)(x))(2.0) == 1
    assert grad(lambda x: x * grad(lambda y: x * y)(3.0))(2.0) == 4
    assert grad(lambda x: grad(lambda y: x * y * y)(x))(3) == 12
    assert grad(lambda x: grad(lambda y: x * x)(x))(3.0) == 0


def test_second_derivatives_through_branches_of_unequal_length() -> None:
    def f(x: Value) -> Value:
        near = x * x
        return near + es.exp(es.sin(near)) * near

    def first(t: float) -> float:
        s = t * t
        return 2 * t * (1 + math.exp(math.sin(s)) * (1 + s * math.cos(s)))

    assert grad(f)(0.7) == pytest.approx(first(0.7), rel=1e-14)
    measured = central_difference(first, 0.7)
    assert grad(grad(f))(0.7) == pytest.approx(measured, rel=1e-8)


def test_a_gradient_graph_holds_the_numbers_of_the_gradients() -> None:
    x, y = Value(0.5), Value(2.0)
    f = es.maximum(x * y, y**x) / es.log_sum_exp([x, y, x]) - abs(x - y)
    every = [v for v in topological(f) if not v.is_constant]
    for v in every:
        assert gradient_graphs(f, [v])[0].data == pytest.approx(es.gradients(f)[v], rel=1e-14)
    assert [g.data for g in gradient_graphs(f, [x, y])] == pytest.approx(
        [es.gradients(f)[v] for v in (x, y)], rel=1e-14
    )


def test_a_gradient_asks_nothing_of_what_its_arguments_were_computed_from() -> None:
    x = es.sqrt(Value(0.0))
    assert grad(lambda u: u * u + u)(x).data == 1
    c = es.sqrt(Value(0.0))
    assert grad(lambda u: u * u + c)(2.0) == 4
    program = es.record(lambda x: grad(lambda u: u**3)(es.maximum(x, 0.5)), 1.0)
    assert program([1.0, 0.0]).tolist() == [3, 0.75]


def test_one_argument_gives_a_number_and_several_give_a_list() -> None:
    assert grad(lambda x: x * x)(3) == 6
    assert grad(lambda x, y: x * y)(3, 4) == [4, 3]
    assert grad(lambda x, y: x + 0)(3, 4) == [1, 0]
    assert grad(lambda x: 5)(3) == 0
    assert grad(lambda x: Fraction(1, 3) * x * x)(Fraction(1, 2)) == Fraction(1, 3)


def test_what_grad_cannot_differentiate_is_refused() -> None:
    with pytest.raises(TypeError, match="asked for no arguments"):
        grad(lambda: 3)()
    with pytest.raises(TypeError, match=r"returned 2 results; expected one\. Write jacobian"):
        grad(lambda x: [x, x])(1.0)
    with pytest.raises(TypeError, match="None"):
        grad(lambda x: None)(1.0)
    with pytest.raises(ValueError, match="nan"):
        grad(lambda x: x)(math.nan)


def test_a_jacobian_has_a_row_for_each_output_and_a_column_for_each_input() -> None:
    x, y, z = Value(2), Value(3), Value(5)
    assert jacobian([x * y, y - x, x], [x, y, z]) == [[3, 2, 0], [-1, 1, 0], [1, 0, 0]]
    assert jacobian([], [x]) == []
    assert jacobian([x], []) == [[]]


# The softmax family

AT = [[0.0, 0.0], [1000.0, -1000.0, 999.0], [-1000.0, -1000.5], [0.3], [1e-3, 2.0, -3.0, 700.0, 0.1]]


@pytest.mark.parametrize("numbers", AT, ids=str)
def test_the_softmax_sums_to_1_and_has_the_gradients_of_its_closed_form(numbers: list[float]) -> None:
    xs = [Value(n) for n in numbers]
    probabilities = es.softmax(xs)
    p = [v.data for v in probabilities]
    assert math.fsum(p) == pytest.approx(1, rel=1e-12)
    weights = [math.exp(n - max(numbers)) for n in numbers]
    assert p == pytest.approx([w / math.fsum(weights) for w in weights], rel=1e-12, abs=1e-300)
    for i, row in enumerate(jacobian(probabilities, xs)):
        assert row == pytest.approx([p[i] * ((i == j) - p[j]) for j in range(len(p))], rel=1e-11, abs=1e-15)


@pytest.mark.parametrize("numbers", AT, ids=str)
def test_log_softmax_and_log_sum_exp_have_the_gradients_of_their_closed_forms(numbers: list[float]) -> None:
    xs = [Value(n) for n in numbers]
    p = [v.data for v in es.softmax(xs)]
    total = es.log_sum_exp(xs)
    largest = max(numbers)
    assert total.data == pytest.approx(largest + math.log(math.fsum(math.exp(n - largest) for n in numbers)), rel=1e-14)
    assert list(total.local) == pytest.approx(p, rel=1e-12, abs=1e-300)
    logs = es.log_softmax(xs)
    assert [math.exp(v.data) for v in logs] == pytest.approx(p, rel=1e-12, abs=1e-300)
    assert len({v.op.name for v in logs if v.op}) == 1
    for i, row in enumerate(jacobian(logs, xs)):
        assert row == pytest.approx([(i == j) - p[j] for j in range(len(p))], rel=1e-12, abs=1e-15)


# The checker


@pytest.mark.parametrize("f", [
    lambda: Value(1e9) * Value(1e-9), lambda: es.exp(Value(300.0)), lambda: es.exp(Value(709.7)),
    lambda: es.sqrt(Value(1e-9)), lambda: es.log(Value(1e-9)), lambda: 1 / Value(1e-6), lambda: es.sin(Value(1e6)),
    lambda: es.tanh(Value(20.0)), lambda: Value(1e9) + Value(1.0), lambda: es.sum([Value(10**300), Value(1)]),
    lambda: Value(Decimal(2)) * Value(Decimal(3)) / 7, lambda: Value(Fraction(1, 3)) ** 3,
    lambda: es.maximum(Value(1.0), Value(1.0001)), lambda: Value(0.0) ** 3,
])  # fmt: skip
def test_a_right_gradient_is_never_rejected(f: Callable[[], Value]) -> None:
    assert check_gradients(f())


@pytest.mark.parametrize(
    "f", [lambda: es.relu(Value(0.0)), lambda: abs(Value(0)), lambda: es.maximum(Value(2.0), Value(2.0))]
)
def test_a_kink_is_left_out(f: Callable[[], Value]) -> None:
    assert check_gradients(f()) == []


def test_every_gradient_behind_a_value_is_compared_and_leaves_get_their_name() -> None:
    x, y = Value(0.5, "x"), Value(1.5, "")
    compared = [d.what for d in check_gradients((x * y + 1) / y)]
    assert len(compared) == 2 + 1 + 2 + 2
    assert compared[-2:] == ["∂f/∂x", "∂f/∂leaf 2"]


def test_a_wrong_rule_deep_in_a_graph_is_named_with_its_size(add_row: Callable[..., Op]) -> None:
    wrong = add_row("wrong", "?", Role.SCALER, lambda m, x: m.sin(x), lambda m, z, x: (m.cos(x) * 1.0005,))
    x = Value(0.5, "x")
    inner = x * 2
    inner.label = "q"
    with pytest.raises(GradientError, match=r"2 of 4 derivatives are wrong") as caught:
        check_gradients(apply(wrong, inner) * 3)
    assert "∂wrong/∂q at wrong(q = 1.0): the graph holds 0.5405724" in str(caught.value)
    assert "(off by 0.00027)" in str(caught.value)
    check_gradients(apply(wrong, inner) * 3, tolerance=1e-2)
