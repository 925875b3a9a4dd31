"""The command line: what it writes, what it says, and its exit status."""

import re
import sys
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from command_line import XYZ, Run, texts
from micrograd_es import figures, parse
from micrograd_es.cli import inputs, main
from micrograd_es.cli.arguments import FIGURE_SUFFIXES, FILM_SUFFIXES, LANGUAGES, SHEET_SUFFIXES, THEMES
from micrograd_es.cli.demo import _topic
from micrograd_es.cli.inputs import UsageError
from micrograd_es.expressions import names
from micrograd_es.figures.drawing import Look
from micrograd_es.figures.words import WORDS
from micrograd_es.value import Value

# draw ----------------------------------------------------------------------------------------------------------------

pytestmark = pytest.mark.usefixtures("own_folder")


def test_a_figure_holds_the_numbers_of_the_expression(run: Run) -> None:
    assert run("draw", *XYZ, "-o", "xyz.svg") == (0, "xyz.svg\n", "")
    shown = texts(Path("xyz.svg").read_bytes())
    assert {"−12.00", "−2.00", "5.00", "−4.00", "3.00", "1.00"} <= set(shown)
    assert shown.count("−4.00") >= 3  # the value of z, the gradients of x and y


def test_the_svg_goes_to_a_pipe_where_no_file_is_named(run: Run) -> None:
    status, out, err = run("draw", *XYZ)
    assert (status, err) == (0, "")
    assert "−12.00" in texts(out.encode())


def test_a_figure_is_not_written_to_a_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("micrograd_es.cli.pictures.is_terminal", lambda stream: True)
    status, out, err = run("draw", *XYZ)
    assert (status, out) == (2, "")
    assert "-o f.svg" in err


@pytest.mark.parametrize(
    ("suffix", "start"), [(".svg", b"<?xml"), (".pdf", b"%PDF"), (".png", b"\x89PNG"), (".dot", b"digraph")]
)
def test_the_suffix_of_the_file_says_how_a_figure_is_written(run: Run, suffix: str, start: bytes) -> None:
    assert suffix in FIGURE_SUFFIXES
    assert run("draw", *XYZ, "-o", f"f{suffix}") == (0, f"f{suffix}\n", "")
    assert Path(f"f{suffix}").read_bytes().startswith(start)


@pytest.mark.parametrize("command", ["draw", "frames", "worksheet"])
def test_the_endings_that_the_command_line_knows_are_those_that_save_knows(command: str) -> None:
    known = {"draw": FIGURE_SUFFIXES, "frames": FILM_SUFFIXES, "worksheet": SHEET_SUFFIXES}[command]
    with pytest.raises(ValueError, match="does not say how") as caught:
        getattr(figures, command)(parse("2*x", x=1)).save("f.unknown")
    assert set(re.findall(r"(?<=[ ,])\.\w+", str(caught.value).partition("expected")[2])) == set(known)


def test_several_files_are_written_from_one_figure(run: Run) -> None:
    assert run("draw", *XYZ, "-o", "a.svg", "--output", "b.dot", "-oc.png")[:2] == (0, "a.svg\nb.dot\nc.png\n")
    assert all(Path(name).stat().st_size for name in ("a.svg", "b.dot", "c.png"))


def test_no_file_is_written_where_one_of_them_cannot_be(run: Run) -> None:
    status, _, err = run("draw", *XYZ, "-o", "a.svg", "-o", "b.jpg")
    assert status == 2
    assert "b.jpg" in err
    assert ".pdf" in err
    assert not Path("a.svg").exists()


def test_every_flag_reaches_draw_as_its_option(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}
    real = figures.draw
    monkeypatch.setattr(figures, "draw", lambda f, **look: asked.update(look) or real(f))
    flags = "--fold a --fold b --depth 2 --constants nodes --direction TB --roles --local --symbols --no-gradients"
    more = "--decimals 3 --comma --theme dark --language en"
    steps = ("a = x + y; b = a * z", *XYZ[1:])
    assert run("draw", *steps, "-o", "f.svg", *flags.split(), *more.split(), "--title", "A title")[0] == 0
    assert asked == {
        "fold": ["a", "b"],
        "depth": 2,
        "level": None,
        "layout": "column",
        "constants": "nodes",
        "direction": "TB",
        "roles": True,
        "local": True,
        "symbols": True,
        "gradients": False,
        "decimals": 3,
        "digits": None,
        "comma": True,
        "theme": "dark",
        "language": "en",
        "title": "A title",
    }
    assert set(asked) == set(Look.__annotations__), "a new option of draw wants a flag"


