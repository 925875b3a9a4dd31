"""Programs in NumPy: a plan becomes a list of `steps`, each a function of NumPy and the arrays that it is given.

`block_steps` writes those of every block, `affine_steps` and `inner_steps` those of sums of products; `kinds` are what
NumPy is called with for an operation, `exchange` and `scatter` what stands between blocks. The `runner` goes through
them, `portions` goes through a large batch part by part, and `text` prints them as code.
"""
