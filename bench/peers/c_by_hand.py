"""C written by hand (by_hand.c), compiled for this machine when it is first asked for, called through ctypes."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.peers import Job
from bench.works import Network

SOURCE = Path(__file__).with_name("by_hand.c")
LIBRARY = Path(__file__).parents[2] / "build" / "by_hand.so"
FLAGS = ("-O3", "-march=native", "-ffast-math", "-mprefer-vector-width=512", "-fPIC")
DOUBLE = ctypes.c_double


def compiled() -> ctypes.CDLL:
    """The functions of by_hand.c. Raises RuntimeError where there is no gcc."""
    if shutil.which("gcc") is None:
        raise RuntimeError("gcc is not installed")
    if not LIBRARY.exists() or LIBRARY.stat().st_mtime < SOURCE.stat().st_mtime:
        LIBRARY.parent.mkdir(exist_ok=True)
        # Linked without -ffast-math: with it the library would round the smallest numbers of the whole process to 0.
        code, made = LIBRARY.with_suffix(".o"), LIBRARY.with_suffix(".new")
        subprocess.run(["gcc", *FLAGS, "-c", "-o", code, SOURCE], check=True)
        subprocess.run(["gcc", "-shared", "-o", made, code, "-lm"], check=True)
        made.replace(LIBRARY)
    found = ctypes.CDLL(str(LIBRARY))
    found.hinge.restype = found.digits.restype = DOUBLE
    return found


def network(work: Network) -> Job:
    """W2 to W4; the sizes are written into the C. W5 is left to libraries whose matrix products go by the cache."""
    library, parameters, (xs, ys) = compiled(), work.parameters(), work.data()
    hinge = work.loss == "hinge"
    rows = np.column_stack([np.atleast_2d(xs), np.reshape(ys, (-1, 1)) if hinge else ys])
    q = np.concatenate([p.ravel() for p in (parameters if hinge else [p.T for p in parameters])])
    start, gradients, batch = q.copy(), np.zeros_like(q), ctypes.c_int(len(rows))
    at = [ctypes.c_void_p(a.ctypes.data) for a in (rows, q, gradients)]
    decay, function = DOUBLE(work.decay), library.hinge if hinge else library.digits

    def step(rate: float) -> float:
        loss: float = function(at[0], batch, at[1], at[2], decay, DOUBLE(rate))
        return loss

    def in_order(numbers: Any) -> Any:
        """The numbers as the other peers have them: W3's weights are inputs × outputs in C."""
        if hinge:
            return numbers.copy()
        ends = np.cumsum([p.size for p in parameters])[:-1]
        parts = zip(np.split(numbers, ends), parameters, strict=True)
        return np.concatenate([n.reshape(p.T.shape).T.ravel() for n, p in parts])

    keep: Callable[[], Any] = lambda: (rows, in_order(q - start if work.batch else gradients))[1]  # noqa: E731
    return Job(step, keep)
