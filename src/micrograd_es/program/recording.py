"""Recording: run a function once with Values and keep what it did, or say why it cannot be replayed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from micrograd_es.program.grouping import without_collection
from micrograd_es.program.tape import Tape, Trace, traced
from micrograd_es.value import RECORDING, Value, as_value

Structure = Any  # a number, or a (nested) list of them


def recorded(
    fn: Callable[..., Any], examples: Sequence[Structure], parameters: Sequence[Value] | None, merge: bool
) -> tuple[Tape, list[Value], Structure]:
    """The tape of fn, its parameters, and the shape of what it returns.

    The parameters are the leaves that were there before fn was called; what it makes itself is constant. Raises
    RecordingError where fn asks a Value for its number, or does something else the second time.
    """
    given = [] if parameters is None else _checked(parameters)
    with without_collection():
        inputs, outputs, shape = _run(fn, examples)
        trace = Trace(outputs, (*inputs, *given))
        inputs, outputs, _ = _run(fn, examples)
        again = trace.twins(outputs, (*inputs, *given))
        if parameters is None:
            pairs = zip(trace.met[len(inputs) :], again[len(inputs) :], strict=True)
            given = [x for x, y in pairs if x is y and x.op is None and not x.is_constant]
        return traced(trace, len(inputs), given, merge), given, shape


def _checked(parameters: Sequence[Value]) -> list[Value]:
    """The parameters as a list of Values that are all different."""
    found = list(parameters)
    for x in found:
        if not isinstance(x, Value):
            raise TypeError(f"parameters holds {x!r}; expected Values. Write Value({x!r}), and use it in the function.")
    if len(set(found)) < len(found):
        raise ValueError(f"parameters holds a Value twice among {len(found)}; expected each once.")
    return found


def _run(fn: Callable[..., Any], examples: Sequence[Structure]) -> tuple[list[Value], list[Value], Structure]:
    """Call fn with new Values: the inputs it was given, the outputs it gave, and their shape."""
    inputs: list[Value] = []
    names = [f"x{i}" if len(examples) > 1 else "x" for i in range(len(examples))]
    arguments = [_as_values(example, name, inputs) for example, name in zip(examples, names, strict=True)]
    with _watched():
        result = fn(*arguments)
    outputs: list[Value] = []
    shape = _flattened(result, outputs)
    if not outputs:
        raise TypeError("the function returned nothing; expected a Value or a list of Values. Write return at its end.")
    return inputs, outputs, shape


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
