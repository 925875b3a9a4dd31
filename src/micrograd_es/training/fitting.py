"""`fit`: a model learns from data, epoch by epoch, on a recorded program or through Values."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any

from micrograd_es.data import Data
from micrograd_es.data.checks import whole
from micrograd_es.losses import Loss
from micrograd_es.maths import counted
from micrograd_es.misfits import with_advice
from micrograd_es.nn import Module
from micrograd_es.optim import Optimizer
from micrograd_es.training.given import callable_of, callbacks_of, file_of, model_of, optimizer_of
from micrograd_es.training.history import History
from micrograd_es.training.progress import Bar
from micrograd_es.training.run import Callback, Progress, Run, TrainingError
from micrograd_es.training.sets import Examples, LossGiven, as_data, examples, loss_of, outputs_of
from micrograd_es.training.steps import EagerSteps, Penalty, RecordedSteps, Steps, mask_sizes

__all__ = ["Progress", "TrainingError", "fit"]

RUNNERS = ("numpy", "fast", "eager")


INSTEAD = {  # of what other libraries call it
    **dict.fromkeys(("lr", "learning_rate"), "optimizer=SGD(0.1)"),
    **dict.fromkeys(("criterion", "objective", "loss_fn"), "loss='mse'"),
    **dict.fromkeys(("validation_data", "validation", "val"), "test=(inputs, targets)"),
    **dict.fromkeys(("max_iter", "iterations", "steps"), "epochs=100"),
    **dict.fromkeys(
        ("weight_decay", "l2", "alpha", "regularization"), "penalty=lambda model: 0.01 * l2(model.weights())"
    ),
    **dict.fromkeys(("fast", "device"), "runner='fast'"),
    "verbose": "progress=True",
    "random_state": "seed=1",
}


@with_advice("fit(model, (inputs, targets), loss='mse')", INSTEAD)
def fit(
    model: Module,
    data: Data | tuple[Any, Any],
    *,
    loss: LossGiven,
    optimizer: Optimizer | None = None,
    epochs: int = 100,
    batch_size: int | None = None,
    test: Data | tuple[Any, Any] | None = None,
    penalty: Penalty | None = None,
    seed: int = 0,
    shuffle: bool = True,
    patience: int | None = None,
    callbacks: Sequence[Callback] = (),
    checkpoint: str | PathLike[str] | None = None,
    checkpoint_every: int = 10,
    resume: bool = False,
    progress: bool | None = None,
    runner: str = "numpy",
) -> History:
    """Let a model learn from data, and leave what it learnt in its Values.

    `data`, and `test` data that it is only measured on, are `Data` or a pair of inputs (n×d) and targets (n or n×k).
    `loss` is a name of `losses.LOSSES`, or a function of the outputs and the targets of one example; `optimizer` is
    SGD(0.03) where none is given. A batch has `batch_size` examples, all where it is None, shuffled anew in each epoch
    by the `seed`. `penalty` is a function of the model, added to the loss of every step.

    With `patience` a run stops after so many epochs without a smaller loss (of the test data where there are any) and
    ends with the best parameters that it had; a callback stops by giving True, and what it makes of the parameters is
    what the next step starts from. `checkpoint` is a file that is written every `checkpoint_every` epochs and at the
    end; with `resume` a run goes on from it as if it had never stopped, and begins anew where there is no file yet.
    Ctrl-C ends the run after the step at hand and keeps what was learnt.

    `runner` says how: on a recorded program in "numpy" or compiled ("fast", the extra `fast`), or "eager" through
    Values; the numbers are the same. `progress` shows a bar, by default where someone looks.

    >>> from micrograd_es import MLP, SGD
    >>> model = MLP(1, [1], seed=1)
    >>> history = fit(model, ([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]), loss="mse", optimizer=SGD(0.2), epochs=200)
    >>> history.epochs, round(model["layer1.neuron1.w1"].data, 3), round(model["layer1.neuron1.b"].data, 3)
    (200, 2.0, 1.0)

    Raises ValueError where sizes, targets or options do not fit, and TrainingError, naming the step and the reason,
    where the loss is no finite number; the parameters are then the last finite ones.
    """
    given = as_data(data)
    row, chosen = loss_of(loss), optimizer_of(optimizer)
    added = callable_of(penalty, "penalty", "penalty=lambda model: 0.01 * l2(model.weights())")
    n_out = outputs_of(model_of(model), given)
    train = examples(given, row, n_out)
    tested = None if test is None else _tested(test, given, row, n_out)
    run = Run(
        model=model,
        loss=row,
        optimizer=chosen,
        train=train,
        test=tested,
        epochs=whole("epochs", epochs, 0),
        batch=len(train) if batch_size is None else min(whole("batch_size", batch_size, 1), len(train)),
        seed=whole("seed", seed, 0),
        shuffle=shuffle,
        patience=None if patience is None else whole("patience", patience, 1),
        callbacks=callbacks_of(callbacks),
        checkpoint=file_of(checkpoint),
        every=whole("checkpoint_every", checkpoint_every, 1),
        masks=mask_sizes(model, train.inputs[0].tolist()),
    )
    if resume:
        run.resume()
    first = (train.inputs[0].tolist(), train.targets[0].tolist())
    run.steps = _steps(runner, model, row, chosen, added, first, run.masks)
    return run.all(Bar(progress, run.epochs, run.history.epochs))


def _tested(test: Any, given: Data, loss: Loss, outputs: int) -> Examples:
    found = as_data(test, "test")
    if found.inputs.shape[1] != given.inputs.shape[1]:
        raise ValueError(
            f"the test data have {counted(found.inputs.shape[1], 'input')}; expected {given.inputs.shape[1]}, as the"
            " data have."
        )
    return examples(found, loss, outputs)


def _steps(
    runner: str,
    model: Module,
    loss: Loss,
    optimizer: Optimizer,
    penalty: Penalty | None,
    example: tuple[list[float], list[float]],
    masks: Sequence[int],
) -> Steps:
    if runner not in RUNNERS:
        raise ValueError(f"runner is {runner!r}; expected one of {', '.join(map(repr, RUNNERS))}.")
    if runner == "eager":
        return EagerSteps(model, loss, optimizer, penalty)
    return RecordedSteps(model, loss, optimizer, penalty, example, masks, fast=runner == "fast")
