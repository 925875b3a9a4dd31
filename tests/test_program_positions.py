"""Losses that are summed over several positions of an example, as a lecture writes them (B4)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Value, losses
from micrograd_es.program import Program, record
from printed_formulas import check_printed
from test_program_blocks import network
from test_program_explain import formulas, words

TOKENS = """\
G = tabla(X1)                          (m·5)×2
Z = G·W1 + B1                          (m·5)×4 = ((m·5)×2)·(2×4) + (1×4)
H = relu(Z)                            (m·5)×4
Y = H·W2 + B2                          (m·5)×3 = ((m·5)×4)·(4×3) + (1×3)
T = tabla(X2)                          (m·5)×3
P = softmax(Y)                         (m·5)×3
ℓ = −sumas por filas de (T ⊙ log P)    (m·5)×1   entropía cruzada
L = 1/(5·m)·Σ ℓ                        1×1
∂L/∂Y = (P − T)/(5·m)                  (m·5)×3   donde las filas de T suman 1
∂L/∂W2 = Hᵀ·∂L/∂Y                      4×3 = (4×(m·5))·((m·5)×3)
∂L/∂B2 = sumas por columnas de ∂L/∂Y   1×3
∂L/∂H = ∂L/∂Y·W2ᵀ                      (m·5)×4 = ((m·5)×3)·(3×4)
∂L/∂Z = ∂L/∂H ⊙ 1[Z > 0]               (m·5)×4
∂L/∂W1 = Gᵀ·∂L/∂Z                      2×4 = (2×(m·5))·((m·5)×4)
∂L/∂B1 = sumas por columnas de ∂L/∂Z   1×4
Todo está agrupado.
"""

Fn = Callable[[Any, Any], Any]
CROSS = losses.softmax_cross_entropy


def at_positions(loss: Fn, n: int = 5, k: int = 3, whole: bool = False) -> Program:
    """A 2-4-k network at n positions of an example, and a loss of all its outputs and n×k targets.

    The inputs and the targets of an example are tables, or `whole` rows of numbers.
    """
    net = network(2, 4, k)
    if whole:
        return record(lambda x, t: loss([net(part) for part in cut(x, 2)], cut(t, k)), [0.1] * (2 * n), [0.3] * (n * k))
    return record(lambda xs, ts: loss([net(x) for x in xs], ts), [[0.1] * 2] * n, [[0.3] * k] * n)


def cut(numbers: Any, size: int) -> list[Any]:
    return [numbers[i : i + size] for i in range(0, len(numbers), size)]


def added(loss: Fn, scale: float = 1.0) -> Fn:
    """The sum of a loss over the positions, times a number."""
    return lambda ys, ts: scale * es.sum([loss(y, t) for y, t in zip(ys, ts, strict=True)])


def averaged(loss: Fn) -> Fn:
    return lambda ys, ts: es.sum([loss(y, t) for y, t in zip(ys, ts, strict=True)]) / len(ys)


def one_by_one(ys: Any, ts: Any) -> Any:
    """A sum that is written as a loop, divided in it."""
    total: Any = 0
    for y, t in zip(ys, ts, strict=True):
        total += (es.log_sum_exp(y) - es.dot(t, y)) / len(ys)
    return total


def of_softmax(y: Any, t: Any) -> Any:
    return -es.sum([b * es.log(p) for p, b in zip(es.softmax(y), t, strict=True)])


def log_sum(y: Any, t: Any) -> Any:
    return es.log_sum_exp(y) - es.dot(t, y)


def divergence(y: Any, t: Any) -> Any:
    return es.sum([b * (es.log(b) - p) for p, b in zip(es.log_softmax(y), t, strict=True)])


def margins(y: Any, t: Any) -> Any:
    return es.sum([es.relu(1 - a * b) for a, b in zip(y, t, strict=True)])


def of_sigmoids(y: Any, t: Any) -> Any:
    return es.sum([(es.sigmoid(a) - b) ** 2 for a, b in zip(y, t, strict=True)])


def flattened(loss: Fn) -> Fn:
    return lambda ys, ts: loss([a for y in ys for a in y], [b for t in ts for b in t])


LOG = "ℓ = −row sums of (T ⊙ log P)"
SUM = "ℓ = log Σ e^Y − row sums of (T ⊙ Y)"

# A loss, how many positions and outputs, the line of ℓ, that of L, and that of ∂L/∂Y.
LOSSES: dict[str, tuple[Fn, int, int, str, str, str]] = {
    "log Σ e^y − Σ t·y": (averaged(log_sum), 5, 3, SUM, "1/(5·m)·Σ ℓ", "(P − T)/(5·m)"),
    "summed": (added(log_sum), 5, 3, SUM, "1/m·Σ ℓ", "(P − T)/m"),
    "one by one": (one_by_one, 5, 3, SUM, "1/(5·m)·Σ ℓ", "(P − T)/(5·m)"),
    "as many positions as outputs": (averaged(log_sum), 2, 2, SUM, "1/(2·m)·Σ ℓ", "(P − T)/(2·m)"),
    "softmax cross-entropy": (averaged(CROSS), 5, 3, LOG, "1/(5·m)·Σ ℓ", "(P − T)/(5·m)"),
    "log of softmax": (averaged(of_softmax), 4, 3, LOG, "1/(4·m)·Σ ℓ", "(P − T)/(4·m)"),
    "49 positions": (averaged(of_softmax), 49, 2, LOG, "1/(49·m)·Σ ℓ", "(P − T)/(49·m)"),
    "log of softmax, summed": (added(of_softmax), 4, 2, LOG, "1/m·Σ ℓ", "(P − T)/m"),
    "a third": (added(CROSS, 1 / 3), 5, 3, "ℓ = 1/3·(−row sums of (T ⊙ log P))", "1/m·Σ ℓ", "(P − T)/(3·m)"),
    "a root": (added(CROSS, 2**0.5), 4, 3, "ℓ = √2·(−row sums of (T ⊙ log P))", "1/m·Σ ℓ", "√2·(P − T)/m"),
    "a root, 1": (added(CROSS, 2**0.5), 1, 3, "ℓ = √2·(−row sums of (T ⊙ log P))", "1/m·Σ ℓ", "√2·(P − T)/m"),
    "divergence": (
        averaged(divergence),
        4,
        3,
        "ℓ = row sums of (T ⊙ (log T − log P))",
        "1/(4·m)·Σ ℓ",
        "(P − T)/(4·m)",
    ),
    "a known class": (averaged(lambda y, _: CROSS(y, 1)), 5, 3, LOG, "1/(5·m)·Σ ℓ", "(P − T)/(5·m)"),
    "half": (added(losses.half_squared_error), 4, 3, "ℓ = ½·row sums of (E²)", "1/m·Σ ℓ", "(Y − T)/m"),
    "mse": (averaged(losses.mse), 4, 3, "ℓ = 1/3·row sums of (E²)", "1/(4·m)·Σ ℓ", "(Y − T)/(6·m)"),
    "mse of all": (flattened(losses.mse), 4, 3, "ℓ = 1/3·row sums of (E²)", "1/(4·m)·Σ ℓ", "(Y − T)/(6·m)"),
    "squares, 1": (averaged(losses.mse), 7, 1, "ℓ = E²", "1/(7·m)·Σ ℓ", "2·(Y − T)/(7·m)"),
    "squares of sigmoids": (added(of_sigmoids), 4, 1, "ℓ = E²", "1/m·Σ ℓ", "2·(Y − T)/m"),
    "logits, 1": (
        averaged(losses.binary_cross_entropy_with_logits),
        4,
        1,
        "ℓ = softplus(Y) − T ⊙ Y",
        "1/(4·m)·Σ ℓ",
        "(σ(Y) − T)/(4·m)",
    ),
    "hinge": (averaged(margins), 4, 3, "ℓ = row sums of (relu(U))", "1/(4·m)·Σ ℓ", "−T ⊙ 1[U > 0]/(4·m)"),
}


def given(program: Program, k: int) -> tuple[np.ndarray, np.ndarray]:
    """A batch of 6 with targets that sum to 1 at every position."""
    r = np.random.default_rng(3)
    xs, ts = (r.uniform(0.1, 1.0, size=(6, *shape)) for shape in program.shapes)
    rows = ts.reshape(-1, k)
    return xs, (rows / rows.sum(1, keepdims=True)).reshape(ts.shape)


def check(program: Program, xs: np.ndarray, ts: np.ndarray) -> None:
    """The matrices against a run of the program, and the gradients against those of every step."""
    found, every = program.matrices(xs, ts), program.matrices(xs, ts, steps=True)
    assert found["L"].item() == pytest.approx(program.value_and_grad(xs, ts)[0], rel=1e-12)
    for name in ("W1", "B1", "W2", "B2"):
        assert found[f"∂L/∂{name}"] == pytest.approx(every[f"∂L/∂{name}"], rel=1e-10, abs=1e-14)


def test_a_classifier_of_tokens_is_that_of_the_lecture() -> None:
    text = at_positions(averaged(CROSS)).explain(backward=True)
    assert words(text)[: len(words(TOKENS))] == words(TOKENS)
    assert "tabla(A): los números de cada ejemplo de A como una tabla, fila tras fila." in text


@pytest.mark.parametrize("whole", [False, True], ids=["tables", "whole"])
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_at_positions_is_written_as_a_lecture_does(name: str, whole: bool) -> None:
    loss, n, k, forward, mean, backward = LOSSES[name]
    program = at_positions(loss, n, k, whole)
    text = program.explain(backward=True, language="en")
    assert {forward, f"L = {mean}", f"∂L/∂Y = {backward}", "Everything is grouped."} <= set(formulas(text))
    assert "flatten" not in text
    xs, ts = given(program, k)
    check(program, xs, ts)
    check(program, xs, ts**2)  # of any sum
    for examples in ("rows", "columns"):
        assert set(check_printed(program, xs, ts, examples=examples)) <= {"patches(X1)", "table(X2)"}
    latex = program.explain(latex=True, backward=True, language="en")
    assert latex.isascii()
    assert latex.count("{") == latex.count("}")
    assert program.matrices(xs[:0], ts[:0])["L"].item() == 0


def test_its_matrices_are_those_of_numpy() -> None:
    program = at_positions(averaged(CROSS))
    r = np.random.default_rng(1)
    xs, ts = r.normal(size=(7, 5, 2)), np.eye(3)[r.integers(3, size=(7, 5))]
    found = program.matrices(xs, ts)
    assert found["G"] == pytest.approx(xs.reshape(35, 2))
    assert found["T"] == pytest.approx(ts.reshape(35, 3))
    powers = np.exp(found["Y"])
    p = powers / powers.sum(1, keepdims=True)
    assert found["P"] == pytest.approx(p, rel=1e-13)
    assert found["ℓ"] == pytest.approx(-(found["T"] * np.log(p)).sum(1, keepdims=True), rel=1e-12)
    assert found["L"].item() == pytest.approx(found["ℓ"].mean(), rel=1e-12)
    assert found["∂L/∂Y"] == pytest.approx((p - found["T"]) / 35, rel=1e-12)
    assert found["∂L/∂W2"] == pytest.approx(found["H"].T @ found["∂L/∂Y"], rel=1e-12)


def test_its_latex_has_the_positions_in_the_shapes_and_in_the_mean() -> None:
    text = at_positions(averaged(CROSS)).explain(latex=True, backward=True, examples="columns", language="en")
    assert r"L &= \frac{1}{5 \cdot m} \sum \ell && \in" in text
    assert r"= \frac{P - T}{5 \cdot m} && \in \mathbb{R}^{3 \times (5m)} \quad \text{where the columns of $T$" in text


def test_targets_that_are_inputs_too_keep_their_name_at_positions() -> None:
    net = network(3, 2, 3)
    program = record(lambda xs: averaged(losses.half_squared_error)([net(x) for x in xs], xs), [[0.1] * 3] * 4)
    lines = set(formulas(program.explain(backward=True)))
    assert {"G = tabla(X)", "E = Y − G", "∂L/∂Y = (Y − G)/(4·m)"} <= lines
    assert not any(line.startswith("T = ") for line in lines)


def test_targets_with_a_table_for_each_class_are_put_in_rows() -> None:
    program = at_positions(
        lambda ys, ts: averaged(CROSS)(ys, [[t[i] for t in cut([b for t in ts for b in t], 4)] for i in range(4)]), 4
    )
    assert "T = tabla(X2[0, 4, 8, 1, 5, 9, …])" in program.explain()
    r = np.random.default_rng(2)
    xs, ts = r.normal(size=(3, 4, 2)), r.uniform(size=(3, 4, 3))
    check(program, xs, ts)
    assert program.matrices(xs, ts)["T"][:4] == pytest.approx(ts[0].reshape(3, 4).T)


def test_a_penalty_stands_beside_the_mean_over_positions() -> None:
    model = es.MLP(2, [4, 3], seed=2)
    weights = [value for name, value in model.named_parameters().items() if ".w" in name]
    for inside in (False, True):

        def fn(xs: Any, ts: Any, inside: bool = inside) -> Any:
            penalty = 0.01 * es.sum([w * w for w in weights])
            loss = es.sum([CROSS(model(x), t) for x, t in zip(xs, ts, strict=True)])
            return (loss + penalty) / 4 if inside else loss / 4 + penalty

        program = record(fn, [[0.1] * 2] * 4, [[0.1] * 3] * 4)
        factor, slope = ("0.0025", "0.005") if inside else ("0.01", "0.02")
        lines = {f"R = {factor}·(‖W1‖² + ‖W2‖²)", "L = 1/(4·m)·Σ ℓ + R", f"∂L/∂W2 = Hᵀ·∂L/∂Y + {slope}·W2"}
        assert lines <= set(formulas(program.explain(backward=True)))
        check(program, *given(program, 3))


def test_steps_prints_every_step_at_positions() -> None:
    lines = formulas(at_positions(averaged(log_sum)).explain(backward=True, steps=True))
    assert {"F1 = aplanar por posición(Z2)", "Y = H7/5", "∂L/∂Z2 = ∂L/∂F1[Z2] + ∂L/∂H2 ⊙ e^(Z2 − H2)"} <= set(lines)


def weighted(ys: Any, ts: Any) -> Any:
    return es.sum([(i + 1) * CROSS(y, t) for i, (y, t) in enumerate(zip(ys, ts, strict=True))])


def along_positions(ys: Any, ts: Any) -> Any:
    columns = [([y[k] for y in ys], [t[k] for t in ts]) for k in range(3)]
    return es.sum([log_sum(y, t) for y, t in columns])


NEARLY: dict[str, Fn] = {
    "weights": weighted,
    "a mask": lambda ys, ts: es.sum([m * CROSS(y, t) for m, y, t in zip([1, 1, 0, 1], ys, ts, strict=True)]),
    "weights that are given": lambda ys, ts: es.sum([t[0] * CROSS(y, t) for y, t in zip(ys, ts, strict=True)]),
    "smoothed": added(lambda y, t: CROSS(y, [0.9 * b + 0.1 / 3 for b in t])),
    "computed targets": added(lambda y, t: CROSS(y, es.softmax(t))),
    "another axis": along_positions,
    "known targets of sum 2": added(lambda y, _: es.log_sum_exp(y) - y[0] - y[1]),
    "another temperature in one part": added(lambda y, t: es.log_sum_exp([a / 2 for a in y]) - es.dot(t, y)),
    "one position twice": lambda ys, ts: added(log_sum)([*ys[1:], ys[1]], [*ts[1:], ts[0]]) + 0 * ys[0][0],
    "another class at each": lambda ys, _: es.sum([CROSS(y, i % 3) for i, y in enumerate(ys)]),
    "negative": added(log_sum, -1.0),
}


@pytest.mark.parametrize("name", NEARLY)
def test_what_is_nearly_a_loss_at_positions_keeps_its_steps(name: str) -> None:
    program = at_positions(NEARLY[name], 4)
    text = program.explain(backward=True, language="en")
    assert not any(line.startswith(("P = ", "T = ", "E = ")) for line in formulas(text))
    assert re.search("^∂L/∂[Yℓ] = 1/m ", text, re.MULTILINE)  # where the way back starts
    if "softmax" not in text:
        assert text == program.explain(backward=True, language="en", steps=True)
    check(program, *given(program, 3))


def test_a_temperature_is_a_line_before_the_softmax() -> None:
    program = at_positions(averaged(lambda y, t: log_sum([a / 2 for a in y], t)))
    assert {"Y = Z2/2", "P = softmax(Y)", "∂L/∂Z2 = 1/2·∂L/∂Y"} <= set(formulas(program.explain(backward=True)))
    check(program, *given(program, 3))


def test_a_softmax_of_all_positions_is_one_of_them_in_a_row() -> None:
    program = at_positions(flattened(log_sum))
    lines = formulas(program.explain(backward=True))
    assert {"Y = aplanar(Z2)", "P = softmax(Y)", "∂L/∂Y = (P − T)/m"} <= set(lines)


def test_pixels_are_positions() -> None:
    kernels = [[Value(0.1 * i - 0.2 * j) for i in range(4)] for j in range(2)]
    heads = [[Value(0.3 * i - 0.2 * j) for i in range(2)] for j in range(2)]

    def fn(x: Any, t: Any) -> Any:
        total = []
        for i in range(3):
            for j in range(3):
                seen = [x[i][j], x[i][j + 1], x[i + 1][j], x[i + 1][j + 1]]
                h = [es.relu(es.dot(kernel, seen)) for kernel in kernels]
                total.append(CROSS([es.dot(w, h) for w in heads], t[i][j]))
        return es.sum(total) / 9

    program = record(fn, [[0.1] * 4] * 4, [[[0.1] * 2] * 3] * 3)
    assert {"T = tabla(X2)", "∂L/∂Y = (P − T)/(9·m)"} <= set(formulas(program.explain(backward=True)))
    r = np.random.default_rng(2)
    xs, ts = r.normal(size=(3, 4, 4)), r.uniform(size=(3, 3, 3, 2))
    found = program.matrices(xs, ts)
    value, gradient = program.value_and_grad(xs, ts)
    assert found["L"].item() == pytest.approx(value, rel=1e-12)
    assert np.sort([*found["∂L/∂W1"].ravel(), *found["∂L/∂W2"].ravel()]) == pytest.approx(np.sort(gradient))


def test_the_logarithm_of_one_power_at_each_position_has_its_numbers() -> None:
    program = at_positions(lambda ys, _: es.sum([es.log_sum_exp(y) ** 2 for y in ys]), k=1)
    check(program, *given(program, 1))


def test_a_matrix_that_is_read_as_a_table_is_no_part_of_it_in_the_legend() -> None:
    assert "A[i:j]" not in at_positions(added(CROSS)).explain(language="en")
    some = record(lambda xs, t: CROSS(network(2, 4, 3)(xs[1:3]), t), [0.1] * 4, [0.3] * 3)
    assert "A[i:j]: the columns i to j − 1 of A" in some.explain(language="en")
