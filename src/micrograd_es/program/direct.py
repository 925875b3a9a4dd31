"""Blocks of a long program as calls of NumPy: what they read is gathered, computed, and what they send back is added.

What is called is found once for each kind of operation (see `kinds`); for a block only its arrays are looked up, which
takes a tenth of the time of writing its lines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from micrograd_es.ops import LSE
from micrograd_es.program.arrays import ARRAYS, Array, ArrayMaths, SoftmaxMaths
from micrograd_es.program.blocks import Block, Elementwise, Rows, Space, Total, as_slice, is_run, many_rows
from micrograd_es.program.kinds import add_sorted, add_to, assign, kind_of, products, products_of_all
from micrograd_es.program.scatter import CONTRIBUTIONS, SORTED, sorted_rows
from micrograd_es.program.steps import Step

if TYPE_CHECKING:
    from micrograd_es.program.numpy_runner import Runner

# Rows that a block reads, where they are in their matrix (a slice, or an array of numbers), and their values. Where all
# rows are the same, it is one row, which broadcasts.
Read = tuple[Rows, Any, Array]
_SLOPES = SORTED - 1  # the room of the first of several contributions; those of the others are below it


class Direct:
    """The calls of blocks: `forward` for each in the order in which they run, then `backward` from the last."""

    def __init__(self, runner: Runner) -> None:
        self.runner, self.values, self.gradients = runner, runner.values, runner.gradients
        self.dtype = runner.values[Space.SHARED].dtype
        self.rooms: dict[tuple[int, tuple[int, int]], Array] = {}
        self.made: list[tuple[Array, Sequence[Read], Any]] = []  # what each block gives, what it reads, and its maths

    def takes(self, block: Block) -> TypeGuard[Elementwise | Total]:
        """Whether a block is one for direct calls; a sum that may need much room is not."""
        return isinstance(block, Elementwise) or (isinstance(block, Total) and not self.runner.is_large)

    # There

    def forward(self, block: Elementwise | Total) -> list[Step]:
        """The calls that compute a block."""
        out = self.values[block.out.space][as_slice(block.out)]
        if isinstance(block, Total):
            return self._total(block, out)
        together = many_rows(block) if len(block.inputs) > 2 else None
        if together:
            return self._many(block, together, out)
        steps: list[Step] = []
        reads = [self._read(slot, rows, steps) for slot, rows in enumerate(block.inputs)]
        self.made.append((out, reads, None))
        xs = [x for _, _, x in reads]
        kind = kind_of(block.op, len(xs), self.dtype)
        if kind.computed:
            return steps + kind.computed.on(*xs, out)
        return [*steps, (assign, (out, kind.forward, ARRAYS, *xs))]

    def _total(self, block: Total, out: Array) -> list[Step]:
        steps: list[Step] = []
        read = self._read(0, block.terms, steps, False)
        self.made.append((out, [read], None))
        if len(out) == 1:
            return [*steps, (np.dot, (self._ones(len(block.terms)).T, read[2], out))]
        terms = read[2].reshape(len(out), len(block.terms) // len(out), out.shape[1])
        return [*steps, (np.add.reduce, (terms, 1, None, out))]

    def _many(self, block: Elementwise, together: Rows, out: Array) -> list[Step]:
        """The calls that compute an operation of many inputs, which it gets as one array."""
        steps: list[Step] = []
        read = self._read(0, together, steps, False)
        whole = read[2].reshape(len(block.inputs), *out.shape)
        softmax = block.op is LSE and not self.runner.is_large
        maths = SoftmaxMaths(whole) if softmax else ArrayMaths(np, whole)
        self.made.append((out, [read], maths))
        kind = kind_of(block.op, len(block.inputs), self.dtype)
        return [*steps, (assign, (out, kind.forward, maths, *maths.parts))]

    def _read(self, slot: int, rows: Rows, steps: list[Step], may_broadcast: bool = True) -> Read:
        """Look up some rows, and gather them where they are apart."""
        numbers, matrix = rows.numbers, self.values[rows.space]
        first, count = numbers[0], len(numbers)
        if is_run(rows):
            where = slice(first, first + count)
        elif may_broadcast and numbers[-1] == first and len(set(numbers)) == 1:
            rows, where = Rows(rows.space, numbers[:1]), slice(first, first + 1)
        else:
            apart = np.array(numbers)
            return rows, apart, self._gathered(slot, rows, apart, steps)
        return rows, where, matrix[where]

    def _gathered(self, slot: int, rows: Rows, where: Array, steps: list[Step]) -> Array:
        """The room of rows that are apart, and the call that copies them there; in a large batch blocks share it."""
        runner, matrix = self.runner, self.values[rows.space]
        shape = (len(where), matrix.shape[1])
        if runner.is_large:
            room = self._room(slot, shape)
            if runner.held.get(slot) == rows:
                return room
            runner.held[slot] = rows
        else:
            room = np.empty(shape, matrix.dtype)
        steps.append((matrix.take, (where, 0, room, "clip")))
        return room

    def _room(self, slot: int, shape: tuple[int, int]) -> Array:
        """Room that blocks share."""
        room = self.rooms.get((slot, shape))
        if room is None:
            room = self.rooms[slot, shape] = self.runner.room(slot, shape)
        return room

    def _ones(self, count: int) -> Array:
        """A column of ones: a product with it is a sum."""
        ones: Array = self.runner.names[self.runner.ones(count)]
        return ones

    # Back

    def backward(self, block: Elementwise | Total) -> list[Step]:
        """The calls that send the gradient of a block back; none where nobody asks for it."""
        out, reads, maths = self.made.pop()
        wanted = self.runner.wanted_rows
        asked = [not wanted[rows.space].isdisjoint(rows.numbers) for rows, _, _ in reads]
        if True not in asked:
            return []
        upstream = self.gradients[block.out.space][as_slice(block.out)]
        if isinstance(block, Total):
            return self._to_terms(reads[0], upstream)
        steps = self._again(reads) if self.runner.is_large else []
        if maths:
            return steps + self._to_many(block, reads[0], upstream, out, maths)
        kind, xs = kind_of(block.op, len(reads), self.dtype), [x for _, _, x in reads]
        if not kind.computed:
            return steps + self._by_rule(reads, asked, upstream, (kind.local, out, *xs))
        for read, calls, one in zip(reads, kind.sent, asked):  # noqa: B905 (there are very many)
            if one and calls:
                steps += self._sent(read, upstream.shape, partial(calls.on, upstream, out, *xs))
            elif one:
                steps += self._sent(read, upstream.shape, partial(_copied, upstream), upstream)
        return steps

    def _again(self, reads: Sequence[Read]) -> list[Step]:
        """The calls that gather again what was gathered on the way forward, where its room was used since."""
        steps: list[Step] = []
        for slot, (rows, where, _) in enumerate(reads):
            if type(where) is not slice:
                self._gathered(slot, rows, where, steps)
        return steps

    def _by_rule(
        self, reads: Sequence[Read], asked: Sequence[bool], upstream: Array, given: tuple[Any, ...]
    ) -> list[Step]:
        """The calls where the slopes of all inputs come from one rule: what each is sent is computed before."""
        rooms = [self._room(_SLOPES - i, upstream.shape) if one else None for i, one in enumerate(asked)]
        steps: list[Step] = [(products, (upstream, rooms, *given))]
        for read, room in zip(reads, rooms, strict=True):
            if room is not None:
                steps += self._sent(read, room.shape, partial(_copied, room), room)
        return steps

    def _to_many(self, block: Elementwise, read: Read, upstream: Array, out: Array, maths: ArrayMaths) -> list[Step]:
        """The calls for an operation that has its inputs as one array."""
        local = kind_of(block.op, len(block.inputs), self.dtype).local
        given, shape = (upstream, local, maths, out), maths.whole.shape

        def write(room: Array) -> list[Step]:
            return [(products_of_all, (room.reshape(shape), *given))]

        return self._sent(read, (len(read[0]), shape[2]), write)

    def _to_terms(self, read: Read, upstream: Array) -> list[Step]:
        """The calls that send the gradients of sums to all their terms."""
        rows, where, _ = read
        count, columns = upstream.shape
        matrix, each = self.gradients[rows.space], len(rows) // count
        if type(where) is slice:
            target, spread = matrix[where].reshape(count, each, columns), upstream.reshape(count, 1, columns)
            return [(np.copyto, (target, spread)) if self._is_fresh(rows) else (np.add, (target, spread, target))]
        self._is_fresh(rows, False)
        order, once, starts = sorted_rows(rows)
        return [(add_sorted, (matrix, once, upstream, order // each, starts))]

    def _sent(
        self, read: Read, shape: tuple[int, int], write: Callable[[Array], list[Step]], found: Array | None = None
    ) -> list[Step]:
        """The calls that add a contribution of some shape to the gradients of what was read.

        `write` gives those that put it into some room; `found` is where it is already.
        """
        rows, where, _ = read
        matrix = self.gradients[rows.space]
        to = len(rows.numbers), matrix.shape[1]
        run = type(where) is slice
        unique = run or len(set(rows.numbers)) == to[0]
        fresh = self._is_fresh(rows, unique)
        if run and fresh and to == shape:
            return write(matrix[where])
        steps = []
        if found is None:
            found = self._room(CONTRIBUTIONS, shape)
            steps = write(found)
        if to != shape:  # its target has once what it has many times: the examples, or the members of the block
            total = matrix[where] if run and fresh else self._room(SORTED, to)
            if to[0] == shape[0]:
                steps.append((np.dot, (found, self._ones(shape[1]), total)))
            else:
                steps.append((np.add.reduce, (found, 0 if to[1] == shape[1] else None, None, total, True)))
            found = total
        if run:
            target = matrix[where]
            return steps if fresh and to != shape else [*steps, (np.add, (target, found, target))]
        if fresh and unique:
            return [*steps, (matrix.__setitem__, (where, found))]
        if unique:
            return [*steps, (add_to, (matrix, where, found))]
        order, once, starts = sorted_rows(rows)
        return [*steps, (add_sorted, (matrix, once, found, order, starts))]

    def _is_fresh(self, rows: Rows, is_set: bool = True) -> bool:
        """Whether this is the first that is sent to some rows; what is not set must be 0 before, as it is added to."""
        runner, space, numbers = self.runner, rows.space, rows.numbers
        touched = runner.touched[space]
        fresh = touched.isdisjoint(numbers)
        if not (fresh and is_set):
            runner.cleared[space].update(set(numbers).difference(touched))
        touched.update(numbers)
        return fresh


def _copied(found: Array, room: Array) -> list[Step]:
    return [(np.copyto, (room, found))]
