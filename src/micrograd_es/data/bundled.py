"""The two sets that scikit-learn carries in its own files, iris and the small digits: the extra `datasets`."""

from __future__ import annotations

from typing import Any

from micrograd_es.data.data import Data


def iris() -> Data:
    """Fisher's iris: 150 flowers of three species, by the length and width of sepal and petal in cm.

    >>> iris().classes, len(iris())
    (('setosa', 'versicolor', 'virginica'), 150)

    Raises ImportError, which says what to install, where scikit-learn is missing.
    """
    found = _bundled("load_iris")
    names = [name.removesuffix(" (cm)") for name in found.feature_names]
    species = [str(name) for name in found.target_names]
    return Data.labelled(found.data, [species[number] for number in found.target], names, species)


def digits() -> Data:
    """1,797 handwritten digits of 8×8 pixels, row by row, each from 0 (paper) to 16 (ink).

    >>> digits()
    Data(1797 rows of 64 inputs; classification: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)

    Raises ImportError, which says what to install, where scikit-learn is missing.
    """
    found = _bundled("load_digits")
    return Data.labelled(found.data, found.target, found.feature_names)


def _bundled(loader: str) -> Any:
    try:
        import sklearn.datasets
    except ImportError:
        raise ImportError("this data set needs scikit-learn. Write: pip install 'micrograd-es[datasets]'") from None
    return getattr(sklearn.datasets, loader)()
