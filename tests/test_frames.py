"""A figure step by step: each frame adds its step and nothing moves; the captions spell the arithmetic."""

from __future__ import annotations

import json
import math
import re
import sys
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pypdf import PdfReader

from conftest import in_new_process
from drawings import Drawing, network, neuron, product, tangle
from micrograd_es import Value, dot, draw, exp, frames, log, maximum, scope, sin, sqrt, tanh
from micrograd_es.figures import THEMES
from micrograd_es.figures.page import UI_TEXT
from micrograd_es.ops import Op, Role
from micrograd_es.value import apply

LOOKS: list[dict[str, Any]] = [
    {},
    {"local": True, "roles": True},
    {"direction": "TB"},
    {"symbols": True},
    {"theme": "dark"},
]


def named() -> Value:
    """(x + y)·z with the sum's name, as the lectures write it."""
    x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    q = x + y
    q.label = "q"
    f = q * z
    f.label = "f"
    return f


def drawings(f: Value, **look: Any) -> list[Drawing]:
    return [Drawing.of(svg, look.get("theme", "lecture")) for svg in frames(f, **look).svgs()]


@pytest.mark.parametrize("look", LOOKS, ids=str)
@pytest.mark.parametrize("f", [product(), neuron("σ"), tangle(9, 3)], ids=["product", "neuron", "tangle"])
def test_a_frame_shows_what_the_one_before_did_and_its_step(f: Value, look: dict[str, Any]) -> None:
    film = frames(f, **look)
    pictures = drawings(f, **look)
    assert len(pictures) == len(film) == len(film.steps)
    for step, (before, after) in zip(film.steps[1:], pairwise(pictures), strict=True):
        added = Counter(after.graph) - Counter(before.graph)
        assert not Counter(before.graph) - Counter(after.graph)  # with the same places: nothing moves
        keys = {f"{text.node.removesuffix('_local')}.{kind(text.node, text.fill, after)}" for text in added}
        assert keys == set(step.appears)


def kind(node: str, fill: str, drawing: Drawing) -> str:
    if node.endswith("_local"):
        return "local"
    return "gradient" if fill == drawing.theme.gradient else "value"


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_all_frames_have_one_size(look: dict[str, Any]) -> None:
    assert len({drawing.frame for drawing in drawings(neuron(), **look)}) == 1


def test_the_first_frame_is_blank_and_the_second_has_the_inputs() -> None:
    first, second, *_ = drawings(product())
    assert first.wires == {}
    assert first.said(start="n") == ["x", "y", "z"]
    assert sorted(second.wires.values()) == [("5.00", ""), ("−2.00", ""), ("−4.00", "")]


def test_what_is_not_computed_yet_is_blank_and_zero_is_written() -> None:
    f = Value(0.0, "x") * Value(0.0, "y")
    pictures = drawings(f)
    zeros = [sum(text.text == "0.00" for text in picture.graph) for picture in pictures]
    assert zeros == [0, 2, 3, 3, 5]


@pytest.mark.parametrize("f", [product(), neuron(), tangle(10, 5), network(2, 2, 1)], ids=str)
def test_the_last_frame_is_the_figure(f: Value) -> None:
    last = drawings(f)[-1]
    assert last.wires == Drawing.of(draw(f).svg()).wires
    assert all(value and gradient for value, gradient in last.wires.values())


def test_the_gates_at_work_are_lit_one_at_a_time() -> None:
    look = THEMES["lecture"]
    lit = [svg.count(f'fill="{look.highlight}"') for svg in frames(named()).svgs()]
    assert lit == [0, 0, 1, 1, 0, 1, 1]


def test_a_frame_says_its_number_and_its_title() -> None:
    pictures = drawings(product(), language="en")
    assert [picture.said(start="count") for picture in pictures] == [[f"{i} / 7"] for i in range(1, 8)]
    assert pictures[2].root[0].text == "Computational graph of f (3/7)"


