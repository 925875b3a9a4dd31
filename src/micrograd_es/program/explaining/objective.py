"""What a program is to make small: a recognised loss in place of its steps, and a penalty beside its mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from micrograd_es.ops import ABS
from micrograd_es.program.blocks import Plan, Rows, Space
from micrograd_es.program.explaining.constants import Numbers
from micrograd_es.program.explaining.formulas import Formula, Matrix, Mean, Name, Norm, Sum
from micrograd_es.program.explaining.lines import Line
from micrograd_es.program.explaining.loss_lines import written
from micrograd_es.program.explaining.loss_search import Apart, Found, Search
from micrograd_es.program.explaining.naming import Names
from micrograd_es.program.explaining.patches import Flat
from micrograd_es.program.explaining.readings import Reading, fraction, times
from micrograd_es.program.explaining.tables import Table


class Objective(Names):
    """The lines of a plan with its `output`, one number for each example, as a lecture writes it.

    `outputs` is what a recognised loss is the loss of, `seeds` the lines of the gradients that the way back starts
    from; `penalties` is what is added to the mean of the output, and `decay` what they send to the weights. A loss at
    several positions has a number for each, and its mean is taken `over` all of them, or over one.
    """

    output: Matrix

    def __init__(self, plan: Plan, shapes: Sequence[tuple[int, ...]]) -> None:
        super().__init__(plan, shapes)
        self.seeds: dict[Matrix, Line] = {}
        self.outputs: Matrix | None = None
        self.over = 1
        self.penalties: list[Formula] = []
        self.decay: dict[Matrix, list[Formula]] = {}

    def condense(self) -> None:
        """Write the loss that the output is, if it is one, in place of its steps, and a penalty beside it."""
        search = Search(self.plan, self.known.owner, self.known.tables)
        losses = (found for found in search.losses(self._last_first()) if self._has_targets(found))
        found = next(losses, None)
        if found and found.loss.known:  # −log σ(t·y) is that of y with the targets t, not that of t·y with 1
            found = next((other for other in losses if not other.loss.known), found)
        if not found:
            self._set_apart(search)
            return
        norms = self._norms(found.penalty)
        penalties = {} if norms else {self.owner_of(x)[0]: factor for x, factor in found.penalty.places.items()}
        if any(matrix.size > 1 for matrix in penalties):
            return
        others = [*[matrix for _, matrix in norms], *penalties]
        self._replace(found, self._target(found), others)
        if norms:
            self._penalize(norms)
        for matrix, factor in penalties.items():
            self.penalties.append(times(factor, Name(matrix)))
            self.seeds[matrix] = Line(matrix.gradient, fraction(factor))

    def _last_first(self) -> Iterator[Matrix]:
        """The matrices from the last line back; one at positions before what is made of it in one row."""
        for line in reversed(self.forward):
            if isinstance(line.formula, Flat):
                yield line.formula.matrix
            yield line.matrix

    def _has_targets(self, found: Found) -> bool:
        """Whether the targets are a matrix: at several positions one of inputs, or the same numbers at all of them."""
        positions, targets = found.outputs.positions, found.loss.targets
        if positions == 1:
            return len({space for space, _ in found.targets}) < 2
        if found.loss.known:
            return all(t == targets[i - i % positions] for i, t in enumerate(targets))
        return all(space is Space.VARYING and row < self.plan.tape.inputs for space, row in found.targets)

    def _target(self, found: Found) -> Matrix:
        """The matrix of the targets of a loss; that of outputs at positions is at these, too."""
        positions = found.outputs.positions
        if not found.targets:
            numbers = found.loss.targets[::positions]
            target = Matrix("T", "", (1, len(numbers)))
            self.forward.append(Line(target, Numbers(np.array([numbers], float))))
            return target
        rows = Rows(found.targets[0][0], tuple(row for _, row in found.targets))
        if positions == 1:
            return self.matrix(rows, "C", each=True)
        known = self.known.at_positions(rows, positions)
        if known:
            return known
        columns = [self.known.owner[rows.space, row] for row in rows.numbers]
        return self.put(self.new("G", found.outputs.shape, positions=positions), Table(columns, positions))

    def mean(self) -> Formula:
        """The output, or its mean over the examples."""
        varies = self.output.shape[0] == "m"
        return Mean(Name(self.output), self.output.positions, self.over) if varies else Name(self.output)

    def _set_apart(self, search: Search) -> None:
        """Write a penalty of squares or absolute values beside a loss that stays as it is."""
        found = search.rest()
        if not found:
            return
        place, factor, penalty = found
        norms, loss = self._norms(penalty), self.owner_of(place)[0]
        if norms and loss.shape == ("m", 1):
            self._keep({loss, *[matrix for _, matrix in norms]})
            if factor == 1:
                self.output = loss
            else:
                scaled = times(factor, Name(loss))
                self.forward.append(Line(self.output, scaled, [loss], lambda up: [(loss, times(factor, up))]))
            self._penalize(norms)

    def _norms(self, penalty: Apart) -> dict[tuple[str, Matrix], float]:
        """A factor for the squares or absolute values of whole matrices; none where those of parameters differ."""
        found: dict[tuple[str, Matrix], list[float]] = {}
        for (kind, row), factor in (penalty.norms or {}).items():
            found.setdefault((kind, self.known.owner[Space.SHARED, row][0]), []).append(factor)
        alike = all(
            len(set(some)) == 1 and len(some) == matrix.size - matrix.missing for (_, matrix), some in found.items()
        )
        return {key: some[0] for key, some in found.items()} if alike else {}

    def _penalize(self, norms: Mapping[tuple[str, Matrix], float]) -> None:
        """Write R = λ·(‖W1‖² + …), and what it sends to the weights."""
        groups: dict[float, list[Formula]] = {}
        places = {matrix: place for place, (matrix, _) in enumerate(self.given)}
        for (kind, matrix), factor in sorted(norms.items(), key=lambda item: (item[0][0], places[item[0][1]])):
            x, squares = Name(matrix), kind == "square"
            groups.setdefault(factor, []).append(Norm(x, squares))
            sent = times(2 * factor, x) if squares else times(factor, Reading(ABS, [x], x))
            self.decay.setdefault(matrix, []).append(sent)
        parts = [times(factor, made[0] if len(made) == 1 else Sum(made)) for factor, made in groups.items()]
        kinds = {kind for kind, _ in norms}
        note = "" if min(norms.values()) < 0 else "penalty" if len(kinds) > 1 else f"penalty of {kinds.pop()}s"
        penalty = Matrix("R", "", (1, 1))
        formula = parts[0] if len(parts) == 1 else Sum(parts)
        self.forward.append(Line(penalty, formula, [matrix for _, matrix in norms], note=note))
        self.penalties.append(Name(penalty))

    def _keep(self, needed: set[Matrix]) -> None:
        """Leave out the lines that some matrices do not need, and what is given for those lines alone."""
        kept, others = [], set(needed)
        for line in reversed(self.forward):
            if line.matrix in needed:
                kept.append(line)
                needed.update(line.inputs)
        self.forward = kept[::-1]
        used = others.union(*[line.inputs for line in self.forward])
        self.given = [(m, rows) for m, rows in self.given if m.letter == "X" or m in used]

    def _replace(self, what: Found, target: Matrix, others: Sequence[Matrix]) -> None:
        """Keep what the outputs, the targets and some others need, and write the loss after it."""
        y = what.outputs
        loss = what.loss.at_each(y.positions)
        scope = next((line.scope for line in self.forward if line.matrix is self.output), "")
        self._keep({y, target, *others})
        used = {x for line in self.forward for x in line.inputs}
        if target not in used:
            target.letter, target.number = "T", ""
            left = [m for m, _ in self.given if m.letter == "X"]
            for i, matrix in enumerate(left, 1):
                matrix.number = str(i) if len(left) > 1 else ""
        if y.positions > 1:
            self.output, self.over = Matrix("ℓ", "", ("m", 1), positions=y.positions), loss.over
        found = written(loss, y, target, what.shares)
        self.forward += [Line(matrix, formula, list(inputs)) for matrix, formula, inputs in found.before]
        note = "" if scope else loss.kind
        self.forward.append(Line(self.output, found.loss, list(found.inputs), note=note, scope=scope))
        self.seeds[y] = Line(y.gradient, found.gradient, note=found.note, of=found.of)
        self.outputs = y
