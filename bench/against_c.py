"""The compiled runner against the runner in NumPy, NumPy by hand and C by hand: works W2, W3 and W4, one thread.

Everything first has to agree on the loss and the gradient to 1e-12. Rounds are interleaved; medians are printed.
"""

# ruff: noqa: E402 (the number of threads is set before NumPy is imported)
from __future__ import annotations

import ctypes
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import numpy as np

from micrograd_es import Value, log_sum_exp, record, relu
from micrograd_es.program.blocks import Space
from micrograd_es.program.compiled.runner import Runner as Fast
from micrograd_es.program.numpy_runner import Runner as Plain

DECAY, RATE, ROUNDS = 1e-4, 1e-9, 60
DOUBLE = ctypes.c_double


def compiled_c() -> ctypes.CDLL:
    """The functions of against_c.c."""
    library = Path(tempfile.mkdtemp()) / "by_hand.so"
    source = Path(__file__).with_suffix(".c")
    subprocess.run(["gcc", "-O3", "-march=native", "-shared", "-fPIC", "-o", library, source, "-lm"], check=True)
    found = ctypes.CDLL(str(library))
    found.hinge.restype = found.digits.restype = DOUBLE
    return found


def network(sizes: list[int], rng: np.random.Generator) -> list[tuple[list[list[Value]], list[Value]]]:
    """Layers of Values: weights by output and input, and biases."""
    return [
        ([[Value(float(w)) for w in rng.normal(0, n**-0.5, n)] for _ in range(p)], [Value(0.1) for _ in range(p)])
        for n, p in pairwise(sizes)
    ]


def scores(layers: list[Any], xs: list[Value]) -> list[Value]:
    """The network's outputs."""
    for i, (weights, biases) in enumerate(layers):
        xs = [sum((w * x for w, x in zip(line, xs, strict=True)), b) for line, b in zip(weights, biases, strict=True)]
        xs = xs if i == len(layers) - 1 else [relu(x) for x in xs]
    return xs


def numbers_for_c(layers: list[Any], of: Callable[[Value], float]) -> np.ndarray:
    """Numbers of the Values in C's order: weights by output and input."""
    parts = []
    for weights, biases in layers:
        parts += [np.array([[of(w) for w in line] for line in weights]).ravel(), np.array([of(b) for b in biases])]
    return np.concatenate(parts)


def hinge_numpy(xs: np.ndarray, q: np.ndarray, g: np.ndarray) -> float:
    """W2 in NumPy by hand, on C's order of the numbers."""
    w1, b1, w2, b2, w3, b3 = (
        q[:32].reshape(16, 2).T,
        q[32:48],
        q[48:304].reshape(16, 16).T,
        q[304:320],
        q[320:336],
        q[336:],
    )
    x, t = xs[:, :2], xs[:, 2]
    h1 = np.maximum(x @ w1 + b1, 0)
    h2 = np.maximum(h1 @ w2 + b2, 0)
    margin = 1 - t * (h2 @ w3 + b3[0])
    loss = np.maximum(margin, 0).mean()
    gs = np.where(margin > 0, t, 0) * (-1 / len(xs))
    g2 = gs[:, None] * w3 * (h2 > 0)
    g1 = g2 @ w2.T * (h1 > 0)
    g[:32], g[32:48], g[48:304] = (g1.T @ x).ravel(), g1.sum(0), (g2.T @ h1).ravel()
    g[304:320], g[320:336], g[336] = g2.sum(0), gs @ h2, gs.sum()
    if len(xs) > 1:  # W4 is the network and its loss only
        loss += DECAY * (q @ q)
        g += 2 * DECAY * q
        q -= RATE * g
    return float(loss)


def digits_numpy(xs: np.ndarray, q: np.ndarray, g: np.ndarray) -> float:
    """W3 in NumPy by hand."""
    w1, b1, w2, b2 = q[:2048].reshape(32, 64).T, q[2048:2080], q[2080:2400].reshape(10, 32).T, q[2400:]
    x, y = xs[:, :64], xs[:, 64:]
    h = np.maximum(x @ w1 + b1, 0)
    s = h @ w2 + b2
    top = s.max(1)
    e = np.exp(s - top[:, None])
    total = e.sum(1)
    loss = (np.log(total) + top - (s * y).sum(1)).mean()
    gs = (e / total[:, None] - y) / len(xs)
    gh = gs @ w2.T * (h > 0)
    g[:2048], g[2048:2080], g[2080:2400], g[2400:] = (gh.T @ x).ravel(), gh.sum(0), (gs.T @ h).ravel(), gs.sum(0)
    q -= RATE * g
    return float(loss)


