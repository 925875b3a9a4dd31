"""Kernels: the machine code that the fast runner calls, written with llvmlite, the compiler inside numba.

A row of the table of operations, read with `LaneMaths`, gives vector instructions instead of numbers: the rule stands
in the table only, and an operation that a user adds is compiled like the others. A kernel is a function of

- base: where the numbers are; every place is a distance from it, counted in numbers;
- step: the instruction, a run of int64 that says on what the kernel works;
- start, count: the first example of the tile, and how many examples it has.

What is compiled is kept in files, by its own text and the processor's name, so a machine compiles a kernel once.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm
from llvmlite import ir

from micrograd_es.ops import Op

I64, BIT, POINTER = ir.IntType(64), ir.IntType(1), ir.PointerType()
KERNEL = ir.FunctionType(ir.VoidType(), [POINTER, POINTER, I64, I64])
FUSED = ("contract", "reassoc")  # a·b + c in one instruction, sums in any order: dense products only


MOST_INPUTS = 100  # of an operation: its code is as long, and takes as long to compile
VECTORISED = {"exp", "log", "sin", "cos", "tanh", "pow", "log1p"}


class NotCompilableError(Exception):
    """A row of the table that no kernel can be written for; the caller runs the plan in NumPy instead."""


@cache
def _machine() -> tuple[Any, str, int]:
    """The compiler for this processor, the processor's name with all it can do, and the bytes of its vectors."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    with suppress(RuntimeError):  # only Linux has it
        llvm.load_library_permanently("libmvec.so.1")
    features = llvm.get_host_cpu_features()
    name = f"{llvm.get_host_cpu_name()} {features.flatten()} {llvm.llvm_version_info} {llvmlite.__version__}"
    size = 64 if features.get("avx512f") else 32 if features.get("avx") else 16
    return _new_machine(), name, size


def lanes(real: str) -> int:
    """How many numbers of a type ("float64", "float32") a vector of this processor has."""
    return _machine()[2] // (4 if real == "float32" else 8)


@cache
def _of_vectors(name: str, suffix: str, inputs: int) -> str:
    """The name of glibc's function of whole vectors of x86 (within 4 units in the last place); "" without it."""
    _, _, size = _machine()
    letter = {64: "e", 32: "d" if llvm.get_host_cpu_features().get("avx2") else "c", 16: "b"}[size]
    count, single = suffix[1:-3], "f" if suffix.endswith("f32") else ""
    known = f"_ZGV{letter}N{count}{'v' * inputs}_{name}{single}"
    return known if name in VECTORISED and llvm.address_of_symbol(known) else ""


# The rows of the table as instructions


class Lane:
    """A number, or a vector of them, that the code will have."""

    __array_ufunc__ = None

    def __init__(self, maths: LaneMaths, value: Any) -> None:
        self.maths, self.value = maths, value

    def _with(self, name: str, x: Any, y: Any) -> Lane:
        left, right = self.maths.lane(x).value, self.maths.lane(y).value
        return Lane(self.maths, getattr(self.maths.b, name)(left, right))

    def __add__(self, other: Any) -> Lane:
        return self._with("fadd", self, other)

    def __radd__(self, other: Any) -> Lane:
        return self._with("fadd", other, self)

    def __sub__(self, other: Any) -> Lane:
        return self._with("fsub", self, other)

    def __rsub__(self, other: Any) -> Lane:
        return self._with("fsub", other, self)

    def __mul__(self, other: Any) -> Lane:
        return self._with("fmul", self, other)

    def __rmul__(self, other: Any) -> Lane:
        return self._with("fmul", other, self)

    def __truediv__(self, other: Any) -> Lane:
        return self._with("fdiv", self, other)

    def __rtruediv__(self, other: Any) -> Lane:
        return self._with("fdiv", other, self)

    def __pow__(self, other: Any) -> Lane:
        return self.maths.power(self, other)

    def __rpow__(self, other: Any) -> Lane:
        return self.maths.power(other, self)

    def __neg__(self) -> Lane:
        return Lane(self.maths, self.maths.b.fneg(self.value))

    def __bool__(self) -> bool:
        raise NotCompilableError("a row that asks whether its input is true cannot be compiled; write m.where(c, x, y)")


