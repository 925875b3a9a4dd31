"""Rows of the table of operations read with matrices, as formulas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from micrograd_es.ops import Op
from micrograd_es.program.arrays import ARRAYS
from micrograd_es.program.formulas import Arrays, Formula, Name, Style, whole
from micrograd_es.program.rules import rules_of
from micrograd_es.symbols import Symbol, formula_of


@dataclass(eq=False)
class Reading(Formula):
    """A row of the table of operations, or one of its local gradients, read with matrices."""

    op: Op
    inputs: Sequence[Formula]
    out: Formula | None = None  # with `along`: the local gradient along that input
    along: int = 0

    @property
    def symbol(self) -> Symbol:
        """The formula of the table, with x0, x1 … for the inputs and z for the result."""
        symbols = [
            Symbol(whole(x.matrix.value)) if isinstance(x, Name) and x.matrix.value is not None else Symbol(f"x{i}")
            for i, x in enumerate(self.inputs)
        ]
        return formula_of(self.op, symbols, None if self.out is None else self.along)

    @property
    def binding(self) -> bool:  # type: ignore[override]
        return self.symbol.form in ("+", "-", "neg")

    def written(self, style: Style) -> str:
        formula = self.symbol
        names = {f"x{i}": x.written(style) for i, x in enumerate(self.inputs)}
        if self.out is not None:
            names["z"] = self.out.written(style)
        text = formula.latex(names) if style.latex else formula.text(names)
        if any(x.matrix.value is not None for x in self.inputs if isinstance(x, Name)):
            return text  # scaled by a number, not number by number
        return text.replace(r"\cdot", r"\odot") if style.latex else text.replace("·", " ⊙ ")

    def array(self, arrays: Arrays) -> Any:
        xs = [np.asarray(x.array(arrays), float) for x in self.inputs]
        if self.out is None:
            return rules_of(self.op, len(xs)).forward(ARRAYS, *xs)
        return rules_of(self.op, len(xs)).local(ARRAYS, self.out.array(arrays), *xs)[self.along]


@dataclass(eq=False)
class Across(Formula):
    """An operation of many inputs on the columns of one matrix, or one of its local gradients: a matrix again."""

    op: Op
    part: Formula
    out: Formula | None = None

    def written(self, style: Style) -> str:
        x = self.part.written(style)
        if self.out is None:
            return self._reduced(x, style)
        made = formula_of(self.op, [Symbol("x")] * 3, 0)
        names = {"x": x, "z": self.out.written(style)}
        return made.latex(names) if style.latex else made.text(names)

    def _reduced(self, x: str, style: Style) -> str:
        if self.op.name == "log_sum_exp":
            return rf"\log \sum e^{{{x}}}" if style.latex else f"log Σ e^{x}"
        return rf"\operatorname{{{self.op.name}}} {x}" if style.latex else f"{self.op.name} {x}"

    def array(self, arrays: Arrays) -> Any:
        xs = list(self.part.array(arrays).T[:, :, None])
        if self.out is None:
            return rules_of(self.op, len(xs)).forward(ARRAYS, *xs)
        slopes = rules_of(self.op, len(xs)).local(ARRAYS, self.out.array(arrays), *xs)
        return np.concatenate([np.broadcast_to(slope, xs[0].shape) for slope in slopes], axis=1)
