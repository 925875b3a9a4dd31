"""The steps of a figure: names, values going forward, gradients coming back, and what is said at each."""

from __future__ import annotations

from dataclasses import dataclass

from micrograd_es.figures.captions import Caption, Captions
from micrograd_es.figures.scene import Scene
from micrograd_es.figures.texts import Texts


@dataclass(frozen=True)
class Step:
    """One frame: the texts that appear with it (by key, `w3.value`), the gates at work, and its caption."""

    appears: tuple[str, ...]
    active: tuple[str, ...]
    caption: Caption


def steps(texts: Texts, local: bool = False) -> list[Step]:
    """The frames of a scene, in order; the last one has everything shown.

    First the names, then the values of the leaves, then one gate at a time; then 1 at the output, and one gate at a
    time backwards, the branches of a fork adding up once all of them have brought their contribution.
    """
    scene, captions = texts.scene, Captions(texts)
    film = [Step((), (), captions.names()), Step(_leaf_values(scene), (), captions.leaves())]
    for gate in scene.gates:
        appears = _values(scene, gate.key)
        if local:
            appears += tuple(f"{wire.key}.local" for wire in scene.entering.get(gate.key, ()))
        film.append(Step(appears, (gate.key,), captions.forward(gate)))
    return film + _backward(scene, captions) if scene.gradient else film


def _backward(scene: Scene, captions: Captions) -> list[Step]:
    (last,) = scene.entering["output"]
    film = [Step((f"{last.key}.gradient",), (), captions.start())]
    film += _sums(scene, captions, done={last.key})
    done = {last.key}
    for gate in reversed(scene.gates):
        wires = scene.entering.get(gate.key, [])
        done.update(wire.key for wire in wires)
        film.append(Step(tuple(f"{wire.key}.gradient" for wire in wires), (gate.key,), captions.backward(gate)))
        film += _sums(scene, captions, done)
    return film


def _sums(scene: Scene, captions: Captions, done: set[str]) -> list[Step]:
    """A frame for each fork all of whose branches have come back, once."""
    film = []
    for fork in scene.forks:
        (trunk,) = scene.entering[fork.key]
        if trunk.key not in done and all(wire.key in done for wire in scene.leaving[fork.key]):
            done.add(trunk.key)
            film.append(Step((f"{trunk.key}.gradient",), (fork.key,), captions.fork(fork)))
    return film


def _leaf_values(scene: Scene) -> tuple[str, ...]:
    return tuple(key for terminal in scene.terminals if not terminal.is_output for key in _values(scene, terminal.key))


def _values(scene: Scene, key: str) -> tuple[str, ...]:
    """The values on every wire that leaves a thing, and on the branches behind a fork there."""
    wires = scene.leaving.get(key, [])
    branches = [branch for wire in wires for branch in scene.leaving.get(wire.head, ()) if branch.is_branch]
    return tuple(f"{wire.key}.value" for wire in (*wires, *branches))
