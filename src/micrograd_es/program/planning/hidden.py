"""Numbers in place of scores, as a mask has them: softmax([s, −10⁹, −10⁹]).

What is hidden is a constant, and its share e^(c − z) the same for all that are hidden in a row, which so has fewer
scores than the others. Each gets a number of its own here, which varies as scores do: then all rows are alike.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import NamedTuple

from micrograd_es.ops import ADD, EXP, LSE, MUL, SAME, SUB, Op

LOW = -1e4  # what stands in place of a score that is hidden is at most that


class Numbers(NamedTuple):
    """What is known by number: the row of the table, the inputs, how many inputs it feeds, whether it varies."""

    ops: list[Op | None]
    args: list[tuple[int, ...]]
    users: list[int]
    varies: list[bool]

    def add(self, op: Op, xs: tuple[int, ...]) -> int:
        """A number after all others, which varies."""
        self.ops.append(op)
        self.args.append(xs)
        self.users.append(0)
        self.varies.append(True)
        for x in xs:
            self.users[x] += 1
        return len(self.ops) - 1

    def change(self, number: int, xs: tuple[int, ...]) -> None:
        """Give a number other inputs."""
        for x in self.args[number]:
            self.users[x] -= 1
        self.args[number] = xs
        for x in xs:
            self.users[x] += 1


class Made(NamedTuple):
    """Numbers that are made: what is to be computed before a log Σ eˣ, and after it."""

    before: list[int]
    after: list[int]


def hidden(numbers: Numbers, first: int, low: Sequence[int], repeats: Container[int]) -> dict[int, Made]:
    """Give every hidden score a number of its own, and its share; what is made by the log Σ eˣ of its row.

    `low` are the constants that hide a score, from `first` on there are operations, of which `repeats` are no steps.
    """
    if not low:
        return {}
    ops, args, _, varies = numbers
    steps = [number for number in range(first, len(ops)) if number not in repeats]
    rows = [z for z in steps if ops[z] is LSE and varies[z] and not set(low).isdisjoint(args[z])]
    if not rows:
        return {}
    using: dict[int, list[int]] = {}
    for number in steps:
        for x in dict.fromkeys(args[number]):
            using.setdefault(x, []).append(number)
    return {z: _of_row(numbers, z, set(low), using) for z in rows}


def _of_row(numbers: Numbers, z: int, low: set[int], using: dict[int, list[int]]) -> Made:
    """Those of one row."""
    ops, args, users, _ = numbers
    made = Made([], [])
    scores = {c: [numbers.add(SAME, (c,)) for x in args[z] if x == c] for c in dict.fromkeys(args[z]) if c in low}
    made.before.extend([x for some in scores.values() for x in some])
    left = {c: iter(some) for c, some in scores.items()}
    numbers.change(z, tuple([next(left[x]) if x in left else x for x in args[z]]))
    for c, some in scores.items():
        for difference in using.get(z, ()):
            shares = using.get(difference, ())
            if args[difference] == (c, z) and ops[difference] is SUB and len(shares) == 1 and users[difference] == 1:
                numbers.change(difference, (some[0], z))
                if ops[shares[0]] is EXP:
                    made.after.extend(_shares(numbers, shares[0], z, some, using))
    return made


def _shares(numbers: Numbers, share: int, z: int, scores: Sequence[int], using: dict[int, list[int]]) -> Iterator[int]:
    """A share for each score but the first, and its difference; the products with it in a sum get them in turn.

    All of these shares are the same number, so that it is right whichever each product gets. Where the share is used in
    another way there is one.
    """
    ops, args, users, _ = numbers
    products = [x for x in using.get(share, ()) if ops[x] is MUL and users[x] == 1 and len(args[x]) == 2 and x in using]
    sums = {x: using[x][0] for x in products if ops[using[x][0]] is ADD}
    if len(sums) < users[share]:
        return
    every = [share]
    for score in scores[1:]:
        difference = numbers.add(SUB, (score, z))
        every.append(numbers.add(EXP, (difference,)))
        yield from (difference, every[-1])
    turns: dict[int, int] = {}
    for product, total in sums.items():
        root = _root(total, numbers, using)
        turn = turns[root] = turns.get(root, -1) + 1
        numbers.change(product, tuple([every[turn % len(every)] if x == share else x for x in args[product]]))


def _root(total: int, numbers: Numbers, using: Mapping[int, Sequence[int]]) -> int:
    """The sum that a sum is a part of, through all that only one other adds up."""
    while numbers.users[total] == 1 and (above := using.get(total)) and numbers.ops[above[0]] is ADD:
        total = above[0]
    return total
