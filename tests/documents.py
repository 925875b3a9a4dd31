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
    """Run a block; what it prints is what the comments behind its prints say, or begin with."""
    exec(compile(block, page, "exec"), {})
    printed = capsys.readouterr().out.splitlines()
    said = [line.partition("  # ")[2] for line in block.splitlines() if line.startswith("print(")]
    assert len(printed) == len(said)
    assert all(told.startswith(line) for line, told in zip(printed, said, strict=True)), printed
