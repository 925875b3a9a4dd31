"""Sums and products, of which either input may be written first: those of a block are written alike."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from micrograd_es.ops import ADD, LSE, MUL

SYMMETRIC = (ADD, MUL, LSE)  # their inputs may stand in any order: that of their rows

Args = list[tuple[int, ...]]  # the inputs of each number


def written_alike(groups: dict[tuple[object, ...], list[int]], args: Args) -> None:
    """Put x·w with w·x, where there is both, x varies and w does not; 2·X and X·3 stay two."""
    for op in (ADD, MUL):
        if (op, True, False) in groups and (op, False, True) in groups:
            turned, members = groups[op, True, False], groups[op, False, True]
            factors, others = {args[number][1] for number in turned}, {args[number][0] for number in members}
            if len(factors) > 1 or len(others) > 1 or factors == others:
                del groups[op, True, False]
                for number in turned:
                    args[number] = args[number][::-1]
                members += turned


def in_one_order(members: Sequence[int], args: Args, row: Sequence[int], varies: Sequence[bool]) -> None:
    """Put the inputs of each in the order of their rows; of two that vary, where these then follow each other more.

    Of a gate and what it lets through either may be written first.

    >>> args = [(), (), (), (), (0, 2), (3, 1)]
    >>> in_one_order([4, 5], args, range(6), [True] * 6)
    >>> args[4:]
    [(0, 2), (1, 3)]
    """
    xs = args[members[0]]
    if len(xs) > 2:
        for number in members:
            args[number] = tuple(sorted(args[number], key=lambda x: (varies[x], row[x])))
    elif len(xs) == 2 and varies[xs[0]] and varies[xs[1]]:
        pairs = [(row[x], row[y]) for x, y in [args[number] for number in members]]
        turned = [(a, b) if a < b else (b, a) for a, b in pairs]
        if turned != pairs and _breaks(turned) < _breaks(pairs):
            for number, (a, b) in zip(members, pairs, strict=True):
                args[number] = args[number] if a <= b else args[number][::-1]


def _breaks(pairs: Sequence[tuple[int, int]]) -> int:
    """How often rows do not follow each other, of the first and of the second of each pair."""
    return sum([(c != a + 1) + (d != b + 1) for (a, b), (c, d) in pairwise(sorted(pairs))])
