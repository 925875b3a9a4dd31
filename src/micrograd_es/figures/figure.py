"""`draw` and `frames`: from a Value to a picture, or to one that builds up step by step."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from micrograd_es.figures.blocks.drawing import BlockDrawing
from micrograd_es.figures.blocks.stage import BlockStage
from micrograd_es.figures.caption import Caption, written
from micrograd_es.figures.dot import View
from micrograd_es.figures.drawing import Drawing, Look, drawing_of
from micrograd_es.figures.fonts import face_css
from micrograd_es.figures.formats import gif, numbered, pdf, png, way
from micrograd_es.figures.page import Slide, stepper_fragment, stepper_page
from micrograd_es.figures.render import render
from micrograd_es.figures.stage import Stage
from micrograd_es.files import as_path, write_files
from micrograd_es.missing import OF_A_FIGURE, say_instead
from micrograd_es.value import Value

if TYPE_CHECKING:
    import graphviz


class Figure:
    """A picture of the graph behind a Value, as `draw` makes it.

    >>> from micrograd_es import Value, draw
    >>> figure = draw(Value(2) * Value(3, "x"), title="2x")
    >>> figure, figure.dot().splitlines()[0]
    (<Figure: 2x>, 'digraph {')
    """

    def __init__(self, drawing: Drawing | BlockDrawing) -> None:
        self.drawing = drawing

    @property
    def title(self) -> str:
        """What the figure is called."""
        return self.drawing.title

    @cached_property
    def _stage(self) -> Stage | BlockStage:
        caption = self.drawing.still_caption
        return self.drawing.stage([caption] if caption else [])

    @cached_property
    def _picture(self) -> str:
        return self._stage.picture(View(), self.drawing.still_caption)

    def svg(self) -> str:
        """The figure as an SVG document, with the font that it is set in inside."""
        return self.drawing.svg(self._picture)

    def dot(self) -> str:
        """The figure as DOT source, to be laid out by Graphviz; needs no Graphviz."""
        return "\n".join(["digraph {", *self.drawing.lines(), "}", ""])

    def graphviz(self) -> graphviz.Digraph:
        """The figure as a `Digraph` of the graphviz package, to be changed or rendered by it."""
        import graphviz

        return graphviz.Digraph(body=[line + "\n" for line in self.drawing.lines()])

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the figure to a file whose suffix says how: .svg, .pdf, .png or .dot; returns its path.

        Raises ValueError for another suffix, FileNotFoundError for a folder that does not exist and OSError where the
        file cannot be written; then no file is left behind.
        """
        target = as_path(path)
        ways: dict[str, Callable[[], bytes]] = {
            ".svg": lambda: self.svg().encode("utf-8"),
            ".pdf": lambda: render(self._picture, "pdf", engine="nop2"),
            ".png": lambda: png(self._picture, self._stage.size),
            ".dot": lambda: self.dot().encode("utf-8"),
        }
        write_files({target: way(ways, target, "a figure")()})
        return target

    def _repr_svg_(self) -> str:
        return self.svg()

    def __repr__(self) -> str:
        return f"<Figure: {self.title}>"


say_instead(Figure, "a Figure", OF_A_FIGURE)


