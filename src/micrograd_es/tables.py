"""Things that are chosen by name: a table, and one error for names that it does not have or that are missing."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TypeVar

T = TypeVar("T")

_LISTED = 8  # names that an error lists


def chosen(table: Mapping[str, T], name: object, what: str) -> T:
    """The row of a table, or an error that says which names there are.

    >>> chosen({"sgd": 1, "adam": 2}, "adan", "the optimiser")
    Traceback (most recent call last):
        ...
    ValueError: the optimiser is 'adan'; expected one of 'sgd', 'adam'. Did you mean 'adam'?
    """
    if isinstance(name, str) and name in table:
        return table[name]
    kind = TypeError if not isinstance(name, str) else ValueError
    close = get_close_matches(str(name), table, 1)
    listed = ", ".join(map(repr, list(table)[:_LISTED])) + (", …" if len(table) > _LISTED else "")
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise kind(f"{what} is {name!r}; expected one of {listed or 'none: the table is empty'}.{hint}")


def check_names(given: Mapping[str, object], expected: Mapping[str, object], what: str, told: str) -> None:
    """Raise a ValueError where a dict for a network lacks a name or has one too many.

    >>> check_names({"w": 1}, {"w": 0, "b": 0}, "the state", "the 2 parameters of the neuron")
    Traceback (most recent call last):
        ...
    ValueError: the state lacks 'b'; expected the 2 parameters of the neuron. Load it into a network of the same layers.
    """
    for wrong, names in (
        ("lacks", [name for name in expected if name not in given]),
        ("has the unknown", [name for name in given if name not in expected]),
    ):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise ValueError(
                f"{what} {wrong} {names[0]!r}{more}; expected {told}. Load it into a network of the same layers."
            )
