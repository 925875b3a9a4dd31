"""Modules one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from micrograd_es.maths import counted
from micrograd_es.nn.dropout import Dropout
from micrograd_es.nn.layer import Layer, Pass
from micrograd_es.nn.module import Module
from micrograd_es.value import Value


class Sequential(Module):
    """Modules, or functions from a list of Values to one, each given what the one before it gave.

    In names and scopes each is called by its kind and its place among those of that kind: layer1, dropout1, layer2.

    >>> model = Sequential(Layer(2, 3, "tanh"), Dropout(0.2), Layer(3, 1))
    >>> list(model.named_parameters())[-2:], model
    (['layer2.neuron1.w3', 'layer2.neuron1.b'], Sequential(2 → 3 tanh → dropout 0.2 → 1 linear; 13 parameters))
    """

    def __init__(self, *steps: Module | Callable[[list[Value]], Any], name: str = "") -> None:
        for step in steps:
            if not callable(step):
                given = f"{step!r} ({type(step).__name__})"
                raise TypeError(f"Sequential was given {given}; expected modules or functions.")
        self.name, self.sequence = name, list(steps)
        self._check_sizes()
        for part, module in self.parts():
            if isinstance(module, Module) and not module.name:
                kind = type(module).__name__.lower()
                module.name = f"{kind} {part.removeprefix(kind)}"  # "layer 1"

    @property
    def layers(self) -> list[Layer]:
        """The Layers, in order, without what stands between them."""
        return [layer for step in self.sequence for layer in _layers(step)]

    @property
    def n_in(self) -> int:
        """The number of inputs."""
        return self._ends()[0].n_in

    @property
    def n_out(self) -> int:
        """The number of outputs."""
        return self._ends()[1].n_out

    def parts(self) -> Iterator[tuple[str, Value | Module]]:
        """The modules, called by kind and place."""
        counts: dict[str, int] = {}
        for step in self.sequence:
            if isinstance(step, Module):
                kind = type(step).__name__.lower()
                counts[kind] = counts.get(kind, 0) + 1
                yield f"{kind}{counts[kind]}", step

    def forward(self, x: Any) -> Any:
        """The output of the last module for one example."""
        for step in self.sequence:
            x = step(x)
        return x

    def by_layer(self, x: Any) -> list[Pass]:
        """z and a of every neuron, layer by layer, for one example: what the hidden neurons see.

        >>> passes = Sequential(Layer.from_numbers([[1], [-1]], activation="relu"), Layer(2, 1)).by_layer([3])
        >>> [[a.data for a in layer.a] for layer in passes][0]
        [3, 0]
        """
        return self.run(x)[0]

    def run(self, x: Any) -> tuple[list[Pass], Any]:
        """`by_layer` and the output, which is not the last layer's where something follows it."""
        passes: list[Pass] = []
        with self.scoped():
            for step in self.sequence:
                if isinstance(step, Sequential):
                    inner, x = step.run(x)
                    passes += inner
                elif isinstance(step, Layer):
                    with step.scoped():
                        passes.append(step.steps(x))
                    x = passes[-1].a
                else:
                    x = step(x)
        return passes, x

    def _ends(self) -> tuple[Layer, Layer]:
        layers = self.layers
        if not layers:
            raise ValueError("the network has no layers, so it has no sizes; expected at least one Layer.")
        return layers[0], layers[-1]

    def _check_sizes(self) -> None:
        """Layers that follow each other directly, or with Dropout between them, have to fit."""
        before: int | None = None
        for step in self.sequence:
            layers = _layers(step)
            if layers and before is not None and layers[0].n_in != before:
                raise ValueError(
                    f"a layer of {counted(layers[0].n_in, 'input')} follows one of {counted(before, 'neuron')};"
                    f" expected the same number. Write Layer({before}, …)."
                )
            if not isinstance(step, Dropout):
                before = layers[-1].n_out if layers else None

    def __repr__(self) -> str:
        sizes = [str(self.layers[0].n_in)] if self.layers else []
        told = " → ".join([*sizes, *_told(self)])
        return f"{type(self).__name__}({told}; {counted(len(self.parameters()), 'parameter')})"


def _layers(step: object) -> list[Layer]:
    """The Layers of one step."""
    return step.layers if isinstance(step, Sequential) else [step] if isinstance(step, Layer) else []


def _told(step: object) -> list[str]:
    if isinstance(step, Sequential):
        return [text for inner in step.sequence for text in _told(inner)]
    if isinstance(step, Layer):
        return [f"{step.n_out} {step.activation.name}"]
    if isinstance(step, Dropout):
        return [f"dropout {step.p:g}"]
    return [getattr(step, "__name__", type(step).__name__)]
