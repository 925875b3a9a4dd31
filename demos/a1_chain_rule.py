"""A1. The chain rule on a straight chain: f = f4(f3(f2(f1(x)))), and ∂f/∂x unrolled one factor per frame."""

from collections.abc import Callable

from micrograd_es import Frames, Value, frames, scope, sqrt

TITLE = {"es": "A1 · La regla de la cadena", "en": "A1 · The chain rule"}
ABOUT = {
    "es": "Una cadena de funciones: los valores avanzan y la derivada se desenrolla, un factor en cada paso.",
    "en": "A chain of functions: values go forward, and the derivative unrolls one factor at a time.",
}
CAPTION = {"es": "f = f₄(f₃(f₂(f₁(x))))", "en": "f = f₄(f₃(f₂(f₁(x))))"}


def block(name: str, function: Callable[[Value], Value], x: Value) -> Value:
    """A function drawn as one gate with its name."""
    with scope(name):
        result = function(x)
    result.label = name
    return result


def pictures(language: str) -> dict[str, Frames]:
    x = Value(3.0, "x")
    f1 = block("f1", lambda x: x**2, x)
    f2 = block("f2", lambda x: x + 16, f1)
    f3 = block("f3", sqrt, f2)
    f4 = block("f4", lambda x: 2 * x, f3)
    chain = frames(f4, unroll=x, fold=["f1", "f2", "f3", "f4"], language=language, title=CAPTION[language])
    return {"a1_chain_rule": chain}


if __name__ == "__main__":
    for name, picture in pictures("es").items():
        print(picture.save(f"{name}.pdf"))
