"""A5. A gate for a known function: the four gates of the sigmoid in a box, then as ONE gate with (1 − σ)·σ."""

from micrograd_es import Figure, Frames, Value, draw, exp, frames, scope, sigmoid

TITLE = {"es": "A5 · Una puerta para una función conocida", "en": "A5 · A gate for a known function"}
ABOUT = {
    "es": "Las cuatro puertas de la sigmoide se pueden plegar en una sola: los mismos gradientes con menos puertas.",
    "en": "The four gates of the sigmoid fold into one: the same gradients with fewer gates.",
}
OPEN = {"es": "La sigmoide abierta: cuatro puertas", "en": "The sigmoid open: four gates"}
FOLDED = {"es": "La misma, plegada en una puerta σ", "en": "The same, folded into one gate σ"}
GATE = {"es": "σ como puerta: su gradiente local es (1 − σ)·σ", "en": "σ as a gate: its local gradient is (1 − σ)·σ"}


def weighted_sum() -> Value:
    """w0·x0 + w1·x1 + w2"""
    w0, x0 = Value(2.0, "w0"), Value(-1.0, "x0")
    w1, x1 = Value(-3.0, "w1"), Value(-2.0, "x1")
    w2 = Value(-3.0, "w2")
    return w0 * x0 + w1 * x1 + w2


def pictures(language: str) -> dict[str, Figure | Frames]:
    s = weighted_sum()
    with scope("σ"):
        f = 1 / (1 + exp(-s))
    return {
        "a5_open": draw(f, language=language, title=OPEN[language]),
        "a5_folded": draw(f, fold="σ", local=True, language=language, title=FOLDED[language]),
        "a5_gate": frames(sigmoid(weighted_sum()), local=True, language=language, title=GATE[language]),
    }


if __name__ == "__main__":
    for name, picture in pictures("es").items():
        print(picture.save(f"{name}.pdf"))
