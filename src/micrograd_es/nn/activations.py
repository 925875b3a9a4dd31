"""The table of activations: what a neuron does with z = Σ w·x + b. Adding one is adding a row.

The columns:

- name: what it is called on the command line and in a file;
- function: from the Value z to the Value a; where `whole` is set, from a layer's list of z to its list of a;
- whole: whether it needs all of a layer's z at once (softmax);
- initial: the initialisation that suits the weights before it (He, Glorot; see `initial`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from micrograd_es.functions import maximum, relu, sigmoid, softmax, softplus, tanh
from micrograd_es.tables import chosen
from micrograd_es.value import Value

LEAK = 0.01  # the slope of the leaky relu below 0, as PyTorch has it


@dataclass(frozen=True)
class Activation:
    """One row of the table. See the columns in the module's docstring.

    >>> ACTIVATIONS["tanh"].on([Value(0.0)])
    [Value(0.0)]
    """

    name: str
    function: Callable[[Any], Any]
    whole: bool = False
    initial: str = "xavier_uniform"

    def on(self, z: list[Value]) -> list[Value]:
        """What a layer gives for its list of z."""
        return list(self.function(z)) if self.whole else [self.function(v) for v in z]


def linear(z: Value) -> Value:
    """z itself: a = z, without a gate of its own.

    >>> linear(Value(2.0, "z"))
    Value(2.0, label='z')
    """
    return z


def leaky_relu(z: Value) -> Value:
    """z above 0, else 0.01·z, written max(0.01·z, z); its slope at 0 is 0.01, as PyTorch's.

    >>> leaky_relu(Value(-2.0)), leaky_relu(Value(3.0))
    (Value(-0.02), Value(3.0))
    """
    return maximum(LEAK * z, z)


_ROWS = (
    Activation("linear", linear),
    Activation("relu", relu, initial="he_uniform"),
    Activation("leaky_relu", leaky_relu, initial="he_uniform"),
    Activation("tanh", tanh),
    Activation("sigmoid", sigmoid),
    Activation("softplus", softplus, initial="he_uniform"),
    Activation("softmax", softmax, whole=True),
)

ACTIVATIONS: dict[str, Activation] = {row.name: row for row in _ROWS}
"""The activations by name."""


def activation(given: str | Activation | Callable[[Value], Value]) -> Activation:
    """The row of that name; a row, or a function from one Value to one Value, is taken as it is.

    >>> activation("relu").name, activation(lambda z: z * z).name
    ('relu', '<lambda>')
    """
    if isinstance(given, Activation):
        return given
    if callable(given):
        return Activation(getattr(given, "__name__", type(given).__name__), given)
    return chosen(ACTIVATIONS, given, "the activation")
