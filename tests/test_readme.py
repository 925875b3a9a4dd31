"""Every example of the READMEs and of the pages in docs runs, and prints what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from documents import PAGES, ROOT, blocks, check_block, needs_torch
from micrograd_es import Value, draw
from micrograd_es.cli import main

READMES = ["README.md", "README.es.md"]


@pytest.mark.usefixtures("add_row")  # a page may add a row to the table
@pytest.mark.parametrize("page", PAGES)
def test_the_python_of_a_page_prints_what_its_comments_say(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for block in blocks(page, "python"):
        if not needs_torch(block):
            check_block(block, page, capsys)


@pytest.mark.parametrize("readme", READMES)
def test_the_commands_of_a_readme_succeed(
    readme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    commands = [line for block in blocks(readme, "sh") for line in block.splitlines()]
    assert len(commands) >= 3
    for command in commands:
        assert main(shlex.split(command)[1:]) == 0, command
        said = capsys.readouterr()
        assert said.err == ""
        accuracies = re.findall(r"accuracy ([01]\.\d+)", said.out)
        assert all(float(accuracy) > 0.97 for accuracy in accuracies[-2:]), command  # what is trained has learnt


TEXTS = re.compile("<text .*?</text>|<title>.*?</title>")


def test_the_figure_of_the_readme_shows_what_the_library_draws() -> None:
    x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    q = x + y
    q.label = "q"
    kept = (ROOT / "docs/figures/xyz.svg").read_text(encoding="utf-8")
    assert TEXTS.findall(draw(q * z, title="(x + y)·z").svg()) == TEXTS.findall(kept)


@pytest.mark.parametrize(("readme", "name"), [("README.md", "blocks.svg"), ("README.es.md", "bloques.svg")])
def test_the_blocks_of_a_readme_are_what_its_code_draws(
    readme: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (block,) = [block for block in blocks(readme, "python") if name in block]
    exec(compile(block, readme, "exec"), {})
    drawn = Path(name).read_text(encoding="utf-8")
    assert TEXTS.findall(drawn) == TEXTS.findall((ROOT / "docs/figures" / name).read_text(encoding="utf-8"))
