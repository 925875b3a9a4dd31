"""Programs: a function recorded once with Values and replayed on arrays. See `record`."""

from micrograd_es.program.program import Program, record

__all__ = ["Program", "record"]
