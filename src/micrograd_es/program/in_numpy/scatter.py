"""The steps that add what many positions send back to the inputs that they have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from micrograd_es.program.arrays import Array
from micrograd_es.program.blocks import Rows, as_slice, is_run
from micrograd_es.program.in_numpy.exchange import CONTRIBUTIONS, SORTED, Exchange, Write
from micrograd_es.program.in_numpy.steps import Step, add_each, add_sorted, add_stretches, add_taken, taken

BRIEF = 8  # examples up to which contributions to the same row are added by one call


def sent_back(exchange: Exchange, rows: Rows, terms: int, write: Write) -> list[Step]:
    """The steps that add to the gradients of rows, of each term one at every position, what is sent there.

    `write` gives those that put it into a room, with a row for each.
    """
    if not exchange.is_wanted(rows):
        return []
    matrix = exchange.gradients[rows.space]
    to, shape = exchange.at(rows, False), (len(rows), matrix.shape[1])
    if type(to[1]) is slice or len(set(rows.numbers)) == len(rows) or terms == len(rows):
        return exchange.sent(*to, shape, write)
    plan = _Scatter(rows, exchange.wanted[rows.space])
    by_term = exchange.is_large and plan.are_apart(terms)
    is_set = not by_term and is_run(plan.rows)
    fresh = exchange.is_fresh(plan.rows, is_set) and is_set
    room = exchange.room(CONTRIBUTIONS, shape)
    if by_term:
        return [*write(room), (add_stretches, (matrix, list(plan.terms(room, terms))))]
    return [*write(room), *_sorted(exchange, room, matrix, plan, fresh)]


def _sorted(exchange: Exchange, found: Array, matrix: Array, plan: _Scatter, fresh: bool) -> list[Step]:
    """The steps that add contributions to their rows, or write them there for the first time."""
    where, columns = np.array(plan.rows.numbers), matrix.shape[1]
    if columns <= BRIEF and not fresh:
        return [(add_sorted, (matrix, where, found, plan.sorted, plan.starts))]
    room = exchange.room(SORTED, (len(plan.order), columns))
    if columns <= BRIEF:
        target = matrix[as_slice(plan.rows)]
        return [taken(found, plan.sorted, room), (np.add.reduceat, (room, plan.starts, 0, None, target))]
    sums = room[: plan.layers[0]]
    steps: list[Step] = [taken(found, plan.order, room), (add_each, (_layers(room, plan.layers),))]
    if fresh:
        return [*steps, taken(sums, plan.places, matrix[as_slice(plan.rows)])]
    return [*steps, (add_taken, (matrix, where, sums, plan.places))]


class _Scatter:
    """Contributions in the order in which they are added: the first to every row that gets any, then the second …

    What nobody asks for is left out.

    `order` are their places, `rows` where they go, sorted; the `layers` are how many there are of each turn. Rows that
    get more stand first in a layer, so that one goes on top of the other, and `places` says where a row stands.
    """

    def __init__(self, rows: Rows, wanted: set[int]) -> None:
        numbers = np.array(rows.numbers)
        order = np.argsort(numbers, kind="stable")
        order = order[np.isin(numbers[order], list(wanted))]
        found, starts, counts = np.unique(numbers[order], return_index=True, return_counts=True)
        self.rows, self.sorted, self.starts = Rows(rows.space, tuple(found.tolist())), order, starts
        self.places = np.argsort(np.argsort(-counts, kind="stable"))
        turns = np.arange(len(order)) - np.repeat(starts, counts)
        self.order = order[np.lexsort((np.repeat(self.places, counts), turns))]
        self.layers = np.bincount(turns).tolist()
        self.numbers, self.asked = numbers, np.isin(numbers, found)

    def are_apart(self, terms: int) -> bool:
        """Whether no term sends two contributions to the same row."""
        parts = zip(self.numbers.reshape(terms, -1), self.asked.reshape(terms, -1), strict=True)
        return all(len(np.unique(rows[asked])) == asked.sum() for rows, asked in parts)

    def terms(self, array: Array, count: int) -> Iterator[tuple[Any, Array]]:
        """For each stretch of contributions whose rows are asked for, these and the stretch."""
        for term in np.split(np.arange(len(self.numbers)), count):
            some = term[self.asked[term]]
            for part in np.split(some, np.flatnonzero(np.diff(some) > 1) + 1):
                if len(part):
                    yield self.numbers[part], array[part[0] : part[-1] + 1]


def _layers(array: Array, sizes: list[int]) -> list[tuple[Array, Array]]:
    """Each layer but the first, and the rows of the first that it is added to."""
    ends = np.cumsum(sizes)
    return [(array[:size], array[end - size : end]) for size, end in zip(sizes[1:], ends[1:], strict=True)]