# Captions


def test_the_captions_spell_the_product_of_the_lecture() -> None:
    forward, product, _, back, last = frames(named()).captions[2:]
    assert squeezed("q = x + y = −2.00 + 5.00 = 3.00") in squeezed(forward)
    assert squeezed("= −12.00") in squeezed(product)
    assert "3.00" in product
    assert squeezed("1.00 × (−4.00) = −4.00") in squeezed(back)
    assert squeezed("1.00 × 3.00 = 3.00") in squeezed(back)
    assert squeezed("∂f/∂q · ∂q/∂x = −4.00 × 1.00 = −4.00") in squeezed(last)
    assert squeezed("∂f/∂q · ∂q/∂y = −4.00 × 1.00 = −4.00") in squeezed(last)


def squeezed(text: str) -> str:
    """Without the spaces, and with one sign for a product: how they look is not what is tested."""
    return re.sub(r"\s", "", text).replace("·", "×")


@pytest.mark.parametrize(
    ("frame", "arithmetic"),
    [
        (2, "w₀·x₀ = 2.00·(−1.00) = −2.00"),
        (3, "w₁·x₁ = −3.00·(−2.00) = 6.00"),
        (4, "−2.00 + 6.00 = 4.00"),
        (5, "4.00 + (−3.00) = 1.00"),
        (7, "= 0.37"),
        (8, "1 + 0.37 = 1.37"),
        (9, "1/1.37 = 0.73"),
        (11, "−1/1.37² = −0.53"),
        (11, "1.00 × (−0.53) = −0.53"),
        (12, "−0.53 × 1.00 = −0.53"),
        (13, "−0.53 × 0.37 = −0.20"),
        (14, "−0.20 × (−1.00) = 0.20"),
        (15, "0.20 × 1.00 = 0.20"),
        (17, "0.20 × (−2.00) = −0.39"),
        (17, "0.20 × (−3.00) = −0.59"),
        (18, "0.20 × (−1.00) = −0.20"),
        (18, "0.20 × 2.00 = 0.39"),
    ],
)
def test_the_captions_spell_the_neuron_of_the_lecture(frame: int, arithmetic: str) -> None:
    assert squeezed(arithmetic) in squeezed(frames(neuron()).captions[frame])


def heron(m: Any, x: Any) -> Any:
    """√x by Heron's steps: as a formula each is twice as long as the one before."""
    y = x
    for _ in range(30):
        y = (y + x / y) / 2
    return y


OWN: dict[str, tuple[Callable[..., Any], Callable[..., Any], str, str]] = {
    "asks": (lambda m, x: x if x > 0 else x / 10, lambda m, z, x: (1.0 if x > 0 else 0.1,), "own(6.00) = 6.00", "1.00"),
    "math": (lambda m, x: math.erf(x), lambda m, z, x: (math.exp(1 - x / 6),), "own(6.00) = 1.00", "1.00"),
    "NumPy": (lambda m, x: np.where(x > 0, x, 0), lambda m, z, x: (np.float64(1),), "own(6.00) = 6.00", "1.00"),
    "steps": (heron, lambda m, z, x: (1 / (2 * z),), "own(6.00) = 2.45", "0.20"),
}


@pytest.mark.parametrize("name", OWN)
def test_an_operation_of_the_user_whose_rule_is_no_formula_goes_by_its_name(
    name: str, add_row: Callable[..., Op]
) -> None:
    forward, local, computed, slope = OWN[name]
    own = add_row("own", "own", Role.SCALER, forward, local)
    film = frames(apply(own, Value(2.0, "x") * 3) * 2)
    assert squeezed(computed) in squeezed(film.captions[3])
    caption = squeezed(film.captions[7])
    assert caption.split("→")[0].endswith(squeezed(f"= {slope}")) and "∂own" not in caption


