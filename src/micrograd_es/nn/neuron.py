"""A neuron: a = activation(Σ w·x + b)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from numbers import Integral
from random import Random
from typing import Any

from micrograd_es.maths import Number, as_number, counted
from micrograd_es.nn.activations import Activation
from micrograd_es.nn.activations import activation as find_activation
from micrograd_es.nn.initial import Initial, generator, initial
from micrograd_es.nn.inputs import as_inputs, as_list
from micrograd_es.nn.module import Module
from micrograd_es.ops import ADD
from micrograd_es.value import Parameter, Value, general

ActivationGiven = str | Activation | Callable[[Value], Value]


class Neuron(Module):
    """A neuron with n_in inputs: its weights are `w`, its bias is `b` (None where it has none).

    `bias` is True (it starts at 0), False (there is none) or the number at which it starts. `init` is the name of an
    initialisation, a number a for weights between −a and a, or a function of `initial`; by default the one that
    suits the activation. The same `seed` gives the same weights.

    >>> neuron = Neuron.from_numbers([2, -3], -3, activation="relu")
    >>> neuron([1, -2]), neuron
    (Value(5, label='a'), Neuron(2 → relu; 3 parameters))
    """

    def __init__(
        self,
        n_in: int,
        activation: ActivationGiven = "linear",
        bias: bool | Number = True,
        *,
        seed: int | Random | None = 0,
        init: str | float | Initial | None = None,
        name: str = "",
    ) -> None:
        check_size(n_in, "n_in, the number of inputs,")
        row = find_activation(activation)
        rng, draw = generator(seed), initial(init, row.initial)
        self._set([draw(rng, n_in, 1) for _ in range(n_in)], starting_bias(bias), row, name)

    @classmethod
    def from_numbers(
        cls, weights: Iterable[Number], bias: Number | None = None, activation: ActivationGiven = "linear"
    ) -> Neuron:
        """A neuron with given weights; without a bias it has none.

        >>> Neuron.from_numbers([1, 2], 0.5).state_dict()
        {'w1': 1.0, 'w2': 2.0, 'b': 0.5}
        """
        neuron = cls.__new__(cls)
        neuron._set(as_list(weights, "a neuron", "a list with its weights"), bias, find_activation(activation))
        return neuron

    def _set(self, weights: list[Any], bias: Number | None, row: Activation, name: str = "") -> None:
        if not weights:
            raise ValueError("the neuron was given no weights; expected one for each input. Write [1.0].")
        self.name, self.n_in, self.activation = name, len(weights), row
        self.w = [Parameter(as_number(w, f"w{i}"), f"w{i}") for i, w in enumerate(weights, 1)]
        self.b = None if bias is None else Parameter(as_number(bias, "b"), "b")

    def forward(self, x: Any) -> Value:
        """The output for one example."""
        if self.activation.whole:
            raise TypeError(f"one neuron has no {self.activation.name}; expected a layer. Write Layer(n_in, n_out, …).")
        return self.steps(as_inputs(x, self.n_in, self.name or "the neuron"))[1]

    def steps(self, xs: list[Value], place: str = "") -> tuple[Value, Value]:
        """z = Σ w·x + b and a = activation(z) for inputs that are Values already, labelled with the place: z2, a2."""
        terms = [w * x for w, x in zip(self.w, xs, strict=True)]
        if self.b is not None:
            terms.append(self.b)
        z = general(ADD, tuple(terms)) if len(terms) > 1 else terms[0]
        z.label = f"z{place}"
        if self.activation.whole:
            return z, z
        a = self.activation.function(z)
        if a is not z:
            a.label = f"a{place}"
        return z, a

    def __repr__(self) -> str:
        return f"Neuron({self.n_in} → {self.activation.name}; {counted(len(self.parameters()), 'parameter')})"


def check_size(size: object, what: str) -> None:
    """Raise an error for what is no whole number from 1 on; NumPy's are whole numbers, too."""
    if not isinstance(size, Integral) or isinstance(size, bool):
        raise TypeError(f"{what} is {size!r} ({type(size).__name__}); expected a whole number from 1 on.")
    if int(size) < 1:
        raise ValueError(f"{what} is {size}; expected a whole number from 1 on.")


def starting_bias(bias: bool | Number) -> Number | None:
    """The number at which a bias starts; None for no bias."""
    return (0.0 if bias else None) if isinstance(bias, bool) else as_number(bias, "bias")
