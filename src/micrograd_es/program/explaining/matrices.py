"""The blocks of a plan as named matrices and lines of formulas, forward and backward (lectures, B4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from micrograd_es.ops import ADD, LSE, MAX, MIN, MUL, POW, SAME, Op
from micrograd_es.program.blocks import Affine, Block, Elementwise, Inner, Place, Plan, Rows, Space, Total
from micrograd_es.program.explaining.affine_formulas import affine_line, reduced
from micrograd_es.program.explaining.attention import name_attention, softmax_line
from micrograd_es.program.explaining.constants import with_numbers
from micrograd_es.program.explaining.formulas import (
    Added,
    Formula,
    Matrix,
    Name,
    Sum,
    Times,
    Word,
)
from micrograd_es.program.explaining.labels import name_parameters
from micrograd_es.program.explaining.layers import name_layers
from micrograd_es.program.explaining.lines import Line
from micrograd_es.program.explaining.neurons import with_neurons
from micrograd_es.program.explaining.objective import Objective
from micrograd_es.program.explaining.orders import at_all_positions, in_order
from micrograd_es.program.explaining.patches import Patches
from micrograd_es.program.explaining.readings import Across, LogSums, Reading, is_zero, numeral, scaled
from micrograd_es.program.explaining.recognition import recognise
from micrograd_es.program.explaining.recurrences import name_steps
from micrograd_es.program.explaining.softmax_lines import with_softmaxes
from micrograd_es.program.explaining.softmaxes import Softmaxes, attended
from micrograd_es.program.explaining.stretches import Spread, Stretches, Taken
from micrograd_es.program.explaining.tables import inner_line, pieces, tables_apart, upright

SUMMED = 6  # matrices that are added up by name
ACTIVATIONS = ("relu", "tanh", "sigmoid", "softplus", "identity")


class Lines(Objective):
    """The lines of a plan: `forward`, and `backward` from the gradient of the output.

    `index` is a letter for the steps of a recurrence; nothing where there is none.

    A loss that is recognised is written as lectures write it, unless `steps` asks for every step of it.
    """

    def __init__(self, plan: Plan, shapes: Sequence[tuple[int, ...]], steps: bool = False) -> None:
        plan = with_neurons(plan)
        super().__init__(plan, shapes)
        self._scopes = _scopes(plan)
        name_layers(self)
        for block in tables_apart(plan) if steps else attended(plan):
            for piece in [block] if isinstance(block, Softmaxes) else pieces(self, block):
                self.forward.append(self._line(piece))
        self.output = self._output()
        if not steps and len(plan.tape.outputs) == 1 and self.output.shape == ("m", 1):
            self.condense()
        self.given, self.forward = with_numbers(plan.tape, self.given, self.forward, self.output)
        if not steps:
            self.forward = with_softmaxes(self.forward, {self.output, *self.seeds})
            name_attention(self.forward)
        self._rename()
        recognise(self.forward, self.output)
        self._name_parameters()
        self.index = "" if steps else name_steps(self.forward, [matrix for matrix, _ in self.given])
        if len(plan.tape.outputs) == 1:
            total = Sum([self.mean(), *self.penalties]) if self.penalties else self.mean()
            self.forward.append(Line(Matrix("L", "", (1, 1)), total))
        self.backward = self._backward()

    # Forward

    def _line(self, block: Block | Softmaxes) -> Line:
        """The line of a block, with the scope that all of it is in."""
        block = in_order(self, block)
        if isinstance(block, Affine):
            line = affine_line(self, block)
        elif isinstance(block, Total):
            line = self._total(block)
        elif isinstance(block, Inner):
            line = inner_line(self, block)
        elif isinstance(block, Softmaxes):
            line = softmax_line(self, block)
        else:
            line = self._elementwise(block)
        form = self.forms.get(block.out) if block.out.space is Space.SHARED else None
        if isinstance(block, Inner) and block.out.space is Space.SHARED:
            form = block.columns, block.rows
        self.known.own(line.matrix, block.out, form)
        if self._scopes:
            written = [row for row in block.out.numbers if row < self.plan.sizes[block.out.space]]
            paths = {self._scopes.get((block.out.space, row), ()) for row in written}
            line.scope = " · ".join(_common(sorted(paths)))
        return line

    def _computed(self, shape: tuple[Any, int], positions: int = 1) -> Matrix:
        """A new matrix of what is computed for each example, or of what all of them share."""
        return self.new("H" if shape[0] == "m" else "S", shape, positions=positions)

    def _shape(self, block: Block) -> tuple[Any, int]:
        """The shape of what a block computes."""
        if block.out.space is Space.VARYING:
            return "m", len(block.out)
        return self.forms[block.out][::-1] if block.out in self.forms else (1, len(block.out))

    def _total(self, block: Total) -> Line:
        """The line of sums: of the rows of a table, of several matrices, or of columns that follow each other."""
        count = len(block.terms) // len(block.out)
        table = block.terms.turned(count)
        known = self.known.at_positions(table, len(block.out))
        if self.is_given_as_table(block.terms, count):
            known = upright(self, table, count)
        if known:
            return self._row_sums(known)
        columns = [Rows(table.space, block.terms.numbers[i::count]) for i in range(count)]
        is_apart = not self.known.find(block.terms) and len(block.out) > 1 and count <= SUMMED
        if is_apart and all(map(self.known.is_stretch, columns)):
            return self._added([self.matrix(rows, "p", each=True) for rows in columns], self._shape(block))
        terms = self.matrix(block.terms, "p", each=True)
        matrix, x = self._computed(self._shape(block)), Name(terms)
        single = len(block.out) == 1
        formula: Formula = Added(x, 1) if single else Stretches(x, count)
        return Line(matrix, formula, [terms], lambda upstream: [(terms, Spread(upstream, count, single))])

    def _added(self, terms: list[Matrix], shape: tuple[Any, int]) -> Line:
        """The sum of several matrices."""
        matrix = self._computed(shape)
        return Line(matrix, Sum(list(map(Name, terms))), terms, lambda upstream: [(x, upstream) for x in terms])

    def _row_sums(self, terms: Matrix) -> Line:
        """The sum of each row of a matrix at positions."""
        matrix = self.new("H", ("m", 1), positions=terms.positions)
        count = terms.shape[1]
        return Line(matrix, Added(Name(terms), 1), [terms], lambda up: [(terms, Spread(up, count, single=True))])

    def _elementwise(self, block: Elementwise) -> Line:
        """The line of an operation, number by number where its inputs are no matrix together."""
        shape = self._shape(block)
        line = self._joined(block, shape)
        if line:
            return line
        inputs, positions = at_all_positions(self, block)
        if inputs:
            shape = "m", len(block.out) // positions
        else:
            inputs = self._operands(block, shape[0])
        matrix = self._computed(shape, positions)
        names, op = list(map(Name, inputs)), SAME if block.op in (MAX, MIN) and len(inputs) == 1 else block.op
        if op is MUL and len(inputs) == 2 and inputs[0] is inputs[1]:
            names, op = [names[0], numeral(2.0)], POW

        def back(upstream: Formula) -> list[tuple[Matrix, Formula]]:
            slopes = [Reading(op, names, Name(matrix), i) for i in range(len(names))]
            return [
                (x.matrix, reduced(scaled(upstream, slope), x.matrix, matrix))
                for x, slope in zip(names, slopes, strict=True)
            ]

        single = len(block.out) == 1 and shape[0] == "m" and len(self.plan.blocks) > 1
        layer = any(x.letter == "Z" for x in inputs)  # the only neuron of a layer
        lone = block.op.name if single and not layer else ""
        return Line(matrix, Reading(op, names), [x.matrix for x in names], back, lone=lone)

    def _operands(self, block: Elementwise, height: Any) -> list[Matrix]:
        """The inputs of an operation whose result has that height.

        Where each of them is the same in every column, one is given all the columns of the result.
        """
        form = self.forms.get(block.out) if block.out.space is Space.SHARED else None
        inputs = [self.matrix(rows, "p", form if len(set(rows.numbers)) > 1 else None) for rows in block.inputs]
        if len(block.out) > 1 and not form and all(x.shape[1] == 1 for x in inputs):
            columns = [i for i, x in enumerate(inputs) if x.shape[0] == height]
            repeated = next((i for i in columns if inputs[i].value is None), columns[0] if columns else None)
            if repeated is not None:  # else it is one number for all examples
                inputs[repeated] = self.matrix(block.inputs[repeated], "p", each=True)
        return inputs

    def _joined(self, block: Elementwise, shape: tuple[Any, int]) -> Line | None:
        """The line of an operation whose inputs together are one matrix, or are made one; None for any other."""
        space = block.out.space
        if block.op.arity is not None or any(rows.space is not space for rows in block.inputs):
            return None
        table = Rows(space, tuple([row for rows in block.inputs for row in rows.numbers]))
        known = self.known.at_positions(table, len(block.out))
        if known:
            return self._across(block.op, known, shape)
        each = zip(*[rows.numbers for rows in block.inputs], strict=True)  # the inputs of each result
        every = Rows(space, tuple([row for numbers in each for row in numbers]))
        if block.op is ADD and self.known.find(every) and len(block.out) == 1:
            return self._total(Total(block.out, every))
        if len(block.out) == 1 and (len(every) > 2 or block.op is LSE):
            return self._across(block.op, self.matrix(every, "p"), shape, len(every))
        known = self.known.find(every) if block.op is LSE else None
        if known:
            return self._log_sums(known, len(block.inputs), shape)
        return None

    def _log_sums(self, every: Matrix, count: int, shape: tuple[Any, int]) -> Line:
        """log Σ e^x of columns that follow each other."""
        matrix = self._computed(shape)
        x, out = Name(every), Name(matrix)

        def back(upstream: Formula) -> list[tuple[Matrix, Formula]]:
            return [(every, Times(Spread(upstream, count), LogSums(x, count, out)))]

        return Line(matrix, LogSums(x, count), [every], back)

    def _across(self, op: Op, every: Matrix, shape: tuple[Any, int], count: int = 1) -> Line:
        """One result of many inputs: they are the columns of a matrix, or one column `count` times."""
        matrix = self._computed((shape[0], 1), every.positions)
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

    # The output

    def _output(self) -> Matrix:
        """The matrix of what the function returns; columns are put together for it where they are apart.

        Of several outputs it has a row for each example also where they are the same for all: each has a gradient.
        """
        tape = self.plan.tape
        places = [self.plan.places[number] for number in tape.outputs]
        if len(places) > 1 and Space.SHARED in {space for space, _ in places}:
            return self.put(self.new("Y", ("m", len(places)), ""), Taken([self.owner_of(place) for place in places]))
        return self.matrix(Rows(places[0][0], tuple(row for _, row in places)), "p", each=len(places) > 1)

    def _rename(self) -> None:
        """Y is what the network gives, ℓ the loss of an example; what comes between them is U; one Z is just Z."""
        made = [line.matrix for line in self.forward]
        if self.output in made and self.output.shape[0] == "m":
            self._name_output(made)
        names: dict[str, list[Matrix]] = {}
        for matrix in [*(m for m, _ in self.given), *made]:
            names.setdefault(matrix.letter, []).append(matrix)
        for letter, group in names.items():
            if letter == "G":
                self._in_place(group)
            if letter in "ZHUGFSYℓpCQKVPOMD":
                _number(group)
            elif letter in "WB":
                self._number_weights(group, made)

    def _name_output(self, made: Sequence[Matrix]) -> None:
        """Name the output, which a line computes; of a loss also what it is the loss of, and what is between them."""
        last = self.outputs or self._last_layer()
        if last is None or last is self.output or len(self.plan.tape.outputs) > 1:
            self.output.letter, self.output.number = "Y", ""
            return
        self.output.letter, self.output.number = "ℓ", ""
        last.letter, last.number = "Y", ""
        for matrix in made[made.index(last) + 1 :]:
            if matrix.letter in "ZHG" and matrix is not self.output:
                matrix.letter = "U"

    def _number_weights(self, group: Sequence[Matrix], made: Sequence[Matrix]) -> None:
        """Number weights, or biases, as lines read them: those of the function first, then what is made of them."""
        first = {x: i for i, line in reversed([*enumerate(self.forward)]) for x in line.inputs}
        given = sorted([x for x in group if x not in made], key=lambda x: first.get(x, len(first)))
        turns, rows = iter(given), dict(self.given)
        self.given = [(y := next(turns), rows[y]) if x in given else (x, rows[x]) for x, _ in self.given]
        for i, matrix in enumerate([*given, *[x for x in group if x in made]], 1):
            matrix.number = str(i)

    def _in_place(self, group: list[Matrix]) -> None:
        """Put those of some matrices that are parts of inputs in the order of their places there."""
        taken = {line.matrix: line.formula.columns[0] for line in self.forward if isinstance(line.formula, Taken)}
        inputs = {line.matrix: {x.letter for x in line.inputs} == {"X"} for line in self.forward}
        parts = [x for x in group if x in taken and inputs[x]]
        places = iter(sorted(parts, key=lambda x: (taken[x][0].number, taken[x][1])))
        group[:] = [next(places) if x in parts else x for x in group]

    def _name_parameters(self) -> None:
        """Call parameters as the user does, those of whole layers aside."""
        alone = {x for line in self.forward for x in line.inputs if line.inputs[0].shape == (1, 1)}
        end = self.plan.tape.parameters
        single = [(x, rows) for x, rows in self.given if x.shape == (1, 1) and rows.space is Space.SHARED]
        named = [(x, rows) for x, rows in single if rows.numbers[0] < end and (x.letter == "p" or x in alone)]
        every = [*[x for x, _ in self.given], *[line.matrix for line in self.forward]]
        name_parameters(self.plan, named, every)
        _number([x for x in every if x.letter == "p"])

    def _last_layer(self) -> Matrix | None:
        """The last dense product, or what its activation gives; None where it is only a part of another one."""
        dense = [
            line for line in self.forward if line.matrix.letter == "Z" and line.matrix.positions == 1 and not line.lone
        ]
        if not dense:
            return None
        found = dense[-1].matrix
        users = [line for line in self.forward if found in line.inputs]
        if len(users) == 1 and isinstance(users[0].formula, Reading) and users[0].formula.op.name in ACTIVATIONS:
            found = users[0].matrix
        beside = {x for line in users if isinstance(line.formula, Patches | Taken) for x in line.inputs} - {found}
        return found if beside.isdisjoint(self._dependent()) else None

    def _dependent(self) -> set[Matrix]:
        """The matrices that depend on parameters."""
        end = self.plan.tape.parameters
        found = {m for m, rows in self.given if rows.space is Space.SHARED and min(rows.numbers) < end}
        for line in self.forward:
            if not found.isdisjoint(line.inputs):
                found.add(line.matrix)
        return found

    # Backward

    def _backward(self) -> list[Line]:
        """The gradients from that of the output back, each once all that is sent to it is known."""
        depends = self._dependent()
        pending = Counter(x for line in self.forward for x in dict.fromkeys(line.inputs))
        sent = {matrix: [line.formula] for matrix, line in self.seeds.items()} or {self.output: [self._seed()]}
        lines: list[Line] = []
        computed = {line.matrix for line in self.forward}

        def close(matrix: Matrix) -> None:
            lines.append(self._gradient(matrix, [*sent.get(matrix, ()), *self.decay.get(matrix, ())]))

        for line in reversed(self.forward):
            if line.matrix in sent and line.matrix in depends:
                close(line.matrix)
                for x, formula in line.back(Name(line.matrix.gradient)) if line.back else ():
                    if x in depends:
                        sent.setdefault(x, []).append(formula)
            for x in dict.fromkeys(line.inputs):
                pending[x] -= 1
                if not pending[x] and (x in sent or x in self.decay) and x not in computed:
                    close(x)
        if self.output in depends - computed:  # a parameter is returned as it is
            close(self.output)
        return lines

    def _gradient(self, matrix: Matrix, sent: Sequence[Formula]) -> Line:
        """The line of a gradient: the sum of what is sent there, or what the way back starts with."""
        if matrix in self.seeds:
            return replace(self.seeds[matrix], matrix=matrix.gradient)
        sent = [formula for formula in sent if not is_zero(formula)] or sent[:1]
        return Line(matrix.gradient, sent[0] if len(sent) == 1 else Sum(sent))

    def _seed(self) -> Formula:
        """What the way back starts with: that of a mean over the examples, or what is given."""
        if self.output.letter == "ℓ" or (len(self.plan.tape.outputs) == 1 and self.output.shape == ("m", 1)):
            return Word("1/m", r"\frac{1}{m}", 0.0, "1/m")
        if len(self.plan.tape.outputs) == 1:
            return Word("1", "1", 1.0)
        return Word("given", "", 1.0, self.output.gradient.name)


def _number(group: Sequence[Matrix]) -> None:
    """Number matrices of one letter; one alone has none."""
    for i, matrix in enumerate(group, 1):
        matrix.number = str(i) if len(group) > 1 else ""


def _scopes(plan: Plan) -> dict[Place, tuple[str, ...]]:
    """The names of the scopes of what stands in each row, from the outermost."""
    first, entries = plan.tape.first_entry, plan.tape.entries
    if not any(entry.scope for entry in entries):
        return {}
    return {
        place: tuple(entries[number - first].scope.split(" · "))
        for number, place in plan.places.items()
        if 0 <= number - first < len(entries) and entries[number - first].scope
    }


def _common(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """How the first and the last of sorted paths begin alike."""
    first, last = paths[0], paths[-1]
    alike = [x == y for x, y in zip(first, last, strict=False)]
    return first[: (*alike, False).index(False)]
