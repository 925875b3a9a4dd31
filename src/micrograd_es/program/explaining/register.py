"""Which matrix the rows of a plan are, or are columns of: what is known so far, to be looked up."""

from __future__ import annotations

from collections.abc import Sequence

from micrograd_es.program.blocks import Place, Rows, Space
from micrograd_es.program.explaining.columns import Column
from micrograd_es.program.explaining.formulas import Matrix

Form = tuple[int, int] | None  # of weights: how many neurons and inputs they have


class Register:
    """The matrices of rows.

    `owner` has for each row the matrix that it is in and its column there. `tables` has the rows of matrices at
    positions: those of kernels at many of them, and tables, have a row for each position of an example. `absent` is the
    row of weights that are missing, which no matrix owns.
    """

    def __init__(self, absent: int | None) -> None:
        self.owner: dict[Place, Column] = {}
        self.tables: dict[Rows, Matrix] = {}
        self._absent = absent
        self._exact: dict[tuple[Rows, Form], Matrix] = {}
        self._read: dict[tuple[Rows, int], Matrix] = {}  # those put together for a block, with their positions
        self._beginning: dict[Place, list[Rows]] = {}  # those at positions, by the first of them
        self._in_any_order: dict[tuple[int, ...], Rows] = {}  # those at positions, by their sorted numbers

    def own(self, matrix: Matrix, rows: Rows, form: Form = None) -> Matrix:
        """Note that some rows are a matrix, and each of them is its column."""
        if matrix.positions > 1:
            self._note_table(rows)
            self.tables[rows] = matrix
        else:
            self.note(matrix, rows, form)
            if form and form[1] == 1:  # weights of one input are one row
                self._exact.setdefault((rows, None), matrix)
        for column, row in enumerate(rows.numbers):
            if row != self._absent or rows.space is Space.VARYING:
                self.owner[rows.space, row] = matrix, column
        return matrix

    def note(self, matrix: Matrix, rows: Rows, form: Form = None) -> Matrix:
        """Note that some rows together are a matrix; where each of them stands is known already."""
        self._exact[rows, form] = matrix
        return matrix

    def keep(self, matrix: Matrix, rows: Rows) -> Matrix:
        """Note that rows, which stand elsewhere too, are a matrix at positions."""
        self._read[rows, matrix.positions] = matrix
        self._note_table(rows)
        self.tables.setdefault(rows, matrix)
        return matrix

    def _note_table(self, rows: Rows) -> None:
        """Note with which row the rows of a matrix at positions begin, and which they are in any order."""
        if rows not in self.tables:
            self._beginning.setdefault((rows.space, rows.numbers[0]), []).append(rows)
            self._in_any_order.setdefault(tuple(sorted(rows.numbers)), rows)

    def columns(self, rows: Rows) -> list[Column]:
        """For each of some rows the matrix that it is in, and its column there."""
        return list(map(self.owner.__getitem__, rows.places))

    def find(self, rows: Rows, form: Form = None) -> Matrix | None:
        """The matrix that rows are, with weights in that form."""
        return self._exact.get((rows, form))

    def fresh(self, rows: Rows) -> list[int]:
        """The rows that are in no matrix, each once."""
        return [row for space, row in dict.fromkeys(rows.places) if (space, row) not in self.owner]

    def there(self, rows: Rows) -> list[int]:
        """Rows without those of weights that are missing."""
        return [row for row in rows.numbers if row != self._absent or rows.space is Space.VARYING]

    def is_stretch(self, rows: Rows) -> bool:
        """Whether rows are a known matrix, or columns of one that follow each other."""
        known = list(map(self.owner.get, rows.places))
        if None in known:
            return False
        (matrix, first), *_ = places = [place for place in known if place]
        if matrix.positions > 1 or matrix.shape[0] not in ("m", 1):
            return False
        return places == [(matrix, first + i) for i in range(len(places))]

    # Matrices at positions

    def positions(self, rows: Rows) -> int:
        """At how many positions of an example some rows are."""
        matrix = self.tables.get(rows)
        return matrix.positions if matrix else 1

    def at_positions(self, rows: Rows, positions: int) -> Matrix | None:
        """The matrix of rows at so many positions, if there is one."""
        if self.positions(rows) == positions > 1:
            return self.tables[rows]
        return self._read.get((rows, positions))

    def places_in_table(self, rows: Rows) -> list[int]:
        """The places of rows in the order of the matrix at positions that they are; none for any other rows."""
        found = self._in_any_order.get(tuple(sorted(rows.numbers))) if rows.space is Space.VARYING else None
        places = {row: place for place, row in enumerate(rows.numbers)}
        return [places[row] for row in found.numbers] if found else []

    def tables_in(self, columns: Sequence[Rows]) -> list[int]:
        """How many rows each of the matrices at positions has that some columns together are; none for anything else.

        One column has the rows of a whole matrix; several have one of its columns each.
        """
        sizes: list[int] = []
        start, places, count = 0, columns[0].places, len(columns)
        while start < len(places):
            size = 0
            for rows in self._beginning.get(places[start], ()):
                each = len(rows) // count
                taken = tuple([row for column in columns for row in column.numbers[start : start + each]])
                if taken == rows.numbers and each in (self.positions(rows), len(rows)):
                    size = each
            if not size:
                return []
            sizes.append(size)
            start += size
        return sizes
