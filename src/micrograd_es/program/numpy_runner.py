"""Running a plan in plain NumPy: the runner writes the straight-line code of a batch size, and compiles it.

A value has a row in the matrix of its space, its gradient the same row in another; the code calls NumPy on views of
those matrices and writes into them. `Runner.source` is what runs, and it reads like the formulas on a blackboard.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from micrograd_es.program.arrays import ARRAYS, Array
from micrograd_es.program.blocks import Plan, Rows, Space, as_slice
from micrograd_es.program.numpy_lines import Backward, Forward
from micrograd_es.program.steps import stepped

STRAIGHT = 400  # lines that are compiled as they are; more of them take too long
LARGE = 1 << 21  # bytes of values from which on what blocks gather has room for one block at a time


class Runner:
    """The code of one plan for one batch size, and the matrices that it works on.

    `shared` are the rows that the program keeps for all batch sizes. `wanted` are the places whose gradients are asked
    for, and `output` the row whose gradient the way back starts from; None for a runner that never goes back.

    `inputs` is one row for each example, to be written before a run. `predict` computes the outputs, `forward` every
    value, and `backward` is a whole run, there and back: it leaves the sum of the output over the examples in `total`,
    and in `check` the sum of the parameters' gradients, which is finite only where all of them are.
    """

    def __init__(
        self, plan: Plan, shared: Array, batch: int, wanted: set[tuple[Space, int]], output: Rows | None
    ) -> None:
        varying = np.zeros((plan.sizes[Space.VARYING], batch), shared.dtype)
        self.batch, self.wanted = batch, wanted
        self.values = {Space.SHARED: shared, Space.VARYING: varying}
        self.gradients = {
            space: np.zeros_like(matrix, shape=(len(matrix), matrix.shape[1] if output is not None else 0))
            for space, matrix in self.values.items()
        }
        self.inputs = varying[: plan.tape.inputs].T
        self.total, self.check = np.zeros(1, shared.dtype), np.zeros(1, shared.dtype)
        self.names: dict[str, Any] = {"np": np, "m": ARRAYS}
        self.views: dict[object, str] = {}
        self.held: dict[str, Rows] = {}  # what the rooms for gathered values have in them, as the code goes along
        self.is_large = varying.nbytes > LARGE
        self.touched: dict[Space, set[int]] = {space: set() for space in Space}
        self.lines = [line for block in plan.blocks for line in Forward(self, block).lines()]
        back: list[str] = []
        if output is not None:
            back = [*self._back(plan, output), *self._sums(output, plan.tape.parameters)]
        self.source = _function("forward", "", self.lines) + _function("backward", "seed", ["forward()", *back])
        if len(self.lines) + len(back) <= STRAIGHT:
            exec(compile(self.source, "<program>", "exec"), self.names)
        else:
            self.names |= stepped(self.names, self.lines, back)

    def forward(self) -> None:
        """Compute every value."""
        with np.errstate(all="ignore"):
            self.names["forward"]()

    predict = forward

    def backward(self, seed: float) -> None:
        """Compute every value, and the gradients that are wanted of the sum of the output times the seed."""
        with np.errstate(all="ignore"):
            self.names["backward"](seed)

    def _sums(self, output: Rows, parameters: int) -> list[str]:
        """The lines that add up the output over the examples, and the gradients of the parameters."""
        self.names |= {"total": self.total, "G": self.gradients[Space.SHARED][:parameters], "check": self.check}
        return [f"np.add.reduce({self.value(output)}, 1, None, total)", "np.add.reduce(G, 0, None, check)"]

    def _back(self, plan: Plan, output: Rows) -> list[str]:
        """The lines of the way back: what is added to is cleared first, what is only set is not."""
        self.touched[output.space].update(output.numbers)
        self.cleared: list[tuple[Space, int]] = []
        seed = [f"{self.gradient(output)}.fill(seed)"]
        lines: list[str] = []
        for block in reversed(plan.blocks):
            if any((block.out.space, row) in self.wanted for row in block.out.numbers):
                lines += Backward(self, block).lines()
        unused = [(space, row) for space, row in self.wanted if row not in self.touched[space]]
        places = sorted({*self.cleared, *unused}, key=lambda place: (place[0].value, place[1]))
        cleared = [f"{self.gradient(Rows(space, rows))}.fill(0)" for space, rows in _runs(places)]
        return [*cleared, *seed, *lines]

    # Names for views

    def bound(self, key: object, make: Callable[[], Any], kind: str) -> str:
        """The name that the code has for an object, made when it is first asked for."""
        if key not in self.views:
            self.views[key] = f"{kind}{len(self.views)}"
            self.names[self.views[key]] = make()
        return self.views[key]

    def value(self, rows: Rows) -> str:
        """The name of a view of rows that follow each other."""
        return self.bound((rows, "value"), lambda: self.values[rows.space][as_slice(rows)], "v")

    def gradient(self, rows: Rows) -> str:
        """The name of a view of their gradients."""
        return self.bound((rows, "gradient"), lambda: self.gradients[rows.space][as_slice(rows)], "g")

    def reshaped(self, name: str, shape: tuple[int, ...], transposed: bool = False) -> str:
        """The name of a view of what a name stands for, in another shape."""

        def view() -> Array:
            matrix: Array = self.names[name].reshape(shape)
            assert not matrix.size or np.shares_memory(matrix, self.names[name])
            turned: Array = matrix.T if transposed else matrix
            return turned

        return self.bound((name, shape, transposed), view, name + ("T" if transposed else "_"))

    def is_wanted(self, rows: Rows) -> bool:
        """Whether a gradient is asked for in some of the rows."""
        return any((rows.space, row) in self.wanted for row in rows.numbers)


def _function(name: str, parameters: str, lines: Sequence[str]) -> str:
    """The text of a function of some lines."""
    body = "\n".join(lines).replace("\n", "\n    ") or "pass"
    return f"def {name}({parameters}):\n    {body}\n"


def _runs(places: Sequence[tuple[Space, int]]) -> list[tuple[Space, tuple[int, ...]]]:
    """Sorted places as stretches of rows that follow each other."""
    found: list[tuple[Space, list[int]]] = []
    for space, row in places:
        if found and found[-1][0] is space and found[-1][1][-1] == row - 1:
            found[-1][1].append(row)
        else:
            found.append((space, [row]))
    return [(space, tuple(rows)) for space, rows in found]
