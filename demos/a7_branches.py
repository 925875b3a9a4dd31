"""A7. Branches: c = f(a(x), b(x)), so ∂c/∂x = ∂c/∂a·∂a/∂x + ∂c/∂b·∂b/∂x, each branch on its own edge."""

from micrograd_es import Figure, Frames, Value, draw, frames, scope

TITLE = {"es": "A7 · Ramas", "en": "A7 · Branches"}
ABOUT = {
    "es": "Lo que trae cada rama se lee en su arista, y la suma en x.",
    "en": "What each branch brings is on its own edge, and the sum on x.",
}
STEPS = {"es": "c = f(a(x), b(x)), paso a paso", "en": "c = f(a(x), b(x)), step by step"}
SYMBOLS = {"es": "c = f(a(x), b(x)) en símbolos", "en": "c = f(a(x), b(x)) in symbols"}


def pictures(language: str) -> dict[str, Figure | Frames]:
    x = Value(2.0, "x")
    with scope("a"):
        a = x**2
    with scope("b"):
        b = 3 * x
    with scope("f"):
        c = a * b
    a.label, b.label, c.label = "a", "b", "c"
    folded = ["a", "b", "f"]
    return {
        "a7_branches": frames(c, unroll=x, fold=folded, local=True, language=language, title=STEPS[language]),
        "a7_symbols": draw(c, fold=folded, symbols=True, language=language, title=SYMBOLS[language]),
    }


if __name__ == "__main__":
    for name, picture in pictures("es").items():
        print(picture.save(f"{name}.pdf"))
