"""The parts of a block graph with their sizes: what stands on a wire, and a block with all that stands at it."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from micrograd_es.figures.blocks.scene import Parameter, Vector
from micrograd_es.figures.blocks.texts import BlockTexts, written_shape
from micrograd_es.figures.fonts import text_width
from micrograd_es.figures.grids import Grid
from micrograd_es.figures.scene import Gate, Wire
from micrograd_es.figures.shapes import SIZE, SMALL, Shape, gate_shape

NAME = 17.0  # the size of names of vectors
NAME_ROW = 22  # the height of a line with a name
SHAPE_ROW = 16  # the height of a line with a shape alone
ARROW = 24.0  # from a parameter to its block
APART = 12.0  # between two things that stand side by side at a block
NEAR = 3.0  # between a wire and what stands on it
BOX_HEIGHT = 54.0
LONG = 10  # characters of a title that stands on one line


@dataclass(frozen=True)
class Stack:
    """Things one under the other: a name with a shape, a grid of numbers, its gradient; each may be missing."""

    key: str
    name: str = ""
    shape: str = ""
    value: Grid | None = None
    gradient: Grid | None = None
    gradient_shape: str = ""

    @property
    def head(self) -> float:
        """The height of the name and the shape."""
        return NAME_ROW if self.name else SHAPE_ROW if self.shape else 0.0

    @property
    def foot(self) -> float:
        """The height of the shape of the gradient, where it is another than that of the value."""
        return SHAPE_ROW if self.gradient and self.gradient_shape else 0.0

    @property
    def above(self) -> float:
        """The height of the value with its name."""
        return self.head + (self.value.height(SIZE) if self.value else 0.0) + NEAR

    @property
    def below(self) -> float:
        """The height of the gradient."""
        return self.foot + (self.gradient.height(SIZE) if self.gradient else 0.0) + NEAR

    @property
    def width(self) -> float:
        """The width of the widest of them."""
        first = text_width(self.name, NAME, "italic") + bool(self.name and self.shape) * 6
        first += text_width(self.shape, SMALL)
        grids = [grid.width(SIZE) for grid in (self.value, self.gradient) if grid]
        return ceil(max(first * 1.04, text_width(self.gradient_shape, SMALL), *grids, 10.0)) + 4


@dataclass(frozen=True)
class Local:
    """A Jacobian under its block: what it is, and the numbers where they can be read."""

    key: str
    name: str
    shape: str
    grid: Grid

    @property
    def width(self) -> float:
        """The wider of the two."""
        line = text_width(f"{self.name}  {self.shape}", SMALL) * 1.05
        return ceil(max(line, self.grid.width(SIZE * 0.9))) + 4

    @property
    def height(self) -> float:
        """The height of both."""
        return SHAPE_ROW + 4 + self.grid.height(SIZE * 0.9)


@dataclass(frozen=True)
class Block:
    """A block: its outline, the parameters above it, the Jacobians below it, and how far from it these stand.

    They stand higher, and lower, than what is on the wires of the block, so that they may reach over it.
    """

    shape: Shape
    parameters: tuple[Stack, ...]
    locals: tuple[Local, ...]
    rise: float
    drop: float

    @property
    def above(self) -> float:
        """How far the parameters reach up from the outline."""
        return self.rise + max((s.above + s.below for s in self.parameters), default=-self.rise)

    @property
    def below(self) -> float:
        """How far the Jacobians reach down from the outline."""
        return self.drop + max((local.height for local in self.locals), default=-self.drop)

    @property
    def width(self) -> float:
        """The widest of outline, parameters and Jacobians."""
        return max(self.shape.width, row_width(self.parameters), row_width(self.locals))


def row_width(things: tuple[Stack, ...] | tuple[Local, ...]) -> float:
    """The width of things side by side."""
    return sum(thing.width for thing in things) + APART * max(0, len(things) - 1)


def titled(title: str) -> list[str]:
    """The name of a block on one line, or on two where it is long.

    >>> titled("softmax"), titled("entropía cruzada")
    (['softmax'], ['entropía', 'cruzada'])
    """
    if len(title) <= LONG or " " not in title:
        return [title]
    blanks = [i for i, character in enumerate(title) if character == " "]
    middle = min(blanks, key=lambda i: abs(2 * i - len(title)))
    return [title[:middle], title[middle + 1 :]]


class Pieces:
    """What every wire and every block of a figure looks like."""

    def __init__(self, texts: BlockTexts, with_locals: bool) -> None:
        self.texts, self.scene = texts, texts.scene
        self.with_locals = with_locals
        self.wires = {wire.key: self._on(wire) for wire in self.scene.wires}
        self.blocks = {gate.key: self._block(gate) for gate in self.scene.gates}

    def _on(self, wire: Wire) -> Stack:
        """What stands on a wire; a name only where none stands at one of its ends."""
        texts, vector = self.texts, self.scene.fed(wire)
        named = {terminal.key for terminal in self.scene.terminals if texts.terminal(terminal)}
        source = self.scene.entering[wire.tail][0].tail if wire.is_branch else wire.tail
        whole = vector is self.scene.vectors.get(source)
        at_end = wire.head in named or vector.is_constant or (whole and (source in named or wire.is_branch))
        return self._stack(wire.key, "" if at_end else texts.name(vector), vector, wire)

    def _stack(self, key: str, name: str, vector: Vector, thing: Wire | Parameter) -> Stack:
        texts = self.texts
        if texts.symbols and name == texts.value(vector).text():
            name = ""
        shape, back = texts.shape(vector), texts.gradient_shape(thing)
        return Stack(key, name, shape, texts.value(vector), texts.gradient(thing), back if back != shape else "")

    def _block(self, gate: Gate) -> Block:
        texts = self.texts
        title, entering = texts.title(gate), self.scene.entering.get(gate.key, [])
        busy = max(len(entering), len(self.scene.leaving.get(gate.key, ())))
        shape = gate_shape(title, busy, False, True)
        if gate.folded is not None:
            lines = titled(title)
            wide = max(text_width(line, SIZE, "semibold") for line in lines) + 26
            high = BOX_HEIGHT + 14.0 * (len(lines) > 1 and bool(texts.size(gate)))
            shape = Shape(max(wide, 64.0), max(high, 26.0 * busy), False)
        parameters = tuple(
            self._stack(p.key, texts.name(p.vector), p.vector, p) for p in self.scene.parameters.get(gate.key, ())
        )
        near = [self.wires[wire.key] for wire in (*entering, *self.scene.leaving[gate.key])]
        half = shape.height / 2
        return Block(
            shape,
            parameters,
            tuple(map(self._local, entering)) if self.with_locals else (),
            rise=max(ARROW, *(stack.above - half + ARROW / 2 for stack in near)),
            drop=max(APART, *(stack.below - half + APART / 2 for stack in near)),
        )

    def _local(self, wire: Wire) -> Local:
        texts = self.texts
        matrix = texts.numbers.laid(texts.numbers.local(wire))
        slope, factor = texts.slope(wire), texts.factor(wire)
        grid = Grid(((factor,),)) if texts.symbols else texts.local(wire)
        shape = written_shape(len(matrix), len(matrix[0])) if len(matrix) * len(matrix[0]) > 1 else ""
        name = slope if slope == factor or texts.symbols else f"{slope} = {factor}"
        if texts.symbols and slope == factor and shape:
            name = ""  # the symbol itself stands below
        return Local(wire.key, name, shape, grid)
