"""The blocks found in programs whose sums hide them, and their numbers against the eager path."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Value
from micrograd_es.program import Program, record
from micrograd_es.program.blocks import Affine, Elementwise
from nearness import assert_near
from test_program import SAFE

BATCHES = (0, 1, 7, 1000)
Shape = tuple[int, int, int]  # rows of weights, terms, positions; 0 positions for a ragged product
Case = tuple[Callable[..., Any], int, list[Shape]]  # the function, its number of inputs, the products in it


def values(*shape: int, seed: int = 1) -> Any:
    """Parameters: a Value, or nested lists of them."""
    r = random.Random(f"{seed} {shape}")

    def made(rest: Sequence[int]) -> Any:
        return [made(rest[1:]) for _ in range(rest[0])] if rest else Value(r.uniform(-1, 1))

    return made(shape)


def chain(terms: Sequence[Any]) -> Any:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def tree(terms: Sequence[Any]) -> Any:
    if len(terms) == 1:
        return terms[0]
    return tree(terms[: len(terms) // 2]) + tree(terms[len(terms) // 2 :])


def squares(xs: Sequence[Any]) -> Value:
    return es.sum([x * x for x in xs])


def permuted(how: Callable[[Sequence[Any]], Any]) -> Case:
    """A layer whose neurons add up in an order of their own, the bias anywhere among the products."""
    w, b = values(5, 4), values(5)
    orders = [random.Random(i).sample(range(5), 5) for i in range(5)]

    def fn(x: list[Value]) -> Value:
        terms = [[*(p * q for p, q in zip(row, x, strict=True)), c] for row, c in zip(w, b, strict=True)]
        return squares([es.tanh(how([t[i] for i in order])) for t, order in zip(terms, orders, strict=True)])

    return fn, 4, [(5, 4, 1)]


def layer(neuron: Callable[..., Any], shapes: list[Shape] | None = None, inputs: int = 4, rows: int = 5) -> Case:
    """`rows` neurons neuron(weights, inputs, bias, i) behind a tanh."""
    w, b = values(rows, inputs), values(rows)

    def fn(x: list[Value]) -> Value:
        return squares([es.tanh(neuron(w[i], x, b[i], i)) for i in range(rows)])

    return fn, inputs, [(rows, inputs, 1)] if shapes is None else shapes


def minus(w: Sequence[Value], x: Sequence[Value], b: Any, sign: Callable[[int], bool]) -> Any:
    for i, (p, q) in enumerate(zip(w, x, strict=True)):
        b = b - p * q if sign(i) else b + p * q
    return b


def network(*sizes: int) -> Callable[..., list[Any]]:
    layers = [(values(m, n, seed=n), values(m, seed=n)) for n, m in pairwise(sizes)]

    def fn(x: list[Any]) -> list[Any]:
        for i, (w, b) in enumerate(layers, 1):
            x = [es.dot(row, x) + c for row, c in zip(w, b, strict=True)]
            x = x if i == len(layers) else [es.relu(z) for z in x]
        return x

    return fn


def classified() -> Case:
    net = network(4, 6, 3)

    def fn(x: list[Value]) -> Value:
        return -es.dot(x[4:], es.log_softmax(net(x[:4])))

    return fn, 7, [(6, 4, 1), (3, 6, 1)]


def softmax_by_hand() -> Case:
    net = network(4, 6, 3)

    def fn(x: list[Value]) -> Value:
        e = [es.exp(y) for y in net(x)]
        total = chain(e)
        return -es.log(e[1] / total) - 0.5 * es.log(e[2] / total)

    return fn, 4, [(6, 4, 1), (3, 6, 1)]


def mean_squared() -> Case:
    net = network(3, 5, 4)

    def fn(x: list[Value]) -> Value:
        return es.sum([(y - t) ** 2 for y, t in zip(net(x[:3]), x[3:], strict=True)]) / 4

    return fn, 7, [(5, 3, 1), (4, 5, 1)]


def targets_first() -> Case:
    net = network(3, 5, 4)

    def fn(x: list[Value]) -> Value:
        return chain([(t - y) ** 2 for y, t in zip(net(x[:3]), x[3:], strict=True)]) * 0.25

    return fn, 7, [(5, 3, 1), (4, 5, 1)]


def skips() -> Case:
    w, v, b = values(4, 4), values(4, 4, seed=2), values(4)

    def fn(x: list[Value]) -> Value:
        h = [es.relu(es.dot(row, x) + c) + y for row, c, y in zip(w, b, x, strict=True)]
        return squares([es.dot(row, h) + y for row, y in zip(v, x, strict=True)])

    return fn, 4, [(4, 4, 1), (4, 4, 1)]


def scaled_skips() -> Case:
    """What is added to each neuron is a product of its own: it does not hide the layer."""
    w, v, a = values(4, 4), values(4, 4, seed=2), values(4)

    def fn(x: list[Value]) -> Value:
        h = [es.tanh(es.dot(row, x) + 0.5 * y) for row, y in zip(w, x, strict=True)]
        z = [es.dot(row, h) - c * es.sin(y) / 2 for row, c, y in zip(v, a, x, strict=True)]
        return squares([p + 0.5 * q for p, q in zip(z, h, strict=True)])

    return fn, 4, [(4, 4, 1), (4, 4, 1)]


def convolution() -> Case:
    kernel, b = values(3), values()

    def fn(x: list[Value]) -> Value:
        return es.sum([es.relu(es.dot(kernel, x[i : i + 3]) + b) for i in range(10)])

    return fn, 12, [(1, 3, 10)]


def plane() -> Case:
    """Four filters of 3×3 on 6×6: sixteen places, the same weights at each."""
    kernels, b = values(4, 3, 3), values(4)

    def at(x: list[Value], i: int, j: int, k: int) -> Any:
        return es.relu(chain([kernels[k][p][q] * x[6 * (i + p) + j + q] for p in range(3) for q in range(3)]) + b[k])

    def fn(x: list[Value]) -> Value:
        return squares([at(x, i, j, k) for k in range(4) for i in range(4) for j in range(4)])

    return fn, 36, [(4, 9, 16)]


def recurrent(start: bool) -> Case:
    """A cell with shared weights, unrolled over 20 steps of two inputs; its state begins with 0 or with an input."""
    w, u, b = values(3, 2), values(3, 3), values(3)

    def fn(x: list[Value]) -> Value:
        h: list[Any] = x[40:] if start else [0.0] * 3
        for t in range(20):
            now = x[2 * t : 2 * t + 2]
            h = [es.tanh(es.dot(p, now) + es.dot(q, h) + c) for p, q, c in zip(w, u, b, strict=True)]
        return squares(h)

    steps = [(3, 5, 1)] * 20 if start else [(3, 2, 1)] + [(3, 5, 1)] * 19
    return fn, 43 if start else 40, steps


def gated() -> Case:
    """Two layers on the same inputs, met in turns, are one product."""
    w, v = values(4, 3), values(4, 3, seed=2)

    def fn(x: list[Value]) -> Value:
        return squares([es.sigmoid(es.dot(p, x)) * es.tanh(es.dot(q, x)) for p, q in zip(w, v, strict=True)])

    return fn, 3, [(8, 3, 1)]


def twins() -> Case:
    """The same weights on two inputs."""
    w, b = values(6, 8), values(6)

    def half(x: list[Value]) -> list[Any]:
        return [es.tanh(es.dot(row, x) + c) for row, c in zip(w, b, strict=True)]

    def fn(x: list[Value]) -> Value:
        return es.sum([(p - q) ** 2 for p, q in zip(half(x[:8]), half(x[8:]), strict=True)])

    return fn, 16, [(6, 8, 2)]


def used_twice() -> Case:
    """Each hidden neuron in two sums, and each output neuron in the loss and in a penalty."""
    net = network(4, 6, 3)

    def fn(x: list[Value]) -> Value:
        y = net(x)
        return squares(y) + 0.1 * es.sum([abs(v) for v in y])

    return fn, 4, [(6, 4, 1), (3, 6, 1)]


def computed_again() -> Case:
    """Each output neuron computes the hidden layer, and scales the inputs, for itself."""
    w, b, v = values(6, 4), values(6), values(5, 6)

    def hidden(x: list[Value]) -> list[Any]:
        return [es.relu(es.dot(row, [(q - 0.5) / 2 for q in x]) + c) for row, c in zip(w, b, strict=True)]

    return lambda x: squares([es.dot(row, hidden(x)) for row in v]), 4, [(6, 4, 1), (5, 6, 1)]


def summed_outputs() -> Case:
    """The sum over a linear layer's outputs, which takes all of its products into one sum."""
    net = network(4, 6, 5)
    return lambda x: chain(net(x)), 4, [(6, 4, 1), (5, 6, 1)]


