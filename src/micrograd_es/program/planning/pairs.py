"""Sums with a weight for every pair, Σᵢⱼ wᵢⱼ·xᵢ·yⱼ: they are Σⱼ (Σᵢ wᵢⱼ·xᵢ)·yⱼ, a dense product and one for each y.

So are those of which some weights are missing: there is none for xᵢ with itself, or one for both orders. Where a pair
has several weights, as each term of vᵢ·vⱼ is in a factorisation machine, its weight is their sum.

An energy, a bilinear form, a layer of products: what is written as a product for each pair is a matrix between two
vectors.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from micrograd_es.ops import DIV, MUL, NEG
from micrograd_es.program.planning.gaps import is_full, tables
from micrograd_es.program.planning.terms import SCALING, Graph, Product, Sum

FEW = 4  # terms; fewer are no matrix


class Pair(NamedTuple):
    """A product of two varying factors: the first as an input with its weights, the other one, and the path to them."""

    product: Product
    other: int
    path: tuple[int, ...]

    @property
    def swapped(self) -> Pair:
        """The same with the other factor as the input."""
        return Pair(self.product._replace(input=self.other), self.product.input, self.path)


def take_apart(graph: Graph, terms: Sum) -> list[int]:
    """Put the products of two varying factors that have a weight for every pair in place; what these consist of.

    They may be those of several tables, Σₖ Σᵢⱼ wᵢⱼ·xₖᵢ·yₖⱼ. What they consist of may be part of other sums, too.
    """
    found = _found(graph, terms)
    if len(found) < FEW:
        return []
    taken: dict[int, Pair] = {}
    for together in _together(found):
        pairs = _table([pair for _, pair in together])
        for pair in pairs:
            terms.pairs.setdefault(pair.other, []).append(pair.product)
        if pairs:
            taken.update(together)
    count = len(terms.products)
    terms.products[:] = [term for place, term in enumerate(terms.products) if place not in taken]
    terms.bare[:] = [code for place, code in enumerate(terms.bare, count) if place not in taken]
    return [number for pair in taken.values() for number in pair.path]


def _together(found: dict[int, Pair]) -> list[list[tuple[int, Pair]]]:
    """The pairs, with their places, that are joined by the factors they have in common."""
    joined: dict[tuple[bool, int], list[tuple[int, Pair]]] = {}
    for place, pair in found.items():
        first, other = (False, pair.product.input), (True, pair.other)
        one, two = joined.setdefault(first, []), joined.setdefault(other, [])
        if one is not two:
            few, many = sorted((one, two), key=len)
            many += few
            for _, moved in few:
                joined[False, moved.product.input] = joined[True, moved.other] = many
            joined[first] = joined[other] = many
        joined[first].append((place, pair))
    return [sorted(pairs) for pairs in {id(pairs): pairs for pairs in joined.values()}.values()]


def _table(pairs: list[Pair]) -> list[Pair]:
    """The pairs where there is one or more for each x and y, in the order of a table; none where there is not.

    The y are the fewer of the two.
    """
    xs, ys = {pair.product.input for pair in pairs}, {pair.other for pair in pairs}
    different = len({(pair.product.input, pair.other) for pair in pairs})
    if min(len(xs), len(ys)) < 2 or different < FEW:
        return []
    turned = pairs if len(ys) <= len(xs) else [pair.swapped for pair in pairs]
    if different < len(xs) * len(ys):
        if not _are_table(turned):
            return []
        turned.sort(key=lambda pair: pair.other)
    return turned


def _are_table(pairs: Sequence[Pair]) -> bool:
    """Whether enough of the pairs are there: a matrix without its diagonal, or one half of it."""
    inputs: dict[int, set[int]] = {}
    for pair in pairs:
        inputs.setdefault(pair.other, set()).add(pair.product.input)
    sums = Counter([tuple(sorted(xs)) for xs in inputs.values()])
    different = sum(map(len, inputs.values()))
    found = tables(sums) if is_full(len(inputs), len(set().union(*sums)), different) else []
    return len(found) == 1 and len(found[0]) == len(sums)


def _found(graph: Graph, terms: Sum) -> dict[int, Pair]:
    """The products of two varying factors by their places among products and bare terms.

    One that others use too is none of them: they need what is in it. But w·x may be a part of several.
    """
    first, ops, _, users, varies = graph
    inputs = [*[term.input for term in terms.products], *[x if x >= 0 else ~x for x in terms.bare]]
    places = [i for i, x in enumerate(inputs) if x >= first and users[x] == 1 and ops[x] in SCALING and varies[x]]
    if len(places) < FEW:
        return {}
    every = [*terms.products, *map(_product, terms.bare)]
    looked_at = {place: _pair(graph, every[place]) for place in places if users[every[place].number] == 1}
    return {place: pair for place, pair in looked_at.items() if pair}


def _product(code: int) -> Product:
    """What is added or subtracted as it is, as a product."""
    return Product(code, code, ()) if code >= 0 else Product(~code, ~code, (), (), -1)


def _pair(graph: Graph, start: Product) -> Pair | None:
    """A term as shared factors and two varying ones; None where it is no such product."""
    first, ops, args, users, varies = graph
    weights, divisors, sign = list(start.weights), list(start.divisors), start.sign
    factors: list[int] = []
    path: list[int] = []
    waiting = [start.input]
    while waiting:
        number = waiting.pop()
        op = ops[number]
        if not varies[number]:
            weights.append(number)
            continue
        inside = number >= first and users[number] == 1
        if inside and op is MUL:
            waiting += args[number][::-1]
        elif inside and op is NEG:
            sign = -sign
            waiting.append(args[number][0])
        elif inside and op is DIV and not varies[args[number][1]]:
            divisors.append(args[number][1])
            waiting.append(args[number][0])
        elif len(factors) == 2:
            return None
        elif op is MUL and len(args[number]) == 2 and not all(varies[x] for x in args[number]):
            weight, x = sorted(args[number], key=varies.__getitem__)
            weights.append(weight)
            factors.append(x)
        else:
            factors.append(number)
            continue
        path.append(number)
    if len(factors) < 2 or not (weights or divisors):
        return None
    product = Product(start.number, factors[0], tuple(weights), tuple(divisors), sign)
    return Pair(product, factors[1], tuple(path))
