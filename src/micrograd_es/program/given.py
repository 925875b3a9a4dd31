"""What a program is given and what it gives: arrays of numbers, the shapes of examples, nested lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from micrograd_es.maths import as_number, counted
from micrograd_es.program.arrays import Array
from micrograd_es.program.recording import Structure
from micrograd_es.value import Value


def as_array(x: Any, dtype: Any, what: str = "an input") -> Array:
    """Numbers of any kind as an array that can be copied into a runner; arrays of numbers are left as they are."""
    if isinstance(x, np.ndarray) and x.dtype.kind in "fiub":
        if may_be_masked(x) and isinstance(x, np.ma.MaskedArray) and np.any(x.mask):
            raise ValueError(
                f"{what} has masked numbers; expected all of them. Write x.filled(0.0) for 0 in their place."
            )
        return x
    try:
        found = np.asarray(x)
    except (TypeError, ValueError):  # lists of different lengths
        found = None
    if found is not None and found.dtype.kind == "O":
        found = _floats(found, what)
    if found is not None and found.dtype.kind in "fiub":
        return np.asarray(found, dtype)
    kind = type(x).__name__ if found is None else f"{type(x).__name__} of {found.dtype}"
    if found is not None and found.dtype.kind == "U":
        text = next(each for each in np.asarray(x, dtype=object).flat if isinstance(each, str))
        kind = f"text, or holds it: {text[:60]!r}"
    raise TypeError(f"{what} is {kind}; expected real numbers, in an array or in lists of equal lengths.")


def may_be_masked(x: Any) -> bool:
    """Whether an array or a number of NumPy's is of a kind that can have numbers which do not count."""
    return x.__class__ is not np.ndarray and hasattr(x, "mask")


def _floats(objects: Any, what: str) -> Any:
    """An array of Fractions, Decimals or very large whole numbers as one of floats; None where one is no number."""
    for each in objects.flat:
        if isinstance(each, Value):
            raise TypeError(
                f"{what} holds {each!r}; expected numbers, not Values. Write v.data for its number; inside of a"
                " function that is recorded call the other function itself, not its program."
            )
    try:
        return np.array([float(as_number(each, what)) for each in objects.flat]).reshape(objects.shape)
    except TypeError:
        return None


def batch_of(inputs: Sequence[Any], shapes: Sequence[tuple[int, ...]]) -> tuple[int, bool]:
    """The batch size of some arrays, and whether they are a single example, without the axis of the batch."""
    if len(inputs) != len(shapes):
        raise TypeError(f"the program was given {counted(len(inputs), 'input')}; expected {len(shapes)}.")
    found = [x.shape for x in inputs]
    if found == shapes:
        return 1, True
    batch = found[0][0] if found[0] else 1
    if found == [(batch, *shape) for shape in shapes]:
        return batch, False
    given = ", ".join(map(str, found))
    expected = ", ".join(f"({', '.join(['batch', *map(str, shape)])})" for shape in shapes)
    raise ValueError(f"the inputs have the shapes {given}; expected {expected}, with one batch size.")


def unflattened(shape: Structure, numbers: Iterator[Any]) -> Any:
    """Numbers in the shape of what a function returned: nested lists."""
    return [unflattened(part, numbers) for part in shape] if isinstance(shape, list) else next(numbers)


def outputs_of(shape: Structure) -> tuple[int, ...]:
    """The shape of the outputs of an example in a batch: that of nested lists of equal lengths, else one row."""
    try:
        return np.shape(shape)
    except ValueError:
        return (len(flattened(shape)),)


def flattened(shape: Structure) -> list[Any]:
    """What nested lists hold, in order."""
    return [x for part in shape for x in flattened(part)] if isinstance(shape, list) else [shape]


def count(shape: tuple[int, ...]) -> int:
    """How many numbers an array of that shape has."""
    return int(np.prod(shape, dtype=int))
