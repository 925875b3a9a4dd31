"""The formulas of a recognised loss as a lecture writes them (B4): P, ℓ, and the gradient of what it is the loss of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from micrograd_es.ops import EXP, LOG, LSE, POW, RELU, SIGMOID, SOFTPLUS
from micrograd_es.program.explaining.formulas import Added, Arrays, Formula, Matrix, Minus, Name, Sum, Times
from micrograd_es.program.explaining.loss_kinds import Loss
from micrograd_es.program.explaining.notation import Style, numbered, ratio
from micrograd_es.program.explaining.readings import Across, Reading, numeral


@dataclass(eq=False)
class Shown(Formula):
    """A formula that is worked out in another way, which is equal and stable."""

    part: Formula
    worked: Formula

    @property
    def binding(self) -> bool:  # type: ignore[override]
        return self.part.binding

    def written(self, style: Style) -> str:
        return self.part.written(style)

    def array(self, arrays: Arrays) -> Any:
        return self.worked.array(arrays)


@dataclass(eq=False)
class AtZero(Formula):
    """A formula, and a number in its place where a matrix is 0."""

    part: Name
    other: Formula
    number: float

    def array(self, arrays: Arrays) -> Any:
        return np.where(self.part.array(arrays) == 0, self.number, self.other.array(arrays))


@dataclass(eq=False)
class Called(Formula):
    """A function of a formula, written with {} where that stands, and how it is worked out."""

    text: str
    latex: str
    part: Formula
    worked: Formula

    def written(self, style: Style) -> str:
        return (self.latex if style.latex else self.text).format(self.part.written(style))

    def array(self, arrays: Arrays) -> Any:
        return self.worked.array(arrays)


@dataclass(eq=False)
class Scaled(Formula):
    """A formula times a number; with `averaged` divided by the number of examples."""

    part: Formula
    scale: float
    averaged: bool = False

    def written(self, style: Style) -> str:
        above, below = [numbered(part, style) for part in ratio(self.scale)]
        if not self.averaged:
            return _factor(above, below, style) + (
                self.part.written(style) if self.scale == 1 else self.part.factor(style)
            )
        over = "m" if below == "1" else below + style.dot + "m"
        alone = above == "1" and style.latex
        top = self.part.written(style) if alone else self.part.factor(style)
        top = top if above == "1" else above + style.dot + top
        if style.latex:
            return rf"\frac{{{top}}}{{{over}}}"
        return f"{top}/{over if over == 'm' else f'({over})'}"

    def array(self, arrays: Arrays) -> Any:
        found = self.part.array(arrays) * self.scale
        return found * arrays["1/m"][:1] if self.averaged else found


def _factor(above: str, below: str, style: Style) -> str:
    """A fraction as a factor before what it multiplies."""
    if above == below:
        return ""
    if style.latex:
        return rf"{above} \cdot " if below == "1" else rf"\frac{{{above}}}{{{below}}} \cdot "
    if below == "1":
        return f"{above}·"
    return "½·" if (above, below) == ("1", "2") else f"{above}/{below}·"


class Written(NamedTuple):
    """The lines before that of ℓ, each a matrix, its formula and its input; the formula of ℓ, and its inputs.

    `gradient` is ∂L/∂Y; the `note` says where it is what is written, which another formula says in general.
    """

    before: Sequence[tuple[Matrix, Formula, Sequence[Matrix]]]
    loss: Formula
    inputs: Sequence[Matrix]
    gradient: Formula
    note: str = ""
    of: Matrix | None = None


def written(loss: Loss, y: Matrix, t: Matrix, shares: bool) -> Written:
    """The lines of a loss of the outputs `y` with the targets `t`, which may be `shares`: those of a row sum to 1."""
    if loss.kind in ("softmax cross-entropy", "KL divergence"):
        return _softmax(loss, y, t, shares)
    return _KINDS[loss.kind](loss, y, t)


def _softmax(loss: Loss, y: Matrix, t: Matrix, shares: bool) -> Written:
    """P = softmax(Y), ℓ = −Σ T ⊙ log P or Σ T ⊙ (log T − log P), ∂L/∂Y = (P − T)/m.

    Of targets that are no shares it is (P ⊙ row sums of T − T)/m, as where their log-probabilities have weights.
    """
    p = Matrix("P", "", y.shape, positions=y.positions)
    shifted = Across(LSE, Name(y))
    softmax = Called("softmax({})", r"\operatorname{{softmax}}({})", Name(y), Across(LSE, Name(y), shifted))
    if loss.exact:
        log = Called("log {}", r"\log {}", Name(p), Sum([Name(y), Minus(shifted)]))
        formula: Formula = Minus(Added(Times(Name(t), log), 1))
        if loss.kind == "KL divergence":
            of_target = Called("log {}", r"\log {}", Name(t), Reading(LOG, [Name(t)]))
            formula = Added(Times(Name(t), Sum([of_target, Minus(log)])), 1)
    else:
        formula = Sum([shifted, Minus(Added(Times(Name(t), Name(y)), 1))])
    difference: Formula = Sum([Name(p), Minus(Name(t))])
    unit = loss.exact and not loss.known and shares
    if loss.exact and not loss.known:  # the gradient of what the graph computes, for any T
        exact = Sum([Times(Name(p), Added(Name(t), 1)), Minus(Name(t))])
        difference = Shown(difference, exact) if unit else exact
    inputs = [p, y, t] if loss.exact else [y, t]
    gradient = Scaled(difference, loss.sent, averaged=True)
    return Written([(p, softmax, [y])], Scaled(formula, loss.scale), inputs, gradient, "unit rows" * unit, t)


def _squares(loss: Loss, y: Matrix, t: Matrix) -> Written:
    """E = Y − T, ℓ = ½·Σ E², ∂L/∂Y = (Y − T)/m."""
    e = Matrix("E", "", y.shape, positions=y.positions)
    difference = Sum([Name(y), Minus(Name(t))])
    squares = Reading(POW, [Name(e), numeral(2.0)])
    gradient = Scaled(difference, 2 * loss.sent, averaged=True)
    return Written([(e, difference, [y, t])], Scaled(_by_rows(squares, y), loss.scale), [e], gradient)


def _binary(loss: Loss, y: Matrix, t: Matrix) -> Written:
    """ℓ = softplus(Y) − T ⊙ Y, ∂L/∂Y = (σ(Y) − T)/m."""
    shares: Formula = Reading(SIGMOID, [Name(y)])
    note = ""
    if loss.at_zero is not None:
        shares, note = Shown(shares, AtZero(Name(y), shares, loss.at_zero)), "no zeros"
    return _less_products(loss, y, t, Reading(SOFTPLUS, [Name(y)]), shares)._replace(note=note, of=y)


def _poisson(loss: Loss, y: Matrix, t: Matrix) -> Written:
    """ℓ = e^Y − T ⊙ Y, ∂L/∂Y = (e^Y − T)/m."""
    return _less_products(loss, y, t, Reading(EXP, [Name(y)]), Reading(EXP, [Name(y)]))


def _less_products(loss: Loss, y: Matrix, t: Matrix, function: Formula, slope: Formula) -> Written:
    """f(Y) − T ⊙ Y."""
    formula = Sum([function, Minus(Times(Name(t), Name(y)))])
    gradient = Scaled(Sum([slope, Minus(Name(t))]), loss.sent, averaged=True)
    return Written([], Scaled(_by_rows(formula, y), loss.scale), [y, t], gradient)


def _logistic(loss: Loss, y: Matrix, t: Matrix) -> Written:
    """U = −T ⊙ Y, ℓ = softplus(U), ∂L/∂Y = −(T ⊙ σ(U))/m."""
    u = Matrix("U", "", y.shape, positions=y.positions)
    inside = Times(Name(t), Reading(SIGMOID, [Name(u)]))
    gradient = Minus(Scaled(inside, loss.sent, averaged=True))
    line = u, Minus(Times(Name(t), Name(y))), [y, t]
    return Written([line], Scaled(_by_rows(Reading(SOFTPLUS, [Name(u)]), y), loss.scale), [u], gradient)


def _hinge(loss: Loss, y: Matrix, t: Matrix) -> Written:
    """U = 1 − T ⊙ Y, ℓ = relu(U), ∂L/∂Y = −(T ⊙ 1[U > 0])/m."""
    u = Matrix("U", "", y.shape, positions=y.positions)
    slack = Sum([numeral(1.0), Minus(Times(Name(t), Name(y)))])
    inside = Times(Name(t), Reading(RELU, [Name(u)], Name(u)))
    gradient = Minus(Scaled(inside, loss.sent, averaged=True))
    return Written([(u, slack, [y, t])], Scaled(_by_rows(Reading(RELU, [Name(u)]), y), loss.scale), [u], gradient)


def _by_rows(formula: Formula, y: Matrix) -> Formula:
    return formula if y.shape[1] == 1 else Added(formula, 1)


_KINDS = {
    "squared error": _squares,
    "binary cross-entropy": _binary,
    "Poisson": _poisson,
    "hinge": _hinge,
    "logistic": _logistic,
}
