"""Weights as a plain dict of NumPy arrays, and as an npz file, without pickle."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from micrograd_es.data.checks import Floats
from micrograd_es.export.slots import fill, named_slots, numbers
from micrograd_es.files import as_path, write_files
from micrograd_es.nn import Module


def arrays(model: Module) -> dict[str, Floats]:
    """The parameters of a model as arrays by name: of a layer of n inputs and p neurons, weight p×n and bias p.

    >>> from micrograd_es.nn import MLP
    >>> {name: array.shape for name, array in arrays(MLP(2, [3, 1])).items()}
    {'layer1.weight': (3, 2), 'layer1.bias': (3,), 'layer2.weight': (1, 3), 'layer2.bias': (1,)}

    A layer without biases has no such entry; where only some of its neurons have one, the others' are 0. A Value in a
    module of one's own is an array of no dimension.
    """
    return {name: numbers(slots) for name, slots in named_slots(model).items()}


def load_arrays(model: Module, arrays: Mapping[str, Any]) -> None:
    """Set all parameters of a model from what `arrays` gave, or from tensors and lists of those names and shapes.

    >>> from micrograd_es.nn import Layer
    >>> layer = Layer(2, 1)
    >>> load_arrays(layer, {"weight": [[3.0, 4.0]], "bias": [5.0]})
    >>> layer.numbers()
    ([[3.0, 4.0]], [5.0])

    Raises ValueError, and changes nothing, where a name is missing or unknown, a shape is another, or a number is not
    finite; TypeError for what are no numbers.
    """
    fill(named_slots(model), arrays, repr(model))


def save_npz(model: Module, path: str | PathLike[str]) -> Path:
    """Write the arrays of a model to an npz file, which `load_npz` and `numpy.load` read; the same bytes each time.

    Raises OSError where the file cannot be written; then what was there is untouched.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, array in arrays(model).items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue())
    write_files({as_path(path): packed.getvalue()})
    return Path(path)


def load_npz(model: Module, path: str | PathLike[str]) -> None:
    """Set all parameters of a model from an npz file.

    Raises ValueError, and changes nothing, for any other file, for one that is cut off, and for that of another model.
    """
    content = io.BytesIO(as_path(path).read_bytes())
    try:
        file = np.load(content, allow_pickle=False)
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise ValueError("it holds one array without a name")
        found = {name: file[name] for name in file.files}
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path} is no npz file ({error}); expected what save_npz or numpy.savez wrote.") from None
    load_arrays(model, found)
