"""What stands between a Program and its runners: which runner a call needs, and where its inputs and results are.

Training calls a program with arrays of the same shapes again and again. All that depends on the shapes alone is
prepared at the first call, so that the next one looks it up and runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from math import isfinite
from typing import Any, Protocol

import numpy as np

from micrograd_es.program.arrays import Array
from micrograd_es.program.blocks import Place, Plan, Space, Wanted
from micrograd_es.program.collection import without_collection
from micrograd_es.program.columns import in_parts
from micrograd_es.program.given import REDUCE, WRT, as_array, batch_of, count, may_be_masked, none_of
from micrograd_es.program.in_numpy.portions import runner_of

SMALL = 1 << 15  # bytes of an array that is kept to be known again
FORWARD: Any = object()  # in place of `reduce`: a call without gradients
KEPT = 8  # runners
KEPT_BYTES = 1 << 28  # of values and gradients in all of them; the last one is kept whatever its size


class Runner(Protocol):
    """What runs a plan for batches of one size: see `in_numpy.runner`, `in_numpy.portions` and `compiled.runner`.

    `inputs` has a row for each example, to be written before a run. `values` and `gradients` are matrices with the rows
    of the plan, as far as somebody asks for them, and `outputs` the places of the outputs in `values`. `total` is the
    sum of the output over the examples, `check` is finite only where the gradient of every parameter is. `fresh` says
    that the gradients of the inputs are new arrays after each run, which can be given away.

    A runner may have `whole`, which gives a call in one function: see `compiled.runner`.
    """

    @property
    def batch(self) -> int: ...
    @property
    def fresh(self) -> bool: ...
    @property
    def inputs(self) -> Array: ...
    @property
    def outputs(self) -> Sequence[Place]: ...
    @property
    def values(self) -> Mapping[Space, Array]: ...
    @property
    def gradients(self) -> Mapping[Space, Array]: ...
    @property
    def total(self) -> Array: ...
    @property
    def check(self) -> Array: ...

    def predict(self) -> None:
        """Compute the outputs."""

    def backward(self, seed: float) -> None:
        """Compute the outputs, and the gradients that are wanted of the sum of the output times the seed."""


class Call:
    """What is prepared for inputs of some shapes.

    `places` has for each input a view of the runner's inputs, or of parts of it, with the shape and the kind of what is
    copied there, and the input itself where it is small: a loop gives the same one again. `outputs` is one view for
    each output, with a number an example.

    With gradients `run` is a whole run. `total` times `seed` is the value, and `seed` what the gradient of every
    example starts from; `slopes` are the parameters' gradients, `asked` their shape where they are all that is asked
    for, and `known` the inputs', where the runner has them in the same place after each run; `gradient` gives those
    asked for. `out` is the array that the gradient of the parameters was last copied into, if it is small. `whole` is a
    call in one function, where the runner has one: it gives the value, or None where something is not as usual. What it
    needs is `kept`.
    """

    def __init__(
        self, plan: Plan, runner: Runner, inputs: Sequence[Array], single: bool, wrt: str, reduce: str
    ) -> None:
        self.runner, self.single, self.batch, self.wrt, self.reduce = runner, single, runner.batch, wrt, reduce
        self.run: Callable[[float], None] = runner.backward
        shapes = [x.shape if single else x.shape[1:] for x in inputs]
        parts = self._parts(runner.inputs, shapes)
        places = parts if single else [in_parts(part) for part in parts]
        self.places = [(None, place, x.shape, x.dtype) for place, x in zip(places, inputs, strict=True)]
        self.out: Any = None
        self.whole: Callable[..., float | None] | None = None
        self.outputs = [self._row(space, row) for space, row in runner.outputs]
        self.stacked = self._gathering()
        if wrt:
            self._prepare_gradients(plan.tape.parameters, shapes, parts)

    def _prepare_gradients(self, parameters: int, shapes: list[tuple[int, ...]], parts: Sequence[Array]) -> None:
        """Look up where a run leaves the value and the gradients of so many parameters, and of inputs."""
        runner, batch, wrt = self.runner, self.batch, self.wrt
        space, row = runner.outputs[0]
        self.total, self.seed = runner.total, 1.0 / max(batch, 1) if self.reduce == "mean" else 1.0
        if space is Space.SHARED:  # the same for all examples: what comes back is counted once for each
            self.total, self.seed = runner.values[space][row], self.seed * batch
        self.check = runner.check
        self.slopes = runner.gradients[Space.SHARED][:parameters, 0]
        self.asked = self.slopes.shape if wrt == "parameters" else None
        self.shapes = shapes if wrt != "parameters" else []
        if wrt == "parameters" and hasattr(runner, "whole"):
            reduce = REDUCE[REDUCE.index(self.reduce)]  # the very string: machine code knows it by its address
            self.whole, self.kept = runner.whole(WRT[0], reduce, self.seed, self.total, parts)
        self.known = [] if runner.fresh else self._slopes_of_inputs()
        gradients: dict[str, Callable[[], Any]] = {
            "parameters": self.slopes.copy,
            "inputs": self._to_inputs,
            "both": lambda: (self.slopes.copy(), self._to_inputs()),
        }
        self.gradient = gradients[wrt]

    def _parts(self, matrix: Array, shapes: Sequence[tuple[int, ...]]) -> list[Array]:
        """A view for each input of a matrix that has a row for each example."""
        parts, start = [], 0
        for shape in shapes:
            end = start + count(shape)
            part = matrix[:, start:end].reshape(self.batch, *shape)
            parts.append(part[0, ...] if self.single else part)
            start = end
        return parts

    def _row(self, space: Space, row: int) -> Array:
        values: Array = self.runner.values[space][row]
        return values if space is Space.VARYING else np.broadcast_to(values, (self.batch,))

    def _gathering(self) -> Callable[[], Array]:
        """What copies the outputs together, a row for each example: at once where all of them vary."""
        rows, values = [row for _, row in self.runner.outputs], self.runner.values[Space.VARYING]
        if any(space is Space.SHARED for space, _ in self.runner.outputs):
            return lambda: np.stack(self.outputs, axis=1)
        if rows == list(range(rows[0], rows[0] + len(rows))):
            copied: Callable[[], Array] = values[rows[0] : rows[0] + len(rows)].T.copy
            return copied
        apart = np.array(rows)
        return lambda: values[apart].T.copy()

    def write_into(self, out: Any) -> None:
        """Copy the gradient of the parameters into what was given for it.

        Raises ValueError where it does not fit, TypeError where it is no array of real numbers.
        """
        if self.asked is None:
            raise ValueError(
                f'out is given and wrt is {self.wrt!r}; expected wrt "parameters", whose gradient is one array.'
                " Write it without out."
            )
        if not isinstance(out, np.ndarray) or out.dtype.kind != "f":
            kind = f"an array of {out.dtype}" if isinstance(out, np.ndarray) else type(out).__name__
            raise TypeError(f"out is {kind}; expected an array of floats. Write out=np.empty({len(self.slopes)}).")
        if out.shape != self.asked:
            raise ValueError(
                f"out has the shape {out.shape}; expected {self.asked}, a number for each of the parameters."
            )
        if not out.flags.writeable:
            raise ValueError(f"out is read-only; expected an array to write to. Write out=np.empty({len(out)}).")
        np.copyto(out, self.slopes)
        self.out = _if_small(out)

    def _to_inputs(self) -> list[Array]:
        parts = self.known or self._slopes_of_inputs()
        return parts if self.runner.fresh and len(parts) == 1 else [part.copy() for part in parts]

    def _slopes_of_inputs(self) -> list[Array]:
        """A view for each input of the gradients that the runner has for them, where they are asked for."""
        matrix = self.runner.gradients[Space.VARYING][: sum(map(count, self.shapes))].T
        return self._parts(matrix, self.shapes)

    def is_sound(self, value: float) -> bool:
        """Whether the value, the sum or that of each example, and all of the gradient are finite."""
        parts = self.known or self._slopes_of_inputs()
        fine = isfinite(value) or (self.reduce == "none" and np.isfinite(self.outputs[0]).all())
        return bool(fine) and all(np.isfinite(part).all() for part in (self.slopes, *parts))


class Calls:
    """The calls of a program that are kept, by what is asked for and the shapes and kinds of the inputs."""

    def __init__(self, plan: Plan, shared: Array, shapes: Sequence[tuple[int, ...]], fast: bool) -> None:
        self.plan, self.shared, self.shapes, self.fast = plan, shared, list(shapes), fast
        self.calls: dict[tuple[Any, ...], Call] = {}
        self.runners: dict[tuple[int, str], Runner] = {}
        self.last: Call | None = None
        self.narrow = shared.dtype != np.float64
        if fast:
            fast_runner()  # what it needs is asked for now, not at the first run

    def ready(self, inputs: Sequence[Any], wrt: str = "", reduce: str = FORWARD) -> Call:
        """The call for such inputs, with the inputs in its runner; `wrt` is "" for a call without gradients."""
        call = self.last
        if call is not None and call.wrt == wrt and call.reduce == reduce and len(call.places) == len(inputs):
            try:
                for x, (known, place, shape, kind) in zip(inputs, call.places):  # noqa: B905
                    if x is not known and (x.dtype is not kind or x.shape != shape or may_be_masked(x)):
                        break
                    place[...] = x
                else:
                    return call
            except (AttributeError, ValueError):  # no array; or a known one whose shape has been set
                pass
        if not self.narrow:
            return self._anew(inputs, wrt, reduce)
        with np.errstate(over="ignore"):  # what is too large is told by `faults`, with its number
            return self._anew(inputs, wrt, reduce)

    def _anew(self, inputs: Sequence[Any], wrt: str, reduce: str) -> Call:
        """What `ready` gives where not all is as at the last call."""
        arrays = [as_array(x, self.shared.dtype) for x in inputs]
        call = self.last = self._call(arrays, wrt, reduce)
        for x, (_, place, _, _) in zip(arrays, call.places, strict=True):
            place[...] = x
        call.places = [(_if_small(x), *how) for x, (_, *how) in zip(inputs, call.places, strict=True)]
        return call

    def _call(self, inputs: list[Array], wrt: str, reduce: str) -> Call:
        """The call for these arrays, made where there is none yet."""
        if reduce is not FORWARD:
            self._check(wrt, reduce)
        key = (wrt, reduce, *(part for x in inputs for part in (x.shape, x.dtype)))
        if key not in self.calls:
            batch, single = batch_of(inputs, self.shapes)
            runner = self.runner(batch, wrt)  # which may forget calls of others
            self.calls[key] = Call(self.plan, runner, inputs, single, wrt, reduce)
        return self.calls[key]

    def _check(self, wrt: str, reduce: str) -> None:
        """Whether such a gradient can be asked for."""
        for name, given, known in (("reduce", reduce, REDUCE), ("wrt", wrt, WRT)):
            if given not in known:
                raise none_of(given, name, known)
        if reduce == "none" and wrt != "inputs":
            raise ValueError(
                f'reduce is "none" and wrt {wrt!r}; expected wrt "inputs": the gradients of the parameters are added up'
                ' over the examples. Write reduce="sum", or call it with one example after the other.'
            )
        outputs = len(self.plan.tape.outputs)
        if outputs != 1:
            raise TypeError(f"the program has {outputs} outputs; expected one. Record a loss.")

    def runner(self, batch: int, wrt: str) -> Runner:
        """The runner for a batch size, forward only for `wrt` ""; the last few are kept, if they are not too large."""
        if (batch, wrt) not in self.runners:
            while self.runners and (len(self.runners) >= KEPT or self._bytes(batch, wrt) > KEPT_BYTES):
                del self.runners[next(iter(self.runners))]
                self.calls.clear()
                self.last = None
            with without_collection():
                self.runners[batch, wrt] = self._made(batch, wrt)
        return self.runners[batch, wrt]

    def _bytes(self, *more: Any) -> int:
        """How large the values and gradients of all runners are, with one more."""
        each = self.plan.sizes[Space.VARYING] * self.shared.itemsize
        return sum(each * batch * (2 if wrt else 1) for batch, wrt in (*self.runners, more))

    def _made(self, batch: int, wrt: str) -> Runner:
        """A new runner: compiled where that is asked for and every operation can be, else in NumPy."""
        how = (self.plan, self.shared, batch, wanted(self.plan, wrt))
        output = self.plan.output if wrt else None
        if self.fast:
            make, refused = fast_runner()
            with suppress(refused):
                return make(*how, output)
        return runner_of(*how, output)


def _if_small(x: Any) -> Any:
    """An array or a number of NumPy's that is so small that it can be kept to be known again; else None."""
    return x if isinstance(x, np.ndarray | np.generic) and x.nbytes <= SMALL else None


def wanted(plan: Plan, wrt: str) -> Wanted:
    """Where gradients are needed: everything that depends on what they are asked for."""
    tape = plan.tape
    first, last = tape.inputs, tape.first_constant
    return plan.wanted(*{"": (0, 0), "inputs": (0, first), "parameters": (first, last), "both": (0, last)}[wrt])


def fast_runner() -> tuple[Callable[..., Runner], type[Exception]]:
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
