"""The lines of a recurrence: what they say of one step after the other is written once, for every step t."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from string import ascii_lowercase
from typing import Any

from micrograd_es.program.explaining.formulas import Matrix
from micrograd_es.program.explaining.lines import Line
from micrograd_es.program.explaining.notation import Style
from micrograd_es.program.explaining.progressions import Progression, has_steps, progressions
from micrograd_es.program.explaining.words import WORDS

STEPS = 4  # from which on a recurrence is written once
CELLS = 64  # of different weights at most, of which a recurrence is made
INDICES = "tkn"
LETTERS = "ZHGUS"  # of what is computed on the way
NAMED = re.compile(r"(?:∂L/∂)?[^\W\d]+\d+")


@dataclass(frozen=True)
class Told:
    """A line as text: its formula, what stands beside it, and for which steps it is where it is for several."""

    line: Line
    formula: str
    beside: str
    style: Style
    steps: str = ""

    @property
    def text(self) -> str:
        """All that differs between the steps of a recurrence in its numbers alone."""
        return f"{self.formula}\n{self.beside}"


def in_steps(told: Sequence[Told], given: Sequence[Matrix]) -> list[Told]:
    """Lines with those of a recurrence written once for all of its steps, where the first of them stands."""
    roles = _roles(told, given)
    once = {id(role.lines[0]): role.written() for role in roles}
    others = {id(one) for role in roles for one in role.lines[1:]}
    return [once.get(id(one), one) for one in told if id(one) not in others]


def name_steps(lines: Sequence[Line], given: Sequence[Matrix]) -> str:
    """Call what the steps of a recurrence compute by the step, with a letter more where it is not alone with its own.

    The seven that are H8 to H14 in its second step are Ha2 to Hg2. Gives a letter for the steps, which is no name;
    nothing where there is no recurrence.
    """
    roles = _named_roles(lines, given)
    if not roles:
        before = [(line.matrix, line.matrix.letter, line.matrix.number) for line in lines]
        _name_by_weights(lines, given)
        roles = _named_roles(lines, given)
        told = {role.letter[0] for role in roles}
        for matrix, letter, number in before:
            if letter not in told:
                matrix.letter, matrix.number = letter, number
    if not roles:
        return ""
    read = {name for role in roles for names in role.changing for name in names}
    read -= {name for role in roles for name in role.names}
    free = {line.matrix.name: line.matrix for line in lines if line.matrix.name in read}
    firsts = {role: role.before(free) for role in roles}
    starts = _starts(firsts)
    for letter in LETTERS:
        found = [role.steps(start, firsts[role]) for role, start in starts.items() if role.letter[0] == letter]
        _name_by_steps(letter, found, [line.matrix for line in lines if line.matrix.letter[0] == letter])
    names = {matrix.letter for matrix in given}
    return next((letter for letter in INDICES if letter not in names), "")


def _named_roles(lines: Sequence[Line], given: Sequence[Matrix]) -> Sequence[_Role]:
    """The lines of each step of a recurrence, by the names that they have."""
    style = Style(False, False, WORDS["en"], INDICES[0])
    return _roles(
        [Told(line, f"{line.matrix.name} = {line.formula.written(style)}", "", style) for line in lines], given
    )


def _name_by_weights(lines: Sequence[Line], given: Sequence[Matrix]) -> None:
    """Number what is computed by the weights that it is of, so that cells on each other are told apart: Za1, Zb1, Za2.

    The first step, which has no state before it, has some of the weights of the others.
    """
    weights = {matrix for matrix in given if matrix.letter != "X"}
    own = {line.matrix: frozenset(weights.intersection(line.inputs)) for line in lines}
    every = list(dict.fromkeys(own.values()))
    if len(every) > CELLS:
        return
    widest = {some: max([x for x in every if some <= x], key=len) for some in every}
    of: dict[Matrix, frozenset[object]] = {}
    groups: dict[tuple[str, frozenset[object]], list[Matrix]] = {}
    for line in lines:
        matrix = line.matrix
        read = [of.get(x, frozenset()) for x in line.inputs]
        of[matrix] = frozenset([widest[own[matrix]]]) if own[matrix] else frozenset().union(*read)
        if matrix.letter in LETTERS:
            groups.setdefault((matrix.letter, of[matrix]), []).append(matrix)
    for place, ((letter, _), some) in enumerate(groups.items()):
        for number, matrix in enumerate(some, 1):
            more = ascii_lowercase[place % len(ascii_lowercase)]
            matrix.letter, matrix.number = letter + more * (place // len(ascii_lowercase) + 1), str(number)


def _name_by_steps(letter: str, found: Sequence[Sequence[tuple[int, str]]], own: Sequence[Matrix]) -> None:
    """Call what is found, each the steps of a role with what they compute, by the step; number the others of a letter.

    `own` are all matrices of that letter.
    """
    matrices = {matrix.name: matrix for matrix in own}
    places = {name: place for place, name in enumerate(matrices)}
    found = sorted(found, key=lambda steps: places[steps[0][1]])
    named = [f"{letter}{step}" == name for steps in found for step, name in steps]
    if all(named) or len(found) > len(ascii_lowercase):
        return
    is_alone = len(found) == 1 and len(named) == len(matrices)
    for steps, more in zip(found, [""] if is_alone else ascii_lowercase, strict=False):
        for step, name in steps:
            matrix = matrices.pop(name)
            matrix.letter, matrix.number = letter + more, str(step)
    for number, matrix in enumerate(matrices.values(), 1):
        matrix.letter = letter
        matrix.number = str(number) if len(matrices) > 1 else ""


def _starts(firsts: Mapping[_Role, str]) -> dict[_Role, int]:
    """The step of the first line of each role: that of an input by its place, that of others by what they read.

    What reads nothing whose step is known has that in which it is read. What has one before is not the first.
    """
    roles = list(firsts)
    places = _places(roles)
    pairs = [  # how many steps one has started after another where it reads what that computes in the same step
        (reader, *places[name], k)
        for reader in roles
        for k, names in enumerate(reader.changing)
        for name in sorted(names & places.keys())
    ]
    found = {role: role.place for role in roles if role.place}
    while len(found) < len(roles):
        known = [(reader, found[role] + j - k) for reader, role, j, k in pairs if role in found and reader not in found]
        if not known:
            known = [
                (role, found[reader] + k - j) for reader, role, j, k in pairs if reader in found and role not in found
            ]
            known = [min(known, key=itemgetter(1))] if known else []
        first = known[0][0] if known else next(role for role in roles if role not in found)
        start = max([start for role, start in known if role is first], default=first.progression.first)
        found[first] = max(start, 2) if firsts[first] else start
    return found


def _roles(told: Sequence[Told], given: Sequence[Matrix]) -> Sequence[_Role]:
    """The lines of each step of a recurrence, those that say the same together; none where there is no recurrence.

    What its steps read changes from one to the next, and is computed by lines of it; the parameters are the same. The
    layers of a network, which have their own, are none.
    """
    own = {matrix.name for matrix in given if matrix.letter != "X"}
    own |= {matrix.gradient.name for matrix in given}
    found = progressions([one.text for one in told])
    several = [_Role([told[i] for i in places]) for places in found if len(places) > 1]
    roles = _last([role for role in several if role.may_be_one(own)], _Role.is_fed_by)
    return roles if any(len(role.lines) >= STEPS for role in _last(roles, _Role.reads)) else []


def _last(roles: Sequence[_Role], may_stay: Callable[[_Role, Places], bool]) -> Sequence[_Role]:
    """Those that are left when all have gone that may not stay, for what the others compute."""
    while True:
        places = _places(roles)
        kept = [role for role in roles if may_stay(role, places)]
        if len(kept) == len(roles):
            return kept
        roles = kept


def _places(roles: Sequence[_Role]) -> Places:
    """Which role computes each name, and in which of its lines."""
    return {name: (role, k) for role in roles for k, name in enumerate(role.names)}


class _Role:
    """Lines that may be those of the steps of a recurrence.

    `names` is what they compute, `changing` what each of them reads that not all of them read.
    """

    def __init__(self, lines: Sequence[Told]) -> None:
        self.lines, self.letter = lines, lines[0].line.matrix.letter
        self.names = [one.line.matrix.name for one in lines]
        read = [set(NAMED.findall(one.line.formula.written(replace(one.style, latex=False)))) for one in lines]
        same = set.intersection(*read)
        self.changing = [names - same for names in read]

    @property
    def progression(self) -> Progression:
        """The lines as one."""
        return Progression.of([one.text for one in self.lines], self.lines[0].style)

    @property
    def place(self) -> int:
        """Which part of an input the first line takes, counted from 1; 0 for any other lines."""
        first, second = ([column for _, column in getattr(one.line.formula, "columns", ())] for one in self.lines[:2])
        by = second[0] - first[0] if first and second and not any(self.changing) else 0
        return first[0] // by + 1 if by > 0 else 0

    def may_be_one(self, names: set[str]) -> bool:
        """Whether nothing that they read or compute is among some names, and they are no sums over steps."""
        first = self.lines[0]
        return names.isdisjoint({*self.names}.union(*self.changing)) and not has_steps(first.formula, first.style)

    def reads(self, places: Places) -> bool:
        """Whether the lines read something that some lines compute."""
        return not all(map(places.keys().isdisjoint, self.changing))

    def is_fed_by(self, places: Places) -> bool:
        """Whether at least half of the lines read only what others compute, so many steps before: the ends may not.

        Lines that take one part of a matrix after the other have to be read so.
        """
        found: Counter[Any] = Counter()
        if any(self.changing):
            for k, names in enumerate(self.changing):
                if names <= places.keys():
                    read = map(places.__getitem__, names)
                    found[frozenset([(role, self._before(role, k, j)) for role, j in read])] += 1
        else:
            for reader in dict.fromkeys([role for role, _ in places.values()]):
                for k, names in enumerate(reader.changing):
                    some = [places[name] for name in names if name in places]
                    found.update([(reader, self._before(reader, j, k)) for role, j in some if role is self])
        return 2 * max(found.values(), default=0) >= len(self.lines)

    def _before(self, other: _Role, k: int, j: int) -> int:
        """How many steps before its line k another role has its line j, but for a number that is always the same."""
        return k - j if other.ascends == self.ascends else k + j

    @property
    def way(self) -> int:
        """How many more of the same letter each line has computed; less than 0 on the way back."""
        first, second = (int(one.line.matrix.number) for one in self.lines[:2])
        return second - first

    @property
    def ascends(self) -> bool:
        """Whether the lines are in the order of the steps; those of the way back are not."""
        return self.way > 0

    def before(self, free: dict[str, Matrix]) -> str:
        """What would be computed one step before, taken from what is free; nothing where there is no such matrix."""
        name = f"{self.letter}{int(self.lines[0].line.matrix.number) - self.way}"
        if name not in free or free[name].shape != self.lines[0].line.matrix.shape:
            return ""
        return free.pop(name).name

    def steps(self, start: int, before: str) -> list[tuple[int, str]]:
        """The number of each step with what it computes."""
        return [*[(start - 1, before)] * (before != ""), *enumerate(self.names, start)]

    def written(self) -> Told:
        """The first line, for all steps."""
        first, found = self.lines[0], self.progression
        formula, beside = found.text.split("\n")
        return replace(first, formula=formula, beside=beside, steps=found.steps(first.style))


Places = dict[str, tuple[_Role, int]]
