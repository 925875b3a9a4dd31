"""What a Value does not have that other libraries' numbers have, and what to write instead."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_FUNCTIONS = ("exp", "log", "tanh", "sigmoid", "relu", "softplus", "sin", "cos", "sqrt", "reciprocal", "identity")

INSTEAD: Mapping[str, str] = MappingProxyType(
    {name: f"micrograd_es.{name}(v)" for name in _FUNCTIONS}
    | {
        "value": "v.data",
        "item": "v.data",
        "numpy": "v.data",
        "detach": "Constant(v.data)",
        "gradient": "v.grad",
        "name": "v.label",
        "children": "v.inputs",
        "_prev": "v.inputs",
        "_op": "v.op",
        "sum": "micrograd_es.sum([v, w])",
        "softmax": "micrograd_es.softmax([v, w])",
        "max": "micrograd_es.maximum(v, w)",
        "min": "micrograd_es.minimum(v, w)",
        "pow": "v**2",
        "abs": "abs(v)",
    }
)


class Missing:
    """An attribute that says what to write instead of it. (With `__getattr__` every other one would be slower.)

    >>> class Number:
    ...     tanh = Missing("tanh")
    >>> hasattr(Number(), "tanh")
    False
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, x: object, owner: type) -> None:
        raise AttributeError(f"a Value has no attribute {self.name!r}; write {INSTEAD[self.name]}.")
