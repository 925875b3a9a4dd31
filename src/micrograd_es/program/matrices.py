"""The blocks of a plan as named matrices and lines of formulas, forward and backward (lectures, B4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, Literal

from micrograd_es.ops import Op
from micrograd_es.program.blocks import Affine, Block, Elementwise, Plan, Rows, Space, Total, inputs_of
from micrograd_es.program.formulas import Added, Formula, Matrix, Mean, Minus, Name, Product, Sum, Times, Word
from micrograd_es.program.loss_lines import Numbers, written
from micrograd_es.program.loss_search import found_loss
from micrograd_es.program.loss_terms import Loss
from micrograd_es.program.readings import Across, Reading
from micrograd_es.program.recognition import recognise
from micrograd_es.program.stretches import Part, Spread, Stretches, Taken

Back = Callable[[Formula], list[tuple[Matrix, Formula]]]
ACTIVATIONS = ("relu", "tanh", "sigmoid", "softplus", "identity")


@dataclass
class Line:
    """A matrix and its formula; `inputs` are the matrices in it, and `back` what it sends to each of them.

    `note` says what has been recognised (and `of` which matrix, where the note names one), `scope` what the function
    calls it, `lone` what could not be grouped.
    """

    matrix: Matrix
    formula: Formula
    inputs: list[Matrix] = field(default_factory=list)
    back: Back | None = None
    note: str = ""
    scope: str = ""
    lone: str = ""
    of: Matrix | None = None


class Lines:
    """The lines of a plan: `forward`, and `backward` from the gradient of the output.

    A loss that is recognised is written as lectures write it, unless `steps` asks for every step of it.

    `given` are the matrices that no line computes (inputs, parameters, constants), with the rows of their numbers and,
    for weights, how many neurons and inputs they have.
    """

    def __init__(self, plan: Plan, shapes: Sequence[tuple[int, ...]], steps: bool = False) -> None:
        self.plan = plan
        self.forward: list[Line] = []
        self.given: list[tuple[Matrix, Rows]] = []
        self._owner: dict[tuple[Space, int], tuple[Matrix, int]] = {}
        self._exact: dict[tuple[Rows, tuple[int, int] | None], Matrix] = {}  # by the form that weights have
        self._counts: dict[str, int] = {}
        self._scopes = _scopes(plan)
        self._forms = _forms(plan)
        self._inputs(shapes)
        for block in plan.blocks:
            self.forward.append(self._line(block))
        self.output = self._output()
        self._seeds: dict[Matrix, Line] = {}
        self._outputs: Matrix | None = None  # what a recognised loss is the loss of
        if not steps and len(plan.tape.outputs) == 1 and self.output.shape == ("m", 1):
            self._condense()
        self._rename()
        recognise(self.forward)
        if len(plan.tape.outputs) == 1:
            mean = Mean(Name(self.output)) if self.output.shape[0] == "m" else Name(self.output)
            self.forward.append(Line(Matrix("L", "", (1, 1)), mean))
        self.backward = self._backward()

    # Names

    def _new(self, letter: str, shape: tuple[int | Literal["m"], int], number: str | None = None) -> Matrix:
        count = self._counts[letter] = self._counts.get(letter, 0) + 1
        return Matrix(letter, str(count) if number is None else number, shape)

    def _own(self, matrix: Matrix, rows: Rows, form: tuple[int, int] | None = None) -> Matrix:
        """Note that some rows are a matrix."""
        self._exact[rows, form] = matrix
        for column, row in enumerate(rows.numbers):
            self._owner[rows.space, row] = matrix, column
        return matrix

    def _inputs(self, shapes: Sequence[tuple[int, ...]]) -> None:
        start = 0
        for i, shape in enumerate(shapes, 1):
            width = prod(shape)
            rows = Rows(Space.VARYING, tuple(range(start, start + width)))
            matrix = Matrix("X", str(i) if len(shapes) > 1 else "", ("m", width))
            self.given.append((self._own(matrix, rows), rows))
            start += width

    def _matrix(self, rows: Rows, letter: str, form: tuple[int, int] | None = None, each: bool = False) -> Matrix:
        """The matrix of some rows: a known one, a new one of parameters, or one put together from others.

        Rows that are all the same are one column, which broadcasts; with `each` they are as many as are given, as what
        is added up has to be.
        """
        if rows.space is Space.VARYING and len(set(rows.numbers)) == 1 and not each:
            rows = Rows(rows.space, rows.numbers[:1])
        key = rows, form
        if key in self._exact:
            return self._exact[key]
        if rows.space is Space.SHARED and not each:
            constant = self._constant(rows)
            if constant is not None and form is None:
                return constant
            if len(set(rows.numbers)) == 1 and form is None:
                rows = Rows(rows.space, rows.numbers[:1])
                key = rows, None
                if key in self._exact:
                    return self._exact[key]
        shape: tuple[Any, int] = ("m" if rows.space is Space.VARYING else 1, len(rows))
        shape = form[::-1] if form else shape
        fresh = [row for row in dict.fromkeys(rows.numbers) if (rows.space, row) not in self._owner]
        end = self.plan.tape.parameters
        if len(fresh) == len(rows) and len({row < end for row in fresh}) == 1:
            matrix = self._own(self._new(letter, shape), rows, form)
            self.given.append((matrix, rows))
            return matrix
        self._split(fresh, rows.space)
        matrix = self._new("G" if rows.space is Space.VARYING else letter, shape)
        taken = Taken([self._owner[rows.space, row] for row in rows.numbers], form)
        sources = list(dict.fromkeys(source for source, _ in taken.columns))
        self._exact[key] = matrix
        back = _taken_back(taken, sources)
        self.forward.append(Line(matrix, taken, sources, back))
        return matrix

    def _split(self, fresh: list[int], space: Space) -> None:
        """Name rows that nothing has named yet: parameters apart from constants."""
        end = self.plan.tape.parameters
        for letter, part in (("p", [row for row in fresh if row < end]), ("C", [row for row in fresh if row >= end])):
            if part:
                rows = Rows(space, tuple(part))
                self.given.append((self._own(self._new(letter, (1, len(part))), rows), rows))

    def _constant(self, rows: Rows) -> Matrix | None:
        """A number, where all of the rows are constants of that number."""
        tape = self.plan.tape
        if len(set(rows.numbers)) == 1 and 0 <= rows.numbers[0] - tape.parameters < len(tape.constants):
            return Matrix("", "", (1, 1), value=tape.constants[rows.numbers[0] - tape.parameters])
        return None

    # Forward

    def _line(self, block: Block) -> Line:
        if isinstance(block, Affine):
            line = self._affine(block)
        elif isinstance(block, Total):
            line = self._total(block)
        else:
            line = self._elementwise(block)
        form = self._forms.get(block.out) if block.out.space is Space.SHARED else None
        self._own(line.matrix, block.out, form)
        if self._scopes:
            paths = {self._scopes.get((block.out.space, row), ()) for row in block.out.numbers}
            line.scope = " · ".join(_common(sorted(paths)))
        return line

    def _shape(self, block: Block) -> tuple[Any, int]:
        if block.out.space is Space.VARYING:
            return "m", len(block.out)
        return self._forms[block.out][::-1] if block.out in self._forms else (1, len(block.out))

    def _affine(self, block: Affine) -> Line:
        count = len(block.out)
        terms = len(block.weights) // count
        weights = self._matrix(block.weights, "W", (count, terms) if block.dense else None, each=True)
        inputs = self._matrix(block.inputs, "G", each=True)
        bare = [self._matrix(rows, "B") for rows in block.bare]
        matrix = self._new("Z", ("m", count))
        x, w = Name(inputs), Name(weights)
        product: Formula = Product(x, w) if block.dense else Stretches(Times(x, w), terms)
        formula = Sum([product, *map(Name, bare)]) if bare else product

        def back(upstream: Formula) -> list[tuple[Matrix, Formula]]:
            sent: list[tuple[Matrix, Formula]] = [(m, _reduced(upstream, m, matrix)) for m in bare]
            if block.dense:
                to_weights: Formula = Product(Name(inputs, True), upstream)
                to_inputs: Formula = Product(upstream, Name(weights, True))
            else:
                spread = Spread(upstream, terms)
                to_weights, to_inputs = Added(Times(spread, x), 0), Times(spread, w)
            return [(weights, to_weights), *sent, (inputs, to_inputs)]

        lone = "" if block.dense else "ragged"
        return Line(matrix, formula, [weights, inputs, *bare], back, lone=lone)

    def _total(self, block: Total) -> Line:
        terms = self._matrix(block.terms, "p", each=True)
        count = len(block.terms) // len(block.out)
        matrix = self._new("H" if block.out.space is Space.VARYING else "S", self._shape(block))
        x = Name(terms)
        formula: Formula = Added(x, 1) if len(block.out) == 1 else Stretches(x, count)
        return Line(matrix, formula, [terms], lambda upstream: [(terms, Spread(upstream, count))])

    def _elementwise(self, block: Elementwise) -> Line:
        shape = self._shape(block)
        together = len(block.out) == 1 and len(block.inputs) > 2 and block.op.arity is None
        if together and all(rows.space is block.out.space for rows in block.inputs):
            return self._across(block.op, block, shape)
        form = self._forms.get(block.out) if block.out.space is Space.SHARED else None
        inputs = [self._matrix(rows, "p", form if len(set(rows.numbers)) > 1 else None) for rows in block.inputs]
        matrix = self._new("H" if block.out.space is Space.VARYING else "S", shape)
        names = list(map(Name, inputs))

        def back(upstream: Formula) -> list[tuple[Matrix, Formula]]:
            sent = []
            for i, x in enumerate(inputs):
                slope = Reading(block.op, names, Name(matrix), i)
                one = slope.symbol.form if not slope.symbol.parts else None
                way = upstream if one == 1 else Minus(upstream) if one == -1 else Times(upstream, slope)
                sent.append((x, _reduced(way, x, matrix)))
            return sent

        lone = block.op.name if len(block.out) == 1 and shape[0] == "m" and len(self.plan.blocks) > 1 else ""
        return Line(matrix, Reading(block.op, names), inputs, back, lone=lone)

    def _across(self, op: Op, block: Elementwise, shape: tuple[Any, int]) -> Line:
        """One result of many inputs: they are the columns of a matrix."""
        every = self._matrix(Rows(block.out.space, tuple(row for rows in block.inputs for row in rows.numbers)), "p")
        matrix = self._new("H" if shape[0] == "m" else "S", shape)
        x = Name(every)
        if every.shape[1] == 1:  # the same column many times
            same = [x] * len(block.inputs)
            slopes = [Reading(op, same, Name(matrix), i) for i in range(len(same))]
            return Line(matrix, Reading(op, same), [every], lambda up: [(every, Times(up, slope)) for slope in slopes])

        def back(upstream: Formula) -> list[tuple[Matrix, Formula]]:
            return [(every, Times(upstream, Across(op, x, Name(matrix))))]

        return Line(matrix, Across(op, x), [every], back)

    # The output

    def _output(self) -> Matrix:
        """The matrix of what the function returns; columns are put together for it where they are apart."""
        tape = self.plan.tape
        places = [self.plan.places[number] for number in tape.outputs]
        if len({space for space, _ in places}) > 1:
            matrix = self._new("Y", ("m", len(places)), "")
            taken = Taken([self._owner_of(place) for place in places])
            sources = list(dict.fromkeys(source for source, _ in taken.columns))
            self.forward.append(Line(matrix, taken, sources, _taken_back(taken, sources)))
            return matrix
        return self._matrix(Rows(places[0][0], tuple(row for _, row in places)), "p")

    def _owner_of(self, place: tuple[Space, int]) -> tuple[Matrix, int]:
        self._matrix(Rows(place[0], (place[1],)), "p")
        if place in self._owner:
            return self._owner[place]
        constant = self._constant(Rows(place[0], (place[1],)))
        assert constant is not None
        return constant, 0

    # A recognised loss

    def _condense(self) -> None:
        """Write the loss that the output is, if it is one, in place of its steps."""
        found = found_loss(self.plan, self._owner, [line.matrix for line in reversed(self.forward)])
        if not found or len({space for space, _ in found.targets}) > 1:
            return
        if found.targets:
            rows = Rows(found.targets[0][0], tuple(row for _, row in found.targets))
            target = self._matrix(rows, "C", each=True)
        else:
            target = Matrix("T", "", (1, len(found.loss.targets)))
            self.forward.append(Line(target, Numbers([float(t) for t in found.loss.targets])))
        self._replace(found.loss, found.outputs, target)

    def _replace(self, loss: Loss, y: Matrix, target: Matrix) -> None:
        """Keep what the outputs and the targets need, and write the loss after it."""
        needed, kept = {y, target}, []
        for line in reversed(self.forward):
            if line.matrix in needed:
                kept.append(line)
                needed.update(line.inputs)
        scope = next((line.scope for line in self.forward if line.matrix is self.output), "")
        self.forward = kept[::-1]
        used = {x for line in self.forward for x in line.inputs}
        self.given = [(m, rows) for m, rows in self.given if m.letter == "X" or m in used or m is target]
        if target not in used:
            target.letter, target.number = "T", ""
            left = [m for m, _ in self.given if m.letter == "X"]
            for i, matrix in enumerate(left, 1):
                matrix.number = str(i) if len(left) > 1 else ""
        found = written(loss, y, target)
        self.forward += [Line(matrix, formula, list(inputs)) for matrix, formula, inputs in found.before]
        note = "" if scope else loss.kind
        self.forward.append(Line(self.output, found.loss, list(found.inputs), note=note, scope=scope))
        self._seeds[y] = Line(y.gradient, found.gradient, note="unit rows" * found.unit, of=target)
        self._outputs = y

    def _rename(self) -> None:
        """Y is what the network gives, ℓ the loss of an example; what comes between them is U; one Z is just Z."""
        single = len(self.plan.tape.outputs) == 1
        made = [line.matrix for line in self.forward]
        last = self._outputs or self._last_layer()
        if self.output in made and self.output.shape[0] == "m":
            network = last is not None and single and self.output is not last
            self.output.letter, self.output.number = ("ℓ", "") if network else ("Y", "")
            if network and last is not None and last is not self.output:
                last.letter, last.number = "Y", ""
                for line in self.forward[made.index(last) + 1 :]:
                    if line.matrix.letter in "ZHG" and line.matrix is not self.output:
                        line.matrix.letter = "U"
        names: dict[str, list[Matrix]] = {}
        for matrix in [*(m for m, _ in self.given), *made]:
            names.setdefault(matrix.letter, []).append(matrix)
        for letter, group in names.items():
            if letter in "ZHUGSYℓpC":
                for i, matrix in enumerate(group, 1):
                    matrix.number = str(i) if len(group) > 1 else ""

    def _last_layer(self) -> Matrix | None:
        """The last dense product, or what its activation gives."""
        dense = [line for line in self.forward if line.matrix.letter == "Z" and not line.lone]
        if not dense:
            return None
        users = [line for line in self.forward if dense[-1].matrix in line.inputs]
        if len(users) == 1 and isinstance(users[0].formula, Reading) and users[0].formula.op.name in ACTIVATIONS:
            return users[0].matrix
        return dense[-1].matrix

    # Backward

    def _backward(self) -> list[Line]:
        """The gradients from that of the output back, each once all that is sent to it is known."""
        end = self.plan.tape.parameters
        depends = {m for m, rows in self.given if rows.space is Space.SHARED and rows.numbers[0] < end}
        for line in self.forward:
            if not depends.isdisjoint(line.inputs):
                depends.add(line.matrix)
        pending: dict[Matrix, int] = {}
        for line in self.forward:
            for x in dict.fromkeys(line.inputs):
                pending[x] = pending.get(x, 0) + 1
        sent = {matrix: [line.formula] for matrix, line in self._seeds.items()} or {self.output: [self._seed()]}
        lines: list[Line] = []
        computed = {line.matrix for line in self.forward}

        def close(matrix: Matrix) -> None:
            formulas = sent[matrix]
            if matrix in self._seeds:
                lines.append(replace(self._seeds[matrix], matrix=matrix.gradient))
                return
            lines.append(Line(matrix.gradient, formulas[0] if len(formulas) == 1 else Sum(formulas)))

        for line in reversed(self.forward):
            if line.matrix in sent and line.matrix in depends:
                close(line.matrix)
                for x, formula in line.back(Name(line.matrix.gradient)) if line.back else ():
                    if x in depends:
                        sent.setdefault(x, []).append(formula)
            for x in dict.fromkeys(line.inputs):
                pending[x] -= 1
                if not pending[x] and x in sent and x not in computed:
                    close(x)
        return lines

    def _seed(self) -> Formula:
        if self.output.letter == "ℓ" or (len(self.plan.tape.outputs) == 1 and self.output.shape == ("m", 1)):
            return Word("1/m", r"\frac{1}{m}", 0.0, "1/m")
        if len(self.plan.tape.outputs) == 1:
            return Word("1", "1", 1.0)
        return Word("given", "", 1.0, self.output.gradient.name)


def _reduced(formula: Formula, target: Matrix, out: Matrix) -> Formula:
    """A gradient of the shape of `out` summed to the shape of what was repeated to it."""
    rows = target.shape[0] != out.shape[0]
    columns = target.shape[1] != out.shape[1]
    if rows or columns:
        return Added(formula, None if rows and columns else 0 if rows else 1)
    return formula


def _taken_back(taken: Taken, sources: list[Matrix]) -> Back:
    """What goes back to each matrix; to one that is the same for all examples, that of all of them."""
    varies = any(matrix.shape[0] == "m" for matrix, _ in taken.columns)
    summed = {source for source in sources if varies and source.shape[0] != "m"}
    return lambda upstream: [
        (source, Part(Added(upstream, 0) if source in summed else upstream, taken, source)) for source in sources
    ]


def _forms(plan: Plan) -> dict[Rows, tuple[int, int]]:
    """The shared rows that are the weights of a dense product, as neurons × inputs, and what they are made of."""
    forms = {
        block.weights: (len(block.out), len(block.weights) // len(block.out))
        for block in plan.blocks
        if isinstance(block, Affine) and block.dense
    }
    for block in reversed(plan.blocks):
        if isinstance(block, Elementwise) and block.out in forms:
            for rows in inputs_of(block):
                if len(set(rows.numbers)) == len(rows) > 1:
                    forms.setdefault(rows, forms[block.out])
    return forms


def _scopes(plan: Plan) -> dict[tuple[Space, int], tuple[str, ...]]:
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
