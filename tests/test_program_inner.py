"""Products of two tables that are both computed: attention, Gram matrices, bilinear forms, however they are written."""

from __future__ import annotations

import builtins
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Program, Value, record
from micrograd_es.ops import MUL
from micrograd_es.program.blocks import Elementwise, Inner, Space, Total
from test_portions import assert_the_same_in_portions, peak_of
from test_program_blocks import agree, chain, squares, tree, values
from test_program_explain import check_matrices
from test_program_steps import assert_source_gives_the_same

Table = list[list[Any]]
Shape = tuple[int, int, int, int]  # tables, rows, columns, terms
Case = tuple[Callable[..., Any], int, list[Shape]]
Sum = Callable[[list[Any]], Any]


def rows(x: Sequence[Any], width: int) -> Table:
    return [list(x[i : i + width]) for i in range(0, len(x), width)]


def turned(table: Table) -> Table:
    return [list(column) for column in zip(*table, strict=True)]


def flat(table: Table) -> list[Any]:
    return [x for row in table for x in row]


def linear(w: Any, x: Sequence[Any]) -> list[Any]:
    return [es.dot(row, x) for row in w]


def times(left: Table, right: Table, total: Sum = es.sum) -> Table:
    """left · rightᵀ."""
    return [[total([a * b for a, b in zip(row, other, strict=True)]) for other in right] for row in left]


def attention(q: Table, k: Table, v: Table, causal: bool = False, total: Sum = es.sum) -> Table:
    found = []
    for i, row in enumerate(q):
        seen = i + 1 if causal else len(k)
        shares = es.softmax([score / 1.5 for score in times([row], k[:seen], total)[0]])
        found.append([total([p * x[j] for p, x in zip(shares, v, strict=False)]) for j in range(len(v[0]))])
    return found


_order = random.Random()


def shuffled(terms: Sequence[Any]) -> Any:
    """A sum whose terms stand in another order each time."""
    return tree(_order.sample(list(terms), len(terms)))


def from_the_start(case: Case) -> Case:
    """The orders are the same in each call."""

    def fn(x: list[Value]) -> Value:
        _order.seed(1)
        found: Value = case[0](x)
        return found

    return fn, *case[1:]


def heads(number: int, causal: bool = False, tokens: int = 4, total: Sum = es.sum, cross: bool = False) -> Case:
    """Attention with weights, the heads side by side, an output layer, and a skip connection."""
    weights, last = values(number, 3, 2, 3), values(3, 2 * number, seed=5)

    def fn(x: list[Value]) -> Value:
        table = rows(x, 3)
        read = table[1:] if cross else table
        found = [
            attention(*[[linear(w, t) for t in (read if i else table)] for i, w in enumerate(head)], causal, total)
            for head in weights
        ]
        after = [linear(last, [y for one in found for y in one[i]]) for i in range(tokens)]
        return squares([y + x for y, x in zip(flat(after), x, strict=True)])

    keys = tokens - cross
    every = [(number, tokens, keys, 2), (number, tokens, 2, keys)]
    masked = [(number, tokens, keys, 2), (number, tokens - 1, 2, keys)]  # the first token has one score, and no sums
    return fn, 3 * tokens, masked if causal else every


def product(left: int, right: int, terms: int, total: Sum = es.sum, swap: bool = False) -> Case:
    """Two tables of inputs."""

    def fn(x: list[Value]) -> Value:
        one, other = rows([es.tanh(a) for a in x[: left * terms]], terms), rows(x[left * terms :], terms)
        return squares(flat(times(other, one, total) if swap else times(one, other, total)))

    if left == 1 or right == 1:
        return fn, (left + right) * terms, [(1, 1, left * right, terms)]
    return fn, (left + right) * terms, [(1, right, left, terms) if swap else (1, left, right, terms)]


def mixed(seed: int) -> Case:
    """Factors in either order, terms in any."""

    def fn(x: list[Value]) -> Value:
        r = random.Random(seed)
        one, other = rows([es.sin(a) for a in x[:12]], 4), rows(x[12:], 4)
        found = []
        for a in one:
            for b in other:
                terms = [p * q if r.random() < 0.5 else q * p for p, q in zip(a, b, strict=True)]
                found.append(chain(r.sample(terms, 4)))
        return squares(found)

    return fn, 20, [(1, 3, 2, 4)]


