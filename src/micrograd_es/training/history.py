"""What happened while a model learnt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from micrograd_es.maths import counted
from micrograd_es.missing import OF_A_HISTORY, say_instead


@dataclass
class History:
    """Losses and accuracies by epoch, and the loss of every step.

    `train_loss` and `test_loss` are the mean loss of a whole set after each epoch, without penalty and without
    dropout; the accuracies are shares from 0 to 1, of a classification only. `step_loss` is what each step made
    smaller: the mean over its batch, before the step, with the penalty. `stopped` says why training ended before its
    last epoch: "patience", "callback", "interrupted", or "" where it did not.

    >>> history = History(train_loss=[0.5, 0.25], step_loss=[0.7, 0.4])
    >>> history, history.epochs
    (History(2 epochs; train loss 0.25), 2)
    """

    train_loss: list[float] = field(default_factory=list)
    test_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    test_accuracy: list[float] = field(default_factory=list)
    step_loss: list[float] = field(default_factory=list)
    stopped: str = ""

    @property
    def epochs(self) -> int:
        """How many epochs there were."""
        return len(self.train_loss)

    def last(self) -> dict[str, float]:
        """The last entry of each list that has one: what a progress bar shows.

        >>> History(train_loss=[0.5, 0.25]).last()
        {'train_loss': 0.25}
        """
        return {name: numbers[-1] for name, numbers in self._lists().items() if numbers and name != "step_loss"}

    def to_dict(self) -> dict[str, Any]:
        """The history as plain lists and text."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> History:
        """The history that `to_dict` gave. Raises ValueError for anything else."""
        known = asdict(cls())
        sound = isinstance(data, Mapping) and set(data) == set(known)
        if not sound or any(type(data[name]) is not type(known[name]) for name in known):
            raise ValueError(f"the history is {str(data)[:60]!r}; expected what History.to_dict() gave.")
        copied: dict[str, Any] = {name: list(x) if isinstance(x, list) else x for name, x in data.items()}
        return cls(**copied)

    def _lists(self) -> dict[str, list[float]]:
        return {name: numbers for name, numbers in vars(self).items() if isinstance(numbers, list)}

    def __repr__(self) -> str:
        told = "".join(f"; {name.replace('_', ' ')} {number:.4g}" for name, number in self.last().items())
        stop = f"; stopped: {self.stopped}" if self.stopped else ""
        return f"History({counted(self.epochs, 'epoch')}{told}{stop})"


say_instead(History, "a History", OF_A_HISTORY)
