"""The lines of a recurrence: what they say of one step after the other is written once, for every step t."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from micrograd_es.program.explaining.formulas import Matrix
from micrograd_es.program.explaining.naming import Line
from micrograd_es.program.explaining.notation import Style
from micrograd_es.program.explaining.progressions import Progression, has_steps, progressions

STEPS = 4  # from which on a recurrence is written once
INDICES = "tkn"
NAMED = re.compile(r"(?:∂L/∂)?[^\W\d]+\d+")


@dataclass(frozen=True)
class Told:
    """A line as text: its formula, what stands beside it, and for which steps it is where it is for several."""

    line: Line
    formula: str
    beside: str
    style: Style
    steps: str = ""

    def reads(self) -> set[str]:
        """The names with a number that stand in the formula."""
        return set(NAMED.findall(self.line.formula.written(replace(self.style, latex=False))))


def index_for(names: Collection[str]) -> str:
    """A letter for the steps, which is no name."""
    return next((letter for letter in INDICES if letter not in names), "")


def in_steps(told: Sequence[Told], given: Sequence[Matrix]) -> list[Told]:
    """Lines with those of a recurrence written once for all of its steps, where the first of them stands.

    What its steps read changes from one to the next, and is computed by lines of it; the parameters are the same. The
    layers of a network, which have their own, are none.
    """
    own = {matrix.name for matrix in given if matrix.letter != "X"}
    own |= {matrix.gradient.name for matrix in given}
    found = progressions([f"{one.formula}\n{one.beside}" for one in told])
    several = [_Role([told[i] for i in places]) for places in found if len(places) > 1]
    roles = _last([role for role in several if role.is_free_of(own)], _Role.is_fed_by)
    if not any(len(role.lines) >= STEPS for role in _last(roles, _Role.reads)):
        return list(told)
    once = {id(role.lines[0]): role.written() for role in roles}
    others = {id(one) for role in roles for one in role.lines[1:]}
    return [once.get(id(one), one) for one in told if id(one) not in others]


class _Role:
    """Lines that may be those of the steps of a recurrence; `changing` is what each reads that not all of them read."""

    def __init__(self, lines: Sequence[Told]) -> None:
        self.lines = lines
        read = [one.reads() for one in lines]
        same = set.intersection(*read)
        self.changing = [names - same for names in read]

    @property
    def names(self) -> set[str]:
        """What the lines compute."""
        return {one.line.matrix.name for one in self.lines}

    def is_free_of(self, names: set[str]) -> bool:
        """Whether nothing that changes, or is computed, is among some names, and no step is a sum over steps."""
        first = self.lines[0]
        return names.isdisjoint(self.names.union(*self.changing)) and not has_steps(first.formula, first.style)

    def reads(self, computed: set[str]) -> bool:
        """Whether the lines read something that some lines compute."""
        return not computed.isdisjoint(set().union(*self.changing))

    def is_fed_by(self, computed: set[str]) -> bool:
        """Whether at least half of the lines read only what some lines compute: the first, or the last, may not."""
        return 2 * sum(names <= computed for names in self.changing) >= len(self.lines)

    def written(self) -> Told:
        """The first line, for all steps."""
        first = self.lines[0]
        found = Progression.of([one.formula for one in self.lines], first.style)
        return replace(first, formula=found.text, steps=found.steps(first.style))


def _last(roles: Sequence[_Role], may_stay: Callable[[_Role, set[str]], bool]) -> Sequence[_Role]:
    """Those that are left when all have gone that may not stay, for what the others compute."""
    while True:
        computed = set().union(*[role.names for role in roles])
        kept = [role for role in roles if may_stay(role, computed)]
        if len(kept) == len(roles):
            return kept
        roles = kept
