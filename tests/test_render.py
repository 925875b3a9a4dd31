"""Drawing with Graphviz: the same bytes everywhere, nothing printed, and everything around a call left as it was."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

from micrograd_es.figures import fonts
from micrograd_es.figures import render as module
from micrograd_es.figures.render import FORMATS, RenderError, RenderWarning, render

MAGIC = {
    "svg": b"<?xml",
    "pdf": b"%PDF-",
    "png": b"\x89PNG",
    "json0": b"{",
    "json": b"{",
    "dot": b"digraph",
    "plain": b"graph",
}
FIGURE = """digraph { rankdir=LR; node [fontname="Micrograd Sans"] edge [arrowhead=none]
  x [shape=plain, label=<<I>x</I>>]; f [shape=circle, label="×", fontname="Micrograd Sans Bold"]
  w [shape=plain, label=<<TABLE BORDER="0"><TR><TD>−2.00</TD></TR><HR/><TR><TD><B>∂L</B></TD></TR></TABLE>>]
  x -> w:w; w:e -> f }"""
TOO_SMALL = '<<TABLE><TR><TD FIXEDSIZE="TRUE" WIDTH="1" HEIGHT="1">wide</TD></TR></TABLE>>'


def python(code: str, **environment: str) -> str:
    """What a program prints in a process of its own, with these environment variables and no others."""
    run = [sys.executable, "-c", f"FIGURE = {FIGURE!r}\n{code}"]
    done = subprocess.run(run, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_comes_out_as_what_it_says(format: str) -> None:
    assert render(FIGURE, format).startswith(MAGIC[format.partition(":")[0]])


@pytest.mark.parametrize("format", FORMATS)
def test_the_bytes_are_the_same_in_another_process_without_home_and_fonts(format: str, tmp_path: Path) -> None:
    nothing = tmp_path / "fonts.conf"
    nothing.write_text("<fontconfig/>")
    code = f"from micrograd_es.figures.render import render\nprint(render(FIGURE, {format!r}).hex())"
    assert python(code, FONTCONFIG_FILE=str(nothing)) == render(FIGURE, format).hex()


def test_a_pdf_carries_no_date_of_its_making() -> None:
    assert b"/CreationDate (D:19700101000000" in render(FIGURE, "pdf")


def test_the_family_is_in_a_pdf_in_its_three_faces() -> None:
    pdf = render(FIGURE, "pdf")
    assert all(b"+MicrogradSans-" + face in pdf for face in (b"Regular", b"Italic", b"Bold"))


def test_a_face_named_in_the_source_is_asked_for_in_css() -> None:
    svg = render(FIGURE, "svg").decode()
    assert 'font-family="Micrograd Sans" font-weight="bold" font-size="14.00">×<' in svg
    assert 'font-family="Micrograd Sans" font-style="italic"' in svg
    assert "Micrograd Sans Bold" not in svg


def test_the_first_figure_of_a_process_has_default_labels() -> None:
    code = (
        "from micrograd_es.figures.render import render\n"
        'print(render("digraph { name }", "svg").count(b">name</text>"))'
    )
    assert python(code) == "1"


def test_a_layout_given_is_kept() -> None:
    placed = render(FIGURE, "dot").decode()
    moved = placed.replace('pos="141.5,24.25"', 'pos="341.5,24.25"')
    assert moved != placed
    kept, laid_out = (
        sorted(line for line in plain.splitlines() if line.startswith(b"node"))
        for plain in (render(placed, "plain", engine="nop2"), render(FIGURE, "plain"))
    )
    assert kept == laid_out
    assert b'cx="341.5"' in render(moved, "svg", engine="nop2")
    assert b'cx="341.5"' not in render(moved, "svg")


def test_threads_draw_the_same_bytes() -> None:
    sources = [FIGURE.replace("−2.00", f"−{i}.00") for i in range(8)]
    expected = [[render(source, format) for format in ("svg", "png")] for source in sources]
    drawn: list[list[bytes]] = [[] for _ in sources]

    def draw(i: int) -> None:
        for _ in range(10):
            drawn[i] = [render(sources[i], format) for format in ("svg", "png")]

    threads = [threading.Thread(target=draw, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert drawn == expected


def test_many_figures_leave_no_memory_behind() -> None:
    statm = Path("/proc/self/statm")
    if not statm.exists():
        pytest.skip("the system does not say how much memory a process holds")
    for _ in range(100):
        render(FIGURE, "svg")
    before = int(statm.read_text().split()[1])
    for _ in range(1000):
        render(FIGURE, "svg")
    assert (int(statm.read_text().split()[1]) - before) * os.sysconf("SC_PAGE_SIZE") < 1_000_000


def test_a_syntax_error_shows_its_line_and_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RenderError, match=r"(?s)syntax error in line 2.*line 2 of the source: a -> -> b"):
        render("digraph {\na -> -> b\n}", "svg")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("source", ["", "graph", "digraph { a [label=<<B>x>] }"])
def test_what_is_no_figure_is_an_error(source: str) -> None:
    with pytest.raises(RenderError, match="Graphviz"):
        render(source, "svg")


def test_an_error_leaves_no_open_file_and_the_next_figure_as_it_was() -> None:
    before = render(FIGURE, "svg")
    free = [os.dup(0) for _ in range(2)]
    for descriptor in free:
        os.close(descriptor)
    for _ in range(3):
        with pytest.raises(RenderError):
            render("digraph {", "svg")
    assert render(FIGURE, "svg") == before
    now = os.dup(0)
    os.close(now)
    assert now == free[0]


def test_what_graphviz_complains_of_is_a_warning(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.warns(RenderWarning, match="cell size too small for content in label of node a"):
        render(f"digraph {{ a [label={TOO_SMALL}] }}", "svg")
    assert capfd.readouterr() == ("", "")


def test_more_messages_than_a_pipe_holds_do_not_block() -> None:
    nodes = "".join(f"{'n' * 100}{i} [label={TOO_SMALL}]\n" for i in range(500))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        render(f"digraph {{ {nodes} }}", "plain")
    assert len(caught) == 500


def test_what_python_and_c_write_to_stderr_later_still_arrives(capfd: pytest.CaptureFixture[str]) -> None:
    render(FIGURE, "svg")
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"


def test_a_closed_stderr_is_closed_afterwards() -> None:
    code = """
