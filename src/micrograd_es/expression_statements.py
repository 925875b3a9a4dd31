"""The statements of an expression: an allow-list admits what a formula is made of, and gives it as steps in order."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from micrograd_es.expression_source import HELP, Source
from micrograd_es.functions import FUNCTIONS

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
CALLS = FUNCTIONS | {"σ": FUNCTIONS["sigmoid"], "ln": FUNCTIONS["log"], "sen": FUNCTIONS["sin"]}

REFUSED: dict[type[ast.AST], tuple[str, str]] = {
    ast.Assign: ("to the left of = there is one name", "As in q = x + y."),
    ast.Compare: ("a comparison is not a number", "One = gives a name to a result."),
    ast.BinOp: ("division is written with one /", "As in x / y."),
    ast.Tuple: ("a comma stands only between the inputs of a function", "A decimal has a point: 1.5."),
}


class Statement(NamedTuple):
    """One `name = expression`, or an expression alone, as its steps: the inputs of an operation before it."""

    target: ast.Name | None
    steps: list[ast.expr]


def statements_of(source: Source) -> list[Statement]:
    """The statements of a text. Raises ExpressionError for what is no part of an expression, and for no statement."""
    statements = []
    for node in source.tree().body:
        match node:
            case ast.Assign([ast.Name() as target], value):
                statements.append(Statement(target, _steps(source, value)))
            case ast.Expr(value):
                statements.append(Statement(None, _steps(source, value)))
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
        waiting += inputs_of(source, steps[-1])
    return steps[::-1]


def inputs_of(source: Source, node: ast.expr) -> list[ast.expr]:
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
