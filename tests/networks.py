"""Networks of blocks for the tests, built from Values alone; that of the lectures with its numbers from NumPy, too."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from micrograd_es import Value, dot, log, relu, scope, softmax, sum, tanh

Array = NDArray[np.float64]


def vector(name: str, numbers: Sequence[float]) -> list[Value]:
    return [Value(float(x), f"{name}{i}") for i, x in enumerate(numbers, 1)]


def matrix(name: str, numbers: Array) -> list[list[Value]]:
    rows = enumerate(numbers, 1)
    return [[Value(float(x), f"{name}_{i}{j}") for j, x in enumerate(row, 1)] for i, row in rows]


def linear(
    weights: Sequence[Sequence[Value]], x: Sequence[Value], bias: Sequence[Value], label: str = "", name: str = "linear"
) -> list[Value]:
    with scope(name):
        return labelled([dot(row, x) + b for row, b in zip(weights, bias, strict=True)], label)


def each(name: str, function: Callable[[Value], Value], xs: Sequence[Value], label: str = "") -> list[Value]:
    with scope(name):
        return labelled([function(x) for x in xs], label)


def labelled(values: list[Value], label: str) -> list[Value]:
    for i, value in enumerate(values, 1):
        value.label = f"{label}{i}" if label else ""
    return values


def squared_error(y: Sequence[Value], target: Sequence[float]) -> Value:
    with scope("squared error"):
        loss = sum([(a - t) ** 2 for a, t in zip(y, target, strict=True)])
    loss.label = "L"
    return loss


@dataclass
class Lecture:
    """The network of the lectures, B2, with the numbers that it was made from."""

    numbers: dict[str, Array]
    loss: Value
    right: int

    def by_numpy(self) -> tuple[dict[str, Array], dict[str, Array], dict[str, Array]]:
        """Values, gradients (columns) and Jacobians (rows: outputs), by the formulas of the lecture."""
        n = self.numbers
        z = n["W0"] @ n["x"] + n["b0"]
        h = np.maximum(z, 0)
        y = n["W1"] @ h + n["b1"]
        s = np.exp(y) / np.exp(y).sum()
        target = np.eye(len(y))[self.right]
        jacobians = {
            "z": n["W0"],
            "h": np.diag((z > 0).astype(float)),
            "y": n["W1"],
            "s": np.diag(s) - np.outer(s, s),
            "J": (-target / s)[None, :],
        }
        back = {"J": np.ones(1)}
        for made, fed in (("J", "s"), ("s", "y"), ("y", "h"), ("h", "z"), ("z", "x")):
            back[fed] = jacobians[made].T @ back[made]
        back |= {"Ω₀": np.outer(back["z"], n["x"]), "β₀": back["z"], "Ω₁": np.outer(back["y"], h), "β₁": back["y"]}
        values = {"x": n["x"], "z": z, "h": h, "y": y, "s": s, "J": np.array([-np.log(s[self.right])])}
        return values | {"Ω₀": n["W0"], "β₀": n["b0"], "Ω₁": n["W1"], "β₁": n["b1"]}, back, jacobians


def lecture(seed: int = 0, sizes: tuple[int, int, int] = (3, 3, 2)) -> Lecture:
    """x → linear → ReLU → linear → softmax → cross-entropy, with random numbers of two digits."""
    rng = np.random.default_rng(seed)
    d, p, k = sizes
    shapes = {"x": (d,), "W0": (p, d), "b0": (p,), "W1": (k, p), "b1": (k,)}
    numbers = {name: np.round(rng.uniform(-1, 1, shape), 2) for name, shape in shapes.items()}
    right = int(rng.integers(k))
    z = linear(matrix("Ω0", numbers["W0"]), vector("x", numbers["x"]), vector("β0_", numbers["b0"]), "z")
    h = each("ReLU", relu, z, "h")
    y = linear(matrix("Ω1", numbers["W1"]), h, vector("β1_", numbers["b1"]), "y")
    with scope("softmax"):
        s = labelled(softmax(y), "s")
    with scope("cross-entropy"):
        loss = -sum([log(p) * float(i == right) for i, p in enumerate(s)])
    loss.label = "J"
    return Lecture(numbers, loss, right)


def _numbers(rng: random.Random) -> Callable[..., Array]:
    return lambda *shape: np.array([rng.uniform(-1, 1) for _ in range(int(np.prod(shape)))]).reshape(shape)


def skip(seed: int = 0) -> Value:
    """A connection past two blocks: the sum of vectors is no scope."""
    some = _numbers(random.Random(seed))
    x = vector("x", some(3))
    h = each("tanh", tanh, linear(matrix("W1", some(3, 3)), x, vector("b1_", some(3)), "z"), "h")
    r = labelled([a + b for a, b in zip(h, x, strict=True)], "r")
    return squared_error(linear(matrix("W2", some(2, 3)), r, vector("b2_", some(2)), "y"), [1, 0])


def hadamard(seed: int = 0) -> Value:
    """Two blocks into one."""
    some = _numbers(random.Random(seed))
    x = vector("x", some(3))
    u = linear(matrix("A", some(3, 3)), x, vector("a", some(3)), "u")
    v = linear(matrix("B", some(3, 3)), x, vector("b", some(3)), "v")
    with scope("Hadamard"):
        p = labelled([i * j for i, j in zip(u, v, strict=True)], "p")
    return squared_error(p, [0, 1, 0])


def shared(seed: int = 0) -> Value:
    """One matrix in two blocks."""
    some = _numbers(random.Random(seed))
    weights, bias, x = matrix("W", some(2, 2)), vector("b", some(2)), vector("x", some(2))
    h = each("tanh", tanh, linear(weights, x, bias, "z"), "h")
    return squared_error(each("tanh", tanh, linear(weights, h, bias, "y"), "k"), [1, 0])


def mixed(seed: int = 0) -> Value:
    """Scalars beside blocks."""
    some = _numbers(random.Random(seed))
    x = vector("x", some(3))
    (y,) = linear(matrix("W", some(1, 3)), x, vector("b", some(1)))
    with scope("norm"):
        norm = sum([v * v for v in x])
    return (y - 1) ** 2 * Value(2.0, "k") + Value(0.1, "λ") * norm


def layers(sizes: Sequence[int], seed: int = 0) -> Value:
    """An MLP whose layers are blocks of blocks, without names but for the weights."""
    some = _numbers(random.Random(seed))
    values = vector("x", some(sizes[0]))
    for number, (d, k) in enumerate(pairwise(sizes), 1):
        with scope(f"layer {number}"):
            rows = [
                [Value(float(w), f"W{number}_{i}_{j}") for j, w in enumerate(row)] for i, row in enumerate(some(k, d))
            ]
            values = linear(rows, values, vector(f"b{number}_", some(k)))
            if number < len(sizes) - 1:
                values = each("relu", relu, values)
    with scope("loss"):
        with scope("softmax"):
            probabilities = softmax(values)
        return -log(probabilities[0])


def split(seed: int = 0) -> list[Value]:
    """A block whose outputs go to different blocks, some of them to two; two vectors come out."""
    some = _numbers(random.Random(seed))
    h = each("tanh", tanh, vector("x", some(4)))
    with scope("first"):
        a = labelled([h[0] * h[1], h[1] + h[2]], "a")
    with scope("second"):
        b = labelled([h[2] * h[3]], "b")
    return [*a, *b]


STRUCTURES: dict[str, Callable[[int], Value | list[Value]]] = {
    "skip": skip,
    "hadamard": hadamard,
    "shared": shared,
    "mixed": mixed,
    "layers": lambda seed: layers([3, 4, 2], seed),
    "split": split,
}


def examples(seed: int = 0, m: int = 4, n: int = 2, p: int = 3, q: int = 2) -> tuple[Value, dict[str, Array]]:
    """The matrix form of the lectures, B4: m examples as rows, H = relu(X·W1 + B1), Y = H·W2 + B2, cross-entropy.

    With the values of H and the gradients by its formulas in NumPy.
    """
    some = _numbers(random.Random(seed))
    a = {"X": some(m, n), "W₁": some(n, p), "b₁": some(p), "W₂": some(p, q), "b₂": some(q)}
    names = {"X": "X", "W₁": "W1", "W₂": "W2"}
    v = {key: matrix(name, a[key]) for key, name in names.items()}
    rows = _linear_rows(v["X"], v["W₁"], vector("b1_", a["b₁"]))
    with scope("relu"):
        h = [[relu(z) for z in row] for row in rows]
    y = _linear_rows(h, v["W₂"], vector("b2_", a["b₂"]))
    with scope("loss"):
        loss = -sum([log(softmax(row)[i % q]) for i, row in enumerate(y)]) / m
    loss.label = "L"
    z = a["X"] @ a["W₁"] + a["b₁"]
    values = np.maximum(z, 0)
    scores = values @ a["W₂"] + a["b₂"]
    share = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    of_y = (share - np.eye(q)[np.arange(m) % q]) / m
    of_z = of_y @ a["W₂"].T * (z > 0)
    back = {"W₂": values.T @ of_y, "b₂": of_y.sum(axis=0)[:, None], "X": of_z @ a["W₁"].T}
    back |= {"W₁": a["X"].T @ of_z, "b₁": of_z.sum(axis=0)[:, None]}
    return loss, a | back | {"H": values, "∂Y": of_y, "∂Z": of_z}


def _linear_rows(x: list[list[Value]], weights: list[list[Value]], bias: list[Value]) -> list[list[Value]]:
    with scope("linear"):
        columns = list(zip(*weights, strict=True))
        return [[dot(row, w) + b for w, b in zip(columns, bias, strict=True)] for row in x]
