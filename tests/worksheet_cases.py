"""The graphs that the tests of worksheets set as exercises, and what can be read on a sheet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drawings import Drawing
from micrograd_es import Value, exp, parse, scope, tanh
from micrograd_es.figures import Worksheet

LOOKS: list[dict[str, Any]] = [
    {},
    {"local": True},
    {"local": True, "roles": True, "theme": "dark"},
    {"direction": "TB", "local": True},
    {"direction": "TB", "roles": True, "theme": "lecture", "comma": True},
]


def named() -> Value:
    """(x + y)·z with the sum's name, and numbers whose results are no numbers that are given."""
    x, y, z = Value(-2.3, "x"), Value(5.6, "y"), Value(-4.2, "z")
    q = x + y
    q.label = "q"
    return q * z


def shared() -> Value:
    """A computed value that is used three times."""
    h = Value(2.0, "x") * Value(0.75, "w")
    return h * h + tanh(h)


def staged() -> Value:
    return parse("(x + σ(y)) / (σ(x) + (x + y)²)", x=3.0, y=-4.0)


def boxed() -> Value:
    """A sigmoid gate by gate in its scope."""
    total = Value(2.0, "w") * Value(-0.5, "x")
    with scope("σ"):
        return 1 / (1 + exp(-total))


GRAPHS: list[Callable[[], Value]] = [named, shared, staged, boxed]
NAMES = ["named", "shared", "staged", "boxed"]


def drawing(svg: str, look: dict[str, Any]) -> Drawing:
    return Drawing.of(svg, look.get("theme", "print"))


def sheet_and_key(sheet: Worksheet, theme: str = "print") -> tuple[Drawing, Drawing]:
    return Drawing.of(sheet.svgs()[0], theme), Drawing.of(sheet.key.svgs()[0], theme)


def kinds(sheet: Drawing) -> list[str]:
    """What the boxes of a sheet are for: w3.value, w3.gradient, w3.local."""
    theme = sheet.theme
    colours = {theme.value: "value", theme.gradient: "gradient", theme.local: "local"}
    return sorted(f"{box.node.removesuffix('_local')}.{colours[box.stroke]}" for box in sheet.blanks)


def said(sheet: Drawing, node: str) -> str:
    return "".join(text.text for text in sheet.texts if text.node == node)
