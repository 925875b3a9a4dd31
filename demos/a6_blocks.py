"""A6. The four blocks: distributor, swapper, router, and the accumulator at a branch."""

from micrograd_es import Figure, Frames, Value, draw, frames, maximum

TITLE = {"es": "A6 · Los cuatro bloques", "en": "A6 · The four blocks"}
ABOUT = {
    "es": "La suma reparte el gradiente, el producto lo intercambia, el máximo lo enruta y la rama lo acumula.",
    "en": "Addition distributes the gradient, multiplication swaps it, max routes it, a branch accumulates it.",
}
TITLES = {
    "a6_add": {"es": "Suma: distribuidor", "en": "Addition: distributor"},
    "a6_mul": {"es": "Producto: intercambiador", "en": "Multiplication: swapper"},
    "a6_max": {"es": "Máximo: enrutador", "en": "Max: router"},
    "a6_branch": {"es": "Rama: sumador", "en": "Branch: accumulator"},
    "a6_all": {"es": "Los cuatro en un grafo", "en": "All four in one graph"},
}


def pictures(language: str) -> dict[str, Figure | Frames]:
    x, y = Value(3.0, "x"), Value(-4.0, "y")
    z, w = Value(2.0, "z"), Value(-1.0, "w")
    graphs = {
        "a6_add": 2 * (x + y),
        "a6_mul": 2 * (x * y),
        "a6_max": 2 * maximum(z, w),
        "a6_branch": x * y + x,
    }
    figures: dict[str, Figure | Frames] = {
        name: draw(graph, roles=True, language=language, title=TITLES[name][language]) for name, graph in graphs.items()
    }
    all_four = x * y + maximum(z, w) + x
    figures["a6_all"] = frames(all_four, roles=True, language=language, title=TITLES["a6_all"][language])
    return figures


if __name__ == "__main__":
    for name, picture in pictures("es").items():
        print(picture.save(f"{name}.pdf"))
