"""A browser without a window, for tests of what it shows and prints."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def chromium(profile: Path, *arguments: str) -> str:
    """Run it with a profile of its own; what it writes."""
    quiet = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
    quiet += ["--disable-background-networking", "--disable-component-update", f"--user-data-dir={profile}"]
    assert CHROMIUM
    try:
        done = subprocess.run([CHROMIUM, *quiet, *arguments], capture_output=True, timeout=60, check=True)
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"chromium does not start here: {error}")
    return done.stdout.decode()
