"""The kernels that go through a program and its tiles, and those that copy, clear and add up rows.

Each is a function of the type of the numbers that gives the kernel's text; its docstring names the arguments of the
instruction in their order.
"""

from __future__ import annotations

from typing import Any

from micrograd_es.program.compiled.writing import Code

RUN = 9  # how many numbers a program has before its instructions


def run(real: str) -> str:
    """A whole program, which is no instruction: the address of the kernels' addresses, examples of the batch and of a
    tile; then from where to where stand the instructions before the tiles, those of every tile, and those after them.
    """
    code = Code(real)
    b = code.b
    addresses, batch, length, *ends = (code.read(i) for i in range(RUN))
    kernels = b.inttoptr(addresses, code.pointer)

    def go(start: Any, stop: Any, first: Any, count: Any) -> None:
        at = code.slot(code.whole, start)
        with code.while_below(at, stop) as place:
            address = b.load(b.gep(kernels, [code.read(place)], source_etype=code.whole), typ=code.whole)
            step = b.gep(code.step, [place], source_etype=code.whole)
            b.call(b.inttoptr(address, code.kind.as_pointer()), [code.base, step, first, count])
            b.store(b.add(place, code.read(code.sum(place, 1))), at)

    nothing = code.number(0)
    go(ends[0], ends[1], nothing, nothing)
    first = code.slot(code.whole, nothing)
    with code.while_below(first, batch) as now:
        left = b.sub(batch, now)
        go(ends[2], ends[3], now, b.select(b.icmp_signed("<", left, length), left, length))
        b.store(b.add(now, length), first)
    go(ends[4], ends[5], nothing, nothing)
    return code.finished()


def load(real: str) -> str:
    """Copies a tile of the batch into rows: place of the first row, how many, their length; from which address, and
    how many numbers an example has there.

    The last example fills what the tile has too many, so that nothing can go wrong there that does not go wrong in it.
    """
    code = Code(real)
    b = code.b
    place, rows, length, address, stride = code.arguments(5)
    source, last = b.inttoptr(address, code.pointer), b.sub(code.count, code.number(1))
    with code.loop(0, rows) as row:
        to = code.sum(place, code.times(row, length))
        with code.loop(0, length) as j:
            example = code.sum(code.start, b.select(b.icmp_signed("<", j, last), j, last))
            value = b.load(code.at(code.sum(code.times(example, stride), row), source), typ=code.real)
            code.store(value, code.sum(to, j))
    return code.finished()


def store(real: str) -> str:
    """Copies rows of a tile into the batch: place of the first row, how many, their length; to which address, how many
    numbers an example has there, and the first of them that is written.
    """
    code = Code(real)
    b = code.b
    place, rows, length, address, stride, column = code.arguments(6)
    target = b.inttoptr(address, code.pointer)
    with code.loop(0, rows) as row:
        origin, to = code.sum(place, code.times(row, length)), code.sum(row, column)
        with code.loop(0, code.count) as j:
            at = code.sum(code.times(code.sum(code.start, j), stride), to)
            b.store(code.load(code.sum(origin, j)), code.at(at, target))
    return code.finished()


def seed(real: str) -> str:
    """Fills the gradient of the output: place, length, place of the seed. It is 0 beyond the last example."""
    code = Code(real)
    place, length, given = code.arguments(3)
    value = code.load(given)
    with code.loop(0, length) as j:
        inside = code.b.icmp_signed("<", j, code.count)
        code.store(code.b.select(inside, value, code.zero(code.real)), code.sum(place, j))
    return code.finished()


def clear(real: str) -> str:
    """Sets numbers to 0: place of the first, how many."""
    code = Code(real)
    place, length = code.arguments(2)
    for kind, j in code.along(length):
        code.store(code.zero(kind), code.sum(place, j))
    return code.finished()


def gather(real: str) -> str:
    """Copies numbers together: place of the first copy, how many; a table of their places."""
    code = Code(real)
    place, count = code.arguments(2)
    with code.loop(0, count) as i:
        code.store(code.load(code.argument(code.sum(i, 2))), code.sum(place, i))
    return code.finished()


def scatter(real: str) -> str:
    """Adds numbers to others: how many; a table of the place of each and that of the number that it is added to."""
    code = Code(real)
    count = code.argument(0)
    with code.loop(0, count) as i:
        origin, to = code.table(1, i, 2)
        code.add_at(to, code.load(origin))
    return code.finished()


def total(real: str) -> str:
    """Sums n rows for each row: rows, their length, n; a table of (place, places of its n terms)."""
    code = Code(real)
    rows, length, terms = code.arguments(3)
    each = code.sum(terms, 1)
    with code.loop(0, rows) as row:
        first = code.sum(code.times(row, each), 3)
        place = code.argument(first)
        for kind, j in code.along(length):
            slot = code.total(kind)
            with code.loop(1, each) as i:
                code.add_to(slot, code.load(code.sum(code.argument(code.sum(first, i)), j), kind))
            code.store(code.held(slot), code.sum(place, j))
    return code.finished()


def stretch(real: str) -> str:
    """Sums numbers that stand together: place of the sum, of the numbers, how many."""
    code = Code(real)
    out, place, length = code.arguments(3)
    code.store(code.zero(code.real), out)
    _add_up(code, out, place, length)
    return code.finished()


def tally(real: str) -> str:
    """Adds a row's numbers, as many as the tile has examples, to a number: its place, place of the row."""
    code = Code(real)
    out, row = code.arguments(2)
    _add_up(code, out, row, code.count)
    return code.finished()


def _add_up(code: Code, out: Any, place: Any, length: Any) -> None:
    """Adds numbers that stand together to the number at a place."""
    for part in code.parts(length):
        slot = code.total(part.kind)
        with code.loop(part.start, part.stop, part.by) as j:
            code.add_to(slot, code.load(code.sum(place, j), part.kind))
        code.add_at(out, code.summed(code.held(slot)))
