"""The pages for users: their blocks of Python, run as a reader would, in an empty folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [str(path.relative_to(ROOT)) for path in [*sorted(ROOT.glob("README*.md")), *sorted(ROOT.glob("docs/*.md"))]]


def blocks(page: str, language: str) -> list[str]:
    """The blocks of a page that are written in a language."""
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)


def needs_torch(block: str) -> bool:
    """Whether a block runs only where PyTorch is installed, which `make test` does without."""
    return "torch" in block


def check_block(block: str, page: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Run a block; it prints the block of text behind it, or what the comments of its prints say, or begin with."""
    exec(compile(block, page, "exec"), {})
    printed = capsys.readouterr().out.splitlines()
    if text := _text_behind(block, page):
        assert [line.rstrip() for line in printed] == text.splitlines()
        return
    said = [line.partition("  # ")[2] for line in block.splitlines() if line.lstrip().startswith("print(")]
    assert len(printed) == len(said)
    assert all(told.startswith(line) for line, told in zip(printed, said, strict=True)), printed


def _text_behind(block: str, page: str) -> str:
    """The block of text that follows a block of Python; "" where there is none."""
    behind = (ROOT / page).read_text(encoding="utf-8").partition(f"```python\n{block}```\n")[2]
    found = re.match(r"\n```text\n(.*?)```", behind, re.DOTALL)
    return found[1] if found else ""
