"""Neurons inside sums: one that is added to others like it stays a neuron, as what a node takes from its neighbours.

A sum that nothing else uses is read as part of the one that it is in. Where that adds the results of other neurons with
the same weights, which are used elsewhere as well, one that it alone uses would be lost among its own terms. It may be
part of the sum where it is computed of one of them, as the last slope of Runge and Kutta is of the one before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from micrograd_es.ops import ADD
from micrograd_es.program.planning.terms import Graph, Sum

FEW, MANY = 64, 1000  # sums inside one, and numbers, that are looked at


def keep_neurons(graph: Graph, terms: dict[int, Sum], taken: bytearray) -> None:
    """Make neurons inside sums sums of their own, where these add results of the same ones.

    Written are the terms, and what is `taken`.
    """
    for root, whole in list(terms.items()):
        products, bare, _ = whole
        others = _neurons(graph, terms, bare) if products else None
        known = {product.weights for product in products} if others else set()
        alike = {x: _key(terms[x]) for x in others or () if known.issuperset([p.weights for p in terms[x].products])}
        waiting = _inside(graph, root, taken) if alike else []
        for _ in range(FEW):
            if not waiting:
                break
            number = waiting.pop()
            found = _part(graph, number, whole, taken)
            same = [x for x, key in alike.items() if key == _key(found)] if found and found.products else []
            if not found or not same or any(_needs(graph, found, x) for x in same):
                waiting += _inside(graph, number, taken)
                continue
            gone = {product.number for product in found.products}
            products[:] = [product for product in products if product.number not in gone]
            for x in found.bare:
                bare.remove(x)
            bare.append(number)
            terms[number] = found
            taken[number] = 0


def _neurons(graph: Graph, terms: Mapping[int, Sum], bare: Iterable[int]) -> list[int]:
    """The neurons whose results are added, also in sums of such results alone."""
    found: list[int] = []
    waiting = [x for x in bare if x in terms]
    for x in waiting:
        if _is_neuron(graph, terms[x]):
            found.append(x)
        elif not terms[x].products and len(waiting) < FEW:
            waiting += [y for y in terms[x].bare if y in terms]
    return found


def _is_neuron(graph: Graph, found: Sum) -> bool:
    """Whether a sum has several products, and adds nothing else that varies."""
    return len(found.products) > 1 and not any(graph.varies[x] for x in found.bare)


def _key(found: Sum) -> tuple[Any, ...]:
    """What neurons with the same weights have in common."""
    products = [(product.weights, product.divisors, product.sign) for product in found.products]
    return sorted(products), sorted(found.bare)


def _needs(graph: Graph, found: Sum, other: int) -> bool:
    """Whether a sum is computed of another number, or of so many that it may be."""
    waiting = [product.input for product in found.products]
    seen: set[int] = set()
    while waiting and len(seen) < MANY:
        number = waiting.pop()
        if number == other:
            return True
        if number > other and number not in seen:
            seen.add(number)
            waiting += graph.args[number]
    return len(seen) == MANY


def _inside(graph: Graph, number: int, taken: bytearray) -> list[int]:
    """The sums among the terms of one that are read as part of it."""
    return [x for x in graph.args[number] if x >= graph.first and graph.ops[x] is ADD and taken[x]]


def _part(graph: Graph, number: int, whole: Sum, taken: bytearray) -> Sum | None:
    """What a sum has of the terms of the one that it is in; None where it is not all of it."""
    inside = [number]
    ends: set[int] = set()
    for x in inside:
        deeper = _inside(graph, x, taken)
        inside += deeper
        ends.update(set(graph.args[x]).difference(deeper))
    products = [product for product in whole.products if product.number in ends]
    bare = [x for x in whole.bare if x in ends]
    return Sum(products, bare, {}) if len(products) + len(bare) == len(ends) else None
