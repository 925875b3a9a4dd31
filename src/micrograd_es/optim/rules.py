"""The optimisers: one rule each, in PyTorch's conventions, written in place so that floats and arrays both run it.

Sources: Sutskever et al. 2013 (momentum), Kingma and Ba 2015 (Adam), Loshchilov and Hutter 2019 (AdamW), and
the formulas in the documentation of `torch.optim`, whose numbers the tests hold to 1e-9.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

from micrograd_es.misfits import with_advice
from micrograd_es.optim.optimizer import Optimizer, Rate, at_least_0, below_1

INSTEAD = {  # of what PyTorch and Keras call it
    **dict.fromkeys(("lr", "learning_rate"), "rate=0.1, and optimizer.step(model.parameters()) for the parameters"),
    **dict.fromkeys(("params", "parameters"), "optimizer.step(model.parameters()) for them"),
    **dict.fromkeys(("beta1", "beta2", "beta_1", "beta_2"), "betas=(0.9, 0.999)"),
}


class SGD(Optimizer):
    """Gradient descent, θ ← θ − rate·∇; with momentum the velocity v ← momentum·v + ∇ takes the place of ∇.

    With `nesterov` it is ∇ + momentum·v. There is no dampening. `weight_decay` adds weight_decay·θ to ∇.

    >>> from micrograd_es import Value
    >>> w = Value(3.0, "w")
    >>> (w * w).backward()
    >>> SGD(rate=0.5).step([w]); w.data
    0.0
    """

    name = "sgd"

    @with_advice("SGD(0.1)", INSTEAD)
    def __init__(
        self, rate: Rate = 0.01, momentum: float = 0.0, nesterov: bool = False, weight_decay: float = 0.0
    ) -> None:
        super().__init__(rate)
        self.momentum, self.nesterov = below_1(momentum, "the momentum"), nesterov
        self.weight_decay = at_least_0(weight_decay, "the weight decay")
        if nesterov and not momentum:
            raise ValueError("nesterov needs a momentum above 0. Write SGD(rate, momentum=0.9, nesterov=True).")
        if momentum:
            self.slots = ("velocity",)

    def rule(self, parameter: Any, gradient: Any, memory: list[Any], rate: Any) -> tuple[Any, list[Any]]:
        """See the class."""
        if self.weight_decay:
            gradient = gradient + self.weight_decay * parameter
        if self.momentum:
            velocity = memory[0]
            velocity *= self.momentum
            velocity += gradient
            memory = [velocity]
            gradient = gradient + self.momentum * velocity if self.nesterov else velocity
        parameter -= rate * gradient
        return parameter, memory


class Momentum(SGD):
    """Gradient descent with momentum: v ← momentum·v + ∇, θ ← θ − rate·v.

    >>> Momentum(rate=0.1)
    Momentum(rate=0.1, momentum=0.9)
    """

    name = "momentum"
    slots = ("velocity",)

    @with_advice("Momentum(0.1)", INSTEAD)
    def __init__(self, rate: Rate = 0.01, momentum: float = 0.9, weight_decay: float = 0.0) -> None:
        super().__init__(rate, momentum, weight_decay=weight_decay)


class Nesterov(SGD):
    """Momentum that looks ahead: v ← momentum·v + ∇, θ ← θ − rate·(∇ + momentum·v).

    >>> Nesterov(rate=0.1)
    Nesterov(rate=0.1, momentum=0.9, nesterov=True)
    """

    name = "nesterov"
    slots = ("velocity",)

    @with_advice("Nesterov(0.1)", INSTEAD)
    def __init__(self, rate: Rate = 0.01, momentum: float = 0.9, weight_decay: float = 0.0) -> None:
        super().__init__(rate, momentum, nesterov=True, weight_decay=weight_decay)


class Adam(Optimizer):
    """Adam: θ ← θ − rate·m̂/(√v̂ + eps), with m and v running means of ∇ and ∇².

    m ← β1·m + (1 − β1)·∇, v ← β2·v + (1 − β2)·∇², m̂ = m/(1 − β1^k), v̂ = v/(1 − β2^k) at step k, from 1 on; `betas`
    are β1 and β2. `weight_decay` adds weight_decay·θ to ∇; for the decoupled kind take `AdamW`.

    >>> from micrograd_es import Value
    >>> w = Value(3.0, "w")
    >>> (w * w).backward()
    >>> Adam(rate=0.5).step([w]); round(w.data, 6)  # the first step is as long as the rate
    2.5
    """

    name = "adam"
    slots = ("mean", "square")
    decoupled = False

    @with_advice("Adam(0.001)", INSTEAD)
    def __init__(
        self,
        rate: Rate = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(rate)
        if not isinstance(betas, list | tuple) or len(betas) != 2:
            raise TypeError(f"betas is {betas!r}; expected two numbers. Write betas=(0.9, 0.999).")
        self.betas = (below_1(betas[0], "beta 1"), below_1(betas[1], "beta 2"))
        self.eps, self.weight_decay = at_least_0(eps, "eps"), at_least_0(weight_decay, "the weight decay")

    def rule(self, parameter: Any, gradient: Any, memory: list[Any], rate: Any) -> tuple[Any, list[Any]]:
        """See the class."""
        if self.weight_decay and self.decoupled:
            parameter *= 1 - rate * self.weight_decay
        elif self.weight_decay:
            gradient = gradient + self.weight_decay * parameter
        (beta1, beta2), (mean, square) = self.betas, memory
        mean *= beta1
        mean += (1 - beta1) * gradient
        square *= beta2
        square += (1 - beta2) * gradient * gradient
        size = _root(square)
        size /= sqrt(1 - beta2 ** (self.steps + 1))
        size += self.eps
        step = mean / size
        step *= rate / (1 - beta1 ** (self.steps + 1))
        parameter -= step
        return parameter, [mean, square]


class AdamW(Adam):
    """Adam with decoupled weight decay: θ ← θ·(1 − rate·weight_decay) before Adam's step.

    >>> AdamW(rate=0.001)
    AdamW(rate=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.01)
    """

    name = "adamw"
    decoupled = True

    @with_advice("AdamW(0.001)", INSTEAD)
    def __init__(
        self,
        rate: Rate = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(rate, betas, eps, weight_decay)


def _root(x: Any) -> Any:
    """√x, of a number or of an array, whose power 0.5 NumPy computes as a root."""
    return x**0.5 if hasattr(x, "shape") else sqrt(x)


OPTIMIZERS: dict[str, type[Optimizer]] = {kind.name: kind for kind in (SGD, Momentum, Nesterov, Adam, AdamW)}
"""The optimisers by name."""
