"""From a tape to a plan: sums are read however they were written, and what is alike becomes one block.

`sums` reads them as `terms`, with `pairs` taken apart, `repeats` left out and `hidden` scores made like the others;
`affinities` writes down what there is to compute; `levels`, `windows`, `inner` (with `masks`), `missing` (with `gaps`)
and `order` say when, over which inputs, of which tables, in which layers, and where; `grouping` makes the blocks.
"""
