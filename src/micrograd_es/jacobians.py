"""Derivatives of vectors and matrices of Values: `jacobian`, its products `vjp` and `jvp`, and `hessian`.

The graph is CUT at the inputs. Each of them is a variable of its own, whatever it was computed from, and everything
that no input is behind is fixed. So where one input is behind another, its column holds what reaches the output past
the other, and nothing is counted twice. It is cut at `fixed` as well: Values that do not move, though an input may be
behind them. The Jacobian of a block by one of its inputs, the others fixed, is the block's alone.
"""

from __future__ import annotations

from typing import Any

from micrograd_es.derivatives import gradient_graphs
from micrograd_es.graph import between
from micrograd_es.maths import LARGEST, as_number, shown
from micrograd_es.nested import Nested, Shape, entry_names, flat, lists, shape, shaped, size, transposed
from micrograd_es.replay import GRADIENT_ADVICE, RECORDING, RecordingError
from micrograd_es.sweeps import Carried, backward, forward
from micrograd_es.value import Value

LAYOUTS = ("row", "column")
MODES = ("auto", "reverse", "forward")


class Jacobian(list[Any]):
    """The derivatives of outputs by inputs as nested lists, which know the names of their rows and columns.

    >>> x, y = Value(3, "x"), Value(4, "y")
    >>> J = jacobian([x * y, x + y], [x, y])
    >>> J, J.rows, J.columns
    ([[4, 3], [1, 1]], ['y1', 'y2'], ['x', 'y'])
    >>> print(J)
        x  y
    y1  4  3
    y2  1  1

    `shape` is that of the nested lists; `matrix` is the same as rows of numbers, one for each of `rows`, also where
    outputs or inputs are a matrix or a single Value; `layout` is "row" or "column".
    """

    def __init__(self, matrix: list[list[Any]], rows: list[str], columns: list[str], into: Shape, layout: str) -> None:
        super().__init__(shaped([entry for row in matrix for entry in row], into))
        self.matrix = matrix
        self.rows, self.columns = rows, columns
        self.shape = into
        self.layout = layout

    def __str__(self) -> str:
        table = [["", *self.columns]]
        table += [[name, *map(_short, row)] for name, row in zip(self.rows, self.matrix, strict=True)]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [
            "  ".join([first.ljust(widths[0]), *(text.rjust(w) for text, w in zip(rest, widths[1:], strict=True))])
            for first, *rest in table
        ]
        return "\n".join(line.rstrip() for line in lines)

    def __reduce__(self) -> tuple[Any, ...]:
        return Jacobian, (self.matrix, self.rows, self.columns, self.shape, self.layout)


def _short(x: Any) -> str:
    return format(x, ".4g") if isinstance(x, float) else shown(x)


def jacobian(outputs: Nested, inputs: Nested, *, fixed: Nested = (), mode: str = "auto", layout: str = "row") -> Any:
    """∂output/∂input for Values and (nested) lists of Values: k outputs by d inputs are k rows of d (lectures, B1).

    >>> x, y = Value(3, "x"), Value(4, "y")
    >>> jacobian([x * y, x + y], [x, y])
    [[4, 3], [1, 1]]
    >>> jacobian(x * y, [x, y])
    [4, 3]
    >>> jacobian([x * y, x + y], [x, y], layout="column")
    [[4, 1], [3, 1]]

    The shape is that of the outputs followed by that of the inputs; with `layout="column"` it is transposed, the
    inputs first, as gradients that are columns need it (B2). It is a `Jacobian`, or the number for two single Values.

    The graph is cut at the inputs, which may be inner Values: each is a variable of its own. It is cut at `fixed`, too:
    nothing is followed through those (in lists of any shape). An output that an input is not behind gets 0.

    >>> q = x * y
    >>> f = q + x
    >>> jacobian(f, [q, x]), jacobian(f, x), jacobian(f, x, fixed=q)
    ([1, 1], 5, 1)

    Reverse mode walks the graph once an output, forward mode once an input; "auto" takes the shorter. The two agree
    (floats to rounding, exact numbers exactly).

    Raises TypeError for what is no Value, ValueError for ragged lists and for an operation on the way without a slope
    (√x at 0), OverflowError where an entry is too large.
    """
    _check_choice("mode", mode, MODES)
    _check_choice("layout", layout, LAYOUTS)
    (ys, outer), (xs, inner) = _values(outputs, "outputs"), _values(inputs, "inputs")
    by_rows = mode == "reverse" or (mode == "auto" and len(ys) <= len(xs))
    nodes = between(ys, xs, flat_values(fixed, "fixed"))
    matrix = _reverse(nodes, ys, xs) if by_rows else _forward(nodes, ys, xs)
    rows, columns = _names(ys, outer, "f" if not outer else "y"), _names(xs, inner, "x")
    _check_finite(matrix, rows, columns)
    if not outer and not inner:
        return matrix[0][0]
    if layout == "column":
        return Jacobian(transposed(matrix, len(xs)), columns, rows, inner + outer, layout)
    return Jacobian(matrix, rows, columns, outer + inner, layout)


