"""Builds the font family that the figures are set in, from the Noto Sans sources.

A system font may be missing, or be another version, and then a figure changes from one machine to the next. So the
package carries its own family, under a name that no system font has. This program makes it: it keeps the characters
that figures use, adds the mathematics that Noto Sans lacks, and writes the same bytes whenever it is given the same
sources. It is run by hand when the set of characters changes; nothing else needs it, nor its two tools:

    python -m pip install fonttools brotli
    python tools/build_fonts.py FOLDER

FOLDER holds NotoSans-{Regular,Italic,SemiBold}.ttf, NotoSansMath-Regular.ttf and NotoSansSymbols2-Regular.ttf.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from itertools import pairwise
from math import hypot
from pathlib import Path

from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._g_l_y_f import GlyphCoordinates

FAMILY = "Micrograd Sans"
VERSION = "1.000"
FONTS = Path(__file__).resolve().parents[1] / "src/micrograd_es/figures/fonts"
SECONDS_1904_TO_2025 = 3818448000  # a font counts its dates from 1904; any fixed date does

ASCENDER, DESCENDER = 950, -250  # 1.2 em a line, Graphviz's own line spacing; Noto's 1.36 makes label tables too tall

MATHS = "←→↑↓↔↦⇒⇐⇔∀∂∃∅∆∇∈∉∏∑−∗∘√∝∞∣∥∧∨∩∪∫∼≃≈≠≡≤≥≪≫⊂⊆⊕⊗⊙⊤⋮⋯⟨⟩ℝℕℤ‖½⅓¼¾⅔ᵀˣ■□▶▸○●✓✗"
COMBINING = (0x0300, 0x0301, 0x0302, 0x0303, 0x0304, 0x0306, 0x0307, 0x0308, 0x030A, 0x030C)
CHARACTERS = sorted(
    {
        *range(0x0020, 0x007F),  # Basic Latin
        *range(0x00A0, 0x0180),  # Latin-1 and Latin Extended-A
        *COMBINING,  # x̂, w̄, ẋ
        *range(0x0370, 0x0400),  # Greek
        *range(0x2010, 0x2028),  # dashes, quotation marks, bullets, …
        *range(0x202F, 0x2040),  # narrow space, ‰, primes, ‹ ›
        *range(0x2070, 0x209D),  # superscripts and subscripts
        *range(0x2400, 0x2427),  # ␀ … ␦, control characters made visible
        0xFFFD,
        *map(ord, MATHS),
    }
)


@dataclass(frozen=True)
class Face:
    """One face of the family: where its letters come from and how a program asks for it.

    The semi-bold is styled as the family's bold, because "bold" is the only heavier weight that Graphviz can ask for;
    `embolden` thickens the strokes of the symbols that exist in one weight only, in thousandths of an em.
    """

    name: str
    style: str
    weight: int
    italic: bool = False
    embolden: int = 0


FACES = (
    Face("Regular", "Regular", 400),
    Face("Italic", "Italic", 400, italic=True),
    Face("SemiBold", "Bold", 700, embolden=22),
)


def subset(font: TTFont) -> None:
    """Keep the figures' characters, without hints, kerning and ligatures.

    A text is then as wide as the sum of its characters, which is what lets `text_width` answer without a font engine.
    Marks are still placed on their letters, and that moves nothing else.
    """
    options = Options()
    options.hinting = False
    options.layout_features = ["ccmp", "mark", "mkmk"]
    options.name_IDs = [0, 13, 14]
    options.notdef_outline = True
    options.drop_tables += ["DSIG", "gasp"]
    options.glyph_names = False
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=CHARACTERS)
    subsetter.subset(font)


def embolden(pen: TTGlyphPen, strength: int) -> None:
    """Thicken the glyph that the pen holds by moving each point outwards along the bisector of its corner."""
    start, moved = 0, []
    for end in pen.endPts:
        contour = [point[0] if isinstance(point[0], tuple) else point for point in pen.points[start : end + 1]]
        moved += [outwards(contour, i, strength / 2) for i in range(len(contour))]
        start = end + 1
    pen.points = moved


def outwards(contour: list[tuple[float, float]], i: int, distance: float) -> tuple[int, int]:
    """Point i of a contour moved away from its ink; TrueType contours keep the ink at their right."""
    x, y = contour[i]
    (ax, ay), (bx, by) = (direction(contour, i, step) for step in (-1, 1))
    nx, ny = ay - by, bx - ax  # the sum of both sides' left normals
    scale = distance / max((nx * nx + ny * ny) / 2, 0.5)  # a mitre, cut where the corner is sharp
    return round(x + nx * scale), round(y + ny * scale)


def direction(contour: list[tuple[float, float]], i: int, step: int) -> tuple[float, float]:
    """The unit vector from point i to its nearest distinct neighbour, forwards (step 1) or backwards (step -1)."""
    x, y = contour[i]
    for k in range(1, len(contour)):
        dx, dy = (a - b for a, b in zip(contour[(i + k * step) % len(contour)], (x, y), strict=True))
        if dx or dy:
            return dx / hypot(dx, dy), dy / hypot(dx, dy)
    return 1.0, 0.0


def borrow(font: TTFont, source: TTFont, code: int, strength: int) -> None:
    """Copy one character's outline and advance from another font."""
    taken = source.getBestCmap()[code]
    recording = DecomposingRecordingPen(source.getGlyphSet())
    source.getGlyphSet()[taken].draw(recording)
    pen = TTGlyphPen(None)
    recording.replay(pen)
    if strength:
        embolden(pen, strength)
    add(font, code, pen.glyph(), source["hmtx"][taken][0])


