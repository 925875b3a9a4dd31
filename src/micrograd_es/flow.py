"""The chain rule over the graph, as pure functions: no Value is changed by asking.

`contribution = upstream × local` on every edge, and a Value's gradient is the sum over the edges that leave it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from micrograd_es.maths import LARGEST, Number

if TYPE_CHECKING:
    from micrograd_es.value import Value


def gradients(f: Value) -> dict[Value, Number]:
    """∂f/∂v for every Value v behind f, f included: a mapping from Value, by identity, to its gradient.

    >>> from micrograd_es import Value
    >>> x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    >>> gradient = gradients((x + y) * z)
    >>> gradient[x], gradient[y], gradient[z]
    (-4, -4, 3)

    Nothing is written to the Values; the mapping runs from f backwards. Raises ValueError or OverflowError, naming the
    operation, where a gradient is no finite real number (√x at 0).
    """
    shared = _shared(f)
    gradient: dict[Value, Any] = {f: 1}
    ready = [f]  # every edge that leaves these has been counted
    for node in ready:
        upstream = gradient[node]
        wires = iter(node.wires)
        for x in wires:
            local = next(wires)
            if local is None:
                _refuse_undefined(node, x)
                contribution = 0
            else:
                contribution = upstream * local
            if x in shared:  # a branch accumulates
                gradient[x] = gradient[x] + contribution if x in gradient else contribution
                shared[x] -= 1
                if shared[x]:
                    continue
            else:
                gradient[x] = contribution
            ready.append(x)
    for node in ready:
        if not node.wires and not -LARGEST <= gradient[node] <= LARGEST:  # what is not finite ends up in the leaves
            _refuse_overflow(gradient)
    return gradient


def _shared(f: Value) -> dict[Value, int]:
    """The Values behind f that feed more than one input, with the number of inputs that they feed."""
    counts: dict[Value, int] = {}
    seen = {f}
    found = [f]
    for node in found:
        for x in node.wires[::2]:
            if x in seen:
                counts[x] = counts.get(x, 1) + 1
            else:
                seen.add(x)
                found.append(x)
    return counts


def contributions(f: Value) -> dict[tuple[Value, int], Number | None]:
    """What every edge sends back: upstream × local, by (Value, number of the input).

    None where the operation has no local gradient for that input (the exponent of (−2)³: it is a constant).

    >>> from micrograd_es import Value
    >>> a = Value(3, "a")
    >>> f = a + a
    >>> contributions(f)[f, 0], contributions(f)[f, 1], gradients(f)[a]
    (1, 1, 2)
    """
    return {
        (node, i): None if local is None else upstream * local  # type: ignore[operator]
        for node, upstream in gradients(f).items()
        for i, local in enumerate(node.local)
    }


def tangents(f: Value, seeds: dict[Value, Number]) -> dict[Value, Number]:
    """Forward mode: how fast every Value behind f changes when the `seeds` change at the given rates.

    >>> from micrograd_es import Value
    >>> x, y = Value(3, "x"), Value(4, "y")
    >>> f = x * y
    >>> tangents(f, {x: 1})[f], tangents(f, {y: 1})[f]
    (4, 3)
    """
    from micrograd_es.graph import topological

    speed: dict[Value, Any] = {}
    for node in topological(f):
        total = seeds.get(node, 0)
        for x, local in zip(node.inputs, node.local, strict=True):
            if local is None:
                _refuse_undefined(node, x)
            else:
                total = total + local * speed[x]
        speed[node] = total
    return speed


def _refuse_undefined(node: Value, x: Value) -> None:
    """An input without a local gradient is an error unless nothing asks for it: constants have no gradient."""
    if not x.is_constant:
        raise ValueError(
            f"{written(node)} has no finite local gradient for its input {x.label or x.data};"
            " expected a point where the slope exists. Move the input away from it."
        )


def _refuse_overflow(gradient: dict[Value, Any]) -> None:
    """Name the first operation, from the output backwards, whose contribution is no finite number."""
    for node, upstream in gradient.items():
        for x, local in zip(node.inputs, node.local, strict=True):
            if local is not None and not x.is_constant and not -LARGEST <= upstream * local <= LARGEST:
                raise OverflowError(
                    f"the gradient at {written(node)} is too large: {upstream} × {local};"
                    " expected at most ±1.8e308. Scale the inputs."
                )


def written(node: Value) -> str:
    """An operation with its inputs' names and numbers, for an error."""
    assert node.op is not None
    return f"{node.op.name}({', '.join(f'{x.label} = {x.data}' if x.label else str(x.data) for x in node.inputs)})"
