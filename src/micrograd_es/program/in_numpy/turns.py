"""What is added to rows that stand several times: a first part to every row, a second one to those that get two …"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from micrograd_es.program.arrays import Array
from micrograd_es.program.in_numpy.steps import Step, add_at, add_in_turns, add_sorted, set_in_turns
from micrograd_es.program.lists import each_of

BRIEF = 8  # examples up to which all parts of a row are added by one call
TERMS, NUMBERS = 128, 1 << 14  # rows that are added to at once, or more where they have not so many numbers

Turns = tuple[Sequence[int], Sequence[Sequence[int]]]


def is_brief(matrix: Array) -> bool:
    """Whether there are so few examples that parts are sorted by their rows, and not added in turns."""
    return bool(matrix.shape[1] <= BRIEF)


def added(
    matrix: Array, rows: Sequence[int], wanted: set[int], parts: Array, fresh: bool, of: Any | None = None
) -> list[Step]:
    """The steps that add parts to those rows of a matrix that are wanted, or set them where they are `fresh`.

    There is a part for each row, or `of` has its number for each. Of few examples they are always added.
    """
    if matrix.shape[1] == 1:
        return [_to_numbers(matrix, rows, wanted, parts, of)]
    of = np.arange(len(rows)) if of is None else of
    if is_brief(matrix):
        order, once, starts = _sorted_rows(rows, wanted)
        return [(add_sorted, (matrix, once, parts, of[order], starts))]
    step = set_in_turns if fresh else add_in_turns
    at_once = max(TERMS, NUMBERS // matrix.shape[1])
    return [
        (step, (matrix, np.array(once), parts, [of[places] for places in turns]))
        for once, turns in _in_turns(rows, wanted, at_once)
    ]


def _to_numbers(matrix: Array, rows: Sequence[int], wanted: set[int], parts: Array, of: Any | None) -> Step:
    """The step where every row is one number."""
    numbers = np.array(rows)
    if not wanted.issuperset(rows):
        asked = np.flatnonzero(np.isin(numbers, list(wanted)))
        numbers, of = numbers[asked], asked if of is None else of[asked]
    given = matrix.reshape(-1), numbers, parts.reshape(-1)
    return (np.add.at, given) if of is None else (add_at, (*given, of))


def as_table(numbers: tuple[int, ...]) -> tuple[slice, tuple[int, int], int] | None:
    """Rows that follow each other, if each stands as often as the others, all next to each other or all in turn.

    They are the rows once, the shape of a table in which each has a row or a column, and the axis to sum along.

    >>> as_table((5, 5, 6, 6, 7, 7)), as_table((5, 6, 7, 5, 6, 7)), as_table((5, 6, 6, 7))
    ((slice(5, 8, None), (3, 2), 1), (slice(5, 8, None), (2, 3), 0), None)
    """
    first, end, size = numbers[0], numbers[-1] + 1, len(numbers)
    count = max(end - first, 1)
    times = size // count
    if times * count != size:
        return None
    rows = range(first, end)
    if numbers[1] != first:
        return (slice(first, end), (times, count), 0) if numbers == tuple(rows) * times else None
    return (slice(first, end), (count, times), 1) if numbers == each_of(rows, times) else None


def _in_turns(rows: Sequence[int], wanted: set[int], at_once: int) -> Iterator[Turns]:
    """Each row once, those that stand the most often first; and the places of their first parts, their second ones …

    >>> list(_in_turns([5, 7, 7, 6, 7, 8, 6], {5, 6, 7}, 2))
    [([7, 6], [[1, 3], [2, 6], [4]]), ([5], [[0]])]
    """
    places: dict[int, list[int]] = {}
    for place, row in enumerate(rows):
        if row in wanted:
            places.setdefault(row, []).append(place)
    once = sorted(places, key=lambda row: -len(places[row]))
    for first in range(0, len(once), at_once):
        some = once[first : first + at_once]
        turns = zip_longest(*map(places.__getitem__, some))
        yield some, [[place for place in turn if place is not None] for turn in turns]


def _sorted_rows(rows: Sequence[int], wanted: set[int]) -> tuple[Any, Any, Any]:
    """How the rows that are wanted are sorted, which there are, and where each begins among the sorted ones."""
    numbers = np.array(rows)
    order = np.argsort(numbers, kind="stable")
    if not wanted.issuperset(rows):
        order = order[np.isin(numbers[order], list(wanted))]
    return order, *np.unique(numbers[order], return_index=True)
