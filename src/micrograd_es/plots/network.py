"""A network as neurons in columns, its weights as colour and width (lectures, C9), δ on each neuron (B5)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple, Unpack

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle

from micrograd_es.figures.fonts import text_width
from micrograd_es.figures.layout import Place
from micrograd_es.nn import Sequential
from micrograd_es.plots.canvas import Canvas, Look

MOST = 10  # neurons of a column that are drawn; of more the first and the last ones are
SPOTS = (0.3, 0.36, 0.24, 0.42, 0.64, 0.7, 0.76, 0.58, 0.82)  # where on its line a weight may stand, the best first
SIZES = (20.0, 17.0, 14.5, 12.5)  # of the numbers of weights, the best first
LEFT = 0.08  # the middle of the first column, as a share of the width
LETTERS = 28  # of a name that are written
MARGIN = 0.25  # of the width: the most that the names of the inputs may take at the left of it

Edge = tuple[float, list[tuple[float, float]]]  # a weight, and the ends of its line


class Column(NamedTuple):
    """One column of circles: where it stands, how many there are, and the place and height of those drawn."""

    x: float
    size: int
    heights: dict[int, float]


def network(
    model: Any,
    deltas: Sequence[Sequence[float]] | None = None,
    biases: bool = False,
    names: Sequence[str] | None = None,
    decimals: int = 2,
    masks: Sequence[Sequence[float] | None] | None = None,
    weights: bool = False,
    **look: Unpack[Look],
) -> Figure:
    """The network drawn: a circle for each input and neuron, a line for each weight: blue above 0, orange below.

    A line is the wider the larger its weight is. With `deltas`, as `nn.deltas` gives them, each neuron shows its δ and
    is coloured by it; with `biases` its bias. Of a layer of more than 10 neurons the first and the last are drawn.
    `names` are those of the inputs; long ones stand beside their circles. With `masks`, one for each layer as
    `Dropout.mask` draws them (None for a layer that keeps all), the neurons whose number is 0 are removed: crossed out,
    without lines. With `weights` the lines of a small network have their numbers on them.

    >>> from micrograd_es.nn import MLP
    >>> figure = network(MLP(2, [3, 1]), names=["a", "b"])
    >>> len(figure.axes[0].collections[0].get_segments()), len(figure.axes[0].patches)
    (9, 6)
    """
    if not isinstance(model, Sequential) or not model.layers:
        raise TypeError(f"the model is {model!r}; expected a network of layers, an MLP or a Sequential.")
    canvas = Canvas(**look)
    numbers = [layer.numbers() for layer in model.layers]
    counts = [model.layers[0].n_in, *[layer.n_out for layer in model.layers]]
    shown = _shown(numbers, counts, deltas, biases)
    columns, radius = _columns(counts, canvas, LEFT)
    texts = [canvas.named(name) for name in _names(names, counts[0])]
    size = _beside([texts[i] for i in columns[0].heights], radius, canvas)
    if size:
        widest = max(text_width(text, size) for text in texts)
        columns, radius = _columns(counts, canvas, LEFT + widest / (72 * canvas.width))
    removed = _removed(masks, counts)
    _edges(canvas, columns, radius, [rows for rows, _ in numbers], removed, decimals if weights else None)
    _circles(canvas, columns, radius, shown, deltas is not None, [] if size else texts, decimals)
    _write_beside(canvas, columns[0], radius, texts, size)
    _crosses(canvas, columns, radius, removed)
    _captions(canvas, columns, model)
    canvas.heading(canvas.words["deltas" if deltas is not None else "biases" if biases else "network"])
    return canvas.finished()


def _names(names: Sequence[str] | None, count: int) -> list[str]:
    found = [f"x{i}" for i in range(1, count + 1)] if names is None else list(names)
    if len(found) != count:
        raise ValueError(f"{len(found)} names were given; expected {count}, one for each input.")
    return [name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…" for name in found]


def _beside(names: list[str], radius: float, canvas: Canvas) -> float:
    """The size of names that stand beside their circles, being too long to be read in them; 0 where all fit."""
    points = radius * canvas.height * 72
    widest = max(text_width(name, 1.0) for name in names)
    if 1.6 * points >= 0.5 * widest * min(0.75 * points, 26 * canvas.scale):
        return 0.0
    return min(20 * canvas.scale, 1.5 * points, MARGIN * canvas.width * 72 / widest)


def _write_beside(canvas: Canvas, column: Column, radius: float, names: list[str], size: float) -> None:
    """The names of the inputs at the left of their circles, where they have a size."""
    for number, y in column.heights.items() if size else ():
        where: dict[str, Any] = {"ha": "right", "va": "center", "fontsize": size, "color": canvas.theme.ink}
        canvas.ax.text(column.x - 1.25 * radius, y, names[number], **where)


def _shown(numbers: Any, counts: list[int], deltas: Any, biases: bool) -> list[list[float | None]]:
    """What stands in each neuron, layer by layer."""
    if deltas is not None and biases:
        raise ValueError("deltas and biases were both asked for; expected one. Leave one out.")
    if deltas is None:
        return [list(row) if biases and row else [None] * n for (_, row), n in zip(numbers, counts[1:], strict=True)]
    sizes = [len(row) for row in deltas]
    if sizes != counts[1:]:
        raise ValueError(f"the deltas are for layers of {sizes} neurons; expected {counts[1:]}, as the network has.")
    return [[float(delta) for delta in row] for row in deltas]


def _removed(masks: Any, counts: list[int]) -> set[tuple[int, int]]:
    """The neurons that the masks remove: the number of the column, inputs being 0, and of the neuron in it."""
    if masks is None:
        return set()
    sizes = [n if mask is None else len(mask) for mask, n in zip(masks, counts[1:], strict=False)]
    if len(masks) != len(counts) - 1 or sizes != counts[1:]:
        raise ValueError(f"the masks are for layers of {sizes} neurons; expected {counts[1:]}, as the network has.")
    return {(place, i) for place, mask in enumerate(masks, 1) for i, m in enumerate(mask or ()) if m == 0}


def _columns(counts: list[int], canvas: Canvas, left: float) -> tuple[list[Column], float]:
    """The columns from the share `left` of the width on, and the radius of their circles."""
    ends = (left, 1 - LEFT)
    columns = [_column(place / (len(counts) - 1), count, ends, canvas) for place, count in enumerate(counts)]
    return columns, _radius(columns)


def _column(place: float, count: int, ends: tuple[float, float], canvas: Canvas) -> Column:
    """The circles of one column, spread over the height; the plane is as wide as the plot for a height of 1."""
    drawn = list(range(count)) if count <= MOST else [*range(MOST - 3), count - 2, count - 1]
    slots = len(drawn) + (count > MOST)
    step = min(0.8 / max(slots, 1), 0.22)
    at = [slot + (slot > MOST - 4 and count > MOST) for slot in range(len(drawn))]
    heights = {number: 0.43 + ((slots - 1) / 2 - slot) * step for number, slot in zip(drawn, at, strict=True)}
    wide = canvas.width / canvas.height
    return Column(wide * (ends[0] + (ends[1] - ends[0]) * place), count, heights)


def _radius(columns: list[Column]) -> float:
    steps = [above - below for column in columns for above, below in pairwise(column.heights.values())]
    gaps = [after.x - before.x for before, after in pairwise(columns)]
    return min(0.46 * min(steps, default=0.2), 0.2 * min(gaps), 0.075)


def _edges(
    canvas: Canvas,
    columns: list[Column],
    radius: float,
    weights: list[Any],
    removed: set[tuple[int, int]],
    decimals: int | None,
) -> None:
    """A line for each weight between neurons that are drawn, the largest on top."""
    found = []
    largest = max((abs(float(w)) for layer in weights for row in layer for w in row), default=0.0) or 1.0
    for place, ((before, after), layer) in enumerate(zip(pairwise(columns), weights, strict=True)):
        for j, y in after.heights.items():
            for i, x in before.heights.items():
                if not removed & {(place, i), (place + 1, j)}:
                    found.append((float(layer[j][i]), [(before.x, x), (after.x, y)]))
    found.sort(key=lambda edge: abs(edge[0]))
    colours = [canvas.palette.positive if weight > 0 else canvas.palette.negative for weight, _ in found]
    most = max(len(before.heights) * len(after.heights) for before, after in pairwise(columns))
    widest = 9.4 * min(1.0, (20 / most) ** 0.5)  # thinner where there are many
    widths = [(0.6 + widest * abs(weight) / largest) * canvas.scale for weight, _ in found]
    canvas.ax.add_collection(LineCollection([line for _, line in found], colors=colours, linewidths=widths, zorder=1))
    if decimals is not None:
        circles = [Place(c.x, y, c.x, y).grown(0.9 * radius, 0.9 * radius) for c in columns for y in c.heights.values()]
        _weights(canvas, found, circles, decimals)
    handles = [
        Line2D([], [], color=colour, linewidth=6 * canvas.scale, label=canvas.words[name])
        for name, colour in (("positive", canvas.palette.positive), ("negative", canvas.palette.negative))
    ]
    where: dict[str, Any] = {"loc": "lower center", "bbox_to_anchor": (0.5, -0.12), "ncols": 2, "frameon": False}
    canvas.ax.legend(handles=handles, fontsize=20 * canvas.scale, labelcolor=canvas.theme.ink, **where)


def _weights(canvas: Canvas, edges: list[Edge], circles: list[Place], decimals: int) -> None:
    """The number of each weight on its line, before the middle, where lines cross, and where it hides no other.

    Where there is no room for all of them they are written smaller, but for the last size.
    """
    texts = [canvas.number(weight, decimals) for weight, _ in edges]
    for points in SIZES:
        size = points * canvas.scale
        places, fit = _places(edges, circles, texts, size / (72 * canvas.height))
        if fit:
            break
    for (x, y), text in zip(places, texts, strict=True):
        box = {"facecolor": canvas.theme.paper, "edgecolor": "none", "pad": size / 10}
        where: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": size, "zorder": 2, "bbox": box}
        canvas.ax.text(x, y, text, color=canvas.theme.ink, **where)


def _places(
    edges: list[Edge], circles: list[Place], texts: list[str], size: float
) -> tuple[list[tuple[float, float]], bool]:
    """Where the texts stand on the lines, those from above first, and whether none hides another or a circle."""
    found: dict[int, tuple[float, float]] = {}
    taken = circles[:]
    fit = True
    for number in sorted(range(len(edges)), key=lambda i: edges[i][1][0], reverse=True):
        (a, b), (c, d) = edges[number][1]
        spots = [(a + t * (c - a), b + t * (d - b)) for t in SPOTS]
        wide, high = 0.55 * text_width(texts[number], size), 0.6 * size
        room = [Place(x, y, x, y).grown(wide, high) for x, y in spots]
        best = next((i for i, place in enumerate(room) if not any(map(place.meets, taken))), -1)
        fit = fit and best >= 0
        taken.append(room[max(best, 0)])
        found[number] = spots[max(best, 0)]
    return [found[number] for number in range(len(edges))], fit


def _circles(
    canvas: Canvas, columns: list[Column], radius: float, shown: Any, coloured: bool, names: list[str], decimals: int
) -> None:
    """The circles with what stands in them; inputs have their name, if any."""
    numbers = [abs(x) for row in shown for x in row if x is not None]
    largest = max(numbers, default=0.0) or 1.0
    colours = canvas.palette.map()
    texts: list[tuple[float, float, str, Any]] = []
    for place, column in enumerate(columns):
        for number, y in column.heights.items():
            value = None if place == 0 else shown[place - 1][number]
            fill: Any = canvas.theme.folded if place == 0 else canvas.theme.gate
            if coloured and value is not None:
                fill = colours(0.5 + 0.5 * value / largest)
            edge: dict[str, Any] = {"edgecolor": canvas.theme.ink, "linewidth": 2.2 * canvas.scale, "zorder": 3}
            canvas.ax.add_patch(Circle((column.x, y), radius, facecolor=fill, **edge))
            text = "" if value is None else canvas.number(value, decimals)
            if place == 0 and names:
                text = names[number]
            texts.append((column.x, y, text, fill))
        if column.size > MOST:
            y = float(np.mean([column.heights[MOST - 4], column.heights[column.size - 2]]))
            canvas.ax.text(
                column.x, y, "⋮", ha="center", va="center", fontsize=26 * canvas.scale, color=canvas.theme.ink
            )
    _write(canvas, texts, radius)


def _crosses(canvas: Canvas, columns: list[Column], radius: float, removed: set[tuple[int, int]]) -> None:
    """A cross over each neuron that is removed."""
    for place, number in sorted(removed):
        column = columns[place]
        if number in column.heights:
            y, arm = column.heights[number], radius * 0.6
            for slope in (1, -1):
                ends: Any = ([column.x - arm, column.x + arm], [y - slope * arm, y + slope * arm])
                canvas.ax.plot(*ends, color=canvas.theme.muted, linewidth=5 * canvas.scale, zorder=5)


def _write(canvas: Canvas, texts: list[tuple[float, float, str, Any]], radius: float) -> None:
    """The texts in the circles, all as large as the longest allows, each in the colour that reads on its circle."""
    points = radius * canvas.height * 72
    size = min(0.75 * points, 26 * canvas.scale)
    for _, _, text, _ in texts:
        size = min(size, 1.6 * points / max(text_width(text, 1.0), 1.0))
    for x, y, text, fill in texts:
        red, green, blue = to_rgb(fill)
        colour = "#ffffff" if 0.3 * red + 0.59 * green + 0.11 * blue < 0.5 else "#000000"
        canvas.ax.text(x, y, text, ha="center", va="center", fontsize=size, color=colour, zorder=4)


def _captions(canvas: Canvas, columns: list[Column], model: Any) -> None:
    """What each column is, above it, and how many neurons it has where not all are drawn."""
    ax, words = canvas.ax, canvas.words
    ax.set(xlim=(0, canvas.width / canvas.height), ylim=(0, 1))
    ax.set_axis_off()
    ax.set_facecolor(canvas.theme.paper)
    last = len(columns) - 1
    for place, column in enumerate(columns):
        name = words["inputs"] if place == 0 else words["output"] if place == last else words["layer"].format(n=place)
        under = "" if place == 0 else canvas.activation(model.layers[place - 1].activation.name)
        if column.size > MOST:
            under = ", ".join(filter(None, [under, words["more"].format(n=column.size)]))
        size = min(22, 150 / len(columns)) * canvas.scale
        ax.text(column.x, 0.985, f"{name}\n{under}", ha="center", va="top", fontsize=size, color=canvas.theme.ink)
