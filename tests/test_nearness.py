"""Arrays are near each other where `pytest.approx` says so, number by number."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from nearness import assert_near

NUMBERS = [0.0, -0.0, 1.0, -1.0, 1e300, 1e-300, np.inf, -np.inf, np.nan]
NUMBERS += [1 + step for step in (0.9e-6, 1.1e-6, -0.9e-6, -1.1e-6)] + [0.9e-9, 1.1e-9, 2e3, 2e3 + 1e-3, 2e3 + 3e-3]


def near(found: Any, expected: Any, **bounds: float) -> bool:
    try:
        assert_near(found, expected, **bounds)
    except AssertionError:
        return False
    return True


@pytest.mark.parametrize("bounds", [{"rel": 1e-6}, {"rel": 1e-6, "abs": 1e-9}, {"rel": 0.0, "abs": 1e-3}])
def test_numbers_are_near_where_approx_says_so(bounds: dict[str, float]) -> None:
    said = []
    for found, expected in product(NUMBERS, repeat=2):
        said.append(found == pytest.approx(expected, **bounds))
        assert near([1.0, found], [1.0, expected], **bounds) == said[-1], (found, expected)
    assert True in said and False in said


def test_one_number_that_is_far_away_is_told_with_its_place() -> None:
    expected = np.arange(12.0).reshape(3, 4)
    found = expected.copy()
    found[1, 2] += 1e-3
    with pytest.raises(AssertionError, match=r"1 of 12 numbers .* at \[1, 2\], is .*6\.001.*expected .*6\.0"):
        assert_near(found, expected, rel=1e-9)


@pytest.mark.parametrize(("found", "expected"), [([1.0], [1.0, 1.0]), (1.0, [1.0]), ([[1.0]], [1.0]), ([], [1.0])])
def test_arrays_of_different_shapes_are_not_near(found: Any, expected: Any) -> None:
    assert not near(found, expected, rel=1.0)


def test_single_precision_is_compared_in_double() -> None:
    assert not near(np.float32([0.1]), [0.1], rel=1e-9)
    assert near(np.float32([0.1]), [0.1], rel=1e-7)