class Frames:
    """A figure that builds up step by step, as `frames` makes it. All its frames share one layout.

    `len(film)` is the number of frames and `film.captions` what is said at each.

    >>> from micrograd_es import Value, frames
    >>> film = frames(Value(2, "w") * Value(3, "x"))
    >>> len(film), film.captions[2].splitlines()[1]
    (5, 'f = w·x = 2.00 × 3.00 = 6.00')
    """

    def __init__(self, drawing: Drawing | BlockDrawing, unroll: Value | list[Value] | None = None) -> None:
        self.drawing = drawing
        self.steps = drawing.steps(unroll)

    @property
    def title(self) -> str:
        """What the figure is called."""
        return self.drawing.title

    @property
    def captions(self) -> list[str]:
        """What is said at each frame, as plain text."""
        return [step.caption.text() for step in self.steps]

    def __len__(self) -> int:
        return len(self.steps)

    def last(self) -> Figure:
        """The figure that the frames build up to."""
        return Figure(self.drawing)

    @cached_property
    def _stage(self) -> Stage | BlockStage:
        return self.drawing.stage([step.caption for step in self.steps])

    def _pictures(self) -> list[str]:
        """The DOT source of each frame."""
        stage = self._stage
        shown: set[str] = set()
        pictures = []
        for number, step in enumerate(self.steps, 1):
            shown.update(step.appears)
            pictures.append(stage.picture(View(shown, step.active), step.caption, f"{number} / {len(self)}"))
        return pictures

    def svgs(self) -> list[str]:
        """Each frame as an SVG document."""
        titles = [f"{self.title} ({number}/{len(self)})" for number in range(1, len(self) + 1)]
        return [self.drawing.svg(dot, title=title) for dot, title in zip(self._pictures(), titles, strict=True)]

    def html(self) -> str:
        """One self-contained web page to click through, with the captions beside the figure."""
        return stepper_page(**self._page())

    def _repr_html_(self) -> str:
        return stepper_fragment(**self._page(), element_id="micrograd-es")

    def _page(self) -> dict[str, Any]:
        drawing = self.drawing
        keyed = drawing.keyed(drawing.svg(drawing.stage([]).picture(View(closed=True)), with_font=False))
        there = set(re.findall(r'data-key="([^"]+)"', keyed))  # a bundle has no gradient that could appear
        return {
            "svg": keyed,
            "slides": [
                Slide(tuple(key for key in s.appears if key in there), s.active, s.caption.html(), s.caption.text())
                for s in self.steps
            ],
            "title": self.title,
            "description": drawing.description,
            "language": drawing.language,
            "theme_css": drawing.theme.css(),
            "font_css": face_css(),
        }

    def save(self, path: str | PathLike[str]) -> Path | list[Path]:
        """Write the frames to a file whose suffix says how; returns its path, or the list of numbered files.

        `.pdf` has a page for each frame, `.html` is a page to click through, `.gif` an animation (it needs Pillow: the
        extra `gif`); `.svg` and `.png` are numbered files, `film-01.svg` and so on.

        Raises ValueError for another suffix, FileNotFoundError for a folder that does not exist and OSError where a
        file cannot be written; then no file is left behind.
        """
        target = as_path(path)
        ways: dict[str, Callable[[], bytes | list[bytes]]] = {
            ".pdf": lambda: pdf(self._pictures(), self.title),
            ".html": lambda: self.html().encode("utf-8"),
            ".gif": lambda: gif([png(dot, self._stage.size, 110) for dot in self._pictures()]),
            ".svg": lambda: [picture.encode("utf-8") for picture in self.svgs()],
            ".png": lambda: [png(dot, self._stage.size) for dot in self._pictures()],
        }
        made = way(ways, target, "frames")()
        if isinstance(made, bytes):
            write_files({target: made})
            return target
        files = numbered(target, made)
        write_files(files)
        return list(files)

    def __repr__(self) -> str:
        return f"<Frames: {self.title}, {len(self)} frames>"


def draw(f: Value | Sequence[Value], *, caption: str | Caption | None = None, **look: Unpack[Look]) -> Figure:
    """A figure of the graph behind f: on every wire the value above and the gradient below.

    >>> from micrograd_es import Value
    >>> x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    >>> draw((x + y) * z, language="en")
    <Figure: Computational graph of f>

    What is folded: `fold`, the names of scopes to draw as one gate each; `depth`, the nesting below which scopes are
    folded (0: all of them). With neither, a graph of more than 150 gates folds by itself and says so.

    Zoomed out, with vectors and matrices on the wires: `level`, what is a block, 1 for the outermost scopes, 2 for
    those inside them, or names of scopes; f may then be a list of Values. `layout` says how gradients of vectors stand,
    "column" or "row"; `local` adds the Jacobian of every block.

    What is shown: `roles`, what each gate does to the gradient; `local`, the local gradient of every edge; `symbols`,
    names and derivatives in place of numbers; `gradients=False`, the forward pass only; `constants="nodes"`, constants
    as nodes of their own, not in their gates.

    How: `direction` "LR" or "TB"; `decimals` places after the point (2) or significant `digits`; `comma`, the decimal
    comma; `theme` "lecture", "print" (for colour-blind readers, and black and white), "dark" or a `Theme`; `language`
    "es" or "en"; `title`, for screen readers and the browser; `caption`, lines of your own under the figure, in place
    of what a block graph says there.

    Raises TypeError for what is no Value, and ValueError for an unknown option or a gradient that does not exist.
    """
    drawing = drawing_of(f, look)
    if caption is not None:
        drawing.still_caption = written(caption)
    return Figure(drawing)


def frames(f: Value | Sequence[Value], unroll: Value | list[Value] | None = None, **look: Unpack[Look]) -> Frames:
    """The same figure built up step by step: names, values one gate at a time, gradients one gate at a time.

    >>> from micrograd_es import Value
    >>> x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    >>> film = frames((x + y) * z)
    >>> print(film, film.captions[-1].splitlines()[0])
    <Frames: Grafo computacional de f, 7 frames> Hacia atrás · Suma

    With `unroll`, one of the inputs, the captions spell out the derivative with respect to it, one factor of the chain
    rule more with each gate. With `level` they do so by themselves, as a product of Jacobians; there `unroll` may be a
    list of Values, and the gradients of the parameters come last. The other options are those of `draw`.
    """
    return Frames(drawing_of(f, look), unroll)
