"""A run of `fit`: the epochs one after the other, what is done between them, and what ends it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from micrograd_es.data.checks import Floats
from micrograd_es.losses import Loss
from micrograd_es.nn import Module
from micrograd_es.optim import Optimizer
from micrograd_es.training.checkpoint import Checkpoint
from micrograd_es.training.history import History
from micrograd_es.training.interrupt import interruptible
from micrograd_es.training.progress import Bar
from micrograd_es.training.sets import Examples, predicted
from micrograd_es.training.steps import Steps, dropouts


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


@dataclass
class Run:
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
