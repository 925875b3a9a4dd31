"""B6. The cost of backpropagation: the operations of a real graph counted for growing n, backward and forward mode."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from micrograd_es.cost import growth

if TYPE_CHECKING:
    from micrograd_es.demos import Picture

TITLE = {"es": "B6 · El coste de la retropropagación", "en": "B6 · The cost of backpropagation"}
ABOUT = {
    "es": "Hacia atrás, matriz por vector: O(n²) por capa, como hacia adelante. En modo directo, por matriz: O(n³).",
    "en": "Backward is matrix by vector: O(n²) per layer, as forward is. Forward mode is matrix by matrix: O(n³).",
}
PLOT = {"es": "Operaciones de tres capas n×n, contadas en su grafo", "en": "Operations of three n×n layers, counted"}

SIZES, LAYERS = (4, 8, 16, 32), 3
WAYS = ("forward", "backward", "forward_mode")


def pictures(language: str) -> dict[str, Picture]:
    from micrograd_es import plots

    grown = growth(SIZES, LAYERS)
    counts = {way: dict(zip(grown.sizes, grown.totals(way), strict=True)) for way in WAYS}
    return {"b6_cost": plots.cost(counts, grown.exponents, language=language, title=PLOT[language])}


if __name__ == "__main__":
    from micrograd_es.demos import save

    for name, picture in pictures("es").items():
        print(*save(picture, Path(), name), sep="\n")
