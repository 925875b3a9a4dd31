"""Recurrent cells that a program unrolls, as a lecture writes them (B4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from conftest import in_new_process
from micrograd_es import Value
from micrograd_es.program import Program, record
from micrograd_es.program.explaining.formulas import Matrix, Minus, Name, Sum
from micrograd_es.program.explaining.matrices import Lines
from micrograd_es.program.explaining.notation import Style
from printed_formulas import check_printed, every_step
from test_program_factors import fast_or_not, with_both

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


def test_a_weight_that_is_a_number_stays_among_the_others() -> None:
    a = Value(0.3)

    def fn(x: Numbers) -> Value:
        added = es.sum([0.1, es.tanh(a), es.sin(a)])
        return es.tanh(a * es.exp(x[0]) + 0.1 * es.sin(x[1])) * added

    program = record(fn, [0.1, 0.2])
    for steps in (False, True):
        check_printed(program, np.random.default_rng(7).normal(size=(3, 2)), steps=steps)


def test_a_weight_that_is_less_a_number_stays_among_the_others() -> None:
    a = Value(0.3)
    program = record(lambda x: es.tanh(a) * es.exp(x[0]) - 0.1 * es.sin(x[1]), [0.1, 0.2])
    assert "W1 = [S; −0.1]" in formulas(program)
    check_printed(program, np.random.default_rng(7).normal(size=(3, 2)))


def test_a_state_and_what_is_new_with_a_number_each_are_told_as_these_multiples() -> None:
    a, b = weights(3, 3), [Value(0.1 * i) for i in range(3)]

    def leaky(x: Numbers) -> list[Value]:
        h = x
        for _ in range(6):
            h = [0.8 * c + 0.2 * new + bias for c, new, bias in zip(h, map(es.tanh, times(a, h)), b, strict=True)]
        return h

    program = record(leaky, [0.1] * 3)
    text = program.explain(backward=True, language="en")
    assert "Hbₜ = 0.8·Hbₜ₋₁ + 0.2·Haₜ + B" in text and "∂L/∂Haₜ = 0.2·∂L/∂Hbₜ" in text, text
    for examples in ("rows", "columns"):
        check_printed(program, np.random.default_rng(3).normal(size=(4, 3)), examples=examples)


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


# Written once for every step

FIVE_STEPS = """\
Gₜ = X[3t−3:3t]                        m×3   t = 1, …, 5
Z1 = G1·W1 + B1                        m×4 = (m×3)·(3×4) + (1×4)
Hₜ = tanh(Zₜ)                          m×4   t = 1, …, 5
Zₜ = Gₜ·W1 + Hₜ₋₁·W2 + B1              m×4 = (m×3)·(3×4) + (m×4)·(4×4) + (1×4)   t = 2, …, 5
Y = H5·W3                              m×2 = (m×4)·(4×2)
E = Y − T                              m×2
ℓ = row sums of (E²)                   m×1   squared error
L = 1/m·Σ ℓ                            1×1
∂L/∂Y = 2·(Y − T)/m                    m×2
∂L/∂W3 = H5ᵀ·∂L/∂Y                     4×2 = (4×m)·(m×2)
∂L/∂H5 = ∂L/∂Y·W3ᵀ                     m×4 = (m×2)·(2×4)
∂L/∂Zₜ = ∂L/∂Hₜ ⊙ (1 − Hₜ²)            m×4   t = 5, …, 1
∂L/∂Hₜ = ∂L/∂Zₜ₊₁·W2ᵀ                  m×4 = (m×4)·(4×4)   t = 4, …, 1
∂L/∂W2 = Σₜ₌₁⁴ Hₜᵀ·∂L/∂Zₜ₊₁            4×4 = (4×m)·(m×4)
∂L/∂W1 = Σₜ₌₁⁵ Gₜᵀ·∂L/∂Zₜ              3×4 = (3×m)·(m×4)
∂L/∂B1 = Σₜ₌₁⁵ column sums of ∂L/∂Zₜ   1×4
Everything is grouped.
A[i:j]: the columns i to j − 1 of A, counted from 0; [A, B] puts them together.
t = a, …, b: the line holds for each of these t.
"""


def test_a_recurrence_is_written_once_for_every_step() -> None:
    program = recurrent(5)
    assert program.explain(backward=True, language="en") + "\n" == FIVE_STEPS
    latex = program.explain(backward=True, latex=True)
    assert r"H_{t} &= \tanh(Z_{t}) && \in \mathbb{R}^{m \times 4} \quad t = 1, \ldots, 5" in latex
    assert r"G_{t} &= X[3t-3:3t] &&" in latex
    assert r"&= \sum_{t=1}^{4} H_{t}^{\top} \cdot \frac{\partial L}{\partial Z_{t+1}} && \in" in latex
    assert program.explain().splitlines()[-1] == "t = a, …, b: la línea vale para cada uno de esos t."
    assert "t = 2, 3, 4" in recurrent(4).explain()
    assert "t =" not in recurrent(3).explain() + program.explain(steps=True)


@pytest.mark.parametrize("steps", [4, 5, 13])
def test_what_is_written_for_every_step_is_what_each_of_them_computes(steps: int) -> None:
    program = recurrent(steps)
    assert (
        check_printed(program, *examples(steps)) == check_printed(program, *examples(steps), examples="columns") == []
    )


def gated(xs: Sequence[Numbers]) -> list[Value]:
    """A cell with gates, whose first step is another one as it starts from 0."""
    h: Numbers = [0.0] * 3
    for x in xs:
        some = [es.sigmoid(z) for z in times(WIDE, [*x, *h])]
        new = [es.tanh(z) for z in times(GATES, [*x, *[a * b for a, b in zip(some, h, strict=True)]])]
        h = [(1 - z) * a + z * b for z, a, b in zip(some, h, new, strict=True)]
    return [*h]


def grown(xs: Numbers) -> list[Value]:
    """Two kinds of animals, of which one eats the other, by Euler's method."""
    a, b = xs
    for _ in range(6):
        a, b = a + 0.1 * (RATES[0] * a - RATES[1] * a * b), b + 0.1 * (RATES[2] * a * b - RATES[3] * b)
    return [a, b]


