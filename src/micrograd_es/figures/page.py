"""The web page a lecturer clicks through, and the page that lists all figures.

Each is ONE file that asks the network for nothing: its style, script, font and drawing are inside, and its content
security policy forbids everything else, so a name in a figure cannot run as code. The templates beside this module
(`page.html`, `page.css`, `page.js`, `page_index.html`) are read as they stand.
"""

import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html import escape, unescape
from importlib.resources import files
from string import Template
from types import MappingProxyType
from urllib.parse import quote

SECONDS_PER_STEP = (1, 2, 3, 5, 8, 12)
DEFAULT_SECONDS = 3

UI_TEXT: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "es": {
            "controls": "Controles de la presentación",
            "previous": "Paso anterior",
            "next": "Paso siguiente",
            "play": "Reproducir",
            "pause": "Pausar",
            "speed": "Segundos por paso",
            "step": "Ir al paso",
            "smaller": "Alejar",
            "larger": "Acercar",
            "full": "Pantalla completa",
            "window": "Salir de la pantalla completa",
            "files": "Archivos de «{title}»",
        },
        "en": {
            "controls": "Presentation controls",
            "previous": "Previous step",
            "next": "Next step",
            "play": "Play",
            "pause": "Pause",
            "speed": "Seconds per step",
            "step": "Go to step",
            "smaller": "Zoom out",
            "larger": "Zoom in",
            "full": "Full screen",
            "window": "Leave full screen",
            "files": "Files of “{title}”",
        },
    }
)
"""Every word the pages say of their own, by language."""


@dataclass(frozen=True)
class Slide:
    """One step of a figure: what appears with it, what it is about, and what is said.

    >>> Slide(show=("w1.value",), active=("g1",), caption="<p>−2 + 5 = 3</p>", text="−2 + 5 = 3").active
    ('g1',)
    """

    show: tuple[str, ...]  # keys visible from this step on
    active: tuple[str, ...]  # keys highlighted on this step only
    caption: str  # an HTML fragment, already escaped; a <p> for each line
    text: str  # the same as plain text, for screen readers


@dataclass(frozen=True)
class IndexEntry:
    """One set of figures in the index; its first link is where the picture and the title lead.

    >>> IndexEntry("Clase 4", "Un producto", "(x + y) · z, paso a paso.", "xyz.svg", (("Pasos", "xyz.html"),)).title
    'Un producto'
    """

    section: str
    title: str
    description: str
    thumbnail: str  # path of an SVG relative to the index, with "/"
    links: tuple[tuple[str, str], ...]  # (what the reader sees, relative path)


def stepper_page(
    svg: str,
    slides: Sequence[Slide],
    *,
    title: str,
    description: str,
    language: str,
    theme_css: Mapping[str, str],
    font_css: str,
) -> str:
    """One HTML document in which a drawing of the finished state is revealed step by step.

    Elements of `svg` are addressed by their attribute `data-key`. One whose key some slide shows is invisible
    before that slide, and keeps its place; all others are always there. Without JavaScript the page shows the
    finished figure and all captions; printed, it gives a sheet for each step.

    >>> drawing = '<svg viewBox="0 0 9 9"><text data-key="w1.value">3</text></svg>'
    >>> page = stepper_page(drawing, [Slide((), (), "<p>Aún nada</p>", "Aún nada")], title="x < 1",
    ...     description="", language="es", theme_css={"--ink": "#111"}, font_css="")
    >>> "<h1 id=\\"mg-title\\">x &lt; 1</h1>" in page, 'aria-label="Paso siguiente"' in page
    (True, True)

    `title` and `description` are plain text. `theme_css` sets the page's custom properties: --paper, --ink,
    --muted, --value, --gradient, --local, --highlight, --highlight-edge. `font_css` gives @font-face rules for the
    family "Micrograd Sans", with the font as a data: address.

    Raises ValueError where there is no slide, the language is not there, the drawing has no viewBox, a slide names
    a key that the drawing lacks (a number that would never appear), or the CSS would leave its style element.
    """
    words = _words(language)
    drawing = _drawing(svg)
    _check_keys(drawing, slides)
    script = _template("page.js")
    return Template(_template("page.html")).substitute(
        {f"t_{name}": escape(text) for name, text in words.items()},
        language=language,
        policy=_policy(script),
        title=escape(title),
        description=escape(description),
        font_css=_style("font_css", font_css),
        css=_template("page.css"),
        theme=_theme(theme_css),
        svg=drawing,
        captions="\n".join(f"<li>{slide.caption}</li>" for slide in slides),
        speeds="".join(_speed(seconds) for seconds in SECONDS_PER_STEP),
        count=str(len(slides)),
        data=_json(
            {
                "slides": [{"show": s.show, "active": s.active, "text": s.text} for s in slides],
                "text": {name: words[name] for name in ("play", "pause", "full", "window")},
            }
        ),
        script=script,
    )


