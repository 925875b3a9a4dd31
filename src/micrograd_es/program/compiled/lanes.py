"""The maths that writes instructions: a row of the table of operations read with it gives machine code.

The rule stands in the table only, so an operation that a user adds is compiled like the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import add, mul
from typing import Any

from micrograd_es.program.compiled.machine import ir
from micrograd_es.program.compiled.machine import of_vectors as of_vectors
from micrograd_es.program.compiled.writing import repeated, variable

FACTORS = 8  # that a power may have which is a product
MOST_INPUTS = 100  # of an operation: its code is as long, and takes as long to compile


class NotCompilableError(Exception):
    """A row of the table that no kernel can be written for; the caller runs the plan in NumPy instead."""


def written(rule: Callable[..., Any], maths: LaneMaths, *xs: Lane) -> Any:
    """What a rule of the table gives, as lanes: one, or a tuple of them.

    Raises NotCompilableError where it does more than arithmetic and the functions of the maths.
    """
    if len(xs) > MOST_INPUTS:
        raise NotCompilableError(f"an operation with {len(xs)} inputs is not compiled; at most {MOST_INPUTS} are")
    try:
        found = rule(maths, *xs)
        return tuple(map(maths.lane, found)) if isinstance(found, tuple | list) else maths.lane(found)
    except Exception as error:  # a rule is the user's code: anything may go wrong where it expects a number
        raise NotCompilableError(f"the row cannot be compiled: {error}") from error


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
        raise NotCompilableError("it asks what its input is; write m.where(c, x, y)")

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return bool(self)

    def __lt__(self, other: object) -> bool:
        return bool(self)

    __ne__ = __le__ = __gt__ = __ge__ = __lt__


class LaneMaths:
    """The maths that writes instructions; `kind` is the type they work on, a number or a vector of numbers."""

    def __init__(self, b: Any, kind: Any) -> None:
        self.b, self.kind = b, kind
        self.real = kind.element if isinstance(kind, ir.VectorType) else kind
        self.single = isinstance(self.real, ir.FloatType)

    def lane(self, x: Any) -> Lane:
        """A number as a constant of the code."""
        if isinstance(x, Lane):
            return x
        if isinstance(self.kind, ir.VectorType):
            return Lane(self, ir.Constant(self.kind, [float(x)] * self.kind.count))
        return Lane(self, ir.Constant(self.kind, float(x)))

    def _call(self, name: str, *xs: Any) -> Lane:
        """A function of the C library: of its vectors where it has them, else what the compiler makes of it."""
        kind = ir.FunctionType(self.kind, [self.kind] * len(xs))
        if known := self._of_vectors(name, len(xs)):
            function = self._declared(known, kind)
        else:
            short = "f32" if self.single else "f64"
            suffix = short if self.kind is self.real else f"v{self.kind.count}{short}"
            function = self.b.module.declare_intrinsic(f"llvm.{name}.{suffix}", (), kind)
        return Lane(self, self.b.call(function, [self.lane(x).value for x in xs]))

    def _of_vectors(self, name: str, inputs: int) -> str:
        """The name of the function for vectors; "" for single numbers, and where there is none."""
        return "" if self.kind is self.real else of_vectors(name, "float32" if self.single else "float64", inputs)

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
        """e^x; of vectors by a function of the module's own, which a kernel with many of them has once."""
        if self.kind is self.real:
            return self._call("exp", x)
        name = f"exp of {self.kind.count} {self.real}"
        function = self.b.module.globals.get(name) or self._exp_of_vectors(name)
        return Lane(self, self.b.call(function, [self.lane(x).value]))

    def _exp_of_vectors(self, name: str) -> Any:
        """A function for e^x; where one is hardly above 0 as (e^(x/2))²: the C library takes several times as long."""
        function = ir.Function(self.b.module, ir.FunctionType(self.kind, [self.kind]), name)
        function.linkage = "linkonce_odr"  # the linker keeps one
        for attribute in ("noinline", "nounwind"):
            function.attributes.add(attribute)
        maths = LaneMaths(ir.IRBuilder(function.append_basic_block()), self.kind)
        b, x = maths.b, Lane(maths, function.args[0])
        low, lowest = (-87, -174) if self.single else (-708, -1416)
        is_low = maths._is("<", x, low)
        with b.if_then(maths._all(b.not_(is_low)), likely=True):
            b.ret(maths._call("exp", x).value)
        half = 0.5 * maths._choice(maths._is("<", x, lowest), lowest, x)
        found = maths._call("exp", maths._choice(is_low, half, x))
        b.ret(maths._choice(is_low, found * found, found).value)
        return function

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
        """log(1 + x), which is no instruction: the C library's function, for each number of a vector if need be."""
        if known := self._of_vectors("log1p", 1):
            return Lane(self, self.b.call(self._declared(known, ir.FunctionType(self.kind, [self.kind])), [x.value]))
        kind = ir.FunctionType(self.real, [self.real])
        function = self._declared("log1pf" if self.single else "log1p", kind)
        if self.kind is self.real:
            return Lane(self, self.b.call(function, [x.value]))
        result = x.value
        for i in range(self.kind.count):
            place = ir.Constant(ir.IntType(32), i)
            one = self.b.call(function, [self.b.extract_element(x.value, place)])
            result = self.b.insert_element(result, one, place)
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
        return self._choice(self._is(">", c, 0), x, self._choice(self._is("<=", c, 0), y, c))  # NaN where c is

    def power(self, x: Any, y: Any) -> Lane:
        """x**y, without the C library's slow pow where all y are the same small number of halves."""
        x, y = self.lane(x), self.lane(y)
        result = variable(self.b, self.kind, x.value)
        with self.b.if_else(self._all(self._is("==", y, 2))) as (square, other):
            with square:  # every loss has it, and the first power as its slope
                self.b.store((x * x).value, result)
            with other, self.b.if_then(self.b.not_(self._all(self._is("==", y, 1)))):
                self._other_power(x, y, result)
        return Lane(self, self.b.load(result, typ=self.kind))

    def _other_power(self, x: Lane, y: Lane, result: Any) -> None:
        """Leave x**y: a product, or what the C library gives."""
        with self.b.if_else(self._is_product(y)) as (few, any_power):
            with few:
                self._multiply(x, y, result)
            with any_power:
                self.b.store(self._call("pow", x, y).value, result)

    def _first(self, x: Lane) -> tuple[LaneMaths, Lane]:
        """The number in the first place of a vector, and the maths of single numbers."""
        if self.kind is self.real:
            return self, x
        maths = LaneMaths(self.b, self.real)
        return maths, Lane(maths, self.b.extract_element(x.value, ir.Constant(ir.IntType(32), 0)))

    def _is_product(self, y: Lane) -> Any:
        """Whether all y are the same number of halves, and small."""
        maths, first = self._first(y)
        halves = maths.abs(first) * 2
        whole = maths._is("==", halves, maths._call("floor", halves))
        few = self.b.and_(whole, maths._is("<=", halves, 2 * FACTORS))
        if maths is self:
            return few
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), self.kind.count), [0] * self.kind.count)
        every = Lane(self, self.b.shuffle_vector(y.value, y.value, zeros))
        return self.b.and_(few, self._all(self._is("==", y, every)))

    def _multiply(self, x: Lane, y: Lane, result: Any) -> None:
        """Leave 1·x·x…, or √x·x·x… where there is half a factor; below 0 the same of 1/x."""
        b, (maths, power) = self.b, self._first(y)
        size = maths.abs(power)
        times = maths._call("floor", size)
        slot, left = variable(b, self.kind, x.value), variable(b, self.real, times.value)
        with b.if_then(maths._is("<", power, 0)):
            b.store((1 / x).value, slot)
        factor = Lane(self, b.load(slot, typ=self.kind))
        b.store(self.lane(1).value, result)
        with b.if_then(maths._is("!=", size, times)):
            b.store(self.sqrt(factor).value, result)

        def number() -> Lane:
            return Lane(maths, b.load(left, typ=self.real))

        with repeated(b, lambda: maths._is(">", number(), 0)):
            b.store((Lane(self, b.load(result, typ=self.kind)) * factor).value, result)
            b.store((number() - 1).value, left)

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
        return reduce(add, xs)

    def prod(self, xs: Sequence[Any]) -> Any:
        return reduce(mul, xs)

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
