"""Running a plan in plain NumPy: the runner finds the steps for a batch size once, and a run goes through them.

A value has a row in the matrix of its space, its gradient the same row in another; a step calls NumPy on views of
those matrices, which writes into them. `Runner.source` shows the steps, and reads like the formulas on a blackboard.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from micrograd_es.program.arrays import Array
from micrograd_es.program.blocks import Plan, Rows, Space, Wanted, as_slice
from micrograd_es.program.collection import without_collection
from micrograd_es.program.in_numpy import log_sums, totals
from micrograd_es.program.in_numpy.block_steps import BlockSteps
from micrograd_es.program.in_numpy.cells import Cells
from micrograd_es.program.in_numpy.exchange import Exchange
from micrograd_es.program.in_numpy.floats import Floats, in_floats
from micrograd_es.program.in_numpy.log_sums import AnyBlock
from micrograd_es.program.in_numpy.steps import Step, copied
from micrograd_es.program.in_numpy.text import written

BETWEEN = 1 << 10  # numbers that are cleared in less time than it takes to call NumPy once more
LARGE = 1 << 21  # bytes of values from which on what blocks gather has room for one block at a time


class Runner:
    """The steps of one plan for one batch size, and the matrices that it works on.

    `shared` are the rows that the program keeps for all batch sizes. `wanted` is where gradients are asked
    for, and `output` the row whose gradient the way back starts from; None for a runner that never goes back.

    `inputs` is one row for each example, to be written before a run. `predict` computes the outputs, `forward` every
    value, and `backward` is a whole run, there and back: it leaves the sum of the output over the examples in `total`,
    and in `check` the sum of the squares of the parameters' gradients, not finite where one of them is not. `outputs`
    are the places of the outputs in `values`; with `seeds` each example's output counts so often; for `fresh` see
    Portions.
    """

    fresh = False

    def __init__(
        self,
        plan: Plan,
        shared: Array,
        batch: int,
        wanted: Wanted,
        output: Rows | None,
        seeds: Array | None = None,
        floats: bool = False,
    ) -> None:
        varying = np.zeros((plan.sizes[Space.VARYING], batch), shared.dtype)
        self.batch = batch
        self.wanted = {space: wanted.get(space, set()) for space in Space}
        self.values = {Space.SHARED: shared, Space.VARYING: varying}
        self.gradients = {
            space: np.zeros_like(matrix, shape=(len(matrix), matrix.shape[1] if output is not None else 0))
            for space, matrix in self.values.items()
        }
        self.inputs, self.outputs = varying[: plan.tape.inputs].T, [plan.places[n] for n in plan.tape.outputs]
        self.total, self.check = np.zeros(1, shared.dtype), np.zeros(1, shared.dtype)
        self.seeds = seeds
        leaves = plan.tape.first_entry - plan.tape.inputs
        self.exchange = Exchange(self.values, self.gradients, self.wanted, varying.nbytes > LARGE, leaves)
        self.back: list[Step] = []
        with without_collection():
            self._find_steps(plan, output)
            self.round = [*self.there, *self.back]
            if floats:
                self._find_stretches(plan, output)

    def _find_steps(self, plan: Plan, output: Rows | None) -> None:
        """Find the steps of all blocks, there and back."""
        blocks, every = BlockSteps(self.exchange, plan.constants.keys()), self._together(plan)
        self.there = [step for block in every for step in blocks.forward(block)]
        if output is not None:
            self.start = self.gradients[output.space][as_slice(output)]
            self.exchange.touched[output.space].update(output.numbers)
            back = self.exchange.back
            for block in reversed(every):
                back += blocks.backward(block)
            back += self.exchange.to_leaves()
            self.back = [*self._cleared(output), *back, *self._sums(output, plan.tape.parameters)]

    def _together(self, plan: Plan) -> Sequence[AnyBlock]:
        """The blocks, those of several lengths as one; for one example, and in little room, each is better alone."""
        found = totals.together(plan.blocks)
        return found if self.batch < 2 or self.exchange.is_large else log_sums.together(found)

    def _find_stretches(self, plan: Plan, output: Rows | None) -> None:
        """Have stretches of the steps run on Python's floats; what only these need is not in the matrices then."""
        tape, values, gradients = plan.tape, self.values, self.gradients
        named = [("w", values[Space.SHARED]), ("v", values[Space.VARYING])]
        results = [values[space][row] for space, row in self.outputs]
        if output is not None:
            named += [("gw", gradients[Space.SHARED]), ("gv", gradients[Space.VARYING])]
            named += [("sums", self.total), ("squares", self.check)]
            slopes = gradients[Space.SHARED][: tape.parameters], gradients[Space.VARYING][: tape.inputs]
            results += [*slopes, self.total, self.check]
        constants = values[Space.SHARED][tape.parameters : tape.parameters + len(tape.constants)]
        fixed = [x for _, x in self.exchange.fixed]
        self.round = in_floats(self.round, Cells(named, [constants, *fixed]), results)
        if output is None:
            self.there = self.round

    @property
    def source(self) -> str:
        """The steps as code."""
        return written(self)[0]

    def forward(self) -> None:
        """Compute every value; on floats those that are asked for."""
        _run(self.there)

    predict = forward

    def backward(self, seed: float) -> None:
        """Compute every value, and the gradients that are wanted of the sum of the output times the seed."""
        if self.seeds is None:
            self.start.fill(seed)
        else:
            np.multiply(self.seeds, seed, self.start)
        _run(self.round)

    def _cleared(self, output: Rows) -> list[Step]:
        """The steps that clear gradients: what is added to, but not what is only set.

        Some that are set later may stand between, but for that of the output, which is there already.
        """
        steps: list[Step] = []
        for space, wanted in self.wanted.items():
            matrix = self.gradients[space]
            places = sorted(self.exchange.cleared[space] | (wanted - self.exchange.touched[space]))
            kept = output.numbers[0] if output.space is space else -1
            runs = _runs(places, BETWEEN // max(matrix.shape[1], 1), kept)
            steps += [(matrix[first : last + 1].fill, (0.0,)) for first, last in runs]
        return steps

    def _sums(self, output: Rows, parameters: int) -> list[Step]:
        """The steps that add up the output over the examples, and the squares of the parameters' gradients."""
        found, slopes = self.values[output.space][as_slice(output)], self.gradients[Space.SHARED][:parameters, 0]
        total, check = self.total.reshape(1, 1), self.check.reshape(())
        columns = found.shape[1]
        added = copied(found, total) if columns == 1 else [(np.dot, (found, self.exchange.ones(columns), total))]
        return [*added, (np.dot, (slopes, slopes, check))]


def _run(steps: Sequence[Step]) -> None:
    """Go through some steps. NumPy is told not to warn of what is not finite; Python does not."""
    if len(steps) == 1 and isinstance(steps[0][0], Floats):
        steps[0][0]()
        return
    with np.errstate(all="ignore"):
        for function, given in steps:
            function(*given)


def _runs(rows: Sequence[int], between: int, kept: int) -> list[tuple[int, int]]:
    """The first and the last of sorted rows that follow each other, with so many others between them, but never one.

    >>> _runs([1, 2, 4, 8, 10], 1, 9)
    [(1, 4), (8, 8), (10, 10)]
    """
    apart = [i for i in range(1, len(rows)) if rows[i] - rows[i - 1] > 1 + between or rows[i - 1] < kept < rows[i]]
    return [(rows[start], rows[end - 1]) for start, end in pairwise([0, *apart, len(rows)])] if rows else []
