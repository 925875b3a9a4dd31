"""Maps of the plane: what a network gives at each point of it (lectures, C8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Unpack

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgb
from matplotlib.figure import Figure

from micrograd_es.data import Data
from micrograd_es.data.checks import Floats
from micrograd_es.data.features import columns
from micrograd_es.maths import counted
from micrograd_es.plots.canvas import Canvas, Look
from micrograd_es.plots.evaluate import outputs
from micrograd_es.plots.points import class_colour, colour_bar, plane_of, regression_limits, scatter

Ranges = tuple[tuple[float, float], tuple[float, float]]
PLAYGROUND: Ranges = ((-6.0, 6.0), (-6.0, 6.0))
STRIP = 4.0  # how many times as long as the other one axis is at most in one scale
ROOM = 16  # letters that there is room for at the left of a map
CENTRES = {"sigmoid": (0.5, 0.5), "softmax": (0.5, 0.5), "tanh": (0.0, 1.0)}  # of an activation: middle and reach


class Grid(NamedTuple):
    """The middles of the squares of a map: x and y of its columns and rows, and the points row by row."""

    x: Floats
    y: Floats
    points: Floats
    ranges: Ranges

    def image(self, numbers: Floats) -> Floats:
        """One number for each point as rows and columns."""
        return numbers.reshape(len(self.y), len(self.x), *numbers.shape[1:])

    def paint(self, ax: Axes, numbers: Floats, **look: Any) -> None:
        """The map of one number, or one colour, for each point."""
        extent = (*self.ranges[0], *self.ranges[1])
        where: dict[str, Any] = {"origin": "lower", "extent": extent, "aspect": self.aspect()}
        ax.imshow(self.image(numbers), interpolation="nearest", **where, **look)

    def aspect(self) -> float:
        """How long a unit upwards is beside one to the right: 1, or what makes a square of a map that were a strip."""
        (left, right), (low, high) = self.ranges
        ratio = (right - left) / (high - low)
        return 1.0 if 1 / STRIP <= ratio <= STRIP else ratio


def decision_map(
    model: Any,
    data: Data | None = None,
    test: Data | None = None,
    features: Sequence[str] | None = None,
    ranges: Ranges | None = None,
    resolution: int = 100,
    discrete: bool = False,
    threshold: float | None = None,
    **look: Unpack[Look],
) -> Figure:
    """What a model predicts all over the plane: orange below the threshold, blue above it, a colour for each class.

    The model is a network, or a function of a table of points. `data` give the range and are drawn, and so are `test`,
    with a strong edge; without data the range is the Playground's, from −6 to 6. A model of `features` gets those of
    each point; where data were made with `with_features`, theirs. `discrete` shows which side, and not how far. The
    `threshold` is 0.5 for a sigmoid output, and for a function that stays between 0 and 1; else 0.

    >>> import numpy as np
    >>> figure = decision_map(lambda points: np.tanh(points[:, 0]), ranges=((-1, 1), (-1, 1)))
    >>> figure.axes[0].images[0].get_array().shape
    (100, 100)
    """
    canvas = Canvas(**look)
    grid, given = grid_of(data, features, ranges, resolution)
    colours = draw_output(canvas, canvas.ax, grid, model, data, outputs(model, given), threshold, discrete)
    if colours is not None and not discrete:
        colour_bar(canvas, colours, canvas.words["output"])
    if data is not None:
        scatter(canvas, canvas.ax, data, plane_of(data, features)[0], test)
    _dress_map(canvas, canvas.ax, grid, data)
    canvas.heading(canvas.words["decision"])
    return canvas.finished()


def draw_output(
    canvas: Canvas,
    ax: Axes,
    grid: Grid,
    model: Any,
    data: Data | None,
    table: Floats,
    threshold: float | None = None,
    discrete: bool = False,
) -> ScalarMappable | None:
    """The map of a model's outputs; gives the scale of its colours, which several classes have not."""
    if table.shape[1] == 1:
        colours = _colours(canvas, model, data, table[:, 0], threshold)
        line = discrete or threshold is not None or data is None or data.kind != "regression"
        draw_map(canvas, ax, grid, table[:, 0], colours, discrete, line)
        return colours
    image = class_image(canvas, data, table, discrete)
    grid.paint(ax, image)
    return None


def _dress_map(canvas: Canvas, ax: Axes, grid: Grid, data: Data | None) -> None:
    canvas.dress(ax, grid=False)
    ax.set(xlim=grid.ranges[0], ylim=grid.ranges[1])
    ax.set_aspect(grid.aspect(), adjustable="box")
    plain = data is None or data.inputs.shape[1] != 2
    names = ("x1", "x2") if plain or data is None else data.names
    canvas.label(ax, canvas.named(names[0]), canvas.named(names[1]))
    if data is not None and data.kind == "classification":
        canvas.legend(ax, width=ROOM, loc="upper right", bbox_to_anchor=(-0.14, 1.0))


