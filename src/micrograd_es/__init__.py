"""A scalar autograd that draws what it does. See `Value`, `grad`, `draw`, `frames` and `worksheet`.

`from micrograd_es import *` gives every public name but `sum`, so that Python's own keeps its meaning: that one adds
Values, too, each with a gate of its own. `from micrograd_es import sum`, or `micrograd_es.sum`, is the sum as one gate.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from micrograd_es.derivatives import GradientError, check_gradients, grad
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
    tanh,
    where,
)
from micrograd_es.functions import sum as sum  # public, and not in __all__
from micrograd_es.graph import leaves
from micrograd_es.jacobians import hessian, jacobian, jvp, vjp
from micrograd_es.listing import listing
from micrograd_es.replay import RecordingError
from micrograd_es.scopes import scope
from micrograd_es.value import Constant, Parameter, Value

if TYPE_CHECKING:
    from micrograd_es import blocks, cost, data, export, losses, nn, optim
    from micrograd_es.figures import Figure, Frames, Worksheet, draw, frames, worksheet
    from micrograd_es.nn import MLP, Dropout, Layer, Module, Neuron, Sequential
    from micrograd_es.optim import SGD, Adam, AdamW, Momentum, Nesterov
    from micrograd_es.program import Program, record
    from micrograd_es.training import History, fit

__version__ = "0.1.0"
__all__ = [
    "MLP",
    "SGD",
    "Adam",
    "AdamW",
    "Constant",
    "Dropout",
    "ExpressionError",
    "Figure",
    "Frames",
    "GradientError",
    "History",
    "Layer",
    "Module",
    "Momentum",
    "Nesterov",
    "Neuron",
    "Parameter",
    "Program",
    "RecordingError",
    "Sequential",
    "Value",
    "Worksheet",
    "blocks",
    "check_gradients",
    "contributions",
    "cos",
    "cost",
    "data",
    "dot",
    "draw",
    "exp",
    "export",
    "fit",
    "frames",
    "grad",
    "gradients",
    "hessian",
    "identity",
    "jacobian",
    "jvp",
    "leaves",
    "listing",
    "log",
    "log_softmax",
    "log_sum_exp",
    "losses",
    "maximum",
    "minimum",
    "nn",
    "optim",
    "parse",
    "prod",
    "reciprocal",
    "record",
    "relu",
    "scope",
    "sigmoid",
    "sin",
    "softmax",
    "softplus",
    "sqrt",
    "tanh",
    "vjp",
    "where",
    "worksheet",
]


_LATER = {
    **dict.fromkeys(("Figure", "Frames", "Worksheet", "draw", "frames", "worksheet"), "micrograd_es.figures"),
    **dict.fromkeys(("Program", "record"), "micrograd_es.program"),
    **dict.fromkeys(("MLP", "Dropout", "Layer", "Module", "Neuron", "Sequential"), "micrograd_es.nn"),
    **dict.fromkeys(("History", "fit"), "micrograd_es.training"),
    **dict.fromkeys(("SGD", "Adam", "AdamW", "Momentum", "Nesterov"), "micrograd_es.optim"),
}
_MODULES = ("blocks", "cost", "data", "export", "losses", "nn", "optim", "plots")


def __getattr__(name: str) -> Any:
    """Load what is above the engine when it is first asked for: the engine imports at once without it."""
    if name in _MODULES:
        return import_module(f"micrograd_es.{name}")
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
