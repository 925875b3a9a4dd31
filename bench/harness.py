"""Rounds that take turns: every row in its own process, compared before it is timed."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import IO, Any

import numpy as np

from bench.peers import Peer
from bench.worker import THREADS
from bench.works import Graph, Work

AGREEMENT = 1e-12
ROUND, BUDGET, ROUNDS = 0.02, 2.0, (3, 31)  # seconds of a round and of all of a row's; fewest and most rounds
SLOW = 2.0  # seconds: of a step that takes longer there are two rounds


class DisagreementError(Exception):
    """Two rows give different numbers for the same work."""


class Processes:
    """A process for each row, started when it is first asked something."""

    def __init__(self) -> None:
        self.running: dict[str, tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes]]] = {}

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        for process, _, _ in self.running.values():
            process.kill()
            process.communicate()

    def ask(self, row: Peer, what: str, given: Any) -> Any:
        """The answer of a row's process; a text is what went wrong there."""
        if row.name not in self.running:
            self.running[row.name] = self._started(row.name)
        _, questions, answers = self.running[row.name]
        try:
            pickle.dump((what, given), questions)
            questions.flush()
            return pickle.load(answers)
        except (EOFError, OSError):
            return f"the process of {row.name} ended"

    def _started(self, name: str) -> tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes]]:
        root = Path(__file__).parents[1]
        paths = os.pathsep.join([str(root), *filter(None, [os.environ.get("PYTHONPATH")])])
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.worker", name],
            env=os.environ | THREADS | {"PYTHONPATH": paths},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdin and process.stdout
        return process, process.stdin, process.stdout


class Result:
    """One work: the seconds a step took, by row and round, and why rows were left out."""

    def __init__(self, name: str, work: Work) -> None:
        self.name, self.work = name, work
        self.seconds: dict[str, list[float]] = {}
        self.bytes: dict[str, int] = {}
        self.left_out: dict[str, str] = {}

    def median(self, row: str) -> float:
        """The row's seconds a step."""
        return median(self.seconds[row])

    def ratio(self, ours: str, peer: str) -> float:
        """How many times as long the peer takes: the median over the rounds that both have."""
        return median(b / a for a, b in zip(self.seconds[ours], self.seconds[peer], strict=False))


def measured(
    processes: Processes, name: str, work: Work, rows: Sequence[Peer], budget: float = BUDGET, round_of: float = ROUND
) -> Result:
    """Time one work. Raises DisagreementError where a row's numbers are not those of the first row."""
    result = Result(name, work)
    ready, first = [], None
    for row in rows:
        found = processes.ask(row, "ready", work)
        if isinstance(found, str):
            result.left_out[row.name] = found
            continue
        first = first or (row, found)
        check(name, first[0].name, first[1], row.name, found)
        ready.append(row)
    repeats = {row.name: repeated(processes, row, round_of) for row in ready}
    plan = {name: rounds(repeat * one, budget) for name, (repeat, one) in repeats.items()}
    for number in range(max(plan.values(), default=0)):
        for row in ready if number % 2 else reversed(ready):
            if number < plan[row.name]:
                result.seconds.setdefault(row.name, []).append(processes.ask(row, "time", repeats[row.name][0]))
    if isinstance(work, Graph):
        weights = {row.name: processes.ask(row, "weigh", None) for row in ready}
        result.bytes = {name: held for name, held in weights.items() if held is not None}
    return result


def rounds(one: float, budget: float) -> int:
    """How many rounds of that many seconds a row has."""
    if budget < BUDGET:
        return 1
    return 2 if one > SLOW else min(ROUNDS[1], max(ROUNDS[0], int(budget / one)))


def repeated(processes: Processes, row: Peer, round_of: float) -> tuple[int, float]:
    """How many steps make a round, and how long one takes."""
    one = processes.ask(row, "time", 1)
    if one < round_of / 5:
        one = processes.ask(row, "time", max(1, int(round_of / 5 / one)))
    return max(1, int(round_of / one)), one


def check(work: str, one: str, expected: Iterable[Any], other: str, found: Iterable[Any]) -> None:
    """Whether two rows agree: the numbers after each step, to 1e-12 of the largest."""
    for a, b in zip(map(np.array, expected), map(np.array, found), strict=False):
        if a.shape != b.shape:
            raise DisagreementError(f"{work}: {one} gives {a.size} numbers, {other} {b.size}.")
        apart = float(abs(a[:-1] - b[:-1]).max() / abs(a[:-1]).max()), float(abs(a[-1] - b[-1]) / abs(a[-1]))
        if not max(apart) <= AGREEMENT or not np.isfinite(apart).all():
            raise DisagreementError(f"{work}: {one} and {other} are {max(apart):.1e} apart; expected at most 1e-12.")
