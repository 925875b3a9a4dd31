"""Networks against PyTorch: the same loss, gradients and first ten updates, to 1e-9."""

from __future__ import annotations

import random
from math import isclose

import pytest

pytest.importorskip("torch")

import torch
import with_torch

from micrograd_es import Value, losses, optim
from micrograd_es.losses import LOSSES
from micrograd_es.nn import ACTIVATIONS
from network_cases import CASES, Case, run


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_network_learns_as_pytorchs_does(case: Case) -> None:
    ours, theirs = run(case), with_torch.run(case)
    assert ours["losses"] == pytest.approx(theirs["losses"], rel=1e-9, abs=1e-9)
    assert ours["gradient"] == pytest.approx(theirs["gradient"], rel=1e-9, abs=1e-9)
    for mine, other in zip(ours["parameters"], theirs["parameters"], strict=True):
        assert mine == pytest.approx(other, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seed", range(40))
def test_random_networks_learn_as_pytorchs_do(seed: int) -> None:
    r = random.Random(seed)
    loss = r.choice(list(LOSSES))
    output = {"binary_cross_entropy": "sigmoid", "cross_entropy": "softmax"}.get(loss, "linear")
    hidden = r.choice([name for name in ACTIVATIONS if name != "softmax"])
    options = {"rate": r.uniform(0.001, 0.1), "weight_decay": r.choice([0.0, 0.03])}
    case = Case("random", hidden, output, loss, r.choice(list(optim.OPTIMIZERS)), options, r.randint(1, 12), seed)
    test_a_network_learns_as_pytorchs_does(case)


@pytest.mark.parametrize("z", [-1000.0, -40.0, -1.0, 0.0, 1.0, 40.0, 1000.0])
@pytest.mark.parametrize("t", [0.0, 0.3, 1.0])
def test_losses_of_logits_are_pytorchs_for_logits_of_any_size(z: float, t: float) -> None:
    x = torch.tensor([[z, -z]], dtype=torch.float64, requires_grad=True)
    for name, target in (("binary_cross_entropy_with_logits", [t, 1 - t]), ("softmax_cross_entropy", [t, 1 - t])):
        x.grad = None
        theirs = with_torch.LOSSES[name](x, torch.tensor([target], dtype=torch.float64))
        theirs.backward()
        values = [Value(z), Value(-z)]
        ours = LOSSES[name](values, target)
        ours.backward()
        assert isclose(ours.data, theirs.item(), rel_tol=1e-12, abs_tol=1e-12)
        assert [v.grad for v in values] == pytest.approx(x.grad[0].tolist(), rel=1e-12, abs=1e-12)


def test_probabilities_of_0_and_1_cost_what_they_cost_in_pytorch() -> None:
    for p, t in ((0.0, 1.0), (1.0, 0.0), (0.0, 0.0), (1.0, 1.0), (0.0, 0.4)):
        theirs = torch.nn.functional.binary_cross_entropy(*(torch.tensor([n], dtype=torch.float64) for n in (p, t)))
        assert float(losses.binary_cross_entropy(Value(p), t).data) == pytest.approx(theirs.item(), rel=1e-12)


def test_schedules_are_pytorchs() -> None:
    pairs = [
        (optim.staircase(0.5, 3, 0.2), lambda o: torch.optim.lr_scheduler.StepLR(o, 3, 0.2)),
        (optim.exponential(0.5, 0.9), lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.9)),
        (optim.cosine(0.5, 12, 0.1), lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 12, 0.1)),
        (optim.linear(0.5, 0.05, 12), lambda o: torch.optim.lr_scheduler.LinearLR(o, 1.0, 0.1, 12)),
        (optim.inverse(0.5, 0.3), lambda o: torch.optim.lr_scheduler.LambdaLR(o, lambda k: 1 / (1 + 0.3 * k))),
        (optim.warm_up(0.5, 4), lambda o: torch.optim.lr_scheduler.LinearLR(o, 0.25, 1.0, 3)),
    ]
    for schedule, make in pairs:
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
        scheduler = make(optimizer)
        for k in range(13):
            assert schedule(k) == pytest.approx(scheduler.get_last_lr()[0], rel=1e-12)
            optimizer.step()
            scheduler.step()
