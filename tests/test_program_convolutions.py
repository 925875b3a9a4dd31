"""The same weights over different inputs: convolutions written by hand, position-wise layers, pairs of inputs."""

from __future__ import annotations

import builtins
import math
import random
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Value
from micrograd_es.program import record
from micrograd_es.program.blocks import Elementwise
from nearness import assert_near
from test_program_blocks import Case, agree, chain, products, squares, tree, values
from test_program_explain import check_matrices

Image = list[list[list[Any]]]  # channels × rows × columns
Sum = Callable[[list[Any]], Any]


def image(x: Sequence[Any], channels: int, size: int) -> Image:
    """Inputs as channels of size × size."""
    return [[list(x[(c * size + i) * size :][:size]) for i in range(size)] for c in range(channels)]


def taps(w: Any, x: Image, i: int, j: int) -> list[Any]:
    """The products of a kernel with what it sees at a place; what is outside of the image is left out."""
    height, width = len(x[0]), len(x[0][0])
    return [
        w[c][p][q] * x[c][i + p][j + q]
        for c in range(len(w))
        for p in range(len(w[0]))
        for q in range(len(w[0][0]))
        if 0 <= i + p < height and 0 <= j + q < width
    ]


def convolved(x: Image, w: Any, b: Any, total: Sum = es.sum, stride: int = 1, pad: int = 0) -> Image:
    """A map for each kernel of w (kernels × channels × size × size)."""
    places = range(-pad, len(x[0]) + pad - len(w[0][0]) + 1, stride)
    return [[[total(taps(k, x, i, j)) + c for j in places] for i in places] for k, c in zip(w, b, strict=True)]


def flat(x: Image) -> list[Any]:
    return [v for channel in x for row in channel for v in row]


def filtered(
    shapes: list[tuple[int, int, int]],
    channels: int = 1,
    size: int = 5,
    kernels: int = 3,
    width: int = 3,
    total: Sum = es.sum,
    stride: int = 1,
    pad: int = 0,
    bias: Any = None,
) -> Case:
    """The squares of a map's tanh."""
    w, b = values(kernels, channels, width, width), values(kernels) if bias is None else bias

    def fn(x: list[Value]) -> Value:
        return squares([es.tanh(z) for z in flat(convolved(image(x, channels, size), w, b, total, stride, pad))])

    return fn, channels * size * size, shapes


def two_deep(by_position: bool) -> Case:
    """Two convolutions, and a dense layer behind them that reads kernel by kernel, or position by position."""
    w, b, v, c, u = values(3, 1, 2, 2), values(3), values(2, 3, 2, 2), values(2), values(3, 18)

    def fn(x: list[Value]) -> Value:
        h = [[[es.relu(z) for z in row] for row in m] for m in convolved(image(x, 1, 5), w, b, builtins.sum)]
        maps = convolved(h, v, c, chain)
        read = [m[i][j] for i in range(3) for j in range(3) for m in maps] if by_position else flat(maps)
        return -es.log_softmax([es.dot(row, [es.tanh(z) for z in read]) for row in u])[1]

    return fn, 25, [(3, 4, 16), (2, 12, 9), (3, 18, 1)]


def pointwise() -> Case:
    """Two layers at each of five places, as in a transformer: the second reads what the first gives as it stands."""
    w, b, v = values(4, 3), values(4), values(2, 4)

    def fn(x: list[Value]) -> Value:
        found: list[Any] = []
        for i in range(5):
            h = [es.relu(es.dot(row, x[3 * i : 3 * i + 3]) + c) for row, c in zip(w, b, strict=True)]
            found += [es.tanh(es.dot(row, h)) for row in v]
        return squares(found)

    return fn, 15, [(4, 3, 5), (2, 4, 5)]


def one_dimensional(neuron: Callable[[list[Value], list[Any], Value, int], Any], kernels: int = 2) -> Case:
    """neuron(weights, what it sees, bias, place) for each of some kernels of three at six places."""
    w, b = values(kernels, 3), values(kernels)

    def fn(x: list[Value]) -> Value:
        return squares([es.tanh(neuron(k, x[i : i + 3], c, i)) for i in range(6) for k, c in zip(w, b, strict=True)])

    return fn, 8, [(kernels, 3, 6)]


