"""The matrix formulas of recorded programs, forward and backward: what is printed holds for the arrays (B4)."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from latex_grammar import NotLatexError, check_latex
from micrograd_es import Value
from micrograd_es.ops import Op, Role
from micrograd_es.program import Program, record
from micrograd_es.program.blocks import Space
from micrograd_es.program.explaining.matrices import Lines
from micrograd_es.value import apply
from printed_formulas import check_printed
from test_program_blocks import CASES, network, tangled

B4 = """\
Z = X·W1 + B1                     m×5 = (m×4)·(4×5) + (1×5)
H = relu(Z)                       m×5
Y = H·W2 + B2                     m×3 = (m×5)·(5×3) + (1×3)
∂L/∂Y = lo que llega de fuera     m×3
∂L/∂W2 = Hᵀ·∂L/∂Y                 5×3 = (5×m)·(m×3)
∂L/∂B2 = sumas por columnas de ∂L/∂Y   1×3
∂L/∂H = ∂L/∂Y·W2ᵀ                 m×5 = (m×3)·(3×5)
∂L/∂Z = ∂L/∂H ⊙ 1[Z > 0]          m×5
∂L/∂W1 = Xᵀ·∂L/∂Z                 4×5 = (4×m)·(m×5)
∂L/∂B1 = sumas por columnas de ∂L/∂Z   1×5
Todo está agrupado."""

COLUMNS = """\
Z = W1·X + B1
H = relu(Z)
Y = W2·H + B2
∂L/∂Y = what comes from outside
∂L/∂W2 = ∂L/∂Y·Hᵀ
∂L/∂B2 = row sums of ∂L/∂Y
∂L/∂H = W2ᵀ·∂L/∂Y
∂L/∂Z = ∂L/∂H ⊙ 1[Z > 0]
∂L/∂W1 = ∂L/∂Z·Xᵀ
∂L/∂B1 = row sums of ∂L/∂Z
Everything is grouped."""

LATEX = r"""
Z &= X \cdot W_{1} + B_{1} && \in \mathbb{R}^{m \times 5} \\
H &= \operatorname{relu}(Z) && \in \mathbb{R}^{m \times 5} \\
Y &= H \cdot W_{2} + B_{2} && \in \mathbb{R}^{m \times 3} \\
\frac{\partial L}{\partial Y} &= \text{what comes from outside} && \in \mathbb{R}^{m \times 3} \\
\frac{\partial L}{\partial W_{2}} &= H^{\top} \cdot \frac{\partial L}{\partial Y} && \in \mathbb{R}^{5 \times 3} \\
\frac{\partial L}{\partial B_{2}} &= \mathbf{1}^{\top} \cdot \frac{\partial L}{\partial Y}
"""


def mlp() -> Program:
    return record(network(4, 5, 3), [0.0] * 4)


def formulas(text: str) -> list[str]:
    """The lines without the shapes beside them."""
    return [line.split("   ")[0].rstrip() for line in text.splitlines()]


def words(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_a_network_prints_the_formulas_of_the_lecture() -> None:
    assert words(mlp().explain(backward=True)) == words(B4)


def test_with_examples_as_columns_every_formula_is_transposed() -> None:
    text = mlp().explain(backward=True, examples="columns", language="en")
    assert formulas(text) == COLUMNS.splitlines()
    assert "5×m = (5×4)·(4×m) + (5×1)" in text


def test_the_latex_is_ready_for_align() -> None:
    text = mlp().explain(latex=True, backward=True, language="en")
    assert text.startswith("% Everything is grouped.\n" + LATEX.strip())


def test_functions_and_negative_numbers_are_written_as_latex_has_them(add_row: Callable[..., Op]) -> None:
    slope = lambda m, z, x: (2 / math.sqrt(math.pi) * math.exp(-x * x),)  # noqa: E731
    w = Value(0.5, "w")
    odd_one = add_row("odd_one", "erf", Role.SCALER, lambda m, x: math.erf(x), slope)
    fn = lambda x: es.maximum(x[0], -1.5) + es.where(x[0], x[1], -2.0) + apply(odd_one, w * x[1]) + x[0] ** -2  # noqa: E731
    text = record(fn, [0.1, 0.2]).explain(latex=True, backward=True, language="en")
    assert text.isascii()
    assert r"= \operatorname{max}(" in text and r", -1.5) &&" in text and r"\operatorname{where}(" in text
    assert r"= \operatorname{odd\_one}(" in text and r"\odot \partial \operatorname{odd\_one}(" in text


@pytest.mark.parametrize("name", CASES)
def test_the_latex_of_any_program_is_balanced_and_plain(name: str) -> None:
    fn, inputs, _ = CASES[name]
    text = record(fn, [0.1] * inputs).explain(latex=True, backward=True, language="en")
    comment, *lines = text.splitlines()
    assert comment.startswith("% ")
    for line in lines:
        assert line.isascii()
        assert line.count("{") == line.count("}")
        assert line.count(r"\left") == line.count(r"\right")
        assert line.count("&") == 3
    assert all(line.endswith(r"\\") for line in lines[:-1])
    check_latex(text)


@pytest.mark.parametrize(
    "formula",
    [
        r"\frac{a}", r"X^{\top}^{\top}", r"X_{1}_{2}", r"{X", r"X}", r"\left(X", r"\left X\right)", r"\wrong{X}",
        r"\left(a & b\right)", r"Σ", r"\text{a_b}", r"50%", r"X^", r"X^\frac{a}{b}",
    ],
)  # fmt: skip
def test_what_latex_could_not_set_is_seen(formula: str) -> None:
    check_latex(r"Y &= X && \in \mathbb{R}^{m \times 2} \quad \text{where $X_{1}$ is $\left(Z^{\top}\right)^{\top}$}")
    with pytest.raises(NotLatexError):
        check_latex(rf"Y &= {formula} && \in \mathbb{{R}}^{{m \times 2}}")


def test_a_transpose_of_what_has_a_superscript_stands_in_parentheses() -> None:
    """An MLP-Mixer's layers over the tokens, then over the channels, whose biases are added up for every token."""
    w1, w2, w3, w4 = [[[Value(0.1 * i - 0.3 * j + k) for i in range(2)] for j in range(2)] for k in range(4)]
    biases = [[Value(0.2 * i - k) for i in range(2)] for k in range(4)]

    def layer(w: list[list[Value]], b: list[Value], xs: Sequence[Value]) -> list[Value]:
        return [es.dot(row, xs) + bias for row, bias in zip(w, b, strict=True)]

    def mixed(x: Sequence[Sequence[Value]]) -> Value:
        tokens = [layer(w2, biases[1], list(map(es.relu, layer(w1, biases[0], c)))) for c in zip(*x, strict=True)]
        sums = [[row[j] + tokens[j][i] for j in range(2)] for i, row in enumerate(x)]
        channels = [layer(w4, biases[3], list(map(es.relu, layer(w3, biases[2], row)))) for row in sums]
        return es.sum([v for row in channels for v in row])

    text = record(mixed, [[0.1] * 2] * 2).explain(latex=True, backward=True)
    assert r"^{\uparrow 2}\right)^{\top}" in text
    check_latex(text)


