"""The commands `draw`, `frames` and `worksheet`."""

from __future__ import annotations

import sys
import unicodedata
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from micrograd_es.cli.arguments import FIGURE_SUFFIXES, FILM_SUFFIXES, SHEET_SUFFIXES
from micrograd_es.cli.inputs import UsageError, graph
from micrograd_es.cli.terminal import Progress, is_terminal, say, say_bytes
from micrograd_es.graph import topological

if TYPE_CHECKING:
    from micrograd_es.figures.drawing import Look
    from micrograd_es.value import Value


def draw(given: Namespace) -> int:
    """Make the figure and write it to every file that is named, or to stdout."""
    _check_endings(given.output, FIGURE_SUFFIXES)
    if not given.output and is_terminal(sys.stdout):
        raise UsageError("a figure does not fit a terminal. Name a file to write it to: -o f.svg")
    from micrograd_es.figures import draw

    with Progress("drawing"):
        figure = draw(_graph(given, "draw"), **_look(given))
        svg = b"" if given.output else figure.svg().encode("utf-8")
    if not given.output:
        say_bytes(svg)
    for name in given.output:
        with Progress(f"drawing {name}"):
            written = figure.save(name)
        say(str(written))
    return 0


def frames(given: Namespace) -> int:
    """Make the frames and write them to every file that is named."""
    if not given.output:
        raise UsageError("frames are written to a file. Name it: -o film.html (or .pdf, .gif, .svg, .png)")
    _check_endings(given.output, FILM_SUFFIXES)
    from micrograd_es.figures import frames

    f = _graph(given, "frames")
    unroll = None if given.unroll is None else _input(f, given.unroll)
    with Progress("laying out the frames"):
        film = frames(f, unroll, **_look(given))
    for name in given.output:
        with Progress(f"making {len(film)} frames for {name}"):
            written = film.save(name)
        for path in written if isinstance(written, list) else [written]:
            say(str(path))
    return 0


def worksheet(given: Namespace) -> int:
    """Make the worksheet and write it and its key to every file that is named: all of them, or none."""
    if not given.output and not given.key:
        raise UsageError("a worksheet is written to a file. Name it: -o sheet.pdf --key key.pdf")
    _check_endings([*given.output, *given.key], SHEET_SUFFIXES)
    from micrograd_es.figures import worksheet

    f = _graph(given, "worksheet")
    with Progress("making the worksheet"):
        ask = [unicodedata.normalize("NFKC", name) for name in given.ask or ["all"]]
        sheet = worksheet(f, ask, task=given.task, **_scalar_look(given))
        written = sheet.save_all(given.output, given.key)
    for path in written:
        say(str(path))
    return 0


def _graph(given: Namespace, command: str) -> Value:
    """The graph; its named steps are scopes where something is to be folded, or drawn as a block."""
    level = getattr(given, "level", None)  # a worksheet has no blocks
    folds = any(option is not None for option in (given.fold, given.depth, level))
    f = graph(given.expression, given.values, command, exact=given.exact, scopes=folds)
    for option, asked in (("--fold", given.fold), ("--level", level)):
        if asked is not None and not any(node.scope for node in topological(f)):
            raise ValueError(f'{option} is for steps that have a name. Name them: "q = x + y; f = q * z"')
    return f


def _look(given: Namespace) -> Look:
    """The flags as the options of `draw`."""
    return {**_scalar_look(given), "level": given.level, "layout": given.layout, "symbols": given.symbols}


def _scalar_look(given: Namespace) -> Look:
    """The flags of a graph of gates as the options of `draw`."""
    return {
        "fold": given.fold,
        "depth": given.depth,
        "constants": given.constants,
        "direction": given.direction,
        "roles": given.roles,
        "local": given.local,
        "gradients": not given.no_gradients,
        "decimals": given.decimals,
        "digits": given.digits,
        "comma": given.comma,
        "theme": given.theme,
        "language": given.language,
        "title": given.title,
    }


def _check_endings(names: Sequence[str], endings: Sequence[str]) -> None:
    """Refuse a file that cannot be written before any other is."""
    for name in names:
        if Path(name).suffix.lower() not in endings:
            raise UsageError(
                f"{name!r} does not say how to write it: expected a name that ends in {', '.join(endings)}."
            )


def _input(f: Value, name: str) -> Value:
    """The input of that name."""
    from micrograd_es.graph import leaves

    named = {leaf.label: leaf for leaf in leaves(f)}
    try:
        return named[unicodedata.normalize("NFKC", name)]
    except KeyError:
        raise UsageError(f"--unroll: no input is called {name!r}; there are {', '.join(named) or 'none'}.") from None
