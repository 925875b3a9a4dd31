"""The steps of products of two tables that are both computed: np.matmul for each example, or einsum over all of them.

A table is read where it stands if its numbers are at the same distances there, as those of a layer are, also turned;
otherwise it is gathered first. Where the rows of the matrix are so far apart that the processor keeps few of them at
hand, which those of 256 examples are, np.matmul reads copies of some examples after those of others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import as_strided

from micrograd_es.program.arrays import Array
from micrograd_es.program.blocks import Inner, Rows
from micrograd_es.program.in_numpy.exchange import CONTRIBUTIONS, INNER, SLOPES, Exchange
from micrograd_es.program.in_numpy.steps import Copies, Step, einsum, matmul_of_copies, taken, where_there

TABLE, NUMBER, COPY, PRODUCT = 60, 0.4, 0.3, 0.07  # ns of np.matmul: each example's table, number, its copy, product
ALL, EACH, CALL = 10, 0.38, 3000  # ns of einsum: each product for all examples, for each of them, and the call
APART = 2048  # bytes; rows that are a multiple of this apart have few places in the processor's memory
PART = 100  # examples at a time of which there are copies

Shape = tuple[int, int, int]
There = list[tuple[int, int, list[int]]]  # for each table and line the terms that are there; nothing where all are


def forward(exchange: Exchange, block: Inner, out: Array) -> list[Step]:
    """The steps that compute the sums."""
    steps: list[Step] = []
    (_, shape), (left, of_left), (right, of_right) = block.shaped()
    x, y = _read(exchange, 0, left, of_left, steps), _read(exchange, 1, right, of_right, steps)
    y, to = y.swapaxes(1, 2), out.reshape(*shape, out.shape[1])
    return steps + _product(exchange, y, x, to, block.there())


def backward(exchange: Exchange, block: Inner, upstream: Array) -> list[Step]:
    """The steps that send to each table the product of the gradient and the other table."""
    steps: list[Step] = []
    (_, shape), (left, of_left), (right, of_right) = block.shaped()
    up = upstream.reshape(*shape, upstream.shape[1])
    if exchange.is_wanted(left):
        x = _read(exchange, 1, right, of_right, steps)
        steps += _sent(exchange, left, of_left, x, up, block.read_in())
    if exchange.is_wanted(right):
        x = _read(exchange, 0, left, of_left, steps)
        steps += _sent(exchange, right, of_right, x, up.swapaxes(1, 2), block.read_in(by_column=True))
    return steps


def _sent(exchange: Exchange, rows: Rows, shape: Shape, x: Array, y: Array, there: There) -> list[Step]:
    """The steps that add a product to the gradients of a table."""
    columns = x.shape[3]
    target = _view(exchange.gradients[rows.space], rows, shape)
    if target is None:
        return _gathered_back(exchange, rows, shape, x, y, there)
    if exchange.is_fresh(rows, True):
        return _product(exchange, x, y, target, there)
    room = exchange.room(CONTRIBUTIONS, (len(rows), columns)).reshape(*shape, columns)
    return [*_product(exchange, x, y, room, there), (np.add, (target, room, target))]


def _gathered_back(exchange: Exchange, rows: Rows, shape: Shape, x: Array, y: Array, there: There) -> list[Step]:
    """The steps that add a product to gradients that are apart; to none that nobody asks for, as what is not there."""
    columns, wanted = x.shape[3], exchange.wanted[rows.space]
    asked = [i for i, row in enumerate(rows.numbers) if row in wanted]

    def write(room: Array) -> list[Step]:
        if len(asked) == len(rows):
            return _product(exchange, x, y, room.reshape(*shape, columns), there)
        every = exchange.room(INNER, (len(rows), columns))
        return [*_product(exchange, x, y, every.reshape(*shape, columns), there), taken(every, np.array(asked), room)]

    some = Rows(rows.space, tuple([rows.numbers[i] for i in asked]))
    return exchange.sent_to_every(some, columns, write)


def _product(exchange: Exchange, x: Array, y: Array, to: Array, there: There) -> list[Step]:
    """The steps of the products of matrices, one for each table and example: those stand on the last axis.

    `there` are the terms that are there of each column, if not all of them are.
    """
    parts = [(x[g], y[g, :, column], np.array(terms), to[g, :, column]) for g, column, terms in there]
    return [_whole_product(exchange, x, y, to), *([(where_there, (to, parts))] if parts else [])]


def _whole_product(exchange: Exchange, x: Array, y: Array, to: Array) -> Step:
    """The step of all products; the examples stand on the last axis."""
    if x.shape[2] == 1:  # each number of one with each of the other
        return np.multiply, (x, y, to)
    tables, rows, terms, columns = x.shape
    products, numbers = rows * terms * y.shape[2], rows * terms + (rows + terms) * y.shape[2]
    apart = columns > 0 and columns * to.itemsize % APART == 0
    by_example = TABLE + numbers * (NUMBER + COPY * apart) + products * PRODUCT
    if tables * columns * by_example > tables * products * (ALL + columns * EACH) + CALL:
        return einsum, ("gikb,gkjb->gijb", x, y, to)
    if apart:
        return matmul_of_copies, (_copies(exchange, (x, y, to)),)
    return np.matmul, _by_example(x, y, to)


def _by_example(*tables: Array) -> tuple[Array, ...]:
    """Tables with the examples on the first axis."""
    return tuple([table.transpose(3, 0, 1, 2) for table in tables])


def _copies(exchange: Exchange, tables: Sequence[Array]) -> list[Copies]:
    """Some examples of tables after the others, and rooms for them."""
    found: list[Copies] = []
    for first in range(0, tables[0].shape[3], PART):
        some = [table[..., first : first + PART] for table in tables]
        shapes = [(part.size // part.shape[3], part.shape[3]) for part in some]
        rooms = [exchange.room(SLOPES - i, shape).reshape(some[i].shape) for i, shape in enumerate(shapes)]
        found.append((some, rooms, _by_example(*rooms)))
    return found


def _read(exchange: Exchange, slot: int, rows: Rows, shape: Shape, steps: list[Step]) -> Array:
    """A table, with the steps that gather it where it is apart."""
    matrix = exchange.values[rows.space]
    found = _view(matrix, rows, shape)
    if found is None:
        found = exchange.every(slot, rows, steps).reshape(*shape, matrix.shape[1])
    return found


def _view(matrix: Array, rows: Rows, shape: Shape) -> Array | None:
    """A table where it stands in a matrix, if it is regular."""
    each = distances(rows, shape)
    if each is None:
        return None
    height, width = matrix.strides
    strides = *[step * height for step in each], width
    return as_strided(matrix[rows.numbers[0] :], (*shape, matrix.shape[1]), strides)


def distances(rows: Rows, shape: Shape) -> list[int] | None:
    """How far the numbers of a table are from the next along each axis, where they are all different, and it is the
    same everywhere; None for any other.

    >>> from micrograd_es.program.blocks import Space
    >>> distances(Rows(Space.VARYING, (4, 7, 5, 8, 6, 9)), (1, 3, 2))
    [0, 1, 3]
    >>> distances(Rows(Space.VARYING, (4, 7, 5, 8, 9, 6)), (1, 3, 2)) is None
    True
    """
    numbers = np.array(rows.numbers).reshape(shape)
    each: list[int] = []
    for axis, count in enumerate(shape):
        along = np.diff(numbers, axis=axis)
        each.append(int(along.flat[0]) if count > 1 else 0)
        if each[-1] < 0 or (along != each[-1]).any():
            return None
    return each if len(set(rows.numbers)) == numbers.size else None