def add(font: TTFont, code: int, glyph: object, advance: int) -> None:
    """Put a glyph into the font under a character."""
    name = f"uni{code:04X}"
    font["glyf"][name] = glyph
    font["glyf"][name].recalcBounds(font["glyf"])
    font["hmtx"][name] = (advance, getattr(font["glyf"][name], "xMin", 0))
    for table in font["cmap"].tables:
        table.cmap[code] = name


def minus_from_division_sign(font: TTFont) -> None:
    """Make − of the bar of ÷, so that it has the height, weight and width of the face's own + and ×."""
    division = font.getBestCmap()[ord("÷")]
    glyph = font["glyf"][division]
    ends = [-1, *glyph.endPtsOfContours]
    contours = [list(glyph.coordinates[a + 1 : b + 1]) for a, b in pairwise(ends)]
    bar = max(contours, key=lambda points: max(x for x, _ in points) - min(x for x, _ in points))
    pen = TTGlyphPen(None)
    pen.moveTo(bar[0])
    for point in bar[1:]:
        pen.lineTo(point)
    pen.closePath()
    minus = pen.glyph()
    assert isinstance(minus.coordinates, GlyphCoordinates)
    add(font, ord("−"), minus, font["hmtx"][division][0])


def name(font: TTFont, face: Face) -> None:
    """Name the face, link its style to its family, and fix its dates and line height."""
    full = FAMILY if face.style == "Regular" else f"{FAMILY} {face.style}"
    postscript = f"{FAMILY.replace(' ', '')}-{face.style}"
    names = {1: FAMILY, 2: face.style, 3: f"{VERSION};{postscript}", 4: full, 5: f"Version {VERSION}", 6: postscript}
    for identifier, text in names.items():
        font["name"].setName(text, identifier, 3, 1, 0x409)
    os2, head, hhea = font["OS/2"], font["head"], font["hhea"]
    bold = face.style == "Bold"
    os2.version = max(os2.version, 4)  # the first that knows USE_TYPO_METRICS
    os2.usWeightClass = face.weight
    os2.fsSelection = (0x80, 0xC0)[not (bold or face.italic)] | 0x20 * bold | 0x01 * face.italic
    head.macStyle = bold | 2 * face.italic
    os2.sTypoAscender, os2.sTypoDescender, os2.sTypoLineGap = ASCENDER, DESCENDER, 0
    hhea.ascent, hhea.descent, hhea.lineGap = ASCENDER, DESCENDER, 0
    os2.usWinAscent, os2.usWinDescent = head.yMax, -head.yMin
    os2.achVendID = "NONE"
    head.fontRevision = float(VERSION)
    head.created = head.modified = SECONDS_1904_TO_2025


def build(face: Face, sources: Path) -> TTFont:
    """One face: the letters of Noto Sans, and the symbols it lacks from the fonts of mathematics and symbols."""
    font = TTFont(sources / f"NotoSans-{face.name}.ttf", recalcTimestamp=False)
    subset(font)
    lenders = [TTFont(sources / f"NotoSans{kind}-Regular.ttf") for kind in ("Math", "Symbols2")]
    minus_from_division_sign(font)
    for code in CHARACTERS:
        lender = next((f for f in lenders if code in f.getBestCmap()), None)
        if lender is not None and code not in font.getBestCmap():
            borrow(font, lender, code, face.embolden)
    font["maxp"].recalc(font)
    font["OS/2"].recalcUnicodeRanges(font)
    font["post"].formatType = 3.0  # no glyph names
    font["head"].recalc = True
    name(font, face)
    return font


def advances(font: TTFont) -> dict[str, str]:
    """The characters of a face, grouped by their advance: {"572": "0123456789+…"}."""
    groups: dict[int, str] = {}
    for code, glyph in sorted(font.getBestCmap().items()):
        width = 0 if code in COMBINING else font["hmtx"][glyph][0]
        groups[width] = groups.get(width, "") + chr(code)
    return {str(width): groups[width] for width in sorted(groups)}


def main(sources: Path) -> None:
    """Write the faces as TrueType (for Graphviz) and WOFF2 (for SVG and HTML), and their advances."""
    table: dict[str, object] = {}
    for face in FACES:
        font = build(face, sources)
        target = FONTS / f"{FAMILY.replace(' ', '')}-{face.name}.ttf"
        font.save(target)
        font = TTFont(target, recalcTimestamp=False)
        digits = {font["hmtx"][font.getBestCmap()[ord(digit)]][0] for digit in "0123456789"}
        assert len(digits) == 1, f"the digits of {face.name} are of several widths: {digits}"
        table[face.name.lower()] = {"unitsPerEm": font["head"].unitsPerEm, "advances": advances(font)}
        font.flavor = "woff2"
        font.save(target.with_suffix(".woff2"))
        missing = "".join(map(chr, sorted(set(CHARACTERS) - set(font.getBestCmap()))))
        print(f"{target.stem}: {len(font.getBestCmap())} characters, {target.stat().st_size} bytes,", end=" ")
        print(f"{target.with_suffix('.woff2').stat().st_size} as WOFF2; unassigned or lacking: {missing!a}")
    text = json.dumps(table, ensure_ascii=False, indent=1)
    (FONTS / "advances.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("build_fonts.py: expected one argument, the folder that holds the Noto TTF files")
    main(Path(sys.argv[1]))