def vjp(outputs: Nested, inputs: Nested, upstream: Nested, *, fixed: Nested = ()) -> Nested:
    """upstream · Jacobian: what arrives at the inputs when `upstream` arrives at the outputs, in one walk back.

    >>> x, y = Value(3, "x"), Value(4, "y")
    >>> vjp([x * y, x + y], [x, y], [10, 1])
    [41, 31]

    `upstream` has the shape of the outputs, the result that of the inputs; the graph is cut as by `jacobian`.
    Raises what `jacobian` raises, and ValueError where the shapes differ.
    """
    (ys, outer), (xs, inner) = _values(outputs, "outputs"), _values(inputs, "inputs")
    arriving = _numbers(upstream, "upstream", outer, "outputs")
    carried = _mixed(backward, between(ys, xs, flat_values(fixed, "fixed")), xs, _seeds(ys, [{0: u} for u in arriving]))
    row = [carried.get(x, {}).get(0, 0) for x in xs]
    _check_finite([row], ["f"], _names(xs, inner, "x"))
    return shaped(row, inner)


def jvp(outputs: Nested, inputs: Nested, tangent: Nested, *, fixed: Nested = ()) -> Nested:
    """Jacobian · tangent: how fast the outputs change when the inputs change at these rates, in one walk forward.

    >>> x, y = Value(3, "x"), Value(4, "y")
    >>> jvp([x * y, x + y], [x, y], [1, 0])
    [4, 1]

    `tangent` has the shape of the inputs, the result that of the outputs; the graph is cut as by `jacobian`.
    Raises what `jacobian` raises, and ValueError where the shapes differ.
    """
    (ys, outer), (xs, inner) = _values(outputs, "outputs"), _values(inputs, "inputs")
    speeds = _numbers(tangent, "tangent", inner, "inputs")
    carried = _mixed(forward, between(ys, xs, flat_values(fixed, "fixed")), ys, _seeds(xs, [{0: s} for s in speeds]))
    column = [carried.get(y, {}).get(0, 0) for y in ys]
    _check_finite([[entry] for entry in column], _names(ys, outer, "y"), ["t"])
    return shaped(column, outer)


def hessian(f: Value, inputs: Nested, *, fixed: Nested = ()) -> Any:
    """∂²f/∂input∂input: the second derivatives of one Value, symmetric, exact for exact numbers.

    >>> from fractions import Fraction
    >>> x, y = Value(Fraction(1, 2), "x"), Value(3, "y")
    >>> print(hessian(x * x * y, [x, y]))
       x  y
    x  6  1
    y  1  0

    The shape is that of the inputs, twice: d×d for a list of d, one number for a single Value. The graph is cut at the
    inputs and at `fixed` as by `jacobian`; kinks (relu, max, |x|) have the second derivative 0.

    Raises TypeError where f is no single Value, ValueError where an input is a constant of the formula, and what
    `jacobian` raises.
    """
    if not isinstance(f, Value):
        instead = "hessian(f(*xs), xs)" if callable(f) else "hessian(f, inputs), one output at a time"
        raise TypeError(f"f is {shown(f)} ({type(f).__name__}); expected one Value. Write {instead}.")
    xs, inner = _values(inputs, "inputs")
    for i, x in enumerate(xs):
        if x.is_constant:
            raise ValueError(
                f"input {i + 1} is {x!r}, a constant of the formula; expected Values that can change."
                f" Write Value({shown(x.number)}) and compute f from it."
            )
    still = flat_values(fixed, "fixed")
    gradient = gradient_graphs(f, xs, still)
    matrix = _reverse(between(gradient, xs, still), gradient, xs)
    names = _names(xs, inner, "x")
    _check_finite(matrix, names, names)
    for i in range(len(xs)):  # the two halves differ by rounding alone
        for j in range(i):
            matrix[j][i] = matrix[i][j]
    return Jacobian(matrix, names, names, inner + inner, "row") if inner else matrix[0][0]


