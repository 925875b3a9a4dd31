"""The table of losses: by name, with the output layer and the targets that each expects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from micrograd_es.losses.functions import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    half_squared_error,
    hinge,
    mse,
    softmax_cross_entropy,
)
from micrograd_es.losses.targets import (
    SIGNS,
    Outputs,
    Targets,
    check_each,
    check_probabilities,
    class_probabilities,
    listed,
    unequal,
)
from micrograd_es.maths import as_number
from micrograd_es.value import Value


@dataclass(frozen=True)
class Loss:
    """One row of the table: a loss by name, and what it expects of a network and of its targets.

    `outputs` are the activations of the output layer that suit it, the best first. `target` is "number", "sign"
    (+1 or −1), "probability" (from 0 to 1) or "class" (the number of a class, or a probability for each).

    >>> row = LOSSES["softmax_cross_entropy"]
    >>> row.outputs, row.encoded(2, 3)
    (('linear',), [0.0, 0.0, 1.0])
    """

    name: str
    function: Callable[[Any, Any], Value]
    outputs: tuple[str, ...]
    target: str

    def __call__(self, outputs: Outputs, targets: Targets) -> Value:
        return self.function(outputs, targets)

    def encoded(self, target: Any, size: int) -> list[float]:
        """The target of one example as a list of one number for each output, checked: what a program gets as input.

        Raises ValueError for a target outside of what the loss expects, and for another number of them.
        """
        if self.target == "class":
            return [float(t) for t in class_probabilities(target, size, self.name)]
        numbers = [float(as_number(t, "a target")) for t in listed(target)]
        if len(numbers) != size:
            raise ValueError(unequal(self.name, size, len(numbers)))
        if self.target == "probability":
            check_probabilities(numbers, self.name)
        if self.target == "sign":
            check_each(numbers, lambda t: t in (-1, 1), self.name, SIGNS)
        return numbers


_ROWS = (
    Loss("mse", mse, ("linear", "relu", "sigmoid", "tanh"), "number"),
    Loss("half_squared_error", half_squared_error, ("linear", "tanh", "sigmoid", "relu"), "number"),
    Loss("binary_cross_entropy", binary_cross_entropy, ("sigmoid",), "probability"),
    Loss("binary_cross_entropy_with_logits", binary_cross_entropy_with_logits, ("linear",), "probability"),
    Loss("cross_entropy", cross_entropy, ("softmax",), "class"),
    Loss("softmax_cross_entropy", softmax_cross_entropy, ("linear",), "class"),
    Loss("hinge", hinge, ("linear", "tanh"), "sign"),
)

LOSSES: dict[str, Loss] = {row.name: row for row in _ROWS}
"""The losses by name."""
