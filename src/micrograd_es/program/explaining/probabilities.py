"""Which targets are probabilities: (P − T)/m is the gradient of a cross-entropy only where they sum to 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from micrograd_es.program.arrays import ARRAYS
from micrograd_es.program.rules import rules_of
from micrograd_es.program.tape import Tape

POINTS = 3  # at which it is tried


def sum_to_one(tape: Tape, targets: Sequence[int]) -> bool:
    """Whether numbers that depend on no parameter sum to 1 wherever the inputs that they are made of do.

    It is tried at some points: so a softmax, however it is written, and smoothed labels do, and their squares do not.
    """
    needed = tape.behind(targets)
    given = sorted(number for number in needed if number < tape.inputs)
    if set(given) >= set(targets):
        return True
    numbers = np.random.default_rng(0).uniform(0.1, 1.0, (len(given), POINTS))
    if len(given) % len(targets) == 0:
        tables = numbers.reshape(-1, len(targets), POINTS)
        numbers = (tables / tables.sum(axis=1, keepdims=True)).reshape(len(given), POINTS)
    found: dict[int, Any] = dict(zip(given, numbers, strict=True))
    found |= {tape.first_constant + i: x for i, x in enumerate(tape.constants)}
    with np.errstate(all="ignore"):
        for number in sorted(needed):
            entry = tape.entry(number)
            if entry:
                inputs = [np.asarray(found[x], float) for x in entry.inputs]
                found[number] = rules_of(entry.op, len(inputs)).forward(ARRAYS, *inputs)
        return bool(np.allclose(sum(found[target] for target in targets), 1.0, rtol=1e-9, atol=0.0))
