"""Texts that differ only in whole numbers which grow evenly, as those of the steps of a recurrence, written as one.

Z2 = H1·W, Z3 = H2·W, Z4 = H3·W is Zₜ = Hₜ₋₁·W for t = 2, 3, 4.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

from micrograd_es.program.explaining.notation import Style, more

NEAR = 16  # texts of the same form, among which the second of a progression is looked for
FEW = 3  # texts from which on one for all is shorter
NUMBER = re.compile(r"(?<![\d.])\d+(?![\d.])")
LOWERED = str.maketrans("0123456789tkn+−=", "₀₁₂₃₄₅₆₇₈₉ₜₖₙ₊₋₌")
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Progression:
    """Texts, of which some are given, as one `text` of an index that goes from `first` to `last`.

    >>> style = Style(False, False, {}, "t")
    >>> Progression.of(["Z4 = H3 + X[6:9]", "Z3 = H2 + X[4:7]"], style)
    Progression(text='Zₜ = Hₜ₋₁ + X[2t−2:2t+1]', first=4, last=3)
    >>> Progression.of(["Z1 = X[5:9]", "Z2 = X[4:9]", "Z3 = X[3:9]"], style).text
    'Zₜ = X[6−t:9]'
    """

    text: str
    first: int
    last: int

    @classmethod
    def of(cls, texts: Sequence[str], style: Style) -> Progression:
        """That of texts which are one; the first number that grows counts them, so many for each step as it grows."""
        numbers = [_numbers(text) for text in texts[:2]]
        grows = [y - x for x, y in zip(*numbers, strict=True)]
        first, by = next((x, by) for x, by in zip(numbers[0], grows, strict=True) if by)
        sign = 1 if by > 0 else -1
        start = -(-first // abs(by))
        places = iter(zip(numbers[0], grows, strict=True))

        def written(found: re.Match[str]) -> str:
            x, by = next(places)
            return _placed(_line(by * sign, x - by * sign * start, style), found, style) if by else found[0]

        return cls(NUMBER.sub(written, texts[0]), start, start + sign * (len(texts) - 1))

    def steps(self, style: Style) -> str:
        """For which numbers it is: t = 2, …, 8."""
        down = 1 if self.first < self.last else -1
        numbers = [*range(self.first, self.last + down, down)]
        between = [more(style)] if len(numbers) > FEW else numbers[1:-1]
        return f"{style.index} = {', '.join(map(str, [numbers[0], *between, numbers[-1]]))}"

    def summed(self, style: Style) -> str:
        """The sum of all of them: Σₜ₌₂⁸ Zₜ."""
        low, high = sorted((self.first, self.last))
        if style.latex:
            return rf"{_opening(style)}{low}}}^{{{high}}} {self.text}"
        return f"{_opening(style)}{str(low).translate(LOWERED)}{str(high).translate(RAISED)} {self.text}"


def has_steps(text: str, style: Style) -> bool:
    """Whether there is a sum over steps in a text."""
    return _opening(style) in text


def _opening(style: Style) -> str:
    return rf"\sum_{{{style.index}=" if style.latex else f"Σ{f'{style.index}='.translate(LOWERED)}"


def progressions(texts: Sequence[str]) -> list[list[int]]:
    """The places of texts that are one progression, in turn; a text that is in none has a list of its own."""
    waiting: dict[str, dict[tuple[int, ...], int]] = {}
    for place, text in enumerate(texts):
        waiting.setdefault(NUMBER.sub("#", text), {}).setdefault(_numbers(text), place)
    found: dict[int, list[int]] = {}
    for group in waiting.values():
        while group:
            first, *others = islice(group, NEAR)
            steps = max((_followed(first, second, group) for second in others), key=len, default=[])
            places = [group.pop(numbers) for numbers in (steps if len(steps) >= FEW else [first])]
            found[places[0]] = places
    taken = {place for places in found.values() for place in places}
    found.update({place: [place] for place in range(len(texts)) if place not in taken})
    return [found[place] for place in sorted(found)]


def _followed(
    first: tuple[int, ...], second: tuple[int, ...], group: dict[tuple[int, ...], int]
) -> list[tuple[int, ...]]:
    """Numbers that grow as from the first to the second, as far as there are texts with them, in their order."""
    by = [y - x for x, y in zip(first, second, strict=True)]
    found = [first]
    while found[-1] in group:
        found.append(tuple([x + more for x, more in zip(found[-1], by, strict=True)]))
    places = [group[numbers] for numbers in found[:-1]]
    return found[:-1] if all(x < y for x, y in pairwise(places)) else []


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, NUMBER.findall(text)))


def _line(by: int, start: int, style: Style) -> str:
    """by·t + start, with the part first that is above 0."""
    factor = f"{'' if abs(by) == 1 else abs(by)}{style.index}"
    if by < 0 < start:
        return f"{start}{style.minus}{factor}"
    sign = style.minus if start < 0 else "+"
    return (style.minus if by < 0 else "") + factor + (f"{sign}{abs(start)}" if start else "")


def _placed(line: str, found: re.Match[str], style: Style) -> str:
    """What stands in place of a number: the index of a name, of columns, or a factor."""
    before, after = found.string[: found.start()], found.string[found.end() :][:1]
    if not style.latex and before[-1:].isalpha():
        return line.translate(LOWERED)
    is_apart = (before.rstrip()[-1:] in "{[(:,;" and after in "}],:;)") or line == style.index
    return line if is_apart else f"({line})"
