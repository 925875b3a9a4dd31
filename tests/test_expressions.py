"""Expressions as text: what they mean, where an error points, and that no text does any harm."""

import copy
import operator
import pickle
import re
import time
import traceback
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from micrograd_es.expressions import ExpressionError, names, parse
from micrograd_es.functions import FUNCTIONS
from micrograd_es.graph import leaves, topological
from micrograd_es.value import Constant, Value

ARITHMETIC_ERRORS = (ValueError, ZeroDivisionError, OverflowError)


def error_of(text: str, **values: Any) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        parse(text, values)
    return caught.value


# --- what an expression means


def test_the_lecture_example_has_the_numbers_of_the_lecture() -> None:
    f = parse("q = x + y; f = q * z", x=-2, y=5, z=-4)
    f.backward()
    assert [(v.label, v.data, v.grad) for v in topological(f)] == [
        ("x", -2, -4), ("y", 5, -4), ("q", 3, -4), ("z", -4, 3), ("f", -12, 1),
    ]  # fmt: skip


def test_a_name_is_one_leaf_wherever_it_stands() -> None:
    f = parse("x * x + x", x=3)
    assert [leaf.label for leaf in leaves(f)] == ["x"]
    assert f.inputs[0].inputs[0] is f.inputs[1]


def test_a_number_in_the_text_is_a_constant_and_no_leaf() -> None:
    f = parse("2 * x + 1.5", x=3)
    assert [(v.data, type(v.data)) for v in topological(f) if isinstance(v, Constant)] == [(2, int), (1.5, float)]


def test_numbers_alone_give_a_constant() -> None:
    assert isinstance(parse("2 + 3"), Constant)
    assert parse("2 + 3").data == 5
    assert parse("f = 2 + 3").label == "f"


def test_a_named_number_is_one_labelled_constant() -> None:
    f = parse("h = 0.5; x + h", x=1)
    assert (f.data, f.inputs[1].label, f.inputs[1].is_constant) == (1.5, "h", True)


def test_a_given_value_enters_as_it_is_and_keeps_its_label() -> None:
    w, v = Value(3, "weight"), Value(2)
    f = parse("a = v; a * w", w=w, v=v)
    assert f.inputs == (v, w)
    assert (w.label, v.label) == ("weight", "")


def test_a_second_name_for_a_leaf_does_not_rename_it() -> None:
    assert parse("q = x; q", x=1).label == "x"


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("x × y · x ⋅ 2", "x * y * x * 2"),
        ("x − y – 1", "x - y - 1"),
        ("x ÷ y", "x / y"),
        ("x^y^2", "x**(y**2)"),
        ("-x²", "-(x**2)"),
        ("2^x³", "2**(x**3)"),
        ("x¹² + y⁻¹", "x**12 + y**-1"),
        ("√(x² + y²)", "sqrt(x**2 + y**2)"),
        ("√x + √(y)²", "sqrt(x) + sqrt(y)**2"),
        ("σ(x·y)", "sigmoid(x * y)"),
        ("ln(x) + sen(y)", "log(x) + sin(y)"),
        ("𝑥 + y", "x + y"),
        ("(x\n+\r\ny)", "x + y"),
        ("x\u00a0*\ty\n\n;", "x * y"),
        ("+x - +y", "x - y"),
    ],
)
def test_what_a_lecture_writes_means_what_a_program_writes(typed: str, plain: str) -> None:
    values = {name: number for name, number in {"x": 2.0, "y": 3.0}.items() if name in names(plain)}
    written, meant = topological(parse(typed, values)), topological(parse(plain, values))
    assert [(v.op, v.data, v.label) for v in written] == [(v.op, v.data, v.label) for v in meant]
    assert names(typed) == names(plain)


def test_names_may_be_greek_accented_and_have_subscripts() -> None:
    f = parse("w₁·ñandú + β", {"w1": 2, "n\u0303andu\u0301": 3, "β": 1})
    assert (f.data, [leaf.label for leaf in leaves(f)]) == (7, ["w1", "ñandú", "β"])


def test_sigma_is_a_name_where_it_has_a_value() -> None:
    assert parse("x * σ", x=2, σ=3).data == 6


def test_any_name_can_be_given_a_value() -> None:
    assert parse("text + values + self + exact", {"exact": 1}, text=2, values=3, self=4).data == 10
    with pytest.raises(TypeError, match=r"For a name: parse\(text, {'exact': 3}\)"):
        parse("exact", exact=3)  # type: ignore[arg-type]


