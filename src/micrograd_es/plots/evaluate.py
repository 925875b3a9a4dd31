"""The outputs of a network, or of any function, for many points at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from micrograd_es.data.checks import Floats
from micrograd_es.nn import Module, Sequential
from micrograd_es.program import Program, record


def outputs(model: Any, points: Floats) -> Floats:
    """A row of outputs for each point: a module is recorded and replayed, anything else is called with the points.

    Raises ValueError where the outputs are not one finite row for each point.
    """
    if isinstance(model, Module):
        return _checked(_recorded(model, model, points), points)
    if not callable(model):
        raise TypeError(f"the model is {model!r}; expected a network, or a function of a table of points.")
    return _checked(model(points), points)


def neurons(model: Any, points: Floats) -> list[Floats]:
    """The outputs a of the neurons of each layer: a row for each point and a column for each neuron."""
    if not isinstance(model, Sequential) or not model.layers:
        raise TypeError(f"the model is {model!r}; expected a network of layers, an MLP or a Sequential.")
    found = _checked(_recorded(model, lambda x: [layer.a for layer in model.by_layer(x)], points), points)
    ends = np.cumsum([layer.n_out for layer in model.layers])
    return np.split(found, ends[:-1], axis=1)


def _recorded(model: Module, fn: Callable[[Any], Any], points: Floats) -> Any:
    with predicting(model):
        program: Program = record(fn, [0.0] * points.shape[1])
    return program(points)


@contextmanager
def predicting(model: Module) -> Iterator[None]:
    """The module predicts while this lasts (Dropout does nothing), and then is as it was."""
    before = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in before:
            module.training = training


def _checked(found: Any, points: Floats) -> Floats:
    table = np.asarray(found, dtype=float)
    table = table.reshape(len(table), -1) if table.ndim else table
    if table.ndim != 2 or len(table) != len(points):
        raise ValueError(f"the model gave {np.shape(found)} for {len(points)} points; expected a row for each.")
    if not np.isfinite(table).all():
        raise ValueError("the model gave a number that is not finite; expected finite outputs. Did it diverge?")
    return table
