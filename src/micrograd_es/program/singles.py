"""Blocks of one row in a long program: the code of each kind is written once, and called with the rows of every block.

Blocks are of one kind where their lines differ in the names of their rows only. To know the kind and to look the rows
up takes a twentieth of the time of writing the lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, TypeGuard

from micrograd_es.program.arrays import Array
from micrograd_es.program.blocks import Block, Elementwise
from micrograd_es.program.numpy_lines import Backward, Forward
from micrograd_es.program.steps import Step, step_of

if TYPE_CHECKING:
    from micrograd_es.program.numpy_runner import Runner


def is_single(block: Block) -> TypeGuard[Elementwise]:
    """Whether a block is an operation of one row, on inputs that are named one by one."""
    if not isinstance(block, Elementwise) or len(block.out.numbers) > 1:
        return False
    return len(block.inputs) <= 2 or block.op.arity is not None


class Singles:
    """The kinds of single blocks that a runner has met, and its rows as views that are made once."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.values = {space: list(matrix[:, None]) for space, matrix in runner.values.items()}
        self.gradients = {space: list(matrix[:, None]) for space, matrix in runner.gradients.items()}
        self.known: dict[tuple[object, ...], Step] = {}  # the function of a kind, and what is the same in all its calls

    def forward(self, block: Elementwise) -> Step:
        """What computes a block."""
        values, xs, out = self.values, block.inputs, block.out
        views = [values[x.space][x.numbers[0]] for x in xs]
        key = (block.op, out.space, *[x.space for x in xs], *_equal(views))
        if key not in self.known:
            names = [self.runner.value(rows) for rows in (*xs, out)]
            self.known[key] = step_of(Forward(self.runner, block).lines(), self.runner.names, names)
        step, given = self.known[key]
        return step, (*views, values[out.space][out.numbers[0]], *given)

    def backward(self, block: Elementwise) -> Step | None:
        """What sends the gradient of a block back; None where nobody asks for it."""
        runner, values, slopes, xs, out = self.runner, self.values, self.gradients, block.inputs, block.out
        wanted, touched = runner.wanted_rows, runner.touched
        views = [values[x.space][x.numbers[0]] for x in xs]
        kinds: list[object] = ["back", block.op, out.space]
        targets = []
        for x in xs:
            row = x.numbers[0]
            asked = row in wanted[x.space]
            kinds += (x.space, asked, row in touched[x.space])
            if asked:
                targets.append((touched[x.space], row))
        if not targets:
            return None
        key = (*kinds, *_equal(views))
        if key not in self.known:
            lines = Backward(runner, block).lines()
            names = [runner.value(rows) for rows in (*xs, out)] + [runner.gradient(rows) for rows in (*xs, out)]
            self.known[key] = step_of(lines, runner.names, names)
        for found, row in targets:
            found.add(row)
        step, given = self.known[key]
        views += (values[out.space][out.numbers[0]], *[slopes[x.space][x.numbers[0]] for x in (*xs, out)])
        return step, (*views, *given)


def _equal(views: Sequence[Array]) -> Sequence[Any]:
    """Which of some rows are the same."""
    if len(views) == 2:
        return (views[0] is views[1],)
    return [x is y for x, y in combinations(views, 2)]
