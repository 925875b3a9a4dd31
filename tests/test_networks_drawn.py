"""How networks stand in a figure: weights in their neuron, neurons in their order, no wire through a box or a title."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from micrograd_es import MLP, Neuron, Value, draw, frames, losses, record, scope, tanh
from micrograd_es.figures.curves import points_of
from micrograd_es.figures.drawing import Drawing
from micrograd_es.figures.fonts import text_width
from micrograd_es.figures.layout import Place
from micrograd_es.figures.shapes import SMALL
from micrograd_es.figures.stage import Stage
from micrograd_es.scopes import CURRENT, Origins, Scope

SIZES = ([3, 1], [2, 4, 3], [4, 1, 2], [3, 3, 1])
FOLDED: list[dict[str, Any]] = [{}, {"depth": 2}, {"depth": 1}]
LOOKS: list[dict[str, Any]] = [{"direction": direction, **folded} for direction in ("LR", "TB") for folded in FOLDED]


def network(sizes: list[int]) -> Value:
    """A network of two inputs with a loss on top."""
    model = MLP(2, sizes, activation="tanh", seed=1)
    return losses.mse(model([1.0, 2.0]), [0.5] * sizes[-1])


def stage(f: Value, **look: Any) -> Stage:
    drawing = draw(f, **look).drawing
    assert isinstance(drawing, Drawing)
    return drawing.stage()


def boxes(shown: Stage) -> dict[Scope, Place]:
    """The boxes of a figure by scope."""
    return {s: shown.layout.boxes[key] for s, key in shown.found.keys.items()}


def parts(shown: Stage) -> dict[Scope | None, list[tuple[str, Place]]]:
    """The folded gates and boxes in each scope, in the order in which they were made."""
    named = [(g.folded, shown.layout.nodes[g.key]) for g in shown.writer.scene.gates if g.folded]
    inside: dict[Scope | None, list[tuple[str, Place]]] = {}
    for part, place in [*named, *boxes(shown).items()]:
        inside.setdefault(part.outer, []).append((part.name, place))
    return inside


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_neurons_stand_in_their_order(sizes: list[int]) -> None:
    for look in LOOKS:
        for inside in parts(stage(network(sizes), **look)).values():
            neurons = [(name, place) for name, place in inside if name.startswith("neuron")]
            neurons.sort(key=lambda part: -part[1].top if look["direction"] == "LR" else part[1].left)
            assert [name for name, _ in neurons] == sorted(name for name, _ in neurons), look


def wires(shown: Stage) -> Iterator[tuple[str, str, list[tuple[float, float]]]]:
    """What each wire joins, and the points that it runs through."""
    for wire in shown.writer.scene.wires:
        course = shown.layout.edges
        yield (
            wire.tail,
            wire.head,
            [*points_of(course[wire.tail, wire.key]), *points_of(course[wire.key, wire.head])],
        )


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_no_wire_runs_through_a_box_that_holds_neither_of_its_ends_or_through_a_title(sizes: list[int]) -> None:
    for look in LOOKS:
        shown = stage(network(sizes), **look)
        for tail, head, points in wires(shown):
            ends = {s for key in (tail, head) for s in shown.found.path(key)}
            for part, place in boxes(shown).items():
                room = text_width(shown.writer.titled(part), SMALL)
                title = Place(place.left + 8, place.top - 16, place.left + 8 + room, place.top - 4)
                assert not any(title.holds(*point, margin=0) for point in points), (look, part)
                assert part in ends or not any(place.holds(*point, margin=-1) for point in points), (look, part)


def test_no_wire_runs_through_a_number_or_a_gate_that_is_not_its_own() -> None:
    shown = stage(network([3, 1]))
    for tail, head, points in wires(shown):
        own = {tail, head, *(w.key for w in shown.writer.scene.wires if (w.tail, w.head) == (tail, head))}
        others = [place for key, place in shown.layout.nodes.items() if key not in own]
        assert not [place for place in others if any(place.holds(*point, margin=-2) for point in points)]


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_a_wire_runs_from_what_it_leaves_to_its_number(look: dict[str, Any]) -> None:
    shown = stage(network([3, 1]), **look)
    for wire in shown.writer.scene.wires:
        first, *_, last = points_of(shown.layout.edges[wire.tail, wire.key])
        assert shown.layout.nodes[wire.tail].holds(*first, margin=2), wire.key
        assert shown.layout.nodes[wire.key].holds(*last, margin=2), wire.key


def test_weights_stand_in_their_neuron_and_inputs_outside() -> None:
    shown = stage(Neuron(2, seed=1)([1.0, 2.0]))
    (place,) = boxes(shown).values()
    inside = {
        terminal.value.label: place.holds(*shown.layout.at(terminal.key))
        for terminal in shown.writer.scene.terminals
        if not terminal.is_output
    }
    assert inside == {"w1": True, "w2": True, "b": True, "x1": False, "x2": False}


def test_a_parameter_of_two_neurons_stands_outside_both() -> None:
    model = Neuron(1, seed=1)
    shown = stage(model([1.0]) + model([2.0]))
    home = {t.value.label: shown.found.path(t.key) for t in shown.writer.scene.terminals if not t.is_output}
    assert home == {"w1": (), "b": (), "x1": ()}


def test_the_outermost_box_is_left_out_where_it_holds_everything() -> None:
    model = MLP(2, [2, 1], seed=1)
    alone, with_loss = model([1.0, 2.0])[0], network([2, 1])
    assert {s.name for s in boxes(stage(alone, depth=2))} == {"layer 1", "layer 2"}
    assert {s.name for s in boxes(stage(with_loss, depth=2))} == {"network", "layer 1", "layer 2", "mse"}
    assert {s.name for s in boxes(stage(Neuron(1, seed=1)([1.0])))} == {"neuron"}


def test_inputs_of_a_folded_network_stay_outside() -> None:
    shown = stage(MLP(3, [2, 1], seed=1)([1.0, 2.0, 3.0])[0], depth=0)
    assert [t.value.label for t in shown.writer.scene.terminals if not t.is_output] == ["x1", "x2", "x3"]


def test_a_scope_that_values_leave_and_come_back_to_is_drawn_all_the_same() -> None:
    x = Value(2.0, "x")
    with scope("part") as part:
        y = x * 2
    z = y + 1
    token = CURRENT.set(Origins(part))
    f = y * z
    CURRENT.reset(token)
    shown = stage(f)
    assert {s.name for s in boxes(shown)} == {"part"}


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_roles_hide_no_other(direction: str) -> None:
    x, y = Value(3.0, "x"), Value(-4.0, "y")
    for f in (2 * (x * y), 2 * (2 * (2 * (x * y))), network([2, 1])):
        shown = stage(f, roles=True, direction=direction)
        places = list(shown.role_places.values())
        assert len(places) > 1
        assert not [(a, b) for a, b in combinations(places, 2) if a.meets(b)]


def test_on_a_page_the_wire_of_a_parameter_is_whole_until_its_gradient_is_there() -> None:
    f = network([2, 1])
    page = frames(f, level=2).html()
    assert 'data-until="p1.gradient"' in page
    assert "_wire" not in draw(f, level=2).svg()


def test_explain_names_scopes_in_its_language() -> None:
    program = record(MLP(2, [3, 1], activation="tanh", seed=1), [1.0, 2.0])
    assert "red · capa 1" in program.explain(language="es")
    assert "network · layer 1" in program.explain(language="en")


def test_a_network_itself_or_all_its_outputs_are_told_what_to_write() -> None:
    model = MLP(2, [2], seed=1)
    with pytest.raises(TypeError, match=r"Write draw\(f\(x\)\), or draw\(f\(x\)\[0\]\) for one output"):
        draw(model)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"Write draw\(f\[0\]\) for one of them, or draw\(f, level=1\)"):
        draw(model([1.0, 2.0]))


def recurrence(steps: int) -> Value:
    """hₜ = tanh(w·hₜ₋₁ + u·xₜ + b), each step in a box: w, u and b have a wire to every one."""
    w, u, b, h = Value(0.5, "w"), Value(-0.4, "u"), Value(0.1, "b"), Value(0.0, "h0")
    for t in range(1, steps + 1):
        with scope(f"step {t}"):
            h = tanh(w * h + u * Value(float(t), f"x{t}") + b)
    return h


@pytest.mark.parametrize("direction", ["LR", "TB"])
@pytest.mark.parametrize("steps", [3, 4, 6])
def test_wires_to_every_step_of_a_recurrence_run_beside_each_other_in_the_picture(steps: int, direction: str) -> None:
    shown = stage(recurrence(steps), direction=direction)
    across, layout = direction == "LR", shown.layout
    branches = [edge for edge in layout.edges if edge[0].startswith("s")]
    assert len(branches) == 3 * steps
    heights: list[dict[int, float]] = []  # how high each wire is, by how far along the figure, every 8 points
    for edge in branches:
        points = points_of(layout.edges[edge], each=200)
        assert all(layout.whole.holds(*point) for point in points)
        heights.append({round((x if across else y) / 8): y if across else x for x, y in points})
    for first, second in combinations(heights, 2):
        near = [column for column in first.keys() & second.keys() if abs(first[column] - second[column]) < 2.5]
        assert len(near) * 8 < 100
