"""MLP: the multi-layer perceptron, layers in which every neuron has all the outputs of the layer before."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import Any

from micrograd_es.maths import Number
from micrograd_es.nn.activations import activation as find_activation
from micrograd_es.nn.dropout import Dropout
from micrograd_es.nn.initial import Initial, generator
from micrograd_es.nn.layer import Layer
from micrograd_es.nn.neuron import ActivationGiven, check_size
from micrograd_es.nn.sequential import Sequential

Activations = ActivationGiven | Sequence[ActivationGiven]


class MLP(Sequential):
    """A network of n_in inputs and layers of the given sizes, the output layer last.

    `activation` is that of all hidden layers, or a list with one for each; `output` that of the last layer, by the
    problem: "linear" for regression and for losses of logits, "sigmoid" for two classes, "softmax" for several.
    `dropout` is the probability after all hidden layers, or a list with one for each. The same `seed` gives the same
    weights on every machine; None gives new ones each time. `init` and `bias` are as in `Neuron`.

    >>> model = MLP(2, [4, 2, 1], activation=["tanh", "relu"], output="sigmoid", dropout=0.1)
    >>> model
    MLP(2 → 4 tanh → dropout 0.1 → 2 relu → dropout 0.1 → 1 sigmoid; 25 parameters)
    >>> model["layer1.neuron2.w1"] = 0.5
    >>> model.layers[0].neurons[1].w[0]
    Parameter(0.5, label='w1')
    """

    def __init__(
        self,
        n_in: int,
        sizes: Sequence[int],
        activation: Activations = "relu",
        output: ActivationGiven = "linear",
        *,
        seed: int | Random | None = 0,
        init: str | float | Initial | None = None,
        bias: bool | Number = True,
        dropout: float | Sequence[float] = 0.0,
        name: str = "network",
    ) -> None:
        if not isinstance(sizes, list | tuple):
            raise TypeError(f"the sizes are {sizes!r}; expected a list, the output layer last. Write [{sizes!r}].")
        if not sizes:
            raise ValueError("the sizes are empty; expected at least the output layer. Write [1].")
        check_size(n_in, "n_in, the number of inputs,")
        for number, size in enumerate(sizes, 1):
            check_size(size, f"the size of layer {number}")
        if isinstance(activation, str):
            find_activation(activation)  # also where no layer uses it: a name that does not exist is a mistake
        rows = [*_hidden(activation, len(sizes) - 1, "activation"), output]
        rng = generator(seed)
        shapes = zip(pairwise([n_in, *sizes]), rows, strict=True)
        layers = [Layer(n, m, row, bias, seed=rng, init=init) for (n, m), row in shapes]
        super().__init__(*_with_dropout(layers, dropout, rng), name=name)

    @classmethod
    def from_numbers(
        cls,
        weights: Sequence[Sequence[Sequence[Number]]],
        biases: Sequence[Sequence[Number] | None] | None = None,
        activation: Activations = "relu",
        output: ActivationGiven = "linear",
        *,
        dropout: float | Sequence[float] = 0.0,
        seed: int | Random | None = 0,
        name: str = "network",
    ) -> MLP:
        """A network with given weights, a matrix for each layer with a row for each neuron, and biases or none.

        >>> xor = MLP.from_numbers([[[1, 1], [1, 1]], [[1, -2]]], [[0, -1], [0]])
        >>> [xor([a, b])[0].data for a, b in [(0, 0), (0, 1), (1, 0), (1, 1)]]
        [0, 1, 1, 0]
        """
        if not isinstance(weights, list | tuple) or not weights:
            shape = getattr(weights, "shape", None)
            told = f"an array of shape {tuple(shape)}" if shape else str(weights)[:60]
            raise TypeError(f"the weights are {told}; expected a list with one matrix for each layer. Write [W1, W2].")
        starts: Sequence[Any] = [None] * len(weights) if biases is None else biases
        if len(starts) != len(weights):
            raise ValueError(
                f"{len(weights)} matrices of weights have {len(starts)} lists of biases; expected as many."
            )
        rows = [*_hidden(activation, len(weights) - 1, "activation"), output]
        layers = [Layer.from_numbers(w, b, row) for w, b, row in zip(weights, starts, rows, strict=True)]
        network = cls.__new__(cls)
        Sequential.__init__(network, *_with_dropout(layers, dropout, generator(seed)), name=name)
        return network

    def numbers(self) -> tuple[list[list[list[Number]]], list[list[Number] | None]]:
        """The weights and the biases of every layer: what `from_numbers` takes.

        >>> MLP(2, [1], init="zeros").numbers()
        ([[[0.0, 0.0]]], [[0.0]])
        """
        both = [layer.numbers() for layer in self.layers]
        return [weights for weights, _ in both], [biases for _, biases in both]


def _hidden(given: Any, count: int, what: str) -> list[Any]:
    """One for each hidden layer: the same for all, or the items of a list."""
    if not isinstance(given, list | tuple):
        return [given] * count
    if len(given) != count:
        raise ValueError(
            f"{what} has {len(given)} items; expected one for each of the {count} hidden layers"
            + (", and output= for the last layer." if what == "activation" else ".")
        )
    return list(given)


def _with_dropout(layers: list[Layer], dropout: Any, rng: Random) -> list[Layer | Dropout]:
    """The layers with a Dropout after each hidden one that has a probability."""
    found: list[Layer | Dropout] = []
    for layer, p in zip(layers, [*_hidden(dropout, len(layers) - 1, "dropout"), 0], strict=True):
        found.append(layer)
        part = Dropout(p, Random(rng.getrandbits(64)))  # drawn after the weights: they are the same without it
        if p:
            found.append(part)
    return found
