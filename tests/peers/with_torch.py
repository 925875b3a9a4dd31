"""The cases of `network_cases` computed by PyTorch alone: its layers, losses, gradients and optimisers."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from network_cases import INPUTS, STEPS, Case

ACTIVATIONS = {
    "linear": lambda z: z,
    "relu": functional.relu,
    "leaky_relu": functional.leaky_relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softplus": lambda z: functional.softplus(z, threshold=1000),
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


def run(case: Case) -> dict[str, Any]:
    """What `network_cases.run` gives, from PyTorch; only the first weights come from our network."""
    weights, biases = case.network().numbers()
    layers = [
        (
            torch.tensor(w, dtype=torch.float64, requires_grad=True),
            torch.tensor(b, dtype=torch.float64, requires_grad=True),
        )
        for w, b in zip(weights, biases, strict=True)
    ]
    x = torch.tensor(INPUTS, dtype=torch.float64)
    t = torch.tensor([_target(target) for target in case.targets], dtype=torch.float64)
    options = {"lr" if name == "rate" else name: value for name, value in case.options.items()}
    optimizer = OPTIMIZERS[case.optimizer]([p for pair in layers for p in pair], **options)
    found: dict[str, Any] = {"losses": [], "gradient": [], "parameters": []}
    for _ in range(STEPS):
        optimizer.zero_grad()
        h = ACTIVATIONS[case.activation](functional.linear(x, *layers[0]))
        loss = LOSSES[case.loss](ACTIVATIONS[case.output](functional.linear(h, *layers[1])), t)
        loss.backward()
        found["losses"].append(loss.item())
        found["gradient"] = found["gradient"] or _flat([(w.grad, b.grad) for w, b in layers])
        optimizer.step()
        found["parameters"].append(_flat(layers))
    return found


def _target(target: Any) -> list[float]:
    """A class as one number for each of the two."""
    return target if isinstance(target, list) else [float(target == 0), float(target == 1)]


def _flat(layers: Any) -> list[float]:
    """Weights and biases neuron by neuron, the order of our parameters."""
    return [n for w, b in layers for row, start in zip(w.tolist(), b.tolist(), strict=True) for n in (*row, start)]