def test_exact_makes_every_number_of_the_text_and_every_given_int_a_fraction() -> None:
    assert parse("x / 3 + 0.1 + 1/3", x=1, exact=True).data == Fraction(23, 30)
    assert parse("h = 1; k = 3; h / k + 1.5e1·x", x=1, exact=True).data == Fraction(46, 3)
    assert repr(parse("x * (6/3)", x=1, exact=True).inputs[1]) == "Constant(2)"
    assert isinstance(parse("x / 3", x=1).data, float)


def test_a_whole_number_to_a_negative_power_is_a_float() -> None:
    assert parse("2^-1000").data == 2.0**-1000


def test_a_decimal_stays_one() -> None:
    assert parse("2 * x", x=Decimal("0.1")).data == Decimal("0.2")


def test_names_are_the_free_ones_in_the_order_of_first_use() -> None:
    assert names("q = z + a·z; f = q * tanh(b)\nf - z") == ("z", "a", "b")
    assert names("1 + 2") == ()
    for text in ("q = q + 1", "tanh", "f(x)", "x +"):
        with pytest.raises(ExpressionError):
            names(text)


def test_every_function_of_the_table_can_be_called() -> None:
    for name, function in FUNCTIONS.items():
        assert parse(f"{name}(x)", x=0.5).data == function(Value(0.5)).data, name
    assert parse("max(x, 0) + sum(x, 1, y)", x=-3, y=7).data == 5


# --- where an error points

ERRORS = [
    ("(x + q) * z - y", 6, "unknown name 'q'", "Given are x, y, z. Write q=… next to the expression."),
    ("x + Y", 5, "unknown name 'Y'", "Write Y=…"),
    ("x + zz", 5, "unknown name 'zz'", "Did you mean 'z'?"),
    ("e^x", 1, "unknown name 'e'", "For e^x write exp(x)."),
    ("x + σ", 5, "'σ' is a function", "Write σ(…)"),
    ("x·tahn(y)", 3, "unknown function 'tahn'", "Did you mean 'tanh'?"),
    ("exp(x, y)", 1, "exp takes 1 argument, not 2", ""),
    ("1 + exp(1,5)", 5, "exp takes 1 argument, not 2", "If 1,5 is one number, write a point."),
    ("max()", 1, "max takes at least 1 argument, not 0", ""),
    ("x(y + 1)", 1, "'x' is a value", "Write x * (…)."),
    ("x + tanh", 5, "'tanh' is a function", "Write tanh(…)"),
    ("x + tanh²(y)", 5, "'tanh' is a function", "Write tanh(…)"),
    ("tanh = x; 1", 1, "'tanh' is a function", ""),
    ("2x", 2, "an operator is missing", "To multiply, write 2 * x."),
    ("x y", 3, "an operator is missing", "To multiply, write x * y."),
    ("(x)(y)", 4, "an operator is missing", "To multiply, write (…) * (…)."),
    ("2 2", 3, "an operator is missing", "Write it."),
    ("1j", 2, "an operator is missing", ""),
    ("1_000", 2, "a number is written without _", "Write 1000."),
    ("1,5 * x", 2, "a comma stands inside a number", "with a point: 1.5"),
    ("(x, y)", 3, "a comma stands only between the arguments", ""),
    ("x +", 4, "the expression stops after '+'", ""),
    ("q =", 4, "the expression stops after '='", ""),
    ("x + * y", 5, "'*' cannot stand here", ""),
    ("()", 2, "')' cannot stand here", ""),
    ("max(x,)", 7, "')' cannot stand here", ""),
    ("x·(y + max(x, z)", 3, "this ( is never closed", ""),
    ("x × max(y", 8, "this ( is never closed", ""),
    ("(x; y)", 1, "this ( is never closed", ""),
    ("x + y)", 6, "this ) closes nothing", ""),
    ("x == y", 3, "'==' has no meaning", "gives a name"),
    ("x < y < z", 3, "'<' has no meaning", "A comparison"),
    ("x + y = z", 7, "to the left of = there is one name", ""),
    ("a = b = 3", 7, "to the left of = there is one name", ""),
    ("q = x; q = y; q", 8, "'q' has a meaning already", ""),
    ("q = q + 1; q", 1, "'q' has a meaning already", ""),
    ("x = 3; x", 1, "'x' is given a value and defined here too", ""),
    ("q = x; y", 1, "nothing uses 'q'", ""),
    ("x; y", 1, "nothing uses this step", ""),
    ("x // y", 3, "'//' has no meaning", "one /"),
    ("x.real", 2, "'.' has no meaning", "attributes"),
    ("x[0]", 2, "'[' has no meaning", ""),
    ("|x|", 1, "'|' has no meaning", "abs(x)"),
    ("xⁿ", 2, "'ⁿ' has no meaning", "x^n"),
    ("x + 'y'", 5, "has no meaning", "Quoted"),
    ("x + lambda", 5, "'lambda' is a word of Python", ""),
    ("await x", 1, "'await' is a word of Python", ""),
    ("None", 1, "'None' is a word of Python", ""),
    ("x + 1\x00", 6, "U+0000 has no meaning", ""),
    ("x\ud800", 2, "U+D800 has no meaning", ""),
    ("x\u202e + 1", 2, "U+202E RIGHT-TO-LEFT OVERRIDE has no meaning", ""),
    ("x\u200b + 1", 2, "U+200B ZERO WIDTH SPACE has no meaning", ""),
    ("√x²", 3, "a root with a power", "√(x²)"),
    ("√-x", 2, "a sign after √", "√(…)"),
    ("x²^3", 3, "a power of a power", ""),
    ("9**9**9", 2, "the exponent is larger than 1,000", ""),
    ("x^-1001", 2, "the exponent is larger than 1,000", ""),
    ("n = 1001; x^n", 12, "the exponent is larger than 1,000", ""),
    ("1e999", 1, "the number is too large", ""),
    ("x + " + "1" * 301, 5, "the number has more than 300 digits", ""),
]


