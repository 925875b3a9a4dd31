"""Where a plot is drawn: its figure, axes, letters, numbers and words. No display and no global state is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from io import BytesIO
from math import isinf
from textwrap import fill
from typing import Any, TypedDict, Unpack

from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import Formatter, FuncFormatter

from micrograd_es.figures.digits import NumberFormat
from micrograd_es.figures.fonts import FACES, FAMILY, FOLDER
from micrograd_es.figures.themes import Theme
from micrograd_es.figures.themes import theme as find_theme
from micrograd_es.notations import RAISED
from micrograd_es.plots.colours import palette
from micrograd_es.plots.words import words
from micrograd_es.scope_names import scope_name

SIZE, DPI = (16, 9), 120  # a slide of 1920×1080
HEIGHT = 6.6  # inches of axes for which letters have the sizes below
TEXT, TITLE, SMALL = 23, 29, 18  # points
INSIDE = 0.985  # the share of a figure's width in which a legend stays


def check_by_name(what: str, given: Any, expected: str) -> None:
    """Raise TypeError where several things to be drawn are not given by their names."""
    if not isinstance(given, Mapping):
        raise TypeError(f"the {what} are {given!r} ({type(given).__name__}); expected {expected}.")


class Look(TypedDict, total=False):
    """How every plot can look. See the package's docstring."""

    ax: Axes | None
    language: str
    theme: str | Theme
    comma: bool
    title: str | None


class Plot(Figure):
    """A Figure that a notebook shows, whether or not pyplot is in use."""

    def _repr_png_(self) -> bytes:
        file = BytesIO()
        self.savefig(file, format="png")
        return file.getvalue()


