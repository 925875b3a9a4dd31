"""The lines of sums: of the rows of a table, of several matrices, and of columns that follow each other."""

from __future__ import annotations

from micrograd_es.program.blocks import Rows, Total
from micrograd_es.program.explaining.formulas import Added, Formula, Matrix, Name, Sum
from micrograd_es.program.explaining.lines import Line
from micrograd_es.program.explaining.naming import Names, Shape
from micrograd_es.program.explaining.stretches import Spread, Stretches
from micrograd_es.program.explaining.tables import upright
from micrograd_es.program.lists import in_columns

SUMMED = 6  # matrices that are added up by name


def total_line(names: Names, block: Total) -> Line:
    """The line of sums: of the rows of a table, of several matrices, or of columns that follow each other."""
    count = block.each
    table = block.terms.turned(count)
    known = names.known.at_positions(table, len(block.out))
    if names.is_given_as_table(block.terms, count):
        known = upright(names, table, count)
    if known:
        return _row_sums(names, known)
    columns = [Rows(table.space, numbers) for numbers in in_columns(block.terms.numbers, count)]
    is_apart = not names.known.find(block.terms) and len(block.out) > 1 and count <= SUMMED
    if is_apart and all(map(names.known.is_stretch, columns)):
        return _added(names, [names.matrix(rows, "p", each=True) for rows in columns], names.shape(block.out))
    parts = _whole(names, block.terms) if len(block.out) == 1 else []
    if len(parts) > 1:
        return _of_rows(names, parts, names.shape(block.out))
    terms = names.matrix(block.terms, "p", each=True)
    matrix, x = names.computed(names.shape(block.out)), Name(terms)
    single = len(block.out) == 1
    formula: Formula = Added(x, 1) if single else Stretches(x, count)
    return Line(matrix, formula, [terms], lambda upstream: [(terms, Spread(upstream, count, single))])


def _added(names: Names, terms: list[Matrix], shape: Shape) -> Line:
    """The sum of several matrices."""
    matrix = names.computed(shape)
    return Line(matrix, Sum(list(map(Name, terms))), terms, lambda upstream: [(x, upstream) for x in terms])


def _whole(names: Names, rows: Rows) -> list[Matrix]:
    """The few matrices that rows are when they stand beside each other, a column first; none where they are not so."""
    places = list(map(names.known.owner.get, rows.places))
    owners = list(dict.fromkeys([place[0] for place in places if place]))
    every = [(matrix, column) for matrix in owners for column in range(matrix.shape[1])]
    if len(owners) > SUMMED or places != every or not all(map(_stands_for_examples, owners)):
        return []
    return sorted(owners, key=lambda matrix: matrix.shape[1] > 1)


def _stands_for_examples(matrix: Matrix) -> bool:
    """Whether each column is one number, for an example or for all; those of weights have one for each input."""
    return matrix.positions == 1 and matrix.shape[0] in ("m", 1)


def _of_rows(names: Names, parts: list[Matrix], shape: Shape) -> Line:
    """The sum of all numbers of several matrices in each row, as of the parts of a loss."""
    matrix = names.computed(shape)
    terms: list[Formula] = [Name(x) if x.shape[1] == 1 else Added(Name(x), 1) for x in parts]

    def back(upstream: Formula) -> list[tuple[Matrix, Formula]]:
        return [(x, upstream if x.shape[1] == 1 else Spread(upstream, x.shape[1], single=True)) for x in parts]

    return Line(matrix, Sum(terms), parts, back)


def _row_sums(names: Names, terms: Matrix) -> Line:
    """The sum of each row of a matrix at positions."""
    matrix = names.new("H", ("m", 1), positions=terms.positions)
    count = terms.shape[1]
    return Line(matrix, Added(Name(terms), 1), [terms], lambda up: [(terms, Spread(up, count, single=True))])
