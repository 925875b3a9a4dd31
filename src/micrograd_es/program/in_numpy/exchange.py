"""What blocks read from the matrices of values and send back to those of gradients, as steps.

Rows that follow each other are read where they are; others are gathered first. What is sent to rows is written there
by the first that sends something, and added by the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import numpy as np

from micrograd_es.program.arrays import Array
from micrograd_es.program.blocks import Rows, Space, as_slice, is_run
from micrograd_es.program.in_numpy.steps import Step, add_to, copied, summed, taken
from micrograd_es.program.in_numpy.turns import added, as_table, is_brief

ZEROS = 1 << 14  # numbers, up to which there are as many zeros to compare them with
CONTRIBUTIONS, SORTED, INNER, SLOPES = -1, -2, -3, -6  # rooms beside those of what is gathered: see Exchange.room

# Rows that a block reads, where they are in their matrix (a slice, or an array of numbers), and their values. Where all
# rows are the same, it is one row, which broadcasts.
Read = tuple[Rows, Any, Array]
Write = Callable[[Array], list[Step]]


class Exchange:
    """The matrices of a runner, and the rooms between them; the first so many shared rows are `leaves`.

    `touched` are the rows of gradients that something was sent to, `cleared` those that must be 0 before, `held` what
    is in the rooms as the steps go along: in a large batch blocks share them. `sums` is what leaves that are apart are
    sent, which is put in its places at the end. `same` are by row the gradients that are those of other rows as long as
    nothing is added to them, and are read there. `back` are the steps of the way back so far: those of a block follow
    when all of them are found, so that what has to be in place before is put there.
    """

    def __init__(
        self,
        values: Mapping[Space, Array],
        gradients: Mapping[Space, Array],
        wanted: Mapping[Space, set[int]],
        is_large: bool,
        leaves: int,
    ) -> None:
        self.values, self.gradients, self.wanted, self.is_large = values, gradients, wanted, is_large
        self.leaves = leaves
        self.dtype = values[Space.SHARED].dtype
        self.touched: dict[Space, set[int]] = {space: set() for space in Space}
        self.cleared: dict[Space, set[int]] = {space: set() for space in Space}
        self.held: dict[int, Rows] = {}
        self.sums: dict[Rows, Array] = {}
        self.same: dict[Space, dict[int, _Same]] = {space: {} for space in Space}
        self.back: list[Step] = []
        self.rooms: dict[int, Array] = {}
        self.made: dict[object, Array] = {}  # views of the rooms, and arrays that do not change, or hold one thing

    def is_wanted(self, rows: Rows) -> bool:
        """Whether a gradient is asked for in some of the rows."""
        return not self.wanted[rows.space].isdisjoint(rows.numbers)

    def kept(self, key: object, make: Callable[[], Array]) -> Array:
        """An array that is made when it is first asked for."""
        found = self.made.get(key)
        if found is None:
            found = self.made[key] = make()
        return found

    def ones(self, count: int) -> Array:
        """A column of ones: a product with it is a sum, in half the time of NumPy's own."""
        return self.kept(("ones", count), lambda: np.ones((count, 1), self.dtype))

    def zeros(self, shape: tuple[int, ...]) -> Array:
        """Zeros to compare an array of some shape with: as many, which NumPy does faster, or a single one."""
        some = shape if prod(shape) <= ZEROS else ()
        return self.kept(("zeros", some), lambda: np.zeros(some, self.dtype))

    @property
    def fixed(self) -> list[tuple[str, Array]]:
        """All ones and zeros so far, each with which of the two they are."""
        return [(key[0], x) for key, x in self.made.items() if isinstance(key, tuple) and key[0] in ("ones", "zeros")]

    def room(self, slot: int, shape: tuple[int, int]) -> Array:
        """Room that blocks share: all that they gather as their first, second, … has one, and what they send back."""
        found = self.made.get((slot, shape))
        if found is None:
            size, known = shape[0] * shape[1], self.rooms[slot].size if slot in self.rooms else -1
            if known < size:
                self.rooms[slot] = np.empty(max(size, 2 * known), self.dtype)
            found = self.made[slot, shape] = self.rooms[slot][:size].reshape(shape)
        return found

    # What is read

    def at(self, rows: Rows, may_broadcast: bool = True) -> tuple[Rows, Any]:
        """Where some rows are in their matrix; those that are all the same may be a single one, which broadcasts."""
        numbers = rows.numbers
        first, count = numbers[0], len(numbers)
        if count == 1 or is_run(rows):
            return rows, slice(first, first + count)
        if may_broadcast and numbers[-1] == first and len(set(numbers)) == 1:
            return Rows(rows.space, numbers[:1]), slice(first, first + 1)
        return rows, np.array(numbers)

    def read(self, slot: int, rows: Rows, steps: list[Step], may_broadcast: bool = True) -> Read:
        """Look up what a block reads as its first, second, … input, and gather it where it is apart."""
        rows, where = self.at(rows, may_broadcast)
        if type(where) is slice:
            return rows, where, self.values[rows.space][where]
        return rows, where, self.gathered(slot, rows, where, steps)

    def every(self, slot: int, rows: Rows, steps: list[Step]) -> Array:
        """The values of what a block reads, a row for each, also where all are the same."""
        return self.read(slot, rows, steps, False)[2]

    def gathered(self, slot: int, rows: Rows, where: Array, steps: list[Step]) -> Array:
        """The room of rows that are apart, and the step that copies them there, unless they are there already."""
        matrix = self.values[rows.space]
        shape = len(where), matrix.shape[1]
        if self.is_large:
            room = self.room(slot, shape)
            if self.held.get(slot) == rows:
                return room
            self.held[slot] = rows
        else:
            kept = self.made.setdefault((rows.space, rows.numbers), room := np.empty(shape, self.dtype))
            if kept is not room:
                return kept
        steps.append(taken(matrix, where, room))
        return room

    # What is sent back

    def sent(
        self, rows: Rows, where: Any, shape: tuple[int, int], given: Write | Array, slot: int = CONTRIBUTIONS
    ) -> list[Step]:
        """The steps that add a contribution of some shape to the gradients of rows that are somewhere.

        What is given are the steps that put it into a room: the gradients themselves, or that of the slot. Or it is an
        array that has it already, and keeps it.
        """
        if type(where) is slice:
            return self._to_run(rows, self.gradients[rows.space][where], shape, given, slot)
        if shape == (len(rows.numbers), 1) and self._are_leaves(rows):
            return self._summed_apart(rows, given, slot)
        return self._to_apart(rows, where, shape, given, slot)

    def sent_to_every(self, rows: Rows, columns: int, given: Write | Array) -> list[Step]:
        """The steps that add to the gradients of rows a contribution for each, of so many columns."""
        return self.sent(*self.at(rows, False), (len(rows), columns), given)

    def _to_run(self, rows: Rows, target: Array, shape: tuple[int, int], given: Write | Array, slot: int) -> list[Step]:
        """The steps that add a contribution to the gradients of rows that follow each other."""
        before = self._no_longer_same(rows)
        fresh = self.is_fresh(rows, True)
        if target.shape != shape:  # it has once what is sent many times: the examples, or the members of the block
            found, steps = self._found(given, slot, shape)
            total = target if fresh else self.room(SORTED, target.shape)
            steps.append(self._summed(found, shape, total))
            return steps if fresh else [*steps, (np.add, (target if before is None else before, total, target))]
        if not fresh:
            found, steps = self._found(given, slot, shape)
            return [*steps, (np.add, (target if before is None else before, found, target))]
        if not isinstance(given, np.ndarray):
            return given(target)
        self.same[rows.space].update(dict.fromkeys(rows.numbers, _Same(rows, given)))
        return []

    def _to_apart(
        self, rows: Rows, where: Array, shape: tuple[int, int], given: Write | Array, slot: int
    ) -> list[Step]:
        """The steps that add a contribution to the gradients of rows that are apart, or stand several times."""
        matrix = self.gradients[rows.space]
        whole = len(rows.numbers), matrix.shape[1]
        unique = len(set(rows.numbers)) == whole[0]
        table = None if unique else as_table(rows.numbers)
        fresh = self.is_fresh(rows, unique or table is not None or not is_brief(matrix))
        found, steps = self._found(given, slot, shape)
        if whole != shape:
            total = self.room(SORTED, whole)
            steps.append(self._summed(found, shape, total))
            found = total
        if unique:
            return [*steps, (matrix.__setitem__, (where, found)) if fresh else (add_to, (matrix, where, found))]
        if table:
            return steps + self._add_table(matrix, *table, found, fresh)
        return steps + added(matrix, rows.numbers, self.wanted[rows.space], found, fresh)

    def _add_table(
        self, matrix: Array, where: slice, sides: tuple[int, int], axis: int, found: Array, fresh: bool
    ) -> list[Step]:
        """The steps that add to rows that follow each other what each is sent several times."""
        target, parts = matrix[where], found.reshape(*sides, found.shape[1])
        total = target if fresh else self.room(INNER, target.shape)
        steps = [summed(parts, axis, np.expand_dims(total, axis))]
        return steps if fresh else [*steps, (np.add, (target, total, target))]

    def _found(self, given: Write | Array, slot: int, shape: tuple[int, int]) -> tuple[Array, list[Step]]:
        """Where a contribution is, and the steps that put it there."""
        if isinstance(given, np.ndarray):
            return given, []
        room = self.room(slot, shape)
        return room, given(room)

    def _are_leaves(self, rows: Rows) -> bool:
        """Whether nothing reads the gradients of some rows before the end of a run."""
        return rows.space is Space.SHARED and max(rows.numbers) < self.leaves

    def _summed_apart(self, rows: Rows, given: Write | Array, slot: int) -> list[Step]:
        """The steps that add up what is sent to leaves that are apart: the weights of a cell at each of its steps."""
        known = rows in self.sums
        sums = self.sums.setdefault(rows, np.empty((len(rows), 1), self.dtype))
        if not known:
            return copied(given, sums) if isinstance(given, np.ndarray) else given(sums)
        found, steps = self._found(given, slot, sums.shape)
        return [*steps, (np.add, (sums, found, sums))]

    def to_leaves(self) -> list[Step]:
        """The steps that put into their places, at the end of a run, what was added up apart, and is elsewhere."""
        steps: list[Step] = []
        for rows, sums in self.sums.items():
            steps += self._to_apart(rows, self.at(rows, False)[1], sums.shape, sums, CONTRIBUTIONS)
        for space, same in self.same.items():
            self._copy(Rows(space, tuple(same)))
        return steps

    def _summed(self, found: Array, shape: tuple[int, int], total: Array) -> Step:
        """The step that sums a contribution to the shape of its target."""
        if len(total) == shape[0]:
            return np.dot, (found, self.ones(shape[1]), total)
        return summed(found, 0 if total.shape[1] == shape[1] else None, total)

    def is_fresh(self, rows: Rows, is_set: bool) -> bool:
        """Whether this is the first that is sent to some rows; what is not set must be 0 before, as it is added to."""
        numbers, touched = rows.numbers, self.touched[rows.space]
        fresh = touched.isdisjoint(numbers)
        if not (fresh or self.same[rows.space].keys().isdisjoint(numbers)):
            self._copy(rows)
        if not ((fresh and is_set) or touched.issuperset(numbers)):
            self.cleared[rows.space].update(set(numbers).difference(touched))
        touched.update(numbers)
        return fresh

    # Gradients that are those of other rows

    def upstream(self, rows: Rows) -> Array:
        """The gradients of what a block has computed, where they are; nothing is sent to it any more."""
        numbers = rows.numbers
        if not self.same[rows.space].keys().isdisjoint(numbers):
            found = self._no_longer_same(rows)
            if found is not None:
                return found
            self._copy(rows)
        return self.gradients[rows.space][numbers[0] : numbers[-1] + 1]

    def _no_longer_same(self, rows: Rows) -> Array | None:
        """The gradients of exactly these rows where they are those of others; from now on they are not."""
        same = self.same[rows.space].get(rows.numbers[0])
        if same is None or same.array is None or same.rows != rows:
            return None
        found, same.array = same.array, None
        return found

    def _copy(self, rows: Rows) -> None:
        """Have gradients put in place that are those of others, where they are of some of these rows."""
        known = self.same[rows.space]
        for row in rows.numbers:
            same = known.get(row)
            if same is not None and same.array is not None:
                self.back += copied(same.array, self.gradients[rows.space][as_slice(same.rows)])
                same.array = None


class _Same:
    """Rows whose gradients are those of others, and the array of these; None once they are not any more."""

    __slots__ = ("array", "rows")

    def __init__(self, rows: Rows, array: Array | None) -> None:
        self.rows, self.array = rows, array
