"""Penalties: what a loss adds that is the same for all examples, and the squares or absolute values in it."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from heapq import heappop, heappush
from math import prod

from micrograd_es.ops import ABS, ADD, DIV, MUL, NEG, POW, SAME, SUB, Op
from micrograd_es.program.explaining.constants import constant_of
from micrograd_es.program.explaining.polynomials import scaled, summed
from micrograd_es.program.tape import Tape

_SUMS = (ADD, SAME, SUB, NEG)

Parts = dict[int, float]  # what each number of a sum is multiplied by
Form = dict[tuple[str, int], float]  # a factor for each parameter's power: "square", "absolute value", "parameter" …

_ONE = ("number", -1)


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


def norms_of(tape: Tape, penalties: Parts) -> Form | None:
    """Penalties in sum, as a factor for the square or the absolute value of each parameter, by its row.

    None where they are more than that.
    """
    found: dict[int, Form] = {}
    for number in sorted(tape.behind(penalties)):
        form = _form(tape, number, found)
        if form is None:
            return None
        found[number] = form
    total = summed([scaled(found[number], by) for number, by in penalties.items()])
    known = all(kind in ("square", "absolute value") for kind, _ in total)
    return {(kind, x - tape.inputs): factor for (kind, x), factor in total.items()} if known else None


def _form(tape: Tape, number: int, known: Mapping[int, Form]) -> Form | None:
    """The form of a number, from those of its inputs; None where it has none."""
    entry = tape.entry(number)
    if entry is not None:
        return _made(entry.op, [known[x] for x in entry.inputs])
    if number < tape.first_constant:
        return {("parameter", number): 1.0}
    return {_ONE: tape.constants[number - tape.first_constant]}


def _made(op: Op, inputs: Sequence[Form]) -> Form | None:
    """The form of an operation: a sum, a form times a number, the square or the absolute value of one parameter."""
    first, last = inputs[0], inputs[-1]
    if op in (ADD, SAME):
        return summed(inputs)
    if op is SUB:
        return summed([first, scaled(last, -1)])
    if op is NEG:
        return scaled(first, -1)
    if op is MUL and len(inputs) == 2:
        for number, form in ((first, last), (last, first)):
            if number.keys() == {_ONE}:
                return scaled(form, number[_ONE])
        return _square(first, last)
    if op is DIV and last.keys() == {_ONE} and last[_ONE]:
        return scaled(first, 1 / last[_ONE])
    if op is POW and last == {_ONE: 2.0}:
        return _square(first, first)
    return _absolute(first) if op is ABS else None


def _square(left: Form, right: Form) -> Form | None:
    """The product of one parameter with itself, each of them scaled; None for any other product."""
    parameter = _parameter(left)
    if parameter is None or left.keys() != right.keys():
        return None
    return {("square", parameter): prod((*left.values(), *right.values()))}


def _absolute(form: Form) -> Form | None:
    """The absolute value of one parameter, scaled; None for any other."""
    parameter = _parameter(form)
    return None if parameter is None else {("absolute value", parameter): abs(*form.values())}


def _parameter(form: Form) -> int | None:
    """The one parameter that a form has, by itself."""
    kinds = list(form)
    return kinds[0][1] if len(kinds) == 1 and kinds[0][0] == "parameter" else None
