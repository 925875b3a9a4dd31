"""What other libraries' numbers, models and optimisers have and those of this one have not: what to write instead."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_FUNCTIONS = ("exp", "log", "tanh", "sigmoid", "relu", "softplus", "sin", "cos", "sqrt", "reciprocal", "identity")

OF_A_VALUE: Mapping[str, str] = MappingProxyType(
    {name: f"micrograd_es.{name}(v)" for name in _FUNCTIONS}
    | {
        "value": "v.data",
        "item": "v.data",
        "numpy": "v.data",
        "detach": "Constant(v.data)",
        "gradient": "v.grad",
        "name": "v.label",
        "children": "v.inputs",
        "_prev": "v.inputs",
        "_op": "v.op",
        "sum": "micrograd_es.sum([v, w])",
        "mean": "micrograd_es.sum([v, w]) / 2",
        "softmax": "micrograd_es.softmax([v, w])",
        "max": "micrograd_es.maximum(v, w)",
        "min": "micrograd_es.minimum(v, w)",
        "pow": "v**2",
        "abs": "abs(v)",
    }
    | dict.fromkeys(("draw", "plot", "show"), "draw(v)")
)

_FIT = "fit(model, (inputs, targets), loss='mse')"

OF_A_MODEL: Mapping[str, str] = MappingProxyType(
    {
        "fit": _FIT,
        "compile": "fit(model, (inputs, targets), loss='mse', optimizer=Adam(0.01))",
        "evaluate": "fit(model, …, test=(inputs, targets)), whose History has test_loss",
        "predict": "model(row) for one example, or record(model, [0.0, 0.0])(inputs) for all, a number for each input",
        "backward": "loss.backward()",
        "summary": "print(model), or model.named_parameters()",
    }
)

OF_A_PROGRAM: Mapping[str, str] = MappingProxyType(
    {
        "fit": f"{_FIT}, which records the model by itself",
        "train": f"{_FIT}, which records the model by itself",
        "predict": "program(inputs)",
        "forward": "program(inputs)",
    }
    | dict.fromkeys(("grad", "gradient", "gradients", "backward"), "program.value_and_grad(inputs)")
    | dict.fromkeys(("weights", "state_dict"), "program.parameters")
)

OF_AN_OPTIMIZER: Mapping[str, str] = MappingProxyType(
    {"zero_grad": "model.zero_grad()", "lr": "optimizer.rate", "param_groups": "optimizer.rate"}
)

OF_A_HISTORY: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("loss", "losses", "history"), "history.train_loss")
    | {"accuracy": "history.train_accuracy", "val_loss": "history.test_loss", "val_accuracy": "history.test_accuracy"}
)


OF_A_FIGURE: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("show", "view", "savefig", "render"), "figure.save('figure.svg')")
)


class Missing:
    """An attribute that says what to write instead of it. (With `__getattr__` every other one would be slower.)

    >>> class Number:
    ...     tanh = Missing("a Number", "tanh", "tanh(x)")
    >>> hasattr(Number(), "tanh")
    False
    """

    def __init__(self, owner: str, name: str, instead: str) -> None:
        self.told = f"{owner} has no attribute {name!r}; write {instead}."

    def __get__(self, x: object, owner: type) -> None:
        raise AttributeError(self.told)


def say_instead(kind: type, owner: str, names: Mapping[str, str]) -> None:
    """Give a class an attribute for each name, which says what to write instead of it, and which `dir` does not list.

    >>> class Number:
    ...     pass
    >>> say_instead(Number, "a Number", {"tanh": "tanh(x)"})
    >>> Number().tanh
    Traceback (most recent call last):
        ...
    AttributeError: a Number has no attribute 'tanh'; write tanh(x).
    """
    for name, instead in names.items():
        setattr(kind, name, Missing(owner, name, instead))
    listed: Any = kind.__dir__

    def present(x: Any) -> list[str]:
        return [name for name in listed(x) if name not in names or hasattr(x, name)]

    kind.__dir__ = present  # type: ignore[method-assign, assignment]
