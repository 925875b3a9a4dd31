"""One step of training, in two ways that give the same numbers: eagerly through Values, and on a recorded program."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from math import isfinite
from typing import Any, Protocol

import numpy as np

from micrograd_es.data.checks import Floats
from micrograd_es.functions import sum as total
from micrograd_es.losses import Loss
from micrograd_es.nn import Dropout, Module
from micrograd_es.optim import Optimizer
from micrograd_es.optim.optimizer import as_moved
from micrograd_es.program import Program, record
from micrograd_es.value import Value, as_value

Penalty = Callable[[Module], Value]

LOSS, PENALTY = "the loss", "the penalty"


class Steps(Protocol):
    """What `fit` needs: to make a step, to measure a set, and to have the numbers where a user finds them."""

    def step(self, inputs: Floats, targets: Floats, masks: Sequence[Floats]) -> float:
        """Move the parameters against the gradient of the mean loss of a batch; gives that loss, penalty included."""

    def measure(self, inputs: Floats, targets: Floats) -> tuple[float, Floats]:
        """The mean loss of a set, without penalty and dropout, and the outputs, a row for each example."""

    def write_back(self) -> None:
        """Put the numbers into the model's Values."""

    def hand_over(self) -> None:
        """Leave the numbers in the Values, and the optimiser in the order of the model's parameters, to a callback."""

    def take_back(self) -> None:
        """Go on from what a callback has left there."""

    def state(self) -> dict[str, Any]:
        """What the optimiser remembers, in the order of the model's parameters."""

    def close(self) -> None:
        """Leave the numbers in the Values, and the optimiser in the order of the model's parameters."""


def dropouts(model: Module) -> list[Dropout]:
    """The Dropouts of a model that draw masks."""
    return [module for module in model.modules() if isinstance(module, Dropout) and module.p]


@contextmanager
def mode(model: Module, training: bool) -> Iterator[None]:
    """The model in training or not; afterwards as it was."""
    before = {module: module.training for module in model.modules()}
    model.train(training)
    try:
        yield
    finally:
        for module, was in before.items():
            module.training = was


def masked(model: Module, x: Any, masks: Sequence[Any]) -> Any:
    """The outputs of a model in training with these masks, one for each of its Dropouts."""
    with ExitStack() as stack:
        for dropout, mask in zip(dropouts(model), masks, strict=True):
            stack.enter_context(dropout.using(mask))
        return listed(model(x))


def mask_sizes(model: Module, x: list[float]) -> list[int]:
    """How many inputs each Dropout has; the model is called once for one example, without masks, to find out."""
    with mode(model, False):
        model(x)
    return [dropout.size for dropout in dropouts(model)]


def check_optimizer(optimizer: Optimizer, parameters: int) -> None:
    """Raise ValueError where the optimiser remembers another network."""
    size = optimizer.state_dict()["size"]
    if size not in (None, parameters):
        raise ValueError(
            f"{optimizer!r} has moved {size} parameters before and the model has {parameters}; expected one of its own."
            f" Write optimizer={type(optimizer).__name__}(…)."
        )


def listed(outputs: Any) -> list[Value]:
    """The outputs of a model as a list of Values."""
    if isinstance(outputs, list | tuple):
        return [as_value(y) for y in outputs]
    if not isinstance(outputs, Value):
        raise TypeError(
            f"the model gave {outputs!r} ({type(outputs).__name__}); expected a Value or a list of Values. Give them"
            " back in its forward()."
        )
    return [outputs]


def _one(given: Any, what: str) -> Value:
    """The loss, or the penalty, as a Value. Raises TypeError for what is no number."""
    if isinstance(given, list | tuple) or given is None or isinstance(given, str):
        raise TypeError(f"{what} gave {str(given)[:60]} ({type(given).__name__}); expected one Value, such as a sum.")
    return as_value(given)


class EagerSteps:
    """Through Values: slow, and every number can be looked at."""

    def __init__(self, model: Module, loss: Loss, optimizer: Optimizer, penalty: Penalty | None) -> None:
        self.model, self.loss, self.optimizer, self.penalty = model, loss, optimizer, penalty
        self.values = model.parameters()
        check_optimizer(optimizer, len(self.values))

    def step(self, inputs: Floats, targets: Floats, masks: Sequence[Floats]) -> float:
        """See `Steps`."""
        rows = zip(inputs.tolist(), targets.tolist(), *(mask.tolist() for mask in masks), strict=True)
        with mode(self.model, True):
            losses = [_one(self.loss(masked(self.model, x, own), t), LOSS) for x, t, *own in rows]
        mean = total(losses) / len(losses)
        goal = mean if self.penalty is None else mean + _one(self.penalty(self.model), PENALTY)
        self.model.zero_grad()
        goal.backward()
        self.optimizer.step(self.values)
        return float(goal.data)

    def measure(self, inputs: Floats, targets: Floats) -> tuple[float, Floats]:
        """See `Steps`."""
        losses, rows = [], []
        with mode(self.model, False):
            for x, t in zip(inputs.tolist(), targets.tolist(), strict=True):
                outputs = listed(self.model(x))
                losses.append(float(_one(self.loss(outputs, t), LOSS).data))
                rows.append([float(y.data) for y in outputs])
        return float(np.mean(losses)), np.array(rows)

    def write_back(self) -> None:
        """See `Steps`; the numbers are there already."""

    def hand_over(self) -> None:
        """See `Steps`; all is there already."""

    def take_back(self) -> None:
        """See `Steps`; a step starts from the Values."""

    def state(self) -> dict[str, Any]:
        """See `Steps`."""
        return self.optimizer.state_dict()

    def close(self) -> None:
        """See `Steps`; nothing is left to do."""


