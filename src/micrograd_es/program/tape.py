"""A recorded graph as a flat list: inputs, parameters, constants, then one entry for each operation, inputs first.

A tape is plain data: it prints the same on every run, goes to a file and back, and knows nothing of how it is run.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from micrograd_es.ops import Op, find
from micrograd_es.replay import RecordingError
from micrograd_es.value import Value

FORMAT = "micrograd_es program 1"


class Entry(NamedTuple):
    """One operation of a tape: the row of the table and the numbers of its inputs; its name and place for errors."""

    op: Op
    inputs: tuple[int, ...]
    label: str = ""
    scope: str = ""


@dataclass
class Tape:
    """The numbering: `inputs` come first, then `parameters`, `constants`, and the `entries`; `outputs` are numbers.

    `names` are the labels of inputs and parameters.
    """

    inputs: int
    parameters: int
    constants: list[float] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    @property
    def first_constant(self) -> int:
        """The number of the first constant."""
        return self.inputs + self.parameters

    @property
    def first_entry(self) -> int:
        """The number of the first operation."""
        return self.first_constant + len(self.constants)

    def entry(self, number: int) -> Entry | None:
        """The operation of that number; None for an input, a parameter or a constant."""
        return self.entries[number - self.first_entry] if number >= self.first_entry else None

    def name(self, number: int) -> str:
        """How a number is written: its label, a constant's value, or v and its number."""
        if number < self.first_constant:
            kind, place = ("x", number) if number < self.inputs else ("p", number - self.inputs)
            label = self.names[number]
            return (label if label.isprintable() else repr(label)) or f"{kind}{place}"
        if number < self.first_entry:
            constant = self.constants[number - self.first_constant]
            return short if float(short := f"{constant:g}") == constant else repr(constant)
        return f"v{number - self.first_entry}"

    def __str__(self) -> str:
        name = self._different_names().__getitem__
        head = f"inputs {', '.join(map(name, range(self.inputs))) or 'none'}; {self.parameters} parameters"
        lines = [
            f"v{i} = {entry.op.name}({', '.join(map(name, entry.inputs))})" for i, entry in enumerate(self.entries)
        ]
        return "\n".join([head, *lines, f"return {', '.join(map(name, self.outputs))}"])

    def _different_names(self) -> list[str]:
        """The names of all numbers; of several with the same label the second is w.2, the third w.3."""
        fixed = [self.name(number) for number in range(self.first_constant, self.first_entry + len(self.entries))]
        taken, used = set(fixed), Counter[str]()
        found = []
        for label in map(self.name, range(self.first_constant)):
            name = label
            while name in taken:
                used[label] += 1
                name = f"{label}.{used[label] + 1}"
            taken.add(name)
            found.append(name)
        return found + fixed

    def to_json(self) -> str:
        """The tape as text that `from_json` reads."""
        entries = [[entry.op.name, list(entry.inputs), entry.label, entry.scope] for entry in self.entries]
        data = {"format": FORMAT, **self.__dict__, "entries": entries}
        return json.dumps(data, ensure_ascii=True, indent=None)


def from_json(text: str, source: str = "the text") -> Tape:
    """The tape that `to_json` wrote. Raises ValueError, naming the source, for anything else."""
    try:
        data: dict[str, Any] = json.loads(text)
        if data.pop("format") != FORMAT:
            raise ValueError("another format")
        data["entries"] = [Entry(find(op), tuple(xs), label, scope) for op, xs, label, scope in data["entries"]]
        tape = Tape(**data)
        _check(tape)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(
            f"{source} is no program of micrograd_es: {error}; expected what Program.save wrote."
        ) from None
    return tape


