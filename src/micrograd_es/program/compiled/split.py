"""Layers of which weights are missing, as products without what is not there, where these take less time.

They do where several neurons read the same inputs, and where less than half of the weights are there; at several
positions, where less than a quarter is.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import replace

from micrograd_es.program.blocks import Affine, Block, Plan, Space

ALIKE = 4  # neurons, on average, that read the same inputs: as many as are computed together
FULL, AT_POSITIONS = 2, 4  # at least this part of the weights is there where the whole is computed


def without_gaps(plan: Plan) -> Plan:
    """The plan with such layers as several products."""
    if Space.SHARED not in plan.zeros:
        return plan
    return replace(plan, blocks=[part for block in plan.blocks for part in _parts(block)])


def _parts(block: Block) -> Iterator[Block]:
    """A block, or what it is as several; at several positions each of these is dense."""
    if not isinstance(block, Affine) or block.absent is None:
        yield block
        return
    there = block.there()
    several = block.positions > 1
    is_little = (AT_POSITIONS if several else FULL) * sum(map(len, there)) < len(block.weights)
    if (several and is_little) or (not several and ALIKE * len(set(map(tuple, there))) <= len(there)):
        yield from _grouped(block, [tuple(terms) for terms in there], True)
    elif is_little:
        yield from _grouped(block, list(map(len, there)), False)
    else:
        yield block


def _grouped(block: Affine, keys: list[Hashable], dense: bool) -> Iterator[Block]:
    """The neurons of the same key as one product each."""
    there, n, positions = block.there(), block.terms, block.positions
    groups: dict[Hashable, list[int]] = {}
    for i, key in enumerate(keys):
        groups.setdefault(key, []).append(i)
    for members in groups.values():
        read = [k for i in (members[:1] if dense else members) for k in there[i]]
        weights = block.weights.picked([i * n + k for i in members for k in there[i]])
        bare = tuple([rows.picked(members, len(rows) // len(there)) for rows in block.bare])
        is_dense = dense or len(members) == 1
        out, inputs = block.out.picked(members, positions), block.inputs.picked(read, positions)
        yield Affine(out, weights, inputs, bare, is_dense, positions)
