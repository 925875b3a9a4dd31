"""Tables whose numbers stand one after the other in a list: their lines, and their columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

T = TypeVar("T")
Line = TypeVar("Line", bound=Sequence[Any])  # a list or a tuple


def each_of(numbers: Sequence[int], times: int) -> tuple[int, ...]:
    """Each number so many times, one after the other."""
    return tuple(numbers) if times == 1 else tuple([number for number in numbers for _ in range(times)])


def in_lines(numbers: Line, count: int) -> list[Line]:
    """What stands in lines of so many, line by line.

    >>> in_lines([1, 2, 3, 4, 5, 6], 2)
    [[1, 2], [3, 4], [5, 6]]
    """
    return [numbers[i : i + count] for i in range(0, len(numbers), count)]  # type: ignore[misc]


def in_columns(numbers: Line, count: int) -> list[Line]:
    """The same column by column.

    >>> in_columns([1, 2, 3, 4, 5, 6], 2)
    [[1, 3, 5], [2, 4, 6]]
    """
    return [numbers[i::count] for i in range(count)]  # type: ignore[misc]


def across(numbers: Sequence[T], count: int) -> list[T]:
    """What stands in lines of so many, read across them: the first of each line, then the second of each …

    >>> across([1, 2, 3, 4, 5, 6], 2)
    [1, 3, 5, 2, 4, 6]
    """
    return [x for column in in_columns(numbers, count) for x in column]
