"""A block graph as `draw` and `frames` ask for it: what stays the same in all its pictures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property

from micrograd_es.figures import svg
from micrograd_es.figures.blocks.building import build
from micrograd_es.figures.blocks.captions import BlockCaptions
from micrograd_es.figures.blocks.film import steps
from micrograd_es.figures.blocks.groups import Level, behind, blocks
from micrograd_es.figures.blocks.numbers import Numbers
from micrograd_es.figures.blocks.paths import Paths
from micrograd_es.figures.blocks.source import source
from micrograd_es.figures.blocks.stage import BlockStage
from micrograd_es.figures.blocks.texts import BlockTexts
from micrograd_es.figures.caption import Caption
from micrograd_es.figures.digits import NumberFormat
from micrograd_es.figures.film import Step
from micrograd_es.figures.labels import clean
from micrograd_es.figures.render import render
from micrograd_es.figures.themes import Theme
from micrograd_es.figures.themes import theme as find_theme
from micrograd_es.value import Value

LAYOUTS = ("column", "row")
_PIECE = re.compile(r'<g id="([wp]\d+)_(value|gradient|local)(_shape|_name)?" class="node">')
_UNTIL = re.compile(r'<g id="(p\d+)_wire" class="edge">')
_PART = re.compile(r'<g id="([gs]\d+)" class="node">')


class BlockDrawing:
    """What a block graph and its frames have in common; `draw` says what the options are."""

    def __init__(
        self,
        outputs: Sequence[Value],
        level: Level,
        *,
        layout: str,
        local: bool,
        symbols: bool,
        gradients: bool,
        numbers: NumberFormat,
        theme: str | Theme,
        language: str,
        title: str | None,
    ) -> None:
        if layout not in LAYOUTS:
            raise ValueError(f"layout is {layout!r}; expected one of {', '.join(map(repr, LAYOUTS))}.")
        self.language, self.local, self.theme = language, local, find_theme(theme)
        scene = build(outputs, blocks(outputs, level))
        self.texts = BlockTexts(scene, Numbers(scene, layout, gradients), language, numbers, symbols)
        self.title = clean(title) if title is not None else self.texts.words["block_graph"].format(f=self.texts.output)
        self.description = self.texts.description()
        self.tooltips = self.texts.tooltips()

    def steps(self, unroll: Value | list[Value] | None) -> list[Step]:
        """The frames."""
        captions = BlockCaptions(self.texts, Paths.of(self.texts, unroll))
        return steps(self.texts.scene, captions, self.local, self.texts.numbers.shown)

    def stage(self, captions: Sequence[Caption]) -> BlockStage:
        """The scene to be shown, with room for the captions."""
        return BlockStage(self.texts, self.theme, captions, self.texts.note(), self.local)

    @cached_property
    def still_caption(self) -> Caption | None:
        """What stands under the finished figure."""
        said = BlockCaptions(self.texts, Paths.of(self.texts, None)).whole() if self.texts.numbers.shown else None
        return said if said and said.lines else None

    def svg(self, dot: str, *, with_font: bool = True, title: str | None = None) -> str:
        """A picture as an SVG document."""
        drawn = render(dot, "svg", engine="nop2").decode("utf-8")
        return svg.finished(drawn, title or self.title, self.description, self.tooltips, with_font=with_font)

    def keyed(self, picture: str) -> str:
        """The SVG with a `data-key` on everything that a page shows step by step, a `data-until` on what it hides."""
        picture = _UNTIL.sub(lambda m: m[0].replace(" class", f' data-until="{m[1]}.gradient" class'), picture)
        picture = _PIECE.sub(lambda m: m[0].replace(" class", f' data-key="{m[1]}.{m[2]}" class'), picture)
        return _PART.sub(lambda m: m[0].replace(" class", f' data-key="{m[1]}" class'), picture)

    def lines(self) -> list[str]:
        """The statements of the DOT source, not laid out."""
        return source(self.stage([]))


def number_format(outputs: Sequence[Value], decimals: int | None, digits: int | None, comma: bool) -> NumberFormat:
    """How numbers are written: exactly where the graph has Fractions."""
    exact = any(isinstance(node.number, Fraction) for node in behind(outputs))
    return NumberFormat(decimals, digits, comma, exact)