def test_the_matrices_of_a_network_are_those_of_numpy() -> None:
    program = mlp()
    xs = np.random.default_rng(1).normal(size=(6, 4))
    upstream = np.random.default_rng(2).normal(size=(6, 3))
    m = program.matrices(xs, upstream=upstream)
    assert m["X"] == pytest.approx(xs)
    assert m["Z"] == pytest.approx(xs @ m["W1"] + m["B1"], rel=1e-14)
    assert m["H"] == pytest.approx(np.maximum(m["Z"], 0), rel=1e-14)
    assert m["Y"] == pytest.approx(program(xs), rel=1e-14)
    to_h = upstream @ m["W2"].T
    to_z = to_h * (m["Z"] > 0)
    expected = {"Y": upstream, "W2": m["H"].T @ upstream, "B2": upstream.sum(0, keepdims=True), "H": to_h, "Z": to_z}
    expected |= {"W1": xs.T @ to_z, "B1": to_z.sum(0, keepdims=True)}
    assert [name for name in m if name.startswith("∂")] == [f"∂L/∂{name}" for name in expected]
    for name, array in expected.items():
        assert m[f"∂L/∂{name}"] == pytest.approx(array, rel=1e-13), name


@pytest.mark.parametrize("name", CASES)
def test_the_formulas_of_any_program_give_its_numbers(name: str) -> None:
    fn, inputs, _ = CASES[name]
    program = record(fn, [0.1 * i for i in range(inputs)])
    check_matrices(program, np.random.default_rng(3).normal(size=(4, inputs)))


