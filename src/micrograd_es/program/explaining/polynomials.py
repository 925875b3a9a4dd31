"""Polynomials: sums of products, which a loss is in outputs and targets, and a penalty in parameters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from micrograd_es.ops import ADD, DIV, MUL, NEG, POW, SAME, SUB, Op

Atom = tuple[str, int]  # what is multiplied: a kind, and which of that kind
Terms = dict[tuple[Atom, ...], float]  # the factors of each product, in order, with what it is multiplied by

ARITHMETIC = (ADD, SUB, NEG, MUL, DIV, POW, SAME)  # what may be multiplied out


def summed(parts: Iterable[Terms]) -> Terms:
    """The sum of several.

    >>> summed([{(): 1.0, (("y", 0),): 2.0}, {(("y", 0),): -0.5}])
    {(): 1.0, (('y', 0),): 1.5}
    """
    total: Terms = {}
    for part in parts:
        for key, x in part.items():
            total[key] = total.get(key, 0.0) + x
    return total


def scaled(terms: Terms, by: float) -> Terms:
    """One so many times."""
    return {key: x * by for key, x in terms.items()}


def multiplied_out(op: Op, inputs: Sequence[Terms], most: int) -> Terms | None:
    """What an operation makes of polynomials, if it is one again.

    None where it is none, or where more than `most` products would have to be multiplied out.

    >>> y, t = {(("y", 0),): 1.0}, {(("t", 1),): 1.0}
    >>> multiplied_out(POW, [summed([y, scaled(t, -1.0)]), {(): 2.0}], 4)
    {(('y', 0), ('y', 0)): 1.0, (('t', 1), ('y', 0)): -2.0, (('t', 1), ('t', 1)): 1.0}
    """
    first, last = inputs[0], inputs[-1]
    if op in (ADD, SAME):
        return summed(inputs)
    if op is SUB:
        return summed([first, scaled(last, -1.0)])
    if op is NEG:
        return scaled(first, -1.0)
    if op is MUL:
        return _product(inputs, most)
    if op is DIV and last.keys() == {()} and last[()]:
        return scaled(first, 1 / last[()])
    if op is POW and last == {(): 2.0}:
        return _product([first, first], most)
    return None


def _product(factors: Sequence[Terms], most: int) -> Terms | None:
    """The product of several; numbers among them make it no longer."""
    found = factors[0]
    for factor in factors[1:]:
        if found.keys() == {()}:
            found = scaled(factor, found[()])
        elif factor.keys() == {()}:
            found = scaled(found, factor[()])
        elif len(found) * len(factor) > most:
            return None
        else:
            pairs = [(a, x, b, y) for a, x in found.items() for b, y in factor.items()]
            found = summed([{tuple(sorted((*a, *b))): x * y} for a, x, b, y in pairs])
    return found
