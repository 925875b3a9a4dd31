"""The text of an expression as Python reads it: × and ², √ and w₁ in Python's spelling, and where each was typed."""

from __future__ import annotations

import ast
import itertools
import keyword
import re
import unicodedata
from typing import NoReturn

from micrograd_es.expression_errors import ExpressionError, error_at, listed

__all__ = ["HELP", "MAX_DIGITS", "Source"]

MAX_LENGTH = 4_000  # characters in a text
MAX_DIGITS = 300  # of a number: below this it still fits a float
LARGEST_POWER = 330  # of ten, in the way 1e9 is written

TYPED = dict.fromkeys("×·⋅∙·", "*") | dict.fromkeys("−–", "-") | dict.fromkeys("÷∕⁄", "/") | {"^": "**"}
TYPED |= {"√": "await "}  # the one prefix of Python that binds more tightly than **, as a root does
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")

PIECE = re.compile(
    r"""(?P<number> (?:[0-9][0-9_]*\.?[0-9_]* | \.[0-9][0-9_]*) (?:[eE][+-]?[0-9]+)? )
      | (?P<power>  [⁺⁻]?[⁰¹²³⁴-⁹]+ )
      | (?P<name>   [^\W\d⁰¹²³⁴-⁹₀-₉] (?:[^\W⁰¹²³⁴-⁹] | [\u0300-\u036f])* )
      | (?P<sign>   \*\* | [-+*/^(),;=√×·⋅∙·−–÷∕⁄] )
      | (?P<newline>\r\n? | \n )
      | (?P<blank>  \s )
      | (?P<other>  . )""",
    re.VERBOSE,
)
OPERATOR = re.compile(r"\*\*|[-+*/]")
MAX_SIGNS = 2_000  # after each other; how many Python's parser takes depends on its version
SIGNS = re.compile(rf"([-+−–]\s*){{{MAX_SIGNS + 1}}}")
TWO_READINGS = re.compile(r"√\s*[\w.]+\s*(\^|\*\*|[⁺⁻⁰¹²³⁴-⁹]) | [⁰¹²³⁴-⁹]\s*(\^|\*\*|[⁺⁻]|\s[⁺⁻⁰¹²³⁴-⁹])", re.VERBOSE)

HELP = "An expression has numbers, names, + - * / ** ( ) and functions."
HELP_FOR_SIGNS = {
    ".": "A point stands only inside a number, as in 0.5; nothing here has attributes.",
    "|": "For |x| write abs(x).",
    "<": "A comparison is not a number.",
    ">": "A comparison is not a number.",
}


