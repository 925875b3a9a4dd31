"""The command line: its checks, its demos, its errors, and how it behaves as a process."""

import os
import re
import runpy
import shlex
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO, TextIOWrapper
from pathlib import Path
from time import sleep
from typing import Any

import pytest

from command_line import PROGRAM, XYZ, Run, program, texts
from micrograd_es import expressions, figures, parse
from micrograd_es.cli import terminal
from micrograd_es.cli.check import rows
from micrograd_es.functions import FUNCTIONS
from micrograd_es.ops import Op, Role
from micrograd_es.value import apply

# check ---------------------------------------------------------------------------------------------------------------

pytestmark = pytest.mark.usefixtures("own_folder")


def table(out: str) -> dict[str, list[str]]:
    """The rows of the table, by name of the input."""
    lines = out.splitlines()[3:]
    return {cells[0]: cells[1:] for cells in (line.split() for line in lines[: lines.index("")])}


def test_the_table_has_the_gradient_by_three_methods(run: Run) -> None:
    status, out, err = run("check", *XYZ)
    assert (status, err) == (0, "")
    assert out.startswith("f = -12\n\nentrada  valor  hacia atrás  hacia adelante")
    expected = {"x": ["-2", "-4"], "y": ["5", "-4"], "z": ["-4", "3"]}
    for name, (value, slope) in expected.items():
        assert table(out)[name][:4] == [value, slope, slope, slope]
        assert float(table(out)[name][4]) < 1e-9
    assert len({len(line) for line in out.splitlines()[2:6]}) == 1, "the columns are aligned"
    assert "coinciden" in out


def test_the_table_has_exact_gradients_of_exact_numbers(run: Run) -> None:
    out = run("check", "x / y", "x=1/3", "y=3", "--language", "en")[1]
    assert table(out)["x"][:3] == ["1/3", "1/3", "1/3"]
    assert table(out)["y"][:3] == ["3", "-1/27", "-1/27"]
    assert out.splitlines()[2].split()[:4] == ["input", "value", "backward", "forward"]
    assert "The gradients agree" in out


def test_at_a_kink_central_differences_are_left_out_with_a_note(run: Run) -> None:
    status, out, _ = run("check", "max(x, y) + z", "x=2", "y=2", "z=1", "--language", "en")
    assert status == 0
    assert [table(out)[name][3] for name in "xyz"] == ["—", "—", "1"]
    assert [table(out)[name][1] for name in "xy"] == ["1", "0"]
    assert "—: no central differences (a kink" in out
    assert "—" not in run("check", *XYZ, "--language", "en")[1]


def test_the_number_of_local_gradients_that_are_confirmed_is_theirs_alone(run: Run) -> None:
    assert "central differences: 4.\n" in run("check", *XYZ, "--language", "en")[1]  # two gates of two inputs


@pytest.fixture
def wrong(add_row: Callable[..., Op], monkeypatch: pytest.MonkeyPatch) -> str:
    """An expression with a function whose local gradient is 0.05 % too large."""
    row = add_row("wrong", "w", Role.SCALER, forward=lambda m, x: x * x, local=lambda m, z, x: (2.001 * x,))
    for functions in (FUNCTIONS, expressions.CALLS):
        monkeypatch.setitem(functions, "wrong", lambda x: apply(row, x))
    return "wrong(x) + y"


def test_a_wrong_local_gradient_is_caught_and_its_operation_named(run: Run, wrong: str) -> None:
    status, out, err = run("check", wrong, "x=3", "y=1", "--language", "en")
    assert status == 1
    assert "NOT agree: x (" in out
    assert float(table(out)["x"][4]) == pytest.approx(0.0005, rel=0.01)
    assert float(table(out)["y"][4]) < 1e-9
    assert "∂wrong/∂x at wrong(x = 3)" in err


def test_a_tolerance_above_the_error_accepts_it(run: Run, wrong: str) -> None:
    assert run("check", wrong, "x=3", "y=1", "--tolerance", "0.001")[0] == 0
    for refused in ("0", "-1", "nan", "inf", "a"):
        status, _, err = run("check", wrong, "x=3", "y=1", "--tolerance", refused)
        assert status == 2
        assert "1e-6" in err


