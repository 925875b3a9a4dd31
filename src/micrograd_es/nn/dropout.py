"""Dropout: some outputs removed at random while training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any

from micrograd_es.maths import Number
from micrograd_es.nn.initial import generator
from micrograd_es.nn.inputs import as_list
from micrograd_es.nn.module import Module
from micrograd_es.replay import RECORDING, RecordingError
from micrograd_es.value import Value, as_value


class Dropout(Module):
    """Sets each input to 0 with probability p while training, and scales the others by 1/(1 − p).

    So the expected value stays, and predicting (after `eval()`) changes nothing: inverted dropout. The same `seed`
    draws the same masks in the same order.

    >>> dropout = Dropout(0.5, seed=1)
    >>> [v.data for v in dropout([Value(1.0), Value(2.0), Value(3.0), Value(4.0)])]
    [0.0, 4.0, 6.0, 0.0]
    >>> [v.data for v in dropout.eval()([Value(1.0), Value(2.0)])]
    [1.0, 2.0]
    """

    def __init__(self, p: float, seed: int | Random | None = 0) -> None:
        if isinstance(p, bool) or not isinstance(p, int | float):
            raise TypeError(f"p is {p!r} ({type(p).__name__}); expected a probability. Write Dropout(0.2).")
        if not 0 <= p < 1:
            raise ValueError(f"p is {p!r}; expected a probability from 0 to below 1. Write Dropout(0.2).")
        self.p, self.random = p, generator(seed)
        self.size = 0  # how many inputs the last call had
        self._given: list[Any] | None = None

    def mask(self, size: int) -> list[float]:
        """Draw a mask: 0 for what is removed, 1/(1 − p) for what stays.

        >>> Dropout(0.0).mask(3)
        [1.0, 1.0, 1.0]
        """
        return [0.0 if self.random.random() < self.p else 1 / (1 - self.p) for _ in range(size)]

    @contextmanager
    def using(self, mask: Sequence[Value | Number]) -> Iterator[None]:
        """Use this mask while it lasts instead of drawing one: a recorded program gets its masks as inputs.

        >>> dropout = Dropout(0.5)
        >>> with dropout.using([0.0, 2.0]):
        ...     print([v.data for v in dropout([Value(3.0), Value(4.0)])])
        [0.0, 8.0]
        """
        before, self._given = self._given, as_list(mask, "the mask")
        try:
            yield
        finally:
            self._given = before

    def forward(self, x: Any) -> list[Value]:
        """The inputs times a mask while training; otherwise the inputs."""
        xs = [as_value(v) for v in as_list(x, "the dropout")]
        self.size = len(xs)
        if not self.training or (self.p == 0 and self._given is None):
            return xs
        if self._given is None and RECORDING.get():
            raise RecordingError("a mask of Dropout was drawn", "Call model.eval(), or give it one with using(mask).")
        mask = self.mask(len(xs)) if self._given is None else self._given
        if len(mask) != len(xs):
            raise ValueError(
                f"the mask of the dropout has {len(mask)} numbers; expected {len(xs)}, one for each input."
            )
        return [v * m for v, m in zip(xs, mask, strict=True)]

    def parts(self) -> Iterator[tuple[str, Value | Module]]:
        """Nothing: a mask that is in use is no parameter."""
        return iter(())

    def __repr__(self) -> str:
        return f"Dropout({self.p:g})"
