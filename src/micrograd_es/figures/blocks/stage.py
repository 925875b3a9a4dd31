"""A block graph on the stage: laid out once by Graphviz from sizes alone, then shown as often as asked.

Every part is a node of its own with its place, so that a picture leaves out what it does not show and nothing moves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from math import ceil

from micrograd_es.figures.blocks.pieces import APART, NAME, NEAR, SHAPE_ROW, Block, Pieces, Stack, row_width, titled
from micrograd_es.figures.blocks.texts import BlockTexts
from micrograd_es.figures.blocks.wires import cleared
from micrograd_es.figures.boxes import Boxes, boxed, boxes
from micrograd_es.figures.caption import Caption
from micrograd_es.figures.dot import CLOSE, STRAIGHT, View
from micrograd_es.figures.fonts import FAMILY, text_width
from micrograd_es.figures.grids import Grid
from micrograd_es.figures.labels import Run, clean, quoted
from micrograd_es.figures.layout import Layout, Place, around, laid_out
from micrograd_es.figures.routes import ARROW as ARROWHEAD
from micrograd_es.figures.routes import Spline, points_of, routed, spline
from micrograd_es.figures.scene import Fork, Gate, Terminal, Wire
from micrograd_es.figures.shapes import AIR, GAP, NAME_HEIGHT, NAME_SIZE, SIGMA, SIZE, SMALL
from micrograd_es.figures.themes import Theme
from micrograd_es.figures.under import Under
from micrograd_es.scopes import Scope


class BlockStage:
    """The scene of a block graph, its layout, and the pictures of it."""

    def __init__(
        self, texts: BlockTexts, theme: Theme, captions: Sequence[Caption], note: str, with_locals: bool
    ) -> None:
        self.texts, self.scene, self.theme = texts, texts.scene, theme
        self.captions, self.note = captions, note
        self.pieces = Pieces(texts, with_locals)
        self.names = {terminal.key: texts.terminal(terminal) for terminal in self.scene.terminals}
        self.wide: set[str] = set()  # the blocks that get room for all that stands at them

    # The layout

    def skeleton(self, found: Boxes) -> str:
        """The DOT source of the sizes, with a port for each wire of a block."""
        joins = any(len(wires) > 1 for key, wires in self.scene.entering.items() if key in self.scene.gate_of)
        columns = 0.3 if joins else 0.16  # wires that bend need room
        look = f"rankdir=LR nodesep=0.22 ranksep={columns:g} splines=true margin=0 pad=0.12"
        lines = ["digraph {", f"graph [{look}]", 'node [label="" shape=box fixedsize=true]']
        for gate in self.scene.gates:
            lines.append(f"{gate.key} [shape=plain fixedsize=false label=<{self._ports(gate)}>]")
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
            sides.append(f"<TD>{table(cells)}</TD>" if cells else "<TD></TD>")
        space = f'<TR><TD COLSPAN="2" FIXEDSIZE="TRUE" WIDTH="{2 * ceil(wide / 2)}" HEIGHT="{pad}"></TD></TR>'
        return table(f"{space}<TR>{''.join(sides)}</TR>{space}")

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
        title = f"label={quoted(clean(self.texts.scope(scope), 40))} labeljust=l margin=7"
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
        layout = self._boxed(laid_out(self.skeleton(replace(tight, home={}, inside={}))), tight)
        if layout is not None:
            return layout, tight
        self.wide |= {key for key in self.pieces.blocks if key in tight.home}
        roomy = boxes(self.scene, with_inputs=True)
        layout = laid_out(self.skeleton(roomy))
        return self._boxed(layout, roomy) or layout, roomy

    def _boxed(self, layout: Layout, found: Boxes) -> Layout | None:
        """A layout with the boxes drawn round what things need, which is less than they were given."""
        needed = {key: around([self._outline(key, layout), *self._at(key, layout)]) for key in self.pieces.blocks}
        needed |= {key: self._reach(key, stack, layout) for key, stack in self.pieces.wires.items()}
        drawn = boxed(replace(layout, nodes={**layout.nodes, **needed}), found)
        return replace(layout, boxes=drawn.boxes) if drawn else None

    def _is_crowded(self, key: str, layout: Layout) -> bool:
        """Whether what stands at a block meets what stands elsewhere, or a wire."""
        places = self._at(key, layout)
        others = [place for other in self.pieces.blocks if other != key for place in self._at(other, layout)]
        others += [self._outline(other, layout) for other in self.pieces.blocks if other != key]
        others += [self._reach(other, stack, layout) for other, stack in self.pieces.wires.items()]
        others += [layout.nodes[terminal.key] for terminal in self.scene.terminals]
        others += [layout.nodes[fork.key] for fork in self.scene.forks]
        passing = [point for path in layout.edges.values() for point in points_of(path)] if places else []
        return any(
            any(place.meets(other) for other in others) or any(place.holds(*point) for point in passing)
            for place in places
        )

    def _outline(self, key: str, layout: Layout) -> Place:
        (x, y), shape = layout.at(key), self.pieces.blocks[key].shape
        return Place(x - shape.width / 2, y - shape.height / 2, x + shape.width / 2, y + shape.height / 2)

    def _at(self, key: str, layout: Layout) -> list[Place]:
        """The room above and below a block that its parameters and Jacobians take."""
        block, place = self.pieces.blocks[key], self._outline(key, layout)
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
            outline = self._outline(key, placed)
            aside = max(0.0, (block.width - block.shape.width) / 2) if key in self.wide else 0.0
            nodes[key] = outline.grown(AIR + aside, AIR)
            nodes |= {f"{key}_at_{side}": place for side, place in enumerate(self._at(key, placed))}
            shapes[key] = replace(
                block.shape, width=block.shape.width + 2 * aside, is_round=block.shape.is_round and not aside
            )
        layout = routed(replace(placed, nodes=nodes), self.scene, shapes, across=True)
        edges = dict(layout.edges)
        obstacles = self._obstacles(placed)
        for wire in self.scene.wires:
            for ends in ((wire.tail, wire.key), (wire.key, wire.head)):
                edges[ends] = self._cleared(wire, ends, self._led_on(ends, edges[ends], placed), obstacles)
        outlines = {key: self._outline(key, placed) for key in self.pieces.blocks}
        return replace(layout, nodes={**layout.nodes, **outlines}, edges=edges)

    def _obstacles(self, placed: Layout) -> list[tuple[str, Place]]:
        """What wires are not to pass, by the key of what may touch it."""
        found = [(key, self._outline(key, placed)) for key in self.pieces.blocks]
        found += [("", place) for key in self.pieces.blocks for place in self._at(key, placed)]
        found += [(key, self._reach(key, stack, placed)) for key, stack in self.pieces.wires.items()]
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
            left = self._outline(ends[1], placed).left
            third = (left - ARROWHEAD - given.points[-1][0]) / 3
            on = [(given.points[-1][0] + third * step, y) for step in (1, 2, 3)]
            return str(Spline((*given.points, *on), (left, y)))
        if ends[0] in self.wide:
            (x, y), right = given.points[0], self._outline(ends[0], placed).right
            third = (x - right) / 3
            return str(Spline((*((right + third * step, y) for step in (0, 1, 2)), *given.points), given.tip))
        return path

    # The picture

    def picture(self, view: View, caption: Caption | None = None, count: str = "") -> str:
        """The DOT source of one picture, with the positions of the layout."""
        left, bottom, right, top = self._under.canvas
        lines = ["digraph {", *self.head()]
        for key, x, y in (("corner_1", left, bottom), ("corner_2", right, top)):
            lines.append(f'{key} [shape=point style=invis width=0 height=0 pos="{x:g},{y:g}"]')
        for scope, key in self._placed[1].keys.items():
            lines += self._box(scope, key)
        for terminal in self.scene.terminals:
            lines.append(self._terminal(terminal))
        for gate in self.scene.gates:
            lines += self._block(gate, view)
        lines += [self._fork(fork, view) for fork in self.scene.forks]
        for wire in self.scene.wires:
            lines += self._wire(wire, view)
        return "\n".join([*lines, *self._under.lines(caption, count), "}", ""])

    @property
    def size(self) -> tuple[float, float]:
        """The width and height of every picture, in points."""
        return self._under.size

    @cached_property
    def _under(self) -> Under:
        return Under(self._whole, self.captions, self.note, self.theme)

    @cached_property
    def _whole(self) -> Place:
        """What the graph takes: its parts, its boxes, and the points of its wires."""
        places = [place for key, place in self.layout.nodes.items() if not key.startswith("w")]
        places += [self._reach(key, stack, self.layout) for key, stack in self.pieces.wires.items()]
        places += [Place(x, y, x, y) for path in self.layout.edges.values() for x, y in points_of(path)]
        return around([*places, *self.layout.boxes.values()]).grown(4, 4)

    def _reach(self, key: str, stack: Stack, layout: Layout) -> Place:
        """The room that what stands on a wire takes."""
        x, y = layout.at(key)
        return Place(x - stack.width / 2, y - stack.below, x + stack.width / 2, y + stack.above)

    def head(self, layout: str = "") -> list[str]:
        """The statements that every node and edge of a source relies on."""
        theme = self.theme
        return [
            f'graph [{layout} bgcolor="{theme.paper}" pad=0.12 margin=0 outputorder=edgesfirst fontname="{FAMILY}"'
            f' fontsize={SMALL:g} fontcolor="{theme.muted}"]',
            f'node [fontname="{FAMILY}" fontsize={SIZE:g} fontcolor="{theme.ink}" color="{theme.ink}" penwidth=1.5]',
            f'edge [color="{theme.ink}" penwidth=1.6 arrowsize=0.6 arrowhead=none]',
        ]

    def _box(self, scope: Scope, key: str) -> list[str]:
        """The dashed box round an open scope."""
        title, place = clean(self.texts.scope(scope), 40), self.layout.boxes[key]
        room = text_width(title, SMALL)
        where = f'bb="{place}" lp="{place.left + room / 2 + 8:g},{place.top - 10:g}" lwidth={room / 72:.3f}'
        look = f'style="dashed,rounded" color="{self.theme.muted}" penwidth=1.2'
        hold = f'{key}_in [shape=point style=invis width=0 height=0 pos="{place.middle:g},{place.top - 2:g}"]'
        return [f"subgraph {key} {{", f'graph [id="{key}" label={quoted(title)} labeljust=l {look} {where}]', hold, "}"]

    def _terminal(self, terminal: Terminal) -> str:
        x, y = self.layout.at(terminal.key)
        name = self.names[terminal.key]
        if not name:
            return f'{terminal.key} [id="{terminal.key}" shape=point width=0.0417 pos="{x:g},{y:g}"]'
        shift = GAP / 2 if terminal.is_output else -GAP / 2
        return _piece(terminal.key, colored(name, NAME_SIZE, "italic", self.theme.ink), x + shift, y)

    def _fork(self, fork: Fork, view: View) -> str:
        theme, (x, y), active = self.theme, self.layout.at(fork.key), fork.key in view.active
        return (
            f'{fork.key} [id="{fork.key}" shape=circle style=filled fixedsize=true width={SIGMA / 72:.4f} label="Σ"'
            f' fillcolor="{theme.highlight if active else theme.paper}" color="{theme.gradient}"'
            f' penwidth={2.4 if active else 1.4} fontcolor="{theme.gradient}" fontsize={SMALL:g} pos="{x:g},{y:g}"]'
        )

    def _wire(self, wire: Wire, view: View) -> Iterator[str]:
        x, y = self.layout.at(wire.key)
        yield f'{wire.key} [shape=point style=invis width=0 height=0 pos="{x:g},{y:g}"]'
        yield from self._stack(self.pieces.wires[wire.key], view, x, y)
        for edge in ((wire.tail, wire.key), (wire.key, wire.head)):
            arrow = " arrowhead=normal" if edge[1] == wire.head and not wire.head.startswith("s") else ""
            yield f'{edge[0]} -> {edge[1]} [pos="{self.layout.edges[edge]}"{arrow}]'

    def _stack(self, stack: Stack, view: View, x: float, y: float) -> Iterator[str]:
        """A value above the point, its gradient below."""
        theme, key = self.theme, stack.key
        if stack.head:
            name = colored(stack.name, NAME, "italic", theme.ink) if stack.name else ""
            blank = colored("  ", SMALL, "regular", theme.muted) if stack.name and stack.shape else ""
            shape = colored(stack.shape, SMALL, "regular", theme.muted) if stack.shape else ""
            yield _piece(f"{key}_name", name + blank + shape, x, y + stack.above - stack.head / 2)
        if stack.value and view.shows(f"{key}.value"):
            yield self._grid(f"{key}_value", stack.value, theme.value, x, y + NEAR + stack.value.height(SIZE) / 2)
        if stack.gradient and view.shows(f"{key}.gradient"):
            high = stack.gradient.height(SIZE)
            yield self._grid(f"{key}_gradient", stack.gradient, theme.gradient, x, y - NEAR - high / 2)
            if stack.foot:
                foot = colored(stack.gradient_shape, SMALL, "regular", theme.muted)
                yield _piece(f"{key}_gradient_shape", foot, x, y - NEAR - high - SHAPE_ROW / 2)

    def _grid(self, key: str, grid: Grid, colour: str, x: float, y: float, size: float = SIZE) -> str:
        return _piece(key, grid.markup(size, colour, self.theme.paper, self.theme.muted), x, y)

    def _block(self, gate: Gate, view: View) -> Iterator[str]:
        """The outline of a block, its parameters above it and its Jacobians below."""
        block, theme, (x, y) = self.pieces.blocks[gate.key], self.theme, self.layout.at(gate.key)
        shape, active = block.shape, gate.key in view.active
        fill = theme.highlight if active else theme.folded if gate.folded else theme.gate
        look = f'style="filled{"" if shape.is_round else ",rounded"}" shape={"circle" if shape.is_round else "box"}'
        look += f' fillcolor="{fill}"' + (f' color="{theme.highlight_edge}" penwidth=3' if active else "")
        look += f" width={shape.width / 72:.4f} height={shape.height / 72:.4f} fixedsize=true"
        yield f'{gate.key} [id="{gate.key}" {look} label=<{self.title(gate)}> pos="{x:g},{y:g}"]'
        yield from self._parameters(gate, block, view)
        yield from self._locals(block, view, x, y - shape.height / 2 - block.drop)

    def title(self, gate: Gate) -> str:
        """What stands in a block: its name, and the shape of its weights."""
        face, size = "semibold" if gate.folded else "regular", self.pieces.blocks[gate.key].shape.text_size
        lines = titled(self.texts.title(gate)) if gate.folded else [self.texts.title(gate)]
        written = [colored(line, size, face, self.theme.ink) for line in lines]
        shape = self.texts.size(gate)
        return "<BR/>".join([*written, *([colored(shape, SMALL, "regular", self.theme.muted)] if shape else [])])

    def _parameters(self, gate: Gate, block: Block, view: View) -> Iterator[str]:
        """The parameters of a block, side by side, each with an arrow down to it."""
        x, y = self.layout.at(gate.key)
        left = x - (sum(s.width for s in block.parameters) + APART * (len(block.parameters) - 1)) / 2
        roof = y + block.shape.height / 2
        for number, stack in enumerate(block.parameters, 1):
            middle = left + stack.width / 2
            left += stack.width + APART
            floor = roof + block.rise
            yield f'{stack.key} [shape=point style=invis width=0 height=0 pos="{middle:g},{floor:g}"]'
            yield from self._stack(stack, view, middle, floor + stack.below)
            if stack.gradient and not view.shows(f"{stack.key}.gradient"):
                ends = f"{middle:g},{floor + stack.below:g}"
                yield f'{stack.key} -> {stack.key} [pos="{_straight(ends, f"{middle:g},{floor:g}")}"]'
            aim = x + block.shape.width * (number / (len(block.parameters) + 1) - 0.5)
            bend = f"{middle:g},{floor - 12:g} {aim:g},{floor - 2:g} {aim:g},{floor - 14:g}"
            path = f"{middle:g},{floor:g} {bend} {aim:g},{floor - 15:g} {aim:g},{roof + 7:g} {aim:g},{roof + 6:g}"
            yield f'{stack.key} -> {gate.key} [arrowhead=normal pos="e,{aim:g},{roof:g} {path}"]'

    def _locals(self, block: Block, view: View, x: float, top: float) -> Iterator[str]:
        """The Jacobians of a block, side by side under it."""
        left = x - (sum(local.width for local in block.locals) + APART * (len(block.locals) - 1)) / 2
        for local in block.locals:
            middle = left + local.width / 2
            left += local.width + APART
            if not view.shows(f"{local.key}.local"):
                continue
            colour = self.theme.local
            name = colored(f"{local.name}  ", SMALL, "regular", colour)
            shape = colored(local.shape, SMALL, "regular", self.theme.muted) if local.shape else ""
            yield _piece(f"{local.key}_local_name", name + shape, middle, top - SHAPE_ROW / 2)
            size, high = SIZE * 0.9, local.grid.height(SIZE * 0.9)
            yield self._grid(f"{local.key}_local", local.grid, colour, middle, top - SHAPE_ROW - 4 - high / 2, size)


def _straight(start: str, end: str) -> str:
    """A straight line as DOT has it."""
    return f"{start} {start} {end} {end}"


def table(rows: str) -> str:
    """Rows as a table without lines."""
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{rows}</TABLE>'


def colored(text: str, size: float, face: str, colour: str) -> str:
    """A text as Graphviz's HTML-like labels have it."""
    return f'<FONT COLOR="{colour}" POINT-SIZE="{size:g}">{Run(text, face).markup()}</FONT>'


def _piece(key: str, markup: str, x: float, y: float) -> str:
    """A node that is a piece of text, or a grid, at its place."""
    return f'{key} [id="{key}" shape=plain label=<{markup}> pos="{x:.2f},{y:.2f}"]'
