"""Machine code kept on the disk, so that a machine compiles a kernel once.

Kernels that were compiled together are one file, which stands there once for each of them, under its key: as links
where the disk has them. A file has first the digest of all that follows, then the kernels' keys in their order, then
the code.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

DIGEST = 32  # bytes; a key has as many, written with twice as many letters


class Code(NamedTuple):
    """The machine code of some kernels: what each is called there, by its key."""

    names: dict[str, str]
    code: bytes


def names_of(keys: Sequence[str]) -> dict[str, str]:
    """What kernels that are compiled together are called: no other file has such names, whatever is compiled there."""
    together = hashlib.sha256("".join(keys).encode()).hexdigest()
    return {key: f"kernel_{together}_{place}" for place, key in enumerate(keys)}


def folder() -> Path:
    """Where compiled kernels are kept: MICROGRAD_ES_CACHE, or micrograd_es in the user's folder for such files."""
    given = os.environ.get("MICROGRAD_ES_CACHE")
    return Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "micrograd_es"


def found(keys: Iterable[str]) -> dict[str, Code]:
    """The code of those of the kernels that have a file which is whole and theirs; one file is read once."""
    try:
        place = folder()
    except RuntimeError:  # the user has no home
        return {}
    known: dict[bytes, Code | None] = {}
    kept: dict[str, Code] = {}
    for key in keys:
        with suppress(OSError), (place / f"{key}.o").open("rb") as file:
            digest = file.read(DIGEST)
            if digest not in known:
                known[digest] = _read(digest, file.read())
            code = known[digest]
            if code and key in code.names:
                kept[key] = code
    return kept


def keep(code: Code) -> None:
    """Write the code to the files of all its kernels, where that is possible: else it is compiled again next time.

    A file is never seen half written, whoever else writes it at the same time.
    """
    data = len(code.names).to_bytes(4, "little") + bytes.fromhex("".join(code.names)) + code.code
    with suppress(OSError, RuntimeError):
        place = folder()
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place) as beside:
            first = Path(beside, "code")
            first.write_bytes(hashlib.sha256(data).digest() + data)
            for key in code.names:
                with suppress(OSError):  # one file that cannot be replaced does not keep the others from being written
                    _link(first, Path(beside, key)).replace(place / f"{key}.o")


def _link(first: Path, other: Path) -> Path:
    """The same file under another name; a copy on a disk without links."""
    try:
        os.link(first, other)
    except OSError:
        other.write_bytes(first.read_bytes())
    return other


def _read(digest: bytes, data: bytes) -> Code | None:
    """The code in a file; None where it is damaged."""
    if hashlib.sha256(data).digest() != digest:
        return None
    end = 4 + DIGEST * int.from_bytes(data[:4], "little")
    keys = [data[start : start + DIGEST].hex() for start in range(4, end, DIGEST)]
    return Code(names_of(keys), data[end:])
