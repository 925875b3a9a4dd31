"""Softmaxes of parts of the rows of a table, as masks leave them, as on the blackboard: P = softmax(S/√d + M)."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Program, Value, gradients, record
from micrograd_es.program.blocks import Elementwise, Inner
from printed_formulas import check_printed
from test_program_blocks import values
from test_program_explain import check_matrices

Table = list[list[Any]]
WEIGHTS, LAST = values(3, 2, 3), values(3, 2, seed=4)
SLOPE = Value(0.5, "slope")  # as ALiBi has it
NEAR, OTHERS, *PAIRS = values(6, 7, seed=5)  # what is learned for each distance, and for each pair


def dot(xs: Iterable[Any], ys: Iterable[Any]) -> Any:
    return sum(x * y for x, y in zip(xs, ys, strict=True))


def by_sums(scores: Sequence[Value]) -> list[Value]:
    powers = [es.exp(score) for score in scores]
    return [power / sum(powers) for power in powers]


def by_sums_of_shifted(scores: Sequence[Value]) -> list[Value]:
    top = es.maximum(*scores) if len(scores) > 1 else scores[0]
    return by_sums([score - top for score in scores])


def in_place(
    number: float, positions: int = 4, softmax: Callable[[Sequence[Value]], Sequence[Value]] = es.softmax
) -> Callable[[Table], Table]:
    """Attention with a number in place of every score that is hidden."""

    def fn(x: Table) -> Table:
        queries, keys, said = [[[dot(row, token) for row in w] for token in x] for w in WEIGHTS]
        found = []
        for i, query in enumerate(queries):
            scores = [dot(query, key) / math.sqrt(2) if j <= i else Value(number) for j, key in enumerate(keys)]
            shares = softmax(scores)
            found.append([dot(shares, [row[k] for row in said]) for k in range(2)])
        return found

    return fn


class Case(NamedTuple):
    """Attention of so many positions, each of which sees some; what is printed of the shares and of the mask."""

    shares: str
    mask: str = "0 si j ≤ i, −∞ si j > i"
    sees: Callable[[int], Iterable[int]] = lambda i: range(i + 1)
    score: Callable[[Any, int, int], Any] = lambda s, i, j: s / math.sqrt(2)
    softmax: Callable[[Sequence[Value]], Sequence[Value]] = es.softmax
    positions: int = 4
    shuffled: bool = False


def every(_: int) -> range:
    return range(4)


CASES = {
    "a causal mask": Case("softmax(S/√2 + M)"),
    "two positions": Case("softmax(S/√2 + M)", positions=2),
    "many positions": Case("softmax(S/√2 + M)", positions=9),
    "powers and their sum": Case("softmax(S/√2 + M)", softmax=by_sums),
    "the largest taken away": Case("softmax(S/√2 + M)", softmax=by_sums_of_shifted, positions=5),
    "all of them, the largest taken away": Case("softmax(S/√2)", "", every, softmax=by_sums_of_shifted),
    "no scale": Case("softmax(S + M)", score=lambda s, i, j: s),
    "times a root's power": Case("softmax(S/√2 + M)", score=lambda s, i, j: s * 2**-0.5),
    "times one over a root": Case("softmax(S/√2 + M)", score=lambda s, i, j: (1 / math.sqrt(2)) * s),
    "a factor": Case("softmax(0.5·S + M)", score=lambda s, i, j: 0.5 * s),
    "a negative factor": Case("softmax(−0.5·S + M)", score=lambda s, i, j: -s / 2),
    "terms in no order": Case("softmax(S/√2 + M)", shuffled=True, positions=6),
    "what comes after": Case("softmax(S/√2 + M)", "[0, 0, 0; −∞, 0, 0; −∞, −∞, 0]", lambda i: range(i, 3), positions=3),
    "what was before": Case(
        "softmax(S/√2 + M)", "[0, −∞, −∞; 0, −∞, −∞; 0, 0, −∞; 0, 0, 0]", lambda i: range(i) if i else [0]
    ),
    "a large number taken away": Case(
        "softmax(S/√2 + M)", "0 si j ≤ i, −10⁹ si j > i", every, lambda s, i, j: s / math.sqrt(2) - 1e9 * (j > i)
    ),
    "a number for each distance": Case(
        "softmax(S + M)", "[0, −∞, −∞; −0.5, 0, −∞; −1, −0.5, 0]", score=lambda s, i, j: s - 0.5 * (i - j), positions=3
    ),
    "a slope that is learned": Case(
        "softmax(S/√2 + M)",
        "D2[i − j − 1] si j < i, 0 si j = i, −∞ si j > i",
        score=lambda s, i, j: s / math.sqrt(2) - SLOPE * (i - j),
    ),
    "the same to both sides": Case(
        "softmax(S/√2 + M)",
        "D2[i − j − 1] si j < i, 0 si j = i, D2[j − i − 1] si j > i",
        every,
        lambda s, i, j: s / math.sqrt(2) - SLOPE * abs(i - j),
    ),
    "a bias for each distance": Case(
        "softmax(S/√2 + M)", "p[i − j] si j ≤ i, −∞ si j > i", score=lambda s, i, j: s / math.sqrt(2) + NEAR[i - j]
    ),
    "a bias for each distance, many positions": Case(
        "softmax(S/√2 + M)",
        "p[i − j] si j ≤ i, −∞ si j > i",
        score=lambda s, i, j: s / math.sqrt(2) + NEAR[i - j],
        positions=7,
    ),
    "a bias, the largest taken away": Case(
        "softmax(S + M)",
        "p[i − j] si j ≤ i, −∞ si j > i",
        softmax=by_sums_of_shifted,
        score=lambda s, i, j: s + NEAR[i - j],
    ),
    "a bias before the scale": Case(
        "softmax(S/√2 + M)",
        "−1/√2·p[i − j] si j ≤ i, −∞ si j > i",
        score=lambda s, i, j: (s - NEAR[i - j]) / math.sqrt(2),
    ),
    "a bias for each side": Case(
        "softmax(S + M)",
        "p[i − j + 3] si j < i, p[j − i] si j ≥ i",
        every,
        lambda s, i, j: s + NEAR[i - j + 3],
    ),
    "a bias for each pair": Case("softmax(S + M)", "p[4·i + j]", every, lambda s, i, j: s + PAIRS[i][j]),
    "a bias for each pair, causal": Case(
        "softmax(S/√2 + M)",
        "[p[0], −∞, −∞; p[1], p[2], −∞; p[3], p[4], p[5]]",
        score=lambda s, i, j: s / math.sqrt(2) + NEAR[i * (i + 1) // 2 + j],
        positions=3,
    ),
    "a bias and a number": Case(
        "softmax(S + M)",
        "[p[0], −∞, −∞; p[1] − 0.5, p[0], −∞; p[2] − 1, p[1] − 0.5, p[0]]",
        score=lambda s, i, j: s - 0.5 * (i - j) + NEAR[i - j],
        positions=3,
    ),
}


def attention(case: Case, x: Table, weights: Sequence[Table] = WEIGHTS) -> Table:
    """What each position gets, in the way that a case has it."""
    queries, keys, said = [[[dot(row, token) for row in w] for token in x] for w in weights]
    found = []
    for i in range(case.positions):
        seen = list(case.sees(i))
        shares = case.softmax([case.score(dot(queries[i], keys[j]), i, j) for j in seen])
        pairs = list(zip(shares, seen, strict=True))
        if case.shuffled:
            random.Random(i).shuffle(pairs)
        found.append([dot([share for share, _ in pairs], [said[j][k] for _, j in pairs]) for k in range(2)])
    return found


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "p[" in case.mask or "D2[" in case.mask])
@pytest.mark.parametrize("examples", ["rows", "columns"])
def test_what_is_printed_of_scores_and_shares_gives_their_numbers(name: str, examples: str) -> None:
    program = recorded(CASES[name])
    unread = check_printed(
        program, np.random.default_rng(1).normal(size=(3, CASES[name].positions, 3)), examples=examples
    )
    assert not [formula for formula in unread if "softmax" in formula or " if " in formula or "tables" in formula]


def recorded(case: Case) -> Program:
    return record(lambda x: squares(attention(case, x)), np.zeros((case.positions, 3)).tolist())


def squares(rows: Table) -> Value:
    return es.sum([x * x for row in rows for x in row])


def line_of(name: str, text: str) -> str:
    """The formula of a matrix."""
    return next((line.split("   ")[0] for line in text.splitlines() if line.startswith(f"{name} = ")), "")


@pytest.mark.parametrize("name", CASES)
def test_a_softmax_is_one_line_however_its_rows_are_masked(name: str) -> None:
    case = CASES[name]
    program = recorded(case)
    text = program.explain(backward=True)
    assert line_of("P", text) == f"P = {case.shares}", text
    assert line_of("M", text) == (f"M = {case.mask}" if case.mask else ""), text
    assert line_of("O", text) == "O = P·V", text
    assert "P ⊙ (∂L/∂P − sumas por filas de (P ⊙ ∂L/∂P))" in text, text
    assert "Todo está agrupado." in text, text


@pytest.mark.parametrize("name", CASES)
def test_the_matrices_have_the_numbers_of_the_program(name: str) -> None:
    case = CASES[name]
    xs = np.random.default_rng(1).normal(size=(3, case.positions, 3))
    check_matrices(recorded(case), xs)
    check_matrices(recorded(case), xs[:0])


def test_the_shares_are_those_that_each_position_gives() -> None:
    case = CASES["what was before"]

    def shares(x: Table) -> list[Sequence[Value]]:
        queries, keys = [[[dot(row, token) for row in w] for token in x] for w in WEIGHTS[:2]]
        return [case.softmax([dot(queries[i], keys[j]) / math.sqrt(2) for j in case.sees(i)]) for i in range(4)]

    xs = np.random.default_rng(1).normal(size=(5, 4, 3))
    found = recorded(case).matrices(xs)
    expected = record(shares, np.zeros((4, 3)).tolist())(xs)
    table = np.zeros((5, 4, 3))
    for i in range(4):
        for place, j in enumerate(case.sees(i)):
            table[:, i, j] = expected[:, [0, 1, 2, 4][i] + place]
    np.testing.assert_allclose(found["P"], table.reshape(20, 3), rtol=1e-12)
    assert found["M"].tolist() == np.where(table[0] > 0, 0, -np.inf).tolist()


def test_heads_have_one_mask() -> None:
    case = CASES["a causal mask"]

    def fn(x: Table) -> Value:
        first, second = attention(case, x), attention(case, x, values(3, 2, 3, seed=7))
        return squares([[*one, *other] for one, other in zip(first, second, strict=True)])

    program = record(fn, np.zeros((4, 3)).tolist())
    text = program.explain()
    assert line_of("P1", text) == "P1 = softmax(S1/√2 + M)", text
    assert line_of("P2", text) == "P2 = softmax(S2/√2 + M)", text
    assert text.count("si j ≤ i") == 1
    check_matrices(program, np.random.default_rng(1).normal(size=(3, 4, 3)))


def test_heads_have_one_bias_or_each_its_own() -> None:
    def program(own: Any) -> Program:
        def fn(x: Table) -> Value:
            cases = [
                CASES["a causal mask"]._replace(score=lambda s, i, j, of=of: s / math.sqrt(2) + of[i - j])
                for of in (NEAR, own)
            ]
            first, second = attention(cases[0], x), attention(cases[1], x, values(3, 2, 3, seed=7))
            return squares([[*one, *other] for one, other in zip(first, second, strict=True)])

        return record(fn, np.zeros((4, 3)).tolist())

    for own, masks in ((NEAR, ["M", "M"]), (OTHERS, ["M1", "M2"])):
        text = program(own).explain()
        assert line_of("P1", text) == f"P1 = softmax(S1/√2 + {masks[0]})", text
        assert line_of("P2", text) == f"P2 = softmax(S2/√2 + {masks[1]})", text
        assert text.count("si j ≤ i") == len(set(masks))
        check_matrices(program(own), np.random.default_rng(1).normal(size=(3, 4, 3)))


def test_a_slope_is_told_beside_the_scores() -> None:
    text = recorded(CASES["a slope that is learned"]).explain(backward=True)
    assert line_of("S", text) == "S = Q·Kᵀ", text
    assert line_of("D1", text) == "D1 = slope·C", text
    assert line_of("∂L/∂slope", text) == "∂L/∂slope = sumas por filas de (∂L/∂D1 ⊙ C)", text


def test_a_bias_that_is_a_weight_too_is_told_as_one() -> None:
    """The second weight of a neuron stands on the diagonal; W2[1] would be all weights of the second neuron."""
    score = CASES["a causal mask"]._replace(score=lambda s, i, j: s + (LAST[0][1] if i == j else NEAR[i - j]))

    def fn(x: Table) -> Value:
        return squares([[es.tanh(dot(row, said)) for row in LAST] for said in attention(score, x)])

    program = record(fn, np.zeros((4, 3)).tolist())
    text = program.explain(language="en")
    assert line_of("M", text) == "M = p[i − j − 1] if j < i, W2[0]ᵀ[1] if j = i, −∞ if j > i", text
    found = program.matrices(np.random.default_rng(1).normal(size=(3, 4, 3)))
    assert np.diag(found["M"]).tolist() == [found["W2"][1, 0]] * 4 == [LAST[0][1].data] * 4
    check_matrices(program, np.random.default_rng(1).normal(size=(3, 4, 3)))


def test_a_bias_gets_back_what_the_tables_of_all_examples_send() -> None:
    program = recorded(CASES["a bias for each distance"])
    text = program.explain(backward=True, language="en")
    sent = "P ⊙ (∂L/∂P − row sums of (P ⊙ ∂L/∂P))"
    assert line_of("∂L/∂M", text) == f"∂L/∂M = sum of the tables of ({sent})", text
    assert line_of("∂L/∂p", text) == "∂L/∂p = ∂L/∂M[p]", text
    assert "sum of the tables of A: that of the tables that the examples have in A, number by number." in text
    xs = np.random.default_rng(1).normal(size=(3, 4, 3))
    found = program.matrices(xs)
    to_scores = found["P"] * (found["∂L/∂P"] - (found["P"] * found["∂L/∂P"]).sum(axis=1, keepdims=True))
    to_mask = to_scores.reshape(3, 4, 4).sum(axis=0)
    assert found["∂L/∂M"] == pytest.approx(to_mask, rel=1e-12)
    assert found["∂L/∂p"].ravel() == pytest.approx([np.trace(to_mask, -distance) for distance in range(4)], rel=1e-12)
    latex = program.explain(latex=True, backward=True, language="en")
    assert r"M &= p\left[i - j\right] \text{ if } j \leq i,\; -\infty \text{ if } j > i &&" in latex, latex
    assert r"&= \text{sum of the tables of }\left(P \odot" in latex, latex


@pytest.mark.parametrize(
    "score",
    [
        lambda s, i, j: (s + NEAR[0]) / 2 if i == j else s / 2 + NEAR[i - j],
        lambda s, i, j: (s + NEAR[i - j]) / 2 + OTHERS[i - j],
        lambda s, i, j: s**2 + NEAR[i - j],
    ],
    ids=["before a quotient or after it", "before it and after it", "beside a square"],
)
def test_a_bias_that_does_not_stand_with_every_score_alike_is_told_step_by_step(score: Callable[..., Value]) -> None:
    program = recorded(CASES["a causal mask"]._replace(score=score))
    assert not line_of("P", program.explain()), program.explain()
    check_matrices(program, np.random.default_rng(1).normal(size=(3, 4, 3)))


def test_what_is_given_back_of_a_softmax_keeps_its_line() -> None:
    def fn(x: Table) -> list[Value]:
        queries, keys, said = [[[dot(row, token) for row in w] for token in x] for w in WEIGHTS]
        scores = [[dot(query, key) for key in keys[: i + 1]] for i, query in enumerate(queries)]
        found = [[dot(es.softmax(row), [value[k] for value in said[: len(row)]]) for row in scores] for k in range(2)]
        return [*found[0], *found[1], es.log_sum_exp(scores[1])]

    program = record(fn, np.zeros((4, 3)).tolist())
    assert not line_of("P", program.explain()), program.explain()
    check_printed(program, np.random.default_rng(1).normal(size=(3, 4, 3)))


def test_with_examples_as_columns_the_mask_is_turned() -> None:
    program = recorded(CASES["a causal mask"])
    text = program.explain(examples="columns", language="en")
    assert line_of("M", text) == "M = 0 if j ≥ i, −∞ if j < i", text
    assert "In M, i is the row and j the column." in text, text
    assert line_of("O", text) == "O = V·P", text
    latex = program.explain(latex=True)
    assert r"M &= 0 \text{ si } j \leq i,\; -\infty \text{ si } j > i && \in \mathbb{R}^{4 \times 4}" in latex, latex
    assert r"P &= \operatorname{softmax}\left(\frac{S}{\sqrt{2}} + M\right) &&" in latex, latex


def test_the_signs_of_a_mask_are_told() -> None:
    text = recorded(CASES["a causal mask"]).explain()
    assert "S + M: M se suma a la tabla de cada ejemplo." in text
    assert "En M, i es la fila y j la columna." in text


def test_every_step_is_told_where_it_is_asked_for() -> None:
    text = recorded(CASES["a causal mask"]).explain(steps=True)
    assert "softmax(" not in text and "M = " not in text
    assert "tabla([H8[1:3], 0, 0, H8[3:6], 0, H8[6:10]])" in text, text


def test_shares_that_are_used_elsewhere_are_the_same_matrix() -> None:
    case = CASES["a causal mask"]
    kept: list[Any] = []

    def softmax(scores: Sequence[Value]) -> Sequence[Value]:
        kept.extend(found := es.softmax(scores))
        return found

    def fn(x: Table) -> Value:
        kept.clear()
        rows = attention(case._replace(softmax=softmax), x)
        return squares(rows) + es.sum([share * share for share in kept])

    program = record(fn, np.zeros((4, 3)).tolist())
    assert line_of("P", program.explain()) == "P = softmax(S/√2 + M)"
    check_matrices(program, np.random.default_rng(1).normal(size=(3, 4, 3)))


def test_scores_that_are_used_elsewhere_keep_their_lines() -> None:
    case = CASES["a causal mask"]
    kept: list[Value] = []

    def score(s: Value, i: int, j: int) -> Value:
        kept.append(s / 3)
        return kept[-1]

    def fn(x: Table) -> Value:
        kept.clear()
        rows = attention(case._replace(score=score), x)
        return squares(rows) + es.sum([es.sin(s) for s in kept])

    program = record(fn, np.zeros((4, 3)).tolist())
    assert not line_of("P", program.explain())
    check_matrices(program, np.random.default_rng(1).normal(size=(3, 4, 3)))


def test_a_position_that_waits_for_what_another_one_got_is_told_step_by_step() -> None:
    def fn(x: Table) -> Value:
        tokens, found = x[:1], list[list[Any]]()
        for i in range(4):
            queries, keys, said = [[[dot(row, token) for row in w] for token in tokens] for w in WEIGHTS]
            shares = es.softmax([dot(queries[i], key) for key in keys])
            found.append([dot(shares, [row[k] for row in said]) for k in range(2)])
            tokens = [*tokens, [es.tanh(dot(row, found[-1])) for row in LAST]]
        return squares(found)

    program = record(fn, np.zeros((1, 3)).tolist())
    program.explain(backward=True)
    check_matrices(program, np.random.default_rng(1).normal(size=(3, 1, 3)))


def test_what_is_said_after_the_shares_of_another_is_told_step_by_step() -> None:
    """All scores are one table, and the first position sees itself alone; what the second says is made of that."""

    def fn(x: Table) -> Value:
        queries, keys, (first, _) = [[[dot(row, token) for row in w] for token in x] for w in WEIGHTS]
        (share,), shares = es.softmax([dot(queries[0], keys[0])]), es.softmax([dot(queries[1], key) for key in keys])
        seen = [share * v for v in first]
        said = [first, [es.tanh(a * seen[0] + b * seen[1]) for a, b in LAST[:2]]]
        return squares([seen, [dot(shares, [row[k] for row in said]) for k in range(2)]])

    program = record(fn, np.zeros((2, 3)).tolist())
    assert not line_of("P", program.explain())
    check_matrices(program, np.random.default_rng(1).normal(size=(3, 2, 3)))


def test_a_single_query_has_a_softmax_without_a_table() -> None:
    def fn(x: Table) -> Value:
        queries, keys, said = [[[dot(row, token) for row in w] for token in x] for w in WEIGHTS]
        shares = es.softmax([dot(queries[-1], key) for key in keys])
        return squares([[dot(shares, [row[k] for row in said]) for k in range(2)]])

    check_matrices(record(fn, np.zeros((4, 3)).tolist()), np.random.default_rng(1).normal(size=(3, 4, 3)))


def test_scores_that_are_no_product_of_tables_have_a_softmax_in_one_line() -> None:
    """Scores as a small network gives them, as in additive attention."""

    def fn(x: Table) -> Value:
        queries, keys, said = [[[dot(row, token) for row in w] for token in x] for w in WEIGHTS]
        found = []
        for query in queries:
            shares = es.softmax(
                [dot(LAST[0], [es.tanh(a + b) for a, b in zip(query, key, strict=True)]) for key in keys]
            )
            found.append([dot(shares, [row[k] for row in said]) for k in range(2)])
        return squares(found)

    program = record(fn, np.zeros((4, 3)).tolist())
    assert " = softmax(" in program.explain(), program.explain()
    check_matrices(program, np.random.default_rng(1).normal(size=(3, 4, 3)))


def test_a_page_of_formulas_shows_a_mask() -> None:
    plots = pytest.importorskip("micrograd_es.plots")
    xs = np.random.default_rng(1).normal(size=(1, 4, 3))
    texts = [text.get_text() for text in plots.formulas(recorded(CASES["what was before"]), xs).axes[0].texts]
    assert "M = [0, −∞, −∞; 0, −∞, −∞; 0, 0, −∞; 0, 0, 0]" in texts
    assert "P = softmax(S/√2 + M)" in texts


def test_a_product_that_is_a_row_of_a_table_is_not_what_the_network_gives() -> None:
    text = recorded(CASES["what was before"]).explain()
    assert line_of("Q", text) == "Q = tabla(Z1[0:2], Z2)", text
    assert line_of("Z2", text) == "Z2 = G2·W2", text
    assert line_of("Y", text).startswith("Y = sumas por filas de "), text


def test_a_sum_of_one_term_is_that_term() -> None:
    """Sums of the lists that a causal mask leaves: the first of them has one term."""

    def fn(x: Table) -> Table:
        queries, keys, said = [[[es.dot(row, token) for row in w] for token in x] for w in WEIGHTS]
        found = []
        for i, query in enumerate(queries):
            shares = es.softmax([es.dot(query, key) / math.sqrt(2) for key in keys[: i + 1]])
            found.append([es.sum([p * row[k] for p, row in zip(shares, said, strict=False)]) for k in range(2)])
        return found

    text = record(fn, np.zeros((4, 3)).tolist()).explain()
    assert line_of("O", text) == "O = P·V", text
    assert line_of("Y", text) == "Y = aplanar por posición(O)", text
    program = record(lambda x: squares(fn(x)), np.zeros((4, 3)).tolist())
    check_matrices(program, np.random.default_rng(1).normal(size=(3, 4, 3)))


def counted_twice(scores: Sequence[Value]) -> list[Value]:
    powers = [es.exp(score) for score in scores]
    return [power / sum([*powers, powers[0]]) for power in powers]


def each_by_another_sum(scores: Sequence[Value]) -> list[Value]:
    """Shares of which each takes its own score for twice as large in the sum of all."""
    totals = [sum(es.exp((1 + (k == place)) * s) for k, s in enumerate(scores)) for place in range(len(scores))]
    return [es.exp(2 * score) / total for score, total in zip(scores, totals, strict=True)]


@pytest.mark.parametrize("shares", [counted_twice, each_by_another_sum])
@pytest.mark.parametrize("sees", [every, lambda i: range(i + 1)], ids=["every position", "causal"])
def test_shares_that_do_not_add_up_to_1_are_no_softmax(shares: Any, sees: Any) -> None:
    program = recorded(Case("", sees=sees, softmax=shares))
    assert "softmax(S" not in program.explain(), program.explain()
    check_matrices(program, np.random.default_rng(1).normal(size=(3, 4, 3)))


def after_a_layer(rows: Table) -> list[Any]:
    """The numbers that a layer gives at each position."""
    return [es.relu(dot(w, row) + 0.1) for row in rows for w in LAST[:2]]


@pytest.mark.parametrize(
    ("whole", "line"),
    [
        (lambda rows: es.sum(after_a_layer(rows)), "Y = sumas por filas de F"),
        (lambda rows: es.sum(after_a_layer(rows)[::-1]), "Y = sumas por filas de F"),
        (lambda rows: es.log_sum_exp([x for row in rows for x in row]), "Y = log Σ e^F"),
        (lambda rows: es.prod([x for row in rows for x in row]), "Y = prod F"),
    ],
    ids=["sum", "sum from the last on", "log Σ exp", "product"],
)
@pytest.mark.parametrize("positions", [4, 11])
def test_what_does_not_depend_on_an_order_is_told_in_that_of_the_columns(whole: Any, line: str, positions: int) -> None:
    """The first position of a causal mask is planned apart: its numbers came last, or first."""
    case = CASES["a causal mask"]._replace(positions=positions)
    program = record(lambda x: whole(attention(case, x)), np.zeros((positions, 3)).tolist())
    text = program.explain()
    assert line_of("Y", text) == line, text
    assert " = F[" not in text, text
    check_matrices(program, np.random.default_rng(1).normal(size=(3, positions, 3)))


@pytest.mark.parametrize("number", [-1e9, -1e4])
@pytest.mark.parametrize("positions", [2, 4, 9])
def test_a_number_in_place_of_a_score_is_a_mask(number: float, positions: int) -> None:
    written = {-1e9: "−10⁹", -1e4: "−10000"}[number]
    fn = in_place(number, positions)
    program = record(lambda x: squares(fn(x)), np.zeros((positions, 3)).tolist())
    text = program.explain(backward=True)
    assert line_of("S", text) == "S = Q·Kᵀ", text
    assert line_of("M", text) == f"M = 0 si j ≤ i, {written} si j > i", text
    assert line_of("P", text) == "P = softmax(S/√2 + M)", text
    assert line_of("O", text) == "O = P·V", text
    assert "Todo está agrupado." in text, text
    xs = np.random.default_rng(1).normal(size=(3, positions, 3))
    check_matrices(program, xs)
    for steps in (False, True):
        check_printed(program, xs, steps=steps)
    masked = recorded(CASES["a causal mask"]._replace(positions=positions)).value_and_grad(xs)
    for one, other in zip(program.value_and_grad(xs), masked, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13)


def test_a_number_in_place_of_a_score_is_planned_as_a_score() -> None:
    """The shares of all positions are one table, and so one product."""
    fn = in_place(-1e9, 6)
    plan = record(lambda x: squares(fn(x)), np.zeros((6, 3)).tolist()).plan
    sizes = [len(block.out) for block in plan.blocks if isinstance(block, Inner)]
    assert sizes == [36, 12]
    assert [len(block.out) for block in plan.blocks if isinstance(block, Elementwise) and block.op is es.ops.LSE] == [6]


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("examples", [0, 1, 5])
def test_the_share_of_a_hidden_score_is_what_the_graph_says(fast: bool, examples: int) -> None:
    """Of scores that are as low as the number in place of others, each has its share; so has each of hidden ones."""
    v = Value(2.0, "v")

    def fn(x: list[Value]) -> Value:
        low = Value(-1e5)
        some, hidden = es.softmax([v * x[0], low, Value(-1e5), v * x[1]]), es.softmax([low, low])
        first, second = dot(some, x), dot(some, [x[2], v, x[0] * v, x[1]])
        return first * x[2] + 3 * second + hidden[0] * x[0] * v + some[1] * v + some[2] * some[2] * x[3]

    xs = np.array(
        [[0.5, -0.2, 0.3, 2.0], [-5e4, -1e6, 1, 0.5], [-1e6, -1e6, 1, 0.5], [1, 1, 1, 1], [-50000.5, -5e4, 3, 1]]
    )
    xs = xs[:examples]
    if fast:
        pytest.importorskip("llvmlite")
    program = record(fn, [0.1] * 4, fast=fast)
    expected = [fn([Value(x) for x in row]) for row in xs.tolist()]
    np.testing.assert_allclose(program(xs), [y.data for y in expected], rtol=1e-12)
    slope = sum(gradients(y)[v] for y in expected) / max(examples, 1)
    np.testing.assert_allclose(program.value_and_grad(xs)[1], [slope], rtol=1e-11)
