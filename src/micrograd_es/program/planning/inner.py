"""Products of two tables that are both computed, as attention has them: Σₖ qᵣₖ·kᵪₖ for every row r and column c.

Sums of products of two numbers that both vary are such a product where these are the rows of one table and the columns
of another, and every row meets every column. So are those of two numbers that both do not: a matrix of parameters that
is a product. What belongs to a row is found by its uses: its numbers stand in the same sums. A sum alone, as Σ x² is,
stays as it is. See `masks` for tables in which something is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from micrograd_es.ops import MUL
from micrograd_es.program.planning.affinities import Steps
from micrograd_es.program.planning.masks import FULL, FULL_IF_SHARED, NONE, Grid, joined

TINY, FEW = 4, 16  # products of a table, and such tables, up to which a block for them is no more than a formula
SMALL = 32  # the same of a table in which something is missing, beside such formulas

Pairs = Sequence[tuple[int, int]]  # the factors of the terms of a sum
Cells = dict[tuple[int, int], int]  # the sum of each row and column that meet


def grids(steps: Steps) -> dict[int, Grid]:
    """The products of two tables among steps, each by the number that stands for it; their sums are taken out.

    What a sum adds to its products is added later. Of the steps their order is written, the names of `tables`, and for
    the sums and what stands for a grid operations, arguments and levels.
    """
    levels: dict[int, list[Grid]] = {}
    shared: list[Grid] = []
    for (level, _, varies), sums in _alike(steps).items():
        if len(sums) > 1 and varies:
            some = _in(sums, FULL)  # turned, so that what is there of a row stands together
            levels.setdefault(level, []).extend([grid if grid.is_full else grid.turned for grid in some])
        elif len(sums) > 1:  # turned, as weights stand row by row
            shared += [grid.turned for grid in _in(sums, FULL_IF_SHARED)]
    found = [*shared, *[grid for some in levels.values() for grid in joined(some)]]
    return _take_out(steps, found) if found else {}


def together(found: Iterable[Grid], row: Sequence[int]) -> list[list[Grid]]:
    """Grids of the same shape together, each with its terms, rows and columns in the order of the rows of the plan."""
    alike: dict[tuple[int, int, int], list[Grid]] = {}
    for grid in found:
        shape = len(grid.left), len(grid.out), len(grid.out[0])
        alike.setdefault(shape, []).append(grid.in_order(row))
    return list(alike.values())


def _alike(steps: Steps) -> dict[tuple[int, int, bool], dict[int, Pairs]]:
    """The factors of sums that may be in one table: on the same level, and of as many products."""
    ops, args, varies, users = steps.ops, steps.args, steps.varies, steps.users
    found: dict[tuple[int, int, bool], dict[int, Pairs]] = {}
    made = len(users)  # from here on numbers are made, those that vary for one sum each
    for number in steps.totals:
        xs = args[number]
        if len(xs) == 2 and not ops[xs[0]] is ops[xs[1]] is MUL:  # as most sums of an irregular graph are
            continue
        terms = [
            x
            for x in xs
            if ops[x] is MUL
            and (users[x] == 1 if x < made else varies[x] or steps.reads_of_made[x] == 1)
            and len(args[x]) == 2
        ]
        if len(terms) < 2:
            continue
        own = varies[number]
        pairs = [(x, y) for x, y in [args[term] for term in terms] if varies[x] is own and varies[y] is own]
        if len(pairs) == len(terms):
            level = max([steps.level[term] for term in terms])
            found.setdefault((level, len(pairs), own), {})[number] = pairs
    return found


def _in(sums: Mapping[int, Pairs], full: int) -> list[Grid]:
    """The tables in sums of as many products: with the factors as they stand, or turned where that gives more.

    Of each at least the `full`-th part is there.
    """
    firsts = [x for pairs in sums.values() for x, _ in pairs]
    seconds = [y for pairs in sums.values() for _, y in pairs]
    if len({*firsts, *seconds}) == 2 * len(firsts):
        return []
    found = _tables(sums, full)
    if set(firsts).isdisjoint(seconds) or (len(found) == 1 and _size(found[0]) == len(sums)):
        return found
    turned = _tables(_turned(sums), full)
    return turned if _worth(turned) > _worth(found) else found


def _worth(found: Sequence[Grid]) -> tuple[int, int]:
    """How many sums are in tables, and of these rather few."""
    return sum(map(_size, found)), -len(found)


def _size(grid: Grid) -> int:
    return sum([number != NONE for row in grid.out for number in row])


def _lines(sums: Mapping[int, Iterable[int]]) -> dict[int, int]:
    """For each factor a number that it has in common with those in the same sums: that of a row or a column."""
    found: dict[int, list[int]] = {}
    for number, factors in sums.items():
        for x in factors:
            found.setdefault(x, []).append(number)
    known: dict[tuple[int, ...], int] = {}
    return {x: known.setdefault(tuple(members), len(known)) for x, members in found.items()}


def _tables(sums: Mapping[int, Pairs], full: int) -> list[Grid]:
    """The tables in sums, the first factors of whose products are in rows and the second ones in columns."""
    firsts = _lines({number: [x for x, _ in pairs] for number, pairs in sums.items()})
    seconds = _lines({number: [y for _, y in pairs] for number, pairs in sums.items()})
    rows: dict[int, dict[int, int]] = {}
    columns: dict[int, dict[int, int]] = {}
    for number, pairs in sums.items():
        xs, ys = map(set, zip(*pairs, strict=True))
        in_rows, in_columns = {firsts[x] for x in xs}, {seconds[y] for y in ys}
        if len(xs) == len(ys) == len(pairs) and len(in_rows) == len(in_columns) == 1:
            (row,), (column,) = in_rows, in_columns
            if column not in rows.setdefault(row, {}):
                rows[row][column] = columns.setdefault(column, {})[row] = number
    made = [_grid(cells, sums) for cells in _worth_it(_complete(rows, columns, full), sums)]
    return [grid for grid in made if grid]


def _worth_it(found: list[Cells], sums: Mapping[int, Pairs]) -> list[Cells]:
    """All but tables of two sums of two products, where there are many, or sums beside them that are in none.

    Beside such sums a table in which something is missing is none for a few more.
    """
    terms = len(next(iter(sums.values())))
    tiny = [cells for cells in found if len(cells) * terms <= TINY]
    alone = sum(map(len, found)) == len(sums)
    if len(tiny) <= FEW and alone:
        return found
    return [cells for cells in found if len(cells) * terms > (TINY if alone or _is_complete(cells) else SMALL)]


def _is_complete(cells: Cells) -> bool:
    """Whether every row meets every column."""
    rows, columns = map(set, zip(*cells, strict=True))
    return len(cells) == len(rows) * len(columns)


def _complete(rows: dict[int, dict[int, int]], columns: dict[int, dict[int, int]], full: int) -> list[Cells]:
    """Rows and columns enough of which meet each other; of others each row, or each column, by itself."""
    found: list[Cells] = []
    left = dict.fromkeys(rows)
    while left:
        mine, theirs = _together(next(iter(left)), rows, columns)
        for row in mine:
            del left[row]
        cells = {(row, column): number for row in mine for column, number in rows[row].items()}
        if full * len(cells) >= len(mine) * len(theirs):
            found.append(cells)
        else:
            by_row = [{(row, column): number for column, number in rows[row].items()} for row in mine]
            by_column = [{(row, column): number for row, number in columns[column].items()} for column in theirs]
            found += by_column if _is_turned(cells) else by_row
    return [cells for cells in found if len(cells) > 1]


def _together(
    start: int, rows: dict[int, dict[int, int]], columns: dict[int, dict[int, int]]
) -> tuple[dict[int, None], dict[int, None]]:
    """The rows and columns that meet a row, and those that meet these, and so on."""
    mine: dict[int, None] = {}
    theirs: dict[int, None] = {}
    waiting = [start]
    while waiting:
        row = waiting.pop()
        if row not in mine:
            mine[row] = None
            for column in rows[row]:
                if column not in theirs:
                    theirs[column] = None
                    waiting += columns[column]
    return mine, theirs


def _spans(some: Iterable[list[int]]) -> float:
    """How far sums are from each other that are in one row, or in one column, on average over the sums."""
    lines = list(some)
    return sum([max(line) - min(line) for line in lines]) / sum([len(line) - 1 for line in lines])


def _grid(cells: Cells, sums: Mapping[int, Pairs]) -> Grid | None:
    """The grid of rows and columns; None where the terms of its sums do not stand in one order.

    Rows and columns stand in the order in which their sums were written.
    """
    if _is_turned(cells):
        cells = {(column, row): number for (row, column), number in cells.items()}
        sums = {number: [(y, x) for x, y in sums[number]] for number in cells.values()}
    corner, first = min(cells.items(), key=lambda cell: cell[1])
    lines = _in_one_order(cells, sums, corner[0], [x for x, _ in sorted(sums[first])])
    if not lines:
        return None
    starts: tuple[dict[int, int], dict[int, int]] = {}, {}
    for cell, number in cells.items():
        for side, line in zip(starts, cell, strict=True):
            side[line] = min(side.get(line, number), number)
    rows, columns = (sorted(side, key=side.__getitem__) for side in starts)
    left = [list(term) for term in zip(*[lines[0][row] for row in rows], strict=True)]
    right = [list(term) for term in zip(*[lines[1][column] for column in columns], strict=True)]
    return Grid(left, right, [[cells.get((row, column), NONE) for column in columns] for row in rows])


def _is_turned(cells: Cells) -> bool:
    """Whether what was written together is in a column."""
    of_row: dict[int, list[int]] = {}
    of_column: dict[int, list[int]] = {}
    for (row, column), number in cells.items():
        of_row.setdefault(row, []).append(number)
        of_column.setdefault(column, []).append(number)
    if len(of_row) == 1 or len(of_column) == 1:
        return len(of_column) == 1
    return _spans(of_column.values()) < _spans(of_row.values())


def _in_one_order(
    cells: Cells, sums: Mapping[int, Pairs], start: int, order: list[int]
) -> tuple[dict[int, list[int]], dict[int, list[int]]] | None:
    """The numbers of each row and of each column, term by term, where those of one row are in an order; None if not."""
    of_row: dict[int, list[int]] = {}
    of_column: dict[int, list[int]] = {}
    for row, column in cells:
        of_row.setdefault(row, []).append(column)
        of_column.setdefault(column, []).append(row)
    left, right = {start: order}, dict[int, list[int]]()
    waiting = [start]
    for row in waiting:
        for column in of_row[row]:
            found = _in_order(sums[cells[row, column]], left[row])
            if right.setdefault(column, found) is not found:
                if right[column] != found:
                    return None
                continue
            for other in of_column[column]:
                if other not in left:
                    left[other] = _in_order([(y, x) for x, y in sums[cells[other, column]]], found)
                    waiting.append(other)
    return left, right


def _in_order(pairs: Pairs, order: Sequence[int]) -> list[int]:
    """What stands beside each of some numbers."""
    there = dict(pairs)
    return [there[x] for x in order]


def _turned(sums: Mapping[int, Pairs]) -> dict[int, Pairs]:
    """The sums with their factors turned so that what is in a row stands first, where that can be told."""
    lines = _lines({number: dict.fromkeys([x for pair in pairs for x in pair]) for number, pairs in sums.items()})
    beside: dict[int, dict[int, None]] = {}
    for pairs in sums.values():
        one, other = [lines[x] for x in pairs[0]]
        beside.setdefault(one, {})[other] = None
        beside.setdefault(other, {})[one] = None
    side: dict[int, bool] = {}
    for start in beside:
        waiting = [(start, True)]
        while waiting:
            line, is_row = waiting.pop()
            if line not in side:
                side[line] = is_row
                waiting += [(other, not is_row) for other in beside[line]]
    return {
        number: [(x, y) if side.get(lines[x], True) else (y, x) for x, y in pairs] for number, pairs in sums.items()
    }


def _take_out(steps: Steps, found: Sequence[Grid]) -> dict[int, Grid]:
    """Take the sums of grids out of the steps, and their products; what stands for a grid has all factors as inputs.

    The order of the steps is then that of their levels.
    """
    ops, args, level = steps.ops, steps.args, steps.level
    gone: set[int] = set()
    made: dict[int, Grid] = {}
    for grid in found:
        varies = steps.varies[grid.right[0][0]]
        out = [[_alone(steps, x, gone) if x != NONE else steps.new(varies) for x in row] for row in grid.out]
        here = max([level[x] for x in grid.factors]) + 1
        for number in [number for row in out for number in row]:
            ops[number], level[number] = None, here
            gone.add(number)
        first = out[0][0]
        args[first] = grid.factors
        pairs = [pair for rows in zip(out, grid.out, strict=True) for pair in zip(*rows, strict=True)]
        made[first] = grid._replace(out=out, unread=frozenset([number for number, x in pairs if x == NONE]))
        for side, table in (("left", grid.left), ("right", grid.right)):
            for x in (x for term in table for x in term if x != NONE):
                steps.tables.setdefault(x, f"{side} {len(made)}")
    steps.order = [number for number in steps.order if number not in gone] + list(made)
    steps.order.sort(key=level.__getitem__)
    return made


def _alone(steps: Steps, number: int, gone: set[int]) -> int:
    """The number of the products of a sum alone, which are gone; what is added to them is added later."""
    args = steps.args
    products = [x for x in args[number] if _is_product(steps, x)]
    gone.update(products)
    if len(products) == len(args[number]):
        return number
    alone = steps.new(steps.varies[number])
    rest = [x for x in args[number] if not _is_product(steps, x)]
    args[number] = (alone, *rest)
    return alone


def _is_product(steps: Steps, number: int) -> bool:
    """Whether a term of a sum is a product of two numbers that only this sum uses; those made late are for one."""
    if steps.ops[number] is not MUL or len(steps.args[number]) != 2:
        return False
    users, varies = steps.users, steps.varies
    return users[number] == 1 if number < len(users) else varies[number] or steps.reads_of_made[number] == 1