def work(name: str, c: ctypes.CDLL, rng: np.random.Generator) -> None:
    """One line of the report."""
    batch = {"W2": 100, "W3": 128, "W4": 1}[name]
    if name == "W3":
        layers = network([64, 32, 10], rng)
        xs = np.concatenate([rng.uniform(0, 1, (batch, 64)), np.eye(10)[rng.integers(0, 10, batch)]], 1)

        def loss(x: list[Value]) -> Value:
            s = scores(layers, x[:64])
            return log_sum_exp(s) - sum((a * b for a, b in zip(s[1:], x[65:], strict=True)), s[0] * x[64])
    else:
        layers = network([2, 16, 16, 1], rng)
        xs = np.concatenate([rng.normal(0, 1, (batch, 2)), rng.choice([-1.0, 1.0], (batch, 1))], 1)
        flat = [v for weights, biases in layers for v in (*(w for line in weights for w in line), *biases)]

        def loss(x: list[Value]) -> Value:
            hinge = relu(1 - x[2] * scores(layers, x[:2])[0])
            return hinge if name == "W4" else hinge + DECAY * sum((p * p for p in flat[1:]), flat[0] * flat[0])

    start = time.perf_counter()
    program = record(loss, [0.1] * xs.shape[1])
    recorded = time.perf_counter() - start
    plan, wanted = program.plan, program._wanted("parameters")
    output = plan.rows(plan.tape.outputs[:1])
    runners: dict[str, Any] = {}
    for kind, make in (("plain", Plain), ("fast", Fast)):
        start = time.perf_counter()
        runners[kind] = make(plan, program._shared, batch, wanted, output)
        print(f"{name} {kind}: prepared in {1e3 * (time.perf_counter() - start):.1f} ms", end="; ")
    print(f"recorded {len(plan.tape.entries)} operations in {1e3 * recorded:.0f} ms")
    place = {v: i for i, v in enumerate(program.values)}
    order = numbers_for_c(layers, lambda v: place[v]).astype(int)
    q = program.parameters[order].copy()
    g = np.zeros_like(q)
    address = [ctypes.c_void_p(a.ctypes.data) for a in (xs, q, g)]
    row = plan.places[plan.tape.outputs[0]][1]

    def by_c() -> float:
        if name == "W3":
            return float(c.digits(address[0], batch, address[1], address[2], DOUBLE(RATE)))
        return float(c.hinge(address[0], batch, address[1], address[2], decay, rate))

    def by_numpy() -> float:
        return (digits_numpy if name == "W3" else hinge_numpy)(xs, q, g)

    decay, rate = (DOUBLE(0 if name == "W4" else x) for x in (DECAY, RATE))
    n = plan.tape.parameters
    fast, plain = runners["fast"], runners["plain"]
    fast_gradient, plain_gradient = (r.gradients[Space.SHARED][:n, 0] for r in (fast, plain))
    plain_out, step = plain.values[Space.VARYING][row], np.empty(n)

    def by_fast() -> float:
        fast.inputs[...] = xs
        fast.backward(1 / batch)
        if name != "W4":
            np.subtract(program.parameters, np.multiply(fast_gradient, RATE, step), program.parameters)
        return fast.total.item() / batch

    def by_kernel() -> float:
        fast.backward(1 / batch)
        return 0.0

    def by_plain() -> float:
        plain.values[Space.VARYING][: xs.shape[1]] = xs.T
        plain.backward(1 / batch)
        if name != "W4":
            np.subtract(program.parameters, np.multiply(plain_gradient, RATE, step), program.parameters)
        return float(np.add.reduce(plain_out)) / batch

    found = {}
    for kind, by in (("C", by_c), ("numpy", by_numpy), ("plain", by_plain), ("fast", by_fast)):
        q[:] = program.parameters[order]
        saved = program.parameters.copy()
        value = by()
        program.parameters[:] = saved
        found[kind] = value, {"plain": plain_gradient[order], "fast": fast_gradient[order]}.get(kind, g).copy()
    for value, gradient in found.values():
        np.testing.assert_allclose(value, found["C"][0], rtol=1e-12)
        np.testing.assert_allclose(gradient, found["C"][1], rtol=1e-11, atol=1e-12 * abs(gradient).max())
    all_steps = {"C": by_c, "numpy": by_numpy, "plain": by_plain, "fast": by_fast, "kernel": by_kernel}
    times: dict[str, list[float]] = {kind: [] for kind in all_steps}
    for _ in range(ROUNDS):
        for kind, by in all_steps.items():
            start = time.perf_counter()
            for _ in range(100):
                by()
            times[kind].append((time.perf_counter() - start) / 100)
    middle = {kind: float(np.median(t)) for kind, t in times.items()}
    print(name, ", ".join(f"{kind} {1e6 * t:.2f} µs" for kind, t in middle.items()))
    ratios = ", ".join(f"{middle[k] / middle['fast']:.2f} x {k}" for k in ("plain", "numpy", "C"))
    print(name, "fast is", ratios, flush=True)


def main() -> None:
    rng = np.random.default_rng(0)
    c = compiled_c()
    for name in ("W2", "W3", "W4"):
        work(name, c, rng)


if __name__ == "__main__":
    main()
