"""A Value: one number in a graph, who made it, and the local gradients of that step."""

from __future__ import annotations

from itertools import chain
from threading import RLock
from typing import Any

from micrograd_es import flow
from micrograd_es.eager import eager
from micrograd_es.graph import uses
from micrograd_es.maths import LARGEST, Number, as_number, counted
from micrograd_es.missing import OF_A_VALUE, OF_NUMPY, MissingMethod, say_instead
from micrograd_es.numpy_calls import is_array_of_values, of_numpy
from micrograd_es.ops import ABS, ADD, DIV, INV, MUL, NEG, POW, SUB, Op
from micrograd_es.pickles import reduced
from micrograd_es.replay import GRADIENT_ADVICE, RECORDING, RecordingError, refuse
from micrograd_es.results import computed
from micrograd_es.scopes import CURRENT, OPENED, OUTSIDE, Origin, Scope, origin

LOWEST = -LARGEST
LEAF, UNNAMED = OUTSIDE[None], ""
origins = CURRENT.get
ADDING = RLock()  # a leaf that two threads add to at once would lose what one of them adds


class Value:
    """A number, the operation that made it, and its gradient once asked for.

    >>> x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    >>> f = (x + y) * z
    >>> f.backward()
    >>> f.data, x.grad, y.grad, z.grad
    (-12, -4, -4, 3)

    `data` is an int, float, Fraction or Decimal (NumPy scalars become Python's own); `label` is any text. What an
    operation made has `op`, the row of the table, its `inputs` in order and the `local` gradients ∂self/∂input,
    computed on the way forward. `grad` is 0 until `backward()` of something made from this Value.

    `<`, `<=`, `>`, `>=` compare the numbers; `==` and hash are identity, so that Values can be keys.

    A subclass may have attributes of its own, by any names but those in `Value.__slots__`, which hold the graph.

    Raises TypeError for anything that is no real number and ValueError for NaN and infinity.
    """

    __slots__ = ("along_first", "along_second", "first", "number", "origin", "others", "second", "slope")

    number: Number  # what `data` shows; the engine reads it without asking
    slope: Number  # what `grad` shows
    origin: Origin  # its row, Scope and label: many Values have the same, and a node stays small
    # Two inputs, and the local gradient along each; None where there is one. With a tuple for them a node would be two
    # objects, and twice the work for the garbage collector. In a leaf `first` is None, and no other of these is set.
    first: Any
    along_first: Any
    second: Any
    along_second: Any
    others: tuple[Any, ...]  # the third input, its local gradient, the fourth, …

    is_constant = False
    is_parameter = False

    def __init__(self, data: Number, label: str = "") -> None:
        if data.__class__ is not float or not LOWEST <= data <= LARGEST:
            if isinstance(data, Value):
                raise TypeError(
                    f"data is {data!r}, a Value already; expected a number."
                    f" Write {data.label or 'v'}.data for its number."
                )
            data = as_number(data)
        if label is not UNNAMED:
            self.origin = origin((None, origins().scope, _text(label)))
        elif OPENED:
            self.origin = origins()[None]
        else:
            self.origin = LEAF
        self.number = data
        self.slope = 0
        self.first = None

    @property
    def data(self) -> Number:
        """The number. It can be set, as an optimiser does; what was computed from it before stays as it is.

        Raises RecordingError while a program is recorded, where it is read or set: that would not be replayed.
        """
        if RECORDING.get():
            raise RecordingError(f"the number of {self!r} was read")
        return self.number

    @data.setter
    def data(self, data: Number) -> None:
        if RECORDING.get():
            raise RecordingError(f"the number of {self!r} was set", "Compute another Value in its place.")
        self.number = as_number(data)

    @property
    def grad(self) -> Number:
        """The gradient that `backward()` gave it; 0 until then. It can be set.

        Raises TypeError where it is set to what is no number, and RecordingError while a program is recorded, where it
        is read: it depends on earlier calls.
        """
        if RECORDING.get():
            raise RecordingError(f"the gradient of {self!r} was read", GRADIENT_ADVICE)
        return self.slope

    @grad.setter
    def grad(self, grad: Number) -> None:
        if grad is None:  # as in PyTorch
            raise TypeError("grad is None; expected a number. Write v.grad = 0, or f.zero_grad() for all behind f.")
        self.slope = as_number(grad, "grad")

    @property
    def label(self) -> str:
        """The name, any text; it can be set. Raises TypeError for what is no text."""
        return self.origin.label

    @label.setter
    def label(self, label: str) -> None:
        row, scope, _ = self.origin
        self.origin = origin((row, scope, _text(label)))

    @property
    def op(self) -> Op | None:
        """The row of the table that made it; None for a leaf."""
        return self.origin.op

    @property
    def scope(self) -> Scope | None:
        """The innermost Scope that it was made in, or None; it can be set."""
        return self.origin.scope

    @scope.setter
    def scope(self, scope: Scope | None) -> None:
        row, _, label = self.origin
        self.origin = origin((row, scope, label))

    @property
    def inputs(self) -> tuple[Value, ...]:
        """The Values that the operation was given, in order; a Value used twice stands twice. Empty for a leaf."""
        if self.first is None:
            return ()
        if self.second is None:
            return (self.first,)
        return (self.first, self.second, *self.others[::2]) if self.others else (self.first, self.second)

    @property
    def local(self) -> tuple[Number | None, ...]:
        """The local gradient ∂self/∂input for each of the inputs; None where the operation has none (√x at 0)."""
        if RECORDING.get():
            raise RecordingError(f"the local gradients of {self!r} were read as numbers", GRADIENT_ADVICE)
        return self.wires[1::2]

    @property
    def wires(self) -> tuple[Any, ...]:
        """An input, the local gradient along it, the next input, …: what `inputs` and `local` show, without asking."""
        if self.first is None:
            return ()
        if self.second is None:
            return self.first, self.along_first
        return (self.first, self.along_first, self.second, self.along_second, *self.others)

    @wires.setter
    def wires(self, wires: tuple[Any, ...]) -> None:
        known = wires if len(wires) > 3 else (*wires, None, None, None, None)
        self.first, self.along_first, self.second, self.along_second = known[:4]
        self.others = wires[4:]

    def backward(self) -> None:
        """Put ∂self/∂v into `.grad` of every Value v behind this one.

        Leaves add it to what they have until `zero_grad()`, as in PyTorch; what operations made is set afresh. An error
        leaves every `.grad` as it was: it is raised where a gradient is no finite real number, and where a leaf has one
        of another kind already (a Decimal, and now a float).

        >>> x = Value(3.0, "x")
        >>> f = x * x
        >>> f.backward(); f.backward()
        >>> x.grad, f.grad
        (12.0, 1)
        """
        refuse("backward() was called", GRADIENT_ADVICE)
        made, slopes, leaves = flow.sweep(self)
        with ADDING:
            sums = flow.added(leaves)
            for node, slope in zip(made, slopes, strict=True):
                node.slope = slope
            for leaf, slope in zip(leaves, sums, strict=True):
                leaf.slope = slope

    def zero_grad(self) -> None:
        """Set `.grad` of this Value and of every Value behind it to 0.

        >>> x = Value(3.0, "x")
        >>> f = x * x
        >>> f.backward(); f.zero_grad(); x.grad
        0
        """
        for node in uses(self):
            node.slope = 0

    @eager(ADD)
    def __add__(self, other: Value | Number) -> Value:
        return apply(ADD, self, other)

    @eager(ADD, swapped=True)
    def __radd__(self, other: Value | Number) -> Value:
        return apply(ADD, other, self)

    @eager(SUB)
    def __sub__(self, other: Value | Number) -> Value:
        return apply(SUB, self, other)

    @eager(SUB, swapped=True)
    def __rsub__(self, other: Value | Number) -> Value:
        return apply(SUB, other, self)

    @eager(MUL)
    def __mul__(self, other: Value | Number) -> Value:
        return apply(MUL, self, other)

    @eager(MUL, swapped=True)
    def __rmul__(self, other: Value | Number) -> Value:
        return apply(MUL, other, self)

    @eager(DIV)
    def __truediv__(self, other: Value | Number) -> Value:
        return apply(DIV, self, other)

    @eager(POW)
    def __pow__(self, other: Value | Number) -> Value:
        return apply(POW, self, other)

    @eager(POW, swapped=True)
    def __rpow__(self, other: Value | Number) -> Value:
        return apply(POW, other, self)

    @eager(NEG)
    def __neg__(self) -> Value:
        return apply(NEG, self)

    @eager(ABS)
    def __abs__(self) -> Value:
        return apply(ABS, self)

    def __rtruediv__(self, other: Value | Number) -> Value:
        return _reciprocal(self) if other.__class__ is int and other == 1 else _divide(other, self)

    def __pos__(self) -> Value:
        return self

    def __lt__(self, other: Value | Number) -> bool:
        return NotImplemented if is_array_of_values(other) else self.data < _number(other)

    def __le__(self, other: Value | Number) -> bool:
        return NotImplemented if is_array_of_values(other) else self.data <= _number(other)

    def __gt__(self, other: Value | Number) -> bool:
        return NotImplemented if is_array_of_values(other) else self.data > _number(other)

    def __ge__(self, other: Value | Number) -> bool:
        return NotImplemented if is_array_of_values(other) else self.data >= _number(other)

    def __float__(self) -> float:
        return float(self.data)

    def __int__(self) -> int:
        return int(self.data)

    def __index__(self) -> int:
        advice = "To choose one of several, give an input that is 1 at its place and 0 elsewhere: dot(chosen, several)."
        if RECORDING.get():
            raise RecordingError(f"{self!r} was used as an index", advice)
        raise TypeError(f"{self!r} was used as an index; expected a whole number. {advice}")

    def __round__(self, digits: int | None = None) -> Number:
        return round(self.data, digits)

    def __bool__(self) -> bool:
        if RECORDING.get():
            raise RecordingError(f"{self!r} was used as true or false")
        raise TypeError(f"{self!r} was used as true or false; write v.data != 0, or compare it: v > 0.")

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"{type(self).__name__}({self.number!r}{label})"

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy without recursion."""
        if RECORDING.get():
            raise RecordingError(f"{self!r} was copied", "Write identity(v) for another Value of the same number.")
        return reduced(self, Value)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """NumPy's operators are those of Values; its functions are refused, with the one to write instead."""
        return of_numpy(ufunc, method, inputs, options)


