"""Lego blocks: every backward rule against the scalar graph, and networks of blocks against NumPy."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from micrograd_es import Value, blocks, check_gradients, jacobian, record, scope, vjp
from micrograd_es.graph import topological
from micrograd_es.nested import flat, mapped, shape, shaped
from micrograd_es.rules import RULES, Backward, Rule, rule
from micrograd_es.two_layers import TwoLayers, two_layers

rules = pytest.mark.parametrize("row", list(RULES.values()), ids=list(RULES))
SIZES = {"n": 4, "p": 3, "m": 5, "1": None}
BY_ROWS = {"softmax", "cross-entropy", "softmax cross-entropy", "relu", "sigmoid", "tanh", "hadamard", "squared error"}


def drawn(text: str, number: Callable[[], Any], rows: int | None = None) -> Any:
    """Numbers in a shape like "p×n", or one such block for each of some rows."""
    of = tuple(SIZES[letter] for letter in text.split("×"))
    return shaped(iter(number, None), (rows, *of) if rows else of)


def graph_of(row: Rule, inputs: list[Any]) -> tuple[Any, list[Any]]:
    """The block's outputs and inputs, as Values."""
    values = [mapped(Value, x) for x in inputs]
    return row.build(*values), values


def by_graph(row: Rule, upstream: Any, inputs: list[Any]) -> list[Any]:
    """The gradients of the block's inputs by the chain rule through its scalar graph."""
    output, values = graph_of(row, inputs)
    return [vjp(output, x, upstream) for x in values]


def cases(row: Rule, seed: int, number: Callable[[random.Random], Any]) -> list[tuple[Any, list[Any]]]:
    """Upstream gradients and inputs of a block: of a vector, and of a matrix where it takes one."""
    rng = random.Random(seed)
    found = []
    for rows in (None, 5) if row.name in BY_ROWS else (None,):
        inputs = [drawn(text, lambda: number(rng), rows) for text in tuple(row.shapes.values())[:-1]]
        output = mapped(lambda v: v.data, row.build(*inputs))
        found.append((shaped(iter(lambda: number(rng), None), shape(output)), inputs))
    return found


def ordinary(rng: random.Random) -> float:
    return rng.choice((-1, 1)) * rng.uniform(0.1, 2)


def positive(rng: random.Random) -> float:
    return rng.uniform(0.1, 2)


@rules
@pytest.mark.parametrize("seed", range(4))
def test_every_backward_rule_gives_the_gradients_of_the_scalar_graph(row: Rule, seed: int) -> None:
    for upstream, inputs in cases(row, seed, positive if row.name == "cross-entropy" else ordinary):
        for name, rule_says, graph_says in zip(
            row.inputs, row.pull(upstream, *inputs), by_graph(row, upstream, inputs), strict=True
        ):
            assert shape(rule_says) == shape(graph_says), name
            assert flat(rule_says) == pytest.approx(flat(graph_says), rel=1e-10, abs=1e-13), name


@pytest.mark.parametrize("name", ["linear", "linear rows", "relu", "hadamard", "squared error"])
def test_rules_of_exact_numbers_are_exactly_the_graph(name: str) -> None:
    for upstream, inputs in cases(RULES[name], 7, lambda rng: Fraction(rng.randint(-9, 9), rng.randint(1, 7))):
        found = list(RULES[name].pull(upstream, *inputs))
        assert found == by_graph(RULES[name], upstream, inputs)
        assert {type(x) for gradient in found for x in flat(gradient)} == {Fraction}


def test_a_wrong_backward_rule_differs_from_the_scalar_graph() -> None:
    row = RULES["linear"]
    right = row.backward[0]
    wrong = Backward(
        right.of, right.row, right.words, lambda u, y, x, w, b: [1.0005 * g for g in right.gradient(u, y, x, w, b)]
    )
    ((upstream, inputs),) = cases(row, 1, ordinary)
    found = replace(row, backward=(wrong,)).pull(upstream, *inputs)[0]
    assert found != pytest.approx(by_graph(row, upstream, inputs)[0], rel=1e-4)