class LaneMaths:
    """The maths that writes instructions; `kind` is the type they work on, a number or a vector of numbers."""

    def __init__(self, b: Any, kind: Any) -> None:
        self.b, self.kind = b, kind
        self.real = kind.element if isinstance(kind, ir.VectorType) else kind

    def lane(self, x: Any) -> Lane:
        """A number as a constant of the code."""
        if isinstance(x, Lane):
            return x
        if isinstance(self.kind, ir.VectorType):
            return Lane(self, ir.Constant(self.kind, [float(x)] * self.kind.count))
        return Lane(self, ir.Constant(self.kind, float(x)))

    def _call(self, name: str, *xs: Any) -> Lane:
        """A function of the C library: of its vectors where it has them, else of each number."""
        real = "f32" if isinstance(self.real, ir.FloatType) else "f64"
        suffix = f"v{self.kind.count}{real}" if self.kind is not self.real else real
        kind = ir.FunctionType(self.kind, [self.kind] * len(xs))
        known = _of_vectors(name, suffix, len(xs)) if self.kind is not self.real else ""
        if known:
            function = self._declared(known, kind)
        else:
            function = self.b.module.declare_intrinsic(f"llvm.{name}.{suffix}", (), kind)
        return Lane(self, self.b.call(function, [self.lane(x).value for x in xs]))

    def _declared(self, name: str, kind: Any) -> Any:
        """A function of the C library that only computes."""
        function = self.b.module.globals.get(name)
        if function is None:
            function = ir.Function(self.b.module, kind, name)
            for attribute in ("readnone", "nounwind"):
                function.attributes.add(attribute)
        return function

    def _is(self, how: str, x: Any, y: Any, or_nan: bool = False) -> Any:
        compare = self.b.fcmp_unordered if or_nan else self.b.fcmp_ordered
        return compare(how, self.lane(x).value, self.lane(y).value)

    def _choice(self, bit: Any, x: Any, y: Any) -> Lane:
        return Lane(self, self.b.select(bit, self.lane(x).value, self.lane(y).value))

    def exp(self, x: Any) -> Lane:
        return self._call("exp", x)

    def log(self, x: Any) -> Lane:
        return self._call("log", x)

    def tanh(self, x: Any) -> Lane:
        return self._call("tanh", x)

    def sin(self, x: Any) -> Lane:
        return self._call("sin", x)

    def cos(self, x: Any) -> Lane:
        return self._call("cos", x)

    def sqrt(self, x: Any) -> Lane:
        return self._call("sqrt", x)

    def abs(self, x: Any) -> Lane:
        return self._call("fabs", x)

    def _log1p(self, x: Lane) -> Lane:
        """log(1 + x), which is no instruction: the C library's function for each number of the vector."""
        real = self.real
        if self.kind is not real:
            suffix = f"v{self.kind.count}{'f32' if isinstance(real, ir.FloatType) else 'f64'}"
            if known := _of_vectors("log1p", suffix, 1):
                function = self._declared(known, ir.FunctionType(self.kind, [self.kind]))
                return Lane(self, self.b.call(function, [x.value]))
        name = "log1p" if isinstance(real, ir.DoubleType) else "log1pf"
        function = self._declared(name, ir.FunctionType(real, [real]))
        if self.kind is real:
            return Lane(self, self.b.call(function, [x.value]))
        result = x.value
        for i in range(self.kind.count):
            place = ir.Constant(ir.IntType(32), i)
            result = self.b.insert_element(
                result, self.b.call(function, [self.b.extract_element(x.value, place)]), place
            )
        return Lane(self, result)

    def sign(self, x: Any) -> Lane:
        return self._choice(self._is(">", x, 0), 1, self._choice(self._is("<", x, 0), -1, x))

    def sigmoid(self, x: Any) -> Lane:
        shrunk = self.exp(-self.abs(x))  # never overflows
        return self._choice(self._is(">=", x, 0), 1, shrunk) / (1 + shrunk)

    def softplus(self, x: Any) -> Lane:
        return self.relu(x) + self._log1p(self.exp(-self.abs(x)))

    def relu(self, x: Any) -> Lane:
        return self._choice(self._is(">", x, 0, or_nan=True), x, 0)

    def step(self, x: Any) -> Lane:
        return self._choice(self._is(">", x, 0), 1, 0)

    def where(self, c: Any, x: Any, y: Any) -> Lane:
        return self._choice(self._is(">", c, 0), x, y)

    def power(self, x: Any, y: Any) -> Lane:
        """x**y; squares and first powers, which every loss has, without the C library's slow pow."""
        x, y = self.lane(x), self.lane(y)
        with self.b.goto_entry_block():
            slot = self.b.alloca(self.kind)
        with self.b.if_else(self._all(self._is("==", y, 2))) as (square, other):
            with square:
                self.b.store((x * x).value, slot)
            with other, self.b.if_else(self._all(self._is("==", y, 1))) as (same, any_power):
                with same:
                    self.b.store(x.value, slot)
                with any_power:
                    self.b.store(self._call("pow", x, y).value, slot)
        return Lane(self, self.b.load(slot, typ=self.kind))

    def _all(self, bits: Any) -> Any:
        """Whether a comparison holds in every place of a vector."""
        if not isinstance(self.kind, ir.VectorType):
            return bits
        whole = ir.IntType(self.kind.count)
        return self.b.icmp_unsigned("==", self.b.bitcast(bits, whole), ir.Constant(whole, -1))

    def power_slope(self, x: Any, y: Any) -> Lane:
        zero = self._is("==", y, 0)
        return self._choice(zero, 0, y * self.power(self._choice(zero, 1, x), y - 1))

    def times_log(self, z: Any, x: Any) -> Lane:
        above = self._is(">", x, 0)
        inside = z * self.log(self._choice(above, x, 1))
        both = self.b.and_(self._is("==", x, 0), self._is("==", z, 0))
        return self._choice(above, inside, self._choice(both, 0, float("nan")))

    def sum(self, xs: Sequence[Any]) -> Any:
        total = xs[0]
        for x in xs[1:]:
            total = total + x
        return total

    def prod(self, xs: Sequence[Any]) -> Any:
        total = xs[0]
        for x in xs[1:]:
            total = total * x
        return total

    def others(self, xs: Sequence[Any]) -> tuple[Any, ...]:
        """For each of xs the product of all the others, in linear time and without dividing."""
        before, after = [self.lane(1)], [self.lane(1)]
        for x, y in zip(xs[:-1], xs[:0:-1], strict=True):
            before.append(before[-1] * x)
            after.append(after[-1] * y)
        return tuple(a * b for a, b in zip(before, reversed(after), strict=True))

    def max(self, xs: Sequence[Any]) -> Any:
        return self._extreme(">", xs)

    def min(self, xs: Sequence[Any]) -> Any:
        return self._extreme("<", xs)

    def _extreme(self, how: str, xs: Sequence[Any]) -> Any:
        """The largest or the smallest; NaN where one is NaN, as NumPy has it."""
        found = xs[0]
        for x in xs[1:]:
            better = self.b.and_(self._is(how, x, found, or_nan=True), self._is("ord", found, found))
            found = self._choice(better, x, found)
        return found

    def first(self, z: Any, xs: Sequence[Any]) -> tuple[Any, ...]:
        """1 for the first of xs that equals z, 0 for the rest."""
        slopes = []
        open_: Any = None
        for x in xs:
            wins = self._is("==", x, z)
            slopes.append(self._choice(wins if open_ is None else self.b.and_(wins, open_), 1, 0))
            open_ = self.b.not_(wins) if open_ is None else self.b.and_(open_, self.b.not_(wins))
        return tuple(slopes)

    def log_sum_exp(self, xs: Sequence[Any]) -> Any:
        largest = self.max(xs)
        return largest + self.log(self.sum([self.exp(x - largest) for x in xs]))

    def shares(self, z: Any, xs: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(self.exp(x - z) for x in xs)


# The code of a kernel


class Code:
    """A kernel being written: loops, and reading and writing at distances from the base."""

    def __init__(self, real: str) -> None:
        self.real = ir.FloatType() if real == "float32" else ir.DoubleType()
        self.module = ir.Module("kernel")
        self.module.triple = llvm.get_default_triple()
        self.function = ir.Function(self.module, KERNEL, "kernel")
        self.base, self.step, self.start, self.count = self.function.args
        self.b = ir.IRBuilder(self.function.append_basic_block())
        self.width = lanes(real)
        self.vector = ir.VectorType(self.real, self.width)
        self.across = 4 if self.width * self.real_size != 32 else 2  # vectors of a block of a product: 16 registers

    @property
    def real_size(self) -> int:
        """How many bytes a number has."""
        return 4 if isinstance(self.real, ir.FloatType) else 8

    def finished(self) -> str:
        """The text of the kernel."""
        self.b.ret_void()
        return str(self.module).replace("nounwind", "nounwind willreturn")  # llvmlite has no word for it

    def slot(self, kind: Any) -> Any:
        """A variable of the code."""
        with self.b.goto_entry_block():
            return self.b.alloca(kind)

    @contextmanager
    def loop(self, start: Any, stop: Any, by: int = 1) -> Iterator[Any]:
        """What is written inside runs for every number from start to stop."""
        b, slot = self.b, self.slot(I64)
        head, body, after = (b.append_basic_block() for _ in range(3))
        b.store(whole(start), slot)
        b.branch(head)
        b.position_at_end(head)
        number = b.load(slot, typ=I64)
        b.cbranch(b.icmp_signed("<", number, whole(stop)), body, after)
        b.position_at_end(body)
        yield number
        b.store(b.add(number, whole(by)), slot)
        b.branch(head)
        b.position_at_end(after)

    def sum(self, *xs: Any) -> Any:
        """The sum of whole numbers."""
        total = whole(xs[0])
        for x in xs[1:]:
            total = self.b.add(total, whole(x))
        return total

    def times(self, x: Any, y: Any) -> Any:
        """The product of whole numbers."""
        return self.b.mul(whole(x), whole(y))

    def floor(self, x: Any, by: int) -> Any:
        """The largest multiple of a power of two up to x."""
        return self.b.and_(x, whole(-by))

    def argument(self, place: Any) -> Any:
        """A number of the instruction."""
        return self.b.load(self.b.gep(self.step, [whole(place)], source_etype=I64), typ=I64)

    def table(self, place: int) -> Callable[[Any], Any]:
        """A function that reads the table whose address stands in the instruction."""
        start = self.b.inttoptr(self.argument(place), POINTER)
        return lambda i: self.b.load(self.b.gep(start, [whole(i)], source_etype=I64), typ=I64)

    def at(self, place: Any, start: Any = None) -> Any:
        """The address of a place."""
        return self.b.gep(self.base if start is None else start, [whole(place)], source_etype=self.real)

    def load(self, place: Any, kind: Any = None) -> Any:
        """The number, or the vector, at a place."""
        return self.b.load(self.at(place), align=self.real_size, typ=kind or self.real)

    def store(self, value: Any, place: Any) -> None:
        """Write a number or a vector at a place."""
        self.b.store(value, self.at(place), align=self.real_size)

    def splat(self, value: Any, kind: Any) -> Any:
        """A vector that has the number everywhere."""
        if kind is self.real:
            return value
        i32 = ir.IntType(32)
        one = self.b.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(i32, 0))
        return self.b.shuffle_vector(one, one, ir.Constant(ir.VectorType(i32, kind.count), [0] * kind.count))

    def zero(self, kind: Any) -> Any:
        """0 as a number or a vector."""
        return ir.Constant(kind, [0.0] * kind.count if isinstance(kind, ir.VectorType) else 0.0)

    def summed(self, value: Any) -> Any:
        """The sum of a vector's numbers."""
        if not isinstance(value.type, ir.VectorType):
            return value
        suffix = f"v{self.width}f{8 * self.real_size}"
        kind = ir.FunctionType(self.real, [self.real, self.vector])
        function = self.module.declare_intrinsic(f"llvm.vector.reduce.fadd.{suffix}", (), kind)
        return self.b.call(function, [self.zero(self.real), value], fastmath=("reassoc",))

    def product_added(self, x: Any, y: Any, slot: Any) -> None:
        """Add x·y to a variable."""
        old = self.b.load(slot, typ=x.type)
        self.b.store(self.b.fadd(old, self.b.fmul(x, y, flags=FUSED), flags=FUSED), slot)

    def parts(self, length: Any) -> list[tuple[Any, Any, Any, int]]:
        """A length in vectors and what is left in numbers: (type, start, stop, by) of the two loops."""
        whole_vectors = self.floor(length, self.width)
        return [(self.vector, whole(0), whole_vectors, self.width), (self.real, whole_vectors, length, 1)]


