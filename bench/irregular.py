"""W6: random expressions with forks, in which every operation of the table stands; no dense structure to find.

They are plain data, and a peer reads them with its own mathematics through the rows of the table, as everything does.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial, reduce
from operator import add, mul
from typing import Any

INPUTS, PARAMETERS = 8, 8


class Maths:
    """What the rows of the table call, from the functions of a library: NumPy's names, or others that are given."""

    def __init__(self, library: Any, **others: Any) -> None:
        for name in ("exp", "log", "log1p", "tanh", "sin", "cos", "sqrt", "abs", "maximum", "minimum"):
            setattr(self, name, others.get(name) or getattr(library, name))
        self.choose: Callable[..., Any] = others.get("where") or library.where

    def sigmoid(self, x: Any) -> Any:
        return 1 / (1 + self.exp(-x))  # type: ignore[attr-defined]

    def softplus(self, x: Any) -> Any:
        return self.log1p(self.exp(x))  # type: ignore[attr-defined]

    def relu(self, x: Any) -> Any:
        return self.maximum(x, 0.0)  # type: ignore[attr-defined]

    def where(self, c: Any, x: Any, y: Any) -> Any:
        return self.choose(c > 0, x, y)

    def power(self, x: Any, y: Any) -> Any:
        return x**y

    def sum(self, xs: Sequence[Any]) -> Any:
        return reduce(add, xs)

    def prod(self, xs: Sequence[Any]) -> Any:
        return reduce(mul, xs)

    def max(self, xs: Sequence[Any]) -> Any:
        return reduce(self.maximum, xs)  # type: ignore[attr-defined]

    def min(self, xs: Sequence[Any]) -> Any:
        return reduce(self.minimum, xs)  # type: ignore[attr-defined]

    def log_sum_exp(self, xs: Sequence[Any]) -> Any:
        top = self.max(xs)
        return top + self.log(self.sum([self.exp(x - top) for x in xs]))  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Irregular:
    """An expression of `size` operations, of 8 inputs and 8 parameters, for `rows` rows of inputs.

    The value is the mean over the rows; the gradient is that of the parameters.
    """

    size: int
    rows: int = 1_000

    @cached_property
    def inputs(self) -> Any:
        """The numbers of the inputs: a row for each example."""
        import numpy as np

        return np.random.default_rng(2).uniform(-1, 1, (self.rows, INPUTS))

    @cached_property
    def parameters(self) -> list[float]:
        """The numbers of the parameters."""
        r = random.Random(3)
        return [r.uniform(0.5, 1.5) for _ in range(PARAMETERS)]

    @cached_property
    def nodes(self) -> list[tuple[str, tuple[int, ...]]]:
        """The operations, inputs first: the name of a row, and the numbers of its inputs.

        Inputs are numbered before parameters, and these before the operations. The last one adds all that nothing uses.
        """
        return _Writer(self).nodes

    def evaluated(
        self, maths: Any, inputs: Sequence[Any], parameters: Sequence[Any], own: Mapping[str, Any] | None = None
    ) -> Any:
        """The result of the expression in some mathematics; `own` are functions in place of rows."""
        from micrograd_es.ops import OPS

        rules = {name: partial(row.forward, maths) for name, row in OPS.items()} | dict(own or {})
        made = [*inputs, *parameters]
        for name, xs in self.nodes:
            made.append(rules[name](*[made[x] for x in xs]))
        return made[-1]


class _Writer:
    """Writes an expression, and computes it as it goes, so that every operation is given numbers of its domain."""

    def __init__(self, work: Irregular) -> None:
        import numpy as np

        from micrograd_es.ops import OPS

        self.random, self.maths, self.table = random.Random(work.size), Maths(np), OPS
        self.made = [*work.inputs.T, *(np.full(work.rows, p) for p in work.parameters)]
        self.nodes: list[tuple[str, tuple[int, ...]]] = []
        self.unused: set[int] = set(range(len(self.made)))
        names, turn = list(OPS), 0
        while len(self.nodes) < work.size - 4:  # an operation, and up to three to tame its inputs
            row = OPS[names[turn % len(names)]]
            turn += 1
            count = row.arity or self.random.choice((2, 2, 2, 3, 5))
            domain = row.domain * count if len(row.domain) < count else row.domain
            self.write(row.name, *[self.tamed(self.picked(), low > 0) for low, _ in domain[:count]])
        while len(self.nodes) < work.size - 1:
            self.write("sin", self.picked())
        self.write("add", *sorted(self.unused))

    def picked(self) -> int:
        """One of the newer numbers, more often than not: of the newest hundred or the newest tenth."""
        newest = max(100, len(self.made) // 10)
        return self.random.randrange(max(0, len(self.made) - newest), len(self.made))

    def write(self, name: str, *xs: int) -> int:
        """Add an operation; the number of its result."""
        self.nodes.append((name, xs))
        self.made.append(self.table[name].forward(self.maths, *[self.made[x] for x in xs]))
        self.unused -= set(xs)
        self.unused.add(len(self.made) - 1)
        return len(self.made) - 1

    def tamed(self, x: int, positive: bool) -> int:
        """x, or where it is too large its tanh; where it must be positive, its softplus plus a parameter."""
        if abs(self.made[x]).max() > 3:
            x = self.write("tanh", x)
        if not positive or self.made[x].min() > 0.3:
            return x
        return self.write("add", self.write("softplus", x), INPUTS)