def shuffled(seed: int) -> Case:
    """Every sum in an order of its own, kernels and positions too."""
    w, b = values(3, 2, 2, 2), values(3)

    def fn(x: list[Value]) -> Value:
        r, found = random.Random(seed), []
        picture = image(x, 2, 4)
        where = [(k, i, j) for k in range(3) for i in range(3) for j in range(3)]
        for k, i, j in r.sample(where, 27):
            terms = [*taps(w[k], picture, i, j), b[k]]
            r.shuffle(terms)
            found.append(es.tanh(r.choice([chain, tree, es.sum, builtins.sum])(terms)))
        return squares(found)

    return fn, 32, [(3, 8, 9)]


def circular() -> Case:
    """Three places round a ring of four inputs, so that one of them stands at the same tap of two."""
    w, b = values(2, 3), values(2)
    seen = [(0, 1, 2), (1, 0, 3), (2, 0, 2)]

    def fn(x: list[Value]) -> Value:
        return squares([es.tanh(es.dot(k, [x[i] for i in s]) + c) for k, c in zip(w, b, strict=True) for s in seen])

    return fn, 4, [(2, 3, 3)]


def blurred() -> Case:
    """A kernel of constants, some of them equal, and one with a weight twice."""
    a, b, c = values(3)

    def fn(x: list[Value]) -> Value:
        kernels = [[1.0, 2.0, 1.0], [a, b, a]]
        return squares([es.tanh(es.dot(k, x[i : i + 3]) - c) for i in range(4) for k in kernels])

    return fn, 6, [(2, 3, 4)]


def turned() -> Case:
    """Kernels with the same weights in another order: a filter and its mirror image, and one turned round."""
    w, b = values(3), values(3)
    orders = [(0, 1, 2), (2, 1, 0), (1, 2, 0)]

    def fn(x: list[Value]) -> Value:
        kernels = [[w[i] for i in order] for order in orders]
        seen = [x[i : i + 3] for i in range(5)]
        return squares([es.tanh(es.dot(k, s) + c) for s in seen for k, c in zip(kernels, b, strict=True)])

    return fn, 7, [(3, 3, 5)]


def residual() -> Case:
    """What a position adds is its own: an input, a bias of the place."""
    w, p = values(1, 3), values(6)

    def fn(x: list[Value]) -> Value:
        return squares([es.relu(es.dot(w[0], x[i : i + 3]) + p[i]) + x[i + 1] for i in range(6)])

    return fn, 8, [(1, 3, 6)]


