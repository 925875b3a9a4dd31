"""What is computed for each of several positions, however they stand in a plan, is told as one table of an example."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Value, record
from test_program_blocks import values
from test_program_explain import check_matrices

Table = list[list[Any]]
QUERIES, KEYS, SAID, LAST = values(4, 3, 3, seed=1)
ABOVE, BELOW = values(4, 3, seed=2), values(3, 4, seed=3)
GAINS, OTHERS = values(2, 3, seed=4)


def dot(xs: Sequence[Any], ys: Sequence[Any]) -> Any:
    return sum(x * y for x, y in zip(xs, ys, strict=True))


def layer(weights: Table, tokens: Table) -> Table:
    return [[dot(row, token) for row in weights] for token in tokens]


def norm(tokens: Table, gains: Sequence[Value]) -> Table:
    found = []
    for token in tokens:
        mean = sum(token) / len(token)
        deviation = es.sqrt(sum((x - mean) ** 2 for x in token) / len(token) + 1e-5)
        found.append([gain * (x - mean) / deviation for gain, x in zip(gains, token, strict=True)])
    return found


def added(tokens: Table, others: Table) -> Table:
    return [[x + y for x, y in zip(*both, strict=True)] for both in zip(tokens, others, strict=True)]


def attention(tokens: Table, causal: bool) -> Table:
    queries, keys, said = (layer(weights, tokens) for weights in (QUERIES, KEYS, SAID))
    found = []
    for i, query in enumerate(queries):
        seen = i + 1 if causal else len(keys)
        shares = es.softmax([dot(query, key) / math.sqrt(3) for key in keys[:seen]])
        found.append([dot(shares, [row[k] for row in said[:seen]]) for k in range(3)])
    return layer(LAST, found)


def transformer(tokens: Table, causal: bool = True) -> Table:
    """A block of a transformer: attention, and two layers, each of what is normed, and added to what was there."""
    tokens = added(tokens, attention(norm(tokens, GAINS), causal))
    hidden = [list(map(es.relu, row)) for row in layer(ABOVE, norm(tokens, OTHERS))]
    return added(tokens, layer(BELOW, hidden))


BLOCK = [
    "G = tabla(X)",
    "H1 = sumas por filas de G",
    "H2 = H1/3",
    "H3 = G − H2",
    "H4 = p1 ⊙ H3",
    "H5 = H3²",
    "H6 = sumas por filas de H5",
    "H7 = 1/3·H6",
    "H8 = H7 + 10⁻⁵",
    "H9 = √H8",
    "H10 = H4/H9",
    "Z1 = H10·W1",
    "Q = Z1[0:3]",
    "K = Z1[3:6]",
    "S = Q·Kᵀ",
    "M = 0 si j ≤ i, −∞ si j > i",
    "P = softmax(S/√3 + M)",
    "V = Z1[6:9]",
    "O = P·V",
    "Z2 = O·W2 + G",
    "H11 = sumas por filas de Z2",
    "H12 = H11/3",
    "H13 = Z2 − H12",
    "H14 = p2 ⊙ H13",
    "H15 = H13²",
    "H16 = sumas por filas de H15",
    "H17 = 1/3·H16",
    "H18 = H17 + 10⁻⁵",
    "H19 = √H18",
    "H20 = H14/H19",
    "Z3 = H20·W3",
    "H21 = relu(Z3)",
    "Z4 = H21·W4 + Z2",
    "Y = aplanar por posición(Z4)",
]


def formulas(text: str) -> list[str]:
    return [line.split("   ")[0] for line in text.splitlines() if " = " in line]


@pytest.mark.parametrize("positions", [2, 5])
@pytest.mark.parametrize("causal", [False, True], ids=["every position", "causal"])
def test_a_block_of_a_transformer_has_a_line_for_each_thing_it_does(causal: bool, positions: int) -> None:
    found = formulas(record(lambda x: transformer(x, causal), np.zeros((positions, 3)).tolist()).explain())
    assert found == (BLOCK if causal else [line.replace(" + M", "") for line in BLOCK if not line.startswith("M = ")])


@pytest.mark.parametrize("causal", [False, True], ids=["every position", "causal"])
def test_its_matrices_have_the_numbers_of_the_program(causal: bool) -> None:
    def loss(x: Table) -> Value:
        return es.sum(
            [es.sin(v) * (1 + k / 10) for k, v in enumerate(v for row in transformer(x, causal) for v in row)]
        )

    xs = np.random.default_rng(1).normal(size=(3, 4, 3))
    check_matrices(record(loss, xs[0].tolist()), xs)
    check_matrices(record(loss, xs[0].tolist()), xs[:0])


def test_a_layer_may_have_as_many_neurons_as_it_reads_numbers() -> None:
    wide = values(12, 3, seed=9)

    def loss(x: Table) -> Value:
        rows = layer(wide, transformer(x))
        return es.sum([es.sin(v) * (1 + k / 10) for k, v in enumerate(v for row in rows for v in row)])

    xs = np.random.default_rng(1).normal(size=(3, 4, 3))
    check_matrices(record(loss, xs[0].tolist()), xs)


def test_inputs_in_a_row_have_no_table() -> None:
    text = record(lambda x: [sum(x[:3]), sum(x[3:])], [0.0] * 6).explain()
    assert "Σ₃(X)" in text and "tabla" not in text, text


def test_tokens_that_are_apart_are_told() -> None:
    """Keys for the first and the last of six tokens, which ask nothing themselves."""

    def fn(tokens: Table) -> Value:
        keys = [*layer(KEYS, tokens[:1]), *layer(KEYS, tokens[5:])]
        return es.sum([es.tanh(dot(query, key)) for query in layer(QUERIES, tokens[1:5]) for key in keys])

    program = record(fn, [[0.1] * 3] * 6)
    text = program.explain(language="en")
    assert "patches(X[0:3], X[15:18])" in text and "patches(X[3:15])" in text, text
    check_matrices(program, np.random.default_rng(1).normal(size=(4, 6, 3)))


def test_tokens_that_see_their_half_alone_are_told_by_the_rows_of_tables() -> None:
    def fn(x: Sequence[Any]) -> Value:
        tokens = [list(x[i : i + 3]) for i in range(0, 18, 3)]
        queries, keys, said = (layer(weights, tokens) for weights in (QUERIES, KEYS, SAID))
        found = []
        for i, query in enumerate(queries):
            seen = slice(0, 3) if i < 3 else slice(3, 6)
            shares = es.softmax([dot(query, key) for key in keys[seen]])
            found += [es.tanh(dot(shares, [row[k] for row in said[seen]])) for k in range(3)]
        return es.sum(found)

    program = record(fn, [0.1] * 18)
    lines = [line.split("   ")[0] for line in program.explain(language="en").splitlines()]
    assert lines[2:5] == ["Q1 = rows 0:3(Z[0:3])", "K1 = rows 0:3(Z[3:6])", "S1 = Q1·K1ᵀ"]
    assert "Q2 = columns 3:6(Z[0:3])" in program.explain(examples="columns", language="en")
    assert r"K_{2} &= \text{rows 3:6}\left(Z[3:6]\right) " in program.explain(latex=True, language="en")
    check_matrices(program, np.random.default_rng(1).normal(size=(4, 18)))


def test_a_table_of_numbers_from_many_places_is_one_of_the_numbers_in_one_row() -> None:
    def fn(x: Sequence[Any]) -> Value:
        found = [[es.tanh(es.dot(row[:2], x[i : i + 2])) for row in QUERIES[:2]] for i in range(0, 16, 2)]
        queries, keys = ([[found[i][0], found[(3 * i + k) % 8][1]] for i in range(8)] for k in (1, 3))
        return es.sum([es.tanh(dot(query, key)) for query in queries for key in keys])

    program = record(fn, [0.1] * 16)
    assert "table(F1[0, 9, 1, 12, 2, 15, …])" in program.explain(language="en")
    check_matrices(program, np.random.default_rng(0).normal(size=(3, 16)))


def test_patches_of_some_tokens_say_of_which() -> None:
    """The queries and keys of every token, which go through a layer of its own."""
    turns = values(4, 2, 2, seed=5)

    def fn(tokens: Table) -> Value:
        queries, keys = (
            [layer(turn, [pair])[0] for turn, pair in zip(turns, layer(weights[:2], tokens), strict=True)]
            for weights in (QUERIES, KEYS)
        )
        return es.sum([es.tanh(dot(query, key)) for query in queries for key in keys])

    program = record(fn, [[0.1] * 3] * 4)
    text = program.explain(language="en")
    assert all(f"= patches(rows {i}:{i + 1}(Z1))" in text for i in range(4)), text
    assert "rows i:j(A): of each example the rows i to j − 1 of A" in text
    assert r"\operatorname{patches}(\text{columns 1:2}" in program.explain(
        latex=True, language="en", examples="columns"
    )
    check_matrices(program, np.random.default_rng(1).normal(size=(4, 4, 3)))
