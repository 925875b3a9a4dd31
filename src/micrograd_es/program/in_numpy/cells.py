"""The cells of a runner's arrays: the addresses of its numbers, what they are called, and where code finds them."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable
from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from micrograd_es.program.arrays import Array


class Area(NamedTuple):
    """An array that others are views of: where it is, its name, its numbers one after the other, and its columns."""

    start: int
    name: str
    numbers: Array
    columns: int
    is_fixed: bool


class Cells:
    """The cells of arrays that have a name, and of rooms beside them, which get one when they are met.

    `fixed` are arrays whose numbers never change: their cells are these numbers. `known` has the numbers of each area
    by its name, as code asks for them.

    >>> values = np.array([[3.0], [4.0], [5.0]])
    >>> cells = Cells([("v", values)], [])
    >>> [first, second] = cells.at(values[1:]).ravel().tolist()
    >>> cells.name(second), cells.place(second), second - first
    ('v2', 'v[2]', 8)
    """

    def __init__(self, named: Iterable[tuple[str, Array]], fixed: Iterable[Array]) -> None:
        self.areas: list[Area] = []
        self.starts: list[int] = []
        self.known: dict[str, Any] = {}
        self.met: dict[int, Array] = {}  # all of them are kept, as another could get the id of one
        self.owners: set[int] = set()
        self.made: dict[int, Any] = {}
        self.lists: dict[int, list[int]] = {}
        self.numbers: dict[int, float] = {}
        for name, array in named:
            if array.size:
                self._add(name, array)
        for array in fixed:
            self.numbers.update(zip(self.at(array).ravel().tolist(), array.ravel().tolist(), strict=True))

    def at(self, x: Array) -> Any:
        """The cells of an array, in its shape."""
        found = self.made.get(id(x))
        if found is None:
            found = self.made[id(x)] = self._found(x)
        return found

    def listed(self, x: Array) -> list[int]:
        """The cells of an array, one after the other."""
        found = self.lists.get(id(x))
        if found is None:
            found = [self._start(x)] if x.size == 1 else self.at(x).ravel().tolist()
            self.lists[id(x)] = found
        return found

    def _start(self, x: Array) -> int:
        """The first cell of an array, whose area is known from now on."""
        owner = self.met[id(x)] = x
        while getattr(owner, "base", None) is not None:
            owner = owner.base  # type: ignore[assignment]
        if id(owner) not in self.owners:
            self.owners.add(id(owner))
            if self._area(address(owner)) is None:
                self._add(f"r{len(self.areas)}", owner)
        return address(x)

    def _found(self, x: Array) -> Any:
        """The cells of an array, from where it begins and how far its numbers are from each other."""
        if not x.size:
            return np.empty(x.shape, int)
        start = self._start(x)
        if x.flags.c_contiguous:
            return np.arange(start, start + x.nbytes, x.itemsize).reshape(x.shape)
        cells = np.array(start)
        for count, step in zip(x.shape, x.strides, strict=True):
            cells = np.add.outer(cells, np.arange(count) * step)
        return cells

    def _add(self, name: str, owner: Array) -> None:
        """Note an area, under its name."""
        columns = owner.shape[1] if owner.ndim == 2 else 1
        area = Area(address(owner), name, owner.reshape(-1), columns, not owner.ndim)
        place = bisect(self.starts, area.start)
        self.starts.insert(place, area.start)
        self.areas.insert(place, area)
        self.known[name] = area.numbers.data

    def _area(self, cell: int) -> Area | None:
        """The area that a cell is in."""
        place = bisect(self.starts, cell)
        area = self.areas[place - 1] if place else None
        return area if area and cell < area.start + area.numbers.nbytes else None

    def _placed(self, cell: int) -> tuple[Area, int]:
        area = self._area(cell)
        assert area is not None
        return area, (cell - area.start) // area.numbers.itemsize

    def form(self, cell: int) -> float | str:
        """The number of a cell that never changes, or the name of another."""
        area, place = self._placed(cell)
        number = area.numbers.item(place) if area.is_fixed else self.numbers.get(cell)
        return self.name(cell) if number is None or not isfinite(number) else number

    def name(self, cell: int) -> str:
        """What a cell is called, as a variable."""
        area, place = self._placed(cell)
        row, column = divmod(place, area.columns)
        name = f"{area.name}_{row}" if area.name[-1].isdigit() else f"{area.name}{row}"
        return name if area.columns == 1 else f"{name}_{column}"

    def place(self, cell: int) -> str:
        """Where code finds the number of a cell."""
        area, place = self._placed(cell)
        return f"{area.name}[{place}]"


def address(x: Array) -> int:
    """Where an array begins."""
    return int(x.__array_interface__["data"][0])