def two_layers(xs: Sequence[Numbers]) -> list[Value]:
    """Two cells on each other, and what is read at every step."""
    low: Numbers = [0.1] * 3
    high: Numbers = [0.2] * 3
    found = []
    for x in xs:
        low = [es.tanh(z) for z in times(WIDE, [*x, *low])]
        high = [es.relu(z) for z in added(times(SQUARE, low), times(OTHER, high))]
        found += times([GATES[0][:3]], high)
    return found


GATES, SQUARE, OTHER = weights(3, 5, -0.3), weights(3, 3, 0.2), weights(3, 3, -0.4)
RATES = [Value(0.5), Value(0.2), Value(0.3), Value(0.4)]
RECURRENT: dict[str, tuple[Callable[..., Any], Any]] = {
    "gates": (gated, [[0.1, 0.2]] * 7),
    "by Euler": (grown, [1.0, 0.5]),
    "two layers": (two_layers, [[0.1, 0.2]] * 6),
}


@pytest.mark.parametrize("name", RECURRENT)
@pytest.mark.parametrize("order", ["rows", "columns"])
def test_every_step_of_other_recurrences_is_told(name: str, order: str) -> None:
    fn, example = RECURRENT[name]
    program = record(fn, example)
    told = program.explain(backward=True, language="en", examples=order)
    alone = program.explain(backward=True, language="en", examples=order, steps=True)
    assert len(told.splitlines()) < 0.6 * len(alone.splitlines())
    inputs = np.random.default_rng(3).normal(size=(4, *np.shape(example)))
    computed = [line.split(" = ")[0] for line in every_step(told) if " = " in line and " = a, " not in line]
    lines = Lines(program.plan, program.shapes)
    assert sorted(computed) == sorted([line.matrix.name for line in (*lines.forward, *lines.backward)])
    check_printed(program, inputs, examples=order)


