"""log Σ eˣ of several lengths as one, as the rows of a causal mask have them: the shorter ones filled up.

What fills a sum up is its first input again, whose power then counts 0 times: so the largest is the same, and nothing
else than the inputs is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from micrograd_es.ops import LSE
from micrograd_es.program.arrays import Array
from micrograd_es.program.blocks import Block, Elementwise, Rows, Space
from micrograd_es.program.in_numpy.exchange import INNER, Exchange
from micrograd_es.program.in_numpy.many import log_sums, shares
from micrograd_es.program.in_numpy.steps import Step, taken
from micrograd_es.program.in_numpy.totals import Totals

SEVERAL = 3  # lengths, from which on they are one
FULL = 2  # at least this part of what is computed is asked for


@dataclass(slots=True)
class LogSums:
    """log Σ eˣ with their inputs, one row of `out` after the other."""

    out: Rows
    inputs: list[tuple[int, ...]]


AnyBlock = Block | Totals | LogSums


def together(blocks: Sequence[Block | Totals]) -> Sequence[AnyBlock]:
    """The blocks, with log Σ eˣ of several lengths that follow each other as one."""
    found: list[AnyBlock] = []
    some: list[Elementwise] = []
    end = 0
    for place in [i for i, block in enumerate(blocks) if type(block) is Elementwise and block.op is LSE]:
        block = blocks[place]
        assert isinstance(block, Elementwise)
        varies = all(rows.space is Space.VARYING for rows in block.inputs)
        if place > end or not varies or _reads(block, some):
            found += [*_as_one(some), *blocks[end:place]]
            some = []
        (some if varies else found).append(block)
        end = place + 1
    return [*found, *_as_one(some), *blocks[end:]]


def _reads(block: Elementwise, others: Sequence[Elementwise]) -> bool:
    """Whether a block reads what others compute."""
    read = {row for rows in block.inputs for row in rows.numbers}
    return any(not read.isdisjoint(other.out.numbers) for other in others)


def _as_one(some: Sequence[Elementwise]) -> Sequence[AnyBlock]:
    """Some blocks as one, where they are enough, and not too different."""
    if len(some) < SEVERAL:
        return some
    counts = [(len(block.out), len(block.inputs)) for block in some]
    every = sum([rows for rows, _ in counts]) * max([count for _, count in counts])
    if FULL * sum([rows * count for rows, count in counts]) < every:
        return some
    inputs = [line for block in some for line in block.lines]
    return [LogSums(Rows(Space.VARYING, tuple([row for block in some for row in block.out.numbers])), inputs)]


class LogSumSteps:
    """The steps of log Σ eˣ of several lengths; the powers are kept for the way back."""

    def __init__(self, exchange: Exchange, sums: LogSums, out: Array) -> None:
        self.exchange, self.out, inputs = exchange, out, sums.inputs
        longest, count = max(map(len, inputs)), len(inputs)
        places = [(k, i) for k in range(longest) for i in range(count)]
        self.filled = np.array([inputs[i][k if k < len(inputs[i]) else 0] for k, i in places])
        self.there = np.array([k < len(inputs[i]) for k, i in places])
        self.rows = Rows(Space.VARYING, tuple(self.filled[self.there].tolist()))
        self.powers = np.empty((longest, *out.shape), out.dtype)
        self.largest, self.scale = np.empty_like(out), np.empty_like(out)

    def forward(self) -> list[Step]:
        """The steps that compute the results."""
        powers, ones = self.powers, self.exchange.ones(len(self.powers)).T
        flat = powers.reshape(len(self.filled), self.out.shape[1])
        counted = self.there.astype(powers.dtype).reshape(*powers.shape[:2], 1)
        return [
            taken(self.exchange.values[Space.VARYING], self.filled, flat),
            *log_sums(powers, powers, self.largest, self.scale, self.out, ones, counted),
        ]

    def backward(self, upstream: Array) -> list[Step]:
        """The steps that send the gradient to every input, e^(x − z) times."""
        rows, columns = self.rows, self.out.shape[1]
        if not self.exchange.is_wanted(rows):
            return []
        room = self.exchange.room(INNER, (len(self.filled), columns))
        steps = shares(self.powers, self.largest, self.scale, self.out, upstream, room.reshape(self.powers.shape))
        where = np.flatnonzero(self.there)
        return steps + self.exchange.sent_to_every(rows, columns, lambda to: [taken(room, where, to)])
