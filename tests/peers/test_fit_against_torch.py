"""`fit` against PyTorch: the same losses, gradients and parameters, to 1e-9, however it runs."""

from __future__ import annotations

import random

import pytest

pytest.importorskip("torch")

import with_torch

from fit_cases import FIT_CASES, OUTPUT, PENALTIES, FitCase, differing
from micrograd_es.losses import LOSSES
from micrograd_es.nn import ACTIVATIONS
from micrograd_es.optim import OPTIMIZERS

RUNNERS = ("numpy", "fast", "eager")


@pytest.mark.parametrize("case", FIT_CASES, ids=[case.name for case in FIT_CASES])
def test_fit_learns_as_pytorch_does(case: FitCase) -> None:
    theirs = with_torch.learn(case)
    for runner in RUNNERS:
        assert differing(case, runner, theirs) == [], runner


@pytest.mark.parametrize("seed", range(120))
def test_fit_of_random_networks_learns_as_pytorch_does(seed: int) -> None:
    r = random.Random(seed)
    loss = r.choice(list(LOSSES))
    depth = r.randrange(4)
    classes = LOSSES[loss].target == "class"
    sizes = (r.randint(1, 7), *(r.randint(1, 6) for _ in range(depth)), r.randint(2 if classes else 1, 4))
    examples = r.randint(1, 13)
    case = FitCase(
        "random",
        loss=loss,
        activation=[r.choice(list(ACTIVATIONS)) for _ in range(depth)],
        output=OUTPUT.get(loss) or r.choice(LOSSES[loss].outputs),
        optimizer=r.choice(list(OPTIMIZERS)),
        options={"rate": r.choice([0.001, 0.05]), "weight_decay": r.choice([0.0, 0.02])},
        penalty=r.choice(["", *PENALTIES]),
        sizes=sizes,
        bias=r.choice([True, False, 0.2]),
        examples=examples,
        batch=r.choice([None, 1, 2, 3, 5, 100]),
        scale=r.choice([0.0, 1.0, 3.0]),
        seed=seed,
    )
    test_fit_learns_as_pytorch_does(case)
