"""micrograd_es, node by node: Values, as the lectures teach them."""

from __future__ import annotations

from bench.peers import Job
from bench.peers.of_scalars import graph_job, network_job
from bench.scalars import Library
from bench.works import Graph, Network
from micrograd_es import Value, exp, log_sum_exp, relu, tanh

LIBRARY = Library(Value, tanh, exp, relu, log_sum_exp)


def graph(work: Graph) -> Job:
    """W1."""
    return graph_job(LIBRARY, work)


def network(work: Network) -> Job:
    """W2 to W4: a graph of all the examples, made anew in each step."""
    return network_job(LIBRARY, work)
