"""Levels: on which of them a step is computed, where there is a choice."""

from __future__ import annotations

from micrograd_es.program.planning.affinities import Steps

SCATTERED = 64  # kinds of operations on all levels, from which on a tape may be irregular


def is_irregular(steps: Steps) -> bool:
    """Whether the levels have few operations of the same kind."""
    kinds = {(steps.level[number], steps.ops[number]) for number in steps.order}
    return len(kinds) > SCATTERED and len(steps.order) < 32 * len(kinds)


def latest(steps: Steps) -> list[int]:
    """For each number the last level on which it can be; a product stays on its first.

    Where little is alike there is more of it late: what is left over from the inputs gathers before it is used.
    """
    varies, level, args = steps.varies, steps.level, steps.args
    late = [0] * len(level)
    for number in reversed(steps.order):
        here, xs, own = late[number], args[number], varies[number]
        if steps.ops[number] is None:
            here, xs = 0, xs + (steps.affine[number].varying if number in steps.affine else ())
        if not here:
            late[number] = here = level[number]
        for x in xs:
            if varies[x] is own and not 0 < late[x] < here:
                late[x] = here - 1
    return late