def with_more(what: Callable[[int, list[Value]], Any]) -> Case:
    """Something is added to every sum, inside of it."""

    def fn(x: list[Value]) -> Value:
        one, other = rows([es.tanh(a) for a in x[:6]], 3), rows(x[6:], 3)
        found = [
            es.sum([*[a * b for a, b in zip(p, q, strict=True)], what(i, x)])
            for i, (p, q) in enumerate([(p, q) for p in one for q in other])
        ]
        return squares(found)

    return fn, 12, [(1, 2, 2, 3)]


def gram(total: Sum = es.sum, half: bool = False) -> Case:
    """The products of the rows of one table with each other, squares included."""

    def fn(x: list[Value]) -> Value:
        table = [[es.tanh(a) for a in row] for row in rows(x, 2)]
        scores = times(table, table, total)
        return squares([scores[i][j] for i in range(4) for j in range(i + 1 if half else 4)])

    return fn, 8, [(1, 4, 4, 2)]


def bilinear() -> Case:
    """Σᵢⱼ wᵢⱼ·xᵢ·yⱼ, for several w: a layer, and its outputs times the other input."""
    w = values(3, 4, 5)

    def fn(x: list[Value]) -> Value:
        pairs = [[w[k][i][j] * x[i] * x[4 + j] for i in range(4) for j in range(5)] for k in range(3)]
        return squares([es.sum(terms) for terms in pairs])

    return fn, 9, [(1, 1, 3, 4)]


def experts() -> Case:
    """A mixture: the shares of the experts times what each of them says."""
    gate, each = values(4, 3), values(4, 2, 3, seed=2)

    def fn(x: list[Value]) -> Value:
        shares, said = es.softmax(linear(gate, x)), [linear(w, x) for w in each]
        return squares([es.dot(shares, column) for column in turned(said)])

    return fn, 3, [(1, 1, 2, 4)]


def factorised(own: Callable[[Any], Any]) -> Case:
    """Targets, and a product of parameters that is to be like them."""
    u, v = values(3, 2), values(4, 2, seed=2)

    def fn(x: list[Value]) -> Value:
        found = times([[own(a) for a in row] for row in u], v)
        return squares([a - b for a, b in zip(flat(found), x, strict=True)])

    return fn, 12, [(1, 4, 3, 2)]


def adapted() -> Case:
    """A layer whose weights are some, and a product of two small matrices (LoRA)."""
    weights, a, b = values(4, 5), values(2, 5, seed=2), values(4, 2, seed=3)

    def fn(x: list[Value]) -> Value:
        change = times(b, turned(a))
        every = [[w + c for w, c in zip(row, more, strict=True)] for row, more in zip(weights, change, strict=True)]
        return squares([es.tanh(y) for y in linear(every, x)])

    return fn, 5, [(1, 5, 4, 2)]


def learned() -> Case:
    """Parameters as the rows that attention weighs, and as those that it asks for."""
    asked, known = values(2, 3), values(4, 3, seed=2)

    def fn(x: list[Value]) -> Value:
        scores = times([[es.tanh(a) for a in row] for row in asked], known)
        shares = [es.softmax([s + t for s, t in zip(row, x, strict=True)]) for row in scores]
        return squares(flat(attention(shares, [x, [es.sin(a) for a in x]], known)))

    return fn, 4, [(1, 4, 2, 3), (1, 2, 2, 4)]


def repeated() -> Case:
    """The same products asked for twice, one of them an output on its own."""

    def fn(x: list[Value]) -> Value:
        one, other = rows(x[:6], 3), rows([es.tanh(a) for a in x[6:]], 3)
        again = times(one, other)
        return es.maximum(*flat(again), again[0][0]) + squares(flat(again)) * again[1][1]

    return fn, 12, [(1, 2, 2, 3)]


