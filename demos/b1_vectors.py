"""B1. The gate with vectors: local gradients are Jacobians of k×d, gradients of the loss are rows."""

from micrograd_es import Figure, Frames, Value, blocks, draw, frames, scope
from micrograd_es.figures.caption import Caption, Part, matrix
from micrograd_es.figures.grids import Grid

TITLE = {"es": "B1 · La puerta con vectores", "en": "B1 · The gate with vectors"}
ABOUT = {
    "es": "y = f(x), de d a k números: el gradiente local es una jacobiana k×d; llega una fila y sale otra fila.",
    "en": "y = f(x), from d to k numbers: the local gradient is a k×d Jacobian; a row arrives and a row leaves.",
}
SYMBOLS = {"es": "Lo que llega, la jacobiana y lo que sale", "en": "What arrives, the Jacobian, what leaves"}
STEPS = {"es": "La puerta con números: d = 3, k = 2", "en": "The gate with numbers: d = 3, k = 2"}
SIZES = "      1×d = (1×k) · (k×d)"


def said() -> Caption:
    """The Jacobian entry by entry, k×d, and the gradient as a row."""
    entries = Grid(tuple(tuple(f"∂y{i}/∂x{j}" for j in "₁₂₃") for i in "₁₂"))
    row = Grid((("∂L/∂x₁", "∂L/∂x₂", "∂L/∂x₃"),))
    return Caption(
        (
            (Part("y = f(x):  d = 3, k = 2"),),
            (Part("∂y/∂x = ", "local"), matrix(entries, "local"), Part("  k×d", "muted")),
            (Part("∂L/∂x = ", "gradient"), matrix(row, "gradient"), Part(" = ∂L/∂y · ∂y/∂x"), Part(SIZES, "muted")),
        )
    )


def gate() -> Value:
    """y = (x1·x2, x2 + x3²) and a loss behind it, L = 3·y1 + y2²/2."""
    x1, x2, x3 = blocks.named("x", [2.0, -1.0, 3.0])
    with scope("f"):
        y1, y2 = blocks.named("y", [x1 * x2, x2 + x3**2])
    with scope("⋯"):  # the rest of the graph, up to the loss
        loss = 3 * y1 + y2**2 / 2
    loss.label = "L"
    return loss


def pictures(language: str) -> dict[str, Figure | Frames]:
    film = frames(gate(), level=1, layout="row", local=True, language=language, title=STEPS[language])
    symbols = draw(
        gate(),
        level=1,
        layout="row",
        local=True,
        symbols=True,
        caption=said(),
        language=language,
        title=SYMBOLS[language],
    )
    return {"b1_symbols": symbols, "b1_vectors": film}


if __name__ == "__main__":
    for name, picture in pictures("es").items():
        print(picture.save(f"{name}.pdf"))
