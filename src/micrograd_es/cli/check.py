"""The command `check`: the gradients of an expression by three methods, in a table."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass

from micrograd_es import flow
from micrograd_es.cli.inputs import graph
from micrograd_es.cli.terminal import Progress, complain, say
from micrograd_es.derivatives import GradientError, central_difference, check_gradients, replayed
from micrograd_es.graph import leaves, topological
from micrograd_es.maths import Number
from micrograd_es.value import Value

LONGEST = 20  # characters of an exact number; a longer one is rounded
NOTHING = "—"

HEAD = {
    "es": ("entrada", "valor", "hacia atrás", "hacia adelante", "dif. centrales", "discrepancia"),
    "en": ("input", "value", "backward", "forward", "central diff.", "disagreement"),
}
WORDS = {
    "es": {
        "none": f"{NOTHING}: sin diferencias centrales (un pico, el borde del dominio, o el redondeo las oculta).",
        "agree": "Los gradientes coinciden (tolerancia {tolerance:g}).",
        "disagree": "NO coinciden: {names} (tolerancia {tolerance:g}).",
        "local": "Gradientes locales comprobados con diferencias centrales: {count}.",
    },
    "en": {
        "none": f"{NOTHING}: no central differences (a kink, an edge of the domain, or rounding hides them).",
        "agree": "The gradients agree (tolerance {tolerance:g}).",
        "disagree": "They do NOT agree: {names} (tolerance {tolerance:g}).",
        "local": "Local gradients confirmed by central differences: {count}.",
    },
}


@dataclass(frozen=True)
class Row:
    """The gradient of one input by three methods; `measured` is None where central differences cannot tell."""

    name: str
    value: Number
    backward: Number
    forward: Number
    measured: float | None

    @property
    def disagreement(self) -> float:
        """The largest difference between two of them, relative to the larger of 1 and the gradient."""
        if self.measured is None and self.backward == self.forward:
            return 0.0  # exact numbers may be too large for a float
        slopes = [float(slope) for slope in (self.backward, self.forward, self.measured) if slope is not None]
        return (max(slopes) - min(slopes)) / max(1.0, *map(abs, slopes))

    def cells(self) -> list[str]:
        numbers = [shown(self.value), shown(self.backward), shown(self.forward)]
        measured = NOTHING if self.measured is None else shown(self.measured)
        return [self.name, *numbers, measured, f"{self.disagreement:.1e}" if self.disagreement else "0"]


def check(given: Namespace) -> int:
    """Print the table; 1 where the methods disagree."""
    f = graph(given.expression, given.values, "check", exact=given.exact)
    words, tolerance = WORDS[given.language], given.tolerance
    with Progress("checking"):
        table = rows(f)
        wrong_local, confirmed = _local(f, tolerance)
    if not table:
        raise ValueError('the expression has no names, so it has no gradient. Write one with an input: "x**2" x=3')
    wrong = [row.name for row in table if not row.disagreement <= tolerance]
    say(f"{f.label or 'f'} = {shown(f.data)}\n")
    say(aligned([HEAD[given.language], *(row.cells() for row in table)]))
    if any(row.measured is None for row in table):
        say(f"\n{words['none']}")
    verdict = words["disagree"] if wrong else words["agree"]
    say("\n" + verdict.format(names=", ".join(wrong), tolerance=tolerance))
    if wrong_local:
        complain(f"error: {wrong_local}")
    else:
        say(words["local"].format(count=confirmed - sum(row.measured is not None for row in table)))
    return 1 if wrong or wrong_local else 0


def rows(f: Value) -> list[Row]:
    """The gradient of every input of f by three methods.

    >>> x, y = Value(3, "x"), Value(4, "y")
    >>> [(row.name, row.backward, row.forward, round(row.measured, 9)) for row in rows(x * y)]
    [('x', 4, 4, 4.0), ('y', 3, 3, 3.0)]
    """
    gradient = flow.gradients(f)
    order = topological(f)
    start = {node: float(node.data) for node in order if node.op is None}
    table = []
    for number, leaf in enumerate(leaves(f), 1):
        forward = flow.tangents(f, {leaf: 1})[f]
        measured = central_difference(lambda t, leaf=leaf: replayed(order, {**start, leaf: t}), start[leaf])  # type: ignore[misc]
        table.append(Row(leaf.label or f"leaf {number}", leaf.data, gradient[leaf], forward, measured))
    return table


def _local(f: Value, tolerance: float) -> tuple[str, int]:
    """What is wrong with the gradients that the graph holds, and how many of them central differences confirm."""
    try:
        return "", len(check_gradients(f, tolerance))
    except GradientError as error:
        return str(error), 0


def shown(x: Number) -> str:
    """A number in a cell: exact ones in full where they fit, others to ten digits.

    >>> from fractions import Fraction
    >>> shown(-4), shown(Fraction(1, 3)), shown(0.1 + 0.2), shown(10**30)
    ('-4', '1/3', '0.3', '1e+30')
    """
    text = f"{x:.10g}" if isinstance(x, float) else str(x)
    return text if len(text) <= LONGEST else f"{float(x):.10g}"


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """The cells as a table: the names to the left, the numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join([name.ljust(widths[0]), *map(str.rjust, numbers, widths[1:])]) for name, *numbers in lines
    )
