"""Data as a loss and a model take them: arrays of inputs and targets, and which outputs count as right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from micrograd_es.data import Data
from micrograd_es.data.checks import Floats
from micrograd_es.losses import LOSSES, Loss
from micrograd_es.nn import Module
from micrograd_es.tables import chosen
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
        return Loss(getattr(given, "__name__", type(given).__name__), given, (), "number")
    return chosen(LOSSES, given, "the loss")


def as_data(given: Any, what: str = "the data") -> Data:
    """Data as they are; a pair of inputs and targets of numbers is a regression."""
    if isinstance(given, Data):
        return given
    if isinstance(given, list | tuple) and len(given) == 2:
        return Data(given[0], given[1], kind="regression")
    raise TypeError(
        f"{what} is {str(given)[:60]} ({type(given).__name__}); expected Data, or a pair (inputs, targets)."
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
    labels = data.labels if data.kind == "classification" else None
    fitted = _fitted(data, loss, outputs) if labels is not None else data
    if fitted.targets.shape[1] != outputs:
        raise ValueError(
            f"the network has {outputs} outputs and the data {fitted.targets.shape[1]} targets for {loss.name};"
            f" expected one target for each output. Give the last layer {fitted.targets.shape[1]} neurons."
        )
    if labels is None and loss.target != "number":
        targets = np.array([loss.encoded(row, outputs) for row in fitted.targets.tolist()])
        return Examples(data.inputs, targets)
    return Examples(data.inputs, fitted.targets, labels)


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


def sizes(model: Module, data: Data) -> tuple[int, int]:
    """The numbers of inputs and outputs of a model; where it does not say them it is called once to find out."""
    n_in = getattr(model, "n_in", data.inputs.shape[1])
    if n_in != data.inputs.shape[1]:
        raise ValueError(
            f"the data have {data.inputs.shape[1]} inputs ({', '.join(data.names[:8])}) and the network takes {n_in};"
            " expected the same number."
        )
    n_out = getattr(model, "n_out", None)
    if n_out is None:
        outputs = model(data.inputs[0].tolist())
        n_out = 1 if isinstance(outputs, Value) else len(outputs)
    return int(n_in), int(n_out)
