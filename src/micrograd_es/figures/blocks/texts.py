"""What is written in a block graph: names, derivatives, and what each Jacobian is in terms of the parameters."""

from __future__ import annotations

from functools import cached_property
from itertools import count

from micrograd_es.figures.blocks.numbers import Matrix, Numbers, transposed
from micrograd_es.figures.blocks.scene import BlockScene, Parameter, Vector
from micrograd_es.figures.digits import NumberFormat
from micrograd_es.figures.grids import Grid, is_small
from micrograd_es.figures.labels import clean, pretty
from micrograd_es.figures.scene import Gate, Terminal, Wire
from micrograd_es.figures.texts import sign_of
from micrograd_es.figures.words import counted, words
from micrograd_es.scope_names import scope_name
from micrograd_es.scopes import Scope
from micrograd_es.value import Value

NO_BREAK = "\u00a0"  # keeps the words of a name on one line
SLOPES = {"tanh": "1 − {}²", "sigmoid": "{0}·(1 − {0})", "exp": "{}"}  # of the operations that know theirs


class BlockTexts:
    """The texts of one block graph in one language, number format and layout of gradients."""

    def __init__(
        self, scene: BlockScene, numbers: Numbers, language: str, written: NumberFormat, symbols: bool = False
    ) -> None:
        self.scene, self.numbers, self.written, self.symbols = scene, numbers, written, symbols
        self.language, self.words = language, words(language)

    def scope(self, scope: Scope) -> str:
        """The name of a scope in the figure's language."""
        return scope_name(scope.name, self.language)

    # Names

    @cached_property
    def output(self) -> str:
        """The name of what the figure is of."""
        given = [self.scene.fed(wire) for wire in self.scene.wires if wire.head.startswith("output")]
        labels = {vector.name for vector in given if all(x.label for x in vector.values)}
        if len(labels) == 1 == len(given):
            return labels.pop()
        taken = {vector.name for vector in self.scene.vectors.values()}
        return next((name for name in ("f", "L", "F", "y") if name not in taken), "f")

    @cached_property
    def _operations(self) -> dict[tuple[Value, ...], str]:
        """Names for what operations make and nobody has named: q₁, q₂ … in the order of the figure."""
        taken = {vector.name for vector in self.scene.vectors.values()}
        free = (name for number in count(1) if (name := pretty(f"q{number}")) not in taken)
        unnamed = [self.scene.vectors[g.key].values for g in self.scene.gates if not self.scene.vectors[g.key].name]
        return dict(zip((v for v in unnamed if v != self.scene.outputs), free, strict=False))

    def name(self, vector: Vector) -> str:
        """The name of a vector."""
        if vector.values == self.scene.outputs and not any(x.label for x in vector.values):
            return self.output
        if vector.name:
            gate = self.scene.gate_of.get(self.scene.owner.get(vector.values[0], ""))
            if gate and gate.folded and vector.name.startswith(gate.folded.name):
                return (self.scope(gate.folded) + vector.name[len(gate.folded.name) :]).replace(" ", NO_BREAK)
            return vector.name
        return "c" if vector.is_constant else self._operations.get(vector.values, self.output)

    def title(self, gate: Gate) -> str:
        """What stands in a block: the name of its scope, or the operation's sign with its constant."""
        if gate.folded is not None:
            return clean(self.scope(gate.folded), 28)
        return sign_of(gate, self.written)

    def path(self, gate: Gate) -> str:
        """The name of a block with those of the scopes round it: capa 1 · lineal."""
        if gate.folded is None:
            return self.words.get(gate.node.op.name, gate.node.op.name) if gate.node.op else ""
        return " · ".join(map(self.scope, gate.folded.path()))

    def size(self, gate: Gate) -> str:
        """The shape of a block's matrix of weights, if it has one."""
        shapes = [p.vector.shape for p in self.scene.parameters.get(gate.key, ()) if p.vector.columns > 1]
        return written_shape(*shapes[0]) if shapes else ""

    def terminal(self, terminal: Terminal) -> str:
        """The name at the end of a wire; nothing for numbers of the formula."""
        if terminal.is_output:
            (wire,) = self.scene.entering[terminal.key]
            return "" if wire.tail.startswith("n") else self.name(self.scene.fed(wire))
        vector = self.scene.vectors[terminal.key]
        return "" if vector.is_constant and not vector.values[0].label else self.name(vector)

    def shape(self, vector: Vector) -> str:
        """Rows × columns; nothing for a single number."""
        return written_shape(*vector.shape) if len(vector.values) > 1 else ""

    # What stands on wires

    def value(self, vector: Vector) -> Grid:
        """The numbers of a vector, or its name."""
        return self._symbol(self.name(vector)) if self.symbols else Grid.of(self.numbers.value(vector), self.written)

    def gradient(self, thing: Wire | Parameter) -> Grid | None:
        """What comes back, or its symbol; None where no gradient is shown."""
        if not self.numbers.shown or (isinstance(thing, Wire) and self.scene.fed(thing).is_constant):
            return None
        if self.symbols:
            vector = thing.vector if isinstance(thing, Parameter) else self.scene.fed(thing)
            return self._symbol(self.derivative(vector))
        matrix = self._matrix(thing)
        return Grid.of(matrix, self.written, "semibold") if matrix else None

    def gradient_shape(self, thing: Wire | Parameter) -> str:
        """The shape of a gradient; nothing for a single number."""
        vector = thing.vector if isinstance(thing, Parameter) else self.scene.fed(thing)
        matrix = self._matrix(thing)
        if matrix is None:
            return "×".join(map(str, (len(self.scene.outputs), *vector.shape))) if self.numbers.shown else ""
        return written_shape(len(matrix), len(matrix[0])) if len(matrix) * len(matrix[0]) > 1 else ""

    def _matrix(self, thing: Wire | Parameter) -> Matrix | None:
        return self.numbers.of_parameter(thing) if isinstance(thing, Parameter) else self.numbers.gradient(thing)

    def local(self, wire: Wire) -> Grid:
        """The Jacobian of the block that a wire enters."""
        return Grid.of(self.numbers.laid(self.numbers.local(wire)), self.written)

    def _symbol(self, text: str) -> Grid:
        return Grid(((text,),))

    # Formulas

    def derivative(self, vector: Vector) -> str:
        """∂J/∂x"""
        return f"∂{in_formula(self.output)}/∂{in_formula(self.name(vector))}"

    def slope(self, wire: Wire, following: Wire | None = None) -> str:
        """∂z/∂x for the block that a wire enters; with the wire that follows, of what is on that."""
        gate = self.scene.gate_of[wire.head]
        made = self.scene.fed(following) if following else self.scene.vectors[gate.key]
        return f"∂{in_formula(self.name(made))}/∂{in_formula(self.name(self.scene.fed(wire)))}"

    def factor(self, wire: Wire, following: Wire | None = None) -> str:
        """What a Jacobian is in the layout of the figure: Ω₀ᵀ, diag(1[z > 0]), or ∂s/∂y where it is nothing known."""
        gate = self.scene.gate_of[wire.head]
        matrix = self.numbers.local(wire, self.scene.fed(following).values if following else None)
        return self._weights(gate, wire, matrix) or self._diagonal(gate, wire, matrix) or self.slope(wire, following)

    def _weights(self, gate: Gate, wire: Wire, matrix: Matrix) -> str:
        """The name of the matrix of weights that a Jacobian is, and would be with other numbers, too."""
        if not is_linear(gate):
            return ""
        vectors = [p.vector for p in self.scene.parameters.get(gate.key, ())]
        vectors += [self.scene.fed(other) for other in self.scene.entering[gate.key] if other is not wire]
        for vector in vectors:
            weights = self.numbers.value(vector)
            if len(vector.values) == 1 or vector.is_constant:
                continue
            if weights == matrix:
                return in_formula(self.name(vector)) + "ᵀ" * self.numbers.is_column
            if transposed(weights) == matrix:
                return in_formula(self.name(vector)) + "ᵀ" * (not self.numbers.is_column)
        return ""

    def _diagonal(self, gate: Gate, wire: Wire, matrix: Matrix) -> str:
        """A Jacobian that is diagonal, by what is on its diagonal."""
        if len(matrix) < 2 or len(matrix) != len(matrix[0]):
            return ""
        if any(x != 0 for i, row in enumerate(matrix) for j, x in enumerate(row) if i != j):
            return ""
        diagonal = [row[i] for i, row in enumerate(matrix)]
        vector, made = self.scene.fed(wire), self.scene.vectors[gate.key]
        kinds = {node.op.name for node in gate.nodes if node.op}
        if kinds == {"relu"}:
            return f"diag(1[{self.name(vector)} > 0])"
        if len(kinds) == 1 and (slope := SLOPES.get(*kinds)):
            return f"diag({slope.format(self.name(made))})"
        if not is_linear(gate):
            return ""
        if set(diagonal) == {1}:
            return "I"
        others = [self.scene.fed(other) for other in self.scene.entering[gate.key] if other is not wire]
        others += [parameter.vector for parameter in self.scene.parameters.get(gate.key, ())]
        same = next((other for other in others if [x.number for x in other.values] == diagonal), None)
        return f"diag({self.name(same)})" if same else ""

    # In words

    def description(self) -> str:
        """The figure in words, for who cannot see it."""
        leaves = sum(not terminal.is_output for terminal in self.scene.terminals)
        leaves += sum(map(len, self.scene.parameters.values()))
        ends = [wire for wire in self.scene.wires if wire.head.startswith("output")]
        values = "; ".join(self.value(self.scene.fed(wire)).text() for wire in ends)
        said = self.words["block_summary"].format(
            blocks=counted(self.words["blocks"], len(self.scene.gates)),
            leaves=counted(self.words["block_inputs"], leaves),
            f=self.output,
            value=values,
        )
        slopes = [
            f"{self.derivative(self.scene.fed(wire))} = {grid.text()}"
            for wire in self.scene.wires
            if wire.tail.startswith("n") and (grid := self.gradient(wire))
        ]
        return f"{said} {self.words['gradient_list'].format(list='; '.join(slopes[:20]))}" if slopes else said

    def note(self) -> str:
        """How gradients are laid out, and how maps are read where there are any."""
        notes = [self.words["column_layout" if self.numbers.is_column else "row_layout"]] if self.numbers.shown else []
        vectors = [*map(self.scene.fed, self.scene.wires)]
        vectors += [p.vector for listed in self.scene.parameters.values() for p in listed]
        if not self.symbols and not all(is_small(*vector.shape) for vector in vectors):
            notes.append(self.words["map"])
        return "   ".join(notes)

    def tooltips(self) -> dict[str, str]:
        """What the pointer shows over a block or what is on a wire."""
        notes = {gate.key: clean(self.path(gate)) for gate in self.scene.gates}
        for wire in self.scene.wires:
            vector = self.scene.fed(wire)
            notes[f"{wire.key}_value"] = f"{self.name(vector)} {self.shape(vector)}".strip()
            notes[f"{wire.key}_gradient"] = self.derivative(vector)
        return notes


def is_linear(gate: Gate) -> bool:
    """Whether a block only adds and multiplies, so that what its Jacobian is does not depend on the numbers."""
    return {node.op.name for node in gate.nodes if node.op} <= {"add", "sub", "neg", "mul", "identity"}


def in_formula(name: str) -> str:
    """A name as it stands in a formula: in parentheses where it is several words."""
    return f"({name})" if " " in name or NO_BREAK in name else name


def written_shape(rows: int, columns: int) -> str:
    """A shape as lectures write it.

    >>> written_shape(3, 1)
    '3×1'
    """
    return f"{rows}×{columns}"