def whole(x: Any) -> Any:
    """A whole number as a constant of the code."""
    return ir.Constant(I64, x) if isinstance(x, int) else x


# The kernels. Their instructions start with the address of the kernel and their own length, which `run` reads.


def run(real: str) -> str:
    """Goes through a program: the instructions before the tiles, those of every tile, and those after."""
    code = Code(real)
    before, tile, after, end, batch, width = (code.argument(i) for i in range(6))

    def go(start: Any, stop: Any, first: Any, count: Any) -> None:
        b, slot = code.b, code.slot(I64)
        b.store(start, slot)
        head, body, done = (b.append_basic_block() for _ in range(3))
        b.branch(head)
        b.position_at_end(head)
        place = b.load(slot, typ=I64)
        b.cbranch(b.icmp_signed("<", place, stop), body, done)
        b.position_at_end(body)
        kernel = b.inttoptr(code.argument(place), KERNEL.as_pointer())
        step = b.gep(code.step, [place], source_etype=I64)
        b.call(kernel, [code.base, step, first, count])
        b.store(b.add(place, code.argument(b.add(place, whole(1)))), slot)
        b.branch(head)
        b.position_at_end(done)

    go(before, tile, whole(0), whole(0))
    first = code.slot(I64)
    code.b.store(whole(0), first)
    head, body, done = (code.b.append_basic_block() for _ in range(3))
    code.b.branch(head)
    code.b.position_at_end(head)
    now = code.b.load(first, typ=I64)
    code.b.cbranch(code.b.icmp_signed("<", now, batch), body, done)
    code.b.position_at_end(body)
    left = code.b.sub(batch, now)
    go(tile, after, now, code.b.select(code.b.icmp_signed("<", left, width), left, width))
    code.b.store(code.b.add(now, width), first)
    code.b.branch(head)
    code.b.position_at_end(done)
    go(after, end, whole(0), whole(0))
    return code.finished()


