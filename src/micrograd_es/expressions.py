"""Expressions as text: a small reader of its own, so that nothing in the text is ever executed as Python.

A text goes through four steps: it is cut into tokens, the tokens are put in the order in which a machine with a
stack does them, the names are looked up, and the machine runs. No step recurses, so a sum of thousands of terms
is as safe as one of two; Python's own parser gives up at three thousand.
"""

from __future__ import annotations

import difflib
import inspect
import keyword
import math
import operator
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, NoReturn, TypeAlias

from micrograd_es.functions import FUNCTIONS
from micrograd_es.maths import Number, as_number
from micrograd_es.value import Constant, Value

__all__ = ["ExpressionError", "names", "parse"]

Operand: TypeAlias = Value | Number

MAX_LENGTH = 10_000  # characters in a text
MAX_DEPTH = 200  # parentheses and calls inside one another
MAX_EXPONENT = 1_000
MAX_DIGITS = 300  # of an exact number: below this it still fits a float
MAX_CALL_DIGITS = 10_000  # of all exact arguments of one call together
BITS_A_DIGIT = 3.3219281
EXCERPT = 100  # columns of a line that an error shows

ALIASES = {"σ": "sigmoid", "ln": "log", "sen": "sin"}
SAME_SIGN = dict.fromkeys("×·⋅∙·", "*") | dict.fromkeys("−–", "-") | dict.fromkeys("÷∕⁄", "/") | {"^": "**"}
SUPERSCRIPTS = {ord(sign): digit for sign, digit in zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-", strict=True)}
SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉"

NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
POWER = re.compile("[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
SIGN = re.compile(r"\*\*|[-+*/^(),;=√×·⋅∙·−–÷∕⁄]")
NEWLINE = re.compile(r"\r\n|\r|\n")
DECIMAL_COMMA = re.compile("[0-9],[0-9]")

STRENGTH = {"+": 1, "-": 1, "*": 2, "/": 2, "neg": 3, "**": 4, "√": 5}
COMPUTE: dict[str, Callable[..., Value]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
    "neg": operator.neg,
    "√": FUNCTIONS["sqrt"],
}

HELP_FOR_SIGNS = {
    ".": "A point stands only inside a number, as in 0.5; nothing here has attributes.",
    "[": "Square brackets mean nothing here; group with ( ).",
    "{": "Braces mean nothing here; group with ( ).",
    "|": "For |x| write abs(x).",
    "%": "For x % write x / 100.",
    "!": "There is no factorial here.",
    ":": "An expression has no colon; a name gets its number with =.",
    "#": "There are no comments here.",
    "<": "A comparison is not a number.",
    ">": "A comparison is not a number.",
    "==": "A comparison is not a number; one = gives a name to a result.",
    "//": "Division is written with one /.",
    "'": "Quoted text is not a number.",
    '"': "Quoted text is not a number.",
}
HELP = "An expression has numbers, names, + - * / ** ( ) and functions."


class ExpressionError(SyntaxError):
    """A text that is no expression, with the place where it stops being one.

    It is a `SyntaxError`: `.msg` says what is wrong and what to write, `.text` is the line, `.lineno` and
    `.offset` (from 1) are the place. Printed, it points there.

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
        shown = _point(self.text, self.offset - 1, (self.end_offset or self.offset + 1) - 1)
        return "\n".join(filter(None, (headline, shown, help_)))


class _Token(NamedTuple):
    """A piece of the text: `sign` is what it means (`×` means `*`), start and end are where it stands."""

    kind: str  # number, name, power, sign, or end (of a statement, also an empty one)
    sign: str
    start: int
    end: int


class _Step(NamedTuple):
    """One thing for the machine to do: take `arity` operands off the stack and put one on it."""

    kind: str  # number, name, call, or a key of STRENGTH
    token: _Token
    arity: int = 0
    end: int = 0  # of a call: where its ) stands


class _Statement(NamedTuple):
    """One `name = expression`, or an expression alone."""

    target: _Token | None
    steps: list[_Step]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Source:
    """The text as it was given, which every error points into."""

    text: str

    def line(self, start: int) -> tuple[int, int, str]:
        """The number of the line that holds a position, where that line begins, and the line."""
        breaks = [found.span() for found in NEWLINE.finditer(self.text)]
        begins = [0, *(end for _, end in breaks)]
        ends = [*(start for start, _ in breaks), len(self.text)]
        row = sum(begin <= start for begin in begins) - 1
        return row + 1, begins[row], self.text[begins[row] : ends[row]]

    def error(self, message: str, start: int, end: int, help_: str = "") -> ExpressionError:
        row, begin, line = self.line(start)
        place = ("<expression>", row, start - begin + 1, _printable(line), row, min(end - begin, len(line)) + 1)
        return ExpressionError("\n".join(filter(None, (message, help_))), place)

    def fail(self, message: str, token: _Token, help_: str = "") -> NoReturn:
        raise self.error(message, token.start, token.end, help_)

    def pointer(self, token: _Token) -> str:
        _, begin, line = self.line(token.start)
        return _point(_printable(line), token.start - begin, token.end - begin)

    def original(self, token: _Token) -> str:
        return _printable(self.text[token.start : token.end])


def parse(
    text: str,
    values: Mapping[str, Number | Value] | None = None,
    /,
    *,
    exact: bool = False,
    **more: Number | Value,
) -> Value:
    """Reads an expression, computes it and returns the graph; every name becomes a labelled leaf.

    >>> f = parse("(x + y) * z", x=-2, y=5, z=-4)
    >>> f.data
    -12

    Several statements, a line or a `;` apart, name the steps between. The last one is the result.

    >>> f = parse("q = x + y; f = q * z", x=-2, y=5, z=-4)
    >>> f.label, [node.label for node in f.inputs]
    ('f', ['q', 'z'])

    A text may be typed or pasted as a lecture writes it: `×` and `·` are `*`, `−` is `-`, `÷` is `/`, `^` is `**`,
    `²` and `³` (and `⁻¹`, `¹⁰`) are powers, `√x` is `sqrt(x)`, `σ` is `sigmoid`, `ln` is `log`, `sen` is `sin`, and
    `w₁` is the name `w1`. Decimals have a point: a comma separates arguments.

    >>> parse("√(a² + b²)", a=3, b=4).data
    5.0

    With `exact=True` what is written as a decimal or a quotient of integers is a `Fraction`.

    >>> parse("x + 0.1", x=0, exact=True).data
    Fraction(1, 10)

    Names that a keyword cannot have, such as `exact`, go in a mapping.

    >>> parse("exact * 2", {"exact": 3}).data
    6

    Operators bind as in Python: `-x**2` is −(x²) and `a**b**c` is a**(b**c). A name has one meaning: it cannot be
    given twice, and a value or a step that nothing uses is an error, because it is nearly always a typing mistake.
    A `Value` that is given enters as it is and keeps its own label. Arithmetic among numbers only is done at once.

    Args:
        text: at most 10,000 characters, with parentheses at most 200 deep.
        values: a number or a `Value` for each name; the same as the keywords `more`, for any name.
        exact: whether the numbers in the text are fractions.

    Raises:
        ExpressionError: the text is no expression, or a name has no value, or a limit is passed. A constant
            exponent is at most 1,000 in size, and an integer or a fraction has at most 300 digits.
        TypeError: the text is no text, or a value is no number.
        ZeroDivisionError, ValueError, OverflowError: an operation has no result; the message points at it.
    """
    source, statements = _read(text)
    given = _given(values, more, exact)
    _check_names(source, statements, given)
    return _Machine(source, given, exact).run(statements)


def names(text: str) -> tuple[str, ...]:
    """The names that an expression needs values for, in the order of their first use.

    >>> names("q = x + y; f = q * tanh(z)")
    ('x', 'y', 'z')
    """
    source, statements = _read(text)
    free = _free(source, statements)
    _check_calls(source, statements, free)
    return tuple(free)


# --- from text to statements ---------------------------------------------------------------------------------


def _read(text: str) -> tuple[_Source, list[_Statement]]:
    if not isinstance(text, str):
        raise TypeError(f'an expression is a text such as "(x + y) * z", not {type(text).__name__}')
    source = _Source(text)
    if len(text) > MAX_LENGTH:
        message = f"the expression has {len(text):,} characters, and at most {MAX_LENGTH:,} are read"
        raise source.error(message, MAX_LENGTH, MAX_LENGTH + 1, "Give names to its parts in Python.")
    statements = [_statement(source, tokens) for tokens in _split(_tokens(source)) if len(tokens) > 1]
    if not statements:
        raise source.error("the expression is empty", 0, 1, 'Write one such as "(x + y) * z".')
    return source, statements


def _tokens(source: _Source) -> Iterator[_Token]:
    """Cuts the text; a new line inside parentheses is a blank, elsewhere it ends a statement as `;` does."""
    text, position, depth = source.text, 0, 0
    while position < len(text):
        token = _token(source, position)
        position = token.end
        depth += (token.sign == "(") - (token.sign == ")")
        if token.kind != "blank" and not (token.kind == "newline" and depth > 0):
            yield token
    yield _Token("newline", "", len(text), len(text))


def _token(source: _Source, start: int) -> _Token:
    text, first = source.text, source.text[start]
    if found := NUMBER.match(text, start):
        return _Token("number", found[0], start, found.end())
    if found := POWER.match(text, start):
        return _Token("power", found[0].translate(SUPERSCRIPTS), start, found.end())
    if text[start : start + 2] in HELP_FOR_SIGNS:
        _refuse(source, start, 2)
    if found := SIGN.match(text, start):
        return _Token("sign", SAME_SIGN.get(found[0], found[0]), start, found.end())
    if found := NEWLINE.match(text, start):
        return _Token("newline", "", start, found.end())
    if first == "\t" or unicodedata.category(first) == "Zs":
        return _Token("blank", "", start, start + 1)
    return _name(source, start)


def _name(source: _Source, start: int) -> _Token:
    """A name, in the form that Python gives to keywords (NFKC), so that `w₁` is `w1` and a pasted 𝑥 is x."""
    text, end = source.text, start
    while end < len(text) and _is_in_a_name(text[end], first=end == start):
        end += 1
    if end == start:
        _refuse(source, start, 1)
    name = unicodedata.normalize("NFKC", text[start:end])
    token = _Token("name", name, start, end)
    if keyword.iskeyword(name):
        source.fail(f"{name!r} is a word of Python and cannot be a name here", token, HELP)
    return token


def _is_in_a_name(character: str, first: bool) -> bool:
    if character in SAME_SIGN or unicodedata.decomposition(character).startswith("<super>"):
        return False  # · would continue a Python name, and xⁿ would be the name xn
    if first:
        return character.isidentifier()
    return character in SUBSCRIPTS or f"x{character}".isidentifier()


def _refuse(source: _Source, start: int, length: int) -> NoReturn:
    sign = source.text[start : start + length]
    shown = repr(sign) if sign.isprintable() else f"U+{ord(sign):04X} {unicodedata.name(sign, '')}".strip()
    help_ = HELP_FOR_SIGNS.get(sign, HELP)
    if unicodedata.decomposition(sign[0]).startswith("<super>"):
        help_ = "Write such a power with ^, as in x^n."
    raise source.error(f"{shown} has no meaning in an expression", start, start + length, help_)


def _split(tokens: Iterator[_Token]) -> Iterator[list[_Token]]:
    """The statements, each closed by one token of the kind `end` that stands where its last token ends."""
    statement: list[_Token] = []
    for token in tokens:
        if token.kind == "newline" or token.sign == ";":
            end = statement[-1].end if statement else token.start
            yield [*statement, _Token("end", "", end, end + 1)]
            statement = []
        else:
            statement.append(token)


def _statement(source: _Source, tokens: list[_Token]) -> _Statement:
    start, end = tokens[0].start, tokens[-2].end
    if tokens[0].kind == "name" and tokens[1].sign == "=":
        return _Statement(tokens[0], _Reader(source, tokens[2:]).read(), start, end)
    return _Statement(None, _Reader(source, tokens).read(), start, end)


class _Reader:
    """Puts the tokens of one expression in the order of computing: operands first, then what is done with them.

    This is Dijkstra's shunting yard: an operator waits until one that binds less tightly comes.
    """

    def __init__(self, source: _Source, tokens: list[_Token]) -> None:
        self.source = source
        self.tokens = tokens
        self.steps: list[_Step] = []
        self.waiting: list[_Step] = []  # operators and open parentheses
        self.depth = 0

    def read(self) -> list[_Step]:
        operand_is_next = True
        for index, token in enumerate(self.tokens):
            step = self.begin if operand_is_next else self.go_on
            operand_is_next = step(token, index)
        return self.steps

    def begin(self, token: _Token, index: int) -> bool:
        """Reads a token where an operand has to begin; returns whether it still has to."""
        if token.kind == "name" and self.tokens[index + 1].sign == "(":
            self.waiting.append(_Step("call", token, 1))
            return True
        if token.kind in ("number", "name"):
            _refuse_function(self.source, token)
            self.steps.append(_Step(token.kind, token))
            return False
        if token.sign == "(":
            self.open(token, index)
            return True
        if token.sign in ("+", "-", "√"):
            self.prefix(token)
            return True
        if token.sign == ")" and index and self.tokens[index - 1].sign == "(" and self.waiting[-1].kind == "call":
            self.waiting[-1] = self.waiting[-1]._replace(arity=0)
            self.close(token)
            return False
        raise self.missing_operand(token, index)

    def go_on(self, token: _Token, index: int) -> bool:
        """Reads a token after a whole operand; returns whether another operand has to begin."""
        before = self.tokens[index - 1]
        if token.kind == "power":
            self.check_power(token, before)
            self.release(STRENGTH["√"])
            self.steps.append(_Step("number", token))
            self.steps.append(_Step("**", token, 2))
        elif token.kind == "end":
            self.finish()
        elif token.sign == ")":
            self.release(0)
            self.close(token)
        elif token.sign == ",":
            self.comma(token, before)
            return True
        elif token.sign in STRENGTH and token.sign != "√":
            self.infix(token, before)
            return True
        else:
            raise self.missing_operator(token, before)
        return False

    def open(self, token: _Token, index: int) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            help_ = "Give a name to an inner part: q = …; then use q."
            self.source.fail(f"parentheses stand more than {MAX_DEPTH} deep", token, help_)
        if not (index and self.tokens[index - 1].kind == "name"):
            self.waiting.append(_Step("(", token))

    def close(self, token: _Token) -> None:
        self.depth -= 1
        if not self.waiting:
            self.source.fail("this ) closes nothing", token, "Take it out, or open a ( before.")
        opened = self.waiting.pop()
        if opened.kind == "call":
            self.steps.append(opened._replace(end=token.end))

    def prefix(self, token: _Token) -> None:
        if self.waiting and self.waiting[-1].kind == "√" and token.sign != "√":
            self.source.fail("a sign after √ needs parentheses", token, "Write √(…).")
        if token.sign != "+":
            self.waiting.append(_Step("neg" if token.sign == "-" else "√", token, 1))

    def infix(self, token: _Token, before: _Token) -> None:
        if token.sign == "**":
            self.check_power(token, before)
        self.release(STRENGTH[token.sign] + (token.sign == "**"))  # a**b**c is a**(b**c): the first one waits
        self.waiting.append(_Step(token.sign, token, 2))

    def release(self, strength: int) -> None:
        """Lets go the waiting operators that bind at least so tightly, back to the last open parenthesis."""
        while self.waiting and STRENGTH.get(self.waiting[-1].kind, -1) >= strength:
            self.steps.append(self.waiting.pop())

    def check_power(self, token: _Token, before: _Token) -> None:
        """Refuses the powers that a lecture and a programming language read differently."""
        if before.kind == "power":
            help_ = "Say with parentheses what comes first: (x²)^3 or x^(2^3)."
            self.source.fail("a power of a power can be read in two ways", token, help_)
        if self.waiting and self.waiting[-1].kind == "√" and before.sign != ")":
            self.source.fail("a root with a power can be read in two ways", token, "Write √(x²) or √(x)².")

    def comma(self, token: _Token, before: _Token) -> None:
        self.release(0)
        if self.waiting and self.waiting[-1].kind == "call":
            self.waiting[-1] = self.waiting[-1]._replace(arity=self.waiting[-1].arity + 1)
            return
        if DECIMAL_COMMA.match(self.source.text, before.end - 1):
            help_ = f"Decimals are written with a point: {self.source.original(before)}.{self.source.text[token.end]}…"
            self.source.fail("a comma stands inside a number", token, help_)
        self.source.fail("a comma stands only between the arguments of a function", token, "As in max(x, y).")

    def finish(self) -> None:
        self.release(0)
        if self.waiting:
            opened = self.waiting[-1].token
            start = self.source.text.index("(", opened.start)
            raise self.source.error("this ( is never closed", start, start + 1, "Add a ) where the group ends.")

    def missing_operand(self, token: _Token, index: int) -> ExpressionError:
        message, help_ = f"{self.source.original(token)!r} cannot stand here", "A number, a name, a function or ( can."
        if token.kind == "end":
            after = repr(self.source.original(self.tokens[index - 1])) if index else "'='"
            message = f"the expression stops after {after}"
        return self.source.error(message, token.start, token.end, help_)

    def missing_operator(self, token: _Token, before: _Token) -> ExpressionError:
        left, right = self.source.original(before), self.source.original(token)
        if before.kind == "number" and re.fullmatch("_[0-9_]+", token.sign):
            message, help_ = "a number is written without _", f"Write {left}{right.replace('_', '')}."
        elif token.sign == "=":
            message, help_ = "to the left of = there is one name", "As in q = x + y."
        else:
            left, right = ("(…)" if left == ")" else left), ("(…)" if right == "(" else right)
            message = f"between {left!r} and {right!r} an operator is missing"
            help_ = "Write it." if token.kind == "number" else f"To multiply, write {left} * {right}."
        return self.source.error(message, token.start, token.end, help_)


# --- from statements to Values -------------------------------------------------------------------------------


def _given(
    values: Mapping[str, Number | Value] | None, more: Mapping[str, Number | Value], exact: bool
) -> dict[str, Value]:
    """The leaf for each name; a Value that is given is its own leaf."""
    if not isinstance(exact, bool):
        raise TypeError(f"exact is {exact!r}; expected True or False. For a name: parse(text, {{'exact': {exact!r}}}).")
    if not (values is None or isinstance(values, Mapping)):
        raise TypeError(f"values is {values!r}; expected names and numbers. Write {{'x': 3}}, or x=3.")
    given: dict[str, Value] = {}
    for key, value in [*(values or {}).items(), *more.items()]:
        if not isinstance(key, str):
            raise TypeError(f"the name {key!r} is no text. Write {str(key)!r}.")
        name = unicodedata.normalize("NFKC", key)
        if name in given:
            raise TypeError(f"the name {name!r} is given twice. Leave one of its values out.")
        given[name] = value if isinstance(value, Value) else Value(_exact(as_number(value, name), exact), name)
    return given


def _exact(number: Number, exact: bool) -> Number:
    return Fraction(number) if exact and isinstance(number, int) else number


def _check_names(source: _Source, statements: list[_Statement], given: Mapping[str, Value]) -> None:
    """Every name has one meaning and a value, and every value is used."""
    free, steps_between = _free(source, statements), _targets(statements)
    whole = _Token("end", "", statements[-1].start, statements[-1].end)
    for name in given:
        if name in FUNCTIONS:
            source.fail(f"{name!r} is given a value, and it is a function", whole, "Take another name.")
        if name in steps_between:
            source.fail(f"{name!r} is given a value and defined here too", steps_between[name], "Leave one out.")
    _check_calls(source, statements, [*given, *steps_between])
    _check_given(source, free, list(given), list(steps_between))
    if unused := [name for name in given if name not in free]:
        help_ = f"Leave {_some(unused)} out, or use it in the expression."
        source.fail(f"a value is given for {_some(unused, repr)}, and nothing uses it", whole, help_)


def _free(source: _Source, statements: list[_Statement]) -> dict[str, _Token]:
    """The names that no statement defines, each with its first use; and the checks that need no values."""
    free: dict[str, _Token] = {}
    defined: dict[str, _Token] = {}
    for statement in statements:
        for step in statement.steps:
            if step.kind == "name" and step.token.sign not in defined:
                free.setdefault(step.token.sign, step.token)
        if target := statement.target:
            _refuse_function(source, target)
            if target.sign in defined or target.sign in free:
                message = f"{target.sign!r} has a meaning already, and a name keeps its meaning"
                source.fail(message, target, "Take another name for this step.")
            defined[target.sign] = target
    _refuse_unused_steps(source, statements)
    return free


def _targets(statements: list[_Statement]) -> dict[str, _Token]:
    return {statement.target.sign: statement.target for statement in statements if statement.target}


def _refuse_function(source: _Source, token: _Token) -> None:
    if token.sign in FUNCTIONS:
        source.fail(f"{token.sign!r} is a function, not a value", token, f"Write {token.sign}(…), or another name.")


def _refuse_unused_steps(source: _Source, statements: list[_Statement]) -> None:
    used = {step.token.sign for statement in statements for step in statement.steps if step.kind == "name"}
    for statement in statements[:-1]:
        target = statement.target or _Token("end", "", statement.start, statement.end)
        if target.sign not in used:
            what = repr(target.sign) if statement.target else "this step"
            source.fail(f"nothing uses {what}", target, "The last statement is the result; use the others in it.")


def _check_calls(source: _Source, statements: list[_Statement], values: Collection[str]) -> None:
    for step in (step for statement in statements for step in statement.steps if step.kind == "call"):
        name = step.token.sign
        if name in values:
            source.fail(f"{name!r} is a value, and only a function is called", step.token, f"Write {name} * (…).")
        if name not in FUNCTIONS and name not in ALIASES:
            help_ = _did_you_mean(name, FUNCTIONS) or f"To multiply, write {_shown(name)} * (…)."
            source.fail(f"unknown function {name!r}", step.token, f"{help_} Functions are {', '.join(FUNCTIONS)}.")
        _check_arguments(source, step)


def _check_arguments(source: _Source, step: _Step) -> None:
    places = inspect.signature(_function(step.token.sign)).parameters.values()
    any_number = any(place.kind is place.VAR_POSITIONAL for place in places)
    if step.arity == len(places) or (any_number and step.arity >= 1):
        return
    expected = "at least 1 argument" if any_number else f"{len(places)} argument{'s' * (len(places) != 1)}"
    comma = DECIMAL_COMMA.search(source.text, step.token.start, step.end)
    help_ = f"If {comma[0][0]}{comma[0][1]}{comma[0][2]} is one number, write a point." if comma else ""
    source.fail(f"{step.token.sign} takes {expected}, not {step.arity}", step.token, help_)


def _check_given(source: _Source, free: Mapping[str, _Token], given: list[str], defined: list[str]) -> None:
    missing = [name for name in free if name not in given]
    if not missing:
        return
    name, token = missing[0], free[missing[0]]
    if name in ALIASES:
        source.fail(f"{name!r} is a function, or a name without a value", token, f"Write {name}(…) or {name}=….")
    have = f"Given are {_some(given)}." if given else "No values are given."
    write = f"Write {_some([f'{missed}=…' for missed in missing])} next to the expression."
    euler = "For e^x write exp(x)." if name == "e" else ""
    help_ = " ".join(filter(None, (have, _did_you_mean(name, [*given, *defined]), euler, write)))
    source.fail(f"unknown name {_shown(name, repr)} in the expression", token, help_)


def _function(name: str) -> Callable[..., Value]:
    return FUNCTIONS[ALIASES.get(name, name)]


class _Machine:
    """A stack machine: each step takes its operands off the stack and puts its result there."""

    def __init__(self, source: _Source, given: Mapping[str, Value], exact: bool) -> None:
        self.source = source
        self.exact = exact
        self.values = dict(given)
        self.given = frozenset(given.values())

    def run(self, statements: list[_Statement]) -> Value:
        for statement in statements:
            name = statement.target.sign if statement.target else ""
            result = self.name(self.compute(statement.steps), name)
            self.values[name] = result
        return result

    def name(self, result: Operand, name: str) -> Value:
        """The result under its name; what had a name before, or was given, keeps the label that it has."""
        if not isinstance(result, Value):
            return Constant(_exact(result, self.exact), name)
        if not result.label and result not in self.given:
            result.label = name
        return result

    def compute(self, steps: list[_Step]) -> Operand:
        stack: list[Operand] = []
        for step in steps:
            operands = stack[len(stack) - step.arity :]
            del stack[len(stack) - step.arity :]
            stack.append(self.do(step, operands))
        return stack[0]

    def do(self, step: _Step, operands: list[Operand]) -> Operand:
        if step.kind == "number":
            return _number(self.source, step.token, self.exact)
        if step.kind == "**":
            self.check_exponent(step, operands[1])
        try:
            if step.kind == "name":
                return _small(self.values[step.token.sign])
            function = COMPUTE[step.kind] if step.kind in COMPUTE else _function(step.token.sign)
            return _small(self.apply(function, operands))
        except (ArithmeticError, ValueError, TypeError) as error:
            error.args = (f"{error}\n{self.source.pointer(step.token)}",)
            raise

    def apply(self, function: Callable[..., Value], operands: list[Operand]) -> Operand:
        """Numbers alone give a number, by the same rules; with a Value among them the result is a gate."""
        _check_cost(function, operands)
        if any(isinstance(operand, Value) for operand in operands):
            return function(*operands)
        number = function(*[Constant(_exact(_plain(operand), self.exact)) for operand in operands]).data
        return number.numerator if isinstance(number, Fraction) and number.denominator == 1 else number

    def check_exponent(self, step: _Step, exponent: Operand) -> None:
        is_constant = isinstance(exponent, Constant) or not isinstance(exponent, Value)
        if is_constant and not -MAX_EXPONENT <= _plain(exponent) <= MAX_EXPONENT:
            self.source.fail(f"the exponent is larger than {MAX_EXPONENT:,}", step.token, "Take a smaller power.")


def _plain(x: Operand) -> Number:
    return x.data if isinstance(x, Value) else x


def _check_cost(function: Callable[..., Value], operands: list[Operand]) -> None:
    """Refuses what would take exact arithmetic long, before it starts."""
    if sum(map(_bits, operands)) > MAX_CALL_DIGITS * BITS_A_DIGIT:
        raise OverflowError(f"the exact numbers here have more than {MAX_CALL_DIGITS:,} digits together")
    if function is operator.pow and _bits_of_power(*map(_plain, operands)) > MAX_DIGITS * BITS_A_DIGIT:
        raise OverflowError(f"the exact power here has more than {MAX_DIGITS:,} digits")


def _bits_of_power(base: Number, exponent: Number) -> int:
    """At least how long base**exponent is; 0 where it is no exact number (an int to a negative power is a float)."""
    if not isinstance(exponent, int | Fraction) or exponent.denominator != 1 or _bits(base) == 0:
        return 0
    if isinstance(base, int) and exponent < 0:
        return 0
    return (_bits(base) - 1) * abs(exponent.numerator)


def _number(source: _Source, token: _Token, exact: bool) -> Number:
    """The number that is written: an int, or for decimals a float (a Fraction where it has to be exact)."""
    mantissa, _, power = token.sign.lower().partition("e")
    too_long = len(mantissa.lstrip("+-").replace(".", "")) > MAX_DIGITS
    if too_long or (exact and (len(power) > 5 or abs(int(power or 0)) > MAX_DIGITS)):
        source.fail(f"the number has more than {MAX_DIGITS} digits", token)
    if not power and "." not in mantissa:
        return int(mantissa)
    if math.isinf(float(token.sign)):
        source.fail("the number is too large", token, "It is at most ±1.8e308.")
    return Fraction(token.sign) if exact else float(token.sign)


def _small(result: Operand) -> Operand:
    """The result, if it is not exact with more digits than anyone can want (each product doubles them)."""
    if _bits(result) > MAX_DIGITS * BITS_A_DIGIT:
        raise OverflowError(f"the exact number here has more than {MAX_DIGITS:,} digits")
    return result


def _bits(x: Operand) -> int:
    number = _plain(x)
    return max(abs(number.numerator), number.denominator).bit_length() if isinstance(number, int | Fraction) else 0


# --- what an error shows -------------------------------------------------------------------------------------


def _did_you_mean(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1) if len(name) <= EXCERPT else []
    return f"Did you mean {close[0]!r}?" if close else ""


def _some(items: Sequence[str], show: Callable[[str], str] = str) -> str:
    """The first of them, for a list that has to be read."""
    return ", ".join([_shown(item, show) for item in items[:10]]) + (", …" if len(items) > 10 else "")


def _shown(name: str, show: Callable[[str], str] = str) -> str:
    return show(name if len(name) <= 40 else f"{name[:39]}…")


def _printable(line: str) -> str:
    """The line with a space for each tab and � for each character that would move or hide the others."""
    return "".join(c if c.isprintable() else " " if c == "\t" or c.isspace() else "�" for c in line)


def _point(line: str, start: int, end: int) -> str:
    """The line, or the part of it around a place, with carets under that place."""
    begin = max(0, start - EXCERPT // 2) if len(line) > EXCERPT else 0
    stop = begin + EXCERPT
    before = ("…" if begin else "") + line[begin:start]
    marked, after = line[start : min(end, stop)], line[min(end, stop) : stop] + ("…" if len(line) > stop else "")
    return f"  {before}{marked}{after}\n  {' ' * _columns(before)}{'^' * max(1, _columns(marked))}"


def _columns(text: str) -> int:
    """How wide a terminal shows a text: an accent of its own takes no column, a Chinese character two."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
