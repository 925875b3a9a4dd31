"""Sums of terms, means over a batch, and the scope that a loss stands in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import ParamSpec

from micrograd_es.functions import sum as total
from micrograd_es.scopes import scope
from micrograd_es.value import Value, as_value

P = ParamSpec("P")


def in_scope(name: str) -> Callable[[Callable[P, Value]], Callable[P, Value]]:
    """What a loss makes belongs to a scope of its name, so that a figure can show it as one gate."""

    def decorated(fn: Callable[P, Value]) -> Callable[P, Value]:
        @wraps(fn)
        def inner(*args: P.args, **kwargs: P.kwargs) -> Value:
            with scope(name):
                return fn(*args, **kwargs)

        return inner

    return decorated


def sum_of(terms: Sequence[Value]) -> Value:
    """The sum of the terms; of one, the term itself, without a gate."""
    return terms[0] if len(terms) == 1 else total(terms)


def mean_of(terms: Sequence[Value]) -> Value:
    """The mean of the terms; of one, the term itself, without a gate."""
    return terms[0] if len(terms) == 1 else total(terms) / len(terms)


def mean(losses: Iterable[Value]) -> Value:
    """The mean of the losses of a batch, as one Value.

    >>> mean([Value(1.0), Value(2.0)])
    Value(1.5)
    """
    if isinstance(losses, Value) or not isinstance(losses, Iterable):
        raise TypeError(f"the mean was given {losses!r}; expected a list of losses. Write mean([loss1, loss2]).")
    terms = [as_value(loss) for loss in losses]
    if not terms:
        raise ValueError("the mean was given no losses; expected at least one. Is the batch empty?")
    return mean_of(terms)
