"""The lines of operations: number by number, and across the columns of a matrix where it has many inputs."""

from __future__ import annotations

from micrograd_es.ops import ADD, LSE, MAX, MIN, MUL, POW, SAME, Op
from micrograd_es.program.blocks import Elementwise, Rows, Total
from micrograd_es.program.explaining.affine_formulas import reduced
from micrograd_es.program.explaining.formulas import Formula, Matrix, Name, Times
from micrograd_es.program.explaining.lines import Line
from micrograd_es.program.explaining.naming import Names, Shape
from micrograd_es.program.explaining.orders import at_all_positions
from micrograd_es.program.explaining.readings import Across, LogSums, Reading, numeral, scaled
from micrograd_es.program.explaining.stretches import Spread
from micrograd_es.program.explaining.totals import total_line
from micrograd_es.program.lists import each_of


def operation_line(names: Names, block: Elementwise) -> Line:
    """The line of an operation, number by number where its inputs are no matrix together."""
    shape = names.shape(block.out)
    line = _joined(names, block, shape)
    if line:
        return line
    inputs, positions = at_all_positions(names, block)
    if inputs:
        shape = "m", len(block.out) // positions
    else:
        inputs = _operands(names, block, shape)
    matrix = names.computed(shape, positions)
    parts, op = list(map(Name, inputs)), SAME if block.op in (MAX, MIN) and len(inputs) == 1 else block.op
    if op is MUL and len(inputs) == 2 and inputs[0] is inputs[1]:
        parts, op = [parts[0], numeral(2.0)], POW

    def back(upstream: Formula) -> list[tuple[Matrix, Formula]]:
        slopes = [Reading(op, parts, Name(matrix), i) for i in range(len(parts))]
        return [
            (x.matrix, reduced(scaled(upstream, slope), x.matrix, matrix))
            for x, slope in zip(parts, slopes, strict=True)
        ]

    single = len(block.out) == 1 and shape[0] == "m" and len(names.plan.blocks) > 1
    layer = any(x.letter == "Z" for x in inputs)  # the only neuron of a layer
    lone = block.op.name if single and not layer else ""
    return Line(matrix, Reading(op, parts), [x.matrix for x in parts], back, lone=lone)


def _operands(names: Names, block: Elementwise, shape: Shape) -> list[Matrix]:
    """The inputs of an operation whose result has that shape.

    Where each of them is the same in every column, one is given all the columns of the result.
    """
    form = names.forms.get(block.out)
    if form:
        return [_weights(names, rows, form) for rows in block.inputs]
    inputs = [names.matrix(rows, "p") for rows in block.inputs]
    if len(block.out) > 1 and all(x.shape[1] == 1 for x in inputs):
        columns = [i for i, x in enumerate(inputs) if x.shape[0] == shape[0]]
        repeated = next((i for i in columns if inputs[i].value is None), columns[0] if columns else None)
        if repeated is not None:  # else it is one number for all examples
            inputs[repeated] = names.matrix(block.inputs[repeated], "p", each=True)
    return inputs


def _weights(names: Names, rows: Rows, form: tuple[int, int]) -> Matrix:
    """What weights of so many neurons and inputs are made of: a matrix, or a number for each neuron, or each input."""
    kernels, terms = form
    of_neurons, of_inputs = rows.picked(range(0, len(rows), terms)), rows.picked(range(terms))
    if len(set(rows.numbers)) == 1:
        return names.matrix(rows, "p")
    if rows.numbers == each_of(of_neurons.numbers, terms) and terms > 1:
        return names.matrix(of_neurons, "p")
    if rows.numbers == of_inputs.numbers * kernels and kernels > 1:
        return names.matrix(of_inputs, "p", (1, terms))
    return names.matrix(rows, "C" if names.are_constant(rows) else "p" if 1 in form else "W", form)


def _joined(names: Names, block: Elementwise, shape: Shape) -> Line | None:
    """The line of an operation whose inputs together are one matrix, or are made one; None for any other."""
    table = block.together
    if not table:
        return None
    known = names.known.at_positions(table, len(block.out))
    if known:
        return _across(names, block.op, known, shape)
    every = table.turned(len(block.out))
    if block.op is ADD and names.known.find(every):
        return total_line(names, Total(block.out, every))
    if len(block.out) == 1 and (len(every) > 2 or block.op is LSE):
        return _across(names, block.op, names.matrix(every, "p"), shape, len(every))
    known = names.known.find(every) if block.op is LSE else None
    if known:
        return _log_sums(names, known, len(block.inputs), shape)
    return None


def _log_sums(names: Names, every: Matrix, count: int, shape: Shape) -> Line:
    """log Σ e^x of columns that follow each other."""
    matrix = names.computed(shape)
    x, out = Name(every), Name(matrix)

    def back(upstream: Formula) -> list[tuple[Matrix, Formula]]:
        return [(every, Times(Spread(upstream, count), LogSums(x, count, out)))]

    return Line(matrix, LogSums(x, count), [every], back)


def _across(names: Names, op: Op, every: Matrix, shape: Shape, count: int = 1) -> Line:
    """One result of many inputs: they are the columns of a matrix, or one column `count` times."""
    matrix = names.computed((shape[0], 1), every.positions)
    x = Name(every)
    if every.shape[1] == 1:  # the same column many times
        if op in (MAX, MIN):
            return Line(matrix, x, [every], lambda up: [(every, up)])
        same = [x] * count
        slopes = [Reading(op, same, Name(matrix), i) for i in range(len(same))]
        return Line(matrix, Reading(op, same), [every], lambda up: [(every, Times(up, slope)) for slope in slopes])

    def back(upstream: Formula) -> list[tuple[Matrix, Formula]]:
        return [(every, Across(op, x, Name(matrix)).times(upstream))]

    return Line(matrix, Across(op, x), [every], back)
