"""Operations of many inputs as trees of the same operation on few: a kernel's code is as long as it has inputs.

max(a, b, c, d) is max(max(a, b), max(c, d)), and so it is for sums, products and log Σ exp. The parts keep the order of
the inputs, so a tie still goes to the first.
"""

from __future__ import annotations

from dataclasses import replace

from micrograd_es.ops import ADD, LSE, MAX, MIN, MUL
from micrograd_es.program.blocks import Block, Elementwise, Plan, Rows, Space, Wanted, inputs_of

TREES = (ADD, MUL, MAX, MIN, LSE)
FEW = 16  # inputs


def narrowed(plan: Plan, wanted: Wanted) -> tuple[Plan, Wanted]:
    """The plan without operations of many inputs, and what is wanted, with the rows that were added for it.

    What no example changes is left as it is: its rows belong to the program.
    """
    if not any(isinstance(block, Elementwise) and len(block.inputs) > FEW for block in plan.blocks):
        return plan, wanted
    blocks: list[Block] = []
    narrow = replace(plan, blocks=blocks, sizes=dict(plan.sizes))
    wanted = {space: set(rows) for space, rows in wanted.items()}
    for block in plan.blocks:
        if isinstance(block, Elementwise) and block.op in TREES and block.out.space is Space.VARYING:
            block = _narrower(block, narrow)
        blocks.append(block)
    first = plan.sizes[Space.VARYING]
    for made in blocks:
        added = wanted and made.out.space is Space.VARYING and made.out.numbers[0] >= first
        if added and not all(wanted[rows.space].isdisjoint(rows.numbers) for rows in inputs_of(made)):
            wanted[Space.VARYING].update(made.out.numbers)
    return narrow, wanted


def _narrower(block: Elementwise, plan: Plan) -> Elementwise:
    """The operation on few inputs that are new rows of the plan, which gets the blocks that compute them."""
    inputs = list(block.inputs)
    while len(inputs) > FEW:
        parts = [inputs[i : i + FEW] for i in range(0, len(inputs), FEW)]
        inputs = []
        for part in parts:
            if len(part) == 1:
                inputs.append(part[0])
                continue
            first = plan.sizes[Space.VARYING]
            plan.sizes[Space.VARYING] += len(block.out)
            inputs.append(Rows(Space.VARYING, tuple(range(first, first + len(block.out)))))
            plan.blocks.append(Elementwise(inputs[-1], block.op, tuple(part)))
    return Elementwise(block.out, block.op, tuple(inputs))