say_instead(Value, "a Value", OF_A_VALUE)
say_instead(Value, "a Value", OF_NUMPY, MissingMethod)


class Constant(Value):
    """A number that is part of a formula: no gradient is asked for it, and a figure folds it into its gate.

    Numbers mixed with Values become Constants by themselves; a Constant of your own can carry a label.

    >>> x = Value(4.0, "x")
    >>> (2 * x).inputs
    (Constant(2), Value(4.0, label='x'))
    """

    __slots__ = ()

    is_constant = True


class Parameter(Value):
    """A number that is learnt: a weight or a bias. A figure keeps it inside a folded gate that alone uses it.

    >>> w = Parameter(2.0, "w")
    >>> w, (w * 3).inputs[0].is_parameter
    (Parameter(2.0, label='w'), True)
    """

    __slots__ = ()

    is_parameter = True


def as_value(x: Any, row: Op | None = None, each: str = "") -> Value:
    """x itself where it is a Value, else the number x as a Constant; `each` is what to write where x is many."""
    if isinstance(x, Value):
        return x
    try:
        return Constant(x)
    except (TypeError, ValueError):
        pass
    return Constant(as_number(x, f"an input of {row.name}" if row else "a value", each))


def _text(label: object) -> str:
    """A label; TypeError for what is no text."""
    if not isinstance(label, str):
        raise TypeError(f"label is {label!r} ({type(label).__name__}); expected text. Write {str(label)!r}.")
    return label


