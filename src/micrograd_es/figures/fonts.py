"""The family of letters that figures are set in: its name, its CSS, its widths.

The package carries the family, so that a figure is the same on every machine and does not need one with fonts. Its
name is its own: no system font shadows it. `tools/build_fonts.py` says what it is made of.

Graphviz finds fonts through fontconfig, a C library with one current configuration a process, which whoever uses
pygraphviz directly shares. `current` makes it ours for the time of a call, and leaves it as it was.
"""

from __future__ import annotations

import base64
import html
import json
import os
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["FACES", "FAMILY", "Face", "configuration", "covers", "current", "environment", "face_css", "text_width"]

FAMILY = "Micrograd Sans"
FOLDER = Path(__file__).resolve().with_name("fonts")


class Face(NamedTuple):
    """One face: its file's name without the suffix, and the CSS that asks for it."""

    stem: str
    weight: str
    style: str


# The semi-bold is the family's bold: <B> in a label asks for "bold", and knows no other heavier weight.
FACES = {
    "regular": Face("MicrogradSans-Regular", "normal", "normal"),
    "italic": Face("MicrogradSans-Italic", "normal", "italic"),
    "semibold": Face("MicrogradSans-SemiBold", "bold", "normal"),
}


def face_css(faces: Iterable[str] = FACES) -> str:
    """The `@font-face` rules of some faces, with the fonts inside, in the order of `FACES`.

    An SVG or HTML figure that carries them needs no font of the reader's. A face takes about 30 kB, so a figure asks
    for those it uses.

    >>> face_css([])
    ''
    >>> face_css(["italic"])[:73]
    '@font-face{font-family:"Micrograd Sans";font-style:italic;font-weight:nor'
    """
    wanted = {_checked(face) for face in faces}
    return "".join(_rule(face) for face in FACES if face in wanted)


@cache
def _rule(face: str) -> str:
    stem, weight, style = FACES[face]
    data = base64.b64encode((FOLDER / f"{stem}.woff2").read_bytes()).decode("ascii")
    return (
        f'@font-face{{font-family:"{FAMILY}";font-style:{style};font-weight:{weight};'
        f'src:url("data:font/woff2;base64,{data}") format("woff2")}}\n'
    )


def text_width(text: str, size: float, face: str = "regular") -> float:
    """How wide a line of text is at a size, in the size's unit (points).

    The family has no kerning and no ligatures, so a line is as wide as the sum of its characters, and digits are all
    of one width. A character outside the family counts as 1 em, the width of most fallbacks (emoji, Chinese); a mark
    that combines with the letter before it counts as nothing.

    >>> text_width("−2.00", 10) == text_width("+5.37", 10) == 25.56
    True
    >>> text_width("x̂", 10) == text_width("x", 10)
    True
    """
    widths = _widths(_checked(face))
    return round(size * sum(widths[c] if c in widths else _foreign(c) for c in text), 6)


def _foreign(character: str) -> float:
    """The width in ems of a character that the family lacks: none for a mark or a control, 1 for anything else."""
    return 0.0 if unicodedata.category(character) in ("Mn", "Me", "Cf", "Cc") else 1.0


@cache
def _widths(face: str) -> dict[str, float]:
    """Each character's advance, in ems."""
    table = json.loads((FOLDER / "advances.json").read_text(encoding="utf-8"))[face]
    em: int = table["unitsPerEm"]
    return {c: int(width) / em for width, group in table["advances"].items() for c in group}


def covers(text: str) -> bool:
    """Whether the family has every character of a text or of a DOT source, whose entities (`&#960;`) count as well.

    What it covers is drawn without looking at the system's fonts, and is therefore the same everywhere.

    >>> covers("σ(x₁·w₁) → ∂L/∂w"), covers("&#960;"), covers("数"), covers("&#25968;")
    (True, True, False, False)
    """
    if "&" in text:
        text = html.unescape(text)
    return text.isascii() or set(text) - {"\n", "\t", "\r"} <= _widths("regular").keys()


def _checked(face: str) -> str:
    if face not in FACES:
        raise ValueError(f"no face is called {face!r}; the family {FAMILY} has {', '.join(FACES)}")
    return face


# fontconfig ---------------------------------------------------------------------------------------------------------

