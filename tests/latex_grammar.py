"""What TeX asks of the lines of an align environment, so that pages of formulas compile: `check_latex`."""

from __future__ import annotations

import re
from collections.abc import Iterator

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\s+|.", re.DOTALL)
CLOSED_BY = {"{": "}", r"\left": r"\right", r"\begin": r"\end"}
ARGUMENTS = {r"\frac": 2, r"\sqrt": 1, r"\mathbf": 1, r"\mathbb": 1, r"\mathrm": 1, r"\operatorname": 1}
ARGUMENTS |= {r"\text": 1, r"\hat": 1, r"\bar": 1, r"\tilde": 1}
WORDS = r"""alpha beta gamma delta epsilon varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon
phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega ell infty partial nabla times cdot
odot in top uparrow sum quad qquad ldots cdots log exp sin cos tan tanh max min leq geq neq lVert rVert lvert rvert sim
circ ast prime to"""
KNOWN = {*ARGUMENTS, *CLOSED_BY, *CLOSED_BY.values(), *(rf"\{word}" for word in WORDS.split())}
KNOWN |= {r"\,", r"\;", r"\_", r"\%", r"\#", r"\&", r"\$", r"\{", r"\}", r"\ "}


class NotLatexError(AssertionError):
    """TeX would stop here, or set what nobody meant."""


class _Tokens:
    """The tokens of one line; spaces are left out, and what `\\text` holds is one token."""

    def __init__(self, line: str) -> None:
        self.line, self.found, self.at = line, [t for t in TOKEN.findall(line) if t.strip() or t == r"\ "], 0

    def next(self) -> str:
        """The next token, "" at the end."""
        return self.found[self.at] if self.at < len(self.found) else ""

    def take(self, expected: str = "") -> str:
        """The next token, which may have to be a certain one."""
        token = self.next()
        if not token or (expected and token != expected):
            raise NotLatexError(f"{token or 'the end'} stands where {expected or 'more'} was expected: {self.line}")
        self.at += 1
        return token


def check_latex(text: str) -> None:
    """Raise NotLatexError where the text of `explain(latex=True)` cannot stand in an align* environment.

    Commands are known and have their arguments, braces and \\left … \\right belong together, nothing has two
    superscripts or two indices, every line has the same columns, and only the last one lacks the \\\\.
    """
    lines = [line for line in text.splitlines() if not line.startswith("%")]
    for number, line in enumerate(lines, 1):
        body = line.removesuffix(r"\\")
        if (body != line) != (number < len(lines)):
            raise NotLatexError(rf"all lines but the last end in \\: {line}")
        tokens = _Tokens(body.rstrip())
        columns = 1 + sum(token == "&" for token in _items(tokens, ""))
        if columns != 4:
            raise NotLatexError(f"{columns} columns, expected 4: {line}")


def _items(tokens: _Tokens, end: str) -> Iterator[str]:
    """What stands one after the other until `end`, which is taken; checked on the way."""
    raised: set[str] = set()  # what the item before has already
    while (token := tokens.next()) != end:
        tokens.take()
        if token in "^_":
            if token in raised:
                raise NotLatexError(f"two of {token} on one item: {tokens.line}")
            raised.add(token)
            _argument(tokens)
            continue
        raised = set()
        if token == "'":
            raised.add("^")
        elif token == "&" and end:
            raise NotLatexError(f"a column ends inside of {end}: {tokens.line}")
        else:
            _whole(token, tokens)
        yield token
    if end:
        tokens.take(end)


def _whole(token: str, tokens: _Tokens) -> None:
    """One item, of which the first token has been taken."""
    if token.startswith("\\") and token not in KNOWN:
        raise NotLatexError(f"unknown command {token}: {tokens.line}")
    if token in "#%$}" or token in CLOSED_BY.values() or not token.isascii():
        raise NotLatexError(f"{token} stands by itself: {tokens.line}")
    if token in CLOSED_BY:
        if token == r"\left":
            _delimiter(tokens)
        list(_items(tokens, CLOSED_BY[token]))
        if token == r"\left":
            _delimiter(tokens)
    for _ in range(ARGUMENTS.get(token, 0)):
        _text(tokens) if token == r"\text" else _argument(tokens)


def _delimiter(tokens: _Tokens) -> None:
    """What \\left and \\right are followed by."""
    if tokens.take() not in {*"()[].|", r"\{", r"\}", r"\lVert", r"\rVert"}:
        raise NotLatexError(f"no delimiter: {tokens.line}")


def _argument(tokens: _Tokens) -> None:
    """The argument of a command, of ^ or of _: a group, or one character."""
    token = tokens.take()
    if token in "^_&" or token in (r"\left", r"\right") or token in ARGUMENTS:
        raise NotLatexError(f"{token} is no argument: {tokens.line}")
    _whole(token, tokens)


def _text(tokens: _Tokens) -> None:
    """The argument of \\text: words, where what is special in a formula is not allowed, but letters of any kind are."""
    tokens.take("{")
    while (token := tokens.take()) != "}":
        if token == "$":
            list(_items(tokens, "$"))
        elif token in "^_&#%{" or (token.startswith("\\") and token not in (r"\_", r"\%", r"\#", r"\&", r"\$")):
            raise NotLatexError(f"{token} stands in a text: {tokens.line}")