import os
from micrograd_es.figures.render import render
shown = render(FIGURE, "svg")
os.close(2)
same = render(FIGURE, "svg") == shown
try: os.fstat(2)
except OSError: print(same, "closed", flush=True)
os._exit(0)
"""
    assert python(code) == "True closed"


def test_whoever_uses_pygraphviz_directly_finds_their_fonts_before_and_after() -> None:
    code = """
import os
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
from pygraphviz import AGraph
from micrograd_es.figures.render import render
theirs = lambda: AGraph("digraph { a [fontname=Times, label=hello] }").draw(format="png", prog="dot")
if FIRST: before = theirs()
ours = render(FIGURE, "png")
after = theirs()
print(ours.hex() + " " + after.hex(), render(FIGURE, "png") == ours, after == theirs())
"""
    first, second = (python(f"FIRST = {value}\n{code}") for value in (True, False))
    assert first == second
    assert first.startswith(render(FIGURE, "png").hex())
    assert first.endswith("True True")


def test_a_long_chain_does_not_overflow_a_small_stack() -> None:
    code = """
import threading
from micrograd_es.figures.render import render
chain = "digraph { rankdir=LR " + "".join(f"n{i}->n{i + 1}\\n" for i in range(20_000)) + "}"
threading.stack_size(1 << 18)
thread = threading.Thread(target=lambda: print(render(chain, "plain").count(b"node n"), threading.stack_size()))
thread.start()
thread.join()
"""
    assert python(code) == f"20001 {1 << 18}"


def test_the_environment_and_the_font_folder_are_left_as_they_were() -> None:
    before = dict(os.environ), sorted(fonts.FOLDER.iterdir())
    render(FIGURE, "pdf")
    assert (dict(os.environ), sorted(fonts.FOLDER.iterdir())) == before


def test_any_text_reaches_graphviz() -> None:
    for text in ("数", "🙂", "\ud800", "&#25968;", "x̂"):
        assert render(f'digraph {{ a [fontname="{fonts.FAMILY}", label="{text}"] }}', "svg")


@pytest.mark.parametrize(("format", "engine"), [("bmp", "dot"), ("svg", "neato"), ("", "dot"), ("SVG", "dot")])
def test_an_unknown_format_or_engine_is_named_with_those_there_are(format: str, engine: str) -> None:
    with pytest.raises(ValueError, match="write one of"):
        render(FIGURE, format, engine=engine)


def test_importing_the_module_does_not_import_graphviz() -> None:
    code = (
        "import sys, micrograd_es.figures.render\nprint([m for m in sys.modules if 'graphviz' in m or m == 'ctypes'])"
    )
    assert python(code) == "[]"


def test_without_graphviz_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_graphviz", lambda: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RenderError, match=r'(?s)pip install "pygraphviz>=2.0".*dot on the PATH.*\.dot still'):
        render(FIGURE, "svg")


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
def test_without_pygraphviz_the_dot_program_is_run_with_our_fonts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "dot"
    program.write_text('#!/bin/sh\necho "$@" $SOURCE_DATE_EPOCH; /bin/cat "$FONTCONFIG_FILE"; /bin/cat\n')
    program.chmod(0o755)
    monkeypatch.setattr(module, "_graphviz", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    said = render(FIGURE, "plain", engine="nop2").decode()
    assert said.startswith("-Knop2 -Tplain 0\n")
    assert str(fonts.FOLDER) in said
    assert said.endswith(FIGURE)


@pytest.mark.parametrize("face", fonts.FACES)
def test_digits_and_signs_of_numbers_keep_columns_straight(face: str) -> None:
    assert len({fonts.text_width(digit, 10, face) for digit in "0123456789"}) == 1
    assert fonts.text_width("−", 10, face) == fonts.text_width("+", 10, face)


def test_the_measured_width_is_the_drawn_one() -> None:
    """Graphviz rounds every character to a pixel of 0.75 points, so the two agree to half of that a character."""
    for text in ("0.73", "hello σ", "∂L/∂w₁ = −0.39"):
        cell = f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"><TR><TD>{text}</TD></TR></TABLE>>'
        plain = render(f'digraph {{ a [shape=plain, fontname="{fonts.FAMILY}", label={cell}] }}', "plain")
        drawn = float(plain.split(b"node a ")[1].split()[2]) * 72
        assert drawn == pytest.approx(fonts.text_width(text, 14), abs=0.4 * len(text) + 2)


def test_the_css_has_the_faces_asked_for_and_one_family() -> None:
    css = fonts.face_css(["semibold", "regular", "regular"])
    assert css.count("@font-face") == 2
    assert css.index("font-weight:normal") < css.index("font-weight:bold")
    with pytest.raises(ValueError, match=r"'bold'.*regular, italic, semibold"):
        fonts.face_css(["bold"])