def check_matrices(program: Program, xs: np.ndarray) -> None:
    """The formulas, worked out one by one, against a run of the program."""
    found = program.matrices(xs)
    value, gradient = program.value_and_grad(xs)
    assert found["L"].item() == pytest.approx(value, rel=1e-12)
    flat = np.zeros(len(gradient))
    for matrix, rows in Lines(program.plan, program.shapes).given:
        if rows.space is Space.SHARED and matrix.gradient.name in found:
            slopes = found[matrix.gradient.name].T.ravel()
            there = [i for i, row in enumerate(rows.numbers) if row != program.plan.zeros.get(Space.SHARED)]
            flat[[rows.numbers[i] for i in there]] = slopes[there]
            assert not np.delete(slopes, there).any()  # where a weight is missing
    assert flat == pytest.approx(gradient, rel=1e-12, abs=1e-13 * np.abs(gradient).max(initial=1))


def test_what_is_the_same_for_all_examples_gets_the_gradient_of_all_of_them() -> None:
    w = Value(0.5, "w")
    program = record(lambda x: [x * w, es.tanh(w)], 0.0)
    assert "∂L/∂S = sumas por columnas de ∂L/∂Y[S]" in program.explain(backward=True)
    found = program.matrices(np.array([1.0, 2.0, 3.0]))
    assert found["∂L/∂S"].tolist() == [[3.0]]
    assert found["∂L/∂w"] == pytest.approx(6.0 + 3.0 * (1.0 - np.tanh(0.5) ** 2))
    assert program.matrices(np.zeros(0))["∂L/∂S"].tolist() == [[0.0]]


@pytest.mark.parametrize(
    "fn",
    [
        lambda x, a, b: [a, b],
        lambda x, a, b: [b, a, b],
        lambda x, a, b: [x * a, x * a],
        lambda x, a, b: [es.tanh(a), a * b],
        lambda x, a, b: [1.5, a],
        lambda x, a, b: [x, x, b],
    ],
    ids=["parameters", "one twice", "a result twice", "for all examples", "a constant", "an input twice"],
)
def test_outputs_of_any_kind_have_a_column_each(fn: Callable[..., Any]) -> None:
    w = [Value(0.5, "a"), Value(2.0, "b")]
    program = record(lambda x: fn(x, *w), 0.0, parameters=w)
    xs, upstream = np.array([1.0, -2.0, 3.0]), np.arange(3.0 * len(program.tape.outputs)).reshape(3, -1)
    found = program.matrices(xs, upstream=upstream)
    assert found["Y"] == pytest.approx(program(xs))
    assert program.matrices(xs)["∂L/∂Y"].tolist() == np.ones_like(upstream).tolist()
    total = record(lambda x, up: es.dot(up, fn(x, *w)), 0.0, upstream[0].tolist(), parameters=w)
    value, gradient = total.value_and_grad(xs, upstream, reduce="sum")
    assert (found["Y"] * upstream).sum() == pytest.approx(value)
    slopes = dict(zip(total.values, gradient, strict=True))
    for matrix, rows in Lines(program.plan, program.shapes).given:
        if rows.space is Space.SHARED and rows.numbers[0] < len(w):
            expected = [slopes[program.values[row]] for row in rows.numbers]
            assert found[matrix.gradient.name].ravel() == pytest.approx(expected), matrix.name


