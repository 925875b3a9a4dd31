"""Expressions as text: Python's own parser reads them, an allow-list admits what a formula is made of, nothing is run.

A text goes through four steps: the signs of a lecture (×, ², √) become Python's, `ast` reads the result, the names
are looked up, and the operations are done. Only `ast` recurses, and what is too deep for it becomes an error.
"""

from __future__ import annotations

import ast
import inspect
import math
import operator
import unicodedata
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple, NoReturn

from micrograd_es.expression_errors import ExpressionError, did_you_mean, listed, pointed
from micrograd_es.expression_source import HELP, MAX_DIGITS, Source
from micrograd_es.functions import FUNCTIONS
from micrograd_es.maths import LARGEST, Number, as_number
from micrograd_es.scopes import scope
from micrograd_es.value import Constant, Value

__all__ = ["ExpressionError", "names", "parse"]

MAX_EXPONENT = 1_000
MAX_BITS = 997  # MAX_DIGITS in binary
MAX_CALL_BITS = 30_000  # of all exact inputs of one call: a product of thousands of long fractions takes minutes

OPERATIONS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Await: FUNCTIONS["sqrt"],
}
INSTEAD = {  # of names and functions that are none here: what to write
    "e": "For e^x write exp(x).",
    "π": f"For π write {math.pi}.",
    "pi": f"For π write {math.pi}.",
    "tan": "For tan(x) write sin(x) / cos(x).",
    "tg": "For tan(x) write sin(x) / cos(x).",
    "raiz": "For the square root write sqrt(x), or √x.",
    "raíz": "For the square root write sqrt(x), or √x.",
    "senh": "For sinh(x) write (exp(x) - exp(-x)) / 2.",
    "sinh": "For sinh(x) write (exp(x) - exp(-x)) / 2.",
    "cosh": "For cosh(x) write (exp(x) + exp(-x)) / 2.",
    "log10": "For this base write log(x) / log(10).",
    "log2": "For this base write log(x) / log(2).",
    "seno": "For the sine write sin(x), or sen(x).",
}
CALLS = FUNCTIONS | {"σ": FUNCTIONS["sigmoid"], "ln": FUNCTIONS["log"], "sen": FUNCTIONS["sin"]}

REFUSED: dict[type[ast.AST], tuple[str, str]] = {
    ast.Assign: ("to the left of = there is one name", "As in q = x + y."),
    ast.Compare: ("a comparison is not a number", "One = gives a name to a result."),
    ast.BinOp: ("division is written with one /", "As in x / y."),
    ast.Tuple: ("a comma stands only between the inputs of a function", "A decimal has a point: 1.5."),
}


