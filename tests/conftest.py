"""What several test files use: numbers by an independent method, and samples from the domains of the table."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import mpmath
import pytest

from micrograd_es import ops
from micrograd_es.cli import main
from micrograd_es.ops import OPS, Op

mpmath.mp.dps = 50

# Comparisons with packages that are not installed for `make test` are collected only where those are.
collect_ignore = [] if find_spec("torch") else ["peers"]


class PreciseMaths:
    """The mathematics of the table's rows, written anew with mpmath at 50 digits: what the engine is compared with."""

    exp, log, tanh, sin, cos, sqrt = mpmath.exp, mpmath.log, mpmath.tanh, mpmath.sin, mpmath.cos, mpmath.sqrt
    sigmoid = staticmethod(lambda x: 1 / (1 + mpmath.exp(-x)))
    softplus = staticmethod(lambda x: mpmath.log(1 + mpmath.exp(x)))
    abs = staticmethod(lambda x: x if x > 0 else -x)
    relu = staticmethod(lambda x: x if x > 0 else mpmath.mpf(0))
    where = staticmethod(lambda c, x, y: x if c > 0 else y)
    power = staticmethod(lambda x, y: x**y)
    sum, prod, max, min = mpmath.fsum, mpmath.fprod, max, min
    log_sum_exp = staticmethod(lambda xs: mpmath.log(mpmath.fsum(mpmath.exp(x) for x in xs)))


def precise(row: Op, *xs: Any) -> Any:
    """The row's result at 50 digits."""
    return row.forward(PreciseMaths, *[mpmath.mpf(x) for x in xs])


def precise_slope(row: Op, xs: tuple[float, ...], *orders: int) -> float:
    """The row's partial derivative of the given orders, one for each of the inputs, by mpmath's differences."""
    return float(mpmath.diff(lambda *at: precise(row, *at), xs, orders))


def points(row: Op, count: int = 4) -> Iterator[tuple[float, ...]]:
    """Inputs inside the row's domain, the same in every run; rows for any number of inputs get 1, 2, 3 and 5."""
    rng = random.Random(row.name)
    for size in (row.arity,) if row.arity else (1, 2, 3, 5):
        for _ in range(count):
            intervals = row.domain * size if len(row.domain) < size else row.domain
            yield tuple(rng.uniform(*interval) for interval in intervals[:size])


@pytest.fixture
def add_row() -> Iterator[Callable[..., Op]]:
    """A function that adds a row to the table; the rows leave it after the test."""
    before = dict(OPS)
    yield ops.op
    OPS.clear()
    OPS.update(before)


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test runs in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs a command line in this process: its status, and what it printed on stdout and stderr."""

    def run(*words: str) -> tuple[int, str, str]:
        status = main(words)
        printed = capfd.readouterr()
        return status, printed.out, printed.err

    return run


def in_new_process(code: str, **environment: str) -> str:
    """What a new Python prints when it runs the code."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment or None, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def in_few_steps(run: Callable[[], Any], most: int = 1_000_000) -> Any:
    """What a function gives, which may call so many others: a time would depend on the machine."""
    steps = itertools.count()

    def counted(frame: object, event: str, argument: object) -> None:
        assert next(steps) < most, f"more than {most} calls"

    sys.setprofile(counted)
    try:
        return run()
    finally:
        sys.setprofile(None)
