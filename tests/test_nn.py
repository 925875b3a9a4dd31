"""Neurons, layers and networks: their names, their numbers, how they are drawn and recorded, and what they refuse."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from fractions import Fraction
from math import sqrt
from random import Random

import numpy as np
import pytest

from conftest import in_new_process
from micrograd_es import RecordingError, Value, draw, gradients, record
from micrograd_es import sum as total
from micrograd_es.losses import half_squared_error, softmax_cross_entropy
from micrograd_es.nn import (
    ACTIVATIONS,
    INITIALISATIONS,
    MLP,
    Dropout,
    Layer,
    Module,
    Neuron,
    Sequential,
    deltas,
    uniform,
)
from micrograd_es.program.blocks import Affine

# Names and parameters


def test_parameters_have_the_names_of_layer_neuron_and_weight() -> None:
    model = MLP(2, [2, 1])
    layers = [f"layer1.neuron{n}.{p}" for n in (1, 2) for p in ("w1", "w2", "b")]
    assert list(model.named_parameters()) == [*layers, "layer2.neuron1.w1", "layer2.neuron1.w2", "layer2.neuron1.b"]
    assert [p.label for p in model.parameters()] == ["w1", "w2", "b"] * 3
    assert model.parameters() == list(model.named_parameters().values())


def test_a_parameter_is_set_and_read_by_name() -> None:
    model = MLP(2, [3, 1])
    model["layer1.neuron2.w1"] = 0.5
    model.named_parameters()["layer1.neuron2.w2"].data = -0.25
    assert [w.data for w in model.layers[0].neurons[1].w] == [0.5, -0.25]
    assert model.state_dict()["layer1.neuron2.w1"] == 0.5


def test_weights_and_biases_are_all_parameters() -> None:
    model = MLP(2, [3, 1])
    assert [p.label for p in model.biases()] == ["b"] * 4
    assert len(model.weights()) == 9
    assert set(model.weights()) | set(model.biases()) == set(model.parameters())
    assert MLP(2, [3, 1], bias=False).biases() == []


class Odd(Module):
    """A module with parameters in all places, and things that are none."""

    def __init__(self) -> None:
        self.matrix = [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]]
        self.heads = {"left": Neuron(1), "right": Neuron(1, bias=False)}
        self.blocks = (Layer(1, 1), "text", 3.0)
        self.shared = self.matrix[0][0]
        self.result = self.shared * 2
        self.itself = self

    def forward(self, x: float) -> Value:
        return self.shared * x


def test_parameters_are_found_in_attributes_lists_and_dicts_each_once() -> None:
    assert list(Odd().named_parameters()) == [
        *["matrix1_1", "matrix1_2", "matrix2_1", "matrix2_2"],
        *["heads.left.w1", "heads.left.b", "heads.right.w1", "block1.neuron1.w1", "block1.neuron1.b"],
    ]


def test_two_parameters_of_one_name_are_refused() -> None:
    module = Module()
    module.layer1, module.layers = Neuron(1), [Neuron(1)]  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match=r"two parameters are called 'layer1\.w1'"):
        module.named_parameters()


def test_zero_grad_clears_every_parameter() -> None:
    model = MLP(2, [2, 1], "tanh")
    model([1.0, 2.0])[0].backward()
    assert all(p.grad for p in model.parameters())
    model.zero_grad()
    assert not any(p.grad for p in model.parameters())


def test_train_and_eval_reach_everything_inside() -> None:
    model = Sequential(MLP(2, [2, 1], dropout=0.5), Dropout(0.5))
    assert model.eval() is model
    assert [m.training for m in model.modules()] == [False] * len(list(model.modules()))
    model.train()
    assert all(m.training for m in model.modules())


def test_a_state_goes_from_one_network_to_another_of_the_same_layers() -> None:
    one, other = MLP(2, [3, 1], seed=1), MLP(2, [3, 1], seed=2)
    assert one.state_dict() != other.state_dict()
    other.load_state_dict(one.state_dict())
    assert one.state_dict() == other.state_dict()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda s: s.pop("layer1.neuron1.b"), "the state lacks 'layer1.neuron1.b'; expected the 7 parameters of MLP"),
        (lambda s: s.update(w=1.0, v=2.0), "the state has the unknown 'w' and 1 more; expected"),
        (lambda s: s.update({"layer2.neuron1.b": float("nan")}), "layer2.neuron1.b is nan; expected a finite number"),
        (lambda s: s.update({"layer2.neuron1.b": "1"}), "layer2.neuron1.b is '1' (str)"),
    ],
)
def test_a_wrong_state_is_one_error_and_changes_nothing(change: Callable[[dict[str, float]], None], text: str) -> None:
    model = MLP(1, [2, 1], seed=1)
    before = model.state_dict()
    state = dict.fromkeys(before, 9.0)
    change(state)
    with pytest.raises((ValueError, TypeError)) as caught:
        model.load_state_dict(state)
    assert text in str(caught.value)
    assert model.state_dict() == before


def test_networks_are_copied_and_pickled_whole() -> None:
    model = MLP(2, [3, 2], "leaky_relu", "softmax", dropout=0.3)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin.state_dict() == model.state_dict()
        assert not set(twin.parameters()) & set(model.parameters())
        outputs = [[a.data for a in m.eval()([1.0, 2.0])] for m in (twin, model)]
        assert outputs[0] == outputs[1]


# What they compute


def test_the_exercise_with_fixed_weights_comes_out_exactly() -> None:
    layer = Layer.from_numbers([[-1, 1], [1, -1]], [-4, -4], activation="relu")  # lectures, C5
    assert [[a.data for a in layer(x)] for x in ([0, 5], [5, 0], [1, 1], [7, -1])] == [[1, 0], [0, 1], [0, 0], [0, 4]]
    halves = Layer.from_numbers([[Fraction(1, 3), 2]], [Fraction(1, 6)])
    assert halves([Fraction(1, 2), 1])[0].data == Fraction(7, 3)


def test_numbers_give_the_network_back() -> None:
    model = MLP(2, [3, 2], "tanh", "sigmoid", seed=4)
    twin = MLP.from_numbers(*model.numbers(), activation="tanh", output="sigmoid")
    assert twin.state_dict() == model.state_dict()
    without = MLP(2, [3, 2], bias=False)
    assert MLP.from_numbers(*without.numbers()).state_dict() == without.state_dict()
    arrays = MLP.from_numbers([np.ones((3, 2)), np.ones((1, 3))], [np.zeros(3), np.zeros(1)])
    assert arrays([1.0, 2.0])[0].data == 9


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "softmax"])
def test_a_network_computes_what_numpy_computes(name: str) -> None:
    functions: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "linear": lambda z: z,
        "relu": lambda z: np.maximum(z, 0),
        "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
        "tanh": np.tanh,
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
        "softplus": lambda z: np.log(1 + np.exp(z)),
    }
    model = MLP(3, [5, 4, 2], name, "softmax", seed=2, bias=0.3)
    (w1, w2, w3), (b1, b2, b3) = ([np.array(part) for part in parts] for parts in model.numbers())
    x = np.array([0.5, -1.5, 2.0])
    z = w3 @ functions[name](w2 @ functions[name](w1 @ x + b1) + b2) + b3
    expected = np.exp(z) / np.exp(z).sum()
    for given in (x, x.tolist(), tuple(x), [Value(float(n)) for n in x]):
        assert [a.data for a in model(given)] == pytest.approx(expected, rel=1e-12)


def test_a_layer_of_one_neuron_returns_a_list_and_a_neuron_a_value() -> None:
    assert isinstance(Layer(2, 1)([1, 2]), list)
    assert isinstance(MLP(1, [1])([1]), list)
    assert isinstance(Neuron(2)([1, 2]), Value)


def test_an_activation_can_be_a_function_and_differ_by_layer() -> None:
    square = MLP.from_numbers([[[2]], [[3]], [[1]]], activation=[lambda z: z * z, "relu"])
    assert square([1])[0].data == 12
    assert [layer.activation.name for layer in square.layers] == ["<lambda>", "relu", "linear"]


def test_a_neuron_is_one_sum_of_products_with_the_bias_in_it() -> None:
    f = MLP.from_numbers([[[1, 2, 3]]], [[4]])([5, 6, 7])[0]
    assert f.op is not None
    assert (f.op.name, [x.label or x.op.name for x in f.inputs if x.op or x.label]) == ("add", ["mul"] * 3 + ["b"])


def test_each_part_opens_its_scope() -> None:
    model = MLP(2, [2, 2], "tanh", "softmax")
    passes = model.by_layer([1.0, 2.0])
    names = [[s.name for s in v.scope.path()] for v in (passes[0].z[1], passes[0].a[1], passes[1].a[0]) if v.scope]
    assert names == [["network", "layer 1", "neuron 2"]] * 2 + [["network", "layer 2", "softmax"]]
    assert [v.label for layer in passes for v in (*layer.z, *layer.a)] == ["z1", "z2", "a1", "a2"] * 2
    (scopes,) = {tuple(s.name for s in a.scope.path()) for a in model([1.0, 2.0]) if a.scope}
    assert scopes == ("network", "layer 2", "softmax")


def test_a_layer_is_recorded_as_one_dense_product() -> None:
    model = MLP(5, [4, 3], "tanh", dropout=0.5).eval()
    program = record(lambda x, t: softmax_cross_entropy(model(x), t), [0.0] * 5, [0.0, 0.0, 1.0])
    affine = [block for block in program.plan.blocks if isinstance(block, Affine)]
    assert [(len(b.out), len(b.inputs), b.dense, len(b.bare)) for b in affine] == [(4, 5, True, 1), (3, 4, True, 1)]
    assert set(program.values) == set(model.parameters())


# How weights begin


def test_the_same_seed_gives_the_same_weights_also_in_another_process() -> None:
    code = "from micrograd_es.nn import MLP; print([MLP(3, [4, 2], init=i).state_dict() for i in {!r}])"
    names = list(INITIALISATIONS)
    here = str([MLP(3, [4, 2], init=name).state_dict() for name in names])
    assert in_new_process(code.format(names), PYTHONHASHSEED="5").strip() == here
    assert MLP(3, [4, 2], seed=1).state_dict() != MLP(3, [4, 2], seed=2).state_dict()
    assert MLP(3, [4, 2], seed=None).state_dict() != MLP(3, [4, 2], seed=None).state_dict()


def test_dropout_does_not_change_the_weights_of_a_seed() -> None:
    assert MLP(2, [4, 4, 1], dropout=0.5).state_dict() == MLP(2, [4, 4, 1]).state_dict()


@pytest.mark.parametrize(
    ("name", "deviation"),
    [
        ("uniform", sqrt(1 / 3)),
        ("xavier_uniform", sqrt(2 / 140)),
        ("xavier_normal", sqrt(2 / 140)),
        ("he_uniform", sqrt(2 / 100)),
        ("he_normal", sqrt(2 / 100)),
        ("zeros", 0.0),
        (0.5, 0.5 / sqrt(3)),
        (uniform(2.0), 2 / sqrt(3)),
    ],
)
def test_initial_weights_have_the_spread_that_their_name_says(name: str, deviation: float) -> None:
    weights = np.array([w.data for w in Layer(100, 40, init=name, seed=3).weights()])
    assert abs(weights.mean()) <= 4 * deviation / sqrt(len(weights))
    assert weights.std() == pytest.approx(deviation, rel=0.05)
    assert not any(b.data for b in Layer(3, 2, init=name).biases())


def test_the_playgrounds_weights_and_biases() -> None:
    model = MLP(2, [4, 2, 1], "tanh", "tanh", init=0.5, bias=0.1)
    assert {b.data for b in model.biases()} == {0.1}
    assert all(-0.5 <= w.data <= 0.5 for w in model.weights())


# Dropout


def test_dropout_removes_the_given_share_and_scales_the_rest() -> None:
    kept = np.array([v.data for v in Dropout(0.3, seed=2)([Value(1.0)] * 5000)])
    assert set(kept) == {0.0, 1 / 0.7}
    assert (kept == 0).mean() == pytest.approx(0.3, abs=0.02)
    assert kept.mean() == pytest.approx(1, abs=0.03)


def test_dropout_draws_the_same_masks_from_the_same_seed_and_new_ones_each_time() -> None:
    one, other = Dropout(0.5, seed=9), Dropout(0.5, seed=9)
    masks = [one.mask(20) for _ in range(3)]
    assert masks == [other.mask(20) for _ in range(3)]
    assert masks[0] != masks[1]


def test_a_network_predicts_as_if_it_had_no_dropout() -> None:
    plain, dropping = MLP(2, [8, 1], seed=5), MLP(2, [8, 1], seed=5, dropout=0.5)
    xs = [1.0, -2.0]
    assert dropping(xs)[0].data != plain(xs)[0].data
    assert dropping.eval()(xs)[0].data == plain(xs)[0].data


def test_dropout_is_recorded_with_its_mask_as_an_input() -> None:
    model = MLP(2, [4, 1], "tanh", dropout=0.5)
    (dropout,) = [m for m in model.modules() if isinstance(m, Dropout)]

    def masked(x: list[Value], mask: list[Value]) -> Value:
        with dropout.using(mask):
            return total(model(x))

    program = record(masked, [0.0] * 2, [0.0] * 4, parameters=model.parameters())
    mask = dropout.mask(4)
    assert program([0.5, 2.0], mask) == pytest.approx(float(masked([0.5, 2.0], mask)))  # type: ignore[arg-type]
    with pytest.raises(RecordingError, match=r"a mask of Dropout was drawn .* Call model.eval\(\)"):
        record(lambda x: model(x), [0.0] * 2)


def test_a_dropout_knows_how_many_values_it_was_given() -> None:
    model = Sequential(Dropout(0.1), MLP(3, [5, 2], dropout=0.2), Dropout(0.3), Layer(2, 1))
    model.eval()([1.0, 2.0, 3.0])
    assert [(m.p, m.size) for m in model.modules() if isinstance(m, Dropout)] == [(0.1, 3), (0.2, 5), (0.3, 2)]


# δ


@pytest.mark.parametrize("sizes", [[3], [4, 3], [5, 4, 3]])
def test_deltas_are_those_of_the_formulas(sizes: list[int]) -> None:
    model = MLP(2, sizes, "sigmoid", "sigmoid", seed=len(sizes), init=1.5, bias=0.2)
    weights, biases = ([np.array(part) for part in parts] for parts in model.numbers())
    x, t = np.array([0.7, -1.3]), np.array([0.1, 0.9, 0.4])
    outputs = [x]
    for w, b in zip(weights, biases, strict=True):
        outputs.append(1 / (1 + np.exp(-(w @ outputs[-1] + b))))
    expected = [(outputs[-1] - t) * outputs[-1] * (1 - outputs[-1])]
    for w, a in zip(weights[:0:-1], outputs[-2:0:-1], strict=True):
        expected.insert(0, (w.T @ expected[0]) * a * (1 - a))  # δ^(l−1) = (W^l)ᵀ·δ^l ⊙ a'(z^(l−1))
    found = deltas(model, x, t, half_squared_error)
    assert [len(layer) for layer in found] == sizes
    for mine, formula in zip(found, expected, strict=True):
        assert mine == pytest.approx(formula, rel=1e-12)
    gradient = gradients(half_squared_error(model(x), t))
    for layer, delta, a in zip(model.layers, found, outputs, strict=False):
        assert [gradient[b] for b in layer.biases()] == pytest.approx(delta, rel=1e-12)  # ∂C/∂b = δ
        assert [gradient[w] for w in layer.weights()] == pytest.approx(np.outer(delta, a).ravel(), rel=1e-12)
    assert not any(p.grad for p in model.parameters())


# Errors

model = MLP(2, [3, 1])

REFUSED: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: model([1.0]), ValueError, "layer 1 was given 1 input; expected 2."),
    (lambda: model(1.0), TypeError, "layer 1 was given 1.0 (float); expected one example"),
    (lambda: model("ab"), TypeError, "layer 1 was given 'ab' (str); expected one example"),
    (lambda: model("ab"), TypeError, "Write a list such as [1.0, 2.0]"),
    (lambda: record(model, 3.0), TypeError, "record(network, [0.0, 0.0])"),
    (lambda: model([[1.0, 2.0], [3.0, 4.0]]), TypeError, "write [model(row) for row in rows]"),
    (lambda: model(np.ones((3, 2))), TypeError, "an array of shape (3, 2); expected one example"),
    (lambda: model([1.0, float("nan")]), ValueError, "input 2 of layer 1 is nan; expected a finite number"),
    (lambda: model([1.0, "2"]), TypeError, "input 2 of layer 1 is '2' (str)"),
    (lambda: Neuron(2)([1.0]), ValueError, "the neuron was given 1 input; expected 2."),
    (lambda: Neuron(2, "softmax")([1.0, 2.0]), TypeError, "one neuron has no softmax; expected a layer"),
    (lambda: MLP(2, 3), TypeError, "the sizes are 3; expected a list, the output layer last. Write [3]."),  # type: ignore[arg-type]
    (lambda: MLP(2, []), ValueError, "the sizes are empty"),
    (lambda: MLP(2, [3, 0]), ValueError, "the size of layer 2 is 0; expected a whole number from 1 on."),
    (lambda: MLP(2.0, [3]), TypeError, "n_in, the number of inputs, is 2.0 (float)"),  # type: ignore[arg-type]
    (lambda: MLP(2, [3, 1], "rel"), ValueError, "the activation is 'rel'; expected one of 'linear', 'relu'"),
    (lambda: MLP(2, [3], "rel"), ValueError, "the activation is 'rel'; expected one of 'linear', 'relu'"),
    (lambda: MLP(2, [3, 1], ["relu", "tanh"]), ValueError, "one for each of the 1 hidden layers, and output="),
    (lambda: MLP(2, [3, 1], init="hee"), ValueError, "the initialisation is 'hee'; expected one of 'zeros'"),
    (lambda: MLP(2, [3, 1], init=-1.0), ValueError, "init is -1.0; expected a number a from 0 on"),
    (lambda: MLP(2, [3, 1], seed="a"), TypeError, "the seed is 'a' (str); expected a whole number"),  # type: ignore[arg-type]
    (lambda: MLP(2, [3, 1], dropout=1.0), ValueError, "p is 1.0; expected a probability from 0 to below 1"),
    (lambda: Layer.from_numbers([[1, 2], [3]]), ValueError, "row 2 of the layer's weights has 1 numbers; expected 2"),
    (
        lambda: Layer.from_numbers([[1, 2]], [1, 2]),
        ValueError,
        "1 row of weights came with 2 biases; expected one for each",
    ),
    (lambda: Layer.from_numbers([]), ValueError, "the layer was given no weights"),
    (lambda: Neuron.from_numbers([1, float("inf")]), ValueError, "w2 is inf; expected a finite number"),
    (
        lambda: MLP.from_numbers([[[1, 2]], [[1, 2]]]),
        ValueError,
        "a layer of 2 inputs follows one of 1 neuron; expected",
    ),
    (lambda: Sequential(Layer(2, 3), Dropout(0.1), Layer(2, 1)), ValueError, "a layer of 2 inputs follows one of 3"),
    (lambda: Sequential(3), TypeError, "Sequential was given 3 (int); expected modules or functions."),  # type: ignore[arg-type]
    (lambda: model["layer1.neuron2.w9"], ValueError, "Did you mean 'layer1.neuron2.w"),
    (lambda: model.__setitem__("layer1.neuron1.b", float("nan")), ValueError, "layer1.neuron1.b is nan"),
    (lambda: model.load_state_dict(None), TypeError, "the state is None; expected a dict of numbers by name"),  # type: ignore[arg-type]
    (lambda: list(model), TypeError, "'MLP' object is not iterable"),  # type: ignore[call-overload]
    (lambda: MLP.from_numbers([[1, 2]]), TypeError, "a neuron was given 1 (int); expected a list with its weights."),  # type: ignore[list-item]
    (lambda: Module()(1), NotImplementedError, "Module has no forward()"),
    (lambda: deltas(Neuron(1), [1], [1], half_squared_error), TypeError, "deltas was given Neuron"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("use", "error", "text"), REFUSED, ids=[text for _, _, text in REFUSED])
def test_what_cannot_be_is_one_clear_error(use: Callable[[], object], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        use()
    assert text in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_generator_is_used_where_a_seed_is_expected() -> None:
    rng = Random(3)
    assert Layer(1, 1, seed=rng).state_dict() != Layer(1, 1, seed=rng).state_dict()


@pytest.mark.parametrize("inputs", [(), (1.0, 2.0)])
def test_a_call_with_numbers_one_by_one_says_that_they_are_a_list(inputs: tuple[float, ...]) -> None:
    with pytest.raises(TypeError, match=rf"called with {len(inputs)} inputs; .*forward\(x\).* write model\(\["):
        MLP(2, [1])(*inputs)


def test_an_error_inside_of_forward_stays_what_it_is() -> None:
    class Wrong(Module):
        def forward(self, x: object) -> object:
            return len(3)  # type: ignore[arg-type]

    with pytest.raises(TypeError, match="has no len"):
        Wrong()(1.0)


def test_whole_numbers_of_numpy_are_sizes_and_seeds() -> None:
    whole = np.int64(3)
    assert MLP(whole, [whole, 1], seed=whole).state_dict() == MLP(3, [3, 1], seed=3).state_dict()


def test_deltas_need_the_function_of_a_loss() -> None:
    with pytest.raises(TypeError, match=r"the loss is 'mse'; expected a function. Write deltas"):
        deltas(MLP(1, [1]), [1.0], [1.0], "mse")  # type: ignore[arg-type]


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_folded_network_has_its_inputs(depth: int) -> None:
    model = MLP(2, [3, 1], activation="tanh", seed=1)
    source = draw(model([1.0, -2.0])[0], depth=depth).graphviz().source
    assert source.count("<I>x₁</I>") == source.count("<I>x₂</I>") == 1