def tied() -> Case:
    """An autoencoder whose decoder has the encoder's weights, transposed."""
    w = values(5, 4)

    def fn(x: list[Value]) -> Value:
        h = [es.tanh(es.dot(row, x)) for row in w]
        y = [es.dot(column, h) for column in zip(*w, strict=True)]
        return es.sum([(p - q) ** 2 for p, q in zip(x, y, strict=True)]) / 4

    return fn, 4, [(5, 4, 1), (4, 5, 1)]


def lstm() -> Case:
    """A cell with four gates over five steps: one product a step."""
    w, u, b = values(4, 3, 2), values(4, 3, 3), values(4, 3)

    def fn(x: list[Value]) -> Value:
        h: list[Any] = [0.0] * 3
        state: list[Any] = [0.0] * 3
        for t in range(5):
            now = x[2 * t : 2 * t + 2]
            z = [[es.dot(w[k][i], now) + es.dot(u[k][i], h) + b[k][i] for i in range(3)] for k in range(4)]
            taken, kept, out = ([es.sigmoid(v) for v in z[k]] for k in range(3))
            state = [f * s + i * es.tanh(v) for f, s, i, v in zip(kept, state, taken, z[3], strict=True)]
            h = [o * es.tanh(s) for o, s in zip(out, state, strict=True)]
        return squares(h)

    return fn, 10, [(12, 2, 1)] + [(12, 5, 1)] * 4


