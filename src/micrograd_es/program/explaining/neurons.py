"""Neurons of one input: w·x + b, which a plan computes number by number, as the product of matrices that layers are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from micrograd_es.ops import ADD, MUL
from micrograd_es.program.blocks import Affine, Block, Elementwise, Plan, Rows, Space, inputs_of
from micrograd_es.program.explaining.softmaxes import Softmaxes


def with_neurons(plan: Plan, blocks: Sequence[Block | Softmaxes]) -> list[Block | Softmaxes]:
    """The blocks, with a weight times one number, and a bias added to it, as one product: Z = X·w + b."""
    reads = Counter((rows.space, row) for block in plan.blocks for rows in inputs_of(block) for row in rows.numbers)
    reads.update(map(plan.places.__getitem__, plan.tape.outputs))
    products: dict[Rows, tuple[Rows, Rows]] = {}  # the weight and the input of each that is read once
    found: list[Block | Softmaxes] = []
    for block in blocks:
        pair = _pair(plan, block, MUL)
        if pair and reads[Space.VARYING, block.out.numbers[0]] == 1:
            products[block.out] = pair
        bias, product = _pair(plan, block, ADD) or (None, None)
        if bias and product in products:
            weight, x = products[product]
            found = [made for made in found if made.out != product]
            block = Affine(block.out, weight, x, (bias,), dense=True)
        found.append(block)
    return found


def _pair(plan: Plan, block: Block | Softmaxes, op: object) -> tuple[Rows, Rows] | None:
    """A parameter and what varies, where a block is an operation on two such numbers."""
    if not isinstance(block, Elementwise) or block.op is not op or len(block.inputs) != 2 or len(block.out) > 1:
        return None
    shared, varying = sorted(block.inputs, key=lambda rows: rows.space is Space.VARYING)
    is_parameter = shared.space is Space.SHARED and shared.numbers[0] < plan.tape.parameters
    return (shared, varying) if is_parameter and varying.space is Space.VARYING else None
