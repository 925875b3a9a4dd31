"""A large batch in portions: the code runs for some examples at a time, so that what it needs beside is small.

What a block gathers and the slopes of an operation of many inputs can be many times as large as the values. For a
whole batch only its inputs, its outputs and the gradients of its inputs are kept; the gradients of the parameters add
up over the portions.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from micrograd_es.ops import LSE, MAX, MIN, MUL, RELU
from micrograd_es.program.arrays import Array
from micrograd_es.program.blocks import (
    Affine,
    Block,
    Elementwise,
    Inner,
    Plan,
    Rows,
    Space,
    Total,
    Wanted,
    inputs_of,
    is_run,
)
from micrograd_es.program.in_numpy.floats import is_single
from micrograd_es.program.in_numpy.inner_steps import distances
from micrograd_es.program.in_numpy.runner import Runner
from micrograd_es.program.in_numpy.turns import TERMS

FEWEST = 256  # examples of a batch that is worth a look
LITTLE = 1 << 16  # numbers that a run may take whatever the program is
CALL = 2048  # numbers that NumPy goes through in about the time that it takes to call it
THERE, BACK = 2, 3  # about how many calls a block is on each way
ONCE = 4  # a portion has at least so many times the numbers that are computed once for it
NEAR = 1 << 19  # numbers that stay near the processor
FAR = 1 << 20  # numbers from which on it pays to stay near
MOST = 2.9  # arrays of the batch's values that a run may take
SAFE = 0.8  # of what is left, as the room is an estimate
REDUCED = (MUL, MAX, MIN)  # read their inputs where they are


def runner_of(plan: Plan, shared: Array, batch: int, wanted: Wanted, output: Rows | None) -> Runner | Portions:
    """The runner in NumPy for a batch size: of the whole batch, or of portions where that takes less room."""
    length = length_of(plan, batch, wanted, output)
    if length < batch:
        return Portions(plan, shared, batch, wanted, output, length)
    return Runner(plan, shared, batch, wanted, output, floats=shared.dtype == np.float64 and is_single(plan, batch))


class Portions:
    """A runner of portions of `length` examples at most, used for the whole batch like any other.

    The last portion may have fewer examples. Then those of the portion before are still in its other columns, and
    count 0 times: `seeds` says how often the output of each column counts. `fresh` says that the gradients of the
    inputs are new arrays after each run, which can be given away.
    """

    fresh = True

    def __init__(
        self,
        plan: Plan,
        shared: Array,
        batch: int,
        wanted: Wanted,
        output: Rows | None,
        length: int,
    ) -> None:
        count, parameters, kind = plan.tape.inputs, plan.tape.parameters, shared.dtype
        self.batch, self.length = batch, length
        self.seeds = np.ones((1, length), kind)
        self.runner = Runner(plan, shared, length, wanted, output, self.seeds)
        places = [plan.places[number] for number in plan.tape.outputs]
        rows = list(dict.fromkeys([row for space, row in places if space is Space.VARYING and row >= count]))
        new = {row: number for number, row in enumerate(rows, count)}
        self.outputs = [(space, new.get(row, row) if space is Space.VARYING else row) for space, row in places]
        kept = np.zeros((batch, count + len(rows)), kind)
        self.inputs, self.results = kept[:, :count], kept[:, count:]
        self.values = {Space.SHARED: shared, Space.VARYING: kept.T}
        asked = output is not None and _is_wanted(wanted, count)
        self.shape = batch, count if asked else 0
        self.gradients = {Space.SHARED: np.zeros((parameters, 1), kind)}
        self.total, self.check = np.zeros(1, kind), np.zeros(1, kind)
        computed = self.runner.values[Space.VARYING]
        self.computed = [(computed[row], self.results[:, number]) for number, row in enumerate(rows)]
        slopes = self.runner.gradients
        self.slopes, self.to_inputs = slopes[Space.SHARED][:parameters], slopes[Space.VARYING][:count].T
        if output is not None:
            self.summed = self.values[Space.VARYING][new.get(output.numbers[0], output.numbers[0])]

    @property
    def source(self) -> str:
        """The code of a portion."""
        return self.runner.source

    def forward(self) -> None:
        """Compute the outputs."""
        for part, examples in self._portions():
            self.runner.forward()
            self._keep(part, examples)

    predict = forward

    def backward(self, seed: float) -> None:
        """Compute the outputs, and the gradients that are wanted of the sum of the output times the seed."""
        slopes = self.gradients[Space.SHARED]
        self.gradients.pop(Space.VARYING, None)  # before there is room for others
        to_inputs = np.empty(self.shape, slopes.dtype)
        self.gradients[Space.VARYING] = to_inputs.T
        slopes.fill(0)
        self.seeds.fill(1)
        for part, examples in self._portions():
            if part.stop < self.length:
                self.seeds[:, part.stop :] = 0
            self.runner.backward(seed)
            self._keep(part, examples)
            if to_inputs.size:
                to_inputs[examples] = self.to_inputs[part]
            with np.errstate(all="ignore"):
                np.add(slopes, self.slopes, slopes)
        with np.errstate(all="ignore"):
            self.total.fill(self.summed.sum())
            self.check.fill(slopes.sum())

    def _portions(self) -> Iterator[tuple[slice, slice]]:
        """Of each portion, whose inputs are put in place, the columns of the runner and the examples of the batch."""
        for start in range(0, self.batch, self.length):
            examples = slice(start, min(start + self.length, self.batch))
            part = slice(0, examples.stop - start)
            self.runner.inputs[part] = self.inputs[examples]
            yield part, examples

    def _keep(self, part: slice, examples: slice) -> None:
        """Put the outputs of a portion where those of the batch are."""
        for found, kept in self.computed:
            kept[examples] = found[part]


def length_of(plan: Plan, batch: int, wanted: Wanted, output: Rows | None) -> int:
    """How many examples are to be run at a time: the whole batch, or less where it needs too much room or time.

    A portion is at most so long that all is in MOST arrays of the batch's values, and near the processor; at least so
    long that it is not the calls of NumPy, or what is computed once for all examples, that take the time.
    """
    if batch < FEWEST or (output is not None and output.space is Space.SHARED):
        return batch
    inputs, outputs = plan.tape.inputs, len(plan.tape.outputs)
    values, rows = inputs + len(plan.tape.entries), plan.sizes[Space.VARYING] * (1 if output is None else 2)
    given = outputs + (inputs if _is_wanted(wanted, inputs) else 0)
    gathered, beside, calls = _room(plan, wanted)
    each = max(rows + gathered + beside, 1)
    whole, left = (each + given) * batch, (MOST * values - inputs - given - outputs) * batch
    if whole <= LITTLE or (whole <= MOST * values * batch and whole <= FAR):
        return batch
    left = int(max(SAFE * left, 0))
    longest = (min(NEAR, left) if whole > FAR else left) // each
    shortest = (CALL * calls + ONCE * plan.sizes[Space.SHARED]) // each
    count = min(-(-batch // max(longest, 1)), max(batch // max(shortest, 1), 1))
    return -(-batch // count)


def _is_wanted(wanted: Wanted, inputs: int) -> bool:
    """Whether a gradient is asked for in some of so many inputs."""
    return not wanted.get(Space.VARYING, set()).isdisjoint(range(inputs))


def _room(plan: Plan, wanted: Wanted) -> tuple[int, int, int]:
    """How many rows blocks gather, how many the largest takes while it runs, and how many calls of NumPy they are."""
    gathered = beside = calls = 0
    asked = wanted.get(Space.VARYING, set())
    for block in plan.blocks:
        calls += THERE + (BACK if wanted else 0)
        if isinstance(block, Elementwise) and len(block.out.numbers) == 1 and len(block.inputs) <= 2:
            continue
        if block.out.space is Space.VARYING:
            read = (block.read, *block.bare) if isinstance(block, Affine) else inputs_of(block)
            varying = [rows for rows in read if rows.space is Space.VARYING]
            tables = block.shaped() if isinstance(block, Inner) else ()
            there = [rows for rows, shape in tables if distances(rows, shape)]  # read where they stand
            gathered += sum([len(rows) for rows in varying if not is_run(rows) and rows not in there])
            back = not all(map(asked.isdisjoint, [rows.numbers for rows in varying]))
            beside = max(beside, _beside(block, back))
            if isinstance(block, Elementwise) and block.op in (LSE, RELU):
                gathered += sum(map(len, varying))  # the powers, or zeros, which are kept
    return gathered, beside, calls


def _beside(block: Block, back: bool) -> int:
    """About how many rows the arrays take that a block needs while it runs: sums, slopes, contributions in order."""
    if isinstance(block, Total):
        return 3 * min(len(block.terms), TERMS) * back
    if isinstance(block, Affine):
        return 2 * len(block.read) * back
    if isinstance(block, Inner):
        return 2 * max(len(block.left), len(block.right)) * back
    if back:
        return 3 * len(block.out) * (len(block.inputs) if len(block.inputs) > 2 else 1)
    return len(block.out) * (1 if block.op.arity else 0 if block.op in REDUCED else len(block.inputs))
