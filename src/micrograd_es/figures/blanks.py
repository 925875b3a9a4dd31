"""Which numbers of a figure are asked for, and the figure's texts with a box to write in for each of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace

from micrograd_es.expression_errors import did_you_mean
from micrograd_es.figures.digits import GivenFormat, Rounding, is_all
from micrograd_es.figures.labels import Blank, Line, Run
from micrograd_es.figures.scene import Gate, Wire
from micrograd_es.figures.shapes import SIZE
from micrograd_es.figures.texts import Texts
from micrograd_es.maths import Number
from micrograd_es.value import Value

Ask = str | Value | Iterable[str | Value]

GROUPS = ("all", "values", "gradients")
HAND = 66.0  # the width of a box: five digits by hand, with a sign and a point
FRAME = 12.0  # between the border of a box and the answer in it, both sides together


class BlankTexts(Texts):
    """The texts of a scene; what is asked for has a box, and its answer in it.

    `asked` are the keys of those texts: `w3.value`, `w3.gradient`, `w3.local`. All boxes are of one width, so that
    none tells how long its answer is.

    What is not asked for is given, with all its digits: the answers, and they alone, are rounded as the format says.

    Nobody can compute by hand what a folded scope with numbers of its own does, as a neuron with its weights: unless
    they are asked for by name, its value and its local gradients are given.
    """

    def __init__(self, texts: Texts, ask: Sequence[str | Value], local: bool = False) -> None:
        super().__init__(texts.scene, texts.language, texts.numbers)
        self.constants = GivenFormat(**asdict(texts.numbers))
        self._secret = {gate.key for gate in self.scene.gates if gate.folded and self._has_own_numbers(gate)}
        shown = [wire for wire in self.scene.wires if local or wire.head in self._secret]
        self._shown = {wire.key for wire in shown if not wire.value.is_constant}
        lines = {f"{wire.key}.value": texts.value(wire) for wire in self._made()}
        lines |= {f"{wire.key}.gradient": texts.gradient(wire) for wire in self.scene.wires if self.has_gradient(wire)}
        lines |= {f"{w.key}.local": texts.local(w) for w in self.scene.wires if w.key in self._shown}
        self._answers = {key: line[-1] for key, line in lines.items() if line}
        self.asked = frozenset(self._asked(ask))
        widest = max(_number(self._answers[key]).width(SIZE) for key in self.asked)
        self._room = max(HAND, widest + FRAME)

    @property
    def given(self) -> frozenset[str]:
        """The keys of the texts that are not asked for."""
        kinds = ("value", "gradient", "local")
        return frozenset(f"{wire.key}.{kind}" for wire in self.scene.wires for kind in kinds) - self.asked

    @property
    def has_locals(self) -> bool:
        """Whether local gradients are shown, given or asked for."""
        return any(key.endswith(".local") for key in self._answers)

    @property
    def asks(self) -> list[str]:
        """What is asked for, in the order in which it is said: "value", "gradient", "local"."""
        return [kind for kind in ("value", "gradient", "local") if any(key.endswith(kind) for key in self.asked)]

    @property
    def roundings(self) -> list[Rounding]:
        """How answers are rounded, the usual way first; none where every answer is all of its number."""
        answers = [(x, self.numbers(x)) for x in self._numbers()]
        if all(is_all(text, x) for x, text in answers):
            return []
        ways = [way for x, text in answers if x not in (-1, 0, 1) and (way := self.numbers.rounding(text))]
        usual = self.numbers.rounding("0.0")
        return sorted(set(ways), key=lambda way: (way != usual, way))

    def number(self, key: str, x: Number) -> str:
        """A number as it is written where it belongs.

        A local gradient that is no text of the figure is on the way to one; where it is a number that is given, such
        as the other input of a product, it is written like that.
        """
        if key in self.asked or (key not in self._answers and key.endswith(".local") and not self._is_given(key, x)):
            return self.numbers(x)
        return self.constants(x)

    def _is_given(self, key: str, x: Number) -> bool:
        """Whether a number enters the gate of a wire as one that is given."""
        wire = next(wire for wire in self.scene.wires if f"{wire.key}.local" == key)
        inputs = (y for node in self.scene.gate_of[wire.head].nodes for y in node.inputs)
        return any(x == y.data and f"{self.carriers.get(y, '')}.value" not in self.asked for y in inputs)

    def value(self, wire: Wire) -> Line:
        """What stands above a wire; a number that is asked for before a fork is not told behind it."""
        if wire.is_branch and f"{self.scene.entering[wire.tail][0].key}.value" in self.asked:
            return ()
        return self._boxed(f"{wire.key}.value", super().value(wire))

    def has_gradient(self, wire: Wire) -> bool:
        """Whether a wire tells what comes back on it: nobody asks for the gradient of a constant."""
        return super().has_gradient(wire) and not wire.value.is_constant

    def gradient(self, wire: Wire) -> Line:
        """What stands below a wire."""
        return self._boxed(f"{wire.key}.gradient", super().gradient(wire))

    def local(self, wire: Wire) -> Line:
        """The local gradient along a wire, where it is shown."""
        return self._boxed(f"{wire.key}.local", super().local(wire)) if wire.key in self._shown else ()

    def open_description(self) -> str:
        """The figure in words, without its answers."""
        inputs = [t for t in self.scene.terminals if not t.is_output and not t.value.is_constant]
        named = [t.value for t in inputs if t.value.label and t.count == 1]
        known = [f"{self.name(x)} = {self.value_number(x)}" for x in named]
        words = self.words["sheet_summary"].format(
            gates=self.counted("gates", len(self.scene.gates)),
            leaves=self.counted("inputs", sum(t.count for t in inputs)),
            blanks=self.counted("blanks", len(self.asked)),
        )
        return f"{words} {self.words['given'].format(list='; '.join(known[:20]))}" if known else words

    def open_tooltips(self) -> dict[str, str]:
        """What the pointer shows over a gate; nothing over a wire, where the numbers are."""
        return {key: note for key, note in self.tooltips().items() if key in self.scene.gate_of}

    # What is asked

    def _made(self) -> list[Wire]:
        """The wires that carry a number which a gate has computed, each number once."""
        return [w for w in self.scene.wires if w.value.op is not None and len(w.values) == 1 and not w.is_branch]

    def _asked(self, ask: Sequence[str | Value]) -> set[str]:
        """The keys of what is asked for. Raises ValueError where there is nothing of it to compute."""
        keys = {key for one in ask for key in self._keys(one)}
        if keys:
            return keys
        known = [one for one in (*GROUPS, *_names(self)) if self._keys(one)]
        if not known:
            raise ValueError(
                "there is nothing to compute in this figure; expected a gate with an input that is no constant. Write"
                " parse('2·x', x=3)."
            )
        raise ValueError(
            f"ask is {ask[0] if len(ask) == 1 else ask!r}, and this figure has none of it to compute; expected"
            f" {_listed(known[:20])}.{'' if self.scene.gradient else ' Leave gradients=False out.'}"
        )

    def _keys(self, one: str | Value) -> set[str]:
        """The keys of one thing that is asked for."""
        if isinstance(one, str) and one in GROUPS:
            other = {"values": "gradient", "gradients": "value"}.get(one, "")
            return {key for key in self._answers if key.partition(".")[2] != other} - self._given_anyway()
        wires = _wires(self, one)
        return {key for key in self._answers if key.partition(".")[0] in wires}

    def _has_own_numbers(self, gate: Gate) -> bool:
        """Whether a folded scope keeps numbers that no wire carries."""
        carried = {value for wire in self.scene.entering.get(gate.key, ()) for value in wire.values}
        inputs = (x for node in gate.nodes for x in node.inputs)
        return any(x.op is None and not x.is_constant and x not in carried for x in inputs)

    def _given_anyway(self) -> set[str]:
        """The keys of what cannot be computed from what the figure shows."""
        made = {f"{wire.key}.value" for wire in self.scene.wires if wire.tail in self._secret}
        entering = [wire for wire in self.scene.wires if wire.head in self._secret]
        dark = {f"{wire.key}.gradient" for wire in entering if self.scene.wire_local(wire) is None}
        return made | dark | {f"{wire.key}.local" for wire in entering}

    def _numbers(self) -> list[Number]:
        """The numbers that are asked for."""
        of = {
            "value": lambda wire: wire.value.data,
            "gradient": self.scene.wire_gradient,
            "local": self.scene.wire_local,
        }
        asked = [(wire, kind) for wire in self.scene.wires for kind in of if f"{wire.key}.{kind}" in self.asked]
        return [x for wire, kind in asked if (x := of[kind](wire)) is not None]

    def _boxed(self, key: str, line: Line) -> Line:
        """A line with its number in a box, where it is asked for."""
        if key not in self.asked:
            return line
        number = _number(line[-1])
        before = line[-1].text.removesuffix(number.text)
        start = (*line[:-1], Run(before)) if before else line[:-1]
        return (*start, Blank(number.text, number.face, self._room))


def wanted(ask: Ask) -> list[str | Value]:
    """What is asked for, one by one.

    >>> wanted("all"), wanted(("x", "y"))
    (['all'], ['x', 'y'])
    """
    return [ask] if isinstance(ask, str | Value) or not isinstance(ask, Iterable) else list(ask)


def shared_out(ask: Sequence[str | Value], figures: Sequence[Texts]) -> list[list[str | Value]]:
    """What is asked of each figure: of names and Values those that it has.

    Raises TypeError and ValueError for what none has, and for a figure of which nothing is asked.
    """
    for one in ask:
        if not isinstance(one, str | Value):
            raise TypeError(
                f"ask is {one!r} ({type(one).__name__}); expected {_listed(GROUPS)}, a name, a Value, or a list of"
                " them."
            )
        if not any(_has(texts, one) for texts in figures):
            raise ValueError(_unknown(one, figures))
    shares = [[one for one in ask if _has(texts, one)] for texts in figures]
    if ask and [] in shares:
        raise ValueError(
            f"ask is {ask!r}, and exercise {shares.index([]) + 1} has none of it; expected something of each exercise:"
            f" of this one, {', '.join([*map(repr, GROUPS), *_names(figures[shares.index([])])][:20])}."
        )
    return shares


def _has(texts: Texts, one: str | Value) -> bool:
    """Whether a figure has what is asked for."""
    return (isinstance(one, str) and one in GROUPS) or bool(_wires(texts, one))


def _wires(texts: Texts, one: str | Value) -> set[str]:
    """The wires that carry a Value, or one of that name, by itself."""
    carried = [(wire.key, wire.value) for wire in texts.scene.wires if len(wire.values) == 1]
    if isinstance(one, Value):
        return {key for key, value in carried if value is one}
    return {key for key, value in carried if one and one in (value.label, texts.name(value))}


def _names(texts: Texts) -> list[str]:
    """The names of what the wires of a figure carry."""
    values = [wire.value for wire in texts.scene.wires if len(wire.values) == 1]
    return list(dict.fromkeys(filter(None, map(texts.name, values))))


def _unknown(one: str | Value, figures: Sequence[Texts]) -> str:
    """The error for what no figure has."""
    where = "this figure" if len(figures) == 1 else "these figures"
    if isinstance(one, Value):
        return f"ask is {one!r}, which is on no wire of {where} by itself; expected a Value of it, or a name."
    names = list(dict.fromkeys(name for texts in figures for name in _names(texts)))
    known = f"expected {_listed(GROUPS)}, or a name: {', '.join(names[:20])}."
    return (
        f"ask is {one!r}, and no wire of {where} is called that; {known}"
        f" {did_you_mean(one, [*GROUPS, *names])}".rstrip()
    )


def _number(run: Run) -> Run:
    """The number at the end of a text: 3.00 of q = 3.00."""
    return replace(run, text=run.text.rpartition("= ")[2])


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))
