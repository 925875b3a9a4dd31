"""Running a plan with compiled kernels: instructions on whole blocks, for a tile of examples at a time.

A tile is as many examples as fit into the processor's nearest memory: its values and gradients are rows of that length,
and the way forward, the way back and the sums for the parameters are done before the next tile. What depends on no
example is computed once before the tiles, and its gradient sent on once after them. See `kernels` for the code.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrograd_es.ops import ADD, SAME, Op
from micrograd_es.program import kernels
from micrograd_es.program.arrays import Array
from micrograd_es.program.blocks import Affine, Plan, Rows, Space, Total
from micrograd_es.program.numpy_runner import is_run

TILE = 128  # examples at most
NEAR = 1 << 19  # bytes that the values and gradients of a tile may take

Step = list[int]


@cache
def _kernel(name: str, *how: Any) -> int:
    """The address of a kernel of `kernels`."""
    return kernels.address(getattr(kernels, name)(*how))


@cache
def _run(real: str) -> Any:
    return kernels.caller(_kernel("run", real))


class Runner:
    """The instructions of one plan for one batch size, and the numbers that they work on.

    It is used like the runner in NumPy. `inputs` is one row for each example, to be written before a run. `backward`
    does all of a run by itself and leaves the outputs in `values`, their sum over the examples in `total` (where the
    output depends on the example), and in `check` the sum of the parameters' gradient, which is finite only where all
    of it is. `forward` computes every value, `predict` only the outputs.

    Raises NotCompilableError where a row of the table is no arithmetic.
    """

    def __init__(
        self, plan: Plan, shared: Array, batch: int, wanted: set[tuple[Space, int]], output: Rows | None
    ) -> None:
        rows, outputs = plan.sizes[Space.VARYING], [plan.places[number] for number in plan.tape.outputs]
        self.batch, self.wanted, self.inputs_count = batch, wanted, plan.tape.inputs
        self.real, self.size = str(shared.dtype), shared.dtype.itemsize
        self.tile = _tile(rows, batch, self.size, kernels.lanes(self.real))
        values = np.zeros((batch, rows), shared.dtype)
        gradients = np.zeros((batch, rows if output is not None else 0), shared.dtype)
        self.inputs = values[:, : plan.tape.inputs]
        self.values = {Space.SHARED: shared, Space.VARYING: values.T}
        self.gradients = {Space.SHARED: np.zeros_like(shared), Space.VARYING: gradients.T}
        self.kept: list[NDArray[Any]] = []  # what the instructions have the addresses of
        self.memory = self.numbers(2 * rows * self.tile + 3)
        self.base = self.memory.ctypes.data
        self.origin = {Space.SHARED: self.place(shared), Space.VARYING: 0}
        self.slopes = {Space.SHARED: self.place(self.gradients[Space.SHARED]), Space.VARYING: rows * self.tile}
        self.seed, self.total, self.check = self.memory[-3:-2], self.memory[-2:-1], self.memory[-1:]
        way = _Way(self, plan)
        varying = [row for space, row in outputs if space is Space.VARYING]
        load, everything, few = way.load(), way.store(values, range(rows)), way.store(values, dict.fromkeys(varying))
        self._forward = self.program(way.before, [*load, *way.tiles, *everything], [])
        self._predict = self.program(way.before, [*load, *way.tiles, *few], [])
        if output is not None:
            back = _Back(self, plan, way, output)
            asked = [row for row in range(plan.tape.inputs) if (Space.VARYING, row) in wanted]
            stored = [*few, *way.store(gradients, asked, self.slopes[Space.VARYING])]
            tiles = [*load, *way.tiles, *back.tiles, *stored, *self._tally(output)]
            slopes = self.gradients[Space.SHARED]
            sums = self.step("stretch", (), self.place(self.check), self.place(slopes), slopes.size)
            self._backward = self.program([*way.before, *back.before], tiles, [*back.after, sums])
        self._run = _run(self.real)

    def forward(self) -> None:
        """Compute every value."""
        self._run(self.base, self._forward, 0, 0)

    def predict(self) -> None:
        """Compute the outputs; the other values are not kept."""
        self._run(self.base, self._predict, 0, 0)

    def backward(self, seed: float) -> None:
        """Compute the outputs, and the gradients that are wanted of the sum of the output times the seed."""
        self.seed[0] = seed
        self._run(self.base, self._backward, 0, 0)

    def _tally(self, output: Rows) -> list[Step]:
        """Adds up the output over the examples."""
        varying = output.space is Space.VARYING
        return [self.step("tally", (), self.place(self.total), int(self.value(output)[0]))] if varying else []

    # Where things are

    def numbers(self, count: int) -> Array:
        """New numbers that start where a vector may start."""
        space = np.zeros(count + 64 // self.size, self.real)
        start = -space.ctypes.data % 64 // self.size
        self.kept.append(space)
        return space[start : start + count]

    def place(self, array: Array) -> int:
        """How far an array is from the base, in numbers."""
        return (array.ctypes.data - self.base) // self.size

    def table(self, numbers: Any) -> int:
        """The address of a table of whole numbers."""
        made = np.ascontiguousarray(numbers, np.int64)
        self.kept.append(made)
        return made.ctypes.data

    def program(self, before: list[Step], tiles: list[Step], after: list[Step]) -> int:
        """The address of a program: where its parts start and end, then the instructions."""
        ends = np.cumsum([6, *(sum(map(len, part)) for part in (before, tiles, after))])
        steps = [number for part in (before, tiles, after) for step in part for number in step]
        return self.table([*ends.tolist(), self.batch, self.tile, *steps])

    def value(self, rows: Rows) -> NDArray[np.int64]:
        """The places of the values of some rows."""
        return self.origin[rows.space] + np.array(rows.numbers, np.int64) * self.unit(rows.space)

    def gradient(self, rows: Rows) -> NDArray[np.int64]:
        """The places of their gradients."""
        return self.slopes[rows.space] + np.array(rows.numbers, np.int64) * self.unit(rows.space)

    def unit(self, space: Space) -> int:
        """The length of a row."""
        return self.tile if space is Space.VARYING else 1

    def step(self, name: str, how: Sequence[Any], *arguments: int) -> Step:
        """An instruction."""
        return [_kernel(name, self.real, *how), len(arguments) + 2, *map(int, arguments)]


def _tile(rows: int, batch: int, size: int, lanes: int) -> int:
    """How many examples a tile has: whole vectors, tiles of about the same length."""
    most = max(min(TILE, NEAR // (2 * max(rows, 1) * size)), 4 * lanes)
    tiles = max(-(-batch // most), 1)
    return max(-(-batch // (tiles * lanes)), 1) * lanes


class _Way:
    """The instructions that compute a plan's values: `before` what all examples share, then those of every `tile`."""

    def __init__(self, runner: Runner, plan: Plan) -> None:
        self.runner = runner
        self.before: list[Step] = []
        self.tiles: list[Step] = []
        self.weights: dict[Rows, int] = {}
        gathered: list[Step] = []
        for block in plan.blocks:
            steps = self.before if block.out.space is Space.SHARED else self.tiles
            if isinstance(block, Affine):
                gathered += self._gather(block.weights)
                steps += self._affine(block)
            elif isinstance(block, Total):
                steps.append(self._total(block))
            else:
                steps.append(self.elementwise(block.op, block.out, block.inputs))
        self.before += gathered

    def load(self) -> list[Step]:
        """Copies the inputs of a tile."""
        runner, count = self.runner, self.runner.inputs_count
        if not count:
            return []
        pairs = [(row * runner.tile, row) for row in range(count)]
        stride = runner.values[Space.VARYING].shape[0]
        source = runner.values[Space.VARYING].ctypes.data
        return [runner.step("load", (), count, runner.tile, source, stride, runner.table(pairs))]

    def store(self, target: Array, rows: Any, start: int = 0) -> list[Step]:
        """Copies rows of a tile to where the batch is."""
        runner = self.runner
        pairs = [(start + row * runner.tile, row) for row in rows]
        if not pairs:
            return []
        address, table = target.ctypes.data, runner.table(pairs)
        return [runner.step("store", (), len(pairs), runner.tile, address, target.shape[1], table)]

    def _gather(self, weights: Rows) -> list[Step]:
        """Copies weights together that are apart."""
        if is_run(weights):
            self.weights[weights] = int(self.runner.value(weights)[0])
        if weights in self.weights:
            return []
        place = self.weights[weights] = self.runner.place(self.runner.numbers(len(weights)))
        table = np.stack([place + np.arange(len(weights)), self.runner.value(weights)], 1)
        return [self.runner.step("forward", (SAME, "v"), len(weights), 1, self.runner.table(table))]

    def _affine(self, block: Affine) -> list[Step]:
        runner = self.runner
        steps = []
        for i, rows in enumerate(block.bare):
            op, inputs = (ADD, (block.out, rows)) if i else (SAME, (rows,))
            steps.append(self.elementwise(op, block.out, inputs))
        groups, rows_each, terms = shape(block)
        out, read = runner.table(runner.value(block.out)), runner.table(runner.value(block.inputs))
        sizes = (groups, rows_each, terms, runner.tile, self.weights[block.weights], rows_each * terms, terms, 1)
        return [*steps, runner.step("product", (), *sizes, out, read, not block.bare)]

    def _total(self, block: Total) -> Step:
        runner, rows = self.runner, len(block.out)
        if is_stretch(block):
            places = int(runner.value(block.out)[0]), int(runner.value(block.terms)[0])
            return runner.step("stretch", (), *places, len(block.terms))
        terms = runner.value(block.terms).reshape(rows, -1)
        table = runner.table(np.concatenate([runner.value(block.out)[:, None], terms], 1))
        return runner.step("total", (), rows, runner.unit(block.out.space), terms.shape[1], table)

    def elementwise(self, op: Op, out: Rows, inputs: Sequence[Rows]) -> Step:
        """A row of the table on many rows."""
        runner = self.runner
        modes, together = modes_of(out, inputs)
        columns = [runner.value(rows) for rows in (out, *inputs)]
        return runner.step("forward", (op, modes), *self.spread(out, columns, together))

    def spread(self, out: Rows, columns: list[NDArray[np.int64]], together: bool) -> tuple[int, int, int]:
        """How many rows, their length and their table; rows that follow each other are one long row."""
        unit = self.runner.unit(out.space)
        count, length = (1, len(out) * unit) if together else (len(out), unit)
        return count, length, self.runner.table(np.stack([column[:count] for column in columns], 1))