CASES: dict[str, Case] = {
    "attention": heads(1),
    "attention, summed as chains": heads(1, total=builtins.sum),
    "attention, summed as trees": heads(1, total=tree),
    "attention, in no order": from_the_start(heads(1, total=shuffled)),
    "attention to others": heads(1, cross=True),
    "attention with a causal mask": heads(1, causal=True),
    "two heads": heads(2),
    "two heads with a causal mask": heads(2, causal=True),
    "two tables": product(3, 4, 2),
    "two tables, turned": product(2, 3, 5, swap=True),
    "two terms": product(2, 2, 2),
    "a matrix times a vector": product(3, 1, 4),
    "a vector times a matrix": product(1, 3, 2),
    "factors in either order": mixed(1),
    "factors in another order": mixed(2),
    "a bias": with_more(lambda i, x: Value(0.5, "b")),
    "a bias each": with_more(lambda i, x: es.tanh(x[i])),
    "something computed late": with_more(lambda i, x: es.exp(es.sin(es.tanh(x[i]) * 0.5))),
    "a product with a weight": with_more(lambda i, x: 0.5 * x[i]),
    "some have more": with_more(lambda i, x: x[i] if i % 2 else 0.0),
    "products of a table with itself": gram(),
    "half of the products of a table with itself": gram(half=True),
    "a bilinear form": bilinear(),
    "a mixture of experts": experts(),
    "used several times": repeated(),
    "parameters, factorised": factorised(lambda a: a),
    "parameters, factorised and computed": factorised(es.tanh),
    "a layer adapted": adapted(),
    "learned queries": learned(),
}


def _forked(x: list[Value]) -> Value:
    terms = [[[a * b for a, b in zip(p, q, strict=True)] for q in rows(x[6:], 3)] for p in rows(x[:6], 3)]
    return squares([es.sum(cell) for row in terms for cell in row]) + es.maximum(
        *[t for r in terms for c in r for t in c]
    )


def _scrambled(x: list[Value]) -> Value:
    """Every row meets every column, but each time in another order of the terms."""
    one, other = rows(x[:6], 3), rows(x[6:], 3)
    cells = [[a[k] * b[(k + i * j) % 3] for k in range(3)] for i, a in enumerate(one) for j, b in enumerate(other)]
    return squares([es.sum(cell) for cell in cells])


NO_TABLES: dict[str, tuple[Callable[[list[Value]], Any], int]] = {
    "one product": (lambda x: es.tanh(es.dot(x[:3], x[3:])), 6),
    "squares": (lambda x: es.sqrt(es.sum([a * a for a in x])), 4),
    "squares of rows": (lambda x: squares([es.sum([a * a for a in row]) for row in rows(x, 2)]), 6),
    "all pairs": (lambda x: es.sum([es.sin(a * b) for a in x[:3] for b in x[3:]]), 6),
    "a product that something else uses": (_forked, 12),
    "terms in another order each time": (_scrambled, 12),
    "one number for all terms": (lambda x: squares([x[0] * x[i] + x[0] * x[i + 1] for i in range(1, 4)]), 5),
    "products side by side": (lambda x: squares([es.dot(x[i : i + 2], x[i + 2 : i + 4]) for i in (0, 4, 8)]), 12),
    "differences": (lambda x: squares([x[i] * x[4] - x[i + 1] * x[5] for i in range(3)]), 6),
}


def blocks_of(program: Program) -> list[Inner]:
    return [block for block in program.plan.blocks if isinstance(block, Inner)]


def tables(program: Program) -> list[Shape]:
    return [(b.tables, b.rows, b.columns, b.terms) for b in blocks_of(program)]


@pytest.mark.parametrize("name", CASES)
def test_products_of_two_tables_are_found_however_they_are_written(name: str) -> None:
    fn, inputs, shapes = CASES[name]
    program = record(fn, [0.1 * i for i in range(inputs)])
    assert sorted(tables(program)) == sorted(shapes), program.explain()
    products = [b for b in program.plan.blocks if isinstance(b, Elementwise) and b.op is MUL and len(b.out) > 40]
    assert not products, program.explain()


