"""The numbers of a block graph, all from the scalar graph underneath by its chain rule: gradients and Jacobians.

Rows of a Jacobian are outputs and columns are inputs (layout "row"), or the other way round (layout "column"). The
gradient of a vector is the Jacobian of what the figure is of: a row, or a column. That of a matrix has its shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from micrograd_es import flow
from micrograd_es.figures.blocks.scene import BlockScene, Parameter, Vector
from micrograd_es.figures.scene import Gate, Wire
from micrograd_es.maths import Number
from micrograd_es.value import Value

Matrix = list[list[Number]]


def transposed(matrix: Matrix) -> Matrix:
    """The columns as rows.

    >>> transposed([[1, 2, 3]])
    [[1], [2], [3]]
    """
    return [list(column) for column in zip(*matrix, strict=True)]


def product(a: Matrix, b: Matrix) -> Matrix:
    """The product of two matrices.

    >>> product([[1, 2]], [[3], [4]])
    [[11]]
    """
    columns = transposed(b)
    return [[_sum(x * y for x, y in zip(row, column, strict=True)) for column in columns] for row in a]  # type: ignore[operator]


def _sum(terms: Iterable[Any]) -> Any:
    total, *rest = terms
    for term in rest:
        total = total + term
    return total


class Numbers:
    """Gradients and Jacobians of one block graph, in one layout."""

    def __init__(self, scene: BlockScene, layout: str, gradients: bool) -> None:
        self.scene, self.is_column = scene, layout == "column"
        self.shown = gradients
        self._of = cache(self._jacobian)
        self._slopes = [flow.gradients(f) for f in scene.outputs] if gradients else []

    def value(self, vector: Vector) -> Matrix:
        """The numbers of a vector, as a column, or of a matrix."""
        numbers = [x.number for x in vector.values]
        return [numbers[i : i + vector.columns] for i in range(0, len(numbers), vector.columns)]

    def laid(self, matrix: Matrix) -> Matrix:
        """A matrix of k×d, outputs by inputs, in the layout of the figure."""
        return transposed(matrix) if self.is_column else matrix

    # Gradients

    def gradient(self, wire: Wire) -> Matrix | None:
        """What comes back on a wire: its branch's own contribution, or the sum of the branches behind it."""
        return self._written(self.scene.fed(wire), self.arriving(wire)) if self.shown else None

    def of_parameter(self, parameter: Parameter) -> Matrix | None:
        """The gradient of a parameter."""
        return self._written(parameter.vector, self._along(parameter.edges, parameter.vector)) if self.shown else None

    def arriving(self, wire: Wire) -> Matrix:
        """What comes back on a wire as k×d: a row for each output of the figure, a column for each entry."""
        vector = self.scene.fed(wire)
        if wire.head.startswith("output"):
            return [[1 if f is x else 0 for x in vector.values] for f in self.scene.outputs]
        if wire.head in self.scene.gate_of:
            return self._along(wire.edges, vector)
        branches = [(self.scene.fed(branch), self.arriving(branch)) for branch in self.scene.leaving[wire.head]]
        return [
            [_sum([m[k][v.values.index(x)] for v, m in branches if x in v.values] or [0]) for x in vector.values]
            for k in range(len(self.scene.outputs))
        ]

    def upstream(self, gate: Gate) -> Matrix:
        """What arrives at a block from behind, as k×d over its `outputs`: the sum over the wires that leave it."""
        wires = self.scene.leaving[gate.key]
        parts = [(self.scene.fed(wire), self.arriving(wire)) for wire in wires]
        return [
            [_sum([m[k][v.values.index(x)] for v, m in parts if x in v.values] or [0]) for x in self.given(gate)]
            for k in range(len(self.scene.outputs))
        ]

    def given(self, gate: Gate) -> tuple[Value, ...]:
        """What others use of a block."""
        return self.scene.vectors[gate.key].values

    def _along(self, edges: Iterable[tuple[Value, int]], vector: Vector) -> Matrix:
        """upstream × local, summed over the inputs inside a block that each entry feeds."""
        fed: dict[Value, list[tuple[Value, int]]] = {}
        for node, i in edges:
            fed.setdefault(node.inputs[i], []).append((node, i))
        rows = []
        for slope in self._slopes:
            parts: list[list[Any]] = [
                [slope[node] * node.local[i] for node, i in fed[x] if node in slope and node.local[i] is not None]  # type: ignore[operator]
                for x in vector.values
            ]
            rows.append([_sum(part) if part else 0 for part in parts])
        return rows

    def _written(self, vector: Vector, matrix: Matrix) -> Matrix | None:
        """A gradient as it is shown: a row or column for a vector, a matrix for a matrix; None for what is neither."""
        if vector.columns == 1:
            return self.laid(matrix)
        if len(matrix) > 1:
            return None
        return [matrix[0][i : i + vector.columns] for i in range(0, len(matrix[0]), vector.columns)]

    # Jacobians

    def local(self, wire: Wire, outputs: Sequence[Value] | None = None) -> Matrix:
        """∂output/∂input of the block that a wire enters, k×d: its outputs (or some of them) by what is on the wire."""
        gate = self.scene.gate_of[wire.head]
        return self._of(wire, self.given(gate) if outputs is None else tuple(outputs))

    def _jacobian(self, wire: Wire, outputs: tuple[Value, ...]) -> Matrix:
        gate = self.scene.gate_of[wire.head]
        inside = {node: place for place, node in enumerate(gate.nodes)}
        entering = set(wire.edges)
        return [[row.get(x, 0) for x in wire.values] for row in (_slopes(f, inside, entering) for f in outputs)]


def _slopes(f: Value, inside: dict[Value, int], entering: set[tuple[Value, int]]) -> dict[Value, Any]:
    """∂f/∂x along the inputs in `entering`, by the chain rule inside a block, whose other nodes stay out of it."""
    cone, found = {f}, [f]
    for node in found:
        for x in node.inputs:
            if x in inside and x not in cone:
                cone.add(x)
                found.append(x)
    slope: dict[Value, Any] = {f: 1}
    result: dict[Value, Any] = {}
    for node in sorted(cone, key=lambda node: -inside[node]):
        for i, (x, local) in enumerate(zip(node.inputs, node.local, strict=True)):
            if local is None:
                continue  # flow.gradients refuses all but constants
            part = slope[node] * local
            if x in inside:
                slope[x] = slope[x] + part if x in slope else part
            if (node, i) in entering:
                result[x] = result[x] + part if x in result else part
    return result
