"""Running a plan in plain NumPy: the runner writes the straight-line code of a batch size, and compiles it.

A value has a row in the matrix of its space, its gradient the same row in another; the code calls NumPy on views of
those matrices and writes into them. `Runner.source` is what runs, and it reads like the formulas on a blackboard.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from micrograd_es.program.arrays import ARRAYS, Array
from micrograd_es.program.blocks import Block, Plan, Rows, Space, as_slice
from micrograd_es.program.direct import Direct
from micrograd_es.program.numpy_lines import Backward, Forward
from micrograd_es.program.steps import Step, stepped

STRAIGHT = 400  # lines that are compiled as they are; more of them take too long
MANY = 200  # blocks from which on there will be so many lines
LARGE = 1 << 21  # bytes of values from which on what blocks gather has room for one block at a time


class Runner:
    """The code of one plan for one batch size, and the matrices that it works on.

    `shared` are the rows that the program keeps for all batch sizes. `wanted` are the places whose gradients are asked
    for, and `output` the row whose gradient the way back starts from; None for a runner that never goes back.

    `inputs` is one row for each example, to be written before a run. `predict` computes the outputs, `forward` every
    value, and `backward` is a whole run, there and back: it leaves the sum of the output over the examples in `total`,
    and in `check` the sum of the squares of the parameters' gradients, not finite where one of them is not. `outputs`
    are the places of the outputs in `values`; with `seeds` each example's output counts so often; for `fresh` see
    Portions. Where it is not `written`, the lines of a very long program are written when `source` is asked for.
    """

    fresh = False

    def __init__(
        self,
        plan: Plan,
        shared: Array,
        batch: int,
        wanted: set[tuple[Space, int]],
        output: Rows | None,
        seeds: Array | None = None,
        written: bool = False,
    ) -> None:
        varying = np.zeros((plan.sizes[Space.VARYING], batch), shared.dtype)
        self.batch, self.how = batch, (plan, shared, batch, wanted, output, seeds)
        self.wanted_rows: dict[Space, set[int]] = {space: set() for space in Space}
        for space, row in wanted:
            self.wanted_rows[space].add(row)
        self.values = {Space.SHARED: shared, Space.VARYING: varying}
        self.gradients = {
            space: np.zeros_like(matrix, shape=(len(matrix), matrix.shape[1] if output is not None else 0))
            for space, matrix in self.values.items()
        }
        self.inputs, self.outputs = varying[: plan.tape.inputs].T, [plan.places[n] for n in plan.tape.outputs]
        self.total, self.check = np.zeros(1, shared.dtype), np.zeros(1, shared.dtype)
        self.names: dict[str, Any] = {"np": np, "m": ARRAYS} | ({} if seeds is None else {"seeds": seeds})
        self.views: dict[object, str] = {}
        self.rooms: dict[int, Array] = {}  # for values that blocks gather, and what is in them as the code goes along
        self.held: dict[int, Rows] = {}
        self.is_large = varying.nbytes > LARGE
        self.touched: dict[Space, set[int]] = {space: set() for space in Space}
        self.direct = Direct(self) if len(plan.blocks) > MANY and not written else None
        self.lines = [line for block in plan.blocks for line in self._there(block)]
        back: list[str | Step] = []
        if output is not None:
            back = [*self._back(plan, output), *self._sums(output, plan.tape.parameters)]
        self.text = "" if self.direct else _functions(self.lines, back)
        if self.text and len(self.lines) + len(back) <= STRAIGHT:
            exec(compile(self.text, "<program>", "exec"), self.names)
        elif not written:
            self.names |= stepped(self.names, self.lines, back)

    @property
    def source(self) -> str:
        """The code."""
        return self.text or Runner(*self.how, written=True).text

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
        """The lines that add up the output over the examples, and the squares of the parameters' gradients."""
        slopes = self.gradients[Space.SHARED][:parameters, 0]
        self.names |= {"total": self.total.reshape(1, 1), "G": slopes, "check": self.check.reshape(())}
        columns = self.values[output.space].shape[1]
        of_all = f"np.dot({self.value(output)}, {self.ones(columns)}, total)"
        return [of_all if columns != 1 else f"total[...] = {self.value(output)}", "np.dot(G, G, check)"]

    def _there(self, block: Block) -> Sequence[str | Step]:
        if self.direct and self.direct.takes(block):
            return self.direct.forward(block)
        return Forward(self, block).lines()

    def _back(self, plan: Plan, output: Rows) -> list[str | Step]:
        """The lines of the way back: what is added to is cleared first, what is only set is not."""
        self.touched[output.space].update(output.numbers)
        self.cleared: dict[Space, set[int]] = {space: set() for space in Space}
        lines: list[str | Step] = []
        for block in reversed(plan.blocks):
            lines += self._back_through(block)
        cleared = []
        for space, wanted in self.wanted_rows.items():
            places = sorted(self.cleared[space] | (wanted - self.touched[space]))
            cleared += [f"{self.gradient(Rows(space, rows))}.fill(0)" for rows in _runs(places)]
        start = self.gradient(output)
        first = f"np.multiply(seeds, seed, {start})" if "seeds" in self.names else f"{start}.fill(seed)"
        return [*cleared, first, *lines]

    def _back_through(self, block: Block) -> Sequence[str | Step]:
        if self.direct and self.direct.takes(block):
            return self.direct.backward(block)
        return Backward(self, block).lines() if self.is_wanted(block.out) else []

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

    def ones(self, count: int) -> str:
        """The name of a column of so many ones: a product with it is a sum, in half the time of NumPy's own."""
        return self.bound(("ones", count), lambda: np.ones((count, 1), self.values[Space.SHARED].dtype), "ones")

    def room(self, slot: int, shape: tuple[int, int]) -> Array:
        """Room for gathered values: all that a block gathers as its first, second, … share one."""
        size, known = shape[0] * shape[1], self.rooms[slot].size if slot in self.rooms else -1
        if known < size:
            self.rooms[slot] = np.empty(max(size, 2 * known), self.values[Space.SHARED].dtype)
        return self.rooms[slot][:size].reshape(shape)

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
        return not self.wanted_rows[rows.space].isdisjoint(rows.numbers)


def _functions(forward: Sequence[str | Step], backward: Sequence[str | Step]) -> str:
    """The text of the functions of some lines."""
    return _function("forward", "", forward) + _function("backward", "seed", ["forward()", *backward])


def _function(name: str, parameters: str, lines: Sequence[str | Step]) -> str:
    body = "\n".join([line for line in lines if isinstance(line, str)]).replace("\n", "\n    ") or "pass"
    return f"def {name}({parameters}):\n    {body}\n"


def _runs(rows: Sequence[int]) -> list[tuple[int, ...]]:
    """Sorted rows as stretches of rows that follow each other."""
    starts = [i for i in range(len(rows)) if not i or rows[i] != rows[i - 1] + 1]
    return [tuple(rows[start:end]) for start, end in zip(starts, [*starts[1:], len(rows)])]  # noqa: B905
