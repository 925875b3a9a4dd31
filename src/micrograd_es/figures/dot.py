"""A scene as DOT: every wire is broken at a label whose rule continues it, the value above and the gradient below.

The source is written twice from the same lines: once with everything shown, for Graphviz to lay out; and once for each
picture, with the positions of that layout and only what the picture shows. So nothing moves from frame to frame.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from micrograd_es.figures.boxes import NONE, Boxes
from micrograd_es.figures.cells import cell, coloured, lead, table
from micrograd_es.figures.fonts import covers
from micrograd_es.figures.labels import Run, clean, emptied, markup, quoted
from micrograd_es.figures.layout import Layout
from micrograd_es.figures.outline import Outline, Thing
from micrograd_es.figures.scene import Fork, Gate, Terminal, Wire
from micrograd_es.figures.shapes import (
    GAP,
    NAME_HEIGHT,
    NAME_SIZE,
    SIGMA,
    SIZE,
    SMALL,
)
from micrograd_es.scopes import Scope


@dataclass(frozen=True)
class View:
    """What a picture shows of a scene: the keys of the texts (None: all of them), and the gates at work.

    With `closed`, wires are also drawn where a text that is shown interrupts them: a page takes them away with it.
    """

    shown: Collection[str] | None = None
    active: Collection[str] = ()
    closed: bool = False

    def shows(self, key: str) -> bool:
        """Whether the text of that key is there; blank is not 0."""
        return self.shown is None or key in self.shown


class Writer(Outline):
    """Writes the DOT of an outline in one look."""

    def write(
        self,
        view: View,
        layout: Layout | None = None,
        boxes: Boxes = NONE,
        canvas: Sequence[float] = (),
        extra: Collection[str] = (),
    ) -> str:
        """The DOT source: without a layout to be laid out, else with its positions on the given canvas.

        `extra` lines come last.
        """
        return "\n".join(["digraph {", *self.lines(view, layout, boxes, canvas), *extra, "}", ""])

    def lines(
        self, view: View, layout: Layout | None = None, boxes: Boxes = NONE, canvas: Sequence[float] = ()
    ) -> list[str]:
        """The statements of the DOT source."""
        lines = self.head(boxes.depth) + corners(canvas)
        for thing in self.things():
            if thing.key not in boxes.home:
                lines.append(self._node(thing, view, layout))
        for scope in boxes.inside.get(None, ()):
            lines += self._box(scope, boxes, view, layout)
        for wire in self.scene.wires:
            lines += self._edges(wire, layout)
        return lines if layout else [*lines, *self.left_column(boxes)]

    # Nodes

    def _node(self, thing: Thing, view: View, layout: Layout | None) -> str:
        if isinstance(thing, Terminal):
            attributes = self._terminal(thing)
        elif isinstance(thing, Gate):
            attributes = self._gate(thing, thing.key in view.active)
        elif isinstance(thing, Fork):
            attributes = self._fork(thing.key in view.active)
        else:
            attributes = f"shape=plain label={self._label(thing, view, ruled=layout is None)}"
        position = ' pos="{:g},{:g}"'.format(*layout.at(thing.key)) if layout else ""
        return f'{thing.key} [id="{thing.key}" {attributes}{position}]'

    def _terminal(self, terminal: Terminal) -> str:
        line = self.names[terminal.key]
        if not line:
            return "shape=point width=0.0417"
        side = "LEFT" if terminal.is_output else "RIGHT"
        name = cell(markup(line), self.name_room(terminal), NAME_HEIGHT, f'ALIGN="{side}"')
        gap = cell("", GAP, 1)
        cells = name if not self.across else gap + name if terminal.is_output else name + gap
        return f"shape=plain fontsize={NAME_SIZE:g} label=<{table(f'<TR>{cells}</TR>')}>"

    def _gate(self, gate: Gate, active: bool) -> str:
        shape, theme = self.shapes[gate.key], self.theme
        fill = theme.highlight if active else theme.folded if gate.folded else theme.gate
        sign = self.signs[gate.key]
        fixed = "true" if covers(sign) else "shape"  # letters of other families may be wider than we know
        look = f'fixedsize={fixed} fillcolor="{fill}" label={quoted(sign)} ordering=in'
        size = f"width={shape.width / 72:.4f} height={shape.height / 72:.4f}"
        if active:
            look += f' color="{theme.highlight_edge}" penwidth=3'
        if shape.is_round:
            smaller = f" fontsize={shape.text_size:g}" if shape.text_size != SIZE else ""
            return f"shape=circle style=filled {size} {look}{smaller}"
        border = " peripheries=2" if gate.folded else ""
        return f'shape=box style="filled,rounded" {size} {look}{border}'

    def _fork(self, active: bool) -> str:
        theme = self.theme
        fill = theme.highlight if active else theme.paper
        return (
            f'shape=circle style=filled fixedsize=true width={SIGMA / 72:.4f} fillcolor="{fill}"'
            f' color="{theme.gradient}" penwidth={2.4 if active else 1.4}'
            f' fontcolor="{theme.gradient}" fontsize={SMALL:g} label="Σ"'
        )

    def _label(self, wire: Wire, view: View, ruled: bool) -> str:
        """The value and the gradient of a wire; `ruled`, with a rule between them that continues it."""
        room, theme, before = self.room(wire), self.theme, lead(self.values[wire.key], SIZE)
        lines = [
            line if view.shows(f"{wire.key}.{kind}") else emptied(line)
            for kind, line in (("value", self.values[wire.key]), ("gradient", self.gradients[wire.key]))
        ]
        if self.across:
            rule = "<HR/>" if ruled else ""
            value = cell(coloured(lines[0], theme.value, theme, before), room, self.row)
            gradient = cell(coloured(lines[1], theme.gradient, theme, before), room, self.row)
            return f"<{table(f'<TR>{value}</TR>{rule}<TR>{gradient}</TR>')}>"
        rule = "<VR/>" if ruled else ""
        value = coloured(lines[0], theme.value, theme, before, "RIGHT")
        gradient = coloured(lines[1], theme.gradient, theme, side="LEFT")
        rows = [(cell(value, room, self.row, 'ALIGN="RIGHT"'), cell(gradient, room, self.row, 'ALIGN="LEFT"'))]
        if below := self.below(wire):
            rows.append((cell("", room, below), cell("", room, below)))
        gap = cell("", GAP, 1)
        return f"<{table(''.join([f'<TR>{left}{gap}{rule}{gap}{right}</TR>' for left, right in rows]))}>"

    # Edges

    def _edges(self, wire: Wire, layout: Layout | None) -> list[str]:
        """The two halves of a wire, with their course where there is a layout."""
        ends = (wire.tail, wire.key), (wire.key, wire.head)
        courses = [f' pos="{layout.edges[edge]}"]' if layout else "]" for edge in ends]
        return [half[:-1] + course for half, course in zip(self.halves(wire), courses, strict=True)]

    # Boxes

    def _box(self, scope: Scope, boxes: Boxes, view: View, layout: Layout | None) -> list[str]:
        key, title = boxes.keys[scope], clean(self.titled(scope), 40)
        where = ""
        if layout:
            place, room = layout.boxes[key], Run(title).width(SMALL)
            where = f' bb="{place}" lp="{place.left + room / 2 + 8:g},{place.top - 10:g}" lwidth={room / 72:.3f}'
        lines = [
            f"subgraph {key} {{",
            f'graph [id="{key}" label={quoted(title)} labeljust=l style="dashed,rounded"'
            f' color="{self.theme.muted}" penwidth=1.2 margin=7{where}]',
        ]
        for thing in self.things():
            if boxes.home.get(thing.key) is scope:
                lines.append(self._node(thing, view, layout))
        for inner in boxes.inside.get(scope, ()):
            lines += self._box(inner, boxes, view, layout)
        return [*lines, "}"]


def corners(canvas: Sequence[float]) -> list[str]:
    """Two invisible points that hold the size of the canvas (left, bottom, right, top), whatever else is shown."""
    look = "shape=point style=invis width=0 height=0"
    ends = zip(("corner_1", "corner_2"), (canvas[:2], canvas[2:]), strict=True) if canvas else ()
    return [f'{key} [{look} pos="{x:g},{y:g}"]' for key, (x, y) in ends]
