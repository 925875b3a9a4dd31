"""The kernel that is a whole call of a brief program: it looks at the arguments, copies the arrays, and runs.

For a small network on one example NumPy needs longer to copy three arrays, and to read two numbers, than the network.
So the kernel reads and writes an array where it is. It finds that as all that is compiled for NumPy does: PyArray_DATA,
PyArray_DIMS and the like are not functions but places in the array, which are the same in every version.
"""

from __future__ import annotations

from ctypes import c_int, c_ssize_t, c_void_p
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from micrograd_es.program.compiled.machine import ir
from micrograd_es.program.compiled.writing import Code

HEADER = object.__basicsize__  # bytes of every object before its own; the last of them are the address of its type
TYPE, DATA, AXES, SHAPE, KIND, FLAGS = -8, 0, 8, 16, 40, 48  # where an array has them, from the end of its header
READ, WRITE = 0x101, 0x501  # flags: the numbers follow each other, each where it may stand (and may be changed)
EACH = 4  # how many numbers the kernel is told of each input


class Told(NamedTuple):
    """What the kernel is told; after it, for each input, how many axes it has, the address of its shape, how many of
    its numbers an example has, and the place of the first.
    """

    wrt: int  # addresses of objects: two texts, None, types of arrays and of numbers (or 0), and the kind of arrays
    reduce: int
    none: int
    array: int
    number: int
    scalar: int
    kind: int
    run: int  # addresses: of the kernel that runs a program, the program, the result, and the gradient's shape
    program: int
    result: int
    shape: int
    seed: int  # its bits
    given: int  # places: of the seed, of the sums of the output and of the gradient, and of the gradient
    total: int
    check: int
    slopes: int
    parameters: int  # how many numbers the gradient has
    batch: int  # how many examples, and how far they are from each other
    row: int
    inputs: int  # how many


@cache
def knows_arrays() -> bool:
    """Whether an array of this NumPy has everything where the kernel looks for it."""
    x = np.zeros((2, 3))
    x.flags.writeable = False

    def read(kind: Any, place: int) -> Any:
        return kind.from_address(id(x) + HEADER + place).value

    shape = tuple((c_ssize_t * 2).from_address(read(c_void_p, SHAPE)))
    found = shape, read(c_int, AXES), *[read(c_void_p, place) for place in (DATA, KIND, TYPE)]
    known = x.shape, x.ndim, x.ctypes.data, id(x.dtype), id(np.ndarray)
    return found == known and read(c_int, FLAGS) & WRITE == READ


def call(real: str, header: int) -> str:
    """A whole call, which is no instruction: `step` is what it is told, `start` the address of the arguments.

    These are the tuple of the inputs, `wrt`, `reduce`, and the array for the gradient, or None. The result is the
    value; it is NaN, and nothing is given away, where an argument is not as was told or what comes out is not finite.
    """
    code = _Call(real, header)
    b, told = code.b, code.told
    result = b.inttoptr(told.result, code.pointer)
    b.store(ir.Constant(code.double, float("nan")), result)
    inputs, wrt, reduce, out = (code.word(code.start, 8 * i) for i in range(4))
    target = code.slot(code.whole, code.number(0))
    code.demand(code.equal(wrt, told.wrt), code.equal(reduce, told.reduce))
    code.demand(code.equal(code.asked("PyTuple_Size", code.whole, inputs), told.inputs))
    with b.if_then(b.not_(code.equal(out, told.none))):
        b.store(code.array(out, 1, told.shape, WRITE), target)
    with code.loop(0, told.inputs) as i:
        code.take(i, code.asked("PyTuple_GetItem", code.whole, inputs, i))
    value = code.run()
    sums = b.fadd(value, code.as_double(code.load(told.check)))
    code.demand(b.fcmp_ordered("==", b.fsub(sums, sums), ir.Constant(code.double, 0.0)))
    b.store(value, result)
    with b.if_then(b.not_(code.equal(out, told.none))):
        code.copy(code.at(told.slopes), b.inttoptr(code.held(target), code.pointer), told.parameters)
    return code.finished()


