"""A Program: a recorded function, replayed on arrays for any batch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from math import isfinite
from numbers import Integral
from operator import itemgetter
from os import PathLike
from pathlib import Path
from typing import Any, Literal, Never, overload

import numpy as np

from micrograd_es.files import write_files
from micrograd_es.maths import as_number, counted
from micrograd_es.missing import OF_A_PROGRAM, say_instead
from micrograd_es.program.arrays import Array
from micrograd_es.program.blocks import Space, Wanted
from micrograd_es.program.calls import Call, Calls, wanted
from micrograd_es.program.explaining.explain import arrays_of, explained
from micrograd_es.program.faults import located
from micrograd_es.program.given import (
    WRT,
    as_array,
    as_dtype,
    as_flag,
    batch_of,
    count,
    in_dtype,
    none_of,
    outputs_of,
    unflattened,
)
from micrograd_es.program.in_numpy.portions import runner_of
from micrograd_es.program.jax_function import function_of
from micrograd_es.program.planning.grouping import planned
from micrograd_es.program.recording import Structure
from micrograd_es.program.saved import Saved, read, written
from micrograd_es.program.tape import Tape
from micrograd_es.value import Value


class Program:
    """A recorded function.

    `parameters` is the flat array of the parameters' numbers: change it in place, as an optimiser does, or set it,
    which copies numbers into it. `values` are their Values, in the order of the array, which is the program's own: the
    weights of a layer stand together.
    `write_back()` puts the numbers into the Values.

    >>> import numpy as np
    >>> from micrograd_es import Value, record
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
        dtype, fast = as_dtype(dtype), as_flag(fast, "fast")
        self.tape, self.shapes, self.result = tape, [tuple(shape) for shape in shapes], result
        self.plan, self.fast = planned(tape), fast
        self.values = [values[place] for place in self.plan.parameters] if values else []
        self._shared = np.zeros((max(self.plan.sizes[Space.SHARED], 1), 1), dtype)
        self._parameters: Array = self._shared[: tape.parameters, 0]
        own = [float(v.number) for v in values] if numbers is None else numbers
        self.parameters = [own[x] for x in self.plan.parameters]
        constants = self.plan.tape.constants
        end = tape.parameters + len(constants)
        self._shared[tape.parameters : end, 0] = in_dtype(constants, dtype, lambda _: "a constant")
        self._calls = Calls(self.plan, self._shared, self.shapes, fast)
        self._row = outputs_of(result)
        self._lock = threading.Lock()

    @property
    def parameters(self) -> Array:
        """The numbers of the parameters; those that are set are copied into the one array that the program runs on."""
        return self._parameters

    @parameters.setter
    def parameters(self, numbers: Any) -> None:
        if numbers is not self._parameters:
            found = as_array(numbers, float, "parameters")
            if found.shape != self._parameters.shape:
                raise ValueError(f"parameters has the shape {found.shape}; expected {self._parameters.shape}.")
            self._parameters[:] = in_dtype(found, str(self._shared.dtype), self._name_of_parameter)

    def _name_of_parameter(self, place: int) -> str:
        return f"the parameter {self.tape.name(self.tape.inputs + self.plan.parameters[place])}"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy what was recorded; what a call prepares is prepared again."""
        values = [value for _, value in sorted(zip(self.plan.parameters, self.values, strict=False), key=itemgetter(0))]
        dtype = str(self._shared.dtype)
        return Program, (self.tape, self.shapes, self.result, values, self._numbers(), dtype, self.fast)

    def _numbers(self) -> list[float]:
        """The numbers of the parameters in the order of the tape: that of the array is the plan's, which may change."""
        return [x for _, x in sorted(zip(self.plan.parameters, self.parameters.tolist(), strict=True))]

    def __str__(self) -> str:
        return str(self.tape)

    def __repr__(self) -> str:
        tape = self.tape
        parts = ("input", tape.inputs), ("parameter", tape.parameters), ("operation", len(tape.entries))
        return f"Program({', '.join(counted(number, noun) for noun, number in parts)})"

    def __call__(self, *inputs: Any, check: bool = False, **named: Never) -> Any:
        """The outputs for a batch: the inputs have one row an example, and so have the outputs.

        Nested lists of equal lengths give an array of their shape for each example, others one row of all numbers.
        A single example, without the axis of the batch, gives what the function returned: a number, or lists of them.
        What is not a real number comes out as nan or inf; with `check` it is an ArithmeticError that names the
        operation and the example.
        """
        if named:
            raise TypeError(
                f"the program was given {next(iter(named))}=…; expected inputs without names, and check=…."
                " Write program(inputs)."
            )
        with self._lock:
            call = self._calls.ready(inputs)
            call.runner.predict()
            found = call.stacked() if isinstance(self.result, list) else call.outputs[0].copy()
            if check and as_flag(check, "check") and not np.isfinite(found).all():
                raise self._fault(call, inputs, {})
        if not call.single:
            return found.reshape(call.batch, *self._row) if len(self._row) > 1 else found
        return unflattened(self.result, iter(found.ravel().tolist()))

    @overload
    def value_and_grad(self, *inputs: Any, reduce: Literal["none"], wrt: str) -> tuple[Any, Any]: ...

    @overload
    def value_and_grad(
        self, *inputs: Any, reduce: str = "mean", wrt: str = "parameters", out: Array | None = None
    ) -> tuple[float, Any]: ...

    def value_and_grad(
        self, *inputs: Any, reduce: str = "mean", wrt: str = "parameters", out: Array | None = None
    ) -> tuple[Any, Any]:
        """The mean of the output over the batch, and its gradient.

        With `wrt` "parameters" the gradient is a flat array, one number a parameter, written into `out` where that is
        given; with "inputs" a list with one array for each input, of its shape; with "both" a pair of the two.
        `reduce` is "mean", "sum", or "none", which gives each example's value, and its gradient for its inputs.

        Raises TypeError where the function has several outputs, ValueError for an unknown option, and ArithmeticError,
        naming the operation and the example, where the value or the gradient is not finite.
        """
        self._lock.acquire()  # by hand: for one example "with" is a noticeable part of the call
        try:
            last = self._calls.last
            if last is not None and last.whole is not None:
                found = last.whole(inputs, wrt, reduce, out)
                if found is not None:  # all was as at the last call
                    return found, last.gradient() if out is None else out
            call = self._calls.ready(inputs, wrt, reduce)
            seed = call.seed
            call.run(seed)
            value: Any = call.total.item() * seed
            gradient = out
            if out is None:
                gradient = call.gradient()
            elif out is not call.out or out.shape != call.asked:
                call.write_into(out)
            else:
                out[...] = call.slopes
            if (not isfinite(value + call.check.item()) or wrt != "parameters") and not call.is_sound(value):
                raise self._fault(call, inputs, wanted(self.plan, wrt))
            if reduce == "none":
                value = call.outputs[0].item() if call.single else call.outputs[0].copy()
        finally:
            self._lock.release()
        return value, gradient

    def _fault(self, call: Call, inputs: Sequence[Any], wanted: Wanted) -> ArithmeticError:
        """The error for a call whose values or gradients are not finite."""
        given = [as_array(x, float) for x in inputs]
        return located(self.plan, self._shared, call.runner.inputs, wanted, given, call.single)

    def explain(
        self,
        latex: bool = False,
        backward: bool = False,
        examples: str = "rows",
        language: str = "es",
        steps: bool = False,
    ) -> str:
        """The matrix formulas that were found in the graph, with their shapes; m is the number of examples.

        With `backward` also those of the gradients. `examples` are "rows", as in Z = X·W + B, or "columns", which is
        Z = W·X + B. LaTeX lines go into an align environment. `language` is "es" or "en". A softmax cross-entropy, a
        squared error, a binary cross-entropy, a Poisson, hinge or logistic loss is written as in a lecture, ∂L/∂Y =
        (P − T)/m, also where it is summed over the positions of an example, and so is an L2 penalty beside it, R =
        λ·‖W1‖². What a recurrence does in each of four steps or more is one line, Hₜ = tanh(Zₜ), with the steps it
        holds for. `steps` gives every step of all that.

        >>> from micrograd_es import Value, record, relu
        >>> W = [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]]
        >>> program = record(lambda x: [relu(w[0] * x[0] + w[1] * x[1]) for w in W], [0.0, 0.0])
        >>> print(program.explain(backward=True, language="en"))
        Z = X·W1                          m×2 = (m×2)·(2×2)
        Y = relu(Z)                       m×2
        ∂L/∂Y = what comes from outside   m×2
        ∂L/∂Z = ∂L/∂Y ⊙ 1[Z > 0]          m×2
        ∂L/∂W1 = Xᵀ·∂L/∂Z                 2×2 = (2×m)·(m×2)
        Everything is grouped.
        >>> program = record(lambda x, t: (W[0][0] * x[0] + W[0][1] * x[1] - t) ** 2 / 2, [0.0, 0.0], 0.0)
        >>> for line in program.explain(backward=True, language="en").splitlines()[:5]:
        ...     print(line.split("   ")[0])
        Y = X·W1
        E = Y − T
        ℓ = ½·E²
        L = 1/m·Σ ℓ
        ∂L/∂Y = (Y − T)/m
        """
        for name, given in (("latex", latex), ("backward", backward), ("steps", steps)):
            as_flag(given, name)
        return explained(self.plan, self.shapes, latex, backward, examples, language, steps)

    def matrices(self, *inputs: Any, upstream: Any = None, steps: bool = False) -> dict[str, Array]:
        """The numbers of every matrix that `explain(backward=True)` names, for a batch; examples are rows.

        `upstream` is ∂L/∂Y where the function gives several outputs, ones by default; else L is the mean. `steps` is
        that of `explain`. Gradients are those of what the graph computes, also where the targets do not sum to 1.

        >>> from micrograd_es import Value, record
        >>> w = [Value(1.0), Value(2.0)]
        >>> program = record(lambda x: w[0] * x[0] + w[1] * x[1], [0.0, 0.0])
        >>> found = program.matrices(np.array([[3.0, 4.0], [5.0, 6.0]]))
        >>> found["Y"].tolist(), found["∂L/∂W1"].tolist()
        ([[11.0], [17.0]], [[4.0], [5.0]])
        """
        as_flag(steps, "steps")
        arrays = [as_array(x, self._shared.dtype) for x in inputs]
        batch, _ = batch_of(arrays, self.shapes)
        columns = [x.reshape(batch, count(shape)).T for x, shape in zip(arrays, self.shapes, strict=True)]
        values = {Space.SHARED: self._shared, Space.VARYING: np.concatenate([*columns, np.zeros((0, batch))])}
        if upstream is not None:
            upstream = as_array(upstream, self._shared.dtype, "upstream")
            if upstream.shape == (batch, *self._row):
                upstream = upstream.reshape(batch, len(self.tape.outputs))
        return arrays_of(self.plan, self.shapes, values, batch, upstream, steps)

    def source(self, batch: int, wrt: str = "parameters") -> str:
        """What runs for a batch of that size without `fast`, forward and backward, as NumPy code.

        Where single numbers are computed one by one it is code for Python's floats. A large batch may go through in
        portions; then it is the code of one of them.

        Raises ValueError for a size or a `wrt` that there is not.
        """
        if not isinstance(batch, Integral) or isinstance(batch, bool) or batch < 0:
            raise ValueError(f"batch is {batch!r}; expected how many examples there are, a whole number from 0 on.")
        if wrt not in ("", *WRT):
            raise none_of(wrt, "wrt", WRT)
        output = self.plan.output if wrt else None
        return runner_of(self.plan, self._shared, int(batch), wanted(self.plan, wrt), output).source

    def to_jax(self) -> Callable[..., Any]:
        """The program as a pure JAX function f(parameters, *inputs) -> outputs, which needs the extra `jax`.

        `parameters` is a flat array, in the order of this program's; the inputs and outputs are those of a call. The
        function can be given to jax.jit, grad, vmap or shard_map; its gradients are those of the table of operations,
        also at ties and kinks. It computes in float64 where jax_enable_x64 is on and the program's dtype is float64.

        Raises ImportError where JAX is not installed.
        """
        return function_of(self.plan, self.shapes, self.result, self._shared.dtype)

    def write_back(self) -> None:
        """Put the numbers of `parameters` into the Values that they were recorded from.

        Raises ValueError, and changes none of them, where one is not finite, and for a program that was loaded.
        """
        numbers = self.parameters.tolist()
        if len(numbers) != len(self.values):
            raise ValueError(
                "this program was loaded, and has no Values to write to; expected one that record() made."
                " Its numbers are program.parameters."
            )
        for value, number in zip(self.values, numbers, strict=True):
            as_number(number, f"the parameter {value.label or 'without a name'}")
        for value, number in zip(self.values, numbers, strict=True):
            value.data = number

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the program, with the numbers of its parameters, to a JSON file that `Program.load` reads.

        Raises OSError where the file cannot be written, and ValueError where a parameter is not finite; then what was
        there is untouched.
        """
        numbers = self._numbers()
        for place, number in enumerate(numbers, self.tape.inputs):
            as_number(number, f"the parameter {self.tape.name(place)}")
        saved = Saved(self.tape, self.shapes, self.result, np.array(numbers), str(self._shared.dtype))
        write_files({Path(path): written(saved)})
        return Path(path)

    @classmethod
    def load(cls, path: str | PathLike[str], fast: bool = False) -> Program:
        """The program that `save` wrote; it has no Values. Raises ValueError for any other file."""
        tape, shapes, result, numbers, dtype = read(path)
        return cls(tape, shapes, result, (), numbers.tolist(), dtype, fast)


say_instead(Program, "a Program", OF_A_PROGRAM)
