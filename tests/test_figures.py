"""What a figure says: the lecture's numbers on its wires, and what each option changes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

import micrograd_es as es
from command_line import texts
from drawings import Drawing, neuron, product, tangle
from micrograd_es import Constant, Value, draw, exp, frames, gradients, parse, scope, tanh
from micrograd_es.figures import THEMES, Theme
from micrograd_es.figures.curves import points_of
from micrograd_es.figures.drawing import drawing_of
from micrograd_es.figures.fonts import text_width
from micrograd_es.figures.layout import Place
from micrograd_es.figures.render import render
from micrograd_es.figures.shapes import SMALL
from micrograd_es.figures.stage import Stage, View
from micrograd_es.figures.words import WORDS
from micrograd_es.ops import ADD, MUL

GOLDEN = Path(__file__).parent / "golden"

PRODUCT = [("−2.00", "−4.00"), ("5.00", "−4.00"), ("3.00", "−4.00"), ("−4.00", "3.00"), ("−12.00", "1.00")]
NEURON = [
    ("2.00", "−0.20"),
    ("−1.00", "0.39"),
    ("−2.00", "0.20"),
    ("−3.00", "−0.39"),
    ("−2.00", "−0.59"),
    ("6.00", "0.20"),
    ("4.00", "0.20"),
    ("−3.00", "0.20"),
    ("1.00", "0.20"),
    ("−1.00", "−0.20"),
    ("0.37", "−0.53"),
    ("1.37", "−0.53"),
    ("0.73", "1.00"),
]


def drawing(f: Value, **look: Any) -> Drawing:
    return Drawing.of(draw(f, **look).svg(), look.get("theme", "lecture"))


@pytest.mark.parametrize(("f", "numbers"), [(product(), PRODUCT), (neuron(), NEURON), (neuron("σ"), NEURON)])
def test_every_number_of_the_lecture_stands_on_its_wire_once(f: Value, numbers: list[tuple[str, str]]) -> None:
    assert Counter(drawing(f).wires.values()) == Counter(numbers)


def test_names_stand_at_the_left_in_the_order_of_the_formula() -> None:
    names = [text for text in drawing(neuron()).texts if text.node.startswith("n")]
    assert [text.text for text in sorted(names, key=lambda text: text.y)] == ["w₀", "x₀", "w₁", "x₁", "w₂"]
    right = {text.text: text.x for text in drawing(neuron()).texts if text.node == "output"}
    assert right["f"] > max(text.x for text in names) + 500


def test_values_are_green_above_and_gradients_red_below_the_same_wire() -> None:
    look = THEMES["lecture"]
    texts = [text for text in drawing(product()).texts if text.node.startswith("w")]
    above = {text.node: text for text in texts if text.fill == look.value}
    below = {text.node: text for text in texts if text.fill == look.gradient}
    assert above.keys() == below.keys()
    assert len(texts) == 10
    assert all(above[key].y < below[key].y for key in above)  # y grows downwards


def test_a_wire_reaches_from_its_name_to_its_gate_without_a_gap() -> None:
    """The two halves of a wire and the rule between them are drawn in one height for the wires that are level."""
    plain = render(draw(product()).dot(), "plain").decode()
    centres = {p[1]: float(p[3]) for p in map(str.split, plain.splitlines()) if p[0] == "node"}
    assert centres["n2"] == pytest.approx(centres["w2"]) == pytest.approx(centres["g1"])
    assert centres["g1"] == pytest.approx(centres["w3"]) == pytest.approx(centres["g2"])


def wide_neuron() -> Value:
    return es.sum([Value(0.5 * i, f"w{i}") * Value(i - 3.0, f"x{i}") for i in range(8)] + [Value(0.1, "b")])


def summed_neuron() -> Value:
    total = Value(0.1, "b")
    for i in range(5):
        total = total + Value(0.5 * i, f"w{i}") * Value(i - 3.0, f"x{i}")
    return total


def many_products() -> Value:
    numbers = {name: float(i + 1) for i, name in enumerate("abcdeghijklmno")}
    return parse("((a*b + c*d)*(e - g) + h/i)*((j + k)*(l - m)) + n*o", **numbers)


@pytest.mark.parametrize("f", [wide_neuron(), summed_neuron(), many_products()], ids=["sum", "sums", "tree"])
def test_a_gate_of_two_names_stands_between_them(f: Value) -> None:
    """Drawn to the gate that they feed, the gates of many products stood close together, and their wires in one."""
    lines = [line.split() for line in render(draw(f).dot(), "plain").decode().splitlines()]
    centres = {line[1]: float(line[3]) for line in lines if line[0] == "node"}
    edges = [line[1:3] for line in lines if line[0] == "edge"]
    name_of = {wire: tail for tail, wire in edges if tail.startswith("n")}
    feeding: dict[str, list[str]] = {}
    for wire, head in edges:
        if wire in name_of:
            feeding.setdefault(head, []).append(name_of[wire])
    pairs = {gate: sorted(centres[name] for name in names) for gate, names in feeding.items() if len(names) == 2}
    assert len(pairs) >= 5
    for gate, (low, high) in pairs.items():
        assert low - 0.05 < centres[gate] < high + 0.05


def test_no_wire_lies_on_another() -> None:
    """A wire that is drawn level from its label lay on one that Graphviz had led along there."""
    a, b = Value(1.5, "a"), Value(-2.0, "b")
    c = a * b
    d = c + a
    e = c * d
    g = tanh(e) + c * d - d / a + e
    edges = Stage(drawing_of(g * a + b, {"local": True}).writer).layout.edges  # type: ignore[union-attr]
    courses = [points_of(course, each=100) for (tail, _), course in edges.items() if tail.startswith("w")]
    assert len(courses) > 20
    for first, second in combinations(courses, 2):
        near = [x for x, y in first if any(abs(x - u) < 6 and abs(y - v) < 2 for u, v in second)]
        assert not near or max(near) - min(near) < 40


def test_a_constant_that_is_used_twice_has_the_sum_of_its_branches_too() -> None:
    c, x, y = Constant(2.0), Value(3.0, "x"), Value(5.0, "y")
    wires = list(drawing(c * x + c * y, constants="nodes").wires.values())
    assert wires.count(("2.00", "8.00")) == 1  # the trunk
    assert {("2.00", "3.00"), ("2.00", "5.00")} <= set(wires)


@pytest.mark.parametrize("seed", range(4))
def test_the_numbers_of_any_graph_are_those_of_its_values_and_gradients(seed: int) -> None:
    f = tangle(12, seed)
    wires = list(drawing(f, digits=9).wires.values())
    shown = {(number(value), number(gradient)) for value, gradient in wires if gradient}
    slopes = {node: slope for node, slope in gradients(f).items() if not node.is_constant}
    assert len(slopes) > 12
    for node, slope in slopes.items():
        assert (node.data, slope) in [pytest.approx(pair, rel=1e-7, abs=1e-12) for pair in shown]


def number(text: str) -> float:
    """The number that a text shows."""
    digits, _, power = text.partition("·10")
    ordinary = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--")
    return float(digits.translate(ordinary)) * 10.0 ** int(power.translate(ordinary) or 0)


@pytest.mark.parametrize(("f", "name"), [(product(), "product"), (neuron(), "neuron"), (neuron("σ"), "neuron_boxed")])
def test_the_dot_source_is_the_one_we_looked_at(f: Value, name: str) -> None:
    """A change is looked at and then kept with `python tests/test_figures.py`."""
    assert draw(f).dot() == (GOLDEN / f"{name}.dot").read_text("utf-8")


# Options


def test_without_gradients_there_is_no_red() -> None:
    shown = drawing(product(), gradients=False)
    assert list(shown.wires.values()) == [(value, "") for value, _ in PRODUCT]
    assert THEMES["lecture"].gradient not in draw(product(), gradients=False).svg()
    film = frames(product(), gradients=False)
    assert len(film) == 4
    assert "atrás" not in "".join(film.captions)


def test_local_gradients_are_written_on_request() -> None:
    x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    q = x + y
    q.label = "q"
    local = drawing(q * z, local=True).said(end="_local")
    assert local == ["∂q/∂x = 1.00", "∂q/∂y = 1.00", "∂f/∂q = −4.00", "∂f/∂z = 3.00"]
    assert drawing(q * z).said(end="_local") == []


def test_a_branch_does_not_call_its_local_gradient_that_of_all_branches() -> None:
    x = Value(3.0, "x")
    local = drawing((x * 2 + 1) * x, local=True).said(end="_local")
    assert sorted(local) == ["local = 1.00", "local = 2.00", "local = 3.00", "local = 7.00"]  # none is ∂f/∂x = 13


def test_roles_are_named_in_the_readers_language() -> None:
    x, y = Value(3, "x"), Value(2, "y")
    f = (x + y) * x
    assert sorted(drawing(f, roles=True).said(end="_role")) == ["distribuidor", "intercambiador", "sumador"]
    assert sorted(drawing(f, roles=True, language="en").said(end="_role")) == ["accumulator", "distributor", "swapper"]
    assert drawing(f).said(end="_role") == []


def test_symbols_stand_in_place_of_numbers() -> None:
    x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    q = x + y
    q.label = "q"
    shown = drawing(q * z, symbols=True)
    assert [value for value, _ in shown.wires.values()] == ["x", "y", "q", "z", "f"]
    assert [gradient.split(" · ")[-1] for _, gradient in shown.wires.values()] == [
        "∂q/∂x",
        "∂q/∂y",
        "∂f/∂q",
        "∂f/∂z",
        "∂f/∂f",
    ]
    assert not any(text.text.strip("−.0123456789") == "" for text in shown.texts)


@pytest.mark.parametrize(
    ("look", "numbers"),
    [
        ({"decimals": 4}, ("0.7311", "1.0000", "−0.1966")),
        ({"decimals": 0}, ("−3", "1", "6")),
        ({"digits": 3}, ("0.731", "1.00", "−0.197")),
        ({"comma": True}, ("0,73", "1,00", "−0,20")),
    ],
)
def test_numbers_are_written_as_asked_for(look: dict[str, Any], numbers: tuple[str, ...]) -> None:
    shown = {text for pair in drawing(neuron(), **look).wires.values() for text in pair}
    assert set(numbers) <= shown
    if "comma" in look:
        assert not any("." in text for text in shown)


@pytest.mark.parametrize("theme", THEMES)
def test_a_theme_changes_the_colours_and_nothing_else(theme: str) -> None:
    shown, lecture = drawing(product(), theme=theme), drawing(product())
    assert shown.wires == lecture.wires
    assert [text[:2] + text[3:] for text in shown.texts] == [text[:2] + text[3:] for text in lecture.texts]
    assert {text.fill for text in shown.texts} == {THEMES[theme].ink, THEMES[theme].value, THEMES[theme].gradient}


@pytest.mark.parametrize("theme", THEMES)
def test_value_and_gradient_are_apart_and_readable_without_colour(theme: str) -> None:
    look = THEMES[theme]
    for name in ("ink", "muted", "value", "gradient", "local"):
        assert contrast(getattr(look, name), look.paper) >= 4.5  # WCAG 2.1, AA
    svg = draw(product(), theme=theme).svg()
    weights = {text.get("fill"): text.get("font-weight") for text in Drawing.of(svg, theme).root.iter() if text.text}
    assert (weights[look.value], weights[look.gradient]) == (None, "bold")


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 to 21 (WCAG 2.1)."""

    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted((light(one), light(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_a_theme_of_ones_own_is_taken() -> None:
    mine = Theme(
        "#ffffff", "#101010", "#202020", "#303030", "#404040", "#505050", "#606060", "#707070", "#808080", "#909090"
    )
    svg = draw(product(), theme=mine).svg()
    assert "#303030" in svg
    assert THEMES["lecture"].value not in svg


def test_from_top_to_bottom_the_names_are_in_one_row_above() -> None:
    shown = drawing(neuron(), direction="TB")
    assert Counter(shown.wires.values()) == Counter(NEURON)
    names = [text for text in shown.texts if text.node.startswith("n")]
    assert [text.text for text in sorted(names, key=lambda text: text.x)] == ["w₀", "x₀", "w₁", "x₁", "w₂"]
    assert len({text.y for text in names}) == 1
    assert all(text.y > names[0].y for text in shown.texts if text.node.startswith(("w", "g")))


@pytest.mark.parametrize("graph", [product, neuron])
def test_from_top_to_bottom_no_wire_crosses_a_local_gradient(graph: Callable[[], Value]) -> None:
    dot = str(draw(graph(), direction="TB", local=True).drawing.stage([]).picture(View(), None))
    courses = [points_of(course, each=40) for course in re.findall(r'-> .*pos="([^"]*)"', dot)]
    written = re.findall(r'_local .*label="([^"]*)" pos="([^,]*),([^"]*)"', dot)
    assert written
    for text, x, y in written:
        place = Place(*2 * (float(x), float(y))).grown(text_width(text, SMALL) / 2, SMALL / 2)
        assert not [at for course in courses for at in course if place.meets(Place(*at, *at))], text


def test_constants_are_in_their_gates_or_nodes_of_their_own() -> None:
    f = Value(3.0, "x") * 2 + 1
    assert drawing(f).said(start="g") == ["× 2", "+ 1"]
    apart = drawing(f, constants="nodes")
    assert apart.said(start="g") == ["×", "+"]
    assert Counter(value for value, _ in apart.wires.values()) == Counter(["3.00", "2.00", "6.00", "1.00", "7.00"])


def test_a_title_is_said_and_a_description_gives_the_gradients() -> None:
    root = drawing(product(), title="Mi <título> & más").root
    assert root.get("role") == "img"
    assert root[0].tag.endswith("title")
    assert root[0].text == "Mi <título> & más"
    described = root[1].text or ""
    assert root[1].tag.endswith("desc")
    assert "2 puertas, 3 entradas" in described
    assert all(part in described for part in ("f = −12.00", "∂f/∂x = −4.00", "∂f/∂y = −4.00", "∂f/∂z = 3.00"))
    assert "2 gates, 3 inputs" in (drawing(product(), language="en").root[1].text or "")


def test_a_gate_and_a_wire_say_what_they_are_when_pointed_at() -> None:
    f = neuron()
    groups = [group for group in drawing(f).root.iter() if group.get("class") == "node"]
    titles = {group.get("id"): group[0].text for group in groups if group[0].tag.endswith("title")}
    assert titles["g1"] == "Multiplicación"
    ((w0, slope),) = [(node, slope) for node, slope in gradients(f).items() if node.label == "w0"]
    assert titles["w1"] == f"w0 = {w0.data}, ∂f = {slope}"


def test_words_are_the_same_in_both_languages_and_spanish_has_its_accents() -> None:
    assert WORDS["es"].keys() == WORDS["en"].keys()
    for key, text in WORDS["es"].items():
        assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", WORDS["en"][key]))
    unaccented = (
        "multiplicacion",
        "division",
        "raiz",
        "maximo",
        "minimo",
        "hiperbolica",
        "atras",
        "todavia",
        "retropropagacion",
    )
    assert not [text for text in WORDS["es"].values() if any(word in text.lower() for word in unaccented)]


def test_a_figure_shows_what_was_there_when_it_was_asked_for() -> None:
    x = Value(3.0, "x")
    f = exp(x) * x
    figure, film = draw(f), frames(f)
    before = figure.svg(), film.svgs()
    x.data, x.label = 100.0, "y"
    assert (figure.svg(), film.svgs()) == before
    late, late_film = draw(f), frames(f)
    x.data, x.label = 3.0, "x"
    assert "100.00" in late.svg()
    assert "100.00" in late_film.svgs()[-1]


@pytest.mark.parametrize(
    ("look", "message"),
    [
        ({"constants": "hide"}, "constants is 'hide'.*'fold', 'nodes'"),
        ({"direction": "RL"}, "direction is 'RL'.*'LR', 'TB'"),
        ({"theme": "neon"}, "theme is 'neon'.*lecture, print, dark"),
        ({"language": "fr"}, "language is 'fr'.*es, en"),
        ({"decimals": -1}, "decimals is -1"),
        ({"decimals": 1.5}, "decimals is 1.5"),
        ({"digits": 0}, "digits is 0"),
        ({"decimals": 2, "digits": 2}, "decimals=2 and digits=2"),
        ({"depth": -1}, "depth is -1"),
        ({"depth": "all"}, "depth is 'all'"),
        ({"fold": "σ"}, "no scope.*'σ'"),
        ({"fold": ["σ"]}, "no scope.*'σ'"),
        ({"theme": None}, "theme is None"),
        ({"language": []}, "language is"),
    ],
)
@pytest.mark.parametrize("way", [draw, frames])
def test_a_wrong_option_is_named_with_what_was_expected(way: Any, look: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        way(product(), **look)


@pytest.mark.parametrize("what", [3, "x", None, [Value(3)]])
def test_what_is_no_value_is_not_drawn(what: Any) -> None:
    with pytest.raises(TypeError, match=r"expected (a|one) Value"):
        draw(what)


@pytest.mark.parametrize("look", [{}, {"level": 1}], ids=str)
def test_a_title_is_text(look: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=r"title is 3 \(int\); expected text\. Write title='3'"):
        draw(neuron("σ"), title=3, **look)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("x*y", r"is 'x\*y' \(str\); expected a Value\. Write draw\(parse\('x\*y', x=2\)\)"),
        (3, r"is 3 \(int\); expected a Value\. Write draw\(Value\(3\)\)"),
        (None, r"is None \(NoneType\); expected a Value\. Write draw\(f\) with what operations on Values gave"),
        ([], r"is \[\] \(list\); expected a Value\. Write draw\(f\) with what"),
        (list(range(1000)), r"is \[0, 1, .*…"),
    ],
)
def test_what_is_no_value_is_told_with_something_that_can_be_drawn(given: Any, text: str) -> None:
    with pytest.raises(TypeError, match=text) as caught:
        draw(given)
    assert len(str(caught.value)) < 220


def test_what_is_no_name_of_a_scope_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"fold is 3 \(int\); expected names of scopes\. Write fold=\['σ'\]"):
        draw(neuron("σ"), fold=3)  # type: ignore[arg-type]


def test_an_unknown_option_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"title\. Did you mean 'theme'\?"):
        draw(product(), teme="dark")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="colour"):
        draw(product(), colour="red")  # type: ignore[call-arg]


