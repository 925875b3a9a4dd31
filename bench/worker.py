"""A peer's process: it makes a work ready, and times it as often as it is asked."""

from __future__ import annotations

import gc
import sys
import threading
import time
import tracemalloc
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from bench.peers import ROWS, Job
from bench.works import WORKS, Work

CHECK_RATE = 0.5  # of the steps that are compared
RATE = 1e-5  # of the steps that are timed: the numbers stay about the same, however many there are
PATIENCE = 2.0  # seconds after which no further step is compared
THREADS = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
}


def compared(job: Job) -> list[Any]:
    """For up to three steps, what the step gave and the state after it; fewer where they take long."""
    found, start = [], time.perf_counter()
    while len(found) < 3 and (not found or time.perf_counter() - start < PATIENCE):
        value = float(job.step(CHECK_RATE))
        found.append(np.append(np.asarray(job.state(), float), value))
    return found


def timed(job: Job, repeat: int) -> float:
    """Seconds a step, over a round of them; the collector has run before, and runs as Python has it."""
    gc.collect()
    step = job.step
    start = time.perf_counter()
    for _ in range(repeat):
        step(RATE)
    return (time.perf_counter() - start) / repeat


def weighed(job: Job) -> int | None:
    """The bytes that W1's graph holds after its backward pass, by tracemalloc; None where Python cannot see them."""
    if job.built is None:
        return None
    gc.collect()
    tracemalloc.start()
    kept = job.built()
    gc.collect()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del kept
    return held


def answer(connection: Connection, name: str) -> None:
    """Answer questions until there are no more: a work to make ready, then rounds of it."""
    job: Job | None = None
    while question := connection.recv():
        what, given = question
        try:
            if what == "ready":
                job = None
                gc.collect()
                job = ROWS[name].job(WORKS[given] if isinstance(given, str) else given)
                connection.send(compared(job))
            elif job is not None:
                connection.send(timed(job, given) if what == "time" else weighed(job))
        except Exception as error:
            connection.send(f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}")


def serve(connection: Connection, name: str) -> None:
    """What the process runs: a thread whose stack is large enough for peers that walk a graph by recursion."""
    gc.freeze()  # what the harness itself has loaded is no work for the collector during W1
    sys.setrecursionlimit(10_000_000)
    threading.stack_size(512 << 20)
    thread = threading.Thread(target=answer, args=(connection, name))
    thread.start()
    thread.join()


__all__ = ["RATE", "THREADS", "Work", "serve"]
