"""The numbers of matrices in columns, one for each number of an example, whatever form the matrix has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from micrograd_es.program.arrays import Array
from micrograd_es.program.explaining.formulas import Arrays, Matrix

Column = tuple[Matrix, int]  # a matrix and which of its numbers, weights counted neuron after neuron


def flattened(array: Array, positions: int) -> Array:
    """The numbers of an example, which has a row for each position, in one row: column after column."""
    width = array.shape[1]
    return array.reshape(-1, positions, width).transpose(0, 2, 1).reshape(-1, positions * width)


def folded(array: Array, width: int, positions: int) -> Array:
    """What `flattened` was given."""
    return array.reshape(-1, width, positions).transpose(0, 2, 1).reshape(-1, width)


def _in_columns(array: Array, matrix: Matrix) -> Array:
    """A column for each number of a matrix: weights p×n in the order of their neurons."""
    if matrix.value is not None:
        return np.array([[matrix.value]])
    if matrix.shape[0] == "m":
        return flattened(array, matrix.positions)
    return array if matrix.shape[0] == 1 else array.T.reshape(1, -1)


def out_of_columns(array: Array, matrix: Matrix) -> Array:
    """What `_in_columns` was given."""
    rows, columns = matrix.shape
    if rows == "m":
        return folded(array, columns, matrix.positions)
    return array if rows == 1 else array.reshape(columns, rows).T


def columns_of(columns: Sequence[Column], arrays: Arrays) -> Array:
    """Columns of matrices put together; for each its matrix and the number there."""
    found = {matrix: _in_columns(matrix.array(arrays), matrix) for matrix, _ in columns}
    rows = next((len(part) for matrix, part in found.items() if matrix.shape[0] == "m"), 1)
    made = np.empty((rows, len(columns)))
    for i, (matrix, column) in enumerate(columns):
        made[:, i] = found[matrix][:, column]
    return made
