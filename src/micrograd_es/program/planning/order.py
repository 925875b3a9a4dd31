"""The order of a program's parameters: the weights of a product stand together."""

from __future__ import annotations

from collections.abc import Mapping

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
