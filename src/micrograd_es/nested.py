"""Nested lists, which stand for vectors and matrices: their shape, what is in them, and the names of their entries.

A vector of n numbers is a list of n, a matrix m×n a list of m rows of n each; a single number has the shape ().
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import prod
from typing import Any

Nested = Any  # a number or a Value, or a (nested) list of them
Shape = tuple[int, ...]


def lists(xs: Nested) -> Nested:
    """Anything nested (tuples, generators, arrays) as nested lists.

    >>> lists(((1, 2), range(2)))
    [[1, 2], [0, 1]]
    """
    return [lists(x) for x in xs] if isinstance(xs, Iterable) and not isinstance(xs, str | bytes) else xs


def shape(xs: Nested, role: str = "the nested list") -> Shape:
    """How many entries there are, level by level.

    >>> shape([[1, 2, 3], [4, 5, 6]]), shape([1, 2]), shape(7)
    ((2, 3), (2,), ())

    Raises ValueError, naming `role`, where the parts of one level differ in shape.
    """
    if not isinstance(xs, list):
        return ()
    parts = [shape(x, f"{role}[{i}]") for i, x in enumerate(xs)]
    for i, part in enumerate(parts):
        if part != parts[0]:
            raise ValueError(
                f"{role} is ragged: {role}[0] is {size(parts[0])} and {role}[{i}] is {size(part)};"
                " expected parts of one shape. Give every row the same length."
            )
    return (len(xs), *(parts[0] if parts else ()))


def size(of: Shape) -> str:
    """A shape as people write it.

    >>> size((2, 3)), size((4,)), size(())
    ('2×3', 'a list of 4', 'one number')
    """
    if not of:
        return "one number"
    return "×".join(map(str, of)) if len(of) > 1 else f"a list of {of[0]}"


def flat(xs: Nested) -> list[Any]:
    """The entries, row by row.

    >>> flat([[1, 2], [3, 4]]), flat(7)
    ([1, 2, 3, 4], [7])
    """
    return [entry for x in xs for entry in flat(x)] if isinstance(xs, list) else [xs]


def shaped(entries: Iterable[Any], into: Shape) -> Nested:
    """Entries that stand row by row, in a shape: what `flat` takes apart.

    >>> shaped([1, 2, 3, 4, 5, 6], (2, 3))
    [[1, 2, 3], [4, 5, 6]]
    """
    return _filled(iter(entries), into)


def _filled(entries: Iterator[Any], into: Shape) -> Nested:
    return [_filled(entries, into[1:]) for _ in range(into[0])] if into else next(entries)


def mapped(fn: Callable[..., Any], *xs: Nested) -> Nested:
    """fn of each entry, or of the entries at the same place of several nested lists.

    >>> mapped(lambda x, y: x * y, [[1, 2], [3, 4]], [[5, 6], [7, 8]])
    [[5, 12], [21, 32]]
    """
    return [mapped(fn, *parts) for parts in zip(*xs, strict=True)] if isinstance(xs[0], list) else fn(*xs)


def entry_names(name: str, of: Shape) -> list[str]:
    """What the entries of a vector or matrix are called, row by row, counted from 1 as in the lectures.

    >>> entry_names("x", (3,)), entry_names("W", (1, 2)), entry_names("f", ())
    (['x1', 'x2', 'x3'], ['W11', 'W12'], ['f'])
    >>> entry_names("W", (1, 12))[-1], entry_names("W0", (1, 2)), entry_names("b0", (2,))
    ('W1,12', ['W0_11', 'W0_12'], ['b0_1', 'b0_2'])
    """
    joint = "," if len(of) > 1 and max(of, default=0) > 9 else ""
    stem = f"{name}_" if of and name[-1:].isdigit() else name
    names = []
    for place in range(prod(of)):
        index = []
        for length in reversed(of):
            place, i = divmod(place, length)
            index.append(str(i + 1))
        names.append(stem + joint.join(reversed(index)))
    return names


def transposed(matrix: list[list[Any]], columns: int) -> list[list[Any]]:
    """Rows for columns; `columns` says how many there are where the matrix has no rows.

    >>> transposed([[1, 2, 3], [4, 5, 6]], 3)
    [[1, 4], [2, 5], [3, 6]]
    """
    return [[row[j] for row in matrix] for j in range(columns)]
