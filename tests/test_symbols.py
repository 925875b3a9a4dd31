"""Formulas as text: what is printed is what Python would compute, and reads as people write."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_es.ops import OPS
from micrograd_es.symbols import SYMBOLS, Symbol

x, y, z = Symbol("x"), Symbol("y"), Symbol("z")

PRINTED = [
    ((x + y) * z, "(x + y)·z", r"(x + y) \cdot z"),
    (x + y * z, "x + y·z", r"x + y \cdot z"),
    (x - (y - z), "x − (y − z)", "x - (y - z)"),
    (x - y - z, "x − y − z", "x - y - z"),
    (x / (y * z), "x/(y·z)", r"\frac{x}{y \cdot z}"),
    (-(x + y), "−(x + y)", "-(x + y)"),
    (-(x * y), "−x·y", r"-x \cdot y"),
    (x * -y, "x·(−y)", r"x \cdot (-y)"),
    (x * x, "x²", "x^{2}"),
    (x**3, "x³", "x^{3}"),
    ((x + y) ** 2, "(x + y)²", "(x + y)^{2}"),
    (x ** (y - 1), "x^(y − 1)", "x^{y - 1}"),
    ((-x) ** 2, "(−x)²", "(-x)^{2}"),
    (1 - z * z, "1 − z²", "1 - z^{2}"),
    (2 - x, "2 − x", "2 - x"),
    (2 / x, "2/x", r"\frac{2}{x}"),
    (3 * x, "3·x", r"3 \cdot x"),
    (3 + x, "3 + x", "3 + x"),
    (x * Symbol(-3), "x·(−3)", r"x \cdot (-3)"),
    (Symbol("exp", (x + y,)), "e^(x + y)", "e^{x + y}"),
    (Symbol("sqrt", (x,)), "√x", r"\sqrt{x}"),
    (SYMBOLS.power(2, x), "2^x", "2^{x}"),
]


@pytest.mark.parametrize(("formula", "text", "latex"), PRINTED, ids=[text for _, text, _ in PRINTED])
def test_formulas_read_as_people_write_them(formula: Symbol, text: str, latex: str) -> None:
    assert formula.text() == str(formula) == text
    assert formula.latex() == latex


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ({"x": "−2", "y": "5", "z": "−4"}, "(−2 + 5)·(−4)"),
        ({"x": "1/3", "y": "0.5", "z": "2"}, "((1/3) + 0.5)·2"),
        ({"z": "w·x"}, "(x + y)·(w·x)"),
        ({"x": "b", "y": "a"}, "(b + a)·z"),
        ({"x": "y", "y": "x"}, "(y + x)·z"),
    ],
)
def test_numbers_put_in_for_names_keep_the_meaning(names: dict[str, str], text: str) -> None:
    assert ((x + y) * z).text(names).replace("((−2) +", "(−2 +") == text


def test_a_label_with_braces_comes_out_as_it_is() -> None:
    assert (x + y).text({"x": "{0}", "y": "}{"}) == "{0} + }{"


def test_rows_for_any_number_of_inputs_are_written_out() -> None:
    assert str(OPS["add"].forward(SYMBOLS, x, y, z)) == "x + y + z"
    assert [str(s) for s in OPS["mul"].local(SYMBOLS, Symbol("f"), x, y, z)] == ["y·z", "x·z", "x·y"]
    assert str(OPS["max"].forward(SYMBOLS, x, y, z)) == "max(x, y, z)"
    assert [str(s) for s in OPS["max"].local(SYMBOLS, Symbol("f"), x, y)] == ["1[x = f]", "1[x ≠ f]"]
    assert str(OPS["sigmoid"].local(SYMBOLS, Symbol("f"), x)[0]) == "(1 − f)·f"
    assert str(OPS["relu"].local(SYMBOLS, Symbol("f"), x)[0]) == "1[x > 0]"


formulas = st.recursive(
    st.sampled_from([x, y, z]) | st.sampled_from([Symbol(2), Symbol(3), Symbol(-2), Symbol(0.5)]),
    lambda parts: st.one_of(
        st.builds(lambda a, b: a + b, parts, parts),
        st.builds(lambda a, b: a - b, parts, parts),
        st.builds(lambda a, b: a * b, parts, parts),
        st.builds(lambda a, b: a / b, parts, parts),
        st.builds(lambda a: -a, parts),
        st.builds(lambda a: a ** Symbol(2), parts),
        st.builds(lambda a: Symbol("exp", (a,)), parts),
        st.builds(lambda a: Symbol("relu", (a,)), parts),
    ),
    max_leaves=10,
)
BINARY = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b}
AT = {"x": 0.7, "y": -1.3, "z": 2.9}


def computed(formula: Symbol) -> float:
    """The number a formula stands for, from its tree."""
    parts = [computed(part) for part in formula.parts]
    match formula.form:
        case str(name) if not parts:
            return AT[name]
        case "neg":
            return -parts[0]
        case "**":
            return parts[0] ** parts[1]
        case "exp":
            return math.exp(parts[0])
        case "relu":
            return max(parts[0], 0.0)
        case str(sign):
            return BINARY[sign](*parts)
        case number:
            return float(number)  # type: ignore[arg-type]


@given(formulas)
def test_the_text_and_the_source_of_any_formula_keep_its_meaning(formula: Symbol) -> None:
    try:
        number = computed(formula)
    except (ZeroDivisionError, OverflowError):
        return
    known = AT | {"exp": math.exp, "e": math.e, "relu": lambda n: max(n, 0.0)}
    assert eval(formula.source(), {}, known) == pytest.approx(number, rel=1e-12, nan_ok=True)
    as_python = formula.text()
    for printed, python in (("·", "*"), ("−", "-"), ("²", "**2"), ("³", "**3"), ("^", "**")):
        as_python = as_python.replace(printed, python)
    assert eval(as_python, {}, known) == pytest.approx(number, rel=1e-9, nan_ok=True)


def test_the_products_of_all_others_are_written_one_by_one() -> None:
    xs = [Symbol(name) for name in "abc"]
    assert list(map(str, SYMBOLS.others(xs))) == ["b·c", "a·c", "a·b"]
    assert (str(SYMBOLS.others(xs)[-1]), len(SYMBOLS.others(xs))) == ("a·b", 3)
    assert list(map(str, SYMBOLS.others(xs[:1]))) == ["1"]
    many = SYMBOLS.others([Symbol(f"x{i}") for i in range(100_000)])  # all of them would be 10¹⁰ names
    assert many[1].parts[1].form == "x99999"
