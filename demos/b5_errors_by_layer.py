"""B5. Errors by layer: δ of every neuron on the drawing of the network, and how each layer's comes from the next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from micrograd_es import Value, blocks, frames, scope
from micrograd_es.losses import half_squared_error
from micrograd_es.nn import MLP, deltas

if TYPE_CHECKING:
    from micrograd_es.demos import Picture

TITLE = {"es": "B5 · Los errores por capa", "en": "B5 · Errors by layer"}
ABOUT = {
    "es": "δ = ∂C/∂z de cada neurona, con C = ½·Σ(y − a)² y sigmoides: una δ grande es una neurona que influye mucho.",
    "en": "δ = ∂C/∂z of each neuron, with C = ½·Σ(y − a)² and sigmoids: a large δ is a neuron that matters a lot.",
}
DRAWN = {"es": "δ de cada neurona, C = ½·Σ(y − a)²", "en": "δ of each neuron, C = ½·Σ(y − a)²"}
STEPS = {
    "es": "De δ² a δ¹: (W²)ᵀ·δ² ⊙ a′(z¹), con a′ = a·(1 − a)",
    "en": "From δ² to δ¹: (W²)ᵀ·δ² ⊙ a′(z¹), with a′ = a·(1 − a)",
}

X, TARGET = (1.0, 0.5), (1.0, 0.0)
LAYERS = [  # the weights of each layer, a row for each neuron
    [[1.0, -2.0], [0.5, 1.5], [-1.5, 1.0]],
    [[2.0, -1.0, 0.5], [-0.5, 1.5, 3.0]],
]
BIASES = [[0.0, -0.5, 0.5], [0.5, -1.0]]


def network() -> MLP:
    """The 2-3-2 network with sigmoids in both layers."""
    return MLP.from_numbers(LAYERS, BIASES, activation="sigmoid", output="sigmoid")


def cost() -> Value:
    """The same network as blocks, layer by layer: z = W·a + b, a = σ(z), and C in the end."""
    a = blocks.named("x", list(X))
    for number, (weights, biases) in enumerate(zip(LAYERS, BIASES, strict=True), 1):
        w, b = blocks.named(f"W{number}", weights), blocks.named(f"b{number}", biases)
        z = blocks.named(f"z{number}", blocks.linear(a, w, b))
        a = blocks.named(f"a{number}", blocks.sigmoid(z))
    with scope("½·Σ(y\u00a0−\u00a0a)²"):
        c = half_squared_error(a, list(TARGET))
    c.label = "C"
    return c


def pictures(language: str) -> dict[str, Picture]:
    from micrograd_es import plots

    model = network()
    errors = deltas(model, X, TARGET, half_squared_error)
    return {
        "b5_errors_by_layer": plots.network(
            model, deltas=errors, names=["x₁", "x₂"], decimals=3, language=language, title=DRAWN[language]
        ),
        "b5_steps": frames(cost(), level=1, decimals=3, language=language, title=STEPS[language]),
    }


if __name__ == "__main__":
    from micrograd_es.demos import save

    for name, picture in pictures("es").items():
        print(*save(picture, Path(), name), sep="\n")
