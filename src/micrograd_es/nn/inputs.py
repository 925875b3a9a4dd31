"""What goes into a network: one example, checked, as a list of Values."""

from __future__ import annotations

from typing import Any

from micrograd_es.maths import as_number, counted
from micrograd_es.value import Value


def as_inputs(x: Any, size: int, who: str) -> list[Value]:
    """One example as Values x1, x2 …; Values are taken as they are. `who` is named in an error.

    >>> as_inputs([1.0, Value(2.0, "b")], 2, "the layer")
    [Value(1.0, label='x1'), Value(2.0, label='b')]
    """
    items = as_list(x, who)
    if len(items) != size:
        raise ValueError(
            f"{who} was given {counted(len(items), 'input')}; expected {size}. Write one number for each input."
        )
    return [v if isinstance(v, Value) else _value(v, i, who) for i, v in enumerate(items, 1)]


def as_list(x: Any, who: str, expected: str = "one example, a list of numbers or Values") -> list[Any]:
    """The items of a list, a tuple or an array of one dimension."""
    if x.__class__ is list:
        return list(x)
    dimensions = getattr(x, "ndim", None)
    if dimensions == 1:
        return list(x.tolist())
    if dimensions is None and isinstance(x, list | tuple | range):
        return list(x)
    shape = f"an array of shape {tuple(x.shape)}" if dimensions else f"{x!r} ({type(x).__name__})"
    advice = "Call it for each row." if dimensions else _in_a_list(x)
    raise TypeError(f"{who} was given {shape}; expected {expected}. {advice}")


def _in_a_list(x: Any) -> str:
    """What to write in place of something that is no list."""
    if isinstance(x, Value):
        return "Write [x]; to record a network, record(network, [0.0, 0.0]), a number for each input."
    return f"Write [{x!r}]." if isinstance(x, int | float) else "Write a list such as [1.0, 2.0]."


def _value(number: Any, place: int, who: str) -> Value:
    """A number as an input of the network, or an error that names its place."""
    if isinstance(number, list | tuple) or getattr(number, "ndim", None):
        raise TypeError(
            f"{who} was given a list in place of its input {place}; expected one example, a list of numbers."
            " For several examples write [model(row) for row in rows]."
        )
    value = Value(as_number(number, f"input {place} of {who}"), f"x{place}")
    value.scope = None  # an input comes from outside: a layer that is folded has it as an input, as it has its weights
    return value
