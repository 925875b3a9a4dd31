"""Data as a loss and a model take them: arrays of inputs and targets, and which outputs count as right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import numpy as np

from micrograd_es.data import Data
from micrograd_es.data.checks import Floats
from micrograd_es.losses import LOSSES, Loss
from micrograd_es.maths import counted
from micrograd_es.nn import Module
from micrograd_es.replay import RecordingError
from micrograd_es.tables import chosen
from micrograd_es.training.steps import listed
from micrograd_es.value import Value

LossGiven = str | Loss | Callable[[Any, Any], Value]


@dataclass(frozen=True)
class Examples:
    """Inputs (n×d) and targets (n×k) as the loss expects them; `labels` are the numbers of the classes, or None."""

    inputs: Floats
    targets: Floats
    labels: Any = None

    def __len__(self) -> int:
        return len(self.inputs)


def loss_of(given: LossGiven) -> Loss:
    """The row of that name; a row, or a function of outputs and targets, is taken as it is.

    >>> loss_of("mse").name, loss_of(lambda outputs, targets: outputs[0]).target
    ('mse', 'number')
    """
    if isinstance(given, Loss):
        return given
    if callable(given):
        return Loss(getattr(given, "__name__", type(given).__name__), _own(given), (), "number")
    return chosen(LOSSES, given, "the loss")


def _own(function: Callable[[Any, Any], Value]) -> Callable[[Any, Any], Value]:
    """A loss of the user's own, whose errors say what it is given."""

    @wraps(function, updated=())
    def told(outputs: Any, targets: Any) -> Value:
        try:
            return function(outputs, targets)
        except RecordingError:  # which says by itself what to write
            raise
        except (TypeError, IndexError) as error:
            error.add_note(
                f"A loss gets the outputs and the targets of one example, here lists of {len(outputs)} and"
                f" {len(targets)}. Write lambda outputs, targets: (outputs[0] - targets[0]) ** 2."
            )
            raise

    return told


def as_data(given: Any, what: str = "the data") -> Data:
    """Data as they are; a pair of inputs and targets of numbers is a regression.

    Where the loss is one of classes, targets of one whole number each are the numbers of classes, from 0 on.
    """
    if isinstance(given, Data):
        return given
    if isinstance(given, list | tuple) and len(given) == 2:
        return Data(given[0], given[1], kind="regression")
    shown = " ".join(repr(given).split())  # an array has lines
    shown = shown if len(shown) <= 60 else f"{shown[:57]}…"
    raise TypeError(
        f"{what} is {shown} ({type(given).__name__}); expected Data, or a pair (inputs, targets)."
        " Write both in one pair of parentheses: fit(model, (inputs, targets), …)."
    )


def examples(data: Data, loss: Loss, outputs: int) -> Examples:
    """The data with the targets that the loss wants: signs, 0 and 1, or a column for each class.

    Raises ValueError where they do not fit the loss or the number of outputs.

    >>> data = Data([[0], [1]], [-1, 1])
    >>> examples(data, LOSSES["binary_cross_entropy"], 1).targets.tolist()
    [[0.0], [1.0]]
    >>> examples(data, LOSSES["softmax_cross_entropy"], 2).targets.tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    if data.kind == "regression" and loss.target == "class" and data.targets.shape[1] == 1 < outputs:
        return _of_numbers(data, loss, outputs)
    labels = data.labels if data.kind == "classification" else None
    fitted = _fitted(data, loss, outputs) if labels is not None else data
    if (wanted := fitted.targets.shape[1]) != outputs:
        raise ValueError(
            f"the network has {counted(outputs, 'output')} and the data {counted(wanted, 'target')} for {loss.name};"
            f" expected one target for each output. Give the last layer {counted(wanted, 'neuron')}."
        )
    if labels is None and loss.target != "number":
        targets = np.array([loss.encoded(row, outputs) for row in fitted.targets.tolist()])
        return Examples(data.inputs, targets)
    return Examples(data.inputs, fitted.targets, labels)


def _of_numbers(data: Data, loss: Loss, outputs: int) -> Examples:
    """Examples whose one target is the number of a class, as PyTorch has them."""
    numbers = data.targets[:, 0].tolist()
    targets = np.array([loss.encoded(number, outputs) for number in numbers])
    return Examples(data.inputs, targets, np.array(numbers, dtype=np.int64))


def _fitted(data: Data, loss: Loss, outputs: int) -> Data:
    """A classification with other targets where the loss, or the number of outputs, asks for them."""
    if loss.target == "class" or outputs > 1:
        return data.one_hot()
    if loss.target == "number":
        return data
    return data.signs() if loss.target == "sign" else data.zero_one()


def predicted(outputs: Floats, loss: Loss, targets: Floats) -> Any:
    """The number of the class that each row of outputs stands for.

    Of several outputs the largest counts; one output is compared with the middle between the targets of its classes,
    where it is a logit with 0.

    >>> predicted(np.array([[0.2], [0.7]]), LOSSES["binary_cross_entropy"], np.array([[0.0], [1.0]])).tolist()
    [0, 1]
    """
    if outputs.shape[1] > 1:
        return outputs.argmax(axis=1)
    is_zero = loss.name.endswith("with_logits") or (targets != 0).all()
    middle = 0.0 if is_zero else 0.5
    return (outputs[:, 0] > middle).astype(np.int64)


def outputs_of(model: Module, data: Data) -> int:
    """How many outputs a model has for the data; where it does not say, it is called once to find out.

    Raises ValueError for a model of another number of inputs.
    """
    n_in = getattr(model, "n_in", data.inputs.shape[1])
    if n_in != data.inputs.shape[1]:
        raise ValueError(
            f"the data have {counted(len(data.names), 'input')} ({', '.join(data.names[:8])}) and the network takes"
            f" {n_in}; expected the same number."
        )
    n_out = getattr(model, "n_out", None)
    if n_out is None:
        n_out = len(listed(model(data.inputs[0].tolist())))
    return int(n_out)
