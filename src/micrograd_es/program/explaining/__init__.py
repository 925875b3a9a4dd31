"""Programs as formulas: a plan becomes lines of matrix formulas, with shapes, forward and backward.

- `formulas` are written once, and read as text, as LaTeX and as arrays; `notation` has their signs. `columns`,
  `sources`, `stretches` and `patches` put matrices together from others, and `constants` are numbers.
- `lines` has what a page is made of. `register` knows which matrix rows are columns of, and `naming` makes matrices for
  the others, `layers` those of weights, and `positions` what kernels read; `forms` says how weights stand. `neurons`
  are told as layers.
- `affine_formulas`, `mixing`, `tables`, `totals` and `operations` write the lines of blocks, with `readings` of the
  table of operations, in the order of the tables that they read, which `orders` finds; `scopes` says where they are.
- `shares` and `softmaxes` put the rows of attention together; `softmax_lines`, `biases` and `attention` write them.
- `objective` writes losses and penalties as lectures do: `loss_search` looks for them in a plan that is `written_out`,
  with `loss_terms` and `penalties`, which multiply `polynomials` out, `loss_kinds` and `probabilities`; `loss_lines`
  writes them.
- `letters` names what is on a page, by which `recognition` knows what it is, and `labels` has what the user calls
  parameters. `way_back` has the lines of the gradients.
- `matrices` has all of it in order: names, objective, letters, and the way back. `recurrences` tells the lines of all
  steps as one where they are `progressions`; `explain` prints them in `words`, with their `legend`.
"""
