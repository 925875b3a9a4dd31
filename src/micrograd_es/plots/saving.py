"""Plots in files: whole or not at all, and the same bytes each time."""

from __future__ import annotations

from io import BytesIO
from os import PathLike
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from micrograd_es.files import as_path, write_files

SUFFIXES = (".svg", ".pdf", ".png")


def save(figure: Figure, path: str | PathLike[str]) -> Path:
    """Write a plot to a file whose ending says how, and give its path.

    Two runs write the same bytes: no date, no random names. Letters are outlines in an SVG, so that it looks the same
    everywhere; text to search for in a PDF.

    >>> from tempfile import TemporaryDirectory
    >>> from micrograd_es import plots
    >>> with TemporaryDirectory() as folder:
    ...     save(plots.activation("tanh"), Path(folder, "tanh.svg")).name
    'tanh.svg'

    Raises ValueError for another ending, and OSError where the file cannot be written; then it stays as it was.
    """
    path = as_path(path)
    if not isinstance(figure, Figure):
        what = f"what is to be saved is {figure!r} ({type(figure).__name__})"
        raise TypeError(f"{what}; expected a plot. Write plots.save(plots.…(…), {path.name!r}).")
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"{path.name} does not say how to save; expected one of {', '.join(SUFFIXES)}.")
    dates = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}, ".png": {"Software": None}}
    about = {**dates[suffix], "Title": title_of(figure)}
    file = BytesIO()
    with rc_context({"svg.hashsalt": "micrograd_es", "svg.fonttype": "path", "pdf.fonttype": 42}):
        figure.savefig(file, format=suffix[1:], metadata=about, facecolor=figure.get_facecolor())
    write_files({path: file.getvalue()})
    return path


def title_of(figure: Figure) -> str:
    """What a plot is called: by the title over all of it, or else by that of its first axes that have one."""
    titles = [figure.get_suptitle(), *[axes.get_title() for axes in figure.axes]]
    return next(filter(None, titles), "")
