"""The blocks of the pages for users that need PyTorch run, and print what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

from documents import PAGES, blocks, check_block, needs_torch


@pytest.mark.parametrize("page", PAGES)
def test_the_python_of_a_page_that_needs_torch_prints_what_it_says(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for block in filter(needs_torch, blocks(page, "python")):
        check_block(block, page, capsys)


def test_the_pages_on_exports_have_blocks_that_need_torch() -> None:
    for page in ("docs/export.md", "docs/exportar.md"):
        assert any(needs_torch(block) for block in blocks(page, "python"))
