"""The chain rule by blocks: ∂J/∂x as a product of Jacobians, or a sum of products where x takes several ways to J."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from micrograd_es.figures.blocks.scene import BlockScene, Vector
from micrograd_es.figures.blocks.structure import looks_like_parameter
from micrograd_es.figures.blocks.texts import BlockTexts
from micrograd_es.figures.caption import Part
from micrograd_es.figures.scene import Wire
from micrograd_es.value import Value

if TYPE_CHECKING:
    from micrograd_es.figures.blocks.captions import BlockCaptions

MOST_PATHS = 4


class Paths:
    """The ways from one vector of leaves to the output."""

    def __init__(self, texts: BlockTexts, key: str) -> None:
        self.texts, self.scene, self.vector = texts, texts.scene, texts.scene.vectors[key]
        self.paths = _paths(texts.scene, key)

    @classmethod
    def of(cls, texts: BlockTexts, unroll: Value | list[Value] | None) -> Paths | None:
        """The ways from what was asked for; without that, from the name that is furthest from the output.

        None where there is no name, or one has more than `MOST_PATHS` ways and was not asked for.
        """
        scene = texts.scene
        keys = [t.key for t in scene.terminals if not t.is_output and not scene.vectors[t.key].is_constant]
        if unroll is not None:
            wanted = list(unroll) if isinstance(unroll, list | tuple) else [unroll]
            key = next((key for key in keys if set(wanted) <= set(scene.vectors[key].values)), None)
            if key is None:
                names = ", ".join(texts.name(scene.vectors[key]) for key in keys)
                raise ValueError(
                    f"unroll is {unroll!r}, which is no input of this block graph; expected one of {names or 'none'},"
                    " or an entry of it."
                )
            if not _paths(scene, key):
                raise ValueError(
                    f"{texts.name(scene.vectors[key])} reaches the output on more than {MOST_PATHS} paths;"
                    " choose another level, or leave unroll out."
                )
            return cls(texts, key)
        found = [(key, _paths(scene, key)) for key in keys]
        longest = max(
            ((key, paths) for key, paths in found if paths),
            key=lambda p: (_is_data(scene.vectors[p[0]]), _length(p[1])),
            default=None,
        )
        return cls(texts, longest[0]) if longest else None

    def lines(self, done: Collection[str], captions: BlockCaptions) -> list[list[Part]]:
        """The product as far as the wires in `done` go, from the output backwards; with numbers once it is whole."""
        terms = [term for path in self.paths if (term := self._term(path, done))]
        if not terms or terms == [self.texts.derivative(self.vector)]:
            return []
        left = Part(f"{self.texts.derivative(self.vector)} = ", "gradient")
        lines = [[left, Part(" + ".join(terms), "local")]]
        whole = all(wire.key in done for path in self.paths for wire in path)
        if whole and len(self.paths) == 1 and not self.texts.symbols:
            (path,) = self.paths
            factors = [self.texts.numbers.local(wire, self._on(after)) for wire, after in self._steps(path)]
            trunk = next(wire for wire in self.scene.wires if wire.values == self.vector.values)
            numeric = captions.numeric(factors, self.texts.gradient(trunk)) if path[0].values == trunk.values else []
            lines += [[left, *numeric]] if numeric else []
        return lines

    def _term(self, path: list[Wire], done: Collection[str]) -> str:
        """The factors of one path that are known."""
        steps = self._steps(path)
        known = [self.texts.factor(wire, after) for wire, after in steps if wire.key in done]
        if not known:
            return ""
        factors = ["…"] * (len(known) < len(path)) + known
        return " · ".join(factors if self.texts.numbers.is_column else factors[::-1])

    def _steps(self, path: list[Wire]) -> list[tuple[Wire, Wire | None]]:
        """Each wire with the one after it where that carries less than its block makes."""
        following: list[Wire | None] = [*path[1:], None]
        return [
            (wire, after if after and not self._is_whole(wire, after) else None)
            for wire, after in zip(path, following, strict=True)
        ]

    def _is_whole(self, wire: Wire, after: Wire) -> bool:
        return after.values == self.scene.vectors[wire.head].values

    def _on(self, wire: Wire | None) -> tuple[Value, ...] | None:
        return wire.values if wire else None


def _paths(scene: BlockScene, start: str) -> list[list[Wire]]:
    """The ways from a name to the output, each as the wires that enter its blocks; none where they are too many."""
    found: list[list[Wire]] = []
    waiting: list[tuple[str, list[Wire]]] = [(start, [])]
    while waiting:
        key, path = waiting.pop()
        for wire in reversed(scene.leaving.get(key, ())):
            if wire.head.startswith("output"):
                found.append(path)
            else:
                waiting.append((wire.head, [*path, wire] if wire.head in scene.gate_of else path))
        if len(found) + len(waiting) > 200 or len(found) > MOST_PATHS:
            return []
    if any(scene.fed(wire).columns > 1 and wire.head in scene.gate_of for path in found for wire in path):
        return []  # a gradient that is a matrix is no product of Jacobians
    return [path for path in found if path]


def _is_data(vector: Vector) -> bool:
    """Whether a vector is what a network is given, not what it learns."""
    return vector.columns == 1 and not looks_like_parameter(vector.name)


def _length(paths: list[list[Wire]]) -> int:
    return max(map(len, paths))
