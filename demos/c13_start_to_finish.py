"""C13. Start to finish: random parameters and a high error; forward, error, backward, update, again; until it fits."""

from copy import deepcopy
from pathlib import Path
from typing import Any

from micrograd_es import MLP, SGD, Value, draw, frames, gradients, tanh
from micrograd_es.data import Data, circle
from micrograd_es.demos import save
from micrograd_es.losses import half_squared_error, mean

TITLE = {"es": "C13 · De principio a fin", "en": "C13 · Start to finish"}
ABOUT = {
    "es": "Parámetros al azar; adelante, error, atrás, actualizar, y otra vez, hasta que la red separa los datos.",
    "en": "Random parameters; forward, error, backward, update, and again, until the network separates the data.",
}
TEXTS = {
    "es": {
        "step": "Un paso: adelante, error y atrás",
        "after": "El mismo ejemplo tras actualizar: θ ← θ − 0.1·∇C",
        "epoch": "Época {epoch}: pérdida {loss:.3f}",
        "maps": "De pesos al azar a una red que separa los datos",
        "loss": "La pérdida, época a época",
    },
    "en": {
        "step": "One step: forward, error and backward",
        "after": "The same example after the update: θ ← θ − 0.1·∇C",
        "epoch": "Epoch {epoch}: loss {loss:.3f}",
        "maps": "From random weights to a network that separates the data",
        "loss": "The loss, epoch by epoch",
    },
}
EPOCHS = 100
SHOWN = (0, 1, 5, 20, 50, 100)


def tiny_network(w1: Value, w2: Value) -> Value:
    """Two neurons in a row, on one example: y = w2·tanh(w1·x), C = ½·(y − t)²."""
    x, t = Value(1.5, "x"), Value(1.0, "t")
    y = w2 * tanh(w1 * x)
    y.label = "y"
    c = (y - t) ** 2 / 2
    c.label = "C"
    return c


def one_step() -> tuple[Value, Value]:
    """The tiny network before and after one update of w1 and w2: θ ← θ − 0.1·∂C/∂θ."""
    w1, w2 = Value(0.5, "w1"), Value(-1.0, "w2")
    before = tiny_network(w1, w2)
    gradient = gradients(before)
    return before, tiny_network(*(Value(w.data - 0.1 * gradient[w], w.label) for w in (w1, w2)))


def error(model: MLP, data: Data) -> Value:
    """The mean loss of the network over the data."""
    return mean([half_squared_error(model(x), t) for x, t in data])


def train(model: MLP, data: Data) -> tuple[dict[int, MLP], list[float]]:
    """Train with batches of 10. Gives the network as it was at some epochs, and the loss at every epoch."""
    optimizer = SGD(0.1)
    seen, losses = {0: deepcopy(model)}, [error(model, data).data]
    for epoch in range(1, EPOCHS + 1):
        for batch in data.batches(10, seed=epoch):
            loss = error(model, batch)  # forward, and the error
            model.zero_grad()
            loss.backward()  # backward
            optimizer.step(model.parameters())  # update
        losses.append(error(model, data).data)
        if epoch in SHOWN:
            seen[epoch] = deepcopy(model)
    return seen, losses


def pictures(language: str) -> dict[str, Any]:
    from micrograd_es import plots

    text, data = TEXTS[language], circle(100, seed=1)
    seen, losses = train(MLP(2, [4, 2, 1], "tanh", output="tanh", seed=1), data)
    titles = {epoch: text["epoch"].format(epoch=epoch, loss=losses[epoch]) for epoch in seen}
    maps = {titles[epoch]: (model, data) for epoch, model in seen.items()}
    curve = {"train_loss": losses, "epoch": range(EPOCHS + 1)}
    before, after = one_step()
    return {
        "c13_step": frames(before, language=language, title=text["step"]),
        "c13_after": draw(after, language=language, title=text["after"]),
        "c13_maps": plots.decision_maps(maps, language=language, title=text["maps"]),
        "c13_loss": plots.loss_curves(curve, language=language, title=text["loss"]),
    } | {
        f"c13_epoch_{epoch:03}": plots.decision_map(model, data, language=language, title=titles[epoch])
        for epoch, model in seen.items()
    }


if __name__ == "__main__":
    for name, picture in pictures("es").items():
        print(*save(picture, Path(), name))
