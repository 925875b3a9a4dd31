"""Files that are whole or not there: written under a temporary name in the same folder, then renamed."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def as_path(path: Any) -> Path:
    """The path of a file. Raises TypeError for what is no text and no path, ValueError for what no file is called.

    >>> as_path(None)
    Traceback (most recent call last):
        ...
    TypeError: the path is None (NoneType); expected the name of a file, as text or a Path. Write 'figure.svg'.
    """
    if not isinstance(path, str) and not (isinstance(path, os.PathLike) and isinstance(os.fspath(path), str)):
        raise TypeError(
            f"the path is {path!r} ({type(path).__name__}); expected the name of a file, as text or a Path."
            " Write 'figure.svg'."
        )
    if "\0" in os.fspath(path):
        raise ValueError(f"the path is {str(path)!r}, with a character 0 in it; expected a name without it.")
    return Path(path)


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Write all the files or none of them; a file that is there already is replaced as a whole.

    Raises FileNotFoundError for a folder that does not exist, and OSError, naming the file, where it cannot be written
    (a full disk, no permission).
    """
    waiting: dict[Path, Path] = {}  # the temporary file of each
    try:
        for path, data in contents.items():
            waiting[path] = _written(path, data)
        for path in list(waiting):
            waiting[path].replace(path)
            del waiting[path]
    finally:
        for temporary in waiting.values():
            temporary.unlink(missing_ok=True)


def _written(path: Path, data: bytes) -> Path:
    """A temporary file beside `path` that holds the data."""
    folder = path.parent
    if not path.name:
        raise IsADirectoryError(
            f"the path is {str(path)!r}, or empty; expected that of a file. Write a name, such as 'name.json'."
        )
    if not folder.is_dir():
        raise FileNotFoundError(f"cannot write {path}: there is no folder {folder}. Make it first: mkdir -p {folder}")
    if path.is_dir():
        raise IsADirectoryError(
            f"cannot write {path}: it is a folder. Write the name of a file: {path / f'f{path.suffix}'}"
        )
    temporary = None
    try:
        handle, name = tempfile.mkstemp(prefix=".micrograd_es-", dir=folder)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        temporary.chmod(0o666 & ~_umask())  # mkstemp's own is for the owner alone
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()
        raise type(error)(error.errno, f"cannot write {path}: {error.strerror or error}") from None
    return temporary


def _umask() -> int:
    """The process's mask for new files; reading it takes setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
