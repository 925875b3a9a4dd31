"""A network as a plain chain of links, which PyTorch, ONNX and micrograd_es all have a name for.

Exports read a model as a chain; imports assemble a model from one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from micrograd_es.export.slots import Slots, weight_and_bias
from micrograd_es.functions import softmax
from micrograd_es.maths import counted
from micrograd_es.nn import ACTIVATIONS, MLP, Activation, Dropout, Layer, Module, Neuron, Sequential


@dataclass(frozen=True, eq=False)
class Affine:
    """W·x + b: `weight` has a row for each neuron, `bias` is None where there is none.

    They are slots in a chain that was read from a model, and numbers in one to assemble a model from. Where one layer
    is used twice, both links are the same object.
    """

    name: str
    weight: Slots
    bias: Slots | None


@dataclass(frozen=True)
class Activate:
    """An activation of `nn.ACTIVATIONS`, by its name."""

    name: str


@dataclass(frozen=True)
class Drop:
    """A Dropout of probability p."""

    p: float


Link = Affine | Activate | Drop


# From a model to a chain


def links(model: Module) -> list[Link]:
    """The chain of a model: nested Sequentials are laid out flat, and a linear activation is no link.

    >>> [type(link).__name__ for link in links(MLP(2, [3, 1], dropout=0.5))]
    ['Affine', 'Activate', 'Drop', 'Affine']

    Raises TypeError, naming it, for what has no counterpart elsewhere: a function, a module of one's own; ValueError
    for a model without layers and for layers that do not fit.
    """
    if not isinstance(model, Module):
        raise TypeError(f"{str(model)[:60]} ({type(model).__name__}) is no model; expected one such as an MLP.")
    known: dict[Module, list[Link]] = {}
    found: list[Link] = []
    for name, step in _flat("", model):
        found += _read(name, step, known)
    _check_sizes(model, [link for link in found if isinstance(link, Affine)])
    return found


def _flat(name: str, step: Any) -> Iterator[tuple[str, Any]]:
    """The steps with their names, those of a Sequential in its place."""
    if not _is_plain(step, Sequential):
        yield name or type(step).__name__.lower(), step
        return
    names = (part for part, _ in step.parts())
    for place, inner in enumerate(step.sequence, 1):
        own = next(names) if isinstance(inner, Module) else f"step {place}"
        yield from _flat(f"{name}.{own}" if name else own, inner)


def _is_plain(step: Any, kind: type[Module]) -> bool:
    """Whether a step is of that kind and computes as the kind does: nothing that matters was written anew."""
    names = ("__call__", "forward", "steps", "run", "mask")
    own = (getattr(getattr(step, name, None), "__func__", None) for name in names)
    return isinstance(step, kind) and list(own) == [getattr(kind, name, None) for name in names]


def _read(name: str, step: Any, known: dict[Module, list[Link]]) -> list[Link]:
    """The links of one step; those of a module that was met before are the same objects."""
    if not isinstance(step, Module):
        return [Activate(_name(Activation("", step, whole=True), name, step))]
    if step not in known:
        known[step] = _module(name, step)
    return known[step]


def _module(name: str, step: Module) -> list[Link]:
    if isinstance(step, Dropout) and _is_plain(step, Dropout):
        return [Drop(step.p)] if step.p else []
    neurons: list[Neuron] = []
    activations: list[Activation] = []
    if isinstance(step, Layer) and _is_plain(step, Layer):
        neurons, activations = step.neurons, [step.activation]
    elif isinstance(step, Neuron):
        neurons = [step]
    if not neurons or not all(_is_plain(neuron, Neuron) for neuron in neurons):
        raise _unknown(name, f"{step!r}, a module of one's own ({type(step).__name__})")
    activations += [neuron.activation for neuron in neurons]
    rows = [_name(given, name, given.name) for given in activations]
    if len(set(rows)) > 1:
        raise _unknown(name, f"neurons with different activations ({', '.join(dict.fromkeys(rows))})")
    affine = Affine(name, *weight_and_bias(neurons))
    return [affine] if rows[0] == "linear" else [affine, Activate(rows[0])]


def _name(given: Activation, place: str, told: Any) -> str:
    """The name of the row of the table that computes the same."""
    for row in ACTIVATIONS.values():
        if row.function is given.function and row.whole == given.whole:
            return row.name
    shown = repr(told) if isinstance(told, str) else getattr(told, "__name__", repr(told))
    raise _unknown(place, f"the function {shown}")


def _unknown(place: str, what: str) -> TypeError:
    return TypeError(
        f"{place} is, or holds, {what}, which PyTorch and ONNX do not know; expected layers of the activations"
        f" {', '.join(map(repr, ACTIVATIONS))}, Dropout and Sequential."
        " For the weights alone write export.arrays(model)."
    )


def _check_sizes(model: Module, layers: Sequence[Affine]) -> None:
    if not layers:
        raise ValueError(f"{model!r} has no layers; expected at least one Layer.")
    for before, after in pairwise(layers):
        if len(before.weight) != after.weight.shape[1]:
            raise ValueError(
                f"{after.name} takes {counted(after.weight.shape[1], 'input')} and {before.name} before it gives"
                f" {len(before.weight)}; expected as many."
            )


# From a chain to a model


def assembled(chain: Sequence[Link]) -> Sequential:
    """The model of a chain, whose affine links hold numbers: an MLP where it has that form, else a Sequential.

    Raises ValueError where an activation does not follow a layer.
    """
    rows: list[_Row] = []
    for link in chain:
        if isinstance(link, Affine):
            rows.append(_Row(link))
        elif isinstance(link, Drop):
            rows += [_Row(Dropout(link.p, seed=len(rows)))] if link.p else []
        elif link.name != "linear":
            _activate(rows, link.name)
    layers = [row for row in rows if isinstance(row.what, Affine)]
    if not layers:
        raise ValueError("the network has no layers; expected at least one (Linear, Gemm).")
    drops = [_drop_after(row, rows) for row in layers]
    if len(rows) > len(layers) + sum(p > 0 for p in drops) or drops[-1]:
        return Sequential(*(row.step() for row in rows))
    names = [row.activation or "linear" for row in layers]
    tables = [_lists(row.what) for row in layers]
    weights, biases = [weight for weight, _ in tables], [bias for _, bias in tables]
    return MLP.from_numbers(weights, biases, names[:-1], names[-1], dropout=drops[:-1])


@dataclass(eq=False)
class _Row:
    """A step to be made; an affine one gets its activation when that is met."""

    what: Affine | Dropout | Callable[[Any], Any]
    activation: str | None = None

    def step(self) -> Any:
        """The step of a Sequential."""
        if not isinstance(self.what, Affine):
            return self.what
        return Layer.from_numbers(*_lists(self.what), activation=self.activation or "linear")


def _activate(rows: list[_Row], name: str) -> None:
    """Give the last layer its activation; a softmax can stand alone."""
    if rows and isinstance(rows[-1].what, Affine) and rows[-1].activation is None:
        rows[-1].activation = name
    elif name == "softmax":
        rows.append(_Row(softmax))
    else:
        raise ValueError(f"the activation {name!r} does not follow a layer; expected it right after one.")


def _drop_after(row: _Row, rows: list[_Row]) -> float:
    """The probability of the Dropout right after a row; 0 where there is none."""
    after = rows[rows.index(row) + 1 :][:1]
    return after[0].what.p if after and isinstance(after[0].what, Dropout) else 0.0


def _lists(affine: Any) -> tuple[Any, Any]:
    return affine.weight.tolist(), None if affine.bias is None else affine.bias.tolist()
