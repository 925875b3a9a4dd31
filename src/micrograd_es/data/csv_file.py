"""Data from a CSV file of the user's own, as a spreadsheet saves it, in English or in Spanish."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from micrograd_es.data.data import Data, Kind

Column = str | int


def from_csv(
    path: str | PathLike[str],
    target: Column | None = None,
    inputs: Sequence[Column] | None = None,
    kind: Kind | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    encoding: str = "utf-8-sig",
) -> Data:
    """The rows of a CSV file: the `target` column is what to learn, and all others, or those of `inputs`, are inputs.

    A column is given by its name or by its number, from 0, or from −1 at the end; the target is the last one where
    none is given. Targets that are no numbers make a classification; classes written as numbers need
    kind="classification". What is not given is found out: the delimiter (comma, semicolon or tab), the decimal comma
    (where commas do not delimit; where they do, cells in quotes need decimal=","), and the header (a first row of
    names over a row of numbers).

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "notas.csv")
    ...     _ = path.write_text("horas;sueño;nota\\n2,5;8;aprobado\\n0,5;6;suspenso\\n")
    ...     data = from_csv(path, target="nota")
    >>> data, data.inputs.tolist()
    (Data(2 rows of horas, sueño; classification: aprobado, suspenso), [[2.5, 8.0], [0.5, 6.0]])

    Raises ValueError, with line and column, for an empty cell, NaN, a row of another length and a text where a number
    should be, and for an unknown column; OSError where the file cannot be read.
    """
    if kind not in (None, "classification", "regression"):
        raise ValueError(f"kind is {kind!r}; expected 'classification' or 'regression'.")
    table = read_table(path, header, delimiter, decimal, encoding)
    goal = table.place(-1 if target is None else target)
    places = [i for i in range(len(table.names)) if i != goal] if inputs is None else [table.place(c) for c in inputs]
    if not places or goal in places or len(set(places)) < len(places):
        raise ValueError(
            f"{path}: the inputs are {[table.names[i] for i in places]} and the target is {table.names[goal]!r}; "
            "expected one or more inputs, each once, and the target not among them."
        )
    rows = table.numbers(places)
    names = [table.names[column] for column in places]
    if kind is None:
        kind = _kind(table, goal)
    if kind == "regression":
        return Data(rows, [table.number(row, goal) for row in range(len(rows))], names, kind=kind)
    return _classified(path, rows, [table.text(row, goal) for row in range(len(rows))], names)


def _kind(table: Table, goal: int) -> Kind:
    """What the targets make. Raises ValueError where some are numbers and others are not: most often a missing one."""
    texts = [row for row, cells in enumerate(table.cells) if not _is_number(cells[goal], table.decimal)]
    if texts and len(texts) < len(table.cells):
        cell = table.text(texts[0], goal)
        raise ValueError(
            f"{table.at(texts[0], goal)}: {cell[:40]!r} stands among numbers; expected numbers only, or names"
            " of classes only. Fill in the cell, take the row out, or write kind='classification' (--kind in a shell)."
        )
    return "classification" if texts else "regression"


def _classified(path: str | PathLike[str], rows: list[list[float]], labels: list[str], names: Sequence[str]) -> Data:
    classes = sorted(set(labels))
    if all(_is_number(text, ".") for text in classes):
        classes.sort(key=float)
    try:
        return Data.labelled(rows, labels, names, classes)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


@dataclass(frozen=True)
class Table:
    """The cells of a file, with where each row stands in it: `read_table` makes it."""

    path: Path
    names: list[str]
    cells: list[list[str]]
    lines: list[int]
    decimal: str
    delimiter: str

    def place(self, column: Column) -> int:
        """Where a column stands, by its name or number."""
        if isinstance(column, str) and column in self.names:
            return self.names.index(column)
        if isinstance(column, int) and not isinstance(column, bool) and -len(self.names) <= column < len(self.names):
            return column % len(self.names)
        raise ValueError(f"{self.path} has no column {column!r}; it has {', '.join(self.names)}.")

    def numbers(self, columns: Sequence[Column]) -> list[list[float]]:
        """Some columns as rows of numbers. Raises ValueError for an unknown column or a cell that is no number."""
        places = [self.place(column) for column in columns]
        return [[self.number(row, place) for place in places] for row in range(len(self.cells))]

    def text(self, row: int, column: int) -> str:
        """The cell, which must not be empty."""
        if text := self.cells[row][column].strip():
            return text
        raise ValueError(f"{self.at(row, column)}: the cell is empty; expected a number, or the name of a class.")

    def number(self, row: int, column: int) -> float:
        """The cell as a finite number."""
        text = self.text(row, column)
        if not _is_number(text, self.decimal):
            hint = " Write decimal=',' for a decimal comma (--decimal , in a shell)." if _is_number(text, ",") else ""
            raise ValueError(f"{self.at(row, column)}: {text[:40]!r} is no number; expected one such as 0.5.{hint}")
        if not math.isfinite(number := float(text.replace(self.decimal, "."))):
            raise ValueError(
                f"{self.at(row, column)}: {text[:40]!r} is not finite; fill in the cell, or take the row out."
            )
        return number

    def at(self, row: int, column: int) -> str:
        return f"{self.path}, line {self.lines[row]}, column {self.names[column]!r}"


def read_table(
    path: str | PathLike[str],
    header: bool | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    encoding: str = "utf-8-sig",
) -> Table:
    """The cells of a CSV file, all of them, with the options of `from_csv`.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "t.csv")
    ...     _ = path.write_text("a,b\\n1,2\\n3,4\\n")
    ...     read_table(path).numbers(["b", "a"])
    [[2.0, 1.0], [4.0, 3.0]]
    """
    path = Path(path)
    text = _decoded(path, encoding)
    delimiter = _delimiter(text) if delimiter is None else delimiter
    if not isinstance(delimiter, str) or len(delimiter) != 1:
        raise ValueError(f"the delimiter is {delimiter!r}; expected one character, such as ';'.")
    if decimal is None:
        decimal = "." if delimiter == "," else ","
        decimal = decimal if decimal == "," and not _has_points(text, delimiter) else "."
    if decimal not in (".", ","):
        raise ValueError(f"decimal is {decimal!r}; expected '.' or ','.")
    cells, lines = _rows(path, text, delimiter)
    if header or (header is None and _has_header(cells, decimal)):
        names = [name.strip() for name in cells[0]]
        cells, lines = cells[1:], lines[1:]
    else:
        names = [f"x{i}" for i in range(1, len(cells[0]) + 1)]
    twice = [name for name in names if names.count(name) > 1 or not name]
    if twice:
        raise ValueError(f"{path}: the header names a column {twice[0]!r}; expected a name of its own for each column.")
    if not cells:
        raise ValueError(f"{path} has no rows under its header; expected one or more.")
    return Table(path, names, cells, lines, decimal, delimiter)


def _decoded(path: Path, encoding: str) -> str:
    try:
        return path.read_text(encoding=encoding)
    except LookupError:
        raise ValueError(f"{encoding!r} is no known encoding; expected one such as 'utf-8' or 'latin-1'.") from None
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is no text in {encoding} ({error.reason})."
            " Write encoding='latin-1' or another (--encoding in a shell)."
        ) from None


def _delimiter(text: str) -> str:
    """The first of semicolon, tab and comma that is in the first line with something in it."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return next((sign for sign in ";\t" if sign in first), ",")


