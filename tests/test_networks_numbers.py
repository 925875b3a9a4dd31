"""Networks against recorded numbers: PyTorch's for every loss, activation and optimiser, and micrograd's own demo.

The numbers are in tests/numbers; the scripts that made them are in tests/peers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fit_cases import FIT_CASES, FitCase, differing
from micrograd_es import optim, record
from micrograd_es.losses import LOSSES, hinge, l2, mean
from micrograd_es.nn import MLP
from network_cases import CASES, INPUTS, STEPS, Case, run

NUMBERS = Path(__file__).parent / "numbers"
TORCH: dict[str, Any] = json.loads((NUMBERS / "torch.json").read_text(encoding="utf-8"))["cases"]
TORCH_FIT: dict[str, Any] = json.loads((NUMBERS / "torch_fit.json").read_text(encoding="utf-8"))["cases"]
DEMO: dict[str, Any] = json.loads((NUMBERS / "micrograd_demo.json").read_text(encoding="utf-8"))


def test_every_case_has_numbers() -> None:
    assert [case.name for case in CASES] == list(TORCH)
    assert [case.name for case in FIT_CASES] == list(TORCH_FIT)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_network_learns_as_pytorchs_does(case: Case) -> None:
    ours, theirs = run(case), TORCH[case.name]
    assert ours["losses"] == pytest.approx(theirs["losses"], rel=1e-9, abs=1e-9)
    assert ours["gradient"] == pytest.approx(theirs["gradient"], rel=1e-9, abs=1e-9)
    for k, parameters in theirs["parameters"].items():
        assert ours["parameters"][int(k)] == pytest.approx(parameters, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_recorded_network_learns_as_pytorchs_does(case: Case) -> None:
    model, row, theirs = case.network(), LOSSES[case.loss], TORCH[case.name]
    optimizer = optim.OPTIMIZERS[case.optimizer](**case.options)
    targets = [row.encoded(target, 2) for target in case.targets]
    program = record(lambda x, t: row(model(x), t), INPUTS[0], targets[0], parameters=model.parameters())
    losses = []
    for _ in range(STEPS):
        loss, gradient = program.value_and_grad(INPUTS, targets)
        losses.append(loss)
        optimizer.update(program.parameters, gradient)
    program.write_back()
    assert losses == pytest.approx(theirs["losses"], rel=1e-9, abs=1e-9)
    assert [p.data for p in model.parameters()] == pytest.approx(theirs["parameters"]["9"], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("case", FIT_CASES, ids=[case.name for case in FIT_CASES])
def test_fit_learns_as_pytorch_does(case: FitCase) -> None:
    theirs = TORCH_FIT[case.name]
    for runner in ("numpy", "fast"):
        assert differing(case, runner, theirs) == [], runner


def demo_network() -> MLP:
    return MLP.from_numbers(DEMO["weights"], DEMO["biases"], activation="relu")


def test_micrograds_demo_has_its_losses_and_every_point_right() -> None:
    model = demo_network()
    parameters = model.parameters()
    xs, ys = np.array(DEMO["x"]), np.array(DEMO["y"], float)[:, None]
    program = record(lambda x, t: hinge(model(x), t) + 1e-4 * l2(parameters), xs[0], ys[0])
    optimizer = optim.SGD(rate=optim.linear(1.0, 0.1, 100))
    losses = []
    for _ in range(100):
        loss, gradient = program.value_and_grad(xs, ys)
        losses.append(loss)
        optimizer.update(program.parameters, gradient)
    program.write_back()
    assert losses == pytest.approx(DEMO["losses"], rel=1e-9, abs=1e-9)
    assert all((model(x)[0] > 0) == (y > 0) for x, y in zip(DEMO["x"], DEMO["y"], strict=True))
    assert DEMO["accuracies"][-1] == 1


def test_micrograds_demo_begins_the_same_without_recording() -> None:
    model = demo_network()
    optimizer = optim.SGD(rate=optim.linear(1.0, 0.1, 100))
    for expected in DEMO["losses"][:3]:
        scores = [model(x) for x in DEMO["x"]]
        loss = mean([hinge(s, y) for s, y in zip(scores, DEMO["y"], strict=True)]) + 1e-4 * l2(model.parameters())
        assert loss.data == pytest.approx(expected, rel=1e-9)
        model.zero_grad()
        loss.backward()
        optimizer.step(model.parameters())
