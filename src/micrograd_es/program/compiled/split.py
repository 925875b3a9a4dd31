"""Layers of which weights are missing, as products without what is not there, where these take less time.

They do where several neurons read the same inputs, and where less than half of the weights are there.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import replace

from micrograd_es.program.blocks import Affine, Block, Plan, Rows

ALIKE = 4  # neurons, on average, that read the same inputs: as many as are computed together
FULL = 2  # at least this part of the weights is there where the whole is computed


def without_gaps(plan: Plan) -> Plan:
    """The plan with such layers as several products."""
    if plan.absent is None:
        return plan
    return replace(plan, blocks=[part for block in plan.blocks for part in _parts(block)])


def _parts(block: Block) -> Iterator[Block]:
    """A block, or what it is as several."""
    if not isinstance(block, Affine) or block.absent is None or block.positions > 1:
        yield block
        return
    there = block.there()
    if ALIKE * len(set(map(tuple, there))) <= len(there):
        yield from _grouped(block, [tuple(terms) for terms in there], True)
    elif FULL * sum(map(len, there)) < len(block.weights):
        yield from _grouped(block, list(map(len, there)), False)
    else:
        yield block


def _grouped(block: Affine, keys: list[Hashable], dense: bool) -> Iterator[Block]:
    """The neurons of the same key as one product each."""
    there, n = block.there(), block.terms
    groups: dict[Hashable, list[int]] = {}
    for i, key in enumerate(keys):
        groups.setdefault(key, []).append(i)
    for members in groups.values():
        read = [k for i in (members[:1] if dense else members) for k in there[i]]
        weights = _picked(block.weights, [i * n + k for i in members for k in there[i]])
        bare = tuple([_picked(rows, members) for rows in block.bare])
        is_dense = dense or len(members) == 1
        yield Affine(_picked(block.out, members), weights, _picked(block.inputs, read), bare, is_dense)


def _picked(rows: Rows, places: list[int]) -> Rows:
    return Rows(rows.space, tuple([rows.numbers[place] for place in places]))
