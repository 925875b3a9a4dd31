"""Programs: a function recorded once with Values and replayed on arrays. See `record`.

What becomes of a function, in the order in which to read the rooms:

1. `recorder` has `record`. `recording` runs the function with Values, and again with other numbers, since what it does
   may not depend on them; `trace` goes from its results back to its inputs; what it did is a `tape`, a flat list.
2. `planning` makes a plan of a tape: `blocks`, each an operation on many numbers at once, and a place for every number.
3. `in_numpy` runs a plan as calls of NumPy, `compiled` as machine code, and `jax_function` makes a function of JAX of
   it. How arrays read the table of operations is in `arrays` (their maths) and `rules`, with `branches` for rules that
   ask what their input is; `columns` copies a batch to where its examples are columns.
4. `program` is what the user has. `given` checks what it is called with, `calls` has a runner ready for it, `faults`
   says where a run went wrong, and `saved` is a program as a file.
5. `explaining` writes a plan as matrix formulas.

(`lists` has the lines and columns of a table that is one list, and `collection` keeps the garbage collector out of the
way.) Rooms import what stands before them in `PROGRAM` of tests/test_package.py, and nothing else. The same function at
each of these stages:

>>> from micrograd_es import Value, record, tanh
>>> W = [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]]
>>> program = record(lambda x: [tanh(w[0] * x[0] + w[1] * x[1]) for w in W], [0.0, 0.0])
>>> print(program.tape)
inputs x0, x1; 4 parameters
v0 = mul(p0, x0)
v1 = mul(p1, x1)
v2 = add(v0, v1)
v3 = tanh(v2)
v4 = mul(p2, x0)
v5 = mul(p3, x1)
v6 = add(v4, v5)
v7 = tanh(v6)
return v3, v7
>>> [type(block).__name__ for block in program.plan.blocks]
['Affine', 'Elementwise']
>>> print(program.source(batch=8, wrt=""))
def forward():
    np.dot(w0to3_2x2, v0to1, out=v2to3)
    np.tanh(v2to3, out=v4to5)
<BLANKLINE>
>>> print(program.explain(language="en"))
Z = X·W1      m×2 = (m×2)·(2×2)
Y = tanh(Z)   m×2
Everything is grouped.

The words that all rooms have in common:

- *number*: what stands at one place of a tape, and where it stands: inputs from 0 on, then parameters, constants, and
  what is computed. Planning makes more numbers, after those of the tape.
- *row of the table*: an operation, as `ops` has it. Any other *row* is one of a *space*, a matrix with a column for
  each example (VARYING), or with a single one (SHARED) where a number is the same for all examples. The space and the
  row of a number are its *place*. (In `compiled` a place is a distance from the base of the memory.)
- *sum of products*: Σ weight·input + Σ bare. The inputs vary from example to example, the weights do not. *Dense* sums
  have the same inputs, *ragged* ones inputs of their own; dense ones may be *kernels*, at several *positions*. Where
  both factors vary, or neither does, it may be a product of two *tables*, as attention has them.
- *nothing* and *absent*: the rows of a 0 that stands for what is outside of an image, and for a missing weight.
- *wanted*: the rows whose gradients have to be known for those that are asked for (`wrt`).
- *upstream*: the gradient of what a block has computed, when it comes back.
- *room*: an array for what is gathered or computed on the way. (In sentences about files it is one of these.)
- *step*: in `planning` what is to be computed, once sums are read; in `in_numpy` a call of NumPy; in `compiled` an
  instruction; in `explaining` a step of a recurrence.
"""

from micrograd_es.program.program import Program
from micrograd_es.program.recorder import record

__all__ = ["Program", "record"]
