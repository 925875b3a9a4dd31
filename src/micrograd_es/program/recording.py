"""Recording: run a function once with Values and keep what it did, or say why it cannot be replayed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from micrograd_es.graph import leaves
from micrograd_es.program.tape import Tape, traced
from micrograd_es.value import RECORDING, RecordingError, Value, as_value

Structure = Any  # a number, or a (nested) list of them


def recorded(
    fn: Callable[..., Any], examples: Sequence[Structure], parameters: Sequence[Value] | None, merge: bool
) -> tuple[Tape, list[Value], Structure]:
    """The tape of fn, its parameters, and the shape of what it returns.

    Raises RecordingError where fn asks a Value for its number, or does something else the second time.
    """
    tape, found, shape = _run(fn, examples, parameters, merge)
    again, _, _ = _run(fn, examples, found, merge)
    if str(tape) != str(again) or tape.constants != again.constants:
        raise RecordingError(f"the function did something else when it was called again ({_difference(tape, again)})")
    return tape, found, shape


def _run(
    fn: Callable[..., Any], examples: Sequence[Structure], parameters: Sequence[Value] | None, merge: bool
) -> tuple[Tape, list[Value], Structure]:
    inputs: list[Value] = []
    arguments = [
        _as_values(example, f"x{i}" if len(examples) > 1 else "x", inputs) for i, example in enumerate(examples)
    ]
    with _watched():
        result = fn(*arguments)
    outputs: list[Value] = []
    shape = _flattened(result, outputs)
    if not outputs:
        raise TypeError("the function returned nothing; expected a Value or a list of Values. Write return at its end.")
    given = set(inputs)
    found = [x for output in outputs for x in leaves(output) if x not in given]
    chosen = list(dict.fromkeys(found)) if parameters is None else list(parameters)
    return traced(outputs, inputs, chosen, merge), chosen, shape


@contextmanager
def _watched() -> Iterator[None]:
    """While this lasts, asking a Value for its number is an error."""
    token = RECORDING.set(True)
    try:
        yield
    finally:
        RECORDING.reset(token)


def _as_values(example: Structure, label: str, inputs: list[Value]) -> Any:
    """The example with a new input in place of each number."""
    if isinstance(example, list | tuple) or getattr(example, "ndim", 0) != 0:
        return [_as_values(part, f"{label}{i}", inputs) for i, part in enumerate(example)]
    inputs.append(Value(example, label))
    return inputs[-1]


def _flattened(result: Any, outputs: list[Value]) -> Structure:
    """The outputs of a function in order, and its shape: a list for a list, None for one Value."""
    if isinstance(result, list | tuple):
        return [_flattened(part, outputs) for part in result]
    outputs.append(as_value(result))
    return None


def _difference(one: Tape, other: Tape) -> str:
    """The first place where two tapes differ."""
    if one.constants != other.constants:
        pairs = zip([*one.constants, None], [*other.constants, None], strict=False)
        first, second = next(pair for pair in pairs if pair[0] != pair[1])
        return f"a constant was {first}, then {second}"
    lines = zip(str(one).splitlines(), str(other).splitlines(), strict=False)
    return next(
        (f"{a!r}, then {b!r}" for a, b in lines if a != b), f"{len(one.entries)}, then {len(other.entries)} operations"
    )
