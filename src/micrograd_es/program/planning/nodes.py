"""Which sum belongs to which input, where both are the nodes of a graph: then its matrix is symmetric.

The sums of a tape stand in the order in which they are needed, and that of the nodes is lost. It is found by colours:
nodes that have different neighbours get different ones, as many times as it takes.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

LARGEST = 64  # nodes; looking for the order of more would take long
TRIES = 8  # inputs that a sum is tried with, where several are alike

Colours = list[int]


def as_nodes(neighbours: Sequence[frozenset[int]]) -> list[int] | None:
    """For each input the sum that is of the same node; None where there are no such pairs, or none are found.

    `neighbours` has for each sum the places of its inputs. Of several ways that in which most nodes are their own
    neighbours is taken.

    >>> as_nodes([frozenset([0, 1]), frozenset([1, 2]), frozenset([0, 1, 2])])
    [0, 2, 1]
    """
    count = len(neighbours)
    if count > LARGEST or frozenset().union(*neighbours) != frozenset(range(count)):
        return None
    users = [frozenset([k for k, some in enumerate(neighbours) if i in some]) for i in range(count)]
    sums, inputs = _coloured([0] * count, [0] * count, neighbours, users)
    alike = next((k for k in range(count) if sums.count(sums[k]) > 1), None)
    alike_to_it = [i for i in range(count) if alike is not None and inputs[i] == sums[alike]]
    tried: list[int | None] = [*alike_to_it[:TRIES]] or [None]
    several = [_paired(sums[:], inputs[:], alike, first, neighbours, users) for first in tried]
    found = [pairs for pairs in several if pairs and _is_symmetric([neighbours[k] for k in pairs])]
    return max(found, key=lambda pairs: sum([i in neighbours[k] for i, k in enumerate(pairs)]), default=None)


def _is_symmetric(neighbours: Sequence[frozenset[int]]) -> bool:
    """Whether all neighbours of a node have it for a neighbour."""
    return all(i in neighbours[j] for i, some in enumerate(neighbours) for j in some)


def _paired(
    sums: Colours,
    inputs: Colours,
    alike: int | None,
    first: int | None,
    neighbours: Sequence[frozenset[int]],
    users: Sequence[frozenset[int]],
) -> list[int] | None:
    """For each input the sum of its colour, once a sum and an input that look like others have one of their own."""
    count = len(sums)
    while alike is not None:
        if first is None:
            return None
        sums[alike] = inputs[first] = count
        sums, inputs = _coloured(sums, inputs, neighbours, users)
        alike = next((k for k in range(count) if sums.count(sums[k]) > 1), None)
        first = None if alike is None else next((i for i in range(count) if inputs[i] == sums[alike]), None)
    of = {colour: k for k, colour in enumerate(sums)}
    return [of[colour] for colour in inputs] if set(inputs) == of.keys() else None


def _coloured(
    sums: Colours, inputs: Colours, neighbours: Sequence[frozenset[int]], users: Sequence[frozenset[int]]
) -> tuple[Colours, Colours]:
    """The colours once those of neighbours tell no more nodes apart."""
    while True:
        keys: tuple[list[Hashable], list[Hashable]] = (
            [(sums[k], *sorted([inputs[i] for i in some])) for k, some in enumerate(neighbours)],
            [(inputs[i], *sorted([sums[k] for k in some])) for i, some in enumerate(users)],
        )
        known: dict[Hashable, int] = {}
        before = len({*sums, *inputs})
        sums, inputs = ([known.setdefault(key, len(known)) for key in side] for side in keys)
        if len(known) == before:
            return sums, inputs