def grid_of(data: Data | None, features: Any, ranges: Ranges | None, resolution: int) -> tuple[Grid, Floats]:
    """The squares of a map, and what a model is given of each."""
    if isinstance(resolution, bool) or not isinstance(resolution, int) or not 2 <= resolution <= 2000:
        raise ValueError(f"resolution is {resolution!r}; expected a whole number from 2 to 2000.")
    names: tuple[str, ...] = tuple(features or ())
    if data is not None:
        plane, names = plane_of(data, features)
        ranges = ranges or _around(plane)
    wanted = ranges or PLAYGROUND
    if np.shape(wanted) != (2, 2) or not all(low < high for low, high in wanted):
        raise ValueError(f"ranges is {ranges!r}; expected two intervals. Write ranges=((-6, 6), (-6, 6)).")
    x, y = (low + (np.arange(resolution) + 0.5) * (high - low) / resolution for low, high in wanted)
    points = np.column_stack([part.ravel() for part in np.meshgrid(x, y)])
    return Grid(x, y, points, wanted), columns(points, names) if names else points


def _around(plane: Floats) -> Ranges:
    """A square around the points, with a margin; where they are a strip, each axis has its own scale."""
    low, high = plane.min(axis=0), plane.max(axis=0)
    reach = np.maximum((high - low) * 0.55, 1e-6)
    if reach.max() <= STRIP * reach.min() or (high == low).any():
        reach[:] = reach.max()
    middle = (low + high) / 2
    (a, c), (b, d) = (middle - reach).tolist(), (middle + reach).tolist()
    return (a, b), (c, d)


def _colours(canvas: Canvas, model: Any, data: Data | None, numbers: Floats, threshold: float | None) -> ScalarMappable:
    """The colours of one output: the threshold is in the middle."""
    if data is not None and data.kind == "regression" and threshold is None:
        return regression_limits(canvas, data)
    row = getattr(model.layers[-1].activation, "name", "") if hasattr(model, "layers") else ""
    return middle_colours(canvas, row if hasattr(model, "layers") else None, numbers, threshold)


def middle_colours(canvas: Canvas, row: str | None, numbers: Floats, threshold: float | None = None) -> ScalarMappable:
    """The colours around the middle of an activation's range; for other outputs they reach as far as the numbers."""
    centre, reach = CENTRES.get(row or "", (0.0, 0.0))
    if row is None and numbers.min() >= 0 and numbers.max() <= 1:
        centre, reach = CENTRES["sigmoid"]
    if threshold is not None and threshold != centre:
        centre, reach = threshold, 0.0
    reach = reach or max(float(np.abs(numbers - centre).max()), 1e-12)
    return ScalarMappable(Normalize(centre - reach, centre + reach), canvas.palette.map())


def draw_map(
    canvas: Canvas,
    ax: Axes,
    grid: Grid,
    numbers: Floats,
    colours: ScalarMappable,
    discrete: bool = False,
    line: bool = True,
) -> None:
    """The map of one output, with the line where it crosses the middle of its colours, which is where classes meet."""
    low, high = colours.get_clim()
    middle = (low + high) / 2
    shown = np.where(numbers > middle, high, low) if discrete else numbers
    look: dict[str, Any] = {"cmap": colours.cmap, "vmin": low, "vmax": high}
    grid.paint(ax, shown, **look)
    if line and numbers.min() < middle < numbers.max():
        width = 2.5 * canvas.scale
        ax.contour(grid.x, grid.y, grid.image(numbers), [middle], colors=[canvas.theme.ink], linewidths=width)


def class_image(canvas: Canvas, data: Data | None, table: Floats, discrete: bool) -> Floats:
    """A colour for each point: those of the classes mixed by their probabilities, on the paper."""
    count = table.shape[1]
    if data is not None and data.kind == "classification" and len(data.classes) != count:
        raise ValueError(
            f"the model has {counted(count, 'output')} and the data {len(data.classes)} classes; expected as many."
        )
    shares = table
    if table.min() < 0 or not np.allclose(table.sum(axis=1), 1):
        shares = np.exp(table - table.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
    if discrete:
        shares = np.eye(count)[table.argmax(axis=1)]
    series = canvas.palette.series
    names = [class_colour(canvas, data, k) if data else series[k % len(series)] for k in range(count)]
    colours: Floats = shares @ np.array([to_rgb(name) for name in names])
    return 0.6 * colours + 0.4 * np.array(to_rgb(canvas.theme.paper))