def _number(x: Value | Number) -> Number:
    """The number of a Value, or the number itself."""
    if isinstance(x, Value):
        return x.data
    return as_number(x, "what a Value is compared with", "it for each of them, such as [w > v for v in x]")


def apply(row: Op, *xs: Value | Number) -> Value:
    """Run any row of the table, also one of your own, on Values and numbers.

    >>> from micrograd_es.ops import find
    >>> apply(find("max"), Value(2, "a"), 7, 5)
    Value(7)
    """
    if row.arity is not None and len(xs) != row.arity:
        raise TypeError(f"{row.name} was given {counted(len(xs), 'input')}; expected {row.arity}.")
    each = "[apply(row, v) for v in x]" if row.arity == 1 else "apply(row, *x)"
    return general(row, tuple([x if x.__class__ is Value else as_value(x, row, each) for x in xs]))


def general(row: Op, inputs: tuple[Value, ...]) -> Value:
    """Run a row on any inputs: every number of them, every kind of number, and every error (see `results`)."""
    result, slopes = computed(row, inputs)
    node = object.__new__(Value)
    node.wires = tuple(chain.from_iterable(zip(inputs, slopes)))  # noqa: B905 (there is one for each)
    node.number, node.slope, node.origin = result, 0, origins()[row]
    return node


@eager(DIV)
def _divide(x: Value | Number, y: Value | Number) -> Value:
    return apply(DIV, x, y)


@eager(INV)
def _reciprocal(x: Value | Number) -> Value:
    return apply(INV, x)
