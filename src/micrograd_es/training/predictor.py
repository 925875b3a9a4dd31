"""A network that has learnt, together with how its data were prepared: what a file of a model holds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from micrograd_es.data import Data, Scaling, with_features
from micrograd_es.data.checks import Floats, checked_table
from micrograd_es.data.features import feature_names
from micrograd_es.files import as_path, write_files
from micrograd_es.maths import counted
from micrograd_es.nn import MLP, Dropout, Sequential
from micrograd_es.program import Program, record
from micrograd_es.training.sets import LossGiven, loss_of, predicted
from micrograd_es.training.steps import mode

FORMAT = "micrograd_es model 1"


@dataclass(frozen=True)
class Preparation:
    """What is done to the columns of a table before a network gets them: features of the plane, then a scale.

    `names` are those of the table's columns, `classes` those of the classes (none in a regression), `targets` the two
    numbers that one output stands for in a classification of two classes.

    >>> prepared = Preparation.of(Data([[1, 5], [3, 5]], [0, 1]), features=["x1", "x1^2"], standardise=True)
    >>> prepared([[2, 5]]).tolist()
    [[0.0, -0.25]]
    """

    names: tuple[str, ...]
    classes: tuple[str, ...] = ()
    zero_one: bool = False
    features: tuple[str, ...] = ()
    scaling: Scaling | None = None

    @classmethod
    def of(cls, data: Data, features: Sequence[str] = (), standardise: bool = False) -> Preparation:
        """The preparation for some training data."""
        named = feature_names(features) if features else ()
        plain = cls(tuple(data.names), tuple(data.classes), bool((data.targets == 0).any()), named)
        return cls(**{**vars(plain), "scaling": plain.data(data).scaling()}) if standardise else plain

    def data(self, data: Data) -> Data:
        """The data as a network gets them."""
        shown = with_features(data, self.features) if self.features else data
        return shown if self.scaling is None else shown.standardised(by=self.scaling)

    def __call__(self, inputs: Any) -> Floats:
        """The inputs as a network gets them. Raises ValueError for another number of columns."""
        table = checked_table("inputs", inputs)
        if table.shape[1] != len(self.names):
            raise ValueError(
                f"the inputs have {counted(table.shape[1], 'column')}; expected {len(self.names)}:"
                f" {', '.join(self.names)}."
            )
        prepared: Floats = self.data(Data(table, np.zeros(len(table)), self.names, kind="regression")).inputs
        return prepared


class Predictor:
    """A trained network with the preparation of its inputs: from the rows of a table to outputs or classes.

    >>> model = MLP.from_numbers([[[1.0, -1.0]]], [[0.0]], output="tanh")
    >>> data = Data([[0, 1], [1, 0]], [-1, 1], names=("a", "b"), classes=("no", "sí"))
    >>> predictor = Predictor(model, "half_squared_error", Preparation.of(data))
    >>> predictor.classes([[2, 1], [0, 3]])
    ['sí', 'no']

    Raises TypeError for a network that a file cannot hold: one of layers of one's own, or with other activations.
    """

    def __init__(self, model: Sequential, loss: LossGiven, preparation: Preparation) -> None:
        self.model, self.loss, self.preparation = model, loss_of(loss), preparation
        self.layers = _layers(model)
        self._program: Program | None = None

    def outputs(self, inputs: Any) -> Floats:
        """The outputs, a row for each row of the inputs."""
        if self._program is None:
            with mode(self.model, False):
                self._program = record(self.model, [0.5] * self.model.n_in, parameters=self.model.parameters())
        self._program.parameters[:] = [float(value.data) for value in self._program.values]
        outputs: Floats = self._program(self.preparation(inputs))
        return outputs

    def classes(self, inputs: Any) -> list[str]:
        """The name of the class of each row. Raises ValueError for the network of a regression, which has none."""
        names = self.preparation.classes
        if not names:
            raise ValueError("the network is that of a regression; expected one with classes. Ask for its outputs.")
        return [names[i] for i in self.numbers(self.outputs(inputs)).tolist()]

    def numbers(self, outputs: Floats) -> Any:
        """The number of the class that each row of outputs stands for."""
        targets = np.array([0.0, 1.0] if self.preparation.zero_one else [-1.0, 1.0])
        return predicted(outputs, self.loss, targets)

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the network, its numbers and its preparation to a JSON file that `load` reads.

        Raises OSError where the file cannot be written; then what was there is untouched.
        """
        prepared = self.preparation
        scaling = prepared.scaling and {
            "mean": prepared.scaling.mean.tolist(),
            "deviation": prepared.scaling.deviation.tolist(),
        }
        data = {
            "format": FORMAT,
            "layers": self.layers,
            "parameters": self.model.state_dict(),
            "loss": self.loss.name,
            "data": {**vars(prepared), "scaling": scaling},
        }
        write_files({as_path(path): json.dumps(data, ensure_ascii=False, indent=1).encode("utf-8")})
        return Path(path)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Predictor:
        """The network in a file. Raises ValueError for any other file, and for one that is cut off."""
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
            if data.pop("format", None) != FORMAT:
                raise ValueError("it is of another kind")
            model = MLP(**data["layers"])
            model.load_state_dict(data["parameters"])
            scaling = data["data"]["scaling"]
            prepared: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data["data"].items()}
            prepared["scaling"] = scaling and Scaling(np.array(scaling["mean"]), np.array(scaling["deviation"]))
            return cls(model, data["loss"], Preparation(**prepared))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"{path} is no model of micrograd_es ({error}); expected what Predictor.save or 'train' wrote."
            ) from None


def _layers(model: Sequential) -> dict[str, Any]:
    """The arguments with which `MLP` makes a network of the same layers."""
    layers, steps = model.layers, model.sequence
    names = [layer.activation.name for layer in layers]
    bias = [neuron.b is not None for layer in layers for neuron in layer.neurons]
    follows = {id(step): other for step, other in zip(steps, [*steps[1:], None], strict=True)}
    after = [follows.get(id(layer)) for layer in layers[:-1]]
    made = {
        "n_in": model.n_in,
        "sizes": [layer.n_out for layer in layers],
        "activation": names[:-1],
        "output": names[-1],
        "bias": all(bias),
        "dropout": [step.p if isinstance(step, Dropout) else 0.0 for step in after],
    }
    try:
        twin = MLP(**made)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        same = False
    else:
        same = list(twin.named_parameters()) == list(model.named_parameters())
        same = same and list(map(type, twin.sequence)) == list(map(type, steps))
    if not same:
        raise TypeError(f"a file cannot hold {model!r}; expected an MLP of known activations.")
    return made
