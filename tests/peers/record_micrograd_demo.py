"""Writes tests/numbers/micrograd_demo.json: micrograd's own demo, its first weights, its data and its losses.

    python tests/peers/record_micrograd_demo.py

The demo (demo.ipynb of karpathy/micrograd): MLP 2-16-16-1 on 100 moons, hinge loss + 1e-4·Σθ², 100 steps of gradient
descent with the rate 1 − 0.9·k/100. It needs micrograd==0.1.0 and scikit-learn.
"""

from __future__ import annotations

import json
from pathlib import Path

TARGET = Path(__file__).parents[1] / "numbers/micrograd_demo.json"


def main() -> None:
    """Run the demo with micrograd and write its numbers; about a minute."""
    import random

    from micrograd.nn import MLP
    from sklearn.datasets import make_moons

    random.seed(1337)
    x, y = make_moons(n_samples=100, noise=0.1, random_state=1337)
    xs, ys = [[round(float(n), 9) for n in row] for row in x], [int(2 * n - 1) for n in y]
    model = MLP(2, [16, 16, 1])
    weights = [[[w.data for w in neuron.w] for neuron in layer.neurons] for layer in model.layers]
    biases = [[neuron.b.data for neuron in layer.neurons] for layer in model.layers]
    losses, accuracies = [], []
    for k in range(100):
        scores = [model(row) for row in xs]
        data_loss = sum((1 + -t * score).relu() for t, score in zip(ys, scores, strict=True)) * (1.0 / len(ys))
        loss = data_loss + 1e-4 * sum(p * p for p in model.parameters())
        accuracies.append(sum((t > 0) == (s.data > 0) for t, s in zip(ys, scores, strict=True)) / len(ys))
        losses.append(loss.data)
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= (1.0 - 0.9 * k / 100) * p.grad
    found = {"x": xs, "y": ys, "weights": weights, "biases": biases, "losses": losses, "accuracies": accuracies}
    text = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in found.items())
    TARGET.write_text(f'{{"micrograd": "0.1.0",\n{text}}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