def test_a_caption_stands_under_its_frame_as_it_is_said() -> None:
    film = frames(named())
    for caption, picture in zip(film.captions, drawings(named()), strict=True):
        below = max(text.y for text in picture.graph)
        lines = [text for text in picture.texts if text.node == "caption"]
        assert all(line.y > below for line in lines)
        shown = squeezed("".join(line.text for line in lines))
        plain = squeezed(caption)
        assert re.sub(r"[\^()]", "", shown) == re.sub(r"[\^()]", "", plain)  # powers are raised instead


def test_a_caption_names_the_rule_of_its_gate_in_both_languages() -> None:
    x, y = Value(3, "x"), Value(2, "y")
    f = maximum(x * y, x + y)
    spanish, english = "\n".join(frames(f).captions), "\n".join(frames(f, language="en").captions)
    assert all(word in spanish for word in ("Distribuidor", "Intercambiador", "Enrutador", "Sumador", "Hacia atrás"))
    assert all(word in english for word in ("Distributor", "Swapper", "Router", "accumulator", "Backward"))
    assert not set("áéíóúñ") & set(english)


def test_a_fork_adds_what_its_branches_brought() -> None:
    x = Value(3, "x")
    last = frames(x * x).captions[-1]
    assert squeezed("∂f/∂x = 3.00 + 3.00 = 6.00") in squeezed(last)
    assert "Σ" in last


def test_a_chain_rule_through_a_layer_has_the_slope_of_the_neuron_on_its_way() -> None:
    x = Value(2.0, "x")
    with scope("capa"):
        a, b = x * 3, x * 5
    a.label, b.label = "a", "b"
    f = a * b
    for look in ({"fold": "capa"}, {}):
        said = frames(f, unroll=x, **look).captions[-1].splitlines()[-2:]
        assert said[0] == "∂f/∂x = ∂f/∂a · ∂a/∂x + ∂f/∂b · ∂b/∂x"
        assert said[1] == "∂f/∂x = 10.00 · 3.00 + 6.00 · 5.00 = 60.00"


def test_a_chain_rule_through_many_results_on_one_wire_is_refused() -> None:
    x = Value(2.0, "x")
    with scope("capa"):
        h = [i * x for i in range(1, 9)]
    with scope("suma"):
        f = dot(range(8), h)
    with pytest.raises(ValueError, match=r"through 8 Values on one wire; open scopes .*or leave unroll out"):
        frames(f, unroll=x, depth=0)


def test_a_fork_of_what_has_no_name_is_no_derivative_with_respect_to_a_number() -> None:
    a = Value(2.0, "x") * 3
    caption = next(caption for caption in frames(a * a + a).captions if "Σ" in caption)
    assert caption.splitlines()[1:] == [
        "Se suman los gradientes que vuelven por cada rama de 6.00:",
        "6.00 + 6.00 + 1.00 = 13.00",
    ]


@pytest.mark.parametrize(("language", "along"), [("es", "por esta rama"), ("en", "along this branch")])
def test_the_slope_along_a_branch_is_not_called_that_of_all_branches(language: str, along: str) -> None:
    y = Value(-0.5, "x") * 1
    y.label = "y"
    f = y * y
    captions = frames(f, language=language).captions
    said = next(caption for caption in captions if "0.50   →" in caption)
    assert said.count(f"∂f/∂y {along} = y = −0.50   →   1.00 × (−0.50) = −0.50") == 2
    assert said.count("∂f/∂y") == 2  # and none that says so of the whole: ∂f/∂y = 2·y
    assert any("∂f/∂y = −0.50 + (−0.50) = −1.00" in caption for caption in captions)


def block_of(count: int) -> Value:
    """x1 + 2·x2 + 3·x3 …, in a scope; of more than six inputs one wire is drawn."""
    xs = [Value(float(i), f"x{i}") for i in range(1, count + 1)]
    with scope("bloque"):
        return dot(range(1, count + 1), xs)


