"""C4. What one neuron cannot do: no line separates XOR. A hidden layer of two neurons solves it."""

from itertools import product
from pathlib import Path
from typing import Any

from micrograd_es import MLP
from micrograd_es.data import Data
from micrograd_es.demos import save

TITLE = {"es": "C4 · Lo que una neurona no puede: XOR", "en": "C4 · What one neuron cannot do: XOR"}
ABOUT = {
    "es": "La mejor recta acierta 3 de los 4 casos; con una capa oculta de dos neuronas se aciertan los cuatro.",
    "en": "The best line gets 3 of the 4 cases right; with a hidden layer of two neurons all four are right.",
}
TITLES = {
    "es": {
        "c4_line": "Una neurona: la mejor recta acierta {n} de 4",
        "c4_hidden": "Con una capa oculta se aciertan {n} de 4",
        "c4_planes": "En el plano oculto basta una recta",
        "c4_network": "La red que resuelve XOR: pesos y sesgos",
    },
    "en": {
        "c4_line": "One neuron: the best line gets {n} of 4 right",
        "c4_hidden": "With a hidden layer {n} of 4 are right",
        "c4_planes": "In the hidden plane a line is enough",
        "c4_network": "The network that solves XOR: weights and biases",
    },
}

XOR = Data([[0, 0], [0, 1], [1, 0], [1, 1]], [-1, 1, 1, -1], classes=("0", "1"))
NUMBERS = [-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5]  # enough for every way in which a line can part the four points


def right(model: MLP) -> int:
    """How many of the four cases the sign of the output gets right."""
    return sum(model(x)[0].data * t > 0 for x, (t,) in XOR)


def best_line() -> MLP:
    """The neuron that gets most cases right, of all those with these weights and biases."""
    neurons = (MLP.from_numbers([[[w1, w2]]], [[b]]) for w1, w2, b in product(NUMBERS, repeat=3))
    return max(neurons, key=right)


def with_hidden_layer() -> MLP:
    """h1 counts the ones, h2 is there for two of them only: y = h1 − 2·h2 − ½ is above 0 for exactly one."""
    return MLP.from_numbers([[[1.0, 1.0], [1.0, 1.0]], [[1.0, -2.0]]], [[0.0, -1.0], [-0.5]], activation="relu")


def pictures(language: str) -> dict[str, Any]:
    from micrograd_es import plots

    line, network = best_line(), with_hidden_layer()
    title = TITLES[language]
    square = ((-0.5, 1.5), (-0.5, 1.5))
    return {
        "c4_line": plots.decision_map(
            line, XOR, ranges=square, language=language, title=title["c4_line"].format(n=right(line))
        ),
        "c4_hidden": plots.decision_map(
            network, XOR, ranges=square, language=language, title=title["c4_hidden"].format(n=right(network))
        ),
        "c4_planes": plots.planes(XOR, network, language=language, title=title["c4_planes"]),
        "c4_network": plots.network(
            network, biases=True, weights=True, decimals=1, language=language, title=title["c4_network"]
        ),
    }


if __name__ == "__main__":
    for name, picture in pictures("es").items():
        print(*save(picture, Path(), name))
