"""The order of the sums of a product and of their terms, whose weights are a stretch of rows, and of operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from micrograd_es.program.planning.affinities import Affinity, Steps
from micrograd_es.program.planning.order import Uses


class Arrangement:
    """The order of the sums of each product, and what is known of it from those before.

    `row` is where each number is, the `parameters` before all others; of the steps nothing is written.
    """

    def __init__(self, steps: Steps, uses: Uses, row: Sequence[int], parameters: int) -> None:
        self.steps, self.uses, self.row, self.parameters = steps, uses, row, parameters
        self.before: dict[tuple[int, ...], dict[int, int]] = {}  # by the first weights of a product, where each stands

    def of(self, members: list[int], dense: bool) -> dict[int, Affinity]:
        """The sums with their terms in the order of their weights, so that these are a stretch of rows; so the sums.

        Where the weights are no stretch in any order, as constants are not, it is that of the inputs.
        """
        row, affine = self.row, self.steps.affine
        found = {}
        order: list[int] = []
        known: tuple[int, ...] = ()
        straight = stretch = True
        for number in members:
            affinity = affine[number]
            if affinity.inputs != known:
                known = affinity.inputs
                order, is_stretch = in_stretch([row[w] for w in affinity.weights], [row[x] for x in known])
                straight, stretch = order == list(range(len(order))), stretch and is_stretch
            if not straight:
                affinity = affinity._replace(
                    weights=tuple([affinity.weights[i] for i in order]),
                    inputs=tuple([affinity.inputs[i] for i in order]),
                )
            found[number] = affinity
        if len(found) == 1 or not (stretch or dense):
            return found
        return {number: found[number] for number in self._as_before(found, stretch)}

    def _as_before(self, found: Mapping[int, Affinity], stretch: bool) -> list[int]:
        """The sums of a product in the order of their weights, or else of another product with the same first ones.

        The cell of a recurrence, which has more inputs than its first step, so has its neurons as that has them, in
        whichever order each step adds its terms. Sums of several uses, as gates are, stand in the order of their first
        parameters, others as they were met.
        """
        row = self.row
        if stretch:
            firsts = {number: row[affinity.weights[0]] for number, affinity in found.items()}
        else:
            firsts = {number: min([row[w] for w in affinity.weights]) for number, affinity in found.items()}
        together = tuple(sorted(firsts.values()))
        before = self.before.get(together)
        if stretch:
            numbers = sorted(firsts, key=firsts.__getitem__)
        elif before:
            numbers = sorted(firsts, key=lambda number: before[firsts[number]])
        elif len(firsts) < 3 or together[-1] >= self.parameters or self.uses.are_one(list(firsts)):
            numbers = list(firsts)
        else:
            numbers = sorted(firsts, key=firsts.__getitem__)
        if before is None:
            self.before[together] = {firsts[number]: place for place, number in enumerate(numbers)}
        return numbers


def in_stretch(weights: Sequence[int], inputs: Sequence[int]) -> tuple[list[int], bool]:
    """The order of terms in which the rows of their weights follow each other, or else those of their inputs do.

    And whether it is the first.

    >>> in_stretch([7, 5, 6], [1, 2, 3]), in_stretch([7, 5, 5], [3, 2, 1])
    (([1, 2, 0], True), ([2, 1, 0], False))
    """
    order = sorted(range(len(weights)), key=weights.__getitem__)
    if weights[order[-1]] - weights[order[0]] == len(weights) - 1 and len(set(weights)) == len(weights):
        return order, True
    return sorted(order, key=inputs.__getitem__), False


def leading(steps: Steps, members: Sequence[int]) -> tuple[int, int]:
    """The places of the inputs in whose order operations of a kind stand, first and then.

    Of c·x it is that of x, not of the constants; of x − c, with each x for several c that are given, it is that of c.
    """
    args, constants, first = steps.args, steps.constants, steps.first
    xs = args[members[0]]
    if len(xs) == 2 and xs[0] in constants:
        by_second = all(args[n][0] in constants for n in members)
    elif len(xs) == 2 and xs[0] != xs[1] < first:
        seconds = {args[n][1] for n in members}
        by_second = max(seconds) < first and len({args[n][0] for n in members}) < len(seconds) == len(members)
    else:
        by_second = False
    return (1, 0) if by_second else (0, len(xs) - 1)
