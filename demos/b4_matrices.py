"""B4. The matrix implementation: formulas found in the graph of the network, forward and backward, with a batch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from micrograd_es import Value, blocks, frames, record, vjp

if TYPE_CHECKING:
    from micrograd_es.demos import Picture

TITLE = {"es": "B4 · La implementación con matrices", "en": "B4 · The matrix implementation"}
ABOUT = {
    "es": "m ejemplos a la vez: las fórmulas salen del grafo de la red, y sus números son los del grafo.",
    "en": "m examples at once: the formulas are found in the graph of the network, and their numbers are the graph's.",
}
PAGE = {"es": "Fórmulas halladas en el grafo, con m = 3", "en": "Formulas found in the graph, with m = 3"}
STEPS = {"es": "El lote, bloque a bloque", "en": "The batch, block by block"}
ARRIVES = {"es": "(P − 1[clase correcta]) / m", "en": "(P − 1[correct class]) / m"}
NOTE = {
    "es": "P = softmax(Y);   después, W ← W − ε·∂L/∂W  y  B ← B − ε·∂L/∂B",
    "en": "P = softmax(Y);   then W ← W − ε·∂L/∂W  and  B ← B − ε·∂L/∂B",
}

X = [[1.0, 2.0], [0.5, -1.0], [-1.0, 1.0]]  # m = 3 examples of n = 2 inputs
CLASSES = [1, 0, 1]  # the correct class of each, counted from 0
W1, B1 = [[1.0, -1.0, 0.5], [0.5, 1.0, -1.0]], [0.0, 0.5, 0.0]  # p = 3 hidden units
W2, B2 = [[1.0, -1.0], [0.5, 1.0], [-1.0, 0.5]], [0.25, 0.0]  # q = 2 outputs


class Network:
    """Y = relu(X·W1 + B1)·W2 + B2, made of Values."""

    def __init__(self) -> None:
        self.w1, self.b1 = blocks.named("W1", W1), blocks.named("B1", B1)
        self.w2, self.b2 = blocks.named("W2", W2), blocks.named("B2", B2)

    def __call__(self, rows: Any) -> list[list[Value]]:
        z = blocks.named("Z", blocks.linear(rows, self.w1, self.b1))
        h = blocks.named("H", blocks.relu(z))
        return blocks.named("Y", blocks.linear(h, self.w2, self.b2))


def loss() -> tuple[Value, list[list[Value]]]:
    """L of the batch with softmax, and the outputs Y that it is made from."""
    y = Network()(blocks.named("X", X))
    total = blocks.softmax_cross_entropy(y, CLASSES)
    total.label = "L"
    return total, y


def pictures(language: str) -> dict[str, Picture]:
    from micrograd_es import plots

    network = Network()
    program = record(lambda x: network([x])[0], X[0])
    total, y = loss()
    page = plots.formulas(
        program,
        X,
        upstream=vjp(total, y, 1),  # ∂L/∂Y, from the scalar graph
        given=ARRIVES[language],
        note=NOTE[language],
        language=language,
        title=PAGE[language],
    )
    film = frames(total, level=1, layout="row", language=language, title=STEPS[language])
    return {"b4_formulas": page, "b4_batch": film}


if __name__ == "__main__":
    from micrograd_es.demos import save

    for name, picture in pictures("es").items():
        print(*save(picture, Path(), name), sep="\n")
