"""Losses in the matrix formulas of a program: found in the graph, written as a lecture writes them (B4)."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Value, losses
from micrograd_es.program import Program, record
from printed_formulas import check_printed
from test_program_blocks import network
from test_program_explain import check_matrices, formulas, words

B4 = """\
Z = X·W1 + B1                         m×5 = (m×4)·(4×5) + (1×5)
H = relu(Z)                           m×5
Y = H·W2 + B2                         m×{k} = (m×5)·(5×{k}) + (1×{k})
P = softmax(Y)                        m×{k}
ℓ = −sumas por filas de (T ⊙ log P)   m×1   softmax y entropía cruzada
L = 1/m·Σ ℓ                           1×1
∂L/∂Y = (P − T)/m                     m×{k}   donde las filas de T suman 1
∂L/∂W2 = Hᵀ·∂L/∂Y                     5×{k} = (5×m)·(m×{k})
∂L/∂B2 = sumas por columnas de ∂L/∂Y   1×{k}
∂L/∂H = ∂L/∂Y·W2ᵀ                     m×5 = (m×{k})·({k}×5)
∂L/∂Z = ∂L/∂H ⊙ 1[Z > 0]              m×5
∂L/∂W1 = Xᵀ·∂L/∂Z                     4×5 = (4×m)·(m×5)
∂L/∂B1 = sumas por columnas de ∂L/∂Z   1×5
Todo está agrupado."""

Net = Callable[[Any], list[Value]]
Fn = Callable[[list[Value], list[Value]], Value]


def loss_program(k: int, loss: Callable[[list[Value], list[Value]], Value], one: bool = False) -> Program:
    """A 4-5-k network with a loss of its outputs and of k targets (or of one)."""
    net: Net = network(4, 5, k)
    return record(lambda x, t: loss(net(x), t), [0.1] * 4, [0.3] * (1 if one else k))


def by_softmax(ys: list[Value], ts: list[Value]) -> Value:
    powers = [es.exp(y) for y in ys]
    total = es.sum(powers)
    return -es.sum([t * es.log(power / total) for power, t in zip(powers, ts, strict=True)])


def by_sigmoid(ys: list[Value], ts: list[Value]) -> Value:
    ps = [es.sigmoid(y) for y in ys]
    return es.sum([-(t * es.log(p) + (1 - t) * es.log(1 - p)) for p, t in zip(ps, ts, strict=True)])


def by_quotient(ys: list[Value], ts: list[Value]) -> Value:
    ps = [1 / (1 + es.exp(-y)) for y in ys]
    return -es.sum([t * es.log(p) + (1 - t) * es.log(1 - p) for p, t in zip(ps, ts, strict=True)])


def multiplied_out(ys: list[Value], ts: list[Value]) -> Value:
    return es.sum([0.5 * y * y - t * y + t * t / 2 for y, t in zip(ys, ts, strict=True)])


def smoothed(ys: list[Value], ts: list[Value]) -> Value:
    return losses.softmax_cross_entropy(ys, [0.9 * t + 0.1 / len(ts) for t in ts])


def divergence(ys: list[Value], ts: list[Value]) -> Value:
    return es.sum([t * (es.log(t) - p) for p, t in zip(es.log_softmax(ys), ts, strict=True)])


def divergence_in_parts(ys: list[Value], ts: list[Value]) -> Value:
    return es.sum([t * es.log(t) for t in ts]) - es.dot(ts, [es.log(p) for p in es.softmax(ys)])


def each(loss: Callable[[Value, Value], Value]) -> Fn:
    """The sum of a loss of each output and its target."""
    return lambda ys, ts: es.sum([loss(y, t) for y, t in zip(ys, ts, strict=True)])


STABLE = {  # log(1 + e^y) − t·y without the exponential of a large number, and the slope of its log(1 + e^y) at 0
    "relu": (each(lambda y, t: es.relu(y) - t * y + es.log(1 + es.exp(-abs(y)))), 0),
    "relu of −y": (each(lambda y, t: es.relu(-y) + (1 - t) * y + es.log(1 + es.exp(-abs(y)))), 1),
    "max(0, y)": (each(lambda y, t: es.maximum(0, y) - y * t + es.softplus(-abs(y))), 0),
    "max(y, 0)": (each(lambda y, t: es.maximum(y, 0) - t * y + es.log(1 + es.exp(-abs(-y)))), 1),
}

SOFTMAX = "ℓ = −row sums of (T ⊙ log P)"
BINARY = "ℓ = row sums of (softplus(Y) − T ⊙ Y)"
LOGISTIC = "ℓ = row sums of (softplus(U))"

# A loss, how many outputs, the line of ℓ, and that of ∂L/∂Y.
LOSSES: dict[str, tuple[Fn, int, str, str]] = {
    "softmax, 2": (losses.softmax_cross_entropy, 2, SOFTMAX, "(P − T)/m"),
    "softmax, 3": (losses.softmax_cross_entropy, 3, SOFTMAX, "(P − T)/m"),
    "softmax, 10": (losses.softmax_cross_entropy, 10, SOFTMAX, "(P − T)/m"),
    "softmax by hand": (by_softmax, 2, SOFTMAX, "(P − T)/m"),
    "log of softmax": (
        lambda ys, ts: es.sum([-t * es.log(p) for p, t in zip(es.softmax(ys), ts, strict=True)]),
        4,
        SOFTMAX,
        "(P − T)/m",
    ),
    "log Σ e^y − Σ t·y": (
        lambda ys, ts: es.log_sum_exp(ys) - es.dot(ts, ys),
        3,
        "ℓ = log Σ e^Y − row sums of (T ⊙ Y)",
        "(P − T)/m",
    ),
    "divergence": (divergence, 3, "ℓ = row sums of (T ⊙ (log T − log P))", "(P − T)/m"),
    "divergence in parts": (divergence_in_parts, 2, "ℓ = row sums of (T ⊙ (log T − log P))", "(P − T)/m"),
    "smoothed": (smoothed, 3, SOFTMAX, "(P − T)/m"),
    "a known class": (lambda ys, _: losses.softmax_cross_entropy(ys, 1), 3, SOFTMAX, "(P − T)/m"),
    "twice": (
        lambda ys, ts: 2 * losses.softmax_cross_entropy(ys, ts),
        2,
        "ℓ = 2·(−row sums of (T ⊙ log P))",
        "2·(P − T)/m",
    ),
    "half, 1": (losses.half_squared_error, 1, "ℓ = ½·E²", "(Y − T)/m"),
    "half, 3": (losses.half_squared_error, 3, "ℓ = ½·row sums of (E²)", "(Y − T)/m"),
    "multiplied out": (multiplied_out, 2, "ℓ = ½·row sums of (E²)", "(Y − T)/m"),
    "mse, 1": (losses.mse, 1, "ℓ = E²", "2·(Y − T)/m"),
    "mse, 2": (losses.mse, 2, "ℓ = ½·row sums of (E²)", "(Y − T)/m"),
    "mse, 3": (losses.mse, 3, "ℓ = 1/3·row sums of (E²)", "2·(Y − T)/(3·m)"),
    "a number of its own": (lambda ys, ts: (ys[0] - ts[0]) ** 2 * 0.123456789, 1, "ℓ = 0.123456789·E²", ""),
    "logits, 1": (losses.binary_cross_entropy_with_logits, 1, "ℓ = softplus(Y) − T ⊙ Y", "(σ(Y) − T)/m"),
    "logits, 3": (
        losses.binary_cross_entropy_with_logits,
        3,
        "ℓ = 1/3·row sums of (softplus(Y) − T ⊙ Y)",
        "(σ(Y) − T)/(3·m)",
    ),
    "hinge, 1": (lambda ys, ts: es.relu(1 - ts[0] * ys[0]), 1, "ℓ = relu(U)", "−T ⊙ 1[U > 0]/m"),
    "hinge, 3": (
        lambda ys, ts: es.sum([es.maximum(0, 1 - y * t) for y, t in zip(ys, ts, strict=True)]) / 2,
        3,
        "ℓ = ½·row sums of (relu(U))",
        "−T ⊙ 1[U > 0]/(2·m)",
    ),
    "sigmoid by hand": (by_sigmoid, 2, BINARY, "(σ(Y) − T)/m"),
    "sigmoid as a quotient": (by_quotient, 2, BINARY, "(σ(Y) − T)/m"),
    "log(1 + e^y)": (each(lambda y, t: es.log(1 + es.exp(y)) - t * y), 2, BINARY, "(σ(Y) − T)/m"),
    "log(e^y + e^0)": (each(lambda y, t: es.log_sum_exp([y, 0.0]) - t * y), 2, BINARY, "(σ(Y) − T)/m"),
    "log(1 + e^−y)": (each(lambda y, t: (1 - t) * y + es.log(es.exp(-y) + 1)), 2, BINARY, "(σ(Y) − T)/m"),
    "both softplus": (
        each(lambda y, t: t * es.softplus(-y) + (1 - t) * es.softplus(y)),
        2,
        BINARY,
        "(σ(Y) − T)/m",
    ),
    **{f"stable, {name}": (loss, 2, BINARY, "(σ(Y) − T)/m") for name, (loss, _) in STABLE.items()},
    "Poisson": (each(lambda y, t: es.exp(y) - t * y), 2, "ℓ = row sums of (e^Y − T ⊙ Y)", "(e^Y − T)/m"),
    "Poisson, 1": (each(lambda y, t: (es.exp(y) - y * t) / 2), 1, "ℓ = ½·(e^Y − T ⊙ Y)", "(e^Y − T)/(2·m)"),
    "logistic": (each(lambda y, t: es.softplus(-t * y)), 2, LOGISTIC, "−T ⊙ σ(U)/m"),
    "logistic, 1": (each(lambda y, t: es.log(1 + es.exp(-(y * t)))), 1, "ℓ = softplus(U)", "−T ⊙ σ(U)/m"),
    "−log σ(t·y)": (each(lambda y, t: -es.log(es.sigmoid(t * y))), 2, LOGISTIC, "−T ⊙ σ(U)/m"),
}


@pytest.mark.parametrize("k", [2, 3])
def test_the_cross_entropy_of_a_network_is_that_of_the_lecture(k: int) -> None:
    text = loss_program(k, losses.softmax_cross_entropy).explain(backward=True)
    assert words(text) == words(B4.format(k=k))


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_written_as_a_lecture_does(name: str) -> None:
    loss, k, forward, backward = LOSSES[name]
    lines = formulas(loss_program(k, loss).explain(backward=True, language="en"))
    assert forward in lines
    assert not backward or f"∂L/∂Y = {backward}" in lines
    assert "Everything is grouped." in lines
    assert not any(line.startswith(("U1", "∂L/∂U", "∂L/∂ℓ")) for line in lines)


@pytest.mark.parametrize("name", LOSSES)
def test_its_formulas_give_the_numbers_of_the_graph_for_any_target(name: str) -> None:
    loss, k, _, _ = LOSSES[name]
    program = loss_program(k, loss)
    r = np.random.default_rng(k)
    xs, ts = r.normal(size=(6, 4)), r.uniform(size=(6, k))
    found = program.matrices(xs, ts)
    value, _ = program.value_and_grad(xs, ts)
    assert found["L"].item() == pytest.approx(value, rel=1e-12)
    every = program.matrices(xs, ts, steps=True)
    for weights in ("W1", "B1", "W2", "B2"):
        assert found[f"∂L/∂{weights}"] == pytest.approx(every[f"∂L/∂{weights}"], rel=1e-11, abs=1e-14)
    net = network(4, 5, k)
    check_matrices(record(lambda x: loss(net(x[:4]), x[4:]), [0.1] * (4 + k)), np.concatenate([xs, ts], axis=1))


@pytest.mark.parametrize("name", STABLE)
def test_the_slope_of_a_stable_cross_entropy_at_0_is_that_of_the_graph(name: str) -> None:
    """There |y| has the slope 0, and max(y, 0) that of its first: σ(0) is a half."""
    loss, slope = STABLE[name]
    w = Value(0.0, "w")
    program = record(lambda x, t: loss([w * x], [t]), 1.0, 0.25)
    xs, ts = [2.0, 3.0], [0.25, 1.0]
    found = program.matrices(xs, ts)
    assert found["∂L/∂Y"] == pytest.approx((slope - np.array([ts]).T) / 2)
    assert found["∂L/∂w"].ravel() == pytest.approx(program.value_and_grad(xs, ts)[1])
    text = words(program.explain(backward=True))
    assert "ℓ = softplus(Y) − T ⊙ Y m×1 entropía cruzada binaria" in text, text
    assert "∂L/∂Y = (σ(Y) − T)/m m×1 donde Y no es 0" in text, text


def test_losses_of_counts_and_of_signs_have_their_names() -> None:
    for loss, names in (
        ("Poisson", ("pérdida de Poisson", "Poisson loss")),
        ("logistic", ("pérdida logística", "logistic loss")),
    ):
        program = loss_program(2, LOSSES[loss][0])
        for name, language in zip(names, ("es", "en"), strict=True):
            assert f"m×1   {name}\n" in program.explain(language=language), program.explain(language=language)


@pytest.mark.parametrize(
    "loss",
    [
        each(lambda y, t: es.exp(y) - y),
        each(lambda y, t: es.exp(y) + t * y),
        each(lambda y, t: es.relu(y) - t * y + es.softplus(abs(y))),
        each(lambda y, t: es.relu(y) - t * y + 2 * es.softplus(-abs(y))),
        each(lambda y, t: es.softplus(-2 * t * y)),
        lambda ys, ts: es.softplus(-ts[0] * ys[0]) + es.relu(1 - ts[1] * ys[1]),
        lambda ys, ts: es.softplus(-ts[0] * ys[0]) + es.softplus(-ts[1] * ys[0]) + es.softplus(-ts[1] * ys[1]),
        lambda ys, ts: es.log(1 + es.exp(ys[0]) + es.exp(ys[1])) - ts[0] * ys[0] - ts[1] * ys[1],
        lambda ys, ts: es.sum(
            [f(y) - t * y + es.softplus(-abs(y)) for f, y, t in zip((es.relu, left_of_0), ys, ts, strict=True)]
        ),
    ],
)
def test_what_is_nearly_such_a_loss_keeps_its_steps(loss: Fn) -> None:
    program = loss_program(2, loss)
    assert not any(f"   {name}" in program.explain(language="en") for name in ("binary", "Poisson", "logistic"))
    r = np.random.default_rng(1)
    check_printed(program, r.normal(size=(5, 4)), r.uniform(size=(5, 2)))


def left_of_0(y: Value) -> Value:
    """max(y, 0), with the slope 1 at 0."""
    return es.maximum(y, 0)


@pytest.mark.parametrize("k", [2, 3])
def test_the_matrices_of_a_cross_entropy_are_those_of_numpy(k: int) -> None:
    program = loss_program(k, losses.softmax_cross_entropy)
    r = np.random.default_rng(1)
    xs, ts = r.normal(size=(7, 4)), np.eye(k)[r.integers(k, size=7)]
    found = program.matrices(xs, ts)
    powers = np.exp(found["Y"])
    p = powers / powers.sum(1, keepdims=True)
    assert found["T"] == pytest.approx(ts)
    assert found["P"] == pytest.approx(p, rel=1e-13)
    assert found["ℓ"] == pytest.approx(-(ts * np.log(p)).sum(1, keepdims=True), rel=1e-12)
    assert found["∂L/∂Y"] == pytest.approx((p - ts) / 7, rel=1e-12)
    assert found["∂L/∂W2"] == pytest.approx(found["H"].T @ ((p - ts) / 7), rel=1e-12)


def test_logits_of_any_size_have_a_loss() -> None:
    w = [Value(1000.0), Value(-1000.0)]
    program = record(lambda x, t: losses.softmax_cross_entropy([w[0] * x, w[1] * x], t), 1.0, [0.0, 1.0])
    assert program.matrices([1.0], [[0.0, 1.0]])["L"].item() == 2000


def test_a_divergence_has_its_name_and_sends_back_nothing_of_the_targets() -> None:
    program = loss_program(3, divergence)
    assert "log P))   m×1   divergencia KL" in program.explain()
    assert r"\left(T \odot \left(\log T - \log P\right)\right) \cdot \mathbf{1}" in program.explain(latex=True)
    assert "log T" not in program.explain(backward=True).split("L = 1/m·Σ ℓ")[1]


def test_steps_prints_every_step() -> None:
    program = loss_program(3, losses.softmax_cross_entropy)
    lines = formulas(program.explain(backward=True, steps=True))
    assert lines[3:8] == ["U1 = log Σ e^Y", "U2 = Y − U1", "U3 = X2 ⊙ U2", "U4 = sumas por filas de U3", "ℓ = −U4"]
    assert "∂L/∂Y = ∂L/∂U2 + ∂L/∂U1 ⊙ e^(Y − U1)" in lines


def test_with_examples_as_columns_the_columns_of_the_targets_sum_to_1() -> None:
    program = loss_program(2, losses.softmax_cross_entropy)
    text = program.explain(backward=True, examples="columns", language="en")
    assert "ℓ = −column sums of (T ⊙ log P)" in text
    assert "where the columns of T sum to 1" in text


def test_the_latex_of_losses_is_plain() -> None:
    for loss, k, _, _ in LOSSES.values():
        text = loss_program(k, loss).explain(latex=True, backward=True, language="en")
        assert text.isascii()
        assert text.count("{") == text.count("}")
    text = loss_program(2, losses.softmax_cross_entropy).explain(latex=True, backward=True, language="en")
    assert r"P &= \operatorname{softmax}(Y) &&" in text
    assert r"\ell &= -\left(T \odot \log P\right) \cdot \mathbf{1} &&" in text
    assert r"&= \frac{P - T}{m} && \in \mathbb{R}^{m \times 2} \quad \text{where the rows of $T$ sum to 1}" in text
    assert r"\frac{2 \cdot \left(Y - T\right)}{3 \cdot m}" in loss_program(3, losses.mse).explain(True, True)


def test_targets_that_are_inputs_too_keep_their_name() -> None:
    net = network(3, 4, 3)
    lines = formulas(record(lambda x: losses.half_squared_error(net(x), x), [0.1] * 3).explain(backward=True))
    assert {"Z = X·W1 + B1", "E = Y − X", "∂L/∂Y = (Y − X)/m"} <= set(lines)


def test_one_target_for_all_outputs_is_repeated() -> None:
    program = loss_program(2, lambda ys, ts: losses.half_squared_error(ys, [ts[0], ts[0]]), one=True)
    assert "T = X2[0, 0]" in program.explain()
    xs, ts = np.random.default_rng(1).normal(size=(5, 4)), np.ones((5, 1))
    assert program.matrices(xs, ts)["L"].item() == pytest.approx(program.value_and_grad(xs, ts)[0])


def squares(values: list[Any]) -> Value:
    return es.sum([v * v for v in values])


def penalised(penalty: Callable[[es.MLP], Any], loss: Fn = losses.half_squared_error) -> Program:
    """A 3-4-2 network with the loss and what is added to it."""
    model = es.MLP(3, [4, 2], seed=2)
    return record(lambda x: loss(model(x[:3]), x[3:]) + penalty(model), [0.1] * 5)


def weights(model: es.MLP) -> list[Any]:
    return [value for name, value in model.named_parameters().items() if ".w" in name]


# A penalty, what is added to the mean of ℓ, and what it sends to W1.
PENALTIES: dict[str, tuple[Callable[[es.MLP], Any], str, str]] = {
    "all parameters": (
        lambda model: 0.01 * squares(model.parameters()),
        "R = 0.01·(‖W1‖² + ‖B1‖² + ‖W2‖² + ‖B2‖²)",
        " + 0.02·W1",
    ),
    "the weights": (lambda model: squares(weights(model)) * 0.5, "R = 0.5·(‖W1‖² + ‖W2‖²)", " + W1"),
    "powers": (lambda model: es.sum([w**2 for w in weights(model)]) / 4, "R = 0.25·(‖W1‖² + ‖W2‖²)", " + 0.5·W1"),
    "one by one": (
        lambda model: es.sum([0.1 * w * w for w in weights(model)[:12]]) + 0.3 * squares(weights(model)[12:]),
        "R = 0.1·‖W1‖² + 0.3·‖W2‖²",
        " + 0.2·W1",
    ),
    "products of three": (
        lambda model: es.sum([es.prod([w, 0.1, w]) for w in weights(model)]),
        "R = 0.1·(‖W1‖² + ‖W2‖²)",
        " + 0.2·W1",
    ),
    "minus, twice": (
        lambda model: 0.1 * es.sum([(-2 * w) * w for w in weights(model)]),
        "R = −0.2·(‖W1‖² + ‖W2‖²)",
        " − 0.4·W1",
    ),
    "a product of two numbers": (
        lambda model: 0.1 * (0.35 * squares(weights(model))),  # 0.034999999999999996
        "R = 0.035·(‖W1‖² + ‖W2‖²)",
        " + 0.07·W1",
    ),
    "a third": (lambda model: losses.l2(weights(model)) / 3, "R = 1/3·(‖W1‖² + ‖W2‖²)", " + 2/3·W1"),
    "less a third": (lambda model: losses.l2(weights(model)) / -3, "R = −1/3·(‖W1‖² + ‖W2‖²)", " − 2/3·W1"),
    "taken away": (lambda model: -0.1 * squares(weights(model)), "R = −0.1·(‖W1‖² + ‖W2‖²)", " − 0.2·W1"),
    "absolute values": (lambda model: 0.1 * losses.l1(weights(model)), "R = 0.1·(‖W1‖₁ + ‖W2‖₁)", " + 0.1·sign(W1)"),
    "both": (
        lambda model: losses.l1(weights(model)) + 0.5 * losses.l2(weights(model)),
        "R = ‖W1‖₁ + ‖W2‖₁ + 0.5·(‖W1‖² + ‖W2‖²)",
        " + sign(W1) + W1",
    ),
    "fourth powers": (lambda model: 0.1 * es.sum([w**4 for w in weights(model)]), "L = 1/m·Σ ℓ + S3", "∂L/∂p[W1]"),
    "some weights": (lambda model: 0.1 * squares(weights(model)[:5]), "L = 1/m·Σ ℓ + S3", "∂L/∂p[W1]"),
    "and a number": (lambda model: 0.1 * (squares(weights(model)) + 3.0), "", ""),
    "of two weights": (lambda model: es.dot(weights(model)[:5], weights(model)[1:6]), "", ""),
    "a parameter": (lambda model: model["layer2.neuron2.b"], "", ""),
}


@pytest.mark.parametrize("name", PENALTIES)
def test_a_penalty_stands_beside_the_mean_of_the_loss(name: str) -> None:
    penalty, line, sent = PENALTIES[name]
    for loss in (losses.half_squared_error, losses.softmax_cross_entropy):
        program = penalised(penalty, loss)
        lines = formulas(program.explain(backward=True, language="en"))
        assert not line or line in lines
        assert any(made.startswith("∂L/∂W1 = ") and sent in made for made in lines)
        check_matrices(program, np.random.default_rng(5).normal(size=(6, 5)))


def test_a_penalty_stands_beside_a_loss_that_is_none_of_those_of_lectures() -> None:
    def absolute_error(ys: list[Value], ts: list[Value]) -> Value:
        return es.sum([abs(y - t) for y, t in zip(ys, ts, strict=True)])

    program = penalised(lambda model: 0.1 * losses.l2(weights(model)), absolute_error)
    lines = formulas(program.explain(backward=True, language="en"))
    assert any(line.startswith("ℓ = row sums of U") for line in lines)
    assert {"R = 0.1·(‖W1‖² + ‖W2‖²)", "L = 1/m·Σ ℓ + R", "∂L/∂ℓ = 1/m"} <= set(lines)
    check_matrices(program, np.random.default_rng(5).normal(size=(6, 5)))


@pytest.mark.parametrize("loss", [losses.half_squared_error, losses.softmax_cross_entropy])
def test_a_loss_and_its_penalty_are_divided_together(loss: Fn) -> None:
    for penalty, line in ((squares, "R = 0.05·‖W1‖²"), (lambda values: es.sum([v**4 for v in values]), "")):
        w = [[Value(0.1 * i - 0.2 * j, f"w{i}{j}") for i in range(3)] for j in range(2)]

        def fn(x: list[Value], penalty: Fn = penalty, w: list[Any] = w) -> Value:
            return (loss([es.dot(row, x[:3]) for row in w], x[3:]) + 0.1 * penalty(w[0] + w[1])) / 2

        program = record(fn, [0.1] * 5)
        lines = formulas(program.explain(backward=True, language="en"))
        assert ({line, "L = 1/m·Σ ℓ + R"} if line else {"L = 1/m·Σ ℓ + 0.5·S3", "∂L/∂S3 = 0.5"}) <= set(lines)
        check_matrices(program, np.random.default_rng(5).normal(size=(6, 5)))


def test_any_loss_and_its_penalty_are_divided_together() -> None:
    def absolute(ys: list[Value], ts: list[Value]) -> Value:
        return es.sum([abs(y - t) for y, t in zip(ys, ts, strict=True)])

    model = es.MLP(3, [4, 2], seed=2)
    program = record(lambda x: (absolute(model(x[:3]), x[3:]) - 0.3 * squares(weights(model))) / -2, [0.1] * 5)
    lines = formulas(program.explain(backward=True, language="en"))
    expected = {"ℓ = −0.5·U4", "R = 0.15·(‖W1‖² + ‖W2‖²)", "L = 1/m·Σ ℓ + R", "∂L/∂ℓ = 1/m", "∂L/∂U4 = −0.5·∂L/∂ℓ"}
    assert expected <= set(lines)
    check_matrices(program, np.random.default_rng(5).normal(size=(6, 5)))


def test_what_is_taken_away_from_a_loss_is_no_penalty() -> None:
    assert "L2 penalty" in penalised(lambda model: losses.l2(weights(model))).explain(language="en")
    for penalty in (lambda model: -losses.l2(weights(model)), lambda m: losses.l1(weights(m)) - losses.l2(weights(m))):
        assert "penalty" not in penalised(penalty).explain(language="en")


def test_absolute_differences_are_no_penalty() -> None:
    program = penalised(lambda model: es.sum([abs(v - w) for v, w in pairwise([*weights(model), weights(model)[0]])]))
    assert "penalty" not in program.explain(language="en")
    check_matrices(program, np.random.default_rng(1).normal(size=(4, 5)))


def test_a_penalty_of_what_nothing_else_uses_sends_its_gradient_there() -> None:
    model, extra = es.MLP(3, [4, 2], seed=2), [Value(0.5), Value(-2.0)]
    program = record(lambda x: losses.mse(model(x[:3]), x[3:]) + squares(extra), [0.1] * 5)
    assert {"R = ‖p‖²", "∂L/∂p = 2·p"} <= set(formulas(program.explain(backward=True)))
    check_matrices(program, np.random.default_rng(5).normal(size=(6, 5)))


def test_a_loss_that_is_added_to_itself_over_and_over_is_read_once() -> None:
    def doubled(ys: list[Value], ts: list[Value]) -> Value:
        found = losses.half_squared_error(ys, ts)
        for _ in range(50):
            found = found + found
        return found

    assert "ℓ = " in loss_program(2, doubled).explain()


NEARLY: dict[str, Fn] = {
    "two logarithms": lambda ys, ts: es.log_sum_exp(ys[:2]) - es.dot(ts, ys),
    "another sign": lambda ys, ts: es.log_sum_exp(ys) + es.dot(ts, ys),
    "another factor": lambda ys, ts: es.log_sum_exp(ys) - 1.001 * es.dot(ts, ys) + 0 * ts[0],
    "a target left out": lambda ys, ts: es.log_sum_exp(ys) - ts[0] * ys[0] - ts[1] * ys[1],
    "known targets of sum 2": lambda ys, _: es.log_sum_exp(ys) - ys[0] - ys[1],
    "unequal weights": lambda ys, ts: 2 * (ys[0] - ts[0]) ** 2 + (ys[1] - ts[1]) ** 2 + (ys[2] - ts[2]) ** 2,
    "a square without its target": lambda ys, ts: es.sum([y**2 - 2 * t * y for y, t in zip(ys, ts, strict=True)]),
    "squares alone": lambda ys, _: es.sum([y * y for y in ys]),
    "a cube": lambda ys, ts: es.sum([(y - t) ** 3 for y, t in zip(ys, ts, strict=True)]),
    "a penalty": lambda ys, ts: losses.half_squared_error(ys, ts) + 0.1 * ys[0] * ys[1],
    "a wider margin": lambda ys, ts: es.sum([es.relu(2 - t * y) for y, t in zip(ys, ts, strict=True)]),
    "one margin for two": lambda ys, ts: es.sum([es.relu(1 - ts[0] * y - t * y) for y, t in zip(ys, ts, strict=True)]),
    "a square beside a margin": lambda ys, ts: es.relu(1 - ts[0] * ys[0]) + ys[0] ** 2 + ys[1] + ys[2],
    "negative": lambda ys, ts: -losses.half_squared_error(ys, ts),
    "two slopes where an output is 0": lambda ys, ts: es.sum(
        [(es.relu(y) + es.maximum(y, 0)) / 2 - t * y + es.softplus(-abs(y)) for y, t in zip(ys, ts, strict=True)]
    ),
    "a divergence from another logarithm": lambda ys, ts: es.sum(
        [t * (es.log(1 + t * t) - p) for p, t in zip(es.log_softmax(ys), ts, strict=True)]
    ),
    "softplus of other outputs": lambda ys, ts: es.sum(
        [es.softplus(2 * y) - t * y for y, t in zip(ys, ts, strict=True)]
    ),
}


@pytest.mark.parametrize("name", NEARLY)
def test_what_is_nearly_a_loss_keeps_its_steps(name: str) -> None:
    program = loss_program(3, NEARLY[name])
    if name == "another factor":  # Σ 1.001·t·y is a loss of the targets 1.001·t, of which nothing is recognised
        assert "(P − T)/m" not in program.explain(backward=True)
    assert re.search("^∂L/∂[Yℓ] = 1/m ", program.explain(backward=True), re.MULTILINE)  # where the way back starts
    if "softmax" not in program.explain():
        assert program.explain(backward=True) == program.explain(backward=True, steps=True)
    net = network(4, 5, 3)
    both = record(lambda x: NEARLY[name](net(x[:4]), x[4:]), [0.1] * 7)
    check_matrices(both, np.random.default_rng(3).normal(size=(4, 7)))


def test_what_a_layer_gives_is_no_target_though_its_first_weight_is_a_number() -> None:
    w, v = [Value(0.3), Value(-0.2)], [Value(0.7), Value(0.4)]

    def fn(x: list[Value]) -> Value:
        y = [es.tanh(a * x[0] + b * x[1]) for a, b in (w, w[::-1])]
        targets = [0.5 * y[0] + a * y[1] + b for a, b in zip(v, x[2:], strict=True)]
        return es.sum([(a - b) ** 2 for a, b in zip(y, targets, strict=True)])

    program = record(fn, [0.1, 0.2, 0.3, 0.4])
    assert "(Y − T)" not in program.explain(backward=True)
    check_matrices(program, np.random.default_rng(1).normal(size=(4, 4)))


THREE = [[Value(0.1 * i - 0.2 * j) for j in range(2)] for i in range(3)]


def weighted(targets: Callable[..., Any]) -> list[str]:
    """The lines of a cross-entropy whose targets are computed of three given numbers and another one."""

    def loss(x: list[Value], t: list[Value], w: Value) -> Value:
        logs = es.log_softmax([es.dot(row, x) for row in THREE])
        return -es.sum([ti * log for ti, log in zip(targets(t, w), logs, strict=True)])

    program = record(loss, [0.1, 0.2], [1.0, 0.0, 0.0], 1.5)
    rng = np.random.default_rng(0)
    t = rng.uniform(0.1, 1.0, (4, 3))
    check_printed(program, rng.normal(size=(4, 2)), t / t.sum(axis=1, keepdims=True), rng.normal(size=4))
    return program.explain(backward=True, language="en").splitlines()


@pytest.mark.parametrize(
    "targets",
    [
        lambda t, w: t,
        lambda t, w: es.softmax(t),
        lambda t, w: [es.exp(a / 4) / es.sum([es.exp(b / 4) for b in t]) for a in t],
        lambda t, w: [0.9 * a + 0.1 / 3 for a in t],
        lambda t, w: t[::-1],
    ],
    ids=["given", "a softmax", "with a temperature", "smoothed", "turned round"],
)
def test_targets_that_are_probabilities_have_the_short_gradient(targets: Callable[..., Any]) -> None:
    assert any("= (P − T)/m " in line and "where the rows of T sum to 1" in line for line in weighted(targets))


@pytest.mark.parametrize(
    "targets",
    [
        lambda t, w: [w * a for a in t],
        lambda t, w: [(w - 1) * a for a in t],
        lambda t, w: [a * a for a in t],
        lambda t, w: [a + 0.1 for a in t],
        lambda t, w: [es.sigmoid(a) for a in t],
    ],
    ids=["weighted", "an advantage", "squares", "more than 1", "sigmoids"],
)
def test_targets_that_need_not_sum_to_1_have_the_whole_gradient(targets: Callable[..., Any]) -> None:
    found = weighted(targets)
    assert any("= (P ⊙ row sums of T − T)/m " in line for line in found)
    assert not any("sum to 1" in line for line in found)
