"""A program as a pure JAX function, for what JAX can do with one: jit, grad, vmap, accelerators, several devices.

The function is built from the blocks of the plan, as the runners are, and every operation from its row of the table:
the forward formula, and the local gradients as JAX's rule for it, so that ties and kinks are the table's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from micrograd_es.ops import Op
from micrograd_es.program.arrays import ARRAYS, ArrayMaths
from micrograd_es.program.blocks import Affine, Block, Inner, Plan, Rows, Space, Total, as_slice, is_run
from micrograd_es.program.given import as_array, batch_of, count, outputs_of, unflattened
from micrograd_es.program.recording import Structure
from micrograd_es.program.rules import rules_of


def jax_module() -> Any:
    """JAX. Raises ImportError, with what to write, where it is not installed."""
    try:
        import jax
    except ImportError:
        raise ImportError("to_jax needs JAX. Write: pip install 'micrograd-es[jax]'.") from None
    return jax


def function_of(plan: Plan, shapes: Sequence[tuple[int, ...]], result: Structure, dtype: Any) -> Callable[..., Any]:
    """The function of the flat parameters and the inputs that a plan computes."""
    jax = jax_module()
    jnp = jax.numpy

    def array(x: Any, what: str) -> Any:
        return jnp.asarray(x if isinstance(x, jax.Array) else as_array(x, dtype, what), dtype)

    def program(parameters: Any, *inputs: Any) -> Any:
        arrays = [array(parameters, "parameters"), *[array(x, "an input") for x in inputs]]
        if arrays[0].shape != (plan.tape.parameters,):
            raise ValueError(
                f"parameters have the shape {arrays[0].shape}; expected ({plan.tape.parameters},)."
                " Write f(program.parameters, …), with the inputs after them."
            )
        batch, single = batch_of(arrays[1:], shapes)
        columns = [x.reshape(batch, count(shape)) for x, shape in zip(arrays[1:], shapes, strict=True)]
        numbers = _Numbers(jnp, plan, arrays[0], columns)
        for space, row in plan.zeros.items():
            numbers.add(Rows(space, (row,)), jnp.zeros((1, batch if space is Space.VARYING else 1), dtype))
        for block in plan.blocks:
            size = len(block.out), batch if block.out.space is Space.VARYING else 1
            numbers.add(block.out, jnp.broadcast_to(_computed(block, numbers), size))
        outputs = [numbers.take(plan.rows([n])) for n in plan.tape.outputs]
        found = jnp.concatenate([jnp.broadcast_to(x, (1, batch)) for x in outputs]).T
        if single:
            return unflattened(result, iter(found[0]))
        return found.reshape(batch, *outputs_of(result))

    return program


class _Numbers:
    """The rows that have been computed, as the arrays in which they were: none is ever written into another.

    `homes` has, for each row of a space, the number of its array and its row there.
    """

    def __init__(self, np: Any, plan: Plan, parameters: Any, columns: Sequence[Any]) -> None:
        self.np = np
        self.examples = columns[0].shape[0] if columns else 1
        self.arrays: list[Any] = []
        self.homes: dict[Space, dict[int, tuple[int, int]]] = {space: {} for space in Space}
        constants = np.asarray(plan.tape.constants, parameters.dtype)
        first = [(Space.VARYING, x.T) for x in columns]
        for space, part in (*first, *((Space.SHARED, x[:, None]) for x in (parameters, constants))):
            start = len(self.homes[space])
            self.add(Rows(space, tuple(range(start, start + len(part)))), part)

    def add(self, rows: Rows, array: Any) -> None:
        """Keep the array of some rows."""
        self.homes[rows.space].update({row: (len(self.arrays), i) for i, row in enumerate(rows.numbers)})
        self.arrays.append(array)

    def take(self, rows: Rows) -> Any:
        """Some rows as one array."""
        homes = [self.homes[rows.space][row] for row in rows.numbers]
        starts: dict[int, int] = {}
        found, length = [], 0
        for home in dict.fromkeys(home for home, _ in homes):
            starts[home] = length
            found.append(self.arrays[home])
            length += len(found[-1])
        here = Rows(rows.space, tuple(starts[home] + row for home, row in homes))
        whole = found[0] if len(found) == 1 else self.np.concatenate(found)
        if not is_run(here):
            return whole[self.np.asarray(here.numbers)]
        return whole if len(here) == length else whole[as_slice(here)]

    def spread(self, rows: Rows) -> Any:
        """Some rows as one array, of a single row that broadcasts where they are all the same."""
        return self.take(rows.picked([0]) if len(set(rows.numbers)) == 1 else rows)


def _computed(block: Block, numbers: _Numbers) -> Any:
    """What a block computes: a row for each of its rows, a column for each example."""
    if isinstance(block, Affine):
        return _affine(block, numbers)
    if isinstance(block, Inner):
        return _inner(block, numbers)
    height = len(block.out)
    if isinstance(block, Total):
        terms = numbers.take(block.terms)
        return terms.reshape(height, len(terms) // height, terms.shape[1]).sum(axis=1)
    found = _rule(block.op)(*map(numbers.spread, block.inputs))
    alike = block.out.space is Space.VARYING and all(rows.space is Space.SHARED for rows in block.inputs)
    return numbers.np.broadcast_to(found, (height, numbers.examples)) if alike else found


def _affine(block: Affine, numbers: _Numbers) -> Any:
    """Sums of products, of the weights that are there, and what is added to them."""
    jnp, weights, inputs = numbers.np, numbers.take(block.weights), numbers.take(block.inputs)
    weights, examples = weights.reshape(block.kernels, block.terms), inputs.shape[1]
    if not block.dense:
        table = inputs.reshape(block.kernels, block.terms, examples)
        total = jnp.einsum("pn,pnb->pb", weights, table, precision="highest")
    else:
        wide = inputs.reshape(block.terms, block.positions * examples)
        if block.absent is None:
            found = jnp.matmul(weights, wide, precision="highest")
        else:
            there = np.array(block.weights.numbers).reshape(weights.shape) != block.absent
            found = jnp.where(there[:, :, None], weights[:, :, None] * wide, 0).sum(axis=1)
        total = found.reshape(len(block.out), examples)
    return sum((numbers.spread(block.spread(rows)) for rows in block.bare), total)


def _inner(block: Inner, numbers: _Numbers) -> Any:
    """The products of two tables."""
    left, right = [numbers.take(rows).reshape(*shape, -1) for rows, shape in block.shaped()[1:]]
    if block.nothing is not None:
        found = _there(numbers.np, block, left, right)
    else:
        found = numbers.np.einsum("gnrb,gncb->gcrb", left, right, precision="highest")
    return found.reshape(len(block.out), left.shape[3])


def _there(jnp: Any, block: Inner, left: Any, right: Any) -> Any:
    """The products of tables, row by row, of the terms that are there."""
    rows = [
        jnp.einsum("nb,ncb->cb", left[g, terms, r], right[g, terms], precision="highest")
        for g, r, terms in ((g, r, np.array(terms)) for g, r, terms in block.there())
    ]
    return jnp.stack(rows).reshape(block.tables, block.rows, block.columns, -1).swapaxes(1, 2)


@cache
def _maths() -> ArrayMaths:
    """The maths of JAX: that of arrays, with a σ whose own slope JAX finds right everywhere."""
    jax = jax_module()
    maths = ArrayMaths(jax.numpy)
    vars(maths)["sigmoid"] = jax.nn.sigmoid
    return maths


@cache
def _rule(op: Op) -> Callable[..., Any]:
    """A row of the table as a JAX function whose derivative is the row's local gradients."""
    jax, m = jax_module(), _maths()

    @jax.custom_jvp  # type: ignore[untyped-decorator]
    def run(*xs: Any) -> Any:
        shape, kind = whole(xs)
        rules = rules_of(op, len(xs))
        found = jax.numpy.asarray(read(rules.forward, xs, rules.formula or rules.forward is op.forward), kind)
        return jax.numpy.broadcast_to(found, shape)  # a rule may use some of its inputs alone, or none

    def whole(xs: Sequence[Any]) -> tuple[Any, Any]:
        return jax.numpy.broadcast_shapes(*[x.shape for x in xs]), jax.numpy.result_type(*xs)

    def read(rule: Callable[..., Any], xs: Sequence[Any], inside: bool, slopes: int = 0) -> Any:
        if inside:
            return rule(m, *xs)
        # A rule of the user that is made for numbers: one by one, outside of JAX.
        made = jax.ShapeDtypeStruct(*whole(xs))
        outside = partial(_outside, rule, made)
        return jax.pure_callback(outside, (made,) * slopes or made, *xs, vmap_method="broadcast_all")

    def along(primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
        z = run(*primals)
        rules = rules_of(op, len(primals))
        inside = rules.formula or rules.local is op.local
        slopes = read(rules.local, (z, *primals), inside, slopes=len(primals))
        total = jax.numpy.zeros_like(z)
        for i, tangent in enumerate(tangents):
            if not isinstance(tangent, jax.custom_derivatives.SymbolicZero):  # a constant, which may have no slope
                total = total + slopes[i] * tangent
        return z, total

    run.defjvp(along, symbolic_zeros=True)
    run.__name__ = op.name
    found: Callable[..., Any] = run
    return found


def _outside(rule: Callable[..., Any], made: Any, *xs: Any) -> Any:
    """What a rule gives for arrays of NumPy, each part as large as all of them together."""
    found = rule(ARRAYS, *[np.asarray(x) for x in xs])
    shape = np.broadcast_shapes(made.shape, *[x.shape for x in xs])
    parts = found if isinstance(found, tuple) else (found,)
    whole = tuple(np.broadcast_to(np.asarray(part, made.dtype), shape) for part in parts)
    return whole if isinstance(found, tuple) else whole[0]
