"""C9. A network drawn: neurons as circles in columns, weights as lines: blue above 0, orange below, wide if large."""

from pathlib import Path
from typing import Any

from micrograd_es import MLP, SGD, Value, draw, fit
from micrograd_es.data import xor
from micrograd_es.demos import save

TITLE = {"es": "C9 · El dibujo de una red", "en": "C9 · A network drawn"}
ABOUT = {
    "es": "Las neuronas en columnas; el color de cada línea es el signo del peso y el grosor, su tamaño.",
    "en": "Neurons in columns; the colour of each line is the sign of the weight, and its width the size.",
}
TITLES = {
    "es": {
        "c9_before": "Antes de aprender: pesos al azar",
        "c9_after": "Después de aprender XOR: unos pesos crecieron",
        "c9_biases": "La misma red con sus sesgos",
        "c9_graph": "La primera red como grafo, con un ejemplo",
        "c9_large": "Una red para dígitos: 64 entradas, 10 clases",
    },
    "en": {
        "c9_before": "Before learning: random weights",
        "c9_after": "After learning XOR: some weights have grown",
        "c9_biases": "The same network with its biases",
        "c9_graph": "The first network as a graph, with one example",
        "c9_large": "A network for digits: 64 inputs, 10 classes",
    },
}


def random_network() -> MLP:
    """The default network of the Playground: four neurons, two, and the output."""
    return MLP(2, [4, 2, 1], "tanh", output="tanh", seed=4)


def trained() -> MLP:
    """The same network after it has learnt XOR."""
    model = random_network()
    fit(model, xor(seed=1), loss="half_squared_error", optimizer=SGD(0.03), batch_size=10, epochs=200)
    return model


def pictures(language: str) -> dict[str, Any]:
    from micrograd_es import plots

    title, model = TITLES[language], trained()
    output = random_network()([Value(2.0, "x1"), Value(-1.0, "x2")])[0]
    digits = MLP(64, [16, 10], "relu", output="softmax")
    return {
        "c9_before": plots.network(random_network(), language=language, title=title["c9_before"]),
        "c9_after": plots.network(model, language=language, title=title["c9_after"]),
        "c9_biases": plots.network(model, biases=True, language=language, title=title["c9_biases"]),
        "c9_graph": draw(output, depth=2, language=language, title=title["c9_graph"]),
        "c9_large": plots.network(digits, language=language, title=title["c9_large"]),
    }


if __name__ == "__main__":
    for name, picture in pictures("es").items():
        print(*save(picture, Path(), name))
