"""A page of formulas: its lines, each a matrix with its formula and the way back through that, and what is given."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from micrograd_es.program.blocks import Rows, Space
from micrograd_es.program.explaining.formulas import Formula, Matrix

Back = Callable[[Formula], list[tuple[Matrix, Formula]]]
Given = tuple[Matrix, Rows]  # a matrix that no line computes, with the rows of its numbers


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


class Page(NamedTuple):
    """What is `given` (inputs, parameters, constants), and the lines of the way forward."""

    given: Sequence[Given]
    forward: Sequence[Line]

    @property
    def matrices(self) -> list[Matrix]:
        """All matrices, those that are given first."""
        return [*[matrix for matrix, _ in self.given], *[line.matrix for line in self.forward]]

    def ending(self, *lines: Line) -> Page:
        """The page with some lines after all others."""
        return self._replace(forward=[*self.forward, *lines])

    def only(self, matrices: Collection[Matrix]) -> Page:
        """The page without the lines that some matrices do not need, and without what is given for those lines alone.

        Inputs stay.
        """
        needed, kept = set(matrices), list[Line]()
        for line in reversed(self.forward):
            if line.matrix in needed:
                kept.append(line)
                needed.update(line.inputs)
        used = set(matrices).union(*[line.inputs for line in kept])
        return Page([(x, rows) for x, rows in self.given if x.letter == "X" or x in used], kept[::-1])

    def dependent(self, parameters: int) -> set[Matrix]:
        """The matrices that depend on parameters, of which there are so many."""
        found = {x for x, rows in self.given if rows.space is Space.SHARED and min(rows.numbers) < parameters}
        for line in self.forward:
            if not found.isdisjoint(line.inputs):
                found.add(line.matrix)
        return found
