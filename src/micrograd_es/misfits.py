"""Calls that do not fit a function: what it was given, what it takes, and what to write instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from functools import wraps
from inspect import Parameter, signature
from typing import Any, ParamSpec, TypeVar

from micrograd_es.maths import counted

P = ParamSpec("P")
R = TypeVar("R")


def with_advice(example: str, instead: Mapping[str, str]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function say what to write where a call does not fit it.

    `example` is a call that fits; `instead` has what to write for options of other libraries, by their names.

    >>> @with_advice("half(3.0)", {"value": "x"})
    ... def half(x, *, digits=2):
    ...     return round(x / 2, digits)
    >>> half(3.0, digits=1)
    1.5
    >>> half(3.0, digit=1)
    Traceback (most recent call last):
        ...
    TypeError: half has no option 'digit'; expected one of 'digits'. Write digits=….
    """

    def decorated(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def called(*given: P.args, **options: P.kwargs) -> R:
            try:
                return function(*given, **options)
            except TypeError:
                told = _misfit(function, given, options, example, instead)
                if not told:
                    raise
            raise TypeError(told)

        return called

    return decorated


def _misfit(
    function: Callable[..., Any],
    given: Sequence[Any],
    options: Mapping[str, Any],
    example: str,
    instead: Mapping[str, str],
) -> str:
    """Why a call does not fit a function; nothing where it does."""
    form = signature(function)
    try:
        form.bind(*given, **options)
    except TypeError:
        pass
    else:
        return ""
    name = example.partition("(")[0]
    parts = {part.name: part for part in form.parameters.values() if part.name != "self"}
    places = [part for part in parts.values() if part.kind is Parameter.POSITIONAL_OR_KEYWORD]
    given = given[len(form.parameters) - len(parts) :]
    wrong = next((option for option in options if option not in parts), None)
    if wrong is not None:
        close = get_close_matches(wrong, parts, 1)
        help_ = instead.get(wrong) or (f"{close[0]}=…" if close else example)
        known = [repr(part.name) for part in parts.values() if part.kind is Parameter.KEYWORD_ONLY] or list(
            map(repr, parts)
        )
        return f"{name} has no option {wrong!r}; expected one of {', '.join(known)}. Write {help_}."
    if len(given) > len(places) and not any(part.kind is Parameter.VAR_POSITIONAL for part in parts.values()):
        expected = f"{len(places)}: {', '.join(part.name for part in places)}"
        return (
            f"{name} was given {counted(len(given), 'argument')} without a name; expected {expected}. Write {example}."
        )
    left = [part for part in parts.values() if part.name not in options and part not in places[: len(given)]]
    needed = [
        part.name for part in left if part.default is Parameter.empty and part.kind is not Parameter.VAR_POSITIONAL
    ]
    return f"{name} was given no {', '.join(needed)}; expected one. Write {example}." if needed else ""
