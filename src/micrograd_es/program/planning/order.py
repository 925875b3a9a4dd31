"""The order of parameters, in which the weights of a product stand together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from micrograd_es.ops import ADD, LSE, MUL
from micrograd_es.program.planning.affinities import Affinity, Steps
from micrograd_es.program.planning.gaps import Inputs
from micrograd_es.program.planning.weights import parameters_behind
from micrograd_es.program.tape import Tape

DEPTH, USERS, INPUTS = 2, 4, 8  # how many steps after a sum are looked at, and of how many users and inputs
FAR = 8  # steps from what a sum reads back to the sum it is computed of

Layers = dict[Inputs, list[int]]  # the sums by their inputs


def parameter_order(tape: Tape, steps: Steps, uses: Uses, inputs_of: Mapping[int, Inputs]) -> list[int]:
    """The parameters in the order in which sums use them, so that the weights of a dense block stand together.

    `inputs_of` are those of the whole block, of sums that have only some of them. Of the steps nothing is written.
    """
    start, end, affine = tape.inputs, tape.first_constant, steps.affine
    layers: Layers = {}
    level: dict[Inputs, int] = {}
    for number, affinity in affine.items():
        inputs = inputs_of.get(number, affinity.inputs)
        layers.setdefault(inputs, []).append(number)
        level[inputs] = steps.level[number]
    used: dict[int, None] = {}
    places = _Places(steps, used)
    kernels = _kernels(affine, layers, level)
    for inputs, sums in layers.items():
        kernel = kernels.get((level[inputs], affine[sums[0]].weights[0]), sums)
        own = places.in_order(sums, uses) if len(sums) > 1 else sums
        for affinity in [affine[number] for number in (own if kernel is sums else (*kernel, *own))]:
            used.update(dict.fromkeys(places.weights(affinity) if places.turned else affinity.weights))
        shared = [affine[number].shared for number in own]
        used.update(dict.fromkeys([x for x in shared if x is not None]))
    order = [x - start for x in parameters_behind(steps, used) if start <= x < end]
    return list(dict.fromkeys([*order, *range(tape.parameters)]))


class _Places:
    """Where numbers stand that are in another order than that in which they were met.

    A cell of a recurrence has the neurons of its first step in their order, in whichever each step adds its terms, and
    what reads its last state has its weights in that order. `used` are the weights in their order.
    """

    def __init__(self, steps: Steps, used: Mapping[int, None]) -> None:
        self.steps, self.used = steps, used
        self.turned: dict[int, int] = {}  # for such a number the one in whose place it is
        self.rank: dict[int, int] = {}  # of each weight, as last asked for

    def in_order(self, sums: list[int], uses: Uses) -> list[int]:
        """Sums with the same inputs, those of one use after each other; where all weights are known, as they are."""
        if all(self.used.keys() >= set(self.steps.affine[number].weights) for number in sums):
            self._note(sums)
            return sums
        return self._as_added(uses.together(sums) if len(sums) > 2 else sums)

    def _note(self, sums: list[int]) -> None:
        """Note the places of sums of which all weights are known, in the order of their first ones."""
        if len(self.rank) < len(self.used):
            self.rank = {w: place for place, w in enumerate(self.used)}
        rank, affine = self.rank, self.steps.affine
        self._put(sums, sorted(sums, key=lambda number: min([rank[w] for w in affine[number].weights])))

    def _put(self, sums: list[int], ordered: list[int]) -> None:
        if sums != ordered:
            self.turned.update(zip(ordered, sorted(sums), strict=True))

    def _as_added(self, sums: list[int]) -> list[int]:
        """Sums to each of which one number is added, as a skip connection does, in the order of these."""
        affine = self.steps.affine
        if any(len(affine[number].varying) != 1 for number in sums):
            return sums
        found = sorted(sums, key=lambda number: self._of(affine[number].varying[0]))
        self._put(sums, found)
        return found

    def weights(self, affinity: Affinity) -> Sequence[int]:
        """The weights of a sum in the order of the places of its inputs."""
        weights, inputs = affinity.weights, affinity.inputs
        at = [self._of(x) for x in inputs]
        some = [i for i, x in enumerate(inputs) if at[i] != x]
        found = list(range(len(weights)))
        for i, j in zip(some, sorted(some, key=at.__getitem__), strict=True):
            found[i] = j
        return [weights[i] for i in found]

    def _of(self, number: int) -> int:
        """In whose place a number is, or the latest that it is computed of; itself where that is not known."""
        level, varies = self.steps.level, self.steps.varies
        x: int | None = number
        for _ in range(FAR):
            if x is None or x in self.turned:
                break
            x = max([y for y in self.steps.args[x] if varies[y]], key=level.__getitem__, default=None)
        return number if x is None else self.turned.get(x, number)


def _kernels(
    affine: Mapping[int, Affinity], layers: Layers, level: Mapping[Inputs, int]
) -> dict[tuple[int, int], list[int]]:
    """The sums of most terms by their level and each of their weights: at the edge of an image are parts of them.

    None where the sums of each level have as many terms.
    """
    if len({(level[inputs], len(inputs)) for inputs in layers}) == len(set(level.values())):
        return {}
    found: dict[tuple[int, int], list[int]] = {}
    for inputs in sorted(layers, key=len, reverse=True):
        if len(inputs) > 2:
            for number in layers[inputs]:
                for weight in affine[number].weights:
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
        read, varies = self.steps.read, self.steps.varies
        users: dict[int, list[int]] = {}
        for number in self.steps.order:
            if varies[number]:  # as all that reads the result of a sum of products
                for x in read(number):
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
            users = self.users.get(number, [])
            if len(users) > USERS:  # one of each kind, whichever is met first
                last = users[::-1]
                users = [*dict(zip(map(self.steps.ops.__getitem__, last), last, strict=True)).values(), *users]
            for user in users[:USERS]:
                xs = self.steps.args[user]
                beside = ["" if x == number else self._name(x) for x in xs] if len(xs) <= INPUTS else []
                if self.steps.ops[user] in (None, ADD, MUL, LSE):  # their inputs may stand in any order
                    beside.sort()
                found.add((self._name(user), tuple(beside), self.of(user, depth - 1) if depth else ()))
            self.known[key] = tuple(sorted(found))
        return self.known[key]

    def _name(self, number: int) -> str:
        op = self.steps.ops[number]
        return op.name if op else "sum" if number in self.steps.affine else "leaf"
