"""A scalar autograd that draws what it does. See `Value`, `grad`, `draw` and `frames`."""

from micrograd_es.derivatives import GradientError, check_gradients, grad, jacobian
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

__version__ = "0.1.0"
__all__ = [
    "Constant",
    "GradientError",
    "Value",
    "check_gradients",
    "contributions",
    "cos",
    "dot",
    "exp",
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
