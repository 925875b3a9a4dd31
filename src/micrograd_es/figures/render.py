"""DOT in, a picture out: the only module that touches Graphviz.

Graphviz runs inside this process, through pygraphviz, whose wheels carry all of it; a figure then takes a millisecond,
and starting the `dot` program would take fifteen. Where pygraphviz is missing, `dot` is the fallback. Graphviz is a C
library of a program's manners: it writes to the process's stderr, reads fonts and settings from wherever it finds
them, and is not thread-safe. Here a call gets a lock, the package's own fonts, and its messages turned into
exceptions and warnings; what surrounds the call finds everything as it was.
"""

from __future__ import annotations

import os
import re
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from . import fonts

__all__ = ["ENGINES", "FORMATS", "RenderError", "RenderWarning", "render"]

ENGINES = ("dot", "nop2")
FORMATS = ("svg", "pdf", "png", "json", "json0", "dot", "plain", "svg:cairo")

_lock = threading.Lock()


class RenderError(RuntimeError):
    """Graphviz could not read, lay out or draw a source."""


class RenderWarning(UserWarning):
    """Graphviz drew the source, and says that something in it is not as asked for."""


def render(dot: str, format: str, *, engine: str = "dot") -> bytes:
    """Lay a graph out and draw it: a DOT source in, the bytes of a file out.

    The same source gives the same bytes on every run, and on every machine with the same Graphviz as long as the
    family `fonts.FAMILY` has its characters; any other character is looked for in the system's fonts.

    >>> render("digraph { x -> f }", "plain").split()[:3]
    [b'graph', b'1', b'0.75']

    Engine `dot` computes the layout. Engine `nop2` keeps the positions and splines that the source gives (as format
    `dot` writes them), so that all the frames of a film can share one layout. Format `svg:cairo` is an SVG whose
    text is outlines.

    Raises ValueError for an unknown format or engine, and RenderError for what Graphviz cannot read, lay out or draw.
    """
    for kind, given, known in (("format", format, FORMATS), ("engine", engine, ENGINES)):
        if given not in known:
            raise ValueError(f"{given!r} is not {kind} of a figure; write one of {', '.join(map(repr, known))}")
    source = dot.encode("utf-8", "replace")
    covered = fonts.covers(dot)
    with _lock:
        draw = _draw if _graphviz() else _draw_with_program
        data, printed = draw(source, format, engine, covered)
    errors, notes = _sorted_messages(printed)
    if errors or not data:
        raise RenderError(_explained(errors, dot, format, engine))
    for note in notes:
        warnings.warn(f"Graphviz, drawing {format} with engine {engine}: {note}", RenderWarning, stacklevel=2)
    return _CLEANERS.get(format, bytes)(data)


# What comes out -----------------------------------------------------------------------------------------------------


def _without_date(pdf: bytes) -> bytes:
    """Fix a PDF's creation date, in its place and length, for the cairos that do not heed SOURCE_DATE_EPOCH."""
    return re.sub(rb"(/CreationDate \(D:)\d{14}", rb"\g<1>19700101000000", pdf)


def _styled(svg: bytes) -> bytes:
    """Say "bold" and "italic" the way CSS does: a face named by `fontname` reaches the SVG as a family of its own."""
    for name, css in (("Bold", b'font-weight="bold"'), ("Italic", b'font-style="italic"')):
        family = fonts.FAMILY.encode()
        svg = svg.replace(b'"%s %s"' % (family, name.encode()), b'"%s" %s' % (family, css))
    return svg


def _renumbered(svg: bytes) -> bytes:
    """Take the count of drawings of this process out of an outlined SVG."""
    return re.sub(rb'id="surface\d+"', b'id="surface1"', svg, count=1)


_CLEANERS = {"pdf": _without_date, "svg": _styled, "svg:cairo": _renumbered}


# What Graphviz says -------------------------------------------------------------------------------------------------

_NOISE = re.compile(r"Fontconfig |\(.*:\d+\): (Pango|GLib|Gtk|cairo)|Pango-|fc-cache|$")


def _sorted_messages(printed: str) -> tuple[list[str], list[str]]:
    """What Graphviz printed, as errors and warnings, each said once; what fontconfig and pango say is dropped.

    A message starts with its kind; a line without one continues the message above it, which Graphviz may have begun
    several times.

    >>> _sorted_messages("Warning: cell size too small\\nin label of node d\\n\\nFontconfig warning: no cache")
    ([], ['cell size too small in label of node d'])
    """
    messages: list[tuple[str, str]] = []
    for line in map(str.strip, printed.splitlines()):
        kind, colon, text = line.partition(": ")
        if _NOISE.match(line):
            continue
        if colon and kind in ("Error", "Warning"):
            messages.append((kind, text))
        elif messages:
            messages[-1] = (messages[-1][0], f"{messages[-1][1]} {line}")
        else:
            messages.append(("Warning", line))
    following = [*(text for _, text in messages), ""][1:]
    said = [message for message, after in zip(messages, following, strict=True) if not after.startswith(message[1])]
    errors, notes = (list(dict.fromkeys(text for k, text in said if k == kind)) for kind in ("Error", "Warning"))
    return errors, notes


