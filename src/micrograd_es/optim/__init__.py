"""Optimisers: how parameters follow their gradients downhill, with floats or with flat arrays by the same rule.

>>> from micrograd_es import Value, optim
>>> w = Value(3.0, "w")
>>> optimizer = optim.SGD(rate=0.1)
>>> (w * w).backward()
>>> optimizer.step([w])
>>> round(w.data, 12)
2.4
"""

from micrograd_es.optim.optimizer import Optimizer
from micrograd_es.optim.rules import OPTIMIZERS, SGD, Adam, AdamW, Momentum, Nesterov
from micrograd_es.optim.schedules import SCHEDULES, constant, cosine, exponential, inverse, linear, staircase, warm_up

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "SGD",
    "Adam",
    "AdamW",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "constant",
    "cosine",
    "exponential",
    "inverse",
    "linear",
    "staircase",
    "warm_up",
]
