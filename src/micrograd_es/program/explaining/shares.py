"""What a row that varies is made of, and of which scores it is the share: e^s/Σ e^s, however it is written."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from micrograd_es.maths import NUMBERS
from micrograd_es.ops import ADD, DIV, EXP, LSE, MAX, MUL, NEG, SAME, SUB, Op
from micrograd_es.program.blocks import Affine, Block, Elementwise, Inner, Place, Plan, Rows, Space, Total
from micrograd_es.program.lists import in_lines

Entry = tuple[Op | None, Sequence[Place]]  # a row of the table, or None for w·x + b, and its inputs

Bias = tuple[float, int]  # a number times a row that all examples share
Number = tuple[int, float, float, Bias | None]  # scale·base + added + bias

_NOTHING: Place = (Space.SHARED, -1)


class Scaled(NamedTuple):
    """A number as scale·base + added + bias, and the rows on the way to the base.

    The `divisor` is there if it was divided by one, the `bias` if something that is no number is added.
    """

    base: int
    scale: float
    divisor: float | None
    added: float
    way: tuple[int, ...]
    bias: Bias | None = None

    @property
    def number(self) -> Number:
        """What it comes to, however it is written."""
        return self.base, self.scale, self.added, self.bias


class Cell(NamedTuple):
    """A share, how its score is scaled, where that is (the table, the row, the column), and all scores of its softmax.

    `place` is None for a score that is in no table. `way` are the rows on the way from the score to the share.
    """

    share: int
    score: Scaled
    place: tuple[int, int, int] | None
    among: frozenset[Number]
    way: tuple[int, ...]


class _Share(NamedTuple):
    """What a row is the share of, among what, and the rows on the way."""

    score: Place
    among: Sequence[Place]
    way: Sequence[Place]


class Shares:
    """The rows that vary, by what they are made of.

    `entries` are the operations, `users` what uses each row, −1 for a block that is read as a whole. `cells` are where
    scores are: the table, the row and the column.
    """

    def __init__(self, plan: Plan, blocks: Sequence[Block]) -> None:
        self.entries: dict[int, Entry] = {}
        self.users: dict[int, set[int]] = {}
        self.cells: dict[int, tuple[int, int, int]] = {}
        self._known = _constants(plan)
        self._scores: dict[int, Scaled] = {}
        for block in blocks:
            self._read(block)

    def _read(self, block: Block) -> None:
        """Note what a block makes its rows of."""
        if isinstance(block, Inner):
            self._use(block.left, block.right)
        elif isinstance(block, Affine) and block.terms > 1:
            self._use(block.inputs, *block.bare)
        elif block.out.space is Space.VARYING:
            for row, entry in zip(block.out.numbers, _entries(block), strict=True):
                self.entries[row] = entry
                for space, x in entry[1]:
                    if space is Space.VARYING:
                        self.users.setdefault(x, set()).add(row)

    def _use(self, *several: Rows) -> None:
        for rows in several:
            for row in rows.numbers if rows.space is Space.VARYING else ():
                self.users.setdefault(row, set()).add(-1)

    def cell(self, row: int) -> Cell | None:
        """A row as a share of scores that may be scaled, each of them counted once; None for any other."""
        share = self._share(row)
        if not share or any(space is not Space.VARYING for space, _ in (share.score, *share.among)):
            return None
        score, among = self._scaled(share.score[1]), frozenset([self._scaled(x).number for _, x in share.among])
        if score.number not in among or len(among) < len(share.among):
            return None
        way = tuple(dict.fromkeys([*[x for _, x in share.way], *score.way]))
        return Cell(row, score, self.cells.get(score.base), among, way)

    def made_of(self, row: int) -> Entry:
        """The operation and the inputs of a row that varies; None and no inputs where they are not known."""
        return self.entries.get(row, (None, ()))

    def number(self, row: int) -> float | None:
        """The constant that stands in place of a score, if a row is one."""
        op, inputs = self.made_of(row)
        return self._known.get(inputs[0][1]) if op is SAME and inputs[0][0] is Space.SHARED else None

    def _share(self, row: int) -> _Share | None:
        """A row as e^(s − log Σ e^s), or as e^s/Σ e^s, with the largest of the scores taken away or not."""
        op, inputs = self._entry((Space.VARYING, row))
        if op is EXP:
            score, total = self._difference(inputs[0])
            kind, among = self._entry(total)
            if kind is LSE:
                return _Share(score, among, [inputs[0], total])
        if op is DIV:
            power, total = inputs
            kind, powers = self._entry(total)
            if kind is not ADD or power == total:
                powers = [total]
            if power in powers and all(self._entry(x)[0] is EXP for x in powers):
                return self._powers(power, powers, [power, total])
        return None

    def _powers(self, power: Place, powers: Sequence[Place], way: Sequence[Place]) -> _Share:
        """A share of powers, whose exponents are scores, or scores less the largest of them."""
        exponents, own = [self._entry(x)[1][0] for x in powers], self._entry(power)[1][0]
        differences = [self._difference(x) for x in exponents]
        scores, (top, *others) = [score for score, _ in differences], dict.fromkeys([top for _, top in differences])
        kind, among = self._entry(top)
        if top != _NOTHING and not others and (set(among) == set(scores) if kind is MAX else scores == [top]):
            return _Share(self._difference(own)[0], scores, [*way, own, *([top] if kind is MAX else [])])
        return _Share(own, exponents, way)

    def _difference(self, place: Place) -> tuple[Place, Place]:
        """The two numbers of a difference; nothing twice for any other operation."""
        op, inputs = self._entry(place)
        return (inputs[0], inputs[1]) if op is SUB else (_NOTHING, _NOTHING)

    def _entry(self, place: Place) -> Entry:
        space, row = place
        return self.made_of(row) if space is Space.VARYING else (None, ())

    def _scaled(self, row: int) -> Scaled:
        """A row as a score of a table times a number, plus a number; as any other row times a number, or as itself."""
        if row not in self._scores:
            found = itself = Scaled(row, 1.0, None, 0.0, ())
            steps = [itself]
            while found.base not in self.cells:
                inner = self._step(found)
                if not inner:
                    found = next((step for step in steps[1:2] if not step.added and not step.bias), itself)
                    break
                steps.append(found := inner)
            self._scores[row] = found
        return self._scores[row]

    def _step(self, outer: Scaled) -> Scaled | None:
        """The same, where the base is a number times another, or with a number added; None for any other."""
        row, scale, _, _, way, bias = outer
        op, inputs = self.made_of(row)
        inside = [x for space, x in inputs if space is Space.VARYING]
        shared = [x for space, x in inputs if space is Space.SHARED]
        unknown = [x for x in shared if x not in self._known]
        known = [self._known[x] for x in shared if x in self._known]
        if len(inside) != 1 or len(unknown) > 1:
            return None
        is_first = inputs[0] == (Space.VARYING, inside[0])
        if unknown:
            is_term = op in (ADD, SUB) or (op is None and inputs[0][1] not in unknown)
            if bias or not is_term:
                return None
            bias = (-scale if op is SUB and is_first else scale), unknown[0]
            known = known or [0.0]
        found = _applied(op, known, is_first, outer)
        return Scaled(inside[0], *found, (*way, row), bias) if found else None


def _applied(
    op: Op | None, known: Sequence[float], is_first: bool, outer: Scaled
) -> tuple[float, float | None, float] | None:
    """The scale, the divisor and what is added where the base is an operation on another row and numbers.

    None where it is more than that. `is_first` says whether the row stands before the numbers.
    """
    _, scale, divisor, added, *_ = outer
    first = known[0] if known else 0.0
    if op is None:  # w·x + b
        return scale * first, divisor, added + scale * sum(known[1:])
    if op is ADD:
        return scale, divisor, added + scale * sum(known)
    if op is SUB and is_first:
        return scale, divisor, added - scale * first
    if op is MUL:
        return scale * prod(known), divisor, added
    if op is DIV and is_first and first:
        return scale / first, first, added
    return (-scale, divisor, added) if op is NEG else None


def _entries(block: Affine | Total | Elementwise) -> list[Entry]:
    """What each row of a block is made of; products have one term."""
    if isinstance(block, Elementwise):
        return [(block.op, inputs) for inputs in zip(*[rows.places for rows in block.inputs], strict=True)]
    if isinstance(block, Total):
        return [(ADD, terms) for terms in in_lines(block.terms.places, block.each)]
    weights, inputs = block.weights.places, block.inputs.places
    bare = [block.spread(rows).places for rows in block.bare]
    found: list[Entry] = []
    for i in range(len(block.out)):
        product = weights[i // block.positions], inputs[i % block.positions if block.dense else i]
        found.append((None, [*product, *[places[i] for places in bare]]))
    return found


def _constants(plan: Plan) -> dict[int, float]:
    """The rows that all examples share and that are numbers: constants, and what is made of them alone."""
    known = dict(plan.constants)
    for block in plan.blocks:
        if isinstance(block, Elementwise) and block.out.space is Space.SHARED:
            for row, inputs in zip(block.out.numbers, block.lines, strict=True):
                if all(x in known for x in inputs):
                    known[row] = _number(block.op, [known[x] for x in inputs])
    return known


def _number(op: Op, xs: Sequence[float]) -> float:
    try:
        return float(op.forward(NUMBERS, *xs))
    except (ArithmeticError, ValueError, TypeError):  # it is no number that a score could be scaled by
        return float("nan")
