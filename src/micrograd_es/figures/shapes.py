"""The sizes of what stands in a figure, in points."""

from __future__ import annotations

from dataclasses import dataclass

from micrograd_es.figures.labels import Run

SIZE = 16.0  # numbers on wires and signs in gates
NAME_SIZE = 19.0
NAME_HEIGHT = 27
SMALL = 12.0  # local gradients, roles, boxes
ROW = 22  # the height of a line of numbers
LOCAL_ROW = 16  # the height of a local gradient
BLANK_HEIGHT = 25  # the height of a box to write in by hand
BLANK_ROW = 31  # the height of a line with such a box
GAP = 4  # between a name and its wire
CIRCLE = 38.0  # the diameter of a gate
SIGMA = 20.0  # the diameter of the Σ at a fork
SLOT = 22.0  # the room that each input of a gate with many takes
BETWEEN = 11.5  # the same between the labels of wires that run straight into a folded gate
OUTLINE = 4.0  # between the two outlines of a folded gate; Graphviz's own measure
AIR = 5.0  # room kept free round a gate, so that wires which pass it do not touch it


@dataclass(frozen=True)
class Shape:
    """The outline of a gate: a circle, or a rounded box for a long sign, many inputs or a folded scope."""

    width: float
    height: float
    is_round: bool
    text_size: float = SIZE
    border: float = 0.0  # a second outline, so far outside the first


def gate_shape(sign: str, wires: int, folded: bool, across: bool, slot: float = SLOT) -> Shape:
    """The shape of a gate with that sign and so many `wires` on its busier side (its left or right where `across`).

    `slot` is the room that each of several wires takes.
    """
    room = Run(sign).width(SIZE)
    if room <= CIRCLE + 1 and wires <= 2 and not folded:
        return Shape(CIRCLE, CIRCLE, True, SIZE * 0.82 if room > CIRCLE - 9 else SIZE)
    border = OUTLINE if folded else 0.0
    crowded = slot * wires + (4 if slot == SLOT else -2 * border) if wires > 2 or folded else 0.0
    if across:
        return Shape(max(room + 22, CIRCLE), max(CIRCLE, crowded), False, SIZE, border)
    return Shape(max(room + 22, CIRCLE, crowded), CIRCLE, False, SIZE, border)
