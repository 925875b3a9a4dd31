"""From a picture's DOT source to the bytes of a file: which suffix means what, and how many files there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TypeVar

from micrograd_es.figures.render import render

DPI = 200  # dots per inch of a PNG: a figure of ten gates fills a projector
LARGEST_BITMAP = 30000  # pixels, on either side

Made = TypeVar("Made")


def way(ways: Mapping[str, Callable[[], Made]], path: Path, what: str) -> Callable[[], Made]:
    """How to write a file, by its suffix. Raises ValueError for one that is not among them."""
    if path.suffix.lower() not in ways:
        raise ValueError(
            f"{str(path)!r} does not say how to write {what}; expected a name that ends in {', '.join(ways)}."
        )
    return ways[path.suffix.lower()]


def numbered(path: Path, contents: Sequence[bytes]) -> dict[Path, bytes]:
    """Files for several contents: film.svg becomes film-01.svg, film-02.svg …

    >>> [path.name for path in numbered(Path("film.svg"), [b"", b""])]
    ['film-01.svg', 'film-02.svg']
    """
    digits = max(2, len(str(len(contents))))
    names = [path.with_name(f"{path.stem}-{i:0{digits}}{path.suffix}") for i in range(1, len(contents) + 1)]
    return dict(zip(names, contents, strict=True))


def png(dot: str, size: tuple[float, float], dpi: int = DPI) -> bytes:
    """A PNG, of fewer dots an inch where a picture of that size in points would not fit a bitmap."""
    fitting = min(dpi, int(LARGEST_BITMAP * 72 / (max(size) + 72)))
    return render(dot.replace("graph [", f"graph [dpi={fitting} ", 1), "png", engine="nop2")


def pdf(dots: Sequence[str], title: str) -> bytes:
    """One PDF with a page for each picture."""
    from pypdf import PdfWriter

    whole = PdfWriter()
    for dot in dots:
        whole.append(BytesIO(render(dot, "pdf", engine="nop2")))
    whole.metadata = None
    whole.add_metadata({"/Title": title})
    whole.compress_identical_objects()
    file = BytesIO()
    whole.write(file)
    return file.getvalue()


def gif(pictures: Sequence[bytes]) -> bytes:
    """An endless animation from PNGs: two seconds a picture, four for the last."""
    try:
        from PIL import Image
    except ImportError:
        raise ImportError(
            "a GIF needs Pillow, which is not installed. Write: pip install 'micrograd-es[gif]'"
        ) from None
    images = [Image.open(BytesIO(picture)).convert("RGB").quantize(64) for picture in pictures]
    times = [2000] * (len(images) - 1) + [4000]
    file = BytesIO()
    images[0].save(file, "GIF", save_all=True, append_images=images[1:], duration=times, loop=0, optimize=True)
    return file.getvalue()
