"""Where numbers stand in other matrices, written down: columns of them, and weights that are put together from them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, takewhile
from operator import itemgetter

from micrograd_es.program.explaining.columns import Column
from micrograd_es.program.explaining.formulas import Matrix
from micrograd_es.program.explaining.notation import SHOWN, Style, indexed, listed, shortened, spread, transposed
from micrograd_es.program.lists import each_of


def side_by_side(places: Sequence[Column], style: Style) -> str:
    """Numbers as one row, from the columns of matrices: X[0:2], or [X, H[1]]."""
    parts = _parts(places, style)
    return parts[0] if len(parts) == 1 else listed(parts, style, style.columns)


def _parts(places: Sequence[Column], style: Style) -> list[str]:
    """The parts of a row, each of one matrix; of weights all of them, or those of one neuron, a column turned."""
    parts = []
    for matrix, columns in _by_matrix(places):
        if _is_whole(matrix, columns):
            parts.append(transposed(_in_one_column(matrix, style), style))
        else:
            parts += _columns(matrix, columns, style)
        if len(parts) > SHOWN:
            break
    return shortened(parts, style)


def _columns(matrix: Matrix, columns: Sequence[int], style: Style) -> list[str]:
    """Some numbers of a matrix as parts of a row."""
    height, count = _height(matrix), _repeats(columns)
    if matrix.value is not None:  # a number
        return [matrix.written(style)] * min(len(columns), SHOWN + 1)
    if height == 1 and len(columns) > matrix.shape[1] > 1 and _is_tiled(columns, matrix.shape[1]):
        return [matrix.written(style)] * min(len(columns) // matrix.shape[1], SHOWN + 1)
    if height == 1:
        taken = matrix.written(style) + indexed(columns[::count], matrix.shape[1], style)
        return [taken if count == 1 else spread(taken, count, style)]
    parts = []
    for neuron, group in groupby(columns, lambda column: column // height):
        column = matrix.written(style) + indexed([neuron], matrix.shape[1], style)
        parts.append(transposed(column, style) + indexed([i - neuron * height for i in group], height, style))
    return parts


def _is_tiled(columns: Sequence[int], width: int) -> bool:
    """Whether numbers are all the columns of a matrix of that width, several times."""
    return list(columns) == list(range(width)) * (len(columns) // width)


def _is_whole(matrix: Matrix, columns: Sequence[int]) -> bool:
    """Whether numbers are all the weights of a matrix in their order."""
    return _height(matrix) > 1 and list(columns) == list(range(matrix.size))


def _in_one_column(matrix: Matrix, style: Style) -> str:
    """All weights of a matrix, its columns below each other; what is one column is that."""
    name = matrix.written(style)
    if matrix.shape[1] == 1:
        return name
    return rf"\operatorname{{vec}}({name})" if style.latex else f"vec({name})"


def _repeats(columns: Sequence[int]) -> int:
    """How often each of several columns stands in a row, where it is the same for all of them; else 1."""
    count = len(list(takewhile(lambda column: column == columns[0], columns)))
    once = columns[::count]
    return count if len(once) > 1 and tuple(columns) == each_of(once, count) else 1


def signs(places: Sequence[Column]) -> list[str]:
    """What a legend has to tell of numbers in one row."""
    groups = [columns for _, columns in _by_matrix(places)]
    is_one_whole = groups == [list(range(places[0][0].shape[1]))]
    is_spread = any(_repeats(columns) > 1 for columns in groups)
    return [*["Taken"] * (not is_one_whole), *["Vec"] * has_whole(places), *["Spread"] * is_spread]


def has_whole(places: Sequence[Column]) -> bool:
    """Whether numbers in one row have among them all the weights of several neurons."""
    return any(matrix.shape[1] > 1 and _is_whole(matrix, columns) for matrix, columns in _by_matrix(places))


def _by_matrix(places: Sequence[Column]) -> list[tuple[Matrix, list[int]]]:
    """The columns of each matrix, as often as it stands apart from itself."""
    return [(matrix, [column for _, column in group]) for matrix, group in groupby(places, itemgetter(0))]


def _height(matrix: Matrix) -> int:
    """How many inputs the neurons of a matrix of weights have; 1 for any other matrix."""
    rows = matrix.shape[0]
    return 1 if rows == "m" else rows


def whole_rows(places: Sequence[Column], shape: tuple[int, int]) -> list[Matrix]:
    """The matrices that weights of p×n are when they stand on each other; none where they are not just that."""
    kernels, terms = shape
    found: list[Matrix] = []
    row = 0
    while row < terms:
        matrix, height = places[row][0], _height(places[row][0])
        each = [(matrix, kernel * height + i) for kernel in range(kernels) for i in range(height)]
        given = [place for kernel in range(kernels) for place in places[kernel * terms :][row : row + height]]
        if matrix.shape != (height, kernels) or given != each:
            return []
        found.append(matrix)
        row += height
    return found


def stacked(matrices: Sequence[Matrix], style: Style) -> str:
    """Matrices on each other: [W1; W2]. With examples as columns they stand side by side."""
    parts = shortened([matrix.written(style) for matrix in matrices], style)
    return listed(parts, style, not style.columns) if len(matrices) > 1 else parts[0]


def weights_of(places: Sequence[Column], terms: int, style: Style) -> str:
    """Weights, a column for each neuron."""
    if terms == 1:
        return side_by_side(places, style)
    parts: list[str] = []
    neurons = [places[start : start + terms] for start in range(0, len(places), terms)]
    for (column, row), group in groupby(neurons, lambda neuron: (_column(neuron), _row(neuron))):
        given = list(group)
        firsts = [number for _, number in (neuron[0] for neuron in given)]
        if column:
            parts.append(column.written(style) + indexed([i // terms for i in firsts], column.shape[1], style))
        elif row:
            matrix, columns = row
            taken = transposed(matrix.written(style) + indexed(columns, matrix.shape[1], style), style)
            parts.append(taken + indexed([i % _height(matrix) for i in firsts], _height(matrix), style))
        else:
            parts += [_one_column(neuron, style) for neuron in given[: SHOWN + 1]]
        if len(parts) > SHOWN:
            break
    parts = shortened(parts, style)
    return parts[0] if len(parts) == 1 else listed(parts, style, style.columns)


def _one_column(neuron: Sequence[Column], style: Style) -> str:
    """The weights of a neuron as a column."""
    if _is_whole(neuron[0][0], [number for _, number in neuron]) and len({matrix for matrix, _ in neuron}) == 1:
        return _in_one_column(neuron[0][0], style)
    return transposed(side_by_side(neuron, style), style)


def _column(neuron: Sequence[Column]) -> Matrix | None:
    """The matrix that the weights of a neuron are a whole column of."""
    matrix, first = neuron[0]
    height = _height(matrix)
    if height != len(neuron) or height == 1 or first % height:
        return None
    return matrix if list(neuron) == [(matrix, first + i) for i in range(height)] else None


def _row(neuron: Sequence[Column]) -> tuple[Matrix, tuple[int, ...]] | None:
    """The matrix, and which of its columns, that the weights of a neuron are from one row of."""
    matrix, first = neuron[0]
    height = _height(matrix)
    if height == 1 or any(other is not matrix or (number - first) % height for other, number in neuron):
        return None
    return matrix, tuple([number // height for _, number in neuron])
