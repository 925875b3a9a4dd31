"""Penalties: what a loss adds that is the same for all examples, and the squares of parameters in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from heapq import heappop, heappush

from micrograd_es.ops import ADD, DIV, MUL, NEG, POW, SAME, SUB
from micrograd_es.program.tape import Entry, Tape

Signed = dict[int, int]  # how often each number is added, less how often it is subtracted
Form = tuple[int, dict[int, float]]  # a degree, and the factor of each parameter's power of it; a number is that of −1


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
        elif entry is not None and entry.op in (ADD, SAME, SUB, NEG):
            signs = (1, -1) if entry.op is SUB else (-1,) if entry.op is NEG else (1,) * len(entry.inputs)
            for x, sign in zip(entry.inputs, signs, strict=True):
                if x not in counts:
                    heappush(waiting, -x)
                counts[x] += sign * count
        else:
            added[number] = count
    return added, penalties


def squares_of(tape: Tape, penalties: Signed) -> dict[int, float] | None:
    """Penalties in sum as a factor for the square of each parameter, by its row; None where they are more than that."""
    found: dict[int, Form] = {}
    needed: set[int] = set()
    waiting = list(penalties)
    while waiting:
        number = waiting.pop()
        entry = tape.entry(number)
        if number not in needed and entry is not None:
            waiting += entry.inputs
        needed.add(number)
    for number in sorted(needed):
        form = _form(tape, number, found)
        if form is None:
            return None
        found[number] = form
    total = _sum([_scaled(found[number], sign) for number, sign in penalties.items()])
    return {x - tape.inputs: factor for x, factor in total[1].items()} if total and total[0] == 2 else None


def _form(tape: Tape, number: int, known: Mapping[int, Form]) -> Form | None:
    """The form of a number, from those of its inputs; None where it has none."""
    entry = tape.entry(number)
    if entry is not None:
        return _made(entry, [known[x] for x in entry.inputs])
    if number < tape.first_constant:
        return 1, {number: 1.0}
    return 0, {-1: tape.constants[number - tape.first_constant]}


def _made(entry: Entry, inputs: Sequence[Form]) -> Form | None:
    """The form of an operation: a sum of one degree, a form times a number, or the square of one parameter."""
    op, first, last = entry.op, inputs[0], inputs[-1]
    if op in (ADD, SAME):
        return _sum(inputs)
    if op is SUB:
        return _sum([first, _scaled(last, -1)])
    if op is NEG:
        return _scaled(first, -1)
    if op is MUL and len(inputs) == 2:
        if 0 in (first[0], last[0]):
            number, form = (first, last) if first[0] == 0 else (last, first)
            return _scaled(form, number[1][-1])
        return _square(first, last)
    if op is DIV and last[0] == 0 and last[1][-1]:
        return _scaled(first, 1 / last[1][-1])
    return _square(first, first) if op is POW and last == (0, {-1: 2.0}) else None


def _sum(forms: Sequence[Form]) -> Form | None:
    if len({degree for degree, _ in forms}) > 1:
        return None
    total: dict[int, float] = {}
    for _, factors in forms:
        for x, factor in factors.items():
            total[x] = total.get(x, 0.0) + factor
    return forms[0][0], total


def _scaled(form: Form, by: float) -> Form:
    return form[0], {x: by * factor for x, factor in form[1].items()}


def _square(x: Form, y: Form) -> Form | None:
    if x[0] != 1 or y[0] != 1 or len(x[1]) != 1 or x[1].keys() != y[1].keys():
        return None
    ((parameter, factor),) = x[1].items()
    return 2, {parameter: factor * y[1][parameter]}
