"""The command `train`: a network learns from a data set or a CSV file."""

from __future__ import annotations

import csv
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from io import StringIO
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from micrograd_es.cli.inputs import UsageError
from micrograd_es.cli.terminal import Progress, complain, say
from micrograd_es.cli.training_options import numbers, reading
from micrograd_es.files import write_files

if TYPE_CHECKING:
    from micrograd_es.data import Data
    from micrograd_es.nn import MLP, Module
    from micrograd_es.training import History, Predictor
    from micrograd_es.training.fitting import Progress as Epoch
    from micrograd_es.value import Value

SHOWN = 10  # how many lines a run prints


def train(given: Namespace) -> int:
    """Train, and write the model, its history and its figures; a run that Ctrl-C ends is kept, too."""
    from micrograd_es.optim import OPTIMIZERS
    from micrograd_es.tables import chosen
    from micrograd_es.training import Predictor, Preparation

    data = _data(given)
    learnt, held = data.split(given.share, seed=given.seed)
    preparation = Preparation.of(learnt, _list(given.features), given.standardise)
    prepared, tested = preparation.data(learnt), preparation.data(held)
    loss = given.loss or _loss(data)
    model = _network(given, prepared, loss)
    optimizer = chosen(OPTIMIZERS, given.optimizer, "--optimizer")(given.rate)
    predictor = Predictor(model, loss, preparation)
    folder = _folder(given)
    say(f"{model!r} · {data!r}")
    history = _fitted(given, model, prepared, tested, loss=loss, optimizer=optimizer, checkpoint=folder / "run.json")
    if history.stopped:
        say(f"{history.epochs:6}  {_STOPPED[history.stopped]}")
    for file in _written(folder, predictor, history, learnt, given.language):
        say(str(file))
    return 0


def _folder(given: Namespace) -> Path:
    """The folder that all is written into, made where there is none."""
    folder = Path(given.output)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--output is {given.output!r}, a file; expected a folder, such as build/train")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _fitted(given: Namespace, model: MLP, data: Data, test: Data, *, checkpoint: Path, **learning: Any) -> History:
    """Let the network learn, and say how it goes."""
    from micrograd_es.training import fit

    if given.resume and not checkpoint.exists():
        say(f"{given.output} has no run.json to go on from: a new run begins")
    return fit(
        model,
        data,
        **learning,
        epochs=given.epochs,
        batch_size=given.batch,
        test=test,
        penalty=_penalty(given),
        seed=given.seed,
        patience=given.patience,
        callbacks=[_told(max(given.epochs // SHOWN, 1))],
        checkpoint=checkpoint,
        resume=given.resume,
        progress=False,
        runner=given.runner,
    )


_STOPPED = {"interrupted": "interrupted: what was learnt is kept", "patience": "no smaller loss: the best is kept"}


def _data(given: Namespace) -> Data:
    from micrograd_es.data import dataset, from_csv

    made = {"n": given.points, "noise": given.noise}
    options = {name: number for name, number in made.items() if number is not None}
    if given.data.lower().endswith(".csv"):
        if options:
            raise UsageError("--points and --noise are of made data sets; a file has its own points.")
        return from_csv(given.data, target=given.target, kind=given.kind, **reading(given))
    said = [f"--{name}" for name in ("target", "kind", *reading(given)) if getattr(given, name) is not None]
    if said:
        raise UsageError(f"{said[0]} is of a CSV file; a made data set has its own target and no file.")
    seed = {} if given.data in ("iris", "digits") else {"seed": given.seed}
    return dataset(given.data, **options, **seed)


def _loss(data: Data) -> str:
    """What suits the data: the squared error for numbers, a cross-entropy for classes."""
    if data.kind == "regression":
        return "mse"
    return "binary_cross_entropy_with_logits" if len(data.classes) == 2 else "softmax_cross_entropy"


def _network(given: Namespace, data: Data, loss: str) -> MLP:
    from micrograd_es.losses import LOSSES
    from micrograd_es.nn import MLP
    from micrograd_es.tables import chosen

    row = chosen(LOSSES, loss, "--loss")
    try:
        hidden = numbers(given.layers, "--layers")
    except ArgumentTypeError as error:
        raise UsageError(str(error)) from None
    activation = _list(given.activation)
    several = len(data.classes) > 2 or row.target == "class"
    outputs = len(data.classes) if several else data.targets.shape[1]
    output = "tanh" if row.name == "half_squared_error" and data.kind == "classification" else row.outputs[0]
    return MLP(
        data.inputs.shape[1],
        [*hidden, outputs],
        activation=activation if len(activation) > 1 else activation[0],
        output=output,
        seed=given.seed,
        init=_init(given.init),
        dropout=given.dropout,
    )


def _init(given: str | None) -> str | float | None:
    try:
        return float(given) if given is not None else None
    except ValueError:
        return given


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()] or ([] if not text else [text])


def _penalty(given: Namespace) -> Callable[[Module], Value] | None:
    from micrograd_es.losses import l1, l2

    if given.l1:
        return lambda model: given.l1 * l1(model.weights())
    if given.l2:
        return lambda model: given.l2 / 2 * l2(model.weights())
    return None


def _told(every: int) -> Callable[[Epoch], None]:
    """A callback that prints a line now and then."""

    def tell(progress: Epoch) -> None:
        if progress.epoch % every == 0 or progress.epoch in (1, progress.epochs):
            found = progress.history.last().items()
            numbers = (f"{name.replace('_', ' ')} {number:.4f}" for name, number in found)
            say(f"{progress.epoch:6}  {'  '.join(numbers)}")

    return tell


def _written(folder: Path, predictor: Predictor, history: History, data: Data, language: str) -> list[Path]:
    """Write what there is, and give the files."""
    files = [predictor.save(folder / "model.json"), folder / "history.csv"]
    write_files({files[1]: _table(history).encode("utf-8")})
    pictures: dict[str, Any] = {}
    try:
        from micrograd_es import plots

        with Progress("drawing"):
            pictures = _pictures(plots, predictor, history, data, language)
            for name, figure in pictures.items():
                plots.save(figure, folder / f"{name}.svg")
    except ImportError as error:
        complain(f"no figures: {error}")
    return [*files, folder / "run.json", *(folder / f"{name}.svg" for name in pictures)]


def _pictures(plots: Any, predictor: Predictor, history: History, data: Data, language: str) -> dict[str, Any]:
    names = predictor.preparation.data(data).names
    found = {
        "loss": plots.loss_curves(history, language=language),
        "network": plots.network(predictor.model, names=names, language=language),
    }
    if data.inputs.shape[1] == 2:
        found["map"] = plots.decision_map(predictor.outputs, data=data, language=language)
    return found


def _table(history: History) -> str:
    """The history as CSV, a line for each epoch."""
    columns = {name: getattr(history, name) for name in ("train_loss", "test_loss", "train_accuracy", "test_accuracy")}
    columns = {name: numbers for name, numbers in columns.items() if numbers}
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["epoch", *columns])
    writer.writerows([i, *row] for i, row in enumerate(zip_longest(*columns.values()), 1))
    return text.getvalue()
