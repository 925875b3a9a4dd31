"""The network of the lectures as a chain of blocks, with every Jacobian on it (lectures, B2).

x → z = Ω0·x + β0 → h = relu(z) → y = Ω1·h + β1 → s = softmax(y) → J = cross-entropy(s, class)

>>> network = two_layers()
>>> [f.name for f in network.factors()]
['∂J/∂s', '∂s/∂y', '∂y/∂h', '∂h/∂z', '∂z/∂x']
>>> print(network.factors()[2].matrix)
      y1    y2
h1   0.5  -0.5
h2     1     1
h3  -0.5     1
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from micrograd_es import blocks
from micrograd_es.jacobians import Jacobian, jacobian, vjp
from micrograd_es.nested import Nested
from micrograd_es.value import Value

STAGES = ("x", "z", "h", "y", "s", "J")

# The lectures give shapes and no numbers (3-3-2); these are ours: short decimals, and one hidden unit that is off.
X = (1.0, -1.0, 0.5)
OMEGA0 = ((1.0, -0.5, 1.0), (-1.0, 1.0, 0.5), (0.5, 0.5, 1.0))
BETA0 = (0.0, 0.25, 0.5)
OMEGA1 = ((0.5, 1.0, -0.5), (-0.5, 1.0, 1.0))
BETA1 = (1.0, 0.0)


@dataclass(frozen=True)
class Factor:
    """One factor of the chain rule: its name, its Jacobian, and the product ∂J/∂ of all factors up to it."""

    name: str
    matrix: Jacobian
    product_name: str
    product: Nested


@dataclass(frozen=True)
class TwoLayers:
    """Every stage of the network, as (lists of) Values, and its parameters."""

    x: list[Value]
    z: list[Value]
    h: list[Value]
    y: list[Value]
    s: list[Value]
    J: Value
    omega0: list[list[Value]]
    beta0: list[Value]
    omega1: list[list[Value]]
    beta1: list[Value]

    def factors(self, layout: str = "column") -> list[Factor]:
        """The Jacobians of the stages from J back to x, in the layout of B2, each with the product so far.

        >>> last = two_layers().factors()[-1]
        >>> last.name, last.product_name, last.matrix
        ('∂z/∂x', '∂J/∂x', [[1.0, -1.0, 0.5], [-0.5, 1.0, 0.5], [1.0, 0.5, 1.0]])
        """
        found = []
        for stage, before in zip(STAGES[:0:-1], STAGES[-2::-1], strict=True):
            outputs, inputs = getattr(self, stage), getattr(self, before)
            matrix = jacobian(outputs, inputs, layout=layout)
            found.append(Factor(f"∂{stage}/∂{before}", matrix, f"∂J/∂{before}", vjp(self.J, inputs, 1)))
        return found

    def parameter_gradients(self) -> dict[str, Nested]:
        """∂J/∂ of every parameter, in the parameter's own shape: what training is after.

        >>> list(two_layers().parameter_gradients())
        ['∂J/∂Ω1', '∂J/∂β1', '∂J/∂Ω0', '∂J/∂β0']
        """
        parameters = {"Ω1": self.omega1, "β1": self.beta1, "Ω0": self.omega0, "β0": self.beta0}
        return {f"∂J/∂{name}": vjp(self.J, parameter, 1) for name, parameter in parameters.items()}


def two_layers(
    x: Nested = X,
    omega0: Nested = OMEGA0,
    beta0: Nested = BETA0,
    omega1: Nested = OMEGA1,
    beta1: Nested = BETA1,
    target: Any = 1,
) -> TwoLayers:
    """The network with these numbers, or with its own; `target` is the class, counted from 0, or a list of targets.

    >>> network = two_layers()
    >>> [v.data for v in network.z], [v.data for v in network.h], [v.data for v in network.y]
    ([2.0, -1.5, 1.0], [2.0, 0.0, 1.0], [1.5, 0.0])

    Raises ValueError where the shapes do not fit.
    """
    inputs = blocks.named("x", x)
    weights0, biases0 = blocks.named("Ω0", omega0), blocks.named("β0", beta0)
    weights1, biases1 = blocks.named("Ω1", omega1), blocks.named("β1", beta1)
    z = blocks.named("z", blocks.linear(inputs, weights0, biases0))
    h = blocks.named("h", blocks.relu(z))
    y = blocks.named("y", blocks.linear(h, weights1, biases1))
    s = blocks.named("s", blocks.softmax(y))
    loss = blocks.cross_entropy(s, target)
    loss.label = "J"
    return TwoLayers(inputs, z, h, y, s, loss, weights0, biases0, weights1, biases1)
