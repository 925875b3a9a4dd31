"""Examples to learn from: a row of inputs and a row of targets each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from micrograd_es.data.checks import checked_table, checked_targets, whole
from micrograd_es.maths import counted

Floats = NDArray[np.float64]
Kind = Literal["classification", "regression"]
Seed = int | np.random.Generator | None


@dataclass(frozen=True, eq=False)
class Data:
    """Examples: `inputs` has a row for each and a column for each input, `targets` a column for each output.

    The targets of a classification are one column of −1 and 1 (as in the Playground) or of 0 and 1, or one column for
    each class with a single 1 in a row. `names` are those of the inputs, `classes` those of the classes, in the order
    of their numbers; a regression has none. The arrays are copies that cannot be written to.

    >>> data = Data([[0, 0], [0, 1], [1, 0], [1, 1]], [-1, 1, 1, -1], names=("a", "b"))
    >>> data
    Data(4 rows of a, b; classification: −1, 1)
    >>> data.labels.tolist(), data.one_hot().targets[0].tolist()
    ([0, 1, 1, 0], [1.0, 0.0])
    >>> data[1], len(data[2:])
    (([0.0, 1.0], [1.0]), 2)

    Raises ValueError for no rows, for sizes that do not match, for NaN or an infinity, and for targets that are none
    of a classification; TypeError for what is no table of numbers.
    """

    inputs: Any
    targets: Any
    names: Sequence[str] = ()
    classes: Sequence[str] = ()
    kind: Kind = "classification"

    def __post_init__(self) -> None:
        inputs = checked_table("inputs", self.inputs)
        targets = checked_targets(self.targets, len(inputs), self.kind)
        names = tuple(self.names) or tuple(f"x{i}" for i in range(1, inputs.shape[1] + 1))
        classes = tuple(self.classes) or self._usual_classes(targets)
        count = max(targets.shape[1], 2) if self.kind == "classification" else 0
        for what, given, expected in (("names", names, inputs.shape[1]), ("classes", classes, count)):
            if len(given) != expected:
                raise ValueError(f"{len(given)} {what} were given ({', '.join(given)}); expected {expected}.")
            if twice := [name for name in given if given.count(name) > 1]:
                raise ValueError(f"{twice[0]!r} is twice among the {what}; expected a name of its own for each.")
        for field, content in (("inputs", inputs), ("targets", targets), ("names", names), ("classes", classes)):
            object.__setattr__(self, field, content)

    @classmethod
    def labelled(cls, inputs: Any, labels: Any, names: Sequence[str] = (), classes: Sequence[str] = ()) -> Data:
        """Data of a class for each row: its number, or its name, which then stands in `classes`.

        Two classes have targets of −1 and 1, more have a column each.

        >>> Data.labelled([[1], [2], [3]], ["b", "a", "c"], classes="abc").targets.tolist()
        [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
        """
        known = list(classes) or _sorted(labels)
        texts = [str(label) for label in labels]
        if unknown := sorted(set(texts) - set(known)):
            raise ValueError(f"{unknown[0]!r} is no class; expected one of {', '.join(known)}.")
        if len(known) < 2:
            raise ValueError(f"the rows have {len(known)} class ({', '.join(known)}); expected two or more.")
        numbers = np.array([known.index(text) for text in texts], dtype=int)
        targets = np.eye(len(known))[numbers] if len(known) > 2 else numbers * 2.0 - 1.0
        return cls(inputs, targets, names, known)

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.inputs)

    def __getitem__(self, rows: Any) -> Any:
        """One row, as a list of inputs and a list of targets; or, for a slice or an array of numbers, Data."""
        if isinstance(rows, int | np.integer):
            return self.inputs[rows].tolist(), self.targets[rows].tolist()
        if not isinstance(rows, slice) and np.asarray(rows).dtype.kind not in "ib":
            raise TypeError(f"rows are chosen by {rows!r}; expected a number, a slice or an array of numbers.")
        return replace(self, inputs=self.inputs[rows], targets=self.targets[rows])

    def __iter__(self) -> Iterator[tuple[list[float], list[float]]]:
        """The rows one by one, as `data[i]` gives them."""
        return zip(self.inputs.tolist(), self.targets.tolist(), strict=True)

    def __repr__(self) -> str:
        names = ", ".join(self.names) if len(self.names) <= 8 else f"{len(self.names)} inputs"
        kind = f"{self.kind}: {', '.join(self.classes)}" if self.classes else self.kind
        return f"Data({counted(len(self), 'row')} of {names}; {kind})"

    # The targets

    @property
    def labels(self) -> NDArray[np.int64]:
        """The number of each row's class. Raises ValueError for a regression, which has none."""
        if self.kind != "classification":
            raise ValueError("the data are of a regression; expected a classification, which has classes.")
        table: Floats = self.targets
        found = table[:, 0] > 0 if table.shape[1] == 1 else table.argmax(axis=1)
        return found.astype(np.int64)

    def one_hot(self) -> Data:
        """The same rows with a column of targets for each class: 1 for the row's own, 0 for the others."""
        return replace(self, targets=np.eye(len(self.classes))[self.labels])

    def zero_one(self) -> Data:
        """The same rows with targets of 0 and 1, for a sigmoid output; ValueError where there are not two classes."""
        return replace(self, targets=self._two() * 1.0)

    def signs(self) -> Data:
        """The same rows with targets of −1 and 1, for a tanh output; ValueError where there are not two classes."""
        return replace(self, targets=self._two() * 2.0 - 1.0)

    def _two(self) -> NDArray[np.int64]:
        labels = self.labels
        if len(self.classes) != 2:
            raise ValueError(f"the data have {len(self.classes)} classes; expected two. Write one_hot().")
        return labels

    def _usual_classes(self, targets: Floats) -> tuple[str, ...]:
        if self.kind == "regression":
            return ()
        if targets.shape[1] > 1:
            return tuple(map(str, range(targets.shape[1])))
        return ("−1", "1") if (targets != 0).all() else ("0", "1")

    # Parts

    def split(self, train: float = 0.5, seed: int = 0) -> tuple[Data, Data]:
        """The rows, shuffled, in two parts: to train on, and to test on.

        >>> train, test = Data([[i] for i in range(10)], range(10), kind="regression").split(0.7, seed=1)
        >>> len(train), len(test), sorted(train.inputs[:, 0].tolist() + test.inputs[:, 0].tolist()) == list(range(10))
        (7, 3, True)

        Raises ValueError where `train`, a share between 0 and 1, leaves one of them without rows.
        """
        if isinstance(train, bool) or not isinstance(train, int | float) or not 0 < train < 1:
            raise ValueError(f"train is {train!r}; expected a share between 0 and 1. Write train=0.5 for a half.")
        count = int(len(self) * train + 1e-9)
        if not 0 < count < len(self):
            raise ValueError(
                f"train={train} of {counted(len(self), 'row')} leaves a part without rows; give more rows."
            )
        order = np.random.default_rng(whole("seed", seed, 0)).permutation(len(self))
        return self[order[:count]], self[order[count:]]

    def batches(self, size: int, seed: Seed = None) -> Iterator[Data]:
        """The rows in batches of that size, of which the last may be smaller.

        With a seed they are shuffled; a NumPy Generator, given again for each epoch, shuffles each in another way.

        >>> data = Data([[i] for i in range(5)], range(5), kind="regression")
        >>> [batch.inputs[:, 0].tolist() for batch in data.batches(2)]
        [[0.0, 1.0], [2.0, 3.0], [4.0]]
        """
        whole("the size of a batch", size, 1)
        order = np.arange(len(self)) if seed is None else np.random.default_rng(seed).permutation(len(self))
        return (self[order[start : start + size]] for start in range(0, len(self), size))

    # Scale

    def scaling(self) -> Scaling:
        """The mean and the deviation of each input, which `standardised` takes off and divides by."""
        unit = np.exp2(np.frexp(np.abs(self.inputs).max(axis=0))[1] - 1.0)  # so that no square is too large or small
        inputs = self.inputs / unit
        deviation = inputs.std(axis=0)
        flat = deviation <= 1e-12 * np.abs(inputs).max(axis=0)  # the same in all rows but for rounding
        return Scaling(inputs.mean(axis=0) * unit, np.where(flat, 1.0, deviation * unit))

    def standardised(self, by: Data | Scaling | None = None) -> Data:
        """The same rows with inputs of mean 0 and deviation 1; an input that never changes becomes 0.

        A test set is put on the scale of the training set: `test.standardised(by=train)`.

        >>> train = Data([[1, 5], [3, 5]], [0, 1])
        >>> train.standardised().inputs.tolist(), train[:1].standardised(by=train).inputs.tolist()
        ([[-1.0, 0.0], [1.0, 0.0]], [[-1.0, 0.0]])
        """
        scaling = by if isinstance(by, Scaling) else (self if by is None else by).scaling()
        return replace(self, inputs=scaling(self.inputs))


def _sorted(labels: Any) -> list[str]:
    """The labels, each once, in their order. Raises TypeError for labels of several kinds, which have none."""
    try:
        return [str(label) for label in sorted(set(labels))]
    except TypeError as error:
        raise TypeError(f"the labels have no order ({error}); expected numbers, or names. Write classes=[…].") from None


@dataclass(frozen=True, eq=False)
class Scaling:
    """What standardising takes off each input, and divides it by.

    >>> scaling = Data([[1, 10], [3, 30]], [0, 1]).scaling()
    >>> scaling([[5, 10]]).tolist()
    [[3.0, -1.0]]
    """

    mean: Floats
    deviation: Floats

    def __call__(self, inputs: Any) -> Floats:
        """The inputs on the new scale. Raises ValueError for another number of columns."""
        table = checked_table("inputs", inputs)
        if table.shape[1] != len(self.mean):
            raise ValueError(
                f"the inputs have {counted(table.shape[1], 'column')}; expected {len(self.mean)}, as the scale has."
            )
        scaled: Floats = (table - self.mean) / self.deviation
        return scaled
