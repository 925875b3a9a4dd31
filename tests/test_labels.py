"""Names may be any text at all: they are shown, cut or made visible, and can break no format."""

from __future__ import annotations

import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from drawings import Drawing
from micrograd_es import Value, draw, frames, scope
from micrograd_es.figures.labels import LONGEST, clean, pretty, quoted, scripts
from micrograd_es.figures.render import render

HOSTILE = [
    '"',
    "'\"'",
    "<b>x</b>",
    "<",
    "&",
    "&amp;",
    "&#0;",
    "a\nb\r\tc",
    "\x00\x07\x1b[31m",
    "\x7f\x85\u2028\u2029",
    "🙂",
    "👨\u200d👩\u200d👧\u200d👦",
    "🙂" * LONGEST,
    "שלום",
    "مرحبا",
    "\u202eevil\u2066",
    "\ud800",
    "a\udfff",
    "\\N",
    "\\G\\L\\T\\E",
    "\\",
    "\\\\",
    "]]>",
    "-->",
    "<!--",
    "<![CDATA[",
    "</script><script>alert(1)</script>",
    "</style></svg><img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "x" * 10_000,
    "W" * LONGEST,
    "i" * LONGEST,
    "M" * (LONGEST - 1) + "ñ",
    "学" * LONGEST,
    "e\u0301" * 20,
    "a" + "\u0301" * 50,
    "\u0301",
    "\u200d",
    "\ufeff",
    "\u200b \u2060",
    "w0",
    "w_12",
    "",
    " ",
    "\u3000" * LONGEST,
    "{a|b}",
    "a;b",
    "a -> b",
    "%s{f}{}",
    "x^(a+b)^2",
    "x^",
    "\ufffe\U0010ffff",
    "ﷺ" * LONGEST,
    "\U00012031" * LONGEST,
    "un nombre larguísimo de variable",
]


def named(label: str) -> Value:
    """A graph in which everything that can have a name has this one."""
    with scope(label):
        x, y = Value(2.0, label), Value(3.0, label)
        product = x * y
        product.label = label
    f = product + x
    f.label = label
    return f


def parts(svg: str) -> list[str]:
    """The elements of an SVG by kind and class, without texts and tooltips: an empty name has none."""
    root = ElementTree.fromstring(svg)
    kinds = [(element.tag.partition("}")[2], element.get("class", "")) for element in root.iter()]
    return sorted(f"{tag} {name}" for tag, name in kinds if tag not in ("text", "title"))


@pytest.mark.parametrize("label", HOSTILE, ids=ascii)
@pytest.mark.parametrize(
    "look", [{"local": True, "roles": True}, {"symbols": True}, {"direction": "TB"}, {"depth": 0}], ids=str
)
def test_a_name_breaks_no_drawing(label: str, look: dict[str, Any]) -> None:
    """Python's XML parser takes nothing but well-formed XML, and what Graphviz complains of is an error in tests."""
    svg = draw(named(label), title=label, **look).svg()
    assert parts(svg) == parts(draw(named("name"), title="name", **look).svg())


@pytest.mark.parametrize("label", HOSTILE, ids=ascii)
def test_a_name_breaks_no_film_and_no_page(label: str) -> None:
    film, plain = frames(named(label), title=label), frames(named("name"))
    assert len(film.svgs()) == len(plain)
    for svg in film.svgs():
        ElementTree.fromstring(svg)
    page, expected = Outline(film.html()), Outline(plain.html())
    assert page.scripts == expected.scripts == 2
    assert page.tags <= expected.tags | {"sup", "text"}
    assert page.events == expected.events == []
    data = re.search(r'id="mg-data">(.*?)</script>', film.html(), re.DOTALL)
    assert data
    assert [slide["text"] for slide in json.loads(data[1])["slides"]] == film.captions


