"""Levels and turns: which steps of a tape are computed together.

A step is on the level after that of the last of its inputs. In a regular tape what is alike stands on the same level.
In others few steps do; there the kinds of operations take turns, whatever the levels of their steps are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush

from micrograd_es.program.sums import Steps

SCATTERED = 64  # kinds of operations on all levels, from which on a tape may be irregular


def is_irregular(steps: Steps) -> bool:
    """Whether the levels have few operations of the same kind."""
    kinds = {(steps.level[number], steps.ops[number]) for number in steps.order}
    return len(kinds) > SCATTERED and len(steps.order) < 32 * len(kinds)


def levels_of(steps: Steps) -> list[list[int]]:
    """The steps level by level: first those that are the same for all examples, then those that are not."""
    found: tuple[list[list[int]], list[list[int]]] = [], []
    varies, level = steps.varies, steps.level
    for number in steps.order:
        levels, here = found[varies[number]], level[number]
        while len(levels) < here:
            levels.append([])
        levels[here - 1].append(number)
    return found[False] + found[True]


def turns_of(steps: Steps) -> list[list[int]]:
    """The steps kind by kind: first those that are the same for all examples, then those that are not."""
    some: tuple[list[int], list[int]] = [], []
    for number in steps.order:
        some[steps.varies[number]].append(number)
    return [turn for numbers in some for turn in reversed(list(_Turns(steps, numbers)))]


class _Turns:
    """Some steps kind by kind, from the last to the first: all of a kind that no other step needs any more.

    It is always the turn of the kind with the most urgent step, that with the most steps before it. The steps of other
    kinds wait, and more gather meanwhile; and what is computed is soon needed. The products of a level stay together.
    """

    def __init__(self, steps: Steps, numbers: Sequence[int]) -> None:
        self.steps, self.numbers = steps, numbers
        self.missing = Counter([steps.level[number] for number in numbers if steps.ops[number] is None])
        self.needed = [0] * len(steps.level)  # how often
        self._count()
        self.kinds: dict[object, int] = {}
        self.ready: dict[int, list[int]] = {}  # the steps of a kind
        self.urgency: dict[int, int] = {}  # of the most urgent of them
        self.queue: list[tuple[int, int]] = []

    def __iter__(self) -> Iterator[list[int]]:
        self._offer([number for number in self.numbers if not self.needed[number]])
        while self.queue:
            urgent, kind = heappop(self.queue)
            if self.urgency.get(kind) == -urgent:  # else it had its turn already, with one that was more urgent
                del self.urgency[kind]
                turn = self.ready.pop(kind)
                yield turn
                self._offer(self._freed(turn))

    def _count(self) -> None:
        args, varies, needed = self.steps.args, self.steps.varies, self.needed
        for number in self.numbers:
            own = varies[number]
            for x in args[number]:
                if varies[x] is own:
                    needed[x] += 1
        for number in self.steps.affine if self.missing else ():
            for x in self.steps.affine[number].varying:
                needed[x] += 1

    def _offer(self, numbers: Iterable[int]) -> None:
        """Put steps that no other needs with those of their kind, and the kind into the queue."""
        ops, args, varies, level = self.steps.ops, self.steps.args, self.steps.varies, self.steps.level
        kinds, ready, urgency = self.kinds, self.ready, self.urgency
        for number in numbers:
            xs, urgent = args[number], level[number]
            key: object = ops[number]
            if key is None:
                key = urgent
            elif len(xs) == 2:
                key = key, varies[xs[0]], varies[xs[1]]
            elif len(xs) > 2:
                key = key, *[varies[x] for x in xs]
            kind = kinds.setdefault(key, len(kinds))
            if kind in ready:
                ready[kind].append(number)
            else:
                ready[kind] = [number]
            if urgent > urgency.get(kind, 0) and (ops[number] is not None or self._is_last(urgent)):
                urgency[kind] = urgent
                heappush(self.queue, (-urgent, kind))

    def _is_last(self, level: int) -> bool:
        """Whether this is the last product of its level."""
        self.missing[level] -= 1
        return not self.missing[level]

    def _freed(self, turn: Iterable[int]) -> list[int]:
        """The steps that no other needs any more."""
        args, level, needed, affine = self.steps.args, self.steps.level, self.needed, self.steps.affine
        found = []
        for number in turn:
            xs = args[number]
            if number in affine:
                xs += affine[number].varying
            for x in xs:
                needed[x] -= 1
                if not needed[x] and level[x]:
                    found.append(x)
        return found
