"""JAX: the whole step compiled by jit, arrays on the device beforehand, parameters handed over (donated).

The loss is read after each step, as ours gives it. By default JAX hands every step to another thread; `direct` does it
in the thread that asks, which is faster where steps are short.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from bench.irregular import Irregular, Maths
from bench.peers import Job
from bench.works import Network

jax.config.update("jax_enable_x64", True)


def scores(parameters: list[Any], x: Any) -> Any:
    """The network's outputs."""
    for w, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
        x = jax.nn.relu(x @ w.T + b)
    return x @ parameters[-2].T + parameters[-1]


def network(work: Network, direct: bool = False) -> Job:
    """W2 to W5."""
    jax.config.update("jax_cpu_enable_async_dispatch", not direct)  # read when the process first computes
    x, y = (jnp.asarray(a) for a in work.data())
    start = work.parameters()
    now = [[jnp.array(p) for p in start]]

    def loss(parameters: list[Any], x: Any, y: Any) -> Any:
        z = scores(parameters, x)
        if work.loss == "hinge":
            found = jax.nn.relu(1 - y * z[..., 0]).mean()
            return found + work.decay * sum((p * p).sum() for p in parameters) if work.decay else found
        return (jax.nn.logsumexp(z, axis=1) - (z * y).sum(axis=1)).mean()

    @jax.jit
    def one_step(parameters: list[Any], x: Any, y: Any) -> Any:
        return jax.value_and_grad(loss)(parameters, x, y)

    def train_step(parameters: list[Any], x: Any, y: Any, rate: Any) -> Any:
        value, slopes = jax.value_and_grad(loss)(parameters, x, y)
        return value, [p - rate * g for p, g in zip(parameters, slopes, strict=True)]

    compiled = jax.jit(train_step, donate_argnums=0)

    def train(rate: float) -> float:
        value, now[0] = compiled(now[0], x, y, rate)
        return float(value)

    def one(rate: float) -> float:
        value, now[0] = one_step(weights, x, y)
        return float(value)

    weights = now[0]

    def state() -> Any:
        less = [p - s if work.batch else p for p, s in zip(map(np.asarray, now[0]), start, strict=True)]
        return np.concatenate([p.ravel() for p in less])

    return Job(train if work.batch else one, state)


def irregular(work: Irregular) -> Job:
    """W6."""
    maths, inputs, start = Maths(jnp), jnp.asarray(work.inputs.T), jnp.asarray(work.parameters)
    found: list[Any] = []

    @jax.jit
    def compiled(parameters: Any, inputs: Any) -> Any:
        return jax.value_and_grad(lambda p: work.evaluated(maths, list(inputs), list(p)).mean())(parameters)

    def step(rate: float) -> float:
        value, slopes = compiled(start, inputs)
        found[:] = [slopes]
        return float(value)

    return Job(step, lambda: found[0])