def test_a_parameter_that_is_returned_has_its_gradient() -> None:
    w = Value(0.5, "w")
    program = record(lambda x: w, 0.0)
    assert program.explain(backward=True, language="en").splitlines()[:2] == [
        "L = w       1×1",
        "∂L/∂w = 1   1×1",
    ]
    check_matrices(program, np.zeros((4,)))


@pytest.mark.parametrize("own", [es.sum, lambda w: 1 / es.sqrt(es.sum(w))], ids=["sums", "of sums"])
@pytest.mark.parametrize("neurons", [1, 2])
def test_weights_may_be_sums_of_parameters(neurons: int, own: Callable[[Sequence[Value]], Value]) -> None:
    parts = [[[Value(0.1 + 0.2 * i + k + j) for i in range(3)] for k in range(2)] for j in range(neurons)]
    program = record(lambda x: es.sum([es.tanh(es.dot(map(own, row), x)) for row in parts]), [0.1, 0.2])
    check_matrices(program, np.random.default_rng(1).normal(size=(4, 2)))


def test_weights_of_two_shapes_are_two_matrices() -> None:
    w = [Value(2.0), Value(3.0)]
    program = record(
        lambda x: es.sum([es.dot(w, x[:2]), *[es.tanh(a * x[2] + b) for a, b in zip(w, x, strict=False)]]), [0.0] * 3
    )
    xs = np.random.default_rng(5).normal(size=(4, 3))
    found = program.matrices(xs)
    assert found["L"] == pytest.approx(program(xs).mean(), rel=1e-12)
    slopes = sum(found[f"∂L/∂{name}"].ravel() for name in found if name[0] == "W" and found[name].shape == (1, 2))
    assert slopes == pytest.approx(program.value_and_grad(xs)[1], rel=1e-12)


NINE = [Value(0.1 * i) for i in range(9)]
ROWS = [NINE[:3], NINE[3:6], NINE[6:]]


def products(weights: Sequence[Sequence[Any]], x: Sequence[Any]) -> list[Value]:
    return [es.dot(row, x) for row in weights]


@pytest.mark.parametrize(
    ("fn", "inputs", "line"),
    [
        (lambda x: products(list(zip(*ROWS, strict=True)), products(ROWS, x)), 3, "W2 = W1ᵀ"),
        (lambda x: products([NINE[i : i + 3] for i in range(3)], x), 3, "W1 = [p[0:3]ᵀ, p[1:4]ᵀ, p[2:5]ᵀ]"),
        (lambda x: products([[*NINE[i:3], *NINE[:i]] for i in range(3)], x), 3, "W1 = [pᵀ, p[1, 2, 0]ᵀ, p[2, 0, 1]ᵀ]"),
        (lambda x: [*products(ROWS, x), *products([[-w for w in row[:2]] for row in ROWS], x[:2])], 3, "W2 = [W1; p]"),
        (lambda x: [*products([NINE[:3]], [x[0], x[1], es.sin(x[2])]), NINE[1] * es.sin(x[1])], 3, "p = W1ᵀ[1]"),
        (
            lambda x: products(
                list(zip(*[ROWS[i] for i in (0, 2, 1)], strict=True)), list(map(es.exp, products(ROWS, x)))
            ),
            3,
            "W2 = W1[0, 2, 1]ᵀ",
        ),
    ],
    ids=["transposed", "shifted", "turned round", "partly negated", "one of a neuron", "in another order"],
)
def test_weights_that_are_put_together_say_from_what(fn: Callable[..., Any], inputs: int, line: str) -> None:
    program = record(fn, [0.1 * i for i in range(inputs)])
    assert line in formulas(program.explain())


PENALISED = """\
p = [vec(W1)ᵀ, B1, W2ᵀ, B2]
S1 = p²
S2 = row sums of S1
S3 = 0.001·S2
Z = X1·W1 + B1
H = relu(Z)
Y = H·W2 + B2
U1 = X2 ⊙ Y
U2 = 1 − U1
U3 = relu(U2)
ℓ = U3 + S3
L = 1/m·Σ ℓ"""