def test_a_caption_hides_no_single_input_and_counts_those_that_it_hides() -> None:
    for count, hidden in ((4, ""), (5, ""), (6, "y 2 entradas más"), (12, "y 8 entradas más")):
        caption = frames(block_of(count), fold="bloque").captions[-1]
        numbered = [f"∂f/∂x{low} = {i}.00" in caption for i, low in enumerate("₁₂₃₄₅₆", 1)]
        assert sum(numbered) == (4 if hidden else count)
        assert ("más" in caption) == bool(hidden) and hidden in caption


def test_a_block_of_many_inputs_is_not_said_to_be_a_function_of_some_of_them() -> None:
    said = [frames(block_of(count), fold="bloque").captions for count in (5, 12)]
    assert "bloque(x₁, x₂, x₃, x₄, x₅) = 55.00" in said[0][2]
    assert "bloque(x₁, x₂, x₃, …, x₁₂) = 650.00" in said[1][2]
    assert "x₁₁ = 11.00,  x₁₂ = 12.00" in said[1][1]


@pytest.mark.parametrize("neurons", [2, 8])
def test_a_layer_that_is_one_gate_has_all_its_results_and_no_slope_of_one_of_them(neurons: int) -> None:
    x1, x2 = Value(3.0, "x1"), Value(-1.0, "x2")
    with scope("capa"):
        h = [i * x1 + x2 for i in range(1, neurons + 1)]
        for i, value in enumerate(h, 1):
            value.label = f"h{i}"
    film = frames(dot(range(1, neurons + 1), h), fold="capa")
    results = ",  ".join(f"{3 * i - 1}.00" for i in range(1, neurons + 1))
    assert f" = capa(x₁, x₂) = ({results})" in film.captions[2] and "(h₁,  h₂" in film.captions[2]
    total, squares = neurons * (neurons + 1) // 2, sum(i * i for i in range(1, neurons + 1))
    lines = film.captions[-1].splitlines()
    assert lines[-2:] == [f"∂f/∂x₁ = {squares}.00", f"∂f/∂x₂ = {total}.00"]
    scene = film.drawing.texts.scene
    assert [scene.wire_local(wire) for wire in scene.entering["g1"]] == [None, None]
    symbols = frames(film.drawing.texts.scene.f, fold="capa", symbols=True).captions
    assert "locales" not in symbols[2] and symbols[-1].splitlines()[-2:] == ["∂f/∂x₁", "∂f/∂x₂"]


def test_in_symbols_too_no_branch_and_no_slope_is_left_out() -> None:
    x = Value(2.0, "x")
    branches = [exp(x), log(x), tanh(x), sqrt(x), sin(x)]
    captions = frames(maximum(*branches), symbols=True).captions
    assert captions[-1].splitlines()[-1].count(" + ") == 4
    slopes = next(caption for caption in captions if caption.count("∂f/∂") == 5).splitlines()[-1]
    assert slopes.startswith("gradientes locales: ") and "…" not in slopes


def test_a_fork_adds_up_only_when_all_its_branches_are_back() -> None:
    film = frames(tangle(8, 1))
    scene = film.drawing.texts.scene
    assert len(scene.forks) > 2
    shown: set[str] = set()
    for step in film.steps:
        shown.update(step.appears)
        for fork in scene.forks:
            (trunk,) = scene.entering[fork.key]
            if f"{trunk.key}.gradient" in shown:
                assert all(f"{wire.key}.gradient" in shown for wire in scene.leaving[fork.key])


def test_a_folded_scope_is_one_step_with_its_own_slope() -> None:
    film = frames(neuron("σ"), fold="σ")
    assert len(film) == len(frames(neuron())) - 2 * 3
    assert squeezed("1.00 × 0.20 = 0.20") in squeezed(next(c for c in film.captions if "atrás · σ" in c))


# The page