@pytest.mark.parametrize(("text", "column", "what", "help_"), ERRORS, ids=[repr(row[0])[:30] for row in ERRORS])
def test_an_error_says_what_is_wrong_where_and_what_to_write(text: str, column: int, what: str, help_: str) -> None:
    error = error_of(text, **{name: 2 for name in "xyz" if name in text})
    assert what in error.msg.partition("\n")[0]
    assert help_ in error.msg
    assert (error.lineno, error.offset) == (1, column)


def test_a_printed_error_shows_the_line_and_points_at_the_place() -> None:
    assert str(error_of("q = x·2\n\tf = q + tanhh(x)", x=1)).splitlines()[:3] == [
        "unknown function 'tanhh'",
        "   f = q + tanhh(x)",
        "           ^^^^^",
    ]


@pytest.mark.parametrize(("text", "caret"), [("n\u0303 + q", "      ^"), ("数 + q", "       ^")])
def test_the_caret_keeps_its_column_after_accents_and_wide_characters(text: str, caret: str) -> None:
    name = unicodedata.normalize("NFC", text.partition(" ")[0])
    _, line, under, _ = str(error_of(text, **{name: 1})).splitlines()
    assert (line, under) == (f"  {text}", caret)


def test_an_error_in_a_long_line_shows_the_part_around_it() -> None:
    _, line, caret, _ = str(error_of("x+" * 900 + "q" + "+x" * 900, x=1)).splitlines()
    assert len(line) < 120
    assert line[caret.index("^")] == "q"


def test_an_error_is_a_syntax_error_that_python_can_show_pickle_and_copy() -> None:
    error = error_of("x + 2y", x=1)
    assert isinstance(error, SyntaxError)
    assert (error.text, error.end_offset, error.filename) == ("x + 2y", 7, "<expression>")
    shown = "".join(traceback.format_exception_only(error))
    assert shown.count("x + 2y") == 1
    assert str(pickle.loads(pickle.dumps(error))) == str(copy.copy(error)) == str(error)


def test_every_missing_name_is_told_at_once_and_a_long_list_is_cut() -> None:
    assert "Write a=…, b=… next" in error_of("a + b").msg
    assert len(str(error_of("+".join(f"v{i}" for i in range(1500))))) < 500


def test_a_value_that_nothing_uses_is_an_error() -> None:
    assert error_of("x + y", x=1, y=2, z=3).msg.startswith("a value is given for 'z', and nothing uses it")
    assert "and it is a function" in error_of("x", x=1, exp=2).msg


def test_an_empty_text_is_an_error() -> None:
    for text in ("", "  ", ";\n;"):
        assert "empty" in str(error_of(text))


