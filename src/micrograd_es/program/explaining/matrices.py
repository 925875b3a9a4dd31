"""The blocks of a plan as named matrices and lines of formulas, forward and backward (lectures, B4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from micrograd_es.program.blocks import Affine, Block, Inner, Plan, Rows, Space, Total
from micrograd_es.program.explaining.affine_formulas import affine_line
from micrograd_es.program.explaining.attention import name_attention, softmax_line
from micrograd_es.program.explaining.constants import with_numbers
from micrograd_es.program.explaining.formulas import (
    Formula,
    Matrix,
    Name,
    Sum,
    Word,
)
from micrograd_es.program.explaining.labels import name_parameters
from micrograd_es.program.explaining.layers import name_layers
from micrograd_es.program.explaining.lines import Line
from micrograd_es.program.explaining.neurons import with_neurons
from micrograd_es.program.explaining.objective import Objective
from micrograd_es.program.explaining.operations import operation_line
from micrograd_es.program.explaining.orders import in_order
from micrograd_es.program.explaining.patches import Patches
from micrograd_es.program.explaining.readings import Reading, is_zero
from micrograd_es.program.explaining.recognition import recognise
from micrograd_es.program.explaining.recurrences import name_steps
from micrograd_es.program.explaining.scopes import Scopes
from micrograd_es.program.explaining.softmax_lines import with_softmaxes
from micrograd_es.program.explaining.softmaxes import Softmaxes, attended
from micrograd_es.program.explaining.stretches import Taken
from micrograd_es.program.explaining.tables import inner_line, pieces, tables_apart
from micrograd_es.program.explaining.totals import total_line

ACTIVATIONS = ("relu", "tanh", "sigmoid", "softplus", "identity")


class Lines(Objective):
    """The lines of a plan: `forward`, and `backward` from the gradient of the output.

    `index` is a letter for the steps of a recurrence; nothing where there is none.

    A loss that is recognised is written as lectures write it, unless `steps` asks for every step of it.
    """

    def __init__(self, plan: Plan, shapes: Sequence[tuple[int, ...]], steps: bool = False) -> None:
        plan = with_neurons(plan)
        super().__init__(plan, shapes)
        self._scopes = Scopes(plan)
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
            line = total_line(self, block)
        elif isinstance(block, Inner):
            line = inner_line(self, block)
        elif isinstance(block, Softmaxes):
            line = softmax_line(self, block)
        else:
            line = operation_line(self, block)
        form = self.forms.get(block.out) if block.out.space is Space.SHARED else None
        if isinstance(block, Inner) and block.out.space is Space.SHARED:
            form = block.columns, block.rows
        self.known.own(line.matrix, block.out, form)
        line.scope = self._scopes.of(block.out)
        return line

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