def test_what_a_step_computes_has_a_letter_of_its_own() -> None:
    told = record(gated, [[0.1, 0.2]] * 7).explain(backward=True, language="en")
    lines = {" ".join(line.split()) for line in told.splitlines()}
    assert {
        "Gaₜ = X[2t−2:2t] m×2 t = 1, …, 7",
        "Za1 = Ga1·W1 m×3 = (m×2)·(2×3)",
        "Zaₜ = Gaₜ·W1 + Hgₜ₋₁·W3 m×3 = (m×2)·(2×3) + (m×3)·(3×3) t = 2, …, 7",
        "Haₜ = σ(Zaₜ) m×3 t = 1, …, 7",
    } <= lines
    latex = record(gated, [[0.1, 0.2]] * 7).explain(latex=True)
    assert r"\mathrm{Ha}_{t} &= \sigma(\mathrm{Za}_{t})" in latex


LSTM = """\
Gaₜ = X[2t−2:2t]              m×2   t = 1, …, 6
Z1 = Ga1·W1 + B1              m×12 = (m×2)·(2×12) + (1×12)
Gbₜ = Zₜ[0:9]                 m×9   t = 1, …, 6
Haₜ = σ(Gbₜ)                  m×9   t = 1, …, 6
Gcₜ = Zₜ[9:12]                m×3   t = 1, …, 6
Hbₜ = tanh(Gcₜ)               m×3   t = 1, …, 6
G1 = Ha1[6:9]                 m×3
H1 = G1 ⊙ Hb1                 m×3
G2 = Ha1[3:6]                 m×3
H2 = 0·G2                     m×3
Hc1 = H2 + H1                 m×3
Hdₜ = tanh(Hcₜ)               m×3   t = 1, …, 6
Gdₜ = Haₜ[0:3]                m×3   t = 1, …, 6
Heₜ = Gdₜ ⊙ Hdₜ               m×3   t = 1, …, 6
Zₜ = Gaₜ·W1 + Heₜ₋₁·W2 + B1   m×12 = (m×2)·(2×12) + (m×3)·(3×12) + (1×12)   t = 2, …, 6
Geₜ = Haₜ[3:6]                m×3   t = 2, …, 6
Hfₜ = Geₜ ⊙ Hcₜ₋₁             m×3   t = 2, …, 6
Gfₜ = Haₜ[6:9]                m×3   t = 2, …, 6
Hgₜ = Gfₜ ⊙ Hbₜ               m×3   t = 2, …, 6
Hcₜ = Hfₜ + Hgₜ               m×3   t = 2, …, 6
Y = He6·W3                    m×2 = (m×3)·(3×2)
"""


def test_a_cell_with_gates_and_a_memory_is_told_as_in_a_lecture() -> None:
    four = [(weights(3, 5, 0.1 * k), [Value(0.1 * k), Value(0.2), Value(0.3)]) for k in range(4)]
    read = weights(2, 3)

    def fn(xs: Sequence[Numbers]) -> list[Value]:
        h: Numbers = [0.0] * 3
        memory: Numbers = [0.0] * 3
        for x in xs:
            *gates, new = [added(times(rows, [*x, *h]), bias) for rows, bias in four]
            into, kept, out = [[es.sigmoid(z) for z in gate] for gate in gates]
            fresh = [a * es.tanh(b) for a, b in zip(into, new, strict=True)]
            memory = [a * b + c for a, b, c in zip(kept, memory, fresh, strict=True)]
            h = [a * es.tanh(b) for a, b in zip(out, memory, strict=True)]
        return times(read, h)

    program = record(fn, [[0.1, 0.2]] * 6)
    assert program.explain().startswith(LSTM)
    check_printed(program, np.random.default_rng(4).normal(size=(3, 6, 2)))


