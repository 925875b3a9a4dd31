"""What the command line says, and where: results on stdout, everything else on stderr.

Either stream may be closed, may be a pipe that nobody reads any more, or may lack the characters of mathematics.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TextIO

PATIENCE = 1.0  # seconds of work before its progress is shown
PLAIN = {"−": "-", "—": "-", "–": "-", "∂": "d", "×": "*", "·": "*", "÷": "/", "…": "...", "√": "sqrt", "²": "^2"}


def say(text: str, end: str = "\n") -> None:
    """Print a result; signs that the terminal cannot show become plain ones."""
    _write(_stdout(), text + end)


def say_bytes(data: bytes) -> None:
    """Write a file to stdout."""
    out = _stdout()
    out.flush()
    out.buffer.write(data)


def complain(text: str) -> None:
    """Print a message, which is no result."""
    if sys.stderr is not None:
        with suppress(OSError):
            _write(sys.stderr, f"micrograd-es: {text}\n")


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person looks at it."""
    return stream is not None and not stream.closed and stream.isatty()


def flush() -> None:
    """Send what is left, so that an error in it (a full disk) is one of the program's."""
    if sys.stdout is not None:
        sys.stdout.flush()


def settle() -> None:
    """Send what is left or, where that fails, drop it, so that Python's own flush at the end is quiet."""
    try:
        flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)


def _stdout() -> TextIO:
    if sys.stdout is None:
        raise OSError("standard output is closed. Name a file: -o f.svg")
    return sys.stdout


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        stream.write("".join(_plain(character, encoding) for character in text))


def _plain(character: str, encoding: str) -> str:
    """The character, or what stands for it where the encoding lacks it: a letter without its accent, or ?.

    >>> _plain("−", "ascii"), _plain("á", "ascii"), _plain("á", "latin-1"), _plain("∀", "ascii")
    ('-', 'a', 'á', '?')
    """
    for candidate in (character, PLAIN.get(character, ""), unicodedata.normalize("NFKD", character)[0]):
        with suppress(UnicodeEncodeError):
            if candidate.encode(encoding):
                return candidate
    return "?"


@contextmanager
def short_warnings() -> Iterator[None]:
    """Show each warning of the package as one line, once."""
    said: set[str] = set()

    def show(message: Warning | str, *_: object, **__: object) -> None:
        text = " ".join(str(message).split())
        if text not in said:
            said.add(text)
            complain(f"warning: {text}")

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show
        yield


class Progress:
    """One line on the terminal that says what is being done, once that takes longer than a second.

    >>> with Progress("making 7 frames") as progress:
    ...     progress("frame 1")  # not a terminal here: nothing is shown

    It writes to a copy of stderr's descriptor: while Graphviz draws, the descriptor itself collects its messages.
    """

    def __init__(self, doing: str = "") -> None:
        self._doing = doing
        self._shown = self._closed = False
        self._lock = threading.Lock()
        self._stream: TextIO | None = None

    def __enter__(self) -> Progress:
        if is_terminal(sys.stderr):
            sys.stderr.flush()
            self._stream = os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding="utf-8", errors="replace")
            self._timer = threading.Timer(PATIENCE, self._show)
            self._timer.daemon = True
            self._timer.start()
        return self

    def __call__(self, doing: str) -> None:
        """Say what is being done now."""
        self._doing = doing
        if self._shown:
            self._show()

    def _show(self) -> None:
        with self._lock:
            if self._stream is not None and not self._closed:
                width = shutil.get_terminal_size().columns
                self._put(f"\r\x1b[K{self._doing} …"[: width + 3])
                self._shown = True

    def _put(self, text: str) -> None:
        assert self._stream is not None
        with suppress(OSError):
            self._stream.write(text)
            self._stream.flush()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._stream is None:
            return
        self._timer.cancel()
        with self._lock:
            self._closed = True
            if self._shown:
                self._put("\r\x1b[K")
            with suppress(OSError):
                self._stream.close()