def test_the_graphviz_object_draws_the_same_figure() -> None:
    assert render(draw(neuron()).graphviz().source, "plain") == render(draw(neuron()).dot(), "plain")


if __name__ == "__main__":
    for graph, name in ((product(), "product"), (neuron(), "neuron"), (neuron("σ"), "neuron_boxed")):
        (GOLDEN / f"{name}.dot").write_text(draw(graph).dot(), "utf-8")


def test_an_unknown_option_is_named_with_those_that_there_are() -> None:
    for make in (draw, frames):
        with pytest.raises(TypeError, match="'colour' is no option of a figure; expected fold, depth, level"):
            make(product(), colour="red")  # type: ignore[call-arg]


def test_lines_of_ones_own_stand_under_a_figure() -> None:
    x, y = Value(2.0, "x"), Value(3.0, "y")
    shown = texts(draw(x * y, caption="un producto: f = x·y\ncon dos entradas").svg())
    assert {"un producto: f = x·y", "con dos entradas"} <= set(shown)
    with scope("producto"):
        f = x * y
    shown = texts(draw(f, level=1, caption="lo mío").svg())
    assert "lo mío" in shown
    assert not any(text.startswith("∂f/∂x = ") for text in shown)  # in place of what a block graph says there
    assert texts(draw(x * y, caption="").svg()) == texts(draw(x * y).svg())


