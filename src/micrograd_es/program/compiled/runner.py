"""Running a plan with compiled kernels: instructions on whole blocks, for a tile of examples at a time.

A tile is as many examples as fit into the processor's nearest memory: its values and gradients are rows of that length,
and the way forward, the way back and the sums for the parameters are done before the next tile. What depends on no
example is computed once before the tiles, and its gradient sent on once after them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrograd_es.program.arrays import Array
from micrograd_es.program.blocks import Plan, Rows, Space, Wanted
from micrograd_es.program.compiled import brief, tiles
from micrograd_es.program.compiled.backward import Backward
from micrograd_es.program.compiled.book import Book
from micrograd_es.program.compiled.entry import called, called_by_python
from micrograd_es.program.compiled.forward import Forward
from micrograd_es.program.compiled.machine import lanes
from micrograd_es.program.compiled.narrow import narrowed
from micrograd_es.program.compiled.places import VARYING, Places
from micrograd_es.program.compiled.split import without_gaps

TILE = 128  # examples at most
NEAR = 1 << 19  # bytes that the values and gradients of a tile may take

BRIEF = 1 << 17  # numbers, of all examples, that are gone through in some microseconds

Numbers = NDArray[np.int64]


class Runner:
    """The instructions of one plan for one batch size, and the numbers that they work on.

    It is used like the runner in NumPy. `inputs` is one row for each example, to be written before a run. `backward`
    does all of a run by itself and leaves the outputs in `values`, their sum over the examples in `total` (where the
    output depends on the example), and in `check` the sum of the parameters' gradient, which is finite only where all
    of it is. `forward` computes every value, `predict` only the outputs.

    Raises NotCompilableError where a row of the table is no arithmetic.
    """

    fresh = False

    def __init__(self, plan: Plan, shared: Array, batch: int, wanted: Wanted, output: Rows | None) -> None:
        known, self.outputs = plan.sizes[VARYING], [plan.places[number] for number in plan.tape.outputs]
        plan, wanted = narrowed(without_gaps(plan), wanted)
        count, inputs = plan.sizes[VARYING], plan.tape.inputs
        self.batch, self.real, self.size = batch, str(shared.dtype), shared.dtype.itemsize
        self.tile = tile_of(count, batch, self.size, lanes(self.real))
        values = np.zeros((batch, known), shared.dtype)
        gradients = np.zeros((batch, inputs if output is not None else 0), shared.dtype)
        self.inputs = values[:, :inputs]
        self.values = {Space.SHARED: shared, VARYING: values.T}
        self.gradients = {Space.SHARED: np.zeros_like(shared), VARYING: gradients.T}
        self.kept: list[NDArray[Any]] = []  # what the instructions know the places of
        memory = self._numbers(2 * count * self.tile + 3)
        self.base = memory.ctypes.data
        self.seed, self.total, self.check = memory[-3:-2], memory[-2:-1], memory[-1:]
        self.places = Places(
            self.tile, self._place(shared), count * self.tile, self._place(self.gradients[Space.SHARED])
        )
        self.book = Book(self.real)
        self.parameters = plan.tape.parameters
        self.is_brief = batch * (known + len(shared)) <= BRIEF
        self._write(plan, wanted, output)

    def forward(self) -> None:
        """Compute every value."""
        self._forward()

    def predict(self) -> None:
        """Compute the outputs; the other values are not kept."""
        self._predict()

    def backward(self, seed: float) -> None:
        """Compute the outputs, and the gradients that are wanted of the sum of the output times the seed."""
        self.seed[0] = seed
        self._backward()

    def whole(self, wrt: str, reduce: str, seed: float, total: Array, parts: Sequence[Array]) -> tuple[Any, Any]:
        """A function that is a whole call (see `brief`), and what has to be kept for it; None where the run is long.

        `total` is where the sum of the output is, `parts` where the inputs go: views of `inputs`, of their shapes.
        """
        if not self.is_brief or not brief.knows_arrays():
            return None, None
        slopes, result = self.gradients[Space.SHARED], np.full(1, np.nan)
        shapes = [_whole(x.shape) for x in (slopes[: self.parameters, 0], *parts)]
        told = brief.Told(
            wrt=id(wrt),
            reduce=id(reduce),
            none=id(None),
            array=id(np.ndarray),
            number=id(float) if self.real == "float64" else 0,
            scalar=id(np.float64) if self.real == "float64" else 0,
            kind=id(slopes.dtype),
            run=self.run,
            program=self.back.ctypes.data,
            result=result.ctypes.data,
            shape=shapes[0].ctypes.data,
            seed=int(np.float64(seed).view(np.int64)),
            given=self._place(self.seed),
            total=self._place(total),
            check=self._place(self.check),
            slopes=self._place(slopes),
            parameters=self.parameters,
            batch=self.batch,
            row=len(self.values[VARYING]),
            inputs=len(parts),
        )
        each = [
            number
            for x, shape in zip(parts, shapes[1:], strict=True)
            for number in (x.ndim, shape.ctypes.data, x.size // max(self.batch, 1), self._place(x))
        ]
        step = _whole([*told, *each])
        function, kept = called_by_python(self.call, self.base, step.ctypes.data, result)
        return function, (kept, step, shapes)

    def _place(self, array: Array) -> int:
        """How far an array is from the base, in numbers."""
        return (array.ctypes.data - self.base) // self.size

    def _numbers(self, count: int) -> Array:
        """New numbers that start where a vector may start."""
        space = np.zeros(count + 64 // self.size, self.real)
        start = -space.ctypes.data % 64 // self.size
        self.kept.append(space)
        return space[start : start + count]

    def _write(self, plan: Plan, wanted: Wanted, output: Rows | None) -> None:
        """Write the programs."""
        run, call = self.book.number(tiles.run), -1
        if self.is_brief and output is not None:
            call = self.book.number(brief.call, brief.HEADER)
        way = Forward(plan, self.places, self.book, lambda count: self._place(self._numbers(count)))
        before, there = _whole(way.before), _whole(self._there(plan, way))
        values = self.values[VARYING].T
        everything = _whole(self._store(values, range(values.shape[1])))
        back = [] if output is None else self._back(plan, way, output, wanted)
        self.addresses = _whole(self.book.addresses())
        self.run, self.call = int(self.addresses[run]), int(self.addresses[call])
        self._predict = self._called(self._program([before], [there], []))
        self._forward = self._called(self._program([before], [there, everything], []))
        if back:
            self.back = self._program([before, back[0]], [there, back[1]], [back[2]])
            self._backward = self._called(self.back)

    def _there(self, plan: Plan, way: Forward) -> list[int]:
        """The instructions of a tile that compute the outputs."""
        values = self.values[VARYING].T
        outputs = {row for space, row in self.outputs if space is VARYING}
        load = self.book.step(tiles.load, 0, plan.tape.inputs, self.tile, values.ctypes.data, values.shape[1])
        return [*load, *way.tiles, *self._store(values, sorted(outputs))]

    def _back(self, plan: Plan, way: Forward, output: Rows, wanted: Wanted) -> list[Numbers]:
        """The instructions of the way back: before the tiles, of every tile, and after them."""
        back, step = Backward(plan, way, output, wanted, self._place(self.seed)), self.book.step
        total, slopes = self._place(self.total), self._place(self.gradients[Space.SHARED])
        before = [*step(tiles.clear, total, 1), *back.before]
        asked = [row for row in range(plan.tape.inputs) if row in wanted.get(VARYING, ())]
        each = back.tiles + self._store(self.gradients[VARYING].T, asked, self.places.gap)
        if output.space is VARYING:
            each += step(tiles.tally, total, self.places.values(output)[0])
        after = back.after + step(tiles.stretch, self._place(self.check), slopes, plan.tape.parameters)
        return [_whole(part) for part in (before, each, after)]

    def _store(self, target: Array, rows: Iterable[int], start: int = 0) -> list[int]:
        """Copies rows of a tile to where the batch is; those that follow each other at once."""
        runs: list[list[int]] = []
        for row in rows:
            if runs and sum(runs[-1]) == row:
                runs[-1][1] += 1
            else:
                runs.append([row, 1])
        step, length, address, stride = self.book.step, self.tile, target.ctypes.data, target.shape[1]
        return [x for row, n in runs for x in step(tiles.store, start + row * length, n, length, address, stride, row)]

    def _program(self, *parts: Sequence[Numbers]) -> Numbers:
        """The program of the instructions before, of every tile, and after."""
        ends = np.cumsum([tiles.RUN, *[sum(map(len, part)) for part in parts]])
        head = _whole([self.addresses.ctypes.data, self.batch, self.tile])
        bounds = np.stack([ends[:-1], ends[1:]], 1).ravel()
        program = np.concatenate([head, bounds, *[numbers for part in parts for numbers in part]])
        self.kept.append(program)
        return program

    def _called(self, program: Numbers) -> Callable[[], Any]:
        """What runs a program."""
        how = self.run, self.base, program.ctypes.data
        if not self.is_brief:
            return called(*how)
        function, told = called_by_python(*how)
        self.kept.append(told)
        return function


def _whole(numbers: Sequence[int]) -> Numbers:
    return np.array(numbers, np.int64)


def tile_of(rows: int, batch: int, size: int, width: int) -> int:
    """How many examples a tile has: so many whole vectors, of some `width`, that all tiles are about as long.

    They are at least four where the batch has as many. One example alone is a tile: its values are what vectors have
    side by side.
    """
    if batch == 1:
        return 1
    most = max(min(TILE, NEAR // (2 * max(rows, 1) * size)), 4 * width)
    count = max(-(-batch // most), 1)
    return max(-(-batch // (count * width)), 1) * width