def pooled() -> Case:
    """Three filters, the larger of each two places, and a dense layer behind them."""
    kernels, w = values(3, 5), values(2, 9)

    def fn(x: list[Value]) -> Value:
        filtered = [[es.relu(es.dot(kernel, x[i : i + 5])) for i in range(6)] for kernel in kernels]
        largest = [es.maximum(row[2 * i], row[2 * i + 1]) for row in filtered for i in range(3)]
        return -es.log_softmax([es.dot(row, largest) for row in w])[0]

    return fn, 10, [(3, 5, 6), (2, 9, 1)]


def forms(term: Callable[..., Any], total: Callable[..., Any] = es.sum, found: list[Shape] | None = None) -> Case:
    """Two bilinear forms of the first three and the last five inputs, a weight for every pair, and one plain neuron."""
    forms, w = [values(3, 5) for _ in range(2)], values(8)

    def fn(x: list[Value]) -> Value:
        pairs = [(i, j) for i in range(3) for j in range(5)]
        each = [total([term(a[i][j], x[i], x[3 + j]) for i, j in pairs]) for a in forms]
        return squares([*map(es.tanh, each), es.tanh(es.dot(w, x) + each[0])])

    return fn, 8, found or [(6, 5, 1), (1, 8, 1)]


def energy() -> Case:
    """−½·Σ w·s·s over all pairs, subtracted one by one, with a field."""
    w, field = values(5, 5), values(5)

    def fn(s: list[Value]) -> Value:
        found: Any = es.dot(field, s)
        for i in range(5):
            for j in range(5):
                found = found - w[i][j] * s[i] * s[j] / 2
        return found

    return fn, 5, [(6, 5, 1)]


def shared_term() -> Case:
    """A bilinear form, one of whose terms is used by itself as well."""
    w = values(2, 3)

    def fn(x: list[Value]) -> Value:
        terms = [w[i][j] * (x[i] * x[2 + j]) for i in range(2) for j in range(3)]
        return es.sum(terms) + es.tanh(terms[0])

    return fn, 5, [(1, 6, 1)]


