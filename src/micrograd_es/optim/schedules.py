"""Schedules: the learning rate as a function of the number of the step, from 0 on."""

from __future__ import annotations

import math
from collections.abc import Callable

from micrograd_es.maths import as_number

Schedule = Callable[[int], float]


def constant(rate: float) -> Schedule:
    """The same rate at every step.

    >>> constant(0.1)(7)
    0.1
    """
    _check_numbers(rate=rate)
    return lambda k: rate


def staircase(rate: float, every: int, factor: float = 0.1) -> Schedule:
    """The rate times `factor` after every so many steps: rate·factor^⌊k/every⌋ (PyTorch's StepLR).

    >>> [staircase(1.0, every=2, factor=0.5)(k) for k in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    _check_steps(every, "every")
    _check_numbers(rate=rate, factor=factor)
    return lambda k: rate * factor ** (k // every)


def exponential(rate: float, factor: float) -> Schedule:
    """The rate times `factor` at every step: rate·factor^k (PyTorch's ExponentialLR).

    >>> exponential(1.0, 0.5)(3)
    0.125
    """
    _check_numbers(rate=rate, factor=factor)
    return lambda k: rate * factor**k


def linear(rate: float, end: float, steps: int) -> Schedule:
    """From `rate` in a straight line to `end` after so many steps, and `end` from then on.

    micrograd's demo has 1 − 0.9·k/100, which is `linear(1.0, 0.1, 100)`.

    >>> [round(linear(1.0, 0.1, 100)(k), 12) for k in (0, 50, 100, 200)]
    [1.0, 0.55, 0.1, 0.1]
    """
    _check_steps(steps, "steps")
    _check_numbers(rate=rate, end=end)
    return lambda k: rate - (rate - end) * min(k, steps) / steps


def cosine(rate: float, steps: int, end: float = 0.0) -> Schedule:
    """Half a wave from `rate` down to `end` after so many steps, and `end` from then on.

    end + (rate − end)·(1 + cos(π·k/steps))/2, PyTorch's CosineAnnealingLR, which goes up again after its end.

    >>> [round(cosine(1.0, 10)(k), 12) for k in (0, 5, 10, 15)]
    [1.0, 0.5, 0.0, 0.0]
    """
    _check_steps(steps, "steps")
    _check_numbers(rate=rate, end=end)
    return lambda k: end + (rate - end) * (1 + math.cos(math.pi * min(k, steps) / steps)) / 2


def inverse(rate: float, decay: float) -> Schedule:
    """rate/(1 + decay·k): slower and slower, but never for good.

    >>> [inverse(1.0, 1.0)(k) for k in (0, 1, 3)]
    [1.0, 0.5, 0.25]
    """
    _check_numbers(rate=rate, decay=decay)
    return lambda k: rate / (1 + decay * k)


def warm_up(rate: float | Schedule, steps: int) -> Schedule:
    """From rate/steps up to `rate` in so many steps; then `rate`, or a schedule that begins there.

    >>> [warm_up(1.0, 4)(k) for k in range(6)]
    [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    """
    _check_steps(steps, "steps")
    after = rate if callable(rate) else constant(rate)
    return lambda k: after(0) * (k + 1) / steps if k < steps else after(k - steps)


def _check_steps(steps: object, what: str) -> None:
    if not isinstance(steps, int) or isinstance(steps, bool) or steps < 1:
        raise ValueError(f"{what} is {steps!r}; expected a number of steps, a whole number from 1 on.")


def _check_numbers(**numbers: float) -> None:
    """Raise an error for what is no finite number from 0 on."""
    for name, number in numbers.items():
        if as_number(number, name) < 0:
            raise ValueError(f"{name} is {number!r}; expected a number from 0 on.")


SCHEDULES: dict[str, Callable[..., Schedule]] = {
    "constant": constant,
    "staircase": staircase,
    "exponential": exponential,
    "linear": linear,
    "cosine": cosine,
    "inverse": inverse,
    "warm_up": warm_up,
}
"""The schedules by name."""
