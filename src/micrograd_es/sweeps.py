"""The chain rule for many outputs or many inputs in one walk: reverse mode and forward mode between two cuts.

A sweep goes over the Values `between` inputs and outputs and carries, at every Value, one number for each seed: a row
of the Jacobian on the way back, a column of it on the way forward. An entry that is not there is a 0 that nothing has
to be done for. What the numbers are is left open: plain numbers, Values (which makes second derivatives), numbers that
count what is done with them (which is how `cost` counts).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from micrograd_es.flow import undefined, written
from micrograd_es.value import Value

Carried = dict[Value, dict[int, Any]]  # at a Value, by the number of the seed
Locals = Callable[[Value], Sequence[Any]]


def held(node: Value) -> Sequence[Any]:
    """The local gradients that a Value holds since the way forward."""
    return node.wires[1::2]


def backward(nodes: Sequence[Value], inputs: Iterable[Value], seeds: Carried, local: Locals = held) -> Carried:
    """Reverse mode: the seeds stand at outputs, and each Value hands upstream × local to what it was made from.

    `nodes` is `between(outputs, inputs)`. Gives what arrives at the inputs.

    >>> x, y = Value(3, "x"), Value(4, "y")
    >>> product, total = x * y, x + y
    >>> backward([product, total], [x, y], {product: {0: 1}, total: {1: 1}})[x]
    {1: 1, 0: 4}

    Raises ValueError where an operation on the way has no local gradient (√x at 0), and OverflowError.
    """
    active = {*nodes, *inputs}
    carried = {node: dict(rows) for node, rows in seeds.items() if node in active}
    for node in reversed(nodes):
        upstream = carried.pop(node, None)
        if upstream is None:
            continue
        for x, slope in _slopes(node, active, local):
            _add_products(carried.setdefault(x, {}), upstream, slope, node)
    return carried


def forward(nodes: Sequence[Value], outputs: Iterable[Value], seeds: Carried, local: Locals = held) -> Carried:
    """Forward mode: the seeds stand at inputs, and each Value gathers local × speed from what it was made from.

    `nodes` is `between(outputs, inputs)`. Gives what arrives at the outputs; what nothing needs any more is dropped.

    >>> x, y = Value(3, "x"), Value(4, "y")
    >>> product = x * y
    >>> forward([product], [product], {x: {0: 1}, y: {1: 1}})[product]
    {0: 4, 1: 3}

    Raises what `backward` raises.
    """
    active = {*nodes, *seeds}
    kept = set(outputs)
    last = {x: node for node in nodes for x in node.inputs if x not in kept}
    carried = dict(seeds)
    for node in nodes:
        gathered: dict[int, Any] = {}
        for x, slope in _slopes(node, active, local):
            _add_products(gathered, carried[x], slope, node)
        carried[node] = gathered
        for x in node.inputs:
            if last.get(x) is node:
                carried.pop(x, None)
    return carried


def _slopes(node: Value, active: set[Value], local: Locals) -> Iterable[tuple[Value, Any]]:
    """The inputs of a Value that a sweep reaches, with the local gradient for each."""
    wires = node.wires
    for i, slope in enumerate(local(node)):
        x = wires[2 * i]
        if x in active:
            if wires[2 * i + 1] is None:
                raise undefined(node, x)
            yield x, slope


def _add_products(total: dict[int, Any], carried: dict[int, Any], slope: Any, node: Value) -> None:
    """total += carried × slope, for every seed."""
    try:
        for i, number in carried.items():
            product = number * slope
            total[i] = total[i] + product if i in total else product
    except ArithmeticError:
        raise OverflowError(
            f"the derivative at {written(node)} is too large; expected at most ±1.8e308. Scale the inputs."
        ) from None
