"""The data sets by name, for the command line and whoever chooses one by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from types import MappingProxyType
from typing import Any

from micrograd_es.data.bundled import digits, iris
from micrograd_es.data.data import Data
from micrograd_es.data.playground import circle, gaussian, regression_gaussian, regression_plane, spiral, xor
from micrograd_es.data.shapes import moons, yin_yang
from micrograd_es.expression_errors import did_you_mean

DATASETS: Mapping[str, Callable[..., Data]] = MappingProxyType(
    {
        "circle": circle,
        "xor": xor,
        "gaussian": gaussian,
        "spiral": spiral,
        "regression-plane": regression_plane,
        "regression-gaussian": regression_gaussian,
        "moons": moons,
        "yin-yang": yin_yang,
        "iris": iris,
        "digits": digits,
    }
)


def dataset(name: str, **options: Any) -> Data:
    """The data set of that name, with the options of its function: n, noise, seed and so on.

    >>> dataset("regression-plane", n=100, noise=10)
    Data(100 rows of x1, x2; regression)

    Raises ValueError for a name that is not in `DATASETS`, and for an option that the set does not have.
    """
    make = DATASETS.get(name.replace("_", "-")) if isinstance(name, str) else None
    if make is None:
        close = f" {did_you_mean(name, DATASETS)}" if isinstance(name, str) else ""
        raise ValueError(f"no data set is called {name!r}; expected one of {', '.join(DATASETS)}.{close}".rstrip())
    known = list(signature(make).parameters)
    for option in options:
        if option not in known:
            raise ValueError(f"{name} has no option {option!r}; expected {', '.join(known) or 'none'}.")
    return make(**options)
