"""Names for the rows of a plan: which matrix they are, or are columns of, and the lines that put others together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from math import prod
from typing import Literal

from micrograd_es.program.blocks import Affine, Place, Plan, Rows, Space, inputs_of
from micrograd_es.program.explaining.columns import Column
from micrograd_es.program.explaining.forms import forms_of
from micrograd_es.program.explaining.formulas import Added, Formula, Matrix
from micrograd_es.program.explaining.patches import Flat, Patches
from micrograd_es.program.explaining.stretches import Part, Taken

Shape = tuple[int | Literal["m"], int]
Form = tuple[int, int] | None  # of weights: how many neurons and inputs they have
Back = Callable[[Formula], list[tuple[Matrix, Formula]]]


@dataclass
class Line:
    """A matrix and its formula; `inputs` are the matrices in it, and `back` what it sends to each of them.

    `note` says what has been recognised (and `of` which matrix, where the note names one), `scope` what the function
    calls it, `lone` what could not be grouped.
    """

    matrix: Matrix
    formula: Formula
    inputs: list[Matrix] = field(default_factory=list)
    back: Back | None = None
    note: str = ""
    scope: str = ""
    lone: str = ""
    of: Matrix | None = None


class Names:
    """The matrices of a plan.

    `forward` are the lines so far, `given` the matrices that no line computes (inputs, parameters, constants), with the
    rows of their numbers, and `forms` has for weights how many neurons and inputs they have. A matrix of kernels at
    many positions has a row for each position of an example; where something else needs its columns it is made flat.
    """

    def __init__(self, plan: Plan, shapes: Sequence[tuple[int, ...]]) -> None:
        self.plan, self.absent = plan, plan.absent
        self.forward: list[Line] = []
        self.given: list[tuple[Matrix, Rows]] = []
        self.forms = forms_of(plan)
        self.owner: dict[Place, Column] = {}
        self._exact: dict[tuple[Rows, Form], Matrix] = {}
        self._at_positions: dict[Rows, Matrix] = {}
        self._read: dict[tuple[Rows, int], Matrix] = {}  # those put together for a block, with their positions
        self._in_any_order: dict[tuple[int, ...], Rows] = {}  # those at positions, by their sorted numbers
        self._tables: dict[Rows, int] = {}  # how many columns an input has that was given as a table
        self._counts: dict[str, int] = {}
        self._inputs(shapes)
        if plan.nothing is not None:
            self.owner[Space.VARYING, plan.nothing] = Matrix("", "", (1, 1), value=0.0), 0
        if plan.absent is not None:
            self.owner[Space.SHARED, plan.absent] = Matrix("", "", (1, 1), value=0.0), 0

    def new(
        self,
        letter: str,
        shape: Shape,
        number: str | None = None,
        positions: int = 1,
    ) -> Matrix:
        """A new matrix."""
        count = self._counts[letter] = self._counts.get(letter, 0) + 1
        return Matrix(letter, str(count) if number is None else number, shape, positions=positions)

    def own(self, matrix: Matrix, rows: Rows, form: Form = None) -> Matrix:
        """Note that some rows are a matrix."""
        if matrix.positions > 1:
            self._at_positions[rows] = matrix
            self._note_order(rows)
        else:
            self._exact[rows, form] = matrix
            if form and form[1] == 1:  # weights of one input are one row
                self._exact.setdefault((rows, None), matrix)
        for column, row in enumerate(rows.numbers):
            if row != self.absent or rows.space is Space.VARYING:
                self.owner[rows.space, row] = matrix, column
        return matrix

    def _inputs(self, shapes: Sequence[tuple[int, ...]]) -> None:
        """Name the inputs, X or X1, X2 …, and note which of them are tables."""
        start = 0
        for i, shape in enumerate(shapes, 1):
            width = prod(shape)
            rows = Rows(Space.VARYING, tuple(range(start, start + width)))
            matrix = Matrix("X", str(i) if len(shapes) > 1 else "", ("m", width))
            self.given.append((self.own(matrix, rows), rows))
            if len(shape) == 2 and min(shape) > 1:
                self._tables[rows] = shape[1]
            start += width

    def name_layers(self) -> None:
        """Name the weights and biases of layers before all else that uses them: a penalty takes them from there.

        What is only a part of weights, and other weights are made of, keeps a name of its own.
        """
        layers = [block for block in self.plan.blocks if isinstance(block, Affine) and block.dense]
        parts = {rows for rows in self.forms if rows.space is Space.SHARED} - {block.weights for block in layers}
        apart = {row for rows in parts for row in rows.numbers}
        for block in layers:
            if self._is_new(block.weights) and apart.isdisjoint(block.weights.numbers):
                self.matrix(block.weights, "W", (block.kernels, block.terms))
            for rows in block.bare:
                if block.positions > 1 and self._is_new(Rows(rows.space, tuple(dict.fromkeys(rows.numbers)))):
                    self.at_positions(rows, block.kernels, block.positions)
                elif self._is_new(rows):
                    self.matrix(rows, "B")

    def _is_new(self, rows: Rows) -> bool:
        """Whether rows are parameters, each once, that have no name yet."""
        numbers = set(rows.numbers) - {self.absent}
        return (
            rows.space is Space.SHARED
            and len(numbers) == len(self._there(rows))
            and max(numbers) < self.plan.tape.parameters
            and not any((rows.space, row) in self.owner for row in numbers)
        )

    def matrix(self, rows: Rows, letter: str, form: Form = None, each: bool = False) -> Matrix:
        """The matrix of some rows: a known one, a new one of parameters, or one put together from others.

        Rows that are all the same are one column, which broadcasts; with `each` they are as many as are given, as what
        is added up has to be.
        """
        varies = rows.space is Space.VARYING
        is_one = len(set(rows.numbers)) == 1 and not each
        if is_one and varies:
            rows = rows.picked([0])
        if (rows, form) in self._exact:
            return self._exact[rows, form]
        if is_one and not varies and form is None:
            constant, rows = self._constant(rows), rows.picked([0])
            if constant or (rows, form) in self._exact:
                return constant or self._exact[rows, form]
        shape: Shape = form[::-1] if form else ("m" if varies else 1, len(rows))
        fresh = [row for row in dict.fromkeys(rows.numbers) if (rows.space, row) not in self.owner]
        end = self.plan.tape.parameters
        if len(fresh) == len(self._there(rows)) and len({row < end for row in fresh}) == 1:
            matrix = self.own(self.new("C" if letter == "p" and fresh[0] >= end else letter, shape), rows, form)
            matrix.missing = len(rows) - len(fresh)
            self.given.append((matrix, rows))
            return matrix
        self._split(self._stack(fresh, rows, form) if form else fresh, rows.space)
        if varies and self.flatten(rows):
            return self._exact[rows, form]
        made = "S" if letter == "p" and max(rows.numbers) >= end else letter  # of what is no parameter
        matrix = self._exact[rows, form] = self.new("G" if varies else made, shape)
        return self.put(matrix, Taken([self.owner[rows.space, row] for row in rows.numbers], form))

    def _there(self, rows: Rows) -> list[int]:
        """Rows without those of weights that are missing."""
        return [row for row in rows.numbers if row != self.absent or rows.space is Space.VARYING]

    def is_given_as_table(self, rows: Rows, columns: int) -> bool:
        """Whether rows are all of an input that was given as rows of so many columns."""
        return self._tables.get(rows) == columns

    def is_stretch(self, rows: Rows) -> bool:
        """Whether rows are a known matrix, or columns of one that follow each other."""
        known = [self.owner.get((rows.space, row)) for row in rows.numbers]
        if None in known:
            return False
        (matrix, first), *_ = places = [place for place in known if place]
        if matrix.positions > 1 or matrix.shape[0] not in ("m", 1):
            return False
        return places == [(matrix, first + i) for i in range(len(places))]

    def put(self, matrix: Matrix, formula: Taken | Flat | Patches) -> Matrix:
        """Add the line of a matrix that is put together from others."""
        sources = list(dict.fromkeys(source for source, _ in formula.columns if source.value is None))
        varies = matrix.shape[0] == "m"
        summed = {source for source in sources if varies and source.shape[0] != "m"}  # the same for all examples

        def back(upstream: Formula) -> list[tuple[Matrix, Formula]]:
            sent = {source: Added(upstream, 0) if source in summed else upstream for source in sources}
            return [(source, Part(way, formula, source)) for source, way in sent.items()]

        self.forward.append(Line(matrix, formula, sources, back))
        return matrix

    def weights_apart(self, block: Affine) -> list[tuple[Matrix, Rows]]:
        """The weights that those of a layer are put together from, each with the inputs it is for.

        Nothing where they have a name of their own, or some are constants, or their inputs are one matrix.
        """
        rows, form, terms = block.weights, (block.kernels, block.terms), block.terms
        if not block.dense or block.positions > 1 or block.absent is not None or (rows, form) in self._exact:
            return []
        if rows.space is Space.SHARED and not self._of_constants.isdisjoint(rows.numbers):
            return []
        fresh = [row for row in dict.fromkeys(rows.numbers) if (rows.space, row) not in self.owner]
        if len(fresh) == len(rows) or self.is_stretch(block.inputs) or self._stack(fresh, rows, form):
            return []
        known = [self.owner[rows.space, row] for row in rows.numbers]
        parts: dict[Matrix, list[int]] = {}
        for term, (matrix, _) in enumerate(known[:terms]):
            parts.setdefault(matrix, []).append(term)
        found = []
        for matrix, some in parts.items():
            some.sort(key=lambda term: known[term][1])
            columns = [known[kernel * terms + term] for kernel in range(block.kernels) for term in some]
            if columns != [(matrix, column) for column in range(matrix.size)] or matrix.shape[0] != len(some):
                return []
            found.append((matrix, block.inputs.picked(some)))
        return found

    def are_constant(self, rows: Rows) -> bool:
        """Whether rows are constants, or made of them alone."""
        return rows.space is Space.SHARED and self._of_constants.issuperset(rows.numbers)

    @cached_property
    def _of_constants(self) -> set[int]:
        """The shared rows that are constants, or made of them alone."""
        tape = self.plan.tape
        found = set(range(tape.parameters, tape.parameters + len(tape.constants)))
        for block in self.plan.blocks:
            if block.out.space is Space.SHARED and all(found.issuperset(rows.numbers) for rows in inputs_of(block)):
                found.update(block.out.numbers)
        return found

    def _stack(self, fresh: list[int], rows: Rows, form: tuple[int, int]) -> list[int]:
        """Name what has no name yet of weights, where it is all the weights of some inputs; else it is given back."""
        kernels, terms = form
        new = set(fresh)
        whole = [term for term in range(terms) if new.issuperset(rows.numbers[term::terms])]
        numbers = tuple([rows.numbers[kernel * terms + term] for kernel in range(kernels) for term in whole])
        parameters = {row < self.plan.tape.parameters for row in fresh}
        if len(whole) < 2 or sorted(numbers) != sorted(fresh) or len(parameters) > 1:
            return fresh
        part, inner = Rows(rows.space, numbers), (kernels, len(whole))
        self.given.append((self.own(self.new("W", inner[::-1]), part, inner), part))
        return []

    def _split(self, fresh: list[int], space: Space) -> None:
        """Name rows that nothing has named yet: parameters apart from constants."""
        end = self.plan.tape.parameters
        for letter, part in (("p", [row for row in fresh if row < end]), ("C", [row for row in fresh if row >= end])):
            if part:
                rows = Rows(space, tuple(part))
                self.given.append((self.own(self.new(letter, (1, len(part))), rows), rows))

    def _constant(self, rows: Rows) -> Matrix | None:
        """A number, where all of the rows are constants of that number."""
        tape = self.plan.tape
        if len(set(rows.numbers)) == 1 and 0 <= rows.numbers[0] - tape.parameters < len(tape.constants):
            return Matrix("", "", (1, 1), value=tape.constants[rows.numbers[0] - tape.parameters])
        return None

    def owner_of(self, place: Place) -> Column:
        """The matrix and the column of one row."""
        self.matrix(Rows(place[0], (place[1],)), "p")
        if place in self.owner:
            return self.owner[place]
        constant = self._constant(Rows(place[0], (place[1],)))
        assert constant is not None
        return constant, 0

    # Kernels at positions

    def flatten(self, rows: Rows) -> bool:
        """Make flat what rows are taken from; whether they are just that.

        It is kernel by kernel, or position by position where the rows stand in that order.
        """
        columns: dict[Matrix, list[int]] = {}
        for row in rows.numbers:
            matrix, column = self.owner[rows.space, row]
            if matrix.positions > 1:
                columns.setdefault(matrix, []).append(column)
        for matrix, taken in columns.items():
            whole = next(known for known, m in self._at_positions.items() if m is matrix)
            count, kernels = matrix.positions, matrix.shape[1]
            turned = [column % count * kernels + column // count for column in taken]
            by_position = _ascend(turned) and (not _ascend(taken) or (_follow(turned) and not _follow(taken)))
            if by_position:
                whole = whole.turned(count)
            self.own(self.flat(matrix, by_position), whole)
        return (rows, None) in self._exact

    def flat(self, matrix: Matrix, by_position: bool = False) -> Matrix:
        """A matrix at positions with all numbers of an example in one row."""
        return self.put(self.new("F", ("m", matrix.size)), Flat(matrix, by_position))

    def positions(self, rows: Rows) -> int:
        """At how many positions of an example some rows are."""
        matrix = self._at_positions.get(rows)
        return matrix.positions if matrix else 1

    def known_at_positions(self, rows: Rows, positions: int) -> Matrix | None:
        """The matrix of rows at so many positions, if there is one."""
        if self.positions(rows) == positions > 1:
            return self._at_positions[rows]
        return self._read.get((rows, positions))

    def keep(self, matrix: Matrix, rows: Rows) -> Matrix:
        """Note that rows, which stand elsewhere too, are a matrix at positions."""
        self._read[rows, matrix.positions] = matrix
        self._at_positions.setdefault(rows, matrix)
        self._note_order(rows)
        return matrix

    def _note_order(self, rows: Rows) -> None:
        if rows.space is Space.VARYING:
            self._in_any_order.setdefault(tuple(sorted(rows.numbers)), rows)

    def places_in_table(self, rows: Rows) -> list[int]:
        """The places of rows in the order of the matrix at positions that they are; none for any other rows."""
        found = self._in_any_order.get(tuple(sorted(rows.numbers))) if rows.space is Space.VARYING else None
        places = {row: place for place, row in enumerate(rows.numbers)}
        return [places[row] for row in found.numbers] if found else []

    def tables_in(self, columns: Sequence[Rows]) -> list[int]:
        """How many rows each of the matrices at positions has that some columns together are; none for anything else.

        One column has the rows of a whole matrix; several have one of its columns each.
        """
        starts: dict[int, list[Rows]] = {}
        for rows in self._at_positions:
            if rows.space is columns[0].space:
                starts.setdefault(rows.numbers[0], []).append(rows)
        sizes: list[int] = []
        start, end, count = 0, len(columns[0]), len(columns)
        while start < end:
            size = 0
            for rows in starts.get(columns[0].numbers[start], ()):
                each = len(rows) // count
                taken = tuple([row for column in columns for row in column.numbers[start : start + each]])
                if taken == rows.numbers and each in (self.positions(rows), len(rows)):
                    size = each
            if not size:
                return []
            sizes.append(size)
            start += size
        return sizes

    def at_positions(self, rows: Rows, kernels: int, positions: int) -> Matrix | None:
        """The matrix of rows at positions, or what is the same at all of them; None where they are not like that."""
        numbers = rows.numbers
        if rows in self._at_positions:
            matrix = self._at_positions[rows]
            return matrix if matrix.positions == positions else None
        if rows.space is Space.VARYING:
            column = Rows(rows.space, numbers[:positions])
            is_one = self.positions(column) == positions and numbers == column.numbers * kernels
            return self._at_positions[column] if is_one else None
        each = numbers if len(numbers) == kernels else numbers[::positions]
        if len(numbers) > kernels and any(numbers[i::positions] != each for i in range(positions)):
            return None
        return self.matrix(Rows(rows.space, each), "B" if len(numbers) == kernels else "p")

    def patches(self, block: Affine) -> Matrix:
        """The inputs of kernels, a row for each position and a column for each term."""
        positions = block.positions
        if positions == 1:
            return self.matrix(block.inputs, "G", each=True)
        known = self.known_at_positions(block.inputs, positions)
        if known is None:
            columns = [self.owner[block.inputs.space, row] for row in block.inputs.numbers]
            known = self.put(self.new("G", ("m", block.terms), positions=positions), Patches(columns, positions))
            self.keep(known, block.inputs)
        return known


def _ascend(numbers: Sequence[int]) -> bool:
    """Whether each number is above the one before it."""
    return all(x < y for x, y in pairwise(numbers))


def _follow(numbers: Sequence[int]) -> bool:
    """Whether each number is one more than the one before it."""
    return all(y == x + 1 for x, y in pairwise(numbers))
