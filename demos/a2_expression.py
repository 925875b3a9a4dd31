"""A2. (x + y)·z: values appear one by one going forward, then gradients one by one going backward."""

from micrograd_es import Figure, Frames, Value, draw, frames

TITLE = {"es": "A2 · La expresión (x + y)·z", "en": "A2 · The expression (x + y)·z"}
ABOUT = {
    "es": "Los valores hacia adelante, en verde; los gradientes hacia atrás, en rojo, cada uno con su cuenta.",
    "en": "Values forward, in green; gradients backward, in red, each with the arithmetic that gave it.",
}
STEPS = {"es": "(x + y)·z, paso a paso", "en": "(x + y)·z, step by step"}
LOCAL = {"es": "(x + y)·z con los gradientes locales", "en": "(x + y)·z with the local gradients"}


def pictures(language: str) -> dict[str, Figure | Frames]:
    x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    q = x + y
    q.label = "q"
    f = q * z
    return {
        "a2_expression": frames(f, language=language, title=STEPS[language]),
        "a2_local": draw(f, local=True, roles=True, language=language, title=LOCAL[language]),
    }


if __name__ == "__main__":
    for name, picture in pictures("es").items():
        print(picture.save(f"{name}.pdf"))
