"""Reading sums: additions, subtractions and the products in them, taken together however they were written.

A chain, a tree and one gate of many inputs are the same sum. A term that is a product of shared factors and one
varying factor is a weight and an input: w·x, −w·x, w·x/2, c·w·x. The weight is a number of its own where it is more
than one factor. What else is computed stays as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from micrograd_es.ops import ADD, DIV, INV, MUL, NEG, SAME, SUB, Op
from micrograd_es.program.pairs import SCALING, Graph, Product, taken_apart
from micrograd_es.program.repeats import repeats
from micrograd_es.program.tape import Tape


class Affinity(NamedTuple):
    """Σ weight·input + Σ bare: the terms in the order of their inputs' numbers; `products` are their own numbers."""

    weights: tuple[int, ...]
    inputs: tuple[int, ...]
    products: tuple[int, ...]
    shared: int | None
    varying: tuple[int, ...]


class Steps:
    """What there is to compute, once sums and their products are taken together.

    `order` are the numbers to compute, inputs first: an operation of `ops` on `args`, a sum where that is ADD, an
    affine sum where `affine` has the number. Numbers after those of the tape are made here. `varies` says for each
    number whether it depends on the example, and `level` how many steps of its own kind are before it. `zero` is the
    number of a constant 0, where there is one.
    """

    def __init__(self, tape: Tape) -> None:
        first = self.first = tape.first_entry
        self.ops: list[Op | None] = [None] * first
        self.ops += tape.entries.ops
        self.args: list[tuple[int, ...]] = [()] * first
        self.args += tape.entries.args
        self.repeats, zeros = repeats(tape, self.ops, self.args)
        self.zero = tape.first_constant + tape.constants.index(0) if 0 in tape.constants else None
        self.users = self._count_users(tape)
        self.varies = self._find_varying(tape)
        self.taken = bytearray(len(self.ops))  # 1 for what needs no step: a repeat, a part of a sum, a 0 without use
        for number in self.repeats:
            self.taken[number] = 1
        for number in zeros:
            if not self.users[number]:
                self.taken[number] = 1
                for x in self.args[number]:
                    self.users[x] -= 1
        self.claims: dict[int, int] = {}  # how many sums took a product in that several use
        self.affine: dict[int, Affinity] = {}
        self.pairs: dict[int, dict[int, list[Product]]] = {}  # of a sum: what it has with each y of Σ w·x·y
        self.made: dict[tuple[object, ...], int] = {}  # weights of several factors, and what is added of several terms
        self.level = [0] * len(self.ops)
        self.order: list[int] = []
        self._write(self._read())

    def _count_users(self, tape: Tape) -> list[int]:
        """How many inputs each number feeds; an output counts as one more."""
        repeats, args = self.repeats, self.args[self.first :]
        if repeats:
            args = [xs for x, xs in enumerate(args, self.first) if x not in repeats]
        outputs = [repeats.get(x, x) for x in tape.outputs]
        used = np.fromiter(chain.from_iterable((*args, outputs)), np.int64)
        users: list[int] = np.bincount(used, minlength=len(self.ops)).tolist()
        return users

    def _find_varying(self, tape: Tape) -> list[bool]:
        varies = [True] * tape.inputs + [False] * (self.first - tape.inputs)
        for xs in self.args[self.first :]:
            for x in xs:
                if varies[x]:
                    varies.append(True)
                    break
            else:
                varies.append(False)
        return varies

    # Reading, from the last sum to the first

    def _read(self) -> dict[int, tuple[list[Product], list[int]]]:
        """The terms of each sum that is no part of another, by its number: its products, and what else is added.

        What is subtracted stands there as ~number.
        """
        found = {}
        ops, taken = self.ops, self.taken
        for number in range(len(ops) - 1, self.first - 1, -1):
            op = ops[number]
            if (op is ADD or (op is SUB and self._is_sum(number))) and not taken[number]:
                found[number] = self._terms(number)
        self._leave_out(found)
        self._take_apart(found)
        return found

    def _take_apart(self, sums: dict[int, tuple[list[Product], list[int]]]) -> None:
        """Take the products of two varying factors out of sums that have a weight for every pair of them."""
        graph = Graph(self.first, self.ops, self.args, self.users, self.varies)
        for number, (products, bare) in sums.items():
            found = taken_apart(graph, products, bare)
            if found:
                self.pairs[number], products[:], bare[:], taken = found
                for part in taken:
                    self.taken[part] = 1

    def _leave_out(self, sums: dict[int, tuple[list[Product], list[int]]]) -> None:
        """Leave products out of sums that without them have the inputs of others: a neuron's own scaled input.

        Then they are operations by themselves, and added.
        """
        for number, count in self.claims.items():
            self.taken[number] = count == self.users[number]
        layers: dict[tuple[int, ...], list[int]] = {}
        for number, (products, _) in sums.items():
            if products:
                layers.setdefault(tuple(sorted([p.input for p in products])), []).append(number)
        alone = {members[0]: inputs for inputs, members in layers.items() if len(members) == 1}
        uses = Counter(chain.from_iterable(map(set, alone.values())))
        cores: dict[tuple[int, ...], list[int]] = {}
        for number, inputs in alone.items():
            core = tuple([x for x in dict.fromkeys(inputs) if uses[x] > 1])
            cores.setdefault(core, []).append(number)
            if len(inputs) == 1 and sums[number][0][0].number in self.claims:
                self._leave_out_of(number, sums[number], set())  # one product that others use is computed once
        for core, members in cores.items():
            if core and (len(members) > 1 or core in layers):
                for number in members:
                    self._leave_out_of(number, sums[number], set(core))

    def _leave_out_of(self, root: int, terms: tuple[list[Product], list[int]], core: set[int]) -> None:
        products, bare = terms
        every, products[:] = products[:], []
        for product in every:
            if product.input in core:
                core.remove(product.input)
                products.append(product)
                continue
            sign, number = product.sign, product.number
            while number != product.input:  # nothing of it is part of the sum any more
                self.taken[number] = 0
                if self.ops[number] is NEG:
                    sign = -sign
                number = next(x for x in self.args[number] if self.varies[x])
            bare.append(product.number if sign > 0 else ~product.number)

    def _is_sum(self, number: int) -> bool:
        """Whether a difference is more than one of two numbers that stand for themselves."""
        return any(
            x >= self.first and self.users[x] == 1 and self.ops[x] in (ADD, SUB, MUL, DIV, NEG)
            for x in self.args[number]
        )

    def _terms(self, root: int) -> tuple[list[Product], list[int]]:
        """The terms of a sum, through the sums inside it that nothing else uses."""
        first, users, ops, args, taken = self.first, self.users, self.ops, self.args, self.taken
        products: list[Product] = []
        bare: list[int] = []
        waiting = [root]
        while waiting:
            code = waiting.pop()
            number = code if code >= 0 else ~code
            op = ops[number]
            if number >= first and (users[number] == 1 or number == root):
                if op is ADD and code >= 0:
                    waiting += args[number][::-1]
                    taken[number] = 1
                    continue
                if op is SUB and code >= 0 and (number == root or self._is_sum(number)):
                    x, y = args[number]
                    waiting += (~y, x)
                    taken[number] = 1
                    continue
                if op is MUL or op is DIV or op is NEG:
                    product = self._product(number, 1 if code >= 0 else -1)
                    if product:
                        products.append(product)
                        continue
            elif op is MUL and len(args[number]) == 2 and self.varies[number]:
                x, y = args[number]
                if self.varies[x] is not self.varies[y]:  # w·x that others use as well, perhaps as this sum does
                    self.claims[number] = self.claims.get(number, 0) + 1
                    pair = (y, (x,)) if self.varies[y] else (x, (y,))
                    products.append(Product(number, *pair, (), 1 if code >= 0 else -1))
                    continue
            bare.append(code)
        taken[root] = 0
        return products, bare

    def _product(self, number: int, sign: int) -> Product | None:
        """The term as shared factors and one varying factor; None where it is no such product."""
        first, users, varies, ops = self.first, self.users, self.varies, self.ops
        if not varies[number]:
            return None
        if ops[number] is MUL and len(self.args[number]) == 2:  # nearly all of them are w·x
            weight, x = self.args[number]
            if varies[weight] is not varies[x]:
                if varies[weight]:
                    weight, x = x, weight
                if x < first or users[x] != 1 or ops[x] not in SCALING:
                    self.taken[number] = 1
                    return Product(number, x, (weight,), (), sign)
        weights: list[int] = []
        divisors: list[int] = []
        path: list[int] = []
        inner = number
        while True:
            op, xs = ops[inner], self.args[inner]
            if op is MUL:
                varying = [x for x in xs if varies[x]]
                if len(varying) != 1:
                    break
                weights += [x for x in xs if not varies[x]]
                following = varying[0]
            elif op is DIV and not varies[xs[1]]:
                divisors.append(xs[1])
                following = xs[0]
            elif op is NEG:
                sign = -sign
                following = xs[0]
            else:
                break
            path.append(inner)
            inner = following
            if inner < first or users[inner] != 1:
                break
        if not (weights or divisors):
            return None
        for part in path:
            self.taken[part] = 1
        return Product(number, inner, tuple(weights), tuple(divisors), sign)

    # Writing, from the first step to the last

    def _write(self, sums: dict[int, tuple[list[Product], list[int]]]) -> None:
        """The steps in order, with those that the sums are made of."""
        ops, taken = self.ops, self.taken
        for number in range(self.first, len(taken)):
            if taken[number]:
                continue
            if number not in sums:
                self._add(ops[number], self.args[number], number)
                continue
            products, bare = sums[number]
            if number in self.pairs:
                bare = [*bare, *self._write_pairs(self.pairs[number])]
            if products:
                self._write_products(number, products, bare)
            else:
                self._write_sum(bare, number)

    def _add(self, op: Op | None, xs: tuple[int, ...], number: int | None = None) -> int:
        """A step, under a number of its own or a new one."""
        varies, level = self.varies, self.level
        if number is None:
            number = self.new(any(varies[x] for x in xs))
        self.ops[number], self.args[number] = op, xs
        own = varies[number]
        deepest = 0
        for x in xs:
            if varies[x] is own and level[x] > deepest:
                deepest = level[x]
        level[number] = deepest + 1
        self.order.append(number)
        return number

    def new(self, varies: bool) -> int:
        """A number after all others."""
        self.ops.append(None)
        self.args.append(())
        self.varies.append(varies)
        self.level.append(0)
        return len(self.level) - 1

    def _write_sum(self, terms: Sequence[int], number: int | None = None) -> int:
        """A sum, and less what stands as ~number: the shared terms among themselves, then the varying ones."""
        plus = [x for x in terms if x >= 0]
        minus = [~x for x in terms if x < 0]
        if not minus:
            return self._write_total(plus, number)
        less = self._write_total(minus)
        return self._add(SUB, (self._write_total(plus), less), number) if plus else self._add(NEG, (less,), number)

    def _write_total(self, terms: list[int], number: int | None = None) -> int:
        if len(terms) == 1 and number is None:
            return terms[0]
        varies = self.varies
        shared = [x for x in terms if not varies[x]]
        if shared and len(terms) > 2 and len(shared) < len(terms):
            apart = self._write_total([x for x in terms if varies[x]])
            return self._add(ADD, (apart, self._write_total(shared)), number)
        return self._add(ADD if len(terms) > 1 else SAME, tuple(terms), number)

    def _write_products(self, number: int, products: list[Product], bare: list[int]) -> None:
        """A sum with products: weights of several factors first, then the products, then what is subtracted."""
        rows = _by_occurrence(products)
        if len(rows) > 1:
            self._write_sum([*(self._write_affine(row, []) for row in rows), *bare], number)
        elif all(product.sign < 0 for product in products):
            turned = [Product(p.number, p.input, p.weights, p.divisors) for p in products]
            self._write_sum([~self._write_affine(turned, []), *bare], number)
        else:
            late = [x for x in bare if x < 0 and self.varies[~x]]
            kept = [x for x in bare if x >= 0 or not self.varies[~x]]
            if late:
                self._write_sum([self._write_affine(products, kept), *late], number)
            else:
                self._write_affine(products, kept, number)

    def _write_pairs(self, pairs: dict[int, list[Product]]) -> list[int]:
        """Σ weight·x for each y, times y; what is subtracted as ~number."""
        if any(product.sign > 0 for products in pairs.values() for product in products):
            return [self._add(MUL, (self._write_affine(products, []), y)) for y, products in pairs.items()]
        turned = {y: [product._replace(sign=1) for product in products] for y, products in pairs.items()}
        return [~number for number in self._write_pairs(turned)]

    def _write_affine(self, products: Sequence[Product], bare: Sequence[int], number: int | None = None) -> int:
        """Σ weight·input + Σ bare; what is bare and computed later than the products is added to them later."""
        varies, level = self.varies, self.level
        terms = sorted([(p.input, self._weight(p), p.number) for p in products], key=itemgetter(0))
        inputs, weights, numbers = zip(*terms, strict=True)
        fixed = [x for x in bare if not varies[x if x >= 0 else ~x]]
        varying = [x for x in bare if x >= 0 and varies[x]]
        deepest = max([level[x] for x in inputs])
        late = [x for x in varying if level[x] > deepest]
        if late:
            varying = [x for x in varying if level[x] <= deepest]
        target = None if late else number
        shared = self._once(("sum", *sorted(fixed)), lambda: self._write_sum(fixed)) if fixed else None
        affinity = Affinity(weights, inputs, numbers, shared, tuple(varying))
        found = self._add(None, tuple(inputs) if target is None else inputs, target)
        self.affine[found] = affinity
        return self._write_sum([found, *late], number) if late else found

    def _weight(self, product: Product) -> int:
        """The number of a term's weight: its only factor, or a new number."""
        if len(product.weights) == 1 and product.sign > 0 and not product.divisors:
            return product.weights[0]
        key = product.weights, product.divisors, product.sign
        return self._once(key, lambda: self._write_weight(product))

    def _once(self, key: tuple[object, ...], write: Callable[[], int]) -> int:
        """The number of what all positions of a kernel have in common; it is written once."""
        found = self.made.get(key)
        if found is None:
            found = self.made[key] = write()
        return found

    def _write_weight(self, product: Product) -> int:
        if not product.weights:
            weight = self._add(INV, product.divisors[:1])
        elif len(product.weights) > 1:
            weight = self._add(MUL, product.weights)
        else:
            weight = product.weights[0]
        for divisor in product.divisors[0 if product.weights else 1 :]:
            weight = self._add(DIV, (weight, divisor))
        return weight if product.sign > 0 else self._add(NEG, (weight,))


def _by_occurrence(products: list[Product]) -> list[list[Product]]:
    """The terms as one sum; as several where each input stands at least twice on average.

    A sum over the outputs of a layer has all its inputs once an output: the first of each are a sum with the same
    inputs as the second of each, so that the layer's product is there again.
    """
    different = len({product.input for product in products})
    if different == 1 or len(products) < 2 * different:
        return [products]
    rows: list[list[Product]] = []
    seen: dict[int, int] = {}
    for product in products:
        turn = seen[product.input] = seen.get(product.input, -1) + 1
        if turn == len(rows):
            rows.append([])
        rows[turn].append(product)
    return rows
