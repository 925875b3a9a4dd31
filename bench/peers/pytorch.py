"""PyTorch, float64: eager, and with the loss compiled by torch.compile."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy, linear

from bench.irregular import Irregular, Maths
from bench.peers import Job
from bench.scalars import Library
from bench.scalars import graph as scalar_graph
from bench.works import Graph, Network

torch.set_num_threads(1)


def graph(work: Graph) -> Job:
    """W1, with tensors of no dimensions."""

    def value(x: float) -> Any:
        return torch.tensor(x, dtype=torch.float64, requires_grad=True)

    library = Library(value, torch.tanh, torch.exp, torch.relu, torch.stack)

    def built() -> Any:
        f, leaves = scalar_graph(library, work)
        f.backward()
        return f, leaves

    return Job(lambda rate: built()[0].item(), lambda: [leaf.grad.item() for leaf in built()[1]])


def network(work: Network, compiled: bool = False) -> Job:
    """W2 to W5."""
    x, y = (torch.tensor(a) for a in work.data())
    classes = y.argmax(dim=1) if work.loss == "softmax" else y
    start = work.parameters()
    parameters = [torch.tensor(p, requires_grad=True) for p in start]

    def loss(x: Any, y: Any, *parameters: Any) -> Any:
        for w, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
            x = torch.relu(linear(x, w, b))
        z = linear(x, parameters[-2], parameters[-1])
        if work.loss == "softmax":
            return cross_entropy(z, y)
        found = torch.relu(1 - y * z[..., 0]).mean()
        return found + work.decay * sum((p * p).sum() for p in parameters) if work.decay else found

    of = torch.compile(loss, fullgraph=True, dynamic=False) if compiled else loss
    found: list[Any] = []

    def train(rate: float) -> float:
        value = of(x, classes, *parameters)
        slopes = torch.autograd.grad(value, parameters)
        with torch.no_grad():
            for p, g in zip(parameters, slopes, strict=True):
                p.sub_(g, alpha=rate)
        return float(value.detach())

    def one(rate: float) -> float:
        value = of(x, classes, *parameters)
        found[:] = torch.autograd.grad(value, parameters)
        return float(value.detach())

    def state() -> Any:
        now = [p.detach().numpy() - s for p, s in zip(parameters, start, strict=True)] if work.batch else found
        return np.concatenate([np.ravel(np.asarray(p)) for p in now])

    return Job(train if work.batch else one, state)


def irregular(work: Irregular) -> Job:
    """W6, operation by operation."""
    maths = Maths(torch, maximum=_maximum)
    inputs = list(torch.tensor(work.inputs.T.copy()))
    parameters = [torch.tensor(p, dtype=torch.float64, requires_grad=True) for p in work.parameters]
    found: list[Any] = []

    def step(rate: float) -> float:
        value = work.evaluated(maths, inputs, parameters).mean()
        found[:] = torch.autograd.grad(value, parameters)
        return float(value.detach())

    return Job(step, lambda: [float(g) for g in found])


def _maximum(x: Any, y: Any) -> Any:
    return torch.relu(x) if isinstance(y, float) and y == 0.0 else torch.maximum(x, y)
