"""Programs: a function recorded once with Values and replayed on arrays. See `record`."""

from micrograd_es.program.program import Program
from micrograd_es.program.recorder import record

__all__ = ["Program", "record"]
