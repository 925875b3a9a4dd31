"""What stands on every wire and in every gate of a scene: numbers or symbols, as runs of text."""

from __future__ import annotations

from functools import cached_property
from itertools import count

from micrograd_es.figures.digits import NumberFormat
from micrograd_es.figures.folding import REMAINDER
from micrograd_es.figures.labels import Line, Run, clean, pretty
from micrograd_es.figures.scene import Gate, Scene, Terminal, Wire
from micrograd_es.figures.words import counted, words
from micrograd_es.maths import Number
from micrograd_es.notations import RAISED
from micrograd_es.ops import Op
from micrograd_es.scope_names import scope_name, scope_path
from micrograd_es.scopes import Scope
from micrograd_es.symbols import Symbol, formula_of
from micrograd_es.value import Value

GENERIC = ("u", "v", "w", "p", "q", "r", "s", "t")  # names for inputs that have none


class Texts:
    """The texts of one scene in one language and number format.

    With `symbols` the wires carry names and derivatives in place of numbers.
    """

    def __init__(self, scene: Scene, language: str, numbers: NumberFormat, symbols: bool = False) -> None:
        self.scene, self.numbers, self.symbols = scene, numbers, symbols
        self.constants = numbers  # how the constants of formulas are written
        self.language, self.words = language, words(language)

    def scope(self, scope: Scope) -> str:
        """The name of a scope in the figure's language."""
        return scope_name(scope.name, self.language)

    def path(self, scope: Scope) -> str:
        """The names of a scope and of those round it: capa 1 · neurona 2."""
        return scope_path([part.name for part in scope.path()], self.language)

    def counted(self, things: str, n: int) -> str:
        """So many gates, inputs or blanks, in words."""
        return counted(self.words[things], n)

    @cached_property
    def output(self) -> str:
        """The name of what the figure computes: its label, or the first of f, L, F that no Value has."""
        taken = {t.value.label for t in self.scene.terminals} | {g.node.label for g in self.scene.gates}
        free = next((name for name in ("f", "L", "F", "g") if name not in taken), "f")
        return pretty(self.scene.f.label) if self.scene.f.label else free

    @cached_property
    def _given(self) -> dict[Value, str]:
        """Names for what has none, where symbols are shown: q₁, q₂ … in the order of the gates."""
        unnamed = [g.node for g in self.scene.gates if not g.node.label and g.node is not self.scene.f]
        taken = {pretty(t.value.label) for t in self.scene.terminals} | {pretty(g.node.label) for g in self.scene.gates}
        free = (name for number in count(1) if (name := pretty(f"q{number}")) not in taken)
        return dict(zip(unnamed, free, strict=False)) if self.symbols else {}

    def name(self, value: Value) -> str:
        """A Value's name, empty where it has none."""
        return self.output if value is self.scene.f else pretty(value.label) or self._given.get(value, "")

    def number(self, key: str, x: Number) -> str:
        """A number as it is written where it belongs: at `w3.value`, `w3.gradient`, `w3.local`."""
        return self.numbers(x)

    def value_number(self, value: Value) -> str:
        """The number of a Value."""
        return self.number(f"{self.carriers.get(value, '')}.value", value.data)

    def gradient_number(self, value: Value) -> str:
        """The gradient of a Value, that of all its branches together."""
        return self.number(f"{self.carriers.get(value, '')}.gradient", self.scene.gradient[value])

    @cached_property
    def carriers(self) -> dict[Value, str]:
        """The wire that carries a Value by itself, before a fork."""
        return {wire.value: wire.key for wire in self.scene.wires if len(wire.values) == 1 and not wire.is_branch}

    def terminal(self, terminal: Terminal) -> Line:
        """The name at the end of a wire."""
        if terminal.is_output:  # a leaf that is drawn by itself has its name already
            return (Run(self.output, "italic"),) if terminal.value.op else ()
        if terminal.count > 1:
            return (Run(self.counted("inputs", terminal.count)),)
        if terminal.value.is_constant and not terminal.value.label:
            return ()  # the number on its wire is all there is to say
        return (Run(self.name(terminal.value), "italic"),)

    def sign(self, gate: Gate) -> str:
        """What stands in a gate: the operation's sign, with its constant where it has one; or the scope's name."""
        if gate.folded is not None:
            return pretty(self.scope(gate.folded))
        return sign_of(gate, self.constants)

    def value(self, wire: Wire) -> Line:
        """What stands above a wire: a number, after the name where something computed has one."""
        if len(wire.values) > 1:
            return (Run(self.words["values"].format(n=len(wire.values))),)
        name = "" if wire.is_branch or wire.value.op is None or wire.head == "output" else self.name(wire.value)
        if self.symbols:
            return (Run(self.name(wire.value) or self.formula(wire.value)),)
        number = Run(self.number(f"{wire.key}.value", wire.value.data))
        return (Run(name, "italic"), Run(f" = {number.text}")) if name else (number,)

    def has_gradient(self, wire: Wire) -> bool:
        """Whether a wire tells what comes back on it."""
        return bool(self.scene.gradient)

    def gradient(self, wire: Wire) -> Line:
        """What stands below a wire: its gradient, or a branch's own contribution."""
        if not self.has_gradient(wire) or len(wire.values) > 1:
            return ()
        if self.symbols:
            known = wire.head in self.scene.gate_of
            return (Run(self.contribution(wire) if known else self.derivative(wire.value)),)
        number = self.scene.wire_gradient(wire)
        return () if number is None else (Run(self.number(f"{wire.key}.gradient", number), "semibold"),)

    def along(self, wire: Wire) -> str:
        """That a local gradient is of one branch, where it is named as that of all branches or of another one is."""
        entering = [other.value for other in self.scene.entering[wire.head]]
        one_of_several = self.scene.gate_of[wire.head].node is self.scene.f or entering.count(wire.value) > 1
        return f" {self.words['along']}" if wire.is_branch and one_of_several else ""

    def local(self, wire: Wire) -> Line:
        """The local gradient of the gate that a wire enters, along that wire.

        On a branch it has no names: ∂f/∂x is that of all branches together.
        """
        number = self.scene.wire_local(wire)
        if number is None:
            return ()
        if self.symbols:
            return (Run(self.slope(wire)),)
        names = self.name(self.scene.gate_of[wire.head].node), self.name(wire.value)
        symbol = f"∂{names[0]}/∂{names[1]}" if all(names) and not wire.is_branch else self.words["local_short"]
        return (Run(f"{symbol} = {self.number(f'{wire.key}.local', number)}"),)

    def description(self) -> str:
        """The figure in words, for who cannot see it."""
        leaves = [t for t in self.scene.terminals if not t.is_output and not t.value.is_constant]
        count = sum(t.count for t in leaves)
        value = self.numbers(self.scene.f.data)
        said = self.words["summary"].format(
            gates=self.counted("gates", len(self.scene.gates)),
            leaves=self.counted("inputs", count),
            f=self.output,
            value=value,
        )
        slopes = [
            f"∂{self.output}/∂{self.name(t.value)} = {self.numbers(self.scene.gradient[t.value])}"
            for t in leaves
            if t.value.label and t.count == 1 and self.scene.gradient
        ]
        return f"{said} {self.words['gradient_list'].format(list='; '.join(slopes[:20]))}" if slopes else said

    def note(self) -> str:
        """What the figure folded by itself, if anything."""
        folded = [gate for gate in self.scene.gates if gate.folded]
        names = [
            self.words["hidden"] if g.folded.name == REMAINDER else clean(self.scope(g.folded), 24)
            for g in folded
            if g.folded
        ]
        items = [
            self.words["folded_item"].format(name=name, gates=self.counted("gates", len(gate.nodes)))
            for name, gate in zip(names[:4], folded, strict=False)
        ]
        more = ["…"] if len(folded) > 4 else []
        return self.words["folded"].format(list=", ".join(items + more)) if folded else ""

    def tooltips(self) -> dict[str, str]:
        """What the pointer shows over a gate or a wire, and a screen reader reads there: names in full, every digit."""
        notes = {}
        for gate in self.scene.gates:
            kind = self.path(gate.folded) if gate.folded else gate.node.op.name if gate.node.op else ""
            notes[gate.key] = clean(self.words.get(kind, kind))
        for wire in self.scene.wires:
            gradient = self.scene.wire_gradient(wire)
            name = clean(wire.value.label) or "·"
            notes[wire.key] = f"{name} = {wire.value.data}" + (
                f", ∂{self.output} = {gradient}" if gradient is not None else ""
            )
        return notes

    def slope(self, wire: Wire, result: Value | None = None) -> str:
        """The local gradient along a wire into a gate, of a result where it has several, in symbols: ∂q/∂x."""
        made = self.scene.gate_of[wire.head].node if result is None else result
        return f"∂{self.name(made) or self.formula(made)}/∂{self.name(wire.value) or self.formula(wire.value)}"

    def derivative(self, value: Value) -> str:
        """∂f/∂value, in symbols."""
        return f"∂{self.output}/∂{self.name(value) or self.formula(value)}"

    def contribution(self, wire: Wire) -> str:
        """upstream × local for a wire into a gate, in symbols; of a gate with several results only what it comes to."""
        gate = self.scene.gate_of[wire.head]
        if len(self.scene.results(gate)) > 1:
            return self.derivative(wire.value)
        made = gate.node
        return self.slope(wire) if made is self.scene.f else f"{self.derivative(made)} · {self.slope(wire)}"

    def formula(self, value: Value) -> str:
        """What an unnamed Value is, in terms of the names of its inputs: one operation deep."""
        if value.op is None:
            return self.constants.constant(value.data)
        names = [
            (x.label and pretty(x.label)) or (self.constants.constant(x.data) if x.is_constant else "·")
            for x in value.inputs
        ]
        return f"({written(value.op, names)})"


def written(row: Op, names: list[str]) -> str:
    """The formula of an operation with names or numbers put in for its inputs."""
    variables = [Symbol(f"x{i}") for i in range(len(names))]
    return formula_of(row, variables).text({f"x{i}": name for i, name in enumerate(names)})


def sign_of(gate: Gate, numbers: NumberFormat) -> str:
    """The sign of the operation of a gate, with its constant where it has one."""
    row = gate.node.op
    assert row is not None
    if gate.constant is None:
        return row.sign
    return with_constant(row, gate.constant, numbers.constant(gate.node.inputs[gate.constant].number))


def with_constant(row: Op, place: int, constant: str) -> str:
    """The sign of a gate with a constant input written into it.

    >>> from micrograd_es.ops import find
    >>> with_constant(find("add"), 1, "1"), with_constant(find("pow"), 1, "2"), with_constant(find("sub"), 0, "3")
    ('+ 1', 'x²', '3 −')
    """
    if row.name == "pow" and constant.translate(RAISED) != constant and set(constant) <= set("0123456789−"):
        return f"x{constant.translate(RAISED)}" if place else f"{constant}ˣ"
    return row.folded[min(place, 1)].format(constant)
