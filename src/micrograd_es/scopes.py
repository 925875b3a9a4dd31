"""Names for the parts of a computation: `with scope("σ"):` marks the Values made inside, and scopes nest.

A figure can show a scope open, as a dashed box round its gates, or folded into one gate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import NamedTuple

from micrograd_es.ops import Op


class Scope:
    """One part of a computation, opened once: two neurons of the same name are two Scopes.

    `name` is any text, `outer` the Scope round it or None.
    """

    __slots__ = ("name", "outer")

    def __init__(self, name: str, outer: Scope | None = None) -> None:
        self.name = name
        self.outer = outer

    def path(self) -> tuple[Scope, ...]:
        """The Scopes from the outermost to this one."""
        scopes = [self]
        while scopes[-1].outer is not None:
            scopes.append(scopes[-1].outer)
        return tuple(reversed(scopes))

    def __repr__(self) -> str:
        return f"Scope({' · '.join(s.name for s in self.path())!r})"


class Origin(NamedTuple):
    """Where a Value comes from: the row of the table that made it (None for a leaf), the Scope, and its label.

    Values of one row and Scope share it until one gets a label: a node stays small, and quick to make and to look at.
    """

    op: Op | None
    scope: Scope | None
    label: str = ""


origin: Callable[[tuple[object, ...]], Origin] = partial(tuple.__new__, Origin)  # as Origin(*…), in half the time


class Origins(dict[Op | None, Origin]):
    """The origins of what is made in one Scope, or in none, by row; each is made when it is first asked for."""

    __slots__ = ("scope",)

    def __init__(self, scope: Scope | None) -> None:
        self.scope = scope

    def __missing__(self, row: Op | None) -> Origin:
        found = self[row] = origin((row, self.scope, ""))
        return found


OUTSIDE = Origins(None)
OPENED: list[bool] = []  # empty until a scope is opened for the first time: before that nobody has to ask which it is
CURRENT: ContextVar[Origins] = ContextVar("micrograd_es.scope", default=OUTSIDE)


@contextmanager
def scope(name: str) -> Iterator[Scope]:
    """Name the Values that are made inside.

    >>> from micrograd_es import Value, exp
    >>> x = Value(1.0, "x")
    >>> with scope("σ"):
    ...     s = 1 / (1 + exp(-x))
    >>> s.scope
    Scope('σ')

    Scopes belong to a thread (and to an asyncio task), so two of them do not disturb each other.
    Raises TypeError where the name is not text.
    """
    if not isinstance(name, str):
        raise TypeError(
            f"the name of a scope is {name!r} ({type(name).__name__}); expected text. Write scope({str(name)!r})."
        )
    OPENED[:] = [True]
    inner = Scope(name, CURRENT.get().scope)
    token = CURRENT.set(Origins(inner))
    try:
        yield inner
    finally:
        CURRENT.reset(token)
