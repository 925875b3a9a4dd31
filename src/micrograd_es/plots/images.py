"""Rows of pixels as images, such as those of the digits."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from typing import Any, Unpack

from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from micrograd_es.data.checks import checked_table
from micrograd_es.plots.canvas import Canvas, Look

MOST = 40


def images(rows: Any, titles: Sequence[str] = (), **look: Unpack[Look]) -> Figure:
    """Each row as a square image, the larger a number the darker, with a title under each if there are any.

    >>> figure = images([[0, 1, 1, 0], [1, 0, 0, 1]], ["a", "b"])
    >>> figure.axes[0].child_axes[0].images[0].get_array().tolist()
    [[0.0, 1.0], [1.0, 0.0]]

    Raises ValueError where the length of a row is no square number.
    """
    table = checked_table("images", rows)
    side = isqrt(table.shape[1])
    if side * side != table.shape[1]:
        raise ValueError(f"the images have {table.shape[1]} pixels; expected a square number, such as 64.")
    if len(table) > MOST or len(titles) not in (0, len(table)):
        raise ValueError(f"{len(table)} images have {len(titles)} titles; expected up to {MOST}, and as many or none.")
    canvas = Canvas(**look)
    down = 1 if len(table) <= 3 else 2 if len(table) <= 12 else 4
    across = -(-len(table) // down)
    room = 0.98 / down
    share = min(room * 0.82, 0.92 / across * canvas.width / canvas.height)
    width = share * canvas.height / canvas.width
    for place, row in enumerate(table):
        x, top = (place % across + 0.5) / across - width / 2, 0.98 - place // across * room
        panel = canvas.panel(x, top - share, width, share)
        panel.imshow(row.reshape(side, side), cmap=_greys(canvas), aspect="auto")
        panel.set(xticks=[], yticks=[])
        for spine in panel.spines.values():
            spine.set(color=canvas.theme.muted, linewidth=1.4 * canvas.scale)
        if titles:
            canvas.label(panel, titles[place], size=0.9 if across < 6 else 0.6)
    canvas.heading(canvas.words["images"])
    return canvas.finished()


def _greys(canvas: Canvas) -> LinearSegmentedColormap:
    """From the paper to the ink."""
    return LinearSegmentedColormap.from_list("greys", [canvas.theme.paper, canvas.theme.ink])
