"""micrograd 0.1.0, with the functions that it lacks written in its own style."""

from __future__ import annotations

import math
from typing import Any

from micrograd.engine import Value

from bench.peers import Job
from bench.peers.of_scalars import graph_job, network_job
from bench.scalars import Library
from bench.works import Graph, Network


def tanh(x: Any) -> Any:
    t = math.tanh(x.data)
    out = Value(t, (x,), "tanh")

    def _backward() -> None:
        x.grad += (1 - t**2) * out.grad

    out._backward = _backward
    return out


def exp(x: Any) -> Any:
    out = Value(math.exp(x.data), (x,), "exp")

    def _backward() -> None:
        x.grad += out.data * out.grad

    out._backward = _backward
    return out


def log(x: Any) -> Any:
    out = Value(math.log(x.data), (x,), "log")

    def _backward() -> None:
        x.grad += out.grad / x.data

    out._backward = _backward
    return out


def log_sum_exp(xs: list[Any]) -> Any:
    top = max(x.data for x in xs)
    return log(sum(exp(x - top) for x in xs)) + top


LIBRARY = Library(Value, tanh, exp, Value.relu, log_sum_exp)


def graph(work: Graph) -> Job:
    """W1."""
    return graph_job(LIBRARY, work)


def network(work: Network) -> Job:
    """W2 to W4: a graph of all the examples, made anew in each step."""
    return network_job(LIBRARY, work)
