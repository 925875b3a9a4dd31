"""C11. Dropout: while training, hidden neurons are removed at random; when predicting, all of them are there."""

from pathlib import Path
from typing import Any

from micrograd_es import MLP, Adam, Dropout, History, fit
from micrograd_es.data import Data, xor
from micrograd_es.demos import save

TITLE = {"es": "C11 · Dropout", "en": "C11 · Dropout"}
ABOUT = {
    "es": "Con pocos datos y ruido, la red memoriza: la pérdida de prueba sube. Con dropout sube mucho menos.",
    "en": "With few, noisy data the network learns by heart: the test loss rises. With dropout it rises far less.",
}
TEXTS = {
    "es": {
        "network": "Un paso con dropout: neuronas eliminadas al azar",
        "without": "sin dropout",
        "with": "con dropout",
        "losses": "Sobreajuste: 60 datos con ruido, 1185 parámetros",
        "maps": "Lo que se aprendió: sin dropout y con dropout",
    },
    "en": {
        "network": "One step with dropout: neurons removed at random",
        "without": "without dropout",
        "with": "with dropout",
        "losses": "Overfitting: 60 noisy examples, 1185 parameters",
        "maps": "What was learnt: without dropout and with it",
    },
}
P = 0.5  # the probability with which a hidden neuron is removed


def examples() -> tuple[Data, Data]:
    """Few noisy examples to train on, and many to test on."""
    return xor(60, noise=25, seed=2).zero_one(), xor(500, noise=25, seed=102).zero_one()


def trained(p: float) -> tuple[MLP, History]:
    """A network that is far too large for 60 examples. What stays is scaled by 1/(1 − p): see `nn.Dropout`."""
    train, test = examples()
    model = MLP(2, [32, 32, 1], "relu", output="sigmoid", seed=2, dropout=p)
    history = fit(model, train, test=test, loss="binary_cross_entropy", optimizer=Adam(0.01), batch_size=20, epochs=400)
    return model, history


def pictures(language: str) -> dict[str, Any]:
    from micrograd_es import plots

    text = TEXTS[language]
    runs = {text["without"]: trained(0.0), text["with"]: trained(P)}
    losses = {name: history for name, (_, history) in runs.items()}
    maps = {name: (model, examples()[0]) for name, (model, _) in runs.items()}
    small, dropout = MLP(3, [6, 6, 1], "relu", output="sigmoid"), Dropout(P, seed=6)
    masks = [dropout.mask(6), dropout.mask(6), None]  # the output stays
    return {
        "c11_network": plots.network(small, masks=masks, language=language, title=text["network"]),
        "c11_losses": plots.compare_losses(losses, language=language, title=text["losses"]),
        "c11_maps": plots.decision_maps(maps, language=language, title=text["maps"]),
    }


if __name__ == "__main__":
    for name, picture in pictures("es").items():
        print(*save(picture, Path(), name))
