"""The table of operations compiled for single numbers: a row, read with symbols, writes the function that runs it.

A rule stands once, in its row. For the common case (one input, two or three, ordinary numbers) the row's formulas are
written out as Python source and compiled once at import, as dataclasses do with their methods; that is what makes
the eager graph fast. Everything else (more inputs, exact numbers where a formula needs a function of floats, and
every error) goes through `general` of `micrograd_es.value`, which reads the same row with `NUMBERS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

from micrograd_es.maths import LARGEST, NUMBERS
from micrograd_es.numpy_calls import is_array_of_values
from micrograd_es.ops import Op
from micrograd_es.scopes import CURRENT, OPENED, OUTSIDE
from micrograd_es.symbols import SYMBOLS, Symbol

F = TypeVar("F", bound=Callable[..., Any])

# What a compiled formula may call, under the names that symbols write. All of them expect floats.
FUNCTIONS: dict[str, Any] = {name: getattr(math, name) for name in ("exp", "log", "tanh", "sin", "cos", "sqrt")}
FUNCTIONS |= {name: getattr(NUMBERS, name) for name in ("sigmoid", "softplus", "sign", "relu", "step", "where")}
FUNCTIONS |= {"abs": abs, "max": max, "min": min}
_ANY_NUMBER = {"+", "-", "*", "/", "neg", "abs", "max", "min", "is", "is not"}  # forms that exact numbers have too

_SLOTS = ("first", "along_first", "second", "along_second")  # of a Value; what follows is one tuple

_MANY = """\
def run(*xs):
    return general(op, tuple([x if isinstance(x, Value) else as_value(x, op) for x in xs]))
"""

_FEW = """\
def run({parameters}):
{inputs}
    try:
        if {conditions}:
            node = new(Value)
            node.number = z
{slots}
            node.slope = 0
            if opened:
                here = origins()
                node.origin = outside if here is everywhere else here[op]
            else:
                node.origin = outside
            return node
    except (ArithmeticError, ValueError, TypeError):
        pass
    return general(op, ({nodes},))
"""

_FINITE = f"{-LARGEST!r} <= ({{}} := {{}}) <= {LARGEST!r}"

_SELF = """\
    self_ = self.number"""

_INPUT = """\
    if {x}.__class__ is not Value and not isinstance({x}, Value):
        {x} = as_value({x}, op, {each!r})
    {x}_ = {x}.number"""

_OTHER = """\
    if other.__class__ is not Value and not isinstance(other, Value):
        try:
            other = as_value(other, op, {each!r})
        except TypeError:
            if is_array_of_values(other):
                return NotImplemented  # NumPy takes it entry by entry
            raise
    other_ = other.number"""

_NAMED = {"self": _SELF, "other": _OTHER}  # of a method; what a function is given may be a number
_SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**"}  # by the row, what Python writes between two


def eager(row: Op, *, swapped: bool = False) -> Callable[[F], F]:
    """Replace a documented declaration by the function that runs the row, compiled for its number of parameters.

    The declaration keeps its name, signature and docstring. With `swapped` the first parameter is the second input
    (the reflected operators). A declaration with `*xs` runs the row on any number of inputs.
    """

    def compiled(declaration: F) -> F:
        parameters = declaration.__code__.co_varnames[: declaration.__code__.co_argcount]
        source = _few(row, declaration.__name__, parameters, swapped) if parameters else _MANY
        function = _bound(source, row, declaration.__globals__)
        for attribute in ("__doc__", "__module__", "__name__", "__qualname__", "__annotations__"):
            setattr(function, attribute, getattr(declaration, attribute))
        function.__wrapped__ = declaration  # so that help() shows the declared signature
        return cast(F, function)

    return compiled


def _few(row: Op, name: str, parameters: tuple[str, ...], swapped: bool) -> str:
    """The source of the function for a fixed number of inputs."""
    nodes = parameters[::-1] if swapped else parameters
    numbers = [Symbol(f"{x}_") for x in nodes]
    forward = row.forward(SYMBOLS, *numbers)
    local = row.local(SYMBOLS, Symbol("z"), *numbers)
    conditions = [*_kinds(nodes, (forward, *local)), _FINITE.format("z", forward.source())]
    wires: list[str] = []
    for x, formula in zip(nodes, local, strict=True):
        slope = formula.source() if isinstance(formula, Symbol) else repr(formula)
        if _can_overflow(formula):
            conditions.append(_FINITE.format(f"along_{x}", slope))
            slope = f"along_{x}"
        wires += [x, slope]
    slots = dict.fromkeys(_SLOTS, "None") | dict(zip(_SLOTS, wires, strict=False))
    slots["others"] = f"({', '.join(wires[len(_SLOTS) :])})"
    return _FEW.format(
        parameters=", ".join(parameters),
        inputs="\n".join(_NAMED.get(x, _INPUT).format(x=x, each=_for_each(row, name, nodes, x)) for x in parameters),
        conditions=" and ".join(conditions),
        slots="\n".join(f"            node.{slot} = {source}" for slot, source in slots.items()),
        nodes=", ".join(nodes),
    )


def _for_each(row: Op, name: str, nodes: tuple[str, ...], many: str) -> str:
    """What to write where one of the inputs is given as many numbers: the same for each of them."""
    if row.name in _SIGNS:
        once, many = f" {_SIGNS[row.name]} ".join("v" if x == many else "w" for x in nodes), "x"
    else:
        once = f"{name}({', '.join('v' if x == many else x for x in nodes)})"
    return f"[{once} for v in {many}]"


def _kinds(nodes: tuple[str, ...], formulas: tuple[object, ...]) -> list[str]:
    """The conditions on the kinds of the inputs' numbers under which the compiled formulas are the row."""
    kinds = [f"{x}_.__class__" for x in nodes]
    if not all(map(_for_any_number, formulas)):
        whole = " or {} is int" if len(nodes) == 2 else ""  # x**2; `where` gives one of its inputs, as a float
        return [f"{kinds[0]} is float", *[f"({kind} is float{whole.format(kind)})" for kind in kinds[1:]]]
    if len(nodes) == 2 and any(map(_can_overflow, formulas)):  # 1/3 in the slope of x/3 is exact only as x's kind
        return [f"({kinds[0]} is {kinds[1]} or {kinds[0]} is float or {kinds[1]} is float)"]
    return []


def _for_any_number(formula: object) -> bool:
    """Whether the formula means the same for int, float, Fraction and Decimal."""
    if not isinstance(formula, Symbol) or not formula.parts:
        return True
    return formula.form in _ANY_NUMBER and all(_for_any_number(part) for part in formula.parts)


def _can_overflow(formula: object) -> bool:
    """Whether the formula can be infinite where the row's result is finite: only by dividing, or by a power."""
    return isinstance(formula, Symbol) and (formula.form in ("/", "**") or any(map(_can_overflow, formula.parts)))


def _bound(source: str, row: Op, module: dict[str, Any]) -> Any:
    """Compile the source as a function of the module, with the row and the functions of its formulas bound to it."""
    names = {"op": row, "new": object.__new__, "opened": OPENED, "origins": CURRENT.get}
    names |= {"everywhere": OUTSIDE, "outside": OUTSIDE[row]}
    names |= FUNCTIONS | {"is_array_of_values": is_array_of_values}
    indented = "".join(f"    {line}\n" for line in source.splitlines())
    factory: dict[str, Any] = {}
    exec(compile(f"def bind({', '.join(names)}):\n{indented}    return run", f"<{row.name}>", "exec"), module, factory)
    return factory["bind"](**names)
