"""The steps of sums of products: np.dot for dense ones, at one position or many, einsum for ragged ones.

For small matrices np.dot takes half the time of np.matmul. It writes into whole arrays only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import numpy as np

from micrograd_es.program.arrays import Array
from micrograd_es.program.blocks import Affine, Rows, is_run
from micrograd_es.program.in_numpy.exchange import Exchange, Write
from micrograd_es.program.in_numpy.scatter import sent_back
from micrograd_es.program.in_numpy.steps import Step, einsum

PART = 4  # of the values of a large batch no more than this part is gathered at once
Stretch = tuple[Rows, slice]  # the inputs at some positions, and the columns of what the block has there: see `_wide`


def forward(exchange: Exchange, block: Affine, out: Array) -> list[Step]:
    """The steps that compute the sums."""
    steps: list[Step] = []
    matrix = exchange.read(0, block.weights, steps, False)[2].reshape(block.kernels, block.terms)
    if block.dense:
        for rows, columns in _stretches(exchange, block, out.shape[1]):
            to = _wide(block, out)[:, columns]
            inputs = exchange.read(1, rows, steps, False)[2].reshape(block.terms, to.shape[1])
            steps.append((np.dot if to.flags.c_contiguous else np.matmul, (matrix, inputs, to)))
    else:
        table = exchange.read(1, block.inputs, steps, False)[2].reshape(*matrix.shape, out.shape[1])
        steps.append((einsum, ("pn,pnb->pb", matrix, table, out)))
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
        turned = exchange.read(0, block.weights, steps, False)[2].reshape(shape).T
    for rows, columns in _stretches(exchange, block, count) if to_weights or to_inputs else ():
        up = _wide(block, upstream)[:, columns]
        if to_weights:
            across = exchange.read(1, rows, steps, False)[2].reshape(block.terms, up.shape[1]).T
            to = exchange.at(block.weights, False)
            steps += exchange.sent(*to, (len(block.weights), 1), _written(shape, np.dot, up, across))
        if to_inputs:
            rows, terms = _asked(rows, block.terms, exchange.wanted[rows.space])
            some = turned[terms]
            steps += sent_back(exchange, rows, len(some), _written((len(some), up.shape[1]), np.dot, some, up))
    return steps


def _asked(rows: Rows, terms: int, wanted: set[int]) -> tuple[Rows, slice]:
    """The inputs from the first to the last term in which a gradient is asked for, and these terms.

    A cell reads its state and the inputs of the program as one row: it is only the state that slopes are sent to.
    """
    numbers, positions = rows.numbers, len(rows) // terms
    asked = [place // positions for place, number in enumerate(numbers) if number in wanted] or [0]
    first, end = asked[0], asked[-1] + 1
    return Rows(rows.space, numbers[first * positions : end * positions]), slice(first, end)


def _to_ragged(exchange: Exchange, block: Affine, upstream: Array) -> list[Step]:
    """The steps that send back where each sum has inputs of its own."""
    steps: list[Step] = []
    shape = block.kernels, block.terms
    whole = *shape, upstream.shape[1]
    if exchange.is_wanted(block.weights):
        table = exchange.read(1, block.inputs, steps, False)[2].reshape(whole)
        write = _written(shape, einsum, "pb,pnb->pn", upstream, table)
        steps += exchange.sent(*exchange.at(block.weights, False), (len(block.weights), 1), write)
    if exchange.is_wanted(block.inputs):
        matrix = exchange.read(0, block.weights, steps, False)[2].reshape(shape)
        write = _written(whole, einsum, "pn,pb->pnb", matrix, upstream)
        steps += exchange.sent(*exchange.at(block.inputs, False), (len(block.inputs), whole[2]), write)
    return steps


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
    terms = [numbers[i : i + count] for i in range(0, len(numbers), count)]
    for first in range(0, count, step):
        some = chain.from_iterable([term[first : first + step] for term in terms])
        yield Rows(block.inputs.space, tuple(some)), slice(first * columns, (first + step) * columns)


def _wide(block: Affine, array: Array) -> Array:
    """The rows of a block as one row for each kernel: all examples at the first position, at the second …"""
    return array.reshape(block.kernels, block.positions * array.shape[1])


def _target(block: Affine, rows: Rows, array: Array) -> Array:
    """What a row is added to: one of the block, or of a kernel where it is the same at all positions."""
    return array if len(rows) == len(block.out) else _wide(block, array)
