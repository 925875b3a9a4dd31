"""Blocks as steps: what they read is gathered, computed, and what they send back is added."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np

from micrograd_es.ops import POW, Op
from micrograd_es.program.arrays import ARRAYS, Array
from micrograd_es.program.blocks import Affine, Elementwise, Inner, Rows, Space, Total, as_slice
from micrograd_es.program.in_numpy import affine_steps, inner_steps, total_steps, totals
from micrograd_es.program.in_numpy.exchange import INNER, SLOPES, Exchange, Read
from micrograd_es.program.in_numpy.kinds import Calls, Kind, is_product, kind_of
from micrograd_es.program.in_numpy.log_sums import AnyBlock, LogSums, LogSumSteps
from micrograd_es.program.in_numpy.many import OF_MANY, Many
from micrograd_es.program.in_numpy.steps import Step, assign, products
from micrograd_es.program.tape import Tape

FEW = 512  # numbers, up to which NumPy multiplies by 1.0 and 0.0 faster than by what it compares

_Made = tuple[Kind, Array, Sequence[Read], Many | None]  # what a block gives, and what it reads


class _Sums(Protocol):
    """A room that writes the steps of sums."""

    def forward(self, exchange: Exchange, block: Any, out: Array, /) -> list[Step]: ...
    def backward(self, exchange: Exchange, block: Any, upstream: Array, /) -> list[Step]: ...


_SUMS: dict[type, _Sums] = {Affine: affine_steps, Inner: inner_steps, Total: total_steps, totals.Totals: totals}


class BlockSteps:
    """The steps of blocks: `forward` for each in the order in which they run, then `backward` from the last."""

    def __init__(self, exchange: Exchange, tape: Tape) -> None:
        self.exchange = exchange
        self.constants = set(range(tape.parameters, tape.parameters + len(tape.constants)))  # their rows
        self.kinds: dict[tuple[Op, int, float | None], Kind] = {}
        self.made: list[_Made] = []  # from the first operation to the last
        self.log_sums: list[LogSumSteps] = []

    def forward(self, block: AnyBlock) -> list[Step]:
        """The steps that compute a block."""
        out = self.exchange.values[block.out.space][as_slice(block.out)]
        if not isinstance(block, Elementwise):
            return self._of_sums(block, out)
        together = _joined(block) if len(block.inputs) > 2 else None
        if together:
            return self._many(block, together, out)
        steps: list[Step] = []
        reads = [self.exchange.read(slot, rows, steps) for slot, rows in enumerate(block.inputs)]
        kind, xs = self._kind(block), [x for _, _, x in reads]
        self.made.append((kind, out, reads, None))
        if kind.computed:
            calls = kind.computed
            return steps + (calls.on(*xs, out) if calls.is_plain else self._called(calls, *xs, out))
        return [*steps, (assign, (out, kind.forward, ARRAYS, *xs))]

    def backward(self, block: AnyBlock) -> list[Step]:
        """The steps that send the gradient of a block back; none where nobody asks for it."""
        upstream = self.exchange.upstream(block.out)
        if not isinstance(block, Elementwise):
            return self._to_sums(block, upstream)
        kind, out, reads, many = self.made.pop()
        wanted = self.exchange.wanted
        asked = [not wanted[rows.space].isdisjoint(rows.numbers) for rows, _, _ in reads]
        if kind.zeros and self._is_told(block, kind.zeros):
            asked = [one and place not in kind.zeros for place, one in enumerate(asked)]
        if True not in asked:
            return []
        steps = self._again(reads) if self.exchange.is_large else []
        if many:
            rows, where, _ = reads[0]
            shape = len(rows), upstream.shape[1]
            return steps + self.exchange.sent(rows, where, shape, partial(many.backward, upstream))
        xs = [x for _, _, x in reads]
        if not kind.computed:
            return steps + self._by_rule(reads, asked, upstream, (kind.local, out, *xs))
        for (rows, where, _), calls, one in zip(reads, kind.sent, asked, strict=True):
            if one and calls:
                on = calls.on if calls.is_plain else partial(self._called, calls)
                write = partial(on, upstream, out, *xs)
                steps += self.exchange.sent(rows, where, upstream.shape, write)
            elif one:
                steps += self.exchange.sent(rows, where, upstream.shape, upstream)
        return steps

    def _of_sums(self, block: AnyBlock, out: Array) -> list[Step]:
        """The steps that compute sums."""
        if isinstance(block, LogSums):
            self.log_sums.append(LogSumSteps(self.exchange, block, out))
            return self.log_sums[-1].forward()
        return _SUMS[type(block)].forward(self.exchange, block, out)

    def _to_sums(self, block: AnyBlock, upstream: Array) -> list[Step]:
        """The steps that send the gradient of sums back."""
        if isinstance(block, LogSums):
            return self.log_sums.pop().backward(upstream)
        return _SUMS[type(block)].backward(self.exchange, block, upstream)

    def _kind(self, block: Elementwise) -> Kind:
        """The kind of an operation; a constant power that makes a product of it is known there."""
        last = self._power(block.inputs[1]) if block.op is POW else None
        key = block.op, len(block.inputs), last
        kind = self.kinds.get(key)
        if kind is None:
            kind = self.kinds[key] = kind_of(block.op, len(block.inputs), self.exchange.dtype, last)
        return kind

    def _power(self, powers: Rows) -> float | None:
        """The constant that all powers are, where it makes products of them."""
        rows = set(powers.numbers)
        if powers.space is not Space.SHARED or not self.constants.issuperset(rows):
            return None
        first, *others = {self.exchange.values[Space.SHARED].item(row, 0) for row in rows}
        return first if not others and is_product(first) else None

    def _is_told(self, block: Elementwise, zeros: Sequence[int]) -> bool:
        """Whether what is 0 times the gradient need not be sent: another input is told where that is not finite."""
        others = [rows for place, rows in enumerate(block.inputs) if place not in zeros]
        return any(self.exchange.wanted[rows.space].issuperset(rows.numbers) for rows in others)

    def _called(self, calls: Calls, *arrays: Array) -> list[Step]:
        """The steps of a formula that needs more than a room, the last of the arrays: others, and zeros."""
        shape = arrays[-1].shape
        rooms = [self.exchange.room(INNER - i, shape) for i in range(calls.rooms - 1)]
        steps = calls.on(*arrays, *rooms, *([self.exchange.zeros(shape)] if calls.compares else []))
        if arrays[-1].size > FEW:
            return steps
        return [(np.heaviside if function is np.greater else function, given) for function, given in steps]

    def _many(self, block: Elementwise, together: Rows, out: Array) -> list[Step]:
        """The steps that compute an operation of many inputs, which it gets as one array."""
        steps: list[Step] = []
        read = self.exchange.read(0, together, steps, False)
        kind, whole = self._kind(block), read[2].reshape(len(block.inputs), *out.shape)
        many = OF_MANY.get(block.op, Many)(self.exchange, kind, whole, out)
        self.made.append((kind, out, [read], many))
        return steps + many.forward()

    def _again(self, reads: Sequence[Read]) -> list[Step]:
        """The steps that gather again what was gathered on the way forward, where its room was used since."""
        steps: list[Step] = []
        for slot, (rows, where, _) in enumerate(reads):
            if type(where) is not slice:
                self.exchange.gathered(slot, rows, where, steps)
        return steps

    def _by_rule(
        self, reads: Sequence[Read], asked: Sequence[bool], upstream: Array, given: tuple[Any, ...]
    ) -> list[Step]:
        """The steps where the slopes of all inputs come from one rule: what each is sent is computed at once."""
        rooms: list[Array | None] = [None] * len(reads)
        sent: list[Step] = []

        def write(place: int, room: Array) -> list[Step]:
            rooms[place] = room
            return []

        for place, ((rows, where, _), one) in enumerate(zip(reads, asked, strict=True)):
            if one:
                sent += self.exchange.sent(rows, where, upstream.shape, partial(write, place), slot=SLOPES - place)
        return [(products, (upstream, rooms, *given)), *sent]


def _joined(block: Elementwise) -> Rows | None:
    """The rows of all inputs, one input after the other, of an operation that has many of one space; else None."""
    spaces = {rows.space for rows in block.inputs}
    if block.op.arity is not None or len(spaces) > 1:
        return None
    return Rows(spaces.pop(), tuple([row for rows in block.inputs for row in rows.numbers]))
