"""Expressions as text: Python's own parser reads them, an allow-list admits what a formula is made of, nothing is run.

A text goes through four steps: the signs of a lecture (×, ², √) become Python's, `ast` reads the result, the names
are looked up, and the operations are done. Only `ast` recurses, and what is too deep for it becomes an error.
"""

from __future__ import annotations

import ast
import inspect
import math
import unicodedata
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from micrograd_es.expression_errors import ExpressionError, did_you_mean, listed
from micrograd_es.expression_machine import Machine
from micrograd_es.expression_source import Source
from micrograd_es.expression_statements import CALLS, Statement, statements_of
from micrograd_es.functions import FUNCTIONS
from micrograd_es.maths import Number, as_number, counted
from micrograd_es.value import Value

__all__ = ["ExpressionError", "names", "parse"]

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
    statements = statements_of(source)
    given = _given(values, more, exact)
    _check_given(source, given, _free(source, statements, given))
    machine = Machine(source, given, exact, scopes)
    for statement in statements:
        result = machine.run(statement)
    return result


def names(text: str) -> tuple[str, ...]:
    """The names that an expression needs values for, in the order of their first use.

    >>> names("q = x + y; f = q * tanh(z)")
    ('x', 'y', 'z')
    """
    source = Source(text)
    return tuple(_free(source, statements_of(source), {}))


def _free(source: Source, statements: list[Statement], given: Mapping[str, Value]) -> dict[str, ast.Name]:
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
        expected = "at least 1 input" if many else counted(len(parameters), "input")
        base = name in ("log", "ln") and len(node.args) == 2 and not isinstance(node.args[0], ast.Constant)
        help_ = "For another base write log(x) / log(2)." if base else "A decimal has a point: 1.5."
        help_ = help_ if node.args else f"Write {name}({', '.join('xyz'[: 2 if many else len(parameters)])})."
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