def test_named_steps_are_blocks_of_a_block_graph(run: Run) -> None:
    steps = ("draw", "q = x + y; f = q * z", "x=-2", "y=5", "z=-4")
    assert run(*steps, "--level", "1", "--layout", "row", "-o", "f.svg")[0] == 0
    assert "∂f/∂x" in Path("f.svg").read_text("utf-8")
    assert run(*steps, "--level", "q", "-o", "f.svg")[0] == 0
    status, _, error = run(*steps, "--level", "r", "-o", "f.svg")
    assert status == 1
    assert "no scope of this graph is called 'r'; its scopes: 'q', 'f'" in error


def test_without_flags_the_options_are_those_of_draw(run: Run) -> None:
    run("draw", *XYZ, "-o", "f.svg")
    x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    assert Path("f.svg").read_bytes() == figures.draw((x + y) * z).svg().encode()


@pytest.mark.parametrize(
    ("flags", "shown"),
    [
        (["--comma"], "−12,00"),
        (["--digits", "4"], "−12.00"),
        (["--decimals", "0"], "−12"),
        (["--roles"], "intercambiador"),
        (["--roles", "--language", "en"], "swapper"),
    ],
)
def test_a_flag_changes_what_the_figure_shows(run: Run, flags: list[str], shown: str) -> None:
    assert shown in texts(run("draw", *XYZ, *flags)[1].encode())


def test_the_choices_of_the_flags_are_those_of_the_figures() -> None:
    assert set(THEMES) == set(figures.THEMES)
    assert set(LANGUAGES) == set(WORDS)


def test_exact_numbers_stay_exact(run: Run) -> None:
    assert "3/10" in texts(run("draw", "x + y", "x=0.1", "y=0.2", "--exact")[1].encode())
    assert "5/6" in texts(run("draw", "x + y", "x=1/3", "y=1/2")[1].encode())


def test_several_statements_name_the_steps_between(run: Run) -> None:
    assert "q" in texts(run("draw", "q = x + y; f = q * z", *XYZ[1:])[1].encode())


def test_a_minus_sign_reads_the_expression_from_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO("\ufeffq = x + y\nf = q * z\n"))
    assert "−12.00" in texts(run("draw", "-", *XYZ[1:])[1].encode())


# The words of the command line ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [("-x",), ("--", "-x"), ("-o", "f.dot", "-x"), ("--language", "en", "-x")])
def test_an_expression_may_begin_with_a_minus_sign(run: Run, words: tuple[str, ...]) -> None:
    status, _, err = run("check", *(word for word in words if word not in ("-o", "f.dot")), "x=3")
    assert (status, err) == (0, "")
    assert run("draw", *words, "x=3")[0] == 0


@pytest.mark.parametrize("expression", ["-h*2 + h", "-o*2 + h + o", "--2*h", "-(h)", "−h", "-1/h", "-out + h"])
def test_what_looks_like_an_option_is_an_expression_where_it_can_be_no_option(run: Run, expression: str) -> None:
    values = dict.fromkeys(names(expression), 2)
    status, out, err = run("check", expression, *(f"{name}={value}" for name, value in values.items()))
    assert (status, err) == (0, "")
    assert out.startswith(f"f = {parse(expression, values).data:g}\n")


def test_options_and_values_stand_in_any_order(run: Run) -> None:
    assert run("draw", "-o", "a.dot", "x*y", "--comma", "x=2", "--theme", "print", "y=3", "-o", "b.dot")[0] == 0
    assert Path("a.dot").read_text("utf-8") == Path("b.dot").read_text("utf-8")


def test_an_option_s_value_may_begin_with_a_minus_sign(run: Run) -> None:
    assert run("draw", "-x", "x=1", "-o", "-f.svg", "--title", "-x")[:2] == (0, "-f.svg\n")
    root = ElementTree.fromstring(Path("-f.svg").read_bytes())
    assert "-x" in [node.text for node in root.iter("{http://www.w3.org/2000/svg}title")]


@pytest.mark.parametrize(
    ("text", "number"),
    [("2", 2), ("-2", -2), ("−2", -2), ("+2", 2), (".5", 0.5), ("5.", 5.0), ("1e-3", 0.001), ("−1.5E2", -150.0)],
)
def test_a_number_is_what_it_says(text: str, number: float) -> None:
    given = inputs.values([f"x={text}"])["x"]
    assert (given, type(given)) == (number, type(number))