def test_the_steps_may_take_parts_of_what_was_computed_before() -> None:
    def fn(xs: Numbers) -> Value:
        h: Any = 0.0
        read = []
        for x in xs:
            h = es.tanh(A * x + h)
            read.append(h)
        return es.log_sum_exp(read)

    program = record(fn, [0.1] * 7)
    found = formulas(program)
    assert {"Gₜ = H[t−1]", "Hbₜ = Gₜ + Haₜ₋₁", "Haₜ = tanh(Hbₜ)"} <= set(found)
    check_printed(program, np.random.default_rng(6).normal(size=(3, 7)))


def deep(x: Numbers) -> Numbers:
    """Layers of the same size with weights of their own."""
    for layer in DEEP:
        x = [es.relu(z) for z in times(layer, x)]
    return x


def apart(x: Numbers) -> list[Value]:
    """The same done to parts of the input, which are not one after the other."""
    parts = [[es.sin(v) for v in (x[i], x[(i * i + 3) % 10])] for i in range(5)]
    return [es.maximum(*[es.exp(part[k] * A) + k for part in parts]) for k in range(2)]


DEEP = [weights(3, 3, 0.1 * k) for k in range(6)]
A = Value(0.3)


@pytest.mark.parametrize("fn", [deep, apart])
def test_what_is_no_recurrence_has_all_its_lines(fn: Callable[..., Any]) -> None:
    program = record(fn, [0.1 * i for i in range(3 if fn is deep else 10)])
    assert program.explain(backward=True) == program.explain(backward=True, steps=True)


def test_the_steps_have_a_letter_that_is_no_name() -> None:
    t, rate = Value(0.3, "t"), Value(0.9, "k")

    def fn(x: Value) -> Value:
        for _ in range(5):
            x = es.tanh(t * x) * rate
        return x

    text = record(fn, 0.1).explain()
    assert "n = 2, …, 5" in text or "n = 1, …, 5" in text
    assert "t = " not in text


def test_a_scope_for_each_step_is_told_for_all_of_them() -> None:
    u = weights(2, 2)

    def fn(h: Numbers) -> Numbers:
        for step in range(5):
            with es.scope(f"paso {step}"):
                h = [es.tanh(z) for z in times(u, h)]
        return [z + 1 for z in h]

    found = [" ".join(line.split()) for line in record(fn, [0.1, 0.2]).explain().splitlines()]
    assert "Hₜ = tanh(Zₜ) m×2 paso (t−1) t = 1, …, 5" in found


def test_what_else_has_the_letter_of_a_recurrence_keeps_another_name() -> None:
    u, first = weights(3, 3), weights(3, 2)

    def fn(x: Numbers) -> Value:
        h: Numbers = [es.exp(z) for z in times(first, [es.sin(z) for z in x])]
        for _ in range(6):
            h = [es.tanh(z) for z in times(u, h)]
        return es.sum([es.relu(z) for z in h])

    program = record(fn, [0.1, 0.2])
    names = [line.matrix.name for line in Lines(program.plan, program.shapes).forward]
    assert len(names) == len(set(names))
    check_printed(program, np.random.default_rng(5).normal(size=(3, 2)))


def test_what_is_added_up_over_the_steps_stands_in_parentheses_where_it_is_a_sum_itself() -> None:
    style = Style(False, False, {}, "t")
    matrices = [(Matrix("H", str(i), ("m", 2)), Matrix("G", str(i + 1), ("m", 2))) for i in range(1, 5)]
    terms = [Sum([Name(x), Minus(Name(y))]) for x, y in matrices]
    assert Sum(terms).written(style) == "Σₜ₌₁⁴ (Hₜ − Gₜ₊₁)"
    assert Sum([Minus(Name(x)) for x, _ in matrices]).written(style) == "Σₜ₌₁⁴ (−Hₜ)"
    assert Sum([Name(matrices[0][1]), *terms[1:]]).written(style) == "G2 + Σₜ₌₂⁴ (Hₜ − Gₜ₊₁)"


