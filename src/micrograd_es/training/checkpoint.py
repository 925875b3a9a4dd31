"""Checkpoints: all that a run needs to go on, as JSON, written whole or not at all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from micrograd_es.files import write_files
from micrograd_es.nn import Module
from micrograd_es.optim import Optimizer
from micrograd_es.training.history import History

FORMAT = "micrograd_es checkpoint 1"


@dataclass
class Checkpoint:
    """A run after an epoch: the numbers of the parameters by name, the optimiser's memory, and the history.

    `best` are the best loss so far, the epoch it was reached in, and the parameters then; `settings` what must be the
    same for a run to go on as if it had not been interrupted: the seed, the size of a batch, the number of examples.
    """

    parameters: dict[str, float]
    optimizer: dict[str, Any]
    history: History
    settings: dict[str, Any]
    best: dict[str, Any] | None = None

    def save(self, path: str | PathLike[str]) -> None:
        """Write the checkpoint. Raises OSError where the file cannot be written; then what was there is untouched."""
        data = {"format": FORMAT, **vars(self), "history": self.history.to_dict()}
        write_files({Path(path): json.dumps(data, ensure_ascii=False).encode("utf-8")})

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Checkpoint:
        """The checkpoint in a file. Raises ValueError for any other file, and for one that is cut off."""
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
            if data.pop("format", None) != FORMAT:
                raise ValueError("it is of another kind")
            return cls(**{**data, "history": History.from_dict(data["history"])})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"{path} is no checkpoint of micrograd_es ({error}); expected a file that fit(checkpoint=…) wrote."
            ) from None

    def restore(self, model: Module, optimizer: Optimizer, settings: dict[str, Any]) -> None:
        """Put the run back as it was. Raises ValueError, changing nothing, where it is that of something else."""
        for name, given in settings.items():
            if self.settings.get(name) != given:
                raise ValueError(
                    f"the checkpoint is of a run with {name} {self.settings.get(name)!r}, and this one has {given!r};"
                    " expected the same. Write resume=False to begin anew."
                )
        before = optimizer.state_dict()
        optimizer.load_state_dict(self.optimizer)
        try:
            model.load_state_dict(self.parameters)
        except (TypeError, ValueError):
            optimizer.load_state_dict(before)
            raise
