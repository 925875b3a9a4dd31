"""Formulas call what stands alone as the user does: w·x + b is Z = X·w + b."""

from __future__ import annotations

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Value, record
from printed_formulas import check_printed
from test_program_explain import check_matrices
from test_program_lines import lines


def pair(*labels: str) -> list[Value]:
    return [Value(0.5 - 0.2 * i, label) for i, label in enumerate(labels)]


def test_a_neuron_of_one_input_is_a_product_of_matrices() -> None:
    w, b = pair("w", "b")
    assert lines(lambda x, t: (w * x + b - t) ** 2, 0.1, 0.2, backward=True) == [
        "Y = X·w + b m×1 = (m×1)·(1×1) + (1×1)",
        "E = Y − T m×1",
        "ℓ = E² m×1 squared error",
        "L = 1/m·Σ ℓ 1×1",
        "∂L/∂Y = 2·(Y − T)/m m×1",
        "∂L/∂w = Xᵀ·∂L/∂Y 1×1 = (1×m)·(m×1)",
        "∂L/∂b = column sums of ∂L/∂Y 1×1",
        "Everything is grouped.",
    ]


def test_a_penalty_is_of_the_weight_by_its_name() -> None:
    w, b = pair("w", "b")
    found = lines(lambda x, t: (w * x + b - t) ** 2 + 0.01 * w**2 + 0.1 * abs(b), 0.1, 0.2, backward=True)
    assert found[0] == "Y = X·w + b m×1 = (m×1)·(1×1) + (1×1)"
    assert "R = 0.1·|b| + 0.01·w² 1×1 penalty" in found
    assert "∂L/∂w = Xᵀ·∂L/∂Y + 0.02·w 1×1 = (1×m)·(m×1) + (1×1)" in found
    assert found[-1] == "Everything is grouped."


def test_a_bias_after_a_layer_is_no_penalty() -> None:
    w, b = pair("w", "b")
    rows = [Value(0.1), Value(0.4)]
    program = record(lambda x: w * es.dot(rows, x) + b, [0.1, 0.2])
    assert [line.split(" = ")[0] for line in program.explain().splitlines()[:2]] == ["Z", "Y"]
    check_matrices(program, np.array([[0.1, 0.2], [0.4, -0.3]]))


def test_with_examples_as_columns_the_weight_stands_first() -> None:
    w, b = pair("w", "b")
    assert lines(lambda x: es.sigmoid(b + x * w), 0.1, examples="columns")[0] == "Z = w·X + b 1×m = (1×1)·(1×m) + (1×1)"


def test_parameters_without_names_have_those_of_layers() -> None:
    w, b = pair("", "")
    assert lines(lambda x: es.tanh(x * w + b), 0.1)[0] == "Z = X·W1 + B1 m×1 = (m×1)·(1×1) + (1×1)"


def test_a_product_that_is_read_twice_stays_one() -> None:
    w, b = pair("w", "b")
    found = lines(lambda x: (y := w * x) * es.tanh(y + b), 0.1)
    assert found[:2] == ["H1 = w·X m×1", "H2 = b + H1 m×1"]


def test_a_bias_on_what_the_function_returns_leaves_it_there() -> None:
    w, b = pair("w", "b")
    found = lines(lambda x: [y := w * x, y + b], 0.1)
    assert found[:2] == ["H1 = w·X m×1", "H2 = b + H1 m×1"]


@pytest.mark.parametrize(
    ("label", "text", "latex"),
    [
        ("k", "k", "k"),
        ("w_12", "w12", "w_{12}"),
        ("w₃", "w3", "w_{3}"),
        ("α", "α", r"\alpha"),
        ("λ0", "λ0", r"\lambda_{0}"),
        ("tasa", "tasa", r"\mathrm{tasa}"),
        ("año2", "año2", r"\mathrm{año}_{2}"),
    ],
)
def test_a_letter_or_a_word_with_a_number_is_a_name(label: str, text: str, latex: str) -> None:
    k = Value(0.5, label)
    program = record(lambda x: es.sin(k * x), 0.1)
    assert program.explain().startswith(f"H = {text}·X ")
    assert rf"H &= {latex} \cdot X &&" in program.explain(latex=True)
    assert rf"\frac{{\partial L}}{{\partial {latex}}} &= X^{{\top}}" in program.explain(latex=True, backward=True)
    assert set(program.matrices(np.array([0.3]))) >= {text, f"∂L/∂{text}"}
    check_matrices(program, np.array([0.1, 0.4]))


