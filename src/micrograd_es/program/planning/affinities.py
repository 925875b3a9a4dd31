"""What there is to compute, once sums are read: affine sums Σ weight·input + Σ bare, and all other operations.

The weight of a term is a number of its own where it is more than one factor: −w, w/2, c·w.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import chain
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from micrograd_es.ops import ADD, DIV, INV, MUL, NEG, SUB, Op
from micrograd_es.program.planning.hidden import LOW, Made, Numbers, hidden
from micrograd_es.program.planning.repeats import repeats
from micrograd_es.program.planning.sums import Sums
from micrograd_es.program.planning.terms import Graph, Product, Sum
from micrograd_es.program.tape import Tape

ALIKE = 4  # terms of a sum that are computed alike, from which on they stay together

_NOTHING = Made([], [])


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
    number whether it depends on the example, and `level` how many steps of its own kind are before it. `totals` are the
    sums that are no products of weights and inputs, and `users` says how often each number of the tape is used. `zero`
    and `one` are the numbers of constants 0 and 1, where there are such, `constants` are the numbers of all of them,
    and `repeats` has for each number that need not be computed again the one that it repeats. `outputs` are the numbers
    that are asked for.

    What comes after this says what it writes of it: levels are put off, sums that are one product become one step.
    """

    def __init__(self, tape: Tape) -> None:
        first = self.first = tape.first_entry
        self.ops: list[Op | None] = [None] * first
        self.ops += tape.entries.ops
        self.args: list[tuple[int, ...]] = [()] * first
        self.args += tape.entries.args
        self.repeats, zeros = repeats(tape, self.ops, self.args)
        self.constants = range(tape.first_constant, first)
        self.zero, self.one = tape.constant(0), tape.constant(1)
        self.outputs = {self.repeats.get(x, x) for x in tape.outputs}
        self.users = self._count_users(tape)
        self.varies = self._find_varying(tape)
        low = [x for x in self.constants if tape.constants[x - tape.first_constant] <= LOW]
        self.end = len(self.ops)  # of the tape
        self.hidden = hidden(Numbers(self.ops, self.args, self.users, self.varies), first, low, self.repeats)
        self.taken = self._left_out(zeros)  # 1 for what needs no step: these, and what sums take in
        self.affine: dict[int, Affinity] = {}
        self.made: dict[tuple[object, ...], int] = {}  # weights of several factors, and what is added of several terms
        self.longest: dict[tuple[int, ...], int] | None = None  # of the sums with each weight, once it is asked for
        self.totals: list[int] = []
        self.tables: dict[int, str] = {}  # what is in a table of `inner`: a name of it
        self.level = [0] * len(self.ops)
        self.order: list[int] = []
        graph = Graph(first, self.ops, self.args, self.users, self.varies)
        self._write(Sums(graph, self.taken, self.constants, tape.outputs, self.one).terms)

    def _left_out(self, zeros: Sequence[int]) -> bytearray:
        """A 1 for each repeat, for each 0 that nothing uses, and for what is needed for these alone.

        The zeros are given from the last to the first.
        """
        found = bytearray(len(self.ops))
        for number in self.repeats:
            found[number] = 1
        waiting = [*reversed(zeros)]
        while waiting:
            number = waiting.pop()
            if not self.users[number] and not found[number]:
                found[number] = 1
                for x in self.args[number]:
                    self.users[x] -= 1
                    if x >= self.first and not self.users[x]:
                        waiting.append(x)
        return found

    def _count_users(self, tape: Tape) -> list[int]:
        """How many inputs each number feeds; an output counts as one more."""
        outputs = [self.repeats.get(x, x) for x in tape.outputs]
        used = np.fromiter(chain(chain.from_iterable(self.args[self.first :]), outputs), np.int64)
        users: list[int] = np.bincount(used, minlength=len(self.ops)).tolist()
        for number in self.repeats:
            for x in self.args[number]:
                users[x] -= 1
        return users

    def _find_varying(self, tape: Tape) -> list[bool]:
        """Whether each number depends on an input."""
        varies = [True] * tape.inputs + [False] * (self.first - tape.inputs)
        for xs in self.args[self.first :]:
            for x in xs:
                if varies[x]:
                    varies.append(True)
                    break
            else:
                varies.append(False)
        return varies

    def _write(self, sums: dict[int, Sum]) -> None:
        """The steps in order, with those that the sums are made of."""
        args, taken = self.args, self.taken
        for number in range(self.first, self.end):
            if taken[number]:
                continue
            if number not in sums:
                around = self.hidden.get(number, _NOTHING)
                for x in (*around.before, number, *around.after):
                    self._put(x, args[x])
                continue
            products, bare, pairs = sums[number]
            if pairs:
                bare = [*bare, *self._write_pairs(pairs)]
            if products:
                self._write_products(number, self._rows(products, sums), bare)
            else:
                self._write_sum(bare, number)

    def _add(self, op: Op | None, xs: tuple[int, ...], number: int | None = None) -> int:
        """A step, under a number of its own or a new one."""
        if number is None:
            number = self.new(any(self.varies[x] for x in xs))
        self.ops[number], self.args[number] = op, xs
        self._put(number, xs)
        return number

    def _put(self, number: int, xs: tuple[int, ...]) -> None:
        """Put a step after those that it reads."""
        varies, level = self.varies, self.level
        own = varies[number]
        deepest = 0
        for x in xs:
            if varies[x] is own and level[x] > deepest:
                deepest = level[x]
        level[number] = deepest + 1
        self.order.append(number)

    def read(self, number: int) -> tuple[int, ...]:
        """What a step reads: of a sum of products its inputs and what varies of all that it adds, not its weights."""
        found = self.args[number]
        return found + self.affine[number].varying if number in self.affine else found

    def new(self, varies: bool) -> int:
        """A number after all others."""
        self.ops.append(None)
        self.args.append(())
        self.varies.append(varies)
        self.level.append(0)
        return len(self.level) - 1

    @cached_property
    def reads_of_made(self) -> Counter[int]:
        """How many steps read each number that is made: a weight of several factors may be in several sums."""
        read = [self.args[number] for number in self.order]
        read += [affinity.weights for affinity in self.affine.values()]
        read.append(tuple([a.shared for a in self.affine.values() if a.shared is not None]))
        return Counter(chain.from_iterable(read))

    def _write_sum(self, terms: Sequence[int], number: int | None = None) -> int:
        """A sum, and less what stands as ~number: the shared terms among themselves, then the varying ones.

        Where it has a number already, as a sum that was recorded has, it has several terms.
        """
        plus = [x for x in terms if x >= 0]
        minus = [~x for x in terms if x < 0]
        if not minus:
            return self._write_total(plus, number)
        less, varies = self._write_total(minus), self.varies
        if not plus:
            return self._add(NEG, (less,), number)
        fixed = [x for x in plus if not varies[x]]
        if fixed and varies[less] and len(fixed) < len(plus):  # a penalty beside a loss is added to the rest of it
            rest = self._add(SUB, (self._write_total([x for x in plus if varies[x]]), less))
            return self._add(ADD, (rest, self.fixed(fixed)), number)
        return self._add(SUB, (self._write_total(plus), less), number)

    def fixed(self, terms: Sequence[int]) -> int:
        """A sum that is the same for all examples, which is written once."""
        return self._once(("sum", *sorted(terms)), lambda: self._write_sum(terms))

    def _write_total(self, terms: list[int], number: int | None = None) -> int:
        """A sum, that of all shared terms and that of all varying ones where it has both; a single term is itself.

        Of shared terms alone it is that of the constants, and that of all others.
        """
        if len(terms) == 1:
            return terms[0]
        varies, constants = self.varies, self.constants
        fixed = [x for x in terms if not varies[x]]
        if len(fixed) == len(terms):
            fixed = [x for x in terms if x in constants]
        if fixed and len(terms) > 2 and len(fixed) < len(terms):
            known = set(fixed)
            apart = self._write_total([x for x in terms if x not in known])
            return self._add(ADD, (apart, self.fixed(fixed)), number)
        total = self._add(ADD, tuple(terms), number)
        self.totals.append(total)
        return total

    def _rows(self, products: list[Product], sums: dict[int, Sum]) -> list[list[Product]]:
        """The terms as one sum, or as several; as one where they are some of those of a kernel, at its edge."""
        rows = _by_occurrence(products)
        if len(rows) > 1:
            if self.longest is None:
                self.longest = _longest(sums)
            if all(self.longest.get(product.weights, 0) > len(products) for product in products):
                return [products]
        return rows

    def _write_products(self, number: int, rows: list[list[Product]], bare: list[int]) -> None:
        """A sum with products: weights of several factors first, then the products, then what is subtracted."""
        products = rows[0]
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
            return [self._add(MUL, (self._write_factor(products), y)) for y, products in pairs.items()]
        turned = {y: [product._replace(sign=1) for product in products] for y, products in pairs.items()}
        return [~number for number in self._write_pairs(turned)]

    def _write_factor(self, products: Sequence[Product]) -> int:
        """Σ weight·x as a factor, which is written once for all that it is a factor of."""
        found = self._once_each(products)
        return self._once(tuple([p[1:] for p in found]), lambda: self._write_affine(found, []))

    def _once_each(self, products: Sequence[Product]) -> Sequence[Product]:
        """Products with one weight for each input, the sum of those that it has."""
        alike: dict[int, list[Product]] = {}
        for product in products:
            alike.setdefault(product.input, []).append(product)
        if len(alike) == len(products):
            return products
        return [some[0] if len(some) == 1 else self._in_one(some) for some in alike.values()]

    def _in_one(self, products: Sequence[Product]) -> Product:
        """Products with the same input as one."""
        number, x, *_ = products[0]
        weights = sorted([self.weight(p.weights, p.divisors, p.sign) for p in products])
        return Product(number, x, (self.fixed(weights),))

    def _write_affine(self, products: Sequence[Product], bare: Sequence[int], number: int | None = None) -> int:
        """Σ weight·input + Σ bare; what is bare and computed later than the products is added to them later."""
        varies, level = self.varies, self.level
        terms = [
            (x, ws[0] if sign > 0 and len(ws) == 1 and not divisors else self.weight(ws, divisors, sign), own)
            for own, x, ws, divisors, sign in products
        ]
        terms.sort(key=itemgetter(0))
        inputs, weights, numbers = zip(*terms, strict=True)
        fixed = [x for x in bare if not varies[x if x >= 0 else ~x]]
        varying = [x for x in bare if x >= 0 and varies[x]]
        deepest = max([level[x] for x in inputs])
        late = [x for x in varying if level[x] > deepest]
        if late:
            varying, late = self._with_their_kind(late, varying)
        target = None if late else number
        shared = self.fixed(fixed) if fixed else None
        affinity = Affinity(weights, inputs, numbers, shared, tuple(varying))
        found = self._add(None, inputs, target)
        self.affine[found] = affinity
        return self._write_sum([found, *late], number) if late else found

    def _with_their_kind(self, late: Sequence[int], bare: Sequence[int]) -> tuple[list[int], list[int]]:
        """What is bare in two: what is added at once, and what is late, with all of a kind of which there are many.

        A loss may add up what it makes of the state of every step.
        """
        counts = Counter([self.ops[x] for x in bare])
        kinds = {self.ops[x] for x in late if counts[self.ops[x]] >= ALIKE}
        apart = {*late, *[x for x in bare if self.ops[x] in kinds]}
        return [x for x in bare if x not in apart], [x for x in bare if x in apart]

    def weight(self, weights: tuple[int, ...], divisors: tuple[int, ...], sign: int = 1) -> int:
        """The number of a term's weight: a new one, where it has more than one factor."""
        return self._once((weights, divisors, sign), lambda: self._write_weight(weights, divisors, sign))

    def _once(self, key: tuple[object, ...], write: Callable[[], int]) -> int:
        """The number of what all positions of a kernel have in common; it is written once."""
        found = self.made.get(key)
        if found is None:
            found = self.made[key] = write()
        return found

    def _write_weight(self, weights: tuple[int, ...], divisors: tuple[int, ...], sign: int) -> int:
        """The steps of a weight of several factors: −w is that of w, turned."""
        if sign < 0:
            is_one = len(weights) == 1 and not divisors
            return self._add(NEG, (weights[0] if is_one else self.weight(weights, divisors, 1),))
        if not weights:
            weight = self._add(INV, divisors[:1])
        elif len(weights) > 1:
            weight = self._add(MUL, weights)
        else:
            weight = weights[0]
        for divisor in divisors[0 if weights else 1 :]:
            weight = self._add(DIV, (weight, divisor))
        return weight


def _longest(sums: dict[int, Sum]) -> dict[tuple[int, ...], int]:
    """How many terms the longest of the sums with each weight has that are not taken as several."""
    found: dict[tuple[int, ...], int] = {}
    for products, _, _ in sums.values():
        if len(_by_occurrence(products)) == 1:
            for product in products:
                found[product.weights] = max(found.get(product.weights, 0), len(products))
    return found


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
