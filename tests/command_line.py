"""What the tests of the command line share: ways to run it, and to read what it drew."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

XYZ = ["(x + y) * z", "x=-2", "y=5", "z=-4"]
PROGRAM = [sys.executable, "-m", "micrograd_es"]
Run = Callable[..., tuple[int, str, str]]


def texts(svg: str | bytes) -> list[str]:
    """The texts of an SVG, in order; an error where it is no XML."""
    root = ElementTree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    return ["".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")]


def program(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Runs a command line in a new process."""
    return subprocess.run([*PROGRAM, *words], capture_output=True, text=True, encoding="utf-8", timeout=60, **options)
