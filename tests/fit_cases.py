"""The cases in which `fit` is compared with PyTorch: mini-batches that do not divide the data, in their order.

One of every activation, loss and optimiser, penalties, and networks of odd forms. `micrograd_es` runs them here; the
numbers for `make test` are written by tests/peers/record_torch_numbers.py.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from micrograd_es import optim
from micrograd_es.losses import LOSSES, l1, l2
from micrograd_es.nn import ACTIVATIONS, MLP, Module
from micrograd_es.training import fit
from micrograd_es.value import Value

EPOCHS = 4
PENALTIES: dict[str, Callable[[Module], Value]] = {
    "l2 of the weights": lambda model: 0.02 * l2(model.weights()),
    "l1 of all": lambda model: 0.03 * l1(model.parameters()),
}
OUTPUT = {"binary_cross_entropy": "sigmoid", "cross_entropy": "softmax"}


@dataclass(frozen=True)
class FitCase:
    """A network, data of its own by the seed, and how it learns; `sizes` has the inputs first and the outputs last."""

    name: str
    loss: str = "mse"
    activation: str | list[str] = "tanh"
    output: str = ""
    optimizer: str = "sgd"
    options: dict[str, Any] = field(default_factory=lambda: {"rate": 0.1})
    penalty: str = ""
    sizes: tuple[int, ...] = (3, 4, 2)
    bias: bool | float = 0.1
    examples: int = 8
    batch: int | None = 3
    scale: float = 2.0
    seed: int = 11
    epochs: int = EPOCHS

    def network(self) -> MLP:
        """The network before it learns."""
        n_in, *sizes = self.sizes
        output = self.output or OUTPUT.get(self.loss, "linear")
        return MLP(n_in, sizes, self.activation, output, seed=self.seed, init=0.9, bias=self.bias)

    def data(self) -> tuple[list[list[float]], list[list[float]]]:
        """Inputs between −scale and scale, and targets that the loss takes."""
        r, kind = random.Random(self.seed), LOSSES[self.loss].target
        inputs = [
            [round(r.uniform(-self.scale, self.scale), 3) for _ in range(self.sizes[0])] for _ in range(self.examples)
        ]
        return inputs, [_target(r, kind, self.sizes[-1]) for _ in inputs]


def _target(r: random.Random, kind: str, size: int) -> list[float]:
    if kind == "class":
        first, share = r.randrange(size), r.choice([0.0, 0.25])
        return [(1 - share) * (k == first) + share * (k == (first + 1) % size) for k in range(size)]
    draw: dict[str, Callable[[], float]] = {
        "number": lambda: round(r.uniform(-2, 2), 3),
        "sign": lambda: r.choice([-1.0, 1.0]),
        "probability": lambda: r.choice([0.0, 1.0, 0.25]),
    }
    return [draw[kind]() for _ in range(size)]


def _cases() -> list[FitCase]:
    rates: dict[str, dict[str, Any]] = {"adam": {"rate": 0.02}, "adamw": {"rate": 0.03, "weight_decay": 0.1}}
    return [
        *[FitCase(f"hidden {name}", activation=name) for name in ACTIVATIONS],
        *[FitCase(f"output {name}", output=name, seed=12) for name in ACTIVATIONS],
        *[FitCase(f"loss {name}", loss=name, seed=13) for name in LOSSES],
        *[FitCase(f"{name}", optimizer=name, options=rates.get(name, {"rate": 0.05})) for name in optim.OPTIMIZERS],
        *[FitCase(f"penalty {name}", penalty=name, optimizer="momentum") for name in PENALTIES],
        FitCase("every update", loss="softmax_cross_entropy", optimizer="adam", batch=None, epochs=10),
        FitCase("every update, two classes", loss="binary_cross_entropy", sizes=(2, 5, 1), batch=None, epochs=10),
        FitCase("no hidden layer", sizes=(5, 3), loss="softmax_cross_entropy", activation=[]),
        FitCase("one of everything", sizes=(1, 1), examples=1, batch=1, activation=[], epochs=10),
        FitCase("one neuron wide", sizes=(2, 1, 1, 1), activation=["relu", "sigmoid"], optimizer="nesterov"),
        FitCase("no bias", bias=False, loss="hinge", activation="leaky_relu", sizes=(3, 5, 1)),
        FitCase("batches of one", batch=1, optimizer="adamw", epochs=2),
        FitCase("all inputs zero", scale=0.0, loss="binary_cross_entropy_with_logits"),
        FitCase("inputs up to 1000", scale=1000.0, loss="softmax_cross_entropy", options={"rate": 1e-4}),
        FitCase("inputs up to 1000, logits", scale=1000.0, activation=[], sizes=(2, 3), options={"rate": 1e-6},
                loss="binary_cross_entropy_with_logits"),
        FitCase("softmax of one neuron, of inputs up to 1000", scale=1000.0, activation="softmax", sizes=(3, 1, 2)),
        FitCase("softmax of two neurons, of inputs up to 1000", scale=1000.0, activation="softmax", sizes=(3, 2, 2)),
        FitCase("output of one softmax", scale=1000.0, output="softmax", activation=[], sizes=(3, 1)),
    ]  # fmt: skip


FIT_CASES = _cases()


def learn(case: FitCase, runner: str) -> dict[str, Any]:
    """The loss of every step, the first gradient, and the loss and parameters after every epoch."""
    model, after = case.network(), []
    history = fit(
        model,
        case.data(),
        optimizer=optim.OPTIMIZERS[case.optimizer](**case.options),
        epochs=case.epochs,
        callbacks=[lambda progress: after.append(list(model.state_dict().values()))],
        **_options(case, runner),
    )
    return {
        "step_loss": history.step_loss,
        "train_loss": history.train_loss,
        "gradient": first_gradient(case, runner),
        "parameters": after,
    }


def differing(case: FitCase, runner: str, theirs: dict[str, Any]) -> list[str]:
    """Which of the numbers that `learn` gives are not those of PyTorch, to 1e-9."""
    ours = learn(case, runner)
    return [what for what in ours if not _close(ours[what], theirs[what])]


def _close(ours: Any, theirs: Any) -> bool:
    mine, other = np.array(ours), np.array(theirs)
    return mine.shape == other.shape and bool(np.allclose(mine, other, rtol=1e-9, atol=1e-9))


def first_gradient(case: FitCase, runner: str) -> list[float]:
    """The gradient of the first batch: what a step of rate 1 takes away."""
    model = case.network()
    before = model.state_dict().values()
    inputs, targets = (table[: case.batch] for table in case.data())
    fit(model, (inputs, targets), optimizer=optim.SGD(1.0), epochs=1, **_options(case, runner))
    return [was - now for was, now in zip(before, model.state_dict().values(), strict=True)]


def _options(case: FitCase, runner: str) -> dict[str, Any]:
    penalty = PENALTIES.get(case.penalty)
    return {
        "loss": case.loss,
        "batch_size": case.batch,
        "shuffle": False,
        "penalty": penalty,
        "runner": runner,
        "progress": False,
    }
