"""Losses that are summed over several positions of an example, as a lecture writes them (B4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Value, losses
from micrograd_es.program import Program, record
from printed_formulas import check_printed
from test_program_blocks import network
from test_program_explain import check_matrices, formulas

Rows = Any
Fn = Callable[[Rows, Rows], Any]


def at_positions(loss: Callable[[Any, Any], Any], n: int = 5, k: int = 3, whole: bool = False) -> Program:
    """A 2-4-k network at n positions of an example, and the loss of all its outputs with n×k targets."""
    net = network(2, 4, k)
    if whole:
        return record(lambda x, t: loss([net(x[2 * i : 2 * i + 2]) for i in range(n)], pairs(t, k)), [0.1] * 2 * n, [0.3] * n * k)
    return record(lambda xs, ts: loss([net(x) for x in xs], ts), [[0.1] * 2] * n, [[0.3] * k] * n)


def pairs(numbers: Any, k: int) -> list[Any]:
    return [numbers[i : i + k] for i in range(0, len(numbers), k)]


def each(loss: Callable[[Any, Any], Any], scale: float = 1.0) -> Fn:
    """The sum of a loss over the positions."""
    return lambda ys, ts: es.sum([loss(y, t) for y, t in zip(ys, ts, strict=True)]) * scale
