"""The outline of a picture: every text that is in it, the room that each thing takes, and what joins them.

That is all that a layout depends on. How it looks is written by `dot`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from math import ceil

from micrograd_es.figures.boxes import NONE, Boxes
from micrograd_es.figures.cells import cell_width
from micrograd_es.figures.fonts import FAMILY
from micrograd_es.figures.labels import Line, clean, emptied, has_blank, plain, quoted, width
from micrograd_es.figures.scene import Fork, Gate, Scene, Terminal, Wire
from micrograd_es.figures.shapes import (
    AIR,
    BETWEEN,
    BLANK_ROW,
    GAP,
    LOCAL_ROW,
    NAME_HEIGHT,
    NAME_SIZE,
    ROW,
    SIGMA,
    SIZE,
    SLOT,
    SMALL,
    Shape,
    gate_shape,
)
from micrograd_es.figures.texts import Texts
from micrograd_es.figures.themes import Theme
from micrograd_es.scopes import Scope

MANY = 300  # gates from which Graphviz is told to hurry
TOO_MANY = 1200  # gates from which wires are straight lines
LONG = 1500  # gates passed by all wires together from which Graphviz is told to hurry
FAR = 5000  # the same from which wires are straight lines
STRAIGHT = 12  # how strongly the main line is kept straight
INPUT = 7  # the same for the inputs of a gate: two of them hold it against the line that goes on from it
CLOSE = 30  # how strongly a label is kept next to what its wire leaves
LEFT_COLUMN = 3  # leaves whose first gate is no deeper than this stand in the left column

Thing = Terminal | Gate | Fork | Wire


class Outline:
    """What is in a picture, and how large.

    Every text is read from the scene when the Outline is made, so that what is drawn later is what was asked for then.
    """

    def __init__(
        self, texts: Texts, theme: Theme, *, across: bool = True, local: bool = False, roles: bool = False
    ) -> None:
        scene = texts.scene
        self.scene, self.theme, self.across, self.titled = scene, theme, across, texts.scope
        self.names = {terminal.key: texts.terminal(terminal) for terminal in scene.terminals}
        self.signs = {gate.key: texts.sign(gate) for gate in scene.gates}
        self.values = {wire.key: texts.value(wire) for wire in scene.wires}
        self.gradients = {wire.key: texts.gradient(wire) for wire in scene.wires}
        self.locals = {wire.key: texts.local(wire) for wire in scene.wires} if local else {}
        self.roles = _roles(texts) if roles else {}
        self.tooltips = texts.tooltips()
        self.row = _row([*self.values.values(), *self.gradients.values()], ROW)
        self.local_row = _row(self.locals.values(), LOCAL_ROW)
        self.locals_under = bool(self.locals) and self.local_row == LOCAL_ROW  # else inside the labels
        self.half = self.row if self.locals_under or not self.locals else self.row + self.local_row
        self.shapes = {g.key: self._shape(g) for g in scene.gates}
        self.depth = _depths(scene)
        self.length = sum(self._passes(wire) for wire in scene.wires)
        leaves = [width(self.names[t.key], NAME_SIZE) for t in scene.terminals if not t.is_output]
        self.column = max(leaves, default=0.0)

    def skeleton(self, boxes: Boxes = NONE) -> str:
        """The DOT source of the sizes alone, which is all that a layout depends on; gates have some air round them."""
        lines = ["digraph {", *self.head(boxes.depth), 'node [label="" shape=box fixedsize=true]']
        lines += map(self.bare, self.things())
        lines += [line for scope in boxes.inside.get(None, ()) for line in self._bare_box(scope, boxes)]
        for wire in self.scene.wires:
            lines += self.halves(wire)
        return "\n".join([*lines, *self.left_column(boxes), "}"])

    def bare(self, thing: Thing) -> str:
        """A thing with nothing but its size."""
        wide, high = self.size(thing)
        round_gate = thing.key in self.shapes and self.shapes[thing.key].is_round
        look = " ordering=in" + " shape=circle" * round_gate if isinstance(thing, Gate) else ""
        return f"{thing.key} [width={wide / 72:.4f} height={high / 72:.4f}{look}]"

    def size(self, thing: Thing) -> tuple[float, float]:
        """The width and height that a thing takes in the layout."""
        if isinstance(thing, Gate):
            shape = self.shapes[thing.key]
            around = 2 * (AIR + shape.border)
            return shape.width + around, shape.height + around
        if isinstance(thing, Fork):
            return SIGMA, SIGMA
        if isinstance(thing, Wire):
            room = cell_width(self.room(thing))
            if self.across:
                return room, 2 * (self.half if self.locals.get(thing.key) else self.row)
            return 2 * room + 2 * cell_width(GAP), self.row + self.below(thing)
        if not self.names[thing.key]:
            return 3.0, 3.0
        return cell_width(self.name_room(thing)) + cell_width(GAP) * self.across, NAME_HEIGHT

    def _bare_box(self, scope: Scope, boxes: Boxes) -> list[str]:
        """A cluster with nothing but its members."""
        members = [key for key, home in boxes.home.items() if home is scope]
        inner = [line for inside in boxes.inside.get(scope, ()) for line in self._bare_box(inside, boxes)]
        title = f"label={quoted(clean(self.titled(scope), 40))} labeljust=l margin=7"
        return [f"subgraph {boxes.keys[scope]} {{ graph [{title}]", "; ".join(members), *inner, "}"]

    def things(self) -> Iterator[Thing]:
        """Everything that has a place of its own."""
        return chain(self.scene.terminals, self.scene.gates, self.scene.forks, self.scene.wires)

    def head(self, nesting: int = 0, length: int | None = None) -> list[str]:
        """What holds for the whole source, in which all wires together pass `length` gates (None: those of the scene).

        Graphviz's time grows with the third power of how far a wire leads.
        """
        theme = self.theme
        direction = "LR" if self.across else "TB"
        under = 0.2 * bool(self.roles) + 0.16 * self.locals_under
        gap = 0.16 + under if self.across else 0.22 + 0.5 * bool(self.roles)
        gates = len(self.scene.gates)
        length = self.length if length is None else length
        splines = "line" if gates > TOO_MANY or length > FAR else "true"
        crowded = any(not shape.is_round for shape in self.shapes.values())
        most = max((len(self.scene.entering.get(key, ())) for key in self.shapes), default=0)
        columns = 0.14 + 0.12 * crowded + 0.06 * min(max(0, most - 2), 5) + 0.1 * max(0, nesting - 1)
        look = f"rankdir={direction} nodesep={gap:g} ranksep={columns:g} splines={splines}"
        look += f' bgcolor="{theme.paper}" pad=0.12 margin=0'
        if gates > MANY:
            effort = 0.001 if gates > TOO_MANY else 0.02
            look += f" nslimit={effort} nslimit1={effort} mclimit=0.02"  # a little less tidy, ten times as fast
        elif length > LONG:
            look += " nslimit=1"
        return [
            f'graph [{look} outputorder=edgesfirst fontname="{FAMILY}" fontsize={SMALL:g} fontcolor="{theme.muted}"]',
            f'node [fontname="{FAMILY}" fontsize={SIZE:g} fontcolor="{theme.ink}" color="{theme.ink}" penwidth=1.5]',
            f'edge [color="{theme.ink}" penwidth=1.4 arrowsize=0.6 arrowhead=none]',
        ]

    def name_room(self, terminal: Terminal) -> float:
        """The width of a name; those on the left share one column."""
        return self.column if self.across and not terminal.is_output else width(self.names[terminal.key], NAME_SIZE)

    def _shape(self, gate: Gate) -> Shape:
        busy = max(len(self.scene.entering.get(gate.key, ())), len(self.scene.leaving[gate.key]))
        part = gate.folded is not None and busy > 1 and (busy > 2 or gate.folded.outer is not None)
        slot = 2 * self.row + BETWEEN if part and self.across else SLOT
        return gate_shape(self.signs[gate.key], busy, gate.folded is not None, self.across, slot)

    def below(self, wire: Wire) -> int:
        """The height that the local gradient of a wire takes in its label, where the wire runs down beside it."""
        return 0 if self.across or not self.locals.get(wire.key) else self.local_row

    def room(self, wire: Wire) -> int:
        """The width of a wire's label: that of the widest text that it ever shows."""
        lines = [(self.values[wire.key], SIZE), (self.gradients[wire.key], SIZE)]
        if self.locals:
            lines.append((self.locals[wire.key], SMALL))
        rounded = 0.4 * max(len(plain(emptied(line) or line)) for line, _ in lines)  # Graphviz rounds letters to pixels
        return ceil(max(width(line, size) for line, size in lines) + rounded) + (4 if self.across else 1)

    def _passes(self, wire: Wire) -> int:
        """How many gates deeper a wire leads, at the least: what a layout in columns has to lead it past."""
        return max(0, self.depth.get(wire.head, 0) - self.depth.get(_source(self.scene, wire), 0))

    def halves(self, wire: Wire, least: int = 2) -> tuple[str, str]:
        """The two halves of a wire. The label stands next to what the wire leaves; the far half takes up the length.

        `least` is how strongly a wire is kept straight that comes from a fork, or leads to one.
        """
        into, out = ("w", "e") if self.across else ("n", "s")
        straight = STRAIGHT if wire.tail.startswith("g") else least
        if wire.head.startswith("g") and not wire.is_branch:
            straight = max(straight, INPUT)
        arrow = "" if wire.head.startswith("s") else " arrowhead=normal"
        return (
            f"{wire.tail} -> {wire.key}:{into} [weight={max(straight, CLOSE)}]",
            f"{wire.key}:{out} -> {wire.head} [weight={straight}{arrow}]",
        )

    def left_column(self, boxes: Boxes) -> list[str]:
        """The names that stand at the far left: those whose first gate is not deep inside, and in no box."""
        keys = [
            terminal.key
            for terminal in self.scene.terminals
            if not terminal.is_output
            and terminal.key not in boxes.home
            and self._first_depth(terminal.key) <= LEFT_COLUMN
        ]
        return [f"{{rank=min; {'; '.join(keys)}}}"] if keys else []

    def _first_depth(self, key: str) -> int:
        """The depth of the first gate that a name feeds."""
        heads = [wire.head for wire in self.scene.leaving[key]]
        heads += [wire.head for fork in heads for wire in self.scene.leaving.get(fork, ()) if fork.startswith("s")]
        return min((self.depth[head] for head in heads if head in self.depth), default=1)


def _row(lines: Iterable[Line], usual: int) -> int:
    """The height of a line of text, of all of them where one is to be written by hand."""
    return BLANK_ROW if any(map(has_blank, lines)) else usual


def _roles(texts: Texts) -> dict[str, str]:
    """The names of what gates and forks do to the gradient, by key; plain scalers have none."""
    roles = {g.key: texts.words[g.node.op.role.value] for g in texts.scene.gates if g.node.op and not g.folded}
    roles |= {fork.key: texts.words["accumulator"] for fork in texts.scene.forks}
    return {key: role for key, role in roles.items() if role}


def _depths(scene: Scene) -> dict[str, int]:
    """How many gates there are, at most, from a name to each gate, itself counted."""
    depth: dict[str, int] = {}
    for gate in scene.gates:
        depth[gate.key] = 1 + max(
            (depth.get(_source(scene, wire), 0) for wire in scene.entering.get(gate.key, ())), default=0
        )
    return depth


def _source(scene: Scene, wire: Wire) -> str:
    """What a wire comes from, on the other side of a fork."""
    return scene.entering[wire.tail][0].tail if wire.is_branch else wire.tail
