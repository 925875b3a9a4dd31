"""A peer's process, `python -m bench.worker NAME`: it makes a work ready, and times it as often as it is asked.

It loads what its peer needs and nothing else, for what is loaded is work for the garbage collector: W1 needs no NumPy.
Questions come in and answers go out as pickles.
"""

from __future__ import annotations

import gc
import os
import pickle
import sys
import threading
import time
import tracemalloc
from typing import Any, BinaryIO

from bench.peers import ROWS, Job
from bench.works import WORKS, Graph

CHECK_RATE = 0.5  # of the steps that are compared
RATE = 1e-5  # of the steps that are timed: the numbers stay about the same, however many there are
PATIENCE = 2.0  # seconds after which no further step is compared
CORES = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
THREADS = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
}


def compared(job: Job) -> list[list[float]]:
    """For up to three steps, the state after it and what it gave; fewer where they take long."""
    found, start = [], time.perf_counter()
    while len(found) < 3 and (not found or time.perf_counter() - start < PATIENCE):
        value = float(job.step(CHECK_RATE))
        found.append([*map(float, job.state()), value])
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


def keep_to_one_core(alone: bool) -> None:
    """Work where all others of the work do, so that what slows a core down slows down all; or anywhere again."""
    if hasattr(os, "sched_setaffinity"):  # not everywhere
        os.sched_setaffinity(0, {min(CORES)} if alone else CORES)


def answer(questions: BinaryIO, answers: BinaryIO, name: str) -> None:
    """Answer questions until there are no more: a work to make ready, then rounds of it."""
    job: Job | None = None
    while question := pickle.load(questions):
        what, given = question
        try:
            if what == "ready":
                job = None
                gc.collect()
                work = WORKS[given] if isinstance(given, str) else given
                keep_to_one_core(isinstance(work, Graph))
                job = ROWS[name].job(work)
                found: Any = compared(job)
            else:
                assert job is not None
                found = timed(job, given) if what == "time" else weighed(job)
        except Exception as error:
            found = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"
        pickle.dump(found, answers)
        answers.flush()


def main(name: str) -> None:
    """Serve, in a thread whose stack is large enough for peers that walk a graph by recursion."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a peer prints is no answer
    sys.setrecursionlimit(10_000_000)
    threading.stack_size(512 << 20)
    thread = threading.Thread(target=answer, args=(sys.stdin.buffer, answers, name))
    thread.start()
    thread.join()


if __name__ == "__main__":
    main(sys.argv[1])
