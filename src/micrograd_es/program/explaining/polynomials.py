"""Sums of products, each with what it is multiplied by: what is added in a loss, and in a penalty."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)  # the factors of a product


def summed(parts: Iterable[Mapping[Key, float]]) -> dict[Key, float]:
    """The sum of several.

    >>> summed([{"x": 1.0, "y": 2.0}, {"y": -0.5}])
    {'x': 1.0, 'y': 1.5}
    """
    total: dict[Key, float] = {}
    for part in parts:
        for key, x in part.items():
            total[key] = total.get(key, 0.0) + x
    return total


def scaled(terms: Mapping[Key, float], by: float) -> dict[Key, float]:
    """One so many times."""
    return {key: x * by for key, x in terms.items()}