def stepper_fragment(
    svg: str,
    slides: Sequence[Slide],
    *,
    title: str,
    description: str,
    language: str,
    theme_css: Mapping[str, str],
    font_css: str,
    element_id: str,
) -> str:
    """The page of `stepper_page` as one element, for a notebook.

    It is a frame that carries its document in itself. The frame keeps style, names and keys apart, so any number of
    figures stand on one notebook page, the arrow keys belong to the figure that was clicked and the notebook's own
    shortcuts do not fire; and, sandboxed, it cannot reach into the notebook.

    >>> drawing = '<svg viewBox="0 0 9 9"></svg>'
    >>> frame = stepper_fragment(drawing, [Slide((), (), "", "")], title='"x"', description="", language="en",
    ...     theme_css={}, font_css="", element_id="figure-1")
    >>> frame[:71]
    '<iframe id="figure-1" title="&quot;x&quot;" sandbox="allow-scripts" all'
    """
    page = stepper_page(
        svg,
        slides,
        title=title,
        description=description,
        language=language,
        theme_css=theme_css,
        font_css=font_css,
    )
    return (
        f'<iframe id="{escape(element_id)}" title="{escape(title)}" sandbox="allow-scripts" allowfullscreen '
        'style="display: block; width: 100%; aspect-ratio: 16 / 9; min-height: 420px; max-height: 90vh; border: 0" '
        f'srcdoc="{escape(page)}"></iframe>'
    )


def index_page(
    entries: Sequence[IndexEntry],
    *,
    title: str,
    intro: str,
    language: str,
    theme_css: Mapping[str, str],
    font_css: str,
) -> str:
    """A page that lists sets of figures by section, in the order given, with a picture and the files of each.

    All texts are plain text and all paths are relative to the page.

    >>> entry = IndexEntry("Clase 4", "Un producto", "Paso a paso.", "mi figura.svg", (("PDF", "xyz.pdf"),))
    >>> page = index_page([entry], title="Figuras", intro="", language="es", theme_css={}, font_css="")
    >>> 'src="mi%20figura.svg"' in page, '<a href="xyz.pdf">PDF</a>' in page
    (True, True)
    """
    words = _words(language)
    sections: dict[str, list[IndexEntry]] = {}
    for entry in entries:
        sections.setdefault(entry.section, []).append(entry)
    return Template(_template("page_index.html")).substitute(
        language=language,
        title=escape(title),
        intro=escape(intro),
        font_css=_style("font_css", font_css),
        theme=_theme(theme_css),
        sections="\n".join(_section(name, listed, words) for name, listed in sections.items()),
    )


def _section(name: str, entries: Sequence[IndexEntry], words: Mapping[str, str]) -> str:
    figures = "\n".join(_figure(entry, words) for entry in entries)
    return f'<section>\n<h2>{escape(name)}</h2>\n<ul class="figures">\n{figures}\n</ul>\n</section>'


def _figure(entry: IndexEntry, words: Mapping[str, str]) -> str:
    picture = f'<img src="{_path(entry.thumbnail)}" alt="" loading="lazy">'
    target = _path(entry.links[0][1] if entry.links else entry.thumbnail)
    links = "".join(f'<li><a href="{_path(path)}">{escape(text)}</a></li>' for text, path in entry.links)
    return (
        f'<li>\n<a class="picture" href="{target}" tabindex="-1" aria-hidden="true">{picture}</a>\n'
        f'<h3><a href="{target}">{escape(entry.title)}</a></h3>\n<p>{escape(entry.description)}</p>\n'
        f'<ul class="files" aria-label="{escape(words["files"].format(title=entry.title))}">{links}</ul>\n</li>'
    )


def _words(language: str) -> Mapping[str, str]:
    if language not in UI_TEXT:
        raise ValueError(f"no page texts in language {language!r}; there are: {', '.join(sorted(UI_TEXT))}")
    return UI_TEXT[language]


def _drawing(svg: str) -> str:
    """The svg element alone: a document's XML declaration and doctype have no place inside HTML."""
    start = re.search(r"<svg\b[^>]*>", svg)
    if start is None or "viewBox" not in start[0]:
        raise ValueError(f"expected an SVG drawing with a viewBox, got {svg[:80]!r}")
    return svg[start.start() :].strip()


def _check_keys(drawing: str, slides: Sequence[Slide]) -> None:
    if not slides:
        raise ValueError("a page needs at least one slide; give Slide((), (), caption, text) to show a figure as is")
    present = {unescape(key) for key in re.findall(r'\bdata-key="([^"]*)"', drawing)}
    missing = sorted({key for slide in slides for key in slide.show + slide.active} - present)
    if missing:
        raise ValueError(f"no element of the drawing has the data-key {', '.join(map(repr, missing))}")


def _theme(properties: Mapping[str, str]) -> str:
    for name, value in properties.items():
        if not re.fullmatch(r"--[\w-]+|color-scheme", name) or re.search(r"[<>{};]", value):
            raise ValueError(f"expected a property such as '--ink': '#111111', got {name!r}: {value!r}")
    return " ".join(f"{name}: {value};" for name, value in properties.items())


def _style(name: str, css: str) -> str:
    if "</" in css or "<!--" in css:
        raise ValueError(f"{name} would end its style element: it contains '</' or '<!--'")
    return css


def _json(value: object) -> str:
    """JSON that means nothing to an HTML parser, whatever the texts in it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return re.sub("[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text)


def _policy(script: str) -> str:
    """Nothing from elsewhere, and no script but this one: not even one hidden in a drawing."""
    digest = b64encode(sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "font-src data:; img-src data:; base-uri 'none'; form-action 'none'"
    )


def _speed(seconds: int) -> str:
    chosen = " selected" if seconds == DEFAULT_SECONDS else ""
    return f'<option value="{seconds}"{chosen}>{seconds} s</option>'


def _path(path: str) -> str:
    return escape(quote(path))


@cache
def _template(name: str) -> str:
    return files("micrograd_es.figures").joinpath(name).read_text("utf-8")