def load(real: str) -> str:
    """Copies a tile of the batch into rows: rows, length, from, step of an example, rows' places (rows, column).

    The last example fills what the tile has too many, so that nothing can go wrong there that does not go wrong in it.
    """
    code = Code(real)
    b = code.b
    rows, length, stride = code.argument(2), code.argument(3), code.argument(5)
    source, table = b.inttoptr(code.argument(4), POINTER), code.table(6)
    last = b.sub(code.count, whole(1))
    with code.loop(0, rows) as row:
        to, column = table(code.times(row, 2)), table(code.sum(code.times(row, 2), 1))
        with code.loop(0, length) as j:
            example = code.sum(code.start, b.select(b.icmp_signed("<", j, last), j, last))
            value = b.load(code.at(code.sum(code.times(example, stride), column), source), typ=code.real)
            code.store(value, code.sum(to, j))
    return code.finished()


def store(real: str) -> str:
    """Copies rows into the batch: rows, length, to, step of an example, rows' places (rows, column)."""
    code = Code(real)
    b = code.b
    rows, stride, table = code.argument(2), code.argument(5), code.table(6)
    target = b.inttoptr(code.argument(4), POINTER)
    with code.loop(0, rows) as row:
        origin, column = table(code.times(row, 2)), table(code.sum(code.times(row, 2), 1))
        with code.loop(0, code.count) as j:
            place = code.sum(code.times(code.sum(code.start, j), stride), column)
            b.store(code.load(code.sum(origin, j)), code.at(place, target))
    return code.finished()


