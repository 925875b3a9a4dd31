"""The terms of sums: what sums are read as, and what they are read from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from micrograd_es.ops import DIV, MUL, NEG, Op

SCALING = (MUL, DIV, NEG)


class Graph(NamedTuple):
    """What is asked of a graph, by number: the row of the table, None before the `first` operation, the inputs, how
    many inputs it feeds, and whether it depends on the example."""

    first: int
    ops: Sequence[Op | None]
    args: Sequence[tuple[int, ...]]
    users: Sequence[int]
    varies: Sequence[bool]


class Product(NamedTuple):
    """A term of a sum: `number` is that of its outermost operation, `weights` and `divisors` what its input is scaled
    by, `sign` 1 or −1."""

    number: int
    input: int
    weights: tuple[int, ...]
    divisors: tuple[int, ...] = ()
    sign: int = 1


class Sum(NamedTuple):
    """The terms of a sum: products, and what else is added; what is subtracted stands there as ~number.

    `pairs` are the products of Σ weight·x for each y that they are multiplied by.
    """

    products: list[Product]
    bare: list[int]
    pairs: dict[int, list[Product]]
