"""Blocks: a tape of scalar operations as operations on whole arrays, and where every number of the tape lives.

Sums of products of something shared (a weight) and something that varies with the example are `Affine`: dense products
where several of them have the same inputs, and ragged ones where they do not. Those of two tables that are computed are
`Inner`, longer sums a `Total`, and all other operations `Elementwise`, grouped by level and row of the table. See
`planning` for how they are found.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from micrograd_es.ops import Op
from micrograd_es.program.lists import Line, across, each_of, in_columns, in_lines
from micrograd_es.program.tape import Tape


class Space(Enum):
    """Where a number lives: one row a value and a column an example, or one column shared by all examples."""

    SHARED = "shared"
    VARYING = "varying"

    __hash__ = object.__hash__  # Enum's own is slow, and every place is looked up by it


Place = tuple[Space, int]  # where a number lives: the space, and its row there


@dataclass(slots=True)
class Rows:
    """Some rows of one space, in order. (Like the blocks it never changes; to be frozen would make it slow to make.)"""

    space: Space
    numbers: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.numbers)

    def __hash__(self) -> int:
        return hash(self.numbers)

    @property
    def places(self) -> list[Place]:
        """The place of each row."""
        return [(self.space, row) for row in self.numbers]

    def picked(self, places: Iterable[int], each: int = 1) -> Rows:
        """The rows at some places, counted in stretches of so many."""
        numbers = self.numbers
        if each == 1:
            return Rows(self.space, tuple([numbers[place] for place in places]))
        return Rows(self.space, tuple([x for place in places for x in numbers[place * each : (place + 1) * each]]))

    def turned(self, count: int) -> Rows:
        """A table that stands in lines of so many, with its columns for lines."""
        return Rows(self.space, tuple(across(self.numbers, count)))


@dataclass(slots=True, unsafe_hash=True)
class Affine:
    """Σ weight·input + Σ bare, one for each row of `out`.

    A dense block has the same inputs in all rows: `weights` are p×n shared rows, flattened, `inputs` n rows. A ragged
    block (`dense` False) has p×n of both. Each of `bare` has p rows that are added.

    A dense block may be at g `positions`, as a convolution is: k×n weights, and for each of the n terms its input at
    every position, n×g rows. `out` has the k kernels one after the other, each at every position, k×g rows, and so has
    each of `bare`, or k rows where a kernel adds the same everywhere.

    A weight that is missing from a dense block is the shared row `absent`, where there is one: there is no such term,
    as 0 times what is not finite would be none, and nothing is sent there.
    """

    out: Rows
    weights: Rows
    inputs: Rows
    bare: tuple[Rows, ...]
    dense: bool
    positions: int = 1
    absent: int | None = None

    @property
    def kernels(self) -> int:
        """How many rows of weights there are."""
        return len(self.out.numbers) // self.positions

    @property
    def terms(self) -> int:
        """How many weights each of them has."""
        return len(self.weights.numbers) // self.kernels

    @property
    def alike(self) -> int:
        """How many sums, one after the other, have the same inputs all over a ragged block; 1 where they do not."""
        numbers, n = self.inputs.numbers, self.terms
        if numbers[:n] != numbers[n : 2 * n]:
            return 1
        lines = in_lines(numbers, n)
        count = next((i for i, line in enumerate(lines) if line != lines[0]), len(lines))
        return count if lines == [line for line in lines[::count] for _ in range(count)] else 1

    @property
    def read(self) -> Rows:
        """The inputs, those that all of a ragged block are `alike` in once."""
        count = 1 if self.dense else self.alike
        if count == 1:
            return self.inputs
        return self.inputs.picked(range(0, self.kernels, count), self.terms)

    def there(self, by_term: bool = False) -> list[list[int]]:
        """For each row of weights the terms that are there, or for each term the rows; nothing where all are."""
        if self.absent is None:
            return []
        numbers, n = self.weights.numbers, self.terms
        lines = in_columns(numbers, n) if by_term else in_lines(numbers, n)
        return [[k for k, x in enumerate(line) if x != self.absent] for line in lines]

    def spread(self, rows: Rows) -> Rows:
        """What is added, a row for each of `out`."""
        return Rows(rows.space, each_of(rows.numbers, len(self.out) // len(rows)))


@dataclass(slots=True, unsafe_hash=True)
class Total:
    """The sum of n terms for each row of `out`: `terms` are p×n rows, flattened."""

    out: Rows
    terms: Rows

    @property
    def each(self) -> int:
        """How many terms each sum has."""
        return len(self.terms) // len(self.out)

    @property
    def lines(self) -> list[tuple[int, ...]]:
        """The rows of the terms of each sum."""
        return in_lines(self.terms.numbers, self.each)


@dataclass(slots=True, unsafe_hash=True)
class Inner:
    """Σ left·right for every row and every column of two tables that are both computed, as attention has them.

    There may be g `tables`, as there are heads; all that is said is for each, one after the other. `left` has for each
    of n `terms` its number in every row, n×r rows of the space, and `right` that in every column, n×c. `out` has for
    each column its number in every row, c×r. Where the left table has the row `nothing` there is no such term: 0 times
    what is not finite would be none. `unread` are rows of `out` that stand for no number: their gradient is 0.
    """

    out: Rows
    left: Rows
    right: Rows
    tables: int
    terms: int
    nothing: int | None = None
    unread: frozenset[int] = frozenset()

    @property
    def rows(self) -> int:
        """How many rows the left table has, and the result."""
        return len(self.left.numbers) // (self.tables * self.terms)

    @property
    def columns(self) -> int:
        """How many columns the right table has, and the result."""
        return len(self.right.numbers) // (self.tables * self.terms)

    def there(self) -> list[tuple[int, int, list[int]]]:
        """For each table and row the terms that are there; nothing where all are."""
        if self.nothing is None:
            return []
        return [
            (g, r, [k for k, x in enumerate(row) if x != self.nothing])
            for g, table in enumerate(self.apart(self.left.numbers))
            for r, row in enumerate(in_columns(table, self.rows))
        ]

    def read_in(self, by_column: bool = False) -> list[tuple[int, int, list[int]]]:
        """For each table and row the columns that are read, or for each column the rows; nothing where all are."""
        if not self.unread:
            return []
        lines = [
            (g, i, line)
            for g, table in enumerate(self.apart(self.out.numbers))
            for i, line in enumerate(in_lines(table, self.rows) if by_column else in_columns(table, self.rows))
        ]
        return [(g, i, [k for k, x in enumerate(line) if x not in self.unread]) for g, i, line in lines]

    def apart(self, numbers: Line) -> list[Line]:
        """What all tables have, one after the other, for each of them."""
        return in_lines(numbers, len(numbers) // self.tables)

    @property
    def is_sparse(self) -> bool:
        """Whether less than half of the result is read."""
        return 2 * len(self.unread) > len(self.out)

    def shaped(self) -> tuple[tuple[Rows, tuple[int, int, int]], ...]:
        """The result and both tables with their shapes."""
        g, n, r, c = self.tables, self.terms, self.rows, self.columns
        return (self.out, (g, c, r)), (self.left, (g, n, r)), (self.right, (g, n, c))


@dataclass(slots=True, unsafe_hash=True)
class Elementwise:
    """One row of the table on many inputs at once: `inputs` has, for each input of the operation, p rows."""

    out: Rows
    op: Op
    inputs: tuple[Rows, ...]

    @property
    def lines(self) -> list[tuple[int, ...]]:
        """The rows of the inputs of each result."""
        return list(zip(*[rows.numbers for rows in self.inputs], strict=True))

    @property
    def together(self) -> Rows | None:
        """All inputs, one after the other, where an operation has any number of them, in one space; else None."""
        spaces = {rows.space for rows in self.inputs}
        if self.op.arity is not None or len(spaces) > 1:
            return None
        return Rows(spaces.pop(), tuple([row for rows in self.inputs for row in rows.numbers]))


Block = Affine | Total | Inner | Elementwise

Wanted = dict[Space, set[int]]  # the rows of each space whose gradients are needed; empty where none is asked for


@dataclass
class Plan:
    """A tape as blocks in the order in which they run, and where every number of the tape lives.

    `places` are by number; what a sum has taken in has none, and what was made for a sum (the weight −w
    of a term − w·x) has a number after those of the tape. `sizes` are how many rows each space has; `parameters` the
    order in which the parameters have their rows, by their place in the tape. `zeros` is in each space a row that no
    block writes, where there is one: it is 0. One that varies stands for what lies outside of a padded image, and one
    that is shared for the weights that are missing from layers.
    """

    tape: Tape
    blocks: list[Block] = field(default_factory=list)
    parameters: list[int] = field(default_factory=list)
    places: dict[int, Place] = field(default_factory=dict)
    sizes: dict[Space, int] = field(default_factory=lambda: {Space.SHARED: 0, Space.VARYING: 0})
    zeros: dict[Space, int] = field(default_factory=dict)

    def rows(self, numbers: Iterable[int]) -> Rows:
        """The rows of some numbers of one space."""
        found = [self.places[number] for number in numbers]
        return Rows(found[0][0], tuple([row for _, row in found]))

    @cached_property
    def constants(self) -> dict[int, float]:
        """The constants by their shared rows, which come after those of the parameters."""
        return dict(enumerate(self.tape.constants, self.tape.parameters))

    def are_parameters(self, rows: Rows) -> bool:
        """Whether all of some rows are parameters."""
        return rows.space is Space.SHARED and max(rows.numbers) < self.tape.parameters

    @property
    def output(self) -> Rows:
        """The row of the first output, from whose gradient the way back starts."""
        return self.rows(self.tape.outputs[:1])

    def wanted(self, start: int, end: int) -> Wanted:
        """Where gradients are needed for those of the numbers from start to end: in all that depends on them."""
        first = [self.places[number] for number in range(start, end)]
        found: Wanted = {own: {row for space, row in first if space is own} for own in Space} if first else {}
        for block in self.blocks if found else ():
            for rows in inputs_of(block):
                if not found[rows.space].isdisjoint(rows.numbers):
                    found[block.out.space].update(block.out.numbers)
                    break
        return found


def inputs_of(block: Block) -> tuple[Rows, ...]:
    """Everything that a block reads."""
    if isinstance(block, Affine):
        return (block.weights, block.inputs, *block.bare)
    if isinstance(block, Inner):
        return block.left, block.right
    return (block.terms,) if isinstance(block, Total) else block.inputs


def is_run(rows: Rows) -> bool:
    """Whether the rows follow each other."""
    numbers = rows.numbers
    first, count = numbers[0], len(numbers)
    return count == 1 or (numbers[-1] == first + count - 1 and numbers == tuple(range(first, first + count)))


def as_slice(rows: Rows) -> slice:
    """Rows that follow each other as a slice."""
    return slice(rows.numbers[0], rows.numbers[-1] + 1)
