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
        parts = [part for part in form.parameters.values() if part.name != "self"]
        given = given[len(form.parameters) - len(parts) :]
        name = example.partition("(")[0]
        told = _unknown(parts, options, instead) or _too_many(parts, len(given)) or _lacking(parts, len(given), options)
        how, _, write = told.partition("\n")
        return told and f"{name} {how} Write {write or example}."
    return ""


def _unknown(parts: Sequence[Parameter], options: Mapping[str, Any], instead: Mapping[str, str]) -> str:
    """What is said of the first option that is none; in a second line what to write, where that is known."""
    names = [part.name for part in parts]
    wrong = next((option for option in options if option not in names), None)
    if wrong is None:
        return ""
    known = [part.name for part in parts if part.kind is Parameter.KEYWORD_ONLY] or names
    close = get_close_matches(wrong, names, 1)
    write = instead.get(wrong) or (f"{close[0]}=…" if close else "")
    return f"has no option {wrong!r}; expected one of {', '.join(map(repr, known))}.\n{write}"


def _too_many(parts: Sequence[Parameter], count: int) -> str:
    """What is said of more arguments without a name than there are places."""
    places = [part.name for part in parts if part.kind is Parameter.POSITIONAL_OR_KEYWORD]
    if count <= len(places) or any(part.kind is Parameter.VAR_POSITIONAL for part in parts):
        return ""
    arguments = counted(count, "argument")
    return f"was given {arguments} without a name; expected {len(places)}: {', '.join(places)}."


def _lacking(parts: Sequence[Parameter], count: int, options: Mapping[str, Any]) -> str:
    """What is said of arguments that have to be given, and are not."""
    named = [part for part in parts if part.kind is Parameter.KEYWORD_ONLY]
    places = [part for part in parts if part.kind is Parameter.POSITIONAL_OR_KEYWORD]
    left = [part for part in (*places[count:], *named) if part.default is Parameter.empty]
    needed = [part.name for part in left if part.name not in options]
    every = "one" if len(needed) == 1 else "each of them"
    return f"was given no {' and no '.join(needed)}; expected {every}." if needed else ""
