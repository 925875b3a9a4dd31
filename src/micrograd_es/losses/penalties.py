"""Penalties: what large parameters cost, to be added to a loss."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from micrograd_es.losses.terms import in_scope, sum_of
from micrograd_es.value import Value, as_value


@in_scope("L1")
def l1(parameters: Iterable[Value]) -> Value:
    """Σ|θ| over the parameters; `model.weights()` leaves the biases out.

    >>> l1([Value(-3.0), Value(4.0)])
    Value(7.0)
    """
    return sum_of([abs(p) for p in _parameters(parameters)])


@in_scope("L2")
def l2(parameters: Iterable[Value]) -> Value:
    """Σθ² over the parameters, without a half, as micrograd's demo has it; the Playground has 0.5 * l2(weights).

    >>> l2([Value(-3.0), Value(4.0)])
    Value(25.0)
    """
    return sum_of([p * p for p in _parameters(parameters)])


def _parameters(parameters: Any) -> list[Value]:
    """The parameters of a penalty."""
    if isinstance(parameters, Value) or not isinstance(parameters, Iterable):
        raise TypeError(f"the penalty was given {parameters!r}; expected a list of Values. Write model.weights().")
    found = [as_value(p) for p in parameters]
    if not found:
        raise ValueError("the penalty was given no parameters; expected model.parameters() or model.weights().")
    return found
