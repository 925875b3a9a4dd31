"""The blocks of a plan as named matrices and lines of formulas, forward and backward (lectures, B4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from micrograd_es.program.blocks import Affine, Block, Elementwise, Inner, Plan, Rows, Space, Total
from micrograd_es.program.explaining.affine_formulas import affine_line
from micrograd_es.program.explaining.attention import name_attention, softmax_line
from micrograd_es.program.explaining.constants import with_numbers
from micrograd_es.program.explaining.formulas import Matrix
from micrograd_es.program.explaining.layers import name_layers
from micrograd_es.program.explaining.letters import (
    name_as_the_user_does,
    name_loss,
    name_output,
    with_letters_numbered,
)
from micrograd_es.program.explaining.lines import Line, Page
from micrograd_es.program.explaining.mixing import Mixing, mixing, mixing_line
from micrograd_es.program.explaining.naming import Names
from micrograd_es.program.explaining.neurons import with_neurons
from micrograd_es.program.explaining.objective import Objective, with_objective
from micrograd_es.program.explaining.operations import operation_line
from micrograd_es.program.explaining.orders import in_order
from micrograd_es.program.explaining.recognition import recognise
from micrograd_es.program.explaining.recurrences import name_steps
from micrograd_es.program.explaining.scopes import Scopes
from micrograd_es.program.explaining.softmax_lines import with_softmaxes
from micrograd_es.program.explaining.softmaxes import Softmaxes, attended
from micrograd_es.program.explaining.stretches import Taken
from micrograd_es.program.explaining.tables import inner_line, pieces, tables_apart
from micrograd_es.program.explaining.totals import total_line
from micrograd_es.program.explaining.way_back import backward

_LINES: dict[type, Callable[[Names, Any], Line]] = {
    Affine: affine_line,
    Total: total_line,
    Inner: inner_line,
    Elementwise: operation_line,
    Softmaxes: softmax_line,
    Mixing: mixing_line,
}


class Lines:
    """The lines of a plan: `forward`, and `backward` from the gradient of the `output`, with what is `given`.

    A loss that is recognised is written as lectures write it, unless `steps` asks for every step of it. `index` is a
    letter for the steps of a recurrence; nothing where there is none.
    """

    def __init__(self, plan: Plan, shapes: Sequence[tuple[int, ...]], steps: bool = False) -> None:
        plan = with_neurons(plan)
        names = _named(plan, shapes, steps)
        output, single = _output(names), len(plan.tape.outputs) == 1
        page, objective = names.page, Objective(output)
        if not steps and single and output.shape == ("m", 1):
            page, objective = with_objective(names, output)
        page = with_numbers(plan, page, objective.output)
        if not steps:
            page = page._replace(forward=with_softmaxes(page.forward, {objective.output, *objective.seeds}))
            name_attention(page.forward)
        page = _with_letters(page, plan, objective)
        self.index = "" if steps else name_steps(page.forward, [matrix for matrix, _ in page.given])
        self.given, self.output = page.given, objective.output
        self.forward = page.ending(objective.line).forward if single else page.forward
        self.backward = backward(page, objective, plan.tape)


def _named(plan: Plan, shapes: Sequence[tuple[int, ...]], steps: bool) -> Names:
    """The names of all blocks, each with its lines; softmaxes that a mask leaves are one, but where `steps` are."""
    names, scopes = Names(plan, shapes), Scopes(plan)
    name_layers(names)
    for block in tables_apart(plan) if steps else attended(plan):
        for piece in [block] if isinstance(block, Softmaxes) else pieces(names, block):
            own = mixing(names, in_order(names, piece))
            line = _LINES[type(own)](names, own)
            line.scope = scopes.of(own.out)
            names.known.own(line.matrix, own.out, _form(names, own, line.matrix))
            names.add(line)
    return names


def _form(names: Names, block: Block | Softmaxes | Mixing, matrix: Matrix) -> tuple[int, int] | None:
    """How many neurons and inputs what a block computes has, where it is weights."""
    if isinstance(block, Inner) and block.out.space is Space.SHARED:
        return matrix.shape[1], matrix.size // matrix.shape[1]
    return names.forms.get(block.out)


def _output(names: Names) -> Matrix:
    """The matrix of what the function returns; columns are put together for it where they are apart.

    Of several outputs it has a row for each example also where they are the same for all: each has a gradient.
    """
    places = [names.plan.places[number] for number in names.plan.tape.outputs]
    if len(places) > 1 and Space.SHARED in {space for space, _ in places}:
        return names.put(names.new("Y", ("m", len(places)), ""), Taken([names.owner_of(place) for place in places]))
    found = names.matrix(Rows(places[0][0], tuple(row for _, row in places)), "p", each=len(places) > 1)
    if len(places) > 1 and found in [matrix for matrix, _ in names.given]:
        return names.put(names.new("Y", found.shape, ""), Taken([(found, column) for column in range(len(places))]))
    return found


def _with_letters(page: Page, plan: Plan, objective: Objective) -> Page:
    """The page with the names that lectures have, and what is recognised by them; then those that the user has."""
    name_output(page, plan, objective.output, objective.outputs)
    page = with_letters_numbered(page, plan.tape.parameters)
    recognise(page.forward, objective.output)
    name_loss(page, objective.output)
    name_as_the_user_does(page, plan)
    return page
