"""The steps of a program in NumPy: a function, and the arrays that it is given; it writes into one of them.

A program is a list of steps, so nothing has to be compiled before it runs. Most functions are NumPy's own; those here
are what it has no single call for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import isfinite
from typing import Any

import numpy as np

from micrograd_es.program.arrays import ARRAYS, Array, ArrayMaths

Step = tuple[Callable[..., Any], tuple[Any, ...]]
Copies = tuple[Sequence[Array], Sequence[Array], Sequence[Array]]  # two factors and a product, rooms, these by example
FEW = 512  # results, below which to look for the first of each takes less time than to go through the inputs


def copied(found: Array, room: Array) -> list[Step]:
    """The step that copies an array; in half the time of np.copyto."""
    return [(room.__setitem__, (..., found))]


def copy(found: Array, room: Array) -> None:
    """Copy an array, or a number."""
    room[...] = found


def taken(matrix: Array, where: Any, room: Array) -> Step:
    """The step that copies some rows of a matrix, in their order."""
    return matrix.take, (where, 0, room, "clip")


def maximum(x: Array, y: Array, room: Array) -> None:
    """The larger of each two numbers; NumPy is told the room by name, as it has more to come for the third."""
    np.maximum(x, y, out=room)


def minimum(x: Array, y: Array, room: Array) -> None:
    """The smaller of each two numbers."""
    np.minimum(x, y, out=room)


def sigmoid(x: Array, minus_one: Array, one: Array, beside: Array, room: Array) -> None:
    """1/(1 + e^−x), below 0 as e^x/(1 + e^x), so that nothing overflows; `beside` is room for e^−|x|."""
    np.copysign(x, minus_one, beside)
    np.exp(beside, beside)
    np.copysign(one, x, room)
    np.maximum(room, beside, out=room)
    np.add(beside, one, beside)
    np.true_divide(room, beside, room)


def softplus(x: Array, minus_one: Array, zero: Array, beside: Array, room: Array) -> None:
    """log(1 + e^x), as max(x, 0) + log(1 + e^−|x|)."""
    np.copysign(x, minus_one, beside)
    np.exp(beside, beside)
    np.log1p(beside, beside)
    np.maximum(x, zero, out=room)
    np.add(room, beside, room)


def where(c: Array, x: Array, y: Array, room: Array) -> None:
    """x where c is above 0, else y, and NaN where c is; that is looked for at once, as there is hardly ever one."""
    chosen = np.where(c > 0, x, y)
    squares = np.vdot(c, c)
    room[...] = chosen if squares == squares else np.where(c == c, chosen, c)  # NaN alone is not itself


def einsum(indices: str, x: Array, y: Array, room: Array) -> None:
    """The products of two arrays, summed as their indices say."""
    np.einsum(indices, x, y, out=room)


def matmul_of_copies(parts: Iterable[Copies]) -> None:
    """Multiply matrices in rooms, those of some examples after those of others."""
    for (x, y, total), (one, other, product), by_example in parts:
        one[...] = x
        other[...] = y
        np.matmul(*by_example)
        total[...] = product


def where_there(total: Array, parts: Iterable[tuple[Array, Array, Any, Array]]) -> None:
    """Sum products again, of the terms that are there, where the total is not finite: what is not there was 0 times it.

    A part has the first factors, the second ones, the numbers of the terms, and the room.
    """
    if not isfinite(np.vdot(total, total)):
        for x, y, terms, room in parts:
            np.einsum("ikb,kb->ib", x[:, terms], y[terms], out=room)


def summed(parts: Array, axis: int | None, room: Array) -> Step:
    """The step that adds up along an axis, or everything; the room has one there."""
    return np.add.reduce, (parts, axis, None, room, True)


def assign(room: Array, function: Callable[..., Any], *given: Any) -> None:
    """Call what cannot be told where to put its result."""
    room[...] = function(*given)


def products(upstream: Array, rooms: Sequence[Array | None], local: Callable[..., Any], *given: Any) -> None:
    """Multiply a gradient by all the slopes that a rule gives, each into a room of its own where there is one."""
    for slope, room in zip(local(ARRAYS, *given), rooms, strict=True):
        if room is not None:
            np.multiply(upstream, slope, room)


def products_of_all(upstream: Array, local: Callable[..., Any], maths: ArrayMaths, result: Array, room: Array) -> None:
    """The same for the inputs of an operation that has them as one array, into one room."""
    np.multiply(upstream, maths.table(local(maths, result, *maths.parts)), room)


def routed(upstream: Array, whole: Array, result: Array, wins: Any, room: Array) -> None:
    """Put into a room the gradient for the first of all inputs that is the result, and 0 for the rest."""
    np.equal(whole, result, wins)
    if result.size < FEW:
        np.logical_and(wins, np.arange(len(wins)).reshape(-1, 1, 1) == wins.argmax(0), wins)
    else:
        seen = wins[0].copy()
        for others in wins[1:]:
            np.greater(others, seen, others)
            np.logical_or(seen, others, seen)
    room[...] = wins
    np.multiply(upstream, room, room)


def add_to(matrix: Array, where: Any, part: Array) -> None:
    """Add to some rows of a matrix, in no order, none of which stands twice."""
    rows = matrix.take(where, 0)
    matrix[where] = np.add(rows, part, rows)


def add_at(column: Array, where: Any, parts: Array, of: Any) -> None:
    """Add to some numbers, which may stand several times, parts of which each has its own."""
    np.add.at(column, where, parts.take(of))


def add_sorted(matrix: Array, where: Any, parts: Array, order: Any, starts: Any) -> None:
    """Add to some rows of a matrix what parts, in an order in which those of each row stand together, are in sum."""
    add_to(matrix, where, np.add.reduceat(parts.take(order, 0), starts, 0))


def add_in_turns(matrix: Array, once: Any, parts: Array, turns: Sequence[Any]) -> None:
    """Add to some rows of a matrix parts of which they get several: in each turn one to so many of the first rows."""
    _in_turns(matrix, once, matrix.take(once, 0), parts, turns)


def set_in_turns(matrix: Array, once: Any, parts: Array, turns: Sequence[Any]) -> None:
    """The same, where nothing is in the rows yet: in the first turn all of them get one."""
    _in_turns(matrix, once, parts.take(turns[0], 0), parts, turns[1:])


def _in_turns(matrix: Array, once: Any, sums: Array, parts: Array, turns: Sequence[Any]) -> None:
    for places in turns:
        rows = sums[: len(places)]
        np.add(rows, parts.take(places, 0), rows)
    matrix[once] = sums


def add_stretches(matrix: Array, parts: Iterable[tuple[Any, Array]]) -> None:
    """Add to some rows of a matrix, then to others, which may be the same."""
    for where, part in parts:
        matrix[where] += part
