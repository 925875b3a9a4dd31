"""The chain rule unrolled: ∂f/∂x as a sum over paths of products of local gradients, one factor more at each step."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from micrograd_es.figures.caption import Part, enclosed
from micrograd_es.figures.scene import Scene, Wire
from micrograd_es.figures.texts import Texts
from micrograd_es.value import Value

MOST_PATHS = 6

Path = list[tuple[Wire, Value]]  # the wires that enter its gates, in order, and what leaves each gate there


class Unrolled:
    """The product, or the sum of products, that ∂f/∂x comes to.

    Raises ValueError where x is no name of the figure, or reaches the output on more than `MOST_PATHS` paths or in a
    bundle.
    """

    def __init__(self, texts: Texts, x: Value) -> None:
        self.texts, self.x = texts, x
        self.paths = _paths(texts.scene, x)

    def lines(self, done: Collection[str]) -> list[list[Part]]:
        """The product as far as the wires in `done` go, from the output backwards; with numbers once it is whole."""
        scene, texts = self.texts.scene, self.texts
        left = f"∂{texts.output}/∂{texts.name(self.x)}"
        terms = [self._term(path, done) for path in self.paths]
        shown = [term for term in terms if term]
        if not shown:
            return []
        lines = [[Part(f"{left} = ", "gradient"), Part(" + ".join(shown), "local")]]
        if all(wire.key in done for path in self.paths for wire, _ in path) and not texts.symbols:
            numbers = [[texts.numbers(scene.slope(*factor)) for factor in reversed(path)] for path in self.paths]
            products = [" · ".join([factors[0], *map(enclosed, factors[1:])]) for factors in numbers]
            total = Part(texts.numbers(scene.gradient[self.x]), "gradient")
            lines.append([Part(f"{left} = ", "gradient"), Part(" + ".join(products)), Part(" = "), total])
        return lines

    def _term(self, path: Path, done: Collection[str]) -> str:
        """The factors of one path that are known: those whose gates have sent their gradient back."""
        known = [factor for factor in reversed(path) if factor[0].key in done]
        factors = [self.texts.slope(*factor) for factor in known]
        return " · ".join(factors + ["…"] * (len(known) < len(path))) if known else ""


def _no_input(scene: Scene, x: Any) -> TypeError | ValueError:
    """What is wrong with an x that is no input of the figure."""
    if isinstance(x, Value):
        return ValueError(f"unroll is {x!r}, which is no name in this figure; expected one of its inputs.")
    names = [t.value.label for t in scene.terminals if not t.is_output and t.value.label]
    name = x if x in names else next(iter(names), "x")
    what = f"unroll is {x!r} ({type(x).__name__})"
    return TypeError(f"{what}; expected one of the inputs, a Value and not its name. Write unroll={name}.")


def _paths(scene: Scene, x: Value) -> list[Path]:
    """The ways from x to the output."""
    start = next((t.key for t in scene.terminals if t.value is x and not t.is_output and t.count == 1), None)
    if start is None:
        raise _no_input(scene, x)
    found: list[Path] = []
    waiting: list[tuple[str, list[Wire], list[Value]]] = [(start, [], [])]
    while waiting:
        key, path, results = waiting.pop()
        for wire in reversed(scene.leaving.get(key, ())):
            if len(wire.values) > 1:
                raise ValueError(
                    f"{x!r} reaches the output through {len(wire.values)} Values on one wire; open scopes (depth=…), or"
                    " leave unroll out."
                )
            made = [*results, wire.value] if key in scene.gate_of else results
            if wire.head == "output":
                found.append(list(zip(path, made, strict=True)))
            else:
                waiting.append((wire.head, [*path, wire] if wire.head in scene.gate_of else path, made))
        if len(found) > MOST_PATHS:
            raise ValueError(
                f"{x!r} reaches the output on more than {MOST_PATHS} paths; fold scopes, or leave unroll out."
            )
    return found
