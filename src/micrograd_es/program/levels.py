"""Levels and turns: which steps of a tape are computed together.

A step is on the level after that of the last of its inputs. In a regular tape what is alike stands on the same level.
In others few steps do; there the kinds of operations take turns, whatever the levels of their steps are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from itertools import chain

from micrograd_es.program.sums import Steps

SCATTERED = 64  # kinds of operations on all levels, from which on a tape may be irregular


def is_irregular(steps: Steps) -> bool:
    """Whether the levels have few operations of the same kind."""
    kinds = {(steps.level[number], steps.ops[number]) for number in steps.order}
    return len(kinds) > SCATTERED and len(steps.order) < 32 * len(kinds)


def levels_of(steps: Steps) -> tuple[list[list[int]], list[list[int]]]:
    """The steps that are the same for all examples, level by level, and those that are not."""
    found: tuple[list[list[int]], list[list[int]]] = [], []
    varies, level = steps.varies, steps.level
    for number in steps.order:
        levels, here = found[varies[number]], level[number]
        while len(levels) < here:
            levels.append([])
        levels[here - 1].append(number)
    return found


class Turns:
    """Steps kind by kind: of all that can be computed next, those of the kind that has the most urgent one.

    The more steps there are from a step to the last, the more urgent it is. The others wait, and more of their kind
    gather meanwhile. The products of a level stay together: the first of them stands for all.
    """

    def __init__(self, steps: Steps, levels: Sequence[list[int]]) -> None:
        self.steps, self.levels = steps, levels
        self.products = self._products() if steps.affine else {}
        self.height = self._heights()
        self.kinds = [0] * len(steps.level)
        self.waits = [0] * len(steps.level)  # for how many inputs a step waits
        self.users: defaultdict[int, list[int]] = defaultdict(list)
        self.free: list[int] = []  # the steps that wait for none
        known: dict[object, int] = {}
        for numbers in levels:
            self._read(numbers, known)

    def __iter__(self) -> Iterator[list[int]]:
        kinds, height, waits, users, free = self.kinds, self.height, self.waits, self.users, self.free
        ready: dict[int, list[int]] = {}  # the steps of each kind
        urgency: dict[int, int] = {}  # and how urgent the most urgent of them is
        queue: list[tuple[int, int]] = []
        while free or queue:
            for number in free:
                kind, urgent = kinds[number], height[number]
                if kind not in ready:
                    ready[kind] = [number]
                else:
                    ready[kind].append(number)
                    if urgent <= urgency[kind]:
                        continue
                urgency[kind] = urgent
                heappush(queue, (-urgent, kind))
            free = []
            urgent, kind = heappop(queue)
            if kind not in ready or urgency[kind] != -urgent:
                continue  # it had its turn, because of one that was more urgent
            members = ready.pop(kind)
            members = self.products.get(members[0], members)
            for number in members:
                for user in users.get(number, ()):
                    waits[user] -= 1
                    if not waits[user]:
                        free.append(user)
            yield members

    def _products(self) -> dict[int, list[int]]:
        """The products of each level that has any, by the first of them."""
        found = [[number for number in numbers if self.steps.ops[number] is None] for numbers in self.levels]
        return {numbers[0]: numbers for numbers in found if numbers}

    def _inputs(self, products: Sequence[int]) -> tuple[int, ...]:
        """All that some products read, and what is added to them."""
        args, affine = self.steps.args, self.steps.affine
        return tuple(chain.from_iterable([(*args[number], *affine[number].varying) for number in products]))

    def _heights(self) -> list[int]:
        """How many steps there are after each."""
        steps = self.steps
        args, height = steps.args, [0] * len(steps.level)
        for numbers in reversed(self.levels):
            if self.products:
                together = [number for number in numbers if steps.ops[number] is None]
                highest = max([height[number] for number in together], default=0)
                for number in together:
                    height[number] = highest
                for x in self._inputs(together):
                    height[x] = max(height[x], highest + 1)
            for number in numbers:
                here = height[number] + 1
                for x in args[number]:
                    if height[x] < here:
                        height[x] = here
        return height

    def _read(self, numbers: Sequence[int], known: dict[object, int]) -> None:
        """Note the kinds of the steps of a level, and what waits for what."""
        ops, args, varies, level = self.steps.ops, self.steps.args, self.steps.varies, self.steps.level
        kinds, waits, users = self.kinds, self.waits, self.users
        own = varies[numbers[0]]
        for number in numbers:
            key: object = ops[number]
            xs = args[number]
            if key is None:
                if number not in self.products:
                    continue
                key, xs = number, self._inputs(self.products[number])
            elif len(xs) == 2:
                key = key, varies[xs[0]], varies[xs[1]]
            elif len(xs) > 2:
                key = key, *[varies[x] for x in xs]
            kinds[number] = known.setdefault(key, len(known))
            count = 0
            for x in xs:
                if varies[x] is own and level[x]:
                    users[x].append(number)
                    count += 1
            if count:
                waits[number] = count
            else:
                self.free.append(number)
