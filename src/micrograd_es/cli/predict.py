"""The command `predict`: a trained network's answers for the rows of a CSV file."""

from __future__ import annotations

import csv
from argparse import Namespace
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from micrograd_es.cli.terminal import say, say_bytes
from micrograd_es.cli.training_options import reading
from micrograd_es.files import write_files

if TYPE_CHECKING:
    from micrograd_es.data.checks import Floats
    from micrograd_es.training import Predictor

WORDS = {"es": ("predicción", "salida"), "en": ("prediction", "output")}


def predict(given: Namespace) -> int:
    """Write the table with the answers beside each row."""
    from micrograd_es.data import read_table
    from micrograd_es.training import Predictor

    predictor = Predictor.load(given.model)
    table = read_table(given.table, header=True, **reading(given))
    outputs = predictor.outputs(table.numbers(predictor.preparation.names))
    names, added = _answers(predictor, outputs, given.language)
    if twice := set(names) & set(table.names):
        raise ValueError(
            f"{table.path} has a column {min(twice)!r} already; expected a table without answers. Take the column out."
        )
    text = StringIO()
    writer = csv.writer(text, delimiter=table.delimiter, lineterminator="\n")
    writer.writerow([*table.names, *names])
    for cells, more in zip(table.cells, added, strict=True):
        writer.writerow([*cells, *(_written(x, table.decimal) for x in more)])
    data = text.getvalue().encode("utf-8")
    if given.output is None:
        say_bytes(data)
    else:
        write_files({Path(given.output): data})
        say(given.output)
    return 0


def _answers(predictor: Predictor, outputs: Floats, language: str) -> tuple[list[str], list[list[Any]]]:
    """The names of the new columns, and what stands in them for each row: the class first where there are classes."""
    answers, output = WORDS[language]
    if classes := predictor.preparation.classes:
        found = [classes[i] for i in predictor.numbers(outputs).tolist()]
        several = outputs.shape[1] > 1
        names = [answers, *(f"{output} {name}" for name in classes)] if several else [answers, output]
        return names, [[name, *row] for name, row in zip(found, outputs.tolist(), strict=True)]
    names = [answers] if outputs.shape[1] == 1 else [f"{answers} {i}" for i in range(1, outputs.shape[1] + 1)]
    return names, outputs.tolist()


def _written(answer: object, decimal: str) -> str:
    """An answer as the table writes its numbers."""
    return str(answer).replace(".", decimal) if isinstance(answer, float) else str(answer)
