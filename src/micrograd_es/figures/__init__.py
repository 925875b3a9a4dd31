"""Figures of the graph behind a Value. See `draw` and `frames`."""

from micrograd_es.figures.figure import Figure, Frames, draw, frames
from micrograd_es.figures.themes import THEMES, Theme

__all__ = ["THEMES", "Figure", "Frames", "Theme", "draw", "frames"]
