"""The NumPy code of a block, forward and backward, written line by line into a runner's."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from micrograd_es.ops import LSE
from micrograd_es.program import affine_lines
from micrograd_es.program.arrays import SAME_NAMES, ArrayMaths, SoftmaxMaths
from micrograd_es.program.blocks import Affine, Block, Elementwise, Rows, Space, Total, is_run, many_rows, one_row
from micrograd_es.program.rules import rules_of
from micrograd_es.program.scatter import sorted_rows
from micrograd_es.symbols import Symbol, SymbolMaths, symbol

if TYPE_CHECKING:
    from micrograd_es.program.numpy_runner import Runner

UFUNCS = {
    "+": "np.add",
    "-": "np.subtract",
    "*": "np.multiply",
    "/": "np.true_divide",
    "neg": "np.negative",
    "**": "m.power",
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


SYMBOLS = ArraySymbols()
TERMS = 128  # of sums that are gathered at once, or given their gradients
ZEROS = 1 << 14  # numbers, up to which there are as many zeros to compare them with
FEW = 512  # numbers, up to which NumPy multiplies by 1.0 and 0.0 faster than by True and False


class Lines:
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
        if runner.is_large:
            slot = self.slots.setdefault(rows, len(self.slots))
            kept = runner.bound((shape, slot), lambda: runner.room(slot, shape), "k")
            if runner.held.get(slot) == rows:
                return kept, []
            runner.held[slot] = rows
        else:
            known = (rows, "kept") in runner.views
            kept = runner.bound((rows, "kept"), lambda: np.empty(shape, matrix.dtype), "k")
            if known:
                return kept, []
        where = runner.bound((rows, "where"), lambda: np.array(rows.numbers), "i")
        whole = runner.bound((rows.space, "values"), lambda: matrix, "V")
        return kept, [f"np.take({whole}, {where}, 0, {kept}, 'clip')"]

    def whole(self, name: str) -> tuple[str, str]:
        """The names of a maths that knows the inputs of an operation with many, and of the inputs, from all of them."""
        assert isinstance(self.block, Elementwise)
        runner = self.runner
        whole = runner.reshaped(name, (len(self.block.inputs), len(self.block.out), self.columns))
        kind = SoftmaxMaths if self.block.op is LSE and not runner.is_large else partial(ArrayMaths, np)
        maths = runner.bound((whole, self.out, "maths"), lambda: kind(runner.names[whole]), "m")
        return maths, runner.bound((maths, "parts"), lambda: runner.names[maths].parts, whole + "parts")

    def again(self, rows: Rows) -> str:
        """The name of what was gathered on the way forward, and is again where its room was used for something else."""
        name, lines = self.gathered(rows)
        self.gathers += lines
        return name

    def written(self, formula: Symbol) -> str:
        """A formula as an expression over arrays."""
        form = formula.form
        if not formula.parts:
            return form if isinstance(form, str) else repr(form)
        parts = [self.written(part) for part in formula.parts]
        if form in UFUNCS and len(parts) <= 2:
            return f"{UFUNCS[form]}({', '.join(parts)})"
        if form == "relu":
            return f"np.maximum({parts[0]}, {self.zeros(parts[0], formula.parts[0])})"
        if form == "step":
            return self.step(parts[0], formula.parts[0])
        return f"m.{form}({', '.join(parts)})"

    def zeros(self, text: str, formula: Symbol) -> str:
        """The name of zeros to compare a formula with: of the same shape, which NumPy does faster, or a single one."""
        if formula.parts or self.runner.names[text].size > ZEROS:
            return self.zero()
        shape = self.runner.names[text].shape
        return self.runner.bound(("zeros", shape), lambda: np.zeros(shape, self.runner.names[text].dtype), "zeros")

    def zero(self) -> str:
        """The name of a 0 that NumPy need not convert."""
        runner = self.runner
        return runner.bound("zero", lambda: np.zeros((), runner.values[Space.SHARED].dtype), "zero")

    def step(self, text: str, formula: Symbol) -> str:
        """1 where a formula is above 0, else 0."""
        runner = self.runner
        if formula.parts:
            return f"np.greater({text}, {self.zero()})"
        array = runner.names[text]
        if array.size <= FEW:
            room = runner.bound((text, "step"), lambda: np.empty_like(array), "s")
            return f"np.heaviside({text}, {self.zero()}, {room})"
        room = runner.bound((text, "step"), lambda: np.empty(array.shape, bool), "s")
        return f"np.greater({text}, {self.zero()}, {room})"


class Forward(Lines):
    """The code that computes a block."""

    def lines(self) -> list[str]:
        """The lines, in order."""
        if isinstance(self.block, Affine):
            return affine_lines.forward(self, self.block)
        if isinstance(self.block, Total):
            return self._total(self.block)
        return self._elementwise(self.block)

    def _total(self, block: Total) -> list[str]:
        """The sums; where their terms would have to be gathered into a large room, of some terms after the others."""
        numbers, count, terms = block.terms.numbers, len(block.out), self.each(block.terms)
        step = terms
        if self.runner.is_large and not is_run(block.terms):
            step = max(TERMS // count, 1)
        lines: list[str] = []
        for first in range(0, terms, step):
            some = [numbers[row + first : row + min(first + step, terms)] for row in range(0, count * terms, terms)]
            self.slots.clear()
            name, gather = self.gathered(Rows(block.terms.space, tuple(chain.from_iterable(some))))
            if count == 1 and step == terms:
                ones = self.runner.reshaped(self.runner.ones(terms), (1, terms))
                return [*gather, f"np.dot({ones}, {name}, {self.out})"]
            added = f"np.add.reduce({self.runner.reshaped(name, (count, len(some[0]), self.columns))}, 1, None"
            lines += [*gather, f"np.add({self.out}, {added}), {self.out})" if lines else f"{added}, {self.out})"]
        return lines

    def _elementwise(self, block: Elementwise) -> list[str]:
        together, rules = many_rows(block), rules_of(block.op, len(block.inputs))
        if together:
            name, lines = self.gathered(together)
            forward = self.runner.bound((block.op, "forward"), lambda: rules.forward, "f")
            maths, parts = self.whole(name)
            return [*lines, f"{self.out}[...] = {forward}({maths}, *{parts})"]
        lines = []
        names: list[str] = []
        for rows in block.inputs:
            name, more = self.gathered(one_row(rows))
            names.append(name)
            lines += more
        if len(names) > 2 or not rules.formula:
            forward = self.runner.bound((block.op, "forward"), lambda: rules.forward, "f")
            return [*lines, f"{self.out}[...] = {forward}(m, {', '.join(names)})"]
        formula = symbol(block.op.forward(SYMBOLS, *map(Symbol, names)))
        text = self.written(formula)
        if text.startswith("np.") and text.endswith(")") and formula.form != "step":  # which has room of its own
            return [*lines, f"{text[:-1]}, out={self.out})"]
        return [*lines, f"{self.out}[...] = {text}"]


class Backward(Lines):
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
            return affine_lines.backward(self, self.block)
        if isinstance(self.block, Total):
            rows, terms = len(self.block.out), self.each(self.block.terms)
            spread = self.runner.reshaped(self.upstream, (rows, 1, self.columns))
            shape = (rows, terms, self.columns)
            if is_run(self.block.terms):
                return self.sent(self.block.terms, spread, shape)
            return self.sent(self.block.terms, self.upstream, shape)
        return self._elementwise(self.block)

    def _elementwise(self, block: Elementwise) -> list[str]:
        together, rules = many_rows(block), rules_of(block.op, len(block.inputs))
        if together:
            local = self.runner.bound((block.op, "local"), lambda: rules.local, "l")
            maths, parts = self.whole(self.again(together))
            slopes_of = f"{maths}.table({local}({maths}, {self.out}, *{parts}))"
            shape = (len(block.inputs), len(block.out), self.columns)
            return self.sent(together, f"np.multiply({self.upstream}, {slopes_of}{{out}})", shape)
        rows = [one_row(r) for r in block.inputs]
        if not any(self.runner.is_wanted(r) for r in rows):
            return []
        names = [self.again(r) for r in rows]
        if len(names) > 2 or not rules.formula:
            local = self.runner.bound((block.op, "local"), lambda: rules.local, "l")
            first = [f"slopes = {local}(m, {self.out}, {', '.join(names)})"]
            slopes = [f"slopes[{i}]" for i in range(len(names))]
        else:
            first = []
            formulas = block.op.local(SYMBOLS, Symbol(self.out), *map(Symbol, names))
            slopes = [self.written(f) if isinstance(f, Symbol) else repr(f) for f in formulas]
        lines = []
        for r, whole, slope in zip(rows, block.inputs, slopes, strict=True):
            if slope == "1":
                product = self.upstream
            elif slope == "-1":
                product = f"np.negative({self.upstream}{{out}})"
            else:
                product = f"np.multiply({self.upstream}, {slope}{{out}})"
            lines += self.sent(r, self.summed(whole, product, alike=not first and "m." not in slope))
        return ["\n".join([*first, *lines])] if first else lines

    def summed(self, rows: Rows, contribution: str, alike: bool = True) -> str:
        """A contribution summed over what its target has once: the examples, for shared rows; members, for one row.

        np.dot wants numbers `alike`: of the runner's kind. A function of the maths may give doubles for single ones.
        """
        single = one_row(rows) is not rows
        shared = rows.space is Space.SHARED and self.block.out.space is Space.VARYING
        if not (single or (shared and self.columns != 1)):
            return contribution
        inner = contribution.replace("{out}", "")
        if not single and alike:
            return f"np.dot({inner}, {self.runner.ones(self.columns)}{{out}})"
        axis = "1" if not single else "None" if shared else "0"
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
            runner.cleared[rows.space].update([row for row in rows.numbers if row not in touched])
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
        columns = matrix.shape[1]
        part = contribution if shape is None else f"np.reshape({contribution}, ({len(rows)}, {columns}))"
        if isinstance(self.block, Total):
            return self._spread(rows, contribution, whole)
        if len(set(rows.numbers)) == len(rows):
            return [f"{whole}[{self.index((rows, 'where'), rows.numbers)}] += {part}"]
        order, found, starts = sorted_rows(rows)
        sorting, stretches = self.index((rows, "order"), order), self.index((rows, "starts"), starts)
        if isinstance(self.block, Elementwise) and shape is None:
            part = f"np.broadcast_to({contribution}, ({len(rows)}, {columns}))"
        added = f"np.add.reduceat({part}[{sorting}], {stretches})"
        return [f"{whole}[{self.index((rows, 'once'), found)}] += {added}"]

    def _spread(self, rows: Rows, upstream: str, whole: str) -> list[str]:
        """Add the gradients of sums to all their terms, some at a time: there may be very many, and each is a copy."""
        order, found, starts = sorted_rows(rows)
        sums, ends, lines = order // self.each(rows), [*starts[TERMS::TERMS], len(order)], []
        for first, end in zip(range(0, len(found), TERMS), ends, strict=True):
            start, last = starts[first], first + TERMS
            part = upstream
            if len(self.block.out) > 1 or len(found[first:last]) < end - start:
                part += f"[{self.index((self.out, first, 'sums'), sums[start:end])}]"
            if len(found[first:last]) < end - start:
                stretches = self.index((self.out, first, "starts"), starts[first:last] - start)
                part = f"np.add.reduceat({part}, {stretches})"
            lines.append(f"{whole}[{self.index((self.out, first, 'once'), found[first:last])}] += {part}")
        return lines

    def index(self, key: tuple[object, ...], numbers: Any) -> str:
        """The name of an array of numbers of rows."""
        return self.runner.bound(key, lambda: np.array(numbers), "i")
