"""HIPS autograd: NumPy's functions, recorded anew in each step."""

from __future__ import annotations

from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import value_and_grad

from bench.peers import Job
from bench.works import Network


def network(work: Network) -> Job:
    """W2 to W5."""
    (x, y), parameters = work.data(), work.parameters()
    start = [p.copy() for p in parameters]
    found: list[Any] = []

    def loss(parameters: list[Any]) -> Any:
        h = x
        for w, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
            h = anp.maximum(anp.dot(h, w.T) + b, 0.0)
        z = anp.dot(h, parameters[-2].T) + parameters[-1]
        if work.loss == "hinge":
            value = anp.mean(anp.maximum(1 - y * z[..., 0], 0.0))
            return value + work.decay * sum([anp.sum(p * p) for p in parameters]) if work.decay else value
        z = z - anp.max(z, axis=1, keepdims=True)
        return anp.mean(anp.log(anp.sum(anp.exp(z), axis=1)) - anp.sum(z * y, axis=1))

    both = value_and_grad(loss)

    def train(rate: float) -> float:
        value, slopes = both(parameters)
        for p, g in zip(parameters, slopes, strict=True):
            p -= rate * g
        return float(value)

    def one(rate: float) -> float:
        value, found[:] = both(parameters)
        return float(value)

    def state() -> Any:
        now = [p - s for p, s in zip(parameters, start, strict=True)] if work.batch else found
        return np.concatenate([np.ravel(p) for p in now])

    return Job(train if work.batch else one, state)
