"""The works W1 to W6 as data: a row says what is computed, on what; every peer is given the same numbers.

NumPy is loaded where numbers are made: a process that only makes scalar graphs is to hold nothing else.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from bench.irregular import Irregular

DECAY = 1e-4  # of the hinge loss: DECAY·‖θ‖²


@dataclass(frozen=True)
class Graph:
    """W1: one graph of `size` nodes, built and differentiated node by node; `shape` is chain or wide."""

    shape: str
    size: int


@dataclass(frozen=True)
class Network:
    """W2 to W5: one step of an MLP with ReLU between its layers.

    `loss` is hinge (plus DECAY·‖θ‖², of one output) or softmax (cross-entropy). A step is the loss, the gradient of
    all examples, and the update θ ← θ − rate·gradient. A batch of 0 is one example alone: loss and gradient, no
    penalty, no update.
    """

    sizes: tuple[int, ...]
    loss: str
    batch: int

    @property
    def decay(self) -> float:
        """What ‖θ‖² is multiplied by in the loss."""
        return DECAY if self.loss == "hinge" and self.batch else 0.0

    def data(self) -> tuple[Any, Any]:
        """Inputs and targets, as arrays: ±1 for the hinge loss, places of a one for softmax."""
        import numpy as np

        if self.loss == "hinge":
            points, signs = map(np.array, moons(self.batch or 1))
            return (points, signs) if self.batch else (points[0], signs[0])
        r = np.random.default_rng(0)
        return r.uniform(0, 1, (self.batch, self.sizes[0])), np.eye(self.sizes[-1])[
            r.integers(0, self.sizes[-1], self.batch)
        ]

    def parameters(self) -> list[Any]:
        """W (outputs × inputs) and b of each layer in turn, as arrays."""
        import numpy as np

        r = np.random.default_rng(1)
        made = []
        for n, m in pairwise(self.sizes):
            made += [r.uniform(-1, 1, (m, n)) / math.sqrt(n), r.uniform(-0.1, 0.1, m)]
        return made


Work = Graph | Network | Irregular


def moons(count: int) -> tuple[list[tuple[float, float]], list[float]]:
    """Points of two half-circles that interlock, and on which of them each is: −1 or 1."""
    r = random.Random(0)
    points, signs = [], []
    for i in range(count):
        angle, sign = math.pi * (i // 2) / max(1, (count - 1) // 2), 1.0 if i % 2 else -1.0
        x, y = (math.cos(angle), math.sin(angle)) if sign < 0 else (1 - math.cos(angle), 0.5 - math.sin(angle))
        points.append((x + r.gauss(0, 0.1), y + r.gauss(0, 0.1)))
        signs.append(sign)
    return points, signs


WORKS: dict[str, Work] = {
    **{f"W1 {shape} {size}": Graph(shape, size) for shape in ("chain", "wide") for size in (1_000, 10_000, 100_000)},
    "W2": Network((2, 16, 16, 1), "hinge", 100),
    "W3": Network((64, 32, 10), "softmax", 128),
    "W4": Network((2, 16, 16, 1), "hinge", 0),
    "W5": Network((784, 128, 10), "softmax", 128),
    **{f"W6 {size}": Irregular(size) for size in (100, 1_000, 10_000)},
}

TOLD = {
    "W1": "a scalar graph of that many nodes, built and differentiated node by node",
    "W2": "MLP 2-16-16-1 on 100 points of two moons: hinge loss, gradient, update",
    "W3": "MLP 64-32-10 on 128 examples: softmax cross-entropy, gradient, update",
    "W4": "W2's network on one example: loss and gradient",
    "W5": "MLP 784-128-10 (101,770 parameters) on 128 examples: loss, gradient, update",
    "W6": "a random expression of that many operations on 1,000 rows: value and gradient",
}


def chosen(names: Sequence[str]) -> dict[str, Work]:
    """The works that are called so, or begin so: "W1" is all of W1. Raises ValueError for an unknown name."""
    for name in names:
        if not any(known == name or known.startswith(f"{name} ") for known in WORKS):
            raise ValueError(f"no work is called {name!r}; expected one of {', '.join(WORKS)}, or W1 … W6.")
    return {
        known: work
        for known, work in WORKS.items()
        if not names or any(known == name or known.startswith(f"{name} ") for name in names)
    }
