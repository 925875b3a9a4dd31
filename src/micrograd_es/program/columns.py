"""Copying a batch to where its examples are columns.

A number of each example after that of another is read from rows that are as far apart as an example is long. Where that
is a multiple of 1,024 bytes, as for 256 inputs, the processor keeps few of these rows at hand, and reads each of them
again for every number: then some examples are copied after the others, in up to a quarter of the time.
"""

from __future__ import annotations

from math import gcd
from typing import Any

from micrograd_es.program.arrays import Array

PAGE, WAYS = 4096, 8  # bytes after which rows share their place at hand, and how many share it
FAR = 1024  # bytes, from which on what two rows have in common is looked at


class Parts:
    """Some columns after the others, to be set like an array."""

    def __init__(self, place: Array, length: int) -> None:
        stretches = [slice(start, start + length) for start in range(0, len(place), length)]
        self.parts = [(place[some], some) for some in stretches]

    def __setitem__(self, _: Any, given: Array) -> None:
        for place, some in self.parts:
            place[...] = given[some]


def in_parts(place: Array) -> Any:
    """A view of a batch for what is to be copied there: itself, or of some examples after the others.

    >>> import numpy as np
    >>> place = in_parts(np.zeros((256, 100)).T)
    >>> [some.start for _, some in place.parts]
    [0, 16, 32, 48, 64, 80, 96]
    """
    common = gcd(place[0].nbytes, PAGE) if place.ndim > 1 and len(place) else 1
    length = WAYS * PAGE // common
    if common < FAR or place.strides[0] != place.itemsize or length >= len(place):
        return place
    return Parts(place, length)
