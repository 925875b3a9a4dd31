"""What a program is to make small: a recognised loss in place of its steps, and a penalty beside its mean."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from micrograd_es.ops import ABS
from micrograd_es.program.blocks import Rows, Space
from micrograd_es.program.explaining.constants import Numbers
from micrograd_es.program.explaining.formulas import Formula, Matrix, Mean, Name, Norm, Sum
from micrograd_es.program.explaining.letters import number
from micrograd_es.program.explaining.lines import Line, Page
from micrograd_es.program.explaining.loss_lines import written
from micrograd_es.program.explaining.loss_search import Apart, Found, Search
from micrograd_es.program.explaining.naming import Names
from micrograd_es.program.explaining.patches import Flat
from micrograd_es.program.explaining.readings import Reading, fraction, times
from micrograd_es.program.explaining.tables import Table

Norms = Mapping[tuple[str, Matrix], float]  # a factor for the squares or absolute values of each matrix


class Objective(NamedTuple):
    """The `output` of a program, one number for each example where it is made small, and what its mean is added to.

    `outputs` is what a recognised loss is the loss of, `seeds` the lines of the gradients that the way back starts
    from; `penalties` is what is added to the mean of the output, and `decay` what they send to the weights. A loss at
    several positions has a number for each, and its mean is taken `over` all of them, or over one.
    """

    output: Matrix
    outputs: Matrix | None = None
    seeds: Mapping[Matrix, Line] = MappingProxyType({})
    over: int = 1
    penalties: Sequence[Formula] = ()
    decay: Mapping[Matrix, Sequence[Formula]] = MappingProxyType({})

    @property
    def mean(self) -> Formula:
        """The output, or its mean over the examples."""
        varies = self.output.shape[0] == "m"
        return Mean(Name(self.output), self.output.positions, self.over) if varies else Name(self.output)

    @property
    def line(self) -> Line:
        """The line of L, the mean and the penalties."""
        return Line(Matrix("L", "", (1, 1)), Sum([self.mean, *self.penalties]) if self.penalties else self.mean)


def with_objective(names: Names, output: Matrix) -> tuple[Page, Objective]:
    """The page with the loss that its output is, if it is one, in place of its steps, and a penalty beside it."""
    search = Search(names.plan, names.known.owner, names.known.tables)
    found = _loss(names, search)
    if not found:
        return _set_apart(names, search, output)
    norms = _norms(names, found.penalty)
    penalties = {} if norms else {names.owner_of(x)[0]: factor for x, factor in found.penalty.places.items()}
    if any(matrix.size > 1 for matrix in penalties):
        return names.page, Objective(output)
    target = _target(names, found)
    page, objective = _in_place(names.page, output, found, target, [*[matrix for _, matrix in norms], *penalties])
    if norms:
        return _penalized(page, objective, norms)
    alone = {matrix: Line(matrix.gradient, fraction(factor)) for matrix, factor in penalties.items()}
    added = [times(factor, Name(matrix)) for matrix, factor in penalties.items()]
    return page, objective._replace(penalties=added, seeds={**objective.seeds, **alone})


def _loss(names: Names, search: Search) -> Found | None:
    """The loss that the output is, if it is one."""
    losses = (found for found in search.losses(_last_first(names.forward)) if _has_targets(names, found))
    found = next(losses, None)
    if found and found.loss.known:  # −log σ(t·y) is that of y with the targets t, not that of t·y with 1
        found = next((other for other in losses if not other.loss.known), found)
    return found


def _last_first(forward: Sequence[Line]) -> Iterator[Matrix]:
    """The matrices from the last line back; one at positions before what is made of it in one row."""
    for line in reversed(forward):
        if isinstance(line.formula, Flat):
            yield line.formula.matrix
        yield line.matrix


def _has_targets(names: Names, found: Found) -> bool:
    """Whether the targets are a matrix: at several positions one of inputs, or the same numbers at all of them."""
    positions, targets = found.outputs.positions, found.loss.targets
    if positions == 1:
        return len({space for space, _ in found.targets}) < 2
    if found.loss.known:
        return all(t == targets[i - i % positions] for i, t in enumerate(targets))
    return all(space is Space.VARYING and row < names.plan.tape.inputs for space, row in found.targets)


def _target(names: Names, found: Found) -> Matrix:
    """The matrix of the targets of a loss; that of outputs at positions is at these, too."""
    positions = found.outputs.positions
    if not found.targets:
        numbers = found.loss.targets[::positions]
        return names.add(Line(Matrix("T", "", (1, len(numbers))), Numbers(np.array([numbers], float))))
    rows = Rows(found.targets[0][0], tuple(row for _, row in found.targets))
    if positions == 1:
        return names.matrix(rows, "C", each=True)
    known = names.known.at_positions(rows, positions)
    if known:
        return known
    return names.put_at_positions(Table(names.known.columns(rows), positions), rows)


def _in_place(
    page: Page, output: Matrix, found: Found, target: Matrix, others: Collection[Matrix]
) -> tuple[Page, Objective]:
    """What the outputs of a loss, its targets and some others need, and the lines of the loss after it."""
    y = found.outputs
    loss, over = found.loss.at_each(y.positions), 1
    scope = next((line.scope for line in page.forward if line.matrix is output), "")
    page = page.only({y, target, *others})
    if not any(target in line.inputs for line in page.forward):
        target.letter, target.number = "T", ""
        number([x for x, _ in page.given if x.letter == "X"])
    if y.positions > 1:
        output, over = Matrix("ℓ", "", ("m", 1), positions=y.positions), loss.over
    made = written(loss, y, target, found.shares)
    before = [Line(matrix, formula, list(inputs)) for matrix, formula, inputs in made.before]
    last = Line(output, made.loss, list(made.inputs), note="" if scope else loss.kind, scope=scope)
    seed = Line(y.gradient, made.gradient, note=made.note, of=made.of)
    return page.ending(*before, last), Objective(output, y, {y: seed}, over)


# Penalties


def _set_apart(names: Names, search: Search, output: Matrix) -> tuple[Page, Objective]:
    """The page with a penalty of squares or absolute values beside a loss that stays as it is."""
    found = search.rest()
    if not found:
        return names.page, Objective(output)
    place, factor, penalty = found
    norms, loss = _norms(names, penalty), names.owner_of(place)[0]
    if not norms or loss.shape != ("m", 1):
        return names.page, Objective(output)
    page = names.page.only({loss, *[matrix for _, matrix in norms]})
    if factor == 1:
        return _penalized(page, Objective(loss), norms)
    scaled = Line(output, times(factor, Name(loss)), [loss], lambda up: [(loss, times(factor, up))])
    return _penalized(page.ending(scaled), Objective(output), norms)


def _norms(names: Names, penalty: Apart) -> Norms:
    """A factor for the squares or absolute values of whole matrices; none where those of parameters differ."""
    found: dict[tuple[str, Matrix], list[float]] = {}
    for (kind, row), factor in (penalty.norms or {}).items():
        found.setdefault((kind, names.known.owner[Space.SHARED, row][0]), []).append(factor)
    alike = all(
        len(set(some)) == 1 and len(some) == matrix.size - matrix.missing for (_, matrix), some in found.items()
    )
    return {key: some[0] for key, some in found.items()} if alike else {}


def _penalized(page: Page, objective: Objective, norms: Norms) -> tuple[Page, Objective]:
    """The page with R = λ·(‖W1‖² + …), and the objective with what it sends to the weights."""
    groups: dict[float, list[Formula]] = {}
    decay: dict[Matrix, list[Formula]] = {}
    places = {matrix: place for place, (matrix, _) in enumerate(page.given)}
    for (kind, matrix), factor in sorted(norms.items(), key=lambda item: (item[0][0], places[item[0][1]])):
        x, squares = Name(matrix), kind == "square"
        groups.setdefault(factor, []).append(Norm(x, squares))
        sent = times(2 * factor, x) if squares else times(factor, Reading(ABS, [x], x))
        decay.setdefault(matrix, []).append(sent)
    parts = [times(factor, made[0] if len(made) == 1 else Sum(made)) for factor, made in groups.items()]
    kinds = {kind for kind, _ in norms}
    note = "" if min(norms.values()) < 0 else "penalty" if len(kinds) > 1 else f"penalty of {kinds.pop()}s"
    penalty, formula = Matrix("R", "", (1, 1)), parts[0] if len(parts) == 1 else Sum(parts)
    line = Line(penalty, formula, [matrix for _, matrix in norms], note=note)
    return page.ending(line), objective._replace(penalties=[Name(penalty)], decay=decay)