def _has_points(text: str, delimiter: str) -> bool:
    """Whether some cell is a number with a decimal point: then a comma is no decimal sign."""
    cells = (cell.strip() for line in text.splitlines() for cell in line.split(delimiter))
    return any("." in cell and _is_number(cell, ".") for cell in cells)


def _rows(path: Path, text: str, delimiter: str) -> tuple[list[list[str]], list[int]]:
    """The cells of the lines with something in them, and the numbers of these lines."""
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True)
    cells: list[list[str]] = []
    lines: list[int] = []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                cells.append(row)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise ValueError(f"{path}, line {reader.line_num}: {error}; expected cells between {delimiter!r}.") from None
    if not cells:
        raise ValueError(f"{path} is empty; expected a row of numbers for each example.")
    for row, line in zip(cells, lines, strict=True):
        if len(row) != len(cells[0]):
            raise ValueError(
                f"{path}, line {line} has {len(row)} cells; expected {len(cells[0])}, as line {lines[0]} has."
            )
    return cells, lines


def _has_header(cells: list[list[str]], decimal: str) -> bool:
    """Whether the first row names the columns: somewhere it has a text and the second row a number, or no numbers."""
    numbers = [[_is_number(cell, decimal) for cell in row] for row in cells[:2]]
    if len(numbers) < 2:
        return not any(numbers[0])
    return not any(numbers[0]) or any(below and not above for above, below in zip(*numbers, strict=True))


def _is_number(text: str, decimal: str) -> bool:
    """Whether the text is a number with that decimal sign; NaN and infinities are, too, and an empty cell is not."""
    other = "," if decimal == "." else "."
    try:
        float(text.replace(other, "?").replace(decimal, ".").replace("_", "?"))
    except ValueError:
        return False
    return True