@pytest.mark.parametrize("name", NO_TABLES)
def test_what_is_no_product_of_two_tables_stays_as_it_is(name: str) -> None:
    fn, inputs = NO_TABLES[name]
    program = record(fn, [0.1 * i for i in range(inputs)])
    assert not tables(program)
    agree(program, fn, np.random.default_rng(3).normal(size=(3, inputs)))


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
@pytest.mark.parametrize("name", CASES)
def test_they_have_the_numbers_of_the_eager_path(name: str, fast: bool) -> None:
    if fast:
        pytest.importorskip("llvmlite")
    fn, inputs, _ = CASES[name]
    program = record(fn, [0.1 * i for i in range(inputs)], fast=fast)
    agree(program, fn, np.random.default_rng(3).normal(size=(3, inputs)))


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
@pytest.mark.parametrize("name", ["attention", "two heads with a causal mask", "products of a table with itself"])
def test_single_numbers_are_as_near_as_they_can_be(name: str, fast: bool) -> None:
    if fast:
        pytest.importorskip("llvmlite")
    fn, inputs, _ = CASES[name]
    xs = np.random.default_rng(1).normal(size=(9, inputs))
    expected = record(fn, [0.1] * inputs).value_and_grad(xs, wrt="both")
    found = record(fn, [0.1] * inputs, dtype="float32", fast=fast).value_and_grad(xs, wrt="both")
    assert found[0] == pytest.approx(expected[0], rel=1e-5)
    assert found[1][0] == pytest.approx(expected[1][0], rel=1e-4, abs=1e-4)
    assert found[1][1][0] == pytest.approx(expected[1][1][0], rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("batch", [0, 1, 7, 40, 300])
@pytest.mark.parametrize("name", CASES)
def test_the_source_of_a_program_gives_the_same_bits(name: str, batch: int) -> None:
    fn, inputs, _ = CASES[name]
    for wrt in ("parameters", "both"):
        program = record(fn, [0.1] * inputs)
        program.value_and_grad(np.random.default_rng(2).normal(size=(batch, inputs)), wrt=wrt)
        assert_source_gives_the_same(program, 0.5)


@pytest.mark.parametrize("name", ["attention", "two heads", "two heads with a causal mask", "a bilinear form"])
def test_portions_have_the_numbers_of_the_whole(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fn, inputs, _ = CASES[name]
    xs = np.random.default_rng(2).normal(size=(50, inputs))
    assert_the_same_in_portions(lambda: record(fn, [0.1] * inputs), [xs], monkeypatch)


@pytest.mark.parametrize("wrt", ["parameters", "both"])
def test_a_large_batch_needs_three_arrays_of_its_values_at_most(wrt: str) -> None:
    fn, inputs, _ = heads(2, tokens=6)
    program = record(fn, [0.1] * inputs)
    xs = np.random.default_rng(3).uniform(-1, 1, (6_000, inputs))
    program.value_and_grad(xs[:2], wrt=wrt)
    values = 8 * len(xs) * (inputs + len(program.tape.entries))
    assert peak_of(lambda: program.value_and_grad(xs, wrt=wrt)) < 3 * values


def test_the_scores_and_what_they_weigh_are_read_where_they_stand() -> None:
    program = record(CASES["attention"][0], [0.1] * 12)
    gathers = program.source(batch=1).split("def backward")[0].count("np.take(V")
    assert gathers == 2  # the inputs of the layer, and log Σ e^x of each row beside all of its scores
    assert not any(isinstance(b, Total) and len(b.out) > 1 for b in program.plan.blocks)


def test_a_program_with_tables_is_the_same_from_its_file(tmp_path: Path) -> None:
    fn, inputs, shapes = CASES["two heads"]
    program = record(fn, [0.1] * inputs)
    again = Program.load(program.save(tmp_path / "heads.json"))
    assert tables(again) == shapes
    xs = np.random.default_rng(1).normal(size=(3, inputs))
    np.testing.assert_array_equal(again.value_and_grad(xs)[1], program.value_and_grad(xs)[1])


def test_an_overflow_in_a_table_names_the_operation_and_the_example() -> None:
    fn, inputs, _ = CASES["two tables, turned"]
    program = record(fn, [0.1] * inputs)
    xs = np.full((3, inputs), 0.5)
    xs[2, 10:] = 1e200
    with pytest.raises(ArithmeticError, match="in example 2 of the batch"):
        program.value_and_grad(xs)


# What is printed


@pytest.mark.parametrize("name", CASES)
def test_the_formulas_have_the_numbers_of_the_program(name: str) -> None:
    fn, inputs, _ = CASES[name]
    program = record(fn, [0.1] * inputs)
    xs = np.random.default_rng(2).normal(size=(4, inputs))
    check_matrices(program, xs)
    check_matrices(program, xs[:0])
    for examples in ("rows", "columns"):
        for latex in (False, True):
            text = program.explain(latex, examples=examples, language="en")
            varying = [b.tables for b in blocks_of(program) if b.out.space is Space.VARYING]
            assert text.count(" = m times") == (0 if latex else sum(varying))


WEIGHTS = [values(2, 3, seed=seed) for seed in (1, 2, 3)]


def one_head(x: Table) -> Value:
    return squares(flat(attention(*[[linear(w, token) for token in x] for w in WEIGHTS])))


def test_attention_reads_as_on_the_blackboard() -> None:
    program = record(one_head, np.zeros((4, 3)).tolist())
    assert program.explain().splitlines() == [
        "G = tabla(X)               (m·4)×3",
        "Z = G·W1                   (m·4)×6 = ((m·4)×3)·(3×6)",
        "Q = Z[0:2]                 (m·4)×2",
        "K = Z[2:4]                 (m·4)×2",
        "S = Q·Kᵀ                   (m·4)×4 = m veces (4×2)·(2×4)",
        "P = softmax(S/1.5)         (m·4)×4",
        "V = Z[4:6]                 (m·4)×2",
        "O = P·V                    (m·4)×2 = m veces (4×4)·(4×2)",
        "H = O²                     (m·4)×2",
        "F = aplanar(H)             m×8",
        "Y = sumas por filas de F   m×1",
        "L = 1/m·Σ Y                1×1",
        "Todo está agrupado.",
        "tabla(A): los números de cada ejemplo de A como una tabla, fila tras fila.",
        "m veces: el producto se calcula ejemplo a ejemplo; una matriz de m·n filas tiene n en cada uno.",
        "softmax(A): en cada fila de A, e^a de cada número entre la suma de los de su fila.",
        "aplanar(A): los números de cada ejemplo en una fila, una columna de A tras otra.",
        "A[i:j] son las columnas i a j − 1 de A, contando desde 0; [A, B] las junta.",
    ]


def test_what_goes_back_through_attention_reads_as_on_the_blackboard() -> None:
    program = record(one_head, np.zeros((4, 3)).tolist())
    text = program.explain(backward=True, language="en")
    for line in (
        "∂L/∂V = Pᵀ·∂L/∂O ",
        "∂L/∂P = ∂L/∂O·Vᵀ ",
        "∂L/∂S = 1/1.5·P ⊙ (∂L/∂P − row sums of (P ⊙ ∂L/∂P)) ",
        "∂L/∂K = (∂L/∂S)ᵀ·Q ",
        "∂L/∂Q = ∂L/∂S·K ",
        "(m·4)×4 = m times (4×2)·(2×4)",
    ):
        assert line in text, text


def test_with_examples_as_columns_everything_is_turned() -> None:
    program = record(one_head, np.zeros((4, 3)).tolist())
    text = program.explain(examples="columns")
    assert "S = Kᵀ·Q                      4×(m·4) = m veces (4×2)·(2×4)" in text, text
    assert "O = V·P                       2×(m·4) = m veces (2×4)·(4×4)" in text, text
    latex = program.explain(latex=True, language="en")
    assert r"S &= Q \cdot K^{\top} && \in \mathbb{R}^{(4m) \times 4} \quad \text{example by example}" in latex
    assert r"P &= \operatorname{softmax}\left(\frac{S}{1.5}\right) && \in \mathbb{R}^{(4m) \times 4} \\" in latex


def test_every_step_of_a_softmax_is_told_where_it_is_asked_for() -> None:
    program = record(one_head, np.zeros((4, 3)).tolist())
    text = program.explain(steps=True)
    assert "softmax(" not in text and "H5 = e^H4                  (m·4)×4   softmax" in text, text


def test_each_head_has_its_letters_and_their_results_stand_side_by_side() -> None:
    text = record(CASES["two heads"][0], [0.1] * 12).explain(language="en")
    for line in ("S1 = Q1·K1ᵀ ", "S2 = Q2·K2ᵀ ", "P2 = softmax(S2/1.5) ", "O1 = P1·V1 ", "O2 = P2·V2 ", " = [O1, O2] "):
        assert line in text, text
    columns = record(CASES["two heads"][0], [0.1] * 12).explain(examples="columns", language="en")
    assert " = [O1; O2] " in columns, columns


def test_tables_of_the_inputs_are_told() -> None:
    text = record(lambda a, b: times(a, b), np.zeros((3, 2)).tolist(), np.zeros((4, 2)).tolist()).explain()
    for line in (
        "G1 = tabla(X1) ",
        "G2 = tabla(X2) ",
        "H = G1·G2ᵀ ",
        "m veces (3×2)·(2×4)",
        "tabla(A): los números de",
    ):
        assert line in text, text
    by_vector = record(lambda a, b: [es.dot(row, b) for row in a], np.zeros((3, 2)).tolist(), [0.0, 0.0]).explain()
    assert "Y = X2·Gᵀ       m×3 = m veces (1×2)·(2×3)" in by_vector, by_vector


def test_step_by_step_a_causal_mask_leaves_rows_of_zeros_beside_the_shares() -> None:
    text = record(CASES["attention with a causal mask"][0], [0.1] * 12).explain(steps=True)
    assert "tabla([H8[1:3], 0, 0, H8[3:6], 0, H8[6:10]])" in text, text
    assert "G2·G3ᵀ" in text and "G2 = Z1[0:2]" in text, text


def test_a_product_of_parameters_is_one_of_matrices() -> None:
    text = record(CASES["a layer adapted"][0], [0.1] * 5).explain()
    assert text.startswith("S1 = p1·p2ᵀ                5×4 = (5×2)·(2×4)\nS2 = S1 + W1               5×4\nZ = X·S2 "), (
        text
    )


def test_an_outer_product_stays_number_by_number() -> None:
    program = record(lambda a, b: [x * y for x in a for y in b], [0.0] * 3, [0.0] * 4)
    assert not tables(program)
    assert "⊙" in program.explain()


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e200])
@pytest.mark.parametrize("batch", [1, 3, 70, 400])
def test_what_a_causal_mask_hides_is_not_seen_even_where_it_is_not_finite(fast: bool, bad: float, batch: int) -> None:
    if fast:
        pytest.importorskip("llvmlite")

    def fn(x: list[list[Value]]) -> Table:
        return attention(*[[linear(w, token) for token in x] for w in WEIGHTS], True)

    program = record(fn, np.zeros((5, 3)).tolist(), fast=fast)
    assert any(block.nothing is not None for block in blocks_of(program))
    xs = np.random.default_rng(1).normal(size=(batch, 5, 3))
    expected = program(xs)
    xs[-1, 4] = bad
    found = program(xs)
    np.testing.assert_allclose(found[:, :4], expected[:, :4], rtol=1e-12)
    np.testing.assert_allclose(found[:-1], expected[:-1], rtol=1e-12)
    assert not np.isfinite(found[-1, 4]).any() or bad == 1e200


