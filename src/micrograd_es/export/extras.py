"""Packages that only an export needs: loaded when they are asked for, with one error that says how to get them."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def needed(package: str, what: str) -> Any:
    """The package, or an ImportError that says what needs it and what to install.

    >>> needed("json", "an example").dumps([1])
    '[1]'
    >>> needed("no_such_package", "an example")
    Traceback (most recent call last):
        ...
    ImportError: an example needs no_such_package. Write: pip install 'micrograd-es[no_such_package]'
    """
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise ImportError(f"{what} needs {package}. Write: pip install 'micrograd-es[{package}]'") from None
