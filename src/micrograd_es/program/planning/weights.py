"""Weights that are made of parameters: scaled, masked, divided by their length.

What is made for the weights of one product stands together, and so do the parameters that it is made of, in the order
of the weights: the matrix of a product is then the matrix of its parameters, of which something is computed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from micrograd_es.program.planning.affinities import Steps


class Purpose(NamedTuple):
    """The level of products, how many terms they have (0 where it is what they add), and how many steps away they are.

    What is for no product is first of all.
    """

    level: int = 0
    terms: int = 0
    away: int = 0


def made_for(steps: Steps) -> dict[int, Purpose]:
    """For which products a shared step computes weights, or what they add; only those that do are in it.

    Of several products the first of the longest counts: a recurrence begins with fewer terms than it goes on with.
    """
    found: dict[int, Purpose] = {}
    first = steps.first
    for number, affinity in steps.affine.items():
        level = steps.level[number]
        if max(affinity.weights) >= first:
            purpose = Purpose(level, len(affinity.weights))
            for x in affinity.weights:
                if x >= first and (x not in found or found[x].terms < purpose.terms):
                    found[x] = purpose
        if affinity.shared is not None and affinity.shared >= first:
            found.setdefault(affinity.shared, Purpose(level))
    waiting = list(found)
    for number in waiting:
        new = [x for x in steps.args[number] if x >= first and x not in found]
        purpose = found[number]
        found.update(dict.fromkeys(new, purpose._replace(away=purpose.away + 1)))
        waiting += new
    return found


def parameters_behind(steps: Steps, numbers: Collection[int]) -> Iterable[int]:
    """Numbers that are shared, but each that is computed as what it is computed of.

    Of several that are computed alike one after the other, c·w for every weight w, come all first inputs, then all
    second ones.
    """
    return _behind_each(steps, numbers) if max(numbers, default=0) >= steps.first else numbers


def _behind_each(steps: Steps, numbers: Iterable[int]) -> Iterator[int]:
    seen: set[int] = set()
    alike: list[int] = []
    for number in numbers:
        if number >= steps.first:
            alike.append(number)
        else:
            yield from _behind(steps, alike, seen)
            alike.clear()
            yield number
    yield from _behind(steps, alike, seen)


def _behind(steps: Steps, numbers: Iterable[int], seen: set[int]) -> Iterator[int]:
    columns = [tuple(numbers)]
    for column in columns:
        groups: dict[tuple[object, int], list[tuple[int, ...]]] = {}
        for x in column:
            if x < steps.first:
                yield x
            elif x not in seen:
                seen.add(x)
                xs = steps.args[x]
                groups.setdefault((steps.ops[x], len(xs)), []).append(xs)
        for rows in groups.values():
            columns += zip(*rows, strict=True)
