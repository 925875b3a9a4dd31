"""The Playground's four sets: three with its default network, and the spiral with a network that is large enough."""

from pathlib import Path
from typing import Any

from micrograd_es import MLP, SGD, History, data, fit, nn
from micrograd_es.data import Data
from micrograd_es.demos import save

TITLE = {"es": "C · Los conjuntos del Playground", "en": "C · The Playground's data"}
ABOUT = {
    "es": "Círculo, XOR y Gauss con la red 4-2 de tanh; la espiral necesita sin x1, sin x2 y una red 8-8.",
    "en": "Circle, XOR and Gaussian with the network 4-2 of tanh; the spiral needs sin x1, sin x2 and a network 8-8.",
}
TEXTS = {
    "es": {
        "circle": "Círculo",
        "xor": "XOR",
        "gaussian": "Gaussianas",
        "spiral": "Espiral",
        "share": "{name}: acierta el {share:.1f} %",
        "maps": "Los cuatro conjuntos del Playground: aciertos en la prueba",
        "neurons": "La espiral: lo que ha aprendido cada neurona",
    },
    "en": {
        "circle": "Circle",
        "xor": "XOR",
        "gaussian": "Gaussian",
        "spiral": "Spiral",
        "share": "{name}: {share:.1f} % right",
        "maps": "The Playground's four sets: right answers in the test",
        "neurons": "The spiral: what each neuron has learnt",
    },
}
FEATURES = {"spiral": ["x1", "x2", "sin x1", "sin x2"]}  # x1 and x2 for the others
HIDDEN = {"spiral": [8, 8]}  # 4 and 2, the default, for the others


def examples(name: str, seed: int) -> Data:
    """500 points without noise, with the features that the network is given."""
    return data.with_features(data.dataset(name, seed=seed), FEATURES.get(name, ["x1", "x2"]))


def trained(name: str, seed: int = 1) -> tuple[MLP, History]:
    """As in the Playground: half of the points to learn from, batches of 10, rate 0.03, weights in ±½, biases 0.1."""
    train, test = examples(name, seed).split(0.5, seed=seed)
    sizes = [*HIDDEN.get(name, [4, 2]), 1]
    model = MLP(len(train.names), sizes, "tanh", output="tanh", seed=seed, init=nn.uniform(0.5), bias=0.1)
    history = fit(model, train, test=test, loss="half_squared_error", optimizer=SGD(0.03), batch_size=10, epochs=300)
    return model, history


def pictures(language: str) -> dict[str, Any]:
    from micrograd_es import plots

    text, maps = TEXTS[language], {}
    for name in ("circle", "xor", "gaussian", "spiral"):
        model, history = trained(name)
        title = text["share"].format(name=text[name], share=100 * history.test_accuracy[-1])
        maps[title] = (model, examples(name, 1))
    spiral, points = maps[title]
    return {
        "cx_playground": plots.decision_maps(maps, language=language, title=text["maps"]),
        "cx_spiral_neurons": plots.neuron_maps(spiral, points, language=language, title=text["neurons"]),
    }


if __name__ == "__main__":
    for name, picture in pictures("es").items():
        print(*save(picture, Path(), name))
