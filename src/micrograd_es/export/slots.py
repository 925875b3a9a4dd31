"""Parameters side by side, as arrays: a slot is the Value whose number stands there, or None where there is none.

A layer has `weight`, a row for each neuron and a column for each input, and `bias`, one for each neuron, as PyTorch's
Linear has them. What other modules hold is an array of no dimension each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrograd_es.data.checks import Floats
from micrograd_es.nn import Layer, Module, Neuron
from micrograd_es.tables import check_names
from micrograd_es.value import Value

Slots = NDArray[Any]


def weight_and_bias(neurons: Sequence[Neuron]) -> tuple[Slots, Slots | None]:
    """The slots of neurons side by side; the second is None where no neuron has a bias.

    >>> weight, bias = weight_and_bias(Layer(2, 3, bias=False).neurons)
    >>> weight.shape, bias
    ((3, 2), None)
    """
    weight = _slots([value for neuron in neurons for value in neuron.w]).reshape(len(neurons), -1)
    bias = [neuron.b for neuron in neurons]
    return weight, None if all(b is None for b in bias) else _slots(bias)


def numbers(slots: Slots) -> Floats:
    """The numbers in the slots; 0 where there is no Value.

    >>> numbers(weight_and_bias(Layer.from_numbers([[1, 2], [3, 4]]).neurons)[0]).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    flat = [0.0 if value is None else float(value.data) for value in slots.reshape(-1).tolist()]
    return np.array(flat, dtype=np.float64).reshape(slots.shape)


def named_slots(model: Module) -> dict[str, Slots]:
    """The slots of a model by name, in the order of its parameters. A module used in two places has its first name.

    >>> list(named_slots(Layer(2, 3)))
    ['weight', 'bias']

    Raises ValueError where two would have one name.
    """
    if not isinstance(model, Module):
        raise TypeError(f"{str(model)[:60]} ({type(model).__name__}) is no model; expected a Module such as an MLP.")
    found: dict[str, Slots] = {}
    seen: set[Value | Module] = set()
    of_layers: set[Module] = set()  # the neurons whose slots stand in those of their layer
    waiting: list[tuple[str, Value | Module]] = [("", model)]
    while waiting:
        name, part = waiting.pop()
        if part in seen:
            continue
        seen.add(part)
        for own, slots in [] if part in of_layers else _own_slots(part):
            full = _joined(name, own)
            if full in found:
                raise ValueError(f"two arrays are called {full!r}; give one of the attributes another name.")
            found[full] = slots
            seen.update(value for value in slots.reshape(-1).tolist() if value is not None)
        if isinstance(part, Module):
            of_layers.update(part.neurons if isinstance(part, Layer) else [])
            waiting.extend([(_joined(name, own), thing) for own, thing in part.parts()][::-1])
    return found


def fill(slots: Mapping[str, Slots], arrays: Mapping[str, Any], whose: str) -> None:
    """Set the Values in the slots to the numbers in arrays of the same names.

    Raises ValueError, and changes nothing, where a name is missing or unknown, a shape is another, a number is not
    finite, or where a number differs that cannot be set: a constant, a missing bias, a Value in two places.
    """
    if not isinstance(arrays, Mapping):
        raise TypeError(
            f"the arrays are {str(arrays)[:60]}; expected a dict of arrays by name, as arrays(model) gives."
        )
    check_names(arrays, slots, "the dict of arrays", f"the {len(slots)} arrays of {whose}")
    planned: dict[Value, float] = {}
    for name, places in slots.items():
        table = _checked(name, arrays[name], places.shape)
        for value, number in zip(places.reshape(-1).tolist(), table.reshape(-1).tolist(), strict=True):
            fixed = _fixed(value, planned)
            if fixed is None:
                planned[value] = number
            elif fixed != number:
                raise ValueError(
                    f"{name} has the number {number!r} where the model has to keep {fixed!r} (a constant, a missing"
                    " bias, or a parameter that stands in two places); expected the same."
                )
    for value, number in planned.items():
        value.data = number


def _slots(values: Sequence[Value | None]) -> Slots:
    """An array of the Values themselves."""
    slots = np.empty(len(values), dtype=object)
    slots[:] = values
    return slots


def _own_slots(part: Value | Module) -> Iterator[tuple[str, Slots]]:
    """The slots of a part itself, without those of the modules in it."""
    if isinstance(part, Layer | Neuron):
        weight, bias = weight_and_bias(part.neurons if isinstance(part, Layer) else [part])
        yield "weight", weight
        if bias is not None:
            yield "bias", bias
    elif isinstance(part, Value) and _is_parameter(part):
        yield "", _slots([part]).reshape(())


def _joined(name: str, own: str) -> str:
    return f"{name}.{own}" if name and own else name or own


def _is_parameter(value: Value) -> bool:
    return value.op is None and not value.is_constant


def _fixed(value: Value | None, planned: Mapping[Value, float]) -> float | None:
    """The number that a slot holds already and has to keep; None where it can be set."""
    if value is None:
        return 0.0
    return planned.get(value) if _is_parameter(value) else float(value.data)


def _checked(name: str, given: Any, shape: tuple[int, ...]) -> Floats:
    """A tensor or an array as an array of finite floats of that shape."""
    try:
        table = np.asarray(given.detach().cpu().double().numpy() if hasattr(given, "detach") else given)
    except ValueError:
        raise ValueError(f"{name} has rows of different lengths; expected an array of the shape {shape}.") from None
    if table.dtype.kind not in "iuf":
        raise TypeError(f"{name} holds {table.dtype.name}; expected numbers.")
    if table.shape != shape:
        raise ValueError(f"{name} has the shape {table.shape}; expected {shape}. Load it into a network of its sizes.")
    table = table.astype(np.float64)
    if not np.isfinite(table).all():
        raise ValueError(f"{name} holds {table[~np.isfinite(table)][0]}; expected finite numbers.")
    return table