def test_the_same_numbers_may_be_at_positions_of_several_shapes() -> None:
    w, v = values(4, 2), values(4, 3, seed=2)

    def fn(x: list[Value]) -> Value:
        h = [es.sin(a) for a in x]
        by_three = [linear(w, [x[i], x[3 + i]]) for i in range(3)]
        by_two = [linear(v, [h[i], h[2 + i], h[4 + i]]) for i in range(2)]
        return squares([*flat(by_three), *flat(by_two), h[5] * x[1]])

    program = record(fn, [0.1] * 6)
    check_matrices(program, np.random.default_rng(1).normal(size=(3, 6)))


def test_many_tiny_tables_of_one_example_are_multiplied_by_matmul() -> None:
    def fn(x: list[Value]) -> Value:
        return squares([y for i in range(0, 500, 5) for y in flat(times(_turn(x[i]), rows(x[i + 1 : i + 5], 2)))])

    def _turn(angle: Value) -> Table:
        return [[es.cos(angle), es.sin(angle)], [es.tanh(angle), es.exp(angle)]]

    program = record(fn, [0.1] * 500)
    assert tables(program) == [(100, 2, 2, 2)]
    assert "einsum" not in program.source(1).split("def backward")[0]
    assert "einsum" in program.source(16)


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
def test_outputs_that_are_apart_are_copied_at_once(fast: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if fast:
        pytest.importorskip("llvmlite")
    program = record(lambda a: times(a, turned(a)), np.zeros((3, 3)).tolist(), fast=fast)
    xs = np.random.default_rng(1).normal(size=(5, 3, 3))
    program(xs)  # what is prepared once
    monkeypatch.delattr(np, "stack")  # a view for each of them
    found = program(xs)
    np.testing.assert_allclose(found, xs @ xs, rtol=1e-12)


@pytest.mark.parametrize(
    ("count", "beside", "expected"), [(16, False, [(16, 1, 2, 2)]), (17, False, []), (1, True, [])]
)
def test_tiny_tables_are_blocks_where_they_are_few_and_nothing_stands_beside_them(
    count: int, beside: bool, expected: list[Shape]
) -> None:
    def fn(x: list[Value]) -> Value:
        found = [flat(times([x[i : i + 2]], [x[i + 2 : i + 4], x[i + 4 : i + 6]])) for i in range(0, 6 * count, 6)]
        return squares([*flat(found), *([x[0] * x[3] + x[1] * x[4]] if beside else [])])

    program = record(fn, [0.1] * (6 * count))
    assert tables(program) == expected
    agree(program, fn, np.random.default_rng(3).normal(size=(3, 6 * count)))


@pytest.mark.parametrize(("batch", "in_parts"), [(128, False), (255, False), (256, True)])
@pytest.mark.parametrize("causal", [False, True])
def test_matrices_of_many_examples_are_multiplied_by_example_and_far_rows_as_copies(
    causal: bool, batch: int, in_parts: bool
) -> None:
    weights = values(3, 8, 4)

    def fn(x: list[Value]) -> Value:
        return squares(flat(attention(*[[linear(w, t) for t in rows(x, 4)] for w in weights], causal)))

    program = record(fn, [0.1] * 48)
    assert tables(program)[0] == (1, 12, 12, 8)
    xs = np.random.default_rng(3).normal(size=(batch, 48))
    value, (slopes, (to_inputs,)) = program.value_and_grad(xs, wrt="both", reduce="sum")
    source = program.source(batch, wrt="both")
    assert source.count("np.matmul(") >= 6, source
    assert ("kx[...] = x" in source) is in_parts, source
    assert_source_gives_the_same(program, 1.0)
    by_part = [program.value_and_grad(part, wrt="both", reduce="sum") for part in np.array_split(xs, 9)]
    assert value == pytest.approx(sum(value for value, _ in by_part), rel=1e-12)
    np.testing.assert_allclose(slopes, sum(both[0] for _, both in by_part), rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(to_inputs, np.concatenate([both[1][0] for _, both in by_part]), rtol=1e-11, atol=1e-13)


def scaled(k: Table, steps: int) -> tuple[list[Any], list[Any]]:
    """The numbers by which rows and columns of a table are multiplied so that each adds up to a sixth (Sinkhorn)."""
    v: list[Any] = [1.0] * len(k)
    for _ in range(steps):
        u = [1 / 6 / es.dot(row, v) for row in k]
        v = [1 / 6 / es.dot(column, u) for column in turned(k)]
    return u, v


@pytest.mark.parametrize("steps", [4, 15, 22])
def test_a_table_that_is_scaled_in_many_steps_waits_for_the_sums_that_it_divides_by(steps: int) -> None:
    y = values(3)

    def fn(x: list[Value]) -> Value:
        costs = [[(p - q) ** 2 for q in y] for p in x]
        k = [[es.exp(-c) for c in row] for row in costs]
        u, v = scaled(k, steps)
        return es.sum([u[i] * k[i][j] * v[j] * costs[i][j] for i in range(3) for j in range(3)])

    program = record(fn, [0.1] * 3)
    agree(program, fn, np.random.default_rng(steps).normal(size=(7, 3)))
    assert sum(isinstance(block, Inner) for block in program.plan.blocks) == 2 * steps - 1
