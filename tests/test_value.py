"""Values: what operations make of them, and what is refused."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Value
from micrograd_es.value import apply

# The numbers of the lectures


def test_a_value_is_no_index() -> None:
    with pytest.raises(TypeError, match=r"Value\(1\) was used as an index; expected a whole number. To choose one of"):
        [1.0, 2.0][Value(1)]  # type: ignore[call-overload]
    assert int(Value(1)) == 1


def test_the_lecture_example_has_the_numbers_of_the_lecture() -> None:
    x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    q = x + y
    f = q * z
    f.backward()
    assert (q.data, f.data) == (3, -12)
    assert (q.local, f.local) == ((1, 1), (-4, 3))
    assert (x.grad, y.grad, z.grad, q.grad, f.grad) == (-4, -4, 3, -4, 1)


def neuron() -> list[Value]:
    return [Value(n, label) for n, label in zip((2, -1, -3, -2, -3), ("w0", "x0", "w1", "x1", "w2"), strict=True)]


def test_the_sigmoid_neuron_gate_by_gate_has_the_closed_form() -> None:
    w0, x0, w1, x1, w2 = inputs = neuron()
    f = 1 / (1 + es.exp(-1 * (w0 * x0 + w1 * x1 + w2)))
    f.backward()
    sigma = 1 / (1 + math.exp(-1))
    slope = math.exp(-1) / (1 + math.exp(-1)) ** 2
    assert f.data == pytest.approx(sigma, rel=1e-15)
    assert [v.grad for v in inputs] == pytest.approx([-slope, 2 * slope, -2 * slope, -3 * slope, slope], rel=1e-14)
    assert [round(v.grad, 2) for v in inputs] == [-0.2, 0.39, -0.39, -0.59, 0.2]
    chain = [f]
    while chain[-1].inputs:  # back along the main line: 1/x, + 1, exp, · −1
        chain.append(next(v for v in chain[-1].inputs if not v.is_constant))
    assert [round(v.data, 2) for v in chain[:5]] == [0.73, 1.37, 0.37, -1, 1]
    assert [round(v.grad, 2) for v in chain[:5]] == [1, -0.53, -0.53, -0.2, 0.2]


def test_the_sigmoid_as_one_gate_gives_the_same_gradients_with_fewer_gates() -> None:
    w0, x0, w1, x1, w2 = inputs = neuron()
    f = es.sigmoid(w0 * x0 + w1 * x1 + w2)
    f.backward()
    slope = (1 - f.data) * f.data
    assert f.local == pytest.approx((slope,), rel=1e-15)
    assert slope == pytest.approx(math.exp(-1) / (1 + math.exp(-1)) ** 2, rel=1e-15)
    assert [v.grad for v in inputs] == pytest.approx([-slope, 2 * slope, -2 * slope, -3 * slope, slope], rel=1e-15)


def test_the_four_blocks_in_one_graph_do_what_the_lectures_say() -> None:
    a, b, c = Value(3, "a"), Value(-4, "b"), Value(2, "c")
    product, largest = a * b, es.maximum(c, -1)
    f = 2 * (product + largest) + a
    f.backward()
    assert (product.grad, largest.grad) == (2, 2)  # the sum hands on what comes to it
    assert (b.grad, c.grad) == (2 * 3, 2)  # times the other input; all of it to the larger
    assert a.grad == 2 * -4 + 1  # two branches add up


def test_a_value_used_on_two_branches_gets_the_sum_of_their_contributions() -> None:
    x = Value(0.5, "x")
    a, b = es.sin(x), x * x
    c = a * b
    c.backward()
    assert x.grad == pytest.approx(b.data * math.cos(0.5) + a.data * 2 * 0.5, rel=1e-15)


# What a Value is made of

REFUSED = [
    (True, TypeError, "True (bool)"),
    ("3", TypeError, "'3' (str)"),
    (2j, TypeError, "2j (complex)"),
    (None, TypeError, "None (NoneType)"),
    ([1], TypeError, "[1] (list)"),
    (np.array([1.0, 2.0]), TypeError, "array([1., 2.]) (ndarray)"),
    (np.array(1.0), TypeError, "array(1.) (ndarray)"),
    (np.bool_(True), TypeError, "True"),
    (np.complex128(1j), TypeError, "1j"),
    (math.nan, ValueError, "nan"),
    (-math.inf, ValueError, "-inf"),
    (np.float32("inf"), ValueError, "inf"),
    (Decimal("NaN"), ValueError, "Decimal('NaN')"),
    (Decimal("sNaN"), ValueError, "Decimal('sNaN')"),
    (Decimal("-Infinity"), ValueError, "Decimal('-Infinity')"),
    (10**400, ValueError, "1000"),
    (Fraction(3**20000, 7), ValueError, "Fraction"),
]


@pytest.mark.parametrize(("wrong", "error", "shown"), REFUSED, ids=[shown for _, _, shown in REFUSED])
def test_what_is_no_finite_real_number_is_refused_by_name_everywhere(
    wrong: object, error: type[Exception], shown: str
) -> None:
    uses = [
        Value,
        lambda n: Value(1.0) + n,
        lambda n: n * Value(1.0),
        lambda n: Value(1.0) ** n,
        lambda n: n - Value(2),
        lambda n: es.tanh(n),
        lambda n: es.maximum(Value(1), n),
        lambda n: Value(1) < n,
    ]
    for use in uses:
        with pytest.raises(error) as caught:
            use(wrong)  # type: ignore[operator]
        assert shown in str(caught.value)
        assert "expected a" in str(caught.value)
        assert "Write" in str(caught.value)
        assert len(str(caught.value)) < 300


def test_a_value_of_a_value_is_refused() -> None:
    with pytest.raises(TypeError, match=r"a Value already; expected a number\. Write x\.data"):
        Value(Value(1, "x"))  # type: ignore[arg-type]


def test_a_label_that_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match=r"label is 3 \(int\); expected text\. Write '3'"):
        Value(1, 3)  # type: ignore[arg-type]
    x = Value(1, "x")
    with pytest.raises(TypeError, match=r"label is None \(NoneType\); expected text\. Write 'None'"):
        x.label = None  # type: ignore[assignment]
    assert x.label == "x"


def test_what_is_made_alike_is_named_apart() -> None:
    x = Value(3, "x")
    a, b = x * 2, x * 2
    assert a.origin is b.origin  # so that a node is small
    a.label = "a"
    assert (a.label, b.label, a.op, a.scope) == ("a", "", b.op, None)


@pytest.mark.parametrize("label", ["", "x", "w₀·x₀", '"];drop', "a\nb\x00", "}{%s", "ñ" * 1000, "\ud800", "<b>&"])
def test_a_label_may_be_any_text(label: str) -> None:
    x = Value(1, label)
    assert x.label == label
    assert repr(label) in repr(x) or not label
    with pytest.raises(ValueError, match="log"):
        es.log(-x)


@pytest.mark.parametrize("number", [3, -3, 2.5, Fraction(1, 3), Decimal("0.1"), 10**300])
def test_a_number_is_kept_as_it_is(number: int | float) -> None:
    assert (Value(number).data, type(Value(number).data)) == (number, type(number))


@pytest.mark.parametrize("number", [np.float64(2.5), np.float32(2.5), np.float16(2.5), np.int64(7), np.uint8(7)])
def test_numpy_scalars_become_pythons_numbers(number: np.generic) -> None:
    for x in (Value(number), (Value(0) + number).inputs[1], (number * Value(1)).inputs[0]):  # type: ignore[arg-type]
        assert x.data == number
        assert type(x.data) in (int, float)
        assert isinstance(x.data, int) == (np.asarray(number).dtype.kind in "iu")


def test_data_that_is_assigned_is_checked_at_once() -> None:
    x = Value(1.0, "x")
    for wrong in (math.nan, math.inf, "3", None, [1.0], 1j, True):
        with pytest.raises((TypeError, ValueError), match=r"^data is .* expected"):
            x.data = wrong  # type: ignore[assignment]
    x.data = 2.5
    assert (x + 1).data == 3.5


# Operators


def test_every_operator_is_one_gate() -> None:
    a, b = Value(3.0, "a"), Value(2.0, "b")
    made = {
        "add": [a + b, a + 2, 2 + a, es.sum([a, b, 1])],
        "sub": [a - b, a - 2, 2 - a],
        "mul": [a * b, a * 2, 2 * a, es.prod([a, b, 1])],
        "div": [a / b, a / 2, 2 / a],
        "pow": [a**b, a**2, 2**a],
        "reciprocal": [1 / a],
        "neg": [-a],
        "abs": [abs(a)],
    }
    for name, results in made.items():
        for z in results:
            assert z.op is not None
            assert z.op.name == name
            assert all(x.op is None for x in z.inputs)


def test_operators_compute_what_python_computes() -> None:
    for x, y in [(3.0, 2.0), (-3.5, 2.0), (0.25, -1.5), (7, 2), (Fraction(1, 3), Fraction(2, 7))]:
        a, b = Value(x), Value(y)
        for made, plain in [
            ((a + b, a + y, x + b), x + y),
            ((a - b, a - y, x - b), x - y),
            ((a * b, a * y, x * b), x * y),
            ((a / b, a / y, x / b), x / y),
            ((-a,), -x),
            ((abs(a),), abs(x)),
        ]:
            assert [(z.data, type(z.data)) for z in made] == [(plain, type(plain))] * len(made)
    assert +a is a


def test_ints_stay_ints_wherever_python_keeps_them() -> None:
    x = Value(3)
    f = es.maximum(abs(-((x * 2 + 1 - x) ** 2)), es.relu(x))
    f.backward()
    assert (f.data, type(f.data), x.grad, type(x.grad)) == (16, int, 8, int)
    assert type((x / 3).data) is float


def test_fractions_stay_exact_through_everything_that_allows_it() -> None:
    x, y = Value(Fraction(1, 3), "x"), Value(Fraction(-2, 7), "y")
    f = es.maximum(es.sqrt((x - y) ** 2) / y, es.dot([x, 2], [abs(y), 1 / x])) * es.relu(x) ** -3 - es.identity(y) / 5
    f.backward()
    # here f = (x·|y| + 2/x)·x⁻³ − y/5
    assert f.data == (x.data * -y.data + 2 / x.data) / x.data**3 - y.data / 5
    assert x.grad == 2 * y.data / x.data**3 - 8 / x.data**5
    assert y.grad == -1 / x.data**2 - Fraction(1, 5)
    assert {type(v.grad) for v in (x, y)} == {Fraction}


@pytest.mark.parametrize("kind", [Fraction, Decimal])
def test_a_division_by_an_int_has_an_exact_slope(kind: type) -> None:
    x = Value(kind(1))
    f = x / 8 * kind(3) + 3 / (x + 1)
    f.backward()
    assert (x.grad, type(x.grad)) == (kind(3) / 8 - kind(3) / 4, kind)
    assert es.grad(es.grad(lambda x: x * x / 8 * kind(3)))(kind(1)) == kind(3) / 4


def test_decimals_stay_decimals_through_every_operation() -> None:
    from micrograd_es.ops import OPS

    for row in OPS.values():
        xs = [Value(Decimal("1.5"), "x"), Value(Decimal("2"), "y"), Value(Decimal("3"), "z")][: row.arity or 2]
        z = apply(row, *xs)
        assert type(z.data) is Decimal, row
        z.backward()
        floats = apply(row, *[float(x.data) for x in xs])
        assert [float(n) for n in (z.data, *z.local)] == pytest.approx([floats.data, *floats.local], rel=1e-14)
        assert all(type(x.grad) in (Decimal, int) for x in xs)
    assert (Value(Decimal("0.1")) * 3).data == Decimal("0.3")
    exp_one = es.exp(Value(Decimal(1))).data
    assert exp_one == Decimal(1).exp()


@pytest.mark.parametrize("pair", [(Decimal(1), 0.5), (Decimal(1), Fraction(1, 2)), (Decimal(2), Fraction(2))])
def test_kinds_of_numbers_that_python_does_not_mix_are_refused(pair: tuple[object, object]) -> None:
    for x, y in (pair, pair[::-1]):
        kinds = f"{type(x).__name__} and {type(y).__name__}"
        for use in (lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a**b):
            with pytest.raises(TypeError, match=f"{kinds} do not mix exactly"):
                use(Value(x), y)  # type: ignore[arg-type]


def test_an_exponent_of_0_has_a_slope_where_the_base_has_none() -> None:
    x = Value(0.5)
    power: Value = 0.0**x
    assert power.local == (None, 0)
    power.backward()
    assert x.grad == 0


def test_a_value_is_cut_and_rounded_as_its_number() -> None:
    assert (int(Value(-2.75)), round(Value(2.75)), round(Value(2.75), 1)) == (-2, 3, 2.8)


@pytest.mark.parametrize(
    "name", ["exp", "log", "tanh", "sigmoid", "relu", "softplus", "sin", "cos", "sqrt", "identity"]
)
def test_a_method_of_other_libraries_is_told_as_the_function_that_there_is(name: str) -> None:
    with pytest.raises(AttributeError) as error:
        getattr(Value(0.5), name)()
    call = str(error.value).partition("write ")[2].partition(", or ")[0].rstrip(".")
    assert call == f"micrograd_es.{name}(v)"
    assert eval(call, {"micrograd_es": es, "v": Value(0.5)}).op.name == name


@pytest.mark.parametrize("name", ["value", "item", "numpy", "detach", "gradient", "name", "_prev", "_op", "sum", "pow"])
def test_what_is_to_be_written_instead_works(name: str) -> None:
    with pytest.raises(AttributeError) as error:
        getattr(Value(0.5), name)
    instead = str(error.value).partition("write ")[2].rstrip(".")
    eval(instead, vars(es) | {"micrograd_es": es, "v": Value(0.5), "w": Value(2.0)})


def test_what_is_missing_is_not_offered() -> None:
    v = Value(0.5)
    assert not hasattr(v, "shape")
    assert not hasattr(v, "item")
    assert "grad" in dir(v)
    assert "item" not in dir(v)