def up_sampled(kernels: int, channels: int) -> Case:
    """Each input stands twice before a padded filter goes over it: at the edge every input has two weights."""
    w, b = values(kernels, channels, 1, 3), values(kernels)

    def fn(x: list[Value]) -> Value:
        twice: Image = [[[x[4 * channel + i // 2] for i in range(8)]] for channel in range(channels)]
        maps = [[es.sum(taps(k, twice, 0, j - 1)) + c for j in range(8)] for k, c in zip(w, b, strict=True)]
        return squares([es.relu(v) for row in maps for v in row])

    return fn, 4 * channels, [(kernels, 3 * channels, 8)]


def pair() -> Case:
    """The same neuron on two inputs of the function: how far apart they are."""
    w, b = values(4), values()

    def fn(x: list[Value]) -> Value:
        near, far = (es.sigmoid(es.dot(w, part) + b) for part in (x[:4], x[4:]))
        return (near - far) ** 2

    return fn, 8, [(1, 4, 2)]


CASES: dict[str, Case] = {
    "three kernels": filtered([(3, 9, 9)]),
    "one kernel": filtered([(1, 9, 9)], kernels=1),
    "channels": filtered([(3, 12, 9)], channels=3, size=4, width=2),
    "stride": filtered([(3, 9, 4)], stride=2),
    "start of sum": filtered([(3, 9, 9)], total=builtins.sum),
    "chain": filtered([(3, 9, 9)], total=chain),
    "no bias": filtered([(3, 9, 9)], bias=[0] * 3),
    "constant bias": filtered([(3, 9, 9)], bias=[0.5, -1.0, 0.25]),
    "padded": filtered([(3, 9, 25)], pad=1),
    "padded by two": filtered([(2, 25, 25)], pad=2, width=5, kernels=2),
    "padded, one kernel": filtered([(1, 9, 25)], pad=1, kernels=1, total=builtins.sum),
    "padded, with stride": filtered([(3, 18, 9)], channels=2, pad=1, stride=2),
    "two deep": two_deep(by_position=False),
    "two deep, by position": two_deep(by_position=True),
    "pointwise": pointwise(),
    "shuffled": shuffled(1),
    "shuffled otherwise": shuffled(2),
    "circular": circular(),
    "blurred": blurred(),
    "turned": turned(),
    "residual": residual(),
    "up-sampled": up_sampled(3, 2),
    "up-sampled, one kernel": up_sampled(1, 1),
    "pair": pair(),
    "halved": one_dimensional(lambda w, x, b, i: es.sum([p * q / 2 for p, q in zip(w, x, strict=True)]) + b),
    "subtracted": one_dimensional(lambda w, x, b, i: b - w[0] * x[0] + w[1] * x[1] - w[2] * x[2]),
    "all subtracted": one_dimensional(lambda w, x, b, i: b - w[0] * x[0] - w[1] * x[1] - w[2] * x[2]),
    "two biases": one_dimensional(lambda w, x, b, i: es.dot(w, x) + b - 0.5),
    "bias of a place": one_dimensional(lambda w, x, b, i: es.dot(w, x) + (b if i % 2 else b * b)),
    "bias in some": one_dimensional(lambda w, x, b, i: es.dot(w, x) + b if i else es.dot(w, x)),
    "skip": one_dimensional(lambda w, x, b, i: es.dot(w, x) + b + es.sin(x[1])),
    "scaled": one_dimensional(lambda w, x, b, i: es.exp(b) * es.relu(es.dot(w, x)) + i),
    "two places": one_dimensional(lambda w, x, b, i: es.dot(w, x) + b, kernels=1),
}


@pytest.mark.parametrize("name", CASES)
def test_the_same_weights_are_one_product_at_every_position(name: str) -> None:
    fn, inputs, shapes = CASES[name]
    program = record(fn, [0.1 * i for i in range(inputs)])
    assert products(program) == shapes, program.explain()
    assert not [b for b in program.plan.blocks if isinstance(b, Elementwise) and len(b.out) > 1 and len(b.inputs) > 2]


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
@pytest.mark.parametrize("name", CASES)
def test_it_has_the_numbers_of_the_eager_path(name: str, fast: bool) -> None:
    if fast:
        pytest.importorskip("llvmlite")
    fn, inputs, _ = CASES[name]
    program = record(fn, [0.1 * i for i in range(inputs)], fast=fast)
    agree(program, fn, np.random.default_rng(3).normal(size=(3, inputs)))


@pytest.mark.parametrize("name", CASES)
def test_its_formulas_give_its_numbers(name: str) -> None:
    fn, inputs, _ = CASES[name]
    program = record(fn, [0.1 * i for i in range(inputs)])
    xs = np.random.default_rng(3).normal(size=(4, inputs))
    check_matrices(program, xs)
    assert program.matrices(xs[:0])["X"].shape == (0, inputs)
    for examples in ("rows", "columns"):
        for latex in (False, True):
            text = program.explain(latex, True, examples, "en")
            assert "products of rows" not in text and "product of rows" not in text


# What is printed, and its numbers

CONVOLUTION = """\
G = parches(X)                         (m·16)×9
Z = G·W1 + B1                          (m·16)×3 = ((m·16)×9)·(9×3) + (1×3)
H = relu(Z)                            (m·16)×3
F = aplanar(H)                         m×48
Y = F·W2 + B2                          m×2 = (m×48)·(48×2) + (1×2)
∂L/∂Y = lo que llega de fuera          m×2
∂L/∂W2 = Fᵀ·∂L/∂Y                      48×2 = (48×m)·(m×2)
∂L/∂B2 = sumas por columnas de ∂L/∂Y   1×2
∂L/∂F = ∂L/∂Y·W2ᵀ                      m×48 = (m×2)·(2×48)
∂L/∂H = ∂L/∂F[H]                       (m·16)×3
∂L/∂Z = ∂L/∂H ⊙ 1[Z > 0]               (m·16)×3
∂L/∂W1 = Gᵀ·∂L/∂Z                      9×3 = (9×(m·16))·((m·16)×3)
∂L/∂B1 = sumas por columnas de ∂L/∂Z   1×3
Todo está agrupado.
parches(A): una fila por posición de cada ejemplo, con las entradas que los pesos ven ahí.
aplanar(A): los números de cada ejemplo en una fila, una columna de A tras otra.
∂L/∂G[A]: lo que le toca a A, sumado en el lugar de A de donde salió."""

COLUMNS = """\
G = patches(X)   9×(m·16)
Z = W1·G + B1    3×(m·16) = (3×9)·(9×(m·16)) + (3×1)
H = relu(Z)      3×(m·16)
F = flatten(H)   48×m
Y = W2·F + B2    2×m = (2×48)·(48×m) + (2×1)
Everything is grouped.
patches(A): a column for each position of each example, with the inputs that the weights see there.
flatten(A): the numbers of each example in a column, one row of A after the other."""

LATEX = r"""
% Everything is grouped.
G &= \operatorname{patches}(X) && \in \mathbb{R}^{(16m) \times 9} \\
Z &= G \cdot W_{1} + B_{1} && \in \mathbb{R}^{(16m) \times 3} \\
H &= \operatorname{relu}(Z) && \in \mathbb{R}^{(16m) \times 3} \\
F &= \text{flatten}(H) && \in \mathbb{R}^{m \times 48} \\
Y &= F \cdot W_{2} + B_{2} && \in \mathbb{R}^{m \times 2}"""


def network() -> Callable[[Any], Any]:
    """An image of 6×6, three kernels of 3×3, ReLU, and a dense layer; Python's own sum, which begins with 0."""
    w, b, u, c = values(3, 1, 3, 3), values(3), values(2, 48), values(2)

    def fn(x: list[list[Value]]) -> Any:
        h = [es.relu(z) for z in flat(convolved([x], w, b, builtins.sum))]
        return [es.dot(row, h) + d for row, d in zip(u, c, strict=True)]

    return fn


def test_a_convolution_reads_as_a_lecture_writes_it() -> None:
    program = record(network(), np.zeros((6, 6)).tolist())
    assert program.explain(backward=True) == CONVOLUTION
    assert program.explain(examples="columns", language="en") == COLUMNS
    assert program.explain(latex=True, language="en") == LATEX.strip()


def test_its_matrices_are_those_of_numpy() -> None:
    program = record(network(), np.zeros((6, 6)).tolist())
    xs, upstream = np.random.default_rng(1).normal(size=(5, 6, 6)), np.random.default_rng(2).normal(size=(5, 2))
    found = program.matrices(xs, upstream=upstream)
    windows = np.lib.stride_tricks.sliding_window_view(xs, (3, 3), axis=(1, 2))
    patches = windows.reshape(80, 9)  # an example after the other, in each a position after the other
    z = patches @ found["W1"] + found["B1"]
    h = np.maximum(z, 0)
    flattened = h.reshape(5, 16, 3).transpose(0, 2, 1).reshape(5, 48)
    expected = {"G": patches, "Z": z, "H": h, "F": flattened, "Y": flattened @ found["W2"] + found["B2"]}
    to_z = (upstream @ found["W2"].T).reshape(5, 3, 16).transpose(0, 2, 1).reshape(80, 3) * (z > 0)
    expected |= {"∂L/∂Z": to_z, "∂L/∂W1": patches.T @ to_z, "∂L/∂B1": to_z.sum(0, keepdims=True)}
    for name, array in expected.items():
        assert found[name] == pytest.approx(array, rel=1e-12, abs=1e-14), name
    assert found["Y"] == pytest.approx(program(xs), rel=1e-12)


def test_outside_of_a_padded_image_is_0() -> None:
    fn, inputs, _ = CASES["padded"]
    program = record(fn, [0.1] * inputs)
    assert program.explain().startswith("G = parches(X, 0) ")
    assert "fuera de A son 0" in program.explain()
    xs = np.random.default_rng(1).normal(size=(2, 5, 5))
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(xs, ((0, 0), (1, 1), (1, 1))), (3, 3), axis=(1, 2))
    patches = program.matrices(xs.reshape(2, 25))["G"].reshape(2, 25, 9)
    assert patches.tolist() == windows.reshape(2, 25, 9).tolist()


def test_a_layer_at_every_place_reads_the_one_before_it_as_it_stands() -> None:
    fn, inputs, _ = CASES["pointwise"]
    program = record(fn, [0.1] * inputs)
    assert "Z2 = H1·W2 " in program.explain()
    assert program.source(8).count("np.take") == 1  # the inputs of the first layer


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
def test_two_arguments_with_the_same_layer_are_two_positions(fast: bool) -> None:
    if fast:
        pytest.importorskip("llvmlite")
    w, b = values(3, 4), values(3)

    def half(x: list[Value]) -> list[Any]:
        return [es.tanh(es.dot(row, x) + c) for row, c in zip(w, b, strict=True)]

    def fn(x: list[Value], y: list[Value]) -> Value:
        return es.sum([(p - q) ** 2 for p, q in zip(half(x), half(y), strict=True)])

    program = record(fn, [0.1] * 4, [0.2] * 4, fast=fast)
    assert products(program) == [(3, 4, 2)]
    assert "G1 = patches(X1, X2) " in program.explain(language="en")
    one, two = np.random.default_rng(1).normal(size=(2, 4))
    given = [[Value(float(v)) for v in part] for part in (one, two)]
    slopes = es.gradients(fn(*given))
    value, (gradient, parts) = program.value_and_grad(one, two, wrt="both")  # a single example
    assert value == pytest.approx(float(fn(*given).data), rel=1e-12)
    assert gradient == pytest.approx([float(slopes[p]) for p in program.values], rel=1e-12)
    for part, xs in zip(parts, given, strict=True):
        assert part == pytest.approx([float(slopes[x]) for x in xs], rel=1e-12)


@pytest.mark.parametrize("name", ["two deep", "padded, with stride", "circular"])
@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
def test_a_batch_too_large_to_keep_what_is_gathered_has_the_numbers_of_its_parts(name: str, fast: bool) -> None:
    if fast:
        pytest.importorskip("llvmlite")
    fn, inputs, _ = CASES[name]
    program = record(fn, [0.1 * i for i in range(inputs)], fast=fast)
    xs = np.random.default_rng(5).normal(size=(9000, inputs))
    value, (gradient, (to_inputs,)) = program.value_and_grad(xs, reduce="sum", wrt="both")
    parts = [program.value_and_grad(part, reduce="sum", wrt="both") for part in np.split(xs, 30)]
    assert value == pytest.approx(sum(part[0] for part in parts), rel=1e-12)
    assert_near(gradient, np.sum([part[1][0] for part in parts], axis=0), rel=1e-10, abs=1e-10)
    assert_near(to_inputs, np.concatenate([part[1][1][0] for part in parts]), rel=1e-12, abs=1e-13)


def test_positions_of_a_large_batch_that_read_inputs_alone_are_sent_nothing() -> None:
    w, (v,) = values(2, 5), values(1)

    def fn(x: list[Value]) -> Value:
        every = [*x, *[es.tanh(v * a) for a in x]]
        read = [every[i : i + 5] for i in (*range(16), *range(20, 36))]
        return squares([es.tanh(es.dot(kernel, some)) for kernel in w for some in read])

    program = record(fn, [0.1 * i for i in range(20)])
    assert products(program) == [(2, 5, 32)]
    xs = np.random.default_rng(5).normal(size=(1050, 20))  # at once; positions are gathered apart
    value, gradient = program.value_and_grad(xs, reduce="sum")
    parts = [program.value_and_grad(part, reduce="sum") for part in np.split(xs, 30)]
    assert value == pytest.approx(sum(part[0] for part in parts), rel=1e-12)
    assert_near(gradient, np.sum([part[1] for part in parts], axis=0), rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
def test_float32_is_near_float64(fast: bool) -> None:
    if fast:
        pytest.importorskip("llvmlite")
    fn, inputs, _ = CASES["padded"]
    xs = np.random.default_rng(5).normal(size=(7, inputs))
    expected = record(fn, [0.1] * inputs).value_and_grad(xs, wrt="both")
    found = record(fn, [0.1] * inputs, dtype="float32", fast=fast).value_and_grad(xs, wrt="both")
    assert found[1][0].dtype == np.float32
    for a, b in ((found[0], expected[0]), (found[1][0], expected[1][0]), (found[1][1][0], expected[1][1][0])):
        assert a == pytest.approx(b, rel=1e-4, abs=1e-4)


# What is no window


def test_other_weights_at_another_place_are_another_product() -> None:
    w, (a, b, c) = values(2, 3), values(3)
    apart = record(lambda x: squares([es.tanh(es.dot(w[i], x[3 * i : 3 * i + 3])) for i in range(2)]), [0.1] * 6)
    assert products(apart) == [(2, 3, 0)]
    pairs = [(a, b), (b, c)]
    some = record(lambda x: squares([es.tanh(es.dot(k, x[2 * i : 2 * i + 2])) for i, k in enumerate(pairs)]), [0.1] * 4)
    assert products(some) == [(2, 2, 0)]


# Sums that begin with 0


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
@pytest.mark.parametrize(
    ("fn", "blocks"),
    [
        (lambda x, w: es.tanh(builtins.sum(x)), 2),
        (lambda x, w: 0 + x[0], 0),
        (lambda x, w: es.exp(x[0] - 0.0), 1),
        (lambda x, w: es.tanh(builtins.sum([w[0] * x[0]])), 2),
        (lambda x, w: es.tanh(builtins.sum([w[0] * x[0], w[1] * x[1]], 0.0) + 0), 2),
        (lambda x, w: es.tanh(w[0] * 0 + w[1] * x[1] + 0 * w[0]), 2),
        (lambda x, w: es.exp(w[0] * 0 + w[1] * 0) * x[0], 4),
        (lambda x, w: es.tanh(0.5 * (w[0] * 0.0 + w[1] * 0.0) + w[1] * x[1]), 2),
        (lambda x, w: es.tanh(w[1] * x[1] - (-w[0] * 0.0) * 0.3 + (-(w[1] * 0.0))), 2),
        (lambda x, w: es.tanh(w[1] * x[1] + (w[0] * 0.0 - w[1] * 0.0)), 2),
    ],
    ids=["chain", "output", "difference", "one term", "dot", "padding", "nothing else", "scaled", "turned", "both"],
)
def test_an_added_0_costs_nothing_and_is_not_shown(fn: Callable[..., Any], blocks: int, fast: bool) -> None:
    if fast:
        pytest.importorskip("llvmlite")
    w = values(2)
    program = record(lambda x: fn(x, w), [0.1, 0.2], parameters=w, fast=fast)
    assert len(program.plan.blocks) <= blocks, program.explain()
    assert "+ 0" not in program.explain() and "− 0" not in program.explain()
    agree(program, lambda x: fn(x, w) * 1, np.random.default_rng(3).normal(size=(3, 2)))


def test_a_0_that_is_more_than_added_stays() -> None:
    program = record(lambda x: es.maximum(x[0], 0.0) + 0.0 * x[1], [0.1, 0.2])
    assert program(np.array([[2.0, 1.0], [-2.0, 1.0]])).tolist() == [2.0, 0.0]
    assert np.isnan(program(np.array([2.0, np.inf])))


# Products that begin with 1, as a derivative does


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
@pytest.mark.parametrize(
    ("fn", "blocks"),
    [
        (lambda x, w: es.tanh(math.prod([x[0], x[1], w[0]])), 3),
        (lambda x, w: 1 * x[0], 0),
        (lambda x, w: es.identity(w[0] / 1), 0),
        (lambda x, w: es.exp(es.prod([1, x[0], 1, w[1]]) ** 1), 2),
        (lambda x, w: es.sin(es.identity(x[0])) / 1 + es.identity(0 + x[1]), 2),
        (lambda x, w: es.grad(lambda a: (a * w[0]) ** 2)(x[0]), 3),
        (lambda x, w: es.exp(1 * w[0]) * es.exp(w[0]) * x[0], 3),
    ],
    ids=["chain", "output", "identity", "power", "sum", "derivative", "the same twice"],
)
def test_a_factor_of_1_costs_nothing_and_is_not_shown(fn: Callable[..., Any], blocks: int, fast: bool) -> None:
    if fast:
        pytest.importorskip("llvmlite")
    w = values(2)
    program = record(lambda x: fn(x, w), [0.1, 0.2], parameters=w, fast=fast)
    text = program.explain(backward=True)
    assert len(program.plan.blocks) <= blocks, text
    assert not re.search(r"(?<!\w)1·", text) and "·1\n" not in text and "/1\n" not in text and "^0" not in text, text
    agree(program, lambda x: fn(x, w) * 1, np.random.default_rng(3).normal(size=(3, 2)))


def test_a_1_that_is_a_weight_beside_others_stays() -> None:
    program = record(lambda x: [es.dot([1, 2, 1], x[i : i + 3]) for i in range(3)], [0.1] * 5)
    assert products(program) == [(1, 3, 3)]
    powers = record(lambda x: es.sum([w * x**k for k, w in enumerate(values(3))]), 0.4)
    assert powers.explain().startswith("C = [0, 1, 2] ")
