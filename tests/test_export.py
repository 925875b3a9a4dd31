"""Exports: arrays by name, npz and ONNX files, held against onnxruntime; PyTorch itself is in tests/peers."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from micrograd_es import export
from micrograd_es.functions import relu, softmax
from micrograd_es.nn import ACTIVATIONS, MLP, Activation, Dropout, Layer, Module, Neuron, Sequential
from micrograd_es.training import fit
from micrograd_es.value import Constant, Value
from network_cases import NETWORKS, outputs

ROWS = np.vstack([np.random.default_rng(4).normal(size=(6, 3)), np.zeros((1, 3)), [[1000.0, -1000.0, 1000.0]]])


def run_onnx(path: Path, rows: Any, dtype: str) -> Any:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: rows.astype(dtype)})[0]


# Arrays


def test_arrays_have_a_row_for_each_neuron() -> None:
    model = Sequential(Layer.from_numbers([[1, 2, 3], [4, 5, 6]], [7, 8]), Sequential(Layer.from_numbers([[9, 10]])))
    found = export.arrays(model)
    assert {name: array.tolist() for name, array in found.items()} == {
        "layer1.weight": [[1, 2, 3], [4, 5, 6]],
        "layer1.bias": [7, 8],
        "sequential1.layer1.weight": [[9, 10]],
    }
    assert all(array.dtype == np.float64 for array in found.values())


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_with_the_arrays_of_another_computes_the_same(name: str, tmp_path: Path) -> None:
    first, second, third = (NETWORKS[name]() for _ in range(3))
    for value in second.parameters() + third.parameters():
        value.data = 0.25
    export.load_arrays(second, {key: array.tolist() for key, array in export.arrays(first).items()})
    assert second.state_dict() == first.state_dict()
    export.load_npz(third, export.save_npz(first, tmp_path / "w.npz"))
    assert third.state_dict() == first.state_dict()


class Own(Module):
    """A module of one's own, with a layer and a number."""

    def __init__(self) -> None:
        self.layer, self.scale, self.fixed = Layer(2, 1), Value(3.0, "scale"), Constant(2.0)

    def forward(self, x: Any) -> list[Value]:
        return [self.scale * self.fixed * y for y in self.layer(x)]


class Leaky(Neuron):
    """A neuron with a parameter more."""

    slope = Value(0.5)

    def __init__(self) -> None:
        super().__init__(2)
        self.slope = Value(0.5, "slope")


def test_the_arrays_of_a_module_of_ones_own_hold_all_its_parameters() -> None:
    found = export.arrays(Own())
    assert {name: array.shape for name, array in found.items()} == {
        "layer.weight": (1, 2),
        "layer.bias": (1,),
        "scale": (),
    }
    assert list(export.arrays(Sequential(Leaky()))) == ["leaky1.weight", "leaky1.bias", "leaky1.slope"]
    model = Own()
    export.load_arrays(model, {**found, "scale": 7})
    assert model["scale"].data == 7
    layer = Layer(2, 2)
    layer.neurons[1] = Leaky()
    assert list(export.arrays(layer)) == ["weight", "bias", "neuron2.slope"]


def test_the_arrays_hold_every_parameter_once_also_of_a_layer_that_is_used_twice() -> None:
    layer = Layer(2, 2, "tanh")
    assert list(export.arrays(Sequential(layer, layer))) == ["layer1.weight", "layer1.bias"]


def test_a_missing_bias_a_constant_and_a_shared_weight_keep_their_numbers() -> None:
    layer = Layer.from_numbers([[1, 2], [3, 4]], [None, 5])  # type: ignore[list-item]
    layer.neurons[0].w[0] = Constant(1.0)
    layer.neurons[1].w[1] = layer.neurons[0].w[1]
    found = export.arrays(layer)
    assert found["bias"].tolist() == [0, 5] and found["weight"].tolist() == [[1, 2], [3, 2]]
    export.load_arrays(layer, {"weight": [[1, 6], [8, 6]], "bias": [0, 9]})
    assert list(layer.state_dict().values()) == [6, 8, 9]
    for wrong in (
        {"weight": [[7, 6], [8, 6]], "bias": [0, 9]},
        {"weight": [[1, 6], [8, 7]], "bias": [0, 9]},
        {"weight": [[1, 6], [8, 6]], "bias": [1, 9]},
    ):
        with pytest.raises(ValueError, match="has to keep"):
            export.load_arrays(layer, wrong)
        assert list(layer.state_dict().values()) == [6, 8, 9]


