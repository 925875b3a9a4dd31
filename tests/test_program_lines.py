"""What a lecturer reads in the formulas of small functions: numbers, sums of two, and signs that are told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Value, record
from micrograd_es.ops import Op, Role
from micrograd_es.value import apply
from printed_formulas import check_printed

A, B, C = Value(0.5, "a"), Value(-0.3, "b"), Value(0.2, "c")
CENTRES = [[Value(0.3 * i - 0.2 * j) for j in range(2)] for i in range(3)]


def layer(weights: Sequence[Sequence[Any]], x: Sequence[Any]) -> list[Value]:
    return [es.dot(row, x) for row in weights]


def two(x: Sequence[Any]) -> list[Value]:
    return layer([[A, B], [B, C]], x)


def lines(fn: Callable[..., Any], *examples: Any, **options: Any) -> list[str]:
    """The formulas, with one space where there are several."""
    return [" ".join(line.split()) for line in record(fn, *examples).explain(language="en", **options).splitlines()]


def beside_one(x: Sequence[Any]) -> Value:
    """The same neuron twice, with a 1 among its inputs for its bias."""
    return es.tanh(es.dot([A, B, C], [es.tanh(es.dot([A, B, C], [*x, 1.0])), x[1], 1.0]))


CASES: dict[str, tuple[Callable[..., Any], Sequence[Any], list[str]]] = {
    "a sum of three matrices": (
        lambda x, y: [es.sum([h, 2 * es.sin(a), 2 * es.sin(a + 1)]) for h, a in zip(two(x), y, strict=True)],
        [[0.1, 0.2], [0.3, 0.4]],
        ["Y = Z + H3 + H5 m×2"],
    ),
    "a sixtieth": (
        lambda x: [0.1 / 6 * es.sin(h * (-1 / 3)) for h in two(x)],
        [[0.1, 0.2]],
        ["H1 = −1/3·Z m×2", "Y = 1/60·H2 m×2"],
    ),
    "a polynomial": (
        lambda x: 3 * x**3 - 2 * x**2 + x - 5,
        [0.4],
        ["C = [3, 2] 1×2", "W1 = [3; −2] 2×1", "H = X^C m×2", "Y = H·W1 − 5 + X m×1 = (m×2)·(2×1) + (1×1) + (m×1)"],
    ),
    "a layer of numbers": (
        lambda x: layer([[1, 2, -1], [0.5, 4, 1 / 3]], [A * v for v in x]),
        [[0.1, 0.2, 0.3]],
        ["W1 = [1, 0.5; 2, 4; −1, 1/3] 3×2"],
    ),
    "more numbers than are read": (
        lambda x: layer([[(i + 1) * (j + 2) for j in range(5)] for i in range(4)], x),
        [[0.1] * 5],
        ["W1 = [2, 4, 6, 8, 3, 6, 9, 12, 4, 8, 12, 16, …] 5×4"],
    ),
    "numbers that are worked out": (
        lambda x: es.sin(A * x) / 3 + es.cos(B * x) / 4,
        [0.1],
        ["W1 = [1/3; 0.25] 2×1"],
    ),
    "a number that has no few digits": (
        lambda x, y: es.sqrt(es.sum([v * v for v in x]) / 3 + y),
        [[0.1, 0.2, 0.3], 1.0],
        ["H3 = 1/3·H2 m×1"],
    ),
    "a number of few digits": (
        lambda x, y: es.sqrt(es.sum([v * v for v in x]) / 4 + y),
        [[0.1, 0.2, 0.3], 1.0],
        ["H3 = 0.25·H2 m×1"],
    ),
    "a number that is taken away": (
        lambda x: es.dot([A, B], x) - 0.3,
        [[0.1, 0.2]],
        ["Y = X·W1 − 0.3 m×1 = (m×2)·(2×1) + (1×1)"],
    ),
    "numbers among parameters": (
        lambda x: [es.dot([A, B], x) - 0.5, es.dot([C, A], x) - 0.5, es.dot([B, C], x) + A],
        [[0.1, 0.2]],
        ["B1 = [−0.5, p[0], −0.5] 1×3"],
    ),
    "a softmax of two": (
        lambda x: es.softmax(two(x)),
        [[0.1, 0.2]],
        ["Z = X·W1 m×2 = (m×2)·(2×2)", "Y = softmax(Z) m×2", "Everything is grouped."],
    ),
    "a softmax of each row": (
        lambda x: [p for row in x for p in es.softmax([A * v for v in row])],
        [[[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]],
        ["H2 = log Σ₃(e^H1) m×2", "G = H2↑₃ m×6", "H3 = H1 − G m×6", "A↑ₙ: each column of A n times in a row."],
    ),
    "a sum of two": (
        lambda x: es.sum([es.relu(y) for y in two(x)]),
        [[0.1, 0.2]],
        ["ℓ = row sums of Y m×1", "Everything is grouped."],
    ),
    "a softplus": (
        lambda x: es.softplus(two(x)[0]),
        [[0.1, 0.2]],
        ["Y = softplus(Z) m×1"],
    ),
    "the same constant as a weight and added": (
        lambda x: [A * x[0] + B * x[1] - 3.0, A * x[0] - 3.0 * x[1]],
        [[0.1, 0.2]],
        ["W1 = [pᵀ, [p[0], −3]ᵀ] 2×2", "B1 = [−3, 0] 1×2", "Y = X·W1 + B1 m×2 = (m×2)·(2×2) + (1×2)"],
    ),
    "a table of data whose first column is 1": (
        lambda x, t: (es.dot([A, B, C], [1.0, *x]) - t) ** 2,
        [[0.1, 0.2], 0.3],
        ["Y = X·W1 + B1 m×1 = (m×2)·(2×1) + (1×1)", "In B1: a."],
    ),
    "a bias as the weight of a 1": (
        beside_one,
        [[0.1, 0.2]],
        ["Z1 = X·W1 + B1 m×1 = (m×2)·(2×1) + (1×1)", "Z2 = G·W1 + B1 m×1 = (m×2)·(2×1) + (1×1)", "In B1: c."],
    ),
    "a gate that is mostly closed": (
        lambda x: [es.sigmoid(es.tanh(v) - 1 / 3) * (y * -1) for v, y in zip(two(x), x, strict=True)],
        [[0.1, 0.2]],
        ["H3 = H2 − 1/3 m×2", "H1 = −X m×2"],
    ),
    "the weights of one input, and their squares": (
        lambda x: [w * w * es.tanh(w * x + C) for w in (A, B)],
        [0.1],
        ["S = W1² 1×2", "Z = X·W1 + B1 m×2 = (m×1)·(1×2) + (1×1)"],
    ),
    "an exponential below 0": (
        lambda x: [es.where(v, v, es.exp(v) - 1) for v in two(x)],
        [[0.1, 0.2]],
        [
            "Y = where(Z, Z, H2) m×2",
            "where(A, B, C): number by number that of B where that of A is above 0, else that of C.",
        ],
    ),
    "a product of many": (
        lambda x: es.prod([es.sin(v) for v in x]),
        [[0.1, 0.2, 0.3]],
        ["Y = prod H m×1", "prod A: in each row of A the product of its numbers."],
    ),
    "the probability of an action": (
        lambda x, a: 2 * es.log(es.dot(es.softmax(two(x)), a)),
        [[0.1, 0.2], [0.0, 1.0]],
        ["P = softmax(Y) m×2", "U1 = P ⊙ X2 m×2", "U2 = row sums of U1 m×1", "U3 = log(U2) m×1"],
    ),
    "how far it is from each of several centres": (
        lambda x: [es.sum([(a - c) ** 2 for a, c in zip(x, centre, strict=True)]) for centre in CENTRES],
        [[0.1, 0.2]],
        ["G = [X, X, X] m×6", "H1 = G − p m×6", "H2 = H1² m×6", "Y = Σ₂(H2) m×3"],
    ),
    "a column beside a row": (
        lambda x: [A * x, es.tanh(B * x)],
        [0.4],
        ["Number by number, a single row or column is repeated to the shape of the other matrix."],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_it_reads_as_a_lecture_writes_it(name: str) -> None:
    fn, examples, expected = CASES[name]
    found = lines(fn, *examples)
    assert [line for line in expected if line not in found] == []
    assert not any("cross-entropy" in line for line in found)


@pytest.mark.parametrize("name", CASES)
def test_its_matrices_have_the_numbers_of_the_program(name: str) -> None:
    fn, examples, _ = CASES[name]
    program = record(fn, *examples)
    xs = [np.random.default_rng(1).uniform(0.1, 2, size=(4, *np.shape(example))) for example in examples]
    found = program.matrices(*xs)
    assert found["ℓ" if "ℓ" in found else "Y"].ravel() == pytest.approx(program(*xs).ravel(), rel=1e-12)
    for line in program.explain(backward=True).splitlines():
        name, is_formula, rest = line.partition(" = ")
        if is_formula and "×" in rest:
            assert name in found


def test_numbers_stand_as_their_matrix_does() -> None:
    def rotated(x: Sequence[Any]) -> list[Value]:
        return layer([[1, 2, 3], [4, -5, 6]], [A * v for v in x])

    assert "W1 = [1, 4; 2, −5; 3, 6] 3×2" in lines(rotated, [0.1] * 3)
    assert "W1 = [1, 2, 3; 4, −5, 6] 2×3" in lines(rotated, [0.1] * 3, examples="columns")
    assert r"W_{1} &= \left[1,\, 4; 2,\, -5; 3,\, 6\right] &&" in record(rotated, [0.1] * 3).explain(latex=True)


def test_the_gradient_of_a_softmax_of_each_row_is_that_of_numpy() -> None:
    program = record(CASES["a softmax of each row"][0], *CASES["a softmax of each row"][1])
    xs, upstream = (np.random.default_rng(seed).normal(size=(4, 6)) for seed in (1, 2))
    found = program.matrices(xs.reshape(4, 2, 3), upstream=upstream)
    p = program(xs.reshape(4, 2, 3)).reshape(4, 2, 3)
    u = upstream.reshape(4, 2, 3)
    expected = p * (u - (u * p).sum(axis=2, keepdims=True))
    assert found["∂L/∂H1"] == pytest.approx(expected.reshape(4, 6), rel=1e-12)
    assert "∂L/∂H1 = ∂L/∂H3 + ∂L/∂H2↑₃ ⊙ e^(H1 − H2↑₃)" in program.explain(backward=True)
    text = program.explain(backward=True, latex=True)
    assert r"\log \Sigma_{3}\left(e^{H_{1}}\right)" in text
    assert r"e^{H_{1} - {H_{2}}^{\uparrow 3}}" in text


def test_the_way_back_of_row_sums_is_a_product_with_ones() -> None:
    program = record(CASES["a sum of two"][0], [0.1, 0.2])
    slope, back = r"\frac{\partial L}{\partial \ell}", r"\frac{\partial L}{\partial Y} &= "
    assert back + rf"{slope} \cdot \mathbf{{1}}^{{\top}} &&" in program.explain(latex=True, backward=True)
    assert back + rf"\mathbf{{1}} \cdot {slope} &&" in program.explain(latex=True, backward=True, examples="columns")
    assert "∂L/∂Y = ∂L/∂ℓ↑₂" in program.explain(backward=True)


def test_a_gradient_is_multiplied_by_a_number_as_a_lecture_does() -> None:
    found = lines(lambda x, t: es.relu(es.tanh(A * x / 4) - t) ** 2 + es.sin(x * B) / 4, 0.1, 0.2, backward=True)
    assert any(line.startswith("∂L/∂H") and " = 0.25·∂L/∂" in line for line in found)
    assert any(" ⊙ (2·H" in line for line in found)
    assert not any(line.endswith("m×1 = (m×1)") for line in found)


def test_a_negative_number_before_a_gradient_is_taken_away_and_a_reciprocal_is_worked_out() -> None:
    found = lines(lambda x: es.tanh(A * x) + es.softplus(-2 * es.tanh(A * x)) / 0.5, 0.1, backward=True)
    assert any(" − 2·∂L/∂" in line for line in found)
    assert any(" = 2·∂L/∂" in line for line in found)
    assert not any("(−2)" in line or "1/0.5" in line for line in found)


def test_what_is_multiplied_by_itself_is_a_square() -> None:
    found = lines(
        lambda x: es.sum([v * v for v in map(es.tanh, layer([[A, B], [B, C]], x))]), [0.1, 0.2], backward=True
    )
    assert "U = Y² m×2" in found
    assert sum(" ⊙ (2·" in line for line in found) == 1


def test_a_squared_error_times_what_is_computed_is_none() -> None:
    def error(x: Sequence[Any], t: Sequence[Any]) -> Value:
        return es.sum([(y - u) ** 2 for y, u in zip(two(x), t, strict=True)])

    inputs = [0.1, 0.2], [0.3, 0.4]
    gated = lines(lambda x, t: es.sigmoid(C * x[0]) * error(x, t), *inputs)
    assert [line for line in gated if line.startswith("ℓ")] == ["ℓ = U3 ⊙ U6 m×1"]
    weighted = lines(lambda x, t, v: v * error(x, t), *inputs, 1.0)
    assert [line for line in weighted if line.startswith("ℓ")] == ["ℓ = X3 ⊙ U3 m×1 squared error"]


@pytest.mark.parametrize("known", [True, False])
def test_a_variance_is_no_squared_error_where_rows_are_normalised_by_hand(known: bool) -> None:
    def normalised(row: Sequence[Any]) -> list[Any]:
        mean = es.sum(row) / 4
        apart = [x - mean for x in row]
        deviation = es.sqrt(es.sum([x * x for x in apart]) / 4 + 1e-5)
        return [x / deviation for x in apart]

    def fn(x: Sequence[Any]) -> Any:
        found = [normalised(row if known else [es.tanh(A * a) for a in row]) for row in x]
        return [a for row in found for a in two(row[:2])]

    assert not [line for line in lines(fn, [[0.1, 0.2, 0.3, 0.4]] * 3) if "squared error" in line]


def test_a_squared_error_is_one_where_its_root_is_the_output_and_not_as_a_step_of_something_else() -> None:
    def error(x: Sequence[Any], t: Sequence[Any]) -> Value:
        return es.sum([(y - u) ** 2 for y, u in zip(two(x), t, strict=True)])

    inputs = [0.1, 0.2], [0.3, 0.4]
    weighted = lines(lambda x, t: es.sqrt((t[0] + t[1]) * error(x, t)), *inputs)
    assert [line for line in weighted if "squared error" in line] == ["U5 = U1 ⊙ U4 m×1 squared error"]
    mean = lines(lambda w: es.sum([(es.exp(a) - b) ** 2 for a, b in zip((A, B), w, strict=True)]) / 2, [0.1, 0.2])
    assert [line for line in mean if "squared error" in line] == ["ℓ = H3/2 m×1 squared error"]
    for fn in (lambda x, t: es.exp(-error(x, t)), lambda x, t: x[0] / error(x, t), lambda x, t: error(x, t) ** 2):
        assert not [line for line in lines(fn, *inputs) if "squared error" in line]


def test_a_single_number_has_all_its_digits_and_of_many_it_is_told() -> None:
    found = lines(lambda x: es.sum([A * v + es.softplus(v) - 0.6931471805599453 for v in x]), [0.1, 0.2])
    assert "C = −1.3862943611198906 1×1" in found
    assert "Of the long numbers of a matrix six digits are written." not in found
    found = lines(lambda x: layer([[0.123456789, 2.0]], [A * v for v in x]), [0.1, 0.2])
    assert "C = [0.123457; 2] 2×1" in found
    assert "Of the long numbers of a matrix six digits are written." in found


def test_slopes_that_are_a_number_stand_before_the_gradient_of_every_column(add_row: Callable[..., Op]) -> None:
    mean = add_row(
        "mean_of",
        "mean",
        Role.DISTRIBUTOR,
        forward=lambda m, *xs: m.sum(xs) / len(xs),
        local=lambda m, z, *xs: (1 / len(xs),) * len(xs),
    )
    program = record(lambda x: apply(mean, *map(es.tanh, layer([[A, B], [B, C], [C, A]], x))), [0.1, 0.2])
    assert "∂L/∂Y = 1/3·∂L/∂ℓ↑₃" in program.explain(backward=True)
    assert r"\frac{1}{3} \cdot \frac{\partial L}{\partial \ell} \cdot \mathbf{1}^{\top}" in program.explain(True, True)
    assert r"\operatorname{mean\_of}" in program.explain(latex=True)
    assert program.matrices(np.ones((4, 2)))["∂L/∂Y"] == pytest.approx(np.full((4, 3), 1 / 12))


def test_a_slope_that_is_a_function_of_a_number_multiplies_what_comes_back(add_row: Callable[..., Op]) -> None:
    grown = add_row("grown", "?", Role.SCALER, lambda m, x: m.exp(0.5) * x, lambda m, z, x: (m.exp(0.5),))
    program = record(lambda x: es.sum([apply(grown, y) for y in two(x)]), [0.1, 0.2])
    text = program.explain(backward=True, language="en")
    assert "U = e^0.5·Y " in text and "∂L/∂Y = e^0.5·∂L/∂U " in text, text
    check_printed(program, np.random.default_rng(1).normal(size=(4, 2)))


@pytest.mark.parametrize(
    ("name", "latex"),
    [("f{x}", r"f\{x\}"), ("}{", r"\}\{"), ("50%", r"50\%"), ("a&b", r"a\&b"), ("a_b_c", r"a\_b\_c"), ("step", "step")],
)
def test_the_name_of_a_row_without_a_formula_may_be_any_text(add_row: Callable[..., Op], name: str, latex: str) -> None:
    row = add_row(name, "?", Role.SCALER, lambda m, x: max(float(x), 0.5), lambda m, z, x: (float(x) > 0.5,))
    program = record(lambda x: [apply(row, A * v) for v in x], [0.1, 2.0])
    assert f"Y = {name}(H)" in program.explain()
    assert rf"Y &= \operatorname{{{latex}}}(H)" in program.explain(latex=True)
    assert rf"\partial \operatorname{{{latex}}}(H)" in program.explain(latex=True, backward=True)


def test_weights_of_one_input_that_are_put_together_are_one_row() -> None:
    def fn(x: Any) -> list[Value]:
        return [A * x + B, x * B + es.tanh(x), 2 * x + A]

    assert "W1 = [p, 2] 1×3" in lines(fn, 0.1)
    assert "W1 = [p; 2] 3×1" in lines(fn, 0.1, examples="columns")


def test_a_matrix_that_is_the_weights_of_one_neuron_is_one_column() -> None:
    rows, columns = [[[Value(0.1 * i + j) for j in range(2)] for i in range(k, k + 3)] for k in (0, 3)]
    found = lines(lambda x: es.tanh(es.dot([es.dot(r, c) for r in rows for c in columns], x)), [0.1] * 9)
    assert "W1 = vec(S) 9×1" in found
    assert "vec(A): the columns of A, one after the other, in a single column." in found


def test_rows_of_weights_that_are_used_again_are_columns_of_their_transpose() -> None:
    rows = [[Value(0.1 * i + j) for j in range(3)] for i in range(4)]

    def tied(x: Sequence[Any], *places: int) -> list[Value]:
        h = [es.tanh(y) for y in layer(rows, x)]
        return layer([[row[j] for row in rows] for j in places], h)

    found = lines(lambda x: tied(x, 1, 2), [0.1] * 3)
    assert "W2 = W1ᵀ[1:3] 4×2" in found
    assert "W2 = W1ᵀ[2, 0] 2×4" in lines(lambda x: tied(x, 2, 0), [0.1] * 3, examples="columns")
    assert r"W_{2} &= W_{1}^{\top}[1] &&" in record(lambda x: tied(x, 1), [0.1] * 3).explain(latex=True)
    assert record(lambda x: tied(x, 1), [0.1] * 3).matrices(np.ones((2, 3)))["W2"].ravel() == pytest.approx(
        [1.0, 1.1, 1.2, 1.3]
    )


def test_columns_that_are_all_the_same_have_the_shape_that_is_written() -> None:
    def shifted(x: Sequence[Any]) -> list[Value]:
        return [a - x[0] for a in x]

    def twice(x: Sequence[Any]) -> list[Value]:
        return shifted(shifted([a - c for a, c in zip(x, (0.3, 0.6, 3 * 0.3), strict=True)]))

    found = lines(twice, [0.1] * 3)
    assert "G2 = H1[0, 0] m×2" in found
    assert "H4 = G2 + H2 m×2" in found
    assert not any("six digits" in line for line in found)  # 3·0.3 is 0.8999999999999999
    assert record(twice, [0.1] * 3).matrices(np.ones((4, 3)))["G2"].shape == (4, 2)


def test_the_gates_of_a_recurrent_cell_stand_together_at_every_step() -> None:
    gates, inner = ([[Value(0.1 * i - 0.3 * j + k) for j in range(5)] for i in range(3)] for k in (0, 1))
    reset = [[Value(0.2 * i + 0.1 * j) for j in range(5)] for i in range(3)]

    def cell(xs: Sequence[Sequence[Any]]) -> list[Value]:
        h: Sequence[Any] = [0.0] * 3
        for x in xs:
            zs = [es.sigmoid(y) for y in layer(gates, [*x, *h])]
            rs = [es.sigmoid(y) for y in layer(reset, [*x, *h])]
            news = [es.tanh(y) for y in layer(inner, [*x, *[r * a for r, a in zip(rs, h, strict=True)]])]
            h = [(1 - z) * a + z * b for z, a, b in zip(zs, h, news, strict=True)]
        return [*h]

    found = lines(cell, [[0.1] * 2] * 3)
    second = "Z3 = G5·W1 + H7·W3 m×6 = (m×2)·(2×6) + (m×3)·(3×6)"
    assert {"G2 = H1[0:3] m×3", "G3 = H1[3:6] m×3", second, "G6 = H8[0:3] m×3"} <= set(found)
    xs = np.random.default_rng(1).normal(size=(3, 2))
    expected = [y.data for y in cell([[Value(x) for x in row] for row in xs.tolist()])]
    assert record(cell, [[0.1] * 2] * 3)(xs) == pytest.approx(expected, rel=1e-12)


def test_the_same_is_done_to_different_matrices_in_a_line_for_each() -> None:
    one, two = ([[Value(0.1 * i - 0.3 * j + k) for j in range(3)] for i in range(2)] for k in (0, 1))

    def branches(x: Sequence[Any]) -> list[Value]:
        a = [es.tanh(y) for y in layer(one, x)]
        b = [es.sigmoid(y) for y in layer(two, [es.exp(v) for v in x])]
        return [*[1 - 2 * y for y in a], *[1 - 2 * y for y in b]]

    found = lines(branches, [0.1] * 3)
    assert {"H4 = 2·H2 m×2", "H5 = 2·H3 m×2", "H6 = 1 − H4 m×2", "H7 = 1 − H5 m×2", "Y = [H6, H7] m×4"} <= set(found)
    check_printed(record(branches, [0.1] * 3), np.random.default_rng(1).normal(size=(4, 3)))


def test_experts_stand_together() -> None:
    def expert(x: Sequence[Any]) -> list[Value]:
        pairs = [(es.dot([a, A], x), es.dot([B, a], x)) for a in map(Value, (0.1, 0.2, 0.3))]
        return [es.where(x[0], es.tanh(a), es.relu(b)) for a, b in pairs]

    found = lines(expert, [0.1, 0.2])
    assert {"G1 = Z[0:3] m×3", "G2 = Z[3:6] m×3"} <= set(found)


def test_the_shapes_of_a_product_in_each_example_are_told_beside_other_terms() -> None:
    def fn(x: list[Value]) -> list[Value]:
        shares = es.softmax([es.dot(w, x) for w in ((A, B), (C, A))])
        experts = [[es.dot(w, x) for w in rows] for rows in (((A, C), (B, B)), ((C, C), (B, A)))]
        return [*[es.dot(shares, pair) for pair in zip(*experts, strict=True)], shares[0]]

    text = record(fn, [0.1, 0.2]).explain(backward=True, language="en")
    (line,) = [line for line in text.splitlines() if line.startswith("∂L/∂P = ")]
    assert line.endswith("m×2 = (m×2) + m times (1×2)·(2×2)"), line
    assert "2×m = (2×m) + m times (2×2)·(2×1)" in record(fn, [0.1, 0.2]).explain(
        backward=True, examples="columns", language="en"
    )


def test_what_a_condition_does_not_send_back_is_no_term() -> None:
    program = record(lambda x: [es.where(v, v, es.exp(v) - 1) for v in two(x)], [0.1, 0.2])
    assert "∂L/∂Z = ∂L/∂Y ⊙ 1[Z > 0] + ∂L/∂H1 ⊙ H1 " in program.explain(backward=True)
    alone = record(lambda x: es.where(A * x, B * x, 0.0), 0.5)
    assert alone.matrices(np.array([1.0, 2.0]))["∂L/∂p"].tolist() == [[0.0, 1.5]]


def test_the_largest_of_the_same_number_is_that_number() -> None:
    program = record(lambda x: es.sin(es.maximum(*[es.tanh(A * x)] * 3)), 0.4)
    text = program.explain(backward=True, language="en")
    assert [line for line in text.splitlines() if "max" in line or "1[" in line] == []
    (slope,) = [x for name, x in program.matrices(np.array([0.4])).items() if name == "∂L/∂a"]
    assert slope.item() == pytest.approx(program.value_and_grad(0.4)[1].item(), rel=1e-12)


def test_small_numbers_are_powers_of_ten() -> None:
    program = record(lambda x: es.sqrt(x * x + 1e-5) * -2.5e-7, 0.1)
    text = program.explain(latex=True, backward=True)
    assert "+ 10^{-5} &&" in text
    assert r"-2.5 \cdot 10^{-7}" in text
    assert " + 10⁻⁵ " in program.explain()
    assert " = −2.5·10⁻⁷·H3 " in program.explain()
    decayed = record(lambda x, t: (A * x[0] + B * x[1] - t) ** 2 + 1e-5 * (A * A + B * B), [0.1, 0.2], 0.3)
    assert r"R &= 10^{-5} \cdot \lVert W_{1} \rVert^{2} &&" in decayed.explain(latex=True)
    assert "R = 10⁻⁵·‖W1‖²" in decayed.explain()
    added = record(lambda x: [es.tanh(A * x) + 1e-5, es.tanh(B * x) + 2e-7], 0.1).explain(latex=True)
    assert r"\left[10^{-5},\, 2 \cdot 10^{-7}\right]" in added


def test_the_powers_of_a_regression_stand_in_the_order_in_which_they_are_used() -> None:
    weights = [Value(0.1 * k) for k in range(4)]
    found = lines(lambda x, t: (sum(w * x**k for k, w in enumerate(weights)) - t) ** 2, 0.4, 0.3)
    assert found[:4] == ["C = [0, 1, 2, 3] 1×4", "H = X^C m×4", "Y = H·W1 m×1 = (m×4)·(4×1)", "E = Y − T m×1"]


def test_with_examples_as_columns_what_is_put_together_stands_below_each_other_and_weights_side_by_side() -> None:
    def fn(x: Sequence[Any]) -> Value:
        return A * x[0] + A * x[1] - 2 * es.tanh(x[1])

    assert {"W1 = [a; a; −2] 3×1", "G2 = [X, H] m×3"} <= set(lines(fn, [0.1, 0.2]))
    found = lines(fn, [0.1, 0.2], examples="columns")
    assert {"W1 = [a, a, −2] 1×3", "G2 = [X; H] 3×m"} <= set(found)
    assert found[-2:] == [
        "A[i:j]: the rows i to j − 1 of A, counted from 0; [A; B] puts them together.",
        "[A, B] puts the columns of A and those of B together.",
    ]
    assert r"W_{1} &= \left[a,\, a,\, -2\right]" in record(fn, [0.1, 0.2]).explain(latex=True, examples="columns")


def test_the_largest_of_one_number_is_that_number() -> None:
    found = lines(lambda x: [es.exp(v - es.maximum(v)) for v in two(x)], [0.1, 0.2])
    assert "H1 = Z m×2" in found, found


def test_patches_of_one_channel_say_which() -> None:
    filters = [[A, B], [B, C]]
    found = lines(lambda x: [[a * c[i] + b * c[i + 1] for i in range(3)] for (a, b), c in zip(filters, x, strict=True)],
                  [[0.1] * 4] * 2)  # fmt: skip
    assert {"G1 = patches(X[0:4]) (m·3)×2", "G2 = patches(X[4:8]) (m·3)×2"} <= set(found)
    assert "A[i:j]: the columns i to j − 1 of A, counted from 0; [A, B] puts them together." in found
    whole = lines(lambda x: [A * x[i] + B * x[i + 1] for i in range(3)], [0.1] * 4)
    assert "G = patches(X) (m·3)×2" in whole
    assert not any(line.startswith("A[i:j]") for line in whole)


def test_a_bias_that_is_a_weight_of_1_may_be_in_a_penalty() -> None:
    def ridge(x: Sequence[Any], t: Any) -> Value:
        return (es.dot([A, B, C], [1.0, *x]) - t) ** 2 + 0.1 * es.sum([w * w for w in (A, B, C)])

    found = lines(ridge, [0.1, 0.2], 0.3)
    assert "Y = X·W1 + B1 m×1 = (m×2)·(2×1) + (1×1)" in found
    assert "R = 0.1·(‖W1‖² + B1²) 1×1 L2 penalty" in found


def test_what_is_given_back_as_it_is_given_has_a_line_and_nothing_is_named_that_no_line_reads() -> None:
    assert "Y = X m×2" in lines(lambda x: x, [0.1, 0.2])
    found = lines(lambda x: [x[0], A], [0.1, 0.2])
    assert found[0] == "Y = [X[0], a] m×2"
    assert not any(line.startswith("G") for line in found)
