"""What an operation without a finite real result says, and how Values compare and show themselves."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import micrograd_es as es
from conftest import in_few_steps
from micrograd_es import Constant, Value, functions
from micrograd_es.value import apply

x = Value(-2.0, "x")
zero = Value(0, "o")

OUTSIDE: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: es.log(x), ValueError, "log(x = -2.0): no real result; expected an input above 0"),
    (lambda: es.log(zero), ValueError, "log(o = 0): no real result"),
    (lambda: es.log(Value(Decimal(0))), ValueError, "log(0): no real result"),
    (lambda: es.sqrt(x), ValueError, "sqrt(x = -2.0): no real result; expected an input of 0 or more"),
    (lambda: x**0.5, ValueError, "pow(x = -2.0, 0.5): no real result; expected a base above 0"),
    (lambda: Value(Fraction(-1, 2)) ** Fraction(1, 2), ValueError, "pow(-1/2, 1/2): no real result"),
    (lambda: Value(Decimal(-2)) ** Decimal("0.5"), ValueError, "pow(-2, 0.5): no real result"),
    (lambda: (-2) ** Value(0.5, "y"), ValueError, "pow(-2, y = 0.5): no real result"),
    (lambda: x / zero, ZeroDivisionError, "div(x = -2.0, o = 0): no real result; expected a divisor other than 0"),
    (lambda: x / 0.0, ZeroDivisionError, "div(x = -2.0, 0.0): no real result"),
    (lambda: 0 / zero, ZeroDivisionError, "div(0, o = 0): no real result"),
    (lambda: Value(Decimal(0)) / Decimal(0), ZeroDivisionError, "div(0, 0): no real result"),
    (lambda: Value(Decimal(1)) / 0, ZeroDivisionError, "div(1, 0): no real result"),
    (lambda: Value(Fraction(1)) / 0, ZeroDivisionError, "div(1, 0): no real result"),
    (lambda: 1 / zero, ZeroDivisionError, "reciprocal(o = 0): no real result; expected an input other than 0"),
    (lambda: zero**-1, ZeroDivisionError, "pow(o = 0, -1): no real result"),
    (lambda: 0.0 ** Value(-1.5), ZeroDivisionError, "pow(0.0, -1.5): no real result"),
    (lambda: es.exp(Value(1000.0, "z")), OverflowError, "exp(z = 1000.0): the result is too large"),
    (lambda: es.exp(Value(Decimal("1e30"))), OverflowError, "exp(1E+30): the result is too large"),
    (lambda: Value(1e200) * 1e200, OverflowError, "mul(1e+200, 1e+200): the result is too large"),
    (lambda: Value(1e308) + 1e308, OverflowError, "add(1e+308, 1e+308): the result is too large"),
    (lambda: es.sum([1e308, 1e308, 1.0]), OverflowError, "add(1e+308, 1e+308, 1.0): the result is too large"),
    (lambda: Value(10**200) * 10**200, OverflowError, "): the result is too large"),
    (lambda: Value(1e-310) ** -1, OverflowError, "pow(1e-310, -1): the result is too large"),
    (lambda: 1 / Value(1e-310), OverflowError, "reciprocal(1e-310): the result is too large"),
    (lambda: Value(Decimal(10)) ** 400, OverflowError, "pow(10, 400): the result is too large"),
    (lambda: es.log(Value(-Fraction(3**20000, 2**31000))), ValueError, "digits): no real result"),
]


@pytest.mark.parametrize(("use", "error", "text"), OUTSIDE, ids=[text for _, _, text in OUTSIDE])
def test_a_result_outside_the_reals_is_an_error_that_names_operation_and_inputs(
    use: Callable[[], object], error: type[Exception], text: str
) -> None:
    with pytest.raises(error) as caught:
        use()
    assert type(caught.value) is error
    assert text in str(caught.value)
    assert len(str(caught.value)) < 300
    assert caught.value.__suppress_context__  # one error, not a chain of them


@pytest.mark.parametrize("use", [lambda: Value(10) ** 10**9, lambda: 3 ** Value(10**12), lambda: Value(7) ** -(10**9)])
def test_powers_with_millions_of_digits_are_refused_at_once(use: Callable[[], object]) -> None:
    with pytest.raises(OverflowError, match=r"pow\(.*too large"):
        in_few_steps(use)  # and to compute it would take minutes


def test_a_huge_power_of_one_is_one() -> None:
    assert (Value(1) ** 10**300).data == 1
    assert (Value(-1) ** (10**300 + 1)).data == -1
    assert (Value(0) ** 10**300).data == 0


def test_arrays_are_refused_on_either_side_and_elementwise_is_never_tried() -> None:
    array = np.array([1.0, 2.0])
    for use, instead in (
        (lambda: array + x, "[v + w for v in x]"),
        (lambda: x + array, "[w + v for v in x]"),
        (lambda: array * x, "[v * w for v in x]"),
        (lambda: array - x, "[v - w for v in x]"),
        (lambda: x / array, "[w / v for v in x]"),
        (lambda: array / x, "[v / w for v in x]"),
        (lambda: array**x, "[v ** w for v in x]"),
        (lambda: array < x, "it for each of them, such as [w > v for v in x]"),
        (lambda: x >= array, "it for each of them, such as [w > v for v in x]"),
    ):
        with pytest.raises(TypeError, match=rf"array\(\[1\., 2\.\]\) \(ndarray\).*Write {re.escape(instead)}\.$"):
            use()  # type: ignore[no-untyped-call]


MANY: list[tuple[str, str]] = [
    ("w * x", "[w * v for v in x]"),
    ("x * w", "[v * w for v in x]"),
    ("w - x", "[w - v for v in x]"),
    ("x / w", "[v / w for v in x]"),
    ("x - w", "[v - w for v in x]"),
    ("w**x", "[w ** v for v in x]"),
    ("tanh(x)", "[tanh(v) for v in x]"),
    ("absolute(x)", "[absolute(v) for v in x]"),
    ("where(1.0, x, w)", "[where(condition, v, y) for v in x]"),
    ("maximum(xs)", "maximum(*xs)"),
    ("minimum(xs)", "minimum(*xs)"),
    ("apply(row, x)", "[apply(row, v) for v in x]"),
    ("dot(matrix, x)", "[dot(row, x) for row in matrix]"),
    ("softmax(matrix)", "[softmax(row) for row in matrix]"),
    *[
        (f"{name}(matrix)", f"[{name}(row) for row in matrix], or {name}([v for row in matrix for v in row])")
        for name in ("sum", "prod", "log_sum_exp")
    ],
]


@pytest.mark.parametrize(("call", "instead"), MANY, ids=[call for call, _ in MANY])
def test_many_values_in_place_of_one_say_what_to_write_which_works(call: str, instead: str) -> None:
    from micrograd_es.ops import find

    x = [Value(1.0, "a"), Value(2.0, "b")]
    names = {name: getattr(es, name) for name in (*es.__all__, "sum")}
    names |= {"absolute": functions.absolute, "apply": apply}
    names |= {"w": Value(2.0, "w"), "x": x, "xs": x, "matrix": [x, x], "row": find("tanh"), "condition": 1.0, "y": 0.0}
    for given in (x, tuple(x), np.array(x)):
        if call in ("w * x", "x * w", "w - x", "x / w", "x - w", "w**x") and not isinstance(given, list | tuple):
            continue  # NumPy takes it entry by entry
        names |= {"x": given, "xs": given, "matrix": [given, given]}
        with pytest.raises(TypeError) as caught:
            eval(call, dict(names))
        assert str(caught.value).endswith(f" or NumPy's). Write {instead}.")
        for way in instead.split(", or "):
            eval(way, dict(names))


def test_an_array_without_axes_is_one_number() -> None:
    with pytest.raises(TypeError, match=r"Write x\.item\(\)\.$"):
        es.tanh(np.array(2.0))  # type: ignore[arg-type]


def test_an_array_of_values_and_a_value_give_an_array_on_either_side() -> None:
    entries, v = [Value(1.0), Value(3.0)], Value(2.0)
    array = np.array(entries)
    for use in (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow):
        assert [z.data for z in use(array, v)] == [use(z, v).data for z in entries]
        assert [z.data for z in use(v, array)] == [use(v, z).data for z in entries]
        assert use(v, array)[1].inputs == (v, entries[1])
    assert (array > v).tolist() == (v < array).tolist() == [False, True]
    assert (array == v).tolist() == [False, False]
    assert (array[0] == np.array([v, entries[0]])).tolist() == [False, True]
    assert (np.array(v) * v).data == (v * np.array(v)).data == 4.0
    total = np.zeros(2, object)
    total += v
    assert [z.data for z in total] == [2.0, 2.0]
    with pytest.raises(TypeError, match="NumPy's maximum was given"):
        np.maximum(array, v)


@pytest.mark.parametrize(
    ("text", "help_"),
    [
        ("3", r"Write float\('3'\)"),
        ("3,5", r"Decimals have a point: write float\('3\.5'\)"),
        ("tres", "Write one number"),
        ("", "Write one number"),
    ],
)
def test_what_is_to_be_written_in_place_of_a_text_is_a_number(text: str, help_: str) -> None:
    with pytest.raises(TypeError, match=help_):
        Value(text)  # type: ignore[arg-type]


def test_the_wrong_number_of_inputs_is_refused() -> None:
    from micrograd_es.ops import find

    with pytest.raises(TypeError, match="sub was given 1 input; expected 2"):
        apply(find("sub"), 1)
    with pytest.raises(TypeError, match="add was given no inputs; expected at least one"):
        apply(find("add"))
    with pytest.raises(ValueError, match="dot was given 1 and 2 inputs;"):
        es.dot([1], [2, 3])


LISTS = {
    "sum": (es.sum, "sum([x, y])"),
    "prod": (es.prod, "prod([x, y])"),
    "softmax": (es.softmax, "softmax([x, y])"),
    "log_softmax": (es.log_softmax, "log_softmax([x, y])"),
    "log_sum_exp": (es.log_sum_exp, "log_sum_exp([x, y])"),
    "dot": (lambda xs: es.dot(xs, xs), "dot([x, y], [2, 3])"),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_function_of_a_list_is_called_by_its_own_name(name: str) -> None:
    function, example = LISTS[name]
    one = re.escape(f"{name} was given Value(1); expected a list of Values and numbers. Write {example}.")
    with pytest.raises(TypeError, match=f"^{one}$"):
        function(Value(1))
    none = re.escape(f"{name} was given no inputs; expected at least one. Write {example}.")
    with pytest.raises(TypeError, match=f"^{none}$"):
        function([])


@pytest.mark.parametrize("name", [name for name in LISTS if name != "dot"])
def test_values_one_by_one_in_place_of_a_list_say_what_to_write(name: str) -> None:
    function, (a, b, c) = LISTS[name][0], (Value(1.0), Value(2.0), Value(3.0))
    for given, write in (((a, b), "[a, b]"), ((a, b, c), "[a, b, c]"), (([a, b], 0), "xs")):
        told = f"{name} was given {len(given)} arguments; expected one list of Values. Write {name}({write})."
        with pytest.raises(TypeError, match=f"^{re.escape(told)}$"):
            function(*given)


def test_what_is_no_function_has_no_gradient() -> None:
    f = Value(3.0, "x") * 2
    with pytest.raises(TypeError, match=r"grad was given Value\(6.0\); expected a function.*, gradients\(f\)"):
        es.grad(f)  # type: ignore[arg-type]


def test_comparisons_compare_the_numbers() -> None:
    a, b = Value(1), Value(2.0)
    assert a < b and a <= b and b > a and b >= a
    assert not (a > b or a >= b or b < a or b <= a)
    assert a < 1.5 < b
    assert 0 < a <= 1
    assert a <= Value(Fraction(1)) <= a
    assert sorted([b, a]) == [a, b]
    assert max(a, b) is b


def test_equality_and_hash_are_identity() -> None:
    a, b = Value(1, "a"), Value(1, "a")
    assert a != b
    assert a != 1
    assert {a: "first", b: "second"}[a] == "first"
    a.data = 2
    assert a in {a}


def test_a_value_is_not_true_or_false() -> None:
    for use in (lambda: bool(Value(1.0, "a")), lambda: Value(0.0) and 1, lambda: not Value(1)):
        with pytest.raises(TypeError, match=r"used as true or false; write v\.data != 0, or compare it: v > 0"):
            use()


def test_values_show_their_number_and_label() -> None:
    assert repr(Value(2, "w₀")) == "Value(2, label='w₀')"
    assert repr(Value(Fraction(1, 2))) == "Value(Fraction(1, 2))"
    assert repr(Constant(3)) == "Constant(3)"
    assert f"{Value(2.0):.3f}|{Value(2.0)}" == "2.000|Value(2.0)"
    assert float(Value(Fraction(1, 2))) == 0.5


def test_numbers_mixed_in_become_constants_that_no_gradient_is_asked_for() -> None:
    a = Value(3.0, "a")
    f = (2 * a + 1) ** 2 / 7
    constants = [v for v in es.gradients(f) if v.is_constant]
    assert sorted(v.data for v in constants) == [1, 2, 2, 7]
    assert all(type(v) is Constant and v.op is None for v in constants)
    assert es.leaves(f) == [a]
    assert es.leaves(Constant(2, "k") * a) == [a]


@pytest.mark.parametrize("ask", [es.gradients, es.contributions, es.leaves, es.listing, es.check_gradients])
@pytest.mark.parametrize("given", [3, "f", [Value(1.0)], Value])
def test_a_graph_that_is_asked_of_something_else_is_one_clear_error(
    ask: Callable[[object], object], given: object
) -> None:
    with pytest.raises(TypeError, match=r"expected to end in a Value; got .*\. Give the Value that it computes\.$"):
        ask(given)


def test_functions_of_numpy_are_refused_with_the_one_to_write_and_its_operators_are_those_of_values() -> None:
    with pytest.raises(TypeError, match=r"NumPy's exp was given .*Write micrograd_es\.exp\(v\), or numpy"):
        np.exp(x)
    with pytest.raises(TypeError, match=r"NumPy's maximum was given .*Write micrograd_es\.maximum\(x, y\)"):
        np.maximum(x, 1.0)
    with pytest.raises(TypeError, match=r"NumPy's remainder was given .*functions of micrograd_es"):
        np.float64(3.0) % x
    with pytest.raises(TypeError, match=r"NumPy's add was given"):
        np.add.reduce(x)
    three = np.float64(3.0)
    for ours, pythons in [
        (three + x, 3.0 + x),
        (x - three, x - 3.0),
        (three - x, 3.0 - x),
        (np.multiply(x, three), x * 3.0),
        (three / x, 3.0 / x),
        (three**x, 3.0**x),
        (x**three, x**3.0),
        (np.abs(x), abs(x)),
        (np.negative(x), -x),
    ]:
        assert (ours.data, ours.local, ours.op) == (pythons.data, pythons.local, pythons.op)
    for number in (np.float64(1e9), np.int64(-7), np.float32(2.5)):
        same = float(number)
        assert (number < x, number <= x, number > x, number >= x) == (same < x, same <= x, same > x, same >= x)
        assert (number == x) is False
        assert (number != x) is True
