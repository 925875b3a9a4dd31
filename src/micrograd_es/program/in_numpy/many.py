"""Operations of many inputs, which they get as one array: how they are computed, and send their gradients back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from micrograd_es.ops import LSE, MAX, MIN, Op
from micrograd_es.program.arrays import Array, ArrayMaths
from micrograd_es.program.in_numpy.exchange import INNER, Exchange
from micrograd_es.program.in_numpy.kinds import Kind
from micrograd_es.program.in_numpy.steps import Step, assign, products_of_all, routed


class Many:
    """An operation by the rules of its row; `whole` is one array of all its inputs, and `out` its results."""

    def __init__(self, exchange: Exchange, kind: Kind, whole: Array, out: Array) -> None:
        self.kind, self.maths, self.whole, self.out = kind, ArrayMaths(np, whole), whole, out

    def forward(self) -> list[Step]:
        """The steps that compute the results."""
        return [(assign, (self.out, self.kind.forward, self.maths, *self.maths.parts))]

    def backward(self, upstream: Array, room: Array) -> list[Step]:
        """The steps that put what each input is sent into a room."""
        return [(products_of_all, (upstream, self.kind.local, self.maths, self.out, room.reshape(self.whole.shape)))]


class Largest(Many):
    """The largest of the inputs; all of the gradient goes to the first that is."""

    reduce = np.maximum.reduce

    def __init__(self, exchange: Exchange, kind: Kind, whole: Array, out: Array) -> None:
        super().__init__(exchange, kind, whole, out)
        self.wins = exchange.kept(("wins", whole.shape), lambda: np.empty(whole.shape, bool))

    def forward(self) -> list[Step]:
        """The steps that compute the results."""
        return [(self.reduce, (self.whole, 0, None, self.out))]

    def backward(self, upstream: Array, room: Array) -> list[Step]:
        """The steps that put what each input is sent into a room."""
        return [(routed, (upstream, self.whole, self.out, self.wins, room.reshape(self.whole.shape)))]


class Smallest(Largest):
    """The smallest of the inputs; all of the gradient goes to the first that is."""

    reduce = np.minimum.reduce


class LogSumExp(Many):
    """z = log Σ e^x, shifted by the largest x so that nothing overflows.

    A slope e^(x − z) is e^(x − largest)·e^(largest − z), whose first factor is kept from the way forward; but of a
    large batch nothing is kept.
    """

    def __init__(self, exchange: Exchange, kind: Kind, whole: Array, out: Array) -> None:
        super().__init__(exchange, kind, whole, out)
        self.is_kept, self.ones = not exchange.is_large, exchange.ones(len(whole)).T
        if self.is_kept:
            self.powers, self.largest, self.room = np.empty_like(whole), np.empty_like(out), np.empty_like(out)
        else:
            self.powers = exchange.room(INNER, (len(whole) * len(out), out.shape[1])).reshape(whole.shape)
            self.largest, self.room = out, exchange.room(INNER - 1, out.shape)

    def forward(self) -> list[Step]:
        """The steps that compute the results."""
        return log_sums(self.whole, self.powers, self.largest, self.room, self.out, self.ones)

    def backward(self, upstream: Array, room: Array) -> list[Step]:
        """The steps that put what each input is sent into a room."""
        room = room.reshape(self.whole.shape)
        if self.is_kept:
            return shares(self.powers, self.largest, self.room, self.out, upstream, room)
        return [
            (np.subtract, (self.whole, self.out, room)),
            (np.exp, (room, room)),
            (np.multiply, (room, upstream, room)),
        ]


def log_sums(
    whole: Array, powers: Array, largest: Array, sums: Array, out: Array, ones: Array, counted: Array | None = None
) -> list[Step]:
    """The steps of log Σ e^x down the first axis; `counted` says how often each x counts, where that is not once."""
    return [
        (np.maximum.reduce, (whole, 0, None, largest)),
        (np.subtract, (whole, largest, powers)),
        (np.exp, (powers, powers)),
        *([] if counted is None else [(np.multiply, (powers, counted, powers))]),
        (np.dot, (ones, powers.reshape(len(powers), out.size), sums.reshape(1, out.size))),
        (np.log, (sums, sums)),
        (np.add, (largest, sums, out)),
    ]


def shares(powers: Array, largest: Array, scale: Array, out: Array, upstream: Array, room: Array) -> list[Step]:
    """The steps that put a gradient times e^(x − z) into a room, from the powers that `log_sums` has left."""
    return [
        (np.subtract, (largest, out, scale)),
        (np.exp, (scale, scale)),
        (np.multiply, (upstream, scale, scale)),
        (np.multiply, (powers, scale, room)),
    ]


OF_MANY: dict[Op, Callable[[Exchange, Kind, Array, Array], Many]] = {LSE: LogSumExp, MAX: Largest, MIN: Smallest}
"""The rows whose steps are written out; those of all others are their rules."""
