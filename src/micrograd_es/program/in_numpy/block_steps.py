"""Blocks as steps: what they read is gathered, computed, and what they send back is added."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from functools import partial
from typing import Any, Protocol

import numpy as np

from micrograd_es.ops import POW
from micrograd_es.program.arrays import ARRAYS, Array
from micrograd_es.program.blocks import Affine, Elementwise, Inner, Rows, Space, Total, as_slice
from micrograd_es.program.in_numpy import affine_steps, inner_steps, total_steps, totals
from micrograd_es.program.in_numpy.exchange import INNER, SLOPES, Exchange, Read
from micrograd_es.program.in_numpy.kinds import Calls, Kind, is_product, kind_of
from micrograd_es.program.in_numpy.log_sums import AnyBlock, LogSums, LogSumSteps
from micrograd_es.program.in_numpy.many import OF_MANY, Many
from micrograd_es.program.in_numpy.steps import Step, assign, products

FEW = 512  # numbers, up to which NumPy multiplies by 1.0 and 0.0 faster than by what it compares

_Back = Callable[[Array], list[Step]]  # from the gradient of a block to the steps that send it back


class _Sums(Protocol):
    """A room that writes the steps of sums."""

    def forward(self, exchange: Exchange, block: Any, out: Array, /) -> list[Step]: ...
    def backward(self, exchange: Exchange, block: Any, upstream: Array, /) -> list[Step]: ...


_SUMS: dict[type, _Sums] = {Affine: affine_steps, Inner: inner_steps, Total: total_steps, totals.Totals: totals}


class BlockSteps:
    """The steps of blocks: `forward` for each in the order in which they run, then `backward` from the last."""

    def __init__(self, exchange: Exchange, constants: Set[int]) -> None:
        self.exchange, self.constants = exchange, constants  # the rows of these
        self.backs: list[_Back] = []  # from the first block to the last

    def forward(self, block: AnyBlock) -> list[Step]:
        """The steps that compute a block."""
        out = self.exchange.values[block.out.space][as_slice(block.out)]
        if isinstance(block, Elementwise):
            return self._operation(block, out)
        if isinstance(block, LogSums):
            sums = LogSumSteps(self.exchange, block, out)
            self.backs.append(sums.backward)
            return sums.forward()
        room = _SUMS[type(block)]
        self.backs.append(partial(room.backward, self.exchange, block))
        return room.forward(self.exchange, block, out)

    def backward(self, block: AnyBlock) -> list[Step]:
        """The steps that send the gradient of a block back, the last that has not; none where nobody asks for it."""
        return self.backs.pop()(self.exchange.upstream(block.out))

    def _operation(self, block: Elementwise, out: Array) -> list[Step]:
        """The steps that compute an operation."""
        together = block.together if len(block.inputs) > 2 else None
        if together:
            return self._many(block, together, out)
        steps: list[Step] = []
        reads = [self.exchange.read(slot, rows, steps) for slot, rows in enumerate(block.inputs)]
        kind, xs = self._kind(block), [x for _, _, x in reads]
        self.backs.append(partial(self._sent, kind, out, reads))
        if kind.computed:
            calls = kind.computed
            return steps + (calls.on(*xs, out) if calls.is_plain else self._called(calls, *xs, out))
        return [*steps, (assign, (out, kind.forward, ARRAYS, *xs))]

    def _sent(self, kind: Kind, out: Array, reads: Sequence[Read], upstream: Array) -> list[Step]:
        """The steps that send the gradient of an operation to each of its inputs."""
        wanted = self.exchange.wanted
        asked = [not wanted[rows.space].isdisjoint(rows.numbers) for rows, _, _ in reads]
        if kind.zeros and self._is_told(reads, kind.zeros):
            asked = [one and place not in kind.zeros for place, one in enumerate(asked)]
        if True not in asked:
            return []
        steps = self._again(reads) if self.exchange.is_large else []
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

    def _kind(self, block: Elementwise) -> Kind:
        """The kind of an operation; a constant power that makes a product of it is known there."""
        last = self._power(block.inputs[1]) if block.op is POW else None
        return kind_of(block.op, len(block.inputs), self.exchange.dtype, last)

    def _power(self, powers: Rows) -> float | None:
        """The constant that all powers are, where it makes products of them."""
        rows = set(powers.numbers)
        if powers.space is not Space.SHARED or not rows <= self.constants:
            return None
        first, *others = {self.exchange.values[Space.SHARED].item(row, 0) for row in rows}
        return first if not others and is_product(first) else None

    def _is_told(self, reads: Sequence[Read], zeros: Sequence[int]) -> bool:
        """Whether what is 0 times the gradient need not be sent: another input is told where that is not finite."""
        others = [rows for place, (rows, _, _) in enumerate(reads) if place not in zeros]
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
        self.backs.append(partial(self._sent_to_many, many, read))
        return steps + many.forward()

    def _sent_to_many(self, many: Many, read: Read, upstream: Array) -> list[Step]:
        """The steps that send the gradient of an operation to all of its many inputs at once."""
        rows, where, _ = read
        if not self.exchange.is_wanted(rows):
            return []
        steps = self._again([read]) if self.exchange.is_large else []
        shape = len(rows), upstream.shape[1]
        return steps + self.exchange.sent(rows, where, shape, partial(many.backward, upstream))

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
