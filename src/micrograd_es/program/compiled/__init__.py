"""Programs as machine code: a plan becomes a list of instructions, each a compiled kernel on a whole block.

- The `runner` goes through a tile of examples at a time. `narrow` and `split` make blocks that suit it of some others;
  `forward` and `backward` write its instructions, with the `places` of rows.
- The kernels are in `tiles`, `products`, `tables` and `rows`, and in `single` for a batch of one example; `writing` and
  `lanes` are how one is written.
- `machine` compiles kernels, `kept` has them on the disk, and `book` numbers those of a program.
- `entry` is how Python calls a program, and `brief` the kernel that is a whole call.

An instruction is a run of whole numbers: which kernel, how many numbers it takes, and the kernel's arguments, which its
docstring names. A place is a distance from the base, counted in numbers. Where a row may be written for the first time
or be added to, the argument is a TARGET, twice the place, plus 1 for the first time.

It is written with llvmlite, the compiler inside numba, by itself: it is imported in a fifth to a third of numba's time,
and the machine code of a kernel, whatever program it was first written for, is kept in a file and loaded again.
"""
