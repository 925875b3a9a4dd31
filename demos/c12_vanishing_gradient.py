"""C12. The vanishing gradient: the same deep network with sigmoid, tanh and ReLU, and the size of δ in each layer."""

from pathlib import Path
from typing import Any

import numpy as np

from micrograd_es import MLP
from micrograd_es.data import circle
from micrograd_es.demos import save
from micrograd_es.losses import half_squared_error
from micrograd_es.nn import deltas

TITLE = {"es": "C12 · El desvanecimiento del gradiente", "en": "C12 · The vanishing gradient"}
ABOUT = {
    "es": "σ' es 0.25 como mucho: con sigmoide, δ se hace minúsculo en las primeras capas; con tanh y ReLU, no.",
    "en": "σ' is 0.25 at most: with sigmoid, δ becomes tiny in the first layers; with tanh and ReLU it does not.",
}
NETWORK = {
    "es": "El error δ de cada neurona, con sigmoide",
    "en": "The error δ of every neuron, with sigmoid",
}
DEPTH, WIDTH, EXAMPLES = 10, 8, 30


def network(activation: str, depth: int = DEPTH, width: int = WIDTH) -> MLP:
    """A deep network. The seed and the initialisation are the same for all, so their weights are the same numbers."""
    return MLP(2, [width] * depth + [1], activation, seed=2, init="he_uniform")


def mean_sizes(model: MLP) -> list[float]:
    """The mean of |δ| in each layer, over its neurons and over some examples, before any training."""
    found = [deltas(model, x, t, half_squared_error) for x, t in circle(EXAMPLES, seed=1)]
    return [float(np.abs([example[layer] for example in found]).mean()) for layer in range(len(model.layers))]


def pictures(language: str) -> dict[str, Any]:
    from micrograd_es import plots

    sizes = {name: mean_sizes(network(name)) for name in ("sigmoid", "tanh", "relu")}
    small = network("sigmoid", depth=4, width=4)
    example = deltas(small, [1.0, -1.0], [1.0], half_squared_error)
    return {
        "c12_layers": plots.deltas_by_layer(sizes, language=language),
        "c12_network": plots.network(small, deltas=example, decimals=4, language=language, title=NETWORK[language]),
    }


if __name__ == "__main__":
    for name, picture in pictures("es").items():
        print(*save(picture, Path(), name))