def test_what_the_last_step_adds_of_its_own_is_no_bias_of_all_steps() -> None:
    """Spiking neurons with a leak: the last state is read once, less the threshold."""
    w, inputs = weights(6, 8), np.random.default_rng(1).normal(size=(5, 5, 8))

    def fn(xs: Sequence[Numbers]) -> Value:
        v: Numbers = [0.0] * 6
        spikes: list[Value] = []
        for x in xs:
            v = [0.9 * a + z for a, z in zip(v, times(w, x), strict=True)]
            s = [es.sigmoid(5 * (a - 1)) for a in v]
            v, spikes = [a * (1 - b) for a, b in zip(v, s, strict=True)], spikes + s
        return es.sum(spikes)

    program = record(fn, [[0.1] * 8] * 5)
    text = program.explain(backward=True, language="en")
    assert "(m·5)×6 = ((m·5)×8)·(8×6)" in text
    assert "B1" not in text
    check_printed(program, inputs)
    assert program.value_and_grad(inputs, reduce="sum")[0] == pytest.approx(
        sum(fn([[Value(a) for a in x] for x in xs]).data for xs in inputs.tolist()), rel=1e-12
    )


@pytest.mark.parametrize("own", [[0.9] * 4, [Value(0.5), Value(-0.4), Value(0.3), Value(0.2)]], ids=["all", "each"])
def test_a_cell_that_keeps_a_part_of_its_state_has_weights_for_its_inputs_alone(own: Numbers) -> None:
    w = weights(4, 4)

    def fn(xs: Sequence[Numbers]) -> Value:
        h: Numbers = [0.0] * 4
        for x in xs:
            h = [es.tanh(z + a * b) for z, a, b in zip(times(w, x), own, h, strict=True)]
        return es.sum(h)

    program, inputs = record(fn, [[0.1] * 4] * 5), np.random.default_rng(1).normal(size=(3, 5, 4))
    text = program.explain(backward=True, language="en")
    for line in ("Z = G·W1", "F = flatten by position(Z)", "Gaₜ = F[4t−4:4t]", "Hcₜ = Gaₜ + Hbₜ₋₁"):
        assert f"{line}  " in text, text
    assert "0, 0" not in text
    check_printed(program, inputs)
    check_printed(program, inputs, examples="columns")


def test_a_first_state_that_is_learnt_is_a_row_that_the_weights_multiply() -> None:
    w, u, b, first = weights(3, 2), weights(3, 3, -0.2), [Value(0.1), Value(0.2), Value(0.3)], weights(1, 3)[0]

    def fn(xs: Sequence[Numbers]) -> list[Value]:
        h: Numbers = first
        for x in xs:
            h = [es.tanh(z) for z in added(times(w, x), times(u, h), b)]
        return list(h)

    program = record(fn, [[0.1, 0.2]] * 5)
    found = [" ".join(line.split()) for line in program.explain(backward=True, language="en").splitlines()]
    assert found[0] == "S1 = p·W1 1×3 = (1×3)·(3×3)"
    assert "Zₜ = Gₜ·W2 + Hₜ₋₁·W1 + B1 m×3 = (m×2)·(2×3) + (m×3)·(3×3) + (1×3) t = 2, …, 5" in found
    assert "∂L/∂W1 = Σₜ₌₁⁴ Hₜᵀ·∂L/∂Zₜ₊₁ + pᵀ·∂L/∂S1 3×3 = (3×m)·(m×3) + (3×1)·(1×3)" in found
    assert "∂L/∂p = ∂L/∂S1·W1ᵀ 1×3 = (1×3)·(3×3)" in found
    for examples in ("rows", "columns"):
        assert not check_printed(program, np.random.default_rng(0).normal(size=(4, 5, 2)), examples=examples)


@pytest.mark.parametrize("width", [1, 2])
def test_a_neuron_whose_state_goes_back_to_it_beside_the_same_input_is_one_product_at_each_step(width: int) -> None:
    w, b = weights(1, 1 + width)[0], Value(0.2)

    def fn(x: Numbers, z: Any) -> Any:
        for _ in range(5):
            z = es.tanh(es.dot(w, [z, *x]) + b)
        return z

    program = record(fn, [0.1] * width, 0.1)
    text = program.explain(backward=True, language="en")
    assert "Zₜ = Gₜ·W1 + B1   " in text
    assert "Gₜ = [X1, Hₜ₋₁]   " in text
    assert "single" not in text
    rng = np.random.default_rng(0)
    xs, zs = rng.normal(size=(4, width)), rng.normal(size=4)
    check_printed(program, xs, zs)
    assert program(xs, zs) == pytest.approx(
        [fn([*map(Value, x)], z).data for x, z in zip(xs.tolist(), zs, strict=True)]
    )


