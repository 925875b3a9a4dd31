"""Tables in which something is missing: what a causal mask leaves of scores, and of the shares that weigh the values;
the entries of a matrix that are known, where it is to be factorised.

Sums that are not there are computed as well, and nothing reads them; terms that are not there are 0. Both cost less
than a product for every row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

FULL = 2  # at least this part of a table is there
FULL_IF_SHARED = 32  # the same of one that all examples share: it is one product of matrices, and not one an example
NONE = -1  # stands for a number that is not there


class Grid(NamedTuple):
    """A product of two tables: for each term its number in every row, and in every column; the sums, row by row.

    NONE stands for a sum that is not there, and in the left table for a number that is not. Sums that are not there get
    numbers, which are `unread`.
    """

    left: list[list[int]]
    right: list[list[int]]
    out: list[list[int]]
    unread: frozenset[int] = frozenset()

    @property
    def is_full(self) -> bool:
        """Whether all sums are there."""
        return not any(NONE in row for row in self.out)

    @property
    def turned(self) -> Grid:
        """With rows for columns."""
        return Grid(self.right, self.left, [list(column) for column in zip(*self.out, strict=True)])

    @property
    def factors(self) -> tuple[int, ...]:
        """All numbers of both tables."""
        return tuple([x for term in (*self.left, *self.right) for x in term if x != NONE])

    def in_order(self, row: Sequence[int]) -> Grid:
        """With terms, rows and columns in the order of the rows that their first numbers have."""
        left, right, out, _ = self
        firsts = (
            [next(x for x in term if x != NONE) for term in left],
            [next(x for x in r if x != NONE) for r in zip(*left, strict=True)],
        )
        terms, rows, columns = (sorted(range(len(some)), key=lambda i: row[some[i]]) for some in (*firsts, right[0]))
        return self._replace(
            left=[[left[k][i] for i in rows] for k in terms],
            right=[[right[k][j] for j in columns] for k in terms],
            out=[[out[i][j] for j in columns] for i in rows],
        )


def joined(found: Sequence[Grid]) -> list[Grid]:
    """The grids of one level, those of single rows as one where they read the same table, or its first terms.

    >>> one = Grid([[1], [2]], [[5, 6], [7, 8]], [[10, 11]])
    >>> other = Grid([[3], [4], [9]], [[5, 6], [7, 8], [0, 0]], [[12, 13]])
    >>> joined([one, other])[0].left
    [[1, 3], [2, 4], [-1, 9]]
    """
    made = [grid for grid in found if len(grid.out) > 1]
    groups: list[list[Grid]] = []  # those that read the same terms, the longest first
    hosts: dict[tuple[int, ...], list[Grid]] = {}  # of each term the group that has it first
    for grid in sorted([grid for grid in found if len(grid.out) == 1], key=lambda grid: -len(grid.left)):
        read = [tuple(term) for term in grid.right]
        alike = hosts.get(read[0], [])
        if not alike or any(hosts.get(term) is not alike for term in read):
            alike = []
            groups.append(alike)
            for term in read:
                hosts.setdefault(term, alike)
        alike.append(grid)
    for alike in groups:
        terms = len(alike[0].left)
        if len(alike) > 1 and FULL * sum([len(grid.left) for grid in alike]) >= len(alike) * terms:
            made.append(_stacked(sorted(alike, key=lambda grid: grid.out)))
        else:
            made += alike
    return made


def _stacked(grids: Sequence[Grid]) -> Grid:
    """Single rows as one grid of all terms."""
    right = max([grid.right for grid in grids], key=len)
    terms = {tuple(term): k for k, term in enumerate(right)}
    left = [[NONE] * len(grids) for _ in terms]
    for i, grid in enumerate(grids):
        for (number,), term in zip(grid.left, grid.right, strict=True):
            left[terms[tuple(term)]][i] = number
    return Grid(left, right, [grid.out[0] for grid in grids])
