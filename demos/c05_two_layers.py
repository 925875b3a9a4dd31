"""C5. A network of fixed weights: W = [[−1, 1], [1, −1]], b = [−4, −4], ReLU. In its hidden plane a line is enough."""

from pathlib import Path
from typing import Any

import numpy as np

from micrograd_es import MLP
from micrograd_es.data import Data
from micrograd_es.demos import save

TITLE = {"es": "C5 · Una red de dos capas con pesos fijos", "en": "C5 · A two-layer network with fixed weights"}
ABOUT = {
    "es": "h = relu(W·x + b), W = [[−1, 1], [1, −1]], b = [−4, −4]: en el plano oculto basta una recta.",
    "en": "h = relu(W·x + b), W = [[−1, 1], [1, −1]], b = [−4, −4]: in the hidden plane a line is enough.",
}
TITLES = {
    "es": {
        "c5_planes": "Los mismos datos antes y después de la capa oculta",
        "c5_map": "La recta del plano oculto, vista en el plano de entrada",
        "c5_neurons": "Lo que ve cada neurona oculta",
        "c5_network": "La red: pesos y sesgos",
    },
    "en": {
        "c5_planes": "The same data before and after the hidden layer",
        "c5_map": "The line of the hidden plane, seen in the input plane",
        "c5_neurons": "What each hidden neuron sees",
        "c5_network": "The network: weights and biases",
    },
}

W, B = [[-1.0, 1.0], [1.0, -1.0]], [-4.0, -4.0]


def network() -> MLP:
    """h1 = relu(x2 − x1 − 4), h2 = relu(x1 − x2 − 4), and y = h1 + h2 − 1: the line h1 + h2 = 1."""
    return MLP.from_numbers([W, [[1.0, 1.0]]], [B, [-1.0]], activation="relu")


def three_stripes() -> Data:
    """Class −1 along the diagonal x1 = x2, class 1 on both of its sides: no line parts them."""
    rng = np.random.default_rng(1)
    along = rng.uniform(-4, 4, 150)
    across = rng.permutation(np.repeat([-1, 0, 1], 50)) * 7 + rng.uniform(-1.8, 1.8, 150)  # x2 − x1
    points = np.column_stack([along - across / 2, along + across / 2])
    return Data(points, np.where(np.abs(across) > 5, 1, -1))


def pictures(language: str) -> dict[str, Any]:
    from micrograd_es import plots

    model, data = network(), three_stripes()
    title = TITLES[language]
    return {
        "c5_planes": plots.planes(data, model, language=language, title=title["c5_planes"]),
        "c5_map": plots.decision_map(model, data, language=language, title=title["c5_map"]),
        "c5_neurons": plots.neuron_maps(model, data, language=language, title=title["c5_neurons"]),
        "c5_network": plots.network(
            model, biases=True, weights=True, decimals=1, language=language, title=title["c5_network"]
        ),
    }


if __name__ == "__main__":
    for name, picture in pictures("es").items():
        print(*save(picture, Path(), name))
