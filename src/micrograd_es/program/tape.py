"""A recorded graph as a flat list: inputs, parameters, constants, then one entry for each operation, inputs first.

A tape is plain data: it prints the same on every run, goes to a file and back, and knows nothing of how it is run.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from micrograd_es.graph import topological
from micrograd_es.ops import Op, find
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
            return self.names[number] or f"{kind}{place}"
        if number < self.first_entry:
            return f"{self.constants[number - self.first_constant]:g}"
        return f"v{number - self.first_entry}"

    def __str__(self) -> str:
        head = f"inputs {', '.join(map(self.name, range(self.inputs))) or 'none'}; {self.parameters} parameters"
        lines = [
            f"v{i} = {entry.op.name}({', '.join(map(self.name, entry.inputs))})" for i, entry in enumerate(self.entries)
        ]
        return "\n".join([head, *lines, f"return {', '.join(map(self.name, self.outputs))}"])

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
    last = tape.first_entry + len(tape.entries)
    if any(not 0 <= number < last for number in tape.outputs) or len(tape.names) != tape.first_constant:
        raise ValueError("its numbers do not fit together")


def load(path: Path) -> Tape:
    """Read a tape from a file."""
    return from_json(path.read_text(encoding="utf-8"), str(path))


def behind(outputs: Sequence[Value]) -> list[Value]:
    """Every Value that the outputs are computed from, and the outputs, inputs first."""
    if len(outputs) == 1:
        return topological(outputs[0])
    return list(dict.fromkeys(node for output in outputs for node in topological(output)))


def traced(
    nodes: Sequence[Value],
    outputs: Sequence[Value],
    inputs: Sequence[Value],
    parameters: Sequence[Value],
    merge: bool = False,
) -> Tape:
    """The tape of some outputs, with the `nodes` behind them, in terms of inputs and parameters.

    Every other leaf is a constant. What no output needs is left out, what depends on constants alone is worked out, and
    with `merge` an expression that stands twice is computed once.
    """
    numbers: dict[Value, int] = {x: i for i, x in enumerate((*inputs, *parameters))}
    tape = Tape(len(inputs), len(parameters), names=[x.label for x in numbers])
    fixed: set[Value] = set()
    for node in nodes:
        if node not in numbers and fixed.issuperset(node.wires[::2]):
            fixed.add(node)
    _number_constants(tape, nodes, outputs, fixed, numbers)
    first = tape.first_entry
    known: dict[tuple[Op, tuple[int, ...]], int] = {}
    for node in nodes:
        row = node.op
        if row is None or node in fixed or node in numbers:
            continue
        xs = tuple([numbers[x] for x in node.wires[::2]])
        if merge and (row, xs) in known:
            numbers[node] = known[row, xs]
            continue
        numbers[node] = known[row, xs] = first + len(tape.entries)
        scope = " · ".join(s.name for s in node.scope.path()) if node.scope else ""
        tape.entries.append(Entry(row, xs, node.label, scope))
    tape.outputs = [numbers[output] for output in outputs]
    return tape


def _number_constants(
    tape: Tape, nodes: Sequence[Value], outputs: Sequence[Value], fixed: set[Value], numbers: dict[Value, int]
) -> None:
    """Give numbers to the constants that something needs; equal ones share a number."""
    needed = {x for node in nodes if node not in fixed for x in node.wires[::2] if x in fixed}
    needed.update(fixed.intersection(outputs))
    places: dict[str, int] = {}  # by what they look like, so that 0.0 and -0.0 stay apart
    for node in nodes:
        if node in needed:
            value = float(node.number)
            numbers[node] = tape.first_constant + places.setdefault(repr(value), len(places))
            if len(places) > len(tape.constants):
                tape.constants.append(value)
