"""Products that mix the rows of a table, Z = Wᵀ·H: what the nodes of a graph take from each other, or tokens do.

In a plan they are the same weights at several positions, each a column of the table, and a kernel for each row of the
result. Told so, they would need the table turned, and what follows would need it turned again.
"""

from __future__ import annotations

from dataclasses import dataclass

from micrograd_es.program.blocks import Affine, Block, Rows, Space
from micrograd_es.program.explaining.affine_formulas import reduced
from micrograd_es.program.explaining.biases import OfTables
from micrograd_es.program.explaining.formulas import Formula, Matrix, Name, Sum
from micrograd_es.program.explaining.lines import Line
from micrograd_es.program.explaining.naming import Names
from micrograd_es.program.explaining.softmaxes import Softmaxes
from micrograd_es.program.explaining.tables import InEach, table
from micrograd_es.program.lists import in_lines


@dataclass
class Mixing:
    """Weights of `kernels` rows of the result by `terms` rows of a table; `out` and `bare` stand column by column."""

    out: Rows
    weights: Rows
    inputs: Rows
    bare: tuple[Rows, ...]
    kernels: int
    terms: int


def mixing(names: Names, block: Block | Softmaxes) -> Block | Softmaxes | Mixing:
    """A block as what mixes the rows of a table, where it reads one, and what it adds is a table or a row."""
    if not isinstance(block, Affine) or not block.dense or block.positions == 1 or block.terms == 1:
        return block
    columns, known = block.positions, names.known.at_positions
    there = Rows(Space.SHARED, tuple([row for row in block.weights.numbers if row != block.absent]))
    if (block.absent is not None and not names.are_constant(there)) or known(block.inputs, columns):
        return block
    is_known = known(block.inputs.turned(columns), block.terms) or names.is_given_as_table(block.inputs, columns)
    bare = [rows for rows in (_added(names, rows, block) for rows in block.bare) if rows]
    if not is_known or len(bare) < len(block.bare):
        return block
    return Mixing(block.out.turned(columns), block.weights, block.inputs, tuple(bare), block.kernels, block.terms)


def _added(names: Names, rows: Rows, block: Affine) -> Rows | None:
    """What is added to the products, a table or one row for all rows of the result; None where it is neither."""
    columns = block.positions
    if len(rows) < len(block.out):
        return None
    if rows.space is Space.VARYING:
        turned = rows.turned(columns)
        return turned if names.known.at_positions(turned, block.kernels) else None
    first, *others = in_lines(rows.numbers, columns)
    return Rows(rows.space, first) if all(line == first for line in others) else None


def mixing_line(names: Names, block: Mixing) -> Line:
    """The line Z = Wᵀ·H + B."""
    weights = names.matrix(block.weights, "W", (block.kernels, block.terms))
    mixed, _ = table(names, block.inputs, block.terms)
    bare = [names.known.tables.get(rows) or names.matrix(rows, "B") for rows in block.bare]
    matrix = names.new("Z", ("m", mixed.shape[1]), positions=block.kernels)
    is_symmetric = block.kernels == block.terms and block.weights == block.weights.turned(block.terms)
    product = InEach(Name(weights, not is_symmetric), Name(mixed))

    def back(upstream: Formula) -> list[tuple[Matrix, Formula]]:
        assert isinstance(upstream, Name)
        to_weights = OfTables(InEach(Name(mixed), Name(upstream.matrix, True)), block.terms)
        to_inputs = InEach(Name(weights), upstream)
        return [(weights, to_weights), *[(m, reduced(upstream, m, matrix)) for m in bare], (mixed, to_inputs)]

    return Line(matrix, Sum([product, *map(Name, bare)]) if bare else product, [mixed, weights, *bare], back)
