"""What a Value does not have that other libraries' numbers have, and what to write instead."""

from __future__ import annotations

_FUNCTIONS = ("exp", "log", "tanh", "sigmoid", "relu", "softplus", "sin", "cos", "sqrt", "reciprocal", "identity")
_INSTEAD = {
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


def missing(name: str) -> str:
    """The text of the error for an attribute that a Value does not have.

    >>> missing("tanh")
    "a Value has no attribute 'tanh'; write micrograd_es.tanh(v)."
    """
    instead = f"micrograd_es.{name}(v)" if name in _FUNCTIONS else _INSTEAD.get(name)
    return f"a Value has no attribute {name!r}" + (f"; write {instead}." if instead else ".")
