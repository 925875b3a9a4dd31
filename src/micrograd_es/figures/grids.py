"""Vectors and matrices as a figure writes them: numbers in brackets, or, where they are many, a map of their sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil

from micrograd_es.figures.digits import NumberFormat
from micrograd_es.figures.fonts import text_width
from micrograd_es.figures.labels import Run
from micrograd_es.maths import Number

MOST_ROWS, MOST_COLUMNS, MOST = 8, 6, 24  # a matrix that is written in full has no more rows, columns and entries
TILES = 16  # squares of a map along either side, at most
BRACKET = 5  # the width of a bracket
ROW = 1.3  # the height of a row, in sizes of the text
GAP = 0.6  # between two columns


@dataclass(frozen=True)
class Grid:
    """A matrix of texts, or of shades from −1 to 1 where it is too large to be read."""

    cells: tuple[tuple[str, ...], ...] = ()
    shades: tuple[tuple[float, ...], ...] = ()
    face: str = "regular"

    @classmethod
    def of(cls, matrix: Sequence[Sequence[Number]], numbers: NumberFormat, face: str = "regular") -> Grid:
        """The grid of a matrix of numbers.

        >>> Grid.of([[1, -2], [0.5, 3]], NumberFormat()).text()
        '[1.00 −2.00; 0.50 3.00]'
        """
        rows, columns = len(matrix), len(matrix[0])
        if is_small(rows, columns):
            return cls(tuple(tuple(map(numbers, row)) for row in matrix), face=face)
        return cls(shades=_shades(matrix))

    def text(self) -> str:
        """The grid on one line."""
        rows = [" ".join(row) for row in self.cells]
        return (rows or ["…"])[0] if self._is_single else f"[{'; '.join(rows)}]" if rows else "[…]"

    def html(self) -> str:
        """The grid as a table of a page, of elements that may stand in a paragraph."""
        cells = ["".join(f"<span>{escape(cell)}</span>" for cell in row) for row in self.cells]
        rows = "".join(f"<span>{row}</span>" for row in cells)
        return escape(self.text()) if self._is_single or not rows else f'<span class="matrix">{rows}</span>'

    def width(self, size: float) -> float:
        """How wide it is in points, its brackets included."""
        if self.shades:
            return len(self.shades[0]) * self._tile(size)[0] + 2 * BRACKET
        room = sum(self._columns(size))
        return room if self._is_single else room + 2 * BRACKET

    def height(self, size: float) -> float:
        """How high it is in points."""
        if self.shades:
            return len(self.shades) * self._tile(size)[1]
        return len(self.cells) * ceil(size * ROW)

    def markup(self, size: float, colour: str, paper: str, negative: str = "#808080") -> str:
        """The grid as a table of Graphviz's HTML-like labels, on that paper."""
        if self._is_single:
            return f'<FONT COLOR="{colour}" POINT-SIZE="{size:g}">{Run(self.cells[0][0], self.face).markup()}</FONT>'
        rows = self._map(size, colour, paper, negative) if self.shades else self._numbers(size, colour)
        many = len(rows)
        edge = f'BORDER="1" COLOR="{colour}" FIXEDSIZE="TRUE" WIDTH="{BRACKET}" HEIGHT="{ceil(self.height(size))}"'
        left, right = (f'<TD ROWSPAN="{many}" SIDES="{side}TB" {edge}></TD>' for side in "LR")
        rows[0] = left + rows[0] + right
        body = "".join(f"<TR>{row}</TR>" for row in rows)
        return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{body}</TABLE>'

    @property
    def _is_single(self) -> bool:
        return len(self.cells) == 1 and len(self.cells[0]) == 1

    def _columns(self, size: float) -> list[int]:
        """The width of each column, in whole points."""
        gap = 0.0 if self._is_single else GAP * size
        rounded = 0.4  # Graphviz counts each letter in pixels of 0.75
        return [
            ceil(max(text_width(cell, size, self.face) + rounded * len(cell) for cell in column) + gap)
            for column in zip(*self.cells, strict=True)
        ]

    def _numbers(self, size: float, colour: str) -> list[str]:
        """A row of cells for each row, numbers flush right."""
        high, widths = ceil(size * ROW), self._columns(size)
        pad = ceil(GAP * size / 2)
        return [
            "".join(
                f'<TD ALIGN="RIGHT" FIXEDSIZE="TRUE" WIDTH="{wide}" HEIGHT="{high}"><FONT COLOR="{colour}"'
                f' POINT-SIZE="{size:g}">{Run(cell, self.face).markup()}</FONT></TD>'
                f'<TD FIXEDSIZE="TRUE" WIDTH="{pad}" HEIGHT="{high}"></TD>'
                for cell, wide in zip(row, [w - pad for w in widths], strict=True)
            )
            for row in self.cells
        ]

    def _tile(self, size: float) -> tuple[int, int]:
        """The width and height of a square of the map; those of a vector are wider than high, or higher than wide."""
        side = ceil(size * 0.5)
        return (2 * side if len(self.shades[0]) == 1 else side), (2 * side if len(self.shades) == 1 else side)

    def _map(self, size: float, colour: str, paper: str, negative: str) -> list[str]:
        """A row of coloured squares for each row."""
        wide, high = self._tile(size)
        return [
            "".join(
                f'<TD FIXEDSIZE="TRUE" WIDTH="{wide}" HEIGHT="{high}"'
                f' BGCOLOR="{mixed(paper, colour if shade > 0 else negative, abs(shade))}"></TD>'
                for shade in row
            )
            for row in self.shades
        ]


def is_small(rows: int, columns: int) -> bool:
    """Whether a matrix of that shape is written in full."""
    return rows <= MOST_ROWS and columns <= MOST_COLUMNS and rows * columns <= MOST


def _shades(matrix: Sequence[Sequence[Number]]) -> tuple[tuple[float, ...], ...]:
    """The entries by the largest of them; of neighbours that share a square, the one of the largest size."""
    largest = max(abs(float(x)) for row in matrix for x in row) or 1.0
    rows, columns = (_parts(len(side)) for side in (matrix, matrix[0]))
    return tuple(
        tuple(
            max((float(matrix[i][j]) / largest for i in range(*row) for j in range(*column)), key=abs)
            for column in columns
        )
        for row in rows
    )


def _parts(count: int) -> list[tuple[int, int]]:
    """Where each of at most `TILES` nearly equal parts begins and ends."""
    parts = min(count, TILES)
    return [(count * i // parts, count * (i + 1) // parts) for i in range(parts)]


def mixed(paper: str, colour: str, share: float) -> str:
    """Two colours mixed, as #rrggbb.

    >>> mixed("#ffffff", "#000000", 0.5)
    '#808080'
    """
    channels = [(int(paper[i : i + 2], 16), int(colour[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in channels)
