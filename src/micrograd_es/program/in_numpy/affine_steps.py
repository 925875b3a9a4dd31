"""The steps of sums of products: np.dot for dense ones, at one position or many, einsum for ragged ones.

Ragged sums of which some have the same inputs are matrices, each by its own inputs: np.matmul goes through all of them.

For small matrices np.dot takes half the time of np.matmul. It writes into whole arrays only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any

import numpy as np

from micrograd_es.program.arrays import Array
from micrograd_es.program.blocks import Affine, Rows, is_run
from micrograd_es.program.in_numpy.exchange import INNER, Exchange, Write
from micrograd_es.program.in_numpy.scatter import sent_back
from micrograd_es.program.in_numpy.steps import Step, einsum, taken, where_there
from micrograd_es.program.lists import in_lines

PART = 4  # of the values of a large batch no more than this part is gathered at once
Stretch = tuple[Rows, slice]  # the inputs at some positions, and the columns of what the block has there: see `_wide`


def forward(exchange: Exchange, block: Affine, out: Array) -> list[Step]:
    """The steps that compute the sums."""
    steps: list[Step] = []
    matrix = exchange.every(0, block.weights, steps).reshape(block.kernels, block.terms)
    if block.dense:
        for rows, columns in _stretches(exchange, block, out.shape[1]):
            to = _wide(block, out)[:, columns]
            inputs = exchange.every(1, rows, steps).reshape(block.terms, to.shape[1])
            steps.append((np.dot if to.flags.c_contiguous else np.matmul, (matrix, inputs, to)))
            steps += _where_there(matrix, inputs, to, block.there())
    else:
        table = _table(exchange, block, steps, out.shape[1])
        lines, to = _grouped(matrix, len(table)), _grouped(out, len(table))
        steps.append(
            (einsum, ("pn,pnb->pb", matrix, table, out)) if lines is matrix else (np.matmul, (lines, table, to))
        )
    for slot, rows in enumerate(block.bare, 2):
        bare, to = exchange.read(slot, rows, steps)[2], _target(block, rows, out)
        steps.append((np.add, (to, bare, to)))
    return steps


def backward(exchange: Exchange, block: Affine, upstream: Array) -> list[Step]:
    """The steps that send the gradient of the sums to weights, inputs, and what is added."""
    steps = _to_dense(exchange, block, upstream) if block.dense else _to_ragged(exchange, block, upstream)
    for rows in block.bare:
        if exchange.is_wanted(rows):
            found = _target(block, rows, upstream)
            steps += exchange.sent(*exchange.at(rows), found.shape, found)
    return steps


def _to_dense(exchange: Exchange, block: Affine, upstream: Array) -> list[Step]:
    """The steps that send products with the gradient to weights and inputs, of some positions after the others."""
    steps: list[Step] = []
    shape, count = (block.kernels, block.terms), upstream.shape[1]
    to_weights, to_inputs = exchange.is_wanted(block.weights), exchange.is_wanted(block.inputs)
    if to_inputs:
        turned = exchange.every(0, block.weights, steps).reshape(shape).T
    for rows, columns in _stretches(exchange, block, count) if to_weights or to_inputs else ():
        up = _wide(block, upstream)[:, columns]
        if to_weights:
            across = exchange.every(1, rows, steps).reshape(block.terms, up.shape[1]).T
            to, write = _there(exchange, block, _written(shape, np.dot, up, across))
            steps += exchange.sent_to_every(to, 1, write)
        if to_inputs and exchange.is_wanted(rows):
            rows, terms = _asked(rows, block.terms, exchange.wanted[rows.space])
            some = turned[terms]
            write = _written((len(some), up.shape[1]), np.dot, some, up)
            if block.absent is not None:
                write = partial(_mended, write, some, up, block.there(by_term=True)[terms])
            steps += sent_back(exchange, rows, len(some), write)
    return steps


def _there(exchange: Exchange, block: Affine, write: Write) -> tuple[Rows, Write]:
    """The weights that are there, and what writes into a room what of all is sent to them."""
    if block.absent is None:
        return block.weights, write
    there = [i for i, row in enumerate(block.weights.numbers) if row != block.absent]

    def some(room: Array) -> list[Step]:
        every = exchange.room(INNER, (len(block.weights), 1))
        return [*write(every), taken(every, np.array(there), room)]

    return block.weights.picked(there), some


def _mended(write: Write, matrix: Array, inputs: Array, there: Sequence[Sequence[int]], room: Array) -> list[Step]:
    """The steps that write a product, of the terms that are there."""
    to = room.reshape(len(matrix), inputs.shape[1])
    return [*write(room), *_where_there(matrix, inputs, to, there)]


def _where_there(matrix: Array, inputs: Array, to: Array, there: Sequence[Sequence[int]]) -> list[Step]:
    """The step that computes rows of a product again where they are not finite, of the terms that are there."""
    parts = [
        (inputs[None], np.broadcast_to(line[:, None], inputs.shape), np.array(terms), to[i : i + 1])
        for i, (line, terms) in enumerate(zip(matrix, there, strict=bool(there)))
        if len(terms) < len(line)
    ]
    return [(where_there, (to, parts))] if parts else []


def _asked(rows: Rows, terms: int, wanted: set[int]) -> tuple[Rows, slice]:
    """The inputs from the first to the last term in which a gradient is asked for, and these terms; there is one.

    A cell reads its state and the inputs of the program as one row: it is only the state that slopes are sent to.
    """
    numbers, positions = rows.numbers, len(rows) // terms
    asked = [place // positions for place, number in enumerate(numbers) if number in wanted]
    first, end = asked[0], asked[-1] + 1
    return Rows(rows.space, numbers[first * positions : end * positions]), slice(first, end)


def _to_ragged(exchange: Exchange, block: Affine, upstream: Array) -> list[Step]:
    """The steps that send back where sums have inputs of their own, each or some together."""
    steps: list[Step] = []
    shape, columns, read = (block.kernels, block.terms), upstream.shape[1], block.read
    groups = len(read) // block.terms
    up = _grouped(upstream, groups)
    if exchange.is_wanted(block.weights):
        table = _table(exchange, block, steps, columns)
        if up is upstream:
            write = _written(shape, einsum, "pb,pnb->pn", up, table)
        else:
            write = _written((*up.shape[:2], block.terms), np.matmul, up, table.swapaxes(1, 2))
        steps += exchange.sent_to_every(block.weights, 1, write)
    if exchange.is_wanted(read):
        matrix = exchange.every(0, block.weights, steps).reshape(shape)
        whole = groups, block.terms, columns
        if up is upstream:
            write = _written(whole, einsum, "pn,pb->pnb", matrix, up)
        else:
            write = _written(whole, np.matmul, _grouped(matrix, groups).swapaxes(1, 2), up)
        steps += exchange.sent_to_every(read, columns, write)
    return steps


def _table(exchange: Exchange, block: Affine, steps: list[Step], columns: int) -> Array:
    """The inputs of a ragged block, of each sum, or once of those that have the same."""
    rows = block.read
    return exchange.every(1, rows, steps).reshape(len(rows) // block.terms, block.terms, columns)


def _grouped(array: Array, groups: int) -> Array:
    """The rows of sums in so many groups; as they are where each is one by itself."""
    return array if len(array) == groups else array.reshape(groups, len(array) // groups, array.shape[1])


def _written(shape: tuple[int, ...], function: Callable[..., None], *given: Any) -> Write:
    """What writes a product into a room, which has another shape there.

    Of no examples it is 0: NumPy's einsum multiplies what stands in memory behind empty arrays by 0, also NaN.
    """
    if not all(x.size for x in given if isinstance(x, np.ndarray)):
        return lambda room: [(room.fill, (0.0,))]
    return lambda room: [(function, (*given, room.reshape(shape)))]


def _stretches(exchange: Exchange, block: Affine, columns: int) -> Iterator[Stretch]:
    """All positions of a dense block at once; of a large batch some after the others, where they are gathered."""
    count = step = block.positions
    if exchange.is_large and count > 1 and not is_run(block.inputs):
        step = max(len(exchange.values[block.inputs.space]) // (PART * block.terms), 1)
    if step >= count:
        yield block.inputs, slice(None)
        return
    numbers = block.inputs.numbers
    terms = in_lines(numbers, count)
    for first in range(0, count, step):
        some = chain.from_iterable([term[first : first + step] for term in terms])
        yield Rows(block.inputs.space, tuple(some)), slice(first * columns, (first + step) * columns)


def _wide(block: Affine, array: Array) -> Array:
    """The rows of a block as one row for each kernel: all examples at the first position, at the second …"""
    return array.reshape(block.kernels, block.positions * array.shape[1])


def _target(block: Affine, rows: Rows, array: Array) -> Array:
    """What a row is added to: one of the block, or of a kernel where it is the same at all positions."""
    return array if len(rows) == len(block.out) else _wide(block, array)
