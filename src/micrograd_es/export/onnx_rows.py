"""What the links of a chain are in ONNX: each activation as one node, or as a few where the runtime needs that.

In float64 onnxruntime has no Softplus, and the slope of LeakyRelu is a float32 whatever the numbers are: there the two
are written with simpler nodes, as max(0.01·z, z) and relu(z) + log(1 + e^−|z|).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from micrograd_es.nn.activations import LEAK


@dataclass(frozen=True)
class Node:
    """A node as plain data: its operation, the names of its inputs and of its output, its attributes."""

    op: str
    inputs: tuple[str, ...]
    output: str
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass
class Graph:
    """Nodes in order, and the constant arrays that they take, by name."""

    dtype: Any
    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, Any] = field(default_factory=dict)

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        """Append a node; gives the name of its output."""
        self.nodes.append(Node(op, inputs, f"t{len(self.nodes) + 1}", attributes))
        return self.nodes[-1].output

    def constant(self, name: str, array: Any) -> str:
        """Keep a constant array under that name; the name again.

        Raises ValueError for a number that is too large for the type.
        """
        with np.errstate(over="ignore"):
            self.constants[name] = np.asarray(array).astype(self.dtype)
        if not np.isfinite(self.constants[name]).all():
            raise ValueError(
                f"{name} holds a number that {np.dtype(self.dtype).name} cannot; expected smaller ones, or float64."
                " Write to_onnx(model, path, dtype='float64')."
            )
        return name


def _exact_leaky_relu(graph: Graph, z: str) -> str:
    return graph.add("Max", graph.add("Mul", z, graph.constant("leak", LEAK)), z)


def _exact_softplus(graph: Graph, z: str) -> str:
    small = graph.add("Exp", graph.add("Neg", graph.add("Abs", z)))
    log = graph.add("Log", graph.add("Add", small, graph.constant("one", 1.0)))
    return graph.add("Add", graph.add("Relu", z), log)


ROWS: dict[str, Callable[[Graph, str], str]] = {
    "relu": lambda graph, z: graph.add("Relu", z),
    "leaky_relu": lambda graph, z: graph.add("LeakyRelu", z, alpha=LEAK),
    "tanh": lambda graph, z: graph.add("Tanh", z),
    "sigmoid": lambda graph, z: graph.add("Sigmoid", z),
    "softplus": lambda graph, z: graph.add("Softplus", z),
    "softmax": lambda graph, z: graph.add("Softmax", z, axis=-1),
}
"""How each activation is added to a graph."""

EXACT: dict[str, Callable[[Graph, str], str]] = {"leaky_relu": _exact_leaky_relu, "softplus": _exact_softplus}
"""How some are in float64."""


def shape_of(nodes: Sequence[Node], start: str, constants: dict[str, Any]) -> list[Any]:
    """Nodes without their names: each operation with its inputs, the start, a number or the place of another node.

    >>> graph = Graph(np.float64)
    >>> _ = EXACT["leaky_relu"](graph, "z")
    >>> shape_of(graph.nodes, "z", graph.constants)
    [('Mul', ['start', 0.01]), ('Max', [0, 'start'])]
    """
    known: dict[str, Any] = {name: array.item() for name, array in constants.items() if array.size == 1}
    known[start] = "start"
    found = []
    for place, node in enumerate(nodes):
        found.append((node.op, [known.get(name) for name in node.inputs]))
        known[node.output] = place
    return found
