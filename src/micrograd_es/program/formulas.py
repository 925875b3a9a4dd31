"""Formulas over matrices, written once and read three ways: as text, as LaTeX, and as NumPy arrays.

They are those of examples as rows, Z = X·W1 + B1. With examples as columns every matrix is transposed, so a product
turns round and so do the sums.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from micrograd_es.ops import Op
from micrograd_es.program.arrays import ARRAYS, Array, general
from micrograd_es.symbols import SYMBOLS, Symbol, symbol

Arrays = Mapping[str, Array]


@dataclass(frozen=True)
class Style:
    """How formulas are written: as LaTeX or as text, with examples as columns or as rows, with which words."""

    latex: bool
    columns: bool
    words: Mapping[str, str]


@dataclass(eq=False)
class Matrix:
    """A named matrix of rows × columns; `varying` ones have a row for each of the m examples.

    `letter` and `number` make the name. What is only a number in a formula is its own name.
    """

    letter: str
    number: str
    shape: tuple[int | Literal["m"], int]
    value: float | None = None
    slope: bool = False  # whether this is ∂L/∂ of the matrix

    @property
    def name(self) -> str:
        """The name in text, which is the key of `Program.matrices`."""
        name = _plain(self.value) if self.value is not None else f"{self.letter}{self.number}"
        return f"∂L/∂{name}" if self.slope else name

    @property
    def size(self) -> int:
        """How many numbers it has, for one example."""
        return self.shape[1] * (self.shape[0] if self.shape[0] != "m" else 1)

    @property
    def gradient(self) -> Matrix:
        """∂L/∂ of it."""
        return Matrix(self.letter, self.number, self.shape, slope=True)

    def written(self, style: Style) -> str:
        """The name."""
        if not style.latex:
            return self.name
        if self.value is not None:
            return _plain(self.value)
        index = self.number.replace("[", "").replace("]", "")
        name = {"θ": r"\theta", "ℓ": r"\ell"}.get(self.letter, self.letter) + (f"_{{{index}}}" if index else "")
        return rf"\frac{{\partial L}}{{\partial {name}}}" if self.slope else name

    def sized(self, style: Style) -> str:
        """The shape, rows × columns."""
        rows, columns = self.shape[::-1] if style.columns else self.shape
        return rf"{rows} \times {columns}" if style.latex else f"{rows}×{columns}"

    def array(self, arrays: Arrays) -> Any:
        """The numbers."""
        return self.value if self.value is not None else arrays[self.name]


class Formula:
    """A formula over matrices. `binding`: whether it needs parentheses as a factor."""

    binding = False

    def written(self, style: Style) -> str:
        """The formula in a style."""
        raise NotImplementedError

    def array(self, arrays: Arrays) -> Any:
        """What the formula comes to, examples as rows."""
        raise NotImplementedError

    def factor(self, style: Style) -> str:
        """The formula as part of a product."""
        if not self.binding:
            return self.written(style)
        return rf"\left({self.written(style)}\right)" if style.latex else f"({self.written(style)})"

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

    def written(self, style: Style) -> str:
        name = self.matrix.written(style)
        if not self.turned:
            return name
        if not style.latex:
            return f"({name})ᵀ" if self.matrix.slope else f"{name}ᵀ"
        return rf"\left({name}\right)^{{\top}}" if self.matrix.slope else rf"{name}^{{\top}}"

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
        return (r" \cdot " if style.latex else "·").join(parts[::-1] if style.columns else parts)

    def sizes(self, style: Style) -> str:
        parts = [self.left.sizes(style), self.right.sizes(style)]
        return "·".join(parts[::-1] if style.columns else parts) if all(parts) else ""

    def array(self, arrays: Arrays) -> Any:
        return self.left.array(arrays) @ self.right.array(arrays)


@dataclass(eq=False)
class Times(Formula):
    """A product number by number."""

    left: Formula
    right: Formula

    def written(self, style: Style) -> str:
        return (r" \odot " if style.latex else " ⊙ ").join([self.left.factor(style), self.right.factor(style)])

    def array(self, arrays: Arrays) -> Any:
        return self.left.array(arrays) * self.right.array(arrays)


@dataclass(eq=False)
class Sum(Formula):
    """A sum, where a row or a number is added to every row."""

    terms: Sequence[Formula]
    binding = True

    def written(self, style: Style) -> str:
        text = self.terms[0].written(style)
        for term in self.terms[1:]:
            minus = isinstance(term, Minus)
            text += f" {style.words['minus'] if minus else '+'} "
            text += term.part.factor(style) if isinstance(term, Minus) else term.written(style)
        return text

    def sizes(self, style: Style) -> str:
        parts = [term.sizes(style) for term in self.terms]
        return " + ".join(parts) if isinstance(self.terms[0], Product) and all(parts) else ""

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
        return style.words["minus"] + self.part.factor(style)

    def array(self, arrays: Arrays) -> Any:
        return -self.part.array(arrays)


@dataclass(eq=False)
class Added(Formula):
    """The column sums (axis 0) or the row sums (axis 1) of a formula, or the sum of all its numbers (axis None)."""

    part: Formula
    axis: int | None

    def written(self, style: Style) -> str:
        axis = self.axis if self.axis is None or not style.columns else 1 - self.axis
        inner = self.part.written(style)
        if not isinstance(self.part, Name):
            inner = rf"\left({inner}\right)" if style.latex else f"({inner})"
        if style.latex:
            ones, turned = r"\mathbf{1}", r"\mathbf{1}^{\top}"
            after, before = rf" \cdot {ones}", rf"{turned} \cdot "
            return (before if axis != 1 else "") + inner + (after if axis != 0 else "")
        return style.words[{0: "column sums", 1: "row sums", None: "sum"}[axis]].format(inner)

    def array(self, arrays: Arrays) -> Any:
        return np.sum(self.part.array(arrays), axis=self.axis, keepdims=True)


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
            Symbol(_whole(x.matrix.value)) if isinstance(x, Name) and x.matrix.value is not None else Symbol(f"x{i}")
            for i, x in enumerate(self.inputs)
        ]
        try:
            if self.out is None:
                return symbol(self.op.forward(SYMBOLS, *symbols))
            return symbol(self.op.local(SYMBOLS, Symbol("z"), *symbols)[self.along])
        except Exception:  # a rule of the user that asks what its input is: it is called by its name
            return Symbol(self.op.name + ("" if self.out is None else f"′{_lowered(self.along + 1)}"), symbols)

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
            return general(self.op.forward)(ARRAYS, *xs)
        return general(self.op.local, slopes=True)(ARRAYS, self.out.array(arrays), *xs)[self.along]


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
        try:
            made = self.op.local(SYMBOLS, Symbol("z"), Symbol("x"), Symbol("x"), Symbol("x"))[0]
        except Exception:  # a rule of the user that asks what its input is: it is called by its name
            made = Symbol(f"{self.op.name}′", [Symbol("x")])
        names = {"x": x, "z": self.out.written(style)}
        formula = made if isinstance(made, Symbol) else Symbol(made)
        return formula.latex(names) if style.latex else formula.text(names)

    def _reduced(self, x: str, style: Style) -> str:
        if self.op.name == "log_sum_exp":
            return rf"\log \sum e^{{{x}}}" if style.latex else f"log Σ e^{x}"
        return rf"\operatorname{{{self.op.name}}} {x}" if style.latex else f"{self.op.name} {x}"

    def array(self, arrays: Arrays) -> Any:
        xs = list(self.part.array(arrays).T[:, :, None])
        if self.out is None:
            return general(self.op.forward)(ARRAYS, *xs)
        slopes = general(self.op.local, slopes=True)(ARRAYS, self.out.array(arrays), *xs)
        return np.concatenate([np.broadcast_to(slope, xs[0].shape) for slope in slopes], axis=1)


@dataclass(eq=False)
class Stretches(Formula):
    """The sums of every `count` columns that follow each other."""

    part: Formula
    count: int

    def written(self, style: Style) -> str:
        if style.latex:
            return rf"\Sigma_{{{self.count}}}\left({self.part.written(style)}\right)"
        return f"Σ{_lowered(self.count)}({self.part.written(style)})"

    def array(self, arrays: Arrays) -> Any:
        found = self.part.array(arrays)
        return found.reshape(len(found), -1, self.count).sum(axis=2)


@dataclass(eq=False)
class Spread(Formula):
    """Each column `count` times, one after the other: the way back of sums."""

    part: Formula
    count: int

    def written(self, style: Style) -> str:
        inner = self.part.factor(style)
        return rf"{{{inner}}}^{{\uparrow {self.count}}}" if style.latex else f"{inner}↑{_lowered(self.count)}"

    def array(self, arrays: Arrays) -> Any:
        return np.repeat(self.part.array(arrays), self.count, axis=1)


@dataclass(eq=False)
class Taken(Formula):
    """Columns of other matrices put together; for each column its matrix and the number there."""

    columns: Sequence[tuple[Matrix, int]]
    shape: tuple[int, int] | None = None  # p×n of weights, which stand transposed

    def written(self, style: Style) -> str:
        if self.shape:
            names = list(dict.fromkeys(matrix.written(style) for matrix, _ in self.columns))
            return _listed(names, style)
        parts: list[tuple[Matrix, list[int]]] = []
        for matrix, column in self.columns:
            if not parts or parts[-1][0] is not matrix:
                parts.append((matrix, []))
            parts[-1][1].append(column)
        shown = [matrix.written(style) + _indexed(columns, matrix.shape[1], style) for matrix, columns in parts[:6]]
        shown += [_more(style)] * (len(parts) > 6)
        return shown[0] if len(parts) == 1 else _listed(shown, style)

    def array(self, arrays: Arrays) -> Any:
        flat = {matrix: _flat(matrix.array(arrays), matrix) for matrix, _ in self.columns}
        rows = max([len(part) for part in flat.values()])
        found = np.empty((rows, len(self.columns)))
        for i, (matrix, column) in enumerate(self.columns):
            found[:, i] = flat[matrix][:, column]
        return found.reshape(self.shape).T if self.shape else found


@dataclass(eq=False)
class Part(Formula):
    """What of a gradient of columns that were put together belongs to one of their matrices."""

    part: Formula
    taken: Taken
    target: Matrix

    def written(self, style: Style) -> str:
        index = self.target.written(style)
        return self.part.factor(style) + (rf"\left[{index}\right]" if style.latex else f"[{index}]")

    def array(self, arrays: Arrays) -> Any:
        given = self.part.array(arrays)
        given = given.T.reshape(1, -1) if self.taken.shape else given
        width = self.target.size if self.target.shape[0] != "m" else self.target.shape[1]
        found = np.zeros((len(given), width))
        for i, (matrix, column) in enumerate(self.taken.columns):
            if matrix is self.target:
                found[:, column] += given[:, i]
        rows, columns = self.target.shape
        return found if rows == "m" or rows == 1 else found.reshape(columns, rows).T


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
    """The mean over the examples."""

    part: Formula

    def written(self, style: Style) -> str:
        return (r"\frac{1}{m} \sum " if style.latex else "1/m·Σ ") + self.part.written(style)

    def array(self, arrays: Arrays) -> Any:
        found = self.part.array(arrays)
        return np.array([[found.sum() / max(len(found), 1)]])


def _flat(array: Array, matrix: Matrix) -> Array:
    """The numbers of a matrix with one column each: weights p×n in the order of their neurons."""
    if matrix.value is not None:
        return np.array([[matrix.value]])
    return array if matrix.shape[0] in ("m", 1) else array.T.reshape(1, -1)


def _indexed(columns: Sequence[int], width: int, style: Style) -> str:
    """Which columns, counted from 0; nothing for all of them in order."""
    first, last = columns[0], columns[-1] + 1
    if list(columns) == list(range(first, last)):
        return "" if last - first == width else f"[{first}]" if last == first + 1 else f"[{first}:{last}]"
    return f"[{', '.join([*map(str, columns[:6]), *[_more(style)] * (len(columns) > 6)])}]"


def _more(style: Style) -> str:
    return r"\ldots" if style.latex else "…"


def _listed(parts: Sequence[str], style: Style) -> str:
    inner = (r",\, " if style.latex else ", ").join(parts)
    return rf"\left[{inner}\right]" if style.latex else f"[{inner}]"


def _lowered(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def _whole(x: float | None) -> float | int:
    assert x is not None
    return int(x) if x == int(x) and abs(x) < 1e15 else x


def _plain(x: float | None) -> str:
    return f"{_whole(x):g}" if x is not None and abs(x) >= 1e15 else str(_whole(x))
