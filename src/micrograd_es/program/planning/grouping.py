"""Grouping: the steps of a tape, level by level, as blocks of the same kind; each number gets its row.

What all examples share comes first, then what varies. On each level the affine sums with the same inputs are one dense
product, and so are the same weights at several positions; those with inputs of their own are one ragged product.
Products of two tables that are computed are one block where they have the same shape, and so is every operation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import repeat

from micrograd_es.ops import ADD, MUL
from micrograd_es.program.blocks import Affine, Block, Elementwise, Inner, Place, Plan, Rows, Space, Total, inputs_of
from micrograd_es.program.collection import without_collection
from micrograd_es.program.lists import in_lines
from micrograd_es.program.planning.affinities import Affinity, Steps
from micrograd_es.program.planning.arrangement import Arrangement, leading
from micrograd_es.program.planning.gaps import Inputs
from micrograd_es.program.planning.graphs import as_products, graphs
from micrograd_es.program.planning.inner import grids, together
from micrograd_es.program.planning.levels import gathered, is_irregular, put_off
from micrograd_es.program.planning.masks import NONE, Grid
from micrograd_es.program.planning.missing import MANY, MISSING, SMALL, Layer, layers
from micrograd_es.program.planning.nodes import as_nodes
from micrograd_es.program.planning.order import Uses, parameter_order
from micrograd_es.program.planning.symmetric import SYMMETRIC, in_one_order, written_alike
from micrograd_es.program.planning.weights import Purpose, made_for
from micrograd_es.program.planning.windows import Products, Window, windows
from micrograd_es.program.tape import Tape

Groups = dict[tuple[object, ...], list[int]]
_SPACES = (Space.SHARED, Space.VARYING)  # by whether a number varies
_NOWHERE = -1  # the row of a number that has none yet


def planned(tape: Tape) -> Plan:
    """The blocks of a tape.

    >>> from micrograd_es.ops import ADD, MUL
    >>> from micrograd_es.program.tape import Entries, Entry, Tape
    >>> entries = Entries([Entry(MUL, (2, 0)), Entry(MUL, (3, 1)), Entry(ADD, (4, 5))])
    >>> planned(Tape(2, 2, [], entries, [6], ["x", "y", "v", "w"])).blocks[0].dense
    True
    """
    with without_collection():
        steps = Steps(tape)
        put_off(steps)
        found, irregular = grids(steps), is_irregular(steps)
        nodes = None if irregular else graphs(steps, found)
        if nodes and nodes.need_one and steps.one is None:
            return planned(tape.with_constant(1))
        mixed, uses = as_products(steps, nodes, found) if nodes else [], Uses(steps)
        inputs_of: dict[int, Inputs] = {}
        gaps: dict[int, Layer] = {}
        for layer in layers(steps, uses, mixed):
            inputs_of |= layer.inputs_of
            gaps |= dict.fromkeys(layer.inputs_of, layer)
        parameters = parameter_order(tape, steps, uses, inputs_of)
        return _Grouping(tape, parameters, steps, uses, found, gaps, irregular).plan()


class _Grouping:
    """The blocks of all levels, and the rows that numbers have.

    `parameters` is their order; `grids` and `gaps` have the products of tables, by the number that stands for each, and
    the layers with missing weights, by each of their sums; a tape may be `irregular`. Of the steps the operations and
    their arguments are written: a product that is no part of a block becomes an operation, and what is added to it one
    more.
    """

    def __init__(
        self,
        tape: Tape,
        parameters: list[int],
        steps: Steps,
        uses: Uses,
        grids: Mapping[int, Grid],
        gaps: Mapping[int, Layer],
        irregular: bool,
    ) -> None:
        self.tape, self.parameters, self.steps, self.grids, self.gaps = tape, parameters, steps, grids, gaps
        self.blocks: list[Block] = []
        self.made_for, self.is_irregular = made_for(steps), irregular
        self.zeros: dict[Space, int] = {}  # the numbers of rows that stay 0, where there are such
        shared = [tape.inputs + place for place in parameters] + [*range(tape.first_constant, tape.first_entry)]
        self.numbers = {Space.VARYING: list(range(tape.inputs)), Space.SHARED: shared}  # in the order of their rows
        self.row = [*range(tape.inputs), *[_NOWHERE] * (len(steps.level) - tape.inputs)]
        for row, number in enumerate(shared):
            self.row[number] = row
        self.arrangement = Arrangement(steps, uses, self.row, tape.parameters)

    def plan(self) -> Plan:
        """The plan, with a row for every number.

        Raises RuntimeError where a block would stand before one that it reads: its numbers would be wrong.
        """
        self._levels()
        _check_order(self.blocks)
        places: dict[int, Place] = {}
        for space, numbers in self.numbers.items():
            places.update(zip(numbers, zip(repeat(space), range(len(numbers)), strict=False), strict=True))
        places.update({x: places[self.steps.repeats.get(x, x)] for x in self.tape.outputs})
        sizes = {space: len(self.numbers[space]) for space in Space}
        zeros = {space: self.row[x] for space, x in self.zeros.items()}
        return Plan(self.tape, self.blocks, self.parameters, places, sizes, zeros)

    def _levels(self) -> None:
        """The blocks of every level."""
        steps = self.steps
        levels: dict[bool, list[list[int]]] = {False: [], True: []}
        late = gathered(steps) if self.is_irregular else steps.level
        for number in steps.order:
            found, level = levels[steps.varies[number]], late[number]
            while len(found) < level:
                found.append([])
            found[level - 1].append(number)
        for varies in levels:
            for numbers in levels[varies]:
                self._level(numbers, varies)

    def _level(self, numbers: list[int], varies: bool) -> None:
        """The blocks of one level: products, then operations, then what is added to products that could not take it."""
        ops, args = self.steps.ops, self.steps.args
        if len(numbers) == 1 and ops[numbers[0]] is not None:  # as all of a chain is: it needs no company
            self._operation(numbers)
            return
        products: Products = {}
        groups: Groups = {}
        later: Groups = {}
        whole: dict[int, Layer] = {}  # by the first of their sums
        for number in numbers:
            if number in self.gaps:
                whole[self.gaps[number].members[0][0]] = self.gaps[number]
            elif ops[number] is None and number not in self.grids:
                products.setdefault(args[number], []).append(number)
        if self.grids:
            for tables in together([self.grids[x] for x in numbers if x in self.grids], self.row):
                self._inner(tables)
        self._join(groups, [x for x in numbers if ops[x] is not None] if products or self.grids or whole else numbers)
        for layer in whole.values():
            self._with_gaps(layer, later)
        if products:
            self._products(products, groups, later)
        if len(groups) > 1 and not self.is_irregular:
            written_alike(groups, args)
        for found in (groups, later):
            for members in found.values() if varies else sorted(found.values(), key=self._made_for):
                self._operation(members)

    def _products(self, products: Products, groups: Groups, later: Groups) -> None:
        """The blocks of sums of products: the same at several positions, with the same inputs, and all others."""
        for window in windows(products, self.steps.affine, self.row):
            self._window(window, later)
        for members, dense in self._bundles(products):
            if len(members) == 1 and len(self.steps.args[members[0]]) == 1:
                self._apart(members[0], groups, later)
            else:
                self._affine(members, dense, later)

    def _made_for(self, members: Sequence[int]) -> Purpose:
        """For which products operations compute weights; what is for none comes first."""
        return self.made_for.get(members[0], Purpose())

    def _join(self, groups: Groups, numbers: Sequence[int]) -> None:
        """Put operations with the others of their kind, and of what they compute weights for."""
        ops, args, varies = self.steps.ops, self.steps.args, self.steps.varies
        made_for = self.made_for if numbers and not varies[numbers[0]] else {}
        for number in numbers:
            op, xs = ops[number], args[number]
            key: tuple[object, ...]
            key = (op, varies[xs[0]], varies[xs[1]]) if len(xs) == 2 else (op, *[varies[x] for x in xs])
            if made_for and number in made_for:
                key = *key, made_for[number]
            members = groups.get(key)
            if members is None:
                groups[key] = [number]
            else:
                members.append(number)

    def _bundles(self, products: Products) -> list[tuple[list[int], bool]]:
        """The affine sums that become one block, and whether it is a dense one."""
        shapes: dict[tuple[int, int], int] = {}
        for inputs, members in products.items():
            shape = len(members), len(inputs)
            shapes[shape] = shapes.get(shape, 0) + 1
        found: list[tuple[list[int], bool]] = []
        ragged: dict[tuple[object, ...], list[int]] = {}
        for inputs, members in products.items():
            count, terms = len(members), len(inputs)
            small = count * terms <= SMALL and shapes[count, terms] >= MANY
            if (count > 1 or terms == 1) and not (small and terms > 1):
                found.append((members, True))
                continue
            for number in members:
                affinity = self.steps.affine[number]
                key = terms, affinity.shared is None, len(affinity.varying)
                ragged.setdefault(key, []).append(number)
        return found + [(members, len(members) == 1) for members in ragged.values()]

    def _apart(self, number: int, groups: Groups, later: Groups) -> None:
        """One product alone is an operation like any other; what is added to it is added later."""
        affinity, steps = self.steps.affine[number], self.steps
        bare, own = _bare(affinity), affinity.products[0]
        product = number if not bare else own if steps.users[own] == 1 else self._new()
        steps.ops[product], steps.args[product] = MUL, (affinity.weights[0], affinity.inputs[0])
        self._join(groups, [product])
        if bare:
            self._add_later(number, product, bare, later)

    def _add_later(self, number: int, product: int, bare: tuple[int, ...], later: Groups) -> None:
        self.steps.ops[number], self.steps.args[number] = ADD, (product, *bare)
        self._join(later, [number])

    def _operation(self, members: list[int]) -> None:
        """One operation on many numbers."""
        steps, row = self.steps, self.row
        args = steps.args
        op, xs = steps.ops[members[0]], args[members[0]]
        assert op is not None
        if len(members) == 1 and len(xs) <= 2:
            spaces = [_SPACES[steps.varies[x]] for x in xs]
            inputs = [Rows(space, (row[x],)) for space, x in zip(spaces, xs)]  # noqa: B905 (there may be very many)
            self.blocks.append(Elementwise(self._place(members), op, tuple(inputs)))
            return
        if op in SYMMETRIC and (len(xs) > 2 or not self.is_irregular):
            in_one_order(members, args, row, steps.varies)
        if len(members) > 1:
            first, last = leading(steps, members)
            members.sort(key=lambda n: (row[args[n][first]], row[args[n][last]]))
        out = self._place(members)
        if op is ADD and len(xs) > 2 and len({steps.varies[x] for x in xs}) == 1:
            self.blocks.append(Total(out, self._rows([x for n in members for x in args[n]])))
            return
        columns = zip(*[args[n] for n in members])  # noqa: B905
        self.blocks.append(Elementwise(out, op, tuple([self._rows(column) for column in columns])))

    def _affine(self, members: list[int], dense: bool, later: Groups) -> None:
        """One product of many sums, with what all of them add."""
        affinities = self.arrangement.of(members, dense)
        members, added = self._added(list(affinities), later)
        weights = self._rows([w for a in affinities.values() for w in a.weights])
        read = list(affinities.values())[:1] if dense else affinities.values()
        inputs = self._rows([x for a in read for x in a.inputs])
        self.blocks.append(Affine(self._place(members), weights, inputs, added, dense))

    def _with_gaps(self, layer: Layer, later: Groups) -> None:
        """One product of sums of which each has some of the inputs, with 0 where it has no weight."""
        row, count, absent = self.row, len(layer.members), self._zero(Space.SHARED)
        terms = sorted(range(len(layer.weights)), key=lambda i: row[layer.inputs[0][i]])
        kernels = list(zip(*[layer.weights[i] for i in terms], strict=True))
        order = self._order_of(kernels, layer.members[0])
        members, added = self._added([sums[k] for k in order for sums in layer.members], later, count)
        weights = self._rows([w if w != MISSING else absent for k in order for w in kernels[k]])
        inputs = self._rows([inputs[i] for i in terms for inputs in layer.inputs])
        self.blocks.append(Affine(self._place(members), weights, inputs, added, True, count, row[absent]))

    def _order_of(self, kernels: Sequence[Sequence[int]], sums: Sequence[int]) -> list[int]:
        """The order of kernels with gaps: that of their first weights; of a graph that of its nodes.

        A graph has weights that are no parameters; where its nodes are not found, the first `sums` keep their order.
        """
        firsts = [min([self.row[w] for w in kernel if w != MISSING]) for kernel in kernels]
        order = sorted(range(len(kernels)), key=firsts.__getitem__)
        if max(firsts) >= self.tape.parameters:
            there = [frozenset([i for i, w in enumerate(kernel) if w != MISSING]) for kernel in kernels]
            order = as_nodes(there) or sorted(order, key=sums.__getitem__)
        gaps = [kernel.index(MISSING) if kernel.count(MISSING) == 1 else -1 for kernel in kernels]
        if len(set(firsts)) < len(firsts) and sorted(gaps) == list(range(len(kernels[0]))):
            order.sort(key=gaps.__getitem__)  # a symmetric matrix without its diagonal
        return order

    def _window(self, window: Window, later: Groups) -> None:
        """One product of the same kernels at many positions."""
        count = len(window.positions)
        members, added = self._added(window.members, later, count)
        weights = self._rows([w for kernel in window.weights for w in kernel])
        nothing = self._zero(Space.VARYING) if window.is_padded else 0
        read = zip(*[position.inputs(nothing) for position in window.positions], strict=True)
        inputs = self._rows([x for term in read for x in term])
        self.blocks.append(Affine(self._place(members), weights, inputs, added, True, count))

    def _inner(self, grids: Sequence[Grid]) -> None:
        """The products of two tables that are computed, of the same shape."""
        out = self._place([x for grid in grids for column in zip(*grid.out, strict=True) for x in column])
        read = [x for grid in grids for term in grid.left for x in term]
        left = self._rows([x if x != NONE else self._zero(Space.VARYING) for x in read])
        right = self._rows([x for grid in grids for term in grid.right for x in term])
        nothing = self.row[self._zero(Space.VARYING)] if NONE in read else None
        unread = frozenset([self.row[x] for grid in grids for x in grid.unread])
        self.blocks.append(Inner(out, left, right, len(grids), len(grids[0].left), nothing, unread))

    def _added(self, members: list[int], later: Groups, positions: int = 1) -> tuple[list[int], tuple[Rows, ...]]:
        """What all sums add to their products, once for each kernel where it is the same at all positions.

        Where some add more than others it is added later, and the members are new numbers for the products alone.
        """
        affinities = self._with_zeros([self.steps.affine[number] for number in members], positions)
        if len({(a.shared is not None, len(a.varying)) for a in affinities}) > 1:
            return [self._without_bare(*pair, later) for pair in zip(members, affinities, strict=True)], ()
        added = []
        for column in zip(*map(_bare, affinities), strict=True):
            kernels = in_lines(column, positions)
            alike = not self.steps.varies[column[0]] and all(len(set(kernel)) == 1 for kernel in kernels)
            added.append(self._rows(column[::positions] if alike else column))
        return members, tuple(added)

    def _with_zeros(self, affinities: list[Affinity], positions: int) -> list[Affinity]:
        """Sums that add nothing of their own, where others do, add a 0: one that they have lost, or what is absent.

        Where a few positions alone add something, as the last step of a recurrence may, the others lose theirs.
        """
        missing = [affinity.shared is None for affinity in affinities]
        if all(missing) or not any(missing) or len({len(affinity.varying) for affinity in affinities}) > 1:
            return affinities
        zero = self.steps.zero if self.steps.zero is not None else self._zero(Space.SHARED)
        found = [a._replace(shared=zero) if a.shared is None else a for a in affinities]
        shared = [affinity.shared for affinity in found]
        alike = all(len(set(kernel)) == 1 for kernel in in_lines(shared, positions))
        if alike or 2 * shared.count(zero) <= len(shared):
            return found
        return [a._replace(shared=None) if a.shared == zero else a for a in found]

    def _without_bare(self, number: int, affinity: Affinity, later: Groups) -> int:
        """The number of the product alone; the rest is added to it later."""
        bare = _bare(affinity)
        if not bare:
            return number
        product = self._new()
        self._add_later(number, product, bare, later)
        return product

    def _zero(self, space: Space) -> int:
        """The number of a row that nothing is ever written to: it stays 0."""
        if space not in self.zeros:
            self.zeros[space] = self._new(space is Space.VARYING)
            self._place([self.zeros[space]])
        return self.zeros[space]

    def _new(self, varies: bool = True) -> int:
        self.row.append(_NOWHERE)
        return self.steps.new(varies)

    def _place(self, members: Sequence[int]) -> Rows:
        """Give new rows to some numbers."""
        space, row = _SPACES[self.steps.varies[members[0]]], self.row
        numbers = self.numbers[space]
        places = tuple(range(len(numbers), len(numbers) + len(members)))
        numbers += members
        for place, number in zip(places, members):  # noqa: B905
            row[number] = place
        return Rows(space, places)

    def _rows(self, numbers: Sequence[int]) -> Rows:
        return Rows(_SPACES[self.steps.varies[numbers[0]]], tuple([self.row[x] for x in numbers]))


def _bare(affinity: Affinity) -> tuple[int, ...]:
    """What a sum adds to its products."""
    return affinity.varying if affinity.shared is None else (affinity.shared, *affinity.varying)


def _check_order(blocks: Sequence[Block]) -> None:
    """Raise RuntimeError for a block that reads what had no row when it was made."""
    for block in blocks:
        if any(_NOWHERE in rows.numbers for rows in inputs_of(block)):
            name = block.op.name if isinstance(block, Elementwise) else type(block).__name__
            raise RuntimeError(f"the plan has a block ({name}) before what it reads; no program is made of it.")
