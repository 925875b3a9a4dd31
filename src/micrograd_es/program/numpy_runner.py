"""Running a plan in plain NumPy: the runner writes the straight-line code of a batch size, and compiles it.

A value has a row in the matrix of its space, its gradient the same row in another; the code calls NumPy on views of
those matrices and writes into them. `Runner.source` is what runs, and it reads like the formulas on a blackboard.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from micrograd_es.program.arrays import ARRAYS, SAME_NAMES, Array, ArrayMaths, general
from micrograd_es.program.blocks import Affine, Block, Elementwise, Plan, Rows, Space, Total
from micrograd_es.symbols import Symbol, SymbolMaths, symbol

_UFUNCS = {
    "+": "np.add",
    "-": "np.subtract",
    "*": "np.multiply",
    "/": "np.true_divide",
    "neg": "np.negative",
    "is": "np.equal",
    "is not": "np.not_equal",
    "max": "np.maximum",
    "min": "np.minimum",
    "logaddexp": "np.logaddexp",
} | {name: f"np.{name}" for name in SAME_NAMES}


class ArraySymbols(SymbolMaths):
    """The symbols that become code: what needs care with arrays stays a call, and is not spelled out."""

    def power(self, x: Symbol, y: Symbol) -> Symbol:
        return Symbol("power", (x, y))

    def power_slope(self, x: Symbol, y: Symbol) -> Symbol:
        return Symbol("power_slope", (x, y))

    def max(self, xs: Sequence[Symbol]) -> Symbol:
        return xs[0] if len(xs) == 1 else Symbol("max", xs)

    def min(self, xs: Sequence[Symbol]) -> Symbol:
        return xs[0] if len(xs) == 1 else Symbol("min", xs)

    def times_log(self, z: Symbol, x: Symbol) -> Symbol:
        return Symbol("times_log", (z, x))

    def log_sum_exp(self, xs: Sequence[Symbol]) -> Symbol:
        return xs[0] if len(xs) == 1 else Symbol("logaddexp", tuple(xs))  # more than two are not spelled out


_SYMBOLS = ArraySymbols()
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
        self.lines = [line for block in plan.blocks for line in _Forward(self, block).lines()]
        self.source = self._function("forward", "", self.lines)
        if output is not None:
            back = [*self._back(plan, output), *self._sums(output, plan.tape.parameters)]
            self.source += self._function("backward", "seed", ["forward()", *back])
        exec(compile(self.source, "<program>", "exec"), self.names)

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
                lines += _Backward(self, block).lines()
        unused = [(space, row) for space, row in self.wanted if row not in self.touched[space]]
        places = sorted({*self.cleared, *unused}, key=lambda place: (place[0].value, place[1]))
        cleared = [f"{self.gradient(Rows(space, rows))}.fill(0)" for space, rows in _runs(places)]
        return [*cleared, *seed, *lines]

    def _function(self, name: str, parameters: str, lines: Sequence[str]) -> str:
        body = "".join(f"    {line}\n" for line in lines) or "    pass\n"
        return f"def {name}({parameters}):\n{body}"

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


class _Lines:
    """What the code of a block, either way, has in common."""

    def __init__(self, runner: Runner, block: Block) -> None:
        self.runner, self.block = runner, block
        self.out = runner.value(block.out)
        self.columns = runner.values[block.out.space].shape[1]
        self.gathers: list[str] = []  # what has to be gathered again on the way back
        self.slots: dict[Rows, int] = {}

    def each(self, rows: Rows) -> int:
        """How many of some rows belong to each row of the block."""
        return len(rows) // len(self.block.out)

    def gathered(self, rows: Rows) -> tuple[str, list[str]]:
        """The name of the values of some rows, and the line that copies them together where they are apart."""
        runner = self.runner
        if is_run(rows):
            return runner.value(rows), []
        matrix = runner.values[rows.space]
        shape = (len(rows), matrix.shape[1])
        key = (shape, self.slots.setdefault(rows, len(self.slots))) if runner.is_large else (rows, "kept")
        kept = runner.bound(key, lambda: np.empty(shape, matrix.dtype), "k")
        if runner.held.get(kept) == rows:
            return kept, []
        runner.held[kept] = rows
        where = runner.bound((rows, "where"), lambda: np.array(rows.numbers), "i")
        whole = runner.bound((rows.space, "values"), lambda: matrix, "V")
        return kept, [f"np.take({whole}, {where}, 0, {kept}, 'clip')"]

    def whole(self, name: str) -> tuple[str, str]:
        """The names of a maths that knows the inputs of an operation with many, and of the inputs, from all of them."""
        assert isinstance(self.block, Elementwise)
        runner = self.runner
        whole = runner.reshaped(name, (len(self.block.inputs), len(self.block.out), self.columns))
        maths = runner.bound((whole, "maths"), lambda: ArrayMaths(np, runner.names[whole]), "m")
        return maths, runner.bound((whole, "parts"), lambda: runner.names[maths].parts, whole + "parts")

    def again(self, rows: Rows) -> str:
        """The name of what was gathered on the way forward, and is again where its room was used for something else."""
        name, lines = self.gathered(rows)
        self.gathers += lines
        return name

    def written(self, formula: Symbol) -> str:
        """A formula as an expression over arrays."""
        if not formula.parts:
            return formula.form if isinstance(formula.form, str) else repr(formula.form)
        parts = [self.written(part) for part in formula.parts]
        form = str(formula.form)
        if form in _UFUNCS and len(parts) <= 2:
            return f"{_UFUNCS[form]}({', '.join(parts)})"
        if form == "relu":
            return f"np.maximum({parts[0]}, 0)"
        if form == "step":
            return f"np.greater({parts[0]}, 0)"
        return f"m.{form}({', '.join(parts)})"


class _Forward(_Lines):
    """The code that computes a block."""

    def lines(self) -> list[str]:
        """The lines, in order."""
        if isinstance(self.block, Affine):
            return self._affine(self.block)
        if isinstance(self.block, Total):
            terms, lines = self.gathered(self.block.terms)
            whole = self.runner.reshaped(terms, (len(self.block.out), self.each(self.block.terms), self.columns))
            return [*lines, f"np.add.reduce({whole}, 1, None, {self.out})"]
        return self._elementwise(self.block)

    def _affine(self, block: Affine) -> list[str]:
        count = len(block.out)
        weights, lines = self.gathered(block.weights)
        inputs, more = self.gathered(block.inputs)
        matrix = self.runner.reshaped(weights, (count, -1))
        if block.dense:
            product = f"np.matmul({matrix}, {inputs}, {self.out})"
        else:
            table = self.runner.reshaped(inputs, (count, self.each(block.inputs), self.columns))
            product = f"np.einsum('pn,pnb->pb', {matrix}, {table}, out={self.out})"
        lines += [*more, product]
        for rows in block.bare:
            bare, more = self.gathered(one_row(rows))
            lines += [*more, f"np.add({self.out}, {bare}, {self.out})"]
        return lines

    def _elementwise(self, block: Elementwise) -> list[str]:
        together = many_rows(block)
        if together:
            name, lines = self.gathered(together)
            forward = self.runner.bound((block.op, "forward"), lambda: general(block.op.forward), "f")
            maths, parts = self.whole(name)
            return [*lines, f"{self.out}[...] = {forward}({maths}, *{parts})"]
        lines = []
        names: list[str] = []
        for rows in block.inputs:
            name, more = self.gathered(one_row(rows))
            names.append(name)
            lines += more
        formula = None if len(names) > 2 else _read(block.op.forward, *map(Symbol, names))
        if formula is None:
            forward = self.runner.bound((block.op, "forward"), lambda: general(block.op.forward), "f")
            return [*lines, f"{self.out}[...] = {forward}(m, {', '.join(names)})"]
        text = self.written(symbol(formula))
        if text.startswith("np.") and text.endswith(")"):
            return [*lines, f"{text[:-1]}, out={self.out})"]
        return [*lines, f"{self.out}[...] = {text}"]


class _Backward(_Lines):
    """The code that sends a block's gradient back."""

    def __init__(self, runner: Runner, block: Block) -> None:
        super().__init__(runner, block)
        self.upstream = runner.gradient(block.out)

    def lines(self) -> list[str]:
        """The lines, in order."""
        lines = self._lines()
        return [*self.gathers, *lines]

    def _lines(self) -> list[str]:
        if isinstance(self.block, Affine):
            return self._affine(self.block)
        if isinstance(self.block, Total):
            rows, terms = len(self.block.out), self.each(self.block.terms)
            spread = self.runner.reshaped(self.upstream, (rows, 1, self.columns))
            shape = (rows, terms, self.columns)
            whole = spread if is_run(self.block.terms) else f"np.broadcast_to({spread}, {shape})"
            return self.sent(self.block.terms, whole, shape)
        return self._elementwise(self.block)

    def _affine(self, block: Affine) -> list[str]:
        count, runner = len(block.out), self.runner
        inputs, weights = self.again(block.inputs), runner.reshaped(self.again(block.weights), (count, -1))
        if block.dense:
            across = runner.reshaped(inputs, (len(block.inputs), self.columns), transposed=True)
            turned = runner.reshaped(self.again(block.weights), (count, -1), transposed=True)
            to_weights = f"np.matmul({self.upstream}, {across}{{out}})"
            to_inputs, shape = f"np.matmul({turned}, {self.upstream}{{out}})", (len(block.inputs), self.columns)
        else:
            table = runner.reshaped(inputs, (count, self.each(block.inputs), self.columns))
            to_weights = f"np.einsum('pb,pnb->pn', {self.upstream}, {table}{{out}})"
            to_inputs = f"np.einsum('pn,pb->pnb', {weights}, {self.upstream}{{out}})"
            shape = (count, self.each(block.inputs), self.columns)  # type: ignore[assignment]
        lines = self.sent(block.weights, to_weights, (count, -1))
        lines += self.sent(block.inputs, to_inputs, shape)
        for rows in block.bare:
            lines += self.sent(one_row(rows), self._summed(rows, self.upstream))
        return lines

    def _elementwise(self, block: Elementwise) -> list[str]:
        together = many_rows(block)
        if together:
            local = self.runner.bound((block.op, "local"), lambda: general(block.op.local, slopes=True), "l")
            maths, parts = self.whole(self.again(together))
            slopes_of = f"{maths}.table({local}({maths}, {self.out}, *{parts}))"
            shape = (len(block.inputs), len(block.out), self.columns)
            return self.sent(together, f"np.multiply({self.upstream}, {slopes_of}{{out}})", shape)
        rows = [one_row(r) for r in block.inputs]
        if not any(self.runner.is_wanted(r) for r in rows):
            return []
        names = [self.again(r) for r in rows]
        formulas = None if len(names) > 2 else _read(block.op.local, Symbol(self.out), *map(Symbol, names))
        if formulas is None:
            local = self.runner.bound((block.op, "local"), lambda: general(block.op.local, slopes=True), "l")
            lines = [f"slopes = {local}(m, {self.out}, {', '.join(names)})"]
            slopes = [f"slopes[{i}]" for i in range(len(names))]
        else:
            lines = []
            slopes = ["np.nan" if f is None else self.written(symbol(f)) for f in formulas]
        for r, whole, slope in zip(rows, block.inputs, slopes, strict=True):
            if slope == "1":
                product = self.upstream
            elif slope == "-1":
                product = f"np.negative({self.upstream}{{out}})"
            else:
                product = f"np.multiply({self.upstream}, {slope}{{out}})"
            lines += self.sent(r, self._summed(whole, product))
        return lines

    def _summed(self, rows: Rows, contribution: str) -> str:
        """A contribution summed over what its target has once: the examples, for shared rows; members, for one row."""
        single = one_row(rows) is not rows
        shared = rows.space is Space.SHARED and self.block.out.space is Space.VARYING
        if not (single or shared):
            return contribution
        inner = contribution.replace("{out}", "")
        axis = "None" if single and shared else "0" if single else "1"
        return f"np.add.reduce({inner}, {axis}, None{{out}}, keepdims=True)"

    def sent(self, rows: Rows, contribution: str, shape: tuple[int, ...] | None = None) -> list[str]:
        """The lines that add a contribution to the gradients of some rows; none where nobody asks for them.

        `contribution` says where its `{out}` goes. `shape` is that of the target where it is not rows by columns.
        """
        runner = self.runner
        if not runner.is_wanted(rows):
            return []
        touched = runner.touched[rows.space]
        fresh = touched.isdisjoint(rows.numbers)
        run = is_run(rows)
        if not (fresh and run):
            runner.cleared += [(rows.space, row) for row in dict.fromkeys(rows.numbers) if row not in touched]
        touched.update(rows.numbers)
        plain = contribution.replace("{out}", "")
        if not run:
            return self._scattered(rows, plain, shape)
        target = runner.gradient(rows)
        if shape is not None:
            target = runner.reshaped(target, shape)
        if not fresh:
            return [f"np.add({target}, {plain}, {target})"]
        return (
            [contribution.replace("{out}", f", out={target}")]
            if "{out}" in contribution
            else [f"{target}[...] = {plain}"]
        )

    def _scattered(self, rows: Rows, contribution: str, shape: tuple[int, ...] | None) -> list[str]:
        """Add to rows that are apart; contributions to a row that stands twice are summed first."""
        runner = self.runner
        matrix = runner.gradients[rows.space]
        whole = runner.bound((rows.space, "gradients"), lambda: matrix, "G")
        numbers = np.array(rows.numbers)
        columns = matrix.shape[1]
        part = f"np.reshape({contribution}, ({len(rows)}, {columns}))"
        if len(set(rows.numbers)) == len(rows):
            where = runner.bound((rows, "where"), lambda: numbers, "i")
            return [f"{whole}[{where}] += {part}"]
        order = np.argsort(numbers, kind="stable")
        found, starts = np.unique(numbers[order], return_index=True)
        sorting = runner.bound((rows, "order"), lambda: order, "o")
        rows_once = runner.bound((rows, "once"), lambda: found, "u")
        stretches = runner.bound((rows, "starts"), lambda: starts, "s")
        if isinstance(self.block, Elementwise) and shape is None:
            part = f"np.broadcast_to({contribution}, ({len(rows)}, {columns}))"
        return [f"{whole}[{rows_once}] += np.add.reduceat({part}[{sorting}], {stretches})"]


