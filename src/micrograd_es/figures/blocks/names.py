"""What labels say about vectors: w11, w12, w21, w22 are the entries of a matrix w, x1, x2, x3 those of a vector x."""

from __future__ import annotations

import re
from collections.abc import Sequence

from micrograd_es.figures.labels import pretty

_LABEL = re.compile(r"(.*?\D)((?:[\s_.,;(\[{]*\d+[)\]}]*)+)", re.DOTALL)
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_DIGITS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")

Order = list[int]  # the places of the entries in the list that was given, row by row


def split(label: str) -> tuple[str, tuple[str, ...]]:
    """A label as its stem and the numbers behind it.

    >>> split("x1"), split("Ω0_12"), split("w[1][2]"), split("bias")
    (('x', ('1',)), ('Ω', ('0', '12')), ('w', ('1', '2')), ('bias', ()))
    """
    plain = label.translate(_SUBSCRIPTS)
    found = _LABEL.fullmatch(plain)
    if not found:
        return plain, ()
    return found[1].rstrip("_.,;([{ "), tuple(re.findall(r"\d+", found[2]))


def arranged(labels: Sequence[str]) -> tuple[str, Order, int]:
    """The name of a vector whose entries have those labels, their order, and how many columns it has.

    The last two numbers of a label are its row and its column where they make up a whole matrix, also without a sign
    between them; numbers that all labels begin with belong to the name.

    >>> arranged(["x2", "x1", "x3"])
    ('x', [1, 0, 2], 1)
    >>> arranged(["w11", "w12", "w21", "w22", "w31", "w32"])
    ('w', [0, 1, 2, 3, 4, 5], 2)
    >>> arranged(["β0_1", "β0_2"])
    ('β₀', [0, 1], 1)
    >>> arranged(["W0_11", "W0_12", "W0_21", "W0_22"])
    ('W₀', [0, 1, 2, 3], 2)
    """
    stem, numbers = split(labels[0])[0], [split(label)[1] for label in labels]
    if len(labels) == 1:
        only = numbers[0][:-1] if len(numbers[0]) > 1 and numbers[0][-1] == "1" else ()  # b1_1, the one entry of b1
        return pretty(f"{stem}{only[0]}" if len(only) == 1 else labels[0]), [0], 1
    entries = list(numbers) if len(set(map(len, numbers))) == 1 else [()] * len(numbers)
    if len(entries[0]) == 1:
        entries = _digits(entries)
    while entries[0] and len({entry[0] for entry in entries}) == 1:
        stem += f"_{entries[0][0]}" if stem[-1:].isdigit() else entries[0][0]
        entries = [entry[1:] for entry in entries]
    if len(entries[0]) == 1:
        entries = _digits(entries)
    order = list(range(len(labels)))
    if len(set(entries)) == len(entries):
        order.sort(key=lambda i: tuple(map(int, entries[i])))
    return pretty(stem), order, _columns(entries)


def _digits(entries: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Numbers by their digits, where the last two are rows and columns of a matrix and those before are the same."""
    digits = [tuple(number) for (number,) in entries]
    if len(set(map(len, digits))) > 1 or len(digits[0]) not in (2, 3) or len({d[:-2] for d in digits}) > 1:
        return entries
    return digits if _columns([d[-2:] for d in digits]) > 1 else entries


def _columns(entries: Sequence[tuple[str, ...]]) -> int:
    """How many columns entries of two numbers fill, each place once; 1 where they do not."""
    if len(entries[0]) != 2:
        return 1
    rows, columns = ({int(entry[i]) for entry in entries} for i in (0, 1))
    whole = len(set(entries)) == len(entries) == len(rows) * len(columns)
    return len(columns) if whole and len(rows) > 1 else 1


def sliced(name: str, places: Sequence[int], whole: int) -> str:
    """The name of some entries of a vector of `whole`: h₂, h₁…₃, or h₁,₄.

    >>> sliced("h", [1], 4), sliced("h", [0, 1, 2], 4), sliced("h", [0, 3], 4), sliced("h", [0, 1], 2)
    ('h₂', 'h₁…₃', 'h₁,₄', 'h')
    """
    if len(places) == whole:
        return name
    ends = [str(place + 1).translate(_DIGITS) for place in places]
    if len(places) > 2 and list(places) == list(range(places[0], places[0] + len(places))):
        return f"{name}{ends[0]}…{ends[-1]}"
    return f"{name}{','.join(ends) if len(ends) <= 3 else '…'}"


def distinct(names: Sequence[str]) -> list[str]:
    """The names, with a number behind those that several have.

    >>> distinct(["W", "x", "W"]), distinct(["W₁", "W₁"])
    (['W₁', 'x', 'W₂'], ['W₁', 'W₁′'])
    """
    taken = {name for name in names if names.count(name) == 1}  # no name at all is not one that several have
    result = []
    for i, name in enumerate(names):
        if name and names.count(name) > 1:
            base, number = name, names[:i].count(name)
            numbered = not base[-1:].isdigit() and base[-1:] not in "₀₁₂₃₄₅₆₇₈₉′"
            name = f"{base}{str(number + 1).translate(_DIGITS)}" if numbered else base + "′" * number
            while name in taken:
                name += "′"
        taken.add(name)
        result.append(name)
    return result
