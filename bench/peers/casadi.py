"""CasADi: the loss of one example and its gradient as scalar expressions (SX), mapped over the examples and summed.

They run on its virtual machine, called through its buffers, which spares the conversion of every argument.
"""

from __future__ import annotations

from typing import Any

import casadi as ca
import numpy as np

from bench.irregular import INPUTS, Irregular, Maths
from bench.peers import Job
from bench.works import Network


class Mapped:
    """A function of an example and the parameters: its sum over the examples, and that of its gradient."""

    def __init__(self, value: Any, x: Any, q: Any, examples: Any) -> None:
        one = ca.Function("one", [x, q], [value, ca.gradient(value, q)])
        count = len(examples)
        mapped = one.map("mapped", "serial", count, [1], [0, 1]) if count > 1 else one
        self.examples = np.asfortranarray(examples.T)
        self.q, self.value, self.gradient = np.zeros(q.numel()), np.zeros(1), np.zeros(q.numel())
        self.buffer, self.run = mapped.buffer()
        self.buffer.set_arg(0, memoryview(self.examples.T))
        self.buffer.set_arg(1, memoryview(self.q))
        self.buffer.set_res(0, memoryview(self.value))
        self.buffer.set_res(1, memoryview(self.gradient))


def network(work: Network) -> Job:
    """W2 to W4."""
    arrays, (xs, ys) = work.parameters(), work.data()
    start = np.concatenate([p.ravel() for p in arrays])
    x, q = ca.SX.sym("x", np.atleast_2d(xs).shape[1]), ca.SX.sym("q", len(start))
    y = ca.SX.sym("y", ys.shape[1] if ys.ndim == 2 else 1)
    at, h = 0, x
    for number in range(0, len(arrays), 2):
        m, n = arrays[number].shape
        h = ca.mtimes(ca.reshape(q[at : at + m * n], n, m).T, h) + q[at + m * n : at + m * n + m]
        h = ca.fmax(h, 0) if number < len(arrays) - 2 else h
        at += m * n + m
    if work.loss == "hinge":
        value = ca.fmax(1 - y * h, 0)
    else:
        top = ca.mmax(h)
        value = ca.log(ca.sum1(ca.exp(h - top))) + top - ca.dot(h, y)
    rows = np.column_stack([np.atleast_2d(xs), ys if ys.ndim == 2 else np.reshape(ys, (-1, 1))])
    mapped, count, decay = Mapped(value, ca.vertcat(x, y), q, rows), len(rows), work.decay
    mapped.q[:] = start

    def step(rate: float) -> float:
        mapped.run()
        loss, q = mapped.value.item() / count, mapped.q
        if work.batch:
            gradient = mapped.gradient / count
            if decay:
                loss += decay * (q @ q)
                gradient += 2 * decay * q
            q -= rate * gradient
        return float(loss)

    return Job(step, lambda: mapped.q - start if work.batch else mapped.gradient.copy())


def irregular(work: Irregular) -> Job:
    """W6."""
    maths = Maths(ca, abs=ca.fabs, maximum=ca.fmax, minimum=ca.fmin, where=ca.if_else)
    x, q = ca.SX.sym("x", INPUTS), ca.SX.sym("q", len(work.parameters))
    value = work.evaluated(maths, ca.vertsplit(x), ca.vertsplit(q))
    mapped = Mapped(value, x, q, work.inputs)
    mapped.q[:] = work.parameters

    def step(rate: float) -> float:
        mapped.run()
        return mapped.value.item() / work.rows

    return Job(step, lambda: mapped.gradient / work.rows)
