"""Reading sums: additions, subtractions and the products in them, taken together however they were written.

A chain, a tree and one gate of many inputs are the same sum. A term that is a product of shared factors and one
varying factor is a weight and an input: w·x, −w·x, w·x/2, c·w·x. What else is computed stays as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Sequence
from functools import partial
from itertools import chain, compress
from operator import is_

from micrograd_es.ops import ADD, DIV, MUL, NEG, SUB
from micrograd_es.program.planning.gaps import Inputs, tables
from micrograd_es.program.planning.nested import keep_neurons
from micrograd_es.program.planning.pairs import FEW, take_apart
from micrograd_es.program.planning.terms import SCALING, Graph, Product, Sum

_PARTS = (ADD, SUB, *SCALING)

MOST = 3  # times as many inputs as are in other sums, too, has a sum that is a product by itself

# As Product(*…), in half the time: there are very many.
_simple: Callable[[tuple[object, ...]], Product] = partial(tuple.__new__, Product)


class Sums:
    """The terms of each sum that is no part of another, `terms` by its number.

    What is part of a sum, and needs no step of its own, gets a 1 in `taken`. Of the numbers `constants` are, and `one`
    is the one that is 1; `outputs` are what the tape gives.
    """

    def __init__(
        self, graph: Graph, taken: bytearray, constants: range, outputs: Container[int] = (), one: int | None = None
    ) -> None:
        self.graph, self.taken, self.constants, self.outputs = graph, taken, constants, outputs
        self.claims: dict[int, int] = {}  # how many sums took a product in that several use
        self.terms: dict[int, Sum] = {}
        ops = graph.ops
        for number in range(len(ops) - 1, graph.first - 1, -1):
            op = ops[number]
            if (op is ADD or (op is SUB and self._is_sum(number))) and not taken[number]:
                self.terms[number] = self._read(number)
        keep_neurons(graph, self.terms, taken)
        if one is not None:
            self._without_one(one)
        self._leave_out()
        self._put_together()
        turned = {x for x in compress(range(len(ops)), map(partial(is_, NEG), ops)) if not graph.varies[x]}
        if turned:
            self._without_turns(turned)
        many = [found for found in self.terms.values() if len(found.products) + len(found.bare) >= FEW]
        for number, count in Counter(chain.from_iterable([take_apart(graph, found) for found in many])).items():
            taken[number] = count == graph.users[number]

    def _without_one(self, one: int) -> None:
        """Add a parameter as it is to products where it is written w·1: the first column of a table of data is 1.

        One that is multiplied with other numbers as well keeps its 1 among these.
        """
        _, ops, args, users, varies = self.graph
        added: Counter[int] = Counter()
        scaled: set[int] | None = None
        for products, bare, _ in self.terms.values():
            for place, code in enumerate(bare if products else ()):
                number = code if code >= 0 else ~code
                xs = args[number]
                if one in xs and ops[number] is MUL and len(xs) == 2 and not varies[number]:
                    x = xs[xs[0] == one]
                    if users[x] > 1 and scaled is None:
                        scaled = self._scaled(one)
                    if scaled is None or x not in scaled:
                        bare[place] = x if code >= 0 else ~x
                        added[number] += 1
        for number, count in added.items():
            self.taken[number] = count == users[number]

    def _scaled(self, one: int) -> set[int]:
        """What is multiplied with constants other than 1."""
        first, ops, args, _, varies = self.graph
        shared = [args[x] for x in range(first, len(ops)) if ops[x] is MUL and not varies[x] and one not in args[x]]
        return {x for xs in shared if any(y in self.constants for y in xs) for x in xs}

    def _without_turns(self, turned: Container[int]) -> None:
        """Add w·x where (−w)·x is subtracted, and b where −b is; `turned` are the −w.

        A product that several sums took in stays as it is, as one of them may add it.
        """
        without: dict[int, set[int]] = {}  # by −w, what reads it no more
        for root, (products, bare, _) in self.terms.items():
            if not products:
                continue
            for place, product in enumerate(products):
                if product.sign > 0 or product.number in self.claims:
                    continue
                own = next((w for w in product.weights if w in turned), None)
                if own is not None:
                    weights = list(product.weights)
                    weights[weights.index(own)] = self.graph.args[own][0]
                    products[place] = product._replace(weights=tuple(weights), sign=1)
                    without.setdefault(own, set()).add(product.number)
            for place, code in enumerate(bare):
                if ~code in turned:
                    bare[place] = self.graph.args[~code][0]
                    without.setdefault(~code, set()).add(root)
        for number, readers in without.items():
            self.taken[number] = len(readers) == self.graph.users[number]

    def _is_sum(self, number: int) -> bool:
        """Whether a difference is more than one of two numbers that stand for themselves."""
        _, ops, args, users, _ = self.graph
        return any(users[x] == 1 and ops[x] in _PARTS for x in args[number])

    def _read(self, root: int) -> Sum:
        """The terms of a sum, through the sums inside it that nothing else uses."""
        first, ops, args, users, varies = self.graph
        taken, found = self.taken, Sum([], [], {})
        products, bare, _ = found
        waiting = [root]
        while waiting:
            code = waiting.pop()  # a number, or ~number of what is subtracted
            number = code if code >= 0 else ~code
            op, xs = ops[number], args[number]
            if op is MUL and varies[number] and users[number] == 1 and len(xs) == 2:  # nearly all of them are w·x
                weight, x = xs if varies[xs[1]] else xs[::-1]
                if not varies[weight] and (ops[x] not in SCALING or users[x] != 1):
                    taken[number] = 1
                    products.append(_simple((number, x, (weight,), (), 1 if code >= 0 else -1)))
                    continue
            product = None
            if number >= first and (users[number] == 1 or number == root):
                if op is ADD and code >= 0:
                    waiting += xs[::-1]
                    taken[number] = 1
                    continue
                if op is SUB and code >= 0 and (number == root or self._is_sum(number)):
                    x, y = xs
                    waiting += (~y, x)
                    taken[number] = 1
                    continue
                if op in SCALING and varies[number]:
                    product = self._product(number, 1 if code >= 0 else -1)
            elif op is MUL and len(xs) == 2 and varies[number]:
                product = self._claimed(number, 1 if code >= 0 else -1)
            if product:
                products.append(product)
            else:
                bare.append(code)
        taken[root] = 0
        return found

    def _claimed(self, number: int, sign: int) -> Product | None:
        """A term w·x that others use as well, perhaps as this sum does; None where both factors vary."""
        x, y = self.graph.args[number]
        if self.graph.varies[x] is self.graph.varies[y]:
            return None
        self.claims[number] = self.claims.get(number, 0) + 1
        weight, x = (x, y) if self.graph.varies[y] else (y, x)
        return Product(number, x, (weight,), (), sign)

    def _product(self, number: int, sign: int) -> Product | None:
        """A term that varies as shared factors and one varying factor; None where it is no such product."""
        first, ops, args, users, varies = self.graph
        weights: list[int] = []
        divisors: list[int] = []
        path: list[int] = []
        inner = number
        while inner == number or (inner >= first and users[inner] == 1):
            op, xs = ops[inner], args[inner]
            following = xs[0] if xs else inner
            if op is MUL:
                varying = [x for x in xs if varies[x]]
                if len(varying) != 1:
                    break
                weights += [x for x in xs if not varies[x]]
                following = varying[0]
            elif op is DIV and not varies[xs[1]]:
                divisors.append(xs[1])
            elif op is NEG:
                sign = -sign
            else:
                break
            path.append(inner)
            inner = following
        if not (weights or divisors):
            return None
        for part in path:
            self.taken[part] = 1
        return Product(number, inner, tuple(weights), tuple(divisors), sign)

    def _leave_out(self) -> None:
        """Leave products out of sums that without them have the inputs of others: a neuron's own scaled input.

        Then they are operations by themselves, and added; but not where they are most of the sum. So are those of
        w·x − w·y, which has to be 0 where x is y: a sum of products may be a little more or less, and a kink after it
        has another slope there.
        """
        for number, count in self.claims.items():
            self.taken[number] = count == self.graph.users[number]
        layers: dict[Inputs, list[int]] = {}
        for number, (products, bare, _) in self.terms.items():
            if len(products) == 2 and not bare and self._cancel(*products):
                self._leave_out_of(number, set())
            elif products:
                layers.setdefault(tuple(sorted([p.input for p in products])), []).append(number)
        for inputs in self._keep_gates({x: members for x, members in layers.items() if len(members) > 1}):
            del layers[inputs]
        whole = self._with_gaps(layers)
        alone = {members[0]: x for x, members in layers.items() if len(members) == 1 and x not in whole}
        self._keep_cores(alone, layers)

    def _keep_cores(self, alone: dict[int, Inputs], layers: Container[Inputs]) -> None:
        """Leave out of sums that have their inputs alone what no other has of these, unless it is most of them.

        The same neuron several times is no layer: its state goes back to it, and an input that stays the same.
        """
        uses = Counter(chain.from_iterable(map(set, alone.values())))
        cores: dict[Inputs, list[int]] = {}
        for number, inputs in alone.items():
            core = tuple([x for x in dict.fromkeys(inputs) if uses[x] > 1])
            cores.setdefault(core, []).append(number)
            if len(inputs) == 1 and (self.terms[number].products[0].number in self.claims or self._is_added(number)):
                self._leave_out_of(number, set())  # one product that others use is computed once
        rest: dict[int, Inputs] = {}
        for core, members in cores.items():
            is_own = alone[members[0]] == core  # all of its inputs are in other sums too
            if core and (len(members) > 1 or (core in layers and not is_own)):
                some = [number for number in members if len(alone[number]) <= MOST * len(core)]
                if (len(some) > 1 or core in layers) and not self._are_one([x for x in some if alone[x] != core]):
                    for number in some:
                        self._leave_out_of(number, set(core))
            elif len(core) > 2:
                rest[members[0]] = core
        for together, users in _together(rest):
            self._keep_layer(together, users)

    def _is_added(self, number: int) -> bool:
        """Whether an output is a sum with more that varies, and more that does not: a loss of parts with a penalty."""
        kinds = {self.graph.varies[x if x >= 0 else ~x] for x in self.terms[number].bare}
        return len(kinds) == 2 and number in self.outputs

    def _are_one(self, numbers: Sequence[int]) -> bool:
        """Whether several sums have the same weights."""
        return len({tuple(sorted([p.weights for p in self.terms[x].products])) for x in numbers}) == 1 < len(numbers)

    def _put_together(self) -> None:
        """Make one sum of those of numbers in one of numbers, Σ 2·(a·x − b·y): a wave is put together of its parts.

        There are several, and none is put together itself: a state that keeps a part of what it was is told in steps.
        """
        plain = [(number, products) for number, (products, bare, _) in self.terms.items() if products and not bare]
        of_numbers = {number: x for number, x in plain if len(x) > 1 and self._are_of_numbers(x)}
        parts = self._parts(of_numbers)
        for number, products in of_numbers.items() if parts else ():
            if number not in parts:
                every, products[:] = products[:], []
                for outer in every:
                    inner = of_numbers[outer.input] if outer.input in parts else None
                    products += [outer] if inner is None else [_within(outer, product) for product in inner]
        for part in parts:
            self.taken[part] = 1

    def _parts(self, of_numbers: dict[int, list[Product]]) -> set[int]:
        """The sums that are factors in others alone, each with another such part, and need no step of their own.

        A product that several sums have, of which one keeps it as it is, needs its factor.
        """
        used = {product.input for products in of_numbers.values() for product in products}
        found = {x for x in used if x in of_numbers and self.graph.users[x] == 1}
        found = {x for x in found if found.isdisjoint([product.input for product in of_numbers[x]])}
        every = [(number, p) for number, (products, _, _) in self.terms.items() for p in products] if found else []
        while found:
            inside = {x: found.intersection([p.input for p in products]) for x, products in of_numbers.items()}
            needed = {p.input for x, p in every if len(inside.get(x, ())) < 2 or not self.taken[p.number]}
            if found.isdisjoint(needed):
                break
            found -= needed
        return found

    def _are_of_numbers(self, products: list[Product]) -> bool:
        return all(self._is_constant(product.weights + product.divisors) for product in products)

    def _keep_gates(self, layers: dict[Inputs, list[int]]) -> list[Inputs]:
        """Leave one input out of each of many small layers that have all others in common; the inputs of these.

        So are the gates of a cell that see, beside what all see, the state of their own unit.
        """
        uses = Counter(chain.from_iterable(map(set, layers))) if len(layers) > 2 else Counter[int]()
        units: dict[tuple[int, ...], list[Inputs]] = {}  # by how many sums have them, and what they have in common
        for inputs, members in layers.items():
            core = tuple([x for x in dict.fromkeys(inputs) if uses[x] > 1])
            if len(core) == len(inputs) - 1 > 1:
                units.setdefault((len(members), *core), []).append(inputs)
        found: list[Inputs] = []
        for (gates, *together), own in units.items():
            every = [number for inputs in own for number in layers[inputs]]
            if len(own) > gates and self._keep_layer(set(together), tuple(every)):
                found += own
        return found

    def _with_gaps(self, layers: dict[Inputs, list[int]]) -> set[Inputs]:
        """The inputs of sums that are a table with gaps, in which every weight that is no constant stands once.

        A layer whose neurons have each an input of its own, beside those that all have, is none. Sums of constants
        times inputs, such as x + 0.1·z, are a table by themselves: they are no neurons of a layer.
        """
        found: set[Inputs] = set()
        counts: dict[bool, dict[Inputs, int]] = {False: {}, True: {}}
        for inputs, members in layers.items():
            is_fixed = all(self._is_constant(p.weights) for number in members for p in self.terms[number].products)
            counts[is_fixed][inputs] = len(members)
        for keys in tables(counts[False]) + tables(counts[True]):
            if all(n in (1, len(keys)) for n in Counter(chain.from_iterable(keys)).values()):
                continue
            weights = [p.weights for key in keys for number in layers[key] for p in self.terms[number].products]
            if all(n == 1 or self._is_constant(factors) for factors, n in Counter(weights).items()):
                found.update(keys)
        return found

    def _is_constant(self, factors: tuple[int, ...]) -> bool:
        return len(factors) > 0 and all(x in self.constants for x in factors)

    def _keep_layer(self, inputs: set[int], members: tuple[int, ...]) -> bool:
        """Leave all but some inputs out of sums, where they have a weight for each of them as a layer does.

        Those of a filter are the same at several positions. Gives whether they are a layer.
        """
        products = [product for number in members for product in self.terms[number].products]
        times = Counter([product.weights for product in products])
        if any(times[product.weights] > 1 for product in products if product.input in inputs):
            return False
        for number in members:
            self._leave_out_of(number, set(inputs))
        return True

    def _cancel(self, one: Product, other: Product) -> bool:
        """Whether two terms are 0 together where their inputs are equal."""
        (sign, *factors), (opposite, *others) = self._scale(one), self._scale(other)
        return sign != opposite and factors == others

    def _scale(self, product: Product) -> tuple[int, list[int], list[int]]:
        """What an input is scaled by: the sign, −w counted as w, the weights and the divisors."""
        sign, weights = product.sign, []
        for weight in product.weights:
            while self.graph.ops[weight] is NEG:
                sign, weight = -sign, self.graph.args[weight][0]
            weights.append(weight)
        return sign, sorted(weights), sorted(product.divisors)

    def _leave_out_of(self, root: int, core: set[int]) -> None:
        """Leave the products with inputs that are not in a core out of a sum: they are added as they are."""
        products, bare, _ = self.terms[root]
        every, products[:] = products[:], []
        for product in every:
            if product.input in core:
                core.remove(product.input)
                products.append(product)
                continue
            sign, number = product.sign, product.number
            while number != product.input:  # nothing of it is part of the sum any more
                self.taken[number] = 0
                if self.graph.ops[number] is NEG:
                    sign = -sign
                number = next(x for x in self.graph.args[number] if self.graph.varies[x])
            bare.append(product.number if sign > 0 else ~product.number)


def _within(outer: Product, inner: Product) -> Product:
    """A product of a sum that is a factor of another."""
    weights, divisors = outer.weights + inner.weights, outer.divisors + inner.divisors
    return Product(inner.number, inner.input, weights, divisors, outer.sign * inner.sign)


def _together(sums: dict[int, Inputs]) -> list[tuple[set[int], tuple[int, ...]]]:
    """Inputs that the same sums have, and these: layers that have more added to them, which is in other sums as well.

    So is the last step of Runge and Kutta. Each sum is in one layer, the largest first.
    """
    users: dict[int, list[int]] = {}
    for number, inputs in sums.items():
        for x in inputs:
            users.setdefault(x, []).append(number)
    layers: dict[tuple[int, ...], set[int]] = {}
    for x, members in users.items():
        layers.setdefault(tuple(members), set()).add(x)
    found: list[tuple[set[int], tuple[int, ...]]] = []
    done: set[int] = set()
    for numbers, together in sorted(layers.items(), key=lambda layer: -len(layer[0]) * len(layer[1])):
        if min(len(numbers), len(together)) > 1 and done.isdisjoint(numbers):
            found.append((together, numbers))
            done.update(numbers)
    return found