def test_a_penalty_takes_its_numbers_from_the_weights_of_the_layers() -> None:
    model = es.MLP(3, [4, 1], seed=2)

    def loss(x: list[Any], t: Any) -> Any:
        return es.losses.hinge(model(x), [t]) + 1e-3 * es.sum([p**2 for p in model.parameters()])

    program = record(loss, [0.1, 0.2, 0.3], 1.0)
    text = program.explain(backward=True, language="en", steps=True)
    assert "\n".join(formulas(text)[:12]) == PENALISED
    assert "∂L/∂p = ∂L/∂S1 ⊙ (2·p)" in formulas(text)
    assert "∂L/∂W1 = X1ᵀ·∂L/∂Z + ∂L/∂p[W1]" in formulas(text)
    assert "vec(A): the columns of A, one after the other, in a single column." in formulas(text)
    assert r"\operatorname{vec}(W_{1})^{\top}" in program.explain(latex=True, steps=True)
    xs, ts = np.random.default_rng(4).normal(size=(5, 3)), np.array([1.0, -1.0, 1.0, 1.0, -1.0])
    found = program.matrices(xs, ts, steps=True)
    row = [*found["W1"].T.ravel(), *found["B1"].ravel(), *found["W2"].ravel(), *found["B2"].ravel()]
    assert found["p"].tolist() == [row]
    both = found["X1"].T @ found["∂L/∂Z"] + 2e-3 * found["W1"]
    assert found["∂L/∂W1"] == pytest.approx(both, rel=1e-12)


def test_the_gradient_of_a_transpose_is_a_transpose() -> None:
    def tied(x: list[Any]) -> list[Value]:
        return products(list(zip(*ROWS[:2], strict=True)), products(ROWS[:2], x))

    program = record(tied, [0.1] * 3)
    assert "∂L/∂W1 = (∂L/∂W2)ᵀ + Xᵀ·∂L/∂Z" in formulas(program.explain(backward=True))
    assert r"W_{2} &= W_{1}^{\top} &&" in program.explain(latex=True)
    assert r"\left(\frac{\partial L}{\partial W_{2}}\right)^{\top} +" in program.explain(latex=True, backward=True)
    found = program.matrices(np.array([[1.0, 2.0, 3.0]]))
    assert found["W2"].tolist() == found["W1"].T.tolist()


def test_a_product_with_a_number_is_written_apart_from_one_of_two_matrices() -> None:
    program = record(lambda x: [es.prod([p, 2, a, es.sin(a)]) for p, a in zip(NINE, x, strict=False)], [0.1] * 3)
    text = program.explain(backward=True)
    assert "Y = 2·p ⊙ X ⊙ H" in formulas(text)
    assert "(∂L/∂Y ⊙ (2·X ⊙ H))" in text
    assert r"Y &= 2 \cdot p \odot X \odot H &&" in program.explain(latex=True)
    roots = record(lambda x: es.sum([es.sqrt(p * p + a * a) for p, a in zip(NINE, x, strict=False)]), [0.1] * 3)
    assert "1/(2·H" in roots.explain(backward=True)
    quotients = record(lambda x: es.sum([a / p for p, a in zip(NINE[1:], x, strict=False)]), [0.1] * 3)
    assert "∂L/∂p = ∂L/∂S ⊙ (−1/p²)" in formulas(quotients.explain(backward=True))


def test_slopes_that_depend_on_the_other_columns_are_no_formula_of_one(add_row: Callable[..., Op]) -> None:
    ranked = add_row(
        "ranked",
        "r",
        Role.SCALER,
        forward=lambda m, *xs: m.sum([i * x for i, x in enumerate(xs)]),
        local=lambda m, z, *xs: tuple(range(len(xs))),
    )
    for row, line in ((ranked, "∂L/∂H2 = ∂L/∂Y ⊙ ∂ranked(H2)"), (es.ops.MUL, "∂L/∂H2 = ∂L/∂Y ⊙ ∂prod(H2)")):
        program = record(lambda x, row=row: apply(row, *[es.sin(p * x) for p in NINE[1:5]]), 0.1)
        text = program.explain(backward=True)
        assert line in formulas(text)
        assert text.endswith("∂f(A): en cada columna de A, la derivada de f respecto a esa columna.")
    norm = record(lambda x: es.log_sum_exp([p * x for p in NINE[:4]]), 0.1).explain(backward=True, language="en")
    assert "∂L/∂H = ∂L/∂Y ⊙ e^(H − Y)" in formulas(norm)


