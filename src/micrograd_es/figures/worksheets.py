"""`worksheet`: figures with blanks to write in, and their answer key."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from functools import cached_property
from html import escape
from os import PathLike
from pathlib import Path
from typing import Any, Unpack

from micrograd_es.figures.blanks import Ask, BlankTexts, shared_out, wanted
from micrograd_es.figures.caption import Part
from micrograd_es.figures.drawing import Drawing, Look, drawing_of, told, written_with
from micrograd_es.figures.formats import numbered, pdf, png, way
from micrograd_es.figures.labels import clean
from micrograd_es.figures.paper import Lines, Page
from micrograd_es.figures.sheet import Sheet, task_of
from micrograd_es.files import as_path, write_files
from micrograd_es.value import Value

# Each page of a web page is printed on paper of its own, which lies on its side where the page does.
PRINTED = (
    "@page{size:A4;margin:0}@page wide{size:A4 landscape;margin:0}"
    "@media print{img{display:block;max-width:none;width:210mm;height:296.9mm;break-after:page}"
    "img.wide{page:wide;width:297mm;height:209.9mm}img:last-child{break-after:auto}}"
)


class Pages:
    """Pages of paper that can be shown and saved: those of a worksheet, or of its key."""

    def __init__(self, sheets: Sequence[Sheet], title: str, *, answers: bool) -> None:
        self.sheets, self.title, self.answers = sheets, title, answers

    @cached_property
    def pages(self) -> list[Page]:
        """The pages, in order."""
        return [page for sheet in self.sheets for page in (sheet.key() if self.answers else [sheet.blank()])]

    def __len__(self) -> int:
        return len(self.pages)

    def svgs(self) -> list[str]:
        """Each page as an SVG document."""
        return [page.svg() for page in self.pages]

    def files(self, path: str | PathLike[str]) -> dict[Path, bytes]:
        """What `save` would write: each file with its content. Raises ValueError for a suffix that is not known."""
        target = as_path(path)
        ways: dict[str, Callable[[], bytes | list[bytes]]] = {
            ".pdf": lambda: pdf([page.dot for page in self.pages], self.title),
            ".svg": lambda: [text.encode("utf-8") for text in self.svgs()],
            ".png": lambda: [png(page.dot, page.size) for page in self.pages],
            ".html": lambda: self.html().encode("utf-8"),
            ".dot": lambda: [sheet.dot(answers=self.answers).encode("utf-8") for sheet in self.sheets],
        }
        made = way(ways, target, "a worksheet")()
        if isinstance(made, bytes):
            return {target: made}
        return numbered(target, made) if len(made) > 1 else {target: made[0]}

    def save(self, path: str | PathLike[str]) -> Path | list[Path]:
        """Write the pages to a file whose suffix says how; returns its path, or the list of numbered files.

        `.pdf` has all pages, ready to be printed on A4, and `.html` shows them one under the other; `.svg` and `.png`
        are a file for each page, `.dot` for each exercise, numbered where there are several.

        Raises ValueError for another suffix, FileNotFoundError for a folder that does not exist and OSError where a
        file cannot be written; then no file is left behind.
        """
        paths = _written([self.files(path)])
        return paths[0] if len(paths) == 1 else paths

    def html(self) -> str:
        """One self-contained web page with all the pages."""
        language, paper = self.sheets[0].drawing.language, self.sheets[0].drawing.theme.paper
        policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        style = f"body{{margin:0;background:{paper};text-align:center}}img{{max-width:100%}}{PRINTED}"
        return (
            f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n<title>{escape(self.title)}</title>\n'
            f"<style>{style}</style>\n</head>\n<body>\n{self._images()}</body>\n</html>\n"
        )

    def _repr_html_(self) -> str:
        return self._images()

    def _images(self) -> str:
        """The pages as pictures: a page of its own for each, so that their names and styles do not mix."""
        return "".join(
            f'<img alt="{escape(f"{page.title}. {page.description}")}" class="{"wide" if page.wide else "upright"}"'
            f' src="data:image/svg+xml;base64,{b64encode(page.svg().encode("utf-8")).decode()}">\n'
            for page in self.pages
        )

    def __repr__(self) -> str:
        count = len(self.sheets)
        return f"<{type(self).__name__}: {self.title}, {count} exercise{'s' if count > 1 else ''}>"


class Worksheet(Pages):
    """Exercises with blanks to write in, as `worksheet` makes them, and their `key`.

    >>> from micrograd_es import Value, worksheet
    >>> sheet = worksheet(Value(2, "w") * Value(3, "x"), language="en")
    >>> sheet, sheet.key
    (<Worksheet: Exercise, 1 exercise>, <Pages: Exercise · Answer key, 1 exercise>)
    """

    def __init__(self, sheets: Sequence[Sheet], title: str) -> None:
        super().__init__(sheets, title, answers=False)

    @cached_property
    def key(self) -> Pages:
        """The same pages with the answers in the blanks, and the worked steps."""
        words = self.sheets[0].texts.words
        return Pages(self.sheets, f"{self.title} · {words['key']}", answers=True)

    def save(self, path: str | PathLike[str], key: str | PathLike[str] | None = None) -> Path | list[Path]:
        """Write the sheet, and with `key` the answer key, to files whose suffixes say how; returns their paths.

        What the suffixes mean and what is raised is said at `Pages.save`. Both files are written, or none.
        """
        paths = self.save_all([path], [] if key is None else [key])
        return paths[0] if len(paths) == 1 else paths

    def save_all(self, sheets: Sequence[str | PathLike[str]], keys: Sequence[str | PathLike[str]]) -> list[Path]:
        """Write the sheet to all files of one list, the key to all of another: all of them, or none."""
        return _written([*map(self.files, sheets), *map(self.key.files, keys)])


def worksheet(
    f: Value | Sequence[Value], ask: Ask = "all", *, task: str | None = None, **look: Unpack[Look]
) -> Worksheet:
    """An exercise on A4 paper: the figure of f with boxes to write in for what is asked, and its answer key.

    >>> from micrograd_es import Value
    >>> x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    >>> sheet = worksheet((x + y) * z)
    >>> sheet, len(sheet), len(sheet.key)
    (<Worksheet: Ejercicio, 1 exercise>, 1, 1)

    A list of Values is an exercise each, on a page of its own. `sheet.save("sheet.pdf", key="key.pdf")` writes both.

    `ask` is "all", "values", "gradients", or what to ask for: the name of a Value, a Value (its number, where it is
    computed, and its gradient), or a list of those, each of which at least one exercise has. With "values" the figure
    has no gradients. With `local=True` the local gradients are asked for, too. What is not asked for is given, and may
    be an answer's number by the chain rule: of q·z, whoever is asked for q alone reads it at z, as its gradient.
    Constants have no gradient here.

    `title` is the heading; `task`, lines of your own in place of what is to be done, "" for none. `theme` is "print"
    unless another is given. The other options are those of `draw`, without `level` and `symbols`.

    Raises TypeError for what is no Value, and ValueError for an unknown option, a name that is not there, and a graph
    that is no exercise to do by hand.
    """
    exercises: list[Any] = list(f) if isinstance(f, list | tuple) else [f]
    if not exercises:
        raise ValueError("a worksheet was asked for from an empty list; expected a Value, or a list with at least one.")
    asked = wanted(ask)
    drawings = [_drawing(one, asked, look) for one in exercises]
    title, words = look.get("title"), drawings[0].texts.words
    several = len(drawings) > 1
    whole = words["exercises" if several else "exercise"] if title is None else clean(title, len(title))
    sheets = []
    shares = shared_out(asked, [drawing.texts for drawing in drawings])
    for number, (drawing, share) in enumerate(zip(drawings, shares, strict=True), 1):
        texts = BlankTexts(drawing.texts, share, drawing.local)
        said = task_of(texts, drawing.writer.across) if task is None else _own(task)
        numbered = f"{words['exercise']} {number}" if title is None else f"{whole} · {number}"
        sheets.append(Sheet(drawing, texts, numbered if several else whole, said))
    return Worksheet(sheets, whole)


def _drawing(f: Any, ask: list[str | Value], look: Look) -> Drawing:
    """The figure of one exercise. Raises TypeError for what is no Value, ValueError for what is not done by hand."""
    if not isinstance(f, Value):
        written = "worksheet(f(x))" if callable(f) else written_with("worksheet", f)
        if isinstance(f, list | tuple):
            written = "worksheet([f, g])"
        raise TypeError(f"an exercise is {told(f)}; expected a Value. Write {written}.")
    options: Any = {"theme": "print"} | dict(look)
    if options.get("level") is not None:
        raise ValueError(f"level={options['level']!r} was given, and a worksheet has no block graphs. Leave level out.")
    if options.get("symbols"):
        raise ValueError("symbols=True was given, and a worksheet asks for numbers. Leave symbols out.")
    if ask == ["values"]:
        options["gradients"] = False
    drawing = drawing_of(f, options)
    assert isinstance(drawing, Drawing)
    if drawing.note:
        gates = sum(len(gate.nodes) for gate in drawing.texts.scene.gates)
        raise ValueError(
            f"a graph of {gates} gates is no exercise to do by hand. Fold its scopes (fold=…, depth=…), or take a"
            " smaller part of it."
        )
    return drawing


def _own(task: str) -> Lines:
    """A task in the user's words. Raises TypeError for what is no text."""
    if not isinstance(task, str):
        raise TypeError(f"task is {task!r} ({type(task).__name__}); expected text, a line for each line.")
    return [(Part(clean(line, len(line))),) for line in task.split("\n")] if task else []


def _written(sets: Sequence[dict[Path, bytes]]) -> list[Path]:
    """Write the files, all or none; their paths. Raises ValueError where two would have one name."""
    names = [path for files in sets for path in files]
    twice = next((path for i, path in enumerate(names) if path in names[:i]), None)
    if twice is not None:
        raise ValueError(
            f"{str(twice)!r} is the name of two files; expected a name for each, such as 'key{twice.suffix}'."
        )
    write_files({path: content for files in sets for path, content in files.items()})
    return names