@pytest.mark.parametrize("skip", [False, True], ids=["plain", "with a skip connection"])
def test_cells_on_each_other_are_told_apart(skip: bool) -> None:
    w, u, v, s = weights(3, 2), weights(3, 3, -0.2), weights(3, 3, 0.3), weights(3, 3, 0.05)

    def fn(xs: Sequence[Numbers]) -> list[Value]:
        h: Numbers = [0.0] * 3
        g: Numbers = [0.0] * 3
        for x in xs:
            h = [es.tanh(z) for z in added(times(w, x), times(u, h))]
            g = [es.tanh(z) for z in added(times(v, h), times(s, g))]
            g = added(g, h) if skip else g
        return list(g)

    program = record(fn, [[0.1, 0.2]] * 6)
    found = [" ".join(line.split()) for line in program.explain(backward=True, language="en").splitlines()]
    size = "m×3 = (m×3)·(3×3) + (m×3)·(3×3) t = 2, …, 6"
    assert f"Zbₜ = Haₜ·W3 + H{'c' if skip else 'b'}ₜ₋₁·W4 {size}" in found
    assert "Zaₜ = Gₜ·W1 + Haₜ₋₁·W2 m×3 = (m×2)·(2×3) + (m×3)·(3×3) t = 2, …, 6" in found
    assert "Haₜ = tanh(Zaₜ) m×3 t = 1, …, 6" in found
    assert len([line for line in found if line.startswith("Y = ")]) == 1
    for examples in ("rows", "columns"):
        assert not check_printed(program, np.random.default_rng(0).normal(size=(4, 6, 2)), examples=examples)
        assert not check_printed(
            program, np.random.default_rng(0).normal(size=(4, 6, 2)), examples=examples, steps=True
        )


def test_a_recurrence_of_single_numbers_is_told_as_one_of_vectors() -> None:
    w, u, b = Value(0.5, "w"), Value(0.4, "u"), Value(0.1, "b")

    def state(x: Sequence[Any]) -> Value:
        h: Any = 0.0
        for a in x:
            h = es.tanh(w * h + u * a + b)
        return h

    program = record(state, [0.1] * 5)
    lines = [" ".join(line.split()) for line in program.explain(backward=True, language="en").splitlines()]
    assert "Zₜ = Gₜ·u + Hₜ₋₁·w + b m×1 = (m×1)·(1×1) + (m×1)·(1×1) + (1×1) t = 2, …, 5" in lines
    assert "∂L/∂w = Σₜ₌₁⁴ Hₜᵀ·∂L/∂Zₜ₊₁ 1×1 = (1×m)·(m×1)" in lines
    assert all("[" in formula for formula in check_printed(program, np.random.default_rng(0).normal(size=(4, 5))))


def test_what_the_steps_of_a_long_recurrence_do_with_inputs_and_states_alone_is_one_operation_for_all() -> None:
    o, a, b = Value(-2.0, "o"), Value(-1.0, "a"), Value(1.0, "b")

    def garch(returns: Sequence[Any]) -> Any:
        h: Any = es.exp(o)
        loss: Any = 0.0
        for r in returns:
            loss = loss + es.log(h) + r * r / h
            h = es.exp(o) + es.sigmoid(a) * (r * r) + es.sigmoid(b) * h
        return loss

    program = record(garch, [0.1] * 30, parameters=[o, a, b])
    lines = [" ".join(line.split()) for line in program.explain(language="en").splitlines()]
    assert "H1 = X² m×30" in lines
    assert sum("log(" in line for line in lines) == 2  # of the first state, which no input changes, and of the others
    assert any(line.startswith("Zₜ = Gaₜ₋₁·S2 + S1 m×1 = (m×2)·(2×1) + (1×1) t = ") for line in lines)
    returns = np.random.default_rng(0).normal(size=(4, 30))
    assert not [formula for formula in check_printed(program, returns) if "[" not in formula]
    loss, slopes = program.value_and_grad(returns)
    values = [garch(row.tolist()) for row in returns]
    assert loss == pytest.approx(sum(value.data for value in values) / 4, rel=1e-13)
    by_leaf = [es.gradients(value) for value in values]
    assert slopes == pytest.approx([sum(found[leaf] for found in by_leaf) / 4 for leaf in program.values], rel=1e-12)


