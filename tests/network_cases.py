"""The cases in which networks are compared with PyTorch: one of every loss, activation and optimiser.

`micrograd_es` runs them here; `tests/peers` runs them with PyTorch, and writes the numbers that `make test` holds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from micrograd_es import losses, optim
from micrograd_es.functions import softmax
from micrograd_es.losses import LOSSES
from micrograd_es.nn import ACTIVATIONS, MLP, Dropout, Layer, Neuron, Sequential
from micrograd_es.training.steps import mode
from micrograd_es.value import Value

STEPS = 10
INPUTS = [[0.5, -1.25], [1.5, 0.75], [-0.3, 2.0], [-2.2, -0.4]]
TARGETS: dict[str, list[Any]] = {
    "number": [[0.3, -1.2], [1.7, 0.0], [-0.6, 2.5], [0.1, 0.9]],
    "sign": [[1, -1], [-1, -1], [1, 1], [-1, 1]],
    "probability": [[1, 0], [0.25, 0.8], [0, 0], [1, 1]],
    "class": [1, 0, [0.3, 0.7], 0],
}


@dataclass(frozen=True)
class Case:
    """A network of 2 inputs, a hidden layer and 2 outputs; its loss, and how it learns."""

    name: str
    activation: str = "tanh"
    output: str = "linear"
    loss: str = "mse"
    optimizer: str = "sgd"
    options: dict[str, Any] = field(default_factory=lambda: {"rate": 0.1})
    hidden: int = 3
    seed: int = 7

    def network(self) -> MLP:
        """The network, with weights and biases that are not zero."""
        return MLP(2, [self.hidden, 2], self.activation, self.output, seed=self.seed, init=0.9, bias=0.1)

    @property
    def targets(self) -> list[Any]:
        """A target for each of the inputs."""
        return TARGETS[LOSSES[self.loss].target]


def _cases() -> list[Case]:
    outputs = {"binary_cross_entropy": "sigmoid", "cross_entropy": "softmax"}
    settings: list[tuple[str, dict[str, Any]]] = [
        ("sgd", {"rate": 0.3}),
        ("sgd", {"rate": 0.1, "weight_decay": 0.05}),
        ("sgd", {"rate": 0.05, "momentum": 0.8, "nesterov": True, "weight_decay": 0.01}),
        ("momentum", {"rate": 0.05}),
        ("momentum", {"rate": 0.05, "momentum": 0.5, "weight_decay": 0.02}),
        ("nesterov", {"rate": 0.05}),
        ("adam", {}),
        ("adam", {"rate": 0.05, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1}),
        ("adamw", {"rate": 0.02}),
        ("adamw", {"rate": 0.1, "weight_decay": 0.2}),
    ]
    return [
        *[Case(f"hidden {name}", activation=name) for name in ACTIVATIONS if name != "softmax"],
        *[Case(f"output {name}", output=name) for name in ACTIVATIONS],
        *[Case(f"loss {name}", loss=name, output=outputs.get(name, "linear")) for name in LOSSES],
        *[
            Case(f"{name} {number}", optimizer=name, options=options, seed=number)
            for number, (name, options) in enumerate(settings)
        ],
    ]


CASES = _cases()


def batch_loss(case: Case, model: MLP) -> Value:
    """The mean loss of all examples."""
    row = LOSSES[case.loss]
    return losses.mean([row(model(x), t) for x, t in zip(INPUTS, case.targets, strict=True)])


def run(case: Case) -> dict[str, Any]:
    """The losses before each update, the first gradient, and all parameters after each update."""
    model = case.network()
    optimizer = optim.OPTIMIZERS[case.optimizer](**case.options)
    found: dict[str, Any] = {"losses": [], "gradient": [], "parameters": []}
    for _ in range(STEPS):
        model.zero_grad()
        loss = batch_loss(case, model)
        loss.backward()
        found["losses"].append(loss.data)
        found["gradient"] = found["gradient"] or [float(p.grad) for p in model.parameters()]
        optimizer.step(model.parameters())
        found["parameters"].append([float(p.data) for p in model.parameters()])
    return found


# Networks of every form that an export knows, with 3 inputs, and weights and biases that are not zero


def _settled(model: Any) -> Any:
    """The model with other biases than those it begins with."""
    for place, value in enumerate(model.biases()):
        value.data = 0.3 - 0.2 * (place % 5)
    return model


NETWORKS: dict[str, Callable[[], Any]] = {
    **{f"hidden {name}": partial(lambda a: _settled(MLP(3, [5, 4, 2], a)), name) for name in ACTIVATIONS},
    **{f"output {name}": partial(lambda a: _settled(MLP(3, [4, 3], "tanh", a)), name) for name in ACTIVATIONS},
    "no bias": lambda: MLP(3, [4, 2], ["leaky_relu"], "softplus", bias=False),
    "one layer": lambda: _settled(MLP(3, [1])),
    "one neuron each": lambda: _settled(MLP(3, [1, 1, 1], "sigmoid")),
    "dropout": lambda: _settled(MLP(3, [6, 5, 2], "relu", "softmax", dropout=[0.5, 0.25])),
    "layer": lambda: _settled(Layer(3, 4, "softplus")),
    "neuron": lambda: _settled(Neuron(3, "tanh")),
    "nested": lambda: _settled(
        Sequential(
            Sequential(Layer(3, 4, "relu"), Dropout(0.5)), Layer(4, 3, bias=False), Sequential(Sequential(Neuron(3)))
        )
    ),
    "dropout first and last": lambda: _settled(Sequential(Dropout(0.1), Layer(3, 2, "sigmoid"), Dropout(0.2))),
    "softmax of softmax": lambda: _settled(Sequential(Layer(3, 4, "softmax"), softmax)),
    "one layer twice": lambda: _settled(Sequential(*[Layer(3, 3, "tanh", seed=5)] * 2)),
    "some biases": lambda: Sequential(Layer.from_numbers([[1, 2, 3], [4, 5, 6]], [None, 0.5], "tanh")),  # type: ignore[list-item]
}


def outputs(model: Any, rows: Any) -> Any:
    """What a model predicts for each row, as an array."""
    with mode(model, False):
        found = [model(row) for row in rows.tolist()]
    return np.array([[float(y.data) for y in (ys if isinstance(ys, list) else [ys])] for ys in found])
