"""Levels: on which of them a step is computed, where there is a choice."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from micrograd_es.program.planning.affinities import Steps

STEPS = 4  # levels, from which on operations of a kind wait for each other
KINDS = 12  # of operations on so many levels, at most: a recurrence does the same few things at every step
SCATTERED = 64  # kinds of operations on all levels, from which on a tape may be irregular
FEW = 32  # operations of a kind on a level, on average; a tape with more is regular


def put_off(steps: Steps) -> None:
    """Move what is done alike on different levels to the level of the last one, where it can wait.

    Products of the same weights can, where all of them do: what is read from the state of a recurrent cell after every
    step is so one product at many positions after the last step, with all that follows; the cell itself cannot wait, as
    each step needs the one before. So can operations on many levels: what a loss does with the state of every step. Of
    the steps their levels are written.

    >>> from micrograd_es.ops import ADD, MUL, TANH
    >>> from micrograd_es.program.tape import Entries, Entry, Tape
    >>> first, states = [(MUL, (2, 0)), (MUL, (3, 1)), (ADD, (4, 5))], [(TANH, (0,)), (TANH, (1,))]
    >>> second = [(MUL, (2, 7)), (MUL, (3, 8)), (ADD, (9, 10))]
    >>> entries = Entries([Entry(*step) for step in first + states + second])
    >>> steps = Steps(Tape(2, 2, [], entries, [6, 11], ["x", "y", "v", "w"]))
    >>> steps.level[6], steps.level[11]
    (1, 2)
    >>> put_off(steps)
    >>> steps.level[6], steps.level[11]
    (2, 2)
    """
    level, varies = steps.level, steps.varies
    wait = _waiting(steps)
    for number in steps.order if wait else ():
        own = varies[number]
        before = [level[x] for x in steps.read(number) if varies[x] is own]
        level[number] = max([wait.get(number, 1), *[1 + x for x in before]])


def moved_up(steps: Steps, beside: Mapping[int, Sequence[int]], early: Sequence[int]) -> None:
    """Find the levels again, where sums have become part of others; each number is on that of what is `beside` it.

    `early` are levels on which all of it can be. Of the steps their levels are written.
    """
    order = sorted(steps.order, key=early.__getitem__)
    for number in order:
        steps.level[number] = 0
    _raise(steps, order, beside)
    put_off(steps)
    _raise(steps, order, beside)


def _raise(steps: Steps, order: Sequence[int], beside: Mapping[int, Sequence[int]]) -> None:
    """Put each step after all that it reads, and what is beside each other on one level, when the first is met."""
    level, varies, left = steps.level, steps.varies, set(order)
    for number in order:
        if number not in left:
            continue
        own, members = varies[number], beside.get(number, (number,))
        there = left.intersection(members)
        read = [level[x] for member in there for x in steps.read(member) if varies[x] is own]
        found = max([1 + max(read, default=0), *[level[member] for member in there]])
        for member in members:
            level[member] = found
        left -= there


def _waiting(steps: Steps) -> dict[int, int]:
    """What can wait for others like it, and the level of the last of these."""
    products = [members for members in _products(steps) if _spread(steps, members) > 1]
    operations = _operations(steps)
    last = _last(steps) if products or operations else []
    found: dict[int, int] = {}
    for members in products:
        end = max([steps.level[x] for x in members])
        if min([last[x] for x in members]) >= end:
            found.update(dict.fromkeys(members, end))
    for members in operations:
        most = max([last[x] for x in members])
        end = max([steps.level[x] for x in members if last[x] == most])
        free = [x for x in members if steps.level[x] <= end <= last[x]]
        if _spread(steps, free) >= STEPS:
            found.update(dict.fromkeys(free, end))
    return found


def _products(steps: Steps) -> Iterable[list[int]]:
    """The products of the same weights, which may stand in any order."""
    alike: dict[tuple[int, frozenset[int]], list[int]] = {}
    for number, affinity in steps.affine.items():
        if steps.varies[number]:
            alike.setdefault((len(affinity.weights), frozenset(affinity.weights)), []).append(number)
    return alike.values()


def _operations(steps: Steps) -> Iterable[list[int]]:
    """The operations of a kind that is on as many levels as a recurrence has steps; none where there are many kinds."""
    level, ops, varies = steps.level, steps.ops, steps.varies
    kinds = {(level[number], ops[number]) for number in steps.order if varies[number]}
    levels = Counter([op for _, op in kinds if op is not None])
    alike: dict[object, list[int]] = {op: [] for op, count in levels.items() if count >= STEPS}
    if len(alike) > KINDS:
        return ()
    for number in steps.order if alike else ():
        if varies[number] and ops[number] in alike:
            alike[ops[number]].append(number)
    return alike.values()


def _spread(steps: Steps, members: Sequence[int]) -> int:
    """On how many levels some numbers are."""
    return len({steps.level[x] for x in members})


def _last(steps: Steps) -> list[int]:
    """For each number that varies the last level on which it can be, so that there are no more levels than now."""
    last = [max([steps.level[number] for number in steps.order if steps.varies[number]])] * len(steps.level)
    for number in reversed(steps.order):
        if steps.varies[number]:
            for x in steps.read(number):
                last[x] = min(last[x], last[number] - 1)
    return last


def is_irregular(steps: Steps) -> bool:
    """Whether the levels have few operations of the same kind."""
    kinds = {(steps.level[number], steps.ops[number]) for number in steps.order}
    return len(kinds) > SCATTERED and len(steps.order) < FEW * len(kinds)


def gathered(steps: Steps) -> list[int]:
    """For each number the level on which it is computed: with others of its operation where they can be together.

    Each goes to the first of the levels on which it can be that has its operation, and to the last one where none has:
    what a recurrence does with its inputs is one operation at the beginning, and what it does with its states one at
    the end. A product stays on its first level.
    """
    late, varies, args = _latest(steps), steps.varies, steps.args
    found = steps.level[:]  # as what is computed with others, the sums of a product of two tables, has no step
    levels: dict[object, list[int]] = {}
    for number in steps.order:
        op, xs, own, end = steps.ops[number], args[number], varies[number], late[number]
        here = end
        if op is not None:
            start = 1
            for x in xs:
                if varies[x] is own and found[x] >= start:
                    start = found[x] + 1
            known = levels.setdefault((op, *[varies[x] for x in xs]), [])
            place = bisect_left(known, start)
            if place < len(known) and known[place] <= end:
                here = known[place]
            else:
                insort(known, end)
        found[number] = here
    return found


def _latest(steps: Steps) -> list[int]:
    """For each number the last level on which it can be; a product stays on its first."""
    varies, level, args = steps.varies, steps.level, steps.args
    late = [0] * len(level)
    for number in reversed(steps.order):
        here, xs, own = late[number], args[number], varies[number]
        if steps.ops[number] is None:
            here, xs = 0, steps.read(number)
        if not here:
            late[number] = here = level[number]
        for x in xs:
            if varies[x] is own and not 0 < late[x] < here:
                late[x] = here - 1
    return late
