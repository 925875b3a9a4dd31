"""The names that the user gave to parameters, in formulas: w and b in place of p1 and p2."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from micrograd_es.expression_source import SUBSCRIPTS
from micrograd_es.ops import OPS
from micrograd_es.program.blocks import Plan, Rows
from micrograd_es.program.explaining.formulas import Matrix
from micrograd_es.program.explaining.notation import Style

_PLAIN = re.compile("([A-Za-zÀ-ÖØ-öø-ÿ]{1,12}|[α-ξπρσ-ω])_?([0-9₀-₉]{0,3})")
_TAKEN = ("m", "n", "e", "i", "j", "L", "T", "prod", "vec", "softmax", "σ")  # by what stands in formulas anyway

LONGEST = 20  # letters of a name in a list
FEW = 8  # parameters that stand together are told by name


def name_parameters(plan: Plan, given: Sequence[tuple[Matrix, Rows]], others: Iterable[Matrix]) -> None:
    """Call parameters that stand alone as the user does: a letter or a word, with a number after it or none.

    `given` are these parameters with their rows, `others` what has other names. What would be called as something else
    is, and what another parameter is called, stays as it is.
    """
    found = {matrix: _PLAIN.fullmatch(_label(plan, rows.numbers[0])) for matrix, rows in given}
    names = {matrix: (plain[1], plain[2].translate(SUBSCRIPTS)) for matrix, plain in found.items() if plain}
    taken = {*_TAKEN, *OPS}
    for matrix in others:
        if matrix not in found:
            taken |= {matrix.letter, matrix.name}
    counts = Counter(map("".join, names.values()))
    for matrix, (letter, number) in names.items():
        if letter not in taken and letter + number not in taken and counts[letter + number] == 1:
            matrix.letter, matrix.number = letter, number


def told(plan: Plan, given: Iterable[tuple[Matrix, Rows]], style: Style) -> list[str]:
    """Which parameters a vector has that goes by another name, by the user's names: "In p: k, γ."."""
    found = []
    for matrix, rows in given:
        if plan.are_parameters(rows) and matrix.letter in "pWB" and 1 in matrix.shape and len(rows) <= FEW:
            labels = [_label(plan, row) for row in rows.numbers]
            if all(map(_is_short, labels)) and len(set(labels)) == len(labels):
                found.append(style.words["named"].format(matrix.written(style), ", ".join(labels)))
    return found


def _is_short(label: str) -> bool:
    """Whether a label can stand in a list."""
    return 0 < len(label) <= LONGEST and label.isprintable() and "," not in label


def _label(plan: Plan, row: int) -> str:
    """What the parameter of a row is called."""
    return plan.tape.names[plan.tape.inputs + plan.parameters[row]]