def seed(real: str) -> str:
    """Fills the gradient of the output: row, length, place of the seed; 0 beyond the last example."""
    code = Code(real)
    row, length, value = code.argument(2), code.argument(3), code.load(code.argument(4))
    with code.loop(0, length) as j:
        inside = code.b.icmp_signed("<", j, code.count)
        code.store(code.b.select(inside, value, code.zero(code.real)), code.sum(row, j))
    return code.finished()


def clear(real: str) -> str:
    """Sets stretches of numbers to 0: how many, and their (place, length)."""
    code = Code(real)
    table = code.table(3)
    with code.loop(0, code.argument(2)) as i:
        place, length = table(code.times(i, 2)), table(code.sum(code.times(i, 2), 1))
        for kind, start, stop, by in code.parts(length):
            with code.loop(start, stop, by) as j:
                code.store(code.zero(kind), code.sum(place, j))
    return code.finished()


def total(real: str) -> str:
    """Sums n rows for each row: rows, length, n, table of (row, its n terms)."""
    code = Code(real)
    rows, length, terms, table = code.argument(2), code.argument(3), code.argument(4), code.table(5)
    each = code.sum(terms, 1)
    with code.loop(0, rows) as row:
        first = code.times(row, each)
        for kind, start, stop, by in code.parts(length):
            slot = code.slot(kind)
            with code.loop(start, stop, by) as j:
                code.b.store(code.zero(kind), slot)
                with code.loop(1, each) as i:
                    term = code.load(code.sum(table(code.sum(first, i)), j), kind)
                    code.b.store(code.b.fadd(code.b.load(slot, typ=kind), term), slot)
                code.store(code.b.load(slot, typ=kind), code.sum(table(first), j))
    return code.finished()


