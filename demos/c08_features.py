"""C8. Features: what a neuron is given decides what it can learn; and hidden neurons are features that are learnt."""

from pathlib import Path
from typing import Any

from micrograd_es import MLP, SGD, fit
from micrograd_es.data import Data, circle, gaussian, with_features
from micrograd_es.demos import save

TITLE = {"es": "C8 · Características", "en": "C8 · Features"}
ABOUT = {
    "es": "Con (x1, x2) una neurona separa dos nubes, y el círculo no; con x1², x2² y x1·x2 sí. O se aprenden.",
    "en": "With (x1, x2) a neuron parts two clouds, not the circle; with x1², x2², x1·x2 it does. Or they are learnt.",
}
TEXTS = {
    "es": {
        "gaussian": "Dos nubes: (x1, x2)\nacierta el {share} %",
        "circle": "Círculo: (x1, x2)\nacierta el {share} %",
        "squares": "Círculo: x1, x2, x1², x2², x1·x2\nacierta el {share} %",
        "maps": "Una neurona con distintas características: aciertos en la prueba",
        "hidden": "Una capa oculta aprende sus propias características",
    },
    "en": {
        "gaussian": "Two clouds: (x1, x2)\n{share} % right",
        "circle": "Circle: (x1, x2)\n{share} % right",
        "squares": "Circle: x1, x2, x1², x2², x1·x2\n{share} % right",
        "maps": "One neuron with different features: right answers in the test",
        "hidden": "A hidden layer learns features of its own",
    },
}
SQUARES = ["x1", "x2", "x1²", "x2²", "x1·x2"]


def cases() -> dict[str, Data]:
    """The data of the three cases, with what the neuron is given of each point."""
    return {
        "gaussian": gaussian(300, noise=10, seed=1),
        "circle": circle(300, seed=5),
        "squares": with_features(circle(300, seed=5), SQUARES),
    }


def logistic(data: Data) -> tuple[MLP, float]:
    """A logistic model, one neuron, trained on the data; and the share of the test points that it gets right."""
    train, test = data.zero_one().split(0.5, seed=5)
    model = MLP(len(data.names), [1], output="sigmoid", seed=5)
    history = fit(model, train, test=test, loss="binary_cross_entropy", optimizer=SGD(0.05), batch_size=10, epochs=100)
    return model, history.test_accuracy[-1]


def with_hidden_neurons(data: Data) -> MLP:
    """x1 and x2 alone, and four hidden neurons: each becomes a feature that the output can use."""
    model = MLP(2, [4, 1], "tanh", output="sigmoid", seed=3)
    fit(model, data.zero_one(), loss="binary_cross_entropy", optimizer=SGD(0.1), batch_size=10, epochs=100)
    return model


def pictures(language: str) -> dict[str, Any]:
    from micrograd_es import plots

    text, shown = TEXTS[language], {}
    for name, data in cases().items():
        model, share = logistic(data)
        shown[text[name].format(share=round(100 * share))] = (model, data)
    data = cases()["circle"]
    hidden = with_hidden_neurons(data)
    return {
        "c8_features": plots.decision_maps(shown, language=language, title=text["maps"]),
        "c8_hidden": plots.neuron_maps(hidden, data, language=language, title=text["hidden"]),
    }


if __name__ == "__main__":
    for name, picture in pictures("es").items():
        print(*save(picture, Path(), name))
