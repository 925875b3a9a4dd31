"""A plan written out again, number by number: what a loss is searched for in, with sums as the plan reads them."""

from __future__ import annotations

from collections.abc import Iterator

from micrograd_es.ops import ADD, MAX, MUL, Op
from micrograd_es.program.blocks import Affine, Block, Inner, Place, Plan, Rows, Space, Total
from micrograd_es.program.lists import in_columns, in_lines
from micrograd_es.program.tape import Entry, Tape

_NOTHING = -1


def written_out(plan: Plan) -> tuple[Tape, dict[Place, int]]:
    """The rows of a plan as a tape, and the number that each row has there.

    Layers have no terms to multiply out; they stand as one operation that no loss is made of.
    """
    writing = _Writing(plan)
    for block in plan.blocks:
        writing.numbers |= dict(zip(block.out.places, list(writing.block(block)), strict=True))
    writing.tape.outputs = [writing.numbers[plan.places[x]] for x in plan.tape.outputs]
    return writing.tape, writing.numbers


class _Writing:
    """The tape so far, and the number of each row that is in it."""

    def __init__(self, plan: Plan) -> None:
        old = plan.tape
        self.tape = Tape(old.inputs, old.parameters, old.constants, names=old.names)
        self.numbers: dict[Place, int] = {(Space.VARYING, row): row for row in range(old.inputs)}
        self.numbers |= {(Space.SHARED, row): old.inputs + row for row in range(old.first_entry - old.inputs)}
        self.numbers |= dict.fromkeys(plan.zeros.items(), _NOTHING)

    def block(self, block: Block) -> Iterator[int]:
        """Write a block; the numbers of its results."""
        if isinstance(block, Affine):
            yield from self._products(block)
        elif isinstance(block, Total):
            for terms in in_lines(self._of(block.terms), block.each):
                yield self._new(ADD, *terms)
        elif isinstance(block, Inner):
            yield from self._inner(block)
        else:
            for inputs in zip(*map(self._of, block.inputs), strict=True):
                yield self._new(block.op, *inputs)

    def _products(self, block: Affine) -> Iterator[int]:
        """Write sums of products, those with parameters for weights as one operation each."""
        count, size = len(block.out), block.terms
        weights, inputs = in_lines(self._of(block.weights), size), self._of(block.inputs)
        bare = list(zip(*map(self._of, map(block.spread, block.bare)), strict=True)) or [()] * count
        for i in range(count):
            kernel, position = divmod(i, block.positions)
            own = weights[kernel]
            parameters = [w for w in own if self.tape.inputs <= w < self.tape.first_constant]
            if parameters:  # not what is a constant among them, which anything may depend on
                yield self._new(MAX, parameters[0], parameters[0])
                continue
            read = inputs[position :: block.positions] if block.dense else inputs[i * size : (i + 1) * size]
            pairs = [(w, x) for w, x in zip(own, read, strict=True) if _NOTHING not in (w, x)]
            yield self._new(ADD, *[self._new(MUL, *pair) for pair in pairs], *[x for x in bare[i] if x != _NOTHING])

    def _inner(self, block: Inner) -> Iterator[int]:
        """Write the products of two tables."""
        both = [block.apart(self._of(table)) for table in (block.left, block.right)]
        for left, right in zip(*both, strict=True):
            for column in in_columns(right, block.columns):
                for row in in_columns(left, block.rows):
                    pairs = zip(row, column, strict=True)
                    yield self._new(ADD, *[self._new(MUL, *pair) for pair in pairs if pair[0] != _NOTHING])

    def _new(self, op: Op, *inputs: int) -> int:
        self.tape.entries.append(Entry(op, inputs))
        return self.tape.first_entry + len(self.tape.entries) - 1

    def _of(self, rows: Rows) -> list[int]:
        return list(map(self.numbers.__getitem__, rows.places))
