"""What need not be computed again: an operation that stands twice, and a sum with nothing but 0 added to it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from micrograd_es.ops import ADD, MUL, SUB, Op
from micrograd_es.program.tape import Tape


def repeats(tape: Tape, ops: Sequence[Op | None], args: list[tuple[int, ...]]) -> tuple[dict[int, int], Sequence[int]]:
    """What is the same number as one before it, and which; and what is 0, from the last to the first.

    In `args`, the inputs by number, the one before stands in its place, and sums lose what is 0: Python's sum begins
    with a 0, and an image is padded with zeros.

    >>> from micrograd_es.program.tape import Entries, Entry
    >>> entries = Entries([Entry(ADD, (2, 0)), Entry(ADD, (3, 1)), Entry(ADD, (0, 1))])
    >>> args = [(), (), (), *[entry.inputs for entry in entries]]
    >>> repeats(Tape(2, 0, [0.0], entries, [5], ["x", "y"]), [None] * 3 + [ADD] * 3, args)
    ({3: 0, 5: 4}, [])
    """
    first = tape.first_entry
    zeros = {number for number, x in enumerate(tape.constants, tape.first_constant) if x == 0}
    if not zeros and not _may_repeat(ops[first:], args[first:]):
        return {}, []
    found: dict[int, int] = {}
    known: dict[tuple[Op | None, tuple[int, ...]], int] = {}
    zeros_among, found_among = zeros.isdisjoint, found.keys().isdisjoint
    for number, op in enumerate(ops[first:], first):
        xs = args[number]
        if not found_among(xs):
            xs = args[number] = tuple([found.get(x, x) for x in xs])
        if not zeros_among(xs):
            if _is_zero(op, xs, zeros, tape):
                zeros.add(number)
            elif op is ADD:
                xs = args[number] = tuple([x for x in xs if x not in zeros])
            elif op is SUB and xs[1] in zeros:
                xs = args[number] = xs[:1]
        same = xs[0] if len(xs) == 1 and op in (ADD, SUB) else known.setdefault((op, xs), number)
        if same != number:
            found[number] = same
    return found, sorted([x for x in zeros if x >= first and x not in found], reverse=True)


def _is_zero(op: Op | None, xs: tuple[int, ...], zeros: set[int], tape: Tape) -> bool:
    """Whether an operation with a 0 among its inputs gives 0: a sum of nothing else, or a parameter times 0."""
    if op is ADD:
        return zeros.issuperset(xs)
    return op is MUL and all(tape.inputs <= x < tape.first_entry for x in xs)


def _may_repeat(ops: Sequence[Op | None], args: Sequence[tuple[int, ...]]) -> bool:
    """Whether two operations may be the same one on the same inputs: their sums of scrambled numbers are."""
    if not ops:
        return False
    rows = {op: i for i, op in enumerate(dict.fromkeys(ops), 1)}
    lengths = np.fromiter(map(len, args), np.int64, len(args))
    starts = np.cumsum(lengths) - lengths
    numbers = np.fromiter(chain.from_iterable(args), np.uint64, int(lengths.sum()))
    places = np.arange(len(numbers), dtype=np.uint64) - np.repeat(starts, lengths).astype(np.uint64)
    numbers = (numbers + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    numbers ^= numbers >> np.uint64(29)
    numbers *= places + places + np.uint64(1)
    marks = np.add.reduceat(numbers, starts)
    marks += np.fromiter(map(rows.__getitem__, ops), np.uint64, len(ops)) * np.uint64(0xC2B2AE3D27D4EB4F)
    marks.sort()
    return bool((marks[1:] == marks[:-1]).any())