@pytest.mark.parametrize(
    ("choose", "first", "second", "command"),
    [(es.maximum, "≥", ">", r"\geq"), (es.minimum, "≤", "<", r"\leq")],
)
def test_what_is_sent_to_the_larger_or_smaller_of_two_compares_them(
    choose: Any, first: str, second: str, command: str
) -> None:
    """At a tie it goes to the first, as in the graph."""
    a, b = Value(1.0, "a"), Value(2.0, "b")
    program = record(lambda x: choose(es.sin(a * x[0]), es.sin(b * x[1])), [0.1, 0.2])
    text = formulas(program.explain(backward=True))
    assert f"∂L/∂G1 = ∂L/∂Y ⊙ 1[G1 {first} G2]" in text, text
    assert f"∂L/∂G2 = ∂L/∂Y ⊙ 1[G2 {second} G1]" in text, text
    assert rf"\odot \mathbf{{1}}[G_{{1}} {command} G_{{2}}]" in program.explain(backward=True, latex=True)
    xs = np.array([[0.3, 0.1], [0.2, 0.1], [0.2, 0.3]])  # in the second both are the same
    assert not [formula for formula in check_printed(program, xs) if " ⊙ 1[" in formula]
    check_matrices(program, xs)


def test_what_is_sent_past_a_number_compares_with_it() -> None:
    a = Value(2.0, "a")
    program = record(lambda x: es.minimum(es.maximum(es.exp(a * x), 0.8), 1.2), 0.1)
    text = formulas(program.explain(backward=True))
    assert {"∂L/∂H3 = ∂L/∂Y ⊙ 1[H3 ≤ 1.2]", "∂L/∂H2 = ∂L/∂H3 ⊙ 1[H2 ≥ 0.8]"} <= set(text), text
    check_printed(program, [-1.0, 0.0, 1.0])


def test_the_legend_says_which_of_several_equal_ones_counts() -> None:
    program = record(lambda x: es.maximum(*[es.relu(p * a) for p, a in zip(NINE, x, strict=True)]), [0.1] * 9)
    assert program.explain(backward=True, language="en").endswith("only the first counts.")
    assert "1[A = B]" not in program.explain()


def test_no_examples_have_matrices_without_rows() -> None:
    kernel = [Value(0.5), Value(-1.0)]
    program = record(lambda x: [x[0], 3.0, *[es.dot(kernel, x[i : i + 2]) for i in (0, 1)]], [0.0] * 3)
    assert program.matrices(np.zeros((0, 3)))["Y"].shape == (0, 4)
    several = record(lambda x: es.sum([es.sum([a * a, x[0]]) ** 2 for a in x]), [0.0] * 3)
    assert several.matrices(np.zeros((0, 3)))["L"].shape == (1, 1)


def test_scopes_stand_beside_the_formulas() -> None:
    w = [[Value(0.5), Value(-0.5)], [Value(0.1), Value(0.2)]]

    def fn(x: list[Value]) -> list[Any]:
        with es.scope("capa 1"):
            h = []
            for i, row in enumerate(w):
                with es.scope(f"neurona {i}"):
                    h.append(es.tanh(es.dot(row, x)))
        return h

    lines = record(fn, [0.0, 0.0]).explain().splitlines()
    assert lines[0].split("   ")[-1] == "capa 1"
    assert lines[1].endswith("   capa 1")


def notes(fn: Any, inputs: Sequence[Any]) -> set[str]:
    """What the lines of a program are recognised as."""
    program = record(fn, *inputs)
    return {line.note for line in Lines(program.plan, program.shapes, steps=True).forward if line.note}


