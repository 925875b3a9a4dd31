"""What a block does with its inputs, read from the graph inside: which weight is in which row and column of a matrix.

An entry of a matrix of weights reaches one output only, and is multiplied with one entry of another input; so its row
is the output's place and its column that of the entry. A bias reaches one output and is added.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property

from micrograd_es.figures.blocks.names import arranged, split
from micrograd_es.figures.scene import Gate
from micrograd_es.value import Value

_PARAMETERS = {"w", "b", "ω", "β", "θ", "γ", "bias", "weight", "peso", "sesgo", "u", "v"}


def looks_like_parameter(name: str) -> bool:
    """Whether that is how a lecture names weights and biases.

    >>> looks_like_parameter("Ω₀"), looks_like_parameter("b"), looks_like_parameter("x")
    (True, True, False)
    """
    return split(name)[0].lower() in _PARAMETERS


class Structure:
    """The inside of one block, whose `outputs` others use.

    `places` says, for Values from outside, the number of the vector that each is an entry of, and its row and column.
    """

    def __init__(self, gate: Gate, outputs: Sequence[Value], places: Mapping[Value, tuple[int, int, int]]) -> None:
        self.gate, self.outputs, self.places = gate, outputs, places

    @cached_property
    def _reaches(self) -> dict[Value, int]:
        """The outputs that a Value reaches inside the block, as the bits of a number."""
        inside = set(self.gate.nodes)
        reaches: dict[Value, int] = {output: 1 << i for i, output in enumerate(self.outputs)}
        for node in reversed(self.gate.nodes):
            bits = reaches.get(node, 0)
            for x in node.inputs:
                if x in inside or not x.is_constant:
                    reaches[x] = reaches.get(x, 0) | bits
        return reaches

    @cached_property
    def _edges(self) -> dict[Value, list[tuple[Value, int]]]:
        """Where each Value from outside is used."""
        inside, edges = set(self.gate.nodes), dict[Value, list[tuple[Value, int]]]()
        for node in self.gate.nodes:
            for i, x in enumerate(node.inputs):
                if x not in inside:
                    edges.setdefault(x, []).append((node, i))
        return edges

    def in_order(self) -> tuple[list[Value], int]:
        """The outputs in the order of the entries of an input that they are made of, and how many columns they have.

        Where each is made of one entry, it has the place of that; where each is made of one row of a matrix, as many
        of each row, it stands in that row. Else they stay as they are, in a column.
        """
        for came in self._entries():
            rows = [{row for row, _ in entries} for entries in came]
            if any(len(entries) > 1 for entries in came) and not self._by_rows(came):
                continue
            if all(len(found) == 1 for found in rows):
                single = all(len(entries) == 1 for entries in came)
                keys = [(min(entries)[0], min(entries)[1] if single else i) for i, entries in enumerate(came)]
                if len(set(keys)) == len(keys):
                    order = sorted(range(len(keys)), key=keys.__getitem__)
                    return [self.outputs[i] for i in order], self._width(came)
        return list(self.outputs), 1

    def _entries(self) -> list[list[list[tuple[int, int]]]]:
        """For each vector that reaches all outputs: the rows and columns of the entries that reach each of them."""
        came: dict[int, list[list[tuple[int, int]]]] = {}
        for x, bits in self._reaches.items():
            if x in self.places and x in self._edges:
                vector, row, column = self.places[x]
                found = came.setdefault(vector, [[] for _ in self.outputs])
                for i in range(len(self.outputs)):
                    if bits >> i & 1:
                        found[i].append((row, column))
        return [found for found in came.values() if all(found)]

    def _by_rows(self, came: Sequence[Sequence[tuple[int, int]]]) -> bool:
        """Whether what reaches the outputs are the rows of a matrix, as many outputs of each."""
        is_matrix = any(column for entries in came for _, column in entries)
        return is_matrix and all(len({row for row, _ in entries}) == 1 for entries in came) and self._width(came) > 0

    def _width(self, came: Sequence[Sequence[tuple[int, int]]]) -> int:
        """How many outputs each row of a matrix has; 1 for those of a vector, 0 where rows differ."""
        if not any(column for entries in came for _, column in entries):
            return 1
        counts = Counter(entries[0][0] for entries in came)
        return counts[came[0][0][0]] if len(set(counts.values())) == 1 else 0

    def matrix(self, values: Sequence[Value]) -> tuple[tuple[Value, ...], int] | None:
        """Weights row by row with the number of columns, a row for each output; None where they are none."""
        partners = [x for x in map(self.partner, values) if x is not None]
        if len(partners) < len(values):
            return None
        columns = {x: i for i, x in enumerate(self._columns(partners, values))}
        for rows in (self._by_output(values), self._by_sum(values)) if len(columns) > 1 else ():
            places = {(row, columns[x]): value for row, x, value in zip(rows, partners, values, strict=False)}
            if len(places) == len(values) == len(columns) * len(set(rows)):
                return tuple(places[place] for place in sorted(places)), len(columns)
        return None

    def _columns(self, partners: Sequence[Value], values: Sequence[Value]) -> list[Value]:
        """The entries that weights are multiplied with, in the order of their vector."""
        found = dict.fromkeys(partners)
        return [] if found.keys() & set(values) else sorted(found, key=lambda x: self.places.get(x, (-1, 0, 0)))

    def partner(self, x: Value) -> Value | None:
        """The one Value from outside that a weight is multiplied with."""
        uses = self._edges.get(x, [])
        if len(uses) != 1 or uses[0][0].op is None or uses[0][0].op.name != "mul" or len(uses[0][0].inputs) != 2:
            return None
        other = uses[0][0].inputs[1 - uses[0][1]]
        return other if other in self._edges and not other.is_constant else None

    def _by_output(self, values: Sequence[Value]) -> list[int]:
        """The place of the one output that each Value reaches; nothing where one reaches several."""
        reached = [self._reaches.get(x, 0) for x in values]
        return [] if any(not bits or bits & (bits - 1) for bits in reached) else [b.bit_length() - 1 for b in reached]

    def _by_sum(self, values: Sequence[Value]) -> list[int]:
        """The place of the sum that each Value is a part of: where what comes behind the sums mixes them (softmax)."""
        sums = [self._sum_of(x) for x in values]
        found = [node for node in self.gate.nodes if node in set(sums)]
        labels = [node.label for node in found]
        if all(labels) and len({split(label)[0] for label in labels}) == 1:
            found = [found[i] for i in arranged(labels)[1]]
        return [found.index(node) for node in sums if node is not None] if None not in sums else []

    def _sum_of(self, x: Value) -> Value | None:
        """The last of the additions that follow the one use of a Value."""
        uses = self._edges.get(x, [])
        if len(uses) != 1:
            return None
        node = uses[0][0]
        while node not in self.outputs and len(after := self._users.get(node, [])) == 1 and _adds(after[0]):
            node = after[0]
        return node

    @cached_property
    def _users(self) -> dict[Value, list[Value]]:
        """What uses each Value inside."""
        users: dict[Value, list[Value]] = {}
        for node in self.gate.nodes:
            for x in node.inputs:
                users.setdefault(x, []).append(node)
        return users

    def biases(self, values: Sequence[Value]) -> tuple[Value, ...] | None:
        """The values in the order of the outputs, where each is added, once, on the way to one of its own."""
        uses = [self._edges.get(x, []) for x in values]
        if not all(len(edges) == 1 and _adds(edges[0][0]) for edges in uses):
            return None
        for rows in (self._by_output(values), self._by_sum(values)):
            if len(set(rows)) == len(values):
                return tuple(x for _, x in sorted(zip(rows, values, strict=True), key=lambda pair: pair[0]))
        return None


def _adds(node: Value) -> bool:
    return node.op is not None and node.op.name in ("add", "sub")
