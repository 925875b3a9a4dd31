"""Penalties: what a loss adds that is the same for all examples, and the squares or absolute values in it."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from heapq import heappop, heappush

from micrograd_es.ops import ABS, ADD, DIV, MUL, NEG, SAME, SUB
from micrograd_es.program.explaining.constants import constant_of
from micrograd_es.program.explaining.polynomials import Terms, multiplied_out, scaled, summed
from micrograd_es.program.tape import Tape

_SUMS = (ADD, SAME, SUB, NEG)

Parts = dict[int, float]  # what each number of a sum is multiplied by
Norms = dict[tuple[str, int], float]  # a factor for the "square" or the "absolute value" of each parameter, by its row


def taken_apart(
    tape: Tape, columns: Container[int], varies: Sequence[bool], free: Sequence[bool]
) -> tuple[Parts, Parts, Parts]:
    """What the single output adds up, down to the numbers of some `columns`: what `varies`, penalties, and both with
    the sums that they were found in.

    A penalty is the same for all examples, but not `free` of parameters.
    """
    added: Parts = {}
    penalties: Parts = {}
    factors: Parts = {tape.outputs[0]: 1.0}
    waiting = [-tape.outputs[0]]  # the last first: all that needs a number is before it
    while waiting:
        number = -heappop(waiting)
        factor = factors[number]
        inside = [] if number in columns else scaled_inputs(tape, number)
        if number not in columns and not varies[number] and not free[number]:
            penalties[number] = factor
        elif not inside:
            added[number] = factor
        for x, by in inside if number not in penalties else ():
            if x not in factors:
                heappush(waiting, -x)
            factors[x] = factors.get(x, 0.0) + by * factor
    return added, penalties, factors


def scaled_inputs(tape: Tape, number: int) -> list[tuple[int, float]]:
    """What a sum adds up, and what a constant multiplies or divides, each with its factor; nothing for the rest."""
    entry = tape.entry(number)
    if entry is None:
        return []
    op, inputs = entry.op, entry.inputs
    if op in _SUMS:
        signs = (1.0, -1.0) if op is SUB else (-1.0,) if op is NEG else (1.0,) * len(inputs)
        return list(zip(inputs, signs, strict=True))
    if op is DIV and (below := constant_of(tape, inputs[1])):
        return [(inputs[0], 1 / below)]
    if op is MUL and len(inputs) == 2:
        for x, by in (inputs, inputs[::-1]):
            if (scale := constant_of(tape, by)) is not None:
                return [(x, scale)]
    return []


def norms_of(tape: Tape, penalties: Parts) -> Norms | None:
    """Penalties in sum, as a factor for the square or the absolute value of each parameter, by its row.

    None where they are more than that.
    """
    found: dict[int, Terms] = {}
    for number in sorted(tape.behind(penalties)):
        terms = _terms(tape, number, found)
        if terms is None:
            return None
        found[number] = terms
    norms: Norms = {}
    for factors, by in summed([scaled(found[number], by) for number, by in penalties.items()]).items():
        kinds, rows = [kind for kind, _ in factors], {number - tape.inputs for _, number in factors}
        if kinds not in (["parameter", "parameter"], ["absolute value"]) or len(rows) > 1:
            return None
        norms["square" if len(kinds) > 1 else kinds[0], rows.pop()] = by
    return norms


def _terms(tape: Tape, number: int, known: Mapping[int, Terms]) -> Terms | None:
    """The terms of a number, from those of its inputs; None where it has none, or is a product of several sums."""
    entry = tape.entry(number)
    if entry is None:
        constant = tape.value(number)
        return {(("parameter", number),): 1.0} if constant is None else {(): constant}
    inputs = [known[x] for x in entry.inputs]
    return _absolute(inputs[0]) if entry.op is ABS else multiplied_out(entry.op, inputs, 1)


def _absolute(terms: Terms) -> Terms | None:
    """The absolute value of one parameter, scaled; None for any other."""
    (factors, by), *others = terms.items()
    if others or [kind for kind, _ in factors] != ["parameter"]:
        return None
    return {(("absolute value", factors[0][1]),): abs(by)}