def _read(rule: Callable[..., Any], *xs: Symbol) -> Any:
    """What a rule gives for symbols; None for a rule that asks what its input is, which no formula says."""
    try:
        return rule(_SYMBOLS, *xs)
    except Exception:  # a rule is the user's code: anything may go wrong where it expects a number
        return None


def one_row(rows: Rows) -> Rows:
    """The single row that stands for all where they are the same; it broadcasts."""
    return Rows(rows.space, rows.numbers[:1]) if len(rows) > 1 and len(set(rows.numbers)) == 1 else rows


def many_rows(block: Elementwise) -> Rows | None:
    """The rows of all inputs, one input after the other, of an operation that has many of one space; else None."""
    spaces = {rows.space for rows in block.inputs}
    if block.op.arity is not None or len(block.inputs) <= 2 or len(spaces) > 1:
        return None
    return Rows(spaces.pop(), tuple(row for rows in block.inputs for row in rows.numbers))


def is_run(rows: Rows) -> bool:
    """Whether the rows follow each other."""
    return rows.numbers == tuple(range(rows.numbers[0], rows.numbers[0] + len(rows)))


def as_slice(rows: Rows) -> slice:
    """Rows that follow each other as a slice."""
    return slice(rows.numbers[0], rows.numbers[-1] + 1)


def _runs(places: Sequence[tuple[Space, int]]) -> list[tuple[Space, tuple[int, ...]]]:
    """Sorted places as stretches of rows that follow each other."""
    found: list[tuple[Space, list[int]]] = []
    for space, row in places:
        if found and found[-1][0] is space and found[-1][1][-1] == row - 1:
            found[-1][1].append(row)
        else:
            found.append((space, [row]))
    return [(space, tuple(rows)) for space, rows in found]