GOOD = {"layer1.weight": [[1.0, 2.0]], "layer1.bias": [3.0]}


@pytest.mark.parametrize(
    ("arrays", "kind", "said"),
    [
        ({"layer1.weight": [[1.0, 2.0]]}, ValueError, "lacks 'layer1.bias'"),
        ({**GOOD, "layer2.bias": [1.0]}, ValueError, "has the unknown 'layer2.bias'"),
        ({**GOOD, "layer1.weight": [[1.0], [2.0]]}, ValueError, r"has the shape \(2, 1\); expected \(1, 2\)"),
        ({**GOOD, "layer1.weight": [1.0, 2.0]}, ValueError, r"has the shape \(2,\)"),
        ({**GOOD, "layer1.bias": [float("nan")]}, ValueError, "layer1.bias holds nan"),
        ({**GOOD, "layer1.bias": [float("inf")]}, ValueError, "layer1.bias holds inf"),
        ({**GOOD, "layer1.bias": ["3"]}, TypeError, "layer1.bias holds"),
        ({**GOOD, "layer1.bias": [True]}, TypeError, "layer1.bias holds bool"),
        ({**GOOD, "layer1.weight": [[1.0, 2.0], [3.0]]}, ValueError, "layer1.weight"),
        ([1, 2], TypeError, "expected a dict"),
    ],
)
def test_arrays_that_do_not_fit_are_one_error_and_change_nothing(arrays: Any, kind: Any, said: str) -> None:
    model = MLP(2, [1], seed=3)
    before = model.state_dict()
    with pytest.raises(kind, match=said):
        export.load_arrays(model, arrays)
    assert model.state_dict() == before


def test_an_npz_file_is_the_same_bytes_each_time_and_is_numpys(tmp_path: Path) -> None:
    model = MLP(2, [3, 1], seed=2)
    first, second = (export.save_npz(model, tmp_path / name) for name in ("a.npz", "b.weights"))
    assert first.read_bytes() == second.read_bytes()
    with np.load(first, allow_pickle=False) as file:
        assert {name: file[name].tolist() for name in file} == {
            name: array.tolist() for name, array in export.arrays(model).items()
        }
    np.savez(tmp_path / "c.npz", **export.arrays(model))
    export.load_npz(model, tmp_path / "c.npz")


