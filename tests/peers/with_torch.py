"""The cases of `network_cases` and `fit_cases` computed by PyTorch alone: its layers, losses, gradients, optimisers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from fit_cases import FitCase
from network_cases import INPUTS, STEPS, Case

ACTIVATIONS = {
    "linear": lambda z: z,
    "relu": functional.relu,
    "leaky_relu": functional.leaky_relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softplus": lambda z: functional.softplus(z, threshold=40),  # exact from there on; e^z overflows from 710 on
    "softmax": lambda z: torch.softmax(z, dim=-1),
}

LOSSES = {
    "mse": functional.mse_loss,
    "half_squared_error": lambda y, t: 0.5 * functional.mse_loss(y, t, reduction="sum") / len(y),
    "binary_cross_entropy": functional.binary_cross_entropy,
    "binary_cross_entropy_with_logits": functional.binary_cross_entropy_with_logits,
    "cross_entropy": lambda p, t: functional.cross_entropy(torch.log(p), t),
    "softmax_cross_entropy": functional.cross_entropy,
    "hinge": lambda y, t: functional.relu(1 - t * y).mean(),
}

OPTIMIZERS: dict[str, Any] = {
    "sgd": torch.optim.SGD,
    "momentum": lambda p, momentum=0.9, **o: torch.optim.SGD(p, momentum=momentum, **o),
    "nesterov": lambda p, momentum=0.9, **o: torch.optim.SGD(p, momentum=momentum, nesterov=True, **o),
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
}

PENALTIES: dict[str, Callable[[Any], Any]] = {
    "": lambda layers: 0.0,
    "l2 of the weights": lambda layers: 0.02 * sum((w * w).sum() for w, *_ in layers),
    "l1 of all": lambda layers: 0.03 * sum(p.abs().sum() for layer in layers for p in layer),
}


class Network:
    """A network of PyTorch's functions; only the first weights come from ours. A layer is (W, b) or (W,)."""

    def __init__(self, model: Any) -> None:
        self.layers = [tuple(map(_parameter, filter(None, layer.numbers()))) for layer in model.layers]
        self.activations = [ACTIVATIONS[layer.activation.name] for layer in model.layers]

    def __call__(self, x: Any) -> Any:
        for layer, activation in zip(self.layers, self.activations, strict=True):
            x = activation(functional.linear(x, *layer))
        return x

    def optimizer(self, case: Any) -> Any:
        options = {"lr" if name == "rate" else name: value for name, value in case.options.items()}
        return OPTIMIZERS[case.optimizer]([p for layer in self.layers for p in layer], **options)

    def flat(self, of: Callable[[Any], Any] = lambda p: p) -> list[float]:
        """Weights and biases neuron by neuron, the order of our parameters; `of` takes the gradient instead."""
        columns = [[of(p).detach().reshape(len(p), -1) for p in layer] for layer in self.layers]
        return [n for layer in columns for n in torch.cat(layer, dim=1).reshape(-1).tolist()]


def run(case: Case) -> dict[str, Any]:
    """What `network_cases.run` gives, from PyTorch."""
    network, found = Network(case.network()), {"losses": [], "gradient": [], "parameters": []}
    x, t = _table(INPUTS), _table([_target(target) for target in case.targets])
    optimizer = network.optimizer(case)
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = LOSSES[case.loss](network(x), t)
        loss.backward()
        found["losses"].append(loss.item())
        found["gradient"] = found["gradient"] or network.flat(lambda p: p.grad)
        optimizer.step()
        found["parameters"].append(network.flat())
    return found


def learn(case: FitCase) -> dict[str, Any]:
    """What `fit_cases.learn` gives, from PyTorch."""
    network, found = Network(case.network()), {"step_loss": [], "train_loss": [], "gradient": [], "parameters": []}
    x, t = map(_table, case.data())
    optimizer, size = network.optimizer(case), case.batch or len(x)
    for _ in range(case.epochs):
        for inputs, targets in zip(x.split(size), t.split(size), strict=True):
            optimizer.zero_grad()
            loss = LOSSES[case.loss](network(inputs), targets) + PENALTIES[case.penalty](network.layers)
            loss.backward()
            found["step_loss"].append(loss.item())
            found["gradient"] = found["gradient"] or network.flat(lambda p: p.grad)
            optimizer.step()
        found["train_loss"].append(LOSSES[case.loss](network(x), t).item())
        found["parameters"].append(network.flat())
    return found


def _parameter(numbers: Any) -> Any:
    return torch.tensor(numbers, dtype=torch.float64, requires_grad=True)


def _table(rows: Any) -> Any:
    return torch.tensor(rows, dtype=torch.float64)


def _target(target: Any) -> list[float]:
    """A class as one number for each of the two."""
    return target if isinstance(target, list) else [float(target == 0), float(target == 1)]
