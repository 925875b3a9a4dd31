"""Data to learn from: the Playground's sets, moons, yin-yang, iris, digits, and files of the user's own.

Each set is a function that gives `Data`; `DATASETS` lists them by name, and `dataset` makes one by its name.

>>> from micrograd_es import data
>>> train, test = data.circle(noise=10, seed=1).split(0.5)
>>> len(train), train.names
(250, ('x1', 'x2'))
"""

from micrograd_es.data.bundled import digits, iris
from micrograd_es.data.csv_file import Table, from_csv, read_table
from micrograd_es.data.data import Data, Scaling
from micrograd_es.data.features import FEATURES, with_features
from micrograd_es.data.playground import circle, gaussian, regression_gaussian, regression_plane, spiral, xor
from micrograd_es.data.shapes import moons, yin_yang
from micrograd_es.data.table import DATASETS, dataset

__all__ = [
    "DATASETS",
    "FEATURES",
    "Data",
    "Scaling",
    "Table",
    "circle",
    "dataset",
    "digits",
    "from_csv",
    "gaussian",
    "iris",
    "moons",
    "read_table",
    "regression_gaussian",
    "regression_plane",
    "spiral",
    "with_features",
    "xor",
    "yin_yang",
]
