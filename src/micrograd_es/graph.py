"""Walks over the graph behind a Value. No recursion anywhere: a chain of a million nodes is as good as one of three."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from micrograd_es.value import Value


def check_value(f: Value) -> None:
    """Raise TypeError where f is no Value, before anything else goes wrong with it."""
    if not hasattr(type(f), "wires"):
        raise TypeError(
            f"a graph was expected to end in a Value; got {f!r} ({type(f).__name__}). Give the Value that it computes."
        )


def uses(f: Value) -> dict[Value, int]:
    """Every Value that f was computed from, with the number of inputs that it feeds; f itself first, with 0.

    >>> from micrograd_es import Value
    >>> x = Value(3, "x")
    >>> f = x * x + 1
    >>> uses(f)[x], uses(f)[f], len(uses(f))
    (2, 0, 4)
    """
    check_value(f)
    counts = {f: 0}
    found = [f]
    while found:
        for x in found.pop().inputs:
            if x in counts:
                counts[x] += 1
            else:
                counts[x] = 1
                found.append(x)
    return counts


def topological(f: Value) -> list[Value]:
    """The Values behind f, each one's inputs before it and f last, in the order in which a reader meets them.

    That order is depth first, an operation's first input before its second: it depends on the graph alone.

    >>> from micrograd_es import Value
    >>> x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    >>> [v.label or v.op.name for v in topological((x + y) * z)]
    ['x', 'y', 'add', 'z', 'mul']
    """
    check_value(f)
    return behind([f])


def between(outputs: Iterable[Value], inputs: Iterable[Value], fixed: Iterable[Value] = ()) -> list[Value]:
    """What operations made from the inputs on the way to the outputs, each one's inputs before it.

    The graph is cut at the inputs and at what is `fixed`: they are not in the list, and neither is what they were
    computed from, unless it lies on another way from an input to an output.

    >>> from micrograd_es import Value
    >>> x, y = Value(2, "x"), Value(3, "y")
    >>> q = x * y
    >>> f = q + y
    >>> between([f], [q]) == [f], between([f], [y]) == [q, f], between([f], [q, x]) == [f]
    (True, True, True)
    """
    reached = set(inputs)
    found = []
    for node in behind(outputs, reached.union(fixed)):
        if not reached.isdisjoint(node.inputs):
            reached.add(node)
            found.append(node)
    return found


def behind(outputs: Iterable[Value], cut: Iterable[Value] = ()) -> list[Value]:
    """What the outputs were computed from, each Value's inputs before it and the outputs too; `topological` of several.

    The Values of `cut` are left out, and what only they were computed from.

    >>> from micrograd_es import Value
    >>> x, y = Value(2, "x"), Value(3, "y")
    >>> q = x * y
    >>> f = q + y
    >>> behind([q, f]) == [x, y, q, f], behind([q, f], [q]) == [y, f]
    (True, True)
    """
    order: list[Value] = []
    opened: set[Value] = set(cut)
    closed: set[Value] = set()
    stack = [root for root in reversed(list(outputs)) if root not in opened]
    while stack:
        node = stack[-1]
        if node in opened:  # its inputs are all in the order by now
            stack.pop()
            if node not in closed:
                closed.add(node)
                order.append(node)
        else:
            opened.add(node)
            stack.extend([x for x in node.inputs[::-1] if x not in opened])
    return order


def leaves(f: Value) -> list[Value]:
    """The Values behind f that no operation made, in order of first use; constants are not among them.

    >>> from micrograd_es import Value
    >>> x, y = Value(2, "x"), Value(3, "y")
    >>> leaves(y * x + 1)
    [Value(3, label='y'), Value(2, label='x')]
    """
    return [node for node in topological(f) if node.op is None and not node.is_constant]