@pytest.mark.parametrize(
    ("text", "kind", "caret"),
    [
        ("q = x·2; 1 + log(q - 2)", ValueError, "             ^^^"),
        ("1 / (x - 1)", ZeroDivisionError, "  ^"),
        ("x + exp(1000)", OverflowError, "    ^^^"),
        ("(x - 3)^0.5", ValueError, "       ^"),
        ("x + √(-1)", ValueError, "    ^"),
        ("x * 10^299 * 10^299", OverflowError, "           ^"),
    ],
)
def test_an_operation_without_a_result_keeps_its_error_and_is_pointed_at(
    text: str, kind: type[Exception], caret: str
) -> None:
    with pytest.raises(kind) as caught:
        parse(text, x=1)
    assert str(caught.value).splitlines()[1:] == [f"  {text}", f"  {caret}"]


def test_kinds_of_numbers_that_do_not_mix_are_pointed_at() -> None:
    with pytest.raises(TypeError, match=r"do not mix[^\n]*\n  x \+ 0\.1\n    \^$"):
        parse("x + 0.1", x=Decimal(1))


@pytest.mark.parametrize(
    "call",
    [
        lambda: parse(3),  # type: ignore[arg-type]
        lambda: parse(b"x", x=1),  # type: ignore[arg-type]
        lambda: parse("x", 3),  # type: ignore[arg-type]
        lambda: parse("x", {"x": 1}, x=2),
        lambda: parse("x", {1: 1}),  # type: ignore[dict-item]
        lambda: parse("x", {"x1": 1, "x₁": 2}),
        lambda: parse("x", x="3"),  # type: ignore[arg-type]
        lambda: parse("x", x=True),
        lambda: names(None),  # type: ignore[arg-type]
    ],
)
def test_arguments_of_another_type_are_type_errors(call: Callable[[], object]) -> None:
    with pytest.raises(TypeError):
        call()


# --- size


def quickly(run: Callable[[], Any]) -> Any:
    start = time.perf_counter()
    try:
        return run()
    finally:
        assert time.perf_counter() - start < 1


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("+".join("x" * 5000), 5000),
        ("-" * 9998 + "x", 1),
        ("^".join("x" * 5000), 1),
        ("√" * 9998 + "x", 1),
        ("(" * 200 + "x" + ")" * 200, 1),
        ("abs(" * 200 + "x" + ")" * 200, 1),
        ("+".join(["(x)"] * 300), 300),
        ("sum(" + ",".join("x" * 4000) + ")", 4000),
    ],
)
def test_long_texts_are_read_without_recursion(text: str, result: int) -> None:
    assert quickly(lambda: parse(text, x=1)).data == result


@pytest.mark.parametrize(
    "text",
    [
        "(" * 201 + "x" + ")" * 201,
        "(" * 10_000,
        "abs(" * 201 + "x" + ")" * 201,
        "x" * 10_001,
        "x" * 10_000,
        "1" * 10_000,
        "x" + "⁹" * 9_999,
        "x^" + "9" * 5,
        "1e" + "9" * 9_000,
        ")" * 10_000,
        "\n" * 9_999 + "=",
    ],
)
def test_texts_that_are_too_much_are_refused_at_once(text: str) -> None:
    with pytest.raises(ExpressionError):
        quickly(lambda: parse(text, x=1))
    with pytest.raises(ExpressionError):
        quickly(lambda: parse(text, x=1, exact=True))


@pytest.mark.parametrize(
    "text",
    [
        "x^y",
        "(1/x)^y",
        "1/x^300 · (1/y^30)",
        "1/x^y",
        ";".join(["a0 = 1/x", *[f"a{i + 1} = a{i}·a{i}" for i in range(60)], "a60 + y"]),
        "sum(" + ",".join(f"1/{i}^90" for i in range(7, 700)) + ") + x + y",
        "prod(" + ",".join(["10^290"] * 900) + ") + x + y",
    ],
)
def test_exact_numbers_do_not_grow_without_end(text: str) -> None:
    with pytest.raises(OverflowError):
        quickly(lambda: parse(text, x=9, y=10**8, exact=True))


# --- properties

