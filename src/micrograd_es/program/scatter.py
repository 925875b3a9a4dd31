"""The NumPy code that adds what many positions send back to the inputs that they have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from micrograd_es.program.arrays import Array
from micrograd_es.program.blocks import Rows, Space, is_run

if TYPE_CHECKING:
    from micrograd_es.program.numpy_lines import Backward

BRIEF = 8  # examples up to which contributions to the same row are added by one call
CONTRIBUTIONS, SORTED = -1, -2  # the rooms of what is sent back, beside those of what is gathered


def sent_back(lines: Backward, rows: Rows, terms: int, contribution: str) -> list[str]:
    """The lines that add to the gradients of rows, of each term one at every position, what is sent there.

    `contribution` has a row for each term; it says where its `{out}` goes.
    """
    runner = lines.runner
    if not runner.is_wanted(rows):
        return []
    shape = terms, len(rows) // terms * lines.columns
    if is_run(rows) or len(set(rows.numbers)) == len(rows) or terms == len(rows):
        return lines.sent(rows, contribution, shape)
    plan = _Scatter(rows, runner.wanted_rows[rows.space])
    touched = runner.touched[rows.space]
    by_term = runner.is_large and plan.are_apart(terms)
    fresh = not by_term and touched.isdisjoint(rows.numbers) and is_run(plan.rows)
    if not fresh:
        runner.cleared[rows.space].update([row for row in plan.rows.numbers if row not in touched])
    touched.update(rows.numbers)
    name = _room(lines, rows.space, len(rows), CONTRIBUTIONS)
    product = contribution.replace("{out}", f", out={runner.reshaped(name, shape)}")
    if by_term:
        return [product, _by_term(lines, rows, terms, name, plan)]
    return [product, *_sorted(lines, rows, name, plan, fresh)]


def _by_term(lines: Backward, rows: Rows, terms: int, name: str, plan: _Scatter) -> str:
    """The line that adds contributions term by term, which needs no room to sort them in."""
    runner = lines.runner
    whole = runner.bound((rows.space, "gradients"), lambda: runner.gradients[rows.space], "G")
    parts = runner.bound((rows, "terms"), lambda: list(plan.terms(runner.names[name], terms)), "k")
    return f"for i, x in {parts}: {whole}[i] += x"


class _Scatter:
    """Contributions in the order in which they are added: the first to every row that gets any, then the second …

    What nobody asks for is left out.

    `order` are their places, `rows` where they go, sorted; the `layers` are how many there are of each turn. Rows that
    get more stand first in a layer, so that one goes on top of the other, and `places` says where a row stands.
    """

    def __init__(self, rows: Rows, wanted: set[int]) -> None:
        numbers = np.array(rows.numbers)
        order = np.argsort(numbers, kind="stable")
        order = order[np.isin(numbers[order], list(wanted))]
        found, starts, counts = np.unique(numbers[order], return_index=True, return_counts=True)
        self.rows, self.sorted, self.starts = Rows(rows.space, tuple(found.tolist())), order, starts
        self.places = np.argsort(np.argsort(-counts, kind="stable"))
        turns = np.arange(len(order)) - np.repeat(starts, counts)
        self.order = order[np.lexsort((np.repeat(self.places, counts), turns))]
        self.layers = np.bincount(turns).tolist()
        self.numbers, self.asked = numbers, np.isin(numbers, found)

    def are_apart(self, terms: int) -> bool:
        """Whether no term sends two contributions to the same row."""
        parts = zip(self.numbers.reshape(terms, -1), self.asked.reshape(terms, -1), strict=True)
        return all(len(np.unique(rows[asked])) == asked.sum() for rows, asked in parts)

    def terms(self, array: Array, count: int) -> Iterator[tuple[Any, Array]]:
        """For each stretch of contributions whose rows are asked for, these and the stretch."""
        for term in np.split(np.arange(len(self.numbers)), count):
            some = term[self.asked[term]]
            for part in np.split(some, np.flatnonzero(np.diff(some) > 1) + 1):
                if len(part):
                    yield self.numbers[part], array[part[0] : part[-1] + 1]


def _room(lines: Backward, space: Space, count: int, slot: int) -> str:
    """The name of room for so many rows of a space; all blocks share it."""
    runner = lines.runner
    matrix = runner.gradients[space]
    shape = count, matrix.shape[1]
    runner.rooms.setdefault(slot, np.empty(0, matrix.dtype))
    return runner.bound((shape, slot), lambda: runner.room(slot, shape), "k")


def _sorted(lines: Backward, rows: Rows, name: str, plan: _Scatter, fresh: bool) -> list[str]:
    """The lines that add contributions to their rows, or write them there for the first time."""
    runner = lines.runner
    whole = runner.bound((rows.space, "gradients"), lambda: runner.gradients[rows.space], "G")
    target = runner.gradient(plan.rows) if fresh else ""
    room = _room(lines, rows.space, len(plan.order), SORTED)

    def view(make: Any, what: str) -> str:
        return runner.bound((rows, what, lines.columns), make, "k")

    if lines.columns <= BRIEF:
        order = lines.index((rows, "order"), plan.sorted)
        starts = lines.index((rows, "starts"), plan.starts)
        taken = f"np.take({name}, {order}, 0, {room}, 'clip')"
        if fresh:
            return [taken, f"np.add.reduceat({room}, {starts}, 0, None, {target})"]
        once = lines.index((rows, "once"), plan.rows.numbers)
        return [taken, f"{whole}[{once}] += np.add.reduceat({room}, {starts})"]
    order = lines.index((rows, "turns"), plan.order)
    sums = view(lambda: runner.names[room][: plan.layers[0]], "sums")
    layers = view(lambda: _layers(runner.names[room], plan.layers), "layers")
    places = lines.index((rows, "places"), plan.places)
    found = [f"np.take({name}, {order}, 0, {room}, 'clip')", f"for x, y in {layers}: np.add(x, y, x)"]
    if fresh:
        return [*found, f"np.take({sums}, {places}, 0, {target}, 'clip')"]
    once = lines.index((rows, "once"), plan.rows.numbers)
    return [*found, f"{whole}[{once}] += {sums}[{places}]"]


def sorted_rows(rows: Rows) -> tuple[Any, Any, Any]:
    """How rows are sorted, which there are, and where each begins among the sorted ones."""
    numbers = np.array(rows.numbers)
    order = np.argsort(numbers, kind="stable")
    return order, *np.unique(numbers[order], return_index=True)


def _layers(array: Array, sizes: list[int]) -> list[tuple[Array, Array]]:
    """Each layer but the first, and the rows of the first that it is added to."""
    ends = np.cumsum(sizes)
    return [(array[:size], array[end - size : end]) for size, end in zip(sizes[1:], ends[1:], strict=True)]
