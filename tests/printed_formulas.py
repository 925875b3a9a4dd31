"""Reads the formulas that `Program.explain` prints, as a person with a calculator would: the text alone, and numbers.

The formulas of a program are written once and read as text and as arrays; here the text is read again by somebody else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from latex_grammar import check_latex
from micrograd_es import Program

POWERS = {"²": 2, "³": 3}
LOW = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
TOKEN = re.compile(
    r"\s*(∂L/∂[A-Za-zℓ]+\d*|10[⁻⁰¹²³⁴-⁹]+|\d+\.?\d*|½|sum of the tables of|(?:row |column )?sums? of"
    r"|[A-Za-zℓσ_]+\d*|[↑Σ][₀-₉]+|\S)"
)
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "softplus": lambda x: np.logaddexp(0, x),
    "σ": lambda x: 1 / (1 + np.exp(-x)),
    "relu": lambda x: np.maximum(x, 0),
    **{name: getattr(np, name) for name in ("tanh", "log", "sin", "cos", "sign")},
}
MANY = {"max": np.maximum, "min": np.minimum}
COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "=": lambda a, b: a == b, "≠": lambda a, b: a != b, ">": lambda a, b: a > b,
    "<": lambda a, b: a < b, "≥": lambda a, b: a >= b, "≤": lambda a, b: a <= b,
}  # fmt: skip


class Unread(Exception):  # noqa: N818 - nothing is wrong: what is scattered, or patches, are read by nobody here
    """A sign that stands for more than its text says."""


class Reader:
    """One formula: `value` is what it gives for the matrices in `known`; `axis` is that of the columns of a program.

    Products are those of the tables of each example where it says so, for each term or for all; they stand below each
    other, or side by side. What is in `shared` all of them have.
    """

    def __init__(
        self,
        text: str,
        known: Mapping[str, Any],
        axis: int,
        in_each: Sequence[bool] = (False,),
        shared: Container[str] = (),
    ) -> None:
        self.tokens, self.known, self.axis, self.at = [*TOKEN.findall(text), ""], known, axis, 0
        self.terms, self.in_each, self.shared = in_each, in_each[0], shared

    def value(self) -> Any:
        found = self.sum(self.terms[1:])
        assert not self.next, self.tokens[self.at :]
        return found

    @property
    def next(self) -> str:
        return self.tokens[self.at]

    def take(self, *expected: str) -> str:
        token = self.next
        assert not expected or token in expected, (token, expected, self.tokens)
        self.at += 1
        return token

    def sum(self, in_each: Iterable[bool] = ()) -> Any:
        found, following = self.product(), iter(in_each)
        while self.next in ("+", "−"):
            self.in_each = next(following, self.in_each)
            sign, other = self.take(), self.product()
            along = 1 - self.axis
            if np.ndim(found) and np.ndim(other) and 1 < other.shape[along] < found.shape[along]:
                other = np.concatenate([other] * self.known["m"], along)  # to the table of each example
            found = found + other if sign == "+" else found - other
        return found

    def product(self) -> Any:
        found = self.signed()
        while self.next in ("·", "⊙", "/"):
            sign, other = self.take(), self.signed()
            if sign == "/":
                found = found / other
            elif sign == "⊙" or np.size(found) == 1 or np.size(other) == 1:
                found = found * other
            elif self.in_each:
                found = self.each(np.matmul, found, other)
            else:
                found = found @ other
        return found

    def tables(self, x: Any) -> list[Any]:
        """The table of each example."""
        return np.split(x, self.known["m"], 1 - self.axis)

    def of_each(self, x: Any) -> Any:
        """A matrix that all examples share, for each of them where it is not one row."""
        along = 1 - self.axis
        return np.concatenate([x] * self.known["m"], along) if self.in_each and x.shape[along] > 1 else x

    def each(self, function: Callable[..., Any], *several: Any) -> Any:
        """What a function gives for the tables of each example."""
        parts = zip(*map(self.tables, several), strict=True)
        return np.concatenate([function(*part) for part in parts], 1 - self.axis)

    def signed(self) -> Any:
        if self.next == "−":
            self.take()
            return -self.signed()
        return self.factor()

    def factor(self) -> Any:
        found = self.part()
        while self.next in ("ᵀ", "[", "^", *POWERS) or re.fullmatch("↑[₀-₉]+", self.next):
            sign = self.take()
            if sign == "ᵀ":
                found = self.each(np.transpose, found) if self.in_each else found.T
            elif sign in POWERS:
                found = found ** POWERS[sign]
            elif sign == "^":
                found = found ** self.part()
            elif sign == "[":
                found = np.take(found, self.places(), axis=self.axis)
            else:
                found = np.repeat(found, int(sign[1:].translate(LOW)), axis=self.axis)
        return found

    def places(self) -> list[int]:
        found: list[int] = []
        while True:
            first = self.take()
            if not first.isdecimal():
                raise Unread
            last = int(first) + 1
            if self.next == ":":
                self.take()
                last = int(self.take())
            found += range(int(first), last)
            if self.take(",", "]") == "]":
                return found

    def part(self) -> Any:
        token = self.take()
        if token == "1" and self.next == "[":
            return self.indicator()
        if re.fullmatch("10[⁻⁰¹²³⁴-⁹]+", token):
            return 10.0 ** int(token[2:].translate(RAISED))
        if token[0].isdecimal():
            return float(token)
        if token in self.known:
            return self.of_each(self.known[token]) if token in self.shared else self.known[token]
        if token in FUNCTIONS and not (token == "log" and self.next == "Σ"):
            return FUNCTIONS[token](self.argument())
        if token in MANY:
            return self.largest(MANY[token])
        if token[0] == "Σ" and len(token) > 1:
            return self.stretches(int(token[1:].translate(LOW)))
        read: dict[str, Callable[[], Any]] = {
            "½": lambda: 0.5,
            "∞": lambda: np.inf,
            "sum of the tables of": self.sum_of_tables,
            "(": lambda: self.inside(")"),
            "|": lambda: abs(self.inside("|")),
            "‖": self.norm,
            "[": self.together,
            "√": lambda: np.sqrt(self.argument()),
            "e": lambda: (self.take("^"), np.exp(self.factor()))[1],
            "Σ": lambda: np.sum(self.factor()),
            "sum of": lambda: np.sum(self.factor()),
            "row sums of": lambda: np.sum(self.factor(), axis=1, keepdims=True),
            "column sums of": lambda: np.sum(self.factor(), axis=0, keepdims=True),
            "log": self.log_sum_exp,
            "softmax": lambda: self.shares(self.factor()),
            "table": lambda: np.concatenate([self.in_a_row(x) for x in self.arguments()], axis=1),
            "rows": self.rows_of_tables,
            "columns": self.rows_of_tables,
            "where": lambda: (lambda c, a, b: np.where(c > 0, a, b))(*self.arguments()),
        }
        if token not in read:
            raise Unread
        return read[token]()

    def argument(self) -> Any:
        """What a function is of: tanh(Z)² is the square of tanh(Z), as is that of log P, but √Z² is refused."""
        found = self.part()
        assert self.tokens[self.at - 1] == ")" or self.next not in ("^", *POWERS), self.tokens
        return found

    def inside(self, end: str) -> Any:
        found = self.sum()
        self.take(end)
        return found

    def arguments(self) -> list[Any]:
        self.take("(")
        found = [self.sum()]
        while self.take(",", ")") == ",":
            found.append(self.sum())
        return found

    def sum_of_tables(self) -> Any:
        """What is in it is that of each example, also beside what is not."""
        outside, self.in_each = self.in_each, True
        found = self.factor()
        self.in_each = outside
        return sum(self.tables(found))

    def norm(self) -> Any:
        found = self.inside("‖")
        return np.sum(found**2) if self.take("²", "₁") == "²" else np.sum(abs(found))

    def indicator(self) -> Any:
        self.take("[")
        left = self.sum()
        sign = self.take("]", *COMPARISONS)
        if sign == "]":  # where there is a weight
            return (left != 0) * 1.0
        right = self.inside("]")
        found = COMPARISONS[sign](left, right)
        across = np.ndim(left) and np.ndim(right) and left.shape[self.axis] > right.shape[self.axis]
        return found * (np.cumsum(found, axis=self.axis) == 1 if sign == "=" and across else 1.0)

    def together(self) -> Any:
        """[A, B] are side by side, [A; B] below each other."""
        rows = [[np.atleast_2d(self.sum())]]
        while (sign := self.take(",", ";", "]")) != "]":
            if sign == ";":
                rows.append([])
            rows[-1].append(np.atleast_2d(self.sum()))
        return _joined([_joined(row, 1) for row in rows], 0)

    def in_a_row(self, x: Any) -> Any:
        """The numbers of each example of a matrix in a row: one row of its table after the other, or column."""
        return (x if self.axis else x.T).reshape(self.known["m"], -1)

    def rows_of_tables(self) -> Any:
        """rows i:j(A): of the table of each example the rows, or columns, i to j − 1."""
        first, last = int(self.take()), (self.take(":"), int(self.take()))[1]
        found = self.arguments()[0]
        return self.each(lambda x: x[first:last] if self.axis else x[:, first:last], found)

    def largest(self, function: Any) -> Any:
        found = self.arguments() if self.next == "(" else [self.factor()]
        if len(found) > 1:
            return reduce(function, found)
        return function.reduce(found[0], axis=self.axis, keepdims=True)

    def stretches(self, count: int) -> Any:
        found = np.moveaxis(self.arguments()[0], self.axis, 1)
        return np.moveaxis(found.reshape(len(found), -1, count).sum(axis=2), 1, self.axis)

    def log_sum_exp(self) -> Any:
        for sign in ("Σ", "e", "^"):
            self.take(sign)
        return np.log(np.sum(np.exp(self.factor()), axis=self.axis, keepdims=True))

    def shares(self, x: Any) -> Any:
        return np.exp(x) / np.sum(np.exp(x), axis=self.axis, keepdims=True)


def _joined(parts: list[Any], axis: int) -> Any:
    """Matrices put together; what is one row or column for all examples is repeated."""
    length = max(part.shape[1 - axis] for part in parts)
    full = [np.repeat(part, length // part.shape[1 - axis], axis=1 - axis) for part in parts]
    return np.concatenate(full, axis=axis)


def by_place(text: str, shape: list[int], known: Mapping[str, Any], axis: int) -> Any:
    """A table that is written by its row i and its column j: r[i − j] if j ≤ i, −∞ if j > i."""
    found = np.empty(shape)
    for place in np.ndindex(*shape):
        for part in text.split(", "):
            value, _, condition = part.partition(" if ")
            if not condition or COMPARISONS[condition.split()[1]](*_numbered(condition, place)):
                value = re.sub(r"(?<=\[).*(?=\])", lambda index, at=place: f"{_index(index[0], at)}", value)
                found[place] = np.squeeze(Reader(value, known, axis).value())
                break
        else:
            raise AssertionError((text, place))
    return found


def _numbered(condition: str, place: tuple[int, ...]) -> list[int]:
    """The numbers that are compared, of j ≤ i."""
    return [place["ij".index(letter)] for letter in condition.split()[::2]]


def _index(text: str, place: tuple[int, ...]) -> int:
    """The number of an index such as i − j + 1."""
    return int(Reader(re.sub(r"\b[ij]\b", lambda found: str(place["ij".index(found[0])]), text), {}, 1).value())


SMALL = str.maketrans("₀₁₂₃₄₅₆₇₈₉ₜ₊₋₌⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789t+−=0123456789")


def every_step(text: str) -> list[str]:
    """The lines of a text with those that are written for several steps t written for each of them."""
    found: list[str] = []
    for line in text.splitlines():
        line = re.sub(r"Σₜ₌([₀-₉]+)([⁰¹²³⁴-⁹]+) (.*?)(?= [+−] |   |$)", _terms, line)
        steps = re.search(r"   t = (\d+), (?:…|\d+), (\d+)$", line)
        if not steps:
            found.append(line)
            continue
        first, last = map(int, steps.groups())
        down = 1 if first < last else -1
        found += [_at(line[: steps.start()], t) for t in range(first, last + down, down)]
    return found


def _terms(found: re.Match[str]) -> str:
    low, high, term = found.groups()
    return " + ".join([_at(term, t) for t in range(int(low.translate(SMALL)), int(high.translate(SMALL)) + 1)])


def _at(text: str, t: int) -> str:
    """A text for one step: Hₜ₋₁ and X[2t:2t+2] with the number of the step."""

    def numbered(found: re.Match[str]) -> str:
        factor, sign, more = (part.translate(SMALL) for part in found.groups(""))
        return str(int(factor or 1) * t + int(more or 0) * (-1 if sign == "−" else 1))

    def turned(found: re.Match[str]) -> str:
        more, factor = (part.translate(SMALL) for part in found.groups(""))
        return str(int(more) - int(factor or 1) * t)

    text = re.sub(r"([₀-₉]+)₋([₀-₉]*)ₜ", turned, text)
    text = re.sub(r"(?<![^\W])(\d+)−(\d*)t(?!\w)", turned, text)
    text = re.sub(r"([₀-₉]*)ₜ(?:([₊₋])([₀-₉]+))?", numbered, text)
    return re.sub(r"(?<![^\W\d])(\d*)t(?:([+−])(\d+))?(?!\w)", numbered, text)


def check_printed(program: Program, *inputs: Any, examples: str = "rows", steps: bool = False) -> list[str]:
    """Check that every printed formula that can be read gives the matrix on its left, of the shape that is printed.

    Gives the formulas that cannot be read. The LaTeX of the same formulas is checked to be such.
    """
    columns, unread = examples == "columns", []
    found = {name: x.T if columns else x for name, x in program.matrices(*inputs, steps=steps).items()}
    known = found | {"m": len(inputs[0])}
    text = program.explain(backward=True, examples=examples, language="en", steps=steps)
    lines = [line.partition(" = ") for line in every_step(text)]
    shared = found.keys() - {name for name, _, rest in lines if re.search(r"\s{3}(\S*×)?\(?m\b", rest)}
    shared = {name for name in shared if name[0] != "X"}
    for name, _, rest in lines:
        line = f"{name} = {rest}"
        formula, shape, *_ = *re.split(r"\s{3,}", rest), ""
        if name not in found or formula == "what comes from outside":
            continue
        sides = [int(eval(side, {"m": known["m"]})) for side in re.split("×", shape.split(" = ")[0].replace("·", "*"))]
        assert list(found[name].shape) == sides, line
        try:
            if re.search(r" if |\[[^]]*\b[ij]\b", formula):
                value = by_place(formula, sides, known, 0 if columns else 1)
            else:
                in_each = ["m times" in term for term in shape.partition(" = ")[2].split(" + ")]
                value = Reader(formula, known, 0 if columns else 1, in_each, shared).value()
        except Unread:
            unread.append(formula)
            continue
        if formula.startswith("table("):
            value = value.reshape(sides[::-1]).T if columns else value.reshape(sides)
        np.testing.assert_allclose(np.broadcast_to(value, sides), found[name], rtol=1e-9, atol=1e-12, err_msg=line)
    check_latex(program.explain(latex=True, backward=True, examples=examples, language="en", steps=steps))
    return unread
