"""What a graph costs: the additions, multiplications and functions of the way forward, back, and of forward mode.

Nothing is estimated. The rows of the table of operations, and the two sweeps of the chain rule, are run once more with
numbers that count what is done with them, so a row of one's own counts by itself.

>>> x, y = Value(3.0, "x"), Value(4.0, "y")
>>> costs = cost(x * y + x, [x, y])
>>> print(costs.forward)
2 operations: 1 multiplication, 1 addition
>>> print(costs.backward)
3 operations: 2 multiplications, 1 addition
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum, log
from typing import Any

from micrograd_es import blocks
from micrograd_es.counting import COUNTING, Counted, Counts
from micrograd_es.graph import behind, between
from micrograd_es.jacobians import flat_values
from micrograd_es.nested import Nested
from micrograd_es.sweeps import backward, forward
from micrograd_es.value import Value


@dataclass(frozen=True)
class Cost:
    """What a graph costs: the numbers, their local gradients, and the two ways to the derivatives from those."""

    forward: Counts
    local: Counts
    backward: Counts
    forward_mode: Counts


def cost(outputs: Nested, inputs: Nested) -> Cost:
    """Count, on the graph behind the outputs, what computing it and differentiating it by the inputs takes.

    `forward` computes the numbers and `local` the local gradients on the same way; `backward` is reverse mode, from
    every output to all inputs, and `forward_mode` goes from all inputs at once to the outputs (lectures, B6). As by
    `jacobian` the graph is cut at the inputs. A row that hands the gradient on unchanged (add) multiplies nothing.

    >>> x, W = blocks.named("x", [1, 2]), blocks.named("W", [[3, 4], [5, 6]])
    >>> costs = cost(blocks.linear(x, W, [0, 0]), x)
    >>> print(costs.forward)
    8 operations: 4 multiplications, 4 additions

    Raises TypeError for what is no Value, and what `jacobian` raises.
    """
    ys, xs = flat_values(outputs, "outputs"), flat_values(inputs, "inputs")
    counts = Cost(Counts(), Counts(), Counts(), Counts())
    nodes = between(ys, xs)
    active = set(nodes)
    local: dict[Value, Sequence[Any]] = {}
    for node in behind(ys, xs):
        if node.op is not None:
            _run(node, counts.forward)
        if node in active:
            local[node] = _local(node, counts.local)
    backward(nodes, xs, _seeds(ys, counts.backward), lambda node: _recounted(local[node], counts.backward))
    forward(nodes, ys, _seeds(xs, counts.forward_mode), lambda node: _recounted(local[node], counts.forward_mode))
    return counts


def _run(node: Value, counts: Counts) -> None:
    """Run the row of a Value again, counting."""
    assert node.op is not None
    node.op.forward(COUNTING, *[Counted(x.number, counts) for x in node.inputs])


def _local(node: Value, counts: Counts) -> Sequence[Any]:
    """The local gradients of a Value, computed again, counting; those that are no counted numbers cost nothing."""
    assert node.op is not None
    if None in node.local and set(node.local) == {None}:
        return node.local  # the row has none here; a sweep that needs one says so
    numbers = [Counted(x.number, counts) for x in node.inputs]
    slopes: Sequence[Any] = node.op.local(COUNTING, Counted(node.number, counts), *numbers)
    return slopes


def _recounted(slopes: Sequence[Any], counts: Counts) -> Sequence[Any]:
    """The same local gradients, with what is done with them counted elsewhere."""
    return [Counted(slope.number, counts) if isinstance(slope, Counted) else slope for slope in slopes]


def _seeds(values: list[Value], counts: Counts) -> dict[Value, dict[int, Any]]:
    return {value: {i: Counted(1, counts)} for i, value in enumerate(values)}


# Growth with the size of the matrices


@dataclass(frozen=True)
class Growth:
    """Costs for growing n, and the exponents that they grow with."""

    sizes: tuple[int, ...]
    costs: tuple[Cost, ...]

    def totals(self, way: str) -> tuple[int, ...]:
        """The operations of one way ("forward", "backward", "forward_mode") for each size."""
        return tuple(getattr(each, way).total() for each in self.costs)

    @property
    def exponents(self) -> Mapping[str, float]:
        """The a of n^a for each way: the slope of the least-squares line in log-log."""
        return {way: exponent(self.sizes, self.totals(way)) for way in ("forward", "backward", "forward_mode")}


def growth(sizes: Iterable[int] = (4, 8, 16, 32), layers: int = 3) -> Growth:
    """The costs of a chain of layers n×n (linear, ReLU) with a squared error, by its n inputs, for growing n.

    A layer is a matrix by a vector on the way forward, and on the way back too; forward mode multiplies matrix by
    matrix in every layer but the first, to which only one input's rate comes in each column (lectures, B6).

    >>> {way: round(a) for way, a in growth([8, 16, 32]).exponents.items()}
    {'forward': 2, 'backward': 2, 'forward_mode': 3}

    Raises ValueError for fewer than two sizes, and for sizes and layers below 1.
    """
    ns = tuple(sizes)
    if len(set(ns)) < 2 or min(ns) < 1 or layers < 1:
        raise ValueError(
            f"growth was given sizes={ns} and layers={layers}; expected two different sizes or more, and all from 1 on."
            " Write growth([4, 8, 16], layers=3)."
        )
    return Growth(ns, tuple(cost(*chain(n, layers)) for n in ns))


def chain(n: int, layers: int) -> tuple[Value, list[Value]]:
    """The loss and the n inputs of a chain of layers n×n with numbers of their own, the same in every run.

    >>> loss, x = chain(3, layers=2)
    >>> loss.scope, len(x)
    (Scope('squared error'), 3)
    """
    rng = random.Random(n)
    x = blocks.named("x", [rng.uniform(-1, 1) for _ in range(n)])
    h = x
    for _ in range(layers):
        weights = [[rng.uniform(-1, 1) for _ in range(n)] for _ in range(n)]
        h = blocks.relu(blocks.linear(h, blocks.named("W", weights), [0.5] * n))
    return blocks.squared_error(h, [1.0] * n), x


def exponent(sizes: Sequence[float], counts: Sequence[float]) -> float:
    """The a of counts ≈ c·n^a by least squares in log-log.

    >>> round(exponent([1, 2, 4], [3, 12, 48]), 12)
    2.0
    """
    xs, ys = [log(n) for n in sizes], [log(count) for count in counts]
    x0, y0 = fsum(xs) / len(xs), fsum(ys) / len(ys)
    return fsum((x - x0) * (y - y0) for x, y in zip(xs, ys, strict=True)) / fsum((x - x0) ** 2 for x in xs)
