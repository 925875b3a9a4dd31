"""The garbage collector, kept from looking for garbage where none is made."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collection() -> Iterator[None]:
    """Nothing that recording and planning make is garbage, so there is no use in looking for it again and again.

    At the end all of it counts as old, or the next new object would make the collector look through everything.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            if not gc.get_freeze_count():  # else unfreeze would undo what somebody else has frozen
                gc.freeze()
                gc.unfreeze()
            gc.enable()