class _Back:
    """The instructions that send gradients back: those of every tile, and those before and after all tiles."""

    def __init__(self, runner: Runner, plan: Plan, way: _Way, output: Rows) -> None:
        self.runner, self.way = runner, way
        self.touched: set[int] = set()  # varying rows whose gradient has been written
        self.cleared: list[int] = []  # varying rows that are added to before they are written
        self.tiles: list[Step] = []
        self.late: list[Step] = []
        self.after: list[Step] = []
        shared = runner.gradients[Space.SHARED]
        stretches = [(runner.slopes[Space.SHARED], shared.size), (runner.place(runner.total), 1)]
        self.before: list[Step] = []
        seeds = self._seed(output)
        for block in reversed(plan.blocks):
            if not self.is_wanted(block.out):
                continue
            steps = self.tiles if block.out.space is Space.VARYING else self.after
            if isinstance(block, Affine):
                steps += self._affine(block, stretches)
            elif isinstance(block, Total):
                steps += self._total(block)
            else:
                steps += self.elementwise(block.op, block.out, block.inputs)
        unused = [row for space, row in runner.wanted if space is Space.VARYING and row not in self.touched]
        places = [(runner.slopes[Space.VARYING] + row * runner.tile, runner.tile) for row in (*self.cleared, *unused)]
        self.before = [*self._clear(stretches), *self.before]
        self.tiles = [*self._clear(places), *seeds, *self.tiles]
        self.after = [*self.late, *self.after]

    def _total(self, block: Total) -> list[Step]:
        if is_stretch(block):
            runner = self.runner
            terms, out = runner.gradient(block.terms), runner.gradient(block.out)
            table = runner.table([terms[0], terms[0], out[0]])
            return [runner.step("forward", (ADD, "vs"), 1, len(terms), table)]
        each = len(block.terms) // len(block.out)
        upstream = Rows(block.out.space, tuple(row for row in block.out.numbers for _ in range(each)))
        return self.elementwise(SAME, upstream, (block.terms,))

    def is_wanted(self, rows: Rows) -> bool:
        """Whether a gradient is asked for in some of the rows."""
        return any((rows.space, row) in self.runner.wanted for row in rows.numbers)

    def _clear(self, stretches: list[tuple[int, int]]) -> list[Step]:
        if not stretches:
            return []
        joined: list[list[int]] = []
        for place, length in sorted(stretches):
            if joined and sum(joined[-1]) == place:
                joined[-1][1] += length
            else:
                joined.append([place, length])
        return [self.runner.step("clear", (), len(joined), self.runner.table(joined))]

    def _seed(self, output: Rows) -> list[Step]:
        runner = self.runner
        place, seed = int(runner.gradient(output)[0]), runner.place(runner.seed)
        if output.space is Space.SHARED:
            self.before.append(runner.step("forward", (SAME, "v"), 1, 1, runner.table([place, seed])))
            return []
        self.touched.update(output.numbers)
        return [runner.step("seed", (), place, runner.tile, seed)]

    def _affine(self, block: Affine, stretches: list[tuple[int, int]]) -> list[Step]:
        runner = self.runner
        groups, rows, terms = shape(block)
        upstream, read = runner.table(runner.gradient(block.out)), runner.table(runner.value(block.inputs))
        steps: list[Step] = []
        if self.is_wanted(block.weights):
            place = int(runner.gradient(block.weights)[0])
            if not is_run(block.weights):
                place = runner.place(runner.numbers(len(block.weights)))
                stretches.append((place, len(block.weights)))
                self.late += self._added(place + np.arange(len(block.weights)), runner.gradient(block.weights), 1)
            steps.append(runner.step("products", (), groups, rows, terms, runner.tile, place, upstream, read))
        if self.is_wanted(block.inputs):
            steps += self._to_inputs(block, upstream)
        for bare in block.bare:
            steps += self.elementwise(SAME, block.out, (bare,))
        return steps

    def _to_inputs(self, block: Affine, upstream: int) -> list[Step]:
        runner = self.runner
        groups, rows, terms = shape(block)
        numbers = np.array(block.inputs.numbers).reshape(groups, terms)
        twice = any(len(set(line)) < terms for line in numbers.tolist())  # a block of rows is written at once
        later: list[Step] = []
        if twice:
            apart = runner.place(runner.numbers(numbers.size * runner.tile)) + np.arange(numbers.size) * runner.tile
            self._fresh([block.inputs], again=True)
            target, fresh = runner.table(apart), True
            later = self._added(apart, runner.gradient(block.inputs), runner.tile)
        else:
            target, fresh = runner.table(runner.gradient(block.inputs)), self._fresh([block.inputs])[0]
        sizes = (groups, terms, rows, runner.tile, self.way.weights[block.weights], rows * terms, 1, terms)
        return [runner.step("product", (), *sizes, target, upstream, fresh), *later]

    def _added(self, origin: NDArray[np.int64], target: NDArray[np.int64], length: int) -> list[Step]:
        """Adds rows to others, one after the other: a row may stand twice."""
        table = self.runner.table(np.stack([origin, origin, origin, target], 1))
        return [self.runner.step("backward", (SAME, "v", (0,)), len(origin), length, table, 0)]

    def _fresh(self, targets: Sequence[Rows], again: bool = False) -> list[bool]:
        """For each of the targets whether its gradients are written for the first time, so need not be cleared."""
        counts: dict[int, int] = {}
        for rows in targets:
            for row in rows.numbers if rows.space is Space.VARYING else ():
                counts[row] = counts.get(row, 0) + 1
        found = []
        for rows in targets:
            once = rows.space is Space.VARYING and all(counts[r] == 1 and r not in self.touched for r in rows.numbers)
            found.append(once and not again)
            if rows.space is Space.VARYING and not found[-1]:
                self.cleared += [row for row in dict.fromkeys(rows.numbers) if row not in self.touched]
            if rows.space is Space.VARYING:
                self.touched.update(rows.numbers)
        return found

    def elementwise(self, op: Op, out: Rows, inputs: Sequence[Rows]) -> list[Step]:
        """A row of the table on many rows, backward."""
        runner = self.runner
        wanted = tuple(i for i, rows in enumerate(inputs) if self.is_wanted(rows))
        if not wanted:
            return []
        modes, together = modes_of(out, inputs)
        targets = [inputs[i] for i in wanted]
        columns = [runner.value(out), runner.gradient(out), *map(runner.value, inputs), *map(runner.gradient, targets)]
        fresh = self._fresh(targets)
        return [runner.step("backward", (op, modes, wanted), *self.way.spread(out, columns, together), *fresh)]


def shape(block: Affine) -> tuple[int, int, int]:
    """An affine block as groups of rows with the same inputs: how many groups, rows in each, and terms."""
    terms = len(block.weights) // len(block.out)
    return (1, len(block.out), terms) if block.dense else (len(block.out), 1, terms)


def is_stretch(block: Total) -> bool:
    """Whether a block is one sum of numbers that stand together."""
    return block.out.space is Space.SHARED and len(block.out) == 1 and is_run(block.terms)


def modes_of(out: Rows, inputs: Sequence[Rows]) -> tuple[str, bool]:
    """For each input "v" (a row) or "s" (one number), and whether the rows can be taken as one long row."""
    runs = [rows.space is out.space and is_run(rows) for rows in inputs]
    same = [rows.space is Space.SHARED and len(set(rows.numbers)) == 1 for rows in inputs]
    if is_run(out) and all(run or one for run, one in zip(runs, same, strict=True)):
        return "".join("v" if run else "s" for run in runs), True
    return "".join("v" if rows.space is out.space else "s" for rows in inputs), False
