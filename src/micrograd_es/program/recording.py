"""Recording: run a function once with Values and keep what it did, or say why it cannot be replayed."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from micrograd_es.program.tape import Tape, behind, traced
from micrograd_es.value import RECORDING, RecordingError, Value, as_value

Structure = Any  # a number, or a (nested) list of them


def recorded(
    fn: Callable[..., Any], examples: Sequence[Structure], parameters: Sequence[Value] | None, merge: bool
) -> tuple[Tape, list[Value], Structure]:
    """The tape of fn, its parameters, and the shape of what it returns.

    The parameters are the leaves that were there before fn was called; what it makes itself is constant. Raises
    RecordingError where fn asks a Value for its number, or does something else the second time.
    """
    with _without_collection():
        inputs, outputs, shape = _run(fn, examples)
        again, others, _ = _run(fn, examples)
        new = _check_same(outputs, others, dict(zip(inputs, again, strict=True)))
        nodes = behind(outputs)
        found = [x for x in nodes if x.op is None and not x.is_constant and x not in new]
        chosen = found if parameters is None else list(parameters)
        return traced(nodes, outputs, inputs, chosen, merge), chosen, shape


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


def _check_same(one: Sequence[Value], other: Sequence[Value], twins: dict[Value, Value]) -> dict[Value, Value]:
    """Walk through what two calls made, side by side; the first difference is an error.

    `twins` begins with the inputs of both calls; the result has every Value of the first call that is new in it.
    """
    if len(one) != len(other):
        raise _differs(f"{len(one)} results", f"{len(other)}")
    waiting: list[tuple[Value, Value]] = list(zip(one, other, strict=True))
    while waiting:
        a, b = waiting.pop()
        if a is b and a not in twins:
            continue  # it was there before
        if a in twins:
            if twins[a] is not b:
                raise _differs(repr(a), repr(b))
            continue
        if a.op is not b.op or len(a.wires) != len(b.wires) or (not a.wires and a.number != b.number):
            raise _differs(_told(a), _told(b))
        twins[a] = b
        for x, y in zip(a.wires[::2], b.wires[::2], strict=True):
            if twins.get(x) is not y:
                waiting.append((x, y))
    return twins


def _told(node: Value) -> str:
    return f"{node.op.name} of {len(node.inputs)}" if node.op else repr(node)


def _differs(first: str, second: str) -> RecordingError:
    return RecordingError(f"the function did something else when it was called again ({first}, then {second})")


@contextmanager
def _without_collection() -> Iterator[None]:
    """Nothing that recording makes is garbage, so there is no use in looking for it again and again."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


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
