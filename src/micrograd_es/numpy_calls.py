"""What NumPy may call on a Value: the operators, which are those of Values; its functions are refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from micrograd_es.missing import OF_NUMPY

_OPERATORS = {  # by NumPy's name, the method of a Value on the left, and that of one on the right
    "add": ("__add__", "__radd__"),
    "subtract": ("__sub__", "__rsub__"),
    "multiply": ("__mul__", "__rmul__"),
    "divide": ("__truediv__", "__rtruediv__"),
    "power": ("__pow__", "__rpow__"),
}
_ALONE = {"absolute": "__abs__", "negative": "__neg__", "positive": "__pos__"}  # operators of one input
_COMPARISONS = {
    "less": ("__lt__", "__gt__"),
    "less_equal": ("__le__", "__ge__"),
    "greater": ("__gt__", "__lt__"),
    "greater_equal": ("__ge__", "__le__"),
}
_ENTRY_BY_ENTRY = {*_OPERATORS, *_COMPARISONS, "equal", "not_equal"}
_OF_TWO = {name: f"micrograd_es.{name}(x, y)" for name in ("maximum", "minimum")}  # has the package by the same name


def of_numpy(ufunc: Any, method: str, inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """The result of one of NumPy's universal functions, some input of which is a Value.

    >>> import numpy
    >>> from micrograd_es import Value
    >>> of_numpy(numpy.multiply, "__call__", (3.0, Value(2.0)), {})
    Value(6.0)

    An array of Values and one Value give an array, as an array of Values and a number do. Raises TypeError for all but
    the operators, and for an array of numbers.
    """
    name = ufunc.__name__
    arrays = [x for x in inputs if is_array_of_values(x)]
    if method == "__call__" and arrays and name in _ENTRY_BY_ENTRY:
        return ufunc(*[_as_array(x, arrays[0]) if _is_value(x) else x for x in inputs], **options)
    known = method == "__call__" and len(inputs) == 2 and not options
    if method == "__call__" and name in _ALONE and not options:
        return getattr(inputs[0], _ALONE[name])()
    if known and name in ("equal", "not_equal"):
        return (inputs[0] is inputs[1]) == (name == "equal")
    if known and name in _COMPARISONS:
        left, right = [x.item() if getattr(x, "ndim", None) == 0 else x for x in inputs]  # what was a number of NumPy's
        return _run(*_COMPARISONS[name], left, right)
    if known and name in _OPERATORS:
        return _run(*_OPERATORS[name], *inputs)
    given = next(x for x in inputs if _is_value(x))
    own = OF_NUMPY.get(name) or _OF_TWO.get(name) or "operators, or functions of micrograd_es"
    raise TypeError(f"NumPy's {name} was given {given!r}; it takes numbers, and knows no gradients. Write {own}.")


def is_array_of_values(x: Any) -> bool:
    """Whether x is an array of NumPy's that can hold Values: one of objects."""
    return hasattr(x, "__array_interface__") and bool(x.dtype.hasobject)


def _run(forward: str, reflected: str, left: Any, right: Any) -> Any:
    return getattr(left, forward)(right) if _is_value(left) else getattr(right, reflected)(left)


def _as_array(x: Any, like: Any) -> Any:
    """A Value as an array without axes, which NumPy takes with every entry of another array of Values."""
    found = like.__class__((), object)
    found[()] = x
    return found


def _is_value(x: Any) -> bool:
    return hasattr(x, "wires")
