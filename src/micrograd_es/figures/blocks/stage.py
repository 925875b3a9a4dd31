"""A block graph on the stage: laid out once by Graphviz from sizes alone, then shown as often as asked.

Every part is a node of its own with its place, so that a picture leaves out what it does not show and nothing moves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from micrograd_es.figures.blocks.arrangement import Arrangement
from micrograd_es.figures.blocks.pieces import APART, NAME, NEAR, SHAPE_ROW, Block, Pieces, Stack, titled
from micrograd_es.figures.blocks.texts import BlockTexts
from micrograd_es.figures.caption import Caption
from micrograd_es.figures.curves import points_of
from micrograd_es.figures.dot import View
from micrograd_es.figures.fonts import FAMILY, text_width
from micrograd_es.figures.grids import Grid
from micrograd_es.figures.labels import Run, clean, quoted
from micrograd_es.figures.layout import Layout, Place, around
from micrograd_es.figures.scene import Fork, Gate, Terminal, Wire
from micrograd_es.figures.shapes import GAP, NAME_SIZE, SIGMA, SIZE, SMALL
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
        self.arrangement = Arrangement(self.pieces, self.names)

    @property
    def layout(self) -> Layout:
        """Where things are and how wires run."""
        return self.arrangement.layout

    # The picture

    def picture(self, view: View, caption: Caption | None = None, count: str = "") -> str:
        """The DOT source of one picture, with the positions of the layout."""
        left, bottom, right, top = self._under.canvas
        lines = ["digraph {", *self.head()]
        for key, x, y in (("corner_1", left, bottom), ("corner_2", right, top)):
            lines.append(f'{key} [shape=point style=invis width=0 height=0 pos="{x:g},{y:g}"]')
        for scope, key in self.arrangement.boxes.keys.items():
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
        places += [self.arrangement.reach(key, stack, self.layout) for key, stack in self.pieces.wires.items()]
        places += [Place(x, y, x, y) for path in self.layout.edges.values() for x, y in points_of(path)]
        return around([*places, *self.layout.boxes.values()]).grown(4, 4)

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
        written = "<BR/>".join(colored(line, size, face, self.theme.ink) for line in lines)
        shape = self.texts.size(gate)
        if not shape:
            return written
        below = colored(shape, SMALL, "regular", self.theme.muted)
        return table(f'<TR><TD>{written}</TD></TR><TR><TD HEIGHT="17" VALIGN="BOTTOM">{below}</TD></TR>')

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
            if stack.gradient and (view.closed or not view.shows(f"{stack.key}.gradient")):
                course = _straight(f"{middle:g},{floor + stack.below:g}", f"{middle:g},{floor:g}")
                yield f'{stack.key} -> {stack.key} [id="{stack.key}_wire" pos="{course}"]'
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