def test_softmax_and_losses_are_recognised() -> None:
    net = network(4, 6, 3)
    x, t = [0.1] * 4, [0.0, 1.0, 0.0]
    assert notes(lambda x: es.softmax(net(x)), [x]) == {"log softmax", "softmax"}
    assert notes(lambda x, t: -es.dot(t, es.log_softmax(net(x))), [x, t]) == {"log softmax", "cross-entropy"}
    assert notes(lambda x: -es.log_softmax(net(x))[1], [x]) == {"log softmax", "cross-entropy"}
    assert notes(lambda x, t: es.log_sum_exp(y := net(x)) - es.dot(t, y), [x, t]) == {"cross-entropy"}
    assert notes(lambda x, t: es.sum([(y - s) ** 2 for y, s in zip(net(x), t, strict=True)]) / 3, [x, t]) == {
        "squared error"
    }
    assert "softmax" in notes(CASES["softmax by hand"][0], [x])
    assert notes(lambda x: es.sum([y * y for y in net(x)]), [x]) == set()


NEARLY_ENTROPIES: dict[str, Any] = {
    "two of three": lambda y, t: es.log_sum_exp(y) - t[0] * y[0] - t[1] * y[1],
    "a constant": lambda y, t: es.log_sum_exp(y) - 0.5 + 0 * t[0],
    "a target alone": lambda y, t: es.log_sum_exp(y) - t[0],
    "a penalty, too": lambda y, t: es.log_sum_exp(y) - (es.dot(t, y) + Value(0.5, "p") ** 2),
    "one probability": lambda y, t: -(t[0] * es.log_softmax(y)[0]),
    "two probabilities": lambda y, t: -es.sum([a * b for a, b in zip(t[:2], es.log_softmax(y)[:2], strict=True)]),
    "no logarithm": lambda y, t: -es.dot(t, es.softmax(y)),
    "factors that sum to 6": lambda y, t: -es.sum([2 * log for log in es.log_softmax(y)]) + 0 * t[0],
}


@pytest.mark.parametrize("name", NEARLY_ENTROPIES)
def test_what_is_nearly_a_cross_entropy_is_not_called_one(name: str) -> None:
    net = network(4, 6, 3)
    found = notes(lambda x, t: NEARLY_ENTROPIES[name](net(x), t), [[0.1] * 4, [0.2, 0.5, 0.3]])
    assert "cross-entropy" not in found


def test_a_spread_a_distance_and_an_entropy_are_no_losses() -> None:
    net, x = network(4, 6, 4), [0.1] * 4
    centre, scale = [Value(0.1 * i) for i in range(4)], Value(2.0)
    spread = lambda y: es.sum([(v - es.sum(y) / 4) ** 2 for v in y]) / 4 * scale  # noqa: E731
    assert notes(spread, [x]) == set()
    assert notes(lambda x: spread(net(x)), [x]) == set()
    assert notes(lambda x: es.sum([(v - c) ** 2 for v, c in zip(x, centre, strict=True)]) * scale, [x]) == set()
    assert notes(lambda x: es.sum([(x[i] - x[i - 1]) ** 2 for i in range(4)]) * scale, [x]) == set()
    shares = lambda x: zip(es.softmax(net(x)), es.log_softmax(net(x)), strict=True)  # noqa: E731
    assert "cross-entropy" not in notes(lambda x: -es.sum([p * log for p, log in shares(x)]) * scale, [x])
    assert "cross-entropy" not in notes(lambda x: -es.dot(es.softmax(net(x)), net(net(x))) * scale, [x])


