"""What a figure and its frames have in common, and the options that both are asked for with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypedDict

from micrograd_es import flow
from micrograd_es.expression_errors import did_you_mean
from micrograd_es.figures import svg
from micrograd_es.figures.blocks.drawing import BlockDrawing, number_format
from micrograd_es.figures.blocks.groups import Level
from micrograd_es.figures.boxes import boxes
from micrograd_es.figures.caption import Caption
from micrograd_es.figures.digits import NumberFormat
from micrograd_es.figures.dot import View, Writer
from micrograd_es.figures.film import Step, steps
from micrograd_es.figures.folding import grouped
from micrograd_es.figures.labels import clean
from micrograd_es.figures.render import render
from micrograd_es.figures.scene import build
from micrograd_es.figures.stage import Stage
from micrograd_es.figures.texts import Texts
from micrograd_es.figures.themes import Theme
from micrograd_es.figures.themes import theme as find_theme
from micrograd_es.figures.words import words
from micrograd_es.scopes import Scope
from micrograd_es.value import Value


class Look(TypedDict, total=False):
    """The options of `draw` and `frames`; `draw` says what each does."""

    fold: str | Scope | Iterable[str | Scope] | None
    depth: int | None
    level: Level | None
    layout: str
    constants: str
    direction: str
    roles: bool
    local: bool
    symbols: bool
    gradients: bool
    decimals: int | None
    digits: int | None
    comma: bool
    theme: str | Theme
    language: str
    title: str | None


# What the options are where they are not given; a block graph takes only those of the first group.
BOTH: dict[str, Any] = {
    "local": False,
    "symbols": False,
    "gradients": True,
    "theme": "lecture",
    "language": "es",
    "title": None,
}
NUMBERS: dict[str, Any] = {"decimals": None, "digits": None, "comma": False}
SCALARS: dict[str, Any] = {"fold": None, "depth": None, "constants": "fold", "direction": "LR", "roles": False}


def drawing_of(f: Value | Sequence[Value], look: Look) -> Drawing | BlockDrawing:
    """The drawing that the options ask for: of every gate, or, with `level`, of blocks.

    Raises TypeError for what is no Value or no option, ValueError for options that do not go together.
    """
    for name in look:
        if name not in Look.__annotations__:
            known = f"expected {', '.join(Look.__annotations__)}. {did_you_mean(name, Look.__annotations__)}"
            raise TypeError(f"{name!r} is no option of a figure; {known}".rstrip())
    given: dict[str, Any] = BOTH | NUMBERS | SCALARS | {"level": None, "layout": "column"} | dict(look)
    title = given["title"]
    if title is not None and not isinstance(title, str):
        raise TypeError(f"title is {title!r} ({type(title).__name__}); expected text. Write title='{title}'.")
    if given["level"] is None:
        return Drawing(_scalar(f, given), **{name: given[name] for name in BOTH | NUMBERS | SCALARS})
    outputs = _outputs(f)
    for name, usual in SCALARS.items():
        if given[name] != usual:
            raise ValueError(
                f"level and {name}={given[name]!r} were both given, and a block graph has no {name}; expected one of"
                " them. Leave one out."
            )
    numbers = number_format(outputs, *(given[name] for name in NUMBERS))
    options = {name: given[name] for name in BOTH}
    return BlockDrawing(outputs, given["level"], layout=given["layout"], numbers=numbers, **options)


def _scalar(f: object, given: dict[str, Any]) -> Value:
    """What a graph of gates is of."""
    if isinstance(f, list | tuple) and f and all(isinstance(x, Value) for x in f):
        raise TypeError(
            f"what is to be drawn is a list of {len(f)} Values; expected one Value, or a level: lists are drawn as"
            " vectors on the wires between blocks. Write draw(f[0]) for one of them, or draw(f, level=1)."
        )
    if not isinstance(f, Value):
        called = "draw(f(x)), or draw(f(x)[0]) for one output of a network" if callable(f) else written_with("draw", f)
        raise TypeError(f"what is to be drawn is {told(f)}; expected a Value. Write {called}.")
    if given["layout"] != "column":
        raise ValueError(
            f"layout is {given['layout']!r}, and this figure has no vectors; expected a level with it. Write level=1."
        )
    return f


def told(f: object) -> str:
    """What was given in place of a Value, cut where it is long."""
    text = repr(f)
    return f"{text if len(text) <= 60 else text[:57] + '…'} ({type(f).__name__})"


def written_with(name: str, f: object) -> str:
    """What to write in place of name(f) where f is no Value."""
    if isinstance(f, str):
        return f"{name}(parse({f!r}, x=2)) with a number for each name"
    if isinstance(f, int | float | Fraction | Decimal) and not isinstance(f, bool):
        return f"{name}(Value({f!r}))"
    return f"{name}(f) with what operations on Values gave, such as f = x * y"


def _outputs(f: Value | Sequence[Value]) -> list[Value]:
    """What a block graph is of."""
    outputs = [f] if isinstance(f, Value) else f
    if not isinstance(outputs, list | tuple) or not outputs or not all(isinstance(x, Value) for x in outputs):
        raise TypeError(f"what is to be drawn is {f!r} ({type(f).__name__}); expected a Value or a list of Values.")
    return list(dict.fromkeys(outputs))


class Drawing:
    """A graph of gates as `draw` and `frames` ask for it: a scene, its texts, its title."""

    def __init__(
        self,
        f: Value,
        *,
        fold: str | Scope | Iterable[str | Scope] | None,
        depth: int | None,
        constants: str,
        direction: str,
        roles: bool,
        local: bool,
        symbols: bool,
        gradients: bool,
        decimals: int | None,
        digits: int | None,
        comma: bool,
        theme: str | Theme,
        language: str,
        title: str | None,
    ) -> None:
        _one_of("constants", constants, ("fold", "nodes"))
        _one_of("direction", direction, ("LR", "TB"))
        self.language, self.local = language, local
        self.theme = find_theme(theme)
        groups = grouped(f, [fold] if isinstance(fold, str | Scope) else fold, depth)
        exact = any(isinstance(node.data, Fraction) for group in groups for node in group.nodes)
        names, numbers = words(language), NumberFormat(decimals, digits, comma, exact)
        scene = build(f, groups, flow.gradients(f) if gradients else {}, constants == "fold")
        self.texts = Texts(scene, language, numbers, symbols)
        self.title = clean(title) if title is not None else names["graph"].format(f=self.texts.output)
        self.description = self.texts.description()
        self.writer = Writer(self.texts, self.theme, across=direction == "LR", local=local, roles=roles)
        self.note = "" if fold is not None or depth is not None else self.texts.note()
        self.still_caption: Caption | None = None  # a finished figure of gates has none

    def steps(self, unroll: Value | list[Value] | None) -> list[Step]:
        """The frames."""
        if isinstance(unroll, list):
            raise TypeError(f"unroll is {unroll!r}, a list; expected one input of this figure, or a level with it.")
        return steps(self.texts, self.local, unroll)

    def stage(self, captions: Sequence[Caption] = ()) -> Stage:
        """The scene to be shown, with room for the captions."""
        return Stage(self.writer, captions, self.note)

    def svg(self, dot: str, *, with_font: bool = True, title: str | None = None) -> str:
        """A picture as an SVG document."""
        drawn = render(dot, "svg", engine="nop2").decode("utf-8")
        return svg.finished(drawn, title or self.title, self.description, self.writer.tooltips, with_font=with_font)

    def keyed(self, picture: str) -> str:
        """The SVG with a `data-key` on everything that a page shows step by step."""
        return svg.keyed(picture, self.theme.gradient)

    def lines(self) -> list[str]:
        """The statements of the DOT source, not laid out."""
        return loose(self.writer, View())


def loose(writer: Writer, view: View) -> list[str]:
    """The statements of the DOT source of a view, not laid out."""
    return writer.lines(view, boxes=boxes(writer.scene, with_inputs=True))


def _one_of(name: str, given: object, known: Sequence[str]) -> None:
    if given not in known:
        raise ValueError(f"{name} is {given!r}; expected one of {', '.join(map(repr, known))}.")
