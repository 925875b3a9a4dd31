"""A scalar autograd that draws what it does. See `Value`, `grad`, `draw` and `frames`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from micrograd_es.derivatives import GradientError, check_gradients, grad, jacobian
from micrograd_es.expressions import ExpressionError, parse
from micrograd_es.flow import contributions, gradients
from micrograd_es.functions import (
    cos,
    dot,
    exp,
    identity,
    log,
    log_softmax,
    log_sum_exp,
    maximum,
    minimum,
    prod,
    reciprocal,
    relu,
    sigmoid,
    sin,
    softmax,
    softplus,
    sqrt,
    sum,
    tanh,
)
from micrograd_es.graph import leaves
from micrograd_es.scopes import scope
from micrograd_es.value import Constant, Value

if TYPE_CHECKING:
    from micrograd_es.figures import Figure, Frames, draw, frames

__version__ = "0.1.0"
__all__ = [
    "Constant",
    "ExpressionError",
    "Figure",
    "Frames",
    "GradientError",
    "Value",
    "check_gradients",
    "contributions",
    "cos",
    "dot",
    "draw",
    "exp",
    "frames",
    "grad",
    "gradients",
    "identity",
    "jacobian",
    "leaves",
    "log",
    "log_softmax",
    "log_sum_exp",
    "maximum",
    "minimum",
    "parse",
    "prod",
    "reciprocal",
    "relu",
    "scope",
    "sigmoid",
    "sin",
    "softmax",
    "softplus",
    "sqrt",
    "sum",
    "tanh",
]


def __getattr__(name: str) -> Any:
    """Load what draws when it is first asked for: the engine works, and imports at once, without it."""
    if name in ("Figure", "Frames", "draw", "frames"):
        from micrograd_es import figures

        return getattr(figures, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
