"""What a program is given and what it gives: arrays of numbers, the shapes of examples, nested lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from micrograd_es.maths import as_number, counted, shown
from micrograd_es.program.arrays import Array
from micrograd_es.program.recording import Structure
from micrograd_es.value import Value

DTYPES = ("float64", "float32")
REDUCE = ("mean", "sum", "none")
WRT = ("parameters", "inputs", "both")
OPTIONS = dict.fromkeys(REDUCE, "reduce") | dict.fromkeys(WRT, "wrt")


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
    raise TypeError(
        f"{what} is {_kind(x, found)}; expected real numbers, in an array or in lists of equal lengths."
        f"{_instead(x, found)}"
    )


def as_flag(given: Any, name: str) -> bool:
    """An option that is on or off; TypeError for anything else: text such as "no" would count as true."""
    if not isinstance(given, bool | np.bool_):
        raise TypeError(f"{name} is {given!r}; expected True or False.")
    return bool(given)


def none_of(given: Any, name: str, known: Sequence[str]) -> ValueError:
    """The error for an option that is none of those that are known."""
    return ValueError(f"{name} is {given!r}; expected one of {', '.join(map(repr, known))}.")


def as_dtype(given: Any) -> str:
    """The name of a kind of float that a program runs with."""
    if isinstance(given, str | np.dtype) and given in DTYPES:
        return str(given)
    name = ""
    with suppress(TypeError, ValueError):
        name = np.dtype(given.lower() if isinstance(given, str) else given).name if given is not None else ""
    if name in DTYPES:
        raise ValueError(f"dtype is {given!r}; expected it by its name. Write dtype={name!r}.")
    raise none_of(given, "dtype", DTYPES)


def in_dtype(numbers: Sequence[float] | Array, dtype: str, what: Callable[[int], str]) -> Array:
    """Numbers as a program has them; OverflowError, with what it is by its place, for one that is too large."""
    wide = np.array(numbers, float)
    with np.errstate(over="ignore"):
        found = wide.astype(dtype)
    lost = np.flatnonzero(np.isfinite(wide) & ~np.isfinite(found))
    if len(lost):
        place = int(lost[0])
        raise OverflowError(
            f"{what(place)} is {wide[place]:g}, too large for {dtype}. Write dtype='float64', or scale it."
        )
    return found


def _kind(x: Any, found: Any) -> str:
    """What is no array of numbers; `found` is what NumPy makes of it, None where it makes nothing."""
    if found is not None and found.dtype.kind == "U":
        text = next(each for each in np.asarray(x, dtype=object).flat if isinstance(each, str))
        return f"text, or holds it: {text[:60]!r}"
    if found is not None:
        return f"{type(x).__name__} of {found.dtype}"
    if isinstance(x, list | tuple):
        return f"{shown(x)} ({type(x).__name__}), which has lists of different lengths, or what is no number"
    return f"{shown(x)} ({type(x).__name__})"


def _instead(x: Any, found: Any) -> str:
    """What to write in place of what is no array of numbers, where something is likely."""
    if isinstance(x, str) and x in OPTIONS:
        return f" Write {OPTIONS[x]}={x!r}."
    if found is not None and found.dtype.kind == "c":
        return " Write x.real for the real parts."
    if found is not None and found.dtype.kind == "U":
        with suppress(ValueError):
            found.astype(float)
            return " Write np.array(x, float)."
    if isinstance(x, Iterator | set | frozenset | range):
        return " Write list(x)."
    return " Write list(x.values())." if isinstance(x, Mapping) else ""


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
        raise TypeError(
            f"the program was given {counted(len(inputs), 'input')}; expected {len(shapes)}, as the function has:"
            f" {_of_batches(shapes) or 'none'}."
        )
    found = [x.shape for x in inputs]
    if found == shapes:
        return 1, True
    batch = found[0][0] if found[0] else 1
    if found == [(batch, *shape) for shape in shapes]:
        return batch, False
    raise ValueError(_misfit(inputs, shapes))


def _of_batches(shapes: Sequence[tuple[int, ...]]) -> str:
    """The shapes of the inputs of a batch, in words."""
    return ", ".join(f"({', '.join(['batch', *map(str, shape)])}{'' if shape else ','})" for shape in shapes)


def _misfit(inputs: Sequence[Array], shapes: Sequence[tuple[int, ...]]) -> str:
    """The error for inputs of other shapes than a batch of examples has."""
    found = [x.shape for x in inputs]
    given, expected = ", ".join(map(str, found)), _of_batches(shapes)
    one = ", ".join(str(shape) if shape else "a number" for shape in shapes)
    hints = dict.fromkeys([*map(_reshaped, found, shapes), *_repeated(inputs, shapes)])
    if len(shapes) == 1:
        told = f"the input has the shape {given}; expected {expected}, or {one} for one example."
    else:
        told = (
            f"the inputs have the shapes {given}; expected {expected}, with one batch size, or {one} for one example."
        )
    return told + "".join(hints)


def _reshaped(found: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """What to write for an input that has axes of one number too many, or its examples in columns."""
    wanted = (count(found) // max(count(shape), 1), *shape)
    if len(found) > len(wanted) and [n for n in found if n != 1] == [n for n in wanted if n != 1]:
        return f" Write x.reshape({', '.join(map(str, wanted))}) in place of the {found}."
    if len(found) == 2 and found[:1] == shape:
        return f" Write x.T in place of the {found}: an example is a row."
    return ""


def _repeated(inputs: Sequence[Array], shapes: Sequence[tuple[int, ...]]) -> list[str]:
    """What to write for inputs of one example beside batches: the same for each example."""
    batches = {x.shape[0] for x, shape in zip(inputs, shapes, strict=True) if x.ndim and x.shape[1:] == shape}
    if len(batches) != 1:
        return []
    (batch,) = batches
    alone = [x for x, shape in zip(inputs, shapes, strict=True) if x.shape == shape]
    return [
        f" Write np.broadcast_to(x, {(batch, *x.shape)}) in place of the {x.shape}: the same for each example."
        if x.shape
        else f" Write np.full({batch}, {x.item()}) in place of the number {x.item()}: the same for each example."
        for x in alone
    ]


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
