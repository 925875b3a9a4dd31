"""The letters and numbers of matrices: Y is what a network gives, ℓ the loss of an example, one Z is just Z.

Matrices are named in place: the formulas of a page have them, and are written when all have their names.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from micrograd_es.program.blocks import Plan
from micrograd_es.program.explaining.formulas import Matrix
from micrograd_es.program.explaining.labels import name_parameters
from micrograd_es.program.explaining.lines import Given, Line, Page
from micrograd_es.program.explaining.patches import Patches
from micrograd_es.program.explaining.readings import Reading
from micrograd_es.program.explaining.stretches import Taken

ACTIVATIONS = ("relu", "tanh", "sigmoid", "softplus", "identity")
_NUMBERED = "ZHUGFSYℓpCQKVPOMD"


def number(group: Sequence[Matrix]) -> None:
    """Number matrices of one letter; one alone has none."""
    for i, matrix in enumerate(group, 1):
        matrix.number = str(i) if len(group) > 1 else ""


def name_output(page: Page, plan: Plan, output: Matrix, outputs: Matrix | None) -> None:
    """Name the output, if a line computes it; of a loss also what it is the loss of, and what is between them.

    The loss is of the `outputs`, where it is known of which, or else of the last layer.
    """
    made = [line.matrix for line in page.forward]
    if output not in made or output.shape[0] != "m":
        return
    last = outputs or _last_layer(page, plan.tape.parameters)
    if last is None or last is output or len(plan.tape.outputs) > 1:
        output.letter, output.number = "Y", ""
        return
    output.letter, output.number = "ℓ", ""
    last.letter, last.number = "Y", ""
    for matrix in made[made.index(last) + 1 :]:
        if matrix.letter in "ZHG" and matrix is not output:
            matrix.letter = "U"


def name_loss(page: Page, output: Matrix) -> None:
    """Call an output that adds up squared errors ℓ, also where they are not those of a layer: of states, of powers."""
    notes = {line.matrix: line.note for line in page.forward}
    if output.letter == "Y" and notes.get(output) == "squared error":
        output.letter = "ℓ"


def _last_layer(page: Page, parameters: int) -> Matrix | None:
    """The last dense product, or what its activation gives; None where it is only a part of another one.

    So it is where it gives the gates of a cell's last step: it is taken apart, and the steps before have its weights.
    """
    dense = [
        line for line in page.forward if line.matrix.letter == "Z" and line.matrix.positions == 1 and not line.lone
    ]
    if not dense:
        return None
    found = dense[-1].matrix
    users = [line for line in page.forward if found in line.inputs]
    if len(users) > 1 and all(isinstance(line.formula, Taken) for line in users):
        weights = {x for x in dense[-1].inputs if x.letter == "W"}
        if not weights.isdisjoint([x for line in dense[:-1] for x in line.inputs]):
            return None
    if len(users) == 1 and isinstance(users[0].formula, Reading) and users[0].formula.op.name in ACTIVATIONS:
        found = users[0].matrix
    beside = {x for line in users if isinstance(line.formula, Patches | Taken) for x in line.inputs} - {found}
    return found if beside.isdisjoint(page.dependent(parameters)) else None


def with_letters_numbered(page: Page, parameters: int) -> Page:
    """The page, with the matrices of each letter numbered; weights are given in the order of their numbers."""
    groups: dict[str, list[Matrix]] = {}
    for matrix in page.matrices:
        groups.setdefault(matrix.letter, []).append(matrix)
    for letter, group in groups.items():
        if letter in _NUMBERED:
            number(_by_place(group, page.forward) if letter == "G" else group)
        elif letter in "WB":
            page = _with_weights(page, group, page.dependent(parameters))
    return page


def _with_weights(page: Page, group: Iterable[Matrix], learned: Container[Matrix]) -> Page:
    """The page with weights, or biases, numbered as lines read them, those that are not `learned` last.

    What is made of others comes after these.
    """
    first = {x: i for i, line in reversed([*enumerate(page.forward)]) for x in line.inputs}
    made, rows = {line.matrix for line in page.forward}, dict(page.given)
    own = sorted([x for x in group if x not in made], key=lambda x: first.get(x, len(first)))
    both = [*own, *[x for x in group if x in made]]
    for i, matrix in enumerate(sorted(both, key=lambda x: (x not in learned, first.get(x, len(first)))), 1):
        matrix.number = str(i)
    turns = iter(own)
    given: list[Given] = [(y := next(turns), rows[y]) if x in own else (x, rows[x]) for x, _ in page.given]
    return page._replace(given=given)


def _by_place(group: Sequence[Matrix], forward: Sequence[Line]) -> list[Matrix]:
    """Some matrices, those that are parts of inputs in the order of their places there."""
    taken = {line.matrix: line.formula.columns[0] for line in forward if isinstance(line.formula, Taken)}
    inputs = {line.matrix: {x.letter for x in line.inputs} == {"X"} for line in forward}
    parts = [x for x in group if x in taken and inputs[x]]
    places = iter(sorted(parts, key=lambda x: (taken[x][0].number, taken[x][1])))
    return [next(places) if x in parts else x for x in group]


def name_as_the_user_does(page: Page, plan: Plan) -> None:
    """Call parameters as the user does, those of whole layers aside."""
    alone = {x for line in page.forward for x in line.inputs if line.inputs[0].shape == (1, 1)}
    single = [(x, rows) for x, rows in page.given if x.shape == (1, 1) and plan.are_parameters(rows)]
    named = [(x, rows) for x, rows in single if x.letter == "p" or x in alone]
    name_parameters(plan, named, page.matrices)
    number([x for x in page.matrices if x.letter == "p"])
