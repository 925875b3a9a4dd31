"""Networks in scalars, recorded, against the same networks in PyTorch: losses, gradients, training."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Value, record

torch = pytest.importorskip("torch")
torch.set_default_dtype(torch.float64)

Layers = list[list[tuple[list[Value], Value]]]


def network(sizes: list[int], seed: int = 0) -> Layers:
    """Weights and a bias for each neuron of each layer."""
    r = random.Random(seed)
    return [
        [([Value(r.uniform(-1, 1) / n**0.5, "w") for _ in range(n)], Value(r.uniform(-1, 1), "b")) for _ in range(m)]
        for n, m in pairwise(sizes)
    ]


def scores(layers: Layers, xs: list[Value]) -> list[Value]:
    """What the network says about one example."""
    for layer in layers[:-1]:
        xs = [es.relu(es.dot(weights, xs) + bias) for weights, bias in layer]
    return [es.dot(weights, xs) + bias for weights, bias in layers[-1]]


class Peer:
    """The same network in PyTorch, with the gradients in the order of a program's parameters."""

    def __init__(self, layers: Layers, values: list[Value]) -> None:
        self.flat = torch.tensor([float(v.number) for v in values], requires_grad=True)
        place = {value: i for i, value in enumerate(values)}
        self.layers = [
            ([[place[w] for w in weights] for weights, _ in layer], [place[bias] for _, bias in layer])
            for layer in layers
        ]

    def __call__(self, xs: torch.Tensor) -> torch.Tensor:
        for i, (weights, biases) in enumerate(self.layers):
            xs = xs @ self.flat[torch.tensor(weights)].T + self.flat[torch.tensor(biases)]
            xs = xs if i == len(self.layers) - 1 else torch.relu(xs)
        return xs


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
def test_a_classifier_has_pytorchs_losses_and_gradients_for_a_hundred_steps(fast: bool) -> None:
    layers = network([6, 12, 5])

    def loss(x: list[Value], target: list[Value]) -> Value:
        z = scores(layers, x)
        return es.log_sum_exp(z) - es.dot(target, z)

    program = record(loss, [0.0] * 6, [0.0] * 5, fast=fast)
    peer = Peer(layers, program.values)
    r = np.random.default_rng(1)
    xs, classes = r.normal(size=(40, 6)), r.integers(0, 5, 40)
    for _ in range(100):
        value, gradient = program.value_and_grad(xs, np.eye(5)[classes])
        expected = torch.nn.functional.cross_entropy(peer(torch.tensor(xs)), torch.tensor(classes))
        (slopes,) = torch.autograd.grad(expected, peer.flat)
        assert value == pytest.approx(float(expected.detach()), rel=1e-11)
        np.testing.assert_allclose(gradient, slopes.numpy(), rtol=1e-9, atol=1e-12)
        program.parameters -= 0.3 * gradient
        with torch.no_grad():
            peer.flat -= 0.3 * slopes


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
def test_tensors_can_be_given_to_a_program(fast: bool) -> None:
    layers = network([2, 8, 1], seed=3)
    program = record(lambda x: scores(layers, x)[0], [0.0, 0.0], fast=fast)
    xs = torch.randn(7, 2, generator=torch.Generator().manual_seed(0))
    found = Peer(layers, program.values)(xs)[:, 0].detach().numpy()
    np.testing.assert_allclose(program(xs), found, rtol=1e-12, atol=1e-14)