def test_a_caption_that_is_no_text_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"caption is 3 \(int\); expected text"):
        draw(Value(2.0, "x") * 3, caption=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="'caption' is no option"):  # frames say what each is about
        frames(Value(2.0, "x") * 3, caption="no")  # type: ignore[call-arg]


@pytest.mark.parametrize("direction", ["LR", "TB"])
@pytest.mark.parametrize(
    "formula",
    ["log(1 + exp(x)) + y/x", "log(1 + exp(-2*x)) ** 3 - y**x", "(tanh(1 + y**2) - u*u) / (x/y - (u - y))"],
)
def test_what_is_first_in_a_formula_enters_its_gate_before_what_is_second(formula: str, direction: str) -> None:
    """1.5 above 2 at a ÷ is read as 1.5 ÷ 2, and two wires that end in one point as one."""
    numbers = {name: 1.0 + place / 8 for place, name in enumerate(sorted(set(re.findall(r"\b[u-z]\b", formula))))}
    stage = draw(parse(formula, **numbers), direction=direction).drawing.stage([])  # above it, or left of it
    courses, scene = stage.layout.edges, stage.writer.scene
    pairs = [(gate, scene.entering[gate.key]) for gate in scene.gates if len(scene.entering[gate.key]) == 2]
    down, side = direction == "TB", 1 if direction == "TB" else 2
    tips = [[float(courses[wire.key, wire.head].split()[0].split(",")[side]) for wire in wires] for _, wires in pairs]
    assert all(abs(first - second) > 8 for first, second in tips)
    ordered = [tip for (gate, _), tip in zip(pairs, tips, strict=True) if gate.node.op not in (ADD, MUL)]
    assert ordered and all((first < second) is down for first, second in ordered)  # y grows upwards in a layout


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_the_halves_of_a_wire_join_without_a_seam(direction: str) -> None:
    w, x = Value(2.0, "w"), Value(-1.0, "x")
    dot = str(draw(exp(w * x), direction=direction).drawing.stage([]).picture(View(), None))
    near = re.findall(r'-> (w\d+):\w .*pos="[^"]* ([^" ]*)"', dot)
    far = {key: points_of(course)[0] for key, course in re.findall(r'(w\d+):\w -> .*pos="([^"]*)"', dot)}
    assert len(near) == len(far) == 4
    axis = 0 if direction == "LR" else 1
    for key, end in near:
        beyond = float(end.split(",")[axis]) - far[key][axis]
        assert 0.4 < (beyond if direction == "LR" else -beyond) < 2
