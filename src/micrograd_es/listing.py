"""A graph as text: one line for each Value, with its number and its gradient."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import TYPE_CHECKING

from micrograd_es.flow import gradients
from micrograd_es.graph import topological

if TYPE_CHECKING:
    from micrograd_es.value import Value


def listing(f: Value) -> str:
    """The graph behind f, one line a Value, inputs first: what it is, its number, and ∂f/∂ of it.

    >>> from micrograd_es import Value
    >>> x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    >>> print(listing((x + y) * z))
    x = -2    gradient -4
    y = 5    gradient -4
    v1 = add(x, y) = 3    gradient -4
    z = -4    gradient 3
    v2 = mul(v1, z) = -12    gradient 1

    What has no label, or one that another Value has too, gets a number. Raises what `gradients` raises.
    """
    slopes = gradients(f)
    order = topological(f)
    labels = Counter(node.label for node in order)
    taken = set(labels)
    numbered = (name for number in count(1) if (name := f"v{number}") not in taken)
    names: dict[Value, str] = {}
    lines = []
    for node in order:
        if node.is_constant and not node.label:
            names[node] = str(node.number)
            continue
        unique = node.label and labels[node.label] == 1 and node.label.isprintable()
        names[node] = node.label if unique else next(numbered)
        made = f" = {node.op.name}({', '.join([names[x] for x in node.inputs])})" if node.op else ""
        lines.append(f"{names[node]}{made} = {node.number}    gradient {slopes[node]}")
    return "\n".join(lines)
