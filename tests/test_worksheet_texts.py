"""What is said on a worksheet and in its key: the task, how to round, the worked steps, titles of any length."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest

from drawings import Drawing, neuron
from micrograd_es import Value, dot, draw, frames, parse, scope, worksheet
from micrograd_es.figures.fonts import text_width
from worksheet_cases import named, said, sheet_and_key


@pytest.mark.parametrize(
    ("ask", "look", "expected", "missing"),
    [
        ("all", {}, ["valores", "encima de los cables", "gradientes de f", "debajo de los cables"], ["locales"]),
        ("values", {}, ["valores"], ["gradientes"]),
        ("gradients", {"local": True}, ["gradientes de f", "locales"], ["valores"]),
        ("all", {"direction": "TB"}, ["a la izquierda de los cables", "a la derecha de los cables"], ["encima"]),
        ("all", {"language": "en"}, ["values", "gradients of f", "above the wires"], ["valores"]),
    ],
)
def test_the_task_tells_what_is_asked(ask: str, look: Any, expected: list[str], missing: list[str]) -> None:
    task = said(sheet_and_key(worksheet(named(), ask, **look))[0], "task")
    assert all(words in task for words in expected), task
    assert not any(words in task for words in missing), task


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        ({}, "2 decimales."),
        ({"decimals": 1}, "1 decimal."),
        ({"decimals": 0}, "enteros."),
        ({"digits": 3, "comma": True}, "3 cifras significativas."),
        ({"decimals": 9}, ""),
    ],
)
def test_the_task_says_how_to_round_where_an_answer_is_rounded(look: Any, expected: str) -> None:
    task = said(sheet_and_key(worksheet(Value(1.125, "x") * Value(0.75, "y"), **look))[0], "task")
    assert ("redondea" in task) == bool(expected)
    assert not expected or task.endswith(f"Calcula con todos los decimales y redondea cada respuesta a {expected}")


@pytest.mark.parametrize(
    ("x", "y", "look", "expected"),
    [
        (5e-7, 0.00123456, {}, "a 3 cifras significativas."),
        (5e-7, 1.125, {}, "a 2 decimales; las muy grandes o muy pequeñas, a 3 cifras significativas."),
        (0.004, 1.125, {}, "a 2 decimales; las muy grandes o muy pequeñas, a 3 cifras significativas."),
        (0.0002, 0.00567, {"decimals": 1}, "a 2 cifras significativas."),
        (0.25, 0.125, {"decimals": 0}, "a 1 cifra significativa."),
        (1.125, 0.5, {"digits": 1}, "a 1 cifra significativa."),
        (1234.5, 0.123, {"digits": 2}, "a 2 cifras significativas; las muy grandes o muy pequeñas, a enteros."),
        (2.0, 3.0, {}, ""),
        (0.0002, 1e-3, {}, ""),  # with all their digits, as 2.00·10⁻⁴ is
        (0.1, 3.0, {}, ""),  # 0.30000000000000004
    ],
)
def test_how_to_round_holds_for_every_answer(x: float, y: float, look: Any, expected: str) -> None:
    task = said(sheet_and_key(worksheet(Value(x, "x") * Value(y, "y"), **look))[0], "task")
    assert task.endswith(f"redondea cada respuesta {expected}") if expected else "redondea" not in task


@pytest.mark.parametrize(("language", "expected"), [("es", "1 puerta, 1 entrada. "), ("en", "1 gate, 1 input. ")])
def test_one_thing_is_described_as_one(language: str, expected: str) -> None:
    f = parse("x + 2", x=1.0)
    assert expected in draw(f, language=language).svg()
    (svg,) = worksheet(f, ["x"], language=language).svgs()
    assert ("1 hueco para rellenar" if language == "es" else "1 blank to fill in") in svg


@pytest.mark.parametrize(
    ("look", "x", "expected"),
    [
        ({}, -4.125, "−4.125"),
        ({}, -2, "−2.00"),
        ({}, 0.1 + 0.2, "0.30"),
        ({}, 0.004, "0.004"),
        ({}, 1 / 3, "0.333333"),
        ({}, Fraction(1, 3), "1/3"),
        ({"decimals": 0}, 0.5, "0.5"),
        ({"digits": 3, "comma": True}, 1234.5, "1234,5"),
        ({"digits": 2}, 0.000123456, "0.000123456"),
        ({}, 2.5e-7, "2.50·10⁻⁷"),
        ({}, 123456789, "1.23457·10⁸"),
    ],
)
def test_numbers_that_are_given_keep_their_digits_and_answers_are_rounded(look: Any, x: Any, expected: str) -> None:
    sheet, key = sheet_and_key(worksheet(Value(x, "x") * Value(1.125, "y"), **look))
    assert sheet.wires["w1"] == (key.wires["w1"][0], "") == (expected, "")
    shown = draw(Value(x, "x") * Value(1.125, "y"), **look).svg()
    assert key.wires["w1"][1] == Drawing.of(shown).wires["w1"][1]  # its gradient, 1.125


def test_what_is_given_is_given_alike_on_the_sheet_and_in_the_steps() -> None:
    f = parse("q = x + y; f = q·z", x=-2.25, y=5, z=-4.125)
    _, key = sheet_and_key(worksheet(f))
    steps = said(key, "steps_0")
    assert "f = q·z = 2.75 × (−4.125) = −11.34" in steps
    assert "∂f/∂q = z = −4.125" in steps and "1.00 × (−4.125) = −4.13" in steps
    (described,) = (one.text for one in Drawing.of(worksheet(f).svgs()[0], "print").root.iter() if "desc" in one.tag)
    assert "z = −4.125." in (described or "")
    sheet, key = sheet_and_key(worksheet(f, "x"))  # the rest is given, also what was computed and came back
    assert sheet.wires["w5"] == ("−11.3438", "1.00") and sheet.wires["w4"][0] == "−4.125"
    assert "∂f/∂x = ∂f/∂q · ∂q/∂x = −4.125 × 1.00 = −4.13" in said(key, "steps_0")


def test_the_constants_of_a_formula_are_given_too() -> None:
    sheet, key = sheet_and_key(worksheet(parse("x·3.14159265 + 0.5", x=2.0)))
    assert "× 3.14159" in [text.text for text in sheet.texts]
    assert "2.00 × 3.14159 = 6.28" in said(key, "steps_0")


def test_fractions_are_asked_for_exactly() -> None:
    sheet, key = sheet_and_key(worksheet(parse("(x + y)² / (x − y)", x=Fraction(1, 2), y=Fraction(1, 3))))
    assert "redondea" not in said(sheet, "task")
    assert "25/6" in {value for value, _ in key.wires.values()}


def test_a_title_and_a_task_of_ones_own_stand_on_the_sheet() -> None:
    sheet, key = sheet_and_key(worksheet(named(), title="Tema 3", task="Resuelve.\nSin prisa."))
    assert said(sheet, "title") == said(key, "title") == "Tema 3"
    assert said(sheet, "task") == "Resuelve.Sin prisa."
    assert said(sheet, "line").split() == ["Nombre:", "Fecha:"]
    assert said(key, "line") == "Solución"
    assert said(sheet_and_key(worksheet(named(), task=""))[0], "task") == ""


LONG = "Unidad 3: retropropagación en grafos con varias ramas, con y sin gradientes locales, para entregar el lunes"


@pytest.mark.parametrize("text", [LONG, "w" * 400], ids=["words", "letters"])
def test_a_long_title_goes_on_in_the_next_line(text: str) -> None:
    made = worksheet([named(), neuron()], title=text)
    for page in [*made.pages, *made.key.pages]:
        drawn = Drawing.of(page.svg(), "print")
        assert said(drawn, "title").replace(" ", "").startswith(text.replace(" ", ""))
        assert inside(drawn, page.size)
        (*_, last) = (text for text in drawn.texts if text.node == "title")
        assert all(text.y > last.y + 10 for text in drawn.texts if text.node not in ("title", "line"))


def test_a_task_of_ones_own_is_never_cut() -> None:
    task = "\n".join(f"{i}. Calcula {'todos los valores y gradientes del grafo, ' * 9}y explícalo." for i in "abc")
    (page,) = worksheet(named(), task=task).pages
    drawn = Drawing.of(page.svg(), "print")
    assert re.sub(r"\s", "", said(drawn, "task")) == re.sub(r"\s", "", task)
    assert inside(drawn, page.size)


@pytest.mark.parametrize(("lines", "title"), [(60, None), (40, None), (0, "w" * 3000)])
def test_a_task_or_a_title_that_leaves_no_room_for_the_figure_is_refused(lines: int, title: str | None) -> None:
    message = r"the task of '.{5,60}' takes \d+ lines under a title of \d+; expected at most 3\d under .* Write less"
    made = worksheet(named(), title=title, task="\n".join(["Sin prisa."] * lines))
    with pytest.raises(ValueError, match=message):
        made.svgs()
    assert worksheet(named(), task="\n".join(["Sin prisa."] * 30)).svgs()


def inside(drawn: Drawing, size: tuple[float, float]) -> bool:
    """Whether a page is A4, with a margin of more than a centimetre beside its text."""
    _, _, wide, high = map(float, drawn.frame[2].split())
    assert (wide, high) == pytest.approx(size, abs=1.5)
    place = drawn.root.find("{*}g").attrib["transform"]  # type: ignore[union-attr]
    scale, left = (float(re.findall(rf"{name}\(([-\d.]+)", place)[0]) for name in ("scale", "translate"))
    texts = [one for one in drawn.root.iter() if one.tag.endswith("}text") and one.get("text-anchor") == "start"]
    starts = [(float(one.attrib["x"]) + left) * scale for one in texts]
    ends = [
        start + text_width(one.text or "", float(one.attrib["font-size"]) * scale, "semibold" if bold else "regular")
        for start, one in zip(starts, texts, strict=True)
        for bold in ["font-weight" in one.attrib]
    ]
    return min(starts) > 30 and max(ends) < wide - 30


def test_the_words_of_a_line_do_not_run_into_each_other() -> None:
    (svg, *_) = worksheet(named()).key.svgs()
    seen = 0
    for node in ("task", "steps_0"):
        (group,) = (one for one in ElementTree.fromstring(svg.encode()).iter() if one.get("id") == node)
        runs = [one.attrib | {"text": one.text or ""} for one in group]
        for left, right in pairwise(runs):
            if left["y"] == right["y"]:
                face = "semibold" if "font-weight" in left else "regular"
                end = float(left["x"]) + text_width(left["text"], float(left["font-size"]), face)
                assert float(right["x"]) == pytest.approx(end, abs=0.02)
                seen += 1
    assert seen > 20


def test_an_exponent_in_the_steps_is_smaller_than_its_line() -> None:
    (svg, *_) = worksheet(parse("exp(x)", x=2.0)).key.svgs()
    (raised, *_) = re.findall(r'baseline-shift="super" font-size="([\d.]+)"[^>]*>2.00<', svg)
    (line, *_) = re.findall(r'font-size="([\d.]+)"[^>]*>f = e<', svg)
    assert float(raised) == pytest.approx(0.7 * float(line), abs=0.01)


@pytest.mark.parametrize("ask", ["all", "values", "q", ["x", "z"]], ids=str)
def test_the_key_works_out_what_is_asked_as_the_frames_do(ask: Any) -> None:
    f = named()
    made = worksheet(f, ask)
    film = frames(f, gradients=ask != "values")
    asked = made.sheets[0].texts.asked
    expected = [step.caption.text() for step in film.steps if asked & set(step.appears)]
    written = re.sub(r"\s", "", "".join(said(Drawing.of(svg, "print"), "steps_0") for svg in made.key.svgs()))
    assert expected
    assert written == re.sub(r"\s", "", "".join(expected))


def test_the_steps_of_a_key_spell_out_every_input() -> None:
    xs = [Value(float(i), f"x{i}") for i in range(1, 7)]
    with scope("bloque"):
        f = dot(range(1, 7), xs)
    svgs = worksheet(f, fold="bloque").key.svgs()
    steps = "".join(said(Drawing.of(svg, "print"), f"steps_{i}") for svg in svgs for i in range(2))
    assert all(f"∂f/∂x{low} = {i}.00" in steps for low, i in zip("₁₂₃₄₅₆", "123456", strict=True))
    assert "más" not in steps


def test_the_steps_tell_the_gradient_along_a_branch_from_that_of_all_branches() -> None:
    steps = said(sheet_and_key(worksheet(parse("x·x", x=3.0)))[1], "steps_0")
    assert len(re.findall(r"∂f/∂x por esta rama = x = 3\.00\s+→\s+1\.00 × 3\.00 = 3\.00", steps)) == 2
    assert steps.endswith("∂f/∂x = 3.00 + 3.00 = 6.00") and steps.count("∂f/∂x = ") == 1
    svgs = worksheet(parse("q = x·x; f = q + q·y", x=3.0, y=2.0), language="en").key.svgs()
    steps = "".join(said(Drawing.of(svg, "print"), f"steps_{i}") for svg in svgs for i in range(2))
    assert steps.count("∂q/∂x along this branch = ") == 2 and steps.count("∂f/∂q along this branch = ") == 1
    assert "∂(q·y)/∂q = y" in steps


def test_steps_that_do_not_fit_under_the_graph_go_on_on_more_pages() -> None:
    made = worksheet(neuron(), title="N")
    pages = [Drawing.of(svg, "print") for svg in made.key.svgs()]
    assert len(pages) > 1
    assert len({page.frame for page in pages}) == 1
    assert pages[1].root[0].text == "N · Solución (2)"
    written = "".join(said(page, node) for page in pages for node in ("steps_0", "steps_1"))
    for caption in frames(neuron()).captions[2:]:
        assert re.sub(r"[\s^()]", "", caption) in re.sub(r"[\s^()]", "", written)
    for page in pages:  # and none runs over the edge of the paper
        _, _, wide, high = map(float, page.frame[2].split())
        scale = made.sheets[0].paper.scale
        inside = [(text.x * scale, -text.y * scale) for text in page.texts]
        assert all(0 < x < wide and 20 < y < high for x, y in inside)


def test_several_exercises_are_numbered_a_page_each() -> None:
    made = worksheet([named(), neuron()], title="Tema 3", language="en")
    assert (len(made), len(made.sheets), made.title) == (2, 2, "Tema 3")
    assert [page.title for page in made.pages] == ["Tema 3 · 1", "Tema 3 · 2"]
    assert [page.title for page in worksheet([named(), named()]).pages] == ["Ejercicio 1", "Ejercicio 2"]
    assert made.key.pages[0].title == "Tema 3 · 1 · Answer key"


HOSTILE = ['"', "<b>x</b>", "&amp;", "a\nb\x00", "🙂", "\\N", "</script><img src=x onerror=alert(1)>", "x" * 500, "["]


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_can_stand_on_a_sheet(text: str) -> None:
    f = Value(2.0, text) * Value(3.0, "x")
    f.label = text
    for made in (worksheet(f, title=text, task=text), worksheet(f, ask=text, local=True)):
        for svg in (*made.svgs(), *made.key.svgs()):
            ElementTree.fromstring(svg.encode())
        assert "<img src=x" not in made.html().replace("&lt;", "")
