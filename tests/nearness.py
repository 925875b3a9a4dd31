"""Whether arrays are near each other, as `pytest.approx` has it, which goes through them number by number."""

from __future__ import annotations

from typing import Any

import numpy as np


def assert_near(found: Any, expected: Any, rel: float, abs: float = 1e-12) -> None:
    """Each number is nearer to its expected one than the larger of the two bounds; nan is near nothing."""
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    assert found.shape == expected.shape
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.isfinite(expected) & (np.abs(found - expected) <= np.maximum(rel * np.abs(expected), abs))
    far = np.argwhere(~near & (found != expected))
    if len(far):
        worst = tuple(far[0])
        raise AssertionError(
            f"{len(far)} of {found.size} numbers are too far away; the first, at {[int(i) for i in worst]}, is "
            f"{found[worst]!r}, expected {expected[worst]!r}"
        )
