"""The steps of a figure: names, values going forward, gradients coming back, and what is said at each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from micrograd_es.figures.caption import Caption
from micrograd_es.figures.captions import MOST, Captions, SymbolCaptions
from micrograd_es.figures.scene import Fork, Scene
from micrograd_es.figures.texts import Texts
from micrograd_es.figures.unroll import Unrolled
from micrograd_es.value import Value


@dataclass(frozen=True)
class Step:
    """One frame: the texts that appear with it (by key, `w3.value`), the gates at work, and its caption."""

    appears: tuple[str, ...]
    active: tuple[str, ...]
    caption: Caption


def steps(texts: Texts, local: bool = False, unroll: Value | None = None, most: int | None = MOST) -> list[Step]:
    """The frames of a scene, in order; the last one has everything shown.

    First the names, then the values of the leaves, then one gate at a time; then 1 at the output, and one gate at a
    time backwards, the branches of a fork adding up once all of them have brought their contribution.

    `most` is how many inputs of a gate the captions spell out (None: all).
    """
    scene = texts.scene
    captions = SymbolCaptions(texts, most) if texts.symbols else Captions(texts, most)
    film = [Step((), (), captions.names()), Step(_leaf_values(scene), (), captions.leaves())]
    for gate in scene.gates:
        appears = _values(scene, gate.key)
        if local:
            appears += tuple(f"{wire.key}.local" for wire in scene.entering.get(gate.key, ()))
        film.append(Step(appears, (gate.key,), captions.forward(gate)))
    if not scene.gradient:
        return film
    back = _backward(scene, captions)
    return film + (back if unroll is None else _unrolled(back, Unrolled(texts, unroll)))


def _unrolled(film: list[Step], unrolled: Unrolled) -> list[Step]:
    """The steps with the product of the chain rule, as far as it goes, under each caption."""
    done: set[str] = set()
    longer = []
    for step in film:
        done.update(key.partition(".")[0] for key in step.appears)
        more = tuple(tuple(line) for line in unrolled.lines(done))
        longer.append(replace(step, caption=Caption(step.caption.lines + more)))
    return longer


def _backward(scene: Scene, captions: Captions) -> list[Step]:
    (last,) = scene.entering["output"]
    film = [Step((f"{last.key}.gradient",), (), captions.start())]
    done = {last.key}
    for gate in reversed(scene.gates):
        wires = scene.entering.get(gate.key, [])
        done.update(wire.key for wire in wires)
        film.append(Step(tuple(f"{wire.key}.gradient" for wire in wires), (gate.key,), captions.backward(gate)))
        film += sums(scene, captions.fork, done)
    return film


def sums(scene: Scene, caption: Callable[[Fork], Caption], done: set[str]) -> list[Step]:
    """A frame for each fork all of whose branches have come back, once."""
    film = []
    for fork in scene.forks:
        (trunk,) = scene.entering[fork.key]
        if trunk.key not in done and all(wire.key in done for wire in scene.leaving[fork.key]):
            done.add(trunk.key)
            film.append(Step((f"{trunk.key}.gradient",), (fork.key,), caption(fork)))
    return film


def _leaf_values(scene: Scene) -> tuple[str, ...]:
    return tuple(key for terminal in scene.terminals if not terminal.is_output for key in _values(scene, terminal.key))


def _values(scene: Scene, key: str) -> tuple[str, ...]:
    """The values on every wire that leaves a thing, and on the branches behind a fork there."""
    wires = scene.leaving.get(key, [])
    branches = [branch for wire in wires for branch in scene.leaving.get(wire.head, ()) if branch.is_branch]
    return tuple(f"{wire.key}.value" for wire in (*wires, *branches))