def _explained(errors: list[str], dot: str, format: str, engine: str) -> str:
    """A RenderError's text: Graphviz's words, and the line of the source that they point at."""
    text = "; ".join(errors) or "it drew nothing, and did not say why; is the source empty?"
    message = f"Graphviz (engine {engine}, format {format}): {text}"
    at = re.search(r"syntax error in line (\d+)", text)
    lines = dot.split("\n")
    if at and 0 < int(at[1]) <= len(lines):
        message += f"\nline {at[1]} of the source: {lines[int(at[1]) - 1][:200]}"
    return message


@contextmanager
def _captured(words: list[str]) -> Iterator[None]:
    """Collect what C code writes to file descriptor 2, which Python's sys.stderr knows nothing of.

    A file takes it: a pipe would block once full. The descriptor may be closed before, and is closed again then.
    """
    with _scratch_file() as file:
        try:
            before = os.dup(2)
        except OSError:
            before = -1
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            if before >= 0:
                os.dup2(before, 2)
                os.close(before)
            elif file.fileno() != 2:
                os.close(2)
            file.seek(0)
            words.append(file.read().decode("utf-8", "replace"))


def _scratch_file() -> BinaryIO:
    """A file that is gone once closed, in memory where the system can (Linux)."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("micrograd_es"), "w+b", buffering=0)
    import tempfile

    return tempfile.TemporaryFile(buffering=0)


# Graphviz inside this process ---------------------------------------------------------------------------------------


@cache
def _graphviz() -> Any:
    """pygraphviz's low-level functions, or None where it is not installed; imported at the first figure."""
    try:
        from pygraphviz import graphviz
    except ImportError:
        return None
    return graphviz if hasattr(graphviz, "gvContextWithBuiltins") else None


class _Source:
    """The file that pygraphviz reads a DOT source from: all it asks for is a descriptor and a mode."""

    mode = "rb"

    def __init__(self, file: BinaryIO) -> None:
        self.fileno = file.fileno


def _draw(source: bytes, format: str, engine: str, covered: bool) -> tuple[bytes, str]:
    """Draw with pygraphviz: the bytes (none for an error) and what Graphviz printed."""
    words: list[str] = []
    with _captured(words), _scratch_file() as file, fonts.current(covered), fonts.environment("SOURCE_DATE_EPOCH", "0"):
        file.write(source)
        file.seek(0)
        data = _on_deep_stack(len(source), lambda: _laid_out(file, format.encode(), engine.encode()))
    return data, words[0]


def _on_deep_stack(size: int, work: Callable[[], bytes]) -> bytes:
    """Do the work for a large source in a thread with a large stack.

    Graphviz's layout calls itself once a node along a chain, and a stack too small for that ends the whole process:
    with the 1 MB of Windows at 7,000 gates in a row, with the 8 MB of Linux at 70,000. A stack as large as the source
    has been enough; four times that costs only address space.
    """
    if size < 100_000:
        return work()
    from concurrent.futures import ThreadPoolExecutor

    before = threading.stack_size(min(max(4 * size, 1 << 24), 1 << 30) & -(1 << 16))
    try:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(work).result()
    finally:
        threading.stack_size(before)


def _laid_out(file: BinaryIO, format: bytes, engine: bytes) -> bytes:
    """Read, lay out and draw; the bytes, or none for an error."""
    gv = _graphviz()
    context = gv.gvContextWithBuiltins()  # before any graph is read: the first one sets the default of labels
    graph = None
    lost = os.dup(file.fileno())  # agread reads a copy of the descriptor, this one, and forgets it after an error
    os.close(lost)
    try:
        graph = gv.agread(_Source(file), None)
        if gv.gvLayout(context, graph, engine):
            return b""
        failed, data = gv.gvRenderData(context, graph, format)
        gv.gvFreeLayout(context, graph)
        return b"" if failed else data
    except ValueError:  # agread's, for a source that is none
        with suppress(OSError):
            if os.path.sameopenfile(lost, file.fileno()):
                os.close(lost)
        return b""
    finally:
        if graph is not None:
            gv.agclose(graph)
        gv.gvFreeContext(context)


# Graphviz as a program of its own -----------------------------------------------------------------------------------


def _draw_with_program(source: bytes, format: str, engine: str, covered: bool) -> tuple[bytes, str]:
    """Draw with the `dot` on the PATH: the bytes (none for an error) and what it printed."""
    import shutil
    import subprocess
    import tempfile

    program = shutil.which("dot")
    if program is None:
        raise RenderError(
            f"drawing {format} needs Graphviz, and neither pygraphviz 2.0 nor a program called dot is here; write\n"
            '    python -m pip install "pygraphviz>=2.0"\n'
            "or install Graphviz and put its dot on the PATH; without either, .save with a name ending in .dot still "
            "writes the source"
        )
    with tempfile.TemporaryDirectory(prefix="micrograd_es-") as folder:
        configuration = Path(folder, "figure.conf")
        configuration.write_text(fonts.configuration(covered, folder), encoding="utf-8")
        ran = subprocess.run(
            [program, f"-K{engine}", f"-T{format}"],
            input=source,
            capture_output=True,
            env={**os.environ, "FONTCONFIG_FILE": str(configuration), "SOURCE_DATE_EPOCH": "0"},
        )
    printed = ran.stderr.decode("utf-8", "replace")
    return (ran.stdout, printed) if ran.returncode == 0 else (b"", printed)
