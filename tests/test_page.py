"""The stepper page and the index: one file each, nothing injected, nothing fetched, both languages complete."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from browser import CHROMIUM, chromium
from micrograd_es.figures import page as page_module
from micrograd_es.figures.page import UI_TEXT, IndexEntry, Slide, index_page, stepper_fragment, stepper_page

HOSTILE = "</script><script>alert(1)</script></title></style><!-- \" ' & \u2028 ]]>"

DRAWING = """<?xml version="1.0"?><!DOCTYPE svg>
<svg viewBox="0 0 200 80" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">
<g data-key="g1"><ellipse cx="100" cy="40" rx="20" ry="20" fill="none" stroke="black"/><text x="95" y="45">+</text></g>
<text data-key="w1.value" x="20" y="35">−2.00</text>
<text data-key="w2.value" x="140" y="35">3.00</text>
<text data-key="w2.gradient" x="140" y="60">1.00</text>
</svg>
"""

SLIDES = (
    Slide((), (), "<p>El grafo</p>", "El grafo"),
    Slide(("w1.value",), (), "<p>Las entradas</p>", "Las entradas"),
    Slide(("w2.value",), ("g1",), "<p><b>Suma</b>: −2 + 5 = 3</p>", "Suma: −2 + 5 = 3"),
    Slide(("w2.gradient",), ("w2.value",), "<p>∂f/∂f = 1</p>", "∂f/∂f = 1"),
)

PLAIN: dict[str, Any] = {
    "title": "f = x + y",
    "description": "Una suma.",
    "language": "es",
    "theme_css": {"--ink": "#111111"},
    "font_css": '@font-face { font-family: "Micrograd Sans"; src: url(data:font/woff2;base64,AAAA); }',
}


def stepper(**changes: Any) -> str:
    arguments = {"svg": DRAWING, "slides": SLIDES, **PLAIN, **changes}
    return stepper_page(**arguments)


class Outline(HTMLParser):
    """What a browser's parser finds: the elements in order, their attributes and the text inside each kind."""

    VOID = frozenset({"meta", "input", "link", "br", "img"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, str] = {}
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.text[self.open[-1]] = self.text.get(self.open[-1], "") + data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def data_of(html: str) -> Any:
    found = re.search(r'<script type="application/json" id="mg-data">(.*?)</script>', html, re.DOTALL)
    assert found
    return json.loads(found[1])


def everything() -> dict[str, str]:
    entry = IndexEntry("Clase 4", "Una suma", "Paso a paso.", "f.svg", (("Pasos", "f.html"), ("PDF", "f.pdf")))
    return {
        "stepper": stepper(),
        "fragment": stepper_fragment(DRAWING, SLIDES, element_id="figure-1", **PLAIN),
        "index": index_page([entry], intro="Todas.", **{k: v for k, v in PLAIN.items() if k != "description"}),
    }


@pytest.mark.parametrize("name", ["stepper", "fragment", "index"])
def test_a_page_asks_the_network_for_nothing(name: str) -> None:
    html = unescape(everything()[name])
    addresses = set(re.findall(r"\b\w+://[^\s\"'<>)]*", html))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.search(r"@import|<link\b|<script[^>]+src=|url\((?!data:)", html)


@pytest.mark.parametrize("name", ["stepper", "fragment", "index"])
def test_the_same_input_gives_the_same_bytes_and_balanced_elements(name: str) -> None:
    html = everything()[name]
    assert html == everything()[name]
    assert Outline(html).open == []


def test_every_caption_is_in_the_document_in_order_and_needs_no_script() -> None:
    html = stepper()
    places = [html.index(f"<li>{slide.caption}</li>") for slide in SLIDES]
    assert places == sorted(places)
    assert 'class="plain"' in html and "absent" not in html[html.index("<svg viewBox") : html.index("</main>")]


def test_hostile_titles_descriptions_and_texts_stay_text() -> None:
    slides = (Slide(("w1.value",), (), "<p>a</p>", HOSTILE),)
    outline = Outline(stepper(slides=slides, title=HOSTILE, description=HOSTILE))
    assert len(outline.named("script")) == 2
    assert outline.open == []
    assert outline.text["title"].strip() == outline.text["h1"].strip() == HOSTILE
    assert data_of(stepper(slides=slides))["slides"][0]["text"] == HOSTILE


def test_a_hostile_key_stays_a_key() -> None:
    key = 'a"></script><b>&'
    drawing = '<svg viewBox="0 0 1 1"><g data-key="a&quot;&gt;&lt;/script&gt;&lt;b&gt;&amp;"></g></svg>'
    html = stepper(svg=drawing, slides=[Slide((key,), (), "", "")])
    assert data_of(html)["slides"][0]["show"] == [key]
    assert len(Outline(html).named("script")) == 2


def test_a_dollar_sign_in_a_text_is_a_dollar_sign() -> None:
    assert "<title>$title ${x} $$</title>" in stepper(title="$title ${x} $$")


def test_the_policy_allows_exactly_the_script_of_the_page() -> None:
    html = stepper()
    script = html[html.rindex("<script>") + len("<script>") : html.rindex("</script>")]
    digest = b64encode(sha256(script.encode()).digest()).decode()
    policy = Outline(html).named("meta")[2]["content"]
    assert policy is not None
    assert policy.startswith(f"default-src 'none'; script-src 'sha256-{digest}';")


def test_the_drawing_loses_its_xml_declaration_only() -> None:
    html = stepper()
    assert "<?xml" not in html and html.count("<!DOCTYPE") == 1
    assert DRAWING[DRAWING.index("<svg") :].strip() in html


def test_both_languages_have_the_same_texts_with_the_same_places_to_fill() -> None:
    assert set(UI_TEXT) == {"es", "en"}
    assert UI_TEXT["es"].keys() == UI_TEXT["en"].keys()
    for name, spanish in UI_TEXT["es"].items():
        english = UI_TEXT["en"][name]
        assert spanish and english and spanish != english
        assert [f[1] for f in Formatter().parse(spanish)] == [f[1] for f in Formatter().parse(english)]


@pytest.mark.parametrize("language", sorted(UI_TEXT))
def test_every_control_has_a_name_in_the_language_of_the_page(language: str) -> None:
    outline = Outline(stepper(language=language))
    assert outline.named("html")[0]["lang"] == language
    names = [c["aria-label"] for tag in ("button", "select", "input", "nav") for c in outline.named(tag)]
    assert len(names) == 9 and len(set(names)) == 9
    assert set(names) <= set(UI_TEXT[language].values())


def test_the_script_finds_every_element_it_asks_for() -> None:
    html = stepper()
    script = html[html.rindex("<script>") :]
    asked = set(re.findall(r'\bat\("(\w+)"\)', script)) | {"smaller", "larger"}
    assert len(asked) > 10
    assert {f"mg-{name}" for name in asked} <= {attributes.get("id") for _, attributes in Outline(html).elements}


def test_style_script_and_template_stay_under_30_kilobytes() -> None:
    folder = Path(page_module.__file__).parent
    assert sum((folder / name).stat().st_size for name in ("page.html", "page.css", "page.js")) < 30_000


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"slides": ()}, "at least one slide"),
        ({"slides": (Slide(("w9.value",), (), "", ""),)}, "data-key 'w9.value'"),
        ({"slides": (Slide((), ("g9",), "", ""),)}, "data-key 'g9'"),
        ({"svg": "<svg></svg>"}, "viewBox"),
        ({"svg": "digraph {}"}, "viewBox"),
        ({"language": "fr"}, "'fr'; there are: en, es"),
        ({"theme_css": {"--ink": "red; } body { display: none"}}, "--ink"),
        ({"theme_css": {"ink": "red"}}, "'ink'"),
        ({"font_css": "</style><script>alert(1)</script>"}, "font_css"),
    ],
)
def test_what_cannot_make_a_page_is_refused_with_its_reason(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        stepper(**changes)


def test_a_fragment_carries_the_very_page_and_two_live_on_one_notebook_page() -> None:
    html = "".join(stepper_fragment(DRAWING, SLIDES, element_id=name, **PLAIN) for name in ("a", 'b" onload="x'))
    outline = Outline(html)
    first, second = outline.named("iframe")
    assert [tag for tag, _ in outline.elements] == ["iframe", "iframe"]
    assert (first["id"], second["id"]) == ("a", 'b" onload="x')
    assert first["srcdoc"] == second["srcdoc"] == stepper()
    assert first["sandbox"] == "allow-scripts"


def test_the_index_keeps_sections_and_entries_in_the_order_given() -> None:
    entries = [IndexEntry(section, title, "", "a.svg", ()) for section, title in ("BZ", "AY", "BX", "AW")]
    html = index_page(entries, title="t", intro="", language="es", theme_css={}, font_css="")
    assert re.findall(r"<h2>(\w)</h2>|<h3><a[^>]*>(\w)</a>", html) == [
        ("B", ""), ("", "Z"), ("", "X"), ("A", ""), ("", "Y"), ("", "W"),
    ]  # fmt: skip


def test_the_index_escapes_texts_and_paths() -> None:
    entry = IndexEntry(HOSTILE, HOSTILE, HOSTILE, 'a" onerror="x.svg', ((HOSTILE, "javascript:alert(1)"),))
    html = index_page([entry], title=HOSTILE, intro=HOSTILE, language="en", theme_css={}, font_css="")
    outline = Outline(html)
    assert outline.named("script") == [] and outline.open == []
    assert outline.named("img") == [{"src": "a%22%20onerror%3D%22x.svg", "alt": "", "loading": "lazy"}]
    assert {link["href"] for link in outline.named("a")} == {"javascript%3Aalert%281%29"}


@pytest.mark.skipif(CHROMIUM is None, reason="drives a real browser")
@pytest.mark.parametrize(
    ("address", "step", "absent", "active"),
    [
        ("", 1, {"w1.value", "w2.value", "w2.gradient"}, set()),
        ("#3", 3, {"w2.gradient"}, {"g1"}),
        ("#4", 4, set(), {"w2.value"}),
        ("#99", 1, {"w1.value", "w2.value", "w2.gradient"}, set()),
        ("#<b>", 1, {"w1.value", "w2.value", "w2.gradient"}, set()),
    ],
)
def test_in_a_browser_the_address_opens_the_step_with_what_belongs_to_it(
    tmp_path: Path, address: str, step: int, absent: set[str], active: set[str]
) -> None:
    file = tmp_path / "f.html"
    file.write_text(stepper(), encoding="utf-8")
    outline = Outline(chromium(tmp_path / "profile", "--dump-dom", file.as_uri() + address))
    assert outline.named("html")[0]["class"] == "live"
    assert outline.text["output"] == f"{step} / 4"
    keyed = [attributes for _, attributes in outline.elements if "data-key" in attributes]
    with_class = {
        name: {a["data-key"] for a in keyed if name in (a.get("class") or "").split()} for name in ("absent", "active")
    }
    assert with_class == {"absent": absent, "active": active}
    assert [i for i, item in enumerate(outline.named("li"), 1) if item.get("class") == "on"] == [step]


@pytest.mark.skipif(CHROMIUM is None, reason="drives a real browser")
def test_in_a_browser_printing_gives_a_page_for_each_step(tmp_path: Path) -> None:
    file, pdf = tmp_path / "f.html", tmp_path / "f.pdf"
    file.write_text(stepper(), encoding="utf-8")
    chromium(tmp_path / "profile", f"--print-to-pdf={pdf}", "--no-pdf-header-footer", file.as_uri())
    assert len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes())) == len(SLIDES)