OTHERS = ["X", "Y", "H", "L", "m", "e", "log", "a b", "w'", "w.1", "1", "_", "x²", "σ", "ς", "αβ", "\n", "متغير", "p1"]


@pytest.mark.parametrize("label", [*OTHERS, "softmax", "", "a" * 13])
def test_any_other_name_and_one_that_is_taken_is_not_used(label: str) -> None:
    k, c = Value(0.5, label), Value(0.25, "p2")
    program = record(lambda x: es.exp(es.sin(k * x) * c), 0.1)
    text = program.explain(backward=True)
    assert text.startswith(("H1 = p·X ", "H1 = p1·X ")), text
    check_matrices(program, np.array([0.1, 0.4]))


@pytest.mark.parametrize("label", ["gain factor", "σ", "H", "w'"])
def test_a_name_that_no_formula_can_have_is_told_beside_it(label: str) -> None:
    (k,) = pair(label)
    assert f"In p: {label}." in lines(lambda x: es.exp(es.sin(k * x)), 0.1)


def test_what_the_weights_of_one_neuron_are_called_is_told() -> None:
    a, b, c = pair("a", "b", "c")
    program = record(lambda x: es.tanh(a * x[0] + b * x[1] + c), [0.1, 0.2])
    assert program.explain(language="en").splitlines()[-2:] == ["In W1: a, b.", "In B1: c."]
    assert program.explain(latex=True).splitlines()[:3] == [
        "% Todo está agrupado.",
        "% En W_{1}: a, b.",
        "% En B_{1}: c.",
    ]
    (gain,) = pair("gain factor")
    assert "In W1: gain factor." in lines(lambda x: gain * x + c, 0.1)


@pytest.mark.parametrize("label", ["", "a, b", "a\nb", "a" * 21])
def test_what_does_not_fit_a_list_is_not_told(label: str) -> None:
    (k,) = pair(label)
    assert not any(line.startswith("In p") for line in lines(lambda x: es.exp(es.sin(k * x)), 0.1))


def test_parameters_of_the_same_name_are_told_apart() -> None:
    a, b = pair("w", "w")
    program = record(lambda x: es.sin(a * x) * b, 0.1)
    assert "H1 = p1·X " in program.explain()
    assert "Y = p2·H2 " in program.explain()
    check_matrices(program, np.array([0.1, 0.4]))


def test_a_name_of_something_else_in_the_formulas_is_left_to_it() -> None:
    h, z = pair("H1", "W1")
    net = es.nn.MLP(2, [3, 1], seed=0)
    program = record(lambda x: es.sin(h * net(x)[0]) * z, [0.1, 0.2])
    names = [line.split(" = ")[0] for line in program.explain().splitlines() if " = " in line]
    assert len(names) == len(set(names))
    check_matrices(program, np.array([[0.1, 0.4], [0.3, 0.2]]))


def test_one_number_times_a_matrix_has_the_sign_of_a_product() -> None:
    a, b = pair("a", "b")
    found = lines(lambda x: [es.tanh(a * b * v) for v in x], [0.1, 0.2], backward=True)
    assert found[:2] == ["S = a·b 1×1", "H = S·X m×2"]
    assert "∂L/∂S = sum of (∂L/∂H ⊙ X) 1×1" in found
    assert "∂L/∂a = ∂L/∂S·b 1×1" in found


def test_what_is_printed_gives_the_numbers() -> None:
    k, damping = pair("k", "γ")

    def spring(x: Value, v: Value) -> Value:
        for _ in range(3):
            v = v + 0.1 * (-k * x - damping * v)
            x = x + 0.1 * v
        return x

    program = record(spring, 0.5, 0.1)
    xs = np.random.default_rng(0).normal(size=(2, 5))
    for examples in ("rows", "columns"):
        unread = check_printed(program, *xs, examples=examples)
        assert all("[" in formula for formula in unread), unread
        assert "In p: k, γ." in program.explain(examples=examples, language="en").splitlines()
    check_matrices(record(lambda x: spring(*x), [0.5, 0.1]), xs.T)
