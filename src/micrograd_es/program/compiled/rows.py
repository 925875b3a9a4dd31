"""The kernels of the table's rows: an operation on many rows at once, and its contributions on the way back.

For each input of the operation `modes` has a letter: "v" where it is a row as long as the one written, "s" where it is
one number for the whole row, and on the way back "c" where it is one number whose gradient nobody asks for. The length
of rows that are `ragged` may be any; else it is a multiple of a vector's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from micrograd_es.ops import Op
from micrograd_es.program.compiled.lanes import Lane, LaneMaths, NotCompilableError, written
from micrograd_es.program.compiled.writing import Code
from micrograd_es.program.rules import rules_of


def forward(real: str, op: Op, modes: str, ragged: bool) -> str:
    """The operation: rows, their length; a table of (place of the row written, of those read)."""
    code, rule = Code(real), _rules(op, len(modes))[0]
    rows, length = code.arguments(2)
    with code.loop(0, rows) as row:
        out, *places = code.table(2, row, 1 + len(modes))
        inputs = _Inputs(code, modes, places)
        for kind, j in code.along(length, ragged):
            maths = LaneMaths(code.b, kind)
            code.store(written(rule, maths, *inputs.at(maths, j)).value, code.sum(out, j))
    return code.finished()


def backward(real: str, op: Op, modes: str, ragged: bool) -> str:
    """Its contributions: rows, their length; a table of (place of the row that was written, of its gradient, of those
    that were read; then for each input but "c" its gradient, a target for "v" and a place for "s").
    """
    code = Code(real)
    rows, length = code.arguments(2)
    wanted = [i for i, mode in enumerate(modes) if mode != "c"]
    with code.loop(0, rows) as row:
        out, upstream, *places = code.table(2, row, 2 + len(modes) + len(wanted))
        inputs = _Inputs(code, modes, places[: len(modes)])
        targets = dict(zip(wanted, places[len(modes) :], strict=True))
        for part in code.parts(length, ragged):
            sums = {i: code.total(part.kind) for i in wanted if modes[i] == "s"}
            with code.loop(part.start, part.stop, part.by) as j:
                maths = LaneMaths(code.b, part.kind)
                z, g = (Lane(maths, code.load(code.sum(place, j), part.kind)) for place in (out, upstream))
                contributions = _contributions(op, maths, z, g, inputs.at(maths, j))
                for i, target in targets.items():
                    if i in sums:
                        code.add_to(sums[i], contributions[i].value)
                    else:
                        _send(code, target, j, contributions[i])
            for i, slot in sums.items():
                code.add_at(targets[i], code.summed(code.held(slot)))
    return code.finished()


def _rules(op: Op, inputs: int) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The rules of a row, without questions where they have some.

    Raises NotCompilableError for those that are called for one number after the other.
    """
    found = rules_of(op, inputs)
    if found.formula:
        return found.forward, found.local
    if found.by_number:
        raise NotCompilableError(f"the row {op.name} cannot be compiled: its rules are made for numbers")
    return op.forward, op.local


def _contributions(op: Op, maths: LaneMaths, z: Lane, g: Lane, xs: list[Lane]) -> Sequence[Lane]:
    """What goes to each input: the upstream gradient times the local one."""
    local = _rules(op, len(xs))[1]

    def rule(m: LaneMaths, *inputs: Lane) -> tuple[Any, ...]:
        slopes = local(m, z, *inputs)
        return tuple(
            g if isinstance(slope, int) and slope == 1 else g * slope for slope, _ in zip(slopes, inputs, strict=True)
        )

    found: Sequence[Lane] = written(rule, maths, *xs)
    return found


def _send(code: Code, target: Any, j: Any, contribution: Lane) -> None:
    """Add to a row, or write it where that is the first time."""
    place, first = code.target(target)
    at, kind = code.sum(place, j), contribution.maths.kind
    old = code.b.select(first, code.zero(kind), code.load(at, kind))
    code.store(code.b.fadd(old, contribution.value), at)


class _Inputs:
    """The inputs of an operation; those that are one number are read once for the row."""

    def __init__(self, code: Code, modes: str, places: list[Any]) -> None:
        self.code, self.places = code, places
        self.single = [None if m == "v" else code.load(place) for m, place in zip(modes, places, strict=True)]

    def at(self, maths: LaneMaths, j: Any) -> list[Lane]:
        """The inputs at a place of the row."""
        code, kind = self.code, maths.kind
        return [
            Lane(maths, code.load(code.sum(place, j), kind) if one is None else code.splat(one, kind))
            for place, one in zip(self.places, self.single, strict=True)
        ]