def parse(
    text: str,
    values: Mapping[str, Number | Value] | None = None,
    /,
    *,
    exact: bool = False,
    scopes: bool = False,
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
    `w₁` is the name `w1`. Decimals have a point: a comma separates inputs.

    >>> parse("√(a² + b²)", a=3, b=4).data
    5.0

    With `exact=True` the numbers of the text and the integers given are fractions.

    >>> parse("x + 0.1", x=0, exact=True).data
    Fraction(1, 10)

    With `scopes=True` each named step is a scope of that name, which a figure can fold into one gate.

    >>> parse("q = x + y; f = q * z", x=-2, y=5, z=-4, scopes=True).inputs[0].scope
    Scope('q')

    Operators bind as in Python: `-x**2` is −(x²) and `a**b**c` is a**(b**c). A name has one meaning: it cannot be
    given twice, and a value or a step that nothing uses is an error, because it is nearly always a typing mistake.
    A `Value` that is given enters as it is and keeps its own label. Arithmetic among numbers only is done at once.

    Args:
        text: at most 4,000 characters, with parentheses at most 200 deep.
        values: a number or a `Value` for each name; the same as the keywords `more`, for any name (also `exact`).
        exact: whether the numbers are fractions.
        scopes: whether named steps are scopes.

    Raises:
        ExpressionError: the text is no expression, or a name has no value, or a limit is passed. A constant
            exponent is at most 1,000 in size, and an integer or a fraction has at most 300 digits.
        TypeError: the text is no text, or a value is no number.
        ZeroDivisionError, ValueError, OverflowError: an operation has no result; the message points at it.
    """
    source = Source(text)
    statements = _statements(source)
    given = _given(values, more, exact)
    _check_given(source, given, _free(source, statements, given))
    machine = _Machine(source, given, exact, scopes)
    for statement in statements:
        result = machine.run(statement)
    return result


def names(text: str) -> tuple[str, ...]:
    """The names that an expression needs values for, in the order of their first use.

    >>> names("q = x + y; f = q * tanh(z)")
    ('x', 'y', 'z')
    """
    source = Source(text)
    return tuple(_free(source, _statements(source), {}))


class _Statement(NamedTuple):
    """One `name = expression`, or an expression alone, as its steps: the inputs of an operation before it."""

    target: ast.Name | None
    steps: list[ast.expr]


def _statements(source: Source) -> list[_Statement]:
    statements = []
    for node in source.tree().body:
        match node:
            case ast.Assign([ast.Name() as target], value):
                statements.append(_Statement(target, _steps(source, value)))
            case ast.Expr(value):
                statements.append(_Statement(None, _steps(source, value)))
            case _:
                _refuse_kind(source, node)
    if not statements:
        source.fail("the expression is empty", (0, 1), 'Write one such as "(x + y) * z".')
    return statements


def _steps(source: Source, root: ast.expr) -> list[ast.expr]:
    """The nodes of a tree, inputs first, without recursion: a + a + … leans to the left, and is deep."""
    waiting, steps = [root], []
    while waiting:
        steps.append(waiting.pop())
        waiting += _inputs(source, steps[-1])
    return steps[::-1]


def _inputs(source: Source, node: ast.expr) -> list[ast.expr]:
    """The allow-list: the inputs of a node that an expression may have, and an error for any other node."""
    inputs: list[ast.expr] = []
    match node:
        case ast.Name() | ast.Constant():  # the words True and None are refused before
            pass
        case ast.BinOp(left, op, right) if type(op) in OPERATIONS:
            inputs = [left, right]
        case ast.UnaryOp(op, operand) if type(op) in OPERATIONS:
            inputs = [operand]
        case ast.Await(value):
            inputs = [value]
        case ast.Call(ast.Name(), arguments, []):
            inputs = arguments
        case _:
            _refuse_kind(source, node)
    return inputs


def _refuse_kind(source: Source, node: Any) -> NoReturn:
    source.refuse(node, *REFUSED.get(type(node), ("this is no part of an expression", HELP)))


def _free(source: Source, statements: list[_Statement], given: Mapping[str, Value]) -> dict[str, ast.Name]:
    """The names that no statement defines, each with its first use; and every check that needs no values."""
    free: dict[str, ast.Name] = {}
    defined: dict[str, ast.Name] = {}
    used: set[str] = set()
    for target, steps in statements:
        for node in steps:
            if isinstance(node, ast.Call):
                _check_call(source, node)
            elif isinstance(node, ast.Name):
                used.add(node.id)
                if node.id not in defined:
                    free.setdefault(node.id, node)
        if target and (target.id in defined or target.id in free or target.id in given):
            source.refuse(target, f"{target.id!r} has a meaning already", "Take another name, or define it first.")
        if target:
            defined[target.id] = target
    for name, name_node in (free | defined).items():
        if name in FUNCTIONS:
            help_ = f"Write {name}(…), or take another name."
            source.refuse(name_node, f"{name!r} is a function, not a value", help_)
    for target, steps in statements[:-1]:
        if not target or target.id not in used:
            what = f"nothing uses {target.id!r}" if target else "nothing uses this step"
            source.refuse(target or steps[-1], what, "The last statement is the result; use the others in it.")
    return free


def _check_call(source: Source, node: Any) -> None:
    name = node.func.id
    if name not in CALLS:
        help_ = INSTEAD.get(name) or did_you_mean(name, FUNCTIONS) or f"To multiply, write {listed([name])} * (…)."
        source.refuse(node, f"unknown function {listed([name], repr)}", f"{help_} Functions: {', '.join(FUNCTIONS)}.")
    parameters = inspect.signature(CALLS[name]).parameters.values()
    many = any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters)
    if len(node.args) != len(parameters) and not (many and node.args):
        expected = "at least 1 input" if many else f"{len(parameters)} input{'s' * (len(parameters) != 1)}"
        base = name in ("log", "ln") and len(node.args) == 2 and not isinstance(node.args[0], ast.Constant)
        help_ = "For another base write log(x) / log(2)." if base else "A decimal has a point: 1.5."
        source.refuse(node, f"{name} takes {expected}, not {len(node.args)}", help_)


def _given(
    values: Mapping[str, Number | Value] | None, more: Mapping[str, Number | Value], exact: bool
) -> dict[str, Value]:
    """The leaf for each name, which is written as Python writes it (NFKC); a Value is its own leaf."""
    if not isinstance(exact, bool):
        raise TypeError(f"exact is {exact!r}; expected True or False. For a name: parse(text, {{'exact': {exact!r}}}).")
    given: dict[str, Value] = {}
    for key, value in [*dict(values or {}).items(), *more.items()]:
        name = unicodedata.normalize("NFKC", key)
        if name in given:
            raise TypeError(f"the name {name!r} is given twice. Leave one of its values out.")
        if not isinstance(value, Value):
            number = as_number(value, name)
            value = Value(Fraction(number) if exact and isinstance(number, int) else number, name)
        given[name] = value
    return given


def _check_given(source: Source, given: Mapping[str, Value], free: Mapping[str, ast.Name]) -> None:
    """Every free name has a value, and every value is used."""
    if missing := [name for name in free if name not in given]:
        have = f"Given are {listed(list(given))}." if given else "No values are given."
        nearest = INSTEAD.get(missing[0]) or did_you_mean(missing[0], given)
        write = f"Write {listed([f'{name}=…' for name in missing])} next to the expression."
        message = f"unknown name {listed(missing[:1], repr)} in the expression"
        source.refuse(free[missing[0]], message, " ".join(filter(None, (have, nearest, write))))
    if unused := [name for name in given if name not in free]:
        message = f"a value is given for {listed(unused, repr)}, and nothing uses it"
        source.fail(message, (0, len(source.typed)), f"Leave {listed(unused)} out, or use it in the expression.")


class _Machine:
    """A stack machine: each step takes its inputs off the stack and puts its result there."""

    def __init__(self, source: Source, given: Mapping[str, Value], exact: bool, scopes: bool) -> None:
        self.source = source
        self.exact, self.scopes = exact, scopes
        self.values = dict(given)
        self.given = frozenset(given.values())

    def run(self, statement: _Statement) -> Value:
        if self.scopes and statement.target:
            with scope(statement.target.id):
                return self.done(statement)
        return self.done(statement)

    def done(self, statement: _Statement) -> Value:
        stack: list[Value] = []
        for node in statement.steps:
            if isinstance(node, ast.Name):
                stack.append(self.values[node.id])
            elif isinstance(node, ast.Constant):
                stack.append(self.number(node))
            else:
                first = len(stack) - len(_inputs(self.source, node))
                stack[first:] = [self.apply(node, stack[first:])]
        result = stack[0]
        if target := statement.target:
            self.values[target.id] = result
            if not result.label and result not in self.given:
                result.label = target.id
        return result

    def number(self, node: Any) -> Constant:
        if not node.value <= LARGEST:
            self.source.refuse(node, "the number is too large", "It is at most 1.8e308.")
        start, end = self.source.extent(node) if self.exact else (0, 0)
        return Constant(Fraction(self.source.python[start:end]) if self.exact else node.value)

    def apply(self, node: Any, inputs: list[Value]) -> Value:
        """The gate for one step; of plain numbers alone, the number."""
        kind = type(getattr(node, "op", node))
        if kind is ast.Pow:
            self.check_exponent(node, *inputs)
        function = CALLS[node.func.id] if kind is ast.Call else OPERATIONS[kind]
        try:
            if sum(map(_bits, inputs)) > MAX_CALL_BITS:
                raise OverflowError("the exact numbers here have too many digits together")
            result: Value = function(*inputs)
            if _bits(result) > MAX_BITS:
                raise OverflowError(f"the exact number here has more than {MAX_DIGITS} digits")
        except (ArithmeticError, ValueError, TypeError) as error:
            error.args = (f"{error}\n{pointed(self.source.typed, *self.source.place(node))}",)
            raise
        is_number = all(x.is_constant and not x.label for x in inputs)
        return Constant(result.number) if is_number else result

    def check_exponent(self, node: ast.BinOp, base: Value, exponent: Value) -> None:
        """A power of floats is quick and at worst too large; an exact one, or a constant, is looked at before."""
        if (exponent.is_constant or _bits(base)) and not -MAX_EXPONENT <= exponent.number <= MAX_EXPONENT:
            self.source.refuse(node, f"the exponent is larger than {MAX_EXPONENT:,}", "Take a smaller power.")


def _bits(x: Value) -> int:
    """How long an exact number is; 0 for a float or a Decimal."""
    number = x.number
    return max(abs(number.numerator), number.denominator).bit_length() if isinstance(number, int | Fraction) else 0
