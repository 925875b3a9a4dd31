"""What need not be computed again: an operation that stands twice, a sum with 0 alone added to it, what is times 1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from micrograd_es.ops import ADD, DIV, MUL, NEG, POW, SAME, SUB, Op
from micrograd_es.program.tape import Tape

KEEPING = (MUL, DIV, POW)  # operations that leave a number as it is where the other one is 1


def repeats(tape: Tape, ops: Sequence[Op | None], args: list[tuple[int, ...]]) -> tuple[dict[int, int], Sequence[int]]:
    """What is the same number as one before it, and which; and what is 0, from the last to the first.

    In `args`, the inputs by number, the one before stands in its place, and sums lose what is 0: Python's sum begins
    with a 0, and an image is padded with zeros. So do products what is 1, with which a derivative begins.

    >>> from micrograd_es.program.tape import Entries, Entry
    >>> entries = Entries([Entry(ADD, (2, 0)), Entry(ADD, (3, 1)), Entry(ADD, (0, 1))])
    >>> args = [(), (), (), *[entry.inputs for entry in entries]]
    >>> repeats(Tape(2, 0, [0.0], entries, [5], ["x", "y"]), [None] * 3 + [ADD] * 3, args)
    ({3: 0, 5: 4}, [])
    """
    first = tape.first_entry
    zeros = {number for number, x in enumerate(tape.constants, tape.first_constant) if x == 0}
    found: dict[int, int] = {}
    if zeros or any(op is ADD and len(xs) == 1 for op, xs in zip(ops, args, strict=True)):
        _without_zeros(tape, ops, args, zeros, found)
    one = tape.constant(1)
    if SAME in ops or (one is not None and any(ops[i] in KEEPING for i, xs in enumerate(args) if one in xs)):
        is_masked = any(x >= first and ops[x] is MUL for x in zeros)
        weights = range(tape.inputs, tape.first_constant) if is_masked else range(0)
        _without_ones(ops, args, first, one, weights, found)
    if _may_repeat(ops, args, first, found):
        _once(ops, args, first, found)
    return found, sorted([x for x in zeros if x >= first and x not in found], reverse=True)


def _without_zeros(
    tape: Tape, ops: Sequence[Op | None], args: list[tuple[int, ...]], zeros: set[int], found: dict[int, int]
) -> None:
    """Find what is 0, and what is a sum with nothing but 0 added."""
    gone = set(zeros)  # what is 0, or another number
    are_there = gone.isdisjoint
    for number, xs in enumerate(args[tape.first_entry :], tape.first_entry):
        op = ops[number]
        if are_there(xs) and (len(xs) > 1 or op is not ADD):
            continue
        xs = args[number] = tuple([found.get(x, x) for x in xs])
        if not zeros.isdisjoint(xs):
            if _is_zero(ops, args, number, zeros, tape):
                zeros.add(number)
            elif op is ADD:
                xs = args[number] = tuple([x for x in xs if x not in zeros])
            elif op is SUB and xs[1] in zeros:
                xs = args[number] = xs[:1]
        if len(xs) == 1 and op in (ADD, SUB):
            found[number] = xs[0]
        if number in zeros or number in found:
            gone.add(number)


def _without_ones(
    ops: Sequence[Op | None],
    args: list[tuple[int, ...]],
    first: int,
    one: int | None,
    weights: range,
    found: dict[int, int],
) -> None:
    """Find what is nothing but what it is given.

    The term of a sum keeps its 1: it is a weight beside others, as in a filter of constants, or the power of x in a
    polynomial. So do some `weights`: a mask that is multiplied with them has a 1 for some, and a 0 for others.
    """
    terms = {x for op, xs in zip(ops, args, strict=True) if op is ADD or op is SUB for x in xs}
    terms |= {x for term in terms if ops[term] is MUL for x in args[term] if ops[x] is POW}
    are_themselves = found.keys().isdisjoint
    for number, op in enumerate(ops[first:], first):
        xs = args[number]
        if not are_themselves(xs):
            xs = args[number] = tuple([found.get(x, x) for x in xs])
        if one in xs and op is MUL and number not in terms and (len(xs) > 2 or xs[xs[0] == one] not in weights):
            xs = args[number] = tuple([x for x in xs if x != one])
        elif one in xs[1:] and (op is DIV or (op is POW and number not in terms)):
            xs = args[number] = xs[:1]
        if len(xs) == 1 and (op is SAME or op in KEEPING or number in found):
            found[number] = xs[0]


def _once(ops: Sequence[Op | None], args: list[tuple[int, ...]], first: int, found: dict[int, int]) -> None:
    """Find what is the same operation as one before."""
    known: dict[tuple[Op | None, tuple[int, ...]], int] = {}
    are_themselves = found.keys().isdisjoint
    for number, op in enumerate(ops[first:], first):
        xs = args[number]
        if not are_themselves(xs):
            xs = args[number] = tuple([found.get(x, x) for x in xs])
        is_given = number in found or (len(xs) == 1 and op in (ADD, SUB))
        same = xs[0] if is_given else known.setdefault((op, xs), number)
        if same != number:
            found[number] = same


def _is_zero(
    ops: Sequence[Op | None], args: Sequence[tuple[int, ...]], number: int, zeros: set[int], tape: Tape
) -> bool:
    """Whether an operation with a 0 among its inputs gives 0: a sum of nothing else, or 0 times numbers and parameters.

    So does −0, and 0·(−w): a state that begins with 0 may be scaled, or have its weights turned.
    """
    op, xs = ops[number], args[number]
    if op is ADD or op is SUB or op is NEG:
        return zeros.issuperset(xs)
    leaves = range(tape.inputs, tape.first_entry)
    return op is MUL and all(x in leaves or x in zeros or (ops[x] is NEG and args[x][0] in leaves) for x in xs)


def _may_repeat(ops: Sequence[Op | None], args: Sequence[tuple[int, ...]], first: int, found: Iterable[int]) -> bool:
    """Whether two operations are the same on the same inputs, but for those that are found; mostly no inputs are."""
    rest = list(args[first:])
    for number in found:
        rest[number - first] = (number,)  # which nothing else reads any more
    return len(set(rest)) < len(rest) and len(set(zip(ops[first:], rest, strict=True))) < len(rest)
