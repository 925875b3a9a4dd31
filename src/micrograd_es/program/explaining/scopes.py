"""The scope that all of a block is in, by the rows that it computes."""

from __future__ import annotations

from collections.abc import Sequence

from micrograd_es.program.blocks import Place, Plan, Rows


class Scopes:
    """The scopes of what stands in the rows of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._sizes, self._paths = plan.sizes, _paths(plan)

    def of(self, rows: Rows) -> str:
        """The names of the scopes that all of some rows are in, from the outermost; rows that were made have none."""
        if not self._paths:
            return ""
        written = [row for row in rows.numbers if row < self._sizes[rows.space]]
        return " · ".join(_common(sorted({self._paths.get((rows.space, row), ()) for row in written})))


def _paths(plan: Plan) -> dict[Place, tuple[str, ...]]:
    """The names of the scopes of what stands in each row, from the outermost."""
    first, entries = plan.tape.first_entry, plan.tape.entries
    if not any(entry.scope for entry in entries):
        return {}
    return {
        place: tuple(entries[number - first].scope.split(" · "))
        for number, place in plan.places.items()
        if 0 <= number - first < len(entries) and entries[number - first].scope
    }


def _common(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """How the first and the last of sorted paths begin alike."""
    first, last = paths[0], paths[-1]
    alike = [x == y for x, y in zip(first, last, strict=False)]
    return first[: (*alike, False).index(False)]
