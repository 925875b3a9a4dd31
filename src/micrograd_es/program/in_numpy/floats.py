"""Stretches of steps on few single numbers, run as one step on Python's floats: NumPy takes ten times as long for each.

A stretch is written as a function that loads numbers, computes, and stores what somebody reads. Where Python raises (a
division by 0, an overflow) the steps themselves run, so that what is not finite is as NumPy has it.
"""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, groupby
from typing import Any

import numpy as np

from micrograd_es.notations import FLOATS, written
from micrograd_es.program.arrays import Array, ArrayMaths
from micrograd_es.program.blocks import Plan, Space
from micrograd_es.program.in_numpy import steps
from micrograd_es.program.in_numpy.cells import Cells
from micrograd_es.program.in_numpy.steps import Step
from micrograd_es.program.in_numpy.stretches import FORMS, FUNCTIONS, READ, NotReadableError, Number, Stretch, key_of
from micrograd_es.symbols import Symbol

FEW = 16  # numbers that a step computes, beyond which NumPy is as fast
MOST = 1 << 12  # numbers of all stretches together: to compile one takes as long as NumPy for some ten runs of it
DEEP = 6  # operations inside of each other in one line
CALL, NUMBER, MOVED = 25, 1, 2  # about how long a call of NumPy takes, an operation of Python's, a number from an array
LEAST = 60  # the gain that is worth a stretch
TWICE = {form for form, (text, _, _) in FLOATS.items() if text.count("{0}") > 1}  # a part is a name
OF_ROWS = {"take": 0, "__setitem__": 0, steps.add_to: 1, steps.add_sorted: 1}  # which rows of a whole matrix
PARTS = 4  # that are added to numbers in about the time of another operation
MANY = 4  # single numbers are many where at least this part of all is computed for them


class Floats:
    """A step that is a stretch of others: a function of Python's, or the steps where that raises."""

    __slots__ = ("known", "lines", "run", "steps")

    def __init__(self, lines: Sequence[str], known: Mapping[str, Any], steps: Sequence[Step]) -> None:
        self.lines, self.steps = lines, steps
        self.known = {**FUNCTIONS, **known}
        made = dict(self.known)
        exec(compile("\n    ".join(["def run():", *lines]), "<floats>", "exec"), made)
        self.run: Callable[[], None] = made["run"]

    def __call__(self) -> None:
        """Run the stretch."""
        try:
            self.run()
        except (ArithmeticError, ValueError, TypeError):
            with np.errstate(all="ignore"):
                for function, given in self.steps:
                    function(*given)


def _as_one(stretch: Stretch, read: set[int], loads: Mapping[int, int]) -> list[Step]:
    """A stretch as one step, or its steps where that is slower.

    It stores the numbers of cells that are `read` outside of stretches, or by another one: `loads` says how often.
    """
    before, place = stretch.before, stretch.cells.place
    changed = {cell: x for cell, x in stretch.now.items() if x is not before.get(cell)}
    stored = {cell: x for cell, x in changed.items() if cell in read or loads[cell] > (cell in before)}
    order, uses = _in_order(stored.values())
    known = {str(x.form): place(cell) for cell, x in before.items() if x in uses and isinstance(x.form, str)}
    gain = CALL * (len(stretch.steps) - 1) - NUMBER * len(order) - MOVED * (len(known) + len(stored))
    if gain < LEAST:
        return stretch.steps
    lines = [f"{name} = {where}" for name, where in known.items()]
    lines += _named(stretch.cells, order, uses, set(known))
    lines += [f"{place(cell)} = {written(x, FLOATS)}" for cell, x in stored.items()]
    return [(Floats(lines, stretch.cells.known, stretch.steps), ())]


def _named(cells: Cells, order: Iterable[Symbol], uses: Mapping[Symbol, int], known: set[str]) -> Iterator[str]:
    """The lines of operations that get a name, as what is used several times, or where a line would be deep."""
    depths = dict.fromkeys(uses, 0)
    for x in order:
        depths[x] = 1 + max([depths[part] for part in x.parts])
        if uses[x] > 1 or depths[x] > DEEP:
            name = cells.name(x.cell) if isinstance(x, Number) and x.cell else ""
            if not name or name in known:
                name = f"n{len(known)}"
            known.add(name)
            yield f"{name} = {written(x, FLOATS)}"
            x.form, x.parts, depths[x] = name, (), 0


