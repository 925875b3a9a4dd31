"""Layers of which weights are missing: one product with 0 where there is none, and nothing goes there."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Program, Value, record
from micrograd_es.program.blocks import Affine, Elementwise, Space
from printed_formulas import check_printed
from test_portions import assert_the_same_in_portions
from test_program_blocks import agree, chain, squares, values
from test_program_explain import check_matrices
from test_program_factors import fast_or_not, some, with_both
from test_program_steps import assert_source_gives_the_same

Fn = Callable[[list[Value]], Value]
Mask = list[tuple[int, int]]  # the neuron and the input of each weight

INPUTS = 8


def where(keep: Callable[[int, int], bool], rows: int = 8, columns: int = INPUTS) -> Mask:
    return [(i, j) for i in range(rows) for j in range(columns) if keep(i, j)]


MASKS: dict[str, Mask] = {
    "no diagonal": where(lambda i, j: i != j),
    "triangular": where(lambda i, j: j <= i),
    "triangular, turned": where(lambda i, j: j >= i),
    "random": some(9, 8, 0.6, seed=4),
    "hardly half": some(12, 8, 0.5, seed=1),
    "nearly all": some(8, 8, 0.85, seed=5),
    "degrees": where(lambda i, j: j <= i % 7, rows=20),
    "a third": some(12, 8, 0.35, seed=1),
    "of three kinds": where(lambda i, j: (i % 3 + j) % 3 != 0, rows=16),
    "few neurons": where(lambda i, j: i != j, rows=4, columns=4),
}

Way = Callable[[Value, Value], Any]


def layer(mask: Mask, w: Any, x: Sequence[Any], bias: Any = None, way: Way = lambda w, x: w * x) -> list[Any]:
    """Neurons of the weights that are there; with terms in an order of their own where there are biases."""
    found = []
    for i in sorted({i for i, _ in mask}):
        terms = [way(w[i][j], x[j]) for neuron, j in mask if neuron == i]
        if bias is not None:
            terms = random.Random(i).sample([*terms, bias[i]], len(terms) + 1)
        found.append(chain(terms))
    return found


def network(mask: Mask, kind: str) -> Fn:
    """A network whose first layer has such weights."""
    w, b, v = values(20, INPUTS), values(20), values(20, 5, seed=2)
    constants = [[a.data for a in row] for row in w]
    count = len({i for i, _ in mask})
    v = [list(row) for row in zip(*v[:count], strict=True)]

    def fn(x: list[Value]) -> Value:
        if kind == "alone":
            return squares(layer(mask, w, x))
        if kind == "followed by a layer":
            h = [es.tanh(z) for z in layer(mask, w, x, b)]
            return squares([es.dot(row, h) for row in v])
        if kind == "scaled":
            return squares([es.sin(z) for z in layer(mask, w, x, way=lambda w, x: -w * x / 2)])
        if kind == "constants":
            return squares([es.tanh(z) for z in layer(mask, constants, x, b)])
        if kind == "shares":
            return -es.log_softmax(layer(mask, w, [es.tanh(a) for a in x], b))[0]
        assert kind == "residual"
        return squares([es.tanh(z) + a for z, a in zip(layer(mask, w, x, b), x, strict=False)])

    return fn


KINDS = ("alone", "followed by a layer", "scaled", "constants", "shares", "residual")
with_masks = pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
with_kinds = pytest.mark.parametrize("kind", KINDS)


def gaps(program: Program) -> list[Affine]:
    """The products of which weights are missing."""
    return [b for b in program.plan.blocks if isinstance(b, Affine) and b.absent is not None]


@with_masks
@with_kinds
def test_a_layer_with_missing_weights_is_one_product_and_what_follows_one_operation(mask: Mask, kind: str) -> None:
    program = record(network(mask, kind), [0.1] * INPUTS)
    (block,) = gaps(program)
    neurons, inputs = {i: [k for k, _ in mask].count(i) for i, _ in mask}, {j for _, j in mask}
    if kind == "residual":
        neurons = {i: count for i, count in neurons.items() if i < INPUTS}
    if kind == "scaled":  # a term alone is no sum
        neurons = {i: count for i, count in neurons.items() if count > 1}
    assert block.dense and (block.kernels, block.terms) == (len(neurons), len(inputs))
    assert sum(map(len, block.there())) == sum(map(len, block.there(by_term=True))) == sum(neurons.values())
    varying = [b for b in program.plan.blocks if b.out.space is Space.VARYING and len(b.out) > 3]
    assert len([b for b in varying if isinstance(b, Affine)]) == 1 + (kind == "followed by a layer")
    after = {"alone": 1, "residual": 3}.get(kind, 2)
    assert len([b for b in varying if isinstance(b, Elementwise)]) <= after, varying


@with_both
@with_masks
@with_kinds
def test_it_has_the_numbers_of_the_eager_path(mask: Mask, kind: str, fast: bool) -> None:
    fast_or_not(fast)
    fn = network(mask, kind)
    agree(record(fn, [0.1] * INPUTS, fast=fast), fn, np.random.default_rng(3).normal(size=(3, INPUTS)))


@with_both
@pytest.mark.parametrize("name", ["no diagonal", "random", "nearly all"])
def test_one_after_another_and_beside_what_no_gradient_is_asked_of(name: str, fast: bool) -> None:
    fast_or_not(fast)
    mask, w, v, u = MASKS[name], values(20, 8), values(20, 8, seed=2), values(4, 8, seed=3)

    def fn(x: list[Value]) -> Value:
        first = [*x[:4], *[es.tanh(es.dot(row, x)) for row in u]]
        second = [es.sin(z) for z in layer(mask, w, first)]
        return squares(layer(mask[:-1], v, second))

    program = record(fn, [0.1] * INPUTS, fast=fast)
    assert len(gaps(program)) == 2
    agree(program, fn, np.random.default_rng(3).normal(size=(3, INPUTS)))


@pytest.mark.parametrize("name", ["triangular", "random"])
def test_a_large_batch_has_the_numbers_of_its_parts(name: str) -> None:
    fn, inputs = at_positions(MASKS[name], 5)
    program, xs = record(fn, [0.1] * inputs), np.random.default_rng(3).normal(size=(6000, inputs))
    _, (slopes, (to_inputs,)) = program.value_and_grad(xs, reduce="sum", wrt="both")
    parts = [program.value_and_grad(some, reduce="sum", wrt="both")[1] for some in np.split(xs, 200)]
    np.testing.assert_allclose(slopes, sum([part for part, _ in parts]), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(to_inputs, np.concatenate([part for _, (part,) in parts]), rtol=1e-9, atol=1e-12)


@with_both
@with_masks
def test_it_has_them_in_float32(mask: Mask, fast: bool) -> None:
    fast_or_not(fast)
    fn, xs = network(mask, "followed by a layer"), np.random.default_rng(3).normal(size=(40, INPUTS))
    value, (slopes, (to_inputs,)) = record(fn, [0.1] * INPUTS).value_and_grad(xs, wrt="both")
    narrow, (narrow_slopes, (narrow_inputs,)) = record(fn, [0.1] * INPUTS, dtype="float32", fast=fast).value_and_grad(
        xs.astype("float32"), wrt="both"
    )
    assert narrow == pytest.approx(value, rel=1e-5)
    np.testing.assert_allclose(narrow_slopes, slopes, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(narrow_inputs, to_inputs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("batch", [0, 1, 7, 200])
@with_masks
def test_the_source_gives_the_same_bits(mask: Mask, batch: int) -> None:
    program = record(network(mask, "followed by a layer"), [0.1] * INPUTS)
    program.value_and_grad(np.random.default_rng(2).normal(size=(batch, INPUTS)), wrt="both")
    assert_source_gives_the_same(program, 0.5)


def test_portions_have_the_numbers_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    fn, xs = network(MASKS["random"], "followed by a layer"), np.random.default_rng(2).normal(size=(50, INPUTS))
    assert_the_same_in_portions(lambda: record(fn, [0.1] * INPUTS), [xs], monkeypatch)


@with_masks
@with_kinds
@pytest.mark.parametrize("examples", ["rows", "columns"])
def test_the_formulas_have_the_numbers_of_the_program(mask: Mask, kind: str, examples: str) -> None:
    program, xs = record(network(mask, kind), [0.1] * INPUTS), np.random.default_rng(2).normal(size=(4, INPUTS))
    check_matrices(program, xs)
    for steps in (False, True):
        unread = check_printed(program, xs, examples=examples, steps=steps)
        assert not [formula for formula in unread if "⊙ 1[" in formula]


def test_the_weights_that_are_missing_are_told() -> None:
    mask = MASKS["triangular"]
    program = record(network(mask, "followed by a layer"), [0.1] * INPUTS)
    text = program.explain(backward=True)
    assert text.splitlines()[0].split("   ")[0] == "Z = X·W1 + B1"
    assert "∂L/∂W1 = (Xᵀ·∂L/∂Z) ⊙ 1[W1] " in text and "(8×m)·(m×8)" in text
    assert "\nW1: 0 donde no hay un peso.\n1[A]: 1 donde A tiene un peso, y 0 donde no." in text
    assert "W1: 0 where there is no weight." in program.explain(language="en")
    assert "1[A]" not in program.explain()
    latex = program.explain(latex=True, backward=True)
    assert r"\left(X^{\top} \cdot \frac{\partial L}{\partial Z}\right) \odot 1\left[W_{1}\right]" in latex
    found = program.matrices(np.random.default_rng(2).normal(size=(4, INPUTS)))
    there = np.zeros((INPUTS, 8), bool)
    for i, j in mask:
        there[j, i] = True
    assert ((found["W1"] != 0) == there).all() and ((found["∂L/∂W1"] != 0) == there).all()


def test_a_weight_that_is_the_number_0_is_none_in_the_formulas() -> None:
    w = values(INPUTS, INPUTS)
    w[0][2] = 0.0
    rows = [[j for j in range(INPUTS) if j != i] for i in range(INPUTS)]
    program = record(
        lambda x: squares([es.sum([w[i][j] * x[j] for j in rows[i]]) for i in range(INPUTS)]), [0.1] * INPUTS
    )
    assert "∂L/∂W1 = (Xᵀ·∂L/∂Y) ⊙ 1[W1]" in program.explain(backward=True)
    check_printed(program, np.random.default_rng(2).normal(size=(4, INPUTS)))


def test_a_penalty_of_the_weights_that_are_there_is_one_of_the_matrix() -> None:
    mask, w = MASKS["no diagonal"], values(8, INPUTS)

    def fn(x: list[Value]) -> Value:
        return squares([es.tanh(z) for z in layer(mask, w, x)]) + 0.1 * es.sum([w[i][j] ** 2 for i, j in mask])

    program = record(fn, [0.1] * INPUTS)
    assert "R = 0.1·‖W1‖² " in program.explain()
    assert "⊙ 1[W1] + 0.2·W1 " in program.explain(backward=True)
    xs = np.random.default_rng(2).normal(size=(4, INPUTS))
    check_printed(program, xs)
    check_matrices(program, xs)


@with_both
@pytest.mark.parametrize("bias", [False, True], ids=["alone", "with biases"])
@pytest.mark.parametrize("batch", [1, 3, 40])
@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_what_a_neuron_does_not_read_does_not_reach_it(bad: float, batch: int, bias: bool, fast: bool) -> None:
    fast_or_not(fast)
    mask, w, b = MASKS["random"], values(20, INPUTS), values(20)
    program = record(lambda x: layer(mask, w, x, b if bias else None), [0.1] * INPUTS, fast=fast)
    assert len(gaps(program)) == 1
    xs = np.random.default_rng(3).normal(size=(batch, INPUTS))
    expected = program(xs)
    for j in range(INPUTS):
        given = xs.copy()
        given[-1, j] = bad
        found = program(given)
        for i in range(expected.shape[1]):
            assert np.isfinite(found[-1, i]) == ((i, j) not in mask)
        finite = np.isfinite(found)
        assert finite[:-1].all()
        np.testing.assert_allclose(found[finite], expected[finite], rtol=1e-12, atol=1e-12)


@with_both
@pytest.mark.parametrize("batch", [1, 3, 40])
def test_what_an_input_is_not_read_by_sends_nothing_back_to_it(batch: int, fast: bool) -> None:
    """The slope of √z is not finite at 0, where only the first neuron is."""
    fast_or_not(fast)
    mask, w = MASKS["triangular"], values(8, INPUTS)

    def fn(x: list[Value]) -> Value:
        z = layer(mask, w, x)
        return es.sqrt(z[0]) + squares(z[1:])

    program = record(fn, [1.0 if w[0][0].data > 0 else -1.0] + [0.1] * (INPUTS - 1), fast=fast)
    assert len(gaps(program)) == 1
    xs = np.full((batch, INPUTS), 0.3)
    xs[-1, 0] = 0.0
    call = program._calls.ready([xs], "inputs", "sum")
    call.run(1.0)
    slopes = call.runner.gradients[Space.VARYING][:INPUTS, -1]
    assert not np.isfinite(slopes[0])
    given = [Value(x) for x in xs[-1].tolist()]
    expected = es.gradients(squares(layer(mask, w, given)[1:]))
    np.testing.assert_allclose(slopes[1:], [expected[x] for x in given[1:]], rtol=1e-12)


def test_compiled_neurons_of_the_same_inputs_are_together_and_little_is_computed_of_what_is_not_there() -> None:
    pytest.importorskip("llvmlite")
    from micrograd_es.program.compiled.split import without_gaps

    def split(name: str) -> list[Affine]:
        plan = record(network(MASKS[name], "followed by a layer"), [0.1] * INPUTS).plan
        return [b for b in without_gaps(plan).blocks if isinstance(b, Affine)][:-1]

    assert [block.absent is None for block in split("random")] == [False]
    kinds = split("of three kinds")
    assert [(block.kernels, block.dense, block.absent) for block in kinds] == [(n, True, None) for n in (6, 5, 5)]
    third = split("a third")
    assert sum(len(block.weights) for block in third) == len(MASKS["a third"])
    assert sorted(row for block in third for row in block.out.numbers) == list(range(INPUTS, INPUTS + 12))
    assert {block.dense for block in third if block.kernels > 1} == {False}


def blocks_of(fn: Callable[[list[Value]], Any], inputs: int) -> list[Affine]:
    return [b for b in record(fn, [0.1] * inputs).plan.blocks if isinstance(b, Affine)]


def test_what_is_full_stays_what_it_was() -> None:
    w, v, u = values(6, 6), values(6, 7, seed=2), values(6, seed=3)

    def of(count: int) -> Callable[[list[Value]], Any]:
        return lambda x: [es.dot(row, x[:count]) for row in w[:count]]

    for fn, shapes in (
        (lambda x: [es.dot(row, x) for row in w], [(6, 6)]),
        (lambda x: [*of(6)(x), *[es.dot(row[:4], x[:4]) for row in v]], [(6, 6), (6, 4)]),
        (lambda x: [es.dot(row, x) + a * b for row, a, b in zip(w, u, x, strict=True)], [(6, 6)]),
        (lambda x: [*[es.dot(row, x[:6]) for row in w], es.dot(v[0], x)], [(6, 6), (1, 7)]),
    ):
        inputs = 7 if shapes[-1] == (1, 7) else 6
        found = blocks_of(fn, inputs)
        assert all(block.absent is None for block in found)
        assert [(block.kernels, block.terms) for block in found if block.dense and block.terms > 1] == shapes


def test_many_small_layers_with_missing_weights_stay_one_ragged_product() -> None:
    w = values(40, 4)
    (block,) = blocks_of(
        lambda x: [es.dot(w[k][:3], [x[k // 4 * 4 + (i + k) % 4] for i in range(3)]) for k in range(40)], 40
    )
    assert (block.dense, block.kernels, block.terms) == (False, 40, 3)


def test_a_filter_at_the_edges_of_an_image_is_no_layer() -> None:
    w = values(5)
    found = blocks_of(
        lambda x: [chain([w[j - i + 2] * x[j] for j in range(9) if abs(i - j) <= 2]) for i in range(9)], 9
    )
    assert all(block.absent is None for block in found)


def at_positions(mask: Mask, count: int, bias: bool = True) -> tuple[Fn, int]:
    """The same layer on each of some vectors, which are written one after the other, and added up after it."""
    w, b, v = values(20, INPUTS), values(20), values(20, seed=3)

    def fn(x: list[Value]) -> Value:
        parts = [x[i * INPUTS : (i + 1) * INPUTS] for i in range(count)]
        found = [layer(mask, w, [es.sin(a) for a in part], b if bias else None) for part in parts]
        return squares([es.dot(v[: len(z)], [es.tanh(a) for a in z]) for z in found])

    return fn, count * INPUTS


@with_both
@pytest.mark.parametrize("bias", [False, True], ids=["alone", "with biases"])
@with_masks
def test_the_same_layer_at_several_positions_is_one_product(mask: Mask, bias: bool, fast: bool) -> None:
    fast_or_not(fast)
    fn, inputs = at_positions(mask, 3, bias)
    program = record(fn, [0.1] * inputs, fast=fast)
    (block,) = gaps(program)
    assert block.positions == 3 and len(block.weights.numbers) == block.kernels * block.terms
    xs = np.random.default_rng(3).normal(size=(3, inputs))
    agree(program, fn, xs)
    if not fast:
        check_matrices(program, xs)
        check_printed(program, xs)
        program = record(fn, [0.1] * inputs)
        program.value_and_grad(xs, wrt="both")
        assert_source_gives_the_same(program, 0.5)


def test_portions_of_positions_have_the_numbers_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    fn, inputs = at_positions(MASKS["random"], 4)
    xs = np.random.default_rng(2).normal(size=(50, inputs))
    assert_the_same_in_portions(lambda: record(fn, [0.1] * inputs), [xs], monkeypatch)


@with_both
@pytest.mark.parametrize("bias", [False, True], ids=["alone", "with biases"])
@pytest.mark.parametrize("batch", [1, 3, 40])
def test_what_a_neuron_does_not_read_does_not_reach_it_at_any_position(batch: int, bias: bool, fast: bool) -> None:
    fast_or_not(fast)
    mask, w, b, count = MASKS["triangular"], values(20, INPUTS), values(20), 3

    def fn(x: list[Value]) -> list[Value]:
        parts = [x[i * INPUTS : (i + 1) * INPUTS] for i in range(count)]
        return [z for part in parts for z in layer(mask, w, part, b if bias else None)]

    program = record(fn, [0.1] * (count * INPUTS), fast=fast)
    assert [block.positions for block in gaps(program)] == [count]
    xs = np.random.default_rng(3).normal(size=(batch, count * INPUTS))
    expected = program(xs)
    for j in range(count * INPUTS):
        given = xs.copy()
        given[-1, j] = np.inf
        found = program(given)
        position, own = divmod(j, INPUTS)
        reached = [i // INPUTS == position and (i % INPUTS, own) in mask for i in range(count * INPUTS)]
        assert (np.isfinite(found[-1]) != reached).all()
        finite = np.isfinite(found)
        np.testing.assert_allclose(found[finite], expected[finite], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("overlap", [1, 2, 3])
@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
def test_a_product_that_two_layers_could_have_is_in_one_of_them(overlap: int, fast: bool) -> None:
    fast_or_not(fast)
    start, inputs = INPUTS - overlap, 2 * INPUTS - overlap
    masks = [[(i, j + first) for i, j in MASKS["triangular"] if i] for first in (0, start)]
    weights = [dict(zip(mask, values(len(mask), seed=i), strict=True)) for i, mask in enumerate(masks)]
    alone = values(inputs)

    def fn(x: list[Value]) -> Value:
        sums = [[w * x[j] for (i, j), w in own.items() if i == row] for own in weights for row in range(1, INPUTS)]
        products = [[v * y] for v, y in zip(alone, x, strict=True)]
        return es.sum([es.tanh(es.sum(terms) if len(terms) > 1 else terms[0]) for terms in (*sums, *products)])

    program = record(fn, [0.1] * inputs, fast=fast)
    assert gaps(program)
    agree(program, fn, np.random.default_rng(overlap).normal(size=(3, inputs)))


def some_biases(x: Sequence[Any], bias: Sequence[Any], own: bool) -> list[Any]:
    """A layer of which some neurons have a bias; or two layers of the same inputs, of which one has."""
    z = [es.dot(row, x) + b if b is not None else es.dot(row, x) for row, b in zip(W, bias, strict=True)]
    return [*map(es.tanh, z)] if own else [*map(es.tanh, z), *map(es.relu, [es.dot(row, x) for row in V])]


W, V, B, U, C = values(4, 3), values(3, 3, seed=4), values(4, seed=3), values(2, 7, seed=5), values(2, seed=6)
BIASES = {"one is missing": [B[0], None, *B[2:]], "one is there": [None, None, B[2], None], "all are there": B}


@with_both
@pytest.mark.parametrize("own", [True, False], ids=["alone", "beside one without"])
@pytest.mark.parametrize("name", BIASES)
def test_a_bias_that_is_missing_is_a_0_beside_the_others(name: str, own: bool, fast: bool) -> None:
    fast_or_not(fast)

    def fn(x: list[Value]) -> Value:
        h = some_biases(x, BIASES[name], own)
        return squares([es.dot(row[: len(h)], h) for row in U])

    program, xs = record(fn, [0.1] * 3, fast=fast), np.random.default_rng(0).uniform(-1, 1, (7, 3))
    agree(program, fn, xs)
    assert [len(block.bare) for block in program.plan.blocks if isinstance(block, Affine)] == [1, 0], program.explain()
    check_printed(program, xs)
    check_printed(program, xs, examples="columns")
    if name == "one is missing" and own:
        assert "B1 = [p[0], 0, p[1:3]]  " in program.explain(language="en")


def test_layers_are_numbered_as_they_are_read_though_one_lacks_a_bias() -> None:
    def fn(x: list[Value]) -> Value:
        h = some_biases(x, BIASES["one is missing"], own=True)
        y = [es.dot(row[: len(h)], h) + b for row, b in zip(U, C, strict=True)]
        return squares(y)

    lines = record(fn, [0.1] * 3).explain(language="en").splitlines()
    layers = [line.split("  ")[0] for line in lines if " = " in line and "·W" in line]
    assert layers == ["Z = X·W1 + B1", "Y = H·W2 + B2"]


def test_tokens_that_are_mixed_are_told_with_the_table_on_the_right() -> None:
    w, u, c = values(4, 5), values(3, 2, seed=2), values(3, seed=3)

    def fn(x: list[list[Value]]) -> Value:
        h = [[es.tanh(es.dot(row, token)) for row in u] for token in x]
        z = [[es.dot(row, [token[j] for token in h]) + c[j] for j in range(3)] for row in w]
        return squares([es.tanh(v) for row in z for v in row])

    program, xs = record(fn, [[0.1, 0.2]] * 5), np.random.default_rng(3).normal(size=(5, 5, 2))
    check_printed(program, xs)
    check_printed(program, xs, examples="columns")
    lines = program.explain(language="en", backward=True).splitlines()
    assert "Z2 = W2ᵀ·H1 + B1                               (m·4)×3 = m times (4×5)·(5×3) + (1×3)" in lines
    assert "∂L/∂W2 = sum of the tables of (H1·(∂L/∂Z2)ᵀ)   5×4 = m times (5×3)·(3×4)" in lines
    assert any(line.startswith("∂L/∂H1 = W2·∂L/∂Z2 ") for line in lines)


def test_the_rows_of_a_table_that_are_added_up_times_weights_are_a_row_times_it() -> None:
    w = values(4)
    program = record(lambda x: squares([es.dot(w, [row[j] for row in x]) for j in range(2)]), [[0.1, 0.2]] * 4)
    check_printed(program, np.random.default_rng(3).normal(size=(5, 4, 2)))
    assert "Y = W1ᵀ·G           m×2 = m times (1×4)·(4×2)" in program.explain(language="en")
