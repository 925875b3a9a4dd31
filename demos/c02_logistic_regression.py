"""C2. Logistic regression is one neuron with a sigmoid: p = σ(⟨w, x⟩ + b), loss −[t·log p + (1 − t)·log(1 − p)]."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from micrograd_es import MLP, SGD, History, Value, fit, frames, log, sigmoid, sum
from micrograd_es.data import Data, gaussian
from micrograd_es.demos import save

TITLE = {"es": "C2 · La regresión logística es una neurona", "en": "C2 · Logistic regression is a neuron"}
ABOUT = {
    "es": "La sigmoide convierte la suma en una probabilidad; la pérdida es −[t·log p + (1 − t)·log(1 − p)].",
    "en": "The sigmoid turns the sum into a probability; the loss is −[t·log p + (1 − t)·log(1 − p)].",
}
TITLES = {
    "es": {
        "c2_neuron": "Una neurona con sigmoide y su entropía cruzada",
        "c2_map": "La probabilidad p que da la neurona",
        "c2_loss": "La entropía cruzada baja",
    },
    "en": {
        "c2_neuron": "A sigmoid neuron and its cross-entropy",
        "c2_map": "The probability p that the neuron gives",
        "c2_loss": "The cross-entropy falls",
    },
}


def one_example() -> Value:
    """The neuron with round numbers, and its loss for an example of class 1: with t = 1 only −log p is left."""
    w1, x1 = Value(1.0, "w1"), Value(0.5, "x1")
    w2, x2 = Value(-2.0, "w2"), Value(1.5, "x2")
    b = Value(0.5, "b")
    p = sigmoid(sum([w1 * x1, w2 * x2, b]))
    p.label = "p"
    loss = -log(p)
    loss.label = "L"
    return loss


def trained(data: Data) -> tuple[MLP, History]:
    """One neuron with a sigmoid. Its targets are 0 and 1."""
    model = MLP(2, [1], output="sigmoid", seed=1)
    history = fit(model, data, loss="binary_cross_entropy", optimizer=SGD(0.1), epochs=60)
    return model, history


def pictures(language: str) -> dict[str, Any]:
    from micrograd_es import plots

    data = replace(gaussian(200, noise=25, seed=1).zero_one(), classes=("0", "1"))
    model, history = trained(data)
    title = TITLES[language]
    return {
        "c2_neuron": frames(one_example(), language=language, title=title["c2_neuron"]),
        "c2_map": plots.decision_map(model, data, language=language, title=title["c2_map"]),
        "c2_loss": plots.loss_curves(history, language=language, title=title["c2_loss"]),
    }


if __name__ == "__main__":
    for name, picture in pictures("es").items():
        print(*save(picture, Path(), name))