def penalty() -> Case:
    """Loss and penalty in one chain of additions."""
    w, b = values(5, 4), values(5)

    def fn(x: list[Value]) -> Value:
        total: Any = 0.0
        for row, c in zip(w, b, strict=True):
            total = total + es.tanh(es.dot(row, x) + c) ** 2
        for p in (p for row in w for p in row):
            total = total + 0.01 * p * p
        return total

    return fn, 4, [(5, 4, 1)]


def runge_kutta() -> Case:
    """Two steps: the last slope of each is added to the others, which have been in sums before, before it is known."""
    w, v, b = values(4, 3), values(3, 4), values(4)

    def slope(x: Sequence[Any]) -> list[Value]:
        hidden = [es.tanh(es.dot(row, x) + c) for row, c in zip(w, b, strict=True)]
        return [es.dot(row, hidden) for row in v]

    def after(x: Sequence[Any], slopes: Sequence[Any], time: float) -> list[Value]:
        return [a + time * k for a, k in zip(x, slopes, strict=True)]

    def fn(x: Sequence[Any]) -> Value:
        for _ in range(2):
            k = slope(x)
            m = slope(after(x, k, 0.05))
            n = slope(after(x, m, 0.05))
            last = slope(after(x, n, 0.1))
            x = after(x, [k + 2 * m + 2 * n + last for k, m, n, last in zip(k, m, n, last, strict=True)], 0.1 / 6)
        return squares(x)

    return fn, 3, [(4, 3, 1), (3, 4, 1)] * 8


def padded_stride() -> Case:
    """A filter of five at every other of fifteen places, the first and the last beyond the ends."""
    w = values(5)

    def fn(x: list[Value]) -> Value:
        places = [[(p, i + j) for j, p in enumerate(w, -1) if 0 <= i + j < 15] for i in range(0, 15, 2)]
        return squares([es.tanh(es.sum([p * x[j] for p, j in place])) for place in places])

    return fn, 15, [(1, 5, 8)]


CASES: dict[str, Case] = {
    "Runge and Kutta": runge_kutta(),
    "a filter in strides": padded_stride(),
    "permuted chain": permuted(chain),
    "permuted tree": permuted(tree),
    "permuted sum": permuted(es.sum),
    "dot": layer(lambda w, x, b, i: es.dot(w, x) + b),
    "bias first": layer(lambda w, x, b, i: b + es.dot(x, w)),
    "no bias": layer(lambda w, x, b, i: es.dot(w, x)),
    "constant bias": layer(lambda w, x, b, i: es.dot(w, x) + 0.5 * i),
    "two biases": layer(lambda w, x, b, i: es.dot(w, x) + b - 0.5),
    "bias in some": layer(lambda w, x, b, i: es.dot(w, x) + b if i % 2 else es.dot(w, x)),
    "partly constant": layer(lambda w, x, b, i: chain([*(p * q for p, q in zip(w[1:], x[1:], strict=True)), 2 * x[0]])),
    "all constant": layer(lambda w, x, b, i: chain([(i - j) * q for j, q in enumerate(x, 7)])),
    "shared by neurons": layer(lambda w, x, b, i: chain([w[0] * x[0], b * x[1], w[0] * x[2], b * x[3]])),
    "one weight for two": layer(lambda w, x, b, i: w[0] * x[0] + w[0] * x[1] + b, [(5, 2, 1)]),
    "input twice": layer(lambda w, x, b, i: es.dot(w, x) + b * x[2], [(5, 5, 1)]),
    "negated": layer(lambda w, x, b, i: es.sum([-(p * q) for p, q in zip(w, x, strict=True)]) + b),
    "negative weights": layer(lambda w, x, b, i: es.sum([-p * q for p, q in zip(w, x, strict=True)]) + b),
    "all subtracted": layer(lambda w, x, b, i: minus(w, x, b, lambda j: True)),
    "some subtracted": layer(lambda w, x, b, i: minus(w, x, b, lambda j: j % 2 > 0)),
    "signs of its own": layer(lambda w, x, b, i: minus(w, x, b, lambda j: (i + j) % 3 > 0)),
    "halved": layer(lambda w, x, b, i: es.sum([p * q / 2 for p, q in zip(w, x, strict=True)]) - b),
    "weight halved": layer(lambda w, x, b, i: es.sum([(p / 2) * q for p, q in zip(w, x, strict=True)]) - b),
    "constant in the gate": layer(lambda w, x, b, i: es.sum([es.prod([0.5, p, q]) for p, q in zip(w, x, strict=True)])),
    "scaled at the end": layer(lambda w, x, b, i: es.sum([p * q * 0.1 for p, q in zip(w, x, strict=True)]) + b),
    "differences": layer(lambda w, x, b, i: es.sum([p * (x[j] - x[j - 1]) for j, p in enumerate(w)])),
    "one input": layer(lambda w, x, b, i: w[0] * x[0] + b, inputs=1),
    "one output": layer(lambda w, x, b, i: es.dot(w, x) + b, rows=1),
    "softmax loss": classified(),
    "softmax by hand": softmax_by_hand(),
    "mean of squared errors": mean_squared(),
    "targets first": targets_first(),
    "skip connections": skips(),
    "scaled skips": scaled_skips(),
    "convolution": convolution(),
    "convolution of a plane": plane(),
    "recurrent": recurrent(start=True),
    "recurrent from 0": recurrent(start=False),
    "lstm": lstm(),
    "tied": tied(),
    "pooled": pooled(),
    "weight of a pair": forms(lambda w, x, y: w * x * y),
    "weight between": forms(lambda w, x, y: x * w * y),
    "products with weights": forms(lambda w, x, y: x * y * w, found=[(1, 8, 1), (2, 15, 1)]),
    "weight in a gate": forms(lambda w, x, y: es.prod([x, w, y]), chain),
    "halved pairs": forms(lambda w, x, y: -(x / 2) * (w * y), sum),
    "energy": energy(),
    "term used by others": shared_term(),
    "penalty": penalty(),
    "gated": gated(),
    "same weights twice": twins(),
    "used twice": used_twice(),
    "computed again": computed_again(),
    "summed outputs": summed_outputs(),
}


