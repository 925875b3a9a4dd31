"""What an error in an expression shows: the line, a caret under the place, and what to write instead."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Collection, Sequence

__all__ = ["ExpressionError", "did_you_mean", "error_at", "listed", "pointed", "printable"]

NEWLINE = re.compile(r"\r\n?|\n")
LINE = re.compile(r"[^\r\n]*")
EXCERPT = 100  # columns of a line that an error shows


class ExpressionError(SyntaxError):
    """A text that is no expression, with the place where it stops being one.

    It is a `SyntaxError`: `.msg` says what is wrong and what to write, `.text` is the line, `.lineno` and
    `.offset` (from 1) are the place. Printed, it points there.

    >>> from micrograd_es.expressions import parse
    >>> try:
    ...     parse("(x + q) * z", x=-2, y=5, z=-4)
    ... except ExpressionError as error:
    ...     print(error)
    unknown name 'q' in the expression
      (x + q) * z
           ^
    Given are x, y, z. Write q=… next to the expression.
    """

    def __str__(self) -> str:
        if not self.text or not self.offset:
            return self.msg
        headline, _, help_ = self.msg.partition("\n")
        shown = _carets(self.text, self.offset - 1, (self.end_offset or self.offset + 1) - 1)
        return "\n".join(filter(None, (headline, shown, help_)))


def error_at(text: str, start: int, end: int, message: str, help_: str = "") -> ExpressionError:
    """The error of a text at the characters from start to end, counted from 0.

    >>> error_at("x\\n+ y)", 5, 6, "this closes nothing").lineno
    2
    """
    row, begin, line = _line(text, start)
    place = ("<expression>", row, start - begin + 1, printable(line), row, min(end - begin, len(line)) + 1)
    return ExpressionError("\n".join(filter(None, (message, help_))), place)


def pointed(text: str, start: int, end: int) -> str:
    """The line of a text with carets under the characters from start to end.

    >>> print(pointed("1 / (x - x)", 2, 3))
      1 / (x - x)
        ^
    """
    _, begin, line = _line(text, start)
    return _carets(printable(line), start - begin, end - begin)


def _line(text: str, start: int) -> tuple[int, int, str]:
    """The number of the line that holds a position, where that line begins, and the line."""
    begin = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    line = LINE.match(text, begin)
    return len(NEWLINE.findall(text[:begin])) + 1, begin, line[0] if line else ""


def printable(line: str) -> str:
    """The line with a space for each blank and � for each character that would move or hide the others.

    >>> printable("x\\t+\\x00y")
    'x +�y'
    """
    return "".join([c if c.isprintable() else " " if c.isspace() else "�" for c in line])


def _carets(line: str, start: int, end: int) -> str:
    """The line, or the part of it around a place, with carets under that place."""
    begin = max(0, start - EXCERPT // 2) if len(line) > EXCERPT else 0
    stop = begin + EXCERPT
    before = ("…" if begin else "") + line[begin:start]
    marked, after = line[start : min(end, stop)], line[min(end, stop) : stop] + ("…" if len(line) > stop else "")
    return f"  {before}{marked}{after}\n  {' ' * _columns(before)}{'^' * max(1, _columns(marked))}"


def _columns(text: str) -> int:
    """How wide a terminal shows a text: an accent of its own takes no column, a Chinese character two."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def did_you_mean(name: str, known: Collection[str]) -> str:
    """A question that names the nearest of the known names, or nothing.

    >>> did_you_mean("tahn", ["tanh", "exp"])
    "Did you mean 'tanh'?"
    """
    close = difflib.get_close_matches(name, known, n=1) if len(name) <= EXCERPT else []
    return f"Did you mean {close[0]!r}?" if close else ""


def listed(names: Sequence[str], show: Callable[[str], str] = str) -> str:
    """The names as a list that can be read: at most ten, and none of them longer than 40 characters.

    >>> listed(["x", "y"], repr)
    "'x', 'y'"
    """
    short = [show(name if len(name) <= 40 else f"{name[:39]}…") for name in names[:10]]
    return ", ".join(short) + (", …" if len(names) > 10 else "")
