"""What is said at each step: the rule, the local gradient with numbers put in, upstream × local = contribution."""

from __future__ import annotations

from collections.abc import Sequence

from micrograd_es.figures.caption import Caption, Part, caption, enclosed, times
from micrograd_es.figures.labels import pretty
from micrograd_es.figures.scene import Fork, Gate, Wire
from micrograd_es.figures.texts import GENERIC, Texts
from micrograd_es.maths import Number
from micrograd_es.ops import Role
from micrograd_es.symbols import Symbol, formula_of
from micrograd_es.value import Value

MOST = 4  # inputs of a gate that a caption spells out


class Captions:
    """The captions of one scene; `most` is how many inputs of a gate they spell out (None: all)."""

    def __init__(self, texts: Texts, most: int | None = MOST) -> None:
        self.texts, self.scene, self.words, self._most = texts, texts.scene, texts.words, most
        self._taken = {t.value.label for t in self.scene.terminals} | {g.node.label for g in self.scene.gates}

    def names(self) -> Caption:
        """The first frame: names and gates, nothing computed."""
        return caption(self.words["names"], self.words["names_text"].format(f=self.texts.output))

    def leaves(self) -> Caption:
        """The frame in which the inputs get their values."""
        given = [f"{self._called(x, i)} = {self.texts.value_number(x)}" for i, x in enumerate(self._given())]
        return caption(self.words["leaves"], _listed(given, 12))

    def _given(self) -> list[Value]:
        """The inputs of the figure, those in bundles too."""
        wires = (self.scene.leaving[t.key][0] for t in self.scene.terminals if not t.is_output)
        return [x for wire in wires for x in wire.values if not x.is_constant]

    def forward(self, gate: Gate) -> Caption:
        """The frame in which a gate computes its value."""
        return caption(self._heading("forward", gate), self._computed(gate))

    def _computed(self, gate: Gate) -> list[Part]:
        """q = x + y = −2.00 + 5.00 = 3.00"""
        if gate.folded is not None:
            results = self.scene.results(gate)
            made = f"{_together([self.texts.name(x) or '…' for x in results])} = "
            come_to = Part(_together([self.texts.value_number(x) for x in results]), "value")
            return [Part(made * any(map(self.texts.name, results))), Part(f"{self._called_with(gate)} = "), come_to]
        result = Part(self.texts.value_number(gate.node), "value")
        name = self.texts.name(gate.node)
        start = [Part(f"{name} = ")] if name else []
        names, numbers = self._input_names(gate), self._input_numbers(gate)
        if len(names) > 8:
            return [*start, result]
        assert gate.node.op is not None
        formula = formula_of(gate.node.op, self._variables(gate))
        spelled = times(formula.text({f"x{i}": n for i, n in enumerate(numbers)}))
        if spelled == result.text:  # a change of sign: the number alone would say nothing
            spelled = f"{enclosed(numbers[0])} {self.texts.sign(gate)}"
        if all(self.texts.name(x) or x.is_constant for x in gate.node.inputs):
            start.append(Part(formula.text({f"x{i}": n for i, n in enumerate(names)}) + " = "))
        return [*start, Part(spelled + " = "), result]

    def _called_with(self, gate: Gate) -> str:
        """A folded gate with its inputs: σ(x₁, x₂)"""
        inputs = [self._put_in(gate, wire, x) for wire in self._inputs(gate) for x in wire.values]
        return f"{self.texts.sign(gate)}({', '.join(shortened(inputs))})"

    def _put_in(self, gate: Gate, wire: Wire, x: Value) -> str:
        """What stands for an input of a folded gate: its name, or its number."""
        return self.texts.name(x) or self.texts.value_number(x)

    def start(self) -> Caption:
        """The frame in which the gradient of the output is 1."""
        f = self.texts.output
        one = Part(self.texts.numbers(1), "gradient")
        return caption(self.words["start"], [Part(f"∂{f}/∂{f} = "), one], self.words["start_text"].format(f=f))

    def backward(self, gate: Gate) -> Caption:
        """The frame in which a gate sends its gradient back: one line for each of its inputs."""
        role = self._role(gate)
        back = [(wire, x) for wire in self._back(gate) for x in wire.values]
        spelled = back if self._most is None or len(back) == self._most + 1 else back[: self._most]
        lines: list[list[Part] | str] = [self._heading("backward", gate), [Part(role, "muted")]]
        lines += [
            self._contribution(gate, wire) if len(wire.values) == 1 else self._bundled(wire, x) for wire, x in spelled
        ]
        if len(back) > len(spelled):
            lines.append([Part(self.words["more"].format(n=len(back) - len(spelled)), "muted")])
        return caption(*lines)

    def _bundled(self, wire: Wire, x: Value) -> list[Part]:
        """∂f/∂x = 2.00 for one of the Values of a bundle."""
        number = self.texts.number(f"{wire.key}.gradient", self.scene.gradient[x])
        return [Part(f"∂{self.texts.output}/∂{self.texts.name(x) or '…'} = "), Part(number, "gradient")]

    def _role(self, gate: Gate) -> str:
        """What the gate does to the gradient, in words."""
        if gate.folded is not None or gate.node.op is None:
            return self.words["block_rule"].capitalize() + "."
        role = gate.node.op.role.value
        name = self.words[role]
        rule = self.words[f"{role}_rule"]
        return f"{name.capitalize()}: {rule}." if name else f"{rule.capitalize()}."

    def _contribution(self, gate: Gate, wire: Wire) -> list[Part]:
        """∂q/∂x = 1.00 → ∂f/∂x = ∂f/∂q · ∂q/∂x = −4.00 × 1.00 = −4.00

        Where a name is missing the rule says itself what it is about: (e^u)′ = e^u = 0.37 → −0.53 × 0.37 = −0.20
        """
        f = self.texts.output
        made, fed = self.texts.name(gate.node), self.texts.name(wire.value)
        upstream, sent = self.scene.gradient.get(gate.node), self.scene.wire_gradient(wire)
        local = self.scene.wire_local(wire)
        known = f"∂{f}/∂{fed} = " if fed and not wire.is_branch else ""
        number = "…" if sent is None else self.texts.number(f"{wire.key}.gradient", sent)
        if upstream is None or sent is None or local is None:
            return [Part(known), Part(number, "gradient")]
        if made and fed and not self.texts.along(wire):
            known += f"∂{f}/∂{made} · ∂{made}/∂{fed} = "
        factor = enclosed(self.texts.number(f"{wire.key}.local", local))
        product = [Part(self.texts.gradient_number(gate.node), "gradient"), Part(" × "), Part(factor, "local")]
        slope = [*self._slope(gate, wire, local), Part("   →   ", "muted")]
        return [*slope, Part(known), *product, Part(" = "), Part(number, "gradient")]

    def _slope(self, gate: Gate, wire: Wire, local: Number) -> list[Part]:
        """The local gradient: what it is of, its formula, the formula with numbers put in, and what it comes to."""
        number = self.texts.number(f"{wire.key}.local", local)
        row = gate.node.op
        made, fed = self._called_output(gate), self._called_input(gate, wire)
        along = self.texts.along(wire)
        symbol = f"∂{made}/∂{fed}{along} = "
        if gate.folded is not None or row is None or len(gate.node.inputs) > 8:
            return [Part(symbol), Part(number, "local")]
        ((_, i),) = wire.edges
        variables, named = self._variables(gate), self._generic_names(gate)
        names = {f"x{k}": name for k, name in enumerate(named)}
        whole = formula_of(row, variables).text(names)
        if not (self.texts.name(gate.node) and self.texts.name(wire.value)):
            symbol = f"({whole})′ = " if len(self._back(gate)) == 1 else f"∂({whole})/∂{fed}{along} = "
        formula = formula_of(row, variables, i)
        if row.role is Role.ROUTER or not _mentions(formula) or str(formula.form).startswith("∂"):
            return [Part(symbol), Part(number, "local")]
        put_in = {f"x{k}": n for k, n in enumerate(self._input_numbers(gate))} | {
            "z": self.texts.value_number(gate.node)
        }
        names["z"] = self.texts.name(gate.node) or whole
        steps = dict.fromkeys([formula.text(names), times(formula.text(put_in)), number])
        return [Part(symbol + " = ".join(list(steps)[:-1]) + " = "), Part(number, "local")]

    def fork(self, fork: Fork) -> Caption:
        """The frame in which the branches of a value add up."""
        branches = [(wire.key, self.scene.wire_gradient(wire)) for wire in self.scene.leaving[fork.key]]
        terms = [self.texts.number(f"{key}.gradient", g) for key, g in branches if g is not None]
        name = self.texts.name(fork.value) or self.texts.value_number(fork.value)
        total = Part(self.texts.gradient_number(fork.value), "gradient")
        shown = " + ".join(shortened([terms[0], *map(enclosed, terms[1:])]))
        derivative = f"∂{self.texts.output}/∂{name} = " if self.texts.name(fork.value) else ""
        return caption(
            f"{self.words['sum']} Σ",
            [Part(self.words["sum_text"].format(x=name), "muted")],
            [Part(f"{derivative}{shown} = "), total],
        )

    # Names

    def _variables(self, gate: Gate) -> list[Symbol]:
        """The inputs of a gate as symbols x0, x1 …; a whole constant as its number, so that x³ has the slope 3·x²."""
        return [
            Symbol(x.data) if x.is_constant and isinstance(x.data, int) else Symbol(f"x{i}")
            for i, x in enumerate(gate.node.inputs)
        ]

    def _heading(self, direction: str, gate: Gate) -> str:
        row = gate.node.op
        sign = self.texts.path(gate.folded) if gate.folded else self.texts.sign(gate)
        kind = self.words.get(row.name, row.name) if row and gate.folded is None else sign
        return f"{self.words[direction]} · {kind}"

    def _inputs(self, gate: Gate) -> list[Wire]:
        return self.scene.entering.get(gate.key, [])

    def _back(self, gate: Gate) -> list[Wire]:
        """The wires on which a gate sends its gradient back."""
        return [wire for wire in self._inputs(gate) if self.texts.has_gradient(wire)]

    def _called(self, value: object, i: int) -> str:
        return pretty(getattr(value, "label", "")) or self._free(i)

    def _free(self, i: int) -> str:
        """The i-th of the general names that no Value of the figure has."""
        free = [name for name in GENERIC if name not in self._taken]
        return free[i] if i < len(free) else f"u{i}"

    def _called_output(self, gate: Gate) -> str:
        free = next(name for name in ("z", "y", "s", "t", "h", "o") if name not in self._taken)
        return self.texts.name(gate.node) or free

    def _called_input(self, gate: Gate, wire: Wire) -> str:
        if self.texts.name(wire.value):
            return self.texts.name(wire.value)
        return self._free(self._inputs(gate).index(wire))

    def _generic_names(self, gate: Gate) -> list[str]:
        """The names of a gate's inputs: constants as numbers, general names for those that have none."""
        wires = {wire.edges[0][1]: wire for wire in self._inputs(gate)}
        return [
            self._called_input(gate, wires[i])
            if i in wires and not x.is_constant
            else self.texts.constants.constant(x.data)
            for i, x in enumerate(gate.node.inputs)
        ]

    def _input_names(self, gate: Gate) -> list[str]:
        return [self.texts.name(x) or self.texts.constants.constant(x.data) for x in gate.node.inputs]

    def _input_numbers(self, gate: Gate) -> list[str]:
        texts = self.texts
        return [texts.constants.constant(x.data) if x.is_constant else texts.value_number(x) for x in gate.node.inputs]


