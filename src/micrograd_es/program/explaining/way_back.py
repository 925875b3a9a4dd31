"""The way back: the lines of the gradients, from that of the output to those of all that parameters are in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from micrograd_es.program.explaining.formulas import Formula, Matrix, Name, Sum, Word
from micrograd_es.program.explaining.lines import Line, Page
from micrograd_es.program.explaining.objective import Objective
from micrograd_es.program.explaining.readings import is_zero
from micrograd_es.program.tape import Tape


def backward(page: Page, objective: Objective, tape: Tape) -> list[Line]:
    """The gradients from that of the output back, each once all that is sent to it is known."""
    depends, output = page.dependent(tape.parameters), objective.output
    pending = Counter(x for line in page.forward for x in dict.fromkeys(line.inputs))
    sent = {matrix: [line.formula] for matrix, line in objective.seeds.items()} or {output: [_seed(output, tape)]}
    lines: list[Line] = []
    computed = {line.matrix for line in page.forward}

    def close(matrix: Matrix) -> None:
        lines.append(_gradient(matrix, [*sent.get(matrix, ()), *objective.decay.get(matrix, ())], objective))

    for line in reversed(page.forward):
        if line.matrix in sent and line.matrix in depends:
            close(line.matrix)
            for x, formula in line.back(Name(line.matrix.gradient)) if line.back else ():
                if x in depends:
                    sent.setdefault(x, []).append(formula)
        for x in dict.fromkeys(line.inputs):
            pending[x] -= 1
            if not pending[x] and (x in sent or x in objective.decay) and x not in computed:
                close(x)
    if output in depends - computed:  # a parameter is returned as it is
        close(output)
    return lines


def _gradient(matrix: Matrix, sent: Sequence[Formula], objective: Objective) -> Line:
    """The line of a gradient: the sum of what is sent there, or what the way back starts with."""
    if matrix in objective.seeds:
        return replace(objective.seeds[matrix], matrix=matrix.gradient)
    sent = [formula for formula in sent if not is_zero(formula)] or sent[:1]
    return Line(matrix.gradient, sent[0] if len(sent) == 1 else Sum(sent))


def _seed(output: Matrix, tape: Tape) -> Formula:
    """What the way back starts with: that of a mean over the examples, or what is given."""
    if output.letter == "ℓ" or (len(tape.outputs) == 1 and output.shape == ("m", 1)):
        return Word("1/m", r"\frac{1}{m}", 0.0, "1/m")
    if len(tape.outputs) == 1:
        return Word("1", "1", 1.0)
    return Word("given", "", 1.0, output.gradient.name)
