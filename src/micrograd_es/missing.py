"""What other libraries' numbers, models and optimisers have and those of this one have not: what to write instead."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_FUNCTIONS = ("sigmoid", "relu", "softplus", "reciprocal", "identity")

_SAME = ("exp", "log", "tanh", "sin", "cos", "sqrt")  # what NumPy has by the same name
_FORMULAS = {  # what NumPy has besides, and asks each entry of an array for
    "log1p": "micrograd_es.log(1 + v)",
    "log2": "micrograd_es.log(v) / micrograd_es.log(2.0)",
    "log10": "micrograd_es.log(v) / micrograd_es.log(10.0)",
    "expm1": "micrograd_es.exp(v) - 1",
    "exp2": "2.0**v",
    "tan": "micrograd_es.sin(v) / micrograd_es.cos(v)",
    "sinh": "(micrograd_es.exp(v) - micrograd_es.exp(-v)) / 2",
    "cosh": "(micrograd_es.exp(v) + micrograd_es.exp(-v)) / 2",
    "rint": "round(v.data)",
}
OF_NUMPY: Mapping[str, str] = MappingProxyType(
    {name: f"micrograd_es.{name}(v), or numpy.vectorize(micrograd_es.{name}, 'O')(x) for an array" for name in _SAME}
    | {name: f"{way}, or numpy.vectorize(lambda v: {way}, 'O')(x) for an array" for name, way in _FORMULAS.items()}
    | {"conjugate": "micrograd_es.sum([(v - m) ** 2 for v in x]) / len(x) for a variance with the mean m"}
)

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
    | dict.fromkeys(
        (
            *("grad", "grads", "gradient", "gradients", "backward"),
            *("value_and_grads", "value_and_gradient", "value_and_gradients", "loss_and_grad", "grad_and_value"),
        ),
        "program.value_and_grad(inputs)",
    )
    | dict.fromkeys(("weights", "params", "state_dict"), "program.parameters")
    | dict.fromkeys(("writeback", "update_values"), "program.write_back()")
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


class MissingMethod(Missing):
    """A method that says what to write instead of it where it is called.

    Where an entry of an array has no such attribute, NumPy has an error of its own in place of ours.
    """

    def __get__(self, x: object, owner: type) -> Any:
        return self

    def __call__(self, *given: Any, **options: Any) -> None:
        raise AttributeError(self.told)


def say_instead(kind: type, owner: str, names: Mapping[str, str], missing: type[Missing] = Missing) -> None:
    """Give a class an attribute for each name, which says what to write instead of it, and which `dir` does not list.

    It says so when it is asked for, or with MissingMethod in place of `missing` when it is called.

    >>> class Number:
    ...     pass
    >>> say_instead(Number, "a Number", {"tanh": "tanh(x)"})
    >>> Number().tanh
    Traceback (most recent call last):
        ...
    AttributeError: a Number has no attribute 'tanh'; write tanh(x).
    """
    for name, instead in names.items():
        setattr(kind, name, missing(owner, name, instead))
    listed: Any = kind.__dir__

    def present(x: Any) -> list[str]:
        return [name for name in listed(x) if name not in names or _has(x, name)]

    kind.__dir__ = present  # type: ignore[method-assign, assignment]


def _has(x: Any, name: str) -> bool:
    return hasattr(x, name) and not isinstance(getattr(x, name), Missing)
