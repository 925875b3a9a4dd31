"""What `fit` was given, checked before the first step: an error now, not after an hour."""

from __future__ import annotations

from inspect import signature
from os import PathLike
from pathlib import Path
from typing import Any

from micrograd_es.maths import counted
from micrograd_es.nn import Module
from micrograd_es.optim import OPTIMIZERS, SGD, Optimizer


def model_of(given: Any) -> Module:
    """The model. Raises TypeError for what is no Module, and ValueError for one without parameters."""
    if not isinstance(given, Module):
        raise TypeError(
            f"the model is {_told(given)}; expected a Module, such as MLP(2, [4, 1]), or a class of your own with"
            " forward(). Write class Mine(Module): …"
        )
    if not given.parameters():
        raise ValueError(f"{given!r} has no parameters to learn; expected a model such as MLP(2, [4, 1]).")
    return given


def optimizer_of(given: Any) -> Optimizer:
    """The optimiser, SGD(0.03) for None. Raises TypeError for a name, a class and all else."""
    if given is None:
        return SGD(0.03)
    if isinstance(given, Optimizer):
        return given
    kind = OPTIMIZERS.get(given.lower()) if isinstance(given, str) else given
    name = kind.__name__ if isinstance(kind, type) and issubclass(kind, Optimizer) else "Adam"
    raise TypeError(f"the optimizer is {_told(given)}; expected an optimiser with its rate. Write {name}(0.01).")


def callable_of(given: Any, what: str, instead: str) -> Any:
    """The function, or None. Raises TypeError for anything else."""
    if given is not None and not callable(given):
        raise TypeError(f"the {what} is {_told(given)}; expected a function. Write {instead}.")
    if given is not None:
        _check_takes_one(given, f"the {what}", instead)
    return given


def callbacks_of(given: Any) -> list[Any]:
    """The callbacks, a list of functions. Raises TypeError for anything else."""
    if not isinstance(given, list | tuple) or not all(map(callable, given)):
        raise TypeError(
            f"the callbacks are {_told(given)}; expected a list of functions of the progress."
            " Write callbacks=[lambda progress: print(progress.epoch)]."
        )
    for callback in given:
        _check_takes_one(callback, "a callback", "callbacks=[lambda progress: print(progress.epoch)]")
    return list(given)


def _check_takes_one(function: Any, what: str, instead: str) -> None:
    """Raise TypeError for a function that cannot be called with one argument, the model or the progress."""
    try:
        form = signature(function)
    except (TypeError, ValueError):  # one that is written in C may have none
        return
    try:
        form.bind(None)
    except TypeError:
        raise TypeError(
            f"{what} takes {counted(len(form.parameters), 'argument')}; expected a function of one. Write {instead}."
        ) from None


def file_of(given: Any) -> Path | None:
    """The path of a checkpoint, or None. Raises TypeError, or OSError for one that could not be written."""
    if given is None:
        return None
    if not isinstance(given, str | PathLike):
        raise TypeError(f"the checkpoint is {_told(given)}; expected the name of a file. Write checkpoint='run.json'.")
    path = Path(given)
    if path.is_dir():
        raise IsADirectoryError(f"cannot write the checkpoint {path}: it is a folder. Write {path / 'run.json'}.")
    if not path.resolve().parent.is_dir():
        raise FileNotFoundError(f"cannot write the checkpoint {path}: there is no folder {path.parent}.")
    return path


def _told(given: object) -> str:
    """What was given, in one short line."""
    text = given.__name__ if isinstance(given, type) else " ".join(repr(given).split())
    return f"{text if len(text) <= 60 else text[:59] + '…'} ({type(given).__name__})"