class RecordedSteps:
    """On a program: the model is recorded once, and a step is one call on arrays."""

    def __init__(
        self,
        model: Module,
        loss: Loss,
        optimizer: Optimizer,
        penalty: Penalty | None,
        example: tuple[list[float], list[float]],
        masks: Sequence[int],
        fast: bool,
    ) -> None:
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.values = model.parameters()
        check_optimizer(optimizer, len(self.values))
        (x, t), drawn = example, [[1.0] * size for size in masks]

        def goal(x: Any, t: Any, *masks: Any) -> Value:
            mean = _one(loss(masked(model, x, masks), t), LOSS)
            return mean if penalty is None else mean + _one(penalty(model), PENALTY)

        def measured(x: Any, t: Any) -> list[Value]:
            outputs = listed(model(x))
            return [_one(loss(outputs, t), LOSS), *outputs]

        with mode(model, True):
            loss(masked(model, x, drawn), t)  # what is wrong with one example is said by the loss itself
            self.training: Program = record(goal, x, t, *drawn, parameters=self.values, fast=fast)
        with mode(model, False):
            self.measuring: Program = record(measured, x, t, parameters=self.values, fast=fast)
        places = {value: i for i, value in enumerate(self.training.values)}
        self.gradient, self.before = (np.zeros_like(self.training.parameters) for _ in range(2))
        self.order = np.array([places[value] for value in self.values], int)
        self.across = np.array([places[value] for value in self.measuring.values], int)
        optimizer.reorder(np.argsort(self.order))

    def step(self, inputs: Floats, targets: Floats, masks: Sequence[Floats]) -> float:
        """See `Steps`."""
        try:
            loss, _ = self.training.value_and_grad(inputs, targets, *masks, out=self.gradient)
        except (ArithmeticError, ValueError):
            self._replay(inputs, targets, masks)
            raise
        parameters = self.training.parameters
        self.before[:] = parameters
        self.optimizer.update(parameters, self.gradient)
        if not isfinite(parameters.dot(parameters)):  # seldom; the squares may be too large where the numbers are not
            self._check_parameters()
        return float(loss)

    def _check_parameters(self) -> None:
        """Raise ValueError, as a step through Values does, where a new number is not finite; it is as before then."""
        moved = self.training.parameters[self.order].tolist()
        try:
            for number, (value, new) in enumerate(zip(self.values, moved, strict=True), 1):
                as_moved(new, self.optimizer.steps - 1, number, value)
        except ValueError:
            self.training.parameters[:] = self.before
            raise

    def _replay(self, inputs: Floats, targets: Floats, masks: Sequence[Floats]) -> None:
        """Go through a failed batch eagerly: a loss says more of outputs that do not fit than the gate that failed."""
        self.write_back()
        with mode(self.model, True):
            for x, t, *own in zip(inputs.tolist(), targets.tolist(), *(mask.tolist() for mask in masks), strict=True):
                with suppress(ArithmeticError):
                    self.loss(masked(self.model, x, own), t)

    def measure(self, inputs: Floats, targets: Floats) -> tuple[float, Floats]:
        """See `Steps`."""
        self.measuring.parameters[:] = self.training.parameters[self.across]
        table = self.measuring(inputs, targets, check=True)
        return float(table[:, 0].mean()), table[:, 1:]

    def write_back(self) -> None:
        """See `Steps`."""
        self.training.write_back()

    def hand_over(self) -> None:
        """See `Steps`."""
        self.write_back()
        self.optimizer.reorder(self.order)

    def take_back(self) -> None:
        """See `Steps`."""
        self.training.parameters = [float(value.data) for value in self.training.values]
        self.optimizer.reorder(np.argsort(self.order))

    def state(self) -> dict[str, Any]:
        """See `Steps`."""
        return _reordered(self.optimizer.state_dict(), self.order)

    def close(self) -> None:
        """See `Steps`."""
        if np.isfinite(self.training.parameters).all():
            self.write_back()
        self.optimizer.reorder(self.order)


def _reordered(state: dict[str, Any], order: Any) -> dict[str, Any]:
    """A state of an optimiser with its memory in another order; one of another size is left to the optimiser."""
    if state["size"] != len(order):
        return state
    memory = {slot: numbers and [numbers[i] for i in order.tolist()] for slot, numbers in state["memory"].items()}
    return {**state, "memory": memory}
