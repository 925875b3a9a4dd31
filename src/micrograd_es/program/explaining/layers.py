"""The weights and biases of layers: they are named first, and put together from those that are known."""

from __future__ import annotations

from micrograd_es.program.blocks import Affine, Rows, Space
from micrograd_es.program.explaining.forms import times_vectors
from micrograd_es.program.explaining.formulas import Matrix
from micrograd_es.program.explaining.naming import Names
from micrograd_es.program.explaining.positions import matrix_at_positions


def name_layers(names: Names) -> None:
    """Name the weights and biases of layers before all else that uses them: a penalty takes them from there.

    What is only a part of weights, and other weights are made of, keeps a name of its own.
    """
    layers = [block for block in names.plan.blocks if isinstance(block, Affine) and block.dense]
    parts = names.forms.keys() - {block.weights for block in layers}
    apart = {row for rows in parts for row in rows.numbers}
    of_vectors = times_vectors(names.plan)
    for block in layers:
        form = block.kernels, block.terms
        if _is_new(names, block.weights) and apart.isdisjoint(block.weights.numbers):
            names.matrix(block.weights, "W", form)
        elif not of_vectors.isdisjoint(block.weights.numbers):
            names.name_part(block.weights, form)
        for rows in block.bare:
            if len(names.known.there(rows)) < len(rows):
                continue
            if block.positions > 1 and _is_new(names, Rows(rows.space, tuple(dict.fromkeys(rows.numbers)))):
                matrix_at_positions(names, rows, block.kernels, block.positions)
            elif _is_new(names, rows):
                names.matrix(rows, "B")


def _is_new(names: Names, rows: Rows) -> bool:
    """Whether rows are parameters, each once, that have no name yet."""
    there = names.known.there(rows)
    return (
        rows.space is Space.SHARED
        and len(set(there)) == len(there)
        and max(there) < names.plan.tape.parameters
        and not any((rows.space, row) in names.known.owner for row in there)
    )


def weights_apart(names: Names, block: Affine) -> list[tuple[Matrix, Rows]]:
    """The weights that those of a layer are put together from, each with the inputs it is for.

    Nothing where they have a name of their own, or some are constants, or their inputs are one matrix.
    """
    rows, form, terms = block.weights, (block.kernels, block.terms), block.terms
    if not block.dense or block.positions > 1 or block.absent is not None or names.known.find(rows, form):
        return []
    if names.has_constants(rows) or len(names.known.fresh(rows)) == len(rows):
        return []
    if names.known.is_stretch(block.inputs) or not names.name_part(rows, form):
        return []
    known = names.known.columns(rows)
    parts: dict[Matrix, list[int]] = {}
    for term, (matrix, _) in enumerate(known[:terms]):
        parts.setdefault(matrix, []).append(term)
    found = []
    for matrix, some in parts.items():
        some.sort(key=lambda term: known[term][1])
        columns = [known[kernel * terms + term] for kernel in range(block.kernels) for term in some]
        if columns != [(matrix, column) for column in range(matrix.size)] or matrix.shape[0] != len(some):
            return []
        found.append((matrix, block.inputs.picked(some)))
    return found
