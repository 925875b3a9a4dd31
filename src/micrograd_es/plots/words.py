"""Every word that a plot shows, in Spanish and in English."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from micrograd_es.figures.words import words as figure_words

_WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "es": {
            "activations": "Funciones de activación y sus derivadas",
            "derivative": "derivada",
            "losses": "Funciones de pérdida",
            "loss": "pérdida",
            "cross_entropy_title": "Entropía cruzada binaria",
            "softmax_title": "Entropía cruzada con softmax",
            "squares_title": "Error cuadrático",
            "probability": "probabilidad p",
            "logit": "x₁ − x₂ (dos clases)",
            "error": "error y − t",
            "target": "t = {t}",
            "correct_class": "clase correcta: {c}",
            "mse": "MSE = (y − t)²",
            "half": "C = ½·(y − t)²",
            "data": "Los datos",
            "target_value": "objetivo",
            "test_points": "prueba",
            "input_plane": "Plano de entrada",
            "hidden_plane": "Plano de la capa oculta {layer}",
            "planes": "Los mismos datos antes y después de la capa oculta",
            "decision": "Lo que predice la red",
            "output": "salida",
            "layer": "capa {n}",
            "neuron": "neurona {n}",
            "neuron_maps": "Lo que ha aprendido cada neurona",
            "training": "Aprendizaje por épocas",
            "epoch": "época",
            "train": "entrenamiento",
            "test": "prueba",
            "accuracy": "tasa de acierto",
            "network": "La red: pesos por color y grosor",
            "deltas": "El error δ de cada neurona",
            "biases": "La red y sus sesgos",
            "inputs": "entradas",
            "positive": "peso positivo",
            "negative": "peso negativo",
            "more": "{n} en total",
            "surface": "Descenso por gradiente sobre la superficie de la pérdida",
            "batch": "lote completo",
            "mini-batch": "mini-lote",
            "stochastic": "estocástico",
            "vanishing": "Desvanecimiento del gradiente: tamaño de δ por capa",
            "layer_axis": "capa",
            "delta_axis": "tamaño medio de δ",
            "cost": "Coste de la retropropagación",
            "size": "n (matrices de n × n)",
            "operations": "operaciones",
            "exponent": "{name}: exponente {p}",
            "forward": "hacia adelante",
            "backward": "hacia atrás",
            "forward_mode": "modo directo",
        },
        "en": {
            "activations": "Activation functions and their derivatives",
            "derivative": "derivative",
            "losses": "Loss functions",
            "loss": "loss",
            "cross_entropy_title": "Binary cross-entropy",
            "softmax_title": "Softmax cross-entropy",
            "squares_title": "Squared error",
            "probability": "probability p",
            "logit": "x₁ − x₂ (two classes)",
            "error": "error y − t",
            "target": "t = {t}",
            "correct_class": "correct class: {c}",
            "mse": "MSE = (y − t)²",
            "half": "C = ½·(y − t)²",
            "data": "The data",
            "target_value": "target",
            "test_points": "test",
            "input_plane": "Input plane",
            "hidden_plane": "Plane of hidden layer {layer}",
            "planes": "The same data before and after the hidden layer",
            "decision": "What the network predicts",
            "output": "output",
            "layer": "layer {n}",
            "neuron": "neuron {n}",
            "neuron_maps": "What each neuron has learnt",
            "training": "Learning by epoch",
            "epoch": "epoch",
            "train": "training",
            "test": "test",
            "accuracy": "accuracy",
            "network": "The network: weights as colour and width",
            "deltas": "The error δ of every neuron",
            "biases": "The network and its biases",
            "inputs": "inputs",
            "positive": "positive weight",
            "negative": "negative weight",
            "more": "{n} in all",
            "surface": "Gradient descent on the loss surface",
            "batch": "full batch",
            "mini-batch": "mini-batch",
            "stochastic": "stochastic",
            "vanishing": "Vanishing gradient: size of δ by layer",
            "layer_axis": "layer",
            "delta_axis": "mean size of δ",
            "cost": "Cost of backpropagation",
            "size": "n (matrices of n × n)",
            "operations": "operations",
            "exponent": "{name}: exponent {p}",
            "forward": "forward",
            "backward": "backward",
            "forward_mode": "forward mode",
        },
    }
)


def words(language: str) -> Mapping[str, str]:
    """The words of plots and of figures in a language.

    >>> words("es")["epoch"], words("en")["tanh"]
    ('época', 'Hyperbolic tangent')
    """
    common = figure_words(language)
    return {**common, **_WORDS[language]}
