"""What is said under a block graph: what a block computes, the Jacobian that multiplies, the product so far."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from micrograd_es.figures.blocks.numbers import Matrix, product, transposed
from micrograd_es.figures.blocks.paths import Paths
from micrograd_es.figures.blocks.scene import Parameter, Vector
from micrograd_es.figures.blocks.texts import NO_BREAK, BlockTexts, in_formula, is_linear
from micrograd_es.figures.caption import Caption, Part, caption, enclosed, matrix
from micrograd_es.figures.grids import Grid, is_small
from micrograd_es.figures.scene import Fork, Gate, Wire
from micrograd_es.maths import Number

MOST = 3  # wires of a block that a caption spells out
MOST_LISTED = 6  # gradients of parameters that one line lists
CLOSE = 1e-9

Line = list[Part]


class BlockCaptions:
    """The captions of one block graph."""

    def __init__(self, texts: BlockTexts, paths: Paths | None) -> None:
        self.texts, self.scene, self.words, self.numbers = texts, texts.scene, texts.words, texts.numbers
        self.paths = paths

    # One step

    def names(self) -> Caption:
        """The first frame: names and blocks, nothing computed."""
        return caption(self.words["block_names"], self.words["block_names_text"].format(f=self.texts.output))

    def leaves(self) -> Caption:
        """The frame in which inputs and parameters get their values."""
        vectors = [self.scene.vectors[t.key] for t in self.scene.terminals if not t.is_output]
        vectors += [p.vector for listed in self.scene.parameters.values() for p in listed]
        named = [f"{self.texts.name(v)} ({self.texts.shape(v) or '1×1'})" for v in vectors if not v.is_constant]
        return caption(self.words["leaves"], ",  ".join(named[:12]) + " …" * (len(named) > 12))

    def forward(self, gate: Gate) -> Caption:
        """The frame in which a block computes: z = Ω₀·x + β₀ = …"""
        made = self.scene.vectors[gate.key]
        formula = self._formula(gate, made)
        line: Line = [Part(f"{self.texts.name(made)} = {formula}")]
        if not self.texts.symbols and is_small(*made.shape):
            line += [Part(" = "), matrix(self.texts.value(made), "value")]
        return caption(f"{self.words['forward']} · {self.texts.path(gate)}", line)

    def start(self) -> Caption:
        """The frame in which the gradient of the output is 1, or the identity."""
        f = self.texts.output
        if len(self.scene.outputs) > 1:
            return caption(self.words["start"], f"∂{f}/∂{f} = I")
        one = Part(self.texts.written(1), "gradient")
        return caption(self.words["start"], [Part(f"∂{f}/∂{f} = "), one], self.words["start_text"].format(f=f))

    def backward(self, gate: Gate, done: Collection[str]) -> Caption:
        """The frame in which a block sends its gradient back, and the product as far as it goes."""
        wires = self.scene.entering.get(gate.key, [])
        lines: list[Line | str] = [f"{self.words['backward']} · {self.texts.path(gate)}"]
        spelled = wires if len(wires) == MOST + 1 else wires[:MOST]
        lines += [self._contribution(gate, wire) for wire in spelled]
        if len(wires) > len(spelled):
            lines.append([Part(self.words["more"].format(n=len(wires) - len(spelled)), "muted")])
        return caption(*lines, *self._so_far(done))

    def fork(self, fork: Fork, done: Collection[str]) -> Caption:
        """The frame in which the branches of a vector add up."""
        (trunk,) = self.scene.entering[fork.key]
        vector = self.scene.fed(trunk)
        lines: list[Line | str] = [f"{self.words['sum']} Σ"]
        lines.append([Part(self.words["sum_text"].format(x=self.texts.name(vector)), "muted")])
        line: Line = [Part(f"{self.texts.derivative(vector)} = ", "gradient")]
        branches = [self.texts.gradient(wire) for wire in self.scene.leaving[fork.key]]
        whole = all(self.scene.fed(wire) is vector for wire in self.scene.leaving[fork.key])
        total = self.texts.gradient(trunk)
        if whole and len(branches) <= 4 and not self.texts.symbols:
            for branch in branches:
                line += [*([Part(" + ")] if len(line) > 1 else []), *self._grid(branch, "gradient")]
            line.append(Part(" = "))
        return caption(*lines, [*line, *self._grid(total, "gradient")], *self._so_far(done))

    def parameters(self, gate: Gate) -> Caption:
        """The frame in which the parameters of a block get their gradients."""
        lines: list[Line | str] = [f"{self.words['parameters']} · {self.texts.path(gate)}"]
        lines.append([Part(self.words["parameter_text"], "muted")])
        for parameter in self.scene.parameters[gate.key][:MOST]:
            rule, factors = self._rule(gate, parameter)
            line: Line = [
                Part(f"{self.texts.derivative(parameter.vector)} = ", "gradient"),
                Part(rule and f"{rule} = "),
            ]
            if len(factors) > 1 and all(is_small(len(m), len(m[0])) for m in factors) and not self.texts.symbols:
                line += [*self._product(factors, gradient=int(not rule.startswith(("∂", "(∂")))), Part(" = ")]
            lines.append([*line, *self._grid(self.texts.gradient(parameter), "gradient")])
        return caption(*lines)

    def whole(self) -> Caption:
        """What stands under a finished figure: the product with its numbers, and the gradients of all parameters."""
        lines: list[Line | str] = [*self._so_far({wire.key for wire in self.scene.wires})]
        rules = [
            f"{self.texts.derivative(parameter.vector)} = {rule}"
            for gate in reversed(self.scene.gates)
            for parameter in self.scene.parameters.get(gate.key, ())
            if (rule := self._rule(gate, parameter)[0])
        ]
        if rules:
            rules = [rule.replace(" ", NO_BREAK) for rule in rules]
            lines.append([Part(",    ".join(rules[:MOST_LISTED]) + "  …" * (len(rules) > MOST_LISTED))])
        return Caption(tuple((Part(line),) if isinstance(line, str) else tuple(line) for line in lines))

    # What a block computes

    def _formula(self, gate: Gate, made: Vector) -> str:
        """What a block computes, in terms of what it is given."""
        wires = self.scene.entering.get(gate.key, [])
        linear = self._linear(gate, made, wires)
        if linear:
            return linear
        names = [self.texts.name(self.scene.fed(wire)) for wire in wires]
        if gate.folded is None:
            sign = self.texts.title(gate)
            row = gate.node.op
            if len(names) == 2 and row is not None and gate.constant is None:
                elementwise = "⊙" if row.name == "mul" and len(made.values) > 1 else sign
                return f"{names[0]} {elementwise} {names[1]}"
            return f"({names[0]}) {sign}" if gate.constant is not None and names else f"{sign}({', '.join(names)})"
        names += [self.texts.name(p.vector) for p in self.scene.parameters.get(gate.key, ())]
        return f"{self.texts.title(gate)}({', '.join(names)})"

    def _linear(self, gate: Gate, made: Vector, wires: Sequence[Wire]) -> str:
        """W·x + b where that is what a block computes: its numbers say so."""
        if len(wires) != 1 or not is_linear(gate):
            return ""
        if self.scene.fed(wires[0]).columns > 1:
            return self._linear_rows(gate, made, self.scene.fed(wires[0]))
        x, parameters = self.scene.fed(wires[0]), [p.vector for p in self.scene.parameters.get(gate.key, ())]
        for weights in parameters:
            rest = [vector for vector in parameters if vector is not weights]
            if weights.shape != (len(made.values), len(x.values)) or len(rest) > 1 or len(weights.values) == 1:
                continue
            total = product(self.numbers.value(weights), self.numbers.value(x))
            for bias in rest:
                if len(bias.values) != len(total):
                    return ""
                total = [[a[0] + b.number] for a, b in zip(total, bias.values, strict=True)]  # type: ignore[operator]
            if _alike(total, self.numbers.value(made)) and _alike(
                self.numbers.local(wires[0]), self.numbers.value(weights)
            ):
                return " + ".join([f"{self.texts.name(weights)}·{self.texts.name(x)}", *map(self.texts.name, rest)])
        return ""

    def _linear_rows(self, gate: Gate, made: Vector, x: Vector) -> str:
        """X·W + b for the rows of a matrix, where that is what a block computes."""
        parameters = [p.vector for p in self.scene.parameters.get(gate.key, ())]
        for weights in parameters:
            rest = [vector for vector in parameters if vector is not weights]
            if weights.shape != (x.columns, made.columns) or len(rest) > 1:
                continue
            total = product(self.numbers.value(x), self.numbers.value(weights))
            for bias in rest:
                if len(bias.values) != made.columns:
                    return ""
                total = [[a + b.number for a, b in zip(row, bias.values, strict=True)] for row in total]  # type: ignore[operator]
            if _alike(total, self.numbers.value(made)):
                return " + ".join([f"{self.texts.name(x)}·{self.texts.name(weights)}", *map(self.texts.name, rest)])
        return ""

    # What comes back

    def _contribution(self, gate: Gate, wire: Wire) -> Line:
        """∂J/∂h = Ω₁ᵀ · ∂J/∂y = [ … ]·[ … ] = [ … ]"""
        texts, vector = self.texts, self.scene.fed(wire)
        factor, upstream = texts.factor(wire), texts.derivative(self.scene.vectors[gate.key])
        is_last = self.scene.vectors[gate.key].values == self.scene.outputs
        symbols = [factor] if is_last else [factor, upstream] if self.numbers.is_column else [upstream, factor]
        known = [] if wire.is_branch else [Part(texts.derivative(vector), "gradient"), Part(" = ")]
        local, arriving = self.numbers.local(wire), self.numbers.upstream(gate)
        if vector.columns > 1:
            rule, rows, sign = self._of_rows(gate, wire)
            if rule and texts.symbols:
                return [*known, Part(rule)]
            line = [*known, Part(rule and f"{rule} = ")]
            if rows and all(is_small(len(m), len(m[0])) for m in rows):
                line = [*line, *self._product(rows, 0, sign), Part(" = ")]
            return [*line, *self._grid(texts.gradient(wire), "gradient")]
        said = " · ".join(symbols)
        line = known if is_last and known and said == texts.derivative(vector) else [*known, Part(said), Part(" = ")]
        factors = self._in_order([local, *([] if is_last else [arriving])])
        if texts.symbols:
            return line[:-1] if line is not known else [*known, Part(said)]
        if len(factors) > 1 and all(is_small(len(m), len(m[0])) for m in factors):
            line = [*line, *self._product(factors, gradient=0 if not self.numbers.is_column else 1), Part(" = ")]
        return [*line, *self._grid(texts.gradient(wire), "gradient")]

    def _of_rows(self, gate: Gate, wire: Wire) -> tuple[str, list[Matrix], str]:
        """How the gradient of a matrix of examples comes about: ∂L/∂Z · Wᵀ, or ∂L/∂H ⊙ 1[Z > 0].

        With its factors, and the sign between them. Checked against the numbers of the graph.
        """
        made, held = self.scene.vectors[gate.key], self.numbers.gradient(wire)
        if len(self.scene.outputs) > 1 or made.columns == 1 or held is None:
            return "", [], ""
        name, arriving = self.texts.derivative(made), self._as_rows(self.numbers.upstream(gate)[0], made.columns)
        for parameter in self.scene.parameters.get(gate.key, ()) if is_linear(gate) else ():
            weights = transposed(self.numbers.value(parameter.vector))
            if len(weights) == made.columns and _alike(product(arriving, weights), held):
                return f"{name} · {in_formula(self.texts.name(parameter.vector))}ᵀ", [arriving, weights], "·"
        diagonal = re.fullmatch(r"diag\((.*)\)", self.texts.factor(wire))
        if diagonal is None:
            return "", [], ""
        slopes = self._as_rows([row[i] for i, row in enumerate(self.numbers.local(wire))], made.columns)
        passed = [[u * slope for u, slope in zip(*rows, strict=True)] for rows in zip(arriving, slopes, strict=True)]  # type: ignore[operator]
        entries = diagonal[1].replace("·", " ⊙ ")
        entries = entries if "⊙" in entries or entries.startswith("1[") else in_formula(entries)
        return (f"{name} ⊙ {entries}", [arriving, slopes], "⊙") if _alike(passed, held) else ("", [], "")

    def _as_rows(self, row: Sequence[Number], columns: int) -> Matrix:
        return [list(row[i : i + columns]) for i in range(0, len(row), columns)]

    def _in_order(self, matrices: list[Matrix]) -> list[Matrix]:
        """Matrices of k×d, from the input to the output, as the factors of the layout."""
        laid = [self.numbers.laid(m) for m in matrices]
        return laid if self.numbers.is_column else laid[::-1]

    def _product(self, factors: Sequence[Matrix], gradient: int = -1, sign: str = "·") -> Line:
        """The factors with their numbers; the one that is a gradient in its colour."""
        line: Line = []
        for place, factor in enumerate(factors):
            kind = "gradient" if place == gradient else "local"
            grid = Grid.of(factor, self.texts.written)
            if len(factor) == len(factor[0]) == 1 and line:
                grid = Grid(((enclosed(grid.text()),),))
            line += [*([Part(f" {sign} ")] if line else []), *self._grid(grid, kind)]
        return line

    def _grid(self, grid: Grid | None, kind: str) -> Line:
        return [matrix(grid, kind)] if grid else [Part("…", kind)]

    def _rule(self, gate: Gate, parameter: Parameter) -> tuple[str, list[Matrix]]:
        """How the gradient of a parameter comes about, checked against its numbers: δ·xᵀ for weights, δ for a bias."""
        if len(self.scene.outputs) > 1 or not self.numbers.shown or not is_linear(gate):
            return "", []
        arriving = self.numbers.upstream(gate)
        name, vector = self.texts.derivative(self.scene.vectors[gate.key]), parameter.vector
        held = self.numbers.of_parameter(parameter)
        if self.scene.vectors[gate.key].values == self.scene.outputs or held is None:
            return "", []
        if len(vector.values) == len(arriving[0]) and vector.columns == 1 and _alike(held, self.numbers.laid(arriving)):
            return name, [self.numbers.laid(arriving)]
        made = self.scene.vectors[gate.key]
        if made.columns > 1 and vector.shape == (made.columns, 1):
            sums = [[sum(column) for column in transposed(self._as_rows(arriving[0], made.columns))]]
            if _alike(held, self.numbers.laid(sums)):
                return f"({name})ᵀ · 1" if self.numbers.is_column else f"1ᵀ · {name}", []
        for wire in self.scene.entering.get(gate.key, ()):
            fed, x = self.scene.fed(wire), transposed(self.numbers.value(self.scene.fed(wire)))
            if fed.columns == 1 and vector.columns == len(fed.values) > 1:
                factors = [transposed(arriving), x]
                if len(arriving[0]) == vector.shape[0] and _alike(product(*factors), held):
                    delta = name if self.numbers.is_column else f"({name})ᵀ"
                    return f"{delta} · {in_formula(self.texts.name(fed))}ᵀ", factors
            if fed.columns > 1 < made.columns and len(x) == vector.shape[0]:
                factors = [x, self._as_rows(arriving[0], made.columns)]
                if _alike(product(*factors), held):
                    return f"{in_formula(self.texts.name(fed))}ᵀ · {name}", factors
        return "", []

    # The product

    def _so_far(self, done: Collection[str]) -> list[Line]:
        """∂J/∂x as a product of Jacobians, as far as the wires in `done` go; with its numbers once it is whole."""
        if self.paths is None or not self.numbers.shown:
            return []
        return self.paths.lines(done, self)

    def numeric(self, factors: list[Matrix], total: Grid | None) -> Line:
        """A product with its numbers and what it comes to; nothing where a factor is too large to be read."""
        ordered = self._in_order(factors)
        if not total or len(ordered) < 2 or not all(is_small(len(m), len(m[0])) for m in ordered):
            return []
        return [*self._product(ordered), Part(" = "), matrix(total, "gradient")]


def _alike(a: Matrix, b: Matrix) -> bool:
    """Whether two matrices have the same shape and, but for rounding, the same numbers."""
    return [len(row) for row in a] == [len(row) for row in b] and all(
        abs(float(x) - float(y)) <= CLOSE * max(1.0, abs(float(x)))
        for p, q in zip(a, b, strict=True)
        for x, y in zip(p, q, strict=True)
    )
