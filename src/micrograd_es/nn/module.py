"""Module: what neurons, layers and networks have in common. It finds its parameters and gives them names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from inspect import signature
from typing import Any, TypeVar

from micrograd_es.maths import Number, as_number, counted
from micrograd_es.missing import OF_A_MODEL, say_instead
from micrograd_es.scopes import scope
from micrograd_es.tables import check_names, chosen
from micrograd_es.value import Value

M = TypeVar("M", bound="Module")


class Module:
    """A function with parameters. Write `forward`; a call runs it inside a scope of the module's name.

    The parameters are the leaf Values in its attributes, in its lists and in its modules; Constants are none. An item
    of a list has its place, from 1 on, in its name, and a list of modules loses its plural s: `layer1.neuron2.w3`.

    >>> class Line(Module):
    ...     def __init__(self) -> None:
    ...         self.w, self.b = Value(2.0, "w"), Value(1.0, "b")
    ...     def forward(self, x: float) -> Value:
    ...         return self.w * x + self.b
    >>> line = Line()
    >>> line(3.0), list(line.named_parameters())
    (Value(7.0), ['w', 'b'])
    >>> line["w"] = 5.0
    >>> line(3.0), line["w"]
    (Value(16.0), Value(5.0, label='w'))
    """

    training: bool = True
    """Whether the module is being trained: Dropout acts only then. `train()` and `eval()` set it."""

    name: str = ""
    """What its scope is called; without one, the kind of the module: "layer"."""

    def forward(self, *inputs: Any) -> Any:
        """What a call computes."""
        raise NotImplementedError(f"{type(self).__name__} has no forward(); write one: def forward(self, x): …")

    def __call__(self, *inputs: Any) -> Any:
        with self.scoped():
            try:
                return self.forward(*inputs)
            except TypeError:
                self._check_count(inputs)
                raise

    def _check_count(self, inputs: tuple[Any, ...]) -> None:
        """Raise TypeError where forward() takes another number of inputs than it was given."""
        form = signature(self.forward)
        try:
            form.bind(*inputs)
        except TypeError:
            raise TypeError(
                f"{self.name or type(self).__name__} was called with {counted(len(inputs), 'input')}; expected those of"
                f" forward({', '.join(form.parameters)}). Several numbers of one example are a list:"
                " write model([1.0, 2.0])."
            ) from None

    def scoped(self) -> Any:
        """The scope in which the module computes: `with module.scoped():`."""
        return scope(self.name or type(self).__name__.lower())

    # What is inside

    def parts(self) -> Iterator[tuple[str, Value | Module]]:
        """The Values and Modules in the attributes and their lists, with their names."""
        for name, thing in vars(self).items():
            yield from _parts(name, thing)

    def modules(self) -> Iterator[Module]:
        """This module and all those inside it, each once."""
        seen: dict[Module, None] = {self: None}
        waiting: list[Module] = [self]
        while waiting:
            module = waiting.pop()
            yield module
            inside = [part for _, part in module.parts() if isinstance(part, Module) and part not in seen]
            seen.update(dict.fromkeys(inside))
            waiting.extend(reversed(list(dict.fromkeys(inside))))

    def named_parameters(self) -> dict[str, Value]:
        """The parameters by name, in a stable order. One that is used in two places has the name of the first.

        Raises ValueError where two parameters would have one name.
        """
        found: dict[str, Value] = {}
        seen: set[Value | Module] = {self}
        waiting: list[tuple[str, Value | Module]] = list(self.parts())[::-1]
        while waiting:
            name, part = waiting.pop()
            if part in seen:
                continue
            seen.add(part)
            if isinstance(part, Module):
                waiting.extend([(f"{name}.{inner}", thing) for inner, thing in part.parts()][::-1])
            elif part.op is None and not part.is_constant:
                if name in found:
                    raise ValueError(f"two parameters are called {name!r}; give one of the attributes another name.")
                found[name] = part
        return found

    def parameters(self) -> list[Value]:
        """The parameters, in the order of `named_parameters()`."""
        return list(self.named_parameters().values())

    def biases(self) -> list[Value]:
        """The parameters whose own name begins with b."""
        return [value for name, value in self.named_parameters().items() if _is_bias(name)]

    def weights(self) -> list[Value]:
        """The parameters that are no biases: what a penalty acts on."""
        return [value for name, value in self.named_parameters().items() if not _is_bias(name)]

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for value in self.parameters():
            value.grad = 0

    def train(self: M, training: bool = True) -> M:
        """Set the module, and all inside it, to training; returns it."""
        for module in self.modules():
            module.training = training
        return self

    def eval(self: M) -> M:
        """Set the module, and all inside it, to predicting; returns it."""
        return self.train(False)

    # Parameters by name

    __iter__ = None  # a name is no place: without this, Python would ask for the parameters 0, 1, 2 …

    def __getitem__(self, name: str) -> Value:
        return chosen(self.named_parameters(), name, "the parameter")

    def __setitem__(self, name: str, number: Number) -> None:
        self[name].data = as_number(number, name)

    def state_dict(self) -> dict[str, float]:
        """The numbers of the parameters by name: what a checkpoint keeps."""
        return {name: float(value.data) for name, value in self.named_parameters().items()}

    def load_state_dict(self, state: Mapping[str, Number]) -> None:
        """Set all parameters from what `state_dict` gave.

        Raises ValueError, and changes nothing, where a name is missing, unknown, or no finite number.
        """
        if not isinstance(state, Mapping):
            raise TypeError(
                f"the state is {str(state)[:60]}; expected a dict of numbers by name, as state_dict() gives."
            )
        named = self.named_parameters()
        check_names(state, named, "the state", f"the {len(named)} parameters of {self!r}")
        numbers = {name: as_number(state[name], name) for name in named}
        for name, value in named.items():
            value.data = numbers[name]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({counted(len(self.parameters()), 'parameter')})"


say_instead(Module, "a model", OF_A_MODEL)


def _is_bias(name: str) -> bool:
    return name.rpartition(".")[2].startswith("b")


def _parts(name: str, thing: object) -> Iterator[tuple[str, Value | Module]]:
    """The Values and Modules in an attribute: itself, or the items of its lists and dicts."""
    if isinstance(thing, Value | Module):
        yield name, thing
    elif isinstance(thing, list | tuple):
        stem = name.removesuffix("s") if any(isinstance(item, Module) for item in thing) else name
        stem += "_" if stem[-1:].isdigit() else ""  # w[1][2] is w1_2
        for place, item in enumerate(thing, 1):
            yield from _parts(f"{stem}{place}", item)
    elif isinstance(thing, dict):
        for key, item in thing.items():
            yield from _parts(f"{name}.{key}", item)
