"""B2. The 3-3-2 network as a block graph: every arrow with its Jacobian, ∂J/∂x built up one factor per frame."""

from micrograd_es import Figure, Frames, draw, frames
from micrograd_es.two_layers import two_layers

TITLE = {"es": "B2 · La red como grafo de bloques", "en": "B2 · The network as a block graph"}
ABOUT = {
    "es": "De x a la entropía cruzada J: cada bloque con su jacobiana, y ∂J/∂x, ∂J/∂Ω y ∂J/∂β factor a factor.",
    "en": "From x to the cross-entropy J: each block with its Jacobian, and ∂J/∂x, ∂J/∂Ω and ∂J/∂β factor by factor.",
}
PAGE = {
    "column": {"es": "La red en una página, gradientes en columna", "en": "The network on one page, column gradients"},
    "row": {"es": "La red en una página, gradientes en fila", "en": "The network on one page, row gradients"},
}
STEPS = {
    "column": {"es": "∂J/∂x factor a factor, en columna", "en": "∂J/∂x factor by factor, as columns"},
    "row": {"es": "∂J/∂x factor a factor, en fila", "en": "∂J/∂x factor by factor, as rows"},
}


def pictures(language: str) -> dict[str, Figure | Frames]:
    loss = two_layers().J
    made: dict[str, Figure | Frames] = {}
    for layout in ("column", "row"):
        page, steps = PAGE[layout][language], STEPS[layout][language]
        made[f"b2_{layout}"] = draw(loss, level=1, layout=layout, local=True, language=language, title=page)
        made[f"b2_{layout}_steps"] = frames(loss, level=1, layout=layout, local=True, language=language, title=steps)
    return made


if __name__ == "__main__":
    for name, picture in pictures("es").items():
        print(picture.save(f"{name}.pdf"))
