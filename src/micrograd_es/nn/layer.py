"""A layer: neurons side by side, all with the same inputs."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

from micrograd_es.maths import Number, counted
from micrograd_es.nn.activations import Activation
from micrograd_es.nn.activations import activation as find_activation
from micrograd_es.nn.initial import Initial, generator, initial
from micrograd_es.nn.inputs import as_inputs, as_list
from micrograd_es.nn.module import Module
from micrograd_es.nn.neuron import ActivationGiven, Neuron, check_size, starting_bias
from micrograd_es.scopes import scope
from micrograd_es.value import Value


class Pass(NamedTuple):
    """What one layer computed for one example: z before the activation and a after it, a Value for each neuron.

    >>> Layer.from_numbers([[1], [2]], activation="relu").steps([-3]).z
    [Value(-3, label='z1'), Value(-6, label='z2')]
    """

    z: list[Value]
    a: list[Value]


class Layer(Module):
    """n_out neurons with the same n_in inputs. A call ALWAYS returns a list, also for one neuron.

    `activation`, `bias`, `seed` and `init` are as in `Neuron`; "softmax" acts on all of the layer's z at once.

    >>> layer = Layer.from_numbers([[-1, 1], [1, -1]], [-4, -4], activation="relu")
    >>> [h.data for h in layer([0, 5])], layer
    ([1, 0], Layer(2 → 2 relu; 6 parameters))
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        activation: ActivationGiven = "linear",
        bias: bool | Number = True,
        *,
        seed: int | Random | None = 0,
        init: str | float | Initial | None = None,
        name: str = "",
    ) -> None:
        check_size(n_in, "n_in, the number of inputs,")
        check_size(n_out, "n_out, the number of neurons,")
        row = find_activation(activation)
        rng, draw, start = generator(seed), initial(init, row.initial), starting_bias(bias)
        rows = [[draw(rng, n_in, n_out) for _ in range(n_in)] for _ in range(n_out)]
        self._set([Neuron.from_numbers(row_, start, row) for row_ in rows], row, name)

    @classmethod
    def from_numbers(
        cls,
        weights: Sequence[Sequence[Number]],
        biases: Sequence[Number] | None = None,
        activation: ActivationGiven = "linear",
    ) -> Layer:
        """A layer with given weights, a row for each neuron (as PyTorch's `weight`), and a bias for each or none.

        >>> Layer.from_numbers([[1, 2, 3]], [4])([1, 1, 1])
        [Value(10, label='z')]
        """
        rows = (
            as_list(weights, "a layer", "a row of weights for each neuron")
            if not getattr(weights, "ndim", 0)
            else list(weights)
        )
        starts = (
            [None] * len(rows) if biases is None else as_list(biases, "a layer", "a list with a bias for each neuron")
        )
        if len(starts) != len(rows):
            raise ValueError(
                f"{counted(len(rows), 'row')} of weights came with {counted(len(starts), 'bias')};"
                " expected one for each neuron."
            )
        found = find_activation(activation)
        neurons = [Neuron.from_numbers(row, start, found) for row, start in zip(rows, starts, strict=True)]
        for number, neuron in enumerate(neurons, 1):
            if neuron.n_in != neurons[0].n_in:
                expected = f"expected {neurons[0].n_in} as in row 1."
                raise ValueError(f"row {number} of the layer's weights has {neuron.n_in} numbers; {expected}")
        layer = cls.__new__(cls)
        layer._set(neurons, found)
        return layer

    def _set(self, neurons: list[Neuron], row: Activation, name: str = "") -> None:
        if not neurons:
            raise ValueError("the layer was given no weights; expected a row for each neuron. Write [[1.0, 2.0]].")
        self.name, self.n_in, self.n_out, self.activation = name, neurons[0].n_in, len(neurons), row
        self.neurons = neurons
        for number, neuron in enumerate(neurons, 1):
            neuron.name = f"neuron {number}"

    def forward(self, x: Any) -> list[Value]:
        """The outputs for one example."""
        return self.steps(x).a

    def steps(self, x: Any) -> Pass:
        """z and a of every neuron for one example; the outputs of `forward` are the a."""
        xs = as_inputs(x, self.n_in, self.name or "the layer")
        z: list[Value] = []
        a: list[Value] = []
        places = map(str, range(1, self.n_out + 1)) if self.n_out > 1 else [""]
        for neuron, place in zip(self.neurons, places, strict=True):
            with neuron.scoped():
                before, after = neuron.steps(xs, place)
            z.append(before)
            a.append(after)
        if self.activation.whole:
            with scope(self.activation.name):
                a = self.activation.on(z)
            for number, after in enumerate(a, 1):
                after.label = f"a{number}"
        return Pass(z, a)

    def numbers(self) -> tuple[list[list[Number]], list[Number] | None]:
        """The weights, a row for each neuron, and the biases: what `from_numbers` takes."""
        biases = [neuron.b.data for neuron in self.neurons if neuron.b is not None]
        return [[w.data for w in neuron.w] for neuron in self.neurons], biases or None

    def __repr__(self) -> str:
        return (
            f"Layer({self.n_in} → {self.n_out} {self.activation.name}; {counted(len(self.parameters()), 'parameter')})"
        )
