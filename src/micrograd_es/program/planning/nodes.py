"""Which sum belongs to which input, where both are the nodes of a graph: then its matrix is symmetric.

The sums of a tape stand in the order in which they are needed, and that of the nodes is lost. It is found by colours:
nodes that have different neighbours get different ones, as many times as it takes.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import product

LARGEST = 32  # nodes; looking for the order of more would take long
TRIES = 4, 2  # inputs that a sum is tried with, and the next sum, where several look the same

Neighbours = Sequence[frozenset[int]]


def as_nodes(neighbours: Neighbours) -> list[int] | None:
    """For each input the sum that is of the same node; None where there are no such pairs, or none are found.

    `neighbours` has for each sum the places of its inputs. Where several sums look the same, all nodes are their own
    neighbours, or none is, if that can be.

    >>> as_nodes([frozenset([0, 1]), frozenset([1, 2]), frozenset([0, 1, 2])])
    [0, 2, 1]
    """
    count = len(neighbours)
    if count > LARGEST or frozenset().union(*neighbours) != frozenset(range(count)):
        return None
    users = [frozenset([k for k, some in enumerate(neighbours) if i in some]) for i in range(count)]
    found = None
    for own in (True, False):
        for choices in product(*map(range, TRIES)):
            pairs = _Colours(neighbours, users).pairs(own, choices)
            if pairs and all(i in neighbours[pairs[j]] for i in range(count) for j in neighbours[pairs[i]]):
                if all((i in neighbours[k]) is own for i, k in enumerate(pairs)):
                    return pairs
                found = found or pairs
    return found


class _Colours:
    """The colours of `sums` and `inputs`, which are numbers: those of one colour have neighbours of the same ones."""

    def __init__(self, neighbours: Neighbours, users: Neighbours) -> None:
        self.neighbours, self.users = neighbours, users
        self.sums, self.inputs = [0] * len(users), [0] * len(users)
        self._spread()

    def pairs(self, own: bool, choices: Sequence[int]) -> list[int]:
        """For each input the sum of its colour; none where there is no such sum.

        As long as several sums look the same, one of them gets a colour of its own, with an input that is among its
        own or is not: of such inputs those of some places, and then always the first.
        """
        count, left = len(self.sums), [*reversed(choices)]
        while len({*self.sums}) < count:
            k = next(k for k, colour in enumerate(self.sums) if self.sums.count(colour) > 1)
            alike = [i for i, x in enumerate(self.inputs) if x == self.sums[k] and (i in self.neighbours[k]) is own]
            choice = left.pop() if left else 0
            if choice >= len(alike):
                return []
            self.sums[k] = self.inputs[alike[choice]] = count
            self._spread()
        of = {colour: k for k, colour in enumerate(self.sums)}
        return [of[colour] for colour in self.inputs] if set(self.inputs) == of.keys() else []

    def _spread(self) -> None:
        """Tell nodes apart by the colours of their neighbours, until there are no more colours."""
        before = 0
        while True:
            known: dict[Hashable, int] = {}
            sums = [
                (x, *sorted([self.inputs[i] for i in xs])) for x, xs in zip(self.sums, self.neighbours, strict=True)
            ]
            inputs = [(x, *sorted([self.sums[k] for k in xs])) for x, xs in zip(self.inputs, self.users, strict=True)]
            self.sums = [known.setdefault(key, len(known)) for key in sums]
            self.inputs = [known.setdefault(key, len(known)) for key in inputs]
            if len(known) == before:
                return
            before = len(known)
