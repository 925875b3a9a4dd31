"""The jobs of libraries whose numbers are nodes, written once for all of them."""

from __future__ import annotations

from typing import Any

from bench.peers import Job
from bench.scalars import Library, graph, layers, parameters, scores
from bench.works import Graph, Network


def graph_job(library: Library, work: Graph) -> Job:
    """W1: a graph is built, differentiated and dropped in each step."""

    def built() -> tuple[Any, list[Any]]:
        f, leaves = graph(library, work)
        f.backward()
        return f, leaves

    return Job(lambda rate: built()[0].data, lambda: [leaf.grad for leaf in built()[1]], built)


def network_job(library: Library, work: Network) -> Job:
    """W2 to W4: a graph of all the examples is made in each step."""
    network = layers(library.value, work)
    found = parameters(network)
    start = [p.data for p in found]
    xs, ys = (a.tolist() for a in work.data())
    examples = list(zip(xs, ys, strict=True)) if work.batch else [(xs, ys)]

    def of_one(x: list[float], y: Any) -> Any:
        made = scores(network, x, library.relu)
        if work.loss == "hinge":
            return library.relu(1 - y * made[0])
        return library.log_sum_exp(made) - made[y.index(1.0)]

    def step(rate: float) -> float:
        losses = [of_one(x, y) for x, y in examples]
        loss = sum(losses[1:], losses[0]) * (1.0 / len(losses))
        if work.decay:
            loss = loss + work.decay * sum((p * p for p in found[1:]), found[0] * found[0])
        for p in found:
            p.grad = 0.0
        loss.backward()
        if work.batch:
            for p in found:
                p.data -= rate * p.grad
        return float(loss.data)

    def state() -> list[float]:
        return [p.data - s for p, s in zip(found, start, strict=True)] if work.batch else [p.grad for p in found]

    return Job(step, state)