_RULES = """<match target="font">
<edit name="antialias" mode="assign"><bool>true</bool></edit>
<edit name="hinting" mode="assign"><bool>false</bool></edit>
<edit name="rgba" mode="assign"><const>none</const></edit></match>
<selectfont><rejectfont><glob>*/MicrogradSans-*.woff2</glob></rejectfont></selectfont>
<config><rescan><int>0</int></rescan></config>"""


def configuration(covered: bool, cache_folder: str) -> str:
    """A fontconfig file for a Graphviz that runs as a program of its own: our family, and the system's unless covered.

    >>> "<include" in configuration(True, "/tmp/x"), "<include" in configuration(False, "/tmp/x")
    (False, True)
    """
    system = "" if covered else '<include ignore_missing="yes">fonts.conf</include>'
    folders = f"<dir>{html.escape(str(FOLDER))}</dir><cachedir>{html.escape(cache_folder)}</cachedir>"
    return f'<?xml version="1.0"?>\n<fontconfig>{system}{folders}{_RULES}</fontconfig>\n'


@contextmanager
def current(covered: bool) -> Iterator[None]:
    """Make our fonts the current ones of pygraphviz's fontconfig, and put back what was current.

    Where that library is not to be found (macOS draws with its own) the call goes ahead with the system's fonts.
    """
    fc = _library()
    if fc is None:
        yield
        return
    ours, theirs = _loaded(covered), _reference(fc)
    fc.FcConfigSetCurrent(ours)
    try:
        yield
    finally:
        fc.FcConfigSetCurrent(theirs)
        fc.FcConfigDestroy(theirs)  # our reference to it
        if fc.FcConfigGetSysRoot(theirs) == os.fsencode(FOLDER):
            fc.FcConfigDestroy(theirs)  # the last reference: nothing is current again, as before the call


def _reference(fc: Any) -> Any:
    """The current configuration, and for a fontconfig not used before an empty one, rather than the system's.

    Reading the system's fonts takes long, prints warnings, and is for whoever uses them. Seen from a folder without
    any there is nothing to read, and a configuration made so is known again by that root.
    """
    with environment("FONTCONFIG_SYSROOT", str(FOLDER)):
        return fc.FcConfigReference(None)


@contextmanager
def environment(name: str, value: str) -> Iterator[None]:
    """Set an environment variable for the time of a C call that reads it."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


@cache
def _loaded(covered: bool) -> Any:
    """Our family alone, or on top of the system's fonts where some character is not in it; kept for the next call.

    Its files are added one by one: a folder of fonts is a thing that fontconfig leaves its own files in.
    """
    fc = _library()
    config = fc.FcConfigCreate() if covered else fc.FcInitLoadConfig()
    fc.FcConfigParseAndLoadFromMemory(config, f"<fontconfig>{_RULES}</fontconfig>".encode(), 0)
    fc.FcConfigBuildFonts(config)
    for face in FACES.values():
        fc.FcConfigAppFontAddFile(config, os.fsencode(FOLDER / f"{face.stem}.ttf"))
    return config


@cache
def _library() -> Any:
    """The fontconfig that pygraphviz has loaded (its wheel's own, or the system's), or None."""
    import ctypes

    import pygraphviz

    beside = Path(pygraphviz.__file__).parents[1] / "pygraphviz.libs"
    maps = Path("/proc/self/maps")
    loaded = {line.split()[-1] for line in maps.read_text().splitlines()} if maps.exists() else set[str]()
    found = [str(path) for path in beside.glob("*fontconfig*")] + sorted(p for p in loaded if "libfontconfig" in p)
    if not found:
        return None
    pointer, number, text = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
    fc = ctypes.CDLL(found[0])
    if fc.FcGetVersion() < 21301:  # before it, making a configuration current took no reference to it
        return None
    for name, result, arguments in (
        ("FcConfigCreate", pointer, []),
        ("FcInitLoadConfig", pointer, []),
        ("FcConfigParseAndLoadFromMemory", number, [pointer, text, number]),
        ("FcConfigBuildFonts", number, [pointer]),
        ("FcConfigAppFontAddFile", number, [pointer, text]),
        ("FcConfigReference", pointer, [pointer]),
        ("FcConfigSetCurrent", number, [pointer]),
        ("FcConfigGetSysRoot", text, [pointer]),
        ("FcConfigDestroy", None, [pointer]),
    ):
        function = getattr(fc, name)
        function.restype, function.argtypes = result, arguments
    return fc
