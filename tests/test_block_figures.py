"""Pictures of block graphs: what stands in them, how they build up, what is said under them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import networks
from drawings import Drawing
from micrograd_es import Value, draw, frames, relu, scope, tanh
from micrograd_es.figures import THEMES
from micrograd_es.figures.curves import points_of, spline
from micrograd_es.figures.grids import TILES
from micrograd_es.figures.layout import Place
from micrograd_es.figures.render import render
from networks import STRUCTURES, layers, lecture, vector
from test_figures import GOLDEN, number

LOOKS: list[dict[str, Any]] = [
    {},
    {"layout": "row", "local": True},
    {"theme": "dark", "language": "en", "comma": True},
    {"theme": "print", "symbols": True, "local": True},
    {"gradients": False},
]


def drawing(f: Value | list[Value], **look: Any) -> Drawing:
    return Drawing.of(draw(f, **{"level": 1} | look).svg(), look.get("theme", "lecture"))


def grids(picture: Drawing, end: str) -> dict[str, list[float]]:
    """The numbers of the grids whose key ends so, row by row."""
    found: dict[str, list[float]] = {}
    for text in picture.texts:
        if re.fullmatch(rf"[wp]\d+{end}", text.node):
            found.setdefault(text.node.removesuffix(end), []).append(number(text.text))
    return found


# What stands there


@pytest.mark.parametrize("seed", range(3))
def test_the_numbers_that_are_drawn_are_those_of_numpy(seed: int) -> None:
    network = lecture(seed)
    picture = drawing(network.loss, digits=9, local=True)
    values, back, jacobians = network.by_numpy()
    keys = {"w1": "x", "w2": "z", "w3": "h", "w4": "y", "w5": "s", "w6": "J"}
    keys |= {"p1": "Ω₀", "p2": "β₀", "p3": "Ω₁", "p4": "β₁"}
    above, below, local = (grids(picture, end) for end in ("_value", "_gradient", "_local"))
    assert above.keys() == below.keys() == keys.keys()
    for key, name in keys.items():
        np.testing.assert_allclose(above[key], values[name].ravel(), rtol=1e-8, atol=1e-15)
        np.testing.assert_allclose(below[key], back[name].ravel(), rtol=1e-8, atol=1e-15)
    for key, made in zip(("w1", "w2", "w3", "w4", "w5"), "zhysJ", strict=True):
        np.testing.assert_allclose(local[key], jacobians[made].T.ravel(), rtol=1e-8, atol=1e-15)


def test_values_stand_above_the_wire_and_gradients_below_it() -> None:
    picture = drawing(lecture().loss)
    for key in ("w1", "w3", "w6"):
        above = [text for text in picture.texts if text.node == f"{key}_value"]
        below = [text for text in picture.texts if text.node == f"{key}_gradient"]
        assert {text.fill for text in above} == {THEMES["lecture"].value}
        assert {text.fill for text in below} == {THEMES["lecture"].gradient}
        assert max(text.y for text in above) < min(text.y for text in below)


def test_names_and_shapes_stand_at_vectors_and_blocks() -> None:
    said = drawing(lecture().loss, layout="row")
    assert said.said(start="g", end="1") == ["lineal3×3"]
    assert said.said(start="w2_name") == ["z \u00a03×1"]
    assert said.said(start="w2_gradient_shape") == ["1×3"]
    assert said.said(start="p1_name") == ["Ω₀ \u00a03×3"]
    assert said.said(start="p1_gradient_shape") == []  # the shape of the matrix itself


@pytest.mark.parametrize(
    ("language", "titles"),
    [
        ("es", {"lineal3×3", "ReLU", "lineal2×3", "softmax", "entropíacruzada"}),
        ("en", {"linear3×3", "ReLU", "linear2×3", "softmax", "cross-entropy"}),
    ],
)
def test_blocks_of_the_package_have_names_in_the_readers_language(language: str, titles: set[str]) -> None:
    picture = drawing(lecture().loss, language=language)
    assert {title for n in range(1, 6) for title in picture.said(start=f"g{n}")} == titles


def test_scopes_of_a_scalar_figure_have_names_in_the_readers_language() -> None:
    x = Value(1.0, "x")
    with scope("layer 1"), scope("neuron 2"):
        f = tanh(x * 2)
    with scope("mío"):
        f = f * f
    spanish, english = (draw(f, fold=["neuron 2", "mío"], language=language) for language in ("es", "en"))
    assert {"neurona 2", "mío"} <= {text.text for text in Drawing.of(spanish.svg()).texts}
    assert {"neuron 2", "mío"} <= {text.text for text in Drawing.of(english.svg()).texts}
    assert ">capa 1<" in spanish.svg()
    assert ">layer 1<" in english.svg()
    assert "Hacia adelante · capa 1 · neurona 2" in "".join(frames(f, fold="neuron 2").captions)


def test_the_layout_of_gradients_is_stated() -> None:
    assert "Gradientes en columna" in drawing(lecture().loss).said(start="note")[0]
    assert "Gradientes en fila" in drawing(lecture().loss, layout="row").said(start="note")[0]
    assert not drawing(lecture().loss, gradients=False).said(start="note")


def test_options_of_numbers_hold() -> None:
    values = {text.text for text in drawing(lecture().loss, comma=True, decimals=3).texts}
    assert any(re.fullmatch(r"−?0,\d{3}", text) for text in values)
    assert not any("." in text for text in values if text[-1:].isdigit())


def test_symbols_stand_in_place_of_numbers() -> None:
    picture = drawing(lecture().loss, symbols=True, local=True)
    assert picture.said(start="w2_value") == ["z"]
    assert picture.said(start="w2_gradient") == ["∂J/∂z"]
    assert "Ω₀ᵀ" in picture.said(start="w1_local")
    assert not any(re.search(r"\d\.\d", text.text) for text in picture.texts)


def test_a_large_network_is_a_few_blocks_and_its_matrices_are_maps() -> None:
    figure = draw(layers([64, 32, 10]), level=2)
    source = figure.dot()
    assert len(re.findall(r"^\w+ \[", source, re.MULTILINE)) < 40  # nodes, of 5,000 Values
    picture = Drawing.of(figure.svg())
    assert {"32×64", "64×1", "10×32"} <= {text.text.strip() for text in picture.texts}
    assert picture.count("polygon") < 40 * TILES**2
    assert not grids(picture, "_value").get("w1")
    assert "Mapas" in picture.said(start="note")[0]


@pytest.mark.parametrize(("structure", "look"), [(s, look) for s in STRUCTURES for look in ({}, {"local": True})])
def test_nothing_that_stands_at_a_wire_or_a_block_is_covered(structure: str, look: dict[str, Any]) -> None:
    stage = draw(STRUCTURES[structure](1), level=1, **look)._stage
    layout, pieces = stage.layout, stage.pieces  # type: ignore[union-attr]
    things: dict[str, Place] = {key: stage.arrangement.outline(key, layout) for key in pieces.blocks}  # type: ignore[union-attr]
    things |= {key: stage.arrangement.reach(key, stack, layout) for key, stack in pieces.wires.items()}  # type: ignore[union-attr]
    for key in pieces.blocks:
        things |= {f"{key} {n}": place for n, place in enumerate(stage.arrangement.at_block(key, layout))}  # type: ignore[union-attr]
    for key, place in things.items():
        assert not [other for other, around in things.items() if other < key and around.meets(place)], key
    for ends, path in layout.edges.items():
        beyond = spline(path).points[3 * (ends[0] in pieces.wires) :]
        way = points_of(" ".join([f"{x},{y}" for x, y in beyond]))
        for key, place in things.items():
            if key not in ends:
                assert not any(place.holds(*point, -1.5) for point in way), (ends, key)


def test_the_dot_source_is_the_one_we_looked_at() -> None:
    """A change is looked at and then kept with `python tests/test_block_figures.py`."""
    assert draw(lecture().loss, level=1, local=True).dot() == (GOLDEN / "blocks.dot").read_text("utf-8")


@pytest.mark.parametrize("structure", STRUCTURES)
def test_the_dot_source_can_be_laid_out(structure: str) -> None:
    assert render(draw(STRUCTURES[structure](0), level=1, local=True).dot(), "svg")


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("structure", STRUCTURES)
def test_every_structure_draws_in_every_look(structure: str, look: dict[str, Any], tmp_path: Path) -> None:
    f = STRUCTURES[structure](2)
    assert draw(f, level=1, **look).save(tmp_path / "f.pdf").stat().st_size > 2000
    assert "data-key" in frames(f, level=1, **look).html()


def test_labels_may_be_any_text() -> None:
    x = [Value(1.0, '<b>"x\\N'), Value(2.0, "\x00")]
    with scope("</TABLE>&{"):
        f = x[0] * x[1]
    assert {"</TABLE>&{", '<b>"x\\N', "␀"} <= {text.text for text in drawing(f).texts}


@pytest.mark.parametrize(
    ("look", "error", "said"),
    [
        ({"layout": "diagonal"}, ValueError, "layout is 'diagonal'; expected one of 'column', 'row'"),
        ({"roles": True}, ValueError, "level and roles=True were both given"),
        ({"fold": "linear"}, ValueError, "level and fold='linear' were both given"),
        ({"level": 4}, ValueError, "level is 4; expected 1 to 1"),
        ({"level": None, "layout": "row"}, ValueError, "this figure has no vectors"),
        ({"levels": 1}, TypeError, "'levels' is no option"),
    ],
)
def test_options_that_make_no_sense_are_explained(look: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=re.escape(said)):
        draw(lecture().loss, **{"level": 1} | look)


def test_a_list_without_a_level_is_explained() -> None:
    with pytest.raises(TypeError, match="a list of 2 Values; expected one Value, or a level"):
        draw(vector("x", [1.0, 2.0]))
    with pytest.raises(TypeError, match="expected a Value or a list of Values"):
        draw([1.0], level=1)  # type: ignore[list-item]


# Step by step


@pytest.mark.parametrize("look", [{}, {"local": True, "layout": "row"}])
@pytest.mark.parametrize("structure", ["skip", "layers", "split"])
def test_a_frame_shows_what_the_one_before_did_and_its_step(structure: str, look: dict[str, Any]) -> None:
    film = frames(STRUCTURES[structure](0), level=1, **look)
    pictures = [Drawing.of(svg) for svg in film.svgs()]
    assert len({picture.frame for picture in pictures}) == 1
    shown = [{t for t in picture.graph if not t.node.startswith("caption")} for picture in pictures]
    for before, after, step in zip(shown, shown[1:], film.steps[1:], strict=False):
        assert before <= after
        keys = {re.sub(r"_(\w+?)(_.*)?$", r".\1", text.node) for text in after - before}
        assert keys <= set(step.appears)
    still = Drawing.of(film.last().svg())
    last = {(t.node, t.text, t.fill) for t in shown[-1]}
    assert {(t.node, t.text, t.fill) for t in still.graph if not t.node.startswith("caption")} == last


def test_the_derivative_grows_by_one_factor_a_frame() -> None:
    film = frames(lecture().loss, level=1)
    products = [
        line
        for c in film.captions
        for line in c.splitlines()
        if line.startswith("∂J/∂x = ") and not re.search(r"\d\.\d", line)
    ]
    assert products == [
        "∂J/∂x = … · ∂J/∂s",
        "∂J/∂x = … · ∂s/∂y · ∂J/∂s",
        "∂J/∂x = … · Ω₁ᵀ · ∂s/∂y · ∂J/∂s",
        "∂J/∂x = … · diag(1[z > 0]) · Ω₁ᵀ · ∂s/∂y · ∂J/∂s",
        "∂J/∂x = Ω₀ᵀ · diag(1[z > 0]) · Ω₁ᵀ · ∂s/∂y · ∂J/∂s",
    ]
    rows = frames(lecture().loss, level=1, layout="row").captions
    assert "∂J/∂x = ∂J/∂s · ∂s/∂y · Ω₁ · diag(1[z > 0]) · Ω₀" in "\n".join(rows)
    assert [caption.splitlines()[0] for caption in film.captions[-2:]] == ["Parámetros · lineal"] * 2


@pytest.mark.parametrize("layout", ["column", "row"])
def test_the_products_that_are_spelled_out_are_right(layout: str) -> None:
    """Every line of every caption that multiplies matrices, multiplied by NumPy."""
    film = frames(lecture(1).loss, level=1, layout=layout, digits=9)
    checked = 0
    for line in "\n".join(film.captions).splitlines():
        *_, product, result = ["", *line.split(" = ")]
        factors = [matrix(part) for part in product.split(" · ")]
        if len(factors) > 1 and all(factor is not None for factor in factors):
            np.testing.assert_allclose(np.linalg.multi_dot(factors), matrix(result), rtol=1e-6, atol=1e-8)  # type: ignore[arg-type]
            checked += 1
    assert checked == 7  # four blocks behind the last, the whole product, two matrices of weights


def matrix(text: str) -> Any:
    """The matrix that a caption writes on one line; None for what is no matrix."""
    if not re.fullmatch(r"\[[^a-zA-Z∂]*\]", text):
        return None
    return np.array([[number(entry) for entry in row.split()] for row in text[1:-1].split(";")])


def test_rules_that_hold_by_chance_are_not_written() -> None:
    """With every unit on, the Jacobian of a layer of linear and ReLU is W; with other numbers it would not be."""
    x = vector("x", [1.0, 2.0])
    with scope("layer 1"):
        h = [relu(z) for z in networks.linear([vector("u", [1, 2]), vector("u", [3, 4])], x, vector("b", [1, 2]))]
    said = "\n".join(frames(networks.squared_error(h, [0, 0]), level=1).captions)
    assert "∂L/∂x = ∂(capa\u00a01)/∂x · ∂L/∂(capa\u00a01)" in said
    assert "ᵀ" not in said
    opened = "\n".join(frames(networks.squared_error(h, [0, 0]), level="linear").captions)
    assert "ᵀ" in opened


def test_the_matrix_form_is_found() -> None:
    said = "\n".join(frames(networks.examples()[0], level=1).captions)
    assert "lineal₁ = X·W₁ + b₁ = " in said
    assert "∂L/∂b₂ = (∂L/∂lineal₂)ᵀ · 1 = " in said
    assert "∂L/∂W₂ = ReLUᵀ · ∂L/∂lineal₂ = " in said
    assert "∂L/∂W₁ = Xᵀ · ∂L/∂lineal₁ = " in said
    assert "∂L/∂ReLU = ∂L/∂lineal₂ · W₂ᵀ = " in said


def test_two_ways_are_a_sum_of_products() -> None:
    last = [line for line in frames(networks.skip(), level=1).captions if "∂L/∂x" in line][-1]
    assert "∂L/∂x = W₁ᵀ · diag(1 − h²) · I · W₂ᵀ · ∂L/∂y + I · W₂ᵀ · ∂L/∂y" in last


def test_unroll_says_which_input_and_takes_a_vector() -> None:
    f = networks.mixed()
    k = next(v for v in (t.value for t in frames(f, level=1).drawing.texts.scene.terminals) if v.label == "k")
    assert "∂f/∂k = " in "\n".join(frames(f, k, level=1).captions)
    x = [t.value for t in frames(f, level=1).drawing.texts.scene.terminals if t.count == 3]
    assert "∂f/∂x = " in "\n".join(frames(f, x, level=1).captions)
    with pytest.raises(ValueError, match="which is no input of this block graph; expected one of x, λ, k"):
        frames(f, Value(3.0), level=1)
    with pytest.raises(TypeError, match="a list; expected one input"):
        frames(f, x)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_every_key_of_a_page_is_in_its_drawing(structure: str) -> None:
    page = frames(STRUCTURES[structure](0), level=1, local=True).html()
    assert page.count("data-key=") > 10
    assert '<span class="matrix"><span><span>' in page  # a table would end its paragraph
    assert "<table" not in page


def test_the_same_graph_gives_the_same_picture() -> None:
    assert draw(lecture().loss, level=1).svg() == draw(lecture().loss, level=1).svg()


if __name__ == "__main__":
    (GOLDEN / "blocks.dot").write_text(draw(lecture().loss, level=1, local=True).dot(), encoding="utf-8")