def _check(tape: Tape) -> None:
    """Whether every number means something that comes before it."""
    for number, entry in enumerate(tape.entries, tape.first_entry):
        if any(not 0 <= x < number for x in entry.inputs):
            raise ValueError(f"entry {number} uses what comes after it")
        if not entry.inputs or entry.op.arity not in (None, len(entry.inputs)):
            raise ValueError(f"entry {number} gives {len(entry.inputs)} inputs to {entry.op.name}")
    last = tape.first_entry + len(tape.entries)
    if not all(isinstance(x, int) for entry in tape.entries for x in entry.inputs):
        raise ValueError("an entry has an input that is no number of the tape")
    if min(tape.inputs, tape.parameters) < 0 or not all(map(isfinite, tape.constants)) or not tape.outputs:
        raise ValueError("its inputs, parameters, constants and outputs are not what a program has")
    if any(not 0 <= number < last for number in tape.outputs) or len(tape.names) != tape.first_constant:
        raise ValueError("its numbers do not fit together")


def load(path: Path) -> Tape:
    """Read a tape from a file."""
    return from_json(path.read_text(encoding="utf-8"), str(path))


class Trace:
    """The operations behind some outputs, numbered as they are met; what comes first are the `given` Values.

    `met` are the Values by number, `rows` the rows of the table, None for a leaf and for what was given, and `args`
    the numbers of the inputs. Two runs that do the same have the same rows and args.
    """

    def __init__(self, outputs: Sequence[Value], given: Sequence[Value]) -> None:
        self.numbers: dict[Value, int] = {x: i for i, x in enumerate(given)}
        self.args: list[tuple[int, ...]] = [()] * len(given)
        for output in outputs:
            self._walk(output)
        self.met = list(self.numbers)
        self.rows: list[Op | None] = [None] * len(given)
        self.rows += [x.op for x in self.met[len(given) :]]
        self.outputs = [self.numbers[output] for output in outputs]

    def _walk(self, output: Value) -> None:
        """Number what is behind an output, inputs first; no recursion."""
        numbers, add, number = self.numbers, self.args.append, self.numbers.get
        waiting: list[Any] = [output]  # Values to open; and, once its inputs stand above it, a Value and its inputs
        count = len(numbers)
        while waiting:
            node = waiting.pop()
            if node.__class__ is tuple:
                xs: Any = (numbers[node[0]], numbers[node[1]]) if len(node) == 2 else tuple(map(number, node))
                numbers[waiting.pop()] = count
                count += 1
                add(xs)
                continue
            if node in numbers:
                continue
            inputs = node.wires[::2]
            deeper = []
            for x in inputs:
                if x not in numbers:
                    if x.wires:
                        deeper.append(x)
                    else:
                        numbers[x] = count
                        count += 1
                        add(())
            if deeper:
                waiting += (node, inputs)
                waiting += deeper[::-1]
            else:
                xs = (numbers[inputs[0]], numbers[inputs[1]]) if len(inputs) == 2 else tuple(map(number, inputs))
                numbers[node] = count
                count += 1
                add(xs)

    def twins(self, outputs: Sequence[Value], given: Sequence[Value]) -> list[Value]:
        """The Values of another run by the numbers that they have in this one.

        Raises RecordingError where it did something else.
        """
        if len(self.outputs) != len(outputs):
            raise _differs(f"{len(self.outputs)} results", f"{len(outputs)}")
        found: list[Any] = [None] * len(self.met)
        found[: len(given)] = given
        for number, b in zip(self.outputs, outputs, strict=True):
            _pair(found, self.met, number, b)
        met, rows, args = self.met, self.rows, self.args
        for number in range(len(met) - 1, len(given) - 1, -1):
            b, xs = found[number], args[number]
            wires = b.wires
            if b.op is not rows[number] or len(wires) != 2 * len(xs):
                raise _differs(_told(met[number]), _told(b))
            if xs:
                for x, y in zip(xs, wires[::2]):  # noqa: B905
                    known = found[x]
                    if known is None:
                        found[x] = y
                    elif known is not y:
                        _pair(found, met, x, y)
            elif b is not met[number] and b.number != met[number].number:
                raise _differs(repr(met[number]), repr(b))
        return found


