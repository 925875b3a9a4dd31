"""The block graph as data: what becomes a block, a vector, a parameter, and that its numbers are those of NumPy."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import networks
from micrograd_es import Value, dot, gradients, jacobian, ops, relu, scope, softmax, sum, tanh
from micrograd_es.figures.blocks.building import build
from micrograd_es.figures.blocks.groups import blocks
from micrograd_es.figures.blocks.numbers import Numbers
from micrograd_es.figures.blocks.scene import BlockScene, Vector
from networks import STRUCTURES, examples, labelled, layers, lecture, linear, vector


def scene_of(f: Value | list[Value], level: Any = 1) -> BlockScene:
    outputs = f if isinstance(f, list) else [f]
    return build(outputs, blocks(outputs, level))


def names(scene: BlockScene) -> dict[str, tuple[int, int]]:
    """The vectors of a scene by name, with their shapes."""
    vectors = [scene.fed(wire) for wire in scene.wires]
    vectors += [p.vector for listed in scene.parameters.values() for p in listed]
    return {vector.name: vector.shape for vector in vectors}


def titles(scene: BlockScene) -> list[str]:
    return [gate.folded.name if gate.folded else gate.node.op.sign for gate in scene.gates if gate.node.op]


NEGATED = ops.find("neg").sign


# Numbers


@pytest.mark.parametrize("layout", ["column", "row"])
@pytest.mark.parametrize("seed", range(5))
def test_every_number_of_the_lectures_network_is_that_of_numpy(seed: int, layout: str) -> None:
    network = lecture(seed, (3, 3, 2) if seed < 3 else (4, 2, 3))
    scene = scene_of(network.loss)
    numbers = Numbers(scene, layout, gradients=True)
    values, back, jacobians = network.by_numpy()
    shaped = {
        name: (g if g.ndim == 2 else g[:, None] if layout == "column" else g[None, :]) for name, g in back.items()
    }
    seen = set()
    for wire in scene.wires:
        name = scene.fed(wire).name
        seen.add(name)
        np.testing.assert_allclose(numbers.value(scene.fed(wire)), values[name][:, None], rtol=1e-12)
        np.testing.assert_allclose(numbers.gradient(wire), shaped[name], rtol=1e-10, atol=1e-14)
        if wire.head in scene.gate_of:
            made = scene.vectors[wire.head].name
            expected = jacobians[made].T if layout == "column" else jacobians[made]
            np.testing.assert_allclose(numbers.laid(numbers.local(wire)), expected, rtol=1e-10, atol=1e-14)
    for parameter in (p for listed in scene.parameters.values() for p in listed):
        name = parameter.vector.name
        seen.add(name)
        expected = values[name] if values[name].ndim == 2 else values[name][:, None]
        np.testing.assert_allclose(numbers.value(parameter.vector), expected)
        np.testing.assert_allclose(numbers.of_parameter(parameter), shaped[name], rtol=1e-10, atol=1e-14)
    assert seen == values.keys()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("structure", "level"), [*((name, 1) for name in STRUCTURES), ("layers", 2)])
def test_blocks_and_scalars_tell_the_same_story(structure: str, seed: int, level: int) -> None:
    f = STRUCTURES[structure](seed)
    outputs = f if isinstance(f, list) else [f]
    scene = scene_of(f, level)
    numbers = Numbers(scene, "row", gradients=True)
    scalar = [gradients(output) for output in outputs]
    for wire in scene.wires:
        if wire.tail.startswith("n") and not wire.is_branch:  # a name: all that comes back is its gradient
            whole = [[slopes.get(x, 0) for x in wire.values] for slopes in scalar]
            np.testing.assert_allclose(arriving(scene, numbers, wire.tail), whole, rtol=1e-12, atol=1e-15)
        if wire.head in scene.gate_of:  # upstream times the Jacobian of the block is what the wire brings back
            gate = scene.gate_of[wire.head]
            product = np.array(numbers.upstream(gate)) @ np.array(numbers.local(wire))
            np.testing.assert_allclose(numbers.arriving(wire), product, rtol=1e-10, atol=1e-14)
    for parameter in (p for listed in scene.parameters.values() for p in listed):
        if len(outputs) == 1:
            flat = np.array(numbers.of_parameter(parameter)).ravel()
            np.testing.assert_allclose(flat, [scalar[0][x] for x in parameter.vector.values], rtol=1e-12)


def arriving(scene: BlockScene, numbers: Numbers, name: str) -> Any:
    """What comes back to a name on all its wires."""
    values = scene.vectors[name].values
    total = np.zeros((len(scene.outputs), len(values)))
    for wire in scene.leaving[name]:
        total[:, [values.index(x) for x in wire.values]] += np.array(numbers.arriving(wire))
    return total[:, [values.index(x) for x in scene.leaving[name][0].values]]


def test_the_jacobian_of_a_block_by_its_inputs_is_that_of_the_scalar_graph_cut_there() -> None:
    x = vector("x", [0.5, -0.3, 0.8])
    with scope("block"):
        outputs = [tanh(x[0] * x[1]) + x[2], x[1] * x[2], relu(x[0])]
    scene = scene_of(outputs)
    (wire,) = (w for w in scene.wires if w.head == "g1")
    np.testing.assert_allclose(Numbers(scene, "row", gradients=True).local(wire), jacobian(outputs, x), rtol=1e-14)


def test_an_output_that_is_used_inside_as_well_counts_once() -> None:
    x = vector("x", [0.5, -0.3])
    with scope("cell"):
        c = x[0] * x[1]
        h = tanh(c)
    with scope("loss"):
        f = c * 3 + h * h
    scene = scene_of(f)
    numbers = Numbers(scene, "row", gradients=True)
    cell, loss = scene.gates
    (entering,) = scene.entering[loss.key]
    assert numbers.arriving(entering) == [[3, pytest.approx(2 * h.data)]]  # not what c brings through h
    (first,) = scene.entering[cell.key]
    product = np.array(numbers.upstream(cell)) @ np.array(numbers.local(first))
    np.testing.assert_allclose(product, [[gradients(f)[v] for v in x]])


# What is a block


def test_levels_open_scopes_from_the_outside() -> None:
    f = layers([3, 4, 2])
    assert titles(scene_of(f, 1)) == ["layer 1", "layer 2", "loss"]
    assert titles(scene_of(f, 2)) == ["linear", "relu", "linear", "softmax", "log", NEGATED]
    assert titles(scene_of(f, "linear")) == ["linear", "relu", "linear", "loss"]
    assert titles(scene_of(f, ["relu", "layer 2"])) == ["linear", "relu", "layer 2", "loss"]


@pytest.mark.parametrize(
    ("level", "said"),
    [
        (3, "level is 3; expected 1 to 2"),
        (0, "expected 1 to 2"),
        ("nothing", "no scope of this graph is called 'nothing'; its scopes: 'layer 1', 'linear'"),
        (1.5, "level is 1.5; expected how deep the blocks are"),
        (True, "level is True"),
    ],
)
def test_a_level_that_the_graph_does_not_have_is_explained(level: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        scene_of(layers([3, 4, 2]), level)


def test_a_graph_without_scopes_has_no_blocks() -> None:
    with pytest.raises(ValueError, match="no Value of this graph was made in a scope"):
        scene_of(Value(1.0) + Value(2.0))


def test_values_that_leave_a_scope_and_come_back_are_explained() -> None:
    x = Value(1.0, "x")
    with scope("outer"):
        a = x * 2
        with scope("inner"):
            b = tanh(a)
        c = a + b
    with pytest.raises(ValueError, match="level is 3"):
        scene_of(c, 3)
    assert titles(scene_of(c, 2)) == ["×", "inner", "+"]


def test_equal_operations_on_entries_of_vectors_are_one() -> None:
    assert titles(scene_of(networks.skip())) == ["linear", "tanh", "+", "linear", "squared error"]
    x, y = Value(1.0, "x"), Value(2.0, "y")
    with scope("block"):
        z = x * y
    assert titles(scene_of(x * x + y * y + z)).count("×") == 2  # x and y are no entries of one vector


def test_a_sum_of_what_a_block_makes_takes_one_wire() -> None:
    h = networks.each("tanh", tanh, vector("x", [1.0, 2.0, 3.0]))
    scene = scene_of(sum(h))
    assert [scene.fed(wire).shape for wire in scene.wires] == [(3, 1), (3, 1), (1, 1)]


# What is a vector


def test_weights_stand_in_rows_by_output_whatever_their_labels_are() -> None:
    rng = random.Random(1)
    for labels in (lambda i, j: f"w{rng.random()}", lambda i, j: f"w{j}{i}", lambda i, j: "", lambda i, j: "w"):
        rows = [[Value(10.0 * i + j, labels(i, j)) for j in range(3)] for i in range(2)]
        x = vector("x", [1.0, 2.0, 3.0])
        scene = scene_of(linear(rows, x, vector("b", [1.0, 2.0])))
        weights = next(p.vector for p in scene.parameters["g1"] if p.vector.columns == 3)
        assert weights.values == tuple(rows[0] + rows[1])
        assert [scene.fed(wire).values for wire in scene.entering["g1"]] == [tuple(x)]


def test_a_bias_stands_in_the_order_of_the_outputs() -> None:
    bias = [Value(1.0, "b2"), Value(2.0, "b1")]
    scene = scene_of(linear([vector("u", [1, 2]), vector("v", [3, 4])], vector("x", [5, 6]), bias, "y"))
    assert tuple(bias) in [p.vector.values for p in scene.parameters["g1"]]


def test_weights_before_a_softmax_have_a_row_for_each_of_its_inputs() -> None:
    rows = [[Value(10.0 * i + j, "w") for j in range(3)] for i in range(2)]
    x, bias = vector("x", [1.0, 2.0, 3.0]), [Value(1.0, "b"), Value(2.0, "b")]
    with scope("layer"):
        y = softmax([dot(row, x) + b for row, b in zip(rows, bias, strict=True)])
    weights, added = (p.vector for p in scene_of(y).parameters["g1"])
    assert (weights.name, weights.values, weights.columns) == ("W", tuple(rows[0] + rows[1]), 3)
    assert (added.name, added.values) == ("b", tuple(bias))


def test_one_neuron_has_a_row_of_weights() -> None:
    w, x = vector("w", [1, 2, 3]), vector("x", [4, 5, 6])
    with scope("neuron"):
        y = dot(w, x) + Value(1.0, "b")
    scene = scene_of(y)
    assert {p.vector.name: p.vector.shape for p in scene.parameters["g1"]} == {"w": (1, 3), "b": (1, 1)}
    assert names(scene)["x"] == (3, 1)


def test_outputs_without_names_stand_in_the_order_of_what_they_are_made_of() -> None:
    x = vector("x", [1.0, 2.0, 3.0])
    h = networks.each("tanh", tanh, x)
    with scope("loss"):
        f = h[2] + h[0] * h[1]
    scene = scene_of(f)
    assert scene.vectors["g1"].values == tuple(h)


def test_outputs_that_were_asked_for_stand_in_that_order() -> None:
    h = networks.each("tanh", tanh, vector("x", [1.0, 2.0, 3.0]))
    scene = scene_of([h[2], h[0], h[1]])
    assert scene.vectors["g1"].values == (h[2], h[0], h[1])


def test_vectors_have_the_names_of_their_labels_or_of_their_block() -> None:
    assert names(scene_of(lecture().loss)) == {
        "x": (3, 1), "z": (3, 1), "h": (3, 1), "y": (2, 1), "s": (2, 1), "J": (1, 1),
        "Ω₀": (3, 3), "β₀": (3, 1), "Ω₁": (2, 3), "β₁": (2, 1),
    }  # fmt: skip
    assert names(scene_of(layers([3, 4, 2]), 1)).keys() >= {"x", "layer 1", "layer 2", "W₁", "b₁", "W₂", "b₂"}
    twice = names(scene_of(layers([3, 4, 2]), 2))
    assert twice.keys() >= {"linear₁", "linear₂", "relu", "softmax"}


def test_what_two_blocks_use_is_a_wire_with_a_fork_and_what_one_uses_a_parameter() -> None:
    scene = scene_of(networks.shared())
    assert not scene.parameters
    assert [trunk(scene, fork.key) for fork in scene.forks] == ["W", "b"]
    assert {p.vector.name for listed in scene_of(networks.skip()).parameters.values() for p in listed} == {
        "W₁",
        "b₁",
        "W₂",
        "b₂",
    }


def trunk(scene: BlockScene, fork: str) -> str:
    """The name of the vector that comes to a fork."""
    (wire,) = scene.entering[fork]
    return scene.fed(wire).name


def test_blocks_that_use_some_entries_get_these() -> None:
    scene = scene_of(networks.split())
    by_head = {scene.gate_of[w.head].folded.name: scene.fed(w).name for w in scene.wires if w.head in scene.gate_of}  # type: ignore[union-attr]
    assert by_head == {"tanh": "x", "first": "tanh₁…₃", "second": "tanh₃,₄"}
    assert len(scene.forks) == 1
    assert [t.key for t in scene.terminals if t.is_output] == ["output", "output_2"]


def test_entries_that_nobody_shares_leave_without_a_fork() -> None:
    h = networks.each("tanh", tanh, vector("x", [1.0, 2.0, 3.0]))
    with scope("left"):
        a = h[0] * 2
    with scope("right"):
        b = h[1] * h[2]
    assert not scene_of([a, b]).forks


def test_numbers_of_the_formula_are_a_vector_without_a_gradient() -> None:
    h = networks.each("tanh", tanh, vector("x", [1.0, 2.0]))
    with scope("sum"):
        f = sum(labelled([a * t for a, t in zip(h, (1.0, 0.0), strict=True)], "p"))
    assert len(scene_of(f).wires) == 3  # inside a block they are not seen
    loose = scene_of([a * t for a, t in zip(h, (1.0, 0.0), strict=True)])
    constants = [loose.fed(wire) for wire in loose.wires if loose.fed(wire).is_constant]
    assert [[x.data for x in vector.values] for vector in constants] == [[1.0, 0.0]]


@pytest.mark.parametrize("seed", range(3))
def test_rows_of_examples_are_matrices_from_block_to_block(seed: int) -> None:
    """B4: a block that treats the rows of a matrix alike makes a matrix, though nothing in the graph says so."""
    loss, expected = examples(seed)
    scene = scene_of(loss)
    numbers = Numbers(scene, "column", gradients=True)
    assert [scene.fed(wire).shape for wire in scene.wires] == [(4, 2), (4, 3), (4, 3), (4, 2), (1, 1)]
    x, z, h, y, _ = scene.wires
    np.testing.assert_allclose(numbers.value(scene.fed(h)), expected["H"], rtol=1e-12)
    for wire, name in ((y, "∂Y"), (z, "∂Z")):
        np.testing.assert_allclose(numbers.gradient(wire), expected[name], rtol=1e-10, atol=1e-15)
    by_numpy = examples(seed)[1]
    for parameter in (p for listed in scene.parameters.values() for p in listed):
        held = numbers.of_parameter(parameter)
        np.testing.assert_allclose(held, by_numpy[parameter.vector.name], rtol=1e-10, atol=1e-15)
    assert numbers.value(scene.fed(x)) == [[v.data for v in row] for row in rows_of(scene.fed(x))]


def rows_of(vector: Vector) -> list[tuple[Value, ...]]:
    return [vector.values[i : i + vector.columns] for i in range(0, len(vector.values), vector.columns)]
