"""The pages of a worksheet: room to write by hand, and the files."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from browser import CHROMIUM, chromium
from conftest import in_new_process
from drawings import Blank, Drawing, neuron, product, tangle
from micrograd_es import Value, scope, worksheet
from micrograd_es.figures import THEMES
from micrograd_es.figures import sheet as sheets
from micrograd_es.figures.curves import points_of
from micrograd_es.figures.dot import View
from micrograd_es.figures.fonts import text_width
from micrograd_es.figures.render import render
from worksheet_cases import GRAPHS, LOOKS, NAMES, drawing, named, sheet_and_key, staged

A4 = (595.28, 841.89)

# Room to write


@pytest.mark.parametrize("look", LOOKS, ids=str)
@pytest.mark.parametrize("seed", range(6))
def test_no_box_meets_another_or_a_gate(seed: int, look: dict[str, Any]) -> None:
    made = worksheet(tangle(4, seed), **look).sheets[0]  # the figure alone: it may be too large for a page
    dot = made.stage.picture(View(made.texts.given))
    sheet = drawing(render(dot, "svg", engine="nop2").decode(), look)
    assert len(sheet.blanks) > 8
    for i, box in enumerate(sheet.blanks):
        assert not any(box.meets(other) for other in sheet.blanks[:i])
        assert not any(box.meets(gate) for gate in sheet.gates)


@pytest.mark.parametrize("look", LOOKS, ids=str)
@pytest.mark.parametrize("graph", GRAPHS, ids=NAMES)
def test_no_wire_and_no_role_runs_through_a_box(graph: Callable[[], Value], look: dict[str, Any]) -> None:
    made = worksheet(graph(), **look)
    sheet = drawing(made.svgs()[0], look)
    roles = [text for text in sheet.texts if text.node.endswith("_role")]
    assert bool(roles) == bool(look.get("roles"))
    for box in sheet.blanks:
        assert not any(box.holds(x, y) for x, y in sheet.lines), box
        assert not any(box.meets(_room(role.text, role.x, role.y)) for role in roles), box


def _room(text: str, x: float, y: float) -> Blank:
    """Where a small text stands that is written from its middle."""
    wide = text_width(text, 12) / 2
    return Blank("", "", x - wide, y - 8, x + wide, y + 1)


def test_a_wire_that_must_pass_a_box_runs_behind_it() -> None:
    svg = worksheet(product()).svgs()[0]
    (first, *_) = re.findall(r'<g id="w1" class="node">.*?</g>', svg, re.DOTALL)
    filled, outline = re.findall(r'<polygon fill="([^"]+)"', first)
    assert (filled, outline) == (THEMES["print"].paper, "none")
    assert svg.rindex('class="edge"') < svg.index('class="node"')


def test_a_named_value_has_its_boxes_one_under_the_other() -> None:
    sheet, _ = sheet_and_key(worksheet(named()))
    value, gradient = (box for box in sheet.blanks if box.node == "w3")
    assert (value.left, value.right) == (gradient.left, gradient.right)


@pytest.mark.parametrize("look", [{}, {"local": True}], ids=str)
def test_from_top_to_bottom_boxes_stand_next_to_their_wire(look: dict[str, Any]) -> None:
    made = worksheet(named(), direction="TB", **look)
    sheet, _ = sheet_and_key(made)
    value, gradient = (box for box in sheet.blanks if box.node == "w3")
    middle = sum(x for x, _ in sheet.lines if value.right < x < gradient.left) / sum(
        value.right < x < gradient.left for x, _ in sheet.lines
    )
    assert middle - value.right == pytest.approx(gradient.left - middle, abs=1)
    assert gradient.left - value.right < 12


def test_wires_run_straight_from_boxes_into_a_folded_gate() -> None:
    a, b, c, d, e = (Value(i + 0.5, name) for i, name in enumerate("abcde"))
    with scope("s"):
        f = a * b + c * d + e
    layout = worksheet(f, fold="s").sheets[0].stage.layout
    for wire in ("w1", "w2", "w3", "w4", "w5"):
        assert len({round(y) for _, y in points_of(layout.edges[wire, "g1"])}) == 1


@pytest.mark.parametrize("graph", [named, staged, neuron], ids=["named", "staged", "neuron"])
def test_a_page_is_a4_and_its_boxes_are_high_enough_to_write_in(graph: Callable[[], Value], tmp_path: Path) -> None:
    made = worksheet(graph())
    made.save(tmp_path / "sheet.pdf", key=tmp_path / "key.pdf")
    for name in ("sheet", "key"):
        for page in PdfReader(tmp_path / f"{name}.pdf").pages:
            assert sorted(map(float, page.mediabox[2:])) == pytest.approx(A4, abs=1)
    scale = made.sheets[0].paper.scale
    (high,) = {round(box.bottom - box.top) for box in sheet_and_key(made)[0].blanks}
    assert high * scale / 72 * 25.4 > 4


def test_what_does_not_fit_a_page_is_refused() -> None:
    small = r"'Ejercicio 2' is too large for a page: .* would be [123]\.\d+ mm high; .* 4 mm, .*\. Take a smaller part"
    with pytest.raises(ValueError, match=small):
        worksheet([product(), tangle(30, 1)]).svgs()
    with pytest.raises(ValueError, match=r"a graph of \d+ gates is no exercise to do by hand\. Fold its scopes"):
        worksheet(tangle(200, 1))


def test_what_is_said_of_a_figure_that_is_too_large_fits_it() -> None:
    with pytest.raises(ValueError, match=r"to write in\. Leave local=True out\. Take a smaller part of it\."):
        worksheet(tangle(30, 1), local=True).svgs()
    with scope("s"):
        f = tangle(30, 1)
    with pytest.raises(ValueError, match=r"to write in\. Fold scopes \(fold=…, depth=…\), or take a smaller part"):
        worksheet(f).svgs()


def test_boxes_that_are_hardly_too_low_are_not_said_to_be_4_mm_high(monkeypatch: pytest.MonkeyPatch) -> None:
    made = worksheet(product())
    monkeypatch.setattr(sheets, "BLANK_HEIGHT", 3.999 * sheets.MILLIMETRE / made.sheets[0].paper.scale)
    with pytest.raises(ValueError, match=r"would be 3\.99 mm high; expected at least 4 mm"):
        worksheet(product()).svgs()


def test_wide_graphs_lie_on_their_side_and_others_stand() -> None:
    assert not worksheet(product()).sheets[0].paper.wide
    assert worksheet(neuron()).sheets[0].paper.wide


# Files


def test_a_sheet_and_its_key_are_both_written_or_none(tmp_path: Path) -> None:
    made = worksheet(named())
    sheet, key = tmp_path / "sheet.pdf", tmp_path / "key.pdf"
    assert made.save(sheet, key=key) == [sheet, key]
    for path in (sheet, key):
        path.unlink()
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        made.save(sheet, key=tmp_path / "missing" / "key.pdf")
    with pytest.raises(ValueError, match=r"expected a name that ends in \.pdf, \.svg, \.png, \.html, \.dot"):
        made.save(sheet, key=tmp_path / "key.gif")
    with pytest.raises(ValueError, match=r"is the name of two files; expected a name for each"):
        made.save(sheet, key=sheet)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", ["pdf", "svg", "png", "html", "dot"])
def test_every_format_has_every_page(suffix: str, tmp_path: Path) -> None:
    made = worksheet([named(), product()])
    written = made.save(tmp_path / f"sheet.{suffix}")
    one = suffix in ("pdf", "html")
    names = [f"sheet.{suffix}"] if one else [f"sheet-01.{suffix}", f"sheet-02.{suffix}"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert written == (tmp_path / names[0] if one else [tmp_path / name for name in names])
    assert worksheet(named()).save(tmp_path / f"one.{suffix}") == tmp_path / f"one.{suffix}"
    if suffix == "pdf":
        reader = PdfReader(tmp_path / "sheet.pdf")
        assert len(reader.pages) == 2 and reader.metadata and reader.metadata.title == "Ejercicios"
    elif suffix == "html":
        assert (tmp_path / "sheet.html").read_text("utf-8").count("<img ") == 2
    elif suffix == "dot":
        drawn = Drawing.of(render((tmp_path / "sheet-02.dot").read_text("utf-8"), "svg").decode(), "print")
        assert len(drawn.blanks) == 7


def test_a_png_is_a_page_at_200_dots_an_inch(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    path = worksheet(named()).save(tmp_path / "sheet.png")
    with image.open(BytesIO(path.read_bytes())) as picture:  # type: ignore[union-attr]
        assert picture.size == pytest.approx([side / 72 * 200 for side in A4], abs=3)


def test_a_web_page_prints_each_page_on_paper_that_stands_or_lies_as_it_does() -> None:
    html = worksheet([named(), neuron()]).html()
    assert re.findall('class="(.*?)"', html) == ["upright", "wide"]
    assert "@page{size:A4;margin:0}@page wide{size:A4 landscape;margin:0}" in html
    assert "img.wide{page:wide;width:297mm;" in html


@pytest.mark.skipif(CHROMIUM is None, reason="drives a real browser")
def test_in_a_browser_printing_gives_a_page_for_each_page(tmp_path: Path) -> None:
    made = worksheet([named(), neuron(), named()])
    file, printed = tmp_path / "sheet.html", tmp_path / "sheet.pdf"
    made.save(file)
    chromium(tmp_path / "profile", f"--print-to-pdf={printed}", "--no-pdf-header-footer", file.as_uri())
    sizes = [tuple(map(float, page.mediabox[2:])) for page in PdfReader(printed).pages]
    assert [wide > high for wide, high in sizes] == [page.wide for page in made.pages] == [False, True, False]
    assert all(sorted(size) == pytest.approx(A4, abs=1) for size in sizes)


def test_a_notebook_shows_every_page() -> None:
    made = worksheet([named(), product()])
    assert made._repr_html_().count('<img alt="Ejercicio') == 2
    assert made.key._repr_html_().count("<img ") == len(made.key)


BYTES = """
import sys, hashlib, tempfile, pathlib
sys.path.insert(0, TESTS)
from drawings import neuron, product
from micrograd_es import worksheet
with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    made = worksheet([neuron("σ"), product()], local=True, roles=True)
    for suffix in ("svg", "pdf", "png", "html", "dot"):
        made.save(folder / f"sheet.{suffix}", key=folder / f"key.{suffix}")
    for path in sorted(folder.iterdir()): print(path.name, hashlib.sha256(path.read_bytes()).hexdigest())
"""


def test_the_same_graph_gives_the_same_bytes_in_every_process() -> None:
    code = f"TESTS = {str(Path(__file__).parent)!r}\n{BYTES}"
    runs = [in_new_process(code, PYTHONHASHSEED=seed) for seed in ("1", "2")]
    assert runs[0] == runs[1]
    assert len(runs[0].splitlines()) > 12