def test_what_is_not_grouped_is_said() -> None:
    r = random.Random(3)
    a = [Value(r.random()) for _ in range(3)]
    text = record(lambda x: es.exp(es.sin(x) * a[0]) + es.log(2 + a[1] * x * x), 0.5).explain(language="en")
    assert text.endswith("Not grouped: 8 single operations (2 add, 1 exp, 1 log, 3 mul, 1 sin).")
    ragged = record(lambda x: es.sum([es.tanh(a[i] * x[i] + a[1] * x[i + 1]) for i in range(3)]), [0.1] * 4)
    assert "1 product of rows with inputs of their own" in ragged.explain(language="en")
    assert "1 producto de filas con entradas distintas" in ragged.explain()
    neuron = record(lambda x: es.tanh(a[0] * x[0] + a[1] * x[1] + a[2]), [0.1, 0.2]).explain(language="en")
    assert neuron.endswith("Everything is grouped.")  # a layer of one neuron is one


def test_unknown_options_are_named() -> None:
    with pytest.raises(ValueError, match="examples is 'filas'; expected one of 'rows', 'columns'"):
        mlp().explain(examples="filas")
    with pytest.raises(ValueError, match="language is 'fr'; expected one of 'es', 'en'"):
        mlp().explain(language="fr")


@pytest.mark.parametrize("seed", range(4))
def test_the_formulas_of_a_tangled_graph_give_its_numbers(seed: int) -> None:
    r = random.Random(seed)
    fn = tangled(seed, 250, [Value(r.uniform(-1, 1)) for _ in range(12)])
    program = record(lambda x: es.sum(fn(x)), [0.1, 0.2, 0.3, 0.4])
    check_matrices(program, np.random.default_rng(seed).normal(size=(4, 4)))
    for examples in ("rows", "columns"):
        assert len(program.explain(backward=True, examples=examples).splitlines()) > 100


def test_the_root_of_a_whole_number_is_written_as_one() -> None:
    program = record(lambda x: [v / math.sqrt(3) for v in x] + [-math.sqrt(2) * v for v in x], [0.1, 0.2])
    assert formulas(program.explain())[:2] == ["H1 = X/√3", "H2 = −√2·X"]
    assert r"H_{1} &= \frac{X}{\sqrt{3}}" in program.explain(latex=True)
    other = record(lambda x: [1.7 * v for v in x] + [v * 3.0**0.25 for v in x], [0.1, 0.2])
    assert formulas(other.explain())[:2] == ["H1 = 1.7·X", f"H2 = {3.0**0.25!r}·X"]


@pytest.mark.parametrize("one_over_root", [3**-0.5, 1 / math.sqrt(3)])
def test_one_over_the_root_of_a_whole_number_is_written_as_one(one_over_root: float) -> None:
    w, c = Value(0.5, "w"), one_over_root
    program = record(lambda x: es.sum([es.exp(-c * es.tanh(w * v)) for v in x]), [0.1, 0.2])
    text = program.explain(backward=True)
    assert {"H3 = −1/√3·H2", "∂L/∂H2 = −1/√3·∂L/∂H3"} <= set(formulas(text)), text
    assert r"H_{3} &= -\frac{1}{\sqrt{3}} \cdot H_{2}" in program.explain(latex=True)
    check_matrices(program, np.array([[0.5, -1.0], [2.0, 0.25]]))
    near = record(lambda x: [v * (one_over_root + 1e-13) for v in x], [0.1, 0.2])
    assert "√" not in near.explain()


def test_a_divisor_may_stand_in_a_term_that_is_added_and_in_one_that_is_subtracted() -> None:
    w = [Value(0.25 * i, f"w{i}") for i in range(4)]
    program = record(
        lambda x: [x[0] / 4 + w[0] * x[1] + w[1] * x[2], w[2] * x[0] - x[1] / 4 + w[3] * x[2]], [0.1, 0.2, 0.3]
    )
    assert "Y = X·W1" in formulas(program.explain())
    found = program.matrices([[1.0, 2.0, 3.0]])
    assert found["W1"].T.tolist() == [[0.25, 0.0, 0.25], [0.5, -0.25, 0.75]]


def test_numbers_that_are_added_in_two_places_are_one_number() -> None:
    program = record(lambda x: es.sum([es.log(1 + (1 + v * v)) for v in x]), [0.1, 0.2, 0.3])
    assert formulas(program.explain())[:3] == ["H1 = X²", "H2 = H1 + 2", "H3 = log(H2)"]