def _reverse(nodes: list[Value], ys: list[Value], xs: list[Value]) -> list[list[Any]]:
    """The Jacobian row by row, all rows in one walk back."""
    carried = backward(nodes, xs, _seeds(ys, [{i: 1} for i in range(len(ys))]))
    return [[carried.get(x, {}).get(i, 0) for x in xs] for i in range(len(ys))]


def _forward(nodes: list[Value], ys: list[Value], xs: list[Value]) -> list[list[Any]]:
    """The Jacobian column by column, all columns in one walk forward."""
    column = {x: j for j, x in enumerate(xs)}
    carried = forward(nodes, ys, _seeds(xs, [{column[x]: 1} for x in xs], same=True))
    return [[carried.get(y, {}).get(column[x], 0) for x in xs] for y in ys]


def _seeds(values: list[Value], seeds: list[dict[int, Any]], same: bool = False) -> Carried:
    """The seeds at their Values; those of a Value that stands twice add up, unless they are the `same` one."""
    carried: Carried = {}
    for value, seed in zip(values, seeds, strict=True):
        at = carried.setdefault(value, {})
        for i, number in seed.items():
            at[i] = at[i] + number if i in at and not same else number
    return carried


def _mixed(sweep: Any, nodes: list[Value], ends: list[Value], seeds: Carried) -> Carried:
    """A sweep whose seeds come from outside: they may be of a kind that does not mix with the graph's."""
    try:
        carried: Carried = sweep(nodes, ends, seeds)
    except TypeError:
        kinds = " and ".join(dict.fromkeys(type(n).__name__ for at in seeds.values() for n in at.values()))
        graph = " and ".join(dict.fromkeys(type(node.number).__name__ for node in nodes))
        raise TypeError(
            f"{kinds} was given for a graph of {graph}, which do not mix exactly in Python; write all as one kind."
        ) from None
    return carried


def flat_values(xs: Nested, role: str) -> list[Value]:
    """The Values in lists of any shape, row by row; TypeError for what is none."""
    if RECORDING.get():
        raise RecordingError("a derivative was taken as a number", GRADIENT_ADVICE)
    entries = flat(lists(xs))
    for x in entries:
        if not isinstance(x, Value):
            raise TypeError(
                f"{role} has {shown(x)} ({type(x).__name__}) in it; expected Values, in lists as they are needed."
                " Compute with Values and give those."
            )
    return entries


def _values(xs: Nested, role: str) -> tuple[list[Value], Shape]:
    """The Values of a vector or matrix, row by row, and its shape."""
    nested = lists(xs)
    return flat_values(nested, role), shape(nested, role)


def _numbers(xs: Nested, role: str, expected: Shape, of: str) -> list[Any]:
    """The numbers of a nested list that must have the shape of the outputs or of the inputs."""
    nested = lists(xs)
    if (given := shape(nested, role)) != expected:
        raise ValueError(
            f"{role} is {size(given)}; expected {size(expected)}, the shape of the {of}."
            " Write one number for each of them."
        )
    return [as_number(x, role) for x in flat(nested)]


def _names(values: list[Value], of: Shape, name: str) -> list[str]:
    """What rows and columns are called: the labels, and for what has none its place."""
    return [value.label or place for value, place in zip(values, entry_names(name, of), strict=True)]


def _check_finite(matrix: list[list[Any]], rows: list[str], columns: list[str]) -> None:
    for name, row in zip(rows, matrix, strict=True):
        for other, entry in zip(columns, row, strict=True):
            if not -LARGEST <= entry <= LARGEST:
                raise OverflowError(
                    f"∂{name}/∂{other} is too large ({shown(entry)}); expected at most ±1.8e308. Scale the inputs."
                )


def _check_choice(name: str, given: str, choices: tuple[str, ...]) -> None:
    if given not in choices:
        listed = ", ".join(map(repr, choices))
        raise ValueError(f"{name} is {given!r}; expected one of {listed}. Write {name}={choices[0]!r}.")
