"""Programs as formulas: a plan becomes lines of matrix formulas, with shapes, forward and backward.

`formulas` are written once, and read as text, as LaTeX and as arrays; `notation` has their signs. `naming` knows which
matrix rows are columns of, and `labels` what the user calls parameters; `stretches`, `sources`, `patches` and `columns`
put matrices together, and `constants` knows which are numbers; `forms` says how weights stand, and `gaps` where there
are none. `neurons` are told as layers; `affine_formulas`, `tables` and `readings` write the lines of blocks, in the
order of the tables that they read, which `orders` finds; `shares` and `softmaxes` put the rows of attention together,
`softmax_lines`, `biases` and `attention` write them. `recognition` says what lectures call a line; `objective` writes
losses and penalties as lectures do: `loss_search` looks for them in a plan that is `written_out`, with `loss_terms`,
`loss_kinds`, `penalties` and `probabilities`, and `loss_lines` writes them. `matrices` has all lines, `recurrences`
tells those of all steps as one where they are `progressions`, and `explain` prints them with their `legend`.
"""
