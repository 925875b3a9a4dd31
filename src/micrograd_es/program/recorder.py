"""`record`: a function and examples become a Program, or one sentence says why they cannot."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any

import numpy as np

from micrograd_es.maths import counted, shown
from micrograd_es.misfits import with_advice
from micrograd_es.program.given import as_flag
from micrograd_es.program.program import Program
from micrograd_es.program.recording import Structure, recorded
from micrograd_es.replay import RecordingError, refuse
from micrograd_es.value import Value

_LIST = re.compile(r"'list'|\blist indices\b|\bsequence\b")  # in errors of Python's own about lists


@with_advice("record(lambda x: …, 0.0)", {"compile": "fast=True", "jit": "fast=True", "runner": "fast=True"})
def record(
    fn: Callable[..., Any],
    *examples: Structure,
    parameters: Sequence[Value] | None = None,
    merge: bool = False,
    dtype: str = "float64",
    fast: bool = False,
) -> Program:
    """Run a function with Values and keep what it did as a Program that runs on arrays.

    `examples` are one example of each argument: a number, or a (nested) list of numbers. `parameters` are the Values,
    made outside of the function, that gradients are asked for; by default all that it uses. With `merge` an expression
    that stands twice is computed once. With `fast` the blocks run as machine code, which needs the extra `fast`.

    >>> import numpy as np
    >>> from micrograd_es import Value, tanh
    >>> w, b = Value(2.0, "w"), Value(-1.0, "b")
    >>> program = record(lambda x: tanh(w * x + b), 0.0)
    >>> print(program)
    inputs x; 2 parameters
    v0 = mul(w, x)
    v1 = add(v0, b)
    v2 = tanh(v1)
    return v2
    >>> program(np.array([0.5, 1.0])).round(4)
    array([0.    , 0.7616])

    Raises RecordingError where the function reads a Value's number (a comparison, float(), .data) or does something
    else when it is called again: what it did then would not be what it does for other numbers.
    """
    _check_function(fn)
    merge = as_flag(merge, "merge")
    refuse("another program was recorded", "Record it before, or write its function here.")
    examples = tuple([x.item() if isinstance(x, np.ndarray) and not x.ndim else x for x in examples])
    shapes = [_shape(example) for example in examples]
    try:
        tape, found, result = recorded(fn, examples, parameters, merge)
    except (TypeError, AttributeError) as error:
        _check_count(fn, examples)
        _note_of_batches(error, shapes)
        _note_of_arrays(error, examples)
        raise
    return Program(tape, shapes, result, found, dtype=dtype, fast=fast)


def _check_function(fn: Any) -> None:
    """Raise TypeError for what cannot be recorded."""
    if isinstance(fn, type):
        raise TypeError(
            f"record was given the class {fn.__name__}; expected a function or a model. Write {fn.__name__}(…)."
        )
    if not callable(fn):
        raise TypeError(f"record was given {shown(fn)}; expected a function. Write record(lambda x: …, 0.0).")


def _check_count(fn: Callable[..., Any], examples: Sequence[Structure]) -> None:
    """Raise TypeError where a function takes another number of arguments than there are examples."""
    try:
        form = signature(fn)
    except (TypeError, ValueError):  # one that is written in C may have none
        return
    try:
        form.bind(*examples)
    except TypeError:
        raise TypeError(
            f"record was given {counted(len(examples), 'example')}; expected one for each argument of the function:"
            f" {', '.join(form.parameters) or 'none'}. Write record(fn{', 0.0' * len(form.parameters)}), with a list of"
            " numbers for an argument that is a list."
        ) from None


def _note_of_batches(error: Exception, shapes: Sequence[tuple[int, ...]]) -> None:
    """Say beside an error of a function that an example is one row, where what it was given may be many."""
    if not isinstance(error, RecordingError) and any(len(shape) > 1 for shape in shapes):
        given = ", ".join(map(str, shapes))
        error.add_note(
            f"The examples have the shapes {given}; for many rows write record(fn, x[0]): one row is an example."
        )


def _note_of_arrays(error: Exception, examples: Sequence[Structure]) -> None:
    """Say beside an error about a list that it may be the array that was given as an example."""
    if not isinstance(error, RecordingError) and any(map(_is_array, examples)) and _LIST.search(str(error)):
        error.add_note(
            "An example that is an array comes to the function as a list; write x = np.array(x, object) in it for an"
            " array of Values."
        )


def _is_array(example: Structure) -> bool:
    return getattr(example, "ndim", 0) != 0


def _shape(example: Structure) -> tuple[int, ...]:
    """The shape of an example; ValueError where its lists have no shape."""
    try:
        return np.shape(example)
    except ValueError:
        if not isinstance(example, list | tuple):
            return ()  # what it is will be said when it is made of Values
        raise ValueError(
            f"an example is {shown(example)}, lists of different lengths; expected a number, or lists of equal lengths."
            " Write an argument of the function for each list."
        ) from None
