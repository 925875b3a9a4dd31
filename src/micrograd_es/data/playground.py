"""The data sets of playground.tensorflow.org, with its distributions, noise and sizes, so that results compare.

`noise` goes from 0 to 50, as its slider does. Targets are −1 and 1, or numbers from −1 to 1 in the regressions. The
points differ from those that the Playground draws, as its random numbers are a browser's own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micrograd_es.data.checks import Floats, whole, within
from micrograd_es.data.data import Data

NAMES = ("x1", "x2")
CLASSES = ("−1", "1")
BUMPS = ((-4, 2.5, 1), (0, 2.5, -1), (4, 2.5, 1), (-4, -2.5, -1), (0, -2.5, 1), (4, -2.5, -1))  # x, y, sign


def circle(n: int = 500, noise: float = 0, seed: int = 0) -> Data:
    """A disc of class 1 within a ring of class −1, with a gap from 2.5 to 3.5 between them.

    The noise moves the place that the class is read at, and not the point: near the border classes mix.

    >>> circle(seed=1)
    Data(500 rows of x1, x2; classification: −1, 1)
    """
    rng, share = _begin(n, noise, seed)
    inner = (n + 1) // 2
    radius = np.concatenate([rng.uniform(0, 2.5, inner), rng.uniform(3.5, 5, n - inner)])
    points = _polar(radius, rng.uniform(0, 2 * np.pi, n))
    moved = points + rng.uniform(-5, 5, (n, 2)) * share
    return _classes(rng, points, np.hypot(*moved.T) < 2.5)


def xor(n: int = 500, noise: float = 0, seed: int = 0) -> Data:
    """Four squares, 0.3 away from the axes: class 1 where both inputs have one sign.

    >>> x, t = xor(seed=1)[0]
    >>> (x[0] * x[1] > 0) == (t == [1.0])
    True
    """
    rng, share = _begin(n, noise, seed)
    points = rng.uniform(-5, 5, (n, 2))
    points += np.where(points > 0, 0.3, -0.3)
    moved = points + rng.uniform(-5, 5, (n, 2)) * share
    return _classes(rng, points, moved[:, 0] * moved[:, 1] >= 0)


def gaussian(n: int = 500, noise: float = 0, seed: int = 0) -> Data:
    """Two round clouds, class 1 around (2, 2) and −1 around (−2, −2); the noise is their width.

    Their variance goes from 0.5 without noise to 4 with a noise of 50.

    >>> gaussian(4, seed=1).targets.sum()
    np.float64(0.0)
    """
    rng, share = _begin(n, noise, seed)
    first = np.arange(n) < (n + 1) // 2
    centres = np.where(first, 2.0, -2.0)[:, None]
    return _classes(rng, rng.normal(centres, np.sqrt(0.5 + 7 * share), (n, 2)), first)


def spiral(n: int = 500, noise: float = 0, seed: int = 0) -> Data:
    """Two spirals wound into each other, of one turn and three quarters; the noise moves the points.

    >>> spiral(seed=1)
    Data(500 rows of x1, x2; classification: −1, 1)
    """
    rng, share = _begin(n, noise, seed)
    first = np.arange(n) < (n + 1) // 2
    along = np.concatenate([np.arange(first.sum()), np.arange(n - first.sum())]) / (n / 2)
    points = _polar(5 * along, 1.75 * 2 * np.pi * along + np.where(first, 0.0, np.pi))
    return _classes(rng, points + rng.uniform(-1, 1, (n, 2)) * share, first)


def regression_plane(n: int = 1200, noise: float = 0, seed: int = 0) -> Data:
    """A tilted plane: the target is (x1 + x2) / 10, read at a place that the noise moves.

    >>> x, t = regression_plane(seed=1)[0]
    >>> round(sum(x) / 10 - t[0], 12)
    0.0
    """
    rng, share = _begin(n, noise, seed)
    points = rng.uniform(-6, 6, (n, 2))
    moved = points + rng.uniform(-6, 6, (n, 2)) * share
    return _numbers(rng, points, moved.sum(axis=1) / 10)


def regression_gaussian(n: int = 1200, noise: float = 0, seed: int = 0) -> Data:
    """Three cones up and three down: each falls from 1 (or −1) at its middle to 0 at a distance of 2.

    >>> data = regression_gaussian(seed=1)
    >>> data.targets.min() < -0.9, data.targets.max() > 0.9
    (np.True_, np.True_)
    """
    rng, share = _begin(n, noise, seed)
    points = rng.uniform(-6, 6, (n, 2))
    return _numbers(rng, points, _bumps(points + rng.uniform(-6, 6, (n, 2)) * share))


def _bumps(points: Floats) -> Floats:
    """The height of the cone that is the largest at each point."""
    bumps = np.array(BUMPS)
    heights = np.clip(1 - np.linalg.norm(points[:, None] - bumps[:, :2], axis=2) / 2, 0, 1)
    largest = heights.argmax(axis=1)
    found: Floats = heights[np.arange(len(points)), largest] * bumps[largest, 2]
    return found


def _begin(n: int, noise: float, seed: int) -> tuple[np.random.Generator, float]:
    """The random numbers of a seed, and the noise as a share of 1; the arguments are checked."""
    whole("n", n, 2)
    share = within("noise", noise, 0, 50, "Write noise=10.") / 100
    return np.random.default_rng(whole("seed", seed, 0)), share


def _polar(radius: Floats, angle: Floats) -> Floats:
    """The points at these radii and angles, which are measured from the axis of x2, as the Playground does."""
    return np.column_stack([radius * np.sin(angle), radius * np.cos(angle)])


def _classes(rng: np.random.Generator, points: Floats, positive: NDArray[np.bool_]) -> Data:
    order = rng.permutation(len(points))
    return Data(points[order], np.where(positive, 1.0, -1.0)[order], NAMES, CLASSES)


def _numbers(rng: np.random.Generator, points: Floats, targets: Floats) -> Data:
    order = rng.permutation(len(points))
    return Data(points[order], targets[order], NAMES, kind="regression")
