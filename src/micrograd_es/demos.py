"""The figure sets of the lectures: runs the scripts of `demos/`, saves what they draw, and lists it on a page.

A script has a TITLE and an ABOUT in each language, and a function `pictures(language)` that gives the figures, frames,
worksheets and plots by name. What needs an extra, as plots need matplotlib, it imports in that function. It can be run
by itself, too.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from micrograd_es.figures import Figure, Frames, Pages
from micrograd_es.figures.fonts import face_css
from micrograd_es.figures.page import IndexEntry, index_page
from micrograd_es.figures.themes import theme
from micrograd_es.files import write_files

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Plot

    Picture = Figure | Frames | Pages | Plot

INDEX = {
    "es": ("Retropropagación, paso a paso", "Figuras de clase: cada una en SVG y PDF, y paso a paso en la página web."),
    "en": ("Backpropagation, step by step", "Lecture figures: each as SVG and PDF, and step by step as a web page."),
}
STEPS = {"es": "paso a paso", "en": "step by step"}


@dataclass(frozen=True)
class Topic:
    """One script of `demos/`: its name, and what it is about by language."""

    name: str
    title: Mapping[str, str]
    about: Mapping[str, str]
    pictures: Callable[[str], Mapping[str, Picture]]


def folder() -> Path:
    """Where the scripts are: inside the installed package, or beside it in a checkout."""
    installed = Path(__file__).with_name("demo_scripts")
    return installed if installed.is_dir() else Path(__file__).resolve().parents[2] / "demos"


@cache
def topics() -> dict[str, Topic]:
    """The topics by name, in the order of the lectures."""
    scripts = sorted(folder().glob("[a-z]*.py"))
    if not scripts:
        raise FileNotFoundError(f"there are no demos in {folder()}; expected scripts such as a2_expression.py.")
    return {script.stem: _topic(script.stem, _loaded(script)) for script in scripts}


def _topic(name: str, script: ModuleType) -> Topic:
    return Topic(name, script.TITLE, script.ABOUT, script.pictures)


def _loaded(path: Path) -> ModuleType:
    """A script as a module, without running what it does when it is run by itself."""
    spec = importlib.util.spec_from_file_location(f"micrograd_es_demo_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make_all(
    output: Path, language: str = "es", names: Iterable[str] = (), progress: Callable[[str], None] = lambda line: None
) -> list[Path]:
    """Make the figure sets of the named topics, of all where none is named, and the index page; gives the files.

    `progress` is told the name of each topic. A topic that needs an extra which is not installed is left out with a
    warning, unless it was named: then that is an ImportError. Raises ValueError for an unknown topic or language.
    """
    chosen = list(names)
    wanted = _wanted(chosen)
    if language not in INDEX:
        raise ValueError(f"the language is {language!r}; expected one of {', '.join(INDEX)}.")
    if output.exists() and not output.is_dir():
        raise NotADirectoryError(f"{output} is a file; expected a folder for the figures. Write the name of another.")
    output.mkdir(parents=True, exist_ok=True)
    made: list[Path] = []
    entries: list[IndexEntry] = []
    lacking: dict[str, list[str]] = {}  # by what to install, the topics that need it
    for topic in wanted:
        progress(topic.name)
        try:
            pictures = topic.pictures(language)
        except ImportError as error:
            if chosen or "micrograd-es[" not in str(error):  # only the errors of our own that say which extra
                raise
            lacking.setdefault(str(error), []).append(topic.name)
            continue
        for name, picture in pictures.items():
            files = save(picture, output, name)
            made += files
            entries.append(_entry(topic, picture, files, language))
    title, intro = INDEX[language]
    colours = theme("lecture").css()
    page = index_page(entries, title=title, intro=intro, language=language, theme_css=colours, font_css=face_css())
    index = output / "index.html"
    write_files({index: page.encode("utf-8")})
    for reason, left_out in lacking.items():
        warnings.warn(f"without {', '.join(left_out)}: {reason}", stacklevel=2)
    return [*made, index]


def _wanted(names: Sequence[str]) -> list[Topic]:
    known = topics()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"no demo is called {unknown[0]!r}; expected one of {', '.join(known)}.")
    return [known[name] for name in names] or list(known.values())


def save(picture: Picture, output: Path, name: str) -> list[Path]:
    """Save one picture in every format that its kind has: the picture first, as SVG; frames also as a page.

    Of several pages of paper the SVG is the first.
    """
    files = [output / f"{name}.svg", output / f"{name}.pdf"]
    if isinstance(picture, Frames):
        write_files({files[0]: picture.last().svg().encode("utf-8")})
        files.append(output / f"{name}.html")
    elif isinstance(picture, Pages):
        write_files({files[0]: picture.pages[0].svg().encode("utf-8")})
    elif isinstance(picture, Figure):
        picture.save(files[0])
    else:
        from micrograd_es.plots.saving import save as save_plot

        return [save_plot(picture, file) for file in files]
    for file in files[1:]:
        picture.save(file)
    return files


def _title(picture: Picture) -> str:
    """What a picture is called; "" where it has no title."""
    if isinstance(picture, (Figure, Frames, Pages)):
        return picture.title
    from micrograd_es.plots.saving import title_of

    return title_of(picture)


def _entry(topic: Topic, picture: Picture, files: Sequence[Path], language: str) -> IndexEntry:
    named = {".svg": "SVG", ".pdf": "PDF", ".html": STEPS[language]}
    opened = ".pdf" if isinstance(picture, Pages) else ".html"  # a film opens as its page, paper as a whole
    first = sorted(files, key=lambda file: file.suffix != opened)
    links = tuple((named[file.suffix], file.name) for file in first)
    return IndexEntry(
        section=topic.title[language],
        title=_title(picture) or topic.title[language],
        description=topic.about[language],
        thumbnail=files[0].name,
        links=links,
    )
