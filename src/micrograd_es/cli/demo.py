"""The command `demo`: the figure sets of the lectures."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from micrograd_es.cli.inputs import UsageError
from micrograd_es.cli.terminal import Progress, say


def demo(given: Namespace) -> int:
    """Make the figure sets and print the files, or list what there is."""
    from micrograd_es import demos

    known = demos.topics()
    topics = [_topic(name, list(known)) for name in given.topics]
    if given.list:
        width = max(map(len, known))
        for name in topics or known:
            topic = known[name]
            say(f"{name:{width}}  {topic.title[given.language]}\n{'':{width}}  {topic.about[given.language]}")
        return 0
    with Progress("making the demos") as progress:
        files = demos.make_all(Path(given.output), given.language, topics, lambda line: progress(f"making {line}"))
    for file in files:
        say(str(file))
    return 0


def _topic(name: str, known: Sequence[str]) -> str:
    """The topic of that name or that number, c1 for c01_linear_regression, or the only one that begins with it."""
    exact = [topic for topic in known if name in (topic, re.sub(r"\b([a-z])0*", r"\1", topic.partition("_")[0]))]
    found = exact or [topic for topic in known if name and topic.startswith(name)]
    if len(found) != 1:
        what = f"several demos begin with {name!r}" if found else f"no demo is called {name!r}"
        raise UsageError(f"{what}; expected one of {', '.join(found or known)}.")
    return found[0]
