"""From a tape to a plan: sums are read however they were written, and what is alike becomes one block.

The rooms in the order of the work, which `planned` in `grouping` goes through:

1. `repeats` leaves out what need not be computed again, and `hidden` makes scores that a mask hides like the others.
2. `sums` reads every sum as its `terms`, products w·x and what else is added; `nested` keeps neurons that others add,
   and `pairs` takes Σ w·x·y apart.
3. `affinities` writes down what there is to compute, as steps: operations, and sums of products, each on the level
   after all that it reads.
4. `levels` puts steps off, where they can wait for others of their kind.
5. `inner` finds products of two tables, with `masks` where something is missing in them; `graphs` what nodes take from
   their neighbours, and `nodes` the order of these; `missing` finds layers without some of their weights, with `gaps`;
   and on each level `windows` finds the same weights at several positions.
6. `order` has parameters stand so that the weights of a product follow each other, `weights` those of which weights are
   computed, and `symmetric` the inputs of sums and products.
7. `grouping` makes the blocks, level by level, and gives every number its row; `arrangement` is the order of the sums
   of a product, of their terms, and of operations.
"""