@pytest.mark.parametrize("look", [{}, {"local": True, "roles": True}, {"direction": "TB"}, {"symbols": True}], ids=str)
def test_every_key_of_the_pages_slides_is_in_its_drawing(look: dict[str, Any]) -> None:
    html = frames(tangle(9, 2), **look).html()
    there = set(re.findall(r'data-key="([^"]+)"', html))
    slides = re.search(r'<script type="application/json" id="mg-data">(.*?)</script>', html, re.DOTALL)
    assert slides
    steps = json.loads(slides[1])["slides"]
    film = frames(tangle(9, 2), **look)
    assert [set(step["show"]) for step in steps] == [set(step.appears) for step in film.steps]
    assert {key for step in steps for key in (*step["show"], *step["active"])} <= there
    assert [step["text"] for step in steps] == film.captions


@pytest.mark.parametrize("language", UI_TEXT)
def test_the_page_is_in_the_readers_language(language: str) -> None:
    html = frames(product(), language=language, title="A < B & C").html()
    assert f'<html lang="{language}"' in html
    assert "A &lt; B &amp; C" in html
    assert UI_TEXT[language]["next"] in html


def test_a_notebook_shows_the_page_in_a_frame_and_the_figure_as_svg() -> None:
    assert frames(product())._repr_html_().startswith("<iframe ")
    assert draw(product())._repr_svg_() == draw(product()).svg()


# Files of frames


def test_a_pdf_has_a_page_for_each_frame_of_one_size(tmp_path: Path) -> None:
    film = frames(product())
    film.save(tmp_path / "film.pdf")
    reader = PdfReader(tmp_path / "film.pdf")
    assert len(reader.pages) == len(film)
    assert len({tuple(page.mediabox) for page in reader.pages}) == 1
    assert reader.metadata is not None
    assert reader.metadata.title == film.title


def test_a_gif_has_a_picture_for_each_frame_and_never_ends(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    film = frames(product())
    film.save(tmp_path / "film.gif")
    with image.open(BytesIO((tmp_path / "film.gif").read_bytes())) as animation:
        assert animation.n_frames == len(film)
        assert animation.info["loop"] == 0


def test_a_gif_without_pillow_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r"pip install 'micrograd-es\[gif\]'"):
        frames(product()).save(tmp_path / "film.gif")
    assert list(tmp_path.iterdir()) == []


BYTES = """
import sys, hashlib, tempfile, pathlib
sys.path.insert(0, TESTS)
from drawings import network, neuron, tangle
from micrograd_es import draw, frames
with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    draw(tangle(14, 1), local=True, roles=True).save(folder / "tangle.svg")
    draw(network(2, 3, 1), depth=1).save(folder / "network.dot")
    for suffix in ("svg", "pdf", "png"): draw(neuron("σ")).save(folder / f"neuron.{suffix}")
    for suffix in ("svg", "pdf", "html", "gif"): frames(neuron("σ"), depth=0).save(folder / f"film.{suffix}")
    for path in sorted(folder.iterdir()): print(path.name, hashlib.sha256(path.read_bytes()).hexdigest())
"""


def test_the_same_graph_gives_the_same_bytes_in_every_process() -> None:
    pytest.importorskip("PIL")
    code = f"TESTS = {str(Path(__file__).parent)!r}\n{BYTES}"
    runs = [in_new_process(code, PYTHONHASHSEED=seed) for seed in ("1", "2")]
    assert runs[0] == runs[1]
    assert len(runs[0].splitlines()) == 5 + 3 + len(frames(neuron("σ"), depth=0))


@pytest.mark.parametrize("given", ["x", "w", 3])
def test_what_is_unrolled_is_a_value_and_not_its_name(given: object) -> None:
    with pytest.raises(TypeError, match=r"a Value and not its name\. Write unroll=x\."):
        frames(Value(-2, "x") * Value(5, "y"), given)  # type: ignore[arg-type]
