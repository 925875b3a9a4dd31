"""The matrix formulas of a recorded program on one page, with their numbers beside them (lectures, B4)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple, Unpack

from matplotlib.figure import Figure

from micrograd_es.figures.fonts import text_width
from micrograd_es.figures.grids import is_small
from micrograd_es.plots.canvas import Canvas, Look
from micrograd_es.program import Program
from micrograd_es.program.explaining.explain import shapes_in
from micrograd_es.program.explaining.lines import Line
from micrograd_es.program.explaining.matrices import Lines
from micrograd_es.program.explaining.notation import Style
from micrograd_es.program.explaining.recurrences import Told, in_steps
from micrograd_es.program.explaining.words import WORDS

LARGEST, SMALLER = 24.0, 0.78  # points of a formula at most, and the shapes' share of that
READABLE = 13.0  # points of a formula below which the tallest matrices are left out
LEADING = 1.3  # from one row of numbers to the next, in letters
MANY = 20  # formulas in a column, beyond which the steps of a recurrence are written once
APART = 0.5  # between two formulas, in rows
GUTTER = 2.5  # between two columns, in letters
BRACKET = 0.35  # how far a bracket stands from the numbers, in letters
_NUMBERED = re.compile(r"(?<=[^\W\d])\d+")
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


class Row(NamedTuple):
    """A formula with the shapes in it, and its numbers as they are written; none where they are too many."""

    formula: str
    shapes: str
    numbers: list[list[str]]
    colour: str

    @property
    def height(self) -> float:
        """In rows of numbers."""
        return max(1.0 + SMALLER if self.shapes else 1.0, float(len(self.numbers)))


def formulas(
    program: Program, *inputs: Any, upstream: Any = None, given: str = "", note: str = "", **look: Unpack[Look]
) -> Figure:
    """What `program.explain(backward=True)` finds, with the numbers of `program.matrices` for a batch.

    Where the program gives several outputs, `upstream` is ∂L/∂Y and `given` what stands there in place of "what comes
    from outside". `note` is a line at the foot. Matrices that are too large to be read, or for which there is no room
    in letters that can be read, show their shapes only. A recurrence with more formulas than fit in a column is written
    once for all of its steps, without their numbers.

    >>> from micrograd_es import Value, record
    >>> w = [Value(1.0), Value(2.0)]
    >>> program = record(lambda x: w[0] * x[0] + w[1] * x[1], [0.0, 0.0])
    >>> figure = formulas(program, [[3.0, 4.0], [5.0, 6.0]])
    >>> [text.get_text() for text in figure.axes[0].texts if "Y" in text.get_text()][:3]
    ['Y = X·W₁', 'L = 1/m·Σ Y', '∂L/∂Y = 1/m']
    """
    if not isinstance(program, Program):
        raise TypeError(f"the program is {program!r}; expected what record(function, example) gives.")
    canvas = Canvas(**look)
    found = program.matrices(*inputs, upstream=upstream)
    canvas.ax.set_axis_off()
    canvas.ax.set(xlim=(0, canvas.width * 72), ylim=(0, canvas.height * 72))  # in points
    margin = 0.0 if look.get("ax") else 0.6 * 72  # there are no ticks: the page may be used as far as here
    _page(canvas, _rows(program, found, given, canvas, look.get("language", "es")), note, margin)
    canvas.heading(canvas.words["formulas"])
    return canvas.finished()


def _rows(program: Program, found: dict[str, Any], given: str, canvas: Canvas, language: str) -> list[list[Row]]:
    """The rows of the columns: what is given, the way forward, and the way back."""
    lines = Lines(program.plan, program.shapes)
    style = Style(False, False, WORDS[language], lines.index)

    def row(matrix: Any, formula: str, shapes: str, colour: str, is_one: bool = True) -> Row:
        array = found[matrix.name]
        is_told = is_one and is_small(*array.shape)
        numbers = [[canvas.number(x, 2) for x in line] for line in array.tolist()] if is_told else []
        return Row(_lowered(formula), shapes, numbers, colour)

    def told(line: Line) -> Told:
        formula = line.formula.written(style)
        formula = given if given and formula == style.words["given"] else formula
        return Told(line, f"{line.matrix.written(style)} = {formula}", shapes_in(line, style), style)

    theme = canvas.theme
    columns = [
        [row(x, x.written(style), x.sized(style), theme.ink) for x, _ in lines.given if x.name in found],
        [],
        [],
    ]
    every = [told(line) for line in (*lines.forward, *lines.backward)]
    if lines.index and max(len(lines.forward), len(lines.backward)) > MANY:
        every = in_steps(every, [matrix for matrix, _ in lines.given])
    ahead = {id(line) for line in lines.forward}
    for one in every:
        is_ahead = id(one.line) in ahead
        shapes = f"{one.beside}   {one.steps}" if one.steps else one.beside
        made = row(one.line.matrix, one.formula, shapes, theme.value if is_ahead else theme.gradient, not one.steps)
        columns[1 if is_ahead else 2].append(made)
    return columns


def _lowered(formula: str) -> str:
    """W1 as W₁.

    >>> _lowered("∂L/∂W1 = X1ᵀ·∂L/∂Z")
    '∂L/∂W₁ = X₁ᵀ·∂L/∂Z'
    """
    return _NUMBERED.sub(lambda found: found[0].translate(_SUBSCRIPTS), formula)


class Sizes(NamedTuple):
    """How large the letters of a page are, and for letters of size 1 how wide each column is, and its formulas."""

    letters: float
    columns: list[float]
    formulas: list[float]


def _page(canvas: Canvas, columns: list[list[Row]], note: str, margin: float) -> None:
    """The columns side by side, in letters as large as fit."""
    wide, high = canvas.width * 72 + 2 * margin, canvas.height * 72 + margin
    titles = [canvas.words[name].capitalize() for name in ("given", "forward", "backward")]
    size, widths, formulas = _fitted(columns, titles, wide, high, bool(note), canvas.scale)
    between = (wide - size * sum(widths)) / 2 if wide < size * (sum(widths) + 6 * GUTTER) else 3 * GUTTER * size
    left = (wide - size * sum(widths) - 2 * between) / 2 - margin
    for column, title, width, formula in zip(columns, titles, widths, formulas, strict=True):
        y = high - margin
        look: dict[str, Any] = {"fontsize": size * 1.15, "color": canvas.theme.muted, "fontweight": "bold"}
        canvas.ax.text(left, y, title, va="top", **look)
        y -= 2.0 * size * LEADING
        for row in column:
            _row(canvas, row, left, left + formula * size, y, size)
            y -= (row.height + APART) * size * LEADING
        left += width * size + between
    if note:
        middle = canvas.width * 72 / 2
        canvas.ax.text(middle, -margin, note, fontsize=size, color=canvas.theme.ink, ha="center", va="bottom")


def _fitted(columns: list[list[Row]], titles: list[str], wide: float, high: float, note: bool, scale: float) -> Sizes:
    """How large letters can be; where they could not be read, the tallest matrices of a full column are left out."""
    while True:
        sizes = _sizes(columns, titles, wide, high, note, scale)
        is_wide = 1.001 * sizes.letters * (sum(sizes.columns) + 2 * GUTTER) > wide
        full = [column for column in columns if is_wide or column is max(columns, key=_height)]
        most = max(len(row.numbers) for column in full for row in column)
        if sizes.letters >= READABLE * scale or most < 2:
            return sizes
        for column in full:
            column[:] = [row._replace(numbers=[]) if len(row.numbers) == most else row for row in column]


def _height(column: list[Row]) -> float:
    """In rows of numbers."""
    return sum(row.height + APART for row in column)


def _sizes(columns: list[list[Row]], titles: list[str], wide: float, high: float, note: bool, scale: float) -> Sizes:
    """How large letters can be, so that the columns fit on a page."""
    rows = max(map(_height, columns)) + 2.0 + 1.5 * note
    formulas = [max((_widths(row)[0] for row in column), default=0.0) for column in columns]
    numbers = [max((_widths(row)[1] for row in column), default=0.0) for column in columns]
    widths = [
        max(formula + matrix, text_width(title, 1.15, "semibold"))
        for formula, matrix, title in zip(formulas, numbers, titles, strict=True)
    ]
    return Sizes(min(LARGEST * scale, high / rows / LEADING, wide / (sum(widths) + 2 * GUTTER)), widths, formulas)


def _widths(row: Row) -> tuple[float, float]:
    """How wide the formula and the numbers of a row are, with what is between them, for letters of size 1."""
    formula = max(text_width(row.formula, 1.0, "semibold"), text_width(row.shapes, SMALLER)) + 1.5
    return formula, sum(_steps(row.numbers)) + 2 * BRACKET


def _steps(numbers: Sequence[Sequence[str]]) -> list[float]:
    """How wide each column of numbers is."""
    return [max(text_width(x, 1.0) for x in column) + 0.7 for column in zip(*numbers, strict=True)]


def _row(canvas: Canvas, row: Row, left: float, at: float, top: float, size: float) -> None:
    """One formula with its shapes at the left, and its matrix at the right, both around one middle."""
    step = size * LEADING
    middle = top - row.height * step / 2
    up = 0.5 * step if row.shapes else 0.0
    text: dict[str, Any] = {"va": "center_baseline", "fontsize": size}
    canvas.ax.text(left, middle + 0.9 * up, row.formula, color=row.colour, fontweight="bold", **text)
    if row.shapes:
        small = {**text, "fontsize": size * SMALLER}
        canvas.ax.text(left, middle - up, row.shapes, color=canvas.theme.muted, **small)
    if not row.numbers:
        return
    steps = [width * size for width in _steps(row.numbers)]
    for i, line in enumerate(row.numbers):
        y, x = middle + ((len(row.numbers) - 1) / 2 - i) * step, at
        for width, number in zip(steps, line, strict=True):
            x += width
            canvas.ax.text(x, y, number, color=row.colour, ha="right", **text)
    low, high = (middle + sign * len(row.numbers) * step / 2 for sign in (-0.96, 0.96))
    for edge, inwards in ((at, 1), (at + sum(steps) + 2 * BRACKET * size, -1)):
        tip = edge + inwards * 0.3 * size
        look: dict[str, Any] = {"color": row.colour, "linewidth": 1.6 * canvas.scale, "clip_on": False}
        canvas.ax.plot([tip, edge, edge, tip], [high, high, low, low], **look)