class _Call(Code):
    """The code of a call; it knows objects, and numbers that are not its own, by their addresses."""

    def __init__(self, real: str, header: int) -> None:
        super().__init__(real)
        self.header, self.double = header, ir.DoubleType()
        self.told = Told(*[self.read(i) for i in range(len(Told._fields))])

    def word(self, address: Any, place: Any) -> Any:
        """The whole number that many bytes after an address."""
        return self.b.load(self.b.inttoptr(self.sum(address, place), self.pointer), typ=self.whole)

    def equal(self, x: Any, y: Any) -> Any:
        """Whether two whole numbers are the same."""
        return self.b.icmp_signed("==", x, self.number(y))

    def demand(self, *conditions: Any) -> None:
        """Go back where one of the conditions does not hold."""
        for each in conditions:
            with self.b.if_then(self.b.not_(each)):
                self.b.ret_void()

    def asked(self, name: str, kind: Any, *xs: Any) -> Any:
        """What a function of Python's gives."""
        return self.b.call(ir.Function(self.module, ir.FunctionType(kind, [x.type for x in xs]), name), xs)

    def array(self, thing: Any, axes: Any, shape: Any, flags: int) -> Any:
        """The address of an array's numbers; it has to be of the kind that was told, and of that shape."""
        own = self.sum(thing, self.header)
        self.demand(self.equal(self.word(own, TYPE), self.told.array))
        self.demand(self.equal(self.word(own, KIND), self.told.kind))
        half = (1 << 32) - 1  # of a word, which has it all where bytes begin with the lowest
        self.demand(self.equal(self.b.and_(self.word(own, AXES), self.number(half)), axes))
        self.demand(self.equal(self.b.and_(self.word(own, FLAGS), self.number(flags)), flags))
        with self.loop(0, axes) as i:
            sizes = [self.word(start, self.times(i, 8)) for start in (self.word(own, SHAPE), shape)]
            self.demand(self.equal(*sizes))
        return self.word(own, DATA)

    def take(self, i: Any, thing: Any) -> None:
        """Copy an input, an array or a number, to where it goes."""
        first = self.sum(self.times(i, EACH), len(Told._fields))
        axes, shape, each, place = (self.read(self.sum(first, k)) for k in range(EACH))
        kind = self.word(thing, self.header + TYPE)
        is_number = self.b.or_(self.equal(kind, self.told.number), self.equal(kind, self.told.scalar))
        with self.b.if_else(self.b.and_(is_number, self.equal(axes, 0))) as (single, other):
            with single:
                number = self.asked("PyFloat_AsDouble", self.double, thing)
                self.store(number if self.real == self.double else self.b.fptrunc(number, self.real), place)
            with other:
                start = self.array(thing, axes, shape, READ)
                with self.loop(0, self.told.batch) as example:
                    origin = self.sum(start, self.times(self.times(example, each), self.size))
                    target = self.at(self.sum(place, self.times(example, self.told.row)))
                    self.copy(self.b.inttoptr(origin, self.pointer), target, each)

    def run(self) -> Any:
        """Run the program, and give the sum of the output times the seed."""
        b, told = self.b, self.told
        seed = b.bitcast(told.seed, self.double)
        self.store(seed if self.real == self.double else b.fptrunc(seed, self.real), told.given)
        kernel, program = b.inttoptr(told.run, self.kind.as_pointer()), b.inttoptr(told.program, self.pointer)
        b.call(kernel, [self.base, program, self.start, self.count])
        return b.fmul(self.as_double(self.load(told.total)), seed)

    def as_double(self, x: Any) -> Any:
        """A number as Python has it."""
        return x if self.real == self.double else self.b.fpext(x, self.double)

    def copy(self, origin: Any, target: Any, count: Any) -> None:
        """Copy numbers that stand together."""
        for kind, j in self.along(count):
            x = self.b.load(self.at(j, origin), align=self.size, typ=kind)
            self.b.store(x, self.at(j, target), align=self.size)
