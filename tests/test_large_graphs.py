"""Graphs too large to read fold by themselves and say so; nothing recurses, nothing is quadratic."""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import Any

import pytest

from drawings import Drawing, network, tangle
from micrograd_es import Value, draw, frames, gradients, scope, tanh
from micrograd_es.figures.folding import READABLE, grouped
from micrograd_es.figures.scene import BUNDLE, Scene, build
from micrograd_es.graph import topological

LARGE = 100_000


def chain(nodes: int) -> Value:
    """tanh(x) + 0.001, over and over."""
    y = Value(0.5, "x")
    for _ in range(nodes // 3):  # each round makes a tanh, a sum and its constant
        y = tanh(y) + 0.001
    return y


def scene(f: Value, **folded: Any) -> Scene:
    return build(f, grouped(f, **folded), gradients(f))


def nested(depth: int) -> Value:
    """2·tanh(x) in as many scopes, one inside the other."""
    x = Value(0.5, "x")
    with ExitStack() as opened:
        for i in range(depth):
            opened.enter_context(scope(f"scope {i}"))
        return tanh(x) * 2


def test_a_graph_folds_by_itself_from_the_first_gate_that_is_too_much() -> None:
    readable, more = chain(3 * READABLE // 2), chain(3 * READABLE // 2 + 3)
    assert len(scene(readable).gates) == READABLE
    assert "Plegado" not in draw(readable).svg()
    assert len(scene(more).gates) < READABLE
    assert len(scene(more, fold=()).gates) == READABLE + 2


def test_what_was_folded_by_itself_is_said_at_the_foot_and_nothing_is_lost() -> None:
    f = chain(LARGE)
    s = scene(f)
    assert sum(len(gate.nodes) for gate in s.gates) == sum(node.op is not None for node in topological(f))
    notes = [Drawing.of(draw(f, language=language).svg()).said(start="note") for language in ("es", "en")]
    hidden = max(len(gate.nodes) for gate in s.gates)
    assert notes == [[f"Plegado: lo demás ({hidden} puertas)."], [f"Folded: the rest ({hidden} gates)."]]


def test_a_chain_of_a_hundred_thousand_shows_its_end_and_folds_the_rest() -> None:
    f = chain(LARGE)
    s = scene(f)
    assert len(s.wires) == len(s.gates) + 1 < READABLE
    assert s.gates[0].folded
    assert not any(gate.folded for gate in s.gates[1:])
    (first,) = s.entering["g1"]
    assert s.wire_gradient(first) == gradients(f)[first.value]
    svg = draw(f).svg()
    assert len(svg) < 1_000_000
    film = frames(f)
    assert len(film) == 2 * len(s.gates) + 3
    assert len(film.captions) == len(film)


def test_a_network_of_seventy_thousand_gates_is_drawn_by_layers() -> None:
    f = network(20, 100, 100, 100, 10, 1)
    assert len(topological(f)) > 69_000
    figure = draw(f, language="en")
    shown = Drawing.of(figure.svg())
    assert shown.said(start="g") == [f"layer {i}" for i in range(1, 6)]
    assert [value for value, _ in shown.wires.values()][:5] == ["20 values", *["100 values"] * 3, "10 values"]
    (note,) = shown.said(start="note")
    assert re.fullmatch(r"Folded: layer 1 \(4100 gates\), .*", note)
    assert len(frames(f).svgs()) == len(frames(f)) == 2 + 5 + 1 + 5


def test_of_nested_scopes_the_innermost_fold_first() -> None:
    f = network(3, 8, 8, 2)
    assert len(scene(f, fold=()).gates) > READABLE
    assert sorted({gate.folded.name for gate in scene(f).gates if gate.folded}) == [f"neuron {i}" for i in range(1, 9)]


@pytest.mark.parametrize("seed", range(3))
def test_wires_into_what_is_folded_stay_few(seed: int) -> None:
    s = scene(tangle(2000, seed))
    assert len(s.gates) < READABLE
    assert len(s.wires) <= 3 * len(s.gates) + 2 * BUNDLE


def test_an_open_figure_of_hundreds_of_gates_can_still_be_drawn() -> None:
    f = tangle(100, 1)
    gates = sum(node.op is not None for node in gradients(f))
    assert gates > READABLE
    assert len(Drawing.of(draw(f, fold=()).svg()).said(start="g")) == gates


def recurrence(steps: int) -> Value:
    """hₜ = tanh(w·hₜ₋₁ + u·xₜ + b), without a scope: each of w, u and b has a wire to every step."""
    w, u, b, h = Value(0.5, "w"), Value(0.4, "u"), Value(0.1, "b"), Value(0.0, "h0")
    for t in range(steps):
        h = tanh(w * h + u * Value(float(t), f"x{t}") + b)
    return h


def test_wires_that_lead_past_many_gates_are_laid_out_in_a_hurry() -> None:
    # The third would take minutes, and has no more gates than a figure shows by itself.
    looks = [draw(recurrence(steps)).dot().splitlines()[1] for steps in (10, 20, 30)]
    assert ["splines=true" in look for look in looks] == [True, True, False]
    assert ["nslimit=" in look for look in looks] == [False, True, True]
    assert len(Drawing.of(draw(recurrence(30)).svg()).said(start="g")) == READABLE


def test_scopes_nested_three_hundred_deep_can_be_drawn_and_folded() -> None:
    f = nested(300)
    opened = Drawing.of(draw(f).svg())
    assert opened.said(start="g") == ["tanh", "× 2"]
    assert sum(group.get("class") == "cluster" for group in opened.root.iter()) == 299  # all but the outermost
    assert Drawing.of(draw(f, depth=150).svg()).said(start="g") == ["scope 150"]
    assert Drawing.of(draw(f, fold="scope 7").svg()).said(start="g") == ["scope 7"]
    assert Drawing.of(draw(f, depth=0).svg()).wires == {"w1": ("0.50", "1.57"), "w2": ("0.92", "1.00")}


def test_scopes_nested_ten_thousand_deep_can_be_folded() -> None:
    f = nested(10_000)
    assert [gate.folded and gate.folded.name for gate in scene(f, depth=0).gates] == ["scope 0"]
    assert [gate.folded and gate.folded.name for gate in scene(f, fold=["scope 9999"]).gates] == ["scope 9999"]


def test_a_value_used_a_thousand_times_has_a_thousand_branches() -> None:
    x = Value(1.0, "x")
    f = x
    for _ in range(1000):
        f = f + x
    s = scene(f, fold=())
    (fork,) = s.forks
    assert len(s.leaving[fork.key]) == 1001
    (trunk,) = s.entering[fork.key]
    assert s.wire_gradient(trunk) == 1001
    assert len(draw(f).svg()) < 1_000_000
