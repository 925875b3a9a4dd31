"""The order in which a block is told: that of the tables that it reads, where the plan has another one.

A plan sorts what it computes by the rows of what is read, in which the positions of an example may stand apart; as a
table everything is one matrix, with a row for each position.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from micrograd_es.ops import ADD, LSE, MUL
from micrograd_es.program.blocks import Affine, Block, Elementwise, Rows, Space, Total
from micrograd_es.program.explaining.formulas import Matrix
from micrograd_es.program.explaining.naming import Names
from micrograd_es.program.explaining.positions import matrix_at_positions
from micrograd_es.program.explaining.softmaxes import Softmaxes
from micrograd_es.program.lists import in_columns


def in_order(names: Names, block: Block | Softmaxes) -> Block | Softmaxes:
    """A block in the order of the tables that its inputs are, where that is another one."""
    if block.out.space is not Space.VARYING:
        return block
    if len(block.out) == 1:
        return _as_they_stand(names, block)
    if isinstance(block, Elementwise):
        return _as_tables(names, block)
    if isinstance(block, Affine):
        return _as_read(names, block)
    return _by_row(names, block) if isinstance(block, Total) else block


def _as_they_stand(names: Names, block: Block | Softmaxes) -> Block | Softmaxes:
    """A single sum, or another operation on many numbers whose order is nothing to it, in that of their columns."""
    if isinstance(block, Total):
        return Total(block.out, block.terms.picked(_by_column(names, [block.terms])))
    if isinstance(block, Elementwise) and block.op in (ADD, MUL, LSE) and len(block.inputs) > 2:
        order = _by_column(names, block.inputs)
        return Elementwise(block.out, block.op, tuple([block.inputs[i] for i in order]))
    return block


def _by_column(names: Names, several: Sequence[Rows]) -> Sequence[int]:
    """The places of rows in the order of the matrices that they are columns of, each where the first of it stands."""
    places = [names.known.owner.get(place) for rows in several for place in rows.places]
    known = [place for place in places if place]
    if len(known) < len(places):
        return range(len(places))
    first = {matrix: i for i, (matrix, _) in reversed([*enumerate(known)])}
    return sorted(range(len(known)), key=lambda i: (first[known[i][0]], known[i][1]))


def at_all_positions(names: Names, block: Elementwise) -> tuple[list[Matrix], int]:
    """The inputs of an operation on kernels at positions, and how many; none, and 1, for any other."""
    count = max([names.known.positions(rows) for rows in block.inputs])
    if count == 1:
        return [], 1
    found = [matrix_at_positions(names, rows, len(block.out) // count, count) for rows in block.inputs]
    known = [matrix for matrix in found if matrix is not None]
    return (known, count) if len(known) == len(found) else ([], 1)


def _as_tables(names: Names, block: Elementwise) -> Elementwise:
    """An operation on tables row by row and column by column."""
    if not at_all_positions(names, block)[0]:
        for order in filter(None, map(names.known.places_in_table, block.inputs)):
            out, *inputs = [rows.picked(order) for rows in (block.out, *block.inputs)]
            found = Elementwise(out, block.op, tuple(inputs))
            if at_all_positions(names, found)[0]:
                return found
    return block


def _as_read(names: Names, block: Affine) -> Affine:
    """A product with its positions in the order of the matrix that it reads."""
    count = block.positions
    places = list(map(names.known.owner.get, block.inputs.places[:count]))
    columns = [place[1] for place in places if place and places[0] and place[0] is places[0][0]]
    if count == 1 or len(columns) < count or columns == sorted(columns):
        return block
    order = sorted(range(count), key=columns.__getitem__)

    def turned(rows: Rows) -> Rows:
        return rows.picked([start + i for start in range(0, len(rows), count) for i in order])

    bare = tuple([rows if len(rows) == block.kernels else turned(rows) for rows in block.bare])  # or alike everywhere
    return replace(block, out=turned(block.out), inputs=turned(block.inputs), bare=bare)


def _by_row(names: Names, block: Total) -> Total:
    """Sums in the order of the rows of a table, where each of them is one, and each in that of the columns."""
    order, count, each = names.known.places_in_table(block.terms), len(block.out), block.each
    lines = in_columns(order, count)  # the places of the terms, row by row of the table
    sums = [line[0] // each for line in lines if len({place // each for place in line}) == 1]
    if not order or len(sums) < count:
        return block
    return Total(block.out.picked(sums), block.terms.picked([place for line in lines for place in line]))
