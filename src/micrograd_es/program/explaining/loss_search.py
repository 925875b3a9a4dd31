"""The search for the matrix that a program's output is the loss of."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from micrograd_es.program.blocks import Place, Plan, Rows, Space
from micrograd_es.program.explaining.columns import Column
from micrograd_es.program.explaining.formulas import Matrix
from micrograd_es.program.explaining.loss_kinds import Loss
from micrograd_es.program.explaining.loss_terms import loss_of
from micrograd_es.program.explaining.penalties import Norms, Parts, norms_of, scaled_inputs, taken_apart
from micrograd_es.program.explaining.probabilities import sum_to_one
from micrograd_es.program.explaining.written_out import written_out


class Apart(NamedTuple):
    """What an output adds that is the same for all examples: where it stands, and what it is multiplied by.

    `norms` is what that is in sum, a factor for the square or the absolute value of each parameter, by its row: None
    where it is something else.
    """

    places: Mapping[Place, float]
    norms: Norms | None


class Found(NamedTuple):
    """A loss, the matrix that it is the loss of, and where its targets stand; nowhere if they are known numbers.

    `shares` says that the targets of every row sum to 1 where what is given as such does.
    """

    loss: Loss
    outputs: Matrix
    targets: Sequence[Place]
    penalty: Apart
    shares: bool


class Search:
    """The single output of a plan, which may be a loss.

    `owner` has the matrix and the column of each row, `at_positions` the matrices that have a row for each position.
    """

    def __init__(self, plan: Plan, owner: Mapping[Place, Column], at_positions: Mapping[Rows, Matrix]) -> None:
        self.owner, self.at_positions = owner, at_positions
        self.tape, self.numbers = written_out(plan)
        self.places = {number: place for place, number in self.numbers.items()}
        tape = self.tape
        self.free = [True] * tape.inputs + [False] * tape.parameters + [True] * len(tape.constants)
        self.varies = [True] * tape.inputs + [False] * (tape.first_entry - tape.inputs)
        for number, entry in enumerate(tape.entries, tape.first_entry):
            self.free.append(all(self.free[x] for x in entry.inputs))
            space = self.places[number][0] if number in self.places else None  # a layer's stand-in varies, too
            self.varies.append(space is Space.VARYING or any(self.varies[x] for x in entry.inputs))

    def losses(self, matrices: Iterable[Matrix]) -> Iterator[Found]:
        """The losses that the output is, of those of the matrices that fit."""
        columns = self._columns()
        *whole, sums = self._added()
        for y in matrices:
            if y.shape[0] == "m" and len(columns.get(y, ())) == y.size:
                added, penalties = whole
                if not sums.keys().isdisjoint(columns[y]):
                    added, penalties, _ = self._added(columns[y])
                known = self.places.keys() >= penalties.keys()
                loss = loss_of(self.tape, columns[y], self.free, added, y.positions) if known else None
                if loss:
                    numbers = [] if loss.known else [int(t) for t in loss.targets]
                    targets = [self.places[number] for number in numbers]
                    shares = all(sum_to_one(self.tape, numbers[i :: y.positions]) for i in range(y.positions))
                    yield Found(loss, y, targets, self._apart(penalties), shares)

    def _columns(self) -> dict[Matrix, dict[int, int]]:
        """The columns of each matrix by the numbers of the tape in them, where these depend on parameters."""
        places = [(place, *owner) for place, owner in self.owner.items() if owner[0].positions == 1]
        for rows, matrix in self.at_positions.items():
            places += [((rows.space, row), matrix, column) for column, row in enumerate(rows.numbers)]
        columns: dict[Matrix, dict[int, int]] = {}
        for place, matrix, column in places:
            number = self.numbers.get(place)  # none for what a mask makes 0
            if number is not None and not self.free[number]:
                columns.setdefault(matrix, {})[number] = column
        return columns

    def rest(self) -> tuple[Place, float, Apart] | None:
        """What the output is without a penalty, where that is one number for each example; its factor; the penalty."""
        tape, (_, penalties, _) = self.tape, self._added()
        holds = set(penalties)  # and every sum that one of them is in
        for number in range(tape.first_entry, tape.first_entry + len(tape.entries)):
            if not holds.isdisjoint([x for x, _ in scaled_inputs(tape, number)]):
                holds.add(number)
        others = {number for number, varies in enumerate(self.varies) if varies and number not in holds}
        added, penalties, _ = self._added(others)
        if len(added) != 1 or not penalties or not self.places.keys() >= {*added, *penalties}:
            return None
        ((number, factor),) = added.items()
        return self.places[number], factor, self._apart(penalties)

    def _added(self, columns: Container[int] = ()) -> tuple[Parts, Parts, Parts]:
        """What the output adds up, down to some columns; see `taken_apart`."""
        return taken_apart(self.tape, columns, self.varies, self.free)

    def _apart(self, penalties: Parts) -> Apart:
        places = {self.places[number]: factor for number, factor in penalties.items()}
        return Apart(places, norms_of(self.tape, penalties) if places else None)
