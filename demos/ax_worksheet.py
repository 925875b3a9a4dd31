"""A worksheet to print: three circuits with boxes for every value and every gradient, and the answer key."""

from micrograd_es import Value, exp, parse, worksheet
from micrograd_es.figures import Pages

TITLE = {"es": "Una hoja de ejercicios y su solución", "en": "A worksheet and its answer key"}
ABOUT = {
    "es": "Se imprime en A4, para rellenar a mano; la solución tiene las respuestas en su sitio y todas las cuentas.",
    "en": "To be printed on A4 and filled in by hand; the key has the answers in their places and all the arithmetic.",
}
HEADING = {"es": "Retropropagación", "en": "Backpropagation"}


def exercises() -> list[Value]:
    """A product, a neuron with a sigmoid, and an expression in which both inputs are used several times."""
    x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    w0, x0, w1 = Value(2.0, "w0"), Value(-1.0, "x0"), Value(3.0, "w1")
    staged = parse("(x + σ(y)) / (σ(x) + (x + y)²)", x=3.0, y=-4.0)
    return [(x + y) * z, 1 / (1 + exp(-(w0 * x0 + w1))), staged]


def pictures(language: str) -> dict[str, Pages]:
    sheet = worksheet(exercises(), language=language, title=HEADING[language])
    return {"ax_worksheet": sheet, "ax_worksheet_key": sheet.key}


if __name__ == "__main__":
    for name, picture in pictures("es").items():
        print(picture.save(f"{name}.pdf"))
