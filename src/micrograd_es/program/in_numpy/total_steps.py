"""The steps of sums of many terms, all of one length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import chain

import numpy as np

from micrograd_es.program.arrays import Array
from micrograd_es.program.blocks import Rows, Total, as_slice, is_run
from micrograd_es.program.in_numpy.exchange import CONTRIBUTIONS, INNER, Exchange
from micrograd_es.program.in_numpy.steps import Step, add_to, copied, summed
from micrograd_es.program.in_numpy.turns import TERMS, added, is_brief


def forward(exchange: Exchange, block: Total, out: Array) -> list[Step]:
    """The steps that compute the sums, where terms would be gathered into a large room of some after the others."""
    steps: list[Step] = []
    (count, columns), terms = out.shape, block.each
    step = terms
    if exchange.is_large and not is_run(block.terms):
        step = max(TERMS // count, 1)
    for first in range(0, terms, step):
        rows = block.terms
        if step < terms:
            some = chain.from_iterable([line[first : first + step] for line in block.lines])
            rows = Rows(rows.space, tuple(some))
        found = exchange.every(0, rows, steps)
        to = exchange.room(INNER, out.shape) if first else out
        if count == 1:
            steps.append((np.dot, (exchange.ones(len(found)).T, found, to)))
        else:
            groups = found.reshape(count, len(found) // count, columns)
            steps.append(summed(groups, 1, to.reshape(count, 1, columns)))
        if first:
            steps.append((np.add, (out, to, out)))
    return steps


def backward(exchange: Exchange, block: Total, upstream: Array) -> list[Step]:
    """The steps that send the gradients of the sums to all their terms."""
    rows = block.terms
    if not exchange.is_wanted(rows):
        return []
    matrix, count, columns, each = exchange.gradients[rows.space], *upstream.shape, block.each
    spread = upstream.reshape(count, 1, columns)
    if is_run(rows):
        target = matrix[as_slice(rows)].reshape(count, each, columns)
        if exchange.is_fresh(rows, True):
            return copied(spread, target)
        return [(np.add, (target, spread, target))]
    times = Counter(rows.numbers)
    unique = len(times) == len(rows)
    fresh = exchange.is_fresh(rows, unique or count == 1 or not is_brief(matrix))
    if count == 1:
        return _to_one(exchange, matrix, times, upstream, fresh)
    if unique and fresh:
        return [(matrix.__setitem__, (np.array(rows.numbers).reshape(count, each), spread))]
    return added(matrix, rows.numbers, exchange.wanted[rows.space], upstream, fresh, np.arange(len(rows)) // each)


def _to_one(exchange: Exchange, matrix: Array, times: Mapping[int, int], upstream: Array, fresh: bool) -> list[Step]:
    """The steps that send a gradient to some rows of a matrix, so many times to each."""
    steps: list[Step] = []
    for first in range(0, len(times), TERMS):
        some = list(times)[first : first + TERMS]
        where, counts, parts = np.array(some), [times[row] for row in some], upstream
        if max(counts) > 1:
            parts = exchange.room(CONTRIBUTIONS, (len(some), upstream.shape[1]))
            steps.append((np.multiply, (np.array(counts, upstream.dtype).reshape(-1, 1), upstream, parts)))
        steps.append((matrix.__setitem__, (where, parts)) if fresh else (add_to, (matrix, where, parts)))
    return steps
