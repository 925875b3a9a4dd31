"""Where a run went wrong: the operation, and the example, whose number is the first that is not finite."""

from __future__ import annotations

import numpy as np

from micrograd_es.program.arrays import Array
from micrograd_es.program.blocks import Plan, Space
from micrograd_es.program.numpy_runner import Runner


def located(plan: Plan, runner: Runner) -> ArithmeticError:
    """The error for a run whose value or gradient is not finite; the program goes through its operations in order."""
    tape = plan.tape
    for number in range(tape.first_entry, tape.first_entry + len(tape.entries)):
        place = plan.places.get(number)
        if place is None:
            continue
        row = runner.values[place[0]][place[1]]
        if not np.isfinite(row).all():
            return FloatingPointError(
                f"{_named(plan, runner, number)}: the result is {row[_first(row)]}{_of(place[0], row)}."
            )
    return FloatingPointError(
        "the gradient is not finite, though every value is; an operation has no finite slope at its input (√x at 0)."
    )


def _named(plan: Plan, runner: Runner, number: int) -> str:
    """The operation with its name, its scope and the numbers that it was given."""
    tape = plan.tape
    entry = tape.entry(number)
    assert entry is not None
    row = runner.values[plan.places[number][0]][plan.places[number][1]]
    given = ", ".join(f"{tape.name(x)} = {_at(plan, runner, x, _first(row))}" for x in entry.inputs if x in plan.places)
    where = "".join(f" ({part})" for part in (entry.label, entry.scope) if part)
    return f"{entry.op.name}({given}){where}"


def _at(plan: Plan, runner: Runner, number: int, example: int) -> float:
    space, row = plan.places[number]
    return float(runner.values[space][row][example if space is Space.VARYING else 0])


def _first(row: Array) -> int:
    return int(np.flatnonzero(~np.isfinite(row))[0])


def _of(space: Space, row: Array) -> str:
    return f", in example {_first(row)} of the batch" if space is Space.VARYING else ""
