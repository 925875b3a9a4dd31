"""Figures of the graph behind a Value. See `draw`, `frames` and `worksheet`."""

from micrograd_es.figures.figure import Figure, Frames, draw, frames
from micrograd_es.figures.themes import THEMES, Theme
from micrograd_es.figures.worksheets import Pages, Worksheet, worksheet

__all__ = ["THEMES", "Figure", "Frames", "Pages", "Theme", "Worksheet", "draw", "frames", "worksheet"]
