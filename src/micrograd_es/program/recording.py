"""Recording: run a function once with Values and keep what it did, or say why it cannot be replayed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from micrograd_es.maths import shown
from micrograd_es.program.collection import without_collection
from micrograd_es.program.tape import Tape
from micrograd_es.program.trace import Trace, traced
from micrograd_es.replay import RECORDING, Recording, RecordingError
from micrograd_es.value import Value, as_value

Structure = Any  # a number, or a (nested) list of them
SMALL = 200  # a graph of so few nodes is compared with one more run for each of MOVES, a larger one with the first


def recorded(
    fn: Callable[..., Any], examples: Sequence[Structure], parameters: Sequence[Value] | None, merge: bool
) -> tuple[Tape, list[Value], Structure]:
    """The tape of fn, its parameters, and the shape of what it returns.

    The parameters are the leaves that were there before fn was called; what it makes itself is constant. Raises
    RecordingError where fn asks a Value for its number, or does something else when it is called again, with other
    numbers: what it took from the first ones would not be what it takes from others.
    """
    given = [] if parameters is None else _checked(parameters)
    with without_collection():
        inputs, outputs, shape = _run(fn, examples)
        count, trace = len(inputs), Trace(outputs, (*inputs, *given))
        del inputs, outputs  # what the function made is let go before it makes it again, and before it is traced
        for move in MOVES if len(trace) <= SMALL else MOVES[:1]:
            inputs, outputs, _ = _run_again(fn, examples, move)
            again = trace.twins(outputs, (*inputs, *given))
            del inputs, outputs
        if parameters is None:
            pairs = zip(trace.leaves[count:], again[count:], strict=True)
            given = [x for x, y in pairs if x is y and x.op is None and not x.is_constant]
        return traced(trace, count, given, merge), given, shape


def _checked(parameters: Sequence[Value]) -> list[Value]:
    """The parameters as a list of Values that are all different."""
    if isinstance(parameters, Value | Mapping) or getattr(type(parameters), "__iter__", None) is None:
        help_ = "list(named.values())" if isinstance(parameters, Mapping) else "[…], or model.parameters()"
        raise TypeError(f"parameters is {shown(parameters)}; expected a list of Values. Write parameters={help_}.")
    found = list(parameters)
    for x in found:
        if not isinstance(x, Value):
            help_ = f"Value({shown(x)}), and use it in the function"
            if isinstance(x, list | tuple):
                help_ = "parameters=[w for row in rows for w in row]"
            raise TypeError(f"parameters holds {shown(x)}; expected Values. Write {help_}.")
    if len(set(found)) < len(found):
        raise ValueError(f"parameters holds a Value twice among {len(found)}; expected each once.")
    return found


Run = tuple[list[Value], list[Value], Structure]


def _run_again(fn: Callable[..., Any], examples: Sequence[Structure], move: Callable[[Any], Any]) -> Run:
    """Call fn with other numbers than the examples: moved as asked, or a little, where it has a result there.

    Raises RecordingError where it fails, as it did not for the examples before.
    """
    failed: Exception | None = None
    for tried in (move, _near, None):
        try:
            return _run(fn, examples, tried)
        except RecordingError:
            raise
        except Exception as error:  # of any kind: a rule of the user may look its result up in a table
            failed = error
    raise RecordingError(f"the function failed when it was called again ({failed!r})") from failed


def _run(fn: Callable[..., Any], examples: Sequence[Structure], move: Callable[[Any], Any] | None = None) -> Run:
    """Call fn with new Values: the inputs it was given, the outputs it gave, and their shape."""
    inputs: list[Value] = []
    names = [f"x{i}" if len(examples) > 1 else "x" for i in range(len(examples))]
    arguments = [_as_values(example, name, inputs) for example, name in zip(examples, names, strict=True)]
    if move:
        for x in inputs:
            x.number = move(x.number)
    with _watched():
        result = fn(*arguments)
    outputs: list[Value] = []
    if result is None:
        raise TypeError("the function returned None; expected a Value or a list of Values. Write return at its end.")
    shape = _flattened(result, outputs)
    if not outputs:
        raise TypeError("the function returned an empty list; expected a Value or a list of Values.")
    return inputs, outputs, shape


@contextmanager
def _watched() -> Iterator[None]:
    """While this lasts, asking a Value for its number is an error; one that is caught is raised at the end.

    So is an operation without a result, where the function went on with another one: it is a branch.
    """
    recording = Recording()
    token = RECORDING.set(recording)
    try:
        yield
    except Exception as error:
        if recording.refused is not None and error is not recording.refused:
            raise recording.refused from error  # of which somebody has made another error
        raise
    finally:
        RECORDING.reset(token)
    if recording.refused is not None:
        raise recording.refused
    if recording.failed is not None:
        raise RecordingError(f"an operation without a result was passed over ({recording.failed})")


def _far(x: Any) -> Any:
    """A number of the same kind and the other sign."""
    return -x - 1 if x >= 0 else 1 - x


def _near(x: Any) -> Any:
    """A number of the same kind that is a little different."""
    return x + 1 if isinstance(x, int) else x + (abs(x) + 1) / type(x)(1 << 30)


def _above(x: Any) -> Any:
    """A number of the same kind that is larger than most thresholds."""
    return 1000 * abs(x) + 1000


def _below(x: Any) -> Any:
    """A number of the same kind that is smaller than most thresholds."""
    return -_above(x)


MOVES = (_far, _above, _below, _near)  # a branch that only the engine's own numbers show is seen by them


def _as_values(example: Structure, label: str, inputs: list[Value]) -> Any:
    """The example with a new input in place of each number."""
    if isinstance(example, list | tuple) or getattr(example, "ndim", 0) != 0:
        return [_as_values(part, f"{label}{i}", inputs) for i, part in enumerate(_rows(example))]
    if _is_collection(example):
        raise TypeError(
            f"an example is or holds {shown(example)} ({type(example).__name__}); expected numbers, in an array or in"
            " lists of equal lengths. Write an argument of the function for each part."
        )
    try:
        inputs.append(Value(example, label))
    except (TypeError, ValueError) as error:
        raise _of("an example is", error) from None
    return inputs[-1]


def _of(what: str, error: Exception) -> Exception:
    """The error for what is no number, which says what it was to be."""
    return type(error)(f"{what} {str(error).partition(' is ')[2]}")


def _is_collection(x: Any) -> bool:
    """Whether it is no number because it is nothing, or many."""
    return x is None or (hasattr(x, "__iter__") and not hasattr(x, "ndim") and not isinstance(x, str))


def _rows(xs: Any) -> Any:
    """What a list or an array has; a matrix of NumPy's is an array here, as its rows would be matrices again."""
    return xs if isinstance(xs, list | tuple) else np.asarray(xs)


def _flattened(result: Any, outputs: list[Value]) -> Structure:
    """The outputs of a function in order, and its shape: a list for a list or an array, None for one Value."""
    if isinstance(result, list | tuple) or getattr(result, "ndim", 0) != 0:
        return [_flattened(part, outputs) for part in _rows(result)]
    if _is_collection(result):
        raise TypeError(
            f"the function returned {shown(result)} ({type(result).__name__}), or a list with it; expected a Value or"
            " a list of Values. Write return [a, b]."
        )
    try:
        outputs.append(as_value(result.item() if hasattr(result, "ndim") else result))
    except (TypeError, ValueError) as error:
        raise _of("the function returned", error) from None
    return None