def products(program: Program) -> list[Shape]:
    """The shapes of the products that were found."""
    found = [block for block in program.plan.blocks if isinstance(block, Affine)]
    return [(b.kernels, b.terms, b.positions if b.dense else 0) for b in found]


def agree(program: Program, fn: Callable[..., Value], xs: np.ndarray) -> None:
    """Values and all gradients against the eager path, for batches of every size made of the same examples."""
    singles: list[tuple[float, np.ndarray, np.ndarray]] = []
    for example in xs:
        given = [Value(float(x)) for x in example]
        f = fn(given)
        slopes = es.gradients(f)
        leaves = np.array([float(slopes.get(leaf, 0)) for leaf in program.values])
        singles.append((float(f.data), leaves, np.array([float(slopes.get(x, 0)) for x in given])))
    for batch in BATCHES:
        which = np.arange(batch) % len(xs)
        value, gradient = program.value_and_grad(xs[which], reduce="sum")
        _, (to_inputs,) = program.value_and_grad(xs[which], reduce="sum", wrt="inputs")
        expected = [np.array([single[i] for single in singles]) for i in range(3)]
        size = 1e-12 * max(1.0, *(np.abs(part).sum(axis=0).max(initial=0) for part in expected)) * max(batch, 1)
        assert_near(program(xs[which]), expected[0][which], rel=1e-12, abs=1e-13)
        assert value == pytest.approx(expected[0][which].sum(), rel=1e-12, abs=size)
        assert_near(gradient, expected[1][which].sum(axis=0), rel=1e-12, abs=size)
        assert_near(to_inputs, expected[2][which], rel=1e-12, abs=size)


@pytest.mark.parametrize("name", CASES)
def test_the_products_of_a_layer_are_found_however_it_is_written(name: str) -> None:
    fn, inputs, shapes = CASES[name]
    program = record(fn, [0.1 * i for i in range(inputs)])
    assert products(program) == shapes, program.explain()
    single = [b for b in program.plan.blocks if isinstance(b, Elementwise) and len(b.out) == 1]
    assert len(program.plan.blocks) <= 12 + 6 * len(shapes) and len(single) <= 10, program.explain()


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
@pytest.mark.parametrize("name", CASES)
def test_what_is_found_has_the_numbers_of_the_eager_path(name: str, fast: bool) -> None:
    if fast:
        pytest.importorskip("llvmlite")
    fn, inputs, _ = CASES[name]
    program = record(fn, [0.1 * i for i in range(inputs)], fast=fast)
    agree(program, fn, np.random.default_rng(3).normal(size=(3, inputs)))


