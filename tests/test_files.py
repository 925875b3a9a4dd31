"""Files are whole or not there: whatever goes wrong, what was there before stays and nothing is left behind."""

from __future__ import annotations

import errno
import os
import stat
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from drawings import neuron, product
from micrograd_es import MLP, draw, frames, record, worksheet
from micrograd_es.export import load_npz, save_npz
from micrograd_es.files import write_files

MAGIC = {".svg": b"<?xml", ".pdf": b"%PDF-", ".png": b"\x89PNG", ".dot": b"digraph", ".html": b"<!", ".gif": b"GIF89a"}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("suffix", [".svg", ".pdf", ".png", ".dot", ".SVG", ".Png"])
@pytest.mark.parametrize("kind", [str, Path])
def test_the_suffix_says_how_a_figure_is_written(suffix: str, kind: Any, tmp_path: Path) -> None:
    target = tmp_path / f"figure{suffix}"
    assert draw(product()).save(kind(target)) == target
    assert names(tmp_path) == [target.name]
    assert target.read_bytes().startswith(MAGIC[suffix.lower()])


@pytest.mark.parametrize("suffix", [".pdf", ".html", ".gif"])
def test_the_suffix_says_how_frames_are_written(suffix: str, tmp_path: Path) -> None:
    if suffix == ".gif":
        pytest.importorskip("PIL")
    target = tmp_path / f"film{suffix}"
    assert frames(product()).save(target) == target
    assert names(tmp_path) == [target.name]
    assert target.read_bytes().startswith(MAGIC[suffix])


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_frames_as_pictures_are_numbered_files(suffix: str, tmp_path: Path) -> None:
    written = frames(product()).save(tmp_path / f"film{suffix}")
    assert written == [tmp_path / f"film-{i:02}{suffix}" for i in range(1, 8)]
    assert names(tmp_path) == [path.name for path in written]
    assert len({path.read_bytes() for path in written}) == 7


def test_a_saved_svg_is_the_one_that_is_shown(tmp_path: Path) -> None:
    figure = draw(neuron())
    assert figure.save(tmp_path / "f.svg").read_text("utf-8") == figure.svg()
    assert figure.save(tmp_path / "f.dot").read_text("utf-8") == figure.dot()


@pytest.mark.parametrize("name", ["figure", "figure.bmp", "figure.svg.gz", "figure.", ".svg", "figure.html", ""])
def test_an_unknown_suffix_is_named_with_those_there_are(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.svg, \.pdf, \.png, \.dot"):
        draw(product()).save(tmp_path / name)
    with pytest.raises(ValueError, match=r"\.html"):
        frames(product()).save(tmp_path / "film.dot")
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (None, r"the path is None \(NoneType\); expected the name of a file"),
        (3, r"the path is 3 \(int\)"),
        (b"f.svg", r"the path is b'f\.svg' \(bytes\)"),
        ("f\0.svg", "with a character 0 in it"),
    ],
)
def test_what_is_no_path_is_told_wherever_something_is_saved(path: Any, text: str) -> None:
    model = MLP(1, [1])
    saving = (draw(product()).save, frames(product()).save, worksheet(product()).save, partial(save_npz, model))
    for save in (*saving, partial(load_npz, model)):
        with pytest.raises((TypeError, ValueError), match=text):
            save(path)


def test_a_missing_folder_is_named_with_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no folder .*missing.*mkdir -p"):
        draw(product()).save(tmp_path / "missing" / "figure.svg")
    assert names(tmp_path) == []


def test_a_folder_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "figure.svg").mkdir()
    with pytest.raises(IsADirectoryError, match=r"it is a folder\. .*figure\.svg/f\.svg$"):
        draw(product()).save(tmp_path / "figure.svg")
    with pytest.raises(IsADirectoryError, match=r"it is a folder\. Write the name of a file: .*/f$"):
        record(lambda x: x, 0.0).save(tmp_path)
    assert names(tmp_path) == ["figure.svg"]
    assert names(tmp_path / "figure.svg") == []


