"""A line of a page of formulas: a matrix, the formula of it, and the way back through that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from micrograd_es.program.explaining.formulas import Formula, Matrix

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
