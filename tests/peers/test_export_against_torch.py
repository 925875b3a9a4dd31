"""Exports to PyTorch and back: the same outputs, gradients, names and settings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from micrograd_es import export
from micrograd_es.functions import sum as total
from micrograd_es.nn import MLP, Dropout, Layer, Sequential
from network_cases import NETWORKS, outputs

ROWS = np.vstack([np.random.default_rng(4).normal(size=(6, 3)), np.zeros((1, 3)), [[1000.0, -1000.0, 1000.0]]])


def predicted(network: Any, rows: Any) -> Any:
    return network(torch.from_numpy(rows)).detach().numpy()


@pytest.mark.parametrize("name", NETWORKS)
def test_pytorchs_network_computes_what_ours_does(name: str) -> None:
    model = NETWORKS[name]()
    network = export.to_torch(model)
    assert network.training
    assert predicted(network.eval(), ROWS) == pytest.approx(outputs(model, ROWS), rel=1e-12, abs=1e-12)
    assert not export.to_torch(model.eval()).training


@pytest.mark.parametrize("name", NETWORKS)
def test_pytorchs_network_has_our_gradients(name: str) -> None:
    model, row = NETWORKS[name]().eval(), ROWS[0]
    network = export.to_torch(model)
    (network(torch.from_numpy(row)) ** 2).sum().backward()
    found = model(row.tolist())
    total([y * y for y in (found if isinstance(found, list) else [found])]).backward()
    ours = {parameter: value.grad for parameter, value in model.named_parameters().items()}
    for parameter in model.parameters():
        parameter.data = parameter.grad
    theirs = {place: p.grad for place, p in network.state_dict(keep_vars=True).items()}
    assert all(value is not None for value in ours.values())
    for place, expected in export.torch_state_dict(model).items():
        if name == "some biases" and place == "0.bias":  # the neuron without one has a 0 in PyTorch, with a gradient
            continue
        assert theirs[place].numpy() == pytest.approx(expected.numpy(), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_state_dict_is_pytorchs_own_and_comes_back(name: str) -> None:
    model, other = NETWORKS[name](), NETWORKS[name]()
    state = export.torch_state_dict(model)
    network = export.to_torch(model)
    assert list(state) == list(network.state_dict())
    assert all(tensor.dtype == torch.float64 for tensor in state.values())
    assert all(torch.equal(tensor, network.state_dict()[place]) for place, tensor in state.items())
    for value in other.parameters():
        value.data = 9.0
    export.load_torch_state_dict(other, network.state_dict())
    assert other.state_dict() == model.state_dict()


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_comes_back_from_pytorch(name: str) -> None:
    model = NETWORKS[name]()
    back = export.from_torch(export.to_torch(model))
    assert (outputs(back, ROWS) == outputs(model, ROWS)).all()
    assert back.training
    if isinstance(model, MLP):
        assert isinstance(back, MLP) and repr(back) == repr(model)
        assert back.state_dict() == model.state_dict()


def test_the_names_are_those_of_a_sequential_written_by_hand() -> None:
    nn = torch.nn
    model = MLP(2, [4, 3, 1], ["tanh", "linear"], "sigmoid", dropout=[0.2, 0.0])
    by_hand = nn.Sequential(
        nn.Linear(2, 4), nn.Tanh(), nn.Dropout(0.2), nn.Linear(4, 3), nn.Linear(3, 1), nn.Sigmoid()
    ).double()
    by_hand.load_state_dict(export.torch_state_dict(model))
    assert repr(by_hand) == repr(export.to_torch(model))
    assert predicted(by_hand.eval(), ROWS[:, :2]) == pytest.approx(outputs(model, ROWS[:, :2]), rel=1e-12)


def test_the_tensors_are_copies() -> None:
    model = MLP(2, [1], seed=3)
    before = model.state_dict()
    network = export.to_torch(model)
    with torch.no_grad():
        network[0].weight.zero_()
    export.torch_state_dict(model)["0.bias"].fill_(7)
    assert model.state_dict() == before


def test_one_layer_used_twice_is_one_linear_used_twice() -> None:
    network = export.to_torch(NETWORKS["one layer twice"]())
    assert network[0] is network[2] and network[1] is not network[3]
    assert len(list(network.parameters())) == 2


def test_networks_written_in_pytorch_are_read() -> None:
    nn = torch.nn
    torch.manual_seed(3)
    network = nn.Sequential(
        nn.Flatten(), nn.Sequential(nn.Linear(3, 5, bias=False), nn.Identity(), nn.LeakyReLU()), nn.Dropout(0.3),
        nn.Linear(5, 4), nn.Softplus(), nn.Linear(4, 4), nn.Dropout(0.0), nn.Linear(4, 2), nn.Softmax(dim=1),
    ).double()  # fmt: skip
    model = export.from_torch(network.eval())
    assert isinstance(model, MLP)
    assert not model.training
    assert outputs(model, ROWS[:7]) == pytest.approx(predicted(network, ROWS[:7]), rel=1e-8)
    single = nn.Linear(3, 2)  # float32, and no Sequential
    assert outputs(export.from_torch(single), ROWS[:7]) == pytest.approx(predicted(single.double(), ROWS[:7]))
    other = export.from_torch(nn.Sequential(nn.Dropout(0.5), nn.Linear(3, 2), nn.ReLU(), nn.Dropout(0.1)))
    assert [type(step) for step in other.sequence] == [Dropout, Layer, Dropout] and type(other) is Sequential


class Own(torch.nn.Sequential):
    """A Sequential that computes something else."""

    def forward(self, x: Any) -> Any:
        return super().forward(x) + x


def test_what_micrograd_es_does_not_have_is_one_error_that_names_it() -> None:
    nn = torch.nn
    for network, kind, said in (
        (nn.Sequential(nn.Linear(2, 2), nn.GELU()), TypeError, "1 is GELU"),
        (nn.Sequential(nn.Sequential(nn.Conv1d(1, 1, 1))), TypeError, r"0\.0 is Conv1d"),
        (nn.Sequential(Own(nn.Linear(2, 2))), TypeError, "0 is Own"),
        (Own(nn.Linear(2, 2)), TypeError, "the network is Own"),
        (nn.Sequential(nn.Linear(2, 2), nn.LeakyReLU(0.2)), ValueError, "LeakyReLU with negative_slope 0.2"),
        (nn.Sequential(nn.Linear(2, 2), nn.Softplus(beta=2)), ValueError, "beta 2"),
        (nn.Sequential(nn.Linear(2, 2), nn.Softmax(dim=0)), ValueError, "dim 0"),
        (nn.Sequential(nn.Linear(2, 2), nn.Dropout(1.0)), ValueError, "p is 1.0"),
        (nn.Sequential(nn.Tanh(), nn.Linear(2, 2)), ValueError, "'tanh' does not follow a layer"),
        (nn.Sequential(nn.Linear(2, 3), nn.Linear(2, 2)), ValueError, "2 inputs follows one of 3"),
        (nn.Sequential(), ValueError, "no layers"),
        ("network", TypeError, "expected a torch.nn.Sequential"),
    ):
        with pytest.raises(kind, match=said):
            export.from_torch(network)
    broken = nn.Linear(2, 2)
    with torch.no_grad():
        broken.weight[0, 0] = float("nan")
    with pytest.raises(ValueError, match="nan"):
        export.from_torch(broken)


def test_tensors_of_every_float_type_are_loaded() -> None:
    model = MLP(2, [1])
    for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        weight = torch.tensor([[0.5, -2.0]], dtype=dtype, requires_grad=True)
        export.load_torch_state_dict(model, {"0.weight": weight, "0.bias": torch.tensor([3.0], dtype=dtype)})
        assert model.numbers() == ([[[0.5, -2.0]]], [[3.0]])
    with pytest.raises(ValueError, match=r"0\.weight has the shape"):
        export.load_torch_state_dict(model, torch.nn.Linear(3, 1).double().state_dict(prefix="0."))
