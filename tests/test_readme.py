"""Every example of the READMEs runs, and prints what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from micrograd_es import Value, draw
from micrograd_es.cli import main

ROOT = Path(__file__).parents[1]
READMES = ["README.md", "README.es.md"]


def blocks(readme: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / readme).read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("readme", READMES)
def test_the_python_of_a_readme_prints_what_its_comments_say(
    readme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for block in blocks(readme, "python"):
        exec(compile(block, readme, "exec"), {})
        printed = capsys.readouterr().out.splitlines()
        said = [line.partition("  # ")[2] for line in block.splitlines() if line.startswith("print(")]
        assert len(printed) == len(said)
        assert all(told.startswith(line) for line, told in zip(printed, said, strict=True))


@pytest.mark.parametrize("readme", READMES)
def test_the_commands_of_a_readme_succeed(
    readme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    commands = [line for block in blocks(readme, "sh") for line in block.splitlines()]
    assert len(commands) >= 3
    for command in commands:
        assert main(shlex.split(command)[1:]) == 0, command
        assert capsys.readouterr().err == ""


def test_the_figure_of_the_readme_shows_what_the_library_draws() -> None:
    x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    q = x + y
    q.label = "q"
    kept = (ROOT / "docs/figures/xyz.svg").read_text(encoding="utf-8")
    drawn = draw(q * z, title="(x + y)·z").svg()
    texts = re.compile("<text .*?</text>|<title>.*?</title>")
    assert texts.findall(drawn) == texts.findall(kept)