@pytest.mark.skipif(
    os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="needs a user who may not"
)
def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match=r"cannot write .*figure\.svg"):
        draw(product()).save(tmp_path / "figure.svg")


class FullDisk:
    """A file on a disk on which the n-th file has no room left."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fails: int) -> None:
        self.left, self.fdopen = fails, os.fdopen
        monkeypatch.setattr(os, "fdopen", self.open)

    def open(self, handle: int, mode: str, **more: Any) -> Any:
        file = self.fdopen(handle, mode, **more)
        self.left -= mode == "wb"
        return Full(file) if mode == "wb" and self.left == 0 else file


class Full:
    def __init__(self, file: Any) -> None:
        self.file = file

    def __enter__(self) -> Full:
        return self

    def __exit__(self, *error: object) -> None:
        self.file.close()

    def write(self, data: bytes) -> int:
        self.file.write(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_nothing_and_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "figure.svg"
    target.write_text("before")
    FullDisk(monkeypatch, 1)
    with pytest.raises(OSError, match=r"cannot write .*figure\.svg: No space left") as failed:
        draw(product()).save(target)
    assert failed.value.errno == errno.ENOSPC
    assert names(tmp_path) == ["figure.svg"]
    assert target.read_text() == "before"


@pytest.mark.parametrize("fails", [1, 4, 7])
def test_numbered_files_are_all_written_or_none(fails: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "film-02.svg").write_text("before")
    FullDisk(monkeypatch, fails)
    with pytest.raises(OSError, match=f"film-0{fails}"):
        frames(product()).save(tmp_path / "film.svg")
    assert names(tmp_path) == ["film-02.svg"]
    assert (tmp_path / "film-02.svg").read_text() == "before"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_disk_that_is_full_only_when_the_file_is_closed_counts_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fdopen = os.fdopen

    def full(handle: int, mode: str, **more: Any) -> Any:
        if mode != "wb":
            return fdopen(handle, mode, **more)
        os.close(handle)
        return open("/dev/full", mode)  # noqa: PTH123

    monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(OSError, match=r"cannot write .*figure\.svg"):
        draw(product()).save(tmp_path / "figure.svg")
    assert names(tmp_path) == []


def test_a_drawing_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = draw(product()).save(tmp_path / "figure.png")
    before = target.read_bytes()

    def broken(*_: object, **__: object) -> bytes:
        raise RuntimeError("no picture")

    monkeypatch.setattr("micrograd_es.figures.formats.render", broken)
    with pytest.raises(RuntimeError, match="no picture"):
        draw(neuron()).save(target)
    assert target.read_bytes() == before
    assert names(tmp_path) == ["figure.png"]


def test_a_second_file_that_cannot_be_written_stops_the_first(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_files({tmp_path / "a.svg": b"a", tmp_path / "missing" / "b.svg": b"b"})
    assert names(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are another thing there")
def test_a_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        written = draw(product()).save(tmp_path / "figure.svg")
        assert stat.S_IMODE(written.stat().st_mode) == 0o640
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)


def test_saving_over_a_link_or_a_file_gives_the_new_bytes(tmp_path: Path) -> None:
    target = draw(product()).save(tmp_path / "figure.svg")
    assert draw(neuron()).save(target).read_text("utf-8") == draw(neuron()).svg()


def test_nothing_is_printed_while_files_are_written(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    draw(neuron("σ"), local=True).save(tmp_path / "f.pdf")
    frames(product()).save(tmp_path / "f.html")
    assert capfd.readouterr() == ("", "")


def test_threads_write_the_same_figures_as_one(tmp_path: Path) -> None:
    expected = {name: draw(graph()).svg() for name, graph in (("a", product), ("b", neuron))}
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for name, graph in (("a", product), ("b", neuron)):
                draw(graph()).save(tmp_path / f"{name}{number}.svg")
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(names(tmp_path)) == 12
    assert all(path.read_text("utf-8") == expected[path.name[0]] for path in tmp_path.iterdir())
