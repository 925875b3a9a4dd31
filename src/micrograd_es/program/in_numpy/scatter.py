"""The steps that add what many positions send back to the inputs that they have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from micrograd_es.program.arrays import Array
from micrograd_es.program.blocks import Rows
from micrograd_es.program.in_numpy.exchange import CONTRIBUTIONS, Exchange, Write
from micrograd_es.program.in_numpy.steps import Step, add_stretches


def sent_back(exchange: Exchange, rows: Rows, terms: int, write: Write) -> list[Step]:
    """The steps that add to the gradients of rows, of each term one at every position, what is sent there.

    `write` gives those that put it into a room, with a row for each. Of a large batch the terms are added one after the
    other, where none of them is sent to the same row twice.
    """
    matrix = exchange.gradients[rows.space]
    columns = matrix.shape[1]
    if exchange.is_large and terms < len(rows) > len(set(rows.numbers)):
        by_term = _ByTerm(rows, terms, exchange.wanted[rows.space])
        if by_term.are_apart():
            exchange.is_fresh(Rows(rows.space, by_term.found), False)
            room = exchange.room(CONTRIBUTIONS, (len(rows), columns))
            return [*write(room), (add_stretches, (matrix, list(by_term.stretches(room))))]
    return exchange.sent_to_every(rows, columns, write)


class _ByTerm:
    """Contributions of so many terms each at many positions, of which those count whose rows are asked for."""

    def __init__(self, rows: Rows, terms: int, wanted: set[int]) -> None:
        self.numbers = np.array(rows.numbers)
        self.asked = np.isin(self.numbers, list(wanted))
        self.found = tuple(np.unique(self.numbers[self.asked]).tolist())
        self.terms = np.split(np.arange(len(self.numbers)), terms)

    def are_apart(self) -> bool:
        """Whether no term sends two contributions to the same row."""
        some = [self.numbers[term[self.asked[term]]] for term in self.terms]
        return all(len(np.unique(numbers)) == len(numbers) for numbers in some)

    def stretches(self, array: Array) -> Iterator[tuple[Any, Array]]:
        """For each stretch of contributions whose rows are asked for, these and the stretch."""
        for term in self.terms:
            some = term[self.asked[term]]
            for part in np.split(some, np.flatnonzero(np.diff(some) > 1) + 1):
                if len(part):
                    yield self.numbers[part], array[part[0] : part[-1] + 1]
