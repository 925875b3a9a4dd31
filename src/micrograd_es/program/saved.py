"""A program as a file: the text that `Program.save` writes, and what is read from it is checked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from math import isfinite
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from micrograd_es.ops import UnknownError, find
from micrograd_es.program.arrays import Array
from micrograd_es.program.given import as_array, count, unflattened
from micrograd_es.program.tape import Entries, Entry, Tape

FORMAT = "micrograd_es program 2"  # 1 had the parameters in the order of a plan


class Saved(NamedTuple):
    """What a file holds: the tape, the shapes of the inputs and of the result, the parameters' numbers in its order."""

    tape: Tape
    shapes: Sequence[tuple[int, ...]]
    result: Any
    numbers: Array
    dtype: str


def written(saved: Saved) -> bytes:
    """The text of a file that `read` reads."""
    tape, shapes, result, numbers, dtype = saved
    entries = [[entry.op.name, list(entry.inputs), entry.label, entry.scope] for entry in tape.entries]
    text = json.dumps({"format": FORMAT, **tape.__dict__, "entries": entries})
    data = {"tape": text, "shapes": shapes, "result": result, "parameters": numbers.tolist(), "dtype": dtype}
    return json.dumps(data).encode("utf-8")


def read(path: str | PathLike[str]) -> Saved:
    """What a file holds. Raises ValueError, naming it, where it is not what `written` gives, or an operation lacks."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        shapes = [tuple(shape) for shape in data["shapes"]]
        numbers = as_array(data["parameters"], float)
        saved = Saved(_tape(data["tape"]), shapes, data["result"], numbers, data["dtype"])
        _check_tape(saved.tape)
        _check(saved)
    except UnknownError as error:
        raise ValueError(f"{path} needs an operation that is not there: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"{path} is no program of micrograd_es ({error}); expected what Program.save wrote.") from None
    return saved


def _tape(text: str) -> Tape:
    """The tape that is in a text of `written`."""
    data: dict[str, Any] = json.loads(text)
    if data.pop("format") != FORMAT:
        raise ValueError("another format")
    data["entries"] = Entries(Entry(find(op), tuple(xs), label, scope) for op, xs, label, scope in data["entries"])
    return Tape(**data)


def _check_tape(tape: Tape) -> None:
    """Whether every number means something that comes before it."""
    for number, entry in enumerate(tape.entries, tape.first_entry):
        if any(not 0 <= x < number for x in entry.inputs):
            raise ValueError(f"entry {number} uses what comes after it")
        if not entry.inputs or entry.op.arity not in (None, len(entry.inputs)):
            raise ValueError(f"entry {number} gives {len(entry.inputs)} inputs to {entry.op.name}")
    last = tape.first_entry + len(tape.entries)
    if not all(type(x) is int for xs in (tape.outputs, *tape.entries.args) for x in xs):
        raise ValueError("an output, or an input of an entry, is no number of the tape")
    if not all(isinstance(x, str) for xs in (tape.names, tape.entries.labels, tape.entries.scopes) for x in xs):
        raise ValueError("a name, a label or a scope is no text")
    if min(tape.inputs, tape.parameters) < 0 or not all(map(isfinite, tape.constants)) or not tape.outputs:
        raise ValueError("its inputs, parameters, constants and outputs are not what a program has")
    if any(not 0 <= number < last for number in tape.outputs) or len(tape.names) != tape.first_constant:
        raise ValueError("its numbers do not fit together")


def _check(saved: Saved) -> None:
    """Whether what a file holds beside its tape fits to it."""
    tape, shapes, result, numbers, _ = saved
    if any(type(size) is not int for shape in shapes for size in shape):
        raise ValueError(f"its shapes {shapes} are no whole numbers")
    if sum(map(count, shapes)) != tape.inputs or any(size < 0 for shape in shapes for size in shape):
        raise ValueError(f"its shapes {shapes} are not those of {tape.inputs} inputs")
    if numbers.shape != (tape.parameters,) or not np.isfinite(numbers).all():
        raise ValueError(f"it has no finite number for each of {tape.parameters} parameters")
    places = iter(tape.outputs)
    with suppress(StopIteration):
        unflattened(result, places)
        if next(places, None) is None:
            return
    raise ValueError(f"its result {result} has not the shape of {len(tape.outputs)} outputs")