def stretch(real: str) -> str:
    """Sums numbers that stand together: place of the sum, of the numbers, how many."""
    code = Code(real)
    out, place, length = code.argument(2), code.argument(3), code.argument(4)
    code.store(code.zero(code.real), out)
    for kind, start, stop, by in code.parts(length):
        slot = code.slot(kind)
        code.b.store(code.zero(kind), slot)
        with code.loop(start, stop, by) as j:
            number = code.load(code.sum(place, j), kind)
            code.b.store(code.b.fadd(code.b.load(slot, typ=kind), number), slot)
        code.store(code.b.fadd(code.load(out), code.summed(code.b.load(slot, typ=kind))), out)
    return code.finished()


def tally(real: str) -> str:
    """Adds a row's numbers, as many as the tile has examples, to a place: place, row."""
    code = Code(real)
    out, row = code.argument(2), code.argument(3)
    for kind, start, stop, by in code.parts(code.count):
        slot = code.slot(kind)
        code.b.store(code.zero(kind), slot)
        with code.loop(start, stop, by) as j:
            number = code.load(code.sum(row, j), kind)
            code.b.store(code.b.fadd(code.b.load(slot, typ=kind), number), slot)
        code.store(code.b.fadd(code.load(out), code.summed(code.b.load(slot, typ=kind))), out)
    return code.finished()


def product(real: str) -> str:
    """Σₖ w·x for each row, in blocks of rows and vectors that stay in registers.

    groups, rows, n, length, place of the weights and the steps from group to group, row to row and term to term;
    tables of the rows written (groups × rows) and read (groups × n); whether they are written for the first time.
    """
    code = Code(real)
    b = code.b
    groups, rows, terms, length, weights, per_group, per_row, per_term = (code.argument(i) for i in range(2, 10))
    out, read, fresh = code.table(10), code.table(11), b.trunc(code.argument(12), BIT)
    wide, high = code.width * code.across, code.floor(rows, 4)
    long = code.floor(length, wide)
    with code.loop(0, groups) as group:
        origin = code.sum(weights, code.times(group, per_group))
        first_out, first_read = code.times(group, rows), code.times(group, terms)
        for tall, low, top in ((4, whole(0), high), (1, high, rows)):
            with code.loop(low, top, tall) as row:
                places = [out(code.sum(first_out, row, i)) for i in range(tall)]
                lines = [code.sum(origin, code.times(code.sum(row, i), per_row)) for i in range(tall)]
                for across, start, stop in ((code.across, whole(0), long), (1, long, length)):
                    slots = [[code.slot(code.vector) for _ in range(across)] for _ in range(tall)]
                    with code.loop(start, stop, across * code.width) as j:
                        for place, line in zip(places, slots, strict=True):
                            for c, slot in enumerate(line):
                                old = code.load(code.sum(place, j, c * code.width), code.vector)
                                b.store(b.select(fresh, code.zero(code.vector), old), slot)
                        with code.loop(0, terms) as k:
                            x = code.sum(read(code.sum(first_read, k)), j)
                            xs = [code.load(code.sum(x, c * code.width), code.vector) for c in range(across)]
                            for start_of_line, line in zip(lines, slots, strict=True):
                                w = code.load(code.sum(start_of_line, code.times(k, per_term)))
                                w = code.splat(w, code.vector)
                                for vector, slot in zip(xs, line, strict=True):
                                    code.product_added(w, vector, slot)
                        for place, line in zip(places, slots, strict=True):
                            for c, slot in enumerate(line):
                                value = b.load(slot, typ=code.vector)
                                code.store(value, code.sum(place, j, c * code.width))
    return code.finished()


