"""Every row of the table of operations, by looping over the table."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

from conftest import points, precise, precise_slope
from micrograd_es import GradientError, Value, check_gradients, eager, functions
from micrograd_es.maths import NUMBERS
from micrograd_es.ops import OPS, Op, Role, RuleError, find, op
from micrograd_es.symbols import SYMBOLS, Symbol
from micrograd_es.value import apply

rows = pytest.mark.parametrize("row", list(OPS.values()), ids=list(OPS))
several = pytest.mark.parametrize("row", [row for row in OPS.values() if row.arity is None], ids=lambda row: row.name)

# What Values are written with, by the name of its row: the functions that were compiled from the table.
COMPILED: dict[str, list[Callable[..., Value]]] = {
    "add": [Value.__add__],
    "mul": [Value.__mul__],
    "sub": [Value.__sub__],
    "div": [Value.__truediv__],
    "pow": [Value.__pow__],
    "neg": [Value.__neg__],
    "abs": [Value.__abs__, functions.absolute],
} | {
    name: [functions.FUNCTIONS[name]]
    for name in ["exp", "log", "tanh", "sigmoid", "relu", "softplus", "sin", "cos", "sqrt", "reciprocal", "identity"]
}
REFLECTED = {"add": Value.__radd__, "sub": Value.__rsub__, "mul": Value.__rmul__, "pow": Value.__rpow__}


def names(xs: tuple[float, ...]) -> list[Symbol]:
    return [Symbol(f"x{i}") for i in range(len(xs))]


def evaluated(formula: object, xs: tuple[float, ...], z: float) -> float:
    """A formula's Python source, run with Python's own mathematics."""
    if not isinstance(formula, Symbol):
        return float(formula)  # type: ignore[arg-type]
    known = {name: getattr(math, name) for name in ("exp", "log", "tanh", "sin", "cos", "sqrt")} | {
        "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
        "softplus": lambda x: math.log(1 + math.exp(x)),
        "sign": lambda x: math.copysign(1, x),
        "abs": abs,
        "where": lambda c, x, y: x if c > 0 else y,
        "max": lambda *xs: sorted(xs)[-1],
        "min": lambda *xs: sorted(xs)[0],
        "z": z,
        **{f"x{i}": x for i, x in enumerate(xs)},
    }
    return float(eval(formula.source(), {"__builtins__": {}}, known))


@rows
def test_the_result_is_the_mathematical_one(row: Op) -> None:
    for xs in points(row):
        assert apply(row, *map(Value, xs)).data == pytest.approx(float(precise(row, *xs)), rel=1e-13, abs=1e-15)


@rows
def test_local_gradients_are_the_derivatives(row: Op) -> None:
    for xs in points(row):
        for i, local in enumerate(apply(row, *map(Value, xs)).local):
            orders = [int(i == j) for j in range(len(xs))]
            assert local == pytest.approx(precise_slope(row, xs, *orders), rel=1e-9, abs=1e-12), (xs, i)


@rows
def test_the_role_is_what_the_local_gradients_do(row: Op) -> None:
    for xs in points(row):
        local = apply(row, *map(Value, xs)).local
        match row.role:
            case Role.DISTRIBUTOR:
                assert set(local) == {1}
            case Role.SWAPPER:
                others = [math.prod(xs[:i] + xs[i + 1 :]) for i in range(len(xs))]
                assert list(local) == pytest.approx(others, rel=1e-14)
            case Role.ROUTER:
                assert sorted(local) == [0] * (len(xs) - 1) + [1]
            case Role.SCALER:
                assert len(local) == len(xs)


@rows
def test_a_scaler_is_none_of_the_other_roles(row: Op) -> None:
    if row.role is Role.SCALER and row.name not in ("abs", "relu"):  # whose slope is 1 where they are smooth
        assert any(set(apply(row, *map(Value, xs)).local) != {1} for xs in points(row))


@rows
def test_the_printed_formulas_evaluate_to_the_computed_numbers(row: Op) -> None:
    for xs in points(row):
        z = apply(row, *map(Value, xs))
        assert evaluated(row.forward(SYMBOLS, *names(xs)), xs, z.data) == pytest.approx(z.data, rel=1e-13, abs=1e-15)
        slopes = row.local(SYMBOLS, Symbol("z"), *names(xs))
        assert [evaluated(slope, xs, z.data) for slope in slopes] == pytest.approx(list(z.local), rel=1e-12)


@rows
def test_the_printed_formulas_are_balanced_and_name_every_input(row: Op) -> None:
    for xs in points(row, count=1):
        forward = row.forward(SYMBOLS, *names(xs))
        for formula in (forward, *row.local(SYMBOLS, Symbol("z"), *names(xs))):
            if isinstance(formula, Symbol):
                for text in (formula.source(), formula.text(), formula.latex()):
                    assert all(text.count(left) == text.count(right) for left, right in ("()", "{}", "[]"))
        assert all(name in text for name in map(str, names(xs)) for text in (forward.text(), forward.latex()))


@rows
def test_a_filled_in_formula_shows_the_numbers_and_no_name(row: Op) -> None:
    xs = tuple(0.25 + i for i in range(row.arity or 3))
    text = row.forward(SYMBOLS, *names(xs)).text({f"x{i}": str(x) for i, x in enumerate(xs)})
    assert all(str(x) in text for x in xs)
    assert "x0" not in text


@pytest.mark.parametrize("name", COMPILED)
@pytest.mark.parametrize("kind", [float, int, Fraction])
def test_compiled_functions_do_what_their_declarations_say(name: str, kind: Callable[[float], float]) -> None:
    for xs in points(find(name)):
        if len(xs) > 2 or (len(xs) == 1 and find(name).arity is None):
            continue  # an operator has two inputs
        numbers = [kind(max(1, round(abs(x))) if kind is int else round(x, 2)) for x in xs]
        for function in COMPILED[name]:
            fast, plain = (f(*map(Value, numbers)) for f in (function, function.__wrapped__))  # type: ignore[attr-defined]
            assert (fast.data, type(fast.data), fast.op) == (plain.data, type(plain.data), plain.op)
            assert fast.local == pytest.approx(plain.local, rel=1e-15)


@pytest.mark.parametrize("name", REFLECTED)
def test_compiled_reflected_operators_swap_their_inputs(name: str) -> None:
    for x, y in [(2.5, 0.5), (2, 3), (Fraction(1, 2), 2)]:
        made, plain = REFLECTED[name](Value(y), x), apply(find(name), x, Value(y))
        assert (made.data, made.local, [v.data for v in made.inputs]) == (plain.data, plain.local, [x, y])


def test_every_row_is_reached_by_a_function_or_an_operator() -> None:
    assert set(OPS) <= {*COMPILED, *functions.FUNCTIONS}


@rows
@pytest.mark.parametrize("number", [0.0, -0.0, 5e-324, 1e-160, 1e-310, 1.0, -1.0, 700.0, 1e160, 1e308, -1e-310, -1e308])
def test_no_result_and_no_local_gradient_is_ever_infinite_or_nan(row: Op, number: float) -> None:
    for other in (0.0, 1e-300, 3.0, -2.5, 1e300):
        xs = (number, *[other] * ((row.arity or 2) - 1))
        made = []
        for function in (*COMPILED.get(row.name, []), lambda *inputs: apply(row, *inputs)):
            try:
                z = function(*map(Value, xs))
            except (ArithmeticError, ValueError) as error:
                assert row.name in str(error)
                continue
            made.append((z.data, z.local))
            assert all(n is None or math.isfinite(n) for n in (z.data, *z.local)), xs
        assert made == made[:1] * len(made)  # the compiled function and the plain one agree here too


@several
def test_one_input_is_enough_and_none_is_refused(row: Op) -> None:
    assert apply(row, Value(1.5)).data == 1.5
    with pytest.raises(TypeError, match=f"{row.name} was given no inputs"):
        apply(row)


def test_an_unknown_row_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ValueError, match=r"no operation is called 'sinh'; the table has add, mul"):
        find("sinh")


def test_a_second_row_of_the_same_name_is_refused(add_row: Callable[..., Op]) -> None:
    with pytest.raises(ValueError, match="'tanh' already"):
        add_row("tanh", "t", Role.SCALER, lambda m, x: x, lambda m, z, x: (1,))


WRONG: list[tuple[Callable[..., object], Callable[..., object], str]] = [
    (lambda m, x, y: x * y, lambda m, z, x, y: (y,), r"local of the row wrong gave \(3.0,\) for 2 inputs"),
    (
        lambda m, x, y: x * y,
        lambda m, z, x, y: (y, x, 1),
        r"gave \(3.0, 2.0, 1\) for 2 inputs; expected a tuple with one",
    ),
    (lambda m, *xs: m.sum(xs), lambda m, z, *xs: (1,), r"gave \(1,\) for 2 inputs"),
    (lambda m, x, y: x * y, lambda m, z, x, y: x, "gave 2.0 for 2 inputs"),
    (lambda m, x, y: x * y, lambda m, z, x, y: None, "gave None for 2 inputs"),
    (lambda m, x, y: x * y, lambda m, z, x, y: ("y", "x"), r"wrong\(2.0, 3.0\): a rule of the row failed"),
    (lambda m, x, y: None, lambda m, z, x, y: (1, 1), "forward of the row wrong gave None; expected one number"),
    (lambda m, x, y: (x, y), lambda m, z, x, y: (1, 1), r"forward of the row wrong gave \(2.0, 3.0\)"),
    (lambda m, x, y: np.array([x, y]), lambda m, z, x, y: (1, 1), r"forward of the row wrong gave \[2. 3.\]"),
]


@pytest.mark.parametrize(("forward", "local", "text"), WRONG, ids=[text for *_, text in WRONG])
def test_a_rule_that_gives_what_no_row_has_is_named(
    forward: Callable[..., object], local: Callable[..., object], text: str, add_row: Callable[..., Op]
) -> None:
    row = add_row("wrong", "w", Role.SCALER, forward, local)
    with pytest.raises(RuleError, match=text):
        apply(row, Value(2.0), Value(3.0))


@pytest.mark.parametrize("name", ["two\nlines", "", "  ", 3])
def test_the_name_of_a_row_is_text_on_one_line(name: str, add_row: Callable[..., Op]) -> None:
    with pytest.raises(ValueError, match=r"the name of a row is .*; expected text on one line"):
        add_row(name, "n", Role.SCALER, lambda m, x: x, lambda m, z, x: (1,))
    assert name not in OPS


def test_a_row_that_takes_nothing_is_refused(add_row: Callable[..., Op]) -> None:
    with pytest.raises(RuleError, match="forward of the row nothing takes no inputs"):
        add_row("nothing", "n", Role.SCALER, lambda m: 1.0, lambda m, z: ())


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"sign": 3}, r"sign of the row wrong is 3 \(int\); expected text"),
        ({"role": "scaler"}, r"role of the row wrong is 'scaler' \(str\); expected a Role, such as Role.SCALER"),
        ({"local": 3.0}, r"local of the row wrong is 3.0 \(float\); expected a function of the maths"),
        ({"forward": None}, r"forward of the row wrong is None \(NoneType\); expected a function of the maths"),
    ],
)
def test_a_row_with_the_wrong_parts_is_refused(wrong: dict[str, Any], told: str) -> None:
    parts = {"sign": "w", "role": Role.SCALER, "forward": lambda m, x: x, "local": lambda m, z, x: (1,)} | wrong
    with pytest.raises(TypeError, match=told):
        op("wrong", **parts)
    assert "wrong" not in OPS


def test_a_function_that_the_maths_does_not_have_is_named_with_what_to_write(add_row: Callable[..., Op]) -> None:
    row = add_row("bell", "b", Role.SCALER, forward=lambda m, x: m.erf(x), local=lambda m, z, x: (1.0,))
    with pytest.raises(AttributeError, match=r"called m\.erf; expected one of abs, cos, .*\. Write math\.erf\(x\)\.$"):
        apply(row, Value(0.5))
    assert not hasattr(NUMBERS, "__deepcopy__")


def test_a_rule_may_give_a_list_and_a_complex_number_is_no_result(add_row: Callable[..., Op]) -> None:
    cube_root = add_row("cbrt", "∛", Role.SCALER, lambda m, x: x ** (1 / 3), lambda m, z, x: [1 / (3 * z * z)])
    assert apply(cube_root, Value(8.0)).local == pytest.approx((1 / 12,))
    with pytest.raises(ValueError, match=r"cbrt\(-8.0\): no real result"):
        apply(cube_root, Value(-8.0))


def test_a_new_row_works_everywhere_as_it_stands(add_row: Callable[..., Op]) -> None:
    cube = add_row("cube", "x³", Role.SCALER, lambda m, x: x * x * x, lambda m, z, x: (3 * x * x,))

    @eager.eager(cube)
    def cubed(x: Value) -> Value:
        return apply(cube, x)

    for function in (cubed, lambda x: apply(cube, x)):
        x = Value(Fraction(1, 2))
        z = function(x)
        assert (z.data, z.local) == (Fraction(1, 8), (Fraction(3, 4),))
        check_gradients(z)


@rows
def test_central_differences_confirm_every_row(row: Op) -> None:
    for xs in points(row, count=2):
        check_gradients(apply(row, *map(Value, xs)))


@rows
def test_a_local_gradient_wrong_by_a_twentieth_of_a_percent_is_caught(row: Op, add_row: Callable[..., Op]) -> None:
    for wrong_input in range(row.arity or 3):

        def local(m: object, z: float, *xs: float, wrong: int = wrong_input) -> tuple[float, ...]:
            return tuple(slope * (1.0005 if i == wrong else 1) for i, slope in enumerate(row.local(m, z, *xs)))

        wrong_row = add_row(f"{row.name}_wrong_{wrong_input}", row.sign, row.role, row.forward, local, row.domain)
        xs = (0.9, 1.3, 0.7)[: row.arity or 3]
        if apply(row, *xs).local[wrong_input] == 0:
            continue  # a router's other inputs: nothing times anything is nothing
        f = apply(wrong_row, *[Value(x, f"in{i}") for i, x in enumerate(xs)])
        with pytest.raises(
            GradientError, match=rf"∂{row.name}_wrong_{wrong_input}/∂in{wrong_input} at .*in0 = 0\.9"
        ) as e:
            check_gradients(f)
        size = abs(f.local[wrong_input] or 0) * 0.0005
        off = float(str(e.value).split("off by ")[1].split(")")[0])
        assert off == pytest.approx(size / max(1, abs(f.local[wrong_input] or 0)), rel=0.1)


def test_mpmath_itself_would_see_a_wrong_slope() -> None:
    """The tester of the first tests: 50 digits tell tanh' from tanh' · 1.0005."""
    right = precise_slope(find("tanh"), (0.5,), 1)
    assert right == pytest.approx(float(1 - mpmath.tanh(0.5) ** 2), rel=1e-15)
    assert (1 - NUMBERS.tanh(0.5) ** 2) * 1.0005 != pytest.approx(right, rel=1e-4)