def test_the_steps_of_runge_and_kutta_through_a_network_are_told_once() -> None:
    net = es.MLP(2, [6, 2], activation="tanh", output="linear", seed=1)

    def fn(x: Sequence[Any]) -> list[Any]:
        def slope(h: float, k: Sequence[Any]) -> list[Value]:
            return list(net([a + h * b for a, b in zip(s, k, strict=True)]))

        s = list(x)
        for _ in range(5):
            k1 = net(s)
            k2 = slope(0.1, k1)
            k3 = slope(0.1, k2)
            k4 = slope(0.2, k3)
            s = [x + 0.2 / 6 * (a + 2 * b + 2 * c + d) for x, a, b, c, d in zip(s, k1, k2, k3, k4, strict=True)]
        return s

    program = record(fn, [0.1, 0.2])
    lines = [" ".join(line.split()) for line in program.explain(language="en").splitlines()]
    size = "m×2 = (m×6)·(6×2) + (1×2) + (m×2) + (m×2) + (m×2)"
    last = [line for line in lines if f"+ B2 + Zbₜ + Hjₜ + Hkₜ {size}" in line]
    assert len(last) == 1 and last[0].endswith("t = 1, …, 5")
    x = np.random.default_rng(0).normal(size=(4, 2))
    assert not [formula for formula in check_printed(program, x) if "[" not in formula]


@with_both
def test_what_a_loss_does_with_the_state_of_every_step_is_done_with_all_states_at_once(fast: bool) -> None:
    fast_or_not(fast)
    w, u = weights(3, 3, 0.2), weights(3, 2, -0.1)

    def fn(xs: Sequence[Numbers], targets: Sequence[Numbers]) -> Any:
        h: Numbers = [0.0] * 3
        loss: Any = 0.0
        for x, t in zip(xs, targets, strict=True):
            h = [es.tanh(z) for z in added(times(w, h), times(u, x))]
            loss = loss + es.sum([(a - b) ** 2 for a, b in zip(h, t, strict=True)])
        return loss

    program = record(fn, [[0.1] * 2] * 5, [[0.2] * 3] * 5, fast=fast)
    lines = [" ".join(line.split()) for line in program.explain(language="en").splitlines()]
    assert {
        "U1 = [H1, H2, H3, H4, Y] m×15",
        "U2 = U1 − X2 m×15",
        "U3 = U2² m×15",
        "ℓ = row sums of U3 m×1 squared error",
    } <= set(lines)
    rng = np.random.default_rng(0)
    xs, targets = rng.normal(size=(4, 5, 2)), rng.normal(size=(4, 5, 3))
    assert all("[" in formula for formula in check_printed(program, xs, targets))
    loss, slopes = program.value_and_grad(xs, targets)
    eager = [fn(x, t) for x, t in zip(xs.tolist(), targets.tolist(), strict=True)]
    found = [es.gradients(value) for value in eager]
    assert loss == pytest.approx(sum(value.data for value in eager) / 4, rel=1e-13)
    assert slopes == pytest.approx([sum(each[leaf] for each in found) / 4 for leaf in program.values], rel=1e-12)


