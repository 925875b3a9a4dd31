"""Handwritten digits: 8×8 pixels in, ten probabilities out, learnt in a second. Needs the extra `datasets`."""

from pathlib import Path
from typing import Any

import numpy as np

from micrograd_es import MLP, SGD, History, data, fit
from micrograd_es.data import Data
from micrograd_es.demos import save
from micrograd_es.training import Predictor, Preparation

TITLE = {"es": "C · Dígitos escritos a mano", "en": "C · Handwritten digits"}
ABOUT = {
    "es": "Una red 64-32-10 con ReLU y softmax, entrenada con 1257 dígitos de 8×8 píxeles.",
    "en": "A network 64-32-10 with ReLU and softmax, trained on 1257 digits of 8×8 pixels.",
}
TEXTS = {
    "es": {
        "curves": "Dígitos: acierta el {share:.1f} % en la prueba",
        "wrong": "Algunos dígitos en los que se equivoca",
        "answer": "es {right}, dice {said}",
    },
    "en": {
        "curves": "Digits: {share:.1f} % right in the test",
        "wrong": "Some digits that it gets wrong",
        "answer": "is {right}, says {said}",
    },
}


def trained() -> tuple[Predictor, Data, History]:
    """The network, the test digits and how training went. Pixels are standardised by the training digits."""
    train, test = data.digits().split(0.7, seed=1)
    preparation = Preparation.of(train, standardise=True)
    model = MLP(64, [32, 10], "relu", seed=1)
    history = fit(
        model,
        preparation.data(train),
        test=preparation.data(test),
        loss="softmax_cross_entropy",
        optimizer=SGD(0.1),
        batch_size=32,
        epochs=30,
    )
    return Predictor(model, "softmax_cross_entropy", preparation), test, history


def pictures(language: str) -> dict[str, Any]:
    from micrograd_es import plots

    text = TEXTS[language]
    predictor, test, history = trained()
    said = np.array(predictor.classes(test.inputs))
    right = np.array(test.classes)[test.labels]
    wrong = np.flatnonzero(said != right)[:8]
    answers = [text["answer"].format(right=right[i], said=said[i]) for i in wrong]
    curves = text["curves"].format(share=100 * history.test_accuracy[-1])
    return {
        "cx_digits_curves": plots.loss_curves(history, language=language, title=curves),
        "cx_digits_wrong": plots.images(test.inputs[wrong], answers, language=language, title=text["wrong"]),
    }


if __name__ == "__main__":
    for name, picture in pictures("es").items():
        print(*save(picture, Path(), name))