@pytest.mark.parametrize(
    ("word", "help_"),
    [
        ("x=1,5", "x=1.5"),
        ("x=−1,5e3", "x=-1.5e3"),
        ("x=", "without blanks"),
        ("x=two", "x=1/3"),
        ("x=1_000", "x=2"),
        ("x=nan", "x=2"),
        ("x=1/0", "divided by 0"),
        ("x=1e999", "too large"),
        ("x=²", "no number"),
        ("x=1.5/2", "no number"),
        ("x==1", "no number"),
        ("x=" + "9" * 5000, "5,000 digits"),
        ("=1", "NAME=NUMBER"),
        ("x", "write x=2"),
        ("x +", "quotes"),
        ("", "NAME=NUMBER"),
    ],
)
def test_what_is_no_value_is_refused_with_what_to_write(run: Run, word: str, help_: str) -> None:
    status, out, err = run("check", "x", word)
    assert (status, out) == (2, "")
    assert help_ in err
    assert err.startswith("micrograd-es: error: ")


def test_a_huge_power_is_refused_before_it_is_computed_exactly(run: Run) -> None:
    assert run("check", "x", "x=1e-999999999", "--exact")[0] == 2


@pytest.mark.parametrize("option", ["--decimals", "--digits", "--depth"])
@pytest.mark.parametrize("text", ["dos", "2.5", "--1", "²", ""])
def test_an_option_that_is_no_whole_number_says_so(run: Run, option: str, text: str) -> None:
    status, out, err = run("draw", "x*2", "x=1", f"{option}={text}")
    assert (status, out) == (2, "")
    assert f"argument {option}: {text!r} is no whole number" in err


def test_figures_of_demos_do_not_go_into_a_file(run: Run, tmp_path: Path) -> None:
    there = tmp_path / "there.txt"
    there.write_text("mine")
    status, _, err = run("demo", "a2_expression", "--output", str(there))
    assert status == 1
    assert "there.txt is a file; expected a folder for the figures" in err
    assert there.read_text() == "mine"


def test_a_value_given_twice_is_refused(run: Run) -> None:
    status, _, err = run("check", "x", "x=1", "x=2")
    assert status == 2
    assert "x is given twice" in err


def test_file_names_in_place_of_an_unquoted_star_are_explained(run: Run) -> None:
    Path("notes.txt").touch()
    status, _, err = run("draw", "x", "notes.txt", "y", "x=1", "y=2", "-o", "f.svg")
    assert status == 2
    assert "unquoted *" in err
    assert '"x * y"' in err


def test_an_expression_without_quotes_is_explained(run: Run) -> None:
    status, _, err = run("draw", "x", "+", "y", "x=1", "y=2")
    assert status == 2
    assert "quotes" in err


def test_a_missing_value_is_shown_as_the_shell_has_it(run: Run) -> None:
    status, _, err = run("draw", "(x + q) * z", "x=-2", "-o", "f.svg")
    assert status == 1
    headline, expression, carets, *help_ = err.splitlines()
    assert headline == "micrograd-es: error: unknown name 'q' in the expression"
    assert (expression, carets) == ("  (x + q) * z", "       ^")
    assert help_[-1] == 'As in: micrograd-es draw "(x + q) * z" x=-2 q=1 z=1'
    assert main(["check", "(x + q) * z", "x=-2", "q=1", "z=1"]) == 0


def test_an_unknown_option_or_command_names_the_one_that_was_meant(run: Run) -> None:
    assert "Did you mean --theme?" in run("draw", *XYZ, "--thme", "dark")[2]
    assert "Did you mean draw?" in run("drw", *XYZ)[2]
    assert "draw, frames, worksheet, check, train, predict, demo" in run("(x + y) * z")[2]
    assert run("draw", *XYZ, "--language", "fr")[0] == 2
    assert run("draw", *XYZ, "-o")[0] == run("draw", *XYZ, "-o", "--roles")[0] == 2
    assert run("draw", *XYZ, "--digits", "3", "--decimals", "3")[0] == 2
    assert run("draw")[0] == run()[0] == run("--unknown")[0] == 2


