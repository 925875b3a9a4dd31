"""A block graph as DOT that Graphviz can still lay out: what stands on a wire, or at a block, is one table."""

from __future__ import annotations

from math import ceil

from micrograd_es.figures.blocks.pieces import NAME, Local, Stack
from micrograd_es.figures.blocks.stage import BlockStage, colored, table
from micrograd_es.figures.scene import Gate, Terminal
from micrograd_es.figures.shapes import NAME_SIZE, SIGMA, SIZE, SMALL
from micrograd_es.figures.themes import Theme


def source(stage: BlockStage) -> list[str]:
    """The statements of the DOT source; needs no Graphviz."""
    lines = [*stage.head("rankdir=LR nodesep=0.22 ranksep=0.2 splines=true")]
    lines += [_terminal(stage, terminal) for terminal in stage.scene.terminals]
    lines += [_block(stage, gate) for gate in stage.scene.gates]
    for fork in stage.scene.forks:
        look = f'shape=circle fixedsize=true width={SIGMA / 72:.4f} label="Σ" fontsize={SMALL:g}'
        lines.append(f'{fork.key} [{look} color="{stage.theme.gradient}" fontcolor="{stage.theme.gradient}"]')
    for wire in stage.scene.wires:
        stack = stage.pieces.wires[wire.key]
        high = ceil(max(stack.above, stack.below))
        cells = [f'<TR><TD HEIGHT="{high}" VALIGN="{side}">{part}</TD></TR>' for side, part in _halves(stage, stack)]
        lines.append(f"{wire.key} [shape=plain label=<{table('<HR/>'.join(cells))}>]")
        arrow = "" if wire.head.startswith("s") else " [arrowhead=normal]"
        lines += [f"{wire.tail} -> {wire.key}:w", f"{wire.key}:e -> {wire.head}{arrow}"]
    return lines


def _terminal(stage: BlockStage, terminal: Terminal) -> str:
    name = stage.names[terminal.key]
    if not name:
        return f"{terminal.key} [shape=point width=0.0417]"
    return f"{terminal.key} [shape=plain label=<{colored(name, NAME_SIZE, 'italic', stage.theme.ink)}>]"


def _block(stage: BlockStage, gate: Gate) -> str:
    """A block between its parameters and its Jacobians."""
    block, theme = stage.pieces.blocks[gate.key], stage.theme
    if not block.parameters and not block.locals and block.shape.is_round:
        return f"{gate.key} [shape=circle label=<{stage.title(gate)}>]"
    above = "".join(f"<TD>{_stacked(stage, stack)}</TD>" for stack in block.parameters)
    below = "".join(f"<TD>{_under(each, theme)}</TD>" for each in block.locals)
    look = f'BORDER="1.5" STYLE="ROUNDED" BGCOLOR="{theme.folded if gate.folded else theme.gate}" CELLPADDING="12"'
    box = f'<TABLE BORDER="0" CELLBORDER="0"><TR><TD {look}>{stage.title(gate)}</TD></TR></TABLE>'
    rows = "".join(_row(part) for part in (table(f"<TR>{above}</TR>") * bool(above), box) if part)
    return f"{gate.key} [shape=plain label=<{table(rows + (_row(table(f'<TR>{below}</TR>')) if below else ''))}>]"


def _under(local: Local, theme: Theme) -> str:
    """A Jacobian with its name."""
    name = colored(local.name, SMALL, "regular", theme.local)
    return table(_row(name) + _row(local.grid.markup(SIZE, theme.local, theme.paper)))


def _stacked(stage: BlockStage, stack: Stack) -> str:
    return table("".join(_row(part) for _, part in _halves(stage, stack) if part))


def _halves(stage: BlockStage, stack: Stack) -> list[tuple[str, str]]:
    """The name, the shape and the value; the gradient and its shape."""
    theme = stage.theme
    name = colored(stack.name, NAME, "italic", theme.ink) if stack.name else ""
    shape = colored(f" {stack.shape}", SMALL, "regular", theme.muted) if stack.shape else ""
    value = stack.value.markup(SIZE, theme.value, theme.paper, theme.muted) if stack.value else ""
    gradient = stack.gradient.markup(SIZE, theme.gradient, theme.paper, theme.muted) if stack.gradient else ""
    foot = colored(stack.gradient_shape, SMALL, "regular", theme.muted) if gradient and stack.gradient_shape else ""
    above, below = (
        "".join(_row(part) for part in parts if part) for parts in ((name + shape, value), (gradient, foot))
    )
    return [("BOTTOM", table(above) if above else ""), ("TOP", table(below) if below else "")]


def _row(part: str) -> str:
    return f"<TR><TD>{part}</TD></TR>"
