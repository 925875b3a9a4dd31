"""Losses: from the outputs of a network for one example, and its target, to one Value.

Outputs are a list of Values (one Value stands for a list of one); targets are numbers, or Values where a recorded
program gets them as inputs. The mean over a batch is `mean`. The rules are those of PyTorch's functions of the same
purpose; `LOSSES` has them by name, with the output layer and the targets that each expects.

>>> from micrograd_es import Value, losses
>>> losses.mse([Value(3.0), Value(1.0)], [1.0, 1.0])
Value(2.0)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec

from micrograd_es.functions import log, log_softmax, maximum, relu, softplus, where
from micrograd_es.functions import sum as total
from micrograd_es.maths import Number, as_number
from micrograd_es.replay import RECORDING
from micrograd_es.scopes import scope
from micrograd_es.value import Value, as_value

P = ParamSpec("P")
Outputs = Value | Sequence[Value]
Targets = Value | Number | Sequence[Value | Number]

_TINY = 3.720075976020836e-44  # e^−100: PyTorch keeps the logarithm of a probability from going below −100
_CLOSE = 1e-6  # how far from 1 the sum of probabilities may be


def _in_scope(name: str) -> Callable[[Callable[P, Value]], Callable[P, Value]]:
    """What a loss makes belongs to a scope of its name, so that a figure can show it as one gate."""

    def decorated(fn: Callable[P, Value]) -> Callable[P, Value]:
        @wraps(fn)
        def inner(*args: P.args, **kwargs: P.kwargs) -> Value:
            with scope(name):
                return fn(*args, **kwargs)

        return inner

    return decorated


@_in_scope("mse")
def mse(outputs: Outputs, targets: Targets) -> Value:
    """The mean squared error of one example, Σ(y − t)²/k over its k outputs.

    >>> mse(Value(3.0), 1.0), mse([Value(3.0), Value(1.0)], [1.0, 2.0])
    (Value(4.0), Value(2.5))
    """
    return _mean([(y - t) ** 2 for y, t in _pairs(outputs, targets, "mse")])


@_in_scope("half squared error")
def half_squared_error(outputs: Outputs, targets: Targets) -> Value:
    """½·Σ(t − a)², whose gradient is a − t (lectures, B5; the Playground's loss).

    >>> half_squared_error([Value(3.0), Value(1.0)], [1.0, 2.0])
    Value(2.5)
    """
    squares = [(t - y) ** 2 for y, t in _pairs(outputs, targets, "half_squared_error")]
    return _sum(squares) / 2


@_in_scope("binary cross-entropy")
def binary_cross_entropy(probabilities: Outputs, targets: Targets) -> Value:
    """−[t·log p + (1 − t)·log(1 − p)], the mean over the outputs; p is a probability, as a sigmoid gives it.

    A logarithm below −100 counts as −100, as in PyTorch, so that p = 0 is no error. (PyTorch also cuts the gradient
    off where p·(1 − p) is below 1e-12; here it stays exact.) Where you have the logit, take
    `binary_cross_entropy_with_logits`: it is exact everywhere.

    >>> round(binary_cross_entropy(Value(0.5), 1).data, 12)
    0.69314718056
    """
    pairs = _pairs(probabilities, targets, "binary_cross_entropy")
    _check_outputs([p for p, _ in pairs], "binary_cross_entropy", "output='sigmoid'")
    _check_probabilities([t for _, t in pairs], "binary_cross_entropy")
    return _mean([-_sum([*_times_log(t, p), *_times_log(1 - t, 1 - p)]) for p, t in pairs])


@_in_scope("binary cross-entropy")
def binary_cross_entropy_with_logits(logits: Outputs, targets: Targets) -> Value:
    """The binary cross-entropy of sigmoid(z), written softplus(z) − t·z: stable for logits of any size.

    The mean over the outputs. Its gradient is sigmoid(z) − t.

    >>> binary_cross_entropy_with_logits(Value(-1000.0), 1), binary_cross_entropy_with_logits(Value(1000.0), 1)
    (Value(1000.0), Value(0.0))
    """
    pairs = _pairs(logits, targets, "binary_cross_entropy_with_logits")
    _check_probabilities([t for _, t in pairs], "binary_cross_entropy_with_logits")
    return _mean([softplus(z) - t * z for z, t in pairs])


@_in_scope("softmax cross-entropy")
def softmax_cross_entropy(logits: Outputs, target: Targets) -> Value:
    """−Σ t_j·[x_j − log Σ e^x]: the cross-entropy of softmax(x), stable for logits of any size (lectures, C3).

    The target is the number of the class, from 0 on, or a probability for each class (one-hot). The gradient is
    softmax(x) − t.

    >>> round(softmax_cross_entropy([Value(0.0), Value(0.0)], 1).data, 12)
    0.69314718056
    >>> softmax_cross_entropy([Value(1000.0), Value(-1000.0)], [0, 1])
    Value(2000.0)
    """
    xs = _outputs(logits)
    return -_expected(log_softmax(xs), _classes(target, len(xs), "softmax_cross_entropy"))


@_in_scope("cross-entropy")
def cross_entropy(probabilities: Outputs, target: Targets) -> Value:
    """−Σ t_j·log p_j, where the p are probabilities, as a softmax layer gives them.

    The target is as in `softmax_cross_entropy`, which is the better choice where you have the logits. A logarithm
    below −100 counts as −100.

    >>> cross_entropy([Value(1.0), Value(0.5)], 0).data == 0
    True
    """
    ps = _outputs(probabilities)
    _check_outputs(ps, "cross_entropy", "output='softmax'")
    ts = _classes(target, len(ps), "cross_entropy")
    return -_sum([term for t, p in zip(ts, ps, strict=True) for term in _times_log(t, p)])


@_in_scope("hinge")
def hinge(scores: Outputs, targets: Targets) -> Value:
    """relu(1 − t·score) for targets of +1 and −1, the mean over the outputs: the loss of micrograd's demo.

    >>> hinge(Value(0.25), 1), hinge(Value(0.25), -1), hinge(Value(2.0), 1)
    (Value(0.75), Value(1.25), Value(0.0))
    """
    pairs = _pairs(scores, targets, "hinge")
    _check_each([t for _, t in pairs], lambda t: t in (-1, 1), "hinge", "+1 or −1")
    return _mean([relu(1 - t * score) for score, t in pairs])


@_in_scope("L1")
def l1(parameters: Iterable[Value]) -> Value:
    """Σ|θ| over the parameters; `model.weights()` leaves the biases out.

    >>> l1([Value(-3.0), Value(4.0)])
    Value(7.0)
    """
    return _sum([abs(p) for p in _parameters(parameters)])


@_in_scope("L2")
def l2(parameters: Iterable[Value]) -> Value:
    """Σθ² over the parameters, without a half, as micrograd's demo has it; the Playground has 0.5 * l2(weights).

    >>> l2([Value(-3.0), Value(4.0)])
    Value(25.0)
    """
    return _sum([p * p for p in _parameters(parameters)])


def mean(losses: Iterable[Value]) -> Value:
    """The mean of the losses of a batch, as one Value.

    >>> mean([Value(1.0), Value(2.0)])
    Value(1.5)
    """
    terms = list(losses)
    if not terms:
        raise ValueError("the mean was given no losses; expected at least one. Is the batch empty?")
    return _mean(terms)


# The table of losses


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
            return [float(t) for t in _classes(target, size, self.name)]
        numbers = [float(as_number(t, "a target")) for t in _listed(target)]
        if len(numbers) != size:
            raise ValueError(_sizes(self.name, size, len(numbers)))
        if self.target == "probability":
            _check_probabilities(numbers, self.name)
        if self.target == "sign":
            _check_each(numbers, lambda t: t in (-1, 1), self.name, "+1 or −1")
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


# What the losses have in common


def _sum(terms: Sequence[Value]) -> Value:
    """The sum of the terms; of one, the term itself, without a gate."""
    return terms[0] if len(terms) == 1 else total(terms)


def _mean(terms: Sequence[Value]) -> Value:
    return terms[0] if len(terms) == 1 else total(terms) / len(terms)


def _listed(x: Any) -> list[Any]:
    """A list of what is given: one number or Value is a list of one."""
    if isinstance(x, Value) or not hasattr(x, "__len__") or isinstance(x, str):
        return [x]
    return list(x.tolist() if hasattr(x, "tolist") else x)


def _outputs(outputs: Any) -> list[Value]:
    listed = [as_value(y) for y in _listed(outputs)]
    if not listed:
        raise ValueError("the loss was given no outputs; expected at least one.")
    return listed


def _sizes(name: str, outputs: int, targets: int) -> str:
    return f"{name} was given {outputs} outputs and {targets} targets; expected one target for each output."


def _pairs(outputs: Any, targets: Any, name: str) -> list[tuple[Value, Any]]:
    """Each output with its target."""
    ys = _outputs(outputs)
    ts = [t if isinstance(t, Value) else as_number(t, f"a target of {name}") for t in _listed(targets)]
    if len(ys) != len(ts):
        raise ValueError(_sizes(name, len(ys), len(ts)))
    return list(zip(ys, ts, strict=True))


def _parameters(parameters: Any) -> list[Value]:
    """The parameters of a penalty."""
    if isinstance(parameters, Value) or not isinstance(parameters, Iterable):
        raise TypeError(f"the penalty was given {parameters!r}; expected a list of Values. Write model.weights().")
    found = [as_value(p) for p in parameters]
    if not found:
        raise ValueError("the penalty was given no parameters; expected model.parameters() or model.weights().")
    return found


def _check_each(targets: Iterable[Any], fits: Callable[[Any], bool], name: str, expected: str) -> None:
    """Check the targets that are numbers; those of a recorded program are known only when it runs."""
    for t in targets:
        if not isinstance(t, Value) and not fits(t):
            raise ValueError(f"a target of {name} is {t!r}; expected {expected}.")


def _check_probabilities(targets: Iterable[Any], name: str) -> None:
    _check_each(targets, lambda t: 0 <= t <= 1, name, "a number from 0 to 1")


def _classes(target: Any, size: int, name: str) -> list[Any]:
    """A probability for each class, from the number of the class or from a list of them."""
    if isinstance(target, Value):
        raise TypeError(
            f"the target of {name} is one Value; expected the number of the class, or a list with a probability for"
            " each class: a recorded program takes the list."
        )
    if not hasattr(target, "__len__"):
        return _one_hot(target, size, name)
    ts = [t if isinstance(t, Value) else as_number(t, f"a target of {name}") for t in _listed(target)]
    if len(ts) != size:
        raise ValueError(_sizes(name, size, len(ts)))
    _check_probabilities(ts, name)
    if not any(isinstance(t, Value) for t in ts) and abs(sum(map(float, ts)) - 1) > _CLOSE:
        raise ValueError(f"the targets of {name} sum to {sum(ts)!r}; expected probabilities, which sum to 1.")
    return ts


def _one_hot(target: Any, size: int, name: str) -> list[Any]:
    number = as_number(target, f"the class of {name}")
    if number != int(number) or not 0 <= number < size:
        raise ValueError(
            f"the class of {name} is {target!r}; expected a whole number from 0 to {size - 1}, one for each output."
        )
    return [1 if place == number else 0 for place in range(size)]


def _expected(logs: Sequence[Value], targets: Sequence[Any]) -> Value:
    """Σ t·log p; a target that is the number 0 or 1 needs no product."""
    return _sum([term for t, x in zip(targets, logs, strict=True) for term in _times(t, x)])


def _times(t: Any, x: Value) -> list[Value]:
    """t·x as a list of terms: none for the number 0, x itself for the number 1."""
    if isinstance(t, Value) or t not in (0, 1):
        return [t * x]
    return [x] if t == 1 else []


def _times_log(t: Any, p: Value) -> list[Value]:
    """t·log p as a list of terms, with p kept above e^−100 where it could be below."""
    if not isinstance(t, Value) and t == 0:
        return []
    if RECORDING.get():  # what is below 0 stays there, so that the program fails as it does here
        return _times(t, log(where(-p, p, maximum(p, _TINY))))
    return _times(t, log(maximum(p, _TINY) if float(p.number) < _TINY else p))


def _check_outputs(probabilities: Iterable[Value], name: str, instead: str) -> None:
    """Check that outputs are probabilities; those of a recorded program are known only when it runs."""
    for p in probabilities:
        if not RECORDING.get() and not 0 <= p.number <= 1:
            raise ValueError(
                f"an output given to {name} is {p.number!r}; expected a probability from 0 to 1."
                f" Give the network {instead}, or take the loss of logits."
            )
