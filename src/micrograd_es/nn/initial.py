"""How weights begin: a table of named functions, each drawing one weight from a `random.Random`.

A function gets the generator, the number of inputs of the layer (n_in) and of its neurons (n_out). Uniform draws
are the same on every machine; normal ones are rounded to 12 decimals, because logarithms differ in their last bit.
Sources: Glorot and Bengio 2010 (Xavier), He et al. 2015.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite, sqrt
from numbers import Integral
from random import Random

from micrograd_es.tables import chosen

Initial = Callable[[Random, int, int], float]


def constant(number: float) -> Initial:
    """Every weight is the same number.

    >>> constant(0.1)(Random(0), 2, 3)
    0.1
    """
    return lambda rng, n_in, n_out: number


def uniform(a: float) -> Initial:
    """Each weight between −a and a; micrograd has a = 1, the Playground a = 0.5.

    >>> -0.5 <= uniform(0.5)(Random(0), 2, 3) <= 0.5
    True
    """
    return lambda rng, n_in, n_out: rng.uniform(-a, a)


def normal(deviation: float) -> Initial:
    """Each weight from a normal distribution around 0 with that standard deviation.

    >>> normal(0.0)(Random(0), 2, 3)
    0.0
    """
    return lambda rng, n_in, n_out: _normal(rng, deviation)


def _normal(rng: Random, deviation: float) -> float:
    return round(rng.gauss(0.0, deviation), 12)


def zeros(rng: Random, n_in: int, n_out: int) -> float:
    """0 for every weight: a warning example, all neurons of a layer stay the same.

    >>> zeros(Random(0), 2, 3)
    0.0
    """
    return 0.0


def xavier_uniform(rng: Random, n_in: int, n_out: int) -> float:
    """Between ±√(6/(n_in + n_out)), which keeps the variance of tanh and sigmoid layers (Glorot).

    >>> abs(xavier_uniform(Random(0), 2, 4)) <= 1
    True
    """
    bound = sqrt(6 / (n_in + n_out))
    return rng.uniform(-bound, bound)


def xavier_normal(rng: Random, n_in: int, n_out: int) -> float:
    """Normal with standard deviation √(2/(n_in + n_out)) (Glorot).

    >>> xavier_normal(Random(0), 2, 4) == normal((2 / 6) ** 0.5)(Random(0), 2, 4)
    True
    """
    return _normal(rng, sqrt(2 / (n_in + n_out)))


def he_uniform(rng: Random, n_in: int, n_out: int) -> float:
    """Between ±√(6/n_in), which keeps the variance of relu layers (He).

    >>> abs(he_uniform(Random(0), 6, 4)) <= 1
    True
    """
    bound = sqrt(6 / n_in)
    return rng.uniform(-bound, bound)


def he_normal(rng: Random, n_in: int, n_out: int) -> float:
    """Normal with standard deviation √(2/n_in) (He).

    >>> he_normal(Random(0), 8, 4) == normal(0.5)(Random(0), 8, 4)
    True
    """
    return _normal(rng, sqrt(2 / n_in))


INITIALISATIONS: dict[str, Initial] = {
    "zeros": zeros,
    "uniform": uniform(1.0),
    "xavier_uniform": xavier_uniform,
    "xavier_normal": xavier_normal,
    "he_uniform": he_uniform,
    "he_normal": he_normal,
}
"""The initialisations by name; "uniform" is between −1 and 1."""


def initial(given: str | float | Initial | None, default: str) -> Initial:
    """The initialisation of that name; a number a stands for `uniform(a)`, None for the default.

    >>> initial(0.5, "zeros")(Random(1), 2, 2) == uniform(0.5)(Random(1), 2, 2)
    True
    """
    if given is None:
        return INITIALISATIONS[default]
    if isinstance(given, int | float) and not isinstance(given, bool):
        if not (isfinite(given) and given >= 0):
            raise ValueError(f"init is {given!r}; expected a number a from 0 on: weights between −a and a.")
        return uniform(given)
    return given if callable(given) else chosen(INITIALISATIONS, given, "the initialisation")


def generator(seed: int | Random | None) -> Random:
    """The generator of a seed; None is a new start each time, and a Random is taken as it is.

    >>> generator(3).random() == generator(3).random()
    True
    """
    if isinstance(seed, Random):
        return seed
    if seed is None:
        return Random()
    if not isinstance(seed, Integral) or isinstance(seed, bool):
        raise TypeError(f"the seed is {seed!r} ({type(seed).__name__}); expected a whole number, or None for any.")
    return Random(int(seed))
