"""Networks to and from PyTorch: `torch.nn.Sequential` and its `state_dict`. PyTorch is loaded on first use.

A Layer is a Linear, followed by a module for its activation; nested Sequentials are laid out flat. The tensors are
float64, as the numbers here are: write `to_torch(model).float()` for PyTorch's usual float32.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from micrograd_es.export.chain import Activate, Affine, Drop, Link, assembled, links
from micrograd_es.export.extras import needed
from micrograd_es.export.slots import Slots, fill, numbers
from micrograd_es.nn import Module, Sequential
from micrograd_es.nn.activations import LEAK

_EXACT = 40.0  # where softplus(z) is z to the last bit of a float64; PyTorch's own 20 is off by 2e-9


# Each activation: how PyTorch's module is made.
_TO_TORCH: dict[str, Callable[[Any], Any]] = {
    "relu": lambda nn: nn.ReLU(),
    "leaky_relu": lambda nn: nn.LeakyReLU(LEAK),
    "tanh": lambda nn: nn.Tanh(),
    "sigmoid": lambda nn: nn.Sigmoid(),
    "softplus": lambda nn: nn.Softplus(threshold=_EXACT),
    "softmax": lambda nn: nn.Softmax(dim=-1),
}

# Each of PyTorch's modules: our link (None where it changes nothing for a row), and the settings it must have.
_FROM_TORCH: dict[str, tuple[Callable[[Any], Link] | None, dict[str, tuple[Any, ...]]]] = {
    "Linear": (lambda m: Affine("", _array(m.weight), None if m.bias is None else _array(m.bias)), {}),
    "ReLU": (lambda m: Activate("relu"), {}),
    "LeakyReLU": (lambda m: Activate("leaky_relu"), {"negative_slope": (LEAK,)}),
    "Tanh": (lambda m: Activate("tanh"), {}),
    "Sigmoid": (lambda m: Activate("sigmoid"), {}),
    "Softplus": (lambda m: Activate("softplus"), {"beta": (1,)}),
    "Softmax": (lambda m: Activate("softmax"), {"dim": (-1, 1)}),
    "Dropout": (lambda m: Drop(m.p), {}),
    "Identity": (None, {}),
    "Flatten": (None, {"start_dim": (1,), "end_dim": (-1,)}),
}


def to_torch(model: Module) -> Any:
    """The same network as a `torch.nn.Sequential` of float64, with copies of the numbers, in the model's own mode.

    What it gives for a batch of rows is what the model gives for each. A Layer used twice is one Linear used twice.

    Raises ImportError without PyTorch, and TypeError, naming it, for what PyTorch has no module for: a function as an
    activation, a module of one's own.
    """
    chain = links(model)
    torch = needed("torch", "to_torch")
    linear = {link: _linear(torch, link) for link in chain if isinstance(link, Affine)}
    modules = [linear[link] if isinstance(link, Affine) else _module(torch, link) for link in chain]
    return torch.nn.Sequential(*modules).train(model.training)


def from_torch(network: Any) -> Sequential:
    """The same network as an MLP, or as a Sequential where it has another form, from a `torch.nn.Sequential`.

    Sequentials may be nested. Raises TypeError for another module and ValueError for other settings of one, naming it.
    Softplus is exact here, where PyTorch's is z above its threshold of 20.
    """
    torch = needed("torch", "from_torch")
    if not isinstance(network, torch.nn.Module):
        raise TypeError(f"from_torch was given {network!r}; expected a torch.nn.Sequential.")
    chain = [link for name, module in _leaves(torch, "", network) for link in _link(torch, name, module)]
    return assembled(chain).train(network.training)


def torch_state_dict(model: Module) -> dict[str, Any]:
    """The parameters as a PyTorch `state_dict`: tensors of float64 called 0.weight, 0.bias, 2.weight …

    The names are those of `to_torch(model)`, so that a `torch.nn.Sequential` of the same modules loads it. Raises what
    `to_torch` raises.
    """
    slots = _named(model)
    torch = needed("torch", "torch_state_dict")
    return {name: torch.from_numpy(numbers(places)) for name, places in slots.items()}


def load_torch_state_dict(model: Module, state: Mapping[str, Any]) -> None:
    """Set all parameters of a model from a `state_dict` of the `torch.nn.Sequential` of the same form.

    >>> from micrograd_es.nn import MLP
    >>> model = MLP(1, [1, 1], activation="tanh")
    >>> load_torch_state_dict(model, {"0.weight": [[2]], "0.bias": [3], "2.weight": [[4]], "2.bias": [5]})
    >>> model.numbers()
    ([[[2.0]], [[4.0]]], [[3.0], [5.0]])

    Raises ValueError, and changes nothing, where names, shapes or numbers do not fit; PyTorch itself is not needed.
    """
    fill(_named(model), state, repr(model))


def _named(model: Module) -> dict[str, Slots]:
    """The slots of a model with the names that PyTorch gives them."""
    found: dict[str, Slots] = {}
    for place, link in enumerate(links(model)):
        if isinstance(link, Affine):
            found[f"{place}.weight"] = link.weight
            if link.bias is not None:
                found[f"{place}.bias"] = link.bias
    return found


def _module(torch: Any, link: Activate | Drop) -> Any:
    """PyTorch's module for a link without parameters."""
    return torch.nn.Dropout(link.p) if isinstance(link, Drop) else _TO_TORCH[link.name](torch.nn)


def _linear(torch: Any, link: Affine) -> Any:
    n_out, n_in = link.weight.shape
    linear = torch.nn.Linear(n_in, n_out, bias=link.bias is not None, dtype=torch.float64)
    with torch.no_grad():
        linear.weight.copy_(torch.from_numpy(numbers(link.weight)))
        if link.bias is not None:
            linear.bias.copy_(torch.from_numpy(numbers(link.bias)))
    return linear


def _leaves(torch: Any, name: str, module: Any) -> list[tuple[str, Any]]:
    """The modules of nested Sequentials in order, with their names."""
    if not isinstance(module, torch.nn.Sequential) or type(module).forward is not torch.nn.Sequential.forward:
        return [(name or "the network", module)]
    inner = [(f"{name}.{own}" if name else own, part) for own, part in module._modules.items()]
    return [leaf for own, part in inner for leaf in _leaves(torch, own, part)]


def _link(torch: Any, name: str, module: Any) -> list[Link]:
    """The link of one of PyTorch's modules; none where it changes nothing."""
    kind = type(module).__name__
    if kind not in _FROM_TORCH or type(module) is not getattr(torch.nn, kind):
        known = ", ".join(_FROM_TORCH)
        raise TypeError(f"{name} is {module!r}; expected one of torch.nn's Sequential, {known}.")
    make, settings = _FROM_TORCH[kind]
    for setting, allowed in settings.items():
        if getattr(module, setting) not in allowed:
            raise ValueError(
                f"{name} is {kind} with {setting} {getattr(module, setting)!r}; expected {setting}={allowed[0]!r},"
                " the only one that micrograd_es has."
            )
    return [] if make is None else [make(module)]


def _array(parameter: Any) -> Slots:
    array: Slots = parameter.detach().cpu().double().numpy()
    return array