class Outline(HTMLParser):
    """What a browser would find in a page: its kinds of elements, and what of it could run."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.scripts, self.events = 0, list[str]()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.scripts += tag == "script"
        self.events += [name for name, value in attrs if name.startswith("on") or "javascript:" in (value or "")]


@pytest.mark.parametrize("label", HOSTILE, ids=ascii)
def test_a_name_breaks_no_dot_source(label: str) -> None:
    figure, expected = draw(named(label)), draw(named("name"))
    for source in (figure.dot(), figure.graphviz().source):
        read, plain = (render(dot, "plain").splitlines() for dot in (source, expected.dot()))
        assert [line.split()[:2] for line in read if line.startswith(b"node")] == [
            line.split()[:2] for line in plain if line.startswith(b"node")
        ]
        assert sum(line.startswith(b"edge") for line in read) == sum(line.startswith(b"edge") for line in plain)


@pytest.mark.parametrize("label", ["\x00<b>&\\N🙂\ud800" + "x" * 100, "学习率", "</script>", "\u202e\n"], ids=ascii)
def test_a_name_breaks_no_file(label: str, tmp_path: Path) -> None:
    for suffix in (".svg", ".png", ".pdf", ".dot"):
        draw(named(label), title=label).save(tmp_path / f"figure{suffix}")
    for suffix in (".pdf", ".html"):
        frames(named(label), title=label).save(tmp_path / f"film{suffix}")
    assert all(path.stat().st_size > 1000 for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    "label",
    ["<b>x</b>", "&amp;", '"', "\\N", "\\G", "]]>", "-->", "</script>", "{a|b}", "ñ & «ç»", "x^(a+b)", "学习率", "'"],
)
def test_a_name_is_shown_as_it_is(label: str) -> None:
    f = Value(2.0, label) * 3
    assert Drawing.of(draw(f).svg()).said(start="n") == [label]
    with scope(label):
        f = Value(2.0, "x") * 3
    assert Drawing.of(draw(f, fold=label).svg()).said(start="g") == [label]
    assert label in [text.text for text in Drawing.of(draw(f).svg()).root.iter() if text.text]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", "a␤b"),
        ("\x00", "␀"),
        ("\x1b[31m", "␛[31m"),
        ("\x7f", "\ufffd"),
        ("\ud800", "\ufffd"),
        ("\u202eevil", "evil"),
        ("a\u200db\u200c", "a\u200db\u200c"),
        ("\u200d", ""),
        ("\ufeff\u2060", ""),
        ("\u0301x", "◌\u0301x"),
        ("e\u0301", "e\u0301"),
        ("x" * 300, "x" * 300),
        ("x" * 301, "x" * 299 + "…"),
    ],
    ids=ascii,
)
def test_what_cannot_be_seen_is_made_visible_or_left_out(text: str, shown: str) -> None:
    assert clean(text) == shown


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("x0", "x₀"),
        ("w_1", "w₁"),
        ("w12", "w₁₂"),
        ("σ2", "σ₂"),
        ("x", "x"),
        ("x_", "x_"),
        ("12", "12"),
        ("capa 1", "capa 1"),
        ("W1b", "W1b"),
        ("n" * 25, "n" * 23 + "…"),
    ],
)
def test_a_name_with_a_number_has_a_subscript(label: str, shown: str) -> None:
    assert pretty(label) == shown


def test_powers_are_raised_and_everything_else_is_kept() -> None:
    assert scripts("e^(−1.00)") == [("e", ""), ("−1.00", "sup")]
    assert scripts("x^2 + 1") == [("x", ""), ("2", "sup"), (" + 1", "")]
    assert scripts("x^") == [("x^", "")]
    assert scripts("") == [("", "")]
    assert scripts("∂L/∂x_j = Σ_i u_i") == [
        ("∂L/∂x", ""), ("j", "sub"), (" = Σ", ""), ("i", "sub"), (" u", ""), ("i", "sub"),
    ]  # fmt: skip
    assert scripts("my_income, x_out, _i") == [("my_income, x_out, _i", "")]


@pytest.mark.parametrize("label", HOSTILE, ids=ascii)
def test_a_quoted_text_is_one_string_of_the_language(label: str) -> None:
    source = quoted(label)
    assert source[0] == source[-1] == '"'
    inside = re.sub(r'\\[\\"]', "", source[1:-1])
    assert "\\" not in inside
    assert '"' not in inside
    assert html.unescape(source[1:-1].replace('\\"', '"').replace("\\\\", "\\")) == clean(label)


def test_a_long_name_is_whole_in_its_tooltip() -> None:
    label = "the weight of the third neuron in the second layer"
    assert f"{label} = 2.0" in draw(Value(2.0, label) * 3).svg()