@rules
def test_a_block_is_a_scope_of_its_own_with_the_name_of_its_rule(row: Rule) -> None:
    ((_, inputs), *_) = cases(row, 3, positive)
    with scope("outer") as outer:
        output, values = graph_of(row, inputs)
    inside = {v.scope for y in flat(output) for v in topological(y) if v.op}
    assert {s.name for s in inside if s} == {row.name}
    assert {s.outer for s in inside if s} == {outer}
    assert all(x.scope in (outer, None) for value in values for x in flat(value))
    assert rule(row.name) is row
    assert [back.of for back in row.backward] == list(row.inputs)


@rules
def test_the_gradients_of_a_block_are_confirmed_by_central_differences(row: Rule) -> None:
    ((_, inputs), *_) = cases(row, 5, positive)
    output, _ = graph_of(row, inputs)
    for y in flat(output):
        check_gradients(y)


@rules
def test_a_rule_is_told_in_both_languages_and_names_its_symbols(row: Rule) -> None:
    for texts in (row.title, *(back.words for back in row.backward)):
        assert set(texts) == {"es", "en"}
        assert all(text and text == text.strip() for text in texts.values())
    for back in row.backward:
        for layout in ("row", "column"):
            left = back.formula(layout).split(" = ")[0]
            assert left.removesuffix("_i").removesuffix("_j").endswith(f"/∂{back.of}")
            assert left.startswith(f"∂{'E' if row.output == 'E' else 'L'}/")
    assert set(row.shapes) <= set(row.forward)


def test_the_formulas_of_the_linear_block_are_those_of_the_lectures_in_both_layouts() -> None:
    texts = [[back.formula(layout) for back in RULES["linear"].backward] for layout in ("row", "column")]
    assert texts == [
        ["∂L/∂x = ∂L/∂y·W", "∂L/∂W = (∂L/∂y)ᵀ·xᵀ", "∂L/∂b = ∂L/∂y"],
        ["∂L/∂x = Wᵀ·∂L/∂y", "∂L/∂W = ∂L/∂y·xᵀ", "∂L/∂b = ∂L/∂y"],
    ]


def test_softmax_and_cross_entropy_together_give_prediction_minus_target() -> None:
    y = [Value(n) for n in (0.3, -1.2, 2.0)]
    p = [v.data for v in blocks.softmax(y)]
    for t, target in ((1, [0, 1, 0]), ([0.2, 0.5, 0.3], [0.2, 0.5, 0.3])):
        expected = [a - b for a, b in zip(p, target, strict=True)]
        for loss in (blocks.cross_entropy(blocks.softmax(y), t), blocks.softmax_cross_entropy(y, t)):
            assert jacobian(loss, y) == pytest.approx(expected, rel=1e-10)


def test_a_class_is_a_target_and_every_probability_stays_in_the_graph() -> None:
    p = [Value(0.0), Value(0.25), Value(0.75)]
    loss = blocks.cross_entropy(p, 1)
    assert loss.data == pytest.approx(np.log(4), rel=1e-14)
    assert jacobian(loss, p) == [0, -4, 0]
    assert set(p) <= set(topological(loss))


def test_the_stable_cross_entropy_holds_for_large_numbers() -> None:
    y = [Value(1000.0), Value(-1000.0)]
    loss = blocks.softmax_cross_entropy(y, 1)
    assert loss.data == 2000
    assert jacobian(loss, y) == [1, -1]


def test_blocks_of_numbers_are_recorded_and_replayed() -> None:
    weights, biases = blocks.named("W", [[0.5, -1.0], [2.0, 0.25]]), blocks.named("b", [0.1, -0.2])

    def loss(x: list[Value], t: list[Value]) -> Value:
        return blocks.softmax_cross_entropy(blocks.tanh(blocks.linear(x, weights, biases)), t)

    program = record(loss, [0.3, 0.7], [1.0, 0.0])
    other = [Value(-1.5), Value(0.2)]
    assert float(np.squeeze(program([-1.5, 0.2], [0.0, 1.0]))) == pytest.approx(loss(other, [0.0, 1.0]).data, rel=1e-12)


