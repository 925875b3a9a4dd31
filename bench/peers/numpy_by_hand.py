"""NumPy written by hand, for each loss: what somebody who knows the formulas writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bench.irregular import INPUTS, Irregular, Maths
from bench.peers import Job
from bench.works import Network
from micrograd_es.ops import OPS


def hinge(parameters: list[Any], x: Any, y: Any, decay: float) -> tuple[float, list[Any]]:
    """Mean hinge loss of 2-16-16-1 with a penalty, and its gradients."""
    w1, b1, w2, b2, w3, b3 = parameters
    h1 = np.maximum(x @ w1.T + b1, 0.0)
    h2 = np.maximum(h1 @ w2.T + b2, 0.0)
    margin = 1.0 - y * (h2 @ w3[0] + b3)
    loss = np.maximum(margin, 0.0).mean()
    d3 = np.where(margin > 0, y, 0.0) * (-1 / len(x))
    d2 = np.outer(d3, w3[0]) * (h2 > 0)
    d1 = (d2 @ w2) * (h1 > 0)
    gradients = [d1.T @ x, d1.sum(axis=0), d2.T @ h1, d2.sum(axis=0), (d3 @ h2)[None], d3.sum()]
    if not decay:
        return loss, gradients
    loss += decay * sum((p * p).sum() for p in parameters)
    return loss, [g + 2 * decay * p for g, p in zip(gradients, parameters, strict=True)]


def softmax(parameters: list[Any], x: Any, y: Any) -> tuple[float, list[Any]]:
    """Mean softmax cross-entropy of a network with one hidden layer, and its gradients."""
    w1, b1, w2, b2 = parameters
    h = np.maximum(x @ w1.T + b1, 0.0)
    z = h @ w2.T + b2
    z -= z.max(axis=1, keepdims=True)
    e = np.exp(z)
    sums = e.sum(axis=1, keepdims=True)
    loss = (np.log(sums)[:, 0] - (z * y).sum(axis=1)).mean()
    d2 = (e / sums - y) / len(x)
    d1 = (d2 @ w2) * (h > 0)
    return loss, [d1.T @ x, d1.sum(axis=0), d2.T @ h, d2.sum(axis=0)]


def network(work: Network) -> Job:
    """W2 to W5; W4 by W2's formulas, with one row."""
    parameters, (x, y) = work.parameters(), work.data()
    x, y = (x, y) if work.batch else (x[None], np.array([y]))
    start = [p.copy() for p in parameters]
    found: list[Any] = []

    def by_hand() -> tuple[float, list[Any]]:
        return hinge(parameters, x, y, work.decay) if work.loss == "hinge" else softmax(parameters, x, y)

    def train(rate: float) -> float:
        loss, gradients = by_hand()
        for p, g in zip(parameters, gradients, strict=True):
            p -= rate * g
        return loss

    def one(rate: float) -> float:
        loss, found[:] = by_hand()
        return loss

    def moved() -> Any:
        return np.concatenate([(p - s).ravel() for p, s in zip(parameters, start, strict=True)])

    return Job(train, moved) if work.batch else Job(one, lambda: np.concatenate([np.ravel(g) for g in found]))


class ArrayMaths(Maths):
    """What the rows of the table call for their local gradients, besides what they call for their results."""

    sign = staticmethod(np.sign)

    def step(self, x: Any) -> Any:
        return (x > 0).astype(float)

    def others(self, xs: Sequence[Any]) -> list[Any]:
        return [self.prod([*xs[:i], *xs[i + 1 :]]) for i in range(len(xs))] if len(xs) > 1 else [1.0]

    def first(self, z: Any, xs: Sequence[Any]) -> list[Any]:
        free, found = np.ones(z.shape, bool), []
        for x in xs:
            found.append(free & (x == z))
            free = free & (x != z)
        return found

    def shares(self, z: Any, xs: Sequence[Any]) -> list[Any]:
        return [np.exp(x - z) for x in xs]

    def power_slope(self, x: Any, y: Any) -> Any:
        return y * x ** (y - 1)

    def times_log(self, z: Any, x: Any) -> Any:
        return z * np.log(x)


def irregular(work: Irregular) -> Job:
    """W6: operation by operation on whole arrays, forward and then back along the list."""
    maths = ArrayMaths(np)
    nodes: list[tuple[Callable[..., Any], Callable[..., Any], tuple[int, ...]]] = [
        (OPS[name].forward, OPS[name].local, xs) for name, xs in work.nodes
    ]
    leaves = [np.ascontiguousarray(column) for column in work.inputs.T] + [np.array([p]) for p in work.parameters]
    found: list[float] = []

    def step(rate: float) -> float:
        made = list(leaves)
        for forward, _, xs in nodes:
            made.append(forward(maths, *[made[x] for x in xs]))
        slopes: list[Any] = [None] * len(made)
        slopes[-1] = np.full(work.rows, 1 / work.rows)
        for number in range(len(made) - 1, len(leaves) - 1, -1):
            slope, (_, local, xs) = slopes[number], nodes[number - len(leaves)]
            for x, along in zip(xs, local(maths, made[number], *[made[x] for x in xs]), strict=True):
                part = slope if isinstance(along, int) and along == 1 else slope * along
                slopes[x] = part if slopes[x] is None else slopes[x] + part
        found[:] = [float(np.sum(s)) for s in slopes[INPUTS : len(leaves)]]
        return float(made[-1].mean())

    return Job(step, lambda: found)
