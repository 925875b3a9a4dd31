"""How a block graph is made of a scene: what each block gives and is given, as vectors, and the wires between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from micrograd_es.figures.blocks.names import arranged, distinct, sliced, split
from micrograd_es.figures.blocks.scene import BlockScene, Parameter, Vector
from micrograd_es.figures.blocks.structure import Structure, looks_like_parameter
from micrograd_es.figures.folding import Group
from micrograd_es.figures.labels import pretty
from micrograd_es.figures.scene import Edges, Fork, Gate, Terminal, Wire
from micrograd_es.value import Value


@dataclass(eq=False)
class _Use:
    """That a block (or the output) uses Values of one source, and at which inputs."""

    head: str
    edges: dict[Value, list[tuple[Value, int]]] = field(default_factory=dict)


def build(outputs: Sequence[Value], groups: Sequence[Group]) -> BlockScene:
    """The block graph of the outputs with those blocks."""
    scene = BlockScene(outputs[-1], {}, outputs=tuple(outputs))
    scene.gates = [Gate(f"g{n}", group.nodes, group.scope, _constant(group)) for n, group in enumerate(groups, 1)]
    return _Builder(scene).built()


def _constant(group: Group) -> int | None:
    """The number of the input that is written in its operation: one constant for all of them."""
    if group.scope is not None:
        return None
    columns = list(zip(*(node.inputs for node in group.nodes), strict=True))
    constants = [i for i, column in enumerate(columns) if column[0].is_constant]
    if len(constants) != 1 or len(columns) < 2 or len({x.number for x in columns[constants[0]]}) > 1:
        return None
    return constants[0]


def _is_of_many(gate: Gate) -> bool:
    """Whether it is one operation on any number of inputs in any order, all of them different: a sum, a maximum."""
    (node, *others) = gate.nodes
    return not others and node.op is not None and node.op.arity is None and len(set(node.inputs)) == len(node.inputs)


class _Builder:
    """Builds one scene."""

    def __init__(self, scene: BlockScene) -> None:
        self.scene = scene
        self.given: dict[str, tuple[Value, ...]] = {}  # what others use of each block, in order
        self.vector: dict[Value, Vector] = {}

    def built(self) -> BlockScene:
        """The scene with its vectors, names, wires and parameters."""
        scene = self.scene
        uses = [use for gate in scene.gates for use in self._uses(gate)]
        uses += self._results()
        self.sources = self._sources(uses)
        self._name(uses)
        self._join(uses)
        return scene

    # What feeds what

    def _uses(self, gate: Gate) -> list[_Use]:
        """What a block is given: a use for each source; for an operation, one for each of its inputs in order."""
        owner, inside = self.scene.owner, set(gate.nodes)
        together = gate.folded or _is_of_many(gate)
        uses: dict[object, _Use] = {}
        for node in gate.nodes:
            for i, x in enumerate(node.inputs):
                if x in inside or i == gate.constant or (gate.folded and x.is_constant):
                    continue
                key = (owner.get(x) or ("leaf", split(x.label)[0])) if together else i
                uses.setdefault(key, _Use(gate.key)).edges.setdefault(x, []).append((node, i))
        return list(uses.values())

    def _results(self) -> list[_Use]:
        """The outputs, those of one block together."""
        uses: dict[object, _Use] = {}
        for f in self.scene.outputs:
            key = self.scene.owner.get(f) or ("leaf", split(f.label)[0])
            head = f"output_{len(uses) + 1}" if uses else "output"
            uses.setdefault(key, _Use(head)).edges.setdefault(f, [])
        return list(uses.values())

    def _sources(self, uses: Sequence[_Use]) -> list[tuple[str, list[Value]]]:
        """What feeds blocks: the outputs of each block by its key, and leaves, those of one stem that meet in a use."""
        found: dict[object, dict[Value, None]] = {}
        of: dict[Value, object] = {}
        for use in uses:
            parts: dict[str, list[Value]] = {}
            for x in use.edges:
                key = self.scene.owner.get(x, "") or f"leaf {split(x.label)[0]}{' =' * x.is_constant}"
                parts.setdefault(key, []).append(x)
            for name, values in parts.items():
                met: list[object] = list(dict.fromkeys(of[x] for x in values if x in of))
                home = met[0] if met else name if name in self.scene.gate_of else (name, len(found))
                for other in met[1:]:
                    found[home].update(found.pop(other))
                found.setdefault(home, {}).update(dict.fromkeys(values))
                of.update(dict.fromkeys(found[home], home))
        return [(key if isinstance(key, str) else "", list(values)) for key, values in found.items()]

    # Names and order

    def _name(self, uses: Sequence[_Use]) -> None:
        """Give every source its vector: its entries in order, its shape and a name that no other has."""
        drafts: list[Vector] = []
        self.places: dict[Value, tuple[int, int, int]] = {}
        for number, (maker, values) in enumerate(self.sources):
            drafts.append(self._made(self.scene.gate_of[maker], values) if maker else self._of_leaves(values))
            wide = drafts[-1].columns
            self.places.update({x: (number, *divmod(i, wide)) for i, x in enumerate(drafts[-1].values)})
            if maker:
                self.given[maker] = drafts[-1].values
        drafts = [self._weights(draft, uses) or draft for draft in drafts]
        names = distinct([draft.name for draft in drafts])
        for name, draft in zip(names, drafts, strict=True):
            capital = name.upper() if 1 < draft.columns < len(draft.values) and draft.values[0].op is None else name
            is_letter = len(name.rstrip("₀₁₂₃₄₅₆₇₈₉")) == 1 and capital not in names  # W, not w, for a matrix
            whole = Vector(capital if is_letter else name, draft.values, draft.columns)
            self.vector.update(dict.fromkeys(draft.values, whole))

    def _made(self, gate: Gate, values: list[Value]) -> Vector:
        """What a block makes."""
        labels = [x.label for x in values]
        if len(values) == 1:
            return Vector(pretty(labels[0]) or (gate.folded.name if gate.folded else ""), tuple(values))
        if all(labels) and len({split(label)[0] for label in labels}) == 1:
            name, order, columns = arranged(labels)
            return Vector(name, tuple(values[i] for i in order), columns)
        asked = self._as_asked(values)
        given = values if gate.folded else sorted(values, key=gate.nodes.index)
        ordered, columns = (asked, 1) if asked else Structure(gate, given, self.places).in_order()
        return Vector(gate.folded.name if gate.folded else "", tuple(ordered), max(columns, 1))

    def _of_leaves(self, values: list[Value]) -> Vector:
        """Leaves of one stem."""
        name, order, columns = arranged([x.label for x in values])
        return Vector(name, tuple(values[i] for i in order), columns)

    def _weights(self, draft: Vector, uses: Sequence[_Use]) -> Vector | None:
        """The leaves that are the weights of one block, in rows by its outputs, or its biases in the order of these."""
        values = set(draft.values)
        heads = dict.fromkeys(use.head for use in uses if not values.isdisjoint(use.edges))
        gate = self.scene.gate_of.get(next(iter(heads)))
        if len(heads) > 1 or gate is None or gate.folded is None or draft.values[0].op or draft.is_constant:
            return None
        structure = Structure(gate, self.given.get(gate.key, ()), self.places)
        matrix = structure.matrix(draft.values)
        if matrix is None or (matrix[1] == len(matrix[0]) and not self._is_row(draft, structure)):
            return Vector(draft.name, structure.biases(draft.values) or draft.values, draft.columns)
        return Vector(draft.name, *matrix)

    def _is_row(self, draft: Vector, structure: Structure) -> bool:
        """Whether one row of factors are the weights, and not what these are multiplied with: their names must tell."""
        partner = structure.partner(draft.values[0])
        if partner is None or partner.op is not None:
            return True
        return looks_like_parameter(draft.name) and not looks_like_parameter(split(partner.label)[0])

    def _as_asked(self, values: list[Value]) -> list[Value] | None:
        """The values in the order in which they were asked for, where all of them were."""
        asked = [f for f in dict.fromkeys(self.scene.outputs) if f in values]
        return asked if len(asked) == len(values) else None

    # Wires

    def _join(self, uses: Sequence[_Use]) -> None:
        """Add the parameters, and for the rest names, forks and wires."""
        leading = {use.head: self._parameters([u for u in uses if u.head == use.head], uses) for use in uses}
        drafts: dict[Vector, list[tuple[int, _Use]]] = {}
        for position, use in enumerate(uses):
            if use in leading[use.head]:
                self._attach(use)
            else:
                for whole in dict.fromkeys(self.vector[x] for x in use.edges):
                    drafts.setdefault(whole, []).append((position, use))
        wires: list[tuple[float, str, str, Vector, Edges, bool]] = []
        for whole, taken in drafts.items():
            wires += self._fan(whole, taken)
        wires.sort(key=lambda wire: wire[0])
        for number, (_, tail, head, vector, edges, is_branch) in enumerate(wires, 1):
            self.scene.wires.append(Wire(f"w{number}", tail, head, vector.values, edges, is_branch))
            self.scene.vectors[f"w{number}"] = vector
        for use in uses:
            if use.head not in self.scene.gate_of:
                value = next(iter(use.edges))
                self.scene.terminals.append(Terminal(use.head, value, is_output=True, count=len(use.edges)))

    def _fan(
        self, whole: Vector, taken: Sequence[tuple[int, _Use]]
    ) -> Iterable[tuple[float, str, str, Vector, Edges, bool]]:
        """The wires of one vector: one for each use, behind a fork where an entry is used more than once."""
        tail = self._tail(whole)
        parts = [[x for x in whole.values if x in use.edges] for _, use in taken]
        if sum(map(len, parts)) > len({x for part in parts for x in part}):
            fork = Fork(f"s{len(self.scene.forks) + 1}", whole.values[0])
            self.scene.forks.append(fork)
            yield taken[0][0] - 0.5, tail, fork.key, whole, (), False
            tail = fork.key
        for (position, use), part in zip(taken, parts, strict=True):
            edges = tuple(edge for x in part for edge in use.edges[x])
            yield position, tail, use.head, _part(whole, part), edges, tail.startswith("s")

    def _tail(self, whole: Vector) -> str:
        """What a vector comes from: its block, or a name, which is added."""
        key = self.scene.owner.get(whole.values[0])
        if key is None:
            key = f"n{len(self.scene.terminals) + 1}"
            self.scene.terminals.append(Terminal(key, whole.values[0], count=len(whole.values)))
        self.scene.vectors[key] = whole
        return key

    def _attach(self, use: _Use) -> None:
        for whole in dict.fromkeys(self.vector[x] for x in use.edges):
            edges = tuple(edge for x in whole.values for edge in use.edges[x])
            key = f"p{sum(map(len, self.scene.parameters.values())) + 1}"
            self.scene.parameters.setdefault(use.head, []).append(Parameter(key, whole, edges))

    def _parameters(self, given: Sequence[_Use], uses: Sequence[_Use]) -> list[_Use]:
        """Those of a block's uses that are parameters of it."""
        gate = self.scene.gate_of.get(given[0].head)
        if gate is None or gate.folded is None:
            return []
        own = [use for use in given if self._is_own(use, gate, uses)]
        if any(self.vector[next(iter(use.edges))].values[0].op for use in given):
            return own
        structure = Structure(gate, self.given[gate.key], self.places)
        named = [use for use in own if looks_like_parameter(self.vector[next(iter(use.edges))].name)]
        named += [use for use in own if all(x.scope and gate.folded in x.scope.path() for x in use.edges)]
        shaped = [use for use in own if structure.matrix(list(use.edges)) or structure.biases(list(use.edges))]
        for sure in ([*named, *shaped], named, shaped):
            if sure and any(use not in sure for use in given):
                return [use for use in own if use in sure]
        return []

    def _is_own(self, use: _Use, gate: Gate, uses: Sequence[_Use]) -> bool:
        """Whether what is used are leaves that nobody else uses."""
        alone = all(x.op is None and not x.is_constant for x in use.edges)
        others = (other for other in uses if other is not use)
        return alone and not any(
            x in other.edges for other in others for x in self.vector[next(iter(use.edges))].values
        )


def _part(whole: Vector, values: Sequence[Value]) -> Vector:
    """Some entries of a vector, with a name that says which."""
    if len(values) == len(whole.values):
        return whole
    places = [i for i, x in enumerate(whole.values) if x in values]
    own = pretty(values[0].label) if len(values) == 1 and values[0].label else ""
    return Vector(own or sliced(whole.name, places, len(whole.values)), tuple(values))
