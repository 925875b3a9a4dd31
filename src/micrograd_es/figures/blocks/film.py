"""The steps of a block graph: names, values block by block, one factor of ∂J/∂x at a time, then the parameters."""

from __future__ import annotations

from micrograd_es.figures.blocks.captions import BlockCaptions
from micrograd_es.figures.blocks.scene import BlockScene
from micrograd_es.figures.film import Step, sums
from micrograd_es.figures.scene import Wire


def steps(scene: BlockScene, captions: BlockCaptions, local: bool, gradients: bool) -> list[Step]:
    """The frames, in order; the last one has everything shown.

    First the names, then the values of inputs and parameters, then one block at a time; then 1 at the output, one
    block at a time backwards, vectors that are used twice adding up once all their branches are there; at last, from
    the back to the front, the gradients of the parameters.
    """
    given = [wire.key for t in scene.terminals if not t.is_output for wire in _behind(scene, t.key)]
    given += [p.key for listed in scene.parameters.values() for p in listed]
    film = [Step((), (), captions.names()), Step(tuple(f"{key}.value" for key in given), (), captions.leaves())]
    for gate in scene.gates:
        appears = tuple(f"{wire.key}.value" for wire in _behind(scene, gate.key))
        if local:
            appears += tuple(f"{wire.key}.local" for wire in scene.entering.get(gate.key, ()))
        film.append(Step(appears, (gate.key,), captions.forward(gate)))
    return film + (_backward(scene, captions) if gradients else [])


def _behind(scene: BlockScene, key: str) -> list[Wire]:
    """The wires that leave a thing, and the branches behind a fork there."""
    wires = scene.leaving.get(key, [])
    return [*wires, *(branch for wire in wires for branch in scene.leaving.get(wire.head, ()) if branch.is_branch)]


def _backward(scene: BlockScene, captions: BlockCaptions) -> list[Step]:
    done = {wire.key for wire in scene.wires if wire.head.startswith("output")}
    film = [Step(tuple(f"{key}.gradient" for key in sorted(done)), (), captions.start())]
    film += sums(scene, lambda fork: captions.fork(fork, done), done)
    for gate in reversed(scene.gates):
        wires = scene.entering.get(gate.key, [])
        done.update(wire.key for wire in wires)
        if wires:
            appears = tuple(f"{wire.key}.gradient" for wire in wires)
            film.append(Step(appears, (gate.key,), captions.backward(gate, done)))
        film += sums(scene, lambda fork: captions.fork(fork, done), done)
    for gate in reversed(scene.gates):
        if gate.key in scene.parameters:
            appears = tuple(f"{parameter.key}.gradient" for parameter in scene.parameters[gate.key])
            film.append(Step(appears, (gate.key,), captions.parameters(gate)))
    return film
