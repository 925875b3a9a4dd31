"""Formulas of layers of which weights are missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from micrograd_es.program.arrays import Array
from micrograd_es.program.explaining.formulas import Arrays, Matrix, Product
from micrograd_es.program.explaining.notation import Style


@dataclass(eq=False)
class WhereThere(Product):
    """A product that is sent to weights, where they are `there`: 0 where there is none."""

    weights: Matrix
    there: Array

    def written(self, style: Style) -> str:
        inner, name = super().written(style), self.weights.written(style)
        if style.latex:
            return rf"\left({inner}\right) \odot 1\left[{name}\right]"
        return f"({inner}) ⊙ 1[{name}]"

    def array(self, arrays: Arrays) -> Any:
        return super().array(arrays) * self.there
