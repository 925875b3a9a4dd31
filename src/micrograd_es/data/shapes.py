"""Two more sets in the plane: the moons of scikit-learn, and the yin-yang sign."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micrograd_es.data.checks import Floats, whole, within
from micrograd_es.data.data import Data
from micrograd_es.data.playground import CLASSES, NAMES

MIDDLE, DOT = 0.5, 0.1  # of the yin-yang sign: its middle, which is its radius too, and the radius of its dots


def moons(n: int = 100, noise: float = 0.0, seed: int = 0) -> Data:
    """Two half circles, one inside the bend of the other; `noise` is a standard deviation.

    A seed gives the very points of scikit-learn's `make_moons(n, noise=noise, random_state=seed)`; micrograd's own demo
    is `moons(100, noise=0.1, seed=1337)`. So the random numbers come from NumPy's older generator, as there.

    >>> moons(100, noise=0.1, seed=1337)
    Data(100 rows of x1, x2; classification: −1, 1)

    Raises ValueError for a noise outside 0 to 1: it is not the Playground's, which goes to 50.
    """
    whole("n", n, 2)
    within("noise", noise, 0, 1, "It is the standard deviation of the points. Write noise=0.1.")
    rng = np.random.RandomState(whole("seed", seed, 0))
    outer, inner = np.linspace(0, np.pi, n // 2), np.linspace(0, np.pi, n - n // 2)
    upper = np.column_stack([np.cos(outer), np.sin(outer)])
    lower = np.column_stack([1 - np.cos(inner), 0.5 - np.sin(inner)])
    order = np.arange(n)
    rng.shuffle(order)
    points = np.vstack([upper, lower])[order] + rng.normal(scale=noise, size=(n, 2))
    return Data(points, np.where(order < n // 2, -1.0, 1.0), NAMES, CLASSES)


def yin_yang(n: int = 1000, seed: int = 0, mirrored: bool = False) -> Data:
    """The yin-yang sign in the unit square: the two halves and, as a third class, the two dots.

    As published: a circle of radius 0.5 around (0.5, 0.5), dots of radius 0.1 at x = 0.25 and 0.75, the class of each
    point drawn first, so that all are equally frequent. `mirrored` adds the inputs 1 − x and 1 − y.

    >>> yin_yang(mirrored=True)
    Data(1000 rows of x, y, 1−x, 1−y; classification: yin, yang, dot)

    Source: Kriener, Göltz, Petrovici: The Yin-Yang dataset, 2021, arXiv:2102.08211.
    """
    whole("n", n, 3)
    rng = np.random.default_rng(whole("seed", seed, 0))
    labels = rng.integers(3, size=n)
    points = np.empty((n, 2))
    for number in range(3):
        points[labels == number] = _of_class(rng, number, int((labels == number).sum()))
    names: tuple[str, ...] = ("x", "y")
    if mirrored:
        points, names = np.hstack([points, 1 - points]), (*names, "1−x", "1−y")
    return Data(points, np.eye(3)[labels], names, ("yin", "yang", "dot"))


def _of_class(rng: np.random.Generator, number: int, count: int) -> Floats:
    """That many points of one class, uniformly over its area: of points in the square those outside it are left."""
    found = np.empty((0, 2))
    while len(found) < count:
        points = rng.random((16 * count, 2))
        found = np.vstack([found, points[_sign(points) == number]])
    return found[:count]


def _sign(points: Floats) -> NDArray[np.int64]:
    """The class of points of the square: 0 and 1 for the halves, 2 for the dots, −1 outside the circle.

    Class 1 is above the middle line, less the half disc at the right, plus the one that hangs down at the left.
    """
    x, y = points.T
    left, right = np.hypot(x - 0.25, y - MIDDLE), np.hypot(x - 0.75, y - MIDDLE)
    half = np.where((left <= MIDDLE / 2) | ((y > MIDDLE) & (right > MIDDLE / 2)), 1, 0)
    classes = np.where((left < DOT) | (right < DOT), 2, half)
    return np.where(np.hypot(x - MIDDLE, y - MIDDLE) > MIDDLE, -1, classes)
