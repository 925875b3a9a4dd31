"""The kernels of sums of products for a batch of one example, whose numbers stand side by side.

There are no other examples to fill a vector with, so it goes along the weights of a row. What a row of weights is
multiplied with stands together, and so do the gradients of that.
"""

from __future__ import annotations

from typing import Any

from micrograd_es.program.compiled.writing import BLOCK, Code, Part


def product(real: str) -> str:
    """Σₖ w·x for each row: groups, rows, n; place of the weights (rows × n), and the step from group to group; a table
    of the numbers written (groups × rows: the target, and the place of a number that is added to one that is written
    for the first time), and the places of the inputs (groups).
    """
    code = Code(real)
    groups, rows, terms, weights, per_group = code.arguments(5)
    read = code.sum(5, code.times(code.times(groups, rows), 2))
    with code.loop(0, groups) as group:
        origin, first = code.sum(weights, code.times(group, per_group)), code.times(group, rows)
        x = code.argument(code.sum(read, group))
        for tall, row in code.blocks(rows):
            lines = [code.sum(origin, code.times(code.sum(row, i), terms)) for i in range(tall)]
            for i, total in enumerate(_dots(code, lines, x, terms)):
                target, start = code.table(5, code.sum(first, row, i), 2)
                place, is_first = code.target(target)
                begun = code.b.select(is_first, code.load(start), code.load(place))
                code.store(code.b.fadd(begun, total), place)
    return code.finished()


def _dots(code: Code, lines: list[Any], x: Any, terms: Any) -> list[Any]:
    """The sum of the products of each line of weights with the inputs."""
    found = []
    for part in code.parts(terms):
        slots = [code.total(part.kind) for _ in lines]
        with code.loop(part.start, part.stop, part.by) as k:
            vector = code.load(code.sum(x, k), part.kind)
            for line, slot in zip(lines, slots, strict=True):
                code.add_product(slot, code.load(code.sum(line, k), part.kind), vector)
        sums = list(map(code.held, slots))
        found.append(code.sums(sums) if part.by > 1 else sums)
    return [code.b.fadd(x, y) for x, y in zip(*found, strict=True)]


def to_inputs(real: str) -> str:
    """Σᵢ w·g for each input: groups, rows, n; place of the weights (rows × n), and the step from group to group; the
    targets of the first input of each group, and a table of the places of the upstream numbers (groups × rows).
    """
    code = Code(real)
    groups, rows, terms, weights, per_group = code.arguments(5)
    upstream = code.sum(5, groups)
    with code.loop(0, groups) as group:
        origin, first = code.sum(weights, code.times(group, per_group)), code.sum(upstream, code.times(group, rows))
        place, is_first = code.target(code.argument(code.sum(5, group)))
        for part in _parts(code, terms):
            with code.loop(part.start, part.stop, part.by) as k:
                steps = range(0, part.by, 1 if part.kind is code.real else code.width)
                olds = [code.load(code.sum(place, k, step), part.kind) for step in steps]
                slots = [code.slot(part.kind, code.b.select(is_first, code.zero(part.kind), old)) for old in olds]
                with code.loop(0, rows) as row:
                    g = code.splat(code.load(code.argument(code.sum(first, row))), part.kind)
                    line = code.sum(origin, code.times(row, terms), k)
                    for step, slot in zip(steps, slots, strict=True):
                        code.add_product(slot, g, code.load(code.sum(line, step), part.kind))
                for step, slot in zip(steps, slots, strict=True):
                    code.store(code.held(slot), code.sum(place, k, step))
    return code.finished()


def _parts(code: Code, length: Any) -> list[Part]:
    """The loops over a row: several vectors at a time, one, and one number."""
    several = code.floor(length, BLOCK * code.width)
    vectors, rest = code.parts(length)
    return [Part(code.vector, 0, several, BLOCK * code.width), vectors._replace(start=several), rest]


def to_weights(real: str) -> str:
    """Adds g·x to the gradient of each weight: groups, positions, rows, n, place of those gradients (groups × rows ×
    n); a table of places of numbers that the upstream numbers are added to, the biases (groups × rows); a table of the
    places of the upstream numbers (groups × positions × rows), and the places of the inputs (groups × positions).
    """
    code = Code(real)
    groups, positions, rows, terms, gradients = code.arguments(5)
    count = code.times(groups, rows)
    upstream = code.sum(5, count)
    read = code.sum(upstream, code.times(count, positions))
    with code.loop(0, groups) as group, code.loop(0, positions) as position:
        turn = code.sum(code.times(group, positions), position)
        x = code.argument(code.sum(read, turn))
        with code.loop(0, rows) as row:
            number = code.sum(code.times(group, rows), row)
            g = code.load(code.argument(code.sum(upstream, code.times(turn, rows), row)))
            code.add_at(code.argument(code.sum(5, number)), g)
            line = code.sum(gradients, code.times(number, terms))
            for kind, k in code.along(terms):
                at = code.sum(line, k)
                slot = code.slot(kind, code.load(at, kind))
                code.add_product(slot, code.splat(g, kind), code.load(code.sum(x, k), kind))
                code.store(code.held(slot), at)
    return code.finished()
