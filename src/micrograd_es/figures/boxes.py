"""The dashed boxes round open scopes: what stands in each, and where they can be drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from micrograd_es.figures.layout import Layout, Place, around
from micrograd_es.figures.scene import Scene
from micrograd_es.scopes import Scope

Path = tuple[Scope, ...]


@dataclass(frozen=True)
class Boxes:
    """Which open scope each thing stands in, the key of each box, and the scopes inside each (None: the outermost)."""

    home: Mapping[str, Scope]
    keys: Mapping[Scope, str]
    inside: Mapping[Scope | None, list[Scope]]

    @property
    def depth(self) -> int:
        """How deep the boxes nest."""
        return max((len(self.around(scope)) for scope in self.keys), default=0)

    def around(self, scope: Scope) -> Path:
        """The boxes from the outermost to that of a scope."""
        return tuple(s for s in scope.path() if s in self.keys)

    def outer(self, scope: Scope) -> Scope | None:
        """The scope whose box is round that of a scope; None for the outermost."""
        return next((s for s in reversed(self.around(scope)[:-1])), None)

    def path(self, key: str) -> Path:
        """The boxes round a thing, from the outermost."""
        return self.around(self.home[key]) if key in self.home else ()


NONE = Boxes({}, {}, {})


def boxes(scene: Scene, with_inputs: bool) -> Boxes:
    """The boxes of a scene: a gate stands in that of its scope; so does a name that was made
    there, and a parameter with the gates that use it. A fork stands with what it comes from and the nearest gate that
    uses it: its other branches leave the box, and none of them has to come back.

    A wire's label stands in the innermost box that has both its ends; `with_inputs`, in that of what it enters:
    Graphviz keeps the inputs of a gate in order only inside one box. The outermost box is left out where it says
    nothing: it holds every gate, and boxes in which they stand.
    """
    paths = _paths(scene)
    for wire in scene.wires:
        ends = (wire.head,) if with_inputs else (wire.tail, wire.head)
        paths[wire.key] = _common([paths.get(key, ()) for key in ends])
    if _says_nothing(scene, paths):
        paths = {key: path[1:] for key, path in paths.items()}
    keys: dict[Scope, str] = {}
    inside: dict[Scope | None, list[Scope]] = {}
    for path in paths.values():
        for outer, scope in zip((None, *path), path, strict=False):
            if scope not in keys:
                keys[scope] = f"cluster_{len(keys) + 1}"
                inside.setdefault(outer, []).append(scope)
    return Boxes({key: path[-1] for key, path in paths.items() if path}, keys, inside)


def _paths(scene: Scene) -> dict[str, Path]:
    """The scopes round each gate, fork and name, from the outermost."""
    paths: dict[str, Path] = {}
    for gate in scene.gates:
        scope = gate.folded.outer if gate.folded else gate.node.scope
        paths[gate.key] = scope.path() if scope else ()
    for terminal in scene.terminals:
        value = terminal.value
        heads = [wire.head for wire in scene.leaving.get(terminal.key, ())]
        users = [wire.head for head in heads for wire in scene.leaving.get(head, ()) if head.startswith("s")]
        common = _common([paths.get(user, ()) for user in users or heads])
        made = value.scope.path() if value.scope else ()
        paths[terminal.key] = common if value.is_parameter or value.is_constant else _common([common, made])
    for fork in scene.forks:
        (trunk,) = scene.entering[fork.key]
        made = paths.get(trunk.tail, ())
        shared = [_common([made, paths.get(wire.head, ())]) for wire in scene.leaving[fork.key]]
        paths[fork.key] = max(shared, key=len)
    return paths


def _says_nothing(scene: Scene, paths: Mapping[str, Path]) -> bool:
    """Whether the outermost box holds every gate, and each of them in a box, or folded, inside it."""
    every = [(paths[gate.key], gate) for gate in scene.gates]
    outermost = {path[:1] for path, _ in every}
    return len(outermost) == 1 and all(path and (len(path) > 1 or gate.folded) for path, gate in every)


def _common(paths: Sequence[Path]) -> Path:
    """What all the paths start with."""
    return tuple(scopes[0] for scopes in takewhile(lambda s: len(set(s)) == 1, zip(*paths, strict=False)))


def boxed(layout: Layout, found: Boxes) -> Layout | None:
    """A layout made without boxes, with boxes drawn in; None where one would cover what is not its own."""
    places: dict[str, Place] = {}
    members = {scope: {key for key, home in found.home.items() if scope in home.path()} for scope in found.keys}
    for scope in sorted(found.keys, key=lambda scope: -len(scope.path())):
        things = [layout.nodes[key] for key, home in found.home.items() if home is scope]
        inner = [places[found.keys[s]] for s in found.inside.get(scope, ())]
        place = around([*things, *inner]).grown(7, 7, top=15)
        others = (other for key, other in layout.nodes.items() if key not in members[scope])
        if any(place.meets(other) for other in others):
            return None
        places[found.keys[scope]] = place
    for scopes in found.inside.values():
        side_by_side = [places[found.keys[scope]] for scope in scopes]
        if any(a.meets(b) for i, a in enumerate(side_by_side) for b in side_by_side[:i]):
            return None
    return replace(layout, boxes=places, whole=around([layout.whole, *places.values()]))


def lowered(layout: Layout, below: float) -> Layout:
    """A layout made with boxes, with room in them for what stands under wires and gates."""
    return (
        replace(layout, boxes={key: place.lowered(below) for key, place in layout.boxes.items()}) if below else layout
    )
