"""Formulas over matrices, written once and read three ways: as text, as LaTeX, and as NumPy arrays.

They are those of examples as rows, Z = X·W1 + B1. With examples as columns every matrix is transposed, so a product
turns round and so do the sums.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from micrograd_es.program.arrays import Array
from micrograd_es.program.explaining.notation import Style, alone, in_parentheses, latex_letter, plain, transposed
from micrograd_es.program.explaining.progressions import Progression, progressions

Arrays = Mapping[str, Array]


@dataclass(eq=False)
class Matrix:
    """A named matrix of rows × columns; those of "m" rows have one for each of the m examples.

    `letter` and `number` make the name. What is only a number in a formula is its own name. What is computed at several
    `positions` of an example has so many rows for it.
    """

    letter: str
    number: str
    shape: tuple[int | Literal["m"], int]
    value: float | None = None
    slope: bool = False  # whether this is ∂L/∂ of the matrix
    positions: int = 1
    missing: int = 0  # how many weights are missing, which are 0

    @classmethod
    def of(cls, x: float) -> Matrix:
        """A number."""
        return cls("", "", (1, 1), value=x)

    @property
    def name(self) -> str:
        """The name in text, which is the key of `Program.matrices`."""
        name = plain(self.value) if self.value is not None else f"{self.letter}{self.number}"
        return f"∂L/∂{name}" if self.slope else name

    @property
    def size(self) -> int:
        """How many numbers it has, for one example."""
        return self.shape[1] * (self.shape[0] if self.shape[0] != "m" else self.positions)

    @property
    def gradient(self) -> Matrix:
        """∂L/∂ of it."""
        return Matrix(self.letter, self.number, self.shape, slope=True, positions=self.positions)

    def written(self, style: Style) -> str:
        """The name."""
        if self.value is not None:
            return alone(self.value, style)
        if not style.latex:
            return self.name
        index = self.number.replace("[", "").replace("]", "")
        name = latex_letter(self.letter) + (f"_{{{index}}}" if index else "")
        return rf"\frac{{\partial L}}{{\partial {name}}}" if self.slope else name

    def sized(self, style: Style) -> str:
        """The shape, rows × columns."""
        height: int | str = self.shape[0]
        if self.positions > 1:
            height = rf"({self.positions}m)" if style.latex else f"(m·{self.positions})"
        rows, columns = (self.shape[1], height) if style.columns else (height, self.shape[1])
        return rf"{rows} \times {columns}" if style.latex else f"{rows}×{columns}"

    def array(self, arrays: Arrays) -> Any:
        """The numbers."""
        return self.value if self.value is not None else arrays[self.name]


class Formula:
    """A formula over matrices. `binding`: whether it needs parentheses as a factor."""

    binding = False

    @property
    def single(self) -> bool:
        """Whether it is one number for all examples, whose product with a matrix is written w·X."""
        return False

    @property
    def sign(self) -> str:
        """The kind of formula, by which a legend explains the signs that a lecture does not have."""
        return type(self).__name__

    @property
    def signs(self) -> Sequence[str]:
        """Its kind, and those of the signs inside of it that have a sentence of their own."""
        return (self.sign,)

    def written(self, style: Style) -> str:
        """The formula in a style."""
        raise NotImplementedError

    def array(self, arrays: Arrays) -> Any:
        """What the formula comes to, examples as rows."""
        raise NotImplementedError

    def factor(self, style: Style) -> str:
        """The formula as part of a product."""
        return in_parentheses(self.written(style), style) if self.binding else self.written(style)

    def operand(self, style: Style) -> str:
        """The formula after a word, in parentheses but for a name."""
        return in_parentheses(self.written(style), style)

    def parts(self) -> Sequence[Formula]:
        """The formulas that it is made of."""
        found = (getattr(self, name, None) for name in ("part", "left", "right"))
        return [*[part for part in found if isinstance(part, Formula)], *getattr(self, "terms", ())]

    def all_parts(self) -> list[Formula]:
        """The formula and everything that it is made of."""
        return [self, *[inner for part in self.parts() for inner in part.all_parts()]]

    def sizes(self, style: Style) -> str:
        """The shapes in a product of matrices; nothing for any other formula."""
        return ""


@dataclass(eq=False)
class Name(Formula):
    """A matrix, or its transpose."""

    matrix: Matrix
    turned: bool = False

    @property
    def signs(self) -> Sequence[str]:
        return (self.sign, *["Missing"] * (self.matrix.missing > 0 and not self.matrix.slope))

    @property
    def single(self) -> bool:
        return self.matrix.shape == (1, 1)

    def written(self, style: Style) -> str:
        name = self.matrix.written(style)
        return transposed(name, style) if self.turned else name

    def operand(self, style: Style) -> str:
        return self.written(style)

    def sizes(self, style: Style) -> str:
        size = self.matrix.sized(style)
        return f"({'×'.join(size.split('×')[::-1])})" if self.turned else f"({size})"

    def array(self, arrays: Arrays) -> Any:
        found = self.matrix.array(arrays)
        return found.T if self.turned else found


@dataclass(eq=False)
class Product(Formula):
    """A product of two matrices."""

    left: Formula
    right: Formula

    def written(self, style: Style) -> str:
        parts = [self.left.factor(style), self.right.factor(style)]
        return style.dot.join(parts[::-1] if style.columns else parts)

    def sizes(self, style: Style) -> str:
        parts = [self.left.sizes(style), self.right.sizes(style)]
        return "·".join(parts[::-1] if style.columns else parts) if all(parts) else ""

    def array(self, arrays: Arrays) -> Any:
        return self.left.array(arrays) @ self.right.array(arrays)


@dataclass(eq=False)
class Times(Formula):
    """A product number by number; a single number stands first, with the sign of any product."""

    left: Formula
    right: Formula

    def written(self, style: Style) -> str:
        if self.left.single or self.right.single:
            parts = [self.left, self.right] if self.left.single else [self.right, self.left]
            return style.dot.join([part.factor(style) for part in parts])
        return (r" \odot " if style.latex else " ⊙ ").join([self.left.factor(style), self.right.factor(style)])

    def array(self, arrays: Arrays) -> Any:
        return self.left.array(arrays) * self.right.array(arrays)


@dataclass(eq=False)
class Multiple(Formula):
    """A formula times a number."""

    number: Formula
    part: Formula

    def written(self, style: Style) -> str:
        return style.dot.join([self.number.factor(style), self.part.factor(style)])

    def array(self, arrays: Arrays) -> Any:
        return self.number.array(arrays) * self.part.array(arrays)


@dataclass(eq=False)
class Sum(Formula):
    """A sum, where a row or a number is added to every row."""

    terms: Sequence[Formula]
    binding = True

    def written(self, style: Style) -> str:
        first, *others = [text for text, _ in self._terms(style)]
        text, minus = first, style.minus
        for added in others:
            text += f" {minus} {added.removeprefix(minus)}" if added.startswith(minus) else f" + {added}"
        return text

    def sizes(self, style: Style) -> str:
        terms = [term for _, term in self._terms(style)]
        parts = [(term.part if isinstance(term, Multiple) else term).sizes(style) for term in terms]
        return " + ".join(parts) if isinstance(terms[0], Product) and all(parts) else ""

    def _terms(self, style: Style) -> list[tuple[str, Formula]]:
        """The terms as text; those of the steps of a recurrence as one, with the first of them."""
        texts = [term.written(style) for term in self.terms]
        if not style.index:
            return list(zip(texts, self.terms, strict=True))
        found = []
        for first, *others in progressions(texts):
            some = [self.terms[i].factor(style) for i in (first, *others)] if others else []
            text = Progression.of(some, style).summed(style) if some else texts[first]
            found.append((text, self.terms[first]))
        return found

    def array(self, arrays: Arrays) -> Any:
        total = self.terms[0].array(arrays)
        for term in self.terms[1:]:
            total = total + term.array(arrays)
        return total


@dataclass(eq=False)
class Minus(Formula):
    """The negative of a formula."""

    part: Formula
    binding = True

    def written(self, style: Style) -> str:
        return style.minus + self.part.factor(style)

    def array(self, arrays: Arrays) -> Any:
        return -self.part.array(arrays)


@dataclass(eq=False)
class Added(Formula):
    """The column sums (axis 0) or the row sums (axis 1) of a formula, or the sum of all its numbers (axis None)."""

    part: Formula
    axis: int | None

    def written(self, style: Style) -> str:
        axis = self.axis if self.axis is None or not style.columns else 1 - self.axis
        inner = self.part.operand(style)
        if style.latex:
            ones, turned = r"\mathbf{1}", r"\mathbf{1}^{\top}"
            after, before = rf" \cdot {ones}", rf"{turned} \cdot "
            return (before if axis != 1 else "") + inner + (after if axis != 0 else "")
        return style.words[{0: "column sums", 1: "row sums", None: "sum"}[axis]].format(inner)

    def array(self, arrays: Arrays) -> Any:
        return np.sum(self.part.array(arrays), axis=self.axis, keepdims=True)


@dataclass(eq=False)
class Norm(Formula):
    """The sum of the `squares`, or of the absolute values, of all numbers of a matrix."""

    part: Name
    squares: bool

    @property
    def sign(self) -> str:
        return "" if self.part.single else "Squares" if self.squares else "Absolute values"

    def written(self, style: Style) -> str:
        name = self.part.written(style)
        if self.part.single:
            return (f"{name}^{{2}}" if style.latex else f"{name}²") if self.squares else f"|{name}|"
        if style.latex:
            return rf"\lVert {name} \rVert" + ("^{2}" if self.squares else "_{1}")
        return f"‖{name}‖" + ("²" if self.squares else "₁")

    def array(self, arrays: Arrays) -> Any:
        found = self.part.array(arrays)
        return np.sum(np.square(found) if self.squares else np.abs(found), keepdims=True)


@dataclass(eq=False)
class Word(Formula):
    """Something that is given: text, LaTeX, and a number for each number of a matrix (by name, if there is one)."""

    text: str
    latex: str
    number: float
    key: str = ""

    def written(self, style: Style) -> str:
        return style.words.get(self.text, self.latex if style.latex else self.text)

    def array(self, arrays: Arrays) -> Any:
        return arrays[self.key] if self.key in arrays else np.array([[self.number]])


@dataclass(eq=False)
class Mean(Formula):
    """The mean over the examples, of what is at several `positions` of each; `over` so many of these."""

    part: Formula
    positions: int = 1
    over: int = 1

    def written(self, style: Style) -> str:
        if style.latex:
            below = rf"{self.over} \cdot m" if self.over > 1 else "m"
            return rf"\frac{{1}}{{{below}}} \sum {self.part.written(style)}"
        return f"1/{f'({self.over}·m)' if self.over > 1 else 'm'}·Σ {self.part.written(style)}"

    def array(self, arrays: Arrays) -> Any:
        found = self.part.array(arrays)
        return np.array([[found.sum() / max(len(found) // self.positions, 1) / self.over]])
