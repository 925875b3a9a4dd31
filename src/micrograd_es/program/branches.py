"""Rules that ask what their input is, `x if x > 0 else 0.01 * x`, as formulas that arrays can read.

A rule is run with formulas for its inputs, once for each way through its questions; what it gives on each of them is
joined by `where`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from micrograd_es.symbols import ASKED, Symbol, SymbolMaths, parts_of, symbol

WAYS = 16  # through the questions of a rule, at most
OPERATORS: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
    "neg": operator.neg,
}
OF_A_LIST = ("max", "min")  # which get their inputs as one

Question = tuple[str, Symbol, Symbol]
Rule = Callable[..., Any]


class BranchError(ValueError):
    """A rule has too many ways through it, or is no formula on one of them."""


class _Way(NamedTuple):
    """The questions that were asked on a way, their answers, and what the rule gave."""

    questions: list[Question]
    answers: list[bool]
    result: tuple[Symbol, ...]


def without_branches(rule: Rule, names: Sequence[str]) -> tuple[list[Symbol], Rule]:
    """What a rule gives for inputs of these names, as formulas, and the same as a rule that any maths can read.

    A rule that gives a single result gives one formula.

    >>> formulas, rule = without_branches(lambda m, x: x if x > 0 else 0.01 * x, ["x"])
    >>> print(*formulas)
    where(x, x, 0.01·x)
    >>> from micrograd_es.maths import NUMBERS
    >>> rule(NUMBERS, 3.0), rule(NUMBERS, -3.0)
    (3.0, -0.03)

    Raises BranchError for what is no formula, or a long one, and whatever the rule raises.
    """
    single = True

    def run() -> tuple[Symbol, ...]:
        nonlocal single
        found = rule(SymbolMaths(), *map(Symbol, names))
        single = not isinstance(found, tuple | list)
        return _short([symbol(part) for part in ([found] if single else found)])

    formulas = list(_short(_joined(_ways(run), 0)))

    def read(m: Any, *xs: Any) -> Any:
        known = dict(zip(names, xs, strict=True))
        found = [_value(formula, m, known) for formula in formulas]
        return found[0] if single else tuple(found)

    return formulas, read


def _ways(run: Callable[[], tuple[Symbol, ...]]) -> list[_Way]:
    """Every way through the questions of a rule."""
    found: list[_Way] = []
    waiting: list[list[bool]] = [[]]
    while waiting:
        given = waiting.pop()
        questions: list[Question] = []
        answers = list(given)

        def answer(
            sign: str, x: Symbol, y: Symbol, questions: list[Question] = questions, answers: list[bool] = answers
        ) -> bool:
            questions.append((sign, x, y))
            if len(questions) > len(answers):
                answers.append(True)
            return answers[len(questions) - 1]

        token = ASKED.set(answer)
        try:
            found.append(_Way(questions, answers, run()))
        finally:
            ASKED.reset(token)
        waiting += [[*answers[:i], False] for i in range(len(given), len(answers))]
        if len(found) + len(waiting) > WAYS:
            raise BranchError("there are too many ways through the rule")
    return found


def _joined(ways: Sequence[_Way], depth: int) -> tuple[Symbol, ...]:
    """What some ways give together, which are the same up to a question."""
    first = ways[0]
    if len(ways) == 1:
        return first.result
    question = first.questions[depth]
    yes, no = (_joined([way for way in ways if way.answers[depth] is answer], depth + 1) for answer in (True, False))
    if len(yes) != len(no):
        raise BranchError("the rule gives more results on one way than on another")
    return tuple([_where(question, x, y) for x, y in zip(yes, no, strict=True)])


def _where(question: Question, yes: Symbol, no: Symbol) -> Symbol:
    """One of two formulas, by the answer to a question."""
    sign, x, y = question
    if yes.source() == no.source():
        return yes
    if sign in ("<", ">="):
        x, y = y, x
    difference = x if y.form == 0 else -y if x.form == 0 else x - y
    if sign == "==":
        difference = Symbol("abs", (difference,))
    return Symbol("where", (difference, yes, no) if sign in ("<", ">") else (difference, no, yes))


def _short(formulas: Sequence[Symbol]) -> tuple[Symbol, ...]:
    """The formulas, if they are not too long."""
    if parts_of(formulas) is None:
        raise BranchError("the rule is a long formula")
    return tuple(formulas)


def _value(formula: Symbol, m: Any, known: dict[str, Any]) -> Any:
    """What a formula gives in a maths."""
    form, parts = formula.form, formula.parts
    if not parts:
        return known.get(form, form) if isinstance(form, str) else form
    given = [_value(part, m, known) for part in parts]
    if form in OPERATORS:
        return OPERATORS[str(form)](*given)
    if form in OF_A_LIST:
        return getattr(m, str(form))(given)
    return getattr(m, str(form))(*given)
