"""What `fit` says of arguments that it cannot take, and what it takes without more ado."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from micrograd_es import MLP, SGD, Adam, Module, Value, fit, log
from micrograd_es.training.fitting import TrainingError

LINE = ([[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0])


class Giving(Module):
    """A model that gives back whatever it is told to."""

    def __init__(self, answer: Any) -> None:
        self.w, self.answer = Value(1.0, "w"), answer

    def forward(self, x: Any) -> Any:
        return self.answer


def given(runner: str = "numpy", **options: Any) -> object:
    return fit(options.pop("model", MLP(1, [1])), LINE, **{"loss": "mse", "epochs": 1, "runner": runner, **options})


# fmt: off
REFUSED: dict[str, tuple[Callable[[str], object], type[Exception], str]] = {
    "function": (lambda r: given(r, model=lambda x: x), TypeError, "the model is .*expected a Module, such as MLP"),
    "name of an optimiser": (lambda r: given(r, optimizer="adamw"), TypeError, r"is 'adamw' .* Write AdamW\(0.01\)"),
    "class of an optimiser": (lambda r: given(r, optimizer=SGD), TypeError, r"is SGD \(type\); .* Write SGD\(0.01\)"),
    "number as optimiser": (lambda r: given(r, optimizer=3), TypeError, r"the optimizer is 3 \(int\); .* Write Adam"),
    "one callback": (lambda r: given(r, callbacks=print), TypeError, r"a list of functions .* Write callbacks=\["),
    "callbacks by name": (lambda r: given(r, callbacks=["stop"]), TypeError, "the callbacks are .'stop'"),
    "penalty": (lambda r: given(r, penalty=0.1), TypeError, r"the penalty is 0.1 \(float\); expected a function"),
    "penalty without the model": (
        lambda r: given(r, penalty=lambda: 0.0),
        TypeError,
        "the penalty takes 0 arguments; expected a function of one. Write penalty=lambda model",
    ),
    "callback without progress": (
        lambda r: given(r, callbacks=[print, lambda model, epoch: None]),
        TypeError,
        r"a callback takes 2 arguments; expected a function of one. Write callbacks=\[lambda progress",
    ),
    "penalty of nothing": (lambda r: given(r, penalty=lambda m: None), TypeError, "the penalty gave None"),
    "loss of a list": (lambda r: given(r, loss=lambda y, t: y), TypeError, "the loss gave .*expected one Value"),
    "checkpoint": (lambda r: given(r, checkpoint=5), TypeError, "the checkpoint is 5 .int.; expected the name of"),
    "model of a number": (lambda r: given(r, model=Giving(1.0)), TypeError, "gave 1.0 .float.; expected a Value"),
    "model of nothing": (lambda r: given(r, model=Giving(None)), TypeError, "the model gave None"),
    "targets without parentheses": (
        lambda r: fit(MLP(1, [1]), *LINE, loss="mse", runner=r),  # type: ignore[call-arg]
        TypeError,
        r"fit was given 3 arguments without a name; expected 2: model, data. Write fit\(model, \(inputs, targets\)",
    ),
    "targets without parentheses, no loss": (
        lambda r: fit(MLP(1, [1]), *LINE),  # type: ignore[call-arg]
        TypeError,
        "fit was given 3 arguments without a name",
    ),
    "no loss": (
        lambda r: fit(MLP(1, [1]), LINE),  # type: ignore[call-arg]
        TypeError,
        r"fit was given no loss; expected one. Write .* loss='mse'\)",
    ),
    "nothing but a model": (
        lambda r: fit(MLP(1, [1])),  # type: ignore[call-arg]
        TypeError,
        "fit was given no data and no loss; expected each of them",
    ),
    "option of PyTorch": (lambda r: given(r, lr=0.1), TypeError, r"fit has no option 'lr'; .* Write optimizer=SGD"),
    "misspelt option": (lambda r: given(r, epoch=1), TypeError, "fit has no option 'epoch'; .* Write epochs=…"),
    "class": (lambda r: given(r, model=MLP(1, [2]), loss="softmax_cross_entropy"), ValueError, "from 0 to 1, one for"),
}
# fmt: on


@pytest.mark.parametrize("runner", ["numpy", "eager"])
@pytest.mark.parametrize("name", REFUSED)
def test_what_fit_cannot_take_is_one_clear_error(name: str, runner: str) -> None:
    call, kind, message = REFUSED[name]
    with pytest.raises(kind, match=message) as caught:
        call(runner)
    assert "\n" not in str(caught.value)


def test_a_softmax_of_one_output_is_told_to_have_one_for_each_class() -> None:
    with pytest.raises(ValueError, match=r"sum to 0\.0; .* Give the network an output for each class"):
        fit(MLP(1, [1]), ([[0.0], [1.0]], [0, 1]), loss="softmax_cross_entropy")


def test_a_checkpoint_that_is_a_folder_is_an_error_before_anything_is_learnt(tmp_path: Path) -> None:
    model = MLP(1, [1])
    before = model.state_dict()
    with pytest.raises(IsADirectoryError, match=r"it is a folder. Write .*run\.json"):
        given(model=model, checkpoint=tmp_path)
    assert model.state_dict() == before


def test_a_comparison_in_a_loss_is_refused_without_a_word_on_what_a_loss_is_given() -> None:
    with pytest.raises(TypeError, match=r"Write maximum\(a, b\)") as caught:
        given(loss=lambda y, t: max(0, 1 - y[0] * t[0]))
    assert not hasattr(caught.value, "__notes__")


def test_an_error_in_a_loss_of_ones_own_says_what_the_loss_is_given() -> None:
    with pytest.raises(TypeError, match="unsupported operand") as caught:
        given(loss=lambda y, t: (y - t) ** 2)
    assert "lists of 1 and 1. Write lambda outputs, targets" in caught.value.__notes__[0]


@pytest.mark.parametrize("runner", ["numpy", "eager"])
def test_outputs_that_are_no_probabilities_have_one_error_on_every_path(runner: str) -> None:
    data = ([[1.0], [3.0]], [0.0, 1.0])
    for weight, bias in ((-1.0, 0.0), (-0.5, 1.4)):  # wrong for the first example, and for a later one only
        model = MLP.from_numbers([[[weight]]], [[bias]])
        with pytest.raises((TrainingError, ValueError), match=r"expected a probability.*output='sigmoid'") as caught:
            fit(model, data, loss="binary_cross_entropy", shuffle=False, runner=runner)
        assert "smaller rate" not in str(caught.value)


@pytest.mark.parametrize("runner", ["numpy", "eager"])
def test_a_loss_has_to_be_defined_for_the_data_only(runner: str) -> None:
    model = MLP.from_numbers([[[1.0]]], [[-0.75]])  # the logarithm has none of 0.5 − 0.75
    history = fit(model, ([[1.0], [2.0]], [0.0, 1.0]), loss=lambda y, t: log(y[0]), epochs=1, runner=runner)
    assert history.step_loss == pytest.approx([(math.log(0.25) + math.log(1.25)) / 2], rel=1e-12)


def test_the_numbers_of_classes_may_be_the_targets_of_a_pair() -> None:
    inputs, numbers = np.eye(3), np.array([2, 0, 1])
    first, second = MLP(3, [3], seed=1), MLP(3, [3], seed=1)
    history = fit(first, (inputs, numbers), loss="softmax_cross_entropy", optimizer=Adam(0.1), epochs=50)
    fit(second, (inputs, np.eye(3)[numbers]), loss="softmax_cross_entropy", optimizer=Adam(0.1), epochs=50)
    assert first.state_dict() == second.state_dict()
    assert history.train_accuracy[-1] == 1.0
