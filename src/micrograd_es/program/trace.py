"""Tracing: from the Values that a function returns back to its inputs, and the tape of what it did."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import filterfalse, repeat
from typing import Any

from micrograd_es.ops import WHERE, Op
from micrograd_es.program.tape import Tape
from micrograd_es.replay import RecordingError
from micrograd_es.value import Value


class Trace:
    """The operations behind some outputs, inputs first.

    `leaves` are the `given` Values, then the others as they are met. `ops` are the rows of the table, `args` their
    inputs: n for the leaf of that place, ~n for the operation. `results` is what was computed. The Values that
    operations made are not kept, so that another run finds room where they were. Two runs that do the same have the
    same ops and args.
    """

    def __init__(self, outputs: Sequence[Value], given: Sequence[Value]) -> None:
        self.given, self.leaves = len(given), list(given)
        self.args: list[tuple[int, ...]] = []
        numbers = {x: i for i, x in enumerate(given)}
        made: list[Value] = []
        for output in outputs:
            self._walk(output, numbers, made)
        self.outputs = [numbers[output] for output in outputs]
        self.results = [x.number for x in made]
        origins = [x.origin for x in made]
        self.ops: list[Op] = [origin.op for origin in origins]  # type: ignore[misc]
        self.labels = [origin.label for origin in origins]
        scopes = [origin.scope for origin in origins]
        paths = {scope: " · ".join(s.name for s in scope.path()) if scope else "" for scope in set(scopes)}
        self.scopes = list(map(paths.__getitem__, scopes))

    def _walk(self, output: Value, numbers: dict[Value, int], made: list[Value]) -> None:
        """Number what is behind an output, inputs first; no recursion."""
        leaves, add, number_of = self.leaves, self.args.append, numbers.get
        waiting = self._opened((output,), numbers)
        while waiting:
            node = waiting.pop()
            if node in numbers:
                continue
            x, y = node.first, node.second
            if y is not None and not node.others:  # as most have two inputs; so it takes half the time
                first = number_of(x)
                if first is None and x.first is None:
                    first = numbers[x] = len(leaves)
                    leaves.append(x)
                second = number_of(y)
                if second is None and y.first is None:
                    second = numbers[y] = len(leaves)
                    leaves.append(y)
                if first is None or second is None:
                    waiting.append(node)
                    if second is None:
                        waiting.append(y)
                    if first is None:
                        waiting.append(x)
                    continue
                add((first, second))
            elif y is None:
                first = number_of(x)
                if first is None:
                    if x.first is not None:
                        waiting += (node, x)
                        continue
                    first = numbers[x] = len(leaves)
                    leaves.append(x)
                add((first,))
            else:
                inputs = node.inputs
                deeper = self._opened(inputs, numbers)
                if deeper:
                    waiting.append(node)
                    waiting += deeper
                    continue
                add(tuple([numbers[x] for x in inputs]))
            numbers[node] = ~len(made)
            made.append(node)

    def _opened(self, inputs: Sequence[Value], numbers: dict[Value, int]) -> list[Value]:
        """Number the leaves among some inputs; the operations that have no number yet, the first of them last."""
        deeper = []
        for x in inputs:
            if x not in numbers:
                if x.first is not None:
                    deeper.append(x)
                else:
                    numbers[x] = len(self.leaves)
                    self.leaves.append(x)
        return deeper[::-1]

    def __len__(self) -> int:
        return len(self.leaves) + len(self.ops)

    def keep(self, kept: Sequence[int]) -> None:
        """Leave out all operations but some, whose inputs keep the numbers that they had."""
        columns: tuple[list[Any], ...] = self.ops, self.args, self.labels, self.scopes
        for column in columns:
            column[:] = [column[i] for i in kept]

    def twins(self, outputs: Sequence[Value], given: Sequence[Value]) -> list[Value]:
        """The Values of another run in place of the leaves.

        Raises RecordingError where it did something else.
        """
        if len(self.outputs) != len(outputs):
            raise _differs(f"{len(self.outputs)} results", f"{len(outputs)}")
        found: list[Any] = [*given, *[None] * (len(self) - len(given))]  # that of the last operation stands before all
        for number, twin in zip(self.outputs, outputs, strict=True):
            self._pair(found, number, twin)
        number = -len(self.ops)
        for op, xs in zip(reversed(self.ops), reversed(self.args), strict=True):
            twin = found[number]
            if twin.origin.op is not op:
                raise _differs(self._told(number), _told(twin))
            first, second = twin.first, twin.second
            if len(xs) == 2 and second is not None and not twin.others:  # as most have; so it takes half the time
                x, y = xs
                if found[x] is None:
                    found[x] = first
                elif found[x] is not first:
                    self._pair(found, x, first)
                if found[y] is None:
                    found[y] = second
                elif found[y] is not second:
                    self._pair(found, y, second)
            elif len(xs) == 1 and first is not None and second is None:
                [x] = xs
                if found[x] is None:
                    found[x] = first
                elif found[x] is not first:
                    self._pair(found, x, first)
            else:
                inputs = twin.inputs
                if len(inputs) != len(xs):
                    raise _differs(self._told(number), _told(twin))
                for x, y in zip(xs, inputs, strict=True):
                    if found[x] is None:
                        found[x] = y
                    elif found[x] is not y:
                        self._pair(found, x, y)
            number += 1
        leaves = found[: len(self.leaves)]
        for leaf, twin in zip(self.leaves[self.given :], leaves[self.given :], strict=True):
            if twin.first is not None or (twin is not leaf and twin.number != leaf.number):
                raise _differs(repr(leaf), _told(twin))
        return leaves

    def _pair(self, found: list[Any], number: int, twin: Value) -> None:
        """Note that a number is another Value in the other run; it cannot be two."""
        if found[number] is None:
            found[number] = twin
        elif found[number] is not twin:
            raise _differs(self._told(number), f"two of them, {found[number]!r} and {twin!r}")

    def _told(self, number: int) -> str:
        return repr(self.leaves[number]) if number >= 0 else f"{self.ops[~number].name} of {len(self.args[~number])}"


def _told(node: Value) -> str:
    return f"{node.op.name} of {len(node.inputs)}" if node.op else repr(node)


def _differs(first: str, second: str) -> RecordingError:
    """The error for a function that did something else when it was called again."""
    return RecordingError(
        f"the function did something else when it was called again, with other numbers ({first}, then {second})",
        "What is random, or changes from call to call, has to be an argument of it; for a choice by a number write"
        " where(c, a, b): a where c is above 0, else b.",
    )


def traced(trace: Trace, inputs: int, parameters: Sequence[Value], merge: bool) -> Tape:
    """The tape of a trace whose first leaves are the inputs; it takes over what the trace has.

    Every leaf that is no input and no parameter is a constant. What no output needs is left out, what depends on
    constants alone is worked out, a choice by a constant is what it chooses, and with `merge` an expression that stands
    twice is computed once.
    """
    tape = Tape(inputs, len(parameters), names=[x.label for x in (*trace.leaves[:inputs], *parameters)])
    numbers = {x: number for number, x in enumerate(parameters, inputs)}
    place = [*range(inputs), *[numbers.get(x, -1) for x in trace.leaves[inputs:]], *[-1] * len(trace.ops)]
    kept = _without_constants(tape, trace, place) if -1 in place[: len(trace.leaves)] else range(len(trace.ops))
    if merge:
        kept = _merged(tape, trace, kept, place)
    elif len(kept) == len(trace.ops):
        start = tape.first_entry
        place[len(trace.leaves) :] = range(start + len(kept) - 1, start - 1, -1)
    else:
        for number, i in enumerate(kept, tape.first_entry):
            place[~i] = number
    entries, at = tape.entries, place.__getitem__
    if len(kept) < len(trace.ops):
        trace.keep(kept)
    entries.ops, entries.labels, entries.scopes = trace.ops, trace.labels, trace.scopes
    trace.args.reverse()
    old = map(trace.args.pop, repeat(-1, len(kept)))  # so that each leaves its room to the new one: there are very many
    entries.args = [(place[xs[0]], place[xs[1]]) if len(xs) == 2 else tuple(map(at, xs)) for xs in old]
    tape.outputs = list(map(at, trace.outputs))
    return tape


def _without_constants(tape: Tape, trace: Trace, place: list[int]) -> Sequence[int]:
    """The operations that depend on more than constants; the constants that they need get their numbers.

    In `place` are the numbers of the tape by those of the trace, −1 where there is none; constants that are equal share
    one.
    """
    fixed = {number for number in range(len(trace.leaves)) if place[number] < 0}
    args = trace.args
    kept: Sequence[int] = range(len(trace.ops))
    if any(map(fixed.issuperset, args)):
        for i, xs in enumerate(args):
            if fixed.issuperset(xs):
                fixed.add(~i)
        kept = [i for i in kept if ~i not in fixed]
    if WHERE in trace.ops and any(trace.ops[i] is WHERE and args[i][0] in fixed for i in kept):
        kept = _without_choices(trace, fixed)
    some = filterfalse(fixed.isdisjoint, map(args.__getitem__, kept))
    needed = dict.fromkeys([x for xs in some for x in xs if x in fixed])  # in the order in which they are used
    needed |= dict.fromkeys([x for x in trace.outputs if x in fixed])
    known: dict[str, int] = {}  # by what they look like, so that 0.0 and -0.0 stay apart
    for number in needed:
        value = float(trace.leaves[number].number if number >= 0 else trace.results[~number])
        place[number] = tape.first_constant + known.setdefault(repr(value), len(known))
        if len(known) > len(tape.constants):
            tape.constants.append(value)
    return kept


def _without_choices(trace: Trace, fixed: set[int]) -> Sequence[int]:
    """The operations that depend on more than constants and that an output needs; the others are `fixed`, or dead.

    A choice by a constant is the number that it chooses, which stands in its place wherever it is read.
    """
    args, labels = trace.args, trace.labels
    chosen: dict[int, int] = {}
    for i, xs in enumerate(args):
        if not chosen.keys().isdisjoint(xs):
            xs = args[i] = tuple([chosen.get(x, x) for x in xs])
        if fixed.issuperset(xs):
            fixed.add(~i)
        elif trace.ops[i] is WHERE and xs[0] in fixed:
            condition = trace.leaves[xs[0]].number if xs[0] >= 0 else trace.results[~xs[0]]
            x = chosen[~i] = xs[1] if condition > 0 else xs[2]
            if x < 0:
                labels[~x] = labels[~x] or labels[i]
    trace.outputs = [chosen.get(x, x) for x in trace.outputs]
    needed = set(trace.outputs)
    kept = []
    for i in reversed(range(len(args))):
        if ~i in needed and ~i not in fixed:
            kept.append(i)
            needed.update(args[i])
    return kept[::-1]


def _merged(tape: Tape, trace: Trace, kept: Sequence[int], place: list[int]) -> list[int]:
    """Those of the operations that are not the same as one before; what is gets the place of that one."""
    known: dict[tuple[Op, tuple[int, ...]], int] = {}
    found: list[int] = []
    for i in kept:
        key = trace.ops[i], tuple([place[x] for x in trace.args[i]])
        if key not in known:
            known[key] = tape.first_entry + len(found)
            found.append(i)
        place[~i] = known[key]
    return found
