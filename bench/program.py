"""How fast a recorded program trains: W2 to W5, one step each, against NumPy written by hand.

W2: MLP 2-16-16-1 on 100 points, hinge loss and L2. W3: MLP 64-32-10 on 128 examples, softmax cross-entropy. W4: W2's
network on one example. W5: MLP 784-128-10 on 128 examples, and how long recording takes.

Every figure is the median of rounds in which the two take turns; they agree to 1e-12 before a time is printed.
Run it with one thread: OPENBLAS_NUM_THREADS=1 (set below).
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"), "1"))

import json
import random
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from micrograd_es import Program, Value, log_sum_exp, record, relu
from micrograd_es import sum as total

BENCH = Path(__file__).parents[1] / "build/bench.json"
RATE, DECAY = 0.05, 1e-4


class Network:
    """An MLP of plain Values: a weight for each input and a bias, for each neuron."""

    def __init__(self, sizes: Sequence[int], seed: int = 0) -> None:
        r = random.Random(seed)
        self.layers = [
            [([Value(r.uniform(-1, 1) / n**0.5) for _ in range(n)], Value(0.0)) for _ in range(m)]
            for n, m in pairwise(sizes)
        ]

    def __call__(self, xs: list[Any]) -> list[Any]:
        for number, layer in enumerate(self.layers, 1):
            out = []
            for weights, bias in layer:
                s = bias
                for w, x in zip(weights, xs, strict=True):
                    s = s + w * x
                out.append(s if number == len(self.layers) else relu(s))
            xs = out
        return xs

    def parameters(self) -> list[Value]:
        """All weights and biases."""
        return [p for layer in self.layers for weights, bias in layer for p in (*weights, bias)]

    def arrays(self) -> list[Any]:
        """W and b of each layer, as NumPy arrays of shapes (m, n) and (m,)."""
        made = []
        for layer in self.layers:
            made += [np.array([[w.data for w in ws] for ws, _ in layer]), np.array([b.data for _, b in layer])]
        return made


def forward_by_hand(arrays: list[Any], xs: Any) -> list[Any]:
    """The activations of every layer, by matrix products."""
    made = [xs]
    for w, b in zip(arrays[0::2], arrays[1::2], strict=True):
        z = made[-1] @ w.T + b
        made.append(np.maximum(z, 0.0) if len(made) <= len(arrays) // 2 - 1 else z)
    return made


def backward_by_hand(arrays: list[Any], made: list[Any], delta: Any) -> list[Any]:
    """The gradients of W and b of every layer, from that of the output."""
    found: list[Any] = [None] * len(arrays)
    for i in reversed(range(len(arrays) // 2)):
        found[2 * i], found[2 * i + 1] = delta.T @ made[i], delta.sum(axis=0)
        if i:
            delta = (delta @ arrays[2 * i]) * (made[i] > 0)
    return found


def hinge_by_hand(arrays: list[Any], xs: Any, ys: Any) -> tuple[float, list[Any]]:
    """Mean hinge loss with L2 penalty, and its gradients."""
    made = forward_by_hand(arrays, xs)
    margin = 1 - ys * made[-1][:, 0]
    loss = np.maximum(margin, 0).mean() + DECAY * sum((a * a).sum() for a in arrays)
    found = backward_by_hand(arrays, made, (-(ys * (margin > 0)) / len(xs))[:, None])
    return loss, [g + 2 * DECAY * a for g, a in zip(found, arrays, strict=True)]


def softmax_by_hand(arrays: list[Any], xs: Any, targets: Any) -> tuple[float, list[Any]]:
    """Mean softmax cross-entropy of one-hot targets, and its gradients."""
    made = forward_by_hand(arrays, xs)
    z = made[-1] - made[-1].max(axis=1, keepdims=True)
    e = np.exp(z)
    sums = e.sum(axis=1, keepdims=True)
    loss = (np.log(sums)[:, 0] - (z * targets).sum(axis=1)).mean()
    return loss, backward_by_hand(arrays, made, (e / sums - targets) / len(xs))


def hinge(network: Network) -> Callable[..., Value]:
    """The same loss of one example, in Values."""
    parameters = network.parameters()
    return lambda x, y: relu(1 - y * network(x)[0]) + DECAY * total([p * p for p in parameters])


def softmax(network: Network) -> Callable[..., Value]:
    """The same loss of one example, in Values."""

    def loss(x: list[Any], target: list[Any]) -> Value:
        z = network(x)
        return log_sum_exp(z) - total([t * s for t, s in zip(target, z, strict=True)])

    return loss


def works() -> dict[str, tuple[Network, Callable[..., Any], Callable[..., Any], Any, Any]]:
    """The works by name: network, loss in Values, loss by hand, inputs, targets."""
    r = np.random.default_rng(0)
    points, classes = r.normal(size=(100, 2)), np.eye(10)[r.integers(0, 10, 128)]
    signs = np.where(points[:, 0] * points[:, 1] > 0, 1.0, -1.0)
    small, digits, large = Network([2, 16, 16, 1]), Network([64, 32, 10]), Network([784, 128, 10])
    return {
        "W2": (small, hinge(small), hinge_by_hand, points, signs),
        "W3": (digits, softmax(digits), softmax_by_hand, r.normal(size=(128, 64)), classes),
        "W4": (small, hinge(small), hinge_by_hand, points[:1], signs[:1]),
        "W5": (large, softmax(large), softmax_by_hand, r.normal(size=(128, 784)), classes),
    }


def timed(step: Callable[[], Any], repeat: int) -> float:
    """Microseconds a call, over a round of calls."""
    start = time.perf_counter()
    for _ in range(repeat):
        step()
    return (time.perf_counter() - start) / repeat * 1e6


def agree(program: Program, network: Network, found: list[Any], gradient: Any) -> bool:
    """Whether the gradients by hand are those of the program."""
    by_value: dict[Value, float] = {}
    for layer, w, b in zip(network.layers, found[0::2], found[1::2], strict=True):
        for (weights, bias), row, number in zip(layer, w, b, strict=True):
            by_value |= {**dict(zip(weights, row, strict=True)), bias: number}
    expected = np.array([by_value[v] for v in program.values])
    return bool(np.allclose(gradient, expected, rtol=1e-12, atol=1e-14 + 1e-12 * abs(expected).max()))


def measured(name: str, fast: bool, rounds: int = 15) -> dict[str, Any]:
    """One work: medians, ranges and the ratio."""
    network, loss, by_hand, xs, ys = works()[name]
    arrays = network.arrays()
    start = time.perf_counter()
    program = record(loss, xs[0].tolist(), ys[0].tolist(), fast=fast)
    recording = time.perf_counter() - start
    value, gradient = program.value_and_grad(xs, ys)
    expected, found = by_hand(arrays, xs, ys)
    if not (abs(value - expected) <= 1e-12 * abs(expected) and agree(program, network, found, gradient)):
        raise SystemExit(f"{name}: the program and NumPy by hand do not agree")

    def replay() -> None:
        _, slopes = program.value_and_grad(xs, ys)
        np.subtract(program.parameters, RATE * slopes, out=program.parameters)

    def hand() -> None:
        _, slopes = by_hand(arrays, xs, ys)
        for a, g in zip(arrays, slopes, strict=True):
            a -= RATE * g

    repeat = max(3, int(20_000 / timed(hand, 3)))
    times = [(timed(replay, repeat), timed(hand, repeat)) for _ in range(rounds)]
    ours, theirs = zip(*times, strict=True)
    nodes = len(program.tape.entries)
    return {"ours": ours, "numpy": theirs, "recording": recording, "nodes": nodes}


def main() -> None:
    """Measure every work, print a table, and add the ratios to build/bench.json."""
    kept = json.loads(BENCH.read_text()) if BENCH.exists() else {}
    print("µs a step: median [fastest … slowest]; ratio > 1: the program is faster")
    print(f"{'work':10}{'micrograd_es':>26}{'NumPy by hand':>26}{'ratio':>8}{'recording':>24}")
    for name, runner in [(name, runner) for name in ("W2", "W3", "W4", "W5") for runner in ("numpy", "fast")]:
        found = measured(name, runner == "fast")
        columns = [f"{median(found[k]):,.1f} [{min(found[k]):,.0f} … {max(found[k]):,.0f}]" for k in ("ours", "numpy")]
        ratio = median(b / a for a, b in zip(found["ours"], found["numpy"], strict=True))
        each = found["recording"] / found["nodes"] * 1e6
        told = f"{found['recording']:.2f} s, {each:.1f} µs a node"
        print(f"{name:4}{runner:6}{columns[0]:>26}{columns[1]:>26}{ratio:8.2f}{told:>24}", flush=True)
        kept.setdefault(name, {}).setdefault(runner, {})["numpy by hand"] = {
            "median_us": round(median(found["ours"]), 2),
            "ratio": round(ratio, 3),
        }
    BENCH.parent.mkdir(exist_ok=True)
    BENCH.write_text(json.dumps(kept, indent=1))


if __name__ == "__main__":
    main()
