"""Layers of which weights are missing: a matrix without its diagonal, a triangular one, one under a mask.

Each is one product, with 0 where there is no weight.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from micrograd_es.ops import MUL
from micrograd_es.program.planning.affinities import Affinity, Steps
from micrograd_es.program.planning.gaps import Inputs, tables
from micrograd_es.program.planning.order import Uses

MANY, SMALL = 4, 256  # so many products of so few weights are one ragged product
MISSING = -1  # stands for a weight that is missing

Weights = tuple[tuple[int, ...], ...]  # of each input that of every sum


class Layer(NamedTuple):
    """The sums of a layer and their inputs, at every position where it has the same weights."""

    weights: Weights
    members: list[list[int]]
    inputs: list[list[int]]

    @property
    def inputs_of(self) -> dict[int, Inputs]:
        """For each sum the inputs that all of its position have."""
        pairs = zip(self.members, map(tuple, self.inputs), strict=True)
        return {number: inputs for members, inputs in pairs for number in members}


def layers(steps: Steps, uses: Uses, graphs: Sequence[list[int]] = ()) -> list[Layer]:
    """The layers with missing weights among the sums of products of steps, and those of `graphs`, which are known.

    A product alone that is used as their sums are is one of these from here on; of the steps its operation is written,
    its arguments, and `affine`.
    """
    levels: dict[int, dict[Inputs, list[int]]] = {}
    known = set(chain.from_iterable(graphs))
    for number, affinity in steps.affine.items():
        if steps.varies[number] and number not in known:
            levels.setdefault(steps.level[number], {}).setdefault(affinity.inputs, []).append(number)
    groups = [*graphs, *[members for sums in levels.values() for members in _large_or_few(steps, _groups(steps, sums))]]
    alone = _alone(steps) if groups else {}
    found: dict[tuple[int, Weights], Layer] = {}
    for members in groups:
        level, inputs = steps.level[members[0]], {x for number in members for x in steps.affine[number].inputs}
        use = uses.of(members[0])
        for x in sorted(inputs):
            left = [number for number in alone.get((level, x), ()) if steps.ops[number] is MUL]  # no other layer's
            others = [number for number in left if uses.of(number) == use]
            _as_sums(steps, others, x)
            members += others
        weights, *position = _in_order(steps, members, sorted(inputs))
        layer = found.setdefault((level, weights), Layer(weights, [], []))
        for so_far, own in zip(layer[1:], position, strict=True):
            so_far.append(own)
    return list(found.values())


def _groups(steps: Steps, sums: Mapping[Inputs, list[int]]) -> list[list[int]]:
    """The sums of each table with gaps in which every weight has a place of its own."""
    found = [
        [number for key in keys for number in sums[key]]
        for keys in tables({key: len(members) for key, members in sums.items()})
    ]
    return [members for members in found if _differ([steps.affine[number] for number in members], steps)]


def _large_or_few(steps: Steps, groups: Sequence[list[int]]) -> list[list[int]]:
    """The sums of layers, without those of many different ones of few weights each: these are one ragged product."""
    affine = steps.affine
    sizes = [len(members) * len({x for number in members for x in affine[number].inputs}) for members in groups]
    small = {
        tuple(sorted([tuple(sorted(affine[number].weights)) for number in members]))
        for members, size in zip(groups, sizes, strict=True)
        if size <= SMALL
    }
    return [members for members, size in zip(groups, sizes, strict=True) if size > SMALL or len(small) < MANY]


def _in_order(steps: Steps, members: list[int], inputs: list[int]) -> tuple[Weights, list[int], list[int]]:
    """The weights, sums and inputs of a layer, in an order that is the same wherever these weights are."""
    known = {x: dict(zip(steps.affine[x].inputs, steps.affine[x].weights, strict=True)) for x in members}
    members = sorted(members, key=lambda number: sorted(known[number].values()))
    columns = {x: tuple([known[number].get(x, MISSING) for number in members]) for x in inputs}
    inputs = sorted(inputs, key=columns.__getitem__)
    return tuple([columns[x] for x in inputs]), members, inputs


def _differ(sums: Sequence[Affinity], steps: Steps) -> bool:
    """Whether no parameter stands twice, and most sums have weights of their own: a filter's are at all positions.

    In a symmetric matrix each stands twice.
    """
    counts = Counter(chain.from_iterable([affinity.weights for affinity in sums]))
    if 2 * len({tuple(sorted(affinity.weights)) for affinity in sums}) <= len(sums):
        return False
    twice = {w for w, n in counts.items() if n > 1 and w not in steps.constants}
    return not twice or (all(counts[w] == 2 for w in twice) and _is_symmetric(sums, twice))


def _is_symmetric(sums: Sequence[Affinity], twice: Container[int]) -> bool:
    """Whether weights that stand twice are where two sums have each other's input, as that of i and j and of j and i.

    >>> first, second, third = (Affinity(w, x, (), None, ()) for w, x in [((7, 8), (2, 3)), ((7,), (1,)), ((8,), (1,))])
    >>> _is_symmetric([first, second, third], {7, 8}), _is_symmetric([first, second, second], {7})
    (True, False)
    """
    met: dict[int, tuple[int, int]] = {}
    own: dict[int, int] = {}  # the input of each sum
    for place, affinity in enumerate(sums):
        for w, x in zip(affinity.weights, affinity.inputs, strict=True):
            if w not in twice:
                continue
            other, y = met.setdefault(w, (place, x))
            if other != place and (own.setdefault(place, y) != y or own.setdefault(other, x) != x):
                return False
    return len(set(own.values())) == len(own)


def _alone(steps: Steps) -> dict[tuple[int, int], list[int]]:
    """The products of a weight and an input that stand alone, by their level and the input."""
    ops, args, varies = steps.ops, steps.args, steps.varies
    found: dict[tuple[int, int], list[int]] = {}
    for number in steps.order:
        xs = args[number]
        if ops[number] is MUL and len(xs) == 2 and varies[xs[0]] is not varies[xs[1]]:
            found.setdefault((steps.level[number], xs[varies[xs[1]]]), []).append(number)
    return found


def _as_sums(steps: Steps, numbers: Sequence[int], x: int) -> None:
    """Make products of a weight and an input sums of one term."""
    for number in numbers:
        weight = next(w for w in steps.args[number] if w != x)
        steps.ops[number], steps.args[number] = None, (x,)
        steps.affine[number] = Affinity((weight,), (x,), (number,), None, ())
