"""What a program cannot replay: whether one is being recorded, and the error for what it would freeze."""

from __future__ import annotations

from contextvars import ContextVar


class Recording:
    """One run of a function that is being recorded; `refused` is the first thing in it that cannot be replayed.

    It is kept, so that a function that catches the error is refused all the same. `failed` is the first error of an
    operation that has no result for these numbers.
    """

    __slots__ = ("failed", "refused")

    def __init__(self) -> None:
        self.refused: RecordingError | None = None
        self.failed: Exception | None = None


RECORDING: ContextVar[Recording | None] = ContextVar("micrograd_es.recording", default=None)


_ADVICE = (
    "Write maximum(a, b), or where(c, a, b): a where c is above 0, else b; and micrograd_es.exp(x), not math.exp(x)."
)
GRADIENT_ADVICE = "Write grad(fn)(x), which gives a Value."


class RecordingError(TypeError):
    """Something in a function could not be replayed with other numbers; `write` says what to write instead."""

    def __init__(self, what: str, write: str = _ADVICE) -> None:
        super().__init__(
            f"{what} while a program was recorded, so the program would be right for this number only; expected"
            f" operations on Values alone. {write}"
        )
        recording = RECORDING.get()
        if recording is not None and recording.refused is None:
            recording.refused = self


def refuse(what: str, write: str) -> None:
    """Raise RecordingError while a program is recorded; else nothing."""
    if RECORDING.get() is not None:
        raise RecordingError(what, write)
