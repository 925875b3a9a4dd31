"""Recurrent cells that a program unrolls, as a lecture writes them (B4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Value
from micrograd_es.program import Program, record
from printed_formulas import check_printed

Numbers = Sequence[Any]


def weights(rows: int, columns: int, start: float = 0.1) -> list[list[Value]]:
    return [[Value(start + 0.1 * i - 0.2 * j) for j in range(columns)] for i in range(rows)]


def times(rows: Sequence[Numbers], x: Numbers) -> list[Value]:
    return [es.dot(row, x) for row in rows]


def added(*rows: Numbers) -> list[Value]:
    return [es.sum(parts) for parts in zip(*rows, strict=True)]


def recurrent(steps: int) -> Program:
    """H = tanh(X·W + H·U + b), from H = 0, and a loss of what is read from the last of them."""
    w, u, v, b = weights(4, 3), weights(4, 4, -0.2), weights(2, 4), [Value(0.1), Value(0.2), Value(0.3), Value(0.4)]

    def fn(xs: Sequence[Numbers], ts: Numbers) -> Value:
        h: Numbers = [0.0] * 4
        for x in xs:
            h = [es.tanh(z) for z in added(times(w, x), times(u, h), b)]
        return es.sum([(y - t) ** 2 for y, t in zip(times(v, h), ts, strict=True)])

    return record(fn, [[0.1, 0.2, 0.3]] * steps, [0.1, 0.2])


TWO_STEPS = """\
G1 = X[0:3]                                    m×3
Z1 = G1·W1 + B1                                m×4 = (m×3)·(3×4) + (1×4)
H1 = tanh(Z1)                                  m×4
G2 = X[3:6]                                    m×3
Z2 = G2·W1 + H1·W2 + B1                        m×4 = (m×3)·(3×4) + (m×4)·(4×4) + (1×4)
H2 = tanh(Z2)                                  m×4
Y = H2·W3                                      m×2 = (m×4)·(4×2)
E = Y − T                                      m×2
ℓ = row sums of (E²)                           m×1   squared error
L = 1/m·Σ ℓ                                    1×1
∂L/∂Y = 2·(Y − T)/m                            m×2
∂L/∂W3 = H2ᵀ·∂L/∂Y                             4×2 = (4×m)·(m×2)
∂L/∂H2 = ∂L/∂Y·W3ᵀ                             m×4 = (m×2)·(2×4)
∂L/∂Z2 = ∂L/∂H2 ⊙ (1 − H2²)                    m×4
∂L/∂W2 = H1ᵀ·∂L/∂Z2                            4×4 = (4×m)·(m×4)
∂L/∂H1 = ∂L/∂Z2·W2ᵀ                            m×4 = (m×4)·(4×4)
∂L/∂Z1 = ∂L/∂H1 ⊙ (1 − H1²)                    m×4
∂L/∂W1 = G2ᵀ·∂L/∂Z2 + G1ᵀ·∂L/∂Z1               3×4 = (3×m)·(m×4) + (3×m)·(m×4)
∂L/∂B1 = column sums of ∂L/∂Z2 + column sums of ∂L/∂Z1   1×4
Everything is grouped.
A[i:j]: the columns i to j − 1 of A, counted from 0; [A, B] puts them together.
"""


def test_a_cell_that_has_two_layers_of_weights_is_two_products() -> None:
    program = recurrent(2)
    assert program.explain(backward=True, language="en") + "\n" == TWO_STEPS
    assert check_printed(program, *examples(2)) == check_printed(program, *examples(2), examples="columns") == []


def examples(steps: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(1)
    return rng.normal(size=(5, steps, 3)), rng.normal(size=(5, 2))


WIDE = weights(3, 5)


def test_products_are_apart_where_their_weights_are() -> None:
    def shuffled(x: Numbers) -> list[Value]:
        """The second layer has the weights of the first among others, for inputs that stand in another order."""
        h = [es.tanh(z) for z in times([row[:2] for row in WIDE], x[:2])]
        order = [1, 3, 4, 0, 2]
        return times([[row[i] for i in order] for row in WIDE], [[*x[2:], *h][i] for i in order])

    program = record(shuffled, [0.1] * 4)
    found = ["G1 = X[0:2]", "Z1 = G1·W1", "H = tanh(Z1)", "G2 = X[2:4]", "Z2 = G2·W1 + H·W2", "Y = Z2[2, 0, 1]"]
    assert formulas(program) == found
    check_printed(program, np.random.default_rng(2).normal(size=(4, 4)))


@pytest.mark.parametrize(
    ("fn", "line"),
    [
        (lambda x: [*times([row[:2] for row in WIDE], x[:2]), *times(WIDE, [es.tanh(v) for v in x])], "Z2 = H·W3"),
        (lambda x: [*times([row[:2] for row in WIDE], x[:2]), *times([r[1:] for r in WIDE], x[1:])], "Z2 = G2·W3"),
    ],
    ids=["of one matrix", "of a part of the weights"],
)
def test_products_stay_together(fn: Callable[..., Any], line: str) -> None:
    program = record(fn, [0.1] * 5)
    assert line in formulas(program)
    check_printed(program, np.random.default_rng(2).normal(size=(4, 5)))


def formulas(program: Program) -> list[str]:
    return [line.split("   ")[0] for line in program.explain().splitlines() if " = " in line]
