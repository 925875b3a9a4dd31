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
        assert capsys.readouterr().err == ""


def test_the_figure_of_the_readme_shows_what_the_library_draws() -> None:
    x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    q = x + y
    q.label = "q"
    kept = (ROOT / "docs/figures/xyz.svg").read_text(encoding="utf-8")
    drawn = draw(q * z, title="(x + y)·z").svg()
    texts = re.compile("<text .*?</text>|<title>.*?</title>")
    assert texts.findall(drawn) == texts.findall(kept)
