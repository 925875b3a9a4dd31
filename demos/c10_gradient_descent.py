"""C10. Gradient descent, θ ← θ − α·∇L: with all the data at each step, with a few, or with one example."""

from pathlib import Path
from typing import Any

import numpy as np

from micrograd_es import Value
from micrograd_es.data import Data
from micrograd_es.demos import save
from micrograd_es.losses import mean

TITLE = {"es": "C10 · Descenso por gradiente", "en": "C10 · Gradient descent"}
ABOUT = {
    "es": "El lote completo baja recto y despacio; un ejemplo cada vez, rápido y a saltos; el mini-lote, entre ambos.",
    "en": "The full batch goes straight and slowly; one example at a time, fast and jumpy; the mini-batch, in between.",
}
TITLES = {
    "es": {
        "c10_paths": "Tres descensos sobre la misma pérdida",
        "c10_losses": "La pérdida de todos los datos tras cada paso",
    },
    "en": {
        "c10_paths": "Three descents on the same loss",
        "c10_losses": "The loss of all the data after each step",
    },
}
RATE, EPOCHS = 0.05, 15  # α, and how many times each example is seen
SIZES = {"batch": 40, "mini-batch": 8, "stochastic": 1}  # examples in a step
START = (-1.5, 1.0)  # w and b


def points() -> Data:
    """40 points near the line t = 1.5·x + 0.5."""
    rng = np.random.default_rng(3)
    x = rng.uniform(-0.5, 2.5, (40, 1))
    return Data(x, 1.5 * x + 0.5 + rng.normal(0, 0.6, (40, 1)), kind="regression")


def descend(data: Data, size: int) -> list[tuple[float, float]]:
    """The places (w, b) at which gradient descent is, step by step, with batches of that size."""
    w, b = Value(START[0], "w"), Value(START[1], "b")
    path = [START]
    for epoch in range(EPOCHS):
        for batch in data.batches(size, seed=epoch):
            loss = mean([(w * x + b - t) ** 2 for (x,), (t,) in batch])
            w.zero_grad(), b.zero_grad()
            loss.backward()
            w.data -= RATE * w.grad
            b.data -= RATE * b.grad
            path.append((w.data, b.data))
    return path


def loss_at(data: Data, w: Any, b: Any) -> Any:
    """The mean squared error of all the data, for many w and b at once."""
    x, t = data.inputs[:, 0], data.targets[:, 0]
    return np.mean((np.multiply.outer(w, x) + np.asarray(b)[..., None] - t) ** 2, axis=-1)


def curve(data: Data, path: list[tuple[float, float]]) -> dict[str, Any]:
    """The loss along a path, by epoch."""
    return {"train_loss": loss_at(data, *np.transpose(path)), "epoch": np.linspace(0, EPOCHS, len(path))}


def pictures(language: str) -> dict[str, Any]:
    from micrograd_es import plots

    data, title = points(), TITLES[language]
    paths = {name: descend(data, size) for name, size in SIZES.items()}
    curves = {name: curve(data, path) for name, path in paths.items()}
    ranges = ((-2, 3), (-1, 2.5))
    surface = plots.loss_surface(
        lambda w, b: loss_at(data, w, b), ranges, paths, ("w", "b"), language=language, title=title["c10_paths"]
    )
    return {
        "c10_paths": surface,
        "c10_losses": plots.compare_losses(curves, language=language, title=title["c10_losses"]),
    }


if __name__ == "__main__":
    for name, picture in pictures("es").items():
        print(*save(picture, Path(), name))
