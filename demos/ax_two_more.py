"""Two expressions to practise on: one with forks, and one with a product, a max and a constant."""

from micrograd_es import Frames, frames, parse

TITLE = {"es": "Dos expresiones para practicar", "en": "Two expressions to practise on"}
ABOUT = {
    "es": "Calcula a mano cada valor y cada gradiente, y compruébalos paso a paso.",
    "en": "Work out every value and every gradient by hand, and check them step by step.",
}


def pictures(language: str) -> dict[str, Frames]:
    staged = parse("(x + σ(y)) / (σ(x) + (x + y)²)", x=3.0, y=-4.0)
    mixed = parse("2·(x·y + max(z, w))", x=3.0, y=-4.0, z=2.0, w=-1.0)
    return {
        "ax_staged": frames(staged, language=language, title="(x + σ(y)) / (σ(x) + (x + y)²)"),
        "ax_product_and_max": frames(mixed, roles=True, language=language, title="2·(x·y + max(z, w))"),
    }


if __name__ == "__main__":
    for name, picture in pictures("es").items():
        print(picture.save(f"{name}.pdf"))