def tangled(seed: int, size: int, parameters: Sequence[Value]) -> Callable[[list[Value]], list[Any]]:
    """Three outputs of a graph with every operation, forks, ties, constants, repeats, and an input without use."""

    def fn(xs: list[Value]) -> list[Any]:
        r = random.Random(seed)
        made: list[Any] = [*xs[:-1], *parameters]
        loose = dict.fromkeys(range(len(made)))
        while len(made) < size:
            i, j = (int(r.random() ** 0.5 * len(made)) for _ in range(2))
            name = r.choice(list(SAFE))
            for _ in range(r.choice([1, 1, 1, 2])):  # twice the same is computed once
                loose[len(made)] = None
                made.append(es.tanh(SAFE[name](made[i], made[j])) if r.random() < 0.3 else SAFE[name](made[i], made[j]))
            loose.pop(i, None)
            loose.pop(j, None)
        ends = [made[i] * r.choice([1, -1, 0.5]) for i in loose]
        return [es.tanh(es.sum(ends[i::3]) * 0.01) - parameters[i] for i in range(3)]

    return fn


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
def test_a_tangled_graph_of_ten_thousand_operations_has_the_numbers_of_the_eager_path(fast: bool) -> None:
    if fast:
        pytest.importorskip("llvmlite")
    r = random.Random(4)
    parameters = [Value(r.uniform(-1, 1)) for _ in range(12)]
    several = tangled(5, 4500, parameters)
    xs = np.random.default_rng(6).normal(size=(2, 4))
    xs[1, 1] = xs[1, 0]  # a tie
    program = record(lambda x: es.dot(several(x), [1.0, 2.0, -0.5]), [0.1, 0.2, 0.3, 0.4], fast=fast)
    assert len(program.tape.entries) > 10_000
    assert {entry.op.name for entry in program.tape.entries} == set(SAFE)
    agree(program, lambda x: es.dot(several(x), [1.0, 2.0, -0.5]), xs)
    outputs = record(several, [0.1, 0.2, 0.3, 0.4], fast=fast)
    expected = [[float(y.data) for y in several([Value(x) for x in example.tolist()])] for example in xs]
    assert outputs(xs) == pytest.approx(np.array(expected), rel=1e-12)


@pytest.mark.parametrize("seed", range(16))
def test_sums_and_products_of_any_shape_have_the_numbers_of_the_eager_path(seed: int) -> None:
    r = random.Random(seed)
    parameters = [Value(r.uniform(0.5, 1.5)) for _ in range(6)]

    def fn(xs: list[Value]) -> Value:
        r = random.Random(seed)
        made: list[Any] = [*xs, *parameters]
        for _ in range(150):
            a, b, c = (r.choice(made[-25:]) if r.random() < 0.7 else r.choice(made[:10]) for _ in range(3))
            made.append(
                r.choice(
                    [
                        lambda a, b, c: a + b,
                        lambda a, b, c: a - b,
                        lambda a, b, c: a - b * c * 0.1,
                        lambda a, b, c: -a,
                        lambda a, b, c: a * 0.5,
                        lambda a, b, c: a / 2,
                        lambda a, b, c: 1 - (a - c),
                        lambda a, b, c: es.sum([a, b, c]) * 0.3,
                        lambda a, b, c: es.tanh(es.prod([a, b, c])),
                        lambda a, b, c: es.tanh(a),
                        lambda a, b, c: (a + a) / parameters[0] - 2 * a,
                    ]
                )(a, b, c)
            )
        return es.sum([es.tanh(v * 0.1) for v in made[-30:]])

    program = record(fn, [0.1, 0.2, 0.3, 0.4])
    agree(program, fn, np.random.default_rng(seed).normal(size=(3, 4)))


