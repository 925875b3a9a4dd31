"""A program as matrix formulas with shapes, forward and backward, in text and in LaTeX (lectures, B4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from micrograd_es.program.arrays import Array
from micrograd_es.program.blocks import Elementwise, Plan, Space
from micrograd_es.program.explaining.columns import out_of_columns
from micrograd_es.program.explaining.formulas import Formula, Minus, Multiple, Name, Product, Sum
from micrograd_es.program.explaining.labels import told
from micrograd_es.program.explaining.legend import legend
from micrograd_es.program.explaining.lines import Line
from micrograd_es.program.explaining.matrices import Lines
from micrograd_es.program.explaining.notation import Style
from micrograd_es.program.explaining.recurrences import Told, in_steps
from micrograd_es.program.explaining.tables import InEach
from micrograd_es.program.explaining.words import WORDS
from micrograd_es.program.given import none_of
from micrograd_es.program.rules import rules_of
from micrograd_es.scope_names import scope_path

EXAMPLES = ("rows", "columns")
WIDE = 44  # characters of a formula; what stands beside a longer one is not below that of the others


def explained(
    plan: Plan,
    shapes: Sequence[tuple[int, ...]],
    latex: bool,
    backward: bool,
    examples: str,
    language: str,
    steps: bool,
) -> str:
    """The formulas of a plan, one line each; see `Program.explain`."""
    for name, given, known in (("examples", examples, EXAMPLES), ("language", language, tuple(WORDS))):
        if given not in known:
            raise none_of(given, name, known)
    style = Style(latex, examples == "columns", WORDS[language])
    lines = Lines(plan, shapes, steps)
    shown = [*lines.forward, *(lines.backward if backward else ())]
    names = told(plan, lines.given, style)
    ends = [_grouped(lines.forward, style), *_by_number(plan, style), *names]
    found = _told(shown, replace(style, index=lines.index), language)
    if lines.index:
        found = in_steps(found, [matrix for matrix, _ in lines.given])
    between, apart = (" && ", r" \quad ") if latex else ("   ", "   ")
    width = 0 if latex else min(max([len(one.formula) for one in found], default=0), WIDE)
    text = [f"{one.formula:{width}}{between}{one.beside}{apart * bool(one.steps)}{one.steps}" for one in found]
    if latex:
        return "".join([f"% {comment}\n" for comment in ends]) + " \\\\\n".join(text)
    said = [style.words["steps"].format(lines.index)] if any(one.steps for one in found) else []
    return "\n".join([*text, *ends, *legend(shown, style, language), *said])


def _told(lines: Iterable[Line], style: Style, language: str) -> list[Told]:
    """Lines as text."""
    found = []
    for line in lines:
        beside = _beside_in_latex(line, style) if style.latex else _sizes(line, style, language)
        equals = " &= " if style.latex else " = "
        found.append(Told(line, line.matrix.written(style) + equals + _right(line, style), beside, style))
    return found


def _right(line: Line, style: Style) -> str:
    """The formula of a line."""
    formula = line.formula.written(style)
    return rf"\text{{{formula}}}" if style.latex and formula == style.words["given"] else formula


def _beside_in_latex(line: Line, style: Style) -> str:
    """The shape of a line's matrix, and what the line is known as."""
    notes = [_note(line, style)] if line.note else []
    if any(isinstance(part, InEach) for part in line.formula.all_parts()):  # what the shapes say in text
        notes.append(style.words["example by example"])
    beside = "".join([rf" \quad \text{{{note}}}" for note in notes])
    return rf"\in \mathbb{{R}}^{{{line.matrix.sized(style)}}}{beside}"


def _note(line: Line, style: Style) -> str:
    """What a line is known as, or where it holds."""
    key = line.note.replace("rows", "columns") if style.columns else line.note
    name = line.of.written(style) if line.of else ""
    return style.words.get(key, "").format(f"${name}$" if style.latex else name)


def _sizes(line: Line, style: Style, language: str) -> str:
    """The shape of a line's matrix, those in its product, and what the line is known as."""
    text = shapes_in(line, style)
    notes = [part for part in (_note(line, style), scope_path(line.scope.split(" · "), language)) if part]
    return text + "".join(f"   {note}" for note in notes)


def shapes_in(line: Line, style: Style) -> str:
    """The shape of a line's matrix, and those in its product where it is one."""
    own = line.matrix.sized(style)
    inside = "" if isinstance(line.formula, Name) else line.formula.sizes(style) or _terms_of(line.formula, own, style)
    return own + (f" = {inside}" if inside else "")


def _terms_of(formula: Formula, own: str, style: Style) -> str:
    """The shapes in a sum with a product that is computed example by example, which its matrices do not tell."""
    terms = [part.part if isinstance(part, Minus | Multiple) else part for part in formula.parts()]
    if not isinstance(formula, Sum) or not any(isinstance(term, InEach) for term in terms):
        return ""
    return " + ".join([term.sizes(style) if isinstance(term, Product) else f"({own})" for term in terms])


def _grouped(lines: Iterable[Line], style: Style) -> str:
    """What stayed single or ragged: how much of it, and of which kinds."""
    words = style.words
    kinds = Counter(line.lone for line in lines if line.lone)
    ragged = kinds.pop("ragged", 0)
    parts = []
    if kinds:
        names = ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items()))
        key = "single" if kinds.total() > 1 else "one single"
        parts.append(words[key].format(n=kinds.total(), list=names))
    if ragged:
        parts.append(words["ragged" if ragged > 1 else "one ragged"].format(n=ragged))
    return words["lone"].format(words["and"].join(parts)) if parts else words["everything"]


def _by_number(plan: Plan, style: Style) -> list[str]:
    """Which operations are grouped but called for each number, in a line where there are some."""
    rows = [(block.op, len(block.inputs)) for block in plan.blocks if isinstance(block, Elementwise)]
    names = sorted({op.name for op, inputs in set(rows) if rules_of(op, inputs).by_number})
    return [style.words["by number"].format(", ".join(names))] if names else []


def arrays_of(
    plan: Plan,
    shapes: Sequence[tuple[int, ...]],
    values: Mapping[Space, Array],
    batch: int,
    upstream: Array | None,
    steps: bool,
) -> dict[str, Array]:
    """The numbers of every matrix by its name in text, each worked out from the formulas, examples as rows."""
    lines = Lines(plan, shapes, steps)
    found: dict[str, Array] = {"1/m": np.full((batch, 1), 1 / max(batch, 1))}
    for matrix, rows in lines.given:
        found[matrix.name] = out_of_columns(values[rows.space][list(rows.numbers)].T, matrix)
    if upstream is not None:
        expected = (batch, len(plan.tape.outputs))
        if expected[1] == 1:
            raise ValueError("upstream is given for a single output, whose mean is differentiated. Write it without.")
        if np.shape(upstream) != expected:
            raise ValueError(f"upstream has the shape {np.shape(upstream)}; expected {expected}, that of the outputs.")
        found[lines.output.gradient.name] = upstream
    for line in (*lines.forward, *lines.backward):
        height, width = line.matrix.shape
        shape = batch * line.matrix.positions if height == "m" else height, width
        found[line.matrix.name] = np.array(np.broadcast_to(line.formula.array(found), shape))
    del found["1/m"]
    return found
