"""The Playground's features: what a network is given of a point in the plane instead of, or besides, x1 and x2."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from micrograd_es.data.checks import Floats
from micrograd_es.data.data import Data
from micrograd_es.maths import counted

# fmt: off
FEATURES: dict[str, Callable[[Floats, Floats], Floats]] = {
    "x1":    lambda x1, x2: x1,
    "x2":    lambda x1, x2: x2,
    "x1²":   lambda x1, x2: x1 * x1,
    "x2²":   lambda x1, x2: x2 * x2,
    "x1·x2": lambda x1, x2: x1 * x2,
    "sin x1": lambda x1, x2: np.sin(x1),
    "sin x2": lambda x1, x2: np.sin(x2),
}
# fmt: on
_TWINS = {"^2": "²", "**2": "²", "*": "·", "x1x2": "x1·x2", "sin(x1)": "sin x1", "sin(x2)": "sin x2"}


def with_features(data: Data, features: Sequence[str]) -> Data:
    """The same rows with these features of the plane as inputs.

    They are x1, x2, x1², x2², x1·x2, sin x1 and sin x2; x1^2, x1**2, x1*x2, x1x2 and sin(x1) are read too.

    >>> data = with_features(Data([[2, 3]], [1]), ["x1", "x2^2", "x1*x2"])
    >>> data.names, data.inputs.tolist()
    (('x1', 'x2²', 'x1·x2'), [[2.0, 9.0, 6.0]])

    Raises ValueError for an unknown feature, for none at all, and for data that are not of a plane.
    """
    return replace(data, inputs=columns(data.inputs, features), names=feature_names(features))


def columns(points: Any, features: Sequence[str]) -> Floats:
    """The features of points in the plane, one column each."""
    if points.shape[1] != 2:
        raise ValueError(
            f"the data have {counted(points.shape[1], 'input')}; expected 2, the plane that features are made of."
        )
    return np.column_stack([FEATURES[name](*points.T) for name in feature_names(features)])


def feature_names(features: Sequence[str]) -> tuple[str, ...]:
    """The features' own names. Raises ValueError where one is unknown or stands twice, or there is none."""
    if isinstance(features, str):
        raise TypeError(f"the features are {features!r}; expected a list of names. Write [{features!r}].")
    names = tuple(_named(feature) for feature in features)
    if not names or len(set(names)) < len(names):
        raise ValueError(f"the features are {list(features)}; expected one or more, each of them once.")
    return names


def _named(feature: str) -> str:
    name = str(feature).strip()
    for twin, own in _TWINS.items():
        name = name.replace(twin, own)
    if name not in FEATURES:
        raise ValueError(f"no feature is called {feature!r}; expected some of {', '.join(FEATURES)}.")
    return name