class Source:
    """The text as it was typed, the Python that is read in its place, and where each character of that was typed.

    >>> Source("√w₁ − x²·y").python
    'await w1 - x**2 *y'
    """

    def __init__(self, typed: str) -> None:
        if not isinstance(typed, str):
            raise TypeError(f'an expression is a text such as "(x + y) * z", not {type(typed).__name__}')
        self.typed = typed
        self.spans: list[tuple[int, int]] = []
        if len(typed) > MAX_LENGTH:
            message = f"the expression has {len(typed):,} characters, and at most {MAX_LENGTH:,} are read"
            self.fail(message, (MAX_LENGTH, MAX_LENGTH + 1), "Give names to its parts in Python.")
        if found := SIGNS.search(typed):
            message = f"the expression has more than {MAX_SIGNS:,} signs after each other"
            self.fail(message, (found.end() - 1, found.end()), "A sign is written once.")
        if found := TWO_READINGS.search(typed):
            self.fail("this power can be read in two ways", found.span(), "Say with ( ) what comes first.")
        self.python = self.translated()
        self.lines = self.python.split("\n")
        self.starts = [0, *itertools.accumulate(len(line) + 1 for line in self.lines)]

    def translated(self) -> str:
        python, before = "", ""
        for piece in PIECE.finditer(self.typed):
            kind, sign = piece.lastgroup or "", piece[0]
            if kind == "blank":
                new = "" if python[-1:] in ("", "\n") else " "  # Python gives a meaning to blanks that begin a line
            else:
                new = self.translate(kind, sign, piece.span())
                self.check_operator(before, kind, sign, piece.span())
                before = sign
            python += new
            self.spans += [piece.span()] * len(new)
        return python

    def translate(self, kind: str, sign: str, span: tuple[int, int]) -> str:
        """One piece as Python writes it; an error for what no expression has."""
        if kind == "name" and keyword.iskeyword(unicodedata.normalize("NFKC", sign)):
            self.fail(f"{sign!r} is a word of Python and cannot be a name here", span, HELP)
        if kind == "other":
            shown = repr(sign) if sign.isprintable() else f"U+{ord(sign):04X} {unicodedata.name(sign, '')}".strip()
            self.fail(f"{shown} has no meaning in an expression", span, HELP_FOR_SIGNS.get(sign, HELP))
        if kind in ("number", "power"):
            digits, _, power = sign.lower().partition("e")
            if len(digits) > MAX_DIGITS or abs(float(power or 0)) > LARGEST_POWER:
                self.fail(f"the number has more than {MAX_DIGITS} digits", span)
        if kind == "power":
            return f"**{sign.translate(SUPERSCRIPTS)} "
        return "\n" if kind == "newline" else TYPED.get(sign, sign.translate(SUBSCRIPTS))

    def check_operator(self, before: str, kind: str, sign: str, span: tuple[int, int]) -> None:
        """Refuses 2x, x y and (x)(y); a name before ( is a function."""
        if before == "√" and (sign == "√" or TYPED.get(sign, sign) in ("-", "+")):
            self.fail(f"{sign!r} cannot stand right after √", span, f"Write √({sign}…).")
        has_ended = before[-1:].isalnum() or before[-1:] in (")", ".", "_")
        begins = kind in ("number", "name") or sign == "√" or (sign == "(" and not before.isidentifier())
        if has_ended and begins:
            left, right = listed([before.replace(")", "(…)")]), listed([sign.replace("(", "(…)")])
            message = f"between {left!r} and {right!r} an operator is missing"
            self.fail(message, span, f"To multiply, write {left} * {right}.")

    def tree(self) -> ast.Module:
        try:
            return ast.parse(self.python)
        except (RecursionError, MemoryError):
            raise ExpressionError("the expression is too deep\nGive names to its parts: q = …; then use q.") from None
        except SyntaxError as error:
            start = self.starts[(error.lineno or 1) - 1] + max(0, (error.offset or 1) - 1)
            span = self.span(start, start + 1)
            message = re.split("[.;] ", error.msg)[0]  # what follows is advice for programs
        if self.python[start : start + 1] in ("", "\n"):
            message = "the expression stops here, and something is missing"
        elif message == "invalid syntax":
            message = f"{self.typed[slice(*span)]!r} cannot stand here"
        raise error_at(self.typed, *span, message, HELP)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where it was typed what stands in the Python text from start to end."""
        if start >= len(self.spans):
            return len(self.typed), len(self.typed) + 1
        return self.spans[start][0], self.spans[min(end, len(self.spans)) - 1][1]

    def extent(self, node: ast.expr) -> tuple[int, int]:
        """Where a node stands in the Python text; `ast` counts its columns in bytes."""
        ends = ((node.lineno, node.col_offset), (node.end_lineno or 1, node.end_col_offset or 0))
        start, end = (self.starts[row - 1] + len(self.lines[row - 1].encode()[:byte].decode()) for row, byte in ends)
        return start, end

    def place(self, node: ast.expr) -> tuple[int, int]:
        """What an error underlines: the sign of an operation, the name of a function, or all of a node."""
        start, end = self.extent(node.func if isinstance(node, ast.Call) else node)
        if isinstance(node, ast.UnaryOp | ast.Await):
            end = start + 1
        elif isinstance(node, ast.BinOp):
            found = OPERATOR.search(self.python, self.extent(node.left)[1])
            start, end = found.span() if found else (start, end)
        return self.span(start, end)

    def refuse(self, node: ast.expr, message: str, help_: str = "") -> NoReturn:
        self.fail(message, self.place(node), help_)

    def fail(self, message: str, span: tuple[int, int], help_: str = "") -> NoReturn:
        raise error_at(self.typed, *span, message, help_)