def _pair(found: list[Any], met: Sequence[Value], number: int, twin: Value) -> None:
    """Note that a number is another Value in the other run; it cannot be two."""
    if found[number] is None:
        found[number] = twin
    elif found[number] is not twin:
        raise _differs(repr(met[number]), f"two of them, {found[number]!r} and {twin!r}")


def _told(node: Value) -> str:
    return f"{node.op.name} of {len(node.inputs)}" if node.op else repr(node)


def _differs(first: str, second: str) -> RecordingError:
    return RecordingError(
        f"the function did something else when it was called again, with other numbers ({first}, then {second})"
    )


def traced(trace: Trace, inputs: int, parameters: Sequence[Value], merge: bool = False) -> Tape:
    """The tape of a trace whose first numbers are the inputs.

    Every leaf that is no input and no parameter is a constant. What no output needs is left out, what depends on
    constants alone is worked out, and with `merge` an expression that stands twice is computed once.
    """
    tape = Tape(inputs, len(parameters), names=[x.label for x in (*trace.met[:inputs], *parameters)])
    place = list(range(len(trace.met)))  # by number of the trace, the number in the tape
    for number, x in enumerate(parameters, inputs):
        place[trace.numbers[x]] = number
    fixed = _fixed(trace, {*range(inputs), *[trace.numbers[x] for x in parameters]})
    kept = [number for number, row in enumerate(trace.rows) if row is not None and not fixed[number]]
    _number_constants(tape, trace, fixed, kept, place)
    first = tape.first_entry
    if merge:
        kept = _merged(trace, kept, place, first)
    else:
        for end, number in enumerate(kept, first):
            place[number] = end
    at, rows, args = place.__getitem__, trace.rows, trace.args
    nodes = [trace.met[number] for number in kept]
    wired = [
        (place[xs[0]], place[xs[1]]) if len(xs) == 2 else tuple(map(at, xs))  # most have two: in half the time
        for xs in map(args.__getitem__, kept)
    ]
    scopes = {node.scope for node in nodes}
    paths = {scope: " · ".join(s.name for s in scope.path()) if scope else "" for scope in scopes}
    columns = ([rows[n] for n in kept], wired, [x.label for x in nodes], [paths[x.scope] for x in nodes])
    tape.entries = list(map(_entry, zip(*columns, strict=True)))
    tape.outputs = list(map(at, trace.outputs))
    return tape


def _merged(trace: Trace, kept: Sequence[int], place: list[int], first: int) -> list[int]:
    """Those of the operations that are not the same as one before; what is gets the place of that one."""
    known: dict[tuple[Op | None, tuple[int, ...]], int] = {}
    found: list[int] = []
    for number in kept:
        key = trace.rows[number], tuple([place[x] for x in trace.args[number]])
        if key not in known:
            known[key] = first + len(found)
            found.append(number)
        place[number] = known[key]
    return found


_entry: Callable[[tuple[object, ...]], Entry] = partial(tuple.__new__, Entry)  # as Entry(…), in half the time


def _fixed(trace: Trace, free: set[int]) -> bytearray:
    """1 for what depends on constants alone, by number; `free` are the leaves that do not."""
    fixed = bytearray(len(trace.met))
    if all(number in free for number, row in enumerate(trace.rows) if row is None):
        return fixed  # no constants at all
    for number, xs in enumerate(trace.args):
        for x in xs:
            if not fixed[x]:
                break
        else:
            fixed[number] = number not in free
    return fixed


def _number_constants(tape: Tape, trace: Trace, fixed: bytearray, kept: Sequence[int], place: list[int]) -> None:
    """Give numbers to the constants that something needs; equal ones share a number."""
    if 1 not in fixed:
        return
    needed = {x for number in kept for x in trace.args[number] if fixed[x]}
    needed.update([x for x in trace.outputs if fixed[x]])
    known: dict[str, int] = {}  # by what they look like, so that 0.0 and -0.0 stay apart
    for number in sorted(needed):
        value = float(trace.met[number].number)
        place[number] = tape.first_constant + known.setdefault(repr(value), len(known))
        if len(known) > len(tape.constants):
            tape.constants.append(value)
