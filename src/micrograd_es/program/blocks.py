"""Finding blocks: a tape of scalar operations regrouped into operations on whole arrays, correct for any tape.

Sums of products of something shared (a weight) and something that varies with the example become dense products where
several of them have the same inputs, and ragged ones where they do not; longer sums become reductions; all other
operations are grouped by level and row of the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from micrograd_es.ops import ADD, MUL, Op
from micrograd_es.program.tape import Entry, Tape


class Space(Enum):
    """Where a number lives: one row a value and a column an example, or one column shared by all examples."""

    SHARED = "shared"
    VARYING = "varying"


@dataclass(frozen=True)
class Rows:
    """Some rows of one space, in order."""

    space: Space
    numbers: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.numbers)


@dataclass(frozen=True)
class Affine:
    """Σ weight·input + Σ bare, one for each row of `out`.

    A dense block has the same inputs in all rows: `weights` are p×n shared rows, flattened, `inputs` n rows. A ragged
    block (`dense` False) has p×n of both. Each of `bare` has p rows that are added.
    """

    out: Rows
    weights: Rows
    inputs: Rows
    bare: tuple[Rows, ...]
    dense: bool


@dataclass(frozen=True)
class Total:
    """The sum of n terms for each row of `out`: `terms` are p×n rows, flattened."""

    out: Rows
    terms: Rows


@dataclass(frozen=True)
class Elementwise:
    """One row of the table on many inputs at once: `inputs` has, for each input of the operation, p rows."""

    out: Rows
    op: Op
    inputs: tuple[Rows, ...]


Block = Affine | Total | Elementwise


@dataclass
class Plan:
    """A tape as blocks in the order in which they run, and where every number of the tape lives.

    `places` are (space, row) by number; `sizes` how many rows each space has; `parameters` the order in which the
    parameters have their rows, by their place in the tape.
    """

    tape: Tape
    blocks: list[Block] = field(default_factory=list)
    parameters: list[int] = field(default_factory=list)
    places: dict[int, tuple[Space, int]] = field(default_factory=dict)
    sizes: dict[Space, int] = field(default_factory=lambda: {Space.SHARED: 0, Space.VARYING: 0})

    def rows(self, numbers: Iterable[int]) -> Rows:
        """The rows of some numbers of one space."""
        found = [self.places[number] for number in numbers]
        return Rows(found[0][0], tuple(row for _, row in found))

    def place(self, numbers: Sequence[int], space: Space) -> Rows:
        """Give new rows to some numbers."""
        first = self.sizes[space]
        self.sizes[space] += len(numbers)
        for row, number in enumerate(numbers, first):
            self.places[number] = space, row
        return self.rows(numbers)


def planned(tape: Tape) -> Plan:
    """The blocks of a tape."""
    plan = Plan(tape)
    steps = _Steps(tape)
    plan.parameters = steps.parameter_order()
    if tape.inputs:
        plan.place(range(tape.inputs), Space.VARYING)
    if plan.parameters:
        plan.place([tape.inputs + place for place in plan.parameters], Space.SHARED)
    if tape.constants:
        plan.place(range(tape.first_constant, tape.first_entry), Space.SHARED)
    for level in steps.levels():
        _Level(plan, steps, level).place()
    return plan


class _Steps:
    """What is computed, once sums and their products are taken together: by number, its kind and what it needs."""

    def __init__(self, tape: Tape) -> None:
        self.tape, self.first = tape, tape.first_entry
        self.users = self._count_users()
        self.varies = [number < tape.inputs for number in range(self.first)]
        varies = self.varies
        for entry in tape.entries:
            varies.append(any(varies[x] for x in entry.inputs))
        self.products: dict[int, list[tuple[int, int]]] = {}  # of an affine sum: its (weight, input) pairs
        self.terms: dict[int, list[int]] = {}  # of a sum: what else is added
        self.inner: set[int] = set()  # sums and products that are part of a larger sum
        for number in range(len(varies) - 1, self.first - 1, -1):
            if tape.entries[number - self.first].op is ADD and number not in self.inner:
                self._take_sum(number)

    def entry(self, number: int) -> Entry | None:
        """The operation of that number; None for an input, a parameter or a constant."""
        return self.tape.entries[number - self.first] if number >= self.first else None

    def parameter_order(self) -> list[int]:
        """The parameters in the order in which sums use them, so that the weights of a dense block stand together."""
        start, end = self.tape.inputs, self.tape.first_constant
        weights = [w for root in sorted(self.products) for w, _ in self.products[root]]
        bare = [x for root in sorted(self.products) for x in self.terms[root]]
        used = [x - start for x in (*weights, *bare) if start <= x < end]
        return list(dict.fromkeys([*used, *range(self.tape.parameters)]))

    def _count_users(self) -> list[int]:
        """How many inputs each number feeds; an output counts as one more."""
        users = [0] * (self.first + len(self.tape.entries))
        for entry in self.tape.entries:
            for x in entry.inputs:
                users[x] += 1
        for number in self.tape.outputs:
            users[number] += 1
        return users

    def _take_sum(self, root: int) -> None:
        """Collect the terms of a sum, through the sums inside it that nothing else uses."""
        terms: list[int] = []
        waiting = [root]
        while waiting:
            number = waiting.pop()
            entry = self.entry(number)
            if entry and entry.op is ADD and (number == root or self.users[number] == 1):
                waiting.extend(entry.inputs[::-1])
                if number != root:
                    self.inner.add(number)
            else:
                terms.append(number)
        pairs = {term: pair for term in terms if (pair := self._product(term))}
        if len(pairs) > 1:
            self.inner.update(pairs)
            self.products[root] = sorted(pairs.values(), key=lambda pair: pair[1])
            terms = [term for term in terms if term not in pairs]
        self.terms[root] = terms

    def _product(self, number: int) -> tuple[int, int] | None:
        """The shared and the varying factor of a product that only one sum uses."""
        entry = self.entry(number)
        if entry is None or entry.op is not MUL or len(entry.inputs) != 2 or self.users[number] != 1:
            return None
        x, y = entry.inputs
        if self.varies[x] == self.varies[y]:
            return None
        return (y, x) if self.varies[x] else (x, y)

    def needs(self, number: int) -> list[int]:
        """What has to be there before a number can be computed."""
        if number in self.terms:
            return [*self.terms[number], *(x for pair in self.products.get(number, ()) for x in pair)]
        entry = self.entry(number)
        return list(entry.inputs) if entry else []

    def levels(self) -> list[list[int]]:
        """The numbers to compute, each level needing only those before it."""
        level = [0] * len(self.varies)
        found: list[list[int]] = []
        for number in range(self.first, len(self.varies)):
            if number in self.inner:
                continue
            level[number] = 1 + max((level[x] for x in self.needs(number)), default=0)
            while len(found) < level[number]:
                found.append([])
            found[level[number] - 1].append(number)
        return found


class _Level:
    """The blocks of one level."""

    def __init__(self, plan: Plan, steps: _Steps, numbers: Sequence[int]) -> None:
        self.plan, self.steps, self.numbers = plan, steps, numbers

    def place(self) -> None:
        """Add the blocks of this level to the plan."""
        groups: dict[tuple[object, ...], list[int]] = {}
        for number in self.numbers:
            groups.setdefault(self._key(number), []).append(number)
        for members in self._ragged_together(groups):
            self.plan.blocks.append(self._block(members))

    def _key(self, number: int) -> tuple[object, ...]:
        """What the members of one block have in common."""
        steps = self.steps
        spaces = tuple(self.plan.places[x][0] for x in steps.needs(number) if x in self.plan.places)
        if number in steps.products:
            bare = tuple(sorted(self.plan.places[x][0].value for x in steps.terms[number]))
            return "affine", bare, tuple(x for _, x in steps.products[number])
        if number in steps.terms and (len(set(spaces)) == 1 and len(spaces) > 2):
            return "total", spaces
        entry = steps.entry(number)
        assert entry is not None
        return "elementwise", entry.op.name, tuple(self.plan.places[x][0] for x in self._inputs(number))

    def _inputs(self, number: int) -> list[int]:
        """The inputs of an operation that is a block's row by itself; those of a sum are its terms."""
        return self.steps.terms[number] if number in self.steps.terms else self.steps.needs(number)

    def _ragged_together(self, groups: dict[tuple[object, ...], list[int]]) -> list[list[int]]:
        """The groups, with the affine sums that share their inputs with no other joined by their number of terms."""
        joined: dict[tuple[object, ...], list[int]] = {}
        for key, members in groups.items():
            alone = key[0] == "affine" and len(members) == 1
            kind = ("ragged", key[1], len(self.steps.products[members[0]])) if alone else key
            joined.setdefault(kind, []).extend(members)
        return list(joined.values())

    def _block(self, members: list[int]) -> Block:
        steps, plan = self.steps, self.plan
        first = members[0]
        if first in steps.products:
            return self._affine(members)
        members.sort(key=lambda n: [plan.places[x][1] for x in self._inputs(n)])
        inputs = [self._inputs(n) for n in members]
        spaces = {plan.places[x][0] for x in inputs[0]}
        out = plan.place(members, Space.VARYING if Space.VARYING in spaces else Space.SHARED)
        if first in steps.terms and len(inputs[0]) > 2 and len(spaces) == 1:
            return Total(out, plan.rows(x for terms in inputs for x in terms))
        entry = steps.entry(first)
        assert entry is not None
        return Elementwise(out, entry.op, tuple(map(plan.rows, zip(*inputs, strict=True))))

    def _affine(self, members: list[int]) -> Affine:
        steps, plan = self.steps, self.plan
        pairs = [steps.products[n] for n in members]
        dense = len(members) == 1 or all([x for _, x in p] == [x for _, x in pairs[0]] for p in pairs)
        bare = [sorted(steps.terms[n], key=lambda x: plan.places[x][0].value) for n in members]
        weights = plan.rows(w for terms in pairs for w, _ in terms)
        inputs = plan.rows(x for terms in (pairs[:1] if dense else pairs) for _, x in terms)
        added = tuple(plan.rows(column) for column in zip(*bare, strict=True))
        return Affine(plan.place(members, Space.VARYING), weights, inputs, added, dense)
