"""The steps of a runner as code to be read: a line for each formula, with names for the arrays.

v12 is row 12 of the values that vary with the example, w12 of those that all examples share, gv12 and gw12 are their
gradients; v3to5 are three rows, and w0to7_2x4 eight of them as a matrix of two rows. V, W, GV and GW are all rows, k0,
k1 … rooms for what is gathered or computed on the way, i0, i1 … numbers of rows, m the maths of arrays.

A stretch on Python's floats is a function of its own, in which v12 is a number, and v, w, gv, gw, r0, r1 … the numbers
of all rows or of a room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from micrograd_es.program.arrays import ARRAYS, Array, ArrayMaths
from micrograd_es.program.blocks import Space
from micrograd_es.program.in_numpy import steps
from micrograd_es.program.in_numpy.cells import address
from micrograd_es.program.in_numpy.floats import Floats
from micrograd_es.program.in_numpy.steps import Step

if TYPE_CHECKING:
    from micrograd_es.program.in_numpy.runner import Runner

_CALLS: dict[object, str] = {  # which leave their result in the room that is given last, and give it
    np.dot: "np.dot({0}, {1}, out={2})",
    steps.maximum: "np.maximum({0}, {1}, out={2})",
    steps.minimum: "np.minimum({0}, {1}, out={2})",
    steps.einsum: "np.einsum({0}, {1}, {2}, out={3})",
    np.add.reduce: "np.add.reduce({0}, {1}, keepdims=True, out={2})",
    np.maximum.reduce: "np.maximum.reduce({0}, {1}, out={2})",
    np.minimum.reduce: "np.minimum.reduce({0}, {1}, out={2})",
    steps.routed: "np.multiply({0}, m.first({2}, {1}), out={3})",
    steps.products_of_all: "np.multiply({0}, {2}.table({1}({2}, {3}, *{2}.parts)), out={4})",
}
_OTHERS: dict[object, str] = {
    steps.copy: "{1}[...] = {0}",
    steps.add_to: "{0}[{1}] += {2}",
    steps.add_at: "np.add.at({0}, {1}, {2}[{3}])",
    steps.add_sorted: "{0}[{1}] += np.add.reduceat({2}[{3}], {4})",
    steps.where_there: "for x, y, i, z in () if np.isfinite(np.vdot({0}, {0})) else {1}:"
    " np.einsum('ikb,kb->ib', x[:, i], y[i], out=z)",
    steps.matmul_of_copies: "for (x, y, z), (kx, ky, kz), by_example in {0}:"
    " kx[...] = x; ky[...] = y; np.matmul(*by_example); z[...] = kz",
    steps.add_stretches: "for i, x in {1}: {0}[i] += x",
    np.add.reduceat: "np.add.reduceat({0}, {1}, {2}, {3}, {4})",
    "__setitem__": "{0}[{1}] = {2}",
    "at": "np.add.at({0}, {1}, {2})",
    "take": "np.take({0}, {1}, {2}, {3}, {4})",
    "fill": "{0}.fill({1})",
}
_OF_MATHS: dict[object, int] = {steps.sigmoid: 1, steps.softplus: 1, steps.where: 3}  # and of how many inputs


def written(runner: Runner) -> tuple[str, dict[str, Any]]:
    """The code of the functions `forward` and `backward` of a runner, and what the names in it stand for."""
    names = _Names(runner)
    stretches = [function for function, _ in runner.round if isinstance(function, Floats)]
    text = ""
    for number, floats in enumerate(stretches):
        names.known |= floats.known
        names.names[id(floats)] = f"floats{number}"
        text += _function(f"floats{number}", "", floats.lines)
    text += _function("forward", "", _lines(names, runner.there))
    if runner.back:
        start = names.of(runner.start)
        first = f"{start}.fill(seed)" if runner.seeds is None else f"np.multiply(seeds, seed, out={start})"
        before, rest = ([], runner.round) if stretches else (["forward()"], runner.back)
        text += _function("backward", "seed", [*before, first, *_lines(names, rest)])
    return text, names.known


def _function(name: str, parameters: str, lines: Sequence[str]) -> str:
    return f"def {name}({parameters}):\n" + "".join([f"    {line}\n" for line in lines or ["pass"]])


def _lines(names: _Names, program: Iterable[Step]) -> list[str]:
    """The lines of some steps.

    What a step leaves in a room for the next one is written inside of that, so that a formula is one line.
    """
    lines: list[str] = []
    rooms: list[str] = []  # in which the lines leave their results
    for function, given in program:
        if function in _OF_MATHS:
            inputs = given[: _OF_MATHS[function]]
            function, given = steps.assign, (given[-1], getattr(ARRAYS, function.__name__), *inputs)
        several = _several(names, function, given)
        if several:
            lines += several
            rooms += [""] * len(several)
            continue
        texts = _texts(names, function, given)
        is_call = isinstance(function, np.ufunc) or function in _CALLS
        room = texts.pop() if is_call else texts.pop(0) if function is steps.assign else ""
        for place in reversed(range(len(texts))):
            text = texts[place]
            if rooms and text == rooms[-1] and (text[0] == "k" or (text == room and not _adds(lines[-1], room))):
                texts[place] = lines.pop()
                rooms.pop()
        lines.append(_line(names, function, texts, room))
        rooms.append(room if is_call else "")
    return lines


def _several(names: _Names, function: Callable[..., Any], given: Sequence[Any]) -> list[str]:
    """The lines of a step that takes more than one; none for any other."""
    if function is steps.products:
        return list(_products(names, *given))
    if function in (steps.add_in_turns, steps.set_in_turns):
        return list(_in_turns(function is steps.set_in_turns, *map(names.of, given)))
    return []


def _adds(line: str, room: str) -> bool:
    """Whether a line only adds to what is in a room: it stays a line of its own."""
    return line.startswith(f"np.add({room}, ")


def _texts(names: _Names, function: Callable[..., Any], given: Sequence[Any]) -> list[str]:
    """What a function is given, with the array that it is a method of before."""
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ndarray):
        given = owner, *given
    if function in (np.add.reduce, np.maximum.reduce, np.minimum.reduce):
        given = given[0], given[1], given[3]
    if function is steps.routed:
        given = *given[:3], given[4]
    if function is steps.assign and isinstance(given[2], ArrayMaths) and given[2].parts:
        return [*map(names.of, given[:3]), f"*{names.of(given[2])}.parts"]
    return [names.of(x) for x in given]


def _line(names: _Names, function: Callable[..., Any], texts: Sequence[str], room: str) -> str:
    """The line of a step, of what it is given as text, and the room where it leaves its result."""
    if isinstance(function, Floats):
        return f"{names.of(function)}()"
    if isinstance(function, np.ufunc):
        return f"np.{function.__name__}({', '.join(texts)}, out={room})"
    if function is steps.assign:
        return f"{room}[...] = {texts[0]}({', '.join(texts[1:])})"
    if function in _CALLS:
        return _CALLS[function].format(*texts, room)
    return (_OTHERS.get(function) or _OTHERS[function.__name__]).format(*texts)


def _products(
    names: _Names, upstream: Array, rooms: Sequence[Array | None], local: object, *given: object
) -> Iterable[str]:
    """The lines of products with the slopes that come from one rule."""
    yield f"slopes = {names.of(local)}({', '.join(['m', *map(names.of, given)])})"
    for place, room in enumerate(rooms):
        if room is not None:
            yield f"np.multiply({names.of(upstream)}, slopes[{place}], out={names.of(room)})"


def _in_turns(is_set: bool, matrix: str, once: str, parts: str, turns: str) -> Iterable[str]:
    """The lines of what is added to rows in turns."""
    yield f"sums = {parts}[{turns}[0]]" if is_set else f"sums = {matrix}[{once}]"
    yield f"for i in {turns}{'[1:]' * is_set}: sums[:len(i)] += {parts}[i]"
    yield f"{matrix}[{once}] = sums"


class _Names:
    """The names of arrays, by where they are, and of other things; `known` is what they stand for."""

    def __init__(self, runner: Runner) -> None:
        self.known: dict[str, Any] = {"np": np, "m": ARRAYS, "seeds": runner.seeds}
        self.names: dict[object, str] = {}
        self.owners: dict[int, str] = {}  # by where they begin, of what is in no matrix
        self.matrices = [
            (before + letter, matrices[space])
            for before, matrices in (("", runner.values), ("g", runner.gradients))
            for letter, space in (("w", Space.SHARED), ("v", Space.VARYING))
        ]
        special = [("total", runner.total.reshape(1, 1)), ("check", runner.check.reshape(()))]
        special += [(f"{kind}{number}", x) for number, (kind, x) in enumerate(runner.exchange.fixed)]
        for name, array in special:
            self.names[_key(array)], self.known[name] = name, array
            self.owners[address(array)] = name

    def of(self, x: Any) -> str:
        """The name of anything that a step is given; numbers and words are written as they are."""
        if x is ...:
            return "..."
        if x is None or isinstance(x, int | float | str):
            return repr(x)
        if getattr(x, "__self__", None) is ARRAYS:
            return f"m.{x.__name__}"
        if x is ARRAYS:
            return "m"
        key = _key(x) if isinstance(x, np.ndarray) else id(x)
        name = self.names.get(key)
        if name is None:
            if isinstance(x, np.ndarray) and not x.ndim:
                return repr(x.item())
            name = self._new(x)
            if name in self.known:  # the same numbers in the same shape, but turned in another way
                name += f"_{len(self.names)}"
            self.names[key] = name
            self.known[name] = x
        return name

    def _new(self, x: Any) -> str:
        """A name for what has none yet."""
        if not isinstance(x, np.ndarray):
            return f"{'m' if isinstance(x, ArrayMaths) else 'f' if callable(x) else 'k'}{len(self.names)}"
        if x.dtype.kind == "i":
            return f"i{len(self.names)}"
        owner = self.owners.get(address(x))
        if owner:
            return owner + _shape(x)
        for letters, matrix in self.matrices:
            place = (address(x) - address(matrix)) // matrix.itemsize
            if x.size and 0 <= place < matrix.size:
                return self._of_rows(letters, matrix, x, place)
        self.owners[address(x)] = f"k{len(self.names)}"
        return f"k{len(self.names)}"

    def _of_rows(self, letters: str, matrix: Array, x: Array, place: int) -> str:
        """The name of some rows of a matrix, with its shape where it is another, and a T where it is turned."""
        if len(matrix) > 1 and x.shape == matrix.shape and x.strides == matrix.strides:
            return letters.upper()
        columns = matrix.shape[1]
        first, rest = divmod(place, columns)
        count = x.size // columns
        if rest or not (x.flags.c_contiguous or x.flags.f_contiguous):
            return f"{letters}{first}_{len(self.names)}"
        name = f"{letters}{first}" if count == 1 else f"{letters}{first}to{first + count - 1}"
        return name + (_shape(x) if x.shape != (count, columns) or not x.flags.c_contiguous else "")


def _shape(x: Array) -> str:
    """What says how an array is shaped that has a name already, and a T where it is turned."""
    turned = not x.flags.c_contiguous
    return "_" + "x".join(map(str, reversed(x.shape) if turned else x.shape)) + ("T" if turned else "")


def _key(array: Array) -> tuple[object, ...]:
    return address(array), array.shape, array.strides