def test_forward_mode_that_disagrees_is_caught(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("micrograd_es.cli.check.flow.tangents", lambda f, seeds: {f: 3.5})
    status, out, _ = run("check", *XYZ, "--language", "en")
    assert status == 1
    assert "NOT agree: x, y, z (" in out


def test_a_disagreement_is_relative_to_the_gradient() -> None:
    (row,) = rows(parse("1000000 * x", x=1))
    assert row.disagreement < 1e-9


def test_an_expression_without_names_has_nothing_to_check(run: Run) -> None:
    status, out, err = run("check", "2 + 3")
    assert (status, out) == (1, "")
    assert "no names" in err


# demo ----------------------------------------------------------------------------------------------------------------


def test_the_topics_are_listed_in_both_languages(run: Run) -> None:
    status, spanish, _ = run("demo", "--list")
    assert status == 0
    assert "a2_expression  " in spanish
    assert spanish != run("demo", "--list", "--language", "en")[1]


def test_a_topic_is_found_by_its_beginning_and_its_files_are_named(run: Run) -> None:
    status, out, _ = run("demo", "a2", "--language", "en", "--output", "slides/en")
    assert status == 0
    assert sorted(map(Path, out.split())) == sorted(Path("slides/en").iterdir())
    assert "slides/en/index.html" in out.replace("\\", "/").split()


def test_an_unknown_topic_names_those_that_there_are(run: Run) -> None:
    status, _, err = run("demo", "b99")
    assert status == 2
    assert "a1_chain_rule" in err
    status, _, err = run("demo", "a")
    assert status == 2
    assert "several demos" in err


def test_all_topics_are_made_where_none_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def make_all(output: Path, language: str, names: list[str], progress: Callable[[str], None]) -> list[Path]:
        progress("a1")
        asked.extend([output, language, names])
        return [output / "index.html"]

    monkeypatch.setattr("micrograd_es.demos.make_all", make_all)
    assert run("demo") == (0, f"{Path('build/demo/index.html')}\n", "")
    assert asked == [Path("build/demo"), "es", []]


# Errors --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("(x + y", "x=1", "y=2"), "never closed"),
        (("x / y", "x=1", "y=0"), "div(x = 1, y = 0)"),
        (("log(x)", "x=-1"), "log(x = -1)"),
        (("sqrt(x)", "x=0"), "no finite local gradient"),
        (("exp(x)", "x=1000"), "exp(x = 1000)"),
        (("x", "x=1", "y=2"), "nothing uses it"),
        (("", "x=1"), "empty"),
        (("2*x", "x=1", "--depth", "-1"), "depth is -1"),
        (("2*x", "x=1", "--fold", "s"), "steps that have a name"),
        (("q = 2*x", "x=1", "--fold", "s"), "no scope"),
        (("2*x", "x=1", "--digits", "99"), "digits is 99"),
        (("2*x", "x=1", "-o", "nowhere/f.svg"), "there is no folder nowhere"),
        (("2*x", "x=1", "-o", "folder.svg"), "it is a folder"),
    ],
)
def test_an_error_is_one_short_message_and_status_1(run: Run, words: tuple[str, ...], message: str) -> None:
    Path("folder.svg").mkdir()
    status, out, err = run("draw", *words)
    assert (status, out) == (1, "")
    assert err.startswith("micrograd-es: error: ")
    assert err.count("\n") <= 5
    assert message in err
    assert "Traceback" not in err
    assert "Errno" not in err


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(28, "No space left on device", "f.svg"), "f.svg: No space left on device"),
        (ImportError("a GIF needs Pillow"), "a GIF needs Pillow"),
        (figures.render.RenderError("Graphviz says no"), "Graphviz says no"),
        (OverflowError("too large"), "too large"),
        (TypeError("not that"), "not that"),
        (MemoryError(), "there is not enough memory."),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_every_kind_of_error_is_a_message(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(figures.Figure, "save", fail)
    assert run("draw", *XYZ, "-o", "f.svg") == (1, "", f"micrograd-es: error: {message}\n")


def test_an_interrupt_is_status_130_and_quiet(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(figures.Figure, "save", interrupt)
    assert run("draw", *XYZ, "-o", "f.svg") == (130, "", "")


def test_a_warning_is_one_line_said_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def save(figure: figures.Figure, name: str) -> Path:
        warnings.warn("cell size\ntoo small", figures.render.RenderWarning, stacklevel=2)
        return Path(name)

    monkeypatch.setattr(figures.Figure, "save", save)
    status, _, err = run("draw", *XYZ, "-o", "a.svg", "-o", "b.svg")
    assert (status, err) == (0, "micrograd-es: warning: cell size too small\n")
    with pytest.raises(figures.render.RenderWarning):  # the filters of the tests are back
        save(figures.draw(parse("x", x=1)), "c.svg")


def test_a_terminal_that_lacks_a_character_gets_a_plain_one(monkeypatch: pytest.MonkeyPatch) -> None:
    out = TextIOWrapper(BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    terminal.say("atrás − ✗ —")
    out.flush()
    assert out.buffer.getvalue() == b"atras - ? -\n"


# In a process of its own ---------------------------------------------------------------------------------------------


def test_the_program_runs_as_a_module() -> None:
    done = program("draw", *XYZ)
    assert (done.returncode, done.stderr) == (0, "")
    assert "−12.00" in texts(done.stdout.encode())


def test_running_the_module_ends_the_process_with_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["micrograd-es", "check"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("micrograd_es", run_name="__main__")
    assert ended.value.code == 2


COMMANDS = ("draw", "frames", "check", "train", "predict", "demo")


@pytest.mark.parametrize("words", [(), *[(command,) for command in COMMANDS]])
def test_help_has_examples_that_work(run: Run, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    status, out, err = run(*words, "--help")
    assert (status, err) == (0, "")
    assert out.startswith("usage: micrograd-es")
    examples = [line.split("     ")[0] for line in out.splitlines() if line.startswith("  micrograd-es ")]
    assert len(examples) >= 2
    monkeypatch.setattr("micrograd_es.demos.make_all", lambda *_: [])
    Path("new.csv").write_text("x1,x2\n1,2\n", encoding="utf-8")
    Path("notes.csv").write_text("hours,sleep,grade\n1,8,2\n5,7,9\n3,6,5\n4,8,8\n", encoding="utf-8")
    assert run("train", "circle", "--epochs", "1")[0] == 0
    for example in examples:
        _, *line = shlex.split(example.partition(" > ")[0])
        assert run(*line)[0] == 0, example


def test_help_and_version_load_neither_numpy_nor_graphviz() -> None:
    code = (
        "import sys; from micrograd_es.cli import main; main([{!r}]); "
        "print([m for m in sys.modules if m.split('.')[0] in ('numpy', 'pygraphviz', 'graphviz', 'pypdf')"
        " or m.startswith('micrograd_es.figures')], file=sys.stderr)"
    )
    for flag in ("--help", "--version"):
        done = subprocess.run([sys.executable, "-c", code.format(flag)], capture_output=True, text=True, timeout=60)
        assert done.stderr.strip() == "[]"
    assert re.fullmatch(r"micrograd-es \d+\.\d+\.\d+\n", done.stdout)


posix = pytest.mark.skipif(os.name != "posix", reason="pipes and signals as POSIX has them")


def waiting() -> subprocess.Popen[str]:
    """The program once it waits for an expression on standard input."""
    code = (
        "import signal, sys; from micrograd_es.cli import main;"
        " signal.signal(signal.SIGINT, signal.default_int_handler);"
        " print('ready', file=sys.stderr, flush=True);"
        " sys.exit(main(['check', '-', 'x=1']))"
    )
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    assert process.stderr is not None
    assert process.stderr.readline() == "ready\n"
    return process


@posix
def test_a_reader_that_leaves_is_no_error() -> None:
    with waiting() as process:
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        _, err = process.communicate("2*x", timeout=60)
    assert (process.returncode, err) == (141, "")


@posix
def test_control_c_ends_the_program_quietly() -> None:
    with waiting() as process:
        sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk at hand")
@pytest.mark.parametrize("words", [("draw", *XYZ), ("check", *XYZ), ("--help",)])
def test_a_full_disk_behind_standard_output_is_an_error(words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*PROGRAM, *words], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (1, "micrograd-es: error: No space left on device\n")


def in_a_terminal(patience: float) -> str:
    """What a terminal shows of a film being made, with progress after so many seconds."""
    pty = pytest.importorskip("pty")
    code = (
        f"import sys; from micrograd_es.cli import main, terminal; terminal.PATIENCE = {patience};"
        " from micrograd_es import figures; from time import sleep; real = figures.Frames.save;"
        " figures.Frames.save = lambda film, name: (sleep(0.3), real(film, name))[1];"
        f" sys.exit(main(['frames', *{XYZ!r}, '-o', 'film.pdf']))"
    )
    leader, follower = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", code], stderr=follower, stdout=subprocess.PIPE, text=True) as process:
        os.close(follower)
        shown = b""
        with suppress(OSError):  # Linux ends a terminal with an error
            while piece := os.read(leader, 1000):
                shown += piece
        assert process.communicate(timeout=60)[0] == "film.pdf\n"
    os.close(leader)
    assert process.returncode == 0
    return shown.decode()


@posix
def test_long_work_says_what_it_does_on_a_line_that_it_clears() -> None:
    shown = in_a_terminal(patience=0)
    assert re.search(r"\r\x1b\[Kmaking \d+ frames for film.pdf …", shown)
    assert shown.endswith("\r\x1b[K")
    assert "\n" not in shown


@posix
def test_short_work_says_nothing() -> None:
    assert in_a_terminal(patience=30) == ""