def test_a_penalty_of_every_state_beside_what_is_read_from_it_leaves_the_readings_together() -> None:
    w, u, v = weights(3, 3, 0.2), weights(3, 2, -0.1), weights(1, 3)[0]

    def fn(xs: Sequence[Numbers]) -> Any:
        h: Numbers = [0.0] * 3
        loss: Any = 0.0
        for x in xs:
            h = [es.tanh(z) for z in added(times(w, h), times(u, x))]
            loss = loss + 0.1 * es.sum([abs(a) for a in h]) + es.log(1 + es.exp(es.dot(v, h)))
        return loss

    program = record(fn, [[0.1] * 2] * 5)
    lines = [" ".join(line.split()) for line in program.explain(language="en").splitlines()]
    assert {"Z6 = G6·W3 (m·5)×1 = ((m·5)×3)·(3×1)", "H6 = |G6| (m·5)×3", "H10 = log(H9) (m·5)×1"} <= set(lines)
    assert "Everything is grouped." in lines
    unread = check_printed(program, np.random.default_rng(0).normal(size=(4, 5, 2)))
    assert all("[" in formula or formula.startswith(("patches(", "flatten(")) for formula in unread)


def test_a_cell_with_gates_whose_states_are_all_compared_is_told_to_its_last_step() -> None:
    rows = weights(12, 5)

    def lstm(xs: Sequence[Numbers], targets: Sequence[Numbers]) -> Any:
        h: Numbers = [0.0] * 3
        c: Numbers = [0.0] * 3
        loss: Any = 0.0
        for x, t in zip(xs, targets, strict=True):
            z = times(rows, [*h, *x])
            forget, put, out = ([es.sigmoid(a) for a in z[3 * i : 3 * i + 3]] for i in range(3))
            new = [es.tanh(a) for a in z[9:]]
            c = added([a * b for a, b in zip(forget, c, strict=True)], [a * b for a, b in zip(put, new, strict=True)])
            h = [a * es.tanh(b) for a, b in zip(out, c, strict=True)]
            loss = loss + es.sum([(a - b) ** 2 for a, b in zip(h, t, strict=True)])
        return loss

    program = record(lstm, [[0.1] * 2] * 5, [[0.2] * 3] * 5)
    lines = [" ".join(line.split()) for line in program.explain(language="en").splitlines()]
    assert {"ℓ = row sums of H4 m×1 squared error", "G3 = [He1, He2, He3, He4, He5] m×15", "H3 = G3 − X2 m×15"} <= set(
        lines
    )
    assert [line for line in lines if line.endswith("t = 2, …, 5") and line.startswith("Zₜ = Gaₜ·W1 + Heₜ₋₁·W2")]
    assert not [line for line in lines if line.startswith(("Y", "U"))]
    rng = np.random.default_rng(0)
    unread = check_printed(program, rng.normal(size=(4, 5, 2)), rng.normal(size=(4, 5, 3)))
    assert all("[" in formula for formula in unread)


KALMAN = """
from micrograd_es import Value, exp, log, record
lq, lr, phi = Value(-1.0, "q"), Value(-0.5, "r"), Value(0.9, "φ")
def fn(y):
    q, r = exp(lq), exp(lr)
    a, b, p, c, d, total = 0, 0, 1, 0, 1, 0
    for measured in y:
        a, b = a + b, phi * b
        p, c, d = p + 2 * c + d + q, phi * (c + d), phi * phi * d + q
        s, v = p + r, measured - a
        k, l = p / s, c / s
        total = total + (log(s) + v * v / s) / 2
        a, b = a + k * v, b + l * v
        p, c, d = (1 - k) * p, (1 - k) * c, d - l * c
    return total
program = record(fn, [0.0] * 15)
print(program, program.explain(backward=True), program.source(3))
"""


def test_the_steps_of_a_filter_are_told_alike_with_different_hash_seeds() -> None:
    """The variance of what is measured is divided by itself in two ways, and either could be that of the next step."""
    first, *others = (in_new_process(KALMAN, PYTHONHASHSEED=seed) for seed in ("1", "3", "4"))
    assert "t = 1, …, 13" in first
    assert others == [first, first]
