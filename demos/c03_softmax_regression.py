"""C3. Softmax regression: a neuron for each class, z = W·x + b, and the loss −Σ t_j·[z_j − log Σ e^z_l]."""

from pathlib import Path
from typing import Any

import numpy as np

from micrograd_es import MLP, SGD, History, Value, draw, fit, frames, log_sum_exp
from micrograd_es.data import Data
from micrograd_es.demos import save

TITLE = {"es": "C3 · Regresión softmax: varias clases", "en": "C3 · Softmax regression: several classes"}
ABOUT = {
    "es": "Una neurona por clase; softmax convierte las z en probabilidades, y la pérdida nunca se desborda.",
    "en": "A neuron for each class; softmax turns the z into probabilities, and the loss never overflows.",
}
TITLES = {
    "es": {
        "c3_loss_graph": "La pérdida de un ejemplo de la clase 1",
        "c3_stable": "z = 1000: e¹⁰⁰⁰ no cabe, y la pérdida es exacta",
        "c3_map": "Tres clases, tres neuronas",
        "c3_learning": "Se aprende época a época",
    },
    "en": {
        "c3_loss_graph": "The loss for an example of class 1",
        "c3_stable": "z = 1000: e¹⁰⁰⁰ overflows, the loss is exact",
        "c3_map": "Three classes, three neurons",
        "c3_learning": "Learning, epoch by epoch",
    },
}
CENTRES = {"A": (0.0, 2.5), "B": (-2.2, -1.3), "C": (2.2, -1.3)}


def three_clouds() -> Data:
    """60 points around the centre of each class."""
    rng = np.random.default_rng(1)
    points = np.concatenate([rng.normal(centre, 1.0, (60, 2)) for centre in CENTRES.values()])
    return Data.labelled(points, [name for name in CENTRES for _ in range(60)])


def loss_of(*scores: float) -> Value:
    """The loss of an example of the first class: −[z1 − log Σ e^z], where log Σ e^z is one stable gate."""
    z = [Value(score, f"z{i}") for i, score in enumerate(scores, 1)]
    loss = -(z[0] - log_sum_exp(z))
    loss.label = "L"
    return loss


def trained(data: Data) -> tuple[MLP, History]:
    """Three neurons without activation: the loss takes their z, and softmax is in it."""
    model = MLP(2, [3], seed=1)
    history = fit(model, data, loss="softmax_cross_entropy", optimizer=SGD(0.3), epochs=60)
    return model, history


def pictures(language: str) -> dict[str, Any]:
    from micrograd_es import plots

    data = three_clouds()
    model, history = trained(data)
    title = TITLES[language]
    return {
        "c3_loss_graph": frames(loss_of(2.0, 1.0, -1.0), language=language, title=title["c3_loss_graph"]),
        "c3_stable": draw(loss_of(1000.0, 1001.0, 999.0), language=language, title=title["c3_stable"]),
        "c3_map": plots.decision_map(model, data, language=language, title=title["c3_map"]),
        "c3_learning": plots.loss_curves(history, language=language, title=title["c3_learning"]),
    }


if __name__ == "__main__":
    for name, picture in pictures("es").items():
        print(*save(picture, Path(), name))
