"""Softmaxes of the rows of a table, put together again however they are masked: P = softmax(S/√d + M).

A function that goes through what each position may see has sums of different lengths, and a position that sees one
alone has none. Where they are the rows of one table of scores, of which the rest would be −∞, they become one block
`Softmaxes` before the lines are written; so do scores to which a number is added that makes them next to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isclose
from typing import Any

import numpy as np

from micrograd_es.ops import MUL
from micrograd_es.program.arrays import Array
from micrograd_es.program.blocks import Affine, Block, Elementwise, Inner, Place, Plan, Rows, Space, Total, inputs_of
from micrograd_es.program.explaining.shares import Cell, Number, Shares
from micrograd_es.program.explaining.tables import tables_apart
from micrograd_es.program.lists import in_columns

APART = -1  # the place of scores that are in no table


@dataclass(slots=True)
class Softmaxes:
    """softmax(scale·scores + mask) of every row: `out` and `scores` have for each column its number in every row.

    Of `out` there may be rows that no block of the plan has, after all others: those that a mask makes 0. The scale is
    1/`divisor`, where it was written as a quotient. To the mask is added, by row and column, a `factor` times a row of
    the `bias`, which all examples share.
    """

    out: Rows
    scores: Rows
    scale: float
    divisor: float | None
    mask: Array
    bias: Mapping[tuple[int, int], int]
    factor: float


def attended(plan: Plan) -> list[Block | Softmaxes]:
    """The blocks of a plan, each table of a product by itself, with softmaxes that a mask leaves as one block each."""
    blocks = tables_apart(plan)
    places = [i for i, block in enumerate(blocks) if isinstance(block, Inner) and block.out.space is Space.VARYING]
    if not places:
        return [*blocks]
    search = _Search(plan, blocks, places)
    for place in places:
        search.take(place)
    found = search.blocks()
    return found if _are_in_order(plan, found) else [*blocks]


def _are_in_order(plan: Plan, blocks: Sequence[Block | Softmaxes]) -> bool:
    """Whether all that blocks read has been computed: a position may wait for what another one has seen."""
    known = {*range(plan.tape.inputs), plan.zeros.get(Space.VARYING)}
    for block in blocks:
        for rows in (block.scores,) if isinstance(block, Softmaxes) else inputs_of(block):
            if rows.space is Space.VARYING and not known.issuperset(rows.numbers):
                return False
        if block.out.space is Space.VARYING:
            known.update(block.out.numbers)
    return True


class _Search:
    """The blocks of a plan, what is found among them, and which rows it takes the place of.

    `gone` are rows, `left_out` the places of blocks, `after` what is put after the block of a place.
    """

    def __init__(self, plan: Plan, blocks: Sequence[Any], places: Sequence[int]) -> None:
        self.nothing, self.old, self.shares = plan.zeros.get(Space.VARYING), list(blocks), Shares(plan, blocks)
        self.end = plan.sizes[Space.VARYING]  # from here on rows are made
        self.outputs = {row for space, row in map(plan.places.__getitem__, plan.tape.outputs) if space is Space.VARYING}
        self.made_by = {place: i for i, block in enumerate(blocks) for place in block.out.places}
        self.gone: set[int] = set()
        self.left_out: set[int] = set()
        self.after: dict[int, list[Block | Softmaxes]] = {}
        for place in places:
            self._note_scores(place)

    def _note_scores(self, place: int) -> None:
        """Note where the results of a product of tables are."""
        block = self.old[place]
        for i, row in enumerate(block.out.numbers):
            self.shares.cells[row] = place, i % block.rows, i // block.rows

    def take(self, place: int) -> None:
        """Put the softmax together again whose shares are one of the tables of a product, if there is one."""
        block = self.old[place]
        if not self._take(place, block.left, block.right, block.out):
            self._take(place, block.right, block.left, block.out.turned(block.rows))

    def _take(self, place: int, shares: Rows, others: Rows, out: Rows) -> bool:
        """The same for a table of shares, for each term those of every row; whether it is one.

        `others` has for each term its number in every column, `out` for each column that in every row.
        """
        terms = self.old[place].terms
        rows, columns = len(shares) // terms, len(others) // terms
        cells = self._cells(shares, rows)
        if not cells:
            return False
        results = in_columns(out.numbers, rows)
        for term, cell, products in self._alone(cells[min(cells)], others, columns):
            cells[len(results), term] = cell
            results.append(products)
        hidden = {key: (cell, number) for key, cell in cells.items() if (number := self.shares.number(cell.score.base))}
        seen = {key: cell for key, cell in cells.items() if key not in hidden}
        if not seen:
            return False
        table = _Table(seen, self._shape(seen[min(seen)], rows, terms), hidden)
        way, own = {x for cell in cells.values() for x in cell.way}, {cell.share for cell in cells.values()}
        way |= {cell.score.base for cell, _ in hidden.values()}
        if not table.is_whole(len(results), terms) or not self._are_free(way, own):
            return False
        softmax, ordered = self._put_softmax(table), others.picked(table.order, columns)
        made = Rows(out.space, tuple([results[r][j] for j in range(columns) for r in table.lines]))
        self._put(Inner(made, softmax, ordered, 1, terms), [*softmax.places, *ordered.places])
        self.gone.update(way, own, [x for products in results[rows:] for x in products])
        self.left_out.add(place)
        return True

    def _cells(self, shares: Rows, rows: int) -> dict[tuple[int, int], Cell]:
        """The shares in a table by row and term, without what a mask makes 0; none where anything else is in it.

        Where no score is in a table, the scores are one as the shares are.
        """
        cells: dict[tuple[int, int], Cell] = {}
        for i, row in enumerate(shares.numbers):
            if row != self.nothing:
                cell = self.shares.cell(row)
                if not cell:
                    return {}
                cells[i % rows, i // rows] = cell
        if any(cell.place for cell in cells.values()):
            return cells
        return {(r, k): cell._replace(place=(APART, r, k)) for (r, k), cell in cells.items()}

    def _shape(self, cell: Cell, rows: int, terms: int) -> tuple[int, int]:
        """How many rows and columns the table has in which a score is."""
        place = cell.place[0] if cell.place else APART
        return (rows, terms) if place == APART else (self.old[place].rows, self.old[place].columns)

    def _put_softmax(self, table: _Table) -> Rows:
        """Put a softmax after its scores, which are turned as it is; the rows of the shares."""
        cells = [table.cell(r, k) for k in table.order for r in table.lines]
        scores = Rows(Space.VARYING, tuple([cell.score.base for cell in cells if cell]))
        if table.place != APART:
            block = self.old[table.place]
            scores = block.out
            if table.is_turned:
                scores = scores.turned(block.rows)
                self.old[table.place] = Inner(scores, block.right, block.left, 1, block.terms)
                self._note_scores(table.place)
        hidden = iter(range(self.end, self.end + len(cells)))
        self.end += len(cells)
        out = Rows(Space.VARYING, tuple([cell.share if cell else next(hidden) for cell in cells]))
        first = next(iter(table.cells.values())).score
        block = Softmaxes(out, scores, first.scale, first.divisor, table.mask, table.bias, table.factor)
        self._put(block, [*scores.places, *[(Space.SHARED, row) for row in table.bias.values()]])
        return out

    def _put(self, block: Inner | Softmaxes, read: Sequence[Place]) -> None:
        """Put a block where all that it reads has been computed: others may use a part of it from there on."""
        after = max([self.made_by.get(place, 0) for place in read])
        self.after.setdefault(after, []).append(block)
        self.made_by.update(dict.fromkeys(block.out.places, after))

    def _alone(self, known: Cell, others: Rows, columns: int) -> list[tuple[int, Cell, tuple[int, ...]]]:
        """What sees one other alone: the products of its share with each number of a row of the other table.

        For each the term, the share, whose score is in the same table as a known one, and the products.
        """
        found: dict[tuple[int, int], dict[int, int]] = {}
        for i, row in enumerate(others.numbers):
            for user in self.shares.users.get(row, ()):
                op, inputs = self.shares.made_of(user)
                beside = [x for space, x in inputs if space is Space.VARYING and x != row]
                if op is MUL and len(inputs) == 2 and len(beside) == 1:
                    found.setdefault((i // columns, beside[0]), {})[i % columns] = user
        made = []
        for (term, row), products in found.items():
            cell = self.shares.cell(row)
            if cell and cell.place and known.place and cell.place[0] == known.place[0] and len(products) == columns:
                made.append((term, cell, tuple([products[j] for j in range(columns)])))
        return made

    def _are_free(self, way: set[int], own: set[int]) -> bool:
        """Whether nothing but a softmax uses what is on the way to its shares, and no other one has taken it."""
        if not way.isdisjoint(self.outputs) or not self.gone.isdisjoint(way | own):
            return False
        return all(self.shares.users.get(x, set()) <= way | own for x in way)

    # What becomes of the blocks

    def blocks(self) -> list[Block | Softmaxes]:
        """All blocks, without the rows that have become part of others."""
        made: list[Block | Softmaxes] = []
        for i, block in enumerate(self.old):
            kept = [j for j, row in enumerate(block.out.numbers) if row not in self.gone]
            if i in self.left_out:
                kept = []
            elif isinstance(block, Inner) or not _varies(block) or len(kept) == len(block.out):
                made.append(block)
            elif kept:
                made.append(_some(block, kept))
            made += self.after.get(i, ())
        return made


def _varies(block: Block) -> bool:
    return block.out.space is Space.VARYING


class _Table:
    """Shares by their rows and terms, as a table of which the scores are one, perhaps turned.

    Those of `hidden` scores are of a number that stands in place of one.

    `place` is that of the scores among the blocks, `mask` what is added to them, −∞ where there is no share, with a
    `factor` times the `bias`; `lines` and `order` are the rows and terms of the shares in the order of the scores' rows
    and columns.
    """

    def __init__(
        self,
        cells: Mapping[tuple[int, int], Cell],
        shape: tuple[int, int],
        hidden: Mapping[tuple[int, int], tuple[Cell, float]],
    ) -> None:
        self.cells, self.hidden = cells, hidden
        places = {key: cell.place for key, cell in cells.items() if cell.place}
        self.place = next(iter(places.values()), (APART, 0, 0))[0]
        first: dict[int, int] = {}
        self.is_turned = any(first.setdefault(r, row) != row for (r, _), (_, row, _) in places.items())
        self.mask = np.full(shape[::-1] if self.is_turned else shape, -inf)
        self.rows: dict[int, set[int]] = {}
        self.columns: dict[int, set[int]] = {}
        self.bias: dict[tuple[int, int], int] = {}
        self.factor = 1.0
        if self._are_alike():
            self._fill(places)

    def _fill(self, places: Mapping[tuple[int, int], tuple[int, int, int]]) -> None:
        """Note what is added to the scores, by their places, and which of their rows and columns the shares have."""
        for (r, k), (_, *place) in places.items():
            row, column = place[::-1] if self.is_turned else place
            self.rows.setdefault(r, set()).add(row)
            self.columns.setdefault(k, set()).add(column)
            score = self.cells[r, k].score
            self.mask[row, column] = score.added
            if score.bias:
                self.factor, self.bias[row, column] = score.bias
        for (r, k), (_, number) in self.hidden.items():
            for row in self.rows.get(r, ()):
                for column in self.columns.get(k, ()):
                    self.mask[row, column] = number

    def cell(self, r: int, k: int) -> Cell | None:
        """The share in a row, of a term; None where there is none."""
        return self.hidden[r, k][0] if (r, k) in self.hidden else self.cells.get((r, k))

    def _are_alike(self) -> bool:
        """Whether all of them are shares of scores of one table, all scaled alike, and so what is added to them."""
        scale = next(iter(self.cells.values())).score.scale
        factors = {cell.score.bias[0] for cell in self.cells.values() if cell.score.bias}
        return len(factors) < 2 and all(
            cell.place and cell.place[0] == self.place and isclose(cell.score.scale, scale, rel_tol=1e-12)
            for cell in self.cells.values()
        )

    def is_whole(self, rows: int, terms: int) -> bool:
        """Whether each row of shares is the softmax of a row of scores, and each term a column of these."""
        seen: dict[int, set[Number]] = {}
        every = [*self.cells.items(), *[(key, cell) for key, (cell, _) in self.hidden.items()]]
        for (r, _), cell in every:
            seen.setdefault(r, set()).add(cell.score.number)
        return (
            (self.place != APART or len(self.cells) == rows * terms)
            and self.mask.shape == (rows, terms) == (len(self.rows), len(self.columns))
            and sorted(map(list, self.rows.values())) == [[row] for row in range(rows)]
            and sorted(map(list, self.columns.values())) == [[column] for column in range(terms)]
            and all(cell.among == seen[r] for (r, _), cell in every)
        )

    @property
    def lines(self) -> list[int]:
        """The rows of the shares, in the order of those of the scores."""
        return sorted(self.rows, key=lambda r: min(self.rows[r]))

    @property
    def order(self) -> list[int]:
        """The terms of the shares, in the order of the columns of the scores."""
        return sorted(self.columns, key=lambda k: min(self.columns[k]))


def _some(block: Affine | Elementwise | Total, kept: Sequence[int]) -> Block:
    """Some of the results of a block; a product has one term."""
    out = block.out.picked(kept)
    if isinstance(block, Elementwise):
        return Elementwise(out, block.op, tuple([rows.picked(kept) for rows in block.inputs]))
    if isinstance(block, Total):
        return Total(out, block.terms.picked(kept, block.each))
    weights = block.weights.picked([i // block.positions for i in kept])
    inputs = block.inputs.picked([i % block.positions if block.dense else i for i in kept])
    return Affine(out, weights, inputs, tuple([block.spread(rows).picked(kept) for rows in block.bare]), False)
