"""The picture as plain data: what stands in a figure and what joins what, before any layout or colour.

Names (`Terminal`) stand at the ends, `Gate`s are operations or folded scopes, a `Fork` is where a value is used more
than once, and `Wire`s join them and carry a value one way and its gradient the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from micrograd_es.figures.folding import Group
from micrograd_es.graph import topological
from micrograd_es.maths import Number
from micrograd_es.scopes import Scope
from micrograd_es.value import Value

BUNDLE = 6  # more wires than this from one place into one folded gate, or out of it, are drawn as one

Edges = tuple[tuple[Value, int], ...]
Place = tuple[int, str, Edges]  # where a Value is used: its number in reading order, the gate, the inputs there


@dataclass(frozen=True)
class Terminal:
    """A name at the end of a wire: a leaf, a constant drawn as a node, the output; or `count` leaves in a bundle."""

    key: str
    value: Value
    is_output: bool = False
    count: int = 1


@dataclass(frozen=True)
class Gate:
    """An operation, or a folded scope that holds several.

    `nodes` are the Values made inside, inputs first; `constant` is the number of the input that is written in the gate.
    """

    key: str
    nodes: tuple[Value, ...]
    folded: Scope | None = None
    constant: int | None = None

    @property
    def node(self) -> Value:
        """The Value that the gate makes; the last of them for a folded scope."""
        return self.nodes[-1]


@dataclass(frozen=True)
class Fork:
    """Where one value is used several times: its gradient is the sum of what the branches bring back."""

    key: str
    value: Value


@dataclass(frozen=True)
class Wire:
    """What joins two things of a scene.

    `edges` are the inputs (Value, number of the input) that the wire feeds: none for the trunk before a fork and for
    the wire to the output. `values` has more than one entry in a bundle. A branch carries its own contribution back,
    every other wire the whole gradient of its value.
    """

    key: str
    tail: str
    head: str
    values: tuple[Value, ...]
    edges: Edges = ()
    is_branch: bool = False

    @property
    def value(self) -> Value:
        """The Value that the wire carries, the first of them in a bundle."""
        return self.values[0]


@dataclass
class Scene:
    """Everything that stands in a figure of f, in drawing order.

    `gradient` is what `flow.gradients` gives, or empty where the figure shows no gradients.
    """

    f: Value
    gradient: Mapping[Value, Number]
    terminals: list[Terminal] = field(default_factory=list)
    gates: list[Gate] = field(default_factory=list)
    forks: list[Fork] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)

    @cached_property
    def gate_of(self) -> dict[str, Gate]:
        """The gates by key."""
        return {gate.key: gate for gate in self.gates}

    @cached_property
    def entering(self) -> dict[str, list[Wire]]:
        """The wires that enter a thing, by its key, in the order of its inputs."""
        return _by(self.wires, "head")

    @cached_property
    def leaving(self) -> dict[str, list[Wire]]:
        """The wires that leave a thing, by its key."""
        return _by(self.wires, "tail")

    def results(self, gate: Gate) -> list[Value]:
        """What leaves a gate: one Value, or several where it is folded, those of a bundle too."""
        return [x for wire in self.leaving[gate.key] for x in wire.values]

    def wire_gradient(self, wire: Wire) -> Number | None:
        """What comes back on a wire; None where there is no one number, or no gradient was asked for."""
        if not self.gradient or len(wire.values) > 1:
            return None
        if not wire.is_branch and not (wire.edges and wire.value.is_constant):
            return self.gradient.get(wire.value)
        parts: list[Any] = [self.gradient[node] * node.local[i] for node, i in wire.edges if node.local[i] is not None]  # type: ignore[operator]
        return sum(parts[1:], parts[0]) if parts else None

    def slope(self, wire: Wire, result: Value) -> Number:
        """∂result/∂value for a wire into a gate with that result, one of several or the only one."""
        gate = self.gate_of[wire.head]
        if gate.folded is None:
            ((node, i),) = wire.edges
            return node.local[i] or 0
        return _slope(gate, set(wire.edges), result)

    def wire_local(self, wire: Wire) -> Number | None:
        """∂gate/∂value for a wire into a gate with one result; None where there is no one number."""
        gate = self.gate_of.get(wire.head)
        if gate is None or len(wire.values) > 1 or len(self.results(gate)) > 1:
            return None
        if gate.folded is None:
            ((node, i),) = wire.edges
            return node.local[i]
        return _slope(gate, set(wire.edges), gate.node)


def _by(wires: Sequence[Wire], end: str) -> dict[str, list[Wire]]:
    found: dict[str, list[Wire]] = {}
    for wire in wires:
        found.setdefault(getattr(wire, end), []).append(wire)
    return found


def _slope(gate: Gate, entering: set[tuple[Value, int]], result: Value) -> Number:
    """The derivative of a result of a folded gate along some of its inputs, by the chain rule inside it."""
    slope: dict[Value, Any] = {result: 1}
    total: Any = 0
    for node in reversed(gate.nodes):
        for i, (x, local) in enumerate(zip(node.inputs, node.local, strict=True)):
            if node in slope and local is not None:
                part = slope[node] * local
                slope[x] = slope.get(x, 0) + part
                total = total + part if (node, i) in entering else total
    return total  # type: ignore[no-any-return]


def build(f: Value, groups: Sequence[Group], gradient: Mapping[Value, Number], fold_constants: bool = True) -> Scene:
    """The scene of f with a gate for each group.

    With `fold_constants` a constant is written into its gate (`+ 1`) where it is the gate's only one; else it is a
    terminal of its own.
    """
    scene = Scene(f, gradient)
    maker: dict[Value, str] = {}  # the key of what a Value leaves
    slots: list[tuple[Value, str, Edges]] = []  # what feeds what: a Value, a gate, the inputs there
    users = Counter(x for group in groups for x in {x for node in group.nodes for x in node.inputs if x.is_parameter})
    for group in groups:
        gate = Gate(f"g{len(scene.gates) + 1}", group.nodes, group.scope, _written_in(group, fold_constants))
        scene.gates.append(gate)
        maker.update(dict.fromkeys(gate.nodes, gate.key))
        slots += [(x, gate.key, edges) for x, edges in _inputs(gate, users)]
    slots.append((f, "output", ()))
    used: dict[Value, list[Place]] = {}
    for position, (x, head, edges) in enumerate(slots):
        used.setdefault(x, []).append((position, head, edges))
    _join(scene, used, maker)
    return scene


def _written_in(group: Group, fold_constants: bool) -> int | None:
    """The number of the input that is written in its gate: a constant, where it is the only one."""
    inputs = group.nodes[0].inputs
    constants = [i for i, x in enumerate(inputs) if x.is_constant]
    return constants[0] if fold_constants and not group.scope and len(constants) == 1 < len(inputs) else None


def _inputs(gate: Gate, users: Mapping[Value, int]) -> list[tuple[Value, Edges]]:
    """What a gate is fed with from outside, in order; a folded gate is fed once with each Value.

    A folded gate keeps its constants, the leaves made in its scope, and the parameters that it alone uses.
    """
    if gate.folded is None:
        return [(x, ((gate.node, i),)) for i, x in enumerate(gate.node.inputs) if i != gate.constant]
    inside = set(gate.nodes)
    fed: dict[Value, list[tuple[Value, int]]] = {}
    for node in gate.nodes:
        for i, x in enumerate(node.inputs):
            made = x.op is None and x.scope is not None and gate.folded in x.scope.path()
            own = x.is_constant or made or (x.is_parameter and users[x] == 1)
            if x not in inside and not own:
                fed.setdefault(x, []).append((node, i))
    return [(x, tuple(edges)) for x, edges in fed.items()]


def _join(scene: Scene, used: Mapping[Value, list[Place]], maker: dict[Value, str]) -> None:
    """Add the wires, with the terminals and forks that they need, in the order in which gates take their inputs."""
    bundles = _bundles(scene, used, maker)
    for x in topological(scene.f):  # names stand in the order in which the formula has them
        if x in used and x not in maker and x is bundles.get(x, (x,))[0]:
            together = bundles.get(x, (x,))
            key = f"n{len(scene.terminals) + 1}"
            maker.update(dict.fromkeys(together, key))
            scene.terminals.append(Terminal(key, x, count=len(together)))
    drafts: list[tuple[float, tuple[Any, ...]]] = []  # position in reading order, and what makes the Wire
    for x, places in used.items():
        together = bundles.get(x, (x,))
        if x is not together[0]:
            continue
        tail = maker[x]
        if len(places) > 1:
            scene.forks.append(Fork(f"s{len(scene.forks) + 1}", x))
            drafts.append((places[0][0] - 0.5, (tail, scene.forks[-1].key, (x,), (), False)))
            tail = scene.forks[-1].key
        for position, head, edges in places:
            every = edges if len(together) == 1 else tuple(edge for v in together for edge in used[v][0][2])
            drafts.append((position, (tail, head, together, every, len(places) > 1)))
    drafts.sort(key=lambda draft: draft[0])
    scene.wires = [Wire(f"w{number}", *parts) for number, (_, parts) in enumerate(drafts, 1)]
    scene.terminals.append(Terminal("output", scene.f, is_output=True))


def _bundles(
    scene: Scene, used: Mapping[Value, list[Place]], maker: Mapping[Value, str]
) -> dict[Value, tuple[Value, ...]]:
    """The Values that share a wire: many from one place to one place, a folded gate at one end."""
    together: dict[tuple[str, str], list[Value]] = {}
    folded = {gate.key for gate in scene.gates if gate.folded}
    for x, places in used.items():
        ends = (maker.get(x, ""), places[0][1])
        if len(places) == 1 and not folded.isdisjoint(ends):
            together.setdefault(ends, []).append(x)
    return {x: tuple(values) for values in together.values() if len(values) > BUNDLE for x in values}