class Canvas:
    """The axes of one plot, with the look that was asked for."""

    def __init__(self, **look: Unpack[Look]) -> None:
        unknown = [name for name in look if name not in Look.__annotations__]
        if unknown:
            raise TypeError(f"a plot has no option {unknown[0]!r}; expected some of {', '.join(Look.__annotations__)}.")
        self.theme = find_theme(look.get("theme", "lecture"))
        self.palette = palette(self.theme)
        self.language = look.get("language", "es")
        self.words: Mapping[str, str] = words(self.language)
        self.comma, self.given_title = look.get("comma", False), look.get("title")
        self.ax = self._axes(look.get("ax"))
        figure = self.ax.get_figure(root=True) if hasattr(self.ax.figure, "canvas") else self.ax.figure
        assert isinstance(figure, Figure)
        self.figure: Figure = figure
        box = self.ax.get_position()
        self.width, self.height = box.width * figure.get_figwidth(), box.height * figure.get_figheight()
        self.scale = min(max(min(self.height / HEIGHT, self.width / 8), 0.35), 1.6)

    def _axes(self, given: Axes | None) -> Axes:
        if given is None:
            figure = Plot(figsize=SIZE, dpi=DPI, facecolor=self.theme.paper)
            return figure.add_axes((0.085, 0.13, 0.85, 0.74))
        if not isinstance(given, Axes):
            raise TypeError(f"ax is {given!r}; expected the Axes of a matplotlib figure. Write figure.add_subplot().")
        return given

    # Axes

    def panel(self, x: float, y: float, width: float, height: float) -> Axes:
        """Axes inside the plot's, in shares of its size from the lower left corner."""
        self.ax.set_axis_off()
        return self.ax.inset_axes((x, y, width, height))

    def named(self, name: str) -> str:
        """The name of a column or a class, in the figure's language where it is one of the package's own data sets."""
        return self.words.get(f"data {name}", name)

    def heading(self, text: str) -> None:
        """The title over the whole plot, if no other was given."""
        shown = text if self.given_title is None else self.given_title
        if shown:
            colour, size = self.theme.ink, TITLE * self.scale
            self.ax.set_title(shown, fontsize=size, color=colour, fontweight="bold", pad=18 * self.scale)

    def label(self, ax: Axes, x: str = "", y: str = "", title: str = "", size: float = 1.0) -> None:
        """The names of the axes, and of a panel."""
        size *= self.scale
        ax.set_xlabel(x, fontsize=TEXT * size, color=self.theme.ink, labelpad=8 * size)
        ax.set_ylabel(y, fontsize=TEXT * size, color=self.theme.ink, labelpad=8 * size)
        if title:
            ax.set_title(title, fontsize=TEXT * size, color=self.theme.ink, pad=12 * size)

    def dress(self, ax: Axes, size: float = 1.0, grid: bool = True) -> None:
        """Paper, frame, ticks and grid of axes, in the theme's colours; numbers as the language writes them."""
        ax.set_facecolor(self.theme.paper)
        for side, spine in ax.spines.items():
            spine.set_color(self.theme.muted)
            spine.set_linewidth(1.4 * self.scale)
            spine.set_visible(side in ("left", "bottom") or not grid)
        look: dict[str, Any] = {"labelsize": SMALL * self.scale * size, "labelfontfamily": FAMILY}
        ax.tick_params(which="both", colors=self.theme.ink, color=self.theme.muted, length=6 * self.scale, **look)
        if grid:
            ax.grid(True, color=self.theme.muted, alpha=0.25, linewidth=1.0 * self.scale)
            ax.set_axisbelow(True)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(self.numbers(axis.get_scale() == "log"))
            if axis.get_scale() == "log":
                axis.set_minor_formatter(FuncFormatter(lambda number, place: ""))

    def activation(self, name: str) -> str:
        """What a layer's activation is called under a drawing of it."""
        return scope_name(name, self.language)

    def numbers(self, powers: bool = False) -> Formatter:
        """How ticks are written; on a logarithmic axis as powers of ten."""
        return FuncFormatter(lambda number, place: self._power(number) if powers else self.number(number))

    def number(self, number: float, decimals: int | None = None) -> str:
        """A number as a figure writes it: with a real minus sign, and with the decimal comma on request."""
        if isinf(number):  # of a mask
            return "∞" if number > 0 else "−∞"
        if decimals is not None:
            return NumberFormat(decimals=decimals, comma=self.comma)(float(number))
        text = f"{number:.6g}"
        mantissa, _, power = text.partition("e")
        shown = (mantissa.replace(".", ",") if self.comma else mantissa).replace("-", "−")
        return f"{shown}·10{str(int(power)).translate(RAISED)}" if power else shown

    def _power(self, number: float) -> str:
        mantissa, _, power = f"{number:.0e}".partition("e")
        if -1 <= int(power) <= 2:
            return self.number(number)
        start = "" if mantissa == "1" else f"{mantissa}·"
        return f"{start}10{str(int(power)).translate(RAISED)}"

    def legend(self, ax: Axes, size: float = 1.0, width: int = 80, **where: Any) -> None:
        """The legend of axes, if anything in them has a name; names of more letters than its width have more lines."""
        handles, labels = ax.get_legend_handles_labels()
        if not handles:
            return
        points = SMALL * 1.1 * self.scale * size
        labels = [fill(label, width) for label in labels]
        made = ax.legend(handles, labels, fontsize=points, labelcolor=self.theme.ink, **{"framealpha": 0.9, **where})
        made.get_frame().set(facecolor=self.theme.paper, edgecolor=self.theme.muted)

    def keep_legend_inside(self) -> None:
        """Make the plot's own axes narrower where the legend on their right would leave the figure."""
        legend = self.ax.get_legend()
        for _ in range(3):  # what is narrower may also stand further to the left
            self.figure.draw_without_rendering()
            beyond = legend.get_window_extent().x1 / self.figure.bbox.width - INSIDE if legend else 0.0
            if beyond > 0:
                left, bottom, width, height = self.ax.get_position(original=True).bounds
                self.ax.set_position((left, bottom, max(width - beyond, width / 2), height))

    def line(self, index: int) -> dict[str, Any]:
        """The colour, width and dashes of the curve of that number."""
        dashes: Sequence[Any] = ("-", (0, (6, 2)), (0, (2, 1.4)), (0, (8, 2, 2, 2)))
        series = self.palette.series
        return {
            "color": series[index % len(series)],
            "linewidth": 4 * self.scale,
            "linestyle": dashes[index % len(dashes)],
        }

    def finished(self) -> Figure:
        """The figure, with all that was written in it in our family of letters."""
        register_fonts()
        for text in self.ax.findobj(Text):
            text.set_fontfamily([FAMILY, "DejaVu Sans"])
        return self.figure


@cache
def register_fonts() -> None:
    """Tell matplotlib of the package's own family, once."""
    for face in FACES.values():
        font_manager.fontManager.addfont(FOLDER / f"{face.stem}.ttf")
