"""The kernels that a program calls, by number, and those that this process has in memory."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from micrograd_es import ops
from micrograd_es.ops import Op
from micrograd_es.program.compiled import lanes, machine

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
            kernels = [_kernel(write, *how) for write, *how in new]
            places = dict(zip(dict(kernels), machine.loaded(dict(kernels)), strict=True))  # rows may have the same text
            _LOADED.update({key: places[told] for key, (told, _) in zip(new, kernels, strict=True)})
        return [_LOADED[key][0] for key in keys]


def _kernel(write: Callable[..., str], real: str, *how: Any) -> tuple[str, Callable[[], str]]:
    """A text that tells a kernel from all others, and what writes its own; for an operation of the user they are one.

    What the package itself has is known by its name, so that what is kept on the disk need not be written again.
    """
    rows = [x for x in how if isinstance(x, Op)]
    if any(rule.__module__ != ops.__name__ for row in rows for rule in (row.forward, row.local)):
        text = write(real, *how)
        return text, lambda: text
    vectors = [lanes.of_vectors(name, real, 2 if name == "pow" else 1) for name in sorted(machine.VECTORISED)]
    told = f"{_sources()} {machine.vector_bytes()} {vectors} {write.__module__} {write.__name__} {real} {how}"
    return told, partial(write, real, *how)


@cache
def _sources() -> str:
    """What tells this version of all that writes kernels from others."""
    files = [Path(str(ops.__file__)), *sorted(Path(__file__).parent.glob("*.py"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


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
