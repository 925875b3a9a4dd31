"""What the shared rows of a plan are: weights, of how many neurons and inputs, or numbers."""

from __future__ import annotations

from micrograd_es.program.blocks import Affine, Elementwise, Inner, Plan, Rows, Space, Total, inputs_of


def forms_of(plan: Plan) -> dict[Rows, tuple[int, int]]:
    """The shared rows that are the weights of a dense product, as neurons × inputs, and what they are made of."""
    forms = {
        block.weights: (block.kernels, block.terms)
        for block in plan.blocks
        if isinstance(block, Affine) and block.dense
    }
    for block in reversed(plan.blocks):
        if isinstance(block, Elementwise) and block.out in forms:
            for rows in inputs_of(block):
                if len(set(rows.numbers)) == len(rows) > 1:
                    forms.setdefault(rows, forms[block.out])
    for block in plan.blocks:
        if isinstance(block, Total):  # sums stand in a row
            forms.pop(block.out, None)
    return forms


def of_constants(plan: Plan) -> set[int]:
    """The shared rows that are constants, or made of them alone."""
    found = set(plan.constants)
    for block in plan.blocks:
        if block.out.space is Space.SHARED and all(found.issuperset(rows.numbers) for rows in inputs_of(block)):
            found.update(block.out.numbers)
    return found


def times_vectors(plan: Plan) -> set[int]:
    """The rows of the matrices that are multiplied with a vector which all examples share, as a first state is."""
    products = [block for block in plan.blocks if isinstance(block, Inner) and block.out.space is Space.SHARED]
    return {row for block in products if block.columns == 1 for row in block.left.numbers}