# frames --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("suffix", "start"), [(".pdf", b"%PDF"), (".html", b"<!DOCTYPE html>"), (".gif", b"GIF89a")])
def test_frames_are_written_as_one_file(run: Run, suffix: str, start: bytes) -> None:
    if suffix == ".gif":
        pytest.importorskip("PIL")
    assert run("frames", *XYZ, "-o", f"film{suffix}") == (0, f"film{suffix}\n", "")
    assert Path(f"film{suffix}").read_bytes().lower().startswith(start.lower())


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_frames_are_written_as_numbered_files_and_all_are_named(run: Run, suffix: str) -> None:
    status, out, _ = run("frames", *XYZ, "-o", f"film{suffix}")
    names = out.split()
    assert status == 0
    assert names == [f"film-{i:02}{suffix}" for i in range(1, len(figures.frames(parse(XYZ[0], x=1, y=2, z=3))) + 1)]
    assert sorted(names) == sorted(path.name for path in Path().iterdir())
    if suffix == ".svg":
        assert "−12.00" in texts(Path(names[-1]).read_bytes())


def test_frames_unroll_the_derivative_of_an_input(run: Run) -> None:
    assert run("frames", *XYZ, "-o", "plain.html")[0] == 0
    assert run("frames", *XYZ, "-o", "x.html", "--unroll", "x")[0] == 0
    chain = "∂f/∂x = ∂f/∂(x + y) · ∂(x + y)/∂x"
    assert chain not in Path("plain.html").read_text("utf-8")
    assert chain in Path("x.html").read_text("utf-8")
    status, _, err = run("frames", *XYZ, "-o", "w.html", "--unroll", "w")
    assert status == 2
    assert "there are x, y, z" in err


def test_frames_want_a_file(run: Run) -> None:
    status, _, err = run("frames", *XYZ)
    assert status == 2
    assert "-o film.html" in err


# worksheet -----------------------------------------------------------------------------------------------------------


def test_a_sheet_and_its_key_are_written(run: Run) -> None:
    assert run("worksheet", *XYZ, "-o", "sheet.svg", "--key", "key.svg") == (0, "sheet.svg\nkey.svg\n", "")
    sheet, key = (texts(Path(name).read_bytes()) for name in ("sheet.svg", "key.svg"))
    assert "−12.00" in key and "−12.00" not in sheet
    assert "5.00" in sheet and "Nombre:" in "".join(sheet)
    assert run("worksheet", *XYZ, "--key", "key.pdf") == (0, "key.pdf\n", "")


def test_what_is_asked_for_is_said_on_the_command_line(run: Run) -> None:
    named = ["q = x + y; f = q * z", "x=-2", "y=5", "z=-4"]
    options = ["--ask", "q", "--ask", "x", "--task", "Rellena.", "--title", "Tema 3", "--language", "en"]
    assert run("worksheet", *named, "-o", "sheet.svg", *options)[0] == 0
    sheet = texts(Path("sheet.svg").read_bytes())
    assert "−12.00" in sheet and "3.00" in sheet  # f and ∂f/∂z are given
    assert sheet.count("−4.00") == 2  # z and ∂f/∂y; those of x and q are asked for
    assert {"Rellena.", "Tema 3", "Name:"} <= {text.strip() for text in sheet}
    status, out, err = run("worksheet", *named, "-o", "other.svg", "--ask", "w")
    assert (status, out) == (1, "")
    assert "or a name: x, y, q, z, f" in err


@pytest.mark.parametrize("key", ["missing/key.pdf", "key.gif", "sheet.pdf"])
def test_no_sheet_is_written_where_its_key_cannot_be(run: Run, key: str) -> None:
    status, out, err = run("worksheet", *XYZ, "-o", "sheet.pdf", "--key", key)
    assert status in (1, 2)
    assert out == ""
    assert key in err
    assert list(Path().iterdir()) == []


def test_a_worksheet_wants_a_file(run: Run) -> None:
    status, _, err = run("worksheet", *XYZ)
    assert status == 2
    assert "-o sheet.pdf --key key.pdf" in err


@pytest.mark.parametrize("option", ["--fold q", "--level 1"])
def test_what_needs_named_steps_says_how_to_name_them(run: Run, option: str) -> None:
    status, _, err = run("draw", "(x + y) * z", "x=1", "y=2", "z=3", *option.split(), "-o", "a.svg")
    assert status == 1
    assert 'Name them: "q = x + y; f = q * z"' in err


def test_a_demo_is_found_by_the_number_that_its_title_has() -> None:
    known = ["a1_chain_rule", "c01_line", "c10_descent", "c11_dropout"]
    assert [_topic(name, known) for name in ("c1", "c10", "c01", "a", "a1_chain_rule")] == [
        "c01_line",
        "c10_descent",
        "c01_line",
        "a1_chain_rule",
        "a1_chain_rule",
    ]
    with pytest.raises(UsageError, match="several demos begin with 'c'"):
        _topic("c", known)
