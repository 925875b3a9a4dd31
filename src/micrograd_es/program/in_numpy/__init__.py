"""Programs in NumPy: a plan becomes a list of `steps`, each a function of NumPy and the arrays that it is given.

- The `runner` finds the steps for a batch size and goes through them; `portions` goes through a large batch part by
  part, and `text` prints the steps as code.
- `block_steps` writes the steps of every block, `affine_steps` and `inner_steps` those of sums of products,
  `total_steps` and `totals` those of other sums, of one length and of several, `log_sums` those of log Σ eˣ, and `many`
  those of operations of many inputs; `kinds` are what NumPy is called with for any other.
- `exchange` is what stands between blocks: what they read and what they send back. `turns` and `scatter` are what is
  added to the same rows several times.
- Stretches of steps on single numbers run on Python's `floats`: `stretches` reads steps as formulas again, of the
  numbers in the `cells` of the arrays.
"""