FLAT = st.recursive(
    st.sampled_from(["x", "y", "z", "1", "2", "7"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", " - ", " / "]), inner).map("".join),
        inner.map("-{}".format),
        inner.map("({})".format),
        st.tuples(inner, st.sampled_from(["**2", "**3", "**-1", "**-x", "**0"])).map("".join),
    ),
    max_leaves=12,
)


@given(FLAT, st.integers(-3, 3), st.integers(-3, 3), st.integers(-3, 3))
def test_operators_bind_as_in_python(text: str, x: int, y: int, z: int) -> None:
    values = {name: number for name, number in {"x": x, "y": y, "z": z}.items() if name in text}
    in_python = re.sub("([0-9]+|[xyz])", r"F(\1)", text)
    try:
        expected = eval(in_python, {"F": Fraction, **values})
    except ZeroDivisionError:
        with pytest.raises(ZeroDivisionError):
            parse(text, values, exact=True)
        return
    except OverflowError:
        return
    assume(isinstance(expected, Fraction) and max(abs(expected.numerator), expected.denominator) < 10**30)
    try:
        assert parse(text, values, exact=True).data == expected
    except OverflowError as error:  # a part of it may be larger than the whole
        assert "digits" in str(error)


Tree = tuple[str, Callable[[dict[str, Value]], Any]]


def leaf(text: str) -> Tree:
    return (text, lambda names: names[text]) if text.isalpha() else (text, lambda _: float(text))


def infix(tree: tuple[Tree, tuple[str, Callable[..., Any]], Tree]) -> Tree:
    (left, of_left), (sign, do), (right, of_right) = tree
    return f"({left}) {sign} ({right})", lambda names: do(of_left(names), of_right(names))


def call(tree: tuple[str, list[Tree]]) -> Tree:
    name, inputs = tree
    text = ", ".join(text for text, _ in inputs)
    return f"{name}({text})", lambda names: FUNCTIONS[name](*[of_input(names) for _, of_input in inputs])


SIGNS = [("+", operator.add), ("−", operator.sub), ("·", operator.mul), ("÷", operator.truediv)]
TREES = st.recursive(
    st.sampled_from(["x", "y", "x", "2.5", "0.125"]).map(leaf),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(SIGNS), inner).map(infix),
        st.tuples(st.sampled_from(["tanh", "relu", "sin", "softplus"]), st.tuples(inner).map(list)).map(call),
        st.tuples(st.sampled_from(["max", "min", "sum", "prod"]), st.lists(inner, min_size=1, max_size=3)).map(call),
    ),
    max_leaves=10,
)


@given(TREES, st.floats(-2, 2), st.floats(-2, 2))
def test_an_expression_is_the_graph_that_its_operators_and_functions_build(tree: Tree, x: float, y: float) -> None:
    text, build = tree
    used = {name: Value(number, name) for name, number in {"x": x, "y": y}.items() if name in names(text)}
    try:
        expected = build(used)
    except ARITHMETIC_ERRORS as error:
        with pytest.raises(type(error)):
            parse(text, used)
        return
    result = parse(text, used)
    assert result.data == (expected.data if isinstance(expected, Value) else expected)
    assert leaves(result) == (leaves(expected) if isinstance(expected, Value) else [])


PIECES = [
    "x",
    "σ",
    "exp",
    "max",
    "(",
    ")",
    "(",
    ")",
    ",",
    ";",
    "\n",
    "=",
    "²",
    "⁻¹",
    "√",
    "^",
    "**",
    "·",
    "-",
    "+",
    "/",
]
PIECES += ["1", "9", "0", ".", "e", "1.5", " ", "_", "\t", "é", "\u0301", "ⁿ", "\x00", "'", "{", "\\", "#", "lambda"]


@settings(deadline=1000, max_examples=400)
@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=40).map("".join)), st.booleans())
def test_no_text_does_any_harm(text: str, exact: bool) -> None:
    try:
        needed = names(text)
        assert isinstance(parse(text, dict.fromkeys(needed, 2), exact=exact), Value)
    except ExpressionError as error:
        lines = str(error).encode("utf-8", "strict").decode().splitlines()
        assert lines[0] and all(line.isprintable() for line in lines)
    except ARITHMETIC_ERRORS as error:
        assert "^" in str(error).splitlines()[-1]


def test_python_written_in_the_text_is_not_run() -> None:
    for text in ("__import__('os')", "().__class__", "[x for x in x]", "f'{x}'", "(y := 1)", "x if x else x", "*x"):
        assert isinstance(error_of(text, x=1), ExpressionError)
