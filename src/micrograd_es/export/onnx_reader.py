"""ONNX files to networks: the nodes have to be a chain of layers (Gemm, or MatMul and Add) and known activations."""

from __future__ import annotations

from math import isclose
from os import PathLike
from typing import Any

import numpy as np

from micrograd_es.export.chain import Activate, Affine, Link, assembled
from micrograd_es.export.extras import needed
from micrograd_es.export.onnx_rows import EXACT, ROWS, Graph, Node, shape_of
from micrograd_es.files import as_path
from micrograd_es.maths import counted
from micrograd_es.nn import Sequential
from micrograd_es.nn.activations import LEAK

_UNCHANGED = ("Identity", "Dropout", "Flatten")  # a row of inputs stays as it is
_EXACT = {name: (graph := Graph(np.float64), row(graph, "z"))[0] for name, row in EXACT.items()}
_SINGLE = {(graph := Graph(np.float32), row(graph, "z"))[0].nodes[0].op: name for name, row in ROWS.items()}


def from_onnx(path: str | PathLike[str]) -> Sequential:
    """The network in an ONNX file, of `to_onnx` or of another program, as an MLP where it has that form.

    Raises ValueError for what is no ONNX file, and, naming it, for a node that a network of layers does not have.
    """
    try:
        return assembled(_Reader(_loaded(path)).chain())
    except ValueError as error:
        raise ValueError(f"{path} cannot be read as a network: {error}") from None


def _loaded(path: str | PathLike[str]) -> Any:
    onnx = needed("onnx", "from_onnx")
    decode_error = needed("google.protobuf.message", "from_onnx").DecodeError
    try:
        model = onnx.load(as_path(path))
        onnx.checker.check_model(model)
    except (decode_error, onnx.checker.ValidationError) as error:
        raise ValueError(f"it is no ONNX file, or not all of one ({str(error)[:120]}).") from None
    return model.graph


class _Reader:
    """Reads the nodes one after the other; `end` is the name of what the last one computed."""

    def __init__(self, graph: Any) -> None:
        onnx = needed("onnx", "from_onnx")
        value = onnx.helper.get_attribute_value
        self.constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
        self.nodes: list[Node] = []
        for node in graph.node:
            attributes = {a.name: value(a) for a in node.attribute}
            if node.op_type == "Constant" and "value" in attributes:
                self.constants[node.output[0]] = onnx.numpy_helper.to_array(attributes["value"])
            else:
                inputs = tuple(name for name in node.input if name)
                self.nodes.append(Node(node.op_type, inputs, node.output[0], attributes))
        starts = [given.name for given in graph.input if given.name not in self.constants]
        self.outputs = [given.name for given in graph.output]
        if len(starts) != 1 or len(self.outputs) != 1:
            raise ValueError(
                f"it has {counted(len(starts), 'input')} and {counted(len(self.outputs), 'output')};"
                " expected one of each."
            )
        self.end = starts[0]
        self.links: list[Link] = []

    def chain(self) -> list[Link]:
        """All the links."""
        place = 0
        while place < len(self.nodes):
            place += self._read(place)
        if self.outputs != [self.end]:
            raise ValueError(f"its output {self.outputs[0]!r} is not what its last node computes; expected a chain.")
        return self.links

    def _read(self, place: int) -> int:
        """Read what begins at a place; gives how many nodes that were."""
        for name, pattern in _EXACT.items():
            nodes = self.nodes[place : place + len(pattern.nodes)]
            if shape_of(nodes, self.end, self.constants) == shape_of(pattern.nodes, "z", pattern.constants):
                self.links.append(Activate(name))
                self.end = nodes[-1].output
                return len(nodes)
        node = self.nodes[place]
        if [name for name in node.inputs if name not in self.constants] != [self.end]:
            raise ValueError(f"its node {node.output!r} ({node.op}) takes {node.inputs}; expected a chain of layers.")
        self._read_one(node)
        self.end = node.output
        return 1

    def _read_one(self, node: Node) -> None:
        if node.op == "Gemm":
            self.links.append(self._gemm(node))
        elif node.op == "MatMul" and node.inputs[0] == self.end:
            self.links.append(Affine("", self._matrix(node, 1).T, None))
        elif node.op == "Add" and self.links and _lacks_bias(self.links[-1]):
            weight = self.links.pop().weight  # type: ignore[union-attr]
            name = next(name for name in node.inputs if name in self.constants)
            self.links.append(Affine("", weight, _bias(self.constants[name], len(weight))))
        elif node.op in _SINGLE:
            _check_settings(node)
            self.links.append(Activate(_SINGLE[node.op]))
        elif node.op not in _UNCHANGED or node.attributes.get("axis", 1) != 1:
            known = ", ".join(["Gemm", "MatMul", "Add", *_SINGLE, *_UNCHANGED])
            raise ValueError(f"its node {node.output!r} is {node.op}; expected one of {known}, as a layer has them.")

    def _gemm(self, node: Node) -> Affine:
        """Gemm: alpha·x·B + beta·C, where B stands transposed, as our weights do, if transB is 1."""
        given = {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 0} | node.attributes
        if given["transA"] or node.inputs[0] != self.end:
            raise ValueError(f"its Gemm {node.output!r} multiplies from the other side; expected x·B + C.")
        matrix = self._matrix(node, 1)
        weight = given["alpha"] * (matrix if given["transB"] else matrix.T)
        bias = _bias(self.constants[node.inputs[2]], len(weight)) if len(node.inputs) > 2 else None
        return Affine("", weight, None if bias is None else given["beta"] * bias)

    def _matrix(self, node: Node, place: int) -> Any:
        matrix = self.constants[node.inputs[place]].astype(np.float64)
        if matrix.ndim != 2:
            raise ValueError(f"its weights {node.inputs[place]!r} have the shape {matrix.shape}; expected a matrix.")
        return matrix


def _lacks_bias(link: Link) -> bool:
    return isinstance(link, Affine) and link.bias is None


def _bias(array: Any, size: int) -> Any:
    if array.size not in (1, size):
        raise ValueError(f"its biases have the shape {array.shape}; expected one for each of {size} neurons.")
    return np.broadcast_to(array.reshape(-1).astype(np.float64), (size,))


def _check_settings(node: Node) -> None:
    """An activation with other settings than ours has no name here."""
    alpha, axis = node.attributes.get("alpha", LEAK), node.attributes.get("axis", -1)
    if node.op == "LeakyRelu" and not isclose(alpha, LEAK, rel_tol=1e-6):
        raise ValueError(f"its LeakyRelu {node.output!r} has the slope {alpha:g}; expected {LEAK}.")
    if node.op == "Softmax" and axis not in (-1, 1):
        raise ValueError(f"its Softmax {node.output!r} has the axis {axis}; expected the last one, -1.")
