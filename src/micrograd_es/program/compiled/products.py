"""The kernels of sums of products, forward and to the inputs (`product`) and to the weights (`products`).

They work in blocks that stay in registers: up to four rows times four vectors, or four weights times four.
"""

from __future__ import annotations

from typing import Any

from micrograd_es.program.compiled.writing import Code


def product(real: str) -> str:
    """Σₖ w·x for each row: groups, rows, n, length; place of the weights and the steps from group to group, row to row
    and term to term; tables of the rows written (groups × rows: the target, and the place of a number that is added to
    a row that is written for the first time) and of the rows read (groups × n).
    """
    code = Code(real)
    groups, rows, terms, length, weights, per_group, per_row, per_term = code.arguments(8)
    read = code.sum(8, code.times(code.times(groups, rows), 2))
    long = code.floor(length, code.width * code.wide)
    with code.loop(0, groups) as group:
        origin = code.sum(weights, code.times(group, per_group))
        first_out, first_read = code.times(group, rows), code.sum(read, code.times(group, terms))
        for tall, row in code.blocks(rows):
            written = [code.table(8, code.sum(first_out, row, i), 2) for i in range(tall)]
            targets = [(*code.target(target), code.load(start)) for target, start in written]
            lines = [code.sum(origin, code.times(code.sum(row, i), per_row)) for i in range(tall)]
            for across, start, stop in ((code.wide, 0, long), (1, long, length)):
                with code.loop(start, stop, across * code.width) as j:
                    slots = _opened(code, targets, j, across)
                    with code.loop(0, terms) as k:
                        x = code.sum(code.argument(code.sum(first_read, k)), j)
                        xs = [code.load(code.sum(x, c * code.width), code.vector) for c in range(across)]
                        for line, sums in zip(lines, slots, strict=True):
                            w = code.splat(code.load(code.sum(line, code.times(k, per_term))), code.vector)
                            _add_products(code, sums, w, xs)
                    for (place, _, _), sums in zip(targets, slots, strict=True):
                        for c, slot in enumerate(sums):
                            code.store(code.held(slot), code.sum(place, j, c * code.width))
    return code.finished()


def _opened(code: Code, targets: list[tuple[Any, Any, Any]], j: Any, across: int) -> list[list[Any]]:
    """For each target the sums that are begun: a number where it is written first, else what stands there."""
    slots = []
    for place, first, start in targets:
        olds = [code.load(code.sum(place, j, c * code.width), code.vector) for c in range(across)]
        begun = code.splat(start, code.vector)
        slots.append([code.slot(code.vector, code.b.select(first, begun, old)) for old in olds])
    return slots


def _add_products(code: Code, sums: list[Any], factor: Any, others: list[Any]) -> None:
    """Add to each of some sums the product of one factor and another."""
    for slot, other in zip(sums, others, strict=True):
        code.add_product(slot, factor, other)


def again(real: str) -> str:
    """Σₖ w·x again for each row that is not finite: rows, n, length; for each row its place, the place of a number that
    is added to it, and those of n weights and the rows that they are multiplied by.

    What a product adds for weights that are missing is 0 times a row, and so it is none where that is not finite.
    """
    code = Code(real)
    rows, terms, length = code.arguments(3)
    each = code.times(code.sum(terms, 1), 2)
    with code.loop(0, rows) as row:
        first = code.sum(3, code.times(row, each))
        place, start = code.argument(first), code.load(code.argument(code.sum(first, 1)))
        sums = []
        for part in code.parts(length):
            slot = code.total(part.kind)
            with code.loop(part.start, part.stop, part.by) as j:
                x = code.load(code.sum(place, j), part.kind)
                code.add_to(slot, code.b.fsub(x, x))  # 0, or NaN
            sums.append(code.summed(code.held(slot)))
        total = code.b.fadd(*sums)
        stop = code.b.select(code.b.fcmp_unordered("uno", total, total), length, code.number(0))
        with code.loop(0, stop) as j:
            slot = code.slot(code.real, start)
            with code.loop(0, terms) as k:
                weight, x = code.table(code.sum(first, 2), k, 2)
                code.add_product(slot, code.load(weight), code.load(code.sum(x, j)))
            code.store(code.held(slot), code.sum(place, j))
    return code.finished()


def products(real: str) -> str:
    """Adds Σⱼ g·x over the tile to the gradient of each weight: groups, positions, rows, n, length, place of those
    gradients (groups × rows × n); a table of places of numbers that the sums of the upstream rows are added to, the
    biases (groups × rows); tables of the upstream rows (groups × positions × rows) and inputs (groups × positions × n).

    The positions of a group have its weights in common, so that the sums go on from one to the next.
    """
    code = Code(real)
    groups, positions, rows, terms, length, gradients = code.arguments(6)
    upstream = code.sum(6, code.times(groups, rows))
    read = code.sum(upstream, code.times(code.times(groups, positions), rows))

    def places(start: Any, group: Any, position: Any, width: Any, first: Any, count: int) -> list[Any]:
        row = code.sum(code.times(group, positions), position)
        at = code.sum(start, code.times(row, width), first)
        return [code.argument(code.sum(at, i)) for i in range(count)]

    with code.loop(0, groups) as group:
        for tall, row in code.blocks(rows):
            number = code.sum(code.times(group, rows), row)
            lines = [code.sum(gradients, code.times(code.sum(number, i), terms)) for i in range(tall)]
            for across, k in code.blocks(terms):
                slots = [[code.total(code.vector) for _ in range(across)] for _ in range(tall)]
                with code.loop(0, positions) as position:
                    ups = places(upstream, group, position, rows, row, tall)
                    inputs = places(read, group, position, terms, k, across)
                    with code.loop(0, length, code.width) as j:
                        xs = [code.load(code.sum(place, j), code.vector) for place in inputs]
                        for up, sums in zip(ups, slots, strict=True):
                            _add_products(code, sums, code.load(code.sum(up, j), code.vector), xs)
                for line, sums in zip(lines, slots, strict=True):
                    code.add_sums(code.sum(line, k), list(map(code.held, sums)))
            totals = [code.total(code.vector) for _ in range(tall)]
            with code.loop(0, positions) as position:
                ups = places(upstream, group, position, rows, row, tall)
                with code.loop(0, length, code.width) as j:
                    for up, slot in zip(ups, totals, strict=True):
                        code.add_to(slot, code.load(code.sum(up, j), code.vector))
            for i, total in enumerate(code.sums(list(map(code.held, totals)))):
                code.add_at(code.argument(code.sum(6, number, i)), total)
    return code.finished()
