"""`fit`: a model learns from data, epoch by epoch, on a recorded program or through Values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from micrograd_es.data import Data
from micrograd_es.data.checks import Floats, whole
from micrograd_es.losses import Loss
from micrograd_es.maths import counted
from micrograd_es.misfits import with_advice
from micrograd_es.nn import Module
from micrograd_es.optim import Optimizer
from micrograd_es.training.checkpoint import Checkpoint
from micrograd_es.training.given import callable_of, callbacks_of, file_of, model_of, optimizer_of
from micrograd_es.training.history import History
from micrograd_es.training.interrupt import interruptible
from micrograd_es.training.progress import Bar
from micrograd_es.training.sets import Examples, LossGiven, as_data, examples, loss_of, outputs_of, predicted
from micrograd_es.training.steps import EagerSteps, Penalty, RecordedSteps, Steps, dropouts, mask_sizes

RUNNERS = ("numpy", "fast", "eager")


class TrainingError(ArithmeticError):
    """Training cannot go on: the loss, or a parameter, is no finite number any more."""


@dataclass(frozen=True)
class Progress:
    """What a callback gets after each epoch: its number from 1 on, of how many, the history so far and the model."""

    epoch: int
    epochs: int
    history: History
    model: Module


Callback = Callable[[Progress], Any]


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
    run = _Run(
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


@dataclass
class _Run:
    """A run of `fit`, with its options checked."""

    model: Module
    loss: Loss
    optimizer: Optimizer
    train: Examples
    test: Examples | None
    epochs: int
    batch: int
    seed: int
    shuffle: bool
    patience: int | None
    callbacks: Sequence[Callback]
    checkpoint: Path | None
    every: int
    masks: Sequence[int]

    def __post_init__(self) -> None:
        self.history = History()
        self.best: dict[str, Any] | None = None
        self.steps: Steps
        self._dropouts = dropouts(self.model)

    def resume(self) -> None:
        """Go on from the checkpoint, where there is one."""
        if self.checkpoint is None:
            raise ValueError("resume was asked for without a checkpoint. Write fit(…, checkpoint='run.json').")
        if self.checkpoint.exists():
            saved = Checkpoint.load(self.checkpoint)
            saved.restore(self.model, self.optimizer, self.settings())
            self.history, self.best = saved.history, saved.best
            self.history.stopped = ""

    def settings(self) -> dict[str, Any]:
        """What must not change between a run and its continuation."""
        learnt = {"network": repr(self.model), "loss": self.loss.name}
        order = {"seed": self.seed, "batch_size": self.batch, "shuffle": bool(self.shuffle)}
        return {**learnt, **order, "examples": len(self.train)}

    def all(self, bar: Bar) -> History:
        """Every epoch that is left."""
        try:
            with interruptible() as interrupted, np.errstate(all="ignore"):
                while self.history.epochs < self.epochs and not self.history.stopped:
                    self._train_epoch(interrupted)
                    if not self.history.stopped:
                        self._measure()
                        bar.advance(self.history)
                        self._after_epoch()
            self._save()
        finally:
            bar.close()
            self.steps.close()
        if self.patience and self.best is not None:
            self.model.load_state_dict(self.best["parameters"])
        return self.history

    def _train_epoch(self, interrupted: Callable[[], bool]) -> None:
        """The steps of one epoch; of one that a checkpoint has a part of, those that are left."""
        number, count = self.history.epochs, len(self.train)
        rng = np.random.default_rng([self.seed, number])
        order = rng.permutation(count) if self.shuffle else slice(None)
        inputs, targets = self.train.inputs[order], self.train.targets[order]
        masks = [_mask(rng, dropout.p, (count, size)) for dropout, size in zip(self._dropouts, self.masks, strict=True)]
        starts = range(0, count, self.batch)
        for start in starts[len(self.history.step_loss) - number * len(starts) :]:
            part = slice(start, start + self.batch)
            try:
                loss = self.steps.step(inputs[part], targets[part], [mask[part] for mask in masks])
            except (ArithmeticError, ValueError) as error:
                raise self._lost(error) from error
            self.history.step_loss.append(loss)
            if interrupted():
                self.history.stopped = "interrupted"
                return

    def _measure(self) -> None:
        """The losses and accuracies after an epoch."""
        parts = {name: part for name, part in (("train", self.train), ("test", self.test)) if part is not None}
        found = [(name, part, *self._measured(name, part)) for name, part in parts.items()]
        for name, part, loss, outputs in found:
            getattr(self.history, f"{name}_loss").append(loss)
            if part.labels is not None:
                right = predicted(outputs, self.loss, part.targets) == part.labels
                getattr(self.history, f"{name}_accuracy").append(float(right.mean()))

    def _measured(self, name: str, part: Examples) -> tuple[float, Floats]:
        """The mean loss of a set, and the outputs; an error where it is not finite."""
        try:
            loss, outputs = self.steps.measure(part.inputs, part.targets)
            if not np.isfinite(loss):
                raise ArithmeticError(f"the loss is {loss}.")
        except (ArithmeticError, ValueError) as error:
            raise self._lost(type(error)(f"in the {name} data, {error}")) from error
        return loss, outputs

    def _after_epoch(self) -> None:
        """What is done between two epochs: callbacks, the best so far, a checkpoint."""
        history = self.history
        if self.callbacks:
            self.steps.hand_over()
            progress = Progress(history.epochs, self.epochs, history, self.model)
            try:
                answers = [callback(progress) for callback in self.callbacks]
            finally:
                self.steps.take_back()
            if any(answer is True for answer in answers):
                history.stopped = "callback"
        if self.patience is not None:
            self._keep_best(self.patience)
        if self.checkpoint is not None and history.epochs % self.every == 0:
            self._save()

    def _keep_best(self, patience: int) -> None:
        history = self.history
        loss = (history.test_loss or history.train_loss)[-1]
        if self.best is None or loss < self.best["loss"]:
            self.steps.write_back()
            self.best = {"loss": loss, "epoch": history.epochs, "parameters": self.model.state_dict()}
        elif history.epochs - self.best["epoch"] >= patience:
            history.stopped = history.stopped or "patience"

    def _save(self) -> None:
        if self.checkpoint is not None:
            self.steps.write_back()
            state = self.steps.state()
            Checkpoint(self.model.state_dict(), state, self.history, self.settings(), self.best).save(self.checkpoint)

    def _lost(self, why: Exception) -> TrainingError:
        """What stopped the run; numbers that grew too large have advice, an output that does not fit says its own."""
        step, advice = len(self.history.step_loss) + 1, ""
        if isinstance(why, ArithmeticError):
            rate = f"{self.optimizer.rate_now():g}"
            advice = f" Expected finite numbers; try a smaller rate (it is {rate}) or data on a smaller scale."
        return TrainingError(f"training stopped at step {step}, in epoch {self.history.epochs + 1}: {why}{advice}")


def _mask(rng: np.random.Generator, p: float, shape: tuple[int, int]) -> Floats:
    """Masks of an inverted dropout, a row for each example: 0 for what is removed, 1/(1 − p) for what stays."""
    return np.where(rng.random(shape) < p, 0.0, 1 / (1 - p))
