"""Works written with scalars, for libraries whose numbers are nodes: W1's graphs, and networks neuron by neuron."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from bench.works import Graph, Network

Unary = Callable[[Any], Any]
Layers = list[list[tuple[list[Any], Any]]]  # for each layer its neurons: weights and bias


class Library(NamedTuple):
    """What the works call of a library; operators and backward() are methods everywhere."""

    value: Callable[[float], Any]
    tanh: Unary
    exp: Unary
    relu: Unary
    log_sum_exp: Callable[[list[Any]], Any]


def graph(library: Library, work: Graph) -> tuple[Any, list[Any]]:
    """The last node of W1's graph, and its leaves."""
    return (chain if work.shape == "chain" else wide)(library, work.size)


def chain(library: Library, size: int) -> tuple[Any, list[Any]]:
    """A chain of `size` nodes, the four leaves among them."""
    value, tanh, exp, relu, _ = library
    x, w, b, c = value(0.5), value(0.8), value(0.3), value(-0.4)
    v = x
    for _ in range((size - 4) // 8):
        v = relu(exp(tanh(v * w + b) * c) * b + c)
    for _ in range((size - 4) % 8):
        v = v + b
    return v, [x, w, b, c]


def wide(library: Library, size: int) -> tuple[Any, list[Any]]:
    """The sum of terms of six nodes, added two by two: `size` nodes with the sums, less than seven missing."""
    value, *functions, _ = library
    leaves, terms = [], []
    for i in range((size + 1) // 7):
        a, b, c = value(0.1 + i % 7 / 10), value(0.9 - i % 11 / 10), value(0.5 - i % 3)
        leaves += (a, b, c)
        terms.append(functions[i % 3](a * b) * c)
    while len(terms) > 1:
        odd = [terms.pop()] if len(terms) % 2 else []
        terms = [x + y for x, y in zip(terms[::2], terms[1::2], strict=True)] + odd
    return terms[0], leaves


def layers(value: Callable[[float], Any], work: Network) -> Layers:
    """The network's neurons."""
    arrays = work.parameters()
    return [
        [([value(w) for w in row], value(bias)) for row, bias in zip(w.tolist(), b.tolist(), strict=True)]
        for w, b in zip(arrays[::2], arrays[1::2], strict=True)
    ]


def parameters(network: Layers) -> list[Any]:
    """All weights, then all biases, of each layer in turn: the order in which the peers are compared."""
    found = []
    for layer in network:
        found += [w for weights, _ in layer for w in weights] + [bias for _, bias in layer]
    return found


def scores(network: Layers, xs: Sequence[Any], relu: Unary) -> list[Any]:
    """The network's outputs for one example."""
    made = list(xs)
    for number, layer in enumerate(network, 1):
        sums = [sum((w * x for w, x in zip(weights, made, strict=True)), bias) for weights, bias in layer]
        made = sums if number == len(network) else [relu(s) for s in sums]
    return made
