"""The operations of an expression, done step by step on a stack; an error points at its place in the text."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from micrograd_es.expression_errors import pointed
from micrograd_es.expression_source import MAX_DIGITS, Source
from micrograd_es.expression_statements import CALLS, OPERATIONS, Statement, inputs_of
from micrograd_es.maths import LARGEST
from micrograd_es.scopes import scope
from micrograd_es.value import Constant, Value

MAX_EXPONENT = 1_000
MAX_BITS = 997  # MAX_DIGITS in binary
MAX_CALL_BITS = 30_000  # of all exact inputs of one call: a product of thousands of long fractions takes minutes


class Machine:
    """A stack machine: each step takes its inputs off the stack and puts its result there."""

    def __init__(self, source: Source, given: Mapping[str, Value], exact: bool, scopes: bool) -> None:
        self.source = source
        self.exact, self.scopes = exact, scopes
        self.values = dict(given)
        self.given = frozenset(given.values())

    def run(self, statement: Statement) -> Value:
        """The result of a statement, in a scope of its name where that was asked for."""
        if self.scopes and statement.target:
            with scope(statement.target.id):
                return self.done(statement)
        return self.done(statement)

    def done(self, statement: Statement) -> Value:
        """The result of a statement, which its name stands for from then on."""
        stack: list[Value] = []
        for node in statement.steps:
            if isinstance(node, ast.Name):
                stack.append(self.values[node.id])
            elif isinstance(node, ast.Constant):
                stack.append(self.number(node))
            else:
                first = len(stack) - len(inputs_of(self.source, node))
                stack[first:] = [self.apply(node, stack[first:])]
        result = stack[0]
        if target := statement.target:
            self.values[target.id] = result
            if not result.label and result not in self.given:
                result.label = target.id
        return result

    def number(self, node: Any) -> Constant:
        """A number of the text."""
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