def products(real: str) -> str:
    """Adds Σⱼ g·x over the tile to the gradient of each weight, in blocks of four by four.

    groups, rows, n, length, place of the weights' gradients (groups × rows × n), tables of the upstream rows
    (groups × rows) and of the inputs (groups × n).
    """
    code = Code(real)
    b = code.b
    groups, rows, terms, length, target = (code.argument(i) for i in range(2, 7))
    upstream, read = code.table(7), code.table(8)
    high, long = code.floor(rows, 4), code.floor(terms, 4)
    with code.loop(0, groups) as group:
        first_up, first_read = code.times(group, rows), code.times(group, terms)
        for tall, low, top in ((4, whole(0), high), (1, high, rows)):
            with code.loop(low, top, tall) as row:
                ups = [upstream(code.sum(first_up, row, i)) for i in range(tall)]
                lines = [code.sum(target, code.times(code.sum(first_up, row, i), terms)) for i in range(tall)]
                for across, start, stop in ((4, whole(0), long), (1, long, terms)):
                    slots = [[code.slot(code.vector) for _ in range(across)] for _ in range(tall)]
                    with code.loop(start, stop, across) as k:
                        places = [read(code.sum(first_read, k, c)) for c in range(across)]
                        for line in slots:
                            for slot in line:
                                b.store(code.zero(code.vector), slot)
                        with code.loop(0, length, code.width) as j:
                            xs = [code.load(code.sum(place, j), code.vector) for place in places]
                            for up, line in zip(ups, slots, strict=True):
                                g = code.load(code.sum(up, j), code.vector)
                                for x, slot in zip(xs, line, strict=True):
                                    code.product_added(g, x, slot)
                        for start_of_line, line in zip(lines, slots, strict=True):
                            for c, slot in enumerate(line):
                                place = code.sum(start_of_line, k, c)
                                found = code.summed(b.load(slot, typ=code.vector))
                                code.store(b.fadd(code.load(place), found), place)
    return code.finished()


def forward(real: str, op: Op, modes: str) -> str:
    """A row of the table on rows: rows, length, table of (row written, rows read).

    `modes` has for each input "v" where its row is as long as the one written, "s" where it is one number.
    """
    code = Code(real)
    rows, length, table = code.argument(2), code.argument(3), code.table(4)
    each = len(modes) + 1
    with code.loop(0, rows) as row:
        out, *places = [table(code.sum(code.times(row, each), i)) for i in range(each)]
        single = [code.load(place) if mode == "s" else None for place, mode in zip(places, modes, strict=True)]
        for kind, start, stop, by in code.parts(length):
            with code.loop(start, stop, by) as j:
                maths = LaneMaths(code.b, kind)
                z = _row(op.forward, maths, *_inputs(code, maths, places, single, j))
                code.store(maths.lane(z).value, code.sum(out, j))
    return code.finished()


def backward(real: str, op: Op, modes: str, wanted: tuple[int, ...]) -> str:
    """The contributions of rows to the gradients of the inputs that are wanted: rows, length, table, and for each of
    those whether it is written for the first time; the table has (row, its upstream, inputs, gradients wanted).
    """
    code = Code(real)
    b = code.b
    rows, length, table = code.argument(2), code.argument(3), code.table(4)
    fresh = [b.trunc(code.argument(5 + i), BIT) for i in range(len(wanted))]
    each = 2 + len(modes) + len(wanted)
    with code.loop(0, rows) as row:
        columns = [table(code.sum(code.times(row, each), i)) for i in range(each)]
        out, upstream, places, targets = columns[0], columns[1], columns[2 : 2 + len(modes)], columns[2 + len(modes) :]
        single = [code.load(place) if mode == "s" else None for place, mode in zip(places, modes, strict=True)]
        for kind, start, stop, by in code.parts(length):
            sums = {i: code.slot(kind) for i in wanted if modes[i] == "s"}
            for slot in sums.values():
                b.store(code.zero(kind), slot)
            with code.loop(start, stop, by) as j:
                maths = LaneMaths(b, kind)
                z = Lane(maths, code.load(code.sum(out, j), kind))
                g = Lane(maths, code.load(code.sum(upstream, j), kind))
                slopes = _row(op.local, maths, z, *_inputs(code, maths, places, single, j))
                for i, target, new in zip(wanted, targets, fresh, strict=True):
                    part = g if isinstance(slopes[i], int) and slopes[i] == 1 else g * slopes[i]
                    if i in sums:
                        b.store(b.fadd(b.load(sums[i], typ=kind), part.value), sums[i])
                    else:
                        place = code.sum(target, j)
                        old = b.select(new, code.zero(kind), code.load(place, kind))
                        code.store(b.fadd(old, part.value), place)
            for i, slot in sums.items():
                target = targets[wanted.index(i)]
                code.store(b.fadd(code.load(target), code.summed(b.load(slot, typ=kind))), target)
    return code.finished()


