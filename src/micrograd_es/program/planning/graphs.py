"""Graphs: what every node takes from its neighbours, as one product with a matrix of constants.

Each node adds up those that it has an edge to, times constants or as they are, or takes their mean. Sums of each length
would be a block of their own, and those of a tree two that know nothing of each other: the nodes of every other depth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

from micrograd_es.ops import ADD, DIV, MUL
from micrograd_es.program.planning.affinities import Affinity, Steps
from micrograd_es.program.planning.gaps import DIFFERENT, is_worth_it
from micrograd_es.program.planning.levels import moved_up
from micrograd_es.program.planning.masks import Grid

KINDS = 2  # so many kinds of sums of constants are a graph, with weights by how many neighbours a node has; no filter
SHARED = 3  # half as many sums, on average, has each node a part in
LONG = 64  # terms of a sum that is read through the sums in it
FAR = 8  # steps back to what a number is computed of
ONE = -1  # stands for a weight of 1, as ~c does for 1/c

Weight = tuple[int, ...]  # constants that are added: nodes that have the same neighbours are one number
Source = tuple[object, ...]


class Row(NamedTuple):
    """What a node takes from others: the number of the sum, the inputs, each of them once, and a weight for each.

    `shared` is what is added to it, where there is something, and `level` where it is computed. A sum that is part of
    another number alone, which scales it or adds something, is a row under that number; `total` is its own.
    """

    number: int
    level: int
    inputs: tuple[int, ...]
    weights: tuple[Weight, ...]
    shared: int | None = None
    total: int | None = None

    @classmethod
    def of(cls, number: int, level: int, inputs: Iterable[int], weights: Iterable[int], shared: int | None) -> Row:
        """The row of a sum in which an input may stand several times."""
        found: dict[int, Weight] = {}
        for x, weight in zip(inputs, weights, strict=True):
            found[x] = (*found.get(x, ()), weight)
        return cls(number, level, tuple(found), tuple(found.values()), shared)


class Graphs(NamedTuple):
    """The sums of each graph in `rows`, and for every number an early level on which it can be."""

    rows: list[list[Row]]
    early: Sequence[int]

    @property
    def need_one(self) -> bool:
        """Whether there is a weight of 1."""
        return any(ONE in weight for rows in self.rows for row in rows for weight in row.weights)


def graphs(steps: Steps, grids: Container[int]) -> Graphs | None:
    """The sums of graphs, where there are any; those that are part of `grids` are none.

    Where the tape lacks the 1 that they need, there are no levels yet. Of the steps nothing is written.
    """
    parts = _parts(steps, grids)
    first = Graphs(_found(steps, parts, steps.level), ())
    if not first.rows or (first.need_one and steps.one is None):
        return first if first.rows else None
    early = _early(steps, parts)
    found = _found(steps, parts, early)
    return Graphs(found, early) if found else None


def _found(steps: Steps, parts: Mapping[int, Sequence[int]], level: Sequence[int]) -> list[list[Row]]:
    """The sums of each graph, where every number is on a level."""
    rows, alone = _rows(steps, parts, level)
    found = [part for some in rows.values() if len(some) >= DIFFERENT for part in _together(steps, _connected(some))]
    found = [part for part in found if _is_graph([*part, *_beside(part, alone)])]
    if not found:
        return []
    known = _known(steps, {row.total: row for row in chain.from_iterable(found) if row.total is not None})
    done: set[int] = set()
    for place, part in enumerate(found):
        part = [known.get(row.number, row) for row in part]
        found[place] = part + [row for row in _beside(part, alone, is_same=True) if row.number not in done]
        done.update([row.number for row in found[place]])
    return [part for part in found if _is_graph(part)]


def _parts(steps: Steps, grids: Container[int]) -> dict[int, list[int]]:
    """The terms of each sum of numbers that vary, through those sums in it that stand for others like them as well.

    Chains over several nodes may begin with the same terms.
    """
    merged, found = _merged(steps), dict[int, list[int]]()
    for number in sorted(steps.totals, key=steps.level.__getitem__) if merged else steps.totals:
        xs = steps.args[number]
        if steps.ops[number] is ADD and number not in grids and all(steps.varies[x] for x in xs):
            inputs = [x for part in [found[x] if x in merged and x in found else [x] for x in xs] for x in part]
            found[number] = inputs if len(inputs) <= max(LONG, len(xs)) else [*xs]
    return found


def _early(steps: Steps, parts: Mapping[int, Sequence[int]]) -> list[int]:
    """For each number an early level, with sums and what becomes part of them on the same."""
    level, varies = steps.level[:], steps.varies
    for number in steps.order:
        read = [x for x in parts.get(number) or steps.read(number) if varies[x] is varies[number]]
        is_part = len(read) == 1 and read[0] in parts and steps.ops[number] in (None, ADD, MUL, DIV)
        level[number] = max([level[x] for x in read], default=0) + (not is_part)
    return level


Alone = dict[tuple[int, int], list[Row]]


def _rows(steps: Steps, parts: Mapping[int, Sequence[int]], level: Sequence[int]) -> tuple[dict[int, list[Row]], Alone]:
    """Sums of constants times numbers, and of numbers as they are, by level; those of one number also by its place."""
    rows: dict[int, list[Row]] = {}
    alone: Alone = {}
    for number, affinity in steps.affine.items():
        if steps.varies[number] and _are_constant(steps, affinity.weights):
            row = Row.of(number, level[number], affinity.inputs, affinity.weights, affinity.shared)
            if len(row.inputs) > 1:
                rows.setdefault(row.level, []).append(row)
            elif row.shared is not None:
                alone.setdefault((row.level, row.inputs[0]), []).append(row)
    for number in steps.totals:
        xs = steps.args[number]
        if number in parts:
            inputs = sorted(parts[number])
            row = Row.of(number, 1 + max([level[x] for x in inputs]), inputs, [ONE] * len(inputs), None)
            if len(row.inputs) > 1:
                rows.setdefault(row.level, []).append(row._replace(total=number))
        elif len(xs) == 2 and steps.ops[number] is ADD and steps.varies[xs[0]] is not steps.varies[xs[1]]:
            x, shared = xs if steps.varies[xs[0]] else xs[::-1]
            alone.setdefault((level[number], x), []).append(Row.of(number, level[number], [x], [ONE], shared))
    return rows, alone


def _merged(steps: Steps) -> set[int]:
    """The sums of numbers that vary which stand for others like them as well."""
    found = set(steps.repeats.values())
    return {number for number in steps.totals if number in found and steps.varies[number]} if found else found


def _beside(rows: Sequence[Row], alone: Alone, is_same: bool = False) -> list[Row]:
    """The sums of a single one of the inputs; if asked for, those alone to which the same is added as to the others.

    Where each of the others has a bias of its own, so may these.
    """
    shared = {row.shared for row in rows}
    found = chain.from_iterable([alone.get((rows[0].level, x), ()) for x in sorted(_inputs(rows))])
    return [row for row in found if not is_same or row.shared in shared or len(shared) == len(rows)]


def _are_constant(steps: Steps, numbers: Iterable[int]) -> bool:
    """Whether numbers are constants, or computed from constants alone."""
    constants, args = steps.constants, steps.args
    return all(x in constants or (args[x] and all(y in constants for y in args[x])) for x in numbers)


def _connected(rows: Sequence[Row]) -> list[list[Row]]:
    """The sums that hang together by their inputs."""
    users: dict[int, list[Row]] = {}
    for row in rows:
        for x in row.inputs:
            users.setdefault(x, []).append(row)
    found: list[list[Row]] = []
    done: set[int] = set()
    for row in rows:
        waiting, part = [row], dict[int, Row]()
        while waiting:
            row = waiting.pop()
            if row.number not in done:
                done.add(row.number)
                part[row.number] = row
                for x in row.inputs:
                    waiting += users.pop(x, ())
        if part:
            found.append([part[number] for number in sorted(part)])
    return found


def _together(steps: Steps, parts: Sequence[list[Row]]) -> list[list[Row]]:
    """The parts of one graph together, where what they read comes from the same neuron of a layer; each is small."""
    if max(map(len, parts)) == 1:
        return []
    of: dict[Source | int, list[list[Row]]] = {}
    for place, part in enumerate(parts):
        of.setdefault(_one_source(steps, _inputs(part)) or place, []).append(part)
    found: list[list[Row]] = []
    for some in of.values():
        every = list(chain.from_iterable(some))
        found += [every] if _is_worth_it(every) else [part for part in some if _is_worth_it(part)]
    return found


def _one_source(steps: Steps, numbers: Iterable[int]) -> Source | None:
    """From which neuron of a layer all of some numbers are; None where they are from several, or none."""
    sources = (_source(steps, number) for number in numbers)
    first = next(sources)
    return first if first and all(source == first for source in sources) else None


def _source(steps: Steps, number: int) -> Source | None:
    """From which neuron of a layer a number is, and what has been done with it since; None where it is from none."""
    path: list[object] = []
    for _ in range(FAR):
        affinity = steps.affine.get(number)
        if affinity and not _are_constant(steps, affinity.weights):
            return *path, *sorted(affinity.weights)
        following = next((x for x in steps.args[number] if steps.varies[x]), None)
        if following is None:
            return None
        if not affinity and steps.ops[number] is not ADD:
            path.append(steps.ops[number])
        number = following
    return None


def _is_worth_it(rows: Sequence[Row]) -> bool:
    """Whether a table of all sums and inputs takes no more time than the sums do."""
    count, columns = sum([len(row.inputs) for row in rows]), len(_inputs(rows))
    shapes = len({len(row.inputs) for row in rows})
    if all(row.total is not None for row in rows):
        shapes = min(shapes, 2)  # as they are one of several lengths in NumPy
    return len(rows) >= DIFFERENT and is_worth_it(len(rows), columns, count, shapes)


def _inputs(rows: Iterable[Row]) -> set[int]:
    return set(chain.from_iterable([row.inputs for row in rows]))


def _is_graph(rows: Sequence[Row]) -> bool:
    """Whether sums are those of a graph: of several kinds or lengths, or half of all that there could be, but not all.

    A filter has the same weights all over an image, and some of these at its edges.
    """
    different = {tuple(sorted(row.weights)) for row in rows}
    count, columns = sum([len(row.inputs) for row in rows]), len(_inputs(rows))
    if 2 * count < SHARED * columns or count == len(rows) * columns:
        return False
    if len(rows) == columns and 2 * count >= columns * columns:
        return True
    are_ones = all(row.total is not None or row.weights == ((ONE,),) for row in rows)
    return len(set(map(len, different))) > 1 if are_ones else _are_kinds(different)


def _are_kinds(different: Collection[tuple[Any, ...]]) -> bool:
    """Whether weights are of several kinds: those of some sums are no part of others, as at the edge of an image.

    >>> _are_kinds({(1, 2, 3), (1, 2), (2, 3)}), _are_kinds({(1, 1, 2), (3, 3), (4, 4, 4)})
    (False, True)
    """
    counts = [Counter(weights) for weights in different]
    kinds = (some for some in counts if not any(some < other for other in counts))
    return len(list(islice(kinds, KINDS))) == KINDS


def as_products(steps: Steps, found: Graphs, grids: Mapping[int, Grid]) -> list[list[int]]:
    """Make the sums of graphs products; their numbers.

    Of the steps are written: their order and levels, and for these numbers operations, arguments, and `affine`.
    """
    gone: set[int] = set()
    for number, _, inputs, several, shared, total in chain.from_iterable(found.rows):
        known = steps.affine.get(number)
        weights = tuple([_weight(steps, weight) for weight in several])
        steps.ops[number], steps.args[number] = None, inputs
        steps.affine[number] = Affinity(weights, inputs, (), shared, known.varying if known else ())
        if total not in (None, number):
            gone.add(total)
    steps.order = _without(steps, gone)
    steps.affine = {number: steps.affine[number] for number in steps.order if number in steps.affine}
    made = [[row.number for row in rows if row.number in steps.affine] for rows in found.rows]
    beside = {number: members for members in made for number in members}
    beside.update({number: [x for row in grid.out for x in row] for number, grid in grids.items()})
    moved_up(steps, beside, [*found.early, *[0] * (len(steps.level) - len(found.early))])
    return [members for members in made if members]


def _without(steps: Steps, gone: set[int]) -> list[int]:
    """The order of the steps without some, and without the sums that nothing reads any more."""
    order, merged = [number for number in steps.order if number not in gone], _merged(steps)
    read = Counter(chain.from_iterable([steps.read(number) for number in order]) if merged else ())
    for number in reversed(order) if merged else ():
        if number in merged and not read[number] and number not in steps.outputs:
            gone.add(number)
            read.subtract(steps.read(number))
    return [number for number in order if number not in gone]


def _weight(steps: Steps, weight: Weight) -> int:
    """The number of a weight."""
    one = -1 if steps.one is None else steps.one
    found = [one if x == ONE else x if x >= 0 else steps.weight((), (~x,)) for x in weight]
    return found[0] if len(found) == 1 else steps.fixed(found)


def _known(steps: Steps, totals: dict[int, Row]) -> dict[int, Row]:
    """Sums as rows of the numbers that they are part of alone, where these scale them, or add what is shared."""
    known = [totals[number].inputs if number in totals else steps.read(number) for number in steps.order]
    read = Counter(chain.from_iterable(known))
    alone = {x for x in totals if read[x] == 1 and x not in steps.outputs}
    found: dict[int, Row] = {}
    for number in steps.order:
        xs, op = steps.args[number], steps.ops[number]
        varying = [x for x in xs if steps.varies[x]]
        if len(varying) != 1 or varying[0] not in alone:
            continue
        (total,), others, affinity = varying, [x for x in xs if x != varying[0]], steps.affine.get(number)
        row = totals[total]
        if affinity and not affinity.varying and _are_constant(steps, affinity.weights):
            found[total] = _scaled(row, affinity.weights[0])._replace(number=number, shared=affinity.shared)
        elif (op is MUL or (op is DIV and xs[0] == total)) and len(others) == 1 and _are_constant(steps, others):
            found[total] = _scaled(row, others[0] if op is MUL else ~others[0])._replace(number=number)
        elif op is ADD and len(others) == 1:
            found[total] = row._replace(number=number, shared=others[0])
    return found


def _scaled(row: Row, by: int) -> Row:
    """A sum of numbers as they are times a constant."""
    return row._replace(weights=tuple([(by,) * len(weight) for weight in row.weights]))
