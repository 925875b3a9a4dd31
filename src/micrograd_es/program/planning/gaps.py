"""Tables with gaps: sums that have nearly the same inputs, as a matrix of which some weights are missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

FULL = 4  # at least this part of a table is there
COMMON = 4  # at least this part of the inputs of a sum are in those of longer ones
LONG = 3  # inputs of a sum that a table begins with
DIFFERENT = 3  # so many different inputs are a table; fewer are layers by themselves

Inputs = tuple[int, ...]


class _Table:
    """Some inputs, how many sums have them, how many products these are, and the inputs of all of them.

    It is `open` where a sum that has much in common with it would leave too much of it empty: a band is no table. All
    that has much in common with that sum is part of the band.
    """

    def __init__(self) -> None:
        self.keys: list[Inputs] = []
        self.rows = self.products = 0
        self.inputs: set[int] = set()
        self.open = False

    def add(self, key: Inputs, count: int) -> None:
        """Add inputs that so many sums have."""
        self.keys.append(key)
        self.rows += count
        self.products += count * len(key)
        self.inputs.update(key)
        self.open = self.open or FULL * self.products < self.rows * len(self.inputs)


def tables(sums: Mapping[Inputs, int]) -> list[list[Inputs]]:
    """The inputs of which enough are the same, those of each table together, by how many sums have them.

    >>> tables({(1, 2, 3): 1, (1, 2, 4): 1, (1, 3, 4): 1, (2, 3, 4): 2, (6, 7): 1})
    [[(1, 2, 3), (1, 2, 4), (1, 3, 4), (2, 3, 4)]]
    """
    if sum([len(key) >= LONG for key in sums]) < DIFFERENT:
        return []
    owner: dict[int, _Table] = {}
    made: list[_Table] = []
    for key in sorted([key for key in sums if len(set(key)) == len(key)], key=len, reverse=True):
        owners = Counter([owner[x] for x in key if x in owner])
        table, shared = owners.most_common(1)[0] if owners else (None, 0)
        if not table or COMMON * shared < len(key):
            if len(key) < LONG:
                continue
            made.append(table := _Table())
        table.add(key, sums[key])
        for x in key:
            owner.setdefault(x, table)
    closed = [table.keys for table in made if not table.open and len(table.keys) >= DIFFERENT]
    return [keys for keys in closed if _is_one(keys, sums)]


def _is_one(keys: Sequence[Inputs], sums: Mapping[Inputs, int]) -> bool:
    """Whether inputs are a table: each of them has most in common with others, and what is missing is all over it.

    What it has without those inputs that the same sums have is full enough: these would be a layer by themselves, to
    which something is added.
    """
    users: dict[int, list[int]] = {}
    for place, key in enumerate(keys):
        for x in key:
            users.setdefault(x, []).append(place)
    if any(2 * sum([len(users[x]) > 1 for x in key]) < len(key) for key in keys):
        return False
    counts = [sums[key] for key in keys]
    alike = Counter(map(tuple, users.values()))
    areas = {places: count * sum([counts[i] for i in places]) for places, count in alike.items()}
    layer = max(areas, key=areas.__getitem__)
    products, rest = sum(areas.values()) - areas[layer], len(users) - alike[layer]
    return rest > 0 and FULL * products >= sum(counts) * rest
