"""C7. Losses: binary cross-entropy, softmax cross-entropy, and the squared error as MSE and as C = ½·Σ(y − t)²."""

from pathlib import Path
from typing import Any

from micrograd_es import Value, draw
from micrograd_es.demos import save

TITLE = {"es": "C7 · Funciones de pérdida", "en": "C7 · Loss functions"}
ABOUT = {
    "es": "Cuánto cuesta cada error: la entropía cruzada castiga mucho estar seguro y equivocarse.",
    "en": "What each error costs: the cross-entropy punishes being sure and wrong.",
}
HALF = {
    "es": "C = ½·Σ(y − t)²: el gradiente es y − t, sin factor 2",
    "en": "C = ½·Σ(y − t)²: the gradient is y − t, without a factor 2",
}


def half_squared() -> Value:
    """C for two outputs: the ½ takes away the 2 of the square's derivative."""
    y1, y2 = Value(3.0, "y1"), Value(0.5, "y2")
    c = ((y1 - 1.0) ** 2 + (y2 - 2.0) ** 2) / 2
    c.label = "C"
    return c


def pictures(language: str) -> dict[str, Any]:
    from micrograd_es import plots

    return {
        "c7_losses": plots.losses_plot(language=language),
        "c7_half": draw(half_squared(), language=language, title=HALF[language]),
    }


if __name__ == "__main__":
    for name, picture in pictures("es").items():
        print(*save(picture, Path(), name))