def _in_order(roots: Iterable[Symbol]) -> tuple[list[Symbol], Counter[Symbol]]:
    """All operations that some numbers need, parts first, and how often each is written.

    The numbers themselves count twice, so that they have names: nothing is stored before all of them are computed.
    """
    order: list[Symbol] = []
    uses = Counter(dict.fromkeys(roots, 2))
    waiting = [(x, False) for x in reversed(uses)]
    seen: set[Symbol] = set()
    while waiting:
        x, is_done = waiting.pop()
        if is_done:
            order.append(x)
        elif x not in seen:
            seen.add(x)
            if x.parts:
                waiting.append((x, True))
            for part in reversed(x.parts):
                uses[part] += 2 if x.form in TWICE else 1
                waiting.append((part, False))
    return order, uses


def _size(step: Step) -> int:
    """About how many numbers a step computes; more than FEW where it cannot be read."""
    function: Any
    function, given = step
    if function in FORMS:
        return int(given[-1].size)
    key = key_of(function)
    if key not in READ:
        return FEW + 1
    if key == "fill":
        return int(function.__self__.size) // FEW  # of a number that is known, which is no operation
    if key == "at" or key is steps.add_at:
        rows = given[1].tolist()
        return max(len(set(rows)), len(rows) // PARTS)
    if key in OF_ROWS and given[OF_ROWS[key]] is not ...:
        return int(given[OF_ROWS[key]].size)
    if function is np.dot:
        return int(given[2].size * given[0].shape[-1])
    return max([x.size for x in (*given, getattr(function, "__self__", None)) if isinstance(x, np.ndarray)])


def in_floats(program: Sequence[Step], cells: Cells, results: Sequence[Array]) -> list[Step]:
    """The steps of a program, in which stretches are one where that is faster; `results` are read after them."""
    left = MOST
    found: list[Step | Stretch] = []
    sizes = map(_size, program)
    for is_small, some in groupby(zip(program, sizes, strict=True), key=lambda step: step[1] <= FEW):
        part = list(some)
        ends = list(accumulate([size for _, size in part]))
        count = bisect(ends, left) if is_small else 0
        if count and CALL * count - (NUMBER + MOVED) * ends[count - 1] > LEAST:
            left -= ends[count - 1]
            found += _stretches([step for step, _ in part[:count]], cells)
        else:
            count = 0
        found += [step for step, _ in part[count:]]
    if not any(isinstance(each, Stretch) for each in found):
        return list(program)
    read = _read_outside(found, cells, results)
    loads = Counter([cell for stretch in found if isinstance(stretch, Stretch) for cell in stretch.before])
    made: list[Step] = []
    for each in found:
        made += _as_one(each, read, loads) if isinstance(each, Stretch) else [each]
    return made


def _stretches(program: Sequence[Step], cells: Cells) -> list[Step | Stretch]:
    """Steps on few numbers as stretches; what cannot be read stands between them."""
    stretch = Stretch(cells)
    found: list[Step | Stretch] = [stretch]
    for step in program:
        try:
            stretch.add(step)
        except NotReadableError:
            stretch = Stretch(cells)
            found += [step, stretch]
    return found


def _read_outside(found: Sequence[Step | Stretch], cells: Cells, results: Sequence[Array]) -> set[int]:
    """The cells that are read after a program, or by steps that are in no stretch."""
    parts = [cells.at(x) for x in results]
    for step in found:
        if not isinstance(step, Stretch):
            function, given = step
            owner, place = getattr(function, "__self__", None), OF_ROWS.get(key_of(function))
            arrays = _arrays((owner, *given))
            if place is not None and isinstance(given[place], np.ndarray):
                matrix, *arrays = arrays
                parts.append(cells.at(matrix)[given[place]])
            parts += map(cells.at, arrays)
    return set(np.concatenate([part.ravel() for part in parts]).tolist())


def _arrays(given: Iterable[Any]) -> list[Array]:
    """All arrays of numbers in what a step is given."""
    found: list[Array] = []
    for x in given:
        if isinstance(x, np.ndarray):
            found += [x] if x.dtype.kind == "f" else []
        elif isinstance(x, list | tuple):
            found += _arrays(x)
        elif isinstance(x, ArrayMaths):
            found += _arrays([x.whole])
    return found


def is_single(plan: Plan, batch: int) -> bool:
    """Whether many blocks of a plan compute single numbers: those of one example, or what is the same for all."""
    computed = plan.sizes[Space.SHARED] + plan.tape.inputs - plan.tape.first_entry
    if batch <= 1 or MANY * computed < plan.sizes[Space.VARYING]:  # mostly there is no need to look at the blocks
        return batch == 1
    shared = sum([block.out.space is Space.SHARED for block in plan.blocks])
    return MANY * shared > len(plan.blocks)
