"""Sums of several lengths as one: the first two terms of all of them, then the third of those that have it …

A block has sums of one length. Where they are short, as those over the neighbours in a graph are, and stand on one
level, the calls for each length take longer than to add.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from micrograd_es.ops import ADD
from micrograd_es.program.arrays import Array
from micrograd_es.program.blocks import Block, Elementwise, Rows, Space, Total, is_run
from micrograd_es.program.in_numpy.exchange import INNER, Exchange
from micrograd_es.program.in_numpy.steps import Step, taken
from micrograd_es.program.in_numpy.turns import added, is_brief

LONG = 8  # terms; longer sums are one call for many of them
SEVERAL = 2  # lengths from three terms on


@dataclass(slots=True)
class Totals:
    """Sums with their terms, one row of `out` after the other."""

    out: Rows
    terms: list[tuple[int, ...]]


def together(blocks: Sequence[Block]) -> Sequence[Block | Totals]:
    """The blocks, with sums of several lengths that follow each other as one."""
    places = [i for i, block in enumerate(blocks) if type(block) is Total]
    if len(places) < SEVERAL:
        return blocks
    found: list[Block | Totals] = []
    end = 0
    for place in places:
        if place < end or not _is_short(blocks[place]):
            continue
        first, last = place, place + 1
        if first > end and _is_short(blocks[first - 1]):
            first -= 1
        read = set[int]()
        written = set[int]()
        for last in range(first, len(blocks) + 1):
            if last == len(blocks) or not _is_short(blocks[last]):
                break
            read.update(chain.from_iterable(_lines(blocks[last])))
            written.update(blocks[last].out.numbers)
            if not read.isdisjoint(written):
                break
        some = blocks[first:last]
        if sum([type(block) is Total for block in some]) >= SEVERAL:
            numbers = tuple(chain.from_iterable([block.out.numbers for block in some]))
            terms = [line for block in some for line in _lines(block)]
            found += [*blocks[end:first], Totals(Rows(Space.VARYING, numbers), terms)]
            end = last
    return [*found, *blocks[end:]]


def _is_short(block: Block) -> bool:
    """Whether a block has several sums of few terms that vary, and are not where they are read from."""
    count = len(block.out)
    if count == 1 or block.out.space is Space.SHARED:
        return False
    if isinstance(block, Total):
        return block.terms.space is Space.VARYING and len(block.terms) <= LONG * count and not is_run(block.terms)
    if not isinstance(block, Elementwise) or block.op is not ADD or len(block.inputs) != 2:
        return False
    return all(rows.space is Space.VARYING and not is_run(rows) for rows in block.inputs)


def _lines(block: Block) -> list[tuple[int, ...]]:
    """The terms of each sum of a short block."""
    assert isinstance(block, Elementwise | Total)
    return block.lines


def forward(exchange: Exchange, totals: Totals, out: Array) -> list[Step]:
    """The steps that compute the sums."""
    matrix, columns, terms = exchange.values[totals.out.space], out.shape[1], totals.terms
    first, second = (exchange.room(INNER - i, (len(out), columns)) for i in range(2))
    steps = [taken(matrix, np.array([line[i] for line in terms]), room) for i, room in enumerate((first, second))]
    steps.append((np.add, (first, second, out)))
    for turn in range(2, max(map(len, terms))):
        for start, end in _stretches([len(line) > turn for line in terms]):
            room, to = exchange.room(INNER, (end - start, columns)), out[start:end]
            where = np.array([line[turn] for line in terms[start:end]])
            steps += [taken(matrix, where, room), (np.add, (to, room, to))]
    return steps


def backward(exchange: Exchange, totals: Totals, upstream: Array) -> list[Step]:
    """The steps that send the gradient of each sum to all of its terms."""
    space, terms = totals.out.space, totals.terms
    rows = Rows(space, tuple(chain.from_iterable(terms)))
    if not exchange.is_wanted(rows):
        return []
    matrix = exchange.gradients[space]
    fresh = exchange.is_fresh(rows, not is_brief(matrix))
    parts = np.repeat(np.arange(len(terms)), [len(line) for line in terms])
    return added(matrix, rows.numbers, exchange.wanted[space], upstream, fresh, parts)


def _stretches(there: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """From where to where something is.

    >>> list(_stretches([True, True, False, True]))
    [(0, 2), (3, 4)]
    """
    edges = [i for i, (one, other) in enumerate(zip([False, *there], [*there, False], strict=True)) if one is not other]
    yield from zip(edges[::2], edges[1::2], strict=True)
