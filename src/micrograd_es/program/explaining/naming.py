"""Names for the rows of a plan: a matrix for them that is known, or new, or put together from others in a line."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from math import prod
from typing import Literal

from micrograd_es.program.blocks import Place, Plan, Rows, Space
from micrograd_es.program.explaining.columns import Column
from micrograd_es.program.explaining.forms import forms_of, of_constants
from micrograd_es.program.explaining.formulas import Added, Formula, Matrix
from micrograd_es.program.explaining.lines import Given, Line, Page
from micrograd_es.program.explaining.patches import Flat, Patches
from micrograd_es.program.explaining.register import Form, Register
from micrograd_es.program.explaining.stretches import Part, Taken

Shape = tuple[int | Literal["m"], int]


class Names:
    """The matrices of a plan, and the lines so far.

    `known` says which matrix rows are, `forward` are the lines, `given` the matrices that no line computes (inputs,
    parameters, constants), with the rows of their numbers, and `forms` has for weights how many neurons and inputs they
    have. A matrix of kernels at many positions is made flat where something else needs its columns.
    """

    def __init__(self, plan: Plan, shapes: Sequence[tuple[int, ...]]) -> None:
        self.plan, self.forms, self.known = plan, forms_of(plan), Register(plan.zeros.get(Space.SHARED))
        self.forward: list[Line] = []
        self.given: list[Given] = []
        self._widths: dict[Rows, int] = {}  # how many columns an input has that was given as a table
        self._counts: dict[str, int] = {}
        self._inputs(shapes)
        for place in plan.zeros.items():
            self.known.owner[place] = Matrix.of(0.0), 0

    def _inputs(self, shapes: Sequence[tuple[int, ...]]) -> None:
        """Name the inputs, X or X1, X2 …, and note which of them are tables."""
        start = 0
        for i, shape in enumerate(shapes, 1):
            width = prod(shape)
            rows = Rows(Space.VARYING, tuple(range(start, start + width)))
            self._give(Matrix("X", str(i) if len(shapes) > 1 else "", ("m", width)), rows)
            if len(shape) == 2 and min(shape) > 1:
                self._widths[rows] = shape[1]
            start += width

    def _give(self, matrix: Matrix, rows: Rows, form: Form = None) -> Matrix:
        """Note that some rows are a matrix that no line computes."""
        self.given.append((self.known.own(matrix, rows, form), rows))
        return matrix

    def is_given_as_table(self, rows: Rows, columns: int) -> bool:
        """Whether rows are all of an input that was given as rows of so many columns."""
        return self._widths.get(rows) == columns

    def new(self, letter: str, shape: Shape, number: str | None = None, positions: int = 1) -> Matrix:
        """A new matrix."""
        count = self._counts[letter] = self._counts.get(letter, 0) + 1
        return Matrix(letter, str(count) if number is None else number, shape, positions=positions)

    def computed(self, shape: Shape, positions: int = 1) -> Matrix:
        """A new matrix of what is computed for each example, or of what all of them share."""
        return self.new("H" if shape[0] == "m" else "S", shape, positions=positions)

    def shape(self, rows: Rows) -> Shape:
        """The shape of what is computed in some rows."""
        if rows.space is Space.VARYING:
            return "m", len(rows)
        return self.forms[rows][::-1] if rows in self.forms else (1, len(rows))

    def matrix(self, rows: Rows, letter: str, form: Form = None, each: bool = False) -> Matrix:
        """The matrix of some rows: a known one, a new one of parameters, or one put together from others.

        Rows that are all the same are one column, which broadcasts; with `each` they are as many as are given, as what
        is added up has to be.
        """
        varies = rows.space is Space.VARYING
        is_one = len(set(rows.numbers)) == 1 and not each
        if is_one and varies:
            rows = rows.picked([0])
        found = self.known.find(rows, form)
        if not found and is_one and not varies and form is None:
            constant, rows = self._constant(rows), rows.picked([0])
            found = constant or self.known.find(rows)
        if found:
            return found
        shape: Shape = form[::-1] if form else ("m" if varies else 1, len(rows))
        fresh, end = self.known.fresh(rows), self.plan.tape.parameters
        if fresh and not form and rows in self.forms and min(self.forms[rows]) > 1:  # those of a layer are its matrix
            self.matrix(rows, "W", self.forms[rows])
            return self.matrix(rows, letter, form, each)
        if len(fresh) == len(self.known.there(rows) if form else rows) and len({row < end for row in fresh}) == 1:
            matrix = self._give(self.new("C" if letter == "p" and fresh[0] >= end else letter, shape), rows, form)
            matrix.missing = len(rows) - len(fresh)
            return matrix
        self._split(self._stack(fresh, rows, form) if form else fresh, rows.space)
        flat = self.flatten(rows) if varies else None
        if flat:
            return flat
        made = "S" if letter == "p" and max(rows.numbers) >= end else letter  # of what is no parameter
        matrix = self.known.note(self.new("G" if varies else made, shape), rows, form)
        return self.put(matrix, Taken(self.known.columns(rows), form))

    def put(self, matrix: Matrix, formula: Taken | Flat | Patches) -> Matrix:
        """Add the line of a matrix that is put together from others."""
        sources = list(dict.fromkeys(source for source, _ in formula.columns if source.value is None))
        varies = matrix.shape[0] == "m"
        summed = {source for source in sources if varies and source.shape[0] != "m"}  # the same for all examples

        def back(upstream: Formula) -> list[tuple[Matrix, Formula]]:
            sent = {source: Added(upstream, 0) if source in summed else upstream for source in sources}
            return [(source, Part(way, formula, source)) for source, way in sent.items()]

        return self.add(Line(matrix, formula, sources, back))

    def put_at_positions(self, formula: Patches, rows: Rows) -> Matrix:
        """Add the line of a matrix with a row for each position, and note that rows are that."""
        shape: Shape = "m", len(rows) // formula.positions
        return self.known.keep(self.put(self.new("G", shape, positions=formula.positions), formula), rows)

    def add(self, line: Line) -> Matrix:
        """Put a line after all others; its matrix."""
        self.forward.append(line)
        return line.matrix

    @property
    def page(self) -> Page:
        """All that has been named so far."""
        return Page(self.given[:], self.forward[:])

    def owner_of(self, place: Place) -> Column:
        """The matrix and the column of one row."""
        if place not in self.known.owner:
            self.matrix(Rows(place[0], (place[1],)), "p")
        if place in self.known.owner:
            return self.known.owner[place]
        constant = self._constant(Rows(place[0], (place[1],)))
        assert constant is not None
        return constant, 0

    # Parameters and constants

    @cached_property
    def _of_constants(self) -> set[int]:
        return of_constants(self.plan)

    def are_constant(self, rows: Rows) -> bool:
        """Whether rows are constants, or made of them alone."""
        return rows.space is Space.SHARED and self._of_constants.issuperset(rows.numbers)

    def has_constants(self, rows: Rows) -> bool:
        """Whether some of the rows are constants, or made of them alone."""
        return rows.space is Space.SHARED and not self._of_constants.isdisjoint(rows.numbers)

    def name_part(self, rows: Rows, form: tuple[int, int]) -> bool:
        """Name what has no name yet of weights, where it is all the weights of some inputs; whether all have one."""
        return not self._stack(self.known.fresh(rows), rows, form, least=1)

    def _stack(self, fresh: list[int], rows: Rows, form: tuple[int, int], least: int = 2) -> list[int]:
        """Name what has no name yet of weights, where it is all those of some inputs, `least` of them or more.

        Else it is given back.
        """
        kernels, terms = form
        new = set(fresh)
        whole = [term for term in range(terms) if new.issuperset(rows.numbers[term::terms])]
        numbers = tuple([rows.numbers[kernel * terms + term] for kernel in range(kernels) for term in whole])
        parameters = {row < self.plan.tape.parameters for row in fresh}
        if len(whole) < least or sorted(numbers) != sorted(fresh) or len(parameters) > 1:
            return fresh
        inner = kernels, len(whole)
        self._give(self.new("W", inner[::-1]), Rows(rows.space, numbers), inner)
        return []

    def _split(self, fresh: list[int], space: Space) -> None:
        """Name rows that nothing has named yet: parameters apart from constants."""
        end = self.plan.tape.parameters
        for letter, part in (("p", [row for row in fresh if row < end]), ("C", [row for row in fresh if row >= end])):
            if part:
                self._give(self.new(letter, (1, len(part))), Rows(space, tuple(part)))

    def _constant(self, rows: Rows) -> Matrix | None:
        """A number, where all of the rows are constants of that number."""
        number = self.plan.constants.get(rows.numbers[0]) if len(set(rows.numbers)) == 1 else None
        return None if number is None else Matrix.of(number)

    # Matrices at positions, in one row

    def flatten(self, rows: Rows) -> Matrix | None:
        """Make flat what rows are taken from; the matrix of the rows, if they are just that.

        It is kernel by kernel, or position by position where the rows stand in that order.
        """
        columns: dict[Matrix, list[int]] = {}
        for matrix, column in self.known.columns(rows):
            if matrix.positions > 1:
                columns.setdefault(matrix, []).append(column)
        for matrix, taken in columns.items():
            whole = next(known for known, m in self.known.tables.items() if m is matrix)
            count, kernels = matrix.positions, matrix.shape[1]
            turned = [column % count * kernels + column // count for column in taken]
            by_position = _ascend(turned) and (not _ascend(taken) or (_follow(turned) and not _follow(taken)))
            if by_position:
                whole = whole.turned(count)
            self.known.own(self.flat(matrix, by_position), whole)
        return self.known.find(rows)

    def flat(self, matrix: Matrix, by_position: bool = False) -> Matrix:
        """A matrix at positions with all numbers of an example in one row."""
        return self.put(self.new("F", ("m", matrix.size)), Flat(matrix, by_position))


def _ascend(numbers: Sequence[int]) -> bool:
    """Whether each number is above the one before it."""
    return all(x < y for x, y in pairwise(numbers))


def _follow(numbers: Sequence[int]) -> bool:
    """Whether each number is one more than the one before it."""
    return all(y == x + 1 for x, y in pairwise(numbers))
