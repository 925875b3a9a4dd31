"""Neurons, layers and networks, made of Values: every one of them can be called, drawn, read and set by name.

>>> from micrograd_es import nn
>>> model = nn.MLP(2, [3, 1], activation="tanh", seed=1)
>>> model
MLP(2 → 3 tanh → 1 linear; 13 parameters)
>>> model["layer1.neuron2.w1"] = 0.5
>>> len(model([1.0, -2.0]))
1
"""

from micrograd_es.nn.activations import ACTIVATIONS, Activation
from micrograd_es.nn.deltas import deltas
from micrograd_es.nn.dropout import Dropout
from micrograd_es.nn.initial import (
    INITIALISATIONS,
    constant,
    he_normal,
    he_uniform,
    normal,
    uniform,
    xavier_normal,
    xavier_uniform,
    zeros,
)
from micrograd_es.nn.layer import Layer, Pass
from micrograd_es.nn.mlp import MLP
from micrograd_es.nn.module import Module
from micrograd_es.nn.neuron import Neuron
from micrograd_es.nn.sequential import Sequential

__all__ = [
    "ACTIVATIONS",
    "INITIALISATIONS",
    "MLP",
    "Activation",
    "Dropout",
    "Layer",
    "Module",
    "Neuron",
    "Pass",
    "Sequential",
    "constant",
    "deltas",
    "he_normal",
    "he_uniform",
    "normal",
    "uniform",
    "xavier_normal",
    "xavier_uniform",
    "zeros",
]
