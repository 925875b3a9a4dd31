"""Windows: the same weights over different inputs, as a convolution has them at each of its positions.

A position is some inputs and the sums over them. Positions are alike where, with their sums and the terms of these in
some order, all weights are the same shared numbers. That order is found by sorting, so it does not matter how the
function goes through kernels and positions. At the edge of a padded image some terms are missing: it is a position like
the others, where their inputs are 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from micrograd_es.program.planning.affinities import Affinity
from micrograd_es.program.planning.arrangement import in_stretch

APART = 4  # windows of one kernel among the sums of as many terms; where there were more, each would have few positions
MANY = 8  # terms of one kernel from which on it may have edges only, as it has on a small image
ENOUGH = 16  # positions that are a window however many there are
PADDED = 4  # a position at an edge has at least this part of the terms: the corner of 3×3, or of 5×5

Products = dict[tuple[int, ...], list[int]]  # the sums by their inputs
Weights = tuple[tuple[int, ...], ...]  # the rows of the weights, for each term that of every kernel


class Position(NamedTuple):
    """The sums at one position, kernel by kernel; `key` has their inputs, and `order` is that of their terms there.

    It is −1 for a term that is missing.
    """

    key: tuple[int, ...]
    members: Sequence[int]
    order: Sequence[int]

    def inputs(self, nothing: int) -> list[int]:
        """The inputs, term by term; `nothing` is the number of what is 0."""
        return [self.key[i] if i >= 0 else nothing for i in self.order]


class Window(NamedTuple):
    """Kernels that are the same at all their positions; `weights` are numbers, of each kernel term by term."""

    weights: Sequence[Sequence[int]]
    positions: Sequence[Position]

    @property
    def members(self) -> list[int]:
        """The sums: those of the first kernel at every position, then those of the second."""
        return [position.members[k] for k in range(len(self.weights)) for position in self.positions]

    @property
    def is_padded(self) -> bool:
        """Whether a position has less terms than there are weights."""
        return any(-1 in position.order for position in self.positions)


def windows(products: Products, affine: Mapping[int, Affinity], row: Sequence[int]) -> list[Window]:
    """The windows among products, which are taken out of them; `row` is where each number is.

    >>> affine = {n: Affinity((9, 8), (n, n + 1), (), None, ()) for n in (1, 2)}
    >>> (window,) = windows({(1, 2): [1], (2, 3): [2]}, affine, range(10))
    >>> window.weights, [position.inputs(0) for position in window.positions]
    ([[8, 9]], [[2, 1], [3, 2]])
    """
    if len(products) < 2:
        return []
    counts = Counter([(len(members), len(key)) for key, members in products.items()])  # by kernels and terms
    made = []
    for weights, positions in _padded(_positions(products, affine, row)).items():
        kernels, terms, count = len(weights[0]), len(weights), len(positions)
        if count > 1 and (kernels > 1 or count >= ENOUGH or APART * count >= counts[kernels, terms]):
            made.append(_window(positions, affine, row))
            for position in positions:
                del products[position.key]
    return made


def _positions(products: Products, affine: Mapping[int, Affinity], row: Sequence[int]) -> dict[Weights, list[Position]]:
    """The positions by their weights, of products that may have the same ones: they are as many, and alike in sum.

    Others are looked at only where they may be at an edge.
    """
    alike: dict[tuple[int, int, int], list[tuple[int, ...]]] = {}
    for key, members in products.items():
        total = sum([sum(affine[number].weights) for number in members])
        alike.setdefault((len(members), len(key), total), []).append(key)
    edges = {
        kernels
        for (kernels, terms, _), keys in alike.items()
        if kernels > 1 or terms > MANY or (terms > 2 and len(keys) > 1)
    }
    found: dict[Weights, list[Position]] = {}
    for (kernels, terms, _), keys in alike.items():
        if (len(keys) > 1 or kernels in edges) and kernels * terms > 1:
            for key in keys:
                weights, position = _in_order(key, products[key], affine, row)
                found.setdefault(weights, []).append(position)
    return found


def _padded(found: Mapping[Weights, list[Position]]) -> Mapping[Weights, list[Position]]:
    """The positions by their weights, those with some of the weights of others among these."""
    made: dict[Weights, list[Position]] = {}
    homes: dict[tuple[int, ...], Weights] = {}  # the weights of most terms by that of a term
    for weights in sorted(found, key=len, reverse=True):
        host = homes.get(weights[0], ())
        order = _places(weights, host) if len(host) <= PADDED * len(weights) else None
        if order is None:
            made[weights] = found[weights]
            for term in weights:
                homes.setdefault(term, weights)
        else:
            spread = [Position(p.key, p.members, [p.order[i] if i >= 0 else -1 for i in order]) for p in found[weights]]
            made[host] = made[host] + spread
    return made


def _places(some: Weights, every: Weights) -> list[int] | None:
    """For each of all terms its place among some, −1 where it is missing; None where they are others."""
    places, count = [], 0
    for term in every:
        known = count < len(some) and some[count] == term
        places.append(count if known else -1)
        count += known
    return places if every and count == len(some) else None


def _in_order(
    key: tuple[int, ...], members: Sequence[int], affine: Mapping[int, Affinity], row: Sequence[int]
) -> tuple[Weights, Position]:
    """A position with its sums and their terms in the order of their weights, and these."""
    rows = {number: [row[w] for w in affine[number].weights] for number in members}
    if len(members) > 1:
        members = _sorted(members, rows, affine, row)
    columns = list(zip(*map(rows.__getitem__, members), strict=True))
    order = sorted(range(len(columns)), key=columns.__getitem__)
    return tuple([columns[i] for i in order]), Position(key, members, order)


def _sorted(
    members: Sequence[int], rows: Mapping[int, list[int]], affine: Mapping[int, Affinity], row: Sequence[int]
) -> list[int]:
    """Sums in the order of their weights; of those with the same ones, turned kernels, by where others have them."""
    marks: dict[int, tuple[object, ...]] = {}
    for number in members:
        shared = affine[number].shared
        marks[number] = sorted(rows[number]), -1 if shared is None else row[shared]
    found = sorted(members, key=marks.__getitem__)
    if any(marks[a] == marks[b] for a, b in pairwise(found)):
        columns = [tuple(sorted(column)) for column in zip(*rows.values(), strict=True)]
        order = sorted(range(len(columns)), key=columns.__getitem__)
        found.sort(key=lambda number: (marks[number], [rows[number][i] for i in order]))
    return found


def _window(positions: list[Position], affine: Mapping[int, Affinity], row: Sequence[int]) -> Window:
    """Positions in the order of their inputs, of that first which is missing the least."""
    terms = range(len(positions[0].order))
    missing = [sum([position.order[i] < 0 for position in positions]) for i in terms]
    first = min(terms, key=missing.__getitem__)

    def place(position: Position) -> list[int]:
        inputs = [row[position.key[i]] if i >= 0 else -1 for i in position.order]
        return [inputs[first], *inputs]

    full = next(position for position in positions if -1 not in position.order)
    weights = [[affine[number].weights[i] for i in full.order] for number in full.members]
    order, is_stretch = in_stretch([row[w] for w in weights[0]], [row[full.key[i]] for i in full.order])
    if not is_stretch:
        weights = [[kernel[i] for i in order] for kernel in weights]
        positions = [position._replace(order=[position.order[i] for i in order]) for position in positions]
    return Window(weights, sorted(positions, key=place))
