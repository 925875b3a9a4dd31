"""A3. One gate z = f(x, y) in the middle of a graph, in symbols: its local gradients are known on the way forward."""

from micrograd_es import Figure, Frames, Value, draw, frames, scope

TITLE = {"es": "A3 · Gradientes locales", "en": "A3 · Local gradients"}
ABOUT = {
    "es": "Hacia adelante la puerta calcula z y sus gradientes locales; hacia atrás llega ∂L/∂z y salen ∂L/∂x y ∂L/∂y.",
    "en": "Forward, the gate computes z and its local gradients; backward, ∂L/∂z arrives and ∂L/∂x and ∂L/∂y leave.",
}
STEPS = {"es": "Una puerta en medio de un grafo", "en": "A gate in the middle of a graph"}
WHOLE = {"es": "Lo que llega, lo local y lo que sale", "en": "What arrives, what is local, what leaves"}


def pictures(language: str) -> dict[str, Figure | Frames]:
    x, y = Value(3.0, "x"), Value(4.0, "y")
    with scope("f"):  # any function of two inputs; the figure shows symbols
        z = x * y
    with scope("⋯"):  # the rest of the graph, up to the loss
        loss = z + 1
    z.label, loss.label = "z", "L"
    film = frames(loss, fold=["f", "⋯"], symbols=True, local=True, language=language, title=STEPS[language])
    whole = draw(loss, fold=["f", "⋯"], symbols=True, local=True, language=language, title=WHOLE[language])
    return {"a3_local_gradients": film, "a3_whole": whole}


if __name__ == "__main__":
    for name, picture in pictures("es").items():
        print(picture.save(f"{name}.pdf"))
