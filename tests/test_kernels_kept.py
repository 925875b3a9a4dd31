"""Compiled kernels on the disk: what is kept there, for whom, and what happens where it is damaged."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("llvmlite")

import micrograd_es as es
from micrograd_es.ops import OPS, Op, Role
from micrograd_es.program import record
from micrograd_es.program.compiled import book, entry, machine, rows, tiles
from micrograd_es.value import apply


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The empty folder where kernels are kept, in a process that has none."""
    monkeypatch.setattr(book, "_LOADED", {})
    monkeypatch.setenv("MICROGRAD_ES_CACHE", str(tmp_path / "new"))
    return tmp_path / "new"


def compiled_again(monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether a new process compiles a kernel."""
    asked: list[str] = []
    compiled = machine._compiled
    monkeypatch.setattr(book, "_LOADED", {})
    monkeypatch.setattr(machine, "_compiled", lambda texts: asked.extend(texts) or compiled(texts))
    assert book.addresses([(tiles.clear, "float64")])[0]
    monkeypatch.setattr(machine, "_compiled", compiled)
    return bool(asked)


def test_what_was_compiled_is_not_compiled_again(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert compiled_again(monkeypatch)
    assert [path.suffix for path in kept.iterdir()] == [".o"]
    assert not compiled_again(monkeypatch)


def test_what_was_compiled_is_not_even_written_again(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def clear(real: str) -> str:
        raise AssertionError("it is known by its name")

    assert compiled_again(monkeypatch)
    clear.__module__ = tiles.__name__
    monkeypatch.setattr(book, "_LOADED", {})
    assert book.addresses([(clear, "float64")])[0]


def test_a_row_of_the_user_is_known_by_what_it_does(
    kept: Path, monkeypatch: pytest.MonkeyPatch, add_row: Callable[..., Op]
) -> None:
    def times(k: float) -> tuple[Callable[..., Any], Callable[..., Any]]:
        return lambda m, x: k * x, lambda m, z, x: (k,)

    for factor in (2.0, 3.0):
        monkeypatch.setattr(book, "_LOADED", {})
        OPS.pop("scaled", None)
        scaled = add_row("scaled", "k", Role.SCALER, *times(factor))
        program = record(lambda x, row=scaled: apply(row, x), 0.5, fast=True)
        assert program(np.array([1.0, 2.0])).tolist() == [factor, 2 * factor]


def compiled_for(program: Any, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many kernels a new process compiles for a program, whose outputs must be the same as in NumPy."""
    asked: list[str] = []
    compiled = machine._compiled
    with monkeypatch.context() as patch:
        patch.setattr(book, "_LOADED", {})
        patch.setattr(machine, "_compiled", lambda texts: asked.extend(texts) or compiled(texts))
        xs = np.array([0.5, 1.5, 2.5])
        np.testing.assert_allclose(record(program, 0.5, fast=True)(xs), record(program, 0.5)(xs), rtol=1e-13)
    return len(asked)


def test_what_is_compiled_together_is_one_file_under_many_names(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = compiled_for(lambda x: es.tanh(es.exp(x)), monkeypatch)
    files = [path.stat() for path in kept.iterdir()]
    assert len(files) == count > 3
    assert len({file.st_ino for file in files}) == 1
    assert sorted(path.suffix for path in kept.iterdir()) == [".o"] * count


def test_only_what_is_not_there_yet_is_compiled(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled_for(lambda x: es.tanh(x), monkeypatch)
    assert compiled_for(lambda x: es.exp(x), monkeypatch) == 1
    assert compiled_for(lambda x: es.tanh(es.exp(x)) + 1, monkeypatch) == 1
    assert compiled_for(lambda x: es.tanh(x) + es.exp(x), monkeypatch) == 1
    assert compiled_for(lambda x: es.exp(es.tanh(x)) + x + 2, monkeypatch) == 0


def test_a_kernel_may_be_in_several_files(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled_for(lambda x: es.tanh(es.exp(x)), monkeypatch)
    kept.rename(kept.with_name("first"))
    compiled_for(lambda x: es.exp(x) * x, monkeypatch)  # as another process did at the same time
    for number, path in enumerate(sorted(kept.with_name("first").iterdir())):
        if number % 2 or not (kept / path.name).exists():
            path.replace(kept / path.name)
    assert compiled_for(lambda x: es.tanh(es.exp(x)) * x, monkeypatch) == 0


def test_a_file_that_several_programs_need_is_in_memory_once(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [(tiles.clear, "float64"), (tiles.run, "float64"), (tiles.clear, "float32")]
    book.addresses(keys[:2])
    monkeypatch.setattr(book, "_LOADED", {})
    for key in keys:
        book.addresses([key])
    clear, run, other = (book._LOADED[key][1] for key in keys)
    assert clear is run
    assert clear is not other


def test_the_linker_does_not_go_through_all_kernels_once_for_each(
    kept: Path, monkeypatch: pytest.MonkeyPatch, add_row: Callable[..., Op]
) -> None:
    scaled = [
        add_row(f"scaled{k}", "k", Role.SCALER, lambda m, x, k=k: x * k, lambda m, z, x, k=k: (k,))
        for k in range(2, 34)
    ]
    seen: list[int] = []
    link_in = machine.llvm.ModuleRef.link_in

    def counted(whole: Any, other: Any) -> None:
        seen.append(len(list(whole.functions)))
        link_in(whole, other)

    monkeypatch.setattr(machine.llvm.ModuleRef, "link_in", counted)
    addresses = book.addresses([(rows.forward, "float64", row, "v", False) for row in scaled])
    assert len(set(addresses)) == len(scaled) == len(seen) + 1
    assert sum(seen) <= len(scaled) * 5 / 2  # each time half of them, and there are 32


def test_a_row_of_the_user_is_written_once(kept: Path, add_row: Callable[..., Op]) -> None:
    def write(real: str, row: Op) -> str:
        asked.append(row)
        return rows.forward(real, row, "v", False)

    asked: list[Op] = []
    book.addresses([(write, "float64", add_row("scaled", "k", Role.SCALER, lambda m, x: x * 2, lambda m, z, x: (2,)))])
    assert len(asked) == 1


def test_one_file_that_cannot_be_replaced_does_not_hold_up_the_others(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = compiled_for(es.tanh, monkeypatch)
    (first,) = {path.read_bytes()[36:68].hex() for path in kept.iterdir()}
    (kept / f"{first}.o").unlink()
    (kept / f"{first}.o").mkdir()
    for path in kept.glob("*.o"):
        if path.is_file():
            path.unlink()
    assert compiled_for(es.tanh, monkeypatch) == count
    assert compiled_for(es.tanh, monkeypatch) == 1
    assert {path.suffix for path in kept.iterdir()} == {".o"}


def test_a_disk_without_links_has_a_file_for_each(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError("not here")

    monkeypatch.setattr(os, "link", refused)
    count = compiled_for(es.tanh, monkeypatch)
    assert len({path.stat().st_ino for path in kept.iterdir()}) == count > 3
    assert compiled_for(es.tanh, monkeypatch) == 0


@pytest.mark.parametrize(
    "damage",
    [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b[:-9] + b"\0" * 9, lambda b: b[:32], lambda b: b"x" + b[1:]],
    ids=["half", "empty", "end", "head", "sum"],
)
def test_a_damaged_file_is_compiled_again(
    damage: Callable[[bytes], bytes], kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled_again(monkeypatch)
    (file,) = kept.iterdir()
    sound = file.read_bytes()
    file.write_bytes(damage(sound))
    assert compiled_again(monkeypatch)
    assert file.read_bytes() == sound


def test_the_file_of_another_kernel_is_compiled_again(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled_again(monkeypatch)
    (own,) = kept.iterdir()
    monkeypatch.setattr(machine, "_processor", lambda: "another")
    compiled_again(monkeypatch)
    (other,) = set(kept.iterdir()) - {own}
    sound = other.read_bytes()
    other.write_bytes(own.read_bytes())
    assert compiled_again(monkeypatch)
    assert other.read_bytes() == sound


def test_a_file_of_another_processor_or_compiler_is_not_used(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled_again(monkeypatch)
    monkeypatch.setattr(machine, "_processor", lambda: "another")
    assert compiled_again(monkeypatch)
    assert len(list(kept.iterdir())) == 2


def test_it_runs_where_nothing_can_be_written(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.touch()  # a file, and no folder
    assert compiled_again(monkeypatch)
    assert compiled_again(monkeypatch)


def test_several_processes_may_start_at_once(tmp_path: Path) -> None:
    code = """
import numpy as np
from micrograd_es.program.calls import wanted
from micrograd_es import Value, record, tanh
from micrograd_es.program.blocks import Space
from micrograd_es.program.compiled.runner import Runner
w = Value(2.0)
program = record(lambda x: tanh(w * x), 0.0)
plan = program.plan
runner = Runner(plan, program._shared, 3, wanted(program.plan, "parameters"), plan.rows(program.tape.outputs))
runner.inputs[:, 0] = 1, 2, 3
runner.backward(1.0)
print(runner.total.item())
"""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env={"MICROGRAD_ES_CACHE": str(tmp_path), "PATH": ""},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    printed = [float(process.communicate()[0]) for process in started]
    np.testing.assert_allclose(printed, np.tanh([2.0, 4.0, 6.0]).sum(), rtol=1e-14)
    assert {path.suffix for path in tmp_path.iterdir()} == {".o"}


def test_threads_that_begin_at_once_have_one_method_for_the_functions_that_python_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []
    both = threading.Barrier(2)

    def slowly(kernels: Any) -> Any:
        asked.append(kernels)
        with suppress(threading.BrokenBarrierError):
            both.wait(0.3)
        return machine.loaded(kernels)

    monkeypatch.setattr(entry, "_method", cache(entry._method.__wrapped__))
    monkeypatch.setattr(entry, "loaded", slowly)
    threads = [threading.Thread(target=entry.called_by_python, args=(0, 0, 0)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == 1
