"""The kernels that a program calls, by number, and those that this process has in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from micrograd_es.program.compiled import machine

Key = tuple[Any, ...]  # the function that writes the kernel, the type of its numbers, and what else it is told

_LOADED: dict[Key, tuple[int, Any]] = {}  # the address, and what keeps the code in memory
_LOCK = threading.Lock()


def addresses(keys: Sequence[Key]) -> list[int]:
    """The addresses of kernels; those that the process has not yet are loaded, and compiled where they have to be.

    Raises NotCompilableError for the row of an operation that is no arithmetic.
    """
    with _LOCK:
        new = [key for key in dict.fromkeys(keys) if key not in _LOADED]
        if new:
            found, owner = machine.loaded([write(*how) for write, *how in new])
            _LOADED.update({key: (address, owner) for key, address in zip(new, found, strict=True)})
        return [_LOADED[key][0] for key in keys]


class Book:
    """The kernels of a program; an instruction names its kernel by the number that it has here."""

    def __init__(self, real: str) -> None:
        self.real = real
        self.numbers: dict[Key, int] = {}

    def number(self, write: Callable[..., str], *how: Any) -> int:
        """The number of a kernel."""
        return self.numbers.setdefault((write, self.real, *how), len(self.numbers))

    def step(self, write: Callable[..., str], *arguments: int) -> list[int]:
        """An instruction for a kernel that is told nothing but the type of its numbers."""
        return [self.number(write), 2 + len(arguments), *arguments]

    def addresses(self) -> list[int]:
        """The addresses of the kernels, in the order of their numbers."""
        return addresses(list(self.numbers))