DIFFERENCES: dict[str, Callable[[Value, Value, Value], Value]] = {
    "less": lambda w, x, y: w * x - w * y,
    "divided": lambda w, x, y: x / w - y / w,
    "two factors": lambda w, x, y: 3 * w * x - y * (3 * w),
    "minus a weight": lambda w, x, y: w * x + -w * y,
    "minus a term": lambda w, x, y: es.sum([w * x, -(y * w)]),
    "with a bias": lambda w, x, y: (w * x + 0.1) - (w * y + 0.1),
}


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
@pytest.mark.parametrize("name", DIFFERENCES)
def test_a_difference_of_equal_inputs_is_0_and_has_the_slope_of_0(name: str, fast: bool) -> None:
    if fast:
        pytest.importorskip("llvmlite")
    (w,) = values(1, 5)

    def fn(x: list[Value]) -> Value:
        return es.sum([es.relu(DIFFERENCES[name](a, x[0], x[1])) for a in w])

    xs = np.repeat(np.random.default_rng(7).normal(size=(5, 1)), 2, axis=1)
    program = record(fn, [0.1, 0.2], fast=fast)
    assert program(xs).tolist() == [0.0] * 5
    agree(program, fn, xs)


def test_sums_with_constants_read_their_inputs_in_the_order_in_which_these_stand() -> None:
    rows = [[3, 0.5, -1, 3], [1, 2, 3, 4]]
    program = record(lambda x: [es.sum([c * a for c, a in zip(row, x, strict=True)]) for row in rows], [0.1] * 4)
    assert program.explain().splitlines()[:2] == [
        "W1 = [3, 1; 0.5, 2; −1, 3; 3, 4]   4×2",
        "Y = X·W1                           m×2 = (m×4)·(4×2)",
    ]
    xs = np.random.default_rng(1).normal(size=(5, 4))
    assert program(xs) == pytest.approx(xs @ np.array(rows).T)


def test_the_kernel_of_a_filter_is_written_as_it_stands() -> None:
    kernel = [-1, 0, 1, -2, 0, 2, -1, 0, 1]

    def edges(image: list[list[Value]]) -> list[Value]:
        return [
            es.sum([w * image[a + i // 3][b + i % 3] for i, w in enumerate(kernel)]) for a in range(2) for b in range(2)
        ]

    program = record(edges, np.zeros((4, 4)).tolist())
    assert program.explain().splitlines()[0] == "W1 = [−1; 0; 1; −2; 0; 2; −1; 0; 1]   9×1"
    images = np.random.default_rng(1).normal(size=(3, 4, 4))
    expected = [[(m[a : a + 3, b : b + 3].ravel() * kernel).sum() for a in range(2) for b in range(2)] for m in images]
    assert program(images) == pytest.approx(np.array(expected))


@pytest.mark.parametrize(("units", "gates"), [(3, 2), (4, 3), (7, 2)])
def test_gates_that_also_see_the_state_of_their_unit_are_one_product(units: int, gates: int) -> None:
    weights, peepholes = values(gates, units, units), values(gates, units)

    def cell(x: Sequence[Any]) -> list[Value]:
        h, c = x[:units], x[units:]
        return [
            es.sigmoid(es.dot(weights[g][j], h) + peepholes[g][j] * c[j]) for g in range(gates) for j in range(units)
        ]

    program = record(cell, [0.1] * 2 * units)
    assert products(program) == [(units * gates, units, 1)]
    xs = np.random.default_rng(0).normal(size=(5, 2 * units))
    agree(record(lambda x: es.sum(cell(x)), [0.1] * 2 * units), lambda x: es.sum(cell(x)), xs)


def test_two_layers_of_which_one_sees_more_stay_two() -> None:
    first, second = values(6, 3), values(6, 4)
    program = record(lambda x: [es.tanh(es.dot(w, x[: len(w)])) for w in (*first, *second)], [0.1] * 4)
    assert products(program) == [(6, 3, 1), (6, 4, 1)]


def test_a_plan_in_which_a_block_stands_before_what_it_reads_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def turned(steps: Any) -> None:
        steps.level[:] = [level and 3 - level for level in steps.level]

    monkeypatch.setattr("micrograd_es.program.planning.grouping.put_off", turned)
    with pytest.raises(RuntimeError, match=r"a block \(\w+\) before what it reads"):
        record(lambda x: es.tanh(es.exp(x)), 0.5)
