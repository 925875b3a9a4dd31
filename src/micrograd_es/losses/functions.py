"""The losses: each a function of the outputs for one example and of its target.

A new loss is a function here and a row in `table`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from micrograd_es.functions import log, log_softmax, maximum, relu, softplus, where
from micrograd_es.losses.targets import (
    SIGNS,
    Outputs,
    Targets,
    check_each,
    check_outputs,
    check_probabilities,
    class_probabilities,
    outputs_of,
    paired,
)
from micrograd_es.losses.terms import in_scope, mean_of, sum_of
from micrograd_es.replay import RECORDING
from micrograd_es.value import Value

_TINY = 3.720075976020836e-44  # e^−100: PyTorch keeps the logarithm of a probability from going below −100


@in_scope("mse")
def mse(outputs: Outputs, targets: Targets) -> Value:
    """The mean squared error of one example, Σ(y − t)²/k over its k outputs.

    >>> mse(Value(3.0), 1.0), mse([Value(3.0), Value(1.0)], [1.0, 2.0])
    (Value(4.0), Value(2.5))
    """
    return mean_of([(y - t) ** 2 for y, t in paired(outputs, targets, "mse")])


@in_scope("half squared error")
def half_squared_error(outputs: Outputs, targets: Targets) -> Value:
    """½·Σ(t − a)², whose gradient is a − t (lectures, B5; the Playground's loss).

    >>> half_squared_error([Value(3.0), Value(1.0)], [1.0, 2.0])
    Value(2.5)
    """
    squares = [(t - y) ** 2 for y, t in paired(outputs, targets, "half_squared_error")]
    return sum_of(squares) / 2


@in_scope("binary cross-entropy")
def binary_cross_entropy(probabilities: Outputs, targets: Targets) -> Value:
    """−[t·log p + (1 − t)·log(1 − p)], the mean over the outputs; p is a probability, as a sigmoid gives it.

    A logarithm below −100 counts as −100, as in PyTorch, so that p = 0 is no error. (PyTorch also cuts the gradient
    off where p·(1 − p) is below 1e-12; here it stays exact.) Where you have the logit, take
    `binary_cross_entropy_with_logits`: it is exact everywhere.

    >>> round(binary_cross_entropy(Value(0.5), 1).data, 12)
    0.69314718056
    """
    pairs = paired(probabilities, targets, "binary_cross_entropy")
    check_outputs([p for p, _ in pairs], "binary_cross_entropy", "output='sigmoid'")
    check_probabilities([t for _, t in pairs], "binary_cross_entropy")
    return mean_of([-sum_of([*_times_log(t, p), *_times_log(1 - t, 1 - p)]) for p, t in pairs])


@in_scope("binary cross-entropy")
def binary_cross_entropy_with_logits(logits: Outputs, targets: Targets) -> Value:
    """The binary cross-entropy of sigmoid(z), written softplus(z) − t·z: stable for logits of any size.

    The mean over the outputs. Its gradient is sigmoid(z) − t.

    >>> binary_cross_entropy_with_logits(Value(-1000.0), 1), binary_cross_entropy_with_logits(Value(1000.0), 1)
    (Value(1000.0), Value(0.0))
    """
    pairs = paired(logits, targets, "binary_cross_entropy_with_logits")
    check_probabilities([t for _, t in pairs], "binary_cross_entropy_with_logits")
    return mean_of([softplus(z) - t * z for z, t in pairs])


@in_scope("softmax cross-entropy")
def softmax_cross_entropy(logits: Outputs, target: Targets) -> Value:
    """−Σ t_j·[x_j − log Σ e^x]: the cross-entropy of softmax(x), stable for logits of any size (lectures, C3).

    The target is the number of the class, from 0 on, or a probability for each class (one-hot). The gradient is
    softmax(x) − t.

    >>> round(softmax_cross_entropy([Value(0.0), Value(0.0)], 1).data, 12)
    0.69314718056
    >>> softmax_cross_entropy([Value(1000.0), Value(-1000.0)], [0, 1])
    Value(2000.0)
    """
    xs = outputs_of(logits)
    return -_expected(log_softmax(xs), class_probabilities(target, len(xs), "softmax_cross_entropy"))


@in_scope("cross-entropy")
def cross_entropy(probabilities: Outputs, target: Targets) -> Value:
    """−Σ t_j·log p_j, where the p are probabilities, as a softmax layer gives them.

    The target is as in `softmax_cross_entropy`, which is the better choice where you have the logits. A logarithm
    below −100 counts as −100.

    >>> cross_entropy([Value(1.0), Value(0.5)], 0).data == 0
    True
    """
    ps = outputs_of(probabilities)
    check_outputs(ps, "cross_entropy", "output='softmax'")
    ts = class_probabilities(target, len(ps), "cross_entropy")
    return -sum_of([term for t, p in zip(ts, ps, strict=True) for term in _times_log(t, p)])


@in_scope("hinge")
def hinge(scores: Outputs, targets: Targets) -> Value:
    """relu(1 − t·score) for targets of +1 and −1, the mean over the outputs: the loss of micrograd's demo.

    >>> hinge(Value(0.25), 1), hinge(Value(0.25), -1), hinge(Value(2.0), 1)
    (Value(0.75), Value(1.25), Value(0.0))
    """
    pairs = paired(scores, targets, "hinge")
    check_each([t for _, t in pairs], lambda t: t in (-1, 1), "hinge", SIGNS)
    return mean_of([relu(1 - t * score) for score, t in pairs])


def _expected(logs: Sequence[Value], targets: Sequence[Any]) -> Value:
    """Σ t·log p; a target that is the number 0 or 1 needs no product."""
    return sum_of([term for t, x in zip(targets, logs, strict=True) for term in _times(t, x)])


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
