"""Penalties: what a loss adds that is the same for all examples, and the squares or absolute values in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from heapq import heappop, heappush
from math import prod

from micrograd_es.ops import ABS, ADD, DIV, MUL, NEG, POW, SAME, SUB, Op
from micrograd_es.program.tape import Tape

SUMS = (ADD, SAME, SUB, NEG)

Signed = dict[int, int]  # how often each number is added, less how often it is subtracted
Form = dict[tuple[str, int], float]  # a factor for each parameter's power: "square", "absolute value", "parameter" …

_ONE = ("number", -1)


def taken_apart(
    tape: Tape, columns: Container[int], varies: Sequence[bool], free: Sequence[bool]
) -> tuple[Signed, Signed]:
    """What the single output adds up, down to the numbers of some `columns`: what `varies`, and penalties.

    A penalty is the same for all examples, but not `free` of parameters.
    """
    added: Signed = {}
    penalties: Signed = {}
    counts: Signed = Counter({tape.outputs[0]: 1})
    waiting = [-tape.outputs[0]]  # the last first: all that needs a number is before it
    while waiting:
        number = -heappop(waiting)
        entry, count = None if number in columns else tape.entry(number), counts[number]
        if number not in columns and not varies[number] and not free[number]:
            penalties[number] = count
        elif entry is not None and entry.op in SUMS:
            signs = (1, -1) if entry.op is SUB else (-1,) if entry.op is NEG else (1,) * len(entry.inputs)
            for x, sign in zip(entry.inputs, signs, strict=True):
                if x not in counts:
                    heappush(waiting, -x)
                counts[x] += sign * count
        else:
            added[number] = count
    return added, penalties


def norms_of(tape: Tape, penalties: Signed) -> Form | None:
    """Penalties in sum, as a factor for the square or the absolute value of each parameter, by its row.

    None where they are more than that.
    """
    found: dict[int, Form] = {}
    needed: set[int] = set()
    waiting = list(penalties)
    while waiting:
        number = waiting.pop()
        if number not in needed:
            needed.add(number)
            entry = tape.entry(number)
            waiting += entry.inputs if entry is not None else ()
    for number in sorted(needed):
        form = _form(tape, number, found)
        if form is None:
            return None
        found[number] = form
    total = _sum([_scaled(found[number], sign) for number, sign in penalties.items()])
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
        return _sum(inputs)
    if op is SUB:
        return _sum([first, _scaled(last, -1)])
    if op is NEG:
        return _scaled(first, -1)
    if op is MUL and len(inputs) == 2:
        for number, form in ((first, last), (last, first)):
            if number.keys() == {_ONE}:
                return _scaled(form, number[_ONE])
        return _power("square", first, last)
    if op is DIV and last.keys() == {_ONE} and last[_ONE]:
        return _scaled(first, 1 / last[_ONE])
    if op is POW and last == {_ONE: 2.0}:
        return _power("square", first, first)
    return _power("absolute value", first) if op is ABS else None


def _sum(forms: Sequence[Form]) -> Form:
    total: Form = {}
    for form in forms:
        for x, factor in form.items():
            total[x] = total.get(x, 0.0) + factor
    return total


def _scaled(form: Form, by: float) -> Form:
    return {x: by * factor for x, factor in form.items()}


def _power(kind: str, *forms: Form) -> Form | None:
    """What a power of one parameter times a number is; None for anything else."""
    if any(len(form) != 1 or form.keys() != forms[0].keys() for form in forms):
        return None
    (((known, parameter), _),) = forms[0].items()
    return {(kind, parameter): abs(prod(prod(form.values()) for form in forms))} if known == "parameter" else None
