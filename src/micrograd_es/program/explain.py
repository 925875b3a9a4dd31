"""The blocks of a program as matrix formulas with shapes, in text and in LaTeX."""

from __future__ import annotations

from collections.abc import Sequence

from micrograd_es.program.blocks import Affine, Block, Elementwise, Plan, Rows, Space, Total
from micrograd_es.symbols import SYMBOLS, Symbol

_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


class Names:
    """The names of stretches of rows: X for inputs, W and b for weights and biases, H for what blocks make."""

    def __init__(self, plan: Plan, latex: bool) -> None:
        self.plan, self.latex = plan, latex
        self.made: dict[Rows, str] = {}
        self.counts: dict[str, int] = {}

    def of(self, rows: Rows, letter: str) -> str:
        """The name of some rows; constants are their numbers, parts of a block are written with their rows."""
        rows = Rows(rows.space, tuple(dict.fromkeys(rows.numbers)))
        tape = self.plan.tape
        if rows.space is Space.SHARED and len(rows) == 1:
            constant = rows.numbers[0] - tape.parameters
            if 0 <= constant < len(tape.constants):
                return f"{tape.constants[constant]:g}"
        for known, name in self.made.items():
            if known.space is rows.space and set(rows.numbers) <= set(known.numbers):
                return name if len(known) == len(rows) else f"{name}[{len(rows)} of {len(known)}]"
        return self.new(rows, "X" if rows.space is Space.VARYING and rows.numbers[0] < tape.inputs else letter)

    def new(self, rows: Rows, letter: str) -> str:
        """A new name for some rows."""
        number = self.counts[letter] = self.counts.get(letter, 0) + 1
        name = f"{letter}_{{{number}}}" if self.latex else f"{letter}{number}".translate(_SUBSCRIPT)
        self.made[rows] = name
        return name


def explained(plan: Plan, latex: bool = False) -> str:
    """One line for each block: its formula, its shape, and for what stays ragged or single that it does.

    Varying things have a column for each of the B examples of a batch.
    """
    names = Names(plan, latex)
    lines = [_line(block, names) for block in plan.blocks]
    return "\n".join(lines)


def _line(block: Block, names: Names) -> str:
    formula = _formula(block, names)
    letter = "H" if block.out.space is Space.VARYING else "S"
    name = names.new(block.out, letter)
    columns = "B" if block.out.space is Space.VARYING else "1"
    if names.latex:
        return rf"{name} = {formula} \in \mathbb{{R}}^{{{len(block.out)} \times {columns}}}"
    return f"{name} ({len(block.out)}×{columns}) = {formula}"


def _formula(block: Block, names: Names) -> str:
    if isinstance(block, Affine):
        terms = len(block.weights) // len(block.out)
        weights, inputs = names.of(block.weights, "W"), names.of(block.inputs, "H")
        shape = f" ({len(block.out)}×{terms})" if not names.latex else ""
        dot = r" \cdot " if names.latex else "·"
        product = f"{weights}{shape}{dot}{inputs}"
        if not block.dense:
            product = f"Σ {weights}{shape} ⊙ {inputs}" if not names.latex else rf"\sum {weights} \odot {inputs}"
        return " + ".join([product, *(names.of(rows, "b") for rows in block.bare)])
    if isinstance(block, Total):
        sign = r"\sum " if names.latex else "Σ "
        return f"{sign}{names.of(block.terms, 'H')}"
    return _elementwise(block, names)


def _elementwise(block: Elementwise, names: Names) -> str:
    if len(block.inputs) > 3:
        every = Rows(block.inputs[0].space, tuple(row for rows in block.inputs for row in rows.numbers))
        return (
            rf"\operatorname{{{block.op.name}}}({names.of(every, 'H')})"
            if names.latex
            else f"{block.op.name}({names.of(every, 'H')})"
        )
    variables: Sequence[Symbol] = [Symbol(f"x{i}") for i in range(len(block.inputs))]
    written = {
        f"x{i}": names.of(rows, "p" if rows.space is Space.SHARED else "H") for i, rows in enumerate(block.inputs)
    }
    formula: Symbol = block.op.forward(SYMBOLS, *variables)
    return formula.latex(written) if names.latex else formula.text(written).replace("·", " ⊙ ")
