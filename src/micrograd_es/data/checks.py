"""What data must be: tables of finite numbers with as many rows as there are targets."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def whole(name: str, given: Any, least: int) -> int:
    """The whole number that was given. Raises TypeError or ValueError, with its name, for anything else."""
    if isinstance(given, bool) or not isinstance(given, int | np.integer):
        raise TypeError(f"{name} is {given!r}; expected a whole number.")
    if given < least:
        raise ValueError(f"{name} is {given}; expected {least} or more.")
    return int(given)


def within(name: str, given: Any, least: float, most: float, hint: str) -> float:
    """The number that was given. Raises TypeError or ValueError where it is none, or outside the limits."""
    if isinstance(given, bool) or not isinstance(given, int | float | np.number):
        raise TypeError(f"{name} is {given!r}; expected a number. {hint}")
    if not least <= given <= most:
        raise ValueError(f"{name} is {given}; expected from {least:g} to {most:g}. {hint}")
    return float(given)


def checked_table(name: str, given: Any) -> Floats:
    """A copy, which cannot be written to, of a table of finite numbers with a row or more."""
    table = _numbers(name, given)
    if table.ndim != 2 and table.size:
        instead = "[[x] for x in …]" if table.ndim < 2 else f"x.reshape({len(table)}, {table.size // len(table)})"
        raise ValueError(f"the {name} have the shape {table.shape}; expected rows and columns. Write {instead}.")
    if table.ndim != 2 or 0 in table.shape:
        raise ValueError(f"the {name} are empty: {table.shape}; expected a row of numbers for each example.")
    if not np.isfinite(table).all():
        row, column = np.argwhere(~np.isfinite(table))[0].tolist()
        raise ValueError(f"row {row}, column {column} of the {name} is {table[row, column]}; expected a finite number.")
    table.setflags(write=False)
    return table


def checked_targets(given: Any, rows: int, kind: str) -> Floats:
    """The targets as a table of as many rows as the inputs have; one number a row is a column."""
    if kind not in ("classification", "regression"):
        raise ValueError(f"kind is {kind!r}; expected 'classification' or 'regression'.")
    numbers = _numbers("targets", given)
    table = checked_table("targets", numbers.reshape(-1, 1) if numbers.ndim == 1 else numbers)
    if len(table) != rows:
        raise ValueError(f"there are {rows} rows of inputs and {len(table)} of targets; expected as many of both.")
    if kind == "classification":
        _check_classes(table)
    return table


def _numbers(name: str, given: Any) -> Floats:
    if not isinstance(given, np.ndarray):
        if not hasattr(given, "__iter__"):
            raise TypeError(
                f"the {name} are {given!r} ({type(given).__name__}); expected numbers, in rows of one length."
            )
        given = list(given)
    try:
        found = np.asarray(given)
    except ValueError:
        raise TypeError(f"the {name} are rows of different lengths; expected numbers, in rows of one length.") from None
    if found.dtype.kind not in "iuf":
        if found.size == 0:
            return np.zeros((0, 0))
        odd = next((x for x in np.asarray(given, dtype=object).flat if not isinstance(x, Real)), found.dtype.name)
        raise TypeError(
            f"the {name} hold {repr(odd)[:60]}; expected numbers, in rows of one length.{_instead_of(odd, name)}"
        )
    return found.astype(np.float64)


def _instead_of(odd: object, name: str) -> str:
    """What to write in place of text in a table."""
    if not isinstance(odd, str):
        return ""
    try:
        float(odd)
    except ValueError:
        return " Write Data.labelled(inputs, labels) for names of classes." if name == "targets" else ""
    return f" Write np.array({name}, float)."


def _check_classes(targets: Floats) -> None:
    if targets.shape[1] > 1:
        sound = np.isin(targets, (0, 1)).all() and (targets.sum(axis=1) == 1).all()
    else:
        sound = np.isin(targets, (0, 1)).all() or np.isin(targets, (-1, 1)).all()
    if not sound:
        wrong = targets if targets.shape[1] == 1 else targets[targets.sum(axis=1) != 1][:1]
        raise ValueError(
            f"the targets of a classification are {str(np.unique(wrong).tolist())[:60]}; expected −1 and 1, 0 and 1, "
            "or a column for each class with a single 1 in each row. Write Data.labelled(inputs, labels) for numbers "
            "or names of classes, kind='regression' for other numbers."
        )
