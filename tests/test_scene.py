"""What stands in a figure: forks and their branches, folded and open scopes, constants, gates of many inputs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from drawings import SVG, Drawing, network, neuron, product, tangle
from micrograd_es import Parameter, Value, draw, exp, frames, gradients, maximum, prod, relu, scope, sigmoid
from micrograd_es import sum as total
from micrograd_es.figures.curves import points_of
from micrograd_es.figures.folding import Group, grouped
from micrograd_es.figures.scene import BUNDLE, Scene, build
from micrograd_es.flow import contributions
from micrograd_es.scopes import Scope


def scene(f: Value, fold_constants: bool = True, **folded: Any) -> Scene:
    return build(f, grouped(f, **folded), gradients(f), fold_constants)


def drawing(f: Value, **look: Any) -> Drawing:
    return Drawing.of(draw(f, **look).svg())


def two_outputs() -> tuple[Value, Scope]:
    """A scope with two results, one of which is used twice."""
    x, y = Value(2.0, "x"), Value(3.0, "y")
    with scope("pair") as pair:
        a = x * y
        b = x + y
    return a * b + a, pair


# Forks


def test_a_value_used_twice_by_one_gate_has_two_branches_and_a_sum() -> None:
    a = Value(3, "a")
    shown = drawing(a + a)
    assert Counter(shown.wires.values()) == Counter(
        [("3.00", "2.00"), ("3.00", "1.00"), ("3.00", "1.00"), ("6.00", "1.00")]
    )
    assert shown.said(start="s") == ["Σ"]


def test_a_value_used_five_times_carries_its_parts_and_their_sum() -> None:
    x = Value(2.0, "x")
    f = x * x + x + exp(x) - x
    shown = drawing(f)
    branches = Counter(gradient for value, gradient in shown.wires.values() if value == "2.00")
    assert branches == Counter(["11.39", "2.00", "2.00", "1.00", "7.39", "−1.00"])
    assert [text.text for text in shown.texts].count("Σ") == 1


def test_every_fork_has_its_sum_drawn_and_no_value_used_once_has() -> None:
    f = tangle(15, 4)
    forked = {fork.value for fork in scene(f).forks}
    uses = Counter(x for node in gradients(f) for x in node.inputs if not x.is_constant)
    assert forked == {node for node, count in uses.items() if count > 1}
    assert [text.text for text in drawing(f).texts].count("Σ") == len(forked) > 3


@pytest.mark.parametrize("seed", range(5))
def test_branches_carry_contributions_and_the_trunk_their_sum(seed: int) -> None:
    f = tangle(15, seed)
    s = scene(f)
    parts = contributions(f)
    for wire in s.wires:
        if wire.is_branch:
            ((node, i),) = wire.edges
            assert s.wire_gradient(wire) == parts[node, i]
    for fork in s.forks:
        (trunk,) = s.entering[fork.key]
        branches = [s.wire_gradient(wire) for wire in s.leaving[fork.key]]
        assert s.wire_gradient(trunk) == pytest.approx(sum(b for b in branches if b is not None))


def test_a_computed_value_is_named_once_before_its_fork() -> None:
    q = Value(2.0, "x") + Value(3.0, "y")
    q.label = "q"
    values = [value for value, _ in drawing(q * q).wires.values()]
    assert sorted(values) == ["2.00", "25.00", "3.00", "5.00", "5.00", "q = 5.00"]


def test_an_output_that_is_an_input_too_is_drawn() -> None:
    x = Value(2.0, "x")
    assert list(drawing(x).wires.values()) == [("2.00", "1.00")]
    assert len(frames(x)) == 3


def test_a_single_gate_and_a_single_constant_are_figures_too() -> None:
    assert Counter(drawing(relu(Value(-1.0, "x"))).wires.values()) == Counter([("−1.00", "0.00"), ("0.00", "1.00")])
    constants = Value(2) * 3
    for f in (constants, next(x for x in constants.inputs if x.is_constant)):
        assert drawing(f, constants="nodes").said(start="w")
        assert len(frames(f).svgs()) == len(frames(f))


# Gates


@pytest.mark.parametrize(
    ("gate", "sent"),
    [
        (lambda *xs: maximum(*xs), ["1.00", "0.00", "0.00"]),
        (lambda *xs: prod(xs), ["−2.00", "6.00", "−3.00"]),
        (lambda *xs: total(xs), ["1.00"] * 3),
    ],
    ids=["max", "mul", "add"],
)
def test_a_gate_of_three_inputs_is_one_gate_with_its_inputs_in_order(
    gate: Callable[..., Value], sent: list[str]
) -> None:
    shown = drawing(gate(Value(3.0, "x"), Value(-1.0, "y"), Value(2.0, "z")))
    assert len(shown.said(start="g")) == 1
    assert list(shown.wires.values())[:3] == list(zip(("3.00", "−1.00", "2.00"), sent, strict=True))
    names = [text for text in shown.texts if text.node.startswith("n")]
    assert [text.text for text in sorted(names, key=lambda text: text.y)] == ["x", "y", "z"]


def test_a_router_at_a_tie_sends_everything_to_the_first() -> None:
    x, y = Value(2.0, "x"), Value(2.0, "y")
    assert list(drawing(maximum(x, y)).wires.values())[:2] == [("2.00", "1.00"), ("2.00", "0.00")]


@pytest.mark.parametrize(
    ("f", "sign"),
    [
        (Value(3.0, "x") + 1, "+ 1"),
        (1 + Value(3.0, "x"), "+ 1"),
        (Value(3.0, "x") * -1, "× −1"),
        (-Value(3.0, "x"), "× −1"),
        (Value(3.0, "x") - 2, "− 2"),
        (2 - Value(3.0, "x"), "2 −"),
        (Value(3.0, "x") / 2, "÷ 2"),
        (2 / Value(3.0, "x"), "2/x"),
        (1 / Value(3.0, "x"), "1/x"),
        (Value(3.0, "x") ** 2, "x²"),
        (Value(3.0, "x") ** -2, "x⁻²"),
        (Value(3.0, "x") ** 0.5, "x^0.5"),
        (2 ** Value(3.0, "x"), "2ˣ"),
        (Value(3.0, "x") ** Value(2.0, "y"), "xʸ"),
        (Value(3.0, "x") * 0.333333333, "× 0.33"),
        (Value(3.0, "x") * 1e-9, "× 1.00·10⁻⁹"),
        (sigmoid(Value(3.0, "x")), "σ"),
    ],
)
def test_a_constant_is_written_in_its_gate(f: Value, sign: str) -> None:
    assert drawing(f).said(start="g") == [sign]


def test_two_constants_of_a_gate_stand_apart() -> None:
    f = total([Value(3.0, "x"), 1, 2])
    assert drawing(f).said(start="g") == ["+"]
    assert Counter(value for value, _ in drawing(f).wires.values()) == Counter(["3.00", "1.00", "2.00", "6.00"])


# Scopes


def test_an_open_scope_is_a_dashed_box_round_its_gates() -> None:
    shown = drawing(neuron("sigmoid"))
    (box,) = [group for group in shown.root.iter(f"{SVG}g") if group.get("class") == "cluster"]
    assert [text.text for text in box.iter(f"{SVG}text")] == ["sigmoide"]
    assert next(box.iter(f"{SVG}path")).get("stroke-dasharray")
    numbers = [float(part) for part in re.findall(r"-?[\d.]+", next(box.iter(f"{SVG}path")).get("d", ""))]
    left, right = min(numbers[::2]), max(numbers[::2])
    places = {
        gate.get("id"): float(next(gate.iter(f"{SVG}ellipse")).get("cx", 0))
        for gate in shown.root.iter(f"{SVG}g")
        if gate.get("id", "").startswith("g") and gate.get("class") == "node"
    }
    inside = {key for key, x in places.items() if left < x < right}
    assert len(places) == 8
    assert len(inside) == 4


def test_no_wire_runs_back_where_a_value_is_used_in_its_scope_and_outside() -> None:
    p = Value(1.0, "p")
    with scope("outer"):
        with scope("inner"):
            q = exp(p * 2)
        r = q + p
    courses = draw(r * q).drawing.stage([]).layout.edges.values()
    ways = [[x for x, _ in points_of(course)] for course in courses]
    assert len(ways) == 18
    assert all(right > left - 1 for way in ways for left, right in pairwise(way))


@pytest.mark.parametrize("fold", ["σ", ["σ"]])
def test_a_folded_scope_is_one_gate_with_the_same_gradients(fold: Any) -> None:
    shown, whole = drawing(neuron("σ"), fold=fold), drawing(neuron())
    assert shown.said(start="g") == ["×", "×", "+", "+", "σ"]
    assert not Counter(shown.wires.values()) - Counter(whole.wires.values())
    assert shown.count("g") < whole.count("g")


def test_a_folded_scopes_local_gradient_is_that_of_its_formula() -> None:
    """(1 − σ)·σ = 0.20 of the lectures, A5."""
    f = neuron("σ")
    s = scene(f, fold=["σ"])
    (wire,) = s.entering["g5"]
    assert s.wire_local(wire) == pytest.approx((1 - float(f.data)) * float(f.data), rel=1e-14)
    assert drawing(f, fold="σ", local=True).said(end="_local")[-1] == "local = 0.20"


def test_a_scope_is_folded_by_its_name_or_by_itself() -> None:
    x = Value(1.0, "x")
    with scope("part") as first:
        y = exp(x) * 2
    with scope("part"):
        z = exp(y) * 2
    assert drawing(z, fold="part").said(start="g") == ["part", "part"]
    assert drawing(z, fold=first).said(start="g") == ["part", "exp", "× 2"]
    assert drawing(z, fold=[first, "part"]).said(start="g") == ["part", "part"]
    assert drawing(z, fold=()).said(start="g") == ["exp", "× 2", "exp", "× 2"]


def test_depth_folds_what_is_nested_deeper() -> None:
    f = network(2, 2, 1)
    assert len(drawing(f, depth=2).said(start="g")) == 15
    assert drawing(f, depth=1).said(start="g") == ["neurona 1", "neurona 2", "neurona 1"]
    assert drawing(f, depth=0).said(start="g") == ["capa 1", "capa 2"]
    opened = drawing(f, depth=1)
    boxes = [group for group in opened.root.iter(f"{SVG}g") if group.get("class") == "cluster"]
    assert sorted(text.text or "" for box in boxes for text in box.iter(f"{SVG}text")) == ["capa 1", "capa 2"]


def test_parameters_made_inside_a_folded_scope_are_inside() -> None:
    assert drawing(network(2, 2, 1), depth=0).said(start="n") == ["x₀", "x₁"]


def test_a_folded_scope_of_two_results_has_a_wire_for_each() -> None:
    f, pair = two_outputs()
    s = scene(f, fold=[pair])
    assert [gate.folded for gate in s.gates] == [pair, None, None]
    assert len(s.leaving["g1"]) == 2
    assert all(s.wire_local(wire) is None for wire in s.entering["g1"])
    shown = drawing(f, fold=pair)
    assert Counter(shown.wires.values()) == Counter(
        [
            ("2.00", "24.00"),
            ("3.00", "18.00"),
            ("6.00", "6.00"),
            ("6.00", "5.00"),
            ("6.00", "1.00"),
            ("5.00", "6.00"),
            ("30.00", "1.00"),
            ("36.00", "1.00"),
        ]
    )
    assert len(frames(f, fold=pair).svgs()) == len(frames(f, fold=pair))


def test_many_values_between_two_folded_gates_share_a_wire() -> None:
    wide = BUNDLE + 1
    shown = drawing(network(2, wide, 1), depth=0)
    assert f"{wide} valores" in [value for value, _ in shown.wires.values()]
    narrow = drawing(network(2, BUNDLE, 1), depth=0)
    assert len(narrow.wires) == len(shown.wires) + BUNDLE - 1


def test_an_unknown_scope_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"no scope.*'tanh'.*'σ'"):
        draw(neuron("σ"), fold="tanh")
    with pytest.raises(ValueError, match="none"):
        draw(product(), fold=Scope("σ"))


def test_a_scope_that_values_leave_and_come_back_to_cannot_be_folded() -> None:
    x = Value(1.0, "x")
    with scope("a") as a:
        y = exp(x)
    z = y * 2
    from micrograd_es.scopes import CURRENT, Origins

    token = CURRENT.set(Origins(a))
    f = z + y
    CURRENT.reset(token)
    with pytest.raises(ValueError, match="'a' cannot be folded"):
        draw(f, fold="a")
    assert drawing(f).said(start="g")


def test_groups_come_inputs_first_and_hold_every_gate_once() -> None:
    f = tangle(40, 7)
    groups = grouped(f, ())
    done: set[Value] = set()
    for group in groups:
        assert isinstance(group, Group)
        assert all(x in done for node in group.nodes for x in node.inputs if x.op is not None and x not in group.nodes)
        done.update(group.nodes)
    assert sum(len(group.nodes) for group in groups) == len(done)


def test_a_name_that_a_value_has_is_not_given_to_the_output() -> None:
    shown = drawing(Value(2.0, "f") * Value(3.0, "L"))
    assert shown.said(start="output") == ["F"]
    named = Value(2.0, "x") * 3
    named.label = "loss"
    assert drawing(named).said(start="output") == ["loss"]


def test_a_folded_gate_keeps_the_parameters_that_it_alone_uses() -> None:
    x, w, shared = Value(2.0, "x"), Parameter(3.0, "w"), Parameter(5.0, "v")
    with scope("one"):
        y = w * x + shared
    with scope("two"):
        z = y * shared
    open_scene, folded = scene(z), scene(z, fold=["one", "two"])
    assert [t.value.label for t in open_scene.terminals[:-1]] == ["w", "x", "v"]
    assert [t.value.label for t in folded.terminals[:-1]] == ["x", "v"]
    assert [fork.value.label for fork in folded.forks] == ["v"]
