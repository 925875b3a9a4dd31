"""The order of parameters, in which the weights of a product stand together, and that of the terms of sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from micrograd_es.ops import ADD, MUL
from micrograd_es.program.planning.affinities import Affinity, Steps
from micrograd_es.program.tape import Tape

DEPTH, USERS, INPUTS = 2, 4, 8  # how many steps after a sum are looked at, and of how many users and inputs


def parameter_order(tape: Tape, steps: Steps, uses: Uses, inputs_of: Mapping[int, tuple[int, ...]]) -> list[int]:
    """The parameters in the order in which sums use them, so that the weights of a dense block stand together.

    `inputs_of` are those of the whole block, of sums that have only some of them. Of the steps nothing is written.
    """
    start, end = tape.inputs, tape.first_constant
    numbers: dict[tuple[int, ...], list[int]] = {}
    level: dict[tuple[int, ...], int] = {}
    for number, affinity in steps.affine.items():
        inputs = inputs_of.get(number, affinity.inputs)
        numbers.setdefault(inputs, []).append(number)
        level[inputs] = steps.level[number]
    layers = {inputs: [steps.affine[number] for number in sums] for inputs, sums in numbers.items()}
    used: dict[int, None] = {}
    kernels = _kernels(layers, level)
    for inputs, sums in layers.items():
        if len(sums) > 2 and not all(used.keys() >= set(affinity.weights) for affinity in sums):
            sums = [steps.affine[number] for number in uses.together(numbers[inputs])]
        for affinity in (*kernels.get((level[inputs], sums[0].weights[0]), ()), *sums):
            used.update(dict.fromkeys(affinity.weights))
        used.update(dict.fromkeys([a.shared for a in sums if a.shared is not None]))
    order = [x - start for x in used if start <= x < end]
    return list(dict.fromkeys([*order, *range(tape.parameters)]))


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


def _kernels(
    layers: Mapping[tuple[int, ...], list[Affinity]], level: Mapping[tuple[int, ...], int]
) -> dict[tuple[int, int], list[Affinity]]:
    """The sums of most terms by their level and each of their weights: at the edge of an image are parts of them.

    None where the sums of each level have as many terms.
    """
    if len({(level[inputs], len(inputs)) for inputs in layers}) == len(set(level.values())):
        return {}
    found: dict[tuple[int, int], list[Affinity]] = {}
    for inputs in sorted(layers, key=len, reverse=True):
        if len(inputs) > 2:
            for affinity in layers[inputs]:
                for weight in affinity.weights:
                    found.setdefault((level[inputs], weight), layers[inputs])
    return found


Use = tuple[object, ...]  # a row's name, what stands beside, and how its result is used; of each that uses a number


class Uses:
    """What is done with the results of sums: the gates of a recurrent cell are told apart by it, as are experts.

    It is read from the steps where it is first asked for, and kept as it was then.
    """

    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self.known: dict[tuple[int, int], tuple[Use, ...]] = {}

    def together(self, numbers: Sequence[int]) -> list[int]:
        """Some numbers in their order, but those of the same use one after the other."""
        alike: dict[tuple[Use, ...], list[int]] = {}
        for number in numbers:
            alike.setdefault(self.of(number), []).append(number)
        return [number for members in alike.values() for number in members]

    def are_one(self, numbers: Sequence[int]) -> bool:
        """Whether some numbers are all used alike."""
        return len(set(map(self.of, numbers))) == 1

    @cached_property
    def users(self) -> dict[int, list[int]]:
        """The steps that use each number; found where it is first asked for, as most programs do without."""
        args, affine, varies = self.steps.args, self.steps.affine, self.steps.varies
        users: dict[int, list[int]] = {}
        for number in self.steps.order:
            if varies[number]:  # as all that reads the result of a sum of products
                for x in args[number] + affine[number].varying if number in affine else args[number]:
                    if x in users:
                        users[x].append(number)
                    else:
                        users[x] = [number]
        return users

    def of(self, number: int, depth: int = DEPTH) -> tuple[Use, ...]:
        """How a number is used, the operations after each other `depth` deep."""
        key = number, depth
        if number in self.steps.tables:
            return ((self.steps.tables[number], (), ()),)
        if key not in self.known:
            found: set[Use] = set()
            for user in self.users.get(number, ())[:USERS]:
                xs = self.steps.args[user]
                beside = ["" if x == number else self._name(x) for x in xs] if len(xs) <= INPUTS else []
                if self.steps.ops[user] in (None, ADD, MUL):  # their inputs may stand in any order
                    beside.sort()
                found.add((self._name(user), tuple(beside), self.of(user, depth - 1) if depth else ()))
            self.known[key] = tuple(sorted(found))
        return self.known[key]

    def _name(self, number: int) -> str:
        op = self.steps.ops[number]
        return op.name if op else "sum" if number in self.steps.affine else "leaf"
