"""The chain rule over the graph, as pure functions: no Value is changed by asking.

`contribution = upstream × local` on every edge, and a Value's gradient is the sum over the edges that leave it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from math import isfinite
from typing import TYPE_CHECKING, Any

from micrograd_es.graph import check_value, topological
from micrograd_es.maths import LARGEST, Number, shown
from micrograd_es.replay import GRADIENT_ADVICE, refuse
from micrograd_es.symbols import SYMBOLS, Symbol

if TYPE_CHECKING:
    from micrograd_es.ops import Op
    from micrograd_es.value import Value


class Gradients(dict["Value", Any]):
    """Gradients by Value, which say what to write where something else is asked for."""

    def __missing__(self, key: object) -> Any:
        if hasattr(type(key), "wires"):
            raise KeyError(f"nothing here depends on {key!r}; expected a Value behind f. Write gradients(f).get(v, 0).")
        raise KeyError(f"gradients are not kept by {key!r}; expected the Value itself. Write gradients(f)[v].")


Swept = tuple[list["Value"], list[Any], dict["Value", Any]]


def gradients(f: Value) -> dict[Value, Number]:
    """∂f/∂v for every Value v behind f, f included: a mapping from Value, by identity, to its gradient.

    >>> from micrograd_es import Value
    >>> x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    >>> gradient = gradients((x + y) * z)
    >>> gradient[x], gradient[y], gradient[z]
    (-4, -4, 3)

    Nothing is written to the Values; the mapping runs from f backwards, leaves last. Raises ValueError or
    OverflowError, naming the operation, where a gradient is no finite real number (√x at 0), and RecordingError while
    a program is recorded, which would keep these numbers for other inputs too.
    """
    refuse("a gradient was taken as a number", GRADIENT_ADVICE)
    return swept(f)


def swept(f: Value) -> dict[Value, Number]:
    """What `gradients` gives, also while a program is recorded."""
    made, slopes, leaves = sweep(f)
    found = Gradients(zip(made, slopes, strict=True))
    found.update(leaves)
    return found


def sweep(f: Value) -> Swept:
    """The chain rule, from f backwards: the Values that operations made, their gradients, and those of the leaves.

    `backward` writes the lists into the Values as they are: for a large graph a mapping costs as much as the sweep.
    """
    check_value(f)
    if f.first is None:
        return [], [], {f: 1}
    return _tree_swept(f) or _graph_swept(f)


def _tree_swept(f: Value) -> Swept | None:
    """What `sweep` gives where no operation's result is used twice, so that none has to wait for what comes later.

    To find those that wait takes as long as the sweep. So every graph is first taken for a tree; None where it is not,
    which is looked at from time to time, and where a gradient is missing or too large.
    """
    made, slopes = [f], [1]
    leaves: dict[Value, Any] = {}
    pairs = zip(made, slopes)  # noqa: B905 (both grow)
    met: set[Value] = set()
    try:
        while len(met) < len(made):
            new = made[len(met) :]
            met.update(new)
            if len(met) < len(made):
                return None
            for node, upstream in islice(pairs, max(len(new), len(met) // 4)):
                x, sent = node.first, upstream * node.along_first
                if x.first is not None:
                    made.append(x)
                    slopes.append(sent)
                else:
                    leaves[x] = leaves[x] + sent if x in leaves else sent
                x, local, others = node.second, node.along_second, node.others and iter(node.others)
                while x is not None:
                    sent = upstream * local
                    if x.first is not None:
                        made.append(x)
                        slopes.append(sent)
                    else:
                        leaves[x] = leaves[x] + sent if x in leaves else sent
                    if not others:
                        break
                    x, local = next(others, None), next(others, None)
        return (made, slopes, leaves) if all(map(isfinite, leaves.values())) else None
    except (ArithmeticError, TypeError):
        return None


def _graph_swept(f: Value) -> Swept:
    """What `sweep` gives: a Value that is used several times waits until every edge that leaves it has been counted."""
    waiting = _shared(f)
    partial: dict[Value, Any] = {}  # what has come so far to those that wait
    leaves: dict[Value, Any] = {}  # nothing waits for these, so they just add up
    made, slopes = [f], [1]
    try:
        for node, upstream in zip(made, slopes):  # noqa: B905 (both grow)
            x, local, others = node.first, node.along_first, None
            while x is not None:
                if local is None:
                    _refuse_undefined(node, x)
                    sent = 0
                else:
                    sent = upstream * local
                if x.first is None:
                    leaves[x] = leaves[x] + sent if x in leaves else sent
                elif x not in waiting:
                    made.append(x)
                    slopes.append(sent)
                else:  # a branch accumulates
                    partial[x] = partial[x] + sent if x in partial else sent
                    waiting[x] -= 1
                    if not waiting[x]:
                        made.append(x)
                        slopes.append(partial[x])
                if others is None:
                    x, local, others = node.second, node.along_second, node.others and iter(node.others)
                elif others:
                    x, local = next(others, None), next(others, None)
                else:
                    break
        for x, total in leaves.items():
            if not -LARGEST <= total <= LARGEST and not x.is_constant:
                raise OverflowError  # whatever is not finite ends up in a leaf
    except ArithmeticError:
        raise _overflow(dict(zip(made, slopes, strict=True)) | leaves) from None
    return made, slopes, leaves


def _shared(f: Value) -> dict[Value, int]:
    """The Values that operations made and that feed more than one input behind f, with the number of inputs."""
    counts: dict[Value, int] = {}
    seen = {f}
    found = [f]
    for node in found:
        for x in node.inputs if node.others else (node.first, node.second):
            if x is not None and x.first is not None:
                if x in seen:
                    counts[x] = counts.get(x, 1) + 1
                else:
                    seen.add(x)
                    found.append(x)
    return counts


def added(leaves: dict[Value, Any]) -> list[Any]:
    """The gradients that leaves had before and new ones, added; nothing is written where that is an error."""
    try:
        sums = [x.slope + more for x, more in leaves.items()]
        if all(map(isfinite, sums)):
            return sums
    except (ArithmeticError, TypeError):
        pass
    return [_sum(x, more) for x, more in leaves.items()]


def _sum(leaf: Value, more: Any) -> Any:
    """The gradient that a leaf had and a new one, added; 0 goes with every kind of number."""
    told = f"the gradient of {leaf.label or 'the leaf'} = {shown(leaf.number)} is {shown(leaf.slope)} from before, and"
    try:
        total = leaf.slope + more if leaf.slope else 0 + more
        if leaf.is_constant or -LARGEST <= total <= LARGEST:
            return total
    except TypeError:
        kinds = f"{type(leaf.slope).__name__} and {type(more).__name__}"
        raise TypeError(
            f"{told} {shown(more)} would be added: {kinds} do not mix exactly in Python. Call zero_grad() first."
        ) from None
    except ArithmeticError:
        pass
    raise OverflowError(f"{told} with {shown(more)} too large; expected at most ±1.8e308. Call zero_grad() first.")


def contributions(f: Value) -> dict[tuple[Value, int], Number | None]:
    """What every edge sends back: upstream × local, by (Value, number of the input).

    None where the operation has no local gradient for that input (the exponent of (−2)³: it is a constant).

    >>> from micrograd_es import Value
    >>> a = Value(3, "a")
    >>> f = a + a
    >>> contributions(f)[f, 0], contributions(f)[f, 1], gradients(f)[a]
    (1, 1, 2)
    """
    return {
        (node, i): None if local is None else upstream * local  # type: ignore[operator]
        for node, upstream in gradients(f).items()
        for i, local in enumerate(node.local)
    }


def tangents(f: Value, seeds: dict[Value, Number]) -> dict[Value, Number]:
    """Forward mode: how fast every Value behind f changes when the `seeds` change at the given rates.

    >>> from micrograd_es import Value
    >>> x, y = Value(3, "x"), Value(4, "y")
    >>> f = x * y
    >>> tangents(f, {x: 1})[f], tangents(f, {y: 1})[f]
    (4, 3)
    """
    speed: dict[Value, Any] = {}
    for node in topological(f):
        total = seeds.get(node, 0)
        for x, local in zip(node.inputs, node.local, strict=True):
            if local is None:
                _refuse_undefined(node, x)
            else:
                total = total + local * speed[x]
        speed[node] = total
    return speed


def _refuse_undefined(node: Value, x: Value) -> None:
    """An input without a local gradient is an error unless nothing asks for it: constants have no gradient."""
    if not x.is_constant:
        raise undefined(node, x)


def undefined(node: Value, x: Value) -> ValueError:
    """The error for an operation that has no local gradient for its input x: here (√x at 0), or none at all."""
    name, row = x.label or shown(x.number), node.origin.op
    assert row is not None
    if any(local is None and y is x for y, local in zip(node.inputs, _by_rule(row, len(node.inputs)), strict=True)):
        return ValueError(
            f"{written(node)} has no local gradient for its input {name}, at any point: the rule of the row gives None;"
            f" expected a slope where a gradient is asked for. Write it in local of the row {row.name}, or give a"
            " Constant."
        )
    return ValueError(
        f"{written(node)} has no finite local gradient for its input {name};"
        " expected a point where the slope exists. Move the input away from it."
    )


def _by_rule(row: Op, inputs: int) -> Sequence[object]:
    """What the rule of a row gives as the local gradients, read with symbols; zeros where they cannot read it."""
    try:
        slopes = tuple(row.local(SYMBOLS, Symbol("z"), *[Symbol("x") for _ in range(inputs)]))
    except Exception:  # a rule is the user's code, and may ask what its input is
        slopes = ()
    return slopes if len(slopes) == inputs else (0,) * inputs


def _overflow(gradient: dict[Value, Any]) -> OverflowError:
    """The error that names the first operation, from the output backwards, whose contribution is too large."""
    advice = "expected at most ±1.8e308. Scale the inputs."
    for node, upstream in gradient.items():
        for x, local in zip(node.inputs, node.local, strict=True):
            if local is not None and not x.is_constant and not _fits(upstream, local):
                product = f"{shown(upstream)} × {shown(local)}"
                return OverflowError(f"the gradient at {written(node)} is too large: {product}; {advice}")
    leaf = next(x for x, total in gradient.items() if x.first is None and not x.is_constant and not _fits(total, 1))
    return OverflowError(
        f"the gradient of {leaf.label or 'the leaf'} = {shown(leaf.number)} is too large:"
        f" the contributions to it sum to {shown(gradient[leaf])}; {advice}"
    )


def _fits(upstream: Any, local: Any) -> bool:
    try:
        return bool(-LARGEST <= upstream * local <= LARGEST)
    except ArithmeticError:
        return False


def written(node: Value) -> str:
    """An operation with its inputs' names and numbers, for an error."""
    assert node.op is not None
    return f"{node.op.name}({named(node.inputs)})"


def named(inputs: Iterable[Value]) -> str:
    """Inputs with their names and numbers, for an error."""
    return ", ".join(f"{x.label} = {shown(x.number)}" if x.label else shown(x.number) for x in inputs)
