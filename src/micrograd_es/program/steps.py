"""Running very long straight-line code: line by line, each kind of line compiled once.

Python takes ten microseconds to compile a line. The lines of a large program are of few kinds that differ in their
names only, so each is a function of what the names stand for, and the program a list of calls.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

_WORDS = re.compile(r"(?<![\w.])[A-Za-z_]\w*|\((?:\d+, )+\d+\)")  # names, but not of attributes; shapes

Step = tuple[Callable[..., None], tuple[Any, ...]]


def stepped(
    names: Mapping[str, Any], forward: Sequence[str | Step], backward: Sequence[str | Step]
) -> dict[str, Callable[..., None]]:
    """The functions "forward" and "backward" of some lines and steps; `names` is what the names in lines stand for."""
    seed = np.zeros(())
    known = {**names, "seed": seed}
    there, back = (
        [step_of(line, known) if isinstance(line, str) else line for line in lines] for lines in (forward, backward)
    )

    def run_forward() -> None:
        for step, given in there:
            step(*given)

    def run_backward(start: float) -> None:
        seed[()] = start
        run_forward()
        for step, given in back:
            step(*given)

    return {"forward": run_forward, "backward": run_backward}


def step_of(line: str, known: Mapping[str, Any]) -> Step:
    """A line as a function of what the names in it stand for, and that."""
    given: list[Any] = []

    def taken(match: re.Match[str]) -> str:
        word = match[0]
        if word[0] == "(":
            given.append(tuple(map(int, word[1:-1].split(", "))))
        elif word != "np" and word in known:
            given.append(known[word])
        else:
            return word
        return f"_{len(given)}"

    text = _WORDS.sub(taken, line)
    return _compiled(text, len(given)), tuple(given)


@cache
def _compiled(text: str, count: int) -> Callable[..., None]:
    """The function of a kind of line, which calls what it is given _1, _2 …"""
    parameters, body = ", ".join([f"_{i + 1}" for i in range(count)]), text.replace("\n", "\n    ")
    found: dict[str, Any] = {"np": np}
    exec(compile(f"def step({parameters}):\n    {body}\n", "<step>", "exec"), found)
    step: Callable[..., None] = found["step"]
    return step
