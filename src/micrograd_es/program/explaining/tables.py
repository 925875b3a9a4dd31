"""Formulas of products of two tables that every example has, S = Q·Kᵀ, and how its numbers are read as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import inf
from typing import Any

from micrograd_es.program.blocks import Block, Elementwise, Inner, Place, Plan, Rows, Space
from micrograd_es.program.explaining.columns import Column
from micrograd_es.program.explaining.formulas import Arrays, Formula, Matrix, Name, Product
from micrograd_es.program.explaining.lines import Line
from micrograd_es.program.explaining.naming import Names
from micrograd_es.program.explaining.notation import Style
from micrograd_es.program.explaining.patches import Patches, Stretch
from micrograd_es.program.explaining.sources import side_by_side, signs
from micrograd_es.program.lists import across, in_columns, in_lines

APART = 4  # matrices with which the same is done in a line for each
MANY = 6  # parts of matrices that are written as those of a table


@dataclass(eq=False)
class Table(Patches):
    """For each example a table: some columns of another one, or what stands in a row of a matrix, row after row."""

    @property
    def sign(self) -> str:
        return "Taken" if self.columns_of_tables else "Table rows" if self._rows else "Table"

    def is_plain(self) -> bool:
        """Whether it is columns of another table, or a matrix row after row."""
        matrix, width = self.columns[0][0], len(self.columns) // self.positions
        first = self.columns[0][1]
        rows = [(matrix, first + i * width + k) for k in range(width) for i in range(self.positions)]
        return self._rows is not None or (matrix.positions == 1 and list(self.columns) == rows)

    @property
    def is_told(self) -> bool:
        """Whether what is written says where each number is from."""
        return bool(self.columns_of_tables or self._rows or self._in_a_row) or len(self._stretches) <= MANY

    @property
    def signs(self) -> Sequence[str]:
        if self.sign != "Table" or self._in_a_row:
            return (self.sign, *(signs(self._in_a_row) if self._in_a_row else super().signs[1:]))
        return (self.sign, *dict.fromkeys([sign for part in self._stretches for sign in part.signs]))

    @property
    def _in_a_row(self) -> list[Column]:
        """The numbers of all rows, one row after the other, where they are columns of matrices; else none."""
        return [] if any(matrix.positions > 1 for matrix, _ in self.columns) else self._row_after_row

    @property
    def _row_after_row(self) -> list[Column]:
        """Where the numbers of all rows are from, one row after the other."""
        return across(self.columns, self.positions)

    @property
    def _rows(self) -> tuple[Matrix, list[int], int] | None:
        """Columns of another table from some row on, as a causal mask leaves them: that, these, and the first row."""
        count, (matrix, first) = self.positions, self.columns[0]
        start = first % matrix.positions
        tops = [column - start for _, column in self.columns[::count]]
        every = [(matrix, top + start + i) for top in tops for i in range(count)]
        if matrix.positions < count + start or every != list(self.columns) or any(x % matrix.positions for x in tops):
            return None
        return matrix, [top // matrix.positions for top in tops], start

    @property
    def _stretches(self) -> list[Stretch]:
        """The matrices whose columns stand here row after row."""
        rows: list[Stretch] = []
        for matrix, place in self._row_after_row:
            column, row = divmod(place, matrix.positions)
            if not rows or rows[-1].matrix is not matrix or rows[-1].rows.start != row:
                rows.append(Stretch(matrix, [], range(row, row + 1)))
            rows[-1].columns.append(column)
        found = rows[:1]
        for matrix, columns, own in rows[1:]:
            last = found[-1]
            if last.matrix is matrix and last.columns == columns and last.rows.stop == own.start:
                found[-1] = last._replace(rows=range(last.rows.start, own.stop))
            else:
                found.append(Stretch(matrix, columns, own))
        return found

    def written(self, style: Style) -> str:
        beside = self.beside(style)
        if beside:
            return beside
        if self._rows:
            matrix, columns, start = self._rows
            return Stretch(matrix, columns, range(start, start + self.positions)).written(style)
        name = ", ".join([part.written(style) for part in self._stretches])
        if self._in_a_row:
            name = side_by_side(self._in_a_row, style)
        word = style.words["table"]
        return rf"\operatorname{{{word}}}\left({name}\right)" if style.latex else f"{word}({name})"


@dataclass(eq=False)
class InEach(Product):
    """A product of the tables of each example, or of one matrix and these."""

    left: Name
    right: Name

    @property
    def sign(self) -> str:
        return "In each"

    def sizes(self, style: Style) -> str:
        parts = [_size(part.matrix, part.turned != style.columns) for part in (self.left, self.right)]
        return style.words["in each"].format("·".join(parts[::-1] if style.columns else parts))

    def array(self, arrays: Arrays) -> Any:
        found = _each(self.left, arrays) @ _each(self.right, arrays)
        return found.reshape(-1, found.shape[2])


def _size(matrix: Matrix, turned: bool) -> str:
    """The shape of the table that an example has, or of what all share."""
    shape = str(_rows_in_each(matrix)), str(matrix.shape[1])
    return f"({'×'.join(shape[::-1] if turned else shape)})"


def _rows_in_each(matrix: Matrix) -> int:
    """How many rows an example has of a matrix; all of them, where it is the same for all."""
    height = matrix.shape[0]
    return matrix.positions if height == "m" else height


def _each(name: Name, arrays: Arrays) -> Any:
    """The tables of all examples."""
    found = name.matrix.array(arrays).reshape(-1, _rows_in_each(name.matrix), name.matrix.shape[1])
    return found.swapaxes(1, 2) if name.turned else found


def tables_apart(plan: Plan) -> list[Block]:
    """The blocks of a plan, a product of several tables as one for each of them."""
    numbers = {place: number for number, place in plan.places.items()}
    return [
        part for block in plan.blocks for part in (_tables(block, numbers) if isinstance(block, Inner) else [block])
    ]


def _tables(block: Inner, numbers: Mapping[Place, int]) -> list[Inner]:
    """The tables of a product, with the rows that were written; `numbers` are those of the tape by their places."""
    made = []
    is_shared = block.out.space is Space.SHARED  # then it stands as weights do
    parts = [
        [Rows(rows.space, some) for some in block.apart(rows.numbers)] for rows in (block.out, block.left, block.right)
    ]
    for out, left, right in zip(*parts, strict=True):
        written = list(map(numbers.__getitem__, out.places))
        columns, lines = in_lines(written, block.rows), in_columns(written, block.rows)
        if not is_shared and _span(columns) < _span(lines):  # as those of a causal mask are planned
            made.append(Inner(out.turned(block.rows), right, left, 1, block.terms))
        else:
            made.append(Inner(out, left, right, 1, block.terms))
    return made


def _span(lines: list[list[int]]) -> float:
    """How far numbers that stand beside each other in a row or column were written from each other."""
    pairs = [(x, y) for line in lines for x, y in pairwise(line)]
    return sum([abs(x - y) for x, y in pairs]) / len(pairs) if pairs else inf


def inner_line(names: Names, block: Inner) -> Line:
    """The line of a product of two tables: Q·Kᵀ where the right one has a row for each column, else P·V."""
    if block.out.space is Space.SHARED:
        return _shared_line(names, block)
    left, is_left = table(names, block.left, block.terms)
    right, is_turned = table(names, block.right, block.terms)
    matrix = names.new("H", ("m", block.columns), positions=block.rows)
    x, y = Name(left, not is_left), Name(right, is_turned)

    def back(upstream: Formula) -> list[tuple[Matrix, Formula]]:
        assert isinstance(upstream, Name)
        up, turned = upstream, Name(upstream.matrix, True)
        to_left = InEach(up, Name(right, not y.turned)) if is_left else InEach(y, turned)
        to_right = InEach(turned, x) if is_turned else InEach(Name(left, not x.turned), up)
        return [(left, to_left), (right, to_right)]

    return Line(matrix, InEach(x, y), [left, right], back)


def _shared_line(names: Names, block: Inner) -> Line:
    """The line of a product of two matrices that all examples share."""
    turned, form = block.left.turned(block.rows), (block.rows, block.terms)
    weights = names.known.find(turned, form) if block.columns == 1 else None
    if weights:
        return _row_line(names, block, weights)
    left = names.matrix(block.left, "p", (block.terms, block.rows))
    right = names.matrix(block.right, "p", (block.terms, block.columns))
    matrix = names.new("S", (block.rows, block.columns))

    def back(upstream: Formula) -> list[tuple[Matrix, Formula]]:
        assert isinstance(upstream, Name)
        return [(left, Product(upstream, Name(right))), (right, Product(Name(upstream.matrix, True), Name(left)))]

    return Line(matrix, Product(Name(left), Name(right, True)), [left, right], back)


def _row_line(names: Names, block: Inner, weights: Matrix) -> Line:
    """The line of one row that all examples share times the weights of a layer, as that of a first state: p·W."""
    row = names.matrix(block.right, "p", each=True)
    x, w = Name(row), Name(weights)

    def back(upstream: Formula) -> list[tuple[Matrix, Formula]]:
        return [(weights, Product(Name(row, True), upstream)), (row, Product(upstream, Name(weights, True)))]

    return Line(names.new("S", (1, block.rows)), Product(x, w), [weights, row], back)


def table(names: Names, rows: Rows, terms: int) -> tuple[Matrix, bool]:
    """The matrix of a table, and whether it has a column for each term; else it has a row for each."""
    count = len(rows) // terms
    if count == 1:
        return names.matrix(rows, "p", each=True), True
    forms = (rows, count), (rows.turned(count), terms)
    for known, positions in forms:
        found = names.known.at_positions(known, positions)
        if found:
            return found, known is rows
    made = [_read(names, *form) for form in forms]
    best = 1 if made[1].is_plain() and not made[0].is_plain() else 0
    return _put(names, *forms[best]), best == 0


def upright(names: Names, rows: Rows, terms: int) -> Matrix:
    """The matrix of a table with a column for each term."""
    count = len(rows) // terms
    if count == 1:
        return names.matrix(rows, "p", each=True)
    return names.known.at_positions(rows, count) or _put(names, rows, count)


def _read(names: Names, rows: Rows, positions: int) -> Table:
    """Rows as a table with so many rows for each example."""
    return Table(names.known.columns(rows), positions)


def _put(names: Names, rows: Rows, positions: int) -> Matrix:
    """The matrix of a table that is put together from others, which are made flat where it is not told otherwise."""
    formula = _read(names, rows, positions)
    if not formula.is_told:
        names.flatten(rows.turned(positions))
        formula = _read(names, rows, positions)
    return names.put_at_positions(formula, rows)


def pieces(names: Names, block: Block) -> list[Block]:
    """A block as one for each table that it is of: the scores of several heads are divided together."""
    if not isinstance(block, Elementwise) or len(block.out) == 1:
        return [block]
    if block.together:
        sizes = names.known.tables_in(block.inputs)
    else:
        known = [names.known.tables_in([rows]) for rows in block.inputs]
        sizes = min([sizes for sizes in known if sizes], key=len, default=[])
    if len(sizes) < 2 and block.out.space is Space.VARYING:
        sizes = _sizes_side_by_side(names, block)
    if len(sizes) < 2:
        return [block]
    found: list[Block] = []
    for start, size in zip(accumulate([0, *sizes]), sizes, strict=False):
        out, *inputs = [Rows(rows.space, rows.numbers[start : start + size]) for rows in (block.out, *block.inputs)]
        found.append(Elementwise(out, block.op, tuple(inputs)))
    return found


def _sizes_side_by_side(names: Names, block: Elementwise) -> list[int]:
    """How many rows each of the few matrices has that stand side by side in an input; none where they are single rows.

    What the plan computes together, as it is the same operation, is told apart where it is done to different things.
    """
    count = len(block.out)
    cuts = {0, count}
    for rows in [rows for rows in block.inputs if len(set(rows.numbers)) > 1]:
        matrices = [names.known.owner.get(place, (None, 0))[0] for place in rows.places]
        if None in matrices:
            return []
        cuts.update([i for i in range(1, count) if matrices[i] is not matrices[i - 1]])
    starts = sorted(cuts)
    sizes = [end - start for start, end in pairwise(starts)]
    return sizes if len(sizes) <= APART and min(sizes) > 1 else []
