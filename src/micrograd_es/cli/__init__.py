"""The command line: `micrograd-es draw`, `frames`, `worksheet`, `check`, `demo` … See `main`."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from importlib import import_module

from micrograd_es.cli.inputs import UsageError
from micrograd_es.cli.terminal import complain, flush, say, settle, short_warnings

__all__ = ["main"]

FAILED, MISUSED, INTERRUPTED, UNREAD = 1, 2, 130, 141  # exit statuses; the last two are a shell's own for these
ERRORS = (SyntaxError, ValueError, ArithmeticError, TypeError, OSError, RuntimeError, ImportError, MemoryError)


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the words of a command line say, those of this process by default; the result is the exit status.

    >>> main(["--version"])  # doctest: +ELLIPSIS
    micrograd-es ...
    0

    Results go to stdout. An error is one short message on stderr and status 1, or 2 where the words make no command.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        with short_warnings():
            status = _run(words)
            flush()
            return status
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return UNREAD  # the reader has left, as `head` does
    except UsageError as error:
        complain(f"error: {error}")
        return MISUSED
    except ERRORS as error:
        complain(f"error: {_message(error)}")
        return FAILED
    finally:
        settle()


def _run(words: Sequence[str]) -> int:
    from micrograd_es.cli.arguments import CommandLine

    line = CommandLine()
    try:
        command, given = line.read(words)
    except SystemExit:  # argparse has shown the help
        return 0
    if command:
        return _command(command)(given)
    if given.version:
        from micrograd_es import __version__

        say(f"micrograd-es {__version__}")
        return 0
    raise UsageError(f"say what to do: {', '.join(line.commands)}. See micrograd-es --help")


_MODULES = dict.fromkeys(("draw", "frames", "worksheet"), "pictures")  # the others are in a module of their own name


def _command(name: str) -> Callable[[Namespace], int]:
    """The function that does a command, loaded when it is needed: help is there at once."""
    command: Callable[[Namespace], int] = getattr(import_module(f"micrograd_es.cli.{_MODULES.get(name, name)}"), name)
    return command


def _message(error: BaseException) -> str:
    """What went wrong, without Python's own decoration."""
    text = str(error)
    if isinstance(error, MemoryError):
        text = text or "there is not enough memory."
    if isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return "\n".join([text or type(error).__name__, *getattr(error, "__notes__", ())])
