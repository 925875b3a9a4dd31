"""The block graph as plain data: blocks, what they are given and give, and the vectors on the wires between them.

A `Vector` is what one source gives: the outputs of a block, or leaves whose labels have one stem. A wire carries all
of it, or the entries that its block uses. A vector of leaves that only one block uses, and that is no input to be
transformed, is a `Parameter` of that block: a matrix of weights, a bias.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from micrograd_es.figures.scene import Edges, Scene, Wire
from micrograd_es.value import Value


@dataclass(frozen=True, eq=False)
class Vector:
    """Some Values in order: a column, or a matrix row by row."""

    name: str
    values: tuple[Value, ...]
    columns: int = 1

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.values) // self.columns, self.columns

    @property
    def is_constant(self) -> bool:
        """Whether it is made of numbers of the formula."""
        return all(x.is_constant for x in self.values)


@dataclass(frozen=True)
class Parameter:
    """A vector of leaves that stands at its block, and the inputs inside that it feeds."""

    key: str
    vector: Vector
    edges: Edges


@dataclass
class BlockScene(Scene):
    """Everything that stands in a block graph; `outputs` is what it is of, and a gate is a block.

    `vectors` says what is on each wire, by its key, and what each thing gives, by the key of a block or a name;
    `parameters` are those of each block.
    """

    outputs: tuple[Value, ...] = ()
    vectors: dict[str, Vector] = field(default_factory=dict)
    parameters: dict[str, list[Parameter]] = field(default_factory=dict)

    @cached_property
    def owner(self) -> dict[Value, str]:
        """The block in which each Value was made."""
        return {node: gate.key for gate in self.gates for node in gate.nodes}

    def fed(self, wire: Wire) -> Vector:
        """The vector on a wire."""
        return self.vectors[wire.key]
