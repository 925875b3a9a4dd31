"""Graphviz's SVG made fit to be shown: with a title, a description, its font inside, and names that mean something."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from html import escape, unescape

from micrograd_es.figures.fonts import FAMILY, face_css, text_width

SCRIPT = 0.7  # the size of what is raised or lowered, in sizes of the text

_COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_GROUP = re.compile(r'(<g id="(\w+)" class="(node|cluster)">\n)<title>[^<]*</title>\n')
_EDGE_TITLE = re.compile(r'(<g id="\w+" class="edge">\n)<title>[^<]*</title>\n')
_RUN = re.compile(
    r'<text [^>]*?\bx="(?P<x>[^"]+)" y="(?P<y>[^"]+)"[^>]*?font-size="(?P<size>[^"]+)"[^>]*>(?P<text>[^<]*)</text>'
)
_NODE = re.compile(r'<g id="(\w+)" class="node">.*?</g>\n', re.DOTALL)


def finished(svg: str, title: str, description: str, notes: Mapping[str, str], *, with_font: bool = True) -> str:
    """The SVG with everything a reader, and a screen reader, needs.

    `notes` are the tooltips of gates and wires by key. With `with_font` the letters that the figure is set in are
    inside, so that it looks the same everywhere.
    """
    start = svg.index("<svg")
    body = _COMMENT.sub("", svg[start:])
    body = _GROUP.sub(lambda m: m[1] + (f"<title>{escape(notes[m[2]])}</title>\n" if notes.get(m[2]) else ""), body)
    body = _EDGE_TITLE.sub(r"\1", body)
    head, rest = body.split(">\n", 1)
    label = f"<title>{escape(title)}</title>\n<desc>{escape(description)}</desc>\n"
    style = f"<style>{face_css(_faces(rest))}</style>\n" if with_font else ""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head} role="img">\n{label}{style}{rest}'


def _faces(svg: str) -> list[str]:
    """The faces of the family that the texts of an SVG use."""
    texts = re.findall(r"<text [^>]*>", svg)
    ours = [text for text in texts if FAMILY in text]
    bold = [text for text in ours if 'font-weight="bold"' in text]
    italic = [text for text in ours if 'font-style="italic"' in text]
    regular = len(ours) > len(bold) + len(italic)
    return [face for face, used in (("regular", regular), ("italic", italic), ("semibold", bold)) if used]


def spaced(svg: str, keys: Container[str]) -> str:
    """The SVG with the lines of text in some nodes as wide as they are shown: each run begins where the last one ends.

    Graphviz measures small text in whole pixels, and so up to a twentieth wrong: words ran into each other. It also
    leaves what is raised or lowered as large as the rest.
    """
    return _NODE.sub(lambda node: _spaced(node[0]) if node[1] in keys else node[0], svg)


def _spaced(node: str) -> str:
    """The runs of a node one after the other, line by line."""
    y, end = "", 0.0

    def moved(run: re.Match[str]) -> str:
        nonlocal y, end
        x = end if run["y"] == y else float(run["x"])
        face = "semibold" if 'font-weight="bold"' in run[0] else "regular"
        size = float(run["size"]) * (SCRIPT if "baseline-shift" in run[0] else 1)
        y, end = run["y"], x + text_width(unescape(run["text"]), size, face)
        tag = run[0].replace(f' x="{run["x"]}"', f' x="{x:.2f}"', 1)
        return tag.replace(f'font-size="{run["size"]}"', f'font-size="{size:.2f}"', 1)

    return _RUN.sub(moved, node)


def keyed(svg: str, gradient_colour: str) -> str:
    """The SVG with a `data-key` on everything that a page shows step by step: `w3.value`, `w3.gradient`,
    `w3.local`, `g2`, `s1`.

    In the label of a wire the texts in the colour of gradients are its gradient, the others its value.
    """

    def key_node(match: re.Match[str]) -> str:
        key, group = match[1], match[0]
        if key.endswith("_local"):
            return group.replace("<text ", f'<text data-key="{key.removesuffix("_local")}.local" ', 1)
        if not key.startswith("w"):
            return group.replace(f'<g id="{key}"', f'<g id="{key}" data-key="{key}"', 1)
        return re.sub(r"<text [^>]*>", lambda text: _key_text(text[0], key, gradient_colour), group)

    return _NODE.sub(key_node, svg)


def _key_text(tag: str, key: str, gradient_colour: str) -> str:
    kind = "gradient" if f'fill="{gradient_colour}"' in tag else "value"
    return tag.replace("<text ", f'<text data-key="{key}.{kind}" ', 1)
