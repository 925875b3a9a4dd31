"""δ, the error of every neuron: how much the loss changes with its z (lectures, B5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from micrograd_es.flow import gradients
from micrograd_es.maths import Number
from micrograd_es.nn.sequential import Sequential
from micrograd_es.value import Value


def deltas(model: Sequential, x: Any, target: Any, loss: Callable[[list[Value], Any], Value]) -> list[list[Number]]:
    """δ = ∂C/∂z of every neuron, a list for each layer, where C = loss(outputs, target) for one example.

    A large δ means that this neuron affects the result a lot. The δ are those of lectures, B5:
    δ^L = ∂C/∂a^L · a'(z^L) and δ^(l−1) = (W^l)ᵀ·δ^l ⊙ a'(z^(l−1)).

    >>> from micrograd_es.losses import half_squared_error
    >>> from micrograd_es.nn import MLP
    >>> model = MLP.from_numbers([[[1, 2], [3, -4]], [[5, 6]]])
    >>> deltas(model, [1, 1], [10], half_squared_error)
    [[25.0, 0.0], [5.0]]

    Nothing is written to the model: its gradients stay as they were.
    """
    if not isinstance(model, Sequential):
        raise TypeError(f"deltas was given {model!r}; expected a network of layers, an MLP or a Sequential.")
    if not callable(loss):
        raise TypeError(f"the loss is {loss!r}; expected a function. Write deltas(model, x, target, losses.mse).")
    passes, outputs = model.run(x)
    if not passes:
        raise ValueError("the network has no layers; expected at least one Layer.")
    gradient = gradients(loss(outputs, target))
    return [[gradient.get(z, 0) for z in layer.z] for layer in passes]
