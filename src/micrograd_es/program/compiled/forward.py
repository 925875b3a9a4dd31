"""The instructions that compute a plan's values: before the tiles what all examples share, then those of every tile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain

from micrograd_es.ops import ADD, SAME, Op
from micrograd_es.program.blocks import Affine, Elementwise, Inner, Plan, Rows, Space, Total, is_run
from micrograd_es.program.compiled import products, rows, single, tables, tiles
from micrograd_es.program.compiled.book import Book
from micrograd_es.program.compiled.places import (
    VARYING,
    One,
    Places,
    Spread,
    begins,
    by_group,
    in_tables,
    is_stretch,
    per_group,
    shape,
)
from micrograd_es.program.lists import in_lines

Tables = Sequence[Sequence[int]]  # the places of tables, those of each line by line
Line = tuple[list[int], list[int], list[int]]  # see `Forward.by_line`


class Forward:
    """The instructions `before` the tiles, and those of every tile (`tiles`).

    `known` has for each block that is an operation where it finds its rows, None for the others; `weights` the places
    where the weights of products stand together. In a batch of one example `lines` has, by the rows that a product
    writes, where the inputs of each of its groups stand together. `reserve` gives the place of as many new numbers.
    """

    def __init__(self, plan: Plan, places: Places, book: Book, reserve: Callable[[int], int]) -> None:
        self.places, self.book, self.reserve = places, book, reserve
        self.before: list[int] = []
        self.tiles: list[int] = []
        self.weights: dict[Rows, int] = {}
        self.lines: dict[Rows, Sequence[int]] = {}
        self.zero = reserve(1)  # the place of a number that stays 0
        self.known: list[Spread | One | None] = []
        gathered: list[int] = []
        for block in plan.blocks:
            steps = self.before if block.out.space is Space.SHARED else self.tiles
            known: Spread | One | None = None
            if isinstance(block, Elementwise):
                if len(block.out.numbers) == 1:
                    known = modes, found = places.one(block.out, block.inputs)
                    kernel = book.number(rows.forward, block.op, modes, places.is_ragged(block.out.space))
                    steps += (kernel, 4 + len(found), 1, places.length_of(block.out.space), *found)
                else:
                    known = places.spread(block.out, block.inputs)
                    steps += self.operation(block.op, known)
            elif isinstance(block, Affine):
                gathered += self._gather(block.weights)
                steps += self._affine(block)
            elif isinstance(block, Inner):
                steps += self._inner(block)
            else:
                steps += self._total(block)
            self.known.append(known)
        self.before += gathered

    def operation(self, op: Op, spread: Spread) -> list[int]:
        """A row of the table on many rows."""
        kernel, (count, length) = self.book.number(rows.forward, op, spread.modes, spread.ragged), spread.row
        return filled(kernel, (count, length), spread.columns)

    def _elementwise(self, op: Op, out: Rows, inputs: Sequence[Rows]) -> list[int]:
        return self.operation(op, self.places.spread(out, inputs))

    def _gather(self, weights: Rows) -> list[int]:
        """Copies weights together that are apart."""
        if weights in self.weights:
            return []
        origin = self.places.values(weights)
        if is_run(weights):
            self.weights[weights] = origin[0]
            return []
        place = self.weights[weights] = self.reserve(len(weights))
        return self.book.step(tiles.gather, place, len(weights), *origin)

    def _affine(self, block: Affine) -> list[int]:
        """Sums of products, with what is added: before them, or where they begin."""
        if block.absent is not None:
            return self._with_gaps(block)
        steps, alone = list[int](), begins(block)
        for i, bare in enumerate(() if alone else map(block.spread, block.bare)):
            steps += self._elementwise(*((ADD, block.out, (block.out, bare)) if i else (SAME, block.out, (bare,))))
        return steps + self._products(block, targets(*self._begun(block), alone or not block.bare))

    def _begun(self, block: Affine) -> tuple[Sequence[int], Sequence[int]]:
        """The places of the rows that a block writes, and of the numbers that they start from."""
        out = by_group(block, self.places.values(block.out))
        if begins(block):
            return out, by_group(block, self.places.values(block.spread(block.bare[0])))
        return out, [self.zero] * len(out)

    def _products(self, block: Affine, out: list[int]) -> list[int]:
        """The products of a block, to targets and with what they start from."""
        places, steps = self.places, list[int]()
        groups, rows_each, terms = shape(block)
        weights = self.weights[block.weights], per_group(block)
        if places.is_single:
            steps += self._side_by_side(block)
            found = self.lines[block.out]
            return [*steps, *self.book.step(single.product, groups, rows_each, terms, *weights, *out, *found)]
        sizes = (groups, rows_each, terms, places.tile, *weights, terms, 1)
        return [*steps, *self.book.step(products.product, *sizes, *out, *by_group(block, places.values(block.inputs)))]

    def _with_gaps(self, block: Affine) -> list[int]:
        """A layer of which weights are missing: the products, again where they have to be, then what is added."""
        out, starts = self._begun(block)
        steps = self._products(block, targets(out, starts, True))
        first, read = self.weights[block.weights], by_group(block, self.places.values(block.inputs))
        lines = [(first + i * block.terms, 1, there) for i, there in enumerate(block.there())]
        steps += self.again(list(zip(out, starts, strict=True)), lines, read)
        for bare in () if begins(block) else block.bare:
            steps += self._elementwise(ADD, block.out, (block.out, bare))
        return steps

    def again(
        self, rows: Sequence[tuple[int, int]], lines: Sequence[tuple[int, int, list[int]]], read: Sequence[int]
    ) -> list[int]:
        """Products again that are not finite, of the terms that are there, position after position.

        For each row where it is and the place of what it starts from; for each line of weights the place of the first,
        how far each is from the next, and its terms; the places of all rows that are read.
        """
        alike: dict[int, list[int]] = {}
        each = len(read) * len(lines) // len(rows)  # that are read at a position
        for i, row in enumerate(rows):
            position, line = divmod(i, len(lines))
            first, step, terms = lines[line]
            pairs = [number for k in terms for number in (first + k * step, read[position * each + k])]
            if len(terms) < each:
                alike.setdefault(len(terms), []).extend([*row, *pairs])
        found = [
            self.book.step(products.again, len(table) // (2 + 2 * terms), terms, self.places.tile, *table)
            for terms, table in alike.items()
        ]
        return list(chain.from_iterable(found))

    def _side_by_side(self, block: Affine) -> list[int]:
        """Copies the inputs of a product to where those of each group stand together, if they do not."""
        numbers, steps = by_group(block, self.places.values(block.inputs)), []
        if not is_run(Rows(VARYING, tuple(numbers))):
            place = self.reserve(len(numbers))
            steps = self.book.step(tiles.gather, place, len(numbers), *numbers)
            numbers = range(place, place + len(numbers))
        self.lines[block.out] = numbers[:: block.terms]
        return steps

    def _inner(self, block: Inner) -> list[int]:
        """Products of two tables, row by row where something is missing in them."""
        (out, of_out), *both = block.shaped()
        written = in_tables([2 * place + 1 for place in self.places.values(out)], of_out)
        left, right = [in_tables(self.places.values(table), of) for table, of in both]
        if block.nothing is not None or block.is_sparse:
            return self.by_line(out.space, self._row_by_row(block, written, left, right))
        return self.inner(out.space, block.terms, written, left, right)

    def _row_by_row(self, block: Inner, written: Tables, left: Tables, right: Tables) -> Iterable[Line]:
        """The rows of tables: those of their terms that are there, for the columns in which they are read."""
        every = [(g, row) for g in range(block.tables) for row in range(block.rows)]
        there = {(g, row): terms for g, row, terms in block.there()}
        read = {(g, row): columns for g, row, columns in block.read_in()}
        for g, row in every:
            terms = there.get((g, row), range(block.terms))
            columns = read.get((g, row), range(block.columns))
            yield (
                [written[g][c * block.rows + row] for c in columns],
                [left[g][k * block.rows + row] for k in terms],
                [right[g][k * block.columns + c] for k in terms for c in columns],
            )

    def by_line(self, space: Space, lines: Iterable[Line]) -> list[int]:
        """Products of a row and a table: the targets, and the places of the row and the table; those alike at once."""
        alike: dict[tuple[int, int], list[Line]] = {}
        for line in lines:
            alike.setdefault((len(line[0]), len(line[1])), []).append(line)
        found = [self.inner(space, terms, *zip(*some, strict=True)) for (_, terms), some in alike.items()]
        return list(chain.from_iterable(found))

    def inner(self, space: Space, terms: int, written: Tables, left: Tables, right: Tables) -> list[int]:
        """The products of tables, of so many terms: the targets, and of each term the places in a row and a column."""
        table = [number for parts in zip(written, left, right, strict=True) for part in parts for number in part]
        counts = [len(written), len(right[0]) // terms, len(left[0]) // terms, terms, self.places.length_of(space)]
        kernel = self.book.number(tables.inner, self.places.is_ragged(space))
        return [kernel, 2 + len(counts) + len(table), *counts, *table]

    def _total(self, block: Total) -> list[int]:
        """Sums of many rows; that of numbers that stand together goes along them."""
        out, terms = self.places.values(block.out), self.places.values(block.terms)
        if is_stretch(block):
            return self.book.step(tiles.stretch, out[0], terms[0], len(terms))
        lines = zip(out, in_lines(terms, block.each), strict=True)
        table = [number for place, line in lines for number in (place, *line)]
        return self.book.step(tiles.total, len(out), self.places.length_of(block.out.space), block.each, *table)


def filled(kernel: int, sizes: tuple[int, int], columns: Sequence[Sequence[int]]) -> list[int]:
    """An instruction with a table that has those columns, of the first of them where there is one long row."""
    table = [c[0] for c in columns] if sizes[0] == 1 else list(chain.from_iterable(zip(*columns, strict=True)))
    return [kernel, 4 + len(table), *sizes, *table]


def targets(places: Sequence[int], starts: Sequence[int], first: bool) -> list[int]:
    """Rows that a product writes, all for the first time or none, with the numbers that they start from."""
    return [number for place, start in zip(places, starts, strict=True) for number in (2 * place + first, start)]
