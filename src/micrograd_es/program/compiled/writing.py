"""The code of a kernel being written: loops, and reading and writing at distances from the base.

A kernel is a function of

- base: where the numbers are; every place is a distance from it, counted in numbers;
- step: the instruction (see `compiled`);
- start, count: the first example of the tile, and how many examples it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from micrograd_es.program.compiled.machine import NAME, ir, lanes

FUSED = ("contract", "reassoc")  # a·b + c in one instruction, sums in any order: sums of products only
HEAD = 2  # numbers of an instruction before its arguments
BLOCK = 4  # rows, or vectors, that are worked on together, and stay in registers


def variable(b: Any, kind: Any, value: Any) -> Any:
    """A variable of the code that a builder writes, which has the value from here on."""
    with b.goto_entry_block():
        made = b.alloca(kind)
    b.store(value, made)
    return made


@contextmanager
def repeated(b: Any, test: Callable[[], Any]) -> Iterator[None]:
    """What is written inside runs as long as a test holds: before the loop, and at its end, in place of a jump."""
    body, after = b.append_basic_block(), b.append_basic_block()
    b.cbranch(test(), body, after)
    b.position_at_end(body)
    yield
    b.cbranch(test(), body, after)
    b.position_at_end(after)


class Part(NamedTuple):
    """A loop over some of a row: what is taken at a time, a vector or a number, and from where to where."""

    kind: Any
    start: Any
    stop: Any
    by: int


class Code:
    """A kernel being written; `real` is the type of its numbers, "float64" or "float32"."""

    def __init__(self, real: str) -> None:
        self.real = ir.FloatType() if real == "float32" else ir.DoubleType()
        self.size = 4 if real == "float32" else 8  # bytes of a number
        self.width = lanes(real)
        self.vector = ir.VectorType(self.real, self.width)
        self.whole, self.pointer = ir.IntType(64), ir.PointerType()
        self.module = ir.Module("kernel")
        self.kind = ir.FunctionType(ir.VoidType(), [self.pointer, self.pointer, self.whole, self.whole])
        self.function = ir.Function(self.module, self.kind, NAME[2:-1])
        self.base, self.step, self.start, self.count = self.function.args
        self.b = ir.IRBuilder(self.function.append_basic_block())

    def finished(self) -> str:
        """The text of the kernel."""
        self.b.ret_void()
        return str(self.module).replace("nounwind", "nounwind willreturn")  # llvmlite has no word for it

    # Variables and loops

    def slot(self, kind: Any, value: Any) -> Any:
        """A variable, which has the value from here on."""
        return variable(self.b, kind, value)

    def held(self, slot: Any) -> Any:
        """What a variable has now."""
        return self.b.load(slot, typ=slot.allocated_type)

    @contextmanager
    def while_below(self, slot: Any, stop: Any) -> Iterator[Any]:
        """What is written inside runs as long as a variable, which it has to increase, is below the end."""
        with repeated(self.b, lambda: self.b.icmp_signed("<", self.held(slot), self.number(stop))):
            yield self.held(slot)

    @contextmanager
    def loop(self, start: Any, stop: Any, by: int = 1) -> Iterator[Any]:
        """What is written inside runs for every number from start to stop."""
        slot = self.slot(self.whole, self.number(start))
        with self.while_below(slot, stop) as number:
            yield number
            self.b.store(self.sum(number, by), slot)

    def parts(self, length: Any, ragged: bool = True) -> list[Part]:
        """The loops over a row: its vectors, and where it may be ragged what is left, one number at a time."""
        vectors = self.floor(length, self.width) if ragged else length
        found = [Part(self.vector, 0, vectors, self.width)]
        return [*found, Part(self.real, vectors, length, 1)] if ragged else found

    def along(self, length: Any, ragged: bool = True) -> Iterator[tuple[Any, Any]]:
        """These loops one after the other: what is taken at a time, from where."""
        for part in self.parts(length, ragged):
            with self.loop(part.start, part.stop, part.by) as j:
                yield part.kind, j

    def blocks(self, count: Any, size: int = BLOCK) -> Iterator[tuple[int, Any]]:
        """The loops over rows in blocks, and over what is left one by one: how many are taken at a time, from where."""
        high = self.floor(count, size)
        for many, start, stop in ((size, 0, high), (1, high, count)):
            with self.loop(start, stop, many) as first:
                yield many, first

    @property
    def wide(self) -> int:
        """How many vectors of a row are in a block; with AVX fewer, which has 16 registers."""
        return BLOCK if self.width * self.size != 32 else 2

    # Whole numbers

    def number(self, x: Any) -> Any:
        """A whole number as a constant of the code."""
        return ir.Constant(self.whole, x) if isinstance(x, int) else x

    def sum(self, *xs: Any) -> Any:
        """The sum of whole numbers; that of those known now is known now."""
        known = sum([x for x in xs if isinstance(x, int)])
        others = [x for x in xs if not isinstance(x, int)]
        if not others:
            return self.number(known)
        total = others[0]
        for x in (*others[1:], *([known] if known else [])):
            total = self.b.add(total, self.number(x))
        return total

    def times(self, x: Any, y: Any) -> Any:
        """The product of whole numbers."""
        return self.number(x) if y == 1 else self.b.mul(self.number(x), self.number(y))

    def floor(self, x: Any, by: int) -> Any:
        """The largest multiple of a power of two up to x."""
        return self.b.and_(x, self.number(-by))

    # The instruction

    def argument(self, i: Any) -> Any:
        """An argument of the instruction; the first is number 0."""
        return self.read(self.sum(HEAD, i))

    def arguments(self, count: int) -> list[Any]:
        """The first arguments of the instruction."""
        return [self.argument(i) for i in range(count)]

    def read(self, i: Any) -> Any:
        """A number of the instruction."""
        return self.b.load(self.b.gep(self.step, [self.number(i)], source_etype=self.whole), typ=self.whole)

    def table(self, first: Any, row: Any, columns: int) -> list[Any]:
        """A row of the table whose first number is that argument."""
        start = self.sum(HEAD, first, self.times(row, columns))
        return [self.read(self.sum(start, i)) for i in range(columns)]

    def target(self, argument: Any) -> tuple[Any, Any]:
        """A target as a place and whether it is written for the first time."""
        return self.b.ashr(argument, self.number(1)), self.b.trunc(argument, ir.IntType(1))

    # Numbers and vectors

    def at(self, place: Any, start: Any = None) -> Any:
        """The address of a place."""
        return self.b.gep(self.base if start is None else start, [self.number(place)], source_etype=self.real)

    def load(self, place: Any, kind: Any = None) -> Any:
        """The number, or the vector, at a place."""
        return self.b.load(self.at(place), align=self.size, typ=kind or self.real)

    def store(self, value: Any, place: Any) -> None:
        """Write a number or a vector at a place."""
        self.b.store(value, self.at(place), align=self.size)

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
        if value.type is self.real:
            return value
        kind = ir.FunctionType(self.real, [self.real, self.vector])
        name = f"llvm.vector.reduce.fadd.v{self.width}f{8 * self.size}"
        function = self.module.declare_intrinsic(name, (), kind)
        return self.b.call(function, [self.zero(self.real), value], fastmath=("reassoc",))

    def add_sums(self, place: Any, vectors: list[Any]) -> None:
        """Add the sum of each vector's numbers to the numbers from a place on; those of four vectors at once."""
        if len(vectors) == 4 and self.width >= 4:
            total = self._four(*vectors)
            self.store(self.b.fadd(self.load(place, total.type), total), place)
        else:
            for i, vector in enumerate(vectors):
                self.add_at(self.sum(place, i), self.summed(vector))

    def sums(self, vectors: list[Any]) -> list[Any]:
        """The sum of each vector's numbers."""
        if len(vectors) != 4 or self.width < 4:
            return [self.summed(vector) for vector in vectors]
        total = self._four(*vectors)
        return [self.b.extract_element(total, ir.Constant(ir.IntType(32), i)) for i in range(4)]

    def _four(self, a: Any, b: Any, c: Any, d: Any) -> Any:
        """The sums of four vectors' numbers, as a vector of four."""
        total = self._folded(self._folded(a, b, 1), self._folded(c, d, 1), 2)  # a, b, c, d, a, b, c, d …
        while total.type.count > 4:
            half = total.type.count // 2
            low, high = (self._picked(total, total, range(start, start + half)) for start in (0, half))
            total = self.b.fadd(low, high)
        return total

    def _folded(self, x: Any, y: Any, by: int) -> Any:
        """Two vectors of sums as one: each stretch of twice as many numbers of both, its halves added, in turns."""
        starts = range(0, self.width, 2 * by)
        low = [at + start + i for start in starts for at in (0, self.width) for i in range(by)]
        return self.b.fadd(self._picked(x, y, low), self._picked(x, y, [i + by for i in low]))

    def _picked(self, x: Any, y: Any, places: Iterable[int]) -> Any:
        """The numbers at some places of two vectors, one after the other."""
        mask = list(places)
        return self.b.shuffle_vector(x, y, ir.Constant(ir.VectorType(ir.IntType(32), len(mask)), mask))

    def total(self, kind: Any) -> Any:
        """A variable for a sum, 0 from here on."""
        return self.slot(kind, self.zero(kind))

    def add_to(self, slot: Any, value: Any) -> None:
        """Add to a sum."""
        self.b.store(self.b.fadd(self.held(slot), value), slot)

    def add_product(self, slot: Any, x: Any, y: Any) -> None:
        """Add x·y to a sum."""
        self.b.store(self.b.fadd(self.held(slot), self.b.fmul(x, y, flags=FUSED), flags=FUSED), slot)

    def add_at(self, place: Any, value: Any) -> None:
        """Add a number to what stands at a place."""
        self.store(self.b.fadd(self.load(place), value), place)
