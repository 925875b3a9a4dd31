"""Sums with a weight for every pair, Σᵢⱼ wᵢⱼ·xᵢ·yⱼ: they are Σⱼ (Σᵢ wᵢⱼ·xᵢ)·yⱼ, a dense product and one for each y.

An energy, a bilinear form, a layer of products: what is written as a product for each pair is a matrix between two
vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from micrograd_es.ops import DIV, MUL, NEG, Op

FEW = 4  # pairs; fewer are no matrix
SCALING = (MUL, DIV, NEG)


class Product(NamedTuple):
    """A term of a sum: `number` is that of its outermost operation, `weights` and `divisors` what its input is scaled
    by, `sign` 1 or −1."""

    number: int
    input: int
    weights: tuple[int, ...]
    divisors: tuple[int, ...] = ()
    sign: int = 1


class Pair(NamedTuple):
    """A product of two varying factors: the first as an input with its weights, the other one, and what is taken up."""

    product: Product
    other: int
    path: tuple[int, ...]

    @property
    def swapped(self) -> Pair:
        """The same with the other factor as the input."""
        return Pair(self.product._replace(input=self.other), self.product.input, self.path)


class Graph(NamedTuple):
    """What is asked of a graph: see `Steps`."""

    first: int
    ops: Sequence[Op | None]
    args: Sequence[tuple[int, ...]]
    users: Sequence[int]
    varies: Sequence[bool]


def taken_apart(
    graph: Graph, products: list[Product], bare: list[int]
) -> tuple[dict[int, list[Product]], list[Product], list[int], list[int]] | None:
    """The products with each y, the terms that are left, and the numbers taken up; None where no matrix is found.

    The y are the fewer of the two. As in `Steps`, what is subtracted stands among the bare as ~number.
    """
    first, ops, _, users, _ = graph
    terms: list[Product | int] = [*products, *bare]
    inputs = [product.input for product in products] + [code if code >= 0 else ~code for code in bare]
    places = [i for i, x in enumerate(inputs) if x >= first and users[x] == 1 and ops[x] in SCALING]
    if len(places) < FEW:
        return None
    looked_at = {place: _pair(graph, _product(terms[place])) for place in places}
    found = {place: pair for place, pair in looked_at.items() if pair}
    pairs = list(found.values())
    xs, ys = {pair.product.input for pair in pairs}, {pair.other for pair in pairs}
    different = len({(pair.product.input, pair.other) for pair in pairs})
    if min(len(xs), len(ys)) < 2 or not FEW <= len(pairs) == different == len(xs) * len(ys):
        return None
    by_other: dict[int, list[Product]] = {}
    for pair in pairs if len(ys) <= len(xs) else [pair.swapped for pair in pairs]:
        by_other.setdefault(pair.other, []).append(pair.product)
    left = [term for place, term in enumerate(terms) if place not in found]
    return (
        by_other,
        [term for term in left if isinstance(term, Product)],
        [term for term in left if not isinstance(term, Product)],
        [number for pair in pairs for number in pair.path],
    )


def _product(term: Product | int) -> Product:
    """A term, also one that is added or subtracted as it is, as a product."""
    if isinstance(term, Product):
        return term
    return Product(term, term, ()) if term >= 0 else Product(~term, ~term, (), (), -1)


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
        elif len(factors) < 2:
            factors.append(number)
            continue
        else:
            return None
        path.append(number)
    if len(factors) < 2 or not (weights or divisors):
        return None
    product = Product(start.number, factors[0], tuple(weights), tuple(divisors), sign)
    return Pair(product, factors[1], tuple(path))
