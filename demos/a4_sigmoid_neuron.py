"""A4. A neuron with a sigmoid, gate by gate: f = 1 / (1 + e^−(w0·x0 + w1·x1 + w2))."""

from micrograd_es import Frames, Value, exp, frames

TITLE = {"es": "A4 · Una neurona con sigmoide, puerta a puerta", "en": "A4 · A sigmoid neuron, gate by gate"}
ABOUT = {
    "es": "Una puerta en cada paso, con la regla que se usa y la cuenta escrita debajo del grafo.",
    "en": "One gate at each step, with the rule in use and the arithmetic spelled out under the graph.",
}


def neuron() -> Value:
    """The weighted sum, and the sigmoid as the four gates that it is made of."""
    w0, x0 = Value(2.0, "w0"), Value(-1.0, "x0")
    w1, x1 = Value(-3.0, "w1"), Value(-2.0, "x1")
    w2 = Value(-3.0, "w2")
    return 1 / (1 + exp(-(w0 * x0 + w1 * x1 + w2)))


def pictures(language: str) -> dict[str, Frames]:
    title = {"es": "Neurona con sigmoide", "en": "Sigmoid neuron"}[language]
    return {"a4_sigmoid_neuron": frames(neuron(), language=language, title=title)}


if __name__ == "__main__":
    for name, picture in pictures("es").items():
        print(picture.save(f"{name}.pdf"))
