"""Where the parts of a block graph go: Graphviz's layout of their sizes, and wires that pass nothing on their way.

Parameters and Jacobians stand above and below their block and may reach over the wires beside it. Where one would meet
something there, its block gets room for all of it, and everything is laid out once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from math import ceil

from micrograd_es.figures.blocks.pieces import Pieces, Stack, row_width
from micrograd_es.figures.blocks.wires import cleared
from micrograd_es.figures.boxes import Boxes, boxed, boxes
from micrograd_es.figures.curves import Spline, points_of, spline
from micrograd_es.figures.fonts import text_width
from micrograd_es.figures.labels import clean, quoted
from micrograd_es.figures.layout import Layout, Place, around, laid_out
from micrograd_es.figures.outline import CLOSE, STRAIGHT
from micrograd_es.figures.routes import ARROW as ARROWHEAD
from micrograd_es.figures.routes import routed
from micrograd_es.figures.scene import Gate, Wire
from micrograd_es.figures.shapes import AIR, GAP, NAME_HEIGHT, NAME_SIZE, SIGMA
from micrograd_es.scopes import Scope


class Arrangement:
    """The layout of one block graph; `names` are what stands at its ends."""

    def __init__(self, pieces: Pieces, names: Mapping[str, str]) -> None:
        self.pieces, self.scene, self.names = pieces, pieces.scene, names
        self.wide: set[str] = set()  # the blocks that get room for all that stands at them

    @property
    def boxes(self) -> Boxes:
        """The open scopes, and what stands in each."""
        return self._placed[1]

    def skeleton(self, found: Boxes) -> str:
        """The DOT source of the sizes, with a port for each wire of a block."""
        joins = any(len(wires) > 1 for key, wires in self.scene.entering.items() if key in self.scene.gate_of)
        columns = 0.3 if joins else 0.16  # wires that bend need room
        look = f"rankdir=LR nodesep=0.22 ranksep={columns:g} splines=true margin=0 pad=0.12"
        lines = ["digraph {", f"graph [{look}]", 'node [label="" shape=box fixedsize=true]']
        for gate in self.scene.gates:
            lines.append(f"{gate.key} [shape=plain fixedsize=false ordering=in label=<{self._ports(gate)}>]")
        for key, (wide, high) in self._sizes():
            lines.append(f"{key} [width={wide / 72:.4f} height={high / 72:.4f}]")
        lines += [line for scope in found.inside.get(None, ()) for line in self._cluster(scope, found)]
        for wire in self.scene.wires:
            lines += self._edges(wire)
        return "\n".join([*lines, "}"])

    def _sizes(self) -> Iterator[tuple[str, tuple[float, float]]]:
        """The width and height of everything but blocks."""
        for terminal in self.scene.terminals:
            name = self.names[terminal.key]
            yield terminal.key, (text_width(name, NAME_SIZE, "italic") * 1.05 + GAP, NAME_HEIGHT) if name else (3, 3)
        for fork in self.scene.forks:
            yield fork.key, (SIGMA, SIGMA)
        for key, stack in self.pieces.wires.items():
            yield key, (stack.width + 4, 2 * max(stack.above, stack.below))

    def _ports(self, gate: Gate) -> str:
        """A table with the size of a block and all that stands at it, the block itself in the middle."""
        block = self.pieces.blocks[gate.key]
        wide = (block.width if gate.key in self.wide else block.shape.width) + 2 * AIR
        pad = ceil(max(block.above, block.below) + AIR)
        sides, size = [], f'FIXEDSIZE="TRUE" WIDTH="{ceil(wide / 2)}"'
        for letter, wires in (("i", self.scene.entering.get(gate.key, [])), ("o", self.scene.leaving[gate.key])):
            high = block.shape.height / max(len(wires), 1)
            cells = "".join(
                f'<TR><TD PORT="{letter}{wire.key}" {size} HEIGHT="{ceil(high)}"></TD></TR>' for wire in wires
            )
            sides.append(f"<TD>{_table(cells)}</TD>" if cells else "<TD></TD>")
        space = f'<TR><TD COLSPAN="2" FIXEDSIZE="TRUE" WIDTH="{2 * ceil(wide / 2)}" HEIGHT="{pad}"></TD></TR>'
        return _table(f"{space}<TR>{''.join(sides)}</TR>{space}")

    def _edges(self, wire: Wire) -> list[str]:
        """The two halves of a wire, from and to the ports of blocks."""
        gates = self.scene.gate_of
        straight = STRAIGHT if wire.tail in gates else 2
        tail = f"{wire.tail}:o{wire.key}:e" if wire.tail in gates else wire.tail
        head = f"{wire.head}:i{wire.key}:w" if wire.head in gates else wire.head
        arrow = "none" if wire.head.startswith("s") else "normal"
        return [
            f"{tail} -> {wire.key}:w [weight={max(straight, CLOSE)} arrowhead=none]",
            f"{wire.key}:e -> {head} [weight={straight} arrowhead={arrow} arrowsize=0.6]",
        ]

    def _cluster(self, scope: Scope, found: Boxes) -> list[str]:
        """An open scope with its members."""
        members = [key for key, home in found.home.items() if home is scope]
        inner = [line for inside in found.inside.get(scope, ()) for line in self._cluster(inside, found)]
        title = f"label={quoted(clean(self.pieces.texts.scope(scope), 40))} labeljust=l margin=7"
        return [f"subgraph {found.keys[scope]} {{ graph [{title}]", "; ".join(members), *inner, "}"]

    @cached_property
    def _placed(self) -> tuple[Layout, Boxes]:
        """Where things are and how wires run.

        What stands at a block may reach over the wires beside it; where it would meet something, the block gets room.
        """
        while True:
            placed, found = self._laid_out()
            layout = self._routed(placed)
            crowded = {key for key in self.pieces.blocks if self._is_crowded(key, layout)} - self.wide
            if not crowded:
                return layout, found
            self.wide |= crowded

    @property
    def layout(self) -> Layout:
        """Where things are and how wires run."""
        return self._placed[0]

    def _laid_out(self) -> tuple[Layout, Boxes]:
        """One layout, with boxes round open scopes: drawn afterwards where they fit."""
        tight = boxes(self.scene, with_inputs=False)
        bare = replace(tight, home={}, inside={})
        for room in ((), (key for key in self.pieces.blocks if key in tight.home)):
            self.wide.update(room)
            layout = self._boxed(laid_out(self.skeleton(bare)), tight)
            if layout is not None:
                return layout, tight
        roomy = boxes(self.scene, with_inputs=True)
        layout = laid_out(self.skeleton(roomy))
        return self._boxed(layout, roomy) or layout, roomy

    def _boxed(self, layout: Layout, found: Boxes) -> Layout | None:
        """A layout with the boxes drawn round what things need, which is less than they were given."""
        needed = {key: around([self.outline(key, layout), *self.at_block(key, layout)]) for key in self.pieces.blocks}
        needed |= {key: self.reach(key, stack, layout) for key, stack in self.pieces.wires.items()}
        drawn = boxed(replace(layout, nodes={**layout.nodes, **needed}), found)
        return replace(layout, boxes=drawn.boxes) if drawn else None

    def _is_crowded(self, key: str, layout: Layout) -> bool:
        """Whether what stands at a block meets what stands elsewhere, or a wire."""
        places = self.at_block(key, layout)
        others = [place for other in self.pieces.blocks if other != key for place in self.at_block(other, layout)]
        others += [self.outline(other, layout) for other in self.pieces.blocks if other != key]
        others += [self.reach(other, stack, layout) for other, stack in self.pieces.wires.items()]
        others += [layout.nodes[terminal.key] for terminal in self.scene.terminals]
        others += [layout.nodes[fork.key] for fork in self.scene.forks]
        passing = [point for path in layout.edges.values() for point in points_of(path)] if places else []
        return any(
            any(place.meets(other) for other in others) or any(place.holds(*point) for point in passing)
            for place in places
        )

    def outline(self, key: str, layout: Layout) -> Place:
        (x, y), shape = layout.at(key), self.pieces.blocks[key].shape
        return Place(x - shape.width / 2, y - shape.height / 2, x + shape.width / 2, y + shape.height / 2)

    def at_block(self, key: str, layout: Layout) -> list[Place]:
        """The room above and below a block that its parameters and Jacobians take."""
        block, place = self.pieces.blocks[key], self.outline(key, layout)
        x, above, below = place.middle, row_width(block.parameters) / 2, row_width(block.locals) / 2
        places = []
        if above:
            places.append(Place(x - above, place.top + block.rise, x + above, place.top + block.above))
        if below:
            places.append(Place(x - below, place.bottom - block.below, x + below, place.bottom - block.drop))
        return places

    def _routed(self, placed: Layout) -> Layout:
        """The layout with wires that meet their blocks; what stands above and below a block is in their way."""
        nodes, shapes = dict(placed.nodes), {}
        for key, block in self.pieces.blocks.items():
            outline = self.outline(key, placed)
            aside = max(0.0, (block.width - block.shape.width) / 2) if key in self.wide else 0.0
            nodes[key] = outline.grown(AIR + aside, AIR)
            nodes |= {f"{key}_at_{side}": place for side, place in enumerate(self.at_block(key, placed))}
            shapes[key] = replace(
                block.shape, width=block.shape.width + 2 * aside, is_round=block.shape.is_round and not aside
            )
        layout = routed(replace(placed, nodes=nodes), self.scene, shapes, across=True)
        edges = dict(layout.edges)
        obstacles = self._obstacles(placed)
        for wire in self.scene.wires:
            for ends in ((wire.tail, wire.key), (wire.key, wire.head)):
                edges[ends] = self._cleared(wire, ends, self._led_on(ends, edges[ends], placed), obstacles)
        outlines = {key: self.outline(key, placed) for key in self.pieces.blocks}
        return replace(layout, nodes={**layout.nodes, **outlines}, edges=edges)

    def _obstacles(self, placed: Layout) -> list[tuple[str, Place]]:
        """What wires are not to pass, by the key of what may touch it."""
        found = [(key, self.outline(key, placed)) for key in self.pieces.blocks]
        found += [("", place) for key in self.pieces.blocks for place in self.at_block(key, placed)]
        found += [(key, self.reach(key, stack, placed)) for key, stack in self.pieces.wires.items()]
        found += [(fork.key, placed.nodes[fork.key]) for fork in self.scene.forks]
        return found + [(terminal.key, placed.nodes[terminal.key]) for terminal in self.scene.terminals]

    def _cleared(self, wire: Wire, ends: tuple[str, str], path: str, obstacles: Sequence[tuple[str, Place]]) -> str:
        """A half of a wire led round what is in its way; what it leaves is not, but for what stands on the wire."""
        through = 3 if ends[0] == wire.key else 0  # the points of the piece through what stands on the wire
        touched = ends[1:] if through else ends
        given = spline(path)
        rest = Spline(given.points[through:], given.tip)
        rest = spline(cleared(str(rest), [place for key, place in obstacles if key not in touched]))
        return str(Spline((*given.points[:through], *rest.points), rest.tip))

    def _led_on(self, ends: tuple[str, str], path: str, placed: Layout) -> str:
        """A wire from or to the room of a block led on to its outline, level."""
        given = spline(path)
        if ends[1] in self.wide and given.tip:
            x, y = given.tip
            left = self.outline(ends[1], placed).left
            third = (left - ARROWHEAD - given.points[-1][0]) / 3
            on = [(given.points[-1][0] + third * step, y) for step in (1, 2, 3)]
            return str(Spline((*given.points, *on), (left, y)))
        if ends[0] in self.wide:
            (x, y), right = given.points[0], self.outline(ends[0], placed).right
            third = (x - right) / 3
            return str(Spline((*((right + third * step, y) for step in (0, 1, 2)), *given.points), given.tip))
        return path

    def reach(self, key: str, stack: Stack, layout: Layout) -> Place:
        """The room that what stands on a wire takes."""
        x, y = layout.at(key)
        return Place(x - stack.width / 2, y - stack.below, x + stack.width / 2, y + stack.above)


def _table(rows: str) -> str:
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{rows}</TABLE>'
