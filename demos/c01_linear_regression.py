"""C1. Linear regression is one neuron: h = ⟨w, x⟩ + b, and the mean squared error MSE = (1/n)·Σ(y − ŷ)²."""

from pathlib import Path
from typing import Any

import numpy as np

from micrograd_es import MLP, SGD, History, Value, fit, frames, sum
from micrograd_es.data import Data
from micrograd_es.demos import save

TITLE = {"es": "C1 · La regresión lineal es una neurona", "en": "C1 · Linear regression is a neuron"}
ABOUT = {
    "es": "Una neurona sin activación da una recta; entrenarla es acercar la recta a los datos: MSE = (1/n)·Σ(y − ŷ)².",
    "en": "A neuron without an activation gives a line; to train it is to move the line towards the data.",
}
TEXTS = {
    "es": {
        "input": "horas de estudio", "target": "nota",
        "before": "antes de entrenar", "after": "después: y = {w}·x + {b}",
        "neuron": "Una neurona y su error en un ejemplo", "line": "La recta se acerca a los datos",
        "loss": "El error cuadrático medio baja",
    },
    "en": {
        "input": "hours of study", "target": "mark",
        "before": "before training", "after": "after: y = {w}·x + {b}",
        "neuron": "A neuron and its error for one example", "line": "The line moves towards the data",
        "loss": "The mean squared error falls",
    },
}  # fmt: skip


def marks(name: str) -> Data:
    """30 students: the hours that each studied, and the mark. The truth is mark = 1.5·hours + 2, and some luck."""
    rng = np.random.default_rng(1)
    hours = rng.uniform(0, 5, (30, 1))
    return Data(hours, 1.5 * hours + 2 + rng.normal(0, 0.6, (30, 1)), names=[name], kind="regression")


def one_example() -> Value:
    """A neuron of two inputs with round numbers, and its squared error where the target is 4."""
    w1, x1 = Value(2.0, "w1"), Value(3.0, "x1")
    w2, x2 = Value(-1.0, "w2"), Value(1.0, "x2")
    b, t = Value(0.5, "b"), Value(4.0, "t")
    h = sum([w1 * x1, w2 * x2, b])
    h.label = "h"
    loss = (h - t) ** 2
    loss.label = "L"
    return loss


def trained(data: Data) -> tuple[MLP, History]:
    """One neuron, one input: two numbers to learn, w and b."""
    model = MLP(1, [1], seed=1)
    history = fit(model, data, loss="mse", optimizer=SGD(0.1), epochs=200)
    return model, history


def pictures(language: str) -> dict[str, Any]:
    from micrograd_es import plots

    text = TEXTS[language]
    data = marks(text["input"])
    model, history = trained(data)
    w, b = (f"{model[name].data:.2f}" for name in ("layer1.neuron1.w1", "layer1.neuron1.b"))
    models = {text["before"]: MLP(1, [1], seed=1), text["after"].format(w=w, b=b): model}
    line = plots.predictions(models, data, language=language, title=text["line"])
    line.axes[0].set_ylabel(text["target"])  # an ordinary figure of matplotlib
    return {
        "c1_neuron": frames(one_example(), language=language, title=text["neuron"]),
        "c1_line": line,
        "c1_loss": plots.loss_curves(history, language=language, title=text["loss"]),
    }


if __name__ == "__main__":
    for name, picture in pictures("es").items():
        print(*save(picture, Path(), name))
