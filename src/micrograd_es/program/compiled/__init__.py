"""Programs as machine code: a plan becomes a list of instructions, each a compiled kernel on a whole block.

`runner` goes through a tile of examples at a time; `forward` and `backward` write its instructions; `blocks_code`,
`products` and `rows` are the kernels, `writing` and `lanes` how one is written, `machine` compiles and keeps them.

An instruction is a run of whole numbers: which kernel, how many numbers it takes, and the kernel's arguments, which its
docstring names. A place is a distance from the base, counted in numbers. Where a row may be written for the first time
or be added to, the argument is a TARGET, twice the place, plus 1 for the first time.

It is written with llvmlite, the compiler inside numba, whose machine code can be kept in files and loaded again.
"""
