"""The formulas of sums of products: Z = X·W + B, and with a row for each position where the weights are used again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from micrograd_es.program.arrays import Array
from micrograd_es.program.blocks import Affine, Rows
from micrograd_es.program.explaining.formulas import Added, Arrays, Formula, Matrix, Name, Product, Sum, Times
from micrograd_es.program.explaining.layers import weights_apart
from micrograd_es.program.explaining.lines import Line
from micrograd_es.program.explaining.naming import Names
from micrograd_es.program.explaining.notation import Style
from micrograd_es.program.explaining.positions import matrix_at_positions, patches
from micrograd_es.program.explaining.stretches import Spread, Stretches


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


def affine_line(names: Names, block: Affine) -> Line:
    """The line of a block; what is not added in the same way at all positions is added after those it has for them."""
    parts = weights_apart(names, block)
    blended = [] if parts else _blended(names, block)
    if blended:
        return _blend(names, block, blended)
    if parts:
        pairs = [(names.matrix(rows, "G", each=True), weights) for weights, rows in parts]
    else:
        weights = names.matrix(block.weights, "W", (block.kernels, block.terms) if block.dense else None, each=True)
        pairs = [(patches(names, block), weights)]
    if block.positions == 1:
        return _products(names, block, pairs, [names.matrix(rows, "B") for rows in block.bare])
    found = {rows: matrix_at_positions(names, rows, block.kernels, block.positions) for rows in block.bare}
    line = _products(names, block, pairs, [matrix for matrix in found.values() if matrix])
    apart = [rows for rows, matrix in found.items() if not matrix]
    if not apart:
        return line
    return _sum(names, names.flat(names.add(line)), apart)


def _products(names: Names, block: Affine, pairs: list[tuple[Matrix, Matrix]], bare: list[Matrix]) -> Line:
    """Products of inputs and weights, and what is added: Z = X·W + B, or Z = X·W + H·U + B."""
    matrix = names.new("Z", ("m", block.kernels), positions=block.positions)
    terms = [_term(block, Name(x), Name(w)) for x, w in pairs]
    formula = Sum([*terms, *map(Name, bare)]) if len(terms) + len(bare) > 1 else terms[0]

    def back(upstream: Formula) -> list[tuple[Matrix, Formula]]:
        sent = [(w, x, *_sent(names, block, upstream, Name(x), Name(w))) for x, w in pairs]
        return [
            *[(w, to_weights) for w, _, to_weights, _ in sent],
            *[(m, reduced(upstream, m, matrix)) for m in bare],
            *[(x, to_inputs) for _, x, _, to_inputs in sent],
        ]

    inputs = [*[m for pair in pairs for m in reversed(pair)], *bare]
    return Line(matrix, formula, inputs, back, lone="" if block.dense else "ragged")


def _term(block: Affine, x: Name, w: Name) -> Formula:
    """The product of some inputs and their weights."""
    if block.dense:
        return Product(x, w)
    return Stretches(Times(x, w), block.terms) if block.terms > 1 else Times(x, w)


def _sent(names: Names, block: Affine, upstream: Formula, x: Name, w: Name) -> tuple[Formula, Formula]:
    """What it sends to the weights and to the inputs."""
    if not block.dense:
        spread = Spread(upstream, block.terms) if block.terms > 1 else upstream
        return Added(Times(spread, x), 0), Times(spread, w)
    across = Name(x.matrix, True)
    to_weights = Product(across, upstream)
    if block.absent is not None:
        to_weights = WhereThere(across, upstream, w.matrix, _there(names, block))
    return to_weights, Product(upstream, Name(w.matrix, True))


def _blended(names: Names, block: Affine) -> list[Rows]:
    """For each term its inputs at all positions, where they are of a matrix each, and have a number for weight."""
    if block.kernels > 1 or block.positions == 1 or not names.are_constant(block.weights):
        return []
    terms = [block.inputs.picked([k], block.positions) for k in range(block.terms)]
    owners = [{matrix for matrix, _ in names.known.columns(rows)} for rows in terms]
    return terms if all(len(found) == 1 for found in owners) and len(set().union(*owners)) == len(terms) else []


def _blend(names: Names, block: Affine, terms: list[Rows]) -> Line:
    """A number times each of several matrices, as in H = 0.8·H1 + 0.2·H2."""
    pairs = [(names.matrix(block.weights.picked([k]), "p"), names.matrix(rows, "G")) for k, rows in enumerate(terms)]
    bare = [names.matrix(rows, "B") for rows in block.bare]
    matrix = names.new("H", ("m", block.positions))
    formula = Sum([*[Times(Name(number), Name(x)) for number, x in pairs], *map(Name, bare)])

    def back(upstream: Formula) -> list[tuple[Matrix, Formula]]:
        return [
            *[(m, reduced(upstream, m, matrix)) for m in bare],
            *[(x, reduced(Times(Name(number), upstream), x, matrix)) for number, x in pairs],
        ]

    return Line(matrix, formula, [*[m for pair in pairs for m in pair], *bare], back)


def _there(names: Names, block: Affine) -> Array:
    """1 where there is a weight, and 0 elsewhere: that is written 0, as a weight is that is the number 0."""
    none = {block.absent, *[row for row, number in names.plan.constants.items() if not number]}
    there = np.array([row not in none for row in block.weights.numbers], float)
    return there.reshape(block.kernels, block.terms).T


def _sum(names: Names, products: Matrix, added: list[Rows]) -> Line:
    """Products in one row, and what is added to each of them."""
    terms = [products, *[names.matrix(rows, "B") for rows in added]]
    matrix = names.new("Z", products.shape)
    return Line(matrix, Sum(list(map(Name, terms))), terms, lambda up: [(m, reduced(up, m, matrix)) for m in terms])


def reduced(formula: Formula, target: Matrix, out: Matrix) -> Formula:
    """A gradient of the shape of `out` summed to the shape of what was repeated to it."""
    rows = target.shape[0] != out.shape[0]
    columns = target.shape[1] != out.shape[1]
    if rows and isinstance(formula, Times) and isinstance(formula.right, Name) and out.shape == ("m", 1):
        x = formula.right.matrix
        if x.shape == out.shape and x.positions == out.positions == 1:
            return Product(Name(x, True), formula.left)
    if rows or columns:
        return Added(formula, None if rows and columns else 0 if rows else 1)
    return formula
