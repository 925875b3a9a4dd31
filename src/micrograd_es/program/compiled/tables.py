"""The kernel of products of two tables that are both computed, which is also that of what they send back."""

from __future__ import annotations

from typing import Any

from micrograd_es.program.compiled.writing import Code


def inner(real: str, ragged: bool) -> str:
    """Σₖ x·y for each column and row: tables, columns, rows, n, length; then for each table the targets (columns ×
    rows), and the places of x (n × rows) and of y (n × columns).

    It works in blocks that stay in registers, up to four columns times four rows.
    """
    code = Code(real)
    tables, columns, rows, terms, length = code.arguments(5)
    sizes = code.times(columns, rows), code.times(terms, rows), code.times(terms, columns)
    with code.loop(0, tables) as table:
        targets = code.sum(5, code.times(table, code.sum(*sizes)))
        xs = code.sum(targets, sizes[0])
        ys = code.sum(xs, sizes[1])
        for tall, column in code.blocks(columns):
            for across, row in code.blocks(rows, code.wide):
                at = [code.sum(targets, code.times(code.sum(column, i), rows), row) for i in range(tall)]
                written = [code.target(code.argument(code.sum(x, i))) for x in at for i in range(across)]
                for kind, j in code.along(length, ragged):
                    slots = [_opened(code, target, j, kind) for target in written]
                    with code.loop(0, terms) as k:
                        x = code.sum(xs, code.times(k, rows), row)
                        y = code.sum(ys, code.times(k, columns), column)
                        of_row, of_column = _loaded(code, x, across, j, kind), _loaded(code, y, tall, j, kind)
                        factors = [(b, a) for b in of_column for a in of_row]
                        for slot, (b, a) in zip(slots, factors, strict=True):
                            code.add_product(slot, b, a)
                    for slot, (place, _) in zip(slots, written, strict=True):
                        code.store(code.held(slot), code.sum(place, j))
    return code.finished()


def _opened(code: Code, target: tuple[Any, Any], j: Any, kind: Any) -> Any:
    """The sum that is begun for a target: 0 where it is written first, else what stands there."""
    place, first = target
    return code.slot(kind, code.b.select(first, code.zero(kind), code.load(code.sum(place, j), kind)))


def _loaded(code: Code, first: Any, count: int, j: Any, kind: Any) -> list[Any]:
    """What stands in the rows whose places are some arguments."""
    return [code.load(code.sum(code.argument(code.sum(first, i)), j), kind) for i in range(count)]