def _inputs(code: Code, maths: LaneMaths, places: list[Any], single: list[Any], j: Any) -> list[Lane]:
    """The inputs of a row at a place of the tile."""
    return [
        Lane(maths, code.load(code.sum(place, j), maths.kind) if one is None else code.splat(one, maths.kind))
        for place, one in zip(places, single, strict=True)
    ]


def _row(rule: Callable[..., Any], maths: LaneMaths, *xs: Lane) -> Any:
    """What a rule of the table writes. Raises NotCompilableError where it does more than arithmetic and the maths."""
    if len(xs) > MOST_INPUTS:
        raise NotCompilableError(f"an operation with {len(xs)} inputs is not compiled; at most {MOST_INPUTS} are")
    try:
        return rule(maths, *xs)
    except (AttributeError, TypeError, ValueError) as error:
        raise NotCompilableError(f"the row cannot be compiled: {error}") from error


# Compiling, and keeping what was compiled

_LOADED: dict[str, tuple[int, Any]] = {}
_LOCK = threading.Lock()


def address(text: str) -> int:
    """The address of the kernel with that text; compiled if no process on this machine did so before."""
    with _LOCK:
        if text not in _LOADED:
            machine, name, _ = _machine()
            key = hashlib.sha256(f"{name}\n{text}".encode()).hexdigest()
            code = _kept(key) or _compiled(text, machine, key)
            engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _new_machine())  # it owns its machine
            engine.add_object_file(llvm.ObjectFileRef.from_data(code))
            engine.finalize_object()
            _LOADED[text] = engine.get_function_address("kernel"), engine
        return _LOADED[text][0]


def _new_machine() -> Any:
    """A compiler for this processor."""
    features = llvm.get_host_cpu_features().flatten()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(cpu=llvm.get_host_cpu_name(), features=features, opt=2, jit=True)


def _compiled(text: str, machine: Any, key: str) -> bytes:
    module = llvm.parse_assembly(text)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    llvm.create_pass_builder(machine, options).getModulePassManager().run(
        module, llvm.create_pass_builder(machine, options)
    )
    code: bytes = machine.emit_object(module)
    with suppress(OSError, RuntimeError):  # a machine whose disk cannot be written compiles again next time
        _keep(key, code)
    return code


def folder() -> Path:
    """Where compiled kernels are kept: MICROGRAD_ES_CACHE, or micrograd_es in the user's folder for such files."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "micrograd_es"
    return Path(os.environ.get("MICROGRAD_ES_CACHE") or default)


def _kept(key: str) -> bytes | None:
    """The code in the file of that key; None where there is none, or it is damaged."""
    try:
        data = (folder() / f"{key}.o").read_bytes()
    except (OSError, RuntimeError):
        return None
    return data[32:] if hashlib.sha256(data[32:]).digest() == data[:32] else None


def _keep(key: str, code: bytes) -> None:
    """Write the code to a file that is never seen half written, whoever else writes it at the same time."""
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder())
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(code).digest() + code)
        Path(name).replace(folder() / f"{key}.o")
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def caller(at: int) -> Callable[[int, int, int, int], None]:
    """The kernel at an address as a Python function."""
    pointer, number = ctypes.c_void_p, ctypes.c_int64
    function: Callable[[int, int, int, int], None] = ctypes.CFUNCTYPE(None, pointer, pointer, number, number)(at)
    return function