def test_named_labels_numbers_and_values() -> None:
    x = Value(2.0)
    assert [v.label for v in blocks.named("x", [1, x, 3])] == ["x1", "x2", "x3"]
    assert x.label == "x2"
    assert [[v.label for v in row] for row in blocks.named("W", np.ones((2, 2)))] == [["W11", "W12"], ["W21", "W22"]]
    assert blocks.named("W", np.ones((2, 11)))[1][10].label == "W2,11"
    assert [v.label for v in blocks.named("β0", [1, 2])] == ["β0_1", "β0_2"]
    assert two_layers().omega1[1][2].label == "Ω1_23"
    assert blocks.named("k", 3).label == "k"


# Networks of blocks against NumPy


def softmax(y: Any) -> Any:
    e = np.exp(y - y.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def numbers(xs: Any) -> Any:
    return np.array(mapped(lambda v: v.data, xs))


def networks() -> list[TwoLayers]:
    rng = np.random.default_rng(0)
    sizes = [(3, 3, 2), (3, 3, 2), (2, 5, 4), (1, 1, 2)]
    drawn = [
        two_layers(rng.normal(size=n), rng.normal(size=(p, n)), rng.normal(size=p), rng.normal(size=(q, p)),
                   rng.normal(size=q), i % q)
        for i, (n, p, q) in enumerate(sizes)
    ]  # fmt: skip
    return [two_layers(), *drawn]


@pytest.mark.parametrize("i", range(5))
def test_every_jacobian_of_the_lectures_network_is_that_of_numpy(i: int) -> None:
    network = networks()[i]
    target = 1 if i == 0 else (i - 1) % len(network.y)
    x, w0, b0, w1, b1 = map(numbers, (network.x, network.omega0, network.beta0, network.omega1, network.beta1))
    z = w0 @ x + b0
    h = np.maximum(z, 0)
    y = w1 @ h + b1
    s = softmax(y)
    right = np.eye(len(s))[target]
    for stage, expected in (("z", z), ("h", h), ("y", y), ("s", s)):
        assert numbers(getattr(network, stage)) == pytest.approx(expected, rel=1e-12)
    assert network.J.data == pytest.approx(-np.log(s[target]), rel=1e-12)
    expected = {
        "∂J/∂s": (-right / s)[:, None],
        "∂s/∂y": np.diag(s) - np.outer(s, s),
        "∂y/∂h": w1.T,
        "∂h/∂z": np.diag((z > 0).astype(float)),
        "∂z/∂x": w0.T,
    }
    product = np.ones((1, 1))
    factors = network.factors()
    assert [f.name for f in factors] == list(expected)
    for factor in factors:
        assert np.array(factor.matrix.matrix) == pytest.approx(expected[factor.name], rel=1e-10, abs=1e-13)
        product = expected[factor.name] @ product
        assert factor.product == pytest.approx(product[:, 0], rel=1e-10, abs=1e-13), factor.product_name
    for factor, turned in zip(factors, network.factors("row"), strict=True):
        assert np.array_equal(np.array(factor.matrix.matrix), np.array(turned.matrix.matrix).T)
    by_y = s - right
    by_z = (w1.T @ by_y) * (z > 0)
    parameters = {
        "∂J/∂Ω1": np.outer(by_y, h), "∂J/∂β1": by_y, "∂J/∂Ω0": np.outer(by_z, x), "∂J/∂β0": by_z,
    }  # fmt: skip
    found = network.parameter_gradients()
    assert list(found) == list(parameters)
    for name, gradient in found.items():
        assert np.array(gradient) == pytest.approx(parameters[name], rel=1e-10, abs=1e-13), name


def test_the_matrix_formulas_of_a_batch_are_those_of_numpy() -> None:
    rng = np.random.default_rng(4)
    m, n, p, q = 5, 3, 4, 2
    X, W1, B1, W2, B2 = (rng.normal(size=of) for of in ((m, n), (n, p), (p,), (p, q), (q,)))  # noqa: N806
    classes = [0, 1, 1, 0, 1]
    values = {name: blocks.named(name, x) for name, x in (("X", X), ("W1", W1), ("B1", B1), ("W2", W2), ("B2", B2))}
    hidden = blocks.relu(blocks.linear(values["X"], values["W1"], values["B1"]))
    scores = blocks.linear(hidden, values["W2"], values["B2"])
    loss = blocks.softmax_cross_entropy(scores, classes)
    Z = X @ W1 + B1  # noqa: N806
    H = np.maximum(Z, 0)  # noqa: N806
    P = softmax(H @ W2 + B2)  # noqa: N806
    by_scores = (P - np.eye(q)[classes]) / m
    by_z = (by_scores @ W2.T) * (Z > 0)
    assert loss.data == pytest.approx(-np.log(P[range(m), classes]).mean(), rel=1e-12)
    assert np.array(vjp(loss, scores, 1)) == pytest.approx(by_scores, rel=1e-10)
    formulas = {"W2": H.T @ by_scores, "B2": by_scores.sum(0), "W1": X.T @ by_z, "B1": by_z.sum(0), "X": by_z @ W1.T}
    for name, expected in formulas.items():
        assert np.array(vjp(loss, values[name], 1)) == pytest.approx(expected, rel=1e-10, abs=1e-14), name
    assert blocks.softmax_cross_entropy(scores, np.eye(q)[classes]).data == pytest.approx(loss.data, rel=1e-12)
    assert blocks.cross_entropy(blocks.softmax(scores), classes).data == pytest.approx(loss.data, rel=1e-12)


# What is refused


@pytest.mark.parametrize(("ask", "error", "text"), [
    (lambda: blocks.linear([1, 2], [[1, 2, 3]], [0]), ValueError, "x: a list of 2, W: 1×3, b: a list of 1; expected"),
    (lambda: blocks.linear([[1, 2]], [[1, 2], [3, 4]], [0]), ValueError, "x: 1×2, W: 2×2, b: a list of 1"),
    (lambda: blocks.linear(3, [[1]], [0]), ValueError, "x: one number"),
    (lambda: blocks.linear([1], [[1], [2, 3]], [0, 0]), ValueError, "W is ragged: W[0] is a list of 1 and W[1] is"),
    (lambda: blocks.linear(["1"], [[1]], [0]), TypeError, "'1' (str); expected a real number"),
    (lambda: blocks.softmax([]), ValueError, "softmax was given x: a list of 0; expected a vector"),
    (lambda: blocks.softmax(2.0), ValueError, "softmax was given x: one number"),
    (lambda: blocks.hadamard([1, 2], [1]), ValueError, "x: a list of 2 and p: a list of 1; expected the same shape"),
    (lambda: blocks.squared_error([1, 2], 1), ValueError, "squared_error was given x: a list of 2 and t: one number"),
    (lambda: blocks.cross_entropy([0.5, 0.5], 2), ValueError, "given the class 2; expected 0 to 1: classes are"),
    (lambda: blocks.cross_entropy([0.5, 0.5], True), TypeError, "given the class True (bool); expected a whole number"),
    (lambda: blocks.softmax_cross_entropy([1, 2], 0.5), TypeError, "given the class 0.5 (float)"),
    (lambda: blocks.softmax_cross_entropy([[1, 2], [3, 4]], [0]), ValueError, "y: 2×2 and t: a list of 1; expected"),
    (lambda: blocks.softmax_cross_entropy([[1, 2]], 0), ValueError, "or a list of 1, the class of each row"),
    (lambda: blocks.named(3, [1]), TypeError, "name is 3 (int); expected text"),
    (lambda: rule("conv"), ValueError, "no block is called 'conv'; the table has linear, linear rows, relu"),
    (lambda: RULES["relu"].pull([1], [1, 2]), ValueError, "upstream is a list of 1; expected a list of 2, the shape"),
])  # fmt: skip
def test_bad_input_is_one_clear_error(ask: Callable[[], object], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        ask()
    assert text in str(caught.value)
