"""The colours that plots have besides those of the theme: of maps, and of series (classes, curves, layers)."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.colors import LinearSegmentedColormap

from micrograd_es.figures.themes import THEMES, Theme


@dataclass(frozen=True)
class Palette:
    """Maps go from `negative` through `zero` to `positive`; `series` are told apart by colour-blind readers, too.

    `points` are those of two classes: the hues of a map, and apart from it.
    """

    negative: str
    zero: str
    positive: str
    points: tuple[str, str]
    series: tuple[str, ...]

    def map(self) -> LinearSegmentedColormap:
        """The colours of a map, from below to above."""
        return LinearSegmentedColormap.from_list("micrograd_es", [self.negative, self.zero, self.positive])


# The first six of each are Okabe and Ito's (2008), darkened or lightened for the paper.
_ON_WHITE = (
    "#0072b2",
    "#d55e00",
    "#007a5a",
    "#b0438c",
    "#8a6500",
    "#2b8cc4",
    "#4b2e83",
    "#6b6b6b",
    "#7a1f1f",
    "#111111",
)
_ON_BLACK = (
    "#62b5f5",
    "#ff9d57",
    "#3ddc97",
    "#f29ccf",
    "#f0e442",
    "#a5b4fc",
    "#c9a27e",
    "#d1d5db",
    "#ff7b7b",
    "#7dd3c0",
)

PALETTES = {
    "lecture": Palette("#f59322", "#eceef0", "#0877bd", ("#b84a00", "#064273"), _ON_WHITE),
    "print": Palette("#eda13c", "#f7f7f7", "#3b86b8", ("#a34400", "#00305c"), _ON_WHITE),
    "dark": Palette("#d97a12", "#20262e", "#2f86c9", ("#ffc98a", "#b5dcff"), _ON_BLACK),
}


def palette(theme: Theme) -> Palette:
    """The palette of a theme; a Theme of one's own gets the one for its paper, light or dark."""
    for name, known in THEMES.items():
        if known == theme:
            return PALETTES[name]
    light = sum(int(theme.paper[place : place + 2], 16) for place in (1, 3, 5)) > 3 * 128
    return PALETTES["lecture" if light else "dark"]
