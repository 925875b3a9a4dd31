"""Neurons of one input: w·x + b, which a plan computes number by number, as the product of matrices that layers are."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from micrograd_es.ops import ADD, MUL
from micrograd_es.program.blocks import Affine, Block, Elementwise, Plan, Rows, Space, inputs_of


def with_neurons(plan: Plan) -> Plan:
    """A plan in which a weight times one number, and a bias added to it, are one product: Z = X·w + b."""
    reads = Counter([place for block in plan.blocks for rows in inputs_of(block) for place in rows.places])
    reads.update(map(plan.places.__getitem__, plan.tape.outputs))
    products: dict[Rows, tuple[Rows, Rows]] = {}  # the weight and the input of each that is read once
    taken_in: set[Rows] = set()
    found: list[Block] = []
    for block in plan.blocks:
        pair = _pair(plan, block, MUL)
        if pair and reads[Space.VARYING, block.out.numbers[0]] == 1:
            products[block.out] = pair
        bias, product = _pair(plan, block, ADD) or (None, None)
        if bias and product in products:
            weight, x = products[product]
            taken_in.add(product)
            block = Affine(block.out, weight, x, (bias,), dense=True)
        found.append(block)
    return replace(plan, blocks=[block for block in found if block.out not in taken_in])


def _pair(plan: Plan, block: Block, op: object) -> tuple[Rows, Rows] | None:
    """A parameter and what varies, where a block is an operation on two such numbers."""
    if not isinstance(block, Elementwise) or block.op is not op or len(block.inputs) != 2 or len(block.out) > 1:
        return None
    shared, varying = sorted(block.inputs, key=lambda rows: rows.space is Space.VARYING)
    return (shared, varying) if plan.are_parameters(shared) and varying.space is Space.VARYING else None
