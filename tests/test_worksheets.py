"""Worksheets: boxes exactly where something is asked, no answer on the sheet, and a key in which nothing has moved."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from pypdf import PdfReader

from drawings import Drawing, neuron, product
from micrograd_es import MLP, Neuron, Value, draw, gradients, leaves, parse, worksheet
from micrograd_es.figures.fonts import text_width
from worksheet_cases import GRAPHS, LOOKS, NAMES, drawing, kinds, named, said, shared, sheet_and_key, staged

# What is asked


@pytest.mark.parametrize("look", LOOKS, ids=str)
@pytest.mark.parametrize("graph", GRAPHS, ids=NAMES)
def test_nothing_moves_from_the_sheet_to_its_key(graph: Callable[[], Value], look: dict[str, Any]) -> None:
    made = worksheet(graph(), **look)
    sheet, key = (drawing(svg, look) for svg in (made.svgs()[0], made.key.svgs()[0]))
    assert sheet.frame == key.frame
    head = ("line", "steps_0", "steps_1")  # the line for the name, and the steps below, are what differs
    given = [text for text in sheet.texts if text.node not in head]
    answers = [text for text in key.texts if text.node not in head and text not in given]
    assert given and all(text in key.texts for text in given)
    assert len(answers) == len(sheet.blanks) == len(key.blanks)
    assert sheet.blanks == key.blanks
    lines = [shape for shape in sheet.drawn if shape in key.drawn]
    assert len(key.drawn) == len(lines) >= len(sheet.drawn) - 2  # without the rules for the name and the date


@pytest.mark.parametrize("look", LOOKS, ids=str)
@pytest.mark.parametrize("graph", GRAPHS, ids=NAMES)
def test_each_box_of_the_key_holds_what_a_figure_shows_there(graph: Callable[[], Value], look: dict[str, Any]) -> None:
    key = drawing(worksheet(graph(), **look).key.svgs()[0], look)
    figure = drawing(draw(graph(), **{"theme": "print"} | look).svg(), look)
    for box in key.blanks:
        (inside,) = [text for text in key.texts if text.node == box.node and box.holds(text.x + 1, text.y - 3)]
        assert inside.fill == box.stroke
        shown = [text.text for text in figure.texts if text.node == box.node and text.fill == box.stroke]
        assert re.sub(".*= ", "", "".join(shown)) == inside.text


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        ("all", "w1.gradient w2.gradient w3.value w3.gradient w4.gradient w5.value w5.gradient"),
        ("gradients", "w1.gradient w2.gradient w3.gradient w4.gradient w5.gradient"),
        ("values", "w3.value w5.value"),
        ("x", "w1.gradient"),
        ("q", "w3.value w3.gradient"),
        (["q", "z"], "w3.value w3.gradient w4.gradient"),
        (["f", "f"], "w5.value w5.gradient"),
        (["values", "x"], "w1.gradient w3.value w5.value"),
    ],
    ids=str,
)
def test_there_are_boxes_exactly_where_something_is_asked(ask: Any, expected: str) -> None:
    sheet, _ = sheet_and_key(worksheet(named(), ask))
    assert kinds(sheet) == sorted(expected.split())


def test_a_value_can_be_asked_for_itself() -> None:
    f = named()
    (q, z), x = f.inputs, f.inputs[0].inputs[0]
    assert kinds(sheet_and_key(worksheet(f, q))[0]) == ["w3.gradient", "w3.value"]
    assert kinds(sheet_and_key(worksheet(f, [z, x]))[0]) == ["w1.gradient", "w4.gradient"]
    first, second = worksheet([named(), named()], (name for name in ("x", "z"))).svgs()
    assert kinds(Drawing.of(first, "print")) == kinds(Drawing.of(second, "print")) == ["w1.gradient", "w4.gradient"]


def test_of_several_exercises_each_is_asked_for_the_names_that_it_has() -> None:
    made = worksheet([named(), parse("f = a·b", a=2.0, b=3.0)], ["x", "a", "f"])
    first, second = (kinds(Drawing.of(svg, "print")) for svg in made.svgs())
    assert (first, second) == (["w1.gradient", "w5.gradient", "w5.value"], ["w1.gradient", "w3.gradient", "w3.value"])


def test_what_is_not_asked_is_given() -> None:
    sheet, _ = sheet_and_key(worksheet(named(), ["q"]))
    figure = Drawing.of(draw(named(), theme="print").svg(), "print")
    del figure.wires["w3"]
    assert {key: pair for key, pair in sheet.wires.items() if key != "w3"} == {
        key: pair for key, pair in figure.wires.items() if key != "w3"
    }
    assert sheet.wires["w3"] == ("q = ", "")


def test_with_values_alone_there_are_no_gradients() -> None:
    sheet, key = sheet_and_key(worksheet(named(), "values"))
    assert {gradient for _, gradient in [*sheet.wires.values(), *key.wires.values()]} == {""}
    assert len(worksheet(parse("√x", x=0.0), "values").key) == 1  # its slope at 0, which is not there, is not needed


def test_local_gradients_are_asked_for_with_local() -> None:
    sheet, _ = sheet_and_key(worksheet(named(), local=True))
    assert [kind for kind in kinds(sheet) if "local" in kind] == ["w1.local", "w2.local", "w3.local", "w4.local"]
    assert sheet.said(end="_local") == ["∂q/∂x = ", "∂q/∂y = ", "∂f/∂q = ", "∂f/∂z = "]
    sheet, _ = sheet_and_key(worksheet(named(), "x", local=True))
    assert [kind for kind in kinds(sheet) if "local" in kind] == ["w1.local"]


def test_at_a_fork_a_value_is_asked_once_and_every_branch_has_its_own_gradient() -> None:
    f = shared()
    sheet, key = sheet_and_key(worksheet(f))
    branches = [wire.key for wire in worksheet(f).sheets[0].texts.scene.wires if wire.is_branch]
    assert len(branches) == 3
    assert all(f"{wire}.gradient" in kinds(sheet) and f"{wire}.value" not in kinds(sheet) for wire in branches)
    assert [key.wires[wire][0] for wire in branches] == ["", "", ""]
    given, _ = sheet_and_key(worksheet(f, "gradients"))
    assert [given.wires[wire][0] for wire in branches] == ["1.50", "1.50", "1.50"]


def test_nothing_is_asked_of_constants_that_are_drawn_as_nodes() -> None:
    f = parse("(x + 1)·(x − 2.5)", x=2.0)
    sheet, key = sheet_and_key(worksheet(f, constants="nodes", local=True, language="en"))
    constants = [w.key for w in worksheet(f, constants="nodes").sheets[0].texts.scene.wires if w.value.is_constant]
    assert len(constants) == 2
    for wire in constants:
        assert not [kind for kind in kinds(sheet) if kind.startswith(f"{wire}.")]
        assert sheet.wires[wire] == key.wires[wire] and sheet.wires[wire][1] == ""
    steps = "".join(said(Drawing.of(svg, "print"), "steps_0") for svg in worksheet(f, constants="nodes").key.svgs())
    assert "(x + 1)′ = 1.00" in steps and "(x − 2.5)′ = 1.00" in steps  # no letters for 1 and 2.5


def test_what_a_folded_neuron_does_is_given_and_what_a_folded_sigmoid_does_is_asked() -> None:
    model = MLP(2, [2, 1], activation="tanh", output="tanh", seed=1)
    (f,) = model([1.0, 2.0])
    sheet, _ = sheet_and_key(worksheet(f, depth=2))
    assert {kind.partition(".")[2] for kind in kinds(sheet)} == {"gradient"}  # its weights are on no wire
    assert len(sheet.said(end="_local")) == 6
    slopes = [f"∂a/∂a₁ = {gradient:.6g}".replace("-", "−") for x, gradient in gradients(f).items() if x.label == "a1"]
    assert slopes and slopes[0] in sheet.said(end="_local")
    asked, _ = sheet_and_key(worksheet(f, ["a1"], depth=2))
    assert any(kind.endswith(".value") for kind in kinds(asked))  # unless it is asked for by its name
    sigmoid, _ = sheet_and_key(worksheet(neuron("σ"), fold="σ"))
    assert len([kind for kind in kinds(sigmoid) if kind.endswith(".value")]) == 5
    assert sigmoid.said(end="_local") == []


# No answer on the sheet

NUMBER = re.compile(r"[-−]?\d+(?:[.,]\d+)?")


def answers(f: Value) -> set[str]:
    """What must not be read on the sheet of a graph, as it is written and as Python shows it."""
    numbers = [node.data for node in gradients(f) if node.op] + list(gradients(f).values())
    shown = set(Drawing.of(draw(f).svg()).wires.values())
    written = {text.rpartition("= ")[2] for pair in shown for text in pair}
    given = {f"{x.data:.2f}".replace("-", "−") for x in gradients(f) if x.op is None}
    return {str(number) for number in numbers if len(str(number)) > 4} | {
        text for text in written - given if len(text) > 3
    }


@pytest.mark.parametrize("look", [{}, {"local": True, "roles": True}, {"direction": "TB"}], ids=str)
@pytest.mark.parametrize("graph", [named, shared, staged, neuron], ids=["named", "shared", "staged", "neuron"])
def test_no_format_of_the_sheet_tells_an_answer(
    graph: Callable[[], Value], look: dict[str, Any], tmp_path: Path
) -> None:
    secret = answers(graph())
    assert len(secret) > 3
    sheet = worksheet(graph(), **look)
    assert len(secret & set(NUMBER.findall(readable(sheet.key.svgs()[0])))) > 1  # what the key tells would be found
    for suffix in ("pdf", "html", "dot"):
        sheet.save(tmp_path / f"sheet.{suffix}")
    (svg,) = sheet.svgs()
    html = (tmp_path / "sheet.html").read_text("utf-8")
    (alternative, picture) = re.findall('<img alt="(.*)" src="data:image/svg.xml;base64,(.*)">', html)[0]
    told = {
        "svg": readable(svg),
        "html": alternative + readable(base64.b64decode(picture).decode()),
        "dot": re.sub("<[^>]*>", " ", (tmp_path / "sheet.dot").read_text("utf-8")),
        "pdf": PdfReader(tmp_path / "sheet.pdf").pages[0].extract_text(),
    }
    for name, text in told.items():
        numbers = set(NUMBER.findall(text))
        assert {f"{x.data:.2f}".replace("-", "−") for x in leaves(graph())} <= numbers, name
        assert not secret & numbers, name


def readable(svg: str) -> str:
    """All that a drawing says, with titles and descriptions."""
    root = ElementTree.fromstring(svg.encode())
    return " ".join("".join(one.itertext()) for one in root.iter() if not one.tag.endswith("style") and one.text)


def test_a_box_does_not_tell_how_long_its_answer_is() -> None:
    boxes = [
        {(box.right - box.left, box.bottom - box.top) for box in sheet_and_key(worksheet(f))[0].blanks}
        for f in (Value(2.0, "x") * Value(3.0, "y"), Value(123456.0, "x") * Value(0.5, "y"))
    ]
    assert len(boxes[0]) == len(boxes[1]) == 1
    five = text_width("−00.00", 16)
    assert all(wide > five + 10 and high >= 25 for ((wide, high),) in boxes)


def test_the_description_of_a_sheet_tells_what_is_given_and_that_of_its_key_the_answers() -> None:
    sheet, key = sheet_and_key(worksheet(named(), language="en"))
    said, solved = ("".join(one.root.find("{*}desc").itertext()) for one in (sheet, key))  # type: ignore[union-attr]
    assert said == "Worksheet: 2 gates, 3 inputs, 7 blanks to fill in. Given: x = −2.30; y = 5.60; z = −4.20."
    assert "f = −13.86" in solved and "∂f/∂z = 3.30" in solved
    assert sheet.root[0].text == "Exercise" and key.root[0].text == "Exercise · Answer key"


# What cannot be


@pytest.mark.parametrize(
    ("error", "f", "given", "message"),
    [
        (ValueError, product(), {"ask": "w9"}, r"no wire .* is called that; expected 'all', .* a name: x, y, z, f\."),
        (ValueError, product(), {"ask": "valeus"}, r"Did you mean 'values'\?"),
        (ValueError, product(), {"ask": Value(3.0)}, r"on no wire of this figure by itself"),
        (ValueError, product(), {"ask": []}, r"ask is \[\], and this figure has none of it"),
        (
            ValueError,
            product(),
            {"ask": "gradients", "gradients": False},
            r"ask is 'gradients', and this figure has none of it .* 'all', 'values', 'f'\. Leave gradients=False out",
        ),
        (
            ValueError,
            product(),
            {"ask": "x", "gradients": False},
            r"ask is 'x', .* to compute; expected 'all'",
        ),
        (ValueError, Value(3.0, "x"), {"ask": "values"}, r"nothing to compute in this figure; expected a gate with"),
        (ValueError, parse("2·3"), {}, r"nothing to compute in this figure; .* Write parse\('2·x', x=3\)"),
        (ValueError, [product(), Value(3.0, "w")], {"ask": ["w", "t"]}, r"ask is 't', and no wire of these figures"),
        (ValueError, [product(), Value(3.0, "w")], {"ask": ["w"]}, r"exercise 1 has none of it; .* x, y, z, f\."),
        (TypeError, product(), {"ask": 3}, r"ask is 3 \(int\); expected 'all', 'values', 'gradients', a name, a Value"),
        (TypeError, product(), {"ask": None}, r"ask is None \(NoneType\)"),
        (TypeError, product(), {"task": 3}, r"task is 3 \(int\); expected text"),
        (TypeError, product(), {"title": 3}, r"title is 3 \(int\); expected text"),
        (TypeError, product(), {"theem": "dark"}, r"'theem' is no option of a figure; .* Did you mean 'theme'\?"),
        (ValueError, product(), {"theme": "neon"}, r"expected one of lecture, print, dark"),
        (ValueError, product(), {"level": 0}, r"level=0 was given, and a worksheet has no block graphs\. Leave level"),
        (ValueError, product(), {"symbols": True}, r"a worksheet asks for numbers\. Leave symbols out"),
        (ValueError, [], {}, r"from an empty list; expected a Value, or a list with at least one"),
        (TypeError, 3, {}, r"an exercise is 3 \(int\); expected a Value\. Write worksheet\(Value\(3\)\)"),
        (TypeError, [product(), 3], {}, r"an exercise is 3 \(int\); expected a Value"),
        (TypeError, lambda x: x, {}, r"expected a Value\. Write worksheet\(f\(x\)\)"),
        (TypeError, "a·b", {}, r"expected a Value\. Write worksheet\(parse\('a·b', x=2\)\)"),
        (TypeError, [[product(), product()]], {}, r"\(list\); expected a Value\. Write worksheet\(\[f, g\]\)"),
    ],
)
def test_what_is_asked_wrongly_is_told_in_one_sentence(
    error: type[Exception], f: Any, given: Any, message: str
) -> None:
    with pytest.raises(error, match=message):
        worksheet(f, **given)


def test_an_open_neuron_of_a_network_is_an_exercise() -> None:
    sheet, _ = sheet_and_key(worksheet(Neuron(2, activation="tanh", seed=1)([1.0, -2.0])))
    assert {"w1.gradient", "w2.gradient"} <= set(kinds(sheet))
    assert len([kind for kind in kinds(sheet) if kind.endswith(".value")]) == 4  # two products, z and a
