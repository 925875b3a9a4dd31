"""C6. Activation functions with their derivatives, and which output goes with which problem."""

from pathlib import Path
from typing import Any

from micrograd_es.demos import save

TITLE = {"es": "C6 · Funciones de activación", "en": "C6 · Activation functions"}
ABOUT = {
    "es": "Sigmoide, tanh y ReLU con sus derivadas; y qué salida conviene a cada problema.",
    "en": "Sigmoid, tanh and ReLU with their derivatives; and which output suits which problem.",
}


def pictures(language: str) -> dict[str, Any]:
    from micrograd_es import plots

    return {
        "c6_activations": plots.activations(["sigmoid", "tanh", "relu"], language=language),
        "c6_sigmoid": plots.activation("sigmoid", language=language),
        "c6_tanh": plots.activation("tanh", language=language),
        "c6_relu": plots.activation("relu", language=language),
        "c6_outputs": plots.output_layers(language=language),
    }


if __name__ == "__main__":
    for name, picture in pictures("es").items():
        print(*save(picture, Path(), name))