def test_a_file_that_is_no_npz_file_of_the_model_is_one_error(tmp_path: Path) -> None:
    model = MLP(2, [3, 1])
    whole = export.save_npz(model, tmp_path / "whole.npz").read_bytes()
    np.save(tmp_path / "one.npy", np.zeros(3))
    np.savez(tmp_path / "objects.npz", **{"layer1.weight": np.array([{}], dtype=object)})
    for name, content in (("half.npz", whole[: len(whole) // 2]), ("text.npz", b"hello"), ("empty.npz", b"")):
        (tmp_path / name).write_bytes(content)
    for name in ("half.npz", "text.npz", "empty.npz", "one.npy", "objects.npz"):
        with pytest.raises(ValueError, match="is no npz file"):
            export.load_npz(model, tmp_path / name)
    with pytest.raises(ValueError, match=r"lacks 'layer1\.bias'"):
        export.load_npz(MLP(2, [3, 1]), export.save_npz(MLP(2, [3, 1], bias=False), tmp_path / "other.npz"))
    with pytest.raises(FileNotFoundError):
        export.load_npz(model, tmp_path / "none.npz")


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    for write in (export.save_npz, export.to_onnx):
        with pytest.raises(FileNotFoundError, match="there is no folder"):
            write(MLP(2, [1]), tmp_path / "no" / "file")
        with pytest.raises(IsADirectoryError):
            write(MLP(2, [1]), tmp_path)
    assert list(tmp_path.iterdir()) == []


# ONNX


@pytest.mark.parametrize("name", NETWORKS)
def test_onnxruntime_computes_what_the_network_does(name: str, tmp_path: Path) -> None:
    model = NETWORKS[name]()
    expected = outputs(model, ROWS)
    for dtype, tolerance in (("float64", 1e-12), ("float32", 2e-5)):
        path = export.to_onnx(model, tmp_path / f"{dtype}.onnx", dtype)
        onnx.checker.check_model(onnx.load(path), full_check=True)
        for rows in (ROWS, ROWS[:1]):  # a batch of any size
            found = run_onnx(path, rows, dtype)
            assert found.dtype == dtype
            assert found == pytest.approx(expected[: len(rows)], rel=tolerance, abs=tolerance)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_comes_back_from_onnx(name: str, tmp_path: Path) -> None:
    model = NETWORKS[name]()
    back = export.from_onnx(export.to_onnx(model, tmp_path / "m.onnx", "float64"))
    assert (outputs(back, ROWS) == outputs(model, ROWS)).all()
    if isinstance(model, MLP):
        assert isinstance(back, MLP)
        assert [layer.activation for layer in back.layers] == [layer.activation for layer in model.layers]
        assert back.state_dict() == model.state_dict()
    small = export.from_onnx(export.to_onnx(model, tmp_path / "m.onnx"))
    assert outputs(small, ROWS[:7]) == pytest.approx(outputs(model, ROWS[:7]), rel=1e-5, abs=1e-5)


def test_an_onnx_file_says_what_it_is_and_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    model = MLP(3, [4, 2], dropout=0.5, seed=6)
    first, second = (export.to_onnx(model, tmp_path / name) for name in ("a.onnx", "b.onnx"))
    assert first.read_bytes() == second.read_bytes()
    content = onnx.load(first)
    assert content.opset_import[0].version == export.OPSET
    assert [node.op_type for node in content.graph.node] == ["Gemm", "Relu", "Gemm"]
    assert [tensor.name for tensor in content.graph.initializer] == list(export.arrays(model))
    shape = content.graph.input[0].type.tensor_type.shape
    assert [d.dim_param or d.dim_value for d in shape.dim] == ["batch", 3]


def test_a_layer_that_is_used_twice_is_in_the_onnx_file_once(tmp_path: Path) -> None:
    layer = Layer(3, 3, "tanh")
    path = export.to_onnx(Sequential(layer, Sequential(layer)), tmp_path / "m.onnx")
    assert len(onnx.load(path).graph.initializer) == 2


def test_a_number_beyond_float32_is_an_error_that_says_what_to_write(tmp_path: Path) -> None:
    model = MLP.from_numbers([[[1e300]]])
    with pytest.raises(ValueError, match=r"layer1\.weight.*dtype='float64'"):
        export.to_onnx(model, tmp_path / "m.onnx")
    assert run_onnx(export.to_onnx(model, tmp_path / "m.onnx", "float64"), np.ones((1, 1)), "float64") == 1e300
    with pytest.raises(ValueError, match="dtype is 'float16'; expected one of 'float32', 'float64'"):
        export.to_onnx(model, tmp_path / "m.onnx", "float16")


def test_files_of_other_programs_are_read(tmp_path: Path) -> None:
    """MatMul and Add, weights that do not stand transposed, alpha and beta, Constant nodes, Identity."""
    make, array = onnx.helper.make_node, onnx.numpy_helper.from_array
    w, v = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([[1.0], [-1.0]])
    nodes = [
        make("Flatten", ["x"], ["f"], axis=1),
        make("MatMul", ["f", "w"], ["m"]),
        make("Add", ["b", "m"], ["z"]),
        make("Tanh", ["z"], ["a"]),
        make("Identity", ["a"], ["i"]),
        make("Constant", [], ["c"], value=array(np.array([[0.5]]))),
        make("Gemm", ["i", "v", "c"], ["y"], alpha=2.0, beta=4.0),
    ]
    ends = [onnx.helper.make_tensor_value_info(name, 11, ["n", size]) for name, size in (("x", 3), ("y", 1))]
    weights = [array(w, "w"), array(np.array([0.1, 0.2]), "b"), array(v, "v")]
    graph = onnx.helper.make_graph(nodes, "g", ends[:1], ends[1:], weights)
    opset = [onnx.helper.make_opsetid("", 17)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), tmp_path / "m.onnx")
    model = export.from_onnx(tmp_path / "m.onnx")
    assert outputs(model, ROWS) == pytest.approx(2 * np.tanh(ROWS @ w + [0.1, 0.2]) @ v + 2.0)
    assert outputs(model, ROWS) == pytest.approx(run_onnx(tmp_path / "m.onnx", ROWS, "float64"))


def node_file(path: Path, *nodes: Any, outputs: int = 1) -> Path:
    ends = [onnx.helper.make_tensor_value_info(name, 1, ["n", 2]) for name in ("x", "y", "z")]
    weights = [onnx.numpy_helper.from_array(np.eye(2, dtype=np.float32), "w")]
    graph = onnx.helper.make_graph(list(nodes), "g", ends[:1], ends[1 : 1 + outputs], weights)
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def test_an_onnx_file_that_is_no_chain_of_layers_is_one_error_that_names_the_node(tmp_path: Path) -> None:
    make = onnx.helper.make_node
    gemm = make("Gemm", ["x", "w"], ["h"])
    for nodes, said in (
        ([gemm, make("Sin", ["h"], ["y"])], "'y' is Sin; expected one of Gemm"),
        ([gemm, make("LeakyRelu", ["h"], ["y"], alpha=0.3)], "LeakyRelu 'y' has the slope 0.3"),
        ([gemm, make("Softmax", ["h"], ["y"], axis=0)], "has the axis 0"),
        ([gemm, make("Add", ["h", "x"], ["y"])], "expected a chain"),
        ([make("Tanh", ["x"], ["h"]), make("Gemm", ["h", "w"], ["y"])], "'tanh' does not follow a layer"),
        ([make("Gemm", ["x", "w"], ["y"], transA=1)], "from the other side"),
        ([make("Identity", ["x"], ["y"])], "no layers"),
    ):
        with pytest.raises(ValueError, match=said):
            export.from_onnx(node_file(tmp_path / "m.onnx", *nodes))
    with pytest.raises(ValueError, match="1 input and 2 outputs"):
        export.from_onnx(
            node_file(tmp_path / "m.onnx", make("Gemm", ["x", "w"], ["y"]), make("Relu", ["y"], ["z"]), outputs=2)
        )


def test_what_is_no_onnx_file_is_one_error(tmp_path: Path) -> None:
    whole = export.to_onnx(MLP(2, [30, 1]), tmp_path / "m.onnx").read_bytes()
    for content in (b"", b"hello", whole[: len(whole) // 2]):
        (tmp_path / "m.onnx").write_bytes(content)
        with pytest.raises(ValueError, match=r"m\.onnx cannot be read as a network: it is no ONNX file"):
            export.from_onnx(tmp_path / "m.onnx")
    with pytest.raises(FileNotFoundError):
        export.from_onnx(tmp_path / "none.onnx")


# What cannot be exported


class Residual(Layer):
    """A Layer that computes something else."""

    def steps(self, x: Any) -> Any:
        before, after = super().steps(x)
        return type(super().steps(x))(before, [a + a for a in after])


def mixed() -> Layer:
    layer = Layer(2, 2, "relu")
    layer.neurons[1] = Neuron(2, "tanh")
    return layer


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: MLP(2, [2, 1], activation=lambda z: z * z), "layer1 is, or holds, the function '<lambda>'"),
        (lambda: MLP(2, [2, 1], output=Activation("tanh", relu, whole=True)), "layer2 is, or holds, the function"),
        (lambda: Sequential(Layer(2, 1), lambda ys: ys), "step 2 is, or holds, the function <lambda>"),
        (lambda: Sequential(Layer(2, 2), Sequential(Own())), "sequential1.own1 is, or holds, Own"),
        (lambda: Own(), "own is, or holds, Own"),
        (lambda: Sequential(Residual(2, 2)), "residual1 is, or holds, Layer.* a module of one's own"),
        (lambda: Sequential(mixed()), r"layer1 is, or holds, neurons with different activations \(relu, tanh\)"),
        (lambda: Layer(2, 2, activation=abs), "the function 'abs'"),
    ],
)
def test_what_has_no_counterpart_is_one_error_that_names_it(
    make: Callable[[], Module], said: str, tmp_path: Path
) -> None:
    with pytest.raises(TypeError, match=said):
        export.to_onnx(make(), tmp_path / "m.onnx")
    with pytest.raises(TypeError, match=said):
        export.to_torch(make())  # said before PyTorch is looked for
    assert list(tmp_path.iterdir()) == []


def test_a_network_without_layers_and_layers_that_do_not_fit_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no layers"):
        export.to_onnx(Sequential(Dropout(0.5)), tmp_path / "m.onnx")
    with pytest.raises(ValueError, match="layer2 takes 4 inputs and layer1 before it gives 3"):
        export.to_onnx(Sequential(Layer(2, 3), softmax, Layer(4, 1)), tmp_path / "m.onnx")
    for call in (export.arrays, export.to_torch, lambda thing: export.to_onnx(thing, tmp_path / "m.onnx")):
        with pytest.raises(TypeError, match="is no model"):
            call([1, 2])  # type: ignore[operator]


def test_functions_of_the_table_are_exported_however_they_were_given(tmp_path: Path) -> None:
    model = Sequential(Layer(3, 2, relu), softmax)
    found = run_onnx(export.to_onnx(model, tmp_path / "m.onnx", "float64"), ROWS, "float64")
    assert found == pytest.approx(outputs(model, ROWS))
    assert len(ACTIVATIONS) == 7  # a new row needs its counterparts, and NETWORKS has a network for each


def test_a_missing_package_is_one_error_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for package in ("torch", "onnx"):
        monkeypatch.setitem(sys.modules, package, None)
    for call, package in (
        (lambda: export.to_torch(MLP(2, [1])), "torch"),
        (lambda: export.from_torch(None), "torch"),
        (lambda: export.torch_state_dict(MLP(2, [1])), "torch"),
        (lambda: export.to_onnx(MLP(2, [1]), tmp_path / "m.onnx"), "onnx"),
        (lambda: export.from_onnx(tmp_path / "m.onnx"), "onnx"),
    ):
        with pytest.raises(ImportError, match=rf"needs {package}\. Write: pip install 'micrograd-es\[{package}\]'"):
            call()


# PyTorch's names, without PyTorch


def test_a_state_dict_of_pytorch_is_loaded_by_its_places() -> None:
    model = MLP(2, [3, 2, 1], ["linear", "tanh"], "sigmoid", dropout=[0.0, 0.5])
    shapes = {
        "0.weight": (3, 2),
        "0.bias": (3,),
        "1.weight": (2, 3),
        "1.bias": (2,),
        "4.weight": (1, 2),
        "4.bias": (1,),
    }
    state = {name: np.full(shape, place) for place, (name, shape) in enumerate(shapes.items())}
    export.load_torch_state_dict(model, state)
    assert {name: set(array.flat) for name, array in export.arrays(model).items()} == {
        f"layer{k}.{part}": {2 * k - 2 + (part == "bias")} for k in (1, 2, 3) for part in ("weight", "bias")
    }
    with pytest.raises(ValueError, match=r"lacks '4\.weight'"):
        export.load_torch_state_dict(model, {k: v for k, v in state.items() if k != "4.weight"})


def test_a_network_that_came_back_learns_on(tmp_path: Path) -> None:
    """What is read is a network of Values like any other."""
    data = ([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    model = MLP(1, [1], seed=1)
    fit(model, data, loss="mse", epochs=5)
    back = export.from_onnx(export.to_onnx(model, tmp_path / "m.onnx", "float64"))
    assert fit(back, data, loss="mse", epochs=5).step_loss == fit(model, data, loss="mse", epochs=5).step_loss
