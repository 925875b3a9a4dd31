"""What goes into a loss, checked: outputs, targets, and each output with its target."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from micrograd_es.maths import Number, as_number, counted
from micrograd_es.replay import RECORDING
from micrograd_es.value import Value, as_value

Outputs = Value | Sequence[Value]
Targets = Value | Number | Sequence[Value | Number]

SIGNS = "+1 or −1. For classes of 0 and 1 write 2 * t - 1"
_CLOSE = 1e-6  # how far from 1 the sum of probabilities may be


def listed(x: Any) -> list[Any]:
    """A list of what is given: one number or Value is a list of one."""
    if isinstance(x, Value) or not hasattr(x, "__len__") or isinstance(x, str):
        return [x]
    return list(x.tolist() if hasattr(x, "tolist") else x)


def outputs_of(outputs: Any) -> list[Value]:
    """The outputs as a list of Values, one or more."""
    ys = [as_value(y) for y in listed(outputs)]
    if not ys:
        raise ValueError("the loss was given no outputs; expected at least one.")
    return ys


def unequal(name: str, outputs: int, targets: int) -> str:
    """The error for another number of targets than of outputs."""
    return (
        f"{name} was given {counted(outputs, 'output')} and {counted(targets, 'target')};"
        " expected one target for each output."
    )


def paired(outputs: Any, targets: Any, name: str) -> list[tuple[Value, Any]]:
    """Each output with its target."""
    ys = outputs_of(outputs)
    ts = [t if isinstance(t, Value) else as_number(t, f"a target of {name}") for t in listed(targets)]
    if len(ys) != len(ts):
        raise ValueError(unequal(name, len(ys), len(ts)))
    return list(zip(ys, ts, strict=True))


def check_each(targets: Iterable[Any], fits: Callable[[Any], bool], name: str, expected: str) -> None:
    """Check the targets that are numbers; those of a recorded program are known only when it runs."""
    for t in targets:
        if not isinstance(t, Value) and not fits(t):
            raise ValueError(f"a target of {name} is {t!r}; expected {expected}.")


def check_probabilities(targets: Iterable[Any], name: str) -> None:
    """Check that targets that are numbers are probabilities."""
    check_each(targets, lambda t: 0 <= t <= 1, name, "a number from 0 to 1")


def class_probabilities(target: Any, size: int, name: str) -> list[Any]:
    """A probability for each class, from the number of the class or from a list of them."""
    if isinstance(target, Value):
        raise TypeError(
            f"the target of {name} is one Value; expected the number of the class, or a list with a probability for"
            " each class: a recorded program takes the list."
        )
    if not hasattr(target, "__len__"):
        return _one_hot(target, size, name)
    ts = [t if isinstance(t, Value) else as_number(t, f"a target of {name}") for t in listed(target)]
    if len(ts) != size:
        raise ValueError(unequal(name, size, len(ts)))
    check_probabilities(ts, name)
    if not any(isinstance(t, Value) for t in ts) and abs(sum(map(float, ts)) - 1) > _CLOSE:
        one = " Give the network an output for each class." if len(ts) == 1 else ""
        raise ValueError(f"the targets of {name} sum to {sum(ts)!r}; expected probabilities, which sum to 1.{one}")
    return ts


def _one_hot(target: Any, size: int, name: str) -> list[Any]:
    number = as_number(target, f"the class of {name}")
    if number != int(number) or not 0 <= number < size:
        raise ValueError(
            f"the class of {name} is {target!r}; expected a whole number from 0 to {size - 1}, one for each output."
        )
    return [1 if place == number else 0 for place in range(size)]


def check_outputs(probabilities: Iterable[Value], name: str, instead: str) -> None:
    """Check that outputs are probabilities; those of a recorded program are known only when it runs."""
    for p in probabilities:
        if not RECORDING.get() and not 0 <= p.number <= 1:
            raise ValueError(
                f"an output given to {name} is {p.number!r}; expected a probability from 0 to 1."
                f" Give the network {instead}, or take the loss of logits."
            )
