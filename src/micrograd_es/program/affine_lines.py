"""The NumPy code of sums of products: np.dot for dense ones, at one position or many, einsum for ragged ones.

For small matrices np.dot takes half the time of np.matmul. It writes into whole arrays only.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from micrograd_es.program.blocks import Affine, Rows, is_run, one_row
from micrograd_es.program.scatter import sent_back

if TYPE_CHECKING:
    from micrograd_es.program.numpy_lines import Backward, Forward, Lines

PART = 4  # of the values of a large batch no more than this part is gathered at once


def forward(lines: Forward, block: Affine) -> list[str]:
    """The lines that compute the sums."""
    runner, out = lines.runner, lines.out
    weights, found = lines.gathered(block.weights)
    matrix = runner.reshaped(weights, (block.kernels, block.terms))
    if block.dense:
        for some in _stretches(lines, block):
            inputs, gather = some.gathered(lines, block)
            found += [*gather, _product(lines, matrix, inputs, some.of(lines, block, out))]
    else:
        inputs, gather = lines.gathered(block.inputs)
        table = runner.reshaped(inputs, (block.kernels, block.terms, lines.columns))
        found += [*gather, f"np.einsum('pn,pnb->pb', {matrix}, {table}, out={out})"]
    for rows in block.bare:
        bare, gather = lines.gathered(one_row(rows))
        to = _target(lines, block, rows, out)
        found += [*gather, f"np.add({to}, {bare}, {to})"]
    return found


def backward(lines: Backward, block: Affine) -> list[str]:
    """The lines that send the gradient of the sums to weights, inputs, and what is added."""
    runner, upstream = lines.runner, lines.upstream
    shape = block.kernels, block.terms
    weights = lines.again(block.weights)
    found: list[str] = []
    if block.dense:
        turned = runner.reshaped(weights, shape, transposed=True)
        for some in _stretches(lines, block):
            inputs, gather = some.gathered(lines, block)
            across = runner.reshaped(inputs, (block.terms, some.size * lines.columns), transposed=True)
            up = some.of(lines, block, upstream)
            found += [*gather, *lines.sent(block.weights, f"np.dot({up}, {across}{{out}})", shape)]
            found += sent_back(lines, some.rows, block.terms, f"np.dot({turned}, {up}{{out}})")
    else:
        table = runner.reshaped(lines.again(block.inputs), (*shape, lines.columns))
        to_inputs = f"np.einsum('pn,pb->pnb', {runner.reshaped(weights, shape)}, {upstream}{{out}})"
        found += lines.sent(block.weights, f"np.einsum('pb,pnb->pn', {upstream}, {table}{{out}})", shape)
        found += lines.sent(block.inputs, to_inputs, (*shape, lines.columns))
    for rows in block.bare:
        found += lines.sent(one_row(rows), _to_bare(lines, block, rows))
    return found


def _to_bare(lines: Backward, block: Affine, rows: Rows) -> str:
    """What is sent to what is added: the sum over positions and examples, where it is the same for all."""
    to = _target(lines, block, rows, lines.upstream)
    if to == lines.upstream:
        return lines.summed(rows, to)
    if one_row(rows) is not rows:
        return f"np.add.reduce({to}, None, None{{out}}, keepdims=True)"
    return f"np.dot({to}, {lines.runner.ones(block.positions * lines.columns)}{{out}})"


def _product(lines: Lines, matrix: str, inputs: str, out: str) -> str:
    """The line that multiplies two matrices."""
    whole = lines.runner.names[out].flags.c_contiguous
    return f"np.{'dot' if whole else 'matmul'}({matrix}, {inputs}, {out})"


class _Stretch(NamedTuple):
    """Some of the positions of a block, and their inputs."""

    first: int
    size: int
    rows: Rows

    def gathered(self, lines: Lines, block: Affine) -> tuple[str, list[str]]:
        """The name of the inputs, a row for each term, and the lines that copy them together.

        The stretches of a block use the same room.
        """
        slots = dict(lines.slots)
        name, gather = lines.gathered(self.rows)
        lines.slots = slots
        return lines.runner.reshaped(name, (block.terms, self.size * lines.columns)), gather

    def of(self, lines: Lines, block: Affine, name: str) -> str:
        """The name of what the block has at those positions, a row for each kernel: all examples at the first …"""
        wide, columns = _wide(lines, block, name), lines.columns
        if self.size == block.positions:
            return wide
        start, end = self.first * columns, (self.first + self.size) * columns
        return lines.runner.bound((wide, start, end), lambda: lines.runner.names[wide][:, start:end], "k")


def _stretches(lines: Lines, block: Affine) -> list[_Stretch]:
    """All positions of a dense block at once; of a large batch some after the others, where they are gathered."""
    count, step = block.positions, block.positions
    if lines.runner.is_large and count > 1 and not is_run(block.inputs):
        step = max(len(lines.runner.values[block.inputs.space]) // (PART * block.terms), 1)
    if step >= count:
        return [_Stretch(0, count, block.inputs)]
    numbers = block.inputs.numbers
    terms = [numbers[i : i + count] for i in range(0, len(numbers), count)]
    found = []
    for first in range(0, count, step):
        some = [term[first : first + step] for term in terms]
        rows = Rows(block.inputs.space, tuple(chain.from_iterable(some)))
        found.append(_Stretch(first, len(some[0]), rows))
    return found


def _wide(lines: Lines, block: Affine, name: str) -> str:
    """The rows of a block as one row for each kernel: all examples at the first position, at the second …"""
    if block.positions == 1:
        return name
    return lines.runner.reshaped(name, (block.kernels, block.positions * lines.columns))


def _target(lines: Lines, block: Affine, rows: Rows, name: str) -> str:
    """What a row is added to: one of the block, or of a kernel where it is the same at all positions."""
    return name if len(rows) == len(block.out) else _wide(lines, block, name)
