"""Where the rows of a plan stand while it runs, as distances from the base."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from micrograd_es.program.blocks import Affine, Rows, Space, Total, is_run
from micrograd_es.program.lists import across, in_lines

VARYING = Space.VARYING


One = tuple[str, list[int]]  # an operation on one row: its modes, and the places of the row written and of each input


class Spread(NamedTuple):
    """An operation on rows: their length, and the places of the rows written and of each input's.

    `modes` are those of `rows`. Rows that follow each other are one `long` row of the table.
    """

    modes: str
    space: Space
    ragged: bool
    long: bool
    length: int
    columns: list[list[int]]

    @property
    def row(self) -> tuple[int, int]:
        """How many rows the table has, and how long they are."""
        count = len(self.columns[0])
        return (1, count * self.length) if self.long else (count, self.length)


class Places:
    """Rows of varying numbers are as long as a tile; of shared numbers there is one a row.

    A batch of one example is a tile of one: its numbers stand side by side, as shared ones do.
    """

    def __init__(self, tile: int, shared: int, varying_gradients: int, shared_gradients: int) -> None:
        self.tile, self.shared, self.is_single = tile, shared, tile == 1
        self.gap, self.shared_gap = varying_gradients, shared_gradients - shared  # from a value to its gradient

    def values(self, rows: Rows) -> list[int]:
        """The places of the values of some rows."""
        if rows.space is VARYING:
            tile = self.tile
            return [tile * number for number in rows.numbers]
        shared = self.shared
        return [shared + number for number in rows.numbers]

    def gradients(self, rows: Rows) -> list[int]:
        """The places of their gradients."""
        gap = self.gap_of(rows.space)
        return [gap + place for place in self.values(rows)]

    def gap_of(self, space: Space) -> int:
        """How far a gradient is from its value."""
        return self.gap if space is VARYING else self.shared_gap

    def length_of(self, space: Space) -> int:
        """How long a row is."""
        return self.tile if space is VARYING else 1

    def is_ragged(self, space: Space) -> bool:
        """Whether the rows may be of any length, since they are not whole vectors."""
        return self.is_single or space is not VARYING

    def one(self, out: Rows, inputs: Sequence[Rows]) -> One:
        """Where an operation on one row finds it: `spread`, made fast, since an irregular graph has many."""
        tile, shared, space = self.tile, self.shared, out.space
        places = [tile * out.numbers[0] if space is VARYING else shared + out.numbers[0]]
        modes = ""
        for rows in inputs:
            modes += "v" if rows.space is space else "s"
            places.append(tile * rows.numbers[0] if rows.space is VARYING else shared + rows.numbers[0])
        return modes, places

    def spread(self, out: Rows, inputs: Sequence[Rows]) -> Spread:
        """Where an operation on some rows finds them."""
        space = out.space
        columns = [self.values(out), *[self.values(rows) for rows in inputs]]
        modes = ["v" if rows.space is space else "s" for rows in inputs]
        long = False
        if len(out.numbers) > 1 and is_run(out):
            single = [rows.space is not VARYING and len(set(rows.numbers)) == 1 for rows in inputs]
            long = all(one or (m == "v" and is_run(rows)) for one, m, rows in zip(single, modes, inputs, strict=True))
            if long:
                modes = ["s" if one else "v" for one in single]
        return Spread("".join(modes), space, self.is_ragged(space), long, self.length_of(space), columns)


def in_tables(numbers: Sequence[int], of: tuple[int, int, int], turned: bool = False) -> list[Sequence[int]]:
    """What belongs to each of some tables `of` a shape, line by line; to those that are `turned`, column by column."""
    count, _, width = of
    found = in_lines(numbers, len(numbers) // count)
    return [across(table, width) for table in found] if turned else found


def is_stretch(block: Total) -> bool:
    """Whether a block is one sum of numbers that stand together."""
    return block.out.space is Space.SHARED and len(block.out) == 1 and is_run(block.terms)


def begins(block: Affine) -> bool:
    """Whether a product begins with what is added to it: a number for each row, and nothing else."""
    return len(block.bare) == 1 and block.bare[0].space is Space.SHARED


def shape(block: Affine) -> tuple[int, int, int]:
    """An affine block as groups of rows with the same inputs: how many groups, rows in each, and terms."""
    if block.dense:
        return block.positions, block.kernels, block.terms
    return block.kernels, 1, block.terms


def per_group(block: Affine) -> int:
    """How far the weights of a group are from those of the next: positions have them in common."""
    return 0 if block.dense else block.terms


def by_group(block: Affine, numbers: Sequence[int]) -> Sequence[int]:
    """What is at all positions, group by group."""
    count = block.positions
    return numbers if count == 1 else across(numbers, count)
