"""A recorded graph as a flat list: inputs, parameters, constants, then one entry for each operation, inputs first.

A tape is plain data: it prints the same on every run, and knows nothing of how it is run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from micrograd_es.maths import counted
from micrograd_es.ops import Op


class Entry(NamedTuple):
    """One operation of a tape: the row of the table and the numbers of its inputs; its name and place for errors."""

    op: Op
    inputs: tuple[int, ...]
    label: str = ""
    scope: str = ""


class Entries:
    """The operations of a tape in order, kept by columns: a long tape has hundreds of thousands.

    >>> from micrograd_es.ops import MUL, TANH
    >>> entries = Entries([Entry(MUL, (0, 1), "z"), Entry(TANH, (2,))])
    >>> len(entries), entries[0].label, [entry.op.name for entry in entries]
    (2, 'z', ['mul', 'tanh'])
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.ops: list[Op] = []
        self.args: list[tuple[int, ...]] = []
        self.labels: list[str] = []
        self.scopes: list[str] = []
        for entry in entries:
            self.append(entry)

    def append(self, entry: Entry) -> None:
        """Add an operation."""
        for column, part in zip(self._columns(), entry, strict=True):
            column.append(part)

    def __len__(self) -> int:
        return len(self.ops)

    def __getitem__(self, place: int) -> Entry:
        return Entry(*[column[place] for column in self._columns()])

    def __iter__(self) -> Iterator[Entry]:
        return map(Entry, *self._columns())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Entries) and self._columns() == other._columns()

    __hash__ = None  # type: ignore[assignment]

    def _columns(self) -> tuple[list[Any], ...]:
        return self.ops, self.args, self.labels, self.scopes


@dataclass
class Tape:
    """The numbering: `inputs` come first, then `parameters`, `constants`, and the `entries`; `outputs` are numbers.

    `names` are the labels of inputs and parameters.
    """

    inputs: int
    parameters: int
    constants: list[float] = field(default_factory=list)
    entries: Entries = field(default_factory=Entries)
    outputs: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    @property
    def first_constant(self) -> int:
        """The number of the first constant."""
        return self.inputs + self.parameters

    def constant(self, x: float) -> int | None:
        """The number of a constant, where there is one that is x."""
        return self.first_constant + self.constants.index(x) if x in self.constants else None

    def with_constant(self, x: float) -> Tape:
        """The same tape with one more constant, which nothing uses yet.

        >>> from micrograd_es.ops import MUL
        >>> tape = Tape(2, 0, [], Entries([Entry(MUL, (0, 1)), Entry(MUL, (2, 2))]), [3], ["x", "y"]).with_constant(7)
        >>> tape.constants, tape.entries.args, tape.outputs
        ([7], [(0, 1), (3, 3)], [4])
        """
        end, columns = self.first_entry, Entries()
        columns.args = [tuple([number + (number >= end) for number in xs]) for xs in self.entries.args]
        columns.ops, columns.labels, columns.scopes = self.entries.ops, self.entries.labels, self.entries.scopes
        outputs = [number + (number >= end) for number in self.outputs]
        return Tape(self.inputs, self.parameters, [*self.constants, x], columns, outputs, self.names)

    @property
    def first_entry(self) -> int:
        """The number of the first operation."""
        return self.first_constant + len(self.constants)

    def value(self, number: int) -> float | None:
        """The constant of that number; None for any other."""
        is_constant = self.first_constant <= number < self.first_entry
        return self.constants[number - self.first_constant] if is_constant else None

    def entry(self, number: int) -> Entry | None:
        """The operation of that number; None for an input, a parameter or a constant."""
        return self.entries[number - self.first_entry] if number >= self.first_entry else None

    def behind(self, numbers: Iterable[int]) -> set[int]:
        """Some numbers, and all that they are computed from."""
        found: set[int] = set()
        waiting = list(numbers)
        while waiting:
            number = waiting.pop()
            if number not in found:
                found.add(number)
                entry = self.entry(number)
                waiting += entry.inputs if entry else ()
        return found

    def name(self, number: int) -> str:
        """How a number is written: its label, a constant's value, or v and its number."""
        if number < self.first_constant:
            kind, place = ("x", number) if number < self.inputs else ("p", number - self.inputs)
            label = self.names[number]
            return (label if label.isprintable() else repr(label)) or f"{kind}{place}"
        constant = self.value(number)
        if constant is not None:
            return short if float(short := f"{constant:g}") == constant else repr(constant)
        return f"v{number - self.first_entry}"

    def __str__(self) -> str:
        name = self._different_names().__getitem__
        inputs = ", ".join(map(name, range(self.inputs))) or "none"
        head = f"inputs {inputs}; {counted(self.parameters, 'parameter')}"
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
