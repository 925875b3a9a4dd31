"""Losses: from the outputs of a network for one example, and its target, to one Value.

Outputs are a list of Values (one Value stands for a list of one); targets are numbers, or Values where a recorded
program gets them as inputs. The mean over a batch is `mean`. The rules are those of PyTorch's functions of the same
purpose; `LOSSES` has them by name, with the output layer and the targets that each expects.

>>> from micrograd_es import Value, losses
>>> losses.mse([Value(3.0), Value(1.0)], [1.0, 1.0])
Value(2.0)
"""

from micrograd_es.losses.functions import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    half_squared_error,
    hinge,
    mse,
    softmax_cross_entropy,
)
from micrograd_es.losses.penalties import l1, l2
from micrograd_es.losses.table import LOSSES, Loss
from micrograd_es.losses.terms import mean

__all__ = [
    "LOSSES",
    "Loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "half_squared_error",
    "hinge",
    "l1",
    "l2",
    "mean",
    "mse",
    "softmax_cross_entropy",
]
