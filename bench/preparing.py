"""How long a program takes to be ready: recording, and the first step, which writes or compiles its code.

Each start is a process of its own: in NumPy, compiled with nothing kept, and compiled once more with what was kept.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

from bench.irregular import Irregular
from bench.works import WORKS, Network

GRAPHS: dict[str, Network | Irregular] = {
    "W2": WORKS["W2"],  # type: ignore[dict-item]
    "W3": WORKS["W3"],  # type: ignore[dict-item]
    "MLP of 1,000": Network((10, 30, 10), "softmax", 8),
    "MLP of 10,000": Network((64, 70, 10), "softmax", 8),
    "MLP of 100,000": Network((400, 120, 10), "softmax", 8),
    "W5": WORKS["W5"],  # type: ignore[dict-item]
    "irregular 1,000": Irregular(1_000, rows=8),
    "irregular 10,000": Irregular(10_000, rows=8),
    "irregular 100,000": Irregular(100_000, rows=8),
}

TRIES = 5


def prepared(name: str, fast: bool) -> dict[str, Any]:
    """Record one of the graphs here and now, and do its first step; its function and weights are made before."""
    from bench.peers.program import expression, loss, recorded

    work = GRAPHS[name]
    made = loss(work) if isinstance(work, Network) else expression(work)
    inputs = work.data() if isinstance(work, Network) else (work.inputs,)
    start = time.perf_counter()
    program, _ = recorded(made, fast)
    middle = time.perf_counter()
    program.value_and_grad(*inputs)
    end = time.perf_counter()
    return {
        "graph": name,
        "nodes": len(program.tape.entries),
        "runner": "fast" if fast else "numpy",
        "start": "",
        "recording_s": middle - start,
        "first_step_s": end - middle,
    }


def all_prepared(names: list[str], runners: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Every graph and start: of some tries, each in new processes, the one that took the median time."""
    for name in names:
        starts = [("numpy", ""), ("fast", "first"), ("fast", "second")]
        asked = [pair for pair in starts if pair[0] in runners]
        tries = [list(_tried(name, asked)) for _ in range(TRIES)]
        for rows in zip(*tries, strict=True):
            yield sorted(rows, key=lambda row: float(row["recording_s"] + row["first_step_s"]))[TRIES // 2]


def _tried(name: str, starts: list[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """Every start of one graph, each in a new process; the second finds what the first has compiled."""
    with tempfile.TemporaryDirectory() as folder:
        for runner, start in starts:
            yield in_new_process(name, runner, folder) | {"start": start}


def in_new_process(name: str, runner: str, folder: str) -> dict[str, Any]:
    """One start, with compiled kernels kept in a folder."""
    command = [sys.executable, "-m", "bench.preparing", name, runner]
    told = subprocess.run(
        command, env=os.environ | {"MICROGRAD_ES_CACHE": folder}, check=True, capture_output=True, text=True
    )
    found: dict[str, Any] = json.loads(told.stdout)
    return found


if __name__ == "__main__":
    print(json.dumps(prepared(sys.argv[1], sys.argv[2] == "fast")))