def _mentions(formula: Symbol) -> bool:
    """Whether a formula has a name in it."""
    return isinstance(formula.form, str) if not formula.parts else any(map(_mentions, formula.parts))


def shortened(items: Sequence[str]) -> list[str]:
    """Up to eight items; of more the first three, … and the last.

    >>> shortened("abcdefgh") == list("abcdefgh"), shortened("abcdefghi")
    (True, ['a', 'b', 'c', '…', 'i'])
    """
    return list(items) if len(items) <= 8 else [*items[:3], "…", items[-1]]


def _together(items: Sequence[str]) -> str:
    """One item as it is, several as (a,  b,  c)."""
    return items[0] if len(items) == 1 else f"({',  '.join(shortened(items))})"


def _listed(items: Sequence[str], most: int) -> str:
    return ",  ".join(items[:most]) + (" …" if len(items) > most else "")


class SymbolCaptions(Captions):
    """The captions of a scene that shows symbols in place of numbers."""

    def leaves(self) -> Caption:
        """The frame in which the inputs are there."""
        return caption(self.words["leaves"], _listed([self._called(x, i) for i, x in enumerate(self._given())], 12))

    def forward(self, gate: Gate) -> Caption:
        """z = f(x, y), and its local gradients, known from here on."""
        results = self.scene.results(gate)
        named = [self.texts.name(x) or "…" for x in results]
        made = self._called_output(gate) if len(results) == 1 else _together(named)
        computed = [Part(f"{made} = {self._formula(gate)}", "value")]
        if len(results) > 1:
            return caption(self._heading("forward", gate), computed)
        slopes = [f"∂{made}/∂{self._put_in(gate, wire, x)}" for wire in self._inputs(gate) for x in wire.values]
        local = [Part(f"{self.words['locals']}: ", "muted"), Part(",   ".join(shortened(slopes)), "local")]
        return caption(self._heading("forward", gate), computed, local)

    def _put_in(self, gate: Gate, wire: Wire, x: Value) -> str:
        return self._called_input(gate, wire) if x is wire.value else self.texts.name(x) or "…"

    def _bundled(self, wire: Wire, x: Value) -> list[Part]:
        return [Part(f"∂{self.texts.output}/∂{self.texts.name(x) or '…'}", "gradient")]

    def _formula(self, gate: Gate) -> str:
        if gate.folded is not None or gate.node.op is None:
            return self._called_with(gate)
        formula = formula_of(gate.node.op, self._variables(gate))
        return formula.text({f"x{i}": name for i, name in enumerate(self._generic_names(gate))})

    def _contribution(self, gate: Gate, wire: Wire) -> list[Part]:
        """∂L/∂x = ∂L/∂z · ∂z/∂x"""
        f, made, fed = self.texts.output, self._called_output(gate), self._called_input(gate, wire)
        if len(self.scene.results(gate)) > 1:
            return [Part(f"∂{f}/∂{fed}", "gradient")]
        left = [] if wire.is_branch else [Part(f"∂{f}/∂{fed}", "gradient"), Part(" = ")]
        return [*left, Part(f"∂{f}/∂{made}", "gradient"), Part(" · "), Part(f"∂{made}/∂{fed}", "local")]

    def fork(self, fork: Fork) -> Caption:
        """The frame in which the branches of a value add up."""
        name = self.texts.name(fork.value) or self._free(0)
        terms = [self.texts.contribution(wire) for wire in self.scene.leaving[fork.key]]
        said = [Part(f"∂{self.texts.output}/∂{name}", "gradient"), Part(f" = {' + '.join(shortened(terms))}")]
        return caption(f"{self.words['sum']} Σ", [Part(self.words["sum_text"].format(x=name), "muted")], said)
