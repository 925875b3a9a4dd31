"""What kernels at positions read: the patches that they see, and what is the same at all of them."""

from __future__ import annotations

from micrograd_es.program.blocks import Affine, Rows, Space
from micrograd_es.program.explaining.formulas import Matrix
from micrograd_es.program.explaining.naming import Names
from micrograd_es.program.explaining.patches import Patches
from micrograd_es.program.explaining.tables import Table


def matrix_at_positions(names: Names, rows: Rows, kernels: int, positions: int) -> Matrix | None:
    """The matrix of rows at positions, or what is the same at all of them; None where they are not like that."""
    numbers, tables = rows.numbers, names.known.tables
    if rows in tables:
        return tables[rows] if tables[rows].positions == positions else None
    if rows.space is Space.VARYING:
        column = Rows(rows.space, numbers[:positions])
        is_one = names.known.positions(column) == positions and numbers == column.numbers * kernels
        return tables[column] if is_one else None
    each = numbers if len(numbers) == kernels else numbers[::positions]
    if len(numbers) > kernels and any(numbers[i::positions] != each for i in range(positions)):
        return None
    return names.matrix(Rows(rows.space, each), "B" if len(numbers) == kernels else "p")


def patches(names: Names, block: Affine) -> Matrix:
    """The inputs of kernels, a row for each position and a column for each term."""
    rows, positions = block.inputs, block.positions
    if positions == 1:
        return names.matrix(rows, "G", each=True)
    found = names.known.at_positions(rows, positions)
    if found is None:
        is_table = names.is_given_as_table(rows.turned(positions), block.terms)
        kind = Table if is_table else Patches
        found = names.put_at_positions(kind(names.known.columns(rows), positions), rows)
    return found
