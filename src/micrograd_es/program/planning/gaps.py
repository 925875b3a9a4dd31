"""Tables with gaps: sums that have nearly the same inputs, as a matrix of which some weights are missing.

Of which most are missing, where the sums are of many lengths: those of each length would be a product of their own, and
one more call takes as long as many weights do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import chain

FULL = 4  # at least this part of a table is there
COMMON = 4  # at least this part of the inputs of a sum are in those of longer ones
LONG = 3  # inputs of a sum that a table begins with
DIFFERENT = 3  # so many different inputs are a table; fewer are layers by themselves
MANY = 4  # products of different shapes; a band has fewer
GATHERED, CALL = 8, 1000  # places in a table that take as long as a weight that stands alone, and as one more product

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
    ordered = sorted([key for key in sums if len(set(key)) == len(key)], key=len, reverse=True)
    found = [keys for keys in _full(ordered, sums) if _have_common(keys) and _is_one(keys, sums, is_full)]
    left = set(ordered).difference(*found)
    if len(_shapes(left, sums)) < MANY:
        return found
    sparse = [keys for keys in _connected(ordered) if _is_sparse(keys, sums, left)]
    return [keys for keys in found if not any(keys[0] in some for some in map(set, sparse))] + sparse


def _full(ordered: Sequence[Inputs], sums: Mapping[Inputs, int]) -> list[list[Inputs]]:
    """The inputs of tables of which no sum leaves too much empty, from the longest sums to the shortest."""
    owner: dict[int, _Table] = {}
    made: list[_Table] = []
    for key in ordered:
        owners = Counter([owner[x] for x in key if x in owner])
        table, shared = owners.most_common(1)[0] if owners else (None, 0)
        if not table or COMMON * shared < len(key):
            if len(key) < LONG:
                continue
            made.append(table := _Table())
        table.add(key, sums[key])
        for x in key:
            owner.setdefault(x, table)
    return [table.keys for table in made if not table.open and len(table.keys) >= DIFFERENT]


def is_full(rows: int, columns: int, products: int) -> bool:
    """Whether enough of a table is there, if nothing else is known of it."""
    return FULL * products >= rows * columns


def _connected(ordered: Sequence[Inputs]) -> list[list[Inputs]]:
    """The inputs that hang together, as long ones share them; a short one is with the most that it shares one with.

    >>> _connected([(1, 2, 3), (3, 4, 5), (6, 7, 8), (4, 1), (5, 6)])
    [[(1, 2, 3), (3, 4, 5), (4, 1), (5, 6)], [(6, 7, 8)]]
    """
    own: dict[int, int] = {}
    keys: list[list[Inputs]] = []
    inputs: list[list[int]] = []
    for key in ordered:
        parts = sorted({own[x] for x in key if x in own}, key=lambda part: -len(inputs[part]))
        if len(key) < LONG:
            parts = parts[:1]
        elif not parts:
            parts = [len(keys)]
            keys.append([])
            inputs.append([])
        for part in parts[1:]:
            keys[parts[0]] += keys[part]
            inputs[parts[0]] += inputs[part]
            own.update(dict.fromkeys(inputs[part], parts[0]))
            keys[part], inputs[part] = [], []
        for part in parts[:1]:
            new = [x for x in key if x not in own]
            keys[part].append(key)
            inputs[part] += new
            own.update(dict.fromkeys(new, part))
    return [part for part in keys if part]


def _is_sparse(keys: Sequence[Inputs], sums: Mapping[Inputs, int], left: set[Inputs]) -> bool:
    """Whether a table of which little is there takes less time than a product for each shape of the sums `left`."""
    shapes = len(_shapes(left.intersection(keys), sums))
    return shapes >= MANY and _is_one(keys, sums, partial(is_worth_it, shapes=shapes))


def is_worth_it(rows: int, columns: int, products: int, shapes: int) -> bool:
    """Whether a table takes less time than a product for each shape of its sums."""
    return rows * columns <= GATHERED * products + CALL * (shapes - 1)


def _shapes(keys: Iterable[Inputs], sums: Mapping[Inputs, int]) -> set[tuple[int, int]]:
    """How many sums have the same inputs, and how many these are."""
    return {(sums[key], len(key)) for key in keys}


def _have_common(keys: Sequence[Inputs]) -> bool:
    """Whether at least half of the inputs of each sum are in others, too."""
    users = Counter(chain.from_iterable(keys))
    return all(2 * sum([users[x] > 1 for x in key]) >= len(key) for key in keys)


def _is_one(keys: Sequence[Inputs], sums: Mapping[Inputs, int], is_enough: Callable[[int, int, int], bool]) -> bool:
    """Whether enough of a table is there, and what is missing is all over it.

    Enough is there also without those inputs that the same sums have: these would be a layer by themselves, to which
    something is added.
    """
    users: dict[int, list[int]] = {}
    for place, key in enumerate(keys):
        for x in key:
            users.setdefault(x, []).append(place)
    counts = [sums[key] for key in keys]
    alike = Counter(map(tuple, users.values()))
    areas = {places: count * sum([counts[i] for i in places]) for places, count in alike.items()}
    layer = max(areas, key=areas.__getitem__)
    rows, products, rest = sum(counts), sum(areas.values()), len(users) - alike[layer]
    return rest > 0 and is_enough(rows, len(users), products) and is_enough(rows, rest, products - areas[layer])
