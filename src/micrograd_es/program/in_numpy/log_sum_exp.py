"""The steps of log Σ e^x of many inputs: the powers that its value is made of are those of its slopes."""

from __future__ import annotations

import numpy as np

from micrograd_es.program.arrays import Array
from micrograd_es.program.in_numpy.exchange import INNER, Exchange
from micrograd_es.program.in_numpy.steps import Step


class LogSumExp:
    """z = log Σ e^x, shifted by the largest x so that nothing overflows; `whole` is one array of all the inputs.

    A slope e^(x − z) is e^(x − largest)·e^(largest − z), whose first factor is kept from the way forward; but of a
    large batch nothing is kept.
    """

    def __init__(self, exchange: Exchange, whole: Array, out: Array) -> None:
        self.whole, self.out, self.is_kept = whole, out, not exchange.is_large
        self.ones = exchange.ones(len(whole)).T
        if self.is_kept:
            self.powers, self.largest, self.room = np.empty_like(whole), np.empty_like(out), np.empty_like(out)
        else:
            self.powers = exchange.room(INNER, (len(whole) * len(out), out.shape[1])).reshape(whole.shape)
            self.largest, self.room = out, exchange.room(INNER - 1, out.shape)

    def forward(self) -> list[Step]:
        """The steps that compute z."""
        whole, out, powers, largest, room = self.whole, self.out, self.powers, self.largest, self.room
        sums = self.ones, powers.reshape(len(powers), out.size), room.reshape(1, out.size)
        return [
            (np.maximum.reduce, (whole, 0, None, largest)),
            (np.subtract, (whole, largest, powers)),
            (np.exp, (powers, powers)),
            (np.dot, sums),
            (np.log, (room, room)),
            (np.add, (largest, room, out)),
        ]

    def backward(self, upstream: Array, room: Array) -> list[Step]:
        """The steps that put into a room what each input is sent."""
        room, scale = room.reshape(self.whole.shape), self.room
        if not self.is_kept:
            return [
                (np.subtract, (self.whole, self.out, room)),
                (np.exp, (room, room)),
                (np.multiply, (room, upstream, room)),
            ]
        return [
            (np.subtract, (self.largest, self.out, scale)),
            (np.exp, (scale, scale)),
            (np.multiply, (upstream, scale, scale)),
            (np.multiply, (self.powers, scale, room)),
        ]
