"""A recorded function, replayed on arrays: `record` makes it, `Program` runs it for any batch."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from math import isfinite
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from micrograd_es.files import write_files
from micrograd_es.program.arrays import Array
from micrograd_es.program.blocks import Rows, Space
from micrograd_es.program.explain import arrays_of, explained
from micrograd_es.program.faults import located
from micrograd_es.program.grouping import planned
from micrograd_es.program.numpy_runner import Runner
from micrograd_es.program.recording import Structure, recorded
from micrograd_es.program.tape import Tape, from_json
from micrograd_es.value import Value

DTYPES = ("float64", "float32")


def record(
    fn: Callable[..., Any],
    *examples: Structure,
    parameters: Sequence[Value] | None = None,
    merge: bool = False,
    dtype: str = "float64",
    fast: bool = False,
) -> Program:
    """Run a function with Values and keep what it did as a Program that runs on arrays.

    `examples` are one example of each argument: a number, or a (nested) list of numbers. `parameters` are the Values,
    made outside of the function, that gradients are asked for; by default all that it uses. With `merge` an expression
    that stands twice is computed once. With `fast` the blocks run as machine code, which needs the extra `fast`.

    >>> import numpy as np
    >>> from micrograd_es import Value, tanh
    >>> w, b = Value(2.0, "w"), Value(-1.0, "b")
    >>> program = record(lambda x: tanh(w * x + b), 0.0)
    >>> print(program)
    inputs x; 2 parameters
    v0 = mul(w, x)
    v1 = add(v0, b)
    v2 = tanh(v1)
    return v2
    >>> program(np.array([0.5, 1.0])).round(4)
    array([0.    , 0.7616])

    Raises RecordingError where the function reads a Value's number (a comparison, float(), .data) or does something
    else when it is called again: what it did then would not be what it does for other numbers.
    """
    tape, found, result = recorded(fn, examples, parameters, merge)
    return Program(tape, [np.shape(example) for example in examples], result, found, dtype=dtype, fast=fast)


class Program:
    """A recorded function.

    `parameters` is the flat array of the parameters' numbers: change it in place, as an optimiser does. `values` are
    their Values, in the order of the array, which is the program's own: the weights of a layer stand together.
    `write_back()` puts the numbers into the Values.

    >>> import numpy as np
    >>> from micrograd_es import Value
    >>> w = Value(3.0, "w")
    >>> program = record(lambda x, t: (w * x - t) ** 2, 0.0, 0.0)
    >>> loss, gradient = program.value_and_grad(np.array([1.0, 2.0]), np.array([2.0, 4.0]))
    >>> loss, gradient
    (2.5, array([5.]))
    """

    def __init__(
        self,
        tape: Tape,
        shapes: Sequence[tuple[int, ...]],
        result: Structure,
        values: Sequence[Value] = (),
        numbers: Sequence[float] | None = None,
        dtype: str = "float64",
        fast: bool = False,
    ) -> None:
        if dtype not in DTYPES:
            raise ValueError(f"dtype is {dtype!r}; expected one of {', '.join(map(repr, DTYPES))}.")
        self.tape, self.shapes, self.result = tape, [tuple(shape) for shape in shapes], result
        self.sizes = [_count(shape) for shape in self.shapes]
        self.plan, self.fast = planned(tape), fast
        if fast:
            fast_runner()  # what it needs is asked for now, not at the first run
        self.values = [values[place] for place in self.plan.parameters] if values else []
        self._shared = np.zeros((max(self.plan.sizes[Space.SHARED], 1), 1), dtype)
        self.parameters: Array = self._shared[: tape.parameters, 0]
        self.parameters[:] = [float(v.number) for v in self.values] if numbers is None else numbers
        self._shared[tape.parameters : tape.parameters + len(tape.constants), 0] = tape.constants
        self._runners: dict[tuple[int, str], Runner] = {}
        self._lock = threading.Lock()

    def __str__(self) -> str:
        return str(self.tape)

    def __call__(self, *inputs: Any) -> Any:
        """The outputs for a batch: the inputs have one row an example, and so have the outputs.

        A single example, without the axis of the batch, gives what the function returned: a number, or lists of them.
        """
        columns, batch, single = self._columns(inputs)
        with self._lock, np.errstate(all="ignore"):
            runner = self._loaded(columns, batch, "")
            runner.predict()
            outputs = [self._row(runner, number).copy() for number in self.tape.outputs]
        if not isinstance(self.result, list):
            return outputs[0][0].item() if single else outputs[0]
        table = np.stack(outputs, axis=1)
        return _unflattened(self.result, iter(table[0].tolist())) if single else table

    def value_and_grad(self, *inputs: Any, reduce: str = "mean", wrt: str = "parameters") -> tuple[float, Any]:
        """The mean (or "sum") of the output over the batch, and its gradient.

        With `wrt` "parameters" the gradient is a flat array, one number a parameter; with "inputs" a list with one
        array for each input, of its shape.

        Raises TypeError where the function has several outputs, ValueError for an unknown option, and ArithmeticError,
        naming the operation and the example, where the value or the gradient is not finite.
        """
        self._check_options(reduce, wrt)
        columns, batch, single = self._columns(inputs)
        with self._lock, np.errstate(all="ignore"):
            runner = self._loaded(columns, batch, wrt)
            scale = 1.0 / max(batch, 1) if reduce == "mean" else 1.0
            varying = self.plan.places[self.tape.outputs[0]][0] is Space.VARYING
            runner.backward(scale if varying else scale * batch)
            value = float(self._row(runner, self.tape.outputs[0]).sum() * scale)
            if wrt == "parameters":
                gradient: Any = runner.gradients[Space.SHARED][: self.tape.parameters, 0].copy()
                sound = isfinite(gradient.sum())
            else:
                gradient = self._input_gradients(runner, single)
                sound = all(np.isfinite(part).all() for part in gradient)
            if not (sound and isfinite(value)):
                runner.forward()
                raise located(self.plan, runner)
        return value, gradient

    def explain(self, latex: bool = False, backward: bool = False, examples: str = "rows", language: str = "es") -> str:
        """The matrix formulas that were found in the graph, with their shapes; m is the number of examples.

        With `backward` also those of the gradients. `examples` are "rows", as in Z = X·W + B, or "columns", which is
        Z = W·X + B. LaTeX lines go into an align environment. `language` is "es" or "en".

        >>> from micrograd_es import Value, relu
        >>> W = [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]]
        >>> program = record(lambda x: [relu(w[0] * x[0] + w[1] * x[1]) for w in W], [0.0, 0.0])
        >>> print(program.explain(backward=True, language="en"))
        Z = X·W1                          m×2 = (m×2)·(2×2)
        Y = relu(Z)                       m×2
        ∂L/∂Y = what comes from outside   m×2
        ∂L/∂Z = ∂L/∂Y ⊙ 1[Z > 0]          m×2
        ∂L/∂W1 = Xᵀ·∂L/∂Z                 2×2 = (2×m)·(m×2)
        Everything is grouped.
        """
        return explained(self.plan, self.shapes, latex, backward, examples, language)

    def matrices(self, *inputs: Any, upstream: Any = None) -> dict[str, Array]:
        """The numbers of every matrix that `explain(backward=True)` names, for a batch; examples are rows.

        `upstream` is ∂L/∂Y where the function gives several outputs, ones by default; else L is the mean.

        >>> from micrograd_es import Value
        >>> w = [Value(1.0), Value(2.0)]
        >>> program = record(lambda x: w[0] * x[0] + w[1] * x[1], [0.0, 0.0])
        >>> found = program.matrices(np.array([[3.0, 4.0], [5.0, 6.0]]))
        >>> found["Y"].tolist(), found["∂L/∂W1"].tolist()
        ([[11.0], [17.0]], [[4.0], [5.0]])
        """
        columns, batch, _ = self._columns(inputs)
        values = {Space.SHARED: self._shared, Space.VARYING: np.concatenate([*columns, np.zeros((0, batch))])}
        return arrays_of(self.plan, self.shapes, values, batch, upstream)

    def source(self, batch: int, wrt: str = "parameters") -> str:
        """The NumPy code of a batch of that size, forward and backward: what runs without `fast`."""
        output = self.plan.rows(self.tape.outputs[:1]) if wrt else None
        return Runner(self.plan, self._shared, batch, self._wanted(wrt), output).source

    def write_back(self) -> None:
        """Put the numbers of `parameters` into the Values that they were recorded from."""
        for value, number in zip(self.values, self.parameters.tolist(), strict=True):
            value.data = number

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the program, with the numbers of its parameters, to a JSON file that `Program.load` reads.

        Raises OSError where the file cannot be written; then what was there is untouched.
        """
        data = {
            "tape": self.tape.to_json(),
            "shapes": self.shapes,
            "result": self.result,
            "parameters": self.parameters.tolist(),
            "dtype": str(self._shared.dtype),
        }
        write_files({Path(path): json.dumps(data).encode("utf-8")})
        return Path(path)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Program:
        """The program that `save` wrote; it has no Values. Raises ValueError for any other file."""
        text = Path(path).read_text(encoding="utf-8")
        try:
            data = json.loads(text)
            tape = from_json(data["tape"], str(path))
            return cls(tape, data["shapes"], data["result"], (), data["parameters"], data["dtype"])
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            raise ValueError(
                f"{path} is no program of micrograd_es ({error}); expected what Program.save wrote."
            ) from None

    # How it is run

    def _loaded(self, columns: Sequence[Array], batch: int, wrt: str) -> Runner:
        """The runner for a batch, with the inputs in it."""
        runner = self._runner(batch, wrt)
        varying = runner.values[Space.VARYING]
        start = 0
        for block in columns:
            varying[start : start + len(block)] = block
            start += len(block)
        return runner

    def _runner(self, batch: int, wrt: str) -> Runner:
        """The runner for a batch size, forward only for `wrt` ""; the last few sizes are kept."""
        key = (batch, wrt)
        if key not in self._runners:
            if len(self._runners) >= 8:
                del self._runners[next(iter(self._runners))]
            output = self.plan.rows(self.tape.outputs[:1]) if wrt else None
            self._runners[key] = self._made(batch, self._wanted(wrt), output)
        return self._runners[key]

    def _made(self, batch: int, wanted: set[tuple[Space, int]], output: Rows | None) -> Any:
        """A new runner: compiled where that is asked for and every operation can be, else in NumPy."""
        if self.fast:
            make, refused = fast_runner()
            with suppress(refused):
                return make(self.plan, self._shared, batch, wanted, output)
        return Runner(self.plan, self._shared, batch, wanted, output)

    def _wanted(self, wrt: str) -> set[tuple[Space, int]]:
        """Where gradients are needed: everything that depends on what they are asked for."""
        tape = self.tape
        ends = {"": (0, 0), "inputs": (0, tape.inputs), "parameters": (tape.inputs, tape.first_constant)}
        return self.plan.wanted(*ends[wrt])

    def _row(self, runner: Runner, number: int) -> Array:
        space, row = self.plan.places[number]
        values: Array = runner.values[space][row]
        return values if space is Space.VARYING else np.broadcast_to(values, (runner.batch,))

    # What goes in and comes out

    def _columns(self, inputs: Sequence[Any]) -> tuple[list[Array], int, bool]:
        """The inputs with a row for each number and a column for each example, the batch size, and if there is none."""
        if len(inputs) != len(self.shapes):
            raise TypeError(f"the program was given {len(inputs)} inputs; expected {len(self.shapes)}.")
        arrays = [np.asarray(x, self._shared.dtype) for x in inputs]
        batch = arrays[0].shape[0] if arrays and arrays[0].ndim else 1
        if [a.shape for a in arrays] == [(batch, *shape) for shape in self.shapes]:
            return [a.reshape(batch, size).T for a, size in zip(arrays, self.sizes, strict=True)], batch, not arrays
        if [a.shape for a in arrays] == self.shapes:
            return [a.reshape(-1, 1) for a in arrays], 1, True
        given = ", ".join(str(np.shape(x)) for x in inputs)
        expected = ", ".join(f"({', '.join(['batch', *map(str, shape)])})" for shape in self.shapes)
        raise ValueError(f"the inputs have the shapes {given}; expected {expected}, with one batch size.")

    def _input_gradients(self, runner: Runner, single: bool) -> list[Array]:
        gradients = runner.gradients[Space.VARYING][: self.tape.inputs].T
        ends = np.cumsum([0, *self.sizes])
        parts = [
            gradients[:, start:end].reshape(runner.batch, *shape).copy()
            for start, end, shape in zip(ends[:-1], ends[1:], self.shapes, strict=True)
        ]
        return [part[0] for part in parts] if single else parts

    def _check_options(self, reduce: str, wrt: str) -> None:
        for name, given, known in (("reduce", reduce, ("mean", "sum")), ("wrt", wrt, ("parameters", "inputs"))):
            if given not in known:
                raise ValueError(f"{name} is {given!r}; expected one of {', '.join(map(repr, known))}.")
        if len(self.tape.outputs) != 1:
            raise TypeError(f"the program has {len(self.tape.outputs)} outputs; expected one. Record a loss.")


def fast_runner() -> tuple[Any, type[Exception]]:
    """The runner that compiles kernels, and what it raises for an operation that it has none for.

    Raises ImportError where the compiler is not installed.
    """
    try:
        import llvmlite  # noqa: F401
    except ImportError:
        raise ImportError(
            "fast=True needs llvmlite. Write: pip install 'micrograd-es[fast]', or leave it out."
        ) from None
    from micrograd_es.program.compiled.lanes import NotCompilableError
    from micrograd_es.program.compiled.runner import Runner as FastRunner

    return FastRunner, NotCompilableError


def _count(shape: tuple[int, ...]) -> int:
    """How many numbers an array of that shape has."""
    return int(np.prod(shape, dtype=int))


def _unflattened(shape: Structure, numbers: Iterator[float]) -> Any:
    return [_unflattened(part, numbers) for part in shape] if isinstance(shape, list) else next(numbers)
