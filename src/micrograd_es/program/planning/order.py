"""The order of parameters, in which the weights of a product stand together, and that of the terms of sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from micrograd_es.program.planning.affinities import Affinity, Steps
from micrograd_es.program.tape import Tape


def parameter_order(tape: Tape, steps: Steps) -> list[int]:
    """The parameters in the order in which sums use them, so that the weights of a dense block stand together."""
    start, end = tape.inputs, tape.first_constant
    layers: dict[tuple[int, ...], list[Affinity]] = {}
    level: dict[tuple[int, ...], int] = {}
    for number, affinity in steps.affine.items():
        layers.setdefault(affinity.inputs, []).append(affinity)
        level[affinity.inputs] = steps.level[number]
    used: dict[int, None] = {}
    kernels = _kernels(layers, level)
    for inputs, sums in layers.items():
        for affinity in (*kernels.get((level[inputs], sums[0].weights[0]), ()), *sums):
            used.update(dict.fromkeys(affinity.weights))
        used.update(dict.fromkeys([a.shared for a in sums if a.shared is not None]))
    order = [x - start for x in used if start <= x < end]
    return list(dict.fromkeys([*order, *range(tape.parameters)]))


def in_stretch(weights: Sequence[int], inputs: Sequence[int]) -> tuple[list[int], bool]:
    """The order of terms in which the rows of their weights follow each other, or else those of their inputs do.

    And whether it is the first.

    >>> in_stretch([7, 5, 6], [1, 2, 3]), in_stretch([7, 5, 5], [3, 2, 1])
    (([1, 2, 0], True), ([2, 1, 0], False))
    """
    order = sorted(range(len(weights)), key=weights.__getitem__)
    if weights[order[-1]] - weights[order[0]] == len(weights) - 1 and len(set(weights)) == len(weights):
        return order, True
    return sorted(order, key=inputs.__getitem__), False


def _kernels(
    layers: Mapping[tuple[int, ...], list[Affinity]], level: Mapping[tuple[int, ...], int]
) -> dict[tuple[int, int], list[Affinity]]:
    """The sums of most terms by their level and each of their weights: at the edge of an image are parts of them.

    None where the sums of each level have as many terms.
    """
    if len({(level[inputs], len(inputs)) for inputs in layers}) == len(set(level.values())):
        return {}
    found: dict[tuple[int, int], list[Affinity]] = {}
    for inputs in sorted(layers, key=len, reverse=True):
        if len(inputs) > 2:
            for affinity in layers[inputs]:
                for weight in affinity.weights:
                    found.setdefault((level[inputs], weight), layers[inputs])
    return found
