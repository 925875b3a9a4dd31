"""The kernel of products of two tables that are both computed, which is also that of what they send back."""

from __future__ import annotations

from typing import Any

from micrograd_es.program.compiled.products import BLOCK, blocks
from micrograd_es.program.compiled.writing import Code


def inner(real: str, ragged: bool) -> str:
    """Σₖ x·y for each column and row: tables, columns, rows, n, length; then for each table the targets (columns ×
    rows), and the places of x (n × rows) and of y (n × columns).

    It works in blocks that stay in registers, up to four columns times four rows.
    """
    code = Code(real)
    tables, columns, rows, terms, length = code.arguments(5)
    sizes = code.times(columns, rows), code.times(terms, rows), code.times(terms, columns)
    wide = BLOCK if code.width * code.size != 32 else 2  # AVX has 16 registers
    with code.loop(0, tables) as table:
        targets = code.sum(5, code.times(table, code.sum(*sizes)))
        xs = code.sum(targets, sizes[0])
        ys = code.sum(xs, sizes[1])
        for tall, low, top in blocks(code, columns):
            with code.loop(low, top, tall) as column:
                for across, left, right in blocks(code, rows, wide):
                    with code.loop(left, right, across) as row:
                        at = [code.sum(targets, code.times(code.sum(column, i), rows), row) for i in range(tall)]
                        written = [code.target(code.argument(code.sum(x, i))) for x in at for i in range(across)]
                        for part in code.parts(length, ragged):
                            with code.loop(part.start, part.stop, part.by) as j:
                                slots = [_opened(code, target, j, part.kind) for target in written]
                                with code.loop(0, terms) as k:
                                    x = code.sum(xs, code.times(k, rows), row)
                                    y = code.sum(ys, code.times(k, columns), column)
                                    of_row = _loaded(code, x, across, j, part.kind)
                                    of_column = _loaded(code, y, tall, j, part.kind)
                                    factors = [(b, a) for b in of_column for a in of_row]
                                    for slot, (b, a) in zip(slots, factors, strict=True):
                                        code.add_product(slot, b, a)
                                for slot, (place, _) in zip(slots, written, strict=True):
                                    code.store(code.b.load(slot, typ=part.kind), code.sum(place, j))
    return code.finished()


def _opened(code: Code, target: tuple[Any, Any], j: Any, kind: Any) -> Any:
    """The sum that is begun for a target: 0 where it is written first, else what stands there."""
    place, first = target
    return code.slot(kind, code.b.select(first, code.zero(kind), code.load(code.sum(place, j), kind)))


def _loaded(code: Code, first: Any, count: int, j: Any, kind: Any) -> list[Any]:
    """What stands in the rows whose places are some arguments."""
    return [code.load(code.sum(code.argument(code.sum(first, i)), j), kind) for i in range(count)]
