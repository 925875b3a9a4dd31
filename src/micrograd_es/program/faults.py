"""Where a run went wrong: the example whose numbers are not finite is run again, one Value after the other.

So the error is the one that the eager path has, with the operation, its inputs and what was expected; the operation's
label and scope and the number of the example are added.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from micrograd_es import flow
from micrograd_es.ops import RuleError
from micrograd_es.program.arrays import Array
from micrograd_es.program.blocks import Inner, Plan, Space, Wanted
from micrograd_es.program.given import in_dtype
from micrograd_es.program.in_numpy.portions import length_of
from micrograd_es.program.in_numpy.runner import Runner
from micrograd_es.program.tape import Tape
from micrograd_es.value import Constant, Value, general


class NotFiniteError(ArithmeticError, ValueError):
    """What a program computed for an example is no finite real number."""


def located(
    plan: Plan, shared: Array, inputs: Array, wanted: Wanted, given: Sequence[Array], single: bool
) -> ArithmeticError:
    """The error for a run whose values or gradients are not finite.

    `inputs` has a row for each example; `wanted` is where gradients were asked for, nowhere where only the
    outputs were. `given` are the inputs as they came, perhaps with more digits, and `single` whether they were one
    example and no batch.
    """
    runner, bad = _searched(plan, shared, inputs, wanted)
    example = bad[0] if bad else 0
    place = "" if single else f"in example {example} of the batch"
    if lost := _lost(plan, inputs[example : example + 1], [x if single else x[example : example + 1] for x in given]):
        return OverflowError(_in(place, lost))
    if not len(inputs):
        inputs = np.zeros((1, plan.tape.inputs))  # nothing depends on them
    try:
        _run(plan, shared[:, 0].tolist(), inputs[example].tolist(), wanted)
    except _FaultError as fault:
        return fault.kind(_in(place if bad and fault.varies else "", fault.told))
    return NotFiniteError(_what_overflows(plan, runner, place))


def _in(place: str, told: str) -> str:
    """What went wrong, with the place where it did, if there is one."""
    return f"{told.rstrip('.')}; {place}." if place else told


def _lost(plan: Plan, row: Array, given: Sequence[Array]) -> str:
    """What is said of the first input of an example that is too large for the numbers of the runner; or nothing."""
    wide = [x for part in given for x in np.asarray(part, float).flat] if row.size else []
    try:
        in_dtype(wide, str(row.dtype), lambda number: f"the input {plan.tape.name(number)}")
    except OverflowError as error:
        return str(error)
    return ""


def _searched(plan: Plan, shared: Array, inputs: Array, wanted: Wanted) -> tuple[Runner, list[int]]:
    """The runner that comes upon what is not finite, and in which examples; the batch goes through in its portions."""
    output = plan.output if wanted else None
    length = max(length_of(plan, len(inputs), wanted, output), 1)
    runner = Runner(plan, shared, min(length, len(inputs)), wanted, output)
    tables = [block for block in plan.blocks if isinstance(block, Inner) and block.out.space is Space.VARYING]
    unread = [row for block in tables for row in block.unread]  # may overflow without harm
    bad: list[int] = []
    for start in range(0, max(len(inputs), 1), length):
        some = inputs[start : start + length]
        if len(some) < runner.batch:
            runner = Runner(plan, shared, len(some), wanted, output)
        runner.inputs[...] = some
        if wanted:
            runner.backward(1.0)
        else:
            runner.forward()
        found = [_first(np.delete(rows[Space.VARYING], unread, 0)) for rows in (runner.values, runner.gradients)]
        bad = [start + example for example in found if example is not None]
        if not bad and not np.isfinite(runner.gradients[Space.SHARED]).all():
            bad = [start + _alone(runner, some)]
        if bad:
            break
    return runner, bad


def _first(matrix: Array) -> int | None:
    """The first example with a number that is not finite."""
    bad = ~np.isfinite(matrix).all(axis=0)
    return int(bad.argmax()) if bad.any() else None


def _alone(runner: Runner, inputs: Array) -> int:
    """The example that makes the gradient of a parameter not finite, though nothing of its own is: found by halves.

    Where only the sum over the examples is too large it is any of them.
    """
    numbers = np.arange(len(inputs))
    while len(numbers) > 1:
        half = numbers[: len(numbers) // 2]
        runner.inputs[...] = inputs[np.resize(half, len(inputs))]
        runner.backward(1.0)
        fine = np.isfinite(runner.gradients[Space.SHARED]).all()
        numbers = numbers[len(half) :] if fine else half
    runner.inputs[...] = inputs
    return int(numbers[0]) if len(numbers) else 0


class _FaultError(Exception):
    """What went wrong with one example; `varies` says whether it depends on the example."""

    def __init__(self, error: Exception, told: str, varies: bool) -> None:
        self.told, self.varies = told, varies
        self.kind = type(error) if isinstance(error, ArithmeticError) else NotFiniteError


def _run(plan: Plan, shared: Sequence[float], given: Sequence[float], wanted: Wanted) -> None:
    """Compute one example with Values, and its gradients where they are wanted; the first error is told."""
    tape = plan.tape
    nodes = _leaves(plan, shared, given, wanted)
    varies = [number < tape.inputs for number in range(tape.first_entry)]
    for number, entry in enumerate(tape.entries, tape.first_entry):
        varies.append(any(varies[x] for x in entry.inputs))
        try:
            node = general(entry.op, tuple([nodes[x] for x in entry.inputs]))
        except (ArithmeticError, ValueError, RuleError) as error:
            raise _FaultError(error, _with_place(str(error), tape, number), varies[-1]) from None
        node.label = entry.label or tape.name(number)
        fixed = number in plan.places and not _is_wanted(plan, number, wanted)
        nodes.append(Constant(node.number, node.label) if fixed and wanted else node)
    if wanted:
        try:
            flow.swept(nodes[tape.outputs[0]])
        except (ArithmeticError, ValueError) as error:
            raise _FaultError(error, _with_place_of_gradient(str(error), tape, nodes), True) from None


def _leaves(plan: Plan, shared: Sequence[float], given: Sequence[float], wanted: Wanted) -> list[Value]:
    """The inputs, parameters and constants of one example as Values; the first that is not finite is told."""
    tape = plan.tape
    numbers = [shared[plan.places[n][1]] for n in range(tape.inputs, tape.first_entry)]
    nodes: list[Value] = []
    for number, x in enumerate([*given, *numbers]):
        if not np.isfinite(x):
            kind = "input" if number < tape.inputs else "parameter"
            told = f"the {kind} {tape.name(number)} is {x}; expected a finite number."
            raise _FaultError(NotFiniteError(), told, number < tape.inputs)
        label = tape.name(number) if number < tape.first_constant else ""
        nodes.append((Value if _is_wanted(plan, number, wanted) else Constant)(x, label))
    return nodes


def _is_wanted(plan: Plan, number: int, wanted: Wanted) -> bool:
    space, row = plan.places[number]
    return row in wanted.get(space, ())


def _with_place(told: str, tape: Tape, number: int) -> str:
    """What went wrong, with the label and the scope of the operation."""
    head, colon, rest = told.partition("): ")
    place = _place(tape, number)
    return f"{head}){place}: {rest}" if colon else f"{told}{place}"


def _with_place_of_gradient(told: str, tape: Tape, nodes: Sequence[Value]) -> str:
    """What went wrong on the way back, with the label and the scope of the operation that it names."""
    for number, node in enumerate(nodes[tape.first_entry :], tape.first_entry):
        if node.op and (operation := flow.written(node)) in told:
            return told.replace(operation, operation + _place(tape, number), 1)
    return told


def _place(tape: Tape, number: int) -> str:
    """The label and the scope of an operation, each in brackets, as far as it has them."""
    entry: Any = tape.entry(number)
    return "".join(f" ({part})" for part in (entry.label, entry.scope) if part)


def _what_overflows(plan: Plan, runner: Runner, place: str) -> str:
    """For an example that is fine with Python's floats: what is too large for the numbers of the runner."""
    kind = str(runner.values[Space.VARYING].dtype)
    for number, entry in enumerate(plan.tape.entries, plan.tape.first_entry):
        space, row = plan.places.get(number, (Space.SHARED, 0))
        if number in plan.places and not np.isfinite(runner.values[space][row]).all():
            told = _with_place(f"{entry.op.name}({', '.join(map(plan.tape.name, entry.inputs))}): ", plan.tape, number)
            return f"{told}the result is too large for {kind}{place and f', {place}'}. Scale the inputs."
    if not place:
        return f"the gradient is too large for {kind}. Scale the inputs."
    return f"the sum over the batch is too large for {kind}. Scale the inputs, or take the mean."
